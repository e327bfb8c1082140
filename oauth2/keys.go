package oauth2

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
	"vouchsafe/internal/flight"
	"vouchsafe/internal/hook"
	"vouchsafe/jose"
)

// How long a key set is kept, how long it serves on while the server fails, how
// soon an unknown key may cause another fetch, how long one caller waits where the old
// copy could serve, and for how long a key that was not there is not looked for.
const (
	keysTTL      = time.Hour
	keysStale    = 24 * time.Hour
	keysFloor    = 30 * time.Second
	keysPatience = 2 * time.Second
	keysMemory   = 2 * time.Minute
)

// A RemoteKeySet is the JWK Set that a server publishes at its jwks_uri, RFC 8414,
// Section 2. It is a [jose.RenewingKeySource], is fetched when first needed, and is safe
// for concurrent use. However many callers there are, one fetch is under way at a time;
// a caller whose context ends takes nothing from it.
//
// Make one for each issuer, and verify that issuer's tokens alone with it: a key ID says
// nothing about whose key it is.
//
// A copy is fresh for an hour, and replaced in the background in the last quarter of it.
// An old one is replaced before it serves; while the server fails, which is tried every 30
// seconds, or takes longer than 2 seconds, it serves on for a day more. Fresh keys are read
// without a lock, whatever the server does.
//
// A key ID that the copy lacks, or a signature that its keys do not verify, causes a
// fetch, at most every 30 seconds however many tokens there are of that kind, and for a
// key ID that was not in the new copy either not again for 2 minutes. A new copy replaces
// the old, so that a key the server removed is no longer believed; where the server says
// that it has none (RFC 9110, Section 15.4.5), which it is not asked for a key that the copy
// lacks, the old is as good as new. A key that cannot be used is left out;
// [jose.Set.Skipped] of [RemoteKeySet.Set] says why.
type RemoteKeySet struct {
	document flight.Document[*discovery.Copy[*jose.Set]]
}

// NewRemoteKeySet returns the key set at url, fetched by client, or by one of
// [httpclient.New] if that is nil. now tells the time; if nil, time.Now. hooks rewrite each
// response before it is read. The error wraps [httpclient.ErrInsecureURL].
func NewRemoteKeySet(
	url string, client *http.Client, now func() time.Time, hooks ...ResponseHook,
) (*RemoteKeySet, error) {
	if _, err := httpclient.CheckURL(client, url); err != nil {
		return nil, fmt.Errorf("oauth2: key set: %w", err)
	}
	if now == nil {
		now = time.Now
	}
	hooks = slices.Clone(hooks)
	return &RemoteKeySet{flight.Document[*discovery.Copy[*jose.Set]]{
		Fetch: func(ctx context.Context, held *discovery.Copy[*jose.Set],
		) (*discovery.Copy[*jose.Set], error) {
			return fetchKeys(ctx, client, url, hooks, held)
		},
		TTL:      keysTTL,
		Stale:    keysStale,
		Floor:    keysFloor,
		Patience: keysPatience,
		Memory:   keysMemory,
		Now:      now,
	}}, nil
}

func fetchKeys(
	ctx context.Context, client *http.Client, url string, hooks []ResponseHook,
	held *discovery.Copy[*jose.Set],
) (*discovery.Copy[*jose.Set], error) {
	copied, err := discovery.Fetch(ctx, client, []string{url}, held,
		func(resp *httpclient.Response) (*jose.Set, error) {
			if err := hook.Call(ctx, hooks, resp); err != nil {
				return nil, err
			}
			return jose.ParseSet(resp.Body)
		})
	if err != nil {
		return nil, fmt.Errorf("oauth2: key set: %w", err)
	}
	return copied, nil
}

// Set returns the keys as they were last fetched, after fetching if they are not fresh.
func (s *RemoteKeySet) Set(ctx context.Context) (*jose.Set, error) {
	held, err := s.document.Get(ctx)
	if err != nil {
		return nil, err
	}
	return held.Value, nil
}

// Keys returns the keys that may have signed what carries h, after fetching
// anew if there is none.
func (s *RemoteKeySet) Keys(ctx context.Context, h jose.Header) ([]*jose.Key, error) {
	set, err := s.Set(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := set.Keys(ctx, h)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	return s.Renew(ctx, h)
}

// Renew returns the keys that may have signed what carries h after fetching anew,
// unless that was done less than 30 seconds ago, or for the same key ID in vain less
// than 2 minutes ago. A [jose.Verifier] asks for it when the keys it got do not verify:
// a server may have replaced a key and kept its ID.
func (s *RemoteKeySet) Renew(ctx context.Context, h jose.Header) ([]*jose.Key, error) {
	name := h.Algorithm + " " + h.KeyID
	// Without a validator, which may outlive the keys: the server would never have news.
	held, renewed, err := s.document.Renew(ctx, name)
	if err != nil {
		return nil, err
	}
	keys, err := held.Value.Keys(ctx, h)
	if len(keys) == 0 && renewed {
		s.document.Missed(name)
	}
	return keys, err
}
