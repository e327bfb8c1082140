package jose

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

// DefaultLeeway and MaxLeeway bound the clock difference that is tolerated.
const (
	DefaultLeeway = time.Minute
	MaxLeeway     = 5 * time.Minute
)

// A VerifierConfig says what a [Verifier] expects. Keys, Algorithms, Issuer and
// Audience are required: an empty one is an error, not a check switched off.
type VerifierConfig struct {
	// Keys finds the keys that may sign: a [*Set], or a remote key set.
	Keys KeySource

	// Algorithms are the values of "alg" accepted.
	Algorithms []string

	// Issuer is the one value of "iss" accepted.
	Issuer string

	// Audience is the value that "aud" must contain.
	Audience string

	// Type is the "typ" required, without "application/". If empty, the token
	// must have none or "JWT".
	Type string

	// Leeway is the clock difference tolerated in exp, nbf and iat. Zero means
	// 60 seconds, a negative value none; more than 5 minutes is an error.
	Leeway time.Duration

	// Now tells the time. If nil, time.Now.
	Now func() time.Time
}

// A Verifier verifies JSON Web Tokens, RFC 7519, Section 7.2, of one issuer for
// one audience. It is immutable and safe for concurrent use.
type Verifier struct{ config VerifierConfig }

// NewVerifier makes a Verifier, or says what is missing in c.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	switch {
	case c.Keys == nil:
		return nil, errors.New("jose: VerifierConfig.Keys is required")
	case len(c.Algorithms) == 0:
		return nil, errors.New("jose: VerifierConfig.Algorithms is required")
	case c.Issuer == "":
		return nil, errors.New("jose: VerifierConfig.Issuer is required")
	case c.Audience == "":
		return nil, errors.New("jose: VerifierConfig.Audience is required")
	case c.Leeway > MaxLeeway:
		return nil, errors.New("jose: VerifierConfig.Leeway must be at most 5 minutes")
	}
	for _, name := range c.Algorithms {
		if _, ok := findAlgorithm(name); !ok {
			return nil, errors.New("jose: VerifierConfig.Algorithms names one that this " +
				"package lacks")
		}
	}
	c.Algorithms = slices.Clone(c.Algorithms)
	if c.Leeway == 0 {
		c.Leeway = DefaultLeeway
	}
	c.Leeway = max(c.Leeway, 0)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{c}, nil
}

// A Token is a JSON Web Token that passed every check of a [Verifier].
type Token struct {
	Header    Header
	Issuer    string    // "iss"
	Subject   string    // "sub", empty if absent
	Audience  []string  // "aud"
	ID        string    // "jti", empty if absent
	ExpiresAt time.Time // "exp"
	NotBefore time.Time // "nbf", zero if absent
	IssuedAt  time.Time // "iat", zero if absent

	claims **claims // given a verb that does not fit, fmt follows one pointer, but not two
}

type claims struct {
	members strictjson.Object
	payload []byte
}

// held returns what t holds, an empty claims set if t is the zero Token.
func (t *Token) held() *claims {
	if t.claims == nil {
		return &claims{payload: []byte("{}")}
	}
	return *t.claims
}

// Claims reads the claims set into v, which must be a pointer, as encoding/json
// does. The claims are known to be distinct. One whose name differs from that in a
// field's tag only in case is an error, and so are two that a field without a tag
// could take: encoding/json would let either fill the field. The error does not
// repeat the claims.
func (t *Token) Claims(v any) error { return strictjson.Unmarshal(t.held().payload, v) }

// Claim returns the JSON text of the claim called name, exactly, and nil if
// there is none.
func (t *Token) Claim(name string) json.RawMessage { return t.held().members.Get(name).Raw() }

