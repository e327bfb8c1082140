package oauth1

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"vouchsafe/httpclient"
)

const apiOrigin = "https://api.example"

// A tap is a transport that keeps what it is to send, and answers it.
type tap struct {
	sent   []*http.Request
	status int
	header http.Header
}

func (p *tap) RoundTrip(req *http.Request) (*http.Response, error) {
	p.sent = append(p.sent, req)
	return &http.Response{
		StatusCode: cmp.Or(p.status, 200), Header: p.header, Body: http.NoBody, Request: req,
	}, nil
}

// apiConfig is that of a client that the tool of the verifier's tests knows.
func apiConfig(base http.RoundTripper, change ...func(*Config)) Config {
	c := Config{ID: "client", Secret: toolSecret, SignatureMethod: HMACSHA256, Now: atToolNow}
	c.HTTP = &http.Client{Transport: base}
	for _, f := range change {
		f(&c)
	}
	return c
}

func apiToken(t *testing.T) *Token {
	t.Helper()
	tok, err := FromRecord(Record{Token: "tok", Secret: toolTokenKey})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// newAPI returns a transport for apiOrigin.
func newAPI(t *testing.T, base http.RoundTripper, change ...func(*Config)) http.RoundTripper {
	t.Helper()
	return newAPIAt(t, base, []string{apiOrigin}, change...)
}

func newAPIAt(
	t *testing.T, base http.RoundTripper, urls []string, change ...func(*Config),
) http.RoundTripper {
	t.Helper()
	rt, err := newClient(t, apiConfig(base, change...)).Transport(apiToken(t), urls...)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func apiRequest(t *testing.T, method, target string, r io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, apiOrigin+target, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func formOf(t *testing.T, r io.Reader) *http.Request {
	t.Helper()
	req := apiRequest(t, "POST", "/x?q=1", r)
	req.Header.Set("Content-Type", formType)
	return req
}

// verifiedBy returns what the receiver of a request finds in it, whose body is used up.
func verifiedBy(t *testing.T, req *http.Request, origin string) *SignedRequest {
	t.Helper()
	v := newTool(t, func(c *VerifierConfig) { c.Origin, c.InsecureUnsignedBody = origin, true })
	got, err := v.Verify(wireOf(t, req).request(t))
	if err != nil {
		t.Fatalf("%v: %s %s %v", err, req.Method, req.URL, req.Header)
	}
	return got
}

func TestTransportSignsACopy(t *testing.T) {
	for _, raw := range []string{
		"https://api.example/1.1/account.json?include_email=true&a=1&a=0", "https://api.example",
		"https://API.example:443/a%2Fb;c?x=1;2&%zz&y=[1]", "HTTPS://api.example/?realm=x#f",
	} {
		for _, place := range []Placement{PlacementHeader, PlacementQuery, PlacementBody} {
			p, req := &tap{}, apiRequest(t, "GET", "", nil)
			req.URL = parseURL(t, raw)
			req.Header.Set("X", "y")
			before := req.Clone(t.Context())
			rt := newAPI(t, p, func(c *Config) { c.Placement = place })
			if _, err := rt.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			sent := p.sent[0]
			if sent == req || sent.URL == req.URL || sent.Header.Get("X") != "y" ||
				sent.Context() != req.Context() {
				t.Errorf("%s: sent is the caller's own request, or another", raw)
			}
			if len(req.Header) != 1 || req.URL.String() != before.URL.String() {
				t.Errorf("%s: the caller's request was changed", raw)
			}
			got := verifiedBy(t, sent, apiOrigin)
			if got.Token != "tok" || got.ClientID != "client" {
				t.Errorf("got %+v", got)
			}
		}
	}
}

func TestTransportSignsTheHostHeader(t *testing.T) {
	p, req := &tap{}, apiRequest(t, "GET", "/x", nil)
	req.Host = "Other.example:443"
	rt := newAPIAt(t, p, []string{apiOrigin, "https://other.example"})
	if _, err := rt.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	verifiedBy(t, p.sent[0], "https://other.example")
}

// Whatever the method and the writing of the media type.
func TestTransportSignsForms(t *testing.T) {
	const text = "status=a+b%20c&status=&c2&x;y=%zz"
	for _, contentType := range []string{
		formType, formType + "; charset=utf-8", formType + ";charset",
		"Application/X-WWW-Form-URLEncoded ;charset=UTF-8",
	} {
		for _, method := range []string{"POST", "PUT", "DELETE", "GET", "PATCH"} {
			p, b := &tap{}, &closeCounter{Reader: strings.NewReader(text)}
			req := formOf(t, b)
			req.Header.Set("Content-Type", contentType)
			req.Method = method
			if _, err := newAPI(t, p).RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			sent := p.sent[0]
			if b.times != 1 || req.Body != b {
				t.Errorf("%s %s: closed %d times", method, contentType, b.times)
			}
			if sent.ContentLength != int64(len(text)) ||
				sent.Header.Get("Content-Type") != contentType {
				t.Errorf("%s %s: length %d", method, contentType, sent.ContentLength)
			}
			for range 2 {
				again, err := sent.GetBody()
				if err != nil {
					t.Fatal(err)
				}
				wantText(t, again, text)
			}
			got := verifiedBy(t, sent, apiOrigin)
			want := append([]Param{{"q", "1"}}, ParseParams(text)...)
			if !slices.Equal(got.Params, want) {
				t.Errorf("%s %s: parameters %q", method, contentType, got.Params)
			}
		}
	}
}

func wantText(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Errorf("body %q, %v; want %q", got, err, want)
	}
}

// In the body the parameters follow the caller's; a POST without a body gets one.
func TestTransportPlacesInTheBody(t *testing.T) {
	for _, text := range []string{"", "a=1"} {
		p := &tap{}
		req := apiRequest(t, "POST", "/x", nil)
		b := &closeCounter{Reader: strings.NewReader(text)}
		if text != "" {
			req = formOf(t, b)
			req.ContentLength = int64(len(text))
		}
		rt := newAPI(t, p, func(c *Config) { c.Placement = PlacementBody })
		if _, err := rt.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		sent := p.sent[0]
		if text != "" && (b.times != 1 || req.ContentLength != 3) || text == "" && req.Body != nil {
			t.Errorf("%q: closed %d times, or the caller's request was changed", text, b.times)
		}
		again, err := sent.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(again)
		if !strings.HasPrefix(string(data), text) || sent.ContentLength != int64(len(data)) {
			t.Errorf("length %d of %q", sent.ContentLength, data)
		}
		got := verifiedBy(t, sent, apiOrigin)
		if got.Placement != PlacementBody || got.Param("a") != strings.TrimPrefix(text, "a=") {
			t.Errorf("got %+v", got)
		}
	}
}

func TestTransportFindsFieldsInAnyCase(t *testing.T) {
	p, req := &tap{}, apiRequest(t, "POST", "/", strings.NewReader("a=1"))
	req.Header["content-type"] = []string{formType}
	if _, err := newAPI(t, p).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if got := verifiedBy(t, p.sent[0], apiOrigin); got.Param("a") != "1" {
		t.Errorf("parameters %v", got.Params)
	}
}

// Other bodies pass through, neither read nor signed nor closed.
func TestTransportStreamsOtherBodies(t *testing.T) {
	for _, contentType := range []string{
		"", jsonType, "multipart/form-data; boundary=x", "text/plain; a=" + formType,
		"x-" + formType, formType + "-x", formType + "x",
		"multipart/related; type=\"" + formType + "\"",
	} {
		for _, place := range []Placement{PlacementHeader, PlacementBody, PlacementQuery} {
			p, b := &tap{}, &closeCounter{Reader: iotest.ErrReader(errNobody)}
			req := formOf(t, b)
			req.Header.Set("Content-Type", contentType)
			req.ContentLength = -1
			req.GetBody = func() (io.ReadCloser, error) { return b, nil }
			rt := newAPI(t, p, func(c *Config) { c.Placement = place })
			if _, err := rt.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			sent := p.sent[0]
			again, _ := sent.GetBody()
			if sent.Body != b || b.times != 0 || again != b || sent.ContentLength != -1 {
				t.Errorf("%s: body not handed on as it is", contentType)
			}
			sent.Body, sent.ContentLength = http.NoBody, 0
			verifiedBy(t, sent, apiOrigin)
		}
	}
}

func TestTransportOfEmptyForms(t *testing.T) {
	for name, b := range map[string]io.Reader{
		"none": nil, "http.NoBody": http.NoBody,
		"empty": &closeCounter{Reader: strings.NewReader("")},
	} {
		p := &tap{}
		if _, err := newAPI(t, p).RoundTrip(formOf(t, b)); err != nil {
			t.Fatal(err)
		}
		sent := p.sent[0]
		if sent.ContentLength != 0 || sent.Body != nil && sent.Body != http.NoBody {
			t.Errorf("%s: length %d, body %T", name, sent.ContentLength, sent.Body)
		}
		verifiedBy(t, sent, apiOrigin)
	}
}

// A length that the caller knows better than the body is net/http's to refuse.
func TestTransportKeepsADeclaredLength(t *testing.T) {
	p, req := &tap{}, formOf(t, &closeCounter{Reader: strings.NewReader("a=1")})
	req.ContentLength = 5
	if _, err := newAPI(t, p).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if p.sent[0].ContentLength != 5 {
		t.Errorf("length %d", p.sent[0].ContentLength)
	}
}

var transportRefuses = []struct {
	name          string
	spoil         func(*http.Request)
	check, clause string
}{
	{"other host", func(r *http.Request) { r.URL.Host = "attacker.example" },
		"origin", "RFC 5849, Section 4.3"},
	{"subdomain", func(r *http.Request) { r.URL.Host = "x.api.example" },
		"origin", "RFC 5849, Section 4.3"},
	{"other port", func(r *http.Request) { r.URL.Host = "api.example:8443" },
		"origin", "RFC 5849, Section 4.3"},
	{"other scheme", func(r *http.Request) { r.URL.Scheme = "http" },
		"origin", "RFC 5849, Section 4.3"},
	{"other scheme, same port",
		func(r *http.Request) { r.URL.Scheme, r.URL.Host = "http", "api.example:443" },
		"origin", "RFC 5849, Section 4.3"},
	{"user information", func(r *http.Request) { r.URL.User = url.User("u") },
		"origin", "RFC 5849, Section 4.3"},
	{"opaque", func(r *http.Request) { r.URL.Opaque = "//attacker.example/" },
		"origin", "RFC 5849, Section 4.3"},
	{"no URL", func(r *http.Request) { r.URL = nil }, "origin", "RFC 5849, Section 4.3"},
	{"host not in ASCII", func(r *http.Request) { r.Host = "b\u00fccher.example" },
		"origin", "RFC 5849, Section 4.3"},
	{"Host of another", func(r *http.Request) { r.Host = "other.example" },
		"origin", "RFC 5849, Section 4.3"},
	{"Host of another in the map",
		func(r *http.Request) { r.Header["host"] = []string{"other.example"} },
		"origin", "RFC 5849, Section 4.3"},
	{"Authorization",
		func(r *http.Request) { r.Header.Set("Authorization", "Basic x") },
		"authorization", "RFC 5849, Section 3.5"},
	{"Authorization in lower case",
		func(r *http.Request) { r.Header["authorization"] = []string{"x"} },
		"authorization", "RFC 5849, Section 3.5"},
	{"empty Authorization",
		func(r *http.Request) { r.Header.Set("Authorization", "") },
		"authorization", "RFC 5849, Section 3.5"},
	{"oauth_ in the query",
		func(r *http.Request) { r.URL.RawQuery = "a=1&oauth%5Ftoken=x" },
		"parameters", "RFC 5849, Section 3.1"},
	{"unknown oauth_ in the query",
		func(r *http.Request) { r.URL.RawQuery = "oauth_" },
		"parameters", "RFC 5849, Section 3.1"},
	{"oauth_ in the form",
		func(r *http.Request) { setFormBody(r, "a=1&oauth_callback=x") },
		"parameters", "RFC 5849, Section 3.1"},
	{"escaped oauth_ in the form",
		func(r *http.Request) { setFormBody(r, "%6Fauth_x") },
		"parameters", "RFC 5849, Section 3.1"},
	{"form too long",
		func(r *http.Request) { setFormBody(r, strings.Repeat("a", bodyLimit+1)) },
		"body", "RFC 5849, Section 3.4.1.3.1"},
}

func setFormBody(r *http.Request, text string) {
	r.Header.Set("Content-Type", formType)
	r.Body.(*closeCounter).Reader = strings.NewReader(text)
}

// Nothing is sent, and the body is closed as the contract of RoundTripper asks.
func TestTransportRefuses(t *testing.T) {
	for _, tt := range transportRefuses {
		t.Run(tt.name, func(t *testing.T) {
			for _, place := range []Placement{PlacementHeader, PlacementBody, PlacementQuery} {
				p, b := &tap{}, &closeCounter{Reader: strings.NewReader("x")}
				req := apiRequest(t, "POST", "/x", b)
				tt.spoil(req)
				rt := newAPI(t, p, func(c *Config) { c.Placement = place })
				resp, err := rt.RoundTrip(req)
				wantKind(t, err, tt.check, tt.clause)
				if resp != nil || len(p.sent) != 0 || b.times != 1 {
					t.Errorf("%d requests sent, body closed %d times", len(p.sent), b.times)
				}
			}
		})
	}
}

func TestTransportRefusesWithoutABody(t *testing.T) {
	_, err := newAPI(t, &tap{}).RoundTrip(apiRequest(t, "GET", "/?oauth_x", nil))
	wantKind(t, err, "parameters", "RFC 5849, Section 3.1")
}

// A request for elsewhere is refused without a look at its body.
func TestTransportRefusesBeforeReading(t *testing.T) {
	for name, spoil := range map[string]func(*http.Request){
		"origin":        func(r *http.Request) { r.URL.Host = "attacker.example" },
		"authorization": func(r *http.Request) { r.Header.Set("Authorization", "x") },
	} {
		req := formOf(t, iotest.ErrReader(errNobody))
		spoil(req)
		_, err := newAPI(t, &tap{}).RoundTrip(req)
		wantKind(t, err, name, "")
	}
}

func TestTransportNamesTheParameter(t *testing.T) {
	for raw, want := range map[string]string{
		"oauth_token=" + canary:     "must not contain oauth_token (",
		"oauth_" + canary + "=1":    "must not contain one that begins with oauth_ (",
		"oauth_%0d%0aX=1":           "must not contain one that begins with oauth_ (",
		"a=1&oauth_body_hash=1&b=1": "must not contain oauth_body_hash (",
	} {
		_, err := newAPI(t, &tap{}).RoundTrip(apiRequest(t, "GET", "/?"+raw, nil))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
		mustNotShow(t, "error", err)
	}
}

func TestTransportOfABodyThatFails(t *testing.T) {
	for name, hash := range map[string]bool{formType: false, jsonType: true} {
		text := io.MultiReader(strings.NewReader("a=1"), iotest.ErrReader(errNobody))
		p, b := &tap{}, &closeCounter{Reader: text}
		req := formOf(t, b)
		req.Header.Set("Content-Type", name)
		_, err := newAPI(t, p, func(c *Config) { c.BodyHash = hash }).RoundTrip(req)
		if !errors.Is(err, errNobody) || len(p.sent) != 0 || b.times != 1 {
			t.Errorf("got %v, %d requests, closed %d times", err, len(p.sent), b.times)
		}
	}
}

// A brokenKey is a key whose device is gone.
type brokenKey struct{ *rsa.PrivateKey }

func (brokenKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errNobody
}

func TestTransportOfAKeyThatFails(t *testing.T) {
	p, b := &tap{}, &closeCounter{Reader: strings.NewReader("a=1")}
	rt := newAPI(t, p, func(c *Config) {
		c.SignatureMethod, c.PrivateKey = RSASHA256, brokenKey{toolRSAKey()}
	})
	_, err := rt.RoundTrip(formOf(t, b))
	if !errors.Is(err, errNobody) || len(p.sent) != 0 || b.times != 1 {
		t.Errorf("got %v, %d requests, closed %d times", err, len(p.sent), b.times)
	}
}

func TestTransportBodyAtItsLimit(t *testing.T) {
	p := &tap{}
	text := strings.Repeat("a", bodyLimit)
	if _, err := newAPI(t, p).RoundTrip(formOf(t, strings.NewReader(text))); err != nil {
		t.Fatal(err)
	}
	if p.sent[0].ContentLength != bodyLimit {
		t.Errorf("length %d", p.sent[0].ContentLength)
	}
}

// A body under a hash is read once, closed, and there to be sent more than once.
func TestTransportBodyHash(t *testing.T) {
	for _, text := range []string{"", "{}"} {
		for _, m := range toolMethods() {
			if m == Plaintext {
				continue
			}
			p, b := &tap{}, &closeCounter{Reader: strings.NewReader(text)}
			req := formOf(t, b)
			req.Header.Set("Content-Type", jsonType)
			rt := newAPI(t, p, func(c *Config) {
				c.BodyHash, c.SignatureMethod = true, m
				if m.isRSA() {
					c.ID, c.PrivateKey = "rsa", toolRSAKey()
				}
			})
			if _, err := rt.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			again, _ := p.sent[0].GetBody()
			wantText(t, again, text)
			got, err := newTool(t, func(c *VerifierConfig) { c.Origin = apiOrigin }).
				Verify(wireOf(t, p.sent[0]).request(t))
			if err != nil || got.Protocol["oauth_body_hash"] == "" || b.times != 1 {
				t.Errorf("%s: %v, closed %d times", m, err, b.times)
			}
		}
	}
	p := &tap{}
	rt := newAPI(t, p, func(c *Config) { c.BodyHash = true })
	if _, err := rt.RoundTrip(formOf(t, strings.NewReader("a=1"))); err != nil {
		t.Fatal(err)
	}
	if got := verifiedBy(t, p.sent[0], apiOrigin); got.Protocol["oauth_body_hash"] != "" {
		t.Error("a hash beside a form")
	}
}

func TestTransportArguments(t *testing.T) {
	c := newClient(t, apiConfig(&tap{}))
	good := apiToken(t)
	for _, tt := range []struct {
		name          string
		tok           *Token
		urls          []string
		check, clause string
	}{
		{"nil token", nil, []string{apiOrigin}, "token", "RFC 5849, Section 3.1"},
		{"zero token", new(Token), []string{apiOrigin}, "token", "RFC 5849, Section 3.1"},
		{"no secret", newToken(Record{Token: "tok"}), []string{apiOrigin},
			"token_secret", "RFC 5849, Section 2.3"},
		{"no URL", good, nil, "urls", "RFC 5849, Section 4.3"},
		{"empty URL", good, []string{""}, "urls", "RFC 5849, Section 4.3"},
		{"a host", good, []string{"api.example"}, "urls", "RFC 5849, Section 4.3"},
		{"http", good, []string{"http://api.example"}, "urls", "RFC 5849, Section 4.3"},
		{"user information", good, []string{"https://u@api.example"},
			"urls", "RFC 5849, Section 4.3"},
		{"one of two", good, []string{apiOrigin, "http://api.example"},
			"urls", "RFC 5849, Section 4.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt, err := c.Transport(tt.tok, tt.urls...)
			wantKind(t, err, tt.check, tt.clause)
			if rt != nil {
				t.Error("a transport beside the error")
			}
		})
	}
	_, err := c.Transport(good, "http://api.example")
	if !errors.Is(err, httpclient.ErrInsecureURL) {
		t.Errorf("got %v, want ErrInsecureURL", err)
	}
}

func TestTransportOrigins(t *testing.T) {
	rt := newAPIAt(t, &tap{}, []string{
		"https://api.example:443/1.1/?a", "https://upload.example:8443", "http://[::1]:80",
	})
	for _, raw := range []string{
		"https://api.example/", "https://api.example/1.1/x", "HTTPS://API.EXAMPLE:443/x",
		"https://api.example:/x", "https://upload.example:8443/x", "http://[::1]/x",
	} {
		req := apiRequest(t, "GET", "", nil)
		req.URL, req.Host = parseURL(t, raw), ""
		if _, err := rt.RoundTrip(req); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestTransportBase(t *testing.T) {
	own := &tap{}
	for name, tt := range map[string]struct {
		client *http.Client
		want   http.RoundTripper
	}{
		"own":                          {&http.Client{Transport: own}, own},
		"own client without transport": {&http.Client{}, http.DefaultTransport},
		"none":                         {nil, httpclient.Transport(nil)},
	} {
		rt := newAPI(t, nil, func(c *Config) { c.HTTP = tt.client })
		if got := rt.(roundTripper)().base; got != tt.want {
			t.Errorf("%s: base is %T", name, got)
		}
	}
}

func TestTransportDoesNotPrintSecrets(t *testing.T) {
	c := newClient(t, apiConfig(&tap{}, func(c *Config) { c.Secret = canary + canary }))
	rt, err := c.Transport(newToken(Record{Token: canary, Secret: canary}), apiOrigin)
	if err != nil {
		t.Fatal(err)
	}
	mustNotShow(t, "transport", rt)
}

// What the base says is handed on, as it is.
func TestTransportOfABaseThatFails(t *testing.T) {
	rt := newAPI(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		return nil, errNobody
	}), func(c *Config) { c.CorrectClock = true })
	resp, err := rt.RoundTrip(apiRequest(t, "GET", "/", nil))
	if resp != nil || err != errNobody {
		t.Errorf("got %v, %v", resp, err)
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestTransportTellsOfItsChecks(t *testing.T) {
	for _, tt := range []struct {
		spoil func(*http.Request)
		want  string
	}{
		{func(r *http.Request) { r.URL.RawQuery = "oauth_x" },
			"origin authorization parameters-failed"},
		{func(r *http.Request) { r.Header.Set("Content-Type", formType) },
			"origin authorization body parameters"},
		{func(r *http.Request) { r.URL.Host = "attacker.example" }, "origin-failed"},
		{func(r *http.Request) { r.Header.Set("Authorization", "x") },
			"origin authorization-failed"},
	} {
		var heard []string
		ctx := WithTrace(t.Context(), func(check, _ string, err error) {
			if err != nil {
				check += "-failed"
			}
			heard = append(heard, check)
		})
		req := apiRequest(t, "POST", "/", strings.NewReader("a=1")).WithContext(ctx)
		tt.spoil(req)
		newAPI(t, &tap{}).RoundTrip(req)
		if got := strings.Join(heard, " "); got != tt.want {
			t.Errorf("heard %q, want %q", got, tt.want)
		}
	}
}

func TestTransportOfAnEmptyRequest(t *testing.T) {
	p := &tap{}
	req := &http.Request{URL: parseURL(t, apiOrigin+"/")}
	if _, err := newAPI(t, p).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	verifiedBy(t, p.sent[0], apiOrigin)
	if req.Header != nil {
		t.Error("the caller's request was changed")
	}
}

func TestTransportRefusesUserInformation(t *testing.T) {
	hc := &http.Client{Transport: newAPI(t, &tap{})}
	_, err := hc.Get("https://user:password@api.example/")
	wantKind(t, err, "origin", "RFC 5849, Section 4.3")
}

func TestTransportHonoursTheContext(t *testing.T) {
	server, seen := newRedirecting(t, "", 307)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := apiRequest(t, "GET", "", nil).WithContext(ctx)
	req.URL, req.Host = parseURL(t, server.URL), ""
	rt := newAPIAt(t, nil, []string{server.URL})
	if _, err := rt.RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(seen()) != 0 {
		t.Error("a request was sent")
	}
}

// Each goroutine finds that its timestamps do not fall, though the clock does, and
// that no nonce comes twice.
func TestTransportIsSafeForConcurrentUse(t *testing.T) {
	var ticks atomic.Int64
	server, seen := newRedirecting(t, "", 307)
	rt := newAPIAt(t, nil, []string{server.URL}, func(c *Config) {
		c.CorrectClock = true
		c.Now = func() time.Time { return time.Unix(toolNow+ticks.Add(1)*7%11, 0) }
	})
	hc := &http.Client{Transport: rt}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				resp, err := hc.PostForm(server.URL+"/"+strconv.Itoa(i),
					url.Values{"j": {strconv.Itoa(j)}})
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	checkArrivals(t, seen())
}

func checkArrivals(t *testing.T, all []arrival) {
	t.Helper()
	nonces, last := make(map[string]bool), make(map[string]string)
	for _, a := range all {
		if a.err != nil {
			t.Fatal(a.err)
		}
		stamp := a.from.Protocol["oauth_timestamp"]
		if stamp < last[a.URL.Path] {
			t.Errorf("timestamp %s after %s", stamp, last[a.URL.Path])
		}
		last[a.URL.Path] = stamp
		nonces[a.from.Protocol["oauth_nonce"]] = true
	}
	if len(nonces) != 80 || len(all) != 80 {
		t.Errorf("%d nonces in %d requests", len(nonces), len(all))
	}
}

func TestTransportWithoutAToken(t *testing.T) {
	for _, empty := range []bool{false, true} {
		p := &tap{}
		c := newClient(t, apiConfig(p, func(c *Config) { c.EmptyToken = empty }))
		rt, err := c.Transport(NoToken(), apiOrigin)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.RoundTrip(apiRequest(t, "GET", "/", nil)); err != nil {
			t.Fatal(err)
		}
		got := verifiedBy(t, p.sent[0], apiOrigin)
		if _, ok := got.Protocol["oauth_token"]; ok != empty || got.Token != "" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestTransportOfATokenWithoutSecret(t *testing.T) {
	p := &tap{}
	c := newClient(t, apiConfig(p, func(c *Config) { c.InsecureNoTokenSecret = true }))
	rt, err := c.Transport(newToken(Record{Token: "tok"}), apiOrigin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rt.RoundTrip(apiRequest(t, "GET", "/", nil)); err != nil {
		t.Fatal(err)
	}
	v := newTool(t, func(c *VerifierConfig) {
		c.Origin = apiOrigin
		c.Key = func(context.Context, string, string) (Key, error) {
			return Key{ClientSecret: toolSecret}, nil
		}
	})
	if _, err := v.Verify(wireOf(t, p.sent[0]).request(t)); err != nil {
		t.Error(err)
	}
}
