package registry_test

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
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
	if c.Protocol() != "" || c.OAuth1() != nil || c.OIDC() != nil {
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

// The URL of metadata is no issuer.
func TestIssuerIsNoMetadata(t *testing.T) {
	_, err := newRegistry(t, registry.Options{}).Register("name", registry.Config{
		ClientID: "client", Issuer: "https://provider.example/.well-known/openid-configuration"})
	if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Field != "Issuer" ||
		!strings.Contains(err.Error(), "ServerMetadataURL") {
		t.Errorf("error is %v", err)
	}
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
	if q := asked.Query(); q.Get("client_id") != "two" || q.Get("scope") != "read:user user:email" || q.Has("login") {
		t.Errorf("the second asks for %v", q)
	}
	row, _ := compliance.Lookup("github")
	row.Scopes[0], row.UserInfoNames["sub"] = "everything", "login"
	if again, _ := compliance.Lookup("github"); again.Scopes[0] != "read:user" || again.UserInfoNames["sub"] != "id" {
		t.Errorf("the table has changed: %+v", again)
	}
}

// The issuer of a row is not that of users whom another server knows.
func TestIdentityIssuerOfRow(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"id":1,"login":"root"}`))
	}))
	defer s.Close()
	r := newRegistry(t, registry.Options{})
	c, err := r.Register("ghe", registry.Config{Provider: "github", ClientID: "a", ClientSecret: "b",
		Issuer: s.URL, AuthorizeURL: s.URL + "/a", AccessTokenURL: s.URL + "/t", APIBaseURL: s.URL,
		UserInfoEndpoint: s.URL + "/user"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
	if e, ok := errors.AsType[*registry.ConfigError](err); u != nil || !ok || e.Field != "IdentityIssuer" {
		t.Errorf("a user of %s is %+v, %v", s.URL, u, err)
	}
}

// Parameters are those of a row.
func TestProviderParamsOfNoRow(t *testing.T) {
	_, err := newRegistry(t, registry.Options{}).Register("none", registry.Config{ClientID: "a",
		ClientSecret: "b", AuthorizeURL: "https://other.example/a",
		AccessTokenURL: "https://other.example/token",
		ProviderParams: map[string]string{"host": "x"}})
	if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Field != "ProviderParams" {
		t.Errorf("error is %v", err)
	}
}

// It speaks for those of its own, which may be said once more.
func TestIdentityIssuerOfOwnUsers(t *testing.T) {
	row, _ := compliance.Lookup("github")
	r := newRegistry(t, registry.Options{HTTP: answering(map[string]string{
		row.UserInfoEndpoint:                 `{"id":1,"login":"root"}`,
		"https://api.github.com/user/emails": `[]`})})
	for name, endpoint := range map[string]string{"row": "", "own": row.UserInfoEndpoint} {
		c, err := r.Register(name, registry.Config{
			Provider: "github", ClientID: "a", ClientSecret: "b", UserInfoEndpoint: endpoint})
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
		if err != nil || u.Identity.Issuer != row.IdentityIssuer || u.Identity.Subject != "1" {
			t.Errorf("%s: user is %+v, %v", name, u, err)
		}
	}
}

// The client of package oauth2 is there when its client is.
func TestOAuth2WithoutRegistration(t *testing.T) {
	r := &registry.Registry{}
	c, _ := r.Register("name", good())
	if _, err := c.OAuth2(t.Context()); !errors.Is(err, registry.ErrNotInitialized) {
		t.Errorf("before Init: %v", err)
	}
	if err := r.Init(registry.Options{EphemeralKey: true}); err != nil {
		t.Fatal(err)
	}
	r.Remove("name")
	if _, err := c.OAuth2(t.Context()); !errors.Is(err, registry.ErrNotRegistered) {
		t.Errorf("after Remove: %v", err)
	}
}

// The token of a login does not go to the provider that the client was given since.
func TestUserInfoAfterReplace(t *testing.T) {
	var got []string
	server := func(name string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path == "/token" {
				w.Write([]byte(`{"access_token":"of-` + name + `","token_type":"Bearer"}`))
				return
			}
			got = append(got, name+" "+r.Header.Get("Authorization"))
			w.Write([]byte(`{"sub":"1"}`))
		}))
		t.Cleanup(s.Close)
		return s
	}
	one, two := server("one"), server("two")
	config := func(s *httptest.Server) registry.Config {
		return registry.Config{ClientID: "client", ClientSecret: "s", AuthorizeURL: s.URL + "/a",
			AccessTokenURL: s.URL + "/token", UserInfoEndpoint: s.URL + "/me", IdentityIssuer: s.URL}
	}
	r := newRegistry(t, registry.Options{BaseURL: "https://site.example"})
	c, err := r.Register("name", config(one))
	if err != nil {
		t.Fatal(err)
	}
	in := newBrowser()
	w := httptest.NewRecorder()
	if err := c.AuthorizeRedirect(w, in.request("/"), "/cb"); err != nil {
		t.Fatal(err)
	}
	in.keep(w)
	u, _ := url.Parse(w.Header().Get("Location"))
	login, err := c.AuthorizeAccessToken(httptest.NewRecorder(), in.request("/cb?code=a&state="+u.Query().Get("state")))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Replace("name", config(two)); err != nil {
		t.Fatal(err)
	}
	_, err = c.UserInfo(t.Context(), login)
	if err == nil || len(got) > 0 {
		t.Errorf("sent %q, %v", got, err)
	}
}

// Logins, Init, Register, Replace, Remove and Resolve at the same time.
func TestAllAtOnce(t *testing.T) {
	r := &registry.Registry{}
	var early []*registry.Client
	for i := range 50 {
		c, err := r.Register(fmt.Sprint("early-", i), good())
		if err != nil {
			t.Fatal(err)
		}
		early = append(early, c)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var bad sync.Map
	for _, c := range early {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				w := httptest.NewRecorder()
				err := c.AuthorizeRedirect(w, httptest.NewRequest("GET", "/", nil), "https://site.example/"+c.Name())
				if err != nil && !errors.Is(err, registry.ErrNotInitialized) {
					bad.Store(err.Error(), true)
				}
				c.Protocol()
				r.Resolve(t.Context(), "tenant-"+c.Name())
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	if err := r.Init(registry.Options{EphemeralKey: true, Resolve: func(_ context.Context, name string) (registry.Config, error) {
		return tenant(name), nil
	}}); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		name := fmt.Sprint("late-", i)
		if _, err := r.Register(name, good()); err != nil {
			t.Error(err)
		}
		r.Replace(name, tenant("x"))
		r.Replace(early[i].Name(), tenant("x"))
		r.Remove(name)
	}
	close(stop)
	wg.Wait()
	bad.Range(func(k, _ any) bool { t.Error(k); return true })
}

// What is wrong is told in the same order each time.
func TestSameErrorEachTime(t *testing.T) {
	seen := map[string]bool{}
	for range 30 {
		_, err := newRegistry(t, registry.Options{}).Register("name", registry.Config{ClientID: "a"})
		seen[err.Error()] = true
	}
	if len(seen) != 1 {
		t.Error(seen)
	}
}

// What is the caller's is not the client's, before Init and after.
func TestConfigIsCopiedBeforeInit(t *testing.T) {
	for _, early := range []bool{true, false} {
		r := &registry.Registry{}
		c := good()
		c.Scopes = []string{"mine"}
		c.AuthorizeParams = url.Values{"a": {"mine"}}
		begin := func() {
			if err := r.Init(registry.Options{EphemeralKey: true}); err != nil {
				t.Fatal(err)
			}
		}
		if !early {
			begin()
		}
		client, err := r.Register("name", c)
		if err != nil {
			t.Fatal(err)
		}
		c.Scopes[0], c.AuthorizeParams["a"][0] = "other", "other"
		c.AuthorizeParams["b"] = []string{"other"}
		if early {
			begin()
		}
		if q := authorizeURL(t, client).RawQuery; strings.Contains(q, "other") {
			t.Errorf("early %t: %s", early, q)
		}
	}
}

// What becomes of the caller's map is of no account.
func TestUserInfoNamesAreCopied(t *testing.T) {
	c := good()
	c.UserInfoEndpoint, c.IdentityIssuer = "https://r.test/me", "https://r.test"
	c.UserInfoNames = map[string]string{"sub": "id"}
	reg := newRegistry(t, registry.Options{HTTP: answering(map[string]string{"https://r.test/me": `{"id":"1","x":"2"}`})})
	client := must(reg.Register("name", c))
	c.UserInfoNames["sub"] = "x"
	u, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
	if err != nil || u.Identity.Subject != "1" {
		t.Errorf("%+v, %v", u, err)
	}
}
