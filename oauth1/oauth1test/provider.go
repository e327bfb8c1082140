// Package oauth1test is an OAuth 1.0a provider for tests, RFC 5849, in the
// manner of net/http/httptest: a real server on loopback whose signatures,
// nonces, timestamps, verifiers and tokens are real, and which tells the faults
// of a client apart by name.
//
//	provider := oauth1test.NewServer(oauth1test.Options{})
//	defer provider.Close()
//	client, err := oauth1.New(provider.Config())
//
// Below its base URL it serves
//
//	/request_token  temporary credentials (Section 2.1), POST
//	/authorize      approves as the first user, or shows a form (Section 2.2)
//	/access_token   token credentials (Section 2.3), POST
//	/me             an API: the user as JSON with id, name and email
//
// It accepts HMAC-SHA1 in the Authorization header, and nothing else.
//
// It is no provider for production: users and secrets are kept in the clear, and
// everything is remembered until the process ends.
package oauth1test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"vouchsafe/oauth1"
)

// A Client is a client that the provider knows.
type Client struct {
	ID, Secret string

	// Callbacks are the values of oauth_callback it may use, compared as
	// strings. If empty, any http or https URL on a
	// loopback host, and "oob".
	Callbacks []string
}

// A User is someone who can approve a login.
type User struct {
	ID, Name, Email string

	// Password is asked for by the login form, with ID as the user name. If
	// empty, the user cannot use the form.
	Password string
}

// Options are the settings of a provider. The zero value will do for
// [NewServer].
type Options struct {
	// BaseURL is where the provider is mounted, as clients see it:
	// "http://127.0.0.1:8080/oauth1", for example. Required for [New];
	// [NewServer] sets it.
	BaseURL string

	// Name is what the login form calls the provider. If empty, "Test provider".
	Name string

	// Clients are the clients known. If empty, one with ID "client" and Secret
	// "secret".
	Clients []Client

	// Users are the users known. If empty, one with ID "alice" and Password
	// "password", of the name Alice Example.
	Users []User

	// LoginForm shows a form to log in, and to allow or deny, with. Otherwise
	// the first user approves at once.
	LoginForm bool

	// Now reports the time that timestamps are compared with. If nil, time.Now.
	Now func() time.Time

	// Intercept, if not nil, wraps the provider's handler, so that a test can
	// have it answer what no provider should.
	Intercept func(http.Handler) http.Handler
}

// A Provider is an OAuth 1.0a provider as an [http.Handler]. Make one with
// [New]. It is safe for concurrent use.
type Provider struct {
	options Options
	base    *url.URL
	handler http.Handler

	mu        sync.Mutex
	temporary map[string]*temporary // by oauth_token
	tokens    map[string]*token     // by oauth_token
	uses      map[use]bool
	faults    []Fault
}

// temporary credentials belong to a client and, once approved, to a user.
type temporary struct {
	client                     *Client
	secret, callback, verifier string
	user                       *User
	decided, used              bool
}

type token struct {
	client *Client
	secret string
	user   *User
}

// New returns a provider to be mounted at o.BaseURL, with its path in place:
//
//	mux.Handle("/oauth1/", provider)
func New(o Options) (*Provider, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("oauth1test: BaseURL must be an absolute http or https URL")
	}
	return newProvider(base, o), nil
}

