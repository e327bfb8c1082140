package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

const redirectURI = "http://127.0.0.1/callback"

// start is when every test begins.
var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// A clock stands still unless it is told to go on.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time { return start.Add(time.Duration(c.seconds.Load()) * time.Second) }

// outcome names an error: the check, the server's code and status, or what went
// wrong on the way.
func outcome(err error) string {
	for name, known := range map[string]error{
		"signature":       jose.ErrSignature,
		"too large":       httpclient.ErrTooLarge,
		"cut short":       io.ErrUnexpectedEOF,
		"insecure URL":    httpclient.ErrInsecureURL,
		"other origin":    httpclient.ErrOrigin,
		"not transaction": errTransaction,
	} {
		if errors.Is(err, known) {
			return name
		}
	}
	if e, ok := errors.AsType[*jose.CheckError](err); ok {
		return "check " + e.Check
	}
	if e, ok := errors.AsType[*oauth2.Error](err); ok {
		return fmt.Sprintf("server %s %d", e.Code, e.Status)
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// A world is a provider, a client of it and their clock.
type world struct {
	t *testing.T
	*oidctest.Server
	*clock
	client *Client

	mu   sync.Mutex
	seen []string // the paths that were requested
}

// An answerer answers requests for a path in the provider's place.
type answerer map[string]http.HandlerFunc

// newWorld starts a provider with the edits of a test, and makes a client.
func newWorld(t *testing.T, o oidctest.Options, instead answerer, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}}
	o.Now = w.now
	o.Intercept = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.mu.Lock()
			w.seen = append(w.seen, r.URL.Path)
			w.mu.Unlock()
			if answer := instead[r.URL.Path]; answer != nil {
				// What the provider would say is there to be changed.
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				answer(rw, r.WithContext(context.WithValue(r.Context(), recorded{}, rec)))
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
	w.Server = oidctest.NewServer(o)
	t.Cleanup(w.Close)
	config := Config{
		Issuer: w.Issuer(), ID: "client", Auth: oauth2.ClientSecret("secret"), Now: w.now}
	if change != nil {
		change(&config)
	}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	return w
}

type recorded struct{}

// edit answers with what the provider would say, its members changed.
func edit(change func(members map[string]any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rec := r.Context().Value(recorded{}).(*httptest.ResponseRecorder)
		members := map[string]any{}
		if err := json.Unmarshal(rec.Body.Bytes(), &members); err != nil {
			panic(err)
		}
		change(members)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(members)
	}
}

// set returns an edit of one member; nil removes it.
func set(name string, value any) http.HandlerFunc {
	return edit(func(members map[string]any) { put(members, name, value) })
}

// null stands for JSON's null.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func put(members map[string]any, name string, value any) {
	if value == nil {
		delete(members, name)
	} else {
		members[name] = value
	}
}

// say answers with a fixed body.
func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// endless answers without end.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, strings.Repeat(" ", 64<<10)); err != nil {
			return
		}
	}
}

// cut answers with a body that ends early.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"sub":"alice"`)
}

// requests counts the requests for a path so far.
func (w *world) requests(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, p := range w.seen {
		if p == path {
			n++
		}
	}
	return n
}

// begin makes an authentication request.
func (w *world) begin(o AuthorizationOptions) *AuthorizationRequest {
	w.t.Helper()
	o.RedirectURI = redirectURI
	req, err := w.client.Authorize(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return req
}

// browse visits a URL and returns the parameters of the redirect back.
func (w *world) browse(url string) url.Values {
	w.t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil {
		w.t.Fatalf("%s: status %d, faults %q", url, resp.StatusCode, w.Faults())
	}
	return location.Query()
}

// login goes through a login. What refuses it must not show its secrets.
func (w *world) login(o AuthorizationOptions) (*Login, error) {
	w.t.Helper()
	req := w.begin(o)
	params := w.browse(req.URL)
	login, err := w.client.Callback(w.t.Context(), params, req.Transaction)
	if err == nil {
		return login, nil
	}
	if login != nil {
		w.t.Error("a login beside an error")
	}
	for _, secret := range []string{params.Get("code"), req.Transaction.data().Expected.Nonce} {
		if secret == "" || strings.Contains(err.Error(), secret) {
			w.t.Errorf("error shows a secret: %v", err)
		}
	}
	return nil, err
}

func (w *world) mustLogin(o AuthorizationOptions) *Login {
	w.t.Helper()
	login, err := w.login(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return login
}

func TestLogin(t *testing.T) {
	for _, algorithm := range []string{"RS256", "PS384", "ES256", "ES512", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{Algorithm: algorithm}, nil, nil)
			login := w.mustLogin(AuthorizationOptions{Scopes: []string{"profile", "email"}})
			id := login.IDToken
			if id.Identity() != (Identity{w.Issuer(), "alice"}) || id.Issuer != w.Issuer() ||
				id.Subject != "alice" || !slices.Equal(id.Audience, []string{"client"}) ||
				!id.ExpiresAt.Equal(start.Add(time.Hour)) || !id.IssuedAt.Equal(start) ||
				!id.AuthTime.Equal(start) || id.AuthorizedParty != "" || id.ACR != "" {
				t.Errorf("ID Token is %+v", id)
			}
			if !login.Token.ExpiresAt.Equal(start.Add(time.Hour)) {
				t.Errorf("token ends %v, not by the clock given", login.Token.ExpiresAt)
			}
			if login.Token.AccessToken() == "" ||
				!slices.Equal(login.Token.Scopes, []string{"openid", "profile", "email"}) {
				t.Errorf("token is %+v", login.Token)
			}
			user, err := w.client.UserInfo(t.Context(), login)
			if err != nil || user.Name != "Alice Example" {
				t.Errorf("user is %+v, %v", user, err)
			}
			if faults := w.Faults(); len(faults) > 0 {
				t.Errorf("faults %q", faults)
			}
		})
	}
}

