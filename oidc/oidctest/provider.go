package oidctest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"vouchsafe/jose"
)

// Options are the settings of a provider. The zero value gives one user, "alice"
// with the password "password", and one client, "client" with the secret "secret",
// which may have the browser sent back to any URL on loopback.
type Options struct {
	// BaseURL is where the provider is mounted and its issuer: absolute, without a
	// final slash. NewServer sets it.
	BaseURL string

	// Name is what the login form calls the provider. If empty, "Test provider".
	Name string

	Clients []Client
	Users   []User

	// LoginForm shows a form for name, password and consent instead of approving
	// for the first user.
	LoginForm bool

	// Algorithm signs what no client has an algorithm of its own for: RS256, which is
	// the default, or any other of package jose whose keys can be published.
	Algorithm string

	// Algorithms are more that the provider is to have keys for. Those of Clients are
	// among them by themselves.
	Algorithms []string

	// TokenLife is how long access tokens and ID Tokens live. Zero means an hour.
	TokenLife time.Duration

	// KeepRefreshToken leaves refresh tokens as they are: a refresh returns none, and
	// the old one stays good (RFC 6749, Section 6). Otherwise each refresh returns a
	// new one, and the old one coming again revokes all that came of the login.
	KeepRefreshToken bool

	// Grace is how long after its first use an old refresh token may be used again,
	// by a client that lost the answer. Each use returns new tokens, and all of them
	// stay good. Zero means not at all.
	Grace time.Duration

	// DeviceInterval is the least time between two questions of a device, which is
	// told so in seconds, rounded up (RFC 8628, Section 3.2). Zero means 5 seconds.
	DeviceInterval time.Duration

	// RegistrationToken is the initial access token that a client must have to register
	// itself (RFC 7591, Section 3). If empty, anybody may.
	RegistrationToken string

	// Now tells the time. If nil, time.Now.
	Now func() time.Time

	// HTTP fetches request objects, and sends logout tokens. It follows no redirect. If
	// nil, a client with the certificates of the system.
	HTTP *http.Client

	// EditIDToken, if not nil, may change the claims of an ID Token before it is
	// signed, to see whether a client notices. Only one that the browser brings has an
	// s_hash, if the request had a state.
	EditIDToken func(claims map[string]any)

	// EditLogoutToken, if not nil, may change the claims of a logout token before it is
	// signed.
	EditLogoutToken func(claims map[string]any)

	// EditUserInfo, if not nil, may change UserInfo before it is sent, or signed.
	EditUserInfo func(claims map[string]any)

	// EditMetadata, if not nil, may change the metadata each time before it is sent.
	EditMetadata func(metadata map[string]any)

	// EditResponse, if not nil, may change the parameters of an authorization
	// response, errors included, before they are sent: in whatever mode, and before
	// they are signed where they are. Then aud and exp, in seconds, are among them.
	EditResponse func(params url.Values)

	// Intercept, if not nil, wraps the provider's handler, to answer in its place.
	Intercept func(http.Handler) http.Handler

	// Misbehave, if not empty, is the name of one of [Misbehaviors], which comes on top of
	// the edits above.
	Misbehave string
}

