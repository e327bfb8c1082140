package oauth1test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// Suite logs in at providers of its own by login, the code under test: at one that behaves,
// once for each task, and then at each of [Misbehaviors]. Login does what the attempt says
// and returns nil if all of it went well, and an error if it was refused: by itself, or by
// the provider. A task that it cannot do it answers with an error that wraps
// [errors.ErrUnsupported], and that test is skipped. It is called for one attempt after the
// other; ctx ends with the attempt's test.
//
// A test fails
//   - if what is wrong is not refused, or refused before the provider has done it;
//   - if after it the client makes another request with the temporary credentials or the
//     token, its browser's among them, but where one may follow: where an API refuses;
//   - if a signature goes to another origin;
//   - if what is allowed is refused, or is not gone through with as far as the task says;
//   - if what is allowed, or may be refused, has the provider find a fault in the client.
//
// If the first tests fail, of the provider that behaves, the others are not made. Each is a
// subtest, so that go test -run picks one by its name, and -skip leaves out what an
// application is content with.
func Suite(t *testing.T, login func(ctx context.Context, a *Attempt) error) {
	t.Helper()
	runSuite(suiteT{t}, login)
}

// A tester is what a suite needs of a [testing.T].
type tester interface {
	Context() context.Context
	Run(name string, test func(tester)) bool
	Errorf(format string, args ...any)
	Skipf(format string, args ...any)
}

type suiteT struct{ *testing.T }

func (t suiteT) Run(name string, test func(tester)) bool {
	return t.T.Run(name, func(t *testing.T) { test(suiteT{t}) })
}

func runSuite(t tester, login func(context.Context, *Attempt) error) {
	try := func(m Misbehavior) func(tester) {
		return func(t tester) {
			r := newRun(t.Context(), m)
			defer r.close()
			r.judge(t, m, login(t.Context(), r.attempt))
		}
	}
	for _, task := range []string{Login, Renewal, Clock} {
		behaves := Misbehavior{Does: "behaves", Clause: "RFC 5849", Harmless: true, task: task}
		if !t.Run("control_"+task, try(behaves)) {
			return
		}
	}
	for _, m := range Misbehaviors() {
		t.Run(m.Name, try(m))
	}
}

// A run is one attempt, and who sees what becomes of it.
type run struct {
	provider  *Server
	elsewhere *httptest.Server
	attempt   *Attempt

	mu     sync.Mutex
	leaked []string // the paths of the signed requests that went elsewhere
}

// newRun starts a provider that misbehaves.
func newRun(ctx context.Context, m Misbehavior) *run {
	o := Options{
		Misbehave: m.Name,
		Clients:   []Client{{ID: "client", Secret: "the secret of the client"}},
	}
	if m.task == Renewal {
		o.TokenLife = time.Hour
	}
	r := &run{provider: NewServer(o)}
	r.elsewhere = httptest.NewServer(http.HandlerFunc(r.grantElsewhere))
	r.provider.elsewhere = r.elsewhere.URL
	config := r.provider.Config()
	r.attempt = &Attempt{
		Misbehavior: m.Name, Task: m.task,
		TemporaryCredentialURL: config.TemporaryCredentialURL,
		AuthorizationURL:       config.AuthorizationURL,
		TokenURL:               config.TokenURL,
		APIURL:                 r.provider.Endpoint("me"),
		ClientID:               config.ID, ClientSecret: config.Secret,
		RedirectURI: "http://127.0.0.1/callback",
		Browse:      func(target string) (*http.Request, error) { return browse(ctx, target) },
	}
	return r
}

func (r *run) close() {
	r.provider.server.CloseClientConnections() // of a login that left a response unread
	r.provider.Close()
	r.elsewhere.Close()
}

// grantElsewhere is another origin, which grants what it is asked for.
func (r *run) grantElsewhere(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	req.ParseForm() // what cannot be read is not there
	if req.Header.Get("Authorization") != "" || req.Form.Has("oauth_signature") {
		r.mu.Lock()
		r.leaked = append(r.leaked, req.URL.Path)
		r.mu.Unlock()
	}
	if req.URL.Path == "/"+string(stepAPI) {
		writeJSON(w, map[string]string{"id": "alice"})
		return
	}
	writeForm(w, url.Values{
		"oauth_token": {"theirs"}, "oauth_token_secret": {"theirs"},
		"oauth_callback_confirmed": {"true"},
	})
}

// judge says what was wrong with how a login ended.
func (r *run) judge(t tester, m Misbehavior, err error) {
	p := r.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	fault := !m.Harmless && !m.Optional
	unsupported := errors.Is(err, errors.ErrUnsupported) && m.task != Login
	switch {
	case unsupported && !(fault && p.misbehaved):
		t.Skipf("not tried: %v", err)
	case !fault:
		r.judgeWhole(t, m, err)
	case !p.misbehaved:
		t.Errorf("%s (%s): the login never came to that: %v", m.Does, m.Clause, err)
	case err == nil:
		t.Errorf("%s (%s): not refused", m.Does, m.Clause)
	}
	if fault && !m.mayFollow && len(p.after) > 0 {
		t.Errorf("%s (%s): another request after it: %v", m.Does, m.Clause, p.after)
	}
	if len(r.leaked) > 0 {
		t.Errorf("%s (%s): a signature went there: %v", m.Does, m.Clause, r.leaked)
	}
}

// judgeWhole says what was wrong with a login that had to succeed, or that may.
func (r *run) judgeWhole(t tester, m Misbehavior, err error) {
	p := r.provider
	if err != nil && m.Harmless {
		t.Errorf("%s (%s): refused: %v", m.Does, m.Clause, err)
	}
	if err == nil && !p.done[stepAPI] {
		t.Errorf("%s (%s): the API was not called", m.Does, m.Clause)
	}
	if err == nil && m.task == Renewal && !p.done[stepRenewal] {
		t.Errorf("%s (%s): the token was not renewed", m.Does, m.Clause)
	}
	faults := slices.DeleteFunc(slices.Clone(p.faults), func(f Fault) bool {
		return f == StaleTimestamp && m.skew != 0
	})
	if len(faults) > 0 {
		t.Errorf("%s (%s): the client is at fault: %v", m.Does, m.Clause, faults)
	}
}
