package interop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"vouchsafe/registry"
)

// A user logs in through a certified OpenID provider, with the registry as the
// relying party: discovery, code with PKCE, client_secret_basic, an ID Token
// signed with RS256, UserInfo, and two refreshes with rotated refresh tokens.
func TestRegistryLogsInAtProvider(t *testing.T) {
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	redirectURI := site.URL + "/callback"
	issuer := startProvider(t, testClientID, testSecret, redirectURI)

	client := registered(t, registry.Options{EphemeralKey: true, BaseURL: site.URL}, registry.Config{
		ClientID:                testClientID,
		ClientSecret:            testSecret,
		Issuer:                  issuer,
		Scopes:                  []string{"openid", "profile", "email"},
		TokenEndpointAuthMethod: "client_secret_basic",
	})
	var checks []string
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		if err := client.AuthorizeRedirect(w, r, "/callback"); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		hear := func(check, clause string, err error) {
			checks = append(checks, fmt.Sprintf("%s (%s): %v", check, clause, err))
		}
		login, err := client.AuthorizeAccessToken(w, r.WithContext(registry.WithTrace(r.Context(), hear)))
		if err != nil {
			t.Errorf("%v\nchecks: %q", err, checks)
			return
		}
		checkLogin(t, client, login, issuer)
		io.WriteString(w, "done")
	})

	b := newBrowser("alice", redirectURI)
	callback, err := b.logIn(site.URL + "/login")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.client.Get(callback.String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "done" {
		t.Errorf("the site answered %q", body)
	}
	if len(checks) < 15 {
		t.Errorf("only %d checks were made: %q", len(checks), checks)
	}
}

func registered(t *testing.T, o registry.Options, c registry.Config) *registry.Client {
	t.Helper()
	reg, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	client, err := reg.Register("provider", c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func checkLogin(t *testing.T, client *registry.Client, login *registry.Login, issuer string) {
	t.Helper()
	if login.Identity.Issuer != issuer || login.Identity.Subject != "alice" {
		t.Errorf("logged in as %v", login.Identity)
	}
	user, err := client.UserInfo(t.Context(), login)
	if err != nil {
		t.Error(err)
		return
	}
	if address, _ := user.Email(); user.Identity != login.Identity || user.Name == "" || address == "" {
		t.Errorf("UserInfo is %+v", user)
	}
	tok := login.Token
	for range 2 {
		renewed, err := client.Refresh(t.Context(), tok)
		if err != nil {
			t.Error(err)
			return
		}
		if renewed.OAuth2.AccessToken() == tok.OAuth2.AccessToken() ||
			renewed.OAuth2.RefreshToken() == tok.OAuth2.RefreshToken() {
			t.Error("a refresh brought nothing new")
		}
		tok = renewed
	}
}
