package registry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/registry"
)

// An api is what calls a provider: a Client, or one of its BoundClients.
type api interface {
	Get(ctx context.Context, ref string) (*http.Response, error)
	Post(ctx context.Context, ref, contentType string, body io.Reader) (*http.Response, error)
	Put(ctx context.Context, ref, contentType string, body io.Reader) (*http.Response, error)
	Patch(ctx context.Context, ref, contentType string, body io.Reader) (*http.Response, error)
	Delete(ctx context.Context, ref string) (*http.Response, error)
	Do(req *http.Request) (*http.Response, error)
	HTTPClient(ctx context.Context) (*http.Client, error)
}

// each has test call an API at base in all the ways to have a token, or none. asked counts
// how often somebody was asked for one.
func each(
	t *testing.T, o registry.Options, base string,
	test func(t *testing.T, a api, token string, asked *int),
) {
	t.Helper()
	for name, way := range map[string]func(c *registry.Client, tok registry.Token) api{
		"WithToken":    func(c *registry.Client, t registry.Token) api { return c.WithToken(t) },
		"FetchToken":   func(c *registry.Client, _ registry.Token) api { return c },
		"WithUser":     func(c *registry.Client, _ registry.Token) api { return c.WithUser("42") },
		"WithoutToken": func(c *registry.Client, _ registry.Token) api { return c.WithoutToken() },
	} {
		t.Run(name, func(t *testing.T) {
			c, asked, tok := good(), 0, bearer(t)
			c.APIBaseURL = base
			c.FetchToken = func(context.Context) (registry.Token, error) {
				asked++
				return tok, nil
			}
			store := new(tokens)
			o := o
			o.TokenStore = counting{store, &asked}
			client := must(newRegistry(t, o).Register("name", c))
			if err := client.SaveToken(t.Context(), "42", tok); err != nil {
				t.Fatal(err)
			}
			asked = 0
			token := "Bearer " + tok.OAuth2.AccessToken()
			if name == "WithoutToken" {
				token = ""
			}
			test(t, way(client, tok), token, &asked)
		})
	}
}

// The joining rules, whatever the token is from. What is refused costs nobody a token.
func TestJoin(t *testing.T) {
	const base, evil = "https://r.test/api/", "ErrOrigin"
	for _, test := range []struct{ name, base, ref, want string }{
		{"case 81a", "https://r.test/api", "/api/user", "https://r.test/api/user"},
		{"case 81a", "https://r.test/api", "user", "https://r.test/api/user"},
		{"case 81b", base, "user", "https://r.test/api/user"},
		{"case 81b", base, "/user", "https://r.test/user"},
		{"case 81b", base, "?a=1", "https://r.test/api/?a=1"},
		{"case 81c", "https://r.test/api", "../x", ""},
		{"case 81c", base, "../x", ""},
		{"case 81d", base, "//evil.test/x", evil},
		{"case 81d", base, "https://evil.test/x", evil},
		{"case 81d", base, "HTTPS://evil.test/x", evil},
		{"case 81e", "", "user", "ConfigError"},
		{"own host", base, "https://r.test/x", "https://r.test/x"},
		{"own host, no scheme", base, "//r.test/x", "https://r.test/x"},
		{"query", base, "a/b?c=%2F&d=e%20f", "https://r.test/api/a/b?c=%2F&d=e%20f"},
		{"colon", base, "./a:b", "https://r.test/api/a:b"},
		{"other port", base, "https://r.test:8443/x", evil},
		{"no URL", base, "%zz", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			sent := new([]string)
			o := registry.Options{HTTP: &http.Client{
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					*sent = append(*sent, r.URL.String()+" "+r.Header.Get("Authorization"))
					return httptest.NewRecorder().Result(), nil
				})}}
			each(t, o, test.base, func(t *testing.T, a api, token string, asked *int) {
				resp, err := a.Get(t.Context(), test.ref)
				joins(t, resp, err, test.want, token, *sent, *asked)
				if test.ref == "%zz" {
					return // of which net/http makes no request
				}
				*sent, *asked = nil, 0
				resp, err = a.Do(request(t, test.ref))
				joins(t, resp, err, test.want, token, *sent, *asked)
				*sent = nil
			})
		})
	}
}

// joins compares how a call ended with how it should: at a URL, or by an error.
func joins(
	t *testing.T, resp *http.Response, err error, want, token string, sent []string, asked int,
) {
	t.Helper()
	if strings.HasPrefix(want, "https:") {
		if err != nil || len(sent) != 1 || sent[0] != want+" "+token {
			t.Fatalf("sent to %q, %v, want %q with %q", sent, err, want, token)
		}
		resp.Body.Close()
		return
	}
	config, is := errors.AsType[*registry.ConfigError](err)
	if err == nil || !strings.HasPrefix(err.Error(), `registry: "name": `) ||
		errors.Is(err, httpclient.ErrOrigin) != (want == "ErrOrigin") ||
		is != (want == "ConfigError") || is && config.Field != "APIBaseURL" {
		t.Errorf("error is %v", err)
	}
	if len(sent) > 0 || asked > 0 {
		t.Errorf("sent to %q, asked %d times", sent, asked)
	}
}

