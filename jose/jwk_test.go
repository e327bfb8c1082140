package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// rsaPublic returns a key with a modulus of so many bits, odd.
func rsaPublic(bits uint, e int64) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: int(e)}
}

func TestNewKeyRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	even := rsaPublic(2048, 65537)
	even.N.SetBit(even.N, 0, 0)
	ec, private := &ecPrivate(t).PublicKey, rsaPrivate(t)
	const (
		bits   = "jose: RSA modulus must have 2048 to 8192 bits"
		odd    = "jose: RSA modulus and exponent must be odd, the exponent from 3 to 2^31-1"
		serves = "jose: key serves no algorithm of this package"
		point  = "jose: elliptic curve key must be a point on its curve"
	)
	for _, tt := range []struct {
		name string
		key  any
		o    KeyOptions
		want string
	}{
		{"nil", nil, KeyOptions{}, serves},
		{"bytes", []byte("secret"), KeyOptions{}, serves},
		{"string", "-----BEGIN PUBLIC KEY-----", KeyOptions{}, serves},
		{"Ed25519", ed, KeyOptions{}, serves},
		{"Ed25519 public", ed.Public(), KeyOptions{}, serves},
		{"RSA by value", *rsaPublic(2048, 3), KeyOptions{}, serves},
		{"another's algorithm", ec, KeyOptions{Algorithm: "RS256"}, serves},
		{"another's algorithm, private", private, KeyOptions{Algorithm: "ES256"}, serves},
		{"algorithm none", private, KeyOptions{Algorithm: "none"}, serves},
		{"algorithm HS256", private, KeyOptions{Algorithm: "HS256"}, serves},
		{"algorithm RS512", private, KeyOptions{Algorithm: "RS512"}, serves},
		{"P-384", &p384.PublicKey, KeyOptions{}, serves},
		{"P-384 private", p384, KeyOptions{}, serves},
		{"P-384 as ES256", p384, KeyOptions{Algorithm: "ES256"}, serves},

		{"RSA, no key", (*rsa.PublicKey)(nil), KeyOptions{}, "jose: RSA key is empty"},
		{"RSA, empty", &rsa.PublicKey{}, KeyOptions{}, "jose: RSA key is empty"},
		{"RSA of no modulus", &rsa.PublicKey{N: new(big.Int), E: 3}, KeyOptions{}, bits},
		{"RSA of 1024 bits", rsaPublic(1024, 65537), KeyOptions{}, bits},
		{"RSA of 2047 bits", rsaPublic(2047, 65537), KeyOptions{}, bits},
		{"RSA of 8193 bits", rsaPublic(8193, 65537), KeyOptions{}, bits},
		{"RSA of 16384 bits", rsaPublic(16384, 65537), KeyOptions{}, bits},
		{"even modulus", even, KeyOptions{}, odd},
		{"exponent 0", rsaPublic(2048, 0), KeyOptions{}, odd},
		{"exponent 1", rsaPublic(2048, 1), KeyOptions{}, odd},
		{"exponent 2", rsaPublic(2048, 2), KeyOptions{}, odd},
		{"exponent even", rsaPublic(2048, 65536), KeyOptions{}, odd},
		{"exponent negative", rsaPublic(2048, -3), KeyOptions{}, odd},
		{"exponent 2^31+1", rsaPublic(2048, 1<<31+1), KeyOptions{}, odd},

		{"elliptic curve, no key", (*ecdsa.PublicKey)(nil), KeyOptions{},
			"jose: elliptic curve key is empty"},
		{"elliptic curve, empty", &ecdsa.PublicKey{}, KeyOptions{}, point},
		{"off its curve",
			&ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)},
			KeyOptions{}, point},
		{"the point at infinity",
			&ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int), Y: new(big.Int)},
			KeyOptions{}, point},
		{"key ID of 257 bytes", ec, KeyOptions{ID: strings.Repeat("a", 257)},
			"jose: key ID must have at most 256 bytes"},
	} {
		k, err := NewKey(tt.key, tt.o)
		if k != nil || err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, %v", tt.name, k, err)
		}
	}
}

