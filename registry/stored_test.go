package registry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A tokens is a store of tokens of both protocols.
type tokens struct {
	oauth2.MemoryStore
	mu   sync.Mutex
	one  map[oauth2.TokenKey]*oauth1.Token
	down error // of OAuth 1.0's half
}

func (s *tokens) LoadOAuth1(_ context.Context, key oauth2.TokenKey) (*oauth1.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.one[key], s.down
}

func (s *tokens) SaveOAuth1(_ context.Context, key oauth2.TokenKey, tok *oauth1.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.one == nil {
		s.one = map[oauth2.TokenKey]*oauth1.Token{}
	}
	s.one[key] = tok
	return s.down
}

var errDown = errors.New("the store is down")

// loginRequired is what a user without a usable token gets, whatever the protocol.
var loginRequired = &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired}

// logInTo logs in with a client whose tokens store keeps.
func logInTo(
	t *testing.T, store oauth2.TokenStore, name string, c registry.Config,
) (*registry.Client, registry.Token) {
	t.Helper()
	_, login := logIn(t, name, c)
	reg := newRegistry(t, registry.Options{EphemeralKey: true, TokenStore: store})
	client, err := reg.Register(name, c)
	if err != nil {
		t.Fatal(err)
	}
	return client, login.Token
}

// A token is kept under the names of client and user, and used until it is removed: the
// code is the same for all protocols.
func TestStoredToken(t *testing.T) {
	for name, config := range providers(t) {
		t.Run(name, func(t *testing.T) {
			client, tok := logInTo(t, new(tokens), name, config)
			ctx := t.Context()
			if _, err := callAPI(ctx, client.WithUser("42")); !errors.Is(err, loginRequired) {
				t.Errorf("before: %v", err)
			}
			if err := client.SaveToken(ctx, "42", tok); err != nil {
				t.Fatal(err)
			}
			if user, err := callAPI(ctx, client.WithUser("42")); user != "alice" || err != nil {
				t.Errorf("kept: %q, %v", user, err)
			}
			for _, other := range []string{"4", "42 "} {
				_, err := callAPI(ctx, client.WithUser(other))
				if !errors.Is(err, loginRequired) {
					t.Errorf("user %q: %v", other, err)
				}
			}
			if err := client.SaveToken(ctx, "42", registry.Token{}); err != nil {
				t.Fatal(err)
			}
			if _, err := callAPI(ctx, client.WithUser("42")); !errors.Is(err, loginRequired) {
				t.Errorf("removed: %v", err)
			}
		})
	}
}

// A token that the API refuses is refreshed, and what came instead is kept.
func TestStoredTokenIsRefreshed(t *testing.T) {
	for _, name := range []string{"oauth2", "oidc"} {
		t.Run(name, func(t *testing.T) {
			provider := oidctest.NewServer(oidctest.Options{})
			defer provider.Close()
			config := providers(t)[name]
			config.Issuer, config.APIBaseURL = provider.Issuer(), provider.Issuer()
			if name == "oauth2" {
				config.AuthorizeURL, config.AccessTokenURL, config.UserInfoEndpoint =
					provider.Endpoint("authorize"), provider.Endpoint("token"), provider.Endpoint("me")
			}
			store := new(tokens)
			client, tok := logInTo(t, store, name, config)
			if err := client.SaveToken(t.Context(), "42", tok); err != nil {
				t.Fatal(err)
			}
			provider.Revoke(tok.OAuth2.AccessToken())
			for range 2 {
				if user, err := callAPI(t.Context(), client.WithUser("42")); user != "alice" || err != nil {
					t.Fatalf("%q, %v", user, err)
				}
			}
			granted, refused := provider.Refreshes()
			if granted != 1 || refused != 0 {
				t.Errorf("%d refreshes, %d refused", granted, refused)
			}
			held, err := store.Load(t.Context(), oauth2.TokenKey{Name: name, User: "42"})
			if err != nil || held.AccessToken() == tok.OAuth2.AccessToken() {
				t.Errorf("kept the old token, %v", err)
			}
			source, err := client.TokenSource(t.Context(), "42")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := source.Token(t.Context()); err != nil || !got.Same(held) {
				t.Errorf("the source has another token, %v", err)
			}
			provider.Revoke(held.RefreshToken())
			resp, err := client.WithUser("42").Get(t.Context(), "me")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("after the logout: %s", resp.Status)
			}
		})
	}
}

