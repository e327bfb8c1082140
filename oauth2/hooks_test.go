package oauth2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
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

// allHooks returns Hooks whose lists each have one hook that writes its field's name and
// suffix to the diary.
func (d *diary) allHooks(suffix string) Hooks {
	var h Hooks
	for field, list := range reflect.ValueOf(&h).Elem().Fields() {
		note := reflect.MakeFunc(list.Type().Elem(), func([]reflect.Value) []reflect.Value {
			d.lines = append(d.lines, field.Name+suffix)
			return []reflect.Value{reflect.Zero(reflect.TypeFor[error]())}
		})
		list.Set(reflect.Append(list, note))
	}
	return h
}

// callAll calls each hook of a list with nothing.
func callAll(list reflect.Value) {
	for i := range list.Len() {
		in := list.Index(i).Type().In(1)
		list.Index(i).Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.Zero(in)})
	}
}

// Then has every list, first its own, and shares none with either.
func TestHooksThen(t *testing.T) {
	d := &diary{}
	first, second := d.allHooks("1"), d.allHooks("2")
	both := first.Then(second)
	for _, h := range []Hooks{first, second} {
		for _, list := range reflect.ValueOf(h).Fields() {
			list.Index(0).SetZero()
		}
	}
	for field, list := range reflect.ValueOf(both).Fields() {
		d.lines = nil
		callAll(list)
		if want := []string{field.Name + "1", field.Name + "2"}; !slices.Equal(d.lines, want) {
			t.Errorf("%s calls %q", field.Name, d.lines)
		}
	}
	for _, h := range []Hooks{Hooks{}.Then(d.allHooks("1")), d.allHooks("1").Then(Hooks{})} {
		for field, list := range reflect.ValueOf(h).Fields() {
			if list.Len() != 1 {
				t.Errorf("%s has %d hooks", field.Name, list.Len())
			}
		}
	}
	if none := (Hooks{}).Then(Hooks{}); !reflect.ValueOf(none).IsZero() {
		t.Errorf("of none: %+v", none)
	}
}

// New copies every list there is.
func TestAllHooksAreCopied(t *testing.T) {
	d := &diary{}
	config := configAt("https://as.example")
	config.Hooks = d.allHooks("")
	c := newClient(t, config)
	for _, list := range reflect.ValueOf(config.Hooks).Fields() {
		list.Index(0).SetZero()
	}
	for field, list := range reflect.ValueOf(c.config.Hooks).Fields() {
		if d.lines = nil; list.Len() != 1 || list.Index(0).IsNil() {
			t.Errorf("%s was not copied", field.Name)
		}
	}
}

// The URL is as its hooks leave it, which see the whole of it, and have the context.
func TestAuthorizationRequestHooks(t *testing.T) {
	type key struct{}
	config := configAt("https://as.example")
	config.Server.AuthorizationEndpoint += "?own=1"
	config.Hooks.AuthorizationRequest = []AuthorizationHook{
		func(ctx context.Context, u *url.URL) error {
			if q := u.Query(); ctx.Value(key{}) != 1 || q.Get("own") != "1" ||
				q.Get("state") == "" ||
				q.Get("code_challenge") == "" {
				t.Errorf("the first sees %s", u)
			}
			u.RawQuery += "&first=1"
			return nil
		},
		func(_ context.Context, u *url.URL) error {
			if !strings.HasSuffix(u.RawQuery, "&first=1") {
				t.Errorf("the second sees %s", u)
			}
			u.Fragment = "second"
			return nil
		},
	}
	c := newClient(t, config)
	req, err := c.Authorize(context.WithValue(t.Context(), key{}, 1),
		AuthorizationOptions{RedirectURI: redirectURI})
	if err != nil || !strings.HasSuffix(req.URL, "&first=1#second") {
		t.Errorf("URL is %v, %v", req, err)
	}
}

// The error of a hook is the end: there is no URL, and no later hook.
func TestAuthorizationRequestHookErrors(t *testing.T) {
	no := errors.New("no")
	config := configAt("https://as.example")
	config.Hooks.AuthorizationRequest = []AuthorizationHook{
		func(context.Context, *url.URL) error { return no },
		func(context.Context, *url.URL) error { t.Error("called"); return nil },
	}
	req, err := newClient(t, config).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI})
	if !errors.Is(err, no) || req != nil ||
		err.Error() != "oauth2: authorization_endpoint: hook: no" {
		t.Errorf("request is %v, error is %v", req, err)
	}
	// What cannot be asked for is no hook's business.
	_, err = newClient(t, config).Authorize(t.Context(), AuthorizationOptions{})
	if outcome(err) != "check redirect_uri" {
		t.Errorf("error is %v", err)
	}
}

