package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"vouchsafe/jose"
)

// A renewal is what is to be remembered from one attempt to get a new token to the next.
// The flight guards it.
type renewal struct {
	unsaved unsaved   // what the server has given
	lost    *Token    // whose refresh token was sent, and no answer came
	refused *Token    // whose refresh token the server refuses
	refusal error     // what it said
	asked   *Token    // the token that the server was last asked to replace, or that it gave
	failure error     // how it ended; nil if it did not fail
	next    time.Time // when the server may be asked to replace that token
}

// An unsaved is a token that is not in the store yet.
type unsaved struct {
	old, token *Token
	outcome    Outcome
	accepted   bool
}

// How long the steps of an attempt take at most, so that the lease lasts longer.
const (
	loadTimeout   = 3 * time.Second // for all that comes before asking
	askTimeout    = 15 * time.Second
	acceptTimeout = 3 * time.Second
	saveTimeout   = 4 * time.Second
	leaseLife     = loadTimeout + askTimeout + acceptTimeout + saveTimeout
)

const (
	maxRounds = 5               // of looking into a store that others change
	maxGap    = 5 * time.Minute // between two attempts, whatever a server says
)

var (
	errChanging = errors.New("the store's token changed each time")
	errTooSoon  = errors.New("a token was refreshed a moment ago")
	errNoToken  = errors.New("there is no token")
	errExpired  = errors.New("the token has expired, and there is no refresh token")
	errKept     = errors.New("the store keeps the old token")
)

func isUnsaved(err error) bool {
	_, ok := errors.AsType[*SaveError](err)
	return ok
}

func loginRequired(err error) error { return &TokenError{OutcomeLoginRequired, err} }

func transient(err error) error { return &TokenError{OutcomeTransient, err} }

