package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth1"
	"vouchsafe/registry"
)

// A browser-side view of a client: what it is, and where it sends the browser.
type begunLogin struct {
	protocol registry.Protocol
	endpoint string
	query    url.Values
}

// configured registers a client under a name, from a source and code, and begins a login.
func configured(t *testing.T, name string, source registry.Source, c registry.Config) begunLogin {
	t.Helper()
	reg := newRegistry(t, registry.Options{Config: source, HTTP: answering(nil)})
	return begin(t, reg, name, c)
}

func begin(t *testing.T, reg *registry.Registry, name string, c registry.Config) begunLogin {
	t.Helper()
	client, err := reg.Register(name, c)
	if err != nil {
		t.Fatal(err)
	}
	return beginWith(t, client)
}

func beginWith(t *testing.T, client *registry.Client) begunLogin {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/login", nil)
	if err := client.AuthorizeRedirect(w, r, "https://example.com/authorize"); err != nil {
		t.Fatal(err)
	}
	endpoint, query, _ := strings.Cut(w.Header().Get("Location"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return begunLogin{client.Protocol(), endpoint, values}
}

// answering is what providers answer to a registry: bodies by URL, temporary credentials to
// any other. Each request is told to seen.
func answering(answers map[string]string, seen ...func(*http.Request)) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		for _, f := range seen {
			f(r)
		}
		w := httptest.NewRecorder()
		if body, ok := answers[r.URL.String()]; ok {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, body)
		} else {
			w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
			io.WriteString(w, "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true")
		}
		return w.Result(), nil
	})}
}

// urls are what a client of OAuth 2.0 needs beside its ID.
func urls() registry.Config {
	c := good()
	c.ClientID, c.ClientSecret = "", ""
	return c
}

func dotenvFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAuthlibConfig(t *testing.T) {
	t.Run("case 1", func(t *testing.T) { // code alone
		got := configured(t, "dev", nil, good())
		if got.query.Get("client_id") != "client" || got.protocol != registry.ProtocolOAuth2 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("case 3", func(t *testing.T) { // the environment fills ID and secret
		t.Setenv("DEV_CLIENT_ID", "dev")
		t.Setenv("DEV_CLIENT_SECRET", "secret")
		got := configured(t, "dev", registry.Env(), urls())
		if got.query.Get("client_id") != "dev" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("case 4", func(t *testing.T) { // code wins, unless it overwrites
		t.Setenv("DEV_CLIENT_ID", "dev-1")
		t.Setenv("DEV_CLIENT_SECRET", "dev")
		t.Setenv("DEV_AUTHORIZE_PARAMS", `{"foo":"foo-1"}`)
		c := urls()
		c.ClientID = "dev"
		c.AuthorizeParams = url.Values{"foo": {"foo"}, "bar": {"bar"}}
		got := configured(t, "dev", registry.Env(), c)
		if got.query.Get("client_id") != "dev" || got.query.Get("foo") != "foo" {
			t.Errorf("%+v", got)
		}
		c.OverwriteFromConfig = true
		got = configured(t, "dev", registry.Env(), c)
		if got.query.Get("client_id") != "dev-1" || got.query.Get("foo") != "foo-1" ||
			got.query.Get("bar") != "bar" {
			t.Errorf("overwrite: %+v", got)
		}
		c.OverwriteFromConfig = false
		t.Setenv("DEV_OVERWRITE", "true")
		if got = configured(t, "dev", registry.Env(), c); got.query.Get("client_id") != "dev-1" {
			t.Errorf("overwrite of the environment: %+v", got)
		}
		if want := (url.Values{"foo": {"foo"}, "bar": {"bar"}}); !reflect.DeepEqual(c.AuthorizeParams, want) {
			t.Errorf("the caller's parameters are now %v", c.AuthorizeParams)
		}
	})
	t.Run("case 5", func(t *testing.T) { // what is empty overwrites nothing
		t.Setenv("DEV_CLIENT_ID", "")
		t.Setenv("DEV_SCOPE", " ")
		t.Setenv("DEV_AUTHORIZE_PARAMS", "{}")
		c := good()
		c.OverwriteFromConfig, c.Scopes = true, []string{"a"}
		c.AuthorizeParams = url.Values{"foo": {"foo"}}
		got := configured(t, "dev", registry.Env(), c)
		if got.query.Get("client_id") != "client" || got.query.Get("scope") != "a" ||
			got.query.Get("foo") != "foo" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("case 8", func(t *testing.T) { // the shape of Django's settings
		source := registry.Nested{"dev": {"client_id": "dev", "client_secret": "dev"}}
		if got := configured(t, "dev", source, urls()); got.query.Get("client_id") != "dev" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("case 9", func(t *testing.T) { // the environment wins over files, the first over others
		first := dotenvFile(t, "DEV_CLIENT_ID=first\nDEV_SCOPE=first\n")
		second := dotenvFile(t, "DEV_CLIENT_ID=second\nDEV_SCOPE=second\nDEV_AUTHORIZE_PARAMS=n=second\n")
		t.Setenv("DEV_CLIENT_ID", "environment")
		got := configured(t, "dev", registry.Env(first, second), urls())
		if got.query.Get("client_id") != "environment" || got.query.Get("scope") != "first" ||
			got.query.Get("n") != "second" {
			t.Errorf("%+v", got)
		}
		t.Setenv("DEV_CLIENT_ID", "") // is as absent
		got = configured(t, "dev", registry.Env(first, second), urls())
		if got.query.Get("client_id") != "first" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("case 10", func(t *testing.T) { // configuration alone makes it OAuth 1.0
		t.Setenv("DEV_REQUEST_TOKEN_URL", "https://provider.example/request")
		c := good()
		if got := configured(t, "dev", registry.Env(), c); got.protocol != registry.ProtocolOAuth1 ||
			got.query.Get("oauth_token") != "t" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("case 12", func(t *testing.T) { // client_kwargs of the environment
		for _, text := range []string{`{"scope": "a b", "prompt": "consent"}`,
			`{"scope": ["a", "b"], "prompt": "consent"}`, "scope=a+b&prompt=consent"} {
			t.Setenv("DEV_CLIENT_KWARGS", text)
			got := configured(t, "dev", registry.Env(), good())
			if got.query.Get("scope") != "a b" || got.query.Get("prompt") != "consent" {
				t.Errorf("%s: %+v", text, got)
			}
		}
	})
}

func TestProviderFromSource(t *testing.T) {
	source := registry.Flat{"GH_PROVIDER": "github", "GH_CLIENT_ID": "id", "GH_SCOPE": "repo"}
	got := configured(t, "gh", source, registry.Config{ClientSecret: "secret"})
	if got.endpoint != "https://github.com/login/oauth/authorize" || got.query.Get("scope") != "repo" {
		t.Errorf("%+v", got)
	}
}

// Sources are asked key by key; what is empty in one is asked of the next.
func TestSources(t *testing.T) {
	t.Setenv("DEV_CLIENT_ID", "environment")
	t.Setenv("DEV_SCOPE", "")
	source := registry.Sources(nil, registry.Env(), registry.Sources(registry.Flat{"DEV_SCOPE": nil}),
		registry.Nested{"dev": {"scope": ""}}, registry.JSON(`{"dev":null}`),
		registry.JSON(`{"dev":{"client_id":"json","scope":"json"}}`),
		registry.Nested{"dev": {"scope": "nested", "authorize_params": "n=nested"}})
	got := configured(t, "dev", source, urls())
	if got.query.Get("client_id") != "environment" || got.query.Get("scope") != "json" ||
		got.query.Get("n") != "nested" {
		t.Errorf("%+v", got)
	}
}

// A source goes before the next with each field, wherever the next has it, and parameters are
// one field.
func TestSourcesByField(t *testing.T) {
	source := registry.Sources(
		registry.Flat{"DEV_SCOPE": "first", "DEV_CLIENT_KWARGS": "prompt=none"},
		registry.JSON(`{"dev":{"client_id":"second","authorize_params":{"n":"second"},
			"client_kwargs":{"scope":"second","response_mode":"form_post"}}}`))
	q := configured(t, "dev", source, urls()).query
	if q.Get("scope") != "first" || q.Get("response_mode") != "form_post" || q.Get("client_id") != "second" ||
		q.Get("prompt") != "none" || q.Has("n") {
		t.Errorf("asked for %v", q)
	}
}

// Sources has a list of its own.
func TestSourcesAreCopied(t *testing.T) {
	all := []registry.Source{registry.Flat{"DEV_CLIENT_ID": "first"}}
	source := registry.Sources(all...)
	all[0] = registry.Flat{"DEV_CLIENT_ID": "second"}
	if got := configured(t, "dev", source, urls()); got.query.Get("client_id") != "first" {
		t.Errorf("%+v", got)
	}
}

// What the owner of a source does to its values later is of no account to a client.
func TestSourceIsCopied(t *testing.T) {
	params, scopes := url.Values{"n": {"1"}}, []string{"a"}
	source := registry.Nested{"dev": {"client_id": "dev", "authorize_params": params, "scope": scopes}}
	reg := newRegistry(t, registry.Options{Config: source})
	c := urls()
	c.OverwriteFromConfig = true
	client, err := reg.Register("dev", c)
	if err != nil {
		t.Fatal(err)
	}
	params["n"][0], scopes[0] = "2", "b"
	got := beginWith(t, client)
	if got.query.Get("n") != "1" || got.query.Get("scope") != "a" {
		t.Errorf("%+v", got)
	}
}

func TestSourcePrintsNoSecret(t *testing.T) {
	sources := []registry.Source{
		registry.Flat{"DEV_CLIENT_SECRET": "CANARY"},
		registry.Nested{"dev": {"client_secret": "CANARY"}},
		registry.JSON(`{"dev":{"client_secret":"CANARY"}}`),
	}
	var log bytes.Buffer
	for _, v := range append(sources, registry.Sources(sources...)) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb, v)
		}
	}
	for _, v := range sources {
		slog.New(slog.NewJSONHandler(&log, nil)).Info("text", "value", v)
	}
	for _, want := range []string{"Flat", "Nested", "JSON"} {
		if strings.Count(log.String(), "registry."+want+"{...}") != 8 {
			t.Errorf("%s is not there for each verb and the log: %s", want, log.String())
		}
	}
	for _, canary := range []string{"CANARY", "43414e415259", "67 65 78"} {
		if strings.Contains(log.String(), canary) {
			t.Error(log.String())
		}
	}
}

func TestNameInVariables(t *testing.T) {
	for name, prefix := range map[string]string{"dev": "DEV", "My-App.2": "MY_APP_2",
		"a__b": "A__B", "Az09": "AZ09"} {
		source := registry.Flat{prefix + "_CLIENT_ID": "dev"}
		if got := configured(t, name, source, urls()); got.query.Get("client_id") != "dev" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCollidingNames(t *testing.T) {
	tests := []struct {
		one, other string
		source     registry.Source
		variable   string // empty if they get along
	}{
		{"a-b", "a.b", registry.Env(), "A_B_"},
		{"a", "A", registry.Flat{}, "A_"},
		{"a", "a_identity", registry.Env(), "A_IDENTITY_ISSUER"},
		{"a_identity", "a", registry.Env(), "A_IDENTITY_ISSUER"},
		{"a", "A", registry.Sources(registry.Nested{}, registry.Flat{}), "A_"},
		{"a", "a_b", registry.Env(), ""},
		{"a", "ab", registry.Env(), ""},
		{"a_request", "a", registry.Env(), ""},
		{"a", "A", registry.Nested{}, ""},
		{"a", "A", registry.JSON(`{}`), ""},
		{"a", "A", nil, ""},
	}
	for _, test := range tests {
		reg := newRegistry(t, registry.Options{Config: test.source})
		if _, err := reg.Register(test.one, good()); err != nil {
			t.Fatal(err)
		}
		_, err := reg.Register(test.other, good())
		if (err == nil) != (test.variable == "") {
			t.Errorf("%s and %s: %v", test.one, test.other, err)
		} else if e, ok := errors.AsType[*registry.ConfigError](err); err != nil && (!ok ||
			e.Client != test.other || !strings.Contains(err.Error(),
			`the client "`+test.one+`" reads `+test.variable)) {
			t.Errorf("%s and %s: %v", test.one, test.other, err)
		}
		if err := reg.Replace(test.one, good()); err != nil { // beside itself
			t.Error(err)
		}
		var later registry.Registry
		for _, name := range []string{test.one, test.other} {
			if _, err := later.Register(name, good()); err != nil {
				t.Fatal(err)
			}
		}
		err = later.Init(registry.Options{EphemeralKey: true, Config: test.source})
		if (err == nil) != (test.variable == "") {
			t.Errorf("%s and %s: %v at Init", test.one, test.other, err)
		}
	}
}

// The log names variables that look like a client's and are nobody's, and no value.
func TestUnreadVariables(t *testing.T) {
	t.Setenv("DEV_TOKEN", "hush")
	t.Setenv("DEV_CLIENT_ID", "hush")
	t.Setenv("DEVELOPER", "hush")
	t.Setenv("DEV_ADMIN_CLIENT_ID", "hush")
	t.Setenv("DEV_EMPTY", "")
	t.Setenv("DEV_DEFAULT_TIMEOUT", "5") // is a key in client_kwargs only
	t.Setenv("DEV_PROMPT", "none")
	file := dotenvFile(t, "DEV_CLIENT_IDD=hush\nDEV_CLIENT_SECRET=hush\nDEV_CLIENT_KWARGS=realm=\n")
	flat := registry.Flat{"DEV_FLAT": "hush", "DEV_TOKEN": "hush", "dev_client_id": "hush"}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	var reg registry.Registry
	for _, name := range []string{"dev", "dev-admin"} {
		if _, err := reg.Register(name, urls()); err != nil {
			t.Fatal(err)
		}
	}
	o := registry.Options{EphemeralKey: true, Logger: logger,
		Config: registry.Sources(registry.Env(file), flat)}
	if err := reg.Init(o); err != nil {
		t.Fatal(err)
	}
	client, err := reg.Client("dev")
	if err != nil {
		t.Fatal(err)
	}
	if got := beginWith(t, client); got.query.Has("prompt") {
		t.Errorf("a member of client_kwargs is a variable: %+v", got)
	}
	const want = `"client":"dev","variables":["DEV_CLIENT_IDD","DEV_DEFAULT_TIMEOUT",` +
		`"DEV_FLAT","DEV_PROMPT","DEV_TOKEN"]`
	if got := log.String(); !strings.Contains(got, want) || !strings.Contains(got, `"level":"WARN"`) ||
		strings.Count(got, "\n") != 1 || strings.Contains(got, "hush") {
		t.Error(got)
	}
}

// The key of one client is no key because all names have it.
func TestUnreadKey(t *testing.T) {
	var log bytes.Buffer
	reg := newRegistry(t, registry.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Config: registry.Flat{"REDIRECT_URI": "hush"}})
	for _, name := range []string{"other", "redirect"} {
		if _, err := reg.Register(name, good()); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.String(); !strings.Contains(got, `"variables":["REDIRECT_URI"]`) {
		t.Errorf("log is %q", got)
	}
}

func TestUnknownKeys(t *testing.T) {
	tests := []struct {
		name   string
		source registry.Source
		want   string // empty if they are not looked at
	}{
		{"Nested", registry.Nested{"dev": {"scope": "a", "scopes": "hush", "Scope": nil}},
			`key "Scope", key "scopes": not known`},
		{"JSON", registry.JSON(`{"dev":{"client_idd":"hush","fetch_token":null}}`),
			`JSON key "client_idd", JSON key "fetch_token": not known`},
		{"a function", registry.Nested{"dev": {"compliance_fix": "fix"}},
			`key "compliance_fix": must not be configured: it is for Config.Quirks, Dialect and Hooks`},
		{"a member of client_kwargs as a key", registry.Nested{"dev": {"prompt": "hush"}},
			`key "prompt": not known`},
		{"client_kwargs", registry.Nested{"dev": {"client_kwargs": map[string]any{"scopes": "hush", "a": "b"}}},
			`key "client_kwargs": "a", "scopes": not known`},
		{"a key in client_kwargs", registry.Flat{"DEV_CLIENT_KWARGS": map[string]any{"client_id": "hush"}},
			`key DEV_CLIENT_KWARGS: "client_id": not known`},
		{"client_kwargs in itself", registry.Flat{"DEV_CLIENT_KWARGS": `{"client_kwargs":{}}`},
			`key DEV_CLIENT_KWARGS: "client_kwargs": not known`},
		{"another client's", registry.Nested{"other": {"scopes": "hush"}, "dev": nil}, ""},
		{"a variable", registry.Flat{"DEV_SCOPES": "hush"}, ""},
	}
	for _, test := range tests {
		reg := newRegistry(t, registry.Options{Config: registry.Sources(registry.Flat{}, test.source)})
		_, err := reg.Register("dev", good())
		if test.want == "" && err == nil {
			continue
		}
		e, ok := errors.AsType[*registry.ConfigError](err)
		if !ok || e.Client != "dev" || e.Err.Error() != test.want {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
}

// An error says which client and field it is about and where the value is from.
func TestWhereAnErrorIsFrom(t *testing.T) {
	t.Setenv("DEV_LEEWAY", "hush")
	t.Setenv("DEV_REALM", "")
	file := dotenvFile(t, "\n\nDEV_LEEWAY=600\nDEV_REALM=realm")
	insecure := registry.Nested{"dev": {"authorize_url": "http://provider.example/hush"}}
	oauth1Of := func(key, value string) registry.Source {
		return registry.Nested{"dev": {"request_token_url": "https://provider.example/request", key: value}}
	}
	overwrite := good()
	overwrite.OverwriteFromConfig = true
	tests := []struct {
		name        string
		source      registry.Source
		config      registry.Config
		field, from string
	}{
		{"environment", registry.Env(file), good(), "Leeway", "environment variable DEV_LEEWAY"},
		{"file", registry.Env(file), good(), "Realm", file + ":4: DEV_REALM"},
		{"flat", registry.Flat{"DEV_LEEWAY": "hush"}, good(), "Leeway", "key DEV_LEEWAY"},
		{"nested", registry.Nested{"dev": {"leeway": "hush"}}, good(), "Leeway", `key "leeway"`},
		{"JSON", registry.JSON(`{"dev":{"leeway":"hush"}}`), good(), "Leeway", `JSON key "leeway"`},
		{"client_kwargs", registry.Flat{"DEV_CLIENT_KWARGS": "leeway=hush"}, good(), "Leeway",
			`key DEV_CLIENT_KWARGS: "leeway"`},
		{"client_kwargs that may be none", registry.Flat{"DEV_CLIENT_KWARGS": "hush=="}, good(), "",
			"key DEV_CLIENT_KWARGS"},
		{"client_kwargs that are none", registry.Flat{"DEV_CLIENT_KWARGS": "hush"}, good(), "",
			"key DEV_CLIENT_KWARGS"},
		{"without a field", registry.Flat{"DEV_CODE_CHALLENGE_METHOD": "hush"}, good(), "",
			"key DEV_CODE_CHALLENGE_METHOD"},
		{"check of Config", insecure, overwrite, "AuthorizeURL", `key "authorize_url"`},
		{"two keys", registry.Flat{"DEV_AUTHORIZE_PARAMS": "state=hush", "DEV_CLIENT_KWARGS": "prompt=none"},
			good(), "AuthorizeParams", `key DEV_AUTHORIZE_PARAMS and key DEV_CLIENT_KWARGS: "prompt"`},
		{"check of oauth2", registry.Nested{"dev": {"leeway": 301}}, good(), "Leeway", `key "leeway"`},
		{"check of oauth2 by another name", registry.Nested{"dev": {"token_endpoint_auth_method": "hush"}},
			good(), "TokenEndpointAuthMethod", `key "token_endpoint_auth_method"`},
		{"check of oidc", registry.Nested{"dev": {"issuer": "http://hush.example", "scope": "openid"}},
			good(), "Issuer", `key "issuer"`},
		{"check of oauth1", oauth1Of("signature_method", "hush"), good(), "SignatureMethod",
			`key "signature_method"`},
		{"check of oauth1 by another name", oauth1Of("signature_type", "hush"), good(),
			"SignatureType", `key "signature_type"`},
		{"parameters of oauth1", oauth1Of("request_token_params", "oauth_nonce=hush"), good(),
			"RequestTokenParams", `key "request_token_params"`},
		{"body hash of oauth1", registry.Nested{"dev": {"signature_method": "PLAINTEXT",
			"force_include_body": true, "request_token_url": "https://provider.example/"}}, good(),
			"ForceIncludeBody", `key "force_include_body"`},
		{"the first of two sources", registry.Sources(registry.Nested{"dev": {"leeway": 301}},
			registry.Flat{"DEV_LEEWAY": "1"}), good(), "Leeway", `key "leeway"`},
		{"the second of two sources", registry.Sources(registry.Nested{"dev": {"realm": ""}},
			registry.Flat{"DEV_LEEWAY": "301"}), good(), "Leeway", "key DEV_LEEWAY"},
		{"token parameters of oauth1", oauth1Of("access_token_params", "oauth_nonce=hush"), good(),
			"AccessTokenParams", `key "access_token_params"`},
		{"of another protocol", oauth1Of("scope", "hush"), good(), "Scopes", `key "scope"`},
		{"of code", insecure, func() registry.Config {
			c := good()
			c.AuthorizeURL = "http://provider.example/hush"
			return c
		}(), "AuthorizeURL", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "file" {
				t.Setenv("DEV_LEEWAY", "0")
			}
			_, err := newRegistry(t, registry.Options{Config: test.source}).Register("dev", test.config)
			e, ok := errors.AsType[*registry.ConfigError](err)
			if !ok || e.Client != "dev" || e.Field != test.field || e.From != test.from {
				t.Fatalf("error is %#v", err)
			}
			text := err.Error()
			if !strings.Contains(text, test.from) || strings.Contains(text, "hush") ||
				strings.Contains(text, ", or key") {
				t.Error(text)
			}
		})
	}
}

func TestMissingKeyOfOAuth1(t *testing.T) {
	source := registry.Nested{"dev": {"signature_method": "RSA-SHA1",
		"request_token_url": "https://provider.example/request"}}
	_, err := newRegistry(t, registry.Options{Config: source}).Register("dev", good())
	e, ok := errors.AsType[*registry.ConfigError](err)
	if !ok || e.Field != "RSAKey" || !errors.Is(err, &oauth1.CheckError{Check: "private_key"}) {
		t.Errorf("error is %v", err)
	}
}

// What is missing is said with where it could be.
func TestMissing(t *testing.T) {
	noURL := good()
	noURL.AuthorizeURL = ""
	tests := []struct {
		source registry.Source
		config registry.Config
		want   string
	}{
		{registry.Env(), urls(), "Config.ClientID: must be set, or GITHUB_CLIENT_ID"},
		{registry.Flat{}, urls(), "Config.ClientID: must be set, or GITHUB_CLIENT_ID"},
		{registry.Nested{}, urls(), `Config.ClientID: must be set, or key "client_id"`},
		{registry.Sources(registry.Env(), nil, registry.JSON("{}")), urls(),
			`Config.ClientID: must be set, or GITHUB_CLIENT_ID or JSON key "client_id"`},
		{registry.Sources(registry.Env(), registry.Flat{}), urls(),
			"Config.ClientID: must be set, or GITHUB_CLIENT_ID"},
		{nil, urls(), "Config.ClientID: must be set"},
		{registry.Env(), noURL, "Config.AuthorizeURL: must be set, or Issuer for OpenID Connect, or " +
			"Provider for one of the table, or GITHUB_AUTHORIZE_URL or GITHUB_PROVIDER"},
	}
	for _, test := range tests {
		_, err := newRegistry(t, registry.Options{Config: test.source}).Register("github", test.config)
		if err == nil || err.Error() != `registry: "github": `+test.want {
			t.Errorf("error is %v, want %s", err, test.want)
		}
	}
}

// What stands twice is an error that names both places, whatever the source of either.
func TestTwice(t *testing.T) {
	kwargs := func(name string, value any) map[string]any { return map[string]any{name: value} }
	tests := []struct {
		name   string
		source registry.Source
		field  string
		both   []string
	}{
		{"scope", registry.Nested{"dev": {"scope": "a", "client_kwargs": kwargs("scope", "a")}}, "Scopes",
			[]string{`key "scope"`, `key "client_kwargs": "scope"`}},
		{"token_endpoint", registry.Flat{"DEV_ACCESS_TOKEN_URL": "https://provider.example/token",
			"DEV_CLIENT_KWARGS": kwargs("token_endpoint", "https://provider.example/token")},
			"AccessTokenURL", []string{"key DEV_ACCESS_TOKEN_URL", `key DEV_CLIENT_KWARGS: "token_endpoint"`}},
		{"timeouts", registry.Flat{"DEV_CLIENT_KWARGS": "timeout=5&default_timeout=5"}, "Timeout",
			[]string{`"timeout"`, `"default_timeout"`}},
		{"prompt", registry.Flat{"DEV_AUTHORIZE_PARAMS": "prompt=none", "DEV_CLIENT_KWARGS": "prompt=none"},
			"AuthorizeParams", []string{"key DEV_AUTHORIZE_PARAMS", `key DEV_CLIENT_KWARGS: "prompt"`}},
	}
	for _, test := range tests {
		_, err := newRegistry(t, registry.Options{Config: test.source}).Register("dev", good())
		e, ok := errors.AsType[*registry.ConfigError](err)
		if !ok || e.Field != test.field || !strings.Contains(err.Error(), "is set twice") ||
			!strings.Contains(err.Error(), test.both[0]) || !strings.Contains(err.Error(), test.both[1]) {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
	source := registry.Flat{"DEV_AUTHORIZE_PARAMS": "a=b", "DEV_CLIENT_KWARGS": "prompt=none&login_hint=c"}
	got := configured(t, "dev", source, good())
	if got.query.Get("a") != "b" || got.query.Get("prompt") != "none" || got.query.Get("login_hint") != "c" {
		t.Errorf("%+v", got)
	}
}

func TestBrokenSources(t *testing.T) {
	tests := []struct {
		name   string
		source registry.Source
		want   error  // by its type, if it is a *strictjson.SyntaxError
		text   string // that the error has
	}{
		{"missing file", registry.Env(filepath.Join(t.TempDir(), ".env")), fs.ErrNotExist, ".env"},
		{"file that is none", registry.Env(dotenvFile(t, "A=1\nhush\n")), nil, ".env:2: must be NAME=value"},
		{"no JSON", registry.JSON("hush"), &strictjson.SyntaxError{}, "JSON"},
		{"empty JSON", registry.JSON(""), &strictjson.SyntaxError{}, "JSON"},
		{"JSON list", registry.JSON(`["hush"]`), &strictjson.SyntaxError{}, "JSON"},
		{"JSON of a client twice", registry.JSON(`{"a":{},"\u0061":{}}`), &strictjson.SyntaxError{}, "JSON"},
		{"JSON of a key twice", registry.JSON(`{"a":{"scope":"hush","scope":""}}`),
			&strictjson.SyntaxError{}, "JSON"},
		{"JSON of no clients", registry.JSON(`{"a":"hush"}`), nil, `"a" must be a map`},
		{"JSON of Django without clients", registry.JSON(`{"AUTHLIB_OAUTH_CLIENTS":"hush"}`), nil,
			`"AUTHLIB_OAUTH_CLIENTS" must be a map`},
	}
	for _, test := range tests {
		err := register(registry.Sources(registry.Flat{}, test.source))
		if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: error is %v", test.name, err)
			continue
		}
		_, syntax := errors.AsType[*strictjson.SyntaxError](err)
		_, want := test.want.(*strictjson.SyntaxError)
		if syntax != want || test.want != nil && !want && !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
}

// register returns the error of a registry, or of a client in it.
func register(source registry.Source) error {
	reg, err := registry.New(registry.Options{EphemeralKey: true, Config: source})
	if err == nil {
		_, err = reg.Register("dev", good())
	}
	return err
}

// Whatever the JSON, there is a client or an error, and no secret in it.
func FuzzJSONSource(f *testing.F) {
	for _, seed := range []string{`{}`, `{"dev":{"client_id":"a","scope":["b"],"leeway":5}}`,
		`{"AUTHLIB_OAUTH_CLIENTS":{"dev":{"client_kwargs":{"prompt":"none"}}}}`,
		`{"dev":{"authorize_params":{"a":["b",1,true]},"overwrite":true}}`,
		`{"dev":{"private_key":{"kty":"EC"},"jwks":{"keys":[]}}}`, `{"dev":null}`, `{"dev":{"dev":1}}`,
		`{"dev":{"client_kwargs":"a=b","token_placement":"uri","force_include_body":1e0}}`} {
		f.Add(seed, "scope", "a b")
	}
	f.Fuzz(func(t *testing.T, text, key, value string) {
		for _, source := range []registry.Source{registry.JSON(text), registry.Nested{"dev": {key: value}}} {
			err := register(source)
			if e, ok := errors.AsType[*registry.ConfigError](err); ok && e.Client != "dev" {
				t.Errorf("%q, %q: %v", text, key, err)
			}
		}
		err := register(registry.Nested{"dev": {"rsa_key": value, "leeway": value, "jwks": value}})
		if len(value) > 12 && err != nil && strings.Contains(err.Error(), value) {
			t.Errorf("%q is in the error %v", value, err)
		}
	})
}

// Init reads the sources, once.
func TestSourceIsReadByInit(t *testing.T) {
	file := dotenvFile(t, "DEV_CLIENT_ID=dev\n")
	reg := newRegistry(t, registry.Options{Config: registry.Env(file), HTTP: answering(nil)})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DEV_CLIENT_ID", "later")
	if got := begin(t, reg, "dev", urls()); got.query.Get("client_id") != "dev" {
		t.Errorf("%+v", got)
	}
	_, err := registry.New(registry.Options{EphemeralKey: true, Config: registry.Env(file)})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "Options.Config") {
		t.Errorf("error is %v", err)
	}
}

// A map that is no map in truth may be a secret: nothing of it is repeated, nor taken for a query.
func TestTextThatIsNoMapping(t *testing.T) {
	secret := `"rsa_key": "-----BEGIN PRIVATE KEY-----\nMIIEvCANARY==\n-----END PRIVATE KEY-----"`
	for _, text := range []string{" {" + secret + "}", "\n{" + secret + "}", "[{" + secret + "}]", secret,
		"\ufeff{" + secret + "}", "'{" + secret + "}'"} {
		reg := newRegistry(t, registry.Options{Config: registry.Flat{"DEV_CLIENT_KWARGS": text}})
		_, err := reg.Register("dev", good())
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%.12q: %v", text, err)
		}
	}
	for _, text := range []string{" {\"a\":\"b=c\"}", "\n{\"a\":\"b=c\"}", `[{"a":"b=c"}]`} {
		reg := newRegistry(t, registry.Options{Config: registry.Flat{"DEV_AUTHORIZE_PARAMS": text}})
		c, err := reg.Register("dev", good())
		if err == nil && beginWith(t, c).query.Get("a") != "b=c" {
			t.Errorf("%q: %v", text, beginWith(t, c).query)
		}
	}
	for _, text := range []string{" [\"a\",\"b\"]", "\n[\"a\"]"} {
		reg := newRegistry(t, registry.Options{Config: registry.Flat{"DEV_SCOPE": text}})
		c, err := reg.Register("dev", good())
		if err != nil {
			t.Errorf("scope %q: %v", text, err)
		} else {
			beginWith(t, c)
		}
	}
}

// Two names read what they read, in whatever order they come.
func TestNamesThatDoNotCollide(t *testing.T) {
	for _, names := range [][2]string{{"google", "google-default"}, {"google-default", "google"}} {
		reg := newRegistry(t, registry.Options{Config: registry.Env()})
		for _, n := range names {
			if _, err := reg.Register(n, good()); err != nil {
				t.Errorf("%v: %v", names, err)
			}
		}
	}
}

// What is empty in a source is for the next to say.
func TestEmptyInSources(t *testing.T) {
	for i, empty := range []any{" ", []string{}, []any{}, []string(nil)} {
		src := registry.Sources(registry.Nested{"dev": {"scope": empty}}, registry.Nested{"dev": {"scope": "a"}})
		got := configured(t, "dev", src, good())
		if got.query.Get("scope") != "a" {
			t.Errorf("%d %q: %q", i, empty, got.query.Get("scope"))
		}
	}
	for i, empty := range []any{map[string]any{}, url.Values{}, url.Values(nil), map[string]any(nil)} {
		src := registry.Sources(registry.Nested{"dev": {"authorize_params": empty}}, registry.Nested{"dev": {"authorize_params": "n=1"}})
		got := configured(t, "dev", src, good())
		if got.query.Get("n") != "1" {
			t.Errorf("%d %q: %q", i, empty, got.query)
		}
		src = registry.Sources(registry.Nested{"dev": {"client_kwargs": empty}}, registry.Nested{"dev": {"client_kwargs": "scope=a"}})
		got = configured(t, "dev", src, good())
		if got.query.Get("scope") != "a" {
			t.Errorf("kwargs %d %q: %q", i, empty, got.query)
		}
	}
}

// The first source that has a flag has it, whatever it says.
func TestFirstSourceSaysFalse(t *testing.T) {
	base := map[string]any{"client_id": "fromJSON", "client_secret": "s",
		"authorize_url": "https://p.example/a", "access_token_url": "https://p.example/t",
		"overwrite": true}
	r := newRegistry(t, registry.Options{Config: registry.Sources(
		registry.Flat{"A_OVERWRITE": "false"}, registry.Nested{"a": base})})
	c, err := r.Register("a", registry.Config{ClientID: "fromCode"})
	if err != nil {
		t.Fatal(err)
	}
	if got := authorizeURL(t, c).Query().Get("client_id"); got != "fromCode" {
		t.Errorf("client_id is %s", got)
	}
}
