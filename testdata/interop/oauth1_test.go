package interop

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
)

// An oauth1Provider is op1.py, which knows the client testClientID by a secret and the client
// "rsa" by a key.
type oauth1Provider struct {
	url  string
	http *http.Client // that trusts it
	key  *rsa.PrivateKey
}

func startOAuth1Provider(t *testing.T, key *rsa.PrivateKey, https bool) oauth1Provider {
	t.Helper()
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := json.Marshal(map[string]string{
		testClientID: testSecret,
		"rsa":        string(toPEM("PUBLIC KEY", public)),
	})
	if err != nil {
		t.Fatal(err)
	}
	args, trusted := []string{string(clients)}, http.DefaultClient
	if https {
		var files []string
		files, trusted = certificate(t)
		args = append(args, files...)
	}
	var ready struct{ URL string }
	startPython(t, &ready, "op1.py", args...)
	return oauth1Provider{ready.URL, trusted, key}
}

// certificate returns the files of a certificate for loopback and its key, and a client
// that trusts it.
func certificate(t *testing.T) (files []string, trusting *http.Client) {
	t.Helper()
	site := httptest.NewTLSServer(nil) // which has one
	defer site.Close()
	key, err := x509.MarshalPKCS8PrivateKey(site.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"certificate.pem": toPEM("CERTIFICATE", site.Certificate().Raw),
		"key.pem":         toPEM("PRIVATE KEY", key),
	} {
		if err := os.WriteFile(dir+"/"+name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(site.Certificate())
	return []string{dir + "/certificate.pem", dir + "/key.pem"},
		httpclient.New(httpclient.Options{RootCAs: roots})
}

func toPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// An oauth1Case is one login at the provider, and calls to its API.
type oauth1Case struct {
	name     string
	config   func(*oauth1.Config) // if not the usual
	redirect string               // where the login ends, if not at testRedirectURI
	params   url.Values           // of the authorization URL
	wire     wire                 // what becomes of requests on their way
	callback func(url.Values)     // and of the callback
	token    func(*oauth1.Record) // and of the token
	calls    []apiCall            // if not the usual
	refused  string               // the step and the error it ends with
	differs  string               // from the specification, and how, if the provider does
}

// A wire sends requests on.
type wire func(next http.RoundTripper, r *http.Request) (*http.Response, error)

// An apiCall is a request to the API, and what the API saw of it.
type apiCall struct {
	method, query, contentType, body string

	saw apiAnswer
}

type apiAnswer struct {
	User        string
	Query, Form url.Values
	JSON        map[string]any
}

func apiCalls() []apiCall {
	const form = "application/x-www-form-urlencoded"
	query, saw := "a=1&a=0&b=%20x+y&c=%26%3D%25&~", url.Values{
		"a": {"1", "0"}, "b": {" x y"}, "c": {"&=%"}, "~": {""}}
	return []apiCall{
		{"GET", "", "", "", apiAnswer{}},
		{"GET", query, "", "", apiAnswer{Query: saw}},
		{"POST", "q=1", form, "b=%20x+y&%C3%A9=%26%3D", apiAnswer{
			Query: url.Values{"q": {"1"}}, Form: url.Values{"b": {" x y"}, "é": {"&="}}}},
		{"POST", query, "application/json", `{"a":"é&="}`, apiAnswer{
			Query: saw, JSON: map[string]any{"a": "é&="}}},
	}
}

// run returns the step at which the login, or the calls after it, ended with an error.
func (c oauth1Case) run(ctx context.Context, p oauth1Provider) (step string, err error) {
	config := p.config(c)
	client, err := oauth1.New(config)
	if err != nil {
		return "New", err
	}
	redirectURI := cmp.Or(c.redirect, testRedirectURI)
	req, err := client.Authorize(ctx, oauth1.AuthorizationOptions{
		RedirectURI: redirectURI, Params: c.params})
	if err != nil {
		return "Authorize", err
	}
	tok, err := c.finish(ctx, p, client, req, redirectURI)
	if err != nil {
		return "Callback", err
	}
	if c.token != nil {
		r := tok.Record()
		c.token(&r)
		if tok, err = oauth1.FromRecord(r); err != nil {
			return "FromRecord", err
		}
	}
	signing, err := client.Transport(tok, p.url)
	if err != nil {
		return "Transport", err
	}
	calls := c.calls
	if calls == nil {
		calls = apiCalls()
	}
	for _, call := range calls {
		if err := call.make(ctx, &http.Client{Transport: signing}, p.url+"/api"); err != nil {
			return "API", err
		}
	}
	return "", nil
}

// config is that of c at p.
func (p oauth1Provider) config(c oauth1Case) oauth1.Config {
	config := oauth1.Config{
		ID: testClientID, Secret: testSecret,
		TemporaryCredentialURL: p.url + "/request_token",
		AuthorizationURL:       p.url + "/authorize",
		TokenURL:               p.url + "/access_token",
		HTTP:                   p.http,

		// Authlib has oauth_callback_confirmed=True, with a capital letter.
		InsecureNoCallbackConfirmed: true,
	}
	if c.wire != nil {
		config.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return c.wire(httpclient.Transport(p.http), r)
		})}
	}
	if c.config != nil {
		c.config(&config)
	}
	return config
}

