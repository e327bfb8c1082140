package registry

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/internal/localpath"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// LogoutOptions are what one logout at a provider asks for, OpenID Connect RP-Initiated Logout
// 1.0, Section 2. None is required.
type LogoutOptions struct {
	// RedirectURI is where the provider sends the browser back to, one that is registered with
	// it for that: https, or http on loopback, or a path, which is taken relative to
	// Options.BaseURL. If empty, the browser stays at the provider.
	RedirectURI string

	// ReturnTo is where the application goes on then: a path of this site, which
	// [Client.ValidateLogoutResponse] returns.
	ReturnTo string

	// IDTokenHint is the ID Token of the login, Login.Token.OAuth2.IDToken(), which may have
	// expired. Without it the provider must ask the user, and need not send the browser back.
	IDTokenHint string

	// LogoutHint, UILocales and Params are those of [oidc.LogoutOptions].
	LogoutHint string
	UILocales  []string
	Params     url.Values
}

// Format prints that o are options and nothing of them, whatever the verb: a hint is an ID
// Token.
func (o LogoutOptions) Format(f fmt.State, _ rune) { fmt.Fprint(f, "registry.LogoutOptions{...}") }

// LogValue gives a log what Format prints.
func (o LogoutOptions) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// purposeLogout is the purpose of a logout's record.
const purposeLogout = "logout"

var errNoLogout = errors.New("a logout at the provider needs OpenID Connect")

// LogoutRedirect redirects the browser to the provider, to log the user out there: see
// [oidc.Client.Logout]. End the application's own session before. With a RedirectURI the
// browser holds what its return is checked with, as it does for a login. It is
// logout_redirect in Authlib's pages.
//
// After an error nothing has been written to w. A provider that has no logout is
//
//	errors.Is(err, &jose.CheckError{Check: "end_session_endpoint"})
func (c *Client) LogoutRedirect(w http.ResponseWriter, r *http.Request, o LogoutOptions) error {
	m, err := c.registration()
	if err != nil {
		return err
	}
	target, err := c.beginLogout(w, r, m, o)
	if err != nil {
		return c.wrap(err)
	}
	redirect(w, r, target)
	return nil
}

func (c *Client) beginLogout(
	w http.ResponseWriter, r *http.Request, m *registration, o LogoutOptions,
) (string, error) {
	p, ok := m.protocol.(oidcProtocol)
	if !ok {
		return "", errNoLogout
	}
	if o.ReturnTo != "" && !localpath.Valid(o.ReturnTo) {
		return "", errReturnTo
	}
	if o.RedirectURI != "" {
		var err error
		if o.RedirectURI, err = m.settings.absolute(o.RedirectURI); err != nil {
			return "", err
		}
	}
	req, err := p.client.Logout(r.Context(), oidc.LogoutOptions{
		RedirectURI: o.RedirectURI,
		IDTokenHint: o.IDTokenHint,
		LogoutHint:  o.LogoutHint,
		UILocales:   o.UILocales,
		Params:      o.Params,
	})
	if err != nil {
		return "", err
	}
	if req.Transaction == nil {
		return req.URL, nil
	}
	transaction, err := req.Transaction.MarshalBinary()
	if err != nil {
		return "", err
	}
	return req.URL, m.settings.logins.put(w, r, req.Transaction.State(), record{
		Purpose:     purposeLogout,
		Client:      c.name,
		Provider:    m.digest,
		RedirectURI: o.RedirectURI,
		ReturnTo:    o.ReturnTo,
		Transaction: transaction,
	})
}

// ValidateLogoutResponse checks, in the handler of LogoutOptions.RedirectURI, that the browser
// comes back from a logout that it began here, and returns the ReturnTo of that: see
// [oidc.Client.LogoutCallback]. The same return does not work again. It is
// validate_logout_response in Authlib's pages.
//
// The error is a [*TransactionError] if the return belongs to no logout of this browser and
// client, and otherwise that of package oidc.
func (c *Client) ValidateLogoutResponse(
	w http.ResponseWriter, r *http.Request,
) (returnTo string, err error) {
	m, err := c.registration()
	if err != nil {
		return "", err
	}
	rec, err := c.endLogout(w, r, m)
	if err != nil {
		return "", c.wrap(err)
	}
	return rec.ReturnTo, nil
}

