package verdict

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func fail(check, need, clause string) error {
	return fmt.Errorf("%s %s (%s)", check, need, clause)
}

// record returns a context and the checks that are heard under it.
func record(t *testing.T) (context.Context, *[]string) {
	var heard []string
	return With(t.Context(), func(check, clause string, err error) {
		heard = append(heard, fmt.Sprintf("%s, %s: %v", check, clause, err))
	}), &heard
}

func TestListPasses(t *testing.T) {
	ctx, heard := record(t)
	l := New(ctx, fail)
	if !l.Check(true, "a", "must be", "RFC 1") || !l.Result("b", "RFC 2", nil) || l.Err() != nil {
		t.Errorf("did not pass: %v", l.Err())
	}
	want := []string{"a, RFC 1: <nil>", "b, RFC 2: <nil>"}
	if !slices.Equal(*heard, want) {
		t.Errorf("heard %q", *heard)
	}
}

// A list stops at the first failure, whichever way it came.
func TestListStops(t *testing.T) {
	elsewhere := errors.New("elsewhere")
	for _, tt := range []struct {
		name string
		fail func(l *List) bool
		want string
	}{
		{"check", func(l *List) bool { return l.Check(false, "a", "must be", "RFC 1") },
			"a must be (RFC 1)"},
		{"result", func(l *List) bool { return l.Result("a", "RFC 1", elsewhere) }, "elsewhere"},
	} {
		ctx, heard := record(t)
		failed := 0
		l := New(ctx, func(check, need, clause string) error {
			failed++
			return fail(check, need, clause)
		})
		if tt.fail(l) {
			t.Errorf("%s: passed", tt.name)
		}
		if l.Check(true, "b", "", "") || l.Check(false, "b", "", "") ||
			l.Result("b", "", nil) || l.Result("b", "", errors.New("later")) {
			t.Errorf("%s: a later check passed", tt.name)
		}
		if l.Err() == nil || l.Err().Error() != tt.want || failed > 1 {
			t.Errorf("%s: got %v", tt.name, l.Err())
		}
		if want := []string{"a, RFC 1: " + tt.want}; !slices.Equal(*heard, want) {
			t.Errorf("%s: heard %q, want %q", tt.name, *heard, want)
		}
	}
}

func TestNoListener(t *testing.T) {
	l := New(t.Context(), fail)
	if !l.Check(true, "a", "", "") || l.Check(false, "a", "must be", "RFC 1") || l.Err() == nil {
		t.Errorf("got %v", l.Err())
	}
}

// Who listens under a context that has a listener is the second to hear.
func TestWithTwice(t *testing.T) {
	var heard []string
	ctx := t.Context()
	for _, name := range []string{"first", "second"} {
		ctx = With(ctx, func(check, _ string, _ error) { heard = append(heard, name+" "+check) })
	}
	l := New(ctx, nil)
	l.Check(true, "a", "", "")
	if want := []string{"first a", "second a"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q", heard)
	}
}

func TestWithNil(t *testing.T) {
	for _, order := range []string{"nil first", "nil second"} {
		heard := 0
		hear := func(string, string, error) { heard++ }
		ctx := With(With(t.Context(), nil), hear)
		if order == "nil second" {
			ctx = With(With(t.Context(), hear), nil)
		}
		if l := New(ctx, nil); !l.Check(true, "a", "", "") || heard != 1 {
			t.Errorf("%s: heard %d", order, heard)
		}
	}
}
