package oauth1

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCheckError(t *testing.T) {
	e := &CheckError{"origin", "must be ours", "RFC 5849, Section 4.3"}
	if want := "oauth1: origin must be ours (RFC 5849, Section 4.3)"; e.Error() != want {
		t.Errorf("got %s, want %s", e, want)
	}
	for _, tt := range []struct {
		target error
		want   bool
	}{
		{&CheckError{Check: "origin"}, true},
		{&CheckError{Check: "host"}, false},
		{&CheckError{}, false},
		{&CheckError{Check: "origin", Need: "must be another's"}, true},
		{(*CheckError)(nil), false},
		{ErrAccessDenied, false},
		{e, true},
	} {
		if got := errors.Is(e, tt.target); got != tt.want {
			t.Errorf("Is(%v) = %t", tt.target, got)
		}
	}
}

func TestError(t *testing.T) {
	for _, tt := range []struct {
		status  int
		problem string
		want    string
		denied  bool
	}{
		{401, "signature_invalid",
			"oauth1: refused by the provider with status 401: signature_invalid", false},
		{500, "", "oauth1: refused by the provider with status 500", false},
		{0, "user_refused", "oauth1: refused by the provider: user_refused", true},
		{401, "permission_denied",
			"oauth1: refused by the provider with status 401: permission_denied", true},
		{400, "Denied", "oauth1: refused by the provider with status 400", false},
		{400, "a\nb", "oauth1: refused by the provider with status 400", false},
		{400, strings.Repeat("a", 65), "oauth1: refused by the provider with status 400", false},
		{400, strings.Repeat("a", 64),
			"oauth1: refused by the provider with status 400: " + strings.Repeat("a", 64), false},
	} {
		e := newError(tt.status, tt.problem, "")
		if e.Error() != tt.want || errors.Is(e, ErrAccessDenied) != tt.denied {
			t.Errorf("%q: got %q, want %q", tt.problem, e, tt.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		"bad\r\n\x1b[31mtoken\x00":          "bad   [31mtoken ",
		"caf\u00e9 \u202e\u2028x":           "caf\u00e9   x",
		"\xff\xfea":                         "a",
		strings.Repeat("a", 300):            strings.Repeat("a", 200),
		strings.Repeat("a", 199) + "\u20ac": strings.Repeat("a", 199),
	} {
		got := newError(500, "", in).Excerpt()
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if len(got) > 200 || !utf8.ValidString(got) ||
			strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q: unfit for a terminal: %q", in, got)
		}
	}
	if got := new(Error).Excerpt(); got != "" {
		t.Errorf("zero Error: %q", got)
	}
}
