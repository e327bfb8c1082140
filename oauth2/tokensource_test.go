package oauth2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/internal/wait"
)

// A refresher is a server that takes each refresh token once. The nth token that it gives
// is "access n", "refresh n".
type refresher struct {
	takes time.Duration // how long an answer takes
	life  time.Duration // of its access tokens; zero is an hour
	fails []error       // its answers, in order; nil and what follows is a token
	keeps bool          // refresh tokens are not rotated

	mu    sync.Mutex
	sent  []string // the refresh tokens that it was sent, "grant" for none
	given int
}

func (r *refresher) refresh(ctx context.Context, tok *Token) (*Token, error) {
	return r.answer(ctx, tok.RefreshToken(), tok.RefreshToken())
}

// grant gives a token without a refresh token.
func (r *refresher) grant(ctx context.Context) (*Token, error) {
	return r.answer(ctx, "grant", "")
}

func (r *refresher) answer(ctx context.Context, sent, kept string) (*Token, error) {
	r.mu.Lock()
	used := slices.Contains(r.sent, sent) && sent != "grant" && !r.keeps && len(r.fails) == 0
	r.sent = append(r.sent, sent)
	r.mu.Unlock()
	if err := wait.For(ctx, r.takes); err != nil && r.takes > 0 {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.fails) > 0 {
		err := r.fails[0]
		if r.fails = r.fails[1:]; err != nil {
			return nil, err
		}
	}
	if used {
		return nil, invalidGrant()
	}
	r.given++
	if sent != "grant" && !r.keeps {
		kept = fmt.Sprintf("refresh %d", r.given)
	}
	life := max(r.life, 0)
	if r.life == 0 {
		life = time.Hour
	}
	tok := made(fmt.Sprintf("access %d", r.given), kept, time.Now().Add(life))
	tok.life = life
	return tok, nil
}

func (r *refresher) wantSent(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.sent, want) {
		t.Errorf("the server was sent %q, want %q", r.sent, want)
	}
}

func invalidGrant() error { return &Error{Code: "invalid_grant", Status: 400} }

func made(access, refresh string, end time.Time) *Token {
	s := &secrets{access: access, refresh: refresh}
	return &Token{TokenType: "Bearer", ExpiresAt: end, reveal: s.hidden()}
}

// named returns "access name" with "refresh name".
func named(name string, left time.Duration) *Token {
	return made("access "+name, "refresh "+name, time.Now().Add(left))
}

// A testStore is a store in memory that fails as it is told.
type testStore struct {
	MemoryStore
	onLoad  func(ctx context.Context, n int32) error // before the nth
	onSwap  func(ctx context.Context, n int32) error
	swapped func(n int32) error // after the nth
	loads   atomic.Int32
	swaps   atomic.Int32
}

