package oauth2

import (
	"context"
	"crypto/subtle"
	"fmt"
	"maps"
	"net/url"
	"sync/atomic"

	"vouchsafe/internal/hook"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
)

// responseParams are those of an authorization response.
func responseParams() []string {
	return []string{"state", "iss", "code", "error", "error_description", "error_uri", "response",
		"access_token", "token_type", "expires_in", "scope", "id_token"}
}

// An AuthorizationResponse is a callback that belongs to its transaction and brought what
// was asked for. Only [Client.AuthorizationResponse] makes one.
type AuthorizationResponse struct {
	reveal func() responseData // hidden from fmt as in Token
}

type responseData struct {
	transaction *transactionData
	code        string
	repeated    url.Values
	token       *Token
	used        *atomic.Bool // a code is sent once, RFC 6749, Section 4.1.2
}

func (r *AuthorizationResponse) data() responseData {
	if r == nil || r.reveal == nil {
		return responseData{}
	}
	return r.reveal()
}

// Token returns what the browser brought beside the code: an access token, an ID Token, or
// both, which package oidc verifies. It is nil for the response type code.
func (r *AuthorizationResponse) Token() *Token { return r.data().token }

// Code returns the authorization code, empty if the response type has none.
func (r *AuthorizationResponse) Code() string { return r.data().code }

// AuthorizationResponse reads the parameters of a callback, RFC 6749, Section
// 4.1.2: no parameter twice, then the JSON Web Token that they are in if that was asked for
// (JARM, Section 2.4), then state, then iss (RFC 9207, Section 2.4), then error, then
// whether all that was asked for is there, and nothing else that could be had so (OAuth 2.0
// Multiple Response Type Encoding Practices, Section 5). Nothing is believed before state
// and iss are, errors included. [ReadCallback] gets the parameters from a request.
//
// Beside an ID Token that was asked for, iss may be left out (RFC 9207, Section 4): until
// the ID Token is verified, as package oidc does, it is not known who answered.
//
// The error is a [*jose.CheckError] that names the check, or an [*Error] if the
// server refused; where a JSON Web Token came, it may be that of [jose.Verifier] or of
// getting keys.
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
	if t.JWT || params.Has("response") {
		var err error
		params, err = c.unwrap(ctx, params, t)
		if !l.Result("response", "JARM, Section 2.4", err) {
			return nil, l.Err() // there is nothing to rewrite
		}
	}
	params, err := c.rewriteCallback(ctx, params)
	if err != nil {
		return nil, err
	}
	l.Check(t.State != "" && equal(params.Get("state"), t.State),
		"state", "must be the one of the request", "RFC 6749, Section 10.12")
	l.Check(c.issuerMatches(params, t.Type), "iss",
		"must be the issuer of the server asked, as configured",
		"RFC 9207, Section 2.4")
	l.Result("error", "RFC 6749, Section 4.1.2.1", callbackRefusal(params))
	l.Check(params.Get("code") != "" || !t.Type.brings("code"),
		"code", "must be present", "RFC 6749, Section 4.1.2")
	l.Check(t.Type.bringsOnly(params), "response_type", "must be that of the request", typesClause)
	if l.Err() != nil {
		return nil, l.Err()
	}
	tok, err := c.browserToken(ctx, params, t)
	if err != nil {
		return nil, err
	}
	data := responseData{t, params.Get("code"), c.repeated(params), tok, new(atomic.Bool)}
	return &AuthorizationResponse{func() responseData { return data }}, nil
}

// rewriteCallback returns the parameters of a callback as hooks make them.
func (c *Client) rewriteCallback(ctx context.Context, params url.Values) (url.Values, error) {
	hooks := c.config.Hooks.AuthorizationResponse
	if len(hooks) == 0 {
		return params, nil
	}
	params = both(url.Values{}, params) // a copy, which they may write to
	if err := hook.Call(ctx, hooks, params); err != nil {
		return nil, fmt.Errorf("oauth2: authorization response: %w", err)
	}
	return params, nil
}

