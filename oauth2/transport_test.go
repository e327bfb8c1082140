package oauth2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

func held(t *testing.T) *Token {
	t.Helper()
	tok, err := FromRecord(Record{AccessToken: "a b", TokenType: "bearer"})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func newTransport(t *testing.T, urls ...string) http.RoundTripper {
	t.Helper()
	transport, err := newClient(t, configAt("https://as.example")).Transport(held(t), urls...)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func TestTransportRefuses(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, test := range []struct {
		name string
		tok  *Token
		urls []string
		want string
	}{
		{"good", held(t), []string{"https://api.example/v1", "http://127.0.0.1:1"}, "ok"},
		{"nil", nil, []string{"https://api.example"}, "check access_token"},
		{"zero", &Token{}, []string{"https://api.example"}, "check access_token"},
		{"no URL", held(t), nil, "check urls"},
		{"empty URL", held(t), []string{""}, "insecure URL"},
		{"in clear", held(t), []string{"http://api.example"}, "insecure URL"},
		{"one in clear", held(t), []string{"https://api.example", "http://api.example"},
			"insecure URL"},
		{"relative", held(t), []string{"/v1"}, "insecure URL"},
	} {
		transport, err := c.Transport(test.tok, test.urls...)
		if got := outcome(err); got != test.want || (transport == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, transport, got, test.want)
		}
	}
}

// RFC 6750, Section 2.1. The caller's request stays as it was.
func TestTransportSends(t *testing.T) {
	s := newServer(t, answerJSON(200, `{}`))
	req, err := http.NewRequest("POST", s.URL+"/v1/x?y=z", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/plain")
	resp, err := newTransport(t, s.URL+"/other/path").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := "POST /v1/x?y=z\nAccept: text/plain\nAuthorization: Bearer a b\n\nbody"
	if got := s.requests(); len(got) != 1 || got[0] != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if len(req.Header) != 1 {
		t.Errorf("the request has changed: %v", req.Header)
	}
}

// A body that tells whether it was closed.
type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error {
	c.closed++
	return nil
}

// The token goes to its origins only: scheme, host and port.
func TestTransportPins(t *testing.T) {
	here, elsewhere := newServer(t, answerJSON(200, `{}`)), newServer(t, answerJSON(200, `{}`))
	transport := newTransport(t, here.URL)
	for _, test := range []struct{ name, url, authorization, want string }{
		{"another port", elsewhere.URL, "", "other origin"},
		{"another host", "https://evil.example/", "", "other origin"},
		{"another scheme", strings.Replace(here.URL, "http:", "https:", 1), "", "other origin"},
		{"another name of the host", strings.Replace(here.URL, "127.0.0.1", "localhost", 1), "",
			"other origin"},
		{"in clear", "http://api.example/", "", "insecure URL"},
		{"user information", strings.Replace(here.URL, "//", "//u:p@", 1), "", "insecure URL"},
		{"another host, authorized already", "https://evil.example/", "Basic eDp5", "other origin"},
		{"authorized already", here.URL, "Basic eDp5",
			"check authorization"},
		{"a token in the query", here.URL + "?access_token=a", "",
			"check authorization"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := &closing{Reader: strings.NewReader("body")}
			req, err := http.NewRequest("POST", test.url, body)
			if err != nil {
				t.Fatal(err)
			}
			if test.authorization != "" {
				req.Header.Set("Authorization", test.authorization)
			}
			resp, err := transport.RoundTrip(req)
			if got := outcome(err); got != test.want || resp != nil {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if body.closed != 1 {
				t.Errorf("body closed %d times", body.closed)
			}
			bare, err := http.NewRequest("GET", test.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			bare.Header = req.Header
			if _, err := transport.RoundTrip(bare); outcome(err) != test.want {
				t.Errorf("without a body: %v", err)
			}
		})
	}
	if got := append(here.requests(), elsewhere.requests()...); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// However a request is made, it carries one token, to one host.
func TestTransportOddRequests(t *testing.T) {
	here := newServer(t, answerJSON(200, `{}`))
	transport := newTransport(t, here.URL)
	u, err := url.Parse(here.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		req  *http.Request
		want string
	}{
		"no URL": {&http.Request{}, "insecure URL"},
		"lower case": {&http.Request{URL: u, Header: http.Header{"authorization": {"Basic eDp5"}}},
			"check authorization"},
		"other Host": {&http.Request{URL: u, Host: "tenant.example"}, "insecure URL"},
		"other port": {&http.Request{URL: u, Host: "127.0.0.1:1"}, "other origin"},
	} {
		if resp, err := transport.RoundTrip(test.req); outcome(err) != test.want || resp != nil {
			t.Errorf("%s: outcome %q, want %q", name, outcome(err), test.want)
		}
	}
	if got := here.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
	resp, err := transport.RoundTrip(&http.Request{Method: "GET", URL: u}) // a nil Header
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// A redirect to another origin is followed, and nothing of the token goes there.
func TestTransportRedirect(t *testing.T) {
	elsewhere := newServer(t, answerJSON(200, `{}`))
	here := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/near":
			http.Redirect(w, r, "/there", http.StatusFound)
		}
	})
	client := &http.Client{Transport: newTransport(t, here.URL)}
	for _, path := range []string{"/away", "/near"} {
		resp, err := client.Get(here.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got := elsewhere.requests(); !slices.Equal(got, []string{"GET /\n\n"}) {
		t.Errorf("sent %q", got)
	}
	for _, request := range here.requests() {
		if !strings.Contains(request, "Authorization: Bearer a b") {
			t.Errorf("sent %q without the token", request)
		}
	}
	if n := len(here.requests()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// Config.HTTP sends what carries a token too.
func TestTransportIsTheClients(t *testing.T) {
	config := configAt("https://as.example")
	used := errors.New("used")
	config.HTTP = &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) {
		return nil, used
	})}
	transport, err := newClient(t, config).Transport(held(t), "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("GET", "https://api.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.RoundTrip(req); !errors.Is(err, used) {
		t.Errorf("error is %v", err)
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const pinnedTo = "https://api.example"

// placing returns a transport that puts the token where p says, and the requests that it
// sends instead of sending them.
func placing(t *testing.T, p Placement, hooks ...RequestHook) (http.RoundTripper, *sentRequests) {
	t.Helper()
	sent := &sentRequests{}
	config := configAt("https://as.example")
	config.TokenPlacement, config.Hooks.ProtectedRequest = p, hooks
	config.HTTP = &http.Client{Transport: sent}
	transport, err := newClient(t, config).Transport(held(t), pinnedTo+"/v1")
	if err != nil {
		t.Fatal(err)
	}
	return transport, sent
}

// sentRequests are requests and their bodies.
type sentRequests struct {
	list   []*http.Request
	bodies []string
}

func (s *sentRequests) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	s.list, s.bodies = append(s.list, r), append(s.bodies, string(body))
	return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody}, nil
}

// form returns a request with a form, whose body tells whether it was closed.
func formRequest(t *testing.T, method, form string) (*http.Request, *closing) {
	t.Helper()
	body := &closing{Reader: strings.NewReader(form)}
	req, err := http.NewRequest(method, pinnedTo+"/v1", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	return req, body
}

// The cases of Authlib's client that are of requests to resources.
func TestAuthlibTransport(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"row 82": func(t *testing.T) {
			elsewhere := newServer(t, answerJSON(200, `{}`))
			here := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL, http.StatusFound)
			})
			client := &http.Client{Transport: newTransport(t, here.URL)}
			resp, err := client.Get(here.URL)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := elsewhere.requests(); !slices.Equal(got, []string{"GET /\n\n"}) {
				t.Errorf("sent %q", got)
			}
		},
		"row 85": func(t *testing.T) {
			for p, want := range map[Placement]string{
				"":       "/v1 Bearer a b a=b",
				"header": "/v1 Bearer a b a=b",
				"body":   "/v1  a=b&access_token=a+b",
				"uri":    "/v1?access_token=a+b  a=b",
			} {
				transport, sent := placing(t, p)
				req, _ := formRequest(t, "POST", "a=b")
				if _, err := transport.RoundTrip(req); err != nil {
					t.Fatal(err)
				}
				r := sent.list[0]
				got := strings.Join([]string{r.URL.RequestURI(), r.Header.Get("Authorization"),
					sent.bodies[0]}, " ")
				if got != want {
					t.Errorf("%q: sent %q, want %q", p, got, want)
				}
			}
			config := configAt("https://as.example")
			config.TokenPlacement = "query"
			if _, err := New(config); outcome(err) != "check token_placement" {
				t.Errorf("unknown placement: %v", err)
			}
			transport, sent := placing(t, PlacementBody)
			req, _ := formRequest(t, "POST", `{"a":"b"}`)
			req.Header.Set("Content-Type", "application/json")
			_, err := transport.RoundTrip(req)
			if outcome(err) != "check body" || len(sent.list) > 0 {
				t.Errorf("JSON: %v", err)
			}
		},
	} {
		t.Run(name, test)
	}
}

