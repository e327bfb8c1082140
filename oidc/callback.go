package oidc

import (
	"context"
	"net/url"

	"vouchsafe/oauth2"
)

// A Login is a completed authentication.
type Login struct {
	// Token is what came from the token endpoint; for the response types that have no code,
	// what came with the browser, which for "id_token" has no access token.
	Token *oauth2.Token

	// IDToken is the one of Token, verified.
	IDToken *IDToken
}

// Callback reads the parameters of a callback, which [oauth2.ReadCallback] gets from a
// request, exchanges the code, if the response type has one, and verifies every ID Token
// that comes (OpenID Connect Core 1.0, Sections 3.1.2.7 to 3.1.3.8, 3.2.2.8 to 3.2.2.11 and
// 3.3.2.8 to 3.3.3.9). One that came with the browser is verified before the code is sent.
//
// A response without an ID Token is refused. An access token that came with the browser
// beside a code is dropped: the one of the token endpoint takes its place.
//
// The error is a [*jose.CheckError] that names the check, [jose.ErrSignature] or
// [jose.ErrDecryption], or an [*oauth2.Error] if the provider refused; wrapped.
func (c *Client) Callback(
	ctx context.Context, params url.Values, txn *Transaction,
) (*Login, error) {
	data := txn.data()
	if data == nil {
		return nil, checkError("transaction", "must be of a request by this client",
			"RFC 9700, Section 4.4.2")
	}
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := conn.oauth.AuthorizationResponse(ctx, params, data.OAuth)
	if err != nil {
		return nil, err
	}
	seen, err := c.frontChannel(ctx, conn, resp, data)
	if err != nil {
		return nil, err
	}
	if resp.Code() == "" {
		return &Login{resp.Token(), seen}, nil
	}
	tok, err := conn.oauth.Exchange(ctx, resp)
	if err != nil {
		return nil, err
	}
	idToken, err := c.verify(ctx, conn, tok.IDToken(), rules{
		expectations: data.Expected,
		fresh:        true,
		optional:     c.config.Quirks.InsecureMissingNonce,
		accessToken:  tok.AccessToken(),
		code:         resp.Code(),
		state:        data.OAuth.State(),
		seen:         seen,
	})
	if err != nil {
		return nil, err
	}
	return &Login{tok, idToken}, nil
}

// frontChannel verifies the ID Token that came with the browser, if one was asked for.
func (c *Client) frontChannel(
	ctx context.Context, conn *connection, resp *oauth2.AuthorizationResponse, d *transactionData,
) (*IDToken, error) {
	front := resp.Token()
	if front == nil || front.IDToken() == "" { // there is one if it was asked for
		return nil, nil
	}
	return c.verify(ctx, conn, front.IDToken(), rules{
		expectations: d.Expected,
		fresh:        true,
		hashed:       true,
		accessToken:  front.AccessToken(),
		code:         resp.Code(),
		state:        d.OAuth.State(),
	})
}

// CallbackState returns the state parameter of a callback, by which its transaction is
// found. One that is a JSON Web Token is verified first, see [oauth2.Client.CallbackState].
func (c *Client) CallbackState(ctx context.Context, params url.Values) (string, error) {
	if !single(params) {
		return "", checkError("parameters", "must come at most once each", "RFC 6749, Section 3.1")
	}
	if !params.Has("response") {
		return params.Get("state"), nil
	}
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return "", err
	}
	return conn.oauth.CallbackState(ctx, params)
}
