package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// A tenant with a token that its store has not is kept, whoever comes after it.
func TestTenantsForgotten(t *testing.T) {
	var r resolved
	held := func(name string, unsaved bool) *Client {
		c := withToken(name, unsaved)
		entry, _ := r.get(name)
		r.settle(entry, holding{client: c, until: time.Unix(1, 0)})
		return c
	}
	unsaved := held("unsaved", true)
	used := held("used", false)
	held("unused", false)
	for i := range maxResolved {
		held(fmt.Sprint("other-", i), false)
		r.get("used")
	}
	if len(r.byName) != maxResolved || r.order.Len() != maxResolved {
		t.Errorf("%d are kept, %d in order", len(r.byName), r.order.Len())
	}
	for name, want := range map[string]*Client{
		"unsaved": unsaved, "used": used, "unused": nil, "other-0": nil, "never": nil} {
		if _, got := r.get(name); got.client != want {
			t.Errorf("%s: %p, want %p", name, got.client, want)
		}
	}
}

// Where all have such a token nobody goes, and nobody has two places.
func TestTenantsUnsaved(t *testing.T) {
	var r resolved
	for i := range maxResolved + 2 {
		c := withToken("name", true)
		entry, _ := r.get(fmt.Sprint(i))
		for range 2 {
			r.settle(entry, holding{client: c, until: time.Unix(1, 0)})
		}
	}
	if want := maxResolved + 2; len(r.byName) != want || r.order.Len() != want {
		t.Errorf("%d are kept, %d in order", len(r.byName), r.order.Len())
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
	same := Config{ClientID: "new", AuthorizeURL: "https://a.example/",
		AccessTokenURL: "https://a.example/"}
	s := &settings{options: Options{Resolve: func(context.Context, string) (Config, error) {
		return same, nil
	}}}
	for _, test := range []struct {
		unsaved bool
		digest  string
		kept    bool
	}{
		{true, same.digest(), true},
		{false, same.digest(), false},
		{true, "another provider's", false},
	} {
		c := withToken("name", test.unsaved)
		before := c.current.Load()
		before.digest = test.digest
		held, err := (&Registry{}).resolve(t.Context(), s, "name", holding{client: c})
		if err != nil || held.client != c || (c.current.Load() == before) != test.kept {
			t.Errorf("%+v: client %p, %v", test, held.client, err)
		}
	}
}

// What an application redirects to is remembered to a bound.
func TestManyRedirectURIs(t *testing.T) {
	r := &Registry{clients: map[string]*Client{}}
	c := newClient(r, "name")
	r.clients["name"] = c
	for i := range maxRedirects + 10 {
		if got := r.owner(c, fmt.Sprint("https://site.example/", i)); got != "name" {
			t.Fatalf("owner is %s", got)
		}
	}
	if len(r.redirects) != maxRedirects {
		t.Errorf("%d are remembered", len(r.redirects))
	}
}

// Of two who come after one who is no more, the second inherits nothing.
func TestInheritOnce(t *testing.T) {
	r := &Registry{redirects: map[string]string{"https://site.example/": "gone"}}
	for _, name := range []string{"first", "second"} {
		r.inherit(newClient(r, name), "https://site.example/", "gone")
	}
	if got := r.redirects["https://site.example/"]; got != "first" {
		t.Errorf("owner is %s", got)
	}
}

// Who comes while another's flight lands asks nobody again: the clock, which is read between
// get and Do, is where he is held up.
func TestResolveLanded(t *testing.T) {
	now := time.Now()
	asked, hold := 0, false
	entered, release := make(chan struct{}), make(chan struct{})
	r, err := New(Options{EphemeralKey: true,
		Now: func() time.Time {
			if hold {
				hold = false
				close(entered)
				<-release
			}
			return now
		},
		Resolve: func(context.Context, string) (Config, error) {
			asked++
			return Config{ClientID: "a", AuthorizeURL: "https://a.example/", AccessTokenURL: "https://a.example/"}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	r.Resolve(t.Context(), "acme")
	now, hold = now.Add(time.Hour), true
	done := make(chan struct{})
	go func() { r.Resolve(t.Context(), "acme"); close(done) }()
	<-entered
	if _, err := r.Resolve(t.Context(), "acme"); err != nil || asked != 2 {
		t.Fatal(asked, err)
	}
	close(release)
	<-done
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// A flight of a tenant that was forgotten meanwhile drops nobody else's.
func TestForgottenFlight(t *testing.T) {
	var r resolved
	first, _ := r.get("acme")
	r.forget(first) // evicted
	again, _ := r.get("acme")
	c := newClient(&Registry{}, "acme")
	r.settle(again, holding{client: c, until: time.Unix(1, 0)})
	r.settle(first, holding{}) // by the first's flight, which has failed
	if _, held := r.get("acme"); held.client != c {
		t.Error("another's client was dropped")
	}
}

// The database that did not take a token is the one that Resolve asks: the token is not lost for that.
func TestUnsavedWhileResolveFails(t *testing.T) {
	r, err := New(Options{EphemeralKey: true, Now: func() time.Time { return time.Unix(1e9, 0) },
		Resolve: func(context.Context, string) (Config, error) { return Config{}, errors.New("the database is down") }})
	if err != nil {
		t.Fatal(err)
	}
	c := withToken("acme", true)
	entry, _ := r.resolved.get("acme")
	r.resolved.settle(entry, holding{client: c, until: time.Unix(1, 0)})
	if _, err := r.Resolve(t.Context(), "acme"); err == nil {
		t.Error("no error")
	}
	if _, held := r.resolved.get("acme"); held.client != c {
		t.Error("a token that is nowhere else is lost")
	}
}

// What a flight brings of a tenant that was forgotten meanwhile is kept all the same.
func TestForgottenWhileAsked(t *testing.T) {
	var r resolved
	first, _ := r.get("acme")
	r.forget(first)
	c := newClient(&Registry{}, "acme")
	r.settle(first, holding{client: c, until: time.Unix(1, 0)})
	if again, held := r.get("acme"); again != first || held.client != c || r.order.Len() != 1 {
		t.Errorf("%p holds %v", again, held.client)
	}
}

// An http.Client is none but itself, however alike another is.
func TestSameConfig(t *testing.T) {
	one, two := Config{ClientID: "a", HTTP: &http.Client{}}, Config{ClientID: "a", HTTP: &http.Client{}}
	if !same(one, one) || same(one, two) || same(one, Config{ClientID: "b", HTTP: one.HTTP}) {
		t.Error("compared by something else")
	}
	if one.HTTP == nil || two.HTTP == nil {
		t.Error("what is compared is changed")
	}
}
