package oidctest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"

	"vouchsafe/jose"
)

// Who decrypts RSA1_5 finds the token.
func TestOutdatedDecrypts(t *testing.T) {
	to := must(jose.NewKey(strangersKey(), jose.KeyOptions{Algorithm: "RSA-OAEP-256"}))
	const token = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
	parts := strings.Split(outdated(to, token), ".")
	if len(parts) != 5 {
		t.Fatalf("%d parts", len(parts))
	}
	var raw [5][]byte
	for i := range parts {
		raw[i] = must(base64.RawURLEncoding.DecodeString(parts[i]))
	}
	key, err := rsa.DecryptPKCS1v15(nil, strangersKey(), raw[1])
	if err != nil || len(key) != 32 || len(raw[4]) != 16 {
		t.Fatalf("key of %d bytes, tag of %d, %v", len(key), len(raw[4]), err)
	}
	cipher.NewCBCDecrypter(must(aes.NewCipher(key[16:])), raw[2]).CryptBlocks(raw[3], raw[3])
	if got := string(raw[3]); !strings.HasPrefix(got, token) {
		t.Errorf("token is %q", got)
	}
}
