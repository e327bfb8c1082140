package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// An IDToken is a verified ID Token, OpenID Connect Core 1.0, Section 2. Only a
// Client makes one that its other methods take. It is read-only.
type IDToken struct {
	Issuer          string
	Subject         string
	Audience        []string
	AuthorizedParty string    // "azp", empty if absent
	ExpiresAt       time.Time // "exp"
	IssuedAt        time.Time // "iat"
	AuthTime        time.Time // "auth_time", zero if absent
	ACR             string    // "acr", empty if absent

	token *jose.Token
}

// Identity returns who the user is.
func (t *IDToken) Identity() Identity { return Identity{t.Issuer, t.Subject} }

// Claims reads all claims into v, as [jose.Token.Claims] does.
func (t *IDToken) Claims(v any) error {
	if t.token == nil {
		return json.Unmarshal([]byte("{}"), v)
	}
	return t.token.Claims(v)
}

// claim returns a claim of any type.
func (t *IDToken) claim(name string) strictjson.Value { return strictjson.Value(t.token.Claim(name)) }

// core is where the rules for ID Tokens are.
const core = "OpenID Connect Core 1.0, Section 3.1.3.7"

// verify verifies the ID Token of tok and then makes the further checks of one
// kind of response.
func (c *Client) verify(ctx context.Context, conn *connection, tok *oauth2.Token,
	further func(*verdict.List, *IDToken)) (*IDToken, error) {
	l := verdict.New(ctx, checkError)
	raw := tok.IDToken()
	if !l.Check(raw != "", "id_token", "must be in the token response", "OpenID Connect Core 1.0, Section 3.1.3.3") {
		return nil, l.Err()
	}
	// Rules 2, 3, 6, 7, 9 and 10: iss, that aud has us, signature, alg, exp, iat.
	verified, err := conn.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("oidc: ID Token: %w", err)
	}
	t, ok := readIDToken(verified)
	l.Check(ok, "id_token", "must have claims of their types", "OpenID Connect Core 1.0, Section 2")
	c.checkClaims(l, t, tok.AccessToken())
	further(l, t)
	if l.Err() != nil {
		return nil, fmt.Errorf("oidc: ID Token: %w", l.Err())
	}
	return t, nil
}

// readIDToken reads the claims that jose does not.
func readIDToken(verified *jose.Token) (*IDToken, bool) {
	t := &IDToken{
		Issuer:    verified.Issuer,
		Subject:   verified.Subject,
		Audience:  verified.Audience,
		ExpiresAt: verified.ExpiresAt,
		IssuedAt:  verified.IssuedAt,
		token:     verified,
	}
	ok := text(t.claim("azp"), &t.AuthorizedParty) && text(t.claim("acr"), &t.ACR)
	if v := t.claim("auth_time"); v != "" {
		seconds, isNumber := v.Seconds()
		t.AuthTime = time.Unix(seconds, 0)
		ok = ok && isNumber
	}
	return t, ok
}

// text reads a string if there is one.
func text(v strictjson.Value, to *string) (ok bool) {
	if v == "" {
		return true
	}
	*to, ok = v.String()
	return ok
}

const maxSubject = 255

// checkClaims makes the checks that every ID Token must pass, beyond those of a
// JSON Web Token.
func (c *Client) checkClaims(l *verdict.List, t *IDToken, accessToken string) {
	l.Check(t.Subject != "" && len(t.Subject) <= maxSubject && ascii(t.Subject),
		"sub", "must have 1 to 255 ASCII characters", "OpenID Connect Core 1.0, Section 2")
	l.Check(!t.IssuedAt.IsZero(), "iat", "must be present", "OpenID Connect Core 1.0, Section 2")
	l.Check(c.audienceTrusted(t.Audience), "aud", "must have no audience that is not trusted", core)
	l.Check(t.claim("azp") == "" || t.AuthorizedParty == c.config.ID, "azp", "must be the client", core)
	l.Check(atHashMatches(t, accessToken),
		"at_hash", "must be that of the access token", "OpenID Connect Core 1.0, Section 3.1.3.8")
}

