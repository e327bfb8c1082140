package registry_test

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A misbehaviour is what a provider answers instead of what it should.
type misbehaviour struct {
	name  string
	serve http.HandlerFunc
}

var misbehaviours = []misbehaviour{
	{"html", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html><body>Be back soon</body></html>")
	}},
	{"500", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "oops", http.StatusInternalServerError)
	}},
	{"truncated", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"access_token":`)
	}},
	{"cut JSON", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":`)
	}},
	{"endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
				return
			}
		}
	}},
	{"redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}},
}

// instead makes a provider misbehave at one of its endpoints.
func (m misbehaviour) instead(endpoint string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(path.Dir(r.URL.Path)+"/", endpoint) ||
				strings.HasSuffix(r.URL.Path, endpoint) {
				m.serve(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// is reports whether an error is the expected one, or wraps it.
type is func(error) bool

func wraps(target error) is { return func(err error) bool { return errors.Is(err, target) } }

func check(name string) is { return wraps(&jose.CheckError{Check: name}) }

func oauth1Check(err error) bool {
	_, ok := errors.AsType[*oauth1.CheckError](err)
	return ok
}

func status1(code int) is {
	return func(err error) bool {
		e, ok := errors.AsType[*oauth1.Error](err)
		return ok && e.Status == code
	}
}

func status2(code int) is {
	return func(err error) bool {
		e, ok := errors.AsType[*oauth2.Error](err)
		return ok && e.Status == code && e.Code == ""
	}
}

func says(text string) is { return func(err error) bool { return strings.Contains(err.Error(), text) } }

// badInput tells which error each misbehaviour at each endpoint must end in.
var badInput = []struct {
	provider, endpoint string
	want               map[string]is
}{
	{"oauth1", "/request_token", map[string]is{"html": oauth1Check, "500": status1(500),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": oauth1Check,
		"endless": wraps(httpclient.ErrTooLarge), "redirect": status1(307)}},
	{"oauth1", "/access_token", map[string]is{"html": oauth1Check, "500": status1(500),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": oauth1Check,
		"endless": wraps(httpclient.ErrTooLarge), "redirect": status1(307)}},
	{"oauth1", "/me", map[string]is{"html": check("content_type"), "500": says("is 500"),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": check("body"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": says("is 307")}},
	{"oauth2", "/token", map[string]is{"html": check("content_type"), "500": status2(500),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": check("body"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": status2(307)}},
	{"oauth2", "/me", map[string]is{"html": check("content_type"), "500": says("is 500"),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": check("body"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": says("is 307")}},
	{"oidc", "/.well-known/", map[string]is{"html": check("content_type"),
		"500": says("is 500"), "truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": check("metadata"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": says("is 307")}},
	{"oidc", "/jwks", map[string]is{"html": says("JWK Set"), "500": says("is 500"),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": says("JWK Set"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": says("is 307")}},
	{"oidc", "/token", map[string]is{"html": check("content_type"), "500": status2(500),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": check("body"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": status2(307)}},
	{"oidc", "/userinfo", map[string]is{"html": check("content_type"), "500": says("is 500"),
		"truncated": wraps(io.ErrUnexpectedEOF), "cut JSON": check("body"),
		"endless": wraps(httpclient.ErrTooLarge), "redirect": says("is 307")}},
}

// A provider that answers with anything but what it should is told apart, by
// the same handlers, for every protocol; and nobody is logged in.
func TestBadInput(t *testing.T) {
	for _, test := range badInput {
		for _, m := range misbehaviours {
			t.Run(test.provider+test.endpoint+" "+m.name, func(t *testing.T) {
				t.Parallel()
				intercept := m.instead(test.endpoint)
				configs := providersWith(t, oauth1test.Options{Intercept: intercept},
					oidctest.Options{Intercept: intercept})
				user, err := visit(t, test.provider, configs[test.provider])
				if err == nil || !test.want[m.name](err) || user != nil {
					t.Errorf("user %v, error %v", user, err)
				}
			})
		}
	}
}

// visit logs in once and returns what the site saw.
func visit(t *testing.T, name string, c registry.Config) (user *oidc.UserInfo, err error) {
	t.Helper()
	s := newSite(t, registry.Options{})
	if _, err := s.registry.Register(name, c); err != nil {
		t.Fatal(err)
	}
	visits := 0
	s.done = func(_ *registry.Login, u *oidc.UserInfo, _ string, e error) {
		visits++
		user, err = u, e
	}
	browse(t, s.URL+"/login/"+name)
	if visits != 1 {
		t.Errorf("%d handlers came to an end, want 1", visits)
	}
	return user, err
}

// Claims that are wrong end the login, each by its own check.
func TestWrongIDToken(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(claims map[string]any)
		want is
	}{
		"another audience": {func(c map[string]any) { c["aud"] = "another" }, check("aud")},
		"an audience more": {func(c map[string]any) { c["aud"] = []string{"client", "more"}; c["azp"] = "client" }, check("aud")},
		"wrong nonce":      {func(c map[string]any) { c["nonce"] = "wrong" }, check("nonce")},
		"no nonce":         {func(c map[string]any) { delete(c, "nonce") }, check("nonce")},
		"another issuer":   {func(c map[string]any) { c["iss"] = "https://another.example" }, check("iss")},
		"expired":          {func(c map[string]any) { c["exp"] = 1 }, check("exp")},
		"no subject":       {func(c map[string]any) { delete(c, "sub") }, check("sub")},
	} {
		t.Run(name, func(t *testing.T) {
			configs := providersWith(t, oauth1test.Options{}, oidctest.Options{EditIDToken: test.edit})
			if _, err := visit(t, "oidc", configs["oidc"]); err == nil || !test.want(err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// A wrong secret, and a user who says no, look alike in both protocols.
func TestRefusedByProvider(t *testing.T) {
	for name, c := range providers(t) {
		c.ClientSecret = "wrong"
		_, err := visit(t, name, c)
		e1, is1 := errors.AsType[*oauth1.Error](err)
		if is1 && e1.Status == http.StatusUnauthorized {
			continue
		}
		if !errors.Is(err, &oauth2.Error{Code: "invalid_client"}) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}
