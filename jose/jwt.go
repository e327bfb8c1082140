package jose

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/verdict"
)

// DefaultLeeway is the clock difference that is tolerated unless an option says
// otherwise, MaxLeeway the greatest that an option may say.
const (
	DefaultLeeway = time.Minute
	MaxLeeway     = 5 * time.Minute
)

// A VerifierConfig says what a [Verifier] expects. Keys, Algorithms, Audience and
// one of Issuer and IssuerFunc are required: an empty one is an error, not a check
// switched off.
type VerifierConfig struct {
	// Keys finds the keys that may sign: a [*Set], or a remote key set.
	Keys KeySource

	// Algorithms are the values of "alg" accepted.
	Algorithms []string

	// Issuer is the one value of "iss" accepted.
	Issuer string

	// IssuerFunc, instead of Issuer, reports whether a value of "iss" is accepted,
	// where one set of keys serves the tenants of an issuer. It is called when the
	// signature has verified, and must be safe for concurrent use. Any of Keys may
	// sign for any of the issuers: tenants with keys of their own need a Verifier each.
	IssuerFunc func(issuer string) bool

	// Audience is the value that "aud" must contain.
	Audience string

	// Type is the "typ" required, such as "at+jwt". If empty, the token must have
	// none or "JWT".
	Type string

	// Required names claims that must be there besides iss, aud and exp.
	Required []string

	// MaxAge, if not zero, is the greatest age of a token, by its "iat", which is
	// then required.
	MaxAge time.Duration

	// Decrypter, if not nil, makes a nested token required: a signed one inside an
	// encrypted one, RFC 7519, Appendix A.2.
	Decrypter *Decrypter

	// Leeway is the clock difference tolerated in exp, nbf and iat. Zero means
	// 60 seconds, a negative value none; more than 5 minutes is an error.
	Leeway time.Duration

	// Now tells the time. If nil, time.Now.
	Now func() time.Time

	// Critical names the header parameters that the caller understands and heeds,
	// RFC 7515, Section 4.1.11.
	Critical []string

	// MaxSize is the greatest length of a token in bytes. Zero means
	// DefaultMaxSize.
	MaxSize int

	// InsecureWithoutExpiry accepts tokens without "exp", which whoever gets hold of
	// one can use for ever.
	InsecureWithoutExpiry bool

	// InsecureUntyped accepts, beside those of Type, tokens that have no "typ" or "JWT": for
	// kinds that were in use before they had a type. What is lost: a token of another kind
	// that is untyped too is told apart by its claims alone, which the caller must do.
	InsecureUntyped bool
}

// A Verifier verifies JSON Web Tokens, RFC 7519, Section 7.2, of one issuer for
// one audience. It is immutable and safe for concurrent use.
type Verifier struct {
	policy policy
	config VerifierConfig
}

// NewVerifier makes a Verifier, or says what is missing in c.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	p, err := newPolicy(c.Keys, c.Algorithms, c.Critical, c.MaxSize)
	switch {
	case err != nil:
		return nil, err
	case (c.Issuer == "") == (c.IssuerFunc == nil):
		return nil, errors.New("jose: one of VerifierConfig.Issuer and IssuerFunc is required")
	case c.Audience == "":
		return nil, errors.New("jose: VerifierConfig.Audience is required")
	case c.Leeway > MaxLeeway:
		return nil, errors.New("jose: VerifierConfig.Leeway must be at most 5 minutes")
	case slices.Contains(c.Required, ""):
		return nil, errors.New("jose: VerifierConfig.Required must have no empty name")
	case c.MaxAge < 0:
		return nil, errors.New("jose: VerifierConfig.MaxAge must not be negative")
	}
	c.Required = slices.Clone(c.Required)
	if c.Leeway == 0 {
		c.Leeway = DefaultLeeway
	}
	c.Leeway = max(c.Leeway, 0)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{p, c}, nil
}

