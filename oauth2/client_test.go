package oauth2

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

const redirectURI = "https://rp.example/cb"

// start is when every test begins.
var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// outcome names an error: the check, the server's code and status, or what went
// wrong on the way.
func outcome(err error) string {
	for name, known := range map[string]error{
		"too large":       httpclient.ErrTooLarge,
		"cut short":       io.ErrUnexpectedEOF,
		"insecure URL":    httpclient.ErrInsecureURL,
		"other origin":    httpclient.ErrOrigin,
		"context ended":   context.Canceled,
		"not transaction": errTransaction,
	} {
		if errors.Is(err, known) {
			return name
		}
	}
	if e, ok := errors.AsType[*jose.CheckError](err); ok {
		return "check " + e.Check
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return fmt.Sprintf("server %s %d", e.Code, e.Status)
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// wantText fails unless err is there and says text.
func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error is %v, want one that says %q", err, text)
	}
}

// wantCheck fails unless err is of a check and names the clause that asks for it.
func wantCheck(t *testing.T, err error, check, clause string) {
	t.Helper()
	e, ok := errors.AsType[*jose.CheckError](err)
	if !ok || e.Check != check || e.Clause != clause {
		t.Errorf("error is %v, want one of check %s by %s", err, check, clause)
	}
}

// A server keeps what it is asked and answers as its test says.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // method, path, sorted header fields of interest, body
}

