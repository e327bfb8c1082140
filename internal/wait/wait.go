// Package wait waits, for those who can be called away.
package wait

import (
	"context"
	"time"
)

// For waits for d, unless ctx ends first: the error is then the cause of that.
func For(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
