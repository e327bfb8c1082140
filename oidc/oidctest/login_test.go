package oidctest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/oidc/oidctest"
)

var users = []oidctest.User{
	{Subject: "alice", Email: "alice@example.com", Password: "password"},
	{Subject: "bob", Email: "bob@example.com", Password: "password"},
	{Subject: "carol"},
}

// loggedIn returns who is, or the error.
func (w walk) loggedIn(pairs ...string) string {
	w.t.Helper()
	params, _ := w.request("openid")
	a := w.authorize(changed(changed(params, "response_type", "id_token"), pairs...))
	if a.error != "" {
		return a.error
	}
	_, got := brought(a)
	return w.claims(got.Get("id_token"), "RS256", nil)["sub"].(string)
}

// OpenID Connect Core 1.0, Sections 3.1.2.1 and 5.5.1: whom a request is about.
func TestWho(t *testing.T) {
	w := start(t, oidctest.Options{Users: users})
	params, _ := w.request("openid")
	_, got := brought(w.authorize(changed(params, "response_type", "id_token",
		"login_hint", "bob")))
	bob := got.Get("id_token")
	for _, test := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"no hint", nil, "alice"},
		{"name", []string{"login_hint", "bob"}, "bob"},
		{"email", []string{"login_hint", "bob@example.com"}, "bob"},
		{"nobody", []string{"login_hint", "mallory"}, "alice"},
		{"sub", []string{"claims", `{"id_token":{"sub":{"value":"bob"}}}`}, "bob"},
		{"one of sub", []string{"claims", `{"id_token":{"sub":{"values":["bob"]}}}`}, "bob"},
		{"sub by default", []string{"claims", `{"id_token":{"sub":null}}`}, "alice"},
		{"sub a number", []string{"claims", `{"id_token":{"sub":{"value":1}}}`}, "alice"},
		{"sub and hint", []string{"claims", `{"id_token":{"sub":{"value":"bob"}}}`,
			"login_hint", "alice"}, "bob"},
		{"token", []string{"id_token_hint", bob}, "bob"},
		{"silent", []string{"prompt", "none"}, "alice"},
		{"prompt", []string{"prompt", "login consent"}, "alice"},
		{"nothing that matters", []string{"ui_locales", "de en", "display", "popup",
			"max_age", "0", "claims_locales", "de", "anything", "else"}, "alice"},
	} {
		if got := w.loggedIn(test.pairs...); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if len(w.Faults()) > 0 {
		t.Errorf("faults %q", w.Faults())
	}
}

// An ID Token remains a hint when it has ended, whoever signs it.
func TestOldHint(t *testing.T) {
	now := time.Now()
	secret := strings.Repeat("s", 32)
	for _, algorithm := range []string{"RS256", "HS256"} {
		w := start(t, oidctest.Options{Users: users, Now: func() time.Time { return now },
			Clients: []oidctest.Client{{ID: "client", Secret: secret,
				IDTokenAlgorithm: algorithm}}})
		params, _ := w.request("openid")
		_, got := brought(w.authorize(changed(params, "response_type", "id_token",
			"login_hint", "bob")))
		now = now.Add(48 * time.Hour)
		params, _ = w.request("openid")
		_, got = brought(w.authorize(changed(params, "response_type", "id_token",
			"id_token_hint", got.Get("id_token"))))
		if sub := w.payload(got.Get("id_token"), algorithm, secret)["sub"]; sub != "bob" {
			t.Errorf("%s: logged in as %v", algorithm, sub)
		}
	}
}

// The form begins with the user who is expected, and takes any; where one was asked for,
// only that one.
func TestFormFor(t *testing.T) {
	const bobOnly = `{"id_token":{"sub":{"value":"bob"}}}`
	for _, test := range []struct {
		pairs               []string
		filled, user, error string
	}{
		{nil, "alice", "bob", ""},
		{[]string{"login_hint", "bob"}, "bob", "bob", ""},
		{[]string{"login_hint", "bob"}, "bob", "alice", ""},
		{[]string{"claims", bobOnly}, "bob", "bob", ""},
		{[]string{"claims", bobOnly}, "bob", "alice", "login_required"},
	} {
		w := start(t, oidctest.Options{Users: users, LoginForm: true})
		params, _ := w.request("openid")
		form := w.authorize(changed(params, test.pairs...)).body
		if !strings.Contains(form, `name="username" value="`+test.filled+`"`) {
			t.Errorf("%+v: form is %s", test, form)
		}
		a := w.do("POST", w.Endpoint("login"), credentials(form, test.user, "password"), nil)
		if a.status != http.StatusSeeOther || a.error != test.error {
			t.Errorf("%+v: answer is %+v", test, a)
		}
	}
}

