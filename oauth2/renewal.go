package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"vouchsafe/internal/digest"
	"vouchsafe/internal/wait"
	"vouchsafe/jose"
)

// A renewal is what is to be remembered from one attempt to get a new token to the next.
// The flight guards it.
type renewal struct {
	unsaved unsaved       // what the server has given
	unheard string        // the digest of a token for which no answer came
	asked   string        // that of the token last to be replaced, or of what replaced it
	failure error         // how that ended; nil if it did not fail
	next    time.Time     // when the server may be asked to replace that token
	forced  time.Time     // when a token was last replaced because a resource refused it
	pause   time.Duration // from then to the next
	until   time.Time     // when it is too late to ask, by the clock of the lease
	stored  *Token        // what the store had last
}

// An unsaved is a token that is not in the store yet. Without a token it is none.
type unsaved struct {
	old, token *Token
	outcome    Outcome
	accepted   bool
}

// How long the steps of an attempt take at most, so that the lease lasts longer.
const (
	loadTimeout = 3 * time.Second // for all that comes before asking
	askTimeout  = 15 * time.Second
	callTimeout = 3 * time.Second // of AcceptRefresh, and of Changed
	saveTimeout = 4 * time.Second
	leaseLife   = loadTimeout + askTimeout + callTimeout + saveTimeout
)

const (
	maxRounds = 5               // of looking into a store that others change
	maxGap    = 5 * time.Minute // between two attempts, whatever a server says
)

var (
	errChanging = errors.New("the store's token changed each time")
	errTooSoon  = errors.New("a token was refreshed a moment ago")
	errNothing  = errors.New("the server gave no access token")
	errNoToken  = errors.New("there is no token")
	errExpired  = errors.New("there is no access token that is good, and no refresh token")
	errForeign  = errors.New("the token is another client's, or another server's")
	errKept     = errors.New("the store keeps the old token")
	errTooLate  = errors.New("the store takes too long")
	errUnended  = errors.New("the last attempt did not end")
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
	return digest.Of(t.AccessToken(), t.RefreshToken())
}

// renew returns the store's token if that will do, and gets another otherwise.
func (s *TokenSource) renew(ctx context.Context, n need) (*Token, error) {
	tok, done, err := s.look(ctx, n)
	if done {
		return tok, err
	}
	unlock, err := s.lock(ctx, s.alive(tok, n.other))
	if err != nil && s.renewal.unsaved.token == nil && s.alive(tok, n.other) {
		return tok, nil
	}
	if err != nil {
		return nil, transient(fmt.Errorf("lease: %w", err))
	}
	defer unlock()
	s.renewal.until = time.Now().Add(loadTimeout)
	ctx = context.WithoutCancel(ctx) // what has begun is ended
	for range maxRounds {
		tok, done, err := s.look(ctx, n)
		if done {
			return tok, err
		}
		renewed, err := s.attempt(ctx, tok, n)
		if err != nil && !isUnsaved(err) && s.alive(tok, n.other) {
			return tok, nil
		}
		if renewed != nil || err != nil {
			return renewed, err
		}
	}
	return nil, transient(errChanging)
}

