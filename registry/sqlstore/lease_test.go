package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/oauth2"
)

// inBubble runs a test with a memory in a bubble in which time is not waited for.
func inBubble(t *testing.T, test func(t *testing.T, m *memory, s *Store)) {
	t.Helper()
	rand.Read(make([]byte, 1)) // FIPS 140 mode is seeded by the time that passes outside
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		test(t, m, m.store(t))
	})
}

func locked(t *testing.T, s *Store, life time.Duration) (unlock func()) {
	t.Helper()
	unlock, err := s.Lock(t.Context(), aKey, life)
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

// abandoned leaves a lease of a process that was killed, which has ended.
func abandoned(t *testing.T, s *Store) {
	t.Helper()
	locked(t, s, time.Second)
	time.Sleep(3 * time.Second)
}

// A lease lasts as long as was asked for, and less than two seconds and a pause longer.
func TestLeaseLife(t *testing.T) {
	tests := []struct{ life, least time.Duration }{
		{-time.Hour, time.Second},
		{0, time.Second},
		{1, time.Second},
		{time.Second - 1, time.Second},
		{time.Second, time.Second},
		{time.Second + 1, 2 * time.Second},
		{25 * time.Second, 25 * time.Second},
	}
	for _, test := range tests {
		for _, into := range []time.Duration{0, time.Second / 2, time.Second - 1} {
			inBubble(t, func(t *testing.T, m *memory, s *Store) {
				time.Sleep(into) // into a second
				start := time.Now()
				locked(t, s, test.life)
				locked(t, s, time.Minute)
				lasted := time.Since(start)
				if lasted < test.least || lasted > test.least+2*time.Second+maxWait {
					t.Errorf("%v: lasted %v", test.life, lasted)
				}
			})
		}
	}
}

// The clock is the database's, whatever that of the process says.
func TestLeaseClock(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		m.clock = func() time.Time { return time.Unix(1000, 0) }
		locked(t, s, time.Minute)
		if row := m.only(t); row["expires_at"] != int64(1061) {
			t.Errorf("got %v", row)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := s.Lock(ctx, aKey, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		m.clock = func() time.Time { return time.Unix(1062, 0) }
		locked(t, s, time.Minute)
	})
}

// A lease of which the database was long in telling is not used: it is given back, and taken
// anew for another holder, with its life before it.
func TestLeaseLate(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		for _, test := range []struct {
			late time.Duration
			want string
		}{
			{time.Second, "SELECT INSERT"},
			{time.Second + 1, "SELECT INSERT DELETE SELECT INSERT"},
		} {
			m.fault = func(_ context.Context, n int, done bool) error {
				if n == 1 && done {
					time.Sleep(test.late)
				}
				return nil
			}
			m.did()
			unlock := locked(t, s, 5*time.Second)
			if did := m.did(); did != test.want {
				t.Errorf("%v late: did %s", test.late, did)
			}
			unlock()
		}
	})
}

// Who waits asks soon, then more rarely, and never at the same intervals.
func TestLeaseWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		locked(t, s, time.Hour)
		var asked []time.Time
		m.fault = func(_ context.Context, _ int, done bool) error {
			if done {
				asked = append(asked, time.Now())
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		m.did()
		if _, err := s.Lock(ctx, aKey, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if did := m.did(); strings.Trim(did, "SELECT ") != "" {
			t.Errorf("did %s", did)
		}
		most, intervals := 20*time.Millisecond, map[time.Duration]bool{}
		for i := range asked[1:] {
			waited := asked[i+1].Sub(asked[i])
			if waited < most/2 || waited > most {
				t.Errorf("waited %v, at most %v", waited, most)
			}
			intervals[waited] = true
			most = min(2*most, 250*time.Millisecond)
		}
		if len(asked) < 200 || len(intervals) < 100 {
			t.Errorf("asked %d times, at %d intervals", len(asked), len(intervals))
		}
	})
}

// Who waits is told why its context ended, at once, and has nothing to give back.
func TestLeaseContext(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		gone := errors.New("gone")
		unlock := locked(t, s, time.Hour)
		m.did()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(minWait/4, func() { cancel(gone) })
		start := time.Now()
		u, err := s.Lock(ctx, aKey, time.Minute)
		if u != nil || err != gone || time.Since(start) != minWait/4 || m.did() != "SELECT" {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if u, err := s.Lock(ctx, aKey, time.Minute); u != nil || err != gone {
			t.Errorf("ended before: got %v", err)
		}
		unlock()
		locked(t, s, time.Hour)()
	})
}