func request(t *testing.T, ref string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ref, nil)
	if err != nil {
		return &http.Request{}
	}
	return req
}

// recorded is an API that keeps what it is sent.
type recorded struct {
	*httptest.Server
	last *http.Request
	body string
}

func record(t *testing.T) *recorded {
	t.Helper()
	s := new(recorded)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.last, s.body = r, string(body)
	}))
	t.Cleanup(s.Close)
	return s
}

// Each method sends what it says it sends.
func TestMethods(t *testing.T) {
	s := record(t)
	each(t, registry.Options{}, s.URL+"/api", func(t *testing.T, a api, token string, _ *int) {
		ctx := t.Context()
		const media = "application/x.test"
		type call func(context.Context, string, string, io.Reader) (*http.Response, error)
		bodiless := func(f func(context.Context, string) (*http.Response, error)) call {
			return func(ctx context.Context, ref, _ string, _ io.Reader) (*http.Response, error) {
				return f(ctx, ref)
			}
		}
		for method, call := range map[string]call{"GET": bodiless(a.Get), "POST": a.Post,
			"PUT": a.Put, "PATCH": a.Patch, "DELETE": bodiless(a.Delete)} {
			resp, err := call(ctx, "x?a=1", media, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			wantBody, wantType := "body", media
			if method == "GET" || method == "DELETE" {
				wantBody, wantType = "", ""
			}
			h := s.last.Header
			if s.last.Method != method || s.last.URL.String() != "/api/x?a=1" ||
				s.body != wantBody || h.Get("Content-Type") != wantType ||
				h.Get("Authorization") != token || h.Get("User-Agent") != httpclient.UserAgent {
				t.Errorf("%s: %s %s %v %q", method, s.last.Method, s.last.URL, h, s.body)
			}
		}
		resp, err := a.Post(ctx, "x", "", nil)
		if err != nil || len(s.last.Header.Values("Content-Type")) != 0 {
			t.Fatal("no body and no type:", err)
		}
		resp.Body.Close()
	})
}

// A request made by hand goes as it is but for its URL, and is not changed.
func TestDo(t *testing.T) {
	s := record(t)
	each(t, registry.Options{}, s.URL+"/api", func(t *testing.T, a api, token string, _ *int) {
		req, _ := http.NewRequest("REPORT", "x", strings.NewReader("body"))
		req.Header.Set("User-Agent", "own")
		resp, err := a.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		h := s.last.Header
		if s.last.Method != "REPORT" || s.last.URL.Path != "/api/x" || s.body != "body" ||
			h.Get("Authorization") != token || h.Get("User-Agent") != "own" {
			t.Errorf("%s %s %v %q", s.last.Method, s.last.URL, h, s.body)
		}
		if req.URL.String() != "x" || len(req.Header) != 1 {
			t.Errorf("the request is now %v", req)
		}
		bare := &http.Request{Method: http.MethodGet, URL: request(t, "x").URL}
		if resp, err = a.Do(bare); err != nil || bare.Header != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		_, err = a.Do(&http.Request{})
		if err == nil || !strings.Contains(err.Error(), "API URL") {
			t.Errorf("no URL: %v", err)
		}
	})
}

// A closer notes that it was closed.
type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

// A body is closed, whatever becomes of the request.
func TestBodyIsClosed(t *testing.T) {
	each(t, registry.Options{}, "https://r.test", func(t *testing.T, a api, _ string, _ *int) {
		for _, ref := range []string{"%zz", "../x", "https://evil.test"} {
			body := &closer{Reader: strings.NewReader("body")}
			if _, err := a.Put(t.Context(), ref, "text/plain", body); err == nil || !body.closed {
				t.Errorf("%s: closed: %v, %v", ref, body.closed, err)
			}
		}
		body := &closer{Reader: strings.NewReader("body")}
		if _, err := a.Do(&http.Request{Body: body}); err == nil || !body.closed {
			t.Errorf("no URL: closed: %v, %v", body.closed, err)
		}
	})
}

// Without a token nothing is sent, fetched or discovered: case 84 and R5.
func TestWithoutToken(t *testing.T) {
	for name, config := range providers(t) {
		t.Run("case 84: "+name, func(t *testing.T) {
			s := record(t)
			config.APIBaseURL = s.URL
			if name == "oidc" {
				config.Issuer = "https://nobody.test" // who is not asked
			}
			client := must(newRegistry(t, registry.Options{
				FetchToken: func(context.Context, string) (registry.Token, error) {
					t.Error("the token was fetched")
					return registry.Token{}, errDown
				}}).Register(name, config))
			resp, err := client.WithoutToken().Post(t.Context(), "x?a=1",
				"application/x-www-form-urlencoded", strings.NewReader("b=2"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if s.last.Header["Authorization"] != nil || s.last.URL.RawQuery != "a=1" ||
				s.body != "b=2" {
				t.Errorf("sent %v, %s, %q", s.last.Header, s.last.URL, s.body)
			}
		})
	}
}

// Where a redirect leads elsewhere the token stays behind; with OAuth 1.0, the client too.
func TestRedirectElsewhere(t *testing.T) {
	away := record(t)
	here := httptest.NewServer(http.RedirectHandler(away.URL+"/y", http.StatusTemporaryRedirect))
	t.Cleanup(here.Close)
	t.Run("case 82", func(t *testing.T) {
		each(t, registry.Options{}, here.URL, func(t *testing.T, a api, _ string, _ *int) {
			away.last = nil
			resp, err := a.Post(t.Context(), "x", "text/plain", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if away.last == nil || away.last.Header["Authorization"] != nil || away.body != "body" {
				t.Errorf("sent %v", away.last)
			}
		})
	})
	t.Run("case 82: oauth1", func(t *testing.T) {
		config := providers(t)["oauth1"]
		_, login := logIn(t, "oauth1", config)
		config.APIBaseURL, away.last = here.URL, nil
		client := must(newRegistry(t, registry.Options{}).Register("oauth1", config))
		_, err := client.WithToken(login.Token).Get(t.Context(), "x")
		if !errors.Is(err, httpclient.ErrOrigin) || away.last != nil {
			t.Errorf("sent %v, %v", away.last, err)
		}
	})
}

// A call's own deadline goes before Config.Timeout, and that before the http.Client's.
func TestTimeout(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	const soon = 10 * time.Millisecond
	for _, test := range []struct {
		name              string
		ref               string
		own, config, call time.Duration // zero is none
		timesOut          bool
	}{
		{"case 86: the call has longer", "/", time.Nanosecond, time.Nanosecond, time.Minute, false},
		{"case 86: the call has less", "/hangs", time.Minute, time.Minute, soon, true},
		{"the client has longer", "/", time.Nanosecond, time.Minute, 0, false},
		{"the client has less", "/hangs", time.Minute, soon, 0, true},
		{"the http.Client's", "/hangs", soon, 0, 0, true},
		{"nobody says", "/", 0, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := good()
			c.APIBaseURL, c.Timeout = s.URL, test.config
			client := must(newRegistry(t, registry.Options{HTTP: &http.Client{Timeout: test.own}}).
				Register("name", c))
			ctx := t.Context()
			if test.call > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.call)
				defer cancel()
			}
			resp, err := client.WithToken(bearer(t)).Get(ctx, test.ref)
			if err == nil {
				resp.Body.Close()
			}
			if (err != nil) != test.timesOut ||
				err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v", err)
			}
		})
	}
	c := good()
	c.APIBaseURL, c.Timeout = s.URL, time.Second
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	hc, err := client.WithoutToken().HTTPClient(t.Context())
	if err != nil || hc.Timeout != time.Second {
		t.Errorf("the http.Client's: %v, %v", hc, err)
	}
}

