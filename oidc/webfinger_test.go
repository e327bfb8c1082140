package oidc

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

// OpenID Connect Discovery 1.0, Section 2.1.2 and the examples of 2.2.
func TestNormalize(t *testing.T) {
	for _, test := range []struct{ identifier, resource, host string }{
		{"joe@example.com", "acct:joe@example.com", "example.com"},
		{"Jane.Doe@example.com", "acct:Jane.Doe@example.com", "example.com"},
		{" joe@example.com\n", "acct:joe@example.com", "example.com"},
		{"z@example.com", "acct:z@example.com", "example.com"},
		{"acct:z@example.com", "acct:z@example.com", "example.com"},
		{"joe+tag@example.com", "acct:joe+tag@example.com", "example.com"},
		{"joe@example.com@example.org", "acct:joe%40example.com@example.org", "example.org"},
		{"joe%40example.com@example.org", "acct:joe%40example.com@example.org", "example.org"},
		{"joe@example.com#frag@evil.example", "acct:joe@example.com", "example.com"},
		{"acct:joe@example.com", "acct:joe@example.com", "example.com"},
		{"ACCT:joe@example.com", "ACCT:joe@example.com", "example.com"},
		{"acct:joe@example.com#f", "acct:joe@example.com", "example.com"},
		{"acct:juliet%40capulet.example@shopping.example.com",
			"acct:juliet%40capulet.example@shopping.example.com", "shopping.example.com"},
		{"acct:joe@example.com:8080", "acct:joe@example.com:8080", "example.com:8080"},

		{"https://example.com", "https://example.com", "example.com"},
		{"https://example.com/joe", "https://example.com/joe", "example.com"},
		{"https://example.com/joe#", "https://example.com/joe", "example.com"},
		{"https://example.com/joe?a=b#f", "https://example.com/joe?a=b", "example.com"},
		{"HTTPS://Example.com/Joe", "HTTPS://Example.com/Joe", "Example.com"},
		{"https://joe@example.com:8080", "https://joe@example.com:8080", "example.com:8080"},
		{"https://[2001:db8::1]/joe", "https://[2001:db8::1]/joe", "[2001:db8::1]"},

		{"example.com", "https://example.com/", "example.com"},
		{"example.com:8080", "https://example.com:8080/", "example.com:8080"},
		{"example.com/joe", "https://example.com/joe", "example.com"},
		{"example.com?joe", "https://example.com?joe", "example.com"},
		{"example.com:8080/joe#f", "https://example.com:8080/joe", "example.com:8080"},
		{"example.com/joe@other.example", "https://example.com/joe@other.example", "example.com"},
		{"joe@example.com:8080", "https://joe@example.com:8080/", "example.com:8080"},
		{"joe@example.com/a", "https://joe@example.com/a", "example.com"},
		{"joe@example.com?a", "https://joe@example.com?a", "example.com"},
		{"joe@a.example@example.com/a", "https://joe%40a.example@example.com/a", "example.com"},
		{"https.example", "https://https.example/", "https.example"},
		{"acct.example", "https://acct.example/", "acct.example"},
		{strings.Repeat("a", 2036) + "@example.com",
			"acct:" + strings.Repeat("a", 2036) + "@example.com", "example.com"},
	} {
		resource, host, err := normalize(test.identifier)
		if err != nil || resource != test.resource || host != test.host {
			t.Errorf("%q: got %q at %q, %v; want %q at %q", test.identifier, resource, host, err,
				test.resource, test.host)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, identifier := range []string{
		"", " ", "#", "#joe@example.com",
		"=example", "@example*joe", "+1.555.0100", "$example", "!example", " =joe@example.com",
		"@example.com", "=joe@example.com", "+joe@example.com", "$joe@example.com", "!joe@example.com",
		"example.com/a b", "example.com/a\\b", "example.com/ä", "example.com/<a>",
		"http://example.com/joe", "ftp://example.com", "https:", "https:/", "https://", "https:///joe",
		"https:example.com", "https:/example.com", "//example.com", "/joe", "?joe", ":8080",
		"acct:", "acct:joe", "acct:@example.com", "acct:joe@", "acct:joe@example.com/a",
		"acct:joe@example.com?a", "acct://joe@example.com", "acct:joe@a.example@example.com",
		"acct:joe:pw@example.com", "acct:joe%zz@example.com", "acct:joe@example.com:",
		"joe@", "joe:pw@example.com", "joe:pw@example.com/a", "https://joe:pw@example.com",
		"mailto:joe@example.com", "tel:+1-555", "javascript:alert(1)", "urn:a:b",
		"joe smith@example.com", "joe@exa mple.com", "joe@example.com\x00", "joe\n@example.com",
		"joe@example.com\\@evil.example", "<joe@example.com>", "\"joe\"@example.com",
		"joe@exämple.com", "jürgen@example.com", "example.com:port", "example.com:", "example.com:/a",
		"example.com%2f@evil.example%2fx/", "joe@example.com%00", "https://exa%6dple.com/",
		"[::1", "joe@[::1%25eth0!]", "joe@example.com&a=b", "joe@exam'ple.com",
		strings.Repeat("a", 2037) + "@example.com",
	} {
		resource, host, err := normalize(identifier)
		if !errors.Is(err, &jose.CheckError{Check: "identifier"}) || resource != "" || host != "" {
			t.Errorf("%q: got %q at %q, %v", identifier, resource, host, err)
		}
	}
}

// A finger answers WebFinger requests, and notes them.
type finger struct {
	status int
	header http.Header
	body   string
	asked  []string
}

func (f *finger) RoundTrip(req *http.Request) (*http.Response, error) {
	f.asked = append(f.asked, req.Method+" "+req.URL.String()+" "+req.Header.Get("Accept"))
	return &http.Response{StatusCode: f.status, Header: f.header, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(f.body))}, nil
}

func newFinger(body string) *finger {
	return &finger{status: 200, body: body,
		header: http.Header{"Content-Type": {"application/jrd+json"}}}
}

func (f *finger) discover(t *testing.T, identifier string) (string, error) {
	t.Helper()
	return DiscoverIssuer(t.Context(), &http.Client{Transport: f}, identifier)
}

const link = `{"rel":"http://openid.net/specs/connect/1.0/issuer","href":"https://server.example"}`

// What is asked, and where: the examples of OpenID Connect Discovery 1.0, Section 2.2.
func TestDiscoverIssuer(t *testing.T) {
	const rel = "?rel=http%3A%2F%2Fopenid.net%2Fspecs%2Fconnect%2F1.0%2Fissuer&resource="
	for _, test := range []struct{ identifier, asked string }{
		{"joe@example.com", "https://example.com/.well-known/webfinger" + rel +
			"acct%3Ajoe%40example.com"},
		{"https://example.com/joe", "https://example.com/.well-known/webfinger" + rel +
			"https%3A%2F%2Fexample.com%2Fjoe"},
		{"example.com:8080", "https://example.com:8080/.well-known/webfinger" + rel +
			"https%3A%2F%2Fexample.com%3A8080%2F"},
		{"acct:juliet%40capulet.example@shopping.example.com",
			"https://shopping.example.com/.well-known/webfinger" + rel +
				"acct%3Ajuliet%2540capulet.example%40shopping.example.com"},
		{"https://joe@example.com/a?b=c&rel=d", "https://example.com/.well-known/webfinger" + rel +
			"https%3A%2F%2Fjoe%40example.com%2Fa%3Fb%3Dc%26rel%3Dd"},
		{"localhost:8443", "https://localhost:8443/.well-known/webfinger" + rel +
			"https%3A%2F%2Flocalhost%3A8443%2F"},
	} {
		f := newFinger(`{"subject":"someone else","links":[` + link + `]}`)
		issuer, err := f.discover(t, test.identifier)
		if err != nil || issuer != "https://server.example" {
			t.Errorf("%s: got %q, %v", test.identifier, issuer, err)
		}
		want := []string{"GET " + test.asked + " application/jrd+json, application/json"}
		if !slices.Equal(f.asked, want) {
			t.Errorf("%s: asked %q, want %q", test.identifier, f.asked, want)
		}
	}
}

// Nothing is asked about what is no identifier.
func TestDiscoverIssuerOfNobody(t *testing.T) {
	f := newFinger(`{"links":[` + link + `]}`)
	issuer, err := f.discover(t, "=canary")
	if outcome(err) != "check identifier" || issuer != "" || len(f.asked) > 0 ||
		!strings.HasPrefix(err.Error(), "oidc: WebFinger: ") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %q, %v after %q", issuer, err, f.asked)
	}
}

