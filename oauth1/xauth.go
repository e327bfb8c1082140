package oauth1

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// XAuth fetches a token for a user's name and password, where a provider has that:
// "xAuth", an extension of Twitter's that others took over. It needs TokenURL
// alone. The request is a POST with the password in its form body.
//
// This program sees the user's password, and has to be trusted with what the user
// allowed: prefer a login wherever there is one.
//
// A refusal by the provider is an [*Error], an argument or a response that is not
// as it must be a [*CheckError]; other errors are those of [httpclient.Do] and of a
// signature.
func (c *Client) XAuth(ctx context.Context, username, password string) (*Token, error) {
	const clause = "RFC 5849, Section 2.3"
	l := checks(ctx)
	l.Check(c.token != nil, "token_url", "must be configured for xAuth", clause)
	l.Check(username != "", "x_auth_username", "must not be empty", clause)
	l.Check(password != "", "x_auth_password", "must not be empty", clause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	form := url.Values{
		"x_auth_username": {username}, "x_auth_password": {password},
		"x_auth_mode": {"client_auth"},
	}
	r, err := c.fetch(ctx, exchange{
		name: "xAuth request", clause: clause,
		method: http.MethodPost, url: c.token,
		params:  strings.TrimPrefix(c.config().tokenParams+"&"+form.Encode(), "&"),
		secrets: []string{password},
	})
	if err != nil {
		return nil, err
	}
	return newToken(r), nil
}
