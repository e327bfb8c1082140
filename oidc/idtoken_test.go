package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// claim returns an edit of one claim; nil removes it.
func claim(name string, value any) func(map[string]any) {
	return func(claims map[string]any) { put(claims, name, value) }
}

// claims returns an edit of several: name, value, name, value.
func claims(pairs ...any) func(map[string]any) {
	return func(claims map[string]any) {
		for i := 0; i < len(pairs); i += 2 {
			put(claims, pairs[i].(string), pairs[i+1])
		}
	}
}

// change returns an edit of a claim that is a string.
func change(name string, f func(string) string) func(map[string]any) {
	return func(claims map[string]any) { claims[name] = f(claims[name].(string)) }
}

// after is a NumericDate in seconds after the clock's.
func after(seconds int64) int64 { return start.Unix() + seconds }

func trusting(audiences ...string) func(*Config) {
	return func(c *Config) { c.TrustedAudiences = audiences }
}

func leeway(d time.Duration) func(*Config) { return func(c *Config) { c.Leeway = d } }

func maxAge(d time.Duration) AuthorizationOptions { return AuthorizationOptions{MaxAge: &d} }

var goldOrSilver = AuthorizationOptions{ACRValues: []string{"gold", "silver"}}

type list = []any

// Every rule of OpenID Connect Core 1.0, Sections 2 and 3.1.3.7, broken by a
// provider whose signature is good.
var idTokenTests = []struct {
	name   string
	edit   func(map[string]any)
	config func(*Config)
	asked  AuthorizationOptions
	want   string
}{
	{name: "untouched", edit: claims(), want: "ok"},
	{name: "unknown claims", edit: claims("x", list{1}, "Nonce", "x", "AZP", "x"), want: "ok"},

	{name: "iss missing", edit: claim("iss", nil), want: "check iss"},
	{name: "iss of another", edit: claim("iss", "https://evil.example"), want: "check iss"},
	{name: "iss empty", edit: claim("iss", ""), want: "check iss"},
	{name: "iss null", edit: claim("iss", null{}), want: "check claims"},
	{name: "iss number", edit: claim("iss", 1), want: "check claims"},
	{name: "iss list", edit: claim("iss", list{"https://evil.example"}), want: "check claims"},
	{name: "iss with a slash", edit: func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" },
		want: "check iss"},
	{name: "iss in another case", edit: change("iss", strings.ToUpper), want: "check iss"},

	{name: "sub missing", edit: claim("sub", nil), want: "check sub"},
	{name: "sub empty", edit: claim("sub", ""), want: "check sub"},
	{name: "sub null", edit: claim("sub", null{}), want: "check claims"},
	{name: "sub number", edit: claim("sub", 7), want: "check claims"},
	{name: "sub of 255", edit: claim("sub", strings.Repeat("s", 255)), want: "ok"},
	{name: "sub of 256", edit: claim("sub", strings.Repeat("s", 256)), want: "check sub"},
	{name: "sub not ASCII", edit: claim("sub", "alic\u00e9"), want: "check sub"},
	{name: "sub of U+0080", edit: claim("sub", "\u0080"), want: "check sub"},
	{name: "sub of U+007F", edit: claim("sub", "\u007f"), want: "ok"},

	{name: "aud missing", edit: claim("aud", nil), want: "check aud"},
	{name: "aud null", edit: claim("aud", null{}), want: "check claims"},
	{name: "aud number", edit: claim("aud", 1), want: "check claims"},
	{name: "aud list of numbers", edit: claim("aud", list{"client", 1}), want: "check claims"},
	{name: "aud of another", edit: claim("aud", "other"), want: "check aud"},
	{name: "aud of another, azp us", edit: claims("aud", "other", "azp", "client"),
		want: "check aud"},
	{name: "aud trusted, but not us", edit: claims("aud", "other", "azp", "client"),
		config: trusting("other"),
		want:   "check aud"},
	{name: "aud empty list", edit: claim("aud", list{}), want: "check aud"},
	{name: "aud empty", edit: claim("aud", ""), want: "check aud"},
	{name: "aud list of nothing", edit: claim("aud", list{""}), want: "check aud"},
	{name: "aud our beginning", edit: claim("aud", "clien"), want: "check aud"},
	{name: "aud us and more", edit: claim("aud", "client2"), want: "check aud"},
	{name: "aud in another case", edit: claim("aud", "Client"), want: "check aud"},
	{name: "aud list of us", edit: claim("aud", list{"client"}), want: "ok"},
	{name: "aud us and a stranger", edit: claim("aud", list{"client", "other"}), want: "check aud"},
	{name: "aud us and a stranger, azp us",
		edit: claims("aud", list{"client", "other"}, "azp", "client"),
		want: "check aud"},
	{name: "aud a stranger and us, azp us",
		edit: claims("aud", list{"other", "client"}, "azp", "client"),
		want: "check aud"},
	{name: "aud us, a trusted one and a stranger",
		edit:   claims("aud", list{"client", "api", "other"}, "azp", "client"),
		config: trusting("api"), want: "check aud"},
	{name: "aud us and nothing", edit: claims("aud", list{"client", ""}, "azp", "client"),
		want: "check aud"},
	{name: "aud us and a trusted one", edit: claim("aud", list{"client", "api"}),
		config: trusting("api"),
		want:   "ok"},
	{name: "aud us and a trusted one, azp us",
		edit:   claims("aud", list{"client", "api"}, "azp", "client"),
		config: trusting("api"), want: "ok"},
	{name: "aud us and a trusted one, azp that",
		edit:   claims("aud", list{"client", "api"}, "azp", "api"),
		config: trusting("api"), want: "check azp"},
	{name: "aud us twice", edit: claim("aud", list{"client", "client"}), want: "ok"},
	{name: "aud us twice, azp us", edit: claims("aud", list{"client", "client"}, "azp", "client"),
		want: "ok"},

	{name: "azp us", edit: claim("azp", "client"), want: "ok"},
	{name: "azp another", edit: claim("azp", "other"), want: "check azp"},
	{name: "azp trusted", edit: claim("azp", "api"), config: trusting("api"), want: "check azp"},
	{name: "azp empty", edit: claim("azp", ""), want: "check azp"},
	{name: "azp number", edit: claim("azp", 1), want: "check id_token"},
	{name: "azp null", edit: claim("azp", null{}), want: "check id_token"},
	{name: "azp list", edit: claim("azp", list{"client"}), want: "check id_token"},

	{name: "exp missing", edit: claim("exp", nil), want: "check exp"},
	{name: "exp null", edit: claim("exp", null{}), want: "check claims"},
	{name: "exp string", edit: claim("exp", "9999999999"), want: "check claims"},
	{name: "exp 0", edit: claim("exp", 0), want: "check exp"},
	{name: "exp huge", edit: claim("exp", 1e300), want: "check claims"},
	{name: "exp after the year 9999", edit: claim("exp", 253402300800), want: "check claims"},
	{name: "exp of the year 9999", edit: claim("exp", 253402300799), want: "ok"},
	{name: "exp with a fraction", edit: claim("exp", float64(after(-59))+.5), want: "ok"},
	{name: "exp past, in the leeway", edit: claim("exp", after(-59)), want: "ok"},
	{name: "exp past, at the leeway", edit: claim("exp", after(-60)), want: "check exp"},
	{name: "exp now, no leeway", edit: claim("exp", after(0)), config: leeway(-1),
		want: "check exp"},
	{name: "exp soon, no leeway", edit: claim("exp", after(1)), config: leeway(-1), want: "ok"},
	{name: "exp past, long leeway", edit: claim("exp", after(-299)),
		config: leeway(5 * time.Minute), want: "ok"},
	{name: "exp past, at the long leeway", edit: claim("exp", after(-300)),
		config: leeway(5 * time.Minute),
		want:   "check exp"},
	{name: "exp past, short leeway", edit: claim("exp", after(-2)), config: leeway(time.Second),
		want: "check exp"},

	{name: "iat missing", edit: claim("iat", nil), want: "check iat"},
	{name: "iat null", edit: claim("iat", null{}), want: "check claims"},
	{name: "iat string", edit: claim("iat", "1"), want: "check claims"},
	{name: "iat of last week", edit: claim("iat", after(-7*86400)), want: "check iat"},
	{name: "iat of yesterday, in the leeway", edit: claim("iat", after(-86400-60)), want: "ok"},
	{name: "iat before yesterday", edit: claim("iat", after(-86400-61)), want: "check iat"},
	{name: "iat of yesterday, no leeway", edit: claim("iat", after(-86400)),
		config: leeway(-1), want: "ok"},
	{name: "iat before yesterday, no leeway", edit: claim("iat", after(-86400-1)),
		config: leeway(-1), want: "check iat"},
	{name: "iat 0", edit: claim("iat", 0), want: "check iat"},
	{name: "iat future, in the leeway", edit: claim("iat", after(60)), want: "ok"},
	{name: "iat future", edit: claim("iat", after(61)), want: "check iat"},
	{name: "iat future, no leeway", edit: claim("iat", after(1)), config: leeway(-1),
		want: "check iat"},

	{name: "nbf past", edit: claim("nbf", after(-1)), want: "ok"},
	{name: "nbf future, in the leeway", edit: claim("nbf", after(60)), want: "ok"},
	{name: "nbf future", edit: claim("nbf", after(61)), want: "check nbf"},
	{name: "nbf string", edit: claim("nbf", "1"), want: "check claims"},

	{name: "nonce missing", edit: claim("nonce", nil), want: "check nonce"},
	{name: "nonce of another", edit: claim("nonce", strings.Repeat("n", 43)), want: "check nonce"},
	{name: "nonce empty", edit: claim("nonce", ""), want: "check nonce"},
	{name: "nonce null", edit: claim("nonce", null{}), want: "check nonce"},
	{name: "nonce number", edit: claim("nonce", 1), want: "check nonce"},
	{name: "nonce in a list", edit: func(c map[string]any) { c["nonce"] = list{c["nonce"]} },
		want: "check nonce"},
	{name: "nonce begun", edit: func(c map[string]any) { c["nonce"] = c["nonce"].(string)[:42] },
		want: "check nonce"},
	{name: "nonce and more", edit: change("nonce", func(s string) string { return s + "x" }),
		want: "check nonce"},
	{name: "nonce beside events, as in no Logout Token",
		edit: claim("events", map[string]any{}), want: "ok"},
	// What Apple sends does not switch the check off.
	{name: "nonce not supported", edit: claims("nonce", nil, "nonce_supported", false),
		want: "check nonce"},

	{name: "at_hash missing", edit: claim("at_hash", nil), want: "ok"},
	{name: "at_hash of another", edit: claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ"),
		want: "check at_hash"},
	{name: "at_hash empty", edit: claim("at_hash", ""), want: "check at_hash"},
	{name: "at_hash null", edit: claim("at_hash", null{}), want: "check at_hash"},
	{name: "at_hash number", edit: claim("at_hash", 1), want: "check at_hash"},
	{name: "at_hash padded", edit: change("at_hash", func(s string) string { return s + "==" }),
		want: "check at_hash"},
	{name: "at_hash begun", edit: change("at_hash", func(s string) string { return s[:20] }),
		want: "check at_hash"},

	{name: "auth_time missing", edit: claim("auth_time", nil), want: "ok"},
	{name: "auth_time string", edit: claim("auth_time", "1"), want: "check id_token"},
	{name: "auth_time null", edit: claim("auth_time", null{}), want: "check id_token"},
	{name: "auth_time huge", edit: claim("auth_time", 1e300), want: "check id_token"},
	{name: "auth_time long ago, not asked", edit: claim("auth_time", 0), want: "ok"},
	{name: "auth_time missing, max_age", edit: claim("auth_time", nil), asked: maxAge(time.Hour),
		want: "check auth_time"},
	{name: "auth_time 0, max_age", edit: claim("auth_time", 0), asked: maxAge(time.Hour),
		want: "check auth_time"},
	{name: "auth_time in max_age", edit: claim("auth_time", after(-3660)), asked: maxAge(time.Hour),
		want: "ok"},
	{name: "auth_time too old", edit: claim("auth_time", after(-3661)), asked: maxAge(time.Hour),
		want: "check auth_time"},
	{name: "auth_time now, max_age 0", edit: claims(), asked: maxAge(0), want: "ok"},
	{name: "auth_time in the leeway, max_age 0", edit: claim("auth_time", after(-60)),
		asked: maxAge(0), want: "ok"},
	{name: "auth_time too old, max_age 0", edit: claim("auth_time", after(-61)), asked: maxAge(0),
		want: "check auth_time"},
	{name: "auth_time missing, max_age 0", edit: claim("auth_time", nil), asked: maxAge(0),
		want: "check auth_time"},
	{name: "auth_time future, in the leeway", edit: claim("auth_time", after(60)),
		asked: maxAge(time.Hour),
		want:  "ok"},
	{name: "auth_time future", edit: claim("auth_time", after(61)), asked: maxAge(time.Hour),
		want: "check auth_time"},
	{name: "auth_time future, not asked", edit: claim("auth_time", after(61)), want: "ok"},
	{name: "auth_time in max_age, no leeway", edit: claim("auth_time", after(-10)),
		asked:  maxAge(10 * time.Second),
		config: leeway(-time.Hour), want: "ok"},
	{name: "auth_time too old, no leeway", edit: claim("auth_time", after(-11)),
		asked:  maxAge(10 * time.Second),
		config: leeway(-time.Hour), want: "check auth_time"},

	{name: "acr not asked", edit: claim("acr", "bronze"), want: "ok"},
	{name: "acr number", edit: claim("acr", 1), want: "check id_token"},
	{name: "acr number, azp us", edit: claims("acr", 1, "azp", "client"), want: "check id_token"},
	{name: "azp number, acr string", edit: claims("azp", 1, "acr", "bronze"),
		want: "check id_token"},
	{name: "azp number, auth_time number", edit: claims("azp", 1, "auth_time", 1),
		want: "check id_token"},
	{name: "azp number, amr a list", edit: claims("azp", 1, "amr", list{"pwd"}),
		want: "check id_token"},
	{name: "acr missing, one asked", edit: claim("acr", nil),
		asked: AuthorizationOptions{ACRValues: []string{"gold"}}, want: "check acr"},
	{name: "acr null", edit: claim("acr", null{}), want: "check id_token"},
	{name: "acr missing", edit: claim("acr", nil), asked: goldOrSilver, want: "check acr"},
	{name: "acr empty", edit: claim("acr", ""), asked: goldOrSilver, want: "check acr"},
	{name: "acr another", edit: claim("acr", "bronze"), asked: goldOrSilver, want: "check acr"},
	{name: "acr of both", edit: claim("acr", "gold silver"), asked: goldOrSilver,
		want: "check acr"},
	{name: "acr the second", edit: claim("acr", "silver"), asked: goldOrSilver, want: "ok"},
	{name: "acr as asked", edit: claims(), asked: goldOrSilver, want: "ok"},

	// The first rule that is broken is named, in the order of the golden list.
	{name: "iss before aud", edit: claims("iss", "x", "aud", "x"), want: "check iss"},
	{name: "types before sub", edit: claims("acr", 1, "sub", ""), want: "check id_token"},
	{name: "sub before iat", edit: claims("sub", "", "iat", nil), want: "check sub"},
	{name: "azp before at_hash", edit: claims("azp", "x", "at_hash", "x"), want: "check azp"},
	{name: "nonce before at_hash", edit: claims("at_hash", "x", "nonce", "x"),
		want: "check nonce"},
	{name: "amr", edit: claim("amr", []string{"pwd", "otp"}), want: "ok"},
	{name: "amr empty", edit: claim("amr", []string{}), want: "ok"},
	{name: "amr a string", edit: claim("amr", "pwd"), want: "check id_token"},
	{name: "amr null", edit: claim("amr", null{}), want: "check id_token"},
	{name: "amr with a number", edit: claim("amr", []any{"pwd", 1}), want: "check id_token"},
	{name: "nonce before acr", edit: claims("nonce", "x", "acr", "x"), asked: goldOrSilver,
		want: "check nonce"},
}

