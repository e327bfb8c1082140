// Package storetest tests that a token store keeps what package oauth2 asks of one.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"vouchsafe/oauth2"
)

// Token returns a token with all that a store must keep.
func Token(t testing.TB, name string) *oauth2.Token {
	t.Helper()
	return Make(t, oauth2.Record{
		AccessToken:  "access " + name + ` '"\\%_`,
		TokenType:    "Bearer",
		RefreshToken: "refresh " + name,
		ExpiresAt:    2_000_000_000,
		Scope:        "read write",
		IDToken:      "header.claims.signature",
		Extra:        map[string]json.RawMessage{"team": json.RawMessage(`{"id":1}`)},
	})
}

// Make returns the token of a record.
func Make(t testing.TB, r oauth2.Record) *oauth2.Token {
	t.Helper()
	tok, err := oauth2.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

var keys = []oauth2.TokenKey{
	{},
	{Name: "a"},
	{Name: "a", User: "b"},
	{Name: "A", User: "b"}, // some databases fold case
	{Name: "a", User: "B"},
	{Name: "a ", User: "b"}, // and some cut spaces off
	{Name: "a", User: "b "},
	{Name: "ab"},
	{User: "ab"},
	{Name: "é", User: "../../b'; --\x01"},
	{Name: "a", User: "日本語"},
}

// Store tests a store that must be empty.
func Store(t *testing.T, s oauth2.TokenStore) {
	t.Run("keys", func(t *testing.T) { testKeys(t, s) })
	t.Run("swap", func(t *testing.T) { testSwap(t, s) })
	t.Run("kept whole", func(t *testing.T) { testKeptWhole(t, s) })
	t.Run("contended", func(t *testing.T) { testContended(t, s) })
}

func load(t *testing.T, s oauth2.TokenStore, key oauth2.TokenKey, want *oauth2.Token) {
	t.Helper()
	if got, err := s.Load(t.Context(), key); err != nil || !got.Same(want) {
		t.Errorf("%q: loaded %v, %v", key, got, err)
	}
}

func swap(
	t *testing.T, s oauth2.TokenStore, key oauth2.TokenKey,
	old, replacement *oauth2.Token, want bool,
) {
	t.Helper()
	if got, err := s.Swap(t.Context(), key, old, replacement); got != want || err != nil {
		t.Errorf("%q: swapped %t, %v; want %t", key, got, err, want)
	}
}

// Every key has a token of its own, whatever is in it.
func testKeys(t *testing.T, s oauth2.TokenStore) {
	for i, key := range keys {
		load(t, s, key, nil)
		swap(t, s, key, nil, Token(t, fmt.Sprint(i)), true)
	}
	for i, key := range keys {
		load(t, s, key, Token(t, fmt.Sprint(i)))
		swap(t, s, key, Token(t, fmt.Sprint(i)), nil, true)
		load(t, s, key, nil)
	}
}

// What is swapped is what was there, access token and refresh token.
func testSwap(t *testing.T, s oauth2.TokenStore) {
	key := oauth2.TokenKey{Name: "swap"}
	one, two := Token(t, "one"), Token(t, "two")
	otherAccess, otherRefresh := one.Record(), one.Record()
	otherAccess.AccessToken, otherRefresh.RefreshToken = "other", "other"
	noRefresh := one.Record()
	noRefresh.RefreshToken = ""
	swap(t, s, key, one, two, false)
	swap(t, s, key, one, nil, false)
	swap(t, s, key, nil, nil, true)
	load(t, s, key, nil)
	swap(t, s, key, nil, one, true)
	for _, old := range []*oauth2.Token{nil, two, Make(t, otherAccess), Make(t, otherRefresh),
		Make(t, noRefresh)} {
		swap(t, s, key, old, two, false)
		swap(t, s, key, old, nil, false)
		load(t, s, key, one)
	}
	swap(t, s, key, one, two, true)
	swap(t, s, key, one, two, false)
	load(t, s, key, two)
	swap(t, s, key, two, two, true)
	swap(t, s, key, two, Make(t, noRefresh), true)
	load(t, s, key, Make(t, noRefresh))
	swap(t, s, key, Make(t, noRefresh), nil, true)
	load(t, s, key, nil)
}

// All of a token comes back.
func testKeptWhole(t *testing.T, s oauth2.TokenStore) {
	key := oauth2.TokenKey{Name: "whole"}
	var before *oauth2.Token
	for _, tok := range []*oauth2.Token{
		Token(t, "all"),
		Make(t, oauth2.Record{AccessToken: "access alone"}),
		Make(t, oauth2.Record{RefreshToken: "refresh alone"}),
		Make(t, oauth2.Record{
			AccessToken: "exchanged", TokenType: "N_A", IssuedTokenType: "urn:x:y",
		}),
	} {
		swap(t, s, key, before, tok, true)
		got, err := s.Load(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(record(t, got), record(t, tok)) {
			t.Errorf("got %s\nwant %s", record(t, got), record(t, tok))
		}
		before = tok
	}
	swap(t, s, key, before, nil, true)
}

func record(t *testing.T, tok *oauth2.Token) string {
	t.Helper()
	text, err := json.Marshal(tok.Record())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Of many who swap the same token, one succeeds.
func testContended(t *testing.T, s oauth2.TokenStore) {
	key := oauth2.TokenKey{Name: "contended"}
	var held *oauth2.Token
	for round := range 10 {
		var mu sync.Mutex
		var winners []*oauth2.Token
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				mine := Token(t, fmt.Sprint(round, i))
				ok, err := s.Swap(t.Context(), key, held, mine)
				if err != nil {
					t.Error(err)
				}
				if ok {
					mu.Lock()
					defer mu.Unlock()
					winners = append(winners, mine)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("round %d: %d succeeded", round, len(winners))
		}
		held = winners[0]
		load(t, s, key, held)
	}
	swap(t, s, key, held, nil, true)
}

// Locker tests a locker of leases. It takes some seconds.
func Locker(t *testing.T, s oauth2.Locker) {
	t.Run("one at a time", func(t *testing.T) { testOneAtATime(t, s) })
	t.Run("each key", func(t *testing.T) { testEachKey(t, s) })
	t.Run("context", func(t *testing.T) { testContext(t, s) })
	t.Run("given back twice", func(t *testing.T) { testGivenBackTwice(t, s) })
}

const life = time.Minute

func lock(t *testing.T, s oauth2.Locker, key oauth2.TokenKey) (unlock func()) {
	t.Helper()
	unlock, err := s.Lock(t.Context(), key, life)
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

func testOneAtATime(t *testing.T, s oauth2.Locker) {
	key := oauth2.TokenKey{Name: "one at a time"}
	counted := 0 // which the race detector looks at
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				unlock, err := s.Lock(t.Context(), key, life)
				if err != nil {
					t.Error(err)
					return
				}
				counted++
				unlock()
			}
		})
	}
	wg.Wait()
	if counted != 40 {
		t.Errorf("counted %d", counted)
	}
}

