package oauth2

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/attacktest"
	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
)

// An attackInput is an input of testdata/attacks/oauth2.json: what an attacker gives to what its Kind says. Where there are
// several of a list, each is an attack. {state} stands for the login's, {other} for that
// of another login, {issuer} for the server, {elsewhere} for the attacker's server,
// {secret} and {code} for what the request had.
type attackInput struct {
	Kind string

	Callbacks   []attackCallback // of a callback
	IssPromised bool             `json:"iss_promised"`
	Of          []string         // whose transaction

	Params        []string // further parameters of an authorization request
	RedirectURIs  []string `json:"redirect_uris"`
	Queries       []string // of the authorization endpoint
	ChallengeOnly []string `json:"challenge_only"` // methods that the server has instead of S256

	Servers []json.RawMessage // what the metadata says otherwise
	Missing []string          // from a configuration
	Auth    []attackAuth      // what a client is to authenticate with

	Endpoint   string         // asked
	Answers    []attackAnswer // of the server asked
	URLs       []string       // asked, or configured
	PublicOnly bool           `json:"public_only"`
	Pinned     string         // what a token is for
	Host       []string       // Host fields of requests
	Algorithms []string       // of client assertions
	Tokens     []string       // JSON Web Tokens, by what is wrong with them
	Scopes     []string       // asked for
}

type attackCallback struct{ Query, Form string }

type attackAuth struct{ Method, Secret string }

// An attackAnswer may come with several statuses, or with a text many times.
type attackAnswer struct {
	Statuses             []int
	Type, Body, Location string
	Repeat               string // comes Times times after Body
	Times                int
}

// attackKinds give the errors of each input. An error comes alone.
var attackKinds = map[string]func(*testing.T, attackInput) []error{
	"callback":         attackByCallback,
	"transaction":      attackByTransaction,
	"redirect path":    attackByPath,
	"authorize":        attackByAuthorize,
	"configuration":    attackByConfiguration,
	"authentication":   attackByAuthentication,
	"endpoint":         attackByEndpoint,
	"discovery":        attackByDiscovery,
	"key set":          attackByKeySet,
	"key set URL":      attackByKeySetURL,
	"resource":         attackByResource,
	"redirect":         attackByResourceRedirect,
	"client assertion": attackByAssertion,
	"algorithm":        attackByAlgorithm,
	"JSON Web Token":   attackByToken,
	"certificate":      attackByCertificate,
	"scope":            attackByScope,
}

func TestAttacks(t *testing.T) {
	kindOf := func(in attackInput) string { return in.Kind }
	attacktest.Replay(t, "oauth2", 30, kindOf, attackKinds, refusedBy)
}

// errEscaped stands for what is accepted, but not taken for what the attacker meant.
var errEscaped = errors.New("escaped")