func TestNew(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"least", func(*Config) {}, "ok"},
		{"no ID", func(c *Config) { c.ID = "" }, "check client_id"},
		{"no Auth", func(c *Config) { c.Auth = nil },
			"check client_authentication"},
		{"no issuer", func(c *Config) { c.Issuer = "" }, "check issuer"},
		{"the issuer of Provider", func(c *Config) {
			c.Provider.Issuer, c.Issuer = c.Issuer, ""
		}, "ok"},
		{"the issuer twice", func(c *Config) { c.Provider.Issuer = c.Issuer }, "ok"},
		{"two issuers", func(c *Config) { c.Provider.Issuer = "https://q.example" },
			"check issuer"},
		{"two issuers, one by the URL", func(c *Config) {
			c.ServerMetadataURL, c.Issuer = c.Issuer+wellKnown, ""
			c.Provider.Issuer = "https://q.example"
		}, "ok"},
		{"issuer in clear", func(c *Config) { c.Issuer = "http://p.example" }, "insecure URL"},
		{"issuer in clear, metadata elsewhere", func(c *Config) {
			c.Issuer, c.ServerMetadataURL = "http://p.example", "https://p.example/metadata"
		}, "insecure URL"},
		{"issuer no URL", func(c *Config) { c.Issuer = "p.example" }, "insecure URL"},
		{"issuer with fragment", func(c *Config) { c.Issuer += "#a" }, "insecure URL"},
		{"issuer with user information", func(c *Config) { c.Issuer = "https://u@p.example" },
			"insecure URL"},
		{"issuer with query", func(c *Config) { c.Issuer += "?a=b" },
			"check issuer"},
		{"issuer with empty query", func(c *Config) { c.Issuer += "?" },
			"check issuer"},
		{"metadata in clear", func(c *Config) { c.ServerMetadataURL = "http://p.example/metadata" },
			"insecure URL"},
		{"metadata with query",
			func(c *Config) { c.ServerMetadataURL = "https://p.example/metadata?a=b" }, "ok"},
		{"longest leeway", func(c *Config) { c.Leeway = 5 * time.Minute }, "ok"},
		{"longer leeway", func(c *Config) { c.Leeway = 5*time.Minute + 1 },
			"check leeway"},
		{"ES256", func(c *Config) { c.IDToken.SigningAlgorithm = "ES256" }, "ok"},
		{"responses signed with none",
			func(c *Config) { c.AuthorizationResponse.SigningAlgorithm = "none" },
			"check authorization_signed_response_alg"},
		{"request objects without a key",
			func(c *Config) { c.RequestObject.Algorithm = "ES256" }, "check key"},
		{"encrypted request objects", func(c *Config) {
			c.RequestObject = oauth2.RequestObject{Key: generate(t, "ES256"), Algorithm: "ES256",
				EncryptionAlgorithm: "RSA-OAEP-256"}
		}, "ok"},
		{"none", func(c *Config) { c.IDToken.SigningAlgorithm = "none" },
			"check id_token_signed_response_alg"},
		{"HS256 of a public client", func(c *Config) { c.IDToken.SigningAlgorithm = "HS256" },
			"check client_secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Issuer: "https://p.example", ID: "client", Auth: oauth2.None()}
			test.change(&c)
			client, err := New(c)
			if got := outcome(err); got != test.want || (client == nil) != (err != nil) {
				t.Errorf("%v and %q, want %q", client, got, test.want)
			}
		})
	}
}

// Of two URLs the one that is refused is named.
func TestNewNamesTheURL(t *testing.T) {
	for check, c := range map[string]Config{
		"issuer": {Issuer: "http://p.example", ServerMetadataURL: "https://p.example/metadata"},
		"server_metadata_url": {Issuer: "https://p.example",
			ServerMetadataURL: "http://p.example/metadata"},
	} {
		c.ID, c.Auth = "client", oauth2.None()
		if _, err := New(c); !errors.Is(err, &jose.CheckError{Check: check}) {
			t.Errorf("error is %v, want %s", err, check)
		}
	}
}

// The caller's list of claims providers is read once.
func TestClaimsProvidersAreKept(t *testing.T) {
	providers := []ClaimsProvider{{Issuer: "https://a.example", Keys: jose.NewSet()}}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) { c.ClaimsProviders = providers })
	providers[0].Issuer = "https://evil.example"
	if got := w.client.config.ClaimsProviders[0].Issuer; got != "https://a.example" {
		t.Errorf("the claims provider is %s", got)
	}
}

