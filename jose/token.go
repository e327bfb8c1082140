package jose

import (
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

// Claim returns the JSON text of the claim called name, exactly, and the empty string if
// there is none.
func (t *Token) Claim(name string) string { return string(t.held().members.Get(name)) }

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
	for name, value := range m.All() {
		if !t.read(name, value, whole.audience[:0]) {
			return nil, false
		}
	}
	return t, true
}

// read reads a claim, if it is a registered one. An audience is appended to aud.
func (t *Token) read(name string, v strictjson.Value, aud []string) (ok bool) {
	switch name {
	case "iss":
		t.Issuer, ok = v.String()
	case "sub":
		t.Subject, ok = v.String()
	case "jti":
		t.ID, ok = v.String()
	case "aud":
		t.Audience, ok = v.AppendOneOrMore(aud)
	case "exp":
		t.ExpiresAt, ok = date(v)
	case "nbf":
		t.NotBefore, ok = date(v)
	case "iat":
		t.IssuedAt, ok = date(v)
	default:
		ok = true
	}
	return ok
}

// date reads a NumericDate, RFC 7519, Section 2.
func date(v strictjson.Value) (time.Time, bool) {
	seconds, ok := v.Seconds()
	return time.Unix(seconds, 0), ok
}
