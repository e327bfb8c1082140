package oauth2

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"vouchsafe/internal/random"
	"vouchsafe/internal/verdict"
	"vouchsafe/pkce"
)

// AuthorizationOptions are what one authorization request asks for.
type AuthorizationOptions struct {
	// RedirectURI is where the server sends the browser back to: absolute, without
	// a fragment, registered with the server. Required.
	RedirectURI string

	// Scopes are the scopes asked for, RFC 6749, Section 3.3.
	Scopes []string

	// Params are further parameters, each with one or more values. Those that this
	// package sets itself are refused.
	Params url.Values
}

// An AuthorizationRequest is a login about to begin.
type AuthorizationRequest struct {
	// URL is where to redirect the browser to.
	URL string

	// Transaction is what the callback will need. Keep it where only this browser
	// can present it.
	Transaction *Transaction
}

// reserved are the parameters that this package sets, and those that would
// replace them all (RFC 9101, Section 5).
var reserved = []string{"response_type", "client_id", "redirect_uri", "scope", "state",
	"code_challenge", "code_challenge_method", "response_mode", "request", "request_uri"}

// Authorize builds an authorization request, RFC 6749, Section 4.1.1, with state
// (RFC 6749, Section 10.12) and an S256 code challenge (RFC 7636, Section 4.3).
// So far it sends nothing, and ctx is for what will (RFC 9126).
func (c *Client) Authorize(_ context.Context, o AuthorizationOptions) (*AuthorizationRequest, error) {
	if err := checkRedirectURI(o.RedirectURI); err != nil {
		return nil, err
	}
	for name := range o.Params {
		if slices.Contains(reserved, name) {
			return nil, fmt.Errorf("oauth2: parameter %q is set by this package", name)
		}
	}
	t := &transactionData{
		Digest:      c.digest,
		State:       random.Text(),
		Verifier:    pkce.New().Reveal(),
		RedirectURI: o.RedirectURI,
		Scopes:      slices.Clone(o.Scopes),
	}
	u, err := url.Parse(c.config.Server.AuthorizationEndpoint)
	if err != nil {
		return nil, errors.New("oauth2: authorization endpoint does not parse")
	}
	for name := range u.Query() {
		if slices.Contains(reserved, name) || o.Params.Has(name) {
			return nil, fmt.Errorf("oauth2: parameter %q is in the authorization endpoint's query "+
				"already (RFC 6749, Section 3.1)", name)
		}
	}
	u.RawQuery = c.query(t, u.RawQuery, o)
	return &AuthorizationRequest{URL: u.String(), Transaction: &Transaction{t.hidden()}}, nil
}

