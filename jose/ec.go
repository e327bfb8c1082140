package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"slices"

	"vouchsafe/internal/strictjson"
)

// An ecKey is a key of kty EC, RFC 7518, Section 6.2.
type ecKey struct{ *ecdsa.PublicKey }

// A namedCurve is a value of "crv" for kty EC, the size of its coordinates in bytes,
// its one signature algorithm (RFC 7518, Section 3.4), and the algorithms of its keys.
type namedCurve struct {
	name       string
	curve      elliptic.Curve
	ecdh       ecdh.Curve
	size       int
	signature  string
	algorithms []string
}

var namedCurves = []namedCurve{
	newCurve("P-256", elliptic.P256(), ecdh.P256(), 32, "ES256"),
	newCurve("P-384", elliptic.P384(), ecdh.P384(), 48, "ES384"),
	newCurve("P-521", elliptic.P521(), ecdh.P521(), 66, "ES512"),
}

func newCurve(name string, curve elliptic.Curve, exchange ecdh.Curve, size int,
	signature string) namedCurve {
	algorithms := append([]string{signature}, ecdhAlgorithms...)
	return namedCurve{name, curve, exchange, size, signature, algorithms}
}

func findCurve(match func(c namedCurve) bool) (namedCurve, bool) {
	return find(namedCurves, match)
}

// named returns the curve of a key that passed check.
func (k ecKey) named() namedCurve {
	c, _ := findCurve(func(c namedCurve) bool { return c.curve == k.Curve })
	return c
}

func (k ecKey) algorithms() []string {
	return k.named().algorithms
}

// newExchangeKey makes a material of a key for ECDH.
func newExchangeKey(key *ecdh.PublicKey) (material, error) {
	if key == nil {
		return nil, checkError("key", "must not be empty", "RFC 7517, Section 4")
	}
	c, ok := findCurve(func(c namedCurve) bool { return c.ecdh == key.Curve() })
	if !ok {
		return xKey{key}, xKey{key}.check()
	}
	public, err := ecdsa.ParseUncompressedPublicKey(c.curve, key.Bytes())
	if err != nil {
		return nil, checkError("x and y", "must be a point on the curve", "RFC 7518, Section 6.2.1")
	}
	return ecKey{public}, nil
}

// size is the length of a coordinate, and of each half of a signature, in bytes.
func (k ecKey) size() int { return k.named().size }

func (k ecKey) check() error {
	if k.PublicKey == nil || k.named().curve == nil {
		return checkError("crv", "must be P-256, P-384 or P-521", "RFC 7518, Section 6.2.1.1")
	}
	if k.X == nil || k.Y == nil {
		return checkError("x and y", "must be there", "RFC 7518, Section 6.2.1")
	}
	if _, err := k.Bytes(); err != nil {
		return checkError("x and y", "must be a point on the curve", "RFC 7518, Section 6.2.1")
	}
	return nil
}

func parseEC(m strictjson.Object) (material, error) {
	crv, _ := m.Get("crv").String()
	c, ok := findCurve(func(c namedCurve) bool { return c.name == crv })
	if !ok {
		return nil, checkError("crv", "must be P-256, P-384 or P-521", "RFC 7518, Section 6.2.1.1")
	}
	x, okX := octetsMember(m, "x")
	y, okY := octetsMember(m, "y")
	if !okX || !okY || len(x) != c.size || len(y) != c.size {
		return nil, checkError("x and y", "must be base64url of the curve's size",
			"RFC 7518, Section 6.2.1")
	}
	key, err := ecdsa.ParseUncompressedPublicKey(c.curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, checkError("x and y", "must be a point on the curve", "RFC 7518, Section 6.2.1")
	}
	return ecKey{key}, nil
}

func (k ecKey) parsePrivate(m strictjson.Object) (any, error) {
	d, ok := octetsMember(m, "d")
	private, err := ecdsa.ParseRawPrivateKey(k.Curve, d)
	if !ok || err != nil || !private.PublicKey.Equal(k.PublicKey) {
		return nil, checkError("d", "must be base64url of the curve's size and belong to x and y",
			"RFC 7518, Section 6.2.2.1")
	}
	return private, nil
}

func (k ecKey) writeTo(w *writer) {
	point, _ := k.Bytes() // which has been seen to be one
	w.text("crv", k.named().name)
	w.text("kty", "EC")
	w.octets("x", point[1:1+k.size()])
	w.octets("y", point[1+k.size():])
}

func (k ecKey) checkPrivate(private any) error {
	key, ok := private.(*ecdsa.PrivateKey)
	if !ok {
		return nil
	}
	if key.D != nil && key.D.Sign() > 0 && key.D.BitLen() <= 8*k.size() {
		d := key.D.FillBytes(make([]byte, k.size()))
		same, err := ecdsa.ParseRawPrivateKey(k.Curve, d)
		if err == nil && same.PublicKey.Equal(k.PublicKey) {
			return nil
		}
	}
	return checkError("d", "must belong to x and y", "RFC 7518, Section 6.2.2.1")
}

func (k ecKey) writePrivate(w *writer, private any) bool {
	switch key := private.(type) {
	case *ecdsa.PrivateKey:
		d, err := key.Bytes()
		w.octets("d", d)
		return err == nil
	case *ecdh.PrivateKey:
		w.octets("d", key.Bytes())
		return true
	}
	return false
}

// verify takes the signature as r and s side by side, each of the curve's size,
// RFC 7518, Section 3.4.
func (k ecKey) verify(a signatureAlgorithm, input, sig []byte) bool {
	size := k.size()
	if len(sig) != 2*size {
		return false
	}
	var array [sha512.Size]byte
	d := a.digest(array[:0], input)
	return ecdsa.VerifyASN1(k.PublicKey, d, encodeDER(sig[:size], sig[size:]))
}

// encodeDER returns two numbers as an ASN.1 SEQUENCE.
func encodeDER(r, s []byte) []byte {
	var array [2 * (66 + 3)]byte // what P-521 needs
	numbers := appendInteger(appendInteger(array[:0], r), s)
	der := append(make([]byte, 0, 3+len(numbers)), 0x30)
	if len(numbers) > 127 {
		der = append(der, 0x81)
	}
	return append(append(der, byte(len(numbers))), numbers...)
}

// appendInteger appends a positive number as an ASN.1 INTEGER of at most 127
// bytes.
func appendInteger(der, n []byte) []byte {
	n = bytes.TrimLeft(n, "\x00")
	if len(n) == 0 || n[0] >= 0x80 {
		return append(append(der, 2, byte(len(n)+1), 0), n...)
	}
	return append(append(der, 2, byte(len(n))), n...)
}

// sign has the key sign, which gives the numbers in ASN.1, and sets them side by
// side.
func (k ecKey) sign(a signatureAlgorithm, key crypto.Signer, input []byte) ([]byte, error) {
	der, err := key.Sign(rand.Reader, a.digest(nil, input), a.hash)
	if err != nil {
		return nil, err
	}
	var numbers struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &numbers)
	fits := func(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 8*k.size() }
	if err != nil || len(rest) > 0 || !fits(numbers.R) || !fits(numbers.S) {
		return nil, checkError("key", "must return an ECDSA signature", "RFC 7518, Section 3.4")
	}
	sig := make([]byte, 2*k.size())
	numbers.R.FillBytes(sig[:k.size()])
	numbers.S.FillBytes(sig[k.size():])
	return sig, nil
}

// exchange returns the public key for ECDH, RFC 7518, Section 4.6.
func (k ecKey) exchange() (*ecdh.PublicKey, error) { return k.ECDH() }
