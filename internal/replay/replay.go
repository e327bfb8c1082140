// Package replay remembers what must not come twice, for as long as it could.
package replay

import (
	"context"
	"sync"
	"time"
)

// A Memory remembers keys in memory, and so for one process alone. Make one with [NewMemory].
// It is safe for concurrent use.
type Memory struct {
	size int
	now  func() time.Time
	full error

	mu    sync.Mutex
	until map[string]time.Time
	sweep time.Time // when there will be something to forget
	grown int       // how many keys there must be for that to be worth a search
}

// NewMemory returns one of at most size keys, 100,000 if size is zero or less. What does not
// fit is refused with the error full: to forget would be to let something come twice. If now
// is nil, time.Now tells the time.
func NewMemory(size int, now func() time.Time, full error) *Memory {
	if size <= 0 {
		size = 100_000
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{size: size, now: now, full: full, until: make(map[string]time.Time),
		grown: worth}
}

// worth is how many keys are kept whether they are past or not.
const worth = 1000

// Add remembers key until the time until, and reports whether it is new.
func (m *Memory) Add(_ context.Context, key string, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if _, ok := m.until[key]; ok && now.Before(m.until[key]) {
		return false, nil
	}
	if len(m.until) >= min(m.size, m.grown) && !now.Before(m.sweep) {
		m.forget(now)
	}
	if len(m.until) >= m.size {
		return false, m.full
	}
	if len(m.until) == 0 || until.Before(m.sweep) {
		m.sweep = until
	}
	m.until[key] = until
	return true, nil
}

// forget deletes the keys that need not be remembered at now. It looks at all of
// them, and so is not called again within a second.
func (m *Memory) forget(now time.Time) {
	m.sweep = time.Time{}
	for key, until := range m.until {
		if !now.Before(until) {
			delete(m.until, key)
		} else if m.sweep.IsZero() || until.Before(m.sweep) {
			m.sweep = until
		}
	}
	if soon := now.Add(time.Second); m.sweep.Before(soon) {
		m.sweep = soon
	}
	m.grown = 2*len(m.until) + worth
}
