package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/registry"
)

// memory is a cache in memory, as simple as can be.
type memory struct {
	keeps  error // what Delete ends with
	mu     sync.Mutex
	values map[string][]byte
	life   time.Duration // of the last value set
	err    error         // what every call ends with
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], m.err
}

func (m *memory) Set(_ context.Context, key string, value []byte, life time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key], m.life = value, life
	return m.err
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return errors.Join(m.err, m.keeps)
}

// taking is a memory that returns and forgets in one step.
type taking struct{ *memory }

func (m taking) Take(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value := m.values[key]
	delete(m.values, key)
	return value, m.err
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

// stores are all stores: what one refuses, every one refuses.
var stores = map[string]func() registry.Store{
	"cookie": registry.CookieStore,
	"cache":  func() registry.Store { return registry.CacheStore(newMemory()) },
	"taker":  func() registry.Store { return registry.CacheStore(taking{newMemory()}) },
}

// eachStore runs a test over every store.
func eachStore(t *testing.T, test func(t *testing.T, store registry.Store)) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) { test(t, store()) })
	}
}

var key32 = []byte("0123456789abcdef0123456789abcdef")

// A bench is a registry with two clients whose token endpoint always answers with
// a token.
type bench struct {
	*testing.T
	registry *registry.Registry
	now      time.Time
	answers  int // of the token endpoint
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newBench(t *testing.T, o registry.Options) *bench {
	t.Helper()
	b := &bench{T: t, now: time.Unix(1_800_000_000, 0)}
	if o.Keys == nil {
		o.Keys = [][]byte{key32}
	}
	o.Now = func() time.Time { return b.now }
	o.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		b.answers++
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		w.WriteString(`{"access_token":"token","token_type":"Bearer"}`)
		return w.Result(), nil
	})}
	reg, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.registry = reg
	for _, name := range []string{"a", "a_b"} {
		_, err := reg.Register(name, registry.Config{
			ClientID:       name,
			AuthorizeURL:   "https://provider.example/authorize",
			AccessTokenURL: "https://provider.example/token",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) client(name string) *registry.Client {
	b.Helper()
	c, err := b.registry.Client(name)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// A browser keeps cookies, of one site.
type browser struct{ cookies map[string]*http.Cookie }

func newBrowser() *browser { return &browser{map[string]*http.Cookie{}} }

func (b *browser) request(target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

func (b *browser) keep(w *httptest.ResponseRecorder) []*http.Cookie {
	set := w.Result().Cookies()
	for _, c := range set {
		if b.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return set
}

const callbackURL = "https://site.example/callback/"

// begin begins a login in a browser and returns the callback that would follow.
func (b *bench) begin(in *browser, name string) string {
	b.Helper()
	return b.beginWith(in, name, registry.AuthorizeOptions{RedirectURI: callbackURL + name})
}

func (b *bench) beginWith(in *browser, name string, o registry.AuthorizeOptions) string {
	b.Helper()
	w := httptest.NewRecorder()
	if err := b.client(name).Authorize(w, in.request("https://site.example/login"), o); err != nil {
		b.Fatal(err)
	}
	in.keep(w)
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		b.Fatal(err)
	}
	return o.RedirectURI + "?code=code&state=" + u.Query().Get("state")
}

func (b *bench) complete(in *browser, name, callback string) (*registry.Login, error) {
	w := httptest.NewRecorder()
	login, err := b.client(name).AuthorizeAccessToken(w, in.request(callback))
	in.keep(w)
	if (login == nil) != (err != nil) {
		b.Errorf("login %v beside error %v", login, err)
	}
	return login, err
}

// want asserts why a callback was refused, and that no code was spent on it.
func (b *bench) want(err error, reason registry.Reason) {
	b.Helper()
	if !errors.Is(err, &registry.TransactionError{Reason: reason}) {
		b.Errorf("error is %v, want the reason %q", err, reason)
	}
	if b.answers != 0 {
		b.Errorf("the token endpoint was asked %d times", b.answers)
	}
}

func TestLoginCompletesOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store registry.Store) {
		b, in := newBench(t, registry.Options{Store: store}), newBrowser()
		callback := b.beginWith(in, "a", registry.AuthorizeOptions{
			RedirectURI: callbackURL + "a", ReturnTo: "/cart?item=1#top"})
		login, err := b.complete(in, "a", callback)
		if err != nil {
			t.Fatal(err)
		}
		if login.Token.OAuth2.AccessToken() != "token" || login.Token.OAuth1 != nil {
			t.Error("no token")
		}
		if login.ReturnTo != "/cart?item=1#top" {
			t.Errorf("ReturnTo is %q", login.ReturnTo)
		}
		b.answers = 0
		_, err = b.complete(in, "a", callback)
		b.want(err, registry.ReasonUsed)
	})
}

func TestCallbackRefused(t *testing.T) {
	// To a cache, a secret that it does not know is a login that is gone.
	inCache := map[string]registry.Reason{
		"another login's cookie": registry.ReasonUsed,
		"empty cookie":           registry.ReasonUsed,
	}
	tests := []struct {
		name   string
		reason registry.Reason
		spoil  func(b *bench, in *browser, callback string) (client, url string)
	}{
		{"no state", registry.ReasonNoState, func(b *bench, in *browser, callback string) (string, string) {
			return "a", callbackURL + "a?code=code"
		}},
		{"empty state", registry.ReasonNoState, func(b *bench, in *browser, callback string) (string, string) {
			return "a", callbackURL + "a?code=code&state="
		}},
		{"state never begun", registry.ReasonOtherBrowser, func(b *bench, in *browser, callback string) (string, string) {
			return "a", callbackURL + "a?code=code&state=" + strings.Repeat("A", 43)
		}},
		{"another browser", registry.ReasonOtherBrowser, func(b *bench, in *browser, callback string) (string, string) {
			clear(in.cookies)
			return "a", callback
		}},
		{"another browser that has begun a login too", registry.ReasonOtherBrowser,
			func(b *bench, in *browser, callback string) (string, string) {
				clear(in.cookies)
				b.begin(in, "a")
				return "a", callback
			}},
		{"another login's cookie", registry.ReasonTampered,
			func(b *bench, in *browser, callback string) (string, string) {
				other := newBrowser()
				b.begin(other, "a")
				for name := range in.cookies {
					for _, c := range other.cookies {
						in.cookies[name].Value = c.Value
					}
				}
				return "a", callback
			}},
		{"expired", registry.ReasonExpired, func(b *bench, in *browser, callback string) (string, string) {
			b.now = b.now.Add(registry.DefaultLoginLife)
			return "a", callback
		}},
		{"another client", registry.ReasonOtherClient, func(b *bench, in *browser, callback string) (string, string) {
			return "a_b", callback
		}},
		{"a client whose name and state join alike", registry.ReasonOtherBrowser,
			func(b *bench, in *browser, callback string) (string, string) {
				state := callback[strings.LastIndex(callback, "=")+1:]
				return "a", callbackURL + "a?code=code&state=b_" + state
			}},
		{"cookie without the prefix", registry.ReasonTampered,
			func(b *bench, in *browser, callback string) (string, string) {
				for name, c := range in.cookies {
					delete(in.cookies, name)
					c.Name = strings.TrimPrefix(name, "__Host-")
					in.cookies[c.Name] = c
				}
				return "a", callback
			}},
		{"empty cookie", registry.ReasonTampered, func(b *bench, in *browser, callback string) (string, string) {
			for _, c := range in.cookies {
				c.Value = ""
			}
			return "a", callback
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, store registry.Store) {
				b, in := newBench(t, registry.Options{Store: store}), newBrowser()
				client, url := test.spoil(b, in, b.begin(in, "a"))
				_, err := b.complete(in, client, url)
				reason := test.reason
				if other, ok := inCache[test.name]; ok && store != registry.CookieStore() {
					reason = other
				}
				b.want(err, reason)
			})
		})
	}
}

