package oidc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

const longSecret = "a secret as long as the hash: 32"

// token answers with what the provider would say as a JSON Web Token that make makes, with
// iss and aud.
func token(
	w **world, change func(map[string]any), make func(payload []byte) string,
) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		edit(func(members map[string]any) {
			members["iss"], members["aud"], members["secret"] = (*w).Issuer(), "client", canary
			if change != nil {
				change(members)
			}
		})(rec, r)
		say(200, "application/jwt", make(bytes.TrimSpace(rec.Body.Bytes())))(rw, r)
	}
}

// encrypted encrypts what make makes.
func encrypted(make func([]byte) string, k *jose.Key, o jose.EncryptOptions) func([]byte) string {
	return func(payload []byte) string {
		jwe, err := jose.Encrypt([]byte(make(payload)), k, o)
		if err != nil {
			panic(err)
		}
		return jwe
	}
}

func decrypter(t *testing.T, k *jose.Key) *jose.Decrypter {
	t.Helper()
	d, err := jose.NewDecrypter(jose.DecrypterConfig{Keys: jose.NewSet(k),
		Algorithms: []string{"ECDH-ES"}, Encryptions: []string{"A256GCM"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func plain(payload []byte) string { return string(payload) }

// OpenID Connect Core 1.0, Sections 5.3.2 and 5.3.4: what is signed is by the provider, for
// this client and of now, as far as it says so.
func TestSignedUserInfo(t *testing.T) {
	provider := func(w *world) func([]byte) string { return by(w.Key(), "") }
	typed := func(typ string) func(w *world) func([]byte) string {
		return func(w *world) func([]byte) string { return by(w.Key(), typ) }
	}
	stranger := generate(t, "RS256")
	for _, test := range []struct {
		name   string
		change func(map[string]any)
		make   func(*world) func([]byte) string
		config func(*Config)
		want   string
	}{
		{"good", nil, provider, nil, "ok"},
		{"algorithm registered", nil, provider, registered("RS256"), "ok"},
		{"typ JWT", nil, typed("JWT"), nil, "ok"},
		{"typ in another case", nil, typed("application/jwt"), nil, "ok"},
		{"without iss and aud", claims("iss", nil, "aud", nil), provider, nil, "ok"},
		{"several audiences", claim("aud", list{"other", "client"}), provider, nil, "ok"},
		{"all times", claims("exp", after(1), "iat", after(0), "nbf", after(0)), provider, nil,
			"ok"},

		{"by a stranger", nil, func(*world) func([]byte) string { return by(stranger, "") }, nil,
			"check key"},
		{"by a stranger with the ID of the key", nil, func(w *world) func([]byte) string {
			return func(payload []byte) string {
				return withSignatureOf(by(w.Key(), "")(payload), by(stranger, "")(payload))
			}
		}, nil, "signature"},
		{"another payload", nil, func(w *world) func([]byte) string {
			return func(payload []byte) string {
				parts := strings.Split(by(w.Key(), "")(payload), ".")
				return parts[0] + "." + b64(`{"sub":"mallory"}`) + "." + parts[2]
			}
		}, nil, "signature"},
		{"unsigned", nil, func(*world) func([]byte) string {
			return func(payload []byte) string {
				return b64(`{"alg":"none"}`) + "." + b64(string(payload)) + "."
			}
		}, nil, "check compact"},
		{"other algorithm than registered", nil, provider, registered("ES256"), "check alg"},
		{"algorithm that is not advertised", nil, func(*world) func([]byte) string {
			return by(generate(t, "PS256"), "")
		}, nil, "check alg"},
		{"HMAC by the public key", nil, func(w *world) func([]byte) string {
			public, _ := json.Marshal(w.Key())
			return mac(`{"alg":"HS256"}`, public)
		}, nil, "check alg"},
		{"HMAC by the secret, unregistered", nil, func(*world) func([]byte) string {
			return mac(`{"alg":"HS256"}`, []byte(longSecret))
		}, nil, "check alg"},
		{"typ of an access token", nil, typed("at+jwt"), nil, "check typ"},
		{"typ of a logout token", nil, typed("logout+jwt"), nil, "check typ"},
		{"JSON serialization", nil, func(w *world) func([]byte) string {
			return func(payload []byte) string {
				jws, _ := jose.SignJSON(payload, []*jose.Key{w.Key()}, jose.SignOptions{})
				return string(jws)
			}
		}, nil, "check compact"},
		{"payload not encoded", nil, func(w *world) func([]byte) string {
			return func(payload []byte) string {
				parts := strings.Split(by(w.Key(), "")(payload), ".")
				return b64(`{"alg":"RS256","b64":false,"crit":["b64"]}`) + `.{"sub":"alice"}.` +
					parts[2]
			}
		}, nil, "check compact"},

		{"iss of another", claim("iss", "https://p.example"), provider, nil, "check iss"},
		{"iss empty", claim("iss", ""), provider, nil, "check iss"},
		{"iss null", claim("iss", null{}), provider, nil, "check iss"},
		{"iss in another case", claim("Iss", "x"), provider, nil, "check claims"},
		{"aud in another case", claim("Aud", "client"), provider, nil, "check claims"},
		{"exp in another case", claim("Exp", 1), provider, nil, "check claims"},
		{"nbf in another case", claim("Nbf", 1), provider, nil, "check claims"},
		{"iat in another case", claim("Iat", 1), provider, nil, "check claims"},
		{"aud of another", claim("aud", "other"), provider, nil, "check aud"},
		{"aud empty", claim("aud", list{}), provider, nil, "check aud"},
		{"aud null", claim("aud", null{}), provider, nil, "check aud"},
		{"aud in a list within", claim("aud", list{list{"client"}}), provider, nil, "check aud"},
		{"expired", claim("exp", after(-60)), provider, nil, "check exp"},
		{"expired within the leeway", claim("exp", after(-59)), provider, nil, "ok"},
		{"expired without leeway", claim("exp", after(0)), provider, leeway(-1), "check exp"},
		{"about to expire without leeway", claim("exp", after(1)), provider,
			leeway(-time.Hour), "ok"},
		{"exp text", claim("exp", "2030-01-01"), provider, nil, "check exp"},
		{"nbf later", claim("nbf", after(61)), provider, nil, "check nbf"},
		{"nbf within the leeway", claim("nbf", after(60)), provider, nil, "ok"},
		{"nbf null", claim("nbf", null{}), provider, nil, "check nbf"},
		{"iat later", claim("iat", after(61)), provider, nil, "check iat"},
		{"iat within the leeway", claim("iat", after(60)), provider, nil, "ok"},
		{"iat list", claim("iat", list{}), provider, nil, "check iat"},
		{"sub of another", claim("sub", "mallory"), provider, nil, "check sub"},
		{"sub missing", claim("sub", nil), provider, nil, "check sub"},
		{"sub in another case", claim("Sub", "alice"), provider, nil, "check claims"},
		{"no object", nil, func(w *world) func([]byte) string {
			return func([]byte) string { return by(w.Key(), "")([]byte(`["alice"]`)) }
		}, nil, "check claims"},
		{"sub twice", nil, func(w *world) func([]byte) string {
			return func([]byte) string {
				return by(w.Key(), "")([]byte(`{"sub":"a","sub":"alice"}`))
			}
		}, nil, "check claims"},
		{"no token", nil, func(*world) func([]byte) string {
			return func([]byte) string { return "" }
		}, nil, "check compact"},
		{"JSON by the name of a token", nil, func(*world) func([]byte) string { return plain }, nil,
			"check compact"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w *world
			w = newWorld(t, oidctest.Options{}, answerer{
				"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
					token(&w, test.change, test.make(w))(rw, r)
				}}, test.config)
			wantUserInfo(t, w, test.want)
		})
	}
}

// Each time is of its clause.
func TestTimesOfASignedObject(t *testing.T) {
	c := &Client{config: Config{Now: func() time.Time { return start }}}
	for claims, want := range map[string]string{
		`{"exp":0}`:          "exp must be in the future (RFC 7519, Section 4.1.4)",
		`{"nbf":9999999999}`: "nbf must not be in the future (RFC 7519, Section 4.1.5)",
		`{"iat":9999999999}`: "iat must not be in the future (RFC 7519, Section 4.1.6)",
	} {
		l := verdict.New(t.Context(), checkError)
		_, err := c.readObject(l, claims, signedObject{})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", claims, err, want)
		}
	}
}

// wantUserInfo logs in and asks for UserInfo.
func wantUserInfo(t *testing.T, w *world, want string) {
	t.Helper()
	login := w.mustLogin(AuthorizationOptions{Scopes: []string{"profile"}})
	user, err := w.client.UserInfo(t.Context(), login)
	if got := outcome(err); got != want || (user == nil) != (err != nil) {
		t.Errorf("outcome %q and %+v, want %q: %v", got, user, want, err)
	}
	if err != nil {
		mustNotShow(t, "error", err, login.Token.AccessToken())
		if !strings.HasPrefix(err.Error(), "oidc: UserInfo: ") {
			t.Errorf("error is %v", err)
		}
	}
	if err == nil && (user.Identity != login.IDToken.Identity() || user.Name != "Alice Example") {
		t.Errorf("user is %+v", user)
	}
}

func registered(algorithm string) func(*Config) {
	return func(c *Config) { c.UserInfo.SigningAlgorithm = algorithm }
}

// withSignatureOf returns a token with the signature of another.
func withSignatureOf(jwt, other string) string {
	return jwt[:strings.LastIndexByte(jwt, '.')] + other[strings.LastIndexByte(other, '.'):]
}

// What is registered must come.
func TestUserInfoAsRegistered(t *testing.T) {
	key := generate(t, "ECDH-ES")
	encrypt := func(c *Config) { c.UserInfo.Decrypter = decrypter(t, key) }
	for _, test := range []struct {
		name, answer string
		config       func(*Config)
	}{
		{"signed", typeJSON, registered("RS256")},
		{"encrypted", typeJSON, encrypt},
		{"signed, of no type", "", registered("RS256")},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, answerer{
				"/userinfo": say(200, test.answer, `{"sub":"alice"}`)}, test.config)
			wantUserInfo(t, w, "check content_type")
		})
	}
}

