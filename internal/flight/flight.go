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

// Timeout bounds every flight.
const Timeout = 30 * time.Second

// A Group runs a function at most once at a time. The zero value is ready.
type Group[T any] struct {
	mu      sync.Mutex
	current *call[T]
}

// errPanic is the error of a function that did not return.
var errPanic = errors.New("flight: function panicked")

type call[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Do returns what fn returns, or what the fn in flight returns if one is. fn's
// context carries ctx's values but not its end. If ctx ends first, Do returns
// its error and the flight goes on. A panic of fn is an error.
func (g *Group[T]) Do(ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	g.mu.Lock()
	c := g.current
	if c == nil {
		c = &call[T]{done: make(chan struct{})}
		g.current = c
		go g.run(context.WithoutCancel(ctx), c, fn)
	}
	g.mu.Unlock()
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var zero T
		return zero, context.Cause(ctx)
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
