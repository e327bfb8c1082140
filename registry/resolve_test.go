package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/registry"
)

// tenant is the configuration of a tenant with a provider of its own.
func tenant(name string) registry.Config {
	host := "https://" + name + ".example"
	return registry.Config{ClientID: name, ClientSecret: "secret", APIBaseURL: host,
		AuthorizeURL: host + "/authorize", AccessTokenURL: host + "/token"}
}

func TestResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		version := ""
		r := newRegistry(t, registry.Options{
			Resolve: func(_ context.Context, name string) (registry.Config, error) {
				asked++
				c := tenant(name)
				c.AuthorizeURL += version
				return c, nil
			},
		})
		fixed, err := r.Register("fixed", good())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Resolve(t.Context(), "fixed"); got != fixed || err != nil || asked != 0 {
			t.Errorf("registered client: %p, %v, asked %d times", got, err, asked)
		}
		first, err := r.Resolve(t.Context(), "acme")
		if err != nil || first.Name() != "acme" || authorizeURL(t, first).Host != "acme.example" {
			t.Fatalf("client of a tenant: %v", err)
		}
		if _, err := r.Client("acme"); !errors.Is(err, registry.ErrNotRegistered) {
			t.Errorf("a tenant is registered: %v", err)
		}
		version = "2"
		time.Sleep(5*time.Minute - time.Second)
		if c, err := r.Resolve(t.Context(), "acme"); c != first || err != nil || asked != 1 {
			t.Errorf("kept: %p, %v, asked %d times", c, err, asked)
		}
		time.Sleep(time.Second)
		if c, err := r.Resolve(t.Context(), "acme"); c != first || err != nil || asked != 2 {
			t.Errorf("after five minutes: %p, %v, asked %d times", c, err, asked)
		}
		if got := authorizeURL(t, first).Path; got != "/authorize2" {
			t.Errorf("who has the client is redirected to %s", got)
		}
		if _, err := r.Register("acme", good()); err != nil {
			t.Fatal(err)
		}
		if c, err := r.Resolve(t.Context(), "acme"); c == first || err != nil || asked != 2 {
			t.Errorf("registered since: %p, %v, asked %d times", c, err, asked)
		}
	})
}

// However many wait for a tenant, its configuration is asked for once.
func TestResolveOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		r := newRegistry(t, registry.Options{
			Resolve: func(_ context.Context, name string) (registry.Config, error) {
				asked.Add(1)
				time.Sleep(time.Second)
				return tenant(name), nil
			},
		})
		var clients sync.Map
		for range 100 {
			go func() {
				c, err := r.Resolve(t.Context(), "acme")
				if err != nil {
					t.Error(err)
				}
				clients.Store(c, true)
			}()
		}
		synctest.Wait()
		hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if c, err := r.Resolve(hurried, "acme"); c != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who cannot wait: %v, %v", c, err)
		}
		time.Sleep(time.Minute)
		count := 0
		clients.Range(func(any, any) bool { count++; return true })
		if asked.Load() != 1 || count != 1 {
			t.Errorf("asked %d times, for %d clients", asked.Load(), count)
		}
	})
}

