package oauth2

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAuthenticationFor(t *testing.T) {
	for _, test := range []struct{ method, secret, want string }{
		{"", "", "none"},
		{"none", "", "none"},
		{"", "s", "client_secret_basic"},
		{"client_secret_basic", "s", "client_secret_basic"},
		{"client_secret_post", "s", "client_secret_post"},
		{"none", "s", ""},
		{"client_secret_basic", "", ""},
		{"client_secret_post", "", ""},
		{"private_key_jwt", "s", ""},
		{"Client_Secret_Basic", "s", ""},
		{"client_secret_jwt", "", ""},
		{"client_secret", "", ""},
		{"private_key_jwt", "", ""},
	} {
		a, err := AuthenticationFor(test.method, Credentials{Secret: test.secret})
		if test.want == "" {
			if outcome(err) != "check client_authentication" || a != nil {
				t.Errorf("%q with secret %q: %v and %v", test.method, test.secret, a, err)
			}
			continue
		}
		if err != nil || a.Method() != test.want {
			t.Errorf("%q with secret %q: %v, %v; want %s", test.method, test.secret, a, err,
				test.want)
		}
	}
}

// Only an empty method leaves the choice to the server's metadata.
func TestAuthenticationForIsKept(t *testing.T) {
	only := []string{"client_secret_post"}
	for method, want := range map[string]string{
		"": "client_secret_post", "client_secret_basic": "client_secret_basic",
	} {
		a, err := AuthenticationFor(method, Credentials{Secret: "s"})
		if err != nil {
			t.Fatal(err)
		}
		if got := choose(a, only).Method(); got != want {
			t.Errorf("%q becomes %s, want %s", method, got, want)
		}
	}
}

// RFC 8414, Section 2: metadata that lists no method means client_secret_basic.
func TestClientSecretIsChosen(t *testing.T) {
	for _, test := range []struct {
		supported []string
		want      string
	}{
		{nil, "client_secret_basic"},
		{[]string{}, "client_secret_basic"},
		{[]string{"client_secret_basic"}, "client_secret_basic"},
		{[]string{"client_secret_post"}, "client_secret_post"},
		{[]string{"client_secret_post", "client_secret_basic"}, "client_secret_basic"},
		{[]string{"private_key_jwt", "client_secret_post", "none"}, "client_secret_post"},
		{[]string{"none"}, "client_secret_basic"}, // metadata does not take the secret away
	} {
		if got := choose(ClientSecret("s"), test.supported).Method(); got != test.want {
			t.Errorf("%q: %s, want %s", test.supported, got, test.want)
		}
		for _, fixed := range []ClientAuthentication{ClientSecretBasic("s"), ClientSecretPost("s"),
			None()} {
			if got := choose(fixed, test.supported).Method(); got != fixed.Method() {
				t.Errorf("%q: %s becomes %s", test.supported, fixed.Method(), got)
			}
		}
	}
}

// Each method sends its own credentials and nothing else.
func TestAuthenticate(t *testing.T) {
	const basic = "Basic Y2xpZW50OnM=" // client:s
	for _, test := range []struct {
		auth         ClientAuthentication
		method, form string
		header       string
	}{
		{ClientSecretBasic("s"), "client_secret_basic", "", basic},
		{ClientSecret("s"), "client_secret_basic", "", basic},
		{ClientSecretPost("s"), "client_secret_post", "client_id=client&client_secret=s", ""},
		{None(), "none", "client_id=client", ""},
	} {
		req := &http.Request{Header: http.Header{}, PostForm: url.Values{}}
		c := newClient(t, configAt("https://as.example"))
		if err := test.auth.Authenticate(t.Context(), c, req); err != nil {
			t.Fatal(err)
		}
		header, form := req.Header, req.PostForm
		if test.auth.Method() != test.method || form.Encode() != test.form ||
			header.Get("Authorization") != test.header {
			t.Errorf("%s sends %v and %v", test.auth.Method(), header, form)
		}
	}
}

