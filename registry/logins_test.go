package registry_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/registry"
)

// memory is a cache in memory, as simple as can be.
type memory struct {
	mu      sync.Mutex
	values  map[string][]byte
	life    time.Duration // of the last value set
	err     error         // what every call ends with
	keeps   error         // what Delete ends with
	setFail error         // what Set ends with
	getFail error         // what Get and Take end with
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], cmp.Or(m.err, m.getFail)
}

func (m *memory) Set(_ context.Context, key string, value []byte, life time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key], m.life = value, life
	return cmp.Or(m.err, m.setFail)
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return cmp.Or(m.err, m.keeps)
}

// taking is a memory that returns and forgets in one step.
type taking struct{ *memory }

func (m taking) Take(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value := m.values[key]
	delete(m.values, key)
	return value, cmp.Or(m.err, m.getFail)
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

// A sessionMemory has the sessions of an application: a cookie says which is the browser's.
type sessionMemory struct {
	texts            map[string]string
	getFail, setFail error
}

func (s *sessionMemory) Get(r *http.Request) (string, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return "", s.getFail
	}
	return s.texts[c.Value], s.getFail
}

func (s *sessionMemory) Set(w http.ResponseWriter, r *http.Request, value string) error {
	if s.setFail != nil {
		return s.setFail
	}
	c, err := r.Cookie("session")
	if err != nil {
		c = &http.Cookie{Name: "session", Value: fmt.Sprint(len(s.texts))}
		http.SetCookie(w, c)
	}
	s.texts[c.Value] = value
	return nil
}

// A bed is a store with what it keeps logins in; a test may read and change that.
type bed struct {
	store    registry.Store
	cache    *memory        // nil if there is none
	sessions *sessionMemory // nil if there are none
}

// beds are all stores: what one refuses, every one refuses.
var beds = map[string]func() bed{
	"cookie": func() bed { return bed{store: registry.CookieStore()} },
	"cache": func() bed {
		m := newMemory()
		return bed{registry.CacheStore(m), m, nil}
	},
	"taker": func() bed {
		m := newMemory()
		return bed{registry.CacheStore(taking{m}), m, nil}
	},
	"session": func() bed {
		s := &sessionMemory{texts: map[string]string{}}
		return bed{registry.SessionStore(s), nil, s}
	},
}

// eachBed runs a test over every store.
func eachBed(t *testing.T, test func(t *testing.T, d bed)) {
	for name, make := range beds {
		t.Run(name, func(t *testing.T) { test(t, make()) })
	}
}

// eachStore runs a test that does not care what its store keeps logins in.
func eachStore(t *testing.T, test func(t *testing.T, store registry.Store)) {
	eachBed(t, func(t *testing.T, d bed) { test(t, d.store) })
}

// eachLogin runs a test over every store, with a client of each protocol.
func eachLogin(t *testing.T, test func(t *testing.T, d bed, b *bench, name string)) {
	for bedName, make := range beds {
		for _, name := range []string{"a", "one"} {
			t.Run(bedName+" "+name, func(t *testing.T) {
				d := make()
				test(t, d, newBench(t, registry.Options{Store: d.store}), name)
			})
		}
	}
}

// A piece is one text of those that are kept for a browser, and how to change it.
type piece struct {
	text string
	set  func(string)
}

// pieces returns all that is kept for a browser, by it or for it.
func (d bed) pieces(in *browser) []piece {
	var all []piece
	for name, c := range in.cookies {
		if name != "session" {
			all = append(all, piece{c.Value, func(s string) {
				s = strings.NewReplacer(`"`, "", "\x00", "", "\xff", "", "\xfe", "").Replace(s)
				in.cookies[name] = &http.Cookie{Name: name, Value: s}
			}})
		}
	}
	if d.cache != nil {
		for key, value := range d.cache.values {
			all = append(all, piece{string(value), func(s string) {
				d.cache.values[key] = []byte(s)
			}})
		}
	}
	if d.sessions != nil {
		for id, text := range d.sessions.texts {
			all = append(all, piece{text, func(s string) { d.sessions.texts[id] = s }})
		}
	}
	return all
}

