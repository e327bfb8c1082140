package registry

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

type madeFor struct {
	user string
	kept bool
}

func (m *madeFor) unsaved() bool { return m.kept }

func (*madeFor) save(context.Context, Token) error { return nil }

func (*madeFor) transport(context.Context, string) (http.RoundTripper, error) { return nil, nil }

// What is kept for a user stays until there are too many, and is never more than that.
func TestUsers(t *testing.T) {
	var u users
	if u.get("0") != nil {
		t.Error("something is kept for nobody")
	}
	for i := range maxUsers + 10 {
		user := fmt.Sprint(i)
		made := &madeFor{user, i == 7}
		if u.keep(user, made) != made || u.get(user) != made {
			t.Fatalf("user %d has another's", i)
		}
		if u.keep(user, &madeFor{}) != made { // by who was slower
			t.Fatalf("user %d has a second", i)
		}
		if want := min(i+1, maxUsers); len(u.held) != want {
			t.Fatalf("%d are kept, want %d", len(u.held), want)
		}
	}
	if u.get("7") == nil {
		t.Error("what is not saved is dropped")
	}
	if maxUsers != 10_000 {
		t.Errorf("room for %d", maxUsers)
	}
}
