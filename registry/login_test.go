package registry_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A site is an application with one login and one callback handler for every
// provider, as an application would write them.
type site struct {
	*httptest.Server
	registry *registry.Registry
	done     func(login *registry.Login, user *oidc.UserInfo, api string, err error)
}

func newSite(t *testing.T, o registry.Options) *site {
	t.Helper()
	s := &site{}
	mux := http.NewServeMux()
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	o.EphemeralKey = true
	o.BaseURL = s.URL
	reg, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.registry = reg
	mux.HandleFunc("GET /login/{provider}", s.login)
	mux.HandleFunc("GET /callback/{provider}", s.callback)
	return s
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	client, err := s.registry.Client(r.PathValue("provider"))
	if err == nil {
		err = client.AuthorizeRedirect(w, r, "/callback/"+client.Name())
	}
	if err != nil {
		s.done(nil, nil, "", err)
	}
}

func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	client, err := s.registry.Client(r.PathValue("provider"))
	if err != nil {
		s.done(nil, nil, "", err)
		return
	}
	login, err := client.AuthorizeAccessToken(w, r)
	if err != nil {
		s.done(nil, nil, "", err)
		return
	}
	user, err := client.UserInfo(r.Context(), login)
	if err != nil {
		s.done(login, nil, "", err)
		return
	}
	api, err := callAPI(r.Context(), client.WithToken(login.Token))
	s.done(login, user, api, err)
}

// callAPI returns the name that the provider's API knows the user by.
func callAPI(ctx context.Context, api *registry.BoundClient) (string, error) {
	resp, err := api.Get(ctx, "me")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var user struct{ ID string }
	return user.ID, json.Unmarshal(body, &user)
}

// browse has a new browser visit a URL and follow where it is sent.
func browse(t *testing.T, url string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{} // the default one is closed by whoever closes a server
	t.Cleanup(transport.CloseIdleConnections)
	browser := &http.Client{Jar: jar, Transport: transport}
	resp, err := browser.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return browser
}

// providers starts the three test providers and returns how to register with
// each: what an application's configuration would say.
func providers(t *testing.T) map[string]registry.Config {
	t.Helper()
	return providersWith(t, oauth1test.Options{}, oidctest.Options{})
}

func providersWith(t *testing.T, o1 oauth1test.Options, o2 oidctest.Options) map[string]registry.Config {
	t.Helper()
	one := oauth1test.NewServer(o1)
	t.Cleanup(one.Close)
	two := oidctest.NewServer(o2)
	t.Cleanup(two.Close)
	connect := oidctest.NewServer(o2)
	t.Cleanup(connect.Close)
	return map[string]registry.Config{
		"oauth1": {
			ClientID: "client", ClientSecret: "secret",
			RequestTokenURL:  one.Endpoint("request_token"),
			AuthorizeURL:     one.Endpoint("authorize"),
			AccessTokenURL:   one.Endpoint("access_token"),
			APIBaseURL:       one.URL,
			UserInfoEndpoint: one.Endpoint("me"),
			UserInfoNames:    map[string]string{"sub": "id"},
			IdentityIssuer:   one.URL,
		},
		"oauth2": {
			ClientID: "client", ClientSecret: "secret",
			Issuer:           two.Issuer(),
			AuthorizeURL:     two.Endpoint("authorize"),
			AccessTokenURL:   two.Endpoint("token"),
			APIBaseURL:       two.Issuer(),
			UserInfoEndpoint: two.Endpoint("me"),
			UserInfoNames:    map[string]string{"sub": "id"},
			IdentityIssuer:   two.Issuer(),
		},
		"oidc": {
			ClientID: "client", ClientSecret: "secret",
			Issuer:     connect.Issuer(),
			APIBaseURL: connect.Issuer(),
			Scopes:     []string{"openid", "profile", "email"},
		},
	}
}

// One pair of handlers logs in with every protocol.
func TestLogin(t *testing.T) {
	for name, config := range providers(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, registry.Options{})
			if _, err := s.registry.Register(name, config); err != nil {
				t.Fatal(err)
			}
			visits := 0
			s.done = func(login *registry.Login, user *oidc.UserInfo, api string, err error) {
				visits++
				if err != nil {
					t.Fatal(err)
				}
				if user.Identity.Subject != "alice" || user.Name != "Alice Example" {
					t.Errorf("user is %+v", user)
				}
				if api != "alice" {
					t.Errorf("the API knows %q", api)
				}
			}
			browse(t, s.URL+"/login/"+name)
			if visits != 1 {
				t.Errorf("%d callbacks, want 1", visits)
			}
		})
	}
}
