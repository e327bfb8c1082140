package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oidc"
)

// UserInfo asks the provider who the user is. With OpenID Connect it asks the
// UserInfo Endpoint and compares the answer with login's ID Token, or if there is no such
// endpoint returns what the ID Token says; otherwise it asks Config.UserInfoEndpoint, or if
// there is none looks into what came with the token, and names the user by
// Config.IdentityIssuer. login must be one that c completed, or, without OpenID Connect, one
// made of a token that was stored: &Login{Token: t}. What came with the token of a login need
// not come again with one that was refreshed: ask before that who the user is. Where Config does
// not have what it takes, the error is a [*ConfigError].
func (c *Client) UserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	if login == nil || login.client != nil && (login.client.registry != c.registry ||
		login.client.name != c.name || login.provider != m.digest) {
		return nil, c.wrap(errNotOurs)
	}
	ctx = context.WithValue(ctx, apiKey{}, c.WithToken(login.Token))
	u, err := m.protocol.userInfo(ctx, m, login)
	if err != nil {
		return nil, c.wrap(err)
	}
	return u, nil
}

// fetchUserInfo asks a provider without OpenID Connect who the user is, or reads what it said
// beside the token.
func (m *registration) fetchUserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	c, s := m.config, m.source
	if c.UserInfoEndpoint == "" && len(c.UserInfoNames) == 0 {
		return nil, &ConfigError{Client: m.name, Field: "UserInfoEndpoint", Err: errUserInfo}
	}
	if c.IdentityIssuer == "" {
		return nil, &ConfigError{Client: m.name, Field: "IdentityIssuer", Err: errUserInfo}
	}
	if c.UserInfoEndpoint == "" {
		return m.userBesideToken(ctx, login.Token)
	}
	var err error
	if s.Endpoint, err = login.Token.expand(c.UserInfoEndpoint, c.ClientID); err != nil {
		return nil, err
	}
	client, err := m.bind(ctx, login.Token, s.Endpoint)
	if err != nil {
		return nil, err
	}
	return oidc.FetchUserInfo(ctx, client, s)
}

func (m *registration) userBesideToken(ctx context.Context, t Token) (*oidc.UserInfo, error) {
	// A token of another's is refused here as where it would be sent.
	if _, err := m.bind(ctx, t, m.config.AccessTokenURL); err != nil {
		return nil, err
	}
	body, err := json.Marshal(t.members())
	if err != nil {
		return nil, err
	}
	u, err := oidc.ReadUserInfo(ctx, body, m.source)
	if e, ok := errors.AsType[*jose.CheckError](err); ok && e.Check == "sub" {
		err = &ConfigError{Client: m.name, Field: "UserInfoEndpoint",
			Err: fmt.Errorf("%w, where the user does not come with the token, "+
				"or not with a refreshed one: %w", errRequired, err)}
	}
	return u, err
}

// userInfoSource returns how users' claims are read, wherever they are.
func (c Config) userInfoSource() oidc.UserInfoSource {
	return oidc.UserInfoSource{
		Issuer: c.IdentityIssuer,
		Body:   strings.ReplaceAll(c.UserInfoBody, "{client_id}", url.QueryEscape(c.ClientID)),
		Names:  c.UserInfoNames,
		Hooks:  c.hooks().UserInfoResponse,
		Quirks: c.Quirks,
		Fix:    c.userInfoFix(),
	}
}

// idTokenUserInfo returns what the ID Token says of the user, and the callback beside it.
func (m *registration) idTokenUserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	if login.client == nil {
		return nil, errNotOurs
	}
	who := login.IDToken.Identity()
	claims := map[string]json.RawMessage{}
	if err := login.IDToken.Claims(&claims); err != nil {
		return nil, err
	}
	if len(login.Callback) > 0 {
		said := map[string]json.RawMessage{}
		for name, value := range login.Callback {
			if said[name] = json.RawMessage(value); !json.Valid(said[name]) {
				said[name], _ = json.Marshal(value)
			}
		}
		claims["callback"], _ = json.Marshal(said)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	s := m.source
	s.Issuer = who.Issuer
	u, err := oidc.ReadUserInfo(ctx, body, s)
	if err == nil && u.Identity != who {
		err = errOtherUser
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// bind returns an http.Client that sends t to the origin of url.
func (m *registration) bind(ctx context.Context, t Token, url string) (*http.Client, error) {
	transport, err := m.protocol.transport(ctx, t, url)
	if err != nil {
		return nil, err
	}
	return httpclient.With(m.http, transport), nil
}

var errNotOurs = errors.New("UserInfo needs a login that this client completed")

var errOtherUser error = &jose.CheckError{Check: "sub", Need: "must be that of the ID Token",
	Clause: "OpenID Connect Core 1.0, Section 5.3.2"}

var errUserInfo = fmt.Errorf("%w for UserInfo; that of a row is for its own users", errRequired)

// An apiKey is the key of the client that a UserInfoFix calls the API with, in a context.
type apiKey struct{}

// userInfoFix returns what UserInfoEmails and UserInfoFix do, as the packages below have it.
func (c Config) userInfoFix() func(context.Context, map[string]any) (map[string]any, error) {
	if c.UserInfoFix == nil && c.UserInfoEmails == (compliance.Emails{}) {
		return nil
	}
	return func(ctx context.Context, claims map[string]any) (map[string]any, error) {
		api, ok := ctx.Value(apiKey{}).(*BoundClient)
		if !ok { // Client.OIDC was asked
			return nil, errNoAPI
		}
		if err := c.findEmail(ctx, api, claims); err != nil {
			return nil, err
		}
		if c.UserInfoFix == nil {
			return claims, nil
		}
		return c.UserInfoFix(ctx, api, claims)
	}
}

// findEmail puts the address that counts among the claims. An API that refuses to say, for
// want of a scope, leaves them as they are.
func (c Config) findEmail(ctx context.Context, api *BoundClient, claims map[string]any) error {
	e := c.UserInfoEmails
	if e == (compliance.Emails{}) {
		return nil
	}
	answer, err := json.Marshal(claims)
	if e.Endpoint != "" {
		answer, err = c.fetchJSON(ctx, api, e.Endpoint)
	}
	refused, ok := errors.AsType[*StatusError](err)
	if ok && refused.Status < 500 && refused.Status != http.StatusTooManyRequests {
		return nil
	}
	if err != nil {
		return err
	}
	if address, verified := e.Find(answer); address != "" {
		claims["email"], claims["email_verified"] = address, verified
	}
	return nil
}

func (c Config) fetchJSON(ctx context.Context, api *BoundClient, ref string) (
	json.RawMessage, error) {

	resp, err := api.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if c.Dialect.UntypedUserInfo {
		resp.Header.Set("Content-Type", "application/json")
	}
	var answer json.RawMessage
	err = DecodeJSON(resp, &answer)
	return answer, err
}
