package oauth2_test

import (
	"context"
	"testing"

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
		UpdateToken: func(ctx context.Context, key oauth2.TokenKey, old, fresh *oauth2.Token) error {
			_, err := under.Swap(ctx, key, old, fresh)
			return err
		},
	}
}
