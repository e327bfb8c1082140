package httpclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

// Whatever goes wrong, the error says which method and host, and nothing of what
// was sent there or came back.
func TestErrorHidesExchange(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, answer := range map[string]string{
		"nothing":               "",
		"no HTTP":               "canary\r\n\r\n",
		"no version":            "HTTP/canary 200 OK\r\n\r\n",
		"no status":             "HTTP/1.1 canary\r\n\r\n",
		"no colon":              ok + "canary\r\n\r\n",
		"header continued":      ok + " canary\r\n\r\n",
		"length":                ok + "Content-Length: canary\r\n\r\n",
		"two lengths":           ok + "Content-Length: 1\r\nContent-Length: 2canary\r\n\r\n",
		"negative length":       ok + "Content-Length: -1\r\nX: canary\r\n\r\n",
		"coding":                ok + "Transfer-Encoding: canary\r\n\r\n",
		"chunk":                 ok + "Transfer-Encoding: chunked\r\n\r\ncanary\r\ncanary",
		"cut short":             ok + "Content-Length: 100\r\n\r\ncanary",
		"too large":             ok + "Content-Length: 1000\r\n\r\ncanary",
		"Location":              "HTTP/1.1 302 Found\r\nLocation: https://a.example/%zz?code=canary\r\n\r\n",
		"Location of no scheme": "HTTP/1.1 302 Found\r\nLocation: :canary\r\n\r\n",
	} {
		raw := speak(t, answer)
		req := request(t, "POST", raw+"/canary?canary=canary")
		req.Header.Set("Authorization", "Bearer canary")
		_, err := Do(t.Context(), nil, req, 100)
		wantQuiet(t, name, err, "httpclient: POST "+strings.TrimPrefix(raw, "http://")+": ")
	}
}

func wantQuiet(t *testing.T, name string, err error, prefix string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), prefix) ||
		strings.HasSuffix(err.Error(), ": ") {
		t.Fatalf("%s: got %v, want %s…", name, err, prefix)
	}
	printed := fmt.Sprintf("%v %+v %s %q", err, err, err, err)
	if strings.Contains(printed, "canary") {
		t.Errorf("%s: printed %s", name, printed)
	}
}

// What a transport of the caller's says is kept, as far as it repeats nothing.
func TestErrorOfTransport(t *testing.T) {
	plain := errors.New("the token cannot be refreshed")
	for _, tt := range []struct {
		err  error
		text string
	}{
		{plain, "the token cannot be refreshed"},
		{&url.Error{Op: "Post", URL: "https://a.example/?code=canary", Err: plain},
			"the token cannot be refreshed"},
		{fmt.Errorf("inner: %w", &url.Error{Op: "Post", URL: "https://a.example/?canary",
			Err: plain}),
			"the token cannot be refreshed"},
		{&url.Error{Op: "Get", URL: "https://a.example/?canary", Err: &url.Error{Op: "Post",
			URL: "https://a.example/?canary", Err: plain}}, "the token cannot be refreshed"},
		{fmt.Errorf(`unexpected answer "canary" %w`, plain), "unexpected answer"},
	} {
		client := clientOf(func(*http.Request) (*http.Response, error) { return nil, tt.err })
		_, err := Do(t.Context(), client, request(t, "GET", "https://provider.example/canary"), 10)
		wantQuiet(t, tt.text, err, "httpclient: GET provider.example: "+tt.text)
		if !errors.Is(err, plain) {
			t.Errorf("%v: cannot be unwrapped", err)
		}
	}
}

// A request without a method is a GET.
func TestExchangeErrorBare(t *testing.T) {
	err := ExchangeError(&http.Request{}, io.EOF)
	if err.Error() != "httpclient: GET : EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func TestErrorUnwraps(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = Do(t.Context(), nil, request(t, "GET", "http://"+l.Addr().String()+"/canary"), 10)
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("nobody listens: got %v", err)
	}
	wantQuiet(t, "nobody listens", err, "httpclient: GET "+l.Addr().String()+": dial tcp ")
	_, err = Do(t.Context(), nil, request(t, "GET", speak(t, "")), 10)
	if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("hangs up: got %v", err)
	}
}

// A certificate that is not believed is not quoted: its names are a stranger's,
// and may have line breaks in them.
func TestDoQuotesNoCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	believed := s.Client()
	for name, test := range map[string]struct {
		client *http.Client
		host   string
	}{
		"unknown authority": {nil, ""},
		"other name":        {believed, "localhost"},
	} {
		target := s.URL
		if test.host != "" {
			target = strings.Replace(target, "127.0.0.1", test.host, 1)
		}
		req, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Do(t.Context(), test.client, req, 1000)
		if err == nil || !strings.HasSuffix(err.Error(), ": the server's certificate is not acceptable") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("%s: the cause is lost", name)
		}
	}
}