// renew returns the store's token if that will do, and gets another otherwise.
func (s *TokenSource) renew(ctx context.Context, before *Token) (*Token, error) {
	for _, lock := range []func(context.Context) (func(), error){s.lockHere, s.lockStore} {
		tok, done, err := s.look(ctx, before)
		if done {
			return tok, err
		}
		unlock, err := lock(ctx)
		if err != nil {
			return nil, transient(fmt.Errorf("lease: %w", err))
		}
		defer unlock()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	for range maxRounds {
		tok, done, err := s.look(ctx, before)
		if done {
			return tok, err
		}
		renewed, err := s.attempt(ctx, tok)
		if err != nil && !isUnsaved(err) && s.alive(tok, before) {
			return tok, nil
		}
		if renewed != nil || err != nil {
			return renewed, err
		}
	}
	return nil, transient(errChanging)
}

func (s *TokenSource) lockHere(ctx context.Context) (func(), error) {
	return s.leases.lock(ctx, s.options.Key)
}

func (s *TokenSource) lockStore(ctx context.Context) (func(), error) {
	if l, ok := s.options.Store.(Locker); ok {
		return l.Lock(ctx, s.options.Key, leaseLife)
	}
	return func() {}, nil
}

// look returns the store's token, and whether that, or an error, is the end of it.
func (s *TokenSource) look(ctx context.Context, before *Token) (tok *Token, done bool, err error) {
	tok, err = s.load(ctx)
	switch {
	case err != nil:
		return nil, true, err
	case s.alive(tok, before) && s.lasts(tok):
		return tok, true, nil
	case s.options.Grant != nil || s.refreshable(tok):
		return tok, false, nil
	case s.alive(tok, before):
		return tok, true, nil
	default:
		return nil, true, s.noRefresh(tok)
	}
}

func (s *TokenSource) load(ctx context.Context) (*Token, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	tok, err := s.options.Store.Load(ctx, s.options.Key)
	if err != nil {
		return nil, transient(fmt.Errorf("token store: %w", err))
	}
	return tok, nil
}

// alive reports whether tok is an access token other than before, and has not expired.
func (s *TokenSource) alive(tok, before *Token) bool {
	return tok.AccessToken() != "" && tok.AccessToken() != before.AccessToken() &&
		!tok.Expired(s.client.config.Now())
}

// lasts reports whether tok will be good for Leeway longer.
func (s *TokenSource) lasts(tok *Token) bool {
	return !tok.Expired(s.client.config.Now().Add(s.options.Leeway))
}

func (s *TokenSource) refreshable(tok *Token) bool {
	return tok.RefreshToken() != "" && tok.RefreshToken() != s.refused.RefreshToken()
}

// noRefresh returns why tok cannot be refreshed.
func (s *TokenSource) noRefresh(tok *Token) error {
	switch {
	case tok == nil:
		return loginRequired(errNoToken)
	case tok.RefreshToken() == "":
		return loginRequired(errExpired)
	default:
		return s.refusal
	}
}

// attempt gets a token in place of old and saves it. Without token and error it is the
// store that is to be looked at again.
func (s *TokenSource) attempt(ctx context.Context, old *Token) (*Token, error) {
	u := &s.unsaved
	asked := u.token == nil || !u.old.Same(old)
	if asked {
		var err error
		if *u, err = s.ask(ctx, old); err != nil {
			if s.overtaken(ctx, old, err) {
				err = nil
			}
			return nil, err
		}
	}
	if err := s.accept(ctx, u); err != nil {
		return nil, err
	}
	saved, err := s.save(ctx, *u)
	if err != nil {
		return nil, err
	}
	change := TokenChange{s.options.Key, old, u.token, u.outcome}
	*u = unsaved{}
	if saved {
		s.changed(ctx, change)
	}
	if !saved || !asked { // that of an earlier attempt may have expired
		return nil, nil
	}
	return change.New, nil
}

// overtaken reports whether the refresh token of old was refused because another process
// has used it. One that has no lease to wait for may not have saved what it got yet.
func (s *TokenSource) overtaken(ctx context.Context, old *Token, err error) bool {
	if !errors.Is(err, &TokenError{Outcome: OutcomeLoginRequired}) {
		return false
	}
	ctx = context.WithoutCancel(ctx)
	_, leased := s.options.Store.(Locker)
	for range 2 {
		if tok, err := s.load(ctx); err != nil || !tok.Same(old) {
			return err == nil
		}
		if leased || sleep(ctx, time.Second) != nil {
			break
		}
	}
	return false
}

// ask asks the server for a token in place of old.
func (s *TokenSource) ask(ctx context.Context, old *Token) (u unsaved, err error) {
	if old.Same(s.asked) && s.client.config.Now().Before(s.next) {
		return unsaved{}, cmp.Or(s.failure, transient(errTooSoon))
	}
	if ctx.Err() != nil { // what is asked now would outlast the lease
		return unsaved{}, transient(context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	u, err = s.obtain(ctx, old)
	s.asked = old
	if err == nil {
		s.asked = u.token
	}
	s.failure, s.next = err, s.client.config.Now().Add(gap(err))
	return u, err
}

// obtain gets a token by the refresh token of old, or else by the grant.
func (s *TokenSource) obtain(ctx context.Context, old *Token) (u unsaved, err error) {
	if s.refreshable(old) {
		u, err = s.refresh(ctx, old)
	} else {
		err = s.noRefresh(old)
	}
	if s.options.Grant != nil && errors.Is(err, &TokenError{Outcome: OutcomeLoginRequired}) {
		u = unsaved{old: old, outcome: OutcomeGranted, accepted: true}
		u.token, err = s.options.Grant(ctx)
		err = s.classify(err, nil)
	}
	return u, err
}

// gap returns how long to wait before asking again.
func gap(err error) time.Duration {
	refusal, _ := errors.AsType[*Error](err)
	if refusal == nil {
		return attemptGap
	}
	return min(max(attemptGap, refusal.RetryAfter), maxGap)
}

// refresh refreshes old. An answer that was lost is asked for once more: the server may
// not have heard, or may give the same again. Others are kept from asking by the lease,
// without which they could have saved what they got.
func (s *TokenSource) refresh(ctx context.Context, old *Token) (unsaved, error) {
	tok, err := s.options.Refresh(ctx, old)
	if _, leased := s.options.Store.(Locker); leased && lost(err) && ctx.Err() == nil {
		s.lost = old
		if held, errLoad := s.load(ctx); errLoad == nil && held.Same(old) {
			tok, err = s.options.Refresh(ctx, old)
		}
	}
	if err = s.classify(err, old); err != nil {
		return unsaved{}, err
	}
	s.lost = nil
	u := unsaved{old: old, token: tok, outcome: OutcomeRefreshed}
	if tok.RefreshToken() != old.RefreshToken() {
		u.outcome = OutcomeRotated
	}
	return u, nil
}

// classify says what err, of a request with the refresh token of old, if any, means.
func (s *TokenSource) classify(err error, old *Token) error {
	refusal, refused := errors.AsType[*Error](err)
	_, unread := errors.AsType[*jose.CheckError](err)
	switch {
	case err == nil:
		return nil
	case refused && refusal.Code == "invalid_grant" && old != nil:
		outcome := OutcomeLoginRequired
		if old.RefreshToken() == s.lost.RefreshToken() {
			outcome = OutcomeReused
		}
		s.refused, s.refusal = old, &TokenError{outcome, err}
		return s.refusal
	case refused && !comeAgain(refusal):
		return fmt.Errorf("oauth2: no token: %w", err)
	case !refused && sent(err):
		s.lost = old
	}
	if unread {
		return fmt.Errorf("oauth2: no token: %w", err)
	}
	return transient(err)
}

// comeAgain reports whether a refusal is for now.
func comeAgain(e *Error) bool {
	return busy(e.Status) || e.Code == "temporarily_unavailable" || e.Code == "server_error"
}

// sent reports whether a request that failed may have been sent.
func sent(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return !ok || failed.Op != "dial"
}

// accept has the caller look at a refreshed token.
func (s *TokenSource) accept(ctx context.Context, u *unsaved) error {
	if u.accepted || s.options.AcceptRefresh == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	if err := s.options.AcceptRefresh(ctx, u.old, u.token); err != nil {
		return fmt.Errorf("oauth2: the refreshed token is not accepted: %w", err)
	}
	u.accepted = true
	return nil
}

// save stores a token, if the store still has the one that it replaces.
func (s *TokenSource) save(ctx context.Context, u unsaved) (saved bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	store, key := s.options.Store, s.options.Key
	for pause := 100 * time.Millisecond; ; pause *= 5 {
		saved, err = store.Swap(ctx, key, u.old, u.token)
		if err == nil || pause > 3*time.Second || sleep(ctx, pause) != nil {
			break
		}
	}
	if saved && err == nil {
		return true, nil
	}
	// Who was not heard may have succeeded.
	held, errLoad := s.load(context.WithoutCancel(ctx))
	switch {
	case errLoad == nil && held.Same(u.token):
		return true, nil
	case errLoad == nil && !held.Same(u.old):
		return false, nil
	}
	return false, &SaveError{cmp.Or(err, errLoad, errKept), func() *Token { return u.token }}
}

func (s *TokenSource) changed(ctx context.Context, change TokenChange) {
	for _, f := range s.options.Changed {
		f(ctx, change)
	}
}