func TestIDToken(t *testing.T) {
	for _, test := range idTokenTests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{EditIDToken: test.edit}, nil, test.config)
			login, err := w.login(test.asked)
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q (%v), want %q", got, err, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "oidc: ID Token: ") {
				t.Errorf("error is %v", err)
			}
			if err == nil && login.IDToken.Identity().IsZero() {
				t.Error("no identity")
			}
		})
	}
}

// What is read stands where it belongs.
func TestIDTokenFields(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditIDToken: claims("azp", "client", "acr", "silver", "aud",
		list{"client"},
		"auth_time", after(-5), "iat", after(-4), "exp", after(77), "n",
		json.Number("9007199254740993"), "amr", list{"pwd", "otp"})}, nil, nil)
	id := w.mustLogin(AuthorizationOptions{}).IDToken
	if id.AuthorizedParty != "client" || id.ACR != "silver" || len(id.Audience) != 1 ||
		id.AuthTime.Unix() != after(-5) || id.IssuedAt.Unix() != after(-4) ||
		id.ExpiresAt.Unix() != after(77) || !slices.Equal(id.AMR, []string{"pwd", "otp"}) {
		t.Errorf("ID Token is %+v", id)
	}
	var v struct {
		N     json.Number `json:"n"`
		Nonce string      `json:"nonce"`
	}
	if err := id.Claims(&v); err != nil || v.N != "9007199254740993" || v.Nonce == "" {
		t.Errorf("claims are %+v, %v", v, err)
	}
	if err := id.Claims(v); err == nil {
		t.Error("claims into no pointer")
	}
	if err := (&IDToken{}).Claims(&v); err != nil {
		t.Errorf("claims of none: %v", err)
	}
	if err := (&IDToken{}).Claims(v); err == nil {
		t.Error("claims of none into no pointer")
	}
}

