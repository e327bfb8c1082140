package interop

import (
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Where a request for UserInfo has the access token, and one that has ended.
func accessTokens(tb *table) {
	at := func(p oauth2.Placement) func(keyring, *oidc.Config) {
		return func(_ keyring, c *oidc.Config) { c.TokenPlacement = p }
	}
	tb.logins([]openIDCase{
		{name: "in the header", config: at(oauth2.PlacementHeader)},
		{name: "in the body", config: at(oauth2.PlacementBody)},
	})
	id := tb.client(nil)
	tb.refused("in the URL", refusal("invalid_request"), func(t *testing.T) error {
		client := tb.party(t, id, at(oauth2.InsecurePlacementQuery))
		_, err := client.UserInfo(t.Context(), tb.login(t, client, oidc.AuthorizationOptions{}))
		return err
	})
	tb.refused("expired", refusal("invalid_token"), func(t *testing.T) error {
		client := tb.party(t, id, nil)
		login := tb.login(t, client, oidc.AuthorizationOptions{})
		tb.later(t, 620) // of which it tolerates 15
		_, err := client.UserInfo(t.Context(), login)
		return err
	})
	tb.lacks("DPoP", "vouchsafe has none yet")
}
