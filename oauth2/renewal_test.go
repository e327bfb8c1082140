package oauth2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/jose"
)

func dialing(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// An answer that was lost is asked for once more, under the lease, and never without.
func TestLostAnswer(t *testing.T) {
	for _, test := range []struct {
		name  string
		err   error
		again bool
	}{
		{"EOF", fmt.Errorf("exchange: %w", io.EOF), true},
		{"cut short", io.ErrUnexpectedEOF, true},
		{"reset", fmt.Errorf("exchange: %w", errReset), true},
		{"timeout", os.ErrDeadlineExceeded, true},
		{"timeout of a client", context.DeadlineExceeded, true},
		{"refused to connect", dialing(syscall.ECONNREFUSED), false},
		{"something else", errors.New("x"), false},
		{"a status", &Error{Status: 502}, false},
		{"unreadable", &jose.CheckError{Check: "json"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.fails = []error{test.err, nil}
				if test.again {
					r.want(t, "access 1")
					r.server.wantSent(t, "refresh old", "refresh old")
					r.wantChanges(t, "rotated: access old > access 1")
				} else if _, err := r.Token(t.Context()); !errors.Is(err, test.err) {
					t.Errorf("got %v", err)
				} else {
					r.server.wantSent(t, "refresh old")
				}
				r = newRig(t, -time.Second, withoutLease)
				r.server.fails = []error{test.err, nil}
				began := time.Now()
				_, err := r.Token(t.Context())
				if took := time.Since(began); !errors.Is(err, test.err) || took != 0 {
					t.Errorf("without a lease: %v, after %v", err, took)
				}
				r.server.wantSent(t, "refresh old")
			})
		})
	}
}

// It is asked for once more, not twice.
func TestLostTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.fails = []error{io.EOF, errReset, nil}
		if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
		r.server.wantSent(t, "refresh old", "refresh old")
		time.Sleep(time.Second)
		r.want(t, "access 1")
	})
}

// It is not asked for again if the store has another token, or cannot say.
func TestLostAndOvertaken(t *testing.T) {
	down := errors.New("down")
	for name, next := range map[string]string{"another": "access other", "none": "", "down": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.options.Refresh = func(ctx context.Context, tok *Token) (*Token, error) {
					r.server.refresh(ctx, tok)
					switch name {
					case "another":
						r.store.put(named("other", time.Hour))
					case "none":
						r.store.put(nil)
					default:
						r.store.onLoad = func(context.Context, int32) error { return down }
					}
					return nil, io.EOF
				}
				if tok, err := r.Token(t.Context()); err == nil && tok.AccessToken() != next {
					t.Errorf("got %q", tok.AccessToken())
				}
				r.server.wantSent(t, "refresh old")
				if name == "another" {
					r.want(t, next)
				}
				r.server.wantSent(t, "refresh old")
			})
		})
	}
}

// It is not asked for again once its time is over.
func TestLostByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = time.Hour
		began := time.Now()
		if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != askTimeout {
			t.Errorf("took %v", took)
		}
		r.server.wantSent(t, "refresh old")
	})
}

// A refresh token that is refused was used before if its answer was lost then, and not if
// it was never sent, or answered.
func TestReused(t *testing.T) {
	for _, test := range []struct {
		name     string
		lease    bool
		fails    []error
		want     Outcome
		attempts int
	}{
		{"never lost", true, nil, OutcomeLoginRequired, 1},
		{"lost a moment ago", true, []error{io.EOF}, OutcomeReused, 1},
		{"lost twice", true, []error{io.EOF, errReset}, OutcomeReused, 2},
		{"lost without a lease", false, []error{io.EOF}, OutcomeReused, 2},
		{"lost in an unknown way", true, []error{errors.New("x")}, OutcomeReused, 2},
		{"unreadable", true, []error{&jose.CheckError{Check: "json"}}, OutcomeReused, 2},
		{"busy", true, []error{&Error{Status: 503}}, OutcomeLoginRequired, 2},
		{"lost, then busy", false, []error{io.EOF, &Error{Status: 503}}, OutcomeReused, 3},
		{"not connected", true, []error{dialing(syscall.ECONNREFUSED)}, OutcomeLoginRequired, 2},
		{"connected too slowly", true, []error{dialing(os.ErrDeadlineExceeded)},
			OutcomeLoginRequired, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				if !test.lease {
					withoutLease(&r.options)
				}
				r.server.fails = append(slices.Clone(test.fails), invalidGrant())
				for range test.attempts - 1 {
					if _, err := r.Token(t.Context()); err == nil {
						t.Error("no error")
					}
					time.Sleep(time.Second)
				}
				err := r.wantFailure(t, test.want)
				if !errors.Is(err, &Error{Code: "invalid_grant"}) {
					t.Errorf("got %v", err)
				}
				if !errors.Is(err, &TokenError{Outcome: OutcomeLoginRequired}) {
					t.Errorf("%v is no login required", err)
				}
			})
		})
	}
}

// That an answer was lost is no matter once the token is another.
func TestReusedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.fails = []error{io.EOF, nil, invalidGrant()}
		r.want(t, "access 1")
		time.Sleep(2 * time.Hour)
		r.wantFailure(t, OutcomeLoginRequired)

		r = newRig(t, -time.Second, withoutLease)
		r.server.fails = []error{io.EOF, invalidGrant()}
		r.wantFailure(t, OutcomeTransient)
		r.store.put(named("other", -time.Second))
		r.wantFailure(t, OutcomeLoginRequired)
		r.server.wantSent(t, "refresh old", "refresh other")
	})
}

