package interop

import (
	"slices"
	"strings"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

func introspect(
	t *testing.T, c *oauth2.Client, token, hint string,
) *oauth2.Introspection {
	t.Helper()
	said, err := c.Introspect(t.Context(), token, hint)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// withLogin adds a row that begins with a login and the client of it.
func (tb *table) withLogin(
	name, note string, o oidc.AuthorizationOptions,
	run func(*testing.T, *oauth2.Client, *oidc.Login),
) {
	id := tb.client(nil)
	tb.row(name, note, func(t *testing.T) {
		client := tb.party(t, id, nil)
		oauth, err := client.OAuth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run(t, oauth, tb.login(t, client, o))
	})
}

func introspections(tb *table) {
	plain := oidc.AuthorizationOptions{}
	tb.withLogin("an access token", "subject, scopes and times", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			said := introspect(t, c, login.Token.AccessToken(), oauth2.HintAccessToken)
			if !said.Active || said.Subject != "alice" || said.ClientID != c.ID() ||
				said.Issuer != tb.issuer || !slices.Contains(said.Scopes, "openid") ||
				said.TokenType != "Bearer" || !said.ExpiresAt.After(said.IssuedAt) {
				t.Errorf("it says %+v", said)
			}
		})
	tb.withLogin("a refresh token", "", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			said := introspect(t, c, login.Token.RefreshToken(), oauth2.HintRefreshToken)
			if !said.Active || said.Subject != "alice" || said.TokenType != "" {
				t.Errorf("it says %+v", said)
			}
		})
	tb.withLogin("a wrong hint", "", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			if !introspect(t, c, login.Token.RefreshToken(), oauth2.HintAccessToken).Active {
				t.Error("it does not know the token")
			}
		})
	tb.withLogin("an unknown token", "inactive, and nothing else", plain,
		func(t *testing.T, c *oauth2.Client, _ *oidc.Login) {
			said := introspect(t, c, strings.Repeat("A", 43), "")
			if said.Active || said.ClientID != "" {
				t.Errorf("it says %+v", said)
			}
		})
	tb.withLogin("an expired token", "inactive", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			tb.later(t, 601)
			if introspect(t, c, login.Token.AccessToken(), "").Active {
				t.Error("it says that the token is active")
			}
		})
	tb.withLogin("an ID Token", "it refuses: unsupported_token_type", plain,
		func(t *testing.T, c *oauth2.Client, login *oidc.Login) {
			_, err := c.Introspect(t.Context(), login.Token.IDToken(), "")
			wants(t, err, refusal("unsupported_token_type"))
		})
	public := tb.client(map[string]any{"token_endpoint_auth_method": "none"})
	tb.withLogin("by a public client that is another", "inactive", plain,
		func(t *testing.T, _ *oauth2.Client, login *oidc.Login) {
			c := tb.oauth(t, public, oauth2.None())
			if introspect(t, c, login.Token.AccessToken(), "").Active {
				t.Error("it says that the token is active")
			}
		})
	id := tb.client(nil)
	tb.refused("with another secret", refusal("invalid_client"), func(t *testing.T) error {
		c := tb.oauth(t, id, oauth2.ClientSecretBasic("wrong"))
		_, err := c.Introspect(t.Context(), "token", "")
		return err
	})
	signed := tb.client(map[string]any{"introspection_signed_response_alg": "ES256"})
	asked := "we ask for JSON, and it sends that"
	tb.row("registered for a JSON Web Token", asked, func(t *testing.T) {
		c := tb.oauth(t, signed, oauth2.ClientSecretBasic(longSecret))
		tok, err := c.ClientCredentials(t.Context(), oauth2.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !introspect(t, c, tok.AccessToken(), "").Active {
			t.Error("it says that the token is not active")
		}
	})
	encrypted := tb.client(map[string]any{"introspection_signed_response_alg": "ES256",
		"introspection_encrypted_response_alg": "ECDH-ES"})
	tb.refused("registered for an encrypted one", refusal("invalid_request"),
		func(t *testing.T) error {
			_, err := tb.oauth(t, encrypted, oauth2.ClientSecretBasic(longSecret)).
				Introspect(t.Context(), "token", "")
			return err
		})
	tb.lacks("JSON Web Tokens, RFC 9701", "vouchsafe has none")
}
