package httpclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var urlTests = []struct {
	name, url string
	ok        bool
}{
	{"https", "https://provider.example/token", true},
	{"https with a port and a query", "https://provider.example:8443/a?b=c", true},
	{"https on an address", "https://93.184.216.34/", true},
	{"https on an IPv6 address", "https://[2001:db8::1]/", true},
	{"https in upper case", "HTTPS://PROVIDER.EXAMPLE", true},
	{"http on 127.0.0.1", "http://127.0.0.1", true},
	{"http on 127.0.0.1 with a port", "http://127.0.0.1:8080/callback", true},
	{"http on 127.0.0.2", "http://127.0.0.2/", true},
	{"http on 127.255.255.255", "http://127.255.255.255/", true},
	{"http on [::1]", "http://[::1]:8080/", true},
	{"http on [::1], long", "http://[0:0:0:0:0:0:0:1]/", true},
	{"http on a mapped loopback address", "http://[::ffff:127.0.0.1]/", true},
	{"http on localhost", "http://localhost/", true},
	{"http on LOCALHOST", "http://LOCALHOST:80/", true},
	{"https on an address of a zone", "https://[fe80::1%25eth0]:8443/", true},
	{"every letter a name has", "https://a-Z.0_9.example./", true},

	{"empty", "", false},
	{"a path", "/token", false},
	{"no scheme", "provider.example/token", false},
	{"relative to the scheme", "//provider.example/token", false},
	{"http", "http://provider.example/", false},
	{"http in upper case", "HTTP://PROVIDER.EXAMPLE/", false},
	{"http on an address", "http://93.184.216.34/", false},
	{"http on a private address", "http://10.0.0.1/", false},
	{"http on 0.0.0.0", "http://0.0.0.0/", false},
	{"http on [::]", "http://[::]/", false},
	{"http on 128.0.0.1", "http://128.0.0.1/", false},
	{"http on 126.255.255.255", "http://126.255.255.255/", false},
	{"http on [::2]", "http://[::2]/", false},
	{"http on link-local", "http://169.254.169.254/latest/meta-data", false},
	{"http on a mapped address", "http://[::ffff:93.184.216.34]/", false},
	{"http on an address compatible with loopback", "http://[::127.0.0.1]/", false},
	{"http on [::1] of a zone", "http://[::1%25eth0]/", false},
	{"loopback, short", "http://127.1/", false},
	{"loopback, as a number", "http://2130706433/", false},
	{"loopback, hexadecimal", "http://0x7f.0.0.1/", false},
	{"loopback, octal", "http://0177.0.0.1/", false},
	{"loopback, leading zeros", "http://127.0.0.001/", false},
	{"loopback, a name that begins so", "http://127.0.0.1.attacker.example/", false},
	{"a host under localhost", "http://a.localhost/", false},
	{"a host that begins with localhost", "http://localhost.example/", false},
	{"a host that ends in localhost", "http://notlocalhost/", false},
	{"localhost and a dot", "http://localhost./", false},
	{"localhost with a long s", "http://localho\u017ft/", false},
	{"localhost with a long s, escaped", "http://localho%C5%BFt/", false},
	{"localhost with a full-width letter", "http://\uff4cocalhost/", false},
	{"user name", "https://user@provider.example/", false},
	{"user name and password", "https://user:password@provider.example/", false},
	{"empty user name", "https://@provider.example/", false},
	{"localhost as a user name", "http://localhost:80@attacker.example/", false},
	{"user name on loopback", "http://user@127.0.0.1/", false},
	{"no host", "https:///token", false},
	{"a port and no host", "https://:443/", false},
	{"opaque", "https:provider.example/", false},
	{"ftp", "ftp://127.0.0.1/", false},
	{"file", "file:///etc/passwd", false},
	{"file on localhost", "file://localhost/etc/passwd", false},
	{"javascript", "javascript:alert(1)", false},
	{"data", "data:application/json,{}", false},
	{"ws on loopback", "ws://127.0.0.1/", false},
	{"https and more", "httpsx://provider.example/", false},
	{"line feed", "https://provider.example/\n", false},
	{"space before", " https://provider.example/", false},
	{"bad escape", "https://provider.example/%zz", false},
	{"bad port", "https://provider.example:port/", false},
	{"no bracket", "http://[::1/", false},
	{"a comma in the host", "https://provider.example,attacker.example/", false},
	{"an asterisk in the host", "https://*.example/", false},
	{"a quotation mark in the host", "https://a\".example/", false},
	{"a parenthesis in the host", "https://(provider.example)/", false},
}

