package oidctest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"vouchsafe/oidc/oidctest"
)

// A token verifies with the weak key that is published: who minds nothing takes it.
func TestWeakKeyVerifies(t *testing.T) {
	w := start(t, oidctest.Options{Misbehave: "keys_too_weak"})
	token := w.grant("openid").IDToken
	at := strings.LastIndex(token, ".")
	sum := sha256.Sum256([]byte(token[:at]))
	var set struct{ Keys []struct{ Kty, N string } }
	resp, err := http.Get(w.Endpoint("jwks"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	decoded := func(text string) []byte {
		data, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, key := range set.Keys {
		if key.Kty != "RSA" {
			continue
		}
		n := new(big.Int).SetBytes(decoded(key.N))
		err := rsa.VerifyPKCS1v15(&rsa.PublicKey{N: n, E: 65537}, crypto.SHA256, sum[:],
			decoded(token[at+1:]))
		if n.BitLen() != 1024 || err != nil {
			t.Errorf("%d bits: %v", n.BitLen(), err)
		}
	}
}