// The issuer is the first link of its relation that can be one.
func TestDescriptor(t *testing.T) {
	const rel = `"rel":"http://openid.net/specs/connect/1.0/issuer"`
	to := func(href string) string { return `{"links":[{` + rel + `,"href":"` + href + `"}]}` }
	for _, test := range []struct{ body, want string }{
		{to("https://a.example"), "https://a.example"},
		{to("https://a.example:8443/t/1/"), "https://a.example:8443/t/1/"},
		{to("https://localhost:8443"), "https://localhost:8443"},
		{`{"links":[{"rel":"x","href":"https://b.example"},` + link + `]}`, "https://server.example"},
		{`{"links":[` + link + `,{` + rel + `,"href":"https://b.example"}]}`, "https://server.example"},
		{`{"links":[{` + rel + `,"href":"http://b.example"},` + link + `]}`, "https://server.example"},
		{`{"links":[{` + rel + `},` + link + `]}`, "https://server.example"},
		{`{"links":[{"href":"https://b.example"},` + link + `]}`, "https://server.example"},
		{`{"subject":1,"aliases":null,"properties":{"a":null},"x":[],"links":[{"type":"a","titles":` +
			`{"und":"b"},` + rel + `,"href":"https://a.example"}]}`, "https://a.example"},

		{`{}`, "check issuer"},
		{`{"links":[]}`, "check issuer"},
		{`{"links":null}`, "check issuer"},
		{`{"links":[{"rel":"http://openid.net/specs/connect/1.0/Issuer","href":"https://a.example"}]}`,
			"check issuer"},
		{`{"links":[{"rel":"x http://openid.net/specs/connect/1.0/issuer",` +
			`"href":"https://a.example"}]}`, "check issuer"},
		{to(""), "check issuer"},
		{to("http://a.example"), "check issuer"},
		{to("http://localhost"), "check issuer"},
		{to("https://a.example?"), "check issuer"},
		{to("https://a.example?a=b"), "check issuer"},
		{to("https://a.example#"), "check issuer"},
		{to("https://a.example#f"), "check issuer"},
		{to("https://u@a.example"), "check issuer"},
		{to("https://"), "check issuer"},
		{to("a.example"), "check issuer"},
		{to("javascript:alert(1)"), "check issuer"},

		{``, "check jrd"},
		{`[` + link + `]`, "check jrd"},
		{`{"links":` + link + `}`, "check jrd"},
		{`{"links":["https://a.example"]}`, "check jrd"},
		{`{"links":[{` + rel + `,"href":1}]}`, "check jrd"},
		{`{"links":[{"rel":["a"],"href":"https://a.example"}]}`, "check jrd"},
		{`{"links":[` + link + `],"links":[]}`, "check jrd"},
		{`{"Links":[` + link + `]}`, "check jrd"},
		{`{"links":[{` + rel + `,"Href":"https://a.example"}]}`, "check jrd"},
		{`{"links":[{` + rel + `,` + rel + `,"href":"https://a.example"}]}`, "check jrd"},
		{to("https://a.example") + `{}`, "check jrd"},
	} {
		f := newFinger(test.body)
		issuer, err := f.discover(t, "joe@example.com")
		got := issuer
		if e, ok := errors.AsType[*jose.CheckError](err); ok {
			got = "check " + e.Check
		}
		if got != test.want || (issuer == "") != (err != nil) || len(f.asked) != 1 {
			t.Errorf("%s: got %q, %v", test.body, issuer, err)
		}
	}
}

