package registry_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]registry.Options{
		"no keys":             {},
		"empty key":           {Keys: [][]byte{nil}},
		"short key":           {Keys: [][]byte{key32, key32[:31]}},
		"base URL over http":  {Keys: [][]byte{key32}, BaseURL: "http://site.example"},
		"base URL no URL":     {Keys: [][]byte{key32}, BaseURL: "site.example"},
		"base URL of a path":  {Keys: [][]byte{key32}, BaseURL: "https://site.example/app"},
		"base URL of a query": {Keys: [][]byte{key32}, BaseURL: "https://site.example/?a"},
	} {
		if r, err := registry.New(o); err == nil || r != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// good is a Config of OAuth 2.0 that each refusal differs from in one thing.
func good() registry.Config {
	return registry.Config{
		ClientID:       "client",
		ClientSecret:   "secret",
		AuthorizeURL:   "https://provider.example/authorize",
		AccessTokenURL: "https://provider.example/token",
	}
}

func TestRegisterRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(c *registry.Config)
		want  string
	}{
		{"no client ID", func(c *registry.Config) { c.ClientID = "" }, "Config.ClientID: must be set"},
		{"no authorization endpoint", func(c *registry.Config) { c.AuthorizeURL = "" }, "Config.AuthorizeURL: must be set"},
		{"no token endpoint", func(c *registry.Config) { c.AccessTokenURL = "" }, "Config.AccessTokenURL: must be set"},
		{"token endpoint over http", func(c *registry.Config) { c.AccessTokenURL = "http://provider.example/token" },
			httpclient.ErrInsecureURL.Error()},
		{"API over http", func(c *registry.Config) { c.APIBaseURL = "http://provider.example" }, "APIBaseURL"},
		{"UserInfo over http", func(c *registry.Config) { c.UserInfoEndpoint = "http://provider.example" },
			"UserInfoEndpoint"},
		{"unknown protocol", func(c *registry.Config) { c.Protocol = "saml" }, "Config.Protocol: must be one"},
		{"unknown provider", func(c *registry.Config) { c.Provider = "nobody" },
			`Config.Provider: there is no provider "nobody"`},
		{"unknown authentication method", func(c *registry.Config) { c.TokenEndpointAuthMethod = "tls" },
			"client_authentication must be"},
		{"secret, and a method without one", func(c *registry.Config) { c.TokenEndpointAuthMethod = "none" },
			"client_authentication must be"},
		{"OAuth 1.0 with scopes", func(c *registry.Config) {
			c.RequestTokenURL, c.Scopes = "https://provider.example/request", []string{"a"}
		}, "Config.Scopes: is not of the protocol oauth1"},
		{"OAuth 1.0 with an issuer", func(c *registry.Config) {
			c.RequestTokenURL, c.Issuer = "https://provider.example/request", "https://provider.example"
		}, "Config.Issuer: is not of the protocol oauth1"},
		{"OAuth 1.0 without an authorization endpoint", func(c *registry.Config) {
			c.RequestTokenURL, c.AuthorizeURL = "https://provider.example/request", ""
			c.TokenEndpointAuthMethod = ""
		}, "Config.AuthorizeURL: must be set"},
		{"OAuth 1.0 without a token endpoint", func(c *registry.Config) {
			c.RequestTokenURL, c.AccessTokenURL = "https://provider.example/request", ""
			c.TokenEndpointAuthMethod = ""
		}, "Config.AccessTokenURL: must be set"},
		{"OAuth 1.0 with a response type", func(c *registry.Config) {
			c.RequestTokenURL, c.ResponseType = "https://provider.example/request", "code"
		}, "Config.ResponseType: is not of the protocol oauth1, which the other fields make it"},
		{"OAuth 2.0 with a response type", func(c *registry.Config) { c.ResponseType = "token" },
			"Config.ResponseType: is not of the protocol oauth2"},
		{"field of a protocol that is not the one said", func(c *registry.Config) {
			c.Protocol, c.Realm = registry.ProtocolOAuth2, "a"
		}, "Config.Realm: is not of the protocol oauth2"},
		{"field of Config", func(c *registry.Config) { c.OAuth2.ID = "a" },
			"Config.OAuth2.ID: is for Config itself, or for Options, to say"},
		{"user agent of two lines", func(c *registry.Config) { c.UserAgent = "a\r\nb: c" },
			"Config.UserAgent: must be one line"},
		{"redirect URI over http", func(c *registry.Config) {
			c.RedirectURI = "http://site.example/callback"
		}, "Config.RedirectURI: redirect URI: " + httpclient.ErrInsecureURL.Error()},
		{"redirect URI without a base URL", func(c *registry.Config) {
			c.RedirectURI = "/callback"
		}, "Config.RedirectURI: a redirect URI given as a path needs Options.BaseURL"},
		{"posted callback over http", func(c *registry.Config) {
			c.RedirectURI, c.ResponseMode = "http://127.0.0.1/callback", "form_post"
		}, "Config.RedirectURI: must be https for a ResponseMode of form_post"},
		{"posted JWT over http", func(c *registry.Config) {
			c.RedirectURI, c.ResponseMode = "http://127.0.0.1/callback", "form_post.jwt"
			c.Issuer, c.JWKSURI = "https://provider.example", "https://provider.example/jwks"
			c.Protocol = registry.ProtocolOAuth2
		}, "Config.RedirectURI: must be https for a ResponseMode of form_post"},
		{"OAuth 1.0 with a parameter of its own", func(c *registry.Config) {
			c.RequestTokenURL = "https://provider.example/request"
			c.AuthorizeParams = url.Values{"oauth_token": {"a"}}
		}, "Config.AuthorizeParams: must not begin with oauth_"},
		{"OAuth 2.0 with an issuer over http", func(c *registry.Config) {
			c.Protocol, c.Issuer = registry.ProtocolOAuth2, "http://provider.example"
		}, "Config.Issuer: "},
		{"parameters that a row has not", func(c *registry.Config) {
			c.Provider, c.ProviderParams = "keycloak", map[string]string{"server_url": "a"}
		}, `Config.ProviderParams: "server_url" is no parameter of this provider, which has host, realm`},
		{"parameters of a row that has none", func(c *registry.Config) {
			c.Provider, c.ProviderParams = "azureadv2", map[string]string{"tenant": "common"}
		}, `Config.ProviderParams: "tenant" is no parameter of this provider, which has none`},
		{"no row", func(c *registry.Config) { c.Provider = "gitbub" },
			`Config.Provider: there is no provider "gitbub" in the table: go doc vouchsafe/compliance`},
		{"a signed secret by a key without ID", func(c *registry.Config) {
			private, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			c.PrivateKey, _ = jose.NewKey(private, jose.KeyOptions{})
			c.Dialect.SecretAudience = "https://provider.example"
		}, "Config.PrivateKey: must have the ID that the provider knows it by"},
		{"openid with a method that has no key", func(c *registry.Config) {
			c.Protocol, c.Issuer = registry.ProtocolOIDC, "https://provider.example"
			c.TokenEndpointAuthMethod = "private_key_jwt"
		}, "Config.PrivateKey: must be set"},
		{"openid with a leeway that is too long", func(c *registry.Config) {
			c.Protocol, c.Issuer = registry.ProtocolOIDC, "https://provider.example"
			c.Leeway = 301 * time.Second
		}, "Config.Leeway: "},
		{"openid without an issuer", func(c *registry.Config) { c.Scopes = []string{"openid"} },
			"issuer must be configured"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRegistry(t, registry.Options{})
			c := good()
			test.spoil(&c)
			_, err := r.Register("name", c)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), `"name"`) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			if _, err := r.Client("name"); err == nil {
				t.Error("the client is there")
			}
		})
	}
}

