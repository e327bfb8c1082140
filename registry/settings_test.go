package registry_test

import (
	"cmp"
	"context"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// heard are the requests that a provider got, by the end of their paths.
type heard struct {
	mu       sync.Mutex
	requests map[string]*http.Request
}

// spy notes each request, with its form, and changes nothing.
func (h *heard) spy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		path := strings.Split(r.URL.Path, "/")
		h.mu.Lock()
		if h.requests == nil {
			h.requests = map[string]*http.Request{}
		}
		h.requests[path[len(path)-1]] = r
		h.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

func (h *heard) at(t *testing.T, path string) *http.Request {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.requests[path]
	if r == nil {
		t.Fatalf("nothing was asked at %s but %v", path, slices.Collect(maps.Keys(h.requests)))
	}
	return r
}

// Each setting of OAuth 1.0 shows in the requests.
func TestSettingsOfOAuth1(t *testing.T) {
	if fips140.Enforced() {
		t.Skip("FIPS 140-only mode has no HMAC-SHA1: run it without GODEBUG=fips140=only")
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(c *registry.Config)
		path   string
		want   string // in the Authorization header or the form of the request there
	}{
		{"default", func(*registry.Config) {}, "request_token", `oauth_signature_method="HMAC-SHA1"`},
		{"method", func(c *registry.Config) { c.SignatureMethod = oauth1.HMACSHA256 },
			"access_token", `oauth_signature_method="HMAC-SHA256"`},
		{"RSA", func(c *registry.Config) { c.SignatureMethod, c.RSAKey = oauth1.RSASHA1, private },
			"access_token", `oauth_signature_method="RSA-SHA1"`},
		{"query", func(c *registry.Config) { c.SignatureType = oauth1.PlacementQuery },
			"me", "oauth_signature="},
		{"realm", func(c *registry.Config) { c.Realm = "Photos" }, "me", `realm="Photos"`},
		{"body hash", func(c *registry.Config) { c.ForceIncludeBody = true }, "me", "oauth_body_hash="},
		{"request token params", func(c *registry.Config) {
			c.RequestTokenParams = url.Values{"scope": {"read"}}
		}, "request_token", "scope=read"},
		{"access token params", func(c *registry.Config) {
			c.AccessTokenParams = url.Values{"x_auth_expiration": {"0"}}
		}, "access_token", "x_auth_expiration=0"},
		{"authorization params", func(c *registry.Config) {
			c.AuthorizeParams = url.Values{"force_login": {"true"}}
		}, "authorize", "force_login=true"},
		{"of its own package", func(c *registry.Config) { c.OAuth1.EmptyToken = true },
			"request_token", `oauth_token=""`},
		{"user agent", func(c *registry.Config) { c.UserAgent = "shop/1" }, "request_token", "shop/1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h heard
			client := oauth1test.Client{ID: "client", Secret: "secret"}
			if test.name == "RSA" {
				client.Secret, client.PublicKey = "", &private.PublicKey
			}
			c := providersWith(t, oauth1test.Options{
				Intercept: h.spy, Clients: []oauth1test.Client{client}}, oidctest.Options{})["oauth1"]
			c.ClientSecret = client.Secret
			test.change(&c)
			visit(t, "oauth1", c) // whatever comes of it: the provider does not take every parameter
			r := h.at(t, test.path)
			sent := r.Header.Get("Authorization") + " " + r.Form.Encode() + " " + r.UserAgent()
			if !strings.Contains(sent, test.want) {
				t.Errorf("sent %s, want %s", sent, test.want)
			}
		})
	}
}

