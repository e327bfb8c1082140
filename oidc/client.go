package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/flight"
	"vouchsafe/internal/random"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// A Config is what a [Client] is made of. ID and Auth are required, and so is an
// issuer: as Issuer, or by way of ServerMetadataURL.
type Config struct {
	// Issuer is the provider's issuer identifier, exactly as its metadata and ID
	// Tokens have it, a final slash included.
	Issuer string

	// ServerMetadataURL is where the metadata is; if empty, where OpenID Connect
	// Discovery 1.0, Section 4.1 puts it for Issuer. If it ends in that suffix and
	// Issuer is empty, the issuer is what comes before it.
	ServerMetadataURL string

	// Provider is metadata known without discovery. A field set here goes before
	// the discovered one; with both endpoints and the JWKSURI set and no
	// ServerMetadataURL, nothing is discovered.
	Provider Provider

	// ID is the client identifier.
	ID string

	// Auth authenticates the client to the token endpoint: [oauth2.ClientSecret]
	// chooses what the provider supports. Required.
	Auth oauth2.ClientAuthentication

	// IDToken says how the client is registered to get ID Tokens:
	// id_token_signed_response_alg, which if empty is one that the provider advertises, or
	// RS256, and never an HMAC; and id_token_encrypted_response_alg.
	IDToken oauth2.SignedResponse

	// UserInfo says how the client is registered to get UserInfo: as a JSON Web Token if
	// it has a userinfo_signed_response_alg, encrypted if it has a
	// userinfo_encrypted_response_alg.
	UserInfo oauth2.SignedResponse

	// AuthorizationResponse, RequestObject, RevocationAuth, TokenPlacement and Hooks are
	// those of [oauth2.Config].
	AuthorizationResponse oauth2.SignedResponse
	RequestObject         oauth2.RequestObject
	RevocationAuth        oauth2.ClientAuthentication
	TokenPlacement        oauth2.Placement
	Hooks                 oauth2.Hooks

	// Quirks are what this provider does otherwise than the specifications say.
	Quirks Quirks

	// Tenants are who may log in where Issuer is a template.
	Tenants Tenants

	// EndpointMoved, if not nil, is told that new metadata has an endpoint on another host
	// than the metadata held before. An error refuses the new metadata.
	EndpointMoved func(ctx context.Context, m EndpointMove) error

	// ClaimsProviders are who may vouch for aggregated and distributed claims.
	ClaimsProviders []ClaimsProvider

	// TrustedAudiences are audiences that an ID Token may have beside ID. Any
	// other refuses it.
	TrustedAudiences []string

	// Leeway is the clock difference tolerated. Zero means 60 seconds, a negative
	// value none; more than 5 minutes is an error.
	Leeway time.Duration

	// HTTP sends the requests. If nil, a client of [httpclient.New].
	HTTP *http.Client

	// Now tells the time. If nil, time.Now.
	Now func() time.Time
}

// Quirks are what a provider does otherwise than the specifications say. The zero value is
// a provider that conforms.
type Quirks struct {
	oauth2.Quirks

	// StringBooleans takes the strings "true" and "false" where OpenID Connect Core 1.0,
	// Section 5.1 asks for a boolean: email_verified and phone_number_verified.
	StringBooleans bool

	// InsecureMissingNonce takes an ID Token from the token endpoint that has no nonce; a
	// wrong one is refused all the same. What is lost: a code that was injected is noticed
	// by PKCE alone.
	InsecureMissingNonce bool
}

// A Client is a relying party of one OpenID Provider. It is immutable and safe
// for concurrent use.
type Client struct {
	config   Config
	provider flight.Document[*connection]
}

// A connection is what follows from the provider's metadata.
type connection struct {
	provider Provider
	oauth    *oauth2.Client
	keys     *oauth2.RemoteKeySet
	verifier *jose.Verifier
}

// How long metadata is kept, how long it serves on while discovery fails, how soon
// discovery is tried again then, and how long one caller waits where the old copy could
// serve.
const (
	metadataTTL      = time.Hour
	metadataStale    = 24 * time.Hour
	metadataFloor    = 30 * time.Second
	metadataPatience = 2 * time.Second
)

