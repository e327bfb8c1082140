package oauth2

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/random"
	"vouchsafe/internal/refusal"
	"vouchsafe/jose"
)

// An Assertion is what a JSON Web Token says by which a client asks for a token, RFC
// 7523, Section 3. [Client.SignAssertion] makes the token.
type Assertion struct {
	// Key signs. Required; it may be in an HSM or a KMS, see [jose.NewKey].
	Key *jose.Key

	// Algorithm is one of those that Key serves; if empty, the first.
	Algorithm string

	// Issuer is who makes the assertion. If empty, the client's ID.
	Issuer string

	// Subject is whom the token is to act for. If empty, the issuer itself, for whom
	// RFC 7523, Section 3 wants the claim too.
	Subject string

	// OmitSubject leaves the claim out, as some servers want it who do not follow RFC
	// 7523 there.
	OmitSubject bool

	// Audience is the server. If empty, its issuer identifier, or its token endpoint if
	// the client knows no issuer.
	Audience string

	// Lifetime is how long the assertion is good for. Zero means a minute; more than an
	// hour is an error.
	Lifetime time.Duration

	// Claims are further claims. They must not be those above, and "jti" only if a
	// random one will not do.
	Claims map[string]any
}

const (
	defaultAssertionLife = time.Minute
	maxAssertionLife     = time.Hour
)

// SignAssertion returns the token of an assertion, for [Client.JWTBearer], issued now
// and, unless Claims have one, with a random ID. What cannot be is a
// [*jose.CheckError] or an error of package jose, wrapped.
func (c *Client) SignAssertion(a Assertion) (string, error) {
	s := c.config.Server
	a.Issuer = cmp.Or(a.Issuer, c.config.ID)
	a.Subject = cmp.Or(a.Subject, a.Issuer)
	a.Audience = cmp.Or(a.Audience, s.Issuer, s.TokenEndpoint)
	if a.OmitSubject {
		a.Subject = ""
	}
	return a.sign("JWT", c.config.Now())
}

// sign issues a token of type typ.
func (a Assertion) sign(typ string, now time.Time) (string, error) {
	if err := a.check(); err != nil {
		return "", err
	}
	claims := jose.Claims{
		Issuer:    a.Issuer,
		Subject:   a.Subject,
		Audience:  []string{a.Audience},
		IssuedAt:  now,
		ExpiresAt: now.Add(cmp.Or(a.Lifetime, defaultAssertionLife)),
		ID:        random.Text(),
		Other:     maps.Clone(a.Claims),
	}
	if id, ok := a.Claims["jti"].(string); ok && id != "" {
		claims.ID = id
		delete(claims.Other, "jti")
	}
	signed, err := jose.Issue(claims, a.Key, jose.SignOptions{Algorithm: a.Algorithm, Type: typ})
	if err != nil {
		return "", fmt.Errorf("oauth2: assertion: %w", err)
	}
	return signed, nil
}

func (a Assertion) check() error {
	const clause = "RFC 7523, Section 3"
	switch {
	case a.Key == nil:
		return checkError("key", "must be given to sign an assertion", clause)
	case a.Audience == "":
		return checkError("aud", "must be known by an issuer or a token endpoint", clause)
	case a.Lifetime != 0 && a.Lifetime < time.Second || a.Lifetime > maxAssertionLife:
		return checkError("exp", "must be a second to an hour from now", clause)
	}
	return nil
}

// AssertionOptions are the settings of [PrivateKeyJWT] and [ClientSecretJWT]. The zero
// value will do.
type AssertionOptions struct {
	// Algorithm is the token_endpoint_auth_signing_alg that the client is registered
	// with. If empty, the first that the key serves and the server's metadata lists, or
	// that the key serves.
	Algorithm string

	// Type is the assertion's typ. If empty, it is client-authentication+jwt; some servers
	// take no other than JWT.
	Type string

	// Claims are further claims, not those of RFC 7519, Section 4.1.
	Claims map[string]any

	// InsecureAudience is sent as the audience in place of the issuer identifier, for a
	// server that wants its token endpoint there. What is lost: a hostile server whose
	// metadata names the endpoint of an honest one as its own gets assertions that the
	// honest one takes.
	InsecureAudience string
}