// Nobody is logged in before the form, and none may be shown.
func TestPromptNone(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	a := change("prompt", "none")(w)
	if a.error != "login_required" || strings.Contains(a.body, "<form") ||
		!slices.Equal(w.Faults(), []oidctest.Fault{oidctest.LoginRequired}) {
		t.Errorf("answer is %+v, faults %q", a, w.Faults())
	}
	if a := change("prompt", "login")(w); !strings.Contains(a.body, "<form") {
		t.Errorf("answer is %+v", a)
	}
}

// The first value of what is asked for is met, acr_values first.
func TestACR(t *testing.T) {
	w := start(t, oidctest.Options{})
	for _, test := range []struct {
		pairs []string
		want  any
	}{
		{nil, nil},
		{[]string{"acr_values", "gold silver"}, "gold"},
		{[]string{"claims", `{"id_token":{"acr":{"values":["silver","gold"]}}}`}, "silver"},
		{[]string{"claims", `{"id_token":{"acr":{"value":"gold"}}}`}, "gold"},
		{[]string{"claims", `{"id_token":{"acr":{"essential":true}}}`}, nil},
		{[]string{"claims", `{"id_token":{"acr":{"value":"gold"}}}`, "acr_values", "x"}, "x"},
	} {
		params, _ := w.request("openid")
		_, got := brought(w.authorize(changed(changed(params, "response_type", "id_token"),
			test.pairs...)))
		claims := w.claims(got.Get("id_token"), "RS256", nil)
		if claims["acr"] != test.want {
			t.Errorf("%q: acr is %v, want %v", test.pairs, claims["acr"], test.want)
		}
	}
}

// OpenID Connect Core 1.0, Section 3.1.2.1: by POST, too.
func TestAuthorizeByPost(t *testing.T) {
	w := start(t, oidctest.Options{})
	params, _ := w.request("openid")
	a := w.do("POST", w.Endpoint("authorize"), params, nil)
	if a.location == nil || !a.location.Query().Has("code") {
		t.Errorf("answer is %+v", a)
	}
	params, _ = w.request("openid")
	a = w.do("POST", w.Endpoint("authorize")+"?"+params.Encode(), nil, nil)
	if a.description != "unknown_client" {
		t.Errorf("parameters of a POST in the URL: %+v", a)
	}
	params.Set("x", strings.Repeat("x", 64<<10))
	a = w.do("POST", w.Endpoint("authorize"), params, nil)
	if a.description != "unknown_client" {
		t.Errorf("long form: %+v", a)
	}
}

// OpenID Connect Prompt Create 1.0, Section 4.1: the form takes a new user, who is one from
// then on, or one that there is already.
func TestPromptCreate(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true, Users: users})
	submit := func(prompt, name, password string) answer {
		params, _ := w.request("openid")
		form := w.authorize(changed(params, "response_type", "id_token", "prompt", prompt)).body
		if strings.Contains(form, "Create account") != (prompt == "create") ||
			strings.Contains(form, `name="username" value=""`) != (prompt == "create") {
			t.Errorf("form is %s", form)
		}
		return w.do("POST", w.Endpoint("login"), credentials(form, name, password), nil)
	}
	for _, test := range []struct {
		prompt, name, password string
		good                   bool
	}{
		{"login", "dave", "new", false},
		{"create", "dave", "", false},
		{"create", "", "new", false},
		{"create", "dave", "new", true},
		{"create", "dave", "other", false},
		{"create", "dave", "new", true},
		{"login", "dave", "new", true},
		{"login", "dave", "other", false},
		{"create", "alice", "other", false},
		{"create", "alice", "password", true},
		{"create", "carol", "new", false}, // who cannot use the form
	} {
		a := submit(test.prompt, test.name, test.password)
		if (a.status == http.StatusSeeOther) != test.good || (a.status == shown) == test.good {
			t.Errorf("%+v: answer is %+v", test, a)
			continue
		}
		if _, got := brought(a); test.good &&
			w.claims(got.Get("id_token"), "RS256", nil)["sub"] != test.name {
			t.Errorf("%+v: brought %v", test, got)
		}
	}
}

// A form of a new user stays one when it is shown again.
func TestPromptCreateAgain(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	params, _ := w.request("openid")
	form := w.authorize(changed(params, "prompt", "create")).body
	again := w.do("POST", w.Endpoint("login"), credentials(form, "alice", "wrong"), nil)
	if again.status != shown || !strings.Contains(again.body, "Create account") {
		t.Errorf("form is %+v", again)
	}
}

// A new user is not the one who was asked for, and without the form there is none.
func TestPromptCreateOfAnother(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true, Users: users})
	params, _ := w.request("openid")
	form := w.authorize(changed(params, "prompt", "create",
		"claims", `{"id_token":{"sub":{"value":"bob"}}}`)).body
	a := w.do("POST", w.Endpoint("login"), credentials(form, "dave", "new"), nil)
	if a.error != "login_required" {
		t.Errorf("answer is %+v", a)
	}
	w = start(t, oidctest.Options{Users: users})
	if got := w.loggedIn("prompt", "create"); got != "alice" {
		t.Errorf("logged in is %s", got)
	}
}
