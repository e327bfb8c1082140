package oauth2

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/internal/wait"
)

// A token that the store no longer has is not handed out because what it has instead is no
// use, once that has been seen.
func TestHeldIsGone(t *testing.T) {
	foreign := made("access b", "", time.Time{})
	foreign.clientID = "another"
	for name, test := range map[string]struct {
		tok   *Token
		grant error
	}{
		"refused":                {made("access b", "refresh b", time.Unix(1, 0)), nil},
		"another client's":       {foreign, nil},
		"removed, grant refused": {nil, &Error{Code: "invalid_client", Status: 401}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour, func(o *TokenSourceOptions) {
					if test.grant != nil {
						o.Grant = func(context.Context) (*Token, error) { return nil, test.grant }
					}
				})
				r.want(t, "access old")
				r.server.fails = []error{invalidGrant()}
				r.store.put(test.tok)
				time.Sleep(time.Minute)
				for range 3 {
					tok, err := r.Token(t.Context())
					if tok != nil || test.grant != nil && !errors.Is(err, test.grant) ||
						test.grant == nil && !errors.Is(err, errLoginRequired) {
						t.Errorf("got %q, %v", tok.AccessToken(), err)
					}
					time.Sleep(time.Second)
				}
			})
		})
	}
}

// A token that a resource refuses, and whose refresh token is refused too, is not handed out
// again, though it has not expired, until there is another.
func TestHeldIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.server.fails = []error{invalidGrant()}
		tok, err := r.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.replace(t.Context(), tok); !errors.Is(err, errLoginRequired) {
			t.Errorf("replaced: %v", err)
		}
		for range 3 {
			r.wantFailure(t, OutcomeLoginRequired)
			time.Sleep(time.Minute)
		}
		if err := r.Save(t.Context(), named("login", time.Hour)); err != nil {
			t.Fatal(err)
		}
		r.want(t, "access login")
		r.server.wantSent(t, "refresh old")
	})
}

// One that has no refresh token is: a resource may refuse what another takes.
func TestHeldIsRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		tok := made("access old", "", time.Time{})
		r.store.put(tok)
		r.want(t, "access old")
		if _, err := r.replace(t.Context(), tok); !errors.Is(err, errLoginRequired) {
			t.Errorf("replaced: %v", err)
		}
		r.want(t, "access old")
	})
}

// A clock that was ahead, and has been put right, does not keep a source from its store.
func TestHeldWhenClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := 3 * time.Hour
		config := configAt("https://as.example")
		config.Now = func() time.Time { return time.Now().Add(ahead) }
		store := &testStore{}
		src := newSource(t, newClient(t, config), TokenSourceOptions{Store: store, Key: rigKey})
		store.put(made("access old", "", time.Now().Add(24*time.Hour)))
		want(t, src, "access old")
		ahead = 0
		store.put(nil)
		if tok, err := src.Token(t.Context()); !errors.Is(err, errNoToken) {
			t.Errorf("got %q, %v", tok.AccessToken(), err)
		}
	})
}

// A source says when it has what its store has not.
func TestUnsavedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, full := newRig(t, -time.Second), errors.New("full")
		r.store.onSwap = func(context.Context, int32) error { return full }
		if r.Unsaved() {
			t.Error("before")
		}
		r.wantUnsaved(t, "access 1", full)
		if !r.Unsaved() {
			t.Error("there is one")
		}
		r.store.onSwap = nil
		r.want(t, "access 1")
		if r.Unsaved() {
			t.Error("after")
		}
	})
}

// A source that has just been made waits for a lease no longer than one that has a good token.
func TestColdWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 50*time.Second)
		unlock, err := r.store.Lock(t.Context(), rigKey, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		began := time.Now()
		r.want(t, "access old")
		if took := time.Since(began); took != patience {
			t.Errorf("took %v", took)
		}
	})
}

// A caller whose token has expired does not get the answer to another's, of whom a resource
// has refused one too often.
func TestExpiredJoinsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Second)
		r.server.life = time.Hour
		tok := named("old", time.Second)
		r.renewal.forced, r.renewal.pause = time.Now(), time.Minute
		r.store.onLoad = func(ctx context.Context, _ int32) error { return wait.For(ctx, time.Second) }
		go r.replace(t.Context(), tok)
		time.Sleep(time.Millisecond)
		r.want(t, "access 1")
	})
}

// A token of another client, or of another server, is neither sent to an API nor revoked.
func TestTokenOfAnotherIsNotSent(t *testing.T) {
	s := newServer(t, answerJSON(200, "{}"))
	config := configAt(s.URL)
	config.ID, config.Server.Issuer = "client", "https://as.example"
	config.Server.RevocationEndpoint = s.URL + "/revoke"
	c := newClient(t, config)
	for _, r := range []Record{
		{AccessToken: "a", RefreshToken: "r", ClientID: "other", Issuer: "https://as.example"},
		{AccessToken: "a", RefreshToken: "r", ClientID: "client", Issuer: "https://other.example"},
	} {
		tok := stored(t, r)
		_, err := c.Transport(tok, pinnedTo)
		wantCheck(t, err, "client_id", "RFC 6749, Section 10.4")
		wantCheck(t, c.Revoke(t.Context(), tok, ""), "client_id", "RFC 6749, Section 10.4")
	}
	if asked := s.requests(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
}

// What a function of the options has asked for as another client is the source's own.
func TestTokenIsAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.Grant = func(context.Context) (*Token, error) {
				tok := made("access granted", "", time.Now().Add(time.Hour))
				tok.clientID, tok.issuer = "broker", "https://broker.example"
				return tok, nil
			}
		})
		r.store.put(nil)
		for range 3 {
			r.want(t, "access granted")
			time.Sleep(10 * time.Minute)
		}
		tok, err := r.store.MemoryStore.Load(t.Context(), rigKey)
		if err != nil || tok.clientID != r.client.ID() {
			t.Errorf("stored as %q's, %v", tok.clientID, err)
		}
	})
}

// A token that was never accepted, and has expired since, is given up: the server is asked
// again, by the old refresh token.
func TestUnacceptedIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := errors.New("no keys")
		r := newRig(t, -time.Second, func(o *TokenSourceOptions) {
			o.AcceptRefresh = func(context.Context, *Token, *Token) error { return refuse }
		})
		for range 3 {
			if _, err := r.Token(t.Context()); !errors.Is(err, refuse) {
				t.Errorf("got %v", err)
			}
			time.Sleep(29 * time.Minute)
		}
		r.server.wantSent(t, "refresh old")
		err := r.wantFailure(t, OutcomeLoginRequired) // as that was rotated
		if !errors.Is(err, &Error{Code: "invalid_grant"}) {
			t.Errorf("got %v", err)
		}
		r.server.wantSent(t, "refresh old", "refresh old")
	})
}