func TestCheckURL(t *testing.T) {
	for _, tt := range urlTests {
		u, err := CheckURL(nil, tt.url)
		if tt.ok && (err != nil || u == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !tt.ok && (!errors.Is(err, ErrInsecureURL) || u != nil) {
			t.Errorf("%s: got %v, %v", tt.name, u, err)
		}
	}
}

// A URL that was not parsed here may have anything in its host.
func TestCheckParsedURLHost(t *testing.T) {
	for _, host := range []string{"provider.example/path", "provider.example?", "provider.example#",
		"provider.example\\", "user@provider.example", "provider.example:80:443",
		"provider.example:a", "provider.example ", "provider.example\r\nX: y",
		"provider.example\x00", "%61.example", "\u212aprovider.example", "[fe80::1%eth 0]",
		"[fe80::1%eth0\r\n]", "[provider.example%eth0]", "[::1]:1:2", ":443", ""} {
		u := &url.URL{Scheme: "https", Host: host, Path: "/"}
		if err := CheckParsedURL(nil, u); !errors.Is(err, ErrInsecureURL) {
			t.Errorf("%q: got %v", host, err)
		}
	}
}

var development = Options{InsecureHTTPHosts: []string{"Keycloak:8080", "plain"}}

// Those hosts may be reached by http which the client was made for, by that client.
func TestCheckURLInsecureHTTPHosts(t *testing.T) {
	hosts := slices.Clone(development.InsecureHTTPHosts)
	client := New(Options{InsecureHTTPHosts: hosts})
	hosts[0] = "changed"
	for raw, want := range map[string]error{
		"http://keycloak:8080/realms/a": nil,
		"HTTP://KEYCLOAK:8080":          nil,
		"http://plain":                  nil,
		"https://keycloak:8080":         nil,
		"https://keycloak":              nil,
		"http://127.0.0.1:1":            nil,
		"http://changed":                ErrInsecureURL,
		"http://keycloak":               ErrInsecureURL,
		"http://keycloak:80":            ErrInsecureURL,
		"http://keycloak:80800":         ErrInsecureURL,
		"http://plain:80":               ErrInsecureURL,
		"http://plain:8080":             ErrInsecureURL,
		"http://a.plain":                ErrInsecureURL,
		"http://plain.example":          ErrInsecureURL,
		"http://user@plain":             ErrInsecureURL,
		"http://plain#a":                ErrInsecureURL,
		"http:plain":                    ErrInsecureURL,
		"ws://plain":                    ErrInsecureURL,
		"http://":                       ErrInsecureURL,
	} {
		if _, err := CheckURL(client, raw); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", raw, err, want)
		}
	}
	if _, err := CheckURL(New(Options{InsecureHTTPHosts: []string{"plain"}}),
		"http://plain"); err != nil {
		t.Errorf("one host: %v", err)
	}
	for name, other := range map[string]*http.Client{"none": nil, "another": New(Options{}),
		"one without a transport":  {},
		"one of another transport": {Transport: http.DefaultTransport},
		"one with none listed":     New(Options{InsecureHTTPHosts: []string{}})} {
		for _, raw := range []string{"http://keycloak:8080", "http://plain"} {
			if _, err := CheckURL(other, raw); !errors.Is(err, ErrInsecureURL) {
				t.Errorf("%s, %s: got %v", name, raw, err)
			}
		}
	}
}

// Do sends there, and With keeps the permission.
func TestDoInsecureHTTPHosts(t *testing.T) {
	var asked []string
	answer := roundTripper(func(req *http.Request) (*http.Response, error) {
		asked = append(asked, req.URL.Host)
		return respond(200, strings.NewReader("")), nil
	})
	allowed, plain := With(New(development), answer), With(New(Options{}), answer)
	for _, raw := range []string{"http://keycloak:8080/token", "http://plain/token"} {
		if _, err := Do(t.Context(), allowed, request(t, "POST", raw), 10); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		resp, err := Do(t.Context(), plain, request(t, "POST", raw), 10)
		wantFailure(t, raw, resp, err, ErrInsecureURL)
	}
	named := request(t, "POST", "http://plain/token")
	named.Host = "PLAIN" // the same origin, by http as well
	if _, err := Do(t.Context(), allowed, named, 10); err != nil {
		t.Errorf("a Host header: %v", err)
	}
	resp, err := Do(t.Context(), allowed, request(t, "POST", "http://other:8080/token"), 10)
	wantFailure(t, "other", resp, err, ErrInsecureURL)
	if !slices.Equal(asked, []string{"keycloak:8080", "plain", "plain"}) {
		t.Errorf("asked %q", asked)
	}
}

// An idler has connections to close.
type idler struct {
	roundTripper
	closed int
}

func (i *idler) CloseIdleConnections() { i.closed++ }

func TestInsecureTransportCloses(t *testing.T) {
	i := &idler{}
	With(New(development), i).CloseIdleConnections()
	if i.closed != 1 {
		t.Errorf("closed %d times", i.closed)
	}
}

func TestCheckURLFragment(t *testing.T) {
	for _, raw := range []string{"https://provider.example/#", "https://provider.example/#a",
		"https://provider.example#a", "https://provider.example/?a#b"} {
		if u, err := CheckURL(nil, raw); !errors.Is(err, ErrInsecureURL) || u != nil {
			t.Errorf("%s: got %v, %v", raw, u, err)
		}
	}
	if _, err := CheckURL(nil, "https://provider.example/%23?a=%23"); err != nil {
		t.Errorf("escaped: %v", err)
	}
}

func TestCheckURLHidesURL(t *testing.T) {
	for _, raw := range []string{"http://canary.example/", "https://canary:canary@a.example/",
		"https:canary",
		"https://a.example/canary#", "https://a.example/canary%zz", "canary://a", "\x7fcanary"} {
		if _, err := CheckURL(nil, raw); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v", raw, err)
		}
	}
}

func TestCheckURLErrors(t *testing.T) {
	const insecure = "httpclient: URL must be https, or http on loopback, without user information"
	for raw, want := range map[string]string{
		"https://a.example/%zz": insecure + ": it does not parse",
		"https://a@a.example":   insecure + ": it has user information",
		"https:a":               insecure + ": it has no host",
		"https://a.example#a":   insecure + ": it has a fragment",
		"http://a.example":      insecure,
	} {
		if _, err := CheckURL(nil, raw); err == nil || err.Error() != want {
			t.Errorf("%s: got %v", raw, err)
		}
	}
	if _, err := Get(t.Context(), nil, "https://a.example/%zz", 1); err == nil ||
		err.Error() != insecure+": it does not parse" {
		t.Errorf("Get: got %v", err)
	}
}

// A host need not come from a URL to be asked about.
func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"::ffff:127.0.0.1": true, "": false, "localho\u017ft": false, "localhost.": false,
		"localhost:80": false, "[::1]": false, "::1%eth0": false, "10.0.0.1": false, "::2": false,
	} {
		if got := Loopback(host); got != want {
			t.Errorf("%q: got %v", host, got)
		}
	}
}