func testEachKey(t *testing.T, s oauth2.Locker) {
	var unlocks []func()
	for _, key := range keys {
		unlocks = append(unlocks, lock(t, s, key))
	}
	for _, unlock := range unlocks {
		unlock()
	}
}

func testContext(t *testing.T, s oauth2.Locker) {
	key := oauth2.TokenKey{Name: "context"}
	unlock := lock(t, s, key)
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(100*time.Millisecond, func() { cancel(gone) })
	defer timer.Stop()
	if u, err := s.Lock(ctx, key, life); u != nil || !errors.Is(err, gone) {
		t.Errorf("held: got %v", err)
	}
	unlock()
	lock(t, s, key)()
}

// A lease given back twice is not taken from who has it now.
func testGivenBackTwice(t *testing.T, s oauth2.Locker) {
	key := oauth2.TokenKey{Name: "given back twice"}
	first := lock(t, s, key)
	first()
	second := lock(t, s, key)
	first()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if u, err := s.Lock(ctx, key, life); u != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("held: got %v", err)
	}
	second()
	lock(t, s, key)()
}

// Expiry tests that a lease whose holder does not give it back ends, and that the holder
// that comes too late takes nothing from the next. It takes some seconds.
func Expiry(t *testing.T, s oauth2.Locker) {
	key := oauth2.TokenKey{Name: "expiry"}
	late, err := s.Lock(t.Context(), key, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	next := lock(t, s, key)
	late()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if u, err := s.Lock(ctx, key, life); u != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("held: got %v", err)
	}
	next()
}
