package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"vouchsafe/internal/random"
	"vouchsafe/internal/wait"
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
	maxLate = time.Second     // that a lease has lasted when it is known to be taken, at most
	endTime = 2 * time.Second // that giving a lease back may take
)

// Lock waits until nobody has the lease of key, and takes it: see [oauth2.Locker]. Meanwhile
// it asks the database again after 20 ms or less, then more and more rarely, until after 250
// ms or less. A life is rounded up to whole seconds, and measured by the database's clock:
// those of the processes may differ by more than a life. A second is added, which is what
// may pass at most between the database's giving a lease and Lock's return.
//
// unlock may be called more than once. It also works when ctx has ended, for at most 2
// seconds; what it cannot give back ends by itself.
func (s *Store) Lock(
	ctx context.Context, key oauth2.TokenKey, life time.Duration,
) (unlock func(), err error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	for longest := minWait; ; longest = min(2*longest, maxWait) {
		holder := random.Text()
		unlock := func() { s.giveBack(ctx, key, holder) }
		taken, err := s.take(ctx, key, holder, life)
		if taken {
			return unlock, nil
		}
		if err != nil {
			unlock() // what has failed may have been done
			return nil, cmp.Or(context.Cause(ctx), err)
		}
		if err := pause(ctx, longest); err != nil {
			return nil, err
		}
	}
}

// take takes the lease of key, if it is free, and reports whether it was.
func (s *Store) take(
	ctx context.Context, key oauth2.TokenKey, holder string, life time.Duration,
) (bool, error) {
	seconds := max(1, int64(math.Ceil(life.Seconds()+maxLate.Seconds())))
	c := change{table: leases, key: key, to: holder}
	var free bool
	err := s.query(ctx, seeLease, key.Name, key.User).Scan(&c.from, &free)
	query, args := makeLease, []any{holder, seconds, key.Name, key.User}
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil || !free:
		return false, leases.wrap(err)
	default:
		// No holder has a lease twice: what was free and is still of the same holder is free.
		query, args = takeLease, append(args, c.from)
	}
	began := time.Now()
	taken, err := s.do(ctx, c, query, args...)
	if taken && time.Since(began) > maxLate {
		s.giveBack(ctx, key, holder)
		return false, nil
	}
	return taken, err
}

// giveBack ends the lease of key if holder has it.
func (s *Store) giveBack(ctx context.Context, key oauth2.TokenKey, holder string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	s.exec(ctx, endLease, key.Name, key.User, holder) // or its life will end it
}

// pause waits for at most longest and at least half of it, so that those who were turned away
// together do not come back together. The error is that of ctx if that ends first.
func pause(ctx context.Context, longest time.Duration) error {
	return wait.For(ctx, longest/2+random.Below(longest/2))
}
