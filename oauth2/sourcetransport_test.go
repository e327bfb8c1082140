package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
)

// A resource answers in memory: 200 to requests with one of the tokens it takes, and as it
// is told to others.
type resource struct {
	takes     []string
	status    int    // 401 if zero
	challenge string // of a refusal
	delay     time.Duration

	mu     sync.Mutex
	sent   []string   // method, token and body of each request
	bodies []*closing // of the responses
}

func (s *resource) RoundTrip(req *http.Request) (*http.Response, error) {
	body := readAll(req)
	if req.Body != nil {
		req.Body.Close()
	}
	form, _ := url.ParseQuery(req.URL.RawQuery + "&" + body)
	_, token, _ := strings.Cut(req.Header.Get("Authorization"), "Bearer ")
	token += form.Get("access_token")
	time.Sleep(s.delay)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, strings.TrimSpace(req.Method+" "+token+" "+body))
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: req}
	text := "welcome"
	if !slices.Contains(s.takes, token) {
		text, resp.StatusCode = "go away", cmp.Or(s.status, 401)
		if s.challenge != "" {
			resp.Header.Set("WWW-Authenticate", s.challenge)
		}
	}
	kept := &closing{Reader: strings.NewReader(text)}
	s.bodies, resp.Body = append(s.bodies, kept), kept
	return resp, nil
}

// wantSent fails unless the requests were so, and all responses but the last, which is the
// caller's, are closed.
func (s *resource) wantSent(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.sent, want) {
		t.Errorf("the resource was sent %q, want %q", s.sent, want)
	}
}

// bound returns a rig whose token lasts, and a transport of it to a resource.
func bound(t *testing.T, changes ...func(*Config)) (*rig, *resource, http.RoundTripper) {
	t.Helper()
	r, s := newRig(t, time.Hour), &resource{takes: []string{"access 1", "access other"}}
	config := configAt("https://as.example")
	config.Now, config.HTTP = nil, &http.Client{Transport: s}
	for _, change := range changes {
		change(&config)
	}
	r.client = newClient(t, config)
	transport, err := r.Transport(pinnedTo)
	if err != nil {
		t.Fatal(err)
	}
	return r, s, transport
}

func to(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// wantAnswer sends a request, reads its answer and closes that.
func wantAnswer(t *testing.T, transport http.RoundTripper, req *http.Request, status int) {
	t.Helper()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	want := map[int]string{200: "welcome"}[status]
	if want == "" {
		want = "go away"
	}
	if resp.StatusCode != status || string(text) != want || err != nil {
		t.Errorf("got %d, %q, %v, want %d", resp.StatusCode, text, err, status)
	}
	if resp.Request == nil || resp.Request.Header.Get("Authorization") != "" {
		t.Error("the response shows the token")
	}
}

// wantClosed fails unless each response's body is closed once.
func (s *resource) wantClosed(t *testing.T) {
	t.Helper()
	for i, body := range s.bodies {
		if body.closed != 1 {
			t.Errorf("response %d was closed %d times", i, body.closed)
		}
	}
}

// The token is that of the source at the time, and the request is not changed.
func TestSourceTransportSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		s.takes = []string{"access old", "access 1"}
		req := to(t, "POST", pinnedTo+"/v1?x=y", strings.NewReader("body"))
		req.Header.Set("Accept", "text/plain")
		wantAnswer(t, transport, req, 200)
		if len(req.Header) != 1 || req.URL.String() != pinnedTo+"/v1?x=y" {
			t.Errorf("the request has changed: %v %v", req.URL, req.Header)
		}
		time.Sleep(2 * time.Hour)
		wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 200)
		s.wantSent(t, "POST access old body", "GET access 1")
		s.wantClosed(t)
		r.server.wantSent(t, "refresh old")
	})
}

// A refusal of the token itself has it replaced and the request sent again, and no other.
func TestSourceTransportRefusals(t *testing.T) {
	for _, test := range []struct {
		name      string
		status    int
		challenge string
		again     bool
	}{
		{"no challenge", 401, "", true},
		{"a challenge without a code", 401, `Bearer realm="x"`, true},
		{"invalid_token", 401, `Bearer error="invalid_token"`, true},
		{"invalid_token, and Basic", 401, `Basic realm="x", Bearer error="invalid_token"`, true},
		{"insufficient_scope", 401, `Bearer error="insufficient_scope", scope="x"`, false},
		{"invalid_request", 401, `Bearer error="invalid_request"`, false},
		{"step up", 401, `Bearer error="insufficient_user_authentication"`, false},
		{"a nonce for Bearer", 401, `Bearer error="use_dpop_nonce"`, false},
		{"a nonce", 401, `DPoP error="use_dpop_nonce"`, false},
		{"forbidden", 403, "", false},
		{"forbidden, invalid_token", 403, `Bearer error="invalid_token"`, false},
		{"bad request", 400, `Bearer error="invalid_token"`, false},
		{"proxy", 407, "", false},
		{"server's fault", 500, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s, transport := bound(t)
				s.status, s.challenge = test.status, test.challenge
				req := to(t, "PUT", pinnedTo, strings.NewReader("body"))
				if test.again {
					wantAnswer(t, transport, req, 200)
					s.wantSent(t, "PUT access old body", "PUT access 1 body")
					r.server.wantSent(t, "refresh old")
					r.want(t, "access 1")
				} else {
					wantAnswer(t, transport, req, test.status)
					s.wantSent(t, "PUT access old body")
					r.server.wantSent(t)
				}
				s.wantClosed(t)
			})
		})
	}
}