// A Client is a client registered with the provider.
type Client struct {
	ID string

	// Secret authenticates by client_secret_basic or client_secret_post. If empty,
	// the client is public, and may not ask for a token of its own.
	Secret string

	// RedirectURIs are the redirection endpoints, compared octet by octet. If
	// empty, any http or https URL on loopback.
	RedirectURIs []string

	// PostLogoutRedirectURIs are where the browser may be sent after a logout, compared
	// octet by octet. If empty, any http or https URL on loopback.
	PostLogoutRedirectURIs []string

	// BackChannelLogoutURI is sent a logout token when a session of the client ends, and
	// FrontChannelLogoutURI is shown in an iframe when one ends in the browser, with iss
	// and sid. They are http or https URLs without a fragment, the second with the origin
	// of one of RedirectURIs, if there are any. If empty, the client is not told so.
	BackChannelLogoutURI, FrontChannelLogoutURI string

	// Keys verify the request objects of the client, and only they: public ones will
	// do, and Secret is one only if it is among them. Without any it has no request
	// object that is good.
	Keys *jose.Set

	// RequireRequestObject refuses authorization requests without one (RFC 9101,
	// Section 10.5).
	RequireRequestObject bool

	// IDTokenAlgorithm, UserInfoAlgorithm and ResponseAlgorithm sign ID Tokens,
	// UserInfo, and authorization responses for the client: any of package jose, one
	// for HMAC with Secret as the key. If empty, ID Tokens and responses are signed
	// with Options.Algorithm, and UserInfo is not signed.
	IDTokenAlgorithm, UserInfoAlgorithm, ResponseAlgorithm string

	// IDTokenEncryption, UserInfoEncryption and ResponseEncryption say whether and how
	// they are encrypted for the client.
	IDTokenEncryption, UserInfoEncryption, ResponseEncryption Recipient

	method string // the authentication it registered for; if empty, any
}

// A Recipient says how something is encrypted for a client. The zero value is one for
// whom nothing is.
type Recipient struct {
	Key        *jose.Key // public will do
	Algorithm  string    // "alg"; if empty, the first that Key serves
	Encryption string    // "enc"; if empty, A128CBC-HS256, as for metadata of clients
}

// A User is a user of the provider.
type User struct {
	Subject  string // "sub", and the name to log in with
	Name     string
	Email    string
	Password string // asked for by the login form; without one, the user cannot use it

	// Claims are what else is known of the user. Those that a scope asks for (OpenID
	// Connect Core 1.0, Section 5.4) are in UserInfo if it was granted, and so is one
	// that the parameter claims asks for; those that no scope asks for always are,
	// _claim_names and _claim_sources for example. One that follows from Subject,
	// Name or Email stands in its place.
	Claims map[string]any
}

// A Provider is the provider's [http.Handler]. It is safe for concurrent use.
type Provider struct {
	options    Options
	handler    http.Handler
	encryption *jose.Key // what others encrypt for the provider

	mu       sync.Mutex
	keys     map[string]*jose.Key // that sign, by their algorithms
	old      []*jose.Key          // that signed, and are published still
	faults   []Fault
	granted  int             // refreshes
	refused  int             // refreshes
	seen     map[string]bool // states, nonces and challenges
	created  []User          // by prompt=create
	sessions []*session      // in the order of their logins
	logouts  map[string]logout
	logins   map[string]request
	codes    map[string]*grant
	devices  map[string]*device // by their device codes
	pending  map[string]*device // by their user codes, until the user has answered
	refresh  map[string]*issued
	accesses map[string]*access

	registered map[string]registered // by their IDs
	misbehaved bool                  // so far
}