// Of a lease that was taken when the answer was lost nobody is kept.
func TestLeaseAnswerLost(t *testing.T) {
	for _, first := range []bool{true, false} {
		for _, ended := range []bool{true, false} {
			inBubble(t, func(t *testing.T, m *memory, s *Store) {
				if !first {
					abandoned(t, s)
				}
				m.did()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				m.fault = func(ctx context.Context, n int, done bool) error {
					switch {
					case n == 1 && done:
						if ended {
							cancel()
						}
						return errFault
					case n == 2 && !ended && !done:
						return errFault
					}
					return nil
				}
				want := errFault
				if ended {
					want = context.Canceled
				}
				if u, err := s.Lock(ctx, aKey, time.Hour); u != nil || !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
				m.fault = nil
				start := time.Now()
				locked(t, s, time.Hour)
				if waited := time.Since(start); waited != 0 {
					t.Errorf("waited %v", waited)
				}
			})
		}
	}
}

// An answer that is lost is no error if the row shows that the lease was taken.
func TestLeaseTakenAllTheSame(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		m.fault = func(_ context.Context, n int, done bool) error {
			if n == 1 && done {
				return errFault
			}
			return nil
		}
		unlock := locked(t, s, time.Hour)
		if did := m.did(); did != "SELECT INSERT SELECT" {
			t.Errorf("did %s", did)
		}
		m.fault = nil
		unlock()
		locked(t, s, time.Hour)
	})
}

// A lease that another took meanwhile is waited for.
func TestLeaseLostToAnother(t *testing.T) {
	for _, first := range []bool{true, false} {
		inBubble(t, func(t *testing.T, m *memory, s *Store) {
			if !first {
				abandoned(t, s)
			}
			m.did()
			m.fault = func(_ context.Context, n int, done bool) error {
				if n == 0 && done {
					m.fault = nil
					m.mu.Unlock()
					defer m.mu.Lock()
					locked(t, s, 10*time.Second)
				}
				return nil
			}
			start := time.Now()
			locked(t, s, time.Hour)
			if waited := time.Since(start); waited < 10*time.Second {
				t.Errorf("waited %v", waited)
			}
		})
	}
}

func TestLeaseErrors(t *testing.T) {
	for n := range 2 {
		inBubble(t, func(t *testing.T, m *memory, s *Store) {
			m.fault = func(_ context.Context, i int, done bool) error {
				if i >= n {
					return errFault
				}
				return nil
			}
			u, err := s.Lock(t.Context(), aKey, time.Hour)
			if u != nil || !errors.Is(err, errFault) ||
				!strings.HasPrefix(err.Error(), "sqlstore: oauth2_lease: ") {
				t.Errorf("statement %d: got %v", n, err)
			}
		})
	}
}

// A lease is given back although the context has ended, not for ever though.
func TestLeaseGivenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		type value struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), value{}, "kept"))
		unlock, err := s.Lock(ctx, aKey, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		slow := true
		m.fault = func(ctx context.Context, n int, done bool) error {
			if ctx.Value(value{}) != "kept" {
				t.Error("another context")
			}
			if slow {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		start := time.Now()
		unlock()
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("waited %v", waited)
		}
		slow = false
		unlock()
		m.fault = nil
		next := locked(t, s, time.Hour)
		before := m.only(t)["expires_at"]
		unlock()
		if after := m.only(t)["expires_at"]; after != before {
			t.Error("the next one's was given back")
		}
		next()
		if len(m.rows) != 0 {
			t.Errorf("left: %v", m.rows)
		}
	})
}

// Keys have leases of their own, and the longest life is one.
func TestLeaseEachKey(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, s *Store) {
		for _, key := range []oauth2.TokenKey{{}, {Name: "a"}, {User: "a"}, aKey} {
			if _, err := s.Lock(t.Context(), key, math.MaxInt64); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range m.rows {
			if row["expires_at"].(int64) < time.Now().Unix()+math.MaxInt64/int64(time.Second) {
				t.Errorf("got %v", row)
			}
		}
	})
}
