package jose

import (
	"crypto"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
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

func TestRSARefuses(t *testing.T) {
	even := rsaPublic(2048, 65537)
	even.N.SetBit(even.N, 0, 0)
	for _, tt := range []struct {
		name, check, need string
		key               *rsa.PublicKey
	}{
		{"no key", "key", "must not be", nil},
		{"empty", "n", "must be there", &rsa.PublicKey{}},
		{"modulus 0", "n", "must be there", &rsa.PublicKey{N: new(big.Int), E: 3}},
		{"negative modulus", "n", "must be there",
			&rsa.PublicKey{N: new(big.Int).Neg(rsaPublic(2048, 3).N), E: 3}},
		{"1024 bits", "n", "must have 2048", rsaPublic(1024, 65537)},
		{"2047 bits", "n", "must have 2048", rsaPublic(2047, 65537)},
		{"8193 bits", "n", "must have 2048", rsaPublic(8193, 65537)},
		{"16384 bits", "n", "must have 2048", rsaPublic(16384, 65537)},
		{"even modulus", "n", "must be odd", even},
		{"exponent 0", "e", "must be odd", rsaPublic(2048, 0)},
		{"exponent 1", "e", "must be odd", rsaPublic(2048, 1)},
		{"exponent 2", "e", "must be odd", rsaPublic(2048, 2)},
		{"exponent even", "e", "must be odd", rsaPublic(2048, 65536)},
		{"exponent negative", "e", "must be odd", rsaPublic(2048, -3)},
		{"exponent 2^31+1", "e", "must be odd", rsaPublic(2048, 1<<31+1)},
		{"ROCA", "n", "CVE-2017-15361", &rsa.PublicKey{N: rocaModulus(), E: 65537}},
	} {
		k, err := NewKey(tt.key, KeyOptions{})
		wantCheck(t, tt.name, err, tt.check)
		if k != nil || err == nil || !strings.Contains(err.Error(), tt.need) {
			t.Errorf("%s: got %v, %v", tt.name, k, err)
		}
	}
	for _, key := range []*rsa.PublicKey{rsaPublic(2048, 3), rsaPublic(8192, 65537),
		rsaPublic(2048, 1<<31-1)} {
		newKey(t, key, KeyOptions{})
	}
	_, err := NewKey(device{Signer: publicDevice{(*rsa.PublicKey)(nil)}}, KeyOptions{})
	wantCheck(t, "device without a key", err, "n")
}

// rocaProduct is that of the primes up to 167.
func rocaProduct() *big.Int {
	m := big.NewInt(1)
	for p := int64(2); p <= 167; p++ {
		if n := big.NewInt(p); n.ProbablyPrime(0) {
			m.Mul(m, n)
		}
	}
	return m
}

// rocaModulus returns a modulus of 2048 bits as the generator behind CVE-2017-15361
// makes them.
func rocaModulus() *big.Int {
	m := rocaProduct()
	k := new(big.Int).Lsh(big.NewInt(1), 2048)
	k.Div(k, m).Sub(k, big.NewInt(1))
	return k.Mul(k, m).Add(k, new(big.Int).Exp(big.NewInt(65537), big.NewInt(12345), m))
}

// Every modulus of the form is found, and one that is not so modulo a single prime
// is none of them.
func TestROCA(t *testing.T) {
	if n := rocaModulus(); !isROCA(n) || n.Bit(0) == 0 || n.BitLen() != 2048 {
		t.Errorf("not found: %d bits", n.BitLen())
	}
	for _, p := range rocaPrimes {
		n, passed := rocaModulus(), false
		others := new(big.Int).Div(rocaProduct(), big.NewInt(int64(p)))
		for range p {
			passed = passed || !isROCA(n.Add(n, others))
		}
		if !passed {
			t.Errorf("not looked at modulo %d", p)
		}
	}
	for range 500 {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 2048))
		if err != nil || isROCA(n) {
			t.Errorf("found an ordinary number, %v", err)
		}
	}
	for _, n := range []*big.Int{new(big.Int), big.NewInt(11), rsaPrivate(t).N} {
		if isROCA(n) {
			t.Error("found a number that is no power")
		}
	}
	if !isROCA(big.NewInt(1)) || !isROCA(big.NewInt(65537)) {
		t.Error("the first powers were not found")
	}
}