// The checks have names, and say which clause they are of.
func TestTransportClauses(t *testing.T) {
	wantText := func(t *testing.T, err error, text string) {
		t.Helper()
		if err == nil || !strings.HasPrefix(err.Error(), text) {
			t.Errorf("error is %v, want one that begins with %q", err, text)
		}
	}
	c := newClient(t, configAt("https://as.example"))
	_, err := c.Transport(nil, pinnedTo)
	wantText(t, err, "access_token must be there, of type Bearer (RFC 6750, Section 2)")
	_, err = c.Transport(held(t))
	wantText(t, err, "urls must be absolute, https or http on loopback, at least one "+
		"(RFC 6750, Section 5.3): httpclient: ")
	transport, _ := placing(t, PlacementBody)
	get, _ := http.NewRequest("GET", "https://evil.example", nil)
	_, err = transport.RoundTrip(get)
	wantText(t, err, "origin must be one that the transport was made for (RFC 6750, Section 5.3): ")
	get, _ = http.NewRequest("GET", pinnedTo+"?access_token=x", nil)
	_, err = transport.RoundTrip(get)
	wantText(t, err, "authorization must not be in the request already (RFC 6750, Section 2)")
	get, _ = http.NewRequest("GET", pinnedTo, nil)
	_, err = transport.RoundTrip(get)
	wantText(t, err,
		"body must be a form as it is, of a method other than GET (RFC 6750, Section 2.2)")
	post, _ := formRequest(t, "POST", "access_token=x")
	_, err = transport.RoundTrip(post)
	wantText(t, err, "body must be at most 10 MiB, without an access token (RFC 6750, Section 2.2)")
}

// A token that is not of type Bearer would be sent as what it is not.
func TestTransportTokenTypes(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for typ, want := range map[string]string{"Bearer": "ok", "bEARER": "ok",
		"N_A": "check access_token", "DPoP": "check access_token",
		"MAC": "check access_token", "": "check access_token",
		"Bearer ": "check access_token"} {
		tok := &Token{TokenType: typ, reveal: (&secrets{access: "a"}).hidden()}
		if _, err := c.Transport(tok, pinnedTo); outcome(err) != want {
			t.Errorf("%q: outcome %q, want %q", typ, outcome(err), want)
		}
	}
}

