package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

const siteURL = "https://site.example"

// A served is a site on handlers. Its session is a cookie that has the user.
type served struct {
	*bench
	mux    *http.ServeMux
	logins []*registry.Login
	outs   int
	errs   []error // since the last request
}

// sessionOptions are those of a site whose session is a cookie that has the user.
func sessionOptions() registry.HandlerOptions {
	return registry.HandlerOptions{
		CallbackPath: "/callback/{provider}",
		Home:         "/home",
		User: func(r *http.Request) string {
			if c, err := r.Cookie("user"); err == nil {
				return c.Value
			}
			return ""
		},
		LoggedIn: func(w http.ResponseWriter, _ *http.Request, login *registry.Login) error {
			if login.User == "" {
				http.SetCookie(w, &http.Cookie{Name: "user", Value: "1"})
			}
			return nil
		},
		LoggedOut: func(w http.ResponseWriter, _ *http.Request) error {
			http.SetCookie(w, &http.Cookie{Name: "user", MaxAge: -1})
			return nil
		},
	}
}

func newServed(
	t *testing.T, o registry.Options, edit func(*registry.HandlerOptions),
) *served {
	t.Helper()
	s := &served{bench: newBench(t, o)}
	s.mux = s.mount(s.registry, edit)
	return s
}

// mount mounts the handlers of a registry, and has s hear what they do.
func (s *served) mount(
	reg *registry.Registry, edit func(*registry.HandlerOptions),
) *http.ServeMux {
	s.Helper()
	h := sessionOptions()
	h.Error = func(w http.ResponseWriter, r *http.Request, err error) {
		s.errs = append(s.errs, err)
		registry.ErrorPage(w, r, err)
	}
	if edit != nil {
		edit(&h)
	}
	loggedIn, loggedOut := h.LoggedIn, h.LoggedOut
	h.LoggedIn = func(w http.ResponseWriter, r *http.Request, login *registry.Login) error {
		s.logins = append(s.logins, login)
		return loggedIn(w, r, login)
	}
	h.LoggedOut = func(w http.ResponseWriter, r *http.Request) error {
		s.outs++
		return loggedOut(w, r)
	}
	made, err := reg.Handlers(h)
	if err != nil {
		s.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/login/{provider}", made.Login)
	mux.Handle("/callback/{provider}", made.Callback)
	mux.Handle("/link/{provider}", made.Link)
	mux.Handle("/logout", made.Logout)
	return mux
}

// send sends a request, whose cookies are the browser's, and keeps those that are set.
func (s *served) send(in *browser, r *http.Request) *httptest.ResponseRecorder {
	s.Helper()
	s.errs = nil
	r.Header.Del("Cookie")
	for _, c := range in.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	in.keep(w)
	h := w.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		s.Errorf("%s %s: headers are %v", r.Method, r.URL, h)
	}
	return w
}

func (s *served) get(in *browser, path string) *httptest.ResponseRecorder {
	s.Helper()
	return s.send(in, httptest.NewRequest(http.MethodGet, siteURL+path, nil))
}

