package oauth1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

const redirectURI = "http://127.0.0.1/callback?x=1"

var noRedirects = &http.Client{CheckRedirect: stop}

func stop(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var options = oauth1.AuthorizationOptions{RedirectURI: redirectURI}

// browser follows a URL to the place it redirects to, and stops there.
func browser(t *testing.T, to string) url.Values {
	t.Helper()
	resp, err := noRedirects.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil || !strings.HasPrefix(location.String(), redirectURI+"&") {
		t.Fatalf("status %d, redirected to %v, %v", resp.StatusCode, location, err)
	}
	return location.Query()
}

// A login is a client at a provider that has begun to log in.
type login struct {
	server *oauth1test.Server
	client *oauth1.Client
	txn    *oauth1.Transaction
	url    string
}

func begin(t *testing.T, o oauth1test.Options, change ...func(*oauth1.Config)) login {
	t.Helper()
	l := setUp(t, o, change...)
	req, err := l.client.Authorize(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	l.txn, l.url = req.Transaction, req.URL
	return l
}

func setUp(t *testing.T, o oauth1test.Options, change ...func(*oauth1.Config)) login {
	t.Helper()
	l := login{server: oauth1test.NewServer(o)}
	t.Cleanup(l.server.Close)
	config := l.server.Config()
	for _, f := range change {
		f(&config)
	}
	client, err := oauth1.New(config)
	if err != nil {
		t.Fatal(err)
	}
	l.client = client
	return l
}

// wantFault fails unless the provider's last refusal was of want.
func (l login) wantFault(t *testing.T, want oauth1test.Fault) {
	t.Helper()
	if faults := l.server.Faults(); !slices.Equal(faults, []oauth1test.Fault{want}) {
		t.Errorf("faults %q, want %q", faults, want)
	}
}

func TestLogin(t *testing.T) {
	for name, change := range map[string]func(*oauth1.Config){
		"plain": func(*oauth1.Config) {},
		"realm": func(c *oauth1.Config) { c.Realm = `A "quoted", realm \` },
		"queries": func(c *oauth1.Config) {
			c.TemporaryCredentialURL += "?a=b%20c;d"
			c.TokenURL += "?%zz&x=[1]"
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := begin(t, oauth1test.Options{}, change)
			tok, err := l.client.Callback(t.Context(), browser(t, l.url), stored(t, l.txn))
			if err != nil {
				t.Fatal(err)
			}
			if tok.Extra("user_id") != "alice" {
				t.Errorf("token of %q", tok.Extra("user_id"))
			}
			l.callAPI(t, tok)
			if faults := l.server.Faults(); len(faults) != 0 {
				t.Errorf("faults %q", faults)
			}
		})
	}
}

// stored returns a transaction as it comes back from where it was kept.
func stored(t *testing.T, txn *oauth1.Transaction) *oauth1.Transaction {
	t.Helper()
	data, err := txn.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	again := new(oauth1.Transaction)
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return again
}

// callAPI makes requests of every kind with the token.
func (l login) callAPI(t *testing.T, tok *oauth1.Token) {
	t.Helper()
	signing, err := l.client.Transport(tok, l.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	api := &http.Client{Transport: signing}
	for _, r := range []struct{ method, query, contentType, body string }{
		{"GET", "", "", ""},
		{"GET", "?a=2&a=1&b=%C3%A9+%2B;c&%zz&d=[x]'()*!&realm=r", "", ""},
		{"POST", "?a=1", "application/x-www-form-urlencoded;charset=UTF-8",
			"a=1+2&a=%2541&c&d=;&%"},
		{"PUT", "", "application/json", `{"oauth_token":"x"}`},
		{"DELETE", "", "application/x-www-form-urlencoded", "a=1"},
	} {
		to := l.server.URL + "/me" + r.query
		req, err := http.NewRequest(r.method, to, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", r.contentType)
		resp, err := api.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Contains(text, []byte(`"email":"alice@example.com"`)) {
			t.Errorf("%s %s: %s, %v", r.method, r.query, text, err)
		}
	}
}

func TestLoginDenied(t *testing.T) {
	l := begin(t, oauth1test.Options{LoginForm: true})
	resp, err := noRedirects.PostForm(l.server.URL+"/authorize",
		url.Values{"request": {l.txn.Token()}, "action": {"deny"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.client.Callback(t.Context(), location.Query(), l.txn)
	if !errors.Is(err, oauth1.ErrAccessDenied) {
		t.Errorf("got %v, want ErrAccessDenied", err)
	}
}

func TestReplayedCallback(t *testing.T) {
	l := begin(t, oauth1test.Options{})
	params := browser(t, l.url)
	if _, err := l.client.Callback(t.Context(), params, l.txn); err != nil {
		t.Fatal(err)
	}
	tok, err := l.client.Callback(t.Context(), params, l.txn)
	wantError(t, err, 401, "token_used")
	if tok != nil {
		t.Error("a token beside the error")
	}
	l.wantFault(t, oauth1test.UsedTemporaryToken)
}

func wantError(t *testing.T, err error, status int, problem string) {
	t.Helper()
	e, ok := errors.AsType[*oauth1.Error](err)
	if !ok || e.Status != status || e.Problem != problem {
		t.Errorf("got %v, want status %d and problem %q", err, status, problem)
	}
}

func TestTamperedCallback(t *testing.T) {
	l := begin(t, oauth1test.Options{})
	params := browser(t, l.url)
	params.Set("oauth_verifier", params.Get("oauth_verifier")+"x")
	_, err := l.client.Callback(t.Context(), params, l.txn)
	wantError(t, err, 401, "verifier_invalid")
	l.wantFault(t, oauth1test.WrongVerifier)
}

// An attacker who sends a victim the end of the attacker's own login gets
// nowhere: the victim's transaction is another.
func TestCallbackOfAnotherLogin(t *testing.T) {
	l := begin(t, oauth1test.Options{})
	attacker, err := l.client.Authorize(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.client.Callback(t.Context(), browser(t, attacker.URL), l.txn)
	if !errors.Is(err, &oauth1.CheckError{Check: "oauth_token"}) {
		t.Errorf("got %v", err)
	}
}

func TestCallbackNotApproved(t *testing.T) {
	l := begin(t, oauth1test.Options{LoginForm: true})
	_, err := l.client.Callback(t.Context(),
		url.Values{"oauth_token": {l.txn.Token()}, "oauth_verifier": {"x"}}, l.txn)
	wantError(t, err, 401, "permission_denied")
	if !errors.Is(err, oauth1.ErrAccessDenied) {
		t.Errorf("got %v, want ErrAccessDenied", err)
	}
	l.wantFault(t, oauth1test.NotApproved)
}

func TestWrongClientCredentials(t *testing.T) {
	for _, tt := range []struct {
		change  func(*oauth1.Config)
		problem string
		fault   oauth1test.Fault
	}{
		{func(c *oauth1.Config) { c.Secret = "wrong" },
			"signature_invalid", oauth1test.WrongSignature},
		{func(c *oauth1.Config) { c.ID = "nobody" },
			"consumer_key_unknown", oauth1test.UnknownClient},
	} {
		l := setUp(t, oauth1test.Options{}, tt.change)
		req, err := l.client.Authorize(t.Context(), options)
		wantError(t, err, 401, tt.problem)
		if req != nil {
			t.Error("a request beside the error")
		}
		l.wantFault(t, tt.fault)
	}
}

func TestUnregisteredCallback(t *testing.T) {
	l := setUp(t, oauth1test.Options{})
	elsewhere := oauth1.AuthorizationOptions{RedirectURI: "https://elsewhere.example/"}
	_, err := l.client.Authorize(t.Context(), elsewhere)
	wantError(t, err, 400, "parameter_rejected")
	l.wantFault(t, oauth1test.WrongCallback)
}

func TestRevokedToken(t *testing.T) {
	l := setUp(t, oauth1test.Options{})
	tok, err := oauth1.FromRecord(oauth1.Record{Token: "revoked", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	signing, err := l.client.Transport(tok, l.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: signing}).Get(l.server.URL + "/me")
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %v, %v", resp, err)
	}
	resp.Body.Close()
	l.wantFault(t, oauth1test.UnknownToken)
}

// What a provider should not answer, each with an error of its own.
var badAnswers = []struct {
	name   string
	answer func(http.ResponseWriter)
	want   func(error) bool
}{
	{"HTML", func(w http.ResponseWriter) { fmt.Fprint(w, "<!DOCTYPE html><title>Log in</title>") },
		func(err error) bool { return errors.Is(err, &oauth1.CheckError{Check: "response_form"}) }},
	{"500", func(w http.ResponseWriter) {
		http.Error(w, "<h1>oops</h1>", http.StatusInternalServerError)
	}, func(err error) bool {
		e, ok := errors.AsType[*oauth1.Error](err)
		return ok && e.Status == 500 && e.Problem == "" && e.Excerpt() == "<h1>oops</h1> "
	}},
	{"redirect", func(w http.ResponseWriter) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}, func(err error) bool {
		e, ok := errors.AsType[*oauth1.Error](err)
		return ok && e.Status == 307
	}},
	{"truncated", func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true")
	}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
	{"endless", func(w http.ResponseWriter) {
		for {
			if _, err := fmt.Fprint(w, strings.Repeat("a", 4096)); err != nil {
				return
			}
		}
	}, func(err error) bool { return errors.Is(err, httpclient.ErrTooLarge) }},
}

func TestBadAnswers(t *testing.T) {
	for _, tt := range badAnswers {
		for _, path := range []string{"/request_token", "/access_token"} {
			t.Run(tt.name+path, func(t *testing.T) {
				o := oauth1test.Options{Intercept: func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == path {
							tt.answer(w)
							return
						}
						next.ServeHTTP(w, r)
					})
				}}
				if err := logIn(t, o); !tt.want(err) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// logIn goes through a login and returns its error.
func logIn(t *testing.T, o oauth1test.Options) error {
	t.Helper()
	l := setUp(t, o)
	req, err := l.client.Authorize(t.Context(), options)
	if err != nil {
		return err
	}
	_, err = l.client.Callback(t.Context(), browser(t, req.URL), req.Transaction)
	return err
}

func TestProviderThatIsNotThere(t *testing.T) {
	l := setUp(t, oauth1test.Options{})
	l.server.Close()
	_, err := l.client.Authorize(t.Context(), options)
	if err == nil || !strings.HasPrefix(err.Error(), "oauth1: temporary credential request: ") {
		t.Errorf("got %v", err)
	}
}