// save returns what makes all again as it is now.
func (d bed) save(in *browser) (restore func()) {
	cookies := maps.Clone(in.cookies)
	if d.cache != nil {
		values := maps.Clone(d.cache.values)
		return func() { in.cookies, d.cache.values = maps.Clone(cookies), maps.Clone(values) }
	}
	if d.sessions != nil {
		texts := maps.Clone(d.sessions.texts)
		return func() { in.cookies, d.sessions.texts = maps.Clone(cookies), maps.Clone(texts) }
	}
	return func() { in.cookies = maps.Clone(cookies) }
}

var key32 = []byte("0123456789abcdef0123456789abcdef")

// A bench is a registry with two clients whose token endpoint always answers with
// a token, and one, of OAuth 1.0, whose provider does as well.
type bench struct {
	*testing.T
	registry *registry.Registry
	now      time.Time
	answers  int // of the token endpoint
	begun    int // logins of OAuth 1.0
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
	o.HTTP = &http.Client{Transport: roundTrip(b.answer)}
	reg, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.registry = reg
	for _, name := range []string{"a", "a_b"} {
		b.register(name, registry.Config{
			ClientID:       name,
			AuthorizeURL:   "https://provider.example/authorize",
			AccessTokenURL: "https://provider.example/token",
		})
	}
	b.register("one", registry.Config{
		ClientID: "one", ClientSecret: "secret",
		RequestTokenURL: "https://provider.example/temporary",
		AuthorizeURL:    "https://provider.example/authorize",
		AccessTokenURL:  "https://provider.example/token",
	})
	return b
}

func (b *bench) register(name string, c registry.Config) {
	b.Helper()
	if _, err := b.registry.Register(name, c); err != nil {
		b.Fatal(err)
	}
}

// answer is what the provider answers.
func (b *bench) answer(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch {
	case r.URL.Path == "/temporary":
		b.begun++
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		fmt.Fprintf(w, "oauth_token=%d&oauth_token_secret=s&oauth_callback_confirmed=true", b.begun)
	case r.Header.Get("Authorization") != "":
		b.answers++
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		w.WriteString("oauth_token=token&oauth_token_secret=s")
	default:
		b.answers++
		w.Header().Set("Content-Type", "application/json")
		w.WriteString(`{"access_token":"token","token_type":"Bearer"}`)
	}
	return w.Result(), nil
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
	return b.beginBy(in, in.request("https://site.example/login"), name, o)
}

func (b *bench) beginBy(
	in *browser, r *http.Request, name string, o registry.AuthorizeOptions,
) string {
	b.Helper()
	w := httptest.NewRecorder()
	if err := b.client(name).Authorize(w, r, o); err != nil {
		b.Fatal(err)
	}
	in.keep(w)
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		b.Fatal(err)
	}
	if token := u.Query().Get("oauth_token"); token != "" {
		return o.RedirectURI + "?oauth_verifier=verifier&oauth_token=" + token
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
	if !errors.Is(err, &registry.TransactionError{Reason: reason}) ||
		errors.Is(err, (*registry.TransactionError)(nil)) {
		b.Errorf("error is %v, want the reason %q", err, reason)
	}
	if b.answers != 0 {
		b.Errorf("the token endpoint was asked %d times", b.answers)
	}
}

// refused asserts that a callback was refused, for whatever reason.
func (b *bench) refused(err error) {
	b.Helper()
	if _, ok := errors.AsType[*registry.TransactionError](err); !ok || b.answers != 0 {
		b.Errorf("error is %v, %d answers", err, b.answers)
	}
}

