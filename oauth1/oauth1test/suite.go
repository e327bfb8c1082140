package oauth1test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An Attempt is one login that [Suite] asks for, at a provider of its own.
type Attempt struct {
	// Task is what to do, all of it:
	//
	//   - "login": log in, then GET APIURL with the token, which must be answered with
	//     200 and the user as JSON, whose id is "alice"
	//   - "renewal": log in, renew the token by its oauth_session_handle at TokenURL,
	//     then GET APIURL with the new one
	//   - "clock": as "login", but a request that is refused as timestamp_refused is
	//     made again, with a timestamp by the provider's clock
	Task string

	// Misbehavior is the Name of what the provider does, to tell it in errors; empty in a
	// control run.
	Misbehavior string

	// The endpoints (RFC 5849, Section 2) and an API.
	TemporaryCredentialURL, AuthorizationURL, TokenURL, APIURL string

	// The client credentials. Every signature method with a shared-secret will do, by POST
	// or GET.
	ClientID, ClientSecret string

	// RedirectURI is the oauth_callback to send. Nothing listens there. Another one on
	// loopback will do.
	RedirectURI string

	// Browse does what a browser does with the authorization URL, where the user approves
	// at once, and returns the request that it would make next, which is the callback. The
	// request is for a handler: whatever cookie the login needs is still to be added.
	Browse func(authorizationURL string) (*http.Request, error)
}

// Suite tests a login: the caller's own code, around whichever client, against a provider
// that misbehaves in every way of [Misbehaviors], a subtest each.
//
// login does what a.Task says and returns nil if it all went through, or an error if it
// was refused, by the client or by the provider. An error that wraps
// [errors.ErrUnsupported] before the provider misbehaved skips the subtest, as where a
// client knows nothing of a task. login is called on the goroutine of the subtest, for one
// attempt at a time; ctx ends with the subtest.
//
// First come control runs, at a provider that behaves. They fail where login does, where
// the provider finds a fault with the client, and where login has not called the API;
// the others are then not made. A subtest fails where a harmless misbehavior is refused or
// has the client commit a fault, and where one that is to be refused
//
//   - is not refused;
//   - is followed by another request with the temporary credentials or the token, the
//     browser's among them, but for those after which one may follow, such as an API's
//     refusal of a nonce;
//   - takes a signature to another origin.
func Suite(t *testing.T, login func(ctx context.Context, a *Attempt) error) {
	suite(runner{t}, login)
}

// A tester is what the suite needs of a [testing.T].
type tester interface {
	Context() context.Context
	Error(args ...any)
	Skip(args ...any)
	Run(name string, f func(t tester)) bool
}

type runner struct{ *testing.T }

func (r runner) Run(name string, f func(t tester)) bool {
	return r.T.Run(name, func(t *testing.T) { f(runner{t}) })
}

func suite(t tester, login func(context.Context, *Attempt) error) {
	try := func(m Misbehavior) func(tester) {
		return func(t tester) {
			found, skipped := examine(t.Context(), m, login)
			for _, text := range found {
				t.Error(text)
			}
			if skipped {
				t.Skip("the login does not support this")
			}
		}
	}
	for _, task := range []string{"login", "renewal", "clock"} {
		if !t.Run("control_"+task, try(Misbehavior{task: task})) {
			return
		}
	}
	for _, m := range Misbehaviors() {
		t.Run(m.Name, try(m))
	}
}

// examine makes an attempt at a provider that does m, or behaves, and returns what is
// wrong with the login, or that it does not support this.
func examine(
	ctx context.Context, m Misbehavior, login func(context.Context, *Attempt) error,
) (found []string, skipped bool) {
	var o other
	elsewhere := httptest.NewServer(&o)
	defer elsewhere.Close()
	s := newSuiteServer(m, elsewhere.URL)
	defer s.Close()
	defer s.server.CloseClientConnections() // of a login that left a response unread
	err := login(ctx, s.attempt(ctx, m))

	s.mu.Lock()
	defer s.mu.Unlock()
	fault := m.Name != "" && !m.Harmless && !m.Optional
	switch {
	case errors.Is(err, errors.ErrUnsupported) && !(fault && s.misbehaved):
		return nil, true
	case fault:
		return s.examineRefusal(m, err, o.paths()), false
	}
	return s.examinePass(m, err), false
}