// The hash of an algorithm that is not known is that of nothing, and not the empty text.
func TestHalfHashOfNoHash(t *testing.T) {
	for _, text := range []string{"", "AA", b64("token")} {
		if halfHashed(0, "token", text) || halfHashed(crypto.SHA1, "token", text) {
			t.Errorf("%q is the hash", text)
		}
	}
}

// The caller's list of trusted audiences is read once.
func TestTrustedAudiencesAreKept(t *testing.T) {
	trusted := []string{"api"}
	w := newWorld(t, oidctest.Options{EditIDToken: claims("aud", list{"client", "evil"}, "azp",
		"client")}, nil,
		trusting(trusted...))
	trusted[0] = "evil"
	if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check aud" {
		t.Errorf("error is %v", err)
	}
}

// resign answers with an ID Token that is made anew from its payload.
func resign(make func(payload []byte) string) http.HandlerFunc {
	return edit(func(m map[string]any) {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(m["id_token"].(string),
			".")[1])
		if err != nil {
			panic(err)
		}
		m["id_token"] = make(payload)
	})
}

// by signs with a key.
func by(k *jose.Key, typ string) func([]byte) string {
	return func(payload []byte) string {
		compact, err := jose.Sign(payload, k, jose.SignOptions{Type: typ})
		if err != nil {
			panic(err)
		}
		return compact
	}
}

