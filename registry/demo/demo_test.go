package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"vouchsafe/registry"
)

// start serves the demo and returns its base URL.
func start(t *testing.T) string {
	t.Helper()
	return startSite(t, nil, time.Now).base
}

// startSite serves the demo with the clients of a file, by a clock.
func startSite(t *testing.T, file []byte, now func() time.Time) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s, err := newSite("http://"+server.Listener.Addr().String(), file, now)
	if err != nil {
		server.Listener.Close()
		t.Fatal(err)
	}
	server.Config.Handler = s.handler
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// A browser keeps cookies, follows redirects and remembers where it came by.
type browser struct {
	*testing.T
	client  http.Client
	visited []string
}

// A page is what a browser shows.
type page struct {
	url    string
	status int
	header http.Header
	text   string // with its entities decoded
	source string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{T: t, client: http.Client{Jar: jar}}
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		b.visited = append(b.visited, r.URL.String())
		return nil
	}
	return b
}

func (b *browser) show(resp *http.Response, err error) page {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	text := html.UnescapeString(string(body))
	return page{resp.Request.URL.String(), resp.StatusCode, resp.Header, text, string(body)}
}

func (b *browser) get(url string) page {
	b.Helper()
	return b.show(b.client.Get(url))
}

// post sends a form as a browser does from a page of the site, which has no-referrer.
func (b *browser) post(url string, values url.Values) page {
	b.Helper()
	req, err := http.NewRequest("POST", url, strings.NewReader(values.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "null")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.show(b.client.Do(req))
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]+)">`)
	action = regexp.MustCompile(`<form method="post" action="([^"]+)">`)
)

// fill sends the form of a page with what the user typed and the hidden fields.
func (b *browser) fill(p page, values url.Values) page {
	b.Helper()
	field := hidden.FindStringSubmatch(p.source)
	if field == nil {
		b.Fatalf("no form at %s:\n%s", p.url, p.source)
	}
	values.Set(field[1], html.UnescapeString(field[2]))
	to := p.url
	if m := action.FindStringSubmatch(p.source); m != nil {
		to = html.UnescapeString(m[1])
	}
	return b.show(b.client.PostForm(to, values))
}

func (b *browser) logIn(base, provider, user string) page {
	b.Helper()
	form := b.get(base + "/login/" + provider)
	return b.fill(form, typed(user, password))
}

func typed(user, password string) url.Values {
	return url.Values{"username": {user}, "password": {password}, "action": {"allow"}}
}

// deny presses the other button of the form.
func (b *browser) deny(base, provider string) page {
	b.Helper()
	form := b.get(base + "/login/" + provider)
	return b.fill(form, url.Values{"action": {"deny"}})
}

// callback returns the last callback that the browser came by.
func (b *browser) callback() string {
	b.Helper()
	for i := len(b.visited) - 1; i >= 0; i-- {
		if strings.Contains(b.visited[i], "/callback/") {
			return b.visited[i]
		}
	}
	b.Fatal("no callback")
	return ""
}

func (b *browser) session(base string) string {
	b.Helper()
	u, err := url.Parse(base)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

// wants reports a page that does not have the status and, in their order, texts.
func (p page) wants(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: status %d, want %d", p.url, p.status, status)
	}
	rest := p.text
	for _, text := range texts {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Fatalf("%s: no %q where it was expected in\n%s", p.url, text, p.text)
		}
		rest = after
	}
	p.hasHeaders(t)
}

func (p page) hasHeaders(t *testing.T) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control":          "no-store",
		"Referrer-Policy":        "no-referrer",
		"X-Content-Type-Options": "nosniff",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", p.url, name, got, want)
		}
	}
	csp := p.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; form-action 'self'") {
		t.Errorf("%s: Content-Security-Policy is %q", p.url, csp)
	}
}

