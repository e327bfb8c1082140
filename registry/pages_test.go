package registry_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/registry"
)

// The examples of Authlib's pages, with their keys and values. What a page leaves out, by dots
// or by a placeholder that cannot be used, is said where it is filled in.

// A page is an example, and what the client that it makes does.
type page struct {
	name     string // of the client
	source   registry.Source
	protocol registry.Protocol
	endpoint string // where the browser goes
	query    url.Values
}

// check registers the client with nothing but a name, and begins a login.
func (p page) check(t *testing.T, hc *http.Client) {
	t.Helper()
	reg := newRegistry(t, registry.Options{Config: p.source, HTTP: hc})
	got := begin(t, reg, p.name, registry.Config{})
	if got.protocol != p.protocol || got.endpoint != p.endpoint {
		t.Errorf("%s at %s", got.protocol, got.endpoint)
	}
	for name := range p.query {
		if got.query.Get(name) != p.query.Get(name) {
			t.Errorf("%s is %q, want %q", name, got.query.Get(name), p.query.Get(name))
		}
	}
}

// A signed is what the request for temporary credentials was like.
type signed struct{ url, authorization, userAgent string }

func recording(to *signed) *http.Client {
	return answering(nil, func(r *http.Request) {
		*to = signed{r.URL.String(), r.Header.Get("Authorization"), r.UserAgent()}
	})
}

// has checks that a header has a parameter.
func (s signed) has(t *testing.T, param, value string) {
	t.Helper()
	if want := param + `="` + strings.ReplaceAll(url.QueryEscape(value), "+", "%20") + `"`; !strings.Contains(
		s.authorization, want) {
		t.Errorf("%s is not in %s", want, s.authorization)
	}
}

const (
	twitterRequest   = "https://api.twitter.com/oauth/request_token"
	twitterAuthorize = "https://api.twitter.com/oauth/authenticate"
)

// The table of the Flask page: all ten keys of {name}_. The values of the first three are its
// descriptions; it has none for the others.
func TestFlaskPage(t *testing.T) {
	source := registry.Flat{
		"TWITTER_CLIENT_ID":            "Twitter Consumer Key",
		"TWITTER_CLIENT_SECRET":        "Twitter Consumer Secret",
		"TWITTER_REQUEST_TOKEN_URL":    twitterRequest,
		"TWITTER_REQUEST_TOKEN_PARAMS": nil,
		"TWITTER_ACCESS_TOKEN_URL":     "https://api.twitter.com/oauth/access_token",
		"TWITTER_ACCESS_TOKEN_PARAMS":  nil,
		"TWITTER_AUTHORIZE_URL":        twitterAuthorize,
		"TWITTER_AUTHORIZE_PARAMS":     nil,
		"TWITTER_API_BASE_URL":         "https://api.twitter.com/1.1/",
		"TWITTER_CLIENT_KWARGS":        nil,

		"EXAMPLE_CLIENT_ID":            "OAuth Consumer Key",
		"EXAMPLE_CLIENT_SECRET":        "OAuth Consumer Secret",
		"EXAMPLE_REQUEST_TOKEN_URL":    "https://example.com/oauth/request_token",
		"EXAMPLE_REQUEST_TOKEN_PARAMS": map[string]any{"a": "1"},
		"EXAMPLE_ACCESS_TOKEN_URL":     "https://example.com/oauth/access_token",
		"EXAMPLE_ACCESS_TOKEN_PARAMS":  map[string]any{"b": "2"},
		"EXAMPLE_AUTHORIZE_URL":        "https://example.com/oauth/authorize",
		"EXAMPLE_AUTHORIZE_PARAMS":     map[string]any{"c": "3"},
		"EXAMPLE_API_BASE_URL":         "https://api.example.com/",
		"EXAMPLE_CLIENT_KWARGS":        map[string]any{"signature_method": "PLAINTEXT", "realm": "d"},
	}
	var request signed
	page{"twitter", source, registry.ProtocolOAuth1, twitterAuthorize, url.Values{
		"oauth_token": {"t"}}}.check(t, recording(&request))
	request.has(t, "oauth_consumer_key", "Twitter Consumer Key")
	request.has(t, "oauth_signature_method", "HMAC-SHA1")
	page{"example", source, registry.ProtocolOAuth1, "https://example.com/oauth/authorize",
		url.Values{"oauth_token": {"t"}, "c": {"3"}}}.check(t, recording(&request))
	request.has(t, "oauth_consumer_key", "OAuth Consumer Key")
	request.has(t, "oauth_signature_method", "PLAINTEXT")
	request.has(t, "oauth_signature", "OAuth%20Consumer%20Secret&")
	request.has(t, "realm", "d")
}

