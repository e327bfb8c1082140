package jose

import (
	"bytes"
	"crypto"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"math/big"
	"math/bits"
	"slices"

	"vouchsafe/internal/strictjson"
)

// The RSA moduli accepted, in bits: shorter ones are weak (RFC 7518, Section
// 3.3), longer ones cost milliseconds each time.
const minRSABits, maxRSABits = 2048, 8192

// An rsaKey is a key of kty RSA, RFC 7518, Section 6.3.
type rsaKey struct {
	*rsa.PublicKey
	n []byte // the modulus, kept because a thumbprint would take long to get it
}

func newRSAKey(public *rsa.PublicKey) rsaKey {
	if public == nil || public.N == nil {
		return rsaKey{}
	}
	return rsaKey{public, public.N.Bytes()}
}

var rsaAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
	"RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512", "RSA-OAEP"}

func (k rsaKey) algorithms() []string {
	if fips140.Enforced() {
		return rsaAlgorithms[:len(rsaAlgorithms)-1] // that mode has no SHA-1
	}
	return rsaAlgorithms
}

func (k rsaKey) check() error {
	const clause = "RFC 7518, Section 6.3.1"
	if k.PublicKey == nil || k.N.Sign() <= 0 {
		return checkError("n", "must be there", clause)
	}
	if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return checkError("n", "must have 2048 to 8192 bits", "RFC 7518, Section 3.3")
	}
	if k.N.Bit(0) == 0 {
		return checkError("n", "must be odd", clause)
	}
	if k.E < 3 || k.E&1 == 0 || k.E > 1<<31-1 {
		return checkError("e", "must be odd, from 3 to 2^31-1", clause)
	}
	if isROCA(k.N) {
		return checkError("n", "must not be of the form that CVE-2017-15361 factors",
			"RFC 8725, Section 3.5")
	}
	return nil
}

// rocaPrimes are the primes modulo which 65537 does not generate every number,
// among those that the generator behind CVE-2017-15361 used.
var rocaPrimes = []uint{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// isROCA reports whether n is a power of 65537 modulo each of rocaPrimes, as every
// modulus of that generator is, and one in 2^27 of others.
func isROCA(n *big.Int) bool {
	for _, p := range rocaPrimes {
		var want uint // n modulo p
		for _, w := range slices.Backward(n.Bits()) {
			want = bits.Rem(want, uint(w), p)
		}
		power := 65537 % p
		for power != want && power != 1 {
			power = power * 65537 % p
		}
		if power != want {
			return false
		}
	}
	return true
}

func parseRSA(m strictjson.Object) (material, error) {
	n, okN := octetsMember(m, "n")
	e, okE := octetsMember(m, "e")
	if !okN || !okE || n[0] == 0 || e[0] == 0 || len(e) > 4 {
		return nil, checkError("n and e", "must be base64url numbers without leading zeros",
			"RFC 7518, Section 6.3.1")
	}
	k := rsaKey{&rsa.PublicKey{N: new(big.Int).SetBytes(n)}, n}
	for _, b := range e {
		k.E = k.E<<8 | int(b)
	}
	return k, k.check()
}

// rsaPrivateMembers are those of RFC 7518, Section 6.3.2, in its order.
var rsaPrivateMembers = []string{"d", "p", "q", "dp", "dq", "qi"}

// parsePrivate requires all members of a key of two primes, and that they fit.
func (k rsaKey) parsePrivate(m strictjson.Object) (any, error) {
	var fields [6]*big.Int
	for i, name := range rsaPrivateMembers {
		b, ok := octetsMember(m, name)
		if !ok || len(b) > len(k.n) || m.Get("oth") != "" {
			return nil, checkError(name, "must be base64url of at most the modulus's size, for a "+
				"key of two primes", "RFC 7518, Section 6.3.2")
		}
		fields[i] = new(big.Int).SetBytes(b)
	}
	private := &rsa.PrivateKey{PublicKey: *k.PublicKey, D: fields[0], Primes: fields[1:3]}
	private.Precompute()
	if k.checkPrivate(private) != nil || !equalInts(fields[3:], crt(private)) {
		return nil, checkError("d", "must belong to n and e, and the rest to it",
			"RFC 7518, Section 6.3.2")
	}
	return private, nil
}

func (k rsaKey) checkPrivate(private any) error {
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil
	}
	if key.D == nil || len(key.Primes) != 2 || slices.Contains(key.Primes, nil) ||
		key.Validate() != nil {
		return checkError("d", "must belong to n and e, and have its two primes",
			"RFC 7518, Section 6.3.2")
	}
	return nil
}

// crt returns what RFC 7518, Sections 6.3.2.4 to 6.3.2.6 have computed of a key.
func crt(k *rsa.PrivateKey) []*big.Int {
	return []*big.Int{k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv}
}

func equalInts(a, b []*big.Int) bool {
	for i := range a {
		if b[i] == nil || a[i].Cmp(b[i]) != 0 {
			return false
		}
	}
	return true
}

func (k rsaKey) writeTo(w *writer) {
	var e [4]byte
	binary.BigEndian.PutUint32(e[:], uint32(k.E))
	w.octets("e", bytes.TrimLeft(e[:], "\x00"))
	w.text("kty", "RSA")
	w.octets("n", k.n)
}

func (k rsaKey) writePrivate(w *writer, private any) bool {
	key, ok := private.(*rsa.PrivateKey)
	if !ok || len(key.Primes) != 2 {
		return false
	}
	numbers := append([]*big.Int{key.D, key.Primes[0], key.Primes[1]}, crt(key)...)
	if slices.Contains(numbers, nil) {
		return false // Precompute has not been called
	}
	for i, n := range numbers {
		w.octets(rsaPrivateMembers[i], n.Bytes())
	}
	return true
}

// verify is RSASSA-PKCS1-v1_5 or RSASSA-PSS, RFC 7518, Sections 3.3 and 3.5. Both
// functions want a signature exactly as long as the modulus.
func (k rsaKey) verify(a signatureAlgorithm, input, sig []byte) bool {
	d := a.digest(nil, input)
	if a.pss {
		return rsa.VerifyPSS(k.PublicKey, a.hash, d, sig, pssOptions(a.hash)) == nil
	}
	return rsa.VerifyPKCS1v15(k.PublicKey, a.hash, d, sig) == nil
}

func (k rsaKey) sign(a signatureAlgorithm, key crypto.Signer, input []byte) ([]byte, error) {
	d := a.digest(nil, input)
	if a.pss {
		return key.Sign(rand.Reader, d, pssOptions(a.hash))
	}
	return key.Sign(rand.Reader, d, a.hash)
}

func pssOptions(h crypto.Hash) *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
}