// In each row, what the account page has for a protocol and not for all.
var logins = []struct {
	provider, protocol, api, scheme, email string
	checks                                 []string
}{
	{"oauth1", "OAuth 1.0a", "me", "OAuth", "not verified", []string{
		"oauth_callback_confirmed", "RFC 5849, Section 2.1", "When you came back",
		"transaction", "oauth_token", "oauth_verifier", "token_secret", "RFC 5849, Section 2.3"}},
	{"oauth2", "OAuth 2.0", "me", "Bearer", "not verified", []string{"When you came back",
		"browser", "RFC 6749, Section 10.12", "transaction", "state", "iss",
		"RFC 9207, Section 2.4", "code"}},
	{"oidc", "OpenID Connect", "userinfo", "Bearer", "verified, says the issuer", []string{
		"issuer", "OpenID Connect Discovery 1.0, Section 4.3", "When you came back",
		"state", "code", "signature", "nonce", "sub", "OpenID Connect Core 1.0, Section 5.3.2"}},
}

func TestLogin(t *testing.T) {
	for _, test := range logins {
		for user, name := range map[string]string{"alice": "Alice Example", "bob": "Bob Example"} {
			t.Run(test.provider+" "+user, func(t *testing.T) {
				base, b := start(t), newBrowser(t)
				p := b.logIn(base, test.provider, user)
				if p.url != base+"/account" {
					t.Errorf("the login ended at %s", p.url)
				}
				at := base + "/" + test.provider
				p.wants(t, http.StatusOK, "<title>Your account",
					"As "+name+", by "+test.protocol+".",
					"<code>"+at+"</code>", "<code>"+user+"</code>", name,
					user+"@example.com", test.email,
					"GET</strong> "+at+"/"+test.api, "Authorization: "+test.scheme+" ",
					"200 OK", `"name": "`+name+`"`, "The checks on the way")
				p.wants(t, http.StatusOK, test.checks...)
				if strings.Contains(p.text, ">failed<") {
					t.Error("a check failed")
				}
				const ends = "ends your session at the provider too"
				if strings.Contains(p.text, ends) != (test.provider == "oidc") {
					t.Errorf("whether the page says %q", ends)
				}
				b.get(base+"/").wants(t, http.StatusOK, "You are logged in as <strong>"+name)
			})
		}
	}
}

// What only the provider and the site may know is on no page.
func TestNoSecretShown(t *testing.T) {
	s := startSite(t, nil, time.Now)
	base := s.base
	for _, test := range logins {
		b := newBrowser(t)
		p := b.logIn(base, test.provider, "alice")
		u, err := url.Parse(b.callback())
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[string]string{
			"client's": clientSecret, "session": b.session(base), "signature": "oauth_signature="}
		for _, name := range []string{"code", "state", "oauth_token", "oauth_verifier"} {
			if value := u.Query().Get(name); value != "" {
				secrets[name] = value
			}
		}
		again := b.get(b.callback())
		maps.Copy(secrets, secretsOf(t, s, b))
		called := b.post(base+"/call", url.Values{"path": {"me"}, "end": {"1"}})
		maps.Copy(secrets, prefixed("new ", secretsOf(t, s, b)))
		home := b.get(base + "/")
		for name, secret := range secrets {
			if strings.Contains(p.text+again.text+called.text+home.text, secret) {
				t.Errorf("%s: the secret %q is shown", test.provider, name)
			}
		}
	}
}

// secretsOf returns those that the site keeps of who is logged in.
func secretsOf(t *testing.T, s *site, b *browser) map[string]string {
	t.Helper()
	a := s.sessions.byID[b.session(s.base)].account
	if one, _ := s.tokens.LoadOAuth1(t.Context(), a.key()); one != nil {
		return map[string]string{"account": a.ID, "token": one.Token(), "secret": one.Secret()}
	}
	tok := s.token(t, a)
	return map[string]string{
		"account": a.ID, "token": tok.AccessToken(), "refresh": tok.RefreshToken()}
}

func prefixed(prefix string, m map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range m {
		all[prefix+name] = value
	}
	return all
}

