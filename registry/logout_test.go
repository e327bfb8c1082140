package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

const (
	endSession  = "https://provider.example/end?tenant=1"
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// withLogout adds to a site's clients "op" and "op2", of providers with a logout, and "no", of
// one without.
func (s *served) withLogout(t *testing.T) *jose.Key {
	t.Helper()
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	for name, endpoint := range map[string]string{
		"op": endSession, "op2": "https://provider.example/end", "no": ""} {
		c := registry.Config{
			Issuer:             "https://" + name + ".provider.example",
			ClientID:           name,
			AuthorizeURL:       "https://provider.example/authorize",
			AccessTokenURL:     "https://provider.example/token",
			JWKS:               jose.NewSet(key),
			EndSessionEndpoint: endpoint,
			Protocol:           registry.ProtocolOIDC,
		}
		c.OIDC.IDToken.SigningAlgorithm = "ES256"
		s.register(name, c)
	}
	return key
}

// ending is a site that logs its users out at the provider of the parameter "at" too, with what
// a test asks for, and what its LogoutFunc was called with.
type ending struct {
	*served
	key   *jose.Key
	asked registry.LogoutOptions
	ended []string
	fails error
	log   bytes.Buffer
}

func newEnding(t *testing.T, edit func(*registry.HandlerOptions)) *ending {
	t.Helper()
	return newEndingOn(t, nil, edit)
}

// newEndingOn is a newEnding whose logouts are in store.
func newEndingOn(
	t *testing.T, store registry.Store, edit func(*registry.HandlerOptions),
) *ending {
	t.Helper()
	s := &ending{}
	s.served = newServed(t, registry.Options{BaseURL: siteURL, Store: store,
		Logger: slog.New(slog.NewTextHandler(&s.log, nil))}, nil)
	s.key = s.withLogout(t)
	o := sessionOptions()
	o.LogoutCallbackPath = "/logout/{provider}"
	o.ProviderLogout = func(r *http.Request) (string, registry.LogoutOptions) {
		if _, err := r.Cookie("user"); err != nil {
			t.Error("asked after the session had ended")
		}
		return r.FormValue("at"), s.asked
	}
	o.EndSessions = func(_ context.Context, who oidc.Identity, sid string) error {
		s.ended = append(s.ended, who.Issuer+" "+who.Subject+" "+sid)
		return s.fails
	}
	o.Error = func(w http.ResponseWriter, r *http.Request, err error) {
		s.errs = append(s.errs, err)
		registry.ErrorPage(w, r, err)
	}
	loggedOut := o.LoggedOut
	o.LoggedOut = func(w http.ResponseWriter, r *http.Request) error {
		s.outs++
		return loggedOut(w, r)
	}
	if edit != nil {
		edit(&o)
	}
	h, err := s.registry.Handlers(o)
	if err != nil {
		t.Fatal(err)
	}
	s.mux = http.NewServeMux()
	s.mux.Handle("/login/{provider}", h.Login)
	s.mux.Handle("/callback/{provider}", h.Callback)
	s.mux.Handle("/logout", h.Logout)
	s.mux.Handle("/logout/{provider}", h.LogoutCallback)
	s.mux.Handle("/logout/{provider}/backchannel", h.BackChannelLogout)
	s.mux.Handle("/logout/{provider}/frontchannel", h.FrontChannelLogout)
	return s
}

func userOf() *browser { return userInto(newBrowser()) }

// leave logs a browser out, and returns the parameters that the provider gets.
func (s *ending) leave(in *browser, form url.Values) url.Values {
	s.Helper()
	w := s.send(in, posted("/logout", form))
	to, err := w.Result().Location()
	if err != nil || w.Code != 303 || to.Host != "provider.example" {
		s.Fatalf("status %d to %v, %v, errors %v", w.Code, to, err, s.errs)
	}
	if in.cookies["user"] != nil {
		s.Error("the session of the site goes on")
	}
	return to.Query()
}

func TestProviderLogout(t *testing.T) {
	s := newEnding(t, nil)
	s.asked = registry.LogoutOptions{LogoutHint: "alice", UILocales: []string{"fr", "de"},
		Params: url.Values{"x": {"y"}}}
	in := userOf()
	sent := s.leave(in, url.Values{"at": {"op"}, "return_to": {"/bye"}})
	for name, want := range map[string]string{"tenant": "1", "client_id": "op", "x": "y",
		"post_logout_redirect_uri": siteURL + "/logout/op", "logout_hint": "alice",
		"ui_locales": "fr de"} {
		if got := sent.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	back := "/logout/op?state=" + sent.Get("state")
	wantRedirect(t, "back", s.get(in, back), 303, "/bye")
	s.wantPage("back again", s.get(in, back), 400, reason(registry.ReasonUsed))
	if s.outs != 1 {
		t.Errorf("%d logouts", s.outs)
	}
	sent = s.leave(userOf(), url.Values{"at": {"op2"}, "return_to": {"//b.example"}})
	if sent.Get("post_logout_redirect_uri") != siteURL+"/logout/op2" {
		t.Errorf("sent %v", sent)
	}
}

func TestProviderLogoutHint(t *testing.T) {
	s := newEnding(t, nil)
	payload := `{"iss":"https://op.provider.example","sub":"alice"}`
	hint, err := jose.Sign([]byte(payload), s.key, jose.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.asked.IDTokenHint = hint
	if got := s.leave(userOf(), url.Values{"at": {"op"}}).Get("id_token_hint"); got != hint {
		t.Errorf("hint %q", got)
	}
	s.asked.IDTokenHint = "no token"
	w := s.send(userOf(), posted("/logout", url.Values{"at": {"op"}}))
	s.wantPage("no token", w, 502, &jose.CheckError{Check: "id_token_hint"})
}

// Without LogoutCallbackPath the browser stays at the provider, and holds nothing.
func TestProviderLogoutStays(t *testing.T) {
	s := newEnding(t, func(o *registry.HandlerOptions) { o.LogoutCallbackPath = "" })
	in := userOf()
	sent := s.leave(in, url.Values{"at": {"op"}})
	if sent.Has("state") || sent.Has("post_logout_redirect_uri") || len(in.cookies) != 0 {
		t.Errorf("sent %v, cookies %v", sent, in.cookies)
	}
}

// Where the provider has no logout, the user is logged out of the site.
func TestProviderWithoutLogout(t *testing.T) {
	s := newEnding(t, nil)
	for _, at := range []string{"", "no", "a", "one"} {
		w := s.send(userOf(), posted("/logout", url.Values{"at": {at}, "return_to": {"/bye"}}))
		wantRedirect(t, at, w, 303, "/bye")
	}
	if s.outs != 4 || len(s.errs) != 0 {
		t.Errorf("%d logouts, %v", s.outs, s.errs)
	}
	w := s.send(userOf(), posted("/logout", url.Values{"at": {"unknown"}}))
	s.wantPage("unknown", w, 502, registry.ErrNotRegistered)
	if !strings.Contains(w.Body.String(), "You are logged out of this site alone") {
		t.Errorf("the page is %s", w.Body)
	}
}

func TestLogoutCallbackRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		path func(state string) string
		in   func(in *browser) *browser
		want registry.Reason
	}{
		"no state": {path: func(string) string { return "/logout/op" },
			want: registry.ReasonNoState},
		"another state": {path: func(string) string { return "/logout/op?state=x" },
			want: registry.ReasonOtherBrowser},
		"another browser": {in: func(*browser) *browser { return newBrowser() },
			want: registry.ReasonOtherBrowser},
		"another client": {path: func(s string) string { return "/logout/op2?state=" + s },
			want: registry.ReasonOtherClient},
	} {
		s, in := newEnding(t, nil), userOf()
		path := "/logout/op?state=" + s.leave(in, url.Values{"at": {"op"}}).Get("state")
		if test.path != nil {
			path = test.path(strings.TrimPrefix(path, "/logout/op?state="))
		}
		if test.in != nil {
			in = test.in(in)
		}
		s.wantPage(name, s.get(in, path), 400, reason(test.want))
	}
	s, in := newEnding(t, nil), userOf()
	path := "/logout/op?state=" + s.leave(in, url.Values{"at": {"op"}}).Get("state")
	s.now = s.now.Add(11 * time.Minute)
	s.wantPage("late", s.get(in, path), 400, reason(registry.ReasonExpired))
	if w := s.get(in, "/logout/a?state=x"); w.Code != 400 ||
		!strings.Contains(s.errs[0].Error(), "needs OpenID Connect") {
		t.Errorf("OAuth 2.0: status %d, %v", w.Code, s.errs)
	}
	s.wantPage("no client", s.get(in, "/logout/unknown?state=x"), 404, registry.ErrNotRegistered)
	path = "/logout/op?state=" + s.leave(userInto(in), url.Values{"at": {"op"}}).Get("state")
	s.wantPage("state twice", s.get(in, path+"&state=x"), 400, &jose.CheckError{Check: "parameters"})
}

// userInto logs the user in again.
func userInto(in *browser) *browser {
	in.cookies["user"] = &http.Cookie{Name: "user", Value: "1"}
	return in
}

// A logout goes on where the session that it ended had the store.
func TestProviderLogoutInEachStore(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		s := newEndingOn(t, d.store, func(o *registry.HandlerOptions) {
			o.LoggedOut = func(w http.ResponseWriter, r *http.Request) error {
				if d.sessions != nil {
					clear(d.sessions.texts)
				}
				http.SetCookie(w, &http.Cookie{Name: "user", MaxAge: -1})
				return nil
			}
		})
		in := userOf()
		s.get(in, "/login/op") // what is begun ends with the session
		back := "/logout/op?state=" +
			s.leave(in, url.Values{"at": {"op"}, "return_to": {"/bye"}}).Get("state")
		wantRedirect(t, "back", s.get(in, back), 303, "/bye")
		s.wantPage("back again", s.get(in, back), 400, reason(registry.ReasonUsed))
	})
}