// The dict of the Django page, None and all.
func TestDjangoPage(t *testing.T) {
	nested := registry.Nested{
		"twitter": {
			"client_id":            "Twitter Consumer Key",
			"client_secret":        "Twitter Consumer Secret",
			"request_token_url":    "https://api.twitter.com/oauth/request_token",
			"request_token_params": nil,
			"access_token_url":     "https://api.twitter.com/oauth/access_token",
			"access_token_params":  nil,
			"authorize_url":        "https://api.twitter.com/oauth/authenticate",
			"api_base_url":         "https://api.twitter.com/1.1/",
			"client_kwargs":        nil,
		},
	}
	clients, err := json.Marshal(nested)
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]registry.Source{
		"Nested":                nested,
		"JSON":                  registry.JSON(`{"AUTHLIB_OAUTH_CLIENTS": ` + string(clients) + `}`),
		"JSON without its name": registry.JSON(clients),
	} {
		t.Run(name, func(t *testing.T) {
			var request signed
			page{"twitter", source, registry.ProtocolOAuth1, twitterAuthorize, url.Values{
				"oauth_token": {"t"}}}.check(t, recording(&request))
			request.has(t, "oauth_consumer_key", "Twitter Consumer Key")
			if request.url != twitterRequest {
				t.Error(request.url)
			}
		})
	}
}

// The example of the Starlette page: Config('.env') and register(name='google', ...). For the
// dots stands the server_metadata_url and the scope of the example further down.
func TestStarlettePage(t *testing.T) {
	file := dotenvFile(t, "GOOGLE_CLIENT_ID=from-the-file\nGOOGLE_CLIENT_SECRET=from-the-file\n")
	t.Setenv("GOOGLE_CLIENT_SECRET", "from-the-environment")
	source := registry.Sources(registry.Env(file), registry.Nested{"google": {
		"server_metadata_url": googleMetadata,
		"client_kwargs":       map[string]any{"scope": "openid profile email"},
	}})
	page{"google", source, registry.ProtocolOIDC, "https://accounts.google.com/o/oauth2/v2/auth",
		url.Values{"client_id": {"from-the-file"}, "scope": {"openid profile email"}}}.check(t, google(t))
}

const googleMetadata = "https://accounts.google.com/.well-known/openid-configuration"