// New makes a Client, or says why c cannot work. Nothing is fetched yet.
func New(c Config) (*Client, error) {
	if c.ID == "" {
		return nil, errors.New("oidc: Config.ID is required")
	}
	if c.Auth == nil {
		return nil, errors.New("oidc: Config.Auth is required; oauth2.None() for a public client")
	}
	if err := c.settleIssuer(); err != nil {
		return nil, err
	}
	if c.Leeway > jose.MaxLeeway {
		return nil, errors.New("oidc: Config.Leeway must be at most 5 minutes")
	}
	if alg := c.IDToken.SigningAlgorithm; alg != "" && !slices.Contains(idTokenAlgorithms(), alg) {
		return nil, errors.New("oidc: Config.IDToken.SigningAlgorithm is not one of this module")
	}
	if c.Leeway == 0 {
		c.Leeway = jose.DefaultLeeway
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.TrustedAudiences = slices.Clone(c.TrustedAudiences)
	client := &Client{config: c}
	client.provider = flight.Document[*connection]{
		Fetch:    client.connect,
		TTL:      metadataTTL,
		Stale:    metadataStale,
		Floor:    metadataFloor,
		Patience: metadataPatience,
		Now:      c.Now,
	}
	return client, nil
}

// settleIssuer derives the issuer from the metadata URL or the other way round.
func (c *Config) settleIssuer() error {
	if issuer, ok := strings.CutSuffix(c.ServerMetadataURL, wellKnown); ok && c.Issuer == "" {
		c.Issuer = issuer
	}
	if c.Issuer == "" {
		return errors.New("oidc: Config.Issuer is required")
	}
	if c.ServerMetadataURL == "" && !c.Provider.complete() {
		c.ServerMetadataURL = metadataURL(c.Issuer)
	}
	for _, raw := range []string{c.Issuer, c.ServerMetadataURL} {
		if raw == "" {
			continue
		}
		if _, err := httpclient.CheckURL(c.HTTP, raw); err != nil {
			return fmt.Errorf("oidc: issuer: %w", err)
		}
	}
	if strings.Contains(c.Issuer, "?") {
		return errors.New("oidc: issuer must have no query (OpenID Connect Core 1.0, Section 2)")
	}
	return nil
}

// connect discovers the provider, unless all is known, and makes what a login
// with it needs.
func (c *Client) connect(ctx context.Context, held *connection) (*connection, error) {
	var p Provider
	if c.config.ServerMetadataURL != "" {
		var err error
		p, err = discover(ctx, c.config.HTTP, c.config.ServerMetadataURL, c.config.Issuer)
		if err != nil {
			return nil, err
		}
	}
	p = p.merge(c.config.Provider)
	p.Issuer = c.config.Issuer
	if err := p.checkRequired(); err != nil {
		return nil, err
	}
	oauth, err := oauth2.New(oauth2.Config{
		ID:     c.config.ID,
		Server: p.AuthorizationServer,
		Auth:   c.config.Auth,
		HTTP:   c.config.HTTP,
		Now:    c.config.Now,
	})
	if err != nil {
		return nil, err
	}
	keys, err := c.keySet(p, held)
	if err != nil {
		return nil, err
	}
	verifier, err := c.newVerifier(p, keys)
	if err != nil {
		return nil, err
	}
	return &connection{p, oauth, keys, verifier}, nil
}

// keySet returns the keys known so far, if they are still to be had at the same
// place: new metadata is no reason to forget them.
func (c *Client) keySet(p Provider, held *connection) (*oauth2.RemoteKeySet, error) {
	if held != nil && held.provider.JWKSURI == p.JWKSURI {
		return held.keys, nil
	}
	return oauth2.NewRemoteKeySet(p.JWKSURI, c.config.HTTP, c.config.Now)
}

func (c *Client) newVerifier(p Provider, keys jose.KeySource) (*jose.Verifier, error) {
	algorithms, err := p.algorithms(c.config.IDToken.SigningAlgorithm)
	if err != nil {
		return nil, err
	}
	return jose.NewVerifier(jose.VerifierConfig{
		Keys:       keys,
		Algorithms: algorithms,
		Issuer:     p.Issuer,
		Audience:   c.config.ID,
		Leeway:     c.config.Leeway,
		Now:        c.config.Now,
	})
}

// Provider returns the provider's metadata, discovering it if need be.
func (c *Client) Provider(ctx context.Context) (Provider, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return Provider{}, err
	}
	return conn.provider, nil
}