// finish has the browser approve, and fetches the token.
func (c oauth1Case) finish(
	ctx context.Context, p oauth1Provider, client *oauth1.Client, req *oauth1.AuthorizationRequest,
	redirectURI string,
) (*oauth1.Token, error) {
	if redirectURI == "oob" {
		verifier, err := p.verifier(ctx, req.URL)
		if err != nil {
			return nil, err
		}
		return client.Exchange(ctx, verifier, req.Transaction)
	}
	bare, _, _ := strings.Cut(redirectURI, "?")
	b := newBrowser("alice", bare)
	b.client.Transport = p.http.Transport
	back, err := b.logIn(req.URL)
	if err != nil {
		return nil, err
	}
	params := back.Query()
	if c.callback != nil {
		c.callback(params)
	}
	return client.Callback(ctx, params, req.Transaction)
}

// verifier is what the user of a login out of band sees in the end.
func (p oauth1Provider) verifier(ctx context.Context, authorizationURL string) (string, error) {
	b := http.Client{Transport: p.http.Transport}
	req, err := http.NewRequestWithContext(ctx, "GET", authorizationURL, nil)
	if err != nil {
		return "", err
	}
	resp, err := b.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	return string(page), err
}

// make makes the call as alice.
func (call apiCall) make(ctx context.Context, client *http.Client, api string) error {
	u := api
	if call.query != "" {
		u += "?" + call.query
	}
	req, err := http.NewRequestWithContext(ctx, call.method, u, strings.NewReader(call.body))
	if err != nil {
		return err
	}
	if call.contentType != "" {
		req.Header.Set("Content-Type", call.contentType)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := oauth1.ResponseError(resp); err != nil {
		return err
	}
	var saw apiAnswer
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxPage)).Decode(&saw); err != nil {
		return err
	}
	want := call.saw
	want.User = "alice"
	if want.Query == nil {
		want.Query = url.Values{}
	}
	if want.Form == nil {
		want.Form = url.Values{}
	}
	if !reflect.DeepEqual(saw, want) {
		return fmt.Errorf("%s %s: the API saw %+v, want %+v", call.method, call.query, saw, want)
	}
	return nil
}

// matrix is each way to sign with each way to send it.
func (p oauth1Provider) matrix() []oauth1Case {
	var cases []oauth1Case
	for _, method := range []oauth1.SignatureMethod{
		oauth1.HMACSHA1, oauth1.RSASHA1, oauth1.Plaintext,
	} {
		for _, placement := range []oauth1.Placement{
			oauth1.PlacementHeader, oauth1.PlacementBody, oauth1.PlacementQuery,
		} {
			cases = append(cases, oauth1Case{
				name: fmt.Sprintf("%s, %s", method, placement),
				config: func(c *oauth1.Config) {
					c.SignatureMethod, c.Placement = method, placement
					if method == oauth1.RSASHA1 {
						c.ID, c.Secret, c.PrivateKey = "rsa", "", p.key
					}
				},
			})
		}
	}
	return cases
}