// The name localhost is believed as far as it stands for loopback here.
func TestCheckLocalhost(t *testing.T) {
	down := errors.New("no resolver")
	for _, tt := range []struct {
		url   string
		addrs []string
		err   error
		want  error
	}{
		{"http://localhost/", []string{"127.0.0.1"}, nil, nil},
		{"http://localhost/", []string{"::1", "127.0.0.1"}, nil, nil},
		{"http://localhost/", []string{"::ffff:127.0.0.1"}, nil, nil},
		{"http://localhost/", []string{"93.184.216.34"}, nil, ErrInsecureURL},
		{"http://LOCALHOST:8080/", []string{"93.184.216.34"}, nil, ErrInsecureURL},
		{"http://localhost/", []string{"127.0.0.1", "10.0.0.1"}, nil, ErrInsecureURL},
		{"http://localhost/", []string{"::ffff:10.0.0.1"}, nil, ErrInsecureURL},
		{"http://localhost/", []string{"0.0.0.0"}, nil, ErrInsecureURL},
		{"http://localhost/", nil, down, down},
		{"https://localhost/", []string{"93.184.216.34"}, nil, nil},
		{"http://127.0.0.1/", []string{"93.184.216.34"}, nil, nil},
		{"https://provider.example/", []string{"93.184.216.34"}, down, nil},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		lookup := func(_ context.Context, network, host string) (addrs []netip.Addr, err error) {
			if network != "ip" || host != "localhost" {
				t.Errorf("asked for %s, %s", network, host)
			}
			for _, a := range tt.addrs {
				addrs = append(addrs, netip.MustParseAddr(a))
			}
			return addrs, tt.err
		}
		if err := checkLocalhost(t.Context(), u, lookup); !errors.Is(err, tt.want) {
			t.Errorf("%s at %q: got %v, want %v", tt.url, tt.addrs, err, tt.want)
		}
	}
}

// A roundTripper answers without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func clientOf(f roundTripper) *http.Client { return &http.Client{Transport: f} }

func respond(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, ContentLength: -1, Body: io.NopCloser(body),
		Header: http.Header{}}
}

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// What must not be sent to is not asked, whatever client there is.
func TestDoRefusesURL(t *testing.T) {
	client := clientOf(func(req *http.Request) (*http.Response, error) {
		t.Errorf("asked %s", req.URL)
		return nil, errors.New("unreachable")
	})
	for _, tt := range urlTests {
		u, err := url.Parse(tt.url)
		if tt.ok || err != nil {
			continue
		}
		resp, err := Do(t.Context(), client, &http.Request{Method: "GET", URL: u}, 10)
		if !errors.Is(err, ErrInsecureURL) || resp != nil {
			t.Errorf("%s: got %v, %v", tt.name, resp, err)
		}
		if resp, err := Get(t.Context(), client, tt.url, 10); !errors.Is(err, ErrInsecureURL) ||
			resp != nil {
			t.Errorf("Get, %s: got %v, %v", tt.name, resp, err)
		}
	}
}

func TestDoRefusesNoURL(t *testing.T) {
	resp, err := Do(t.Context(), nil, &http.Request{Method: "GET"}, 10)
	wantFailure(t, "no URL", resp, err, ErrInsecureURL)
}

// Opaque text would take the place of the host in what is sent.
func TestDoRefusesOpaque(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "provider.example", Opaque: "//attacker.example/"}
	_, err := Do(t.Context(), nil, &http.Request{Method: "GET", URL: u}, 10)
	if !errors.Is(err, ErrInsecureURL) {
		t.Errorf("got %v", err)
	}
}

// A request is for the origin of its URL, whatever spelling its Host header has.
func TestDoHost(t *testing.T) {
	var sent *http.Request
	client := clientOf(func(req *http.Request) (*http.Response, error) {
		sent = req
		return respond(200, strings.NewReader("")), nil
	})
	for host, want := range map[string]error{
		"":                     nil,
		"provider.example":     nil,
		"Provider.Example:443": nil,
		"provider.example:80":  ErrOrigin,
		"tenant.example":       ErrOrigin,
		"provider.example.":    ErrOrigin,
		"a@provider.example":   ErrInsecureURL,
		"provider.example\r\n": ErrInsecureURL,
	} {
		for _, set := range []func(*http.Request){
			func(req *http.Request) { req.Host = host },
			func(req *http.Request) { req.Header["Host"] = []string{host} },
			func(req *http.Request) { req.Header["host"] = []string{"provider.example", host} },
		} {
			req := request(t, "POST", "https://provider.example/token")
			if set(req); host == "" {
				req.Header = nil
			}
			sent = nil
			_, err := Do(t.Context(), client, req, 10)
			if !errors.Is(err, want) || (sent != nil) != (want == nil) {
				t.Errorf("%q: got %v, sent %v", host, err, sent != nil)
			}
		}
	}
}

// A tunnel is no exchange, and what TRACE returns is what was sent.
func TestDoMethod(t *testing.T) {
	asked := 0
	client := clientOf(func(req *http.Request) (*http.Response, error) {
		asked++
		return respond(200, strings.NewReader("")), nil
	})
	for _, method := range []string{"", "GET", "POST", "PUT", "DELETE", "PATCH",
		"BASELINE-CONTROL"} {
		req := request(t, "GET", "https://provider.example/")
		req.Method = method
		if _, err := Do(t.Context(), client, req, 10); err != nil {
			t.Errorf("%q: %v", method, err)
		}
	}
	asked = 0
	for _, method := range []string{"CONNECT", "connect", "TRACE", "Trace", "GET ",
		"GET / HTTP/1.1", "GET\r\nX: canary", "canary\n", "P\u00d6ST", "M\u017fG", "*", "A1"} {
		req := request(t, "GET", "https://provider.example/")
		req.Method = method
		resp, err := Do(t.Context(), client, req, 10)
		if err == nil || resp != nil || asked != 0 ||
			err.Error() != "httpclient: method must be a name, and neither CONNECT nor TRACE" {
			t.Errorf("%q: got %v, %v", method, resp, err)
		}
	}
}