func (s *testStore) Load(ctx context.Context, key TokenKey) (*Token, error) {
	n := s.loads.Add(1)
	if s.onLoad != nil {
		if err := s.onLoad(ctx, n); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil { // as one that is asked over a connection
		return nil, err
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *testStore) Swap(ctx context.Context, key TokenKey, old, fresh *Token) (bool, error) {
	n := s.swaps.Add(1)
	if s.onSwap != nil {
		if err := s.onSwap(ctx, n); err != nil {
			return false, err
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	swapped, err := s.MemoryStore.Swap(ctx, key, old, fresh)
	if err == nil && s.swapped != nil {
		err = s.swapped(n)
	}
	return swapped, err
}

// put stores a token whatever there was, as another process does.
func (s *testStore) put(tok *Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		s.tokens = map[TokenKey]*Token{}
	}
	s.tokens[rigKey] = tok
}

func (s *testStore) want(t *testing.T, access string) {
	t.Helper()
	if tok, _ := s.MemoryStore.Load(t.Context(), rigKey); tok.AccessToken() != access {
		t.Errorf("stored %q, want %q", tok.AccessToken(), access)
	}
}

// An unleased store has no Lock.
type unleased struct{ TokenStore }

// Every rig's token is of this key, and no rig may ask for another.
var rigKey = TokenKey{"name", "user"}

// A rig is a source with its server and its store.
type rig struct {
	*TokenSource
	server  *refresher
	store   *testStore
	mu      sync.Mutex
	changes []string
}

// newRig returns one whose store has "access old" and "refresh old". The changes are to
// the options of its source.
func newRig(t *testing.T, left time.Duration, changes ...func(*TokenSourceOptions)) *rig {
	t.Helper()
	r := &rig{server: &refresher{}, store: &testStore{}}
	r.store.put(named("old", left))
	o := TokenSourceOptions{Store: r.store, Key: rigKey, Refresh: r.server.refresh,
		Changed: []func(context.Context, TokenChange){r.note}}
	for _, change := range changes {
		change(&o)
	}
	r.TokenSource = newSource(t, clockClient(t), o)
	return r
}

// clockClient returns a client that goes by the clock of the bubble.
func clockClient(t *testing.T) *Client {
	t.Helper()
	config := configAt("https://as.example")
	config.Now = nil
	return newClient(t, config)
}

func newSource(t *testing.T, c *Client, o TokenSourceOptions) *TokenSource {
	t.Helper()
	src, err := c.TokenSource(o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func withoutLease(o *TokenSourceOptions) { o.Store = unleased{o.Store} }

func (r *rig) note(_ context.Context, c TokenChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes,
		fmt.Sprintf("%s: %s > %s", c.Outcome, c.Old.AccessToken(), c.New.AccessToken()))
	if c.Key != rigKey {
		r.changes = append(r.changes, fmt.Sprint(c.Key))
	}
}

func (r *rig) wantChanges(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.changes, want) {
		t.Errorf("changes %q, want %q", r.changes, want)
	}
}

// want fails unless Token returns a token at once.
func want(t *testing.T, src *TokenSource, access string) {
	t.Helper()
	tok, err := src.Token(t.Context())
	if err != nil || tok.AccessToken() != access {
		t.Errorf("got %q, %v, want %q", tok.AccessToken(), err, access)
	}
}

func (r *rig) want(t *testing.T, access string) {
	t.Helper()
	want(t, r.TokenSource, access)
}

// wantFailure fails unless Token fails with an outcome, and returns the error.
func (r *rig) wantFailure(t *testing.T, o Outcome) error {
	t.Helper()
	tok, err := r.Token(t.Context())
	e, ok := errors.AsType[*TokenError](err)
	if tok != nil || !ok || e.Outcome != o {
		t.Errorf("got %q, %v, want %q", tok.AccessToken(), err, o)
	}
	return err
}

// wantUnsaved fails unless Token fails as a token cannot be saved.
func (r *rig) wantUnsaved(t *testing.T, access string, cause error) {
	t.Helper()
	tok, err := r.Token(t.Context())
	e, ok := errors.AsType[*SaveError](err)
	if tok != nil || !ok || e.Token().AccessToken() != access || !errors.Is(err, cause) {
		t.Errorf("got %q, %v, want %q unsaved: %v", tok.AccessToken(), err, access, cause)
	}
}

// wantOrLogin fails unless Token returns tok, or says that there is none if that is nil.
func (r *rig) wantOrLogin(t *testing.T, tok *Token) {
	t.Helper()
	if tok != nil {
		r.want(t, tok.AccessToken())
	} else if err := r.wantFailure(t, OutcomeLoginRequired); !errors.Is(err, errNoToken) {
		t.Errorf("got %v", err)
	}
}

// tokens has n goroutines ask the sources, in turn, and returns what they got.
func tokens(t *testing.T, n int, sources ...*TokenSource) []string {
	t.Helper()
	got := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			tok, err := sources[i%len(sources)].Token(t.Context())
			if err != nil {
				t.Error(err)
			}
			got[i] = tok.AccessToken()
		})
	}
	wg.Wait()
	slices.Sort(got)
	return slices.Compact(got)
}

// A thousand who ask for one expired token get the same, for which the server is asked
// once and the store once.
func TestThousandCallers(t *testing.T) {
	for _, test := range []struct {
		name    string
		sources int
		store   func(*testStore) TokenStore
	}{
		{"one source", 1, func(s *testStore) TokenStore { return s }},
		{"one source, no lease", 1, func(s *testStore) TokenStore { return unleased{s} }},
		{"a thousand sources", 1000, func(s *testStore) TokenStore { return s }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.takes = 2 * time.Second
				o := r.options
				o.Store = test.store(r.store)
				client := clockClient(t)
				var sources []*TokenSource
				for range test.sources {
					sources = append(sources, newSource(t, client, o))
				}
				if got := tokens(t, 1000, sources...); !slices.Equal(got, []string{"access 1"}) {
					t.Errorf("got %q", got)
				}
				r.server.wantSent(t, "refresh old")
				r.wantChanges(t, "rotated: access old > access 1")
				if n := r.store.swaps.Load(); n != 1 {
					t.Errorf("%d swaps", n)
				}
			})
		})
	}
}

// Sources that share a store do not refresh a token each because it was given for less than
// the Leeway.
func TestThousandSourcesOfShortTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.life = 30 * time.Second
		client := clockClient(t)
		for range 1000 {
			src := newSource(t, client, r.options)
			if _, err := src.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := len(r.server.sent); n != 1 {
			t.Errorf("the server was asked %d times", n)
		}
	})
}

// Another key, of the same store, has a token and a lease of its own.
func TestSourcesOfTwoKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = 2 * time.Second
		other := TokenKey{"name", "other"}
		r.store.MemoryStore.Swap(t.Context(), other, nil, made("b", "b", time.Now()))
		o := r.options
		o.Key, o.Changed = other, nil
		began := time.Now()
		if got := tokens(t, 10, r.TokenSource, newSource(t, r.client, o)); len(got) != 2 {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// Sources without a store have nothing in common.
func TestSourcesWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &refresher{takes: 2 * time.Second}
		client := clockClient(t)
		o := TokenSourceOptions{Refresh: server.refresh}
		a, b := newSource(t, client, o), newSource(t, client, o)
		for src, tok := range map[*TokenSource]*Token{
			a: named("a", time.Hour), b: named("b", time.Hour),
		} {
			if err := src.Save(t.Context(), tok); err != nil {
				t.Fatal(err)
			}
		}
		want(t, a, "access a")
		want(t, b, "access b")
		time.Sleep(2 * time.Hour)
		began := time.Now()
		if got := tokens(t, 2, a, b); !slices.Equal(got, []string{"access 1", "access 2"}) {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v: one waited for the other", took)
		}
	})
}

