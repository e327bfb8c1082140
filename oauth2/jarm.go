package oauth2

import (
	"context"
	"net/url"

	"vouchsafe/jose"
)

// A SignedResponse says how a client is registered to get something as a JSON Web Token.
type SignedResponse struct {
	// SigningAlgorithm is what it is signed with, authorization_signed_response_alg for
	// example. If empty, it follows from what is to be had.
	SigningAlgorithm string

	// Decrypter, if not nil, makes it required that it comes encrypted, and decrypts it.
	Decrypter *jose.Decrypter
}

// CallbackState returns the state parameter of a callback, by which its transaction is found.
func (c *Client) CallbackState(_ context.Context, params url.Values) (string, error) {
	return params.Get("state"), nil
}
