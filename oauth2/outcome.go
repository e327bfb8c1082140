package oauth2

import "fmt"

// An Outcome is how an attempt to get a new token ended.
type Outcome string

// The outcomes. Those of a [TokenChange] come first, then those of a [TokenError].
const (
	// OutcomeRefreshed: there is a new access token, and the refresh token is the old one.
	OutcomeRefreshed Outcome = "refreshed"

	// OutcomeRotated: there are a new access token and a new refresh token, and the old
	// refresh token is good no more (RFC 9700, Section 4.14.2).
	OutcomeRotated Outcome = "rotated"

	// OutcomeGranted: the token is another, by TokenSourceOptions.Grant.
	OutcomeGranted Outcome = "granted"

	// OutcomeSaved: the token is another, by [TokenSource.Save].
	OutcomeSaved Outcome = "saved"

	// OutcomeTransient: the server or the store could not be asked, or said to come again.
	// Nothing is known to be lost: try later.
	OutcomeTransient Outcome = "try again later"

	// OutcomeLoginRequired: there is nothing to get a token by: no token, no refresh
	// token, or one that the server refuses.
	OutcomeLoginRequired Outcome = "login required"

	// OutcomeReused: the server refuses a refresh token that was sent before, without its
	// answer being received: it was rotated, and what replaced it is lost. The user must
	// log in again: to errors.Is it is OutcomeLoginRequired too.
	OutcomeReused Outcome = "refresh token was used, login required"
)

// A TokenError says why a [TokenSource] has no token: its Outcome is OutcomeTransient,
// OutcomeLoginRequired or OutcomeReused.
//
// Two TokenErrors are the same to errors.Is if they have the same Outcome:
//
//	errors.Is(err, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired})
type TokenError struct {
	Outcome Outcome
	Err     error // the cause
}

// Error returns the outcome and the cause.
func (e *TokenError) Error() string {
	return fmt.Sprintf("oauth2: no token: %s (RFC 6749, Section 6): %v", e.Outcome, e.Err)
}

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Err }

// Is reports whether target is a *TokenError with the same Outcome.
func (e *TokenError) Is(target error) bool {
	t, ok := target.(*TokenError)
	return ok && t != nil && (t.Outcome == e.Outcome ||
		t.Outcome == OutcomeLoginRequired && e.Outcome == OutcomeReused)
}

// A SaveError says that the server gave a new token and the store did not take it. The
// source keeps it, and its next call tries to store it before anything else; who drops the
// source or ends the process before that must keep it, since the refresh token that it
// replaced may be good no more.
type SaveError struct {
	Err error // the store's

	token func() *Token // hidden from fmt as in Token
}

// Error returns that a token could not be saved, and the store's error.
func (e *SaveError) Error() string {
	return fmt.Sprintf("oauth2: a new token could not be saved: %v", e.Err)
}

// Unwrap returns the store's error.
func (e *SaveError) Unwrap() error { return e.Err }

// Token returns the token that could not be saved.
func (e *SaveError) Token() *Token { return e.token() }

// A TokenChange is a token in place of another.
type TokenChange struct {
	Key     TokenKey
	Old     *Token // nil if there was none
	New     *Token // nil if there is none any more
	Outcome Outcome
}
