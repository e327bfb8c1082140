package registry

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// An oidcProtocol is OpenID Connect: OAuth 2.0, and the user is known.
type oidcProtocol struct {
	client                     *oidc.Client
	responseType, responseMode string
}

func (c Config) oidc(o Options) (protocol, error) {
	auth, revocation, err := c.authentication()
	if err != nil {
		return nil, err
	}
	cfg := c.OIDC
	cfg.Issuer = c.Issuer
	cfg.ServerMetadataURL = c.ServerMetadataURL
	cfg.Provider.AuthorizationServer = c.server(cfg.Provider.AuthorizationServer)
	cfg.Provider.UserInfoEndpoint = c.UserInfoEndpoint
	cfg.Provider.EndSessionEndpoint = c.EndSessionEndpoint
	cfg.ID = c.ClientID
	cfg.Auth = auth
	cfg.RevocationAuth = revocation
	cfg.RefreshEndpoint = c.RefreshTokenURL
	cfg.RefreshParams = c.RefreshTokenParams
	cfg.UserInfoBody = c.UserInfoBody
	cfg.UserInfoNames = c.UserInfoNames
	cfg.UserInfoFix = c.userInfoFix()
	cfg.TokenPlacement = c.TokenPlacement
	cfg.Leeway = c.Leeway
	cfg.Quirks = c.Quirks
	cfg.Hooks = c.hooks()
	if c.JWKS != nil {
		cfg.Keys = c.JWKS
	}
	cfg.Replays = o.Replays
	cfg.HTTP = o.HTTP
	cfg.Now = o.Now
	client, err := oidc.New(cfg)
	return oidcProtocol{client, c.ResponseType, c.ResponseMode}, err
}

func (p oidcProtocol) name() Protocol { return ProtocolOIDC }

func (p oidcProtocol) authorize(ctx context.Context, o AuthorizeOptions) (begun, error) {
	asked := o.OIDC
	asked.RedirectURI = o.RedirectURI
	asked.Scopes = o.Scopes
	asked.Resources = o.Resources
	asked.ResponseType = cmp.Or(asked.ResponseType, p.responseType)
	asked.ResponseMode = cmp.Or(asked.ResponseMode, p.responseMode)
	asked.Params = o.Params
	asked.TokenParams = o.TokenParams
	req, err := p.client.Authorize(ctx, asked)
	if err != nil {
		return begun{}, err
	}
	b, err := req.Transaction.MarshalBinary()
	return begun{req.URL, req.Transaction.State(), b}, err
}

func (p oidcProtocol) key(ctx context.Context, params url.Values) (string, error) {
	return p.client.CallbackState(ctx, params)
}

func (p oidcProtocol) callback(ctx context.Context, params url.Values, b []byte) (*Login, error) {
	var txn oidc.Transaction
	if err := txn.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	done, err := p.client.Callback(ctx, params, &txn)
	if err != nil {
		return nil, err
	}
	login := &Login{
		Token:    Token{OAuth2: done.Token},
		Identity: done.IDToken.Identity(),
		IDToken:  done.IDToken,
	}
	return login, done.IDToken.Claims(&login.Claims)
}

func (p oidcProtocol) promisesIssuer(ctx context.Context) (bool, error) {
	provider, err := p.client.Provider(ctx)
	return provider.AuthorizationResponseIssParameterSupported, err
}

func (p oidcProtocol) userInfo(
	ctx context.Context, m *registration, login *Login,
) (*oidc.UserInfo, error) {
	provider, err := p.client.Provider(ctx)
	if err != nil {
		return nil, err
	}
	if provider.UserInfoEndpoint == "" && login.IDToken != nil {
		return m.idTokenUserInfo(ctx, login)
	}
	return p.client.UserInfo(ctx, &oidc.Login{Token: login.Token.OAuth2, IDToken: login.IDToken})
}

func (p oidcProtocol) refresh(ctx context.Context, t Token) (Token, error) {
	if t.OAuth2 == nil {
		return Token{}, errNoToken
	}
	renewed, err := p.client.Refresh(ctx, t.OAuth2)
	if err != nil {
		return Token{}, err
	}
	return Token{OAuth2: renewed.Token}, nil
}

func (p oidcProtocol) transport(
	ctx context.Context, t Token, urls ...string,
) (http.RoundTripper, error) {
	if t.OAuth2 == nil {
		return nil, errNoToken
	}
	return p.client.Transport(ctx, t.OAuth2, urls...)
}

func (p oidcProtocol) stored(ctx context.Context, o oauth2.TokenSourceOptions) (stored, error) {
	s, err := p.client.TokenSource(ctx, o)
	return storedOAuth2{s}, err
}
