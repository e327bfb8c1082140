package interop

import (
	"slices"
	"testing"

	"vouchsafe/oauth2"
)

// Grants without a user.
func otherGrants(tb *table) {
	id := tb.client(nil)
	client := func(t *testing.T) *oauth2.Client {
		return tb.oauth(t, id, oauth2.ClientSecretBasic(longSecret))
	}
	tb.row("client credentials", "with a scope", func(t *testing.T) {
		tok, err := client(t).ClientCredentials(t.Context(),
			oauth2.TokenOptions{Scopes: []string{"api:read"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tok.Scopes, []string{"api:read"}) || tok.RefreshToken() != "" {
			t.Errorf("the scopes are %v, or a refresh token is there", tok.Scopes)
		}
	})
	reads := tb.client(map[string]any{"scope": "api:read",
		"grant_types": []string{"client_credentials"}, "response_types": []string{}})
	tb.refused("client credentials for a scope that is not registered", refusal("invalid_scope"),
		func(t *testing.T) error {
			_, err := tb.oauth(t, reads, oauth2.ClientSecretBasic(longSecret)).
				ClientCredentials(t.Context(), oauth2.TokenOptions{Scopes: []string{"api:write"}})
			return err
		})
	tb.row("client credentials for a scope that is none",
		"oidc-provider grants none and does not say so, as RFC 6749, Section 5.1 has it: "+
			"introspection does", func(t *testing.T) {
			c := client(t)
			tok, err := c.ClientCredentials(t.Context(),
				oauth2.TokenOptions{Scopes: []string{"api:delete"}})
			if err != nil {
				t.Fatal(err)
			}
			said := introspect(t, c, tok.AccessToken(), "")
			if len(said.Scopes) != 0 || !slices.Equal(tok.Scopes, []string{"api:delete"}) {
				t.Errorf("the scopes are %v, and by introspection %v", tok.Scopes, said.Scopes)
			}
		})
	codeOnly := tb.client(map[string]any{
		"grant_types": []string{"authorization_code"}, "response_types": []string{"code"}})
	tb.row("client credentials that are not registered",
		"it refuses: invalid_request, where RFC 6749, Section 5.2 has unauthorized_client",
		func(t *testing.T) {
			_, err := tb.oauth(t, codeOnly, oauth2.ClientSecretBasic(longSecret)).
				ClientCredentials(t.Context(), oauth2.TokenOptions{})
			wants(t, err, refusal("invalid_request"))
		})
	tb.refused("password", refusal("unsupported_grant_type"), func(t *testing.T) error {
		_, err := client(t).InsecurePassword(t.Context(), "alice", "secret", oauth2.TokenOptions{})
		return err
	})
	tb.refused("JWT bearer", refusal("unsupported_grant_type"), func(t *testing.T) error {
		c := client(t)
		assertion, err := c.SignAssertion(oauth2.Assertion{Key: tb.keys.sign})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.JWTBearer(t.Context(), assertion, oauth2.TokenOptions{})
		return err
	})
	tb.refused("token exchange", refusal("unsupported_grant_type"), func(t *testing.T) error {
		_, err := client(t).TokenExchange(t.Context(), oauth2.TokenExchange{
			SubjectToken: "token", SubjectTokenType: oauth2.TokenTypeAccessToken},
			oauth2.TokenOptions{})
		return err
	})
	tb.lacks("CIBA, pre-authorized code", "vouchsafe has neither")
}
