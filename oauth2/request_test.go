package oauth2

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vouchsafe/internal/redact"
)

// repeating is an HTTP client whose server says, in every word that a refusal has, what it
// was sent, as it was sent and as it was meant.
func repeating() *http.Client {
	return &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		id, password, _ := r.BasicAuth()
		decoded, _ := url.QueryUnescape(id + ":" + password)
		sent := r.URL.RawQuery + " " + readAll(r)
		meant, _ := url.QueryUnescape(sent)
		said := jsonText(strings.Join([]string{decoded, meant, r.Header.Get("Authorization"),
			id + ":" + password, sent}, " "))
		w := httptest.NewRecorder()
		answerJSON(400, `{"error_description":`+said+`,"error_uri":`+said+
			`,"error":"invalid_grant"}`)(w, r)
		return w.Result(), nil
	})}
}

// What a request had that is secret is in no word of the refusal, as it was sent or as it
// was before.
func TestRefusalsRepeatNoSecret(t *testing.T) {
	const secret = canary + "+&%/<é"
	auths := map[string]ClientAuthentication{
		"basic":  ClientSecretBasic(secret),
		"raw":    ClientSecretBasicRaw(secret),
		"post":   ClientSecretPost(secret),
		"custom": custom{},
	}
	asks := map[string]func(c *Client) error{
		"code": func(c *Client) error {
			txn := begin(t, c).Transaction
			txn.data().Verifier = canary
			_, err := c.Callback(t.Context(), url.Values{"code": {secret}, "state": {txn.State()}},
				txn)
			return err
		},
		"password": func(c *Client) error {
			_, err := c.InsecurePassword(t.Context(), "user", secret, TokenOptions{})
			return err
		},
		"refresh": func(c *Client) error {
			_, err := c.Refresh(t.Context(), stored(t, Record{AccessToken: canary,
				RefreshToken: canary + "+/%"}), TokenOptions{})
			return err
		},
		"assertion": func(c *Client) error {
			_, err := c.JWTBearer(t.Context(), secret, TokenOptions{})
			return err
		},
		"token exchange": func(c *Client) error {
			_, err := c.TokenExchange(t.Context(), TokenExchange{SubjectToken: secret,
				SubjectTokenType: "s", ActorToken: secret + "2", ActorTokenType: "a"},
				TokenOptions{})
			return err
		},
		"device": func(c *Client) error {
			_, err := c.pollDevice(t.Context(), &DeviceAuthorization{device: hide(secret)})
			return err
		},
	}
	for name, auth := range auths {
		for grant, ask := range asks {
			for _, get := range []bool{false, true} {
				config := configAt("https://as.example")
				config.HTTP, config.Auth, config.Quirks.InsecureTokenGET = repeating(), auth, get
				e, ok := errors.AsType[*Error](ask(newClient(t, config)))
				if !ok || e.Code != "invalid_grant" {
					t.Fatalf("%s, %s: error is %v", name, grant, e)
				}
				for _, words := range []string{e.Description(), e.URI(), e.Excerpt(),
					e.said().body} {
					if strings.Contains(words, canary) {
						t.Errorf("%s, %s: a secret in %q", name, grant, words)
					}
					if !strings.Contains(words, redact.Mark) {
						t.Errorf("%s, %s: nothing taken out of %q", name, grant, words)
					}
					basic := base64.StdEncoding.EncodeToString([]byte("client:" + canary))
					if strings.Contains(words, basic[:16]) {
						t.Errorf("%s, %s: credentials in %q", name, grant, words)
					}
				}
			}
		}
	}
}