// Each waiter leaves when its own context ends, with its cause. The refresh goes on, and
// what it brings is there for the next.
func TestWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = 10 * time.Second
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 5 { // the first of which begins the refresh
			gone := fmt.Errorf("the browser of %d went away", i)
			ctx, cancel := context.WithCancelCause(t.Context())
			after := time.Duration(i+1) * time.Second
			time.AfterFunc(after, func() { cancel(gone) })
			wg.Go(func() {
				tok, err := r.Token(ctx)
				if tok != nil || err != gone || time.Since(began) != after {
					t.Errorf("%d got %v, %v after %v", i, tok, err, time.Since(began))
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if got := tokens(t, 1, r.TokenSource); got[0] != "access 1" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v", took)
		}
		r.server.wantSent(t, "refresh old")
	})
}

// One who has left already begins a refresh and does not wait for it. Nothing is lost.
func TestTokenOfEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = time.Second
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if tok, err := r.Token(ctx); tok != nil || err != context.Canceled {
			t.Errorf("got %v, %v", tok, err)
		}
		rest(time.Second)
		if tok, err := r.Token(ctx); tok.AccessToken() != "access 1" || err != nil {
			t.Errorf("got %v, %v: a token in hand is no wait", tok, err)
		}
		r.store.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
		r.wantChanges(t, "rotated: access old > access 1")
	})
}

// The context of the call comes along, with an end of the source's own.
func TestValuesOfContext(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		var seen []any
		look := func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("a context without an end")
			}
			seen = append(seen, ctx.Value(key{}))
			return nil
		}
		r.store.onLoad = func(ctx context.Context, _ int32) error { return look(ctx) }
		r.store.onSwap = func(ctx context.Context, _ int32) error { return look(ctx) }
		r.options.AcceptRefresh = func(ctx context.Context, _, _ *Token) error { return look(ctx) }
		r.options.Refresh = func(ctx context.Context, tok *Token) (*Token, error) {
			look(ctx)
			return r.server.refresh(ctx, tok)
		}
		if _, err := r.Token(context.WithValue(t.Context(), key{}, 7)); err != nil {
			t.Fatal(err)
		}
		if err := r.Save(context.WithValue(context.Background(), key{}, 7), nil); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 7 || slices.ContainsFunc(seen, func(v any) bool { return v != 7 }) {
			t.Errorf("saw %v", seen)
		}
	})
}

// A new token is in the store before anybody sees it, be it a caller or who is told of
// changes.
func TestSavedBeforeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		told := 0
		r = newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.Changed = []func(context.Context, TokenChange){
				func(_ context.Context, c TokenChange) {
					told++
					r.store.want(t, c.New.AccessToken())
					if r.held.Load() != nil && told == 1 {
						t.Error("the token is handed out already")
					}
				}}
		})
		r.store.onSwap = func(context.Context, int32) error {
			time.Sleep(time.Second)
			if r.held.Load() != nil {
				t.Error("the token is handed out before it is saved")
			}
			return nil
		}
		for range 10 {
			go func() {
				r.want(t, "access 1")
				r.store.want(t, "access 1")
			}()
		}
		rest(2 * time.Second)
		r.store.onSwap = nil
		if err := r.Save(t.Context(), named("login", time.Hour)); err != nil || told != 2 {
			t.Errorf("saved: %v, told %d times", err, told)
		}
	})
}

// Who is told of changes is told of each, in order, and of nothing else.
func TestChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var second []string
		changed := func(_ context.Context, c TokenChange) {
			second = append(second, string(c.Outcome))
		}
		var list []func(context.Context, TokenChange)
		r := newRig(t, time.Hour, func(o *TokenSourceOptions) {
			o.Changed = append(o.Changed, changed)
			list = o.Changed
		})
		list[1] = nil // which is of no concern to the source any more
		r.want(t, "access old")
		r.wantChanges(t)
		time.Sleep(2 * time.Hour)
		r.want(t, "access 1")
		r.server.keeps = true
		time.Sleep(2 * time.Hour)
		r.want(t, "access 2")
		if err := r.Save(t.Context(), named("login", time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := r.Save(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		r.options.Grant = r.server.grant
		r.want(t, "access 3")
		r.store.put(named("other", time.Hour))
		time.Sleep(2 * time.Hour)
		r.want(t, "access 4")
		r.wantChanges(t,
			"rotated: access old > access 1",
			"refreshed: access 1 > access 2",
			"saved: access 2 > access login",
			"saved: access login > ",
			"granted:  > access 3",
			"refreshed: access other > access 4")
		want := []string{"rotated", "refreshed", "saved", "saved", "granted", "refreshed"}
		if !slices.Equal(second, want) {
			t.Errorf("the second was told %q", second)
		}
	})
}