// google answers with metadata as Google's is.
func google(t *testing.T) *http.Client {
	t.Helper()
	metadata, err := json.Marshal(map[string]any{
		"issuer":                                "https://accounts.google.com",
		"authorization_endpoint":                "https://accounts.google.com/o/oauth2/v2/auth",
		"token_endpoint":                        "https://oauth2.googleapis.com/token",
		"userinfo_endpoint":                     "https://openidconnect.googleapis.com/v1/userinfo",
		"jwks_uri":                              "https://www.googleapis.com/oauth2/v3/certs",
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return answering(map[string]string{googleMetadata: string(metadata)})
}

func TestWebClientsPage(t *testing.T) {
	t.Run("twitter", func(t *testing.T) {
		var request signed
		page{"twitter", registry.Nested{"twitter": {
			"client_id":            "{{ your-twitter-consumer-key }}",
			"client_secret":        "{{ your-twitter-consumer-secret }}",
			"request_token_url":    "https://api.twitter.com/oauth/request_token",
			"request_token_params": nil,
			"access_token_url":     "https://api.twitter.com/oauth/access_token",
			"access_token_params":  nil,
			"authorize_url":        "https://api.twitter.com/oauth/authenticate",
			"authorize_params":     nil,
			"api_base_url":         "https://api.twitter.com/1.1/",
			"client_kwargs":        nil,
		}}, registry.ProtocolOAuth1, twitterAuthorize, url.Values{"oauth_token": {"t"}}}.check(
			t, recording(&request))
		request.has(t, "oauth_consumer_key", "{{ your-twitter-consumer-key }}")
		request.has(t, "oauth_callback", "https://example.com/authorize")
	})
	t.Run("twitter with ID and secret from elsewhere", func(t *testing.T) {
		var request signed
		t.Setenv("TWITTER_CLIENT_ID", "Twitter Consumer Key")
		t.Setenv("TWITTER_CLIENT_SECRET", "Twitter Consumer Secret")
		page{"twitter", registry.Sources(registry.Env(), registry.Nested{"twitter": shortTwitter()}),
			registry.ProtocolOAuth1, twitterAuthorize, nil}.check(t, recording(&request))
		request.has(t, "oauth_consumer_key", "Twitter Consumer Key")
	})
	t.Run("RSA-SHA1", func(t *testing.T) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		var request signed
		keys := shortTwitter()
		keys["client_id"] = "Twitter Consumer Key" // the page shows client_kwargs alone
		keys["client_kwargs"] = map[string]any{
			"signature_method": "RSA-SHA1",
			"signature_type":   "HEADER",
			"rsa_key": string(pem.EncodeToMemory(&pem.Block{ // for 'Your-RSA-Key'
				Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		}
		page{"twitter", registry.Nested{"twitter": keys}, registry.ProtocolOAuth1, twitterAuthorize,
			url.Values{"oauth_token": {"t"}}}.check(t, recording(&request))
		request.has(t, "oauth_signature_method", "RSA-SHA1")
	})
	t.Run("github", func(t *testing.T) {
		page{"github", registry.Nested{"github": github()}, registry.ProtocolOAuth2,
			"https://github.com/login/oauth/authorize", url.Values{"scope": {"user:email"},
				"client_id": {"{{ your-github-client-id }}"}}}.check(t, answering(nil))
	})
	t.Run("client_kwargs", func(t *testing.T) {
		keys := github() // the page shows client_kwargs alone
		keys["client_kwargs"] = map[string]any{
			"scope":                      "profile",
			"token_endpoint_auth_method": "client_secret_basic",
			"token_placement":            "header",
		}
		page{"github", registry.Nested{"github": keys}, registry.ProtocolOAuth2,
			"https://github.com/login/oauth/authorize", url.Values{"scope": {"profile"}}}.check(
			t, answering(nil))
	})
	t.Run("S256", func(t *testing.T) {
		p := page{"example", registry.Nested{"example": {
			"client_id":        "Example Client ID",
			"client_secret":    "Example Client Secret",
			"access_token_url": "https://example.com/oauth/access_token",
			"authorize_url":    "https://example.com/oauth/authorize",
			"api_base_url":     "https://api.example.com/",
			"client_kwargs":    map[string]any{"code_challenge_method": "S256"},
		}}, registry.ProtocolOAuth2, "https://example.com/oauth/authorize", url.Values{
			"client_id": {"Example Client ID"}, "code_challenge_method": {"S256"}}}
		p.check(t, answering(nil))
	})
	t.Run("google by its metadata", func(t *testing.T) {
		page{"google", registry.Nested{"google": {
			"client_id":           "...",
			"client_secret":       "...",
			"server_metadata_url": "https://accounts.google.com/.well-known/openid-configuration",
			"client_kwargs":       map[string]any{"scope": "openid email profile"},
		}}, registry.ProtocolOIDC, "https://accounts.google.com/o/oauth2/v2/auth", url.Values{
			"client_id": {"..."}, "scope": {"openid email profile"}}}.check(t, google(t))
	})
	t.Run("google by its keys", func(t *testing.T) {
		key, err := jose.GenerateKey("ES256")
		if err != nil {
			t.Fatal(err)
		}
		keys, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		page{"google", registry.JSON(`{"google": {
			"client_id": "...",
			"client_secret": "...",
			"access_token_url": "https://example.com/oauth/access_token",
			"authorize_url": "https://example.com/oauth/authorize",
			"jwks": {"keys": [` + string(keys) + `]},
			"issuer": "https://example.com",
			"scope": "openid"
		}}`), // keys for the dots; the page has no issuer and no scope
			registry.ProtocolOIDC, "https://example.com/oauth/authorize", url.Values{"scope": {"openid"}},
		}.check(t, answering(nil))
	})
}

// shortTwitter is the registration whose ID and secret are in the configuration.
func shortTwitter() map[string]any {
	return map[string]any{
		"request_token_url": "https://api.twitter.com/oauth/request_token",
		"access_token_url":  "https://api.twitter.com/oauth/access_token",
		"authorize_url":     "https://api.twitter.com/oauth/authenticate",
		"api_base_url":      "https://api.twitter.com/1.1/",
	}
}

func github() map[string]any {
	return map[string]any{
		"client_id":           "{{ your-github-client-id }}",
		"client_secret":       "{{ your-github-client-secret }}",
		"access_token_url":    "https://github.com/login/oauth/access_token",
		"access_token_params": nil,
		"authorize_url":       "https://github.com/login/oauth/authorize",
		"authorize_params":    nil,
		"api_base_url":        "https://api.github.com/",
		"client_kwargs":       map[string]any{"scope": "user:email"},
	}
}

// complianceFix is that of the page.
func complianceFix(_ context.Context, _ *registry.BoundClient, claims map[string]any) (
	map[string]any, error) {
	return map[string]any{"sub": claims["id"], "name": claims["name"]}, nil
}

// The examples with a userinfo_endpoint have no other endpoint, and none an identity_issuer,
// which is ours: those are filled in.
func TestWebClientsPageUserInfo(t *testing.T) {
	tests := []struct {
		name, answer, subject string
		keys                  map[string]any
		code                  registry.Config
	}{
		{"google", `{"sub": "248289761001", "name": "Jane Doe"}`, "248289761001", map[string]any{
			"client_id":         "...",
			"client_secret":     "...",
			"userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
		}, registry.Config{}},
		{"example", `{"id": "42", "name": "Jane Doe"}`, "42", map[string]any{
			"client_id":         "...",
			"client_secret":     "...",
			"userinfo_endpoint": "https://example.com/userinfo",
		}, registry.Config{UserInfoFix: complianceFix}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.keys["authorize_url"] = "https://example.com/oauth/authorize"
			test.keys["access_token_url"] = "https://example.com/oauth/access_token"
			test.keys["identity_issuer"] = "https://example.com"
			reg := newRegistry(t, registry.Options{
				Config: registry.Nested{test.name: test.keys},
				HTTP:   answering(map[string]string{test.keys["userinfo_endpoint"].(string): test.answer}),
			})
			client, err := reg.Register(test.name, test.code)
			if err != nil {
				t.Fatal(err)
			}
			user, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
			if err != nil || user.Identity.Subject != test.subject || user.Name != "Jane Doe" {
				t.Errorf("%+v, %v", user, err)
			}
		})
	}
}

// The client's requests are as client_kwargs say: where the token is, and how the client
// authenticates.
func TestWebClientsPagePlacement(t *testing.T) {
	var request *http.Request
	keys := github()
	keys["client_kwargs"] = map[string]any{"token_placement": "header", "scope": "profile",
		"token_endpoint_auth_method": "client_secret_basic"}
	reg := newRegistry(t, registry.Options{Config: registry.Nested{"github": keys},
		HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			request = r
			return httptest.NewRecorder().Result(), nil
		})}})
	client, err := reg.Register("github", registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.WithToken(bearer(t)).Get(t.Context(), "user/repos")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if request.URL.String() != "https://api.github.com/user/repos" ||
		request.Header.Get("Authorization") != "Bearer token" {
		t.Errorf("%s with %v", request.URL, request.Header)
	}
}
