package oauth2

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
)

// grant asks the token endpoint for a token by the parameters of a grant, and for what
// o asks for. Where the server does not say which scopes it granted, they are those
// asked for (RFC 6749, Section 5.1).
func (c *Client) grant(ctx context.Context, grant url.Values, o TokenOptions) (*Token, error) {
	return c.tokenBy(ctx, c.tokenStep(), grant, o)
}

// tokenStep is the request to the token endpoint, RFC 6749, Section 3.2.
func (c *Client) tokenStep() step {
	h := c.config.Hooks
	s := step{
		endpoint: "token_endpoint",
		url:      c.config.Server.TokenEndpoint,
		clause:   "RFC 6749, Section 3.2",
		auth:     c.config.Auth,
		request:  h.AccessTokenRequest,
		response: h.AccessTokenResponse,
		json:     c.config.Quirks.JSONTokenRequest,
	}
	if c.config.Quirks.InsecureTokenGET {
		s.method = "GET"
	}
	return s
}

func (c *Client) tokenBy(
	ctx context.Context, s step, grant url.Values, o TokenOptions,
) (*Token, error) {
	form, err := c.form(grant, o)
	if err != nil {
		return nil, err
	}
	a, err := c.exchange(ctx, s, form)
	if err != nil {
		return nil, err
	}
	return c.readToken(ctx, a, o.Scopes)
}

// ClientCredentials asks for a token for the client itself, RFC 6749, Section 4.4, which
// must not be a public one.
func (c *Client) ClientCredentials(ctx context.Context, o TokenOptions) (*Token, error) {
	if c.config.Auth.Method() == "none" {
		return nil, checkError("client_authentication", "must not be none", "RFC 6749, Section 4.4")
	}
	return c.grant(ctx, url.Values{"grant_type": {"client_credentials"}}, o)
}

// InsecurePassword exchanges a user's name and password for a token, RFC 6749, Section
// 4.3. What is lost: the user shows the password to the client, learns to do so, and
// cannot use a second factor. RFC 9700, Section 2.4 forbids the grant.
func (c *Client) InsecurePassword(
	ctx context.Context, username, password string, o TokenOptions,
) (*Token, error) {
	return c.grant(ctx, url.Values{
		"grant_type": {"password"},
		"username":   {username},
		"password":   {password},
	}, o)
}

// JWTBearer exchanges an assertion for a token, RFC 7523, Section 2.1: a JSON Web Token
// by [Client.SignAssertion], or one that another party issued. The client authenticates
// too; [None] sends its ID only.
func (c *Client) JWTBearer(ctx context.Context, assertion string, o TokenOptions) (*Token, error) {
	return c.assertion(ctx, "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion, o)
}

// SAMLBearer exchanges a SAML 2.0 assertion for a token, RFC 7522, Section 2.1. The
// assertion is the XML of one Assertion element, made and signed elsewhere; it is
// sent in base64url.
func (c *Client) SAMLBearer(ctx context.Context, assertion []byte, o TokenOptions) (*Token, error) {
	return c.assertion(ctx, "urn:ietf:params:oauth:grant-type:saml2-bearer",
		base64.RawURLEncoding.EncodeToString(assertion), o)
}

func (c *Client) assertion(
	ctx context.Context, grantType, assertion string, o TokenOptions,
) (*Token, error) {
	if assertion == "" {
		return nil, checkError("assertion", "must not be empty", "RFC 7521, Section 4.1")
	}
	return c.grant(ctx, url.Values{"grant_type": {grantType}, "assertion": {assertion}}, o)
}

// ExtensionGrant asks for a token by a grant that this package has no method for, RFC
// 6749, Section 4.5. Its type is an absolute URI, or a name of the server's own; its
// parameters are in o.Params. The grants of RFC 6749 itself are refused.
func (c *Client) ExtensionGrant(
	ctx context.Context, grantType string, o TokenOptions,
) (*Token, error) {
	known := []string{"", "authorization_code", "implicit", "password", "client_credentials",
		"refresh_token"}
	if slices.Contains(known, grantType) {
		return nil, checkError("grant_type", "must be that of an extension",
			"RFC 6749, Section 4.5")
	}
	return c.grant(ctx, url.Values{"grant_type": {grantType}}, o)
}

const refreshClause = "RFC 6749, Section 6"

// Refresh exchanges tok's refresh token for a new token, RFC 6749, Section 6.
// The new Token keeps the old refresh token, ID Token and scopes where the server
// returns none. A server that rotates refresh tokens has made tok's useless: store the
// new Token before using it, as a [TokenSource] does. A token that was given to another
// client, or by another issuer, is refused (RFC 6749, Section 10.4). The request goes to
// Config.RefreshEndpoint and has Config.RefreshParams, where there are any.
func (c *Client) Refresh(ctx context.Context, tok *Token, o TokenOptions) (*Token, error) {
	if tok.RefreshToken() == "" {
		return nil, checkError("refresh_token", "must be held to refresh", refreshClause)
	}
	if err := c.checkOwner(tok); err != nil {
		return nil, err
	}
	renewed, err := c.tokenBy(ctx, c.refreshStep(), url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {tok.RefreshToken()},
	}, c.refreshOptions(o))
	if err != nil {
		return nil, err
	}
	held := renewed.held()
	held.refresh = cmp.Or(held.refresh, tok.RefreshToken())
	held.idToken = cmp.Or(held.idToken, tok.IDToken())
	if renewed.Scopes == nil {
		renewed.Scopes = tok.Scopes
	}
	return renewed, nil
}

// refreshStep is the request that exchanges a refresh token.
func (c *Client) refreshStep() step {
	s := c.tokenStep()
	s.request, s.response = c.config.Hooks.RefreshTokenRequest, c.config.Hooks.RefreshTokenResponse
	if c.config.RefreshEndpoint != "" {
		s.endpoint, s.url = "refresh_endpoint", c.config.RefreshEndpoint
	}
	return s
}

// refreshOptions returns o with the parameters of the configuration that o does not have.
func (c *Client) refreshOptions(o TokenOptions) TokenOptions {
	params := url.Values{}
	maps.Copy(params, c.config.RefreshParams)
	if len(o.Resources) > 0 {
		params.Del("resource")
	}
	maps.Copy(params, o.Params)
	o.Params = params
	return o
}
