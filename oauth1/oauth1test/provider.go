package oauth1test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vouchsafe/oauth1"
)

// A Client is a client that the provider knows.
type Client struct {
	ID, Secret string

	// PublicKey, if not nil, takes the place of Secret: the client has to sign with
	// an RSA method.
	PublicKey *rsa.PublicKey

	// Callbacks are the values of oauth_callback it may use, compared as strings. If empty,
	// any http or https URL on a loopback host, and "oob".
	Callbacks []string
}

// A User is someone who can approve a login.
type User struct {
	ID, Name, Email string

	// Password is asked for by the login form and by xAuth, with ID as the user name.
	// If empty, the user can use neither.
	Password string
}

// Options are the settings of a provider. The zero value will do for
// [NewServer].
type Options struct {
	// BaseURL is where the provider is mounted, as clients see it:
	// "http://127.0.0.1:8080/oauth1", for example; https, or http on loopback.
	// Required for [New]; [NewServer] sets it.
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

	// TokenLife is how long a token serves. If zero or negative, for ever; otherwise it comes with
	// an oauth_session_handle to renew it by, and oauth_expires_in.
	TokenLife time.Duration

	// Now reports the time that timestamps and the lives of tokens are compared with.
	// If nil, time.Now.
	Now func() time.Time

	// Misbehave is the Name of one of [Misbehaviors]: what the provider does wrong, or
	// surprisingly, once a client did everything right. If empty, nothing.
	Misbehave string

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
	nonces  *oauth1.MemoryNonces

	requestToken, accessToken, me, echo *endpoint

	misbehavior Misbehavior
	elsewhere   string // another origin to redirect to

	mu         sync.Mutex
	temporary  map[string]*temporary // by oauth_token
	tokens     map[string]*token     // by oauth_token
	faults     []Fault
	misbehaved bool          // what Misbehave has the provider do has been done
	after      []string      // the paths of the requests that followed, with credentials
	done       map[step]bool // what has gone well
}

// temporary credentials belong to a client and, once approved, to a user.
type temporary struct {
	client                     *Client
	secret, callback, verifier string
	user                       *User
	decided, used              bool
}

type token struct {
	client  *Client
	secret  string
	user    *User
	handle  string    // to renew it by, once; empty if it doesn't expire
	expires time.Time // zero for never
}

// New returns a provider to be mounted at o.BaseURL, with its path in place:
//
//	mux.Handle("/oauth1/", provider)
//
// A BaseURL that is none to use, and an unknown name in o.Misbehave, is an error.
func New(o Options) (*Provider, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errBaseURL
	}
	return newProvider(base, o)
}

var errBaseURL = errors.New("oauth1test: BaseURL must be https, or http on loopback, " +
	"without user information, query and fragment")

func newProvider(base *url.URL, o Options) (*Provider, error) {
	m, err := misbehaviorOf(o.Misbehave)
	if err != nil {
		return nil, err
	}
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
	if now := o.Now; m.skew != 0 {
		o.Now = func() time.Time { return now().Add(m.skew) }
	}
	base.Path = strings.TrimRight(base.Path, "/")
	p := &Provider{
		options: o, base: base,
		misbehavior: m, elsewhere: "https://elsewhere.example",
		nonces:    oauth1.NewMemoryNonces(1<<20, o.Now),
		temporary: make(map[string]*temporary),
		tokens:    make(map[string]*token),
		done:      make(map[step]bool),
	}
	p.handler = http.HandlerFunc(p.route)
	if o.Intercept != nil {
		p.handler = o.Intercept(p.handler)
	}
	if p.addEndpoints() != nil {
		return nil, errBaseURL // which is all that a verifier has against it
	}
	return p, nil
}

func (p *Provider) addEndpoints() error {
	var errs [4]error
	p.requestToken, errs[0] = p.newEndpoint("oauth_callback", noToken, p.grantTemporary)
	p.accessToken, errs[1] = p.newEndpoint("", p.exchangeable, p.grant)
	p.me, errs[2] = p.newEndpoint("oauth_token", p.usable, p.showUser)
	p.echo, errs[3] = p.newEndpoint("", p.usable, p.showRequest)
	return errors.Join(errs[:]...)
}

// Config returns the configuration of the first client at p. If that has a PublicKey,
// PrivateKey and SignatureMethod are still to be set.
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
// "authorize", "access_token", or "me" and "echo" for the APIs.
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
	if m := p.misbehavior; m.skew != 0 || m.date != 0 {
		w.Header().Set("Date", p.options.Now().Add(m.date).UTC().Format(http.TimeFormat))
	}
	path, _ := strings.CutPrefix(r.URL.Path, p.base.Path)
	p.follows(path)
	ofToken := r.Method == http.MethodPost || r.Method == http.MethodGet
	switch {
	case path == "/authorize":
		p.authorize(w, r)
	case path == "/me":
		p.serve(w, r, p.me)
	case path == "/echo":
		p.serve(w, r, p.echo)
	case path == "/request_token" && ofToken:
		p.serve(w, r, p.requestToken)
	case path == "/access_token" && ofToken:
		p.serve(w, r, p.accessToken)
	default:
		http.NotFound(w, r)
	}
}

