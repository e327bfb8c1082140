package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/localpath"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Client is the client of one registered provider. It is safe for concurrent
// use.
type Client struct {
	registry *Registry
	name     string
	config   Config
	protocol protocol
	users    *users
}

// Name returns the name that the client is registered under.
func (c *Client) Name() string { return c.name }

// A Token is what a login ends in: exactly one of the fields is set.
type Token struct {
	OAuth1 *oauth1.Token
	OAuth2 *oauth2.Token // OpenID Connect's too
}

// A Login is a completed login.
type Login struct {
	Token Token

	// Identity is who the user is, by a verified ID Token. Without OpenID Connect it
	// is nobody; [Client.UserInfo] may know.
	Identity oidc.Identity

	// Claims are the claims of the verified ID Token; nil without one.
	Claims map[string]any

	// ReturnTo is where the application meant to go on, empty if it did not say.
	ReturnTo string

	// IDToken is the verified ID Token; nil without one. It reads claims into a struct, in
	// which large numbers are exact.
	IDToken *oidc.IDToken

	client *Client // that completed it
}

// AuthorizeOptions are what one login is to be like.
type AuthorizeOptions struct {
	// RedirectURI is the site's callback: https, or http on loopback, or a path,
	// which is taken relative to Options.BaseURL. Required.
	RedirectURI string

	// ReturnTo is where the application goes on after the login: a path of this
	// site, which comes back as Login.ReturnTo.
	ReturnTo string

	// Params are further parameters of the authorization request. They go before
	// those of Config.AuthorizeParams.
	Params url.Values
}

// AuthorizeRedirect begins a login and redirects the browser to the provider. It
// is [Client.Authorize] with nothing but the redirect URI.
func (c *Client) AuthorizeRedirect(w http.ResponseWriter, r *http.Request, redirectURI string) error {
	return c.Authorize(w, r, AuthorizeOptions{RedirectURI: redirectURI})
}

// Authorize begins a login and redirects the browser to the provider. After an
// error nothing has been written to w.
func (c *Client) Authorize(w http.ResponseWriter, r *http.Request, o AuthorizeOptions) error {
	redirectURI, err := c.registry.resolve(o.RedirectURI)
	if err != nil {
		return err
	}
	if o.ReturnTo != "" && !localpath.Valid(o.ReturnTo) {
		return errors.New("registry: ReturnTo must be a path of this site")
	}
	if err := c.registry.claim(r.Context(), c, redirectURI); err != nil {
		return err
	}
	params := url.Values{}
	maps.Copy(params, c.config.AuthorizeParams)
	maps.Copy(params, o.Params)
	b, err := c.protocol.authorize(r.Context(), request{
		redirectURI:  redirectURI,
		scopes:       c.config.Scopes,
		responseType: c.config.ResponseType,
		responseMode: c.config.ResponseMode,
		params:       params,
	})
	if err != nil {
		return fmt.Errorf("registry: %q: %w", c.name, err)
	}
	err = c.registry.logins.put(w, r, b.key, record{
		Purpose:     purposeLogin,
		Client:      c.name,
		RedirectURI: redirectURI,
		ReturnTo:    o.ReturnTo,
		Posted:      strings.HasPrefix(c.config.ResponseMode, "form_post"),
		Transaction: b.transaction,
	})
	if err != nil {
		return fmt.Errorf("registry: %q: %w", c.name, err)
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, b.url, status)
	return nil
}

// AuthorizeAccessToken completes a login in the handler of the callback. It
// writes a cookie and a header to w, and no body.
//
// The error is a [*TransactionError] if the callback belongs to no login in the
// making of this browser and client, ErrAccessDenied, wrapped, if the user or the
// provider said no, and otherwise that of the protocol's package. Whatever the
// outcome, the same callback does not work again.
//
// Start a new application session before the user is taken as logged in.
func (c *Client) AuthorizeAccessToken(w http.ResponseWriter, r *http.Request) (*Login, error) {
	login, err := c.complete(w, r)
	if err != nil {
		if denied(err) {
			err = fmt.Errorf("%w: %w", ErrAccessDenied, err)
		}
		return nil, fmt.Errorf("registry: %q: %w", c.name, err)
	}
	return login, nil
}

func (c *Client) complete(w http.ResponseWriter, r *http.Request) (*Login, error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	params, err := oauth2.ReadCallback(r) // a HEAD, of a link preview say, uses up no login
	if err != nil {
		return nil, err
	}
	key, err := c.protocol.key(r.Context(), params)
	if err != nil {
		return nil, err
	}
	rec, err := c.registry.logins.take(w, r, key, purposeLogin, c.name)
	if err != nil {
		return nil, err
	}
	login, err := c.protocol.callback(r.Context(), params, rec.Transaction)
	if err != nil {
		return nil, err
	}
	login.client, login.ReturnTo = c, rec.ReturnTo
	return login, nil
}