// Each setting of OAuth 2.0 shows in the requests, whether there is OpenID Connect or not.
func TestSettingsOfOAuth2(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *registry.Config)
		path   string
		want   string // in the header or the form of the request there
	}{
		{"authorization params", func(c *registry.Config) {
			c.AuthorizeParams = url.Values{"access_type": {"offline"}}
		}, "authorize", "access_type=offline"},
		{"token params", func(c *registry.Config) {
			c.AccessTokenParams = url.Values{"audience": {"a"}}
		}, "token", "audience=a"},
		{"hook", func(c *registry.Config) {
			c.Hooks.AccessTokenRequest = []oauth2.RequestHook{
				func(_ context.Context, r *http.Request) error {
					r.PostForm.Set("hooked", "yes")
					return nil
				}}
		}, "token", "hooked=yes"},
		{"custom authentication", func(c *registry.Config) {
			c.ClientSecret, c.ClientAuthentication = "", inForm{}
		}, "token", "by=inForm"},
		{"custom authentication by name", func(c *registry.Config) {
			c.ClientSecret, c.ClientAuthentication, c.TokenEndpointAuthMethod = "", inForm{}, "in_form"
		}, "token", "by=inForm"},
		{"custom authentication by a name like another's", func(c *registry.Config) {
			c.ClientSecret, c.ClientAuthentication = "", ownSecret{}
			c.TokenEndpointAuthMethod = "client_secret_own"
		}, "token", "by=inForm"},
		{"user agent", func(c *registry.Config) { c.UserAgent = "shop/1" }, "token", "shop/1"},
		{"user agent of UserInfo", func(c *registry.Config) { c.UserAgent = "shop/1" }, "userinfo", "shop/1"},
		{"user agent of the API", func(c *registry.Config) { c.UserAgent = "shop/1" }, "me", "shop/1"},
		{"default user agent of the API", func(*registry.Config) {}, "me", "vouchsafe"},
		{"method", func(c *registry.Config) { c.TokenEndpointAuthMethod = "client_secret_post" },
			"token", "client_secret=secret"},
	}
	for _, test := range tests {
		for _, name := range []string{"oauth2", "oidc"} {
			if name == "oauth2" && test.path == "userinfo" {
				continue
			}
			t.Run(test.name+" of "+name, func(t *testing.T) {
				var h heard
				c := providersWith(t, oauth1test.Options{}, oidctest.Options{Intercept: h.spy})[name]
				test.change(&c)
				if _, err := visit(t, name, c); err != nil {
					t.Fatal(err)
				}
				r := h.at(t, test.path)
				sent := r.Header.Get("Authorization") + " " + r.Form.Encode() + " " + r.UserAgent()
				if !strings.Contains(sent, test.want) {
					t.Errorf("sent %s, want %s", sent, test.want)
				}
			})
		}
	}
}

// manual are clients of OAuth 2.0 and OpenID Connect for which nothing is discovered.
func manual(t *testing.T) map[string]registry.Config {
	t.Helper()
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	two := good()
	two.APIBaseURL = "https://provider.example/"
	two.OAuth2.Server.RevocationEndpoint = "https://provider.example/revoke"
	connect := good()
	connect.APIBaseURL, connect.Issuer = two.APIBaseURL, "https://provider.example"
	connect.JWKS, connect.Protocol = jose.NewSet(key), registry.ProtocolOIDC
	connect.OIDC.Provider.RevocationEndpoint = "https://provider.example/revoke"
	return map[string]registry.Config{"oauth2": two, "oidc": connect}
}

