package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/seal"
	"vouchsafe/internal/verdict"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
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

	// BaseURL is the site's own address, without a path, which redirect URIs given as a path
	// are relative to. The Host header of a request never is.
	BaseURL string

	// Config is where the configuration of clients comes from, beside what [Registry.Register]
	// is given: [Env], [Flat], [Nested], [JSON] or [Sources]. If nil, from nowhere.
	Config Source

	// Resolve, if not nil, returns the configuration of a client that is not registered, by
	// its name: of a tenant, who has a provider of its own. The name may be whatever somebody
	// puts into a URL; an error that wraps ErrNotRegistered says that there is none of it, and
	// that its redirect URIs are free. It must not call Registry.Resolve for that name. If
	// tenants choose the URLs themselves, HTTP is one with [httpclient.Options].PublicOnly, and
	// an Identity is known by its client's name too, see Login.Identity. It must be safe for
	// concurrent use. See [Registry.Resolve].
	Resolve func(ctx context.Context, name string) (Config, error)

	// Store keeps logins in the making. If nil, [CookieStore].
	Store Store

	// TokenStore keeps tokens of users, for [Client.SaveToken]: an
	// [oauth2.CallbackStore], or that of package sqlstore. For OAuth 1.0 it must be an
	// [OAuth1Store]. If nil, nothing keeps them.
	TokenStore oauth2.TokenStore

	// FetchToken returns the token of the user whom ctx is of, for the client called name; the
	// zero Token if there is none. Calls such as [Client.Get] use it, each of them, and more
	// than once where a token is refreshed; ctx is asked for its values after the call has been
	// given up too. It must be safe for concurrent use.
	FetchToken func(ctx context.Context, name string) (Token, error)

	// UpdateToken stores a token of FetchToken's that was refreshed. An error is that of the
	// call, and the token is stored with the next one. One call of a process refreshes; two
	// processes may both, and then one finds its refresh token used: TokenStore is for those.
	// It must be safe for concurrent use, end with its context, which lasts four seconds, and
	// not call the client: calls wait for it.
	UpdateToken func(ctx context.Context, u TokenUpdate) error

	// Replays remembers which Logout Tokens there have been, for all clients: a site that runs
	// in several processes needs one that they share. If nil, each client has a memory of its
	// own, of this process, which [Registry.Replace] and a new configuration of Resolve begin
	// anew.
	Replays oidc.ReplayStore

	// LoginLife is how long a login may take. Zero means 10 minutes.
	LoginLife time.Duration

	// HTTP sends the requests to providers that have no Config.HTTP. If nil, a client of
	// [httpclient.New].
	HTTP *http.Client

	// Logger, if not nil, is told of what Config has and no client reads, and, by
	// [Registry.Handlers], of logins and logouts that end on the error page and of what
	// BackChannelLogout and FrontChannelLogout refuse.
	Logger *slog.Logger

	// Now tells the time. If nil, time.Now.
	Now func() time.Time
}

// Format prints that o is Options and nothing of it, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprint(f, "registry.Options{...}") }

// LogValue gives a log what Format prints.
func (o Options) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

const defaultLoginLife = 10 * time.Minute

// A Registry holds clients by name. It is safe for concurrent use.
//
// The zero value is one without settings: clients can be registered, and used once
// [Registry.Init] has been called.
type Registry struct {
	settings atomic.Pointer[settings] // nil before Init

	mu        sync.RWMutex
	clients   map[string]*Client
	redirects map[string]string // who uses a redirect URI
	resolved  resolved
	heard     subscribers // of token updates
}

// settings are what a Registry has been given by Init.
type settings struct {
	options Options
	source  opened   // of Options.Config
	base    *url.URL // nil if there is none
	logins  logins
}

// New makes a Registry, or says what is missing in o.
func New(o Options) (*Registry, error) {
	r := &Registry{}
	if err := r.Init(o); err != nil {
		return nil, err
	}
	return r, nil
}

