package registry_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

// A login of OAuth 2.0 over a transport that answers from memory: by package oauth2 alone, which
// is the baseline, and through the registry, which seals it and ties it to the browser.
func BenchmarkLogin(b *testing.B) {
	answer := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		w.WriteString(`{"access_token":"token","token_type":"Bearer"}`)
		return w.Result(), nil
	})}
	b.Run("oauth2", func(b *testing.B) {
		c, err := oauth2.New(oauth2.Config{
			ID: "client", Auth: oauth2.ClientSecretBasic("secret"), HTTP: answer,
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://provider.example/authorize",
				TokenEndpoint:         "https://provider.example/token",
			}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			req, err := c.Authorize(b.Context(), oauth2.AuthorizationOptions{RedirectURI: callbackURL})
			if err != nil {
				b.Fatal(err)
			}
			_, err = c.Callback(b.Context(), url.Values{"code": {"code"},
				"state": {req.Transaction.State()}}, req.Transaction)
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, store := range map[string]registry.Store{
		"cookie": registry.CookieStore(), "cache": registry.CacheStore(newMemory())} {
		b.Run(name, func(b *testing.B) {
			r, err := registry.New(registry.Options{EphemeralKey: true, HTTP: answer, Store: store})
			if err != nil {
				b.Fatal(err)
			}
			c, err := r.Register("name", good())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				err := c.AuthorizeRedirect(w, httptest.NewRequest("GET", "/login", nil), callbackURL)
				if err != nil {
					b.Fatal(err)
				}
				to, err := url.Parse(w.Header().Get("Location"))
				if err != nil {
					b.Fatal(err)
				}
				callback := httptest.NewRequest("GET",
					"/callback?code=code&state="+to.Query().Get("state"), nil)
				for _, cookie := range w.Result().Cookies() {
					callback.AddCookie(cookie)
				}
				if _, err := c.AuthorizeAccessToken(httptest.NewRecorder(), callback); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
