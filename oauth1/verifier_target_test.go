package oauth1

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The target of the request line counts, not what a handler before us made of it.
func TestVerifierBehindStripPrefix(t *testing.T) {
	c := newCraft()
	c.target = "/api/a%2Fb?x=%zz"
	var err error
	v := newTool(t)
	handler := func(_ http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = "changed"
		_, err = v.Verify(r)
	}
	err = errNobody
	http.StripPrefix("/api", http.HandlerFunc(handler)).ServeHTTP(nil, c.request(t))
	if err != nil {
		t.Error(err)
	}
}

// A request line with a whole URL (RFC 9112, Section 3.2.2) names the path alone: we
// are who the configuration says.
func TestVerifierAbsoluteForm(t *testing.T) {
	for _, target := range []string{
		toolOrigin, "http://other.example:81", "http://tool.example:8443", "HTTPS://u@[::1]",
	} {
		c := newCraft()
		c.target = "/x%2F;/%7e?a=1&b;c"
		req := c.request(t)
		whole := readTarget(t, "GET", target+c.target)
		whole.Header = req.Header
		if _, err := newTool(t).Verify(whole.WithContext(t.Context())); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	c := newCraft()
	c.target = "/?a=1"
	whole := readTarget(t, "GET", toolOrigin+"?a=1")
	whole.Header = c.request(t).Header
	if _, err := newTool(t).Verify(whole); err != nil {
		t.Errorf("without a path: %v", err)
	}
}

func readTarget(t *testing.T, method, target string) *http.Request {
	t.Helper()
	text := method + " " + target + " HTTP/1.1\r\nHost: tool.example\r\n\r\n"
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// What is no path must not make another origin of ours: what a client signed for
// another host or another port would be accepted.
func TestVerifierTargetIsNoPartOfTheHost(t *testing.T) {
	for target, signedFor := range map[string]string{
		"x::8443/launch":           "https://tool.example:8443/launch",
		"x:.attacker.example/pay":  "https://tool.example.attacker.example/pay",
		"x:.attacker.example/?a=1": "https://tool.example.attacker.example/?a=1",
	} {
		c, u := newCraft(), parseURL(t, signedFor)
		c.sign = func(string) string {
			return orPanic(Sign(HMACSHA256, BaseString("GET", u, c.params), c.key))
		}
		req := readTarget(t, "GET", target)
		req.Header = c.request(t).Header
		_, err := newTool(t).Verify(req)
		if err == nil {
			t.Errorf("%s was accepted, signed for %s", target, signedFor)
		}
		wantKind(t, err, "signature", "")
	}
}

// Nor must what a handler left of a path.
func TestVerifierPathIsNoPartOfTheHost(t *testing.T) {
	c := newCraft()
	signedFor := parseURL(t, "https://tool.example.attacker.example/pay")
	c.sign = func(string) string {
		return orPanic(Sign(HMACSHA256, BaseString("GET", signedFor, c.params), c.key))
	}
	req := readTarget(t, "GET", "http://tool.example/api.attacker.example/pay")
	req.Header = c.request(t).Header
	err := errNobody
	handler := func(_ http.ResponseWriter, r *http.Request) { _, err = newTool(t).Verify(r) }
	http.StripPrefix("/api", http.HandlerFunc(handler)).ServeHTTP(nil, req)
	wantKind(t, err, "signature", sec32)
}

func TestVerifierRequestMadeByHand(t *testing.T) {
	c := newCraft()
	req := c.request(t)
	req.RequestURI = ""
	if _, err := newTool(t).Verify(req); err != nil {
		t.Error(err)
	}
}

// A proxy speaks https to the world and http to us.
func TestVerifierBehindAProxy(t *testing.T) {
	var err error
	v := newTool(t)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = v.Verify(r)
	}))
	defer server.Close()
	c := newCraft()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+c.target, nil)
	req.Header = c.request(t).Header
	resp, failed := server.Client().Do(req)
	if failed != nil {
		t.Fatal(failed)
	}
	resp.Body.Close()
	if err != nil {
		t.Error(err)
	}
}
