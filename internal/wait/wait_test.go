package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestFor(t *testing.T) {
	gone := errors.New("gone")
	for _, test := range []struct {
		wait, ends, took time.Duration
		want             error
	}{
		{0, time.Second, 0, nil},
		{-time.Second, time.Second, 0, nil},
		{time.Second - 1, time.Second, time.Second - 1, nil},
		{time.Second + 1, time.Second, time.Second, gone},
		{time.Hour, 0, 0, gone},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer time.AfterFunc(test.ends, func() { cancel(gone) }).Stop()
			began := time.Now()
			if err := For(ctx, test.wait); err != test.want || time.Since(began) != test.took {
				t.Errorf("%v: got %v after %v", test.wait, err, time.Since(began))
			}
		})
	}
}
