package registry

import (
	"context"
	"errors"
	"net/http"
)

// A TokenUpdate is a token that has taken the place of another. A row of a table is found by
// the refresh token of Old, or its access token.
type TokenUpdate struct {
	Name string // of the client
	User string // where [Client.WithUser] has refreshed it; otherwise the context says whose it is
	Old  Token
	New  Token
}

// OnTokenUpdate has f called after each token that has been refreshed and stored, until
// cancel is called: token_update, a signal, in Authlib.
func (r *Registry) OnTokenUpdate(f func(ctx context.Context, u TokenUpdate)) (cancel func()) {
	return func() {} // TODO(calls)
}

// subscribers are who is told of token updates.
type subscribers struct{}

// fetched returns what sends the token that FetchToken returns.
func (c *Client) fetched(ctx context.Context, m *registration, url string) (http.RoundTripper, error) {
	return nil, errors.New("needs FetchToken")
}