func TestUserAgent(t *testing.T) {
	s := record(t)
	c := good()
	c.APIBaseURL, c.UserAgent = s.URL, "app/1"
	client := must(newRegistry(t, registry.Options{}).Register("name", c))
	resp, err := client.WithoutToken().Get(t.Context(), "x")
	if err != nil || s.last.Header.Get("User-Agent") != "app/1" {
		t.Fatalf("%v, %v", s.last, err)
	}
	resp.Body.Close()
}

// The http.Client of each of them is pinned as well, and asks nobody for what it refuses.
func TestHTTPClientIsPinned(t *testing.T) {
	s := record(t)
	each(t, registry.Options{}, s.URL+"/api", func(t *testing.T, a api, token string, asked *int) {
		hc, err := a.HTTPClient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		*asked, s.last = 0, nil
		body := &closer{Reader: bytes.NewReader(nil)}
		_, err = hc.Post("http://127.0.0.1:1/x", "text/plain", body)
		if !errors.Is(err, httpclient.ErrOrigin) || *asked != 0 || !body.closed {
			t.Errorf("elsewhere: %v, asked %d times", err, *asked)
		}
		resp, err := hc.Get(s.URL + "/x")
		if err != nil || s.last.Header.Get("Authorization") != token {
			t.Fatalf("%v, %v", s.last, err)
		}
		resp.Body.Close()
	})
}

// Who was removed calls nobody.
func TestCallsOfRemoved(t *testing.T) {
	reg := newRegistry(t, registry.Options{})
	client := must(reg.Register("name", good()))
	if err := reg.Remove("name"); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]api{"client": client, "without": client.WithoutToken()} {
		_, err := a.HTTPClient(t.Context())
		_, errGet := a.Get(t.Context(), "x")
		if !errors.Is(err, registry.ErrNotRegistered) ||
			!errors.Is(errGet, registry.ErrNotRegistered) {
			t.Errorf("%s: %v, %v", name, err, errGet)
		}
	}
}