func TestResolveRefuses(t *testing.T) {
	down := errors.New("the database is down")
	asked := 0
	answer := func() (registry.Config, error) { return registry.Config{}, down }
	r := newRegistry(t, registry.Options{
		Resolve: func(context.Context, string) (registry.Config, error) { asked++; return answer() },
	})
	c, err := r.Resolve(t.Context(), "acme")
	if e, ok := errors.AsType[*registry.ConfigError](err); c != nil || !ok || e.Client != "acme" ||
		!errors.Is(err, down) {
		t.Errorf("got %v, %v", c, err)
	}
	answer = func() (registry.Config, error) { return registry.Config{}, nil }
	_, err = r.Resolve(t.Context(), "acme")
	if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Client != "acme" || e.Field != "ClientID" {
		t.Errorf("error is %v", err)
	}
	answer = func() (registry.Config, error) { return tenant("acme"), nil }
	if _, err := r.Resolve(t.Context(), "acme"); err != nil {
		t.Errorf("a failure is kept: %v", err)
	}
	asked = 0
	for _, name := range []string{"", "a b", "../a", strings.Repeat("a", 65)} {
		if _, err := r.Resolve(t.Context(), name); !errors.Is(err, registry.ErrNotRegistered) {
			t.Errorf("%q: error is %v", name, err)
		}
	}
	if asked != 0 {
		t.Errorf("asked %d times for names that there cannot be", asked)
	}
	for name, r := range map[string]*registry.Registry{
		"without Resolve": newRegistry(t, registry.Options{}), "before Init": {}} {
		if _, err := r.Resolve(t.Context(), "acme"); !errors.Is(err, registry.ErrNotRegistered) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// A tenant whose configuration is out of reach is gone, and works on for whoever has it.
func TestResolveFailsLater(t *testing.T) {
	now := time.Now()
	var problem error
	r := newRegistry(t, registry.Options{
		Now: func() time.Time { return now },
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			return tenant(name), problem
		},
	})
	c, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	now, problem = now.Add(time.Hour), errors.New("no such tenant")
	if _, err := r.Resolve(t.Context(), "acme"); !errors.Is(err, problem) {
		t.Errorf("error is %v", err)
	}
	authorizeURL(t, c)
	problem = nil
	if again, err := r.Resolve(t.Context(), "acme"); err != nil || again == c {
		t.Errorf("the tenant was not gone: %v", err)
	}
}

// A client whose configuration is the same keeps what it knows.
func TestResolveUnchanged(t *testing.T) {
	now := time.Now()
	secret := "secret"
	r := newRegistry(t, registry.Options{
		Now: func() time.Time { return now },
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			c := tenant(name)
			c.ClientSecret = secret
			return c, nil
		},
	})
	protocolOf := func() any {
		c, err := r.Resolve(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.OAuth2(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := protocolOf()
	now = now.Add(time.Hour)
	if protocolOf() != first {
		t.Error("made anew of the same configuration")
	}
	secret, now = "another", now.Add(time.Hour)
	if protocolOf() == first {
		t.Error("kept although the secret has changed")
	}
}

// Any number of tenants takes a bounded amount of memory.
func TestManyTenants(t *testing.T) {
	const tenants, mega = 10_000, 1 << 20
	r := newRegistry(t, registry.Options{
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			c := tenant(name)
			if strings.HasSuffix(name, "0") { // some discover their provider
				c = registry.Config{ClientID: name, Issuer: "https://" + name + ".example"}
			}
			return c, nil
		},
	})
	before := heap()
	var wg sync.WaitGroup
	for worker := range 100 {
		wg.Go(func() {
			for i := range tenants / 100 {
				name := fmt.Sprintf("tenant-%d-%d", worker, i)
				c, err := r.Resolve(t.Context(), name)
				if err != nil {
					t.Error(err)
					return
				}
				if c.Protocol() == registry.ProtocolOIDC {
					continue
				}
				err = c.AuthorizeRedirect(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil),
					"https://site.example/callback/"+name)
				if err != nil {
					t.Error(err)
				}
				c.WithUser("1").Get(t.Context(), "a")
			}
		})
	}
	wg.Wait()
	grown := float64(heap()-before) / mega
	t.Logf("%.1f MB for %d tenants", grown, tenants)
	if grown >= 20 {
		t.Errorf("HeapAlloc grew by %.1f MB", grown)
	}
	runtime.KeepAlive(r)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Tenants that share a redirect URI could be mixed up, as registered clients could.
func TestRedirectURIOfTwoTenants(t *testing.T) {
	gone := ""
	r := newRegistry(t, registry.Options{
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			if name == gone {
				return registry.Config{}, registry.ErrNotRegistered
			}
			return tenant(name), nil
		},
	})
	begin := func(name string) error {
		c, err := r.Resolve(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return c.AuthorizeRedirect(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil),
			"https://site.example/callback")
	}
	if err := begin("one"); err != nil {
		t.Fatal(err)
	}
	if err := begin("two"); err == nil || !strings.Contains(err.Error(), "RFC 9700, Section 4.4.2") {
		t.Errorf("error is %v", err)
	}
	for i := range 1000 { // until the first is forgotten, who is a tenant all the same
		if _, err := r.Resolve(t.Context(), fmt.Sprint("other-", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin("two"); err == nil {
		t.Error("a tenant that was not used for long can be mixed up")
	}
	gone = "one"
	for i := range 1000 {
		if _, err := r.Resolve(t.Context(), fmt.Sprint("more-", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin("two"); err != nil {
		t.Errorf("the redirect URI of one who is no more: %v", err)
	}
}

// What cannot be asked about the first to use a redirect URI is no leave for the second.
func TestRedirectURIOfTenantOutOfReach(t *testing.T) {
	now, down := fixedNow(), map[string]error{}
	r := newRegistry(t, registry.Options{Now: now.now,
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			return tenant(name), down[name]
		}})
	begin := func(name string) error {
		c, err := r.Resolve(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return c.AuthorizeRedirect(httptest.NewRecorder(), newBrowser().request("/"), callbackURL)
	}
	if err := begin("one"); err != nil {
		t.Fatal(err)
	}
	now.add()
	down["one"] = errors.New("the database is down")
	if err := begin("two"); !errors.Is(err, down["one"]) {
		t.Errorf("error is %v", err)
	}
}

// A tenant that was forgotten and is found again has two clients, which are one to the rest.
func TestTenantHandleAfterEviction(t *testing.T) {
	r := newRegistry(t, registry.Options{
		Resolve: func(_ context.Context, name string) (registry.Config, error) { return tenant(name), nil }})
	begin := func(c *registry.Client) error {
		return c.AuthorizeRedirect(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil),
			"https://site.example/callback/acme")
	}
	c, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(c); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		r.Resolve(t.Context(), fmt.Sprint("other-", i))
	}
	again, err := r.Resolve(t.Context(), "acme")
	if err != nil || again == c {
		t.Fatal(err)
	}
	if err := begin(again); err != nil {
		t.Fatal(err)
	}
	if err := begin(c); err != nil {
		t.Errorf("who had the client: %v", err)
	}
}

// Names that nobody has push no tenant out.
func TestNamesOfNobody(t *testing.T) {
	release := make(chan struct{})
	asked := atomic.Int32{}
	r := newRegistry(t, registry.Options{
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			asked.Add(1)
			if strings.HasPrefix(name, "bogus") {
				<-release
				return registry.Config{}, errors.New("no such tenant")
			}
			return tenant(name), nil
		}})
	c, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() { r.Resolve(t.Context(), fmt.Sprint("bogus-", i)) })
	}
	for asked.Load() < 1001 {
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	if again, err := r.Resolve(t.Context(), "acme"); again != c {
		t.Errorf("the tenant was forgotten for names that nobody has: %v", err)
	}
}

// Whoever comes at the same moment has the same client.
func TestResolveAtOnce(t *testing.T) {
	for range 300 {
		var asked atomic.Int32
		r := newRegistry(t, registry.Options{
			Resolve: func(_ context.Context, name string) (registry.Config, error) {
				asked.Add(1)
				return tenant(name), nil
			}})
		var clients sync.Map
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range 50 {
			wg.Go(func() {
				<-start
				c, err := r.Resolve(t.Context(), "acme")
				if err != nil {
					t.Error(err)
				}
				clients.Store(c, true)
			})
		}
		close(start)
		wg.Wait()
		n := 0
		clients.Range(func(any, any) bool { n++; return true })
		if n != 1 || asked.Load() != 1 {
			t.Fatalf("%d clients, asked %d times", n, asked.Load())
		}
	}
}

// A call under way does not keep a tenant at its old provider.
func TestTenantChangedWhileBusy(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{}, 1)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-release
	}))
	defer api.Close()
	defer close(release)
	now := time.Now()
	var mu sync.Mutex
	version := "1"
	tok := bearer(t)
	r := newRegistry(t, registry.Options{
		Now:         func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		FetchToken:  func(context.Context, string) (registry.Token, error) { return tok, nil },
		UpdateToken: func(context.Context, registry.TokenUpdate) error { return nil },
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			c := tenant(name)
			c.APIBaseURL, c.AuthorizeURL = api.URL, "https://"+version+".example/"
			return c, nil
		}})
	c, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	go c.Get(t.Context(), "stream") // a long poll, say
	<-begun
	version = "2"
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if c, err = r.Resolve(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if got := authorizeURL(t, c).Host; got != "2.example" {
		t.Errorf("still goes to %s", got)
	}
}