// browserToken returns the tokens that came by the browser, RFC 6749, Section 4.2.2 and
// OpenID Connect Core 1.0, Section 3.2.2.5, nil if the response type has none.
func (c *Client) browserToken(
	ctx context.Context, params url.Values, t *transactionData,
) (*Token, error) {
	if !t.Type.brings("token") {
		return c.browserIDToken(params.Get("id_token")), nil
	}
	body := url.Values{}
	for _, name := range []string{"access_token", "token_type", "expires_in", "scope", "id_token"} {
		if params.Has(name) {
			body.Set(name, params.Get(name))
		}
	}
	m, err := strictjson.Parse(strictjson.Form(body.Encode()))
	if err != nil {
		return nil, refusal.Because(err, "body", "must be one strict JSON object", tokenClause)
	}
	return c.tokenOf(checks(ctx), m, c.config.Now().Round(0), t.Scopes)
}

// browserIDToken returns a Token that has an ID Token alone, nil for none.
func (c *Client) browserIDToken(raw string) *Token {
	if raw == "" {
		return nil
	}
	s := &secrets{idToken: raw}
	return &Token{clientID: c.config.ID, issuer: c.config.Server.Issuer, reveal: s.hidden()}
}

// repeated returns the parameters of a callback that the token request has too.
func (c *Client) repeated(params url.Values) url.Values {
	if c.config.Quirks.RepeatedParameters == nil {
		return nil
	}
	form := url.Values{}
	for _, name := range c.config.Quirks.RepeatedParameters {
		if params.Has(name) {
			form[name] = params[name]
		}
	}
	return form
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
// was never configured must not send one: there would be nothing to compare. An ID Token
// that was asked for says the same, and is verified (RFC 9207, Section 4).
func (c *Client) issuerMatches(params url.Values, asked responseType) bool {
	server := c.config.Server
	if !params.Has("iss") {
		return !server.AuthorizationResponseIssParameterSupported ||
			asked.brings("id_token") && params.Get("id_token") != "" && !params.Has("error")
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
	data := resp.data()
	if data.transaction == nil || data.transaction.Digest != c.digest {
		return nil, checkError("transaction", "must be of a request by this client to this server",
			"RFC 9700, Section 4.4.2")
	}
	if data.code == "" {
		return nil, checkError("code", "must have been asked for", typesClause)
	}
	if data.used.Swap(true) {
		return nil, checkError("code", "must be sent once", "RFC 6749, Section 4.1.2")
	}
	t := data.transaction
	if t.NoPKCE && !c.config.Quirks.InsecureNoPKCE {
		return nil, checkError("code_verifier", "must be in the transaction",
			"RFC 7636, Section 4.5")
	}
	form := url.Values{}
	maps.Copy(form, data.repeated)
	maps.Copy(form, t.Params)
	form.Set("grant_type", "authorization_code")
	form.Set("code", data.code)
	form.Set("redirect_uri", t.RedirectURI)
	if !t.NoPKCE {
		form.Set("code_verifier", t.Verifier)
	}
	a, err := c.exchange(ctx, c.tokenStep(), form)
	if err != nil {
		return nil, err
	}
	return c.readToken(ctx, a, t.Scopes)
}

// Callback reads the parameters of a callback as [Client.AuthorizationResponse]
// does and exchanges its code as [Client.Exchange] does. It is for the response type code
// alone: where the browser brings tokens too, somebody must verify them, as package oidc
// does.
func (c *Client) Callback(
	ctx context.Context, params url.Values, txn *Transaction,
) (*Token, error) {
	if t := txn.data(); t != nil && t.Type != "" {
		return nil, checkError("response_type", "must be code, or package oidc used",
			"RFC 9700, Section 2.1.2")
	}
	resp, err := c.AuthorizationResponse(ctx, params, txn)
	if err != nil {
		return nil, err
	}
	return c.Exchange(ctx, resp)
}