// Credentials are for the methods of their kind, and an empty method is that kind's.
func TestAuthenticationForEachKind(t *testing.T) {
	secret := Credentials{Secret: strings.Repeat("s", 32)}
	key := Credentials{Key: signingKey(t, "ES256")}
	custom := Credentials{Custom: uriAuthentication{}}
	two := Credentials{Secret: secret.Secret, Key: key.Key}
	for _, test := range []struct {
		name, method string
		c            Credentials
		want         string
	}{
		{"nothing", "", Credentials{}, "none"},
		{"none", "none", Credentials{}, "none"},
		{"secret", "", secret, "client_secret_basic"},
		{"secret by JWT", "client_secret_jwt", secret, "client_secret_jwt"},
		{"key", "", key, "private_key_jwt"},
		{"key by name", "private_key_jwt", key, "private_key_jwt"},
		{"custom", "", custom, "client_secret_uri"},
		{"custom by name", "client_secret_uri", custom, "client_secret_uri"},

		{"none with a key", "none", key, ""},
		{"none with a custom one", "none", custom, ""},
		{"secret with a key", "private_key_jwt", secret, ""},
		{"secret without a method", "unheard_of", secret, ""},
		{"key for a secret", "client_secret_basic", key, ""},
		{"key for an HMAC", "client_secret_jwt", key, ""},
		{"custom for another", "client_secret_basic", custom, ""},
		{"JWT without a key", "private_key_jwt", Credentials{}, ""},
		{"custom that is not there", "uri", Credentials{}, ""},
		{"secret and key", "", two, ""},
		{"secret and key for basic", "client_secret_basic", two, ""},
		{"secret and key for a JWT", "private_key_jwt", two, ""},
		{"secret and custom", "client_secret_uri",
			Credentials{Secret: "s", Custom: uriAuthentication{}}, ""},
		{"key and custom", "", Credentials{Key: key.Key, Custom: uriAuthentication{}}, ""},
		{"all", "none", Credentials{"s", key.Key, uriAuthentication{}}, ""},
		{"all for any", "", Credentials{"s", key.Key, uriAuthentication{}}, ""},
		{"TLS", "tls_client_auth", Credentials{}, ""},
		{"TLS with a secret", "tls_client_auth", secret, ""},
		{"TLS with a key", "tls_client_auth", key, ""},
		{"self-signed TLS", "self_signed_tls_client_auth", Credentials{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, err := AuthenticationFor(test.method, test.c)
			if test.want == "" {
				wantCheck(t, err, "client_authentication", "RFC 7591, Section 2")
				if a != nil {
					t.Errorf("%s beside an error", a.Method())
				}
				return
			}
			if err != nil || a.Method() != test.want {
				t.Errorf("got %v, %v, want %s", a, err, test.want)
			}
		})
	}
}

// uriAuthentication has everything in the URL, as no server should ask for: a method of
// a caller's own.
type uriAuthentication struct{}

func (uriAuthentication) Method() string { return "client_secret_uri" }

func (uriAuthentication) Authenticate(_ context.Context, c *Client, req *http.Request) error {
	q := req.URL.Query()
	maps.Copy(q, req.PostForm)
	q.Set("client_id", c.ID())
	q.Set("client_secret", "secret")
	req.URL.RawQuery = q.Encode()
	clear(req.PostForm)
	return nil
}

// Servers that do not decode get the pair as it is, unless it cannot be told apart.
func TestClientSecretBasicRaw(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	for id, want := range map[string]string{
		"client": "ok", "a b+%": "ok", "a:b": "check client_id"} {
		config := configAt(s.URL)
		config.ID, config.Auth = id, ClientSecretBasicRaw("s%+ é:")
		c := newClient(t, config)
		if got := config.Auth.Method(); got != "client_secret_basic" {
			t.Errorf("method is %s", got)
		}
		asked := len(s.requests())
		_, err := c.ClientCredentials(t.Context(), TokenOptions{})
		if outcome(err) != want {
			t.Errorf("%q: outcome %q, want %q", id, outcome(err), want)
		}
		if want != "ok" {
			wantCheck(t, err, "client_id", "RFC 7617, Section 2")
			if len(s.requests()) > asked {
				t.Errorf("%q: sent", id)
			}
			continue
		}
		pair := base64.StdEncoding.EncodeToString([]byte(id + ":s%+ é:"))
		wantLine(t, s.requests()[asked], "Authorization: Basic "+pair)
	}
}

// wantLine fails unless a request that a server was asked has a line.
func wantLine(t *testing.T, asked, line string) {
	t.Helper()
	if !slices.Contains(strings.Split(asked, "\n"), line) {
		t.Errorf("sent %q without %q", asked, line)
	}
}

// A nameless is a method without a name.
type nameless struct{ none }

func (nameless) Method() string { return "" }

