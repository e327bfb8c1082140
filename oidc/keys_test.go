package oidc

import (
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// with makes another client of the world, its configuration changed.
func (w *world) with(change func(*Config)) {
	w.t.Helper()
	config := w.client.config
	change(&config)
	client, err := New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.client = client
}

// explicit is metadata with all that a login takes but keys.
func (w *world) explicit() Provider {
	return Provider{AuthorizationServer: oauth2.AuthorizationServer{
		AuthorizationEndpoint: w.Endpoint("authorize"),
		TokenEndpoint:         w.Endpoint("token"),
	}}
}

// The keys configured sign for the provider, and they alone: its jwks_uri is not asked, and
// with endpoints beside the keys nothing is.
func TestConfiguredKeys(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	own, other := jose.NewSet(w.Key()), jose.NewSet(generate(t, "RS256"))
	for _, test := range []struct {
		name       string
		keys       jose.KeySource
		explicit   bool
		jwks       bool // in the explicit metadata
		want       string
		discovered int
	}{
		{"the provider's", own, false, false, "ok", 1},
		{"another's", other, false, false, "check key", 1},
		{"the provider's, and endpoints", own, true, false, "ok", 0},
		{"another's, and endpoints", other, true, false, "check key", 0},
		{"the provider's, and all endpoints", own, true, true, "ok", 0},
		{"another's, and all endpoints", other, true, true, "check key", 0},
		{"none, and endpoints", nil, true, false, "ok", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.with(func(c *Config) {
				c.Keys, c.Provider = test.keys, Provider{}
				if test.explicit {
					c.Provider = w.explicit()
				}
				if test.jwks {
					c.Provider.JWKSURI = w.Endpoint("jwks")
				}
			})
			jwks, discovered := w.requests("/jwks"), w.requests(wellKnown)
			if _, err := w.login(AuthorizationOptions{}); outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
			if n := w.requests(wellKnown) - discovered; n != test.discovered {
				t.Errorf("discovered %d times", n)
			}
			if n := w.requests("/jwks") - jwks; n > 0 != (test.keys == nil) {
				t.Errorf("fetched keys %d times", n)
			}
		})
	}
}

// What is needed beside Keys is discovered.
func TestConfiguredKeysAlone(t *testing.T) {
	for _, drop := range []func(*Provider){
		func(p *Provider) { p.AuthorizationEndpoint = "" },
		func(p *Provider) { p.TokenEndpoint = "" },
	} {
		w := newWorld(t, oidctest.Options{}, nil, nil)
		w.with(func(c *Config) {
			c.Keys, c.Provider = jose.NewSet(w.Key()), w.explicit()
			drop(&c.Provider)
		})
		w.mustLogin(AuthorizationOptions{})
		if n := w.requests(wellKnown); n != 1 {
			t.Errorf("discovered %d times", n)
		}
	}
}

// A provider that says nothing of its keys is as good as another where they are known, and
// they outlive its metadata.
func TestConfiguredKeysWithoutURI(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: set("jwks_uri", nil)}, nil)
	if _, err := w.client.Provider(t.Context()); outcome(err) != "check jwks_uri" {
		t.Errorf("no keys at all: %v", err)
	}
	w.with(func(c *Config) { c.Keys = jose.NewSet(w.Key()) })
	for range 2 {
		w.mustLogin(AuthorizationOptions{})
		w.seconds.Add(3700)
	}
	if n := w.requests(wellKnown); n != 3 {
		t.Errorf("discovered %d times", n)
	}
}

// UserInfo is signed by the keys configured too, and so are authorization responses.
func TestConfiguredKeysSignAll(t *testing.T) {
	var w *world
	sign := func(payload []byte) string { return by(w.Key(), "")(payload) }
	w = newWorld(t, oidctest.Options{}, answerer{"/userinfo": token(&w, nil, sign)}, nil)
	w.with(func(c *Config) { c.Keys = jose.NewSet(w.Key()) })
	login := w.mustLogin(AuthorizationOptions{ResponseMode: "query.jwt"})
	if _, err := w.client.UserInfo(t.Context(), login); err != nil {
		t.Error(err)
	}
	w.with(func(c *Config) { c.Keys = jose.NewSet(generate(t, "RS256")) })
	_, err := w.client.UserInfoOf(t.Context(), login.Token, login.IDToken.Identity())
	if outcome(err) != "check key" {
		t.Errorf("by another key: %v", err)
	}
	req := w.begin(AuthorizationOptions{ResponseMode: "query.jwt"})
	if _, err = w.client.CallbackState(t.Context(), w.browse(req.URL)); outcome(err) !=
		"check response" {
		t.Errorf("a response by another key: %v", err)
	}
	if n := w.requests("/jwks"); n > 0 {
		t.Errorf("fetched keys %d times", n)
	}
}

// Tenants of a provider whose endpoints and keys are known need no metadata.
func TestConfiguredKeysOfTenants(t *testing.T) {
	config := Config{Issuer: "https://p.example/{tenantid}", ID: "client", Auth: oauth2.None(),
		Tenants: Tenants{Allow: func(string) bool { return true }},
		Provider: Provider{AuthorizationServer: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://p.example/a", TokenEndpoint: "https://p.example/t"}}}
	if _, err := New(config); outcome(err) != "check tenants" {
		t.Errorf("without keys: %v", err)
	}
	config.Keys = jose.NewSet(generate(t, "RS256"))
	if _, err := New(config); err != nil {
		t.Errorf("with keys: %v", err)
	}
}
