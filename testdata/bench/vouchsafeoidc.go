package main

import (
	"context"
	"net/http"
	"net/url"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A vouchsafeParty is a party as its users write it.
type vouchsafeParty struct {
	client      *oidc.Client
	redirectURI string
}

func newVouchsafeParty(r *relying, c *http.Client) (party, error) {
	client, err := oidc.New(oidc.Config{
		Issuer: r.issuer,
		ID:     r.id,
		Auth:   oauth2.ClientSecretBasic(r.secret),
		HTTP:   c,
	})
	return &vouchsafeParty{client, r.redirectURI}, err
}

func (p *vouchsafeParty) begin(ctx context.Context) (begun, error) {
	req, err := p.client.Authorize(ctx, oidc.AuthorizationOptions{
		RedirectURI: p.redirectURI, Scopes: oidcScopes(),
	})
	if err != nil {
		return begun{}, err
	}
	return begun{req.URL, req.Transaction}, nil
}

func (p *vouchsafeParty) finish(
	ctx context.Context, params url.Values, b begun,
) (string, error) {
	login, err := p.client.Callback(ctx, params, b.kept.(*oidc.Transaction))
	if err != nil {
		return "", err
	}
	return login.IDToken.Subject, nil
}

func (p *vouchsafeParty) verify(ctx context.Context, idToken string, asked asked) error {
	_, err := p.client.VerifyIDToken(ctx, idToken, oidc.IDTokenExpectations{
		Nonce: asked.nonce, AccessToken: asked.accessToken,
	})
	return err
}

func oidcScopes() []string { return []string{"openid", "profile", "email"} }
