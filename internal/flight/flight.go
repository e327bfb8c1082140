// Package flight makes one call on behalf of many callers, and keeps a fetched
// document while it is fresh. It is the one machine behind metadata and key
// sets, and the one place in the module that starts a goroutine: a flight may
// outlive the caller that began it, within its own deadline, so that a caller
// who gives up takes nothing from the others.
package flight

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Timeout bounds every flight, by its context.
const Timeout = 30 * time.Second

// A Group runs a function at most once at a time. The zero value is ready.
type Group[T any] struct {
	mu      sync.Mutex
	current *call[T]
}

var (
	errPanic = errors.New("flight: function panicked") // or did not return
	errSlow  = errors.New("flight: function takes longer than its caller would wait")
)

type call[T any] struct {
	began time.Time
	done  chan struct{}
	value T
	err   error
}

// Do returns what fn returns, or what the fn in flight returns if one is: the answer to
// what another asked. fn's context carries ctx's values but not its end. If ctx ends
// first, Do returns its error and the flight goes on. A panic of fn is an error.
func (g *Group[T]) Do(ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	return g.start(ctx, fn).wait(ctx, 0)
}

// DoWithin is Do for a caller who can do without: it waits no longer than patience. The
// flight goes on.
func (g *Group[T]) DoWithin(
	ctx context.Context, patience time.Duration, fn func(context.Context) (T, error),
) (T, error) {
	return g.start(ctx, fn).wait(ctx, patience)
}

// start returns the call in flight, or one of fn that it starts.
func (g *Group[T]) start(ctx context.Context, fn func(context.Context) (T, error)) *call[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current == nil {
		g.current = &call[T]{began: time.Now(), done: make(chan struct{})}
		go g.run(context.WithoutCancel(ctx), g.current, fn)
	}
	return g.current
}

// wait returns what c brings, or an error if ctx ends first, or if c has taken
// longer than patience, where that is not zero.
func (c *call[T]) wait(ctx context.Context, patience time.Duration) (T, error) {
	var slow <-chan time.Time
	if patience > 0 {
		slow = time.After(patience - time.Since(c.began))
	}
	var zero T
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		return zero, context.Cause(ctx)
	case <-slow:
		return zero, errSlow
	}
}

func (g *Group[T]) run(ctx context.Context, c *call[T], fn func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	// A panic here would end the process: no caller's recover is on this stack.
	c.err = errPanic
	defer func() {
		recover()
		g.mu.Lock()
		g.current = nil
		g.mu.Unlock()
		close(c.done)
	}()
	c.value, c.err = fn(ctx)
}