// posted is a POST from a page of the site.
func posted(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, siteURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", siteURL)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// callbackOf returns the path of the callback that follows where w redirects to.
func callbackOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	to, err := w.Result().Location()
	if err != nil || to.Host != "provider.example" {
		t.Fatalf("status %d, redirected to %v, %v", w.Code, to, err)
	}
	back, err := url.Parse(to.Query().Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	return back.Path + "?code=code&state=" + to.Query().Get("state")
}

// wantPage asserts what w is, and what the error is.
func (s *served) wantPage(name string, w *httptest.ResponseRecorder, status int, want error) {
	s.Helper()
	if w.Code != status || w.Header().Get("Location") != "" {
		s.Errorf("%s: status %d to %q, want %d", name, w.Code, w.Header().Get("Location"), status)
	}
	if len(s.errs) != 1 || !errors.Is(s.errs[0], want) {
		s.Errorf("%s: errors are %v, want %v", name, s.errs, want)
	}
}

func wantRedirect(t *testing.T, name string, w *httptest.ResponseRecorder, status int, to string) {
	t.Helper()
	if w.Code != status || w.Header().Get("Location") != to {
		t.Errorf("%s: status %d to %q, want %d to %q", name, w.Code, w.Header().Get("Location"),
			status, to)
	}
}

func reason(r registry.Reason) error { return &registry.TransactionError{Reason: r} }

func TestHandlersRefuses(t *testing.T) {
	type options = registry.HandlerOptions
	named := func(*http.Request) string { return "a" }
	for name, test := range map[string]struct {
		spoil func(o *options)
		want  string
	}{
		"nothing at the end": {func(o *options) { o.LoggedIn = nil }, "LoggedIn is required"},
		"home elsewhere":     {func(o *options) { o.Home = "https://b.example/" }, "Home must be"},
		"home of a host":     {func(o *options) { o.Home = "//b.example" }, "Home must be"},
		"home by backslash":  {func(o *options) { o.Home = `/\b.example` }, "Home must be"},
		"no name in the path": {func(o *options) { o.CallbackPath = "/callback" },
			"CallbackPath must have {provider} where Name is nil"},
		"an opening brace, and a name": {func(o *options) { o.CallbackPath, o.Name = "/{", named },
			"CallbackPath must be a path"},
	} {
		o := sessionOptions()
		test.spoil(&o)
		h, err := newRegistry(t, registry.Options{BaseURL: siteURL}).Handlers(o)
		if err == nil || h != nil || !strings.Contains(err.Error(), "HandlerOptions."+test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for _, path := range []string{siteURL + "/{provider}", "//{provider}", "{provider}",
		"/{provider}?a=b", "/{provider}#a", "/{provider}/{a}", "/{provider...}",
		"/{provider}/{provider}", "/{provider}}", "/{{provider}"} {
		o := sessionOptions()
		o.CallbackPath = path
		_, err := newRegistry(t, registry.Options{BaseURL: siteURL}).Handlers(o)
		if err == nil || !strings.Contains(err.Error(), "CallbackPath must be a path") {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err := newRegistry(t, registry.Options{}).Handlers(sessionOptions())
	if err == nil || !strings.Contains(err.Error(), "CallbackPath needs Options.BaseURL") {
		t.Errorf("without a base URL: %v", err)
	}
}

func TestHandlersAccepts(t *testing.T) {
	loggedIn := sessionOptions().LoggedIn
	for name, o := range map[string]registry.HandlerOptions{
		"no more than must be": {LoggedIn: loggedIn},
		"a path and a name": {LoggedIn: loggedIn, CallbackPath: "/callback",
			Name: func(*http.Request) string { return "a" }},
	} {
		h, err := newRegistry(t, registry.Options{BaseURL: siteURL}).Handlers(o)
		if err != nil || h.Login == nil || h.Callback == nil || h.Link != nil || h.Logout != nil {
			t.Errorf("%s: %v, %v", name, h, err)
		}
	}
	h, err := newRegistry(t, registry.Options{BaseURL: siteURL}).Handlers(sessionOptions())
	if err != nil || h.Link == nil || h.Logout == nil {
		t.Errorf("all of them: %v, %v", h, err)
	}
}

// What is not asked for as it must be has no effect.
func TestHandlersMethods(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	in.cookies["user"] = &http.Cookie{Name: "user", Value: "1"}
	callback := callbackOf(t, s.get(in, "/login/a"))
	for _, test := range []struct{ path, allow string }{
		{"/login/a", "GET, POST"},
		{callback, "GET, POST"},
		{"/link/a", "POST"},
		{"/logout", "POST"},
	} {
		for _, method := range []string{"HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE"} {
			if method == "GET" && test.allow != "POST" {
				continue
			}
			w := s.send(in, httptest.NewRequest(method, siteURL+test.path, nil))
			if w.Code != 405 || w.Header().Get("Allow") != test.allow || len(s.errs) != 0 ||
				w.Header().Get("Set-Cookie") != "" || w.Header().Get("Location") != "" {
				t.Errorf("%s %s: status %d, header %v", method, test.path, w.Code, w.Header())
			}
		}
	}
	if s.outs != 0 || len(s.logins) != 0 {
		t.Errorf("%d logouts, %d logins", s.outs, len(s.logins))
	}
	wantRedirect(t, "the login that waited", s.get(in, callback), 303, "/home")
}

// A browser that runs ahead of its user begins nothing.
func TestLoginInAdvance(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	for _, test := range []struct {
		header, value string
		status        int
	}{
		{"Sec-Purpose", "prefetch", 503},
		{"Sec-Purpose", "prefetch;prerender", 503},
		{"Sec-Purpose", "prefetch;anonymous-client-ip", 503},
		{"Purpose", "Prefetch", 503},
		{"X-Moz", "prefetch", 503},
		{"Sec-Purpose", "else", 302},
		{"Sec-Fetch-Site", "cross-site", 302},
		{"Sec-Fetch-Mode", "navigate", 302},
	} {
		r := httptest.NewRequest("GET", siteURL+"/login/a", nil)
		r.Header.Set(test.header, test.value)
		w := s.send(newBrowser(), r)
		if w.Code != test.status || (w.Header().Get("Set-Cookie") != "") != (test.status == 302) {
			t.Errorf("%s: %s: status %d, header %v", test.header, test.value, w.Code, w.Header())
		}
	}
}

// hostile are places that are not of this site, or that some browser might not take for it.
var hostile = []string{
	"//b.example", "///b.example", `\b.example`, `/\b.example`, `\\b.example`, `\/b.example`,
	"/\t/b.example", "/\n/b.example", "/\r\nSet-Cookie: a=b", "/\x00", "/\x7f", " /a", "/a b",
	"https://b.example/", "HTTPS:b.example", "https://site.example@b.example/",
	"https://site.example/", "javascript:alert(1)", "data:text/html,a", "?a=b", "#a", "a", ".", "",
	"/" + strings.Repeat("a", 512),
}

func TestHandlersReturnTo(t *testing.T) {
	tests := map[string]string{ // where to go on
		"/":                            "/",
		"/a/b?c=d&e=/f#g":              "/a/b?c=d&e=/f#g",
		"/%5cb.example":                "/%5cb.example",
		"/%2fb.example":                "/%2fb.example",
		"/" + strings.Repeat("a", 511): "/" + strings.Repeat("a", 511),
	}
	for _, to := range hostile {
		tests[to] = "/home"
	}
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	for to, want := range tests {
		form := url.Values{"return_to": {to}}
		for name, r := range map[string]*http.Request{
			"query":       httptest.NewRequest("GET", siteURL+"/login/a?"+form.Encode(), nil),
			"posted":      posted("/login/a", form),
			"POST, query": posted("/login/a?"+form.Encode(), nil),
			"link":        posted("/link/a", form),
		} {
			in := newBrowser()
			in.cookies["user"] = &http.Cookie{Name: "user", Value: "1"}
			begun := s.send(in, r)
			if status := map[string]int{"GET": 302, "POST": 303}[r.Method]; begun.Code != status {
				t.Errorf("%s: status %d, want %d", name, begun.Code, status)
			}
			w := s.get(in, callbackOf(t, begun))
			wantRedirect(t, fmt.Sprintf("%s: %q", name, to), w, 303, want)
		}
		w := s.send(newBrowser(), posted("/logout", form))
		wantRedirect(t, fmt.Sprintf("logout: %q", to), w, 303, want)
	}
}

// bodiless is a request that no server makes.
func bodiless(path string) *http.Request {
	r := posted(path, nil)
	r.Body = nil
	return r
}

func TestHandlersForm(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	in.cookies["user"] = &http.Cookie{Name: "user", Value: "1"}
	for _, path := range []string{"/login/a", "/link/a", "/logout"} {
		for name, r := range map[string]*http.Request{
			"too large": posted(path, url.Values{"a": {strings.Repeat("a", 64<<10)}}),
			"query":     posted(path+"?secret=%zz", nil),
			"none":      bodiless(path),
		} {
			w := s.send(in, r)
			if len(s.errs) != 1 || !strings.Contains(s.errs[0].Error(), "must be a form") ||
				strings.Contains(s.errs[0].Error(), "zz") || w.Code != 400 ||
				!strings.Contains(w.Body.String(), "asks for something that this site") {
				t.Errorf("%s: %s: status %d, errors %v", path, name, w.Code, s.errs)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s: %s: header %v", path, name, w.Header())
			}
		}
	}
	if s.outs != 0 {
		t.Errorf("%d logouts", s.outs)
	}
}

// A form may have 64 KiB, and not one byte more.
func TestLargestForm(t *testing.T) {
	for size, status := range map[int]int{64 << 10: 302, 64<<10 + 1: 400} {
		s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
		r := posted("/login/a", url.Values{"a": {strings.Repeat("a", size-len("a="))}})
		if w := s.send(newBrowser(), r); w.Code != status && !(status == 302 && w.Code == 303) {
			t.Errorf("%d bytes: status %d, errors %v", size, w.Code, s.errs)
		}
	}
}

// What another site posts is not sent on if it is no form.
func TestFormOfAnotherSite(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	w := s.crossPost(newBrowser(), "/login/a", url.Values{"a": {strings.Repeat("a", 64<<10)}})
	if w.Code != 400 || len(s.errs) != 1 || w.Header().Get("Location") != "" {
		t.Errorf("status %d to %q, errors %v", w.Code, w.Header().Get("Location"), s.errs)
	}
}

func TestHandlersUnknownClient(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	in.cookies["user"] = &http.Cookie{Name: "user", Value: "1"}
	for _, name := range []string{"nobody", "<script>alert(1)", `"><b>`, "a/b", "A",
		strings.Repeat("a", 4000)} {
		for _, r := range []*http.Request{
			httptest.NewRequest("GET", siteURL+"/login/"+url.PathEscape(name), nil),
			httptest.NewRequest("GET", siteURL+"/callback/"+url.PathEscape(name)+"?code=a", nil),
			posted("/link/"+url.PathEscape(name), nil),
		} {
			w := s.send(in, r)
			s.wantPage(name, w, 404, registry.ErrNotRegistered)
			page := w.Body.String()
			if strings.Contains(page, name) && len(name) > 2 || strings.Contains(page, "<script") {
				t.Errorf("%s is on the page:\n%s", name, page)
			}
		}
	}
}

// Removed, a client is one that was never there.
func TestHandlersRemovedClient(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	callback := callbackOf(t, s.get(in, "/login/a"))
	if err := s.registry.Remove("a"); err != nil {
		t.Fatal(err)
	}
	s.wantPage("removed", s.get(in, callback), 404, registry.ErrNotRegistered)
}

func TestHandlersTenants(t *testing.T) {
	down := errors.New("the database of <tenants> is down")
	s := newServed(t, registry.Options{
		BaseURL: siteURL,
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			switch name {
			case "tenant":
				c := good()
				c.ClientSecret = ""
				return c, nil
			case "wrong":
				return registry.Config{}, nil
			case "nobody":
				return registry.Config{}, fmt.Errorf("tenant: %w", registry.ErrNotRegistered)
			}
			return registry.Config{}, down
		},
	}, nil)
	in := newBrowser()
	callback := callbackOf(t, s.get(in, "/login/tenant"))
	if !strings.HasPrefix(callback, "/callback/tenant?") {
		t.Errorf("callback is %s", callback)
	}
	wantRedirect(t, "tenant", s.get(in, callback), 303, "/home")
	s.wantPage("no tenant", s.get(in, "/login/nobody"), 404, registry.ErrNotRegistered)
	w := s.get(in, "/login/down")
	s.wantPage("failed", w, 503, down)
	if strings.Contains(w.Body.String(), "tenants") {
		t.Errorf("page is %s", w.Body)
	}
	if w := s.get(in, "/login/wrong"); w.Code != 503 || len(s.errs) != 1 {
		t.Errorf("a configuration that cannot work: status %d, errors %v", w.Code, s.errs)
	} else if e, ok := errors.AsType[*registry.ConfigError](s.errs[0]); !ok || e.Client != "wrong" {
		t.Errorf("error is %v", s.errs[0])
	}
}

func TestHandlersBeforeInit(t *testing.T) {
	s := &served{bench: &bench{T: t}}
	var reg registry.Registry
	if _, err := reg.Register("a", good()); err != nil {
		t.Fatal(err)
	}
	s.mux = s.mount(&reg, nil)
	for _, path := range []string{"/login/a", "/callback/a?code=code&state=a", "/callback/a"} {
		s.wantPage(path, s.get(newBrowser(), path), 503, registry.ErrNotInitialized)
	}
	wantRedirect(t, "logout", s.send(newBrowser(), posted("/logout", nil)), 303, "/home")
	own := s.mux
	s.mux = s.mount(&reg, func(o *registry.HandlerOptions) { o.Error = nil })
	if w := s.get(newBrowser(), "/login/a"); w.Code != 503 {
		t.Errorf("status %d without HandlerOptions.Error", w.Code)
	}
	s.mux = own
	if err := reg.Init(registry.Options{EphemeralKey: true, BaseURL: siteURL}); err != nil {
		t.Fatal(err)
	}
	callbackOf(t, s.get(newBrowser(), "/login/a"))
}

// The client may be another's to name, and the redirect URI the client's.
func TestHandlersByName(t *testing.T) {
	s := newServed(t, registry.Options{}, func(o *registry.HandlerOptions) {
		o.CallbackPath = ""
		o.Name = func(r *http.Request) string { return r.Header.Get("Client") }
	})
	c := good()
	c.RedirectURI = siteURL + "/callback/own"
	if _, err := s.registry.Register("b", c); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", siteURL+"/login/a", nil)
	r.Header.Set("Client", "b")
	callback := callbackOf(t, s.send(newBrowser(), r))
	if !strings.HasPrefix(callback, "/callback/own?") {
		t.Errorf("callback is %s", callback)
	}
	r.Header.Set("Client", "a")
	w := s.send(newBrowser(), r)
	if w.Code != 502 || len(s.errs) != 1 || !strings.Contains(s.errs[0].Error(), "redirect URI") {
		t.Errorf("without a redirect URI: status %d, errors %v", w.Code, s.errs)
	}
}

// CallbackPath is where the browser comes back to, whatever the client has.
func TestHandlersCallbackPath(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	c := good()
	c.RedirectURI = siteURL + "/elsewhere"
	if _, err := s.registry.Register("b", c); err != nil {
		t.Fatal(err)
	}
	callback := callbackOf(t, s.get(newBrowser(), "/login/b"))
	if !strings.HasPrefix(callback, "/callback/b?") {
		t.Errorf("callback is %s", callback)
	}
}

// An application says what it asks for, and not whom it is for or where it ends.
func TestHandlersAuthorize(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, func(o *registry.HandlerOptions) {
		o.Authorize = func(r *http.Request) registry.AuthorizeOptions {
			return registry.AuthorizeOptions{
				Scopes:      []string{r.FormValue("scope")},
				Params:      url.Values{"prompt": {"login"}},
				RedirectURI: siteURL + "/elsewhere",
				ReturnTo:    "/elsewhere",
				User:        "2",
			}
		}
	}), newBrowser()
	w := s.get(in, "/login/a?scope=mail")
	to, err := w.Result().Location()
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if q.Get("scope") != "mail" || q.Get("prompt") != "login" {
		t.Errorf("asked for %v", q)
	}
	wantRedirect(t, "login", s.get(in, callbackOf(t, w)), 303, "/home")
	if len(s.logins) != 1 || s.logins[0].User != "" {
		t.Errorf("logins are %v", s.logins)
	}
}

func TestCallback(t *testing.T) {
	denied := func(callback string) string {
		return strings.Replace(callback, "code=code", "error=access_denied"+
			"&error_description=%3Cscript%3Ealert(1)%3C/script%3E", 1)
	}
	failed := func(callback string) string {
		return strings.Replace(denied(callback), "access_denied", "server_error", 1)
	}
	same := func(callback string) string { return callback }
	for name, test := range map[string]struct {
		callback func(string) string
		status   int
		want     error
	}{
		"denied": {denied, 403, registry.ErrAccessDenied},
		"failed": {failed, 502, &oauth2.Error{Code: "server_error"}},
		"no state": {func(string) string { return "/callback/a?code=code" }, 400,
			reason(registry.ReasonNoState)},
		"another state": {func(c string) string { return c + "a" }, 400,
			reason(registry.ReasonOtherBrowser)},
		"another client": {func(c string) string {
			return strings.Replace(c, "/a?", "/a_b?", 1)
		}, 400, reason(registry.ReasonOtherClient)},
		"two codes": {func(c string) string { return c + "&code=b" }, 502,
			&jose.CheckError{Check: "parameters"}},
		"good": {same, 303, nil},
	} {
		for _, user := range []string{"", "1"} {
			s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
			callback := callbackOf(t, s.get(in, "/login/a"))
			if user != "" {
				in.cookies["user"] = &http.Cookie{Name: "user", Value: user}
			}
			w := s.get(in, test.callback(callback))
			if test.want == nil {
				wantRedirect(t, name, w, test.status, "/home")
				continue
			}
			s.wantPage(name, w, test.status, test.want)
			if len(s.logins) != 0 || (in.cookies["user"] != nil) != (user != "") {
				t.Errorf("%s: logins %v, cookies %v", name, s.logins, in.cookies)
			}
			if strings.Contains(w.Body.String(), "script") {
				t.Errorf("%s: page is %s", name, w.Body)
			}
		}
	}
}

// What the attacker has begun does not go on in the browser of another.
func TestCallbackInAnotherBrowser(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	attacker, victim := newBrowser(), newBrowser()
	callback := callbackOf(t, s.get(attacker, "/login/a"))
	s.get(victim, "/login/a")
	s.wantPage("victim", s.get(victim, callback), 400, reason(registry.ReasonOtherBrowser))
	if len(s.logins) != 0 || s.answers != 0 {
		t.Errorf("%d logins, the token endpoint was asked %d times", len(s.logins), s.answers)
	}
}

// A reload ends well for whoever is logged in.
func TestCallbackTwice(t *testing.T) {
	for _, base := range []string{siteURL, "http://127.0.0.1:8080"} {
		s, in := newServed(t, registry.Options{BaseURL: base}, nil), newBrowser()
		callback := callbackOf(t, s.get(in, "/login/a?return_to=/a"))
		wantRedirect(t, "once", s.get(in, callback), 303, "/a")
		wantRedirect(t, "twice", s.get(in, callback), 303, "/home")
		if len(s.logins) != 1 || len(s.errs) != 0 || s.answers != 1 || len(in.cookies) != 2 {
			t.Errorf("%s: %d logins, errors %v, cookies %v", base, len(s.logins), s.errs,
				in.cookies)
		}
		delete(in.cookies, "user")
		s.wantPage("logged out", s.get(in, callback), 400, reason(registry.ReasonCompleted))
	}
	forgets := func(o *registry.HandlerOptions) {
		o.LoggedIn = func(http.ResponseWriter, *http.Request, *registry.Login) error { return nil }
	}
	anonymous := newServed(t, registry.Options{BaseURL: siteURL}, forgets)
	in := newBrowser()
	callback := callbackOf(t, anonymous.get(in, "/login/a"))
	wantRedirect(t, "once", anonymous.get(in, callback), 303, "/home")
	anonymous.wantPage("nobody", anonymous.get(in, callback), 400, reason(registry.ReasonCompleted))
}

// A login that ends on the error page is told to the logger, if there is one.
func TestLoggerHearsOfFailures(t *testing.T) {
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{nil, slog.New(slog.NewTextHandler(&log, nil))} {
		s := newServed(t, registry.Options{BaseURL: siteURL, Logger: logger},
			func(o *registry.HandlerOptions) { o.Error = nil })
		if w := s.get(newBrowser(), "/callback/a"); w.Code != 400 {
			t.Errorf("status %d", w.Code)
		}
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, string(registry.ReasonNoState)) {
		t.Errorf("log is %s", got)
	}
}

// Without HandlerOptions.User nobody is known to be logged in.
func TestCallbackWithoutUser(t *testing.T) {
	b, in := newBench(t, registry.Options{BaseURL: siteURL}), newBrowser()
	o := sessionOptions()
	o.User = nil
	o.Home = ""
	h, err := b.registry.Handlers(o)
	if err != nil {
		t.Fatal(err)
	}
	serve := func(path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), in.request(siteURL+path)
		r.SetPathValue("provider", "a")
		h.Callback.ServeHTTP(w, r)
		in.keep(w)
		return w
	}
	callback := strings.TrimPrefix(b.begin(in, "a"), siteURL)
	wantRedirect(t, "once", serve(callback), 303, "/")
	if w := serve(callback); w.Code != 400 || !strings.Contains(w.Body.String(), "has been used") ||
		!strings.Contains(w.Body.String(), `<a href="/">`) {
		t.Errorf("twice: status %d\n%s", w.Code, w.Body)
	}
}

// The page of an error links to Home.
func TestHandlersOwnErrorPage(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, func(o *registry.HandlerOptions) {
		o.Error, o.Home = nil, "/home?a=b&c=<d>"
	})
	w := s.get(newBrowser(), "/callback/a")
	if w.Code != 400 || !strings.Contains(w.Body.String(), `<a href="/home?a=b&amp;c=%3cd%3e">`) {
		t.Errorf("status %d\n%s", w.Code, w.Body)
	}
}

func TestLoggedInFails(t *testing.T) {
	down := errors.New("the database is down")
	for _, test := range []struct {
		err    error
		status int
	}{
		{down, 500},
		{fmt.Errorf("%w: %w", down, registry.ErrNotRegistered), 500},
		{fmt.Errorf("%w: %w", down, registry.ErrAccessDenied), 403},
	} {
		s, in := newServed(t, registry.Options{BaseURL: siteURL}, func(o *registry.HandlerOptions) {
			o.LoggedIn = func(w http.ResponseWriter, _ *http.Request, _ *registry.Login) error {
				http.SetCookie(w, &http.Cookie{Name: "own", Value: "a"})
				return test.err
			}
		}), newBrowser()
		w := s.get(in, callbackOf(t, s.get(in, "/login/a")))
		s.wantPage("failed", w, test.status, down)
		if s.errs[0].Error() != test.err.Error() || strings.Contains(w.Body.String(), "database") {
			t.Errorf("error is %v\n%s", s.errs[0], w.Body)
		}
		if in.cookies["own"] == nil || len(s.logins) != 1 {
			t.Errorf("cookies are %v, logins %v", in.cookies, s.logins)
		}
	}
}

func TestLogout(t *testing.T) {
	for _, test := range []struct {
		origin, fetched string
		ok, okWithout   bool // with Options.BaseURL, and without
	}{
		{siteURL, "same-origin", true, true},
		{siteURL, "", true, true},
		{"", "same-origin", true, true},
		{"", "", false, false},
		{siteURL, "same-site", false, false},
		{siteURL, "cross-site", false, false},
		{siteURL, "none", false, false},
		{"", "none", false, false},
		{"", "cross-site", false, false},
		{"null", "", false, false},
		{"null", "cross-site", false, false},
		{"https://b.example", "", false, false},
		{"https://b.example", "same-origin", false, false},
		{"https://b.site.example", "", false, false},
		{"https://site.example.b.example", "", false, false},
		{"https://site.example:444", "", false, false},
		{"http://site.example", "", false, true}, // nobody says what the scheme is
	} {
		for _, base := range []string{siteURL, ""} {
			s := newServed(t, registry.Options{BaseURL: base}, func(o *registry.HandlerOptions) {
				if base == "" {
					o.CallbackPath = ""
				}
			})
			r := posted("/logout", nil)
			r.Header.Del("Origin")
			r.Header.Del("Sec-Fetch-Site")
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			if test.fetched != "" {
				r.Header.Set("Sec-Fetch-Site", test.fetched)
			}
			in := newBrowser()
			in.cookies["user"] = &http.Cookie{Name: "user", Value: "1"}
			w, name := s.send(in, r), fmt.Sprintf("%q %q at %q", test.origin, test.fetched, base)
			if ok := base != "" && test.ok || base == "" && test.okWithout; !ok {
				s.wantPage(name, w, 403, reason(registry.ReasonOtherSite))
				if s.outs != 0 || in.cookies["user"] == nil {
					t.Errorf("%s: logged out", name)
				}
				continue
			}
			wantRedirect(t, name, w, 303, "/home")
			if s.outs != 1 || in.cookies["user"] != nil {
				t.Errorf("%s: not logged out", name)
			}
		}
	}
}

// With Options.BaseURL, what the request calls the site is of no account.
func TestLogoutOfAnotherHost(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	r := posted("/logout", nil)
	r.Host = "b.example"
	r.Header.Set("Origin", "https://b.example")
	r.Header.Del("Sec-Fetch-Site")
	s.wantPage("another host", s.send(newBrowser(), r), 403, reason(registry.ReasonOtherSite))
	r = posted("/logout", nil)
	r.Host = "inner.example" // what a proxy asks
	wantRedirect(t, "proxy", s.send(newBrowser(), r), 303, "/home")
}

// A page whose Referrer-Policy is no-referrer has Origin be null, even to its own site.
func TestLogoutFromPageWithoutReferrer(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	r := posted("/logout", nil)
	r.Header.Set("Origin", "null")
	wantRedirect(t, "null", s.send(newBrowser(), r), 303, "/home")
}

func TestLoggedOutFails(t *testing.T) {
	down := errors.New("the database is down")
	s := newServed(t, registry.Options{BaseURL: siteURL}, func(o *registry.HandlerOptions) {
		o.LoggedOut = func(http.ResponseWriter, *http.Request) error { return down }
	})
	s.wantPage("failed", s.send(newBrowser(), posted("/logout", nil)), 500, down)
}

// A visitor is a browser at a site that is really served, with providers that are.
type visitor struct {
	*served
	*httptest.Server
	browser *http.Client
}

// newVisitor serves a site with the clients of configs.
func newVisitor(
	t *testing.T, configs map[string]registry.Config, start func(http.Handler) *httptest.Server,
	edit func(*registry.HandlerOptions),
) *visitor {
	t.Helper()
	v := &visitor{served: &served{bench: &bench{T: t}}}
	v.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(v.Server.Close)
	v.registry = newRegistry(t, registry.Options{BaseURL: v.URL})
	for name, c := range configs {
		if _, err := v.registry.Register(name, c); err != nil {
			t.Fatal(err)
		}
	}
	v.mux = v.mount(v.registry, edit)
	v.mux.HandleFunc("GET /home", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "home")
	})
	v.mux.HandleFunc("GET /account", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "account")
	})
	v.newBrowser()
	return v
}

