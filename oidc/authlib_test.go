package oidc

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// The hashes of one access token by all kinds of algorithms, OpenID Connect Core 1.0, Section
// 3.1.3.6. The HMAC is keyed by the client secret.
func TestAuthlibHashes(t *testing.T) {
	const (
		token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
		h256  = "77QmUPtjPfzWtF2AnpK9RQ"
		h384  = "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"
		h512  = "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"
	)
	for _, test := range []struct{ name, algorithm, hash, another string }{
		{"row 87: RS256", "RS256", h256, h384},
		{"row 87: PS256", "PS256", h256, h512},
		{"row 87: ES384", "ES384", h384, h256},
		{"row 87: HS512", "HS512", h512, h256},
		{"row 87: EdDSA", "EdDSA", h512, h256},
		{"row 87: Ed25519", "Ed25519", h512, h384},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, signer := newSigningWorld(t, test.algorithm)
			for hash, want := range map[string]string{
				test.hash: "ok", test.another: "check at_hash", "": "check at_hash"} {
				claims := `{"iss":"` + w.Issuer() + `","sub":"alice","aud":"client","nonce":"n",` +
					`"iat":1795262400,"exp":1795266000,"at_hash":"` + hash + `"}`
				signed, err := jose.Sign([]byte(claims), signer,
					jose.SignOptions{Algorithm: test.algorithm})
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.client.VerifyIDToken(t.Context(), signed,
					IDTokenExpectations{Nonce: "n", AccessToken: token})
				if outcome(err) != want {
					t.Errorf("%q: %v, want %s", hash, err, want)
				}
			}
		})
	}
	t.Run("row 87: unknown", func(t *testing.T) {
		for _, algorithm := range []string{"", "none", "rs256", "ES256K", "HS1"} {
			id := &IDToken{token: &jose.Token{Header: jose.Header{Algorithm: algorithm}}}
			if hashMatches(id, "at_hash", token, true) {
				t.Errorf("%q: at_hash matches", algorithm)
			}
		}
	})
}

// newSigningWorld returns a world whose ID Tokens are signed by an algorithm, and what signs.
func newSigningWorld(t *testing.T, algorithm string) (*world, *jose.Key) {
	t.Helper()
	secret := strings.Repeat("secret", 12)
	config := func(c *Config) {
		c.IDToken.SigningAlgorithm, c.Auth = algorithm, oauth2.ClientSecret(secret)
	}
	if !strings.HasPrefix(algorithm, "HS") {
		w := newWorld(t, oidctest.Options{Algorithm: algorithm}, nil, config)
		return w, w.Key()
	}
	key, err := jose.NewKey([]byte(secret), jose.KeyOptions{Algorithm: algorithm})
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, oidctest.Options{}, nil, config), key
}

