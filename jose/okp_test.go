package jose

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/fips140"
	"crypto/rand"
	"slices"
	"testing"
)

// x25519Key returns a new private key on X25519.
func x25519Key(t testing.TB) *Key {
	t.Helper()
	if fips140.Enforced() {
		t.Skip("FIPS 140-only mode has no X25519: run it without GODEBUG=fips140=only")
	}
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newKey(t, private, KeyOptions{})
}

func TestOKPRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, check string
		key         any
	}{
		{"Ed25519, no key", "x", ed25519.PublicKey(nil)},
		{"Ed25519, short", "x", ed25519.PublicKey(make([]byte, 31))},
		{"Ed25519, long", "x", ed25519.PublicKey(make([]byte, 33))},
		{"Ed25519, no private key", "key", ed25519.PrivateKey(nil)},
		{"Ed25519, private, short", "key", ed25519.PrivateKey(make([]byte, 63))},
		{"Ed25519, private, a seed", "key", ed25519.PrivateKey(make([]byte, 32))},
		{"Ed25519, private, long", "key", ed25519.PrivateKey(make([]byte, 65))},
		{"device without a key", "x", publicDevice{ed25519.PublicKey(nil)}},
		{"device without an X25519 key", "key", publicDevice{(*ecdh.PublicKey)(nil)}},
		{"ecdh, no key", "key", (*ecdh.PublicKey)(nil)},
		{"ecdh, no private key", "key", (*ecdh.PrivateKey)(nil)},
		{"ecdh, empty", "crv", &ecdh.PublicKey{}},
		{"ecdh, private, empty", "key", &ecdh.PrivateKey{}},
	} {
		k, err := NewKey(tt.key, KeyOptions{})
		wantCheck(t, tt.name, err, tt.check)
		if k != nil {
			t.Errorf("%s: got a key", tt.name)
		}
	}
}

// An exchangingDevice is an ecdh.KeyExchanger of another type than ecdh.PrivateKey.
type exchangingDevice struct{ key *ecdh.PrivateKey }

func (d exchangingDevice) PublicKey() *ecdh.PublicKey { return d.key.PublicKey() }

func (d exchangingDevice) Curve() ecdh.Curve { return d.key.Curve() }

func (d exchangingDevice) ECDH(public *ecdh.PublicKey) ([]byte, error) { return d.key.ECDH(public) }

func TestX25519InDevice(t *testing.T) {
	key := x25519Key(t)
	checkExchange(t, key, exchangingDevice{key.private().(*ecdh.PrivateKey)})
}

// A key of crypto/ecdh on a curve of kty EC is the same as one of crypto/ecdsa, but
// that it does not sign.
func TestECDHOnOtherCurves(t *testing.T) {
	for _, private := range ecKeys(t) {
		exchanging, err := private.ECDH()
		if err != nil {
			t.Fatal(err)
		}
		key := newKey(t, private, KeyOptions{})
		checkExchange(t, key, exchanging)
		checkExchange(t, key, exchangingDevice{exchanging})
		public := newKey(t, exchanging.PublicKey(), KeyOptions{})
		if public.Thumbprint() != key.Thumbprint() || public.may(toSign|toDecrypt) {
			t.Error("the public key is another one")
		}
	}
}

