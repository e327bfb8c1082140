package flight

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type testKey struct{}

// A call that is in flight serves all who come before it lands.
func TestDoOnceForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		var calls int
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				got, err := g.Do(t.Context(), func(context.Context) (int, error) {
					calls++
					time.Sleep(time.Second)
					return 7, nil
				})
				if got != 7 || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			})
		}
		wg.Wait()
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

// What landed is not kept: the next caller starts anew, after an error too.
func TestDoAgain(t *testing.T) {
	var g Group[int]
	failure := errors.New("failure")
	for i, want := range []error{nil, failure, nil} {
		got, err := g.Do(t.Context(), func(context.Context) (int, error) { return i, want })
		if got != i || err != want {
			t.Errorf("call %d: got %d, %v", i, got, err)
		}
	}
}

func TestDoErrorForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		failure := errors.New("failure")
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				_, err := g.Do(t.Context(), func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return 0, failure
				})
				if err != failure {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
	})
}

// A leader who gives up returns at once and takes nothing from those who wait.
func TestDoCancelledLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string]
		gone := errors.New("the browser went away")
		leader, cancel := context.WithCancelCause(context.WithValue(t.Context(), testKey{},
			"value"))
		land := make(chan struct{})
		led := make(chan error, 1)
		go func() {
			_, err := g.Do(leader, func(ctx context.Context) (string, error) {
				<-land
				value, _ := ctx.Value(testKey{}).(string)
				return value, ctx.Err()
			})
			led <- err
		}()
		synctest.Wait()
		waited := make(chan string, 1)
		go func() {
			got, err := g.Do(t.Context(), func(context.Context) (string, error) {
				return "", errors.New("a second flight")
			})
			if err != nil {
				t.Errorf("the waiter got %v", err)
			}
			waited <- got
		}()
		synctest.Wait()
		cancel(gone)
		if err := <-led; err != gone {
			t.Errorf("the leader got %v", err)
		}
		close(land)
		if got := <-waited; got != "value" {
			t.Errorf("the waiter got %q: the leader's values must come along", got)
		}
	})
}

// A waiter leaves when its own context ends, and the flight goes on.
func TestDoImpatientWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		led := make(chan int, 1)
		go func() {
			got, _ := g.Do(t.Context(), func(context.Context) (int, error) {
				time.Sleep(5 * time.Second)
				return 7, nil
			})
			led <- got
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := g.Do(ctx, nil)
		if got != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the waiter got %d, %v", got, err)
		}
		if got := <-led; got != 7 {
			t.Errorf("the leader got %d", got)
		}
	})
}

// No flight outlives its own deadline, even one whose callers wait for ever.
func TestDoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		start := time.Now()
		_, err := g.Do(t.Context(), func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// The context of a flight that landed is released.
func TestDoReleasesContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		var inside context.Context
		g.Do(t.Context(), func(ctx context.Context) (int, error) {
			inside = ctx
			return 0, nil
		})
		synctest.Wait()
		if inside.Err() != context.Canceled {
			t.Errorf("got %v", inside.Err())
		}
	})
}

// A function that panics, or ends its goroutine, ends neither the process nor
// the flights after it.
func TestDoAfterPanic(t *testing.T) {
	var g Group[string]
	for name, fn := range map[string]func(context.Context) (string, error){
		"panic":  func(context.Context) (string, error) { panic("lost") },
		"Goexit": func(context.Context) (string, error) { runtime.Goexit(); return "", nil },
	} {
		if got, err := g.Do(t.Context(), fn); got != "" || err != errPanic {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		got, err := g.Do(t.Context(), func(context.Context) (string, error) { return "value", nil })
		if got != "value" || err != nil {
			t.Errorf("after %s: got %q, %v", name, got, err)
		}
	}
}

// slowly takes 10 seconds.
func slowly(context.Context) (int, error) {
	time.Sleep(10 * time.Second)
	return 7, nil
}

// Who can do without waits as long as it has patience, counted from when the flight began,
// and takes nothing from the others.
func TestDoWithin(t *testing.T) {
	gone := errors.New("gone")
	for _, test := range []struct {
		name                      string
		after, patience, cut, end time.Duration
		want                      int
		err                       error
	}{
		{"its own", 0, 5 * time.Second, 0, 5 * time.Second, 0, errSlow},
		{"long enough", 0, 11 * time.Second, 0, 10 * time.Second, 7, nil},
		{"one that has begun", 2 * time.Second, 5 * time.Second, 0, 5 * time.Second, 0, errSlow},
		{"one too slow already", 6 * time.Second, 5 * time.Second, 0, 6 * time.Second, 0, errSlow},
		{"one that soon lands", 6 * time.Second, 11 * time.Second, 0, 10 * time.Second, 7, nil},
		{"context", 2 * time.Second, 5 * time.Second, time.Second, 3 * time.Second, 0, gone},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g Group[int]
				began := time.Now()
				if test.after > 0 {
					go g.Do(t.Context(), slowly)
					time.Sleep(test.after)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if test.cut > 0 {
					time.AfterFunc(test.cut, func() { cancel(gone) })
				}
				got, err := g.DoWithin(ctx, test.patience, slowly)
				if got != test.want || err != test.err || time.Since(began) != test.end {
					t.Errorf("got %d, %v after %v", got, err, time.Since(began))
				}
				if test.end == 10*time.Second {
					return
				}
				got, err = g.Do(t.Context(), nil)
				if got != 7 || err != nil || time.Since(began) != 10*time.Second {
					t.Errorf("the others got %d, %v after %v", got, err, time.Since(began))
				}
			})
		})
	}
}

// What a flight brings comes back from DoWithin too, errors and panics.
func TestDoWithinFails(t *testing.T) {
	var g Group[int]
	failure := errors.New("failure")
	got, err := g.DoWithin(t.Context(), time.Hour, func(context.Context) (int, error) {
		return 3, failure
	})
	if got != 3 || err != failure {
		t.Errorf("got %d, %v", got, err)
	}
	_, err = g.DoWithin(t.Context(), time.Hour, func(context.Context) (int, error) { panic("x") })
	if err != errPanic {
		t.Errorf("got %v", err)
	}
}