// Where a callback is posted to is https, and others may be http on loopback.
func TestRedirectURIOfConfig(t *testing.T) {
	r := newRegistry(t, registry.Options{BaseURL: siteURL})
	for mode, uris := range map[string][]string{
		"":          {"http://127.0.0.1/callback", callbackURL, "/callback"},
		"form_post": {callbackURL, "/callback"},
	} {
		for i, uri := range uris {
			c := good()
			c.RedirectURI, c.ResponseMode = uri, mode
			if _, err := r.Register(fmt.Sprint("name", mode, i), c); err != nil {
				t.Error(err)
			}
		}
	}
}

// A provider's own HTTP client goes before that of all.
func TestHTTPOfConfig(t *testing.T) {
	var asked []string
	by := func(name string) *http.Client {
		return &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			asked = append(asked, name)
			return httptest.NewRecorder().Result(), nil
		})}
	}
	r := newRegistry(t, registry.Options{HTTP: by("options")})
	for _, name := range []string{"config", "options"} {
		c := good()
		c.APIBaseURL = "https://provider.example/"
		if name == "config" {
			c.HTTP = by(name)
		}
		client, err := r.Register(name, c)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.WithToken(bearer(t)).Get(t.Context(), "user")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if !slices.Equal(asked, []string{"config", "options"}) {
		t.Errorf("asked by %v", asked)
	}
}

