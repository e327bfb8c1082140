package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// Nothing is fetched before it is needed.
func TestDiscoveryIsLazy(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	if n := w.requests(wellKnown); n != 0 {
		t.Errorf("New fetched %d times", n)
	}
	for range 3 {
		w.begin(AuthorizationOptions{})
	}
	if n := w.requests(wellKnown); n != 1 || w.requests("/jwks") != 0 {
		t.Errorf("fetched metadata %d times, keys %d times", n, w.requests("/jwks"))
	}
}

// Callers who come at once share a fetch.
func TestDiscoveryIsShared(t *testing.T) {
	release := make(chan struct{})
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: func(rw http.ResponseWriter,
		r *http.Request) {
		<-release
		edit(func(map[string]any) {})(rw, r)
	}}, nil)
	var asking atomic.Int32
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if asking.Add(1) == 50 {
				close(release)
			}
			if p, err := w.client.Provider(t.Context()); err != nil || p.Issuer != w.Issuer() {
				t.Errorf("%+v and %v", p, err)
			}
		})
	}
	wait.Wait()
	if n := w.requests(wellKnown); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// Metadata is fresh for an hour and serves a day more while the provider fails.
func TestDiscoveryInTime(t *testing.T) {
	var failing atomic.Bool
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: func(rw http.ResponseWriter,
		r *http.Request) {
		if failing.Load() {
			rw.WriteHeader(http.StatusNotFound) // which is not tried again at once
			return
		}
		edit(func(map[string]any) {})(rw, r)
	}, discovery.Server: http.NotFound}, nil)
	const hour = 3600
	for _, step := range []struct {
		seconds int64
		failing bool
		fetches int
		want    string
	}{
		{0, false, 1, "ok"},
		{hour / 2, false, 1, "ok"},
		{hour, false, 2, "ok"},
		{2 * hour, true, 3, "ok"},
		{2*hour + 29, true, 3, "ok"}, // not sooner than after 30 seconds
		{2*hour + 30, true, 4, "ok"},
		{26*hour - 1, true, 5, "ok"},
		{26 * hour, true, 6, "404"},
		{26 * hour, true, 7, "404"},
		{26 * hour, false, 8, "ok"},
	} {
		w.clock.seconds.Store(step.seconds)
		failing.Store(step.failing)
		_, err := w.client.Provider(t.Context())
		got := "ok"
		if err != nil {
			got = err.Error()
		}
		if !strings.HasSuffix(got, step.want) || w.requests(wellKnown) != step.fetches {
			t.Errorf("after %d seconds: %q after %d fetches, want %q after %d",
				step.seconds, got, w.requests(wellKnown), step.want, step.fetches)
		}
	}
}

// What the metadata may and may not say.
func TestMetadata(t *testing.T) {
	const noAlgorithm = "check id_token_signing_alg_values_supported"
	for _, test := range []struct {
		name  string
		value any // of the member
		want  string
	}{
		{"issuer", nil, "check issuer"},
		{"issuer", null{}, "check issuer"},
		{"issuer", "", "check issuer"},
		{"issuer", "https://evil.example", "check issuer"},
		{"issuer", 1, "check metadata"},
		{"issuer", list{"https://evil.example"}, "check metadata"},

		{"authorization_endpoint", nil, "check authorization_endpoint"},
		{"authorization_endpoint", null{}, "check authorization_endpoint"},
		{"authorization_endpoint", 1, "check metadata"},
		{"authorization_endpoint", "http://p.example/authorize", "insecure URL"},
		{"authorization_endpoint", "javascript:alert(1)", "insecure URL"},
		{"authorization_endpoint", "/authorize", "insecure URL"},
		{"token_endpoint", nil, "ok"},
		{"token_endpoint", "http://p.example/token", "insecure URL"},
		{"token_endpoint", "http://localhost.p.example/token", "insecure URL"},
		{"token_endpoint", "http://127.0.0.1:80@p.example/token", "insecure URL"},
		{"token_endpoint", list{}, "check metadata"},
		{"jwks_uri", nil, "check jwks_uri"},
		{"jwks_uri", "http://p.example/jwks", "insecure URL"},
		{"jwks_uri", "file:///etc/keys", "insecure URL"},
		{"jwks_uri", true, "check metadata"},
		{"userinfo_endpoint", nil, "ok"},
		{"userinfo_endpoint", 1, "check metadata"},

		{"id_token_signing_alg_values_supported", nil, "ok"},
		{"id_token_signing_alg_values_supported", list{}, "ok"},
		{"id_token_signing_alg_values_supported", list{"none", "HS256", "RS256"}, "ok"},
		{"id_token_signing_alg_values_supported", list{"none"}, noAlgorithm},
		{"id_token_signing_alg_values_supported", list{"none", "HS256", "rs256", ""}, noAlgorithm},
		{"id_token_signing_alg_values_supported", "RS256", "check metadata"},
		{"id_token_signing_alg_values_supported", list{1}, "check metadata"},
		{"token_endpoint_auth_methods_supported", "client_secret_post", "check metadata"},
		{"authorization_response_iss_parameter_supported", "true", "check metadata"},

		{"Issuer", "https://evil.example", "check metadata"},
		{"JWKS_URI", "https://evil.example", "check metadata"},
		{"ID_Token_signing_alg_values_supported", list{"none"}, "check metadata"},
		{"unknown", map[string]any{"issuer": "https://evil.example"}, "ok"},
	} {
		text, _ := json.Marshal(test.value)
		t.Run(test.name+" "+string(text), func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, answerer{wellKnown: set(test.name, test.value)},
				nil)
			p, err := w.client.Provider(t.Context())
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q (%v), want %q", got, err, test.want)
			}
			if err != nil && p.Issuer != "" {
				t.Errorf("%+v beside an error", p)
			}
		})
	}
}

