package oauth2

import (
	"errors"
	"fmt"
	"io"
	"testing"
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
