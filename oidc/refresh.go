package oidc

import (
	"context"
	"fmt"

	"vouchsafe/oauth2"
)

// Refresh exchanges tok's refresh token for a new token, as [oauth2.Client.Refresh]
// does. An ID Token that comes with it is verified and must continue the one that
// tok has (OpenID Connect Core 1.0, Section 12.2). If tok has none, the one that
// comes is dropped unread. If tok's cannot be read, as where its decryption key is gone, nothing
// is sent: the check is id_token. The Login's IDToken is nil if none comes, or the very same;
// [Client.UserInfoOf] asks about the user all the same.
//
// A new token whose ID Token is refused is lost, and with it a rotated refresh
// token: the user must log in again. [Client.TokenSource] loses none because of keys that
// could not be fetched.
func (c *Client) Refresh(ctx context.Context, tok *oauth2.Token) (*Login, error) {
	renewed, err := c.refresh(ctx, tok)
	if err != nil {
		return nil, err
	}
	idToken, err := c.continued(ctx, tok, renewed)
	if err != nil {
		return nil, err
	}
	return &Login{renewed, idToken}, nil
}

// TokenSource returns a source of tokens as [oauth2.Client.TokenSource] does. It refreshes
// as [Client.Refresh] does: a refreshed ID Token that does not continue the one before is
// not accepted, nor the tokens that came with it; o.AcceptRefresh is asked after that.
func (c *Client) TokenSource(
	ctx context.Context, o oauth2.TokenSourceOptions,
) (*oauth2.TokenSource, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	if o.Refresh == nil {
		o.Refresh = c.refresh
	}
	accept := o.AcceptRefresh
	o.AcceptRefresh = func(ctx context.Context, old, refreshed *oauth2.Token) error {
		_, err := c.continued(ctx, old, refreshed)
		if err != nil || accept == nil {
			return err
		}
		return accept(ctx, old, refreshed)
	}
	return conn.oauth.TokenSource(o)
}

// refresh refreshes tok, and drops an ID Token that nothing says whose it must be.
func (c *Client) refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	if _, before := c.ownClaims(ctx, tok.IDToken()); tok.IDToken() != "" && before.Len() == 0 {
		return nil, fmt.Errorf("oidc: ID Token: %w",
			checkError("id_token", "must be one that can be read, to be followed", continueClause))
	}
	renewed, err := conn.oauth.Refresh(ctx, tok, oauth2.TokenOptions{})
	if err != nil || tok.IDToken() != "" || renewed.IDToken() == "" {
		return renewed, err
	}
	r := renewed.Record()
	r.IDToken = ""
	return oauth2.FromRecord(r)
}

// continued verifies the ID Token of a refreshed token, if it is another than that of old.
func (c *Client) continued(ctx context.Context, old, renewed *oauth2.Token) (*IDToken, error) {
	if renewed.IDToken() == old.IDToken() {
		return nil, nil
	}
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	_, before := c.ownClaims(ctx, old.IDToken())
	return c.verify(ctx, conn, renewed.IDToken(), rules{
		fresh:       true,
		unasked:     true,
		accessToken: renewed.AccessToken(),
		follows:     &before,
	})
}