// A token is handed out while it is good for Leeway longer.
func TestLeeway(t *testing.T) {
	for _, test := range []struct {
		name               string
		leeway, left, life time.Duration
		want               string
	}{
		{"zero is a minute", 0, time.Minute, 0, "access 1"},
		{"zero, longer", 0, time.Minute + 1, 0, "access old"},
		{"longer", time.Second, time.Second + 1, 0, "access old"},
		{"as long", time.Second, time.Second, 0, "access 1"},
		{"five minutes", 5 * time.Minute, 5 * time.Minute, 0, "access 1"},
		{"five minutes, longer", 5 * time.Minute, 5*time.Minute + 1, 0, "access old"},
		{"none", -1, 1, 0, "access old"},
		{"none, an hour less than none", -time.Hour, 1, 0, "access old"},
		{"none, at its end", -time.Hour, 0, 0, "access 1"},
		{"half its life", 0, 15 * time.Second, 30 * time.Second, "access 1"},
		{"half its life, longer", 0, 15*time.Second + 1, 30 * time.Second, "access old"},
		{"a life of twice the leeway", 0, time.Minute, 2 * time.Minute, "access 1"},
		{"a longer life", 0, time.Minute + 1, time.Hour, "access old"},
		{"none, of a life", -1, 1, 30 * time.Second, "access old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.left, func(o *TokenSourceOptions) { o.Leeway = test.leeway })
				tok := named("old", test.left)
				tok.life = test.life
				r.store.put(tok)
				r.want(t, test.want)
			})
		})
	}
}

func TestLeewayRefused(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, leeway := range []time.Duration{5*time.Minute + 1, time.Hour} {
		src, err := c.TokenSource(TokenSourceOptions{Leeway: leeway})
		wantCheck(t, err, "leeway", "RFC 6749, Section 5.1")
		if src != nil {
			t.Error("there is a source")
		}
	}
}

// However late a source comes to a token, it hands it out as long as it is good for Leeway
// longer, and not beyond.
func TestLeewayOfLoadedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 90*time.Second)
		r.want(t, "access old")
		time.Sleep(31 * time.Second) // 59 seconds are left
		r.want(t, "access 1")
	})
}

// Tokens that are given for less than the Leeway are handed out, and do not have the
// server asked at every call.
func TestShortLived(t *testing.T) {
	for _, test := range []struct {
		name     string
		life     time.Duration // negative is none
		min, max int
	}{
		{"none at all", -1, 55, 60},
		{"a second", time.Second, 55, 60},
		{"half a minute", 30 * time.Second, 4, 6},
		{"two minutes", 2 * time.Minute, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.life = test.life
				for range 600 {
					if _, err := r.Token(t.Context()); err != nil {
						t.Fatal(err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				if n := len(r.server.sent); n < test.min || n > test.max {
					t.Errorf("asked %d times in a minute", n)
				}
			})
		})
	}
}

// A token is due before its end, by the Leeway or half of what is left, and is renewed in the
// last quarter before that, or the last 5 minutes.
func TestHolding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		for _, test := range []struct{ leeway, left, due, ahead time.Duration }{
			{time.Minute, time.Hour, 59 * time.Minute, 5 * time.Minute},
			{time.Minute, 10 * time.Minute, 9 * time.Minute, 135 * time.Second},
			{time.Minute, 2 * time.Minute, time.Minute, 15 * time.Second},
			{time.Minute, time.Minute, time.Second, 0},
			{time.Minute, 40 * time.Second, 20 * time.Second, 5 * time.Second},
			{time.Minute, 2 * time.Second, time.Second, 0},
			{time.Minute, time.Second, time.Second, 0},
			{time.Minute, 0, time.Second, 0},
			{time.Minute, -time.Hour, time.Second, 0},
			{-1, time.Hour, time.Hour, 5 * time.Minute},
			{-1, 8 * time.Second, 8 * time.Second, 2 * time.Second},
			{5 * time.Minute, 30 * day, 30*day - 5*time.Minute, 5 * time.Minute},
			{time.Minute, 290 * 365 * day, 290*365*day - time.Minute, 5 * time.Minute},
		} {
			src := newSource(t, clockClient(t), TokenSourceOptions{Leeway: test.leeway})
			now := time.Now()
			seen := map[time.Time]bool{}
			for range 100 {
				h := src.holding(named("a", test.left))
				if h.due.Sub(now) != test.due {
					t.Fatalf("%v of %v: due in %v", test.leeway, test.left, h.due.Sub(now))
				}
				next := h.early
				early := h.due.Sub(next)
				if early > test.ahead || early < test.ahead/2 || next.Before(now.Add(attemptGap)) {
					t.Fatalf("%v of %v: renewed %v early", test.leeway, test.left, early)
				}
				seen[next] = true
			}
			if test.ahead > 0 && len(seen) < 90 {
				t.Errorf("%v of %v: %d moments", test.leeway, test.left, len(seen))
			}
		}
	})
}

// early returns a rig in whose window, 58 minutes from now, an hour's token is renewed.
func early(t *testing.T, changes ...func(*TokenSourceOptions)) *rig {
	t.Helper()
	r := newRig(t, time.Hour, changes...)
	r.want(t, "access old")
	time.Sleep(58 * time.Minute)
	return r
}