func bearer(t *testing.T) registry.Token {
	t.Helper()
	tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: "token"})
	if err != nil {
		t.Fatal(err)
	}
	return registry.Token{OAuth2: tok}
}

func newRegistry(t *testing.T, o registry.Options) *registry.Registry {
	t.Helper()
	o.EphemeralKey = true
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNames(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	for _, name := range []string{"", "a b", "a/b", "ä", ".", "..", "a:", "a@", "a[", "a`", "a{",
		strings.Repeat("a", 65)} {
		_, err := r.Register(name, good())
		if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Client != name ||
			!strings.Contains(err.Error(), "a name must have 1 to 64 letters") {
			t.Errorf("%q: error is %v", name, err)
		}
	}
	longest := strings.Repeat("a", 64)
	for _, name := range []string{"a", "A-z_0.9", "aZ", longest} {
		if _, err := r.Register(name, good()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err := r.Register("a", good())
	if err == nil || err.Error() != `registry: "a": a client of this name is registered` {
		t.Errorf("a name that is given twice: error is %v", err)
	}
	_, err = r.Client("b")
	if err == nil || err.Error() != `registry: "b": no client of this name is registered` {
		t.Errorf("a client that was never registered: error is %v", err)
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    registry.AuthorizeOptions
	}{
		{"no redirect URI", registry.AuthorizeOptions{}},
		{"a path without a base URL", registry.AuthorizeOptions{RedirectURI: "/callback"}},
		{"http", registry.AuthorizeOptions{RedirectURI: "http://site.example/callback"}},
		{"a scheme in upper case", registry.AuthorizeOptions{RedirectURI: "HTTPS://site.example/callback"}},
		{"a fragment", registry.AuthorizeOptions{RedirectURI: callbackURL + "#a"}},
		{"state chosen by the caller", registry.AuthorizeOptions{
			RedirectURI: callbackURL, Params: url.Values{"state": {"mine"}}}},
		{"a record too large", registry.AuthorizeOptions{
			RedirectURI: callbackURL, ReturnTo: "/" + strings.Repeat("a", 800)}},
	}
	for _, test := range tests {
		b := newBench(t, registry.Options{})
		w := httptest.NewRecorder()
		err := b.client("a").Authorize(w, newBrowser().request("/login"), test.o)
		if err == nil || len(w.Header()) != 0 {
			t.Errorf("%s: error is %v, header %v", test.name, err, w.Header())
		}
	}
}

// The path of a return is the site's own, however a browser reads it.
func TestReturnTo(t *testing.T) {
	for path, ok := range map[string]bool{
		"/":                       true,
		"/a?b=c&d=//e#f":          true,
		"a":                       false,
		"//evil.example":          false,
		`/\evil.example`:          false,
		`\\evil.example`:          false,
		"/\t/evil.example":        false,
		"/\n/evil.example":        false,
		"/ /evil.example":         false,
		"/\x7f":                   false,
		"https://evil.example/":   false,
		"javascript:alert(1)":     false,
		"/a\r\nSet-Cookie: b=c":   false,
		"https:evil.example":      false,
		"\u2028//evil.example":    false,
		"/%2f/stays.on.the.site/": true,
	} {
		b := newBench(t, registry.Options{})
		err := b.client("a").Authorize(httptest.NewRecorder(), newBrowser().request("/"),
			registry.AuthorizeOptions{RedirectURI: callbackURL, ReturnTo: path})
		if (err == nil) != ok {
			t.Errorf("%q: error is %v", path, err)
		}
	}
}

// The redirect URI follows from the base URL, never from the request.
func TestRedirectURIFromBaseURL(t *testing.T) {
	b := newBench(t, registry.Options{BaseURL: "https://site.example/"})
	r := httptest.NewRequest(http.MethodGet, "http://evil.example/login", nil)
	r.Header.Set("X-Forwarded-Host", "evil.example")
	w := httptest.NewRecorder()
	if err := b.client("a").AuthorizeRedirect(w, r, "/callback"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Query().Get("redirect_uri"); got != "https://site.example/callback" {
		t.Errorf("redirect_uri is %q", got)
	}
}

func TestRedirectStatus(t *testing.T) {
	for method, want := range map[string]int{http.MethodGet: 302, http.MethodPost: 303} {
		b, w := newBench(t, registry.Options{}), httptest.NewRecorder()
		err := b.client("a").AuthorizeRedirect(w, httptest.NewRequest(method, "/login", nil), callbackURL)
		if err != nil || w.Code != want || w.Header().Get("Cache-Control") != "no-store" ||
			w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v, %d, %v", method, err, w.Code, w.Header())
		}
	}
}

// Registered parameters lose to those of one login.
func TestAuthorizeParams(t *testing.T) {
	b := newBench(t, registry.Options{})
	c := good()
	c.AuthorizeParams = url.Values{"prompt": {"none"}, "audience": {"a", "b"}}
	if _, err := b.registry.Register("params", c); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	err := b.client("params").Authorize(w, newBrowser().request("/"), registry.AuthorizeOptions{
		RedirectURI: callbackURL, Params: url.Values{"prompt": {"login"}}})
	if err != nil {
		t.Fatal(err)
	}
	if location := w.Header().Get("Location"); !strings.Contains(location, "&audience=a&audience=b&prompt=login&") {
		t.Errorf("redirected to %q", location)
	}
	if len(c.AuthorizeParams["prompt"]) != 1 || c.AuthorizeParams.Get("prompt") != "none" {
		t.Error("the Config was changed")
	}
}

// So do those of the token request.
func TestTokenParams(t *testing.T) {
	var sent url.Values
	r := newRegistry(t, registry.Options{HTTP: &http.Client{Transport: roundTrip(
		func(r *http.Request) (*http.Response, error) {
			r.ParseForm()
			sent = r.PostForm
			return nil, errors.New("enough")
		})}})
	config := good()
	config.AccessTokenParams = url.Values{"audience": {"config"}, "own": {"config"}}
	c, err := r.Register("name", config)
	if err != nil {
		t.Fatal(err)
	}
	in, w := newBrowser(), httptest.NewRecorder()
	if err := c.Authorize(w, in.request("/"), registry.AuthorizeOptions{
		RedirectURI: callbackURL, TokenParams: url.Values{"audience": {"login"}}}); err != nil {
		t.Fatal(err)
	}
	in.keep(w)
	to, err := w.Result().Location()
	if err != nil {
		t.Fatal(err)
	}
	c.AuthorizeAccessToken(httptest.NewRecorder(),
		in.request(callbackURL+"?code=code&state="+to.Query().Get("state")))
	if !slices.Equal(sent["audience"], []string{"login"}) ||
		!slices.Equal(sent["own"], []string{"config"}) {
		t.Errorf("sent %v", sent)
	}
}

// Two providers whose callbacks do not say whom they are from have two callbacks.
func TestRedirectURIOfTwoProviders(t *testing.T) {
	b := newBench(t, registry.Options{})
	b.beginWith(newBrowser(), "one", registry.AuthorizeOptions{RedirectURI: callbackURL + "one"})
	err := b.client("a").AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"),
		callbackURL+"one")
	if err == nil || !strings.Contains(err.Error(), `"one" does not send iss`) {
		t.Errorf("beside OAuth 1.0: error is %v", err)
	}
	b.beginWith(newBrowser(), "a", registry.AuthorizeOptions{RedirectURI: callbackURL})
	b.beginWith(newBrowser(), "a", registry.AuthorizeOptions{RedirectURI: callbackURL})
	err = b.client("a_b").AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"),
		callbackURL)
	if err == nil || !strings.Contains(err.Error(), "RFC 9700, Section 4.4.2") {
		t.Errorf("error is %v", err)
	}
}

// Two that say so may share one.
func TestRedirectURIOfTwoIssuers(t *testing.T) {
	r := newRegistry(t, registry.Options{BaseURL: "http://127.0.0.1"})
	for _, name := range []string{"one", "two"} {
		client, err := r.Register(name, providers(t)["oidc"])
		if err != nil {
			t.Fatal(err)
		}
		if err := client.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), "/callback"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	client, err := r.Register("three", providers(t)["oauth2"])
	if err != nil {
		t.Fatal(err)
	}
	if err := client.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), "/callback"); err == nil {
		t.Error("one that does not say so shares it too")
	}
	says := providers(t)["oauth2"]
	says.OAuth2.Server.AuthorizationResponseIssParameterSupported = true
	if client, err = r.Register("four", says); err != nil {
		t.Fatal(err)
	}
	if err := client.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), "/callback"); err != nil {
		t.Errorf("one of OAuth 2.0 that says so: %v", err)
	}
}

