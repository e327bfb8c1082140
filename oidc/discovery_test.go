package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchsafe/internal/discovery"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// setField fills a field with something that is not zero and depends on n.
func setField(t *testing.T, f reflect.Value, n int) {
	t.Helper()
	switch f.Kind() {
	case reflect.String:
		f.SetString(fmt.Sprint(n))
	case reflect.Slice:
		f.Set(reflect.ValueOf([]string{fmt.Sprint(n)}))
	case reflect.Bool:
		f.SetBool(n > 0)
	default:
		t.Fatalf("a field of kind %s", f.Kind())
	}
}

// What is configured goes before what is discovered, in every field there is.
func TestMergeHasEveryField(t *testing.T) {
	fields := slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[Provider]()),
		func(f reflect.StructField) bool { return f.Anonymous })
	if len(fields) < 15 {
		t.Fatalf("%d fields", len(fields))
	}
	var base Provider
	for _, f := range fields {
		setField(t, reflect.ValueOf(&base).Elem().FieldByIndex(f.Index), 0)
	}
	if got := base.merge(Provider{}); !reflect.DeepEqual(got, base) {
		t.Errorf("nothing over %+v gives %+v", base, got)
	}
	for _, f := range fields {
		var over Provider
		want := base
		setField(t, reflect.ValueOf(&over).Elem().FieldByIndex(f.Index), 1)
		setField(t, reflect.ValueOf(&want).Elem().FieldByIndex(f.Index), 1)
		if got := base.merge(over); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", f.Name, got, want)
		}
		if got := (Provider{}).merge(over); !reflect.DeepEqual(got, over) {
			t.Errorf("%s over nothing: got %+v", f.Name, got)
		}
	}
}

// An empty list is said, and goes before.
func TestMergeEmptyList(t *testing.T) {
	p := Provider{IDTokenSigningAlgValuesSupported: []string{"ES256"}}
	got := p.merge(Provider{IDTokenSigningAlgValuesSupported: []string{}})
	if got.IDTokenSigningAlgValuesSupported == nil || len(got.IDTokenSigningAlgValuesSupported) > 0 {
		t.Errorf("got %q", got.IDTokenSigningAlgValuesSupported)
	}
	if len(p.IDTokenSigningAlgValuesSupported) != 1 {
		t.Error("what was merged into is changed")
	}
}