// TestParseRSARefuses changes members of the key of RFC 7515, Appendix A.2.
func TestParseRSARefuses(t *testing.T) {
	public := publicJWK(t, publishedKey(t, "rfc7515", "A.2"))
	n := rsaPrivate(t).N.Bytes()
	even := slices.Clone(n)
	even[255] &^= 1
	const numbers = "n and e"
	for _, tt := range []struct {
		name    string
		changes []string
		check   string
	}{
		{"no n", []string{"n", ""}, numbers},
		{"no e", []string{"e", ""}, numbers},
		{"n empty", []string{"n", `""`}, numbers},
		{"e empty", []string{"e", `""`}, numbers},
		{"n a number", []string{"n", `3`}, numbers},
		{"e a number", []string{"e", `65537`}, numbers},
		{"n null", []string{"n", `null`}, numbers},
		{"n padded", []string{"n", `"` + encode(n) + `=="`}, numbers},
		{"e with a line feed", []string{"e", `"AQAB\n"`}, numbers},
		{"n with a leading zero", []string{"n", quoted(append([]byte{0}, n...))}, numbers},
		{"e with a leading zero", []string{"e", quoted([]byte{0, 1, 0, 1})}, numbers},
		{"e of five bytes", []string{"e", quoted([]byte{1, 0, 0, 0, 1})}, numbers},
		{"e of 64 bytes", []string{"e", quoted(n[:64])}, numbers},
		{"e 0", []string{"e", quoted([]byte{0})}, numbers},
		{"e 1", []string{"e", quoted([]byte{1})}, "e"},
		{"e even", []string{"e", quoted([]byte{1, 0, 2})}, "e"},
		{"e 2^31+1", []string{"e", quoted([]byte{0x80, 0, 0, 1})}, "e"},
		{"n even", []string{"n", quoted(even)}, "n"},
		{"n of 512 bits", []string{"n", quoted(n[192:])}, "n"},
		{"n of 1024 bits", []string{"n", quoted(n[128:])}, "n"},
		{"n of 2040 bits", []string{"n", quoted(n[1:])}, "n"},
		{"n of 16384 bits", []string{"n", quoted(slices.Repeat(n, 8))}, "n"},
		{"ROCA", []string{"n", quoted(rocaModulus().Bytes())}, "n"},
	} {
		k, err := ParseKey(edited(t, public, tt.changes...))
		wantCheck(t, tt.name, err, tt.check)
		if k != nil {
			t.Errorf("%s: got a key", tt.name)
		}
	}
	k, err := ParseKey(edited(t, public, "e", quoted([]byte{0x7f, 0xff, 0xff, 0xff})))
	if err != nil || k.material.(rsaKey).E != 1<<31-1 {
		t.Errorf("e 2^31-1: got %v", err)
	}
}

// Each private member must be there and fit the others, RFC 7518, Section 6.3.2.
func TestParseRSAPrivateRefuses(t *testing.T) {
	jwk, other := publishedKey(t, "rfc7515", "A.2"), publishedKey(t, "rfc7520", "3.4")
	d := rsaPrivate(t).D
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		for what, text := range map[string]string{"absent": "", "empty": `""`, "a number": "1",
			"null": "null", "padded": `"AQAB="`, "not base64url": `"A+AB"`} {
			_, err := ParsePrivateKey(edited(t, jwk, name, text))
			wantCheck(t, name+" "+what, err, name)
		}
		for what, text := range map[string]string{"0": quoted([]byte{0}), "1": quoted([]byte{1}),
			"of another key":  `"` + vectorObject(t, other)[name].(string) + `"`,
			"one of its own":  quoted(new(big.Int).Add(d, big.NewInt(2)).Bytes()),
			"the modulus":     quoted(rsaPrivate(t).N.Bytes()),
			"more by a bit":   plus(t, jwk, name, 1),
			"less by two":     plus(t, jwk, name, -2),
			"a greater power": quoted(new(big.Int).Lsh(d, 1).Bytes()),
		} {
			_, err := ParsePrivateKey(edited(t, jwk, name, text))
			wantCheck(t, name+" "+what, err, "d")
		}
	}
	for _, oth := range []string{"[]", "null", `""`, `[{"r":"AQAB","d":"AQAB","t":"AQAB"}]`} {
		_, err := ParsePrivateKey(edited(t, jwk, "oth", oth))
		wantCheck(t, "oth "+oth, err, "d")
	}
	m := vectorObject(t, jwk)
	_, err := ParsePrivateKey(edited(t, jwk, "p", `"`+m["q"].(string)+`"`,
		"q", `"`+m["p"].(string)+`"`))
	wantCheck(t, "p and q exchanged", err, "d")
	_, err = ParsePrivateKey(edited(t, jwk, "n", `"`+vectorObject(t, other)["n"].(string)+`"`))
	wantCheck(t, "n of another key", err, "d")
	_, err = ParsePrivateKey(edited(t, jwk, "e", `"Aw"`))
	wantCheck(t, "e of another key", err, "d")
}