// Servers escape in JSON what they need not, and methods of one's own use other headers.
func TestExcerptRepeatsNoSecret(t *testing.T) {
	for name, said := range map[string]string{
		"as it is":        canary + "/b",
		"slash escaped":   canary + `\/b`,
		"slash by number": canary + `\u002fb`,
		"all by numbers":  canary + `\u002F\u0062`,
	} {
		config := configAt(newServer(t, answerJSON(400, `{"x":"`+said+`"}`)).URL)
		for _, auth := range []ClientAuthentication{ClientSecretPost(canary + "/b"), inHeader{}} {
			config.Auth = auth
			_, err := newClient(t, config).JWTBearer(t.Context(), "h.p.s", TokenOptions{})
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Excerpt() != `{"x":"[redacted]"}` {
				t.Errorf("%s, %T: excerpt is %q", name, auth, e.Excerpt())
			}
		}
	}
}

// inHeader authenticates by a header that is not Basic.
type inHeader struct{ none }

func (inHeader) Authenticate(_ context.Context, _ *Client, req *http.Request) error {
	req.Header.Set("Authorization", "Bearer "+canary+"/b")
	return nil
}

// custom authenticates by parameters whose names say that they are secret.
type custom struct{ none }

func (custom) Authenticate(_ context.Context, _ *Client, req *http.Request) error {
	req.PostForm.Set("our_secret", canary+" \" ")
	req.PostForm["two_token"] = []string{canary + "1", canary + "2"}
	return nil
}

// An error code that is a secret, or has one in it, is not printed.
func TestErrorCodeRepeatsNoSecret(t *testing.T) {
	for _, test := range []struct {
		name, code string
		want       string
	}{
		{"none", "invalid_grant", "invalid_grant"},
		{"the secret", "sec%2Bret", "(unprintable)"},
		{"the secret decoded", "sec+ret", "(unprintable)"},
		{"the secret within", "no-sec%2Bret", "(unprintable)"},
		{"the secret decoded within, which is short", "no-sec+ret", "no-sec+ret"},
		{"ID and secret", "client:sec%2Bret", "(unprintable)"},
		{"the header", base64.StdEncoding.EncodeToString([]byte("client:sec%2Bret")),
			"(unprintable)"},
		{"the header within", "x" + base64.StdEncoding.EncodeToString([]byte("client:sec%2Bret")),
			"(unprintable)"},
		{"the refresh token, short", "r", "(unprintable)"},
		{"the refresh token within, short", "server_error", "server_error"},
		{"eight letters within", "not-12345678", "(unprintable)"},
		{"seven letters within", "not-1234567", "not-1234567"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt(newServer(t, answerJSON(400, `{"error":"`+test.code+`"}`)).URL)
			config.Auth = ClientSecretBasic("sec+ret")
			c := newClient(t, config)
			_, err := c.Refresh(t.Context(), stored(t, Record{AccessToken: "a", RefreshToken: "r"}),
				TokenOptions{Params: url.Values{"a_secret": {"12345678"}, "b_secret": {"1234567"}}})
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != test.want {
				t.Errorf("error is %v, want code %q", err, test.want)
			}
		})
	}
}

// Names that end so say that a parameter is secret; others are not taken out.
func TestSecretsOf(t *testing.T) {
	req := &http.Request{Header: http.Header{}, PostForm: url.Values{
		"code": {"1"}, "device_code": {"2"}, "code_verifier": {"3"}, "client_secret": {"4"},
		"password": {"5"}, "assertion": {"6"}, "client_assertion": {"7"}, "refresh_token": {"8"},
		"subject_token": {"9"}, "actor_token": {"10"}, "token": {"11", "12"},
		"username": {"no"}, "scope": {"no"}, "grant_type": {"no"}, "subject_token_type": {"no"},
		"user_code": {"no"}, "code_challenge": {"no"}, "client_id": {"no"},
	}}
	got := secretsOf(req)
	slices.Sort(got)
	if want := []string{"1", "10", "11", "12", "2", "3", "4", "5", "6", "7", "8",
		"9"}; !slices.Equal(got,
		want) {
		t.Errorf("secrets are %q, want %q", got, want)
	}
	if err := setBasic(req, "i d", "s t"); err != nil {
		t.Fatal(err)
	}
	pair := base64.StdEncoding.EncodeToString([]byte("i+d:s+t"))
	for _, want := range []string{"s+t", "s t", "i+d:s+t", pair} {
		if !slices.Contains(secretsOf(req), want) {
			t.Errorf("%q is none of %q", want, secretsOf(req))
		}
	}
}

