package jose

import (
	"encoding/json"
	"time"

	"vouchsafe/internal/strictjson"
)

// A Token is a JSON Web Token that passed every check of a [Verifier].
type Token struct {
	Header    Header
	Key       *Key      // which signed it
	Issuer    string    // "iss"
	Subject   string    // "sub", empty if absent
	Audience  []string  // "aud"
	ID        string    // "jti", empty if absent
	ExpiresAt time.Time // "exp", zero if absent
	NotBefore time.Time // "nbf", zero if absent
	IssuedAt  time.Time // "iat", zero if absent

	claims **claims // nil in the zero Token; fmt follows one pointer at most
}

type claims struct {
	members strictjson.Object
	payload string
}

// held returns what t holds, an empty claims set if t is the zero Token.
func (t *Token) held() *claims {
	if t.claims == nil {
		return &claims{payload: "{}"}
	}
	return *t.claims
}

// Claims reads the claims set into v, which must be a pointer, as encoding/json
// does. Names are known to be distinct in each object. One that differs from that in a
// field's tag only in case is an error, at any depth, and so are two that a field
// without a tag could take: encoding/json would let either fill the field. The error
// does not repeat the claims.
func (t *Token) Claims(v any) error {
	c := t.held()
	return c.members.Unmarshal(c.payload, v)
}

// Claim returns the JSON text of the claim called name, exactly, and nil if
// there is none.
func (t *Token) Claim(name string) json.RawMessage { return t.held().members.Get(name).Raw() }

var registeredClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// parseClaims reads the registered claims, RFC 7519, Section 4.1. One of the
// wrong type makes the token invalid; it is not read as absent.
func parseClaims(h Header, encoded string) (*Token, bool) {
	payload, ok := decodeText(encoded)
	if !ok {
		return nil, false
	}
	m, err := strictjson.Parse(payload, registeredClaims...)
	if err != nil {
		return nil, false
	}
	whole := &struct { // one allocation rather than four
		Token
		held     claims
		pointer  *claims
		audience [3]string // room for most
	}{held: claims{m, payload}}
	whole.pointer = &whole.held
	t := &whole.Token
	t.Header, t.claims = h, &whole.pointer
	t.Audience, ok = audience(m.Get("aud"), whole.audience[:0])
	return t, ok &&
		stringMembers(m, stringMember{"iss", &t.Issuer}, stringMember{"sub", &t.Subject},
			stringMember{"jti", &t.ID}) &&
		date(m.Get("exp"), &t.ExpiresAt) && date(m.Get("nbf"), &t.NotBefore) &&
		date(m.Get("iat"), &t.IssuedAt)
}

// audience appends a string or an array of strings to dst, RFC 7519, Section 4.1.3.
func audience(v strictjson.Value, dst []string) ([]string, bool) {
	if v == "" {
		return nil, true
	}
	if list, ok := v.AppendStrings(dst); ok {
		return list, true
	}
	s, ok := v.String()
	return append(dst, s), ok
}

// date reads a NumericDate if there is one, RFC 7519, Section 2.
func date(v strictjson.Value, to *time.Time) bool {
	if v == "" {
		return true
	}
	seconds, ok := v.Seconds()
	*to = time.Unix(seconds, 0)
	return ok
}
