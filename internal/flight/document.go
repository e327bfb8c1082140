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
	tried atomic.Int64 // Unix nanoseconds of the last fetch's end
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
	return d.fetch(ctx, held)
}

// Renew returns a copy fetched after the one held now, or that one if a fetch
// ended less than Floor ago. It is for a caller whom the held copy could not
// serve: many such callers cause one fetch.
func (d *Document[T]) Renew(ctx context.Context) (T, error) {
	return d.fetch(ctx, d.held.Load())
}

func (d *Document[T]) fetch(ctx context.Context, held *copyOf[T]) (T, error) {
	if usable := d.usable(held); usable && d.Now().Sub(time.Unix(0, d.tried.Load())) < d.Floor {
		return held.value, nil
	}
	fetched, err := d.group.Do(ctx, d.replace)
	if err == nil {
		return fetched.value, nil
	}
	if d.usable(held) && ctx.Err() == nil {
		return held.value, nil
	}
	var zero T
	return zero, err
}

// usable reports whether held may serve while no fresh copy can be had.
func (d *Document[T]) usable(held *copyOf[T]) bool {
	return held != nil && d.Now().Sub(held.fetched) < d.TTL+d.Stale
}

// replace fetches a copy and holds it in place of the old one, never merged.
func (d *Document[T]) replace(ctx context.Context) (*copyOf[T], error) {
	value, err := d.Fetch(ctx)
	now := d.Now()
	d.tried.Store(now.UnixNano())
	if err != nil {
		return nil, err
	}
	fetched := &copyOf[T]{value, now}
	d.held.Store(fetched)
	return fetched, nil
}