// RFC 6749, Section 2.3: each endpoint's authentication is settled when the client is
// made.
func TestNewSettlesAuthentication(t *testing.T) {
	short := ClientSecretJWT("short", AssertionOptions{})
	for _, test := range []struct {
		name       string
		auth       ClientAuthentication
		revocation ClientAuthentication
		check      string
	}{
		{"one for both", None(), nil, ""},
		{"one each", ClientSecretPost("s"), None(), ""},
		{"a caller's own", uriAuthentication{}, nil, ""},
		{"none", nil, nil, "client_authentication"},
		{"none but for revocation", nil, None(), "client_authentication"},
		{"nameless", nameless{}, nil, "client_authentication"},
		{"nameless for revocation", None(), nameless{}, "revocation_authentication"},
		{"impossible", short, nil, "client_secret"},
		{"impossible for revocation", None(), short, "client_secret"},
		{"empty secret", ClientSecretPost(""), nil, "client_secret"},
		{"empty secret, whatever is chosen", ClientSecret(""), nil, "client_secret"},
		{"empty secret for revocation", None(), ClientSecretPost(""), "client_secret"},
		{"empty secret for revocation, either", None(), ClientSecret(""), "client_secret"},
		{"empty secret in the header", ClientSecretBasic(""), ClientSecretBasicRaw(""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt("https://as.example")
			config.Auth, config.RevocationAuth = test.auth, test.revocation
			c, err := New(config)
			want := "ok"
			if test.check != "" {
				want = "check " + test.check
			}
			if outcome(err) != want || (c == nil) != (err != nil) {
				t.Errorf("outcome %q, want %q", outcome(err), want)
			}
		})
	}
	config := configAt("https://as.example")
	config.Auth = ClientSecretPost("")
	_, err := New(config)
	wantCheck(t, err, "client_secret", "RFC 6749, Section 2.3.1")
}

// RFC 8414, Section 2: each endpoint has a list of methods of its own; what a server does
// not say of introspection it says of tokens.
func TestAuthenticationByEndpoint(t *testing.T) {
	basic, post := []string{"client_secret_basic"}, []string{"client_secret_post"}
	for _, test := range []struct {
		name                             string
		token, revocation, introspection []string
		want                             [3]string
	}{
		{"nothing said", nil, nil, nil, [3]string{"basic", "basic", "basic"}},
		{"tokens", post, nil, nil, [3]string{"post", "basic", "post"}},
		{"revocation", nil, post, nil, [3]string{"basic", "post", "basic"}},
		{"introspection", nil, nil, post, [3]string{"basic", "basic", "post"}},
		{"introspection otherwise", post, post, basic, [3]string{"post", "post", "basic"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt("https://as.example")
			config.Auth = ClientSecret("s")
			config.Server.TokenEndpointAuthMethodsSupported = test.token
			config.Server.RevocationEndpointAuthMethodsSupported = test.revocation
			config.Server.IntrospectionEndpointAuthMethodsSupported = test.introspection
			c := newClient(t, config)
			got := [3]ClientAuthentication{c.config.Auth, c.config.RevocationAuth, c.introspection}
			for i, a := range got {
				if a.Method() != "client_secret_"+test.want[i] {
					t.Errorf("%d: %s, want %s", i, a.Method(), test.want[i])
				}
			}
		})
	}
}

func TestCredentialsShowNothing(t *testing.T) {
	secret := strings.Repeat(canary, 3)
	c := Credentials{Secret: secret, Custom: ClientSecretPost(secret)}
	config := configAt("https://as.example")
	config.Auth = ClientSecretJWT(secret, AssertionOptions{})
	for name, v := range map[string]any{
		"Credentials":             c,
		"*Credentials":            &c,
		"list":                    []Credentials{c},
		"client_secret_jwt":       config.Auth,
		"client_secret_basic raw": ClientSecretBasicRaw(secret),
		"Config":                  config,
		"*Client":                 newClient(t, config),
	} {
		mustNotShow(t, name, v)
	}
	if got := fmt.Sprintf("%+v", c); got != "oauth2.Credentials{...}" {
		t.Errorf("printed as %s", got)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", c)
	if !strings.Contains(log.String(), `"v":"oauth2.Credentials{...}"`) {
		t.Errorf("logged as %s", log.String())
	}
	for method := range strings.FieldsSeq("none private_key_jwt " + secret) {
		_, err := AuthenticationFor(method, c)
		mustNotShow(t, "error", err)
	}
}

func TestSecretInTheURLIsNotRepeated(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		secret := r.URL.Query().Get("client_secret")
		answerJSON(400, `{"error":"`+secret+`","error_description":"no `+secret+`"}`)(w, r)
	})
	config := configAt(s.URL)
	config.Auth = uriAuthentication{}
	_, err := newClient(t, config).ExtensionGrant(t.Context(), "urn:x",
		TokenOptions{Params: url.Values{}})
	e, ok := err.(*Error)
	if !ok || strings.Contains(e.Error()+e.Description()+e.Excerpt(), "secret\"") ||
		e.Code != unprintable || strings.Contains(e.Description(), "secret") {
		t.Errorf("error is %v, %q, %q", err, e.Description(), e.Excerpt())
	}
}
