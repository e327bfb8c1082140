package oidc

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/flight"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/replay"
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
	// Discovery 1.0, Section 4.1 puts it for Issuer, or if there is nothing, where RFC 8414,
	// Section 3 does. If it ends in the former's suffix and Issuer is empty, the issuer is
	// what comes before it.
	ServerMetadataURL string

	// Provider is metadata known without discovery. A field that is not zero goes before
	// the discovered one; with the authorization and the token endpoint and the JWKSURI or
	// Keys set and no ServerMetadataURL, nothing is discovered. Its Issuer, if there is one,
	// must be the Issuer.
	Provider Provider

	// Keys are the provider's, where they are known without its JWKSURI, which is not
	// needed then and never asked. They alone sign for it. If nil, those at the JWKSURI.
	Keys jose.KeySource

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

	// UserInfoBody and UserInfoNames are what [UserInfoSource].Body and Names are, for
	// [Client.UserInfo] and [Client.UserInfoOf].
	UserInfoBody  string
	UserInfoNames map[string]string

	// UserInfoFix is what [UserInfoSource].Fix is, for [Client.UserInfo] and
	// [Client.UserInfoOf]: a signed answer has been verified before. What it returns is
	// believed as the provider is.
	UserInfoFix func(ctx context.Context, claims map[string]any) (map[string]any, error)

	// AuthorizationResponse, RequestObject, RevocationAuth, TokenPlacement, RefreshEndpoint,
	// RefreshParams and Hooks are those of [oauth2.Config].
	AuthorizationResponse oauth2.SignedResponse
	RequestObject         oauth2.RequestObject
	RevocationAuth        oauth2.ClientAuthentication
	TokenPlacement        oauth2.Placement
	RefreshEndpoint       string
	RefreshParams         url.Values
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

	// Replays remembers which Logout Tokens there have been. If nil, a memory of this Client,
	// of 100,000 tokens, does; what does not fit is refused.
	Replays ReplayStore

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
	// Section 5.1 asks for a boolean: email_verified and phone_number_verified. It takes 1 and
	// 0 too, as numbers and as strings.
	StringBooleans bool

	// UncheckedContacts counts no e-mail address and no telephone number as verified, whatever
	// is said: for a provider that says so of those that nobody has verified.
	UncheckedContacts bool

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

	// The keys of HMACs, nil where the client is not registered for them.
	secret, userInfoSecret jose.KeySource
}

