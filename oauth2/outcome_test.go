package oauth2

import (
	"errors"
	"fmt"
	"testing"
)

// A TokenError is one of its outcome, and one that is reused requires a login too.
func TestTokenErrorIs(t *testing.T) {
	for _, test := range []struct {
		outcome Outcome
		target  error
		want    bool
	}{
		{OutcomeTransient, &TokenError{Outcome: OutcomeTransient}, true},
		{OutcomeTransient, &TokenError{Outcome: OutcomeLoginRequired}, false},
		{OutcomeTransient, &TokenError{Outcome: OutcomeReused}, false},
		{OutcomeLoginRequired, &TokenError{Outcome: OutcomeLoginRequired}, true},
		{OutcomeLoginRequired, &TokenError{Outcome: OutcomeReused}, false},
		{OutcomeLoginRequired, &TokenError{Outcome: OutcomeTransient}, false},
		{OutcomeReused, &TokenError{Outcome: OutcomeReused}, true},
		{OutcomeReused, &TokenError{Outcome: OutcomeLoginRequired}, true},
		{OutcomeReused, &TokenError{Outcome: OutcomeTransient}, false},
		{OutcomeReused, (*TokenError)(nil), false},
		{OutcomeReused, &TokenError{}, false},
		{OutcomeReused, errors.New("x"), false},
		{OutcomeReused, &Error{Code: "invalid_grant"}, true},
		{OutcomeReused, &Error{Code: "invalid_client"}, false},
	} {
		err := fmt.Errorf("wrapped: %w", &TokenError{test.outcome, invalidGrant()})
		if errors.Is(err, test.target) != test.want {
			t.Errorf("%q is %#v: want %t", test.outcome, test.target, test.want)
		}
	}
}

func TestTexts(t *testing.T) {
	cause := errors.New("the cause")
	for want, err := range map[string]error{
		"oauth2: no token: try again later (RFC 6749, Section 6): the cause": &TokenError{
			OutcomeTransient, cause},
		"oauth2: no token: login required (RFC 6749, Section 6): the cause": &TokenError{
			OutcomeLoginRequired, cause},
		"oauth2: no token: refresh token was used, login required (RFC 6749, Section 6): " +
			"the cause": &TokenError{OutcomeReused, cause},
		"oauth2: a new token could not be saved: the cause": &SaveError{cause, nil},
	} {
		if err.Error() != want {
			t.Errorf("got  %q\nwant %q", err, want)
		}
		if errors.Unwrap(err) != cause {
			t.Errorf("%q: the cause is %v", want, errors.Unwrap(err))
		}
	}
}

// A SaveError hands the token over.
func TestSaveErrorToken(t *testing.T) {
	tok := held(t)
	if got := (&SaveError{nil, func() *Token { return tok }}).Token(); got != tok {
		t.Errorf("got %v", got)
	}
}