func TestDenied(t *testing.T) {
	base := start(t)
	for _, test := range logins {
		b := newBrowser(t)
		b.deny(base, test.provider).wants(t, http.StatusForbidden, "Access was denied", "said no",
			`href="/login/`+test.provider+`"`, "access denied", ">failed<")
		b.get(base+"/account").wants(t, http.StatusOK, "Log in, three ways")
	}
}

// Who somebody is must be known before they are logged in.
func TestNoUser(t *testing.T) {
	s := startSite(t, nil, time.Now)
	for _, p := range s.providers {
		if p.Name == "oidc" {
			continue // whose ID Token says it
		}
		p.config.UserInfoEndpoint += "/nowhere"
		if err := s.registry.Replace(p.Name, p.config); err != nil {
			t.Fatal(err)
		}
		b := newBrowser(t)
		b.logIn(s.base, p.Name, "alice").wants(t, http.StatusBadGateway,
			"The login did not work", `href="/login/`+p.Name+`"`, "The error")
		b.get(s.base+"/account").wants(t, http.StatusOK, "Log in, three ways")
	}
}

func TestWrongPassword(t *testing.T) {
	base := start(t)
	for _, test := range logins {
		b := newBrowser(t)
		form := b.get(base + "/login/" + test.provider)
		form = b.fill(form, typed("alice", "guess"))
		b.fill(form, typed("bob", password)).wants(t, http.StatusOK, "As Bob Example")
	}
}

func TestCallbackTwice(t *testing.T) {
	base := start(t)
	for _, test := range logins {
		b := newBrowser(t)
		b.logIn(base, test.provider, "alice")
		b.get(b.callback()).wants(t, http.StatusBadRequest, "This login cannot be completed",
			"has been used", `href="/login/`+test.provider+`"`, "login was completed",
			"browser", ">failed<")
		b.get(base+"/account").wants(t, http.StatusOK, "As Alice Example")
	}
}

// A callback completes no login in a browser that did not begin it.
func TestCallbackElsewhere(t *testing.T) {
	base := start(t)
	for _, test := range logins {
		b := newBrowser(t)
		b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.Contains(r.URL.Path, "/callback/") {
				b.visited = append(b.visited, r.URL.String())
				return http.ErrUseLastResponse
			}
			return nil
		}
		b.logIn(base, test.provider, "alice")
		other := newBrowser(t)
		other.get(b.callback()).wants(t, http.StatusBadRequest, "not begun in this browser")
		other.get(base+"/account").wants(t, http.StatusOK, "Log in, three ways")
		b.get(b.callback()).wants(t, http.StatusOK, "As Alice Example")
	}
}

func TestPages(t *testing.T) {
	base := start(t)
	for _, test := range []struct {
		path   string
		status int
		texts  []string
	}{
		{"/", 200, []string{`lang="en"`, "<title>Log in", "alice", "bob", "<code>password</code>",
			`href="/login/oauth1"`, `href="/login/oauth2"`, `href="/login/oidc"`}},
		{"/account", 200, []string{"Log in, three ways"}}, // nobody is logged in
		{"/login/nobody", 404, []string{"Page not found"}},
		{"/login/a%20b", 404, []string{"Page not found"}},
		{"/callback/nobody", 404, []string{"Page not found"}},
		{"/callback/oidc", 400, []string{"nothing to see"}},
		{"/nothing", 404, []string{"Page not found"}},
		{"/logout", 405, nil}, // a link does not log out
		{"/call", 404, []string{"Page not found"}},
		{"/page/style.css", 200, []string{"prefers-color-scheme"}},
		{"/page/", 404, nil},
	} {
		newBrowser(t).get(base+test.path).wants(t, test.status, test.texts...)
	}
}

