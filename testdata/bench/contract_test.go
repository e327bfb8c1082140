package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	gojosejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"vouchsafe/jose"
)

// A verdict is what a token is refused by.
type verdict int

const (
	accepted verdict = iota
	byExp
	byNoExp
	byNbf
	byIat
	byIss
	byNoIss
	byAud
	byNoAud
	bySignature
	byAlg
)

// refusals are each library's errors. jwx has none of its own for a signature
// or an algorithm: there any error will do.
var refusals = map[string]map[verdict]error{
	"vouchsafe": {
		byExp:       &jose.CheckError{Check: "exp"},
		byNoExp:     &jose.CheckError{Check: "exp"},
		byNbf:       &jose.CheckError{Check: "nbf"},
		byIat:       &jose.CheckError{Check: "iat"},
		byIss:       &jose.CheckError{Check: "iss"},
		byNoIss:     &jose.CheckError{Check: "iss"},
		byAud:       &jose.CheckError{Check: "aud"},
		byNoAud:     &jose.CheckError{Check: "aud"},
		bySignature: jose.ErrSignature,
		byAlg:       &jose.CheckError{Check: "alg"},
	},
	"go-jose": {
		byExp:       gojosejwt.ErrExpired,
		byNoExp:     errNoExpiry,
		byNbf:       gojosejwt.ErrNotValidYet,
		byIat:       gojosejwt.ErrIssuedInTheFuture,
		byIss:       gojosejwt.ErrInvalidIssuer,
		byNoIss:     gojosejwt.ErrInvalidIssuer,
		byAud:       gojosejwt.ErrInvalidAudience,
		byNoAud:     gojosejwt.ErrInvalidAudience,
		bySignature: gojose.ErrCryptoFailure,
	},
	"golang-jwt": {
		byExp:       jwt.ErrTokenExpired,
		byNoExp:     jwt.ErrTokenRequiredClaimMissing,
		byNbf:       jwt.ErrTokenNotValidYet,
		byIat:       jwt.ErrTokenUsedBeforeIssued,
		byIss:       jwt.ErrTokenInvalidIssuer,
		byNoIss:     jwt.ErrTokenRequiredClaimMissing,
		byAud:       jwt.ErrTokenInvalidAudience,
		byNoAud:     jwt.ErrTokenRequiredClaimMissing,
		bySignature: jwt.ErrTokenSignatureInvalid,
		byAlg:       jwt.ErrTokenSignatureInvalid,
	},
	"jwx": {
		byExp:   jwxjwt.TokenExpiredError(),
		byNoExp: jwxjwt.MissingRequiredClaimError(),
		byNbf:   jwxjwt.TokenNotYetValidError(),
		byIat:   jwxjwt.InvalidIssuedAtError(),
		byIss:   jwxjwt.InvalidIssuerError(),
		byNoIss: jwxjwt.InvalidIssuerError(),
		byAud:   jwxjwt.InvalidAudienceError(),
		byNoAud: jwxjwt.InvalidAudienceError(),
	},
}

// claimCases change one claim of the good token.
var claimCases = []struct {
	name   string
	change func(c *claims, now int64)
	want   verdict
}{
	{"good", func(*claims, int64) {}, accepted},
	{"expired, within the leeway", func(c *claims, now int64) { c.ExpiresAt = now - 30 }, accepted},
	{"expired", func(c *claims, now int64) { c.ExpiresAt = now - 90 }, byExp},
	{"without exp", func(c *claims, _ int64) { c.ExpiresAt = 0 }, byNoExp},
	{"early, within the leeway", func(c *claims, now int64) { c.NotBefore = now + 30 }, accepted},
	{"early", func(c *claims, now int64) { c.NotBefore = now + 90 }, byNbf},
	{"issued in the future", func(c *claims, now int64) { c.IssuedAt = now + 90 }, byIat},
	{"other issuer", func(c *claims, _ int64) { c.Issuer = "https://other.example" }, byIss},
	{"longer issuer", func(c *claims, _ int64) { c.Issuer = issuer + "/" }, byIss},
	{"no issuer", func(c *claims, _ int64) { c.Issuer = "" }, byNoIss},
	{"other audience", func(c *claims, _ int64) { c.Audience = c.Audience[1:] }, byAud},
	{"no audience", func(c *claims, _ int64) { c.Audience = []string{} }, byNoAud},
}

type verifierTest = func(t *testing.T, lib string, verify func(string) error)

