package registry

import (
	"context"
	"fmt"
	"testing"
)

// A tenant with a token that its store has not is kept, whoever comes after it.
func TestTenantsForgotten(t *testing.T) {
	var r resolved
	held := func(name string, unsaved bool) *Client {
		c := withToken(name, unsaved)
		entry, _ := r.get(name)
		r.keep(entry, holding{client: c})
		return c
	}
	unsaved := held("unsaved", true)
	used := held("used", false)
	held("unused", false)
	for i := range maxResolved {
		r.get(fmt.Sprint("other-", i))
		r.get("used")
	}
	if len(r.byName) != maxResolved || r.order.Len() != maxResolved {
		t.Errorf("%d are kept, %d in order", len(r.byName), r.order.Len())
	}
	for name, want := range map[string]*Client{
		"unsaved": unsaved, "used": used, "unused": nil, "other-0": nil, "never": nil} {
		if got := r.peek(name); got != want {
			t.Errorf("%s: %p, want %p", name, got, want)
		}
	}
}

// withToken returns a client that has a token of a user.
func withToken(name string, unsaved bool) *Client {
	c := newClient(&Registry{}, name)
	c.current.Store(&registration{users: &users{held: map[string]stored{"1": &madeFor{kept: unsaved}}}})
	return c
}

// Nor does a change of its configuration lose such a token.
func TestTenantChangedBeforeSaving(t *testing.T) {
	s := &settings{options: Options{Resolve: func(context.Context, string) (Config, error) {
		return Config{ClientID: "new", AuthorizeURL: "https://a.example/", AccessTokenURL: "https://a.example/"}, nil
	}}}
	for _, unsaved := range []bool{true, false} {
		c := withToken("name", unsaved)
		before := c.current.Load()
		_, err := (&Registry{}).resolve(t.Context(), s, "name", holding{client: c})
		if err != nil || (c.current.Load() == before) != unsaved {
			t.Errorf("unsaved %t: %v", unsaved, err)
		}
	}
}

// What an application redirects to is remembered to a bound.
func TestManyRedirectURIs(t *testing.T) {
	r := &Registry{clients: map[string]*Client{}}
	c := newClient(r, "name")
	r.clients["name"] = c
	for i := range maxRedirects + 10 {
		if got := r.owner(c, fmt.Sprint("https://site.example/", i)); got != c {
			t.Fatalf("owner is %p", got)
		}
	}
	if len(r.redirects) != maxRedirects {
		t.Errorf("%d are remembered", len(r.redirects))
	}
}