// Every request body is closed, that of the caller and those of GetBody.
func TestSourceTransportClosesBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, transport := bound(t)
		body, again := &closing{Reader: strings.NewReader("body")},
			&closing{Reader: strings.NewReader("body")}
		req := to(t, "PUT", pinnedTo, body)
		req.GetBody = func() (io.ReadCloser, error) { return again, nil }
		wantAnswer(t, transport, req, 200)
		if body.closed != 1 || again.closed != 1 {
			t.Errorf("closed %d and %d times", body.closed, again.closed)
		}
		if req.Body != body {
			t.Error("the request has another body")
		}
		s.wantSent(t, "PUT access old body", "PUT access 1 body")
	})
}

// A request without a body is sent again.
func TestSourceTransportNoBody(t *testing.T) {
	for name, body := range map[string]io.Reader{"nil": nil, "NoBody": http.NoBody} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s, transport := bound(t)
				req := to(t, "GET", pinnedTo, body)
				req.GetBody = nil
				if body != nil {
					req.Body = http.NoBody
				}
				wantAnswer(t, transport, req, 200)
				s.wantSent(t, "GET access old", "GET access 1")
				if n := r.store.loads.Load(); n != 3 { // two for the refresh
					t.Errorf("%d loads", n)
				}
			})
		})
	}
}

// A body that cannot be had again is not sent again. The token is replaced all the same, so
// that the next request goes well.
func TestSourceTransportCannotRewind(t *testing.T) {
	for name, getBody := range map[string]func() (io.ReadCloser, error){
		"no GetBody":    nil,
		"GetBody fails": func() (io.ReadCloser, error) { return nil, errors.New("gone") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s, transport := bound(t)
				body := &closing{Reader: strings.NewReader("body")}
				req := to(t, "PUT", pinnedTo, body)
				req.GetBody = getBody
				wantAnswer(t, transport, req, 401)
				r.server.wantSent(t, "refresh old")
				wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 200)
				s.wantSent(t, "PUT access old body", "GET access 1")
				s.wantClosed(t)
				if body.closed != 1 {
					t.Errorf("closed %d times", body.closed)
				}
			})
		})
	}
}

// Many who are refused with the same token have it replaced once.
func TestSourceTransportRefusedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		r.server.takes, s.delay = time.Second, time.Second
		var wg sync.WaitGroup
		for i := range 20 {
			time.Sleep(100 * time.Millisecond) // some come while it is replaced, some before
			req := to(t, "POST", pinnedTo, strings.NewReader(fmt.Sprint(i)))
			wg.Go(func() { wantAnswer(t, transport, req, 200) })
		}
		wg.Wait()
		r.server.wantSent(t, "refresh old")
		s.wantClosed(t)
	})
}

// A refusal of a token that another has replaced already, in this source or elsewhere, has
// nobody ask the server.
func TestSourceTransportReplacedAlready(t *testing.T) {
	for name, replace := range map[string]func(*rig) error{
		"elsewhere": func(r *rig) error {
			r.store.put(named("other", time.Hour))
			return nil
		},
		"by a login": func(r *rig) error {
			return r.Save(context.Background(), named("other", time.Hour))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s, transport := bound(t)
				s.delay = 2 * time.Second
				time.AfterFunc(time.Second, func() {
					if err := replace(r); err != nil {
						t.Error(err)
					}
				})
				wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 200)
				s.wantSent(t, "GET access old", "GET access other")
				r.server.wantSent(t)
			})
		})
	}
}

// A flight of another, who was content with the old token, does not answer a refusal.
func TestSourceTransportJoinsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		s.delay = time.Second
		r.store.onLoad = func(_ context.Context, n int32) error {
			if n > 1 {
				time.Sleep(time.Second)
			}
			return nil
		}
		time.AfterFunc(time.Second/2, func() {
			r.held.Store(nil) // as a source that has just been made
			r.want(t, "access old")
		})
		wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 200)
		s.wantSent(t, "GET access old", "GET access 1")
		r.server.wantSent(t, "refresh old")
	})
}