// A refreshed ID Token of another user is not accepted, nor the tokens that come with it.
func TestStoredTokenOfAnotherUser(t *testing.T) {
	var subject atomic.Value
	subject.Store("alice")
	provider := oidctest.NewServer(oidctest.Options{
		EditIDToken: func(claims map[string]any) { claims["sub"] = subject.Load() },
	})
	defer provider.Close()
	config := providers(t)["oidc"]
	config.Issuer, config.APIBaseURL = provider.Issuer(), provider.Issuer()
	store := new(tokens)
	client, tok := logInTo(t, store, "oidc", config)
	if err := client.SaveToken(t.Context(), "42", tok); err != nil {
		t.Fatal(err)
	}
	subject.Store("mallory")
	provider.Revoke(tok.OAuth2.AccessToken())
	resp, err := client.WithUser("42").Get(t.Context(), "me")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the API answers %s", resp.Status)
	}
	held, err := store.Load(t.Context(), oauth2.TokenKey{Name: "oidc", User: "42"})
	if err != nil || !held.Same(tok.OAuth2) {
		t.Errorf("the store has another token, %v", err)
	}
}

func TestStoredTokenRefuses(t *testing.T) {
	configs := providers(t)
	plain := newRegistry(t, registry.Options{EphemeralKey: true})
	memory := newRegistry(t, registry.Options{
		EphemeralKey: true, TokenStore: new(oauth2.MemoryStore)})
	down := newRegistry(t, registry.Options{
		EphemeralKey: true, TokenStore: &tokens{down: errDown}})
	register := func(reg *registry.Registry, name string) *registry.Client {
		c, err := reg.Register(name, configs[name])
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	_, one := logInTo(t, new(tokens), "oauth1", configs["oauth1"])
	two := bearer(t)
	get := func(c *registry.Client) error {
		_, err := c.WithUser("42").Get(t.Context(), "me")
		return err
	}
	save := func(c *registry.Client, tok registry.Token) error {
		return c.SaveToken(t.Context(), "42", tok)
	}
	source := func(c *registry.Client) error {
		s, err := c.TokenSource(t.Context(), "42")
		if s != nil {
			t.Error("a source beside the error")
		}
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"no user, get", func() error {
			_, err := register(memory, "oidc").WithUser("").Get(t.Context(), "me")
			return err
		}(), "a user is required"},
		{"no user, save", must(memory.Client("oidc")).SaveToken(t.Context(), "", two),
			"a user is required"},
		{"no store, get", get(register(plain, "oauth2")), "needs Options.TokenStore"},
		{"no store, save", save(register(plain, "oidc"), two), "needs Options.TokenStore"},
		{"no store, source", source(register(plain, "oauth1")), "needs Options.TokenStore"},
		{"store without OAuth 1.0, get", get(register(memory, "oauth1")), "no OAuth1Store"},
		{"store without OAuth 1.0, source", source(must(memory.Client("oauth1"))), "no OAuth1Store"},
		{"OAuth 1.0's in OAuth 2.0", save(register(memory, "oauth2"), one), "this client's protocol"},
		{"OAuth 1.0's in OpenID Connect", save(must(memory.Client("oidc")), one),
			"this client's protocol"},
		{"OAuth 2.0's in OAuth 1.0", save(register(down, "oauth1"), two), "this client's protocol"},
		{"source of OAuth 1.0", source(must(down.Client("oauth1"))), "OAuth 1.0 has no TokenSource"},
		{"store down, get", get(must(down.Client("oauth1"))), errDown.Error()},
		{"store down, save", save(must(down.Client("oauth1")), one), errDown.Error()},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) ||
			!strings.HasPrefix(test.err.Error(), "registry: ") {
			t.Errorf("%s: %v", test.name, test.err)
		}
	}
}

func must(c *registry.Client, err error) *registry.Client {
	if err != nil {
		panic(err)
	}
	return c
}

// A user's client is pinned to the API, as one with a token is.
func TestStoredTokenStaysAtTheAPI(t *testing.T) {
	config := providers(t)["oauth2"]
	client, tok := logInTo(t, new(tokens), "oauth2", config)
	if err := client.SaveToken(t.Context(), "42", tok); err != nil {
		t.Fatal(err)
	}
	_, err := client.WithUser("42").Get(t.Context(), "http://127.0.0.1:1/me")
	if !errors.Is(err, httpclient.ErrOrigin) {
		t.Errorf("another origin: %v", err)
	}
	hc, err := client.WithUser("42").HTTPClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := hc.Get(config.APIBaseURL + "/me")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "alice") {
		t.Errorf("%s: %s", resp.Status, body)
	}
}