// examinePass returns what is wrong with a login that ended with err and had to go
// through, or may. The caller holds p.mu.
func (p *Provider) examinePass(m Misbehavior, err error) (found []string) {
	does := "behaves"
	if m.Name != "" {
		does = fmt.Sprintf("%s (%s), which is allowed", m.Does, m.Clause)
	}
	if err != nil && !m.Optional {
		found = append(found, fmt.Sprintf("the provider %s: the login failed: %v", does, err))
	}
	for _, f := range p.faults {
		if f != StaleTimestamp || m.skew == 0 {
			found = append(found, fmt.Sprintf("the provider %s, and found the fault %s", does, f))
		}
	}
	if err == nil && !p.served {
		found = append(found, fmt.Sprintf("the provider %s: the API was not called", does))
	}
	return found
}

// examineRefusal returns what is wrong with a login that ended with err and had to be
// refused. The caller holds p.mu.
func (p *Provider) examineRefusal(m Misbehavior, err error, leaked []string) (found []string) {
	does := fmt.Sprintf("the provider %s (%s): ", m.Does, m.Clause)
	switch {
	case !p.misbehaved:
		found = append(found, does+"the login did not get that far")
	case err == nil:
		found = append(found, does+"it was not refused")
	}
	if len(p.after) > 0 && !m.mayFollow {
		found = append(found, does+"the client went on, to "+strings.Join(p.after, ", "))
	}
	if len(leaked) > 0 {
		found = append(found, does+"what was signed went there, to "+strings.Join(leaked, ", "))
	}
	return found
}

// newSuiteServer starts a provider that does m.
func newSuiteServer(m Misbehavior, elsewhere string) *Server {
	o := Options{
		Misbehave: m.Name,
		Clients:   []Client{{ID: "client", Secret: "the secret of the client"}},
	}
	if m.task == "renewal" {
		o.TokenLife = time.Hour
	}
	s := NewServer(o)
	s.elsewhere = elsewhere
	return s
}

func (s *Server) attempt(ctx context.Context, m Misbehavior) *Attempt {
	client := s.options.Clients[0]
	a := &Attempt{
		Task: m.task, Misbehavior: m.Name,
		TemporaryCredentialURL: s.Endpoint("request_token"),
		AuthorizationURL:       s.Endpoint("authorize"),
		TokenURL:               s.Endpoint("access_token"),
		APIURL:                 s.Endpoint("me"),
		ClientID:               client.ID, ClientSecret: client.Secret,
		RedirectURI: "http://127.0.0.1/callback",
		Browse: func(authorizationURL string) (*http.Request, error) {
			return browse(ctx, authorizationURL)
		},
	}
	if a.Task == "" {
		a.Task = "login"
	}
	return a
}

// browse follows a URL to where it redirects to.
func browse(ctx context.Context, to string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return nil, errors.New("oauth1test: the authorization URL does not parse")
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, errors.New("oauth1test: the authorization URL cannot be reached")
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("oauth1test: the authorization URL has status %d", resp.StatusCode)
	}
	return httptest.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil), nil
}

// other is another origin, which grants what it is asked for.
type other struct {
	mu     sync.Mutex
	signed []string // the paths of the requests that were signed
}

func (o *other) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	r.ParseForm() // what cannot be read is not there
	if r.Header.Get("Authorization") != "" || r.Form.Has("oauth_signature") {
		o.mu.Lock()
		o.signed = append(o.signed, r.URL.Path)
		o.mu.Unlock()
	}
	if r.URL.Path == "/"+string(stepAPI) {
		writeJSON(w, map[string]string{"id": "alice"})
		return
	}
	writeForm(w, url.Values{
		"oauth_token": {"theirs"}, "oauth_token_secret": {"theirs"},
		"oauth_callback_confirmed": {"true"},
	})
}

func (o *other) paths() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.signed)
}