func TestNewKey(t *testing.T) {
	ec, private := ecPrivate(t), rsaPrivate(t)
	for _, tt := range []struct {
		name       string
		key        any
		o          KeyOptions
		algorithms []string
		signs      bool
	}{
		{"RSA", &private.PublicKey, KeyOptions{}, []string{"RS256"}, false},
		{"RSA private", private, KeyOptions{ID: "a"}, []string{"RS256"}, true},
		{"RSA for RS256", &private.PublicKey, KeyOptions{Algorithm: "RS256"}, []string{"RS256"},
			false},
		{"RSA in a device", device{Signer: private}, KeyOptions{}, []string{"RS256"}, true},
		{"RSA of 2048 bits", rsaPublic(2048, 65537), KeyOptions{}, []string{"RS256"}, false},
		{"RSA of 8192 bits", rsaPublic(8192, 65537), KeyOptions{}, []string{"RS256"}, false},
		{"exponent 3", rsaPublic(2048, 3), KeyOptions{}, []string{"RS256"}, false},
		{"exponent 2^31-1", rsaPublic(2048, 1<<31-1), KeyOptions{}, []string{"RS256"}, false},
		{"P-256", &ec.PublicKey, KeyOptions{ID: "b", Algorithm: "ES256"}, []string{"ES256"}, false},
		{"P-256 private", ec, KeyOptions{}, []string{"ES256"}, true},
		{"P-256 in a device", device{Signer: ec}, KeyOptions{}, []string{"ES256"}, true},
		{"key ID of 256 bytes", ec, KeyOptions{ID: strings.Repeat("a", 256)}, []string{"ES256"},
			true},
	} {
		k, err := NewKey(tt.key, tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if !slices.Equal(k.Algorithms(), tt.algorithms) || k.ID() != tt.o.ID ||
			(k.signer != nil) != tt.signs {
			t.Errorf("%s: got %q, ID %q, signs %v", tt.name, k.Algorithms(), k.ID(),
				k.signer != nil)
		}
		k.Algorithms()[0] = "none"
		if !slices.Equal(k.Algorithms(), tt.algorithms) {
			t.Errorf("%s: its algorithms can be changed", tt.name)
		}
	}
}

func TestGenerateKey(t *testing.T) {
	ids := map[string]bool{}
	for _, name := range []string{"RS256", "ES256", "ES256"} {
		k, err := GenerateKey(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(k.Algorithms(), []string{name}) || len(k.ID()) < 26 || ids[k.ID()] {
			t.Errorf("%s: got %q, ID %q", name, k.Algorithms(), k.ID())
		}
		ids[k.ID()] = true
		if pub, ok := k.public.(*rsa.PublicKey); ok && pub.N.BitLen() != 2048 {
			t.Errorf("%s: %d bits", name, pub.N.BitLen())
		}
		compact, err := Sign([]byte("payload"), k, SignOptions{})
		j, _ := parseCompact(compact)
		if err != nil || j.header.KeyID != k.ID() || !j.verify([]*Key{k}) {
			t.Errorf("%s: does not sign: %v", name, err)
		}
	}
	for _, name := range []string{"", "none", "HS256", "ES384", "es256"} {
		k, err := GenerateKey(name)
		if k != nil || err == nil || err.Error() != "jose: algorithm is not one of this package" {
			t.Errorf("%q: got %v, %v", name, k, err)
		}
	}
}

// member sets a member of a JWK to a JSON text, or removes it if that is empty.
type member struct{ name, text string }

// jwk returns the public JWK of a vector's key with members changed.
func jwk(t testing.TB, name string, changes ...member) []byte {
	t.Helper()
	v := readVector(t, name)
	members := map[string]json.RawMessage{}
	for _, public := range []string{"kty", "n", "e", "crv", "x", "y"} {
		if v.Key[public] != "" {
			members[public] = json.RawMessage(`"` + v.Key[public] + `"`)
		}
	}
	for _, c := range changes {
		members[c.name] = json.RawMessage(c.text)
		if c.text == "" {
			delete(members, c.name)
		}
	}
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// base64JSON returns a JSON string that holds b in base64url.
func base64JSON(b []byte) string { return `"` + encode(b) + `"` }

func TestParseKey(t *testing.T) {
	for _, tt := range []struct {
		name, vector string
		changes      []member
		algorithm    string
	}{
		{"RSA", "rfc7515-a2", nil, "RS256"},
		{"P-256", "rfc7515-a3", nil, "ES256"},
		{"alg", "rfc7515-a2", []member{{"alg", `"RS256"`}}, "RS256"},
		{"use", "rfc7515-a3", []member{{"use", `"sig"`}}, "ES256"},
		{"key_ops", "rfc7515-a3", []member{{"key_ops", `["sign","verify"]`}}, "ES256"},
		{"kid", "rfc7515-a3", []member{{"kid", `"k"`}}, "ES256"},
		{"certificates, which are not looked at", "rfc7515-a2",
			[]member{{"x5c", `["AAAA"]`}, {"x5t", `1`}, {"x5u", `"file:///"`}}, "RS256"},
		{"unknown members", "rfc7515-a2", []member{{"ext", `true`}, {"nbf", `{}`}}, "RS256"},
		{"exponent of four bytes", "rfc7515-a2",
			[]member{{"e", base64JSON([]byte{0x7f, 0xff, 0xff, 0xff})}},
			"RS256"},
	} {
		k, err := ParseKey(jwk(t, tt.vector, tt.changes...))
		if err != nil || !slices.Equal(k.Algorithms(), []string{tt.algorithm}) || k.signer != nil {
			t.Errorf("%s: got %v, %v", tt.name, k, err)
		}
	}
	k, err := ParseKey(jwk(t, "rfc7515-a2", member{"kid", `"k"`}))
	if err != nil || k.ID() != "k" || !rsaPrivate(t).PublicKey.Equal(k.public) {
		t.Errorf("got %v, %v", k, err)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	point := readVector(t, "rfc7515-a3")
	x, y := point.number("x").Bytes(), point.number("y").Bytes()
	n := readVector(t, "rfc7515-a2").number("n").Bytes()
	p := elliptic.P256().Params().P
	even := slices.Clone(n)
	even[255] &^= 1
	const (
		rsaV, ecV = "rfc7515-a2", "rfc7515-a3"
		public    = "jose: JWK must be a public key"
		numbers   = "jose: JWK n and e must be base64url numbers without leading zeros (RFC 7518, Section 6.3.1)"
		size      = "jose: JWK x and y must have the curve's size (RFC 7518, Section 6.2.1)"
		curve     = "jose: JWK point must be on its curve"
		crv       = "jose: JWK crv is not one of this package"
		kty       = "jose: JWK kty is not one of this package"
		serves    = "jose: key serves no algorithm of this package"
		odd       = "jose: RSA modulus and exponent must be odd, the exponent from 3 to 2^31-1"
		bits      = "jose: RSA modulus must have 2048 to 8192 bits"
		verifying = "jose: JWK is not for verifying"
		signing   = "jose: JWK is not for signatures"
	)
	for _, tt := range []struct {
		name, vector string
		changes      []member
		want         string
	}{
		{"RSA private", rsaV, []member{{"d", `"AQAB"`}}, public},
		{"RSA private, d of another type", rsaV, []member{{"d", `null`}}, public},
		{"P-256 private", ecV, []member{{"d", `"AQAB"`}}, public},
		{"symmetric", ecV, []member{{"kty", `"oct"`}, {"k", `"AQAB"`}}, public},
		{"symmetric in disguise", rsaV, []member{{"k", `"AQAB"`}}, public},

		{"no kty", rsaV, []member{{"kty", ``}}, kty},
		{"empty kty", rsaV, []member{{"kty", `""`}}, kty},
		{"kty in lower case", rsaV, []member{{"kty", `"rsa"`}}, kty},
		{"kty oct without k", rsaV, []member{{"kty", `"oct"`}}, kty},
		{"kty OKP", ecV, []member{{"kty", `"OKP"`}}, kty},
		{"kty AKP", ecV, []member{{"kty", `"AKP"`}}, kty},
		{"kty no string", rsaV, []member{{"kty", `1`}}, "jose: JWK member kty must be a string"},
		{"use no string", rsaV, []member{{"use", `["sig"]`}},
			"jose: JWK member use must be a string"},
		{"alg no string", rsaV, []member{{"alg", `null`}}, "jose: JWK member alg must be a string"},
		{"kid no string", rsaV, []member{{"kid", `1`}}, "jose: JWK member kid must be a string"},
		{"kid too long", rsaV, []member{{"kid", `"` + strings.Repeat("a", 257) + `"`}},
			"jose: key ID must have at most 256 bytes"},

		{"use enc", rsaV, []member{{"use", `"enc"`}}, signing},
		{"use in upper case", rsaV, []member{{"use", `"SIG"`}}, signing},
		{"key_ops without verify", rsaV, []member{{"key_ops", `["sign","encrypt"]`}}, verifying},
		{"key_ops empty", rsaV, []member{{"key_ops", `[]`}}, verifying},
		{"key_ops no array", rsaV, []member{{"key_ops", `"verify"`}}, verifying},
		{"key_ops null", rsaV, []member{{"key_ops", `null`}}, verifying},
		{"key_ops with a number", rsaV, []member{{"key_ops", `["verify",1]`}}, verifying},
		{"alg of another use", rsaV, []member{{"alg", `"RSA-OAEP"`}}, serves},
		{"alg of another hash", rsaV, []member{{"alg", `"RS512"`}}, serves},
		{"alg of another key", rsaV, []member{{"alg", `"ES256"`}}, serves},
		{"alg HS256", rsaV, []member{{"alg", `"HS256"`}}, serves},
		{"alg none", ecV, []member{{"alg", `"none"`}}, serves},

		{"no n", rsaV, []member{{"n", ``}}, numbers},
		{"no e", rsaV, []member{{"e", ``}}, numbers},
		{"n empty", rsaV, []member{{"n", `""`}}, numbers},
		{"e empty", rsaV, []member{{"e", `""`}}, numbers},
		{"n a number", rsaV, []member{{"n", `3`}}, numbers},
		{"e a number", rsaV, []member{{"e", `65537`}}, numbers},
		{"n padded", rsaV, []member{{"n", `"` + encode(n) + `=="`}}, numbers},
		{"e with a line feed", rsaV, []member{{"e", `"AQAB\n"`}}, numbers},
		{"n with a leading zero", rsaV, []member{{"n", base64JSON(append([]byte{0}, n...))}},
			numbers},
		{"e with a leading zero", rsaV, []member{{"e", base64JSON([]byte{0, 1, 0, 1})}}, numbers},
		{"e of five bytes", rsaV, []member{{"e", base64JSON([]byte{1, 0, 0, 0, 1})}}, numbers},
		{"e of 64 bytes", rsaV, []member{{"e", base64JSON(n[:64])}}, numbers},
		{"e 0", rsaV, []member{{"e", base64JSON([]byte{0})}}, numbers},
		{"e 1", rsaV, []member{{"e", base64JSON([]byte{1})}}, odd},
		{"e even", rsaV, []member{{"e", base64JSON([]byte{1, 0, 2})}}, odd},
		{"e 2^31+1", rsaV, []member{{"e", base64JSON([]byte{0x80, 0, 0, 1})}}, odd},
		{"n even", rsaV, []member{{"n", base64JSON(even)}}, odd},
		{"n of 512 bits", rsaV, []member{{"n", base64JSON(n[192:])}}, bits},
		{"n of 1024 bits", rsaV, []member{{"n", base64JSON(n[128:])}}, bits},
		{"n of 2040 bits", rsaV, []member{{"n", base64JSON(n[1:])}}, bits},
		{"n of 16384 bits", rsaV, []member{{"n", base64JSON(slices.Repeat(n, 8))}}, bits},

		{"no crv", ecV, []member{{"crv", ``}}, crv},
		{"P-384", ecV, []member{{"crv", `"P-384"`}}, crv},
		{"secp256k1", ecV, []member{{"crv", `"secp256k1"`}}, crv},
		{"crv no string", ecV, []member{{"crv", `["P-256"]`}}, crv},
		{"no x", ecV, []member{{"x", ``}}, size},
		{"no y", ecV, []member{{"y", ``}}, size},
		{"x empty", ecV, []member{{"x", `""`}}, size},
		{"x with an end of line", ecV, []member{{"x", `"` + encode(x) + `\r"`}}, size},
		{"x short", ecV, []member{{"x", base64JSON(x[1:])}}, size},
		{"y short", ecV, []member{{"y", base64JSON(y[:31])}}, size},
		{"x long", ecV, []member{{"x", base64JSON(append([]byte{0}, x...))}}, size},
		{"y long", ecV, []member{{"y", base64JSON(append([]byte{0}, y...))}}, size},
		{"x and y of 32 and 64 bytes", ecV, []member{{"y", base64JSON(append(y, x...))}}, size},
		{"x and y of one total", ecV, []member{{"x", base64JSON(x[:31])},
			{"y", base64JSON(append([]byte{x[31]}, y...))}}, size},
		{"off the curve", ecV, []member{{"y", base64JSON(x)}}, curve},
		{"zero", ecV, []member{{"x", base64JSON(make([]byte, 32))},
			{"y", base64JSON(make([]byte, 32))}}, curve},
		{"x of the field's size", ecV, []member{{"x", base64JSON(p.Bytes())}}, curve},
	} {
		k, err := ParseKey(jwk(t, tt.vector, tt.changes...))
		if k != nil || err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, %v, want %s", tt.name, k, err, tt.want)
		}
	}
}

// Strict JSON: each member once, in its own spelling, and nothing behind.
func TestParseKeyText(t *testing.T) {
	good := strings.TrimSuffix(string(jwk(t, "rfc7515-a3")), "}")
	texts := map[string]string{
		"nothing":            ``,
		"null":               `null`,
		"array":              `[` + good + `}]`,
		"x twice":            good + `,"x":"AAAA"}`,
		"x twice, escaped":   good + `,"\u0078":"AAAA"}`,
		"long s in use":      good + `,"u` + "\u017f" + `e":"enc"}`,
		"Kelvin sign in kid": good + `,"` + "\u212a" + `id":"a"}`,
		"behind the end":     good + `}x`,
		"cut short":          good,
	}
	for _, name := range strings.Fields("KTY USE KEY_OPS ALG KID N E CRV X Y D K") {
		texts[name] = good + `,"` + name + `":"a"}`
	}
	for name, text := range texts {
		k, err := ParseKey([]byte(text))
		if k != nil || err == nil || !strings.HasPrefix(err.Error(), "jose: JWK: strictjson: ") {
			t.Errorf("%s: got %v, %v", name, k, err)
		}
	}
}

// What a key prints as JSON is its public part, and reads back as the same key.
func TestKeyMarshalJSON(t *testing.T) {
	for _, tt := range []struct {
		key     *Key
		members []string
	}{
		{rsaKey(t), []string{"alg", "e", "kid", "kty", "n", "use"}},
		{ecKey(t), []string{"alg", "crv", "kid", "kty", "use", "x", "y"}},
		{newKey(t, ecPrivate(t), KeyOptions{}), []string{"alg", "crv", "kty", "use", "x", "y"}},
		{newKey(t, &rsaPrivate(t).PublicKey, KeyOptions{}),
			[]string{"alg", "e", "kty", "n", "use"}},
	} {
		raw, err := json.Marshal(tt.key)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]string
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, tt.members) {
			t.Errorf("members %q, want %q", got, tt.members)
		}
		if members["use"] != "sig" || members["alg"] != tt.key.algorithms[0] ||
			members["kid"] != tt.key.id {
			t.Errorf("got %s", raw)
		}
		wantSame(t, raw, tt.key)
	}
}

func wantSame(t *testing.T, raw []byte, key *Key) {
	t.Helper()
	back, err := ParseKey(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	public := key.public.(interface{ Equal(crypto.PublicKey) bool })
	if back.ID() != key.ID() || !slices.Equal(back.Algorithms(), key.Algorithms()) ||
		!public.Equal(back.public) {
		t.Errorf("%s: read back as another key", raw)
	}
}

// A coordinate keeps its leading zeros.
func TestKeyMarshalJSONPads(t *testing.T) {
	for range 2000 {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if point[1] != 0 && point[33] != 0 {
			continue
		}
		raw, err := json.Marshal(newKey(t, private, KeyOptions{}))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, raw, newKey(t, private, KeyOptions{}))
		return
	}
	t.Error("no coordinate began with a zero")
}

// Whatever reads as a key is of one family and one algorithm, within bounds, and
// prints as a key that reads the same.
func FuzzParseKey(f *testing.F) {
	f.Add(jwk(f, "rfc7515-a2", member{"kid", `"k"`}, member{"alg", `"RS256"`}))
	f.Add(jwk(f, "rfc7515-a3", member{"use", `"sig"`}, member{"key_ops", `["verify"]`}))
	f.Add(jwk(f, "rfc7515-a3", member{"x", `"AA"`}))
	f.Add([]byte(`{"kty":"oct","k":"AAAA"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := ParseKey(raw)
		if err != nil {
			return
		}
		if k.signer != nil || len(k.Algorithms()) != 1 {
			t.Fatalf("got %q, signs %v", k.Algorithms(), k.signer != nil)
		}
		if pub, ok := k.public.(*rsa.PublicKey); ok &&
			(pub.N.BitLen() < 2048 || pub.N.BitLen() > 8192) {
			t.Fatalf("%d bits", pub.N.BitLen())
		}
		again, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, again, k)
	})
}
