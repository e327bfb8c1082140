package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"vouchsafe/internal/localpath"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// HandlerOptions say what the [Handlers] of a site do. LoggedIn is required.
//
// Its functions must be safe for concurrent use.
type HandlerOptions struct {
	// CallbackPath is the path at which Callback is mounted, with {provider} where the
	// client's name is: "/callback/{provider}". It needs Options.BaseURL and goes before
	// Config.RedirectURI. If empty, each client needs a Config.RedirectURI.
	CallbackPath string

	// Name returns the name of the client that a request is about. If nil,
	// r.PathValue("provider").
	Name func(r *http.Request) string

	// User returns the application's own identifier of who is logged in, empty if nobody is.
	// Link needs it, and Callback takes it to know that a callback which comes twice has
	// done its work. A callback that the provider's page posts brings no cookie that is
	// SameSite=Lax: an account is linked in another Config.ResponseMode.
	User func(r *http.Request) string

	// LoggedIn is called when a login is complete. It starts a new session of the
	// application, or, if login.User is not empty, links the account to that user. Without
	// OpenID Connect, login.Client().UserInfo says who it is. It may set login.ReturnTo, headers
	// and cookies, and writes no body: the browser is redirected afterwards. Its error goes to
	// Error, wrapped: to refuse a user return one of your own, and look for it there.
	LoggedIn func(w http.ResponseWriter, r *http.Request, login *Login) error

	// LoggedOut ends the application's session, on the same terms. Logout needs it.
	LoggedOut func(w http.ResponseWriter, r *http.Request) error

	// ProviderLogout, if not nil, returns the client at whose provider the user is logged out
	// too, and how: IDTokenHint and so on, RedirectURI and ReturnTo being Logout's to set. It
	// is asked before LoggedOut is called, while the session is there. Where the name is
	// empty, or the provider has no logout, the user is logged out of this site alone.
	ProviderLogout func(r *http.Request) (name string, o LogoutOptions)

	// LogoutCallbackPath is the path at which LogoutCallback is mounted, on the terms of
	// CallbackPath: what is registered with a provider as a post_logout_redirect_uri. If empty,
	// the browser stays at the provider after ProviderLogout.
	LogoutCallbackPath string

	// EndSessions ends sessions of the application at a provider's word, see
	// [oidc.LogoutFunc]: it finds them by the Login.IDToken.SessionID and the Login.Identity
	// that LoggedIn has kept with each. BackChannelLogout and FrontChannelLogout need it.
	EndSessions oidc.LogoutFunc

	// Home is the path to go on at after a login that does not say where, and after a logout.
	// If empty, "/".
	Home string

	// Authorize, if not nil, returns what a login asks for: Scopes, Params, OIDC and so on.
	// RedirectURI, ReturnTo and User are the handlers' to set. A response in the fragment is
	// for Config.ResponseType and ResponseMode to ask for: Callback knows of no other.
	Authorize func(r *http.Request) AuthorizeOptions

	// Error shows an error. Its text has of the request the name of a client, quoted as in Go,
	// and of the provider an error code, any 64 printable characters: escape it. If nil,
	// [ErrorPage] does, with a link to Home, and Options.Logger is told. It is called with the
	// headers set that keep the answer out of caches and the address out of other sites.
	Error func(w http.ResponseWriter, r *http.Request, err error)
}