// A connection is what follows from the provider's metadata.
type connection struct {
	*discovered
	oauth          *oauth2.Client
	keys           jose.KeySource
	verifier       *jose.Verifier
	logoutVerifier *jose.Verifier
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

// New makes a Client. What cannot work is a [*jose.CheckError] that names the check.
// Nothing is fetched yet.
func New(c Config) (*Client, error) {
	c.settleIssuer()
	l := verdict.New(context.Background(), checkError)
	l.Check(c.ID != "", "client_id", "must be configured", "RFC 6749, Section 2.2")
	l.Check(c.Auth != nil, "client_authentication",
		"must be configured; oauth2.None() for a public client", "RFC 6749, Section 2.3")
	c.checkIssuer(l)
	l.Check(c.Leeway <= jose.MaxLeeway, "leeway", "must be at most 5 minutes",
		"RFC 7519, Section 4.1.4")
	secret, err := c.secret("id_token_signed_response_alg", c.IDToken.SigningAlgorithm)
	l.Result("id_token_signed_response_alg", registrationClause, err)
	userInfoSecret, err := c.secret("userinfo_signed_response_alg", c.UserInfo.SigningAlgorithm)
	l.Result("userinfo_signed_response_alg", registrationClause, err)
	l.Result("claims_providers", sourceClause, c.checkProviders())
	if l.Err() == nil { // what does not depend on the metadata
		_, err := oauth2.New(c.oauth(oauth2.AuthorizationServer{
			Issuer: c.Issuer, TokenEndpoint: c.Issuer, JWKSURI: c.Issuer}, nil))
		l.Result("oauth2", "RFC 6749, Section 2", err)
	}
	if err := l.Err(); err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	if c.Leeway == 0 {
		c.Leeway = jose.DefaultLeeway
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Replays == nil {
		c.Replays = replay.NewMemory(0, c.Now, checkError("replay_store",
			"must have room for another token", logoutTokenClause))
	}
	c.Provider = c.Provider.clone()
	c.RefreshParams = url.Values(http.Header(c.RefreshParams).Clone())
	c.UserInfoNames = maps.Clone(c.UserInfoNames)
	c.Hooks = oauth2.Hooks{}.Then(c.Hooks)
	c.Quirks.RepeatedParameters = slices.Clone(c.Quirks.RepeatedParameters)
	c.TrustedAudiences = slices.Clone(c.TrustedAudiences)
	c.ClaimsProviders = slices.Clone(c.ClaimsProviders)
	client := &Client{config: c, secret: secret, userInfoSecret: userInfoSecret}
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

const registrationClause = "OpenID Connect Dynamic Client Registration 1.0, Section 2"

// secret checks an algorithm that the client is registered with, and returns the key of an
// HMAC, nil if it is none.
func (c *Config) secret(check, alg string) (jose.KeySource, error) {
	if alg != "" && !slices.Contains(jose.SignatureAlgorithms(), alg) {
		return nil, checkError(check, "must be one of this module", registrationClause)
	}
	if !strings.HasPrefix(alg, "HS") {
		return nil, nil
	}
	key, err := oauth2.SecretKey(c.Auth)
	if err != nil {
		return nil, err
	}
	if !key.CanSign(alg) {
		return nil, checkError("client_secret", "must be as long as the hash of the HMAC",
			"OpenID Connect Core 1.0, Section 16.19")
	}
	return jose.OneKey(key), nil
}

// settleIssuer finds the issuer where it is not said.
func (c *Config) settleIssuer() {
	c.Issuer = cmp.Or(c.Issuer, c.Provider.Issuer)
	if issuer, ok := strings.CutSuffix(c.ServerMetadataURL, wellKnown); ok && c.Issuer == "" {
		c.Issuer = issuer
	}
}

// checkIssuer checks where the provider is.
func (c *Config) checkIssuer(l *verdict.List) {
	const clause = "OpenID Connect Discovery 1.0, Section 3"
	l.Check(c.Issuer != "", "issuer",
		"must be configured, or ServerMetadataURL end in "+wellKnown, clause)
	l.Check(c.Provider.Issuer == "" || c.Provider.Issuer == c.Issuer, "issuer",
		"must be that of Provider, if that has one", clause)
	for _, u := range []struct{ name, url string }{
		{"issuer", c.Issuer}, {"server_metadata_url", c.ServerMetadataURL}} {
		if u.url != "" {
			_, err := httpclient.CheckURL(c.HTTP, u.url)
			err = refusal.Because(err, u.name, "must be a URL that can be asked", clause)
			l.Result(u.name, clause, err)
		}
	}
	l.Check(!strings.Contains(c.Issuer, "?"), "issuer", "must have no query", clause)
	l.Result("tenants", tenantClause, c.checkTenants())
}

// connect discovers the provider, unless all is known, and makes what a login
// with it needs.
func (c *Client) connect(ctx context.Context, held *connection) (*connection, error) {
	var before *discovered
	if held != nil {
		before = held.discovered
	}
	found, err := c.discover(ctx, before)
	if err != nil {
		return nil, err
	}
	if found == before {
		return held, nil
	}
	p := found.provider
	if err := c.config.checkRequired(p); err != nil {
		return nil, err
	}
	keys, err := c.keySet(p, held)
	if err != nil {
		return nil, err
	}
	oauth, err := oauth2.New(c.config.oauth(p.AuthorizationServer, keys))
	if err != nil {
		return nil, err
	}
	config, err := c.verifierConfig(p, keys)
	if err != nil {
		return nil, err
	}
	verifier, err := jose.NewVerifier(config)
	if err != nil {
		return nil, err
	}
	logoutVerifier, err := newLogoutVerifier(config)
	if err != nil {
		return nil, err
	}
	return &connection{found, oauth, keys, verifier, logoutVerifier}, nil
}

// complete reports whether c says all that a login needs without discovery.
func (c *Config) complete() bool {
	p := c.Provider
	return p.AuthorizationEndpoint != "" && p.TokenEndpoint != "" && c.hasKeys(p)
}

// hasKeys reports whether it is known where the keys of p are.
func (c *Config) hasKeys(p Provider) bool { return p.JWKSURI != "" || c.Keys != nil }

// checkRequired refuses a provider that nobody could log in at, OpenID Connect
// Discovery 1.0, Section 3.
func (c *Config) checkRequired(p Provider) error {
	switch {
	case p.AuthorizationEndpoint == "":
		return checkError("authorization_endpoint", "must be present", metadataClause)
	case !c.hasKeys(p):
		return checkError("jwks_uri", "must be present", metadataClause)
	}
	return nil
}

// oauth returns what the client of package oauth2 is made of.
func (c *Config) oauth(s oauth2.AuthorizationServer, keys jose.KeySource) oauth2.Config {
	return oauth2.Config{
		ID:                    c.ID,
		Server:                s,
		Auth:                  c.Auth,
		RevocationAuth:        c.RevocationAuth,
		Keys:                  keys,
		AuthorizationResponse: c.AuthorizationResponse,
		RequestObject:         c.RequestObject,
		Leeway:                c.Leeway,
		TokenPlacement:        c.TokenPlacement,
		RefreshEndpoint:       c.RefreshEndpoint,
		RefreshParams:         c.RefreshParams,
		Quirks:                c.Quirks.Quirks,
		Hooks:                 c.Hooks,
		HTTP:                  c.HTTP,
		Now:                   c.Now,
	}
}

// keySet returns the keys that are configured, or those known so far, if they are still to be
// had at the same place: new metadata is no reason to forget them.
func (c *Client) keySet(p Provider, held *connection) (jose.KeySource, error) {
	if c.config.Keys != nil {
		return c.config.Keys, nil
	}
	if held != nil && held.provider.JWKSURI == p.JWKSURI {
		return held.keys, nil
	}
	return oauth2.NewRemoteKeySet(p.JWKSURI, c.config.HTTP, c.config.Now,
		c.config.Hooks.KeySetResponse...)
}

// verifierConfig says what ID Tokens are held to.
func (c *Client) verifierConfig(p Provider, keys jose.KeySource) (jose.VerifierConfig, error) {
	accepted, err := algorithms("id_token_signing_alg_values_supported",
		c.config.IDToken.SigningAlgorithm, p.IDTokenSigningAlgValuesSupported)
	if err != nil {
		return jose.VerifierConfig{}, err
	}
	v := jose.VerifierConfig{
		Keys:       keys,
		Algorithms: accepted,
		IssuerFunc: c.config.acceptsIssuer,
		Audience:   c.config.ID,
		Decrypter:  c.config.IDToken.Decrypter,
		Leeway:     c.config.Leeway,
		Now:        c.config.Now,
	}
	if c.secret != nil {
		v.Keys = c.secret
	}
	return v, nil
}

// Provider returns the provider's metadata, discovering it if need be.
func (c *Client) Provider(ctx context.Context) (Provider, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return Provider{}, err
	}
	return conn.provider.clone(), nil
}

// OAuth returns the client of package oauth2 that this one is made on, for what is no login:
// revocation, introspection, a device, the client's own tokens. It discovers the provider
// if need be. Clients of before new metadata go on with the old.
func (c *Client) OAuth(ctx context.Context) (*oauth2.Client, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	return conn.oauth, nil
}

// Transport returns a RoundTripper that sends tok's access token to the origins
// of the given URLs, as [oauth2.Client.Transport] does.
func (c *Client) Transport(
	ctx context.Context, tok *oauth2.Token, urls ...string,
) (http.RoundTripper, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	return conn.oauth.Transport(tok, urls...)
}
