package oauth1

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"vouchsafe/httpclient"
)

// responseLimit bounds the response to a request for credentials, in bytes.
const responseLimit = 64 << 10

// AuthorizationOptions say how a login is to go.
type AuthorizationOptions struct {
	// RedirectURI is where the browser comes back to, the oauth_callback of
	// RFC 5849, Section 2.1: an absolute URI without a fragment, or "oob" where
	// the user is to type the verifier in. Required.
	RedirectURI string

	// Params are added to the query of the authorization URL. None may begin
	// with oauth_ (RFC 5849, Section 2).
	Params url.Values
}

// An AuthorizationRequest is a login that has begun.
type AuthorizationRequest struct {
	URL         string       // where to send the browser, with GET
	Transaction *Transaction // what to keep for the callback
}

// Authorize begins a login: it fetches temporary credentials (RFC 5849, Section
// 2.1) and makes the URL to send the browser to (Section 2.2).
//
// A refusal by the provider is an [*Error], a response that is not as it must
// be a [*CheckError], and so are unusable options; other errors are those of
// [httpclient.Do].
func (c *Client) Authorize(
	ctx context.Context, o AuthorizationOptions,
) (*AuthorizationRequest, error) {
	if err := checkOptions(ctx, o); err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, c.newTemporaryCredentialRequest(o.RedirectURI))
	if err != nil {
		return nil, fmt.Errorf("oauth1: temporary credential request: %w", err)
	}
	temporary, err := readTemporaryCredentials(ctx, resp)
	if err != nil {
		return nil, err
	}
	return &AuthorizationRequest{
		URL: c.authorizationURL(temporary.id, o.Params),
		Transaction: newTransaction(transaction{
			Digest: c.digest[:], Token: temporary.id, Secret: temporary.secret,
			RedirectURI: o.RedirectURI,
		}),
	}, nil
}

func checkOptions(ctx context.Context, o AuthorizationOptions) error {
	l := checks(ctx)
	l.Check(o.RedirectURI == "oob" || absolute(o.RedirectURI), "redirect_uri",
		"must be an absolute URI without a fragment, or oob", "RFC 5849, Section 2.1")
	l.Check(protocolParam(ParseParams(o.Params.Encode())) == "",
		"params", "must not have a name that begins with oauth_", "RFC 5849, Section 2")
	return l.Err()
}

func absolute(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.IsAbs() && !strings.Contains(uri, "#") && utf8.ValidString(uri)
}

// newTemporaryCredentialRequest builds the request of RFC 5849, Section 2.1.
func (c *Client) newTemporaryCredentialRequest(redirectURI string) *http.Request {
	return c.newRequest(c.temporary, credentials{}, Param{"oauth_callback", redirectURI})
}

// newTokenRequest builds the request of RFC 5849, Section 2.3.
func (c *Client) newTokenRequest(temporary credentials, verifier string) *http.Request {
	return c.newRequest(c.token, temporary, Param{"oauth_verifier", verifier})
}

func (c *Client) newRequest(u *url.URL, cred credentials, extra Param) *http.Request {
	header := http.Header{"Authorization": {c.sign(http.MethodPost, u, nil, cred, extra)}}
	return &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Header: header}
}

func (c *Client) send(ctx context.Context, req *http.Request) (*httpclient.Response, error) {
	return httpclient.Do(ctx, c.http, req, responseLimit)
}

// authorizationURL adds to the query of the endpoint, which stays as it is.
func (c *Client) authorizationURL(temporaryToken string, params url.Values) string {
	u := *c.authorization
	queries := []string{u.RawQuery, "oauth_token=" + escape(temporaryToken), params.Encode()}
	queries = slices.DeleteFunc(queries, func(q string) bool { return q == "" })
	u.RawQuery = strings.Join(queries, "&")
	return u.String()
}

// Callback ends a login: it checks the callback's parameters against the
// transaction that Authorize made, and fetches the token (RFC 5849, Section
// 2.3). Of params it reads oauth_token, oauth_verifier, oauth_problem and
// denied, nothing else; whatever its outcome, txn has served.
//
// A user who refused is [ErrAccessDenied], a refusal by the provider an
// [*Error], a callback or response that is not as it must be a [*CheckError];
// other errors are those of [httpclient.Do].
func (c *Client) Callback(
	ctx context.Context, params url.Values, txn *Transaction,
) (*Token, error) {
	t, err := c.checkCallback(ctx, params, txn)
	if err != nil {
		return nil, err
	}
	req := c.newTokenRequest(credentials{t.Token, t.Secret}, params.Get("oauth_verifier"))
	resp, err := c.send(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("oauth1: token request: %w", err)
	}
	return readToken(ctx, resp)
}

// checkCallback returns what txn holds if the callback belongs to it. Nothing
// of the callback is believed before its token is known to be ours.
func (c *Client) checkCallback(
	ctx context.Context, params url.Values, txn *Transaction,
) (transaction, error) {
	const clause = "RFC 5849, Section 2.2"
	var t transaction
	if txn != nil {
		t = txn.data()
	}
	l := checks(ctx)
	l.Check(bytes.Equal(t.Digest, c.digest[:]), "transaction",
		"must be one that this client began", "RFC 5849, Section 4.13")
	l.Check(!repeated(params), "callback_parameters",
		"must each be there at most once", "RFC 5849, Section 3.1")
	l.Check(equal(CallbackToken(params), t.Token), "oauth_token",
		"must be the one that the login began with", clause)
	l.Result("refusal", clause, callbackRefusal(params))
	l.Check(params.Get("oauth_verifier") != "", "oauth_verifier", "must be present", clause)
	return t, l.Err()
}

func repeated(params url.Values) bool {
	names := []string{"oauth_token", "oauth_verifier", "oauth_problem", "denied"}
	return slices.ContainsFunc(names, func(name string) bool { return len(params[name]) > 1 })
}

// CallbackToken returns the temporary token that a callback claims to be about:
// the one to find its transaction by, where a browser has several (see
// [Transaction.Token]). That is oauth_token, or without it denied, for X names
// the token there alone when the user refused.
func CallbackToken(params url.Values) string {
	if !params.Has("oauth_token") {
		return params.Get("denied")
	}
	return params.Get("oauth_token")
}

// callbackRefusal reads the two ways in which providers say that there will be
// no verifier; RFC 5849 has none.
func callbackRefusal(params url.Values) error {
	switch {
	case params.Has("denied"):
		return ErrAccessDenied
	case params.Has("oauth_problem"):
		return newError(0, params.Get("oauth_problem"), "")
	}
	return nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