func (c *Client) endLogout(
	w http.ResponseWriter, r *http.Request, m *registration,
) (record, error) {
	keepPrivate(w.Header())
	p, ok := m.protocol.(oidcProtocol)
	if !ok {
		return record{}, errNoLogout
	}
	params, err := oauth2.ReadCallback(r)
	if err != nil {
		return record{}, err
	}
	rec, err := m.settings.logins.take(w, r, params.Get("state"),
		expected{purpose: purposeLogout, client: c.name, provider: m.digest})
	if err != nil {
		return record{}, err
	}
	var txn oidc.LogoutTransaction
	if err := txn.UnmarshalBinary(rec.Transaction); err != nil {
		return record{}, err
	}
	return rec, p.client.LogoutCallback(r.Context(), params, &txn)
}

// logout serves Handlers.Logout.
func (s *handlerSet) logout(w http.ResponseWriter, r *http.Request) error {
	if err := fromOwnSite(r, s.origin(r)); err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	name, o := s.options.ProviderLogout(r) // which may be in the session that ends
	if err := s.options.LoggedOut(w, r); err != nil {
		return &fault{http.StatusInternalServerError, err}
	}
	o.ReturnTo = returnTo(r.Form.Get("return_to"))
	if name != "" {
		err := s.providerLogout(w, r, name, o)
		if !errors.Is(err, &jose.CheckError{Check: "end_session_endpoint"}) &&
			!errors.Is(err, errNoLogout) {
			return logoutFault(http.StatusBadGateway, err)
		}
	}
	s.goOn(w, o.ReturnTo)
	return nil
}

func (s *handlerSet) providerLogout(
	w http.ResponseWriter, r *http.Request, name string, o LogoutOptions,
) error {
	client, err := s.registry.Resolve(r.Context(), name)
	if err != nil {
		return err
	}
	o.RedirectURI = strings.Replace(s.options.LogoutCallbackPath, wildcard, client.Name(), 1)
	return client.LogoutRedirect(w, r, o)
}

// logoutCallback serves Handlers.LogoutCallback.
func (s *handlerSet) logoutCallback(w http.ResponseWriter, r *http.Request) error {
	client, err := s.client(r)
	if err != nil {
		return err
	}
	path, err := client.ValidateLogoutResponse(w, r)
	if err != nil {
		return logoutFault(http.StatusBadRequest, err)
	}
	s.goOn(w, path)
	return nil
}

// logoutFault keeps a page from telling of a login. What is a fault already stays what it is.
func logoutFault(status int, err error) error {
	if _, ok := errors.AsType[*fault](err); ok || err == nil {
		return err
	}
	return &fault{status, err}
}

// providerSays makes the handler of what a provider says, that of each client by made.
func (s *handlerSet) providerSays(made func(*oidc.Client, oidc.LogoutFunc,
	func(*http.Request, error)) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keepPrivate(w.Header())
		client, err := s.client(r)
		if err != nil {
			s.refuseLogout(w, r, err)
			return
		}
		provider := client.OIDC() // once: the client may be replaced
		if provider == nil {
			s.refuseLogout(w, r, client.wrap(errNoLogout))
			return
		}
		made(provider, s.options.EndSessions, func(r *http.Request, err error) {
			s.logoutRefused(r, client.wrap(err))
		}).ServeHTTP(w, r)
	})
}

// refuseLogout answers what was said to nobody who could hear it.
func (s *handlerSet) refuseLogout(w http.ResponseWriter, r *http.Request, err error) {
	s.logoutRefused(r, err)
	http.Error(w, "Bad Request", http.StatusBadRequest)
}

// logoutRefused tells the logger of what a provider said in vain.
func (s *handlerSet) logoutRefused(r *http.Request, err error) {
	s.registry.warn(r.Context(), "registry: no logout", err)
}
