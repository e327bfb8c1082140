package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/oauth2"
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
		made := &madeFor{user, i < maxUsers-10}
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
	for i := range maxUsers - 10 {
		if u.get(fmt.Sprint(i)) == nil {
			t.Fatalf("what is not saved of user %d is dropped", i)
		}
	}
	if maxUsers != 10_000 {
		t.Errorf("room for %d", maxUsers)
	}
}

// lending registers a client whose server waits at the gate before it refreshes.
func lending(t *testing.T, gate func(), rows *oauth2.MemoryStore, fetched *oauth2.Token) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			gate()
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"access_token":"b","refresh_token":"b","token_type":"Bearer"}`)
		} else if r.URL.Path == "/refused" && r.Header.Get("Authorization") != "Bearer b" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(s.Close)
	reg, err := New(Options{EphemeralKey: true, TokenStore: rows})
	if err != nil {
		t.Fatal(err)
	}
	c, err := reg.Register("name", Config{ClientID: "client", AuthorizeURL: s.URL + "/authorize",
		AccessTokenURL: s.URL + "/token", APIBaseURL: s.URL,
		FetchToken:  func(context.Context) (Token, error) { return Token{OAuth2: fetched}, nil },
		UpdateToken: func(context.Context, TokenUpdate) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func call(t *testing.T, get func(context.Context, string) (*http.Response, error)) error {
	return callAt(t, get, "x")
}

func callAt(
	t *testing.T, get func(context.Context, string) (*http.Response, error), ref string,
) error {
	resp, err := get(t.Context(), ref)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

func fetchedToken(t *testing.T, left time.Duration) *oauth2.Token {
	t.Helper()
	tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: "a", RefreshToken: "a",
		Expiry: time.Now().Add(left)})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// A token that is being refreshed is not dropped: it would be refreshed twice.
func TestLineageInUse(t *testing.T) {
	for ref, left := range map[string]time.Duration{"ended": -time.Second, "refused": time.Hour} {
		asked, answer := make(chan bool), make(chan bool)
		c := lending(t, func() { asked <- true; <-answer }, nil, fetchedToken(t, left))
		done := make(chan error)
		var calls sync.WaitGroup
		calls.Go(func() { done <- callAt(t, c.Get, ref) })
		<-asked
		if !c.unsaved() {
			t.Errorf("%s: is dropped", ref)
		}
		answer <- true
		if err := <-done; err != nil || c.unsaved() {
			t.Errorf("%s: is kept for ever, %v", ref, err)
		}
		calls.Wait()
	}
}

// Nor is one that UpdateToken did not take.
func TestLineageNotStored(t *testing.T) {
	answer := roundTripper(func(*http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"b","refresh_token":"b","token_type":"Bearer"}`)
		return w.Result(), nil
	})
	synctest.Test(t, func(t *testing.T) {
		tok := fetchedToken(t, -time.Second)
		reg, err := New(Options{EphemeralKey: true, HTTP: &http.Client{Transport: answer}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := reg.Register("name", Config{ClientID: "client",
			AuthorizeURL: "https://r.test/authorize", AccessTokenURL: "https://r.test/token",
			APIBaseURL:  "https://r.test",
			FetchToken:  func(context.Context) (Token, error) { return Token{OAuth2: tok}, nil },
			UpdateToken: func(context.Context, TokenUpdate) error { return errNone },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := call(t, c.Get); !errors.Is(err, errNone) || !c.unsaved() {
			t.Errorf("is dropped, %v", err)
		}
	})
}

// No user is called as a token that was fetched is kept, whatever the name.
func TestKeysOfUsers(t *testing.T) {
	tok := fetchedToken(t, time.Hour)
	c := lending(t, nil, new(oauth2.MemoryStore), tok)
	if err := call(t, c.Get); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{keyOf(tok), strings.TrimPrefix(keyOf(tok), "token ")} {
		err := call(t, c.WithUser(user).Get)
		if !errors.Is(err, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired}) {
			t.Errorf("%s: %v", user, err)
		}
	}
	if n := len(c.current.Load().users.held); n != 3 {
		t.Errorf("%d are kept", n)
	}
	for _, other := range []oauth2.Record{{AccessToken: "a"}, {AccessToken: "a", RefreshToken: "b"},
		{RefreshToken: "a"}, {AccessToken: `a" "a`}} {
		if two, err := oauth2.FromRecord(other); err != nil || keyOf(two) == keyOf(tok) {
			t.Errorf("%v: the same key", err)
		}
	}
	if err := (&lineage{}).save(t.Context(), Token{OAuth2: tok}); err == nil {
		t.Error("a token that the application keeps was saved")
	}
}

// Who is refreshing a token is not forgotten: another would refresh it too.
func TestUserInUse(t *testing.T) {
	asked, answer := make(chan bool), make(chan bool)
	c := lending(t, func() { asked <- true; <-answer }, new(oauth2.MemoryStore), nil)
	tok := fetchedToken(t, -time.Second)
	if err := c.SaveToken(context.Background(), "42", Token{OAuth2: tok}); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	calls.Go(func() { callAt(t, c.WithUser("42").Get, "ended") })
	<-asked
	if !c.unsaved() {
		t.Error("is dropped while the server is asked")
	}
	answer <- true
	calls.Wait()
	if c.unsaved() {
		t.Error("is kept for ever")
	}
}