// mac signs with HS256, whatever the secret.
func mac(header string, secret []byte) func([]byte) string {
	return func(payload []byte) string {
		input := b64(header) + "." + b64(string(payload))
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(input))
		return input + "." + b64(string(h.Sum(nil)))
	}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func generate(t *testing.T, algorithm string) *jose.Key {
	t.Helper()
	k, err := jose.GenerateKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// named returns k under another ID.
func named(t *testing.T, k *jose.Key, id string) *jose.Key {
	t.Helper()
	var jwk map[string]any
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &jwk); err != nil {
		t.Fatal(err)
	}
	put(jwk, "kid", id)
	text, err = json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// publicKey returns the bytes that an attacker would take for an HMAC secret.
func publicKey(t *testing.T, k *jose.Key) []byte {
	t.Helper()
	var jwk struct{ Kty, N, E, X, Y string }
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &jwk); err != nil || jwk.Kty != "RSA" {
		t.Fatalf("%s, %v", text, err)
	}
	return []byte(jwk.N)
}

// A signature that is not the provider's, by its own algorithm and key, is none.
// Core 1.0, Section 3.1.3.7, rule 6 to 8; jose has the rest of such tests.
func TestIDTokenSignature(t *testing.T) {
	attacker := generate(t, "ES256")
	provider := oidctest.NewServer(oidctest.Options{Algorithm: "RS256"})
	defer provider.Close()
	rs256 := provider.Key() // that of every provider with RS256
	kid := `"kid":"` + rs256.ID() + `"`
	for _, test := range []struct {
		name, algorithm string
		sign            func([]byte) string
		config          func(*Config)
		want            string
	}{
		{"another key", "ES256", by(attacker, "JWT"), nil, "check key"},
		{"another algorithm's key", "RS256", by(attacker, "JWT"), nil, "check alg"},
		{"another algorithm than registered", "ES256", nil,
			func(c *Config) { c.IDToken.SigningAlgorithm = "RS256" }, "check alg"},
		{"another algorithm than configured", "ES256", nil, func(c *Config) {
			c.Provider.IDTokenSigningAlgValuesSupported = []string{"RS256"}
		}, "check alg"},
		{"the algorithm registered", "ES256", nil, func(c *Config) { c.IDToken.SigningAlgorithm = "ES256" },
			"ok"},
		{"none", "RS256", func(p []byte) string {
			return b64(`{"alg":"none"}`) + "." +
				b64(string(p)) + "."
		},
			nil, "check compact"},
		{"none with a signature", "RS256",
			func(p []byte) string {
				return b64(`{"alg":"none",`+kid+`}`) + "." + b64(string(p)) +
					".AA"
			},
			nil, "check alg"},
		{"None", "RS256", func(p []byte) string {
			return b64(`{"alg":"None"}`) + "." +
				b64(string(p)) + ".AA"
		},
			nil, "check alg"},
		{"HS256 by the public key", "RS256", mac(`{"alg":"HS256",`+kid+`}`, publicKey(t, rs256)),
			nil, "check alg"},
		{"HS256 by the client secret", "RS256", mac(`{"alg":"HS256"}`, []byte("secret")), nil,
			"check alg"},
		{"HMAC called RS256", "RS256", mac(`{"alg":"RS256",`+kid+`}`, publicKey(t, rs256)), nil,
			"signature"},
		{"another type", "RS256", by(rs256, "at+jwt"), nil, "check typ"},
		{"no type", "RS256", by(rs256, ""), nil, "ok"},
		{"signed anew", "RS256", by(rs256, "application/jwt"), nil, "ok"},
		{"payload changed", "RS256", func(p []byte) string {
			parts := strings.Split(by(rs256, "JWT")(p), ".")
			return parts[0] + "." + b64(strings.Replace(string(p), "alice", "mallory", 1)) + "." +
				parts[2]
		}, nil, "signature"},
		{"claim twice", "RS256", func(p []byte) string {
			return by(rs256, "JWT")([]byte(strings.Replace(string(p), "{", `{"sub":"mallory",`, 1)))
		}, nil, "check claims"},
		{"nonce twice", "RS256", func(p []byte) string {
			return by(rs256, "JWT")([]byte(strings.Replace(string(p), "{", `{"nonce":"x",`, 1)))
		}, nil, "check claims"},
		{"claims no object", "RS256",
			func([]byte) string { return by(rs256, "JWT")([]byte(`"x"`)) }, nil, "check claims"},
		{"critical extension", "RS256", mac(`{"alg":"RS256","crit":["x"],"x":1}`, nil), nil,
			"check crit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			instead := answerer{}
			if test.sign != nil {
				instead["/token"] = resign(test.sign)
			}
			w := newWorld(t, oidctest.Options{Algorithm: test.algorithm}, instead, test.config)
			if _, err := w.login(AuthorizationOptions{}); outcome(err) != test.want {
				t.Errorf("outcome %q (%v), want %q", outcome(err), err, test.want)
			}
		})
	}
}

