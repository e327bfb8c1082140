package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const goOIDC = "go-oidc"

var (
	errNonce     = errors.New("go-oidc: nonce is another one")
	errNoIDToken = errors.New("go-oidc: no ID Token")
)

// A goOIDCParty is a party as go-oidc's documentation has its users write it. It begins
// with discovery: its caller makes it when first needed.
type goOIDCParty struct {
	relying *relying
	client  *http.Client
	connect func() (*goOIDCConnection, error)
}

type goOIDCConnection struct {
	config   *oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func newGoOIDCParty(r *relying, c *http.Client) (party, error) {
	p := &goOIDCParty{relying: r, client: c}
	p.connect = sync.OnceValues(p.discover)
	return p, nil
}

func (p *goOIDCParty) discover() (*goOIDCConnection, error) {
	provider, err := oidc.NewProvider(p.context(context.Background()), p.relying.issuer)
	if err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &goOIDCConnection{
		config: &oauth2.Config{
			ClientID:     p.relying.id,
			ClientSecret: p.relying.secret,
			Endpoint:     endpoint,
			RedirectURL:  p.relying.redirectURI,
			Scopes:       oidcScopes(),
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.relying.id}),
	}, nil
}

// context carries the HTTP client, for x/oauth2 too.
func (p *goOIDCParty) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

// A goOIDCTransaction is what its user keeps of a login.
type goOIDCTransaction struct{ state, nonce, verifier string }

func (p *goOIDCParty) begin(context.Context) (begun, error) {
	conn, err := p.connect()
	if err != nil {
		return begun{}, err
	}
	t := goOIDCTransaction{
		oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier(),
	}
	challenge := oauth2.S256ChallengeOption(t.verifier)
	return begun{conn.config.AuthCodeURL(t.state, oidc.Nonce(t.nonce), challenge), t}, nil
}

func (p *goOIDCParty) finish(
	ctx context.Context, params url.Values, b begun,
) (string, error) {
	conn, err := p.connect()
	if err != nil {
		return "", err
	}
	t := b.kept.(goOIDCTransaction)
	if !same(params.Get("state"), t.state) {
		return "", errState
	}
	verifier := oauth2.VerifierOption(t.verifier)
	tok, err := conn.config.Exchange(p.context(ctx), params.Get("code"), verifier)
	if err != nil {
		return "", err
	}
	idToken, ok := tok.Extra("id_token").(string)
	if !ok {
		return "", errNoIDToken
	}
	verified, err := conn.verify(ctx, idToken, asked{t.nonce, tok.AccessToken})
	if err != nil {
		return "", err
	}
	return verified.Subject, nil
}

func (p *goOIDCParty) verify(ctx context.Context, idToken string, asked asked) error {
	conn, err := p.connect()
	if err != nil {
		return err
	}
	_, err = conn.verify(ctx, idToken, asked)
	return err
}

// verify compares what go-oidc leaves to its users: the nonce, and at_hash if it is there.
func (c *goOIDCConnection) verify(
	ctx context.Context, idToken string, asked asked,
) (*oidc.IDToken, error) {
	t, err := c.verifier.Verify(ctx, idToken)
	if err != nil {
		return nil, err
	}
	if !same(t.Nonce, asked.nonce) {
		return nil, errNonce
	}
	if t.AccessTokenHash != "" {
		err = t.VerifyAccessToken(asked.accessToken)
	}
	return t, err
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