// The claims of an ID Token, by Authlib's cases. The client is "client", which there is "me".
func TestAuthlibIDToken(t *testing.T) {
	long := leeway(2 * time.Minute)
	unsupported := func(c *Config) { c.Quirks.InsecureMissingNonce = true }
	for _, test := range []struct {
		name   string
		edit   func(map[string]any)
		config func(*Config)
		asked  AuthorizationOptions
		want   string
	}{
		{"row 88: no iss", claim("iss", nil), nil, AuthorizationOptions{}, "check iss"},
		{"row 88: no sub", claim("sub", nil), nil, AuthorizationOptions{}, "check sub"},
		{"row 88: no aud", claim("aud", nil), nil, AuthorizationOptions{}, "check aud"},
		{"row 88: no exp", claim("exp", nil), nil, AuthorizationOptions{}, "check exp"},
		{"row 88: no iat", claim("iat", nil), nil, AuthorizationOptions{}, "check iat"},
		{"row 88: no nonce", claim("nonce", nil), nil, AuthorizationOptions{}, "check nonce"},
		{"row 89a: other claims are asked for", claim("iss", "https://x.example"), nil,
			AuthorizationOptions{ACRValues: []string{"gold"}}, "check iss"},
		{"row 89a: another audience is trusted", claim("iss", "https://x.example"),
			trusting("o"), AuthorizationOptions{}, "check iss"},
		{"row 90a: text", claim("aud", "client"), nil, AuthorizationOptions{}, "ok"},
		{"row 90a: list", claim("aud", list{"client"}), nil, AuthorizationOptions{}, "ok"},
		{"row 90a: another, azp us", claims("aud", list{"client", "o"}, "azp", "client"), nil,
			AuthorizationOptions{}, "check aud"},
		{"row 90a: a trusted one, azp us", claims("aud", list{"client", "o"}, "azp", "client"),
			trusting("o"), AuthorizationOptions{}, "ok"},
		{"row 90b: another", claim("aud", list{"client", "o"}), nil, AuthorizationOptions{},
			"check aud"},
		{"row 90b: a trusted one", claim("aud", list{"client", "o"}), trusting("o"),
			AuthorizationOptions{}, "ok"},
		{"row 90c: another alone, azp us", claims("aud", "o", "azp", "client"), trusting("o"),
			AuthorizationOptions{}, "check aud"},
		{"row 90c: empty list", claim("aud", list{}), nil, AuthorizationOptions{}, "check aud"},
		{"row 90c: empty text", claim("aud", ""), nil, AuthorizationOptions{}, "check aud"},
		{"row 91a: exp just past", claim("exp", after(-100)), long, AuthorizationOptions{}, "ok"},
		{"row 91a: iat soon", claim("iat", after(100)), long, AuthorizationOptions{}, "ok"},
		{"row 91b: exp past", claim("exp", after(-130)), long, AuthorizationOptions{},
			"check exp"},
		{"row 91b: exp text", claim("exp", "9999999999"), long, AuthorizationOptions{},
			"check claims"},
		{"row 91b: iat to come", claim("iat", after(500)), long, AuthorizationOptions{},
			"check iat"},
		{"row 91b: nbf to come", claim("nbf", after(500)), long, AuthorizationOptions{},
			"check nbf"},
		{"row 91c: empty sub", claim("sub", ""), nil, AuthorizationOptions{}, "check sub"},
		{"row 92a: another", claim("nonce", "x"), nil, AuthorizationOptions{}, "check nonce"},
		{"row 92b: absent", claims("nonce", nil, "nonce_supported", false), nil,
			AuthorizationOptions{}, "check nonce"},
		{"row 92b: absent, by option", claims("nonce", nil, "nonce_supported", false),
			unsupported, AuthorizationOptions{}, "ok"},
		{"row 92b: another, by option", claims("nonce", "x", "nonce_supported", false),
			unsupported, AuthorizationOptions{}, "check nonce"},
		{"row 93: no auth_time", claim("auth_time", nil), nil, maxAge(10 * time.Second),
			"check auth_time"},
		{"row 93: auth_time 5", claim("auth_time", 5), nil, maxAge(10 * time.Second),
			"check auth_time"},
		{"row 93: auth_time now", claim("auth_time", after(0)), nil, maxAge(10 * time.Second),
			"ok"},
		{"row 94: amr text", claim("amr", "pwd"), nil, AuthorizationOptions{}, "check id_token"},
		{"row 94: amr list", claim("amr", list{"pwd"}), nil, AuthorizationOptions{}, "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{EditIDToken: test.edit}, nil, test.config)
			if _, err := w.login(test.asked); outcome(err) != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// Metadata does not say what may be left out.
func TestAuthlibAlgorithms(t *testing.T) {
	rs256 := oidctest.NewServer(oidctest.Options{})
	defer rs256.Close()
	public := publicKey(t, rs256.Key()) // which is that of all providers here
	for _, test := range []struct {
		name, algorithm string
		advertised      []string
		made            func(string) string
		want            string
	}{
		{"row 95: none is advertised", "RS256", []string{"none", "RS256"}, unsigned,
			"check compact"},
		{"row 95: HS256 by the public key", "RS256", []string{"HS256", "RS256"},
			func(compact string) string {
				return mac(`{"alg":"HS256"}`, public)([]byte(payloadOf(t, compact)))
			}, "check alg"},
		{"row 95: RS384 is not advertised", "RS384", []string{"RS256"}, nil, "check alg"},
		{"row 95: RS384 is advertised", "RS384", []string{"RS256", "RS384"}, nil, "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := module{made: test.made, options: oidctest.Options{Algorithm: test.algorithm,
				EditMetadata: claim("id_token_signing_alg_values_supported", test.advertised)}}
			for _, way := range []string{codeType, idTokenType} {
				if err := m.bring(m.world(t), way); outcome(err) != test.want {
					t.Errorf("%s: %v, want %s", way, err, test.want)
				}
			}
		})
	}
}

