package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// A fullStore keeps what it has while it is full.
type fullStore struct {
	oauth2.MemoryStore
	full bool
}

func (s *fullStore) Swap(
	ctx context.Context, key oauth2.TokenKey, old, fresh *oauth2.Token,
) (bool, error) {
	if s.full {
		return false, nil
	}
	return s.MemoryStore.Swap(ctx, key, old, fresh)
}

// source returns a source whose token, an hour later, has ended.
func (w *world) source(
	c *Client, tok *oauth2.Token, o oauth2.TokenSourceOptions,
) *oauth2.TokenSource {
	w.t.Helper()
	src, err := c.TokenSource(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := src.Save(w.t.Context(), tok); err != nil {
		w.t.Fatal(err)
	}
	w.seconds.Add(3600)
	return src
}

// wantStored fails unless the store has a token.
func wantStored(t *testing.T, s oauth2.TokenStore, want *oauth2.Token) {
	t.Helper()
	if tok, err := s.Load(t.Context(), oauth2.TokenKey{}); err != nil || !tok.Same(want) {
		t.Errorf("the store has another token, %v", err)
	}
}

// A refreshed ID Token that does not continue the one before has the token that it came with
// neither saved nor used. One that does has it both.
func TestTokenSource(t *testing.T) {
	strange := errors.New("strange")
	for _, test := range []struct {
		name   string
		edit   func(map[string]any)
		accept error // of o.AcceptRefresh
		want   string
		asked  int // o.AcceptRefresh, in two calls
	}{
		{"same", claims(), nil, "ok", 1},
		{"another user", claim("sub", "mallory"), nil, "check sub", 0},
		{"another issuer", claim("iss", "https://evil.example"), nil, "check iss", 0},
		{"another session", claim("auth_time", after(1)), nil, "check auth_time", 0},
		{"not accepted", claims(), strange,
			"oauth2: the refreshed token is not accepted: strange", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var refreshing atomic.Bool
			w := newWorld(t, oidctest.Options{EditIDToken: func(c map[string]any) {
				if refreshing.Load() {
					test.edit(c)
				}
			}}, nil, nil)
			login := w.mustLogin(AuthorizationOptions{})
			store, asked := new(oauth2.MemoryStore), 0
			src := w.source(w.client, login.Token, oauth2.TokenSourceOptions{Store: store,
				AcceptRefresh: func(_ context.Context, old, refreshed *oauth2.Token) error {
					if asked++; !old.Same(login.Token) || refreshed.Same(old) {
						t.Error("asked about other tokens")
					}
					return test.accept
				}})
			refreshing.Store(true)
			for range 2 {
				tok, err := src.Token(t.Context())
				if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
					t.Errorf("%v and %q, want %q", tok, got, test.want)
				}
				if err != nil {
					tok = login.Token
				} else if tok.Same(login.Token) || tok.IDToken() == login.Token.IDToken() {
					t.Error("got the old token")
				}
				wantStored(t, store, tok)
			}
			if n := w.requests("/token"); n != 2 || asked != test.asked {
				t.Errorf("asked the server %d times, and AcceptRefresh %d times", n, asked)
			}
		})
	}
}

// Keys that cannot be fetched just then lose no token: it is accepted at the next call.
func TestTokenSourceWithoutKeys(t *testing.T) {
	var down atomic.Bool
	w := newWorld(t, oidctest.Options{}, answerer{"/jwks": unless(&down)}, nil)
	login := w.mustLogin(AuthorizationOptions{})
	other, err := New(w.client.config) // which has no keys yet
	if err != nil {
		t.Fatal(err)
	}
	store := new(oauth2.MemoryStore)
	src := w.source(other, login.Token, oauth2.TokenSourceOptions{Store: store})
	down.Store(true)
	for range 2 {
		tok, err := src.Token(t.Context())
		if tok != nil || err == nil || !strings.Contains(err.Error(), "not accepted: ") {
			t.Errorf("%v and %v", tok, err)
		}
		wantStored(t, store, login.Token)
	}
	down.Store(false)
	w.seconds.Add(60)
	tok, err := src.Token(t.Context())
	if err != nil || tok.Same(login.Token) {
		t.Errorf("%v and %v", tok, err)
	}
	wantStored(t, store, tok)
	if n := w.requests("/token"); n != 2 {
		t.Errorf("the server was asked %d times", n)
	}
}

// Where the old token has no ID Token, the one that comes is dropped, and nothing else.
func TestTokenSourceOfNoIDToken(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	none := ""
	login := w.mustLogin(AuthorizationOptions{})
	src := w.source(w.client, restored(t, login, &none), oauth2.TokenSourceOptions{})
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, old := tok.Record(), login.Token.Record()
	if r.IDToken != "" || r.AccessToken == old.AccessToken || r.RefreshToken == old.RefreshToken ||
		r.ExpiresIn != 3600 || r.ExpiresAt != old.ExpiresAt+3600 || r.Scope != old.Scope {
		t.Error("something else has changed")
	}
}

// A Refresh of the caller's own is used, and what it brings is checked all the same.
func TestTokenSourceOfOwnRefresh(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login, asked := w.mustLogin(AuthorizationOptions{}), 0
	garbage := "e30.e30.AA"
	src := w.source(w.client, login.Token, oauth2.TokenSourceOptions{
		Refresh: func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			asked++
			return restored(t, login, &garbage), nil
		}})
	if tok, err := src.Token(t.Context()); tok != nil || outcome(err) != "check alg" {
		t.Errorf("%v and %v", tok, err)
	}
	if n := w.requests("/token"); asked != 1 || n != 1 {
		t.Errorf("asked %d and %d times", asked, n)
	}
	w.Close()
	w.seconds.Add(1e8) // by when no metadata serve any more
	if tok, err := src.Token(t.Context()); tok != nil || !strings.Contains(err.Error(),
		"oidc: discovery: httpclient: GET ") {
		t.Errorf("provider down: %v and %v", tok, err)
	}
}