// A key ID may be missing if the key is among those published.
func TestIDTokenWithoutKeyID(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	anonymous, err := jose.NewKey(private, jose.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stranger := generate(t, "ES256")
	for _, test := range []struct {
		name string
		keys []*jose.Key
		want string
	}{
		{"one key", []*jose.Key{anonymous}, "ok"},
		{"several", []*jose.Key{named(t, stranger, "a"), generate(t, "ES256"), anonymous}, "ok"},
		{"another", []*jose.Key{stranger}, "signature"},
		{"none", nil, "check key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := json.Marshal(jose.NewSet(test.keys...))
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, oidctest.Options{Algorithm: "ES256"}, answerer{
				"/token": resign(by(anonymous, "JWT")),
				"/jwks":  say(200, "application/json", string(set)),
			}, nil)
			if _, err := w.login(AuthorizationOptions{}); outcome(err) != test.want {
				t.Errorf("outcome %q (%v), want %q", outcome(err), err, test.want)
			}
		})
	}
}

// A key set that cannot be had refuses the login.
func TestIDTokenWithoutKeys(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"500", say(500, "text/html", "<html>"), "status must be 200, is 500"},
		{"HTML", say(200, "text/html", "<html>"), "jose: JWK Set"},
		{"cut short", cut, "unexpected EOF"},
		{"endless", endless, "response body reaches the limit"},
		{"empty", say(200, "application/json", `{"keys":[]}`), "key must be known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, answerer{"/jwks": test.answer}, nil)
			if _, err := w.login(AuthorizationOptions{}); err == nil ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

// A turning provider is one whose key can be replaced by another.
type turning struct {
	current atomic.Pointer[oidctest.Provider]
}

func (p *turning) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.current.Load().ServeHTTP(w, r)
}

