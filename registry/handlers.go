package registry

import "net/http"

// HandlerOptions say what the [Handlers] of a site do. LoggedIn is required.
type HandlerOptions struct {
	// CallbackPath is the path at which Callback is mounted, with {provider} where the
	// client's name is: "/callback/{provider}". If empty, each client needs a
	// Config.RedirectURI.
	CallbackPath string

	// Name returns the name of the client that a request is about. If nil,
	// r.PathValue("provider").
	Name func(r *http.Request) string

	// User returns the application's own identifier of who is logged in, empty if nobody is.
	// Link needs it, and Callback takes it to know that a callback which comes twice has
	// done its work.
	User func(r *http.Request) string

	// LoggedIn is called when a login is complete. It starts a new session of the
	// application, or, if login.User is not empty, links the account to that user. It may set
	// headers and cookies and writes no body: the browser is redirected afterwards. Its error
	// goes to Error.
	LoggedIn func(w http.ResponseWriter, r *http.Request, login *Login) error

	// LoggedOut ends the application's session, on the same terms. Logout needs it.
	LoggedOut func(w http.ResponseWriter, r *http.Request) error

	// Home is the path to go on at after a login that does not say where, and after a logout.
	// If empty, "/".
	Home string

	// Authorize, if not nil, returns what a login asks for: Scopes, Params, OIDC and so on.
	// RedirectURI, ReturnTo and User are the handlers' to set.
	Authorize func(r *http.Request) AuthorizeOptions

	// Error shows an error. If nil, [ErrorPage] does.
	Error func(w http.ResponseWriter, r *http.Request, err error)
}

// Handlers are the handlers of a site, to be mounted on any router, one set for all providers:
//
//	mux.Handle("GET /login/{provider}", h.Login)
//	mux.Handle("/callback/{provider}", h.Callback)
//	mux.Handle("POST /link/{provider}", h.Link)
//	mux.Handle("POST /logout", h.Logout)
type Handlers struct {
	// Login begins a login. The parameter return_to is where to go on after it, a path of
	// this site; anything else is dropped.
	Login http.Handler

	// Callback completes a login and redirects to where it is to go on.
	Callback http.Handler

	// Link begins a login that links an account to the user who is logged in: a POST from a
	// page of this site.
	Link http.Handler

	// Logout ends the session: a POST from a page of this site.
	Logout http.Handler
}

// Handlers makes the handlers of a site.
func (r *Registry) Handlers(o HandlerOptions) (*Handlers, error) {
	return nil, nil // TODO(handlers)
}

// ErrorPage shows an error of a login in plain words: nothing of it is what a provider says.
// [HandlerOptions].Error takes its place.
func ErrorPage(w http.ResponseWriter, r *http.Request, err error) {
	// TODO(handlers)
}
