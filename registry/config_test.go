package registry

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/internal/seal"
	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// full returns a value of a struct type whose fields all say text.
func full[T any](text string) T {
	var v T
	for _, f := range reflect.ValueOf(&v).Elem().Fields() {
		switch p := f.Addr().Interface().(type) {
		case *string:
			*p = text
		case *[]string:
			*p = []string{text}
		case *map[string]string:
			*p = map[string]string{text: text}
		}
	}
	return v
}

// A row fills every field that it has, where the Config leaves it empty, and no
// other.
func TestFill(t *testing.T) {
	row := reflect.ValueOf(full[compliance.Provider]("row"))
	filled := reflect.ValueOf(Config{}.merged(fromRow(row.Interface().(compliance.Provider)), false))
	own := full[Config]("own")
	kept := reflect.ValueOf(own.merged(fromRow(row.Interface().(compliance.Provider)), false))
	for field, want := range row.Fields() {
		if _, ok := reflect.TypeFor[Config]().FieldByName(field.Name); !ok {
			continue // which TestFields knows
		}
		if got := filled.FieldByName(field.Name); !reflect.DeepEqual(got.Interface(), want.Interface()) {
			t.Errorf("%s is not filled in: %v", field.Name, got)
		}
		if got, want := kept.FieldByName(field.Name), reflect.ValueOf(own).FieldByName(field.Name); !reflect.DeepEqual(
			got.Interface(), want.Interface()) {
			t.Errorf("%s is not kept: %v", field.Name, got)
		}
	}
}

func TestProtocol(t *testing.T) {
	const url = "https://provider.example/"
	tests := []struct {
		name   string
		config Config
		want   string
	}{
		{"request token URL", Config{RequestTokenURL: url, AuthorizeURL: url, AccessTokenURL: url, ClientSecret: "s"},
			"registry.oauth1Protocol"},
		{"two endpoints", Config{AuthorizeURL: url, AccessTokenURL: url}, "registry.oauth2Protocol"},
		{"two endpoints and an issuer", Config{AuthorizeURL: url, AccessTokenURL: url, Issuer: url},
			"registry.oauth2Protocol"},
		{"issuer", Config{Issuer: url}, "registry.oidcProtocol"},
		{"metadata URL", Config{ServerMetadataURL: url + ".well-known/openid-configuration"},
			"registry.oidcProtocol"},
		{"issuer and metadata URL", Config{Issuer: url, AuthorizeURL: url, ServerMetadataURL: url + "metadata"},
			"registry.oidcProtocol"},
		{"keys", Config{Issuer: url, AuthorizeURL: url, AccessTokenURL: url, JWKSURI: url},
			"registry.oidcProtocol"},
		{"scope openid", Config{Issuer: url, AuthorizeURL: url, AccessTokenURL: url, Scopes: []string{"openid"}},
			"registry.oidcProtocol"},
	}
	for _, test := range tests {
		test.config.ClientID = "client"
		p, err := test.config.protocol(Options{})
		if got := fmt.Sprintf("%T", p); err != nil || got != test.want {
			t.Errorf("%s: %s, %v", test.name, got, err)
		}
	}
}