// A refresh token that was refused is not sent again for five minutes, unless the store has
// another token.
func TestRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.fails = []error{invalidGrant(), invalidGrant()}
		first := r.wantFailure(t, OutcomeLoginRequired)
		for range 10 {
			if again := r.wantFailure(t, OutcomeLoginRequired); again != first {
				t.Errorf("got %v", again)
			}
			time.Sleep(29999 * time.Millisecond)
		}
		r.server.wantSent(t, "refresh old")
		r.store.want(t, "access old")
		time.Sleep(time.Second)
		r.wantFailure(t, OutcomeLoginRequired)
		r.server.wantSent(t, "refresh old", "refresh old")
		r.store.put(named("other", -time.Second))
		r.want(t, "access 1")
		r.server.wantSent(t, "refresh old", "refresh old", "refresh other")
	})
}

// What passes is said to be transient, and is not asked for again too soon.
func TestTransient(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		gap  time.Duration
	}{
		{"503", &Error{Status: 503}, time.Second},
		{"500", &Error{Status: 500, Code: "invalid_request"}, time.Second},
		{"429", &Error{Status: 429}, time.Second},
		{"429, ten seconds", &Error{Status: 429, RetryAfter: 10 * time.Second}, 10 * time.Second},
		{"503, half a second", &Error{Status: 503, RetryAfter: time.Second / 2}, time.Second},
		{"503, an hour", &Error{Status: 503, RetryAfter: time.Hour}, 5 * time.Minute},
		{"code", &Error{Status: 400, Code: "temporarily_unavailable"}, time.Second},
		{"code of a server's fault", &Error{Status: 400, Code: "server_error"}, time.Second},
		{"dial", dialing(syscall.ECONNREFUSED), time.Second},
		{"unknown", errors.New("x"), time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.takes, r.server.fails = 2*time.Second, []error{test.err, nil}
				for range 3 {
					if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, test.err) {
						t.Errorf("got %v", err)
					}
				}
				time.Sleep(test.gap - 1)
				r.wantFailure(t, OutcomeTransient)
				r.server.wantSent(t, "refresh old")
				r.store.want(t, "access old")
				time.Sleep(1)
				r.want(t, "access 1")
				r.server.wantSent(t, "refresh old", "refresh old")
			})
		})
	}
}

// Another token in the store ends that at once, if it differs in one thing alone.
func TestTransientEnds(t *testing.T) {
	for sent, tok := range map[string]*Token{
		"refresh other": made("access old", "refresh other", time.Unix(1, 0)),
		"refresh old":   made("access other", "refresh old", time.Unix(1, 0)),
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, -time.Second)
			r.server.fails = []error{&Error{Status: 503, RetryAfter: time.Hour}, nil}
			r.wantFailure(t, OutcomeTransient)
			r.store.put(tok)
			r.want(t, "access 1")
			r.server.wantSent(t, "refresh old", sent)
		})
	}
}

// A refusal that is neither of the refresh token nor for now is returned as it is.
func TestOtherRefusals(t *testing.T) {
	for name, refusal := range map[string]error{
		"client":     &Error{Code: "invalid_client", Status: 401},
		"grant type": &Error{Code: "unsupported_grant_type", Status: 400},
		"no code":    &Error{Status: 404},
		"check":      &jose.CheckError{Check: "token_type", Need: "must be Bearer", Clause: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.fails = []error{refusal, nil}
				for range 2 {
					_, err := r.Token(t.Context())
					if _, ok := errors.AsType[*TokenError](err); ok || !errors.Is(err, refusal) {
						t.Errorf("got %v", err)
					}
					wantText(t, err, "oauth2: no token: ")
				}
				r.server.wantSent(t, "refresh old")
				time.Sleep(time.Second)
				r.want(t, "access 1")
			})
		})
	}
}

// A store that is down is a transient error that names it, and no longer than it is down.
func TestStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		for n := range int32(2) { // loads are before the lease, and under it
			r := newRig(t, -time.Second)
			r.store.onLoad = func(_ context.Context, nth int32) error {
				if nth == n+1 {
					return down
				}
				return nil
			}
			err := r.wantFailure(t, OutcomeTransient)
			wantText(t, err, "token store: down")
			if !errors.Is(err, down) {
				t.Errorf("got %v", err)
			}
			r.server.wantSent(t)
			r.want(t, "access 1")
		}
	})
}

// A lease that is not to be had is a transient error after the 30 seconds of a flight.
func TestLeaseNotHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		unlock, err := r.store.Lock(context.Background(), rigKey, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = r.wantFailure(t, OutcomeTransient)
		wantText(t, err, "lease: ")
		took := time.Since(began)
		if !errors.Is(err, context.DeadlineExceeded) || took != 30*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		r.server.wantSent(t)
		unlock()
		r.want(t, "access 1")
	})
}

// A token that lasts, though not for Leeway, serves while the lease is not to be had.
func TestLeaseNotHadWhileTokenLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2*time.Minute, func(o *TokenSourceOptions) { o.Leeway = 5 * time.Minute })
		unlock, err := r.store.Lock(t.Context(), rigKey, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		r.want(t, "access old")
		if tok, err := r.replace(t.Context(), r.held.Load().token); !errors.Is(err, errTransient) {
			t.Errorf("refused: %v, %v", tok, err)
		}
	})
}

// A lease that is had at the last moment is used: the flight's own time does not end what
// has its own.
func TestLeaseHadAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		unlock, err := r.store.Lock(t.Context(), rigKey, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(29500*time.Millisecond, unlock)
		r.options.Store = lockingStore{r.store, r.store.Lock}
		r.store.onLoad = func(_ context.Context, n int32) error {
			if n == 3 {
				time.Sleep(time.Second)
			}
			return nil
		}
		r.server.takes = 10 * time.Second
		r.want(t, "access 1")
	})
}