// eachVerifier calls f with everything that verifies tokens of alg.
func eachVerifier(t *testing.T, alg string, k *keys, f verifierTest) {
	for _, lib := range libraries() {
		for kind, make := range verifiers(lib, alg) {
			t.Run(fmt.Sprint(lib.name, " ", kind, " ", alg), func(t *testing.T) {
				verify, err := make(alg, k)
				if err != nil {
					t.Fatal(err)
				}
				f(t, lib.name, verify)
			})
		}
	}
}

type makeVerifier = func(alg string, k *keys) (func(string) error, error)

func verifiers(lib library, alg string) map[string]makeVerifier {
	all := map[string]makeVerifier{"verifier": lib.verifier}
	if lib.lean != nil {
		all["lean"] = lib.lean
	}
	if lib.reader != nil {
		all["reader"] = func(alg string, k *keys) (func(string) error, error) {
			read, err := lib.reader(alg, k)
			return func(token string) error { _, err := read(token); return err }, err
		}
	}
	if lib.setVerifier != nil && alg == "RS256" {
		all["set"] = func(_ string, k *keys) (func(string) error, error) {
			set, err := bigSet(k)
			if err != nil {
				return nil, err
			}
			return lib.setVerifier(set)
		}
	}
	return all
}

func expect(t *testing.T, lib string, err error, want verdict) {
	t.Helper()
	switch target := refusals[lib][want]; {
	case want == accepted && err != nil:
		t.Errorf("refused: %v", err)
	case want != accepted && err == nil:
		t.Error("accepted")
	case want != accepted && target != nil && !errors.Is(err, target):
		t.Errorf("refused with %v, want %v", err, target)
	}
}

func TestClaims(t *testing.T) {
	k := newTestBench(t).keys
	for _, alg := range algorithms {
		eachVerifier(t, alg, k, func(t *testing.T, lib string, verify func(string) error) {
			for _, test := range claimCases {
				t.Run(test.name, func(t *testing.T) {
					now := time.Now()
					c := newClaims(now)
					test.change(&c, now.Unix())
					expect(t, lib, verify(sign(t, alg, header(alg, keyID), k, &c)), test.want)
				})
			}
		})
	}
}

func TestFlippedByte(t *testing.T) {
	b := newTestBench(t)
	for _, alg := range algorithms {
		good := sign(t, alg, header(alg, keyID), b.keys, &b.claims)
		parts := strings.Split(good, ".")
		payload := bytes.Replace(b.payload, []byte("janedoe"), []byte("janedof"), 1)
		flipped := parts[0] + "." + text(payload) + "." + parts[2]
		eachVerifier(t, alg, b.keys, func(t *testing.T, lib string, verify func(string) error) {
			expect(t, lib, verify(flipped), bySignature)
			expect(t, lib, verify(flip(good, len(good)-10)), bySignature)
			for i := 0; i < len(good)-1; i += 7 {
				if err := verify(flip(good, i)); err == nil {
					t.Errorf("accepted with byte %d changed", i)
				}
			}
		})
	}
}

// flip changes the highest bit of the character at i: go-jose and others overlook
// the lowest ones of a last character.
func flip(s string, i int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := []byte(s)
	if at := strings.IndexByte(alphabet, b[i]); at >= 0 {
		b[i] = alphabet[at^32]
		return string(b)
	}
	b[i] = 'A'
	return string(b)
}

func TestOtherAlgorithm(t *testing.T) {
	b := newTestBench(t)
	for _, alg := range algorithms {
		eachVerifier(t, alg, b.keys, func(t *testing.T, lib string, verify func(string) error) {
			for _, other := range algorithms {
				if other != alg {
					token := sign(t, other, header(other, keyID), b.keys, &b.claims)
					expect(t, lib, verify(token), byAlg)
				}
			}
			none := string(signingInput(header("none", keyID), b.payload)) + "."
			if err := verify(none); err == nil {
				t.Error("accepted without a signature")
			}
			expect(t, lib, verify(confused(t, alg, b)), byAlg)
		})
	}
}

// confused is signed with HMAC and the text of the public key.
func confused(t *testing.T, alg string, b *joseBench) string {
	k := &keys{secret: b.keys.secret}
	if alg == "HS256" {
		return sign(t, "HS256", header("HS384", keyID), k, &b.claims)
	}
	der, err := x509.MarshalPKIXPublicKey(b.keys.public(alg))
	if err != nil {
		t.Fatal(err)
	}
	k.secret = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return sign(t, "HS256", header("HS256", keyID), k, &b.claims)
}