// In the window one caller renews, and the others get the old token at once.
func TestEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := early(t)
		r.server.takes = 900 * time.Millisecond
		began := time.Now()
		var wg sync.WaitGroup
		var late atomic.Int32
		for range 100 {
			wg.Go(func() {
				tok, err := r.Token(t.Context())
				want, took := "access old", time.Duration(0)
				if tok.AccessToken() == "access 1" {
					want, took = "access 1", 900*time.Millisecond
					late.Add(1)
				}
				if err != nil || tok.AccessToken() != want || time.Since(began) != took {
					t.Errorf("got %q, %v after %v", tok.AccessToken(), err, time.Since(began))
				}
			})
		}
		wg.Wait()
		if late.Load() != 1 {
			t.Errorf("%d callers waited", late.Load())
		}
		r.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
	})
}

// Before the window the server is not asked, and the store once a minute.
func TestNotTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		for second := range 54 * 60 {
			r.want(t, "access old")
			if n := r.store.loads.Load(); n != int32(1+second/60) {
				t.Fatalf("%d loads after %d seconds", n, second)
			}
			time.Sleep(time.Second)
		}
		r.server.wantSent(t)
	})
}

// What another process saves or removes is known within a minute.
func TestStoreIsLookedInto(t *testing.T) {
	for name, tok := range map[string]*Token{
		"saved": made("access other", "", time.Time{}), "removed": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				r.want(t, "access old")
				r.store.put(tok)
				time.Sleep(time.Minute - time.Millisecond)
				r.want(t, "access old")
				time.Sleep(time.Millisecond)
				for range 3 {
					r.wantOrLogin(t, tok)
				}
				r.server.wantSent(t)
				r.wantChanges(t)
			})
		})
	}
}

// An early renewal that fails is no error, and is tried again a second later.
func TestEarlyFails(t *testing.T) {
	for name, failure := range map[string]error{
		"transient":     &Error{Status: 503},
		"refresh token": invalidGrant(),
		"client":        &Error{Code: "invalid_client", Status: 401},
		"unknown":       errors.New("unknown"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := early(t)
				r.server.fails = []error{failure, nil}
				for range 5 {
					r.want(t, "access old")
				}
				r.server.wantSent(t, "refresh old")
				time.Sleep(999 * time.Millisecond)
				r.want(t, "access old")
				r.server.wantSent(t, "refresh old")
				time.Sleep(time.Millisecond)
				if name == "refresh token" {
					r.want(t, "access old")
					time.Sleep(2 * time.Minute) // in which it expires
					r.wantFailure(t, OutcomeLoginRequired)
					r.server.wantSent(t, "refresh old")
					return
				}
				r.want(t, "access 1")
				r.server.wantSent(t, "refresh old", "refresh old")
			})
		})
	}
}

// A store that is down is no error either, while the token lasts.
func TestEarlyWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := early(t)
		down := errors.New("down")
		r.store.onLoad = func(context.Context, int32) error { return down }
		r.want(t, "access old")
		time.Sleep(time.Second)
		r.want(t, "access old")
		r.store.onLoad = nil
		time.Sleep(time.Second)
		r.want(t, "access 1")
	})
}

// A slow renewal holds up its caller for 5 seconds at most, and nobody else; what it brings
// is handed out when it lands.
func TestEarlyIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := early(t)
		r.server.takes = 8 * time.Second
		began := time.Now()
		r.want(t, "access old")
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("took %v", took)
		}
		r.want(t, "access old") // and this one, in the next second, not at all
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("took %v", took)
		}
		rest(3 * time.Second)
		r.store.want(t, "access 1")
		r.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
	})
}

// Nobody gets the old token after somebody has the new one.
func TestEarlyNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := early(t)
		r.server.takes = 1500 * time.Millisecond
		var wg sync.WaitGroup
		wg.Go(func() { r.want(t, "access 1") })
		rest(1200 * time.Millisecond)
		wg.Go(func() { r.want(t, "access 1") }) // joins
		wg.Wait()
		r.want(t, "access 1")
	})
}

// A token of another process is taken without asking, and its removal believed.
func TestEarlyFindsAnother(t *testing.T) {
	for name, tok := range map[string]*Token{
		"saved": made("access other", "", time.Time{}), "removed": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := early(t)
				r.store.put(tok)
				for range 3 {
					r.wantOrLogin(t, tok)
				}
				r.server.wantSent(t)
				r.wantChanges(t)
			})
		})
	}
}

// A token whose end nobody knows is never renewed.
func TestNoExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.store.put(made("access old", "refresh old", time.Time{}))
		for i := range int32(5) {
			r.want(t, "access old")
			time.Sleep(59 * time.Second)
			r.want(t, "access old")
			if n := r.store.loads.Load(); n != i+1 {
				t.Errorf("%d loads", n)
			}
			time.Sleep(10 * 365 * 24 * time.Hour)
		}
		r.server.wantSent(t)
	})
}

