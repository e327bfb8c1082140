package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
)

// RFC 7518, Section 3.2 has the least length for HMAC; for AES it is the cipher's.
func TestOctAlgorithms(t *testing.T) {
	const hmac = "HS256 HS384 HS512"
	for size, want := range map[int]string{
		1: "", 15: "", 17: "", 23: "", 25: "", 31: "",
		16:   "A128KW A128GCMKW A128GCM dir",
		24:   "A192KW A192GCMKW A192GCM dir",
		32:   "HS256 A256KW A256GCMKW A128CBC-HS256 A256GCM dir",
		33:   "HS256",
		47:   "HS256",
		48:   "HS256 HS384 A192CBC-HS384 dir",
		63:   "HS256 HS384",
		64:   hmac + " A256CBC-HS512 dir",
		65:   hmac,
		1000: hmac,
	} {
		secret := slices.Repeat([]byte{0xa5}, size)
		key, err := NewKey(secret, KeyOptions{})
		if want == "" {
			wantCheck(t, "short", err, "key")
			_, err = ParsePrivateKey([]byte(`{"kty":"oct","k":` + quoted(secret) + `}`))
			wantCheck(t, "short", err, "key")
			continue
		}
		if err != nil || !slices.Equal(key.Algorithms(), strings.Fields(want)) {
			t.Errorf("%d bytes: got %q, %v", size, key.Algorithms(), err)
		}
		for _, alg := range append(SignatureAlgorithms(), KeyManagementAlgorithms()...) {
			_, err := NewKey(secret, KeyOptions{Algorithm: alg})
			if !slices.Contains(strings.Fields(want), alg) {
				wantCheck(t, alg, err, "key")
			} else if err != nil {
				t.Errorf("%d bytes for %s: %v", size, alg, err)
			}
		}
	}
	_, err := NewKey([]byte{}, KeyOptions{})
	wantCheck(t, "empty", err, "key")
	_, err = NewKey([]byte(nil), KeyOptions{})
	wantCheck(t, "nil", err, "key")
}

func TestParseOctRefuses(t *testing.T) {
	jwk := publishedKey(t, "rfc7515", "A.1")
	for what, text := range map[string]string{"absent": "", "empty": `""`, "a number": "1",
		"null": "null", "an array": `["AQAB"]`, "padded": `"AQAB="`, "not base64url": `"A+A/"`} {
		_, err := ParsePrivateKey(edited(t, jwk, "k", text))
		wantCheck(t, "k "+what, err, "k")
	}
	_, err := ParseKey(jwk)
	wantCheck(t, "given as public", err, "key")
	_, err = ParseKey(edited(t, jwk, "k", ""))
	wantCheck(t, "public, without k", err, "k")
}

func TestHMAC(t *testing.T) {
	for _, alg := range []string{"HS256", "HS384", "HS512"} {
		key := parsePrivate(t, publishedKey(t, "rfc7515", "A.1"))
		mac := mustSign(t, key, alg)
		hash, _ := SignatureHash(alg)
		want := hmac.New(hash.New, key.material.(octKey).octets())
		want.Write([]byte(signedText))
		if !bytes.Equal(mac, want.Sum(nil)) {
			t.Errorf("%s: got %x", alg, mac)
		}
		for _, tt := range []altered{
			{"as made", mac, true},
			{"empty", nil, false},
			{"a byte short", mac[:len(mac)-1], false},
			{"half", mac[:len(mac)/2], false},
			{"one byte", mac[:1], false},
			{"the first byte dropped", mac[1:], false},
			{"a zero before", append([]byte{0}, mac...), false},
			{"a zero behind", append(slices.Clone(mac), 0), false},
			{"twice", slices.Concat(mac, mac), false},
			{"zero", make([]byte, len(mac)), false},
			{"the key", key.material.(octKey).octets(), false},
			{"of another key", mustSign(t, newKey(t, make([]byte, 64), KeyOptions{}), alg), false},
		} {
			if got := verifies(key, alg, tt.sig); got != tt.want {
				t.Errorf("%s, %s: got %v", alg, tt.name, got)
			}
		}
	}
}

