package oauth2

import (
	"fmt"
	"net/http"
	"strings"

	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
)

// An Error is a refusal by the authorization server: an error response of its
// token endpoint (RFC 6749, Section 5.2), or of its authorization endpoint,
// brought by the browser (RFC 6749, Section 4.1.2.1).
//
// Its text has the code and the status. The server's own words are left out of
// it, because servers repeat codes and tokens in them: [Error.Description]
// returns them to those who will not log them.
//
// Two Errors are the same to errors.Is if they have the same code:
//
//	errors.Is(err, &oauth2.Error{Code: "invalid_grant"})
type Error struct {
	Code   string // "invalid_grant", ...; empty if the response named none
	Status int    // the HTTP status; 0 if the browser brought the error

	words func() (description, uri string) // hidden from fmt as in Token
}

func (e *Error) said() (description, uri string) {
	if e.words == nil {
		return "", ""
	}
	return e.words()
}

func quote(description, uri string) func() (string, string) {
	return func() (string, string) { return description, uri }
}

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
func (e *Error) Description() string {
	description, _ := e.said()
	return description
}

// URI returns the server's error_uri, on which the same caution applies.
func (e *Error) URI() string {
	_, uri := e.said()
	return uri
}

const (
	maxCode     = 64
	unprintable = "(unprintable)"
)

// errorCode returns an error code as it may be printed: of the characters that
// RFC 6749, Appendix A.7 allows, and not longer than any that exists. Another is
// no code.
func errorCode(code string) string {
	odd := func(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' }
	if len(code) > maxCode || strings.ContainsFunc(code, odd) {
		return unprintable
	}
	return code
}

// errorOf reads an error response, and gives nil if m is none. An error that is
// no string, as some servers have it, is one without a code.
func errorOf(m strictjson.Object, status int) *Error {
	v := m.Get("error")
	code, isString := v.String()
	if v == "" || v.IsNull() || isString && code == "" {
		return nil
	}
	description, _ := m.Get("error_description").String()
	uri, _ := m.Get("error_uri").String()
	return &Error{Code: errorCode(code), Status: status, words: quote(description, uri)}
}

func checkError(check, need, clause string) error {
	return &jose.CheckError{Check: check, Need: need, Clause: clause}
}