// Verify checks a compact token in this order: size and shape, header, typ, alg,
// key, signature, and then, on the bytes that were signed, iss, aud, exp, nbf and
// iat (RFC 7519, Section 7.2). exp is required.
//
// The error is a [*CheckError] that names the check, [ErrSignature], or that of
// the key source. The Token is nil beside an error.
func (v *Verifier) Verify(ctx context.Context, compact string) (*Token, error) {
	l := verdict.New(ctx, checkError)
	j, err := parseCompact(compact)
	check, clause := "compact", "RFC 7515, Section 7.1"
	if e, ok := errors.AsType[*CheckError](err); ok {
		check, clause = e.Check, e.Clause
	}
	if !l.Result(check, clause, err) {
		return nil, l.Err()
	}
	l.Check(v.typeMatches(j.header.Type), "typ", "must be the type expected",
		"RFC 8725, Section 3.11")
	l.Check(slices.Contains(v.config.Algorithms, j.header.Algorithm),
		"alg", "must be one of those expected", "RFC 8725, Section 3.1")
	if l.Err() != nil {
		return nil, l.Err()
	}
	keys, err := v.config.Keys.Keys(ctx, j.header)
	if !l.Result("keys", "RFC 7515, Section 6", err) ||
		!l.Check(len(keys) > 0, "key", "must be known, by its ID and algorithm",
			"RFC 7515, Section 6") {
		return nil, l.Err()
	}
	if !j.verify(keys) && !j.verify(v.newerKeys(ctx, j.header)) {
		err = ErrSignature
	}
	if !l.Result("signature", "RFC 7515, Section 5.2", err) {
		return nil, l.Err()
	}
	return v.checkClaims(l, j)
}

// newerKeys returns what a key source that can look for newer keys finds.
func (v *Verifier) newerKeys(ctx context.Context, h Header) []*Key {
	source, ok := v.config.Keys.(RenewingKeySource)
	if !ok {
		return nil
	}
	keys, err := source.Renew(ctx, h)
	if err != nil {
		return nil
	}
	return keys
}

// typeMatches compares media types as RFC 7515, Section 4.1.9 says.
func (v *Verifier) typeMatches(typ string) bool {
	if v.config.Type == "" && typ == "" {
		return true
	}
	want := v.config.Type
	if want == "" {
		want = "JWT"
	}
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return strings.EqualFold(typ, want)
}

// checkClaims checks the claims of a token whose signature verified.
func (v *Verifier) checkClaims(l *verdict.List, j jws) (*Token, error) {
	t, ok := parseClaims(j)
	if !l.Check(ok, "claims", "must be strict JSON with registered claims of their types",
		"RFC 7519, Section 4.1") {
		return nil, l.Err()
	}
	now, leeway := v.config.Now(), v.config.Leeway
	l.Check(t.Issuer == v.config.Issuer, "iss", "must be the issuer expected",
		"RFC 7519, Section 4.1.1")
	l.Check(slices.Contains(t.Audience, v.config.Audience),
		"aud", "must contain the audience expected", "RFC 7519, Section 4.1.3")
	l.Check(now.Before(t.ExpiresAt.Add(leeway)),
		"exp", "must be present and in the future", "RFC 7519, Section 4.1.4")
	l.Check(!t.NotBefore.After(now.Add(leeway)), "nbf", "must not be in the future",
		"RFC 7519, Section 4.1.5")
	l.Check(!t.IssuedAt.After(now.Add(leeway)), "iat", "must not be in the future",
		"RFC 7519, Section 4.1.6")
	if l.Err() != nil {
		return nil, l.Err()
	}
	return t, nil
}

var registeredClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// parseClaims reads the registered claims, RFC 7519, Section 4.1. One of the
// wrong type makes the token invalid, as if it were absent would not do.
func parseClaims(j jws) (*Token, bool) {
	payload, ok := decode(j.payload)
	if !ok {
		return nil, false
	}
	m, err := strictjson.Parse(payload, registeredClaims...)
	if err != nil {
		return nil, false
	}
	held := &claims{m, payload}
	t := &Token{Header: j.header, claims: &held}
	t.Audience, ok = audience(m.Get("aud"))
	return t, ok &&
		text(m.Get("iss"), &t.Issuer) && text(m.Get("sub"), &t.Subject) &&
		text(m.Get("jti"), &t.ID) &&
		date(m.Get("exp"), &t.ExpiresAt) && date(m.Get("nbf"), &t.NotBefore) &&
		date(m.Get("iat"), &t.IssuedAt)
}

// audience reads a string or an array of strings, RFC 7519, Section 4.1.3.
func audience(v strictjson.Value) ([]string, bool) {
	if v == nil {
		return nil, true
	}
	if s, ok := v.String(); ok {
		return []string{s}, true
	}
	return v.Strings()
}

// text reads a string if there is one.
func text(v strictjson.Value, to *string) (ok bool) {
	if v == nil {
		return true
	}
	*to, ok = v.String()
	return ok
}

// date reads a NumericDate if there is one, RFC 7519, Section 2.
func date(v strictjson.Value, to *time.Time) bool {
	if v == nil {
		return true
	}
	seconds, ok := v.Seconds()
	*to = time.Unix(seconds, 0)
	return ok
}