// A token that cannot be renewed is handed out to its end.
func TestNoRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.store.put(made("access old", "", time.Now().Add(time.Hour)))
		for range 3600 {
			r.want(t, "access old")
			time.Sleep(time.Second)
		}
		err := r.wantFailure(t, OutcomeLoginRequired)
		if !errors.Is(err, errExpired) {
			t.Errorf("got %v", err)
		}
		r.server.wantSent(t)
	})
}

// A token that lasts, though not for Leeway, serves while it cannot be renewed.
func TestDueFails(t *testing.T) {
	for name, failure := range map[string]error{
		"transient":     &Error{Status: 503},
		"refresh token": invalidGrant(),
		"client":        &Error{Code: "invalid_client", Status: 401},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 20*time.Second)
				r.server.fails = slices.Repeat([]error{failure}, 100)
				for range 20 {
					r.want(t, "access old")
					time.Sleep(time.Second)
				}
				if _, err := r.Token(t.Context()); !errors.Is(err, failure) {
					t.Errorf("at its end: %v", err)
				}
				if n := len(r.server.sent); n > 10 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}

// Save stores a token in place of another, or removes it.
func TestSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.want(t, "access old")
		for _, name := range []string{"a", "b"} {
			if err := r.Save(t.Context(), named(name, time.Hour)); err != nil {
				t.Fatal(err)
			}
			r.store.want(t, "access "+name)
			r.want(t, "access "+name)
		}
		if err := r.Save(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		r.wantOrLogin(t, nil)
		if n := len(r.store.tokens); n != 0 {
			t.Errorf("the store has %d tokens", n)
		}
		if err := r.Save(t.Context(), named("c", time.Hour)); err != nil {
			t.Fatal(err)
		}
		r.want(t, "access c")
		r.server.wantSent(t)
		r.wantChanges(t, "saved: access old > access a", "saved: access a > access b",
			"saved: access b > ", "saved:  > access c")
	})
}

// What is saved when it has expired, from another library's records for example, or without
// an access token, is not handed out.
func TestSaveExpired(t *testing.T) {
	for name, tok := range map[string]*Token{
		"expired":         made("access x", "refresh x", time.Unix(1, 0)),
		"no access token": made("", "refresh x", time.Time{}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				if err := r.Save(t.Context(), tok); err != nil {
					t.Fatal(err)
				}
				r.want(t, "access 1")
				r.server.wantSent(t, "refresh x")
			})
		})
	}
}

// What is saved while a refresh is under way is what is handed out.
func TestSaveDuringRefresh(t *testing.T) {
	for name, login := range map[string]*Token{
		"login": made("access login", "refresh login", time.Time{}), "logout": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.takes = 2 * time.Second
				ask := func() { r.wantOrLogin(t, login) }
				var wg sync.WaitGroup
				wg.Go(ask)
				rest(time.Second)
				if err := r.Save(t.Context(), login); err != nil {
					t.Fatal(err)
				}
				wg.Go(ask)
				wg.Wait()
				ask()
				r.store.want(t, login.AccessToken())
				r.server.wantSent(t, "refresh old")
				r.wantChanges(t, "saved: access old > "+login.AccessToken())
			})
		})
	}
}

// Save comes after a refresh has been saved, and before that has landed.
func TestSaveAfterRefresh(t *testing.T) {
	for name, login := range map[string]*Token{
		"login": made("access login", "refresh login", time.Time{}), "logout": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := func(_ context.Context, c TokenChange) {
					if c.Outcome == OutcomeRotated {
						time.Sleep(2 * time.Second)
					}
				}
				r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
					o.Changed = append(o.Changed, slow)
				})
				go r.Token(t.Context())
				rest(time.Second)
				if err := r.Save(t.Context(), login); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					r.wantOrLogin(t, login)
					rest(2 * time.Second)
				}
				r.store.want(t, login.AccessToken())
				r.wantChanges(t, "rotated: access old > access 1",
					"saved: access 1 > "+login.AccessToken())
			})
		})
	}
}

func TestSaveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		down := errors.New("down")
		login := named("login", time.Hour)
		r.store.onSwap = func(context.Context, int32) error { return down }
		err := r.Save(t.Context(), login)
		if !errors.Is(err, &TokenError{Outcome: OutcomeTransient}) || !errors.Is(err, down) {
			t.Errorf("Swap: %v", err)
		}
		r.store.onSwap = nil
		r.store.onLoad = func(context.Context, int32) error { return down }
		err = r.Save(t.Context(), login)
		if !errors.Is(err, &TokenError{Outcome: OutcomeTransient}) || !errors.Is(err, down) {
			t.Errorf("Load: %v", err)
		}
		r.store.onLoad = nil
		r.want(t, "access old")
		r.wantChanges(t)
	})
}

// Save tries again where the store fails, and finds what was stored though it failed.
func TestSaveTriesAgain(t *testing.T) {
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				fail := func(n int32) error {
					if n <= 2 {
						return errors.New("down")
					}
					return nil
				}
				r.store.onSwap = func(_ context.Context, n int32) error { return fail(n) }
				if after {
					r.store.onSwap, r.store.swapped = nil, fail
				}
				if err := r.Save(t.Context(), named("login", time.Hour)); err != nil {
					t.Error(err)
				}
				r.store.want(t, "access login")
				r.want(t, "access login")
			})
		})
	}
}

