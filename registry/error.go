package registry

import (
	"errors"
	"slices"
	"strconv"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

var (
	// ErrAccessDenied is wrapped by the error of a login that the user, or the
	// provider in the user's place, refused; by either protocol.
	ErrAccessDenied = errors.New("access denied")

	// ErrNotInitialized is wrapped by the error of a client that is used before
	// [Registry.Init].
	ErrNotInitialized = errors.New("the registry has no settings yet")

	// ErrNotRegistered is wrapped by the error of a name that no client has, and of a client
	// that was removed.
	ErrNotRegistered = errors.New("no client of this name is registered")
)

// A ConfigError is a configuration that cannot work. Err says why, and never has a secret.
type ConfigError struct {
	Client string // its name
	Field  string // of Config; empty if it is not about one
	From   string // where the value is from, if it was not in the Config that was given
	Err    error
}

// Error returns the client, the field, where its value is from, and what is wrong with it.
func (e *ConfigError) Error() string {
	text := "registry: " + strconv.Quote(e.Client) + ": "
	if e.Field != "" {
		text += "Config." + e.Field
		if e.From != "" {
			text += " (" + e.From + ")"
		}
		text += ": "
	}
	return text + e.Err.Error()
}

// Unwrap returns Err.
func (e *ConfigError) Unwrap() error { return e.Err }

// configError returns err as that of a client, whose fields are from where origins say.
func configError(name string, origins map[string]string, err error) error {
	found, ok := errors.AsType[*ConfigError](err)
	if !ok {
		found = &ConfigError{Err: err}
	}
	e := *found
	e.Client = name
	if e.From == "" {
		e.From = origins[e.Field]
	}
	return &e
}

var (
	errName = errors.New("a name must have 1 to 64 letters, digits, '-', '_' and '.', " +
		"not dots alone")
	errTaken = errors.New("a client of this name is registered")
)

// deniedCodes are the code of RFC 6749, Section 4.1.2.1, and what some providers have instead.
var deniedCodes = []string{"access_denied", "user_denied", "user_cancelled_login",
	"user_cancelled_authorize"}

func denied(err error) bool {
	return errors.Is(err, oauth1.ErrAccessDenied) ||
		slices.ContainsFunc(deniedCodes, func(code string) bool {
			return errors.Is(err, &oauth2.Error{Code: code})
		})
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

	// ReasonUsed: the login has been tried once, or the cache does not know it any more.
	ReasonUsed Reason = "login was used"

	// ReasonCompleted: the login has been completed, and HandlerOptions.LoggedIn has taken it.
	ReasonCompleted Reason = "login was completed"

	// ReasonExpired: the login took too long.
	ReasonExpired Reason = "login expired"

	// ReasonTampered: what the browser holds is not what it was given, or was sealed
	// by a key that is no longer known.
	ReasonTampered Reason = "what was kept of the login was changed"

	// ReasonOtherClient: the login is one with another client.
	ReasonOtherClient Reason = "login is of another client"

	// ReasonOtherProvider: the client has been given another provider since.
	ReasonOtherProvider Reason = "login's provider is no longer this client's"

	// ReasonOtherPurpose: what was begun is not a login.
	ReasonOtherPurpose Reason = "transaction has another purpose"

	// ReasonOtherUser: the login is to link an account to a user of the application who is
	// not the one now.
	ReasonOtherUser Reason = "login is to link an account to another user"

	// ReasonOtherSite: what is to link an account, or to end a session, was not asked for by
	// a page of this site; or a login was begun from within a page of another.
	ReasonOtherSite Reason = "request does not come from a page of this site"
)

// A TransactionError is a callback that belongs to no login in the making of
// this browser and client: RFC 6749, Section 10.12, and RFC 9700, Section 4.7.
// The user may try again.
//
// Two TransactionErrors are the same to errors.Is if they have the same Reason:
//
//	errors.Is(err, &registry.TransactionError{Reason: registry.ReasonExpired})
type TransactionError struct{ Reason Reason }

// Error returns the reason.
func (e *TransactionError) Error() string {
	return string(e.Reason) + " (RFC 6749, Section 10.12)"
}

// Is reports whether target is a *TransactionError with the same Reason.
func (e *TransactionError) Is(target error) bool {
	t, ok := target.(*TransactionError)
	return ok && t != nil && *t == *e
}

func because(r Reason) error { return &TransactionError{r} }