// What is not the browser's fault, nor the provider's, is not said to be.
func TestProviderLogoutInAStoreThatIsDown(t *testing.T) {
	d := beds["cache"]()
	s, in := newEndingOn(t, d.store, nil), userOf()
	back := "/logout/op?state=" + s.leave(in, url.Values{"at": {"op"}}).Get("state")
	d.cache.getFail = errors.New("the cache is down")
	s.wantPage("down", s.get(in, back), 500, d.cache.getFail)
	d.cache.setFail = errors.New("the cache is full")
	w := s.send(userOf(), posted("/logout", url.Values{"at": {"op"}}))
	s.wantPage("full", w, 500, d.cache.setFail)
}

// A client that is replaced while its user is at the provider goes on with the same provider, and
// with no other.
func TestLogoutCallbackAfterReplace(t *testing.T) {
	for issuer, want := range map[string]int{
		"https://op.provider.example": 303, "https://new.provider.example": 400} {
		s, in := newEnding(t, nil), userOf()
		back := "/logout/op?state=" + s.leave(in, url.Values{"at": {"op"}}).Get("state")
		c := registry.Config{Issuer: issuer, ClientID: "op", JWKS: jose.NewSet(s.key),
			AuthorizeURL:   "https://provider.example/authorize",
			AccessTokenURL: "https://provider.example/token", Protocol: registry.ProtocolOIDC}
		if err := s.registry.Replace("op", c); err != nil {
			t.Fatal(err)
		}
		w := s.get(in, back)
		if w.Code != want {
			t.Errorf("%s: status %d, %v", issuer, w.Code, s.errs)
		}
		if want == 400 {
			s.wantPage(issuer, w, 400, reason(registry.ReasonOtherProvider))
		}
	}
}

