package jose_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vouchsafe/jose"
)

// The examples take place at one moment, with one key that the issuer publishes.
var (
	exampleNow = time.Date(2030, time.January, 1, 12, 0, 0, 0, time.UTC)
	exampleKey = func() *jose.Key {
		key, err := jose.GenerateKey("ES256")
		if err != nil {
			panic(err)
		}
		return key
	}()
)

// issue signs claims as an issuer does.
func issue(key *jose.Key, claims jose.Claims) string {
	compact, err := jose.Issue(claims, key, jose.SignOptions{})
	if err != nil {
		panic(err)
	}
	return compact
}

// exampleVerifier is built once, when the service starts.
func exampleVerifier() *jose.Verifier {
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys:       jose.NewSet(exampleKey),
		Algorithms: []string{"ES256"},
		Issuer:     "https://issuer.example",
		Audience:   "https://api.example",
		Now:        func() time.Time { return exampleNow },
	})
	if err != nil {
		panic(err)
	}
	return v
}

func exampleClaims() jose.Claims {
	return jose.Claims{
		Issuer:    "https://issuer.example",
		Subject:   "alice",
		Audience:  []string{"https://api.example"},
		ExpiresAt: exampleNow.Add(5 * time.Minute),
		Other:     map[string]any{"scope": "read"},
	}
}

// A service verifies access tokens against the JWK Set of their issuer.
func Example() {
	jwks, err := json.Marshal(jose.NewSet(exampleKey)) // what the issuer publishes
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := jose.ParseSet(jwks)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys:       keys,
		Algorithms: []string{"ES256"},
		Issuer:     "https://issuer.example",
		Audience:   "https://api.example",
		Type:       "at+jwt",                               // RFC 9068; leave it out if the issuer says "JWT"
		Now:        func() time.Time { return exampleNow }, // leave it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := jose.Issue(exampleClaims(), exampleKey, jose.SignOptions{Type: "at+jwt"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tok, err := v.Verify(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	var claims struct {
		Scope string `json:"scope"`
	}
	if err := tok.Claims(&claims); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tok.Subject, "may", claims.Scope, "until",
		tok.ExpiresAt.UTC().Format(time.TimeOnly))
	// Output: alice may read until 12:05:00
}

func ExampleVerifier_Verify_expired() {
	claims := exampleClaims()
	claims.ExpiresAt = exampleNow.Add(-5 * time.Minute)
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(errors.Is(err, &jose.CheckError{Check: "exp"}))
	fmt.Println(err)
	// Output:
	// true
	// exp must be present and in the future (RFC 7519, Section 4.1.4)
}

func ExampleVerifier_Verify_notYetValid() {
	claims := exampleClaims()
	claims.NotBefore = exampleNow.Add(5 * time.Minute)
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: nbf must not be in the future (RFC 7519, Section 4.1.5)
}

func ExampleVerifier_Verify_wrongAudience() {
	claims := exampleClaims()
	claims.Audience = []string{"https://other.example"}
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: aud must contain the audience expected (RFC 7519, Section 4.1.3)
}

func ExampleVerifier_Verify_wrongIssuer() {
	claims := exampleClaims()
	claims.Issuer = "https://issuer.example/" // compared as it stands
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: iss must be the issuer expected (RFC 7519, Section 4.1.1)
}

// A claim of the wrong type makes the token invalid, as if it were absent would
// not do.
func ExampleVerifier_Verify_malformedClaim() {
	compact, err := jose.Sign([]byte(`{"iss":"https://issuer.example","exp":"tomorrow"}`),
		exampleKey, jose.SignOptions{})
	if err != nil {
		panic(err)
	}
	_, err = exampleVerifier().Verify(context.Background(), compact)
	fmt.Println(err)
	// Output: claims must be strict JSON with registered claims of their types (RFC 7519, Section 4.1)
}

// An access token is no token for whoever expects another type.
func ExampleVerifier_Verify_otherType() {
	compact, err := jose.Issue(exampleClaims(), exampleKey, jose.SignOptions{Type: "at+jwt"})
	if err != nil {
		panic(err)
	}
	_, err = exampleVerifier().Verify(context.Background(), compact)
	fmt.Println(err)
	// Output: typ must be the type expected (RFC 8725, Section 3.11)
}

func ExampleVerifier_Verify_unknownKey() {
	stranger, err := jose.GenerateKey("ES256")
	if err != nil {
		panic(err)
	}
	_, err = exampleVerifier().Verify(context.Background(), issue(stranger, exampleClaims()))
	fmt.Println(err)
	// Output: key must be known, by its ID and algorithm (RFC 7515, Section 6)
}

func ExampleVerifier_Verify_wrongAlgorithm() {
	other, err := jose.GenerateKey("RS256")
	if err != nil {
		panic(err)
	}
	_, err = exampleVerifier().Verify(context.Background(), issue(other, exampleClaims()))
	fmt.Println(err)
	// Output: alg must be one of those expected (RFC 8725, Section 3.1)
}

