package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vouchsafe/registry"
)

// Cookies that a neighbouring host planted evict nothing, and make no flood.
func TestPlantedCookies(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a")
	for i := range 2000 {
		name := fmt.Sprintf("vouchsafe.%d", i)
		in.cookies[name] = &http.Cookie{Name: name, Value: "99999999999.x"}
	}
	for range 3 {
		b.begin(in, "a_b")
	}
	if _, err := b.complete(in, "a", callback); err != nil {
		t.Error(err)
	}
	clear(in.cookies)
	for i := range 2000 {
		name := fmt.Sprintf("__Host-vouchsafe.%d", i)
		in.cookies[name] = &http.Cookie{Name: name, Value: "1.x"}
	}
	w := httptest.NewRecorder()
	if err := b.client("a").AuthorizeRedirect(w, in.request("/"), callbackURL); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Result().Cookies()); n != 6 {
		t.Errorf("%d cookies are set, want 5 forgotten and 1 new", n)
	}
}

// Five of the largest cookies fit in 8 KB.
func TestLargestCookie(t *testing.T) {
	largest := 0
	for n := range 1000 {
		b, in := newBench(t, registry.Options{}), newBrowser()
		w := httptest.NewRecorder()
		err := b.client("a").Authorize(w, in.request("/"), registry.AuthorizeOptions{
			RedirectURI: callbackURL, ReturnTo: "/" + strings.Repeat("a", n)})
		if err != nil {
			break
		}
		for _, c := range in.keep(w) {
			largest = len(c.Name) + len(c.Value)
		}
	}
	if largest < 1500 || largest > 1536 {
		t.Errorf("the largest cookie has %d bytes", largest)
	}
}

func TestCookieAttributes(t *testing.T) {
	for _, test := range []struct {
		redirectURI, prefix string
		secure              bool
	}{
		{"https://site.example/callback", "__Host-vouchsafe.", true},
		{"http://127.0.0.1:8080/callback", "vouchsafe.", false},
	} {
		b, in := newBench(t, registry.Options{}), newBrowser()
		b.beginWith(in, "a", registry.AuthorizeOptions{RedirectURI: test.redirectURI})
		for name, c := range in.cookies {
			if !strings.HasPrefix(name, test.prefix) || c.Secure != test.secure ||
				!c.HttpOnly || c.Path != "/" || c.Domain != "" ||
				c.SameSite != http.SameSiteLaxMode || c.MaxAge != 1200 {
				t.Errorf("%s: cookie is %v", test.redirectURI, c)
			}
		}
		if len(in.cookies) != 1 {
			t.Errorf("%d cookies", len(in.cookies))
		}
	}
}

// A cookie without the prefix could have been set by a neighbouring host.
func TestCookieWithoutPrefix(t *testing.T) {
	for store, reason := range map[string]registry.Reason{
		"cookie": registry.ReasonTampered,
		"cache":  registry.ReasonUsed, // which is all that the cache knows
	} {
		b, in := newBench(t, registry.Options{Store: beds[store]().store}), newBrowser()
		callback := b.begin(in, "a")
		for name, c := range in.cookies {
			delete(in.cookies, name)
			c.Name = strings.TrimPrefix(name, "__Host-")
			in.cookies[c.Name] = c
		}
		_, err := b.complete(in, "a", callback)
		b.want(err, reason)
	}
}

// Beside a cookie with the prefix, one without is of no account.
func TestCookieBesidePlanted(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a")
	r := in.request(callback)
	honest := r.Header.Get("Cookie")
	planted := strings.TrimPrefix(strings.SplitN(honest, "=", 2)[0], "__Host-") + "=used"
	r.Header.Set("Cookie", planted+"; "+honest)
	if _, err := b.client("a").AuthorizeAccessToken(httptest.NewRecorder(), r); err != nil {
		t.Error(err)
	}
}

// The application's own cookies make no room.
func TestCookiesOfOthers(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	for i := range 10 {
		for _, name := range []string{"__Host-session.%d", "vouchsafe%d", "__Host-vouchsafe-%d"} {
			name = fmt.Sprintf(name, i)
			in.cookies[name] = &http.Cookie{Name: name, Value: "1.x"}
		}
	}
	var callbacks []string
	for range 5 {
		callbacks = append(callbacks, b.begin(in, "a"))
	}
	if len(in.cookies) != 30+5 {
		t.Errorf("%d cookies are kept", len(in.cookies))
	}
	for _, callback := range callbacks {
		if _, err := b.complete(in, "a", callback); err != nil {
			t.Error(err)
		}
	}
}

// On loopback too, where the name has no prefix, the oldest logins go.
func TestAbandonedOnLoopback(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	for range 20 {
		b.beginWith(in, "a", registry.AuthorizeOptions{RedirectURI: "http://127.0.0.1:8080/"})
	}
	if len(in.cookies) != 5 {
		t.Errorf("%d cookies are kept, want 5", len(in.cookies))
	}
}
