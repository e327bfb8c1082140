package main

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	xoauth2 "golang.org/x/oauth2"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

var grants = []string{clientCredentials, authorizationCode, refreshToken}

// A sentRequest is a request as it reaches the base transport.
type sentRequest struct {
	method, url string
	header      http.Header
	body        string
}

// A wire keeps what is sent through it, and answers.
type wire struct {
	t      *testing.T
	status int
	answer string
	sent   []sentRequest
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body := bodyOf(w.t, req)
	w.sent = append(w.sent, sentRequest{req.Method, req.URL.String(), req.Header.Clone(), body})
	resp, err := newDocument(w.answer).RoundTrip(req)
	resp.StatusCode = w.status
	return resp, err
}

func columnsOfOAuth2() []oauth2Library { return append(oauth2Libraries(), rawOAuth2) }

// TestTokenRequest shows that all columns send the same request and read the same token,
// each time anew.
func TestTokenRequest(t *testing.T) {
	r := newRegistration()
	for _, lib := range columnsOfOAuth2() {
		for _, grant := range grants {
			t.Run(lib.name+" "+grant, func(t *testing.T) {
				w := &wire{t: t, status: http.StatusOK, answer: r.response()}
				ask, err := lib.asker(grant, r, newClient(w))
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					w.sent = nil
					got, err := ask()
					if err != nil {
						t.Fatal(err)
					}
					testToken(t, r, got)
					testTokenRequest(t, r, grant, w.sent)
				}
			})
		}
	}
}

func testToken(t *testing.T, r *registration, got issued) {
	t.Helper()
	if got.access != r.access || got.refresh != r.refresh {
		t.Errorf("read %+v", got)
	}
	left := time.Until(got.expires)
	if left < 59*time.Minute || left > time.Hour {
		t.Errorf("expires in %v", left)
	}
}

func testTokenRequest(t *testing.T, r *registration, grant string, sent []sentRequest) {
	t.Helper()
	if len(sent) != 1 {
		t.Fatalf("%d requests sent", len(sent))
	}
	req := sent[0]
	if req.method != http.MethodPost || req.url != tokenURL {
		t.Errorf("sent %s %s", req.method, req.url)
	}
	if got := req.header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("sent the content type %s", got)
	}
	id, secret, _ := (&http.Request{Header: req.header}).BasicAuth()
	if id != r.id || secret != url.QueryEscape(r.secret) {
		t.Errorf("sent the credentials %s and %s", id, secret)
	}
	form, err := url.ParseQuery(req.body)
	want := r.form(grant, form.Get("code_verifier"))
	if err != nil || !reflect.DeepEqual(form, want) {
		t.Errorf("sent the form %v, want %v", form, want)
	}
	if n := len(form.Get("code_verifier")); grant == authorizationCode && n != 43 {
		t.Errorf("sent a verifier of %d characters", n)
	}
}

// TestTokenRefused has the server refuse, which raw does not look at.
func TestTokenRefused(t *testing.T) {
	r := newRegistration()
	for _, lib := range oauth2Libraries() {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			for _, grant := range grants {
				w := &wire{t: t, status: status, answer: `{"error":"invalid_grant"}`}
				ask, err := lib.asker(grant, r, newClient(w))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := ask(); refusalCode(err) != "invalid_grant" {
					t.Errorf("%s, %s, %d: %v", lib.name, grant, status, err)
				}
			}
		}
	}
}

func refusalCode(err error) string {
	if e, ok := errors.AsType[*oauth2.Error](err); ok {
		return e.Code
	}
	if e, ok := errors.AsType[*xoauth2.RetrieveError](err); ok {
		return e.ErrorCode
	}
	return ""
}

// TestState has each column read a callback of another login's state, and send nothing.
func TestState(t *testing.T) {
	r := newRegistration()
	w := &wire{t: t, status: http.StatusOK, answer: r.response()}
	client, err := newOAuth2(r, newClient(w))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ask  func(state string) (asker, error)
		want error
	}{
		"vouchsafe": {func(state string) (asker, error) {
			return vouchsafeCallback(t.Context(), client, r, state)
		}, &jose.CheckError{Check: "state"}},
		"x/oauth2": {func(state string) (asker, error) {
			return xCallback(t.Context(), r, state), nil
		}, errState},
	} {
		ask, err := test.ask("another")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if len(w.sent) > 0 {
		t.Errorf("sent %v", w.sent)
	}
}