// Where the metadata is follows from the issuer or the other way round, OpenID
// Connect Discovery 1.0, Section 4.1.
func TestIssuerAndMetadataURL(t *testing.T) {
	const suffix = "/.well-known/openid-configuration"
	known := Provider{AuthorizationServer: oauth2.AuthorizationServer{
		AuthorizationEndpoint: "https://p.example/a", TokenEndpoint: "https://p.example/t",
		JWKSURI: "https://p.example/j"}}
	noAuthorize, noToken, noKeys := known, known, known
	noAuthorize.AuthorizationEndpoint, noToken.TokenEndpoint, noKeys.JWKSURI = "", "", ""
	for _, test := range []struct {
		name, issuer, url  string
		provider           Provider
		wantIssuer, wantAt string
	}{
		{"issuer", "https://p.example", "", Provider{}, "https://p.example", "https://p.example" +
			suffix},
		{"issuer with a slash", "https://p.example/", "", Provider{}, "https://p.example/",
			"https://p.example" + suffix},
		{"issuer with a path", "https://p.example/t/1", "", Provider{}, "https://p.example/t/1",
			"https://p.example/t/1" + suffix},
		{"issuer with a path and a slash", "https://p.example/t/1/", "", Provider{},
			"https://p.example/t/1/",
			"https://p.example/t/1" + suffix},
		{"URL", "", "https://p.example" + suffix, Provider{}, "https://p.example",
			"https://p.example" + suffix},
		{"URL with a path", "", "https://p.example/t" + suffix, Provider{}, "https://p.example/t",
			"https://p.example/t" + suffix},
		{"URL without the suffix", "", "https://p.example/metadata", Provider{}, "", ""},
		{"URL with more than the suffix", "", "https://p.example" + suffix + "/", Provider{}, "",
			""},
		{"nothing but the suffix", "", suffix, Provider{}, "", ""},
		{"both", "https://p.example/", "https://p.example" + suffix, Provider{},
			"https://p.example/",
			"https://p.example" + suffix},
		{"both, elsewhere", "https://p.example", "https://m.example/metadata", Provider{},
			"https://p.example",
			"https://m.example/metadata"},
		{"complete", "https://p.example", "", known, "https://p.example", ""},
		{"complete, and a URL", "https://p.example", "https://m.example/", known,
			"https://p.example",
			"https://m.example/"},
		{"complete without an issuer", "", "", known, "", ""},
		{"no authorization endpoint", "https://p.example", "", noAuthorize, "https://p.example",
			"https://p.example" + suffix},
		{"no token endpoint", "https://p.example", "", noToken, "https://p.example",
			"https://p.example" + suffix},
		{"no keys", "https://p.example", "", noKeys, "https://p.example", "https://p.example" +
			suffix},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, err := New(Config{Issuer: test.issuer, ServerMetadataURL: test.url,
				Provider: test.provider, ID: "client", Auth: oauth2.None()})
			if test.wantIssuer == "" {
				if client != nil || outcome(err) != "check issuer" {
					t.Errorf("error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			at := slices.Concat(client.config.metadataPlaces(), []string{""})[0]
			if client.config.Issuer != test.wantIssuer || at != test.wantAt {
				t.Errorf("issuer %q at %q, want %q at %q",
					client.config.Issuer, at, test.wantIssuer, test.wantAt)
			}
		})
	}
}

// OpenID Connect Core 1.0, Section 3.1.2.1.
func TestAuthorizeURL(t *testing.T) {
	day := 36 * time.Hour
	var zero time.Duration
	for _, test := range []struct {
		name    string
		options AuthorizationOptions
		want    url.Values // beside those of every request
	}{
		{"plain", AuthorizationOptions{}, url.Values{"scope": {"openid"}}},
		{"scopes", AuthorizationOptions{Scopes: []string{"profile"}},
			url.Values{"scope": {"openid profile"}}},
		{"openid in its place", AuthorizationOptions{Scopes: []string{"email", "openid"}},
			url.Values{"scope": {"email openid"}}},
		{"max_age", AuthorizationOptions{MaxAge: &day},
			url.Values{"scope": {"openid"}, "max_age": {"129600"}}},
		{"max_age 0", AuthorizationOptions{MaxAge: &zero},
			url.Values{"scope": {"openid"}, "max_age": {"0"}}},
		{"acr_values of one", AuthorizationOptions{ACRValues: []string{"gold"}},
			url.Values{"scope": {"openid"}, "acr_values": {"gold"}}},
		{"acr_values", AuthorizationOptions{ACRValues: []string{"gold", "silver"}},
			url.Values{"scope": {"openid"}, "acr_values": {"gold silver"}}},
		{"params", AuthorizationOptions{Params: url.Values{"prompt": {"login"},
			"resource": {"a", "b"}}},
			url.Values{"scope": {"openid"}, "prompt": {"login"}, "resource": {"a", "b"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, nil, nil)
			req := w.begin(test.options)
			u, err := url.Parse(req.URL)
			if err != nil {
				t.Fatal(err)
			}
			got := u.Query()
			if got.Get("nonce") != req.Transaction.data().Expected.Nonce ||
				len(got.Get("nonce")) != 43 ||
				got.Get("state") != req.Transaction.State() || got.Get("client_id") != "client" {
				t.Errorf("URL is %s", req.URL)
			}
			for _, name := range []string{"response_type", "client_id", "redirect_uri", "state",
				"nonce",
				"code_challenge", "code_challenge_method"} {
				if !got.Has(name) {
					t.Errorf("no %s", name)
				}
				got.Del(name)
			}
			if !maps.EqualFunc(got, test.want, slices.Equal) {
				t.Errorf("further parameters %v, want %v", got, test.want)
			}
		})
	}
}

// Nonces have 256 random bits and come once; what the caller passes in is not
// changed.
func TestAuthorizeNonce(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	params := url.Values{"prompt": {"login"}}
	scopes := []string{"profile", "email"}[:1]
	seen := map[string]bool{}
	for range 10 {
		req := w.begin(AuthorizationOptions{Params: params, Scopes: scopes})
		nonce := req.Transaction.data().Expected.Nonce
		if seen[nonce] || len(nonce) != 43 || nonce == req.Transaction.State() {
			t.Errorf("nonce %q", nonce)
		}
		seen[nonce] = true
	}
	if len(params) != 1 || scopes[:2][1] != "email" {
		t.Errorf("changed to %v, %v", params, scopes[:2])
	}
}

func TestAuthorizeReserved(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, name := range []string{"nonce", "max_age", "acr_values", "claims", "id_token_hint",
		"state", "scope", "response_mode", "request"} {
		req, err := w.client.Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI, Params: url.Values{name: {}}})
		if req != nil || outcome(err) != "check params" {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := w.client.Authorize(t.Context(), AuthorizationOptions{}); outcome(err) != "check redirect_uri" {
		t.Errorf("error is %v", err)
	}
}

// A provider's endpoint cannot fix the nonce.
func TestAuthorizeEndpointWithNonce(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: set("authorization_endpoint",
		"https://p.example/authorize?nonce=fixed")}, nil)
	req, err := w.client.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI})
	if req != nil || outcome(err) != "check authorization_endpoint" {
		t.Errorf("error is %v", err)
	}
}

