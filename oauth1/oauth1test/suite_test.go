package oauth1test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A recorder is a tester that keeps what it is told, by the names of subtests.
type recorder struct {
	ctx     context.Context
	name    string
	ran     *[]string
	errors  map[string][]string
	skipped map[string]bool
}

func newRecorder(t *testing.T) recorder {
	return recorder{t.Context(), "", new([]string), map[string][]string{}, map[string]bool{}}
}

func (r recorder) Context() context.Context { return r.ctx }
func (r recorder) Skipf(string, ...any)     { r.skipped[r.name] = true }

func (r recorder) Errorf(format string, args ...any) {
	r.errors[r.name] = append(r.errors[r.name], fmt.Sprintf(format, args...))
}

func (r recorder) Run(name string, f func(tester)) bool {
	r.name = name
	*r.ran = append(*r.ran, name)
	f(r)
	return len(r.errors[name]) == 0
}

// of returns the errors of a misbehavior as one text.
func (r recorder) of(m Misbehavior) string { return strings.Join(r.errors[m.Name], "\n") }

// A naive client looks at nothing that it gets, and at no error.
type naive struct {
	ctx context.Context
	*Attempt
	token, secret, handle string
}

// send makes a request under PLAINTEXT, and keeps what the answer has of credentials.
func (c *naive) send(method, to string, params ...string) (status int) {
	req, err := http.NewRequestWithContext(c.ctx, method, to, nil)
	if err != nil {
		return 0
	}
	params = append(params, "oauth_consumer_key", c.ClientID, "oauth_token", c.token,
		"oauth_signature_method", "PLAINTEXT",
		"oauth_signature", escape(c.ClientSecret)+"&"+escape(c.secret))
	var fields []string
	for p := range slices.Chunk(params, 2) {
		fields = append(fields, p[0]+`="`+escape(p[1])+`"`)
	}
	req.Header.Set("Authorization", "OAuth "+strings.Join(fields, ","))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if v, _ := url.ParseQuery(strings.TrimSpace(string(body))); method == "POST" {
		c.token, c.secret = v.Get("oauth_token"), v.Get("oauth_token_secret")
		c.handle = v.Get("oauth_session_handle")
	}
	return resp.StatusCode
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// logIn goes through all of it, whatever comes, and returns the status of the API.
func (c *naive) logIn() int {
	c.send("POST", c.TemporaryCredentialURL, "oauth_callback", c.RedirectURI)
	verifier := ""
	r, err := c.Browse(c.AuthorizationURL + "?oauth_token=" + escape(c.token))
	if err == nil {
		verifier = r.URL.Query().Get("oauth_verifier")
	}
	c.send("POST", c.TokenURL, "oauth_verifier", verifier)
	if c.Task == Renewal {
		c.send("POST", c.TokenURL, "oauth_session_handle", c.handle)
	}
	return c.send("GET", c.APIURL)
}

func logInNaively(ctx context.Context, a *Attempt) int {
	return (&naive{ctx: ctx, Attempt: a}).logIn()
}

func acceptAll(ctx context.Context, a *Attempt) error {
	logInNaively(ctx, a)
	return nil
}

var errRefused = errors.New("refused")

// isFault reports whether the suite wants m to be refused.
func isFault(m Misbehavior) bool { return !m.Harmless && !m.Optional }

func TestSuiteOfALoginThatAcceptsAll(t *testing.T) {
	r := newRecorder(t)
	runSuite(r, acceptAll)
	for _, m := range Misbehaviors() {
		got := r.of(m)
		if isFault(m) != strings.Contains(got, m.Does+" ("+m.Clause+"): not refused") ||
			m.Harmless && got != "" {
			t.Errorf("%s: %s", m.Name, got)
		}
	}
}

// Who looks too late has sent what must not be sent.
func TestSuiteOfALoginThatGoesOn(t *testing.T) {
	r := newRecorder(t)
	runSuite(r, func(ctx context.Context, a *Attempt) error {
		if status := logInNaively(ctx, a); a.Misbehavior != "" || status != 200 {
			return errRefused
		}
		return nil
	})
	for _, m := range Misbehaviors() {
		got := r.of(m)
		leaks := strings.HasSuffix(m.Name, "_redirect")
		goesOn := isFault(m) && !m.mayFollow && m.Name != "api_redirect"
		if leaks != strings.Contains(got, "): a signature went there: [/"+string(m.step)) ||
			goesOn != strings.Contains(got, "): another request after it: [/") ||
			m.Harmless != strings.Contains(got, "): refused: refused") {
			t.Errorf("%s: %s", m.Name, got)
		}
		// Of what is optional it took none for a token, which is a fault of its own.
		none := strings.HasSuffix(m.Name, "_json")
		if (m.Optional || m.mayFollow) && (none != (got != "") ||
			none != strings.Contains(got, "): the client is at fault: [")) {
			t.Errorf("%s: %s", m.Name, got)
		}
	}
}

// To refuse all is no way through: the controls fail, and nothing else is looked at.
func TestSuiteOfALoginThatRefusesAll(t *testing.T) {
	for _, err := range []error{errRefused, errors.ErrUnsupported} {
		r := newRecorder(t)
		runSuite(r, func(context.Context, *Attempt) error { return err })
		want := "behaves (RFC 5849): refused: " + err.Error()
		if got := r.errors["control_login"]; !slices.Equal(*r.ran, []string{"control_login"}) ||
			len(got) != 1 || got[0] != want {
			t.Errorf("%q: %q", *r.ran, got)
		}
	}
}

// One that refuses before it comes to the fault has refused something else.
func TestSuiteOfALoginThatGivesUp(t *testing.T) {
	r := newRecorder(t)
	runSuite(r, func(ctx context.Context, a *Attempt) error {
		if a.Misbehavior == "" {
			return acceptAll(ctx, a)
		}
		return errRefused
	})
	for _, m := range Misbehaviors() {
		got := r.of(m)
		if isFault(m) != strings.HasSuffix(got, "): the login never came to that: refused") ||
			m.Harmless != strings.HasSuffix(got, "): refused: refused") {
			t.Errorf("%s: %s", m.Name, got)
		}
	}
}

// What a login has to do beside its success.
func TestSuiteControls(t *testing.T) {
	for _, tt := range []struct {
		name  string
		login func(ctx context.Context, a *Attempt) error
		at    string
		want  string
	}{
		{"does nothing", func(context.Context, *Attempt) error { return nil },
			"control_login", "behaves (RFC 5849): the API was not called"},
		{"does not renew", func(ctx context.Context, a *Attempt) error {
			a.Task = Login
			return acceptAll(ctx, a)
		}, "control_renewal", "behaves (RFC 5849): the token was not renewed"},
		{"signs badly first", func(ctx context.Context, a *Attempt) error {
			signBadly(ctx, a)
			return acceptAll(ctx, a)
		}, "control_login", "behaves (RFC 5849): the client is at fault: [wrong_signature]"},
		{"signs too late first", func(ctx context.Context, a *Attempt) error {
			c := &naive{ctx: ctx, Attempt: a}
			c.send("POST", a.TemporaryCredentialURL, "oauth_timestamp", "1", "oauth_nonce", "1")
			return acceptAll(ctx, a)
		}, "control_login", "behaves (RFC 5849): the client is at fault: [stale_timestamp]"},
	} {
		r := newRecorder(t)
		runSuite(r, tt.login)
		if got := r.errors[tt.at]; len(r.errors) != 1 || len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: found %q", tt.name, r.errors)
		}
	}
}

