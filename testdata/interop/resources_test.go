package interop

import (
	"net/url"
	"slices"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Where access tokens are for, RFC 8707.
func resources(tb *table) {
	const one, two = "https://api.example.com/one", "https://api.example.com/two"
	aud := func(t *testing.T, c *oauth2.Client, tok *oauth2.Token, want string) {
		t.Helper()
		said := introspect(t, c, tok.AccessToken(), "")
		if !said.Active || !slices.Equal(said.Audience, []string{want}) {
			t.Errorf("the token is active: %t, for %v, want %v", said.Active, said.Audience, want)
		}
	}
	at := func(resources ...string) oidc.AuthorizationOptions {
		return oidc.AuthorizationOptions{
			Scopes: []string{"api:read", "offline_access"}, Resources: resources,
			Prompt: []string{"consent"}}
	}
	tb.withLogin("by code", "the token is for it alone", at(one),
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			aud(t, c, login.Token, one)
			if !slices.Equal(login.Token.Scopes, []string{"api:read"}) {
				t.Errorf("the scopes are %v", login.Token.Scopes)
			}
		})
	tb.withLogin("by refresh token", "", at(one),
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			renewed, err := c.Refresh(t.Context(), login.Token,
				oauth2.TokenOptions{Resources: []string{one}, Scopes: []string{"api:read"}})
			if err != nil {
				t.Fatal(err)
			}
			aud(t, c, renewed, one)
		})
	id := tb.client(nil)
	client := func(t *testing.T) *oauth2.Client {
		return tb.oauth(t, id, oauth2.ClientSecretBasic(longSecret))
	}
	tb.row("client credentials", "", func(t *testing.T) {
		c := client(t)
		tok, err := c.ClientCredentials(t.Context(),
			oauth2.TokenOptions{Resources: []string{two}, Scopes: []string{"api:write"}})
		if err != nil {
			t.Fatal(err)
		}
		aud(t, c, tok, two)
	})
	tb.refused("unknown", refusal("invalid_target"), func(t *testing.T) error {
		_, err := client(t).ClientCredentials(t.Context(),
			oauth2.TokenOptions{Resources: []string{"https://api.example.com/three"}})
		return err
	})
	tb.withLogin("not granted", "it refuses: invalid_target", at(one),
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			_, err := c.Refresh(t.Context(), login.Token,
				oauth2.TokenOptions{Resources: []string{two}})
			wants(t, err, refusal("invalid_target"))
		})
	tb.logins([]openIDCase{
		{name: "unknown, asked for by code", want: refusal("invalid_target"),
			options: at("https://api.example.com/three")},
		{name: "two at once", options: at(one, two), want: refusal("invalid_target")},
	})
	party := tb.client(nil)
	tb.row("two, one after the other", "both granted; oidc-provider's tokens are for one",
		func(t *testing.T) {
			o := at()
			o.Params = url.Values{"resource": {one, two}}
			o.TokenParams = url.Values{"resource": {one}}
			p := tb.party(t, party, nil)
			login := tb.login(t, p, o)
			c, err := p.OAuth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			aud(t, c, login.Token, one)
			renewed, err := c.Refresh(t.Context(), login.Token,
				oauth2.TokenOptions{Resources: []string{two}})
			if err != nil {
				t.Fatal(err)
			}
			aud(t, c, renewed, two)
		})
	tb.refused("a resource's token at UserInfo", refusal("insufficient_scope"),
		func(t *testing.T) error {
			client := tb.party(t, party, nil)
			_, err := client.UserInfo(t.Context(), tb.login(t, client, at(one)))
			return err
		})
}
