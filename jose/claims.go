package jose

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Claims are those of a token to [Issue]. A zero field is a claim left out.
type Claims struct {
	Issuer    string    // "iss", RFC 7519, Section 4.1.1
	Subject   string    // "sub", RFC 7519, Section 4.1.2
	Audience  []string  // "aud", RFC 7519, Section 4.1.3; a string if there is one
	ExpiresAt time.Time // "exp", RFC 7519, Section 4.1.4; required, in whole seconds
	NotBefore time.Time // "nbf", RFC 7519, Section 4.1.5
	IssuedAt  time.Time // "iat", RFC 7519, Section 4.1.6
	ID        string    // "jti", RFC 7519, Section 4.1.7

	// Other are all others, by name, RFC 7519, Sections 4.2 and 4.3. They must not be
	// those above, in any case.
	Other map[string]any
}

// Issue returns a JSON Web Token with c signed by key, RFC 7519, Section 7.1. A
// token that never expires must be made with [Sign].
func Issue(c Claims, key *Key, o SignOptions) (string, error) {
	if c.ExpiresAt.IsZero() {
		return "", checkError("exp", "must be set", "RFC 7519, Section 4.1.4")
	}
	if o.Unencoded || o.Detached {
		return "", checkError("b64", "must not be used in a JWT", "RFC 7797, Section 7")
	}
	if o.Type == "" {
		o.Type = "JWT"
	}
	payload, err := c.marshal()
	if err != nil {
		return "", err
	}
	return Sign(payload, key, o)
}

// marshal returns the claims as JSON, the others in the order of their names.
func (c Claims) marshal() ([]byte, error) {
	w := writer{b: make([]byte, 0, 1024)}
	w.text("iss", c.Issuer)
	w.text("sub", c.Subject)
	w.text("jti", c.ID)
	w.date("exp", c.ExpiresAt)
	w.date("nbf", c.NotBefore)
	w.date("iat", c.IssuedAt)
	if len(c.Audience) == 1 {
		w.name("aud")
		w.string(c.Audience[0])
	} else if len(c.Audience) > 1 {
		w.name("aud")
		w.strings(c.Audience)
	}
	for _, name := range sortedKeys(c.Other) {
		folds := func(registered string) bool { return strings.EqualFold(name, registered) }
		if i := slices.IndexFunc(registeredClaims, folds); i >= 0 {
			return nil, checkError(registeredClaims[i], "must be set in its own field",
				"RFC 7519, Section 4")
		}
		if err := w.value(name, c.Other[name]); err != nil {
			return nil, err
		}
	}
	if w.notUTF8 {
		return nil, checkError("claims", "must be UTF-8", "RFC 8259, Section 8.1")
	}
	return w.end(), nil
}

// date writes a NumericDate, RFC 7519, Section 2, unless it is zero.
func (w *writer) date(name string, t time.Time) {
	if !t.IsZero() {
		w.name(name)
		w.b = strconv.AppendInt(w.b, t.Unix(), 10)
	}
}

func sortedKeys(m map[string]any) []string {
	names := slices.AppendSeq(make([]string, 0, len(m)), maps.Keys(m))
	slices.Sort(names)
	return names
}