// What looks like the origin is not it.
func TestTransportLookalikes(t *testing.T) {
	transport, sent := placing(t, PlacementHeader)
	for raw, want := range map[string]string{
		"https://api.example:8443/":             "other origin",
		"http://api.example/":                   "insecure URL",
		"https://sub.api.example/":              "other origin",
		"https://example/":                      "other origin",
		"https://api.example.evil.example/":     "other origin",
		"https://evil.example/api.example":      "other origin",
		"https://evil.example?api.example":      "other origin",
		"https://evil.example#@api.example":     "other origin",
		"https://evil.example\\@api.example/":   "insecure URL",
		"https://api.example@evil.example/":     "insecure URL",
		"https://api.example:443@evil.example/": "insecure URL",
		"https://api.example./":                 "other origin",
		"https://api.examp\u0142e/":             "insecure URL",
		"https://api.example%2eevil.example/":   "insecure URL",
		"https://api.example%00.evil.example/":  "insecure URL",
		"https://API\u212a.example/":            "insecure URL",
		"https://[::ffff:127.0.0.1]/":           "other origin",
		"ftp://api.example/":                    "insecure URL",
		"//api.example/":                        "insecure URL",
		"/v1":                                   "insecure URL",
		"https:api.example":                     "insecure URL",
		"https:///v1":                           "insecure URL",
	} {
		u, err := url.Parse(raw)
		if err != nil { // then no request has it; only what net/http was told by hand could
			rest := strings.TrimPrefix(raw, "https://")
			host, path, _ := strings.Cut(rest, "/")
			u = &url.URL{Scheme: "https", Host: host, Path: "/" + path}
		}
		for _, p := range []string{"GET", "POST"} {
			resp, err := transport.RoundTrip(&http.Request{Method: p, URL: u})
			if got := outcome(err); got != want || resp != nil {
				t.Errorf("%s: outcome %q, want %q", raw, got, want)
			}
		}
	}
	if len(sent.list) > 0 {
		t.Errorf("sent %d requests", len(sent.list))
	}
	for _, raw := range []string{"https://api.example:443/", "https://API.EXAMPLE/x",
		"https://api.example/v1/../v2"} {
		req, err := http.NewRequest("GET", raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := transport.RoundTrip(req); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// Host in the header map is what a proxy may go by, however it is spelt.
func TestTransportHostHeader(t *testing.T) {
	transport, sent := placing(t, PlacementHeader)
	for _, name := range []string{"Host", "host", "hOST"} {
		req, _ := formRequest(t, "POST", "a=b")
		req.Header[name] = []string{"evil.example"}
		if _, err := transport.RoundTrip(req); outcome(err) != "other origin" {
			t.Errorf("%s: %v", name, err)
		}
	}
	req, _ := formRequest(t, "POST", "a=b")
	req.Host = "api.example"
	if _, err := transport.RoundTrip(req); err != nil || len(sent.list) != 1 {
		t.Errorf("its own host: %v", err)
	}
}

// A request never has two tokens, RFC 6750, Section 2, however the other is spelt.
func TestTransportOneTokenOnly(t *testing.T) {
	header := func(names ...string) func(*http.Request) {
		return func(r *http.Request) {
			for _, name := range names {
				r.Header[name] = []string{"x"}
			}
		}
	}
	query := func(q string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = q }
	}
	for name, change := range map[string]func(*http.Request){
		"Authorization": header("Authorization"),
		"authorization": header("authorization"),
		"AUTHORIZATION": header("AUTHORIZATION"),
		"among others":  header("Accept", "aUTHORIZATION"),
		"an empty one": func(r *http.Request) {
			r.Header["Authorization"] = []string{""}
		},
		"query":                            query("access_token=x"),
		"query, last":                      query("a=b&access_token=x"),
		"query, no value":                  query("a=b&access_token"),
		"query, empty":                     query("access_token=&a=b"),
		"query, encoded":                   query("access%5Ftoken=x"),
		"query, lower":                     query("access%5ftoken=x"),
		"query, all":                       query("%61%63%63%65%73%73%5f%74%6f%6b%65%6e"),
		"query, twice":                     query("access_token=x&access_token=y"),
		"query, after what does not parse": query("%zz=1&a;b=2&access_token=x"),
	} {
		for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
			transport, sent := placing(t, p)
			req, body := formRequest(t, "POST", "a=b")
			change(req)
			resp, err := transport.RoundTrip(req)
			if outcome(err) != "check authorization" || resp != nil || len(sent.list) > 0 {
				t.Errorf("%s, %s: %v", name, p, err)
			}
			if body.closed != 1 {
				t.Errorf("%s, %s: body closed %d times", name, p, body.closed)
			}
		}
	}
}

// What only looks like a token in the query is none.
func TestTransportOtherParameters(t *testing.T) {
	for _, query := range []string{"", "z=1", "a=access_token", "access_tokens=x",
		"xaccess_token=x", "Access_Token=x", "access%zztoken=x",
		"access%255Ftoken=x", "&&", "=access_token",
		"%access_token=x"} {
		transport, sent := placing(t, InsecurePlacementQuery)
		req, _ := formRequest(t, "POST", "")
		req.URL.RawQuery = query
		if _, err := transport.RoundTrip(req); err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		want := strings.Trim(strings.Trim(query, "&")+"&access_token=a+b", "&")
		if got := sent.list[0].URL.RawQuery; strings.Trim(got, "&") != want &&
			got != query+"&access_token=a+b" {
			t.Errorf("%s: sent %q", query, got)
		}
	}
}

// RFC 6750, Section 2.3: no cache keeps what has a token in its URL.
func TestTransportQueryIsNotCached(t *testing.T) {
	for p, want := range map[Placement]string{InsecurePlacementQuery: "no-store", "": "max-age=9",
		PlacementBody: "max-age=9"} {
		transport, sent := placing(t, p)
		req, _ := formRequest(t, "POST", "a=b")
		req.Header.Set("Cache-Control", "max-age=9")
		if _, err := transport.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		r := sent.list[0]
		if got := r.Header.Values("Cache-Control"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: Cache-Control is %q, want %q", p, got, want)
		}
		if _, ok := r.Header["Authorization"]; ok != (p == "") {
			t.Errorf("%s: Authorization %v", p, ok)
		}
		if got := r.URL.Query().Has("access_token"); got != (p == InsecurePlacementQuery) {
			t.Errorf("%s: in the query %v", p, got)
		}
		if got := strings.Contains(sent.bodies[0], "access_token"); got != (p == PlacementBody) {
			t.Errorf("%s: in the body %v", p, got)
		}
	}
}

// RFC 6750, Section 2.2: which requests have a body that can hold the token.
func TestTransportBody(t *testing.T) {
	for _, test := range []struct {
		name, method, media, form string
		want                      string // the body sent, or an outcome
	}{
		{"form", "POST", formType, "a=b", "a=b&access_token=a+b"},
		{"nothing in it", "POST", formType, "", "access_token=a+b"},
		{"one letter", "POST", formType, "z=z", "z=z&access_token=a+b"},
		{"with a charset", "POST", formType + "; charset=UTF-8", "a=b", "a=b&access_token=a+b"},
		{"in capitals", "PUT", "Application/X-WWW-Form-URLEncoded", "a=b", "a=b&access_token=a+b"},
		{"order and spelling kept", "PATCH", formType, "b=%7e&a=+&&c",
			"b=%7e&a=+&&c&access_token=a+b"},
		{"GET", "GET", formType, "a=b", "check body"},
		{"HEAD", "HEAD", formType, "a=b", "check body"},
		{"TRACE", "TRACE", formType, "a=b", "check body"},
		{"CONNECT", "CONNECT", formType, "a=b", "check body"},
		{"DELETE", "DELETE", formType, "a=b", "a=b&access_token=a+b"},
		{"no method, which is GET", "", formType, "a=b", "check body"},
		{"JSON", "POST", "application/json", "{}", "check body"},
		{"multipart", "POST", "multipart/form-data; boundary=x", "", "check body"},
		{"no type", "POST", "", "a=b", "check body"},
		{"two types", "POST", formType + ", application/json", "a=b", "check body"},
		{"longer type", "POST", formType + "2", "a=b", "check body"},
		{"malformed parameter", "POST", formType + `; a="`, "a=b", "check body"},
		{"a token", "POST", formType, "access_token=x", "check body"},
		{"a token, last", "POST", formType, "a=b&access_token=x", "check body"},
		{"a token, encoded", "POST", formType, "a=b&access%5Ftoken=x", "check body"},
		{"a token without value", "POST", formType, "access_token", "check body"},
	} {
		t.Run(test.name, func(t *testing.T) {
			transport, sent := placing(t, PlacementBody)
			req, body := formRequest(t, test.method, test.form)
			req.Method = test.method
			req.Header.Set("Content-Type", test.media)
			req.ContentLength = 99
			resp, err := transport.RoundTrip(req)
			got := outcome(err)
			if err == nil {
				got = sent.bodies[0]
				if n := sent.list[0].ContentLength; n != int64(len(got)) {
					t.Errorf("Content-Length %d of %q", n, got)
				}
			}
			if got != test.want || (resp == nil) != (err != nil) ||
				len(sent.list) > 0 != (err == nil) {
				t.Errorf("sent %q, want %q", got, test.want)
			}
			if body.closed < 1 {
				t.Error("body is open")
			}
			if req.ContentLength != 99 || req.Body != io.ReadCloser(body) {
				t.Error("the request has changed")
			}
		})
	}
	transport, _ := placing(t, PlacementBody)
	req, _ := http.NewRequest("POST", pinnedTo, nil)
	req.Header.Set("Content-Type", formType)
	if _, err := transport.RoundTrip(req); outcome(err) != "check body" {
		t.Errorf("no body: %v", err)
	}
}

// What is compressed cannot be added to.
func TestTransportBodyEncoded(t *testing.T) {
	transport, sent := placing(t, PlacementBody)
	req, _ := formRequest(t, "POST", "a=b")
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Content-Encoding", "gzip")
	if _, err := transport.RoundTrip(req); outcome(err) != "check body" || len(sent.list) > 0 {
		t.Errorf("error is %v, sent %d", err, len(sent.list))
	}
}

// Some servers take a semicolon for a separator of parameters.
func TestHasParam(t *testing.T) {
	for query, want := range map[string]bool{
		"":                       false,
		"access_token":           true,
		"access_token=x":         true,
		"a=b&access_token=":      true,
		"a=b;access_token=x":     true,
		"a=b&%61ccess_toke%6e=x": true,
		"a=access_token":         false,
		"access_token_=x":        false,
		"Access_Token=x":         false,
		"%zz=access_token":       false,
		"&&;;":                   false,
	} {
		if got := hasParam(query, "access_token"); got != want {
			t.Errorf("%q: %t", query, got)
		}
	}
}

// Each check of a request is heard, and none after the one that fails.
func TestTransportTrace(t *testing.T) {
	for _, test := range []struct{ url, authorization, want string }{
		{pinnedTo, "", "origin:ok authorization:ok"},
		{pinnedTo, "Basic x", "origin:ok authorization:check authorization"},
		{"https://evil.example", "Basic x", "origin:other origin"},
	} {
		transport, _ := placing(t, PlacementHeader)
		var heard []string
		ctx := jose.WithTrace(t.Context(), func(check, _ string, err error) {
			heard = append(heard, check+":"+outcome(err))
		})
		req, err := http.NewRequestWithContext(ctx, "GET", test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.authorization != "" {
			req.Header.Set("Authorization", test.authorization)
		}
		transport.RoundTrip(req)
		if got := strings.Join(heard, " "); got != test.want {
			t.Errorf("%s: heard %q, want %q", test.url, got, test.want)
		}
		// Nothing is refused where a redirect goes without the token.
		heard, req.Response = nil, &http.Response{}
		transport.RoundTrip(req)
		want := strings.TrimPrefix(test.want, "origin:other origin")
		if got := strings.Join(heard, " "); got != want {
			t.Errorf("%s, redirected: heard %q, want %q", test.url, got, want)
		}
	}
}

func TestTransportBodyIsBounded(t *testing.T) {
	for over, want := range map[int]string{0: "ok", 1: "check body"} {
		transport, sent := placing(t, PlacementBody)
		req, body := formRequest(t, "POST", strings.Repeat("a", 10<<20+over))
		_, err := transport.RoundTrip(req)
		if outcome(err) != want || body.closed < 1 || len(sent.list) != 1-over {
			t.Errorf("%d too many: %v, closed %d times", over, err, body.closed)
		}
	}
	endless := &closing{Reader: endlessReader{}}
	transport, _ := placing(t, PlacementBody)
	req, _ := formRequest(t, "POST", "")
	req.Body = endless
	if _, err := transport.RoundTrip(req); outcome(err) != "check body" || endless.closed < 1 {
		t.Errorf("endless: %v", err)
	}
}

type endlessReader struct{}

func (endlessReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

func TestTransportBodyThatFails(t *testing.T) {
	broken := errors.New("broken")
	body := &closing{Reader: io.MultiReader(strings.NewReader("a=b"), failingReader{broken})}
	transport, sent := placing(t, PlacementBody)
	req, _ := formRequest(t, "POST", "")
	req.Body = body
	_, err := transport.RoundTrip(req)
	if !errors.Is(err, broken) || len(sent.list) > 0 || body.closed < 1 {
		t.Errorf("error is %v, closed %d times", err, body.closed)
	}
	wantText(t, err, "oauth2: request body: ")
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// The body with the token can be sent again, which HTTP does where a connection was lost.
func TestTransportBodyCanBeSentAgain(t *testing.T) {
	transport, sent := placing(t, PlacementBody)
	req, _ := formRequest(t, "POST", "a=b")
	if _, err := transport.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		body, err := sent.list[0].GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(body); string(b) != "a=b&access_token=a+b" || err != nil {
			t.Errorf("body is %q, %v", b, err)
		}
	}
}

// A redirect within the origin gets the token, once, in every placement; one to
// another does not.
func TestTransportRedirectStatuses(t *testing.T) {
	elsewhere := newServer(t, answerJSON(200, `{}`))
	for _, status := range []int{302, 307, 308} {
		for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
			t.Run(fmt.Sprint(status, p), func(t *testing.T) {
				here := newServer(t, func(w http.ResponseWriter, r *http.Request) {
					to := map[string]string{"/near": "/there", "/away": elsewhere.URL + "/there"}
					if to[r.URL.Path] != "" {
						http.Redirect(w, r, to[r.URL.Path], status)
					}
				})
				config := configAt("https://as.example")
				config.TokenPlacement = p
				transport, err := newClient(t, config).Transport(held(t), here.URL)
				if err != nil {
					t.Fatal(err)
				}
				client := &http.Client{Transport: transport}
				post := func(path string) error {
					resp, err := client.Post(here.URL+path, formType, strings.NewReader("a=b"))
					if err == nil {
						resp.Body.Close()
					}
					return err
				}
				if err := post("/away"); err != nil {
					t.Errorf("away: %v", err)
				}
				want, count := "ok", 3
				if status == 302 && p == PlacementBody { // it became a GET
					want, count = "check body", 2
				}
				if err := post("/near"); outcome(err) != want {
					t.Errorf("near: %v, want %s", err, want)
				}
				got := here.requests()
				for _, r := range got {
					if strings.Count(r, "a b")+strings.Count(r, "a+b") != 1 {
						t.Errorf("sent %q", r)
					}
				}
				if len(got) != count {
					t.Errorf("%d requests, want %d", len(got), count)
				}
			})
		}
	}
	want := append(slices.Repeat([]string{"GET /there\n\n"}, 3), // 302 makes it a GET
		slices.Repeat([]string{"POST /there\nContent-Type: " + formType + "\n\na=b"}, 6)...)
	if got := elsewhere.requests(); !slices.Equal(got, want) {
		t.Errorf("sent %q", got)
	}
}

// aroundTheWorld returns a transport for pinnedTo in every placement, with a hook, whose
// requests go to servers in memory. That of pinnedTo redirects to a place.
func aroundTheWorld(t *testing.T, p Placement, place string) (*http.Client, *sentRequests) {
	t.Helper()
	sent := &sentRequests{}
	config := configAt("https://as.example")
	config.TokenPlacement = p
	config.Hooks.ProtectedRequest = []RequestHook{func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-Hook", "1")
		return nil
	}}
	config.HTTP = httpclient.With(httpclient.New(httpclient.Options{
		InsecureHTTPHosts: []string{"proxy:8080"}}), tripper(
		func(r *http.Request) (*http.Response, error) {
			resp, err := sent.RoundTrip(r)
			if len(sent.list) == 1 {
				resp.StatusCode, resp.Header = 307, http.Header{"Location": {place}}
			}
			resp.Request = r
			return resp, err
		}))
	transport, err := newClient(t, config).Transport(held(t), pinnedTo)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transport}, sent
}

