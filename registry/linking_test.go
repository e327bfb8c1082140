package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/registry"
)

// as is a browser in which a user is logged in.
func as(user string) *browser {
	in := newBrowser()
	in.setUser(user)
	return in
}

func (b *browser) setUser(user string) {
	if delete(b.cookies, "user"); user != "" {
		b.cookies["user"] = &http.Cookie{Name: "user", Value: user}
	}
}

// An account is linked to the user who asked for it, whatever the protocol.
func TestLinking(t *testing.T) {
	configs := providers(t)
	v := newVisitor(t, configs, httptest.NewServer, nil)
	home, err := url.Parse(v.URL)
	if err != nil {
		t.Fatal(err)
	}
	v.browser.Jar.SetCookies(home, []*http.Cookie{{Name: "user", Value: "2"}})
	for name := range configs {
		v.logins = nil
		page, resp := v.visit(v.URL+"/link/"+name, url.Values{"return_to": {"/account"}}, v.URL)
		if page != "account" || len(v.logins) != 1 || len(v.errs) != 0 {
			t.Errorf("%s: ends at %s, logins %v, errors %v", name, resp.Request.URL,
				v.logins, v.errs)
			continue
		}
		if v.logins[0].User != "2" {
			t.Errorf("%s: linked to %q", name, v.logins[0].User)
		}
	}
}

func TestLinkingRefusesOtherSites(t *testing.T) {
	for _, test := range []struct {
		origin, fetched string
		ok              bool
	}{
		{siteURL, "same-origin", true},
		{siteURL, "", true},
		{"", "same-origin", true},
		{"", "", false},
		{siteURL, "same-site", false},
		{siteURL, "cross-site", false},
		{siteURL, "none", false},
		{"", "same-site", false},
		{"", "none", false},
		{"null", "", false},
		{"null", "cross-site", false},
		{"https://b.example", "", false},
		{"https://b.example", "same-origin", false},
		{"https://b.site.example", "", false},
		{"https://site.example.b.example", "", false},
		{"https://site.example:444", "", false},
		{"http://site.example", "", false},
		{"http://site.example", "same-origin", false},
	} {
		s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), as("1")
		r := posted("/link/a", nil)
		r.Header.Del("Origin")
		r.Header.Del("Sec-Fetch-Site")
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if test.fetched != "" {
			r.Header.Set("Sec-Fetch-Site", test.fetched)
		}
		w, name := s.send(in, r), fmt.Sprintf("%q %q", test.origin, test.fetched)
		if test.ok {
			if len(s.errs) != 0 || w.Code != 303 {
				t.Errorf("%s: status %d, errors %v", name, w.Code, s.errs)
			}
			continue
		}
		s.wantPage(name, w, 403, reason(registry.ReasonOtherSite))
		if w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: header %v", name, w.Header())
		}
	}
}

// What counts is the site of the redirect URI, not what the request calls it.
func TestLinkingAtAnotherHost(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	r := posted("/link/a", nil)
	r.Host = "b.example"
	r.Header.Set("Origin", "https://b.example")
	r.Header.Del("Sec-Fetch-Site")
	s.wantPage("another host", s.send(as("1"), r), 403, reason(registry.ReasonOtherSite))
}

// A page whose Referrer-Policy is no-referrer has Origin be null, even to its own site.
func TestLinkingFromPageWithoutReferrer(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
	r := posted("/link/a", nil)
	r.Header.Set("Origin", "null")
	if w := s.send(as("1"), r); w.Code != 303 || len(s.errs) != 0 {
		t.Errorf("status %d, errors %v", w.Code, s.errs)
	}
}

// An origin is the same with its port and in capitals.
func TestLinkingSameOrigin(t *testing.T) {
	for _, base := range []string{"https://site.example:443", "https://SITE.example"} {
		s := newServed(t, registry.Options{BaseURL: base}, nil)
		for _, path := range []string{"/link/a", "/logout"} {
			if w := s.send(as("1"), posted(path, nil)); w.Code != 303 || len(s.errs) != 0 {
				t.Errorf("%s: %s: status %d, errors %v", base, path, w.Code, s.errs)
			}
		}
	}
}

