package registry

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"vouchsafe/internal/random"
)

// A Store keeps logins in the making, sealed. In every store the browser holds
// something that only it has: a login that is found by its state alone could be
// completed in a browser that did not begin it.
//
// There are three: [CookieStore], [CacheStore] and [SessionStore]. In each of them a browser
// may have 5 logins in the making; of more the oldest is forgotten, and its callback is refused
// with ReasonOtherBrowser. After use the browser holds that the login was used, for twice
// Options.LoginLife, so that a callback used twice is noticed.
type Store interface {
	holder
	vault
}

// A holder keeps what a browser holds of its logins, an entry each.
type holder interface {
	// entry returns the entry, still empty, for the login id of a site that is https or not.
	entry(id string, https bool) entry

	// entries returns what the browser holds.
	entries(r *http.Request) ([]entry, error)

	// hold has the browser hold e, beside those that are open and in place of the one of its
	// name, and those that are gone no longer.
	hold(w http.ResponseWriter, r *http.Request, open, gone []entry, e entry) error
}

// A vault keeps the sealed record that an entry stands for.
type vault interface {
	// put keeps a sealed record and returns what the browser is to hold.
	put(ctx context.Context, name string, sealed []byte, life time.Duration) (
		held string, err error)

	// take returns the sealed record that held stands for, once if it can.
	take(ctx context.Context, name, held string) (sealed []byte, err error)

	// drop forgets what held stands for.
	drop(ctx context.Context, name, held string)
}

type store struct {
	holder
	vault
}

// CookieStore returns the Store that keeps nothing on the server: the browser
// holds the sealed record, in a cookie of at most 1536 bytes for each login, which very long
// tokens of OAuth 1.0 do not fit. Two copies of a callback that arrive at the same time both
// pass, and then the provider, which takes a code once, decides.
func CookieStore() Store { return store{cookies{}, inline{}} }

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

// CacheStore returns the Store that keeps the sealed record in c, Redis for example, whose
// go-redis has Get(ctx, key).Bytes(), where redis.Nil is no error but nil, Set(ctx, key, value,
// life), Del(ctx, key), and GetDel(ctx, key).Bytes() for Take. It has the
// browser hold a secret of 256 bits, in a cookie for each login, without which the record
// cannot be found. An error of c's is that of the login, wrapped.
func CacheStore(c Cache) Store { return store{cookies{}, cached{c}} }

// inline is the vault that keeps nothing: the entry has the record itself.
type inline struct{}

func (inline) put(_ context.Context, _ string, sealed []byte, _ time.Duration) (string, error) {
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (inline) take(_ context.Context, _, held string) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(held)
	if err != nil {
		return nil, because(ReasonTampered)
	}
	return sealed, nil
}

func (inline) drop(context.Context, string, string) {}

// cached is the vault that is a cache: the entry has a secret.
type cached struct{ cache Cache }

func (v cached) put(
	ctx context.Context, name string, sealed []byte, life time.Duration,
) (string, error) {
	held := random.Text()
	if err := v.cache.Set(ctx, cacheKey(name, held), sealed, life); err != nil {
		return "", &fault{http.StatusInternalServerError, fmt.Errorf("cache: %w", err)}
	}
	return held, nil
}

func (v cached) take(ctx context.Context, name, held string) ([]byte, error) {
	sealed, err := v.get(ctx, cacheKey(name, held))
	if err != nil {
		return nil, &fault{http.StatusInternalServerError, fmt.Errorf("cache: %w", err)}
	}
	if sealed == nil {
		// The browser was given its secret; what the secret stood for is gone.
		return nil, because(ReasonUsed)
	}
	return sealed, nil
}

func (v cached) get(ctx context.Context, key string) ([]byte, error) {
	if t, ok := v.cache.(Taker); ok {
		return t.Take(ctx, key)
	}
	sealed, err := v.cache.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return sealed, v.cache.Delete(ctx, key)
}

func (v cached) drop(ctx context.Context, name, held string) {
	v.cache.Delete(ctx, cacheKey(name, held)) // it will expire anyhow
}

// cacheKey hashes the browser's secret, so that who can list the cache's keys
// cannot complete logins.
func cacheKey(name, held string) string {
	sum := sha256.Sum256([]byte(name + "." + held))
	return "vouchsafe:" + base64.RawURLEncoding.EncodeToString(sum[:])
}
