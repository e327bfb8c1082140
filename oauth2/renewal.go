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

// A memory is what a client remembers of a key from one attempt to get a new token to the
// next, of whichever source. Who holds the lease may use it.
type memory struct {
	unsaved unsaved       // what the server has given
	lost    string        // the digest of a token for which no answer came
	asked   string        // that of the token last to be replaced, or of what replaced it
	failure error         // how that ended; nil if it did not fail
	next    time.Time     // when the server may be asked to replace that token
	life    time.Duration // of the last token, if that is less than twice the Leeway
}

// empty reports whether there is nothing to remember.
func (m *memory) empty(now time.Time) bool {
	return m.unsaved.token == nil && m.life == 0 && m.lost == "" && !now.Before(m.next)
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
	errTooLate  = errors.New("the store takes too long")
)

// These are for errors.Is.
var (
	errLoginRequired = &TokenError{Outcome: OutcomeLoginRequired}
	errTransient     = &TokenError{Outcome: OutcomeTransient}
)

func isUnsaved(err error) bool {
	_, ok := errors.AsType[*SaveError](err)
	return ok
}

func loginRequired(err error) error { return &TokenError{OutcomeLoginRequired, err} }

func transient(err error) error { return &TokenError{OutcomeTransient, err} }

// digest tells t from other tokens, without being one.
func (t *Token) digest() string {
	if t == nil {
		return ""
	}
	return digest(t.AccessToken(), t.RefreshToken())
}

// A renewal is an attempt to get a new token, while all others are kept away.
type renewal struct {
	*TokenSource
	*memory
	asksUntil time.Time // as what is asked later would outlast the lease
}

// renew returns the store's token if that will do, and gets another otherwise; and how long
// before its end that is to be renewed.
func (s *TokenSource) renew(
	ctx context.Context, before *Token,
) (tok *Token, leeway time.Duration, err error) {
	tok, done, err := renewal{TokenSource: s, memory: &memory{}}.look(ctx, before)
	if done {
		return tok, s.options.Leeway, err
	}
	memory, unlock, err := s.leases.lock(ctx, s.options.Key)
	if err != nil {
		return s.without(tok, before, err)
	}
	defer unlock()
	r := renewal{TokenSource: s, memory: memory}
	if tok, done, err := r.look(ctx, before); done {
		return tok, r.leeway(), err
	}
	if l, ok := s.options.Store.(Locker); ok {
		unlock, err := l.Lock(ctx, s.options.Key, leaseLife)
		if err != nil {
			return s.without(tok, before, err)
		}
		defer unlock()
	}
	r.asksUntil = time.Now().Add(loadTimeout)
	tok, err = r.run(context.WithoutCancel(ctx), before)
	return tok, r.leeway(), err
}

// without is the end where there is no lease to be had.
func (s *TokenSource) without(
	tok, before *Token, err error,
) (*Token, time.Duration, error) {
	if s.alive(tok, before) {
		return tok, s.options.Leeway, nil
	}
	return nil, 0, transient(fmt.Errorf("lease: %w", err))
}

func (r renewal) run(ctx context.Context, before *Token) (*Token, error) {
	for range maxRounds {
		tok, done, err := r.look(ctx, before)
		if done {
			return tok, err
		}
		renewed, err := r.attempt(ctx, tok)
		if err != nil && !isUnsaved(err) && r.alive(tok, before) {
			return tok, nil
		}
		if renewed != nil || err != nil {
			return renewed, err
		}
	}
	return nil, transient(errChanging)
}

// look returns the store's token, and whether that, or an error, is the end of it.
func (r renewal) look(ctx context.Context, before *Token) (tok *Token, done bool, err error) {
	tok, err = r.load(ctx)
	if err != nil {
		return nil, true, err
	}
	if !r.unsaved.old.Same(tok) {
		r.unsaved = unsaved{} // whoever has changed the store knew better
	}
	if r.alive(tok, before) && r.lasts(tok) {
		return tok, true, nil
	}
	if err = r.cannotAsk(tok); err == nil {
		return tok, false, nil
	}
	if r.alive(tok, before) {
		return tok, true, nil
	}
	return nil, true, err
}

