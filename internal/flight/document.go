package flight

import (
	"context"
	"sync/atomic"
	"time"
)

// A Document is a value fetched from elsewhere and kept. Fill in the fields
// before first use; it is then safe for concurrent use.
type Document[T any] struct {
	Fetch func(context.Context) (T, error) // required
	TTL   time.Duration                    // how long a copy is fresh
	Stale time.Duration                    // how much longer it serves while Fetch fails
	Floor time.Duration                    // least time between two fetches while a copy serves
	Now   func() time.Time                 // required

	group Group[*copyOf[T]]
	held  atomic.Pointer[copyOf[T]]
	tried time.Time // the last fetch's end; for replace only
}

type copyOf[T any] struct {
	value   T
	fetched time.Time
}

// Get returns a fresh copy, fetching if there is none. While fetching fails, a
// stale copy serves, and is tried again no sooner than Floor.
func (d *Document[T]) Get(ctx context.Context) (T, error) {
	held := d.held.Load()
	if held != nil && d.Now().Sub(held.fetched) < d.TTL {
		return held.value, nil
	}
	return d.Renew(ctx)
}

// Renew returns a copy fetched anew, or the one held if a fetch ended less than
// Floor ago. It is for a caller whom the held copy could not serve: many such
// callers cause one fetch.
func (d *Document[T]) Renew(ctx context.Context) (T, error) {
	fetched, err := d.group.Do(ctx, d.replace)
	if err == nil {
		return fetched.value, nil
	}
	if held := d.held.Load(); d.usable(held) && ctx.Err() == nil {
		return held.value, nil
	}
	var zero T
	return zero, err
}

// usable reports whether held may serve while no fresh copy can be had.
func (d *Document[T]) usable(held *copyOf[T]) bool {
	return held != nil && d.Now().Sub(held.fetched) < d.TTL+d.Stale
}

// replace fetches a copy and holds it in place of the old one, never merged. It
// is the flight itself that keeps to Floor, as a caller who looked before could
// take off just after another had landed.
func (d *Document[T]) replace(ctx context.Context) (*copyOf[T], error) {
	held := d.held.Load()
	if d.usable(held) && d.Now().Sub(d.tried) < d.Floor {
		return held, nil
	}
	value, err := d.Fetch(ctx)
	d.tried = d.Now()
	if err != nil {
		return nil, err
	}
	fetched := &copyOf[T]{value, d.tried}
	d.held.Store(fetched)
	return fetched, nil
}
