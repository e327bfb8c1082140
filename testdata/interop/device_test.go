package interop

import (
	"context"
	"net/http"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A user lets a device in, or not.
func devices(tb *table) {
	id := tb.client(map[string]any{"token_endpoint_auth_method": "none",
		"redirect_uris": []string{}, "response_types": []string{},
		"grant_types": []string{deviceGrant, "refresh_token"}})
	byKey := tb.client(map[string]any{"token_endpoint_auth_method": "private_key_jwt"})
	ask := func(t *testing.T, id string, auth oauth2.ClientAuthentication, then func(page string)) (
		*oauth2.Client, *oauth2.DeviceAuthorization) {
		d := &oauth2.DeviceAuthorization{}
		pending := []oauth2.ResponseHook{func(_ context.Context, resp *httpclient.Response) error {
			if then != nil && resp.Status == http.StatusBadRequest {
				then(d.VerificationURIComplete)
			}
			return nil
		}}
		c, err := oauth2.New(oauth2.Config{ID: id, Server: tb.server, Auth: auth,
			Hooks: oauth2.Hooks{AccessTokenResponse: pending}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.DeviceAuthorization(t.Context(), oauth2.TokenOptions{
			Scopes: []string{"openid", "offline_access"}})
		if err != nil {
			t.Fatal(err)
		}
		*d = *got
		d.Interval = time.Second // the provider names none, and does not mind
		d.ExpiresAt = time.Now().Add(startLimit)
		return c, d
	}
	// The provider shows a page without a form when it is done.
	letIn := func(page string) { newBrowser("alice", testRedirectURI).logIn(page) }
	tb.row("let in", "while it waits, and again by a refresh token", func(t *testing.T) {
		c, d := ask(t, id, oauth2.None(), letIn)
		tok, err := c.DeviceToken(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		renewed, err := c.Refresh(t.Context(), tok, oauth2.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if renewed.AccessToken() == tok.AccessToken() ||
			renewed.RefreshToken() == tok.RefreshToken() {
			t.Error("the tokens are the old ones")
		}
		tb.checkDevice(t, id, tok)
	})
	tb.row("private_key_jwt", "", func(t *testing.T) {
		c, d := ask(t, byKey, oauth2.PrivateKeyJWT(tb.keys.sign, oauth2.AssertionOptions{}), nil)
		letIn(d.VerificationURIComplete)
		if _, err := c.DeviceToken(t.Context(), d); err != nil {
			t.Error(err)
		}
	})
	tb.refused("kept out", refusal("access_denied"), func(t *testing.T) error {
		c, d := ask(t, id, oauth2.None(), func(page string) {
			b := newBrowser("alice", testRedirectURI)
			b.button = "abort"
			b.logIn(page)
		})
		_, err := c.DeviceToken(t.Context(), d)
		return err
	})
	tb.refused("nobody came", refusal("expired_token"), func(t *testing.T) error {
		c, d := ask(t, id, oauth2.None(), nil)
		tb.later(t, 601)
		_, err := c.DeviceToken(t.Context(), d)
		return err
	})
	tb.refused("twice", refusal("invalid_grant"), func(t *testing.T) error {
		c, d := ask(t, id, oauth2.None(), nil)
		letIn(d.VerificationURIComplete)
		if _, err := c.DeviceToken(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		_, err := c.DeviceToken(t.Context(), d)
		return err
	})
	tb.refused("a client that may not", refusal("invalid_request"), func(t *testing.T) error {
		c := tb.oauth(t, testClientID, oauth2.ClientSecretBasic(testSecret))
		_, err := c.DeviceAuthorization(t.Context(), oauth2.TokenOptions{})
		return err
	})
}

// checkDevice looks at the ID Token that a device got, for which there was no nonce.
func (tb *table) checkDevice(t *testing.T, id string, tok *oauth2.Token) {
	t.Helper()
	client := tb.party(t, id, func(_ keyring, c *oidc.Config) { c.Auth = oauth2.None() })
	idToken, err := client.VerifyIDToken(t.Context(), tok.IDToken(),
		oidc.IDTokenExpectations{InsecureWithoutNonce: true, AccessToken: tok.AccessToken()})
	if err != nil {
		t.Fatal(err)
	}
	user, err := client.UserInfoOf(t.Context(), tok, idToken.Identity())
	if err != nil {
		t.Fatal(err)
	}
	if user.Identity.Subject != "alice" {
		t.Errorf("UserInfo is of %v", user.Identity)
	}
}