// What is no metadata at all: each answer its own error, and then recovery.
func TestDiscoveryRefuses(t *testing.T) {
	good := func(issuer string) string {
		return `{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/authorize",` +
			`"token_endpoint":"` + issuer + `/token","jwks_uri":"` + issuer + `/jwks"}`
	}
	const js = "application/json"
	for _, test := range []struct {
		name   string
		answer func(issuer string) http.HandlerFunc
		want   string
	}{
		{"HTML", func(string) http.HandlerFunc { return say(200, "text/html", "<html>") },
			"check content_type"},
		{"empty", func(string) http.HandlerFunc { return say(200, js, "") }, "check metadata"},
		{"array", func(i string) http.HandlerFunc { return say(200, js, "["+good(i)+"]") },
			"check metadata"},
		{"null", func(string) http.HandlerFunc { return say(200, js, "null") }, "check metadata"},
		{"cut short in the JSON", func(i string) http.HandlerFunc {
			return say(200, js, good(i)[:len(good(i))-1])
		}, "check metadata"},
		{"member twice", func(i string) http.HandlerFunc {
			return say(200, js, strings.Replace(good(i), "{", `{"issuer":"https://evil.example",`,
				1))
		}, "check metadata"},
		{"member twice below", func(i string) http.HandlerFunc {
			return say(200, js, strings.Replace(good(i), "{", `{"x":{"a":1,"a":2},`, 1))
		}, "check metadata"},
		{"more after the end",
			func(i string) http.HandlerFunc { return say(200, js, good(i)+good(i)) }, "check metadata"},
		{"500", func(i string) http.HandlerFunc { return say(500, js, good(i)) },
			"status must be 200, is 500"},
		{"404", func(string) http.HandlerFunc { return say(404, "text/html", "") },
			"status must be 200, is 404"},
		{"201", func(i string) http.HandlerFunc { return say(201, js, good(i)) },
			"status must be 200, is 201"},
		{"redirect", func(string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			}
		}, "status must be 200, is 302"},
		{"cut short", func(string) http.HandlerFunc { return cut }, "cut short"},
		{"endless", func(string) http.HandlerFunc { return endless }, "too large"},
		{"at the limit", func(i string) http.HandlerFunc {
			return say(200, js, good(i)+strings.Repeat(" ", 1<<20-len(good(i))))
		}, "too large"},
		{"below the limit", func(i string) http.HandlerFunc {
			return say(200, js, good(i)+strings.Repeat(" ", 1<<20-1-len(good(i))))
		}, "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var recovered atomic.Bool
			var w *world
			w = newWorld(t, oidctest.Options{},
				answerer{wellKnown: func(rw http.ResponseWriter, r *http.Request) {
					if recovered.Load() {
						edit(func(map[string]any) {})(rw, r)
						return
					}
					test.answer(w.Issuer())(rw, r)
				}, discovery.Server: http.NotFound}, nil)
			_, err := w.client.Provider(t.Context())
			if got := outcome(err); got != test.want &&
				(err == nil || !strings.HasSuffix(got, test.want)) {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "oidc: discovery: ") {
				t.Errorf("error is %v", err)
			}
			recovered.Store(true)
			w.mustLogin(AuthorizationOptions{})
			if w.requests("/elsewhere") > 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}

// Members that a careless client would take for settings change nothing
// (CVE-2021-44878).
func TestMetadataIsNoConfiguration(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: edit(func(m map[string]any) {
		maps.Copy(m, map[string]any{
			"verify": false, "scope": "admin", "client_id": "evil", "client_secret": "evil",
			"proxies":               "http://evil.example",
			"code_challenge_method": nil, "response_type": "token",
			"redirect_uri":                          "https://evil.example",
			"AuthorizationServer":                   map[string]string{"token_endpoint": "https://evil.example"},
			"response_types_supported":              list{"token"},
			"id_token_signing_alg_values_supported": list{"none", "RS256"},
		})
	})}, nil)
	req := w.begin(AuthorizationOptions{})
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("client_id") != "client" || q.Get("scope") != "openid" ||
		q.Get("redirect_uri") != redirectURI ||
		q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		t.Errorf("URL is %s", req.URL)
	}
	w.mustLogin(AuthorizationOptions{})
	if faults := w.Faults(); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
}

