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

	// Algorithm signs ID Tokens: RS256, which is the default, or any other of
	// package jose whose keys can be published.
	Algorithm string

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

	// Now tells the time. If nil, time.Now.
	Now func() time.Time

	// EditIDToken, if not nil, may change the claims of an ID Token before it is
	// signed, to see whether a client notices.
	EditIDToken func(claims map[string]any)

	// Intercept, if not nil, wraps the provider's handler, to answer in its place.
	Intercept func(http.Handler) http.Handler
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
}

// A User is a user of the provider.
type User struct {
	Subject  string // "sub", and the name to log in with
	Name     string
	Email    string
	Password string // asked for by the login form; without one, the user cannot use it
}

// A Provider is the provider's [http.Handler]. It is safe for concurrent use.
type Provider struct {
	options Options
	handler http.Handler
	key     *jose.Key

	mu       sync.Mutex
	faults   []Fault
	granted  int             // refreshes
	refused  int             // refreshes
	seen     map[string]bool // states, nonces and challenges
	logins   map[string]request
	codes    map[string]*grant
	devices  map[string]*device // by their device codes
	pending  map[string]*device // by their user codes, until the user has answered
	refresh  map[string]*issued
	accesses map[string]*access
}

// New makes a provider to be mounted at o.BaseURL.
func New(o Options) (*Provider, error) {
	o.Clients, o.Users = slices.Clone(o.Clients), slices.Clone(o.Users)
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || strings.HasSuffix(base.Path, "/") || base.RawQuery != "" {
		return nil, errors.New("oidctest: Options.BaseURL must be absolute, without a final slash")
	}
	if len(o.Users) == 0 {
		o.Users = []User{{
			Subject: "alice", Name: "Alice Example", Email: "alice@example.com", Password: "password",
		}}
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
	key, err := signingKey(o.Algorithm)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		options:  o,
		key:      key,
		seen:     map[string]bool{},
		logins:   map[string]request{},
		codes:    map[string]*grant{},
		devices:  map[string]*device{},
		pending:  map[string]*device{},
		refresh:  map[string]*issued{},
		accesses: map[string]*access{},
	}
	p.handler = p.routes(base.Path)
	if o.Intercept != nil {
		p.handler = o.Intercept(p.handler)
	}
	return p, nil
}

// rsaKey is made once: a test that starts many providers need not wait for each.
var rsaKey = sync.OnceValues(func() (*jose.Key, error) { return jose.GenerateKey("RS256") })

func signingKey(algorithm string) (*jose.Key, error) {
	if algorithm == "RS256" {
		return rsaKey()
	}
	if _, ok := jose.SignatureHash(algorithm); !ok || strings.HasPrefix(algorithm, "HS") {
		return nil, errors.New("oidctest: Options.Algorithm must sign with a key pair")
	}
	return jose.GenerateKey(algorithm)
}

func (p *Provider) routes(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"/.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET "+prefix+"/jwks", p.serveKeys)
	mux.HandleFunc("GET "+prefix+"/authorize", p.serveAuthorize)
	mux.HandleFunc("POST "+prefix+"/login", p.serveLogin)
	mux.HandleFunc("POST "+prefix+"/device_authorization", p.serveDeviceAuthorization)
	mux.HandleFunc("GET "+prefix+"/device", p.serveDevice)
	mux.HandleFunc("POST "+prefix+"/device", p.serveDevice)
	mux.HandleFunc("POST "+prefix+"/token", p.serveToken)
	mux.HandleFunc("POST "+prefix+"/revoke", p.serveRevoke)
	mux.HandleFunc("GET "+prefix+"/userinfo", p.serveUserInfo)
	mux.HandleFunc("GET "+prefix+"/me", p.serveMe)
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
// "revoke", "jwks", "userinfo", or "me" for the API.
func (p *Provider) Endpoint(name string) string { return p.options.BaseURL + "/" + name }

// Key returns the key that signs ID Tokens, for tokens made by hand.
func (p *Provider) Key() *jose.Key { return p.key }

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
	if i < 0 {
		return Client{}, false
	}
	return p.options.Clients[i], true
}

// mayRedirectTo compares by simple string comparison, RFC 9700, Section 2.1.
func (c Client) mayRedirectTo(uri string) bool {
	if len(c.RedirectURIs) > 0 {
		return slices.Contains(c.RedirectURIs, uri)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Contains(uri, "#") {
		return false
	}
	addr, _ := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || addr.IsLoopback()
}

// serveMetadata serves OpenID Connect Discovery 1.0, Section 4.
func (p *Provider) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	methods := []string{"client_secret_basic", "client_secret_post", "none"}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                        p.Issuer(),
		"authorization_endpoint":        p.Endpoint("authorize"),
		"device_authorization_endpoint": p.Endpoint("device_authorization"),
		"token_endpoint":                p.Endpoint("token"),
		"revocation_endpoint":           p.Endpoint("revoke"),
		"userinfo_endpoint":             p.Endpoint("userinfo"),
		"jwks_uri":                      p.Endpoint("jwks"),
		"scopes_supported": []string{
			"openid", "profile", "email", "offline_access"},
		"response_types_supported": []string{"code"},
		"response_modes_supported": []string{"query"},
		"grant_types_supported": []string{
			"authorization_code", "refresh_token", "client_credentials", deviceGrant},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{p.options.Algorithm},
		"token_endpoint_auth_methods_supported":          methods,
		"revocation_endpoint_auth_methods_supported":     methods,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, jose.NewSet(p.key))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