// wantBare fails if a request has anything that a transport with a token gives it.
func wantBare(t *testing.T, r *http.Request, body string) {
	t.Helper()
	text := fmt.Sprint(r.URL, r.Header, r.Trailer, r.Form, r.PostForm, body)
	for _, word := range []string{"a b", "a+b", "a%20b", "access_token", "Authorization",
		"X-Hook", "no-store"} {
		if strings.Contains(text, word) {
			t.Errorf("%q in %s", word, text)
		}
	}
}

// Where a redirect leads a request goes without the token, unless secrets must not be sent
// there at all.
func TestTransportRedirectAway(t *testing.T) {
	for place, want := range map[string]string{
		"https://evil.example/":             "ok",
		"//evil.example/x?y=z":              "ok",
		"https://api.example:8443/":         "ok",
		"https://api.example.evil.example/": "ok",
		"https://sub.api.example/":          "ok",
		"https://api.example./":             "ok",
		"http://127.0.0.1:9/":               "ok",
		"http://[::1]/":                     "ok",
		"http://localhost/":                 "ok",
		"http://proxy:8080/":                "ok", // as the client's InsecureHTTPHosts has it

		"http://proxy/":                 "insecure URL",
		"http://evil.example/":          "insecure URL",
		"http://api.example/":           "insecure URL",
		"https://u:p@evil.example/":     "insecure URL",
		"https://api.example@evil.test": "insecure URL",
		"https://ev\u0131l.example/":    "insecure URL",
		"ftp://api.example/":            "insecure URL",
		"https:///":                     "insecure URL",
		"file:///etc/passwd":            "insecure URL",
	} {
		for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
			client, sent := aroundTheWorld(t, p, place)
			resp, err := client.Post(pinnedTo+"/v1", formType, strings.NewReader("a=b"))
			if got := outcome(err); got != want {
				t.Errorf("%s, %s: outcome %q, want %q", place, p, got, want)
			}
			if err != nil {
				if len(sent.list) != 1 {
					t.Errorf("%s, %s: %d requests", place, p, len(sent.list))
				}
				continue
			}
			if resp.Body.Close(); len(sent.list) != 2 || sent.bodies[1] != "a=b" {
				t.Fatalf("%s, %s: sent %q", place, p, sent.bodies)
			}
			wantBare(t, sent.list[1], sent.bodies[1])
			if sent.list[0].Header.Get("X-Hook") != "1" {
				t.Errorf("%s, %s: the first is bare too", place, p)
			}
		}
	}
}