// The issuer that was asked for is the one that answers, a final slash included,
// and there is one slash before .well-known.
func TestDiscoveryOfAnIssuer(t *testing.T) {
	for _, test := range []struct{ issuer, says, at, want string }{
		{"", "", "/.well-known/openid-configuration", "ok"},
		{"/", "/", "/.well-known/openid-configuration", "ok"},
		{"/t/1", "/t/1", "/t/1/.well-known/openid-configuration", "ok"},
		{"/t/1/", "/t/1/", "/t/1/.well-known/openid-configuration", "ok"},
		{"", "/", "/.well-known/openid-configuration", "check issuer"},
		{"/", "", "/.well-known/openid-configuration", "check issuer"},
		{"/t/1", "/t/2", "/t/1/.well-known/openid-configuration", "check issuer"},
		{"/t/1", "/T/1", "/t/1/.well-known/openid-configuration", "check issuer"},
		{"/t/1", "", "/t/1/.well-known/openid-configuration", "check issuer"},
	} {
		t.Run(test.issuer+" says "+test.says, func(t *testing.T) {
			var asked atomic.Value
			var base string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Store(r.URL.RequestURI())
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(map[string]string{"issuer": base + test.says,
					"authorization_endpoint": base + "/a", "token_endpoint": base + "/t",
					"jwks_uri": base + "/j"})
			}))
			defer s.Close()
			base = s.URL
			c, err := New(Config{Issuer: base + test.issuer, ID: "client", Auth: oauth2.None()})
			if err != nil {
				t.Fatal(err)
			}
			p, err := c.Provider(t.Context())
			if got := outcome(err); got != test.want || asked.Load() != test.at {
				t.Errorf("outcome %q at %v, want %q at %s", got, asked.Load(), test.want, test.at)
			}
			if err == nil && p.Issuer != base+test.issuer {
				t.Errorf("issuer is %q", p.Issuer)
			}
		})
	}
}

// By its metadata URL alone a provider is known too.
func TestDiscoveryByURL(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.ServerMetadataURL = c.Issuer + wellKnown
		c.Issuer = ""
	})
	if login := w.mustLogin(AuthorizationOptions{}); login.IDToken.Issuer != w.Issuer() {
		t.Errorf("issuer is %q", login.IDToken.Issuer)
	}
}

