package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// An oauth1Protocol is OAuth 1.0: a transaction is found by the temporary credential's
// identifier.
type oauth1Protocol struct{ client *oauth1.Client }

func (c Config) oauth1(o Options) (protocol, error) {
	for _, field := range []string{"AuthorizeURL", "AccessTokenURL"} {
		if c.at(field).IsZero() { // oauth1 can do without, or has names of its own
			return nil, &ConfigError{Field: field, Err: errRequired}
		}
	}
	cfg := c.OAuth1
	cfg.ID = c.ClientID
	cfg.Secret = c.ClientSecret
	cfg.SignatureMethod = c.SignatureMethod
	cfg.PrivateKey = c.RSAKey
	cfg.Placement = c.SignatureType
	cfg.Realm = c.Realm
	cfg.BodyHash = c.ForceIncludeBody
	cfg.TemporaryCredentialURL = c.RequestTokenURL
	cfg.TemporaryCredentialParams = c.RequestTokenParams
	cfg.AuthorizationURL = c.AuthorizeURL
	cfg.TokenURL = c.AccessTokenURL
	cfg.TokenParams = c.AccessTokenParams
	cfg.HTTP = o.HTTP
	cfg.Now = o.Now
	client, err := oauth1.New(cfg)
	return oauth1Protocol{client}, err
}

func (p oauth1Protocol) name() Protocol { return ProtocolOAuth1 }

func (p oauth1Protocol) authorize(ctx context.Context, o AuthorizeOptions) (begun, error) {
	if len(o.Scopes) > 0 || len(o.Resources) > 0 || o.TokenParams != nil || o.asksOIDC() {
		return begun{}, errors.New("AuthorizeOptions.Scopes, Resources, TokenParams and OIDC are " +
			"not of OAuth 1.0")
	}
	req, err := p.client.Authorize(ctx, oauth1.AuthorizationOptions{
		RedirectURI: o.RedirectURI, Params: o.Params})
	if err != nil {
		return begun{}, err
	}
	b, err := req.Transaction.MarshalBinary()
	return begun{req.URL, req.Transaction.Token(), b}, err
}

func (p oauth1Protocol) key(_ context.Context, params url.Values) (string, error) {
	return oauth1.CallbackToken(params), nil
}

func (p oauth1Protocol) callback(ctx context.Context, params url.Values, b []byte) (*Login, error) {
	var txn oauth1.Transaction
	if err := txn.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	tok, err := p.client.Callback(ctx, params, &txn)
	if err != nil {
		return nil, err
	}
	return &Login{Token: Token{OAuth1: tok}}, nil
}

func (p oauth1Protocol) promisesIssuer(context.Context) (bool, error) { return false, nil }

func (p oauth1Protocol) userInfo(
	ctx context.Context, m *registration, login *Login,
) (*oidc.UserInfo, error) {
	return m.fetchUserInfo(ctx, login)
}

func (p oauth1Protocol) refresh(context.Context, Token) (Token, error) {
	return Token{}, errors.New("an OAuth 1.0 token is not refreshed")
}

func (p oauth1Protocol) transport(
	_ context.Context, t Token, urls ...string,
) (http.RoundTripper, error) {
	if t.OAuth1 == nil {
		return nil, errNoToken
	}
	return p.client.Transport(t.OAuth1, urls...)
}

func (p oauth1Protocol) stored(_ context.Context, o oauth2.TokenSourceOptions) (stored, error) {
	return newStoredOAuth1(p.client, o)
}