// Whoever a redirect leads to does not choose what is asked with the token: back at its
// origin the request has none.
func TestTransportRedirectBack(t *testing.T) {
	for name, test := range map[string]struct{ places, want string }{
		"near": {"/a https://api.example/b", "token token token"},
		"back": {"https://evil.example https://api.example/b", "token bare bare"},
		"back and near": {"/a https://evil.example https://api.example/b /c",
			"token token bare bare bare"},
		"to the clear": {"https://evil.example http://evil.example/", "token bare insecure URL"},
	} {
		config, sent := configAt("https://as.example"), &sentRequests{}
		places := strings.Fields(test.places)
		config.HTTP = &http.Client{Transport: tripper(
			func(r *http.Request) (*http.Response, error) {
				resp, err := sent.RoundTrip(r)
				if n := len(sent.list); n <= len(places) {
					resp.StatusCode = 307
					resp.Header.Set("Location", places[n-1])
				}
				return resp, err
			})}
		transport, err := newClient(t, config).Transport(held(t), pinnedTo)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Get(pinnedTo)
		var got []string
		for _, r := range sent.list {
			got = append(got, map[bool]string{true: "token", false: "bare"}[hasToken(r)])
		}
		if err != nil {
			got = append(got, outcome(err))
		} else {
			resp.Body.Close()
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: sent %q", name, got)
		}
	}
}