// A keeper answers requests on connections that it keeps, but hangs up instead of
// answering the second request that it has read. It counts what it reads.
func keeper(t *testing.T, read *atomic.Int32) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != "code=a" {
			t.Errorf("body %q, %v", body, err)
		}
		if read.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A code is sent once: net/http would repeat a request of which it is told that
// repeating does no harm, and a server that hangs up may have seen it.
func TestDoSendsOnce(t *testing.T) {
	for _, key := range []string{"", "Idempotency-Key", "X-Idempotency-Key"} {
		var read atomic.Int32
		raw := keeper(t, &read)
		client := New(Options{})
		post := func(send func(*http.Request) error) error {
			req, err := http.NewRequest("POST", raw, strings.NewReader("code=a"))
			if err != nil {
				t.Fatal(err)
			}
			if key != "" {
				req.Header.Set(key, "a")
			}
			return send(req)
		}
		do := func(req *http.Request) error {
			_, err := Do(t.Context(), client, req, 10)
			return err
		}
		if err := post(do); err != nil {
			t.Fatal(err)
		}
		if err := post(do); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) ||
			read.Load() != 2 {
			t.Errorf("%q: got %v, sent %d times", key, err, read.Load())
		}
	}
}

// The test above would notice: net/http alone does repeat it.
func TestDoSendsOnceNotices(t *testing.T) {
	var read atomic.Int32
	raw := keeper(t, &read)
	client := New(Options{})
	for range 2 {
		req, err := http.NewRequest("POST", raw, strings.NewReader("code=a"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "a")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if read.Load() != 3 {
		t.Errorf("sent %d times", read.Load())
	}
}

// serve starts a server on loopback and returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDo(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Test", r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusTeapot)
		w.Write(body)
	})
	req, err := http.NewRequest("POST", url+"/path?query", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	resp, err := Do(t.Context(), nil, req, 100)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 418 || string(resp.Body) != "body" ||
		resp.Header.Get("X-Test") != "POST /path?query Bearer token" {
		t.Errorf("got %+v", resp)
	}
}

func TestDoLocalhost(t *testing.T) {
	raw := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "here") })
	raw = strings.Replace(raw, "127.0.0.1", "localhost", 1)
	if _, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", "localhost"); err != nil {
		t.Skip("localhost has no address here: run it where it has one")
	}
	if resp, err := Do(t.Context(), nil, request(t, "GET", raw), 100); err != nil ||
		string(resp.Body) != "here" {
		t.Errorf("got %v", err)
	}
}

// A redirect is an answer, and no more: the place it names hears nothing.
func TestDoRedirect(t *testing.T) {
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("followed") })
	var status int
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", elsewhere+"/token")
		w.WriteHeader(status)
		io.WriteString(w, "moved")
	})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		t.Error("the caller's CheckRedirect was asked")
		return nil
	}}
	for _, status = range []int{301, 302, 303, 307, 308} {
		for _, c := range []*http.Client{nil, client} {
			req, err := http.NewRequest("POST", url, strings.NewReader("code=secret"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := Do(t.Context(), c, req, 100)
			if err != nil {
				t.Errorf("%d: %v", status, err)
				continue
			}
			if resp.Status != status || resp.Header.Get("Location") != elsewhere+"/token" ||
				string(resp.Body) != "moved" {
				t.Errorf("%d: got %+v", status, resp)
			}
		}
	}
}

func TestDoUsesNoCookies(t *testing.T) {
	raw := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" {
			t.Errorf("sent %s", r.Header.Get("Cookie"))
		}
		http.SetCookie(w, &http.Cookie{Name: "new", Value: "1"})
	})
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: "1"}})
	if _, err := Do(t.Context(), &http.Client{Jar: jar}, request(t, "GET", raw), 100); err != nil {
		t.Fatal(err)
	}
	if cookies := jar.Cookies(u); len(cookies) != 1 || cookies[0].Name != "session" {
		t.Errorf("the jar holds %v", cookies)
	}
}

func TestDoChangesNothing(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var sent *http.Request
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		sent = req
		return respond(200, strings.NewReader("")), nil
	})
	client := &http.Client{Transport: &transport, Jar: jar}
	req := request(t, "GET", "https://provider.example/path")
	req.Header.Set("X-Test", "a")
	header := req.Header.Clone()
	if _, err := Do(t.Context(), client, req, 100); err != nil {
		t.Fatal(err)
	}
	if client.Jar != jar || client.Timeout != 0 || client.CheckRedirect != nil ||
		client.Transport != &transport {
		t.Errorf("the client is now %+v", client)
	}
	if !reflect.DeepEqual(req.Header, header) || req.Context() != context.Background() {
		t.Errorf("the request is now %+v", req)
	}
	sent.Header.Set("X-Test", "b")
	if req.Header.Get("X-Test") != "a" {
		t.Error("the header is shared")
	}
	bare := &http.Request{Method: "GET", URL: req.URL}
	if _, err := Do(t.Context(), client, bare, 100); err != nil || bare.Header != nil {
		t.Errorf("a request without a header: %v, %v", bare.Header, err)
	}
}

func TestDoUserAgent(t *testing.T) {
	for name, want := range map[string]string{"": "vouchsafe", "app/1.0": "app/1.0"} {
		client := clientOf(func(req *http.Request) (*http.Response, error) {
			if got := req.Header.Values("User-Agent"); !slices.Equal(got, []string{want}) {
				t.Errorf("sent %q, want %q", got, want)
			}
			return respond(200, strings.NewReader("")), nil
		})
		req := request(t, "GET", "https://provider.example/")
		if name != "" {
			req.Header.Set("User-Agent", name)
		}
		if _, err := Do(t.Context(), client, req, 100); err != nil {
			t.Error(err)
		}
	}
}