// noToken is the secret of requests for temporary credentials.
func noToken(_ *Client, token string) (string, Fault) {
	if token != "" {
		return "", UnknownTemporaryToken
	}
	return "", ""
}

// grantTemporary gives out temporary credentials, RFC 5849, Section 2.1.
func (p *Provider) grantTemporary(w http.ResponseWriter, r *request) Fault {
	r.step = stepTemporary
	callback := r.Protocol["oauth_callback"]
	if !r.client.allows(callback) {
		return WrongCallback
	}
	id, t := p.newText(), &temporary{client: r.client, secret: p.newText(), callback: callback}
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

// exchangeable is the secret of requests for token credentials: of temporary ones,
// of a token to be renewed, or of none for xAuth.
func (p *Provider) exchangeable(c *Client, id string) (string, Fault) {
	if id == "" {
		return "", ""
	}
	if t := p.temporary[id]; t != nil && t.client == c {
		return t.secret, ""
	}
	if t := p.tokens[id]; t != nil && t.client == c && t.handle != "" {
		return t.secret, ""
	}
	return "", UnknownTemporaryToken
}

// grant gives out token credentials, RFC 5849, Section 2.3.
func (p *Provider) grant(w http.ResponseWriter, r *request) Fault {
	r.step = stepToken
	switch {
	case r.Token == "" && r.Param("x_auth_mode") == "client_auth":
		return p.grantByPassword(w, r)
	case r.Token == "":
		return MissingParameter
	case p.tokens[r.Token] != nil:
		return p.renew(w, r)
	}
	t := p.temporary[r.Token]
	switch verifier := r.Protocol["oauth_verifier"]; {
	case t == nil: // a token that was renewed meanwhile
		return UnknownToken
	case t.used:
		return UsedTemporaryToken
	case t.user == nil:
		return NotApproved
	case p.misbehavior.unguarded:
	case verifier == "":
		return MissingVerifier
	case !equal(verifier, t.verifier):
		return WrongVerifier
	}
	t.used = true
	p.issue(w, r.client, t.user)
	return ""
}

func (p *Provider) grantByPassword(w http.ResponseWriter, r *request) Fault {
	u := p.user(r.Param("x_auth_username"), r.Param("x_auth_password"))
	if u == nil {
		return WrongPassword
	}
	p.issue(w, r.client, u)
	return ""
}

// renew replaces a token, which serves no longer.
func (p *Provider) renew(w http.ResponseWriter, r *request) Fault {
	r.step = stepRenewal
	t := p.tokens[r.Token]
	if !equal(r.Protocol["oauth_session_handle"], t.handle) {
		return WrongSessionHandle
	}
	delete(p.tokens, r.Token)
	p.issue(w, r.client, t.user)
	return ""
}

// newText returns what nobody can guess: a token, a secret or a verifier.
func (p *Provider) newText() string { return rand.Text() + p.misbehavior.ending }

// issue answers with a new token.
func (p *Provider) issue(w http.ResponseWriter, c *Client, u *User) {
	id, t := p.newText(), &token{client: c, secret: p.newText(), user: u}
	response := url.Values{
		"oauth_token": {id}, "oauth_token_secret": {t.secret}, "user_id": {u.ID},
	}
	if life := p.options.TokenLife; life > 0 {
		t.handle, t.expires = p.newText(), p.options.Now().Add(life)
		response.Set("oauth_session_handle", t.handle)
		response.Set("oauth_expires_in", strconv.Itoa(int(life.Seconds())))
	}
	p.tokens[id] = t
	writeForm(w, response)
}

// usable is the secret of requests to an API.
func (p *Provider) usable(c *Client, id string) (string, Fault) {
	t := p.tokens[id]
	switch {
	case id == "":
		return "", ""
	case t == nil || t.client != c:
		return "", UnknownToken
	case !t.expires.IsZero() && !p.options.Now().Before(t.expires):
		return "", ExpiredToken
	}
	return t.secret, ""
}

// showUser is the API that tokens are for.
func (p *Provider) showUser(w http.ResponseWriter, r *request) Fault {
	t := p.tokens[r.Token]
	if t == nil { // renewed meanwhile
		return UnknownToken
	}
	r.step = stepAPI
	writeJSON(w, map[string]string{"id": t.user.ID, "name": t.user.Name, "email": t.user.Email})
	return ""
}

// showRequest is the API that tells what came in.
func (p *Provider) showRequest(w http.ResponseWriter, r *request) Fault {
	r.step = stepAPI
	writeJSON(w, r.SignedRequest)
	return ""
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func writeForm(w http.ResponseWriter, v url.Values) {
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	w.Write([]byte(v.Encode()))
}
