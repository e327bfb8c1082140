package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// A desk is a program with its user: what the user was told, and what was opened.
type desk struct {
	client *oauth2.Client
	server *oidctest.Server
	told   []Instruction
	opened []string
}

func newDesk(t *testing.T, o oidctest.Options) *desk {
	t.Helper()
	server := oidctest.NewServer(o)
	t.Cleanup(server.Close)
	client, err := oauth2.New(oauth2.Config{
		ID:   "client",
		Auth: oauth2.ClientSecretBasic("secret"),
		Server: oauth2.AuthorizationServer{
			Issuer:                server.Issuer(),
			AuthorizationEndpoint: server.Endpoint("authorize"),
			TokenEndpoint:         server.Endpoint("token"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &desk{client: client, server: server}
}

func (d *desk) tell(_ context.Context, i Instruction) error {
	d.told = append(d.told, i)
	return nil
}

// open is a browser: it goes where it is sent.
func (d *desk) open(_ context.Context, rawURL string) error {
	d.opened = append(d.opened, rawURL)
	go func() {
		if resp, err := http.Get(rawURL); err == nil {
			resp.Body.Close()
		}
	}()
	return nil
}

func (d *desk) options() Options { return Options{Tell: d.tell, Open: d.open} }

func query(t *testing.T, rawURL string) url.Values {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestLogin(t *testing.T) {
	d := newDesk(t, oidctest.Options{})
	o := d.options()
	o.Scopes = []string{"read", "write"}
	o.Resources = []string{"https://api.example/"}
	o.Params = url.Values{"login_hint": {"alice"}}
	o.Path = "/from/here"
	tok, err := Login(t.Context(), d.client, o)
	if err != nil || tok.AccessToken() == "" || !slices.Equal(tok.Scopes, o.Scopes) {
		t.Fatalf("got %v, %v", tok, err)
	}
	if len(d.told) != 1 || len(d.opened) != 1 || d.told[0] != (Instruction{URL: d.opened[0]}) {
		t.Fatalf("told %v, opened %v", d.told, d.opened)
	}
	q := query(t, d.opened[0])
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Path != "/from/here" || q.Get("scope") != "read write" ||
		q.Get("resource") != "https://api.example/" || q.Get("login_hint") != "alice" {
		t.Errorf("asked with %v", q)
	}
	if conn, err := net.Dial("tcp", back.Host); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
	if faults := d.server.Faults(); len(faults) != 0 {
		t.Error(faults)
	}
}

// refusing answers authorization requests with an error.
func refusing(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		back := url.Values{"error": {"access_denied"}, "state": {q.Get("state")}}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
}

func TestLoginRefused(t *testing.T) {
	d := newDesk(t, oidctest.Options{Intercept: refusing})
	tok, err := Login(t.Context(), d.client, d.options())
	if tok != nil || !errors.Is(err, &oauth2.Error{Code: "access_denied"}) {
		t.Errorf("got %v", err)
	}
}

var errTest = errors.New("test")

// What ends a login before it has begun.
func TestLoginErrors(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	for _, test := range []struct {
		name   string
		ctx    context.Context
		edit   func(o *Options)
		want   error
		told   int
		opened int
	}{
		{"no Tell", t.Context(), func(o *Options) { o.Tell = nil }, errTell, 0, 0},
		{"path", t.Context(), func(o *Options) { o.Path = "x" }, errPath, 0, 0},
		{"Tell fails", t.Context(), func(o *Options) {
			o.Tell = func(context.Context, Instruction) error { return errTest }
		}, errTest, 0, 0},
		{"Open fails", t.Context(), func(o *Options) {
			o.Open = func(context.Context, string) error { return errTest }
		}, errTest, 1, 0},
		{"no browser", t.Context(), func(o *Options) { o.Open = nil }, ErrNoBrowser, 0, 0},
		{"ended", ended, func(o *Options) {
			o.Open = func(context.Context, string) error { return nil }
		}, errTest, 1, 0},
		{"ended while it opens", ended, func(o *Options) {
			o.Open = func(context.Context, string) error { return io.EOF }
		}, errTest, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("SSH_TTY", "/dev/pts/1")
			d := newDesk(t, oidctest.Options{})
			o := d.options()
			test.edit(&o)
			tok, err := Login(test.ctx, d.client, o)
			if tok != nil || !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
			if len(d.told) != test.told || len(d.opened) != test.opened {
				t.Errorf("told %v, opened %v", d.told, d.opened)
			}
		})
	}
	d := newDesk(t, oidctest.Options{})
	o := d.options()
	o.Scopes = []string{"a b"}
	_, err := Login(t.Context(), d.client, o)
	if !strings.HasPrefix(fmt.Sprint(err), "scope must") || d.told != nil {
		t.Errorf("scope: got %v", err)
	}
}

// Without browser and device grant, the error says both.
func TestLoginNoWay(t *testing.T) {
	t.Setenv("SSH_TTY", "/dev/pts/1")
	d := newDesk(t, oidctest.Options{})
	_, err := Login(t.Context(), d.client, Options{Tell: d.tell})
	const want = "native: no browser can be opened here: the session is over SSH, " +
		"and the server has no device_authorization_endpoint"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v", err)
	}
}

// A deviceServer is in memory, so that a bubble's time passes.
type deviceServer struct {
	form   url.Values // of the device authorization request
	answer string     // to the question for the token
}

func (s *deviceServer) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	if err := req.ParseForm(); err != nil {
		return nil, err
	}
	switch req.URL.Path {
	case "/device_authorization":
		s.form = req.PostForm
		io.WriteString(w, `{"device_code":"dc","user_code":"WDJB-MJHT",`+
			`"verification_uri":"https://as.example/device","expires_in":1800}`)
	case "/token":
		if strings.Contains(s.answer, "error") {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, s.answer)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func (s *deviceServer) client(t *testing.T, endpoint string) *oauth2.Client {
	t.Helper()
	c, err := oauth2.New(oauth2.Config{
		ID:   "client",
		Auth: oauth2.None(),
		HTTP: &http.Client{Transport: s},
		Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint:       "https://as.example/authorize",
			TokenEndpoint:               "https://as.example/token",
			DeviceAuthorizationEndpoint: endpoint,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const deviceEndpoint = "https://as.example/device_authorization"

// Where no browser opens, or at will, the user enters a code on another device.
func TestLoginByDevice(t *testing.T) {
	fails := func(context.Context, string) error { return errTest }
	for _, test := range []struct {
		name string
		o    Options
		told int
	}{
		{"no browser", Options{}, 1},
		{"a browser that does not open", Options{Open: fails}, 2},
		{"at will", Options{Open: func(context.Context, string) error { panic("opened") },
			Device: true}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("SSH_TTY", "/dev/pts/1")
			synctest.Test(t, func(t *testing.T) {
				s := &deviceServer{answer: `{"access_token":"a","token_type":"Bearer"}`}
				d := &desk{}
				o := test.o
				o.Tell = d.tell
				o.Scopes = []string{"read"}
				o.Resources = []string{"https://api.example/"}
				o.Params = url.Values{"audience": {"x"}}
				tok, err := Login(t.Context(), s.client(t, deviceEndpoint), o)
				if err != nil || tok.AccessToken() != "a" {
					t.Fatalf("got %v", err)
				}
				if len(d.told) != test.told {
					t.Fatalf("told %v", d.told)
				}
				last := d.told[len(d.told)-1]
				if last.URL != "" || last.Device.UserCode != "WDJB-MJHT" ||
					last.Device.VerificationURI != "https://as.example/device" {
					t.Errorf("told %v", last)
				}
				if got := s.form.Encode(); got != "audience=x&client_id=client&"+
					"resource=https%3A%2F%2Fapi.example%2F&scope=read" {
					t.Errorf("asked with %s", got)
				}
			})
		})
	}
}

func TestLoginByDeviceNotFound(t *testing.T) {
	d := &desk{}
	c := new(deviceServer).client(t, "https://as.example/none")
	tok, err := Login(t.Context(), c, Options{Device: true, Tell: d.tell})
	if e, ok := errors.AsType[*oauth2.Error](err); tok != nil || !ok || e.Status != 404 ||
		d.told != nil {
		t.Errorf("got %v", err)
	}
}

func TestLoginByDeviceErrors(t *testing.T) {
	gone := errors.New("gone")
	tell := func(context.Context, Instruction) error { return nil }
	for _, test := range []struct {
		name, endpoint, answer string
		tell                   func(context.Context, Instruction) error
		want                   error
	}{
		{"refused", deviceEndpoint, `{"error":"access_denied"}`, tell,
			&oauth2.Error{Code: "access_denied"}},
		{"nobody came", deviceEndpoint, `{"error":"expired_token"}`, tell,
			&oauth2.Error{Code: "expired_token"}},
		{"Tell fails", deviceEndpoint, `{"error":"authorization_pending"}`,
			func(context.Context, Instruction) error { return errTest }, errTest},
		{"ended", deviceEndpoint, `{"error":"authorization_pending"}`, tell, gone},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeoutCause(t.Context(), 62*time.Second, gone)
				defer cancel()
				s := &deviceServer{answer: test.answer}
				c := s.client(t, test.endpoint)
				tok, err := Login(ctx, c, Options{Device: true, Tell: test.tell})
				if tok != nil || !errors.Is(err, test.want) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