// What the caller sets goes before what is discovered, and the rest is discovered.
func TestExplicitMetadata(t *testing.T) {
	explicit := Provider{
		AuthorizationServer: oauth2.AuthorizationServer{
			AuthorizationEndpoint:             "https://p.example/a",
			TokenEndpoint:                     "https://p.example/t",
			JWKSURI:                           "https://p.example/j",
			TokenEndpointAuthMethodsSupported: []string{"client_secret_post"},
			AuthorizationResponseIssParameterSupported: true,
		},
		UserInfoEndpoint:                 "https://p.example/u",
		IDTokenSigningAlgValuesSupported: []string{"ES256"},
	}
	at := func(w *world) Provider {
		t.Helper()
		p, err := w.client.Provider(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	silent := answerer{wellKnown: set("authorization_response_iss_parameter_supported", nil)}
	show := func(p Provider) string {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, take := range map[string]func(p, from *Provider){
		"authorization_endpoint": func(p, from *Provider) {
			p.AuthorizationEndpoint = from.AuthorizationEndpoint
		},
		"token_endpoint":    func(p, from *Provider) { p.TokenEndpoint = from.TokenEndpoint },
		"jwks_uri":          func(p, from *Provider) { p.JWKSURI = from.JWKSURI },
		"userinfo_endpoint": func(p, from *Provider) { p.UserInfoEndpoint = from.UserInfoEndpoint },
		"token_endpoint_auth_methods_supported": func(p, from *Provider) {
			p.TokenEndpointAuthMethodsSupported = from.TokenEndpointAuthMethodsSupported
		},
		"id_token_signing_alg_values_supported": func(p, from *Provider) {
			p.IDTokenSigningAlgValuesSupported = from.IDTokenSigningAlgValuesSupported
		},
		"authorization_response_iss_parameter_supported": func(p, from *Provider) {
			p.AuthorizationResponseIssParameterSupported = true
		},
	} {
		w := newWorld(t, oidctest.Options{}, silent, func(c *Config) { take(&c.Provider, &explicit) })
		plain, err := New(Config{Issuer: w.Issuer(), ID: "client", Auth: oauth2.None(), Now: w.now})
		if err != nil {
			t.Fatal(err)
		}
		want, err := plain.Provider(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want.AuthorizationResponseIssParameterSupported {
			t.Errorf("%s: iss is promised by no one", name)
		}
		take(&want, &explicit)
		if got := at(w); show(got) != show(want) {
			t.Errorf("%s: %s, want %s", name, show(got), show(want))
		}
	}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) { c.Provider = explicit })
	if p := at(w); p.Issuer != w.Issuer() || w.requests(wellKnown) != 0 {
		t.Errorf("issuer is %q, discovered %d times", p.Issuer, w.requests(wellKnown))
	}
	w = newWorld(t, oidctest.Options{}, nil, nil)
	if p := at(w); !p.AuthorizationResponseIssParameterSupported {
		t.Error("what is discovered was lost")
	}
}

// A provider that is known needs no discovery, and a login works.
func TestCompleteProvider(t *testing.T) {
	var issuer string
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		issuer = c.Issuer
		c.Provider.AuthorizationEndpoint = c.Issuer + "/authorize"
		c.Provider.TokenEndpoint = c.Issuer + "/token"
		c.Provider.JWKSURI = c.Issuer + "/jwks"
	})
	login := w.mustLogin(AuthorizationOptions{})
	if login.IDToken.Issuer != issuer || w.requests(wellKnown) != 0 {
		t.Errorf("issuer %q, discovered %d times", login.IDToken.Issuer, w.requests(wellKnown))
	}
	if _, err := w.client.UserInfo(t.Context(), login); outcome(err) != "check userinfo_endpoint" {
		t.Errorf("UserInfo without an endpoint: %v", err)
	}
}

// Endpoints set by hand are held to the same rules.
func TestExplicitMetadataIsChecked(t *testing.T) {
	for _, change := range []func(*Provider){
		func(p *Provider) { p.AuthorizationEndpoint = "http://p.example" },
		func(p *Provider) { p.TokenEndpoint = "http://p.example" },
		func(p *Provider) { p.JWKSURI = "http://p.example" },
	} {
		w := newWorld(t, oidctest.Options{}, nil, func(c *Config) { change(&c.Provider) })
		if _, err := w.client.Provider(t.Context()); outcome(err) != "insecure URL" {
			t.Errorf("error is %v", err)
		}
	}
}

// OpenID Connect Core 1.0, Section 3.1.3.7, rule 7: metadata narrows what is
// accepted and never widens it.
func TestAlgorithms(t *testing.T) {
	for _, test := range []struct {
		registered string
		advertised []string
		want       []string
	}{
		{"", nil, []string{"RS256"}},
		{"", []string{}, []string{"RS256"}},
		{"", []string{"RS256"}, []string{"RS256"}},
		{"", []string{"ES256", "RS256", "none", "HS256", "PS512"}, []string{"RS256", "PS512", "ES256"}},
		{"", []string{"EdDSA", "HS256"}, []string{"EdDSA"}},
		{"", []string{"HS256"}, nil},
		{"", []string{"ES256"}, []string{"ES256"}},
		{"", []string{"none"}, nil},
		{"ES256", nil, []string{"ES256"}},
		{"ES256", []string{"RS256"}, []string{"ES256"}},
		{"RS256", []string{"none"}, []string{"RS256"}},
	} {
		got, err := algorithms("x", test.registered, test.advertised)
		want := "ok"
		if test.want == nil {
			want = "check x"
		}
		if !slices.Equal(got, test.want) || outcome(err) != want {
			t.Errorf("%q of %q: %q, %v; want %q", test.registered, test.advertised, got, err,
				test.want)
		}
	}
}

