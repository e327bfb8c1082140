package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"vouchsafe/internal/digest"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

// An OAuth1Store is an [oauth2.TokenStore] that keeps tokens of OAuth 1.0 too, which do not
// end and are not refreshed.
type OAuth1Store interface {
	// LoadOAuth1 returns the token of key, nil if there is none.
	LoadOAuth1(ctx context.Context, key oauth2.TokenKey) (*oauth1.Token, error)

	// SaveOAuth1 stores tok in place of what there is, or removes that if tok is nil.
	SaveOAuth1(ctx context.Context, key oauth2.TokenKey, tok *oauth1.Token) error
}

// SaveToken keeps the token of a user in Options.TokenStore, in place of the one from
// before: after a login, for [Client.WithUser]; after a logout, with the zero Token, none.
// user is the application's own identifier of the user.
func (c *Client) SaveToken(ctx context.Context, user string, t Token) error {
	m, err := c.registration()
	if err != nil {
		return err
	}
	stored, err := c.stored(ctx, m, user)
	if err == nil {
		err = stored.save(ctx, t)
	}
	if err != nil {
		return c.wrap(err)
	}
	return nil
}

// WithUser returns a client that calls the provider's API with the token that
// [Client.SaveToken] keeps for user. The token is refreshed in time, and once if the API
// refuses it all the same, at most once a second. What another process saves or removes is
// known within a minute: see [oauth2.TokenSource], of which the client keeps one for each of
// 10,000 users.
//
// The error for a user who must log in again, or never has, is
//
//	errors.Is(err, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired})
func (c *Client) WithUser(user string) *BoundClient {
	return c.bound(func(
		ctx context.Context, m *registration, url string,
	) (http.RoundTripper, error) {
		stored, err := c.stored(ctx, m, user)
		if err != nil {
			return nil, err
		}
		return stored.transport(ctx, url)
	})
}

// TokenSource returns a source of the token that [Client.SaveToken] keeps for user, for
// what takes no http.Client: see [oauth2.Adapt]. A client of OAuth 1.0 has none.
func (c *Client) TokenSource(ctx context.Context, user string) (*oauth2.TokenSource, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	stored, err := c.stored(ctx, m, user)
	if err != nil {
		return nil, c.wrap(err)
	}
	source, ok := stored.(storedOAuth2)
	if !ok {
		return nil, c.wrap(errors.New("OAuth 1.0 has no TokenSource"))
	}
	return source.TokenSource, nil
}

// stored returns what is kept for user: the same to all who ask, so that one of them
// refreshes.
func (c *Client) stored(ctx context.Context, m *registration, user string) (stored, error) {
	if user == "" { // of a session without a user, for whom another's token would be
		return nil, errors.New("a user is required")
	}
	key := "user " + user
	if held := m.users.get(key); held != nil {
		return held, nil
	}
	store := m.settings.options.TokenStore
	if store == nil {
		return nil, errors.New("a user's token needs Options.TokenStore")
	}
	made, err := m.protocol.stored(ctx, c.sourceOptions(m, user, store))
	if err != nil {
		return nil, err
	}
	return m.users.keep(key, made), nil
}

func (c *Client) sourceOptions(
	m *registration, user string, store oauth2.TokenStore,
) oauth2.TokenSourceOptions {
	return oauth2.TokenSourceOptions{
		Store:   store,
		Key:     oauth2.TokenKey{Name: m.name, User: user},
		Changed: []func(context.Context, oauth2.TokenChange){c.registry.heard.changed},
		Leeway:  m.config.Leeway,
	}
}

// keyOf returns what a token is kept under that FetchToken returns: no user's key.
func keyOf(tok *oauth2.Token) string {
	return "token " + digest.Of(tok.AccessToken(), tok.RefreshToken())
}

// users are what a client keeps for its users, by key, as many as there is room for.
type users struct {
	mu   sync.Mutex
	held map[string]stored
}

const maxUsers = 10_000

func (u *users) get(key string) stored {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.held[key]
}

// unsaved reports whether any of them has a token that the store has not.
func (u *users) unsaved() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, held := range u.held {
		if held.unsaved() {
			return true
		}
	}
	return false
}

// keep keeps what was made for someone, unless another was faster, in the place of that of
// any other if there are too many.
func (u *users) keep(key string, made stored) stored {
	u.mu.Lock()
	defer u.mu.Unlock()
	if held := u.held[key]; held != nil {
		return held
	}
	for other, held := range u.held {
		if len(u.held) < maxUsers {
			break
		}
		if !held.unsaved() {
			delete(u.held, other)
		}
	}
	if u.held == nil {
		u.held = map[string]stored{}
	}
	u.held[key] = made
	return made
}

// A stored is a token that is kept for a user.
type stored interface {
	save(ctx context.Context, t Token) error
	transport(ctx context.Context, url string) (http.RoundTripper, error)
	unsaved() bool // whether it has a token that the store has not
}

type storedOAuth1 struct {
	client *oauth1.Client
	store  OAuth1Store
	key    oauth2.TokenKey
}

func newStoredOAuth1(client *oauth1.Client, o oauth2.TokenSourceOptions) (stored, error) {
	s, ok := o.Store.(OAuth1Store)
	if !ok {
		return nil, errors.New("Options.TokenStore keeps no OAuth 1.0 tokens: it is no OAuth1Store")
	}
	return storedOAuth1{client, s, o.Key}, nil
}

func (s storedOAuth1) save(ctx context.Context, t Token) error {
	if t.OAuth2 != nil {
		return errNoToken
	}
	return s.store.SaveOAuth1(ctx, s.key, t.OAuth1)
}

func (s storedOAuth1) transport(ctx context.Context, url string) (http.RoundTripper, error) {
	tok, err := s.store.LoadOAuth1(ctx, s.key)
	if err != nil {
		return nil, fmt.Errorf("token store: %w", err)
	}
	if tok == nil {
		return nil, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired, Err: errNone}
	}
	return s.client.Transport(tok, url)
}

func (s storedOAuth1) unsaved() bool { return false }

type storedOAuth2 struct{ *oauth2.TokenSource }

func (s storedOAuth2) unsaved() bool { return s.Unsaved() }

func (s storedOAuth2) save(ctx context.Context, t Token) error {
	if t.OAuth1 != nil {
		return errNoToken
	}
	return s.Save(ctx, t.OAuth2)
}

func (s storedOAuth2) transport(_ context.Context, url string) (http.RoundTripper, error) {
	return s.Transport(url)
}
