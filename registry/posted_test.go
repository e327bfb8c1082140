package registry_test

import (
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// posting registers a provider whose page posts the callback.
func posting(t *testing.T, base, responseType, mode string) *registry.Client {
	t.Helper()
	provider := oidctest.NewServer(oidctest.Options{})
	t.Cleanup(provider.Close)
	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	c, err := reg.Register("p", registry.Config{
		ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer(),
		Scopes: []string{"openid"}, ResponseType: responseType, ResponseMode: mode})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// beginPosted begins a login and returns the callback that the provider's page makes.
func beginPosted(t *testing.T, c *registry.Client) *http.Request {
	t.Helper()
	rec := httptest.NewRecorder()
	err := c.AuthorizeRedirect(rec, httptest.NewRequest("GET", "/login", nil), "/callback")
	if err != nil {
		t.Fatal(err)
	}
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 || cookies[0].SameSite != http.SameSiteNoneMode || !cookies[0].Secure {
		t.Fatalf("cookies are %v", cookies)
	}
	resp, err := http.Get(rec.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	input := regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	for _, m := range input.FindAllStringSubmatch(string(page), -1) {
		form.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	r := httptest.NewRequest("POST", "/callback", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(cookies[0])
	return r
}

func TestPostedCallback(t *testing.T) {
	for _, test := range []struct{ responseType, mode string }{
		{"", "form_post"},
		{"", "form_post.jwt"},
		{"code id_token", "form_post"},
		{"code id_token token", "form_post.jwt"},
		{"id_token", "form_post"},
	} {
		t.Run(test.responseType+" "+test.mode, func(t *testing.T) {
			c := posting(t, "https://127.0.0.1", test.responseType, test.mode)
			r := beginPosted(t, c)
			rec := httptest.NewRecorder()
			login, err := c.AuthorizeAccessToken(rec, r)
			if err != nil {
				t.Fatal(err)
			}
			if login.Identity.Subject != "alice" {
				t.Errorf("identity is %v", login.Identity)
			}
			cookie := rec.Result().Cookies()[0]
			if cookie.Value != "used" || cookie.SameSite != http.SameSiteNoneMode {
				t.Errorf("cookie is %v", cookie)
			}
		})
	}
}

// The browser that has not begun the login has no cookie, whatever is posted.
func TestPostedCallbackInAnotherBrowser(t *testing.T) {
	c := posting(t, "https://127.0.0.1", "", "form_post")
	r := beginPosted(t, c)
	r.Header.Del("Cookie")
	_, err := c.AuthorizeAccessToken(httptest.NewRecorder(), r)
	if !errors.Is(err, &registry.TransactionError{Reason: registry.ReasonOtherBrowser}) {
		t.Errorf("error is %v", err)
	}
}

// Over http no browser would send the cookie along.
func TestPostedCallbackNeedsHTTPS(t *testing.T) {
	c := posting(t, "http://127.0.0.1", "", "form_post")
	rec := httptest.NewRecorder()
	err := c.AuthorizeRedirect(rec, httptest.NewRequest("GET", "/login", nil), "/callback")
	if err == nil || !strings.Contains(err.Error(), "RedirectURI must be https") {
		t.Errorf("error is %v", err)
	}
	if len(rec.Result().Cookies()) > 0 || rec.Header().Get("Location") != "" {
		t.Errorf("answered %v", rec.Header())
	}
}

// Not every request is a callback, and one that is not uses up no login.
func TestCallbackMethods(t *testing.T) {
	c := posting(t, "https://127.0.0.1", "", "form_post")
	r := beginPosted(t, c)
	for _, method := range []string{"HEAD", "PUT", "OPTIONS"} {
		other := r.Clone(t.Context())
		other.Method = method
		rec := httptest.NewRecorder()
		_, err := c.AuthorizeAccessToken(rec, other)
		if !errors.Is(err, &jose.CheckError{Check: "response_mode"}) ||
			len(rec.Result().Cookies()) > 0 {
			t.Errorf("%s: error is %v", method, err)
		}
	}
	if _, err := c.AuthorizeAccessToken(httptest.NewRecorder(), r); err != nil {
		t.Error(err)
	}
}

// Where the page of RelayFragment posts over http, the mark of use is a cookie that browsers
// keep: SameSite=None without Secure is none.
func TestRelayedCallbackOverHTTP(t *testing.T) {
	c := posting(t, "http://127.0.0.1", "code id_token", "")
	rec := httptest.NewRecorder()
	err := c.AuthorizeRedirect(rec, httptest.NewRequest("GET", "/login", nil), "/callback")
	if err != nil {
		t.Fatal(err)
	}
	to, err := rec.Result().Location()
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"state": {to.Query().Get("state")}}
	r := httptest.NewRequest("POST", "/callback", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(rec.Result().Cookies()[0])
	rec = httptest.NewRecorder()
	if _, err := c.AuthorizeAccessToken(rec, r); err == nil {
		t.Error("no error")
	}
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != "used" ||
		cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Secure {
		t.Errorf("cookies are %v", cookies)
	}
}

// The cookie is as the login asks for its response.
func TestPostedByOptions(t *testing.T) {
	for _, test := range []struct {
		config, asked string
		want          http.SameSite
	}{
		{"", "form_post", http.SameSiteNoneMode},
		{"form_post", "query", http.SameSiteLaxMode},
		{"form_post", "", http.SameSiteNoneMode},
		{"", "", http.SameSiteLaxMode},
	} {
		c := posting(t, siteURL, "", test.config)
		w := httptest.NewRecorder()
		if err := c.Authorize(w, httptest.NewRequest("GET", "/", nil), registry.AuthorizeOptions{
			RedirectURI: "/callback",
			OIDC:        oidc.AuthorizationOptions{ResponseMode: test.asked}}); err != nil {
			t.Fatal(err)
		}
		if got := w.Result().Cookies()[0].SameSite; got != test.want {
			t.Errorf("%+v: SameSite is %v", test, got)
		}
	}
}