// A callback is believed only with its transaction, and nothing is sent before.
func TestCallbackRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(url.Values)
		txn    func(*Transaction) *Transaction
		want   string
	}{
		{"no transaction", nil, func(*Transaction) *Transaction { return nil },
			"check transaction"},
		{"zero transaction", nil, func(*Transaction) *Transaction { return &Transaction{} },
			"check transaction"},
		{"state", func(v url.Values) { v.Set("state", "x") }, nil, "check state"},
		{"iss missing, though promised", func(v url.Values) { v.Del("iss") }, nil, "check iss"},
		{"iss of another", func(v url.Values) { v.Set("iss", "https://evil.example") }, nil,
			"check iss"},
		{"code twice", func(v url.Values) { v.Add("code", "x") }, nil, "check parameters"},
		{"refused", func(v url.Values) { v.Set("error", "access_denied") }, nil,
			"server access_denied 0"},
		{"no code", func(v url.Values) { v.Del("code") }, nil, "check code"},
		{"wrong code", func(v url.Values) { v.Set("code", "x") }, nil, "server invalid_grant 400"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, nil, nil)
			req := w.begin(AuthorizationOptions{})
			params, txn := w.browse(req.URL), req.Transaction
			if test.change != nil {
				test.change(params)
			}
			if test.txn != nil {
				txn = test.txn(txn)
			}
			login, err := w.client.Callback(t.Context(), params, txn)
			if got := outcome(err); got != test.want || login != nil {
				t.Errorf("%v and %q, want %q", login, got, test.want)
			}
			if test.want == "check transaction" &&
				!strings.HasSuffix(err.Error(), " (RFC 9700, Section 4.4.2)") {
				t.Errorf("error is %v", err)
			}
			if strings.HasPrefix(test.want, "check") && w.requests("/token") > 0 {
				t.Error("a token was requested")
			}
		})
	}
}