// Every character of the cookie counts.
func TestTamperedCookie(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a")
	for _, c := range in.cookies {
		honest := c.Value
		start := strings.IndexByte(honest, '.') + 1
		for i := start; i < len(honest); i++ {
			flipped := byte('A')
			if honest[i] == flipped {
				flipped = 'B'
			}
			spoiled := newBrowser()
			spoiled.cookies[c.Name] = &http.Cookie{Name: c.Name, Value: honest[:i] + string(flipped) + honest[i+1:]}
			_, err := b.complete(spoiled, "a", callback)
			b.want(err, registry.ReasonTampered)
		}
	}
}

// A refused callback is used up as well: no second try with other parameters.
func TestRefusedCallbackIsUsed(t *testing.T) {
	eachStore(t, func(t *testing.T, store registry.Store) {
		b, in := newBench(t, registry.Options{Store: store}), newBrowser()
		callback := b.begin(in, "a")
		_, err := b.complete(in, "a", strings.Replace(callback, "code=code", "error=access_denied", 1))
		if !errors.Is(err, registry.ErrAccessDenied) {
			t.Errorf("error is %v", err)
		}
		_, err = b.complete(in, "a", callback)
		b.want(err, registry.ReasonUsed)
	})
}

func TestParallelTabs(t *testing.T) {
	eachStore(t, func(t *testing.T, store registry.Store) {
		b, in := newBench(t, registry.Options{Store: store}), newBrowser()
		first, second := b.begin(in, "a"), b.begin(in, "a_b")
		for name, callback := range map[string]string{"a": first, "a_b": second} {
			if _, err := b.complete(in, name, callback); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Of many abandoned logins the oldest are forgotten, and the newest works.
func TestAbandonedLogins(t *testing.T) {
	cache := newMemory()
	for name, store := range map[string]registry.Store{
		"cookie": registry.CookieStore(), "cache": registry.CacheStore(cache)} {
		t.Run(name, func(t *testing.T) {
			b, in := newBench(t, registry.Options{Store: store}), newBrowser()
			var callbacks []string
			for range 20 {
				b.now = b.now.Add(time.Second)
				callbacks = append(callbacks, b.begin(in, "a"))
			}
			if len(in.cookies) != 5 {
				t.Errorf("%d cookies are kept, want 5", len(in.cookies))
			}
			if name == "cache" && len(cache.values) != 5 {
				t.Errorf("%d records are kept, want 5", len(cache.values))
			}
			for _, callback := range callbacks[:15] {
				_, err := b.complete(in, "a", callback)
				b.want(err, registry.ReasonOtherBrowser)
			}
			for _, callback := range callbacks[15:] {
				if _, err := b.complete(in, "a", callback); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Cookies that a neighbouring host planted evict nothing, and make no flood.
func TestPlantedCookies(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	callback := b.begin(in, "a")
	for i := range 2000 {
		name := fmt.Sprintf("vouchsafe.%d", i)
		in.cookies[name] = &http.Cookie{Name: name, Value: "99999999999.x"}
	}
	for range 3 {
		b.begin(in, "a_b")
	}
	if _, err := b.complete(in, "a", callback); err != nil {
		t.Error(err)
	}
	clear(in.cookies)
	for i := range 2000 {
		name := fmt.Sprintf("__Host-vouchsafe.%d", i)
		in.cookies[name] = &http.Cookie{Name: name, Value: "1.x"}
	}
	w := httptest.NewRecorder()
	if err := b.client("a").AuthorizeRedirect(w, in.request("/"), callbackURL); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Result().Cookies()); n != 6 {
		t.Errorf("%d cookies are set, want 5 forgotten and 1 new", n)
	}
}

// Five of the largest cookies fit in 8 KB.
func TestLargestCookie(t *testing.T) {
	largest := 0
	for n := range 1000 {
		b, in := newBench(t, registry.Options{}), newBrowser()
		w := httptest.NewRecorder()
		err := b.client("a").Authorize(w, in.request("/"), registry.AuthorizeOptions{
			RedirectURI: callbackURL, ReturnTo: "/" + strings.Repeat("a", n)})
		if err != nil {
			break
		}
		for _, c := range in.keep(w) {
			largest = len(c.Name) + len(c.Value)
		}
	}
	if largest < 1500 || largest > 1536 {
		t.Errorf("the largest cookie has %d bytes", largest)
	}
}

// Logins that were used make room before those that are open.
func TestUsedLoginsMakeRoom(t *testing.T) {
	b, in := newBench(t, registry.Options{}), newBrowser()
	open := b.begin(in, "a")
	for range 10 {
		b.now = b.now.Add(time.Second)
		if _, err := b.complete(in, "a", b.begin(in, "a")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.complete(in, "a", open); err != nil {
		t.Error(err)
	}
}

func TestKeyRotation(t *testing.T) {
	other := []byte("fedcba9876543210fedcba9876543210")
	eachStore(t, func(t *testing.T, store registry.Store) {
		old, in := newBench(t, registry.Options{Store: store}), newBrowser()
		first, second := old.begin(in, "a"), old.begin(in, "a")
		both := newBench(t, registry.Options{Store: store, Keys: [][]byte{other, key32}})
		if _, err := both.complete(in, "a", first); err != nil {
			t.Error(err)
		}
		forgot := newBench(t, registry.Options{Store: store, Keys: [][]byte{other}})
		_, err := forgot.complete(in, "a", second)
		forgot.want(err, registry.ReasonTampered)
	})
}

func TestCacheDown(t *testing.T) {
	down := errors.New("cache is down")
	cache := newMemory()
	b, in := newBench(t, registry.Options{Store: registry.CacheStore(cache)}), newBrowser()
	callback := b.begin(in, "a")
	cache.err = down
	if _, err := b.complete(in, "a", callback); !errors.Is(err, down) {
		t.Errorf("error is %v", err)
	}
	w := httptest.NewRecorder()
	err := b.client("a").AuthorizeRedirect(w, newBrowser().request("/"), callbackURL+"a")
	if !errors.Is(err, down) || w.Header().Get("Location") != "" || len(w.Result().Cookies()) != 0 {
		t.Errorf("error is %v, header %v", err, w.Header())
	}
}

// What cannot be forgotten could be used again.
func TestCacheThatKeeps(t *testing.T) {
	cache := newMemory()
	b, in := newBench(t, registry.Options{Store: registry.CacheStore(cache)}), newBrowser()
	callback := b.begin(in, "a")
	cache.keeps = errors.New("cache is read-only")
	if _, err := b.complete(in, "a", callback); !errors.Is(err, cache.keeps) {
		t.Errorf("error is %v", err)
	}
}

func TestCacheGarbage(t *testing.T) {
	cache := newMemory()
	b, in := newBench(t, registry.Options{Store: registry.CacheStore(cache)}), newBrowser()
	callback := b.begin(in, "a")
	for key := range cache.values {
		cache.values[key] = []byte("garbage")
	}
	_, err := b.complete(in, "a", callback)
	b.want(err, registry.ReasonTampered)
}

// A cache that gives in one step gives to one of many.
func TestStrictSingleUse(t *testing.T) {
	b, in := newBench(t, registry.Options{Store: registry.CacheStore(taking{newMemory()})}), newBrowser()
	callback := b.begin(in, "a")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	requests := make([]*http.Request, len(errs))
	for i := range requests {
		requests[i] = in.request(callback)
	}
	for i, r := range requests {
		wg.Go(func() { _, errs[i] = b.client("a").AuthorizeAccessToken(httptest.NewRecorder(), r) })
	}
	wg.Wait()
	passed := slices.IndexFunc(errs, func(err error) bool { return err == nil })
	if b.answers != 1 || passed < 0 {
		t.Errorf("%d of 8 completed", b.answers)
	}
}

// What is kept shows nothing: not in the cookie, not in the cache.
func TestStoredIsSealed(t *testing.T) {
	cache := newMemory()
	b, in := newBench(t, registry.Options{Store: registry.CacheStore(cache)}), newBrowser()
	callback := b.begin(in, "a")
	state := callback[strings.LastIndex(callback, "=")+1:]
	for key, value := range cache.values {
		for _, c := range in.cookies {
			if held := strings.SplitN(c.Value, ".", 2)[1]; strings.Contains(key, held) {
				t.Error("the cache's key has the browser's secret")
			}
		}
		if strings.Contains(key+string(value), state) || strings.Contains(string(value), callbackURL) {
			t.Error("the cache's value is in clear")
		}
	}
}

func TestCookieAttributes(t *testing.T) {
	for _, test := range []struct {
		redirectURI, prefix string
		secure              bool
	}{
		{"https://site.example/callback", "__Host-vouchsafe.", true},
		{"http://127.0.0.1:8080/callback", "vouchsafe.", false},
	} {
		b, in := newBench(t, registry.Options{}), newBrowser()
		b.beginWith(in, "a", registry.AuthorizeOptions{RedirectURI: test.redirectURI})
		for name, c := range in.cookies {
			if !strings.HasPrefix(name, test.prefix) || c.Secure != test.secure || !c.HttpOnly || c.Path != "/" ||
				c.Domain != "" || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 1200 {
				t.Errorf("%s: cookie is %v", test.redirectURI, c)
			}
		}
		if len(in.cookies) != 1 {
			t.Errorf("%d cookies", len(in.cookies))
		}
	}
}