// What other purposes will seal is no login, and neither is what was sealed for
// a site without the protection of its cookie's name.
func TestRecordOfAnotherKind(t *testing.T) {
	ring, err := seal.NewRing(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	l := &logins{ring, CookieStore(), time.Minute, time.Now}
	tests := []struct {
		record record
		want   Reason
	}{
		{record{Purpose: purposeLogin, RedirectURI: "https://site.example/"}, ""},
		{record{Purpose: purposeLogin, RedirectURI: "http://127.0.0.1/"}, ""},
		{record{Purpose: "logout", RedirectURI: "https://site.example/"}, ReasonOtherPurpose},
		{record{Purpose: purposeLogin, RedirectURI: "http://site.example/"}, ReasonTampered},
		{record{Purpose: purposeLogin, RedirectURI: "ftp://127.0.0.1/"}, ReasonTampered},
	}
	for _, test := range tests {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		if err := l.put(w, r, "key", test.record); err != nil {
			t.Fatal(err)
		}
		for _, c := range w.Result().Cookies() {
			r.AddCookie(c)
		}
		_, err := l.take(httptest.NewRecorder(), r, "key", expected{purpose: purposeLogin})
		if test.want == "" && err != nil || test.want != "" && !errors.Is(err, because(test.want)) {
			t.Errorf("%+v: error is %v", test.record, err)
		}
	}
}

// What has been given to whom it is for is kept nowhere else.
func TestSecretsAreLetGo(t *testing.T) {
	var r Registry
	c, err := r.Register("name", Config{ClientID: "client", ClientSecret: "secret",
		AuthorizeURL: "https://a.example/", AccessTokenURL: "https://a.example/"})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Init(Options{Keys: [][]byte{make([]byte, 32)}, Config: Flat{"NAME_REALM": ""}})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.settings.Load(); s.options.Keys != nil || s.options.Config != nil {
		t.Error("the settings have the keys, or the source")
	}
	if c.pending != nil || c.current.Load().config.ClientSecret != "" {
		t.Error("the client has its secret")
	}
}

// noteHooks returns Hooks whose first list notes a name.
func noteHooks(notes *[]string, name string) oauth2.Hooks {
	return oauth2.Hooks{AccessTokenRequest: []oauth2.RequestHook{
		func(context.Context, *http.Request) error {
			*notes = append(*notes, name)
			return nil
		}}}
}

// What is nested is filled in field by field, and the row's hooks come first.
func TestMergedNested(t *testing.T) {
	var notes []string
	row := Config{
		Hooks: noteHooks(&notes, "row"),
		Dialect: compliance.Dialect{CodeParameter: "row", Headers: map[string]string{"row": "1"},
			TokenResponse: compliance.Response{Unwrap: "row", TokenType: "row"}},
		UserInfoEmails: compliance.Emails{Endpoint: "row", Email: "row"},
		OAuth2: oauth2.Config{Server: oauth2.AuthorizationServer{RevocationEndpoint: "row"},
			Hooks: noteHooks(&notes, "row")},
	}
	row.Quirks.StringBooleans, row.Quirks.AssumeBearer = true, true
	own := Config{
		Hooks: noteHooks(&notes, "own"),
		Dialect: compliance.Dialect{Headers: map[string]string{"own": "1"},
			TokenResponse: compliance.Response{Unwrap: "own"}, UntypedUserInfo: true},
		UserInfoEmails: compliance.Emails{Endpoint: "own"},
	}
	own.Quirks.ScopeSeparator = ","
	for _, wins := range []bool{false, true} {
		got := own.merged(row, wins)
		want := map[string]string{"unwrap": "own", "endpoint": "own"}
		headers := map[string]string{"own": "1"}
		if wins {
			want = map[string]string{"unwrap": "row", "endpoint": "row"}
			headers["row"] = "1"
		}
		d := got.Dialect
		if d.CodeParameter != "row" || !d.UntypedUserInfo || d.TokenResponse.TokenType != "row" ||
			d.TokenResponse.Unwrap != want["unwrap"] || !maps.Equal(d.Headers, headers) ||
			got.UserInfoEmails != (compliance.Emails{Endpoint: want["endpoint"], Email: "row"}) ||
			!got.Quirks.StringBooleans || !got.Quirks.AssumeBearer ||
			got.Quirks.ScopeSeparator != "," || got.OAuth2.Server.RevocationEndpoint != "row" ||
			len(got.OAuth2.Hooks.AccessTokenRequest) != 1 {
			t.Errorf("%t: %#v, %#v", wins, got.Dialect, got.UserInfoEmails)
		}
		notes = nil
		for _, hook := range got.Hooks.AccessTokenRequest {
			_ = hook(t.Context(), nil)
		}
		if !slices.Equal(notes, []string{"row", "own"}) {
			t.Errorf("%t: calls %q", wins, notes)
		}
	}
	if len(own.Dialect.Headers) != 1 || len(row.Dialect.Headers) != 1 ||
		len(own.Hooks.AccessTokenRequest) != 1 {
		t.Error("what was merged has changed")
	}
}

// The order is: the row's hooks, the Dialect, those of the Config.
func TestHooksOfConfig(t *testing.T) {
	var seen []string
	look := func(_ context.Context, r *http.Request) error {
		seen = append(seen, r.PostForm.Encode()+r.Header.Get("X"))
		return nil
	}
	c := Config{ClientID: "client",
		Dialect: compliance.Dialect{ParameterNames: map[string]string{"client_id": "key"},
			Headers:       map[string]string{"X": " {client_id}"},
			TokenResponse: compliance.Response{TokenType: "Bearer"}},
		Hooks: oauth2.Hooks{AccessTokenRequest: []oauth2.RequestHook{look}}}
	r := &http.Request{Header: http.Header{}, PostForm: url.Values{"client_id": {"a"}}}
	for _, hook := range c.hooks().AccessTokenRequest {
		if err := hook(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(seen, []string{"key=a client"}) {
		t.Errorf("saw %q", seen)
	}
	for _, form := range []bool{false, true} { // which responses may be only with the quirk
		c.Quirks.FormTokenResponse = form
		resp := &httpclient.Response{Body: []byte("a=1")}
		if err := c.hooks().AccessTokenResponse[0](t.Context(), resp); err != nil ||
			strings.HasPrefix(string(resp.Body), "{") != form {
			t.Errorf("%t: read %s, %v", form, resp.Body, err)
		}
	}
}

// A Config that was given can be changed afterwards: nothing that it has is shared.
func TestConfigIsCloned(t *testing.T) {
	set := func() map[string]string { return map[string]string{"a": "b"} }
	var notes []string
	c := Config{Scopes: []string{"a"}, UserInfoNames: set(), ProviderParams: set(),
		Hooks:  noteHooks(&notes, "own"),
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{RepeatedParameters: []string{"a"}}},
		Dialect: compliance.Dialect{ParameterNames: set(), Headers: set(),
			CallbackParameters: []string{"a"}, TokenResponse: compliance.Response{
				Success: set(), Codes: set(), Names: set(), Drop: set()}}}
	got := c.clone()
	r := c.Dialect.TokenResponse
	for _, m := range []map[string]string{c.UserInfoNames, c.ProviderParams,
		c.Dialect.ParameterNames, c.Dialect.Headers, r.Success, r.Codes, r.Names, r.Drop} {
		clear(m)
	}
	c.Scopes[0], c.Dialect.CallbackParameters[0] = "", ""
	c.Hooks.AccessTokenRequest[0], c.Quirks.RepeatedParameters[0] = nil, ""
	r = got.Dialect.TokenResponse
	for i, m := range []map[string]string{got.UserInfoNames, got.ProviderParams,
		got.Dialect.ParameterNames, got.Dialect.Headers, r.Success, r.Codes, r.Names, r.Drop} {
		if m["a"] != "b" {
			t.Errorf("map %d is shared", i)
		}
	}
	if got.Scopes[0] != "a" || got.Dialect.CallbackParameters[0] != "a" ||
		got.Hooks.AccessTokenRequest[0] == nil || got.Quirks.RepeatedParameters[0] != "a" {
		t.Errorf("a list is shared: %q, %q", got.Scopes, got.Dialect.CallbackParameters)
	}
}

// A row that is not there, and parameters that are not as it has them, are said by field.
func TestFilledRefused(t *testing.T) {
	for _, test := range []struct {
		c           Config
		field, want string
	}{
		{Config{Provider: "no such"}, "Provider", `there is no provider "no such" in the table`},
		{Config{Provider: "github", ProviderParams: map[string]string{"tenant": "secret"}},
			"ProviderParams", `"tenant" is no parameter of this provider`},
	} {
		_, err := test.c.filled()
		e, ok := errors.AsType[*ConfigError](err)
		if !ok || e.Field != test.field || !strings.HasPrefix(e.Err.Error(), test.want) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: error is %v", test.c, err)
		}
	}
	// With a tenant's row, as those who register it see it.
	for _, name := range compliance.Names() {
		row, _ := compliance.Lookup(name)
		for param, p := range row.Params {
			_, err := Config{Provider: name, ClientID: "c",
				ProviderParams: map[string]string{param: "se/cret\n"}}.filled()
			e, ok := errors.AsType[*ConfigError](err)
			if !ok || e.Field != "ProviderParams" || strings.Contains(err.Error(), "cret") {
				t.Errorf("%s, %s: error is %v", name, param, err)
			}
			if p.Default == "" {
				_, err = Config{Provider: name}.filled()
				if e, ok := errors.AsType[*ConfigError](err); !ok || e.Field != "ProviderParams" {
					t.Errorf("%s without %s: error is %v", name, param, err)
				}
			}
		}
	}
}

// Each field of Quirks, Dialect and Hooks is of all protocols or of those that limited says.
func TestNestedFieldsAreLimited(t *testing.T) {
	known := strings.Fields("Quirks.StringBooleans Quirks.UncheckedContacts " +
		"Dialect.UntypedUserInfo Hooks.UserInfoResponse")
	for _, l := range limited {
		known = append(known, strings.Fields(l.fields)...)
	}
	for name, of := range map[string]reflect.Type{"Quirks.": reflect.TypeFor[oidc.Quirks](),
		"Dialect.": reflect.TypeFor[compliance.Dialect](),
		"Hooks.":   reflect.TypeFor[oauth2.Hooks]()} {
		for field := range of.Fields() {
			if !slices.Contains(known, name+field.Name) {
				t.Errorf("nothing says which protocols have %s%s", name, field.Name)
			}
		}
	}
}

// Braces stand for what came with the token, but in a host for nothing.
func TestBracesInHost(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://api.example/{id}?x={y}": "", "https://{id}.example/": "UserInfoEndpoint",
		"https://api.example{id}/": "UserInfoEndpoint", "https://{id}": "UserInfoEndpoint",
		"https://api.{x/": "UserInfoEndpoint",
	} {
		err := Config{UserInfoEndpoint: endpoint}.check(ProtocolOAuth2, nil)
		e, ok := errors.AsType[*ConfigError](err)
		if (want == "") != (err == nil) || want != "" && (!ok || e.Field != want) {
			t.Errorf("%s: error is %v", endpoint, err)
		}
	}
}