// An elsewhere is a host with metadata at one place. It notes where it was asked.
type elsewhere struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newElsewhere(t *testing.T, place, issuer string) *elsewhere {
	t.Helper()
	e := &elsewhere{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.asked = append(e.asked, r.URL.RequestURI())
		if r.URL.RequestURI() != place {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":"%[1]s%[2]s","authorization_endpoint":"%[1]s/a",`+
			`"token_endpoint":"%[1]s/t","jwks_uri":"%[1]s/j"}`, e.URL, issuer)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *elsewhere) requests() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

// Authlib's case 99: where metadata is looked for, in order; one place if that is given.
func TestDiscoveryPlaces(t *testing.T) {
	const server = "/.well-known/oauth-authorization-server"
	for _, test := range []struct {
		issuer, url string
		places      []string
	}{
		{"", "", []string{wellKnown, server}},
		{"/", "", []string{wellKnown, server}},
		{"/t", "", []string{"/t" + wellKnown, wellKnown + "/t", server + "/t"}},
		{"/t/", "", []string{"/t" + wellKnown, wellKnown + "/t", server + "/t"}},
		{"/a/b", "", []string{"/a/b" + wellKnown, wellKnown + "/a/b", server + "/a/b"}},
		{"/t", "/metadata?t=1", []string{"/metadata?t=1"}},
		{"/t", "/t" + wellKnown, []string{"/t" + wellKnown}},
	} {
		for i, place := range append(slices.Clone(test.places), "/nowhere") {
			e := newElsewhere(t, place, test.issuer)
			c := Config{Issuer: e.URL + test.issuer, ID: "client", Auth: oauth2.None()}
			if test.url != "" {
				c.ServerMetadataURL = e.URL + test.url
			}
			client, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			p, err := client.Provider(t.Context())
			if place == "/nowhere" {
				i--
				if outcome(err) != "oidc: discovery: httpclient: GET "+e.Listener.Addr().String()+
					": status must be 200, is 404" {
					t.Errorf("%q nowhere: %v", test.issuer, err)
				}
			} else if err != nil || p.Issuer != c.Issuer || p.TokenEndpoint != e.URL+"/t" {
				t.Errorf("%q at %s: got %+v, %v", test.issuer, place, p, err)
			}
			if !slices.Equal(e.requests(), test.places[:i+1]) {
				t.Errorf("%q at %s: asked %q", test.issuer, place, e.requests())
			}
		}
	}
}

// The first login takes two requests beside its own.
func TestDiscoveryTakesOneRequest(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	w.mustLogin(AuthorizationOptions{})
	w.mu.Lock()
	defer w.mu.Unlock()
	got := strings.Join(w.seen, " ")
	if got != wellKnown+" /authorize /token /jwks" {
		t.Errorf("asked for %s", got)
	}
}

// A page for every path is no metadata, whatever is in it; who declares nothing has none.
func TestMetadataMediaType(t *testing.T) {
	for media, want := range map[string]string{
		"application/json":                "ok",
		"Application/Json; charset=UTF-8": "ok",
		"text/html":                       "check content_type",
		"text/plain":                      "check content_type",
		"application/json+x":              "check content_type",
		"":                                "check content_type",
	} {
		w := newWorld(t, oidctest.Options{}, answerer{wellKnown: func(rw http.ResponseWriter,
			r *http.Request) {
			rw.Header()["Content-Type"] = []string{media}
			rw.Write(r.Context().Value(recorded{}).(*httptest.ResponseRecorder).Body.Bytes())
		}, discovery.Server: http.NotFound}, nil)
		_, err := w.client.Provider(t.Context())
		if outcome(err) != want {
			t.Errorf("%q: got %v, want %s", media, err, want)
		}
	}
}

// A versioned document is metadata with an entity tag.
type versioned struct {
	mu    sync.Mutex
	tag   string
	edits map[string]any
	asked []string // the entity tags
}

func (v *versioned) answer(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	match := r.Header.Get("If-None-Match")
	v.asked = append(v.asked, match)
	w.Header().Set("ETag", v.tag)
	if match == v.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	edit(func(members map[string]any) {
		for name, value := range v.edits {
			put(members, name, value)
		}
	})(w, r)
}

func (v *versioned) publish(tag string, edits map[string]any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tag, v.edits = tag, edits
}

func (v *versioned) wantAsked(t *testing.T, want ...string) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Equal(v.asked, want) {
		t.Errorf("asked for %q, want %q", v.asked, want)
	}
}

// Metadata of which the provider says that it is still good is fresh anew, and nothing
// that follows from it is made again.
func TestMetadataNotModified(t *testing.T) {
	v := &versioned{tag: `"1"`}
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: v.answer}, nil)
	first, err := w.client.provider.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{""}
	for i := range int64(30) { // hours, of which an old copy would not survive 25
		w.seconds.Store(3600 * (i + 1))
		conn, err := w.client.provider.Get(t.Context())
		if err != nil || conn != first {
			t.Fatalf("after %d hours: %v, or another connection", i+1, err)
		}
		want = append(want, `"1"`)
	}
	v.wantAsked(t, want...)
	v.publish(`"2"`, map[string]any{"userinfo_endpoint": nil})
	w.seconds.Add(3600)
	p, err := w.client.Provider(t.Context())
	if err != nil || p.UserInfoEndpoint != "" {
		t.Errorf("got %+v, %v", p, err)
	}
	conn, err := w.client.provider.Get(t.Context())
	if err != nil || conn == first || conn.keys != first.keys {
		t.Errorf("%v, or the same connection, or other keys", err)
	}
	w.seconds.Add(3600)
	if _, err := w.client.Provider(t.Context()); err != nil {
		t.Error(err)
	}
	v.wantAsked(t, append(want, `"1"`, `"2"`)...)
}

// A moved records what EndpointMoved is told.
type moved struct {
	mu   sync.Mutex
	told []EndpointMove
	err  error
}

