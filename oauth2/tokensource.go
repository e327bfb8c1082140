package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"vouchsafe/internal/flight"
	"vouchsafe/internal/random"
	"vouchsafe/jose"
)

// TokenSourceOptions say where a [TokenSource] keeps its token and how it gets another.
// The zero value is a token in memory, refreshed by [Client.Refresh].
type TokenSourceOptions struct {
	// Store keeps the token. If nil, a [MemoryStore] of the source's own.
	Store TokenStore

	// Key says which token of Store it is.
	Key TokenKey

	// Refresh exchanges a refresh token, and keeps it where none comes back. If nil,
	// [Client.Refresh] does, with no options: without a scope it asks for those of the
	// token (RFC 6749, Section 6).
	Refresh func(ctx context.Context, tok *Token) (*Token, error)

	// Grant gets a token where the store has none, or one that cannot be refreshed: by
	// [Client.ClientCredentials], for example, or another grant that needs no user. If nil,
	// the user must log in again then.
	Grant func(ctx context.Context) (*Token, error)

	// AcceptRefresh, if not nil, looks at what a refresh brought before it is saved or
	// used. What it returns an error for is neither. It is asked about the same token
	// again at the next call, as what it needs may have been out of reach; the server is
	// not asked for another before that has expired, or the store has another.
	AcceptRefresh func(ctx context.Context, old, refreshed *Token) error

	// Changed are called in order with each change of the token that this source has
	// saved. They must be safe for concurrent use, and quick: those who have asked for the
	// token get it when they have returned. They must not ask the source.
	Changed []func(ctx context.Context, change TokenChange)

	// Leeway is how much longer than now a token must be good. Zero means 60 seconds, a
	// negative value none; more than 5 minutes is an error. A token that was given for
	// less than twice the Leeway is good for half its time.
	Leeway time.Duration
}

// A TokenSource hands out the access token of one key, and gets a new one before it ends.
// However many ask, one refreshes: one of the callers of a source, and, if the store is a
// [Locker], of all sources of the key in all processes. A new token is in the store before
// anybody sees it. A source is safe for concurrent use; keep one for each key in a process.
//
// A source keeps its token, and looks into the store once a minute: what another process
// has saved or removed there is known by then.
type TokenSource struct {
	client  *Client
	options TokenSourceOptions

	held    atomic.Pointer[heldToken] // nil, or without a token, if there is none
	dead    atomic.Pointer[Token]     // was refused by a resource, and so was its refresh token
	pending atomic.Bool               // whether there is a token that the store did not take
	flight  flight.Group[*Token]
	renewal renewal
}

// A heldToken is the token that a source hands out: until next to all who ask, and until
// due to all but one, who looks into the store, or from early on renews it.
type heldToken struct {
	token      *Token
	next       atomic.Int64 // in milliseconds of Unix time
	early, due time.Time
}

const (
	lookEvery  = time.Minute
	maxAhead   = 5 * time.Minute // how long before it is due a token is renewed, at most
	patience   = 5 * time.Second // how long a caller waits who has a good token
	attemptGap = time.Second     // between two attempts
)

// TokenSource makes a TokenSource. Nothing is loaded yet. Its errors are
// [*jose.CheckError].
func (c *Client) TokenSource(o TokenSourceOptions) (*TokenSource, error) {
	if o.Leeway > jose.MaxLeeway {
		return nil, checkError("leeway", "must be at most 5 minutes", "RFC 6749, Section 5.1")
	}
	o.Leeway = max(0, cmp.Or(o.Leeway, jose.DefaultLeeway))
	o.Changed = slices.Clone(o.Changed)
	if o.Store == nil {
		o.Store = new(MemoryStore)
	}
	if o.Refresh == nil {
		o.Refresh = func(ctx context.Context, tok *Token) (*Token, error) {
			return c.Refresh(ctx, tok, TokenOptions{})
		}
	}
	return &TokenSource{client: c, options: o}, nil
}

// Token returns a token that is good for Leeway longer, or for as long as it lasts if it
// cannot be renewed just now. ctx bounds the wait; a refresh that has begun goes on when it
// ends, so that what the server gives is not lost.
//
// The error is a [*TokenError], a [*SaveError], that of ctx, or what the server's answer is
// refused for: an [*Error] or [*jose.CheckError]. As long as the store has a token that is
// good, only a SaveError is an error. A function of the options that panics has failed.
func (s *TokenSource) Token(ctx context.Context) (*Token, error) {
	now, held := s.client.config.Now(), s.held.Load()
	switch {
	case held == nil || !now.Before(held.due):
		return s.overdue(ctx, held)
	case held.turn(now):
		return s.ahead(ctx, held, now)
	default:
		return held.token, nil
	}
}

// turn reports, to one caller a second, that it is time to look into the store. A time that
// is further away than that ever is was set when the clock was wrong.
func (h *heldToken) turn(now time.Time) bool {
	next := h.next.Load()
	left := time.Duration(next-now.UnixMilli()) * time.Millisecond
	return (left <= 0 || left > lookEvery) &&
		h.next.CompareAndSwap(next, now.Add(attemptGap).UnixMilli())
}