// plus returns a member's number and n as JSON.
func plus(t testing.TB, jwk []byte, name string, n int64) string {
	t.Helper()
	b := vectorOctets(t, vectorObject(t, jwk)[name].(string))
	return quoted(new(big.Int).Add(new(big.Int).SetBytes(b), big.NewInt(n)).Bytes())
}

// A private key of the caller's own making is not written unless all is at hand.
func TestMarshalRSAPrivate(t *testing.T) {
	full := rsaPrivate(t)
	private := &rsa.PrivateKey{PublicKey: full.PublicKey, D: full.D, Primes: full.Primes}
	raw, err := newKey(t, private, KeyOptions{}).MarshalPrivate()
	wantCheck(t, "not precomputed", err, "key")
	if raw != nil {
		t.Errorf("got %s", raw)
	}
}

// A private key that does not fit its public half is not taken.
func TestNewRSAPrivateRefuses(t *testing.T) {
	full := rsaPrivate(t)
	for name, private := range map[string]*rsa.PrivateKey{
		"no d":      {PublicKey: full.PublicKey, Primes: full.Primes},
		"no primes": {PublicKey: full.PublicKey, D: full.D},
		"one prime": {PublicKey: full.PublicKey, D: full.D, Primes: full.Primes[:1]},
		"nil prime": {PublicKey: full.PublicKey, D: full.D, Primes: []*big.Int{full.Primes[0], nil}},
		"three primes": {PublicKey: full.PublicKey, D: full.D,
			Primes: append(slices.Clone(full.Primes), big.NewInt(3))},
		"another d": {PublicKey: full.PublicKey, D: big.NewInt(3), Primes: full.Primes},
	} {
		_, err := NewKey(private, KeyOptions{})
		wantCheck(t, name, err, "d")
	}
}

// RFC 7518, Sections 3.3 and 3.5, with the salt as long as the hash.
func TestRSASignatures(t *testing.T) {
	private := rsaPrivate(t)
	key := newKey(t, &private.PublicKey, KeyOptions{})
	for _, name := range strings.Fields(servedSignatures["RSA"]) {
		a, _ := findSignatureAlgorithm(name)
		sign := func(opts crypto.SignerOpts) []byte {
			h := signatureAlgorithm{hash: opts.HashFunc()}
			sig, err := private.Sign(rand.Reader, h.digest(nil, []byte(signedText)), opts)
			if err != nil {
				t.Fatal(err)
			}
			return sig
		}
		salted := func(length int) []byte {
			return sign(&rsa.PSSOptions{Hash: a.hash, SaltLength: length})
		}
		for _, tt := range rsaForgeries(private, mustSign(t, newKey(t, private, KeyOptions{}), name)) {
			if got := verifies(key, name, tt.sig); got != tt.want {
				t.Errorf("%s, %s: got %v", name, tt.name, got)
			}
		}
		if verifies(key, name, sign(a.hash)) == a.pss ||
			verifies(key, name, salted(a.hash.Size())) != a.pss {
			t.Errorf("%s is not its own scheme", name)
		}
		for _, length := range []int{1, a.hash.Size() - 1, 20} {
			if verifies(key, name, salted(length)) {
				t.Errorf("%s: verifies with a salt of %d bytes", name, length)
			}
		}
		longest := private.Size() - 2 - a.hash.Size() // FIPS 140-only mode has none so long
		if !fips140.Enforced() && (verifies(key, name, salted(a.hash.Size()+1)) ||
			verifies(key, name, salted(longest))) {
			t.Errorf("%s: verifies with a longer salt", name)
		}
	}
}

