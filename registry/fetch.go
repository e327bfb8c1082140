package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"vouchsafe/oauth2"
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
// cancel is called: token_update, a signal, in Authlib. Options.UpdateToken or the TokenStore
// has the token by then; f is not called for [Client.SaveToken] and [Client.Refresh]. It must
// be safe for concurrent use, and quick: the calls that need the token wait for it, with a
// context that ends after three seconds. f must not call the API with that token itself: that
// would wait for f. A panic of f is of no account to them.
func (r *Registry) OnTokenUpdate(f func(ctx context.Context, u TokenUpdate)) (cancel func()) {
	return r.heard.add(f)
}

// subscribers are who is told of token updates.
type subscribers struct {
	mu   sync.Mutex
	list []*func(context.Context, TokenUpdate) // appended to, or replaced
}

func (s *subscribers) add(f func(context.Context, TokenUpdate)) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := &f
	s.list = append(s.list, own)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.list = slices.DeleteFunc(slices.Clone(s.list),
			func(other *func(context.Context, TokenUpdate)) bool { return other == own })
	}
}

// changed tells them of a token that was refreshed.
func (s *subscribers) changed(ctx context.Context, change oauth2.TokenChange) {
	if change.Outcome != oauth2.OutcomeRefreshed && change.Outcome != oauth2.OutcomeRotated {
		return
	}
	s.mu.Lock()
	list := s.list
	s.mu.Unlock()
	for _, f := range list {
		tell(ctx, *f, TokenUpdate{change.Key.Name, change.Key.User,
			Token{OAuth2: change.Old}, Token{OAuth2: change.New}})
	}
}

func tell(ctx context.Context, f func(context.Context, TokenUpdate), u TokenUpdate) {
	defer func() { recover() }() // the token is good, and others are to hear of it
	f(ctx, u)
}

var (
	errNone    = errors.New("there is no token")
	errFetcher = fmt.Errorf("%w, or that of Options; or call WithToken or WithUser", errRequired)
	errEnded   = errors.New("must be set: the token has ended, and another is to be stored")
)

// fetch returns the token that FetchToken has for the user whom ctx is of.
func (m *registration) fetch(ctx context.Context) (t Token, err error) {
	shared := m.settings.options.FetchToken
	switch {
	case m.config.FetchToken != nil:
		t, err = m.config.FetchToken(ctx)
	case shared != nil:
		t, err = shared(ctx, m.name)
	default:
		return Token{}, &ConfigError{Client: m.name, Field: "FetchToken", Err: errFetcher}
	}
	switch {
	case err != nil:
		return Token{}, fmt.Errorf("FetchToken: %w", err)
	case t == Token{}:
		return Token{}, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired, Err: errNone}
	case t.OAuth1 != nil && t.OAuth2 != nil,
		(t.OAuth1 != nil) != (m.protocol.name() == ProtocolOAuth1):
		return Token{}, errNoToken
	}
	return t, nil
}

// updater returns UpdateToken, nil if there is none.
func (m *registration) updater() func(context.Context, TokenUpdate) error {
	if m.config.UpdateToken != nil {
		return m.config.UpdateToken
	}
	return m.settings.options.UpdateToken
}

// fetched returns what sends the token that FetchToken returns. Where there is no good one,
// it is fetched again: another process, or a login, may just have replaced it.
func (c *Client) fetched(
	ctx context.Context, m *registration, url string,
) (rt http.RoundTripper, err error) {
	for range 2 {
		t, errFetch := m.fetch(ctx)
		if errFetch != nil {
			return nil, errFetch
		}
		rt, err = c.sends(ctx, m, t, url)
		if _, none := errors.AsType[*oauth2.TokenError](err); !none {
			break
		}
	}
	return rt, err
}

// sends returns what sends t, or what t is refreshed into.
func (c *Client) sends(
	ctx context.Context, m *registration, t Token, url string,
) (http.RoundTripper, error) {
	switch {
	case t.OAuth1 != nil:
		return m.protocol.transport(ctx, t, url)
	case m.updater() != nil || t.OAuth2.RefreshToken() == "":
		l, err := c.lineage(ctx, m, t.OAuth2)
		if err != nil {
			return nil, err
		}
		return l.transport(ctx, url)
	case t.OAuth2.Expired(m.settings.options.Now()) || t.OAuth2.AccessToken() == "":
		return nil, &ConfigError{Client: m.name, Field: "UpdateToken", Err: errEnded}
	}
	return m.protocol.transport(ctx, t, url)
}

// A lineage is a token of FetchToken's and what it has been refreshed into, one after the
// other: whoever fetches one of them may have the last, and nobody else. To its source,
// a user whose token is another has none.
type lineage struct {
	*oauth2.TokenSource
	registration *registration

	mu       sync.Mutex
	old, new *oauth2.Token
	stored   bool // whether UpdateToken has taken new
}

// lineage returns that of tok: the same to all who fetch it, so that one of them refreshes.
func (c *Client) lineage(
	ctx context.Context, m *registration, tok *oauth2.Token,
) (stored, error) {
	key := keyOf(tok)
	if held := m.users.get(key); held != nil {
		return held, nil
	}
	l := &lineage{registration: m, new: tok, stored: true}
	made, err := m.protocol.stored(ctx, c.sourceOptions(m, "",
		oauth2.CallbackStore{FetchToken: l.load, UpdateToken: l.update}))
	if err != nil {
		return nil, err
	}
	l.TokenSource = made.(storedOAuth2).TokenSource
	return m.users.keep(key, l), nil
}

// load is FetchToken of the lineage's source. Who fetches what was replaced a moment ago
// gets what it was replaced by.
func (l *lineage) load(ctx context.Context, _ oauth2.TokenKey) (*oauth2.Token, error) {
	t, err := l.registration.fetch(ctx)
	if errors.Is(err, errNone) {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || t.OAuth2.Same(l.new):
		return t.OAuth2, err
	case !t.OAuth2.Same(l.old):
		return nil, nil
	case l.stored:
		return l.new, nil
	}
	return t.OAuth2, nil
}

// update is UpdateToken of the lineage's source, which old and replacement are from. It is
// the lineage of replacement before anybody can fetch that.
func (l *lineage) update(
	ctx context.Context, _ oauth2.TokenKey, old, replacement *oauth2.Token,
) error {
	l.registration.users.keep(keyOf(replacement), l)
	l.replaced(old, replacement, false)
	err := l.registration.updater()(ctx, TokenUpdate{Name: l.registration.name,
		Old: Token{OAuth2: old}, New: Token{OAuth2: replacement}})
	if err != nil {
		return fmt.Errorf("UpdateToken: %w", err)
	}
	l.replaced(old, replacement, true)
	return nil
}

func (l *lineage) replaced(old, replacement *oauth2.Token, stored bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.old, l.new, l.stored = old, replacement, stored
}

func (l *lineage) transport(ctx context.Context, url string) (http.RoundTripper, error) {
	if _, err := l.Token(ctx); err != nil {
		return nil, err
	}
	return l.Transport(url)
}

// save is not for a token that the application keeps itself.
func (*lineage) save(context.Context, Token) error { return errNoToken }

func (l *lineage) unsaved() bool { return l.Unsaved() }