// refusedBy names an error as outcome does, and what this package is not the one to say.
func refusedBy(err error) string {
	refusal, isRefusal := errors.AsType[*Error](err)
	status, isStatus := errors.AsType[*httpclient.StatusError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isSyntax := errors.AsType[*strictjson.SyntaxError](err)
	switch {
	case err == nil:
		return "accepted"
	case errors.Is(err, httpclient.ErrAddress):
		return "address not public"
	case errors.Is(err, jose.ErrSignature):
		return "signature"
	case isCertificate:
		return "certificate"
	case isSyntax && !isRefusal && !strings.HasPrefix(outcome(err), "check "):
		return "JSON"
	case isRefusal && refusal.Status/100 == 3 && refusal.Code == "",
		isStatus && status.Status/100 == 3:
		return "redirect"
	}
	return outcome(err)
}

// An attacker's server, which nobody must ask.
func newElsewhere(t *testing.T) *server {
	s := newServer(t, answerJSON(200, goodToken))
	t.Cleanup(func() {
		if got := s.requests(); len(got) > 0 {
			t.Errorf("the attacker was asked %q", got)
		}
	})
	return s
}

func attackByCallback(t *testing.T, in attackInput) []error {
	s := newElsewhere(t) // the token endpoint is not asked either
	config := configAt(s.URL)
	config.Server.AuthorizationResponseIssParameterSupported = in.IssPromised
	c := newClient(t, config)
	var errs []error
	for _, callback := range in.Callbacks {
		txn := begin(t, c).Transaction
		other := begin(t, c).Transaction
		place := strings.NewReplacer("{state}", txn.State(), "{other}", other.State(),
			"{issuer}", url.QueryEscape(s.URL), "{cut}", txn.State()[1:]).Replace
		req := httptest.NewRequest("GET", "/cb", nil)
		if callback.Form != "" {
			req = httptest.NewRequest("POST", "/cb", strings.NewReader(place(callback.Form)))
			req.Header.Set("Content-Type", formType)
		}
		req.URL.RawQuery = place(callback.Query)
		params, err := ReadCallback(req)
		if err == nil {
			var tok *Token
			if tok, err = c.Callback(t.Context(), params, txn); tok != nil {
				t.Error("a token")
			}
		}
		errs = append(errs, err)
	}
	return errs
}

func attackByTransaction(t *testing.T, in attackInput) []error {
	s := newElsewhere(t)
	c := newClient(t, configAt(s.URL))
	of := map[string]func(*Config){
		"another client":                 func(c *Config) { c.ID = "other" },
		"another server":                 func(c *Config) { c.Server.Issuer += "/other" },
		"another token endpoint":         func(c *Config) { c.Server.TokenEndpoint += "2" },
		"another authorization endpoint": func(c *Config) { c.Server.AuthorizationEndpoint += "2" },
	}
	var errs []error
	for _, whose := range in.Of {
		txn := map[string]*Transaction{"nobody": nil, "no request": {}}[whose]
		if change := of[whose]; change != nil {
			config := configAt(s.URL)
			change(&config)
			txn = begin(t, newClient(t, config)).Transaction
		}
		_, err := c.Callback(t.Context(), url.Values{"code": {"c"}, "state": {txn.State()}}, txn)
		errs = append(errs, err)
	}
	return errs
}

func attackByPath(t *testing.T, in attackInput) []error {
	txn := begin(t, newClient(t, configAt("https://as.example"))).Transaction
	var errs []error
	for _, raw := range in.URLs {
		errs = append(errs, txn.CheckRedirect(httptest.NewRequest("GET", raw, nil)))
	}
	return errs
}

func attackByAuthorize(t *testing.T, in attackInput) []error {
	var errs []error
	try := func(c Config, o AuthorizationOptions) {
		req, err := newClient(t, c).Authorize(t.Context(), o)
		if req != nil {
			t.Errorf("a request: %s", req.URL)
		}
		errs = append(errs, err)
	}
	config := configAt("https://as.example")
	for _, query := range in.Params {
		params, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		try(config, AuthorizationOptions{RedirectURI: redirectURI, Params: params})
	}
	for _, raw := range in.RedirectURIs {
		try(config, AuthorizationOptions{RedirectURI: raw})
	}
	for _, query := range in.Queries {
		config := configAt("https://as.example")
		config.Server.AuthorizationEndpoint += "?" + query
		try(config, AuthorizationOptions{RedirectURI: redirectURI})
	}
	for _, method := range in.ChallengeOnly {
		config.Server.CodeChallengeMethodsSupported = []string{method}
		try(config, AuthorizationOptions{RedirectURI: redirectURI})
	}
	return errs
}

func attackByConfiguration(t *testing.T, in attackInput) []error {
	var errs []error
	try := func(config Config) {
		c, err := New(config)
		if c != nil {
			t.Errorf("a client of %v", config.Server)
		}
		errs = append(errs, err)
	}
	for _, otherwise := range in.Servers {
		config := configAt("https://as.example")
		if err := json.Unmarshal(otherwise, &config.Server); err != nil {
			t.Fatal(err)
		}
		try(config)
	}
	for _, missing := range in.Missing {
		config := configAt("https://as.example")
		switch missing {
		case "authentication":
			config.Auth = nil
		case "client ID":
			config.ID = ""
		}
		try(config)
	}
	return errs
}

func attackByAuthentication(_ *testing.T, in attackInput) []error {
	var errs []error
	for _, a := range in.Auth {
		_, err := AuthenticationFor(a.Method, Credentials{Secret: a.Secret})
		errs = append(errs, err)
	}
	return errs
}

// each has the server of a handler answer so, with each status in turn.
func (a attackAnswer) each(elsewhere string, secrets ...string) []http.HandlerFunc {
	var handlers []http.HandlerFunc
	for _, status := range a.Statuses {
		handlers = append(handlers, func(w http.ResponseWriter, r *http.Request) {
			place := strings.NewReplacer(append([]string{"{elsewhere}", elsewhere,
				"{issuer}", "http://" + r.Host}, secrets...)...).Replace
			w.Header().Set("Content-Type", a.Type)
			if a.Location != "" {
				w.Header().Set("Location", place(a.Location))
			}
			w.WriteHeader(status)
			w.Write([]byte(place(a.Body) + strings.Repeat(a.Repeat, a.Times)))
		})
	}
	return handlers
}

const attackSecret = canary + "secret"

func attackByEndpoint(t *testing.T, in attackInput) []error {
	elsewhere := newElsewhere(t)
	var errs []error
	for _, answer := range in.Answers {
		secrets := []string{"{secret}", attackSecret, "{code}", canary}
		for _, handler := range answer.each(elsewhere.URL, secrets...) {
			s := newServer(t, handler)
			config := configAt(s.URL)
			config.Auth = ClientSecretPost(attackSecret)
			config.Server.RevocationEndpoint = s.URL + "/revoke"
			config.Server.IntrospectionEndpoint = s.URL + "/introspect"
			config.Server.DeviceAuthorizationEndpoint = s.URL + "/device"
			err := askEndpoint(t, newClient(t, config), in.Endpoint)
			mustNotShow(t, "the error", err)
			errs = append(errs, err)
		}
	}
	return errs
}

// askEndpoint sends a request with secrets.
func askEndpoint(t *testing.T, c *Client, endpoint string) error {
	t.Helper()
	tok, err := FromRecord(Record{AccessToken: canary, RefreshToken: canary})
	if err != nil {
		t.Fatal(err)
	}
	var got any
	switch endpoint {
	case "token":
		txn := begin(t, c).Transaction
		params := answered(txn)
		params.Set("code", canary)
		tok, err = c.Callback(t.Context(), params, txn)
		got = tok
	case "refresh":
		tok, err = c.Refresh(t.Context(), tok, TokenOptions{})
		got = tok
	case "introspection":
		got, err = c.Introspect(t.Context(), canary, "")
	case "revocation":
		return c.Revoke(t.Context(), tok, "")
	case "device":
		got, err = c.DeviceAuthorization(t.Context(), TokenOptions{})
	default:
		t.Fatalf("endpoint %q", endpoint)
	}
	if err != nil && !slices.Contains([]any{(*Token)(nil), (*Introspection)(nil),
		(*DeviceAuthorization)(nil)}, got) {
		t.Errorf("%v beside an error", got)
	}
	return err
}

// clientFor returns the client that strangers' URLs are fetched with.
func clientFor(in attackInput) *http.Client {
	return httpclient.New(httpclient.Options{PublicOnly: in.PublicOnly})
}

func attackByDiscovery(t *testing.T, in attackInput) []error {
	elsewhere := newElsewhere(t)
	var errs []error
	try := func(issuer string) {
		s, err := Discover(t.Context(), clientFor(in), issuer)
		if s.Issuer != "" || s.TokenEndpoint != "" {
			t.Errorf("metadata %v", s)
		}
		errs = append(errs, err)
	}
	for _, raw := range in.URLs {
		try(raw)
	}
	for _, answer := range in.Answers {
		for _, handler := range answer.each(elsewhere.URL) {
			try(newServer(t, handler).URL)
		}
	}
	return errs
}

func attackByKeySet(t *testing.T, in attackInput) []error {
	elsewhere := newElsewhere(t)
	var errs []error
	for _, answer := range in.Answers {
		for _, handler := range answer.each(elsewhere.URL) {
			s, err := NewRemoteKeySet(newServer(t, handler).URL, clientFor(in), nil)
			if err != nil {
				t.Fatal(err)
			}
			keys, err := s.Keys(t.Context(), jose.Header{Algorithm: "ES256"})
			if len(keys) > 0 {
				t.Errorf("%d keys", len(keys))
			}
			errs = append(errs, err)
		}
	}
	return errs
}

func attackByKeySetURL(t *testing.T, in attackInput) []error {
	var errs []error
	for _, raw := range in.URLs {
		s, err := NewRemoteKeySet(raw, clientFor(in), nil)
		if err == nil {
			_, err = s.Set(t.Context())
		}
		errs = append(errs, err)
	}
	return errs
}

func attackByResource(t *testing.T, in attackInput) []error {
	sent := &sentRequests{}
	config := configAt("https://as.example")
	config.HTTP = &http.Client{Transport: sent}
	transport, err := newClient(t, config).Transport(held(t), in.Pinned)
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	try := func(req *http.Request) {
		_, err := transport.RoundTrip(req)
		errs = append(errs, err)
	}
	for _, raw := range in.URLs {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		try(&http.Request{Method: "GET", URL: u})
	}
	for _, host := range in.Host {
		req := httptest.NewRequest("GET", in.Pinned, nil)
		req.Host = host
		try(req)
	}
	if len(sent.list) > 0 {
		t.Error("sent")
	}
	return errs
}

// The attacker's server is in memory, as is the one that has the token. A request that it
// gets without the token has escaped it.
func attackByResourceRedirect(t *testing.T, in attackInput) []error {
	var errs []error
	for _, answer := range in.Answers {
		for _, handler := range answer.each("https://evil.example") {
			for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
				errs = append(errs, followRedirect(t, handler, p))
			}
		}
	}
	return errs
}