// Verify checks a compact token in this order: size and shape, header, typ, alg,
// key, signature, and then, on the bytes that were signed, iss, aud, exp, nbf, iat
// and the claims required (RFC 7519, Section 7.2). A token that has to be encrypted
// is decrypted first.
//
// The error is a [*CheckError] that names the check, [ErrSignature],
// [ErrDecryption], or that of the key source. The Token is nil beside an error.
func (v *Verifier) Verify(ctx context.Context, compact string) (*Token, error) {
	if v.config.Decrypter == nil {
		return v.verify(ctx, compact)
	}
	inner, outer, err := v.config.Decrypter.nested(ctx, compact)
	if err != nil {
		return nil, err
	}
	t, err := v.verify(ctx, inner)
	if err != nil {
		return nil, err
	}
	l := verdict.New(ctx, checkError)
	for _, name := range registeredClaims {
		if outside := outer.Get(name); outside != nil {
			l.Check(string(outside) == t.Claim(name), name,
				"must be in the outer header what it is inside", "RFC 7519, Section 5.3")
		}
	}
	if l.Err() != nil {
		return nil, l.Err()
	}
	return t, nil
}

// verify checks a token that is not encrypted.
func (v *Verifier) verify(ctx context.Context, compact string) (*Token, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(len(compact) <= v.policy.maxSize, "size", "must be at most MaxSize",
		"RFC 7515, Section 7") {
		return nil, l.Err()
	}
	array, tries := [maxRSABits / 8]byte{}, newBudget()
	h, s, payload, err := parseCompact(array[:0], compact, v.policy.critical)
	if !parsed(l, "compact", "RFC 7515, Section 7.1", err) ||
		!l.Check(v.typeMatches(h.Type), "typ", "must be the type expected",
			"RFC 8725, Section 3.11") {
		return nil, l.Err()
	}
	key, err := v.policy.verify(ctx, l, h, s, &tries)
	if err != nil || key == nil {
		return nil, l.Err()
	}
	t, err := v.checkClaims(l, h, payload)
	if err != nil {
		return nil, err
	}
	t.Key = key
	return t, nil
}

// typeMatches compares media types as RFC 7515, Section 4.1.9 says.
func (v *Verifier) typeMatches(typ string) bool {
	untyped := typ == "" || equalTypes(typ, "JWT")
	if v.config.Type == "" {
		return untyped
	}
	return equalTypes(typ, v.config.Type) || untyped && v.config.InsecureUntyped
}

// equalTypes compares two media types, whose "application/" may be left out.
func equalTypes(a, b string) bool { return strings.EqualFold(subtype(a), subtype(b)) }

// subtype returns typ without "application/".
func subtype(typ string) string {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		return typ[len(prefix):]
	}
	return typ
}

// checkClaims checks the claims of a token whose signature verified.
func (v *Verifier) checkClaims(l *verdict.List, h Header, payload string) (*Token, error) {
	t, ok := parseClaims(h, payload)
	if !l.Check(ok, "claims", "must be strict JSON with registered claims of their types",
		"RFC 7519, Section 4.1") {
		return nil, l.Err()
	}
	now, leeway := v.config.Now(), v.config.Leeway
	l.Check(v.acceptsIssuer(t.Issuer), "iss", "must be the issuer expected",
		"RFC 7519, Section 4.1.1")
	l.Check(slices.Contains(t.Audience, v.config.Audience),
		"aud", "must contain the audience expected", "RFC 7519, Section 4.1.3")
	expires := t.held().members.Get("exp") != ""
	l.Check(expires && now.Before(t.ExpiresAt.Add(leeway)) ||
		!expires && v.config.InsecureWithoutExpiry,
		"exp", "must be present and in the future", "RFC 7519, Section 4.1.4")
	l.Check(!t.NotBefore.After(now.Add(leeway)), "nbf", "must not be in the future",
		"RFC 7519, Section 4.1.5")
	l.Check(!t.IssuedAt.After(now.Add(leeway)), "iat", "must not be in the future",
		"RFC 7519, Section 4.1.6")
	if v.config.MaxAge > 0 {
		l.Check(now.Add(-leeway-v.config.MaxAge).Before(t.IssuedAt),
			"iat", "must be present and at most MaxAge ago", "RFC 7519, Section 4.1.6")
	}
	for _, name := range v.config.Required {
		value := t.held().members.Get(name)
		l.Check(value != "" && !value.IsNull(), name, "must be present", "RFC 7519, Section 4")
	}
	if l.Err() != nil {
		return nil, l.Err()
	}
	return t, nil
}

func (v *Verifier) acceptsIssuer(issuer string) bool {
	if v.config.IssuerFunc != nil {
		return issuer != "" && v.config.IssuerFunc(issuer)
	}
	return issuer == v.config.Issuer
}