// Where a redirect leads to another origin, what is refused there is not the token.
func TestSourceTransportAfterRedirect(t *testing.T) {
	for _, back := range []bool{false, true} {
		t.Run(fmt.Sprint("and back ", back), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []string
				r, _, transport := bound(t, func(c *Config) {
					c.HTTP = &http.Client{Transport: tripper(
						func(req *http.Request) (*http.Response, error) {
							asked = append(asked, req.URL.Host+" "+req.Header.Get("Authorization"))
							resp := &http.Response{StatusCode: 401, Header: http.Header{},
								Body: http.NoBody, Request: req}
							next := ""
							if len(asked) == 1 {
								next = "https://elsewhere.example/"
							} else if back && len(asked) == 2 {
								next = pinnedTo + "/back"
							}
							if next != "" {
								resp.StatusCode = 307
								resp.Header.Set("Location", next)
							}
							return resp, nil
						})}
				})
				resp, err := httpclient.With(nil, transport).Get(pinnedTo)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				want := []string{"api.example Bearer access old", "elsewhere.example "}
				if back {
					want = append(want, "api.example ")
				}
				if resp.StatusCode != 401 || !slices.Equal(asked, want) {
					t.Errorf("got %d, asked %q", resp.StatusCode, asked)
				}
				r.server.wantSent(t)
			})
		})
	}
}

// A token that cannot be replaced leaves the refusal as it came.
func TestSourceTransportCannotReplace(t *testing.T) {
	for name, prepare := range map[string]func(*rig){
		"login required":   func(r *rig) { r.server.fails = []error{invalidGrant()} },
		"transient":        func(r *rig) { r.server.fails = []error{&Error{Status: 503}} },
		"no refresh token": func(r *rig) { r.store.put(made("access old", "", time.Time{})) },
		"another type": func(r *rig) {
			r.options.Refresh = func(context.Context, *Token) (*Token, error) {
				return noAccess("refresh 1"), nil
			}
		},
		"removed": func(r *rig) {
			r.Token(context.Background())
			r.store.put(nil)
		},
		"store down": func(r *rig) {
			r.Token(context.Background())
			r.store.onLoad = func(context.Context, int32) error { return errors.New("down") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s, transport := bound(t)
				prepare(r)
				wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 401)
				s.wantSent(t, "GET access old")
				s.wantClosed(t)
			})
		})
	}
}

// A caller who leaves while the token is replaced gets the refusal, and the next the token.
func TestSourceTransportContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		r.server.takes = 2 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantAnswer(t, transport, to(t, "GET", pinnedTo, nil).WithContext(ctx), 401)
		rest(time.Second)
		wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 200)
		s.wantSent(t, "GET access old", "GET access 1")
		r.server.wantSent(t, "refresh old")
	})
}

// That a new token cannot be saved is not kept from the caller.
func TestSourceTransportUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		full := errors.New("full")
		r.store.onSwap = func(context.Context, int32) error { return full }
		resp, err := transport.RoundTrip(to(t, "GET", pinnedTo, nil))
		if resp != nil || !isUnsaved(err) || !errors.Is(err, full) {
			t.Errorf("got %v, %v", resp, err)
		}
		s.wantSent(t, "GET access old")
		s.wantClosed(t)
	})
}

// Without a token nothing is sent, and the body closed.
func TestSourceTransportWithoutToken(t *testing.T) {
	other := made("access old", "", time.Time{})
	other.TokenType = "DPoP"
	for name, test := range map[string]struct {
		tok  *Token
		want string
	}{
		"none":         {nil, "oauth2: no token: login required"},
		"another type": {other, "there is no access token that is good, and no refresh token"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s, transport := bound(t)
				r.store.put(test.tok)
				body := &closing{Reader: strings.NewReader("body")}
				resp, err := transport.RoundTrip(to(t, "PUT", pinnedTo, body))
				wantText(t, err, test.want)
				if resp != nil || body.closed != 1 {
					t.Errorf("got %v, closed %d times", resp, body.closed)
				}
				s.wantSent(t)
			})
		})
	}
}

// The request is placed, and rewritten by hooks, both times.
func TestSourceTransportPlaces(t *testing.T) {
	for placement, want := range map[Placement]string{
		PlacementBody:          "POST %s a=b&access_token=%s",
		InsecurePlacementQuery: "POST %s a=b",
		PlacementHeader:        "POST %s a=b",
	} {
		t.Run(string(placement), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hooked := 0
				_, s, transport := bound(t, func(c *Config) {
					c.TokenPlacement = placement
					c.Hooks.ProtectedRequest = []RequestHook{
						func(context.Context, *http.Request) error {
							hooked++
							return nil
						}}
				})
				req := to(t, "POST", pinnedTo, strings.NewReader("a=b"))
				req.Header.Set("Content-Type", formType)
				wantAnswer(t, transport, req, 200)
				var sent []string
				for _, access := range []string{"access old", "access 1"} {
					line := strings.Replace(want, "%s", access, 1)
					sent = append(sent, strings.Replace(line, "%s", url.QueryEscape(access), 1))
				}
				s.wantSent(t, sent...)
				if hooked != 2 {
					t.Errorf("hooked %d times", hooked)
				}
			})
		})
	}
}

