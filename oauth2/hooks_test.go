package oauth2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
)

func readAll(r *http.Request) string {
	if r.Body == nil {
		return ""
	}
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

func jsonText(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// A diary is what hooks write into when they are called.
type diary struct{ lines []string }

func (d *diary) request(name string) []RequestHook {
	hook := func(number string) RequestHook {
		return func(_ context.Context, req *http.Request) error {
			d.lines = append(d.lines, name+number)
			req.Header.Add("Accept", name+number)
			return nil
		}
	}
	return []RequestHook{hook("1"), hook("2"), hook("3")}
}

func (d *diary) response(name string) []ResponseHook {
	hook := func(number string) ResponseHook {
		return func(_ context.Context, resp *httpclient.Response) error {
			d.lines = append(d.lines, name+number)
			return nil
		}
	}
	return []ResponseHook{hook("1"), hook("2"), hook("3")}
}

func (d *diary) hooks() Hooks {
	return Hooks{
		AccessTokenRequest:          d.request("access "),
		AccessTokenResponse:         d.response("access response "),
		RefreshTokenRequest:         d.request("refresh "),
		RefreshTokenResponse:        d.response("refresh response "),
		DeviceAuthorizationRequest:  d.request("device "),
		DeviceAuthorizationResponse: d.response("device response "),
		RevokeTokenRequest:          d.request("revoke "),
		IntrospectTokenRequest:      d.request("introspect "),
		ProtectedRequest:            d.request("protected "),
	}
}

// replaceHook puts others where h has its hooks number i.
func replaceHook(h Hooks, i int, request RequestHook, response ResponseHook) {
	for _, list := range [][]RequestHook{h.AccessTokenRequest, h.RefreshTokenRequest,
		h.DeviceAuthorizationRequest, h.RevokeTokenRequest, h.IntrospectTokenRequest,
		h.ProtectedRequest} {
		if request != nil {
			list[i] = request
		}
	}
	for _, list := range [][]ResponseHook{h.AccessTokenResponse, h.RefreshTokenResponse,
		h.DeviceAuthorizationResponse} {
		if response != nil {
			list[i] = response
		}
	}
}

// allEndpoints is the configuration of a client of a server at base that has every endpoint.
func allEndpoints(base string) Config {
	config := configAt(base)
	config.Server.RevocationEndpoint = base + "/revoke"
	config.Server.IntrospectionEndpoint = base + "/introspect"
	config.Server.DeviceAuthorizationEndpoint = base + "/device"
	return config
}

// A hookCase is something that a client does, and the hooks that this is for.
type hookCase struct {
	name, request, response string
	do                      func(t *testing.T, c *Client, base string) error
}

func hookCases() []hookCase {
	cases := []hookCase{
		{"revocation", "revoke ", "", func(t *testing.T, c *Client, _ string) error {
			return c.Revoke(t.Context(), stored(t, Record{AccessToken: "a"}), "")
		}},
		{"introspection", "introspect ", "", func(t *testing.T, c *Client, _ string) error {
			_, err := c.Introspect(t.Context(), "a", "")
			return err
		}},
		{"protected", "protected ", "", getProtected},
		{"device authorization", "device ", "device response ", func(t *testing.T, c *Client,
			_ string) error {
			_, err := c.DeviceAuthorization(t.Context(), TokenOptions{})
			return err
		}},
	}
	for _, g := range allGrants() {
		of := "access "
		if g.name == "refresh" {
			of = "refresh "
		}
		cases = append(cases, hookCase{g.name, of, of + "response ",
			func(t *testing.T, c *Client, _ string) error {
				_, err := g.ask(t, t.Context(), c, TokenOptions{})
				return err
			}})
	}
	return cases
}

func getProtected(t *testing.T, c *Client, base string) error {
	transport, err := c.Transport(stored(t, Record{AccessToken: "a"}), base)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", base+"/api", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// whatever answers all that a client asks.
const whatever = `{"access_token":"a","token_type":"Bearer","issued_token_type":"x",` +
	`"active":true,` +
	`"device_code":"d","user_code":"u","verification_uri":"https://as.example","expires_in":9}`

// Each kind of hook is for its own requests, and is called in its order.
func TestHooksAreCalledInOrder(t *testing.T) {
	for _, test := range hookCases() {
		t.Run(test.name, func(t *testing.T) {
			s, d := newServer(t, answerJSON(200, whatever)), &diary{}
			config := allEndpoints(s.URL)
			config.Hooks = d.hooks()
			if err := test.do(t, newClient(t, config), s.URL); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(d.lines, ","); got != calls(test) {
				t.Errorf("called %q, want %q", got, calls(test))
			}
			if got := s.requests(); len(got) != 1 || !strings.Contains(got[0], test.request) {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// An error ends the exchange: that of a request before it is sent, that of a response
// before it is read. Later hooks are not called.
func TestHookErrors(t *testing.T) {
	no := errors.New("no")
	refuse := func(context.Context, *http.Request) error { return no }
	unread := func(context.Context, *httpclient.Response) error { return no }
	for _, test := range hookCases() {
		for _, before := range []bool{true, false} {
			if !before && test.response == "" {
				continue
			}
			s, d := newServer(t, answerJSON(400, `{"error":"not read"}`)), &diary{}
			h := d.hooks()
			want, sent := []string{test.request + "1"}, 0
			if before {
				replaceHook(h, 1, refuse, nil)
			} else {
				replaceHook(h, 1, nil, unread)
				want = []string{test.request + "1", test.request + "2", test.request + "3",
					test.response + "1"}
				sent = 1
			}
			config := allEndpoints(s.URL)
			config.Hooks = h
			err := test.do(t, newClient(t, config), s.URL)
			if !errors.Is(err, no) || !slices.Equal(d.lines, want) || len(s.requests()) != sent {
				t.Errorf("%s, before %v: called %q and sent %q; error is %v", test.name, before,
					d.lines, s.requests(), err)
			}
			wantText(t, err, ": hook: no")
		}
	}
}

// hooked sends one token request that hook has changed, and returns it.
func hooked(t *testing.T, query string, hook RequestHook) string {
	t.Helper()
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.Server.TokenEndpoint += query
	config.Hooks.AccessTokenRequest = []RequestHook{hook}
	if _, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	return s.requests()[0]
}

// What a hook leaves is what is sent.
func TestHooksChangeRequests(t *testing.T) {
	const head = "Accept: application/json\nAuthorization: Basic Y2xpZW50OnNlY3JldA==\n"
	const form = "Content-Type: application/x-www-form-urlencoded\n"
	for _, test := range []struct {
		name, query string
		change      func(*http.Request)
		want        string
	}{
		{"nothing", "", func(*http.Request) {},
			"POST /token\n" + head + form + "\ngrant_type=client_credentials"},
		{"parameters", "", func(r *http.Request) {
			r.PostForm.Set("client_key", "k")
			r.PostForm["n"] = []string{"1", "2"}
			r.PostForm.Del("grant_type")
		}, "POST /token\n" + head + form + "\nclient_key=k&n=1&n=2"},
		{"no parameters", "?t=1", func(r *http.Request) { r.PostForm = nil },
			"POST /token?t=1\n" + head + form + "\n"},
		{"header", "", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("Accept", "text/plain")
		}, "POST /token\nAccept: text/plain\n" + form + "\ngrant_type=client_credentials"},
		{"GET", "", func(r *http.Request) { r.Method = "GET" },
			"GET /token?grant_type=client_credentials\n" + head + "\n"},
		{"GET behind a query", "?t=1", func(r *http.Request) { r.Method = "GET" },
			"GET /token?t=1&grant_type=client_credentials\n" + head + "\n"},
		{"GET of no parameters", "?t=1", func(r *http.Request) {
			r.Method, r.PostForm = "GET",
				nil
		},
			"GET /token?t=1\n" + head + "\n"},
		{"URL", "", func(r *http.Request) { r.URL.Path = "/other" },
			"POST /other\n" + head + form + "\ngrant_type=client_credentials"},
		{"PUT", "", func(r *http.Request) { r.Method = "PUT" },
			"PUT /token\n" + head + form + "\ngrant_type=client_credentials"},
		{"a body of its own", "", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(strings.NewReader(`{"grant":"` + r.PostForm.Get("grant_type") +
				`"}`))
		}, "POST /token\n" + head + "Content-Type: application/json\n\n" +
			`{"grant":"client_credentials"}`},
		{"GET with a body of its own", "", func(r *http.Request) {
			r.Method = "GET"
			r.Body = io.NopCloser(strings.NewReader("x"))
		}, "GET /token\n" + head + form + "\nx"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := hooked(t, test.query, func(_ context.Context, r *http.Request) error {
				test.change(r)
				return nil
			})
			if got != test.want {
				t.Errorf("sent\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// A hook comes after the client has authenticated, and has the context of the request.
func TestHooksSee(t *testing.T) {
	type key struct{}
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.Auth = ClientSecretPost("secret")
	var seen url.Values
	var told []any
	config.Hooks.AccessTokenRequest = []RequestHook{func(ctx context.Context,
		r *http.Request) error {
		seen, told = r.PostForm, append(told, ctx.Value(key{}), r.Context().Value(key{}))
		return nil
	}}
	config.Hooks.AccessTokenResponse = []ResponseHook{
		func(ctx context.Context, _ *httpclient.Response) error {
			told = append(told, ctx.Value(key{}))
			return nil
		}}
	_, err := newClient(t, config).ClientCredentials(context.WithValue(t.Context(), key{}, 1),
		TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if seen.Get("client_secret") != "secret" || seen.Get("client_id") != "client" ||
		!slices.Equal(told, []any{1, 1, 1}) {
		t.Errorf("saw %q and %v", seen, told)
	}
}

// A hook cannot send a secret where none may go, nor a request past its context.
func TestHooksAreChecked(t *testing.T) {
	for raw, want := range map[string]string{
		"http://as.example/token":     "insecure URL",
		"https://u:p@as.example/":     "insecure URL",
		"https://as.example:x/token?": "",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			continue
		}
		s := newServer(t, answerJSON(200, goodToken))
		config := configAt(s.URL)
		config.Hooks.AccessTokenRequest = []RequestHook{func(_ context.Context,
			r *http.Request) error {
			r.URL = u
			return nil
		}}
		tok, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
		if got := outcome(err); got != want || tok != nil {
			t.Errorf("%s: %v and %q, want %q", raw, tok, got, want)
		}
	}
}

// What a hook makes of a response is read and checked like one.
func TestHooksChangeResponses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*httpclient.Response)
		want   string
	}{
		{"nothing", func(*httpclient.Response) {}, "server  418"},
		{"status", func(r *httpclient.Response) { r.Status = 200 }, "check content_type"},
		{"header", func(r *httpclient.Response) {
			r.Status = 200
			r.Header.Set("Content-Type", "application/json")
		}, "check body"},
		{"body", func(r *httpclient.Response) {
			r.Status = 200
			r.Header.Set("Content-Type", "application/json")
			r.Body = []byte(goodToken)
		}, "ok"},
		{"an error", func(r *httpclient.Response) { r.Body = []byte(`{"error":"x"}`) },
			"server x 418"},
	} {
		config := configAt(newServer(t, answerAs(418, "text/html", "<html>")).URL)
		config.Hooks.AccessTokenResponse = []ResponseHook{
			func(_ context.Context, r *httpclient.Response) error {
				test.change(r)
				return nil
			}}
		tok, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
		if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, tok, got, test.want)
		}
	}
}

// New copies the lists: who changes his afterwards changes nothing.
func TestHooksAreCopied(t *testing.T) {
	for _, test := range hookCases() {
		s, d := newServer(t, answerJSON(200, whatever)), &diary{}
		config := allEndpoints(s.URL)
		config.Hooks = d.hooks()
		c := newClient(t, config)
		replaceHook(config.Hooks, 0,
			func(context.Context, *http.Request) error { return errFailing },
			func(context.Context, *httpclient.Response) error { return errFailing })
		if err := test.do(t, c, s.URL); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// slackHook gives a token the type that Slack leaves out.
func slackHook(_ context.Context, resp *httpclient.Response) error {
	var members map[string]any
	if err := json.Unmarshal(resp.Body, &members); err != nil {
		return err
	}
	members["token_type"] = "Bearer"
	var err error
	resp.Body, err = json.Marshal(members)
	return err
}

// stackOverflowHook makes JSON of a form, and expires_in of the expires that it has.
func stackOverflowHook(_ context.Context, resp *httpclient.Response) error {
	form, err := url.ParseQuery(string(bytes.TrimSpace(resp.Body)))
	if err != nil {
		return err
	}
	resp.Header.Set("Content-Type", "application/json")
	resp.Body, err = json.Marshal(map[string]string{
		"access_token": form.Get("access_token"),
		"token_type":   "Bearer",
		"expires_in":   form.Get("expires"),
	})
	return err
}

// The two samples of Authlib's manual.
func TestHookSamples(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		hook   ResponseHook
		ends   time.Time
		plain  string
	}{
		{"Slack", answerJSON(200, `{"ok":true,"access_token":"a","scope":"read"}`), slackHook,
			time.Time{}, "check token_type"},
		{"Stack Overflow", answerAs(200, "application/x-www-form-urlencoded",
			"access_token=a&expires=86400"), stackOverflowHook, start.Add(24 * time.Hour),
			"check content_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt(newServer(t, test.answer).URL)
			if _, err := newClient(t, config).ClientCredentials(t.Context(),
				TokenOptions{}); outcome(err) != test.plain {
				t.Errorf("without the hook, error is %v, want %s", err, test.plain)
			}
			config.Hooks.AccessTokenResponse = []ResponseHook{test.hook}
			tok, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if tok.AccessToken() != "a" || tok.TokenType != "Bearer" ||
				!tok.ExpiresAt.Equal(test.ends) {
				t.Errorf("token is %+v", tok)
			}
		})
	}
}