// audienceTrusted reports whether aud has nothing beside the client but audiences
// that the client was told to trust (rule 3).
func (c *Client) audienceTrusted(aud []string) bool {
	for _, a := range aud {
		if a != c.config.ID && !slices.Contains(c.config.TrustedAudiences, a) {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}

// atHashMatches checks at_hash if it is there, which in this flow it need not be.
// An algorithm whose hash is not known does not match.
func atHashMatches(t *IDToken, accessToken string) bool {
	v := t.claim("at_hash")
	if v == "" {
		return true
	}
	got, ok := v.String()
	hash, known := jose.SignatureHash(t.token.Header.Algorithm)
	if !ok || !known {
		return false
	}
	h := hash.New()
	h.Write([]byte(accessToken))
	half := h.Sum(nil)[:hash.Size()/2]
	return equal(got, base64.RawURLEncoding.EncodeToString(half))
}

// checkRequest makes the checks of an ID Token that answers a request.
func (c *Client) checkRequest(l *verdict.List, t *IDToken, asked expectations) {
	nonce, _ := t.claim("nonce").String()
	l.Check(asked.Nonce != "" && equal(nonce, asked.Nonce), "nonce", "must be the one of the request", core)
	if len(asked.ACRValues) > 0 {
		l.Check(slices.Contains(asked.ACRValues, t.ACR), "acr", "must be one that was asked for", core)
	}
	if asked.MaxAge != nil {
		now, leeway := c.config.Now(), max(c.config.Leeway, 0)
		oldest := now.Add(-time.Duration(*asked.MaxAge)*time.Second - leeway)
		l.Check(!t.AuthTime.Before(oldest) && !t.AuthTime.After(now.Add(leeway)),
			"auth_time", "must be present and within max_age", core)
	}
}

// checkContinues makes the checks of a refreshed ID Token against the one it
// follows, which was verified when it came and is ours since.
func (c *Client) checkContinues(l *verdict.List, t *IDToken, old string) {
	const clause = "OpenID Connect Core 1.0, Section 12.2"
	before := oldClaims(old)
	same := func(name string) bool { return sameString(before.Get(name), t.claim(name)) }
	l.Check(before.Len() > 0, "id_token", "must follow one that can be read", clause)
	l.Check(same("iss"), "iss", "must be that of the login", clause)
	l.Check(same("sub"), "sub", "must be that of the login", clause)
	l.Check(sameAudience(before.Get("aud"), t.Audience), "aud", "must be that of the login", clause)
	l.Check(same("azp"), "azp", "must be that of the login", clause)
	issued, _ := before.Get("iat").Seconds()
	l.Check(!t.IssuedAt.Add(max(c.config.Leeway, 0)).Before(time.Unix(issued, 0)),
		"iat", "must not be before that of the login", clause)
	authenticated, known := before.Get("auth_time").Seconds()
	l.Check(!known || t.claim("auth_time") == "" || t.AuthTime.Unix() == authenticated,
		"auth_time", "must be that of the login", clause)
	l.Check(t.claim("nonce") == "" || same("nonce"), "nonce", "must be that of the login", clause)
}

// sameString reports whether two values are the same string, or neither is one.
func sameString(a, b strictjson.Value) bool {
	textA, okA := a.String()
	textB, okB := b.String()
	return okA == okB && textA == textB
}

// sameAudience reports whether a value has the members of aud, in any order.
func sameAudience(v strictjson.Value, aud []string) bool {
	before, ok := v.Strings()
	if one, isString := v.String(); isString {
		before, ok = []string{one}, true
	}
	return ok && slices.Equal(slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(aud)))
}

// oldClaims reads the claims of an ID Token that was verified before.
func oldClaims(compact string) strictjson.Object {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return strictjson.Object{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return strictjson.Object{}
	}
	claims, _ := strictjson.Parse(string(payload)) // which are none beside an error
	return claims
}

// equal compares in a time that does not depend on where two strings differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
