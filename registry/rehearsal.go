package registry

import (
	"context"
	"errors"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// rehearse begins a login with nobody, to find out when a client is registered what would be
// wrong with each of its logins. OAuth 1.0 asks for nothing but Params.
func (c Config) rehearse(p Protocol) error {
	const nobody = "https://localhost"
	server := oauth2.AuthorizationServer{
		Issuer: nobody, AuthorizationEndpoint: nobody, TokenEndpoint: nobody, JWKSURI: nobody}
	var stage protocol
	var err error
	switch p {
	case ProtocolOAuth2:
		var client *oauth2.Client
		client, err = oauth2.New(oauth2.Config{
			ID: nobody, Auth: oauth2.None(), Server: server, Quirks: c.Quirks.Quirks})
		stage = oauth2Protocol{client, c}
	case ProtocolOIDC:
		var client *oidc.Client
		client, err = oidc.New(oidc.Config{
			ID: nobody, Auth: oauth2.None(), Issuer: nobody, Quirks: c.Quirks,
			Provider: oidc.Provider{AuthorizationServer: server}})
		stage = oidcProtocol{client, c}
	default:
		return nil
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

// fieldOf returns the field that a check of a login is about.
func fieldOf(err error) string {
	e, ok := errors.AsType[*jose.CheckError](err)
	if !ok {
		return ""
	}
	return map[string]string{
		"params":        "AuthorizeParams",
		"prompt":        "AuthorizeParams",
		"token_params":  "AccessTokenParams",
		"scope":         "Scopes",
		"response_type": "ResponseType",
		"response_mode": "ResponseMode",
	}[e.Check]
}
