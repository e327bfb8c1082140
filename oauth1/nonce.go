package oauth1

import (
	"context"
	"time"

	"vouchsafe/internal/replay"
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
type MemoryNonces struct{ memory *replay.Memory }

// NewMemoryNonces returns a store of at most size keys, or 100,000 if size is zero or less:
// some 15 MB. What does not fit is refused, since to forget would be to let a request come
// twice: one client that signs enough fills it for all others. now is that of
// [VerifierConfig]; if nil, time.Now.
func NewMemoryNonces(size int, now func() time.Time) *MemoryNonces {
	return &MemoryNonces{replay.NewMemory(size, now, &CheckError{"nonce_store",
		"must have room for another nonce", "RFC 5849, Section 3.3"})}
}

// Add implements [NonceStore]. A store that is full is a [*CheckError].
func (m *MemoryNonces) Add(ctx context.Context, key string, until time.Time) (bool, error) {
	return m.memory.Add(ctx, key, until)
}