// A client's own user agent is sent where a request names none, by Do and without it, and
// whatever else it sends by; the constant by Do alone, unless the client is derived.
func TestUserAgent(t *testing.T) {
	var sent []string
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		sent = r.Header.Values("User-Agent")
	})
	host := strings.TrimPrefix(url, "http://")
	const bare = "Go-http-client/1.1"
	own := New(Options{UserAgent: "app/1.0"})
	for _, test := range []struct {
		name        string
		client      *http.Client
		byDo, alone string
	}{
		{"New", New(Options{}), UserAgent, bare},
		{"New with hosts", New(Options{InsecureHTTPHosts: []string{host}}), UserAgent, bare},
		{"New with a name", own, "app/1.0", "app/1.0"},
		{"New with both", New(Options{UserAgent: "app/1.0", InsecureHTTPHosts: []string{host}}),
			"app/1.0", "app/1.0"},
		{"With", With(own, http.DefaultTransport), "app/1.0", "app/1.0"},
		{"With of none", With(New(Options{}), http.DefaultTransport), UserAgent, bare},
		{"nil derived", Derive(nil, DeriveOptions{}), UserAgent, UserAgent},
		{"nil renamed", Derive(nil, DeriveOptions{UserAgent: "b/2"}), "b/2", "b/2"},
		{"derived", Derive(own, DeriveOptions{}), "app/1.0", "app/1.0"},
		{"renamed", Derive(own, DeriveOptions{UserAgent: "b/2"}), "b/2", "b/2"},
		{"renamed twice", Derive(Derive(own, DeriveOptions{UserAgent: "b/2"}),
			DeriveOptions{UserAgent: "c/3"}), "c/3", "c/3"},
		{"without a transport, derived", Derive(&http.Client{}, DeriveOptions{}), UserAgent,
			UserAgent},
		{"With of one derived", With(Derive(nil, DeriveOptions{UserAgent: "b/2"}),
			Transport(own)), "b/2", "b/2"},
	} {
		for name, want := range map[string][2]string{"": {test.byDo, test.alone},
			"mine": {"mine", "mine"}} {
			req := request(t, "GET", url)
			if name != "" {
				req.Header.Set("User-Agent", name)
			}
			before := req.Header.Clone()
			if _, err := Do(t.Context(), test.client, req, 100); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(sent, want[:1]) {
				t.Errorf("%s: Do sent %q, want %q", test.name, sent, want[0])
			}
			resp, err := test.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if !slices.Equal(sent, want[1:]) {
				t.Errorf("%s: sent %q, want %q", test.name, sent, want[1])
			}
			if !maps.EqualFunc(req.Header, before, slices.Equal) {
				t.Errorf("%s: the request has %v now", test.name, req.Header)
			}
		}
	}
	if _, err := Do(t.Context(), nil, request(t, "GET", url), 100); err != nil ||
		!slices.Equal(sent, []string{UserAgent}) {
		t.Errorf("nil: %q, %v", sent, err)
	}
}

// What is sent without an http.Client, and a request that wants no user agent.
func TestUserAgentOfTransport(t *testing.T) {
	var sent []string
	inner := roundTripper(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, fmt.Sprintf("%q %s", req.Header["User-Agent"], req.Header.Get("X")))
		return respond(200, strings.NewReader("")), nil
	})
	client := Derive(&http.Client{Transport: inner}, DeriveOptions{UserAgent: "app/1.0"})
	for _, header := range []http.Header{nil, {"X": {"y"}}, {"User-Agent": {""}}} {
		req := request(t, "GET", "https://a.example")
		req.Header = header
		before := len(header)
		if _, err := client.Transport.RoundTrip(req); err != nil || len(req.Header) != before {
			t.Errorf("%v: %v, the header is %v", header, err, req.Header)
		}
	}
	want := []string{`["app/1.0"] `, `["app/1.0"] y`, `[""] `}
	if !slices.Equal(sent, want) {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

// A redirect names the user agent too.
func TestUserAgentOfRedirect(t *testing.T) {
	var sent []string
	var url string
	url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.URL.Path+" "+r.UserAgent())
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/b", http.StatusFound)
		}
	})
	resp, err := New(Options{UserAgent: "app/1.0"}).Get(url + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !slices.Equal(sent, []string{"/ app/1.0", "/b app/1.0"}) {
		t.Errorf("sent %q", sent)
	}
}

// All that Derive is not told to change remains, and the client that it is derived from.
func TestDerive(t *testing.T) {
	const far = "http://keycloak:8080"
	base := New(Options{Timeout: time.Second, InsecureHTTPHosts: []string{"keycloak:8080"},
		PublicOnly: true})
	base.Jar, _ = cookiejar.New(nil)
	before := *base
	inner := func(c *http.Client) http.RoundTripper {
		return c.Transport.(*markedTransport).RoundTripper
	}
	for timeout, want := range map[time.Duration]time.Duration{0: time.Second, -1: time.Second,
		time.Minute: time.Minute} {
		c := Derive(base, DeriveOptions{UserAgent: "app/1.0", Timeout: timeout})
		if c.Timeout != want || c.Jar != base.Jar || c.CheckRedirect == nil {
			t.Errorf("%v: timeout is %v, %+v", timeout, c.Timeout, c)
		}
		if err := CheckParsedURL(c, request(t, "GET", far).URL); err != nil {
			t.Errorf("the hosts are gone: %v", err)
		}
		_, err := Do(t.Context(), c, request(t, "GET", "https://127.0.0.1:1"), 100)
		if !errors.Is(err, ErrAddress) {
			t.Errorf("PublicOnly is gone: %v", err)
		}
		if inner(c) != inner(base) {
			t.Error("the connections are not shared")
		}
	}
	if base.Timeout != before.Timeout || base.Transport != before.Transport ||
		userAgent(base) != UserAgent {
		t.Errorf("the client is changed: %+v", base)
	}
	if c := Derive(nil, DeriveOptions{Timeout: time.Minute}); c.Timeout != time.Minute ||
		standard.Timeout != Timeout || c.CheckRedirect == nil || userAgent(nil) != UserAgent {
		t.Errorf("nil: %+v", c)
	}
	if Derive(nil, DeriveOptions{}).Timeout != Timeout {
		t.Error("nil: no time limit")
	}
}

