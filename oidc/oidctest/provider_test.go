package oidctest_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

const callback = "http://127.0.0.1/callback?x=1"

// A walk goes through a login by hand, so that it can be wrong.
type walk struct {
	t *testing.T
	*oidctest.Provider
}

// start starts a provider whose clock stands still.
func start(t *testing.T, o oidctest.Options) walk {
	t.Helper()
	s := oidctest.NewServer(o)
	t.Cleanup(s.Close)
	return walk{t, s.Provider}
}

// An answer is what came back, its error from wherever it was.
type answer struct {
	status             int
	header             http.Header
	body               string
	location           *url.URL
	error, description string
}

// do sends a request and follows no redirect.
func (w walk) do(method, target string, form url.Values, header http.Header) answer {
	w.t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return w.sent(req, header)
}

// sent sends a request with more header fields and follows no redirect.
func (w walk) sent(req *http.Request, header http.Header) answer {
	w.t.Helper()
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	wantCache := "no-store"
	if resp.Header.Get("ETag") != "" {
		wantCache = "no-cache"
	}
	if got := resp.Header.Get("Cache-Control"); got != wantCache {
		w.t.Errorf("%s %s: Cache-Control is %q", req.Method, req.URL, got)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	a.location, _ = resp.Location()
	a.readError()
	return a
}

var refusal = regexp.MustCompile(`The provider refused the request: ([a-z_]+)\.`)

// params are what the browser brings, in the query or the fragment.
func (a *answer) params() url.Values {
	if a.location.Fragment == "" {
		return a.location.Query()
	}
	params, _ := url.ParseQuery(a.location.EscapedFragment())
	return params
}

func (a *answer) readError() {
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if a.location != nil {
		q := a.params()
		e.Error, e.Description = q.Get("error"), q.Get("error_description")
	} else if json.Unmarshal([]byte(a.body), &e) != nil {
		if m := refusal.FindStringSubmatch(html.UnescapeString(a.body)); m != nil {
			e.Description = m[1]
		}
	}
	a.error, a.description = e.Error, e.Description
}

const verifier = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"

// request returns a good authorization request and the verifier of its challenge.
func (w walk) request(scope string) (params url.Values, verifier string) {
	verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type":         {"code"},
		"client_id":             {"client"},
		"redirect_uri":          {callback},
		"scope":                 {scope},
		"state":                 {rand.Text()},
		"nonce":                 {rand.Text()},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}, verifier
}

func (w walk) authorize(params url.Values) answer {
	w.t.Helper()
	return w.do("GET", w.Endpoint("authorize")+"?"+params.Encode(), nil, nil)
}

// code returns a good token request for a code.
func (w walk) code(scope string) url.Values {
	w.t.Helper()
	params, verifier := w.request(scope)
	a := w.authorize(params)
	if a.location == nil || a.location.Query().Get("code") == "" {
		w.t.Fatalf("no code: %+v", a)
	}
	return url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {a.location.Query().Get("code")},
		"redirect_uri":  {callback},
		"code_verifier": {verifier},
	}
}

func basic(id, secret string) http.Header {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return r.Header
}

// token sends a token request with the secret of the client.
func (w walk) token(form url.Values) answer {
	w.t.Helper()
	return w.do("POST", w.Endpoint("token"), form, basic("client", "secret"))
}

// granted are the members of a token response.
type granted struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	IDToken      string `json:"id_token"`
}

func (w walk) read(a answer) granted {
	w.t.Helper()
	var g granted
	if err := json.Unmarshal([]byte(a.body), &g); err != nil || a.status != http.StatusOK ||
		g.AccessToken == "" {
		w.t.Fatalf("no token: %+v", a)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		w.t.Errorf("content type is %q", got)
	}
	return g
}

