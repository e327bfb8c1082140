package interop

import (
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Where a request for UserInfo has the access token.
func placements(tb *table) {
	at := func(p oauth2.Placement) func(keyring, *oidc.Config) {
		return func(_ keyring, c *oidc.Config) { c.TokenPlacement = p }
	}
	tb.logins([]openIDCase{
		{name: "in the header", config: at(oauth2.PlacementHeader)},
		{name: "in the body", config: at(oauth2.PlacementBody)},
	})
	uri := tb.client(nil)
	tb.refused("in the URL", refusal("invalid_request"), func(t *testing.T) error {
		client := tb.party(t, uri, at(oauth2.InsecurePlacementQuery))
		_, err := client.UserInfo(t.Context(), tb.login(t, client, oidc.AuthorizationOptions{}))
		return err
	})
	tb.lacks("DPoP", "vouchsafe has none yet")
}