// AuthorizationOptions are what one authentication request asks for.
type AuthorizationOptions struct {
	// RedirectURI is where the provider sends the browser back to. Required.
	RedirectURI string

	// Scopes are the scopes asked for; openid need not be among them.
	Scopes []string

	// MaxAge, if not nil, is how long ago the user may have last authenticated, in
	// whole seconds. The ID Token is held to it.
	MaxAge *time.Duration

	// ACRValues are the authentication contexts asked for. The ID Token must have
	// one of them.
	ACRValues []string

	// Params are further parameters. Those that this module sets are refused.
	Params url.Values
}

// An AuthorizationRequest is a login about to begin.
type AuthorizationRequest struct {
	URL         string       // where to redirect the browser to
	Transaction *Transaction // what the callback will need
}

const openid = "openid"

// Authorize builds an authentication request, OpenID Connect Core 1.0, Section
// 3.1.2.1: an authorization request of package oauth2 with the scope openid and
// a nonce. It discovers the provider if need be.
func (c *Client) Authorize(ctx context.Context, o AuthorizationOptions) (*AuthorizationRequest, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(o.Scopes, openid) {
		o.Scopes = append([]string{openid}, o.Scopes...)
	}
	expected := expectations{Nonce: random.Text(), ACRValues: slices.Clone(o.ACRValues)}
	params := url.Values{}
	for name, values := range o.Params {
		if slices.Contains([]string{"nonce", "max_age", "acr_values"}, name) {
			return nil, fmt.Errorf("oidc: parameter %q is set by this package", name)
		}
		params[name] = values
	}
	params.Set("nonce", expected.Nonce)
	if o.MaxAge != nil {
		seconds := int64(max(*o.MaxAge, 0) / time.Second)
		expected.MaxAge = &seconds
		params.Set("max_age", strconv.FormatInt(seconds, 10))
	}
	if len(o.ACRValues) > 0 {
		params.Set("acr_values", strings.Join(o.ACRValues, " "))
	}
	req, err := conn.oauth.Authorize(ctx, oauth2.AuthorizationOptions{
		RedirectURI: o.RedirectURI, Scopes: o.Scopes, Params: params})
	if err != nil {
		return nil, err
	}
	return &AuthorizationRequest{req.URL, newTransaction(transactionData{req.Transaction, expected})}, nil
}

// A Login is a completed authentication.
type Login struct {
	Token   *oauth2.Token
	IDToken *IDToken
}

// Callback reads the parameters of a callback, exchanges its code and verifies
// the ID Token that comes with the access token (OpenID Connect Core 1.0,
// Section 3.1.2.7 to 3.1.3.8). A response without an ID Token is refused.
func (c *Client) Callback(ctx context.Context, params url.Values, txn *Transaction) (*Login, error) {
	data := txn.data()
	if data == nil {
		return nil, checkError("transaction", "must be of a request by this client", "RFC 9700, Section 4.4.2")
	}
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	tok, err := conn.oauth.Callback(ctx, params, data.OAuth)
	if err != nil {
		return nil, err
	}
	idToken, err := c.verify(ctx, conn, tok, func(l *verdict.List, t *IDToken) {
		c.checkRequest(l, t, data.Expected)
	})
	if err != nil {
		return nil, err
	}
	return &Login{tok, idToken}, nil
}

// Transport returns a RoundTripper that sends tok's access token to the origins
// of the given URLs, as [oauth2.Client.Transport] does.
func (c *Client) Transport(ctx context.Context, tok *oauth2.Token, urls ...string) (http.RoundTripper, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	return conn.oauth.Transport(tok, urls...)
}
