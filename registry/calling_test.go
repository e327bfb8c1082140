package registry

import (
	"context"
	"errors"
	"testing"
)

var errEnd = errors.New("the request was given up")

// An over is a context of a type of its own, which has ended.
type over struct{ context.Context }

func (over) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func (over) Err() error { return errEnd }

// The context of a request ends by itself, whatever it knows from another.
func TestCalling(t *testing.T) {
	type key string
	also, cancel := context.WithCancel(context.WithValue(t.Context(), key("a"), "also"))
	own := context.WithValue(context.Background(), key("b"), "own")
	both := callingFor(
		context.WithValue(own, key("c"), "own"), context.WithValue(also, key("c"), "also"))
	for k, want := range map[key]any{"a": "also", "b": "own", "c": "own", "d": nil} {
		if got := both.Value(k); got != want {
			t.Errorf("%s is %v, want %v", k, got, want)
		}
	}
	if err := context.Cause(callingFor(over{own}, also)); !errors.Is(err, errEnd) {
		t.Errorf("ended by %v", err)
	}
	cancel()
	if both.Err() != nil || context.Cause(both) != nil {
		t.Errorf("ended by the other: %v, %v", both.Err(), context.Cause(both))
	}
}

// What some servers take for a step up is refused as that is.
func TestJoinClimbing(t *testing.T) {
	a, err := newAPI(nil, "https://r.test/api/v1")
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"..;/admin", "..%3b/admin", "%2e%2e;/x", `..%5c..%5cadmin`,
		"a/..%5C..%5c../x", "/x/..;a=1/y"} {
		if u, err := a.join(ref); err == nil {
			t.Errorf("%s: %s", ref, u)
		}
	}
	for _, ref := range []string{"a;v=1/b", "a..b/..c", "x;../y"} {
		if _, err := a.join(ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
