package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"vouchsafe/internal/random"
	"vouchsafe/oauth2"
)

var leases = table{"oauth2_lease", []string{"holder", "expires_at"}}

const (
	seeLease  = "SELECT holder, expires_at < {now} FROM oauth2_lease" + ofKey
	makeLease = "INSERT INTO oauth2_lease (holder, expires_at, name, user_id)" +
		" VALUES (?, {now} + ?, ?, ?) {or nothing}"
	takeLease = "UPDATE oauth2_lease SET holder = ?, expires_at = {now} + ?" + ofKey +
		" AND holder = ?"
	endLease = "DELETE FROM oauth2_lease" + ofKey + " AND holder = ?"
)

const (
	minWait = 20 * time.Millisecond
	maxWait = 250 * time.Millisecond
	maxLate = time.Second     // that a lease may have lasted when it is known to be taken
	endTime = 2 * time.Second // that giving a lease back may take
)

// Lock waits until nobody has the lease of key, and takes it: see [oauth2.Locker]. Meanwhile
// it asks the database again after 20 ms or less, then more and more rarely, until after 250
// ms or less. A life is rounded up to whole seconds, and measured by the database's clock:
// those of the processes may differ by more than a life. A lease that took the database more
// than a second is given back and asked for again, as much of its life may have passed.
//
// unlock may be called more than once. It also works when ctx has ended, for at most 2
// seconds; what it cannot give back ends by itself.
func (s *Store) Lock(
	ctx context.Context, key oauth2.TokenKey, life time.Duration,
) (unlock func(), err error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	for wait := minWait; ; wait = min(2*wait, maxWait) {
		holder, began := random.Text(), time.Now()
		unlock := func() { s.giveBack(ctx, key, holder) }
		taken, err := s.take(ctx, key, holder, life)
		switch {
		case taken && time.Since(began) <= maxLate:
			return unlock, nil
		case taken, err != nil: // what has failed may have been done
			unlock()
		}
		if err != nil {
			return nil, cmp.Or(context.Cause(ctx), err)
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// take takes the lease of key, if it is free, and reports whether it was.
func (s *Store) take(
	ctx context.Context, key oauth2.TokenKey, holder string, life time.Duration,
) (bool, error) {
	seconds := max(1, int64(math.Ceil(life.Seconds())))
	c := change{table: leases, key: key, to: holder}
	var free bool
	err := s.query(ctx, seeLease, key.Name, key.User).Scan(&c.from, &free)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s.do(ctx, c, makeLease, holder, seconds, key.Name, key.User)
	case err != nil || !free:
		return false, leases.wrap(err)
	}
	// No holder has a lease twice: what was free and is still of the same holder is free.
	return s.do(ctx, c, takeLease, holder, seconds, key.Name, key.User, c.from)
}

// giveBack ends the lease of key if holder has it.
func (s *Store) giveBack(ctx context.Context, key oauth2.TokenKey, holder string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	s.exec(ctx, endLease, key.Name, key.User, holder) // or its life will end it
}

// pause waits for at most wait and at least half of it, so that those who were turned away
// together do not come back together. The error is that of ctx if that ends first.
func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait/2 + random.Below(wait/2)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