// Handlers are the handlers of a site, to be mounted on any router, one set for all providers:
//
//	mux.Handle("/login/{provider}", h.Login)
//	mux.Handle("/callback/{provider}", h.Callback)
//	mux.Handle("POST /link/{provider}", h.Link)
//	mux.Handle("POST /logout", h.Logout)
//	mux.Handle("/logout/{provider}", h.LogoutCallback)
//	mux.Handle("/logout/{provider}/backchannel", h.BackChannelLogout)
//	mux.Handle("/logout/{provider}/frontchannel", h.FrontChannelLogout)
//
// Each refuses methods that are not its own, HEAD among them: a link preview uses up nothing.
// The client is that of [Registry.Resolve]. Answers are not to be stored, and redirects after
// a POST are 303.
type Handlers struct {
	// Login begins a login, by GET or POST; not one that a browser makes in advance, or for an
	// image or a script of another site. A POST of another site's page, or of one that does not
	// say where from, is sent on to the same as a GET, with the parameters that are named here. The
	// parameter return_to is where to go on after it, a path of this site of at most 512
	// bytes; anything else is dropped.
	//
	// With the parameter iss the request is another site's, OpenID Connect Core 1.0, Section 4:
	// see [oidc.ReadThirdPartyLogin]. iss must be the issuer of the client, one of OpenID
	// Connect, and target_link_uri needs Options.BaseURL. It need not come from the provider
	// in truth: begin the login, and log nobody out.
	Login http.Handler

	// Callback completes a login, by GET or POST, and redirects to where it is to go on, with
	// 303. Where the client's Config has the response in the fragment,
	// [oauth2.RelayFragment] comes first. One that was used goes on at Home if somebody is
	// logged in: it was reloaded.
	Callback http.Handler

	// Link begins a login that links an account to the user who is logged in: a POST from a
	// page of this site. It takes return_to as Login does. If nobody is, the error is a
	// [*TransactionError] with ReasonOtherUser. Browsers hold the redirect against the
	// form-action of that page's Content-Security-Policy: it must allow the provider too. Link
	// is nil if HandlerOptions.User is.
	Link http.Handler

	// Logout ends the session: a POST from a page of this site, whose origin is that of
	// Options.BaseURL, or, without one, what the Host header says. It takes return_to as Login
	// does. With HandlerOptions.ProviderLogout it redirects to the provider; as for Link, the
	// form-action of that page must allow that. It is nil if HandlerOptions.LoggedOut is.
	Logout http.Handler

	// LogoutCallback is where a provider sends the browser after a logout, by GET: it checks
	// that it was begun here, and redirects to where it is to go on.
	LogoutCallback http.Handler

	// BackChannelLogout and FrontChannelLogout are for what a provider says when a user has
	// logged out elsewhere: see [oidc.Client.BackChannelLogout], whose requests are no browser's,
	// and [oidc.Client.FrontChannelLogout]. Their URLs are registered with the provider, as
	// backchannel_logout_uri and frontchannel_logout_uri. What they refuse Options.Logger is
	// told of. They are nil if HandlerOptions.EndSessions is.
	BackChannelLogout, FrontChannelLogout http.Handler
}

// Handlers makes the handlers of a site, or says what is wrong with o. They are safe for
// concurrent use.
func (r *Registry) Handlers(o HandlerOptions) (*Handlers, error) {
	if err := r.checkHandlers(o); err != nil {
		return nil, err
	}
	s := &handlerSet{r, o.completed(r.warn)}
	h := &Handlers{
		Login:    s.handler(s.login, http.MethodGet, http.MethodPost),
		Callback: s.handler(s.callback, http.MethodGet, http.MethodPost),

		LogoutCallback: s.handler(s.logoutCallback, http.MethodGet),
	}
	if o.User != nil {
		h.Link = s.handler(s.link, http.MethodPost)
	}
	if o.LoggedOut != nil {
		h.Logout = s.handler(s.logout, http.MethodPost)
	}
	if o.EndSessions != nil {
		h.BackChannelLogout = s.providerSays((*oidc.Client).BackChannelLogout)
		h.FrontChannelLogout = s.providerSays((*oidc.Client).FrontChannelLogout)
	}
	return h, nil
}

// wildcard is what in CallbackPath stands for the name of a client.
const wildcard = "{provider}"

func (r *Registry) checkHandlers(o HandlerOptions) error {
	switch {
	case o.LoggedIn == nil:
		return errors.New("registry: HandlerOptions.LoggedIn is required")
	case o.Home != "" && !localpath.Valid(o.Home):
		return errors.New("registry: HandlerOptions.Home must be a path of this site")
	}
	if err := r.checkPath("CallbackPath", o.CallbackPath, o.Name == nil); err != nil {
		return err
	}
	return r.checkPath("LogoutCallbackPath", o.LogoutCallbackPath, o.Name == nil)
}