// A transaction is of one client at one provider.
func TestCallbackOfAnother(t *testing.T) {
	here := newWorld(t, oidctest.Options{}, nil, nil)
	there := newWorld(t, oidctest.Options{}, nil, nil)
	req := there.begin(AuthorizationOptions{})
	params := there.browse(req.URL)
	_, err := here.client.Callback(t.Context(), params, req.Transaction)
	if outcome(err) != "check transaction" || here.requests("/token") > 0 {
		t.Errorf("error is %v", err)
	}
	// The same client after a restart knows it.
	again, err := New(there.client.config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Callback(t.Context(), params, req.Transaction); err != nil {
		t.Error(err)
	}
}

// A code is good once, RFC 6749, Section 4.1.2.
func TestCallbackTwice(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	req := w.begin(AuthorizationOptions{})
	params := w.browse(req.URL)
	for _, want := range []string{"ok", "server invalid_grant 400"} {
		if _, err := w.client.Callback(t.Context(), params, req.Transaction); outcome(err) != want {
			t.Errorf("outcome %q, want %q", outcome(err), want)
		}
	}
}

// What goes wrong at the token endpoint ends the login with its own error.
func TestCallbackTokenResponse(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"HTML", say(200, "text/html", "<html>"), "check content_type"},
		{"500", say(500, "text/html", "<html>"), "server  500"},
		{"cut short", cut, "cut short"},
		{"endless", endless, "too large"},
		{"no ID Token", set("id_token", nil), "check id_token"},
		{"ID Token null", set("id_token", null{}), "check id_token"},
		{"ID Token empty", set("id_token", ""), "check id_token"},
		{"ID Token an object", set("id_token", map[string]string{}), "check id_token"},
		{"ID Token garbage", set("id_token", "x"), "check compact"},
		{"ID Token of dots", set("id_token", ".."), "check compact"},
		{"ID Token of letters", set("id_token", "a.b.c"), "check compact"},
		{"ID Token encrypted", set("id_token", "e30.a.b.c.d"), "check compact"},
		{"ID Token too long", set("id_token", strings.Repeat("a", 16<<10+1)), "check size"},
		{"no access token", set("access_token", nil), "check access_token"},
		{"error beside tokens", set("error", "server_error"), "server server_error 200"},
		{"another access token", set("access_token", "x"), "check at_hash"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, answerer{"/token": test.answer}, nil)
			if _, err := w.login(AuthorizationOptions{}); outcome(err) != test.want {
				t.Errorf("outcome %q (%v), want %q", outcome(err), err, test.want)
			}
		})
	}
}

// A server that does not know OpenID Connect gives no ID Token, and no one is
// logged in.
func TestCallbackWithoutOpenID(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{"/token": edit(func(m map[string]any) {
		delete(m, "id_token")
		m["scope"] = "profile"
	})}, nil)
	if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check id_token" {
		t.Errorf("error is %v", err)
	}
}

// Every request goes by Config.HTTP, within its time.
func TestHTTP(t *testing.T) {
	var paths []string
	var late []string
	own := &http.Client{Timeout: 10 * time.Minute, Transport: roundTripper(
		func(r *http.Request) (*http.Response, error) {
			paths = append(paths, r.URL.Path)
			if end, ok := r.Context().Deadline(); !ok || time.Until(end) < time.Minute &&
				r.Method == "POST" ||
				r.URL.Path == "/userinfo" && time.Until(end) < time.Minute {
				late = append(late, r.URL.Path)
			}
			return http.DefaultTransport.RoundTrip(r)
		})}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) { c.HTTP = own })
	if _, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{})); err != nil {
		t.Fatal(err)
	}
	if want := []string{wellKnown, "/token", "/jwks", "/userinfo"}; !slices.Equal(paths, want) {
		t.Errorf("requests %q, want %q", paths, want)
	}
	if len(late) > 0 {
		t.Errorf("not within the client's time: %q", late)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Keys are not fetched before the token endpoint has answered.
func TestTransport(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	transport, err := w.client.Transport(t.Context(), login.Token, w.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: transport}
	resp, err := client.Get(w.Endpoint("me"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("API answers %d", resp.StatusCode)
	}
	if _, err := client.Get("https://evil.example/"); !errors.Is(err, httpclient.ErrOrigin) {
		t.Errorf("error is %v", err)
	}
	if _, err := w.client.Transport(t.Context(), nil,
		w.Issuer()); outcome(err) != "check access_token" {
		t.Errorf("error is %v", err)
	}
}

// Every call says so if the provider cannot be discovered.
func TestProviderIsDown(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	req := w.begin(AuthorizationOptions{})
	down, err := New(w.client.config)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Provider": func() error { _, err := down.Provider(ctx); return err },
		"Authorize": func() error {
			_, err := down.Authorize(ctx, AuthorizationOptions{RedirectURI: redirectURI})
			return err
		},
		"Callback": func() error {
			_, err := down.Callback(ctx, url.Values{},
				req.Transaction)
			return err
		},
		"CallbackState": func() error {
			_, err := down.CallbackState(ctx, url.Values{"response": {"a.b.c"}})
			return err
		},
		"VerifyIDToken": func() error {
			_, err := down.VerifyIDToken(ctx, login.Token.IDToken(), IDTokenExpectations{
				InsecureWithoutNonce: true})
			return err
		},
		"OAuth":    func() error { _, err := down.OAuth(ctx); return err },
		"Refresh":  func() error { _, err := down.Refresh(ctx, login.Token); return err },
		"UserInfo": func() error { _, err := down.UserInfo(ctx, login); return err },
		"Transport": func() error {
			_, err := down.Transport(ctx, login.Token, "https://api.example")
			return err
		},
	} {
		if err := call(); err == nil || !strings.HasPrefix(err.Error(),
			"oidc: discovery: httpclient: GET ") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	// Who began before goes on: what is known serves.
	w.begin(AuthorizationOptions{})
}

// A nameless way to authenticate is one that package oauth2 refuses.
type nameless struct{ oauth2.ClientAuthentication }

func (nameless) Method() string { return "" }

// What is configured for package oauth2 gets there.
func TestSettingsOfOAuth(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(*Config)
	}{
		{"check revocation_authentication",
			func(c *Config) { c.RevocationAuth = nameless{oauth2.None()} }},
		{"check authorization_signed_response_alg",
			func(c *Config) { c.AuthorizationResponse.SigningAlgorithm = "none" }},
		{"check key", func(c *Config) { c.RequestObject.Algorithm = "RS256" }},
		{"check token_placement", func(c *Config) { c.TokenPlacement = "nowhere" }},
		{"insecure URL", func(c *Config) { c.RefreshEndpoint = "http://p.example/refresh" }},
		{"check refresh_params",
			func(c *Config) { c.RefreshParams = url.Values{"scope": {"x"}} }},
	} {
		config := newWorld(t, oidctest.Options{}, nil, nil).client.config
		test.change(&config)
		client, err := New(config)
		if err == nil {
			_, err = client.OAuth(t.Context())
		}
		if outcome(err) != test.want {
			t.Errorf("error is %v, want %s", err, test.want)
		}
	}
}

// Logins at once share nothing but what was discovered.
func TestClientIsConcurrent(t *testing.T) {
	w := newWorld(t, oidctest.Options{Algorithm: "ES256"}, nil, nil)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			login, err := w.login(AuthorizationOptions{})
			if err != nil || login.IDToken.Subject != "alice" {
				t.Errorf("%v and %v", login, err)
			}
		})
	}
	wait.Wait()
	if faults := w.Faults(); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
	if d, k := w.requests(wellKnown), w.requests("/jwks"); d != 1 || k != 1 {
		t.Errorf("%d discoveries, %d fetches of keys", d, k)
	}
}