func TestLoginCompletesOnce(t *testing.T) {
	eachLogin(t, func(t *testing.T, d bed, b *bench, name string) {
		in := newBrowser()
		callback := b.beginWith(in, name, registry.AuthorizeOptions{
			RedirectURI: callbackURL + name, ReturnTo: "/cart?item=1#top"})
		login, err := b.complete(in, name, callback)
		if err != nil {
			t.Fatal(err)
		}
		if (login.Token.OAuth2 != nil) == (login.Token.OAuth1 != nil) {
			t.Error("not one token")
		}
		if login.ReturnTo != "/cart?item=1#top" || login.User != "" {
			t.Errorf("ReturnTo is %q, User %q", login.ReturnTo, login.User)
		}
		b.answers = 0
		for range 2 { // trying again does not undo it
			_, err = b.complete(in, name, callback)
			b.want(err, registry.ReasonUsed)
		}
		if d.cache != nil && len(d.cache.values) != 0 {
			t.Error("the cache still has the record")
		}
	})
}

// A refusal is the reason why a login cannot be completed; a cache or a session may have one of
// its own.
type refusal struct{ reason, cache, session registry.Reason }

func (r refusal) of(d bed) registry.Reason {
	switch {
	case d.cache != nil:
		return cmp.Or(r.cache, r.reason)
	case d.sessions != nil:
		return cmp.Or(r.session, r.reason)
	}
	return r.reason
}

func TestCallbackRefused(t *testing.T) {
	because := func(r registry.Reason) refusal { return refusal{reason: r} }
	// To a cache, a secret that it does not know is a login that is gone.
	gone := refusal{registry.ReasonTampered, registry.ReasonUsed, registry.ReasonTampered}
	tests := []struct {
		name  string
		want  refusal
		spoil func(b *bench, d bed, in *browser, callback string) (client, url string)
	}{
		{"no state", because(registry.ReasonNoState),
			func(*bench, bed, *browser, string) (string, string) {
				return "a", callbackURL + "a?code=code"
			}},
		{"empty state", because(registry.ReasonNoState),
			func(*bench, bed, *browser, string) (string, string) {
				return "a", callbackURL + "a?code=code&state="
			}},
		{"state never begun", because(registry.ReasonOtherBrowser),
			func(*bench, bed, *browser, string) (string, string) {
				return "a", callbackURL + "a?code=code&state=" + strings.Repeat("A", 43)
			}},
		{"another browser", because(registry.ReasonOtherBrowser),
			func(_ *bench, _ bed, in *browser, callback string) (string, string) {
				clear(in.cookies)
				return "a", callback
			}},
		{"another browser that has begun a login too", because(registry.ReasonOtherBrowser),
			func(b *bench, _ bed, in *browser, callback string) (string, string) {
				clear(in.cookies)
				b.begin(in, "a")
				return "a", callback
			}},
		{"another browser's record", refusal{registry.ReasonTampered, registry.ReasonUsed,
			registry.ReasonOtherBrowser},
			func(b *bench, d bed, in *browser, callback string) (string, string) {
				other := newBrowser()
				b.begin(other, "a")
				for name := range in.cookies {
					for _, c := range other.cookies {
						in.cookies[name].Value = c.Value
					}
				}
				return "a", callback
			}},
		{"expired", because(registry.ReasonExpired),
			func(b *bench, _ bed, _ *browser, callback string) (string, string) {
				b.now = b.now.Add(10 * time.Minute)
				return "a", callback
			}},
		{"another client", because(registry.ReasonOtherClient),
			func(_ *bench, _ bed, _ *browser, callback string) (string, string) {
				return "a_b", callback
			}},
		{"a client whose name and state join alike", because(registry.ReasonOtherBrowser),
			func(_ *bench, _ bed, _ *browser, callback string) (string, string) {
				state := callback[strings.LastIndex(callback, "=")+1:]
				return "a", callbackURL + "a?code=code&state=b_" + state
			}},
		{"another provider by now", because(registry.ReasonOtherProvider),
			func(b *bench, _ bed, _ *browser, callback string) (string, string) {
				if err := b.registry.Replace("a", registry.Config{
					ClientID:       "a",
					AuthorizeURL:   "https://other.example/authorize",
					AccessTokenURL: "https://other.example/token",
				}); err != nil {
					b.Fatal(err)
				}
				return "a", callback
			}},
		{"nothing held", gone,
			func(_ *bench, d bed, in *browser, callback string) (string, string) {
				for name, c := range in.cookies {
					if name != "session" {
						c.Value = ""
					}
				}
				if d.sessions != nil {
					d.sessions.texts["0"] = regexp.MustCompile(`"v":"[^"]*"`).
						ReplaceAllString(d.sessions.texts["0"], `"v":""`)
				}
				return "a", callback
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachBed(t, func(t *testing.T, d bed) {
				b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
				client, url := test.spoil(b, d, in, b.begin(in, "a"))
				_, err := b.complete(in, client, url)
				b.want(err, test.want.of(d))
			})
		})
	}
}