// Nothing is sent where there is no endpoint, or none that can be asked.
func TestRequestNeedsItsEndpoint(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for raw, want := range map[string]string{
		"":                         "check token_endpoint",
		"https://as.example/\x7f":  "check token_endpoint",
		"https://as.example/token": "ok",
	} {
		s := c.tokenStep()
		s.url = raw
		req, err := c.request(t.Context(), s, url.Values{"a": {"b"}})
		if got := outcome(err); got != want || (req == nil) != (err != nil) {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
		if err != nil && !strings.HasSuffix(err.Error(), "(RFC 6749, Section 3.2)") {
			t.Errorf("%q: error is %v", raw, err)
		}
	}
}

// A request can be sent again as it was, by whoever resends requests.
func TestRequestBodyIsRewindable(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	req, err := c.request(t.Context(), c.tokenStep(), url.Values{"a": {"b c"}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	second := &http.Request{Body: again}
	if one, two := readAll(req), readAll(second); one != "a=b+c" || two != one {
		t.Errorf("bodies are %q and %q", one, two)
	}
	if req.ContentLength != 5 {
		t.Errorf("length is %d", req.ContentLength)
	}
}

// An error of the client's authentication is returned, and nothing is sent.
func TestAuthenticationErrorIsWrapped(t *testing.T) {
	config := configAt("https://as.example")
	config.Auth = failing{}
	_, err := newClient(t, config).JWTBearer(t.Context(), "a", TokenOptions{})
	if !errors.Is(err, errFailing) {
		t.Errorf("error is %v", err)
	}
	wantText(t, err, "oauth2: client authentication: ")
}

// scopes are some, and whether they are scopes, RFC 6749, Section 3.3.
func scopes() map[string]bool {
	return map[string]bool{
		"read": true, "api://x/.default": true, "!": true, "#": true, "[": true, "]": true,
		"~": true, "a,b": true,
		"": false, " ": false, "a b": false, " a": false, "a ": false, `a"b`: false,
		`a\b`: false, "a\tb": false, "a\nb": false, "a\x00": false, "\x1f": false,
		"\x7f": false, "\u00e9": false, "\xff": false, "a\u00a0b": false,
	}
}

// What is no scope is not asked for by any grant: a space in it would make it two.
func TestGrantsCheckScopes(t *testing.T) {
	s := newServer(t, answerJSON(200, goodExchange))
	asks := map[string]func(*Client, TokenOptions) error{
		"device": func(c *Client, o TokenOptions) error {
			_, err := c.DeviceAuthorization(t.Context(), o)
			return err
		},
		"client credentials": func(c *Client, o TokenOptions) error {
			_, err := c.ClientCredentials(t.Context(), o)
			return err
		},
		"password": func(c *Client, o TokenOptions) error {
			_, err := c.InsecurePassword(t.Context(), "user", "pass", o)
			return err
		},
		"JWT": func(c *Client, o TokenOptions) error {
			_, err := c.JWTBearer(t.Context(), "h.p.s", o)
			return err
		},
		"SAML": func(c *Client, o TokenOptions) error {
			_, err := c.SAMLBearer(t.Context(), []byte("<a/>"), o)
			return err
		},
		"extension": func(c *Client, o TokenOptions) error {
			_, err := c.ExtensionGrant(t.Context(), "urn:x", o)
			return err
		},
		"refresh": func(c *Client, o TokenOptions) error {
			_, err := c.Refresh(t.Context(), stored(t, Record{AccessToken: "a", RefreshToken: "r"}),
				o)
			return err
		},
		"token exchange": func(c *Client, o TokenOptions) error {
			_, err := askExchange(t, t.Context(), c, o)
			return err
		},
	}
	for name, ask := range asks {
		for scope, ok := range scopes() {
			asked := len(s.requests())
			err := ask(newClient(t, allEndpoints(s.URL)), TokenOptions{
				Scopes: []string{"read", scope}})
			if sent := len(s.requests()) > asked; sent != ok {
				t.Errorf("%s, %q: sent %t", name, scope, sent)
			}
			if !ok {
				wantCheck(t, err, "scope", "RFC 6749, Section 3.3")
			}
		}
	}
}

// By GET, too, what has a code is sent once: net/http would repeat it where a server hangs
// up that may have seen it.
func TestGETIsSentOnce(t *testing.T) {
	for _, query := range []string{"", "?t=1"} {
		var asked atomic.Int32
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 2 {
				panic(http.ErrAbortHandler)
			}
			answerJSON(200, goodToken)(w, r)
		})
		config := configAt(s.URL)
		config.Server.TokenEndpoint += query
		config.Quirks.InsecureTokenGET = true
		c := newClient(t, config)
		if _, err := c.JWTBearer(t.Context(), "h.p.s", TokenOptions{}); err != nil {
			t.Fatal(err)
		}
		_, err := c.JWTBearer(t.Context(), "h.p.s", TokenOptions{})
		if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
		if n := asked.Load(); n != 2 {
			t.Errorf("sent %d times", n)
		}
	}
}

// A body of no parameters has a length, which is none, as servers want it who take no
// chunks; a GET has neither.
func TestBodyLength(t *testing.T) {
	for _, get := range []bool{false, true} {
		var length, chunks []string
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			length, chunks = r.Header["Content-Length"], r.TransferEncoding
			answerJSON(200, goodToken)(w, r)
		})
		config := configAt(s.URL)
		config.Auth, config.Quirks.InsecureTokenGET = uriAuthentication{}, get
		if _, err := newClient(t, config).JWTBearer(t.Context(), "h.p.s",
			TokenOptions{}); err != nil {
			t.Fatal(err)
		}
		want := []string{"0"}
		if get {
			want = nil
		}
		if !slices.Equal(length, want) || chunks != nil {
			t.Errorf("GET %t: Content-Length %q, Transfer-Encoding %q", get, length, chunks)
		}
	}
}

