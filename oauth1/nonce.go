package oauth1

import (
	"context"
	"sync"
	"time"
)

// A NonceStore remembers which requests there have been, RFC 5849, Section 3.3. Its
// method is safe for concurrent use. A receiver that runs in several processes
// needs one that they share.
type NonceStore interface {
	// Add remembers key, 64 hexadecimal digits, until the time until, after which it
	// may be forgotten. Of several simultaneous calls with one key exactly one is told
	// that it is fresh.
	Add(ctx context.Context, key string, until time.Time) (fresh bool, err error)
}

// MemoryNonces is a [NonceStore] in memory, and so one of this process alone. Make
// one with [NewMemoryNonces].
type MemoryNonces struct {
	size int
	now  func() time.Time

	mu    sync.Mutex
	until map[string]time.Time
	sweep time.Time // when there will be something to forget
}

// NewMemoryNonces returns a store of at most size keys, or 100,000 if size is zero or less:
// some 15 MB. What does not fit is refused, since to forget would be to let a
// request come twice: one client that signs enough fills it for all others. now is that of
// [VerifierConfig]; if nil, time.Now.
func NewMemoryNonces(size int, now func() time.Time) *MemoryNonces {
	if size <= 0 {
		size = 100_000
	}
	if now == nil {
		now = time.Now
	}
	return &MemoryNonces{size: size, now: now, until: make(map[string]time.Time)}
}

// Add implements [NonceStore]. A store that is full is a [*CheckError].
func (m *MemoryNonces) Add(_ context.Context, key string, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if _, ok := m.until[key]; ok && now.Before(m.until[key]) {
		return false, nil
	}
	if len(m.until) >= m.size && !now.Before(m.sweep) {
		m.forget(now)
	}
	if len(m.until) >= m.size {
		return false, &CheckError{"nonce_store", "must have room for another nonce",
			"RFC 5849, Section 3.3"}
	}
	if len(m.until) == 0 || until.Before(m.sweep) {
		m.sweep = until
	}
	m.until[key] = until
	return true, nil
}

// forget deletes the keys that need not be remembered at now. It looks at all of
// them, and so is not called again within a second.
func (m *MemoryNonces) forget(now time.Time) {
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
}