// What another has stored while a lease was waited for is served.
func TestOvertakenWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		unlock, err := r.store.Lock(context.Background(), rigKey, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() {
			r.store.put(named("other", time.Hour))
			unlock()
		})
		r.want(t, "access other")
		r.server.wantSent(t)
		r.wantChanges(t)
	})
}

// The lease lasts longer than all that is done under it.
func TestLeaseLife(t *testing.T) {
	if leaseLife != 25*time.Second {
		t.Errorf("a lease lasts %v", leaseLife)
	}
	synctest.Test(t, func(t *testing.T) {
		var life time.Duration
		r := newRig(t, -time.Second)
		r.options.Store = lockingStore{r.store, func(
			ctx context.Context, key TokenKey, l time.Duration) (func(), error) {
			life = l
			return r.store.Lock(ctx, key, l)
		}}
		r.want(t, "access 1")
		if life != leaseLife {
			t.Errorf("asked for %v", life)
		}
	})
}

type lockingStore struct {
	*testStore
	lock func(context.Context, TokenKey, time.Duration) (func(), error)
}

func (s lockingStore) Lock(
	ctx context.Context, key TokenKey, life time.Duration,
) (func(), error) {
	return s.lock(ctx, key, life)
}

// A lateStore answers late.
type lateStore struct {
	*testStore
	by time.Duration
}

func (s lateStore) Load(ctx context.Context, key TokenKey) (*Token, error) {
	tok, err := s.testStore.Load(ctx, key)
	time.Sleep(s.by)
	return tok, err
}

// The server is not asked when its answer might come after the lease.
func TestTooLateToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.options.Store = lateStore{r.store, 3 * time.Second}
		if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, errTooLate) {
			t.Errorf("got %v", err)
		}
		r.server.wantSent(t)
		r.options.Store = lateStore{r.store, 3*time.Second - 1}
		r.want(t, "access 1")
	})
}

// What another has stored during the refresh is served, and what the server gave dropped.
func TestLosesTheSwap(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, 5 * time.Second, 14 * time.Second} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.server.takes = takes
				time.AfterFunc(takes/2, func() { r.store.put(named("other", time.Hour)) })
				r.want(t, "access other")
				r.store.want(t, "access other")
				r.want(t, "access other")
				r.server.wantSent(t, "refresh old")
				r.wantChanges(t)
			})
		})
	}
}

// What another has stored is refreshed if it has expired.
func TestLosesTheSwapToAnExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = time.Second
		time.AfterFunc(time.Second/2, func() { r.store.put(named("other", -time.Second)) })
		r.want(t, "access 2")
		r.store.want(t, "access 2")
		r.server.wantSent(t, "refresh old", "refresh other")
		r.wantChanges(t, "rotated: access other > access 2")
	})
}

// A token that was removed during the refresh stays removed.
func TestRemovedDuringRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = time.Second
		time.AfterFunc(time.Second/2, func() { r.store.put(nil) })
		if err := r.wantFailure(t, OutcomeLoginRequired); !errors.Is(err, errNoToken) {
			t.Errorf("got %v", err)
		}
		r.store.want(t, "")
		r.wantChanges(t)
		r.wantFailure(t, OutcomeLoginRequired)
	})
}

// A store whose token is another each time is given up.
func TestChangesEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.store.onSwap = func(_ context.Context, n int32) error {
			r.store.put(named(fmt.Sprint("x", n), -time.Second))
			return nil
		}
		if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, errChanging) {
			t.Errorf("got %v", err)
		}
		r.server.wantSent(t, "refresh old", "refresh x1", "refresh x2", "refresh x3", "refresh x4")
	})
}

// A stubbornStore says that it holds another token, and does not.
type stubbornStore struct{ *testStore }

func (s stubbornStore) Swap(context.Context, TokenKey, *Token, *Token) (bool, error) {
	s.swaps.Add(1)
	return false, nil
}

func TestStoreKeepsTheOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.options.Store = stubbornStore{r.store}
		for range 3 {
			r.wantUnsaved(t, "access 1", errKept)
		}
		r.wantChanges(t)
		r.options.Store = r.store
		r.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
		r.wantChanges(t, "rotated: access old > access 1")
	})
}

// A Swap that fails is tried again after 100 ms, 500 ms and 2.5 s.
func TestSwapFails(t *testing.T) {
	down := errors.New("down")
	for n, took := range []time.Duration{0, 100 * time.Millisecond, 600 * time.Millisecond,
		3100 * time.Millisecond} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.store.onSwap = func(_ context.Context, nth int32) error {
					if int(nth) <= n {
						return down
					}
					return nil
				}
				began := time.Now()
				r.want(t, "access 1")
				if got := time.Since(began); got != took {
					t.Errorf("took %v, want %v", got, took)
				}
				r.store.want(t, "access 1")
				r.wantChanges(t, "rotated: access old > access 1")
			})
		})
	}
}

// A Swap that fails may have stored the token.
func TestSwapFailsAfterStoring(t *testing.T) {
	down := errors.New("down")
	for _, fails := range []int32{1, 100} {
		t.Run(fmt.Sprint(fails), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				r.store.swapped = func(n int32) error {
					if n <= fails {
						return down
					}
					return nil
				}
				r.want(t, "access 1")
				r.server.wantSent(t, "refresh old")
				r.wantChanges(t, "rotated: access old > access 1")
			})
		})
	}
}

