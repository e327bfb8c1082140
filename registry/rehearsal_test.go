package registry_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

// What would be wrong with every login is wrong with the configuration.
func TestRehearsal(t *testing.T) {
	params := func(name string) func(*registry.Config) {
		return func(c *registry.Config) { c.AuthorizeParams = url.Values{name: {"x"}} }
	}
	mode := func(mode string) func(*registry.Config) {
		return func(c *registry.Config) { c.ResponseMode = mode }
	}
	tests := []struct {
		name         string
		both         bool // of OAuth 2.0, and not of OpenID Connect alone
		change       func(c *registry.Config)
		field, check string // empty if it is right
	}{
		{"state", true, params("state"), "AuthorizeParams", "params"},
		{"redirect_uri", true, params("redirect_uri"), "AuthorizeParams", "params"},
		{"code_challenge", true, params("code_challenge"), "AuthorizeParams", "params"},
		{"request", true, params("request"), "AuthorizeParams", "params"},
		{"nonce", false, params("nonce"), "AuthorizeParams", "params"},
		{"max_age", false, params("max_age"), "AuthorizeParams", "params"},
		{"id_token_hint", false, params("id_token_hint"), "AuthorizeParams", "params"},
		{"contradictory prompt", false, func(c *registry.Config) {
			c.AuthorizeParams = url.Values{"prompt": {"none login"}}
		}, "AuthorizeParams", "prompt"},
		{"prompt, login_hint", true, func(c *registry.Config) {
			c.AuthorizeParams = url.Values{"prompt": {"login"}, "login_hint": {"alice"}}
		}, "", ""},
		{"code", true, func(c *registry.Config) {
			c.AccessTokenParams = url.Values{"code": {"x"}}
		}, "AccessTokenParams", "token_params"},
		{"a scope with a space", true, func(c *registry.Config) { c.Scopes = []string{"a b"} },
			"Scopes", "scope"},
		{"openid without OpenID Connect", false, func(c *registry.Config) {
			c.Protocol, c.Scopes = registry.ProtocolOAuth2, []string{"openid"}
		}, "Scopes", "scope"},
		{"a scope with the separator", true, func(c *registry.Config) {
			c.Scopes, c.Quirks.ScopeSeparator = []string{"a,b"}, ","
		}, "Scopes", "scope"},
		{"implicit", false, func(c *registry.Config) { c.ResponseType = "token" },
			"ResponseType", "response_type"},
		{"hybrid", false, func(c *registry.Config) { c.ResponseType = "code id_token" }, "", ""},
		{"tokens in a query", false, func(c *registry.Config) {
			c.ResponseType, c.ResponseMode = "id_token", "query"
		}, "ResponseMode", "response_mode"},
		{"unknown mode", true, mode("post"), "ResponseMode", "response_mode"},
		{"form_post", true, mode("form_post"), "", ""},
		{"explicit code", true, func(c *registry.Config) { c.ResponseType = "code" }, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			configs := []registry.Config{good(), good()}
			configs[0].Protocol, configs[0].Issuer = registry.ProtocolOIDC, "https://provider.example"
			if !test.both {
				configs = configs[:1]
			}
			for _, c := range configs {
				test.change(&c)
				_, err := newRegistry(t, registry.Options{}).Register("name", c)
				if test.check == "" {
					if err != nil {
						t.Errorf("%s: %v", c.Protocol, err)
					}
					continue
				}
				e, ok := errors.AsType[*registry.ConfigError](err)
				if !ok || e.Field != test.field || !errors.Is(err, &jose.CheckError{Check: test.check}) {
					t.Errorf("%s: error is %v", c.Protocol, err)
				}
			}
		})
	}
}

// A response that is signed is of an issuer.
func TestSignedResponseNeedsIssuer(t *testing.T) {
	c := good()
	c.ResponseMode = "jwt"
	r := newRegistry(t, registry.Options{})
	_, err := r.Register("name", c)
	if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Field != "Issuer" && e.Field != "ResponseMode" {
		t.Errorf("error is %v", err)
	}
}

// And its key is known: from where it is, or from what it is.
func TestSignedResponseNeedsKeys(t *testing.T) {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(c *registry.Config)
		ok     bool
	}{
		"none": {func(*registry.Config) {}, false},
		"URI":  {func(c *registry.Config) { c.JWKSURI = "https://provider.example/jwks" }, true},
		"set":  {func(c *registry.Config) { c.JWKS = jose.NewSet(key) }, true},
	} {
		c := good()
		c.Protocol, c.ResponseMode = registry.ProtocolOAuth2, "jwt"
		c.Issuer = "https://provider.example"
		test.change(&c)
		_, err := newRegistry(t, registry.Options{}).Register("name", c)
		_, refused := errors.AsType[*registry.ConfigError](err)
		if refused == test.ok || test.ok && err != nil {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// Parameters of the protocol are its own.
func TestRefreshParamsRefused(t *testing.T) {
	c := good()
	c.Issuer, c.Protocol = "https://provider.example", registry.ProtocolOIDC
	c.RefreshTokenParams = url.Values{"grant_type": {"x"}}
	_, err := newRegistry(t, registry.Options{}).Register("name", c)
	if !errors.Is(err, &jose.CheckError{Check: "refresh_params"}) {
		t.Errorf("error is %v", err)
	}
}

// Keys on a development host are as good at Register as at a login.
func TestRehearsalOfInsecureHost(t *testing.T) {
	hc := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"provider.test:8080"}})
	for _, mode := range []string{"", "jwt"} {
		_, err := newRegistry(t, registry.Options{HTTP: hc}).Register("dev", registry.Config{
			Protocol: registry.ProtocolOAuth2, ClientID: "client", ClientSecret: "secret",
			AuthorizeURL:   "http://provider.test:8080/authorize",
			AccessTokenURL: "http://provider.test:8080/token",
			Issuer:         "http://provider.test:8080",
			JWKSURI:        "http://provider.test:8080/jwks",
			ResponseMode:   mode,
		})
		if err != nil {
			t.Errorf("%q: %v", mode, err)
		}
	}
}

// A response may be signed with the client secret.
func TestRehearsalOfSignedResponse(t *testing.T) {
	c := good()
	c.ClientSecret = strings.Repeat("s", 32)
	c.Issuer, c.ResponseMode = "https://provider.example", "jwt"
	c.OAuth2.AuthorizationResponse = oauth2.SignedResponse{SigningAlgorithm: "HS256"}
	if _, err := newRegistry(t, registry.Options{}).Register("a", c); err != nil {
		t.Error(err)
	}
}
