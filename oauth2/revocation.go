package oauth2

import (
	"context"
	"net/url"

	"vouchsafe/internal/strictjson"
)

// The hints of [Client.Revoke] and [Client.Introspect], RFC 7009, Section 2.1.
const (
	HintAccessToken  = "access_token"
	HintRefreshToken = "refresh_token"
)

// Revoke tells the server that tok is no longer needed, RFC 7009: with [HintRefreshToken]
// its refresh token, with which the server ends its access tokens too, with
// [HintAccessToken] its access token alone, and without a hint the refresh token if tok
// has one and the access token otherwise.
//
// A token that the server does not know counts as revoked (RFC 7009, Section 2.2). A
// refusal is an [*Error]; one with status 503 says that the token still works.
func (c *Client) Revoke(ctx context.Context, tok *Token, hint string) error {
	if err := c.checkOwner(tok); err != nil {
		return err
	}
	if hint == "" && tok.RefreshToken() != "" {
		hint = HintRefreshToken
	}
	token := map[string]string{
		"":               tok.AccessToken(),
		HintAccessToken:  tok.AccessToken(),
		HintRefreshToken: tok.RefreshToken(),
	}[hint]
	if token == "" {
		return checkError("token", "must be held to be revoked, by a hint of this package",
			"RFC 7009, Section 2.1")
	}
	a, err := c.exchange(ctx, step{
		endpoint: "revocation_endpoint",
		url:      c.config.Server.RevocationEndpoint,
		clause:   "RFC 7009, Section 2",
		auth:     c.config.RevocationAuth,
		request:  c.config.Hooks.RevokeTokenRequest,
	}, tokenForm(token, hint))
	if err != nil {
		return err
	}
	if a.Status/100 == 2 { // whatever the body says, RFC 7009, Section 2.2
		return nil
	}
	m, _ := strictjson.Parse(string(a.Body))
	return a.refusal(m)
}

// tokenForm names a token, RFC 7009, Section 2.1 and RFC 7662, Section 2.1.
func tokenForm(token, hint string) url.Values {
	form := url.Values{"token": {token}}
	if hint != "" {
		form.Set("token_type_hint", hint)
	}
	return form
}
