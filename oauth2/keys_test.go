package oauth2

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/jose"
)

func newKey(t *testing.T) *jose.Key {
	t.Helper()
	k, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A publisher serves a key set, or fails, and counts.
type publisher struct {
	*server
	answer atomic.Pointer[http.HandlerFunc]
	now    atomic.Int64 // seconds after start
}

func newPublisher(t *testing.T, keys ...*jose.Key) *publisher {
	t.Helper()
	p := &publisher{}
	p.publish(t, keys...)
	p.server = newServer(t, func(w http.ResponseWriter,
		r *http.Request) {
		(*p.answer.Load())(w, r)
	})
	return p
}

func (p *publisher) publish(t *testing.T, keys ...*jose.Key) {
	t.Helper()
	set, err := json.Marshal(jose.NewSet(keys...))
	if err != nil {
		t.Fatal(err)
	}
	p.fail(answerJSON(200, string(set)))
}

func (p *publisher) fail(answer http.HandlerFunc) { p.answer.Store(&answer) }

func (p *publisher) clock() time.Time {
	return start.Add(time.Duration(p.now.Load()) * time.Second)
}

func (p *publisher) keySet(t *testing.T) *RemoteKeySet {
	t.Helper()
	s, err := NewRemoteKeySet(p.URL+"/jwks", nil, p.clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// found reports how many keys there are for a key ID.
func found(t *testing.T, s *RemoteKeySet, id string) int {
	t.Helper()
	keys, err := s.Keys(t.Context(), jose.Header{Algorithm: "ES256", KeyID: id})
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

func (p *publisher) wantFetches(t *testing.T, n int) {
	t.Helper()
	if got := len(p.requests()); got != n {
		t.Errorf("fetched %d times, want %d", got, n)
	}
}

func TestNewRemoteKeySet(t *testing.T) {
	for _, test := range []struct{ url, want string }{
		{"https://as.example/jwks", "ok"},
		{"http://127.0.0.1/jwks", "ok"},
		{"http://as.example/jwks", "insecure URL"},
		{"", "insecure URL"},
		{"https://u@as.example/jwks", "insecure URL"},
		{"file:///etc/passwd", "insecure URL"},
	} {
		s, err := NewRemoteKeySet(test.url, nil, nil)
		if got := outcome(err); got != test.want || (s == nil) != (err != nil) {
			t.Errorf("%q: outcome %q, want %q", test.url, got, test.want)
		}
		if err != nil {
			wantText(t, err, "oauth2: key set: ")
		}
	}
}

// Nothing is fetched before it is needed, and then once while it is fresh.
func TestKeysAreLazy(t *testing.T) {
	a, b := newKey(t), newKey(t)
	p := newPublisher(t, a, b)
	s := p.keySet(t)
	p.wantFetches(t, 0)
	for range 3 {
		if found(t, s, a.ID()) != 1 || found(t, s, b.ID()) != 1 || found(t, s, "") != 2 {
			t.Error("keys are missing")
		}
	}
	p.wantFetches(t, 1)
	if got, want := p.requests()[0], "GET /jwks\nAccept: application/json\n\n"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	p.now.Store(3599)
	found(t, s, a.ID())
	p.wantFetches(t, 1)
	p.now.Store(3600)
	found(t, s, a.ID())
	p.wantFetches(t, 2)
}

// The system's clock serves where none is given.
func TestKeysByTheSystemsClock(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	s, err := NewRemoteKeySet(p.URL, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found(t, s, k.ID()) != 1 {
		t.Error("no key")
	}
}

// Callers who come at once share a fetch.
func TestKeysAreFetchedOnce(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	release := make(chan struct{})
	publish := *p.answer.Load()
	p.fail(func(w http.ResponseWriter, r *http.Request) {
		<-release
		publish(w, r)
	})
	s := p.keySet(t)
	var wait sync.WaitGroup
	var asking atomic.Int32
	for range 50 {
		wait.Go(func() {
			if asking.Add(1) == 50 {
				close(release)
			}
			if found(t, s, k.ID()) != 1 {
				t.Error("no key")
			}
		})
	}
	wait.Wait()
	p.wantFetches(t, 1)
}

// A key that is not there may have come since: one fetch every 30 seconds. One
// that has gone is believed no longer.
func TestKeysAreRenewed(t *testing.T) {
	a, b := newKey(t), newKey(t)
	p := newPublisher(t, a)
	s := p.keySet(t)
	found(t, s, a.ID())
	p.publish(t, b)
	p.now.Store(30)
	if found(t, s, b.ID()) != 1 {
		t.Error("the new key is not found")
	}
	p.wantFetches(t, 2)
	if found(t, s, a.ID()) != 0 {
		t.Error("the old key is still believed")
	}
	p.now.Store(59)
	for range 10 {
		if found(t, s, "unknown") != 0 {
			t.Error("a key of another name is found")
		}
	}
	p.wantFetches(t, 2)
	p.now.Store(60)
	for range 10 {
		found(t, s, "unknown")
	}
	p.wantFetches(t, 3)
}

// A key that cannot serve the algorithm is as good as none.
func TestKeysServeTheAlgorithm(t *testing.T) {
	k := newKey(t)
	s := newPublisher(t, k).keySet(t)
	keys, err := s.Keys(t.Context(), jose.Header{Algorithm: "RS256", KeyID: k.ID()})
	if err != nil || len(keys) > 0 {
		t.Errorf("found %d, %v", len(keys), err)
	}
}

// While the server fails the copy serves for a day more, and not longer.
func TestKeysAreStale(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	s := p.keySet(t)
	found(t, s, k.ID())
	p.fail(answerJSON(503, `{}`))
	for _, seconds := range []int64{3600, 25*3600 - 1} {
		p.now.Store(seconds)
		if found(t, s, k.ID()) != 1 {
			t.Errorf("after %d seconds: no key", seconds)
		}
	}
	p.wantFetches(t, 3)
	p.now.Store(25 * 3600)
	header := jose.Header{Algorithm: "ES256", KeyID: k.ID()}
	if keys, err := s.Keys(t.Context(), header); err == nil || keys != nil {
		t.Errorf("found %d keys of yesterday", len(keys))
	}
	p.publish(t, k)
	if found(t, s, k.ID()) != 1 {
		t.Error("no recovery")
	}
}

// What is no key set is an error, and the next call tries again.
func TestKeysRefused(t *testing.T) {
	k := newKey(t)
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"500", answerJSON(500, `{"keys":[]}`), "status must be 200, is 500"},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
			"jose: JWK Set: strictjson: not an object"},
		{"redirect", func(w http.ResponseWriter,
			r *http.Request) {
			http.Redirect(w, r, "/other", 302)
		},
			"status must be 200, is 302"},
		{"no keys", answerJSON(200, `{}`), `keys must be an array of at most 256 keys`},
		{"endless", endless, "too large"},
		{"at the limit", answerJSON(200, `{"keys":[]}`+strings.Repeat(" ", 1<<20-11)), "too large"},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"keys":[]}`)
		}, "cut short"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPublisher(t, k)
			publish := *p.answer.Load()
			p.fail(test.answer)
			s := p.keySet(t)
			keys, err := s.Keys(t.Context(), jose.Header{Algorithm: "ES256"})
			if outcome(err) != test.want &&
				(err == nil || !strings.Contains(err.Error(), test.want)) || keys != nil {
				t.Errorf("%d keys and %v, want %q", len(keys), err, test.want)
			}
			p.fail(publish)
			if found(t, s, "") != 1 {
				t.Error("no recovery")
			}
		})
	}
}

// A set may be large, below the limit.
func TestKeysOfALargeSet(t *testing.T) {
	p := newPublisher(t)
	p.fail(answerJSON(200, `{"keys":[]}`+strings.Repeat(" ", 1<<20-12)))
	if found(t, p.keySet(t), "") != 0 {
		t.Error("a key")
	}
}

// A set of nothing usable is no error, but there is no key in it.
func TestKeysOfAnEmptySet(t *testing.T) {
	p := newPublisher(t)
	p.fail(answerJSON(200, `{"keys":[{"kty":"unheard-of"}]}`))
	if found(t, p.keySet(t), "") != 0 {
		t.Error("a key")
	}
}

// A renewal that fails leaves the copy there is: the key stays unknown.
func TestKeysRenewalFails(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	s := p.keySet(t)
	found(t, s, k.ID())
	p.fail(answerJSON(503, `{}`))
	p.now.Store(30)
	if found(t, s, "unknown") != 0 || found(t, s, k.ID()) != 1 {
		t.Error("the copy does not serve")
	}
	p.wantFetches(t, 2)
}

// A caller who gives up while keys are fetched hears so.
func TestKeysCallerGivesUp(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	s := p.keySet(t)
	found(t, s, k.ID())
	p.now.Store(30)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	publish := *p.answer.Load()
	p.fail(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-release
		publish(w, r)
	})
	keys, err := s.Keys(ctx, jose.Header{Algorithm: "ES256", KeyID: "unknown"})
	if outcome(err) != "context ended" || keys != nil {
		t.Errorf("%d keys and %v", len(keys), err)
	}
	close(release)
}

// A key that was replaced under the same ID, or has none, is found by the
// signature that the old one does not verify; at most every 30 seconds.
func TestReplacedKey(t *testing.T) {
	signers := make([]*ecdsa.PrivateKey, 2)
	keys := make([]*jose.Key, 2)
	for i := range signers {
		var err error
		if signers[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"", "same"} {
		for i := range keys {
			var err error
			if keys[i], err = jose.NewKey(signers[i], jose.KeyOptions{ID: id}); err != nil {
				t.Fatal(err)
			}
		}
		p := newPublisher(t, keys[0])
		v, err := jose.NewVerifier(jose.VerifierConfig{
			Keys: p.keySet(t), Algorithms: []string{"ES256"}, Issuer: "i", Audience: "a",
			Now: p.clock})
		if err != nil {
			t.Fatal(err)
		}
		verify := func(key *jose.Key) error {
			payload := fmt.Appendf(nil, `{"iss":"i","aud":"a","exp":%d}`,
				start.Add(time.Hour).Unix())
			token, err := jose.Sign(payload, key, jose.SignOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), token)
			return err
		}
		if err := verify(keys[0]); err != nil {
			t.Error(err)
		}
		p.publish(t, keys[1])
		if err := verify(keys[1]); err != nil {
			t.Errorf("%q: the new key: %v", id, err)
		}
		p.wantFetches(t, 2)
		for range 5 {
			if err := verify(keys[0]); err != jose.ErrSignature {
				t.Errorf("%q: the old key: %v", id, err)
			}
		}
		p.wantFetches(t, 2)
		p.fail(answerJSON(503, `{}`))
		p.now.Store(30)
		if err := verify(keys[0]); err != jose.ErrSignature {
			t.Errorf("%q: while the server fails: %v", id, err)
		}
	}
}
