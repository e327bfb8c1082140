package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A bank is a token endpoint and an API. A refresh token works once.
type bank struct {
	*httptest.Server
	http *http.Client // nil but in a bubble, which has no network
	gate func()       // at the token endpoint, before anything happens

	keeps bool // refresh tokens, which work again

	mu        sync.Mutex
	owners    map[string]string // of tokens that work
	granted   int
	refused   int
	answered  []string // who called the API, and how that ended
	lifetime  time.Duration
	afterSend func(access string)
}

func newBank(t *testing.T) *bank {
	t.Helper()
	b := &bank{owners: map[string]string{}, gate: func() {}, lifetime: time.Hour,
		afterSend: func(string) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", b.token)
	mux.HandleFunc("/me", b.me)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

// inBubble has the bank's clients reach it without a network.
func (b *bank) inBubble() {
	b.http = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		b.Config.Handler.ServeHTTP(w, r.Clone(r.Context()))
		return w.Result(), nil
	})}
}

func (b *bank) token(w http.ResponseWriter, r *http.Request) {
	b.gate()
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	refresh := r.PostFormValue("refresh_token")
	owner := b.owners[refresh]
	if owner == "" {
		b.refused++
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	b.granted++
	access := fmt.Sprintf("access-%s-%d", owner, b.granted)
	if !b.keeps {
		delete(b.owners, refresh)
		refresh = fmt.Sprintf("refresh-%s-%d", owner, b.granted)
	}
	b.owners[access], b.owners[refresh] = owner, owner
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"Bearer","expires_in":%d}`,
		access, refresh, int(b.lifetime.Seconds()))
}

func (b *bank) me(w http.ResponseWriter, r *http.Request) {
	access := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	b.afterSend(access)
	b.mu.Lock()
	defer b.mu.Unlock()
	owner := b.owners[access]
	if owner == "" {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"id": owner})
}

// refreshes returns how many were granted and refused.
func (b *bank) refreshes() [2]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return [2]int{b.granted, b.refused}
}

// open returns a token of owner's that lasts for so long, and a refresh token.
func (b *bank) open(t *testing.T, owner string, left time.Duration) registry.Token {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	r := oauth2.Record{AccessToken: "access-" + owner, RefreshToken: "refresh-" + owner,
		Expiry: time.Now().Add(left)}
	b.owners[r.AccessToken], b.owners[r.RefreshToken] = owner, owner
	return tokenOf(t, r)
}

func tokenOf(t *testing.T, r oauth2.Record) registry.Token {
	t.Helper()
	tok, err := oauth2.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Token{OAuth2: tok}
}

func (b *bank) revoke(secret string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.owners, secret)
}

func (b *bank) config() registry.Config {
	c := good()
	c.AccessTokenURL, c.APIBaseURL = b.URL+"/token", b.URL
	return c
}

// A table is the application's, of one token for each user.
type table struct {
	mu      sync.Mutex
	rows    map[string]registry.Token
	updates []registry.TokenUpdate
	fetches int
	down    error // of updates
	lost    bool  // whether updates that failed were written
}

type userKey struct{}

// requestOf returns the context of a request of user's.
func requestOf(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

func (s *table) fetch(ctx context.Context) (registry.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	user, _ := ctx.Value(userKey{}).(string)
	return s.rows[user], nil
}

var errNoRow = errors.New("no such row")

// update finds the row by the old refresh token, as the pages of Authlib do.
func (s *table) update(_ context.Context, u registry.TokenUpdate) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil && !s.lost {
		return s.down
	}
	for user, t := range s.rows {
		if t.OAuth2.RefreshToken() == u.Old.OAuth2.RefreshToken() {
			s.rows[user] = u.New
			s.updates = append(s.updates, u)
			return s.down
		}
	}
	return errNoRow
}

func (s *table) set(user string, t registry.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[user] = t
}

func (s *table) get(user string) registry.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[user]
}

// banking registers a client of the bank whose tokens a table has.
func banking(t *testing.T, b *bank) (*registry.Client, *table) {
	t.Helper()
	s := &table{rows: map[string]registry.Token{}}
	c := b.config()
	c.FetchToken, c.UpdateToken = s.fetch, s.update
	return must(newRegistry(t, registry.Options{HTTP: b.http}).Register("name", c)), s
}

// whoami asks the API whose token it is.
func whoami(ctx context.Context, a api) (string, error) {
	resp, err := a.Get(ctx, "me")
	if err != nil {
		return "", err
	}
	var user struct{ ID string }
	err = registry.DecodeJSON(resp, &user)
	return user.ID, err
}

func want(t *testing.T, ctx context.Context, a api, id string) {
	t.Helper()
	if got, err := whoami(ctx, a); got != id || err != nil {
		t.Errorf("the API knows %q, %v, want %q", got, err, id)
	}
}

// R4: one fetcher serves clients of all protocols, which it tells apart by name, and a
// client's own goes first.
func TestFetchToken(t *testing.T) {
	logins := map[string]registry.Token{}
	reg := newRegistry(t, registry.Options{
		FetchToken: func(ctx context.Context, name string) (registry.Token, error) {
			return logins[name+ctx.Value(userKey{}).(string)], nil
		}})
	for name, config := range providers(t) {
		_, login := logIn(t, name, config)
		logins[name+"42"] = login.Token
		t.Run("case 83: "+name, func(t *testing.T) {
			client := must(reg.Register(name, config))
			want(t, requestOf(t.Context(), "42"), client, "alice")
			if _, err := whoami(requestOf(t.Context(), "43"), client); !errors.Is(err, loginRequired) {
				t.Errorf("another user: %v", err)
			}
			config.FetchToken = func(ctx context.Context) (registry.Token, error) {
				return login.Token, nil
			}
			config.UpdateToken = new(table).update
			want(t, t.Context(), must(reg.Register(name+".own", config)), "alice")
		})
	}
}

// The users of requests through one http.Client are those of the requests' contexts, and
// otherwise that of the one it was made with.
func TestFetchTokenOfHTTPClient(t *testing.T) {
	b := newBank(t)
	client, rows := banking(t, b)
	rows.set("ann", b.open(t, "ann", -time.Second))
	rows.set("bob", b.open(t, "bob", -time.Second))
	ctx, cancel := context.WithCancel(requestOf(t.Context(), "ann"))
	hc, err := client.HTTPClient(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel() // which is of no account
	for ctx, id := range map[context.Context]string{
		context.Background(): "ann", requestOf(t.Context(), "bob"): "bob"} {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+"/me", nil)
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var user struct{ ID string }
		if err := registry.DecodeJSON(resp, &user); err != nil || user.ID != id {
			t.Errorf("%q, %v, want %q", user.ID, err, id)
		}
	}
	if got := b.refreshes(); got != [2]int{2, 0} {
		t.Errorf("%v refreshes", got)
	}
	rows.set("ann", registry.Token{})
	if _, err := hc.Get(b.URL + "/me"); !errors.Is(err, loginRequired) {
		t.Errorf("removed: %v", err)
	}
}

func TestFetchTokenRefuses(t *testing.T) {
	_, login := logIn(t, "oauth1", providers(t)["oauth1"])
	none, one, two := registry.Token{}, login.Token, bearer(t)
	both := registry.Token{OAuth1: one.OAuth1, OAuth2: two.OAuth2}
	const missing, other = "there is no token", "this client's protocol"
	configs := providers(t)
	for _, test := range []struct {
		name, protocol string
		tok            registry.Token
		err            error
		is             error
		text           string
	}{
		{"case 83: no token", "oauth2", none, nil, loginRequired, missing},
		{"no token of OAuth 1.0", "oauth1", none, nil, loginRequired, missing},
		{"FetchToken fails", "oauth2", two, errDown, errDown,
			`"name": FetchToken: the store is down`},
		{"FetchToken of OAuth 1.0 fails", "oauth1", one, errDown, errDown, "FetchToken: "},
		{"OAuth 1.0's in OAuth 2.0", "oauth2", one, nil, nil, other},
		{"OAuth 1.0's in OpenID Connect", "oidc", one, nil, nil, other},
		{"OAuth 2.0's in OAuth 1.0", "oauth1", two, nil, nil, other},
		{"both in OAuth 1.0", "oauth1", both, nil, nil, other},
		{"both in OAuth 2.0", "oauth2", both, nil, nil, other},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configs[test.protocol]
			c.FetchToken = func(context.Context) (registry.Token, error) {
				return test.tok, test.err
			}
			client := must(newRegistry(t, registry.Options{}).Register("name", c))
			_, err := client.Get(t.Context(), "me")
			if err == nil || !strings.HasPrefix(err.Error(), "registry: ") ||
				!strings.Contains(err.Error(), test.text) ||
				test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error is %v", err)
			}
		})
	}
	t.Run("case 83: no fetcher", func(t *testing.T) {
		for name, c := range configs {
			client := must(newRegistry(t, registry.Options{}).Register(name, c))
			_, err := client.Get(t.Context(), "me")
			config, ok := errors.AsType[*registry.ConfigError](err)
			if !ok || config.Client != name || config.Field != "FetchToken" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// R6: a token that has ended is refreshed, and UpdateToken has the new one before the API
// sees it. It is told the old one, to find the row by.
func TestUpdateToken(t *testing.T) {
	b := newBank(t)
	client, rows := banking(t, b)
	ctx := requestOf(t.Context(), "ann")
	old := b.open(t, "ann", -time.Second)
	rows.set("ann", old)
	b.afterSend = func(access string) {
		if held := rows.get("ann"); held.OAuth2.AccessToken() != access {
			t.Errorf("the API sees %q, which is not stored", access)
		}
	}
	want(t, ctx, client, "ann")
	rows.fetches = 0
	for range 3 {
		want(t, ctx, client, "ann")
	}
	if rows.fetches != 3 {
		t.Errorf("3 calls made %d fetches", rows.fetches)
	}
	if got := b.refreshes(); got != [2]int{1, 0} || len(rows.updates) != 1 {
		t.Fatalf("%v refreshes, %d updates", got, len(rows.updates))
	}
	if u := rows.updates[0]; u.Name != "name" || u.User != "" || !u.Old.OAuth2.Same(old.OAuth2) ||
		!u.New.OAuth2.Same(rows.get("ann").OAuth2) || u.New.OAuth2.AccessToken() != "access-ann-1" {
		t.Errorf("updated %+v", u)
	}
}

// The shared UpdateToken is told the name, and a client's own goes first.
func TestUpdateTokenShared(t *testing.T) {
	b := newBank(t)
	rows := &table{rows: map[string]registry.Token{}}
	reg := newRegistry(t, registry.Options{
		FetchToken: func(ctx context.Context, _ string) (registry.Token, error) {
			return rows.fetch(ctx)
		},
		UpdateToken: rows.update})
	client := must(reg.Register("name", b.config()))
	rows.set("ann", b.open(t, "ann", -time.Second))
	want(t, requestOf(t.Context(), "ann"), client, "ann")
	if len(rows.updates) != 1 || rows.updates[0].Name != "name" {
		t.Errorf("updated %+v", rows.updates)
	}
	c, own := b.config(), 0
	c.UpdateToken = func(ctx context.Context, u registry.TokenUpdate) error {
		own++
		return rows.update(ctx, u)
	}
	rows.set("bob", b.open(t, "bob", -time.Second))
	want(t, requestOf(t.Context(), "bob"), must(reg.Register("own", c)), "bob")
	if own != 1 {
		t.Errorf("the client's own was called %d times", own)
	}
}

// With OpenID Connect it is the same, and the user remains who it was.
func TestUpdateTokenOfOpenIDConnect(t *testing.T) {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()
	c, rows := providers(t)["oidc"], &table{rows: map[string]registry.Token{}}
	c.Issuer, c.APIBaseURL = provider.Issuer(), provider.Issuer()
	_, login := logIn(t, "oidc", c)
	c.FetchToken, c.UpdateToken = rows.fetch, rows.update
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	rows.set("ann", login.Token)
	provider.Revoke(login.Token.OAuth2.AccessToken())
	for range 2 {
		want(t, requestOf(t.Context(), "ann"), client, "alice")
	}
	if granted, refused := provider.Refreshes(); granted != 1 || refused != 0 ||
		len(rows.updates) != 1 || rows.get("ann").OAuth2.Same(login.Token.OAuth2) {
		t.Errorf("%d refreshes, %d refused, %d updates", granted, refused, len(rows.updates))
	}
}

// case 69: ten calls with one token that has ended make one refresh and one update.
func TestConcurrentFetches(t *testing.T) {
	t.Run("case 69", func(t *testing.T) {
		b := newBank(t)
		client, rows := banking(t, b)
		for _, user := range []string{"ann", "bob", "eve"} {
			rows.set(user, b.open(t, user, -time.Second))
		}
		var calls sync.WaitGroup
		for i := range 30 {
			user := []string{"ann", "bob", "eve"}[i%3]
			calls.Go(func() { want(t, requestOf(t.Context(), user), client, user) })
		}
		calls.Wait()
		if got := b.refreshes(); got != [2]int{3, 0} || len(rows.updates) != 3 {
			t.Errorf("%v refreshes, %d updates", got, len(rows.updates))
		}
	})
}

// case 70: the error of UpdateToken is the call's, and the token is stored with the next.
func TestUpdateTokenFails(t *testing.T) {
	for name, lost := range map[string]bool{"case 70": false, "written all the same": true} {
		t.Run(name, func(t *testing.T) {
			b := newBank(t)
			b.inBubble()
			synctest.Test(t, func(t *testing.T) { updateTokenFails(t, b, lost) })
		})
	}
}

func updateTokenFails(t *testing.T, b *bank, lost bool) {
	client, rows := banking(t, b)
	ctx := requestOf(t.Context(), "ann")
	rows.set("ann", b.open(t, "ann", -time.Second))
	rows.down, rows.lost = errDown, lost
	_, err := whoami(ctx, client)
	if save, ok := errors.AsType[*oauth2.SaveError](err); lost == ok || ok &&
		(!errors.Is(err, errDown) || save.Token().AccessToken() != "access-ann-1") {
		t.Errorf("error is %v", err)
	}
	rows.down = nil
	want(t, ctx, client, "ann")
	if got := b.refreshes(); got != [2]int{1, 0} ||
		rows.get("ann").OAuth2.AccessToken() != "access-ann-1" {
		t.Errorf("%v refreshes", got)
	}
}

// case 68: what cannot be refreshed, or stored, is not: the refresh token is not used up.
func TestFetchedTokenHasEnded(t *testing.T) {
	b := newBank(t)
	c, tok := b.config(), registry.Token{}
	c.FetchToken = func(context.Context) (registry.Token, error) { return tok, nil }
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	ended := b.open(t, "ann", -time.Second)
	for _, test := range []struct {
		name string
		tok  registry.Token
		ok   bool
	}{
		{"ended", ended, false},
		{"no access token", tokenOf(t, oauth2.Record{RefreshToken: "refresh-ann"}), false},
		{"about to end", b.open(t, "ann", 30*time.Second), true},
		{"good", b.open(t, "ann", time.Hour), true},
	} {
		t.Run("without UpdateToken: "+test.name, func(t *testing.T) {
			tok = test.tok
			id, err := whoami(t.Context(), client)
			config, is := errors.AsType[*registry.ConfigError](err)
			if (id == "ann") != test.ok || is == test.ok || is && config.Field != "UpdateToken" {
				t.Errorf("%q, %v", id, err)
			}
		})
	}
	t.Run("case 68: no refresh token", func(t *testing.T) {
		for _, update := range []func(context.Context, registry.TokenUpdate) error{
			nil, new(table).update} {
			c.UpdateToken = update
			client := must(newRegistry(t, registry.Options{}).Register("name", c))
			tok = tokenOf(t, oauth2.Record{AccessToken: "a", Expiry: time.Now().Add(-time.Second)})
			if _, err := client.Get(t.Context(), "me"); !errors.Is(err, loginRequired) {
				t.Errorf("error is %v", err)
			}
		}
	})
	t.Run("refused without UpdateToken", func(t *testing.T) {
		tok = b.open(t, "bob", time.Hour)
		b.revoke("access-bob")
		_, err := whoami(t.Context(), client)
		if status, ok := errors.AsType[*registry.StatusError](err); !ok || status.Status != 401 {
			t.Errorf("error is %v", err)
		}
	})
	if got := b.refreshes(); got != [2]int{} {
		t.Errorf("%v refreshes", got)
	}
}

// case 71: Config.Leeway is how long before its end a token is refreshed, from wherever.
func TestLeewayOfTokens(t *testing.T) {
	for name, leeway := range map[string]time.Duration{
		"the default": 0, "case 71": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			b, rows := newBank(t), &table{rows: map[string]registry.Token{}}
			c := b.config()
			c.FetchToken, c.UpdateToken, c.Leeway = rows.fetch, rows.update, leeway
			reg := newRegistry(t, registry.Options{TokenStore: new(tokens)})
			client, ctx := must(reg.Register("name", c)), requestOf(t.Context(), "ann")
			rows.set("ann", b.open(t, "ann", 90*time.Second))
			if err := client.SaveToken(ctx, "42", b.open(t, "bob", 90*time.Second)); err != nil {
				t.Fatal(err)
			}
			want(t, ctx, client, "ann")
			want(t, ctx, client.WithUser("42"), "bob")
			if got := b.refreshes(); got != [2]int{int(leeway / time.Minute), 0} {
				t.Errorf("%v refreshes", got)
			}
		})
	}
}

// A token that the API refuses is refreshed once, and the request sent again with its body.
func TestFetchedTokenIsRefused(t *testing.T) {
	b := newBank(t)
	client, rows := banking(t, b)
	ctx := requestOf(t.Context(), "ann")
	rows.set("ann", b.open(t, "ann", time.Hour))
	b.revoke("access-ann")
	var sent []string
	b.afterSend = func(access string) { sent = append(sent, access) }
	resp, err := client.Post(ctx, "me", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.CheckStatus(resp); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	if !slices.Equal(sent, []string{"access-ann", "access-ann-1"}) || len(rows.updates) != 1 {
		t.Errorf("sent %q, %d updates", sent, len(rows.updates))
	}
	b.revoke("access-ann-1")
	if _, err := whoami(ctx, client); err == nil || b.refreshes()[0] != 1 {
		t.Errorf("a second refresh at once: %v", err)
	}
}

// Of two users who had one token and now have two, nobody gets the other's.
func TestTokenOfTwoUsers(t *testing.T) {
	b := newBank(t)
	ours, anns := b.open(t, "both", time.Hour), b.open(t, "ann", time.Hour)
	c, fetches := b.config(), 0
	c.FetchToken = func(ctx context.Context) (registry.Token, error) {
		if ctx.Value(userKey{}) == "ann" {
			if fetches++; fetches > 1 { // while her first call is under way
				return anns, nil
			}
		}
		return ours, nil
	}
	c.UpdateToken = new(table).update
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	for range 2 {
		want(t, requestOf(t.Context(), "ann"), client, "ann")
		want(t, requestOf(t.Context(), "bob"), client, "both")
	}
}

// Where another has logged out meanwhile, the user who is left keeps the token.
func TestTokenThatOneUserGaveUp(t *testing.T) {
	b := newBank(t)
	ours := b.open(t, "both", time.Hour)
	c, fetches := b.config(), 0
	c.UpdateToken = new(table).update
	c.FetchToken = func(ctx context.Context) (registry.Token, error) {
		if ctx.Value(userKey{}) == "ann" {
			if fetches++; fetches > 1 {
				return registry.Token{}, nil
			}
		}
		return ours, nil
	}
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	if _, err := whoami(requestOf(t.Context(), "ann"), client); !errors.Is(err, loginRequired) {
		t.Errorf("error is %v", err)
	}
	want(t, requestOf(t.Context(), "bob"), client, "both")
}

// What another process has refreshed meanwhile is fetched again, and used.
func TestTokenOfAnotherProcess(t *testing.T) {
	for when, refused := range map[int]int{2: 0, 3: 0, 4: 1} { // the fetch that sees it
		b := newBank(t)
		spent, fresh := b.open(t, "spent", -time.Second), b.open(t, "ann", time.Hour)
		b.revoke("refresh-spent")
		c, fetches := b.config(), 0
		c.UpdateToken = new(table).update
		c.FetchToken = func(context.Context) (registry.Token, error) {
			if fetches++; fetches >= when {
				return fresh, nil
			}
			return spent, nil
		}
		client := must(newRegistry(t, registry.Options{}).Register("name", c))
		want(t, t.Context(), client, "ann")
		if got := b.refreshes(); got != [2]int{0, refused} {
			t.Errorf("seen at fetch %d: %v refreshes", when, got)
		}
	}
}

// A login while a token is refreshed goes before what the refresh brings.
func TestLoginDuringRefresh(t *testing.T) {
	b := newBank(t)
	client, rows := banking(t, b)
	rows.set("ann", b.open(t, "old", -time.Second))
	anew := b.open(t, "anew", time.Hour)
	b.gate = func() { rows.set("ann", anew) }
	want(t, requestOf(t.Context(), "ann"), client, "anew")
	if len(rows.updates) != 0 || !rows.get("ann").OAuth2.Same(anew.OAuth2) {
		t.Errorf("%d updates", len(rows.updates))
	}
}

// Without a second look at the user's token it is not refreshed.
func TestFetchTokenFailsBeforeRefresh(t *testing.T) {
	b := newBank(t)
	c, fetches, tok := b.config(), 0, b.open(t, "ann", -time.Second)
	c.UpdateToken = new(table).update
	c.FetchToken = func(context.Context) (registry.Token, error) {
		if fetches++; fetches > 1 {
			return registry.Token{}, errDown
		}
		return tok, nil
	}
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	if _, err := whoami(t.Context(), client); !errors.Is(err, errDown) || b.refreshes() != [2]int{} {
		t.Errorf("%v refreshes, %v", b.refreshes(), err)
	}
}

// Who logs out while a token is refreshed stays logged out, and nothing is kept of it.
func TestLogoutDuringRefresh(t *testing.T) {
	b := newBank(t)
	b.inBubble()
	synctest.Test(t, func(t *testing.T) {
		client, rows := banking(t, b)
		rows.set("ann", b.open(t, "ann", -time.Second))
		b.gate = func() { rows.set("ann", registry.Token{}) }
		began := time.Now()
		_, err := whoami(requestOf(t.Context(), "ann"), client)
		if _, save := errors.AsType[*oauth2.SaveError](err); save || !errors.Is(err, loginRequired) {
			t.Errorf("error is %v", err)
		}
		if waited := time.Since(began); waited != 0 || len(rows.updates) != 0 ||
			rows.get("ann") != (registry.Token{}) {
			t.Errorf("%d updates, after %v", len(rows.updates), waited)
		}
	})
}

// Who fetches what was replaced a moment ago is served with what it was replaced by, which
// is refreshed by one of those who fetch the one or the other.
func TestFetchOfReplacedToken(t *testing.T) {
	b := newBank(t)
	first, now := b.open(t, "ann", -time.Second), time.Now()
	before, last := first, first
	c := b.config()
	c.FetchToken = func(ctx context.Context) (registry.Token, error) {
		switch ctx.Value(userKey{}) {
		case "late":
			return first, nil
		case "later":
			return before, nil
		}
		return last, nil
	}
	c.UpdateToken = func(_ context.Context, u registry.TokenUpdate) error {
		before, last = u.Old, u.New
		return nil
	}
	reg := newRegistry(t, registry.Options{Now: func() time.Time { return now }})
	client := must(reg.Register("name", c))
	want(t, requestOf(t.Context(), "late"), client, "ann")
	want(t, requestOf(t.Context(), "late"), client, "ann")
	now = now.Add(2 * time.Hour) // and now the second has ended too
	want(t, t.Context(), client, "ann")
	want(t, requestOf(t.Context(), "late"), client, "ann")
	now = now.Add(2 * time.Hour)
	want(t, requestOf(t.Context(), "later"), client, "ann")
	if got := b.refreshes(); got != [2]int{3, 0} {
		t.Errorf("%v refreshes", got)
	}
}

// R7: subscribers hear of each token that was refreshed and stored, by whichever path, in
// addition to UpdateToken, until they cancel.
func TestOnTokenUpdate(t *testing.T) {
	b := newBank(t)
	rows := &table{rows: map[string]registry.Token{}}
	var reg registry.Registry
	var heard []string
	reg.OnTokenUpdate(func(context.Context, registry.TokenUpdate) { panic("a subscriber's") })
	cancel := reg.OnTokenUpdate(func(ctx context.Context, u registry.TokenUpdate) {
		heard = append(heard, fmt.Sprintf("%s %s %s: %s for %s, %d updates", u.Name, u.User,
			ctx.Value(userKey{}), u.New.OAuth2.AccessToken(), u.Old.OAuth2.AccessToken(),
			len(rows.updates)))
	})
	c := b.config()
	c.FetchToken, c.UpdateToken = rows.fetch, rows.update
	client, err := reg.Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	if err := reg.Init(registry.Options{EphemeralKey: true, TokenStore: new(tokens)}); err != nil {
		t.Fatal(err)
	}
	ctx := requestOf(t.Context(), "ann")
	rows.set("ann", b.open(t, "ann", -time.Second))
	for range 2 {
		want(t, ctx, client, "ann")
	}
	if err := client.SaveToken(ctx, "42", b.open(t, "bob", -time.Second)); err != nil {
		t.Fatal(err)
	}
	want(t, ctx, client.WithUser("42"), "bob")
	cancel()
	cancel()
	rows.set("ann", b.open(t, "eve", -time.Second))
	want(t, ctx, client, "eve")
	if !slices.Equal(heard, []string{
		"name  ann: access-ann-1 for access-ann, 1 updates",
		"name 42 ann: access-bob-2 for access-bob, 1 updates",
	}) {
		t.Errorf("heard %q", heard)
	}
}

// A refresh that brings a new access token alone is heard of too, and the rest is kept.
func TestOnTokenUpdateOfAccessToken(t *testing.T) {
	b, heard := newBank(t), 0
	b.keeps = true
	reg := newRegistry(t, registry.Options{})
	rows := &table{rows: map[string]registry.Token{"ann": b.open(t, "ann", -time.Second)}}
	reg.OnTokenUpdate(func(_ context.Context, u registry.TokenUpdate) {
		if u.New.OAuth2.RefreshToken() != u.Old.OAuth2.RefreshToken() {
			t.Error("the refresh token is another")
		}
		heard++
	})
	c := b.config()
	c.FetchToken, c.UpdateToken = rows.fetch, rows.update
	want(t, requestOf(t.Context(), "ann"), must(reg.Register("name", c)), "ann")
	if heard != 1 || len(rows.updates) != 1 {
		t.Errorf("heard %d of %d updates", heard, len(rows.updates))
	}
}

// Each is cancelled alone, and nobody hears of what was not stored.
func TestOnTokenUpdateCancels(t *testing.T) {
	b := newBank(t)
	b.inBubble()
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry(t, registry.Options{HTTP: b.http})
		rows := &table{rows: map[string]registry.Token{}, down: errDown}
		c := b.config()
		c.FetchToken, c.UpdateToken = rows.fetch, rows.update
		client := must(reg.Register("name", c))
		heard := [3]int{}
		var cancels [3]func()
		for i := range heard {
			cancels[i] = reg.OnTokenUpdate(func(context.Context, registry.TokenUpdate) {
				heard[i]++
				cancels[0]() // while others are still to hear
			})
		}
		ctx := requestOf(t.Context(), "ann")
		rows.set("ann", b.open(t, "ann", -time.Second))
		if _, err := whoami(ctx, client); !errors.Is(err, errDown) || heard != [3]int{} {
			t.Errorf("not stored: %v, heard %v", err, heard)
		}
		rows.down = nil
		cancels[1]()
		want(t, ctx, client, "ann")
		rows.set("ann", b.open(t, "bob", -time.Second))
		want(t, ctx, client, "bob")
		if heard != [3]int{1, 0, 2} {
			t.Errorf("heard %v", heard)
		}
	})
}

// A FetchToken that is down is no reason to log in again.
func TestFetchTokenIsDown(t *testing.T) {
	b := newBank(t)
	b.inBubble()
	synctest.Test(t, func(t *testing.T) {
		c, n := b.config(), 0
		tok := b.open(t, "ann", -time.Second)
		down := &oauth2.TokenError{Outcome: oauth2.OutcomeTransient, Err: errDown}
		c.FetchToken = func(context.Context) (registry.Token, error) {
			if n++; n%2 == 0 {
				return registry.Token{}, down
			}
			return tok, nil
		}
		c.UpdateToken = func(ctx context.Context, u registry.TokenUpdate) error { return nil }
		client := must(newRegistry(t, registry.Options{HTTP: b.http}).Register("name", c))
		_, err := whoami(t.Context(), client)
		if errors.Is(err, loginRequired) || !errors.Is(err, errDown) {
			t.Errorf("a store that is down sends the user to log in: %v", err)
		}
	})
}
