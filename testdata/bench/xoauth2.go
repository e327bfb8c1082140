package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var xOAuth2 = oauth2Library{
	name: "x/oauth2",
	asker: func(grant string, r *registration, c *http.Client) (asker, error) {
		ctx := context.WithValue(context.Background(), oauth2.HTTPClient, c)
		switch grant {
		case clientCredentials:
			config := clientcredentials.Config{ClientID: r.id, ClientSecret: r.secret,
				TokenURL: tokenURL, Scopes: r.scopes, AuthStyle: oauth2.AuthStyleInHeader}
			return func() (issued, error) { return xIssued(config.Token(ctx)) }, nil
		case authorizationCode:
			return xCallback(ctx, r, ""), nil
		default:
			config := xConfig(r)
			return func() (issued, error) {
				held := &oauth2.Token{RefreshToken: r.refresh}
				return xIssued(config.TokenSource(ctx, held).Token())
			}, nil
		}
	},
	transport: func(r *registration, base http.RoundTripper) (http.RoundTripper, error) {
		source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: r.access})
		return &oauth2.Transport{Source: source, Base: base}, nil
	},
	source: func(r *registration, c *http.Client) (asker, error) {
		ctx := context.WithValue(context.Background(), oauth2.HTTPClient, c)
		config := clientcredentials.Config{ClientID: r.id, ClientSecret: r.secret,
			TokenURL: tokenURL, Scopes: r.scopes, AuthStyle: oauth2.AuthStyleInHeader}
		source := config.TokenSource(ctx) // a ReuseTokenSource
		return func() (issued, error) { return xIssued(source.Token()) }, nil
	},
}

var errState = errors.New("x/oauth2: state is another one")

// xCallback reads a callback with state, or the right one if that is empty. It compares
// it, as x/oauth2 asks its users to.
func xCallback(ctx context.Context, r *registration, state string) asker {
	config, verifier, own := xConfig(r), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	params := url.Values{"code": {r.code}, "state": {cmp.Or(state, own)}}
	return func() (issued, error) {
		if params.Get("state") != own {
			return issued{}, errState
		}
		option := oauth2.VerifierOption(verifier)
		return xIssued(config.Exchange(ctx, params.Get("code"), option))
	}
}

func xConfig(r *registration) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     r.id,
		ClientSecret: r.secret,
		Endpoint:     oauth2.Endpoint{TokenURL: tokenURL, AuthStyle: oauth2.AuthStyleInHeader},
		RedirectURL:  redirectURI,
		Scopes:       r.scopes,
	}
}

func xIssued(t *oauth2.Token, err error) (issued, error) {
	if err != nil {
		return issued{}, err
	}
	return issued{t.AccessToken, t.RefreshToken, t.Expiry}, nil
}