// TestOtherKey asks a set for a key that it has and that did not sign.
func TestOtherKey(t *testing.T) {
	b := newTestBench(t)
	set, err := bigSet(b.keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, lib := range libraries() {
		if lib.setVerifier == nil {
			continue
		}
		verify, err := lib.setVerifier(set)
		if err != nil {
			t.Fatal(err)
		}
		for _, kid := range []string{"2026-11-other-3", "2026-11-unknown"} {
			if verify(sign(t, "RS256", header("RS256", kid), b.keys, &b.claims)) == nil {
				t.Errorf("%s: accepted with kid %s", lib.name, kid)
			}
		}
	}
}

func TestIssue(t *testing.T) {
	b := newTestBench(t)
	for _, alg := range algorithms {
		for _, lib := range libraries() {
			t.Run(lib.name+" "+alg, func(t *testing.T) {
				c, err := lib.native(&b.claims)
				if err != nil {
					t.Fatal(err)
				}
				issue, err := lib.issuer(alg, b.keys)
				if err != nil {
					t.Fatal(err)
				}
				token, err := issue(c)
				if err != nil {
					t.Fatal(err)
				}
				testIssued(t, alg, b, token)
			})
		}
	}
}

func TestSign(t *testing.T) {
	b := newTestBench(t)
	for _, lib := range libraries() {
		if lib.signer == nil {
			continue
		}
		t.Run(lib.name, func(t *testing.T) {
			sign, err := lib.signer("HS256", b.keys)
			if err != nil {
				t.Fatal(err)
			}
			token, err := sign(b.payload)
			if err != nil {
				t.Fatal(err)
			}
			testIssued(t, "HS256", b, token)
		})
	}
}

func testIssued(t *testing.T, alg string, b *joseBench, token string) {
	parts := strings.Split(token, ".")
	wantMembers(t, parts[0], []byte(header(alg, keyID)))
	wantMembers(t, parts[1], b.payload)
	eachVerifier(t, alg, b.keys, func(t *testing.T, lib string, verify func(string) error) {
		expect(t, lib, verify(token), accepted)
	})
}

func TestReader(t *testing.T) {
	b := newTestBench(t)
	for _, lib := range libraries() {
		if lib.reader == nil {
			continue
		}
		read, err := lib.reader("HS256", b.keys)
		if err != nil {
			t.Fatal(err)
		}
		c, err := read(sign(t, "HS256", header("HS256", keyID), b.keys, &b.claims))
		if err != nil || !reflect.DeepEqual(*c, b.claims.extra) {
			t.Errorf("%s: read %+v, %v", lib.name, c, err)
		}
	}
}

func TestParseSet(t *testing.T) {
	set, err := smallSet()
	if err != nil {
		t.Fatal(err)
	}
	for _, lib := range libraries() {
		if lib.parseSet == nil {
			continue
		}
		if n, err := lib.parseSet(set); n != 10 || err != nil {
			t.Errorf("%s: %d keys, %v", lib.name, n, err)
		}
	}
}

func TestThumbprint(t *testing.T) {
	b := newTestBench(t)
	ec, err := ecJWK(keyID, &b.keys.ec.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []publicKey{rsaJWK(keyID, &b.keys.rsa.PublicKey), ec} {
		want := sha256.Sum256(key.canonical())
		for _, lib := range libraries() {
			if lib.thumbprint == nil {
				continue
			}
			compute, err := lib.thumbprint(marshal(t, key))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := compute(); err != nil || got != text(want[:]) {
				t.Errorf("%s, %s: %s, %v", lib.name, key.Type, got, err)
			}
		}
	}
}

func TestPayload(t *testing.T) {
	b := newTestBench(t)
	if n := len(members(t, b.payload)); len(b.payload) != 900 || n != 22 {
		t.Errorf("%d bytes, %d claims", len(b.payload), n)
	}
}

func sign(t *testing.T, alg, header string, k *keys, c *claims) string {
	t.Helper()
	signed, err := token(alg, header, k, marshal(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantMembers(t *testing.T, part string, text []byte) {
	t.Helper()
	if got, want := decode(t, part), members(t, text); !reflect.DeepEqual(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
}

func decode(t *testing.T, part string) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return members(t, b)
}

func members(t *testing.T, b []byte) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
