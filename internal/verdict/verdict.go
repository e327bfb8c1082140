// Package verdict makes named checks one after the other, stops at the first
// that fails, and tells a listener carried by the context of each as it is
// made. It is what jose, oauth1, oauth2 and oidc write their lists of checks
// with, so that every list reads alike and every check has a name and a clause.
package verdict

import "context"

// A Func hears of one check: its name, the clause that asks for it, and nil or
// the error it ended with.
type Func = func(check, clause string, err error)

type key struct{}

// With returns a context whose checks f hears, after whoever heard those of ctx. f is
// called on the goroutine that makes the check; nil hears nothing.
func With(ctx context.Context, f Func) context.Context {
	heard := f
	if before, _ := ctx.Value(key{}).(Func); f == nil {
		heard = before
	} else if before != nil {
		heard = func(check, clause string, err error) {
			before(check, clause, err)
			f(check, clause, err)
		}
	}
	return context.WithValue(ctx, key{}, heard)
}

// A List makes checks. Once one has failed, later ones are not made.
type List struct {
	hear Func
	fail func(check, need, clause string) error
	err  error
}

// New returns a List that reports to the listener of ctx, if any, and makes
// the errors of its failed checks with fail.
func New(ctx context.Context, fail func(check, need, clause string) error) *List {
	hear, _ := ctx.Value(key{}).(Func)
	return &List{hear: hear, fail: fail}
}

// Check makes the check named check: ok, or the thing did not meet need, which
// clause asks for. It reports whether this check and all before it passed.
func (l *List) Check(ok bool, check, need, clause string) bool {
	if l.err != nil {
		return false
	}
	var err error
	if !ok {
		err = l.fail(check, need, clause)
	}
	return l.Result(check, clause, err)
}

// Result records a check that was made elsewhere and ended with err. It
// reports whether it and all before it passed.
func (l *List) Result(check, clause string, err error) bool {
	if l.err != nil {
		return false
	}
	l.err = err
	if l.hear != nil {
		l.hear(check, clause, err)
	}
	return err == nil
}

// Err returns the error of the check that failed, or nil.
func (l *List) Err() error { return l.err }
