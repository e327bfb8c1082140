package registry

import (
	"fmt"
	"net/http"
	"net/url"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Login is a completed login.
type Login struct {
	Token Token

	// Identity is who the user is, by a verified ID Token. Without OpenID Connect it
	// is nobody; [Client.UserInfo] may know. Where tenants choose their configuration, any of
	// them may name any issuer and have keys of its own: keep it with the name of Client, and
	// look for it among that client's only.
	Identity oidc.Identity

	// Claims are the claims of the verified ID Token; nil without one.
	Claims map[string]any

	// Callback has the parameters of the callback that Config.Dialect.CallbackParameters names,
	// such as the company that Intuit's user has chosen. Nobody has signed them.
	Callback map[string]string

	// ReturnTo is where the application meant to go on, empty if it did not say.
	ReturnTo string

	// User is the application's own identifier of the user whose account the login is to be
	// linked to, who is logged in: see AuthorizeOptions.User. If empty, it is a login.
	User string

	// IDToken is the verified ID Token; nil without one. It reads claims into a struct, in
	// which large numbers are exact, and its UserInfo has the standard ones without another
	// request: Authlib's token["userinfo"].
	IDToken *oidc.IDToken

	client   *Client // that completed it
	provider string  // whose that was then: a registration's digest

	// noteCompleted has the browser hold that the application has taken the login.
	noteCompleted func(w http.ResponseWriter, r *http.Request)
}

// Client returns the client that completed the login, nil if l was made otherwise.
func (l *Login) Client() *Client { return l.client }

// AuthorizeAccessToken completes a login in the handler of the callback. It is
// [Client.Complete] for logins that link no account.
//
// Start a new application session before the user is taken as logged in.
func (c *Client) AuthorizeAccessToken(w http.ResponseWriter, r *http.Request) (*Login, error) {
	return c.Complete(w, r, "")
}

// Complete completes a login in the handler of the callback. It writes a cookie and a header
// to w, and no body. user is the application's own identifier of who is logged in now, empty
// if nobody is: a login begun with AuthorizeOptions.User is refused for any other, and ends in
// Login.User; for a login begun without, user is of no account.
//
// The error is a [*TransactionError] if the callback belongs to no login in the
// making of this browser and client, ErrAccessDenied, wrapped, if the user or the
// provider said no, and otherwise that of the protocol's package. Once the login was found the
// same callback does not work again, whatever the outcome.
func (c *Client) Complete(w http.ResponseWriter, r *http.Request, user string) (*Login, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	login, err := c.complete(w, r, m, user)
	if denied(err) {
		err = fmt.Errorf("%w: %w", ErrAccessDenied, err)
	}
	if err != nil {
		return nil, c.wrap(err)
	}
	return login, nil
}

func (c *Client) complete(w http.ResponseWriter, r *http.Request, m *registration, user string,
) (*Login, error) {
	keepPrivate(w.Header())
	params, err := oauth2.ReadCallback(r) // a HEAD, of a link preview say, uses up no login
	if err != nil {
		return nil, err
	}
	key, err := m.protocol.key(r.Context(), params)
	if err != nil {
		return nil, err
	}
	rec, err := m.settings.logins.take(w, r, key, expected{purposeLogin, c.name, m.digest, user})
	if err != nil {
		return nil, err
	}
	login, err := m.protocol.callback(r.Context(), params, rec.Transaction)
	if err != nil {
		return nil, err
	}
	login.client, login.provider = c, m.digest
	login.Callback = kept(params, m.config.Dialect.CallbackParameters)
	login.ReturnTo, login.User = rec.ReturnTo, rec.User
	login.noteCompleted = func(w http.ResponseWriter, r *http.Request) {
		m.settings.logins.complete(w, r, key, rec.https())
	}
	return login, nil
}

// kept returns the parameters called names, nil if there are none.
func kept(params url.Values, names []string) map[string]string {
	var values map[string]string
	for _, name := range names {
		if !params.Has(name) {
			continue
		}
		if values == nil {
			values = map[string]string{}
		}
		values[name] = params.Get(name)
	}
	return values
}
