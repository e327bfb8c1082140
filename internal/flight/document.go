package flight

import (
	"context"
	"sync/atomic"
	"time"
)

// A Document is a value fetched from elsewhere and kept. Fill in the fields
// before first use; it is then safe for concurrent use.
type Document[T any] struct {
	// Fetch fetches a copy; held is the one before, or zero. Required.
	Fetch func(ctx context.Context, held T) (T, error)

	TTL   time.Duration    // how long a copy is fresh
	Stale time.Duration    // how much longer it serves while Fetch fails
	Floor time.Duration    // least time between two tries, and between two fetches by Renew
	Now   func() time.Time // required

	group Group[*copyOf[T]]
	held  atomic.Pointer[copyOf[T]]

	tried, renewed time.Time // the last fetch's end, and the last one's by Renew; for flights only
}

type copyOf[T any] struct {
	value   T
	fetched time.Time
}

// Get returns a fresh copy, fetching if there is none. While fetching fails, a
// stale copy serves, and is tried again no sooner than Floor.
func (d *Document[T]) Get(ctx context.Context) (T, error) {
	if held := d.held.Load(); d.younger(held, d.TTL) {
		return held.value, nil
	}
	return d.fly(ctx, func(ctx context.Context) (*copyOf[T], error) {
		held := d.held.Load()
		if d.younger(held, d.TTL) || d.usable(held) && d.Now().Sub(d.tried) < d.Floor {
			return held, nil
		}
		return d.replace(ctx, held)
	})
}

// Renew returns a copy fetched anew, or the one held if Renew fetched less than
// Floor ago. It is for a caller whom the held copy could not serve: many such
// callers cause one fetch.
//
// It is the flight itself that keeps to Floor, as a caller who looked before
// could take off just after another had landed.
func (d *Document[T]) Renew(ctx context.Context) (T, error) {
	return d.fly(ctx, func(ctx context.Context) (*copyOf[T], error) {
		held := d.held.Load()
		if d.usable(held) && d.Now().Sub(d.renewed) < d.Floor {
			return held, nil
		}
		defer func() { d.renewed = d.Now() }()
		return d.replace(ctx, held)
	})
}

// fly returns what a flight brings, or, if it fails, the copy held.
func (d *Document[T]) fly(ctx context.Context, flight func(context.Context) (*copyOf[T], error)) (T, error) {
	brought, err := d.group.Do(ctx, flight)
	if err == nil {
		return brought.value, nil
	}
	if held := d.held.Load(); d.usable(held) && ctx.Err() == nil {
		return held.value, nil
	}
	var zero T
	return zero, err
}

func (d *Document[T]) younger(held *copyOf[T], age time.Duration) bool {
	return held != nil && d.Now().Sub(held.fetched) < age
}

// usable reports whether held may serve while no fresh copy can be had.
func (d *Document[T]) usable(held *copyOf[T]) bool { return d.younger(held, d.TTL+d.Stale) }

// replace fetches a copy and holds it in place of the old one, never merged.
func (d *Document[T]) replace(ctx context.Context, held *copyOf[T]) (*copyOf[T], error) {
	var before T
	if held != nil {
		before = held.value
	}
	value, err := d.Fetch(ctx, before)
	d.tried = d.Now()
	if err != nil {
		return nil, err
	}
	fetched := &copyOf[T]{value, d.tried}
	d.held.Store(fetched)
	return fetched, nil
}