func ExampleVerifier_Verify_tampered() {
	compact := issue(exampleKey, exampleClaims())
	other := issue(exampleKey, jose.Claims{Subject: "mallory", ExpiresAt: exampleNow})
	signature := len(compact) - 86 // of 64 bytes
	_, err := exampleVerifier().Verify(context.Background(),
		compact[:signature]+other[len(other)-86:])
	fmt.Println(errors.Is(err, jose.ErrSignature))
	fmt.Println(err)
	// Output:
	// true
	// jose: signature does not verify
}

func ExampleVerifier_Verify_noToken() {
	_, err := exampleVerifier().Verify(context.Background(), "opaque-token")
	fmt.Println(err)
	// Output: compact must have three parts (RFC 7515, Section 7.1)
}

// A trace shows what was checked, for a log or a page.
func ExampleWithTrace() {
	ctx := jose.WithTrace(context.Background(), func(check, clause string, err error) {
		fmt.Println(check, "by", clause, "passed:", err == nil)
	})
	claims := exampleClaims()
	claims.Audience = []string{"https://other.example"}
	exampleVerifier().Verify(ctx, issue(exampleKey, claims))
	// Output:
	// size by RFC 7515, Section 7 passed: true
	// compact by RFC 7515, Section 7.1 passed: true
	// typ by RFC 8725, Section 3.11 passed: true
	// alg by RFC 8725, Section 3.1 passed: true
	// keys by RFC 7515, Section 6 passed: true
	// key by RFC 7515, Section 6 passed: true
	// signature by RFC 7515, Section 5.2 passed: true
	// claims by RFC 7519, Section 4.1 passed: true
	// iss by RFC 7519, Section 4.1.1 passed: true
	// aud by RFC 7519, Section 4.1.3 passed: false
}

// A set is read without the keys that this package cannot use.
func ExampleParseSet() {
	own, err := json.Marshal(exampleKey)
	if err != nil {
		panic(err)
	}
	set, err := jose.ParseSet([]byte(`{"keys":[{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"},` +
		string(own) + `]}`))
	fmt.Println(err)
	fmt.Println(set.Skipped())
	// Output:
	// <nil>
	// [key 0: kty must be RSA, EC, OKP or oct (RFC 7517, Section 4.1)]
}

// Whoever has the key ID in a token's header can look for the key.
func ExamplePeek() {
	compact, err := jose.Sign([]byte(`{"sub":"alice"}`), exampleKey,
		jose.SignOptions{Type: "at+jwt"})
	if err != nil {
		fmt.Println(err)
		return
	}
	header, err := jose.Peek(compact)
	fmt.Println(header.Algorithm, header.Type, header.KeyID == exampleKey.ID(), err)
	// Output: ES256 at+jwt true <nil>
}

// NewVerifier refuses an expectation left empty, such as an unset environment
// variable, instead of not checking it.
func ExampleNewVerifier_missing() {
	_, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: jose.NewSet(exampleKey), Algorithms: []string{"ES256"},
		Issuer: "https://issuer.example",
	})
	fmt.Println(err)
	// Output: jose: VerifierConfig.Audience is required
}

// A client authenticates to a token endpoint with an assertion that it signs, RFC
// 7523, Section 3: for the issuer alone, for a minute, used once.
func ExampleIssue_clientAssertion() {
	key, err := jose.GenerateKey("EdDSA") // its public half is registered with the server
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	assertion, err := jose.Issue(jose.Claims{
		Issuer:    "client-id",
		Subject:   "client-id",
		Audience:  []string{"https://issuer.example"},
		IssuedAt:  now,
		ExpiresAt: now.Add(time.Minute),
		ID:        rand.Text(),
	}, key, jose.SignOptions{Type: "client-authentication+jwt"})
	if err != nil {
		fmt.Println(err)
		return
	}
	header, err := jose.Peek(assertion)
	fmt.Println(header.Algorithm, header.Type, err)
	// Output: EdDSA client-authentication+jwt <nil>
}

// An issuer signs with its newest key, and publishes the old one until what it signed
// has expired.
func ExampleSet_rotation() {
	older, err := jose.GenerateKey("ES256")
	if err != nil {
		fmt.Println(err)
		return
	}
	newer, err := jose.GenerateKey("EdDSA")
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, err := jose.NewSet(newer, older).MarshalPrivate() // to keep where secrets are kept
	if err != nil {
		fmt.Println(err)
		return
	}

	keys, err := jose.ParsePrivateSet(stored)  // when the service starts again
	if err != nil || len(keys.Skipped()) > 0 { // a key of one's own left out is a mistake
		fmt.Println(err, keys.Skipped())
		return
	}
	token := issue(keys.All()[0], exampleClaims())
	published, err := json.Marshal(keys) // the public halves alone
	if err != nil {
		fmt.Println(err)
		return
	}

	known, err := jose.ParseSet(published)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: known, Algorithms: []string{"EdDSA", "ES256"},
		Issuer: "https://issuer.example", Audience: "https://api.example",
		Now: func() time.Time { return exampleNow },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, compact := range []string{token, issue(older, exampleClaims())} {
		tok, err := v.Verify(context.Background(), compact)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(tok.Header.Algorithm, tok.Subject)
	}
	// Output:
	// EdDSA alice
	// ES256 alice
}

