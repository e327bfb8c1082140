package jose_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
func issue(key *jose.Key, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	compact, err := jose.Sign(payload, key, jose.SignOptions{Type: "JWT"})
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

func exampleClaims() map[string]any {
	return map[string]any{
		"iss": "https://issuer.example", "sub": "alice", "aud": "https://api.example",
		"exp": exampleNow.Add(5 * time.Minute).Unix(), "scope": "read",
	}
}

// A service verifies tokens against the JWK Set of their issuer.
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
		Now:        func() time.Time { return exampleNow }, // leave it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	tok, err := v.Verify(context.Background(), issue(exampleKey, exampleClaims()))
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
	claims["exp"] = exampleNow.Add(-5 * time.Minute).Unix()
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(errors.Is(err, &jose.CheckError{Check: "exp"}))
	fmt.Println(err)
	// Output:
	// true
	// exp must be present and in the future (RFC 7519, Section 4.1.4)
}

func ExampleVerifier_Verify_notYetValid() {
	claims := exampleClaims()
	claims["nbf"] = exampleNow.Add(5 * time.Minute).Unix()
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: nbf must not be in the future (RFC 7519, Section 4.1.5)
}

func ExampleVerifier_Verify_wrongAudience() {
	claims := exampleClaims()
	claims["aud"] = []string{"https://other.example"}
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: aud must contain the audience expected (RFC 7519, Section 4.1.3)
}

func ExampleVerifier_Verify_wrongIssuer() {
	claims := exampleClaims()
	claims["iss"] = "https://issuer.example/" // compared as it stands
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: iss must be the issuer expected (RFC 7519, Section 4.1.1)
}

// A claim of the wrong type makes the token invalid, as if it were absent would
// not do.
func ExampleVerifier_Verify_wrongType() {
	claims := exampleClaims()
	claims["exp"] = "tomorrow"
	_, err := exampleVerifier().Verify(context.Background(), issue(exampleKey, claims))
	fmt.Println(err)
	// Output: claims must be strict JSON with registered claims of their types (RFC 7519, Section 4.1)
}

// An access token is no token for whoever expects another type.
func ExampleVerifier_Verify_wrongTyp() {
	payload, err := json.Marshal(exampleClaims())
	if err != nil {
		panic(err)
	}
	compact, err := jose.Sign(payload, exampleKey, jose.SignOptions{Type: "at+jwt"})
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
	other := issue(exampleKey, map[string]any{"sub": "mallory"})
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
	claims["aud"] = "https://other.example"
	exampleVerifier().Verify(ctx, issue(exampleKey, claims))
	// Output:
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
	set, err := jose.ParseSet([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"},` +
		string(own) + `]}`))
	fmt.Println(err)
	fmt.Println(set.Skipped())
	// Output:
	// <nil>
	// [key 0: jose: JWK kty is not one of this package]
}

// A key in a file, an HSM or a KMS signs if it is a crypto.Signer.
func ExampleSign() {
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
