package flight

import (
	"context"
	"crypto/sha256"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"vouchsafe/internal/random"
)

// A Document is a value fetched from elsewhere and kept. Fill in the fields
// before first use; it is then safe for concurrent use.
//
// A copy is fresh for TTL. In the last quarter of that time, from a moment chosen at
// random so that many instances do not march in step, it is replaced in the background.
type Document[T any] struct {
	// Fetch fetches a copy; held is the one before, or zero, as it is for Renew. Required.
	Fetch func(ctx context.Context, held T) (T, error)

	TTL   time.Duration    // how long a copy is fresh
	Stale time.Duration    // how much longer it serves while Fetch fails
	Floor time.Duration    // least time from a failure to the next try, and between Renew's fetches
	Now   func() time.Time // required

	// Patience is how long a caller waits for Fetch where a stale copy could serve.
	// Zero means until Fetch returns.
	Patience time.Duration

	// Memory is how long a key that was Missed is not fetched for again.
	Memory time.Duration

	group Group[*copyOf[T]]
	held  atomic.Pointer[copyOf[T]]

	mu      sync.Mutex // guards what follows
	failed  time.Time  // when the last fetch failed; zero if it did not
	slow    bool       // and it took longer than Patience
	renewed time.Time  // when the last fetch by Renew ended
	missed  map[[sha256.Size]byte]time.Time
}

// maxMissed bounds the keys remembered. Whoever makes up more has Floor against him.
const maxMissed = 1000

type copyOf[T any] struct {
	value   T
	asked   time.Time // when the fetch began
	fetched time.Time
	early   atomic.Int64 // the age, in nanoseconds, at which it is to be replaced
}

// orZero returns the value, or zero if there is no copy.
func (c *copyOf[T]) orZero() (value T) {
	if c != nil {
		value = c.value
	}
	return value
}

// Get returns a fresh copy, fetching if there is none. While fetching fails, or
// takes longer than Patience, a stale copy serves.
func (d *Document[T]) Get(ctx context.Context) (T, error) {
	held := d.held.Load()
	age := d.age(held)
	if age >= d.TTL {
		held, err := d.replaced(ctx, held)
		return held.orZero(), err
	}
	if held.due(age, d.Floor) {
		d.group.start(ctx, d.flight(held))
	}
	return held.value, nil
}

// due reports, to one caller every floor, that a fresh copy is old enough to be
// replaced.
func (c *copyOf[T]) due(age, floor time.Duration) bool {
	early := c.early.Load()
	return int64(age) >= early && c.early.CompareAndSwap(early, int64(age+floor))
}

// replaced returns what is fetched in place of held, which is not fresh.
func (d *Document[T]) replaced(ctx context.Context, held *copyOf[T]) (*copyOf[T], error) {
	if !d.usable(held) {
		return d.await(ctx, d.flight(held), 0)
	}
	if failing, _ := d.failing(d.Floor); failing {
		return held, nil
	}
	// What is known of a server that hung is believed a while longer: who came now
	// would wait in vain again.
	if _, slow := d.failing(2 * d.Floor); slow {
		d.group.start(ctx, d.flight(held))
		return held, nil
	}
	return d.await(ctx, d.flight(held), d.Patience)
}

// Renew returns a copy fetched anew for key, which the held copy lacks, and true. It
// returns false with a copy that another had asked for before; and with the one held if
// it could not be fetched, if Renew fetched less than Floor ago, or if key was Missed less
// than Memory ago. It waits for the fetch however long that takes, and starts none in vain.
func (d *Document[T]) Renew(ctx context.Context, key string) (value T, renewed bool, err error) {
	now, held := d.Now(), d.held.Load()
	if d.usable(held) && !d.mayRenew(key) {
		landed := d.held.Load() // what forbids it may just have brought another
		return landed.value, landed != held && !landed.asked.Before(now), nil
	}
	var none T
	flight := d.flightFrom(held, none)
	brought, err := d.await(ctx, func(ctx context.Context) (*copyOf[T], error) {
		defer d.noteRenewal()
		return flight(ctx)
	}, 0)
	return brought.orZero(), err == nil && brought != held && !brought.asked.Before(now), err
}

