package registry

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// rehearse begins a login with nobody, to find out when a client is registered what would be
// wrong with each of its logins.
func (c Config) rehearse(p Protocol, hc *http.Client) error {
	const nobody = "https://localhost"
	server := oauth2.AuthorizationServer{
		Issuer: nobody, AuthorizationEndpoint: nobody, TokenEndpoint: nobody, JWKSURI: nobody}
	var stage protocol
	if p == ProtocolOAuth1 {
		return c.checkParamsOfOAuth1()
	}
	auth, _, err := c.authentication()
	if err != nil {
		return err
	}
	switch p {
	case ProtocolOAuth2:
		var client *oauth2.Client
		server.Issuer, server.JWKSURI = c.Issuer, c.JWKSURI // which a signed response needs
		var keys jose.KeySource
		if c.JWKS != nil {
			keys = c.JWKS
		}
		client, err = oauth2.New(oauth2.Config{
			ID: nobody, Auth: auth, Server: server, Keys: keys, Quirks: c.Quirks.Quirks, HTTP: hc,
			AuthorizationResponse: c.OAuth2.AuthorizationResponse})
		stage = oauth2Protocol{client, c.ResponseMode}
	case ProtocolOIDC:
		var client *oidc.Client
		client, err = oidc.New(oidc.Config{
			ID: nobody, Auth: auth, Issuer: nobody, Quirks: c.Quirks,
			Provider: oidc.Provider{AuthorizationServer: server}})
		stage = oidcProtocol{client, c.ResponseType, c.ResponseMode}
	}
	if err != nil {
		return err
	}
	o := AuthorizeOptions{}.completed(c)
	o.RedirectURI = nobody
	if _, err := stage.authorize(context.Background(), o); err != nil {
		return &ConfigError{Field: fieldOf(err), Err: err}
	}
	return nil
}

// checkParamsOfOAuth1 refuses parameters that are the protocol's, RFC 5849, Section 2.
func (c Config) checkParamsOfOAuth1() error {
	for name := range c.AuthorizeParams {
		if strings.HasPrefix(name, "oauth_") {
			return &ConfigError{Field: "AuthorizeParams", Err: errOAuthParam}
		}
	}
	return nil
}

var errOAuthParam = errors.New("must not begin with oauth_ (RFC 5849, Section 2)")

// fieldOf returns the field that a check of a login is about.
func fieldOf(err error) string {
	e, ok := errors.AsType[*jose.CheckError](err)
	if !ok {
		return ""
	}
	return map[string]string{
		"issuer":        "Issuer",
		"params":        "AuthorizeParams",
		"prompt":        "AuthorizeParams",
		"token_params":  "AccessTokenParams",
		"scope":         "Scopes",
		"response_type": "ResponseType",
		"response_mode": "ResponseMode",
	}[e.Check]
}