// A login that links an account is completed for the user who began it only.
func TestLoginOfAnotherUser(t *testing.T) {
	eachLogin(t, func(t *testing.T, _ bed, b *bench, name string) {
		for _, test := range []struct{ user, now string }{
			{"alice", "alice"}, {"alice", "bob"}, {"alice", ""}, {"", "bob"},
		} {
			b.answers = 0
			in := newBrowser()
			r := in.request("https://site.example/link")
			r.Method = http.MethodPost
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			callback := b.beginBy(in, r, name, registry.AuthorizeOptions{
				RedirectURI: callbackURL + name, User: test.user})
			w := httptest.NewRecorder()
			login, err := b.client(name).Complete(w, in.request(callback), test.now)
			if test.user != "" && test.user != test.now {
				b.want(err, registry.ReasonOtherUser)
			} else if err != nil || login.User != test.user {
				t.Errorf("%+v: %+v, error %v", test, login, err)
			}
		}
	})
}

// A login works to its last second, can be told to be late for as long again, and is forgotten
// then where it is not the browser that forgets.
func TestLoginExpires(t *testing.T) {
	eachLogin(t, func(t *testing.T, d bed, b *bench, name string) {
		in := newBrowser()
		callback := b.begin(in, name)
		restore := d.save(in)
		begun := b.now
		const life = 10 * time.Minute
		for _, test := range []struct {
			after  time.Duration
			reason registry.Reason
		}{
			{life - time.Second, ""},
			{life, registry.ReasonExpired},
			{2*life - time.Second, registry.ReasonExpired},
			{2 * life, registry.ReasonOtherBrowser},
		} {
			restore()
			b.now, b.answers = begun.Add(test.after), 0
			_, err := b.complete(in, name, callback)
			switch {
			case test.reason == "":
				if err != nil {
					t.Error(err)
				}
			case test.after == 2*life && d.sessions == nil: // the test's browser keeps all
				b.want(err, registry.ReasonExpired)
			default:
				b.want(err, test.reason)
			}
		}
		if d.cache != nil && d.cache.life != 2*life {
			t.Errorf("the cache keeps for %v", d.cache.life)
		}
	})
}

// On loopback the site may be http.
func TestLoginOnLoopback(t *testing.T) {
	eachLogin(t, func(t *testing.T, _ bed, b *bench, name string) {
		in := newBrowser()
		callback := b.beginWith(in, name, registry.AuthorizeOptions{
			RedirectURI: "http://127.0.0.1:8080/callback"})
		if _, err := b.complete(in, name, callback); err != nil {
			t.Error(err)
		}
		b.answers = 0
		_, err := b.complete(in, name, callback)
		b.want(err, registry.ReasonUsed)
	})
}

// That a login was used is known for twice its life after it was.
func TestUseIsRemembered(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		b.now = b.now.Add(10*time.Minute - time.Second)
		if _, err := b.complete(in, "a", callback); err != nil {
			t.Fatal(err)
		}
		restore := d.save(in)
		b.answers = 0
		b.now = b.now.Add(2*10*time.Minute - time.Second)
		_, err := b.complete(in, "a", callback)
		b.want(err, registry.ReasonUsed)
		if restore(); d.sessions != nil {
			b.now = b.now.Add(time.Second)
			_, err := b.complete(in, "a", callback)
			b.want(err, registry.ReasonOtherBrowser)
		}
	})
}