// Times are of the wall clock, which goes on while a machine sleeps.
func TestTimesAreOfTheWallClock(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]string{"/token": goodToken, "/device": goodDevice}
		answerJSON(200, answer[r.URL.Path])(w, r)
	})
	for name, now := range map[string]func() time.Time{"no clock": nil, "time.Now": time.Now} {
		config := allEndpoints(s.URL)
		config.Now = now
		c := newClient(t, config)
		tok, err := c.ClientCredentials(t.Context(), TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.DeviceAuthorization(t.Context(), TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{tok.ExpiresAt, d.ExpiresAt} {
			if at.IsZero() || at != at.Round(0) {
				t.Errorf("%s: %v", name, at)
			}
		}
	}
}

// A plus is a space in a form, which is RFC 6749's, Appendix B.
func TestFormSpaces(t *testing.T) {
	c, s := clientWith(t, answerJSON(200, goodToken))
	_, err := c.ClientCredentials(t.Context(), TokenOptions{Scopes: []string{"a", "b"},
		Params: url.Values{"p": {"1+2"}}})
	if got := s.requests(); err != nil || len(got) != 1 ||
		!strings.HasSuffix(got[0], "\n\ngrant_type=client_credentials&p=1%2B2&scope=a+b") {
		t.Errorf("sent %q, %v", got, err)
	}
}

// Token requests are JSON, and no others, and hooks come before.
func TestJSONTokenRequest(t *testing.T) {
	for _, test := range hookCases() {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, whatever))
			config := allEndpoints(s.URL)
			config.Quirks.JSONTokenRequest = true
			config.Auth = ClientSecretPost("sec\"ret")
			change := func(_ context.Context, r *http.Request) error {
				r.PostForm.Set("hooked", "a+b ü")
				return nil
			}
			config.Hooks.AccessTokenRequest = []RequestHook{change}
			config.Hooks.RefreshTokenRequest = []RequestHook{change}
			if err := test.do(t, newClient(t, config), s.URL); err != nil {
				t.Fatal(err)
			}
			head, body, _ := strings.Cut(s.requests()[0], "\n\n")
			sent := map[string]string{}
			err := json.Unmarshal([]byte(body), &sent)
			isToken := test.request == "access " || test.request == "refresh "
			if isToken != strings.Contains(head, "Content-Type: application/json") ||
				isToken != (err == nil) || !strings.HasPrefix(head, "POST /") &&
				test.name != "protected" {
				t.Errorf("sent %s\n%s", head, body)
			}
			if isToken && (sent["hooked"] != "a+b ü" || sent["client_secret"] != `sec"ret` ||
				sent["grant_type"] == "") {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

// What JSON has no place for is not left out, and a hook's body is sent as it is.
func TestJSONTokenRequestRefused(t *testing.T) {
	asJSON := func(c *Config) { c.Quirks.JSONTokenRequest = true }
	c, s := clientWith(t, answerJSON(200, goodToken), asJSON)
	tok, err := c.ClientCredentials(t.Context(), TokenOptions{
		Resources: []string{"https://a.example", "https://b.example"}})
	wantCheck(t, err, "parameters", "RFC 6749, Section 3.2")
	if tok != nil || len(s.requests()) > 0 {
		t.Errorf("%v, and sent %q", tok, s.requests())
	}
	c, s = clientWith(t, answerJSON(200, goodToken), asJSON, func(c *Config) {
		c.Hooks.AccessTokenRequest = []RequestHook{func(_ context.Context, r *http.Request) error {
			r.Header.Set("Content-Type", "text/plain")
			setBody(r, "own")
			return nil
		}}
	})
	if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; !strings.HasSuffix(got, "Content-Type: text/plain\n\nown") {
		t.Errorf("sent %q", got)
	}
}

// Parameters of the callback are repeated if they came, and replace none of a token request.
func TestRepeatedParameters(t *testing.T) {
	names := []string{"shop", "none", "empty", "code", "redirect_uri", "grant_type",
		"code_verifier", "client_id", "own"}
	c, s := clientWith(t, answerJSON(200, goodToken), func(c *Config) {
		c.Quirks.RepeatedParameters = names
		c.Auth = ClientSecretPost("secret")
	})
	names[0] = "other" // which changes nothing any more
	for _, query := range []string{"&shop=a%26b", ""} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			TokenParams: url.Values{"own": {"mine"}}})
		if err != nil {
			t.Fatal(err)
		}
		params, err := url.ParseQuery("code=CODE&redirect_uri=x&grant_type=x&code_verifier=x" +
			"&client_id=x&own=x&empty=&other=x&state=" + req.Transaction.State() + query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Callback(t.Context(), params, req.Transaction); err != nil {
			t.Fatal(err)
		}
		requests := s.requests()
		_, body, _ := strings.Cut(requests[len(requests)-1], "\n\n")
		form, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		verifier := form.Get("code_verifier")
		form.Del("code_verifier")
		want := url.Values{"grant_type": {"authorization_code"}, "code": {"CODE"},
			"redirect_uri": {redirectURI}, "client_id": {"client"}, "client_secret": {"secret"},
			"own": {"mine"}, "empty": {""}}
		if query != "" {
			want["shop"] = []string{"a&b"}
		}
		if form.Encode() != want.Encode() || len(verifier) < 43 {
			t.Errorf("sent %v, want %v", form, want)
		}
	}
}
