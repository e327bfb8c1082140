package registry

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

// What only code can say: functions, and what is made of them.
var codeOnly = []string{"UserInfoFix", "ClientAuthentication", "FetchToken", "UpdateToken",
	"UserInfoEmails", "Quirks", "Dialect", "Hooks", "HTTP", "OAuth1", "OAuth2", "OIDC"}

// Each field is of one key, or for code only; each key stands in the documentation of Source.
func TestEachFieldHasAKey(t *testing.T) {
	of := map[string]string{}
	for _, s := range table {
		if s.at != inKwargs && s.field != "" {
			if of[s.field] != "" {
				t.Errorf("%s is %s and %s", s.field, of[s.field], s.name)
			}
			of[s.field] = s.name
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if code := slices.Contains(codeOnly, field.Name); code == (of[field.Name] != "") {
			t.Errorf("%s is for code only: %v, and has the key %q", field.Name, code, of[field.Name])
		}
	}
}

func pemOf(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func jsonOf(t *testing.T, text string) any {
	t.Helper()
	m, err := object(`{"v":` + text + `}`)
	if err != nil {
		t.Fatal(err)
	}
	return m["v"]
}

// load reads one key into a Config.
func loadOne(name string, value any) (Config, error) {
	f, err := find(mustOpen(Nested{"c": {name: value}}), "c", nil)
	if err != nil {
		return Config{}, err
	}
	return f.config, nil
}

func mustOpen(s Source) opened {
	o, err := open(s)
	if err != nil {
		panic(err)
	}
	return o
}

type (
	named    string
	namedInt int
)

func TestReadValue(t *testing.T) {
	number := func(s string) any { return json.Number(s) }
	set := Config{JWKS: jose.NewSet()}
	tests := []struct {
		key   string
		value any
		want  Config
	}{
		{"provider", "github", Config{Provider: "github"}},
		{"protocol", "oauth1", Config{Protocol: ProtocolOAuth1}},
		{"protocol", "oauth2", Config{Protocol: ProtocolOAuth2}},
		{"protocol", ProtocolOIDC, Config{Protocol: ProtocolOIDC}},
		{"client_id", " id ", Config{ClientID: " id "}},
		{"client_id", named("id"), Config{ClientID: "id"}},
		{"client_secret", "secret", Config{ClientSecret: "secret"}},
		{"request_token_url", "url", Config{RequestTokenURL: "url"}},
		{"request_token_params", "a=1&a=2&b=", Config{
			RequestTokenParams: url.Values{"a": {"1", "2"}, "b": {""}}}},
		{"access_token_url", "url", Config{AccessTokenURL: "url"}},
		{"access_token_params", `{"a":["1",2,true],"b":"x","c":null,"d":1.50,"e":[]}`, Config{
			AccessTokenParams: url.Values{"a": {"1", "2", "true"}, "b": {"x"}, "d": {"1.50"}}}},
		{"refresh_token_url", "url", Config{RefreshTokenURL: "url"}},
		{"refresh_token_params", url.Values{"a": {"1", "2"}}, Config{
			RefreshTokenParams: url.Values{"a": {"1", "2"}}}},
		{"authorize_url", "url", Config{AuthorizeURL: "url"}},
		{"authorize_params", map[string]string{"a": "1"}, Config{
			AuthorizeParams: url.Values{"a": {"1"}}}},
		{"authorize_params", map[string]any{"a": 1, "b": []string{"2", "3"}, "c": nil, "d": false,
			"e": uint8(4), "f": 2.5, "g": float64(1 << 52), "h": namedInt(-5), "i": []any{"6", 7}},
			Config{AuthorizeParams: url.Values{"a": {"1"}, "b": {"2", "3"}, "d": {"false"},
				"e": {"4"}, "f": {"2.5"}, "g": {"4503599627370496"}, "h": {"-5"}, "i": {"6", "7"}}}},
		{"authorize_params", map[string]any{}, Config{}},
		{"authorize_params", "{}", Config{}},
		{"api_base_url", "url", Config{APIBaseURL: "url"}},
		{"server_metadata_url", "url", Config{ServerMetadataURL: "url"}},
		{"issuer", "url", Config{Issuer: "url"}},
		{"jwks_uri", "url", Config{JWKSURI: "url"}},
		{"jwks", set.JWKS, set},
		{"userinfo_endpoint", "url", Config{UserInfoEndpoint: "url"}},
		{"identity_issuer", "url", Config{IdentityIssuer: "url"}},
		{"userinfo_names", `{"sub":"id"}`, Config{UserInfoNames: map[string]string{"sub": "id"}}},
		{"userinfo_names", "sub=id", Config{UserInfoNames: map[string]string{"sub": "id"}}},
		{"userinfo_names", map[string]string{"sub": "id"}, Config{
			UserInfoNames: map[string]string{"sub": "id"}}},
		{"user_agent", "agent", Config{UserAgent: "agent"}},
		{"overwrite", true, Config{OverwriteFromConfig: true}},
		{"overwrite", "1", Config{OverwriteFromConfig: true}},
		{"overwrite", 1, Config{OverwriteFromConfig: true}},
		{"overwrite", number("1"), Config{OverwriteFromConfig: true}},
		{"overwrite", "true", Config{OverwriteFromConfig: true}},
		{"overwrite", "false", Config{}},
		{"overwrite", "0", Config{}},
		{"overwrite", false, Config{}},
		{"redirect_uri", "/auth", Config{RedirectURI: "/auth"}},
		{"scope", " openid  email\n", Config{Scopes: []string{"openid", "email"}}},
		{"scope", `["openid","email"]`, Config{Scopes: []string{"openid", "email"}}},
		{"scope", []string{"openid", "email"}, Config{Scopes: []string{"openid", "email"}}},
		{"scope", []any{"openid", "email"}, Config{Scopes: []string{"openid", "email"}}},
		{"scope", []any{}, Config{}},
		{"scope", " ", Config{}},
		{"response_type", "code id_token", Config{ResponseType: "code id_token"}},
		{"response_mode", "form_post", Config{ResponseMode: "form_post"}},
		{"token_endpoint_auth_method", "none", Config{TokenEndpointAuthMethod: "none"}},
		{"revocation_endpoint_auth_method", "none", Config{RevocationEndpointAuthMethod: "none"}},
		{"token_placement", "header", Config{TokenPlacement: oauth2.PlacementHeader}},
		{"token_placement", "headers", Config{TokenPlacement: oauth2.PlacementHeader}},
		{"token_placement", oauth2.PlacementBody, Config{TokenPlacement: oauth2.PlacementBody}},
		{"signature_method", "RSA-SHA1", Config{SignatureMethod: oauth1.RSASHA1}},
		{"signature_type", "BODY", Config{SignatureType: oauth1.PlacementBody}},
		{"realm", "realm", Config{Realm: "realm"}},
		{"force_include_body", "true", Config{ForceIncludeBody: true}},
		{"leeway", "120", Config{Leeway: 2 * time.Minute}},
		{"leeway", "99", Config{Leeway: 99 * time.Second}},
		{"leeway", 120, Config{Leeway: 2 * time.Minute}},
		{"leeway", number("0"), Config{Leeway: -1}},
		{"leeway", time.Minute, Config{Leeway: time.Minute}},
		{"timeout", "2.5", Config{Timeout: 2500 * time.Millisecond}},
		{"timeout", 2.5, Config{Timeout: 2500 * time.Millisecond}},
		{"timeout", number("10"), Config{Timeout: 10 * time.Second}},
		{"timeout", "1000000000", Config{Timeout: 1e9 * time.Second}},
		{"timeout", uint8(10), Config{Timeout: 10 * time.Second}},
		{"authorize_params", map[string]any{"a": float64(1<<53 - 1)}, Config{
			AuthorizeParams: url.Values{"a": {"9007199254740991"}}}},
		{"code_challenge_method", "S256", Config{}},
		{"client_id", nil, Config{}},
		{"client_id", "", Config{}},
		{"overwrite", "", Config{}},
		{"authorize_params", nil, Config{}},
		{"authorize_params", "", Config{}},
		{"client_kwargs", nil, Config{}},
		{"client_kwargs", `{"response_type":"code","revocation_endpoint_auth_method":"none"}`,
			Config{ResponseType: "code", RevocationEndpointAuthMethod: "none"}},
		{"client_kwargs", "", Config{}},
		{"client_kwargs", map[string]any{"scope": nil, "leeway": ""}, Config{}},
		{"client_kwargs", `{"scope":"a b","token_placement":"headers","verify":true,` +
			`"grant_type":"authorization_code","code_challenge_method":"S256","default_timeout":5,` +
			`"token_endpoint":"url","prompt":"consent","login_hint":"user"}`, Config{
			Scopes: []string{"a", "b"}, TokenPlacement: oauth2.PlacementHeader,
			Timeout: 5 * time.Second, AccessTokenURL: "url",
			AuthorizeParams: url.Values{"prompt": {"consent"}, "login_hint": {"user"}}}},
		{"client_kwargs", "scope=a+b&leeway=5&realm=r&force_include_body=1", Config{
			Scopes: []string{"a", "b"}, Leeway: 5 * time.Second, Realm: "r", ForceIncludeBody: true}},
		{"client_kwargs", map[string]any{"signature_method": "PLAINTEXT", "signature_type": "QUERY",
			"realm": "r", "force_include_body": true, "redirect_uri": "/auth", "timeout": 5}, Config{
			SignatureMethod: "PLAINTEXT", SignatureType: "QUERY", Realm: "r",
			ForceIncludeBody: true, RedirectURI: "/auth", Timeout: 5 * time.Second}},
	}
	for _, test := range tests {
		got, err := loadOne(test.key, test.value)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s of %#v: %v", test.key, test.value, err)
			for i, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
				one, two := reflect.ValueOf(got).Field(i), reflect.ValueOf(test.want).Field(i)
				if !reflect.DeepEqual(one.Interface(), two.Interface()) {
					t.Errorf("%s is %#v, want %#v", field.Name, one, two)
				}
			}
		}
	}
}