// The client authenticates by what the provider supports, if told to choose.
func TestAuthenticationByMetadata(t *testing.T) {
	for _, test := range []struct {
		supported any
		auth      oauth2.ClientAuthentication
		post      bool
	}{
		{list{"client_secret_post"}, oauth2.ClientSecret("secret"), true},
		{list{"client_secret_post", "client_secret_basic"}, oauth2.ClientSecret("secret"), false},
		{nil, oauth2.ClientSecret("secret"), false},
		{list{"client_secret_post"}, oauth2.ClientSecretBasic("secret"), false},
	} {
		var form atomic.Bool
		w := newWorld(t, oidctest.Options{}, answerer{
			wellKnown: set("token_endpoint_auth_methods_supported", test.supported),
			"/token": func(rw http.ResponseWriter, r *http.Request) {
				form.Store(r.PostForm.Has("client_secret"))
				edit(func(map[string]any) {})(rw, r)
			},
		}, func(c *Config) { c.Auth = test.auth })
		w.mustLogin(AuthorizationOptions{})
		if form.Load() != test.post {
			t.Errorf("%v: secret in the form is %v", test.supported, form.Load())
		}
	}
}

// readAt reads metadata of an issuer.
func readAt(t *testing.T, issuer, body string) (Provider, error) {
	return (&Config{Issuer: issuer}).readMetadata(t.Context(), &httpclient.Response{
		Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)})
}

// What a provider says by https sends nobody to http on the machine that asks.
func TestMetadataStaysHTTPS(t *testing.T) {
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri",
		"revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint",
		"userinfo_endpoint"} {
		const metadata = `{"issuer":"%s","%s":"http://127.0.0.1/x"}`
		body := fmt.Sprintf(metadata, "https://p.example", name)
		_, err := readAt(t, "https://p.example", body)
		if outcome(err) != "check "+name {
			t.Errorf("%s: error is %v", name, err)
		}
		body = fmt.Sprintf(metadata, "http://127.0.0.1", name)
		if _, err := readAt(t, "http://127.0.0.1", body); err != nil {
			t.Errorf("%s on loopback: %v", name, err)
		}
	}
}

// Whatever a provider says of itself, what is accepted has its issuer, endpoints
// that secrets may be sent to, and an algorithm of ours.
func FuzzProviderMetadata(f *testing.F) {
	const issuer = "https://p.example"
	const ends = `"authorization_endpoint":"https://p.example/a",` +
		`"token_endpoint":"https://p.example/t","jwks_uri":"https://p.example/j"`
	for _, seed := range []string{
		`{"issuer":"https://p.example",` + ends + `}`,
		`{"issuer":"https://p.example",` + ends + `,"userinfo_endpoint":"https://p.example/u",` +
			`"id_token_signing_alg_values_supported":["RS256","none"],` +
			`"token_endpoint_auth_methods_supported":["client_secret_post"],` +
			`"claims_parameter_supported":false,"userinfo_signing_alg_values_supported":["ES256"],` +
			`"authorization_response_iss_parameter_supported":true}`,
		`{"issuer":"https://p.example",` + ends + `,"userinfo_endpoint":"https://u@p.example/u"}`,
		`{"issuer":"https://p.example","jwks_uri":"http://127.0.0.1/"}`,
		`{"issuer":"https://p.example","verify":false,"scope":"admin","client_id":"evil"}`,
		`{"issuer":"https://p.example/",` + ends + `}`,
		`{"\u0069ssuer":"https:\/\/p.example",` + ends + `,"Issuer":null}`,
		`{"issuer":"https://p.example","authorization_endpoint":"http://p.example"}`,
		`[]`, `<html>`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readAt(t, issuer, string(body))
		if err != nil {
			if _, ok := errors.AsType[*jose.CheckError](err); !ok {
				t.Error(err)
			}
			return
		}
		if p.Issuer != issuer {
			t.Errorf("issuer is %q", p.Issuer)
		}
		accepted, err := algorithms("x", "", p.IDTokenSigningAlgValuesSupported)
		for _, a := range accepted {
			if err != nil || !slices.Contains(jose.SignatureAlgorithms(), a) ||
				strings.HasPrefix(a, "HS") {
				t.Errorf("algorithm %q, %v", a, err)
			}
		}
		for _, e := range discovery.Endpoints(p) {
			if u, err := httpclient.CheckURL(nil, e.URL); err != nil || u.Scheme != "https" {
				t.Errorf("%s is %q, %v", e.Name, e.URL, err)
			}
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if p2, err := readAt(t, issuer, string(again)); err != nil || !reflect.DeepEqual(p2, p) {
			t.Errorf("%s is read as %+v, %v", again, p2, err)
		}
	})
}