// A token that cannot be saved is an error each time, is not asked for again, and is
// saved and served when the store is well.
func TestUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		r := newRig(t, -time.Second)
		r.store.onSwap = func(context.Context, int32) error { return full }
		for i := range int32(3) {
			began := time.Now()
			r.wantUnsaved(t, "access 1", full)
			if took := time.Since(began); took != 3100*time.Millisecond {
				t.Errorf("took %v", took)
			}
			if n := r.store.swaps.Load(); n != 4*(i+1) {
				t.Errorf("%d swaps", n)
			}
		}
		r.store.want(t, "access old")
		r.wantChanges(t)
		r.store.onSwap = nil
		r.want(t, "access 1")
		r.store.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
		r.wantChanges(t, "rotated: access old > access 1")
	})
}

// The store may go down altogether.
func TestUnsavedAndUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		r := newRig(t, -time.Second)
		r.store.onSwap = func(context.Context, int32) error {
			r.store.onLoad = func(context.Context, int32) error { return down }
			return down
		}
		r.wantUnsaved(t, "access 1", down)
		if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
		r.store.onLoad, r.store.onSwap = nil, nil
		r.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
	})
}

// A store that says that it holds another, and cannot be read then, is as one that is down.
func TestSwapLostAndUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		r := newRig(t, -time.Second)
		r.store.onLoad = func(_ context.Context, n int32) error {
			if n > 2 { // those before the lease, and under it
				return down
			}
			return nil
		}
		r.options.Store = stubbornStore{r.store}
		r.wantUnsaved(t, "access 1", down)
	})
}

// A token that was kept is refreshed by its own refresh token if it expires before it is
// saved.
func TestUnsavedExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		r := newRig(t, -time.Second)
		r.store.onSwap = func(context.Context, int32) error { return full }
		r.wantUnsaved(t, "access 1", full)
		time.Sleep(2 * time.Hour)
		r.wantUnsaved(t, "access 1", full)
		r.store.onSwap = nil
		r.want(t, "access 2")
		r.store.want(t, "access 2")
		r.server.wantSent(t, "refresh old", "refresh 1")
		r.wantChanges(t, "rotated: access old > access 1", "rotated: access 1 > access 2")
	})
}

// A token that was kept is dropped if the store has another by then.
func TestUnsavedIsOvertaken(t *testing.T) {
	for name, left := range map[string]time.Duration{"valid": time.Hour, "expired": -time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				full := errors.New("full")
				r := newRig(t, -time.Second)
				r.store.onSwap = func(context.Context, int32) error { return full }
				r.wantUnsaved(t, "access 1", full)
				r.store.put(named("other", left))
				r.store.onSwap = nil
				if left > 0 {
					r.want(t, "access other")
					r.server.wantSent(t, "refresh old")
					return
				}
				r.want(t, "access 2")
				r.server.wantSent(t, "refresh old", "refresh other")
			})
		})
	}
}

// A token that is not accepted is neither saved nor used, and is looked at again without
// asking the server.
func TestAcceptRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		strange := errors.New("of another user")
		var asked []string
		accept := func(_ context.Context, old, refreshed *Token) error {
			asked = append(asked, old.AccessToken()+" > "+refreshed.AccessToken())
			return strange
		}
		r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.AcceptRefresh = func(ctx context.Context, old, refreshed *Token) error {
				return accept(ctx, old, refreshed)
			}
		})
		for range 3 {
			tok, err := r.Token(t.Context())
			if tok != nil || !errors.Is(err, strange) {
				t.Errorf("got %v, %v", tok, err)
			}
			wantText(t, err, "the refreshed token is not accepted")
		}
		r.store.want(t, "access old")
		if n := r.store.swaps.Load(); n != 0 {
			t.Errorf("%d swaps", n)
		}
		r.wantChanges(t)
		accept = func(context.Context, *Token, *Token) error { return nil }
		r.want(t, "access 1")
		r.store.want(t, "access 1")
		r.server.wantSent(t, "refresh old")
		if !slices.Equal(asked, slices.Repeat([]string{"access old > access 1"}, 3)) {
			t.Errorf("asked %q", asked)
		}
	})
}

// What is not accepted is dropped when the store has another.
func TestNotAcceptedIsOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		strange := errors.New("of another user")
		r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.AcceptRefresh = func(_ context.Context, old, _ *Token) error {
				if old.AccessToken() == "access old" {
					return strange
				}
				return nil
			}
		})
		if _, err := r.Token(t.Context()); !errors.Is(err, strange) {
			t.Errorf("got %v", err)
		}
		r.store.put(named("other", -time.Second))
		r.want(t, "access 2")
		r.server.wantSent(t, "refresh old", "refresh other")
	})
}

// What was accepted is not asked about again while it waits to be saved.
func TestAcceptedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, full := 0, errors.New("full")
		r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.AcceptRefresh = func(context.Context, *Token, *Token) error {
				n++
				return nil
			}
		})
		r.store.onSwap = func(context.Context, int32) error { return full }
		r.wantUnsaved(t, "access 1", full)
		r.store.onSwap = nil
		r.want(t, "access 1")
		if n != 1 {
			t.Errorf("asked %d times", n)
		}
		time.Sleep(2 * time.Hour)
		r.want(t, "access 2")
		if n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
}