// An algorithm must be one that the provider advertises and whose keys are published.
func TestUserInfoAlgorithms(t *testing.T) {
	for _, test := range []struct {
		name, algorithm string
		advertised      any
		want            string
	}{
		{"RS256, none advertised", "RS256", nil, "ok"},
		{"ES256, none advertised", "ES256", nil, "check alg"},
		{"advertised", "ES256", list{"RS256", "ES256"}, "ok"},
		{"not advertised", "RS256", list{"ES256"}, "check alg"},
		{"advertised beside none", "ES256", list{"none", "ES256"}, "ok"},
		{"HMAC advertised", "RS256", list{"HS256"}, "check userinfo_signing_alg_values_supported"},
		{"none advertised alone", "RS256", list{"none"}, "check userinfo_signing_alg_values_supported"},
		{"unknown", "RS256", list{"RS256K"}, "check userinfo_signing_alg_values_supported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w *world
			w = newWorld(t, oidctest.Options{Algorithm: test.algorithm}, answerer{
				wellKnown: set("userinfo_signing_alg_values_supported", test.advertised),
				"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
					token(&w, nil, by(w.Key(), ""))(rw, r)
				}}, nil)
			wantUserInfo(t, w, test.want)
		})
	}
}

// An HMAC that is advertised and not registered is none.
func TestUserInfoHMACAdvertised(t *testing.T) {
	var w *world
	w = newWorld(t, oidctest.Options{}, answerer{
		wellKnown: set("userinfo_signing_alg_values_supported", list{"RS256", "HS256"}),
		"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
			token(&w, nil, mac(`{"alg":"HS256"}`, []byte(longSecret)))(rw, r)
		}}, nil)
	wantUserInfo(t, w, "check alg")
}

