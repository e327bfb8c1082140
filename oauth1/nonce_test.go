package oauth1

import (
	"errors"
	"testing"
	"time"
)

// The memory itself is tested where it is.
func TestMemoryNonces(t *testing.T) {
	now := time.Unix(1000, 0)
	m := NewMemoryNonces(1, func() time.Time { return now })
	for i, tt := range []struct {
		key   string
		fresh bool
		full  bool
	}{{"a", true, false}, {"a", false, false}, {"b", false, true}} {
		fresh, err := m.Add(t.Context(), tt.key, now.Add(time.Minute))
		full := errors.Is(err, &CheckError{Check: "nonce_store"})
		if fresh != tt.fresh || full != tt.full || !full && err != nil {
			t.Errorf("%d: got %v, %v", i, fresh, err)
		}
	}
}