// A grant gets a token where there is none, or where it cannot be refreshed. Nobody is
// asked about that.
func TestGrant(t *testing.T) {
	for _, test := range []struct {
		name  string
		old   *Token
		fails []error
		sent  []string
	}{
		{"no token", nil, nil, []string{"grant"}},
		{"no refresh token", made("access old", "", time.Unix(1, 0)), nil, []string{"grant"}},
		{"a refresh token", made("access old", "refresh old", time.Unix(1, 0)), nil,
			[]string{"refresh old"}},
		{"one that is refused", made("access old", "refresh old", time.Unix(1, 0)),
			[]error{invalidGrant(), nil}, []string{"refresh old", "grant"}},
		{"one that is lost", made("access old", "refresh old", time.Unix(1, 0)),
			[]error{io.EOF, invalidGrant(), nil}, []string{"refresh old", "refresh old", "grant"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 0)
				r.options.Grant = r.server.grant
				r.options.AcceptRefresh = func(_ context.Context, _, tok *Token) error {
					if tok.RefreshToken() == "" {
						t.Error("asked about the grant's token")
					}
					return nil
				}
				r.store.put(test.old)
				r.server.fails = test.fails
				r.want(t, "access 1")
				r.store.want(t, "access 1")
				r.server.wantSent(t, test.sent...)
				outcome := "granted"
				if len(test.sent) == 1 && test.sent[0] == "refresh old" {
					outcome = "rotated"
				}
				r.wantChanges(t, outcome+": "+test.old.AccessToken()+" > access 1")
			})
		})
	}
}

// A grant is renewed as a token is refreshed: early, and again when it has expired.
func TestGrantIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.options.Grant = r.server.grant
		r.store.put(nil)
		r.want(t, "access 1")
		time.Sleep(58 * time.Minute)
		r.want(t, "access 2")
		time.Sleep(2 * time.Hour)
		r.want(t, "access 3")
		r.server.wantSent(t, "grant", "grant", "grant")
	})
}

// A grant that fails is not asked again too soon, and what it is refused is no reason to log
// in.
func TestGrantFails(t *testing.T) {
	for _, test := range []struct {
		err     error
		outcome Outcome // empty for none
	}{
		{&Error{Status: 503}, OutcomeTransient},
		{io.EOF, OutcomeTransient},
		{invalidGrant(), ""},
		{&Error{Code: "invalid_client", Status: 401}, ""},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 0)
				r.options.Grant = r.server.grant
				r.store.put(nil)
				r.server.fails = []error{test.err, nil}
				for range 2 {
					_, err := r.Token(t.Context())
					e, _ := errors.AsType[*TokenError](err)
					if !errors.Is(err, test.err) || (e != nil) != (test.outcome != "") ||
						e != nil && e.Outcome != test.outcome {
						t.Errorf("got %v", err)
					}
				}
				r.server.wantSent(t, "grant")
				time.Sleep(time.Second)
				r.want(t, "access 1")
			})
		})
	}
}

// A refresh token that is refused because another process has used it is no reason to log
// in: without a lease the other may need a moment to save what it got.
func TestOvertaken(t *testing.T) {
	for _, test := range []struct {
		name  string
		lease bool
		after time.Duration // when the other saves; negative is never
		took  time.Duration
		want  string
	}{
		{"at once", true, 0, 0, "access other"},
		{"later, under a lease", true, time.Second / 2, 0, ""},
		{"at once, without a lease", false, 0, 0, "access other"},
		{"later, without a lease", false, time.Second / 2, time.Second, "access other"},
		{"never, without a lease", false, -1, time.Second, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				if !test.lease {
					withoutLease(&r.options)
				}
				r.options.Refresh = func(context.Context, *Token) (*Token, error) {
					save := func() { r.store.put(named("other", time.Hour)) }
					if test.after == 0 {
						save()
					} else if test.after > 0 {
						time.AfterFunc(test.after, save)
					}
					return nil, invalidGrant()
				}
				began := time.Now()
				if test.want == "" {
					r.wantFailure(t, OutcomeLoginRequired)
				} else {
					r.want(t, test.want)
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				rest(time.Second)
			})
		})
	}
}

// A store that cannot say whether it was another process leaves the refusal as it is.
func TestOvertakenUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.fails = []error{invalidGrant()}
		r.store.onLoad = func(_ context.Context, n int32) error {
			if n > 3 {
				return errors.New("down")
			}
			return nil
		}
		r.wantFailure(t, OutcomeLoginRequired)
	})
}

// A token that was removed while its refresh token was refused is no token.
func TestOvertakenByRemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.options.Refresh = func(context.Context, *Token) (*Token, error) {
			r.store.put(nil)
			return nil, invalidGrant()
		}
		if err := r.wantFailure(t, OutcomeLoginRequired); !errors.Is(err, errNoToken) {
			t.Errorf("got %v", err)
		}
	})
}

// faults are what can go wrong where a source calls others, each by a function.
func faults(r *rig, fault func(ctx context.Context) error) map[string]func() {
	return map[string]func(){
		"Load": func() {
			r.store.onLoad = func(ctx context.Context, n int32) error {
				if n > 1 {
					return nil
				}
				return fault(ctx)
			}
		},
		"Load under the lease": func() {
			r.store.onLoad = func(ctx context.Context, n int32) error {
				if n != 2 {
					return nil
				}
				return fault(ctx)
			}
		},
		"Lock": func() {
			r.options.Store = lockingStore{r.store, func(
				ctx context.Context, _ TokenKey, _ time.Duration) (func(), error) {
				return nil, fault(ctx)
			}}
		},
		"Refresh": func() {
			r.options.Refresh = func(ctx context.Context, _ *Token) (*Token, error) {
				return nil, fault(ctx)
			}
		},
		"Grant": func() {
			r.store.put(nil)
			r.options.Grant = func(ctx context.Context) (*Token, error) { return nil, fault(ctx) }
		},
		"AcceptRefresh": func() {
			r.options.AcceptRefresh = func(ctx context.Context, _, _ *Token) error {
				return fault(ctx)
			}
		},
		"Swap": func() {
			r.store.onSwap = func(ctx context.Context, _ int32) error { return fault(ctx) }
		},
		"Changed": func() {
			r.options.Changed = append(r.options.Changed, func(ctx context.Context, _ TokenChange) {
				if err := fault(ctx); err != nil {
					return
				}
			})
		},
	}
}