// An HMAC is keyed with the client secret, where it is registered.
func TestUserInfoHMAC(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(w *world) func([]byte) string
		want string
	}{
		{"registered", func(*world) func([]byte) string {
			return mac(`{"alg":"HS256"}`, []byte(longSecret))
		}, "ok"},
		{"other secret", func(*world) func([]byte) string {
			return mac(`{"alg":"HS256"}`, []byte(longSecret+"!"))
		}, "signature"},
		{"signed by the key instead", func(w *world) func([]byte) string {
			return by(w.Key(), "")
		}, "check alg"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w *world
			clients := []oidctest.Client{{ID: "client", Secret: longSecret}}
			w = newWorld(t, oidctest.Options{Clients: clients}, answerer{
				"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
					token(&w, nil, test.make(w))(rw, r)
				}}, func(c *Config) {
				c.Auth, c.UserInfo.SigningAlgorithm = oauth2.ClientSecret(longSecret), "HS256"
			})
			wantUserInfo(t, w, test.want)
		})
	}
}

// What cannot work is refused before it is needed.
func TestNewOfClaims(t *testing.T) {
	keys := jose.NewSet()
	providers := func(p ...ClaimsProvider) func(*Config) {
		return func(c *Config) { c.ClaimsProviders = p }
	}
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"nothing", func(*Config) {}, "ok"},
		{"ES256", registered("ES256"), "ok"},
		{"none", registered("none"), "check userinfo_signed_response_alg"},
		{"unknown", registered("ES256K"), "check userinfo_signed_response_alg"},
		{"HS256", registered("HS256"), "ok"},
		{"HS384, whose hash is longer", registered("HS384"), "check client_secret"},
		{"HS256 without a secret", func(c *Config) {
			c.Auth, c.UserInfo.SigningAlgorithm = oauth2.None(), "HS256"
		}, "check client_secret"},
		{"aggregated", providers(ClaimsProvider{Issuer: "x", Keys: keys}), "ok"},
		{"distributed", providers(ClaimsProvider{Issuer: "x", Keys: keys,
			Endpoints: []string{"https://b.example/claims"}}), "ok"},
		{"no issuer", providers(ClaimsProvider{Keys: keys}), "check claims_providers"},
		{"no keys", providers(ClaimsProvider{Issuer: "x"}), "check claims_providers"},
		{"unsigned", providers(ClaimsProvider{Issuer: "x", Keys: keys,
			Algorithms: []string{"ES256", "none"}}), "check claims_providers"},
		{"endpoint in clear", providers(ClaimsProvider{Issuer: "x", Keys: keys,
			Endpoints: []string{"https://b.example", "http://b.example"}}),
			"check claims_providers"},
		{"endpoint in clear alone", providers(ClaimsProvider{Issuer: "x", Keys: keys,
			Endpoints: []string{"http://b.example"}}), "check claims_providers"},
		{"endpoint in clear where allowed", func(c *Config) {
			c.HTTP = toBank("")
			c.ClaimsProviders = []ClaimsProvider{{Issuer: "x", Keys: keys,
				Endpoints: []string{"http://bank.example"}}}
		}, "ok"},
		{"the second", providers(ClaimsProvider{Issuer: "x", Keys: keys}, ClaimsProvider{}),
			"check claims_providers"},
	} {
		c := Config{Issuer: "https://p.example", ID: "client",
			Auth: oauth2.ClientSecret(longSecret)}
		test.change(&c)
		if _, err := New(c); outcome(err) != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// OpenID Connect Core 1.0, Section 5.3.2: signed, then encrypted; or encrypted alone.
func TestEncryptedUserInfo(t *testing.T) {
	key, other := generate(t, "ECDH-ES"), generate(t, "ECDH-ES")
	nested := jose.EncryptOptions{ContentType: "JWT"}
	header := func(name string, value any) jose.EncryptOptions {
		return jose.EncryptOptions{ContentType: "JWT", Header: map[string]any{name: value}}
	}
	signed := func(w *world) func([]byte) string { return by(w.Key(), "") }
	unsigned := func(*world) func([]byte) string { return plain }
	for _, test := range []struct {
		name      string
		algorithm string
		change    func(map[string]any)
		inside    func(*world) func([]byte) string
		key       *jose.Key
		options   jose.EncryptOptions
		want      string
	}{
		{"signed inside", "RS256", nil, signed, key, nested, "ok"},
		{"signed inside, algorithm advertised", "", nil, signed, key, nested, "ok"},
		{"cty in another case", "RS256", nil, signed, key,
			jose.EncryptOptions{ContentType: "application/jwt"}, "ok"},
		{"claims alone", "", nil, unsigned, key, jose.EncryptOptions{}, "ok"},
		{"claims alone without iss and aud", "", claims("iss", nil, "aud", nil), unsigned, key,
			jose.EncryptOptions{}, "ok"},
		{"claims alone, algorithm registered", "RS256", nil, unsigned, key, jose.EncryptOptions{},
			"check cty"},
		{"claims alone by the name of a token", "RS256", nil, unsigned, key, nested,
			"check compact"},
		{"claims alone by the name of a token, not registered", "", nil, unsigned, key, nested,
			"check compact"},
		{"signed inside, not said", "RS256", nil, signed, key, jose.EncryptOptions{}, "check cty"},
		{"signed inside, not said or registered", "", nil, signed, key, jose.EncryptOptions{},
			"check claims"},
		{"signed by a stranger inside", "RS256", nil,
			func(*world) func([]byte) string { return by(generate(t, "RS256"), "") }, key, nested,
			"check key"},
		{"for another", "RS256", nil, signed, other, nested, "check key"},
		{"claims alone of another issuer", "", claim("iss", "https://p.example"), unsigned, key,
			jose.EncryptOptions{}, "check iss"},
		{"claims alone for another", "", claim("aud", "other"), unsigned, key,
			jose.EncryptOptions{}, "check aud"},
		{"claims alone, expired", "", claim("exp", after(-60)), unsigned, key,
			jose.EncryptOptions{}, "check exp"},
		{"sub of another inside", "RS256", claim("sub", "mallory"), signed, key, nested,
			"check sub"},
		{"sub outside", "RS256", nil, signed, key, header("sub", "alice"), "ok"},
		{"sub of another outside", "RS256", nil, signed, key, header("sub", "mallory"),
			"check sub"},
		{"iss of another outside", "RS256", nil, signed, key, header("iss", "x"), "check iss"},
		{"aud of another outside", "RS256", nil, signed, key, header("aud", "x"), "check aud"},
		{"exp outside alone", "RS256", nil, signed, key, header("exp", after(9)), "check exp"},
		{"nbf outside alone", "RS256", nil, signed, key, header("nbf", after(0)), "check nbf"},
		{"iat outside alone", "RS256", nil, signed, key, header("iat", after(0)), "check iat"},
		{"jti outside alone", "RS256", nil, signed, key, header("jti", "x"), "check jti"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w *world
			w = newWorld(t, oidctest.Options{}, answerer{
				"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
					token(&w, test.change, encrypted(test.inside(w), test.key, test.options))(rw, r)
				}}, func(c *Config) {
				c.UserInfo = oauth2.SignedResponse{
					SigningAlgorithm: test.algorithm, Decrypter: decrypter(t, key)}
			})
			wantUserInfo(t, w, test.want)
		})
	}
	var w *world
	w = newWorld(t, oidctest.Options{}, answerer{
		"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
			token(&w, nil, by(w.Key(), ""))(rw, r)
		}}, func(c *Config) { c.UserInfo.Decrypter = decrypter(t, key) })
	wantUserInfo(t, w, "check compact")
	w = newWorld(t, oidctest.Options{}, answerer{"/userinfo": say(200, typeJWT, `{}`)},
		func(c *Config) { c.UserInfo.Decrypter = decrypter(t, key) })
	wantUserInfo(t, w, "check compact")
	w = newWorld(t, oidctest.Options{}, answerer{
		"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
			token(&w, nil, func(payload []byte) string {
				jws := []byte(by(w.Key(), "")(payload))
				jwe, err := jose.EncryptJSON(jws, []*jose.Key{key}, nested)
				if err != nil {
					panic(err)
				}
				return string(jwe)
			})(rw, r)
		}}, func(c *Config) { c.UserInfo.Decrypter = decrypter(t, key) })
	wantUserInfo(t, w, "check compact")
}

