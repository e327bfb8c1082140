package oauth2

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
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

// What the client may reach by http, keys may be fetched from.
func TestNewRemoteKeySetInsecureHosts(t *testing.T) {
	client := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"as:8080"}})
	if _, err := NewRemoteKeySet("http://as:8080/jwks", client, nil); err != nil {
		t.Error(err)
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
	p.now.Store(45*60 - 1)
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

// A key that was not there is not looked for again for 2 minutes, by that name and for
// that algorithm. What a fetch was not made for is not held against it.
func TestKeysAreMissed(t *testing.T) {
	p := newPublisher(t, newKey(t))
	s := p.keySet(t)
	for _, ask := range []struct {
		name    string
		seconds int64
		alg, id string
		fetches int
	}{
		{"missed", 0, "ES256", "a", 2},
		{"within the floor", 29, "ES256", "b", 2},
		{"missed before", 30, "ES256", "a", 2},
		{"not missed before", 30, "ES256", "b", 3},
		{"of another algorithm", 60, "RS256", "a", 4},
		{"without a name", 90, "RS256", "", 5},
		{"missed to the last", 119, "ES256", "a", 5},
		{"looked for again", 120, "ES256", "a", 6},
		{"and missed anew", 239, "ES256", "a", 6},
		{"no name is missed too", 209, "RS256", "", 6},
		{"and looked for again", 210, "RS256", "", 7},
	} {
		p.now.Store(ask.seconds)
		keys, err := s.Keys(t.Context(), jose.Header{Algorithm: ask.alg, KeyID: ask.id})
		if err != nil || len(keys) > 0 {
			t.Errorf("%s: %d keys, %v", ask.name, len(keys), err)
		}
		if got := len(p.requests()); got != ask.fetches {
			t.Errorf("%s: fetched %d times, want %d", ask.name, got, ask.fetches)
		}
	}
}

// Forgeries under a known key ID are no reason to miss it: what they may cause is a fetch
// every 30 seconds.
func TestForgeriesMissNothing(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	s := p.keySet(t)
	header := jose.Header{Algorithm: "ES256", KeyID: k.ID()}
	for i := range 4 {
		p.now.Store(int64(30 * i))
		for range 5 {
			if keys, err := s.Renew(t.Context(), header); len(keys) != 1 || err != nil {
				t.Errorf("%d keys, %v", len(keys), err)
			}
		}
	}
	p.wantFetches(t, 4)
}

// validated answers with a key set that has an entity tag, and says so where that is asked
// for.
func validated(t *testing.T, tag string, keys ...*jose.Key) http.HandlerFunc {
	t.Helper()
	set, err := json.Marshal(jose.NewSet(keys...))
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answerJSON(200, string(set))(w, r)
	}
}

// Keys of which the server says that they are still good are fresh anew, for as long as
// it says so.
func TestKeysNotModified(t *testing.T) {
	k, next := newKey(t), newKey(t)
	p := newPublisher(t)
	p.fail(validated(t, `"1"`, k))
	s := p.keySet(t)
	first, err := s.Set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 { // hours, of which an old copy would not survive 25
		p.now.Store(3600 * int64(i+1))
		if set, err := s.Set(t.Context()); set != first || err != nil {
			t.Fatalf("after %d hours: another set, %v", i+1, err)
		}
		p.wantFetches(t, i+2)
		if found(t, s, k.ID()) != 1 {
			t.Error("no key")
		}
	}
	p.fail(validated(t, `"2"`, next))
	p.now.Add(3600)
	if found(t, s, next.ID()) != 1 {
		t.Error("the new key is not there")
	}
	p.now.Add(30)
	if found(t, s, k.ID()) != 0 {
		t.Error("the old key is still there")
	}
}

// A key that is unknown to what the server says is still good is missed.
func TestUnknownKeyNotModified(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t)
	p.fail(validated(t, `"1"`, k))
	s := p.keySet(t)
	for _, ask := range []struct {
		seconds int64
		fetches int
	}{{0, 2}, {29, 2}, {30, 2}, {119, 2}, {120, 3}} {
		p.now.Store(ask.seconds)
		if found(t, s, "unknown") != 0 || found(t, s, k.ID()) != 1 {
			t.Errorf("after %d seconds: other keys", ask.seconds)
		}
		p.wantFetches(t, ask.fetches)
	}
}

// A server whose entity tag is the same for other keys is asked for them all the same.
func TestUnknownKeyOfTheSameTag(t *testing.T) {
	k, next := newKey(t), newKey(t)
	p := newPublisher(t)
	p.fail(validated(t, `"1"`, k))
	s := p.keySet(t)
	if found(t, s, k.ID()) != 1 {
		t.Fatal("no key")
	}
	p.fail(validated(t, `"1"`, next))
	p.now.Add(30)
	if found(t, s, next.ID()) != 1 || found(t, s, k.ID()) != 0 {
		t.Error("the keys are the old ones")
	}
}

