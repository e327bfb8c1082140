//go:build !race

package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

// allocTestClaims are 22 claims, as an ID Token has them.
func allocTestClaims() Claims {
	private := map[string]any{
		"amr": []string{"pwd", "otp"}, "email_verified": true, "auth_time": now.Unix(),
		"address": map[string]string{"locality": "Los Angeles", "country": "US"},
	}
	for len(private) < 15 {
		private[fmt.Sprintf("claim_%d", len(private))] = "a value of some forty characters in all"
	}
	return Claims{Issuer: testIssuer, Subject: "248289761001", Audience: []string{testAudience},
		ExpiresAt: now.Add(time.Minute), NotBefore: now, IssuedAt: now, ID: "id", Other: private}
}

// rawAllocs returns how many allocations the standard library makes for verifying
// input alone, its hash included.
func rawAllocs(t *testing.T, algorithm string, key any, input []byte) float64 {
	t.Helper()
	sum := sha256.Sum256(input)
	var verify func() bool
	switch key := key.(type) {
	case *rsa.PrivateKey:
		opts := crypto.SignerOpts(crypto.SHA256)
		if algorithm == "PS256" {
			opts = pssOptions(crypto.SHA256)
		}
		sig, err := key.Sign(rand.Reader, sum[:], opts)
		if err != nil {
			t.Fatal(err)
		}
		verify = func() bool {
			d := sha256.Sum256(input)
			if algorithm == "PS256" {
				return rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, d[:], sig, opts.(*rsa.PSSOptions)) == nil
			}
			return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, d[:], sig) == nil
		}
	case *ecdsa.PrivateKey:
		sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		verify = func() bool {
			d := sha256.Sum256(input)
			return ecdsa.VerifyASN1(&key.PublicKey, d[:], sig)
		}
	case ed25519.PrivateKey:
		sig := ed25519.Sign(key, input)
		verify = func() bool { return ed25519.Verify(key.Public().(ed25519.PublicKey), input, sig) }
	default:
		return 0 // a keyed hash that is used again
	}
	return testing.AllocsPerRun(100, func() {
		if !verify() {
			t.Fatal("does not verify")
		}
	})
}

// Verifying a token makes at most six allocations beside those of the standard
// library, whatever the algorithm.
func TestVerifyAllocs(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, private := range map[string]any{
		"HS256": make([]byte, 32), "RS256": rsaPrivate(t), "PS256": rsaPrivate(t),
		"ES256": ecPrivate(t), "EdDSA": ed,
	} {
		key := newKey(t, private, KeyOptions{ID: "key", Algorithm: algorithm})
		compact, err := Issue(allocTestClaims(), key, SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		v := newVerifier(t, VerifierConfig{Keys: NewSet(key), Algorithms: []string{algorithm},
			Issuer: testIssuer, Audience: testAudience, Now: func() time.Time { return now }})
		got := testing.AllocsPerRun(100, func() {
			if _, err := v.Verify(t.Context(), compact); err != nil {
				t.Fatal(err)
			}
		})
		if raw := rawAllocs(t, algorithm, private, []byte(compact)); got > raw+6 {
			t.Errorf("%s: %v allocations, %v of them the standard library's", algorithm, got, raw)
		}
	}
}

func TestAllocs(t *testing.T) {
	secret := newKey(t, make([]byte, 32), KeyOptions{})
	set, err := NewSet(testRSA(t), testEC(t)).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, payload := testRSA(t), make([]byte, 900)
	for _, tt := range []struct {
		name string
		most float64
		f    func() error
	}{
		{"sign HS256", 6, func() error {
			_, err := Sign(payload, secret, SignOptions{})
			return err
		}},
		{"thumbprint", 3, func() error {
			rsaKey.Thumbprint()
			return nil
		}},
		{"parse an RSA and an EC key", 34, func() error {
			_, err := ParseSet(set)
			return err
		}},
	} {
		got := testing.AllocsPerRun(100, func() {
			if err := tt.f(); err != nil {
				t.Fatal(err)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, at most %v are wanted", tt.name, got, tt.most)
		}
	}
}
