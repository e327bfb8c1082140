package oauth2

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vouchsafe/internal/discovery"
	"vouchsafe/internal/hook"
	"vouchsafe/internal/random"
	"vouchsafe/internal/verdict"
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

	// ResponseType is what the response brings: "code", which it is if empty, "id_token",
	// "id_token token", "code id_token", "code token" or "code id_token token", in these
	// words (OAuth 2.0 Multiple Response Type Encoding Practices, Section 5). An ID Token
	// takes the scope openid. Tokens come unverified: use package oidc for these types.
	// An access token alone is not to be had (RFC 9700, Section 2.1.2).
	ResponseType string

	// ResponseMode is how the response comes back: "query"; "fragment", which only the
	// browser sees, see [RelayFragment]; or "form_post" (OAuth 2.0 Form Post Response Mode,
	// Section 2), a POST from the server's site, with which no cookie comes that is
	// SameSite=Lax, and which a guard against requests of other sites, such as
	// [net/http.CrossOriginProtection], must be told to let through. If empty, the server
	// decides: for query, or for fragment where there are tokens, which must not come in a
	// query.
	//
	// With "query.jwt", "fragment.jwt" and "form_post.jwt", or "jwt" for that by which the
	// server would decide, the response is a signed JSON Web Token (JARM, Section 2.3), for
	// which the Server must have an Issuer and keys. Another is then refused.
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
// (RFC 6749, Section 10.12) and, where there will be a code, an S256 code challenge (RFC
// 7636, Section 4.3). With a key in Config.RequestObject it is a request object, RFC 9101,
// which ctx is for: to publish it, and to get keys that encrypt it.
//
// What cannot be asked for is a [*jose.CheckError].
func (c *Client) Authorize(
	ctx context.Context, o AuthorizationOptions,
) (*AuthorizationRequest, error) {
	l := checks(ctx)
	c.checkResponse(l, o)
	params, err := withParams("params", "RFC 6749, Section 3.1", o.Params, reserved())
	if l.Result("params", "RFC 6749, Section 3.1", err) {
		l.Result("resource", "RFC 8707, Section 2", addResources(params, o.Resources))
	}
	tokenForm, err := codeForm(o)
	l.Result("token_params", "RFC 6749, Section 4.1.3", err)
	u, err := c.authorizationEndpoint(params)
	l.Result("authorization_endpoint", "RFC 6749, Section 3.1", err)
	l.Check(!c.config.Server.RequireSignedRequestObject || c.config.RequestObject.Key != nil,
		"require_signed_request_object", "must not be true where RequestObject has no Key",
		"RFC 9101, Section 10.5")
	if l.Err() != nil {
		return nil, l.Err()
	}
	t := c.newTransaction(o, tokenForm)
	list := c.parameters(t, o.ResponseMode, params)
	if c.config.RequestObject.Key != nil {
		list, err = c.asObject(ctx, t, list)
		if err != nil {
			return nil, err
		}
	}
	u.RawQuery = joined(u.RawQuery, list)
	if err := hook.Call(ctx, c.config.Hooks.AuthorizationRequest, u); err != nil {
		return nil, fmt.Errorf("oauth2: authorization_endpoint: %w", err)
	}
	return &AuthorizationRequest{URL: u.String(), Transaction: &Transaction{t.hidden()}}, nil
}

// checkResponse checks what o says of the response: where it goes, and what it brings.
func (c *Client) checkResponse(l *verdict.List, o AuthorizationOptions) {
	l.Result("redirect_uri", redirectClause, checkRedirectURI(o.RedirectURI))
	l.Result("scope", scopeClause, c.checkScopes(o.Scopes))
	checkTypeAndMode(l, o.ResponseType, o.ResponseMode)
	types := responseType(o.ResponseType)
	if types.brings("id_token") {
		l.Check(slices.Contains(o.Scopes, openID), "scope", "must have openid for an ID Token",
			"OpenID Connect Core 1.0, Section 3.1.2.1")
	}
	if isJWT(o.ResponseMode) {
		_, err := c.responseVerifier()
		l.Result("response_mode", "JARM, Section 2.4", err)
	}
	l.Check(!types.brings("code") || c.config.Quirks.InsecureNoPKCE || hasS256(c.config.Server),
		"code_challenge_methods_supported", "must have S256", "RFC 7636, Section 4.2")
}

// newTransaction returns what the login of o must remember.
func (c *Client) newTransaction(o AuthorizationOptions, tokenForm url.Values) *transactionData {
	t := &transactionData{
		Digest:      c.digest,
		State:       random.Text(),
		RedirectURI: o.RedirectURI,
		Scopes:      slices.Clone(o.Scopes),
		Params:      tokenForm,
		JWT:         isJWT(o.ResponseMode),
	}
	if o.ResponseType != "code" {
		t.Type = responseType(o.ResponseType)
	}
	if t.NoPKCE = c.config.Quirks.InsecureNoPKCE; t.Type.brings("code") && !t.NoPKCE {
		t.Verifier = pkce.New().Reveal()
	}
	return t
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

// A param is a parameter of an authorization request.
type param struct{ name, value string }

// parameters returns those of a request in the order of RFC 6749, Section 4.1.1.
func (c *Client) parameters(t *transactionData, mode string, params url.Values) []param {
	list := make([]param, 0, 9+len(params))
	list = append(list,
		param{"response_type", cmp.Or(string(t.Type), "code")},
		param{"client_id", c.config.ID},
		param{"redirect_uri", t.RedirectURI})
	if len(t.Scopes) > 0 {
		list = append(list, param{"scope", c.joinScopes(t.Scopes)})
	}
	list = append(list, param{"state", t.State})
	if mode != "" {
		list = append(list, param{"response_mode", mode})
	}
	list = append(list, byName(params)...)
	if verifier, err := pkce.Parse(t.Verifier); err == nil {
		list = append(list, param{"code_challenge", verifier.Challenge()},
			param{"code_challenge_method", pkce.Method})
	}
	return list
}

// byName returns parameters in the order of their names.
func byName(params url.Values) []param {
	list := make([]param, 0, len(params))
	for name, values := range params {
		for _, value := range values {
			list = append(list, param{name, value})
		}
	}
	slices.SortStableFunc(list, func(a, b param) int { return cmp.Compare(a.name, b.name) })
	return list
}

// joined returns the query of an endpoint with parameters after it. A space is one of RFC
// 3986: some servers take a plus for a plus.
func joined(endpoint string, list []param) string {
	own := strings.ReplaceAll(encoded(list), "+", "%20")
	if endpoint == "" {
		return own
	}
	return endpoint + "&" + own
}

// encoded writes parameters as a form.
func encoded(list []param) string {
	pairs := make([]byte, 0, 512)
	for _, p := range list {
		if len(pairs) > 0 {
			pairs = append(pairs, '&')
		}
		pairs = append(pairs, url.QueryEscape(p.name)...)
		pairs = append(pairs, '=')
		pairs = append(pairs, url.QueryEscape(p.value)...)
	}
	return string(pairs)
}

const redirectClause = "RFC 6749, Section 3.1.2"

// checkRedirectURI checks what RFC 6749, Section 3.1.2 asks of a redirection endpoint.
func checkRedirectURI(raw string) error {
	u, err := discovery.CheckRedirect("redirect_uri", raw, redirectClause)
	if err != nil {
		return err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || !single(query) || slices.ContainsFunc(responseParams(), query.Has) {
		return checkError("redirect_uri",
			"must not have a parameter twice, nor one of a response", redirectClause)
	}
	return nil
}
