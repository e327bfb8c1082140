package native

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

const state = "the-state"

// A wait is a Callback in progress.
type wait struct {
	*Receiver
	address string
	done    chan struct{}
	params  url.Values
	err     error
}

func waitFor(ctx context.Context, t *testing.T, path string) *wait {
	t.Helper()
	r, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w := &wait{Receiver: r, address: r.listener.Addr().String(), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.params, w.err = r.Callback(ctx, state)
	}()
	return w
}

// raw sends a request as it is and returns the response, whole.
func (w *wait) raw(t *testing.T, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("the page is cut off: %v", err)
	}
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	return resp
}

// get sends a GET for a path and query to the right host.
func (w *wait) get(t *testing.T, target string) *http.Response {
	t.Helper()
	return w.raw(t, "GET "+target+" HTTP/1.1\nHost: "+w.address+"\n\n")
}

func (w *wait) waiting() bool {
	select {
	case <-w.done:
		return false
	default:
		return true
	}
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// RFC 8252, Section 7.3: http, a loopback literal, a port of the system's choice.
func TestRedirectURI(t *testing.T) {
	ports := map[uint16]bool{}
	for path, want := range map[string]string{
		"": "/callback", "/": "/", "/a/github": "/a/github", "/a~b-c_d.e": "/a~b-c_d.e",
	} {
		r, err := Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		u, err := url.Parse(r.RedirectURI())
		if err != nil {
			t.Fatal(err)
		}
		addr, err := netip.ParseAddrPort(u.Host)
		if err != nil || !addr.Addr().IsLoopback() || addr.Port() < 1024 || ports[addr.Port()] {
			t.Errorf("%q: host is %s", path, u.Host)
		}
		ports[addr.Port()] = true
		if got := r.RedirectURI(); got != "http://"+u.Host+want {
			t.Errorf("%q: got %s", path, got)
		}
	}
}

func TestListenPath(t *testing.T) {
	for _, path := range []string{"callback", "/a/", "//", "//a.example/", "/a/../b", "/./a",
		"/a?x", "/a#b", "/a b", "/é", "/%41", "/a\\b", "http://a.example/", "/\n"} {
		if r, err := Listen(path); r != nil || !errors.Is(err, errPath) {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

// Whatever else comes gets an error page that shows nothing of it, and ends nothing.
func TestOtherRequests(t *testing.T) {
	w := waitFor(t.Context(), t, "/callback/one")
	host := "Host: " + w.address + "\n"
	form := "Content-Type: application/x-www-form-urlencoded\nContent-Length: 22\n"
	for _, test := range []struct {
		name, request string
		status        int
	}{
		{"root", "GET / HTTP/1.1\n" + host, 404},
		{"favicon", "GET /favicon.ico HTTP/1.1\n" + host, 404},
		{"another path", "GET /callback?state=the-state&code=CANARY HTTP/1.1\n" + host, 404},
		{"longer path", "GET /callback/one/?state=the-state&code=CANARY HTTP/1.1\n" + host, 404},
		{"escaped path", "GET /callback/%6fne?state=the-state&code=CANARY HTTP/1.1\n" + host, 404},
		{"unclean path", "GET /callback/./one?state=the-state&code=CANARY HTTP/1.1\n" + host, 404},
		{"path in other letters", "GET /callback/ONE?state=the-state HTTP/1.1\n" + host, 404},
		{"no parameters", "GET /callback/one HTTP/1.1\n" + host, 400},
		{"no state", "GET /callback/one?code=CANARY HTTP/1.1\n" + host, 400},
		{"no state, error", "GET /callback/one?error=access_denied HTTP/1.1\n" + host, 400},
		{"empty state", "GET /callback/one?state=&code=CANARY HTTP/1.1\n" + host, 400},
		{"another state", "GET /callback/one?state=the-statf&code=CANARY HTTP/1.1\n" + host, 400},
		{"longer state", "GET /callback/one?state=the-state2&code=CANARY HTTP/1.1\n" + host, 400},
		{"shorter state", "GET /callback/one?state=the-stat&code=CANARY HTTP/1.1\n" + host, 400},
		{"state in other letters", "GET /callback/one?state=THE-STATE HTTP/1.1\n" + host, 400},
		{"state twice", "GET /callback/one?state=the-state&state=the-state HTTP/1.1\n" + host, 400},
		{"code twice", "GET /callback/one?state=the-state&code=CANARY&code=b HTTP/1.1\n" + host,
			400},
		{"anything twice", "GET /callback/one?state=the-state&x=1&x=1 HTTP/1.1\n" + host, 400},
		{"not a form", "GET /callback/one?state=the-state;code=CANARY HTTP/1.1\n" + host, 400},
		{"half an escape", "GET /callback/one?state=the-state&code=c%4 HTTP/1.1\n" + host, 400},
		{"HEAD", "HEAD /callback/one?state=the-state&code=c HTTP/1.1\n" + host, 405},
		{"POST", "POST /callback/one HTTP/1.1\n" + host + form + "\nstate=the-state&code=c", 405},
		{"POST with query", "POST /callback/one?state=the-state&code=c HTTP/1.1\n" + host +
			"Content-Length: 0\n", 405},
		{"OPTIONS", "OPTIONS /callback/one?state=the-state&code=c HTTP/1.1\n" + host, 405},
		{"OPTIONS of all", "OPTIONS * HTTP/1.1\n" + host, 404},
		{"unheard of", "BREW /callback/one?state=the-state&code=c HTTP/1.1\n" + host, 405},
		{"another host", "GET /callback/one?state=the-state&code=CANARY HTTP/1.1\n" +
			"Host: evil.example\n", 421},
		{"localhost", "GET /callback/one?state=the-state&code=CANARY HTTP/1.1\n" +
			"Host: localhost" + w.address[strings.LastIndex(w.address, ":"):] + "\n", 421},
		{"no port", "GET /callback/one?state=the-state&code=CANARY HTTP/1.1\n" +
			"Host: 127.0.0.1\n", 421},
		{"absolute", "GET http://evil.example/callback/one?state=the-state&code=CANARY HTTP/1.1\n" +
			host, 421},
		{"no host", "GET /callback/one?state=the-state&code=CANARY HTTP/1.0\n", 421},
		{"large header", "GET /callback/one?state=the-state HTTP/1.1\n" + host +
			"X: " + strings.Repeat("x", maxHeader+8<<10) + "\n", 431},
	} {
		resp := w.raw(t, test.request+"\n")
		body := bodyOf(t, resp)
		if resp.StatusCode != test.status || strings.Contains(body, "CANARY") {
			t.Errorf("%s: got %s\n%s", test.name, resp.Status, body)
		}
		if test.status == 405 && resp.Header.Get("Allow") != "GET" {
			t.Errorf("%s: allows %q", test.name, resp.Header.Get("Allow"))
		}
		if test.status != 431 {
			checkPage(t, test.name, resp)
		}
		if !w.waiting() {
			t.Fatalf("%s: ended with %v, %v", test.name, w.params, w.err)
		}
	}
	w.get(t, "/callback/one?state=the-state&code=c")
	<-w.done
	if got := w.params.Encode(); got != "code=c&state=the-state" || w.err != nil {
		t.Errorf("got %s, %v", got, w.err)
	}
}

// checkPage checks what a page may do, which is nothing.
func checkPage(t *testing.T, name string, resp *http.Response) {
	t.Helper()
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
		"X-Content-Type-Options":  "nosniff",
		"Content-Type":            "text/html; charset=utf-8",
	} {
		if got := resp.Header.Get(header); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s is %q", name, header, got)
		}
	}
}

// The one callback gets a page, of which nothing is missing, and afterwards nothing more is
// served.
func TestCallback(t *testing.T) {
	for _, test := range []struct{ name, request, query, title string }{
		{"code", "GET %s HTTP/1.1\nHost: %s\n\n", "state=the-state&code=CANARY",
			"Back to the program"},
		{"refused", "GET %s HTTP/1.1\nHost: %s\n\n",
			"state=the-state&error=CANARY&error_description=CANARY", "The login was refused"},
		{"neither", "GET %s HTTP/1.1\nHost: %s\n\n", "state=the-state&x=CANARY",
			"Back to the program"},
		{"last on its connection", "GET %s HTTP/1.1\nHost: %s\nConnection: close\n\n",
			"state=the-state&code=CANARY", "Back to the program"},
		{"HTTP/1.0", "GET %s HTTP/1.0\nHost: %s\n\n", "state=the-state&code=CANARY",
			"Back to the program"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := waitFor(t.Context(), t, "")
			idle, err := net.Dial("tcp", w.address) // as browsers open some ahead
			if err != nil {
				t.Fatal(err)
			}
			defer idle.Close()
			resp := w.raw(t, fmt.Sprintf(test.request, "/callback?"+test.query, w.address))
			body := bodyOf(t, resp)
			if resp.StatusCode != 200 || !strings.Contains(body, "<h1>"+test.title+"</h1>") ||
				!strings.HasSuffix(strings.TrimSpace(body), "</html>") ||
				!strings.Contains(body, "You can close this page") ||
				strings.Contains(body, "CANARY") || strings.Contains(body, "<script") {
				t.Errorf("got %s\n%s", resp.Status, body)
			}
			checkPage(t, test.name, resp)
			<-w.done
			want, _ := url.ParseQuery(test.query)
			if w.params.Encode() != want.Encode() || w.err != nil {
				t.Errorf("got %v, %v", w.params, w.err)
			}
			w.closed(t)
			hungUp(t, idle)
		})
	}
}

// hungUp fails if a connection is open, or was until it had been idle for long.
func hungUp(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(requestTime / 2))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a connection is open: %v", err)
	}
}

