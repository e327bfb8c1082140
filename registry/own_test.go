package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// tokenWith returns a token that came with extra, which is JSON.
func tokenWith(t *testing.T, clientID, extra string) registry.Token {
	t.Helper()
	r := oauth2.Record{AccessToken: "token", RefreshToken: "refresh", ClientID: clientID}
	if err := json.Unmarshal([]byte(extra), &r.Extra); err != nil {
		t.Fatal(err)
	}
	tok, err := oauth2.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Token{OAuth2: tok}
}

// A row names nobody by what another server says, or by another member.
func TestRowNamesItsOwnUsers(t *testing.T) {
	const elsewhere = "https://other.example/token"
	for name, test := range map[string]struct {
		config registry.Config
		extra  string
		known  bool
	}{
		"from the token":          {registry.Config{Provider: "strava"}, `{"athlete":{"id":17}}`, true},
		"from another's token":    {registry.Config{Provider: "strava", AccessTokenURL: elsewhere}, `{"athlete":{"id":17}}`, false},
		"whom another's token is": {registry.Config{Provider: "weibo", AccessTokenURL: elsewhere}, `{"uid":"17"}`, false},
		"by another name": {registry.Config{Provider: "musicbrainz",
			UserInfoNames: map[string]string{"name": "sub"}}, `{}`, false},
		"by its own": {registry.Config{Provider: "musicbrainz",
			UserInfoNames: map[string]string{"sub": "metabrainz_user_id"}}, `{}`, true},
		"by no names": {registry.Config{Provider: "musicbrainz",
			UserInfoNames: map[string]string{}}, `{}`, false},
		"by sub as the row": {registry.Config{Provider: "epicgames",
			UserInfoNames: map[string]string{"name": "preferred_username"}}, `{}`, true},
	} {
		test.config.ClientID, test.config.ClientSecret = "client", "secret"
		c, err := newRegistry(t, registry.Options{HTTP: answering(map[string]string{
			"https://api.weibo.com/2/users/show.json?uid=17&access_token=token":     `{"idstr":"17"}`,
			"https://api.weibo.com/2/account/profile/email.json?access_token=token": `[]`,
			"https://api.epicgames.dev/epic/oauth/v2/userInfo":                      `{"sub":"17"}`,
			"https://musicbrainz.org/oauth2/userinfo":                               `{"sub":"18","metabrainz_user_id":17}`,
		})}).Register("name", test.config)
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.UserInfo(t.Context(), &registry.Login{Token: tokenWith(t, "client", test.extra)})
		e, ok := errors.AsType[*registry.ConfigError](err)
		if test.known && (err != nil || u.Identity.Subject != "17") ||
			!test.known && (u != nil || !ok || e.Field != "IdentityIssuer") {
			t.Errorf("%s: user is %+v, %v", name, u, err)
		}
	}
}

// Nobody is known by a token of another client, wherever the user is told of.
func TestUserBesideAnothersToken(t *testing.T) {
	c, err := newRegistry(t, registry.Options{}).Register("strava",
		registry.Config{Provider: "strava", ClientID: "client", ClientSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.UserInfo(t.Context(),
		&registry.Login{Token: tokenWith(t, "another", `{"athlete":{"id":17}}`)})
	if err == nil {
		t.Errorf("user is %+v", u)
	}
}

// The addresses of a row are asked for at its own API, with tokens of its own, and what the
// row says of them is said of none that are elsewhere.
func TestEmailsOfRow(t *testing.T) {
	const user, verified = `{"id":1,"email":"public@example.com"}`,
		`[{"email":"rosa@example.com","primary":true,"verified":true}]`
	for name, test := range map[string]struct {
		config   registry.Config
		asked    []string
		email    string
		verified bool
	}{
		"row": {registry.Config{}, []string{"https://api.github.com/user",
			"https://api.github.com/user/emails"}, "rosa@example.com", true},
		"another API": {registry.Config{APIBaseURL: "https://other.example/"},
			[]string{"https://api.github.com/user"}, "public@example.com", false},
		"other users": {registry.Config{UserInfoEndpoint: "https://other.example/user",
			IdentityIssuer: "https://other.example"},
			[]string{"https://other.example/user"}, "public@example.com", false},
		"another list": {registry.Config{UserInfoEmails: compliance.Emails{
			Endpoint: "user/public_emails", Email: "email"}}, []string{"https://api.github.com/user",
			"https://api.github.com/user/public_emails"}, "rosa@example.com", false},
	} {
		var asked []string
		c := test.config
		c.Provider, c.ClientID, c.ClientSecret = "github", "client", "secret"
		c.HTTP = answering(map[string]string{
			"https://api.github.com/user": user, "https://other.example/user": user,
			"https://api.github.com/user/emails":        verified,
			"https://api.github.com/user/public_emails": verified,
			"https://other.example/user/emails":         verified,
		}, func(r *http.Request) { asked = append(asked, r.URL.String()) })
		client, err := newRegistry(t, registry.Options{}).Register("name", c)
		if err != nil {
			t.Fatal(err)
		}
		u, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		email, verified := u.Email()
		if !slices.Equal(asked, test.asked) || email != test.email || verified != test.verified {
			t.Errorf("%s: asked %v for %s, %t", name, asked, email, verified)
		}
	}
}

// An API that will not say leaves the user without an address, and one that will later does not.
func TestEmailsRefused(t *testing.T) {
	for status, known := range map[int]bool{403: true, 404: true, 429: false, 500: false} {
		api := answering(map[string]string{"https://api.github.com/user": `{"id":1}`})
		c, err := newRegistry(t, registry.Options{}).Register("name", registry.Config{
			Provider: "github", ClientID: "client", ClientSecret: "secret",
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == "/user" {
					return api.Transport.RoundTrip(r)
				}
				w := httptest.NewRecorder()
				w.WriteHeader(status)
				return w.Result(), nil
			})}})
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
		if (err == nil) != known || u != nil && u.Identity.Subject != "1" {
			t.Errorf("%d: user is %+v, %v", status, u, err)
		}
	}
}

