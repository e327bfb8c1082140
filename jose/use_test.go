package jose

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// What use, key_ops and alg leave of a private key: "v" verifies, "s" signs, "e"
// encrypts and "d" decrypts.
func TestUses(t *testing.T) {
	for _, tt := range []struct{ use, ops, alg, want string }{
		{``, ``, ``, "vsed"},
		{`"sig"`, ``, ``, "vs"},
		{`"enc"`, ``, ``, "ed"},
		{``, ``, `"ES256"`, "vs"},
		{``, ``, `"ECDH-ES"`, "ed"},
		{`"sig"`, ``, `"ES256"`, "vs"},
		{`"enc"`, ``, `"ECDH-ES+A128KW"`, "ed"},
		{`"sig"`, ``, `"ECDH-ES"`, ""},
		{`"enc"`, ``, `"ES256"`, ""},
		{`"SIG"`, ``, ``, ""},
		{`"signature"`, ``, ``, ""},
		{`"sig enc"`, ``, ``, ""},
		{``, `["verify"]`, ``, "v"},
		{``, `["sign"]`, ``, "s"},
		{``, `["sign","verify"]`, ``, "vs"},
		{``, `["encrypt"]`, ``, "e"},
		{``, `["decrypt"]`, ``, "d"},
		{``, `["wrapKey"]`, ``, "e"},
		{``, `["unwrapKey"]`, ``, "d"},
		{``, `["deriveKey"]`, ``, "ed"},
		{``, `["deriveBits"]`, ``, "ed"},
		{``, `["verify","decrypt"]`, ``, "vd"},
		{``, `["sign","deriveKey"]`, ``, "sed"},
		{``, `["verify","https://example.com/op"]`, ``, "v"},
		{``, `["https://example.com/op"]`, ``, ""},
		{``, `["Verify"]`, ``, ""},
		{``, `[""]`, ``, ""},
		{``, `[]`, ``, ""},
		{`"sig"`, `["verify"]`, ``, "v"},
		{``, `["sign"]`, `"ES256"`, "s"},
		{``, `["sign"]`, `"ECDH-ES"`, ""},
		{``, `["decrypt"]`, `"ES256"`, ""},
	} {
		name := tt.use + " " + tt.ops + " " + tt.alg
		jwk := edited(t, publishedKey(t, "rfc7515", "A.3"), "use", tt.use, "key_ops", tt.ops,
			"alg", tt.alg)
		k, err := ParsePrivateKey(jwk)
		if tt.want == "" {
			wantCheck(t, name, err, "key")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := uses(k); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
		checkUsed(t, name, k, tt.want)
		raw, err := k.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, name, parsePrivate(t, raw), k)
		checkPublicUses(t, name, publicJWK(t, jwk), tt.want)
	}
}

// uses returns the letters of what k may do with an algorithm that it serves.
func uses(k *Key) string {
	var letters string
	for i, u := range []use{toVerify, toSign, toEncrypt, toDecrypt} {
		isFor := func(algorithm string) bool { return usesFor(algorithm)&u != 0 }
		if k.may(u) && slices.ContainsFunc(k.algorithms, isFor) {
			letters += "vsed"[i : i+1]
		}
	}
	return letters
}