func (p *turning) turn(t *testing.T, o oidctest.Options) {
	t.Helper()
	next, err := oidctest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	p.current.Store(next)
}

// After a rotation of keys the next login fetches them, and the old key is no
// longer believed.
func TestKeyRotation(t *testing.T) {
	c := &clock{}
	p := &turning{}
	s := httptest.NewServer(p)
	defer s.Close()
	options := oidctest.Options{BaseURL: s.URL, Algorithm: "ES256", Now: c.now}
	p.turn(t, options)
	client, err := New(Config{Issuer: s.URL, ID: "client", Auth: oauth2.ClientSecret("secret"),
		Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, client: client, Server: &oidctest.Server{}}
	w.mustLogin(AuthorizationOptions{})
	old := p.current.Load().Key()
	p.turn(t, options) // at once: the first fetch is no reason to wait
	w.mustLogin(AuthorizationOptions{})

	options.Intercept = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			if r.URL.Path != "/token" {
				for name, values := range rec.Header() {
					rw.Header()[name] = values
				}
				rw.WriteHeader(rec.Code)
				rw.Write(rec.Body.Bytes())
				return
			}
			var m map[string]any
			if err := json.Unmarshal(rec.Body.Bytes(), &m); err != nil {
				t.Error(err)
			}
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(m["id_token"].(string),
				".")[1])
			if err != nil {
				t.Error(err)
			}
			m["id_token"] = by(old, "JWT")(payload)
			rw.Header().Set("Content-Type", "application/json")
			json.NewEncoder(rw).Encode(m)
		})
	}
	p.turn(t, options)
	if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check key" {
		t.Errorf("signed by the old key: %v", err)
	}
}

// An algorithm that hashes with something else than SHA-256 has no at_hash that
// this package can check.
func TestAtHashOfAnotherAlgorithm(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	if !hashMatches(login.IDToken, "at_hash", login.Token.AccessToken(), false) {
		t.Error("at_hash does not match")
	}
	login.IDToken.token.Header.Algorithm = "ES384"
	if hashMatches(login.IDToken, "at_hash", login.Token.AccessToken(), false) {
		t.Error("at_hash matches")
	}
}

// A transaction without a nonce, which Authorize does not make, is no way around
// the check.
func TestNoNonceIsNoNonce(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditIDToken: claim("nonce", nil)}, nil, nil)
	req := w.begin(AuthorizationOptions{})
	params := w.browse(req.URL)
	req.Transaction.data().Expected.Nonce = ""
	if _, err := w.client.Callback(t.Context(), params,
		req.Transaction); outcome(err) != "check nonce" {
		t.Errorf("error is %v", err)
	}
}