// A refresh token of another server does not go to the row's.
func TestRefreshTokenURLOfRow(t *testing.T) {
	var asked []string
	c, err := newRegistry(t, registry.Options{}).Register("name", registry.Config{
		Provider: "digitalocean", ClientID: "client", ClientSecret: "secret",
		AccessTokenURL: "https://other.example/token",
		HTTP: answering(map[string]string{
			"https://other.example/token": `{"access_token":"a","token_type":"Bearer"}`,
		}, func(r *http.Request) { asked = append(asked, r.URL.String()) }),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Refresh(t.Context(), tokenWith(t, "client", `{}`))
	if err != nil || !slices.Equal(asked, []string{"https://other.example/token"}) {
		t.Errorf("asked %v, %v", asked, err)
	}
}

// A URL is filled in with texts and whole numbers, and nothing else.
func TestUserInfoEndpointFilled(t *testing.T) {
	for member, want := range map[string]string{
		`"a b/c"`: "https://api.example/a%20b%2Fc", "17": "https://api.example/17", "null": "",
		"true": "", "1.5": "", "-1": "", `".."`: "", `""`: "", "[1]": "", `{"a":1}`: "",
	} {
		var asked []string
		c, err := newRegistry(t, registry.Options{}).Register("name", registry.Config{
			ClientID: "client", ClientSecret: "secret", AuthorizeURL: "https://as.example/a",
			AccessTokenURL: "https://as.example/t", UserInfoEndpoint: "https://api.example/{user}",
			IdentityIssuer: "https://as.example",
			HTTP: answering(nil, func(r *http.Request) {
				asked = append(asked, r.URL.String())
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.UserInfo(t.Context(), &registry.Login{Token: tokenWith(t, "client", `{"user":`+member+`}`)})
		if got := strings.Join(asked, " "); err == nil || got != want {
			t.Errorf("%s: asked %q, %v", member, got, err)
		}
	}
}

// Without UserInfo too, a login must be the client's own.
func TestIDTokenOfAnotherLogin(t *testing.T) {
	configs := providersWith(t, oauth1test.Options{}, oidctest.Options{})
	s := newSite(t, registry.Options{})
	if _, err := s.registry.Register("oidc", configs["oidc"]); err != nil {
		t.Fatal(err)
	}
	var login *registry.Login
	s.done = func(l *registry.Login, _ *oidc.UserInfo, _ string, err error) { login = l }
	browse(t, s.URL+"/login/oidc")
	other, err := s.registry.Register("huawei",
		registry.Config{Provider: "huawei", ClientID: "another", ClientSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := other.UserInfo(t.Context(), &registry.Login{Token: login.Token,
		Identity: login.Identity, IDToken: login.IDToken})
	if err == nil {
		t.Errorf("user is %+v", u)
	}
}

// Who has registered a configuration may change what it was made of.
func TestDialectIsCopied(t *testing.T) {
	var h heard
	c := providersWith(t, oauth1test.Options{}, oidctest.Options{Intercept: h.spy})["oidc"]
	ours := func(context.Context, *httpclient.Response) error { return nil }
	c.Dialect.Headers = map[string]string{"X-Version": "1"}
	c.Hooks.UserInfoResponse = []oauth2.ResponseHook{ours}
	s := newSite(t, registry.Options{})
	client, err := s.registry.Register("oidc", c)
	if err != nil {
		t.Fatal(err)
	}
	c.Dialect.Headers["X-Version"] = "2"
	c.Hooks.UserInfoResponse[0] = func(context.Context, *httpclient.Response) error {
		return errors.New("changed")
	}
	s.done = func(login *registry.Login, u *oidc.UserInfo, _ string, err error) {
		if err == nil {
			_, err = client.UserInfo(t.Context(), login)
		}
		if err != nil {
			t.Error(err)
		}
	}
	browse(t, s.URL+"/login/oidc")
	for _, endpoint := range []string{"token", "userinfo"} {
		if got := h.at(t, endpoint).Header.Get("X-Version"); got != "1" {
			t.Errorf("%s got %q", endpoint, got)
		}
	}
}