// Another site logs nobody out, here or there, and a session that cannot be ended is not left to
// the provider.
func TestProviderLogoutRefuses(t *testing.T) {
	broken := errors.New("the sessions cannot be reached")
	s := newEnding(t, func(o *registry.HandlerOptions) {
		o.LoggedOut = func(http.ResponseWriter, *http.Request) error { return broken }
	})
	in := userOf()
	w := s.send(in, posted("/logout", url.Values{"at": {"op"}}))
	s.wantPage("not ended", w, 500, broken)
	r := posted("/logout", url.Values{"at": {"op"}})
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	s.wantPage("another site", s.send(in, r), 403, reason(registry.ReasonOtherSite))
	r = posted("/logout?%zz", nil)
	if w := s.send(in, r); w.Code != 400 || w.Header().Get("Location") != "" {
		t.Errorf("no form: status %d", w.Code)
	}
	if len(in.cookies) != 1 {
		t.Errorf("cookies %v", in.cookies)
	}
}

// Who was logged out of the site, and not at the provider, is not told of a login.
func TestProviderLogoutFails(t *testing.T) {
	s := newEnding(t, nil)
	s.asked.IDTokenHint = "no token"
	w := s.send(userOf(), posted("/logout", url.Values{"at": {"op"}}))
	s.wantPage("no token", w, 502, &jose.CheckError{Check: "id_token_hint"})
	if body := w.Body.String(); strings.Contains(body, "login") {
		t.Error(body)
	}
}

func TestLogoutOptionsShowNoHint(t *testing.T) {
	const hint = "eyJhbGciOi"
	o := registry.LogoutOptions{IDTokenHint: hint, LogoutHint: hint}
	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "o", o)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&text, verb, o)
	}
	if strings.Contains(text.String(), hint) {
		t.Error(text.String())
	}
}

