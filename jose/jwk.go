package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"vouchsafe/internal/strictjson"
)

// The RSA moduli accepted, in bits: shorter ones are weak (RFC 7518, Section
// 3.3), longer ones cost milliseconds each time.
const minRSABits, maxRSABits = 2048, 8192

const maxKeyIDSize = 256

// A Key is a JSON Web Key, RFC 7517, with the algorithms it may serve. It is
// immutable and safe for concurrent use.
type Key struct {
	id         string
	public     crypto.PublicKey
	signer     *crypto.Signer // nil for a public key; by pointer, so that fmt cannot reach it
	algorithms []string
}

// KeyOptions are what [NewKey] is told of a key beyond the key itself.
type KeyOptions struct {
	ID        string // "kid", RFC 7517, Section 4.5; may be empty
	Algorithm string // "alg", RFC 7517, Section 4.4; if empty, all that suit the key
}

// NewKey makes a Key of an *rsa.PublicKey, an *ecdsa.PublicKey, or, for signing,
// a [crypto.Signer] that has one of them: a private key, or one in an HSM or KMS.
// RSA moduli must have 2048 to 8192 bits, elliptic curve keys be on P-256.
func NewKey(key any, o KeyOptions) (*Key, error) {
	signer, _ := key.(crypto.Signer)
	public := key
	if signer != nil {
		public = signer.Public()
	}
	if err := checkPublic(public); err != nil {
		return nil, err
	}
	k := &Key{id: o.ID, public: public}
	if signer != nil {
		k.signer = &signer
	}
	for _, a := range algorithms {
		if a.serves(public) && (o.Algorithm == "" || o.Algorithm == a.name) {
			k.algorithms = append(k.algorithms, a.name)
		}
	}
	if len(k.algorithms) == 0 {
		return nil, errors.New("jose: key serves no algorithm of this package")
	}
	if len(k.id) > maxKeyIDSize {
		return nil, errors.New("jose: key ID must have at most 256 bytes")
	}
	return k, nil
}

// GenerateKey makes a new private key for algorithm: RSA of 2048 bits for RS256,
// P-256 for ES256. Its ID is random.
func GenerateKey(algorithm string) (*Key, error) {
	var signer crypto.Signer
	var err error
	switch algorithm {
	case "RS256":
		signer, err = rsa.GenerateKey(rand.Reader, minRSABits)
	case "ES256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = errors.New("jose: algorithm is not one of this package")
	}
	if err != nil {
		return nil, err
	}
	return NewKey(signer, KeyOptions{ID: rand.Text(), Algorithm: algorithm})
}

// ID returns the "kid", empty if the key has none.
func (k *Key) ID() string { return k.id }

// Algorithms returns the names of the algorithms that the key may serve.
func (k *Key) Algorithms() []string { return slices.Clone(k.algorithms) }

func (k *Key) serves(algorithm string) bool { return slices.Contains(k.algorithms, algorithm) }

// jwkMembers are the members of a JWK that this package reads. The rest, such as
// x5c, is neither used nor trusted (RFC 7517, Section 4).
var jwkMembers = []string{"kty", "use", "key_ops", "alg", "kid",
	"n", "e", "crv", "x", "y", "d", "k"}

// ParseKey reads a public key as a JWK, RFC 7517: kty RSA, or EC on P-256. A
// private or a symmetric key is refused, and so is one that may not verify, by
// its use, key_ops or alg (RFC 7517, Section 4.2 to 4.4).
func ParseKey(jwk []byte) (*Key, error) {
	m, err := strictjson.Parse(jwk, jwkMembers...)
	if err != nil {
		return nil, fmt.Errorf("jose: JWK: %w", err)
	}
	return parseKey(m)
}

func parseKey(m strictjson.Object) (*Key, error) {
	if m.Get("d") != nil || m.Get("k") != nil {
		return nil, errors.New("jose: JWK must be a public key")
	}
	var text [4]string
	for i, name := range []string{"kty", "use", "alg", "kid"} {
		value := m.Get(name)
		var ok bool
		if text[i], ok = value.String(); value != nil && !ok {
			return nil, fmt.Errorf("jose: JWK member %s must be a string", name)
		}
	}
	kty, use, alg, kid := text[0], text[1], text[2], text[3]
	if use != "" && use != "sig" {
		return nil, errors.New("jose: JWK is not for signatures")
	}
	if ops := m.Get("key_ops"); ops != nil {
		if list, _ := ops.Strings(); !slices.Contains(list, "verify") {
			return nil, errors.New("jose: JWK is not for verifying")
		}
	}
	public, err := parsePublic(kty, m)
	if err != nil {
		return nil, err
	}
	return NewKey(public, KeyOptions{ID: kid, Algorithm: alg})
}

