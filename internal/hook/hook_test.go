package hook

import (
	"context"
	"errors"
	"testing"
)

// Each hook sees what the one before has left, and none is called after one that fails.
func TestCall(t *testing.T) {
	failed := errors.New("failed")
	add := func(text string, err error) func(context.Context, *string) error {
		return func(_ context.Context, to *string) error {
			*to += text
			return err
		}
	}
	type hooks []func(context.Context, *string) error
	for _, test := range []struct {
		hooks hooks
		want  string
		err   error
	}{
		{nil, "", nil},
		{hooks{add("a", nil), add("b", nil)}, "ab", nil},
		{hooks{add("a", nil), add("b", failed), add("c", nil)}, "ab", failed},
	} {
		var got string
		err := Call(t.Context(), test.hooks, &got)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("called %q, %v; want %q, %v", got, err, test.want, test.err)
		}
		if err != nil && err.Error() != "hook: failed" {
			t.Errorf("the error is %q", err)
		}
	}
}