// Whoever comes after a client that was removed is the one whom others could be mixed up with.
func TestRedirectURIOfRemoved(t *testing.T) {
	b := newBench(t, registry.Options{})
	b.register("third", good())
	begin := func(name string) error {
		return b.client(name).AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"),
			callbackURL)
	}
	if err := begin("a"); err != nil {
		t.Fatal(err)
	}
	if err := b.registry.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if err := begin("a_b"); err != nil {
		t.Error(err)
	}
	const want = `"third": Config.RedirectURI: must not be that of "a_b"`
	if err := begin("third"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v", err)
	}
}

// A redirect URI is not shared with a provider that is out of reach.
func TestRedirectURIOfUndiscovered(t *testing.T) {
	down := errors.New("down")
	r := newRegistry(t, registry.Options{HTTP: &http.Client{Transport: roundTrip(
		func(*http.Request) (*http.Response, error) { return nil, down })}})
	one, err := r.Register("one", registry.Config{
		ClientID: "client", Issuer: "https://issuer.example"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.Register("two", good())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*registry.Client{one, two} {
		err := c.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), callbackURL)
		if !errors.Is(err, down) {
			t.Errorf("%s: error is %v", c.Name(), err)
		}
	}
}

// How long a login may take is the site's to say.
func TestLoginLife(t *testing.T) {
	b, in := newBench(t, registry.Options{LoginLife: time.Hour}), newBrowser()
	early, late := b.begin(in, "a"), b.begin(in, "a")
	for _, c := range in.cookies {
		if c.MaxAge != 7200 {
			t.Errorf("the cookie lives %d seconds", c.MaxAge)
		}
	}
	b.now = b.now.Add(time.Hour - time.Second)
	if _, err := b.complete(in, "a", early); err != nil {
		t.Error(err)
	}
	b.answers = 0
	b.now = b.now.Add(time.Second)
	_, err := b.complete(in, "a", late)
	b.want(err, registry.ReasonExpired)
}