// New makes a provider to be mounted at o.BaseURL.
func New(o Options) (*Provider, error) {
	o.Clients, o.Users = slices.Clone(o.Clients), slices.Clone(o.Users)
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || strings.HasSuffix(base.Path, "/") || base.RawQuery != "" {
		return nil, errors.New("oidctest: Options.BaseURL must be absolute, without a final slash")
	}
	if len(o.Users) == 0 {
		o.Users = []User{{Subject: "alice", Name: "Alice Example",
			Email: "alice@example.com", Password: "password"}}
	}
	if len(o.Clients) == 0 {
		o.Clients = []Client{{ID: "client", Secret: "secret"}}
	}
	if o.Name == "" {
		o.Name = "Test provider"
	}
	if o.Algorithm == "" {
		o.Algorithm = "RS256"
	}
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	if o.DeviceInterval == 0 {
		o.DeviceInterval = slowDown
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Provider{
		options:  o,
		seen:     map[string]bool{},
		logouts:  map[string]logout{},
		logins:   map[string]request{},
		codes:    map[string]*grant{},
		devices:  map[string]*device{},
		pending:  map[string]*device{},
		refresh:  map[string]*issued{},
		accesses: map[string]*access{},

		registered: map[string]registered{},
	}
	for _, c := range o.Clients {
		if err := c.checkLogoutURIs(); err != nil {
			return nil, err
		}
	}
	if err := p.makeKeys(); err != nil {
		return nil, err
	}
	p.handler = p.routes(base.Path)
	if err := p.misbehave(o.Misbehave); err != nil {
		return nil, err
	}
	if o.Intercept != nil {
		p.handler = o.Intercept(p.handler)
	}
	return p, nil
}

func (p *Provider) routes(prefix string) http.Handler {
	mux := http.NewServeMux()
	if prefix != "" {
		mux.HandleFunc("GET "+prefix+"/.well-known/oauth-authorization-server", p.serveMetadata)
		mux.HandleFunc("GET "+prefix+"/.well-known/webfinger", p.serveWebFinger)
	}
	mux.HandleFunc("GET "+prefix+"/.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server"+prefix, p.serveMetadata)
	mux.HandleFunc("GET /.well-known/webfinger", p.serveWebFinger)
	mux.HandleFunc("GET "+prefix+"/jwks", p.serveKeys)
	mux.HandleFunc("GET "+prefix+"/authorize", p.serveAuthorize)
	mux.HandleFunc("POST "+prefix+"/authorize", p.serveAuthorize)
	mux.HandleFunc("POST "+prefix+"/login", p.serveLogin)
	mux.HandleFunc("POST "+prefix+"/device_authorization", p.serveDeviceAuthorization)
	mux.HandleFunc("GET "+prefix+"/device", p.serveDevice)
	mux.HandleFunc("POST "+prefix+"/device", p.serveDevice)
	mux.HandleFunc("POST "+prefix+"/token", p.serveToken)
	mux.HandleFunc("POST "+prefix+"/revoke", p.serveRevoke)
	mux.HandleFunc("GET "+prefix+"/userinfo", p.serveUserInfo)
	mux.HandleFunc("POST "+prefix+"/userinfo", p.serveUserInfo)
	mux.HandleFunc("GET "+prefix+"/me", p.serveMe)
	p.routeLogout(mux, prefix)
	p.routeRegistration(mux, prefix)
	return mux
}

// ServeHTTP serves all of the provider's endpoints.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	p.handler.ServeHTTP(w, r)
}

// Issuer returns the issuer identifier.
func (p *Provider) Issuer() string { return p.options.BaseURL }

// Endpoint returns the URL of an endpoint by its name: "authorize",
// "device_authorization", "device" for the page to enter a user code on, "token",
// "revoke", "jwks", "userinfo", "end_session", "check_session", "register", or "me" for the
// API.
func (p *Provider) Endpoint(name string) string { return p.options.BaseURL + "/" + name }

// A Server is a Provider that listens on loopback.
type Server struct {
	*Provider
	server *httptest.Server
}

// NewServer starts a provider. It panics if it cannot, as net/http/httptest does.
// Close stops it.
func NewServer(o Options) *Server {
	server := httptest.NewUnstartedServer(nil)
	o.BaseURL = "http://" + server.Listener.Addr().String()
	p, err := New(o)
	if err != nil {
		panic(err)
	}
	server.Config.Handler = p
	server.Start()
	return &Server{p, server}
}

// Close stops the server.
func (s *Server) Close() { s.server.Close() }

func (p *Provider) client(id string) (Client, bool) {
	i := slices.IndexFunc(p.options.Clients, func(c Client) bool { return c.ID == id })
	if i >= 0 {
		return p.options.Clients[i], true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.registered[id]
	if !ok {
		return Client{}, false
	}
	return r.client, true
}

// mayRedirectTo compares by simple string comparison, RFC 9700, Section 2.1.
func (c Client) mayRedirectTo(uri string) bool { return isOneOf(c.RedirectURIs, uri) }

// isOneOf reports whether a URI is among those registered or, if none are, on loopback.
func isOneOf(registered []string, uri string) bool {
	if len(registered) > 0 {
		return slices.Contains(registered, uri)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Contains(uri, "#") {
		return false
	}
	addr, _ := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || addr.IsLoopback()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
