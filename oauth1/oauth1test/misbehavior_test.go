package oauth1test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMisbehaviorsAreDescribed(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)
	seen := map[string]bool{}
	for _, m := range Misbehaviors() {
		if !name.MatchString(m.Name) || seen[m.Name] {
			t.Errorf("name %q", m.Name)
		}
		seen[m.Name] = true
		if m.Does == "" || strings.HasSuffix(m.Does, ".") || strings.Contains(m.Does, "%") {
			t.Errorf("%s does %q", m.Name, m.Does)
		}
		if !strings.HasPrefix(m.Clause, "RFC ") && !strings.HasPrefix(m.Clause, "OAuth ") {
			t.Errorf("%s: clause %q", m.Name, m.Clause)
		}
		if m.Harmless && m.Optional {
			t.Errorf("%s is two things", m.Name)
		}
	}
}

func TestUnknownMisbehavior(t *testing.T) {
	o := Options{BaseURL: "http://127.0.0.1:8080", Misbehave: "token"}
	p, err := New(o)
	want := "oauth1test: Options.Misbehave must be the name of one of Misbehaviors"
	if p != nil || err == nil || err.Error() != want {
		t.Errorf("got %v, %v", p, err)
	}
	defer func() {
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("panic %q", got)
		}
	}()
	NewServer(o).Close()
}

// A variable is what differs from one run to the next: what is random, and ports.
var variable = regexp.MustCompile(`[A-Z2-7]{26}|127\.0\.0\.1:\d+`)

// answers returns all that a provider answers to a naive client, in words.
func answers(t *testing.T, m Misbehavior) []string {
	t.Helper()
	run := newRun(t.Context(), m)
	defer run.close()
	s := run.provider
	var list []string
	numbers := map[string]string{}
	number := func(s string) string {
		if numbers[s] == "" {
			numbers[s] = fmt.Sprintf("#%d", len(numbers))
		}
		return numbers[s]
	}
	next := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		list = append(list, variable.ReplaceAllStringFunc(inWords(rec), number))
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		rec.Body.WriteTo(w)
	})
	status := logInNaively(t.Context(), run.attempt)
	if m.Name == "" && status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	return list
}

func inWords(rec *httptest.ResponseRecorder) string {
	h := rec.Header().Clone()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		h.Set("Date", time.Until(date).Round(time.Minute).String())
	}
	if h.Get("Date") == "0s" {
		h.Del("Date")
	}
	body := rec.Body.String()
	return fmt.Sprintf("%d %q %d %.1000q", rec.Code, h, len(body), body)
}

// Each does something: a client gets something that it would not get without.
func TestMisbehaviorsMisbehave(t *testing.T) {
	without := map[string][]string{} // by task
	for _, task := range []string{Login, Renewal, Clock} {
		plain := Misbehavior{task: task}
		without[task] = answers(t, plain)
		if again := answers(t, plain); !slices.Equal(without[task], again) {
			t.Fatalf("two runs differ:\n%q\n%q", without[task], again)
		}
	}
	for _, m := range Misbehaviors() {
		if slices.Equal(answers(t, m), without[m.task]) {
			t.Errorf("%s: the provider behaves", m.Name)
		}
	}
}

// Without a browser the callback is the same.
func TestApproveMisbehaves(t *testing.T) {
	for _, m := range callbackFaults() {
		run := newRun(t.Context(), m)
		s, a := run.provider, run.attempt
		c := &naive{ctx: t.Context(), Attempt: a}
		c.send("POST", a.TemporaryCredentialURL, "oauth_callback", a.RedirectURI)
		params, err := s.Approve(a.AuthorizationURL + "?oauth_token=" + c.token)
		if err != nil {
			t.Fatal(err)
		}
		if len(params) == 2 && params.Get("oauth_token") == c.token &&
			len(params["oauth_token"]) == 1 && len(params["oauth_verifier"]) == 1 &&
			params.Get("oauth_verifier") != "" {
			t.Errorf("%s: the callback has %q", m.Name, params)
		}
		run.close()
	}
}

// Whoever makes no check gets as far as the API, for a fault of a callback is none that a
// provider would find.
func TestCallbackFaultsLeadOn(t *testing.T) {
	for _, m := range append(callbackFaults(), temporaryFaults()...) {
		run := newRun(t.Context(), m)
		if status := logInNaively(t.Context(), run.attempt); status != http.StatusOK {
			t.Errorf("%s: status %d", m.Name, status)
		}
		run.close()
	}
}

// A token of the temporary credentials' identifier is a token, to be renewed as well.
func TestTokenOfBeforeCanBeRenewed(t *testing.T) {
	run := newRun(t.Context(), Misbehavior{Name: "token_of_before", task: Renewal})
	defer run.close()
	if status := logInNaively(t.Context(), run.attempt); status != http.StatusOK {
		t.Errorf("status %d, faults %q", status, run.provider.Faults())
	}
}

// What is done to the answer of an API is done at both of them.
func TestBothAPIsMisbehave(t *testing.T) {
	m, err := misbehaviorOf("api_token_expired")
	if err != nil {
		t.Fatal(err)
	}
	run := newRun(t.Context(), m)
	defer run.close()
	for _, name := range []string{"me", "echo"} {
		run.attempt.APIURL = run.provider.Endpoint(name)
		if status := logInNaively(t.Context(), run.attempt); status != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, status)
		}
	}
}

// Who reads a part of what is too long, as it should, has nothing to go on with.
func TestTooLongHasNothingToBeginWith(t *testing.T) {
	for _, m := range credentialFaults(stepToken, "", "a token", "RFC 5849, Section 2.3") {
		if m.Name != "token_too_long" {
			continue
		}
		a := &answer{body: "oauth_token=t&oauth_token_secret=s"}
		if m.edit(nil, nil, a); strings.Contains(a.body[:1<<20], "oauth_token") {
			t.Errorf("it begins with %q", a.body[:40])
		}
	}
}
