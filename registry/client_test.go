package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A login says which client completed it.
func TestLoginClient(t *testing.T) {
	client, login := logIn(t, "oauth2", providers(t)["oauth2"])
	if login.Client() != client || (&registry.Login{}).Client() != nil {
		t.Errorf("client is %p, want %p", login.Client(), client)
	}
}

// The client authenticates as configured, or as the provider's metadata says.
func TestClientAuthentication(t *testing.T) {
	tests := []struct{ secret, method, want string }{
		{"secret", "", "basic"},
		{"secret", "client_secret_basic", "basic"},
		{"secret", "client_secret_post", "post"},
		{"", "", "none"},
		{"", "none", "none"},
	}
	for _, test := range tests {
		var used string
		spy := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/token") {
					used = authenticationOf(r)
				}
				next.ServeHTTP(w, r)
			})
		}
		o := oidctest.Options{Intercept: spy, Clients: []oidctest.Client{{ID: "client", Secret: test.secret}}}
		for _, name := range []string{"oauth2", "oidc"} {
			c := providersWith(t, oauth1test.Options{}, o)[name]
			c.ClientSecret, c.TokenEndpointAuthMethod = test.secret, test.method
			if _, err := visit(t, name, c); err != nil || used != test.want {
				t.Errorf("%s with %q and %q: %q, %v", name, test.secret, test.method, used, err)
			}
		}
	}
}

func authenticationOf(r *http.Request) string {
	_, _, basic := r.BasicAuth()
	switch {
	case basic && !r.PostForm.Has("client_secret") && r.PostFormValue("client_id") == "":
		return "basic"
	case r.PostFormValue("client_secret") != "":
		return "post"
	}
	return "none"
}

// logIn logs in once and returns the client and the login.
func logIn(t *testing.T, name string, c registry.Config) (*registry.Client, *registry.Login) {
	t.Helper()
	s := newSite(t, registry.Options{})
	client, err := s.registry.Register(name, c)
	if err != nil {
		t.Fatal(err)
	}
	var done *registry.Login
	s.done = func(login *registry.Login, _ *oidc.UserInfo, _ string, err error) {
		if err != nil {
			t.Error(err)
		}
		done = login
	}
	browse(t, s.URL+"/login/"+name)
	if done == nil {
		t.Fatal("no login")
	}
	return client, done
}

