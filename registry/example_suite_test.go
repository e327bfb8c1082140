package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// loginOf does what the login handler, the browser and the callback handler do, one after the
// other.
func loginOf(ctx context.Context, client *registry.Client, redirectURI string,
	browse func(url string) (*http.Request, error)) (*registry.Login, error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, "GET", "https://app.example/login", nil)
	if err := client.AuthorizeRedirect(w, r, redirectURI); err != nil {
		return nil, err
	}
	begun := w.Result()
	callback, err := browse(begun.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	for _, cookie := range begun.Cookies() {
		callback.AddCookie(cookie)
	}
	return client.AuthorizeAccessToken(httptest.NewRecorder(), callback.WithContext(ctx))
}

// byOpenIDConnect logs in by a code and asks who it is. It can do nothing else, and says so.
func byOpenIDConnect(ctx context.Context, a *oidctest.Attempt) error {
	if !a.Plain() {
		return fmt.Errorf("not in this application: %w", errors.ErrUnsupported)
	}
	reg, err := registry.New(registry.Options{EphemeralKey: true})
	if err != nil {
		return err
	}
	client, err := reg.Register("company", registry.Config{
		ClientID: a.Client.ID, ClientSecret: a.Client.Secret, Issuer: a.Issuer, HTTP: a.HTTP})
	if err != nil {
		return err
	}
	login, err := loginOf(ctx, client, a.RedirectURI, a.Browse)
	if err != nil {
		return err
	}
	_, err = client.UserInfo(ctx, login)
	return err
}

// byOAuth1 logs in and calls the API. Some providers have tokens that are too long for a
// cookie: it keeps its logins in a cache.
func byOAuth1(ctx context.Context, a *oauth1test.Attempt) error {
	if a.Task != oauth1test.Login {
		return fmt.Errorf("not in this application: %w", errors.ErrUnsupported)
	}
	reg, err := registry.New(registry.Options{
		EphemeralKey: true, Store: registry.CacheStore(newMemory())})
	if err != nil {
		return err
	}
	client, err := reg.Register("company", registry.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret,
		RequestTokenURL: a.TemporaryCredentialURL, AuthorizeURL: a.AuthorizationURL,
		AccessTokenURL: a.TokenURL, APIBaseURL: a.APIURL,
	})
	if err != nil {
		return err
	}
	login, err := loginOf(ctx, client, a.RedirectURI, a.Browse)
	if err != nil {
		return err
	}
	resp, err := client.WithToken(login.Token).Get(ctx, a.APIURL)
	if err != nil {
		return err
	}
	var user struct{ ID string }
	return registry.DecodeJSON(resp, &user)
}

// One's own login at providers that misbehave, in each way that packages oidctest and
// oauth1test know: two tests of the application, whose subtests are these ways.
func Example_suites() {
	_ = func(t *testing.T) { oidctest.Suite(t, byOpenIDConnect) }
	_ = func(t *testing.T) { oauth1test.Suite(t, byOAuth1) }
}

func TestSuitesOfTheExample(t *testing.T) {
	t.Run("oidctest", func(t *testing.T) { oidctest.Suite(t, byOpenIDConnect) })
	t.Run("oauth1test", func(t *testing.T) { oauth1test.Suite(t, byOAuth1) })
}
