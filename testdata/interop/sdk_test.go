package interop

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/digitalocean/godo"
	"github.com/google/go-github/v75/github"
	xoauth2 "golang.org/x/oauth2"

	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

// An api is one of a provider's: it answers those who have the newest token.
type api struct {
	*httptest.Server
	mu     sync.Mutex
	tokens int // given so far
}

// newAPI serves an API, by path, and the token endpoint beside it.
func newAPI(t *testing.T, answers map[string]string) *api {
	a := &api{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if r.FormValue("refresh_token") != fmt.Sprint("refresh", a.tokens) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		a.tokens++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"access%d","refresh_token":"refresh%d","token_type":"bearer",
			"expires_in":3600}`, a.tokens, a.tokens)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.tokens == 0 || r.Header.Get("Authorization") != fmt.Sprint("Bearer access", a.tokens) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answers[r.URL.Path])
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// client returns a client of the provider, with the token of user 42 in its store, which
// the API does not take any more.
func (a *api) client(t *testing.T) *registry.Client {
	t.Helper()
	reg, err := registry.New(registry.Options{
		EphemeralKey: true, TokenStore: new(oauth2.MemoryStore)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := reg.Register("provider", registry.Config{
		ClientID: "client", ClientSecret: "secret",
		AuthorizeURL: a.URL + "/authorize", AccessTokenURL: a.URL + "/token", APIBaseURL: a.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := oauth2.FromRecord(oauth2.Record{
		AccessToken: "access0", RefreshToken: "refresh0", ExpiresAt: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SaveToken(t.Context(), "42", registry.Token{OAuth2: tok}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *api) given(t *testing.T, want int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tokens != want {
		t.Errorf("%d tokens were given, want %d", a.tokens, want)
	}
}

// GitHub's SDK takes an http.Client.
func TestSDKWithHTTPClient(t *testing.T) {
	a := newAPI(t, map[string]string{"/user": `{"login":"alice"}`})
	hc, err := a.client(t).WithUser("42").HTTPClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sdk := github.NewClient(hc)
	if sdk.BaseURL, err = url.Parse(a.URL + "/"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		user, _, err := sdk.Users.Get(t.Context(), "")
		if err != nil || user.GetLogin() != "alice" {
			t.Fatalf("the user is %q, %v", user.GetLogin(), err)
		}
	}
	a.given(t, 1)
	a.mu.Lock()
	a.tokens = 0 // forgets the token
	a.mu.Unlock()
	if _, _, err := sdk.Users.Get(t.Context(), ""); err == nil {
		t.Error("a token that is no more was taken")
	}
}

// DigitalOcean's takes a client over a TokenSource of golang.org/x/oauth2, and so do many.
func TestSDKWithTokenSource(t *testing.T) {
	a := newAPI(t, map[string]string{"/v2/account": `{"account":{"uuid":"alice"}}`})
	source, err := a.client(t).TokenSource(t.Context(), "42")
	if err != nil {
		t.Fatal(err)
	}
	var adapted xoauth2.TokenSource = oauth2.Adapt(t.Context(), source,
		func(tok *oauth2.Token) *xoauth2.Token {
			return &xoauth2.Token{AccessToken: tok.AccessToken(), Expiry: tok.ExpiresAt}
		})
	hc := &http.Client{Transport: &xoauth2.Transport{Source: adapted}}
	sdk, err := godo.New(hc, godo.SetBaseURL(a.URL))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		account, _, err := sdk.Account.Get(t.Context())
		if err != nil || account.UUID != "alice" {
			t.Fatalf("the account is %+v, %v", account, err)
		}
	}
	a.given(t, 1)
}