// The hashes that a key keeps are used by one at a time.
func TestHMACConcurrently(t *testing.T) {
	key := newKey(t, slices.Repeat([]byte{1}, 64), KeyOptions{})
	want := mustSign(t, key, "HS256")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				if !verifies(key, "HS256", want) || !bytes.Equal(mustSign(t, key, "HS256"), want) {
					t.Error("got another one")
				}
			}
		})
	}
	wait.Wait()
}

func TestOctIsCopied(t *testing.T) {
	secret := slices.Repeat([]byte{1}, 32)
	key := newKey(t, secret, KeyOptions{})
	want := mustSign(t, key, "HS256")
	clear(secret)
	if key.material.(octKey).octets()[0] != 1 || !verifies(key, "HS256", want) {
		t.Error("the secret can be changed")
	}
	want[0] ^= 1
	if again := mustSign(t, key, "HS256"); again[0] == want[0] {
		t.Error("a signature is changed by the next one")
	}
}

// keyTexts are the texts of keys that someone may take for a secret.
func keyTexts(t testing.TB) map[string][]byte {
	t.Helper()
	public := publicJWK(t, publishedKey(t, "rfc7515", "A.2"))
	texts := map[string][]byte{
		"JWK":              public,
		"JWK, symmetric":   publishedKey(t, "rfc7515", "A.1"),
		"JWK, spaced":      []byte("{ \"use\" : \"sig\",\n\t\"kty\" : \"OKP\"}"),
		"JWK, NUL behind":  append(public, 0),
		"JWK in an array":  []byte(`[{"kty":"RSA","n":"AQAB","e":"AQAB","use":"sig"}]`),
		"JWK Set":          readVectors(t, "rfc7517").Sets["A.1"],
		"empty JWK Set":    []byte(`{"keys":[],"comment":"some more text to be long"}`),
		"SSH":              []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsa"),
		"SSH, RSA":         []byte("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC0"),
		"SSH, EC":          []byte("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdH"),
		"SSH2":             []byte("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5AAAAIOMq"),
		"PEM after a line": []byte("subject=issuer.example\n-----BEGIN PUBLIC KEY-----\nMFkw"),
	}
	for name, der := range keyDER(t) {
		texts[name+" in PEM"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	return texts
}

// keyDER are the keys in ASN.1.
func keyDER(t testing.TB) map[string][]byte {
	t.Helper()
	r, e, ed := rsaPrivate(t), ecPrivate(t), otherEd25519(t)
	texts := map[string][]byte{
		"PKCS#1":          x509.MarshalPKCS1PublicKey(&r.PublicKey),
		"PKCS#1, private": x509.MarshalPKCS1PrivateKey(r),
		"certificate":     certificate(t, &e.PublicKey, e),
	}
	spaces, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(bytes.Repeat([]byte{' '}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	texts["that ends as white space"] = spaces
	for name, key := range map[string]crypto.Signer{"RSA": r, "EC": e, "Ed25519": ed} {
		public, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		texts["PKIX "+name], texts["PKCS#8 "+name] = public, private
	}
	return texts
}

func wantNoSecret(t *testing.T, name string, text []byte) {
	t.Helper()
	_, err := NewKey(text, KeyOptions{})
	wantCheck(t, name, err, "k")
	_, err = ParsePrivateKey([]byte(`{"kty":"oct","k":` + quoted(text) + `}`))
	wantCheck(t, name, err, "k")
}

// Whoever takes the text of a public key for a secret has no secret.
func TestOctGuard(t *testing.T) {
	for name, text := range keyTexts(t) {
		wantNoSecret(t, name, text)
		for _, before := range []string{" ", "\n", "\r\n\t", "\ufeff", "\x00", "\ufeff \x00\n"} {
			wantNoSecret(t, name+" behind white space", append([]byte(before), text...))
			wantNoSecret(t, name+" before a line feed", append(slices.Clone(text), "\r\n"...))
		}
	}
	for name, der := range keyDER(t) {
		wantNoSecret(t, name, der)
		if len(bytes.TrimSpace(der)) == len(der) { // one that ends as white space is ambiguous
			wantNoSecret(t, name+" before a line feed", append(slices.Clone(der), '\n'))
		}
		text := base64.StdEncoding.EncodeToString(der)
		wantNoSecret(t, name+" in base64", []byte(text))
		wantNoSecret(t, name+" in base64, spaced", []byte(" "+text+"\n"))
	}
}

// What only looks like one of them is a secret like any other.
func TestOctGuardLetsPass(t *testing.T) {
	filler := strings.Repeat("0123456789", 4)
	for _, text := range []string{filler, `{"kt":"` + filler + `"}`, `{` + filler,
		"ssh_" + filler, "0" + filler, "-----" + filler,
		"\x30\x82" + filler, "\x04\x28" + filler, "\x31\x28" + filler, "\x10\x28" + filler} {
		if _, err := NewKey([]byte(text), KeyOptions{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for range 200 {
		for _, size := range []int{32, 48, 64} {
			secret := make([]byte, size)
			rand.Read(secret)
			if secret[0]&0x3f == 0x30 {
				continue
			}
			newKey(t, secret, KeyOptions{})
		}
	}
}

// The keys of the kind that a public key's text would be verify nothing: what is
// signed with that text is of no use.
func TestOctGuardAgainstConfusion(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, public := range []crypto.PublicKey{&private.PublicKey, &rsaPrivate(t).PublicKey} {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, der)
		mac.Write([]byte(signedText))
		if verifies(newKey(t, public, KeyOptions{}), "HS256", mac.Sum(nil)) {
			t.Error("a public key was taken for a secret")
		}
	}
}

// Nor the base64 of such a text, nor one with something behind it.
func TestOctGuardDisguised(t *testing.T) {
	spki, err := x509.MarshalPKIXPublicKey(&ecPrivate(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := testEC(t).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	padded := base64.StdEncoding.EncodeToString(spki)
	blob := "\x00\x00\x00\x07ssh-rsa\x00\x00\x00\x03\x01\x00\x01"
	for name, secret := range map[string][]byte{
		"DER and a NUL":            append(slices.Clone(spki), 0),
		"DER twice":                slices.Concat(spki, spki),
		"DER behind a BOM":         append([]byte("\ufeff"), spki...),
		"DER behind a NUL":         append([]byte{0}, spki...),
		"DER, base64":              []byte(padded),
		"DER, base64 in lines":     []byte(padded[:64] + "\r\n" + padded[64:] + "\n"),
		"DER, base64 unpadded":     []byte(base64.RawStdEncoding.EncodeToString(spki)),
		"DER, base64url":           []byte(base64.RawURLEncoding.EncodeToString(spki)),
		"JWK, base64url":           []byte(encode(jwk)),
		"JWK with an escaped name": []byte(`{"\u006bty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}`),
		"ssh-dss":                  []byte("ssh-dss AAAAB3NzaC1kc3MAAACBAP0123456789"),
		"SSH blob":                 []byte(base64.StdEncoding.EncodeToString([]byte(blob + blob))),
	} {
		_, err := NewKey(secret, KeyOptions{})
		wantCheck(t, name, err, "k")
	}
	_, err = NewKey([]byte(`{"\u006beys":[],"a":"0123456789012345"}`), KeyOptions{})
	wantCheck(t, "JWK Set with an escaped name", err, "k")
}

// Secrets of random octets, digits and letters pass, though some begin as DER does.
func TestOctGuardLetsRandomPass(t *testing.T) {
	secrets := [][]byte{
		[]byte("0301e12e94aa1b02a20cdb034ba106711d01facfaebd47d561b6f3c5e4931b9c"),
		[]byte("0331721421238024169347732463957173241513345878536258036908297692"),
	}
	for range 5000 {
		octets := make([]byte, 64)
		rand.Read(octets)
		secrets = append(secrets, octets, octets[:32], fmt.Appendf(nil, "%x", octets),
			fmt.Appendf(nil, "%064d", new(big.Int).SetBytes(octets[:20])),
			fmt.Appendf(nil, "0%x", octets), []byte(base64.StdEncoding.EncodeToString(octets)),
			[]byte(encode(octets)))
	}
	for _, secret := range secrets {
		if _, err := NewKey(secret, KeyOptions{}); err != nil {
			t.Errorf("%q: %v", secret, err)
		}
	}
}