// wantFailure checks that an exchange ended in want and gave no response.
func wantFailure(t *testing.T, name string, resp *Response, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || resp != nil {
		t.Errorf("%s: got %v, %v, want %v", name, resp, err, want)
	}
}

func TestDoLimit(t *testing.T) {
	const limit = 1000
	for _, size := range []int{0, 1, limit - 1, limit, limit + 1, 100 * limit} {
		for _, flush := range []bool{false, true} { // with and without a Content-Length
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if !flush {
					w.Header().Set("Content-Length", strconv.Itoa(size))
				} else {
					w.(http.Flusher).Flush()
				}
				w.Write(make([]byte, size))
			})
			resp, err := Do(t.Context(), nil, request(t, "GET", url), limit)
			if size >= limit {
				wantFailure(t, strconv.Itoa(size), resp, err, ErrTooLarge)
			} else if err != nil || len(resp.Body) != size {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
	}
}

// An endless body is left after limit bytes, and the connection with it.
func TestDoEndlessBody(t *testing.T) {
	ended := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	resp, err := Do(t.Context(), nil, request(t, "GET", url), 64<<10)
	wantFailure(t, "endless", resp, err, ErrTooLarge)
	<-ended
}

// An endless reader counts what is taken of it.
type endless struct {
	read   int64
	closed bool
}

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return len(p), nil
}

func (e *endless) Close() error { e.closed = true; return nil }

func TestDoReadsNoFurther(t *testing.T) {
	for _, length := range []int64{-1, 10, 1 << 40} {
		body := &endless{}
		client := clientOf(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: length, Body: body}, nil
		})
		resp, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/"), 1000)
		wantFailure(t, "endless", resp, err, ErrTooLarge)
		if body.read > 1000 || !body.closed {
			t.Errorf("read %d bytes, closed %v", body.read, body.closed)
		}
	}
}

// Room is made for what a Content-Length says, so far as that can be believed.
func TestDoRoom(t *testing.T) {
	for _, test := range []struct {
		length int64 // what the server says
		size   int   // what it sends
		room   int   // what that takes at most
	}{
		{0, 0, 1 << 10},
		{-1, 10, 1 << 10},
		{math.MinInt64, 10, 1 << 10},
		{40_000, 40_000, 48_000},
		{60_000, 60_000, 68_000},
		{math.MaxInt64 - 1, 10, 80_000},
	} {
		client := clientOf(func(*http.Request) (*http.Response, error) {
			resp := respond(200, bytes.NewReader(make([]byte, test.size)))
			resp.ContentLength = test.length
			return resp, nil
		})
		resp, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/"),
			math.MaxInt64)
		if err != nil || len(resp.Body) != test.size || cap(resp.Body) > test.room {
			t.Errorf("%d of %d: got %d bytes in %d, %v",
				test.size, test.length, len(resp.Body), cap(resp.Body), err)
		}
	}
}

// A header may have so many values and no more, of one name or of many.
func TestDoHeaderFields(t *testing.T) {
	for name, test := range map[string]struct {
		names, values int
		want          error
	}{
		"many names":       {256, 1, nil},
		"too many names":   {257, 1, ErrTooLarge},
		"many values":      {1, 256, nil},
		"too many values":  {1, 257, ErrTooLarge},
		"both":             {16, 16, nil},
		"too many of both": {2, 129, ErrTooLarge},
	} {
		body := &endless{}
		client := clientOf(func(*http.Request) (*http.Response, error) {
			resp := respond(200, strings.NewReader(""))
			if test.want != nil {
				resp.Body = body
			}
			for i := range test.names {
				resp.Header["X-"+strconv.Itoa(i)] = make([]string, test.values)
			}
			return resp, nil
		})
		resp, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/"), 10)
		if test.want == nil {
			if err != nil || len(resp.Header) != test.names {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantFailure(t, name, resp, err, test.want)
		if want := "httpclient: GET provider.example: httpclient: response header has more than " +
			"256 values"; err.Error() != want || body.read != 0 || !body.closed {
			t.Errorf("%s: got %v, read %d bytes, closed %v", name, err, body.read, body.closed)
		}
	}
}

// What comes after the body is no header.
func TestDoTrailer(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Retry-After")
		io.WriteString(w, "body")
		w.Header().Set("Retry-After", "1")
		w.Header().Set(http.TrailerPrefix+"X-Late", "a")
	})
	resp, err := Do(t.Context(), nil, request(t, "GET", url), 100)
	if err != nil || string(resp.Body) != "body" ||
		resp.Header.Values("Retry-After") != nil || resp.Header.Values("X-Late") != nil {
		t.Errorf("got %+v, %v", resp, err)
	}
	raw := speak(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n"+
		strings.Repeat("X: canary\r\n", 1<<16)+"\r\n")
	resp, err = Do(t.Context(), nil, request(t, "GET", raw), 100)
	if resp != nil || err == nil ||
		!strings.HasSuffix(err.Error(), "suspiciously long trailer after chunked body") {
		t.Errorf("long: got %v, %v", resp, err)
	}
}

// A transport that forgets the body, or the whole response, is survived.
func TestDoNoBody(t *testing.T) {
	client := clientOf(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204}, nil
	})
	resp, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/"), 10)
	if err != nil || resp.Status != 204 || len(resp.Body) != 0 {
		t.Errorf("no body: got %v, %v", resp, err)
	}
	client = clientOf(func(*http.Request) (*http.Response, error) { return nil, nil })
	if resp, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/"),
		10); err == nil || resp != nil {
		t.Errorf("no response: got %v, %v", resp, err)
	}
}