// PrivateKeyJWT is private_key_jwt: each request has an assertion of its own, good for a
// minute, for the server's issuer alone (RFC 7523, Section 2.2, as updated by
// draft-ietf-oauth-rfc7523bis, Section 4). key may be in an HSM or a KMS, see
// [jose.NewKey]; its ID is the assertion's kid.
func PrivateKeyJWT(key *jose.Key, o AssertionOptions) ClientAuthentication {
	return newClientAssertion(privateKeyJWT, key, nil, o)
}

// ClientSecretJWT is client_secret_jwt: as [PrivateKeyJWT], with an HMAC keyed by the
// client secret, which must be as long as the hash: 32 bytes for HS256.
func ClientSecretJWT(secret string, o AssertionOptions) ClientAuthentication {
	key, err := hmacKey(secret)
	return newClientAssertion(clientSecretJWT, key, err, o)
}

type clientAssertion struct {
	method  string
	key     *jose.Key
	err     error // of making key, for New to return
	options AssertionOptions
}

func newClientAssertion(
	method string, key *jose.Key, err error, o AssertionOptions,
) ClientAuthentication {
	o.Claims = maps.Clone(o.Claims)
	return clientAssertion{method, key, err, o}
}

func (a clientAssertion) Method() string { return a.method }

// check tells, when the client is made, what will not work.
func (a clientAssertion) check(s AuthorizationServer) error {
	switch {
	case a.err != nil:
		return refusal.Because(a.err, "client_secret", "must be as long as the hash",
			"RFC 7518, Section 3.2")
	case !a.key.CanSign(a.algorithm(s)) || isHMAC(a.key) != (a.method == clientSecretJWT):
		return checkError("key", "must be a private one, for the algorithm",
			"OpenID Connect Core 1.0, Section 9")
	case a.audience(s) == "":
		return checkError("issuer", "must be configured: it is the audience of assertions",
			"draft-ietf-oauth-rfc7523bis, Section 4")
	case a.fixes():
		return checkError("claims", "must not be those that each assertion has of its own",
			"RFC 7523, Section 3")
	}
	return nil
}

// fixes reports whether a further claim is one of those that are another in each
// assertion, or that say whom it is of and for.
func (a clientAssertion) fixes() bool {
	for name := range a.options.Claims {
		for _, own := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} {
			if strings.EqualFold(name, own) {
				return true
			}
		}
	}
	return false
}

func (a clientAssertion) audience(s AuthorizationServer) string {
	return cmp.Or(a.options.InsecureAudience, s.Issuer)
}

// Authenticate adds the assertion, and the client's ID, which servers may look up the
// key by (RFC 7521, Section 4.2).
func (a clientAssertion) Authenticate(_ context.Context, c *Client, req *http.Request) error {
	signed, err := a.sign(c.ID(), c.config.Server, c.Now())
	if err != nil {
		return err
	}
	req.PostForm.Set("client_id", c.ID())
	req.PostForm.Set("client_assertion_type",
		"urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	req.PostForm.Set("client_assertion", signed)
	return nil
}

func (a clientAssertion) sign(id string, s AuthorizationServer, now time.Time) (string, error) {
	return Assertion{
		Key:       a.key,
		Algorithm: a.algorithm(s),
		Issuer:    id,
		Subject:   id,
		Audience:  a.audience(s),
		Claims:    a.options.Claims,
	}.sign(cmp.Or(a.options.Type, "client-authentication+jwt"), now)
}

// algorithm returns the one to sign with, see chosenAlgorithm.
func (a clientAssertion) algorithm(s AuthorizationServer) string {
	return chosenAlgorithm(a.options.Algorithm, a.key, s.TokenEndpointAuthSigningAlgValuesSupported)
}

// chosenAlgorithm returns the one chosen, or key's first among those listed; if there is
// none, nothing, which stands for the key's first.
func chosenAlgorithm(chosen string, key *jose.Key, listed []string) string {
	if chosen != "" || key == nil {
		return chosen
	}
	for _, alg := range key.Algorithms() {
		if slices.Contains(listed, alg) {
			return alg
		}
	}
	return ""
}

func isHMAC(k *jose.Key) bool {
	return slices.ContainsFunc(k.Algorithms(), func(alg string) bool {
		return strings.HasPrefix(alg, "HS")
	})
}
