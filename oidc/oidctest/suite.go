package oidctest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchsafe/jose"
)

// Suite logs in at providers of its own by login, the code under test: at each of
// [Misbehaviors], once for each response type that it is about. Login does what the attempt
// says and returns nil if all of it went well, and an error if it was refused: by itself, or
// by the provider. What it cannot do, a task or a response type or a registration, it answers
// with an error that wraps [errors.ErrUnsupported], and that test is skipped.
//
// A test fails
//   - if what is wrong is not refused, or refused before the provider has done it;
//   - if after it the client sends the browser on, or asks the token or UserInfo endpoint;
//   - if what is allowed is refused, is not gone through with as far as the task says, or has
//     the provider find a fault in the client.
//
// In one thing it asks for more than OpenID Connect: the signature of an ID Token is to be
// verified wherever it comes from, though TLS may vouch for what the token endpoint sends (Core
// 1.0, Section 3.1.3.7).
//
// Each is a subtest, so that go test -run picks one by its name, and -skip leaves out what an
// application is content with.
func Suite(t *testing.T, login func(ctx context.Context, a *Attempt) error) {
	t.Helper()
	runSuite(suiteT{t}, Misbehaviors(), login)
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

func runSuite(t tester, list []Misbehavior, login func(context.Context, *Attempt) error) {
	usual, passed := false, false
	for _, m := range list {
		types := m.types
		if types == nil {
			types = []string{"code"}
		}
		t.Run(m.Name, func(t tester) {
			for _, responseType := range types {
				t.Run(responseType, func(t tester) {
					r := newRun(m, responseType)
					defer r.close()
					err := login(t.Context(), r.attempt)
					usual, passed = usual || m.Name == "conforms", passed || err == nil
					r.judge(t, m, err)
				})
			}
		})
	}
	if usual && !passed { // else go test was told to run a few
		t.Errorf("no login went through at all")
	}
}

const redirectOrigin = "https://client.example"

// A run is one attempt, and what the provider saw of it.
type run struct {
	provider *Provider
	server   *httptest.Server
	attempt  *Attempt

	mu      sync.Mutex
	seen    []visit
	refused bool // by Site, the last request, as a client has to
}

// A visit is a request to the provider, or of a browser that was sent to another.
type visit struct {
	endpoint string
	after    bool // the provider had misbehaved
}

// newRun starts a provider that misbehaves.
func newRun(m Misbehavior, responseType string) *run {
	a := m.ask
	a.Misbehavior, a.Task = m.Name, cmp.Or(a.Task, Login)
	a.RedirectURI, a.ResponseType = redirectOrigin+"/callback", responseType
	a.Params = maps.Clone(a.Params)
	a.Client.ID, a.Client.Secret = "client", rand.Text()+rand.Text()
	a.Client.RedirectURIs = []string{a.RedirectURI}
	if a.Client.RequireRequestObject {
		a.Client.Keys = jose.NewSet(
			must(jose.NewKey(strangersKey(), jose.KeyOptions{Algorithm: "RS256"})))
	}
	for _, to := range []*Recipient{&a.Client.IDTokenEncryption, &a.Client.UserInfoEncryption} {
		if to.Algorithm != "" {
			to.Key = must(jose.NewKey(strangersKey(), jose.KeyOptions{Algorithm: to.Algorithm}))
		}
	}
	a.Site = http.NewServeMux()
	a.Client.PostLogoutRedirectURIs = []string{redirectOrigin + "/loggedout"}
	switch a.Task {
	case BackChannelLogout:
		a.Client.BackChannelLogoutURI = redirectOrigin + "/backchannel"
	case FrontChannelLogout:
		a.Client.FrontChannelLogoutURI = redirectOrigin + "/frontchannel"
	}
	clients := []Client{a.Client}
	if a.Task == Registration {
		clients, a.Client = nil, Client{}
	}
	r := &run{attempt: &a, server: httptest.NewUnstartedServer(nil)}
	base := "https://" + r.server.Listener.Addr().String()
	r.provider = must(New(Options{
		BaseURL: base, Clients: clients, Misbehave: m.Name, Intercept: r.log,
		HTTP: &http.Client{Transport: serving{r}}}))
	r.server.Config.Handler = r.provider
	r.server.StartTLS()
	a.HTTP = r.server.Client()
	a.Issuer = base + a.Issuer // of which there is a final slash at most
	a.Identifier += strings.TrimPrefix(base, "https://")
	a.ClaimsProvider = r.provider.claimsProvider()
	if a.Task == ThirdParty {
		if !a.Params.Has("iss") {
			a.Params.Set("iss", a.Issuer)
		}
		a.Initiation = httptest.NewRequest("GET", redirectOrigin+"/login?"+a.Params.Encode(), nil)
		a.Params = nil
	}
	client := *a.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	b := browser{&client, a.Site}
	a.Browse = func(target string) (*http.Request, error) {
		if !strings.HasPrefix(target, base+"/") { // who is sent there has no way to refuse
			r.see("browser")
		}
		return b.browse(target)
	}
	a.EndSession = func(ctx context.Context) error {
		_, _, err := b.open(ctx, r.provider.Endpoint("end_session"))
		return err
	}
	return r
}

func (r *run) close() {
	r.server.CloseClientConnections() // of a login that left a response unread
	r.server.Close()
}

// serving is a transport to the site of a run.
type serving struct{ run *run }

func (s serving) RoundTrip(req *http.Request) (*http.Response, error) {
	body := io.Reader(http.NoBody)
	if req.Body != nil {
		body = req.Body
	}
	r := httptest.NewRequest(req.Method, req.URL.String(), body).WithContext(req.Context())
	r.Header = req.Header
	rec := httptest.NewRecorder()
	s.run.attempt.Site.ServeHTTP(rec, r)
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	s.run.refused = rec.Code == http.StatusBadRequest ||
		rec.Code == http.StatusMethodNotAllowed && req.Method != http.MethodPost
	return rec.Result(), nil
}

// log keeps what is requested.
func (r *run) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.see(req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:])
		next.ServeHTTP(w, req)
	})
}

