package native

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"sync/atomic"
	"time"

	"vouchsafe/internal/webpage"
	"vouchsafe/oauth2"
)

// A Receiver waits on the loopback interface for the browser to come back, RFC 8252,
// Section 7.3. It is for one login: listen, give RedirectURI to Authorize of a client of
// package oauth2 or oidc, have the user open the URL, and call Callback with the state of
// the transaction.
type Receiver struct {
	listener net.Listener
	path     string
	used     atomic.Bool
}

var (
	errPath = errors.New("native: the path of a redirect URI must be absolute and clean, " +
		"and need no escaping (RFC 8252, Section 7.3)")
	errState = errors.New("native: a state is required (RFC 8252, Section 8.9)")
)

// Listen opens a port that the system chooses, of 127.0.0.1, or of ::1 where there is no
// IPv4. path is that of the redirect URI, "/callback" if empty. A program that logs in at
// several servers gives each its own (RFC 8252, Section 8.10). It must be absolute and
// clean, without a query and of characters that a path has unescaped.
//
// The port is open until a Callback that was given a state has returned, or Close was called.
func Listen(path string) (*Receiver, error) {
	path, err := callbackPath(path)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		var err6 error
		if listener, err6 = net.Listen("tcp6", "[::1]:0"); err6 != nil {
			return nil, errors.Join(err, err6)
		}
	}
	return &Receiver{listener: listener, path: path}, nil
}

// callbackPath returns the path of a redirect URI, which must be as a browser sends it.
func callbackPath(p string) (string, error) {
	if p == "" {
		return "/callback", nil
	}
	u := url.URL{Path: p}
	if p[0] != '/' || path.Clean(p) != p || u.EscapedPath() != p {
		return "", errPath
	}
	return p, nil
}

// RedirectURI returns where the server is to send the browser back to:
// "http://127.0.0.1:49152/callback" for example.
func (r *Receiver) RedirectURI() string { return "http://" + r.listener.Addr().String() + r.path }

// Close closes the port. A Callback that waits ends with [net.ErrClosed].
func (r *Receiver) Close() error { return r.listener.Close() }

// Callback waits for the browser to come back with state, tells its user to return to the
// program, closes the port, and returns the parameters, for Callback of the client, which
// checks them. It works once: the error is then [net.ErrClosed], and otherwise the cause
// of ctx's end.
//
// Any other request gets an error page and changes nothing, so that no other program and no
// web page can end the login: one with another path, method or Host (what a name that leads
// here is, DNS rebinding), with another state or none, or with a parameter twice.
func (r *Receiver) Callback(ctx context.Context, state string) (url.Values, error) {
	if state == "" {
		return nil, errState
	}
	if r.used.Swap(true) {
		return nil, net.ErrClosed
	}
	ctx, finish := context.WithCancel(ctx)
	defer finish()
	w := &waiter{receiver: r, state: state, answer: make(chan url.Values, 1), finish: finish}
	server := w.server()
	defer server.Close()
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.Serve(r.listener)
	select {
	case params := <-w.answer:
		return params, nil
	default:
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, err
}

// A waiter serves what comes while one callback is waited for.
type waiter struct {
	receiver *Receiver
	state    string
	answer   chan url.Values // has room for one
	answered atomic.Value    // the connection on which that came
	finish   func()
}

const (
	requestTime = 5 * time.Second
	maxHeader   = 64 << 10
)

type connection struct{} // the key of a connection in the context of its requests

func (w *waiter) server() *http.Server {
	return &http.Server{
		Handler:                      w,
		DisableGeneralOptionsHandler: true,
		ReadTimeout:                  requestTime,
		WriteTimeout:                 requestTime,
		MaxHeaderBytes:               maxHeader,
		ErrorLog:                     log.New(io.Discard, "", 0),
		ConnState:                    w.look,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connection{}, c)
		},
	}
}

// look ends the waiting when the page that answers the callback has been sent.
func (w *waiter) look(c net.Conn, state http.ConnState) {
	if (state == http.StateIdle || state == http.StateClosed) && w.answered.Load() == c {
		w.finish()
	}
}

// ServeHTTP answers a request. It shows nothing of what that brings.
func (w *waiter) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host != w.receiver.listener.Addr().String():
		wrong(rw, http.StatusMisdirectedRequest)
	case r.URL.EscapedPath() != w.receiver.path:
		wrong(rw, http.StatusNotFound)
	case r.Method != http.MethodGet:
		rw.Header().Set("Allow", http.MethodGet)
		wrong(rw, http.StatusMethodNotAllowed)
	default:
		w.callback(rw, r)
	}
}

// callback answers a request for the path of the redirect URI.
func (w *waiter) callback(rw http.ResponseWriter, r *http.Request) {
	params, err := oauth2.ReadCallback(r)
	if err != nil || !single(params) || !equal(params.Get("state"), w.state) {
		wrong(rw, http.StatusBadRequest)
		return
	}
	select {
	case w.answer <- params:
		w.answered.Store(r.Context().Value(connection{}))
		done(rw, params.Has("error"))
	default:
		wrong(rw, http.StatusGone)
	}
}

// single reports whether no parameter has two values.
func single(params url.Values) bool {
	for _, values := range params {
		if len(values) > 1 {
			return false
		}
	}
	return true
}

// equal compares in a time that does not depend on where two strings differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func done(w http.ResponseWriter, refused bool) {
	note := webpage.Note{
		Title: "Back to the program",
		Text:  "It has its answer. You can close this page.",
	}
	if refused {
		note.Title = "The login was refused"
		note.Text = "You can close this page and return to the program."
	}
	note.Serve(w, http.StatusOK)
}

func wrong(w http.ResponseWriter, status int) {
	webpage.Note{
		Title: http.StatusText(status),
		Text:  "This address is for the end of a login that a program on this computer began.",
	}.Serve(w, status)
}
