package oauth2_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth2"
)

func TestMemoryStore(t *testing.T) {
	storetest.Store(t, new(oauth2.MemoryStore))
	storetest.Locker(t, new(oauth2.MemoryStore))
}

// callbacks returns a store of functions over another, which makes their steps one.
func callbacks(under *oauth2.MemoryStore) oauth2.CallbackStore {
	return oauth2.CallbackStore{
		FetchToken: under.Load,
		UpdateToken: func(
			ctx context.Context, key oauth2.TokenKey, old, fresh *oauth2.Token,
		) error {
			_, err := under.Swap(ctx, key, old, fresh)
			return err
		},
	}
}

// A oneAtATime swaps in one step, as functions alone do not.
type oneAtATime struct {
	oauth2.CallbackStore
	mu sync.Mutex
}

func (s *oneAtATime) Swap(
	ctx context.Context, key oauth2.TokenKey, old, replacement *oauth2.Token,
) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.CallbackStore.Swap(ctx, key, old, replacement)
}

func TestCallbackStore(t *testing.T) {
	storetest.Store(t, &oneAtATime{CallbackStore: callbacks(new(oauth2.MemoryStore))})
	var s oauth2.TokenStore = oauth2.CallbackStore{}
	if _, ok := s.(oauth2.Locker); ok {
		t.Error("functions have no lease")
	}
}

// UpdateToken is told what it replaces, and is not called if that is not there.
func TestCallbackStoreUpdates(t *testing.T) {
	key := oauth2.TokenKey{Name: "a", User: "b"}
	one, two := storetest.Token(t, "one"), storetest.Token(t, "two")
	down := errors.New("down")
	for _, test := range []struct {
		name             string
		held, old, fresh *oauth2.Token
		fetch, update    error
		swapped, called  bool
		want             error
	}{
		{name: "replaces", held: one, old: one, fresh: two, swapped: true, called: true},
		{name: "first", fresh: two, swapped: true, called: true},
		{name: "removes", held: one, old: one, swapped: true, called: true},
		{name: "another is there", held: two, old: one, fresh: two},
		{name: "none is there", old: one, fresh: two},
		{name: "one is there", held: one, fresh: two},
		{name: "cannot fetch", held: one, old: one, fresh: two, fetch: down, want: down},
		{name: "cannot update", held: one, old: one, fresh: two, update: down, called: true,
			swapped: true, want: down},
	} {
		t.Run(test.name, func(t *testing.T) {
			called := false
			s := oauth2.CallbackStore{
				FetchToken: func(_ context.Context, k oauth2.TokenKey) (*oauth2.Token, error) {
					if k != key {
						t.Errorf("fetched %v", k)
					}
					return test.held, test.fetch
				},
				UpdateToken: func(
					_ context.Context, k oauth2.TokenKey, old, fresh *oauth2.Token,
				) error {
					called = true
					if k != key || old != test.old || fresh != test.fresh {
						t.Errorf("updated %v: %v, %v", k, old, fresh)
					}
					return test.update
				},
			}
			swapped, err := s.Swap(t.Context(), key, test.old, test.fresh)
			if swapped != test.swapped || err != test.want || called != test.called {
				t.Errorf("swapped %t, %v, called %t", swapped, err, called)
			}
			tok, err := s.Load(t.Context(), key)
			if tok != test.held || err != test.fetch {
				t.Errorf("loaded %v, %v", tok, err)
			}
		})
	}
}

func TestCallbackStoreThatOnlyFetches(t *testing.T) {
	s := oauth2.CallbackStore{FetchToken: new(oauth2.MemoryStore).Load}
	swapped, err := s.Swap(t.Context(), oauth2.TokenKey{}, nil, storetest.Token(t, "one"))
	if swapped || err == nil || !strings.Contains(err.Error(), "UpdateToken is required") {
		t.Errorf("swapped %t, %v", swapped, err)
	}
}

func TestSame(t *testing.T) {
	token := func(access, refresh string) *oauth2.Token {
		return storetest.Make(t, oauth2.Record{AccessToken: access, RefreshToken: refresh})
	}
	longer := storetest.Make(t, oauth2.Record{AccessToken: "a", RefreshToken: "r",
		ExpiresAt: time.Now().Unix(), Scope: "x", IDToken: "i"})
	for _, test := range []struct {
		name string
		a, b *oauth2.Token
		want bool
	}{
		{"both nil", nil, nil, true},
		{"one nil", token("a", "r"), nil, false},
		{"nil and zero", &oauth2.Token{}, nil, false},
		{"equal", token("a", "r"), token("a", "r"), true},
		{"all else differs", token("a", "r"), longer, true},
		{"access", token("a", "r"), token("b", "r"), false},
		{"refresh", token("a", "r"), token("a", "s"), false},
		{"no refresh", token("a", "r"), token("a", ""), false},
		{"swapped", token("a", "r"), token("r", "a"), false},
	} {
		if test.a.Same(test.b) != test.want || test.b.Same(test.a) != test.want {
			t.Errorf("%s: want %t", test.name, test.want)
		}
	}
}
