package oauth2

import (
	"context"
	"net/url"
	"slices"

	"vouchsafe/internal/discovery"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
)

// A SignedResponse says how a client is registered to get something as a JSON Web Token.
type SignedResponse struct {
	// SigningAlgorithm is what it is signed with, authorization_signed_response_alg for
	// example. If empty, one of those that the server's metadata lists for it and that are
	// not symmetric, or RS256 if it lists none. HS256, HS384 and HS512 are keyed by the
	// client secret, and must be named here.
	SigningAlgorithm string

	// Decrypter, if not nil, makes it required that it comes encrypted, and decrypts it.
	Decrypter *jose.Decrypter
}

// check tells, when the client is made, what will not work.
func (s SignedResponse) check(auth ClientAuthentication) error {
	alg := s.SigningAlgorithm
	if alg != "" && !slices.Contains(jose.SignatureAlgorithms(), alg) {
		return checkError("authorization_signed_response_alg",
			"must be a signature algorithm of package jose", "JARM, Section 3")
	}
	if namesHMAC(alg) {
		key, err := SecretKey(auth)
		if err == nil && !key.CanSign(alg) {
			err = checkError("client_secret", "must be as long as the hash",
				"RFC 7518, Section 3.2")
		}
		return err
	}
	return nil
}

// responseAlgorithms returns what an authorization response may be signed with.
func (c *Client) responseAlgorithms() []string {
	return discovery.Algorithms(c.config.AuthorizationResponse.SigningAlgorithm,
		c.config.Server.AuthorizationSigningAlgValuesSupported)
}

// responseVerifier returns what verifies an authorization response, JARM, Section 2.4.
func (c *Client) responseVerifier() (*jose.Verifier, error) {
	const clause = "JARM, Section 2.4"
	keys, algorithms := c.config.Keys, c.responseAlgorithms()
	if namesHMAC(c.config.AuthorizationResponse.SigningAlgorithm) {
		key, err := SecretKey(c.config.Auth)
		if err != nil {
			return nil, err
		}
		keys = jose.OneKey(key)
	}
	switch {
	case c.config.Server.Issuer == "":
		return nil, checkError("issuer", "must be configured: it signs the response", clause)
	case keys == nil:
		return nil, checkError("jwks_uri", "must be configured, or Keys", clause)
	case len(algorithms) == 0:
		return nil, checkError("authorization_signing_alg_values_supported",
			"must have an algorithm of package jose that is not symmetric", "JARM, Section 4")
	}
	return jose.NewVerifier(jose.VerifierConfig{
		Keys:       keys,
		Algorithms: algorithms,
		Issuer:     c.config.Server.Issuer,
		Audience:   c.config.ID,
		Decrypter:  c.config.AuthorizationResponse.Decrypter,
		Leeway:     c.config.Leeway,
		Now:        c.config.Now,
	})
}

const responseClause = "JARM, Section 2.3"

// unwrap returns the parameters of a response, which are in a JSON Web Token if and only if
// t asked for that. Beside it there is nothing but the redirect URI's own parameters.
func (c *Client) unwrap(
	ctx context.Context, params url.Values, t *transactionData,
) (url.Values, error) {
	if !t.JWT {
		return nil, checkError("response", "must not come where none was asked for", responseClause)
	}
	redirect, err := url.Parse(t.RedirectURI)
	if err != nil {
		return nil, checkError("redirect_uri", "must be a URL", redirectClause)
	}
	own := redirect.Query()
	for name := range params {
		if name != "response" && !own.Has(name) {
			return nil, checkError("response", "must be the only parameter", responseClause)
		}
	}
	if params.Get("response") == "" {
		return nil, checkError("response", "must be there, as it was asked for", responseClause)
	}
	return c.openResponse(ctx, params.Get("response"))
}

// openResponse verifies an authorization response and returns the parameters in it.
func (c *Client) openResponse(ctx context.Context, response string) (url.Values, error) {
	v, err := c.responseVerifier()
	if err != nil {
		return nil, err
	}
	tok, err := v.Verify(ctx, response)
	if err != nil {
		return nil, refusal.Because(err, "response",
			"must be a token of the server for this client", "JARM, Section 2.4")
	}
	return responseClaims(tok)
}

// responseClaims returns the parameters that a response's claims are, JARM, Section 2.1:
// strings, and numbers as they are written. Other claims are no parameters of a response.
func responseClaims(tok *jose.Token) (url.Values, error) {
	params := url.Values{}
	for _, name := range responseParams() {
		v := strictjson.Value(tok.Claim(name))
		if v == "" {
			continue
		}
		text, isString := v.String()
		if _, isNumber := v.Seconds(); isNumber {
			text = string(v)
		} else if !isString {
			return nil, checkError("response", "must have strings and numbers as parameters",
				"JARM, Section 2.1")
		}
		params.Set(name, text)
	}
	return params, nil
}

// CallbackState returns the state of a callback, by which its transaction is found: the
// parameter, or that inside the JSON Web Token which the response is (JARM, Section 2.1),
// verified first; empty if there is none. It is no more than a name:
// [Client.AuthorizationResponse] believes nothing because of it and checks everything again.
//
// The error is one of those that AuthorizationResponse has.
func (c *Client) CallbackState(ctx context.Context, params url.Values) (string, error) {
	if !single(params) {
		return "", checkError("parameters", "must come at most once each", "RFC 6749, Section 3.1")
	}
	if params.Has("response") {
		if params.Has("state") {
			return "", checkError("response", "must not have a state beside it", responseClause)
		}
		var err error
		if params, err = c.openResponse(ctx, params.Get("response")); err != nil {
			return "", err
		}
	}
	return params.Get("state"), nil
}