// A key that was looked for in vain leaves the next fetch conditional.
func TestUnknownKeyThenNotModified(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t)
	p.fail(validated(t, `"1"`, k))
	s := p.keySet(t)
	found(t, s, "unknown")
	found(t, s, "another") // too soon for a fetch
	before, err := s.Set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.now.Add(3600)
	if after, err := s.Set(t.Context()); after != before || err != nil {
		t.Errorf("another set, %v", err)
	}
}

// A server that says so unasked has said nothing.
func TestKeysNotModifiedUnasked(t *testing.T) {
	p := newPublisher(t)
	p.fail(answerJSON(304, ""))
	_, err := p.keySet(t).Set(t.Context())
	if e, ok := errors.AsType[*httpclient.StatusError](err); !ok || e.Status != 304 {
		t.Errorf("got %v", err)
	}
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
	p.fail(answerJSON(500, `{}`))
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
		{"2 MB", answerJSON(200, `{"keys":[]}`+strings.Repeat(" ", 2<<20)), "too large"},
		{"a name twice", answerJSON(200, `{"keys":[],"keys":[]}`), "strictjson: "},
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
			if _, err := s.Set(t.Context()); err == nil {
				t.Error("a set")
			} else {
				wantText(t, err, "oauth2: key set: ")
			}
			if asked := slices.Compact(p.requests()); len(asked) != 1 { // which may be repeated
				t.Errorf("asked %q", asked)
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
	for _, set := range []string{`{"keys":[]}`, `{"keys":[{"kty":"unheard-of"}]}`} {
		p := newPublisher(t)
		p.fail(answerJSON(200, set))
		if found(t, p.keySet(t), "") != 0 {
			t.Errorf("%s: a key", set)
		}
	}
}

// A key that cannot be used takes no other with it, and it is known why.
func TestKeysThatCannotBeUsed(t *testing.T) {
	k := newKey(t)
	public, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t)
	p.fail(answerJSON(200, `{"keys":[{"kty":"unheard-of","kid":"a"},`+string(public)+
		`,{"kty":"EC","crv":"P-1","x":"AA","y":"AA"}]}`))
	s := p.keySet(t)
	if found(t, s, k.ID()) != 1 {
		t.Error("the key among them is lost")
	}
	set, err := s.Set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if why := set.Skipped(); len(set.All()) != 1 || len(why) != 2 ||
		outcome(why[0]) != "check kty" || outcome(why[1]) != "check crv" {
		t.Errorf("%d keys, without %v", len(set.All()), why)
	}
	p.wantFetches(t, 1)
}

// The keys of one server verify nothing of another, whatever their names.
func TestKeysOfAnotherServer(t *testing.T) {
	ours, theirs := namedKey(t, "1"), namedKey(t, "1")
	verify := verifierOf(t, newPublisher(t, ours).keySet(t), time.Now)
	other := verifierOf(t, newPublisher(t, theirs).keySet(t), time.Now)
	for _, try := range []struct {
		verify func(*jose.Key) error
		key    *jose.Key
		want   error
	}{
		{verify, ours, nil}, {other, theirs, nil},
		{verify, theirs, jose.ErrSignature}, {other, ours, jose.ErrSignature},
	} {
		if err := try.verify(try.key); err != try.want {
			t.Errorf("got %v, want %v", err, try.want)
		}
	}
}