// restored returns the token of a login as it comes out of a store, with another
// ID Token if that is not nil.
func restored(t *testing.T, login *Login, idToken *string) *oauth2.Token {
	t.Helper()
	r := login.Token.Record()
	if idToken != nil {
		r.IDToken = *idToken
	}
	tok, err := oauth2.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// OpenID Connect Core 1.0, Section 12.2: what a refreshed ID Token may not change,
// by a provider whose signature is good.
func TestRefreshedIDToken(t *testing.T) {
	for _, test := range []struct {
		name      string
		login     func(map[string]any) // of the first ID Token
		refreshed func(map[string]any)
		want      string
	}{
		{"same", claims(), claims(), "ok"},
		{"sub of another", claims(), claim("sub", "mallory"), "check sub"},
		{"sub missing", claims(), claim("sub", nil), "check sub"},
		{"iss of another", claims(), claim("iss", "https://evil.example"), "check iss"},
		{"aud of another", claims(), claim("aud", "other"), "check aud"},
		{"aud as a list", claims(), claim("aud", list{"client"}), "ok"},
		{"aud with one more", claims(), claims("aud", list{"client", "api"}, "azp", "client"),
			"check aud"},
		{"azp gone", claim("azp", "client"), claims(), "check azp"},
		{"azp new", claims(), claim("azp", "client"), "check azp"},
		{"azp same", claim("azp", "client"), claim("azp", "client"), "ok"},
		{"azp of another", claim("azp", "client"), claim("azp", "other"), "check azp"},
		{"auth_time moved", claims(), claim("auth_time", after(1)), "check auth_time"},
		{"auth_time gone", claims(), claim("auth_time", nil), "ok"},
		{"nonce same", claim("nonce", nil), claim("nonce", nil), "check nonce"},
		// the login's own rule
		{"nonce of another", claims(), claim("nonce", "x"), "check nonce"},
		{"nonce empty", claims(), claim("nonce", ""), "check nonce"},
		{"at_hash of another", claims(), claim("at_hash", "x"), "check at_hash"},
		{"at_hash gone", claims(), claim("at_hash", nil), "ok"},
		{"exp past", claims(), claim("exp", after(-60)), "check exp"},
		{"iat missing", claims(), claim("iat", nil), "check iat"},
		{"iat before the login", claims(), claim("iat", after(-61)), "check iat"},
		{"iat before the login, within the leeway", claims(), claim("iat", after(-60)), "ok"},
		{"acr number", claims(), claim("acr", 1), "check id_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var refreshing atomic.Bool
			w := newWorld(t, oidctest.Options{EditIDToken: func(c map[string]any) {
				if refreshing.Load() {
					test.refreshed(c)
				} else {
					test.login(c)
				}
			}}, nil, trusting("api"))
			login, err := w.login(AuthorizationOptions{})
			if err != nil {
				if outcome(err) != test.want {
					t.Error(err)
				}
				return
			}
			refreshing.Store(true)
			renewed, err := w.client.Refresh(t.Context(), restored(t, login, nil))
			if got := outcome(err); got != test.want || (renewed == nil) != (err != nil) {
				t.Errorf("%v and %q (%v), want %q", renewed, got, err, test.want)
			}
			if err == nil && (renewed.IDToken.Subject != "alice" ||
				renewed.Token.AccessToken() == login.Token.AccessToken()) {
				t.Errorf("renewed %+v", renewed)
			}
		})
	}
}

