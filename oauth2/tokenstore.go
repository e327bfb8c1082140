package oauth2

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A TokenKey says which token a [TokenStore] is asked for. The names are those of
// Authlib's tables.
type TokenKey struct {
	Name string // of the client, "github" for example
	User string // the application's own identifier of the user; empty for the client itself
}

// A TokenStore keeps tokens. Where several processes use the same tokens, what one of them
// swaps all others must load from then on: a replica that lags behind is no TokenStore.
// It must be safe for concurrent use, and is called with a context that ends.
//
// [MemoryStore] is one, [CallbackStore] makes one of two functions, package native has one
// in a file, and package sqlstore one in a database.
type TokenStore interface {
	// Load returns the token of key, nil if there is none.
	Load(ctx context.Context, key TokenKey) (*Token, error)

	// Swap stores replacement in place of old, in one step, if old is what it holds, and
	// reports whether it was: the same access token and the same refresh token. A nil old
	// is that there is none, and a nil replacement removes.
	Swap(ctx context.Context, key TokenKey, old, replacement *Token) (bool, error)
}

// A Locker is a [TokenStore] that can keep others away from a token while it is refreshed.
type Locker interface {
	// Lock waits until nobody has the lease of key, and takes it. It is given back by
	// unlock, or by itself once life has passed since Lock returned: its holder may have
	// been killed. The error is that of ctx if that ends first.
	Lock(ctx context.Context, key TokenKey, life time.Duration) (unlock func(), err error)
}

// Same reports whether a and b are the same to [TokenStore].Swap: both nil, or of the same
// access token and refresh token.
func (t *Token) Same(other *Token) bool {
	if t == nil || other == nil {
		return t == other
	}
	return t.AccessToken() == other.AccessToken() && t.RefreshToken() == other.RefreshToken()
}

// A MemoryStore is a [TokenStore] and [Locker] for one process, which forgets all when that
// ends. The zero value is ready.
type MemoryStore struct {
	mu     sync.Mutex
	tokens map[TokenKey]*Token
	leases leases
}

// Load returns the token of key, nil if there is none.
func (s *MemoryStore) Load(_ context.Context, key TokenKey) (*Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[key], nil
}

// Swap stores replacement in place of old, if that is what it holds.
func (s *MemoryStore) Swap(
	_ context.Context, key TokenKey, old, replacement *Token,
) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tokens[key].Same(old) {
		return false, nil
	}
	if s.tokens == nil {
		s.tokens = map[TokenKey]*Token{}
	}
	s.tokens[key] = replacement
	if replacement == nil {
		delete(s.tokens, key)
	}
	return true, nil
}

// Lock takes the lease of key. It has no end: who holds it is in this process.
func (s *MemoryStore) Lock(
	ctx context.Context, key TokenKey, _ time.Duration,
) (unlock func(), err error) {
	return s.leases.lock(ctx, key)
}

// A CallbackStore is a [TokenStore] of two functions: Authlib's fetch_token and
// update_token. It is no [Locker]: of two processes that refresh a token at the same time,
// and of a server that rotates refresh tokens, one may find that its own was used.
type CallbackStore struct {
	// FetchToken returns the token of key, nil if there is none. Required.
	FetchToken func(ctx context.Context, key TokenKey) (*Token, error)

	// UpdateToken stores replacement, or removes what there is if that is nil. old is the
	// token that it replaces, nil if there was none: a row can be found by its refresh
	// token, or its access token. Required for whatever changes a token.
	UpdateToken func(ctx context.Context, key TokenKey, old, replacement *Token) error
}

// Load calls FetchToken.
func (s CallbackStore) Load(ctx context.Context, key TokenKey) (*Token, error) {
	return s.FetchToken(ctx, key)
}

// Swap calls UpdateToken, if what FetchToken returns is old.
func (s CallbackStore) Swap(
	ctx context.Context, key TokenKey, old, replacement *Token,
) (bool, error) {
	if s.UpdateToken == nil {
		return false, errors.New("oauth2: CallbackStore.UpdateToken is required to store a token")
	}
	held, err := s.FetchToken(ctx, key)
	if err != nil || !held.Same(old) {
		return false, err
	}
	return true, s.UpdateToken(ctx, key, old, replacement)
}

// leases are locks by key, each held by one caller at a time.
type leases struct {
	mu   sync.Mutex
	held map[TokenKey]*lease
}

type lease struct {
	turn    chan struct{} // holds one element while the lease is held
	callers int           // who hold it or wait
}

// lock waits until the lease of key is free, unless ctx ends first, and takes it.
func (s *leases) lock(ctx context.Context, key TokenKey) (unlock func(), err error) {
	l := s.join(key)
	select {
	case l.turn <- struct{}{}:
		return sync.OnceFunc(func() {
			<-l.turn
			s.leave(key, l)
		}), nil
	case <-ctx.Done():
		s.leave(key, l)
		return nil, context.Cause(ctx)
	}
}

func (s *leases) join(key TokenKey) *lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.held[key]
	if l == nil {
		l = &lease{turn: make(chan struct{}, 1)}
		if s.held == nil {
			s.held = map[TokenKey]*lease{}
		}
		s.held[key] = l
	}
	l.callers++
	return l
}

func (s *leases) leave(key TokenKey, l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.callers--; l.callers == 0 {
		delete(s.held, key)
	}
}