// query writes the parameters in the order of RFC 6749, Section 4.1.1, after
// those of the endpoint itself, which must stay (RFC 6749, Section 3.1).
func (c *Client) query(t *transactionData, endpoint string, o AuthorizationOptions) string {
	pairs := []string{endpoint}
	add := func(name, value string) {
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	add("response_type", "code")
	add("client_id", c.config.ID)
	add("redirect_uri", t.RedirectURI)
	if len(t.Scopes) > 0 {
		add("scope", strings.Join(t.Scopes, " "))
	}
	add("state", t.State)
	if extra := o.Params.Encode(); extra != "" {
		pairs = append(pairs, extra)
	}
	verifier, _ := pkce.Parse(t.Verifier)
	add("code_challenge", verifier.Challenge())
	add("code_challenge_method", pkce.Method)
	return strings.TrimPrefix(strings.Join(pairs, "&"), "&")
}

// checkRedirectURI checks what RFC 6749, Section 3.1.2 asks of a redirection
// endpoint. Its scheme is the caller's affair: native applications have their own
// (RFC 8252, Section 7.1).
func checkRedirectURI(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || !u.IsAbs() || u.Fragment != "" || strings.HasSuffix(raw, "#") || u.User != nil {
		return errors.New("oauth2: RedirectURI must be absolute, without a fragment or user " +
			"information (RFC 6749, Section 3.1.2)")
	}
	return nil
}

// An AuthorizationResponse is a callback that belongs to its transaction and
// brought a code. Only [Client.AuthorizationResponse] makes one.
type AuthorizationResponse struct {
	reveal func() responseData // hidden from fmt as in Token
}

type responseData struct {
	transaction *transactionData
	code        string
	used        *atomic.Bool // a code is sent once, RFC 6749, Section 4.1.2
}

// AuthorizationResponse reads the parameters of a callback, RFC 6749, Section
// 4.1.2: no parameter twice, then state, then iss (RFC 9207, Section 2.4), then
// error, then code. Nothing is believed before state and iss are, errors
// included.
//
// The error is a [*jose.CheckError] that names the check, or an [*Error] if the
// server refused.
func (c *Client) AuthorizationResponse(ctx context.Context, params url.Values, txn *Transaction,
) (*AuthorizationResponse, error) {
	l := verdict.New(ctx, checkError)
	t := txn.data()
	l.Check(t != nil && t.Digest == c.digest, "transaction",
		"must be of a request by this client to this server", "RFC 9700, Section 4.4.2")
	l.Check(single(params), "parameters", "must come at most once each", "RFC 6749, Section 3.1")
	if l.Err() != nil {
		return nil, l.Err()
	}
	l.Check(t.State != "" && equal(params.Get("state"), t.State),
		"state", "must be the one of the request", "RFC 6749, Section 10.12")
	l.Check(c.issuerMatches(params), "iss", "must be the issuer of the server asked", "RFC 9207, Section 2.4")
	if l.Err() != nil {
		return nil, l.Err()
	}
	if code := params.Get("error"); code != "" {
		err := &Error{Code: errorCode(code),
			words: quote(params.Get("error_description"), params.Get("error_uri"))}
		l.Result("error", "RFC 6749, Section 4.1.2.1", err)
		return nil, err
	}
	if !l.Check(params.Get("code") != "", "code", "must be present", "RFC 6749, Section 4.1.2") {
		return nil, l.Err()
	}
	data := responseData{t, params.Get("code"), new(atomic.Bool)}
	return &AuthorizationResponse{func() responseData { return data }}, nil
}

// single reports whether no parameter has two values.
func single(params url.Values) bool {
	for _, values := range params {
		if len(values) > 1 {
			return false
		}
	}
	return true
}

// issuerMatches checks iss if it came or was promised. A server whose issuer
// was never configured must not send one: there would be nothing to compare.
func (c *Client) issuerMatches(params url.Values) bool {
	server := c.config.Server
	if !params.Has("iss") {
		return !server.AuthorizationResponseIssParameterSupported
	}
	return server.Issuer != "" && params.Get("iss") == server.Issuer
}

// equal compares in a time that does not depend on where two strings differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Exchange exchanges the code for a token, RFC 6749, Section 4.1.3, with the
// code verifier (RFC 7636, Section 4.5). A code is sent once: after an error the
// login begins anew. Where the server does not say which scopes it granted, they
// are those asked for (RFC 6749, Section 5.1).
func (c *Client) Exchange(ctx context.Context, resp *AuthorizationResponse) (*Token, error) {
	if resp == nil || resp.reveal == nil || resp.reveal().transaction.Digest != c.digest {
		return nil, errors.New("oauth2: Exchange needs an AuthorizationResponse of the same client")
	}
	data := resp.reveal()
	if data.used.Swap(true) {
		return nil, checkError("code", "must be sent once", "RFC 6749, Section 4.1.2")
	}
	t := data.transaction
	tok, err := c.token(ctx, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {data.code},
		"redirect_uri":  {t.RedirectURI},
		"code_verifier": {t.Verifier},
	})
	if err != nil {
		return nil, err
	}
	if tok.Scopes == nil {
		tok.Scopes = t.Scopes
	}
	return tok, nil
}

// Callback reads the parameters of a callback as [Client.AuthorizationResponse]
// does and exchanges its code as [Client.Exchange] does.
func (c *Client) Callback(ctx context.Context, params url.Values, txn *Transaction) (*Token, error) {
	resp, err := c.AuthorizationResponse(ctx, params, txn)
	if err != nil {
		return nil, err
	}
	return c.Exchange(ctx, resp)
}
