package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"math/big"
)

// An algorithm signs and verifies, RFC 7518, Section 3.1. The set is closed: a
// token cannot name one that is not here.
type algorithm struct {
	name   string
	serves func(pub crypto.PublicKey) bool
	verify func(pub crypto.PublicKey, digest, sig []byte) bool
	sign   func(key crypto.Signer, digest []byte) ([]byte, error)
}

// algorithms are listed strongest claim first: the first that a key serves is
// the one it signs with unless told otherwise.
var algorithms = []algorithm{
	{"RS256", servesRSA, verifyRS256, signRS256},
	{"ES256", servesES256, verifyES256, signES256},
}

// Algorithms lists the names of the signature algorithms of this package.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

func findAlgorithm(name string) (algorithm, bool) {
	for _, a := range algorithms {
		if a.name == name {
			return a, true
		}
	}
	return algorithm{}, false
}

func digest(message string) []byte {
	sum := sha256.Sum256([]byte(message))
	return sum[:]
}

// RS256 is RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518, Section 3.3.

func servesRSA(pub crypto.PublicKey) bool {
	_, ok := pub.(*rsa.PublicKey)
	return ok
}

func verifyRS256(pub crypto.PublicKey, digest, sig []byte) bool {
	return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), crypto.SHA256, digest, sig) == nil
}

func signRS256(key crypto.Signer, digest []byte) ([]byte, error) {
	return key.Sign(rand.Reader, digest, crypto.SHA256)
}

// ES256 is ECDSA on P-256 with SHA-256, its signature r and s as two 32-byte
// numbers, RFC 7518, Section 3.4.

const es256Size = 32

func servesES256(pub crypto.PublicKey) bool {
	k, ok := pub.(*ecdsa.PublicKey)
	return ok && k.Curve == elliptic.P256()
}

func verifyES256(pub crypto.PublicKey, digest, sig []byte) bool {
	if len(sig) != 2*es256Size {
		return false
	}
	r := new(big.Int).SetBytes(sig[:es256Size])
	s := new(big.Int).SetBytes(sig[es256Size:])
	return ecdsa.Verify(pub.(*ecdsa.PublicKey), digest, r, s)
}

// signES256 has the key sign, which gives the numbers in ASN.1, and sets them
// side by side.
func signES256(key crypto.Signer, digest []byte) ([]byte, error) {
	der, err := key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var numbers struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &numbers)
	if err != nil || len(rest) > 0 || !fitsES256(numbers.R) || !fitsES256(numbers.S) {
		return nil, errors.New("jose: key returned no ECDSA signature")
	}
	sig := make([]byte, 2*es256Size)
	numbers.R.FillBytes(sig[:es256Size])
	numbers.S.FillBytes(sig[es256Size:])
	return sig, nil
}

// fitsES256 reports whether n can be r or s: positive, and not too long.
func fitsES256(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 8*es256Size }