// Without the handlers, too, the state is in no cache and goes to no other site.
func TestValidateLogoutResponseHeaders(t *testing.T) {
	s := newEnding(t, nil)
	c, err := s.registry.Client("op")
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", siteURL+"/logout/op?state=x", nil)
	_, err = c.ValidateLogoutResponse(w, r)
	if !errors.Is(err, reason(registry.ReasonOtherBrowser)) ||
		w.Header().Get("Cache-Control") != "no-store" ||
		w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("got %v, header %v", err, w.Header())
	}
}

// A logout is no login, and a login no logout.
func TestLogoutIsNoLogin(t *testing.T) {
	s, in := newEnding(t, nil), userOf()
	state := s.leave(in, url.Values{"at": {"op"}}).Get("state")
	w := s.get(in, "/callback/op?code=c&iss=https://op.provider.example&state="+state)
	s.wantPage("a logout's state", w, 400, reason(registry.ReasonOtherPurpose))
	begun, err := s.get(in, "/login/op").Result().Location()
	if err != nil {
		t.Fatal(err)
	}
	w = s.get(in, "/logout/op?state="+begun.Query().Get("state"))
	s.wantPage("a login's state", w, 400, reason(registry.ReasonOtherPurpose))
}

func TestLogoutRedirectRefuses(t *testing.T) {
	s := newEnding(t, nil)
	for name, test := range map[string]struct {
		client string
		o      registry.LogoutOptions
		want   string
	}{
		"OAuth 2.0":       {"a", registry.LogoutOptions{}, "needs OpenID Connect"},
		"OAuth 1.0":       {"one", registry.LogoutOptions{}, "needs OpenID Connect"},
		"no endpoint":     {"no", registry.LogoutOptions{}, "end_session_endpoint"},
		"http":            {"op", registry.LogoutOptions{RedirectURI: "http://a.example/"}, "redirect URI"},
		"return to other": {"op", registry.LogoutOptions{ReturnTo: "//a.example/"}, "ReturnTo"},
		"parameter":       {"op", registry.LogoutOptions{Params: url.Values{"state": {"x"}}}, "params"},
	} {
		c, err := s.registry.Client(test.client)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		err = c.LogoutRedirect(w, httptest.NewRequest("GET", siteURL, nil), test.o)
		if err == nil || !strings.Contains(err.Error(), test.want) || len(w.Header()) != 0 ||
			!strings.Contains(err.Error(), `registry: "`+test.client+`": `) {
			t.Errorf("%s: %v, header %v", name, err, w.Header())
		}
	}
	var none registry.Registry
	c, err := none.Register("later", registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", siteURL, nil)
	if err := c.LogoutRedirect(w, r, registry.LogoutOptions{}); !errors.Is(err, registry.ErrNotInitialized) {
		t.Error(err)
	}
	if to, err := c.ValidateLogoutResponse(w, r); to != "" || !errors.Is(err, registry.ErrNotInitialized) {
		t.Error(to, err)
	}
}

// logoutToken is one of the provider "op", changed.
func (s *ending) logoutToken(change func(claims map[string]any)) string {
	s.Helper()
	claims := map[string]any{"iss": "https://op.provider.example", "aud": "op", "sub": "alice",
		"sid": "s", "jti": "j", "iat": s.now.Unix(), "exp": s.now.Add(time.Minute).Unix(),
		"events": map[string]any{logoutEvent: map[string]any{}}}
	if change != nil {
		change(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		s.Fatal(err)
	}
	token, err := jose.Sign(payload, s.key, jose.SignOptions{Type: "logout+jwt"})
	if err != nil {
		s.Fatal(err)
	}
	return token
}

// tell is a provider's request, which has no cookies.
func (s *ending) tell(path, token string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest("POST", siteURL+path,
		strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(newBrowser(), r)
}

func TestBackAndFrontChannelLogout(t *testing.T) {
	s := newEnding(t, nil)
	token := s.logoutToken(nil)
	const issuer = "https://op.provider.example"
	front := func(query string) *httptest.ResponseRecorder {
		return s.get(newBrowser(), "/logout/"+query)
	}
	for _, test := range []struct {
		name   string
		w      *httptest.ResponseRecorder
		status int
		ended  string
		log    string
	}{
		{"back channel", s.tell("/logout/op/backchannel", token), 200, issuer + " alice s", ""},
		{"again", s.tell("/logout/op/backchannel", token), 400, "",
			`\"op\": oidc: Logout Token: jti must not have come before`},
		{"at another client", s.tell("/logout/op2/backchannel", token), 400, "", "iss must be"},
		{"at OAuth 2.0", s.tell("/logout/a/backchannel", token), 400, "", "needs OpenID Connect"},
		{"at nobody", s.tell("/logout/unknown/backchannel", token), 400, "", "no client of this name"},
		{"an ID Token", s.tell("/logout/op/backchannel", s.logoutToken(func(c map[string]any) {
			delete(c, "events")
		})), 400, "", "events must have"},
		{"front channel", front("op/frontchannel?sid=s&iss=" + issuer), 200, issuer + "  s", ""},
		{"of another", front("op/frontchannel?sid=s&iss=https://op2.provider.example"), 400, "",
			"iss must be"},
		{"of no session", front("op/frontchannel?iss=" + issuer), 400, "", "sid must be"},
		{"front channel of OAuth 1.0", front("one/frontchannel?sid=s&iss=" + issuer), 400, "",
			"needs OpenID Connect"},
	} {
		if test.w.Code != test.status {
			t.Errorf("%s: status %d, want %d", test.name, test.w.Code, test.status)
		}
		if test.ended != "" {
			if len(s.ended) == 0 || s.ended[0] != test.ended {
				t.Errorf("%s: ended %q, want %q first", test.name, s.ended, test.ended)
			}
			s.ended = s.ended[min(1, len(s.ended)):]
		}
		line, rest, _ := strings.Cut(s.log.String(), "\n")
		if test.log != "" && !strings.Contains(line, test.log) {
			t.Errorf("%s: logged %q, want %q", test.name, line, test.log)
		}
		if test.log != "" {
			s.log.Reset()
			s.log.WriteString(rest)
		}
	}
	if len(s.ended) != 0 || s.log.Len() != 0 {
		t.Errorf("also ended %q, logged %s", s.ended, s.log.String())
	}
	s.fails = errors.New("the sessions cannot be reached")
	w := s.tell("/logout/op/backchannel", s.logoutToken(func(c map[string]any) { c["jti"] = "2" }))
	if w.Code != 400 || !strings.Contains(s.log.String(), s.fails.Error()) {
		t.Errorf("status %d, logged %s", w.Code, s.log.String())
	}
}

// Before Init nobody is logged out, and nobody can be told why.
func TestLogoutHandlersBeforeInit(t *testing.T) {
	var reg registry.Registry
	if _, err := reg.Register("op", registry.Config{}); err != nil {
		t.Fatal(err)
	}
	o := sessionOptions()
	o.EndSessions = func(context.Context, oidc.Identity, string) error { return nil }
	h, err := reg.Handlers(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, handler := range []http.Handler{h.BackChannelLogout, h.FrontChannelLogout} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", siteURL, nil)
		r.SetPathValue("provider", "op")
		if handler.ServeHTTP(w, r); w.Code != 400 {
			t.Errorf("status %d", w.Code)
		}
	}
}

// Clients, and processes, that share Options.Replays share what was used.
func TestReplaysAreShared(t *testing.T) {
	seen := replays{}
	for want := range 2 {
		s := &ending{}
		s.served = newServed(t, registry.Options{BaseURL: siteURL, Replays: seen}, nil)
		s.key = s.withLogout(t)
		c, err := s.registry.Client("op")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.OIDC().VerifyLogoutToken(t.Context(), s.logoutToken(nil)); (err != nil) != (want == 1) {
			t.Errorf("time %d: %v", want, err)
		}
	}
}

type replays map[string]time.Time

func (r replays) Add(_ context.Context, key string, until time.Time) (bool, error) {
	_, used := r[key]
	r[key] = until
	return !used, nil
}

func TestLogoutHandlers(t *testing.T) {
	reg := newRegistry(t, registry.Options{BaseURL: siteURL})
	o := sessionOptions()
	h, err := reg.Handlers(o)
	if err != nil || h.LogoutCallback == nil || h.BackChannelLogout != nil ||
		h.FrontChannelLogout != nil {
		t.Errorf("without EndSessions: %+v, %v", h, err)
	}
	for _, path := range []string{"logout/{provider}", "/logout/{provider}?a", "/logout"} {
		o.LogoutCallbackPath = path
		if h, err := reg.Handlers(o); err == nil || h != nil ||
			!strings.Contains(err.Error(), "HandlerOptions.LogoutCallbackPath must") {
			t.Errorf("%s: %v", path, err)
		}
	}
	s := newEnding(t, nil)
	for _, method := range []string{"POST", "HEAD", "PUT"} {
		w := s.send(newBrowser(), httptest.NewRequest(method, siteURL+"/logout/op?state=x", nil))
		if w.Code != 405 || w.Header().Get("Allow") != "GET" {
			t.Errorf("%s: status %d", method, w.Code)
		}
	}
}
