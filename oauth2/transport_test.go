package oauth2

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
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

// A redirect to another origin is refused, and nothing of the token goes there.
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
	if _, err := client.Get(here.URL + "/away"); outcome(err) != "other origin" {
		t.Errorf("error is %v", err)
	}
	if got := elsewhere.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
	resp, err := client.Get(here.URL + "/near")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
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
