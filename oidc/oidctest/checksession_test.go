package oidctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"vouchsafe/oidc/oidctest"
)

const browserCookie = "oidctest_browser_state"

// withState returns the header of a browser that has the cookie.
func withState(state string) http.Header {
	return http.Header{"Cookie": {browserCookie + "=" + state}}
}

// setState returns what the cookie is set to, and whether it is.
func setState(a answer) (*http.Cookie, bool) {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == browserCookie {
			return c, true
		}
	}
	return nil, false
}

// checkSessionState computes a session state as the script does.
func checkSessionState(t *testing.T, got, origin, browser string) {
	t.Helper()
	_, salt, _ := strings.Cut(got, ".")
	sum := sha256.Sum256([]byte("client " + origin + " " + browser + " " + salt))
	if got != hex.EncodeToString(sum[:])+"."+salt || len(salt) < 26 {
		t.Errorf("session state is %q", got)
	}
}

// OpenID Connect Session Management 1.0, Section 2 and 3.2: a login begins a state of the
// browser, which the next one keeps and a logout ends.
func TestSessionState(t *testing.T) {
	w := start(t, oidctest.Options{Users: users})
	login := func(header http.Header, pairs ...string) (answer, string) {
		params, _ := w.request("openid")
		query := changed(params, pairs...).Encode()
		a := w.do("GET", w.Endpoint("authorize")+"?"+query, nil, header)
		_, got := brought(a)
		return a, got.Get("session_state")
	}
	a, failed := login(nil, "claims", `{"id_token":{"sub":{"value":"mallory"}}}`)
	if _, ok := setState(a); ok || a.error != "login_required" {
		t.Errorf("answer is %+v", a)
	}
	checkSessionState(t, failed, "http://127.0.0.1", "")
	a, first := login(nil)
	cookie, ok := setState(a)
	if !ok || len(cookie.Value) < 26 || cookie.HttpOnly || cookie.Path != "/" || cookie.Secure ||
		cookie.MaxAge != 0 {
		t.Fatalf("cookie is %v", cookie)
	}
	checkSessionState(t, first, "http://127.0.0.1", cookie.Value)
	for _, pairs := range [][]string{nil, {"prompt", "none"}, {"response_mode", "form_post"},
		{"response_type", "id_token"}, {"prompt", "x"}} {
		a, next := login(withState(cookie.Value), pairs...)
		if _, ok := setState(a); ok || next == first {
			t.Errorf("%q: answer is %+v", pairs, a)
		}
		checkSessionState(t, next, "http://127.0.0.1", cookie.Value)
	}
	if a, _ := login(withState("")); a.header.Get("Set-Cookie") == "" {
		t.Errorf("with an empty cookie: %+v", a)
	}
	a = w.do("GET", w.Endpoint("end_session"), nil, withState(cookie.Value))
	gone, ok := setState(a)
	if !ok || gone.MaxAge >= 0 || gone.Value != "" || gone.Path != "/" {
		t.Errorf("after the logout the cookie is %v", gone)
	}
	if a, state := login(nil, "scope", "read"); state != "" || a.header["Set-Cookie"] != nil {
		t.Errorf("without openid: %+v", a)
	}
}

// The state is bound to the origin as a browser writes it.
func TestSessionStateOrigin(t *testing.T) {
	for uri, want := range map[string]string{
		"https://RP.example:443/cb?a=b": "https://rp.example",
		"https://rp.example:80/":        "https://rp.example:80",
		"http://rp.example:80":          "http://rp.example",
		"http://[::1]:443/cb":           "http://[::1]:443",
		"https://[::443]/cb":            "https://[::443]",
	} {
		w := start(t, oidctest.Options{Clients: []oidctest.Client{
			{ID: "client", RedirectURIs: []string{uri}}}})
		params, _ := w.request("openid")
		a := w.authorize(changed(params, "redirect_uri", uri))
		cookie, ok := setState(a)
		if !ok {
			t.Fatalf("answer is %+v", a)
		}
		checkSessionState(t, a.params().Get("session_state"), want, cookie.Value)
	}
}

// By https the cookie comes to frames in other sites too.
func TestStateByHTTPS(t *testing.T) {
	p, err := oidctest.New(oidctest.Options{BaseURL: "https://op.example"})
	if err != nil {
		t.Fatal(err)
	}
	params, _ := walk{t, p}.request("openid")
	for _, path := range []string{"/authorize?" + params.Encode(), "/end_session"} {
		cookies := serve(t, p, path).Result().Cookies()
		if len(cookies) != 1 || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteNoneMode {
			t.Errorf("cookies are %v", cookies)
		}
	}
}

// The page may run its one script, in a frame of whoever likes, and nothing else.
func TestCheckSession(t *testing.T) {
	w := start(t, oidctest.Options{})
	a := w.do("GET", w.Endpoint("check_session"), nil, nil)
	_, script, _ := strings.Cut(a.body, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	if got := a.header.Get("Content-Security-Policy"); got != "default-src 'none'; base-uri "+
		"'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'" {
		t.Errorf("content security policy is %s", got)
	}
	if a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=utf-8" ||
		!strings.Contains(script, `"`+browserCookie+`"`) ||
		a.header.Get("X-Frame-Options") != "" {
		t.Errorf("answer is %+v", a)
	}
}
