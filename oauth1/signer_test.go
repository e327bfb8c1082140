package oauth1

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/httpclient"
)

const (
	clientSecret = "the client's secret"
	tokenSecret  = "the token's secret"
)

var signerKey = Key{ClientSecret: clientSecret, TokenSecret: tokenSecret}

// signerConfig makes signatures that FIPS 140-only mode allows, at 1700000000.
func signerConfig() Config {
	return Config{
		ID: "client", Secret: clientSecret, SignatureMethod: HMACSHA256,
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
}

func signerToken() *Token { return newToken(Record{Token: "token", Secret: tokenSecret}) }

func newSigner(t *testing.T, c Config, tok *Token) *Signer {
	t.Helper()
	s, err := newClient(t, c).Signer(tok)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unsigned(t *testing.T, method, raw, contentType, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, raw, r)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

func mustSign(t *testing.T, s *Signer, req *http.Request, params ...Param) *http.Request {
	t.Helper()
	signed, err := s.Sign(req, params...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// signedParts are the parameters of a signed request: those of the protocol, in
// their order, and the others that are signed.
type signedParts struct {
	req              *http.Request
	place            Placement
	protocol, others []Param
}

// partsOf reads a signed request, and fails unless all protocol parameters are in
// one place, each of them once.
func partsOf(t *testing.T, req *http.Request) signedParts {
	t.Helper()
	places := map[Placement][]Param{PlacementQuery: ParseParams(req.URL.RawQuery)}
	if fields := httpclient.Fields(req.Header, "Authorization"); len(fields) == 1 {
		places[PlacementHeader] = authorizationParams(t, fields[0])
	} else if len(fields) != 0 {
		t.Fatalf("Authorization %q", fields)
	}
	if hasForm(req) {
		places[PlacementBody] = ParseParams(bodyOf(t, req))
	}
	parts := signedParts{req: req}
	seen := make(map[string]bool)
	for place, params := range places {
		for _, p := range params {
			if !strings.HasPrefix(p.Name, "oauth_") {
				parts.others = append(parts.others, p)
				continue
			}
			if seen[p.Name] || parts.place != "" && parts.place != place {
				t.Errorf("%s a second time, or elsewhere", p.Name)
			}
			seen[p.Name], parts.place = true, place
			parts.protocol = append(parts.protocol, p)
		}
	}
	return parts
}

func bodyOf(t *testing.T, req *http.Request) string {
	t.Helper()
	body, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (p signedParts) get(name string) string {
	i := slices.IndexFunc(p.protocol, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return ""
	}
	return p.protocol[i].Value
}

func (p signedParts) names() string {
	var names []string
	for _, p := range p.protocol {
		names = append(names, strings.TrimPrefix(p.Name, "oauth_"))
	}
	return strings.Join(names, " ")
}

// base returns the base string of p with some values changed.
func (p signedParts) base(changes map[string]string) string {
	params := slices.Concat(p.others, p.protocol)
	for i := range params {
		if value, ok := changes[params[i].Name]; ok {
			params[i].Value = value
		}
	}
	u := *p.req.URL
	u.RawQuery, u.Host = "", cmp.Or(p.req.Host, u.Host)
	return BaseString(p.req.Method, &u, params)
}

// signedBy fails unless the signature of req is m's with k. It returns the parts.
func signedBy(t *testing.T, req *http.Request, m SignatureMethod, k Key) signedParts {
	t.Helper()
	parts := partsOf(t, req)
	want, err := Sign(m, parts.base(nil), k)
	if got := parts.get("oauth_signature"); err != nil || got != want {
		t.Errorf("signature %s, want %s, %v", got, want, err)
	}
	return parts
}

var urlTests = []struct {
	name, url string
	secure    bool
}{
	{"case 27: http", "http://provider.test/p", false},
	{"case 27: http on loopback", "http://127.0.0.1:8080/p", true},
	{"case 29: brackets in the query", "https://provider.test/?a=[1]", true},
	{"https", "https://provider.test/p", true},
	{"https in upper case", "HTTPS://PROVIDER.TEST/p", true},
	{"localhost", "http://localhost/p", true},
	{"IPv6 loopback", "http://[::1]/p", true},
	{"any address", "http://0.0.0.0/p", false},
	{"a name that begins like loopback", "http://localhost.provider.test/", false},
	{"another scheme", "ftp://provider.test/", false},
	{"another scheme on loopback", "ws://127.0.0.1/", false},
	{"no scheme", "//provider.test/", false},
	{"no URL", "", false},
}

func TestSignerWantsSecureURLs(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	for _, tt := range urlTests {
		t.Run(tt.name, func(t *testing.T) {
			req := unsigned(t, "GET", "https://placeholder.example/", "", "")
			req.URL, req.Host = parseURL(t, tt.url), ""
			signed, err := s.Sign(req)
			header, errHeader := s.Header("GET", req.URL, nil)
			if tt.secure {
				if err != nil || errHeader != nil {
					t.Fatalf("Sign: %v, Header: %v", err, errHeader)
				}
				signedBy(t, signed, HMACSHA256, signerKey)
				return
			}
			for _, err := range []error{err, errHeader} {
				failsWith(t, err, "url", "RFC 5849, Section 2")
				if !errors.Is(err, httpclient.ErrInsecureURL) {
					t.Errorf("got error %v, want ErrInsecureURL", err)
				}
			}
			if signed != nil || header != "" {
				t.Error("signed")
			}
		})
	}
}

func TestSignerWantsAURL(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	_, err := s.Sign(&http.Request{})
	failsWith(t, err, "url", "RFC 5849, Section 2")
	_, err = s.Header("GET", nil, nil)
	failsWith(t, err, "url", "RFC 5849, Section 2")
	for _, u := range []*url.URL{
		{Scheme: "https"}, {Scheme: "https", Host: ":443"}, {Host: "a.example"},
		{Scheme: "https", Opaque: "a", Host: "a.example"},
		{Scheme: "https", User: url.User("a"), Host: "a.example"},
		{Scheme: "https", Host: "\u00e9.example"},
	} {
		_, err = s.Header("GET", u, nil)
		failsWith(t, err, "url", "RFC 5849, Section 2")
	}
}

// A Host header is the caller's choice, but not one that is sent in the clear.
func TestSignRefusesInsecureHosts(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	req := unsigned(t, "GET", "http://127.0.0.1:8080/", "", "")
	req.Host = "other.example"
	_, err := s.Sign(req)
	failsWith(t, err, "url", "RFC 5849, Section 2")
	if !errors.Is(err, httpclient.ErrInsecureURL) {
		t.Errorf("got error %v, want ErrInsecureURL", err)
	}
	req = unsigned(t, "GET", "https://provider.test/", "", "")
	req.Header["host"] = []string{"other.example"}
	_, err = s.Sign(req)
	failsWith(t, err, "url", "RFC 5849, Section 2")
	if !errors.Is(err, httpclient.ErrOrigin) {
		t.Errorf("got error %v, want ErrOrigin", err)
	}
	for _, u := range []string{"https://provider.test/", "https://[fe80::1%25eth0]:8443/"} {
		req = unsigned(t, "GET", u, "", "")
		req.Host = "other.example"
		if _, err := s.Sign(req); err != nil {
			t.Error(err)
		}
	}
}

// RFC 5849, Section 3.4.1.2: host and port are those of the Host header.
func TestTarget(t *testing.T) {
	u := parseURL(t, "https://a.example/x?q")
	for _, tt := range []struct{ host, want string }{
		{"", "https://a.example/x"}, {"a.example", "https://a.example/x"},
		{"B.example:443", "https://b.example/x"}, {"a.example:8443", "https://a.example:8443/x"},
	} {
		req := &http.Request{URL: u, Host: tt.host}
		if got := BaseURI(target(req)); got != tt.want || u.String() != "https://a.example/x?q" {
			t.Errorf("%q: got %s, and the URL %s", tt.host, got, u)
		}
	}
}

// A request that needs no other host is signed by its URL as it is.
func TestTargetIsNotCopied(t *testing.T) {
	u := parseURL(t, "https://a.example/x")
	for _, host := range []string{"", "a.example"} {
		if got := target(&http.Request{URL: u, Host: host}); got != u {
			t.Errorf("Host %q: the URL was copied", host)
		}
	}
}

// The Host of the request, spelt otherwise, makes no difference.
func TestSignWithItsOwnHost(t *testing.T) {
	req := unsigned(t, "GET", "https://provider.test/", "", "")
	req.Host = "Provider.test:443"
	signed := mustSign(t, newSigner(t, signerConfig(), signerToken()), req)
	if signed.Host != req.Host {
		t.Errorf("Host became %s", signed.Host)
	}
	signedBy(t, signed, HMACSHA256, signerKey)
}

func TestSignerRefusesTokens(t *testing.T) {
	const section23, section31 = "RFC 5849, Section 2.3", "RFC 5849, Section 3.1"
	withoutSecret := newToken(Record{Token: "token"})
	for _, tt := range []struct {
		name          string
		tok           *Token
		check, clause string
	}{
		{"nil", nil, "token", section31},
		{"zero", &Token{}, "token", section31},
		{"no secret", withoutSecret, "token_secret", section23},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := newClient(t, signerConfig()).Signer(tt.tok)
			failsWith(t, err, tt.check, tt.clause)
			if s != nil {
				t.Error("a signer beside the error")
			}
		})
	}
	c := signerConfig()
	c.InsecureNoTokenSecret = true
	signed := mustSign(t, newSigner(t, c, withoutSecret),
		unsigned(t, "GET", "https://provider.test/", "", ""))
	signedBy(t, signed, HMACSHA256, Key{ClientSecret: clientSecret})
}

// RFC 5849, Section 3.1: what is there, in which order.
func TestProtocolParams(t *testing.T) {
	const before, after = "nonce timestamp ", "signature_method consumer_key"
	for _, tt := range []struct {
		name, want string
		tok        *Token
		config     func(*Config)
		extra      []Param
	}{
		{"all", before + "version " + after + " token signature", signerToken(),
			func(*Config) {}, nil},
		{"no version", before + after + " token signature", signerToken(),
			func(c *Config) { c.OmitVersion = true }, nil},
		{"no token", before + "version " + after + " signature", NoToken(),
			func(*Config) {}, nil},
		{"empty token", before + "version " + after + " token signature", NoToken(),
			func(c *Config) { c.EmptyToken = true }, nil},
		{"more", before + "version " + after + " token callback x signature", signerToken(),
			func(*Config) {}, []Param{{"oauth_callback", "a/b c"}, {"oauth_x", ""}}},
		{"more and a body hash", before + "version " + after +
			" token callback body_hash signature", signerToken(),
			func(c *Config) { c.BodyHash = true }, []Param{{"oauth_callback", "oob"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := signerConfig()
			tt.config(&c)
			req := unsigned(t, "GET", "https://provider.test/", "", "")
			signed := mustSign(t, newSigner(t, c, tt.tok), req, tt.extra...)
			key := Key{ClientSecret: clientSecret, TokenSecret: tt.tok.Secret()}
			parts := signedBy(t, signed, HMACSHA256, key)
			if got := parts.names(); got != tt.want {
				t.Errorf("parameters %s, want %s", got, tt.want)
			}
			wantValues(t, parts, slices.Concat(tt.extra, []Param{
				{"oauth_timestamp", "1700000000"}, {"oauth_signature_method", "HMAC-SHA256"},
				{"oauth_consumer_key", "client"}, {"oauth_token", tt.tok.Token()}}))
			if v := parts.get("oauth_version"); v != "1.0" && !c.OmitVersion {
				t.Errorf("version %q", v)
			}
		})
	}
}

func wantValues(t *testing.T, parts signedParts, want []Param) {
	t.Helper()
	for _, p := range want {
		if got := parts.get(p.Name); got != p.Value {
			t.Errorf("%s is %q, want %q", p.Name, got, p.Value)
		}
	}
}

// RFC 5849, Section 3.3: 128 bits or more, never twice.
func TestNonces(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	req := unsigned(t, "GET", "https://provider.test/", "", "")
	seen := make(map[string]bool)
	for range 100 {
		nonce := partsOf(t, mustSign(t, s, req)).get("oauth_nonce")
		const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
		if len(nonce) < 26 || seen[nonce] || strings.Trim(nonce, base32) != "" {
			t.Fatalf("nonce %q", nonce)
		}
		seen[nonce] = true
	}
}

var placements = []Placement{PlacementHeader, PlacementBody, PlacementQuery}

func TestSignerMethods(t *testing.T) {
	for _, tt := range signTests {
		for _, placement := range placements {
			t.Run(string(tt.method)+", "+string(placement), func(t *testing.T) {
				c := signerConfig()
				c.SignatureMethod, c.Placement = tt.method, placement
				key := signerKey
				if tt.method.isRSA() {
					c.Secret, c.PrivateKey = "", keyInHSM{Signer: wikiKey()}
					key = Key{PrivateKey: wikiKey()}
				}
				req := unsigned(t, "POST", "https://provider.test/p?q=1", formType, "a=1&b=+")
				signed := mustSign(t, newSigner(t, c, signerToken()), req)
				parts := signedBy(t, signed, tt.method, key)
				if parts.place != placement ||
					parts.get("oauth_signature_method") != string(tt.method) {
					t.Errorf("in %s by %s", parts.place, parts.get("oauth_signature_method"))
				}
			})
		}
	}
}

// The RSA methods are those of crypto/rsa.
func TestSignerRSA(t *testing.T) {
	c := signerConfig()
	c.SignatureMethod, c.PrivateKey = RSASHA512, wikiKey()
	req := unsigned(t, "GET", "https://provider.test/", "", "")
	parts := partsOf(t, mustSign(t, newSigner(t, c, signerToken()), req))
	signature, err := base64.StdEncoding.DecodeString(parts.get("oauth_signature"))
	digest := crypto.SHA512.New()
	digest.Write([]byte(parts.base(nil)))
	if err == nil {
		err = rsa.VerifyPKCS1v15(&wikiKey().PublicKey, crypto.SHA512, digest.Sum(nil), signature)
	}
	if err != nil {
		t.Error(err)
	}
}

// Of a key that fails there is no request and no header.
func TestSignerWithABrokenKey(t *testing.T) {
	broken := errors.New("unplugged")
	c := signerConfig()
	c.SignatureMethod, c.PrivateKey = RSASHA256, keyInHSM{wikiKey(), broken}
	s := newSigner(t, c, signerToken())
	req := unsigned(t, "GET", "https://provider.test/", "", "")
	if signed, err := s.Sign(req); signed != nil || !errors.Is(err, broken) {
		t.Errorf("Sign: %v, %v", signed, err)
	}
	if header, err := s.Header("GET", req.URL, nil); header != "" || !errors.Is(err, broken) {
		t.Errorf("Header: %s, %v", header, err)
	}
}

func TestCustomSignature(t *testing.T) {
	broken := errors.New("broken")
	var calls []string
	c := signerConfig()
	c.SignatureMethod = "X"
	c.CustomSignature = func(client, token string) func(string) (string, error) {
		calls = append(calls, client+" and "+token)
		return func(base string) (string, error) {
			if strings.Contains(base, "break") {
				return "", broken
			}
			return "custom/" + base, nil
		}
	}
	s := newSigner(t, c, signerToken())
	for range 2 {
		signed := mustSign(t, s, unsigned(t, "GET", "https://provider.test/p", "", ""))
		parts := partsOf(t, signed)
		if got := parts.get("oauth_signature"); got != "custom/"+parts.base(nil) {
			t.Errorf("signature %s", got)
		}
	}
	if !slices.Equal(calls, []string{clientSecret + " and " + tokenSecret}) {
		t.Errorf("called with %q", calls)
	}
	_, err := s.Sign(unsigned(t, "GET", "https://provider.test/break", "", ""))
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "oauth1: custom signature: ") {
		t.Errorf("got error %v", err)
	}
}

// RFC 5849, Section 3.5.1, and RFC 9110, Section 5.6.4.
func TestAuthorization(t *testing.T) {
	params := appendEncoded(nil, []Param{{"oauth_token", `a"b c`}, {"x y", ""}})
	for realm, want := range map[string]string{
		"":       `OAuth oauth_token="a%22b%20c", x%20y=""`,
		"Photos": `OAuth realm="Photos", oauth_token="a%22b%20c", x%20y=""`,
		`a "b" \ c%20, d`: `OAuth realm="a \"b\" \\ c%20, d", oauth_token="a%22b%20c", ` +
			`x%20y=""`,
	} {
		if got := authorization(realm, params); got != want {
			t.Errorf("realm %q: got %s, want %s", realm, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	params := []encoded{{"a", "1"}, {"b", ""}}
	for before, want := range map[string]string{
		"": "a=1&b=", "x": "x&a=1&b=", "x=%zz;y&": "x=%zz;y&&a=1&b=",
	} {
		if got := join(before, params); got != want {
			t.Errorf("%q: got %s, want %s", before, got, want)
		}
	}
}

// RFC 5849, Section 3.5: no request carries protocol parameters twice.
var presentTests = []struct {
	name, query, form string
	header            http.Header
	extra             []Param
	check, need       string
}{
	{name: "header", header: http.Header{"Authorization": {"Bearer x"}}, check: "authorization"},
	{name: "header in lower case", header: http.Header{"authorization": {"Bearer x"}},
		check: "authorization"},
	{name: "empty header", header: http.Header{"Authorization": {""}}, check: "authorization"},
	{name: "query", query: "a=1&oauth_token=x", need: "must not contain oauth_token"},
	{name: "query, encoded name", query: "%6Fauth%5ftoken", need: "must not contain oauth_token"},
	{name: "query, name of our own", query: "oauth_mine=1", need: "must not contain oauth_mine"},
	{name: "query, name that does not print", query: "oauth_%0A=1",
		need: "must not contain one that begins with oauth_"},
	{name: "form", form: "a=1&oauth_nonce=x", need: "must not contain oauth_nonce"},
	{name: "form, encoded name", form: "oauth%5Fnonce=x", need: "must not contain oauth_nonce"},
	{name: "extra, no name", extra: []Param{{"", "x"}},
		need: "must not contain one that begins with oauth_"},
	{name: "extra, realm", extra: []Param{{"realm", "x"}}, need: "must not contain realm"},
	{name: "extra, nonce", extra: []Param{{"oauth_nonce", "x"}},
		need: "must not contain oauth_nonce"},
	{name: "extra, timestamp", extra: []Param{{"oauth_timestamp", "x"}},
		need: "must not contain oauth_timestamp"},
	{name: "extra, version", extra: []Param{{"oauth_version", "x"}},
		need: "must not contain oauth_version"},
	{name: "extra, method", extra: []Param{{"oauth_signature_method", "x"}},
		need: "must not contain oauth_signature_method"},
	{name: "extra, client", extra: []Param{{"oauth_consumer_key", "x"}},
		need: "must not contain oauth_consumer_key"},
	{name: "extra, token", extra: []Param{{"oauth_token", "x"}},
		need: "must not contain oauth_token"},
	{name: "extra, signature", extra: []Param{{"oauth_signature", "x"}},
		need: "must not contain oauth_signature"},
	{name: "extra twice", extra: []Param{{"oauth_x", "1"}, {"oauth_y", "1"}, {"oauth_x", "2"}},
		need: "must not contain oauth_x"},
}

func TestSignRefusesWhatIsThere(t *testing.T) {
	for _, tt := range presentTests {
		for _, placement := range placements {
			t.Run(tt.name+", "+string(placement), func(t *testing.T) {
				c := signerConfig()
				c.Placement = placement
				req := unsigned(t, "POST", "https://provider.test/?"+tt.query, formType, tt.form)
				maps.Copy(req.Header, tt.header)
				signed, err := newSigner(t, c, signerToken()).Sign(req, tt.extra...)
				if signed != nil {
					t.Error("signed")
				}
				wantPresent(t, err, tt.check, tt.need)
			})
		}
	}
}

func wantPresent(t *testing.T, err error, check, need string) {
	t.Helper()
	if check != "" {
		failsWith(t, err, check, "RFC 5849, Section 3.5")
		return
	}
	failsWith(t, err, "parameters", "RFC 5849, Section 3.1")
	if e, ok := errors.AsType[*CheckError](err); !ok || e.Need != need {
		t.Errorf("got error %v, want need %q", err, need)
	}
}

// What only looks like a protocol parameter, or is in a body that is no form, is
// not ours.
func TestSignTakesWhatIsNotThere(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	for _, tt := range []struct{ query, contentType, body string }{
		{"realm=x&oauth=1&OAUTH_token=2&xoauth_=3&a=oauth_token", formType, "realm&oauth"},
		{"", "application/json", "oauth_token=x"},
	} {
		req := unsigned(t, "POST", "https://provider.test/?"+tt.query, tt.contentType, tt.body)
		signedBy(t, mustSign(t, s, req), HMACSHA256, signerKey)
	}
}

// A body is not read for a request that cannot be signed anyway.
func TestSignChecksBeforeItReads(t *testing.T) {
	b := newCountedBody("a=1")
	req := unsigned(t, "POST", "https://provider.test/", formType, "")
	req.Body = b
	req.Header.Set("Authorization", "Bearer x")
	_, err := newSigner(t, signerConfig(), signerToken()).Sign(req)
	failsWith(t, err, "authorization", "RFC 5849, Section 3.5")
	if b.read != 0 {
		t.Errorf("%d bytes read", b.read)
	}
}

func TestSignTellsItsChecks(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	for _, tt := range []struct{ contentType, body, want string }{
		{"", "", "url authorization parameters "},
		{formType, "a=1", "url authorization body parameters "},
		{formType, "oauth_x=1", "url authorization body parameters! "},
	} {
		var heard string
		ctx := WithTrace(t.Context(), func(check, clause string, err error) {
			if err != nil {
				check += "!"
			}
			heard += check + " "
			if !strings.HasPrefix(clause, "RFC 5849, Section ") {
				t.Errorf("clause %q", clause)
			}
		})
		req := unsigned(t, "POST", "https://provider.test/", tt.contentType, tt.body)
		s.Sign(req.WithContext(ctx))
		if heard != tt.want {
			t.Errorf("heard %q, want %q", heard, tt.want)
		}
	}
}

// A signed request has the context of the one it was made of.
func TestSignKeepsTheContext(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	req := unsigned(t, "GET", "https://provider.test/", "", "").WithContext(ctx)
	signed := mustSign(t, newSigner(t, signerConfig(), signerToken()), req)
	if signed.Context().Value(key{}) != 1 || signed == req {
		t.Error("another context, or no copy")
	}
}

// What Header returns is what Sign sends.
func TestSignerHeader(t *testing.T) {
	for _, placement := range placements {
		c := signerConfig()
		c.Placement, c.Realm, c.BodyHash = placement, `a "b"`, true
		s := newSigner(t, c, signerToken())
		req := unsigned(t, "PUT", "https://provider.test/p?q=1", formType, "a=+")
		header, err := s.Header("PUT", req.URL, ParseParams("a=+"), Param{"oauth_x", "1"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(header, `OAuth realm="a \"b\"", oauth_nonce=`) {
			t.Errorf("header %s", header)
		}
		req.Header.Set("Authorization", header)
		parts := signedBy(t, req, HMACSHA256, signerKey)
		const want = "nonce timestamp version signature_method consumer_key token x signature"
		if got := parts.names(); got != want || len(parts.others) != 2 {
			t.Errorf("parameters %s, others %q", got, parts.others)
		}
	}
}

func TestSignerHeaderRefusesWhatIsThere(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	for _, tt := range presentTests {
		if tt.header != nil {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			u := parseURL(t, "https://provider.test/?"+tt.query)
			header, err := s.Header("POST", u, ParseParams(tt.form), tt.extra...)
			if header != "" {
				t.Errorf("header %s", header)
			}
			wantPresent(t, err, tt.check, tt.need)
		})
	}
}

func TestSignerHeaderLeavesItsArgumentsAlone(t *testing.T) {
	u := parseURL(t, "https://provider.test/?b=1&a=2")
	form := []Param{{"z", "1"}, {"y", "2"}}
	extra := []Param{{"oauth_z", "1"}, {"oauth_y", "2"}}
	s := newSigner(t, signerConfig(), signerToken())
	if _, err := s.Header("POST", u, form, extra[:1]...); err != nil {
		t.Fatal(err)
	}
	if form[0].Name != "z" || extra[1].Name != "oauth_y" || u.RawQuery != "b=1&a=2" {
		t.Errorf("became %q, %q, %s", form, extra, u)
	}
}

func TestSignerDoesNotShow(t *testing.T) {
	c := signerConfig()
	c.Secret = canary
	s := newSigner(t, c, newToken(Record{Token: canary, Secret: canary}))
	mustNotShow(t, "*Signer", s)
	mustNotShow(t, "Signer", *s)
	mustNotShow(t, "Signer in a struct", struct{ S *Signer }{s})
	mustNotShow(t, "NoToken", NoToken())
	if text := fmt.Sprint(NoToken().Token(), NoToken().Secret()); strings.TrimSpace(text) != "" {
		t.Errorf("NoToken has %s", text)
	}
}

func TestSignerIsSafeForConcurrentUse(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	shared := unsigned(t, "POST", "https://provider.test/?q=1", formType, "")
	var nonces sync.Map
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				req := shared.Clone(shared.Context())
				req.Body = io.NopCloser(strings.NewReader("a=1"))
				signed, err := s.Sign(req)
				if err != nil {
					t.Error(err)
					return
				}
				parts := signedBy(t, signed, HMACSHA256, signerKey)
				if _, twice := nonces.LoadOrStore(parts.get("oauth_nonce"), true); twice {
					t.Error("a nonce twice")
				}
				header, err := s.Header("GET", &url.URL{Scheme: "https", Host: "h"}, nil)
				if err != nil || !strings.HasPrefix(header, "OAuth oauth_nonce=") {
					t.Errorf("header %s, %v", header, err)
				}
			}
		})
	}
	wg.Wait()
}

// Interactive Brokers' calls have a standard's name and a key of their own.
func TestCustomSignatureOfAKnownMethod(t *testing.T) {
	for _, m := range []SignatureMethod{HMACSHA256, RSASHA256, Plaintext} {
		c := signerConfig()
		c.SignatureMethod, c.Secret, c.CustomSignature = m, "", customHalf
		signed := mustSign(t, newSigner(t, c, signerToken()),
			unsigned(t, "GET", "https://provider.test/", "", ""))
		parts := partsOf(t, signed)
		if parts.get("oauth_signature") != "half" || parts.get("oauth_signature_method") != string(m) {
			t.Errorf("%s: signed by it, not by us: %v", m, parts)
		}
	}
}

func TestCustomSignatureOfNothing(t *testing.T) {
	c := signerConfig()
	c.SignatureMethod = "X"
	c.CustomSignature = func(string, string) func(string) (string, error) { return nil }
	_, err := newClient(t, c).Signer(signerToken())
	failsWith(t, err, "signature_method", "RFC 5849, Section 3.4")
}

// What one long form needed is not held for the short requests that follow.
func TestLongBaseStringsAreNotKept(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	for range 100 { // as a pool may keep anything or nothing
		mustSign(t, s, unsigned(t, "POST", "https://provider.test/", formType,
			"a="+strings.Repeat("b", 100_000)))
		buffer := s.held().buffers.Get().(*[]byte)
		if cap(*buffer) > 64<<10 {
			t.Fatalf("%d octets are kept", cap(*buffer))
		}
	}
}
