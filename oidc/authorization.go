package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchsafe/internal/random"
	"vouchsafe/internal/verdict"
	"vouchsafe/oauth2"
)

// AuthorizationOptions are what one authentication request asks for, OpenID Connect
// Core 1.0, Section 3.1.2.1. Only RedirectURI is required.
type AuthorizationOptions struct {
	// RedirectURI is where the provider sends the browser back to.
	RedirectURI string

	// Scopes are the scopes asked for; openid need not be among them.
	Scopes []string

	// Resources are where the access token is for, RFC 8707, Section 2.
	Resources []string

	// ResponseType is "code", which it is if empty, or a type of OpenID Connect Core 1.0,
	// Section 3: "code id_token", "code token", "code id_token token", "id_token" or
	// "id_token token". What comes through the browser is verified before the code is
	// sent.
	ResponseType string

	// ResponseMode is that of [oauth2.AuthorizationOptions]. If empty, the response is in
	// the query where there is a code alone, and otherwise in the fragment, which
	// [oauth2.RelayFragment] reads.
	ResponseMode string

	// Prompt is whether and for what the user is asked: "none" alone, or some of
	// "login", "consent", "select_account", "create". Nothing shows that the provider has
	// asked; a MaxAge of 0 has the ID Token show it. "create" has the user create an account,
	// where the provider advertises that; who comes back may have had one.
	Prompt []string

	// MaxAge, if not nil, is how long before the request the user may have last
	// authenticated, in whole seconds. The ID Token is held to it, within Config.Leeway.
	MaxAge *time.Duration

	// ACRValues are the authentication contexts asked for. The ID Token must have
	// one of them.
	ACRValues []string

	// Claims asks for single claims. What is essential of acr and auth_time, and a
	// subject that is asked for, the ID Token is held to.
	Claims *ClaimsRequest

	// LoginHint is what the user is likely to log in with, an e-mail address say.
	LoginHint string

	// IDTokenHint is an ID Token of the user who is to log in, as [oauth2.Token.IDToken]
	// has it. The new one must be of the same subject.
	IDTokenHint string

	// UILocales and ClaimsLocales are the languages of the pages and of the claims, best
	// first, as RFC 5646 writes them.
	UILocales     []string
	ClaimsLocales []string

	// Display is how the pages are shown: "page", "popup", "touch" or "wap".
	Display string

	// Params are further parameters. Those that are set above are refused, and so are
	// those that the ID Token is held to.
	Params url.Values

	// TokenParams are further parameters of the token request that follows, as
	// [oauth2.AuthorizationOptions] has them.
	TokenParams url.Values
}

// Format prints that o are options and nothing of them, whatever the verb: a hint is an ID
// Token.
func (o AuthorizationOptions) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, "oidc.AuthorizationOptions{...}")
}

// LogValue gives a log what Format prints.
func (o AuthorizationOptions) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// An AuthorizationRequest is a login about to begin.
type AuthorizationRequest struct {
	URL         string       // where to redirect the browser to
	Transaction *Transaction // what the callback will need
}

const (
	openid = "openid"

	requestClause = "OpenID Connect Core 1.0, Section 3.1.2.1"
)

// heldTo are the parameters that an ID Token is held to, which Params must not have.
func heldTo() []string {
	return []string{"nonce", "max_age", "acr_values", "claims", "id_token_hint"}
}

// Authorize builds an authentication request, OpenID Connect Core 1.0, Section
// 3.1.2.1: an authorization request of package oauth2 with the scope openid and
// a nonce. It discovers the provider if need be.
//
// What cannot be asked for is a [*jose.CheckError]; other errors are those of discovery,
// after which another time may be better.
func (c *Client) Authorize(
	ctx context.Context, o AuthorizationOptions,
) (*AuthorizationRequest, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	l := verdict.New(ctx, checkError)
	l.Check(conn.provider.TokenEndpoint != "" || strings.HasPrefix(o.ResponseType, "id_token"),
		"token_endpoint", "must be present where there is a code", metadataClause)
	e, err := c.expectations(o)
	l.Result("max_age", requestClause, err)
	if l.Err() != nil {
		return nil, l.Err()
	}
	params, err := c.params(ctx, conn.provider, o, &e)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(o.Scopes, openid) {
		o.Scopes = append([]string{openid}, o.Scopes...)
	}
	req, err := conn.oauth.Authorize(ctx, oauth2.AuthorizationOptions{
		RedirectURI:  o.RedirectURI,
		Scopes:       o.Scopes,
		Resources:    o.Resources,
		ResponseType: o.ResponseType,
		ResponseMode: o.ResponseMode,
		Params:       params,
		TokenParams:  o.TokenParams,
	})
	if err != nil {
		return nil, err
	}
	return &AuthorizationRequest{req.URL, newTransaction(transactionData{req.Transaction, e})}, nil
}