// grant logs in.
func (w walk) grant(scope string) granted {
	w.t.Helper()
	return w.read(w.token(w.code(scope)))
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// ask calls an endpoint with an access token.
func (w walk) ask(name, token string) answer {
	w.t.Helper()
	return w.do("GET", w.Endpoint(name), nil, http.Header{"Authorization": {"Bearer " + token}})
}

// serve asks a provider that is not mounted anywhere.
func serve(t *testing.T, p *oidctest.Provider, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	p.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return rec
}

// keys are the published keys.
func (w walk) keys() *jose.Set {
	w.t.Helper()
	keys, err := jose.ParseSet([]byte(w.do("GET", w.Endpoint("jwks"), nil, nil).body))
	if err != nil || len(keys.Skipped()) > 0 {
		w.t.Fatal(err, keys.Skipped())
	}
	return keys
}

// claims verifies an ID Token by the published keys and returns its claims.
func (w walk) claims(idToken, algorithm string, now func() time.Time) map[string]any {
	w.t.Helper()
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: w.keys(), Algorithms: []string{algorithm}, Issuer: w.Issuer(), Audience: "client",
		Now: now})
	if err != nil {
		w.t.Fatal(err)
	}
	tok, err := v.Verify(w.t.Context(), idToken)
	if err != nil {
		w.t.Fatal(err)
	}
	if tok.Header.KeyID != w.Key().ID() || tok.Header.Type != "JWT" {
		w.t.Errorf("header is %+v", tok.Header)
	}
	var claims map[string]any
	if err := tok.Claims(&claims); err != nil {
		w.t.Fatal(err)
	}
	return claims
}

// A good login leaves no fault, with either algorithm.
func TestLogin(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			w := start(t, oidctest.Options{Algorithm: algorithm})
			params, verifier := w.request("openid profile")
			params.Set("acr_values", "gold silver")
			a := w.authorize(params)
			q := a.location.Query()
			if a.status != http.StatusSeeOther || q.Get("state") != params.Get("state") ||
				q.Get("iss") != w.Issuer() || q.Get("x") != "1" || a.location.Path != "/callback" {
				t.Errorf("answer is %d %s", a.status, a.location)
			}
			g := w.read(w.token(url.Values{"grant_type": {"authorization_code"},
				"code":         {q.Get("code")},
				"redirect_uri": {callback}, "code_verifier": {verifier}}))
			if g.TokenType != "Bearer" || g.ExpiresIn != 3600 || g.Scope != "openid profile" ||
				g.RefreshToken == "" {
				t.Errorf("token is %+v", g)
			}
			sum := sha256.Sum256([]byte(g.AccessToken))
			claims := w.claims(g.IDToken, algorithm, nil)
			for name, want := range map[string]any{
				"iss": w.Issuer(), "sub": "alice", "aud": "client", "nonce": params.Get("nonce"),
				"acr":     "gold",
				"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
			} {
				if claims[name] != want {
					t.Errorf("%s is %v, want %v", name, claims[name], want)
				}
			}
			if claims["exp"].(float64)-claims["iat"].(float64) != 3600 ||
				claims["auth_time"] == nil {
				t.Errorf("claims are %v", claims)
			}
			if me := w.ask("me", g.AccessToken); me.status != 200 {
				t.Errorf("API answers %d", me.status)
			}
			if faults := w.Faults(); len(faults) > 0 {
				t.Errorf("faults %q", faults)
			}
		})
	}
}

// Without the scope openid it is OAuth 2.0, and no one is identified.
func TestWithoutOpenID(t *testing.T) {
	w := start(t, oidctest.Options{})
	g := w.grant("read write")
	if g.IDToken != "" || g.Scope != "read write" {
		t.Errorf("token is %+v", g)
	}
	if a := w.ask("me", g.AccessToken); a.status != 200 ||
		a.header.Get("Content-Type") != "application/json" ||
		strings.TrimSpace(a.body) !=
			`{"email":"alice@example.com","id":"alice","name":"Alice Example"}` {
		t.Errorf("API answers %+v", a)
	}
}

// Nonce and acr_values may be left out, each time, and are not made up.
func TestWithoutNonce(t *testing.T) {
	w := start(t, oidctest.Options{})
	for range 2 {
		params, verifier := w.request("openid")
		params.Del("nonce")
		g := w.read(w.token(url.Values{"grant_type": {"authorization_code"},
			"redirect_uri":  {callback},
			"code":          {w.authorize(params).location.Query().Get("code")},
			"code_verifier": {verifier}}))
		claims := w.claims(g.IDToken, "RS256", nil)
		for _, name := range []string{"nonce", "acr"} {
			if v, ok := claims[name]; ok {
				t.Errorf("%s is %v", name, v)
			}
		}
	}
	if faults := w.Faults(); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
}

