package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
	"vouchsafe/internal/random"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/verdict"
)

// LogoutOptions are what one logout request asks for, OpenID Connect RP-Initiated Logout 1.0,
// Section 2. None is required.
type LogoutOptions struct {
	// RedirectURI is where the provider sends the browser back to once the user is logged out,
	// one of those registered with it for that: https, http on loopback, or of a scheme with a
	// dot. If empty, the browser stays there.
	RedirectURI string

	// IDTokenHint is the ID Token of the login, as [oauth2.Token.IDToken] has it, which may
	// have expired. Without it the provider must ask the user, and need not send the browser
	// back.
	IDTokenHint string

	// LogoutHint is who logs out, as far as the provider understands it.
	LogoutHint string

	// UILocales are the languages of the pages, best first, as RFC 5646 writes them.
	UILocales []string

	// Params are further parameters. Those that are set above are refused, and so are
	// client_id and state.
	Params url.Values
}

// Format prints that o are options and nothing of them, whatever the verb: a hint is an ID
// Token.
func (o LogoutOptions) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oidc.LogoutOptions{...}") }

// LogValue gives a log what Format prints.
func (o LogoutOptions) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// A LogoutRequest is a logout about to begin.
type LogoutRequest struct {
	URL         string             // where to redirect the browser to
	Transaction *LogoutTransaction // what its return will need; nil without a RedirectURI
}

const (
	logoutClause = "OpenID Connect RP-Initiated Logout 1.0, Section 2"
	returnClause = "OpenID Connect RP-Initiated Logout 1.0, Section 3"
)

// Logout builds a request that the provider log the user out, OpenID Connect RP-Initiated
// Logout 1.0, Section 2. It names the client, and has a state if the browser is to come back.
// It discovers the provider if need be. The application's own session is not touched: end it
// too, before the redirect.
//
// What cannot be asked for is a [*jose.CheckError], end_session_endpoint where the provider
// has none; other errors are those of discovery.
func (c *Client) Logout(ctx context.Context, o LogoutOptions) (*LogoutRequest, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	l := verdict.New(ctx, checkError)
	endpoint, err := httpclient.CheckURL(c.config.HTTP, conn.provider.EndSessionEndpoint)
	l.Result("end_session_endpoint", logoutClause, refusal.Because(err, "end_session_endpoint",
		"must be a URL that can be asked", logoutClause))
	l.Result("post_logout_redirect_uri", logoutClause, checkLogoutRedirect(o.RedirectURI))
	hint, err := c.hint(ctx, o.IDTokenHint, &expectations{})
	l.Check(err == nil, "id_token_hint", "must be an ID Token of this provider", logoutClause)
	if l.Err() != nil {
		return nil, l.Err()
	}
	params := url.Values{"client_id": {c.config.ID}}
	request := &LogoutRequest{}
	if o.RedirectURI != "" {
		state := random.Text()
		params.Set("state", state)
		request.Transaction = newLogoutTransaction(logoutData{state, c.config.Issuer, c.config.ID})
	}
	for name, value := range map[string]string{
		"post_logout_redirect_uri": o.RedirectURI,
		"id_token_hint":            hint,
		"logout_hint":              o.LogoutHint,
		"ui_locales":               strings.Join(o.UILocales, " "),
	} {
		if value != "" {
			params.Set(name, value)
		}
	}
	for name, values := range o.Params {
		l.Check(!params.Has(name) && name != "state" && name != "post_logout_redirect_uri",
			"params", "must not have "+strconv.Quote(name)+", which is set otherwise", logoutClause)
		params[name] = values
	}
	query, err := url.ParseQuery(endpoint.RawQuery)
	l.Check(err == nil && !shares(query, params), "end_session_endpoint",
		"must have none of the request's parameters in its query", logoutClause)
	if l.Err() != nil {
		return nil, l.Err()
	}
	own := strings.ReplaceAll(params.Encode(), "+", "%20")
	endpoint.RawQuery = strings.Trim(endpoint.RawQuery+"&"+own, "&")
	request.URL = endpoint.String()
	return request, nil
}

// shares reports whether two forms have a parameter of the same name.
func shares(a, b url.Values) bool {
	for name := range a {
		if b.Has(name) {
			return true
		}
	}
	return false
}

// checkLogoutRedirect checks where the browser comes back to after a logout, if it does.
func checkLogoutRedirect(raw string) error {
	const check = "post_logout_redirect_uri"
	if raw == "" {
		return nil
	}
	u, err := discovery.CheckRedirect(check, raw, logoutClause)
	if err != nil {
		return err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || query.Has("state") {
		return checkError(check, "must not have state in its query", logoutClause)
	}
	return nil
}

// LogoutCallback checks that the browser came back from the logout of txn: its parameters, as
// [oauth2.ReadCallback] gets them from a request, must have its state (OpenID Connect
// RP-Initiated Logout 1.0, Section 2). It says that the provider is done, not that it has
// logged the user out, which the user may have declined.
//
// The error is a [*jose.CheckError].
func (c *Client) LogoutCallback(
	ctx context.Context, params url.Values, txn *LogoutTransaction,
) error {
	l := verdict.New(ctx, checkError)
	data := txn.data()
	l.Check(data.Issuer == c.config.Issuer && data.ClientID == c.config.ID, "transaction",
		"must be of a logout by this client", returnClause)
	l.Check(single(params), "parameters", "must come at most once each", returnClause)
	l.Check(equal(params.Get("state"), data.State), "state", "must be that of the request",
		returnClause)
	return l.Err()
}

// A LogoutTransaction is what a logout must remember until the browser comes back. It is none
// of a login. What it holds printing does not show.
type LogoutTransaction struct {
	reveal func() logoutData
}

type logoutData struct {
	State    string `json:"logout_state"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
}

func newLogoutTransaction(d logoutData) *LogoutTransaction {
	return &LogoutTransaction{func() logoutData { return d }}
}

// data returns nothing for the zero LogoutTransaction, which is that of no request.
func (t *LogoutTransaction) data() logoutData {
	if t == nil || t.reveal == nil {
		return logoutData{}
	}
	return t.reveal()
}

// State returns the state parameter of the request, by which the transaction is found when the
// browser comes back, and the empty string for the zero LogoutTransaction.
func (t *LogoutTransaction) State() string { return t.data().State }

var errLogoutTransaction = errors.New("oidc: not a transaction of a logout")

// MarshalBinary returns the transaction for storing, where only the browser that logs out can
// present it. The zero LogoutTransaction is an error.
func (t *LogoutTransaction) MarshalBinary() ([]byte, error) {
	if t.State() == "" {
		return nil, errLogoutTransaction
	}
	return json.Marshal(t.data())
}

// UnmarshalBinary reads what MarshalBinary returned. Other bytes are an error and leave t as
// it was.
func (t *LogoutTransaction) UnmarshalBinary(b []byte) error {
	var d logoutData
	if json.Unmarshal(b, &d) != nil || d.State == "" || d.Issuer == "" || d.ClientID == "" {
		return errLogoutTransaction
	}
	*t = *newLogoutTransaction(d)
	return nil
}
