package oidc

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
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
	AMR             []string  // "amr", nil if absent

	// SessionID is "sid", the provider's name for the session of this login, by which a
	// [LogoutFunc] hears of its end: keep it with the application's session. Empty if absent.
	SessionID string

	token *jose.Token
	flags flags
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
func (t *IDToken) claim(name string) strictjson.Value {
	return strictjson.Value(t.token.Claim(name))
}

// Where the rules for ID Tokens are.
const (
	claimsClause   = "OpenID Connect Core 1.0, Section 2"
	core           = "OpenID Connect Core 1.0, Section 3.1.3.7"
	continueClause = "OpenID Connect Core 1.0, Section 12.2"
)

const (
	maxSubject = 255 // ASCII characters, OpenID Connect Core 1.0, Section 2

	// maxIssued is how long ago an ID Token may have been issued that comes from a login
	// or a refresh: it was made for it (OpenID Connect Core 1.0, Section 3.1.3.7, rule 10).
	maxIssued = 24 * time.Hour
)

// rules are what one ID Token is held to, beyond what holds for all.
type rules struct {
	expectations

	fresh    bool // issued just now
	optional bool // the nonce may be absent
	unasked  bool // there was no request to have a nonce, or none that is known
	hashed   bool // c_hash and at_hash must be there: it came with the browser

	parties []string // beside the client, that may be "azp"

	accessToken, code, state string // that came with it

	seen    *IDToken           // the one that came with the browser before
	follows *strictjson.Object // the claims of the one that a refresh renewed
}

// verify verifies an ID Token. The checks alg, key, signature, typ, iss, aud, exp, nbf and
// iat are those of the Verifier (rules 1, 2, 3, 6 to 10); the rest follow.
func (c *Client) verify(
	ctx context.Context, conn *connection, raw string, r rules,
) (*IDToken, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(raw != "", "id_token", "must be in the response",
		"OpenID Connect Core 1.0, Section 3.1.3.3") {
		return nil, l.Err()
	}
	verified, err := conn.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("oidc: ID Token: %w", err)
	}
	t, ok := readIDToken(verified)
	t.flags = c.config.Quirks.flags()
	l.Check(ok, "id_token", "must have claims of their types", claimsClause)
	c.check(l, t, r)
	if r.seen != nil {
		l.Check(t.Identity() == r.seen.Identity(), "sub",
			"must be that of the ID Token that came before the code, and so must iss",
			"OpenID Connect Core 1.0, Section 3.3.3.6")
	}
	if r.follows != nil {
		c.checkFollows(l, t, *r.follows)
	}
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
	if v := t.claim("amr"); v != "" {
		amr, isList := v.Strings()
		t.AMR = amr
		ok = ok && isList
	}
	return t, ok && text(t.claim("sid"), &t.SessionID)
}

// text reads a string if there is one.
func text(v strictjson.Value, to *string) (ok bool) {
	if v == "" {
		return true
	}
	*to, ok = v.String()
	return ok
}

// check is the list of the rules for an ID Token that jose's Verifier does not know. One
// that nothing was asked for is met.
func (c *Client) check(l *verdict.List, t *IDToken, r rules) {
	now, leeway := c.config.Now(), max(c.config.Leeway, 0)
	c.checkParties(l, t, r.parties)
	l.Check(isSubject(t.Subject), "sub", "must have 1 to 255 ASCII characters", claimsClause)
	l.Check(r.Subject == "" || t.Subject == r.Subject, "sub",
		"must be the one asked for", "OpenID Connect Core 1.0, Section 5.5.1")
	l.Check(r.Issuer == "" || t.Issuer == r.Issuer, "iss",
		"must be that of the hint", requestClause)
	l.Check(!t.IssuedAt.IsZero(), "iat", "must be present", claimsClause)
	l.Check(!r.fresh || !t.IssuedAt.Before(now.Add(-maxIssued-leeway)), "iat",
		"must be of today", core)
	l.Check(r.nonceMatches(t), "nonce", "must be the one of the request", core)
	l.Check(!r.unasked && !r.optional || t.claim("events") == "", "events",
		"must not be there: it is of a Logout Token",
		"OpenID Connect Back-Channel Logout 1.0, Section 2.4")
	l.Check(!r.AuthTime && r.MaxAge == nil || t.claim("auth_time") != "", "auth_time",
		"must be present where it or max_age was asked for", core)
	l.Check(r.MaxAge == nil || !t.AuthTime.Before(r.oldest().Add(-leeway)) &&
		!t.AuthTime.After(now.Add(leeway)), "auth_time", "must be within max_age", core)
	l.Check(meets(t.ACR, r.ACRValues), "acr", "must be one that was asked for", core)
	l.Check(meets(t.ACR, r.EssentialACR), "acr", "must be one that was essential",
		"OpenID Connect Core 1.0, Section 5.5.1.1")
	l.Check(hashMatches(t, "at_hash", r.accessToken, r.hashed), "at_hash",
		"must be that of the access token", "OpenID Connect Core 1.0, Section 3.2.2.9")
	l.Check(hashMatches(t, "c_hash", r.code, r.hashed), "c_hash",
		"must be that of the code", "OpenID Connect Core 1.0, Section 3.3.2.10")
	l.Check(hashMatches(t, "s_hash", r.state, false), "s_hash",
		"must be that of state", "Financial-grade API 1.0 - Part 2, Section 5.1.1")
}