// The same against what was stored: every comparison is made.
func TestRefreshFollows(t *testing.T) {
	fake := func(edits ...any) func(map[string]any) string {
		return func(c map[string]any) string {
			claims(edits...)(c)
			text, err := json.Marshal(c)
			if err != nil {
				panic(err)
			}
			return "e30." + b64(string(text)) + ".AA"
		}
	}
	fixed := func(s string) func(map[string]any) string {
		return func(map[string]any) string { return s }
	}
	for _, test := range []struct {
		name string
		old  func(map[string]any) string
		new  func(map[string]any)
		want string
	}{
		{"same", fake(), claims(), "ok"},
		{"iss", fake("iss", "https://other.example"), claims(), "check iss"},
		{"iss missing", fake("iss", nil), claims(), "check iss"},
		{"sub", fake("sub", "bob"), claims(), "check sub"},
		{"sub another type", fake("sub", list{"alice"}), claims(), "check sub"},
		{"aud", fake("aud", "other"), claims(), "check aud"},
		{"aud as a list", fake("aud", list{"client"}), claims(), "ok"},
		{"aud in another order", fake("aud", list{"api", "client"}, "azp", "client"),
			claims("aud", list{"client", "api"}, "azp", "client"), "ok"},
		{"aud with one more", fake("aud", list{"client", "api"}), claims(), "check aud"},
		{"aud another type", fake("aud", 1), claims(), "check aud"},
		{"aud missing", fake("aud", nil), claims(), "check aud"},
		{"azp", fake("azp", "client"), claims(), "check azp"},
		{"auth_time", fake("auth_time", 1), claims(), "check auth_time"},
		{"auth_time new", fake("auth_time", nil), claims(), "ok"},
		{"auth_time gone", fake("auth_time", 1), claim("auth_time", nil), "ok"},
		{"nonce gone", fake("nonce", "n"), claims(), "ok"},
		{"nonce same", fake("nonce", "n"), claim("nonce", "n"), "ok"},
		{"nonce new", fake("nonce", nil), claim("nonce", "n"), "check nonce"},
		{"nonce new, no string", fake("nonce", nil), claim("nonce", 1), "check nonce"},
		{"nonce new and empty", fake("nonce", nil), claim("nonce", ""), "check nonce"},
		{"iat of last week, the login's before", fake("iat", 1),
			claim("iat", after(-7*86400)), "check iat"},
		{"garbage", fixed("x"), claims(), "check id_token"},
		{"claims and more", fixed("e30." + b64(`{"a":123}`) + "!.AA"), claims(),
			"check id_token"},
		{"two parts", fixed("e30.e30"), claims(), "check id_token"},
		{"four parts", fixed("e30.e30.AA.AA"), claims(), "check id_token"},
		{"not base64", fixed("e30.!.AA"), claims(), "check id_token"},
		{"not JSON", fixed("e30." + b64("x") + ".AA"), claims(), "check id_token"},
		{"claim twice", fixed("e30." + b64(`{"sub":"alice","sub":"bob"}`) + ".AA"), claims(),
			"check id_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var refreshing atomic.Bool
			w := newWorld(t, oidctest.Options{EditIDToken: func(c map[string]any) {
				if refreshing.Load() {
					test.new(c)
				}
			}}, nil, trusting("api"))
			login := w.mustLogin(AuthorizationOptions{})
			var before map[string]any
			if err := login.IDToken.Claims(&before); err != nil {
				t.Fatal(err)
			}
			before["auth_time"] = int64(before["auth_time"].(float64))
			old := test.old(before)
			refreshing.Store(true)
			renewed, err := w.client.Refresh(t.Context(), restored(t, login, &old))
			if got := outcome(err); got != test.want || (renewed == nil) != (err != nil) {
				t.Errorf("%v and %q (%v), want %q", renewed, got, err, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "oidc: ID Token: ") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// A refresh without an ID Token is none of its own.
func TestRefreshWithoutIDToken(t *testing.T) {
	var refreshing atomic.Bool
	w := newWorld(t, oidctest.Options{}, answerer{"/token": edit(func(m map[string]any) {
		if refreshing.Load() {
			delete(m, "id_token")
		}
	})}, nil)
	login := w.mustLogin(AuthorizationOptions{})
	refreshing.Store(true)
	renewed, err := w.client.Refresh(t.Context(), login.Token)
	if err != nil || renewed.IDToken != nil ||
		renewed.Token.AccessToken() == login.Token.AccessToken() {
		t.Fatalf("%+v and %v", renewed, err)
	}
	// UserInfo with the new token is still compared with the login's ID Token.
	if _, err := w.client.UserInfo(t.Context(), renewed); outcome(err) != "check id_token" {
		t.Errorf("error is %v", err)
	}
	user, err := w.client.UserInfo(t.Context(),
		&Login{Token: renewed.Token, IDToken: login.IDToken})
	if err != nil || user.Identity.Subject != "alice" {
		t.Errorf("%+v and %v", user, err)
	}
}

func TestRefreshRefused(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	if _, err := w.client.Refresh(t.Context(), login.Token); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		tok  *oauth2.Token
		want string
	}{
		{"nil", nil, "check refresh_token"},
		{"zero", &oauth2.Token{}, "check refresh_token"},
		{"used", login.Token, "server invalid_grant 400"},
	} {
		renewed, err := w.client.Refresh(t.Context(), test.tok)
		if got := outcome(err); got != test.want || renewed != nil {
			t.Errorf("%s: %v and %q, want %q", test.name, renewed, got, test.want)
		}
	}
}

// A refreshed ID Token is verified as any other.
func TestRefreshSignature(t *testing.T) {
	var refreshing atomic.Bool
	attacker := generate(t, "ES256")
	w := newWorld(t, oidctest.Options{Algorithm: "ES256"},
		answerer{"/token": func(rw http.ResponseWriter, r *http.Request) {
			if refreshing.Load() {
				resign(by(attacker, "JWT"))(rw, r)
				return
			}
			edit(func(map[string]any) {})(rw, r)
		}}, nil)
	login := w.mustLogin(AuthorizationOptions{})
	refreshing.Store(true)
	if renewed, err := w.client.Refresh(t.Context(), login.Token); outcome(err) != "check key" ||
		renewed != nil {
		t.Errorf("%v and %v", renewed, err)
	}
}

// max_age counts to the request: a user who lingers at the provider has still logged in
// for it, and one who logged in before it has not.
func TestMaxAgeIsOfTheRequest(t *testing.T) {
	for _, test := range []struct {
		name     string
		maxAge   time.Duration
		lingers  int64 // seconds from the request to the callback
		authTime int64 // seconds from the request
		want     string
	}{
		{"asked, and lingers", 0, 290, 10, "ok"},
		{"not asked, and lingers", 0, 290, -61, "check auth_time"},
		{"in the leeway", 0, 290, -60, "ok"},
		{"within a minute of the request", time.Minute, 240, -30, "ok"},
		{"before that", time.Minute, 240, -121, "check auth_time"},
		{"later than now", 0, 10, 71, "check auth_time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{
				EditIDToken: claim("auth_time", after(test.authTime))}, nil, nil)
			req := w.begin(maxAge(test.maxAge))
			w.clock.seconds.Add(test.lingers)
			_, err := w.client.Callback(t.Context(), w.browse(req.URL), req.Transaction)
			if outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// JSON writes one string in several ways.
func TestSameString(t *testing.T) {
	for _, test := range []struct {
		a, b strictjson.Value
		want bool
	}{
		{`"a"`, `"a"`, true}, {`"a"`, `"\u0061"`, true}, {"", "", true}, {"1", "1", true},
		{`"a"`, `"b"`, false}, {`"a"`, "", false}, {`""`, "", false}, {"1", "2", false},
		{`"1"`, "1", false}, {"null", "", false},
	} {
		if sameString(test.a, test.b) != test.want || sameString(test.b, test.a) != test.want {
			t.Errorf("%s and %s: not %v", test.a, test.b, test.want)
		}
	}
}
