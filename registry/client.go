package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"

	"vouchsafe/httpclient"
	"vouchsafe/internal/localpath"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Client is the client of one registered provider. Its methods that call the API use the
// token that FetchToken returns. It is safe for concurrent use.
type Client struct {
	caller
	registry *Registry
	name     string
	pending  *Config // before Registry.Init; the registry's mutex guards it
	current  atomic.Pointer[registration]
}

func newClient(r *Registry, name string) *Client {
	c := &Client{registry: r, name: name}
	c.caller = caller{c, c.fetched}
	return c
}

// registration returns what the client is now.
func (c *Client) registration() (*registration, error) {
	if m := c.current.Load(); m != nil {
		return m, nil
	}
	c.registry.mu.RLock() // which Registry.Init has until it is done
	defer c.registry.mu.RUnlock()
	if m := c.current.Load(); m != nil {
		return m, nil
	}
	if c.registry.settings.Load() == nil {
		return nil, c.wrap(ErrNotInitialized)
	}
	return nil, notRegistered(c.name)
}

// wrap says whose error it is, if that does not say it itself.
func (c *Client) wrap(err error) error {
	if _, ok := err.(*ConfigError); ok {
		return err
	}
	return fmt.Errorf("registry: %q: %w", c.name, err)
}

// unsaved reports whether the client has a token that its store has not.
func (c *Client) unsaved() bool {
	m := c.current.Load()
	return m != nil && m.users.unsaved()
}

// digest tells which provider the client is of, empty if it is of none yet.
func (c *Client) digest() string {
	if m := c.current.Load(); m != nil {
		return m.digest
	}
	return ""
}

// Name returns the name that the client is registered under.
func (c *Client) Name() string { return c.name }

// Protocol returns what the provider speaks, empty before [Registry.Init].
func (c *Client) Protocol() Protocol {
	if m := c.current.Load(); m != nil {
		return m.protocol.name()
	}
	return ""
}

// OAuth1 returns the client of package oauth1 that does the work, nil if the provider is not
// one of OAuth 1.0.
func (c *Client) OAuth1() *oauth1.Client {
	p, _ := c.protocol().(oauth1Protocol)
	return p.client
}

// OAuth2 returns the client of package oauth2 that does the work: for grants without a user,
// introspection, revocation, whose endpoints Config.OAuth2.Server has, and for the APIs of other
// hosts. With OpenID Connect the provider is discovered first. It is an error if the provider is
// one of OAuth 1.0.
func (c *Client) OAuth2(ctx context.Context) (*oauth2.Client, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	switch p := m.protocol.(type) {
	case oauth2Protocol:
		return p.client, nil
	case oidcProtocol:
		return p.client.OAuth(ctx)
	}
	return nil, c.wrap(errors.New("the provider does not speak OAuth 2.0"))
}

// OIDC returns the client of package oidc that does the work, nil if the provider does not
// speak OpenID Connect.
func (c *Client) OIDC() *oidc.Client {
	p, _ := c.protocol().(oidcProtocol)
	return p.client
}

func (c *Client) protocol() protocol {
	if m := c.current.Load(); m != nil {
		return m.protocol
	}
	return nil
}

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

	// ReturnTo is where the application meant to go on, empty if it did not say.
	ReturnTo string

	// User is the application's own identifier of the user whose account the login is to be
	// linked to, who is logged in: see AuthorizeOptions.User. If empty, it is a login.
	User string

	// IDToken is the verified ID Token; nil without one. It reads claims into a struct, in
	// which large numbers are exact, and its UserInfo has the standard ones without another
	// request: Authlib's token["userinfo"].
	IDToken *oidc.IDToken

	client *Client // that completed it
	taken  func(w http.ResponseWriter, r *http.Request)
	digest string // of what that was then
}

// Client returns the client that completed the login, nil if l was made otherwise.
func (l *Login) Client() *Client { return l.client }

// AuthorizeOptions are what one login is to be like.
type AuthorizeOptions struct {
	// RedirectURI is the site's callback: https, or http on loopback, or a path,
	// which is taken relative to Options.BaseURL. If empty, Config.RedirectURI.
	RedirectURI string

	// ReturnTo is where the application goes on after the login: a path of this
	// site, which comes back as Login.ReturnTo. There is room for 512 bytes in every Store,
	// for some 3 KB outside cookies.
	ReturnTo string

	// User, if not empty, is the application's own identifier of the user who is logged in
	// and links an account at the provider. The request must be a POST from a page of this
	// site, and [Client.Complete] must be given the same user. Without it, another site could
	// have its own account linked to whoever is logged in here.
	User string

	// Scopes are asked for in place of Config.Scopes.
	Scopes []string

	// Resources are where the access token is for, RFC 8707, Section 2.
	Resources []string

	// Params are further parameters of the authorization request, and TokenParams of the token
	// request. They go before those of Config.AuthorizeParams and Config.AccessTokenParams.
	Params      url.Values
	TokenParams url.Values

	// OIDC is what else an OpenID Connect request asks for, such as MaxAge. What has a field
	// here is set here: there it is an error.
	OIDC oidc.AuthorizationOptions
}