func namedKey(t *testing.T, id string) *jose.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := jose.NewKey(private, jose.KeyOptions{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// verifierOf returns a function that verifies a new token, signed with a key.
func verifierOf(t *testing.T, s *RemoteKeySet, now func() time.Time) func(*jose.Key) error {
	t.Helper()
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: s, Algorithms: []string{"ES256"}, Issuer: "i", Audience: "a", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return func(key *jose.Key) error {
		payload := fmt.Appendf(nil, `{"iss":"i","aud":"a","exp":%d}`, now().Add(time.Hour).Unix())
		token, err := jose.Sign(payload, key, jose.SignOptions{})
		if err != nil {
			t.Error(err)
		}
		_, err = v.Verify(t.Context(), token)
		return err
	}
}

// While a fetch for an unknown key hangs, tokens of known ones verify.
func TestKnownKeysWhileTheServerHangs(t *testing.T) {
	known := namedKey(t, "known")
	p := newPublisher(t, known)
	verify := verifierOf(t, p.keySet(t), p.clock)
	if err := verify(known); err != nil {
		t.Fatal(err)
	}
	asked, release := make(chan bool, 1), make(chan bool)
	publish := *p.answer.Load()
	p.fail(func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		<-release
		publish(w, r)
	})
	verdict := make(chan error, 1)
	go func() { verdict <- verify(namedKey(t, "unknown")) }()
	<-asked
	for range 100 {
		if err := verify(known); err != nil {
			t.Error(err)
		}
	}
	close(release)
	if err := <-verdict; outcome(err) != "check key" {
		t.Errorf("the unknown key: %v", err)
	}
	p.wantFetches(t, 2)
}

// A bubble is a key set behind no network, for tests that need time of their own.
type bubble struct {
	mu      sync.Mutex
	set     string
	hangs   bool
	fetches int
}

func (b *bubble) RoundTrip(req *http.Request) (*http.Response, error) {
	b.mu.Lock()
	b.fetches++
	set, hangs := b.set, b.hangs
	b.mu.Unlock()
	if hangs {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	return &http.Response{StatusCode: 200, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(set))}, nil
}

func (b *bubble) publish(t *testing.T, hangs bool, keys ...*jose.Key) {
	t.Helper()
	set, err := json.Marshal(jose.NewSet(keys...))
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set, b.hangs = string(set), hangs
}

func (b *bubble) wantFetches(t *testing.T, n int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fetches != n {
		t.Errorf("fetched %d times, want %d", b.fetches, n)
	}
}

// inBubble runs a test with a key set that has fetched keys.
func inBubble(t *testing.T, test func(t *testing.T, b *bubble, s *RemoteKeySet),
	keys ...*jose.Key) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{}
		b.publish(t, false, keys...)
		s, err := NewRemoteKeySet("https://as.example/jwks", &http.Client{Transport: b}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Set(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, b, s)
	})
}

// rest sleeps, and lets what ends at the same moment end first.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// A server that hangs delays those who come first when the keys have aged, by 2 seconds,
// and then nobody, for as long as the keys may serve.
func TestKnownKeysAfterAnHour(t *testing.T) {
	known := namedKey(t, "known")
	inBubble(t, func(t *testing.T, b *bubble, s *RemoteKeySet) {
		verify := verifierOf(t, s, time.Now)
		b.publish(t, true, known)
		rest(2 * time.Hour)
		took := func() time.Duration {
			began := time.Now()
			if err := verify(known); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		if d := took(); d != 2*time.Second {
			t.Errorf("first: took %v", d)
		}
		for range 60 {
			if d := took(); d != 0 {
				t.Errorf("then: took %v", d)
			}
			rest(10 * time.Second)
		}
		b.publish(t, false)
		rest(2 * time.Minute)
		if err := verify(known); outcome(err) != "check key" {
			t.Errorf("a key that was removed: %v", err)
		}
	}, known)
}

// With calls all along nobody waits, as old keys are replaced before they have aged.
func TestKnownKeysAllAlong(t *testing.T) {
	known := namedKey(t, "known")
	inBubble(t, func(t *testing.T, b *bubble, s *RemoteKeySet) {
		verify := verifierOf(t, s, time.Now)
		b.publish(t, true, known)
		began := time.Now()
		for range 25*60 - 1 {
			rest(time.Minute)
			if err := verify(known); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 25*time.Hour-time.Minute {
			t.Errorf("took %v", took)
		}
		rest(time.Minute)
		if err := verify(known); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("keys of yesterday: %v", err)
		}
		b.publish(t, false, known)
		if err := verify(known); err != nil {
			t.Error(err)
		}
	}, known)
}

// A key that the server removed is believed until the copy has aged.
func TestRemovedKey(t *testing.T) {
	known := namedKey(t, "known")
	inBubble(t, func(t *testing.T, b *bubble, s *RemoteKeySet) {
		verify := verifierOf(t, s, time.Now)
		b.publish(t, false, namedKey(t, "new"))
		rest(time.Hour - 1)
		if err := verify(known); err != nil {
			t.Error(err)
		}
		rest(1)
		if err := verify(known); outcome(err) != "check key" {
			t.Errorf("got %v", err)
		}
	}, known)
}

// Whoever makes up key IDs, at once or for long, causes no more fetches than the floor
// allows, and keeps no new key out.
func TestManyUnknownKeys(t *testing.T) {
	known := namedKey(t, "known")
	inBubble(t, func(t *testing.T, b *bubble, s *RemoteKeySet) {
		unknown := func(i int) {
			keys, err := s.Keys(t.Context(), jose.Header{Algorithm: "ES256", KeyID: fmt.Sprint(i)})
			if len(keys) > 0 || err != nil {
				t.Errorf("%d keys, %v", len(keys), err)
			}
		}
		var wait sync.WaitGroup
		for i := range 10_000 {
			wait.Go(func() { unknown(i) })
		}
		wait.Wait()
		b.wantFetches(t, 2)
		for i := range 10_000 {
			time.Sleep(30 * time.Millisecond)
			unknown(10_000 + i)
		}
		b.wantFetches(t, 2+10) // 300 seconds
		rotated := namedKey(t, "rotated")
		b.publish(t, false, rotated)
		time.Sleep(30 * time.Second)
		if err := verifierOf(t, s, time.Now)(rotated); err != nil {
			t.Error(err)
		}
		b.wantFetches(t, 2+10+1)
	}, known)
}

func BenchmarkRemoteKeySet(b *testing.B) {
	k, err := jose.GenerateKey("ES256")
	if err != nil {
		b.Fatal(err)
	}
	set, err := json.Marshal(jose.NewSet(k))
	if err != nil {
		b.Fatal(err)
	}
	s, err := NewRemoteKeySet("https://as.example/jwks",
		&http.Client{Transport: &bubble{set: string(set)}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, header := b.Context(), jose.Header{Algorithm: "ES256", KeyID: k.ID()}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if keys, err := s.Keys(ctx, header); len(keys) != 1 || err != nil {
				b.Error(err)
			}
		}
	})
}