// others are what else a client can do, and what the provider makes of it.
func others() []oauth1Case {
	const form = "application/x-www-form-urlencoded"
	return []oauth1Case{
		{name: "realm", config: func(c *oauth1.Config) { c.Realm = `A "realm", quoted \` }},
		{name: "no oauth_version", config: func(c *oauth1.Config) { c.OmitVersion = true }},
		{name: "oauth_token empty", config: func(c *oauth1.Config) { c.EmptyToken = true }},
		{name: "oauth_body_hash", config: func(c *oauth1.Config) { c.BodyHash = true }},
		{name: "further parameters", config: func(c *oauth1.Config) {
			c.TemporaryCredentialURL += "?x=%20&y=a+b"
			c.TemporaryCredentialParams = url.Values{"scope": {"a b&é"}}
			c.TokenParams = url.Values{"+": {"/"}}
		}},
		{name: "out of band", redirect: "oob"},
		{name: "out of band, QUERY", redirect: "oob",
			config: func(c *oauth1.Config) { c.Placement = oauth1.PlacementQuery }},
		{name: "callback with a query", redirect: testRedirectURI + "?next=a&b=c"},
		{name: "oauth_callback_confirmed",
			config:  func(c *oauth1.Config) { c.InsecureNoCallbackConfirmed = false },
			refused: "Authorize: oauth_callback_confirmed",
			differs: "Authlib has True for true; it takes InsecureNoCallbackConfirmed"},
		{name: "callback with an escape", redirect: testRedirectURI + "?next=%2Fa",
			refused: "Authorize: 401 invalid_signature",
			differs: "Authlib decodes the values of oauth_ parameters twice"},
		{name: "form with a name twice", calls: []apiCall{{"POST", "", form, "a=1&a=0", apiAnswer{}}},
			refused: "API: 401 invalid_signature",
			differs: "Authlib's Flask integration takes the first of each"},
		{name: "brackets in the query", calls: []apiCall{{"GET", "a=[1]", "", "", apiAnswer{}}},
			refused: "API: 500 ",
			differs: "Authlib takes no other characters than those of a list"},
		{name: "é in the query", calls: []apiCall{{"GET", "a=%C3%A9", "", "", apiAnswer{}}},
			refused: "API: 500 ",
			differs: "Werkzeug decodes it, and it is not of Authlib's list"},
		{name: "escape in the path", config: func(c *oauth1.Config) {
			c.TemporaryCredentialURL = strings.Replace(c.TemporaryCredentialURL, "_", "%5F", 1)
		}, refused: "Authorize: 401 invalid_signature",
			differs: "Werkzeug decodes the path, which is signed as sent"},
		{name: "GET for temporary credentials",
			config:  func(c *oauth1.Config) { c.TemporaryCredentialMethod = "GET" },
			refused: "Authorize: 405 method_not_allowed"},
	}
}

// refusals are what the provider, or the client, must refuse.
func refusals(stranger *rsa.PrivateKey) []oauth1Case {
	twice := func(path string) wire {
		return func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.URL.Path == path {
				resp, err := next.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				resp.Body.Close()
			}
			return next.RoundTrip(r)
		}
	}
	changed := func(path string) wire {
		return func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.URL.Path == path {
				r.URL.RawQuery += "&more=1"
			}
			return next.RoundTrip(r)
		}
	}
	return []oauth1Case{
		{name: "unknown client", config: func(c *oauth1.Config) { c.ID = "stranger" },
			refused: "Authorize: 401 invalid_client"},
		{name: "wrong client secret", config: func(c *oauth1.Config) { c.Secret = "wrong" },
			refused: "Authorize: 401 invalid_signature"},
		{name: "wrong client secret, PLAINTEXT",
			config:  func(c *oauth1.Config) { c.Secret, c.SignatureMethod = "wrong", oauth1.Plaintext },
			refused: "Authorize: 401 invalid_signature"},
		{name: "wrong key", config: func(c *oauth1.Config) {
			c.ID, c.Secret, c.SignatureMethod, c.PrivateKey = "rsa", "", oauth1.RSASHA1, stranger
		}, refused: "Authorize: 401 invalid_signature"},
		{name: "HMAC-SHA256", config: func(c *oauth1.Config) { c.SignatureMethod = oauth1.HMACSHA256 },
			refused: "Authorize: 400 unsupported_signature_method"},
		{name: "old timestamp", config: func(c *oauth1.Config) {
			c.Now = func() time.Time { return time.Now().Add(-10 * time.Minute) }
		}, refused: "Authorize: 400 invalid_request"},
		{name: "request for temporary credentials twice", wire: twice("/request_token"),
			refused: "Authorize: 401 invalid_nonce"},
		{name: "request for temporary credentials changed", wire: changed("/request_token"),
			refused: "Authorize: 401 invalid_signature"},
		{name: "user refuses", params: url.Values{"deny": {"1"}}, refused: "Callback: oauth_token",
			differs: "Authlib says error=access_denied, and not of which token"},
		{name: "callback of another login",
			callback: func(v url.Values) { v.Set("oauth_token", "another") },
			refused:  "Callback: oauth_token"},
		{name: "no verifier", callback: func(v url.Values) { v.Del("oauth_verifier") },
			refused: "Callback: oauth_verifier"},
		{name: "wrong verifier", callback: func(v url.Values) { v.Set("oauth_verifier", "wrong") },
			refused: "Callback: 400 invalid_request"},
		{name: "temporary credentials twice", wire: twice("/access_token"),
			refused: "Callback: 401 invalid_token"},
		{name: "request for a token changed", wire: changed("/access_token"),
			refused: "Callback: 401 invalid_signature"},
		{name: "unknown token", token: func(r *oauth1.Record) { r.Token = "unknown" },
			refused: "API: 401 invalid_token"},
		{name: "wrong token secret", token: func(r *oauth1.Record) { r.Secret = "wrong" },
			refused: "API: 401 invalid_signature"},
		{name: "call of the API twice", wire: twice("/api"), refused: "API: 401 invalid_nonce"},
		{name: "call of the API changed", wire: changed("/api"),
			refused: "API: 401 invalid_signature"},
	}
}

// vouchsafe logs in at the provider of the library that its users come from.
func TestOAuth1AtAuthlib(t *testing.T) {
	needPython(t)
	key, rows := newRSAKey(t), newVerdicts(t)
	http, https := startOAuth1Provider(t, key, false), startOAuth1Provider(t, key, true)
	test := func(p oauth1Provider, c oauth1Case) {
		t.Run(c.name, func(t *testing.T) {
			if got := ending(c.run(t.Context(), p)); got != c.refused {
				t.Errorf("ended with %q, want %q", got, c.refused)
			}
			rows.add(t, c.name, c.differs == "", cmp.Or(c.differs, c.refused))
		})
	}
	for _, c := range slices.Concat(https.matrix(), others(), refusals(newRSAKey(t))) {
		test(https, c)
	}
	for _, c := range http.matrix() {
		c.name += ", http"
		test(http, c)
	}
}

// ending tells which error a step ended with, or "" if there was none.
func ending(step string, err error) string {
	if refusal, ok := errors.AsType[*oauth1.Error](err); ok {
		return fmt.Sprintf("%s: %d %s", step, refusal.Status, refusal.Problem)
	}
	if failed, ok := errors.AsType[*oauth1.CheckError](err); ok {
		return step + ": " + failed.Check
	}
	if err != nil {
		return fmt.Sprintf("%s: %v", step, err)
	}
	return ""
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