// overdue gets a token, if need be a new one, unless there is a good one and that takes too
// long.
func (s *TokenSource) overdue(ctx context.Context, held *heldToken) (*Token, error) {
	if held != nil && s.alive(held.token, nil) {
		return s.orHeld(ctx, need{})
	}
	tok, err := s.flight.Do(ctx, s.flightFor(need{}))
	if errors.Is(err, errTooSoon) { // which may be the answer to a need that was refused
		return s.flight.Do(ctx, s.flightFor(need{}))
	}
	return tok, err
}

// ahead looks into the store, or renews a token that is good still.
func (s *TokenSource) ahead(ctx context.Context, held *heldToken, now time.Time) (*Token, error) {
	if now.Before(held.early) {
		return s.orHeld(ctx, need{})
	}
	return s.orHeld(ctx, need{other: held.token})
}

// orHeld returns the token that is held, if that is still good, where it cannot be replaced
// just now.
func (s *TokenSource) orHeld(ctx context.Context, n need) (*Token, error) {
	tok, err := s.flight.DoWithin(ctx, patience, s.flightFor(n))
	if err == nil || isUnsaved(err) || errors.Is(err, errNoToken) {
		return tok, err
	}
	if held := s.held.Load(); s.alive(held.token, nil) {
		return held.token, nil
	}
	return s.flight.Do(ctx, s.flightFor(need{}))
}

// replace returns another token than refused, which a resource did not take although it
// has not expired.
func (s *TokenSource) replace(ctx context.Context, refused *Token) (*Token, error) {
	fly := s.flightFor(need{refused, true})
	tok, err := s.flight.Do(ctx, fly)
	if err == nil && tok.AccessToken() == refused.AccessToken() {
		// What was in flight had been asked for by someone who knew nothing of it.
		tok, err = s.flight.Do(ctx, fly)
	}
	if errors.Is(err, &Error{Code: "invalid_grant"}) { // both servers say that it is over
		s.dead.Store(refused)
		s.held.Store(&heldToken{})
	}
	return tok, err
}

// Save stores tok in place of whatever the store has, after a login, or removes that if
// tok is nil, after a logout. The error is a [*TokenError]: the store may then have the one
// or the other.
func (s *TokenSource) Save(ctx context.Context, tok *Token) error {
	var before *Token
	for round := range maxRounds {
		old, err := s.load(ctx)
		if err != nil {
			return err
		}
		if round == 0 || !old.Same(tok) { // else it was stored, and nobody heard
			before = old
		}
		swapped, err := s.swap(ctx, old, tok)
		s.held.Store(&heldToken{}) // who asks from now on is told what the store has
		if err != nil {
			return transient(fmt.Errorf("token store: %w", err))
		}
		if swapped {
			s.changed(ctx, TokenChange{s.options.Key, before, tok, OutcomeSaved})
			return nil
		}
	}
	return transient(errChanging)
}

// A need is what a caller needs: a token that lasts, and is another than this, which a
// resource may have refused. The zero value is any that lasts.
type need struct {
	other   *Token
	refused bool
}

// flightFor returns a flight for a need.
func (s *TokenSource) flightFor(n need) func(context.Context) (*Token, error) {
	return func(ctx context.Context) (*Token, error) {
		s.pending.Store(true)
		defer func() { s.pending.Store(s.renewal.unsaved.token != nil) }() // after a panic too
		for range maxRounds {
			held := s.held.Load()
			if held != nil {
				s.renewal.stored = held.token
			}
			tok, err := s.renew(ctx, n)
			if s.held.CompareAndSwap(held, s.holdingAfter(held, tok, err)) {
				return tok, err
			}
			// Another has been saved meanwhile, or this one removed.
		}
		return nil, transient(errChanging)
	}
}

// holdingAfter returns what is to be handed out after a renewal.
func (s *TokenSource) holdingAfter(held *heldToken, tok *Token, err error) *heldToken {
	switch {
	case err == nil:
		return s.holding(tok)
	case held == nil || isUnsaved(err) || !held.token.Same(s.renewal.stored):
		return &heldToken{} // the store has another, or none, or is to get one
	default:
		return held
	}
}

// Unsaved reports whether the source has a token that its store did not take, see
// [SaveError], or may be about to get one. A program that drops sources keeps this one.
func (s *TokenSource) Unsaved() bool { return s.pending.Load() }

// holding returns how long tok is to be handed out. One that could not be renewed in time
// is tried again at half of what is left.
func (s *TokenSource) holding(tok *Token) *heldToken {
	now, end, leeway := s.client.config.Now(), tok.ExpiresAt, s.leeway(tok)
	if end.IsZero() {
		end = now.Add(century * time.Second)
	}
	left := end.Sub(now)
	if left < leeway {
		leeway = left / 2
	}
	due := end.Add(-leeway)
	ahead := min(due.Sub(now)/4, maxAhead)
	soon := now.Add(attemptGap)
	if left > 0 && end.Before(soon) {
		soon = end
	}
	h := &heldToken{
		token: tok,
		early: latest(soon, due.Add(-ahead/2-random.Below(ahead/2))),
		due:   latest(soon, due),
	}
	h.next.Store(min(h.early.UnixMilli(), now.Add(lookEvery).UnixMilli()))
	return h
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