// The checks of a login in their order, with what asks for them: the golden list.
var golden = []string{
	"content_type: OpenID Connect Discovery 1.0, Section 4.2",
	"metadata: OpenID Connect Discovery 1.0, Section 4.2",
	"issuer: OpenID Connect Discovery 1.0, Section 4.3",
	"authorization_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"token_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"jwks_uri: OpenID Connect Discovery 1.0, Section 3",
	"revocation_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"device_authorization_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"registration_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"userinfo_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"end_session_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"token_endpoint: OpenID Connect Discovery 1.0, Section 3",
	"max_age: OpenID Connect Core 1.0, Section 3.1.2.1",
	"prompt: OpenID Connect Core 1.0, Section 3.1.2.1",
	"prompt: Initiating User Registration via OpenID Connect 1.0, Section 4.2",
	"acr_values: OpenID Connect Core 1.0, Section 3.1.2.1",
	"id_token_hint: OpenID Connect Core 1.0, Section 3.1.2.1",
	"claims: OpenID Connect Core 1.0, Section 5.5",
	"redirect_uri: RFC 6749, Section 3.1.2",
	"scope: RFC 6749, Section 3.3",
	"response_type: OAuth 2.0 Multiple Response Type Encoding Practices, Section 5",
	"response_mode: OAuth 2.0 Multiple Response Type Encoding Practices, Section 2.1",
	"code_challenge_methods_supported: RFC 7636, Section 4.2",
	"params: RFC 6749, Section 3.1",
	"resource: RFC 8707, Section 2",
	"token_params: RFC 6749, Section 4.1.3",
	"authorization_endpoint: RFC 6749, Section 3.1",
	"require_signed_request_object: RFC 9101, Section 10.5",
	"transaction: RFC 9700, Section 4.4.2",
	"parameters: RFC 6749, Section 3.1",
	"state: RFC 6749, Section 10.12",
	"iss: RFC 9207, Section 2.4",
	"error: RFC 6749, Section 4.1.2.1",
	"code: RFC 6749, Section 4.1.2",
	"response_type: OAuth 2.0 Multiple Response Type Encoding Practices, Section 5",
	"error: RFC 6749, Section 5.2",
	"content_type: RFC 6749, Section 5.1",
	"body: RFC 6749, Section 5.1",
	"access_token: RFC 6749, Section 5.1",
	"issued_token_type: RFC 6749, Section 5.1",
	"token_type: RFC 6749, Section 7.1",
	"refresh_token: RFC 6749, Section 5.1",
	"id_token: RFC 6749, Section 5.1",
	"scope: RFC 6749, Section 5.1",
	"id_token: OpenID Connect Core 1.0, Section 3.1.3.3",
	"size: RFC 7515, Section 7",
	"compact: RFC 7515, Section 7.1",
	"typ: RFC 8725, Section 3.11",
	"alg: RFC 8725, Section 3.1",
	"keys: RFC 7515, Section 6",
	"key: RFC 7515, Section 6",
	"signature: RFC 7515, Section 5.2",
	"claims: RFC 7519, Section 4.1",
	"iss: RFC 7519, Section 4.1.1",
	"aud: RFC 7519, Section 4.1.3",
	"exp: RFC 7519, Section 4.1.4",
	"nbf: RFC 7519, Section 4.1.5",
	"iat: RFC 7519, Section 4.1.6",
	"id_token: OpenID Connect Core 1.0, Section 2",
	"key: OpenID Connect Core 1.0, Section 16.15",
	"tenant: OpenID Connect Core 1.0, Section 16.15",
	"aud: OpenID Connect Core 1.0, Section 3.1.3.7",
	"azp: OpenID Connect Core 1.0, Section 3.1.3.7",
	"sub: OpenID Connect Core 1.0, Section 2",
	"sub: OpenID Connect Core 1.0, Section 5.5.1",
	"iss: OpenID Connect Core 1.0, Section 3.1.2.1",
	"iat: OpenID Connect Core 1.0, Section 2",
	"iat: OpenID Connect Core 1.0, Section 3.1.3.7",
	"nonce: OpenID Connect Core 1.0, Section 3.1.3.7",
	"events: OpenID Connect Back-Channel Logout 1.0, Section 2.4",
	"auth_time: OpenID Connect Core 1.0, Section 3.1.3.7",
	"auth_time: OpenID Connect Core 1.0, Section 3.1.3.7",
	"acr: OpenID Connect Core 1.0, Section 3.1.3.7",
	"acr: OpenID Connect Core 1.0, Section 5.5.1.1",
	"at_hash: OpenID Connect Core 1.0, Section 3.2.2.9",
	"c_hash: OpenID Connect Core 1.0, Section 3.3.2.10",
	"s_hash: Financial-grade API 1.0 - Part 2, Section 5.1.1",
	"id_token: OpenID Connect Core 1.0, Section 5.3.2",
	"identity: OpenID Connect Core 1.0, Section 5.3.2",
	"userinfo_endpoint: OpenID Connect Core 1.0, Section 5.3.2",
	"origin: RFC 6750, Section 5.3",
	"authorization: RFC 6750, Section 2",
	"content_type: OpenID Connect Core 1.0, Section 5.3.2",
	"sub: OpenID Connect Core 1.0, Section 5.3.2",
}