// A signed response may be as long as one that is not.
func TestLongSignedUserInfo(t *testing.T) {
	var w *world
	w = newWorld(t, oidctest.Options{}, answerer{
		"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
			picture := claim("picture", "data:"+strings.Repeat("x", 100<<10))
			token(&w, picture, by(w.Key(), ""))(rw, r)
		}}, nil)
	wantUserInfo(t, w, "ok")
}

// fuzzClient is a client that asks nobody.
func fuzzClient(f *testing.F) *Client {
	f.Helper()
	c, err := New(Config{Issuer: "https://p.example", ID: "client", Auth: oauth2.None(),
		Now: func() time.Time { return start }})
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// What is not signed by the key is refused, and of what is signed iss, aud and exp hold.
func FuzzSignedObject(f *testing.F) {
	c, key := fuzzClient(f), []byte(longSecret)
	k, err := jose.NewKey(key, jose.KeyOptions{})
	if err != nil {
		f.Fatal(err)
	}
	asked := signedObject{keys: jose.NewSet(k), algorithms: []string{"HS256"},
		issuer: "https://p.example", known: userInfoMembers(), clause: userInfoClause}
	for _, seed := range []string{
		`{"sub":"alice"}`, `{"iss":"https://p.example","aud":"client","exp":1}`,
		`{"iss":"https://p.example","aud":["client"],"exp":9999999999}`, `{"iss":null}`,
		`{"aud":[]}`, `[]`, `{"sub":"a","sub":"b"}`, `{"_claim_names":{}}`, ``, `{"Iss":""}`,
	} {
		f.Add(seed, `{"alg":"HS256"}`)
		f.Add(seed, `{"alg":"HS256","typ":"at+jwt"}`)
		f.Add(mac(`{"alg":"HS256"}`, key)([]byte(seed)), "")
		f.Add(mac(`{"alg":"HS256"}`, nil)([]byte(seed)), "")
	}
	f.Fuzz(func(t *testing.T, text, header string) {
		if header == "" { // a token, which only the key can have made
			m, err := c.verifyObject(t.Context(), text, asked)
			if err == nil {
				parts := strings.Split(text, ".")
				if mac(decoded(parts[0]), key)([]byte(decoded(parts[1]))) != text {
					t.Errorf("%q is %v", text, m)
				}
			}
			return
		}
		m, err := c.verifyObject(t.Context(), mac(header, key)([]byte(text)), asked)
		if err != nil {
			_, ok := errors.AsType[*jose.CheckError](err)
			if !ok && !errors.Is(err, jose.ErrSignature) {
				t.Errorf("error is %v", err)
			}
			return
		}
		var claims struct {
			Iss *string
			Aud any
			Exp *float64
		}
		if err := json.Unmarshal([]byte(text), &claims); err != nil {
			t.Fatal(err)
		}
		if claims.Iss != nil && *claims.Iss != "https://p.example" ||
			claims.Exp != nil && *claims.Exp <= float64(start.Unix()-60) ||
			claims.Aud == nil && m.Get("aud") != "" {
			t.Errorf("%s was taken", text)
		}
	})
}

// decoded undoes b64, as far as it goes.
func decoded(s string) string {
	text, _ := base64.RawURLEncoding.DecodeString(s)
	return string(text)
}
