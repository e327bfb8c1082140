package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

const (
	processes  = 4
	goroutines = 25 // in each of them
)

// An errand is what a process is started for. It comes in an environment variable.
type errand struct {
	Where, Issuer string
	Key           oauth2.TokenKey
	ShortLease    bool // which ends soon after its holder was killed
	Killed        bool // when the store is to save
}

const environment = "VOUCHSAFE_STORETEST"

// Started reports whether this process is one that [Processes] has started: where the store
// is, that says.
func Started() bool { return os.Getenv(environment) != "" }

// Processes tests that of several processes that need a new token at the same time one
// gets it for all, and what is left when it is killed before it has saved what it got. In
// each process open opens the same store, at where. The processes are the test binary, run
// again with the test that called Processes, which must do nothing before that would
// disturb.
func Processes(
	t *testing.T, where string, open func(t *testing.T, where string) oauth2.TokenStore,
) {
	if text := os.Getenv(environment); text != "" {
		var e errand
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		e.run(t, open(t, e.Where))
		return
	}
	store := open(t, where)
	_, leases := store.(oauth2.Locker)
	if !leases {
		t.Fatal("the store has no leases")
	}
	t.Run("one refreshes for all", func(t *testing.T) { testOneForAll(t, where, store) })
	for _, test := range []struct {
		name     string
		options  oidctest.Options
		recovers bool
	}{
		{"rotated", oidctest.Options{}, false},
		{"rotated with grace", oidctest.Options{Grace: time.Minute}, true},
		{"not rotated", oidctest.Options{KeepRefreshToken: true}, true},
	} {
		t.Run("killed, "+test.name, func(t *testing.T) {
			t.Parallel()
			testKilled(t, where, store, test.options, test.recovers)
		})
	}
}

