package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

// A clock goes when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// token returns the account's token of OAuth 2.0, nil if none is kept.
func (s *site) token(t *testing.T, a *account) *oauth2.Token {
	t.Helper()
	tok, err := s.tokens.Load(t.Context(), a.key())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func (b *browser) call(base, path string) page {
	b.Helper()
	return b.post(base+"/call", url.Values{"path": {path}})
}

func (b *browser) endAndCall(base string) page {
	b.Helper()
	return b.post(base+"/call", url.Values{"path": {"me"}, "end": {"1"}})
}

const noRefresh = "None yet."

// renewed are the providers whose tokens end.
var renewed = []string{"oauth2", "oidc"}

func TestRefreshInTime(t *testing.T) {
	for _, provider := range renewed {
		c := newClock()
		s := startSite(t, nil, c.now)
		b := newBrowser(t)
		first := c.now()
		b.logIn(s.base, provider, "alice").wants(t, http.StatusOK,
			"ends at", ends(first), "in 1m0s", "there is one", "End the token, then call",
			"Refreshes", noRefresh)
		c.advance(10 * time.Second)
		b.call(s.base, "me").wants(t, http.StatusOK,
			"ends at", ends(first), "in 50s", noRefresh, "GET", "/me", "200 OK", "Alice Example")
		c.advance(40 * time.Second)
		second := c.now()
		p := b.call(s.base, "me")
		p.wants(t, http.StatusOK, "ends at "+ends(second), "in 1m0s", at(second), "rotated",
			"a new access token and a new refresh token", "200 OK", "Alice Example")
		c.advance(5 * time.Minute)
		b.get(s.base+"/account").wants(t, http.StatusOK, "ended at "+ends(second), at(second))
		third := c.now()
		p = b.call(s.base, "me")
		p.wants(t, http.StatusOK, "ends at "+ends(third), at(second), at(third), "200 OK")
		if strings.Count(p.text, "rotated") != 2 || strings.Contains(p.text, noRefresh) {
			t.Errorf("%s: not two refreshes:\n%s", provider, p.text)
		}
	}
}

func at(t time.Time) string { return t.Local().Format("<time>15:04:05</time>") }

func ends(t time.Time) string {
	return t.Add(tokenLife).Local().Format("<strong>15:04:05</strong>")
}

// A token that the provider ends before its time is refreshed when the API refuses it.
func TestEndToken(t *testing.T) {
	for _, provider := range renewed {
		s := startSite(t, nil, newClock().now)
		b := newBrowser(t)
		b.logIn(s.base, provider, "alice").wants(t, http.StatusOK, noRefresh)
		b.endAndCall(s.base).wants(t, http.StatusOK, "rotated", "/me", "200 OK", "Alice Example")
	}
}

// If the provider does not end it, there is no call either.
func TestEndRefused(t *testing.T) {
	s := startSite(t, nil, time.Now)
	b := newBrowser(t)
	b.logIn(s.base, "oauth1", "alice")
	a := s.sessions.byID[b.session(s.base)].account
	tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: "a", TokenType: "Bearer"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.tokens.Swap(t.Context(), a.key(), nil, tok); err != nil {
		t.Fatal(err)
	}
	a.Provider.Revokes = true // which it cannot
	p := b.endAndCall(s.base)
	p.wants(t, http.StatusOK, "The error", "does not speak OAuth 2.0")
	if strings.Contains(p.text, "200 OK") {
		t.Error("the API was called")
	}
}

func TestOAuth1DoesNotEnd(t *testing.T) {
	c := newClock()
	s := startSite(t, nil, c.now)
	b := newBrowser(t)
	b.logIn(s.base, "oauth1", "alice")
	c.advance(1000 * time.Hour)
	p := b.endAndCall(s.base)
	p.wants(t, http.StatusOK, "does not end, and is not refreshed", "Call the API again", "200 OK")
	for _, text := range []string{"Refreshes", "End the token", "The error"} {
		if strings.Contains(p.text, text) {
			t.Errorf("%q is shown", text)
		}
	}
}

func TestCallRefused(t *testing.T) {
	base := start(t)
	b := newBrowser(t)
	b.post(base+"/call", nil).wants(t, http.StatusOK, "Log in, three ways") // nobody is logged in
	b.logIn(base, "oidc", "alice")
	for name, header := range foreign {
		if name != "no origin" { // which http.CrossOriginProtection takes from no browser
			b.forge(base+"/call", header).wants(t, http.StatusForbidden)
		}
	}
	b.call(base, strings.Repeat("x", maxForm)).wants(t, http.StatusBadRequest,
		"This request cannot be answered")
	for path, text := range map[string]string{
		"https://elsewhere.example/": "origin",
		"../oauth2/me":               "must be below APIBaseURL",
		"%":                          "does not parse",
	} {
		p := b.call(base, path)
		p.wants(t, http.StatusOK, "An API call with the token", "The error", text)
		if strings.Contains(p.text, "Authorization:") {
			t.Errorf("%s was called", path)
		}
	}
	b.call(base, "nothing").wants(t, http.StatusOK, "/oidc/nothing", "404 Not Found")
}

func TestCallEscaped(t *testing.T) {
	base := start(t)
	b := newBrowser(t)
	b.logIn(base, "oauth2", "alice")
	p := b.call(base, `"><b>bold</b>`)
	if strings.Contains(p.source, "<b>bold") {
		t.Errorf("not escaped:\n%s", p.source)
	}
	p.wants(t, http.StatusOK, `value=""><b>bold</b>"`)
}

// When the provider has ended the login, the page says so, and goes on saying it.
func TestLoginEnded(t *testing.T) {
	for _, provider := range renewed {
		c := newClock()
		s := startSite(t, nil, c.now)
		b := newBrowser(t)
		b.logIn(s.base, provider, "alice")
		a := s.sessions.byID[b.session(s.base)].account
		client, err := a.client.OAuth2(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Revoke(t.Context(), s.token(t, a), oauth2.HintRefreshToken); err != nil {
			t.Fatal(err)
		}
		c.advance(2 * tokenLife)
		for range 2 {
			p := b.call(s.base, "me")
			p.wants(t, http.StatusOK, "The error", "login required")
			if strings.Contains(p.text, "200 OK") {
				t.Error("the answer of an earlier call is shown")
			}
		}
	}
}

// A token goes with the session: at logout, at another login, and for want of room.
func TestTokenForgotten(t *testing.T) {
	s := startSite(t, nil, time.Now)
	for name, ending := range map[string]func(b *browser){
		"logout": func(b *browser) { b.post(s.base+"/logout", nil) },
		"login":  func(b *browser) { b.logIn(s.base, "oauth1", "bob") },
		"room": func(*browser) {
			for range maxSessions {
				r := httptest.NewRequest("GET", "/", nil)
				gone := s.sessions.replace(httptest.NewRecorder(), r, session{})
				if err := s.forget(t.Context(), gone); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		for _, provider := range []string{"oauth1", "oauth2", "oidc"} {
			b := newBrowser(t)
			b.logIn(s.base, provider, "alice")
			a := s.sessions.byID[b.session(s.base)].account
			if !s.keeps(t, a) {
				t.Fatalf("%s: no token is kept", provider)
			}
			ending(b)
			if s.keeps(t, a) {
				t.Errorf("%s, %s: the token is kept", provider, name)
			}
		}
	}
}

func (s *site) keeps(t *testing.T, a *account) bool {
	t.Helper()
	_, one := s.tokens.oauth1[a.key()]
	return one || s.token(t, a) != nil
}

// A second login of the same user has a token of its own.
func TestTwoBrowsers(t *testing.T) {
	base := start(t)
	one, other := newBrowser(t), newBrowser(t)
	one.logIn(base, "oidc", "alice")
	other.logIn(base, "oidc", "alice")
	one.endAndCall(base).wants(t, http.StatusOK, "rotated")
	other.get(base+"/account").wants(t, http.StatusOK, noRefresh)
	one.post(base+"/logout", nil)
	other.call(base, "me").wants(t, http.StatusOK, noRefresh, "200 OK")
}

// Who logs out here is logged out at the provider, whose page sends the browser back.
func TestProviderLogout(t *testing.T) {
	base := start(t)
	for _, name := range []string{"oauth1", "oauth2", "oidc"} {
		b := newBrowser(t)
		b.logIn(base, name, "alice")
		b.visited = nil
		b.post(base+"/logout", nil).wants(t, http.StatusOK, "Log in, three ways")
		want := []string{"/account", "/"}
		if name == "oidc" {
			want = []string{"/oidc/end_session", "/logout/oidc", "/account", "/"}
		}
		for i, url := range b.visited {
			path, _, _ := strings.Cut(strings.TrimPrefix(url, base), "?")
			if len(b.visited) != len(want) || path != want[i] {
				t.Errorf("%s: went by %q, want %q", name, b.visited, want)
			}
		}
	}
}

// What a provider ends, it ends: a session of it, or all of a user.
func TestEndSessions(t *testing.T) {
	for name, test := range map[string]struct {
		change func(who *oidc.Identity, sid *string)
		left   int
	}{
		"session of the user": {func(*oidc.Identity, *string) {}, 1},
		"session":             {func(who *oidc.Identity, _ *string) { who.Subject = "" }, 1},
		"user":                {func(_ *oidc.Identity, sid *string) { *sid = "" }, 0},
		"another session":     {func(_ *oidc.Identity, sid *string) { *sid = "s" }, 2},
		"another user":        {func(who *oidc.Identity, _ *string) { who.Subject = "bob" }, 2},
		"another provider":    {func(who *oidc.Identity, _ *string) { who.Issuer += "2" }, 2},
	} {
		s := startSite(t, nil, time.Now)
		for range 2 {
			newBrowser(t).logIn(s.base, "oidc", "alice")
		}
		newBrowser(t).get(s.base + "/login/oidc") // nobody yet
		who, sid := oidc.Identity{Issuer: s.base + "/oidc", Subject: "alice"}, ""
		for _, known := range s.sessions.byID {
			if known.account != nil {
				sid = known.account.session
			}
		}
		test.change(&who, &sid)
		if err := s.endSessions(t.Context(), who, sid); err != nil {
			t.Error(err)
		}
		left := 0
		for _, known := range s.sessions.byID {
			if known.account != nil {
				left++
			}
		}
		if left != test.left || len(s.sessions.order) != len(s.sessions.byID) {
			t.Errorf("%s: %d sessions left, want %d", name, left, test.left)
		}
	}
}

func TestRefreshesBounded(t *testing.T) {
	s := &sessions{byID: map[string]session{"id": {account: &account{ID: "one"}}, "other": {}}}
	for i := range maxRefreshes + 3 {
		s.refreshed("one", refresh{At: time.Unix(int64(i), 0), Outcome: oauth2.OutcomeRefreshed})
	}
	s.refreshed("nobody", refresh{})
	got := s.byID["id"].refreshes
	if len(got) != maxRefreshes || got[0].At.Unix() != 3 || got[len(got)-1].At.Unix() != 12 {
		t.Errorf("kept are %v", got)
	}
	if len(s.byID) != 2 || s.byID["other"].refreshes != nil {
		t.Errorf("sessions are %v", s.byID)
	}
}

func TestTokenView(t *testing.T) {
	if v := newTokenView(nil, time.Now()); v != nil {
		t.Errorf("of no token: %v", v)
	}
	site := startSite(t, nil, time.Now)
	client, err := site.registry.Client("oauth2")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	for _, test := range []struct {
		record oauth2.Record
		texts  []string
	}{
		{oauth2.Record{}, []string{"does not say when it ends", "there is none: when"}},
		{oauth2.Record{RefreshToken: "r", ExpiresAt: 1e9 + 2},
			[]string{"ends at", "in 2s", "there is one"}},
		{oauth2.Record{ExpiresAt: 1e9}, []string{"ended at", "there is none: when"}},
		{oauth2.Record{ExpiresAt: 1e9 - 1}, []string{"ended at"}},
	} {
		test.record.AccessToken, test.record.TokenType = "a", "Bearer"
		tok, err := oauth2.FromRecord(test.record)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		show(w, 200, "account", accountPage{
			&account{client: client}, call{}, nil, newTokenView(tok, now)})
		rest := w.Body.String()
		for _, text := range test.texts {
			_, after, ok := strings.Cut(rest, text)
			if !ok {
				t.Fatalf("no %q in\n%s", text, w.Body)
			}
			rest = after
		}
	}
}

// A page of an account whose token is gone says so.
func TestTokenGone(t *testing.T) {
	s := startSite(t, nil, time.Now)
	b := newBrowser(t)
	b.logIn(s.base, "oidc", "alice")
	a := s.sessions.byID[b.session(s.base)].account
	if err := a.client.SaveToken(t.Context(), a.ID, registry.Token{}); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "1"} {
		b.post(s.base+"/call", url.Values{"path": {"me"}, "end": {end}}).wants(t, http.StatusOK,
			"There is none any more", "The error", "login required")
	}
}