// refreshed are those of a refresh, after those of any ID Token.
var refreshed = []string{
	"id_token: OpenID Connect Core 1.0, Section 12.2",
	"iss: OpenID Connect Core 1.0, Section 12.2",
	"sub: OpenID Connect Core 1.0, Section 12.2",
	"aud: OpenID Connect Core 1.0, Section 12.2",
	"azp: OpenID Connect Core 1.0, Section 12.2",
	"iat: OpenID Connect Core 1.0, Section 12.2",
	"auth_time: OpenID Connect Core 1.0, Section 12.2",
	"nonce: OpenID Connect Core 1.0, Section 12.2",
}

func TestTrace(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	var heard []string
	ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
		heard = append(heard, check+": "+clause)
		if err != nil {
			t.Errorf("%s: %v", check, err)
		}
	})
	hour := time.Hour
	req, err := w.client.Authorize(ctx, AuthorizationOptions{
		RedirectURI: redirectURI, MaxAge: &hour, ACRValues: []string{"gold"}})
	if err != nil {
		t.Fatal(err)
	}
	login, err := w.client.Callback(ctx, w.browse(req.URL), req.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UserInfo(ctx, login); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heard, golden) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(heard, "\n"), strings.Join(golden, "\n"))
	}
	heard = nil
	if _, err := w.client.Refresh(ctx, login.Token); err != nil {
		t.Fatal(err)
	}
	begin, end := slices.Index(golden, "error: RFC 6749, Section 5.2"),
		slices.Index(golden, "id_token: OpenID Connect Core 1.0, Section 5.3.2")
	if want := slices.Concat(golden[begin:end], refreshed); !slices.Equal(heard, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(heard, "\n"), strings.Join(want, "\n"))
	}
}

// The check that refuses is the last one heard.
func TestTraceOfARefusal(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditIDToken: claim("nonce", "x")}, nil, nil)
	var last string
	ctx := jose.WithTrace(t.Context(), func(check, _ string, err error) {
		last = check + " " + outcome(err)
	})
	req := w.begin(AuthorizationOptions{})
	_, err := w.client.Callback(ctx, w.browse(req.URL), req.Transaction)
	if outcome(err) != "check nonce" || last != "nonce check nonce" {
		t.Errorf("error %v, last heard %q", err, last)
	}
	const text = "oidc: ID Token: nonce must be the one of the request " +
		"(OpenID Connect Core 1.0, Section 3.1.3.7)"
	if err.Error() != text {
		t.Errorf("text is %v, want %s", err, text)
	}
}

// A refresh without an ID Token does not make the one after it unbound: that must
// still continue the login's.
func TestRefreshTwice(t *testing.T) {
	var stage atomic.Int32
	w := newWorld(t, oidctest.Options{EditIDToken: func(c map[string]any) {
		if stage.Load() == 2 {
			c["sub"] = "mallory"
		}
	}}, answerer{"/token": func(rw http.ResponseWriter, r *http.Request) {
		edit(func(members map[string]any) {
			if stage.Load() == 1 {
				delete(members, "id_token")
			}
		})(rw, r)
	}}, nil)
	login := w.mustLogin(AuthorizationOptions{})
	stage.Store(1)
	renewed, err := w.client.Refresh(t.Context(), login.Token)
	if err != nil || renewed.IDToken != nil {
		t.Fatalf("%+v, %v", renewed, err)
	}
	stage.Store(2)
	if again, err := w.client.Refresh(t.Context(), renewed.Token); outcome(err) != "check sub" {
		t.Errorf("%+v, %v", again, err)
	}
}