func followRedirect(t *testing.T, handler http.HandlerFunc, p Placement) error {
	config := configAt("https://as.example")
	config.TokenPlacement = p
	sent := &sentRequests{}
	config.HTTP = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "api.example" || r.URL.Scheme != "https" {
			return sent.RoundTrip(r)
		}
		w := httptest.NewRecorder()
		handler(w, r)
		return w.Result(), nil
	})}
	transport, err := newClient(t, config).Transport(held(t), pinnedTo)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: transport}
	resp, err := client.Post(pinnedTo, formType, strings.NewReader("a=b"))
	if err != nil {
		return err
	}
	resp.Body.Close()
	if len(sent.list) != 1 {
		t.Errorf("the attacker was asked %d times", len(sent.list))
		return nil
	}
	wantBare(t, sent.list[0], sent.bodies[0])
	return errEscaped
}

// The honest server takes assertions for itself only. What a client makes for the
// attacker's server, whose metadata has endpoints of the honest one, is none of those.
func attackByAssertion(t *testing.T, in attackInput) []error {
	key := newKey(t)
	var errs []error
	for _, otherwise := range in.Servers {
		config := configAt("https://as.example")
		config.Auth = PrivateKeyJWT(key, AssertionOptions{})
		if err := json.Unmarshal(otherwise, &config.Server); err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest("POST", "/", nil)
		req.PostForm = url.Values{}
		if err := config.Auth.Authenticate(t.Context(), newClient(t, config), req); err != nil {
			t.Fatal(err)
		}
		for _, audience := range []string{"https://as.example", "https://as.example/token"} {
			v, err := jose.NewVerifier(jose.VerifierConfig{
				Keys:       jose.NewSet(key),
				Algorithms: []string{"ES256"},
				Issuer:     "client",
				Audience:   audience,
				Type:       "client-authentication+jwt",
				Now:        func() time.Time { return start },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), req.PostForm.Get("client_assertion"))
			errs = append(errs, err)
		}
	}
	return errs
}