func (v *visitor) newBrowser() {
	v.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.Fatal(err)
	}
	v.browser = &http.Client{Transport: v.Client().Transport, Jar: jar}
}

// visit has the browser ask for a page, by a GET, or a POST of form, as a page of origin
// would, and follow where it is sent. It returns the last page and where that is.
func (v *visitor) visit(target string, form url.Values, origin string) (string, *http.Response) {
	v.Helper()
	v.errs = nil
	r, err := http.NewRequestWithContext(v.Context(), http.MethodGet, target, nil)
	if form != nil {
		r, err = http.NewRequestWithContext(v.Context(), http.MethodPost, target,
			strings.NewReader(form.Encode()))
	}
	if err != nil {
		v.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if origin == v.URL {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	resp, err := v.browser.Do(r)
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return string(page), resp
}

// One set of handlers logs in with every protocol, in parallel tabs too.
func TestHandlersWithEveryProtocol(t *testing.T) {
	configs := providers(t)
	v := newVisitor(t, configs, httptest.NewServer, nil)
	for name := range configs {
		v.logins = nil
		page, resp := v.visit(v.URL+"/login/"+name+"?return_to=/account", nil, "")
		if page != "account" || resp.Request.URL.Path != "/account" || len(v.logins) != 1 {
			t.Errorf("%s: ends at %s with %q, logins %v", name, resp.Request.URL, page, v.logins)
			continue
		}
		if len(v.errs) != 0 {
			t.Errorf("%s: errors are %v", name, v.errs)
		}
		login := v.logins[0]
		if (login.Token.OAuth1 != nil) != (name == "oauth1") ||
			(login.Identity.Subject == "alice") != (name == "oidc") ||
			login.ReturnTo != "/account" {
			t.Errorf("%s: login is %+v", name, login)
		}
	}
	if page, resp := v.visit(v.URL+"/logout", url.Values{}, v.URL); page != "home" {
		t.Errorf("logout ends at %s with %q", resp.Request.URL, page)
	}
	u, err := url.Parse(v.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.browser.Jar.Cookies(u) {
		if c.Name == "user" {
			t.Error("still logged in")
		}
	}
}

// The longest path to go on at leaves room for what else a login's cookie has.
func TestHandlersLongReturnTo(t *testing.T) {
	configs := providers(t)
	c := configs["oidc"]
	c.ResponseType = "code id_token"
	configs["hybrid"] = c
	v := newVisitor(t, configs, httptest.NewServer, nil)
	to := "/" + strings.Repeat("a", 511)
	for name := range configs {
		resp, err := v.browser.Transport.RoundTrip(httptest.NewRequestWithContext(t.Context(),
			"GET", v.URL+"/login/"+name+"?return_to="+to, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 302 || len(resp.Cookies()) != 1 {
			t.Errorf("%s: status %d, cookies %v", name, resp.StatusCode, resp.Cookies())
		}
	}
}

// A user who says no at the provider is told so, in any protocol.
func TestHandlersCancelled(t *testing.T) {
	configs := providersWith(t,
		oauth1test.Options{LoginForm: true}, oidctest.Options{LoginForm: true})
	v := newVisitor(t, configs, httptest.NewServer, nil)
	for name := range configs {
		page, resp := v.visit(v.URL+"/login/"+name, nil, "")
		form := inputs(page)
		form.Set("action", "deny")
		action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(page)
		if action == nil {
			t.Fatalf("%s: no form:\n%s", name, page)
		}
		at, err := resp.Request.URL.Parse(html.UnescapeString(action[1]))
		if err != nil {
			t.Fatal(err)
		}
		page, resp = v.visit(at.String(), form, at.Scheme+"://"+at.Host)
		if resp.StatusCode != 403 || !strings.Contains(page, "The login was cancelled") ||
			!strings.HasPrefix(resp.Request.URL.Path, "/callback/") {
			t.Errorf("%s: status %d at %s\n%s", name, resp.StatusCode, resp.Request.URL, page)
		}
		if len(v.errs) != 1 || !errors.Is(v.errs[0], registry.ErrAccessDenied) ||
			len(v.logins) != 0 {
			t.Errorf("%s: errors are %v, logins %v", name, v.errs, v.logins)
		}
	}
}

// inputs returns the hidden fields of the form on a page.
func inputs(page string) url.Values {
	form := url.Values{}
	input := regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	for _, m := range input.FindAllStringSubmatch(page, -1) {
		form.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return form
}

// The provider's page posts the callback, which nobody else can do in its place.
func TestHandlersPostedCallback(t *testing.T) {
	for _, test := range []struct{ name, responseType, mode string }{
		{"oidc", "", "form_post"},
		{"oidc", "code id_token", "form_post.jwt"},
		{"oauth2", "", "form_post"},
	} {
		c := providers(t)[test.name]
		c.ResponseType, c.ResponseMode = test.responseType, test.mode
		v := newVisitor(t, map[string]registry.Config{"p": c}, httptest.NewTLSServer, nil)
		victim := *v
		victim.newBrowser()
		page, resp := v.visit(v.URL+"/login/p?return_to=/account", nil, "")
		form, callback := inputs(page), v.URL+"/callback/p"
		provider := resp.Request.URL.Scheme + "://" + resp.Request.URL.Host
		_, resp = victim.visit(callback, form, provider)
		if len(victim.errs) != 1 || resp.StatusCode != 400 || len(v.logins) != 0 ||
			!errors.Is(victim.errs[0], reason(registry.ReasonOtherBrowser)) {
			t.Errorf("%v: another's: status %d, errors %v", test, resp.StatusCode, victim.errs)
		}
		page, resp = v.visit(callback, form, provider)
		if page != "account" || resp.Request.Method != "GET" || len(v.logins) != 1 ||
			len(v.errs) != 0 {
			t.Errorf("%v: ends at %s with %q, errors %v", test, resp.Request.URL, page, v.errs)
		}
		if page, resp = v.visit(callback, form, provider); page != "home" || len(v.logins) != 1 {
			t.Errorf("%v: again: ends at %s with %q", test, resp.Request.URL, page)
		}
	}
}

// What comes in the fragment is posted by a page of this site.
func TestHandlersFragment(t *testing.T) {
	for _, test := range []struct{ name, responseType, mode string }{
		{"oidc", "code id_token", ""},
		{"oidc", "code id_token token", "fragment"},
		{"oidc", "code token", "fragment.jwt"},
		{"oidc", "id_token", "jwt"},
		{"oidc", "code", "fragment"},
		{"oauth2", "", "fragment"},
	} {
		c := providers(t)[test.name]
		c.ResponseType, c.ResponseMode = test.responseType, test.mode
		v := newVisitor(t, map[string]registry.Config{"p": c}, httptest.NewServer, nil)
		page, resp := v.visit(v.URL+"/login/p?return_to=/account", nil, "")
		at := resp.Request.URL
		if at.Path != "/callback/p" || resp.StatusCode != 200 ||
			!strings.Contains(page, "<script>") ||
			resp.Header.Get("Referrer-Policy") != "same-origin" || len(v.errs) != 0 {
			t.Errorf("%v: status %d at %s, errors %v\n%s", test, resp.StatusCode, at, v.errs, page)
			continue
		}
		form, err := url.ParseQuery(at.EscapedFragment())
		if err != nil {
			t.Fatal(err)
		}
		page, resp = v.visit(v.URL+"/callback/p", form, v.URL)
		if page != "account" || len(v.logins) != 1 || len(v.errs) != 0 {
			t.Errorf("%v: ends at %s with %q, errors %v", test, resp.Request.URL, page, v.errs)
		}
	}
}

// Where the response comes in the query, a callback without one is an error.
func TestHandlersNoFragment(t *testing.T) {
	for _, test := range []struct{ name, responseType, mode string }{
		{"oidc", "", ""}, {"oidc", "code", "query"}, {"oidc", "", "jwt"}, {"oidc", "", "query.jwt"},
		{"oidc", "code id_token", "form_post"}, {"oauth2", "", ""}, {"oauth1", "", ""},
	} {
		c := providers(t)[test.name]
		c.ResponseType, c.ResponseMode = test.responseType, test.mode
		v := newVisitor(t, map[string]registry.Config{"p": c}, httptest.NewServer, nil)
		page, resp := v.visit(v.URL+"/callback/p", nil, "")
		if resp.StatusCode == 200 || len(v.errs) != 1 || strings.Contains(page, "<script") {
			t.Errorf("%v: status %d, errors %v", test, resp.StatusCode, v.errs)
		}
	}
}

func TestThirdPartyLogin(t *testing.T) {
	configs := providers(t)
	var hint string
	v := newVisitor(t, configs, httptest.NewServer, func(o *registry.HandlerOptions) {
		o.Authorize = func(r *http.Request) registry.AuthorizeOptions {
			o := registry.AuthorizeOptions{}
			if strings.HasSuffix(r.URL.Path, "/oidc") {
				o.OIDC = oidc.AuthorizationOptions{LoginHint: "default"}
			}
			return o
		}
	})
	v.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if hints, ok := r.URL.Query()["login_hint"]; ok {
			hint = strings.Join(hints, " ")
		}
		return nil
	}
	iss := configs["oidc"].Issuer
	elsewhere := &jose.CheckError{Check: "target_link_uri"}
	for name, test := range map[string]struct {
		client string
		asked  url.Values
		end    string // the path of where it ends
		hint   string
		want   error // any if there is no end
	}{
		"issuer": {"oidc", url.Values{"iss": {iss}}, "/home", "default", nil},
		"hint": {"oidc", url.Values{"iss": {iss}, "login_hint": {"alice"}},
			"/home", "alice", nil},
		"target": {"oidc", url.Values{"iss": {iss}, "target_link_uri": {v.URL + "/account"}},
			"/account", "default", nil},
		"return_to": {"oidc", url.Values{"iss": {iss}, "return_to": {"/account"}},
			"/account", "default", nil},
		"both": {"oidc", url.Values{"iss": {iss}, "return_to": {"/elsewhere"},
			"target_link_uri": {v.URL + "/account"}}, "/account", "default", nil},
		"long target": {"oidc", url.Values{"iss": {iss},
			"target_link_uri": {v.URL + "/" + strings.Repeat("a", 600)}}, "/home", "default", nil},
		"hint without issuer": {"oidc", url.Values{"login_hint": {"bob"}}, "/home", "default", nil},
		"another issuer": {"oidc", url.Values{"iss": {"https://b.example"}}, "", "",
			&jose.CheckError{Check: "iss"}},
		"empty issuer": {"oidc", url.Values{"iss": {""}}, "", "", &jose.CheckError{Check: "iss"}},
		"two issuers": {"oidc", url.Values{"iss": {iss, iss}}, "", "",
			&jose.CheckError{Check: "parameters"}},
		"target elsewhere": {"oidc", url.Values{"iss": {iss},
			"target_link_uri": {"https://b.example/account"}}, "", "", elsewhere},
		"target of a host": {"oidc", url.Values{"iss": {iss},
			"target_link_uri": {v.URL + "//b.example"}}, "", "", elsewhere},
		"oauth2": {"oauth2", url.Values{"iss": {configs["oauth2"].Issuer}}, "", "", nil},
		"oauth1": {"oauth1", url.Values{"iss": {iss}}, "", "", nil},
	} {
		for _, post := range []bool{false, true} {
			target, form := v.URL+"/login/"+test.client+"?"+test.asked.Encode(), url.Values(nil)
			if post {
				target, form = v.URL+"/login/"+test.client, test.asked
			}
			hint = ""
			page, resp := v.visit(target, form, "https://portal.example")
			if test.end != "" {
				if resp.Request.URL.Path != test.end || hint != test.hint || len(v.errs) != 0 {
					t.Errorf("%s: ends at %s, hint %q, errors %v", name, resp.Request.URL,
						hint, v.errs)
				}
				continue
			}
			if resp.StatusCode != 400 || len(v.errs) != 1 || len(resp.Cookies()) != 0 ||
				resp.Request.URL.Path != "/login/"+test.client {
				t.Errorf("%s: status %d at %s, errors %v", name, resp.StatusCode,
					resp.Request.URL, v.errs)
			} else if test.want != nil && !errors.Is(v.errs[0], test.want) ||
				test.want == nil && !strings.Contains(v.errs[0].Error(), "of OpenID Connect") {
				t.Errorf("%s: error is %v", name, v.errs[0])
			}
			if strings.Contains(page, "b.example") {
				t.Errorf("%s: page is %s", name, page)
			}
		}
	}
}

// A provider that cannot be discovered is no fault of who asks.
func TestThirdPartyLoginUndiscovered(t *testing.T) {
	provider := oidctest.NewServer(oidctest.Options{})
	c := registry.Config{ClientID: "client", Issuer: provider.Issuer(), Scopes: []string{"openid"}}
	v := newVisitor(t, map[string]registry.Config{"p": c}, httptest.NewServer, nil)
	iss := url.Values{"iss": {provider.Issuer()}}
	provider.Close()
	_, resp := v.visit(v.URL+"/login/p?"+iss.Encode(), nil, "")
	if resp.StatusCode != 502 || len(v.errs) != 1 {
		t.Errorf("status %d, errors %v", resp.StatusCode, v.errs)
	}
}

// Tabs go on in any order, each where it was to.
func TestHandlersInTabs(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	in := newBrowser()
	var callbacks []string
	for i := range 4 {
		begun := s.get(in, fmt.Sprint("/login/a?return_to=/", i))
		callbacks = append(callbacks, callbackOf(t, begun))
	}
	for i, callback := range slices.Backward(callbacks) {
		wantRedirect(t, "tab", s.get(in, callback), 303, fmt.Sprint("/", i))
	}
}

// What another site posts gets no further than the logins that a browser may have open.
func TestPostsOfAnotherSiteFillNoHeader(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	for range 20 {
		s.crossPost(in, "/login/a", url.Values{"return_to": {"/" + strings.Repeat("a", 511)}})
	}
	n := 0
	for _, c := range in.cookies {
		n += len(c.Name) + len(c.Value) + 3
	}
	if len(in.cookies) > 5 {
		t.Errorf("%d cookies, %d bytes", len(in.cookies), n)
	}
}

// Nor does it put a new session in the place of the user's.
func TestPostOfAnotherSiteKeepsSession(t *testing.T) {
	d := beds["session"]()
	s, in := newServed(t, registry.Options{BaseURL: siteURL, Store: d.store}, nil), newBrowser()
	s.get(in, "/login/a")
	before := in.cookies["session"].Value
	s.crossPost(in, "/login/a", nil)
	if after := in.cookies["session"].Value; after != before {
		t.Errorf("session was %q, is %q: the user is logged out", before, after)
	}
}

// A store that is down is this site's own trouble.
func TestStoreDownIsNoProviders(t *testing.T) {
	for _, name := range []string{"cache", "session"} {
		d := beds[name]()
		s, in := newServed(t, registry.Options{BaseURL: siteURL, Store: d.store}, nil), newBrowser()
		callback := callbackOf(t, s.get(in, "/login/a"))
		down := errors.New("down")
		if d.cache != nil {
			d.cache.setFail, d.cache.getFail = down, down
		} else {
			d.sessions.setFail = down
		}
		s.wantOwnFault(name, s.get(in, "/login/a"), down)
		if d.sessions != nil {
			d.sessions.getFail = down
		}
		s.wantOwnFault(name, s.get(in, callback), down)
	}
}

// wantOwnFault asserts that w blames the site, and not the provider.
func (s *served) wantOwnFault(name string, w *httptest.ResponseRecorder, err error) {
	s.Helper()
	s.wantPage(name, w, 500, err)
	if !strings.Contains(w.Body.String(), "Something went wrong here") {
		s.Errorf("%s: page is %s", name, w.Body)
	}
}

// Where to go on is left as it is.
func TestReturnToUnchanged(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	for _, to := range []string{"/a//b", "/wiki/https://x.example/", "/app#/a/../b", "/app#x//y", "/a/./b", "/p#?a//b"} {
		in := newBrowser()
		w := s.get(in, callbackOf(t, s.get(in, "/login/a?return_to="+url.QueryEscape(to))))
		if l := w.Header().Get("Location"); l != to {
			t.Errorf("%q: %q", to, l)
		}
	}
}

// Images on another site's page begin no logins, which would end those of the user.
func TestSubresourcesBeginNothing(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: "https://site.example"}, nil), newBrowser()
	c := good()
	c.ClientSecret, c.ResponseMode = "", "form_post"
	if _, err := s.registry.Register("p", c); err != nil {
		t.Fatal(err)
	}
	w := s.get(in, "/login/p")
	to, _ := w.Result().Location()
	for range 5 { // <img src="https://site.example/login/p"> on another site
		s.now = s.now.Add(time.Second)
		r := httptest.NewRequest("GET", siteURL+"/login/p", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "no-cors")
		r.Header.Set("Sec-Fetch-Dest", "image")
		s.wantPage("image", s.send(in, r), 403, reason(registry.ReasonOtherSite))
	}
	r := posted("/callback/p", url.Values{"code": {"code"}, "state": {to.Query().Get("state")}})
	if w := s.send(in, r); w.Code != 303 {
		t.Errorf("the login that the user began: status %d, %v", w.Code, s.errs)
	}
}

// crossPost posts from another site, as a browser does that keeps SameSite: a cross-site POST brings no cookie that
// is Lax, and what its answer sets is kept, as it is a top-level navigation.
func (s *served) crossPost(in *browser, path string, form url.Values) *httptest.ResponseRecorder {
	s.Helper()
	r := posted(path, form)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	in.keep(w)
	if l := w.Header().Get("Location"); strings.HasPrefix(l, "?") { // sent on: a GET brings Lax ones
		return s.get(in, path+l)
	}
	return w
}

// A site that starts a new session at login, and forgets the old one, keeps its new one.
func TestNewSessionStays(t *testing.T) {
	d := beds["session"]()
	s := newServed(t, registry.Options{BaseURL: siteURL, Store: d.store},
		func(o *registry.HandlerOptions) {
			o.LoggedIn = func(w http.ResponseWriter, r *http.Request, _ *registry.Login) error {
				if c, err := r.Cookie("session"); err == nil {
					delete(d.sessions.texts, c.Value)
				}
				d.sessions.texts["new"] = ""
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "new"})
				return nil
			}
		})
	in := newBrowser()
	wantRedirect(t, "login", s.get(in, callbackOf(t, s.get(in, "/login/a"))), 303, "/home")
	if got := in.cookies["session"].Value; got != "new" {
		t.Errorf("session is %q", got)
	}
	if len(d.sessions.texts) != 1 {
		t.Errorf("sessions: %q", d.sessions.texts)
	}
}

// The same where the session of the request is gone altogether (its Get finds none, and its Set begins one).
func TestNewSessionStaysStrict(t *testing.T) {
	d := &strictSessions{texts: map[string]string{}}
	s := newServed(t, registry.Options{BaseURL: siteURL, Store: registry.SessionStore(d)},
		func(o *registry.HandlerOptions) {
			o.LoggedIn = func(w http.ResponseWriter, r *http.Request, _ *registry.Login) error {
				if c, err := r.Cookie("session"); err == nil {
					delete(d.texts, c.Value)
				}
				d.begin(w)
				d.loggedIn = d.last()
				return nil
			}
		})
	in := newBrowser()
	wantRedirect(t, "login", s.get(in, callbackOf(t, s.get(in, "/login/a"))), 303, "/home")
	if got := in.cookies["session"].Value; got != d.loggedIn {
		t.Errorf("session is %q, want %q: who has logged in is logged out", got, d.loggedIn)
	}
}

// A Location is ASCII.
func TestReturnToASCII(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	for to, want := range map[string]string{
		"/ä":        "/%C3%A4",
		"/s?q=ä":    "/s?q=%C3%A4",
		"/s#ä":      "/s#%C3%A4",
		"/a^b|c":    "/a^b|c",
		"/100%":     "/100%",
		"/a#":       "/a#",
		"/s?a=%zz#": "/s?a=%zz#",
	} {
		in := newBrowser()
		w := s.get(in, callbackOf(t, s.get(in, "/login/a?return_to="+url.QueryEscape(to))))
		if l := w.Header().Get("Location"); l != want {
			t.Errorf("%q: %q, want %q", to, l, want)
		}
	}
}

// A page of the site itself may use fetch, as service workers do.
func TestOwnFetch(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	for _, test := range []struct {
		site, mode string
		want       int
	}{
		{"same-origin", "cors", 302}, {"same-origin", "same-origin", 302},
		{"same-origin", "no-cors", 403}, // an image in a comment
		{"same-site", "cors", 403}, {"cross-site", "cors", 403}, {"cross-site", "no-cors", 403},
		{"", "cors", 403},
		{"cross-site", "navigate", 302}, {"none", "navigate", 302},
	} {
		r := httptest.NewRequest("GET", siteURL+"/login/a", nil)
		r.Header.Set("Sec-Fetch-Site", test.site)
		r.Header.Set("Sec-Fetch-Mode", test.mode)
		if w := s.send(newBrowser(), r); w.Code != test.want {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}

// RFC 6265, Section 4.1.1.
func TestOneCookieOfAName(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	w := s.get(in, callbackOf(t, s.get(in, "/login/a")))
	seen := map[string]int{}
	for _, c := range w.Result().Cookies() {
		if seen[c.Name]++; seen[c.Name] > 1 {
			t.Errorf("%s is set %d times", c.Name, seen[c.Name])
		}
	}
}

// Two clients of one redirect URI are this site's mistake.
func TestClaimIsNoProviders(t *testing.T) {
	b := newBench(t, registry.Options{})
	var err error
	for _, name := range []string{"a", "a_b"} {
		err = b.client(name).AuthorizeRedirect(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), callbackURL)
	}
	w := httptest.NewRecorder()
	registry.ErrorPage(w, nil, err)
	if w.Code == 502 {
		t.Errorf("%d, %v", w.Code, err)
	}
}

// StrictSessions are ones that begin a session where that of the request is gone.
type strictSessions struct {
	texts    map[string]string
	n        int
	loggedIn string
}

func (s *strictSessions) last() string { return fmt.Sprint("s", s.n) }

func (s *strictSessions) begin(w http.ResponseWriter) string {
	s.n++
	s.texts[s.last()] = ""
	http.SetCookie(w, &http.Cookie{Name: "session", Value: s.last()})
	return s.last()
}

func (s *strictSessions) Get(r *http.Request) (string, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return "", nil
	}
	return s.texts[c.Value], nil
}

func (s *strictSessions) Set(w http.ResponseWriter, r *http.Request, v string) error {
	c, err := r.Cookie("session")
	id := ""
	if err == nil {
		id = c.Value
	}
	if _, ok := s.texts[id]; !ok {
		id = s.begin(w)
	}
	s.texts[id] = v
	return nil
}

// What another site posts goes on without what is none of the handlers' business.
func TestPostOfAnotherSiteIsSentOn(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	r := posted("/login/a", url.Values{"return_to": {"/a b"}, "csrf_token": {"secret"},
		"iss": {"https://provider.example"}, "login_hint": {"x"}, "target_link_uri": {"/y"}})
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := s.send(newBrowser(), r)
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != 303 || len(w.Result().Cookies()) != 0 || to.Path != "" || to.IsAbs() {
		t.Fatalf("%d to %v, %v", w.Code, to, err)
	}
	if q := to.Query(); len(q) != 4 || q.Get("return_to") != "/a b" || q.Has("csrf_token") {
		t.Errorf("sent on with %v", q)
	}
}