func TestLinkingNeedsUser(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), newBrowser()
	w := s.send(in, posted("/link/a", nil))
	s.wantPage("nobody", w, 403, reason(registry.ReasonOtherUser))
	if len(in.cookies) != 0 {
		t.Errorf("cookies are %v", in.cookies)
	}
}

// Who begins without the handlers is held to the same.
func TestLinkingByAuthorize(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	o := registry.AuthorizeOptions{RedirectURI: callbackURL + "a", User: "1"}
	for _, method := range []string{"GET", "HEAD", "PUT"} {
		r := in.request(siteURL + "/link")
		r.Method = method
		r.Header.Set("Origin", siteURL)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		b.want(b.client("a").Authorize(w, r, o), registry.ReasonOtherSite)
		if len(w.Header()) != 0 {
			t.Errorf("%s: header %v", method, w.Header())
		}
	}
}

// Without Options.BaseURL the redirect URI says which site this is.
func TestLinkingWithoutBaseURL(t *testing.T) {
	b := newBench(t, registry.Options{})
	o := registry.AuthorizeOptions{RedirectURI: callbackURL + "a", User: "1"}
	for origin, ok := range map[string]bool{siteURL: true, "https://b.example": false} {
		r := posted("/link", nil)
		r.Header.Set("Origin", origin)
		r.Header.Del("Sec-Fetch-Site")
		err := b.client("a").Authorize(httptest.NewRecorder(), r, o)
		if ok && err != nil || !ok && !errors.Is(err, reason(registry.ReasonOtherSite)) {
			t.Errorf("from %s: %v", origin, err)
		}
	}
}

// A login that is to link an account ends with whom it began with, or not at all.
func TestLinkingEndsWithTheSameUser(t *testing.T) {
	for name, test := range map[string]struct {
		began, ends string
		want        error
	}{
		"the same":   {"1", "1", nil},
		"another":    {"1", "2", reason(registry.ReasonOtherUser)},
		"logged out": {"1", "", reason(registry.ReasonOtherUser)},
		"prefix":     {"11", "1", reason(registry.ReasonOtherUser)},
	} {
		eachStore(t, func(t *testing.T, store registry.Store) {
			s := newServed(t, registry.Options{BaseURL: siteURL, Store: store}, nil)
			in := as(test.began)
			callback := callbackOf(t, s.send(in, posted("/link/a", nil)))
			in.setUser(test.ends)
			w := s.get(in, callback)
			if test.want == nil {
				wantRedirect(t, name, w, 303, "/home")
				if len(s.logins) != 1 || s.logins[0].User != test.ends {
					t.Errorf("%s: logins %v", name, s.logins)
				}
				return
			}
			s.wantPage(name, w, 403, test.want)
			if in.setUser(test.began); len(s.logins) != 0 || s.answers != 0 {
				t.Errorf("%s: logins %v, %d tokens", name, s.logins, s.answers)
			}
			// It is used up, for the one who began it too.
			s.wantPage(name, s.get(in, callback), 400, reason(registry.ReasonUsed))
			if len(s.logins) != 0 {
				t.Errorf("%s: logins %v", name, s.logins)
			}
		})
	}
}

// An attacker begins to link an account, and has the victim, who is logged in, end it: the
// attacker's account at the provider would open the victim's here.
func TestLinkingInAnotherBrowser(t *testing.T) {
	for name, begin := range map[string]func() *http.Request{
		"link": func() *http.Request { return posted("/link/a", nil) },
		"login": func() *http.Request {
			return httptest.NewRequest("GET", siteURL+"/login/a", nil)
		},
	} {
		s := newServed(t, registry.Options{BaseURL: siteURL}, nil)
		attacker, victim := as("evil"), as("1")
		callback := callbackOf(t, s.send(attacker, begin()))
		s.send(victim, posted("/link/a", nil))
		s.wantPage(name, s.get(victim, callback), 400, reason(registry.ReasonOtherBrowser))
		if len(s.logins) != 0 || s.answers != 0 {
			t.Errorf("%s: logins %v", name, s.logins)
		}
	}
}