// cannotAsk returns why the server cannot be asked to replace tok, nil if it can.
func (r renewal) cannotAsk(tok *Token) error {
	switch {
	case r.unsaved.token != nil:
		return nil // it need not be
	case tok.digest() == r.asked && r.client.config.Now().Before(r.next):
		return cmp.Or(r.failure, transient(errTooSoon))
	case r.options.Grant != nil || tok.RefreshToken() != "":
		return nil
	case tok == nil:
		return loginRequired(errNoToken)
	default:
		return loginRequired(errExpired)
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

// lasts reports whether tok will be good for the leeway longer.
func (r renewal) lasts(tok *Token) bool {
	return !tok.Expired(r.client.config.Now().Add(r.leeway()))
}

// leeway returns Leeway, or half the life that the server gives its tokens.
func (r renewal) leeway() time.Duration {
	if r.life > 0 {
		return min(r.options.Leeway, r.life/2)
	}
	return r.options.Leeway
}

// attempt gets a token in place of old and saves it. Without token and error it is the
// store that is to be looked at again.
func (r renewal) attempt(ctx context.Context, old *Token) (*Token, error) {
	u := &r.unsaved
	asked := u.token == nil
	if asked {
		var err error
		if *u, err = r.ask(ctx, old); err != nil {
			if r.overtaken(ctx, old, err) {
				err = nil
			}
			return nil, err
		}
	}
	if err := r.accept(ctx, u); err != nil {
		return nil, err
	}
	saved, err := r.save(ctx, *u)
	if err != nil {
		return nil, err
	}
	change := TokenChange{r.options.Key, old, u.token, u.outcome}
	*u = unsaved{}
	if saved {
		r.changed(ctx, change)
	}
	if !saved || !asked { // that of an earlier attempt may have expired
		return nil, nil
	}
	return change.New, nil
}

// overtaken reports whether the refresh token of old was refused because another process
// has used it. One that has no lease to wait for may not have saved what it got yet.
func (r renewal) overtaken(ctx context.Context, old *Token, err error) bool {
	if !errors.Is(err, errLoginRequired) {
		return false
	}
	tok, err := r.load(ctx)
	if _, leased := r.options.Store.(Locker); !leased && err == nil && tok.Same(old) {
		sleep(ctx, time.Second)
		tok, err = r.load(ctx)
	}
	return err == nil && !tok.Same(old)
}

// ask asks the server for a token in place of old.
func (r renewal) ask(ctx context.Context, old *Token) (u unsaved, err error) {
	if !time.Now().Before(r.asksUntil) {
		return unsaved{}, transient(errTooLate)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	u, err = r.obtain(ctx, old)
	now := r.client.config.Now()
	r.asked, r.failure, r.next = old.digest(), err, now.Add(gap(err))
	if err == nil {
		r.asked, r.lost, r.life = u.token.digest(), "", u.token.ExpiresAt.Sub(now)
		if u.token.ExpiresAt.IsZero() || r.life >= 2*r.options.Leeway {
			r.life = 0
		}
	}
	return u, err
}

// obtain gets a token by the refresh token of old, or else by the grant.
func (r renewal) obtain(ctx context.Context, old *Token) (u unsaved, err error) {
	if old.RefreshToken() != "" {
		u, err = r.refresh(ctx, old)
		if r.options.Grant == nil || !errors.Is(err, errLoginRequired) {
			return u, err
		}
	}
	tok, err := r.options.Grant(ctx)
	if err = r.classify(tok, err, nil); err != nil {
		return unsaved{}, err
	}
	return unsaved{old: old, token: tok, outcome: OutcomeGranted, accepted: true}, nil
}

// gap returns how long to wait before asking again.
func gap(err error) time.Duration {
	if errors.Is(err, errLoginRequired) {
		return maxGap
	}
	refusal, _ := errors.AsType[*Error](err)
	if refusal == nil {
		return attemptGap
	}
	return min(max(attemptGap, refusal.RetryAfter), maxGap)
}

// refresh refreshes old. An answer that was lost is asked for once more: the server may
// not have heard, or may give the same again. Others are kept from asking by the lease,
// without which they could have saved what they got.
func (r renewal) refresh(ctx context.Context, old *Token) (unsaved, error) {
	tok, err := r.options.Refresh(ctx, old)
	if _, leased := r.options.Store.(Locker); leased && lost(err) && sent(err) && ctx.Err() == nil {
		r.lost = old.digest()
		if held, errLoad := r.load(ctx); errLoad == nil && held.Same(old) {
			tok, err = r.options.Refresh(ctx, old)
		}
	}
	if err = r.classify(tok, err, old); err != nil {
		return unsaved{}, err
	}
	u := unsaved{old: old, token: tok, outcome: OutcomeRefreshed}
	if tok.RefreshToken() != old.RefreshToken() {
		u.outcome = OutcomeRotated
	}
	return u, nil
}

// classify says what err, of a request with the refresh token of old, if any, means.
func (r renewal) classify(tok *Token, err error, old *Token) error {
	refusal, refused := errors.AsType[*Error](err)
	_, unread := errors.AsType[*jose.CheckError](err)
	switch {
	case err == nil && tok == nil:
		return transient(errNoToken)
	case err == nil:
		return nil
	case refused && refusal.Code == "invalid_grant" && old != nil:
		outcome := OutcomeLoginRequired
		if old.digest() == r.lost {
			outcome = OutcomeReused
		}
		return &TokenError{outcome, err}
	case refused && !comeAgain(refusal):
		return fmt.Errorf("oauth2: no token: %w", err)
	case !refused && sent(err):
		r.lost = old.digest()
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
func (r renewal) accept(ctx context.Context, u *unsaved) error {
	if u.accepted || r.options.AcceptRefresh == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	if err := r.options.AcceptRefresh(ctx, u.old, u.token); err != nil {
		return fmt.Errorf("oauth2: the refreshed token is not accepted: %w", err)
	}
	u.accepted = true
	return nil
}

// save stores a token, if the store still has the one that it replaces.
func (r renewal) save(ctx context.Context, u unsaved) (saved bool, err error) {
	saved, err = r.swap(ctx, u.old, u.token)
	if saved && err == nil {
		return true, nil
	}
	// Who was not heard may have succeeded.
	held, errLoad := r.load(ctx)
	switch {
	case errLoad == nil && held.Same(u.token):
		return true, nil
	case errLoad == nil && !held.Same(u.old):
		return false, nil
	}
	return false, &SaveError{cmp.Or(err, errLoad, errKept), func() *Token { return u.token }}
}

// swap has the store swap, and tries again where that fails.
func (s *TokenSource) swap(ctx context.Context, old, tok *Token) (swapped bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause *= 5 {
		swapped, err = s.options.Store.Swap(ctx, s.options.Key, old, tok)
		if err == nil || pause > 3*time.Second || sleep(ctx, pause) != nil {
			return swapped, err
		}
	}
}

func (s *TokenSource) changed(ctx context.Context, change TokenChange) {
	for _, f := range s.options.Changed {
		f(ctx, change)
	}
}