// A server can narrow what a client signs with, and not have it not sign.
func attackByAlgorithm(t *testing.T, in attackInput) []error {
	var errs []error
	for _, alg := range in.Algorithms {
		config := configAt("https://as.example")
		config.Server.TokenEndpointAuthSigningAlgValuesSupported = []string{alg}
		config.Auth = PrivateKeyJWT(newKey(t), AssertionOptions{Algorithm: alg})
		_, err := New(config)
		errs = append(errs, err)
		config.Auth = PrivateKeyJWT(newKey(t), AssertionOptions{})
		req := httptest.NewRequest("POST", "/", nil)
		req.PostForm = url.Values{}
		if err := config.Auth.Authenticate(t.Context(), newClient(t, config), req); err != nil {
			t.Fatal(err)
		}
		h, err := jose.Peek(req.PostForm.Get("client_assertion"))
		if err != nil || h.Algorithm != "ES256" {
			t.Errorf("signed with %q, %v", h.Algorithm, err)
		}
	}
	return errs
}

// Tokens of one issuer, verified with the keys that another publishes.
func attackByToken(t *testing.T, in attackInput) []error {
	var errs []error
	for _, wrong := range in.Tokens {
		ours, theirs := keyCalled(t, "1"), keyCalled(t, "1")
		p := newPublisher(t, ours)
		v, err := jose.NewVerifier(jose.VerifierConfig{
			Keys:       p.keySet(t),
			Algorithms: []string{"ES256"},
			Issuer:     "https://as.example",
			Audience:   "client",
			Now:        func() time.Time { return start.Add(time.Hour) },
		})
		if err != nil {
			t.Fatal(err)
		}
		claims := jose.Claims{Issuer: "https://as.example", Audience: []string{"client"},
			ExpiresAt: start.Add(2 * time.Hour)}
		token := issueFor(t, claims, ours)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatalf("not even what is good: %v", err)
		}
		switch wrong {
		case "key of another issuer under the same ID":
			token = issueFor(t, claims, theirs)
		case "key that was removed":
			p.publish(t, newKey(t))
			p.now.Store(2 * 3600)
		case "not signed":
			_, rest, _ := strings.Cut(token, ".")
			payload, _, _ := strings.Cut(rest, ".")
			token = "eyJhbGciOiJub25lIn0." + payload + "."
		case "alg none beside a signature":
			_, rest, _ := strings.Cut(token, ".")
			token = "eyJhbGciOiJub25lIn0." + rest
		case "of another issuer":
			claims.Issuer = "https://evil.example"
			token = issueFor(t, claims, ours)
		default:
			t.Fatalf("%q is no token", wrong)
		}
		got, err := v.Verify(t.Context(), token)
		if got != nil {
			t.Error("a token beside an error")
		}
		errs = append(errs, err)
	}
	return errs
}

