// Package hook calls the functions by which callers rewrite requests and responses.
package hook

import (
	"context"
	"fmt"
)

// Call calls hooks in their order, each with v. The first error is the last call, and is
// returned, wrapped.
func Call[H ~func(context.Context, V) error, V any](ctx context.Context, hooks []H, v V) error {
	for _, h := range hooks {
		if err := h(ctx, v); err != nil {
			return fmt.Errorf("hook: %w", err)
		}
	}
	return nil
}