type altered struct {
	name string
	sig  []byte
	want bool
}

func rsaForgeries(private *rsa.PrivateKey, sig []byte) []altered {
	number := new(big.Int).SetBytes(sig)
	return []altered{
		{"as signed", sig, true},
		{"empty", nil, false},
		{"a byte short", sig[:255], false},
		{"the first byte dropped", sig[1:], false},
		{"a zero before", append([]byte{0}, sig...), false},
		{"a zero behind", append(slices.Clone(sig), 0), false},
		{"twice", slices.Concat(sig, sig), false},
		{"with the modulus added", new(big.Int).Add(number, private.N).Bytes(), false},
		{"negated", new(big.Int).Sub(private.N, number).FillBytes(make([]byte, 256)), false},
		{"the modulus", private.N.Bytes(), false},
		{"zero", make([]byte, 256), false},
		{"one", big.NewInt(1).FillBytes(make([]byte, 256)), false},
		{"all bits", slices.Repeat([]byte{0xff}, 256), false},
	}
}

func TestRSASignatureWithoutDigestInfo(t *testing.T) {
	if fips140.Enforced() {
		t.Skip("FIPS 140-only mode makes none: run it without GODEBUG=fips140=only")
	}
	private := rsaPrivate(t)
	a, _ := findSignatureAlgorithm("RS256")
	sig, err := rsa.SignPKCS1v15(nil, private, 0, a.digest(nil, []byte(signedText)))
	if err != nil || verifies(newKey(t, private, KeyOptions{}), "RS256", sig) {
		t.Errorf("verifies, %v", err)
	}
}

// FIPS 140-only mode has no SHA-1: RSA-OAEP is refused by a check, and no panic.
func TestRSAInFIPS(t *testing.T) {
	private := rsaPrivate(t)
	if !fips140.Enforced() {
		if !newKey(t, private, KeyOptions{}).serves("RSA-OAEP") {
			t.Error("RSA-OAEP is not served")
		}
		t.Skip("run it with GODEBUG=fips140=only go test ./jose")
	}
	_, err := NewKey(private, KeyOptions{Algorithm: "RSA-OAEP"})
	wantCheck(t, "NewKey", err, "key")
	_, err = GenerateKey("RSA-OAEP")
	if !errors.Is(err, &CheckError{Check: "key"}) && !errors.Is(err, &CheckError{Check: "alg"}) {
		t.Errorf("GenerateKey: got %v", err)
	}
	_, err = ParseKey(edited(t, publicJWK(t, publishedKey(t, "rfc7515", "A.2")),
		"alg", `"RSA-OAEP"`))
	wantCheck(t, "ParseKey", err, "key")
	_, err = Encrypt(nil, newKey(t, private, KeyOptions{}), EncryptOptions{Algorithm: "RSA-OAEP"})
	if err == nil {
		t.Error("Encrypt: got no error")
	}
}

// A publicDevice is a crypto.Signer with whatever public key, that signs nothing.
type publicDevice struct{ public crypto.PublicKey }

func (d publicDevice) Public() crypto.PublicKey { return d.public }

func (d publicDevice) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("there is no private key")
}

// A number that is longer than the modulus is not even looked at: it could take hours.
func TestParseRSAPrivateBounds(t *testing.T) {
	long := quoted(slices.Repeat([]byte{0xff}, 20000))
	for _, name := range rsaPrivateMembers {
		_, err := ParsePrivateKey(edited(t, publishedKey(t, "rfc7515", "A.2"), name, long))
		wantCheck(t, name, err, name)
	}
}
