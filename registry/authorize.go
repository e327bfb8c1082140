package registry

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/localpath"
	"vouchsafe/oidc"
)

// AuthorizeOptions are what one login is to be like.
type AuthorizeOptions struct {
	// RedirectURI is the site's callback: https, or http on loopback, or a path,
	// which is taken relative to Options.BaseURL. If empty, Config.RedirectURI.
	RedirectURI string

	// ReturnTo is where the application goes on after the login: a path of this
	// site, which comes back as Login.ReturnTo. There is room for 512 bytes in every Store,
	// for some 7 KB outside cookies.
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

// asksOIDC reports whether o asks for what is of OpenID Connect.
func (o AuthorizeOptions) asksOIDC() bool { return !reflect.ValueOf(o.OIDC).IsZero() }

var errReturnTo = errors.New("ReturnTo must be a path of this site")

// check refuses what no login can be.
func (o AuthorizeOptions) check() error {
	if o.ReturnTo != "" && !localpath.Valid(o.ReturnTo) {
		return errReturnTo
	}
	if o.OIDC.RedirectURI != "" || o.OIDC.Scopes != nil || o.OIDC.Resources != nil ||
		o.OIDC.Params != nil || o.OIDC.TokenParams != nil {
		return errors.New("AuthorizeOptions.OIDC must not have what AuthorizeOptions has itself")
	}
	return nil
}

// AuthorizeRedirect begins a login and redirects the browser to the provider. It
// is [Client.Authorize] with nothing but the redirect URI.
func (c *Client) AuthorizeRedirect(
	w http.ResponseWriter, r *http.Request, redirectURI string,
) error {
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
	redirect(w, r, target)
	return nil
}

// redirect sends the browser to a provider.
func redirect(w http.ResponseWriter, r *http.Request, target string) {
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	keepPrivate(w.Header())
	http.Redirect(w, r, target, status)
}

// keepPrivate keeps an answer out of caches, and the address of its page out of other sites.
func keepPrivate(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}

// begin begins a login and returns where the browser is to go.
func (c *Client) begin(w http.ResponseWriter, r *http.Request, m *registration, o AuthorizeOptions,
) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	o = o.completed(m.config)
	var err error
	if o.RedirectURI, err = m.settings.absolute(o.RedirectURI); err != nil {
		return "", err
	}
	if o.User != "" {
		if m.settings.base == nil && m.settings.options.Resolve != nil {
			return "", errLinking
		}
		if err := fromOwnSite(r, m.settings.origin(o.RedirectURI)); err != nil {
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

var errLinking = errors.New("linking accounts needs Options.BaseURL where there is " +
	"Options.Resolve: a tenant does not say which site this is")

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