// A message whose payload travels apart from its signature, as webhooks do.
func ExampleVerifySignature_detached() {
	key, err := jose.NewKey([]byte("0123456789abcdef0123456789abcdef"), // of 32 random bytes
		jose.KeyOptions{Algorithm: "HS256"})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"event":"paid"}`)
	signature, err := jose.Sign(body, key, jose.SignOptions{Detached: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	o := jose.VerifyOptions{Algorithms: []string{"HS256"}, Payload: body}
	jws, err := jose.VerifySignature(context.Background(), signature, jose.NewSet(key), o)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(jws.Payload))

	o.Payload = []byte(`{"event":"refunded"}`)
	_, err = jose.VerifySignature(context.Background(), signature, jose.NewSet(key), o)
	fmt.Println(err)
	// Output:
	// {"event":"paid"}
	// jose: signature does not verify
}

// A token for one reader is signed, and then encrypted with the reader's public key.
func ExampleDecrypter() {
	reader, err := jose.GenerateKey("ECDH-ES")
	if err != nil {
		fmt.Println(err)
		return
	}
	nested, err := jose.Encrypt([]byte(issue(exampleKey, exampleClaims())), reader,
		jose.EncryptOptions{ContentType: "JWT"})
	if err != nil {
		fmt.Println(err)
		return
	}

	decrypter, err := jose.NewDecrypter(jose.DecrypterConfig{
		Keys:        jose.NewSet(reader),
		Algorithms:  []string{"ECDH-ES"},
		Encryptions: []string{"A256GCM"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: jose.NewSet(exampleKey), Algorithms: []string{"ES256"},
		Issuer: "https://issuer.example", Audience: "https://api.example",
		Decrypter: decrypter, // a token that is only signed is now refused
		Now:       func() time.Time { return exampleNow },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	tok, err := v.Verify(context.Background(), nested)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tok.Subject)

	_, err = decrypter.Decrypt(context.Background(), nested[:len(nested)-4]+"AAAA")
	fmt.Println(errors.Is(err, jose.ErrDecryption))
	// Output:
	// alice
	// true
}

// NewKey takes the keys of the standard library, and refuses weak ones.
func ExampleNewKey() {
	weak, err := jose.NewKey([]byte("too short"), jose.KeyOptions{Algorithm: "HS256"})
	fmt.Println(weak, err)

	pemText := []byte("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B...")
	confused, err := jose.NewKey(pemText, jose.KeyOptions{Algorithm: "HS256"})
	fmt.Println(confused, err)
	// Output:
	// <nil> key must serve an algorithm, by its type, size, use, key_ops and alg (RFC 7517, Section 4)
	// <nil> k must not be the PEM, DER, SSH or JWK text of another key (RFC 8725, Section 3.1)
}

// A private key in PEM, as openssl genpkey writes it.
func ExampleNewKey_pem() {
	text := []byte(`-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----`) // the key of RFC 8037, Appendix A.1
	block, _ := pem.Decode(text)
	if block == nil {
		fmt.Println("no PEM")
		return
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := jose.NewKey(private, jose.KeyOptions{ID: "2030-01", Algorithm: "EdDSA"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.ID(), key.Algorithms(), key.Thumbprint())
	// Output: 2030-01 [EdDSA] kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k
}

// One message for several recipients, each with a key of another type.
func ExampleEncryptJSON() {
	var recipients []*jose.Key
	for _, algorithm := range []string{"RSA-OAEP-256", "ECDH-ES+A256KW"} {
		key, err := jose.GenerateKey(algorithm)
		if err != nil {
			fmt.Println(err)
			return
		}
		recipients = append(recipients, key)
	}
	text, err := jose.EncryptJSON([]byte("hello"), recipients, jose.EncryptOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range recipients {
		d, err := jose.NewDecrypter(jose.DecrypterConfig{
			Keys: jose.NewSet(key), Algorithms: key.Algorithms(), Encryptions: []string{"A256GCM"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		jwe, err := d.Decrypt(context.Background(), string(text))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(jwe.Header.Algorithm, string(jwe.Plaintext()))
	}
	// Output:
	// RSA-OAEP-256 hello
	// ECDH-ES+A256KW hello
}

// The tenants of one issuer, which signs for all of them with the same keys.
func ExampleVerifierConfig_tenants() {
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: jose.NewSet(exampleKey), Algorithms: []string{"ES256"},
		IssuerFunc: func(issuer string) bool {
			tenant, ok := strings.CutPrefix(issuer, "https://issuer.example/tenants/")
			return ok && slices.Contains([]string{"a", "b"}, tenant)
		},
		Audience: "https://api.example",
		Now:      func() time.Time { return exampleNow },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	claims := exampleClaims()
	for _, tenant := range []string{"a", "c"} {
		claims.Issuer = "https://issuer.example/tenants/" + tenant
		_, err := v.Verify(context.Background(), issue(exampleKey, claims))
		fmt.Println(tenant, err)
	}
	// Output:
	// a <nil>
	// c iss must be the issuer expected (RFC 7519, Section 4.1.1)
}
