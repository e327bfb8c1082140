package oidc

import (
	"context"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// A signedObject is what is asked of a JSON Web Token that is no ID Token: a UserInfo
// Response, or claims that another than the provider vouches for.
type signedObject struct {
	keys       jose.KeySource
	algorithms []string
	issuer     string // which "iss" must be, if it is there
	known      []string
	clause     string
}

// verifyObject verifies jwt and returns its claims.
func (c *Client) verifyObject(ctx context.Context, jwt string, s signedObject) (
	strictjson.Object, error) {
	l := verdict.New(ctx, checkError)
	if !checkCompact(l, jwt) {
		return strictjson.Object{}, l.Err()
	}
	jws, err := jose.VerifySignature(ctx, jwt, s.keys,
		jose.VerifyOptions{Algorithms: s.algorithms, MaxSize: maxUserInfo})
	if err != nil {
		return strictjson.Object{}, err
	}
	l.Check(c.config.keyMayIssue(jws.Key.Issuer(), s.issuer), "key",
		"must be one that signs for the issuer", tenantClause)
	l.Check(jws.Header.Type == "" || isJWT(jws.Header.Type), "typ", "must be JWT or absent",
		"RFC 8725, Section 3.11")
	return c.readObject(l, string(jws.Payload), s)
}

// decryptObject decrypts jwt and verifies the token inside. If unsigned, there may be the
// claims alone instead.
func (c *Client) decryptObject(ctx context.Context, jwt string, d *jose.Decrypter, unsigned bool,
	s signedObject) (strictjson.Object, error) {
	l := verdict.New(ctx, checkError)
	if !checkCompact(l, jwt) {
		return strictjson.Object{}, l.Err()
	}
	jwe, err := d.Decrypt(ctx, jwt)
	if err != nil {
		return strictjson.Object{}, err
	}
	inside, nested := string(jwe.Plaintext()), isJWT(jwe.Header.ContentType)
	if !l.Check(nested || unsigned, "cty", "must be JWT, for what is signed inside",
		"RFC 7519, Section 5.2") {
		return strictjson.Object{}, l.Err()
	}
	var m strictjson.Object
	if nested {
		m, err = c.verifyObject(ctx, inside, s)
	} else {
		m, err = c.readObject(l, inside, s)
	}
	if err != nil {
		return strictjson.Object{}, err
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} {
		outside := jwe.Header.Get(name)
		l.Check(outside == nil || string(outside) == string(m.Get(name)), name,
			"must be in the outer header what it is inside", "RFC 7519, Section 5.3")
	}
	return m, l.Err()
}

// checkCompact checks that jwt is in the compact serialization, its payload encoded: all
// others have a brace.
func checkCompact(l *verdict.List, jwt string) bool {
	return l.Check(!strings.Contains(jwt, "{"), "compact", "must be the serialization of a token",
		"RFC 7519, Section 1")
}

// isJWT compares a media type with that of a token, whose "application/" may be left out.
func isJWT(mediaType string) bool {
	return strings.EqualFold(mediaType, "JWT") || strings.EqualFold(mediaType, "application/jwt")
}

// readObject reads the claims of a token that is authentic: who made it, for whom, and
// when, as far as it says so.
func (c *Client) readObject(l *verdict.List, text string, s signedObject) (
	strictjson.Object, error) {
	m, err := strictjson.Parse(text, append(s.known, "iss", "aud", "exp", "nbf", "iat")...)
	l.Check(err == nil, "claims", "must be one strict JSON object", s.clause)
	issuer, _ := m.Get("iss").String()
	l.Check(m.Get("iss") == "" || issuer == s.issuer,
		"iss", "must be the issuer expected", s.clause)
	audience, _ := m.Get("aud").AppendOneOrMore(nil)
	l.Check(m.Get("aud") == "" || slices.Contains(audience, c.config.ID),
		"aud", "must contain the client", s.clause)
	c.checkTimes(l, m)
	if l.Err() != nil {
		return strictjson.Object{}, l.Err()
	}
	return m, nil
}

// checkTimes checks the times of a token, as far as it has them.
func (c *Client) checkTimes(l *verdict.List, m strictjson.Object) {
	now, leeway := c.config.Now(), max(c.config.Leeway, 0)
	future := func(t time.Time) bool { return now.Before(t.Add(leeway)) }
	past := func(t time.Time) bool { return !t.After(now.Add(leeway)) }
	l.Check(isAbsentOr(m.Get("exp"), future), "exp", "must be in the future",
		"RFC 7519, Section 4.1.4")
	l.Check(isAbsentOr(m.Get("nbf"), past), "nbf", "must not be in the future",
		"RFC 7519, Section 4.1.5")
	l.Check(isAbsentOr(m.Get("iat"), past), "iat", "must not be in the future",
		"RFC 7519, Section 4.1.6")
}

// isAbsentOr reports whether v is absent or a NumericDate that ok takes.
func isAbsentOr(v strictjson.Value, ok func(time.Time) bool) bool {
	seconds, isNumber := v.Seconds()
	return v == "" || isNumber && ok(time.Unix(seconds, 0))
}