// unless answers as the provider does, unless that is down.
func unless(down *atomic.Bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		edit(func(map[string]any) {})(w, r)
	}
}

// New metadata is no reason to forget keys: while the key set is down, known keys
// go on verifying.
func TestKeysOutliveMetadata(t *testing.T) {
	var down atomic.Bool
	w := newWorld(t, oidctest.Options{}, answerer{"/jwks": unless(&down)}, nil)
	w.mustLogin(AuthorizationOptions{})
	down.Store(true)
	for range 3 {
		w.seconds.Add(3700)
		w.mustLogin(AuthorizationOptions{})
	}
}

// A provider that hangs keeps nobody waiting for long: the metadata known serves.
func TestProviderHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const p = "https://p.example"
		known := fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,`+
			`"jwks_uri":%q}`, p, p+"/a", p+"/t", p+"/j")
		var hangs atomic.Bool
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			if hangs.Load() {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			rec := httptest.NewRecorder()
			say(200, "application/json", known)(rec, r)
			return rec.Result(), nil
		})
		client, err := New(Config{Issuer: p, ID: "client", Auth: oauth2.None(),
			HTTP: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			began := time.Now()
			if _, err := client.Provider(t.Context()); err != nil {
				t.Error(err)
			}
			waited := time.Since(began)
			if hangs.Load() && waited != 2*time.Second || !hangs.Load() && waited != 0 {
				t.Errorf("waited %v", waited)
			}
			hangs.Store(true)
			time.Sleep(time.Hour)
		}
	})
}

// Keys that are published elsewhere since are fetched there.
func TestKeysMove(t *testing.T) {
	var w *world
	var moved atomic.Bool
	w = newWorld(t, oidctest.Options{}, answerer{
		wellKnown: func(rw http.ResponseWriter, r *http.Request) {
			edit(func(m map[string]any) {
				if moved.Load() {
					m["jwks_uri"] = w.Endpoint("keys")
				}
			})(rw, r)
		},
		"/keys": func(rw http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(rw).Encode(jose.NewSet(w.Key()))
		},
	}, nil)
	w.mustLogin(AuthorizationOptions{})
	moved.Store(true)
	w.seconds.Add(3600)
	w.mustLogin(AuthorizationOptions{})
	if old, now := w.requests("/jwks"), w.requests("/keys"); old != 1 || now != 1 {
		t.Errorf("fetched %d times here, %d times there", old, now)
	}
}

// A login of one client is none of another's.
func TestUserInfoOfAnotherClient(t *testing.T) {
	a, b := newWorld(t, oidctest.Options{}, nil, nil), newWorld(t, oidctest.Options{}, nil, nil)
	login := a.mustLogin(AuthorizationOptions{})
	if user, err := b.client.UserInfo(t.Context(), login); outcome(err) != "check id_token" ||
		user != nil {
		t.Errorf("%+v, %v", user, err)
	}
	other, err := New(Config{Issuer: a.Issuer(), ID: "other", Auth: oauth2.None(), Now: a.now})
	if err != nil {
		t.Fatal(err)
	}
	if user, err := other.UserInfo(t.Context(), login); outcome(err) != "check id_token" ||
		user != nil {
		t.Errorf("%+v, %v", user, err)
	}
	made := &Login{login.Token, &IDToken{Issuer: a.Issuer(), Subject: "alice",
		Audience: []string{"client"}}}
	if user, err := a.client.UserInfo(t.Context(), made); outcome(err) != "check id_token" ||
		user != nil {
		t.Errorf("%+v, %v", user, err)
	}
	for _, path := range b.seen {
		if path == "/userinfo" {
			t.Error("the token was sent")
		}
	}
}

// Where nothing says whose a refreshed ID Token must be, it says nothing either.
func TestRefreshOfNoIDToken(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	none := ""
	tok := restored(t, w.mustLogin(AuthorizationOptions{}), &none)
	for range 2 {
		renewed, err := w.client.Refresh(t.Context(), tok)
		if err != nil || renewed.IDToken != nil || renewed.Token.IDToken() != "" {
			t.Fatalf("%+v, %v", renewed, err)
		}
		if renewed.Token.AccessToken() == tok.AccessToken() || renewed.Token.RefreshToken() == tok.RefreshToken() ||
			renewed.Token.ExpiresAt.IsZero() || len(renewed.Token.Scopes) == 0 {
			t.Errorf("renewed %+v", renewed.Token)
		}
		tok = renewed.Token
	}
}

// What a caller is given of the metadata is the caller's, and what it gave is the client's.
func TestProviderIsApart(t *testing.T) {
	methods := []string{"client_secret_post"}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.Provider.TokenEndpointAuthMethodsSupported = methods
	})
	methods[0] = "x"
	for range 2 {
		p, err := w.client.Provider(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range [][]string{p.TokenEndpointAuthMethodsSupported,
			p.IDTokenSigningAlgValuesSupported, p.CodeChallengeMethodsSupported} {
			if len(list) == 0 || list[0] == "x" {
				t.Errorf("got %q", list)
			}
			list[0] = "x"
		}
	}
}