// checkParties checks whom a token is from and for, beyond what jose's Verifier knows. parties
// may be "azp" beside the client.
func (c *Client) checkParties(l *verdict.List, t *IDToken, parties []string) {
	l.Check(c.config.keyMayIssue(t.token.Key.Issuer(), t.Issuer), "key",
		"must be one that signs for the issuer", tenantClause)
	l.Check(c.config.tenantMatches(t.Issuer, t.claim), "tenant",
		"must be the one in iss, and allowed", tenantClause)
	l.Check(c.audienceTrusted(t.Audience), "aud",
		"must have no audience that is not trusted", core)
	l.Check(t.claim("azp") == "" || t.AuthorizedParty == c.config.ID ||
		slices.Contains(parties, t.AuthorizedParty), "azp", "must be the client", core)
}

// isSubject reports whether s can be a "sub".
func isSubject(s string) bool { return s != "" && len(s) <= maxSubject && ascii(s) }

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

// nonceMatches is rule 11.
func (r rules) nonceMatches(t *IDToken) bool {
	v := t.claim("nonce")
	if r.unasked || r.optional && v == "" {
		return true
	}
	nonce, _ := v.String()
	return r.Nonce != "" && equal(nonce, r.Nonce)
}

// meets reports whether value is one of those wanted, if any are.
func meets(value string, wanted []string) bool {
	return len(wanted) == 0 || value != "" && slices.Contains(wanted, value)
}

// oldest returns when the user must have authenticated, or later, where max_age says so.
func (e expectations) oldest() time.Time { return time.Unix(e.Asked-*e.MaxAge, 0) }

// hashMatches checks the claim that is the hash of value, if it is there, or must be. With
// no value there is nothing to compare. An algorithm whose hash is not known does not match.
func hashMatches(t *IDToken, name, value string, required bool) bool {
	if value == "" {
		return true
	}
	v := t.claim(name)
	if v == "" {
		return !required
	}
	got, ok := v.String()
	hash, known := jose.SignatureHash(t.token.Header.Algorithm)
	return ok && known && halfHashed(hash, value, got)
}

// halfHashed reports whether text is the left half of the hash of value, in base64url
// (OpenID Connect Core 1.0, Section 3.1.3.6).
func halfHashed(hash crypto.Hash, value, text string) bool {
	var array [2048]byte // on the stack; longer tokens move to the heap
	var half []byte
	switch octets := append(array[:0], value...); hash {
	case crypto.SHA256:
		sum := sha256.Sum256(octets)
		half = sum[:16]
	case crypto.SHA384:
		sum := sha512.Sum384(octets)
		half = sum[:24]
	case crypto.SHA512:
		sum := sha512.Sum512(octets)
		half = sum[:32]
	}
	return half != nil && equal(text, base64.RawURLEncoding.EncodeToString(half))
}

// checkFollows makes the checks of a refreshed ID Token against the one it
// follows, which was verified when it came and is ours since.
func (c *Client) checkFollows(l *verdict.List, t *IDToken, before strictjson.Object) {
	same := func(name string) bool { return sameString(before.Get(name), t.claim(name)) }
	l.Check(before.Len() > 0, "id_token", "must follow one that can be read", continueClause)
	l.Check(same("iss"), "iss", "must be that of the login", continueClause)
	l.Check(same("sub"), "sub", "must be that of the login", continueClause)
	l.Check(sameAudience(before.Get("aud"), t.Audience), "aud", "must be that of the login",
		continueClause)
	l.Check(same("azp"), "azp", "must be that of the login", continueClause)
	issued, _ := before.Get("iat").Seconds()
	l.Check(!t.IssuedAt.Add(max(c.config.Leeway, 0)).Before(time.Unix(issued, 0)),
		"iat", "must not be before that of the login", continueClause)
	authenticated, known := before.Get("auth_time").Seconds()
	l.Check(!known || t.claim("auth_time") == "" || t.AuthTime.Unix() == authenticated,
		"auth_time", "must be that of the login", continueClause)
	l.Check(t.claim("nonce") == "" || same("nonce"), "nonce", "must be that of the login",
		continueClause)
}

// sameString reports whether two values are the same string, or the same text, as where
// both are absent.
func sameString(a, b strictjson.Value) bool {
	textA, okA := a.String()
	textB, okB := b.String()
	return a == b || okA && okB && textA == textB
}

// sameAudience reports whether a value has the members of aud, in any order.
func sameAudience(v strictjson.Value, aud []string) bool {
	before, ok := v.AppendOneOrMore(nil)
	return ok && slices.Equal(slices.Sorted(slices.Values(before)),
		slices.Sorted(slices.Values(aud)))
}

// ownClaims returns an ID Token that was verified when it came, decrypted, and its claims,
// none if it cannot be read.
func (c *Client) ownClaims(ctx context.Context, idToken string) (string, strictjson.Object) {
	if d := c.config.IDToken.Decrypter; d != nil && strings.Count(idToken, ".") == 4 {
		jwe, err := d.Decrypt(ctx, idToken)
		if err != nil {
			return "", strictjson.Object{}
		}
		idToken = string(jwe.Plaintext())
	}
	if strings.Count(idToken, ".") != 2 {
		return "", strictjson.Object{}
	}
	return idToken, unverifiedClaims(idToken)
}

// unverifiedClaims returns what a signed token claims, whoever signed it, none if it cannot
// be read.
func unverifiedClaims(jwt string) strictjson.Object {
	_, rest, _ := strings.Cut(jwt, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return strictjson.Object{}
	}
	claims, _ := strictjson.Parse(string(text)) // which are none beside an error
	return claims
}

// equal compares in a time that does not depend on where two strings differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
