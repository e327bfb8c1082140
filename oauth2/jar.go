package oauth2

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/random"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
)

// A RequestObject says how authorization requests are sent as JSON Web Tokens, RFC 9101:
// signed, or signed and then encrypted, for the server's Issuer, which is required, good
// for 5 minutes.
type RequestObject struct {
	// Key signs. Without one, requests are parameters in the URL. It may be in an HSM or a
	// KMS, see [jose.NewKey]. One for HMAC, which is that of [SecretKey], takes an
	// Algorithm: the client must be registered with it.
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
	// and returns the URL that it is at, https or on loopback and of at most 512
	// characters. [RequestObjects.Publish] is one. It must be safe for concurrent use.
	Publish func(ctx context.Context, object string) (uri string, err error)
}

const (
	requestClause     = "RFC 9101, Section 4"
	encryptClause     = "RFC 9101, Section 6.1"
	requestURIClause  = "RFC 9101, Section 5.2"
	requestObjectLife = 5 * time.Minute
	maxRequestURI     = 512
)

// check tells, when the client is made, what will not work.
func (o RequestObject) check(c Config) error {
	if o.Key == nil {
		return o.unused()
	}
	enc := cmp.Or(o.Encryption, defaultEncryption)
	switch {
	case !o.Key.CanSign(o.algorithm(c.Server)):
		return checkError("request_object_signing_alg", "must be one that the key signs with",
			requestClause)
	case isHMAC(o.Key) && o.Algorithm == "":
		return checkError("request_object_signing_alg", "must be configured for a secret",
			requestClause)
	case c.Server.Issuer == "":
		return checkError("issuer", "must be configured: it is the audience of request objects",
			requestClause)
	case o.EncryptionAlgorithm == "" && o.Encryption == "":
		return nil
	case !slices.Contains(jose.KeyManagementAlgorithms(), o.EncryptionAlgorithm):
		return checkError("request_object_encryption_alg", "must be one of package jose",
			encryptClause)
	case !slices.Contains(jose.ContentEncryptions(), enc):
		return checkError("request_object_encryption_enc", "must be one of package jose",
			encryptClause)
	case c.Keys == nil && c.Server.JWKSURI == "":
		return checkError("jwks_uri", "must be configured, or Keys", encryptClause)
	}
	return nil
}

// unused refuses settings that nothing would come of: without a key there are no objects.
func (o RequestObject) unused() error {
	if o.Algorithm != "" || o.EncryptionAlgorithm != "" || o.Encryption != "" || o.Publish != nil {
		return checkError("key", "must be given to sign request objects", requestClause)
	}
	return nil
}

// algorithm returns the one to sign with, see chosenAlgorithm.
func (o RequestObject) algorithm(s AuthorizationServer) string {
	return chosenAlgorithm(o.Algorithm, o.Key, s.RequestObjectSigningAlgValuesSupported)
}

// asObject returns the parameters of a request that has those of list in an object. A
// server of OpenID Connect wants some of them beside it, OpenID Connect Core 1.0, Section
// 6.1.
func (c *Client) asObject(
	ctx context.Context, t *transactionData, list []param,
) ([]param, error) {
	object, err := c.signRequest(list)
	if err == nil && c.config.RequestObject.EncryptionAlgorithm != "" {
		object, err = c.encryptRequest(ctx, object)
	}
	if err != nil {
		return nil, fmt.Errorf("oauth2: request object: %w", err)
	}
	sent := []param{{"client_id", c.config.ID}}
	if slices.Contains(t.Scopes, openID) {
		sent = slices.DeleteFunc(list, func(p param) bool {
			return p.name != "client_id" && p.name != "response_type" && p.name != "scope"
		})
	}
	if c.config.RequestObject.Publish == nil {
		return append(sent, param{"request", object}), nil
	}
	uri, err := c.publish(ctx, object)
	return append(sent, param{"request_uri", uri}), err
}

// signRequest returns the object of a request, RFC 9101, Section 4.
func (c *Client) signRequest(list []param) (string, error) {
	claims, err := requestClaims(list)
	if err != nil {
		return "", err
	}
	now, o := c.config.Now(), c.config.RequestObject
	return jose.Issue(jose.Claims{
		Issuer:    c.config.ID,
		Audience:  []string{c.config.Server.Issuer},
		IssuedAt:  now,
		NotBefore: now,
		ExpiresAt: now.Add(requestObjectLife),
		ID:        random.Text(),
		Other:     claims,
	}, o.Key, jose.SignOptions{
		Algorithm: o.algorithm(c.config.Server),
		Type:      "oauth-authz-req+jwt",
	})
}

// requestClaims returns the claims that parameters are. One that comes several times, as
// resource may, is an array.
func requestClaims(list []param) (map[string]any, error) {
	claims := make(map[string]any, len(list))
	for _, p := range list {
		value, err := claimOf(p)
		if err != nil {
			return nil, err
		}
		switch before := claims[p.name].(type) {
		case nil:
			claims[p.name] = value
		case string:
			claims[p.name] = []string{before, p.value}
		case []string:
			claims[p.name] = append(before, p.value)
		default:
			return nil, checkError("params", "must not have a parameter twice that is no string",
				requestClause)
		}
	}
	return claims, nil
}

// claimOf returns a parameter's value as the type that it has in JSON.
func claimOf(p param) (any, error) {
	switch p.name {
	case "max_age":
		if _, ok := strictjson.Value(p.value).Seconds(); !ok {
			return nil, checkError(p.name, "must be a number",
				"OpenID Connect Core 1.0, Section 6.1")
		}
		return json.RawMessage(p.value), nil
	case "claims", "authorization_details":
		m, err := strictjson.Parse(`{"":` + p.value + `}`)
		if err != nil || m.Len() != 1 {
			return nil, checkError(p.name, "must be JSON", "OpenID Connect Core 1.0, Section 6.1")
		}
		return m.Get("").Raw(), nil
	}
	return p.value, nil
}

const defaultEncryption = "A128CBC-HS256"

// encryptRequest encrypts a signed object for the first of the server's keys that may.
func (c *Client) encryptRequest(ctx context.Context, object string) (string, error) {
	o := c.config.RequestObject
	keys, err := c.config.Keys.Keys(ctx, jose.Header{Algorithm: o.EncryptionAlgorithm})
	if err != nil {
		return "", err
	}
	for _, key := range keys {
		encrypted, err := jose.Encrypt([]byte(object), key, jose.EncryptOptions{
			Algorithm:   o.EncryptionAlgorithm,
			Encryption:  cmp.Or(o.Encryption, defaultEncryption),
			ContentType: "JWT",
		})
		if err == nil {
			return encrypted, nil
		}
	}
	return "", checkError("request_object_encryption_alg", "must be that of a key of the server",
		encryptClause)
}

// publish has an object kept where the server can fetch it, RFC 9101, Section 5.2.
func (c *Client) publish(ctx context.Context, object string) (string, error) {
	uri, err := c.config.RequestObject.Publish(ctx, object)
	if err != nil {
		return "", fmt.Errorf("oauth2: request object: %w", err)
	}
	return uri, checkRequestURI(uri)
}

func checkRequestURI(uri string) error {
	const check = "request_uri"
	if len(uri) > maxRequestURI || !printable(uri) || strings.Contains(uri, " ") {
		return checkError(check, "must be at most 512 ASCII characters", requestURIClause)
	}
	_, err := httpclient.CheckURL(nil, uri)
	return refusal.Because(err, check, "must be https, or http on loopback", requestURIClause)
}
