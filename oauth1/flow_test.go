package oauth1_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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

// settings are what a client may be configured with at the provider of oauth1test.
var settings = map[string]func(*oauth1.Config){
	"plain": func(*oauth1.Config) {},
	"realm": func(c *oauth1.Config) { c.Realm = `A "quoted", realm \` },
	"queries": func(c *oauth1.Config) {
		c.TemporaryCredentialURL += "?a=b%20c;d"
		c.TokenURL += "?%zz&x=[1]"
	},
	"GET": func(c *oauth1.Config) {
		c.TemporaryCredentialMethod, c.TokenMethod = "GET", "GET"
		c.TemporaryCredentialParams = url.Values{"scope": {"a b", "c"}}
		c.TokenParams = url.Values{"é": {"+&="}}
	},
	"POST with parameters": func(c *oauth1.Config) {
		c.TemporaryCredentialParams = url.Values{"scope": {"a b", "c"}}
		c.TokenParams = url.Values{"é": {"+&="}}
	},
	"body": func(c *oauth1.Config) {
		c.Placement, c.TokenParams = oauth1.PlacementBody, url.Values{"a": {"b c"}}
	},
	"query": func(c *oauth1.Config) {
		c.Placement, c.TokenURL = oauth1.PlacementQuery, c.TokenURL+"?a=b+c"
	},
	"no version":  func(c *oauth1.Config) { c.OmitVersion = true },
	"empty token": func(c *oauth1.Config) { c.EmptyToken = true },
	"body hash":   func(c *oauth1.Config) { c.BodyHash = true },
	"HMAC-SHA256": func(c *oauth1.Config) { c.SignatureMethod = oauth1.HMACSHA256 },
	"HMAC-SHA512": func(c *oauth1.Config) { c.SignatureMethod = oauth1.HMACSHA512 },
	"PLAINTEXT":   func(c *oauth1.Config) { c.SignatureMethod = oauth1.Plaintext },
	"Discogs": func(c *oauth1.Config) {
		c.SignatureMethod, c.TemporaryCredentialMethod = oauth1.Plaintext, "GET"
	},
}

func TestLogin(t *testing.T) {
	for name, change := range settings {
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

// With an RSA key the provider knows no secret of the client's.
func TestLoginWithAPrivateKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	o := oauth1test.Options{Clients: []oauth1test.Client{{ID: "client", PublicKey: &key.PublicKey}}}
	for _, method := range []oauth1.SignatureMethod{
		oauth1.RSASHA1, oauth1.RSASHA256, oauth1.RSASHA512,
	} {
		l := begin(t, o, func(c *oauth1.Config) { c.SignatureMethod, c.PrivateKey = method, key })
		tok, err := l.client.Callback(t.Context(), browser(t, l.url), l.txn)
		if err != nil {
			t.Fatal(err)
		}
		l.callAPI(t, tok)
		if faults := l.server.Faults(); len(faults) != 0 {
			t.Errorf("%s: faults %q", method, faults)
		}
	}
}

// The user types in what the provider shows.
func TestLoginOOB(t *testing.T) {
	l := setUp(t, oauth1test.Options{})
	req, err := l.client.Authorize(t.Context(), oauth1.AuthorizationOptions{RedirectURI: "oob"})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := noRedirects.Get(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	shown := regexp.MustCompile(`[A-Z2-7]{26}`).FindString(string(page))
	if err != nil || shown == "" {
		t.Fatalf("no verifier in %s, %v", page, err)
	}
	tok, err := l.client.Exchange(t.Context(), " "+shown+"\n", stored(t, req.Transaction))
	if err != nil || tok.Extra("user_id") != "alice" {
		t.Errorf("got %v, %v", tok, err)
	}
	_, err = l.client.Exchange(t.Context(), shown, req.Transaction)
	wantError(t, err, 401, "token_used")
}

func TestXAuthAtAProvider(t *testing.T) {
	for name, change := range settings {
		t.Run(name, func(t *testing.T) {
			l := setUp(t, oauth1test.Options{}, change)
			tok, err := l.client.XAuth(t.Context(), "alice", "password")
			if err != nil {
				t.Fatal(err)
			}
			l.callAPI(t, tok)
			_, err = l.client.XAuth(t.Context(), "alice", "wrong")
			wantError(t, err, 401, "parameter_rejected")
			l.wantFault(t, oauth1test.WrongPassword)
		})
	}
}

func TestRenewAtAProvider(t *testing.T) {
	for name, change := range settings {
		t.Run(name, func(t *testing.T) {
			l := begin(t, oauth1test.Options{TokenLife: time.Hour}, change)
			tok, err := l.client.Callback(t.Context(), browser(t, l.url), l.txn)
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(tok.Expiry()); left <= 0 || left > time.Hour {
				t.Errorf("expires in %s", left)
			}
			renewed, err := l.client.Renew(t.Context(), tok)
			if err != nil {
				t.Fatal(err)
			}
			if handle := renewed.Extra("oauth_session_handle"); handle == "" ||
				handle == tok.Extra("oauth_session_handle") || renewed.Token() == tok.Token() {
				t.Error("nothing changed")
			}
			l.callAPI(t, renewed)
			_, err = l.client.Renew(t.Context(), tok)
			wantError(t, err, 401, "token_rejected")
			l.wantFault(t, oauth1test.UnknownTemporaryToken)
		})
	}
}

// A clock that is wrong by an hour costs one refusal.
func TestClockSkewAtAProvider(t *testing.T) {
	late := func(w http.ResponseWriter) {
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	}
	o := oauth1test.Options{
		Now: func() time.Time { return time.Now().Add(time.Hour) },
		Intercept: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				late(w)
				next.ServeHTTP(w, r)
			})
		},
	}
	for _, correct := range []bool{true, false} {
		l := setUp(t, o, func(c *oauth1.Config) { c.CorrectClock = correct })
		_, err := l.client.Authorize(t.Context(), options)
		wantError(t, err, 401, "timestamp_refused")
		_, err = l.client.Authorize(t.Context(), options)
		if (err == nil) != correct {
			t.Errorf("corrected %t: got %v", correct, err)
		}
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

// answering has the provider answer requests to path with a status and a body.
func answering(path string, status int, body string) oauth1test.Options {
	return oauth1test.Options{Intercept: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}}
}

const confirmed = "oauth_token=foo&oauth_token_secret=bar&oauth_callback_confirmed=true"

// authlibFlow are the test cases of Authlib's flow, by their numbers in the
// compliance table.
var authlibFlow = map[string]func(t *testing.T){
	"case 30": func(t *testing.T) {
		l := begin(t, answering("/request_token", 200, confirmed))
		if want := l.server.URL + "/authorize?oauth_token=foo"; l.url != want {
			t.Errorf("got %s, want %s", l.url, want)
		}
	},
	"case 31": func(t *testing.T) {
		l := begin(t, answering("/request_token", 200, `{"oauth_token":"foo",`+
			`"oauth_token_secret":"bar","oauth_callback_confirmed":"true"}`))
		if l.txn.Token() != "foo" {
			t.Errorf("transaction of %q", l.txn.Token())
		}
		o := answering("/access_token", 200, `{"oauth_token":"a","oauth_token_secret":"b"}`)
		if err := logIn(t, o); err != nil {
			t.Error(err)
		}
	},
	"case 32": func(t *testing.T) {
		for _, path := range []string{"/request_token", "/access_token"} {
			wantError(t, logIn(t, answering(path, 401, "no")), 401, "")
		}
	},
	"case 33": func(t *testing.T) {
		for _, path := range []string{"/request_token", "/access_token"} {
			wantCheckOf(t, logIn(t, answering(path, 200, "a=b")), "token")
		}
	},
	"case 34": func(t *testing.T) {
		for _, path := range []string{"/request_token", "/access_token"} {
			wantCheckOf(t, logIn(t, answering(path, 200, "<html>")), "response_form")
		}
	},
	"case 35": func(t *testing.T) {
		l := begin(t, oauth1test.Options{})
		mine := l.txn.Token()
		callback := func(params url.Values, txn *oauth1.Transaction) error {
			_, err := l.client.Callback(t.Context(), params, txn)
			return err
		}
		good := url.Values{"oauth_token": {mine}, "oauth_verifier": {"v"}}
		wantCheckOf(t, callback(good, nil), "transaction") // none was kept
		wantCheckOf(t, callback(url.Values{"oauth_token": {"x"}, "oauth_verifier": {"v"}}, l.txn),
			"oauth_token")
		if err := callback(url.Values{"denied": {mine}}, l.txn); err != oauth1.ErrAccessDenied {
			t.Errorf("got %v", err)
		}
		wantCheckOf(t, callback(url.Values{"oauth_token": {mine}}, l.txn), "oauth_verifier")
	},
	"case 36": func(t *testing.T) {
		l := begin(t, oauth1test.Options{})
		params := browser(t, l.url)
		params.Set("oauth_token_secret", "EVIL")
		tok, err := l.client.Callback(t.Context(), params, l.txn)
		if err != nil || tok.Extra("user_id") != "alice" {
			t.Errorf("got %v, %v", tok, err)
		}
	},
	"case 37": func(t *testing.T) {
		l := begin(t, oauth1test.Options{})
		params := browser(t, l.url)
		if _, err := l.client.Callback(t.Context(), params, l.txn); err != nil {
			t.Fatal(err)
		}
		_, err := l.client.Callback(t.Context(), params, l.txn)
		wantError(t, err, 401, "token_used")
	},
	"case 38": func(t *testing.T) {
		o := answering("/request_token", 200, "oauth_token=foo&oauth_token_secret=bar")
		wantCheckOf(t, logIn(t, o), "oauth_callback_confirmed")
		begin(t, o, func(c *oauth1.Config) { c.InsecureNoCallbackConfirmed = true })
	},
	"row P4": func(t *testing.T) {
		config := oauth1test.NewServer(oauth1test.Options{})
		config.Close()
		for _, c := range insecureEndpoints(config.Config()) {
			if _, err := oauth1.New(c); !errors.Is(err, httpclient.ErrInsecureURL) {
				t.Errorf("got %v", err)
			}
		}
		l := begin(t, recording(t, "POST", "POST"))
		if _, err := l.client.Callback(t.Context(), browser(t, l.url), l.txn); err != nil {
			t.Error(err)
		}
	},
	"row P5": func(t *testing.T) {
		for _, name := range []string{"POST with parameters", "GET"} {
			l := begin(t, oauth1test.Options{}, settings[name])
			if _, err := l.client.Callback(t.Context(), browser(t, l.url), l.txn); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	},
	"row P11": func(t *testing.T) {
		for _, name := range []string{"plain", "realm", "body", "query", "PLAINTEXT", "body hash"} {
			l := begin(t, oauth1test.Options{}, settings[name])
			if _, err := l.client.Callback(t.Context(), browser(t, l.url), l.txn); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	},
	"row A2": func(t *testing.T) {
		l := setUp(t, answering("/request_token", 200, confirmed), func(c *oauth1.Config) {
			c.AuthorizationNames.Callback = "oauth_callback"
			c.AuthorizationURL += "?a=1"
		})
		req, err := l.client.Authorize(t.Context(), oauth1.AuthorizationOptions{
			RedirectURI: redirectURI, Params: url.Values{"b": {"2"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := l.server.URL + "/authorize?a=1&oauth_token=foo&oauth_callback=" +
			"http%3A%2F%2F127.0.0.1%2Fcallback%3Fx%3D1&b=2"
		if req.URL != want {
			t.Errorf("got  %s\nwant %s", req.URL, want)
		}
	},
	"row A6": func(t *testing.T) {
		l := begin(t, oauth1test.Options{})
		_, err := l.client.Callback(t.Context(), url.Values{"denied": {"other"}}, l.txn)
		wantCheckOf(t, err, "oauth_token")
		params := browser(t, l.url)
		params.Set("oauth_consumer_key", "EVIL")
		tok, err := l.client.Callback(t.Context(), params, l.txn)
		if err != nil {
			t.Fatal(err)
		}
		l.callAPI(t, tok)
	},
}

func TestAuthlibFlow(t *testing.T) {
	for name, test := range authlibFlow {
		t.Run(name, test)
	}
}

func wantCheckOf(t *testing.T, err error, check string) {
	t.Helper()
	if !errors.Is(err, &oauth1.CheckError{Check: check}) {
		t.Errorf("got %v, want check %s", err, check)
	}
}

// insecureEndpoints returns c with one endpoint after the other in the clear.
func insecureEndpoints(c oauth1.Config) []oauth1.Config {
	const clear = "http://provider.example/"
	one, two, three := c, c, c
	one.TemporaryCredentialURL, two.AuthorizationURL, three.TokenURL = clear, clear, clear
	return []oauth1.Config{one, two, three}
}

// recording wants the two requests of a login to be of these methods, and signed.
func recording(t *testing.T, temporary, token string) oauth1test.Options {
	methods := map[string]string{"/request_token": temporary, "/access_token": token}
	return oauth1test.Options{Intercept: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if want, ok := methods[r.URL.Path]; ok && (r.Method != want ||
				!strings.HasPrefix(r.Header.Get("Authorization"), "OAuth ")) {
				t.Errorf("%s %s, %s", r.Method, r.URL, r.Header.Get("Authorization"))
			}
			next.ServeHTTP(w, r)
		})
	}}
}