// A server that redirects elsewhere with the query that it was asked with gives the token
// away; that is not followed.
func TestTransportRedirectWithTheToken(t *testing.T) {
	for place, want := range map[string]string{
		"https://evil.example/?access_token=a+b":     "check authorization",
		"https://evil.example/?q=x&t=a+b&z":          "check authorization",
		"https://evil.example/?access_token=another": "ok",
	} {
		client, sent := aroundTheWorld(t, InsecurePlacementQuery, place)
		resp, err := client.Post(pinnedTo, formType, strings.NewReader("a=b"))
		if got := outcome(err); got != want || len(sent.list) > 1 != (err == nil) {
			t.Errorf("%s: outcome %q, want %q", place, got, want)
		}
		if err != nil {
			wantCheck(t, err, "authorization", "RFC 6750, Section 5.3")
			continue
		}
		resp.Body.Close()
	}
}

// Only a redirect is let go elsewhere, and where it goes is not only what the URL says.
func TestTransportDirectAway(t *testing.T) {
	for _, test := range []struct {
		name       string
		change     func(*http.Request)
		redirected string
		direct     string
	}{
		{"here", func(*http.Request) {}, "token", "token"},
		{"host", func(r *http.Request) { r.URL.Host = "evil.example" }, "bare", "other origin"},
		{"port", func(r *http.Request) { r.URL.Host += ":1" }, "bare", "other origin"},
		{"Host", func(r *http.Request) { r.Host = "evil.example" }, "bare", "other origin"},
		{"Host field", func(r *http.Request) { r.Header["host"] = []string{"evil.example"} },
			"bare", "other origin"},
		{"host, own Host", func(r *http.Request) {
			r.URL.Host, r.Host = "evil.example", "api.example"
		}, "bare", "other origin"},
		{"scheme", func(r *http.Request) { r.URL.Scheme = "http" }, "insecure URL",
			"insecure URL"},
		{"no URL", func(r *http.Request) { r.URL = nil }, "insecure URL", "insecure URL"},
		{"a token of its own", func(r *http.Request) { r.URL.RawQuery = "access_token=x" },
			"check authorization", "check authorization"},
	} {
		for _, redirected := range []bool{false, true} {
			transport, sent := placing(t, PlacementHeader)
			req, body := formRequest(t, "POST", "a=b")
			want := test.direct
			if redirected {
				req.Response, want = &http.Response{}, test.redirected
			}
			test.change(req)
			resp, err := transport.RoundTrip(req)
			got := outcome(err)
			if err == nil && len(sent.list) == 1 {
				got = "bare"
				if sent.list[0].Header.Get("Authorization") == "Bearer a b" {
					got = "token"
				}
			}
			if got != want || (resp == nil) != (err != nil) || err != nil && len(sent.list) > 0 {
				t.Errorf("%s, %t: outcome %q, want %q", test.name, redirected, got, want)
			}
			if body.closed != 1 {
				t.Errorf("%s, %t: body closed %d times", test.name, redirected, body.closed)
			}
		}
	}
}