// foreign are the headers of what another site's page sends.
var foreign = map[string]http.Header{
	"cross-site": {"Sec-Fetch-Site": {"cross-site"}},
	"same site":  {"Sec-Fetch-Site": {"same-site"}},
	"origin":     {"Origin": {"https://elsewhere.example"}},
	"no origin":  {"Origin": {"null"}},
}

// forge sends a POST as whoever can make this browser send one.
func (b *browser) forge(url string, header http.Header) page {
	b.Helper()
	req, err := http.NewRequest("POST", url, nil)
	if err != nil {
		b.Fatal(err)
	}
	maps.Copy(req.Header, header)
	return b.show(b.client.Do(req))
}

func TestLogout(t *testing.T) {
	base := start(t)
	b := newBrowser(t)
	b.logIn(base, "oidc", "alice")
	id := b.session(base)

	for name, header := range foreign {
		b.forge(base+"/logout", header).wants(t, http.StatusForbidden)
		p := b.get(base + "/account")
		if !strings.Contains(p.text, "As Alice Example") {
			t.Errorf("%s: logged out", name)
		}
	}
	b.forge(base+"/logout", nil).wants(t, http.StatusForbidden, "This request was refused",
		"does not come from a page of this site")

	b.post(base+"/logout", nil).wants(t, http.StatusOK, "Log in, three ways")
	b.get(base+"/account").wants(t, http.StatusOK, "Log in, three ways")
	if got := b.session(base); got != "" {
		t.Errorf("the browser keeps session %q", got)
	}
	if knows(t, base, id) {
		t.Error("the session lives on")
	}
}

// knows reports whether somebody is logged in in the session of an ID.
func knows(t *testing.T, base, id string) bool {
	t.Helper()
	b := newBrowser(t)
	req, err := http.NewRequest("GET", base+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: sessionCookie, Value: id})
	return strings.Contains(b.show(b.client.Do(req)).text, "You are logged in")
}

// A login begins a new session; the IDs of older ones are worth nothing.
func TestNewSession(t *testing.T) {
	base := start(t)
	b := newBrowser(t)
	var ids []string
	for _, provider := range []string{"oauth1", "oauth2"} {
		form := b.get(base + "/login/" + provider)
		ids = append(ids, b.session(base)) // which an attacker may have planted
		b.fill(form, typed("alice", password))
		ids = append(ids, b.session(base))
	}
	for i, id := range ids {
		if last := i == len(ids)-1; knows(t, base, id) != last {
			t.Errorf("session %d: known is %v", i, !last)
		}
	}
}