// Keys that are given are used, whatever else is asked for.
func TestKeysBeforeEphemeralKey(t *testing.T) {
	in := newBrowser()
	callback := newBench(t, registry.Options{EphemeralKey: true}).begin(in, "a")
	if _, err := newBench(t, registry.Options{EphemeralKey: true}).complete(in, "a", callback); err != nil {
		t.Error(err)
	}
}

// An ephemeral key is nobody else's.
func TestEphemeralKey(t *testing.T) {
	in := newBrowser()
	var benches [2]*bench
	for i := range benches {
		benches[i] = newBench(t, registry.Options{Keys: [][]byte{}, EphemeralKey: true})
	}
	_, err := benches[1].complete(in, "a", benches[0].begin(in, "a"))
	benches[1].want(err, registry.ReasonTampered)
}

func TestHTTPClientTimeout(t *testing.T) {
	for own, want := range map[*http.Client]time.Duration{
		nil: httpclient.Timeout, {Timeout: time.Second}: time.Second} {
		r := newRegistry(t, registry.Options{HTTP: own})
		c := good()
		c.APIBaseURL = "https://r.example"
		client, err := r.Register("name", c)
		if err != nil {
			t.Fatal(err)
		}
		bound, err := client.WithToken(bearer(t)).HTTPClient(t.Context())
		if err != nil || bound.Timeout != want {
			t.Errorf("%v, %v", bound, err)
		}
	}
}

