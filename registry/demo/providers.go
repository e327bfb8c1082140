package main

import (
	"net/http"
	"time"

	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A provider is one to log in with, as the site knows it.
type provider struct {
	Name    string // of the client in the registry, and in the site's URLs
	Title   string // of the protocol, or Name
	Text    string // about the protocol
	API     string // what to call with the token, below config.APIBaseURL
	Revokes bool   // whether it ends an access token and not the login with it
	config  registry.Config
	real    bool // in the world outside
}

const (
	clientID     = "demo"
	clientSecret = "known to this process alone"
	password     = "password" // of alice and of bob
)

// tokenLife is so short that there is a refresh to be seen. A token is refreshed when about
// half of such a life is over.
const tokenLife = time.Minute

// providers returns all that differs between the three protocols.
func providers(base string) []provider {
	return []provider{{
		Name:  "oauth1",
		Title: "OAuth 1.0a",
		Text:  "RFC 5849. Every request is signed with a secret that is never sent.",
		config: registry.Config{
			ClientID:         clientID,
			ClientSecret:     clientSecret,
			RequestTokenURL:  base + "/oauth1/request_token",
			AuthorizeURL:     base + "/oauth1/authorize",
			AccessTokenURL:   base + "/oauth1/access_token",
			APIBaseURL:       base + "/oauth1",
			UserInfoEndpoint: base + "/oauth1/me",
			UserInfoNames:    map[string]string{"sub": "id"},
			IdentityIssuer:   base + "/oauth1",
		},
		API: "me",
	}, {
		Name:  "oauth2",
		Title: "OAuth 2.0",
		Text:  "RFC 6749, with PKCE. A code is exchanged for a token, and the token opens an API.",
		config: registry.Config{
			ClientID:         clientID,
			ClientSecret:     clientSecret,
			Issuer:           base + "/oauth2",
			AuthorizeURL:     base + "/oauth2/authorize",
			AccessTokenURL:   base + "/oauth2/token",
			APIBaseURL:       base + "/oauth2",
			UserInfoEndpoint: base + "/oauth2/me",
			UserInfoNames:    map[string]string{"sub": "id"},
			IdentityIssuer:   base + "/oauth2",
			OAuth2: oauth2.Config{Server: oauth2.AuthorizationServer{
				RevocationEndpoint: base + "/oauth2/revoke"}},
		},
		API:     "me",
		Revokes: true,
	}, {
		Name:  "oidc",
		Title: "OpenID Connect",
		Text:  "OAuth 2.0 with a signed statement of who you are. The endpoints are discovered.",
		config: registry.Config{
			ClientID:     clientID,
			ClientSecret: clientSecret,
			Issuer:       base + "/oidc",
			APIBaseURL:   base + "/oidc",
			Scopes:       []string{"openid", "profile", "email"},
		},
		API:     "userinfo",
		Revokes: true,
	}}
}

// serveProviders runs the other side: a provider for each of the three.
func serveProviders(mux *http.ServeMux, base string, now func() time.Time) error {
	one, err := oauth1test.New(oauth1test.Options{
		Name:      "OAuth 1.0a provider",
		BaseURL:   base + "/oauth1",
		LoginForm: true,
		Now:       now,
		Clients: []oauth1test.Client{{
			ID: clientID, Secret: clientSecret, Callbacks: []string{base + "/callback/oauth1"},
		}},
		Users: []oauth1test.User{
			{ID: "alice", Password: password, Name: "Alice Example", Email: "alice@example.com"},
			{ID: "bob", Password: password, Name: "Bob Example", Email: "bob@example.com"},
		},
	})
	if err != nil {
		return err
	}
	mux.Handle("/oauth1/", one)
	for path, name := range map[string]string{
		"/oauth2": "OAuth 2.0 provider", "/oidc": "OpenID provider",
	} {
		p, err := oidctest.New(oidctest.Options{
			Name:      name,
			BaseURL:   base + path,
			LoginForm: true,
			Algorithm: "ES256",
			TokenLife: tokenLife,
			Now:       now,
			Clients: []oidctest.Client{{
				ID: clientID, Secret: clientSecret,
				RedirectURIs:           []string{base + "/callback" + path},
				PostLogoutRedirectURIs: []string{base + "/logout" + path},
				BackChannelLogoutURI:   base + "/logout" + path + "/backchannel",
			}},
			Users: []oidctest.User{{
				Subject: "alice", Password: password,
				Name: "Alice Example", Email: "alice@example.com",
			}, {
				Subject: "bob", Password: password,
				Name: "Bob Example", Email: "bob@example.com",
			}},
		})
		if err != nil {
			return err
		}
		mux.Handle(path+"/", p)
	}
	return nil
}
