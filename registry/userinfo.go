package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"vouchsafe/httpclient"
	"vouchsafe/oidc"
)

// UserInfo asks the provider who the user is. With OpenID Connect it asks the
// UserInfo Endpoint and compares the answer with login's ID Token; otherwise it
// asks Config.UserInfoEndpoint and names the user by Config.IdentityIssuer. login
// must be one that c completed, or, without OpenID Connect, one made of a token
// that was stored: &Login{Token: t}. Where Config does not have what it takes, the error is a
// [*ConfigError].
func (c *Client) UserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	if login == nil || login.client != nil && (login.client.registry != c.registry ||
		login.client.name != c.name || login.provider != m.digest) {
		return nil, c.wrap(errors.New("UserInfo needs a login that this client completed"))
	}
	ctx = context.WithValue(ctx, apiKey{}, c.WithToken(login.Token))
	u, err := m.protocol.userInfo(ctx, m, login)
	if err != nil {
		return nil, c.wrap(err)
	}
	return u, nil
}

// fetchUserInfo asks a provider without OpenID Connect who the user is.
func (m *registration) fetchUserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	s := oidc.UserInfoSource{
		Endpoint:       m.config.UserInfoEndpoint,
		Issuer:         m.config.IdentityIssuer,
		Names:          m.config.UserInfoNames,
		StringBooleans: m.config.Quirks.StringBooleans,
		Fix:            m.config.userInfoFix(),
	}
	for _, field := range []string{"UserInfoEndpoint", "IdentityIssuer"} {
		if m.config.at(field).IsZero() {
			return nil, &ConfigError{Client: m.name, Field: field, Err: errUserInfo}
		}
	}
	client, err := m.bind(ctx, login.Token, s.Endpoint)
	if err != nil {
		return nil, err
	}
	return oidc.FetchUserInfo(ctx, client, s)
}

// bind returns an http.Client that sends t to the origin of url.
func (m *registration) bind(ctx context.Context, t Token, url string) (*http.Client, error) {
	transport, err := m.protocol.transport(ctx, t, url)
	if err != nil {
		return nil, err
	}
	return httpclient.With(m.http, transport), nil
}

var errUserInfo = fmt.Errorf("%w for UserInfo; that of a row is for its own endpoint", errRequired)

// An apiKey is the key of the client that a UserInfoFix calls the API with, in a context.
type apiKey struct{}

// userInfoFix returns UserInfoFix as the packages below have it.
func (c Config) userInfoFix() func(context.Context, map[string]any) (map[string]any, error) {
	if c.UserInfoFix == nil {
		return nil
	}
	return func(ctx context.Context, claims map[string]any) (map[string]any, error) {
		api, ok := ctx.Value(apiKey{}).(*BoundClient)
		if !ok { // Client.OIDC was asked
			return nil, errNoAPI
		}
		return c.UserInfoFix(ctx, api, claims)
	}
}
