package main

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"

	"vouchsafe/registry"
)

//go:embed page
var files embed.FS

var pages = template.Must(template.ParseFS(files, "page/*.html"))

type homePage struct {
	Providers, Others []provider
	Password          string
	Base              string
	Account           *account // nil if nobody is logged in
}

type accountPage struct {
	*account
	Call      call
	Refreshes []refresh
	Token     *tokenView // nil if it is one of OAuth 1.0
}

// A problem is why there is no page, or no login, in words for the user.
type problem struct {
	Status      int
	Title, Text string
	Again       string  // the provider to try again with, if any
	Err         error   // what went wrong, if it was a login
	Checks      []check // those made, the last of which may have failed
}

var notFound = problem{
	Status: http.StatusNotFound,
	Title:  "Page not found",
	Text:   "There is no page, and no provider, of that name.",
}

var notForm = problem{
	Status: http.StatusBadRequest,
	Title:  "This request cannot be answered",
	Text:   "It is not a form, or too large.",
}

// explain puts the error of a login into words.
func explain(provider string, err error, made *checks) problem {
	p := problem{
		Status: http.StatusBadGateway,
		Title:  "The login did not work",
		Text:   "The provider did not answer, or not as it must.",
		Again:  provider,
		Err:    err,
		Checks: made.list(),
	}
	var unfit *registry.TransactionError
	switch {
	case errors.Is(err, registry.ErrAccessDenied):
		p.Status, p.Title = http.StatusForbidden, "Access was denied"
		p.Text = "You, or the provider in your place, said no. " +
			"This site has learned nothing about you."
	case errors.Is(err, &registry.TransactionError{Reason: registry.ReasonOtherSite}):
		p.Status, p.Title = http.StatusForbidden, "This request was refused"
		p.Text = "It does not come from a page of this site."
	case errors.As(err, &unfit):
		p.Status, p.Title = http.StatusBadRequest, "This login cannot be completed"
		p.Text = advice(unfit.Reason)
	}
	return p
}

// advice says what it means that a callback belongs to no login.
func advice(r registry.Reason) string {
	switch r {
	case registry.ReasonUsed, registry.ReasonCompleted:
		return "The answer of a provider works once, and this one has been used. " +
			"Reloading the page, or going back to it, sends it again."
	case registry.ReasonExpired:
		return "It took too long. A login must be completed within ten minutes."
	case registry.ReasonOtherBrowser:
		return "It was not begun in this browser, or the browser did not keep its cookie. " +
			"If somebody sent you the link here, it was to log you in as them."
	case registry.ReasonNoState:
		return "Providers send you back to this page. There is nothing to see without their answer."
	}
	return "The answer does not belong to the login that this browser began."
}

// showError shows the error of a login, or of a logout.
func showError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, registry.ErrNotRegistered) {
		showProblem(w, notFound)
		return
	}
	showProblem(w, explain(r.PathValue("provider"), err, checksOf(r)))
}

func showProblem(w http.ResponseWriter, p problem) { show(w, p.Status, "problem", p) }

// show writes a page, whole or not at all.
func show(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name+".html", data); err != nil {
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	page.WriteTo(w)
}