// Without knowing where to ask, or by whose name to call the answer, nobody is
// asked.
func TestUserInfoUnknown(t *testing.T) {
	for field, spoil := range map[string]func(*registry.Config){
		"UserInfoEndpoint": func(c *registry.Config) { c.UserInfoEndpoint = "" },
		"IdentityIssuer":   func(c *registry.Config) { c.IdentityIssuer = "" },
	} {
		for _, name := range []string{"oauth1", "oauth2"} {
			c := providers(t)[name]
			spoil(&c)
			user, err := visit(t, name, c)
			e, ok := errors.AsType[*registry.ConfigError](err)
			if user != nil || !ok || e.Field != field || !strings.HasPrefix(err.Error(),
				fmt.Sprintf("registry: %q: Config.%s: must be set", name, field)) {
				t.Errorf("%s: user %v, error %v", name, user, err)
			}
		}
	}
}

// A callback with a parameter twice, or without a code, ends the login.
func TestCallbackParameters(t *testing.T) {
	for name, suffix := range map[string]string{
		"code twice": "&code=other", "state twice": "&state=other", "bad escape": "&a=%zz", "semicolon": "&a;b"} {
		b, in := newBench(t, registry.Options{}), newBrowser()
		if _, err := b.complete(in, "a", b.begin(in, "a")+suffix); err == nil || b.answers != 0 {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// A HEAD of the callback, as link previews send, leaves the login as it was.
func TestCallbackByOtherMethods(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a")
	for _, method := range []string{http.MethodHead, http.MethodPost} {
		r := in.request(callback)
		r.Method = method
		w := httptest.NewRecorder()
		if _, err := b.client("a").AuthorizeAccessToken(w, r); err == nil || len(in.keep(w)) != 0 {
			t.Errorf("%s: error is %v", method, err)
		}
	}
	if _, err := b.complete(in, "a", callback); err != nil {
		t.Error(err)
	}
}

// The joining rules of a client's API.
func TestGet(t *testing.T) {
	tests := []struct{ base, ref, want string }{
		{"https://r.example/api", "user", "https://r.example/api/user"},
		{"https://r.example/api", "/api/user", "https://r.example/api/user"},
		{"https://r.example/api/", "user", "https://r.example/api/user"},
		{"https://r.example/api/", "/user", "https://r.example/user"},
		{"https://r.example/api/", "?a=1", "https://r.example/api/?a=1"},
		{"https://r.example/api/", "", "https://r.example/api/"},
		{"https://r.example", "user", "https://r.example/user"},
		{"https://r.example/api/", "a/../user", "https://r.example/api/user"},
		{"https://r.example/api/", "https://r.example/x", "https://r.example/x"},
		{"https://r.example/api/", "https://R.example/x", "https://R.example/x"},
		{"https://r.example/api/", "../x", ""},
		{"https://r.example/api/", "a/../../x", ""},
		{"https://r.example/api/", "%2e%2E/x", ""},
		{"https://r.example/api/", "a/%2E./x", ""},
		{"https://r.example/api/", "..%2fadmin", ""},
		{"https://r.example/api/", "a/..%2f..%2fadmin", ""},
		{"https://r.example/api/", "files/a%2Fb%2Erb", "https://r.example/api/files/a%2Fb%2Erb"},
		{"https://r.example/api/", "a..b/...", "https://r.example/api/a..b/..."},
		{"https://r.example/api/", "//r.example/x", "https://r.example/x"},
		{"https://r.example/api/", "//evil.example/x", ""},
		{"https://r.example/api/", `\\evil.example/x`, ""},
		{"https://r.example/api/", "https://evil.example/x", ""},
		{"https://r.example/api/", "HTTPS://evil.example/x", ""},
		{"https://r.example/api/", "http://r.example/x", ""},
		{"https://r.example/api/", "https://r.example:444/x", ""},
		{"https://r.example/api/", "https://r.example@evil.example/x", ""},
		{"https://r.example/api/", "https://user@r.example/x", ""},
		{"https://r.example/api/", "%zz", ""},
		{"", "user", ""},
	}
	for _, test := range tests {
		var sent string
		r := newRegistry(t, registry.Options{HTTP: &http.Client{
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = r.URL.String()
				if r.Header.Get("Authorization") != "Bearer token" {
					t.Errorf("Authorization is %q", r.Header.Get("Authorization"))
				}
				return httptest.NewRecorder().Result(), nil
			})}})
		c := good()
		c.APIBaseURL = test.base
		client, err := r.Register("name", c)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.WithToken(bearer(t)).Get(t.Context(), test.ref)
		if err == nil {
			resp.Body.Close()
		}
		if sent != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s and %s: sent to %q, %v; want %q", test.base, test.ref, sent, err, test.want)
		}
	}
}

