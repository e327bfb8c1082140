package registry

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// An oauth2Protocol is OAuth 2.0: a transaction is found by state.
type oauth2Protocol struct {
	client       *oauth2.Client
	responseMode string
}

func (c Config) oauth2(o Options) (protocol, error) {
	for _, field := range []string{"AuthorizeURL", "AccessTokenURL"} { // oauth2 can do without
		if c.at(field).IsZero() {
			return nil, &ConfigError{Field: field, Err: errEndpoint}
		}
	}
	auth, revocation, err := c.authentication()
	if err != nil {
		return nil, err
	}
	cfg := c.OAuth2
	cfg.ID = c.ClientID
	cfg.Server = c.server(cfg.Server)
	cfg.Auth = auth
	cfg.RevocationAuth = revocation
	cfg.RefreshEndpoint = c.RefreshTokenURL
	cfg.RefreshParams = c.RefreshTokenParams
	cfg.TokenPlacement = c.TokenPlacement
	cfg.Leeway = c.Leeway
	cfg.Quirks = c.Quirks.Quirks
	cfg.Hooks = c.hooks()
	if c.JWKS != nil {
		cfg.Keys = c.JWKS
	}
	cfg.HTTP = o.HTTP
	cfg.Now = o.Now
	client, err := oauth2.New(cfg)
	return oauth2Protocol{client, c.ResponseMode}, err
}

var errOpenID error = &jose.CheckError{Check: "scope",
	Need:   "must not have openid where nothing verifies the ID Token that comes of it",
	Clause: "OpenID Connect Core 1.0, Section 3.1.2.1"}

// server returns s with the endpoints that c has.
func (c Config) server(s oauth2.AuthorizationServer) oauth2.AuthorizationServer {
	s.Issuer = c.Issuer
	s.AuthorizationEndpoint = c.AuthorizeURL
	s.TokenEndpoint = c.AccessTokenURL
	s.JWKSURI = c.JWKSURI
	return s
}

// authentication returns how the client authenticates, and how at the revocation endpoint,
// nil if the same way.
func (c Config) authentication() (auth, revocation oauth2.ClientAuthentication, err error) {
	if missing := c.missing(); missing != "" {
		return nil, nil, &ConfigError{Field: missing, Err: errRequired}
	}
	if c.Dialect.SecretAudience != "" && c.Dialect.SecretKeyID == "" &&
		c.ClientAuthentication == nil && c.PrivateKey.ID() == "" {
		return nil, nil, &ConfigError{Field: "PrivateKey", Err: errKeyID}
	}
	if custom := c.Dialect.Authentication(c.PrivateKey); custom != nil {
		c.ClientAuthentication, c.PrivateKey = cmp.Or(c.ClientAuthentication, custom), nil
	}
	with := oauth2.Credentials{
		Secret: c.ClientSecret, Key: c.PrivateKey, Custom: c.ClientAuthentication}
	auth, err = oauth2.AuthenticationFor(c.TokenEndpointAuthMethod, with)
	if err != nil {
		return nil, nil, &ConfigError{Field: "TokenEndpointAuthMethod", Err: err}
	}
	if c.RevocationEndpointAuthMethod != "" {
		revocation, err = oauth2.AuthenticationFor(c.RevocationEndpointAuthMethod, with)
	}
	if err != nil {
		return nil, nil, &ConfigError{Field: "RevocationEndpointAuthMethod", Err: err}
	}
	return auth, revocation, nil
}

var errKeyID = errors.New("must have the ID that the provider knows it by: jose.KeyOptions.ID, " +
	"or kid in a JSON Web Key; or Dialect.SecretKeyID has it")

// missing returns the field that TokenEndpointAuthMethod cannot do without, if that is empty.
func (c Config) missing() string {
	switch {
	case c.ClientAuthentication != nil:
	case c.Dialect.SecretAudience != "" && c.PrivateKey == nil:
		return "PrivateKey"
	case c.TokenEndpointAuthMethod == "private_key_jwt" && c.PrivateKey == nil:
		return "PrivateKey"
	case strings.HasPrefix(c.TokenEndpointAuthMethod, "client_secret_") && c.ClientSecret == "":
		return "ClientSecret"
	}
	return ""
}

func (p oauth2Protocol) name() Protocol { return ProtocolOAuth2 }

func (p oauth2Protocol) authorize(ctx context.Context, o AuthorizeOptions) (begun, error) {
	if o.asksOIDC() {
		return begun{}, errNotOIDC
	}
	if slices.Contains(o.Scopes, "openid") {
		return begun{}, errOpenID
	}
	req, err := p.client.Authorize(ctx, oauth2.AuthorizationOptions{
		RedirectURI:  o.RedirectURI,
		Scopes:       o.Scopes,
		Resources:    o.Resources,
		ResponseMode: p.responseMode,
		Params:       o.Params,
		TokenParams:  o.TokenParams,
	})
	if err != nil {
		return begun{}, err
	}
	b, err := req.Transaction.MarshalBinary()
	return begun{req.URL, req.Transaction.State(), b}, err
}

func (p oauth2Protocol) key(ctx context.Context, params url.Values) (string, error) {
	return p.client.CallbackState(ctx, params)
}

func (p oauth2Protocol) callback(ctx context.Context, params url.Values, b []byte) (*Login, error) {
	var txn oauth2.Transaction
	if err := txn.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	tok, err := p.client.Callback(ctx, params, &txn)
	if err != nil {
		return nil, err
	}
	return &Login{Token: Token{OAuth2: tok}}, nil
}

func (p oauth2Protocol) promisesIssuer(context.Context) (bool, error) {
	return p.client.Server().AuthorizationResponseIssParameterSupported, nil
}

func (p oauth2Protocol) userInfo(
	ctx context.Context, m *registration, login *Login,
) (*oidc.UserInfo, error) {
	return m.fetchUserInfo(ctx, login)
}

func (p oauth2Protocol) refresh(ctx context.Context, t Token) (Token, error) {
	if t.OAuth2 == nil {
		return Token{}, errNoToken
	}
	tok, err := p.client.Refresh(ctx, t.OAuth2, oauth2.TokenOptions{})
	return Token{OAuth2: tok}, err
}

func (p oauth2Protocol) transport(
	_ context.Context, t Token, urls ...string,
) (http.RoundTripper, error) {
	if t.OAuth2 == nil {
		return nil, errNoToken
	}
	return p.client.Transport(t.OAuth2, urls...)
}

func (p oauth2Protocol) stored(_ context.Context, o oauth2.TokenSourceOptions) (stored, error) {
	s, err := p.client.TokenSource(o)
	return storedOAuth2{s}, err
}
