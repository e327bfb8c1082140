package oauth1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchsafe/httpclient"
)

func testToken(t *testing.T) *Token {
	t.Helper()
	tok, err := FromRecord(Record{Token: "tok", Secret: "sec"})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func signing(t *testing.T, base http.RoundTripper, origins ...string) http.RoundTripper {
	t.Helper()
	c := goodConfig()
	c.HTTP = &http.Client{Transport: base}
	rt, err := newClient(t, c).Transport(testToken(t), origins...)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

// A body counts how often it was closed.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

func newRequest(t *testing.T, method, raw string, r io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, raw, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func formRequest(t *testing.T, contentType string, b io.Reader) *http.Request {
	t.Helper()
	req := newRequest(t, "POST", "https://api.example/x?q=1", b)
	req.Header.Set("Content-Type", contentType)
	return req
}

const form = "application/x-www-form-urlencoded"

func TestTransportSigns(t *testing.T) {
	for _, raw := range []string{
		"https://api.example/1.1/account.json?include_email=true&a=1&a=0", "https://api.example",
		"https://API.example:443/a%2Fb;c?x=1;2&%zz&y=[1]", "HTTPS://api.example/?realm=x#f",
	} {
		p := &provider{}
		req := newRequest(t, "GET", raw, nil)
		before := req.Clone(t.Context())
		if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		sent := p.seen[0]
		if sent == req || sent.URL == req.URL || sent.URL.String() != before.URL.String() {
			t.Errorf("%s: sent to %s, or the caller's own request", raw, sent.URL)
		}
		if len(req.Header) != 0 || req.URL.String() != before.URL.String() {
			t.Errorf("%s: the caller's request was changed", raw)
		}
		checkSignature(t, sent, "secret", "sec")
	}
}

func TestTransportSignsTheHostHeader(t *testing.T) {
	p := &provider{}
	req := newRequest(t, "GET", "https://api.example/x", nil)
	req.Host = "Other.example:443"
	if _, err := signing(t, p, "https://api.example", "https://other.example").RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	sent := p.seen[0]
	base := BaseString("GET", target(sent), nil)
	if base != "GET&https%3A%2F%2Fother.example%2Fx&" {
		t.Errorf("signed %s", base)
	}
	checkSignature(t, sent, "secret", "sec")
}

// Whatever the method and the writing of the media type.
func TestTransportSignsForms(t *testing.T) {
	const text = "status=a+b%20c&status=&c2&x;y=%zz"
	for _, contentType := range []string{
		form, form + "; charset=utf-8", form + ";charset",
		"Application/X-WWW-Form-URLEncoded ;charset=UTF-8",
	} {
		for _, method := range []string{"POST", "PUT", "DELETE", "GET", "PATCH"} {
			p, b := &provider{}, &body{Reader: strings.NewReader(text)}
			req := formRequest(t, contentType, b)
			req.Method = method
			if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			sent := p.seen[0]
			checkSignature(t, sent, "secret", "sec", ParseParams(text)...)
			if b.closed != 1 || req.Body != b {
				t.Errorf("%s %s: closed %d times", method, contentType, b.closed)
			}
			if sent.ContentLength != int64(len(text)) {
				t.Errorf("%s %s: length %d", method, contentType, sent.ContentLength)
			}
			sameBody(t, sent.Body, text)
			for range 2 {
				again, err := sent.GetBody()
				if err != nil {
					t.Fatal(err)
				}
				sameBody(t, again, text)
			}
		}
	}
}

func sameBody(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Errorf("body %q, %v; want %q", got, err, want)
	}
}

func TestTransportFindsFieldsInAnyCase(t *testing.T) {
	p := &provider{}
	req := newRequest(t, "POST", "https://api.example/", strings.NewReader("a=1"))
	req.Header["content-type"] = []string{form}
	if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	checkSignature(t, p.seen[0], "secret", "sec", Param{"a", "1"})
}

// Other bodies pass through, neither read nor signed nor closed.
func TestTransportStreamsOtherBodies(t *testing.T) {
	for _, contentType := range []string{
		"", "application/json", "multipart/form-data; boundary=x", "text/plain; a=" + form,
		"x-" + form, form + "-x", form + "x", "multipart/related; type=\"" + form + "\"",
	} {
		p, b := &provider{}, &body{Reader: strings.NewReader("a=1&oauth_token=x")}
		req := formRequest(t, contentType, b)
		req.GetBody = func() (io.ReadCloser, error) { return b, nil }
		if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		sent := p.seen[0]
		if sent.Body != b || b.closed != 0 || sent.GetBody == nil ||
			sent.ContentLength != req.ContentLength {
			t.Errorf("%s: body not handed on as it is", contentType)
		}
		checkSignature(t, sent, "secret", "sec")
	}
}

func TestTransportOfEmptyForms(t *testing.T) {
	for name, b := range map[string]io.Reader{
		"none": nil, "http.NoBody": http.NoBody, "empty": &body{Reader: strings.NewReader("")},
	} {
		p := &provider{}
		req := formRequest(t, form, b)
		if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		sent := p.seen[0]
		if sent.ContentLength != 0 || sent.Body != nil && sent.Body != http.NoBody {
			t.Errorf("%s: length %d, body %T", name, sent.ContentLength, sent.Body)
		}
		checkSignature(t, sent, "secret", "sec")
	}
}

// A length that the caller knows better than the body is net/http's to refuse.
func TestTransportKeepsADeclaredLength(t *testing.T) {
	p := &provider{}
	req := formRequest(t, form, &body{Reader: strings.NewReader("a=1")})
	req.ContentLength = 5
	if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if p.seen[0].ContentLength != 5 {
		t.Errorf("length %d", p.seen[0].ContentLength)
	}
}

var errRead = errors.New("read failed")

var refusedRequests = []struct {
	name  string
	spoil func(*http.Request)
	check string
}{
	{"other host", func(r *http.Request) { r.URL.Host = "attacker.example" }, "origin"},
	{"subdomain", func(r *http.Request) { r.URL.Host = "x.api.example" }, "origin"},
	{"other port", func(r *http.Request) { r.URL.Host = "api.example:8443" }, "origin"},
	{"other scheme", func(r *http.Request) { r.URL.Scheme = "http" }, "origin"},
	{"other scheme, same port",
		func(r *http.Request) { r.URL.Scheme, r.URL.Host = "http", "api.example:443" }, "origin"},
	{"user information", func(r *http.Request) { r.URL.User = url.User("u") }, "origin"},
	{"opaque", func(r *http.Request) { r.URL.Opaque = "//attacker.example/" }, "origin"},
	{"no URL", func(r *http.Request) { r.URL = nil }, "origin"},
	{"host not in ASCII", func(r *http.Request) { r.Host = "b\u00fccher.example" }, "origin"},
	{"host of another", func(r *http.Request) { r.Host = "other.example" }, "origin"},
	{"Authorization",
		func(r *http.Request) { r.Header.Set("Authorization", "Basic x") }, "authorization"},
	{"Authorization in lower case",
		func(r *http.Request) { r.Header["authorization"] = []string{"x"} }, "authorization"},
	{"empty Authorization",
		func(r *http.Request) { r.Header.Set("Authorization", "") }, "authorization"},
	{"oauth_ in the query",
		func(r *http.Request) { r.URL.RawQuery = "a=1&oauth%5Ftoken=x" }, "parameters"},
	{"unknown oauth_ in the query",
		func(r *http.Request) { r.URL.RawQuery = "oauth_" }, "parameters"},
	{"oauth_ in the form",
		func(r *http.Request) { setForm(r, "a=1&oauth_callback=x") }, "parameters"},
	{"form too long",
		func(r *http.Request) { setForm(r, strings.Repeat("a", formLimit+1)) }, "form_body"},
}

func setForm(r *http.Request, text string) {
	r.Header.Set("Content-Type", form)
	r.Body.(*body).Reader = strings.NewReader(text)
}

// Nothing is sent, and the body is closed as the contract of RoundTripper asks.
func TestTransportRefuses(t *testing.T) {
	for _, tt := range refusedRequests {
		t.Run(tt.name, func(t *testing.T) {
			p, b := &provider{}, &body{Reader: strings.NewReader("x")}
			req := newRequest(t, "POST", "https://api.example/x", b)
			tt.spoil(req)
			resp, err := signing(t, p, "https://api.example").RoundTrip(req)
			wantCheck(t, err, tt.check)
			if resp != nil || len(p.seen) != 0 || b.closed != 1 {
				t.Errorf("%d requests sent, body closed %d times", len(p.seen), b.closed)
			}
		})
	}
}

// A request for elsewhere is refused without a look at its body.
func TestTransportRefusesBeforeReading(t *testing.T) {
	text := strings.NewReader("a=1")
	req := formRequest(t, form, io.NopCloser(text))
	req.URL.Host = "attacker.example"
	_, err := signing(t, &provider{}, "https://api.example").RoundTrip(req)
	wantCheck(t, err, "origin")
	if text.Len() != 3 {
		t.Error("the body was read")
	}
}

func TestTransportNamesTheParameter(t *testing.T) {
	for raw, want := range map[string]string{
		"oauth_token=" + canary:     "must not contain oauth_token (",
		"oauth_" + canary + "=1":    "must not contain one that begins with oauth_ (",
		"oauth_%0d%0aX=1":           "must not contain one that begins with oauth_ (",
		"a=1&oauth_body_hash=1&b=1": "must not contain oauth_body_hash (",
	} {
		req := newRequest(t, "GET", "https://api.example/?"+raw, nil)
		_, err := signing(t, &provider{}, "https://api.example").RoundTrip(req)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
		mustNotShow(t, "error", err)
	}
}

func TestTransportOfABodyThatFails(t *testing.T) {
	p, b := &provider{}, &body{Reader: io.MultiReader(strings.NewReader("a=1"), failing{})}
	_, err := signing(t, p, "https://api.example").RoundTrip(formRequest(t, form, b))
	if !errors.Is(err, errRead) || len(p.seen) != 0 || b.closed != 1 {
		t.Errorf("got %v, %d requests, closed %d times", err, len(p.seen), b.closed)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errRead }

func TestFormBodyAtItsLimit(t *testing.T) {
	req := formRequest(t, form, strings.NewReader(strings.Repeat("a", formLimit)))
	if body, err := readFormBody(req); err != nil || len(body) != formLimit {
		t.Errorf("read %d bytes, %v", len(body), err)
	}
}

func TestTransportArguments(t *testing.T) {
	c := newClient(t, goodConfig())
	good := testToken(t)
	for _, tt := range []struct {
		name  string
		tok   *Token
		urls  []string
		check string
	}{
		{"nil token", nil, []string{"https://api.example"}, "token"},
		{"zero token", new(Token), []string{"https://api.example"}, "token"},
		{"no URL", good, nil, "urls"},
		{"empty URL", good, []string{""}, "urls"},
		{"a host", good, []string{"api.example"}, "urls"},
		{"http", good, []string{"http://api.example"}, "urls"},
		{"user information", good, []string{"https://u@api.example"}, "urls"},
		{"one of two", good, []string{"https://api.example", "http://api.example"}, "urls"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt, err := c.Transport(tt.tok, tt.urls...)
			wantCheck(t, err, tt.check)
			if rt != nil {
				t.Error("a transport beside the error")
			}
		})
	}
	_, err := c.Transport(good, "http://api.example")
	if !errors.Is(err, httpclient.ErrInsecureURL) {
		t.Errorf("got %v, want ErrInsecureURL", err)
	}
}

func TestTransportOrigins(t *testing.T) {
	rt := signing(t, &provider{}, "https://api.example:443/1.1/?a", "https://upload.example:8443",
		"http://[::1]:80")
	for _, raw := range []string{
		"https://api.example/", "https://api.example/1.1/x", "HTTPS://API.EXAMPLE:443/x",
		"https://api.example:/x",
		"https://upload.example:8443/x", "http://[::1]/x",
	} {
		if _, err := rt.RoundTrip(newRequest(t, "GET", raw, nil)); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestTransportBase(t *testing.T) {
	own := &provider{}
	for name, tt := range map[string]struct {
		client *http.Client
		want   http.RoundTripper
	}{
		"own":                          {&http.Client{Transport: own}, own},
		"own client without transport": {&http.Client{}, http.DefaultTransport},
		"none":                         {nil, httpclient.Transport(nil)},
	} {
		c := goodConfig()
		c.HTTP = tt.client
		rt, err := newClient(t, c).Transport(testToken(t), "https://api.example")
		if err != nil {
			t.Fatal(err)
		}
		if rt.(*transport).base() != tt.want {
			t.Errorf("%s: base is %T", name, rt.(*transport).base())
		}
	}
}

func TestTransportTellsOfItsChecks(t *testing.T) {
	var heard []string
	ctx := WithTrace(t.Context(), func(check, _ string, err error) {
		if err != nil {
			check += " failed"
		}
		heard = append(heard, check)
	})
	req := newRequest(t, "GET", "https://api.example/?oauth_x", nil).WithContext(ctx)
	signing(t, &provider{}, "https://api.example").RoundTrip(req)
	want := []string{"origin", "authorization", "form_body", "parameters failed"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

func TestTransportWithoutHeader(t *testing.T) {
	p := &provider{}
	req := &http.Request{URL: parseURL(t, "https://api.example/")}
	if _, err := signing(t, p, "https://api.example").RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	checkSignature(t, p.seen[0], "secret", "sec")
	if req.Header != nil {
		t.Error("the caller's request was changed")
	}
}

// A server redirects within itself once, then to elsewhere.
func redirecting(t *testing.T, elsewhere string) (*httptest.Server, *[]*http.Request) {
	var mu sync.Mutex
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(data))
		mu.Lock()
		seen = append(seen, r)
		mu.Unlock()
		switch r.URL.Path {
		case "/first":
			http.Redirect(w, r, "/second", http.StatusTemporaryRedirect)
		case "/away":
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(server.Close)
	return server, &seen
}

// Within the origin each hop is signed anew, with the body again.
func TestRedirectWithin(t *testing.T) {
	server, seen := redirecting(t, "")
	hc := &http.Client{Transport: signing(t, nil, server.URL)}
	resp, err := hc.PostForm(server.URL+"/first?a=1", url.Values{"b": {"2"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(*seen) != 2 {
		t.Fatalf("%d requests", len(*seen))
	}
	var nonces []string
	for _, r := range *seen {
		r.URL.Scheme = "http"
		checkSignature(t, r, "secret", "sec", Param{"b", "2"})
		nonces = append(nonces, headerParams(t, r.Header.Get("Authorization"))["oauth_nonce"])
		sameBody(t, r.Body, "b=2")
	}
	if nonces[0] == nonces[1] {
		t.Error("a nonce was used twice")
	}
}

// A redirect elsewhere ends the request before anything is sent there, as
// GHSA-pp92-crg2-gfv9 of another library shows it must.
func TestRedirectElsewhere(t *testing.T) {
	var called bool
	attacker := httptest.NewServer(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { called = true }))
	defer attacker.Close()
	server, _ := redirecting(t, attacker.URL)
	hc := &http.Client{Transport: signing(t, nil, server.URL)}
	_, err := hc.Get(server.URL + "/away")
	wantCheck(t, err, "origin")
	if !errors.Is(err, httpclient.ErrOrigin) {
		t.Errorf("got %v, want ErrOrigin", err)
	}
	if called {
		t.Error("the other origin was called")
	}
}

func TestUserInformationIsRefused(t *testing.T) {
	hc := &http.Client{Transport: signing(t, &provider{}, "https://api.example")}
	_, err := hc.Get("https://user:password@api.example/")
	wantCheck(t, err, "origin")
}

func TestTransportHonoursTheContext(t *testing.T) {
	server, seen := redirecting(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := newRequest(t, "GET", server.URL, nil).WithContext(ctx)
	if _, err := signing(t, nil, server.URL).RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(*seen) != 0 {
		t.Error("a request was sent")
	}
}

func TestTransportIsSafeForConcurrentUse(t *testing.T) {
	server, seen := redirecting(t, "")
	hc := &http.Client{Transport: signing(t, nil, server.URL)}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			resp, err := hc.PostForm(server.URL, url.Values{"a": {"1"}})
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	wg.Wait()
	if len(*seen) != 8 {
		t.Errorf("%d requests", len(*seen))
	}
}
