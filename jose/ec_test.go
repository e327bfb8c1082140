package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestECRefuses(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point := func(x, y *big.Int) *ecdsa.PublicKey {
		return &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
	}
	private := ecPrivate(t)
	for _, tt := range []struct {
		name, check string
		key         any
	}{
		{"no key", "key", (*ecdsa.PublicKey)(nil)},
		{"no private key", "key", (*ecdsa.PrivateKey)(nil)},
		{"empty", "crv", &ecdsa.PublicKey{}},
		{"private, empty", "crv", &ecdsa.PrivateKey{}},
		{"device without a key", "crv", publicDevice{(*ecdsa.PublicKey)(nil)}},
		{"P-224", "crv", &p224.PublicKey},
		{"P-224, private", "crv", p224},
		{"parameters in place of a curve", "crv", &ecdsa.PublicKey{
			Curve: elliptic.P256().Params(), X: private.X, Y: private.Y}},
		{"P-256 as P-384", "x and y", &ecdsa.PublicKey{
			Curve: elliptic.P384(), X: private.X, Y: private.Y}},
		{"off its curve", "x and y", point(big.NewInt(1), big.NewInt(1))},
		{"the point at infinity", "x and y", point(new(big.Int), new(big.Int))},
		{"negative", "x and y", point(new(big.Int).Neg(private.X), private.Y)},
		{"too long", "x and y", point(new(big.Int).Lsh(private.X, 8), private.Y)},
	} {
		k, err := NewKey(tt.key, KeyOptions{})
		wantCheck(t, tt.name, err, tt.check)
		if k != nil {
			t.Errorf("%s: got a key", tt.name)
		}
	}
}

// TestParseECRefuses changes members of the key of RFC 7515, Appendix A.3.
func TestParseECRefuses(t *testing.T) {
	private := publishedKey(t, "rfc7515", "A.3")
	public := publicJWK(t, private)
	x := vectorOctets(t, vectorObject(t, public)["x"].(string))
	y := vectorOctets(t, vectorObject(t, public)["y"].(string))
	prime := elliptic.P256().Params().P
	const both = "x and y"
	for _, tt := range []struct {
		name    string
		changes []string
		check   string
	}{
		{"no crv", []string{"crv", ""}, "crv"},
		{"another curve", []string{"crv", `"P-384"`}, both},
		{"another curve", []string{"crv", `"P-521"`}, both},
		{"P-224", []string{"crv", `"P-224"`}, "crv"},
		{"secp256k1", []string{"crv", `"secp256k1"`}, "crv"},
		{"Ed25519", []string{"crv", `"Ed25519"`}, "crv"},
		{"lower case", []string{"crv", `"p-256"`}, "crv"},
		{"crv no string", []string{"crv", `["P-256"]`}, "crv"},
		{"no x", []string{"x", ""}, both},
		{"no y", []string{"y", ""}, both},
		{"x empty", []string{"x", `""`}, both},
		{"x a number", []string{"x", `1`}, both},
		{"x with an end of line", []string{"x", `"` + encode(x) + `\r"`}, both},
		{"x short", []string{"x", quoted(x[1:])}, both},
		{"y short", []string{"y", quoted(y[:31])}, both},
		{"x long", []string{"x", quoted(append([]byte{0}, x...))}, both},
		{"y long", []string{"y", quoted(append([]byte{0}, y...))}, both},
		{"y of 64 bytes", []string{"y", quoted(append(y, x...))}, both},
		{"x and y of one total", []string{"x", quoted(x[:31]),
			"y", quoted(append([]byte{x[31]}, y...))}, both},
		{"exchanged", []string{"x", quoted(y), "y", quoted(x)}, both},
		{"off the curve", []string{"y", quoted(x)}, both},
		{"zero", []string{"x", quoted(make([]byte, 32)), "y", quoted(make([]byte, 32))}, both},
		{"x of the field's size", []string{"x", quoted(prime.Bytes())}, both},
	} {
		for _, text := range [][]byte{public, private} {
			_, err := parseText(string(edited(t, text, tt.changes...)), isSecret(t, text))
			wantCheck(t, tt.name, err, tt.check)
		}
	}
}