// UserInfo asks the provider who the user is. With OpenID Connect it asks the
// UserInfo Endpoint and compares the answer with login's ID Token; otherwise it
// asks Config.UserInfoEndpoint and names the user by Config.IdentityIssuer. login
// must be one that c completed, or, without OpenID Connect, one made of a token
// that was stored: &Login{Token: t}.
func (c *Client) UserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	if login == nil || login.client != nil && login.client != c {
		return nil, fmt.Errorf("registry: %q: UserInfo needs a login that this client completed", c.name)
	}
	u, err := c.protocol.userInfo(ctx, c, login)
	if err != nil {
		return nil, fmt.Errorf("registry: %q: %w", c.name, err)
	}
	return u, nil
}

// Refresh exchanges a token for a new one, by its refresh token. Store what it
// returns before using it: t may not work again.
func (c *Client) Refresh(ctx context.Context, t Token) (Token, error) {
	renewed, err := c.protocol.refresh(ctx, t)
	if err != nil {
		return Token{}, fmt.Errorf("registry: %q: %w", c.name, err)
	}
	return renewed, nil
}

// WithToken returns a client that calls the provider's API with t.
func (c *Client) WithToken(t Token) *BoundClient {
	return &BoundClient{c, func(ctx context.Context, url string) (http.RoundTripper, error) {
		return c.protocol.transport(ctx, t, url)
	}}
}

// A BoundClient calls an API with a token. It is safe for concurrent use.
type BoundClient struct {
	client    *Client
	transport func(ctx context.Context, url string) (http.RoundTripper, error)
}

// HTTPClient returns an http.Client that sends the token to the origin of
// Config.APIBaseURL, and to no other: a request elsewhere is an error. A redirect
// elsewhere is followed without the token, and with OAuth 1.0 an error. It is for
// any library that takes an http.Client.
func (b *BoundClient) HTTPClient(ctx context.Context) (*http.Client, error) {
	c := b.client
	if c.config.APIBaseURL == "" {
		return nil, fmt.Errorf("registry: %q: calling its API needs Config.APIBaseURL", c.name)
	}
	transport, err := b.transport(ctx, c.config.APIBaseURL)
	if err != nil {
		return nil, fmt.Errorf("registry: %q: %w", c.name, err)
	}
	return httpclient.With(c.registry.options.HTTP, transport), nil
}

// bind returns an http.Client that sends t to the origin of url.
func (c *Client) bind(ctx context.Context, t Token, url string) (*http.Client, error) {
	transport, err := c.protocol.transport(ctx, t, url)
	if err != nil {
		return nil, err
	}
	return httpclient.With(c.registry.options.HTTP, transport), nil
}

// Get calls the API at ref, relative to Config.APIBaseURL: "user" is below it,
// "/user" is at the root of its host. For a URL of another origin the error wraps
// [httpclient.ErrOrigin]. The caller closes the response's body, and looks at its
// status.
func (b *BoundClient) Get(ctx context.Context, ref string) (*http.Response, error) {
	target, err := join(b.client.registry.options.HTTP, b.client.config.APIBaseURL, ref)
	if err != nil {
		return nil, fmt.Errorf("registry: %q: %w", b.client.name, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("registry: %q: API URL does not parse", b.client.name)
	}
	req.Header.Set("User-Agent", httpclient.UserAgent)
	return b.Do(req)
}

// Do sends req, whose URL is absolute, with the token. The caller closes the
// response's body. An error names the host and nothing else of the request.
func (b *BoundClient) Do(req *http.Request) (*http.Response, error) {
	bound, err := b.HTTPClient(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := bound.Do(req)
	if err != nil {
		return nil, httpclient.ExchangeError(req, err)
	}
	return resp, nil
}

// join puts a reference below a base URL, whether or not that ends in a slash. A
// relative one that would leave the base is refused; whether an absolute one may
// have the token is for the transport to say.
func join(hc *http.Client, base, ref string) (string, error) {
	b, err := httpclient.CheckURL(hc, base)
	if err != nil {
		return "", fmt.Errorf("APIBaseURL: %w", err)
	}
	if !strings.HasSuffix(b.Path, "/") {
		b = b.JoinPath("/")
	}
	r, err := url.Parse(ref)
	if err != nil || strings.Contains(ref, `\`) {
		return "", errors.New("API URL does not parse")
	}
	u := b.ResolveReference(r)
	if slices.Contains(strings.Split(u.Path, "/"), "..") {
		return "", errors.New("API URL must not have escaped dot segments")
	}
	if !r.IsAbs() && !strings.HasPrefix(ref, "/") && !strings.HasPrefix(u.Path, b.Path) {
		return "", errors.New("API URL must be below APIBaseURL, or begin with a slash")
	}
	return u.String(), nil
}