// Every character that is kept counts, but for those which say how old a login is: they decide
// what makes room, no more.
func TestTamperedCookie(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		restore := d.save(in)
		passed, tried := 0, 0
		for n := range d.pieces(in) {
			for i := 0; ; i++ {
				restore()
				p := d.pieces(in)[n]
				if tried++; i == len(p.text) {
					break
				}
				flipped := "A"
				if p.text[i] == 'A' {
					flipped = "B"
				}
				p.set(p.text[:i] + flipped + p.text[i+1:])
				b.answers = 0
				if _, err := b.complete(in, "a", callback); err == nil {
					passed++
				} else {
					b.refused(err)
				}
			}
		}
		want := len("1800000000")
		if d.sessions != nil {
			want += len("u")
		}
		if passed != want || tried < 200 {
			t.Errorf("%d of %d changes pass, want %d", passed, tried, want)
		}
	})
}

// Whatever comes back in place of what was kept, the login is refused, and the next one works.
func TestCacheGarbage(t *testing.T) {
	garbage := map[string]func(honest string) string{
		"text":          func(string) string { return "garbage" },
		"binary":        func(string) string { return "\x00\xff\xfe" },
		"cut":           func(honest string) string { return honest[:len(honest)-1] },
		"half":          func(honest string) string { return honest[:len(honest)/2] },
		"one character": func(honest string) string { return honest[:1] },
		"twice":         func(honest string) string { return honest + honest },
		"more after it": func(honest string) string { return honest + "A" },
		"padded": func(honest string) string {
			return strings.Replace(honest, `","u"`, `=","u"`, 1) + "="
		},
		"no base64": func(honest string) string {
			return regexp.MustCompile(`(\d\.)[^"]*`).ReplaceAllString(honest, "$1!!!!") + " "
		},
		"huge":      func(string) string { return strings.Repeat("A", 1<<20) },
		"huge list": func(string) string { return "[" + strings.Repeat("{},", 1<<18) + "{}]" },
		"deep list": func(string) string { return strings.Repeat("[", 1<<18) },
		"list of 6": func(honest string) string {
			return strings.TrimSuffix(honest, "]") + ",{},{},{},{},{}]"
		},
		"null":           func(string) string { return "null" },
		"list of null":   func(string) string { return "[null]" },
		"object":         func(string) string { return "{}" },
		"another type":   func(string) string { return `[{"n":1}]` },
		"a number":       func(string) string { return "1" },
		"a long ago use": func(string) string { return `[{"n":"session.","v":"used","u":1}]` },
	}
	for name, change := range garbage {
		t.Run(name, func(t *testing.T) {
			eachBed(t, func(t *testing.T, d bed) {
				b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
				callback := b.begin(in, "a")
				restore := d.save(in)
				for n := range d.pieces(in) {
					restore()
					p := d.pieces(in)[n]
					p.set(change(p.text))
					_, err := b.complete(in, "a", callback)
					b.refused(err)
					if _, err := b.complete(in, "a", b.begin(in, "a")); err != nil {
						t.Errorf("the next login: %v", err)
					}
					b.answers = 0
				}
			})
		})
	}
}

// A refused callback is used up as well: no second try with other parameters.
func TestRefusedCallbackIsUsed(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		denied := strings.Replace(callback, "code=code", "error=access_denied", 1)
		_, err := b.complete(in, "a", denied)
		if !errors.Is(err, registry.ErrAccessDenied) {
			t.Errorf("error is %v", err)
		}
		_, err = b.complete(in, "a", callback)
		b.want(err, registry.ReasonUsed)
	})
}

// Nor is there one for another client's callback.
func TestCallbackOfAnotherClientIsUsed(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		_, err := b.complete(in, "a_b", callback)
		b.want(err, registry.ReasonOtherClient)
		_, err = b.complete(in, "a", callback)
		b.want(err, registry.ReasonUsed)
	})
}

// The tabs of a browser come back in any order.
func TestParallelTabs(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		for _, order := range [][]int{
			{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0},
		} {
			b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
			names := []string{"a", "a_b", "one"}
			var callbacks []string
			for _, name := range names {
				callbacks = append(callbacks, b.begin(in, name))
			}
			for _, i := range order {
				if _, err := b.complete(in, names[i], callbacks[i]); err != nil {
					t.Errorf("%v: %s: %v", order, names[i], err)
				}
			}
		}
	})
}