func (r *run) see(endpoint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, visit{endpoint, r.provider.marked()})
}

// judge says what was wrong with how a login ended.
func (r *run) judge(t tester, m Misbehavior, err error) {
	fault, came := !m.Harmless && !m.Optional, m.bend == nil || r.provider.marked()
	refused := fault && came && m.ask.Task != ThirdParty // which comes before all else
	switch {
	case errors.Is(err, errors.ErrUnsupported) && !refused:
		t.Skipf("not tried: %v", err)
	case !came:
		t.Errorf("%s (%s): the login never came to that: %v", m.Does, m.Clause, err)
	case m.Optional && err != nil:
	case !fault:
		r.judgeWhole(t, m, err)
	case err == nil:
		t.Errorf("%s (%s): not refused", m.Does, m.Clause)
	default:
		r.judgeRefusal(t, m)
	}
}

// judgeRefusal says what was wrong with a refusal, which the provider of a Logout Token hears
// (OpenID Connect Back-Channel Logout 1.0, Section 2.8).
func (r *run) judgeRefusal(t tester, m Misbehavior) {
	if went := r.after(); len(went) > 0 {
		t.Errorf("%s (%s): another request after it: %v", m.Does, m.Clause, went)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempt.Task == BackChannelLogout && !r.refused {
		t.Errorf("%s (%s): refused, but the answer is not 400", m.Does, m.Clause)
	}
}

// judgeWhole says what was wrong with a login that had to succeed, or did and need not have.
func (r *run) judgeWhole(t tester, m Misbehavior, err error) {
	if err != nil {
		t.Errorf("%s (%s): refused: %v", m.Does, m.Clause, err)
		return
	}
	for endpoint, times := range wanted(r.attempt) {
		if n := r.times(endpoint); n < times && m.Harmless {
			t.Errorf("%s (%s): the endpoint %s was asked %d times, must be %d",
				m.Does, m.Clause, endpoint, n, times)
		}
	}
	if faults := r.provider.Faults(); len(faults) > 0 {
		t.Errorf("%s (%s): the client is at fault: %v", m.Does, m.Clause, faults)
	}
}

// wanted says how often each endpoint must be asked at least.
func wanted(a *Attempt) map[string]int {
	logins := 1
	if a.Task == Twice {
		logins = 2
	}
	if strings.Contains(a.Task, "logout") {
		return map[string]int{"authorize": 1, "end_session": 1}
	}
	times := map[string]int{"authorize": logins}
	if strings.Contains(a.ResponseType, "code") {
		times["token"] = logins
	}
	if a.ResponseType != "id_token" {
		times["userinfo"] = 1
	}
	switch a.Task {
	case Refresh:
		times["token"] = 2
	case WebFinger:
		times["webfinger"] = 1
	}
	return times
}

func (r *run) times(endpoint string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, v := range r.seen {
		if v.endpoint == endpoint {
			n++
		}
	}
	return n
}

// after returns the endpoints that were asked after the fault, and must not have been.
func (r *run) after() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	unwanted, list := []string{"browser", "authorize", "token", "userinfo"}, []string(nil)
	for _, v := range r.seen {
		if v.after && slices.Contains(unwanted, v.endpoint) {
			list = append(list, v.endpoint)
		}
	}
	return list
}