// Missed says that a copy lacked key that Renew returned with true.
func (d *Document[T]) Missed(key string) {
	now := d.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.missed == nil {
		d.missed = map[[sha256.Size]byte]time.Time{}
	}
	if len(d.missed) < maxMissed {
		d.missed[sha256.Sum256([]byte(key))] = now
	}
}

func (d *Document[T]) mayRenew(key string) bool {
	now := d.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	return between(now, d.renewed) >= d.Floor && between(now, d.failed) >= d.Floor &&
		between(now, d.missed[sha256.Sum256([]byte(key))]) >= d.Memory
}

func (d *Document[T]) noteRenewal() {
	now := d.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.renewed = now
}

// await returns what a flight brings, or, if it fails or takes longer than patience,
// the copy held.
func (d *Document[T]) await(ctx context.Context, flight func(context.Context) (*copyOf[T], error),
	patience time.Duration) (*copyOf[T], error) {
	brought, err := d.group.start(ctx, flight).wait(ctx, patience)
	if err == nil {
		return brought, nil
	}
	if held := d.held.Load(); d.usable(held) && ctx.Err() == nil {
		return held, nil
	}
	return nil, err
}

// flight returns one that replaces held, unless another has done so, or failed to.
func (d *Document[T]) flight(held *copyOf[T]) func(context.Context) (*copyOf[T], error) {
	return d.flightFrom(held, held.orZero())
}

// flightFrom is flight whose Fetch gets from as the copy before.
func (d *Document[T]) flightFrom(
	held *copyOf[T], from T,
) func(context.Context) (*copyOf[T], error) {
	return func(ctx context.Context) (*copyOf[T], error) {
		if landed := d.held.Load(); landed != held {
			return landed, nil
		}
		if failing, _ := d.failing(d.Floor); failing && d.usable(held) {
			return held, nil
		}
		return d.replace(ctx, from)
	}
}

// replace fetches a copy and holds it in place of the old one, never merged.
func (d *Document[T]) replace(ctx context.Context, held T) (*copyOf[T], error) {
	began, err := time.Now(), errPanic
	defer func() { d.note(err, time.Since(began)) }()
	asked := d.Now()
	value, err := d.Fetch(ctx, held)
	if err != nil {
		return nil, err
	}
	// Without the monotonic clock, which stands still while a machine sleeps.
	fetched := &copyOf[T]{value: value, asked: asked, fetched: d.Now().Round(0)}
	fetched.early.Store(int64(d.early()))
	d.held.Store(fetched)
	return fetched, nil
}

// early returns an age between three quarters and seven eighths of TTL.
func (d *Document[T]) early() time.Duration {
	return d.TTL/4*3 + random.Below(d.TTL/8)
}

// note keeps how a fetch ended.
func (d *Document[T]) note(err error, took time.Duration) {
	now := d.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.failed, d.slow = now, d.Patience > 0 && took > d.Patience
		return
	}
	d.failed = time.Time{}
	maps.DeleteFunc(d.missed, func(_ [sha256.Size]byte, when time.Time) bool {
		return between(now, when) >= d.Memory
	})
}

// failing reports whether the last fetch failed less than span ago, and whether it made
// callers wait in vain.
func (d *Document[T]) failing(span time.Duration) (failing, slow bool) {
	now := d.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	failing = between(now, d.failed) < span
	return failing, failing && d.slow
}

// usable reports whether held may serve while no fresh copy can be had.
func (d *Document[T]) usable(held *copyOf[T]) bool { return d.age(held) < d.TTL+d.Stale }

// age is that of held, or endless if there is none.
func (d *Document[T]) age(held *copyOf[T]) time.Duration {
	if held == nil {
		return math.MaxInt64
	}
	return between(d.Now(), held.fetched)
}

// between returns how far apart two times are, whichever is first: a clock that was far
// ahead and has been put right must not keep a copy until then.
func between(a, b time.Time) time.Duration { return a.Sub(b).Abs() }