func newServer(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.keep(r)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) keep(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	lines := []string{r.Method + " " + r.URL.RequestURI()}
	for _, name := range []string{"Accept", "Authorization", "Content-Type"} {
		if values, ok := r.Header[name]; ok {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	lines = append(lines, "", string(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.Join(lines, "\n"))
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// clientWith returns a client of a server that answers so, its configuration changed by
// each of changes but nil.
func clientWith(
	t *testing.T, answer http.HandlerFunc, changes ...func(*Config),
) (*Client, *server) {
	t.Helper()
	s := newServer(t, answer)
	config := configAt(s.URL)
	for _, change := range changes {
		if change != nil {
			change(&config)
		}
	}
	return newClient(t, config), s
}

// mustNotSend fails unless c, a client of s, asks nothing once the context has ended, and
// a client without the endpoint asks nothing at all.
func mustNotSend(t *testing.T, c *Client, s *server, endpoint, clause string,
	ask func(context.Context, *Client) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ask(ctx, c); outcome(err) != "context ended" {
		t.Errorf("context: %v", err)
	}
	err := ask(t.Context(), newClient(t, configAt(s.URL)))
	if outcome(err) != "check "+endpoint {
		t.Errorf("no endpoint: %v", err)
	}
	wantText(t, err, "("+clause+")")
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// answerJSON answers everything with status and a JSON body.
func answerJSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const goodToken = `{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}`

// configAt is the configuration of a client of the server at base.
func configAt(base string) Config {
	return Config{
		ID: "client",
		Server: AuthorizationServer{
			Issuer:                base,
			AuthorizationEndpoint: base + "/authorize",
			TokenEndpoint:         base + "/token",
		},
		Auth: ClientSecretBasic("secret"),
		Now:  func() time.Time { return start },
	}
}

func newClient(t *testing.T, c Config) *Client {
	t.Helper()
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// begin makes an authorization request.
func begin(t *testing.T, c *Client, scopes ...string) *AuthorizationRequest {
	t.Helper()
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
		Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// answered returns the callback that a server sends a browser back with.
func answered(txn *Transaction) url.Values {
	return url.Values{"code": {"CODE"}, "state": {txn.State()}}
}

func TestNew(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"complete", func(*Config) {}, "ok"},
		{"without issuer", func(c *Config) { c.Server.Issuer = "" }, "ok"},
		{"https", func(c *Config) { c.Server = configAt("https://as.example").Server }, "ok"},
		{"no ID", func(c *Config) { c.ID = "" }, "check client_id"},
		{"no Auth", func(c *Config) { c.Auth = nil }, "check client_authentication"},
		{"no server", func(c *Config) { c.Server = AuthorizationServer{} }, "check server"},
		{"no endpoint", func(c *Config) {
			c.Server = AuthorizationServer{Issuer: "https://as.example",
				CodeChallengeMethodsSupported: []string{"S256"}}
		}, "check server"},
		{"iss promised", func(c *Config) {
			c.Server.AuthorizationResponseIssParameterSupported = true
		}, "ok"},
		{"iss promised by nobody", func(c *Config) {
			c.Server.Issuer, c.Server.AuthorizationResponseIssParameterSupported = "", true
		}, "check issuer"},
		{"authorization endpoint in clear",
			func(c *Config) { c.Server.AuthorizationEndpoint = "http://as.example/authorize" },
			"insecure URL"},
		{"token endpoint in clear",
			func(c *Config) { c.Server.TokenEndpoint = "http://as.example/token" }, "insecure URL"},
		{"token endpoint with user information",
			func(c *Config) { c.Server.TokenEndpoint = "https://u:p@as.example/token" },
			"insecure URL"},
		// RFC 6749, Sections 3.1 and 3.2: no fragment.
		{"authorization endpoint with fragment",
			func(c *Config) { c.Server.AuthorizationEndpoint += "#a" }, "insecure URL"},
		{"token endpoint with fragment",
			func(c *Config) { c.Server.TokenEndpoint += "#" }, "insecure URL"},
		{"file", func(c *Config) { c.Server.AuthorizationEndpoint = "file:///authorize" },
			"insecure URL"},
		{"issuer with a query", func(c *Config) { c.Server.Issuer += "?a=b" }, "check issuer"},
		{"refresh endpoint",
			func(c *Config) { c.RefreshEndpoint = "https://r.example/refresh?a=b" }, "ok"},
		{"refresh endpoint in clear",
			func(c *Config) { c.RefreshEndpoint = "http://as.example/refresh" }, "insecure URL"},
		{"refresh endpoint with user information",
			func(c *Config) { c.RefreshEndpoint = "https://u:p@as.example/refresh" },
			"insecure URL"},
		{"refresh endpoint with fragment",
			func(c *Config) { c.RefreshEndpoint = "https://as.example/refresh#" }, "insecure URL"},
		{"refresh endpoint in clear where allowed", func(c *Config) {
			c.RefreshEndpoint = "http://as.example/refresh"
			c.HTTP = httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"as.example"}})
		}, "ok"},
		{"refresh params", func(c *Config) {
			c.RefreshParams = url.Values{"access_type": {"offline"}, "code": {"x"}, "none": {}}
		}, "ok"},
		{"placement", func(c *Config) { c.TokenPlacement = PlacementBody }, "ok"},
		{"unknown placement", func(c *Config) { c.TokenPlacement = "fragment" },
			"check token_placement"},
		{"script", func(c *Config) { c.Server.AuthorizationEndpoint = "javascript:alert(1)" },
			"insecure URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configAt("http://127.0.0.1")
			test.change(&c)
			client, err := New(c)
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if (client == nil) != (err != nil) {
				t.Errorf("client %v beside error %v", client, err)
			}
		})
	}
}

// Any endpoint will do, as a client need not use them all.
func TestNewNeedsOneEndpoint(t *testing.T) {
	for name, server := range map[string]AuthorizationServer{
		"authorization": {AuthorizationEndpoint: "https://as.example"},
		"token":         {TokenEndpoint: "https://as.example"},
		"keys":          {JWKSURI: "https://as.example"},
		"revocation":    {RevocationEndpoint: "https://as.example"},
		"introspection": {IntrospectionEndpoint: "https://as.example"},
		"device":        {DeviceAuthorizationEndpoint: "https://as.example"},
	} {
		if _, err := New(Config{ID: "client", Auth: None(), Server: server}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := New(Config{ID: "client", Auth: None()})
	wantCheck(t, err, "server", "RFC 8414, Section 2")
	_, err = New(Config{ID: "client", Auth: None(), Server: AuthorizationServer{
		TokenEndpoint: "https://as.example", AuthorizationResponseIssParameterSupported: true}})
	wantCheck(t, err, "issuer", "RFC 9207, Section 2.4")
}

// What is wrong with an endpoint is said with its name.
func TestNewNamesTheEndpoint(t *testing.T) {
	for name, change := range map[string]func(*AuthorizationServer){
		"token_endpoint": func(s *AuthorizationServer) {
			s.TokenEndpoint = "http://as.example/token"
		},
		"authorization_endpoint": func(s *AuthorizationServer) {
			s.AuthorizationEndpoint = "http://as.example/authorize"
		},
		"jwks_uri": func(s *AuthorizationServer) { s.JWKSURI = "http://as.example/jwks" },
		"revocation_endpoint": func(s *AuthorizationServer) {
			s.RevocationEndpoint = "http://as.example/revoke"
		},
	} {
		c := configAt("https://as.example")
		change(&c.Server)
		_, err := New(c)
		wantCheck(t, err, name, "RFC 8414, Section 2")
		wantText(t, err, "oauth2: ")
		if !errors.Is(err, httpclient.ErrInsecureURL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the caller does with its lists later is nothing to the client.
func TestNewCopiesItsConfig(t *testing.T) {
	var called []string
	hook := func(name string) RequestHook {
		return func(context.Context, *http.Request) error {
			called = append(called, name)
			return nil
		}
	}
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.Hooks.AccessTokenRequest = []RequestHook{hook("first")}
	c := newClient(t, config)
	config.Hooks.AccessTokenRequest[0] = hook("changed")
	if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(called, []string{"first"}) {
		t.Errorf("called %q", called)
	}
}

// A client says what it was made of, and tells the time of everybody if not told another.
func TestClientSaysWhatItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := configAt("https://as.example")
		if c := newClient(t, config); c.ID() != "client" || !c.Now().Equal(start) ||
			c.Server().TokenEndpoint != "https://as.example/token" {
			t.Errorf("%s at %v", c.ID(), c.Now())
		}
		config.Now = nil
		if c := newClient(t, config); !c.Now().Equal(time.Now()) {
			t.Errorf("it is %v", c.Now())
		}
	})
}

// The bytes of token requests, RFC 6749, Sections 2.3.1 and 4.1.3.
func TestTokenRequest(t *testing.T) {
	const form = "code=CODE&code_verifier=VERIFIER&grant_type=authorization_code" +
		"&redirect_uri=https%3A%2F%2Frp.example%2Fcb"
	basic := func(pair string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) + "\n"
	}
	for _, test := range []struct {
		name, id           string
		auth               ClientAuthentication
		supported          []string
		authorization, end string
	}{
		{"basic", "client", ClientSecretBasic("secret"), nil, basic("client:secret"), form},
		// Without the encoding the colon would end the identifier.
		{"basic encodes first", "a:b", ClientSecretBasic("s%+ é"), nil,
			basic("a%3Ab:s%25%2B+%C3%A9"), form},
		{"post", "a:b", ClientSecretPost("s%+ é"), nil, "",
			"client_id=a%3Ab&client_secret=s%25%2B+%C3%A9&" + form},
		{"none", "a:b", None(), nil, "", "client_id=a%3Ab&" + form},
		{"chosen without metadata", "client", ClientSecret("secret"), nil, basic("client:secret"),
			form},
		{"chosen by metadata", "client", ClientSecret("secret"), []string{"client_secret_post"}, "",
			"client_id=client&client_secret=secret&" + form},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, goodToken))
			config := configAt(s.URL)
			config.ID, config.Auth = test.id, test.auth
			config.Server.TokenEndpointAuthMethodsSupported = test.supported
			c := newClient(t, config)
			req := begin(t, c)
			tok, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction)
			if err != nil {
				t.Fatal(err)
			}
			if !tok.ExpiresAt.Equal(start.Add(time.Hour)) {
				t.Errorf("ends %v, not by the clock given", tok.ExpiresAt)
			}
			want := "POST /token\nAccept: application/json\n" + test.authorization +
				"Content-Type: application/x-www-form-urlencoded\n\n" +
				strings.Replace(test.end, "VERIFIER", req.Transaction.data().Verifier, 1)
			if got := s.requests(); len(got) != 1 || got[0] != want {
				t.Errorf("sent\n%q, want\n%q", got, want)
			}
		})
	}
}

