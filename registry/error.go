package registry

import (
	"errors"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

// ErrAccessDenied is wrapped by the error of a login that the user, or the
// provider in the user's place, refused; by either protocol.
var ErrAccessDenied = errors.New("access denied")

func denied(err error) bool {
	return errors.Is(err, oauth1.ErrAccessDenied) || errors.Is(err, &oauth2.Error{Code: "access_denied"})
}

// A Reason is why a callback belongs to no login in the making.
type Reason string

// The reasons of a [TransactionError].
const (
	// ReasonNoState: the callback says nothing that a login could be found by.
	ReasonNoState Reason = "callback names no login"

	// ReasonOtherBrowser: this browser holds nothing of the login. It was begun in
	// another browser, the browser keeps no cookies, or it was never begun.
	ReasonOtherBrowser Reason = "login was not begun in this browser, or its cookie was lost"

	// ReasonUsed: the login has been completed, or refused, once.
	ReasonUsed Reason = "login was used"

	// ReasonExpired: the login took too long.
	ReasonExpired Reason = "login expired"

	// ReasonTampered: what the browser holds is not what it was given, or was sealed
	// by a key that is no longer known.
	ReasonTampered Reason = "login's cookie was changed"

	// ReasonOtherClient: the login is one with another client.
	ReasonOtherClient Reason = "login is of another client"

	// ReasonOtherPurpose: what was begun is not a login.
	ReasonOtherPurpose Reason = "transaction has another purpose"
)

// A TransactionError is a callback that belongs to no login in the making of
// this browser and client: RFC 6749, Section 10.12, and RFC 9700, Section 4.7.
// The user may try again.
//
// Two TransactionErrors are the same to errors.Is if they have the same Reason:
//
//	errors.Is(err, &registry.TransactionError{Reason: registry.ReasonExpired})
type TransactionError struct{ Reason Reason }

func (e *TransactionError) Error() string {
	return string(e.Reason) + " (RFC 6749, Section 10.12)"
}

// Is reports whether target is a *TransactionError with the same Reason.
func (e *TransactionError) Is(target error) bool {
	t, ok := target.(*TransactionError)
	return ok && t != nil && *t == *e
}

func because(r Reason) error { return &TransactionError{r} }
