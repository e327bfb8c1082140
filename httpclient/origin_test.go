package httpclient

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestOrigins(t *testing.T) {
	for _, tt := range []struct {
		pinned, url string
		ok          bool
	}{
		{"https://api.example", "https://api.example/path?query", true},
		{"https://api.example/v1", "https://api.example/v2", true},
		{"https://api.example", "https://api.example:443/", true},
		{"https://api.example:443", "https://api.example/", true},
		{"https://API.example", "https://api.EXAMPLE/", true},
		{"https://api.example:8443", "https://api.example:8443/", true},
		{"http://127.0.0.1", "http://127.0.0.1:80/", true},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/", true},
		{"http://[::1]:8080", "http://[::1]:8080/", true},
		{"http://[::1]", "http://[::1]:80/", true},
		{"https://[2001:db8::a]", "https://[2001:DB8::A]:443/", true},

		{"https://api.example", "https://api.example:8443/", false},
		{"https://api.example:8443", "https://api.example/", false},
		{"https://api.example", "https://api.example:80/", false},
		{"https://api.example", "https://other.example/", false},
		{"https://api.example", "https://example/", false},
		{"https://api.example", "https://a.api.example/", false},
		{"https://api.example", "https://api.example.attacker.example/", false},
		{"https://api.example", "https://api.example./", false},
		{"https://127.0.0.1", "http://127.0.0.1:443/", false},
		{"http://127.0.0.1:443", "https://127.0.0.1/", false},
		{"http://127.0.0.1", "http://127.0.0.2/", false},
		{"http://127.0.0.1", "http://localhost/", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8081/", false},
		{"http://[::1]:8080", "http://[::1]:8081/", false},
		{"http://[::1]", "http://127.0.0.1/", false},
		{"https://[2001:db8::a]", "https://[2001:db8::b]/", false},
	} {
		o, err := ParseOrigins(nil, "https://first.example", tt.pinned)
		if err != nil {
			t.Fatalf("%s: %v", tt.pinned, err)
		}
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Check(to(u)); tt.ok && err != nil || !tt.ok &&
			!errors.Is(err, ErrOrigin) {
			t.Errorf("%s, pinned to %s: got %v", tt.url, tt.pinned, err)
		}
	}
}

func to(u *url.URL) *http.Request { return &http.Request{URL: u} }

// A request whose Host header names another origin than its URL is for both.
func TestOriginsHost(t *testing.T) {
	o, err := ParseOrigins(nil, "https://api.example", "https://other.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]error{
		"":                   nil,
		"api.example":        nil,
		"API.example:443":    nil,
		"other.example:8443": nil,
		"other.example":      ErrOrigin,
		"tenant.example":     ErrOrigin,
		"ap\u0130.example":   ErrInsecureURL,
		"u@api.example":      ErrInsecureURL,
	} {
		u := &url.URL{Scheme: "https", Host: "api.example"}
		if err := o.Check(&http.Request{URL: u, Host: host}); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", host, err, want)
		}
	}
}