// A login is not a link: whoever is logged in has nothing linked by it, and a request from
// anywhere begins one.
func TestLoginLinksNothing(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), as("1")
	r := httptest.NewRequest("GET", siteURL+"/login/a", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	wantRedirect(t, "login", s.get(in, callbackOf(t, s.send(in, r))), 303, "/home")
	if len(s.logins) != 1 || s.logins[0].User != "" {
		t.Errorf("logins are %v", s.logins)
	}
}

// Another site cannot ask for a link, nor does iss turn one into its login.
func TestLinkingIsNoThirdPartyLogin(t *testing.T) {
	s, in := newServed(t, registry.Options{BaseURL: siteURL}, nil), as("1")
	w := s.send(in, posted("/link/a", url.Values{"iss": {"https://b.example"}}))
	wantRedirect(t, "link", s.get(in, callbackOf(t, w)), 303, "/home")
	if len(s.logins) != 1 || s.logins[0].User != "1" {
		t.Errorf("logins are %v", s.logins)
	}
	r := posted("/link/a", url.Values{"iss": {"https://b.example"}})
	r.Header.Set("Origin", "https://b.example")
	if w := s.send(in, r); w.Code != 403 || len(s.errs) != 1 ||
		!errors.Is(s.errs[0], reason(registry.ReasonOtherSite)) {
		t.Errorf("status %d, errors %v", w.Code, s.errs)
	}
}

// A link that failed is not taken for done when it is reloaded.
func TestFailedLinkReloaded(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL}, func(o *registry.HandlerOptions) {
		o.LoggedIn = func(http.ResponseWriter, *http.Request, *registry.Login) error {
			return errors.New("the database is down")
		}
	})
	in := as("1")
	callback := callbackOf(t, s.send(in, posted("/link/a", nil)))
	if w := s.get(in, callback); w.Code != 500 {
		t.Fatal(w.Code)
	}
	if w := s.get(in, callback); w.Code == 303 {
		t.Errorf("reload of a link that failed: %d to %s", w.Code, w.Header().Get("Location"))
	}
}

// Nor is one that the cache has lost.
func TestLostLink(t *testing.T) {
	d := beds["taker"]()
	s, in := newServed(t, registry.Options{BaseURL: siteURL, Store: d.store}, nil), as("1")
	callback := callbackOf(t, s.send(in, posted("/link/a", nil)))
	clear(d.cache.values) // the cache was restarted
	if w := s.get(in, callback); w.Code == 303 {
		t.Errorf("a link that never was: %d to %s, errors %v, logins %v", w.Code,
			w.Header().Get("Location"), s.errs, s.logins)
	}
}

// Which site this is no tenant says.
func TestLinkFromTenantsSite(t *testing.T) {
	s := newServed(t, registry.Options{BaseURL: siteURL,
		Resolve: func(context.Context, string) (registry.Config, error) {
			c := good()
			c.RedirectURI = "https://evil.example/callback"
			return c, nil
		}}, func(o *registry.HandlerOptions) { o.CallbackPath = "" })
	r := posted("/link/evil", nil)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Del("Sec-Fetch-Site") // Safari before 16.4
	s.wantPage("evil", s.send(as("1"), r), 403, reason(registry.ReasonOtherSite))
}

// Where tenants have configurations of their own, the site says which it is.
func TestLinkingWantsBaseURL(t *testing.T) {
	r := newRegistry(t, registry.Options{
		Resolve: func(_ context.Context, name string) (registry.Config, error) { return tenant(name), nil }})
	c, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	req := posted("/link/acme", nil)
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Del("Sec-Fetch-Site")
	err = c.Authorize(httptest.NewRecorder(), req, registry.AuthorizeOptions{
		RedirectURI: "https://evil.example/callback", User: "1"})
	if err == nil || !strings.Contains(err.Error(), "linking accounts needs Options.BaseURL") {
		t.Errorf("error is %v", err)
	}
}
