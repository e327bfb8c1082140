package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
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
	r := newRegistry(t, registry.Options{
		Resolve: func(_ context.Context, name string) (registry.Config, error) { return tenant(name), nil },
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
	for i := range 1000 { // until the first is forgotten
		if _, err := r.Resolve(t.Context(), fmt.Sprint("other-", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin("two"); err != nil {
		t.Error(err)
	}
}
