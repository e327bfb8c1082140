package registry

import (
	"errors"
	"html/template"
	"net/http"

	"vouchsafe/internal/webpage"
)

// A fault is an error of this site, or of a request to it, and no provider's.
type fault struct {
	status int
	err    error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

var errForm = errors.New("registry: the parameters of a request must be a form of less than 64 KiB")

// ErrorPage shows an error of a login in plain words: nothing of it is what a provider or the
// request says. [HandlerOptions].Error takes its place, and may log err and then call it.
//
// The status is 403 if access was denied, and where a request came from another site or for
// another user; 404 if there is no such client; 503 before [Registry.Init], and if
// Options.Resolve failed; 400 for another [TransactionError], and for a request that cannot
// be; 500 if the Store, HandlerOptions.LoggedIn or LoggedOut failed; and otherwise 502: the
// provider did not answer as it must. Of a logout that does not reach the provider it is 502
// whatever the cause, but for the Store, as the user is logged out of the site.
//
// The page links to "/", is not to be stored or framed, and may load nothing.
func ErrorPage(w http.ResponseWriter, _ *http.Request, err error) { showError(w, err, "/") }

// showError shows err on a page that links to home, a path of this site.
func showError(w http.ResponseWriter, err error, home string) {
	p := problemOf(err)
	webpage.Protect(w.Header(), "form-action 'none'; style-src", webpage.Style)
	w.WriteHeader(p.Status)
	errorPage.Execute(w, struct {
		problem
		Home string
	}{p, home})
}

// A problem is why there is no login, in words for the user.
type problem struct {
	Status      int
	Title, Text string
	Link        string // the text of the link to Home
}

const (
	tryAgain = "Try again"
	goBack   = "Back to the site"
)

func problemOf(err error) problem {
	if errors.Is(err, ErrAccessDenied) {
		return problem{http.StatusForbidden, "The login was cancelled",
			"You said no, or the provider did in your place. Nothing has changed here.", tryAgain}
	}
	if f, ok := errors.AsType[*fault](err); ok {
		return f.problem()
	}
	if e, ok := errors.AsType[*TransactionError](err); ok {
		return unfit(e.Reason)
	}
	if errors.Is(err, ErrNotRegistered) {
		return problem{http.StatusNotFound, "There is no such login",
			"This site has no provider of that name.", goBack}
	}
	if _, ok := errors.AsType[*ConfigError](err); ok || errors.Is(err, ErrNotInitialized) {
		return problem{http.StatusServiceUnavailable, "This login is not available",
			"This site cannot offer it at the moment. It may work later.", tryAgain}
	}
	return problem{http.StatusBadGateway, "The login did not work",
		"The provider did not answer, or not as it must. It may work later.", tryAgain}
}

func (f *fault) problem() problem {
	switch f.status {
	case http.StatusBadRequest:
		return problem{f.status, "This request cannot be answered",
			"What led you here asks for something that this site does not do.", goBack}
	case http.StatusBadGateway: // which is a logout's
		return problem{f.status, "You are logged out of this site alone",
			"The provider could not be told. You may still be logged in there.", goBack}
	}
	return problem{f.status, "Something went wrong here",
		"This site could not finish what it began. It may work later.", tryAgain}
}

// unfit says what it means that a callback belongs to no login.
func unfit(r Reason) problem {
	p := problem{http.StatusBadRequest, "This login cannot be completed", "", tryAgain}
	switch r {
	case ReasonNoState:
		p.Text = "Providers send you back to this page, and there is nothing to see without " +
			"their answer."
	case ReasonOtherBrowser:
		p.Text = "It was not begun in this browser, or the browser did not keep its cookie. " +
			"If somebody sent you a link to here, it was to log you in as them."
	case ReasonUsed, ReasonCompleted:
		p.Text = "The answer of a provider works once, and this one has been used. " +
			"Reloading the page, or going back to it, sends it again."
	case ReasonExpired:
		p.Text = "It took too long."
	case ReasonTampered:
		p.Text = "Its cookie is not the one that this site has set, or is too old."
	case ReasonOtherClient:
		p.Text = "It was begun with another provider than the one that has answered."
	case ReasonOtherProvider:
		p.Text = "This site has changed how it works with the provider since it was begun."
	case ReasonOtherUser:
		p.Status, p.Title = http.StatusForbidden, "This account cannot be linked"
		p.Text = "To link an account, log in here first, and stay logged in as the same user " +
			"until it is done."
	case ReasonOtherSite:
		p.Status, p.Title = http.StatusForbidden, "This request was refused"
		p.Text, p.Link = "It does not come from a page of this site.", goBack
	default:
		p.Text = "The answer does not belong to a login that this browser began."
	}
	return p
}

var errorPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>` + webpage.Style + `</style>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<a href="{{.Home}}">{{.Link}}</a>
</main>
</html>
`))