// A request made by hand is pinned to the API's origin too.
func TestDoPinned(t *testing.T) {
	r := newRegistry(t, registry.Options{HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			t.Error("the request was sent")
			return nil, errors.New("sent")
		})}})
	c := good()
	c.APIBaseURL = "https://r.example/api"
	client, err := r.Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest(http.MethodGet, "https://evil.example/", nil)
	if _, err := client.WithToken(bearer(t)).Do(req); !errors.Is(err, httpclient.ErrOrigin) {
		t.Errorf("error is %v", err)
	}
	if _, err := client.WithToken(registry.Token{}).Get(t.Context(), "user"); err == nil {
		t.Error("no token, and no error")
	}
}

// Nothing of this package, however printed, shows the secrets that went in.
func TestPrintsNoSecret(t *testing.T) {
	c := good()
	c.ClientSecret, c.APIBaseURL = "CANARYsecret", "https://r.example"
	o := registry.Options{Keys: [][]byte{[]byte("CANARYCANARYCANARYCANARYCANARYCA")}}
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	client, err := r.Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: "CANARYtoken", RefreshToken: "CANARYrefresh"})
	if err != nil {
		t.Fatal(err)
	}
	token := registry.Token{OAuth2: tok}
	oneClient, oneLogin := logIn(t, "oauth1", providers(t)["oauth1"])
	_, oidcLogin := logIn(t, "oidc", providers(t)["oidc"])
	var log bytes.Buffer
	text := slog.New(slog.NewTextHandler(&log, nil))
	structured := slog.New(slog.NewJSONHandler(&log, nil))
	for _, v := range []any{c, &c, o, &o, r, client, token, &token, &registry.Login{Token: token},
		oneClient, oneLogin, *oneLogin, oidcLogin, *oidcLogin,
		client.WithToken(token), struct{ C registry.Config }{c}, struct{ O registry.Options }{o}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb, v)
		}
		text.Info("text", "value", v)
		if raw, err := json.Marshal(v); err == nil {
			log.Write(raw)
		}
	}
	structured.Info("text", "config", c, "in", struct{ C registry.Config }{c}, "options", o,
		"in", struct{ O registry.Options }{o})
	one, two := oneLogin.Token.OAuth1, oidcLogin.Token.OAuth2
	for _, canary := range []string{one.Token(), one.Secret(), two.AccessToken(), two.RefreshToken(), two.IDToken(),
		"CANARY", "43414e415259", "43414E415259", "67 65 78 65 82 89", "67, 65, 78", "Q0FOQVJZ"} {
		if i := strings.Index(log.String(), canary); i >= 0 {
			t.Errorf("printed: %s", log.String()[max(0, i-300):min(i+40, log.Len())])
		}
	}
}

// What is printed instead is the same whatever the verb, and in a log.
func TestPrints(t *testing.T) {
	c := good()
	c.Provider = "github"
	for want, v := range map[string]any{
		"registry.Options{...}":                               registry.Options{},
		"registry.Config{Provider: github, ClientID: client}": c,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s: %s", verb, got)
			}
		}
		if got := v.(slog.LogValuer).LogValue().String(); got != want {
			t.Errorf("in a log: %s", got)
		}
	}
}

// What the caller does to a Config once it is registered changes nothing.
func TestConfigIsCopied(t *testing.T) {
	b := newBench(t, registry.Options{})
	c := good()
	c.Scopes, c.AuthorizeParams = []string{"read"}, url.Values{"audience": {"a"}}
	client, err := b.registry.Register("copied", c)
	if err != nil {
		t.Fatal(err)
	}
	c.Scopes[0] = "admin"
	c.AuthorizeParams["audience"][0] = "b"
	c.AuthorizeParams.Set("prompt", "none")
	w := httptest.NewRecorder()
	if err := client.AuthorizeRedirect(w, newBrowser().request("/"), callbackURL); err != nil {
		t.Fatal(err)
	}
	location := w.Header().Get("Location")
	if !strings.Contains(location, "scope=read&") || !strings.Contains(location, "audience=a&") ||
		strings.Contains(location, "prompt") {
		t.Errorf("redirected to %q", location)
	}
}