// What counts is the size after decompression.
func TestDoCompressed(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(make([]byte, 10<<20))
	z.Close()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	})
	resp, err := Do(t.Context(), nil, request(t, "GET", url), 1<<20)
	wantFailure(t, "10 MiB of zeros in 10 KiB", resp, err, ErrTooLarge)
}

// speak starts a server that answers every request with the same octets and
// hangs up.
func speak(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestDoCutShort(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, answer := range map[string]string{
		"less than the Content-Length": ok + "Content-Length: 100\r\n\r\n{\"a\":1}",
		"nothing":                      ok + "Content-Length: 100\r\n\r\n",
		"a chunk":                      ok + "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"a\":1}",
		"no last chunk":                ok + "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n",
		"the header":                   ok + "Content-Type: application/json\r\n",
	} {
		resp, err := Do(t.Context(), nil, request(t, "GET", speak(t, answer)), 1000)
		wantFailure(t, name, resp, err, io.ErrUnexpectedEOF)
	}
}

// A Content-Length decides before the body is looked at, and no more than it
// says is read.
func TestDoLyingLength(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	url := speak(t, ok+"Content-Length: 1099511627776\r\n\r\n{}")
	resp, err := Do(t.Context(), nil, request(t, "GET", url), 1000)
	wantFailure(t, "a terabyte", resp, err, ErrTooLarge)
	url = speak(t, ok+"Connection: close\r\nContent-Length: 2\r\n\r\n{}smuggled")
	if resp, err := Do(t.Context(), nil, request(t, "GET", url), 1000); err != nil ||
		string(resp.Body) != "{}" {
		t.Errorf("more than it says: got %v", err)
	}
}

func TestDoContext(t *testing.T) {
	client := clientOf(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		resp, err := Do(ctx, client, request(t, "GET", "https://provider.example/"), 10)
		wantFailure(t, "deadline", resp, err, context.DeadlineExceeded)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		resp, err := Do(ctx, client, request(t, "GET", "https://provider.example/"), 10)
		wantFailure(t, "cancelled", resp, err, context.Canceled)
	})
}

// The context is the one handed to Do, not that of the request.
func TestDoRequestContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	if _, err := Do(t.Context(), nil, request(t, "GET", url).WithContext(ended), 10); err != nil {
		t.Error(err)
	}
}

// Every exchange has an end, which the client's Timeout sets.
func TestDoTimeout(t *testing.T) {
	for configured, want := range map[time.Duration]time.Duration{
		0: 30 * time.Second, -1: 30 * time.Second, time.Second: time.Second, time.Hour: time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			client := &http.Client{Timeout: configured, Transport: roundTripper(
				func(req *http.Request) (*http.Response, error) {
					deadline, _ := req.Context().Deadline()
					if got := time.Until(deadline); got != want {
						t.Errorf("Timeout %v: ends in %v", configured, got)
					}
					<-req.Context().Done()
					return nil, req.Context().Err()
				})}
			resp, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/"), 10)
			wantFailure(t, "timeout", resp, err, context.DeadlineExceeded)
		})
	}
}

// The end comes for the body too.
func TestDoTimeoutInBody(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	client := &http.Client{Timeout: 50 * time.Millisecond}
	resp, err := Do(t.Context(), client, request(t, "GET", url), 10)
	wantFailure(t, "slow body", resp, err, context.DeadlineExceeded)
}

// TLS is believed only if one of the authorities says so.
func TestNewTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	if _, err := Do(t.Context(), New(Options{RootCAs: pool}), request(t, "GET", server.URL),
		100); err != nil {
		t.Error(err)
	}
	_, err := Do(t.Context(), New(Options{}), request(t, "GET", server.URL+"/canary"), 100)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok ||
		strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

func TestNew(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{
		0: 30 * time.Second, -1: 30 * time.Second, time.Second: time.Second, time.Hour: time.Hour,
	} {
		if got := New(Options{Timeout: given}).Timeout; got != want {
			t.Errorf("Timeout %v: got %v", given, got)
		}
	}
	transport := New(Options{}).Transport.(*http.Transport)
	if c := transport.TLSClientConfig; c.MinVersion != tls.VersionTLS12 || c.InsecureSkipVerify ||
		c.RootCAs != nil {
		t.Errorf("TLS: got %+v", c)
	}
	if transport.Proxy == nil || transport.TLSHandshakeTimeout != 10*time.Second ||
		!transport.ForceAttemptHTTP2 || transport.MaxIdleConns != 100 ||
		transport.MaxIdleConnsPerHost != 10 ||
		transport.IdleConnTimeout != 90*time.Second || transport.MaxResponseHeaderBytes != 64<<10 {
		t.Errorf("got %+v", transport)
	}
}

// A server cannot fill the memory with headers either.
func TestNewHeaderLimit(t *testing.T) {
	url := speak(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 128<<10)+"\r\n\r\n")
	for _, client := range []*http.Client{nil, New(Options{}), New(development),
		New(Options{Timeout: time.Minute})} {
		resp, err := Do(t.Context(), client, request(t, "GET", url), 100)
		if err == nil || resp != nil ||
			!strings.Contains(err.Error(), "server response headers exceeded 65536 bytes") {
			t.Errorf("got %v, %v", resp, err)
		}
	}
	url = speak(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 60<<10)+"\r\n\r\n")
	if _, err := Do(t.Context(), New(Options{}), request(t, "GET", url), 100); err != nil {
		t.Errorf("60 KiB: %v", err)
	}
}

