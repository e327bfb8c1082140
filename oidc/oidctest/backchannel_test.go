package oidctest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// A backChannel is what is sent to a client, and what the client answers.
type backChannel struct {
	*httptest.Server
	answer func(w http.ResponseWriter)

	mu       sync.Mutex
	requests []string // method, content type, path and query
	tokens   []string
}

func startBackChannel(t *testing.T) *backChannel {
	t.Helper()
	b := &backChannel{answer: func(w http.ResponseWriter) {
		w.Header().Set("Cache-Control", "no-store")
	}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *backChannel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests,
		r.Method+" "+r.Header.Get("Content-Type")+" "+r.URL.RequestURI())
	b.tokens = append(b.tokens, form["logout_token"]...)
	b.answer(w)
}

// received returns what came so far.
func (b *backChannel) received() (requests, tokens []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests), slices.Clone(b.tokens)
}

const posts = "POST application/x-www-form-urlencoded "

// OpenID Connect Back-Channel Logout 1.0, Section 2.4 and 2.5: what is sent, signed and
// encrypted as ID Tokens are.
func TestBackChannel(t *testing.T) {
	secret := strings.Repeat("s", 32)
	key, d := recipient(t, "RSA-OAEP-256", "A128CBC-HS256")
	open := func(token string) string {
		opened, err := d.Decrypt(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return string(opened.Plaintext())
	}
	now := time.Now()
	for _, client := range []oidctest.Client{
		{IDTokenAlgorithm: "RS256"},
		{IDTokenAlgorithm: "HS256", Secret: secret},
		{IDTokenAlgorithm: "EdDSA", IDTokenEncryption: oidctest.Recipient{Key: key}},
	} {
		b := startBackChannel(t)
		client.ID, client.BackChannelLogoutURI = "client", b.URL+"/out?a=b"
		w := start(t, oidctest.Options{Clients: []oidctest.Client{client},
			Now: func() time.Time { return now }})
		check := func(token, sid string) {
			t.Helper()
			if client.IDTokenEncryption.Key != nil {
				header, err := jose.Peek(token)
				if err != nil || header.ContentType != "JWT" ||
					string(header.Get("iss")) != `"`+w.Issuer()+`"` {
					t.Errorf("header is %+v, %v", header, err)
				}
				token = open(token)
			}
			checkLogoutToken(w, token, client.IDTokenAlgorithm, secret, sid, now)
		}
		for _, end := range []func(idToken, sid string) error{
			func(_, sid string) error { return w.EndSession(t.Context(), sid) },
			func(idToken, _ string) error {
				w.endSession("id_token_hint", idToken)
				return nil
			},
		} {
			idToken := w.idToken()
			if client.IDTokenEncryption.Key != nil {
				idToken = open(idToken)
			}
			sid := w.payload(idToken, client.IDTokenAlgorithm, secret)["sid"].(string)
			before, _ := b.received()
			if err := end(idToken, sid); err != nil {
				t.Error(err)
			}
			requests, tokens := b.received()
			if len(requests) != len(before)+1 || len(tokens) != len(requests) ||
				requests[len(before)] != posts+"/out?a=b" {
				t.Fatalf("sent %q", requests)
			}
			check(tokens[len(before)], sid)
			token, err := w.LogoutToken("client", "alice", sid)
			if err != nil {
				t.Fatal(err)
			}
			check(token, sid)
		}
		if len(w.Faults()) > 0 {
			t.Errorf("faults %q", w.Faults())
		}
	}
}

// checkLogoutToken checks a logout token to the last claim.
func checkLogoutToken(w walk, token, algorithm, secret, sid string, now time.Time) {
	w.t.Helper()
	header, err := jose.Peek(token)
	if err != nil || header.Type != "logout+jwt" {
		w.t.Errorf("header is %+v, %v", header, err)
	}
	claims := w.payload(token, algorithm, secret)
	if jti, _ := claims["jti"].(string); len(jti) < 26 {
		w.t.Errorf("jti is %q", jti)
	}
	delete(claims, "jti")
	got, _ := json.Marshal(claims)
	want, _ := json.Marshal(map[string]any{"iss": w.Issuer(), "sub": "alice", "aud": "client",
		"sid": sid, "iat": now.Unix(), "exp": now.Unix() + 120, "events": map[string]any{
			"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
	if string(got) != string(want) {
		w.t.Errorf("claims are %s, want %s", got, want)
	}
}

// All clients of a session are told, each once, and those of others are not.
func TestBackChannelToEach(t *testing.T) {
	b := startBackChannel(t)
	client := func(id string) oidctest.Client {
		return oidctest.Client{ID: id, BackChannelLogoutURI: b.URL + "/" + id}
	}
	w := start(t, oidctest.Options{Clients: []oidctest.Client{client("client"), client("odd"),
		client("other"), {ID: "none"}}})
	first := w.idToken()
	for _, id := range []string{"odd", "none", "odd", "client"} {
		w.idToken("client_id", id, "id_token_hint", first)
	}
	w.idToken("client_id", "other")
	w.endSession("id_token_hint", first)
	requests, tokens := b.received()
	if !slices.Equal(requests, []string{posts + "/client", posts + "/odd"}) {
		t.Fatalf("sent %q", requests)
	}
	one, two := w.payload(tokens[0], "RS256", ""), w.payload(tokens[1], "RS256", "")
	if one["aud"] != "client" || two["aud"] != "odd" || one["jti"] == two["jti"] {
		t.Errorf("tokens are %v and %v", one, two)
	}
	w.endSession("id_token_hint", first)
	if again, _ := b.received(); len(again) != 2 {
		t.Errorf("sent again: %q", again)
	}
}

var backChannelAnswers = []struct {
	name   string
	answer func(w http.ResponseWriter)
	fault  oidctest.Fault
}{
	{"200", answering(200, "no-store"), ""},
	{"204", answering(204, "no-store"), ""},
	{"no-store among others", answering(200, "private, No-Store , max-age=0"), ""},
	{"no-store in a second field", answering(200, "private", "no-store"), ""},
	{"no Cache-Control", answering(200), oidctest.CacheableLogoutResponse},
	{"no-cache", answering(204, "no-cache"), oidctest.CacheableLogoutResponse},
	{"something like no-store", answering(200, "x-no-store"), oidctest.CacheableLogoutResponse},
	{"201", answering(201, "no-store"), oidctest.WrongLogoutResponse},
	{"400", answering(400, "no-store"), oidctest.WrongLogoutResponse},
	{"500", answering(500), oidctest.WrongLogoutResponse},
	{"redirect", func(w http.ResponseWriter) {
		w.Header().Set("Location", "/elsewhere")
		answering(307, "no-store")(w)
	}, oidctest.WrongLogoutResponse},
	{"none", func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		oidctest.UndeliveredLogoutToken},
}

func answering(status int, caching ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header()["Cache-Control"] = caching
		w.WriteHeader(status)
	}
}

// OpenID Connect Back-Channel Logout 1.0, Section 2.8: what a client answers is no error of
// the logout, which is sent once, and after which the browser goes on.
func TestBackChannelAnswers(t *testing.T) {
	for _, test := range backChannelAnswers {
		t.Run(test.name, func(t *testing.T) {
			b := startBackChannel(t)
			b.answer = test.answer
			w := start(t, oidctest.Options{Clients: []oidctest.Client{
				{ID: "client", BackChannelLogoutURI: b.URL}}})
			var want []oidctest.Fault
			if test.fault != "" {
				want = []oidctest.Fault{test.fault}
			}
			if err := w.EndSession(t.Context(), w.sid(w.idToken())); err != nil ||
				!slices.Equal(w.Faults(), want) {
				t.Errorf("%v, faults %q, want %q", err, w.Faults(), want)
			}
			a := w.endSession("id_token_hint", w.idToken(), "post_logout_redirect_uri", after)
			if a.status != 303 || !slices.Equal(w.Faults(), append(want, want...)) {
				t.Errorf("answer is %+v, faults %q", a, w.Faults())
			}
			if requests, _ := b.received(); len(requests) != 2 {
				t.Errorf("sent %q", requests)
			}
		})
	}
}

// A client that is gone, a fault of it alone.
func TestBackChannelToNobody(t *testing.T) {
	b := startBackChannel(t)
	w := start(t, oidctest.Options{Clients: []oidctest.Client{
		{ID: "client", BackChannelLogoutURI: "http://127.0.0.1:1/"},
		{ID: "odd", BackChannelLogoutURI: b.URL + "/odd"}}})
	idToken := w.idToken()
	w.idToken("client_id", "odd", "id_token_hint", idToken)
	err := w.EndSession(t.Context(), w.sid(idToken))
	requests, _ := b.received()
	if err != nil || len(requests) != 1 ||
		!slices.Equal(w.Faults(), []oidctest.Fault{oidctest.UndeliveredLogoutToken}) {
		t.Errorf("%v, faults %q, sent %q", err, w.Faults(), requests)
	}
}

// The context ends the sending, but a browser that leaves does not.
func TestBackChannelContext(t *testing.T) {
	b := startBackChannel(t)
	w := start(t, oidctest.Options{Clients: []oidctest.Client{
		{ID: "client", BackChannelLogoutURI: b.URL}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.EndSession(ctx, w.sid(w.idToken())); err != nil ||
		!slices.Equal(w.Faults(), []oidctest.Fault{oidctest.UndeliveredLogoutToken}) {
		t.Errorf("%v, faults %q", err, w.Faults())
	}
	r := httptest.NewRequestWithContext(ctx, "GET", "/end_session?id_token_hint="+w.idToken(), nil)
	w.ServeHTTP(httptest.NewRecorder(), r)
	if requests, _ := b.received(); len(requests) != 1 {
		t.Errorf("sent %q", requests)
	}
}

// It is sent as Options.HTTP has it, with an end to each sending.
func TestBackChannelTransport(t *testing.T) {
	var deadline time.Duration
	sent := roundTrip(func(r *http.Request) (*http.Response, error) {
		end, _ := r.Context().Deadline()
		deadline = time.Until(end)
		return &http.Response{StatusCode: 200, Body: http.NoBody,
			Header: http.Header{"Cache-Control": {"no-store"}}}, nil
	})
	w := start(t, oidctest.Options{HTTP: &http.Client{Transport: sent},
		Clients: []oidctest.Client{{ID: "client", BackChannelLogoutURI: "https://rp.example/"}}})
	if err := w.EndSession(t.Context(), w.sid(w.idToken())); err != nil || len(w.Faults()) > 0 ||
		deadline <= 0 || deadline > 5*time.Second {
		t.Errorf("%v, faults %q, %s", err, w.Faults(), deadline)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What cannot be done is an error.
func TestEndSessionFails(t *testing.T) {
	var edit func(claims map[string]any)
	b := startBackChannel(t)
	w := start(t, oidctest.Options{
		EditLogoutToken: func(claims map[string]any) { edit(claims) },
		Clients:         []oidctest.Client{{ID: "client", BackChannelLogoutURI: b.URL}}})
	edit = func(claims map[string]any) { claims["x"] = func() {} }
	for _, sid := range []string{"", "x"} {
		if err := w.EndSession(t.Context(), sid); err == nil ||
			!strings.Contains(err.Error(), "no session") {
			t.Errorf("%q: %v", sid, err)
		}
	}
	sid := w.sid(w.idToken())
	if err := w.EndSession(t.Context(), sid); err == nil {
		t.Error("a token that cannot be signed is no error")
	}
	if err := w.EndSession(t.Context(), sid); err == nil ||
		!strings.Contains(err.Error(), "no session") {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := w.LogoutToken("mallory", "alice", ""); err == nil ||
		!strings.Contains(err.Error(), "no client") {
		t.Errorf("token for a stranger: %v", err)
	}
	a := w.endSession("id_token_hint", w.idToken(), "post_logout_redirect_uri", after)
	if a.status != 500 || a.body != "the logout token cannot be signed\n" {
		t.Errorf("answer is %+v", a)
	}
	if requests, _ := b.received(); len(requests) > 0 {
		t.Errorf("sent %q", requests)
	}
}

// A logout token is about a user, a session, or both; a test may change it.
func TestLogoutToken(t *testing.T) {
	w := start(t, oidctest.Options{EditLogoutToken: func(claims map[string]any) {
		claims["nonce"] = "x"
		delete(claims, "jti")
	}})
	for _, test := range []struct{ subject, sid string }{{"bob", ""}, {"", "s"}, {"", ""}} {
		token, err := w.LogoutToken("client", test.subject, test.sid)
		if err != nil {
			t.Fatal(err)
		}
		claims := w.payload(token, "RS256", "")
		for name, want := range map[string]string{"sub": test.subject, "sid": test.sid,
			"nonce": "x", "jti": ""} {
			if got, ok := claims[name].(string); got != want || ok != (want != "") {
				t.Errorf("%+v: %s is %q", test, name, got)
			}
		}
	}
}