func newProvider(base *url.URL, o Options) *Provider {
	o.Clients, o.Users = slices.Clone(o.Clients), slices.Clone(o.Users)
	if len(o.Clients) == 0 {
		o.Clients = []Client{{ID: "client", Secret: "secret"}}
	}
	if len(o.Users) == 0 {
		o.Users = []User{{
			ID: "alice", Name: "Alice Example", Email: "alice@example.com", Password: "password",
		}}
	}
	if o.Name == "" {
		o.Name = "Test provider"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	base.Path = strings.TrimRight(base.Path, "/")
	p := &Provider{
		options: o, base: base,
		temporary: make(map[string]*temporary),
		tokens:    make(map[string]*token),
		uses:      make(map[use]bool),
	}
	p.handler = http.HandlerFunc(p.route)
	if o.Intercept != nil {
		p.handler = o.Intercept(p.handler)
	}
	return p
}

// Config returns the configuration of the first client at p.
func (p *Provider) Config() oauth1.Config {
	client := p.options.Clients[0]
	return oauth1.Config{
		ID: client.ID, Secret: client.Secret,
		TemporaryCredentialURL: p.Endpoint("request_token"),
		AuthorizationURL:       p.Endpoint("authorize"),
		TokenURL:               p.Endpoint("access_token"),
	}
}

// Endpoint returns the URL of an endpoint by its name: "request_token",
// "authorize", "access_token", or "me" for the API.
func (p *Provider) Endpoint(name string) string { return p.base.String() + "/" + name }

// Faults returns the faults refused so far, in their order.
func (p *Provider) Faults() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.faults)
}

// ServeHTTP answers one request.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

func (p *Provider) route(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	path, _ := strings.CutPrefix(r.URL.Path, p.base.Path)
	switch {
	case path == "/authorize":
		p.authorize(w, r)
	case path == "/me":
		p.signed(w, r, p.me, "oauth_token")
	case path == "/request_token" && r.Method == http.MethodPost:
		p.signed(w, r, p.requestToken, "oauth_callback")
	case path == "/access_token" && r.Method == http.MethodPost:
		p.signed(w, r, p.accessToken, "oauth_token")
	default:
		http.NotFound(w, r)
	}
}

// requestToken gives out temporary credentials, RFC 5849, Section 2.1.
func (p *Provider) requestToken(w http.ResponseWriter, r *request) Fault {
	if fault := p.authenticate(r, ""); fault != "" {
		return fault
	}
	callback := r.oauth["oauth_callback"]
	if !r.client.allows(callback) {
		return WrongCallback
	}
	id, t := rand.Text(), &temporary{client: r.client, secret: rand.Text(), callback: callback}
	p.temporary[id] = t
	writeForm(w, url.Values{
		"oauth_token": {id}, "oauth_token_secret": {t.secret}, "oauth_callback_confirmed": {"true"},
	})
	return ""
}

func (c *Client) allows(callback string) bool {
	if len(c.Callbacks) > 0 {
		return slices.Contains(c.Callbacks, callback)
	}
	u, err := url.Parse(callback)
	web := err == nil && (u.Scheme == "http" || u.Scheme == "https")
	return callback == "oob" || web && loopback(u.Hostname())
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// accessToken gives out token credentials, RFC 5849, Section 2.3, once.
func (p *Provider) accessToken(w http.ResponseWriter, r *request) Fault {
	t := p.temporary[r.oauth["oauth_token"]]
	if t == nil || t.client != r.client {
		return UnknownTemporaryToken
	}
	if fault := p.authenticate(r, t.secret); fault != "" {
		return fault
	}
	switch verifier := r.oauth["oauth_verifier"]; {
	case t.used:
		return UsedTemporaryToken
	case t.user == nil:
		return NotApproved
	case verifier == "":
		return MissingVerifier
	case !equal(verifier, t.verifier):
		return WrongVerifier
	}
	t.used = true
	id, granted := rand.Text(), &token{client: t.client, secret: rand.Text(), user: t.user}
	p.tokens[id] = granted
	writeForm(w, url.Values{
		"oauth_token": {id}, "oauth_token_secret": {granted.secret}, "user_id": {t.user.ID},
	})
	return ""
}

// me is the API that tokens are for.
func (p *Provider) me(w http.ResponseWriter, r *request) Fault {
	t := p.tokens[r.oauth["oauth_token"]]
	if t == nil || t.client != r.client {
		return UnknownToken
	}
	if fault := p.authenticate(r, t.secret); fault != "" {
		return fault
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{
		"id": t.user.ID, "name": t.user.Name, "email": t.user.Email,
	})
	return ""
}

func writeForm(w http.ResponseWriter, v url.Values) {
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	w.Write([]byte(v.Encode()))
}
