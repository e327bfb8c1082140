package jose

import (
	"context"
	"errors"
	"fmt"

	"vouchsafe/internal/verdict"
)

// ErrSignature is returned for every signature that does not verify, and
// ErrDecryption for everything that does not decrypt, so that an error never
// tells which step came close.
var (
	ErrSignature  = errors.New("jose: signature does not verify")
	ErrDecryption = errors.New("jose: does not decrypt")
)

// A CheckError names a check that something did not pass. Its text never repeats
// what was checked. The packages oauth2 and oidc use it too.
//
// Two CheckErrors are the same to errors.Is if they name the same check:
//
//	errors.Is(err, &jose.CheckError{Check: "exp"})
type CheckError struct {
	Check  string // what was checked: "alg", "aud", "nonce", ...
	Need   string // what it must be: "must contain the audience"
	Clause string // what asks for it: "RFC 7519, Section 4.1.3"
}

// Error returns the check, what it must be, and the clause.
func (e *CheckError) Error() string {
	return fmt.Sprintf("%s %s (%s)", e.Check, e.Need, e.Clause)
}

// Is reports whether target is a *CheckError that names the same check.
func (e *CheckError) Is(target error) bool {
	t, ok := target.(*CheckError)
	return ok && t != nil && t.Check == e.Check
}

// WithTrace returns a context under which f hears of every check that this module makes,
// after whoever heard of them under ctx: its name, its clause, and nil or the error it
// ended with. f is called on the goroutine that makes the check, which for those of
// discovery and of an oauth2.TokenSource may be another one and go on after the call has
// returned: f must be safe for concurrent use. It is never called with a secret.
func WithTrace(ctx context.Context, f func(check, clause string, err error)) context.Context {
	return verdict.With(ctx, f)
}

func checkError(check, need, clause string) error {
	return &CheckError{Check: check, Need: need, Clause: clause}
}
