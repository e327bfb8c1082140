package oauth2

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/flight"
	"vouchsafe/jose"
)

// How long a key set is kept, how long it serves on while the server fails, and
// how soon an unknown key may cause another fetch.
const (
	keysTTL   = time.Hour
	keysStale = 24 * time.Hour
	keysFloor = 30 * time.Second

	maxKeySet = 1 << 20
)

// A RemoteKeySet is the JWK Set that a server publishes at its jwks_uri. It is a
// [jose.KeySource], is fetched when first needed, and is safe for concurrent use.
//
// A copy is fresh for an hour; while the server fails, it serves a day more. A
// key ID that the copy lacks, or a signature that its keys do not verify, causes a
// fetch, at most every 30 seconds however many tokens there are of that kind. A new copy replaces the old, so that a key the
// server removed is no longer believed.
type RemoteKeySet struct {
	document flight.Document[*jose.Set]
}

// NewRemoteKeySet returns the key set at url, fetched by client, or by one of
// [httpclient.New] if that is nil. now tells the time; if nil, time.Now.
func NewRemoteKeySet(url string, client *http.Client, now func() time.Time) (*RemoteKeySet, error) {
	if _, err := httpclient.CheckURL(client, url); err != nil {
		return nil, fmt.Errorf("oauth2: key set: %w", err)
	}
	if now == nil {
		now = time.Now
	}
	return &RemoteKeySet{flight.Document[*jose.Set]{
		Fetch: func(ctx context.Context, _ *jose.Set) (*jose.Set, error) {
			return fetchKeys(ctx, client, url)
		},
		TTL:   keysTTL,
		Stale: keysStale,
		Floor: keysFloor,
		Now:   now,
	}}, nil
}

func fetchKeys(ctx context.Context, client *http.Client, url string) (*jose.Set, error) {
	resp, err := httpclient.Get(ctx, client, url, maxKeySet)
	if err != nil {
		return nil, fmt.Errorf("oauth2: key set: %w", err)
	}
	return jose.ParseSet(resp.Body)
}

// Keys returns the keys that may have signed what carries h, after fetching
// anew if there is none.
func (s *RemoteKeySet) Keys(ctx context.Context, h jose.Header) ([]*jose.Key, error) {
	set, err := s.document.Get(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := set.Keys(ctx, h)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	return s.Renew(ctx, h)
}

// Renew returns the keys that may have signed what carries h after fetching
// anew, unless that was done less than 30 seconds ago. A [jose.Verifier] asks for
// it when the keys it got do not verify: a server may have replaced a key and
// kept its ID.
func (s *RemoteKeySet) Renew(ctx context.Context, h jose.Header) ([]*jose.Key, error) {
	set, err := s.document.Renew(ctx)
	if err != nil {
		return nil, err
	}
	return set.Keys(ctx, h)
}
