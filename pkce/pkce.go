// Package pkce implements Proof Key for Code Exchange, RFC 7636, with the
// challenge method S256 only: "plain" shows the verifier to whoever sees the
// authorization request, which is what the extension exists to prevent
// (RFC 9700, Section 2.1.1).
//
// oauth2 and oidc use it for every authorization code request. What is left to
// a direct caller: keeping the verifier with the login it belongs to, and
// sending each one once.
package pkce

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"vouchsafe/internal/random"
)

// Method is the value of code_challenge_method, RFC 7636, Section 4.3.
const Method = "S256"

// ErrVerifier is the error of a text that is not a code verifier.
var ErrVerifier = errors.New("pkce: code verifier must have 43 to 128 unreserved characters " +
	"(RFC 7636, Section 4.1)")

// A Verifier is a code verifier, RFC 7636, Section 4.1. Printing it does not
// show it. The zero value is no verifier: its methods return empty strings.
type Verifier struct {
	_ [0]func() // not comparable: == takes a time that depends on the secret
	s *string
}

// New makes a verifier of 256 random bits.
func New() Verifier {
	s := random.Text()
	return Verifier{s: &s}
}

// reserved reports whether a verifier may not contain r, RFC 7636, Section 4.1.
func reserved(r rune) bool { return !strings.ContainsRune(unreserved, r) }

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// Parse returns the verifier s, or [ErrVerifier] if it is none: 43 to 128
// characters, all unreserved.
func Parse(s string) (Verifier, error) {
	if len(s) < 43 || len(s) > 128 || strings.ContainsFunc(s, reserved) {
		return Verifier{}, ErrVerifier
	}
	return Verifier{s: &s}, nil
}

// Challenge returns the S256 code challenge of v, RFC 7636, Section 4.2: public,
// for the authorization request.
func (v Verifier) Challenge() string {
	if v.s == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(*v.s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Reveal returns the verifier itself: secret, for the token request.
func (v Verifier) Reveal() string {
	if v.s == nil {
		return ""
	}
	return *v.s
}