// Two browsers have a login each in the making, and not the other's.
func TestTwoBrowsers(t *testing.T) {
	eachLogin(t, func(t *testing.T, _ bed, b *bench, name string) {
		first, second := newBrowser(), newBrowser()
		one, two := b.begin(first, name), b.begin(second, name)
		_, err := b.complete(first, name, two)
		b.want(err, registry.ReasonOtherBrowser)
		_, err = b.complete(second, name, one)
		b.want(err, registry.ReasonOtherBrowser)
		if _, err := b.complete(first, name, one); err != nil {
			t.Error(err)
		}
		if _, err := b.complete(second, name, two); err != nil {
			t.Error(err)
		}
	})
}

// Of many abandoned logins the oldest are forgotten, and the newest work.
func TestAbandonedLogins(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		var callbacks []string
		for range 20 {
			b.now = b.now.Add(time.Second)
			callbacks = append(callbacks, b.begin(in, "a"))
		}
		kept := 0
		for _, p := range d.pieces(in) {
			if kept++; d.sessions != nil {
				kept = strings.Count(p.text, "session.")
			}
		}
		if d.cache != nil {
			kept /= 2 // a cookie and a value each
		}
		if kept != 5 {
			t.Errorf("%d logins are kept, want 5", kept)
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

// Logins that were used make room before those that are open.
func TestUsedLoginsMakeRoom(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
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
	})
}

func TestKeyRotation(t *testing.T) {
	other := []byte("fedcba9876543210fedcba9876543210")
	eachBed(t, func(t *testing.T, d bed) {
		old, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		first, second := old.begin(in, "a"), old.begin(in, "a")
		both := newBench(t, registry.Options{Store: d.store, Keys: [][]byte{other, key32}})
		if _, err := both.complete(in, "a", first); err != nil {
			t.Error(err)
		}
		third := both.begin(in, "a")
		forgot := newBench(t, registry.Options{Store: d.store, Keys: [][]byte{other}})
		_, err := forgot.complete(in, "a", second)
		forgot.want(err, registry.ReasonTampered)
		if _, err := forgot.complete(in, "a", third); err != nil {
			t.Errorf("what the newest key has sealed: %v", err)
		}
	})
}

// What keeps logins may be down at every step. The error says so, the login is none, and
// nothing has been written when none has begun.
func TestCacheDown(t *testing.T) {
	down := errors.New("down")
	tests := []struct {
		name            string
		fail            func(d bed)
		store           []string // that notice
		begins, returns bool     // whether a login begins and completes all the same
	}{
		{"Set", func(d bed) { d.cache.setFail = down }, []string{"cache", "taker"}, false, true},
		{"Get", func(d bed) { d.cache.getFail = down }, []string{"cache", "taker"}, true, false},
		{"Delete", func(d bed) { d.cache.keeps = down }, []string{"cache"}, true, false},
		{"unused Delete", func(d bed) { d.cache.keeps = down }, []string{"taker"}, true, true},
		{"all", func(d bed) { d.cache.err = down }, []string{"cache", "taker"}, false, false},
		{"Get", func(d bed) { d.sessions.getFail = down }, []string{"session"}, false, false},
		{"Set", func(d bed) { d.sessions.setFail = down }, []string{"session"}, false, false},
	}
	for _, test := range tests {
		for _, store := range test.store {
			t.Run(test.name+" "+store, func(t *testing.T) {
				d := beds[store]()
				b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
				var callback string
				for range 5 { // so that the next one makes the oldest go
					callback = b.begin(in, "a")
				}
				test.fail(d)
				_, err := b.complete(in, "a", callback)
				if (b.answers == 1) != test.returns || test.returns != (err == nil) ||
					err != nil && !errors.Is(err, down) {
					t.Errorf("completes: error is %v, %d answers", err, b.answers)
				}
				w := httptest.NewRecorder()
				err = b.client("a").AuthorizeRedirect(w, in.request("/"), callbackURL+"a")
				if (len(w.Header()) > 0) != test.begins || test.begins != (err == nil) ||
					err != nil && !errors.Is(err, down) {
					t.Errorf("begins: error is %v, header %v", err, w.Header())
				}
			})
		}
	}
}

