package sqlstore

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

func TestStore(t *testing.T) { storetest.Store(t, newMemory().store(t)) }

// What could not be loaded is not stored.
func TestNotStored(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	if ok, err := s.Swap(t.Context(), aKey, nil, &oauth2.Token{}); ok || err == nil ||
		!strings.HasPrefix(err.Error(), `sqlstore: oauth2_token: `) {
		t.Errorf("swapped %t, %v", ok, err)
	}
	err := s.SaveOAuth1(t.Context(), aKey, &oauth1.Token{})
	var check *oauth1.CheckError
	if !errors.As(err, &check) || !strings.HasPrefix(err.Error(), `sqlstore: oauth1_token: `) {
		t.Errorf("got %v", err)
	}
	unspeakable := storetest.Token(t, "a").Record()
	unspeakable.Extra["a"] = []byte("{")
	ok, err := s.Swap(t.Context(), aKey, nil, storetest.Make(t, unspeakable))
	if ok || err == nil || !strings.HasPrefix(err.Error(), `sqlstore: oauth2_token: json: `) {
		t.Errorf("swapped %t, %v", ok, err)
	}
	if did := m.did(); did != "SELECT SELECT" {
		t.Errorf("did %s", did)
	}
}

func TestOAuth1(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	load := func(want *oauth1.Token) {
		t.Helper()
		got, err := s.LoadOAuth1(t.Context(), aKey)
		if err != nil || (got == nil) != (want == nil) ||
			want != nil && !reflect.DeepEqual(got.Record(), want.Record()) {
			t.Errorf("loaded %v, %v", got, err)
		}
	}
	bare, err := oauth1.FromRecord(oauth1.Record{Token: "bare"})
	if err != nil {
		t.Fatal(err)
	}
	load(nil)
	for _, tok := range []*oauth1.Token{nil, token1(t, "a"), token1(t, "b"), bare, nil} {
		if err := s.SaveOAuth1(t.Context(), aKey, tok); err != nil {
			t.Fatal(err)
		}
		load(tok)
	}
	if tok, err := s.Load(t.Context(), aKey); tok != nil || err != nil {
		t.Errorf("OAuth 2.0 has %v, %v", tok, err)
	}
}

// A token that does not open any more is replaced by one of a new login.
func TestOAuth1SavedOverWhatDoesNotOpen(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	for range 2 {
		if err := s.SaveOAuth1(t.Context(), aKey, token1(t, "a")); err != nil {
			t.Fatal(err)
		}
		m.only(t)["oauth_token_secret"] = "lost"
		if _, err := s.LoadOAuth1(t.Context(), aKey); !errors.Is(err, ErrNotOpened) {
			t.Errorf("got %v", err)
		}
	}
}

// Errors of the database come out with the table's name, whatever is asked.
func TestDatabaseErrors(t *testing.T) {
	tests := []struct {
		name, statement string
		ask             func(s *Store) error
		want            string
	}{
		{"Load", "SELECT", func(s *Store) error {
			_, err := s.Load(t.Context(), aKey)
			return err
		}, "sqlstore: oauth2_token: fault"},
		{"LoadOAuth1", "SELECT", func(s *Store) error {
			_, err := s.LoadOAuth1(t.Context(), aKey)
			return err
		}, "sqlstore: oauth1_token: fault"},
		{"SaveOAuth1 reads", "SELECT", func(s *Store) error {
			return s.SaveOAuth1(t.Context(), aKey, nil)
		}, "sqlstore: oauth1_token: fault"},
		{"SaveOAuth1 writes", "INSERT", func(s *Store) error {
			return s.SaveOAuth1(t.Context(), aKey, token1(t, "a"))
		}, "sqlstore: oauth1_token: fault"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMemory()
			s := m.store(t)
			m.fault = func(_ context.Context, n int, _ bool) error {
				if strings.HasPrefix(m.statements[n], test.statement) {
					return errFault
				}
				return nil
			}
			if err := test.ask(s); !errors.Is(err, errFault) || err.Error() != test.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Of two that are saved at the same time one is kept, and none is an error.
func TestOAuth1SavedTogether(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	m.fault = func(_ context.Context, n int, done bool) error {
		if n == 0 && done {
			m.fault = nil
			m.mu.Unlock()
			defer m.mu.Lock()
			return s.SaveOAuth1(t.Context(), aKey, token1(t, "theirs"))
		}
		return nil
	}
	if err := s.SaveOAuth1(t.Context(), aKey, token1(t, "mine")); err != nil {
		t.Fatal(err)
	}
	if tok, err := s.LoadOAuth1(t.Context(), aKey); err != nil || tok.Token() != "token theirs" {
		t.Errorf("got %v, %v", tok, err)
	}
}

// A row that does not open can be removed, and then there may be another; no other key's is.
func TestDelete(t *testing.T) {
	m := newMemory()
	before, s := m.store(t, slices.Repeat([]byte{9}, 32)), m.store(t)
	other := oauth2.TokenKey{Name: aKey.Name, User: aKey.User + "2"}
	for _, key := range []oauth2.TokenKey{aKey, other} {
		if ok, err := before.Swap(t.Context(), key, nil, storetest.Token(t, "a")); !ok || err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Swap(t.Context(), aKey, nil, storetest.Token(t, "b"))
	if !errors.Is(err, ErrNotOpened) {
		t.Errorf("before: %v", err)
	}
	for range 2 {
		if err := s.Delete(t.Context(), aKey); err != nil {
			t.Error(err)
		}
	}
	if ok, err := s.Swap(t.Context(), aKey, nil, storetest.Token(t, "b")); !ok || err != nil {
		t.Errorf("after: %t, %v", ok, err)
	}
	if _, err := s.Load(t.Context(), other); !errors.Is(err, ErrNotOpened) {
		t.Errorf("the other: %v", err)
	}
	if err := s.Delete(t.Context(), oauth2.TokenKey{Name: "\x00"}); err != errName {
		t.Errorf("no key: %v", err)
	}
	down := errors.New("down")
	m.fault = func(context.Context, int, bool) error { return down }
	err = s.Delete(t.Context(), aKey)
	if !errors.Is(err, down) || !strings.HasPrefix(err.Error(), "sqlstore: oauth2_token: ") {
		t.Errorf("down: %v", err)
	}
}