func (m *moved) hear(_ context.Context, e EndpointMove) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, e)
	return m.err
}

func (m *moved) take() []EndpointMove {
	m.mu.Lock()
	defer m.mu.Unlock()
	told := m.told
	m.told = nil
	return told
}

// EndpointMoved hears of each endpoint on another host than before, once.
func TestEndpointMoved(t *testing.T) {
	v, m := &versioned{tag: `"1"`}, &moved{}
	var base string
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: v.answer}, func(c *Config) {
		c.EndpointMoved = m.hear
		c.Provider.RevocationEndpoint = "https://configured.example/r"
		base = c.Issuer
	})
	var hours int64
	for _, step := range []struct {
		name  string
		edits map[string]any
		want  []EndpointMove
	}{
		{"first", nil, nil},
		{"the same again", map[string]any{"x": 1}, nil},
		{"another path", map[string]any{"token_endpoint": base + "/token/2?a=b"}, nil},
		{"another host", map[string]any{"token_endpoint": "https://a.example/t"},
			[]EndpointMove{{"token_endpoint", base + "/token/2?a=b", "https://a.example/t"}}},
		{"there to stay", map[string]any{"token_endpoint": "https://A.example:443/t"}, nil},
		{"another port", map[string]any{"token_endpoint": "https://a.example:444/t"},
			[]EndpointMove{{"token_endpoint", "https://A.example:443/t", "https://a.example:444/t"}}},
		{"two at once, and one that is configured", map[string]any{
			"token_endpoint": "https://b.example/t", "userinfo_endpoint": "https://b.example/u",
			"revocation_endpoint": "https://b.example/r"},
			[]EndpointMove{
				{"token_endpoint", "https://a.example:444/t", "https://b.example/t"},
				{"userinfo_endpoint", base + "/userinfo", "https://b.example/u"},
			}},
		{"one goes", map[string]any{
			"token_endpoint": "https://b.example/t", "userinfo_endpoint": nil}, nil},
		{"and comes back elsewhere", map[string]any{
			"token_endpoint": "https://b.example/t", "userinfo_endpoint": "https://c.example/u"},
			[]EndpointMove{{"userinfo_endpoint", "", "https://c.example/u"}}},
		{"a new one where others are", map[string]any{
			"token_endpoint": "https://b.example/t", "userinfo_endpoint": "https://c.example/u",
			"introspection_endpoint": "https://c.example/i"}, nil},
		{"all home", nil, []EndpointMove{
			{"token_endpoint", "https://b.example/t", base + "/token"},
			{"userinfo_endpoint", "https://c.example/u", base + "/userinfo"},
		}},
	} {
		v.publish(fmt.Sprintf("%q", step.name), step.edits)
		w.seconds.Store(3600 * hours)
		hours++
		for range 3 {
			if _, err := w.client.Provider(t.Context()); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
		}
		if got := m.take(); !slices.Equal(got, step.want) {
			t.Errorf("%s: told %+v, want %+v", step.name, got, step.want)
		}
	}
}

// Another scheme, host or port is elsewhere, and nothing else is.
func TestMoves(t *testing.T) {
	for _, test := range []struct {
		from, to string
		moved    bool
	}{
		{"https://p.example/a", "https://p.example/b?c", false},
		{"https://p.example/a", "https://P.example:443/a", false},
		{"http://127.0.0.1/a", "http://127.0.0.1:80/a", false},
		{"https://p.example/a", "https://q.example/a", true},
		{"https://p.example/a", "https://p.example:80/a", true},
		{"http://127.0.0.1:1/a", "https://127.0.0.1:1/a", true},
		{"http://127.0.0.1/a", "https://127.0.0.1/a", true},
	} {
		old := []discovery.Endpoint{{Name: "token_endpoint", URL: test.from}}
		got := moves(old, []discovery.Endpoint{{Name: "token_endpoint", URL: test.to}})
		want := []EndpointMove{{"token_endpoint", test.from, test.to}}
		if len(got) > 0 != test.moved || test.moved && !slices.Equal(got, want) {
			t.Errorf("%s to %s: got %v", test.from, test.to, got)
		}
	}
}