// So does each that is for calls, for revocation and for what is asked.
func TestSettingsOfCalls(t *testing.T) {
	get := func(c *registry.Client, _ *oauth2.Client) {
		if resp, err := c.WithToken(bearer(t)).Get(t.Context(), "user"); err == nil {
			resp.Body.Close()
		}
	}
	revoke := func(_ *registry.Client, two *oauth2.Client) {
		two.Revoke(t.Context(), bearer(t).OAuth2, "") // whatever is answered
	}
	for name := range manual(t) {
		for what, test := range map[string]struct {
			change func(c *registry.Config)
			call   func(c *registry.Client, two *oauth2.Client)
			want   string // in the URL or the form
		}{
			"token placement": {
				func(c *registry.Config) { c.TokenPlacement = oauth2.InsecurePlacementQuery },
				get, "/user?access_token=token"},
			"revocation": {
				func(c *registry.Config) { c.RevocationEndpointAuthMethod = "client_secret_post" },
				revoke, "client_secret=secret"},
			"revocation as at the token endpoint": {
				func(c *registry.Config) { c.TokenEndpointAuthMethod = "client_secret_post" },
				revoke, "client_secret=secret"},
		} {
			var sent string
			r := newRegistry(t, registry.Options{HTTP: answering(nil, func(r *http.Request) {
				r.ParseForm()
				sent += r.URL.String() + " " + r.PostForm.Encode()
			})})
			config := manual(t)[name]
			test.change(&config)
			c, err := r.Register("name", config)
			if err != nil {
				t.Fatal(err)
			}
			two, err := c.OAuth2(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if test.call(c, two); !strings.Contains(sent, test.want) {
				t.Errorf("%s of %s: sent %s, want %s", what, name, sent, test.want)
			}
		}
	}
}

// And each of an authorization request.
func TestSettingsOfAuthorize(t *testing.T) {
	for name, config := range manual(t) {
		config.Scopes, config.Quirks.ScopeSeparator = []string{"openid", "a"}, ","
		config.Protocol = registry.Protocol(name)
		config.ResponseMode = "form_post"
		const api = "https://api.example/"
		o := registry.AuthorizeOptions{RedirectURI: callbackURL, Resources: []string{api}}
		responseType, mode := "code", config.ResponseMode
		if name == "oauth2" {
			config.Scopes[0] = "b"
		} else {
			responseType, mode = "code id_token", "fragment"
			o.OIDC.ResponseType, o.OIDC.ResponseMode = responseType, mode
		}
		c, err := newRegistry(t, registry.Options{HTTP: answering(nil)}).Register("name", config)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if err := c.Authorize(w, newBrowser().request("/"), o); err != nil {
			t.Fatal(err)
		}
		to, err := w.Result().Location()
		if err != nil {
			t.Fatal(err)
		}
		q := to.Query()
		if q.Get("resource") != api || !strings.HasSuffix(q.Get("scope"), ",a") ||
			q.Get("response_type") != responseType || q.Get("response_mode") != mode {
			t.Errorf("%s: asked for %v", name, q)
		}
	}
}

// Providers of OpenID Connect that do not send iss could be mixed up as well.
func TestRedirectURIOfManualProviders(t *testing.T) {
	r := newRegistry(t, registry.Options{HTTP: answering(nil)})
	for _, name := range []string{"one", "two"} {
		c, err := r.Register(name, manual(t)["oidc"])
		if err != nil {
			t.Fatal(err)
		}
		err = c.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), callbackURL)
		refused := err != nil && strings.Contains(err.Error(), `"one" does not send iss`)
		if name == "one" && err != nil || name == "two" && !refused {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// The clock is that of Options.
func TestNowOfProtocols(t *testing.T) {
	later := time.Now().Add(100 * time.Hour)
	s := newSite(t, registry.Options{Now: func() time.Time { return later }})
	if _, err := s.registry.Register("oidc", providers(t)["oidc"]); err != nil {
		t.Fatal(err)
	}
	s.done = func(_ *registry.Login, _ *oidc.UserInfo, _ string, err error) {
		if !errors.Is(err, &jose.CheckError{Check: "exp"}) {
			t.Errorf("an ID Token that has expired: %v", err)
		}
	}
	browse(t, s.URL+"/login/oidc")
	if fips140.Enforced() {
		return // HMAC-SHA1
	}
	var sent string
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	r := newRegistry(t, registry.Options{Now: now, HTTP: answering(nil,
		func(r *http.Request) { sent = r.Header.Get("Authorization") })})
	c, err := r.Register("one", registry.Config{ClientID: "one", ClientSecret: "secret",
		RequestTokenURL: "https://provider.example/temporary",
		AuthorizeURL:    "https://provider.example/authorize",
		AccessTokenURL:  "https://provider.example/token"})
	if err != nil {
		t.Fatal(err)
	}
	if authorizeURL(t, c); !strings.Contains(sent, `oauth_timestamp="1800000000"`) {
		t.Errorf("sent %s", sent)
	}
}

// A response that is a JWT is verified by the keys of the Config, or those of its URL.
func TestSignedResponseOfOAuth2(t *testing.T) {
	key, err := jose.GenerateKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := json.Marshal(jose.NewSet(key))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*registry.Config){
		"set": func(c *registry.Config) { c.JWKS = jose.NewSet(key) },
		"URL": func(c *registry.Config) { c.JWKSURI = "https://provider.example/jwks" },
	} {
		reg := newRegistry(t, registry.Options{HTTP: answering(map[string]string{
			"https://provider.example/jwks":  string(keys),
			"https://provider.example/token": `{"access_token":"token","token_type":"Bearer"}`,
		})})
		config := good()
		config.Protocol, config.ResponseMode = registry.ProtocolOAuth2, "jwt"
		config.Issuer = "https://provider.example"
		change(&config)
		c, err := reg.Register("name", config)
		if err != nil {
			t.Fatal(err)
		}
		in, w := newBrowser(), httptest.NewRecorder()
		if err := c.AuthorizeRedirect(w, in.request("/"), callbackURL); err != nil {
			t.Fatal(err)
		}
		in.keep(w)
		to, err := w.Result().Location()
		if err != nil {
			t.Fatal(err)
		}
		claims, err := json.Marshal(map[string]any{"iss": config.Issuer, "aud": config.ClientID,
			"exp": time.Now().Add(time.Minute).Unix(), "code": "code",
			"state": to.Query().Get("state")})
		if err != nil {
			t.Fatal(err)
		}
		response, err := jose.Sign(claims, key, jose.SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		login, err := c.AuthorizeAccessToken(httptest.NewRecorder(),
			in.request(callbackURL+"?response="+response))
		if err != nil || login.Token.OAuth2 == nil {
			t.Errorf("%s: %v, %v", name, login, err)
		}
	}
}

// inForm authenticates by a method of its own.
type inForm struct{}

func (inForm) Method() string { return "in_form" }

// ownSecret is one whose name begins as that of the methods with a secret.
type ownSecret struct{ inForm }

func (ownSecret) Method() string { return "client_secret_own" }

func (inForm) Authenticate(_ context.Context, c *oauth2.Client, r *http.Request) error {
	r.PostForm.Set("by", "inForm")
	r.PostForm.Set("client_id", c.ID())
	r.PostForm.Set("client_secret", "secret")
	return nil
}

// A method that is defined and not selected is an error, and so is one that is neither.
func TestClientAuthenticationSelected(t *testing.T) {
	for name, change := range map[string]func(c *registry.Config){
		"beside a secret": func(c *registry.Config) {
			c.ClientAuthentication, c.TokenEndpointAuthMethod = inForm{}, "client_secret_basic"
		},
		"without a secret": func(c *registry.Config) {
			c.ClientSecret, c.TokenEndpointAuthMethod = "", "client_secret_post"
		},
		"unknown":        func(c *registry.Config) { c.TokenEndpointAuthMethod = "client_secret_uri" },
		"without a key":  func(c *registry.Config) { c.TokenEndpointAuthMethod = "private_key_jwt" },
		"for revocation": func(c *registry.Config) { c.RevocationEndpointAuthMethod = "none" },
	} {
		t.Run(name, func(t *testing.T) {
			c := good()
			change(&c)
			_, err := newRegistry(t, registry.Options{}).Register("name", c)
			want := map[string]string{"for revocation": "RevocationEndpointAuthMethod",
				"without a key": "PrivateKey", "without a secret": "ClientSecret"}[name]
			e, ok := errors.AsType[*registry.ConfigError](err)
			if !ok || e.Field != cmp.Or(want, "TokenEndpointAuthMethod") || e.Field[0] != 'P' && e.Field[0] != 'C' &&
				!errors.Is(err, &jose.CheckError{Check: "client_authentication"}) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// A key signs the assertions of private_key_jwt.
func TestPrivateKeyJWT(t *testing.T) {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	var h heard
	c := providersWith(t, oauth1test.Options{}, oidctest.Options{Intercept: h.spy})["oauth2"]
	c.ClientSecret, c.PrivateKey, c.TokenEndpointAuthMethod = "", key, "private_key_jwt"
	visit(t, "oauth2", c) // the test provider does not take it
	form := h.at(t, "token").PostForm
	if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" ||
		strings.Count(form.Get("client_assertion"), ".") != 2 || form.Has("client_secret") {
		t.Errorf("sent %v", form)
	}
}

// The keys of a provider may be given instead of where they are.
func TestJWKS(t *testing.T) {
	var h heard
	provider := oidctest.NewServer(oidctest.Options{Intercept: h.spy})
	t.Cleanup(provider.Close)
	public, err := json.Marshal(provider.Key())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jose.ParseSet([]byte(`{"keys":[` + string(public) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	other, err := jose.GenerateKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	public, err = json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	others, err := jose.ParseSet([]byte(`{"keys":[` + string(public) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := registry.Config{
		ClientID: "client", ClientSecret: "secret",
		Issuer:       provider.Issuer(),
		AuthorizeURL: provider.Endpoint("authorize"), AccessTokenURL: provider.Endpoint("token"),
		UserInfoEndpoint: provider.Endpoint("userinfo"),
		APIBaseURL:       provider.Issuer(),
		JWKS:             keys,
	}
	if user, err := visit(t, "manual", c); err != nil || user.Identity.Subject != "alice" {
		t.Errorf("user is %v, %v", user, err)
	}
	for path := range h.requests {
		if strings.Contains(path, "configuration") || strings.Contains(path, "jwks") {
			t.Errorf("asked for %s", path)
		}
	}
	c.JWKS = others
	if _, err := visit(t, "manual", c); err == nil {
		t.Error("an ID Token by another key is accepted")
	}
}

// What a login asks of OpenID Connect, its ID Token is held to.
func TestAuthorizeOIDC(t *testing.T) {
	provider := oidctest.NewServer(oidctest.Options{EditIDToken: func(claims map[string]any) {
		claims["auth_time"], claims["acr"] = time.Now().Add(-time.Hour).Unix(), "silver"
	}})
	t.Cleanup(provider.Close)
	c := registry.Config{ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer()}
	minute := time.Minute
	tests := []struct {
		name  string
		asked oidc.AuthorizationOptions
		want  error
	}{
		{"nothing", oidc.AuthorizationOptions{}, nil},
		{"max_age", oidc.AuthorizationOptions{MaxAge: &minute}, &jose.CheckError{Check: "auth_time"}},
		{"acr_values", oidc.AuthorizationOptions{ACRValues: []string{"gold"}}, &jose.CheckError{Check: "acr"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRegistry(t, registry.Options{})
			client, err := r.Register("name", c)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			err = client.Authorize(w, httptest.NewRequest("GET", "/", nil), registry.AuthorizeOptions{
				RedirectURI: "http://127.0.0.1:1/auth", OIDC: test.asked})
			if err != nil {
				t.Fatal(err)
			}
			browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			}}
			resp, err := browser.Get(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			callback := httptest.NewRequest("GET", resp.Header.Get("Location"), nil)
			for _, cookie := range w.Result().Cookies() {
				callback.AddCookie(cookie)
			}
			_, err = client.AuthorizeAccessToken(httptest.NewRecorder(), callback)
			if !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

// What AuthorizeOptions has itself is not set twice, and what a protocol lacks is refused.
func TestAuthorizeOptionsRefused(t *testing.T) {
	configs := providers(t)
	tests := []struct {
		name, of string
		options  registry.AuthorizeOptions
	}{
		{"redirect URI", "oidc", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{RedirectURI: "https://a.example"}}},
		{"scopes", "oidc", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{Scopes: []string{"a"}}}},
		{"resources", "oidc", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{Resources: []string{"https://a.example"}}}},
		{"params", "oidc", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{Params: url.Values{"a": {"b"}}}}},
		{"token params", "oidc", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{TokenParams: url.Values{"a": {"b"}}}}},
		{"max_age", "oauth2", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{MaxAge: new(time.Duration)}}},
		{"max_age", "oauth1", registry.AuthorizeOptions{OIDC: oidc.AuthorizationOptions{MaxAge: new(time.Duration)}}},
		{"scopes", "oauth1", registry.AuthorizeOptions{Scopes: []string{"a"}}},
		{"resources", "oauth1", registry.AuthorizeOptions{Resources: []string{"https://a.example"}}},
		{"token params", "oauth1", registry.AuthorizeOptions{TokenParams: url.Values{"a": {"b"}}}},
	}
	for _, test := range tests {
		t.Run(test.name+" of "+test.of, func(t *testing.T) {
			r := newRegistry(t, registry.Options{})
			client, err := r.Register("name", configs[test.of])
			if err != nil {
				t.Fatal(err)
			}
			test.options.RedirectURI = "http://127.0.0.1:1/auth"
			w := httptest.NewRecorder()
			err = client.Authorize(w, httptest.NewRequest("GET", "/", nil), test.options)
			if err == nil || !strings.Contains(err.Error(), "AuthorizeOptions") || len(w.Header()) > 0 {
				t.Errorf("error is %v, header %v", err, w.Header())
			}
		})
	}
}