// What a hook makes of a callback is checked as any other, and the caller's own stays.
func TestAuthorizationResponseHooks(t *testing.T) {
	for _, test := range []struct {
		name, query string
		change      func(url.Values)
		want        string
	}{
		{"nothing", "code=CODE&state=STATE", func(url.Values) {}, "ok"},
		{"a code", "auth_code=CODE&state=STATE",
			func(v url.Values) { v["code"] = v["auth_code"] }, "ok"},
		{"the first value", "code=x&state=STATE", func(v url.Values) { v["code"][0] = "CODE" },
			"ok"},
		{"no code", "code=CODE&state=STATE", func(v url.Values) { v.Del("code") }, "check code"},
		{"no state", "code=CODE&state=STATE", func(v url.Values) { v.Del("state") }, "check state"},
		{"another state", "code=CODE&state=STATE", func(v url.Values) { v["state"][0] += "x" },
			"check state"},
		{"an issuer", "code=CODE&state=STATE", func(v url.Values) { v.Set("iss", "x") },
			"check iss"},
		{"an error", "code=CODE&state=STATE", func(v url.Values) { v.Set("error", "no") },
			"server no 0"},
		{"a token", "code=CODE&state=STATE", func(v url.Values) { v.Set("access_token", "a") },
			"check response_type"},
		{"twice", "code=CODE&code=CODE&state=STATE",
			func(v url.Values) { v["code"] = v["code"][:1] }, "check parameters"},
		{"a response that was not asked for", "response=a.b.c&state=STATE",
			func(v url.Values) { v.Set("code", "CODE") }, "check response"},
		{"none", "", func(v url.Values) { v.Set("code", "CODE") }, "check state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt("https://as.example")
			config.Hooks.AuthorizationResponse = []CallbackHook{
				func(_ context.Context, v url.Values) error { test.change(v); return nil }}
			c := newClient(t, config)
			txn := begin(t, c).Transaction
			params, err := url.ParseQuery(strings.ReplaceAll(test.query, "STATE", txn.State()))
			if err != nil {
				t.Fatal(err)
			}
			before := params.Encode()
			resp, err := c.AuthorizationResponse(t.Context(), params, txn)
			if got := outcome(err); got != test.want || (resp == nil) != (err != nil) ||
				err == nil && resp.Code() != "CODE" {
				t.Errorf("%v and %q, want %q", resp, got, test.want)
			}
			if params.Encode() != before {
				t.Errorf("the caller's have become %v", params)
			}
			if len(params) == 0 {
				_, err := c.AuthorizationResponse(t.Context(), nil, txn)
				if outcome(err) != test.want {
					t.Errorf("of none, error is %v", err)
				}
			}
		})
	}
}

// The error of a hook is the end of a callback: the code is not sent.
func TestAuthorizationResponseHookErrors(t *testing.T) {
	no := errors.New("no")
	c, s := clientWith(t, answerJSON(200, goodToken), func(c *Config) {
		c.Hooks.AuthorizationResponse = []CallbackHook{
			func(context.Context, url.Values) error { return no },
			func(context.Context, url.Values) error { t.Error("called"); return nil },
		}
	})
	txn := begin(t, c).Transaction
	params := url.Values{"code": {"the-secret-code"}, "state": {txn.State()}}
	tok, err := c.Callback(t.Context(), params, txn)
	if !errors.Is(err, no) || tok != nil || len(s.requests()) > 0 ||
		err.Error() != "oauth2: authorization response: hook: no" {
		t.Errorf("token is %v, error is %v", tok, err)
	}
	params.Add("state", "x")
	if _, err := c.Callback(t.Context(), params, txn); outcome(err) != "check parameters" {
		t.Errorf("error is %v", err)
	}
}

// A secret that a hook has given another name is not repeated.
func TestHooksHideSecrets(t *testing.T) {
	c, _ := clientWith(t, answerJSON(400, `{"error":"x","error_description":"no long-secret"}`),
		func(c *Config) {
			c.Auth = ClientSecretPost("long-secret")
			c.Hooks.AccessTokenRequest = []RequestHook{
				func(_ context.Context, r *http.Request) error {
					r.PostForm["key"] = r.PostForm["client_secret"]
					delete(r.PostForm, "client_secret")
					return nil
				}}
		})
	_, err := c.ClientCredentials(t.Context(), TokenOptions{})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Description() != "no [redacted]" || strings.Contains(e.Excerpt(), "long-secret") {
		t.Errorf("error is %v", err)
	}
}
