package oauth2

import (
	"strings"
	"testing"

	"vouchsafe/jose"
)

// The secret of each way that has one, and of none other, verifies what it has signed.
func TestSecretKey(t *testing.T) {
	const secret = "a secret that is 32 octets long."
	signed, err := jose.Sign([]byte("x"), joseKey(t, []byte(secret), jose.KeyOptions{}),
		jose.SignOptions{Algorithm: "HS256"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		auth ClientAuthentication
		want string
	}{
		{"automatic", ClientSecret(secret), "ok"},
		{"basic", ClientSecretBasic(secret), "ok"},
		{"raw", ClientSecretBasicRaw(secret), "ok"},
		{"post", ClientSecretPost(secret), "ok"},
		{"assertion", ClientSecretJWT(secret, AssertionOptions{}), "ok"},
		{"short", ClientSecretBasic(secret[1:]), "check client_secret"},
		{"short, automatic", ClientSecret(secret[1:]), "check client_secret"},
		{"short, of assertions", ClientSecretJWT("short", AssertionOptions{}), "check client_secret"},
		{"empty", ClientSecretBasic(""), "check client_secret"},
		{"public", None(), "check client_secret"},
		{"key", PrivateKeyJWT(newKey(t), AssertionOptions{}), "check client_secret"},
		{"own", emptySecret{}, "check client_secret"},
		{"nil", nil, "check client_secret"},
	} {
		key, err := SecretKey(test.auth)
		if got := outcome(err); got != test.want || (key == nil) != (err != nil) {
			t.Errorf("%s: %v and %v, want %s", test.name, key, err, test.want)
		}
		if strings.HasPrefix(test.name, "short") {
			wantText(t, err, "must be as long as the hash")
		}
		if key == nil {
			continue
		}
		_, err = jose.VerifySignature(t.Context(), signed, jose.NewSet(key),
			jose.VerifyOptions{Algorithms: []string{"HS256"}})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// A key of a secret signs and does nothing else.
func TestSecretKeyIsForSignatures(t *testing.T) {
	key, err := SecretKey(ClientSecret(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	if !key.CanSign("HS256") {
		t.Error("does not sign")
	}
	if _, err := jose.Encrypt([]byte("x"), key, jose.EncryptOptions{Algorithm: "A256KW"}); err == nil {
		t.Error("encrypts")
	}
}

func TestSecretKeyErrorShowsNoSecret(t *testing.T) {
	for _, auth := range []ClientAuthentication{ClientSecret(canary),
		ClientSecretJWT(canary, AssertionOptions{}), ClientSecretPost(`{"kty":"` + canary + `"}`)} {
		_, err := SecretKey(auth)
		if err == nil {
			t.Error("accepted")
		}
		mustNotShow(t, auth.Method(), err)
	}
}