// Keys that come and go, and sets with more in them than one key.
func TestAuthlibKeys(t *testing.T) {
	var keys atomic.Value // the set as it is published
	publish := func(sets ...any) {
		members := []json.RawMessage{}
		for _, key := range sets {
			text, err := json.Marshal(key)
			if err != nil {
				t.Fatal(err)
			}
			members = append(members, text)
		}
		text, err := json.Marshal(map[string]any{"keys": members})
		if err != nil {
			t.Fatal(err)
		}
		keys.Store(string(text))
	}
	serveKeys := func(rw http.ResponseWriter, r *http.Request) {
		say(200, "application/json", keys.Load().(string))(rw, r)
	}
	verify := func(t *testing.T, w *world, key *jose.Key, want string, fetched int) {
		t.Helper()
		token := by(key, "JWT")([]byte(payloadOf(t, w.issue(nil))))
		_, err := w.client.VerifyIDToken(t.Context(), token, IDTokenExpectations{Nonce: "n"})
		if outcome(err) != want || w.requests("/jwks") != fetched {
			t.Errorf("%v, want %s; keys were fetched %d times, want %d", err, want,
				w.requests("/jwks"), fetched)
		}
	}
	begin := func(t *testing.T) *world {
		return newWorld(t, oidctest.Options{Algorithm: "ES256"}, answerer{"/jwks": serveKeys},
			nil)
	}
	first, second := generate(t, "ES256"), generate(t, "ES256")
	t.Run("row 96: another key", func(t *testing.T) {
		publish(first)
		w := begin(t)
		verify(t, w, first, "ok", 1)
		publish(first, second)
		verify(t, w, second, "ok", 2)
		verify(t, w, generate(t, "ES256"), "check key", 2)
		w.seconds.Add(60)
		verify(t, w, generate(t, "ES256"), "check key", 3)
		verify(t, w, generate(t, "ES256"), "check key", 3)
	})
	t.Run("row 96: other keys beside", func(t *testing.T) {
		use := func(use string) map[string]any {
			var jwk map[string]any
			text, err := json.Marshal(second)
			if err != nil || json.Unmarshal(text, &jwk) != nil {
				t.Fatal(err)
			}
			jwk["kid"], jwk["use"] = first.ID(), use
			return jwk
		}
		publish(map[string]string{"kty": "new", "kid": first.ID()},
			map[string]string{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
			use("enc"), first)
		verify(t, begin(t), first, "ok", 1)
		verify(t, begin(t), second, "check key", 2)
	})
	t.Run("row 96: empty set", func(t *testing.T) {
		publish()
		w := begin(t)
		verify(t, w, first, "check key", 2) // the set, and once more for the key
		verify(t, w, first, "check key", 2)
	})
}

func payloadOf(t *testing.T, compact string) string {
	t.Helper()
	return decodePart(t, strings.Split(compact, ".")[1])
}

// An ID Token is verified whatever the scope that the provider says it granted.
func TestAuthlibScope(t *testing.T) {
	granting := func(scope string, idToken bool) http.HandlerFunc {
		return edit(func(members map[string]any) {
			members["scope"] = scope
			if !idToken {
				delete(members, "id_token")
			}
		})
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		edit   func(map[string]any)
		want   string
	}{
		{"row 104: openid without an ID Token", granting("openid", false), nil,
			"check id_token"},
		{"row 104: an ID Token without openid", granting("profile", true), nil, "ok"},
		{"row 104: a wrong one without openid", granting("profile", true),
			claim("aud", "other"), "check aud"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{EditIDToken: test.edit},
				answerer{"/token": test.answer}, nil)
			if _, err := w.login(AuthorizationOptions{}); outcome(err) != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// A provider is known by the URL of its metadata, or by its endpoints.
func TestAuthlibProvider(t *testing.T) {
	for _, test := range []struct {
		name   string
		config func(*Config)
		asked  int // for metadata
	}{
		{"row O3: the URL of the metadata", func(c *Config) {
			c.Issuer, c.ServerMetadataURL = "", c.Issuer+wellKnown
		}, 1},
		{"row O3: the endpoints", func(c *Config) {
			c.Provider = Provider{AuthorizationServer: oauth2.AuthorizationServer{
				AuthorizationEndpoint: c.Issuer + "/authorize",
				TokenEndpoint:         c.Issuer + "/token",
				JWKSURI:               c.Issuer + "/jwks",
			}}
		}, 0},
		{"row O3: the issuer", func(*Config) {}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, nil, test.config)
			w.mustLogin(AuthorizationOptions{})
			if n := w.requests(wellKnown); n != test.asked {
				t.Errorf("metadata was fetched %d times", n)
			}
		})
	}
}

// What is stored of a token has the names that Authlib's tables have.
func TestAuthlibTokenTable(t *testing.T) {
	t.Run("row O5", func(t *testing.T) {
		w := newWorld(t, oidctest.Options{}, nil, nil)
		text, err := json.Marshal(w.mustLogin(AuthorizationOptions{}).Token.Record())
		if err != nil {
			t.Fatal(err)
		}
		var stored struct {
			TokenType    string `json:"token_type"`
			AccessToken  string `json:"access_token"`
			RefreshToken string `json:"refresh_token"`
			ExpiresAt    int64  `json:"expires_at"`
		}
		if err := json.Unmarshal(text, &stored); err != nil || stored.TokenType != "Bearer" ||
			stored.AccessToken == "" || stored.RefreshToken == "" ||
			stored.ExpiresAt != after(3600) {
			t.Errorf("stored %v, %v", stored, err)
		}
	})
}