// What a response says it answers can be printed: the request without the token.
func TestTransportResponseHasTheCallersRequest(t *testing.T) {
	for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
		client, _ := aroundTheWorld(t, p, "")
		req, _ := formRequest(t, "POST", "a=b")
		resp, err := client.Transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Request != req {
			t.Errorf("%s: %v", p, resp.Request)
		}
		client, _ = aroundTheWorld(t, p, "https://evil.example/")
		resp, err = client.Post(pinnedTo, formType, strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		wantBare(t, resp.Request, "")
		wantBare(t, resp.Request.Response.Request, "")
	}
}

// A request is the caller's: nothing of it changes, and what is sent shares nothing with it.
func TestTransportNeverChangesARequest(t *testing.T) {
	for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
		for _, method := range []string{"POST", "GET"} {
			transport, sent := placing(t, p, func(_ context.Context, r *http.Request) error {
				r.Header.Set("X-Hook", "1")
				r.Header["Accept"][0] = "changed"
				r.URL.Path = "/hooked"
				r.Method = "PUT"
				return nil
			})
			req, body := formRequest(t, method, "a=b")
			req.Header.Set("Accept", "text/plain")
			req.URL.RawQuery = "q=1"
			header, u, was := req.Header.Clone(), *req.URL, *req
			_, err := transport.RoundTrip(req)
			if err != nil && (p != PlacementBody || method != "GET") {
				t.Error(err)
			}
			if !maps.EqualFunc(header, req.Header, slices.Equal) || *req.URL != u ||
				req.Method != was.Method || req.Host != was.Host ||
				req.ContentLength != was.ContentLength || req.Body != io.ReadCloser(body) {
				t.Errorf("%s, %s: the request is %v, %v", p, method, req.Header, req.URL)
			}
			if err == nil && sent.list[0].URL.Path != "/hooked" {
				t.Errorf("sent %s", sent.list[0].URL)
			}
		}
	}
}

// Hooks come after the token, in their order; the first error is the last word.
func TestTransportHooks(t *testing.T) {
	var heard []string
	hook := func(name string, err error) RequestHook {
		return func(ctx context.Context, r *http.Request) error {
			heard = append(heard, fmt.Sprint(name, r.Header["Authorization"], ctx.Value(hookKey{})))
			r.Header.Add("X-Hook", name)
			return err
		}
	}
	transport, sent := placing(t, "", hook("a", nil), hook("b", nil))
	req, _ := formRequest(t, "POST", "a=b")
	req = req.WithContext(context.WithValue(t.Context(), hookKey{}, "c"))
	if _, err := transport.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a[Bearer a b]c", "b[Bearer a b]c"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	if got := sent.list[0].Header.Values("X-Hook"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("sent %q", got)
	}
	heard = nil
	refused := errors.New("refused")
	transport, sent = placing(t, "", hook("a", refused), hook("b", nil))
	req, body := formRequest(t, "POST", "a=b")
	resp, err := transport.RoundTrip(req)
	if !errors.Is(err, refused) || resp != nil || len(heard) != 1 || len(sent.list) > 0 {
		t.Errorf("error is %v, heard %q", err, heard)
	}
	wantText(t, err, "oauth2: protected request: hook: ")
	if body.closed != 1 {
		t.Errorf("body closed %d times", body.closed)
	}
}

type hookKey struct{}