// What providers say when a user says no.
func TestDenied(t *testing.T) {
	for code, want := range map[string]bool{"access_denied": true, "user_denied": true,
		"user_cancelled_login": true, "user_cancelled_authorize": true, "invalid_request": false,
		"": false, "Access_Denied": false, "denied": false} {
		err := fmt.Errorf("wrapped: %w", &oauth2.Error{Code: code})
		if denied(err) != want {
			t.Errorf("%q: denied is %t", code, !want)
		}
	}
	if denied(nil) || !denied(fmt.Errorf("wrapped: %w", oauth1.ErrAccessDenied)) {
		t.Error("no error, or that of OAuth 1.0")
	}
}

func TestKept(t *testing.T) {
	params := url.Values{"code": {"secret"}, "realmId": {"17"}, "empty": {""}}
	if got := kept(params, []string{"realmId", "empty", "none"}); !maps.Equal(got,
		map[string]string{"realmId": "17", "empty": ""}) {
		t.Errorf("kept %v", got)
	}
	if got := kept(params, []string{"none"}); got != nil {
		t.Errorf("kept %v", got)
	}
	if got := kept(params, nil); got != nil {
		t.Errorf("kept %v", got)
	}
}

// A signed secret is made with PrivateKey, which is needed then, and not for assertions.
func TestSignedSecretOfConfig(t *testing.T) {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Dialect: compliance.Dialect{SecretIssuer: "team", SecretAudience: "aud"}}
	_, _, err = c.authentication()
	if e, ok := errors.AsType[*ConfigError](err); !ok || e.Field != "PrivateKey" ||
		!errors.Is(err, errRequired) {
		t.Errorf("error is %v", err)
	}
	c.PrivateKey = key
	auth, _, err := c.authentication()
	if err != nil || auth.Method() != "signed_client_secret" {
		t.Errorf("%v, %v", auth, err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.Dialect.SecretKeyID = "known" // a key without an ID will do then
	if c.PrivateKey, err = jose.NewKey(private, jose.KeyOptions{}); err != nil {
		t.Fatal(err)
	}
	if auth, _, err := c.authentication(); err != nil || auth.Method() != "signed_client_secret" {
		t.Errorf("with the ID of the Dialect: %v, %v", auth, err)
	}
	c.Dialect.SecretKeyID = ""
	c.ClientAuthentication = oauth2.None() // the application's own goes before
	if auth, _, err = c.authentication(); err != nil || auth.Method() != "none" {
		t.Errorf("%v, %v", auth, err)
	}
	c.PrivateKey = nil
	if auth, _, err = c.authentication(); err != nil || auth.Method() != "none" {
		t.Errorf("without a key: %v, %v", auth, err)
	}
}

// The keys of configuration that the new fields have.
func TestNewSettings(t *testing.T) {
	source := Flat{"NAME_PROVIDER_PARAMS": `{"host":"git.example.com"}`, "NAME_USERINFO_BODY": "a=1"}
	var r Registry
	c, err := r.Register("name", Config{Provider: "gitea", ClientID: "client"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Init(Options{Keys: [][]byte{make([]byte, 32)}, Config: source}); err != nil {
		t.Fatal(err)
	}
	got := c.current.Load().config
	if got.ProviderParams["host"] != "git.example.com" || got.UserInfoBody != "a=1" {
		t.Errorf("config has %v, %q", got.ProviderParams, got.UserInfoBody)
	}
}