// A resolver that goes on with what it returned has a change noticed.
func TestResolvedConfigIsCopied(t *testing.T) {
	c, now := good(), fixedNow()
	c.AuthorizeParams = url.Values{"a": {"1"}}
	r := newRegistry(t, registry.Options{Now: now.now,
		Resolve: func(context.Context, string) (registry.Config, error) { return c, nil }})
	client, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	c.AuthorizeParams["a"][0] = "2"
	now.add()
	if _, err := r.Resolve(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if got := authorizeURL(t, client).Query().Get("a"); got != "2" {
		t.Errorf("a is %s", got)
	}
}

// A clock stands still until it is moved on.
type clock struct{ t time.Time }

func fixedNow() *clock          { return &clock{time.Unix(1_800_000_000, 0)} }
func (c *clock) now() time.Time { return c.t }
func (c *clock) add()           { c.t = c.t.Add(time.Hour) }

// Of two who find a redirect URI's owner gone at the same moment one has it.
func TestInheritAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, release := false, make(chan struct{})
		r := newRegistry(t, registry.Options{
			Resolve: func(_ context.Context, name string) (registry.Config, error) {
				if name == "one" && gone {
					<-release
					return registry.Config{}, registry.ErrNotRegistered
				}
				return tenant(name), nil
			}})
		begin := func(name string) error {
			c, err := r.Resolve(t.Context(), name)
			if err != nil {
				return err
			}
			return c.AuthorizeRedirect(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil),
				"https://site.example/callback")
		}
		if err := begin("one"); err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			r.Resolve(t.Context(), fmt.Sprint("other-", i))
		}
		gone = true
		errs := make(chan error, 2)
		go func() { errs <- begin("two") }()
		go func() { errs <- begin("three") }()
		synctest.Wait() // both wait for the same answer
		close(release)
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) {
			t.Errorf("two share a redirect URI: %v, %v", a, b)
		}
	})
}