// A client that verifies no certificates has no issuer but on loopback.
func TestDescriptorUnverified(t *testing.T) {
	local := strings.Replace(link, "server.example", "localhost", 1)
	for links, want := range map[string]string{link: "", link + "," + local: "https://localhost"} {
		server := httptest.NewTLSServer(say(200, typeJSON, `{"links":[`+links+`]}`))
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		defer client.CloseIdleConnections()
		var heard []string
		ctx := jose.WithTrace(t.Context(), func(check, _ string, _ error) {
			heard = append(heard, check)
		})
		issuer, err := DiscoverIssuer(ctx, client, server.URL)
		if issuer != want || (outcome(err) == "check issuer") != (want == "") ||
			!slices.Equal(heard, []string{"content_type", "jrd", "issuer"}) {
			t.Errorf("%s: %q, %v after %q", links, issuer, err, heard)
		}
	}
}

// What is no descriptor is none, whatever is in it.
func TestDescriptorRefused(t *testing.T) {
	const body = `{"links":[` + link + `]}`
	for _, test := range []struct {
		name  string
		edit  func(*finger)
		want  string
		asked int
	}{
		{"JSON", func(f *finger) { f.header.Set("Content-Type", "application/json;a=b") }, "ok", 1},
		{"HTML", func(f *finger) { f.header.Set("Content-Type", "text/html") },
			"check content_type", 1},
		{"nothing declared", func(f *finger) { f.header.Del("Content-Type") },
			"check content_type", 1},
		{"not found", func(f *finger) { f.status = 404 }, "404", 1},
		{"redirect", func(f *finger) {
			f.status = 302
			f.header.Set("Location", "https://evil.example/")
		}, "302", 1},
		{"unasked", func(f *finger) { f.status = 304 }, "304", 1},
		{"no content", func(f *finger) { f.status = 204 }, "204", 1},
		{"down", func(f *finger) { f.status = 500 }, "500", 1},
		{"at the limit", func(f *finger) { f.body += strings.Repeat(" ", 64<<10-len(f.body)) },
			"too large", 1},
		{"below the limit", func(f *finger) { f.body += strings.Repeat(" ", 64<<10-1-len(f.body)) },
			"ok", 1},
	} {
		f := newFinger(body)
		test.edit(f)
		issuer, err := f.discover(t, "joe@example.com")
		got := outcome(err)
		if e, ok := errors.AsType[*httpclient.StatusError](err); ok {
			got = strings.TrimPrefix(e.Error(),
				"httpclient: GET example.com: status must be 200, is ")
		}
		if got != test.want || len(f.asked) != test.asked || (issuer == "") != (err != nil) {
			t.Errorf("%s: got %q, %v after %q", test.name, issuer, err, f.asked)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "oidc: WebFinger: ") {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

// A client that dials public addresses only asks nobody else, whatever the user types.
func TestDiscoverIssuerPublicOnly(t *testing.T) {
	client := httpclient.New(httpclient.Options{PublicOnly: true})
	for _, identifier := range []string{"joe@127.0.0.1", "10.0.0.1", "https://[::1]:1/a",
		"169.254.169.254", "joe@[::ffff:192.168.0.1]"} {
		issuer, err := DiscoverIssuer(t.Context(), client, identifier)
		if !errors.Is(err, httpclient.ErrAddress) || issuer != "" {
			t.Errorf("%s: got %q, %v", identifier, issuer, err)
		}
	}
}

// Whatever is typed, the one host asked is in it, and nothing is asked but by https.
func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"joe@example.com", "acct:joe@example.com", "example.com:8080/a?b#c",
		"https://joe@example.com:8080/", "a@b@c", "a%40b@c/d", "https://[::1]:1", "=a", "", "mailto:a@b",
		"http://a", "joe:pw@a/b", "\\@a", "a@b%25c", "acct:a@b:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, identifier string) {
		resource, host, err := normalize(identifier)
		if err != nil {
			if !errors.Is(err, &jose.CheckError{Check: "identifier"}) || resource != "" || host != "" {
				t.Errorf("got %q at %q, %v", resource, host, err)
			}
			return
		}
		if !strings.Contains(identifier, host) || strings.Contains(resource, "#") ||
			!hasScheme(resource, "acct:") && !hasScheme(resource, "https://") {
			t.Errorf("%q is %q at %q", identifier, resource, host)
		}
		u, err := url.Parse("https://" + host + "/.well-known/webfinger")
		if err != nil || u.Host != host || u.User != nil || u.Path != "/.well-known/webfinger" {
			t.Errorf("%q: host %q, %v", identifier, host, err)
		}
		again, host2, err := normalize(resource)
		if err != nil && len(resource) <= maxIdentifier || err == nil &&
			(again != resource || host2 != host) {
			t.Errorf("%q is %q at %q, then %q at %q, %v", identifier, resource, host, again, host2,
				err)
		}
	})
}

// Whatever a host says, what is taken for an issuer can be one.
func FuzzDescriptor(f *testing.F) {
	for _, seed := range []string{`{"links":[` + link + `]}`, `{}`, `[]`, ``, `{"links":null}`,
		`{"subject":"acct:a@b","links":[{"rel":"x"},` + link + `]}`,
		`{"links":[` + strings.Replace(link, "https://", "http://", 1) + `]}`,
		`{"links":[` + strings.Replace(link, "server.", "u@server.", 1) + `]}`,
		`{"links":[` + strings.Replace(link, `"}`, `?"}`, 1) + `]}`,
		`{"\u006cinks":[` + link + `],"Links":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		issuer, err := readDescriptor(t.Context(), nil, &httpclient.Response{Status: 200, Body: body,
			Header: http.Header{"Content-Type": {"application/jrd+json"}}})
		if err != nil {
			if _, ok := errors.AsType[*jose.CheckError](err); !ok {
				t.Errorf("got %q, %v", issuer, err)
			}
			return
		}
		u, err := httpclient.CheckURL(nil, issuer)
		if err != nil || u.Scheme != "https" || u.RawQuery != "" || u.ForceQuery {
			t.Errorf("got %q, %v", issuer, err)
		}
	})
}