// heal takes back what a fault has done.
func (r *rig) heal() {
	r.store.onLoad, r.store.onSwap = nil, nil
	r.options.Store, r.options.AcceptRefresh = r.store, nil
	r.options.Refresh, r.options.Changed = r.server.refresh, r.options.Changed[:1]
	if r.options.Grant != nil {
		r.options.Grant = r.server.grant
	}
}

// What panics is an error, and nothing is locked afterwards, nor what the server gave lost.
func TestPanics(t *testing.T) {
	for name := range faults(&rig{}, nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				faults(r, func(context.Context) error { panic("broken") })[name]()
				for range 2 {
					if tok, err := r.Token(t.Context()); (err == nil) != (tok != nil) {
						t.Errorf("got %v, %v", tok, err)
					}
				}
				if saved := name != "AcceptRefresh" && name != "Swap"; r.Unsaved() == saved {
					t.Errorf("unsaved: %t", r.Unsaved())
				}
				r.heal()
				time.Sleep(time.Second)
				r.want(t, "access 1")
				if r.Unsaved() {
					t.Error("unsaved still")
				}
				if len(r.server.sent) != 1 {
					t.Errorf("sent %q", r.server.sent)
				}
				if n := len(r.store.leases.held); n != 0 {
					t.Errorf("%d leases of the store are held", n)
				}
			})
		})
	}
}

// What hangs is given up in time, and is well afterwards.
func TestHangs(t *testing.T) {
	takes := map[string]time.Duration{
		"Load":                 3 * time.Second,
		"Load under the lease": 3 * time.Second,
		"Lock":                 30 * time.Second,
		"Refresh":              15 * time.Second,
		"Grant":                15 * time.Second,
		"AcceptRefresh":        3 * time.Second,
		"Swap":                 4 * time.Second,
	}
	for name, want := range takes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, -time.Second)
				faults(r, func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				})[name]()
				began := time.Now()
				tok, err := r.Token(t.Context())
				if tok != nil || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, %v", tok, err)
				}
				if took := time.Since(began); took != want {
					t.Errorf("took %v, want %v", took, want)
				}
				r.heal()
				time.Sleep(time.Second)
				r.want(t, "access 1")
			})
		})
	}
}

// A function that returns neither a token nor an error has nothing of the store's removed.
func TestNeitherTokenNorError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.options.Refresh = func(context.Context, *Token) (*Token, error) { return nil, nil }
		if tok, err := r.Token(t.Context()); tok != nil || err == nil {
			t.Errorf("got %v, %v", tok, err)
		}
		r.store.want(t, "access old")
		r.options.Grant = func(context.Context) (*Token, error) { return nil, nil }
		r.store.put(nil)
		if tok, err := r.Token(t.Context()); tok != nil || err == nil {
			t.Errorf("grant: got %v, %v", tok, err)
		}
	})
}

// A tokenEndpoint answers in memory, and keeps the forms that it is sent.
type tokenEndpoint struct {
	mu     sync.Mutex
	forms  []url.Values
	answer func(form url.Values) (status int, body string)
}

func (e *tokenEndpoint) RoundTrip(req *http.Request) (*http.Response, error) {
	form, err := url.ParseQuery(readAll(req))
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forms = append(e.forms, form)
	w := httptest.NewRecorder()
	status, body := e.answer(form)
	answerJSON(status, body)(w, req)
	return w.Result(), nil
}

// client returns a client of the endpoint that goes by the clock of the bubble.
func (e *tokenEndpoint) client(t *testing.T) *Client {
	t.Helper()
	config := configAt("https://as.example")
	config.Now, config.HTTP = nil, &http.Client{Transport: e}
	return newClient(t, config)
}

// bare answers without a refresh token.
func bare(url.Values) (int, string) {
	return 200, `{"access_token":"fresh","token_type":"Bearer","expires_in":3600}`
}

// updating returns a store of functions over a token, which notes what update_token gets.
func updating(tok *Token, err error) (CallbackStore, *[]string) {
	var under MemoryStore
	under.Swap(context.Background(), TokenKey{}, nil, tok)
	var updates []string
	return CallbackStore{
		FetchToken: under.Load,
		UpdateToken: func(ctx context.Context, key TokenKey, old, fresh *Token) error {
			updates = append(updates, fmt.Sprintf("%s %s > %s %s", old.AccessToken(),
				old.RefreshToken(), fresh.AccessToken(), fresh.RefreshToken()))
			if err == nil {
				under.Swap(ctx, key, old, fresh)
			}
			return err
		},
	}, &updates
}

// The cases of Authlib's client that are of refreshing tokens.
func TestAuthlibTokenSource(t *testing.T) {
	rows := []authlibRow{
		{"row 66", authlibRow66}, {"row 67", authlibRow67}, {"row 68", authlibRow68},
		{"row 69", authlibRow69}, {"row 70", authlibRow70}, {"row 71", authlibRow71},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { synctest.Test(t, row.test) })
	}
}