// A public client has no secret, and may not have one.
func TestPublicClient(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client"}}})
	form := w.code("openid")
	form.Set("client_id", "client")
	g := w.read(w.do("POST", w.Endpoint("token"), form, nil))
	again := refreshForm(g.RefreshToken)
	again.Set("client_id", "client")
	w.read(w.do("POST", w.Endpoint("token"), again, nil))
	form = w.code("openid")
	form.Set("client_id", "client")
	form.Set("client_secret", "x")
	if a := w.do("POST", w.Endpoint("token"), form, nil); a.description != "wrong_secret" {
		t.Errorf("answer is %+v", a)
	}
}

// The secret may come in the form, RFC 6749, Section 2.3.1.
func TestClientSecretPost(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client", Secret: "s%+ é"}}})
	form := w.code("openid")
	form.Set("client_id", "client")
	form.Set("client_secret", "s%+ é")
	w.read(w.do("POST", w.Endpoint("token"), form, nil))
	form = w.code("openid")
	form.Set("x", strings.Repeat("x", 63<<10))
	w.read(w.do("POST", w.Endpoint("token"), form, basic("client", "s%+ é")))
}

// Mounted below a path, it is all below that path.
func TestMounted(t *testing.T) {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	p, err := oidctest.New(oidctest.Options{BaseURL: s.URL + "/op/one", LoginForm: true})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/op/one/", p)
	w := walk{t, p}
	if w.Issuer() != s.URL+"/op/one" || w.Endpoint("token") != s.URL+"/op/one/token" {
		t.Errorf("issuer %s, token endpoint %s", w.Issuer(), w.Endpoint("token"))
	}
	a := w.do("GET", s.URL+"/op/one/.well-known/openid-configuration", nil, nil)
	var metadata map[string]any
	if err := json.Unmarshal([]byte(a.body), &metadata); err != nil || a.status != http.StatusOK {
		t.Fatalf("answer is %+v, %v", a, err)
	}
	for name, path := range map[string]string{
		"issuer": "", "authorization_endpoint": "/authorize", "token_endpoint": "/token",
		"userinfo_endpoint": "/userinfo", "jwks_uri": "/jwks", "revocation_endpoint": "/revoke",
		"device_authorization_endpoint": "/device_authorization",
		"end_session_endpoint":          "/end_session", "check_session_iframe": "/check_session",
	} {
		if metadata[name] != s.URL+"/op/one"+path {
			t.Errorf("%s is %v", name, metadata[name])
		}
	}
	params, _ := w.request("openid")
	if page := w.authorize(params); !strings.Contains(page.body,
		`action="`+w.Endpoint("login")+`"`) {
		t.Errorf("form is %s", page.body)
	}
	if a := w.do("GET", s.URL+"/op/one/elsewhere", nil, nil); a.status != http.StatusNotFound {
		t.Errorf("elsewhere answers %d", a.status)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []oidctest.Options{
		{}, {BaseURL: "/op"}, {BaseURL: "http://127.0.0.1/"}, {BaseURL: "http://127.0.0.1/op/"},
		{BaseURL: "http://127.0.0.1/op?a=b"}, {BaseURL: "http://[::1"}, {BaseURL: "127.0.0.1:80"},
	} {
		if p, err := oidctest.New(o); p != nil || err == nil ||
			!strings.Contains(err.Error(), "Options.BaseURL must be absolute") {
			t.Errorf("%q: %v and %v", o.BaseURL, p, err)
		}
	}
	for _, algorithm := range []string{"none", "HS256", "rs256"} {
		if p, err := oidctest.New(oidctest.Options{BaseURL: "http://127.0.0.1",
			Algorithm: algorithm}); p != nil || err == nil {
			t.Errorf("%s: accepted", algorithm)
		}
	}
}

func TestNewServerPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	oidctest.NewServer(oidctest.Options{Algorithm: "none"})
}

// What a test passes in stays the test's.
func TestNewKeepsItsOptions(t *testing.T) {
	clients := []oidctest.Client{{ID: "client", Secret: "secret"}}
	users := []oidctest.User{{Subject: "bob"}}
	w := start(t, oidctest.Options{Clients: clients, Users: users})
	clients[0].Secret, users[0].Subject = "changed", "changed"
	if a := w.ask("me", w.grant("read").AccessToken); !strings.Contains(a.body, `"id":"bob"`) {
		t.Errorf("API answers %s", a.body)
	}
}