// A Host header in the map is one too.
func TestOriginsHostField(t *testing.T) {
	o, err := ParseOrigins(nil, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Host", "host"} {
		req := to(&url.URL{Scheme: "https", Host: "api.example"})
		req.Header = http.Header{name: {"tenant.example"}}
		if err := o.Check(req); !errors.Is(err, ErrOrigin) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// What may be reached by http is the client's to say, and pinned like the rest.
func TestOriginsInsecureHTTPHosts(t *testing.T) {
	client := New(development)
	o, err := ParseOrigins(client, "http://keycloak:8080/realms", "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]error{
		"http://keycloak:8080/token":  nil,
		"http://KEYCLOAK:8080/token":  nil,
		"https://api.example":         nil,
		"https://keycloak:8080/token": ErrOrigin,
		"http://plain/":               ErrOrigin,
		"http://keycloak/":            ErrInsecureURL,
		"http://api.example":          ErrInsecureURL,
	} {
		if err := o.Check(request(t, "GET", raw)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", raw, err, want)
		}
	}
	if _, err := ParseOrigins(nil, "http://keycloak:8080"); !errors.Is(err, ErrInsecureURL) {
		t.Errorf("another client: got %v", err)
	}
}

// Letters that a resolver's rules map to others are not compared, but refused.
func TestOriginsOfOtherLetters(t *testing.T) {
	o, err := ParseOrigins(nil, "https://api.example", "https://kit.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"ap\u0130.example", "\u212ait.example", "\uff41pi.example"} {
		if err := o.Check(to(&url.URL{Scheme: "https", Host: host})); !errors.Is(err, ErrInsecureURL) {
			t.Errorf("%q: got %v", host, err)
		}
	}
	if err := o.Check(to(nil)); !errors.Is(err, ErrInsecureURL) {
		t.Errorf("no URL: got %v", err)
	}
}

func TestWith(t *testing.T) {
	base := &http.Transport{}
	jar, _ := cookiejar.New(nil)
	never := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for client, want := range map[*http.Client]time.Duration{
		nil: Timeout, {}: 0, {Timeout: time.Second, Jar: jar, CheckRedirect: never}: time.Second} {
		c := With(client, base)
		bounded := client == nil || client.CheckRedirect != nil
		if c.Transport != base || c.Timeout != want || c.Jar != nil ||
			(c.CheckRedirect != nil) != bounded {
			t.Errorf("got %+v", c)
		}
	}
}

func TestFields(t *testing.T) {
	h := http.Header{"authorization": {"a"}, "Authorization": {"b", "c"}, "Other": {"d"}}
	if got := Fields(h, "AUTHORIZATION"); len(got) != 3 {
		t.Errorf("got %q", got)
	}
	if got := Fields(nil, "Authorization"); got != nil {
		t.Errorf("got %q", got)
	}
}

// An origin is no excuse: what is insecure stays so.
func TestOriginsInsecure(t *testing.T) {
	o, err := ParseOrigins(nil, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range urlTests {
		u, err := url.Parse(tt.url)
		if tt.ok || err != nil {
			continue
		}
		if err := o.Check(to(u)); !errors.Is(err, ErrInsecureURL) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	u := &url.URL{Scheme: "https", Host: "api.example", User: url.User("user")}
	if err := o.Check(to(u)); !errors.Is(err, ErrInsecureURL) {
		t.Errorf("user information: got %v", err)
	}
}

func TestOriginsZero(t *testing.T) {
	if err := (Origins{}).Check(
		to(&url.URL{Scheme: "https", Host: "api.example"})); !errors.Is(err, ErrOrigin) {
		t.Errorf("got %v", err)
	}
}

func TestOriginsErrorHidesURL(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "api.example", Path: "/canary", RawQuery: "canary",
		Fragment: "canary"}
	err := Origins{}.Check(to(u))
	if want := ErrOrigin.Error() + ": to api.example"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseOriginsRefuses(t *testing.T) {
	if o, err := ParseOrigins(nil); err == nil || o.list != nil ||
		err.Error() != "httpclient: no URL to pin to" {
		t.Errorf("none: got %v, %v", o, err)
	}
	for _, raw := range []string{"", "http://api.example", "https://user@api.example",
		"https://a.example/#", "/path"} {
		o, err := ParseOrigins(nil, "https://api.example", raw)
		if !errors.Is(err, ErrInsecureURL) || o.list != nil {
			t.Errorf("%q: got %v, %v", raw, o, err)
		}
	}
}

func TestTransport(t *testing.T) {
	own := roundTripper(func(*http.Request) (*http.Response, error) {
		return respond(200, strings.NewReader("own")), nil
	})
	if Transport(&http.Client{Transport: &own}) != &own {
		t.Error("not the client's own")
	}
	if Transport(&http.Client{}) != http.DefaultTransport {
		t.Error("not the default of a client without one")
	}
	got, ok := Transport(nil).(*http.Transport)
	if !ok || got == http.DefaultTransport || got != Transport(nil) ||
		got.MaxResponseHeaderBytes != 64<<10 {
		t.Error("not that of New")
	}
}

func TestSameOrigin(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://a.example/x", "https://a.example/y?z", true},
		{"https://a.example", "https://A.example:443/", true},
		{"http://a.example", "http://a.example:80", true},
		{"https://a.example", "https://b.example", false},
		{"https://a.example", "http://a.example", false},
		{"https://a.example", "https://a.example:444", false},
		{"https://a.example", "https://a.example.b.example", false},
		{"http://[", "http://[", true},
		{"http://[", "https://a.example", false},
		{"https://a.example", "http://[", false},
	} {
		if got := SameOrigin(test.a, test.b); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}
