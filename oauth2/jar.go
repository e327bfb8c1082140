package oauth2

import (
	"context"

	"vouchsafe/jose"
)

// A RequestObject says how authorization requests are sent as JSON Web Tokens, RFC 9101.
type RequestObject struct {
	// Key signs. Without one, requests are parameters in the URL.
	Key *jose.Key

	// Algorithm is the request_object_signing_alg that the client is registered with. If
	// empty, the first that Key serves and the server's metadata lists, or that Key serves.
	Algorithm string

	// EncryptionAlgorithm is the request_object_encryption_alg. If empty, the object is not
	// encrypted. The server's keys encrypt.
	EncryptionAlgorithm string

	// Encryption is the request_object_encryption_enc. If empty, A128CBC-HS256.
	Encryption string

	// Publish, if not nil, makes the object one that is fetched: it keeps the object
	// and returns the URL that it is at. [RequestObjects.Publish] is one.
	Publish func(ctx context.Context, object string) (uri string, err error)
}
