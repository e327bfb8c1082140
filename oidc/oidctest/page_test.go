package oidctest_test

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vouchsafe/oidc/oidctest"
)

var requestField = regexp.MustCompile(`name="request" value="([^"]*)"`)

// hidden returns what the form is about.
func hidden(page string) string {
	if m := requestField.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

func credentials(page, username, password string) url.Values {
	return url.Values{"request": {hidden(page)}, "username": {username}, "password": {password},
		"action": {"allow"}}
}

// The form, as a person goes through it.
func TestLoginForm(t *testing.T) {
	w := start(t, oidctest.Options{
		Name:      `Provider <of "tests">`,
		LoginForm: true,
		Users: []oidctest.User{
			{Subject: "alice", Password: "password"},
			{Subject: "bob", Password: "secret of bob"},
		},
	})
	params, verifier := w.request("openid")
	first := w.authorize(params)
	text := html.UnescapeString(first.body)
	for _, want := range []string{
		"<h1>" + `Provider <of "tests">` + "</h1>", "<strong>client</strong>", `action="` +
			w.Endpoint("login") + `"`,
		`name="username" value="alice"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("form has no %s", want)
		}
	}
	if first.status != 200 || strings.Contains(first.body, "<of") ||
		strings.Contains(text, "do not match") {
		t.Errorf("form is %d %s", first.status, first.body)
	}
	second := w.do("POST", w.Endpoint("login"), credentials(first.body, "bob", "password"), nil)
	if second.status != 403 || !strings.Contains(second.body, "Name and password do not match.") {
		t.Errorf("form is %d %s", second.status, second.body)
	}
	if hidden(second.body) == hidden(first.body) || len(hidden(second.body)) < 26 {
		t.Errorf("forms are about %q and %q", hidden(first.body), hidden(second.body))
	}
	allowed := w.do("POST", w.Endpoint("login"), credentials(second.body, "bob", "secret of bob"),
		nil)
	q := allowed.location.Query()
	if allowed.status != 303 || q.Get("state") != params.Get("state") ||
		q.Get("iss") != w.Issuer() {
		t.Errorf("answer is %d %s", allowed.status, allowed.location)
	}
	g := w.read(w.token(url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")},
		"redirect_uri": {callback}, "code_verifier": {verifier}}))
	if claims := w.claims(g.IDToken, "RS256", nil); claims["sub"] != "bob" {
		t.Errorf("logged in as %v", claims["sub"])
	}
	for _, page := range []string{first.body, second.body} {
		again := w.do("POST", w.Endpoint("login"), credentials(page, "alice", "password"), nil)
		if again.status != 400 || again.location != nil {
			t.Errorf("form used twice: %+v", again)
		}
	}
	want := []oidctest.Fault{oidctest.WrongPassword, oidctest.UnknownLogin, oidctest.UnknownLogin}
	if got := w.Faults(); !slices.Equal(got, want) {
		t.Errorf("faults %q, want %q", got, want)
	}
}

// The default user can use the form, and no one without a password can.
func TestDefaultUser(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	params, _ := w.request("openid")
	page := w.authorize(params).body
	if !strings.Contains(page, "<h1>Test provider</h1>") {
		t.Errorf("form is %s", page)
	}
	if a := w.do("POST", w.Endpoint("login"), credentials(page, "alice", "password"),
		nil); a.location == nil ||
		a.location.Query().Get("code") == "" {
		t.Errorf("answer is %+v", a)
	}
}

// A request that is wrong gets no form.
func TestNoFormForAWrongRequest(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	if a := change("state", "")(w); a.location == nil || a.error != "invalid_request" ||
		strings.Contains(a.body, "<form") {
		t.Errorf("answer is %+v", a)
	}
}

// Denying takes no password.
func TestDeny(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	params, _ := w.request("openid")
	form := credentials(w.authorize(params).body, "alice", "password")
	form.Set("action", "deny")
	a := w.do("POST", w.Endpoint("login"), form, nil)
	if q := a.location.Query(); q.Get("error") != "access_denied" || q.Has("code") ||
		q.Get("state") != params.Get("state") || q.Get("iss") != w.Issuer() {
		t.Errorf("sent back to %s", a.location)
	}
	if again := w.do("POST", w.Endpoint("login"), form, nil); again.status != 400 {
		t.Errorf("form used twice: %+v", again)
	}
}
