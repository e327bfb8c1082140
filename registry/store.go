package registry

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"vouchsafe/internal/random"
)

// A Store keeps logins in the making, sealed. In every store the browser holds
// something that only it has: a login that is found by its state alone could be
// completed in a browser that did not begin it.
//
// There are two: [CookieStore] and [CacheStore].
type Store interface {
	// put keeps a sealed record and returns what the browser is to hold.
	put(ctx context.Context, id string, sealed []byte, life time.Duration) (held string, err error)

	// take returns the sealed record that held stands for, once if it can.
	take(ctx context.Context, id, held string) (sealed []byte, err error)

	// drop forgets what held stands for.
	drop(ctx context.Context, id, held string)
}

// CookieStore returns the Store that keeps nothing on the server: the browser
// holds the sealed record. After use the browser is told to forget it, so that a
// callback used twice is noticed; two copies of a callback that arrive at the
// same time both pass, and then the provider, which takes a code once, decides.
//
// A browser may have 5 logins in the making, as cookies must fit in a request; the oldest is
// then forgotten, and its callback is refused with ReasonOtherBrowser.
func CookieStore() Store { return cookieStore{} }

type cookieStore struct{}

func (cookieStore) put(_ context.Context, _ string, sealed []byte, _ time.Duration) (string, error) {
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (cookieStore) take(_ context.Context, _, held string) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(held)
	if err != nil {
		return nil, because(ReasonTampered)
	}
	return sealed, nil
}

func (cookieStore) drop(context.Context, string, string) {}

// A Cache keeps values for a time, by key. It must be safe for concurrent use.
type Cache interface {
	// Get returns the value of key, and nil if there is none.
	Get(ctx context.Context, key string) ([]byte, error)

	// Set keeps value under key for life.
	Set(ctx context.Context, key string, value []byte, life time.Duration) error

	// Delete forgets key, if it is there.
	Delete(ctx context.Context, key string) error
}

// A Taker is a Cache that can return a value and forget it in one step, so that
// of two who ask at the same time one gets it. With a Cache that is a Taker, each
// login is completed at most once.
type Taker interface {
	Cache

	// Take returns the value of key, nil if there is none, and forgets it.
	Take(ctx context.Context, key string) ([]byte, error)
}

// CacheStore returns the Store that keeps the sealed record in c, and has the
// browser hold a secret of 256 bits without which the record cannot be found.
func CacheStore(c Cache) Store { return cacheStore{c} }

type cacheStore struct{ cache Cache }

func (s cacheStore) put(ctx context.Context, id string, sealed []byte, life time.Duration) (string, error) {
	held := random.Text()
	if err := s.cache.Set(ctx, cacheKey(id, held), sealed, life); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	return held, nil
}

func (s cacheStore) take(ctx context.Context, id, held string) ([]byte, error) {
	key := cacheKey(id, held)
	sealed, err := s.get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	if sealed == nil {
		// The browser was given its secret; what the secret stood for is gone.
		return nil, because(ReasonUsed)
	}
	return sealed, nil
}

func (s cacheStore) get(ctx context.Context, key string) ([]byte, error) {
	if t, ok := s.cache.(Taker); ok {
		return t.Take(ctx, key)
	}
	sealed, err := s.cache.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return sealed, s.cache.Delete(ctx, key)
}

func (s cacheStore) drop(ctx context.Context, id, held string) {
	s.cache.Delete(ctx, cacheKey(id, held)) // it will expire anyhow
}

// cacheKey hashes the browser's secret, so that who can list the cache's keys
// cannot complete logins.
func cacheKey(id, held string) string {
	sum := sha256.Sum256([]byte(id + "." + held))
	return "vouchsafe:" + base64.RawURLEncoding.EncodeToString(sum[:])
}