// RSA keys take long to make and are shared, ES256 ones are not.
func TestKey(t *testing.T) {
	for algorithm, shared := range map[string]bool{"RS256": true, "ES256": false, "": true} {
		a, b := start(t, oidctest.Options{Algorithm: algorithm}),
			start(t, oidctest.Options{Algorithm: algorithm})
		if got := a.Key() == b.Key(); got != shared {
			t.Errorf("%q: shared is %v", algorithm, got)
		}
	}
}

// A test may answer in the provider's place.
func TestIntercept(t *testing.T) {
	w := start(t, oidctest.Options{Intercept: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	if a := w.token(w.code("openid")); a.status != http.StatusTeapot {
		t.Errorf("answer is %+v", a)
	}
}

// A test may change what is signed.
func TestEditIDToken(t *testing.T) {
	w := start(t, oidctest.Options{EditIDToken: func(claims map[string]any) {
		claims["extra"] = "x"
		delete(claims, "nonce")
	}})
	claims := w.claims(w.grant("openid").IDToken, "RS256", nil)
	if claims["extra"] != "x" || claims["nonce"] != nil {
		t.Errorf("claims are %v", claims)
	}
	w = start(t, oidctest.Options{
		EditIDToken: func(claims map[string]any) { claims["x"] = func() {} }})
	if a := w.token(w.code("openid")); a.status != http.StatusInternalServerError ||
		a.body != "the ID Token cannot be signed\n" {
		t.Errorf("answer is %+v", a)
	}
}

// Tokens live as long as they are said to, by the clock given.
func TestLife(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{TokenLife: time.Minute, Now: func() time.Time { return now }})
	g := w.grant("openid")
	if g.ExpiresIn != 60 {
		t.Errorf("expires in %d", g.ExpiresIn)
	}
	claims := w.claims(g.IDToken, "RS256", func() time.Time { return now })
	if claims["exp"] != float64(now.Unix()+60) || claims["iat"] != float64(now.Unix()) ||
		claims["auth_time"] != float64(now.Unix()) {
		t.Errorf("claims are %v", claims)
	}
	now = now.Add(time.Minute - 1)
	if a := w.ask("me", g.AccessToken); a.status != 200 {
		t.Errorf("before the end: %d", a.status)
	}
	now = now.Add(1)
	if a := w.ask("me", g.AccessToken); a.description != "unusable_access_token" {
		t.Errorf("at the end: %+v", a)
	}
}

// A code lives a minute.
func TestCodeLife(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{Now: func() time.Time { return now }})
	form := w.code("openid")
	now = now.Add(time.Minute)
	w.read(w.token(form))
	form = w.code("openid")
	now = now.Add(time.Minute + 1)
	if a := w.token(form); a.description != "expired_code" {
		t.Errorf("answer is %+v", a)
	}
}

// RFC 6749, Section 6, and OpenID Connect Core 1.0, Section 12.2.
func TestRefresh(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{Now: func() time.Time { return now }})
	first := w.grant("openid read write")
	now = now.Add(time.Hour)
	second := w.read(w.token(refreshForm(first.RefreshToken)))
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken ||
		second.Scope != "openid read write" {
		t.Errorf("token is %+v", second)
	}
	clock := func() time.Time { return now }
	claims := w.claims(second.IDToken, "RS256", clock)
	if _, ok := claims["nonce"]; ok || claims["auth_time"] != float64(now.Add(-time.Hour).Unix()) {
		t.Errorf("claims are %v", claims)
	}
	narrow := refreshForm(second.RefreshToken)
	narrow.Set("scope", "read")
	third := w.read(w.token(narrow))
	if third.Scope != "read" || third.IDToken != "" {
		t.Errorf("token is %+v", third)
	}
	fourth := w.read(w.token(refreshForm(third.RefreshToken)))
	if fourth.Scope != "openid read write" {
		t.Errorf("token is %+v", fourth)
	}
}

// A code request cannot widen what was granted: it has no scope.
func TestScopeOfACodeRequest(t *testing.T) {
	w := start(t, oidctest.Options{})
	form := w.code("read")
	form.Set("scope", "openid admin")
	if g := w.read(w.token(form)); g.Scope != "read" || g.IDToken != "" {
		t.Errorf("token is %+v", g)
	}
}