// The origins are checked when the transport is made, and for each request.
func TestSourceTransportOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		for _, urls := range [][]string{nil, {"http://api.example"}, {pinnedTo, ""}} {
			if got, err := r.Transport(urls...); got != nil || err == nil {
				t.Errorf("%q: got %v, %v", urls, got, err)
			} else {
				wantCheck(t, err, "urls", originClause)
			}
		}
		body := &closing{Reader: strings.NewReader("body")}
		resp, err := transport.RoundTrip(to(t, "PUT", "https://evil.example", body))
		if resp != nil || !errors.Is(err, httpclient.ErrOrigin) || body.closed != 1 {
			t.Errorf("got %v, %v, closed %d times", resp, err, body.closed)
		}
		s.wantSent(t)
		r.server.wantSent(t)
	})
}

// All of it over real connections: a resource that takes a token no more, a server that
// gives another, and an http.Client.
func TestSourceTransportOfServers(t *testing.T) {
	c, authorization := clientWith(t, answerJSON(200, goodToken))
	api := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer a" {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(401)
		}
	})
	src := newSource(t, c, TokenSourceOptions{})
	if err := src.Save(t.Context(), made("old", "refresh old", start.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	transport, err := src.Transport(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := httpclient.With(nil, transport).Post(api.URL+"/v1", "text/plain",
		strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := []string{
		"POST /v1\nAuthorization: Bearer old\nContent-Type: text/plain\n\nbody",
		"POST /v1\nAuthorization: Bearer a\nContent-Type: text/plain\n\nbody",
	}
	if got := api.requests(); resp.StatusCode != 200 || !slices.Equal(got, want) {
		t.Errorf("got %d, sent %q", resp.StatusCode, got)
	}
	if n := len(authorization.requests()); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

// A resource that refuses every token has one replaced after 1 second, 2, 4 and so on, up
// to 5 minutes; after 10 minutes of quiet it begins anew.
func TestSourceTransportRefusesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		r.server.life, s.takes = 100*time.Hour, nil
		began := time.Now()
		var asked []time.Duration
		r.options.Refresh = func(ctx context.Context, tok *Token) (*Token, error) {
			asked = append(asked, time.Since(began))
			return r.server.refresh(ctx, tok)
		}
		get := func(minutes int) {
			for range minutes * 600 {
				wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 401)
				time.Sleep(100 * time.Millisecond)
			}
		}
		get(10)
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 127, 255, 511}
		get(10)
		want = append(want, 811, 1111)
		time.Sleep(10 * time.Minute) // 1111 + 600 s are not over
		get(1)
		want = append(want, 1800, 1801, 1803, 1807, 1815, 1831)
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(asked, want) {
			t.Errorf("asked %v, want %v", asked, want)
		}
	})
}

// A second refusal is the caller's. A minute without one is quiet, after few, and not less.
func TestSourceTransportRefusesAgain(t *testing.T) {
	for quiet, free := range map[time.Duration]bool{
		time.Minute: false, time.Minute + 1: true,
	} {
		synctest.Test(t, func(t *testing.T) {
			r, s, transport := bound(t)
			s.takes = nil
			wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 401)
			s.wantSent(t, "GET access old", "GET access 1")
			for _, pause := range []time.Duration{time.Second, quiet, time.Second} {
				time.Sleep(pause)
				wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 401)
			}
			if n := len(r.server.sent); n != 3 && !free || n != 4 && free {
				t.Errorf("after %v: replaced %d times", quiet, n)
			}
			s.wantClosed(t)
		})
	}
}

// A renewal for another reason is no replacement that the next must wait longer for than a
// second.
func TestSourceTransportRefusesAfterRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, transport := bound(t)
		s.takes = nil
		r.want(t, "access old")
		time.Sleep(58 * time.Minute)
		r.want(t, "access 1")
		sent := []string{"refresh old"}
		for _, next := range []string{"refresh 1", "refresh 2"} {
			time.Sleep(time.Second - 1)
			wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 401)
			r.server.wantSent(t, sent...)
			time.Sleep(1)
			wantAnswer(t, transport, to(t, "GET", pinnedTo, nil), 401)
			sent = append(sent, next)
			r.server.wantSent(t, sent...)
		}
	})
}