// checkPath refuses the path of a callback that a provider cannot be told.
func (r *Registry) checkPath(field, path string, named bool) error {
	rest := strings.Replace(path, wildcard, "", 1)
	s := r.settings.Load()
	switch {
	case path == "":
		return nil
	case !localpath.Valid(path) || strings.ContainsAny(rest, "{}?#"):
		return errors.New("registry: HandlerOptions." + field + " must be a path of this site, " +
			"with nothing in braces but " + wildcard)
	case named && rest == path:
		return errors.New("registry: HandlerOptions." + field + " must have " + wildcard +
			" where Name is nil")
	case s != nil && s.base == nil:
		return errors.New("registry: HandlerOptions." + field + " needs Options.BaseURL")
	}
	return nil
}

// completed returns o with what is nil or empty in it filled in, but for User and LoggedOut.
func (o HandlerOptions) completed(
	warn func(ctx context.Context, what string, err error),
) HandlerOptions {
	if o.Name == nil {
		o.Name = func(r *http.Request) string { return r.PathValue("provider") }
	}
	if o.Home == "" {
		o.Home = "/"
	}
	if o.Authorize == nil {
		o.Authorize = func(*http.Request) AuthorizeOptions { return AuthorizeOptions{} }
	}
	if o.Error == nil {
		o.Error = func(w http.ResponseWriter, r *http.Request, err error) {
			warn(r.Context(), "registry: error page", err)
			showError(w, err, o.Home)
		}
	}
	if o.ProviderLogout == nil {
		o.ProviderLogout = func(*http.Request) (string, LogoutOptions) {
			return "", LogoutOptions{}
		}
	}
	return o
}

// A handlerSet is what the handlers of a site share.
type handlerSet struct {
	registry *Registry
	options  HandlerOptions
}

// maxForm bounds the body of a request, in bytes.
const maxForm = 64 << 10

// handler makes a handler of what ends in an error or has answered.
func (s *handlerSet) handler(
	serve func(w http.ResponseWriter, r *http.Request) error, methods ...string,
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keepPrivate(w.Header())
		if !slices.Contains(methods, r.Method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		if err := serve(w, r); err != nil {
			s.options.Error(w, r, err)
		}
	})
}

// client returns the client that a request is about.
func (s *handlerSet) client(r *http.Request) (*Client, error) {
	return s.registry.Resolve(r.Context(), s.options.Name(r))
}

func (s *handlerSet) login(w http.ResponseWriter, r *http.Request) error {
	if inAdvance(r) {
		// Browsers forget an answer that is an error, and ask again when it is wanted.
		http.Error(w, "Not in advance", http.StatusServiceUnavailable)
		return nil
	}
	if embedded(r) {
		return because(ReasonOtherSite)
	}
	if r.Method == http.MethodPost && fromOwnSite(r, s.origin(r)) != nil {
		return s.again(w, r)
	}
	return s.begin(w, r, "")
}

// readForm fills r.Form.
func readForm(r *http.Request) error {
	if r.ParseForm() != nil {
		return &fault{http.StatusBadRequest, errForm}
	}
	return nil
}

// again has the browser ask again, by a GET. A POST of another site's page brings no cookie
// that is SameSite=Lax: the logins that are open would make no room, and a session that is not
// seen would be replaced.
func (s *handlerSet) again(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	own := url.Values{} // what else is in the form may be no one's business
	for _, name := range []string{"return_to", "iss", "login_hint", "target_link_uri"} {
		if r.Form.Has(name) {
			own[name] = r.Form[name]
		}
	}
	w.Header().Set("Location", "?"+own.Encode())
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// embedded reports whether a browser asks on behalf of a page that its user stays on: for an
// image in it, say, whoever has put it there. Scripts of this site itself may ask, as a service
// worker does.
func embedded(r *http.Request) bool {
	mode, from := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Site")
	return mode == "no-cors" || mode != "" && mode != "navigate" && from != "same-origin"
}

// inAdvance reports whether a browser asks for what its user may never want to see.
func inAdvance(r *http.Request) bool {
	for _, header := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(header)), "prefetch") {
			return true
		}
	}
	return false
}