// What came of a code that comes twice, or of a refresh token that does, ends.
func TestRevocation(t *testing.T) {
	for name, again := range map[string]func(w walk, form url.Values, g granted) url.Values{
		"code": func(_ walk, form url.Values, _ granted) url.Values { return form },
		"refresh token": func(_ walk, _ url.Values,
			g granted) url.Values {
			return refreshForm(g.RefreshToken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, oidctest.Options{})
			form := w.code("openid")
			first := w.read(w.token(form))
			second := w.read(w.token(refreshForm(first.RefreshToken)))
			if a := w.token(again(w, form, first)); a.error != "invalid_grant" {
				t.Errorf("used twice: %+v", a)
			}
			for _, g := range []granted{first, second} {
				if a := w.ask("me", g.AccessToken); a.status != http.StatusUnauthorized {
					t.Errorf("access token: %d", a.status)
				}
			}
			if a := w.token(refreshForm(second.RefreshToken)); a.error != "invalid_grant" {
				t.Errorf("refresh token: %+v", a)
			}
		})
	}
}

// RFC 8707, Section 2: resource may come twice.
func TestResources(t *testing.T) {
	w := start(t, oidctest.Options{})
	params, verifier := w.request("read")
	params["resource"] = []string{"https://a.example", "https://b.example"}
	a := w.authorize(params)
	if a.location == nil || a.location.Query().Get("code") == "" {
		t.Fatalf("answer is %+v", a)
	}
	w.read(w.token(url.Values{"grant_type": {"authorization_code"},
		"code":         {a.location.Query().Get("code")},
		"redirect_uri": {callback}, "code_verifier": {verifier}, "resource": params["resource"]}))
}

// Any URL on loopback is good for a client that has none registered.
func TestRedirectURIs(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{
		{ID: "client"}, {ID: "strict", RedirectURIs: []string{"https://rp.example/cb", "%"}},
		{ID: "one", RedirectURIs: []string{"https://rp.example/cb"}},
	}})
	for _, test := range []struct {
		client, uri string
		good        bool
	}{
		{"client", "http://127.0.0.1:1/a?b=c", true},
		{"client", "http://127.1.2.3", true},
		{"client", "https://[::1]/", true},
		{"client", "http://localhost/", true},
		{"client", "", false},
		{"client", "/callback", false},
		{"client", "http://rp.example/", false},
		{"client", "http://localhost.rp.example/", false},
		{"client", "http://127.0.0.1/#a", false},
		{"client", "http://127.0.0.1/#", false},
		{"client", "javascript://127.0.0.1/%0Aalert(1)", false},
		{"client", "http://%zz", false},
		{"one", "https://rp.example/cb", true},
		{"one", "http://127.0.0.1/", false},
		{"strict", "https://rp.example/cb", true},
		{"strict", "https://rp.example/cb/", false},
		{"strict", "https://rp.example/CB", false},
		{"strict", "https://rp.example/cb?a=b", false},
		{"strict", "http://127.0.0.1/", false},
		{"strict", "%", false}, // registered, but nowhere to go
	} {
		params, _ := w.request("openid")
		params.Set("client_id", test.client)
		params.Set("redirect_uri", test.uri)
		a := w.authorize(params)
		if got := a.location != nil; got != test.good || !got &&
			a.description != "wrong_redirect_uri" {
			t.Errorf("%s to %q: %+v", test.client, test.uri, a)
		}
	}
}

// After Close there is nobody.
func TestClose(t *testing.T) {
	s := oidctest.NewServer(oidctest.Options{})
	s.Close()
	if resp, err := http.Get(s.Endpoint("jwks")); err == nil {
		resp.Body.Close()
		t.Errorf("status %d", resp.StatusCode)
	}
}

// Faults are a copy, in order.
func TestFaultsAreKept(t *testing.T) {
	w := start(t, oidctest.Options{})
	w.token(url.Values{})
	w.ask("me", "x")
	want := []oidctest.Fault{oidctest.WrongGrantType, oidctest.UnusableAccessToken}
	got := w.Faults()
	if !slices.Equal(got, want) {
		t.Errorf("faults %q, want %q", got, want)
	}
	got[0] = ""
	if !slices.Equal(w.Faults(), want) {
		t.Error("the provider's own list was given out")
	}
}