// A renewal that fails leaves the copy there is: the key stays unknown.
func TestKeysRenewalFails(t *testing.T) {
	k := newKey(t)
	p := newPublisher(t, k)
	s := p.keySet(t)
	found(t, s, k.ID())
	p.fail(answerJSON(500, `{}`))
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
	for _, id := range []string{"", "same"} {
		keys := []*jose.Key{namedKey(t, id), namedKey(t, id)}
		p := newPublisher(t, keys[0])
		verify := verifierOf(t, p.keySet(t), p.clock)
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
		p.fail(answerJSON(500, `{}`))
		p.now.Store(30)
		if err := verify(keys[0]); err != jose.ErrSignature {
			t.Errorf("%q: while the server fails: %v", id, err)
		}
	}
}

// Hooks rewrite each copy before it is read. What they refuse is no copy.
func TestKeySetHooks(t *testing.T) {
	key := newKey(t)
	p := newPublisher(t, key)
	public, err := json.Marshal(jose.NewSet(key))
	if err != nil {
		t.Fatal(err)
	}
	wrapped := strings.Replace(string(public), `"keys"`, `"schluessel"`, 1)
	p.fail(answerJSON(200, wrapped))
	no := errors.New("no")
	var calls, refused int
	hooks := []ResponseHook{
		func(_ context.Context, resp *httpclient.Response) error {
			calls++
			resp.Body = []byte(strings.Replace(string(resp.Body), `"schluessel"`, `"keys"`, 1))
			return nil
		},
		func(_ context.Context, resp *httpclient.Response) error {
			if string(resp.Body) != string(public) {
				t.Errorf("the second sees %s", resp.Body)
			}
			if refused > 0 {
				return no
			}
			return nil
		},
	}
	s, err := NewRemoteKeySet(p.URL+"/jwks", nil, p.clock, hooks...)
	if err != nil {
		t.Fatal(err)
	}
	hooks[0] = nil // which changes nothing any more
	set, err := s.Set(t.Context())
	if err != nil || calls != 1 || len(set.Skipped()) > 0 {
		t.Fatalf("%v after %d calls, %v", set, calls, err)
	}
	if _, err := s.Set(t.Context()); err != nil || calls != 1 {
		t.Errorf("%d calls for one copy, %v", calls, err)
	}
	refused = 1
	other, err := NewRemoteKeySet(p.URL+"/jwks", nil, p.clock, func(ctx context.Context,
		resp *httpclient.Response) error {
		return no
	})
	if err != nil {
		t.Fatal(err)
	}
	if set, err := other.Set(t.Context()); !errors.Is(err, no) || set != nil ||
		!strings.HasPrefix(err.Error(), "oauth2: key set: ") ||
		!strings.Contains(err.Error(), "hook: no") {
		t.Errorf("%v, %v", set, err)
	}
}

// A client's keys go through its own hooks.
func TestKeySetHooksOfAClient(t *testing.T) {
	no := errors.New("no")
	p := newPublisher(t, newKey(t))
	config := configAt(p.URL)
	config.Server.JWKSURI = p.URL + "/jwks"
	config.Hooks.KeySetResponse = []ResponseHook{
		func(context.Context, *httpclient.Response) error { return no }}
	c := newClient(t, config)
	if keys, err := c.config.Keys.Keys(t.Context(), jose.Header{Algorithm: "ES256"}); !errors.Is(
		err, no) || len(keys) > 0 {
		t.Errorf("%v, %v", keys, err)
	}
}
