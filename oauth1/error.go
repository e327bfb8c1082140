package oauth1

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"vouchsafe/internal/challenge"
	"vouchsafe/internal/redact"
	"vouchsafe/internal/verdict"
)

// ErrAccessDenied says that the user did not let the client in. It is the
// error of a callback that says so, and a kind of [Error] whose Problem is
// user_refused or permission_denied.
var ErrAccessDenied = errors.New("oauth1: access denied by the user")

// A CheckError is the error of whatever does not meet a rule: a configuration,
// an argument, a request to be signed or verified, a callback or a response. Its text says
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

	// Problem is the value of oauth_problem, "signature_invalid" for example, from
	// the body or the WWW-Authenticate header, or the member error of a JSON object;
	// empty if there was none made of 1 to 64 of the characters a-z, 0-9, _ and -.
	Problem string

	report func() report
}

// A report is what a provider says of a refusal, without what we know for secret.
type report struct {
	params map[string]string
	body   string
}

// newError makes an Error of a response and the parameters of its body. Whatever
// else it may repeat, it will not be secrets.
func newError(
	status int, h http.Header, body string, values map[string]string, secrets []string,
) *Error {
	params := challengeParams(h)
	for name, value := range values {
		params[name] = cmp.Or(value, params[name])
	}
	problem := cmp.Or(params["oauth_problem"], values["error"])
	if !plain(problem) || slices.Contains(secrets, problem) {
		problem = ""
	}
	body = redact.Text(body, secrets)
	for name, value := range params {
		if params[name] = redact.Text(value, secrets); redact.Named(name) {
			params[name] = redact.Mark
		}
	}
	return &Error{status, problem, func() report { return report{params, body} }}
}

// challengeParams returns the parameters of an OAuth challenge, one that is not too
// long.
func challengeParams(h http.Header) map[string]string {
	params, room := make(map[string]string), 16<<10
	for _, field := range h.Values("WWW-Authenticate") {
		if room -= len(field); room < 0 {
			break
		}
		challenges, _ := challenge.Parse(field)
		for _, c := range challenges {
			if !strings.EqualFold(c.Scheme, "OAuth") {
				continue
			}
			for _, p := range c.Params {
				params[p.Name] = unescape(p.Value)
			}
		}
	}
	return params
}

// ResponseError reads the response of an API to a signed request: nil unless its
// status is 400 or more, otherwise an [*Error], whose Problem may tell that the
// token has expired or was revoked. It then reads the body of resp, at most 64
// KiB, but does not close it.
func ResponseError(resp *http.Response) error {
	if resp.StatusCode < 400 {
		return nil
	}
	// What can be read is what there is to say.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, responseLimit))
	params, _ := parseResponse(string(body))
	return newError(resp.StatusCode, resp.Header, string(body), valuesOf(params), nil)
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

// Excerpt returns the beginning of the response's body, at most 200 bytes of it,
// with a space for whatever does not print. Much of what looks like a token or a
// secret is replaced, and in a login what is one of ours, but it is the provider's
// text: it is for finding out by hand why a provider refuses, not for logs.
func (e *Error) Excerpt() string { return redact.Excerpt(e.reported().body, 200) }

// Detail returns a parameter of the refusal called name as [Error.Excerpt] does,
// but at most 4,096 bytes of it: oauth_problem_advice, oauth_parameters_absent,
// oauth_acceptable_timestamps and others of the extension "OAuth Problem
// Reporting", or the empty string.
func (e *Error) Detail(name string) string {
	return redact.Excerpt(e.reported().params[name], 4096)
}

func (e *Error) reported() report {
	if e.report == nil {
		return report{}
	}
	return e.report()
}

// plain reports whether s, which others chose, can stand in an error's text.
func plain(s string) bool {
	return s != "" && len(s) <= 64 &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_0123456789") == ""
}

// because returns err as the cause of a CheckError, or nil if it is nil.
func because(err error, check, need, clause string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", &CheckError{check, need, clause}, err)
}

// checks returns a list whose failures are CheckErrors, and which reports to
// the function given to [WithTrace].
func checks(ctx context.Context) *verdict.List {
	return verdict.New(ctx, func(check, need, clause string) error {
		return &CheckError{Check: check, Need: need, Clause: clause}
	})
}

// WithTrace returns a context with which the functions of this package that take
// a context or a request tell f of each check as they make it: its name, its
// clause, and nil or the error it ended with. f is called on the goroutine that
// makes the check.
func WithTrace(ctx context.Context, f func(check, clause string, err error)) context.Context {
	return verdict.With(ctx, f)
}
