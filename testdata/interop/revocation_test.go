package interop

import (
	"strings"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

func revocations(tb *table) {
	plain := oidc.AuthorizationOptions{}
	inactive := func(t *testing.T, c *oauth2.Client, tokens ...string) {
		t.Helper()
		for i, token := range tokens {
			if introspect(t, c, token, "").Active {
				t.Errorf("token %d is active", i)
			}
		}
	}
	for _, hint := range []string{oauth2.HintAccessToken, oauth2.HintRefreshToken, ""} {
		name := map[string]string{"": "what is held"}[hint]
		if hint != "" {
			name = "the " + strings.ReplaceAll(hint, "_", " ")
		}
		tb.withLogin(name, "the other one of the grant ends with it", plain,
			func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
				if err := c.Revoke(t.Context(), login.Token, hint); err != nil {
					t.Fatal(err)
				}
				inactive(t, c, login.Token.AccessToken(), login.Token.RefreshToken())
				_, err := c.Refresh(t.Context(), login.Token, oauth2.TokenOptions{})
				wants(t, err, refusal("invalid_grant"))
			})
	}
	tb.withLogin("twice", "no error", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			for range 2 {
				if err := c.Revoke(t.Context(), login.Token, ""); err != nil {
					t.Fatal(err)
				}
			}
		})
	tb.withLogin("the token of another client", "we refuse: client_id", plain,
		func(t *testing.T, _ *oauth2.Client, login *oidc.Login) {
			c := tb.oauth(t, "another", oauth2.ClientSecretBasic(longSecret))
			err := c.Revoke(t.Context(), login.Token, "")
			wants(t, err, check("client_id"))
		})
	tb.withLogin("with another secret", "it refuses: invalid_client", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			wrong := tb.oauth(t, c.ID(), oauth2.ClientSecretBasic("wrong"))
			err := wrong.Revoke(t.Context(), login.Token, "")
			wants(t, err, refusal("invalid_client"))
		})
}