// completed returns o with what c has for every login.
func (o AuthorizeOptions) completed(c Config) AuthorizeOptions {
	o.Params = overlaid(c.AuthorizeParams, o.Params)
	if c.detect() != ProtocolOAuth1 {
		o.TokenParams = overlaid(c.AccessTokenParams, o.TokenParams)
	}
	if o.Scopes == nil {
		o.Scopes = c.Scopes
	}
	if o.RedirectURI == "" {
		o.RedirectURI = c.RedirectURI
	}
	return o
}

// overlaid returns params with those of over in place of their own.
func overlaid(params, over url.Values) url.Values {
	both := url.Values{}
	maps.Copy(both, params)
	maps.Copy(both, over)
	return both
}

// AuthorizeRedirect begins a login and redirects the browser to the provider. It
// is [Client.Authorize] with nothing but the redirect URI.
func (c *Client) AuthorizeRedirect(w http.ResponseWriter, r *http.Request, redirectURI string) error {
	return c.Authorize(w, r, AuthorizeOptions{RedirectURI: redirectURI})
}

// Authorize begins a login and redirects the browser to the provider. After an
// error nothing has been written to w.
func (c *Client) Authorize(w http.ResponseWriter, r *http.Request, o AuthorizeOptions) error {
	m, err := c.registration()
	if err != nil {
		return err
	}
	target, err := c.begin(w, r, m, o)
	if err != nil {
		return c.wrap(err)
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target, status)
	return nil
}

// begin begins a login and returns where the browser is to go.
func (c *Client) begin(w http.ResponseWriter, r *http.Request, m *registration, o AuthorizeOptions,
) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	o = o.completed(m.config)
	var err error
	if o.RedirectURI, err = m.settings.resolve(o.RedirectURI); err != nil {
		return "", err
	}
	if o.User != "" {
		if err := fromOwnSite(r, m.settings.site(o.RedirectURI)); err != nil {
			return "", err
		}
	}
	if err := c.registry.claim(r.Context(), c, o.RedirectURI); err != nil {
		return "", err
	}
	b, err := m.protocol.authorize(r.Context(), o)
	if err != nil {
		return "", err
	}
	return b.url, m.settings.logins.put(w, r, b.key, record{
		Purpose:     purposeLogin,
		Client:      c.name,
		Provider:    m.digest,
		User:        o.User,
		RedirectURI: o.RedirectURI,
		ReturnTo:    o.ReturnTo,
		Posted: strings.HasPrefix(
			cmp.Or(o.OIDC.ResponseMode, m.config.ResponseMode), "form_post"),
		Transaction: b.transaction,
	})
}

// asksOIDC reports whether o asks for what is of OpenID Connect.
func (o AuthorizeOptions) asksOIDC() bool { return !reflect.ValueOf(o.OIDC).IsZero() }

// check refuses what no login can be.
func (o AuthorizeOptions) check() error {
	if o.ReturnTo != "" && !localpath.Valid(o.ReturnTo) {
		return errors.New("ReturnTo must be a path of this site")
	}
	if o.OIDC.RedirectURI != "" || o.OIDC.Scopes != nil || o.OIDC.Resources != nil ||
		o.OIDC.Params != nil || o.OIDC.TokenParams != nil {
		return errors.New("AuthorizeOptions.OIDC must not have what AuthorizeOptions has itself")
	}
	return nil
}

// fromOwnSite refuses a request that a page of another site may have sent: one that is no
// POST, or that the browser says is from elsewhere than where site is, or does not say where
// from. A page with the Referrer-Policy no-referrer has Origin be null (Fetch, `Origin` header).
func fromOwnSite(r *http.Request, site string) error {
	fetched, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	own := httpclient.SameOrigin(origin, site)
	untold := origin == "" || origin == "null"
	if r.Method == http.MethodPost &&
		(fetched == "same-origin" && (own || untold) || fetched == "" && own) {
		return nil
	}
	return because(ReasonOtherSite)
}

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
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
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
	login.client, login.digest = c, m.digest
	login.ReturnTo, login.User = rec.ReturnTo, rec.User
	login.taken = func(w http.ResponseWriter, r *http.Request) {
		m.settings.logins.complete(w, r, key, rec.https())
	}
	return login, nil
}

// UserInfo asks the provider who the user is. With OpenID Connect it asks the
// UserInfo Endpoint and compares the answer with login's ID Token; otherwise it
// asks Config.UserInfoEndpoint and names the user by Config.IdentityIssuer. login
// must be one that c completed, or, without OpenID Connect, one made of a token
// that was stored: &Login{Token: t}. Where Config does not have what it takes, the error is a
// [*ConfigError].
func (c *Client) UserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	if login == nil || login.client != nil && (login.client.registry != c.registry ||
		login.client.name != c.name || login.digest != m.digest) {
		return nil, c.wrap(errors.New("UserInfo needs a login that this client completed"))
	}
	ctx = context.WithValue(ctx, apiKey{}, c.WithToken(login.Token))
	u, err := m.protocol.userInfo(ctx, m, login)
	if err != nil {
		return nil, c.wrap(err)
	}
	return u, nil
}

// Refresh exchanges a token for a new one, by its refresh token. Store what it
// returns before using it: t may not work again.
func (c *Client) Refresh(ctx context.Context, t Token) (Token, error) {
	m, err := c.registration()
	if err != nil {
		return Token{}, err
	}
	renewed, err := m.protocol.refresh(ctx, t)
	if err != nil {
		return Token{}, c.wrap(err)
	}
	return renewed, nil
}