// What an API refuses may be asked for again, and a login may begin again.
func TestSuiteOfALoginThatTriesAgain(t *testing.T) {
	r := newRecorder(t)
	runSuite(r, func(ctx context.Context, a *Attempt) error {
		c := &naive{ctx: ctx, Attempt: a}
		switch {
		case strings.HasPrefix(a.Misbehavior, "temporary_"):
			for range 2 {
				c.send("POST", a.TemporaryCredentialURL, "oauth_callback", a.RedirectURI)
			}
		case c.logIn() == 200:
			return nil
		default:
			c.send("GET", a.APIURL)
		}
		return errRefused
	})
	for _, m := range Misbehaviors() {
		again := m.step == stepTemporary && strings.HasPrefix(m.Name, "temporary_") || m.mayFollow
		if got := r.of(m); again && strings.Contains(got, "another request after it") {
			t.Errorf("%s: %s", m.Name, got)
		}
	}
}

// A signature is one wherever it stands.
func TestSignaturesElsewhere(t *testing.T) {
	r := newRun(t.Context(), Misbehavior{task: Login})
	defer r.close()
	ask := func(path, query, form, header string) {
		req, err := http.NewRequestWithContext(t.Context(), "POST",
			r.elsewhere.URL+path+"?"+query, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", header)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	ask("/unsigned", "a=b", "c=d", "")
	ask("/query", "oauth_signature=x", "", "")
	ask("/form", "", "oauth_signature=x", "")
	ask("/header", "", "", "OAuth x")
	if want := []string{"/query", "/form", "/header"}; !slices.Equal(r.leaked, want) {
		t.Errorf("got %q, want %q", r.leaked, want)
	}
}

func signBadly(ctx context.Context, a *Attempt) {
	c := &naive{ctx: ctx, Attempt: a, secret: "wrong"}
	c.send("POST", a.TemporaryCredentialURL)
}

// What is harmless is to be gone through with without a fault.
func TestSuiteOfFaultsAtTheHarmless(t *testing.T) {
	r := newRecorder(t)
	runSuite(r, func(ctx context.Context, a *Attempt) error {
		if a.Misbehavior != "" {
			signBadly(ctx, a)
		}
		return acceptAll(ctx, a)
	})
	for _, m := range Misbehaviors() {
		if !isFault(m) != strings.Contains(r.of(m), "): the client is at fault: [wrong_signature") {
			t.Errorf("%s: %s", m.Name, r.of(m))
		}
	}
}

// A task that the login does not know is skipped. That is said before there is a fault,
// or it is a refusal.
func TestSuiteSkips(t *testing.T) {
	unsupported := fmt.Errorf("no: %w", errors.ErrUnsupported)
	r := newRecorder(t)
	runSuite(r, func(ctx context.Context, a *Attempt) error {
		if a.Task != Login {
			return unsupported
		}
		return acceptAll(ctx, a)
	})
	for _, m := range Misbehaviors() {
		if other := m.task != Login; r.skipped[m.Name] != other || other && r.of(m) != "" {
			t.Errorf("%s: skipped %t: %s", m.Name, r.skipped[m.Name], r.of(m))
		}
	}
	r = newRecorder(t)
	runSuite(r, func(ctx context.Context, a *Attempt) error {
		acceptAll(ctx, a)
		if a.Misbehavior != "" {
			return unsupported
		}
		return nil
	})
	for _, m := range Misbehaviors() {
		if r.skipped[m.Name] != (m.task != Login && !isFault(m)) {
			t.Errorf("%s: skipped %t", m.Name, r.skipped[m.Name])
		}
	}
}

// A response that nobody reads keeps no provider from closing.
func TestSuiteOfALoginThatLeavesResponses(t *testing.T) {
	m, err := misbehaviorOf("temporary_too_long")
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t.Context(), m)
	to := r.attempt.TemporaryCredentialURL
	req, err := http.NewRequestWithContext(t.Context(), "POST", to, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", `OAuth oauth_consumer_key="client", oauth_callback="oob",`+
		`oauth_signature_method="PLAINTEXT",`+
		`oauth_signature="the%2520secret%2520of%2520the%2520client%26"`)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("got %v, %v", resp, err)
	}
	r.close()
}

func TestBrowseRefuses(t *testing.T) {
	r := newRun(t.Context(), Misbehavior{task: Login})
	a := r.attempt
	for _, to := range []string{":", a.AuthorizationURL, a.APIURL + "x"} {
		if r, err := a.Browse(to); err == nil {
			t.Errorf("%s: %s", to, r.URL)
		}
	}
	r.close()
	if _, err := a.Browse(a.AuthorizationURL + "?oauth_token=secret"); err == nil ||
		strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