// A redirect that is not followed is not quoted: it may hold a signature.
func TestDoQuotesNoRedirect(t *testing.T) {
	r := newRegistry(t, registry.Options{HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.Header().Set("Location", "http://cdn.example/x?token=CANARY")
			w.WriteHeader(http.StatusFound)
			return w.Result(), nil
		})}})
	c := good()
	c.APIBaseURL = "https://r.example"
	client, err := r.Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.WithToken(bearer(t)).Get(t.Context(), "archive?key=CANARY")
	if !errors.Is(err, httpclient.ErrInsecureURL) || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("error is %v", err)
	}
}

// A redirect elsewhere goes without the token.
func TestGetRedirected(t *testing.T) {
	var sent []string
	r := newRegistry(t, registry.Options{HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Host+" "+r.Header.Get("Authorization"))
			w := httptest.NewRecorder()
			if r.URL.Host == "r.example" {
				w.Header().Set("Location", "https://cdn.example/x")
				w.WriteHeader(http.StatusFound)
			}
			return w.Result(), nil
		})}})
	c := good()
	c.APIBaseURL = "https://r.example"
	client, err := r.Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.WithToken(bearer(t)).Get(t.Context(), "archive")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := []string{"r.example Bearer " + bearer(t).OAuth2.AccessToken(), "cdn.example "}
	if !slices.Equal(sent, want) {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

// UserInfo is about the login it is given, and that is this client's.
func TestUserInfoOfAnotherLogin(t *testing.T) {
	for name, c := range providers(t) {
		one, login := logIn(t, name, c)
		other, _ := logIn(t, name, c)
		if _, err := one.UserInfo(t.Context(), login); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if user, err := other.UserInfo(t.Context(), login); err == nil || user != nil {
			t.Errorf("%s: another client's login: %v", name, user)
		}
		stored, err := one.UserInfo(t.Context(), &registry.Login{Token: login.Token})
		if name == "oidc" && err == nil || name != "oidc" && (err != nil || stored.Identity.Subject != "alice") {
			t.Errorf("%s: a stored token: %v, %v", name, stored, err)
		}
	}
}

// Two clients of one configuration are two all the same.
func TestUserInfoOfAnotherName(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	c := good()
	c.ClientSecret = ""
	b.register("one-1", c)
	b.register("one-2", c)
	login, err := b.complete(in, "one-1", b.begin(in, "one-1"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.client("one-2").UserInfo(t.Context(), login)
	if err == nil || !strings.Contains(err.Error(), "needs a login that this client completed") {
		t.Errorf("error is %v", err)
	}
}

// A provider that says "true" for true is a Quirk, without OpenID Connect too.
func TestStringBooleans(t *testing.T) {
	const endpoint = "https://provider.example/me"
	for _, quirk := range []bool{true, false} {
		r := newRegistry(t, registry.Options{HTTP: answering(map[string]string{
			endpoint: `{"sub":"1","email":"a@example.com","email_verified":"true"}`})})
		config := good()
		config.UserInfoEndpoint, config.IdentityIssuer = endpoint, "https://provider.example"
		config.Quirks.StringBooleans = quirk
		c, err := r.Register("name", config)
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
		verified := false
		if err == nil {
			_, verified = u.Email()
		}
		if verified != quirk || quirk && err != nil {
			t.Errorf("with the quirk %t: verified %t, %v", quirk, verified, err)
		}
	}
}

// Whoever comes second to a redirect URI must say whom its callbacks are from, too.
func TestSecondSaysNothing(t *testing.T) {
	first := oidctest.NewServer(oidctest.Options{})
	defer first.Close()
	r := newRegistry(t, registry.Options{BaseURL: "http://127.0.0.1"})
	one, err := r.Register("one", registry.Config{ClientID: "client", ClientSecret: "s", Issuer: first.Issuer()})
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.Register("two", good())
	if err != nil {
		t.Fatal(err)
	}
	begin := func(c *registry.Client) error {
		return c.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), "/callback")
	}
	if err := begin(one); err != nil {
		t.Fatal(err)
	}
	if err := begin(two); err == nil || !strings.Contains(err.Error(), `"two" does not send iss`) {
		t.Errorf("error is %v", err)
	}
}
