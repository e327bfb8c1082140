package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/seal"
	"vouchsafe/internal/verdict"
	"vouchsafe/oauth2"
)

// Options are the settings of a [Registry]. Keys, or EphemeralKey, is required.
type Options struct {
	// Keys seal what a login must remember: each at least 32 random bytes, kept
	// secret and shared by all processes that serve the site. The first seals; the
	// others still open, so that a new one can be put before an old one.
	//
	// Printing Options does not show them.
	Keys [][]byte `json:"-"`

	// EphemeralKey makes a key for this process instead, for demos and tests: a
	// login begun before a restart, or in another process, fails.
	EphemeralKey bool

	// BaseURL is the site's own address, which redirect URIs given as a path are
	// relative to. The Host header of a request never is.
	BaseURL string

	// Store keeps logins in the making. If nil, [CookieStore].
	Store Store

	// TokenStore keeps tokens of users, for [Client.SaveToken]: an
	// [oauth2.CallbackStore], or that of package sqlstore. For OAuth 1.0 it must be an
	// [OAuth1Store]. If nil, nothing keeps them.
	TokenStore oauth2.TokenStore

	// LoginLife is how long a login may take. Zero means 10 minutes.
	LoginLife time.Duration

	// HTTP sends the requests to providers. If nil, a client of [httpclient.New].
	HTTP *http.Client

	// Now tells the time. If nil, time.Now.
	Now func() time.Time
}

// Format prints that o is Options and nothing of it, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprint(f, "registry.Options{...}") }

// LogValue gives a log what Format prints.
func (o Options) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// DefaultLoginLife is how long a login may take unless [Options] say otherwise.
const DefaultLoginLife = 10 * time.Minute

// A Registry holds clients by name. It is safe for concurrent use.
type Registry struct {
	options Options
	base    *url.URL // nil if there is none
	logins  logins

	mu        sync.RWMutex
	clients   map[string]*Client
	redirects map[string]*Client // who uses a redirect URI
}

// New makes a Registry, or says what is missing in o.
func New(o Options) (*Registry, error) {
	if o.EphemeralKey && len(o.Keys) == 0 {
		key := make([]byte, seal.KeySize)
		rand.Read(key)
		o.Keys = [][]byte{key}
	}
	ring, err := seal.NewRing(o.Keys...)
	if err != nil {
		return nil, fmt.Errorf("registry: Options.Keys, or EphemeralKey, is required: %w", err)
	}
	if o.Store == nil {
		o.Store = CookieStore()
	}
	if o.LoginLife <= 0 {
		o.LoginLife = DefaultLoginLife
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Keys = nil
	r := &Registry{
		options:   o,
		logins:    logins{ring, o.Store, o.LoginLife, o.Now},
		clients:   map[string]*Client{},
		redirects: map[string]*Client{},
	}
	if o.BaseURL != "" {
		if r.base, err = httpclient.CheckURL(nil, o.BaseURL); err != nil {
			return nil, fmt.Errorf("registry: Options.BaseURL: %w", err)
		}
	}
	return r, nil
}

// Register adds the client of a provider under a name, and returns it as
// [Registry.Client] does. The name must be new, of 1 to 64 letters, digits, '-',
// '_' and '.'. What cannot work in c is an error here; nothing is fetched.
func (r *Registry) Register(name string, c Config) (*Client, error) {
	client, err := r.newClient(name, c)
	if err != nil {
		return nil, fmt.Errorf("registry: %q: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients[name] != nil {
		return nil, fmt.Errorf("registry: %q: a client of this name is registered", name)
	}
	r.clients[name] = client
	return client, nil
}

func (r *Registry) newClient(name string, c Config) (*Client, error) {
	if !validName(name) {
		return nil, errors.New("a name must have 1 to 64 letters, digits, '-', '_' and '.'")
	}
	if c.ClientID == "" {
		return nil, errors.New("Config.ClientID is required")
	}
	c, err := c.fill()
	if err != nil {
		return nil, err
	}
	if err := c.check(r.options.HTTP); err != nil {
		return nil, err
	}
	p, err := c.protocol(r.options)
	if err != nil {
		return nil, err
	}
	c.ClientSecret = "" // the protocol has it, where printing does not reach
	return &Client{registry: r, name: name, config: c.clone(), protocol: p, users: &users{}}, nil
}

func validName(name string) bool {
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return 0 < len(name) && len(name) <= 64
}

// Client returns the client registered under a name.
func (r *Registry) Client(name string) (*Client, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c := r.clients[name]
	if c == nil {
		return nil, fmt.Errorf("registry: no client is registered as %q", name)
	}
	return c, nil
}

// resolve makes a redirect URI absolute, and refuses one that the browser's
// answer would not be safe on: not https, nor http on loopback.
func (r *Registry) resolve(redirectURI string) (string, error) {
	if len(redirectURI) > 0 && redirectURI[0] == '/' {
		if r.base == nil {
			return "", errors.New("registry: a redirect URI given as a path needs Options.BaseURL")
		}
		redirectURI = r.base.Scheme + "://" + r.base.Host + redirectURI
	}
	u, err := httpclient.CheckURL(nil, redirectURI)
	if err != nil {
		return "", fmt.Errorf("registry: redirect URI: %w", err)
	}
	if !strings.HasPrefix(redirectURI, u.Scheme+":") {
		return "", errors.New("registry: redirect URI must have its scheme in lower case")
	}
	return redirectURI, nil
}

// claim keeps one redirect URI from serving two providers that could be mixed
// up: unless each says in its callbacks whom they are from, nothing else would
// tell (RFC 9700, Section 4.4.2).
func (r *Registry) claim(ctx context.Context, c *Client, redirectURI string) error {
	r.mu.Lock()
	owner := r.redirects[redirectURI]
	if owner == nil {
		owner = c
		r.redirects[redirectURI] = c
	}
	r.mu.Unlock()
	if owner == c {
		return nil
	}
	for _, each := range []*Client{owner, c} {
		promised, err := each.protocol.promisesIssuer(ctx)
		if err != nil {
			return err
		}
		if !promised {
			return fmt.Errorf("registry: redirect URI of %q must not be used by %q too: "+
				"%q does not send iss (RFC 9700, Section 4.4.2)", owner.name, c.name, each.name)
		}
	}
	return nil
}

// WithTrace returns a context under which f hears of every check that a login
// makes, after whoever heard of them under ctx: its name, its clause, and nil or the error
// it ended with. Give it to a
// handler's request. f is called on the goroutine that makes the check, which for
// those of discovery may be another one and go on after the call has returned: f
// must be safe for concurrent use. It is never called with a secret.
func WithTrace(ctx context.Context, f func(check, clause string, err error)) context.Context {
	return verdict.With(ctx, f)
}