// lock takes the lease, where the store has leases, and waits no longer for it than one who
// has a good token would.
func (s *TokenSource) lock(ctx context.Context, good bool) (unlock func(), err error) {
	if good {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	if l, ok := s.options.Store.(Locker); ok {
		return l.Lock(ctx, s.options.Key, leaseLife)
	}
	return func() {}, nil
}

// look returns the store's token, and whether that, or an error, is the end of it.
func (s *TokenSource) look(ctx context.Context, n need) (tok *Token, done bool, err error) {
	tok, err = s.load(ctx)
	if err != nil {
		return nil, true, err
	}
	s.renewal.stored = tok
	if !s.renewal.unsaved.old.Same(tok) || s.hopeless() {
		s.renewal.unsaved = unsaved{} // who has changed the store knew better
	}
	if s.renewal.unsaved.token != nil {
		return tok, false, nil
	}
	alive := s.alive(tok, n.other)
	if err = s.cannotAsk(tok, n); alive && (err != nil || s.lasts(tok)) {
		return tok, true, nil
	}
	if err != nil {
		return nil, true, err
	}
	return tok, false, nil
}

// hopeless reports whether a token has ended without ever being accepted: what its ID Token
// says is too old now to be.
func (s *TokenSource) hopeless() bool {
	u := s.renewal.unsaved
	return u.token != nil && !u.accepted && s.options.AcceptRefresh != nil &&
		u.token.Expired(s.client.config.Now())
}

// cannotAsk returns why the server cannot be asked to replace tok, nil if it can.
func (s *TokenSource) cannotAsk(tok *Token, n need) error {
	switch {
	case tok.digest() == s.renewal.asked && s.notYet(s.renewal.next):
		return cmp.Or(s.renewal.failure, transient(errTooSoon))
	case n.refused && s.notYet(s.renewal.forced.Add(s.renewal.pause)):
		return transient(errTooSoon)
	case s.options.Grant != nil || tok.RefreshToken() != "" && s.client.owns(tok):
		return nil
	case tok == nil:
		return loginRequired(errNoToken)
	case !s.client.owns(tok):
		return loginRequired(errForeign)
	default:
		return loginRequired(errExpired)
	}
}

// notYet reports whether a time is still to come, and not only because the clock was wrong
// when it was set.
func (s *TokenSource) notYet(t time.Time) bool {
	left := t.Sub(s.client.config.Now())
	return 0 < left && left <= maxGap
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
	return tok.isBearer() && s.client.owns(tok) && !tok.Expired(s.client.config.Now()) &&
		tok.AccessToken() != before.AccessToken() &&
		tok.AccessToken() != s.dead.Load().AccessToken()
}

// lasts reports whether tok will be good for the leeway longer.
func (s *TokenSource) lasts(tok *Token) bool {
	return !tok.Expired(s.client.config.Now().Add(s.leeway(tok)))
}

// leeway returns Leeway, or half the life that tok was given.
func (s *TokenSource) leeway(tok *Token) time.Duration {
	if tok.life > 0 {
		return min(s.options.Leeway, tok.life/2)
	}
	return s.options.Leeway
}

// attempt gets a token in place of old and saves it. Without token and error it is the
// store that is to be looked at again.
func (s *TokenSource) attempt(ctx context.Context, old *Token, n need) (*Token, error) {
	asked := s.renewal.unsaved.token == nil
	if asked {
		var err error
		if s.renewal.unsaved, err = s.ask(ctx, old, n); err != nil {
			if s.overtaken(ctx, old, err) {
				err = nil
			}
			return nil, err
		}
	}
	if err := s.accept(ctx); err != nil {
		return nil, err
	}
	u := s.renewal.unsaved
	saved, err := s.save(ctx, u)
	if err != nil {
		return nil, err
	}
	s.renewal.unsaved = unsaved{}
	if saved {
		s.changed(ctx, TokenChange{s.options.Key, u.old, u.token, u.outcome})
	}
	if !saved || !asked { // that of an earlier attempt may have expired
		return nil, nil
	}
	return u.token, nil
}

// overtaken reports whether the refresh token of old was refused because another process
// has used it. One that has no lease to wait for may not have saved what it got yet.
func (s *TokenSource) overtaken(ctx context.Context, old *Token, err error) bool {
	if !errors.Is(err, errLoginRequired) {
		return false
	}
	tok, err := s.load(ctx)
	if _, leased := s.options.Store.(Locker); !leased && err == nil && tok.Same(old) {
		wait.For(ctx, time.Second)
		tok, err = s.load(ctx)
	}
	return err == nil && !tok.Same(old)
}

// ask asks the server for a token in place of old.
func (s *TokenSource) ask(ctx context.Context, old *Token, n need) (u unsaved, err error) {
	if !time.Now().Before(s.renewal.until) { // the answer would come after the lease
		return unsaved{}, transient(errTooLate)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	now := s.client.config.Now()
	s.renewal.asked, s.renewal.next = old.digest(), now.Add(attemptGap)
	s.renewal.failure = transient(errUnended)
	u, err = s.obtain(ctx, old)
	now = s.client.config.Now()
	s.renewal.failure, s.renewal.next = err, now.Add(gap(err))
	if err != nil {
		return unsaved{}, err
	}
	if !s.client.owns(u.token) { // a function of the caller's asked for it as another client
		u.token = s.client.adopt(u.token)
	}
	s.renewal.asked, s.renewal.unheard = u.token.digest(), ""
	if n.refused {
		s.noteForced(now)
	}
	return u, nil
}

// noteForced has the next token that a resource refuses wait twice as long as the last, for
// it may refuse every one.
func (s *TokenSource) noteForced(now time.Time) {
	s.renewal.pause = min(2*s.renewal.pause, maxGap)
	if now.Sub(s.renewal.forced).Abs() > max(2*s.renewal.pause, time.Minute) {
		s.renewal.pause = attemptGap
	}
	s.renewal.forced = now
}

// obtain gets a token by the refresh token of old, or else by the grant.
func (s *TokenSource) obtain(ctx context.Context, old *Token) (u unsaved, err error) {
	if old.RefreshToken() != "" && s.client.owns(old) {
		u, err = s.refresh(ctx, old)
		if s.options.Grant == nil || !errors.Is(err, errLoginRequired) {
			return u, err
		}
	}
	tok, err := s.options.Grant(ctx)
	if err = s.classify(tok, err, nil); err != nil {
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
func (s *TokenSource) refresh(ctx context.Context, old *Token) (unsaved, error) {
	tok, err := s.options.Refresh(ctx, old)
	if _, leased := s.options.Store.(Locker); leased && lost(err) && sent(err) && ctx.Err() == nil {
		s.renewal.unheard = old.digest()
		if held, errLoad := s.load(ctx); errLoad == nil && held.Same(old) {
			tok, err = s.options.Refresh(ctx, old)
		}
	}
	if err = s.classify(tok, err, old); err != nil {
		return unsaved{}, err
	}
	u := unsaved{old: old, token: tok, outcome: OutcomeRefreshed}
	if tok.RefreshToken() != old.RefreshToken() {
		u.outcome = OutcomeRotated
	}
	return u, nil
}

// classify says what err, of a request with the refresh token of old, if any, means.
func (s *TokenSource) classify(tok *Token, err error, old *Token) error {
	if err == nil && tok.AccessToken() != "" && !tok.isBearer() {
		err = checkError("token_type", "must be Bearer", "RFC 6749, Section 7.1")
	}
	refusal, refused := errors.AsType[*Error](err)
	_, unread := errors.AsType[*jose.CheckError](err)
	switch {
	case err == nil && tok.AccessToken() == "":
		return transient(errNothing)
	case err == nil:
		return nil
	case refused && refusal.Code == "invalid_grant" && old != nil:
		outcome := OutcomeLoginRequired
		if old.digest() == s.renewal.unheard {
			outcome = OutcomeReused
		}
		return &TokenError{outcome, err}
	case refused && !comeAgain(refusal):
		return fmt.Errorf("oauth2: no token: %w", err)
	case !refused && sent(err) && old != nil:
		s.renewal.unheard = old.digest()
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
func (s *TokenSource) accept(ctx context.Context) error {
	u := &s.renewal.unsaved
	if u.accepted || s.options.AcceptRefresh == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := s.options.AcceptRefresh(ctx, u.old, u.token); err != nil {
		return fmt.Errorf("oauth2: the refreshed token is not accepted: %w", err)
	}
	u.accepted = true
	return nil
}

// save stores a token, if the store still has the one that it replaces.
func (s *TokenSource) save(ctx context.Context, u unsaved) (saved bool, err error) {
	saved, err = s.swap(ctx, u.old, u.token)
	if saved && err == nil {
		return true, nil
	}
	// Who was not heard may have succeeded.
	held, errLoad := s.load(ctx)
	switch {
	case errLoad == nil && held.Same(u.token) && !held.Same(u.old):
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
		if err == nil || pause > 3*time.Second || wait.For(ctx, pause) != nil {
			return swapped, err
		}
	}
}

func (s *TokenSource) changed(ctx context.Context, change TokenChange) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, f := range s.options.Changed {
		f(ctx, change)
	}
}
