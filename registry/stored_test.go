package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A tokens is a store of tokens of both protocols.
type tokens struct {
	oauth2.MemoryStore
	mu    sync.Mutex
	one   map[oauth2.TokenKey]*oauth1.Token
	loads int
	down  error // of OAuth 1.0's half
}

func (s *tokens) LoadOAuth1(_ context.Context, key oauth2.TokenKey) (*oauth1.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
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

// A token of OAuth 1.0 is read for each call: another process may have removed it.
func TestStoredOAuth1IsRead(t *testing.T) {
	store := new(tokens)
	client, tok := logInTo(t, store, "oauth1", providers(t)["oauth1"])
	if err := client.SaveToken(t.Context(), "42", tok); err != nil {
		t.Fatal(err)
	}
	api := client.WithUser("42")
	for i := range 3 {
		if user, err := callAPI(t.Context(), api); user != "alice" || store.loads != i+1 {
			t.Errorf("%q, %v, after %d loads", user, err, store.loads)
		}
	}
	store.one = nil
	if _, err := callAPI(t.Context(), api); !errors.Is(err, loginRequired) {
		t.Errorf("removed: %v", err)
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

// inMemory registers a client whose API answers with the token that it is sent, and whose
// server refreshes a token into "fresh". asked counts its refreshes.
func inMemory(t *testing.T, store oauth2.TokenStore) (c *registry.Client, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	reg := newRegistry(t, registry.Options{TokenStore: store, HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost {
				asked.Add(1)
				w.WriteString(`{"access_token":"fresh","token_type":"Bearer","expires_in":3600}`)
			} else {
				fmt.Fprintf(w, `{"id":%q}`, r.Header.Get("Authorization"))
			}
			return w.Result(), nil
		})}})
	config := good()
	config.APIBaseURL = "https://api.example"
	return must(reg.Register("name", config)), asked
}

// stored returns a token with a refresh token that lasts for so long.
func stored(t *testing.T, access string, left time.Duration) registry.Token {
	t.Helper()
	tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: access, RefreshToken: "refresh",
		Expiry: time.Now().Add(left)})
	if err != nil {
		t.Fatal(err)
	}
	return registry.Token{OAuth2: tok}
}

// A thousand calls for one user make one refresh, and what is saved is used by all at once.
func TestThousandCallsForOneUser(t *testing.T) {
	client, asked := inMemory(t, new(tokens))
	early := client.WithUser("42")
	ctx := t.Context()
	for access, saved := range map[string]registry.Token{
		"login": stored(t, "login", time.Hour), "fresh": stored(t, "old", -time.Second),
	} {
		if err := client.SaveToken(ctx, "42", saved); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 1000 {
			api := early
			if i%2 == 1 {
				api = client.WithUser("42")
			}
			wg.Go(func() {
				if sent, err := callAPI(ctx, api); sent != "Bearer "+access || err != nil {
					t.Errorf("sent %q, %v", sent, err)
				}
			})
		}
		wg.Wait()
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

// A user has one source, and each user another.
func TestSourceOfUser(t *testing.T) {
	client, _ := inMemory(t, new(tokens))
	source := func(user string) *oauth2.TokenSource {
		s, err := client.TokenSource(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if source("42") != source("42") || source("42") == source("43") {
		t.Error("sources are not by user")
	}
	if err := client.SaveToken(t.Context(), "43", stored(t, "a", time.Hour)); err != nil {
		t.Fatal(err)
	}
	if tok, err := source("43").Token(t.Context()); err != nil || tok.AccessToken() != "a" {
		t.Errorf("%v, %v", tok, err)
	}
	if _, err := source("42").Token(t.Context()); !errors.Is(err, loginRequired) {
		t.Errorf("another user: %v", err)
	}
}

// A counting store counts who asks for a token.
type counting struct {
	*tokens
	asked *int
}

func (s counting) Load(ctx context.Context, key oauth2.TokenKey) (*oauth2.Token, error) {
	*s.asked++
	return s.tokens.Load(ctx, key)
}