// closed fails if anything is still served.
func (w *wait) closed(t *testing.T) {
	t.Helper()
	if conn, err := net.Dial("tcp", w.address); err == nil {
		conn.Close()
		t.Error("the port is open")
	}
	params, err := w.Callback(t.Context(), state)
	if params != nil || !errors.Is(err, net.ErrClosed) {
		t.Errorf("again: got %v, %v", params, err)
	}
}

// A second callback with the same state, while the first is answered, is none.
func TestCallbackOnce(t *testing.T) {
	r, err := Listen("")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w := &waiter{receiver: r, state: state, answer: make(chan url.Values, 1), finish: func() {}}
	for i, want := range []int{200, 410} {
		target := r.RedirectURI() + "?state=the-state&code=" + fmt.Sprint(i)
		req := httptest.NewRequest("GET", target, nil)
		ctx := context.WithValue(req.Context(), connection{}, net.Conn(&net.TCPConn{}))
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, req.WithContext(ctx))
		if rec.Code != want {
			t.Errorf("%d: got %d", i, rec.Code)
		}
	}
	if got := (<-w.answer).Get("code"); got != "0" {
		t.Errorf("got %s", got)
	}
}

// Only the connection that brought the callback ends the waiting, and only when its page
// has been sent.
func TestLook(t *testing.T) {
	mine, other := net.Conn(&net.TCPConn{}), net.Conn(&net.TCPConn{})
	for _, test := range []struct {
		answered, conn net.Conn
		state          http.ConnState
		want           bool
	}{
		{nil, mine, http.StateIdle, false},
		{mine, other, http.StateIdle, false},
		{mine, other, http.StateClosed, false},
		{mine, mine, http.StateActive, false},
		{mine, mine, http.StateNew, false},
		{mine, mine, http.StateIdle, true},
		{mine, mine, http.StateClosed, true},
	} {
		finished := false
		w := &waiter{finish: func() { finished = true }}
		if test.answered != nil {
			w.answered.Store(test.answered)
		}
		if w.look(test.conn, test.state); finished != test.want {
			t.Errorf("%v: finished %t", test, finished)
		}
	}
}