func (s *handlerSet) link(w http.ResponseWriter, r *http.Request) error {
	user := s.options.User(r)
	if user == "" {
		return because(ReasonOtherUser)
	}
	return s.begin(w, r, user)
}

// begin begins a login, which links an account if there is a user.
func (s *handlerSet) begin(w http.ResponseWriter, r *http.Request, user string) error {
	client, err := s.client(r)
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	o := s.options.Authorize(r)
	o.RedirectURI = strings.Replace(s.options.CallbackPath, wildcard, client.Name(), 1)
	o.ReturnTo = returnTo(r.Form.Get("return_to"))
	o.User = user
	if user == "" && r.Form.Has("iss") {
		if err := s.forThirdParty(r, client, &o); err != nil {
			return err
		}
	}
	return client.Authorize(w, r, o)
}

// maxReturnTo keeps a link to here from making a login too large for its cookie.
const maxReturnTo = 512

// returnTo returns path if it is one to go on at, and else nothing.
func returnTo(path string) string {
	if !localpath.Valid(path) || len(path) > maxReturnTo {
		return ""
	}
	return path
}

// forThirdParty sets in o what the site asks for that had the browser come here.
func (s *handlerSet) forThirdParty(r *http.Request, client *Client, o *AuthorizeOptions) error {
	if client.OIDC() == nil {
		return &fault{http.StatusBadRequest, client.wrap(errNotOIDC)}
	}
	provider, err := client.OIDC().Provider(r.Context())
	if err != nil {
		return client.wrap(err)
	}
	asked, err := oidc.ReadThirdPartyLogin(r, oidc.ThirdPartyOptions{
		Issuers: []string{provider.Issuer},
		BaseURL: s.registry.settings.Load().options.BaseURL,
	})
	if err != nil {
		return &fault{http.StatusBadRequest, client.wrap(err)}
	}
	if asked.LoginHint != "" {
		o.OIDC.LoginHint = asked.LoginHint
	}
	if target := returnTo(asked.Target); target != "" {
		o.ReturnTo = target
	}
	return nil
}

func (s *handlerSet) callback(w http.ResponseWriter, r *http.Request) error {
	client, err := s.client(r)
	if err != nil {
		return err
	}
	m, err := client.registration()
	if err != nil {
		return err
	}
	asked := oauth2.AuthorizationOptions{
		ResponseType: m.config.ResponseType, ResponseMode: m.config.ResponseMode}
	if asked.InFragment() && oauth2.RelayFragment(w, r) {
		return nil
	}
	user := s.user(r)
	login, err := client.Complete(w, r, user)
	if user != "" && errors.Is(err, because(ReasonCompleted)) {
		s.goOn(w, "")
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.options.LoggedIn(w, r, login); err != nil {
		return &fault{http.StatusInternalServerError, err}
	}
	login.noteCompleted(w, r)
	s.goOn(w, login.ReturnTo)
	return nil
}

func (s *handlerSet) user(r *http.Request) string {
	if s.options.User == nil {
		return ""
	}
	return s.options.User(r)
}

// origin returns the site's own, as far as that is known: without Options.BaseURL nobody
// says what the scheme is, as that of a proxy may be another.
func (s *handlerSet) origin(r *http.Request) string {
	scheme, _, _ := strings.Cut(r.Header.Get("Origin"), "://")
	return s.registry.settings.Load().origin(scheme + "://" + r.Host)
}

// goOn redirects to a path of this site as it is, or to Home if there is none: http.Redirect
// would clean it.
func (s *handlerSet) goOn(w http.ResponseWriter, path string) {
	var location strings.Builder
	for _, b := range []byte(cmp.Or(path, s.options.Home)) {
		if b < utf8.RuneSelf {
			location.WriteByte(b)
		} else {
			fmt.Fprintf(&location, "%%%02X", b) // a header is ASCII
		}
	}
	w.Header().Set("Location", location.String())
	w.WriteHeader(http.StatusSeeOther)
}