// The private number is of the curve's size and belongs to the point, RFC 7518,
// Section 6.2.2.1.
func TestParseECPrivateRefuses(t *testing.T) {
	others := map[string]string{"A.3": "5.5.1", "5.4.1": "5.4.3", "A.4": "3.2"}
	for name, other := range others {
		rfc := map[bool]string{true: "rfc7515", false: "rfc7520"}[name[0] == 'A']
		jwk := publishedKey(t, rfc, name)
		d := vectorOctets(t, vectorObject(t, jwk)["d"].(string))
		order := parsePrivate(t, jwk).material.(ecKey).Params().N
		for what, text := range map[string]string{
			"absent": "", "empty": `""`, "a number": "1", "null": "null",
			"padded": `"` + encode(d) + `="`, "short": quoted(d[1:]), "cut": quoted(d[:len(d)-1]),
			"long": quoted(append([]byte{0}, d...)), "zero": quoted(make([]byte, len(d))),
			"the order": quoted(order.FillBytes(make([]byte, len(d)))),
			"and the order": quoted(new(big.Int).Add(order, new(big.Int).SetBytes(d)).
				FillBytes(make([]byte, len(d)+1))[1:]),
			"of the negated point": quoted(new(big.Int).Sub(order, new(big.Int).SetBytes(d)).
				FillBytes(make([]byte, len(d)))),
			"of another key": `"` + vectorObject(t, publishedKey(t, "rfc7520", other))["d"].(string) +
				`"`,
		} {
			k, err := ParsePrivateKey(edited(t, jwk, "d", text))
			wantCheck(t, name+", d "+what, err, "d")
			if k != nil {
				t.Errorf("%s, d %s: got a key", name, what)
			}
		}
	}
}

// A coordinate and the private number keep their leading zeros.
func TestECMarshalPads(t *testing.T) {
	for at := range 3 {
		private := shortKey(t, at)
		key := newKey(t, private, KeyOptions{})
		raw, err := key.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "short", parsePrivate(t, raw), key)
		if !parsePrivate(t, raw).private().(*ecdsa.PrivateKey).Equal(private) {
			t.Error("read another private key")
		}
		public, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "short", publicHalf(t, parseAny(t, "short", public)), publicHalf(t, key))
	}
}

// shortKey returns a key of which x, y or the private number begins with a zero.
func shortKey(t testing.TB, at int) *ecdsa.PrivateKey {
	t.Helper()
	for i := range int64(5000) {
		d := big.NewInt(i + 1)
		if at < 2 {
			d.SetBit(d, 255, 1)
		}
		key := scalarKey(t, elliptic.P256(), d)
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if at == 2 || point[1+32*at] == 0 {
			return key
		}
	}
	t.Fatal("found none")
	return nil
}