func parsePublic(kty string, m strictjson.Object) (crypto.PublicKey, error) {
	switch kty {
	case "RSA":
		return parseRSA(m)
	case "EC":
		return parseEC(m)
	}
	return nil, errors.New("jose: JWK kty is not one of this package")
}

// parseRSA reads the members of RFC 7518, Section 6.3.1.
func parseRSA(m strictjson.Object) (*rsa.PublicKey, error) {
	n, okN := bytesMember(m, "n")
	e, okE := bytesMember(m, "e")
	if !okN || !okE || n[0] == 0 || e[0] == 0 || len(e) > 4 {
		return nil, errors.New("jose: JWK n and e must be base64url numbers without leading " +
			"zeros (RFC 7518, Section 6.3.1)")
	}
	return &rsa.PublicKey{
		N: new(big.Int).SetBytes(n),
		E: int(new(big.Int).SetBytes(e).Int64()),
	}, nil
}

// checkPublic refuses a key that no one should have, whoever brings it.
func checkPublic(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return checkRSA(k)
	case *ecdsa.PublicKey:
		return checkEC(k)
	}
	return nil // which serves no algorithm
}

func checkRSA(k *rsa.PublicKey) error {
	if k == nil || k.N == nil {
		return errors.New("jose: RSA key is empty")
	}
	if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return errors.New("jose: RSA modulus must have 2048 to 8192 bits")
	}
	if k.N.Bit(0) == 0 || k.E < 3 || k.E&1 == 0 || k.E > 1<<31-1 {
		return errors.New("jose: RSA modulus and exponent must be odd, the exponent from 3 to 2^31-1")
	}
	return nil
}

func checkEC(k *ecdsa.PublicKey) error {
	if k == nil {
		return errors.New("jose: elliptic curve key is empty")
	}
	if _, err := k.Bytes(); err != nil {
		return errors.New("jose: elliptic curve key must be a point on its curve")
	}
	return nil
}

// parseEC reads the members of RFC 7518, Section 6.2.1.
func parseEC(m strictjson.Object) (*ecdsa.PublicKey, error) {
	if crv, _ := m.Get("crv").String(); crv != "P-256" {
		return nil, errors.New("jose: JWK crv is not one of this package")
	}
	x, okX := bytesMember(m, "x")
	y, okY := bytesMember(m, "y")
	if !okX || !okY || len(x) != es256Size || len(y) != es256Size {
		return nil, errors.New("jose: JWK x and y must have the curve's size " +
			"(RFC 7518, Section 6.2.1)")
	}
	point := slices.Concat([]byte{4}, x, y)
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, errors.New("jose: JWK point must be on its curve")
	}
	return k, nil
}

// bytesMember returns a member's decoded bytes, at least one.
func bytesMember(m strictjson.Object, name string) ([]byte, bool) {
	s, ok := m.Get(name).String()
	if !ok {
		return nil, false
	}
	b, ok := decode(s)
	return b, ok && len(b) > 0
}

// MarshalJSON writes the public key as a JWK, whether or not the key can sign.
func (k *Key) MarshalJSON() ([]byte, error) {
	m := map[string]string{"use": "sig"}
	if k.id != "" {
		m["kid"] = k.id
	}
	if len(k.algorithms) == 1 {
		m["alg"] = k.algorithms[0]
	}
	switch pub := k.public.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"] = "RSA", encode(pub.N.Bytes())
		m["e"] = encode(big.NewInt(int64(pub.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := pub.Bytes()
		if err != nil {
			return nil, err
		}
		m["kty"], m["crv"] = "EC", "P-256"
		m["x"], m["y"] = encode(point[1:1+es256Size]), encode(point[1+es256Size:])
	}
	return json.Marshal(m)
}
