package oauth2

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"vouchsafe/internal/digest"
	"vouchsafe/internal/discovery"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// A Config is what a [Client] is made of. ID, Server and Auth are required.
type Config struct {
	// ID is the client identifier, RFC 6749, Section 2.2.
	ID string

	// Server is the authorization server. Its endpoints must be https, or http on
	// loopback or on one of the InsecureHTTPHosts of HTTP; only those that are used need
	// be there, but one at least.
	Server AuthorizationServer

	// Auth authenticates the client to the server; [None] for a public client.
	Auth ClientAuthentication

	// RevocationAuth authenticates the client to the revocation endpoint. If nil,
	// Auth does.
	RevocationAuth ClientAuthentication

	// Keys are the server's: those that sign what it sends as JSON Web Tokens, and those that
	// it has others encrypt with. If nil, those at the Server's JWKSURI.
	Keys jose.KeySource

	// AuthorizationResponse says how the client is registered to get authorization
	// responses where they are JSON Web Tokens (JARM, Section 3).
	AuthorizationResponse SignedResponse

	// RequestObject, if it has a Key, makes of every authorization request a request
	// object, RFC 9101.
	RequestObject RequestObject

	// Leeway is the clock difference tolerated in what the server signs. Zero means 60
	// seconds, a negative value none; more than 5 minutes is an error.
	Leeway time.Duration

	// TokenPlacement is where [Client.Transport] puts the access token. Zero means
	// [PlacementHeader].
	TokenPlacement Placement

	// RefreshEndpoint is where [Client.Refresh] exchanges refresh tokens. If empty, at the
	// token endpoint (RFC 6749, Section 6). It must be as the endpoints of Server are.
	RefreshEndpoint string

	// RefreshParams are further parameters of each request of Client.Refresh, each with one
	// or more values. What the [TokenOptions] of one call have goes before them. Those that
	// this package sets itself are refused.
	RefreshParams url.Values

	// Quirks are what this server does otherwise than RFC 6749 says.
	Quirks Quirks

	// Hooks rewrite requests and responses.
	Hooks Hooks

	// HTTP sends the requests. If nil, a client of [httpclient.New].
	HTTP *http.Client

	// Now tells the time. If nil, time.Now.
	Now func() time.Time
}

// Quirks are what a server does otherwise than RFC 6749 says. The zero value is a
// server that conforms. What they do not cover is for [Hooks].
type Quirks struct {
	// FormTokenResponse takes token responses that are a form as well as JSON, and
	// whatever media type they declare. RFC 6749, Section 5.1 asks for JSON; the check
	// content_type is not made then.
	FormTokenResponse bool

	// AssumeBearer takes a token response without token_type, which RFC 6749, Section
	// 5.1 requires, for one of type Bearer.
	AssumeBearer bool

	// ScopeSeparator stands between scopes, "," for example. If empty, it is the
	// space of RFC 6749, Section 3.3.
	ScopeSeparator string

	// GrantedScopeSeparator stands between scopes in token responses, beside the space.
	// If empty, it is ScopeSeparator.
	GrantedScopeSeparator string

	// InsecureTokenGET sends token requests by GET. What is lost: code, client secret
	// and refresh token stand in the URL, which servers and proxies log (RFC 6749,
	// Section 3.2 asks for POST). Over HTTP/2 such a request has a body, an empty one.
	InsecureTokenGET bool

	// InsecureNoPKCE sends no code challenge (RFC 7636), for a server that refuses requests with
	// one; the client must authenticate. What is lost: a code that was stolen or injected is
	// noticed by the client's authentication alone, or by the nonce of an ID Token.
	InsecureNoPKCE bool

	// JSONTokenRequest sends token requests as a JSON object of strings, where RFC 6749, Section
	// 4.1.3 has a form. A parameter with several values is an error then.
	JSONTokenRequest bool

	// RepeatedParameters are parameters of the callback that the token request must have too.
	// The code and the redirect URI it always has.
	RepeatedParameters []string
}

// A Client is an OAuth 2.0 client of one authorization server. It is immutable
// and safe for concurrent use.
type Client struct {
	config        Config
	introspection ClientAuthentication
	digest        string // of what must not change between redirect and callback
}