// A token that could not be saved outlives the metadata of its time.
func TestTokenSourceOutlivesMetadata(t *testing.T) {
	w := newWorld(t, oidctest.Options{TokenLife: 2 * time.Hour}, nil, nil)
	store := new(fullStore)
	src := w.source(w.client, w.mustLogin(AuthorizationOptions{}).Token,
		oauth2.TokenSourceOptions{Store: store})
	w.seconds.Add(3600)
	store.full = true
	_, err := src.Token(t.Context())
	unsaved, ok := errors.AsType[*oauth2.SaveError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	w.seconds.Add(3600)
	w.begin(AuthorizationOptions{}) // with new metadata
	store.full = false
	tok, err := src.Token(t.Context())
	if err != nil || !tok.Same(unsaved.Token()) {
		t.Errorf("%v and %v", tok, err)
	}
	wantStored(t, store, tok)
	if n, m := w.requests("/token"), w.requests(wellKnown); n != 2 || m < 2 {
		t.Errorf("%d token requests, and metadata %d times", n, m)
	}
}

// A source needs the provider's metadata.
func TestTokenSourceOfProviderThatIsDown(t *testing.T) {
	down := answerer{wellKnown: say(503, "text/html", "<html>")}
	w := newWorld(t, oidctest.Options{}, down, nil)
	src, err := w.client.TokenSource(t.Context(), oauth2.TokenSourceOptions{})
	if src != nil || err == nil {
		t.Errorf("%v and %v", src, err)
	}
	if !slices.Contains(w.seen, wellKnown) {
		t.Error("the provider was not asked")
	}
}

// An ID Token that cannot be read could not be followed: nothing is spent for it.
func TestRefreshOfUnreadableIDToken(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	for _, garbage := range []string{"a.b.c.d.e", "a.b.c", "x", "e30.e30.e30"} {
		asked := w.requests("/token")
		_, err := w.client.Refresh(t.Context(), restored(t, login, &garbage))
		if outcome(err) != "check id_token" || w.requests("/token") != asked {
			t.Errorf("%s: %v", garbage, err)
		}
	}
	if _, err := w.client.Refresh(t.Context(), login.Token); err != nil {
		t.Error(err)
	}
}

// A client that has its ID Tokens encrypted from now on has some that are not.
func TestRefreshAfterEncryptionIsTurnedOn(t *testing.T) {
	_, decrypter, recipient := encrypting(t)
	w := newWorld(t, oidctest.Options{Clients: []oidctest.Client{{
		ID: "client", Secret: "secret", IDTokenEncryption: recipient}}}, nil,
		func(c *Config) { c.IDToken.Decrypter = decrypter })
	login := w.mustLogin(AuthorizationOptions{})
	jwe, err := decrypter.Decrypt(t.Context(), login.Token.IDToken())
	if err != nil {
		t.Fatal(err)
	}
	signed := string(jwe.Plaintext())
	if _, err := w.client.Refresh(t.Context(), restored(t, login, &signed)); err != nil {
		t.Error(err)
	}
}

// What is dropped of a token is its ID Token alone.
func TestRefreshDropsTheIDTokenAlone(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{"/token": set("scope", "openid")}, nil)
	login := w.mustLogin(AuthorizationOptions{Scopes: []string{"openid", "email"}})
	none := ""
	renewed, err := w.client.refresh(t.Context(), restored(t, login, &none))
	if err != nil || renewed.IDToken() != "" || renewed.AccessToken() == "" {
		t.Fatal(err)
	}
}

// A leeway below zero is none, and does not make an ID Token of the same second too old.
func TestRefreshWithoutLeeway(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, leeway(-time.Hour))
	login := w.mustLogin(AuthorizationOptions{})
	if _, err := w.client.Refresh(t.Context(), login.Token); err != nil {
		t.Error(err)
	}
}

// Refresh tokens go to the refresh endpoint with its parameters, by a source too.
func TestRefreshElsewhere(t *testing.T) {
	var w *world
	var forms []string
	params := url.Values{"a": {"1"}}
	w = newWorld(t, oidctest.Options{}, answerer{
		"/refresh": func(rw http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			forms = append(forms, r.PostForm.Get("grant_type")+" "+r.PostForm.Get("a"))
			say(200, typeJSON, `{"access_token":"new","token_type":"Bearer"}`)(rw, r)
		}}, func(c *Config) {
		c.RefreshEndpoint, c.RefreshParams = c.Issuer+"/refresh", params
	})
	params["a"][0] = "2" // which is nothing to the client
	login := w.mustLogin(AuthorizationOptions{})
	renewed, err := w.client.Refresh(t.Context(), login.Token)
	if err != nil || renewed.Token.AccessToken() != "new" {
		t.Fatal(err)
	}
	src := w.source(w.client, login.Token, oauth2.TokenSourceOptions{})
	if tok, err := src.Token(t.Context()); err != nil || tok.AccessToken() != "new" {
		t.Errorf("source: %v, %v", tok, err)
	}
	if n := w.requests("/token"); n != 1 ||
		!slices.Equal(forms, []string{"refresh_token 1", "refresh_token 1"}) {
		t.Errorf("sent %q, and %d requests to the token endpoint", forms, n)
	}
}
