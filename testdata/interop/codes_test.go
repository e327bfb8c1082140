package interop

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// What becomes of a code that is not for this request, or not any more, and of a login that
// would not protect its code.
func codes(tb *table) {
	inRequest := func(change func(url.Values)) func(keyring, *oidc.Config) {
		return func(_ keyring, c *oidc.Config) {
			c.Hooks.AccessTokenRequest = []oauth2.RequestHook{
				func(_ context.Context, req *http.Request) error {
					change(req.PostForm)
					return nil
				}}
		}
	}
	tb.logins([]openIDCase{
		{name: "PKCE missing", want: refusal("invalid_request"), request: func(v url.Values) {
			v.Del("code_challenge")
			v.Del("code_challenge_method")
		}},
		{name: "PKCE with plain", want: refusal("invalid_request"),
			request: set("code_challenge_method", "plain")},
		{name: "another code verifier", want: refusal("invalid_grant"),
			config: inRequest(set("code_verifier", strings.Repeat("v", 43)))},
		{name: "no code verifier", want: refusal("invalid_grant"),
			config: inRequest(remove("code_verifier"))},
		{name: "another redirect URI for the token", want: refusal("invalid_grant"),
			config: inRequest(set("redirect_uri", clientSite+"/else"))},
		{name: "a grant type that is none", want: refusal("unsupported_grant_type"),
			config: inRequest(set("grant_type", "urn:example:grant"))},
	})
	id, other := tb.client(nil), tb.client(nil)
	tb.row("a redirect URI that is not registered",
		"it refuses: invalid_redirect_uri, on a page of its own", func(t *testing.T) {
			o := oidc.AuthorizationOptions{RedirectURI: siteRedirectURI + "/else"}
			req, err := tb.party(t, id, nil).Authorize(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			_, err = newBrowser("alice", o.RedirectURI).logIn(req.URL)
			if err == nil || !strings.Contains(err.Error(), "invalid_redirect_uri") {
				t.Errorf("error is %v, want invalid_redirect_uri", err)
			}
		})
	tb.refused("expired", refusal("invalid_grant"), func(t *testing.T) error {
		client := tb.party(t, id, nil)
		params, txn := tb.begin(t, client)
		tb.later(t, 61)
		_, err := client.Callback(t.Context(), params, txn)
		return err
	})
	again := "it refuses: invalid_grant, and ends the tokens of the first"
	tb.row("twice", again, func(t *testing.T) {
		client := tb.party(t, id, nil)
		params, txn := tb.begin(t, client)
		first, err := client.Callback(t.Context(), params, txn)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Callback(t.Context(), params, txn)
		wants(t, err, refusal("invalid_grant"))
		_, err = client.UserInfo(t.Context(), first)
		wants(t, err, refusal("invalid_token"))
	})
	tb.refused("of another client", refusal("invalid_grant"), func(t *testing.T) error {
		stolen, _ := tb.begin(t, tb.party(t, other, nil))
		client := tb.party(t, id, nil)
		params, txn := tb.begin(t, client)
		params.Set("code", stolen.Get("code"))
		_, err := client.Callback(t.Context(), params, txn)
		return err
	})
	tb.refused("of another login", refusal("invalid_grant"), func(t *testing.T) error {
		client := tb.party(t, id, nil)
		stolen, _ := tb.begin(t, client)
		params, txn := tb.begin(t, client)
		params.Set("code", stolen.Get("code"))
		_, err := client.Callback(t.Context(), params, txn)
		return err
	})
}

// begin has alice log in, and returns what she comes back with.
func (tb *table) begin(t *testing.T, client *oidc.Client) (url.Values, *oidc.Transaction) {
	t.Helper()
	req, err := client.Authorize(t.Context(),
		oidc.AuthorizationOptions{RedirectURI: siteRedirectURI})
	if err != nil {
		t.Fatal(err)
	}
	params, err := openIDCase{}.callback(newBrowser("alice", siteRedirectURI), req.URL)
	if err != nil {
		t.Fatal(err)
	}
	return params, req.Transaction
}
