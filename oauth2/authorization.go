package oauth2

import (
	"context"
	"crypto/subtle"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"vouchsafe/httpclient"
	"vouchsafe/internal/random"
	"vouchsafe/pkce"
)

// AuthorizationOptions are what one authorization request asks for.
type AuthorizationOptions struct {
	// RedirectURI is where the server sends the browser back to, registered with the
	// server: https, or http on loopback, or of a native application's own scheme, which
	// has a dot (RFC 8252, Section 7.1); without a fragment. Required.
	//
	// It should be of this server alone where that does not say in its responses who it
	// is (RFC 9207): a path per issuer, which [Transaction.CheckRedirect] compares (RFC
	// 9700, Section 4.4.2.2).
	RedirectURI string

	// Scopes are the scopes asked for, RFC 6749, Section 3.3.
	Scopes []string

	// Resources are where the token is for, absolute URIs without a fragment, RFC
	// 8707, Section 2. The token request names them too.
	Resources []string

	// ResponseType is what the response brings: "code", which it is if empty, or one of the
	// types of OpenID Connect, whose tokens are unverified: use package oidc for those.
	ResponseType string

	// ResponseMode is how the response comes back: "query", or "form_post" (OAuth 2.0
	// Form Post Response Mode, Section 2), a POST from the server's site, with which no
	// cookie comes that is SameSite=Lax. If empty, the server decides, for query.
	ResponseMode string

	// Params are further parameters, each with one or more values. Those that this
	// package sets itself are refused.
	Params url.Values

	// TokenParams are further parameters of the token request that follows, on the same
	// terms.
	TokenParams url.Values
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
func reserved() []string {
	return []string{"response_type", "client_id", "redirect_uri", "scope", "state",
		"code_challenge", "code_challenge_method", "response_mode", "request", "request_uri"}
}

// Authorize builds an authorization request, RFC 6749, Section 4.1.1, with state
// (RFC 6749, Section 10.12) and an S256 code challenge (RFC 7636, Section 4.3).
// So far it sends nothing, and ctx is for what will (RFC 9126).
//
// What cannot be asked for is a [*jose.CheckError].
func (c *Client) Authorize(
	ctx context.Context, o AuthorizationOptions,
) (*AuthorizationRequest, error) {
	l := checks(ctx)
	l.Result("redirect_uri", redirectClause, checkRedirectURI(o.RedirectURI))
	l.Result("scope", scopeClause, c.checkScopes(o.Scopes))
	l.Check(slices.Contains([]string{"", "query", "form_post"}, o.ResponseMode), "response_mode",
		"must be query or form_post", "OAuth 2.0 Form Post Response Mode, Section 2")
	l.Check(hasS256(c.config.Server), "code_challenge_methods_supported", "must have S256",
		"RFC 7636, Section 4.2")
	params, err := withParams("params", "RFC 6749, Section 3.1", o.Params, reserved())
	if l.Result("params", "RFC 6749, Section 3.1", err) {
		l.Result("resource", "RFC 8707, Section 2", addResources(params, o.Resources))
	}
	tokenForm, err := codeForm(o)
	l.Result("token_params", "RFC 6749, Section 4.1.3", err)
	u, err := c.authorizationEndpoint(params)
	l.Result("authorization_endpoint", "RFC 6749, Section 3.1", err)
	if l.Err() != nil {
		return nil, l.Err()
	}
	t := &transactionData{
		Digest:      c.digest,
		State:       random.Text(),
		Verifier:    pkce.New().Reveal(),
		RedirectURI: o.RedirectURI,
		Scopes:      slices.Clone(o.Scopes),
		Params:      tokenForm,
	}
	u.RawQuery = c.query(t, u.RawQuery, o.ResponseMode, params)
	return &AuthorizationRequest{URL: u.String(), Transaction: &Transaction{t.hidden()}}, nil
}

// hasS256 reports whether a server that lists its challenge methods has the one of
// package pkce.
func hasS256(s AuthorizationServer) bool {
	methods := s.CodeChallengeMethodsSupported
	return len(methods) == 0 || slices.Contains(methods, pkce.Method)
}

// codeForm returns the parameters of the token request that o asks for, those of the
// grant aside.
func codeForm(o AuthorizationOptions) (url.Values, error) {
	form, err := withParams("token_params", "RFC 6749, Section 4.1.3", o.TokenParams,
		append(reservedForToken(), "code", "redirect_uri", "code_verifier"))
	if err != nil {
		return nil, err
	}
	return form, addResources(form, o.Resources)
}

// authorizationEndpoint returns the endpoint, whose own parameters must stay (RFC 6749,
// Section 3.1) and be none of a request's.
func (c *Client) authorizationEndpoint(params url.Values) (*url.URL, error) {
	const check, clause = "authorization_endpoint", "RFC 6749, Section 3.1"
	u, err := url.Parse(c.config.Server.AuthorizationEndpoint)
	if err != nil || u.Host == "" {
		return nil, checkError(check, "must be configured", clause)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, checkError(check, "must have a form as its query", clause)
	}
	for name := range query {
		if slices.Contains(reserved(), name) || params.Has(name) {
			return nil, checkError(check,
				"must not have "+strconv.Quote(name)+" in its query", clause)
		}
	}
	return u, nil
}

// query writes the parameters in the order of RFC 6749, Section 4.1.1, after
// those of the endpoint itself.
func (c *Client) query(
	t *transactionData, endpoint, responseMode string, params url.Values,
) string {
	pairs := []string{endpoint}
	add := func(name, value string) {
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	add("response_type", "code")
	add("client_id", c.config.ID)
	add("redirect_uri", t.RedirectURI)
	if len(t.Scopes) > 0 {
		add("scope", c.joinScopes(t.Scopes))
	}
	add("state", t.State)
	if responseMode != "" {
		add("response_mode", responseMode)
	}
	if extra := params.Encode(); extra != "" {
		pairs = append(pairs, extra)
	}
	verifier, _ := pkce.Parse(t.Verifier)
	add("code_challenge", verifier.Challenge())
	add("code_challenge_method", pkce.Method)
	return strings.TrimPrefix(strings.Join(pairs, "&"), "&")
}

const redirectClause = "RFC 6749, Section 3.1.2"

// checkRedirectURI checks what RFC 6749, Section 3.1.2 asks of a redirection endpoint,
// and that nobody else can read what comes there (RFC 9700, Section 2.1). A scheme of a
// native application's own is a domain name's reverse, which has a dot (RFC 8252,
// Section 7.1).
func checkRedirectURI(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || !u.IsAbs() || strings.Contains(raw, "#") || u.User != nil {
		return checkError("redirect_uri",
			"must be absolute, without a fragment or user information", redirectClause)
	}
	if !strings.Contains(u.Scheme, ".") {
		if _, err := httpclient.CheckURL(nil, raw); err != nil {
			return because(err, "redirect_uri",
				"must be https, http on loopback, or of a scheme with a dot", redirectClause)
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || !single(query) || slices.ContainsFunc(responseParams(), query.Has) {
		return checkError("redirect_uri",
			"must not have a parameter twice, nor one of a response", redirectClause)
	}
	return nil
}

// responseParams are those of an authorization response.
func responseParams() []string {
	return []string{"state", "iss", "code", "error", "error_description", "error_uri"}
}

// An AuthorizationResponse is a callback that belongs to its transaction and
// brought a code. Only [Client.AuthorizationResponse] makes one.
type AuthorizationResponse struct {
	reveal func() responseData // hidden from fmt as in Token
}

// Token returns what the browser brought beside the code: an access token, an ID Token, or
// both, which package oidc verifies. It is nil for the response type code.
func (r *AuthorizationResponse) Token() *Token { return nil }

// Code returns the authorization code, empty if the response type has none.
func (r *AuthorizationResponse) Code() string { return r.reveal().code }

type responseData struct {
	transaction *transactionData
	code        string
	used        *atomic.Bool // a code is sent once, RFC 6749, Section 4.1.2
}

// AuthorizationResponse reads the parameters of a callback, RFC 6749, Section
// 4.1.2: no parameter twice, then state, then iss (RFC 9207, Section 2.4), then
// error, then code. Nothing is believed before state and iss are, errors
// included. [ReadCallback] gets the parameters from a request.
//
// The error is a [*jose.CheckError] that names the check, or an [*Error] if the
// server refused.
func (c *Client) AuthorizationResponse(
	ctx context.Context, params url.Values, txn *Transaction,
) (*AuthorizationResponse, error) {
	l := checks(ctx)
	t := txn.data()
	l.Check(t != nil && t.Digest == c.digest, "transaction",
		"must be of a request by this client to this server", "RFC 9700, Section 4.4.2")
	l.Check(single(params), "parameters", "must come at most once each", "RFC 6749, Section 3.1")
	if l.Err() != nil {
		return nil, l.Err()
	}
	l.Check(t.State != "" && equal(params.Get("state"), t.State),
		"state", "must be the one of the request", "RFC 6749, Section 10.12")
	l.Check(c.issuerMatches(params), "iss", "must be the issuer of the server asked",
		"RFC 9207, Section 2.4")
	l.Result("error", "RFC 6749, Section 4.1.2.1", callbackRefusal(params))
	l.Check(params.Get("code") != "", "code", "must be present", "RFC 6749, Section 4.1.2")
	if l.Err() != nil {
		return nil, l.Err()
	}
	data := responseData{t, params.Get("code"), new(atomic.Bool)}
	return &AuthorizationResponse{func() responseData { return data }}, nil
}

// callbackRefusal returns the error that a callback brings, or nil.
func callbackRefusal(params url.Values) error {
	code := params.Get("error")
	if code == "" {
		return nil
	}
	return &Error{Code: errorCode(code), words: words{
		description: params.Get("error_description"),
		uri:         params.Get("error_uri"),
	}.hidden()}
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
		return nil, checkError("transaction", "must be of a request by this client to this server",
			"RFC 9700, Section 4.4.2")
	}
	data := resp.reveal()
	if data.used.Swap(true) {
		return nil, checkError("code", "must be sent once", "RFC 6749, Section 4.1.2")
	}
	t := data.transaction
	form := maps.Clone(t.Params)
	if form == nil {
		form = url.Values{}
	}
	form.Set("grant_type", "authorization_code")
	form.Set("code", data.code)
	form.Set("redirect_uri", t.RedirectURI)
	form.Set("code_verifier", t.Verifier)
	a, err := c.exchange(ctx, c.tokenStep(), form)
	if err != nil {
		return nil, err
	}
	return c.readToken(ctx, a, t.Scopes)
}

// Callback reads the parameters of a callback as [Client.AuthorizationResponse]
// does and exchanges its code as [Client.Exchange] does.
func (c *Client) Callback(
	ctx context.Context, params url.Values, txn *Transaction,
) (*Token, error) {
	resp, err := c.AuthorizationResponse(ctx, params, txn)
	if err != nil {
		return nil, err
	}
	return c.Exchange(ctx, resp)
}