// TestOAuth2Transport shows that a transport adds the token and changes nothing else, nor
// the request of its caller.
func TestOAuth2Transport(t *testing.T) {
	r := newRegistration()
	for _, lib := range columnsOfOAuth2() {
		t.Run(lib.name, func(t *testing.T) {
			w := &wire{t: t, status: http.StatusOK, answer: "{}"}
			transport, err := lib.transport(r, w)
			if err != nil {
				t.Fatal(err)
			}
			if err := repeat(getting(newClient(transport)), 2); err != nil {
				t.Fatal(err)
			}
			want := http.Header{"Accept": {"application/json"}, "Accept-Language": {"de-AT"},
				"User-Agent": {"bench"}}
			if lib.name != raw {
				want.Set("Authorization", "Bearer "+r.access)
			}
			request := sentRequest{http.MethodGet, resourceURL, want, ""}
			if !reflect.DeepEqual(w.sent, []sentRequest{request, request}) {
				t.Errorf("sent %v, want %v twice", w.sent, request)
			}
		})
	}
}

// TestCallersRequest posts through a transport.
func TestCallersRequest(t *testing.T) {
	r := newRegistration()
	for _, lib := range columnsOfOAuth2() {
		w := &wire{t: t, status: http.StatusOK, answer: "{}"}
		transport, err := lib.transport(r, w)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodPost, resourceURL, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "application/json")
		if _, err := transport.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if w.sent[0].body != "body" {
			t.Errorf("%s: sent the body %q", lib.name, w.sent[0].body)
		}
		names := slices.Collect(maps.Keys(req.Header))
		if req.URL.String() != resourceURL || !slices.Equal(names, []string{"Accept"}) {
			t.Errorf("%s: the caller's request is now of %s with %v", lib.name, req.URL, names)
		}
	}
}

// TestOtherOrigin shows what vouchsafe looks at and the others don't.
func TestOtherOrigin(t *testing.T) {
	r := newRegistration()
	for _, lib := range columnsOfOAuth2() {
		transport, err := lib.transport(r, newDocument("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodGet, "https://other.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = transport.RoundTrip(req)
		if refused := errors.Is(err, httpclient.ErrOrigin); refused != (lib.name == ours) {
			t.Errorf("%s: %v", lib.name, err)
		}
	}
}

// TestKeys shows that the key is read, and of a copy that was fetched once.
func TestKeys(t *testing.T) {
	set, err := bigSet(newTestBench(t).keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, lib := range columnsOfOAuth2() {
		if lib.keys == nil {
			continue
		}
		w := &wire{t: t, status: http.StatusOK, answer: string(set)}
		read, err := lib.keys(newClient(w))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if id, err := read(); id != keyID || err != nil {
				t.Errorf("%s: key %q, %v", lib.name, id, err)
			}
		}
		if len(w.sent) != 1 || w.sent[0].url != keySetURL {
			t.Errorf("%s: sent %v", lib.name, w.sent)
		}
	}
}

// TestSource has each column ask once, and return the same token from then on.
func TestSource(t *testing.T) {
	r := newRegistration()
	for _, lib := range columnsOfOAuth2() {
		w := &wire{t: t, status: http.StatusOK, answer: r.response()}
		token, err := lib.source(r, newClient(w))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			got, err := token()
			if err != nil {
				t.Fatal(err)
			}
			testToken(t, r, got)
		}
		if len(w.sent) != 1 {
			t.Errorf("%s: sent %d requests", lib.name, len(w.sent))
		}
	}
}

// TestDocument shows that a document can be read again and again.
func TestDocument(t *testing.T) {
	client := newClient(newDocument("text"))
	for range 2 {
		resp, err := client.Get(resourceURL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "text" {
			t.Errorf("read %q, %v", body, err)
		}
	}
}