// A program that says nothing does not keep a connection.
func TestServerBounds(t *testing.T) {
	s := new(waiter).server()
	if s.ReadTimeout != requestTime || s.WriteTimeout != requestTime || s.ErrorLog == nil {
		t.Errorf("got %v, %v", s.ReadTimeout, s.WriteTimeout)
	}
}

// The waiting ends with the context, for its reason, and by Close.
func TestCallbackEnds(t *testing.T) {
	gone := errors.New("gone")
	for _, test := range []struct {
		name string
		end  func(w *wait, cancel context.CancelCauseFunc)
		want error
	}{
		{"context", func(_ *wait, cancel context.CancelCauseFunc) { cancel(gone) }, gone},
		{"Close", func(w *wait, _ context.CancelCauseFunc) { w.Close() }, net.ErrClosed},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := waitFor(ctx, t, "")
		idle, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		w.get(t, "/")
		test.end(w, cancel)
		<-w.done
		hungUp(t, idle)
		if w.params != nil || !errors.Is(w.err, test.want) {
			t.Errorf("%s: got %v, %v", test.name, w.params, w.err)
		}
		w.closed(t)
		cancel(nil)
	}
	r, err := Listen("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if params, err := r.Callback(ctx, state); params != nil || err != gone {
		t.Errorf("ended before: got %v", err)
	}
}

// One callback is waited for at a time, and none without a state.
func TestCallbackMisused(t *testing.T) {
	w := waitFor(t.Context(), t, "")
	w.get(t, "/")
	params, err := w.Callback(t.Context(), "other")
	if params != nil || !errors.Is(err, net.ErrClosed) {
		t.Errorf("second: got %v", err)
	}
	if !w.waiting() {
		t.Error("the first has ended")
	}
	if params, err := w.Callback(t.Context(), ""); params != nil || !errors.Is(err, errState) {
		t.Errorf("no state: got %v", err)
	}
	w.get(t, "/callback?state=the-state")
	<-w.done
	if w.err != nil {
		t.Error(w.err)
	}
}
