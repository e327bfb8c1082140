package oauth1

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"vouchsafe/internal/verdict"
)

// AuthorizationOptions say how a login is to go.
type AuthorizationOptions struct {
	// RedirectURI is where the browser comes back to, the oauth_callback of
	// RFC 5849, Section 2.1: an absolute URI without a fragment, or "oob" where
	// the user is to type the verifier in. Required.
	RedirectURI string

	// Params are added to the query of the authorization URL. None may begin
	// with oauth_ (RFC 5849, Section 2) or be one of Config.AuthorizationNames.
	Params url.Values
}

// An AuthorizationRequest is a login that has begun.
type AuthorizationRequest struct {
	URL         string       // where to send the browser, with GET
	Transaction *Transaction // what to keep for the callback
}

// Authorize begins a login: it fetches temporary credentials (RFC 5849, Section
// 2.1) and makes the URL to send the browser to (Section 2.2). For "oob" the
// client may do without an authorization URL; the request's URL is empty then.
//
// A refusal by the provider is an [*Error], a response that is not as it must
// be a [*CheckError], and so are unusable options; other errors are those of
// [httpclient.Do] and of a signature.
func (c *Client) Authorize(
	ctx context.Context, o AuthorizationOptions,
) (*AuthorizationRequest, error) {
	if err := c.checkOptions(ctx, o); err != nil {
		return nil, err
	}
	t, err := c.fetch(ctx, exchange{
		name: "temporary credential request", clause: "RFC 5849, Section 2.1",
		method: c.config().TemporaryCredentialMethod, url: c.temporary,
		params:   c.config().temporaryParams,
		protocol: []Param{{"oauth_callback", o.RedirectURI}},
		check:    c.checkConfirmed,
	})
	if err != nil {
		return nil, err
	}
	return &AuthorizationRequest{
		URL: c.authorizationURL(t.Token, o),
		Transaction: newTransaction(transaction{
			Digest: c.digest[:], Token: t.Token, Secret: t.Secret, RedirectURI: o.RedirectURI,
		}),
	}, nil
}

// A server of OAuth 1.0, not 1.0a, would not make the verifier that ties the user
// who approves to the user who comes back.
func (c *Client) checkConfirmed(l *verdict.List, values map[string]string) {
	l.Check(values["oauth_callback_confirmed"] == "true" || c.config().InsecureNoCallbackConfirmed,
		"oauth_callback_confirmed", "must be true in the response", "RFC 5849, Section 2.1")
}

func (c *Client) checkOptions(ctx context.Context, o AuthorizationOptions) error {
	l := checks(ctx)
	l.Check(c.temporary != nil, "temporary_credential_url", "must be configured for a login",
		"RFC 5849, Section 2.1")
	l.Check(o.RedirectURI == "oob" || absolute(o.RedirectURI), "redirect_uri",
		"must be an absolute URI without a fragment, or oob", "RFC 5849, Section 2.1")
	l.Check(c.authorization != nil || o.RedirectURI == "oob", "authorization_url",
		"must be configured for a login in the browser", "RFC 5849, Section 2.2")
	names := c.config().AuthorizationNames
	taken := o.Params.Has(names.Token) || names.Client != "" && o.Params.Has(names.Client) ||
		names.Callback != "" && o.Params.Has(names.Callback)
	l.Check(!taken && !hasProtocolParam(o.Params), "params",
		"must not have a name that begins with oauth_ or that Authorize sets",
		"RFC 5849, Section 2")
	return l.Err()
}

func absolute(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.IsAbs() && !strings.Contains(uri, "#") && utf8.ValidString(uri)
}

// authorizationURL adds to the query of the endpoint, which stays as it is.
func (c *Client) authorizationURL(temporaryToken string, o AuthorizationOptions) string {
	if c.authorization == nil {
		return ""
	}
	u, names := *c.authorization, c.config().AuthorizationNames
	var params []Param
	if names.Client != "" {
		params = append(params, Param{names.Client, c.config().ID})
	}
	params = append(params, Param{names.Token, temporaryToken})
	if names.Callback != "" {
		params = append(params, Param{names.Callback, o.RedirectURI})
	}
	u.RawQuery = join(u.RawQuery, appendRecoded(appendEncoded(nil, params), o.Params.Encode()))
	return u.String()
}

// Callback ends a login: it checks the callback's parameters against the
// transaction that Authorize made, and fetches the token (RFC 5849, Section
// 2.3). Of params it reads oauth_token, oauth_verifier, oauth_problem and
// denied, nothing else; whatever its outcome, txn has served.
//
// A user who refused is [ErrAccessDenied], a refusal by the provider an
// [*Error], a callback or response that is not as it must be a [*CheckError];
// other errors are those of [httpclient.Do] and of a signature.
func (c *Client) Callback(
	ctx context.Context, params url.Values, txn *Transaction,
) (*Token, error) {
	t, err := c.checkCallback(ctx, params, txn)
	if err != nil {
		return nil, err
	}
	return c.fetchToken(ctx, t, params.Get("oauth_verifier"))
}

// Exchange ends a login whose RedirectURI is "oob": verifier is what the provider
// showed the user, or sent in some other way, without spaces around it. Its errors
// are those of [Client.Callback].
func (c *Client) Exchange(
	ctx context.Context, verifier string, txn *Transaction,
) (*Token, error) {
	verifier = strings.TrimSpace(verifier)
	l := checks(ctx)
	t := c.checkTransaction(l, txn)
	// What a browser brings has to be compared with the transaction, by Callback.
	l.Check(t.RedirectURI == "oob", "redirect_uri", "must be oob for a verifier to be typed in",
		"RFC 5849, Section 2.1")
	l.Check(verifier != "", "oauth_verifier", "must be present", "RFC 5849, Section 2.3")
	if err := l.Err(); err != nil {
		return nil, err
	}
	return c.fetchToken(ctx, t, verifier)
}

// fetchToken makes the request of RFC 5849, Section 2.3.
func (c *Client) fetchToken(ctx context.Context, t transaction, verifier string) (*Token, error) {
	r, err := c.fetch(ctx, exchange{
		name: "token request", clause: "RFC 5849, Section 2.3",
		method: c.config().TokenMethod, url: c.token, params: c.config().tokenParams,
		with: credentials{t.Token, t.Secret}, protocol: []Param{{"oauth_verifier", verifier}},
		secrets: []string{verifier},
	})
	if err != nil {
		return nil, err
	}
	return newToken(r), nil
}

func (c *Client) checkTransaction(l *verdict.List, txn *Transaction) transaction {
	var t transaction
	if txn != nil {
		t = txn.data()
	}
	l.Check(bytes.Equal(t.Digest, c.digest[:]), "transaction",
		"must be one that this client began", "RFC 5849, Section 4.13")
	return t
}

// checkCallback returns what txn holds if the callback belongs to it. Nothing
// of the callback is believed before its token is known to be ours.
func (c *Client) checkCallback(
	ctx context.Context, params url.Values, txn *Transaction,
) (transaction, error) {
	const clause = "RFC 5849, Section 2.2"
	l := checks(ctx)
	t := c.checkTransaction(l, txn)
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
		values := map[string]string{"oauth_problem": params.Get("oauth_problem")}
		return newError(0, nil, "", values, nil)
	}
	return nil
}