// A token endpoint that redirects is not followed: the code and the secret stay.
func TestTokenRequestIsNotRedirected(t *testing.T) {
	elsewhere := newServer(t, answerJSON(200, goodToken))
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		})
		c := newClient(t, configAt(s.URL))
		req := begin(t, c)
		_, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction)
		if got, want := outcome(err), fmt.Sprintf("server  %d", status); got != want {
			t.Errorf("outcome %q, want %q", got, want)
		}
	}
	if got := elsewhere.requests(); len(got) > 0 {
		t.Errorf("sent elsewhere: %q", got)
	}
}

// A failing ClientAuthentication ends the request before it is sent.
func TestAuthenticationFails(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.Auth = failing{}
	c := newClient(t, config)
	req := begin(t, c)
	_, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction)
	if !errors.Is(err, errFailing) {
		t.Errorf("error is %v", err)
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

type failing struct{ none }

var errFailing = errors.New("no key at hand")

func (failing) Authenticate(context.Context, *Client, *http.Request) error {
	return errFailing
}

// A ClientAuthentication is told whom it authenticates.
func TestAuthenticationSeesTheContext(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	seen := &seeing{}
	config.Auth = seen
	c := newClient(t, config)
	req := begin(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Callback(ctx, answered(req.Transaction), req.Transaction)
	if outcome(err) != "context ended" {
		t.Errorf("error is %v", err)
	}
	if seen.ctx != ctx || seen.id != "client" {
		t.Errorf("told of %q", seen.id)
	}
}

type seeing struct {
	none
	ctx context.Context
	id  string
}

func (s *seeing) Authenticate(ctx context.Context, c *Client, _ *http.Request) error {
	s.ctx, s.id = ctx, c.ID()
	return nil
}

// RFC 6749, Section 6.
func TestRefresh(t *testing.T) {
	old := Record{AccessToken: "old", RefreshToken: "r/1", Scope: "read write"}
	for _, test := range []struct {
		name, answer, refresh string
		scopes                []string
	}{
		{"neither new", `{"access_token":"a","token_type":"Bearer"}`, "r/1",
			[]string{"read", "write"}},
		{"rotated", `{"access_token":"a","token_type":"Bearer","refresh_token":"r/2"}`,
			"r/2", []string{"read", "write"}},
		{"null", `{"access_token":"a","token_type":"Bearer","refresh_token":null,"scope":null}`,
			"r/1", []string{"read", "write"}},
		{"empty", `{"access_token":"a","token_type":"Bearer","refresh_token":"","scope":""}`,
			"r/1", []string{}},
		{"narrowed", `{"access_token":"a","token_type":"Bearer","scope":"read"}`, "r/1",
			[]string{"read"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, test.answer))
			c := newClient(t, configAt(s.URL))
			tok, err := FromRecord(old)
			if err != nil {
				t.Fatal(err)
			}
			renewed, err := c.Refresh(t.Context(), tok, TokenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !renewed.ExpiresAt.IsZero() {
				t.Errorf("ends %v", renewed.ExpiresAt)
			}
			if renewed.AccessToken() != "a" || renewed.RefreshToken() != test.refresh ||
				!slices.Equal(renewed.Scopes, test.scopes) {
				t.Errorf("got %+v", renewed.Record().RefreshToken)
			}
			if tok.AccessToken() != "old" || tok.RefreshToken() != "r/1" {
				t.Error("the old token has changed")
			}
			_, form, _ := strings.Cut(s.requests()[0], "\n\n")
			if want := "grant_type=refresh_token&refresh_token=r%2F1"; form != want {
				t.Errorf("sent %q, want %q", form, want)
			}
		})
	}
}

// What does not come anew stays: the ID Token too, as the next one that comes must
// continue it (OpenID Connect Core 1.0, Section 12.2).
func TestRefreshKeepsIDToken(t *testing.T) {
	for answer, want := range map[string]string{
		`{"access_token":"a","token_type":"Bearer"}`:                  "old",
		`{"access_token":"a","token_type":"Bearer","id_token":"new"}`: "new",
	} {
		s := newServer(t, answerJSON(200, answer))
		tok, err := FromRecord(Record{AccessToken: "a", RefreshToken: "r", IDToken: "old"})
		if err != nil {
			t.Fatal(err)
		}
		renewed, err := newClient(t, configAt(s.URL)).Refresh(t.Context(), tok, TokenOptions{})
		if err != nil || renewed.IDToken() != want {
			t.Errorf("got %q, %v, want %q", renewed.IDToken(), err, want)
		}
	}
}

func TestRefreshRefused(t *testing.T) {
	s := newServer(t, answerJSON(400, `{"error":"invalid_grant"}`))
	c := newClient(t, configAt(s.URL))
	bare, err := FromRecord(Record{AccessToken: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tok := range map[string]*Token{"nil": nil, "zero": {},
		"without refresh token": bare} {
		renewed, err := c.Refresh(t.Context(), tok, TokenOptions{})
		if got := outcome(err); got != "check refresh_token" || renewed != nil {
			t.Errorf("%s: %v and %q", name, renewed, got)
		}
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
	held, err := FromRecord(Record{AccessToken: "a", RefreshToken: "r"})
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := c.Refresh(t.Context(), held, TokenOptions{})
	if got := outcome(err); got != "server invalid_grant 400" || renewed != nil {
		t.Errorf("%v and %q", renewed, got)
	}
}

// What cannot be reached is the transport's error, and says which request.
func TestTokenEndpointIsDown(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	s.Close()
	req := begin(t, c)
	_, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction)
	wantText(t, err, "oauth2: token_endpoint: httpclient: POST "+strings.TrimPrefix(s.URL,
		"http://"))
}

// An endpoint's own query is not of the request, and stays.
func TestTokenEndpointQuery(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.Server.TokenEndpoint += "?tenant=1"
	c := newClient(t, config)
	req := begin(t, c)
	if _, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; !strings.HasPrefix(got, "POST /token?tenant=1\n") {
		t.Errorf("sent %q", got)
	}
}

// Two logins at once share nothing.
func TestClientIsConcurrent(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			req := begin(t, c)
			tok, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction)
			if err != nil || tok.AccessToken() != "a" {
				t.Errorf("got %v", err)
			}
		})
	}
	wait.Wait()
	bodies := s.requests()
	slices.Sort(bodies)
	if n := len(slices.CompactFunc(bodies, func(a, b string) bool {
		return bytes.Equal([]byte(a), []byte(b))
	})); n != 20 {
		t.Errorf("%d different requests, want 20: a verifier came twice", n)
	}
}

func TestServerIsACopy(t *testing.T) {
	config := configAt("https://as.example")
	config.Server.CodeChallengeMethodsSupported = []string{"S256"}
	c := newClient(t, config)
	c.Server().CodeChallengeMethodsSupported[0] = "plain"
	begin(t, c)
}