func TestReadValueRefuses(t *testing.T) {
	errNonce, errTransport := read(t, "nonce"), read(t, "cert")
	kwargs := func(name string, value any) map[string]any { return map[string]any{name: value} }
	tests := []struct {
		key   string
		value any
		field string
		want  error
	}{
		{"client_id", 1, "ClientID", errText},
		{"client_id", true, "ClientID", errText},
		{"client_id", json.Number("1"), "ClientID", errText},
		{"client_id", []string{"secret"}, "ClientID", errText},
		{"client_secret", []byte("secret"), "ClientSecret", errText},
		{"protocol", "OAuth1", "Protocol", read(t, "protocol")},
		{"protocol", []string{"oauth1"}, "Protocol", read(t, "protocol")},
		{"scope", 1i, "Scopes", errWords},
		{"scope", `["secret"`, "Scopes", errWords},
		{"scope", `["secret"],"list":[]`, "Scopes", errWords},
		{"scope", `["a"],"secret":[]`, "Scopes", errWords},
		{"scope", `[["secret"]]`, "Scopes", errWords},
		{"scope", map[string]any{"secret": "a"}, "Scopes", errWords},
		{"authorize_params", "secret", "AuthorizeParams", errMap},
		{"authorize_params", "a=%secret", "AuthorizeParams", errMap},
		{"authorize_params", `["secret"]`, "AuthorizeParams", errMap},
		{"authorize_params", "a=secret\nb=c", "AuthorizeParams", errMap},
		{"authorize_params", "a={secret", "AuthorizeParams", errMap},
		{"authorize_params", "a=secret}", "AuthorizeParams", errMap},
		{"authorize_params", "a='secret", "AuthorizeParams", errMap},
		{"authorize_params", `a="secret`, "AuthorizeParams", errMap},
		{"authorize_params", []string{"secret"}, "AuthorizeParams", errMap},
		{"authorize_params", map[int]string{1: "secret"}, "AuthorizeParams", errMap},
		{"authorize_params", 1, "AuthorizeParams", errMap},
		{"authorize_params", `{"a":{"secret":"b"}}`, "AuthorizeParams", errParams},
		{"authorize_params", `{"a":["b",null]}`, "AuthorizeParams", errParams},
		{"authorize_params", map[string]any{"a": float64(1 << 53)}, "AuthorizeParams", errParams},
		{"authorize_params", map[string]any{"a": 1e16}, "AuthorizeParams", errParams},
		{"authorize_params", map[string]any{"a": time.Second}, "AuthorizeParams", errParams},
		{"userinfo_names", `{"a":["secret","b"]}`, "UserInfoNames", errNames},
		{"userinfo_names", "a=secret&a=c", "UserInfoNames", errNames},
		{"userinfo_names", `{"a":{}}`, "UserInfoNames", errNames},
		{"userinfo_names", "secret", "UserInfoNames", errMap},
		{"overwrite", "yes", "OverwriteFromConfig", errFlag},
		{"overwrite", "True", "OverwriteFromConfig", errFlag},
		{"overwrite", 2, "OverwriteFromConfig", errFlag},
		{"force_include_body", []any{true}, "ForceIncludeBody", errFlag},
		{"leeway", "secret", "Leeway", errSeconds},
		{"leeway", "60s", "Leeway", errSeconds},
		{"leeway", "1e1", "Leeway", errSeconds},
		{"leeway", "0x10", "Leeway", errSeconds},
		{"leeway", "+1", "Leeway", errSeconds},
		{"leeway", "inf", "Leeway", errSeconds},
		{"leeway", "-1", "Leeway", errSeconds},
		{"leeway", "1000000001", "Leeway", errSeconds},
		{"leeway", true, "Leeway", errSeconds},
		{"timeout", []any{1}, "Timeout", errSeconds},
		{"token_placement", "uri", "TokenPlacement", errPlacement},
		{"token_placement", "url", "TokenPlacement", errPlacement},
		{"token_placement", "query", "TokenPlacement", errPlacement},
		{"token_placement", oauth2.InsecurePlacementQuery, "TokenPlacement", errPlacement},
		{"token_placement", []any{"header"}, "TokenPlacement", errPlacement},
		{"private_key", "secret", "PrivateKey", errPEM},
		{"private_key", 1, "PrivateKey", errPEM},
		{"private_key", map[string]any{"kty": func() {}}, "PrivateKey", errMap},
		{"rsa_key", "secret", "RSAKey", errPEM},
		{"rsa_key", `{"kty":"RSA"}`, "RSAKey", errPEM},
		{"rsa_key", 1, "RSAKey", errPEM},
		{"jwks", 1, "JWKS", errKeys},
		{"code_challenge_method", "plain", "", errChallenge},
		{"client_kwargs", "secret", "", errMap},
		{"client_kwargs", []any{"secret"}, "", errMap},
		{"client_kwargs", kwargs("code_challenge_method", "plain"), "", errChallenge},
		{"client_kwargs", kwargs("code_challenge_method", []any{"S256"}), "", errChallenge},
		{"client_kwargs", kwargs("grant_type", "password"), "", errGrant},
		{"client_kwargs", kwargs("verify", false), "", errVerify},
		{"client_kwargs", kwargs("verify", "/ca.pem"), "", errVerify},
		{"client_kwargs", kwargs("nonce", "secret"), "AuthorizeParams", errNonce},
		{"client_kwargs", kwargs("cert", "secret"), "", errTransport},
		{"client_kwargs", kwargs("leeway", "secret"), "Leeway", errSeconds},
		{"client_kwargs", kwargs("prompt", map[string]any{}), "AuthorizeParams", errParams},
		{"client_kwargs", kwargs("scope", 1i), "Scopes", errWords},
	}
	for _, test := range tests {
		_, err := loadOne(test.key, test.value)
		e, _ := errors.AsType[*ConfigError](err)
		if e == nil || !strings.Contains(err.Error(), test.want.Error()) {
			t.Errorf("%s of %#v: error is %v", test.key, test.value, err)
			continue
		}
		from := "key \"" + test.key + `"`
		if e.Field != test.field && test.field != "AuthorizeParams" || !strings.HasPrefix(e.From, from) ||
			strings.Contains(err.Error(), "secret") && test.key != "client_secret" {
			t.Errorf("%s of %#v: error is %#v", test.key, test.value, err)
		}
	}
}