// The old refresh token is kept where none comes back, a scope is sent again if one says
// so, and the callback gets the old refresh token.
func authlibRow66(t *testing.T) {
	endpoint := &tokenEndpoint{answer: bare}
	c := endpoint.client(t)
	for _, resend := range []bool{false, true} {
		tok := named("old", -time.Second)
		tok.Scopes = []string{"read", "write"}
		store, updates := updating(tok, nil)
		o := TokenSourceOptions{Store: store}
		if resend {
			o.Refresh = func(ctx context.Context, tok *Token) (*Token, error) {
				return c.Refresh(ctx, tok, TokenOptions{Scopes: tok.Scopes})
			}
		}
		got, err := newSource(t, c, o).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.RefreshToken() != "refresh old" || !slices.Equal(got.Scopes, tok.Scopes) {
			t.Errorf("got %q and %q", got.RefreshToken(), got.Scopes)
		}
		want := []string{"access old refresh old > fresh refresh old"}
		if !slices.Equal(*updates, want) {
			t.Errorf("updated %q", *updates)
		}
	}
	for i, want := range []string{
		"grant_type=refresh_token&refresh_token=refresh+old",
		"grant_type=refresh_token&refresh_token=refresh+old&scope=read+write",
	} {
		if got := endpoint.forms[i].Encode(); got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
}

// A token of the client itself is got again, and the callback gets the old access token.
func authlibRow67(t *testing.T) {
	endpoint := &tokenEndpoint{answer: bare}
	c := endpoint.client(t)
	store, updates := updating(made("old", "", time.Now()), nil)
	src := newSource(t, c, TokenSourceOptions{Store: store,
		Grant: func(ctx context.Context) (*Token, error) {
			return c.ClientCredentials(ctx, TokenOptions{Scopes: []string{"x"}})
		}})
	want(t, src, "fresh")
	if got := endpoint.forms[0].Encode(); got != "grant_type=client_credentials&scope=x" {
		t.Errorf("sent %q", got)
	}
	if !slices.Equal(*updates, []string{"old  > fresh "}) {
		t.Errorf("updated %q", *updates)
	}
}

// Expired, and without a refresh token or without an endpoint.
func authlibRow68(t *testing.T) {
	endpoint := &tokenEndpoint{answer: bare}
	store, updates := updating(made("old", "", time.Now()), nil)
	_, err := newSource(t, endpoint.client(t), TokenSourceOptions{Store: store}).Token(t.Context())
	if !errors.Is(err, &TokenError{Outcome: OutcomeLoginRequired}) {
		t.Errorf("without a refresh token: %v", err)
	}
	config := configAt("https://as.example")
	config.Now, config.HTTP = nil, &http.Client{Transport: endpoint}
	config.Server.TokenEndpoint = ""
	store, _ = updating(named("old", 0), nil)
	_, err = newSource(t, newClient(t, config), TokenSourceOptions{Store: store}).Token(t.Context())
	wantCheck(t, err, "token_endpoint", "RFC 6749, Section 3.2")
	if len(endpoint.forms) > 0 || len(*updates) > 0 {
		t.Errorf("sent %q, updated %q", endpoint.forms, *updates)
	}
}

// Ten who ask, one refresh, one callback.
func authlibRow69(t *testing.T) {
	endpoint := &tokenEndpoint{answer: bare}
	store, updates := updating(named("old", 0), nil)
	src := newSource(t, endpoint.client(t), TokenSourceOptions{Store: store})
	if got := tokens(t, 10, src); !slices.Equal(got, []string{"fresh"}) {
		t.Errorf("got %q", got)
	}
	if len(endpoint.forms) != 1 || len(*updates) != 1 {
		t.Errorf("sent %q, updated %q", endpoint.forms, *updates)
	}
}

// The error of the callback surfaces, and has the token for who asks it.
func authlibRow70(t *testing.T) {
	endpoint := &tokenEndpoint{answer: func(url.Values) (int, string) {
		return 200, strings.ReplaceAll(goodToken, `"a"`, `"`+canary+`"`)
	}}
	full := errors.New("disk full")
	store, _ := updating(named("old", 0), full)
	src := newSource(t, endpoint.client(t), TokenSourceOptions{Store: store})
	tok, err := src.Token(t.Context())
	e, ok := errors.AsType[*SaveError](err)
	if tok != nil || !ok || !errors.Is(err, full) || e.Token().AccessToken() != canary {
		t.Fatalf("got %v, %v", tok, err)
	}
	wantText(t, err, "disk full")
	for how, v := range wrapped(err) {
		mustNotShow(t, how, v)
	}
	for how, v := range wrapped(*e) {
		mustNotShow(t, how, v)
	}
}

// Ten seconds are not enough for a leeway of 15, and for one of 5 they are.
func authlibRow71(t *testing.T) {
	for leeway, access := range map[time.Duration]string{
		15 * time.Second: "fresh", 5 * time.Second: "access old",
	} {
		endpoint := &tokenEndpoint{answer: bare}
		store, _ := updating(named("old", 10*time.Second), nil)
		src := newSource(t, endpoint.client(t), TokenSourceOptions{Store: store, Leeway: leeway})
		want(t, src, access)
	}
}

// Over a real connection: an answer that never came is asked for again under a lease alone.
func TestLostConnection(t *testing.T) {
	for _, leased := range []bool{true, false} {
		asked := 0
		c, s := clientWith(t, func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == 1 {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				conn.Close()
				return
			}
			answerJSON(200, goodToken)(w, r)
		})
		store := new(MemoryStore)
		store.Swap(t.Context(), TokenKey{}, nil, made("old", "refresh old", start))
		o := TokenSourceOptions{Store: store}
		if !leased {
			withoutLease(&o)
		}
		src := newSource(t, c, o)
		tok, err := src.Token(t.Context())
		if leased && (err != nil || tok.AccessToken() != "a") {
			t.Errorf("got %v, %v", tok, err)
		}
		if !leased && !errors.Is(err, &TokenError{Outcome: OutcomeTransient}) {
			t.Errorf("without a lease: %v, %v", tok, err)
		}
		if n := len(s.requests()); leased && n != 2 || !leased && n != 1 {
			t.Errorf("leased %t: %d requests", leased, n)
		}
	}
}