func scalarKey(t testing.TB, c elliptic.Curve, d *big.Int) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(c, d.FillBytes(make([]byte, (c.Params().BitSize+7)/8)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sideBySide returns the signature whose numbers are r and s.
func sideBySide(size int, r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
}

// ecKeys returns the private keys of the three curves by their algorithm.
func ecKeys(t testing.TB) map[string]*ecdsa.PrivateKey {
	t.Helper()
	keys := testKeys(t)
	list := make(map[string]*ecdsa.PrivateKey)
	for _, c := range namedCurves {
		list[c.signature] = keys[c.name].private().(*ecdsa.PrivateKey)
	}
	return list
}

func TestECSignatures(t *testing.T) {
	for name, private := range ecKeys(t) {
		key := newKey(t, &private.PublicKey, KeyOptions{})
		size := key.material.(ecKey).size()
		sig := mustSign(t, newKey(t, private, KeyOptions{}), name)
		r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil || len(sig) != map[string]int{"ES256": 64, "ES384": 96, "ES512": 132}[name] {
			t.Fatalf("%s: %d bytes, %v", name, len(sig), err)
		}
		n, zero, one := private.Params().N, new(big.Int), big.NewInt(1)
		max := new(big.Int).SetBytes(slices.Repeat([]byte{0xff}, size))
		for _, tt := range []altered{
			{"as signed", sig, true},
			{"empty", nil, false},
			{"a byte short", sig[:2*size-1], false},
			{"two bytes short, one of each", slices.Concat(sig[:size-1], sig[size:2*size-1]), false},
			{"the first byte dropped", sig[1:], false},
			{"a zero behind", append(slices.Clone(sig), 0), false},
			{"a zero before", append([]byte{0}, sig...), false},
			{"each number padded", slices.Concat([]byte{0}, sig[:size], []byte{0}, sig[size:]),
				false},
			{"twice", slices.Concat(sig, sig), false},
			{"half", sig[:size], false},
			{"DER", der, false},
			{"swapped", sideBySide(size, s, r), false},
			{"both zero", make([]byte, 2*size), false},
			{"r zero", sideBySide(size, zero, s), false},
			{"s zero", sideBySide(size, r, zero), false},
			{"r and s of the group's order", sideBySide(size, n, n), false},
			{"r of the group's order", sideBySide(size, n, s), false},
			{"s of the group's order", sideBySide(size, r, n), false},
			{"r and s one", sideBySide(size, one, one), false},
			{"all bits", sideBySide(size, max, max), false},
			{"s negated", sideBySide(size, r, new(big.Int).Sub(n, s)), true}, // ECDSA has both
		} {
			if got := verifies(key, name, tt.sig); got != tt.want {
				t.Errorf("%s, %s: got %v", name, tt.name, got)
			}
		}
	}
}

// With s of any length, for r with and without leading zeros, the ASN.1 that is
// made of a signature is that which crypto/ecdsa understands.
func TestECSignatureLengths(t *testing.T) {
	for _, c := range namedCurves {
		n := c.curve.Params().N
		numbers := []*big.Int{big.NewInt(1), new(big.Int).Sub(n, big.NewInt(1))}
		for _, bits := range []int{7, 8, 128, 8*c.size - 9, 8*c.size - 10, 8*c.size - 17} {
			numbers = append(numbers, new(big.Int).SetBit(new(big.Int), bits, 1))
		}
		for _, nonce := range nonces(t, c) {
			for _, s := range numbers {
				checkLengths(t, c, nonce, s)
			}
		}
	}
}

// nonces returns numbers whose points have an x with a high bit, and with one or,
// for P-521, two leading zero bytes.
func nonces(t testing.TB, c namedCurve) []*big.Int {
	t.Helper()
	var high, short *big.Int
	for i := int64(1); high == nil || short == nil; i++ {
		k := big.NewInt(i)
		x := pointX(t, c, k)
		at := map[bool]int{true: 1}[c.size == 66] // of P-521 the first byte is 0 or 1
		if x[0] == 0 && x[at] == 0 {
			short = k
		}
		if x[at] >= 0x80 {
			high = k
		}
	}
	return []*big.Int{high, short}
}

func pointX(t testing.TB, c namedCurve, k *big.Int) []byte {
	t.Helper()
	point, err := scalarKey(t, c.curve, k).PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return point[1 : 1+c.size]
}

// checkLengths makes the key by which signedText, signed with nonce, has s.
func checkLengths(t *testing.T, c namedCurve, nonce, s *big.Int) {
	t.Helper()
	n := c.curve.Params().N
	a, _ := findSignatureAlgorithm(c.signature)
	digest := a.digest(nil, []byte(signedText))
	r := new(big.Int).SetBytes(pointX(t, c, nonce))
	d := new(big.Int).Mul(s, nonce)
	d.Sub(d, new(big.Int).SetBytes(digest)).Mul(d, new(big.Int).ModInverse(r, n)).Mod(d, n)
	private := scalarKey(t, c.curve, d)
	key := newKey(t, &private.PublicKey, KeyOptions{})
	if !verifies(key, c.signature, sideBySide(c.size, r, s)) {
		t.Errorf("%s: r of %d and s of %d bits do not verify", c.name, r.BitLen(), s.BitLen())
	}
}

// Over random signatures, whole and with a byte changed, crypto/ecdsa is of the same
// opinion.
func TestECSignaturesAtRandom(t *testing.T) {
	for name, private := range ecKeys(t) {
		key := newKey(t, private, KeyOptions{})
		a, _ := findSignatureAlgorithm(name)
		size := key.material.(ecKey).size()
		for i := range map[string]int{"ES256": 300, "ES384": 20, "ES512": 8}[name] {
			sig := mustSign(t, key, name)
			if i%4 == 3 {
				sig[i%len(sig)]++
			}
			want := ecdsa.Verify(&private.PublicKey, a.digest(nil, []byte(signedText)),
				new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:]))
			if got := verifies(key, name, sig); got != want || want != (i%4 != 3) {
				t.Fatalf("%s: got %v, want %v: %x", name, got, want, sig)
			}
		}
	}
}

func TestSignByDeviceWithoutECDSA(t *testing.T) {
	der := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, long := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 256)
	for _, tt := range []struct {
		name string
		sig  []byte
	}{
		{"empty", []byte{}},
		{"the numbers as they are", make([]byte, 64)},
		{"bytes behind", append(der(one, one), 0)},
		{"a number missing", []byte{0x30, 3, 2, 1, 5}},
		{"r too long", der(long, one)},
		{"s too long", der(one, long)},
		{"r negative", der(big.NewInt(-1), one)},
		{"s negative", der(one, big.NewInt(-1))},
		{"r zero", der(new(big.Int), one)},
		{"s zero", der(one, new(big.Int))},
	} {
		key := newKey(t, device{Signer: ecPrivate(t), sig: tt.sig}, KeyOptions{})
		compact, err := Sign(nil, key, SignOptions{})
		if wantCheck(t, tt.name, err, "key"); compact != "" {
			t.Errorf("%s: got %q", tt.name, compact)
		}
	}
}

// Numbers that are short are padded to the curve's size.
func TestSignECPads(t *testing.T) {
	for _, private := range ecKeys(t) {
		key := newKey(t, device{Signer: private, sig: []byte{0x30, 6, 2, 1, 5, 2, 1, 9}},
			KeyOptions{})
		compact, err := Sign(nil, key, SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sig, _ := decode(compact[strings.LastIndexByte(compact, '.')+1:])
		want := sideBySide(key.material.(ecKey).size(), big.NewInt(5), big.NewInt(9))
		if !bytes.Equal(sig, want) {
			t.Errorf("got %x", sig)
		}
	}
}
