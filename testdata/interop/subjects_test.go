package interop

import (
	"testing"

	"vouchsafe/oidc"
)

// Pairwise subjects: clients of one host have the same, and of another host another.
func subjects(tb *table) {
	const elsewhere = "https://other.example.com/callback"
	pairwise := func(redirectURI string) string {
		return tb.client(map[string]any{"subject_type": "pairwise",
			"redirect_uris": []string{redirectURI},
			"grant_types":   []string{"authorization_code", "implicit", "refresh_token"}})
	}
	a, b, c := pairwise(siteRedirectURI), pairwise(siteRedirectURI), pairwise(elsewhere)
	subject := func(t *testing.T, id, redirectURI string) string {
		t.Helper()
		client := tb.party(t, id, nil)
		login := tb.login(t, client, oidc.AuthorizationOptions{RedirectURI: redirectURI})
		user, err := client.UserInfo(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		renewed, err := client.Refresh(t.Context(), login.Token)
		if err != nil {
			t.Fatal(err)
		}
		who := login.IDToken.Identity()
		if user.Identity != who || renewed.IDToken != nil && renewed.IDToken.Identity() != who {
			t.Errorf("the ID Token is of %v, UserInfo of %v", who, user.Identity)
		}
		return who.Subject
	}
	tb.row("pairwise", "not the account, and the same twice", func(t *testing.T) {
		first, second := subject(t, a, siteRedirectURI), subject(t, a, siteRedirectURI)
		if first != second || first == "alice" {
			t.Errorf("they are %q and %q", first, second)
		}
	})
	tb.row("of one sector", "the same", func(t *testing.T) {
		if x, y := subject(t, a, siteRedirectURI), subject(t, b, siteRedirectURI); x != y {
			t.Errorf("they are %q and %q", x, y)
		}
	})
	tb.row("of two sectors", "others", func(t *testing.T) {
		if x, y := subject(t, a, siteRedirectURI), subject(t, c, elsewhere); x == y {
			t.Errorf("they are both %q", x)
		}
	})
	tb.refused("UserInfo of another", check("sub"), func(t *testing.T) error {
		client := tb.party(t, a, nil)
		login := tb.login(t, client, oidc.AuthorizationOptions{})
		_, err := client.UserInfoOf(t.Context(), login.Token,
			oidc.Identity{Issuer: tb.issuer, Subject: "alice"})
		return err
	})
	tb.row("a hint of the same user", "", func(t *testing.T) {
		client := tb.party(t, a, nil)
		hint := tb.login(t, client, oidc.AuthorizationOptions{}).Token.IDToken()
		tb.login(t, client, oidc.AuthorizationOptions{IDTokenHint: hint})
	})
	tb.row("a hint of another client of the sector", "it refuses: invalid_request",
		func(t *testing.T) {
			client := tb.party(t, a, nil)
			hint := tb.login(t, tb.party(t, b, nil), oidc.AuthorizationOptions{}).Token.IDToken()
			_, err := openIDCase{options: oidc.AuthorizationOptions{IDTokenHint: hint}}.
				logIn(t.Context(), client, newBrowser("alice", siteRedirectURI))
			wants(t, err, refusal("invalid_request"))
		})
}
