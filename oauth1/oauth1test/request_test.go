package oauth1test_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

var (
	allMethods = []oauth1.SignatureMethod{
		oauth1.HMACSHA1, oauth1.HMACSHA256, oauth1.HMACSHA512,
		oauth1.RSASHA1, oauth1.RSASHA256, oauth1.RSASHA512, oauth1.Plaintext,
	}
	allPlacements = []oauth1.Placement{
		oauth1.PlacementHeader, oauth1.PlacementBody, oauth1.PlacementQuery,
	}
)

// newClient returns a client of the server, with a key if m wants one.
func newClient(
	t *testing.T, server *oauth1test.Server, m oauth1.SignatureMethod,
	change ...func(*oauth1.Config),
) *oauth1.Client {
	t.Helper()
	config := server.Config()
	config.SignatureMethod = m
	if strings.HasPrefix(string(m), "RSA") {
		config.ID, config.Secret, config.PrivateKey = "rsa", "", privateKey()
	}
	for _, f := range change {
		f(&config)
	}
	client, err := oauth1.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newServer(t *testing.T, o oauth1test.Options) *oauth1test.Server {
	t.Helper()
	o.Clients, o.Users = severalClients, severalUsers
	server := oauth1test.NewServer(o)
	t.Cleanup(server.Close)
	return server
}

// logIn goes through a login.
func logIn(t *testing.T, server *oauth1test.Server, client *oauth1.Client) *oauth1.Token {
	t.Helper()
	begun, err := client.Authorize(t.Context(), oauth1.AuthorizationOptions{RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	token := parse(t, begun.URL).Query().Get("oauth_token")
	params := walk{t, server}.visit(token).Query()
	tok, err := client.Callback(t.Context(), params, begun.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// get makes a signed request and returns the status and the body, a JSON object or a
// form.
func get(
	t *testing.T, client *oauth1.Client, tok *oauth1.Token, method, to, form string,
) (int, map[string]any) {
	t.Helper()
	signer, err := client.Signer(tok)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if req, err = signer.Sign(req); err != nil {
		t.Fatal(err)
	}
	status, body := do(t, req)
	object := make(map[string]any)
	if json.Unmarshal([]byte(body), &object) != nil {
		values, _ := url.ParseQuery(body)
		for name := range values {
			object[name] = values.Get(name)
		}
	}
	return status, object
}

// A login and a request by every method, in every placement, with POST and with GET.
func TestMethodsAndPlacements(t *testing.T) {
	server := newServer(t, oauth1test.Options{})
	for _, m := range allMethods {
		for _, place := range allPlacements {
			for _, verb := range []string{"POST", "GET"} {
				t.Run(fmt.Sprint(m, place, verb), func(t *testing.T) {
					client := newClient(t, server, m, func(c *oauth1.Config) {
						c.Placement, c.TemporaryCredentialMethod, c.TokenMethod = place, verb, verb
					})
					tok := logIn(t, server, client)
					status, user := get(t, client, tok, verb, server.Endpoint("me"), "")
					if status != http.StatusOK || user["id"] != "alice" ||
						tok.Extra("user_id") != "alice" {
						t.Errorf("status %d, %v", status, user)
					}
					if !tok.Expiry().IsZero() || tok.Extra("oauth_session_handle") != "" {
						t.Error("a token for ever that expires")
					}
				})
			}
		}
	}
	if faults := server.Faults(); len(faults) != 0 {
		t.Errorf("faults %q", faults)
	}
}

// The API that tells what came in tells all of it, and no secret.
func TestEcho(t *testing.T) {
	server := newServer(t, oauth1test.Options{})
	for _, place := range allPlacements {
		change := func(c *oauth1.Config) { c.Placement = place }
		client := newClient(t, server, oauth1.HMACSHA256, change)
		for _, tok := range []*oauth1.Token{oauth1.NoToken(), logIn(t, server, client)} {
			to := server.Endpoint("echo") + "?a=1&a=%2B"
			status, got := get(t, client, tok, "POST", to, "b=é;&a")
			params := fmt.Sprint(got["Params"])
			if status != http.StatusOK || got["ClientID"] != "client" ||
				got["Token"] != tok.Token() || got["SignatureMethod"] != "HMAC-SHA256" ||
				got["Placement"] != string(place) || params != "[map[Name:a Value:1] "+
				"map[Name:a Value:+] map[Name:b Value:é;] map[Name:a Value:]]" {
				t.Errorf("status %d, %v", status, got)
			}
			if protocol, _ := got["Protocol"].(map[string]any); protocol["oauth_nonce"] == nil ||
				protocol["oauth_signature"] != nil {
				t.Errorf("protocol parameters %v", protocol)
			}
		}
	}
	if faults := server.Faults(); len(faults) != 0 {
		t.Errorf("faults %q", faults)
	}
}

func wantRefusal(t *testing.T, err error, status int, problem string) {
	t.Helper()
	refused, ok := errors.AsType[*oauth1.Error](err)
	if !ok || refused.Status != status || refused.Problem != problem {
		t.Errorf("got %v, want %d, %s", err, status, problem)
	}
}

func TestXAuth(t *testing.T) {
	server := newServer(t, oauth1test.Options{})
	for _, m := range allMethods {
		client := newClient(t, server, m)
		tok, err := client.XAuth(t.Context(), "alice", "password")
		if err != nil {
			t.Fatal(err)
		}
		if status, user := get(t, client, tok, "GET", server.Endpoint("me"), ""); status != 200 ||
			user["id"] != "alice" {
			t.Errorf("%s: status %d, %v", m, status, user)
		}
		_, err = client.XAuth(t.Context(), "alice", "wrong")
		wantRefusal(t, err, 401, "parameter_rejected")
	}
	want := slices.Repeat([]oauth1test.Fault{oauth1test.WrongPassword}, len(allMethods))
	if faults := server.Faults(); !slices.Equal(faults, want) {
		t.Errorf("faults %q", faults)
	}
}

// A clock that tests set.
type setClock struct{ seconds atomic.Int64 }

func (c *setClock) Now() time.Time { return time.Unix(1_700_000_000+c.seconds.Load(), 0) }

// A token that expires is renewed, once; what was before serves no longer.
func TestRenewal(t *testing.T) {
	clock := new(setClock)
	server := newServer(t, oauth1test.Options{TokenLife: time.Hour, Now: clock.Now})
	for _, m := range allMethods {
		clock.seconds.Store(0)
		client := newClient(t, server, m, func(c *oauth1.Config) { c.Now = clock.Now })
		tok := logIn(t, server, client)
		me := func(tok *oauth1.Token) (int, any) {
			status, object := get(t, client, tok, "GET", server.Endpoint("me"), "")
			return status, object["oauth_problem"]
		}
		if tok.Expiry().Unix() != clock.Now().Unix()+3600 {
			t.Errorf("expires %v", tok.Expiry())
		}
		clock.seconds.Store(3599)
		if status, problem := me(tok); status != 200 {
			t.Errorf("before it expires: %d, %v", status, problem)
		}
		clock.seconds.Store(3600)
		if status, problem := me(tok); status != 401 || problem != "token_expired" {
			t.Errorf("expired: %d, %v", status, problem)
		}
		renewed, err := client.Renew(t.Context(), tok)
		if err != nil {
			t.Fatal(err)
		}
		if status, problem := me(renewed); status != 200 || renewed.Extra("user_id") != "alice" {
			t.Errorf("renewed: %d, %v", status, problem)
		}
		if status, problem := me(tok); status != 401 || problem != "token_rejected" {
			t.Errorf("renewed before: %d, %v", status, problem)
		}
		_, err = client.Renew(t.Context(), tok)
		wantRefusal(t, err, 401, "token_rejected")
		record := renewed.Record()
		record.Extra["oauth_session_handle"] = tok.Extra("oauth_session_handle")
		mixed, err := oauth1.FromRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Renew(t.Context(), mixed)
		wantRefusal(t, err, 401, "token_rejected")
	}
	want := slices.Repeat([]oauth1test.Fault{
		oauth1test.ExpiredToken, oauth1test.UnknownToken, oauth1test.UnknownTemporaryToken,
		oauth1test.WrongSessionHandle,
	}, len(allMethods))
	if faults := server.Faults(); !slices.Equal(faults, want) {
		t.Errorf("faults %q", faults)
	}
}

// A token may be renewed while another request with it is examined: by its key it
// was good, by now it is gone.
func TestRenewedMeanwhile(t *testing.T) {
	var calls atomic.Int32
	var meanwhile func()
	server := newServer(t, oauth1test.Options{TokenLife: time.Hour, Now: func() time.Time {
		if calls.Add(-1) == 0 {
			meanwhile()
		}
		return time.Now()
	}})
	client := newClient(t, server, oauth1.HMACSHA256)
	for path, call := range map[string]int32{ // the one after the key was looked up
		"/access_token": 2, "/me": 3,
	} {
		tok := logIn(t, server, client)
		meanwhile = func() {
			if _, err := client.Renew(t.Context(), tok); err != nil {
				t.Error(err)
			}
		}
		c := newCall(path, oauth1.Param{Name: "oauth_token", Value: tok.Token()},
			oauth1.Param{Name: "oauth_session_handle", Value: tok.Extra("oauth_session_handle")})
		c.tokenSecret = tok.Secret()
		calls.Store(call)
		expect(t, server, c, oauth1test.UnknownToken, 401, "token_rejected")
		if calls.Load() >= 0 {
			t.Errorf("%s: not renewed meanwhile", path)
		}
	}
}

// A token is of one client, its renewal too.
func TestRenewalByAnother(t *testing.T) {
	server := newServer(t, oauth1test.Options{TokenLife: time.Hour})
	tok := logIn(t, server, newClient(t, server, oauth1.HMACSHA1))
	other := newClient(t, server, oauth1.HMACSHA1, func(c *oauth1.Config) {
		c.ID, c.Secret = "other", "other secret"
	})
	_, err := other.Renew(t.Context(), tok)
	wantRefusal(t, err, 401, "token_rejected")
	if faults := server.Faults(); !slices.Equal(faults,
		[]oauth1test.Fault{oauth1test.UnknownTemporaryToken}) {
		t.Errorf("faults %q", faults)
	}
}

// A renewal without a handle is none, whatever the handle of the token is.
func TestRenewalWithoutHandle(t *testing.T) {
	server := newServer(t, oauth1test.Options{TokenLife: time.Hour})
	tok := logIn(t, server, newClient(t, server, oauth1.HMACSHA1))
	for _, extra := range [][]oauth1.Param{nil, {{Name: "oauth_session_handle", Value: ""}},
		{{Name: "oauth_verifier", Value: "x"}}} {
		c := newCall("/access_token", append(extra,
			oauth1.Param{Name: "oauth_token", Value: tok.Token()})...)
		c.tokenSecret = tok.Secret()
		expect(t, server, c, oauth1test.WrongSessionHandle, 401, "token_rejected")
	}
}

// Bodies that are no form need no hash, as at most providers, but may have one.
func TestOtherBodies(t *testing.T) {
	server := newServer(t, oauth1test.Options{})
	for _, hash := range []bool{false, true} {
		change := func(c *oauth1.Config) { c.BodyHash = hash }
		client := newClient(t, server, oauth1.HMACSHA256, change)
		signer, err := client.Signer(oauth1.NoToken())
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", server.Endpoint("echo"),
			strings.NewReader(`{"oauth_token":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if req, err = signer.Sign(req); err != nil {
			t.Fatal(err)
		}
		if status, body := do(t, req); status != http.StatusOK ||
			strings.Contains(body, "oauth_body_hash") != hash {
			t.Errorf("status %d, %s", status, body)
		}
	}
}

// A body that breaks off is a fault of the client's.
func TestBodyThatFails(t *testing.T) {
	server := newServer(t, oauth1test.Options{})
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/me",
		iotest.ErrReader(io.ErrUnexpectedEOF))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, req)
	if w.Code != 400 || w.Body.String() != "oauth_problem=parameter_rejected" {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if faults := server.Faults(); !slices.Equal(faults,
		[]oauth1test.Fault{oauth1test.MalformedBody}) {
		t.Errorf("faults %q", faults)
	}
}

func TestIntercept(t *testing.T) {
	server := newServer(t, oauth1test.Options{
		Intercept: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/me" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	})
	client := newClient(t, server, oauth1.HMACSHA1)
	tok := logIn(t, server, client)
	if status, _ := get(t, client, tok, "GET", server.Endpoint("me"), ""); status != 418 {
		t.Errorf("status %d", status)
	}
}

// Many log in at a time, and each is who they are.
func TestConcurrentLogins(t *testing.T) {
	server := newServer(t, oauth1test.Options{TokenLife: time.Hour})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			client := newClient(t, server, allMethods[i%len(allMethods)])
			tok, err := client.XAuth(t.Context(), "alice", "password")
			if err != nil {
				t.Error(err)
				return
			}
			if tok, err = client.Renew(t.Context(), tok); err != nil {
				t.Error(err)
			}
			if _, err := client.Signer(tok); err != nil {
				t.Error(err)
			}
			server.Faults()
		})
	}
	wg.Wait()
	if faults := server.Faults(); len(faults) != 0 {
		t.Errorf("faults %q", faults)
	}
}

// What serves once does so for one of many who come at a time.
func TestOneOfMany(t *testing.T) {
	server := newServer(t, oauth1test.Options{TokenLife: time.Hour})
	client := newClient(t, server, oauth1.HMACSHA256)
	tok := logIn(t, server, client)
	begun, err := client.Authorize(t.Context(), oauth1.AuthorizationOptions{RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	token := parse(t, begun.URL).Query().Get("oauth_token")
	params := walk{t, server}.visit(token).Query()
	var renewed, loggedIn atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := client.Renew(t.Context(), tok); err == nil {
				renewed.Add(1)
			}
		})
		wg.Go(func() {
			if _, err := client.Callback(t.Context(), params, begun.Transaction); err == nil {
				loggedIn.Add(1)
			}
		})
	}
	wg.Wait()
	if renewed.Load() != 1 || loggedIn.Load() != 1 {
		t.Errorf("%d renewals, %d logins", renewed.Load(), loggedIn.Load())
	}
}

// What remains in FIPS 140-only mode serves there; elsewhere it does, too.
func TestFIPS140Only(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{
		Clients: []oauth1test.Client{{ID: "client", Secret: "a secret of 112 bits or more"}},
	})
	defer server.Close()
	for _, m := range []oauth1.SignatureMethod{oauth1.HMACSHA256, oauth1.HMACSHA512} {
		client := newClient(t, server, m)
		status, user := get(t, client, logIn(t, server, client), "GET", server.Endpoint("me"), "")
		if status != http.StatusOK || user["id"] != "alice" {
			t.Errorf("%s: status %d, %v", m, status, user)
		}
	}
}

// Odd requests are refused; none is a panic, and none is served.
func TestOddRequests(t *testing.T) {
	server := newServer(t, oauth1test.Options{LoginForm: true})
	targets := []string{
		"/", "//", "*", "/me?", "/me?%zz&;=&=", "/me?oauth_consumer_key=client",
		"/echo?oauth_signature_method=PLAINTEXT&oauth_consumer_key=client&oauth_signature=%26",
		"/echo?oauth_signature_method=PLAINTEXT&oauth_consumer_key=rsa&oauth_signature=%26",
		"/request_token", "/access_token?x_auth_mode=client_auth", "/authorize",
		"/authorize?oauth_token", "/authorize?oauth_token=%00&request=x", "http://other.example/me",
		"x:y", "x:/me", "/%2e%2e/me", "/me/../authorize", "/authorize?%zz;", "/\xff",
	}
	headers := []string{
		"", "Authorization: \r\n", "Authorization: OAuth\r\n", "Authorization: OAuth ,\r\n",
		"Authorization: OAuth =\"\"\r\n", "Authorization: OAuth oauth_consumer_key=\"%FF\"\r\n",
		"Authorization: OAuth oauth_consumer_key=\"client\", oauth_signature=\"x\", " +
			"oauth_signature_method=\"RSA-SHA1\", oauth_timestamp=\"-0\", oauth_nonce=\"\"\r\n",
		"Content-Type: application/x-www-form-urlencoded\r\n",
		"Content-Type: multipart/form-data\r\n", "Content-Type: ;\r\n",
	}
	refusals := 0
	for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "PUT", "CONNECT", "X"} {
		for _, target := range targets {
			for _, header := range headers {
				text := method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + header +
					"Content-Length: 21\r\n\r\noauth_token=%&request"
				req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
				if err != nil {
					continue // nor does a server hand it on
				}
				w := httptest.NewRecorder()
				server.ServeHTTP(w, req)
				if w.Code < 400 || w.Code > 404 {
					t.Errorf("status %d to %q", w.Code, text)
				}
				if strings.HasPrefix(w.Body.String(), "oauth_problem=") {
					refusals++
				}
			}
		}
	}
	if n := len(server.Faults()); n != refusals || n == 0 {
		t.Errorf("%d faults, %d refusals", n, refusals)
	}
}