// Who is told of what Save stored is told what that replaced, though the first answer of the
// store was lost.
func TestSaveIsUnheardOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.store.swapped = func(n int32) error {
			if n == 1 {
				return errors.New("down")
			}
			return nil
		}
		if err := r.Save(t.Context(), named("login", time.Hour)); err != nil {
			t.Error(err)
		}
		r.wantChanges(t, "saved: access old > access login")
	})
}

// Save tries again while others change the token, five times.
func TestSaveContended(t *testing.T) {
	for rounds, fails := range map[int32]bool{1: false, 4: false, 5: true} {
		t.Run(fmt.Sprint(rounds), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				r.store.onSwap = func(_ context.Context, n int32) error {
					if n <= rounds {
						r.store.put(named(fmt.Sprint(n), time.Hour))
					}
					return nil
				}
				err := r.Save(t.Context(), named("login", time.Hour))
				if !fails {
					r.store.want(t, "access login")
					r.want(t, "access login")
					r.wantChanges(t, fmt.Sprintf("saved: access %d > access login", rounds))
				} else if !errors.Is(err, errTransient) || !errors.Is(err, errChanging) {
					t.Errorf("got %v", err)
				}
				if (err != nil) != fails {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A caller with a valid token costs nothing and waits for nobody.
func TestTokenIsFree(t *testing.T) {
	r := newRig(t, time.Hour)
	r.want(t, "access old")
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	ctx := t.Context()
	n := testing.AllocsPerRun(100, func() {
		if tok, err := r.Token(ctx); err != nil || tok == nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// One who gives up waiting leaves nothing behind.
func TestLeaseOfOneWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s MemoryStore
		unlock, err := s.Lock(t.Context(), rigKey, 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		other, err := s.Lock(ctx, TokenKey{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lock(ctx, rigKey, 0); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		other()
		unlock()
		if n := len(s.leases.held); n != 0 {
			t.Errorf("%d leases", n)
		}
	})
}

// Nothing that a source is made of shows a token when it is printed.
func TestSourceShowsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := canaryToken(t)
		tok.ExpiresAt = time.Now().Add(time.Hour)
		store, down := new(testStore), errors.New("down")
		o := TokenSourceOptions{Store: store, Key: rigKey,
			Refresh: func(context.Context, *Token) (*Token, error) { return canaryToken(t), nil }}
		src := newSource(t, newClient(t, canaryConfig(ClientSecretPost(canary))), o)
		if err := src.Save(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		src.held.Store(src.holding(tok))
		src.renewal.unsaved = unsaved{old: tok, token: tok}
		src.renewal.unheard, src.renewal.asked = tok.digest(), tok.digest()
		src.renewal.failure = &TokenError{OutcomeReused, invalidGrant()}
		saveError := &SaveError{down, func() *Token { return tok }}
		transport, err := src.Transport(pinnedTo)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]any{
			"source":       src,
			"options":      o,
			"MemoryStore":  &store.MemoryStore,
			"store":        store,
			"callbacks":    CallbackStore{FetchToken: store.Load, UpdateToken: nil},
			"held":         src.held.Load(),
			"renewal":      src.renewal,
			"leases":       &store.leases,
			"change":       TokenChange{rigKey, tok, tok, OutcomeRotated},
			"SaveError":    saveError,
			"TokenError":   &TokenError{OutcomeTransient, saveError},
			"Adapter":      Adapt(context.Background(), src, (*Token).AccessToken),
			"RoundTripper": transport,
			"joined":       errors.Join(saveError, &TokenError{OutcomeTransient, saveError}),
		} {
			for how, v := range wrapped(v) {
				mustNotShow(t, name+", "+how, v)
			}
		}
	})
}

// The store is down when the token is due: until it ends, that is no error.
func TestStoreDownWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.want(t, "access old")
		down := errors.New("down")
		r.store.onLoad = func(context.Context, int32) error { return down }
		time.Sleep(59*time.Minute + 30*time.Second)
		r.want(t, "access old")
		time.Sleep(30 * time.Second)
		if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
	})
}

// A caller who has a good token that is due gets it when its renewal fails or takes more
// than 5 seconds, be that his own or one that he joins, of a caller who was early or refused.
func TestDueJoins(t *testing.T) {
	for name, begin := range map[string]func(r *rig, tok *Token){
		"his own": nil,
		"early":   func(r *rig, _ *Token) { r.Token(context.Background()) },
		"forced":  func(r *rig, tok *Token) { r.replace(context.Background(), tok) },
	} {
		for _, takes := range []time.Duration{4 * time.Second, time.Hour} {
			t.Run(fmt.Sprint(name, takes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := early(t)
					r.server.takes, r.server.fails = takes, []error{&Error{Status: 503}}
					time.Sleep(58 * time.Second)
					began := time.Now()
					if begin != nil {
						go begin(r, r.held.Load().token)
					}
					rest(3 * time.Second) // past the moment when it is due
					if begin == nil {
						began = time.Now()
					}
					r.want(t, "access old")
					if took := time.Since(began); took != min(takes, 5*time.Second) {
						t.Errorf("took %v", took)
					}
					rest(askTimeout)
				})
			})
		}
	}
}