// expectations are what o asks of the ID Token.
func (c *Client) expectations(o AuthorizationOptions) (expectations, error) {
	maxAge, err := wholeSeconds(o.MaxAge)
	if err != nil {
		return expectations{}, err
	}
	e := expectations{
		Nonce:     random.Text(),
		MaxAge:    maxAge,
		Asked:     c.config.Now().Unix(),
		ACRValues: slices.Clone(o.ACRValues),
	}
	e.EssentialACR, e.AuthTime, e.Subject = o.Claims.expected()
	return e, nil
}

// params returns the parameters of a request beside those of OAuth 2.0.
func (c *Client) params(
	ctx context.Context, p Provider, o AuthorizationOptions, e *expectations,
) (url.Values, error) {
	l := verdict.New(ctx, checkError)
	prompt := strings.Fields(strings.Join(slices.Concat(o.Params["prompt"], o.Prompt), " "))
	alone := len(prompt) < 2 && len(o.Prompt) < 2
	l.Check(alone || !slices.Contains(prompt, "none"), "prompt",
		"must be none alone, or not have it", requestClause)
	l.Check(
		!slices.Contains(prompt, "create") || slices.Contains(p.PromptValuesSupported, "create"),
		"prompt", "must not have create where the provider does not advertise it",
		"Initiating User Registration via OpenID Connect 1.0, Section 4.2")
	l.Check(!slices.Contains(o.ACRValues, ""), "acr_values", "must have none that is empty",
		requestClause)
	hint, err := c.hint(ctx, o.IDTokenHint, e)
	l.Result("id_token_hint", requestClause, err)
	claims, err := o.Claims.parameter()
	l.Result("claims", "OpenID Connect Core 1.0, Section 5.5", err)
	params := url.Values{}
	for _, p := range [...]struct{ name, value string }{
		{"nonce", e.Nonce},
		{"max_age", decimal(e.MaxAge)},
		{"prompt", strings.Join(o.Prompt, " ")},
		{"acr_values", strings.Join(o.ACRValues, " ")},
		{"claims", claims},
		{"login_hint", o.LoginHint},
		{"id_token_hint", hint},
		{"ui_locales", strings.Join(o.UILocales, " ")},
		{"claims_locales", strings.Join(o.ClaimsLocales, " ")},
		{"display", o.Display},
	} {
		if p.value != "" {
			params.Set(p.name, p.value)
		}
	}
	for name, values := range o.Params {
		l.Check(!params.Has(name) && !slices.Contains(heldTo(), name), "params",
			"must not have "+strconv.Quote(name)+", which has an option of its own", requestClause)
		params[name] = values
	}
	return params, l.Err()
}

// decimal writes a number, and nothing for none.
func decimal(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// hint returns an ID Token as a hint, which is not encrypted for us, and has its subject
// expected.
func (c *Client) hint(ctx context.Context, idToken string, e *expectations) (string, error) {
	if idToken == "" {
		return "", nil
	}
	signed, claims := c.ownClaims(ctx, idToken)
	issuer, _ := claims.Get("iss").String()
	subject, _ := claims.Get("sub").String()
	if subject == "" || !c.config.acceptsIssuer(issuer) ||
		e.Subject != "" && e.Subject != subject {
		return "", checkError("id_token_hint",
			"must be an ID Token of this provider, for the subject asked for", requestClause)
	}
	e.Subject, e.Issuer = subject, issuer
	return signed, nil
}

// parameter returns the claims parameter, empty if there is none.
func (r *ClaimsRequest) parameter() (string, error) {
	if r == nil {
		return "", nil
	}
	if err := r.check(); err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", checkError("claims", "must have values that JSON can hold",
			"OpenID Connect Core 1.0, Section 5.5")
	}
	return string(text), nil
}