func TestRefresh(t *testing.T) {
	for name, c := range providers(t) {
		client, login := logIn(t, name, c)
		renewed, err := client.Refresh(t.Context(), login.Token)
		if name == "oauth1" {
			if err == nil {
				t.Error("an OAuth 1.0 token was refreshed")
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if renewed.OAuth2.AccessToken() == login.Token.OAuth2.AccessToken() {
			t.Errorf("%s: the access token is the old one", name)
		}
		if id, err := callAPI(t.Context(), client.WithToken(renewed)); err != nil || id != "alice" {
			t.Errorf("%s: the API knows %q, %v", name, id, err)
		}
		if _, err := client.Refresh(t.Context(), login.Token); err == nil {
			t.Errorf("%s: the old refresh token works on", name)
		}
	}
}

// A token of one protocol is of no use to a client of another.
func TestTokenOfAnotherProtocol(t *testing.T) {
	for name, c := range providers(t) {
		r := newRegistry(t, registry.Options{})
		client, err := r.Register(name, c)
		if err != nil {
			t.Fatal(err)
		}
		const refusal = "must be one of this client's protocol"
		_, err = client.WithToken(registry.Token{}).Get(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), refusal) {
			t.Errorf("%s: a call without a token: %v", name, err)
		}
		_, err = client.Refresh(t.Context(), registry.Token{})
		if err == nil || name != "oauth1" && !strings.Contains(err.Error(), refusal) {
			t.Errorf("%s: a refresh without a token: %v", name, err)
		}
		if _, err := client.UserInfo(t.Context(), &registry.Login{}); err == nil ||
			name != "oidc" && !strings.Contains(err.Error(), refusal) {
			t.Errorf("%s: UserInfo without a login: %v", name, err)
		}
		if _, err := client.UserInfo(t.Context(), nil); err == nil {
			t.Errorf("%s: UserInfo of nothing", name)
		}
	}
}

func TestLoginOfOpenIDConnect(t *testing.T) {
	c := providers(t)["oidc"]
	_, login := logIn(t, "oidc", c)
	if want := (oidc.Identity{Issuer: c.Issuer, Subject: "alice"}); login.Identity != want {
		t.Errorf("Identity is %v", login.Identity)
	}
	if login.Claims["sub"] != "alice" || login.Claims["iss"] != c.Issuer {
		t.Errorf("Claims are %v", login.Claims)
	}
	for _, name := range []string{"oauth1", "oauth2"} {
		if _, login := logIn(t, name, providers(t)[name]); !login.Identity.IsZero() || login.Claims != nil {
			t.Errorf("%s: identity %v and claims %v without an ID Token", name, login.Identity, login.Claims)
		}
	}
}

// Every check of a login is heard, in order, by its name.
func TestTrace(t *testing.T) {
	const tokenChecks = " error content_type body access_token issued_token_type token_type " +
		"refresh_token id_token scope"
	want := map[string]string{
		"oauth1": "browser transaction callback_parameters oauth_token refusal oauth_verifier",
		"oauth2": "browser transaction parameters state iss error code response_type" +
			tokenChecks,
		"oidc": "browser transaction parameters state iss error code response_type" +
			tokenChecks + " id_token size compact typ alg keys key signature claims iss aud exp nbf " +
			"iat id_token key tenant aud azp sub sub iss iat iat nonce events auth_time auth_time acr " +
			"acr at_hash c_hash s_hash",
	}
	for name, c := range providers(t) {
		s := newSite(t, registry.Options{})
		client, err := s.registry.Register(name, c)
		if err != nil {
			t.Fatal(err)
		}
		var heard []string
		hear := func(check, clause string, err error) {
			if err != nil || clause == "" {
				t.Errorf("%s: %s (%s): %v", name, check, clause, err)
			}
			heard = append(heard, check)
		}
		s.Config.Handler.(*http.ServeMux).HandleFunc("GET /traced", func(w http.ResponseWriter, r *http.Request) {
			r = r.WithContext(registry.WithTrace(r.Context(), hear))
			if _, err := client.AuthorizeAccessToken(w, r); err != nil {
				t.Error(err)
			}
		})
		s.Config.Handler.(*http.ServeMux).HandleFunc("GET /begin", func(w http.ResponseWriter, r *http.Request) {
			if err := client.AuthorizeRedirect(w, r, "/traced"); err != nil {
				t.Error(err)
			}
		})
		browse(t, s.URL+"/begin")
		got := strings.Join(heard, " ")
		if name == "oauth1" { // which goes on with the checks of the token response
			got = strings.Join(heard[:min(len(heard), 6)], " ")
		}
		if got != want[name] {
			t.Errorf("%s: heard\n%s, want\n%s", name, got, want[name])
		}
	}
}

// A refusal is heard too, and no check after it.
func TestTraceOfRefusal(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a") + "&iss=https://evil.example"
	var heard []string
	r := in.request(callback)
	r = r.WithContext(registry.WithTrace(r.Context(), func(check, _ string, err error) {
		heard = append(heard, fmt.Sprintf("%s %v", check, err))
	}))
	_, err := b.client("a").AuthorizeAccessToken(httptest.NewRecorder(), r)
	if !wraps(&jose.CheckError{Check: "iss"})(err) {
		t.Errorf("error is %v", err)
	}
	if len(heard) != 5 || heard[0] != "browser <nil>" || !strings.HasPrefix(heard[4], "iss iss must") ||
		slices.Contains(heard, "code <nil>") {
		t.Errorf("heard %q", heard)
	}
}

// No answer of a callback is kept by anybody, nor is its address told.
func TestCompleteHeaders(t *testing.T) {
	b := newBench(t, registry.Options{})
	w := httptest.NewRecorder()
	b.client("a").AuthorizeAccessToken(w, newBrowser().request("/callback?code=a&state=b"))
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("header is %v", w.Header())
	}
}

// Completed or refused, no answer is kept by anybody.
func TestHeadersOfCompletion(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a")
	for range 2 { // completed, refused
		w := httptest.NewRecorder()
		b.client("a").AuthorizeAccessToken(w, in.request(callback))
		in.keep(w)
		if h := w.Header(); h.Get("Cache-Control") != "no-store" ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Set-Cookie") == "" {
			t.Errorf("header is %v", h)
		}
	}
}