// A token that ends within a second is handed out until then.
func TestEndsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 100*time.Millisecond)
		r.server.fails = []error{&Error{Status: 503}}
		r.want(t, "access old")
		time.Sleep(100*time.Millisecond - 1)
		r.want(t, "access old")
		time.Sleep(1)
		r.wantFailure(t, OutcomeTransient)
	})
}

// A token that ends while its renewal is waited for is not handed out.
func TestEndsWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3*time.Second, func(o *TokenSourceOptions) { o.Leeway = -1 })
		r.want(t, "access old")
		time.Sleep(3*time.Second - time.Millisecond)
		r.server.takes = 7 * time.Second
		r.want(t, "access 1")
	})
}

// A login while a renewal is under way is what is handed out, though the renewal fails.
func TestSaveDuringFailure(t *testing.T) {
	for name, begin := range map[string]func(r *rig, tok *Token){
		"early":  func(r *rig, _ *Token) { r.Token(context.Background()) },
		"forced": func(r *rig, tok *Token) { r.replace(context.Background(), tok) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := early(t)
				r.server.takes, r.server.fails = 2*time.Second, []error{&Error{Status: 503}}
				go begin(r, r.held.Load().token)
				rest(time.Second)
				if err := r.Save(t.Context(), named("login", time.Hour)); err != nil {
					t.Fatal(err)
				}
				r.want(t, "access login")
				rest(time.Second)
			})
		})
	}
}

// What the store has is what is handed out, though the answer to Save came after that to
// another Save.
func TestSaveIsOvertaken(t *testing.T) {
	for name, second := range map[string]*Token{
		"login": made("access second", "refresh second", time.Time{}), "logout": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				r.store.swapped = func(n int32) error {
					if n == 1 {
						time.Sleep(time.Second)
					}
					return nil
				}
				go r.Save(t.Context(), named("first", time.Hour))
				synctest.Wait()
				if err := r.Save(t.Context(), second); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					r.store.want(t, second.AccessToken())
					r.wantOrLogin(t, second)
					rest(time.Second)
				}
			})
		})
	}
}

// The store took what Save gave it, and no answer came.
func TestSaveIsUnheard(t *testing.T) {
	for name, tok := range map[string]*Token{
		"login": made("access login", "refresh login", time.Time{}), "logout": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				r.want(t, "access old")
				down := errors.New("down")
				r.store.swapped = func(int32) error { return down }
				err := r.Save(t.Context(), tok)
				if !errors.Is(err, errTransient) || !errors.Is(err, down) {
					t.Errorf("got %v", err)
				}
				r.store.want(t, tok.AccessToken())
				r.wantOrLogin(t, tok)
			})
		})
	}
}

// noAccess returns a token that is no access token.
func noAccess(refresh string) *Token {
	tok := made("id", refresh, time.Time{})
	tok.TokenType, tok.IssuedTokenType = notAccess, "urn:ietf:params:oauth:token-type:id_token"
	return tok
}

// A token that is no access token is never handed out.
func TestNoAccessToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		if err := r.Save(t.Context(), noAccess("")); err != nil {
			t.Fatal(err)
		}
		if err := r.wantFailure(t, OutcomeLoginRequired); !errors.Is(err, errExpired) {
			t.Errorf("got %v", err)
		}
		got, err := Adapt(t.Context(), r.TokenSource, toForeign).Token()
		if got != nil || !errors.Is(err, errLoginRequired) {
			t.Errorf("adapted: %v, %v", got, err)
		}
		if err := r.Save(t.Context(), noAccess("refresh id")); err != nil {
			t.Fatal(err)
		}
		r.want(t, "access 1")
		r.server.wantSent(t, "refresh id")
	})
}

// What is got instead of an access token is refused.
func TestNoAccessTokenIsGot(t *testing.T) {
	for name, tok := range map[string]*Token{
		"N_A": noAccess(""), "empty": made("", "r", time.Time{}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
					o.Refresh = func(context.Context, *Token) (*Token, error) { return tok, nil }
					o.Grant = func(context.Context) (*Token, error) { return tok, nil }
				})
				for _, old := range []*Token{named("old", -time.Second), nil} {
					r.store.put(old)
					_, err := r.Token(t.Context())
					if name == "N_A" {
						wantCheck(t, err, "token_type", "RFC 6749, Section 7.1")
					} else if !errors.Is(err, errTransient) || !errors.Is(err, errNothing) {
						t.Errorf("got %v", err)
					}
					r.store.want(t, old.AccessToken())
				}
			})
		})
	}
}

// Who is told of a change and asks its source waits in vain, and not for ever.
func TestChangedAsksItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		r = newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.Changed = append(o.Changed, func(ctx context.Context, c TokenChange) {
				_, err := r.Token(ctx)
				if c.Outcome == OutcomeSaved && err != nil ||
					c.Outcome != OutcomeSaved && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", c.Outcome, err)
				}
			})
		})
		r.server.takes = 10 * time.Second // which is no time of the change's
		began := time.Now()
		r.want(t, "access 1")
		if err := r.Save(t.Context(), named("login", time.Hour)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 13*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