// checkUsed signs, verifies, encrypts and decrypts with a private key on P-256.
func checkUsed(t *testing.T, name string, k *Key, want string) {
	t.Helper()
	all := parsePrivate(t, publishedKey(t, "rfc7515", "A.3"))
	_, err := Sign(nil, k, SignOptions{Algorithm: "ES256"})
	if signs := strings.Contains(want, "s"); signs != (err == nil) {
		t.Errorf("%s: signing: %v", name, err)
	} else if !signs {
		wantCheck(t, name, err, "key")
	}
	if verifies(k, "ES256", mustSign(t, all, "ES256")) != strings.Contains(want, "v") {
		t.Errorf("%s: verifying", name)
	}
	if encrypting := slices.Contains(k.algorithms, "ECDH-ES"); encrypting {
		_, err = Encrypt(nil, k, EncryptOptions{Algorithm: "ECDH-ES"})
		if strings.Contains(want, "e") != (err == nil) {
			t.Errorf("%s: encrypting: %v", name, err)
		}
		text, err := Encrypt([]byte("text"), all, EncryptOptions{Algorithm: "ECDH-ES"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = decryptVector(t, text, k)
		if strings.Contains(want, "d") != (err == nil) {
			t.Errorf("%s: decrypting: %v", name, err)
		}
	}
}

// checkPublicUses does what is left to a public key.
func checkPublicUses(t *testing.T, name string, jwk []byte, want string) {
	t.Helper()
	k, err := ParseKey(jwk)
	if !strings.ContainsAny(want, "ve") {
		wantCheck(t, name+", public", err, "key")
		return
	}
	if err != nil {
		t.Fatalf("%s, public: %v", name, err)
	}
	sig := mustSign(t, parsePrivate(t, publishedKey(t, "rfc7515", "A.3")), "ES256")
	if k.may(toSign|toDecrypt) || verifies(k, "ES256", sig) != strings.Contains(want, "v") {
		t.Errorf("%s, public: may do %b", name, k.uses)
	}
}

// Of a symmetric key each side can be left out.
func TestUsesOfSymmetricKey(t *testing.T) {
	secret := publishedKey(t, "rfc7515", "A.1")
	all := parsePrivate(t, secret)
	for ops, want := range map[string]string{`["verify"]`: "v", `["sign"]`: "s",
		`["verify","sign"]`: "vs", `["decrypt"]`: "d", `["wrapKey"]`: "e"} {
		k := parsePrivate(t, edited(t, secret, "key_ops", ops))
		_, err := Sign(nil, k, SignOptions{Algorithm: "HS256"})
		if strings.Contains(want, "s") != (err == nil) || err != nil && !wantsKey(err) {
			t.Errorf("%s: signing: %v", ops, err)
		}
		if verifies(k, "HS256", mustSign(t, all, "HS256")) != strings.Contains(want, "v") {
			t.Errorf("%s: verifying", ops)
		}
		raw, err := k.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, ops, parsePrivate(t, raw), k)
	}
}

func wantsKey(err error) bool { return errors.Is(err, &CheckError{Check: "key"}) }

func TestKeyOpsRefuses(t *testing.T) {
	for _, ops := range []string{`["verify","verify"]`, `["a","verify","a"]`, `"verify"`, `null`,
		`{}`, `1`, `["verify",1]`, `["verify",null]`, `[["verify"]]`} {
		jwk := edited(t, publishedKey(t, "rfc7515", "A.3"), "key_ops", ops)
		_, err := ParsePrivateKey(jwk)
		wantCheck(t, ops, err, "key_ops")
		_, err = ParseKey(publicJWK(t, jwk))
		wantCheck(t, ops, err, "key_ops")
	}
}

func TestOperations(t *testing.T) {
	for u, want := range map[use]string{
		anyUse: "", forSignatures: "", forEncryption: "", toVerify: "verify", toSign: "sign",
		toEncrypt: "encrypt wrapKey", toDecrypt: "decrypt unwrapKey",
		toVerify | toDecrypt:   "verify decrypt unwrapKey",
		toSign | forEncryption: "sign encrypt decrypt wrapKey unwrapKey deriveKey deriveBits",
	} {
		if got := u.operations(); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%b: got %q", u, got)
		}
	}
}

// RFC 7517, Section 4.3: use and key_ops together must say the same.
func TestUseAndOperations(t *testing.T) {
	for use, list := range map[string][]string{
		`"sig"`: {`["sign","decrypt"]`, `["encrypt"]`, `["verify","deriveKey"]`},
		`"enc"`: {`["verify","deriveBits"]`, `["sign","verify"]`, `["encrypt","sign"]`},
		`"tls"`: {`["verify"]`},
	} {
		for _, ops := range list {
			_, err := ParsePrivateKey(edited(t, publishedKey(t, "rfc7515", "A.3"), "use", use,
				"key_ops", ops))
			wantCheck(t, use+" "+ops, err, "key_ops")
		}
	}
}
