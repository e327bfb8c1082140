package compliance_test

import (
	"crypto/fips140"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/httpclient/fixture"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

const (
	folder      = "../testdata/providers"
	redirectURI = "https://app.example/auth"
)

// What each row's fixture ends in: a user, and how sure the e-mail address is.
var logins = map[string]struct {
	user     oidc.Identity
	idToken  bool // whether the login itself tells who the user is
	name     string
	username string
	picture  string
	profile  string
	email    string
	verified bool
	scopes   string
	api      string // something below APIBaseURL
}{
	"github": {
		user:     oidc.Identity{Issuer: "https://github.com", Subject: "9000000017"},
		name:     "Rosa Fixture",
		username: "rosa-fixture",
		picture:  "https://avatars.githubusercontent.com/u/9000000017?v=4",
		profile:  "https://github.com/rosa-fixture",
		email:    "rosa@example.com",
		scopes:   "read:user",
		api:      "user/repos",
	},
	"google": {
		user:     oidc.Identity{Issuer: "https://accounts.google.com", Subject: "104729000000000000017"},
		idToken:  true,
		name:     "Iris Fixture",
		picture:  "https://lh3.googleusercontent.com/a/invented-picture=s96-c",
		email:    "iris@example.com",
		verified: true,
		scopes: "openid https://www.googleapis.com/auth/userinfo.email " +
			"https://www.googleapis.com/auth/userinfo.profile",
		api: "oauth2/v3/userinfo",
	},
	"twitter": {
		user:     oidc.Identity{Issuer: "https://x.com", Subject: "9000000000000000017"},
		name:     "Oda Fixture",
		username: "odafixture",
		picture:  "https://pbs.twimg.com/profile_images/9000000000000000017/invented_normal.jpg",
		email:    "oda@example.com",
		api:      "account/verify_credentials.json",
	},
}

// Fixtures of logins that a row must do with as well.
var variants = []string{"github-without-iss"}

// Fixtures of logins that fail, and the error of each.
var failures = map[string]error{
	"github-denied":  registry.ErrAccessDenied,
	"github-error":   &oauth2.Error{Code: "bad_verification_code"},
	"twitter-denied": registry.ErrAccessDenied,
}

func load(t *testing.T, name string) *fixture.Fixture {
	t.Helper()
	f, err := fixture.Load(filepath.Join(folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// register makes a client by a row's name and nothing but credentials.
func register(t *testing.T, f *fixture.Fixture) *registry.Client {
	t.Helper()
	if row, _ := compliance.Lookup(f.Provider()); row.RequestTokenURL != "" && fips140.Enforced() {
		t.Skip("FIPS 140-only mode has no HMAC-SHA1: run it without GODEBUG=fips140=only")
	}
	reg, err := registry.New(registry.Options{EphemeralKey: true, HTTP: f.Client(), Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	client, err := reg.Register(f.Provider(), registry.Config{
		Provider:     f.Provider(),
		ClientID:     f.ClientID(),
		ClientSecret: f.ClientSecret(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// logIn plays the part of the browser: the login handler, the provider's page,
// the callback handler.
func logIn(t *testing.T, f *fixture.Fixture, client *registry.Client) (*registry.Login, error) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "https://app.example/login", nil)
	if err := client.AuthorizeRedirect(w, r, redirectURI); err != nil {
		t.Fatal(err)
	}
	callback, err := f.Authorize(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	r = httptest.NewRequest("GET", callback, nil)
	for _, cookie := range w.Result().Cookies() {
		if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure {
			t.Errorf("cookie %s is not bound to the host", cookie.Name)
		}
		r.AddCookie(cookie)
	}
	return client.AuthorizeAccessToken(httptest.NewRecorder(), r)
}

// Each row of the table logs in, tells who the user is, and calls the API.
func TestRows(t *testing.T) {
	for _, name := range compliance.Names() {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			client := register(t, f)
			login, err := logIn(t, f, client)
			if err != nil {
				t.Fatal(err)
			}
			user, err := client.UserInfo(t.Context(), login)
			if err != nil {
				t.Fatal(err)
			}
			checkLogin(t, name, login)
			checkUser(t, name, user)
			resp, err := client.WithToken(login.Token).Get(t.Context(), logins[name].api)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkLogin(t *testing.T, name string, login *registry.Login) {
	t.Helper()
	want := logins[name]
	if want.idToken && login.Identity != want.user || !want.idToken && !login.Identity.IsZero() {
		t.Errorf("login is of %+v", login.Identity)
	}
	if login.Token.OAuth1 != nil {
		if id := login.Token.OAuth1.Extra("user_id"); id != want.user.Subject {
			t.Errorf("token is of user %q", id)
		}
		return
	}
	if got := strings.Join(login.Token.OAuth2.Scopes, " "); got != want.scopes {
		t.Errorf("scopes are %q, want %q", got, want.scopes)
	}
}

func checkUser(t *testing.T, name string, user *oidc.UserInfo) {
	t.Helper()
	want := logins[name]
	if want.user.IsZero() || user.Identity != want.user {
		t.Errorf("user is %+v, want %+v", user.Identity, want.user)
	}
	if email, verified := user.Email(); email != want.email || verified != want.verified {
		t.Errorf("e-mail is %q, verified %t", email, verified)
	}
	if user.Name != want.name || user.PreferredUsername != want.username ||
		user.Picture != want.picture {
		t.Errorf("user is %q, %q, %q", user.Name, user.PreferredUsername, user.Picture)
	}
	var more struct{ Profile string }
	if err := user.Claims(&more); err != nil || more.Profile != want.profile {
		t.Errorf("profile is %q, %v", more.Profile, err)
	}
}

func TestVariants(t *testing.T) {
	for _, name := range variants {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			if _, err := logIn(t, f, register(t, f)); err != nil {
				t.Error(err)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, want := range failures {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			login, err := logIn(t, f, register(t, f))
			if login != nil || !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

// GitHub reports errors with status 200; its words stay out of the error's text.
func TestGitHubError(t *testing.T) {
	f := load(t, "github-error")
	_, err := logIn(t, f, register(t, f))
	refusal, ok := errors.AsType[*oauth2.Error](err)
	if !ok || refusal.Status != 200 || refusal.Description() == "" || refusal.URI() == "" {
		t.Fatalf("got %#v", err)
	}
	if strings.Contains(err.Error(), refusal.Description()) {
		t.Errorf("%q has the provider's words", err)
	}
}

// Every file is replayed by a test above; those of a folder, by the package of its name.
func TestNoOtherFixtures(t *testing.T) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		name := strings.TrimSuffix(entry.Name(), ".json")
		_, isRow := compliance.Lookup(name)
		if !isRow && failures[name] == nil && !slices.Contains(variants, name) {
			t.Errorf("nothing replays %s", entry.Name())
		}
	}
}

// Keeps the fields in step: what a row can say, a Config can say, by the same
// name and type.
func TestFields(t *testing.T) {
	config := reflect.TypeFor[registry.Config]()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[compliance.Provider]()) {
		same, ok := config.FieldByName(field.Name)
		if !ok || same.Type != field.Type {
			t.Errorf("registry.Config has no %s of type %v", field.Name, field.Type)
		}
	}
}
