package oauth1

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"vouchsafe/internal/verdict"
)

// ErrAccessDenied says that the user did not let the client in. It is the
// error of a callback that says so, and a kind of [Error] whose Problem is
// user_refused or permission_denied.
var ErrAccessDenied = errors.New("oauth1: access denied by the user")

// A CheckError is the error of whatever does not meet a rule: a configuration,
// an argument, a request to be signed, a callback or a response. Its text says
// what was required and where, never what was there instead. The package
// documentation lists the checks.
type CheckError struct {
	Check  string // "oauth_verifier", "origin", ...
	Need   string // "must be present"
	Clause string // "RFC 5849, Section 2.3"
}

// Error returns the check, what it asks for, and the clause.
func (e *CheckError) Error() string {
	return fmt.Sprintf("oauth1: %s %s (%s)", e.Check, e.Need, e.Clause)
}

// Is reports whether target is a *CheckError that names the same check, so that
// errors.Is(err, &CheckError{Check: "origin"}) asks for a kind.
func (e *CheckError) Is(target error) bool {
	t, ok := target.(*CheckError)
	return ok && t != nil && t.Check == e.Check
}

// An Error is a refusal by the provider. Its text holds nothing of the
// provider's but Status and Problem.
type Error struct {
	// Status is that of the response, 401 for example; zero if the refusal
	// came with the callback.
	Status int

	// Problem is the value of oauth_problem, "signature_invalid" for example;
	// empty if there was none made of 1 to 64 of the characters a-z, 0-9 and _.
	Problem string

	body *string
}

func newError(status int, problem, body string) *Error {
	if !plain(problem) {
		problem = ""
	}
	return &Error{Status: status, Problem: problem, body: &body}
}

// Error returns the status and the problem.
func (e *Error) Error() string {
	text := "oauth1: refused by the provider"
	if e.Status != 0 {
		text += fmt.Sprintf(" with status %d", e.Status)
	}
	if e.Problem != "" {
		text += ": " + e.Problem
	}
	return text
}

// Is reports whether target is [ErrAccessDenied] and the problem is that the
// user refused.
func (e *Error) Is(target error) bool {
	return target == ErrAccessDenied &&
		(e.Problem == "user_refused" || e.Problem == "permission_denied")
}

// Excerpt returns the beginning of the response's body, at most 200 bytes of
// it, with a space for whatever does not print. It can be anything, a token
// too: it is for finding out by hand why a provider refuses, not for logs.
func (e *Error) Excerpt() string {
	if e.body == nil {
		return ""
	}
	text := strings.ToValidUTF8((*e.body)[:min(200, len(*e.body))], "")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// plain reports whether s, which others chose, can stand in an error's text.
func plain(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_0123456789") == ""
}

// checks returns a list whose failures are CheckErrors, and which reports to
// the function given to [WithTrace].
func checks(ctx context.Context) *verdict.List {
	return verdict.New(ctx, func(check, need, clause string) error {
		return &CheckError{Check: check, Need: need, Clause: clause}
	})
}

// WithTrace returns a context with which the functions of this package tell f
// of each check as they make it: its name, its clause, and nil or the error it
// ended with. f is called on the goroutine that makes the check.
func WithTrace(ctx context.Context, f func(check, clause string, err error)) context.Context {
	return verdict.With(ctx, f)
}