// Where nobody listens, endpoints move.
func TestEndpointMovedUnheard(t *testing.T) {
	v := &versioned{tag: `"1"`}
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: v.answer}, nil)
	for i, want := range []string{w.Issuer() + "/token", "https://a.example/t"} {
		w.seconds.Store(3600 * int64(i))
		p, err := w.client.Provider(t.Context())
		if err != nil || p.TokenEndpoint != want {
			t.Errorf("got %+v, %v", p, err)
		}
		v.publish(`"2"`, map[string]any{"token_endpoint": "https://a.example/t"})
	}
}

// What EndpointMoved refuses is not believed, and the old metadata serves while it may.
func TestEndpointMoveRefused(t *testing.T) {
	v, m := &versioned{tag: `"1"`}, &moved{err: errors.New("never")}
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: v.answer},
		func(c *Config) { c.EndpointMoved = m.hear })
	home := func() bool {
		p, err := w.client.Provider(t.Context())
		return err == nil && p.TokenEndpoint == w.Issuer()+"/token" &&
			p.UserInfoEndpoint == w.Issuer()+"/userinfo"
	}
	if !home() {
		t.Fatal("not at home")
	}
	v.publish(`"2"`, map[string]any{
		"token_endpoint": "https://a.example/t", "userinfo_endpoint": "https://a.example/u"})
	for i, seconds := range []int64{3600, 3629, 3630, 25*3600 - 1} {
		w.seconds.Store(seconds)
		if !home() {
			t.Errorf("after %d seconds: moved", seconds)
		}
		want := 1 // the first endpoint refuses all; it is asked again with each fetch
		if i == 1 {
			want = 0
		}
		if got := m.take(); len(got) != want {
			t.Errorf("after %d seconds: told %v", seconds, got)
		}
	}
	v.wantAsked(t, "", `"1"`, `"1"`, `"1"`)
	w.seconds.Store(25 * 3600)
	if p, err := w.client.Provider(t.Context()); !errors.Is(err, m.err) || p.Issuer != "" ||
		!strings.HasPrefix(err.Error(), "oidc: discovery: ") {
		t.Errorf("got %+v, %v", p, err)
	}
	v.publish(`"3"`, nil)
	if !home() {
		t.Error("no way home")
	}
}

// An endpoint that is configured is not looked at in the metadata, where it may be
// anything; another is.
func TestExplicitEndpointReplacesABadOne(t *testing.T) {
	const bad = "http://p.example/r"
	for _, test := range []struct{ member, want string }{
		{"revocation_endpoint", "ok"},
		{"introspection_endpoint", "check introspection_endpoint"},
	} {
		w := newWorld(t, oidctest.Options{}, answerer{wellKnown: set(test.member, bad)},
			func(c *Config) { c.Provider.RevocationEndpoint = "https://p.example/r" })
		p, err := w.client.Provider(t.Context())
		e, _ := errors.AsType[*jose.CheckError](err)
		if test.want == "ok" && (err != nil || p.RevocationEndpoint != "https://p.example/r") ||
			test.want != "ok" && (e == nil || "check "+e.Check != test.want) {
			t.Errorf("%s: got %+v, %v", test.member, p, err)
		}
	}
}

// Endpoints by http, with user information, or by another scheme are refused, each by name.
func TestMetadataEndpoints(t *testing.T) {
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri",
		"revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint",
		"userinfo_endpoint"} {
		for _, endpoint := range []string{"http://p.example/x", "https://u:p@p.example/x",
			"https://p.example@evil.example/x", "ftp://p.example/x", "data:text/html,x", "p.example",
			"https://p.example/x#f", "http://127.0.0.1/x"} {
			_, err := readAt(t, "https://p.example",
				fmt.Sprintf(`{"issuer":"https://p.example","%s":"%s"}`, name, endpoint))
			want := &jose.CheckError{Check: name, Clause: metadataClause}
			if e, ok := errors.AsType[*jose.CheckError](err); !ok || e.Check != want.Check ||
				e.Clause != want.Clause {
				t.Errorf("%s %s: got %v", name, endpoint, err)
			}
		}
	}
}
