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

// A protocol is one of the three, seen alike.
type protocol interface {
	// authorize begins a login.
	authorize(ctx context.Context, o request) (begun, error)

	// key returns the parameter of a callback by which its transaction is found.
	key(ctx context.Context, params url.Values) (string, error)

	// callback completes a login.
	callback(ctx context.Context, params url.Values, transaction []byte) (*Login, error)

	// promisesIssuer reports whether each callback says whom it is from (RFC 9207).
	promisesIssuer(ctx context.Context) (bool, error)

	// userInfo says who the user is.
	userInfo(ctx context.Context, c *Client, login *Login) (*oidc.UserInfo, error)

	// refresh exchanges a token for a new one.
	refresh(ctx context.Context, t Token) (Token, error)

	// transport sends a token to the origins of URLs.
	transport(ctx context.Context, t Token, urls ...string) (http.RoundTripper, error)

	// stored returns the token that is kept under a key.
	stored(ctx context.Context, store oauth2.TokenStore, key oauth2.TokenKey) (stored, error)
}

// A request is what an authorization request asks for.
type request struct {
	redirectURI  string
	scopes       []string
	responseType string
	responseMode string
	params       url.Values
}

// A begun is a login that has begun.
type begun struct {
	url         string
	key         string
	transaction []byte
}

var (
	errNoToken  = errors.New("registry: the token must be one of this client's protocol")
	errNoIssuer = errors.New("registry: UserInfo needs UserInfoEndpoint and IdentityIssuer")
)

// fetchUserInfo asks a provider without OpenID Connect who the user is.
func fetchUserInfo(ctx context.Context, c *Client, login *Login) (*oidc.UserInfo, error) {
	s := oidc.UserInfoSource{
		Endpoint: c.config.UserInfoEndpoint,
		Issuer:   c.config.IdentityIssuer,
		Names:    c.config.UserInfoNames,
	}
	if s.Endpoint == "" || s.Issuer == "" {
		return nil, errNoIssuer
	}
	client, err := c.bind(ctx, login.Token, s.Endpoint)
	if err != nil {
		return nil, err
	}
	return oidc.FetchUserInfo(ctx, client, s)
}

// OAuth 1.0: the transaction is found by the temporary credential's identifier.

type oauth1Protocol struct{ client *oauth1.Client }

func (p oauth1Protocol) authorize(ctx context.Context, o request) (begun, error) {
	req, err := p.client.Authorize(ctx, oauth1.AuthorizationOptions{
		RedirectURI: o.redirectURI, Params: o.params})
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

func (p oauth1Protocol) userInfo(ctx context.Context, c *Client, login *Login) (*oidc.UserInfo, error) {
	return fetchUserInfo(ctx, c, login)
}

func (p oauth1Protocol) refresh(context.Context, Token) (Token, error) {
	return Token{}, errors.New("registry: an OAuth 1.0 token is not refreshed")
}

func (p oauth1Protocol) transport(_ context.Context, t Token, urls ...string) (http.RoundTripper, error) {
	if t.OAuth1 == nil {
		return nil, errNoToken
	}
	return p.client.Transport(t.OAuth1, urls...)
}

func (p oauth1Protocol) stored(
	_ context.Context, store oauth2.TokenStore, key oauth2.TokenKey,
) (stored, error) {
	return newStoredOAuth1(p.client, store, key)
}

// OAuth 2.0: the transaction is found by state.

type oauth2Protocol struct{ client *oauth2.Client }

func (p oauth2Protocol) authorize(ctx context.Context, o request) (begun, error) {
	req, err := p.client.Authorize(ctx, oauth2.AuthorizationOptions{
		RedirectURI:  o.redirectURI,
		Scopes:       o.scopes,
		ResponseMode: o.responseMode,
		Params:       o.params,
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

func (p oauth2Protocol) promisesIssuer(context.Context) (bool, error) { return false, nil }

func (p oauth2Protocol) userInfo(ctx context.Context, c *Client, login *Login) (*oidc.UserInfo, error) {
	return fetchUserInfo(ctx, c, login)
}

func (p oauth2Protocol) refresh(ctx context.Context, t Token) (Token, error) {
	if t.OAuth2 == nil {
		return Token{}, errNoToken
	}
	tok, err := p.client.Refresh(ctx, t.OAuth2, oauth2.TokenOptions{})
	return Token{OAuth2: tok}, err
}

func (p oauth2Protocol) transport(_ context.Context, t Token, urls ...string) (http.RoundTripper, error) {
	if t.OAuth2 == nil {
		return nil, errNoToken
	}
	return p.client.Transport(t.OAuth2, urls...)
}

func (p oauth2Protocol) stored(
	_ context.Context, store oauth2.TokenStore, key oauth2.TokenKey,
) (stored, error) {
	s, err := p.client.TokenSource(oauth2.TokenSourceOptions{Store: store, Key: key})
	return storedOAuth2{s}, err
}

// OpenID Connect: OAuth 2.0, and the user is known.

type oidcProtocol struct{ client *oidc.Client }

func (p oidcProtocol) authorize(ctx context.Context, o request) (begun, error) {
	req, err := p.client.Authorize(ctx, oidc.AuthorizationOptions{
		RedirectURI:  o.redirectURI,
		Scopes:       o.scopes,
		ResponseType: o.responseType,
		ResponseMode: o.responseMode,
		Params:       o.params,
	})
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

func (p oidcProtocol) userInfo(ctx context.Context, _ *Client, login *Login) (*oidc.UserInfo, error) {
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

func (p oidcProtocol) transport(ctx context.Context, t Token, urls ...string) (http.RoundTripper, error) {
	if t.OAuth2 == nil {
		return nil, errNoToken
	}
	return p.client.Transport(ctx, t.OAuth2, urls...)
}

func (p oidcProtocol) stored(
	ctx context.Context, store oauth2.TokenStore, key oauth2.TokenKey,
) (stored, error) {
	s, err := p.client.TokenSource(ctx, oauth2.TokenSourceOptions{Store: store, Key: key})
	return storedOAuth2{s}, err
}
