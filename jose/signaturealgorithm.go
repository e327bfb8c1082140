package jose

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
)

// A signatureAlgorithm is a value of "alg" in a JWS. The list is closed: a token
// cannot name one that is not in it, and "none" is not in it.
type signatureAlgorithm struct {
	name string
	hash crypto.Hash
	pss  bool // of the two RSA schemes
}

// signatureAlgorithms are those of RFC 7518, Section 3.1, RFC 8037, Section 3.1 and RFC
// 9864, Section 2.2. The first that a key serves is the one it signs with unless told
// otherwise.
var signatureAlgorithms = []signatureAlgorithm{
	{"RS256", crypto.SHA256, false},
	{"RS384", crypto.SHA384, false},
	{"RS512", crypto.SHA512, false},
	{"PS256", crypto.SHA256, true},
	{"PS384", crypto.SHA384, true},
	{"PS512", crypto.SHA512, true},
	{"ES256", crypto.SHA256, false},
	{"ES384", crypto.SHA384, false},
	{"ES512", crypto.SHA512, false},
	{"EdDSA", crypto.SHA512, false},
	{"Ed25519", crypto.SHA512, false},
	{"HS256", crypto.SHA256, false},
	{"HS384", crypto.SHA384, false},
	{"HS512", crypto.SHA512, false},
}

// SignatureAlgorithms lists the values of "alg" that this package signs and
// verifies with.
func SignatureAlgorithms() []string {
	names := make([]string, len(signatureAlgorithms))
	for i, a := range signatureAlgorithms {
		names[i] = a.name
	}
	return names
}

// SignatureHash returns the hash function of a signature algorithm, which
// OpenID Connect Core 1.0, Section 3.1.3.6 has at_hash made with: SHA-512 for EdDSA
// on Ed25519. It reports false for an algorithm that this package lacks.
func SignatureHash(algorithm string) (crypto.Hash, bool) {
	a, ok := findSignatureAlgorithm(algorithm)
	return a.hash, ok
}

func findSignatureAlgorithm(name string) (signatureAlgorithm, bool) {
	return find(signatureAlgorithms, func(a signatureAlgorithm) bool { return a.name == name })
}

// find returns the row of one of this package's tables that matches.
func find[T any](table []T, match func(T) bool) (row T, ok bool) {
	i := slices.IndexFunc(table, match)
	if i < 0 {
		return row, false
	}
	return table[i], true
}

// verify reports whether k, which must serve a, made sig over input.
func (a signatureAlgorithm) verify(k *Key, input, sig []byte) bool {
	switch t := k.material.(type) {
	case rsaKey:
		return t.verify(a, input, sig)
	case ecKey:
		return t.verify(a, input, sig)
	case edKey:
		return t.verify(input, sig)
	case octKey:
		return t.verify(a, input, sig)
	}
	return false
}

// sign returns the signature of k, which must serve a and be private, over input.
func (a signatureAlgorithm) sign(k *Key, input []byte) ([]byte, error) {
	switch t := k.material.(type) {
	case rsaKey:
		return t.sign(a, k.signer(), input)
	case ecKey:
		return t.sign(a, k.signer(), input)
	case edKey:
		return t.sign(k.signer(), input)
	case octKey:
		return t.sign(a, input), nil
	}
	return nil, errCannotSign()
}

// digest appends the hash of input to dst. It spares the allocations of hash.Hash.
func (a signatureAlgorithm) digest(dst, input []byte) []byte {
	switch a.hash {
	case crypto.SHA384:
		sum := sha512.Sum384(input)
		return append(dst, sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(input)
		return append(dst, sum[:]...)
	}
	sum := sha256.Sum256(input)
	return append(dst, sum[:]...)
}
