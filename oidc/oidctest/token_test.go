package oidctest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/oidc/oidctest"
)

// checkRefreshes checks how many refreshes were granted and refused.
func (w walk) checkRefreshes(granted, refused int) {
	w.t.Helper()
	if g, r := w.Refreshes(); g != granted || r != refused {
		w.t.Errorf("%d refreshes granted and %d refused, want %d and %d", g, r, granted, refused)
	}
}

// RFC 6749, Section 4.4: no user, no refresh token.
func TestClientCredentials(t *testing.T) {
	w := start(t, oidctest.Options{})
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"read write"}}
	a := w.token(form)
	g := w.read(a)
	if g.TokenType != "Bearer" || g.ExpiresIn != 3600 || g.Scope != "read write" ||
		strings.Contains(a.body, "refresh_token") || strings.Contains(a.body, "id_token") {
		t.Errorf("answer is %s", a.body)
	}
	if me := w.ask("me", g.AccessToken); me.status != 200 ||
		!strings.Contains(me.body, `"id":"client"`) {
		t.Errorf("API answers %+v", me)
	}
	form.Del("scope")
	if g := w.read(w.token(form)); g.Scope != "" {
		t.Errorf("token is %+v", g)
	}
	if w.checkRefreshes(0, 0); len(w.Faults()) > 0 {
		t.Errorf("faults %q", w.Faults())
	}
}

// Whatever the reason, a refused refresh is counted, and nothing else is.
func TestRefreshes(t *testing.T) {
	w := start(t, oidctest.Options{})
	w.checkRefreshes(0, 0)
	g := w.grant("openid")
	w.checkRefreshes(0, 0)
	w.token(refreshForm(g.RefreshToken))
	w.checkRefreshes(1, 0)
	w.token(refreshForm(g.RefreshToken)) // reused
	w.checkRefreshes(1, 1)
	w.do("POST", w.Endpoint("token"), refreshForm("x"), basic("client", "Secret"))
	w.checkRefreshes(1, 2)
	w.token(url.Values{"grant_type": {"authorization_code"}})
	w.do("POST", w.Endpoint("revoke"), refreshForm("x"), basic("client", "secret"))
	w.checkRefreshes(1, 2)
}

// A refresh token that is not rotated is good until it is revoked.
func TestKeepRefreshToken(t *testing.T) {
	w := start(t, oidctest.Options{KeepRefreshToken: true})
	g := w.grant("read")
	old := g.AccessToken
	for range 3 {
		a := w.token(refreshForm(g.RefreshToken))
		if renewed := w.read(a); renewed.AccessToken == old ||
			strings.Contains(a.body, "refresh_token") {
			t.Errorf("answer is %s", a.body)
		}
	}
	w.checkRefreshes(3, 0)
	if a := w.ask("me", old); a.status != 200 {
		t.Errorf("API answers %+v", a)
	}
	w.Revoke(g.RefreshToken)
	if a := w.token(refreshForm(g.RefreshToken)); a.description != "revoked_refresh_token" {
		t.Errorf("answer is %+v", a)
	}
}

// For as long as Grace an old refresh token gives more new ones, all of them good.
// The time runs from its first use.
func TestGrace(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{
		Grace: time.Minute, Now: func() time.Time { return now }})
	first := w.grant("read")
	now = now.Add(30 * time.Minute) // it may lie unused for long
	all := []granted{w.read(w.token(refreshForm(first.RefreshToken)))}
	for _, wait := range []time.Duration{40 * time.Second, 20*time.Second - 1} {
		now = now.Add(wait)
		all = append(all, w.read(w.token(refreshForm(first.RefreshToken))))
	}
	for i, g := range slices.Clone(all) {
		if a := w.ask("me", g.AccessToken); a.status != 200 {
			t.Errorf("%d: API answers %+v", i, a)
		}
		all = append(all, w.read(w.token(refreshForm(g.RefreshToken))))
	}
	w.checkRefreshes(6, 0)
	now = now.Add(1)
	if a := w.token(refreshForm(first.RefreshToken)); a.description != "reused_refresh_token" {
		t.Errorf("after the grace: %+v", a)
	}
	for i, g := range all {
		if a := w.ask("me", g.AccessToken); a.status != 401 {
			t.Errorf("%d: API answers %d", i, a.status)
		}
		if a := w.token(refreshForm(g.RefreshToken)); a.error != "invalid_grant" {
			t.Errorf("%d: %+v", i, a)
		}
	}
}

// In the time of grace, too, a revoked login gives nothing.
func TestGraceAfterRevocation(t *testing.T) {
	w := start(t, oidctest.Options{Grace: time.Minute})
	first := w.grant("read")
	second := w.read(w.token(refreshForm(first.RefreshToken)))
	w.Revoke(second.RefreshToken)
	if a := w.token(refreshForm(first.RefreshToken)); a.description != "revoked_refresh_token" {
		t.Errorf("answer is %+v", a)
	}
}

// Of refreshes at one time, one is granted.
func TestParallelRefreshes(t *testing.T) {
	w := start(t, oidctest.Options{})
	form := refreshForm(w.grant("read").RefreshToken)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { w.token(form) })
	}
	all.Wait()
	w.checkRefreshes(1, 19)
}

// A refresh that is refused for its scope uses nothing up.
func TestWidenedScopeKeepsTheToken(t *testing.T) {
	w := start(t, oidctest.Options{})
	form := refreshForm(w.grant("read").RefreshToken)
	form.Set("scope", "admin")
	w.token(form)
	form.Del("scope")
	w.read(w.token(form))
	w.checkRefreshes(1, 1)
}

// losing returns an Intercept that loses the answer to the first refresh: the provider
// redeems the token, and lose answers in its place.
func losing(lose http.HandlerFunc) func(http.Handler) http.Handler {
	return func(provider http.Handler) http.Handler {
		var lost atomic.Bool
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("grant_type") != "refresh_token" || lost.Swap(true) {
				provider.ServeHTTP(w, r)
				return
			}
			provider.ServeHTTP(httptest.NewRecorder(), r)
			lose(w, r)
		})
	}
}

// How to lose the answer to a refresh, by Intercept, and what it means to a client that
// tries again: with rotation it is logged out, with the two others not.
func TestLostAnswer(t *testing.T) {
	for how, lose := range map[string]http.HandlerFunc{
		"connection dropped": func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		},
		"connection hijacked": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		},
		"503": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "", http.StatusServiceUnavailable)
		},
	} {
		for name, test := range map[string]struct {
			options oidctest.Options
			again   string
		}{
			"rotated": {oidctest.Options{}, "reused_refresh_token"},
			"grace":   {oidctest.Options{Grace: time.Minute}, ""},
			"kept":    {oidctest.Options{KeepRefreshToken: true}, ""},
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				test.options.Intercept = losing(lose)
				w := start(t, test.options)
				g := w.grant("read")
				w.refreshInVain(g.RefreshToken)
				w.checkRefreshes(1, 0)
				a := w.token(refreshForm(g.RefreshToken))
				if a.description != test.again {
					t.Errorf("answer is %+v, want %q", a, test.again)
				}
				if test.again == "" && w.ask("me", w.read(a).AccessToken).status != 200 {
					t.Error("new token is not good")
				}
			})
		}
	}
}

// refreshInVain sends a refresh whose answer does not come.
func (w walk) refreshInVain(token string) {
	w.t.Helper()
	req, err := http.NewRequest("POST", w.Endpoint("token"),
		strings.NewReader(refreshForm(token).Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = basic("client", "secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		w.t.Errorf("status %d", resp.StatusCode)
	}
}
