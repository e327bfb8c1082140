package oauth2

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"vouchsafe/jose"
)

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		err  *Error
		want string
	}{
		{&Error{Code: "access_denied"}, "oauth2: server refused: access_denied"},
		{&Error{Code: "invalid_grant", Status: 400},
			"oauth2: server refused: invalid_grant (400 Bad Request)"},
		{&Error{Status: 502}, "oauth2: server refused (502 Bad Gateway)"},
		{&Error{}, "oauth2: server refused"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("text is %q, want %q", got, test.want)
		}
		if test.err.Description() != "" || test.err.URI() != "" {
			t.Errorf("%v has words", test.err)
		}
	}
}

// A check says what it asks for and which clause does.
func TestCheckErrorText(t *testing.T) {
	_, err := read(200, "application/json", `{}`)
	const want = "access_token must be a printable string (RFC 6749, Section 5.1)"
	if err == nil || err.Error() != want {
		t.Errorf("text is %v, want %s", err, want)
	}
}

// Errors are the same by their code, if they have one.
func TestErrorIs(t *testing.T) {
	denied := &Error{Code: "access_denied"}
	for _, test := range []struct {
		err, target error
		want        bool
	}{
		{&Error{Code: "access_denied", Status: 400}, denied, true},
		{fmt.Errorf("login: %w", &Error{Code: "access_denied"}), denied, true},
		{&Error{Code: "server_error"}, denied, false},
		{&Error{Status: 500}, denied, false},
		{&Error{Status: 500}, &Error{}, false},
		{denied, io.EOF, false},
		{denied, (*Error)(nil), false},
	} {
		if got := errors.Is(test.err, test.target); got != test.want {
			t.Errorf("%v is %v: %v, want %v", test.err, test.target, got, test.want)
		}
	}
}

// Errors of the same code are the same whatever else they have, and no others are.
func TestErrorIsByCodeOnly(t *testing.T) {
	a := &Error{Code: "x", Status: 400, RetryAfter: 1, words: words{description: "a"}.hidden()}
	if !errors.Is(a, &Error{Code: "x"}) || errors.Is(a, &Error{Code: "X"}) ||
		errors.Is(a, &jose.CheckError{Check: "x"}) {
		t.Error("compared by something else")
	}
}

// RFC 6749, Appendix A.7: what a code may be of, and no longer than any that exists.
func TestErrorCode(t *testing.T) {
	const no = "(unprintable)"
	for code, want := range map[string]string{
		"":                      "",
		"invalid_grant":         "invalid_grant",
		"!~#[]":                 "!~#[]",
		"a b":                   no,
		"a\tb":                  no,
		"a\nb":                  no,
		"a\x00":                 no,
		"a\x7f":                 no,
		`a"b`:                   no,
		`a\b`:                   no,
		"\u00e9":                no,
		"\xff":                  no,
		strings.Repeat("e", 64): strings.Repeat("e", 64),
		strings.Repeat("e", 65): no,
	} {
		if got := errorCode(code); got != want {
			t.Errorf("%q: code is %q, want %q", code, got, want)
		}
	}
}

// The excerpt is the beginning of the body, as it can be shown.
func TestErrorExcerpt(t *testing.T) {
	for body, want := range map[string]string{
		"":                          "",
		"<html>\n\x1b[2Jno\u00e9":   "<html>  [2Jno\u00e9",
		"bad \xff byte":             "bad  byte",
		strings.Repeat("x", 200):    strings.Repeat("x", 200),
		strings.Repeat("y", 201):    strings.Repeat("y", 200),
		`{"client_secret":"abc"}`:   `{"client_secret":"[redacted]"}`,
		"told me refresh_token=abc": "told me refresh_token=[redacted]",
	} {
		_, err := read(500, "text/html", body)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Excerpt() != want {
			t.Errorf("%q: excerpt is %q, want %q", body, e.Excerpt(), want)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v %s", e, e, e, e), "html") {
			t.Errorf("printed as %+v", e)
		}
	}
	if (&Error{}).Excerpt() != "" || (&Error{}).Challenges() != nil {
		t.Error("the zero Error has words")
	}
}