// read returns the error of a key that takes no number.
func read(t *testing.T, name string) error {
	t.Helper()
	s, ok := lookup(name, anywhere-1)
	if !ok {
		t.Fatal(name)
	}
	_, err := s.read(1)
	return err
}

var transports = []string{"cert", "proxies", "proxy", "transport", "trust_env", "headers"}

func TestKwargsThatAreRefused(t *testing.T) {
	for _, name := range []string{"grant_type", "verify"} {
		_, err := loadOne(name, "text")
		if err == nil || !strings.Contains(err.Error(), "not known") {
			t.Errorf("%s as a key: error is %v", name, err)
		}
	}
	for _, name := range append(transports, "nonce", "verifier") {
		_, err := loadOne("client_kwargs", map[string]any{name: "secret"})
		if err == nil || !strings.Contains(err.Error(), "must not be configured") ||
			!strings.Contains(err.Error(), `key "client_kwargs": "`+name+`"`) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error is %v", name, err)
		}
		if _, err := loadOne("client_kwargs", map[string]any{name: nil}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := loadOne(name, "text"); err == nil || !strings.Contains(err.Error(), "not known") {
			t.Errorf("%s as a key: error is %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	inPKCS8 := pemOf(t, "PRIVATE KEY", pkcs8, err)
	inPKCS1 := pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	inSEC1 := pemOf(t, "EC PRIVATE KEY", sec1, err)
	key, err := jose.NewKey(ecKey, jose.KeyOptions{ID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := key.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(jose.NewSet(key))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"key": key, "signer": ecKey, "SEC1": inSEC1,
		"JWK": string(jwk), "JWK, indented": "\n " + string(jwk), "object": jsonOf(t, string(jwk))} {
		c, err := loadOne("private_key", value)
		if err != nil || c.PrivateKey.Thumbprint() != key.Thumbprint() {
			t.Errorf("private_key as %s: %v", name, err)
		}
	}
	for name, value := range map[string]any{"signer": rsaKey, "PKCS8": inPKCS8, "PKCS1": inPKCS1,
		"with space around": "\n" + inPKCS1 + "\n \n"} {
		c, err := loadOne("rsa_key", value)
		if err != nil || !rsaKey.Equal(c.RSAKey) {
			t.Errorf("rsa_key as %s: %v", name, err)
		}
		if c, err = loadOne("client_kwargs", map[string]any{"rsa_key": value}); err != nil ||
			!rsaKey.Equal(c.RSAKey) {
			t.Errorf("rsa_key in client_kwargs as %s: %v", name, err)
		}
		c, err = loadOne("private_key", value)
		if err != nil || !c.PrivateKey.CanSign("RS256") {
			t.Errorf("private_key as %s: %v", name, err)
		}
	}
	for name, value := range map[string]any{"text": string(public), "object": jsonOf(t, string(public))} {
		c, err := loadOne("jwks", value)
		if err != nil || len(c.JWKS.All()) != 1 || c.JWKS.All()[0].ID() != "1" {
			t.Errorf("jwks as %s: %v", name, err)
		}
	}
	publicDER, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	for name, value := range map[string]string{
		"public":      pemOf(t, "PUBLIC KEY", publicDER, err),
		"two":         inPKCS8 + inPKCS8,
		"trailing":    inPKCS8 + "x",
		"wrong label": pemOf(t, "EC PRIVATE KEY", pkcs8, nil),
		"encrypted":   pemOf(t, "ENCRYPTED PRIVATE KEY", pkcs8, nil),
		"cut":         inPKCS8[:100],
		"escaped":     strings.ReplaceAll(inPKCS8, "\n", `\n`),
	} {
		for _, key := range []string{"rsa_key", "private_key"} {
			if _, err := loadOne(key, value); !errors.Is(err, errPEM) {
				t.Errorf("%s that is %s: error is %v", key, name, err)
			}
		}
	}
	var check *jose.CheckError
	if _, err := loadOne("private_key", `{"kty":"oct","k":"AA"}`); !errors.As(err, &check) {
		t.Errorf("a weak private_key: error is %v", err)
	}
	if _, err := loadOne("jwks", string(jwk)); err == nil {
		t.Error("jwks that is a private key is taken")
	}
	for name, set := range map[string]string{"private": `{"keys":[` + string(jwk) + `]}`,
		"empty": `{"keys":[]}`} {
		if _, err := loadOne("jwks", set); !errors.Is(err, errKeys) {
			t.Errorf("jwks that is %s: error is %v", name, err)
		}
	}
	var none crypto.Signer
	for _, key := range []string{"private_key", "rsa_key"} {
		if c, err := loadOne(key, none); err != nil || c.PrivateKey != nil || c.RSAKey != nil {
			t.Errorf("no %s: %v", key, err)
		}
	}
}

// A key that only agrees on secrets signs nothing.
func TestKeyThatCannotSign(t *testing.T) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	text := pemOf(t, "PRIVATE KEY", der, err)
	for _, name := range []string{"private_key", "rsa_key"} {
		if _, err := loadOne(name, text); !errors.Is(err, errPEM) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}