// checkExchange has private decrypt what is encrypted for key, and not sign.
func checkExchange(t *testing.T, key *Key, private any) {
	t.Helper()
	held := newKey(t, private, KeyOptions{Use: "enc"})
	if held.Thumbprint() != key.Thumbprint() || !held.serves("ECDH-ES") {
		t.Errorf("%T: is another key", private)
	}
	if _, isDevice := private.(exchangingDevice); isDevice {
		if raw, err := held.MarshalPrivate(); raw != nil || err == nil {
			t.Error("the key of a device was written")
		}
	}
	text, err := Encrypt([]byte("text"), publicHalf(t, key), EncryptOptions{Algorithm: "ECDH-ES"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decryptVector(t, text, held)
	if err != nil || string(got.Plaintext()) != "text" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, alg := range SignatureAlgorithms() {
		_, err = Sign(nil, held, SignOptions{Algorithm: alg})
		wantCheck(t, "signing by "+alg, err, "key")
	}
}

func TestParseOKPRefuses(t *testing.T) {
	private := publishedKey(t, "rfc8037", "A.1")
	x := vectorOctets(t, vectorObject(t, private)["x"].(string))
	for _, tt := range []struct {
		name    string
		changes []string
		check   string
	}{
		{"no crv", []string{"crv", ""}, "crv"},
		{"Ed448", []string{"crv", `"Ed448"`}, "crv"},
		{"X448", []string{"crv", `"X448"`}, "crv"},
		{"P-256", []string{"crv", `"P-256"`}, "crv"},
		{"lower case", []string{"crv", `"ed25519"`}, "crv"},
		{"crv no string", []string{"crv", `["Ed25519"]`}, "crv"},
		{"no x", []string{"x", ""}, "x"},
		{"x empty", []string{"x", `""`}, "x"},
		{"x a number", []string{"x", "1"}, "x"},
		{"x padded", []string{"x", `"` + encode(x) + `="`}, "x"},
		{"x short", []string{"x", quoted(x[1:])}, "x"},
		{"x long", []string{"x", quoted(append([]byte{0}, x...))}, "x"},
		{"X25519 short", []string{"crv", `"X25519"`, "x", quoted(x[1:])}, "x"},
		{"X25519 long", []string{"crv", `"X25519"`, "x", quoted(append(x, 0))}, "x"},
	} {
		for _, text := range [][]byte{publicJWK(t, private), private} {
			_, err := parseText(string(edited(t, text, tt.changes...)), isSecret(t, text))
			wantCheck(t, tt.name, err, tt.check)
		}
	}
}

func TestParseOKPPrivateRefuses(t *testing.T) {
	texts := map[string][]byte{"Ed25519": publishedKey(t, "rfc8037", "A.1")}
	if !fips140.Enforced() {
		raw, err := x25519Key(t).MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		texts["X25519"] = raw
	}
	for crv, jwk := range texts {
		m := vectorObject(t, jwk)
		d := vectorOctets(t, m["d"].(string))
		other := slices.Clone(d)
		other[7] ^= 1
		for what, text := range map[string]string{"absent": "", "empty": `""`, "a number": "1",
			"null": "null", "padded": `"` + encode(d) + `="`, "short": quoted(d[1:]),
			"long": quoted(append(slices.Clone(d), 0)), "of another key": quoted(other),
			"the public one": `"` + m["x"].(string) + `"`,
			"and the public": quoted(append(slices.Clone(d), vectorOctets(t, m["x"].(string))...)),
		} {
			k, err := ParsePrivateKey(edited(t, jwk, "d", text))
			wantCheck(t, crv+", d "+what, err, "d")
			if k != nil {
				t.Errorf("%s, d %s: got a key", crv, what)
			}
		}
		back := parsePrivate(t, jwk)
		if got := back.material.algorithms(); (got[0] == "EdDSA") != (crv == "Ed25519") {
			t.Errorf("%s serves %q", crv, got)
		}
	}
	if texts["X25519"] != nil {
		_, err := ParsePrivateKey(edited(t, texts["X25519"], "crv", `"Ed25519"`))
		wantCheck(t, "X25519 as Ed25519", err, "d")
	}
}

func TestEd25519Signatures(t *testing.T) {
	key := parsePrivate(t, publishedKey(t, "rfc8037", "A.1"))
	sig := mustSign(t, key, "EdDSA")
	if !slices.Equal(sig, mustSign(t, key, "Ed25519")) {
		t.Error("EdDSA and Ed25519 are not the same")
	}
	other, err := Sign(nil, newKey(t, otherEd25519(t), KeyOptions{}), SignOptions{})
	if err != nil || other == "" {
		t.Fatal(err)
	}
	for _, tt := range []altered{
		{"as signed", sig, true},
		{"empty", nil, false},
		{"a byte short", sig[:63], false},
		{"the first byte dropped", sig[1:], false},
		{"a zero before", append([]byte{0}, sig...), false},
		{"a zero behind", append(slices.Clone(sig), 0), false},
		{"half", sig[:32], false},
		{"swapped", slices.Concat(sig[32:], sig[:32]), false},
		{"twice", slices.Concat(sig, sig), false},
		{"zero", make([]byte, 64), false},
		{"all bits", slices.Repeat([]byte{0xff}, 64), false},
		{"of another key", mustSign(t, newKey(t, otherEd25519(t), KeyOptions{}), "EdDSA"), false},
		{"with the order added to s", addOrder(sig), false},
	} {
		for _, alg := range []string{"EdDSA", "Ed25519"} {
			if got := verifies(publicHalf(t, key), alg, tt.sig); got != tt.want {
				t.Errorf("%s, %s: got %v", alg, tt.name, got)
			}
		}
	}
}

// addOrder returns a signature that would be the same if s were not bounded, RFC
// 8032, Section 5.1.7.
func addOrder(sig []byte) []byte {
	order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde,
		0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10}
	sum := slices.Clone(sig)
	carry := 0
	for i, b := range order {
		carry += int(sum[32+i]) + int(b)
		sum[32+i], carry = byte(carry), carry>>8
	}
	return sum
}

// FIPS 140-only mode has no X25519: it is refused by a check, and no panic.
func TestX25519InFIPS(t *testing.T) {
	jwk := publishedKey(t, "rfc8037", "A.6")
	if !fips140.Enforced() {
		if _, err := ParseKey(jwk); err != nil {
			t.Error(err)
		}
		t.Skip("run it with GODEBUG=fips140=only go test ./jose")
	}
	_, err := ParseKey(jwk)
	wantCheck(t, "ParseKey", err, "x")
	_, err = ParsePrivateKey(edited(t, jwk, "d", quoted(make([]byte, 32))))
	wantCheck(t, "ParsePrivateKey", err, "x")
	set, err := ParseSet(setOf(string(jwk)))
	if err != nil || len(set.All()) != 0 || len(set.Skipped()) != 1 {
		t.Errorf("ParseSet: got %v, %v", set, err)
	}
	var private *ecdh.PrivateKey
	fips140.WithoutEnforcement(func() { private, err = ecdh.X25519().GenerateKey(rand.Reader) })
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewKey(private, KeyOptions{})
	wantCheck(t, "NewKey", err, "crv")
}