// A request that is refused does not get as far as the hooks.
func TestTransportHooksOfRefusedRequests(t *testing.T) {
	transport, _ := placing(t, PlacementBody, func(context.Context, *http.Request) error {
		t.Error("the hook was called")
		return nil
	})
	for _, raw := range []string{"https://evil.example", pinnedTo + "?access_token=x", pinnedTo} {
		req, err := http.NewRequest("GET", raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := transport.RoundTrip(req); err == nil {
			t.Errorf("%s: accepted", raw)
		}
	}
}

// A hook may change all but where a request goes.
func TestTransportHooksStayWithinTheOrigin(t *testing.T) {
	for name, test := range map[string]struct {
		hook RequestHook
		want string
	}{
		"host": {func(_ context.Context, r *http.Request) error {
			r.URL.Host = "evil.example"
			return nil
		}, "other origin"},
		"port": {func(_ context.Context, r *http.Request) error {
			r.URL.Host = "api.example:8443"
			return nil
		}, "other origin"},
		"scheme": {func(_ context.Context, r *http.Request) error {
			r.URL.Scheme = "http"
			return nil
		}, "insecure URL"},
		"Host": {func(_ context.Context, r *http.Request) error {
			r.Host = "evil.example"
			return nil
		}, "other origin"},
		"Host field": {func(_ context.Context, r *http.Request) error {
			r.Header["host"] = []string{"evil.example"}
			return nil
		}, "other origin"},
		"user information": {func(_ context.Context, r *http.Request) error {
			r.URL.User = url.User("u")
			return nil
		}, "insecure URL"},
		"no URL": {func(_ context.Context, r *http.Request) error {
			r.URL = nil
			return nil
		}, "insecure URL"},
		"path, method and token": {func(_ context.Context, r *http.Request) error {
			r.URL.Path, r.Method = "/v2", "PUT"
			r.Header.Set("Authorization", "OAuth a b")
			return nil
		}, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			transport, sent := placing(t, "", test.hook)
			req, body := formRequest(t, "POST", "a=b")
			resp, err := transport.RoundTrip(req)
			if got := outcome(err); got != test.want || (resp == nil) != (err != nil) {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if err != nil && len(sent.list) > 0 || body.closed != 1 {
				t.Errorf("sent %d, body closed %d times", len(sent.list), body.closed)
			}
		})
	}
}

// The hooks are those that the client was made with.
func TestTransportHooksAreCopied(t *testing.T) {
	config := configAt("https://as.example")
	sent := &sentRequests{}
	config.HTTP = &http.Client{Transport: sent}
	config.Hooks.ProtectedRequest = []RequestHook{
		func(context.Context, *http.Request) error { return nil },
	}
	c := newClient(t, config)
	config.Hooks.ProtectedRequest[0] = func(context.Context, *http.Request) error {
		return errors.New("replaced")
	}
	transport, err := c.Transport(held(t), pinnedTo)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := formRequest(t, "POST", "a=b")
	if _, err := transport.RoundTrip(req); err != nil {
		t.Error(err)
	}
}

// The context of a request ends it.
func TestTransportContext(t *testing.T) {
	s := newServer(t, answerJSON(200, `{}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newTransport(t, s.URL).RoundTrip(req); outcome(err) != "context ended" {
		t.Errorf("error is %v", err)
	}
}

// One transport serves many at once, each with its own request.
func TestTransportIsConcurrent(t *testing.T) {
	for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
		s := newServer(t, answerJSON(200, `{}`))
		config := configAt("https://as.example")
		config.TokenPlacement = p
		config.Hooks.ProtectedRequest = []RequestHook{
			func(_ context.Context, r *http.Request) error {
				r.Header.Set("Accept", r.URL.Path)
				return nil
			},
		}
		transport, err := newClient(t, config).Transport(held(t), s.URL)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Content-Type": {formType}} // shared, as nobody writes it
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				path := fmt.Sprint("/", i)
				req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+path,
					bytes.NewReader([]byte("a="+path)))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header = header
				resp, err := transport.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			})
		}
		wait.Wait()
		for _, r := range s.requests() {
			path, _, _ := strings.Cut(strings.TrimPrefix(r, "POST "), "\n")
			path, _, _ = strings.Cut(path, "?")
			if !strings.Contains(r, "Accept: "+path+"\n") || !strings.Contains(r, "\n\na="+path) ||
				strings.Count(r, "a b")+strings.Count(r, "a+b") != 1 {
				t.Errorf("%s: sent %q", p, r)
			}
		}
		if n := len(s.requests()); n != 20 {
			t.Errorf("%d requests", n)
		}
	}
}

// What a transport must not do is not made a panic of.
func TestTransportOfNothing(t *testing.T) {
	config := configAt("https://as.example")
	config.HTTP = &http.Client{Transport: tripper(
		func(*http.Request) (*http.Response, error) { return nil, nil })}
	transport, err := newClient(t, config).Transport(held(t), pinnedTo)
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&http.Client{Transport: transport}).Get(pinnedTo)
	wantText(t, err, "nil *Response with a nil error")
}

// A redirect elsewhere may not have the token anywhere in its URL, as it is or encoded.
func TestTransportRedirectHasNoToken(t *testing.T) {
	tok, err := FromRecord(Record{AccessToken: "to=k e/n"})
	if err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{
		"https://evil.example/?access_token=to%3Dk+e%2Fn":     "check authorization",
		"https://evil.example/?x=to%3dk%20e%2fn":              "check authorization",
		"https://evil.example/?to=k%20e/n":                    "check authorization",
		"https://evil.example/a/to=k%20e%2Fn":                 "check authorization",
		"https://evil.example/?a=b;access_token=to=k+e/n":     "check authorization",
		"https://evil.example/?u=%3Fa%3Dto%253Dk%2520e%252Fn": "check authorization",
		"https://evil.example/?access_token=another":          "ok",
		"https://evil.example/?x=%":                           "ok",
	} {
		config := configAt("https://as.example")
		config.TokenPlacement = InsecurePlacementQuery
		config.HTTP = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
			if r.URL.Host != "evil.example" {
				resp.StatusCode = 302
				resp.Header.Set("Location", location)
			}
			return resp, nil
		})}
		transport, err := newClient(t, config).Transport(tok, pinnedTo)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Get(pinnedTo)
		if err == nil {
			resp.Body.Close()
		}
		if got := outcome(err); got != want {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}

// A body that a hook put in place of the caller's is closed if the request is refused.
func TestTransportClosesTheHooksBody(t *testing.T) {
	config := configAt("https://as.example")
	mine := &closing{Reader: strings.NewReader("x")}
	config.Hooks.ProtectedRequest = []RequestHook{func(_ context.Context, r *http.Request) error {
		r.Body.Close()
		r.Body = mine
		return errors.New("no")
	}}
	transport, err := newClient(t, config).Transport(held(t), pinnedTo)
	if err != nil {
		t.Fatal(err)
	}
	req, body := formRequest(t, "POST", "a=b")
	if _, err := transport.RoundTrip(req); err == nil || mine.closed != 1 || body.closed < 1 {
		t.Errorf("error %v, closed %d and %d times", err, mine.closed, body.closed)
	}
}
