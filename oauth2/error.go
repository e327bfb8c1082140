package oauth2

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/redact"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// An Error is a refusal by a server: an error response of one of the authorization
// server's endpoints (RFC 6749, Section 5.2), of its authorization endpoint, brought by
// the browser (RFC 6749, Section 4.1.2.1), or of a resource (RFC 6750, Section 3).
//
// Its text has the code and the status. The server's own words are left out of
// it, because servers repeat codes and tokens in them: [Error.Description],
// [Error.URI] and [Error.Excerpt] return them to those who will not log them.
//
// Two Errors are the same to errors.Is if they have the same code:
//
//	errors.Is(err, &oauth2.Error{Code: "invalid_grant"})
type Error struct {
	// Code is the error code, "invalid_grant" for example; empty if the response named none.
	// One that is no code, or a secret of the request, is "(unprintable)".
	Code string

	// Status is the HTTP status; 0 if the browser brought the error.
	Status int

	// RetryAfter is how long the server asks to wait before the next request (RFC
	// 9110, Section 10.2.3); zero if it does not say.
	RetryAfter time.Duration

	words func() words // hidden from fmt as in Token
}

// words are what a server says of a refusal.
type words struct {
	description, uri, body string
	challenges             []Challenge
}

func (w words) hidden() func() words { return func() words { return w } }

func (e *Error) said() words {
	if e.words == nil {
		return words{}
	}
	return e.words()
}

// Error returns the code and the status.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("oauth2: server refused")
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d %s)", e.Status, http.StatusText(e.Status))
	}
	return b.String()
}

// Is reports whether target is an *Error with the same, not empty, code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t.Code == e.Code && e.Code != ""
}

// Description returns the server's error_description: words of a stranger, to be
// neither trusted nor logged.
func (e *Error) Description() string { return e.said().description }

// URI returns the server's error_uri, on which the same caution applies.
func (e *Error) URI() string { return e.said().uri }

// Excerpt returns the beginning of the response's body, at most 200 bytes of it,
// with a space for whatever does not print and without what the request sent that is
// secret. It is for finding out by hand why a server refuses, not for logs.
func (e *Error) Excerpt() string { return redact.Excerpt(e.said().body, 200) }

// Challenges returns the challenges of a resource's refusal, see [ResponseError].
func (e *Error) Challenges() []Challenge { return slices.Clone(e.said().challenges) }

const (
	maxCode     = 64
	unprintable = "(unprintable)"
)

// errorCode returns an error code as it may be printed: of the characters that
// RFC 6749, Appendix A.7 allows, and not longer than any that exists. Another is
// no code.
func errorCode(code string) string {
	if len(code) > maxCode || strings.ContainsFunc(code, odd) {
		return unprintable
	}
	return code
}

// refusal returns the refusal that a is, or nil if it is none: its status is not 200,
// or it has an error member, whatever its status, as some servers send 200. An
// error that is no string, as others have it, is one without a code. Where the body says
// none, as of a token that was no good, a challenge may (RFC 6750, Section 3).
func (a answer) refusal(m strictjson.Object) error {
	v := m.Get("error")
	code, isString := v.String()
	if a.Status == http.StatusOK && (absent(v) || isString && code == "") {
		return nil
	}
	if absent(v) {
		code = resourceCode(bearerChallenge(ParseChallenges(a.Header)).Params["error"])
	}
	description, _ := m.Get("error_description").String()
	uri, _ := m.Get("error_uri").String()
	wait, _ := httpclient.RetryAfter(a.Header, a.now)
	secrets := secretsOf(a.req)
	e := &Error{
		Code:       errorCode(code),
		Status:     a.Status,
		RetryAfter: wait,
		words: words{
			description: redact.Text(description, secrets),
			uri:         redact.Text(uri, secrets),
			body:        redact.Text(string(a.Body), secrets),
		}.hidden(),
	}
	if repeats(e.Code, secrets) {
		e.Code = unprintable
	}
	return e
}

// repeats reports whether text is one of the secrets, or has one in it that is not too
// short to tell: a server could return one as its error code.
func repeats(text string, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool {
		return s != "" && s == text || len(s) >= 8 && strings.Contains(text, s)
	})
}

// ResponseError reads the response of a resource to a request with a token: nil unless
// its status is 400 or more, otherwise an [*Error]. Its Code is that of the challenge
// for Bearer tokens, RFC 6750, Section 3.1: "invalid_token" for a token that has
// expired or was revoked, "insufficient_scope" for one that does not suffice. A code
// that no specification has is in [Error.Challenges] alone, and Code is empty.
//
// The body is not read and left to the caller, and so is closing it.
func ResponseError(resp *http.Response) error {
	if resp.StatusCode < http.StatusBadRequest {
		return nil
	}
	list := ParseChallenges(resp.Header)
	said := bearerChallenge(list).Params
	wait, _ := httpclient.RetryAfter(resp.Header, time.Now())
	return &Error{
		Code:       resourceCode(said["error"]),
		Status:     resp.StatusCode,
		RetryAfter: wait,
		words: words{
			description: said["error_description"],
			uri:         said["error_uri"],
			challenges:  list,
		}.hidden(),
	}
}

// bearerChallenge returns the first challenge for Bearer tokens that has a code, or if
// none has, the last.
func bearerChallenge(list []Challenge) Challenge {
	var found Challenge
	for _, c := range list {
		if strings.EqualFold(c.Scheme, bearer) && found.Params["error"] == "" {
			found = c
		}
	}
	return found
}

// resourceCode returns one of the codes that resources have, RFC 6750, Section 3.1, RFC
// 9449, Section 12.2, RFC 9470, Section 3, and of Microsoft, or nothing: another could be
// the token that was sent, which nobody here knows.
func resourceCode(code string) string {
	known := []string{"invalid_request", "invalid_token", "insufficient_scope",
		"invalid_dpop_proof", "use_dpop_nonce", "insufficient_user_authentication",
		"insufficient_claims"}
	if !slices.Contains(known, code) {
		return ""
	}
	return code
}

func checkError(check, need, clause string) error {
	return &jose.CheckError{Check: check, Need: need, Clause: clause}
}

// checks returns a list whose failures are CheckErrors, and which reports to the
// function given to [jose.WithTrace].
func checks(ctx context.Context) *verdict.List { return verdict.New(ctx, checkError) }