// keyCalled returns a new key of that ID.
func keyCalled(t *testing.T, id string) *jose.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.NewKey(private, jose.KeyOptions{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func issueFor(t *testing.T, claims jose.Claims, key *jose.Key) string {
	t.Helper()
	token, err := jose.Issue(claims, key, jose.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func attackByCertificate(t *testing.T, in attackInput) []error {
	s := httptest.NewUnstartedServer(answerJSON(200, goodToken))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	var errs []error
	for _, endpoint := range strings.Fields(in.Endpoint) {
		config := configAt(s.URL)
		config.HTTP = httpclient.New(httpclient.Options{})
		errs = append(errs, askEndpoint(t, newClient(t, config), endpoint))
	}
	return errs
}

// What is not granted is not had: errEscaped says so.
func attackByScope(t *testing.T, in attackInput) []error {
	var errs []error
	for _, answer := range in.Answers {
		for _, handler := range answer.each("") {
			c := newClient(t, configAt(newServer(t, handler).URL))
			tok, err := c.ClientCredentials(t.Context(), TokenOptions{Scopes: in.Scopes})
			if err == nil && !slices.Equal(tok.Scopes, in.Scopes) &&
				len(tok.NotGranted)+len(tok.Scopes) == len(in.Scopes) {
				err = errEscaped
			}
			errs = append(errs, err)
		}
	}
	return errs
}
