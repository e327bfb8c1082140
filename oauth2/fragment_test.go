package oauth2

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A page comes for a GET that brings nothing, and for it alone.
func TestRelayFragment(t *testing.T) {
	for _, test := range []struct {
		name, method, target string
		want                 bool
	}{
		{"nothing", "GET", "/cb", true},
		{"empty query", "GET", "/cb?", true},
		{"the redirect URI's own query", "GET", "/cb?tenant=a&x", true},
		{"names that are not quite it", "GET", "/cb?Code=x&states=1&x=state", true},
		{"POST", "POST", "/cb", false},
		{"HEAD", "HEAD", "/cb", false},
		{"state", "GET", "/cb?state=x", false},
		{"code", "GET", "/cb?a=b&c%6fde=x", false},
		{"error", "GET", "/cb?error=x", false},
		{"response", "GET", "/cb?response=x", false},
		{"ID Token", "GET", "/cb?id_token=x", false},
		{"access token", "GET", "/cb?access_token=x", false},
		{"iss alone", "GET", "/cb?iss", false},
		{"no form", "GET", "/cb?a;b", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			got := RelayFragment(w, httptest.NewRequest(test.method, test.target, nil))
			if got != test.want {
				t.Errorf("returned %v", got)
			}
			if wrote := len(w.Header()) > 0 || w.Body.Len() > 0; wrote != test.want {
				t.Errorf("wrote %v %q", w.Header(), w.Body)
			}
		})
	}
}

// The page may run its one script and post to its own origin, and is not kept.
func TestRelayPage(t *testing.T) {
	w := httptest.NewRecorder()
	RelayFragment(w, httptest.NewRequest("GET", `/cb?x="><script>alert(1)</script>`, nil))
	page := w.Body.String()
	_, rest, _ := strings.Cut(page, "<script>")
	script, rest, _ := strings.Cut(rest, "</script>")
	sum := sha256.Sum256([]byte(script))
	want := http.Header{
		"Content-Type": {"text/html; charset=utf-8"},
		"Content-Security-Policy": {"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
			"form-action 'self'; script-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'"},
		"Referrer-Policy":        {"same-origin"},
		"X-Content-Type-Options": {"nosniff"},
		"Cache-Control":          {"no-store"},
	}
	for name := range want {
		if w.Header().Get(name) != want.Get(name) {
			t.Errorf("%s is %q, want %q", name, w.Header().Get(name), want.Get(name))
		}
	}
	if w.Code != 200 || len(w.Header()) != len(want) {
		t.Errorf("%d, header %v", w.Code, w.Header())
	}
	if strings.Contains(rest, "<script") || strings.Contains(page, "alert") {
		t.Error("the page has what the request said")
	}
	if !strings.Contains(page, "<noscript><p>Your browser runs no scripts") {
		t.Error("the page says nothing to who runs no scripts")
	}
	for _, bad := range []string{"innerHTML", "eval", "document.write", "JSON", "fetch(", "://",
		"localStorage", "console"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	clear := strings.Index(script, "history.replaceState")
	if post := strings.Index(script, "submit.call"); clear < 0 || post < clear {
		t.Error("the fragment is posted before it is cleared")
	}
}

func TestInFragment(t *testing.T) {
	for _, test := range []struct {
		responseType, mode string
		want               bool
	}{
		{"", "", false}, {"code", "", false}, {"code", "query", false}, {"code", "jwt", false},
		{"code", "form_post", false}, {"code", "fragment", true}, {"code", "fragment.jwt", true},
		{"id_token", "", true}, {"code token", "", true}, {"code id_token", "jwt", true},
		{"code id_token", "form_post", false}, {"id_token token", "form_post.jwt", false},
		{"code id_token token", "fragment", true},
	} {
		o := AuthorizationOptions{ResponseType: test.responseType, ResponseMode: test.mode}
		if got := o.InFragment(); got != test.want {
			t.Errorf("%q by %q: %v", test.responseType, test.mode, got)
		}
	}
}
