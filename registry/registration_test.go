package registry_test

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

// A client can be registered before there are settings, and is the same client after.
func TestRegisterBeforeInit(t *testing.T) {
	r := &registry.Registry{}
	c, err := r.Register("early", good())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Client("early"); got != c || err != nil {
		t.Errorf("Client returns %p, %v", got, err)
	}
	if c.Protocol() != "" {
		t.Errorf("protocol is %q", c.Protocol())
	}
	for name, err := range uses(t, c) {
		if !errors.Is(err, registry.ErrNotInitialized) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if err := r.Init(registry.Options{EphemeralKey: true}); err != nil {
		t.Fatal(err)
	}
	if location := authorizeURL(t, c); location.Host != "provider.example" {
		t.Errorf("redirected to %s", location)
	}
	if c.Protocol() != registry.ProtocolOAuth2 {
		t.Errorf("protocol is %q", c.Protocol())
	}
}

// uses are the errors of all that a client is asked for.
func uses(t *testing.T, c *registry.Client) map[string]error {
	t.Helper()
	const redirectURI = "https://site.example/auth"
	login := &registry.Login{Token: bearer(t)}
	errs := map[string]error{}
	errs["AuthorizeRedirect"] = c.AuthorizeRedirect(httptest.NewRecorder(),
		httptest.NewRequest("GET", "/", nil), redirectURI)
	_, errs["AuthorizeAccessToken"] = c.AuthorizeAccessToken(httptest.NewRecorder(),
		httptest.NewRequest("GET", "/auth?state=a&code=b", nil))
	_, errs["UserInfo"] = c.UserInfo(t.Context(), login)
	_, errs["Refresh"] = c.Refresh(t.Context(), login.Token)
	_, errs["WithToken.Get"] = c.WithToken(login.Token).Get(t.Context(), "a")
	_, errs["WithToken.HTTPClient"] = c.WithToken(login.Token).HTTPClient(t.Context())
	_, errs["WithUser.Get"] = c.WithUser("1").Get(t.Context(), "a")
	_, errs["Get"] = c.Get(t.Context(), "a")
	_, errs["TokenSource"] = c.TokenSource(t.Context(), "1")
	errs["SaveToken"] = c.SaveToken(t.Context(), "1", login.Token)
	return errs
}

func authorizeURL(t *testing.T, c *registry.Client) *url.URL {
	t.Helper()
	w := httptest.NewRecorder()
	err := c.AuthorizeRedirect(w, httptest.NewRequest("GET", "/", nil), "https://site.example/auth")
	if err != nil {
		t.Fatal(err)
	}
	location, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// What cannot work is found by Init, which says of whom and may be called again.
func TestInitRefuses(t *testing.T) {
	r := &registry.Registry{}
	for name, c := range map[string]registry.Config{
		"one": {}, "two": {ClientID: "client", Provider: "nobody"}, "three": good(),
	} {
		if _, err := r.Register(name, c); err != nil {
			t.Fatal(err)
		}
	}
	err := r.Init(registry.Options{EphemeralKey: true})
	for _, want := range []string{`"one": Config.ClientID`, `"two": Config.Provider`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	three, _ := r.Client("three")
	if _, err := three.Refresh(t.Context(), bearer(t)); !errors.Is(err, registry.ErrNotInitialized) {
		t.Errorf("error is %v", err)
	}
	if err := r.Replace("one", good()); err != nil {
		t.Fatal(err)
	}
	if err := r.Remove("two"); err != nil {
		t.Fatal(err)
	}
	if err := r.Init(registry.Options{}); err == nil {
		t.Error("settings without keys are accepted")
	}
	if err := r.Init(registry.Options{EphemeralKey: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.Init(registry.Options{EphemeralKey: true}); err == nil {
		t.Error("a second Init is accepted")
	}
	authorizeURL(t, three)
}

func TestConfigError(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	_, err := r.Register("name", registry.Config{ClientID: "client", AuthorizeURL: "http://a.example"})
	e, ok := errors.AsType[*registry.ConfigError](err)
	if !ok || e.Client != "name" || e.Field != "AuthorizeURL" || e.From != "" {
		t.Errorf("error is %#v", err)
	}
	_, err = r.Register("a b", good())
	if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Client != "a b" || e.Field != "" {
		t.Errorf("error is %#v", err)
	}
}

// Whoever has a client uses what it was replaced by, and nothing once it was removed.
func TestReplaceAndRemove(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	c, err := r.Register("name", good())
	if err != nil {
		t.Fatal(err)
	}
	bad := good()
	bad.AuthorizeURL = ""
	if err := r.Replace("name", bad); err == nil {
		t.Error("a configuration that cannot work is accepted")
	}
	if got := authorizeURL(t, c); got.Host != "provider.example" {
		t.Errorf("redirected to %s", got)
	}
	other := good()
	other.AuthorizeURL = "https://other.example/authorize"
	if err := r.Replace("name", other); err != nil {
		t.Fatal(err)
	}
	if got := authorizeURL(t, c); got.Host != "other.example" {
		t.Errorf("redirected to %s", got)
	}
	if got, err := r.Client("name"); got != c || err != nil {
		t.Errorf("Client returns %p, %v", got, err)
	}
	if err := r.Remove("name"); err != nil {
		t.Fatal(err)
	}
	for name, err := range uses(t, c) {
		if !errors.Is(err, registry.ErrNotRegistered) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	_, err = r.Client("name")
	for _, err := range []error{err, r.Remove("name"), r.Replace("name", good())} {
		if !errors.Is(err, registry.ErrNotRegistered) {
			t.Errorf("error is %v", err)
		}
	}
	if _, err := r.Register("name", good()); err != nil {
		t.Errorf("the name is not free: %v", err)
	}
}

// A login that has begun goes on after a replacement by the same provider, and no other.
func TestReplaceDuringALogin(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *registry.Config)
		same   bool
	}{
		{"secret", func(c *registry.Config) { c.ClientSecret = "another" }, true},
		{"scopes", func(c *registry.Config) { c.Scopes = []string{"more"} }, true},
		{"client ID", func(c *registry.Config) { c.ClientID = "another" }, false},
		{"issuer", func(c *registry.Config) { c.Issuer = "https://other.example" }, false},
		{"authorization endpoint", func(c *registry.Config) { c.AuthorizeURL += "2" }, false},
		{"token endpoint", func(c *registry.Config) { c.AccessTokenURL += "2" }, false},
		{"metadata", func(c *registry.Config) {
			c.ServerMetadataURL = "https://other.example/.well-known/openid-configuration"
		}, false},
		{"protocol", func(c *registry.Config) {
			c.Issuer, c.Protocol = "https://provider.example", registry.ProtocolOIDC
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRegistry(t, registry.Options{})
			c, err := r.Register("name", good())
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			err = c.AuthorizeRedirect(w, httptest.NewRequest("GET", "/", nil), "https://site.example/auth")
			if err != nil {
				t.Fatal(err)
			}
			begun, _ := url.Parse(w.Header().Get("Location"))
			changed := good()
			test.change(&changed)
			if err := r.Replace("name", changed); err != nil {
				t.Fatal(err)
			}
			callback := httptest.NewRequest("GET",
				"/auth?error=server_error&state="+begun.Query().Get("state"), nil)
			for _, cookie := range w.Result().Cookies() {
				callback.AddCookie(cookie)
			}
			_, err = c.AuthorizeAccessToken(httptest.NewRecorder(), callback)
			want := error(&registry.TransactionError{Reason: registry.ReasonOtherProvider})
			if test.same {
				want = &oauth2.Error{Code: "server_error"}
			}
			if !errors.Is(err, want) {
				t.Errorf("error is %v, want %v", err, want)
			}
		})
	}
}

// The client of the protocol's package is there for what has no method here.
func TestProtocolClients(t *testing.T) {
	for name, config := range providers(t) {
		r := newRegistry(t, registry.Options{})
		c, err := r.Register(name, config)
		if err != nil {
			t.Fatal(err)
		}
		two, err := c.OAuth2(t.Context())
		got := []bool{c.OAuth1() != nil, two != nil, c.OIDC() != nil}
		want := map[registry.Protocol][]bool{
			registry.ProtocolOAuth1: {true, false, false},
			registry.ProtocolOAuth2: {false, true, false},
			registry.ProtocolOIDC:   {false, true, true},
		}[c.Protocol()]
		if string(c.Protocol()) != name || !slices.Equal(got, want) || (err == nil) != want[1] {
			t.Errorf("%s: %s %v, %v", name, c.Protocol(), got, err)
		}
	}
}

// Two clients of one row of the table have nothing of each other.
func TestPresetIsNotShared(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	first, err := r.Register("first", registry.Config{Provider: "github", ClientID: "one", ClientSecret: "s",
		Scopes: []string{"gist"}, AuthorizeParams: url.Values{"login": {"rosa"}}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Register("second", registry.Config{Provider: "github", ClientID: "two", ClientSecret: "t"})
	if err != nil {
		t.Fatal(err)
	}
	authorizeURL(t, first)
	w := httptest.NewRecorder()
	err = second.AuthorizeRedirect(w, httptest.NewRequest("GET", "/", nil), "https://site.example/other")
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := url.Parse(w.Header().Get("Location"))
	if q := asked.Query(); q.Get("client_id") != "two" || q.Get("scope") != "read:user" || q.Has("login") {
		t.Errorf("the second asks for %v", q)
	}
	row, _ := compliance.Lookup("github")
	row.Scopes[0], row.UserInfoNames["sub"] = "everything", "login"
	if again, _ := compliance.Lookup("github"); again.Scopes[0] != "read:user" || again.UserInfoNames["sub"] != "id" {
		t.Errorf("the table has changed: %+v", again)
	}
}