// run asks for a token, from many goroutines, and prints what they get.
func (e errand) run(t *testing.T, store oauth2.TokenStore) {
	if e.ShortLease {
		store = shortLease{store, store.(oauth2.Locker)}
	}
	if e.Killed {
		store = killing{store, store.(oauth2.Locker)}
	}
	source, err := newClient(t, e.Issuer).TokenSource(
		oauth2.TokenSourceOptions{Store: store, Key: e.Key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(os.Stdin); err != nil { // until all have started
		t.Fatal(err)
	}
	var mu sync.Mutex
	got := map[string]bool{}
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range 2 {
				tok, err := source.Token(t.Context())
				mu.Lock()
				got[result(tok, err)] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for text := range got {
		fmt.Println(prefix + text)
	}
}

const (
	prefix   = "storetest: "
	loggedIn = "token "
	mustLog  = "login required"
)

func result(tok *oauth2.Token, err error) string {
	switch {
	case err == nil:
		return loggedIn + tok.AccessToken()
	case errors.Is(err, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired}):
		return mustLog
	default:
		return err.Error()
	}
}

type shortLease struct {
	oauth2.TokenStore
	locker oauth2.Locker
}

func (s shortLease) Lock(
	ctx context.Context, key oauth2.TokenKey, _ time.Duration,
) (func(), error) {
	return s.locker.Lock(ctx, key, 5*time.Second)
}

type killing struct {
	oauth2.TokenStore
	oauth2.Locker
}

func (killing) Swap(context.Context, oauth2.TokenKey, *oauth2.Token, *oauth2.Token) (bool, error) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	return false, err
}

func newClient(t *testing.T, issuer string) *oauth2.Client {
	t.Helper()
	c, err := oauth2.New(oauth2.Config{
		ID:   "client",
		Auth: oauth2.ClientSecretBasic("secret"),
		Server: oauth2.AuthorizationServer{
			Issuer:                issuer,
			AuthorizationEndpoint: issuer + "/authorize",
			TokenEndpoint:         issuer + "/token",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// logIn returns a token of a login.
func logIn(t *testing.T, issuer string) *oauth2.Token {
	t.Helper()
	c := newClient(t, issuer)
	req, err := c.Authorize(t.Context(), oauth2.AuthorizationOptions{
		RedirectURI: "http://127.0.0.1/callback", Scopes: []string{"read", "offline_access"}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(get(t, req.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := c.Callback(t.Context(), back.Query(), req.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// expire puts a token into the store that has expired, and returns it.
func expire(
	t *testing.T, store oauth2.TokenStore, key oauth2.TokenKey, tok *oauth2.Token,
) *oauth2.Token {
	t.Helper()
	r := tok.Record()
	r.AccessToken, r.ExpiresAt = "expired", 1
	expired := Make(t, r)
	held, err := store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	swap(t, store, key, held, expired, true)
	return expired
}

func testOneForAll(t *testing.T, where string, store oauth2.TokenStore) {
	provider := oidctest.NewServer(oidctest.Options{})
	t.Cleanup(provider.Close)
	e := errand{Where: where, Issuer: provider.Issuer(), Key: oauth2.TokenKey{Name: "one for all"}}
	tok := logIn(t, provider.Issuer())
	for round := 1; round <= 3; round++ {
		expire(t, store, e.Key, tok)
		got := runAll(t, processes, e)
		var err error
		if tok, err = store.Load(t.Context(), e.Key); err != nil {
			t.Fatal(err)
		}
		for _, texts := range got {
			if len(texts) != 1 || texts[0] != loggedIn+tok.AccessToken() {
				t.Errorf("round %d: a process got %q", round, texts)
			}
		}
		granted, refused := provider.Refreshes()
		if granted != round || refused != 0 {
			t.Errorf("round %d: %d refreshes, %d refused", round, granted, refused)
		}
	}
}

// A process is killed with the token that it got. The next has the old one, which the
// server takes once more, or does not.
func testKilled(
	t *testing.T, where string, store oauth2.TokenStore, o oidctest.Options, recovers bool,
) {
	provider := oidctest.NewServer(o)
	t.Cleanup(provider.Close)
	e := errand{Where: where, Issuer: provider.Issuer(), Key: oauth2.TokenKey{User: t.Name()},
		ShortLease: true, Killed: true}
	expired := expire(t, store, e.Key, logIn(t, provider.Issuer()))
	if got := runAll(t, 1, e); got[0] != nil {
		t.Fatalf("the process was not killed: %q", got)
	}
	load(t, store, e.Key, expired)
	if granted, refused := provider.Refreshes(); granted != 1 || refused != 0 {
		t.Fatalf("%d refreshes, %d refused", granted, refused)
	}
	e.Killed = false
	got := runAll(t, 1, e)[0]
	held, err := store.Load(t.Context(), e.Key)
	if err != nil {
		t.Fatal(err)
	}
	want, wantGranted := mustLog, 1
	if recovers {
		want, wantGranted = loggedIn+held.AccessToken(), 2
	}
	if len(got) != 1 || got[0] != want || held.Same(expired) == recovers {
		t.Errorf("the next process got %q, want %q", got, want)
	}
	granted, refused := provider.Refreshes()
	if granted != wantGranted || refused != 2-wantGranted {
		t.Errorf("%d refreshes, %d refused", granted, refused)
	}
}

// runAll runs n processes at the same time and returns what each printed, nil for one that
// did not end by itself.
func runAll(t *testing.T, n int, e errand) [][]string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	top, _, _ := strings.Cut(t.Name(), "/")
	var starts []io.Closer
	outputs := make([]strings.Builder, n)
	commands := make([]*exec.Cmd, n)
	for i := range commands {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+top+"$", "-test.timeout=1m")
		c.Env = append(os.Environ(), environment+"="+string(text))
		c.Stdout, c.Stderr = &outputs[i], &outputs[i]
		start, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		starts = append(starts, start)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		commands[i] = c
	}
	for _, start := range starts {
		start.Close()
	}
	got := make([][]string, n)
	for i, c := range commands {
		err := c.Wait()
		if e.Killed && err != nil {
			continue
		}
		if err != nil {
			t.Errorf("%v:\n%s", err, &outputs[i])
		}
		got[i] = []string{}
		for line := range strings.Lines(outputs[i].String()) {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
				got[i] = append(got[i], text)
			}
		}
	}
	return got
}
