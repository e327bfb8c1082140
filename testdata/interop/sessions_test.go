package interop

import (
	"errors"
	"testing"

	"vouchsafe/oidc"
)

// Who has logged in before need not again; and who did, is who must come back. The ID Tokens
// are encrypted for the client, and so no hint as they are.
func sessions(tb *table) {
	id := tb.client(map[string]any{"id_token_encrypted_response_alg": "ECDH-ES"})
	encrypted := func(k keyring, c *oidc.Config) {
		c.IDToken = k.encrypted("", "ECDH-ES", "A128CBC-HS256")
	}
	none := oidc.AuthorizationOptions{Prompt: []string{"none"}}
	for _, c := range []struct {
		openIDCase
		user string
		hint bool // alice's
	}{
		{openIDCase{name: "no hint"}, "alice", false},
		{openIDCase{name: "a hint"}, "alice", true},
		{openIDCase{name: "another user"}, "bob", false},
		{openIDCase{name: "a hint of another user", want: refusal("login_required")}, "bob", true},
		{openIDCase{name: "a hint of another user, lost", request: remove("id_token_hint"),
			want: check("sub")}, "bob", true},
	} {
		c.options = none
		tb.row(c.name, c.outcome(), func(t *testing.T) {
			client := tb.party(t, id, encrypted)
			if c.hint {
				alice := tb.login(t, client, oidc.AuthorizationOptions{})
				c.options.IDTokenHint = alice.Token.IDToken()
			}
			b := newBrowser(c.user, siteRedirectURI)
			if _, err := (openIDCase{}).logIn(t.Context(), client, b); err != nil {
				t.Fatal(err)
			}
			login, err := c.logIn(t.Context(), client, b)
			if !errors.Is(err, c.want) {
				t.Fatalf("error is %v, want %v", err, c.want)
			}
			if err == nil && login.IDToken.Subject != c.user {
				t.Errorf("the ID Token is of %v", login.IDToken.Identity())
			}
		})
	}
}