// A cache that gives in one step gives to one of many.
func TestStrictSingleUse(t *testing.T) {
	b, in := newBench(t, registry.Options{Store: beds["taker"]().store}), newBrowser()
	callback := b.begin(in, "a")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	requests := make([]*http.Request, len(errs))
	for i := range requests {
		requests[i] = in.request(callback)
	}
	for i, r := range requests {
		wg.Go(func() { _, errs[i] = b.client("a").AuthorizeAccessToken(httptest.NewRecorder(), r) })
	}
	wg.Wait()
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
		} else if !errors.Is(err, &registry.TransactionError{Reason: registry.ReasonUsed}) {
			t.Errorf("error is %v", err)
		}
	}
	if b.answers != 1 || passed != 1 {
		t.Errorf("%d of %d completed, %d answers", passed, len(errs), b.answers)
	}
}

// What is kept shows nothing: not in the cookie, not in the cache, not in the session.
func TestStoredIsSealed(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		state := callback[strings.LastIndex(callback, "=")+1:]
		for _, p := range d.pieces(in) {
			if strings.Contains(p.text, state) || strings.Contains(p.text, callbackURL) {
				t.Errorf("in clear: %q", p.text)
			}
		}
		if d.cache == nil {
			return
		}
		for key := range d.cache.values {
			for _, c := range in.cookies {
				if held := strings.SplitN(c.Value, ".", 2)[1]; strings.Contains(key, held) {
					t.Error("the cache's key has the browser's secret")
				}
			}
		}
	})
}

// Who listens to the checks hears why a callback is refused, and that one is not.
func TestTraceOfStore(t *testing.T) {
	eachBed(t, func(t *testing.T, d bed) {
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		for _, want := range []error{nil, &registry.TransactionError{Reason: registry.ReasonUsed}} {
			var heard []error
			r := in.request(callback)
			ctx := registry.WithTrace(r.Context(), func(check, clause string, err error) {
				if check == "browser" && clause == "RFC 6749, Section 10.12" {
					heard = append(heard, err)
				}
			})
			w := httptest.NewRecorder()
			b.client("a").AuthorizeAccessToken(w, r.WithContext(ctx))
			in.keep(w)
			if len(heard) != 1 || !errors.Is(heard[0], want) {
				t.Errorf("heard %v, want %v", heard, want)
			}
		}
	})
}

// A provider cannot make a record as large as it likes, wherever it is kept.
func TestLargestRecord(t *testing.T) {
	for _, name := range []string{"cookie", "cache", "session"} {
		d := beds[name]()
		in := newBrowser()
		n := 0
		hc := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			n++
			w := httptest.NewRecorder()
			w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
			fmt.Fprintf(w, "oauth_token=%d&oauth_token_secret=%s&oauth_callback_confirmed=true", n,
				strings.Repeat("a", 60_000))
			return w.Result(), nil
		})}
		reg, err := registry.New(registry.Options{EphemeralKey: true, Store: d.store, HTTP: hc})
		if err != nil {
			t.Fatal(err)
		}
		c, err := reg.Register("one", registry.Config{
			ClientID: "one", ClientSecret: "secret",
			RequestTokenURL: "https://provider.example/temporary",
			AuthorizeURL:    "https://provider.example/authorize",
			AccessTokenURL:  "https://provider.example/token"})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			w := httptest.NewRecorder()
			if err := c.AuthorizeRedirect(w, in.request("/"), callbackURL); err == nil {
				t.Errorf("%s: accepted", name)
			}
			in.keep(w)
		}
		kept := 0
		for _, p := range d.pieces(in) {
			kept += len(p.text)
		}
		if kept > 5*1536+500 {
			t.Errorf("%s: %d bytes are kept for one browser", name, kept)
		}
	}
}