// New makes a Client. What cannot work is a [*jose.CheckError] that names the check.
func New(c Config) (*Client, error) {
	l := checks(context.Background())
	l.Check(c.ID != "", "client_id", "must be configured", "RFC 6749, Section 2.2")
	c.checkAuth(l, c.Auth, "client_authentication")
	c.checkAuth(l, cmp.Or(c.RevocationAuth, c.Auth), "revocation_authentication")
	l.Check(len(c.Server.endpoints()) > 0, "server", "must have an endpoint", metadataClause)
	l.Result("server", metadataClause, c.Server.check(c.HTTP))
	c.checkRefresh(l)
	l.Check(!c.Quirks.InsecureNoPKCE || c.Auth != nil && c.Auth.Method() != "none",
		"code_challenge", "must be sent by a client that does not authenticate",
		"RFC 9700, Section 2.1.1")
	l.Check(!c.Quirks.JSONTokenRequest || !c.Quirks.InsecureTokenGET, "token_request",
		"must not be JSON by GET", "RFC 9110, Section 9.3.1")
	l.Result("request_object", requestClause, c.RequestObject.check(c))
	l.Result("authorization_response", "JARM, Section 3", c.AuthorizationResponse.check(c.Auth))
	l.Check(c.Leeway <= jose.MaxLeeway, "leeway", "must be at most 5 minutes",
		"RFC 7519, Section 4.1.4")
	l.Check(c.TokenPlacement.known(), "token_placement",
		"must be one of this package's", "RFC 6750, Section 2")
	if err := l.Err(); err != nil {
		return nil, fmt.Errorf("oauth2: %w", err)
	}
	return c.client(), nil
}

// checkRefresh checks what the configuration has for refresh requests alone.
func (c *Config) checkRefresh(l *verdict.List) {
	if c.RefreshEndpoint != "" {
		discovery.CheckEndpoints(l, c.HTTP, "", []discovery.Endpoint{
			{Name: "refresh_endpoint", URL: c.RefreshEndpoint}}, refreshClause)
	}
	_, err := withParams("refresh_params", refreshClause, c.RefreshParams,
		append(reservedForToken(), "refresh_token"))
	l.Result("refresh_params", refreshClause, err)
}

// client makes the Client of a configuration that has been checked.
func (c Config) client() *Client {
	s := c.Server.clone()
	introspection := s.IntrospectionEndpointAuthMethodsSupported
	if introspection == nil { // RFC 8414, Section 2 has no default
		introspection = s.TokenEndpointAuthMethodsSupported
	}
	client := &Client{
		introspection: choose(c.Auth, introspection),
		digest:        digest.Of(c.ID, s.Issuer, s.AuthorizationEndpoint, s.TokenEndpoint),
	}
	c.RevocationAuth = choose(cmp.Or(c.RevocationAuth, c.Auth),
		s.RevocationEndpointAuthMethodsSupported)
	c.Auth = choose(c.Auth, s.TokenEndpointAuthMethodsSupported)
	c.Server = s
	c.RefreshParams = url.Values(http.Header(c.RefreshParams).Clone())
	c.Hooks = Hooks{}.Then(c.Hooks)
	q := &c.Quirks
	q.RepeatedParameters = slices.Clone(q.RepeatedParameters)
	q.ScopeSeparator = cmp.Or(q.ScopeSeparator, " ")
	q.GrantedScopeSeparator = cmp.Or(q.GrantedScopeSeparator, q.ScopeSeparator)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Keys == nil && s.JWKSURI != "" {
		// The URI has been checked.
		keys, _ := NewRemoteKeySet(s.JWKSURI, c.HTTP, c.Now, c.Hooks.KeySetResponse...)
		c.Keys = keys
	}
	client.config = c
	return client
}

// checkAuth checks a way of authentication, which may have rules of its own.
func (c *Config) checkAuth(l *verdict.List, a ClientAuthentication, check string) {
	const clause = "RFC 6749, Section 2.3"
	l.Check(a != nil && a.Method() != "", check,
		"must be configured and have a name; None() for a public client", clause)
	if a, ok := a.(interface {
		check(AuthorizationServer) error
	}); ok {
		l.Result(check, clause, a.check(c.Server))
	}
}

// ID returns the client identifier.
func (c *Client) ID() string { return c.config.ID }

// Server returns the metadata of the server that the client is of.
func (c *Client) Server() AuthorizationServer { return c.config.Server.clone() }

// Now returns the time as the client tells it.
func (c *Client) Now() time.Time { return c.config.Now() }