// A tenant's http.Client is not looked into while it is in use.
func TestTenantHTTPInUse(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer api.Close()
	var now atomic.Int64
	now.Store(time.Now().Unix())
	r := newRegistry(t, registry.Options{
		Now: func() time.Time { return time.Unix(now.Load(), 0) },
		Resolve: func(_ context.Context, name string) (registry.Config, error) {
			c := tenant(name)
			c.APIBaseURL = api.URL
			c.HTTP = &http.Client{Transport: &http.Transport{}}
			return c, nil
		}})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	c, err := r.Resolve(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if resp, err := c.WithoutToken().Get(context.Background(), "x"); err == nil {
					resp.Body.Close()
				}
			}
		})
	}
	for range 50 {
		now.Add(1000)
		if _, err := r.Resolve(t.Context(), "acme"); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// A tenant that cannot be resolved is this site's trouble, however that comes about.
func TestResolvePanics(t *testing.T) {
	r := newRegistry(t, registry.Options{Resolve: func(context.Context, string) (registry.Config, error) {
		panic("bug")
	}})
	_, err := r.Resolve(t.Context(), "acme")
	w := httptest.NewRecorder()
	registry.ErrorPage(w, nil, err)
	if w.Code != 503 || !strings.Contains(err.Error(), "acme") {
		t.Errorf("%d, %v", w.Code, err)
	}
}