// Init gives a Registry its settings, once, and makes the clients that have been
// registered. After an error it has none, and Init may be called again.
func (r *Registry) Init(o Options) error {
	s, err := newSettings(o)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settings.Load() != nil {
		return errors.New("registry: Init was called before")
	}
	made, names := map[string]*registration{}, r.names()
	var problems []error
	for _, name := range names {
		made[name], err = s.load(name, *r.clients[name].pending, names)
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	for name, m := range made {
		r.clients[name].current.Store(m)
		r.clients[name].pending = nil
	}
	r.settings.Store(s) // from now on a client that is nothing was removed
	return nil
}

func newSettings(o Options) (*settings, error) {
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
		o.LoginLife = defaultLoginLife
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Keys = nil
	source, err := open(o.Config)
	if err != nil {
		return nil, fmt.Errorf("registry: Options.Config: %w", err)
	}
	o.Config = nil
	s := &settings{options: o, source: source,
		logins: logins{ring, o.Store, o.LoginLife, o.Now}}
	if o.BaseURL != "" {
		if s.base, err = httpclient.CheckURL(nil, o.BaseURL); err != nil {
			return nil, fmt.Errorf("registry: Options.BaseURL: %w", err)
		}
		if strings.Trim(s.base.Path, "/") != "" || s.base.RawQuery != "" {
			return nil, errors.New("registry: Options.BaseURL must have no path and no query")
		}
	}
	return s, nil
}

// Register adds the client of a provider under a name, and returns it as
// [Registry.Client] does. The name must be new, of 1 to 64 letters, digits, '-',
// '_' and '.', not dots alone. What cannot work in c is an error here, a [*ConfigError];
// nothing is fetched. Before [Registry.Init] it is an error there.
func (r *Registry) Register(name string, c Config) (*Client, error) {
	if !validName(name) {
		return nil, &ConfigError{Client: name, Err: errName}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients[name] != nil {
		return nil, &ConfigError{Client: name, Err: errTaken}
	}
	client := newClient(r, name)
	if err := r.set(client, c); err != nil {
		return nil, err
	}
	if r.clients == nil {
		r.clients = map[string]*Client{}
	}
	r.clients[name] = client
	return client, nil
}

// Replace gives the client called name another configuration: whoever has the client uses
// it from then on. A login in the making goes on if it is with the same provider, for the
// same client ID. Tokens that a store did not take ([oauth2.SaveError]) are lost. After an
// error the client is as it was.
func (r *Registry) Replace(name string, c Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	client := r.clients[name]
	if client == nil {
		return notRegistered(name)
	}
	return r.set(client, c)
}

// Remove takes the client called name out of the Registry. Whoever has it still gets
// ErrNotRegistered from then on.
func (r *Registry) Remove(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	client := r.clients[name]
	if client == nil {
		return notRegistered(name)
	}
	delete(r.clients, name)
	client.current.Store(nil)
	return nil
}

// set gives a client a configuration. The caller holds r.mu.
func (r *Registry) set(client *Client, c Config) error {
	c = c.clone()
	s := r.settings.Load()
	if s == nil {
		client.pending = &c
		return nil
	}
	m, err := s.load(client.name, c, r.names())
	if err != nil {
		return err
	}
	client.current.Store(m)
	return nil
}

// names returns the names of the clients. The caller holds r.mu.
func (r *Registry) names() []string { return slices.Sorted(maps.Keys(r.clients)) }

func validName(name string) bool {
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return strings.Trim(name, ".") != "" && len(name) <= 64 // "..", in a path, is another's
}

// Client returns the client registered under a name. The error is ErrNotRegistered, wrapped.
func (r *Registry) Client(name string) (*Client, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c := r.clients[name]; c != nil {
		return c, nil
	}
	return nil, notRegistered(name)
}

func notRegistered(name string) error {
	return fmt.Errorf("registry: %q: %w", name, ErrNotRegistered)
}

// WithTrace returns a context under which f hears of every check that a login makes, after
// whoever heard of them under ctx: its name, its clause, and nil or the error it ended with.
// Give it to a handler's request. f is called on the goroutine that makes the check, which
// for those of discovery may be another one and go on after the call has returned: f must be
// safe for concurrent use. It is never called with a secret.
func WithTrace(ctx context.Context, f func(check, clause string, err error)) context.Context {
	return verdict.With(ctx, f)
}

// warn tells Options.Logger, if there is one.
func (r *Registry) warn(ctx context.Context, what string, err error) {
	if s := r.settings.Load(); s != nil && s.options.Logger != nil {
		s.options.Logger.WarnContext(ctx, what, "error", err)
	}
}