// What a real server's answers mean.
func TestServersAnswers(t *testing.T) {
	for _, test := range []struct {
		name       string
		status     int
		retryAfter string
		body       string
		want       Outcome // empty for none
	}{
		{"refused", 400, "", `{"error":"invalid_grant"}`, OutcomeLoginRequired},
		{"refused with 200", 200, "", `{"error":"invalid_grant"}`, OutcomeLoginRequired},
		{"busy", 503, "20", `{"error":"temporarily_unavailable"}`, OutcomeTransient},
		{"busy, in HTML", 503, "20", `<html>`, OutcomeTransient},
		{"too many", 429, "20", `{}`, OutcomeTransient},
		{"client", 401, "", `{"error":"invalid_client"}`, ""},
		{"no token", 200, "", `{}`, ""},
		{"no JSON", 200, "", `<html>`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := clientWith(t, func(w http.ResponseWriter, r *http.Request) {
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				answerJSON(test.status, test.body)(w, r)
			})
			src := newSource(t, c, TokenSourceOptions{})
			old := made("", "refresh old", time.Time{})
			src.options.Store.Swap(t.Context(), TokenKey{}, nil, old)
			for range 2 {
				_, err := src.Token(t.Context())
				e, _ := errors.AsType[*TokenError](err)
				if err == nil || (e == nil) != (test.want == "") ||
					e != nil && e.Outcome != test.want {
					t.Errorf("got %v", err)
				}
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
			next := src.renewal.next
			if test.retryAfter != "" && next != start.Add(20*time.Second) {
				t.Errorf("asked again at %v", next)
			}
		})
	}
}

// A token that replaced another and could not be saved is saved before anything else, and
// the old one not handed out again: one caller was early, or a resource had refused it.
func TestUnsavedWhileTheOldLasts(t *testing.T) {
	full := errors.New("full")
	for name, begin := range map[string]func(r *rig) error{
		"early": func(r *rig) error {
			_, err := r.Token(context.Background())
			return err
		},
		"forced": func(r *rig) error {
			_, err := r.replace(context.Background(), r.held.Load().token)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := early(t)
				r.store.onSwap = func(context.Context, int32) error { return full }
				if err := begin(r); !isUnsaved(err) {
					t.Errorf("got %v", err)
				}
				r.wantUnsaved(t, "access 1", full)
				r.heal()
				r.want(t, "access 1")
				r.store.want(t, "access 1")
				r.server.wantSent(t, "refresh old")
			})
		})
	}
}

// It is not handed out either while the lease is not to be had, as on a disk that is full.
func TestUnsavedWithoutLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, full := early(t), errors.New("full")
		r.store.onSwap = func(context.Context, int32) error { return full }
		r.wantUnsaved(t, "access 1", full)
		r.options.Store = lockingStore{r.store, func(
			context.Context, TokenKey, time.Duration) (func(), error) {
			return nil, full
		}}
		for range 2 {
			if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, full) {
				t.Errorf("got %v", err)
			}
		}
		r.heal()
		r.want(t, "access 1")
	})
}

// The same tokens with a later end are to be saved as others are.
func TestSameTokensUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.Refresh = func(context.Context, *Token) (*Token, error) {
				return named("old", time.Hour), nil
			}
		})
		r.store.onSwap = func(context.Context, int32) error { return down }
		r.wantUnsaved(t, "access old", down)
		r.wantChanges(t)
		r.store.onSwap = nil
		r.want(t, "access old")
		if tok, _ := r.store.Load(t.Context(), rigKey); tok.Expired(time.Now()) {
			t.Errorf("the store's has ended")
		}
		r.wantChanges(t, "refreshed: access old > access old")
	})
}

// What panics is asked again a second later, as what fails.
func TestPanicsAreAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, outcome := range []string{"Refresh", "Grant"} {
			r, n := newRig(t, -time.Second), 0
			faults(r, func(context.Context) error { n++; panic("broken") })[outcome]()
			if _, err := r.Token(t.Context()); err == nil {
				t.Error("no error")
			}
			for range 100 {
				if err := r.wantFailure(t, OutcomeTransient); !errors.Is(err, errUnended) {
					t.Errorf("got %v", err)
				}
			}
			time.Sleep(time.Second)
			if _, err := r.Token(t.Context()); err == nil || n != 2 {
				t.Errorf("%s: asked %d times, %v", outcome, n, err)
			}
		}
	})
}

// A failure is forgotten when the clock, which was a day ahead then, is put right.
func TestClockPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := 24 * time.Hour
		r := newRig(t, -time.Second)
		config := configAt("https://as.example")
		config.Now = func() time.Time { return time.Now().Add(ahead) }
		r.client = newClient(t, config)
		r.server.fails = []error{&Error{Status: 503}, nil}
		r.wantFailure(t, OutcomeTransient)
		r.wantFailure(t, OutcomeTransient)
		ahead = 0
		r.want(t, "access 1")
	})
}