// Used directly, a client of New follows five redirects.
func TestNewRedirects(t *testing.T) {
	asked := 0
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Referer") != "" {
			t.Errorf("sent %s", r.Header.Get("Referer"))
		}
		if n, _ := strconv.Atoi(r.URL.Path[1:]); n > 0 {
			http.Redirect(w, r, "/"+strconv.Itoa(n-1), http.StatusFound)
		}
	})
	for redirects, want := range map[int]string{
		0: "", 1: "", 5: "",
		6: "httpclient: more than 5 redirects", 100: "httpclient: more than 5 redirects",
	} {
		asked = 0
		resp, err := New(Options{}).Get(url + "/" + strconv.Itoa(redirects))
		if resp != nil {
			resp.Body.Close()
		}
		if asked != min(redirects, 5)+1 || want == "" && err != nil ||
			want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%d redirects: asked %d times, %v", redirects, asked, err)
		}
	}
}

// It goes nowhere that Do would not go to.
func TestCheckRedirect(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     error
	}{
		{"https://a.example", "https://b.example/path?query#fragment", nil},
		{"http://127.0.0.1:1", "http://127.0.0.1:2", nil},
		{"http://127.0.0.1:1", "https://a.example", nil},
		{"http://127.0.0.1:1", "http://plain/", nil},
		{"http://keycloak:8080", "http://plain/", nil},
		{"https://a.example", "http://127.0.0.1:1", ErrInsecureURL},
		{"https://a.example", "http://localhost:1", ErrInsecureURL},
		{"https://a.example", "http://plain/", ErrInsecureURL},
		{"https://a.example", "http://a.example", ErrInsecureURL},
		{"http://127.0.0.1:1", "http://a.example", ErrInsecureURL},
		{"http://plain", "http://plain:8080", ErrInsecureURL},
		{"https://a.example", "https://user@a.example", ErrInsecureURL},
		{"https://a.example", "ftp://a.example", ErrInsecureURL},
		{"http://127.0.0.1:1", "file:///etc/passwd", ErrInsecureURL},
	} {
		client := New(development)
		first := request(t, "GET", "https://first.example")
		via := []*http.Request{first, request(t, "GET", tt.from)}
		err := client.CheckRedirect(request(t, "GET", tt.to), via)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s to %s: got %v, want %v", tt.from, tt.to, err, tt.want)
		}
	}
}

// The name localhost is believed there as little as in Do.
func TestCheckRedirectLocalhost(t *testing.T) {
	for address, want := range map[string]error{"127.0.0.1": nil, "10.0.0.1": ErrInsecureURL} {
		lookup := func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr(address)}, nil
		}
		err := checkRedirect(New(Options{}), lookup, request(t, "GET", "http://localhost:1"),
			[]*http.Request{request(t, "GET", "http://127.0.0.1:1")})
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", address, err, want)
		}
	}
}

// A secret sent by https stays there.
func TestNewRedirectFromTLS(t *testing.T) {
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("followed") })
	server := httptest.NewTLSServer(http.RedirectHandler(plain, http.StatusTemporaryRedirect))
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	_, err := New(Options{RootCAs: pool}).Post(server.URL, "text/plain", strings.NewReader("code"))
	if !errors.Is(err, ErrInsecureURL) ||
		!strings.HasSuffix(err.Error(), ": redirected from https") {
		t.Errorf("got %v", err)
	}
}

// A client that believes every certificate is good for loopback only.
func TestCheckURLUnverified(t *testing.T) {
	with := func(c *tls.Config) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: c}}
	}
	verify := func(tls.ConnectionState) error { return nil }
	verifyPeer := func([][]byte, [][]*x509.Certificate) error { return nil }
	const far, near = "https://a.example", "https://127.0.0.1"
	trusting := &tls.Config{InsecureSkipVerify: true}
	for name, test := range map[string]struct {
		client *http.Client
		url    string
		ok     bool
	}{
		"unverified":          {with(trusting), far, false},
		"unverified loopback": {with(trusting), near, true},
		"unverified, by http": {with(trusting), "http://localhost", true},
		"verified elsewhere": {with(&tls.Config{InsecureSkipVerify: true,
			VerifyConnection: verify}), far, true},
		"peer verified": {with(&tls.Config{InsecureSkipVerify: true,
			VerifyPeerCertificate: verifyPeer}), far, true},
		"verified":              {with(&tls.Config{}), far, true},
		"no settings":           {with(nil), far, true},
		"no transport":          {&http.Client{}, far, true},
		"a transport of no use": {&http.Client{Transport: (*http.Transport)(nil)}, far, true},
		"no client":             {nil, far, true},
		"hosts of http, by With": {With(New(Options{InsecureHTTPHosts: []string{"a"}}),
			with(trusting).Transport), far, false},
		"derived": {Derive(with(trusting), DeriveOptions{}), far, false},
		"derived twice": {Derive(Derive(with(trusting), DeriveOptions{}), DeriveOptions{}), far,
			false},
		"derived, by With": {With(Derive(nil, DeriveOptions{}),
			Derive(with(trusting), DeriveOptions{}).Transport), far, false},
		"derived, no transport": {Derive(&http.Client{}, DeriveOptions{}), far, true},
	} {
		_, err := CheckURL(test.client, test.url)
		if (err == nil) != test.ok || err != nil && (!errors.Is(err, ErrInsecureURL) ||
			!strings.Contains(err.Error(), "certificate")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client without a transport sends by the default one, which somebody may have changed.
func TestCheckURLUnverifiedDefault(t *testing.T) {
	old := http.DefaultTransport
	defer func() { http.DefaultTransport = old }()
	http.DefaultTransport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if _, err := CheckURL(&http.Client{}, "https://a.example"); !errors.Is(err, ErrInsecureURL) {
		t.Errorf("error is %v", err)
	}
	if _, err := CheckURL(nil, "https://a.example"); err != nil {
		t.Errorf("that of New: %v", err)
	}
}
