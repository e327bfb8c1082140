package oauth2

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
)

// A Config is what a [Client] is made of. ID, Server and Auth are required.
type Config struct {
	// ID is the client identifier, RFC 6749, Section 2.2.
	ID string

	// Server is the authorization server. Its endpoints must be https, or http on
	// loopback.
	Server AuthorizationServer

	// Auth authenticates the client to the server; [None] for a public client.
	Auth ClientAuthentication

	// HTTP sends the requests. If nil, a client of [httpclient.New].
	HTTP *http.Client

	// Now tells the time. If nil, time.Now.
	Now func() time.Time
}

// A Client is an OAuth 2.0 client of one authorization server. It is immutable
// and safe for concurrent use.
type Client struct {
	config Config
	digest string // of what must not change between redirect and callback
}

// New makes a Client, or says why c cannot work.
func New(c Config) (*Client, error) {
	if c.ID == "" {
		return nil, errors.New("oauth2: Config.ID is required")
	}
	if c.Auth == nil {
		return nil, errors.New("oauth2: Config.Auth is required; None() for a public client")
	}
	if err := c.Server.check(c.HTTP); err != nil {
		return nil, err
	}
	c.Auth = choose(c.Auth, c.Server.TokenEndpointAuthMethodsSupported)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{c, digest(c.ID, c.Server.Issuer, c.Server.AuthorizationEndpoint, c.Server.TokenEndpoint)}, nil
}

// digest returns a hash of fields that no other fields have.
func digest(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%d:%s", len(f), f)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

const maxTokenResponse = 1 << 20

// token sends a token request for form and reads the answer.
func (c *Client) token(ctx context.Context, form url.Values) (*Token, error) {
	req, err := c.tokenRequest(ctx, form)
	if err != nil {
		return nil, err
	}
	resp, err := httpclient.Do(ctx, c.config.HTTP, req, maxTokenResponse)
	if err != nil {
		return nil, fmt.Errorf("oauth2: token request: %w", err)
	}
	tok, err := readToken(resp, c.config.Now())
	if refusal, ok := errors.AsType[*Error](err); ok && sent(req, form, refusal.Code) {
		refusal.Code = unprintable
	}
	return tok, err
}

// sent reports whether text is a secret of the request, or has one in it that is
// not too short to tell: a server could return one as its error code.
func sent(req *http.Request, form url.Values, text string) bool {
	_, password, _ := req.BasicAuth()
	secret, _ := url.QueryUnescape(password)
	secrets := []string{secret, form.Get("client_secret"), form.Get("code"), form.Get("code_verifier"),
		form.Get("refresh_token")}
	return slices.ContainsFunc(secrets, func(s string) bool {
		return s != "" && s == text || len(s) >= 8 && strings.Contains(text, s)
	})
}

// tokenRequest builds a token request, RFC 6749, Section 3.2.
func (c *Client) tokenRequest(ctx context.Context, form url.Values) (*http.Request, error) {
	header := http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	if err := c.config.Auth.Authenticate(ctx, c.config.ID, header, form); err != nil {
		return nil, fmt.Errorf("oauth2: client authentication: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Server.TokenEndpoint,
		strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("oauth2: token endpoint cannot be requested")
	}
	req.Header = header
	return req, nil
}

// Refresh exchanges tok's refresh token for a new token, RFC 6749, Section 6.
// The new Token keeps the old refresh token, ID Token and scopes where the server
// returns none. A server that rotates refresh tokens has made tok's useless: store the
// new Token before using it.
func (c *Client) Refresh(ctx context.Context, tok *Token) (*Token, error) {
	if tok.RefreshToken() == "" {
		return nil, checkError("refresh_token", "must be held to refresh", "RFC 6749, Section 6")
	}
	renewed, err := c.token(ctx, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {tok.RefreshToken()},
	})
	if err != nil {
		return nil, err
	}
	if renewed.RefreshToken() == "" {
		renewed.held().refresh = tok.RefreshToken()
	}
	if renewed.IDToken() == "" {
		renewed.held().idToken = tok.IDToken()
	}
	if renewed.Scopes == nil {
		renewed.Scopes = tok.Scopes
	}
	return renewed, nil
}