// A login is completed whatever became of the session that it began in, and is
// shown no checks of another.
func TestOtherSession(t *testing.T) {
	base := start(t)
	for name, meanwhile := range map[string]func(b *browser){
		"another login": func(b *browser) { b.get(base + "/login/oauth1") },
		"logged out":    func(b *browser) { b.post(base+"/logout", nil) },
	} {
		b := newBrowser(t)
		form := b.get(base + "/login/oauth2")
		meanwhile(b)
		p := b.fill(form, typed("alice", password))
		p.wants(t, http.StatusOK, "As Alice Example, by OAuth 2.0")
		if strings.Contains(p.text, "When the login began") {
			t.Errorf("%s: checks of another login are shown", name)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	s := &sessions{byID: map[string]session{}}
	w := httptest.NewRecorder()
	if gone := s.replace(w, httptest.NewRequest("GET", "/", nil), session{}); gone != nil {
		t.Errorf("%v is gone", gone)
	}
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || len(c.Value) < 26 {
		t.Errorf("cookie is %v", c)
	}
}

// Who is logged in stays so while another login is in the making.
func TestLoginBegun(t *testing.T) {
	base := start(t)
	b := newBrowser(t)
	b.logIn(base, "oidc", "alice")
	b.get(base + "/login/oauth2")
	b.get(base+"/account").wants(t, http.StatusOK, "As Alice Example, by OpenID Connect")
	b.deny(base, "oauth1").wants(t, http.StatusForbidden, "Access was denied")
	b.get(base+"/account").wants(t, http.StatusOK, "As Alice Example, by OpenID Connect")
}

// What ended meanwhile does not come back.
func TestUpdateEnded(t *testing.T) {
	s := &sessions{byID: map[string]session{}}
	if s.update("ended", func(to *session) { to.provider = "oidc" }) || len(s.byID) != 0 {
		t.Errorf("sessions are %v", s.byID)
	}
}

func TestSessionsBounded(t *testing.T) {
	s := &sessions{byID: map[string]session{}}
	for range maxSessions + 10 {
		s.replace(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), session{})
	}
	if len(s.byID) != maxSessions || len(s.order) != maxSessions {
		t.Errorf("%d sessions, %d in order, want %d", len(s.byID), len(s.order), maxSessions)
	}
}

// Who comes by another name is led to the one that the cookies will be for.
func TestOtherName(t *testing.T) {
	base := start(t)
	b := newBrowser(t)
	p := b.get(strings.Replace(base, "127.0.0.1", "localhost", 1) + "/login/oidc")
	if p.url != base+"/" {
		t.Errorf("led to %s", p.url)
	}
	p.wants(t, http.StatusOK, "Log in, three ways")
}

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		text   string
	}{
		{registry.ErrAccessDenied, 403, "said no"},
		{&registry.TransactionError{Reason: registry.ReasonExpired}, 400, "too long"},
		{&registry.TransactionError{Reason: registry.ReasonUsed}, 400, "has been used"},
		{&registry.TransactionError{Reason: registry.ReasonTampered}, 400, "does not belong"},
		{&registry.TransactionError{Reason: registry.ReasonOtherSite}, 403, "not come from"},
		{errors.New("<script>alert(1)</script>"), 502, "did not answer"},
	} {
		made := &checks{}
		made.add("<b>name</b>", "<b>clause</b>", test.err)
		w := httptest.NewRecorder()
		showProblem(w, explain("<b>provider</b>", fmt.Errorf("wrapped: %w", test.err), made))
		body := w.Body.String()
		if w.Code != test.status || !strings.Contains(body, test.text) {
			t.Errorf("%v: status %d, want %d and %q in\n%s",
				test.err, w.Code, test.status, test.text, body)
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "<b>") {
			t.Errorf("%v: not escaped:\n%s", test.err, body)
		}
	}
}

func TestListenRefused(t *testing.T) {
	for _, address := range []string{
		":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0",
	} {
		l, err := listen(address)
		if err == nil {
			l.Close()
			t.Errorf("%s: listens on %s", address, l.Addr())
			continue
		}
		if text := err.Error(); !strings.Contains(text, "must be a loopback one") ||
			!strings.Contains(text, "http") || !strings.Contains(text, address) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"127.0.0.1", "127.0.0.1:port:", "127.0.0.1:99999"} {
		if l, err := listen(address); err == nil {
			l.Close()
			t.Errorf("%s: listens on %s", address, l.Addr())
		}
	}
}

func TestListen(t *testing.T) {
	if l, err := net.Listen("tcp", defaultAddress); err == nil {
		defer l.Close() // else somebody has it already
	}
	for _, address := range []string{"", "127.0.0.1:0", "localhost:0"} {
		l, err := listen(address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			t.Errorf("%q: listens on %s", address, l.Addr())
		}
		if again, err := listen(l.Addr().String()); err == nil {
			again.Close()
			t.Errorf("%s: listens twice", l.Addr())
		}
	}
}

func TestRun(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", "", out) }()
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	where := regexp.MustCompile(`http://\S+`).FindString(line)
	newBrowser(t).get(where).wants(t, http.StatusOK, "Log in, three ways")
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if resp, err := http.Get(where); err == nil {
		resp.Body.Close()
		t.Error("it answers after its end")
	}
	if err := run(t.Context(), "0.0.0.0:0", "", io.Discard); err == nil {
		t.Error("run listens on all interfaces")
	}
}
