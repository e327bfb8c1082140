package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

const keyID = "2026-11-signing-1"

// keys has a private key of every kind.
type keys struct {
	secret []byte
	rsa    *rsa.PrivateKey
	ec     *ecdsa.PrivateKey
	ed     ed25519.PrivateKey
}

func newKeys() (*keys, error) {
	k := &keys{secret: make([]byte, 32)}
	rand.Read(k.secret)
	var err error
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	_, k.ed, err = ed25519.GenerateKey(rand.Reader)
	return k, err
}

func (k *keys) private(alg string) any {
	switch alg[:2] {
	case "HS":
		return k.secret
	case "ES":
		return k.ec
	case "Ed":
		return k.ed
	default:
		return k.rsa
	}
}

func (k *keys) public(alg string) any {
	switch alg[:2] {
	case "HS":
		return k.secret
	case "ES":
		return &k.ec.PublicKey
	case "Ed":
		return k.ed.Public()
	default:
		return &k.rsa.PublicKey
	}
}

// publicKey is a public key as it is published.
type publicKey struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
}

func rsaJWK(id string, k *rsa.PublicKey) publicKey {
	return publicKey{Type: "RSA", Use: "sig", ID: id, Algorithm: "RS256",
		N: text(k.N.Bytes()), E: "AQAB"}
}

func ecJWK(id string, k *ecdsa.PublicKey) (publicKey, error) {
	point, err := k.Bytes()
	if err != nil {
		return publicKey{}, err
	}
	return publicKey{Type: "EC", Use: "sig", ID: id, Algorithm: "ES256", Curve: "P-256",
		X: text(point[1:33]), Y: text(point[33:])}, nil
}

// canonical is what a thumbprint is a hash of, RFC 7638, Section 3.2.
func (k publicKey) canonical() []byte {
	if k.Type == "RSA" {
		return fmt.Appendf(nil, `{"e":%q,"kty":"RSA","n":%q}`, k.E, k.N)
	}
	return fmt.Appendf(nil, `{"crv":%q,"kty":"EC","x":%q,"y":%q}`, k.Curve, k.X, k.Y)
}

// bigSet is the RSA key in the middle of 99 others.
func bigSet(k *keys) ([]byte, error) {
	var set []publicKey
	for i := range 100 {
		set = append(set, rsaJWK(fmt.Sprintf("2026-11-other-%d", i), decoy()))
	}
	set[50] = rsaJWK(keyID, &k.rsa.PublicKey)
	return setJSON(set)
}

// smallSet is five RSA keys and five on P-256, as providers publish them.
func smallSet() ([]byte, error) {
	var set []publicKey
	for i := range 5 {
		pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		ec, err := ecJWK(fmt.Sprintf("2026-11-ec-%d", i), &pair.PublicKey)
		if err != nil {
			return nil, err
		}
		set = append(set, rsaJWK(fmt.Sprintf("2026-11-rsa-%d", i), decoy()), ec)
	}
	return setJSON(set)
}

// decoy looks like an RSA key. Nobody signs with it, so its modulus need not
// be a product of primes, which take long to find.
func decoy() *rsa.PublicKey {
	n := make([]byte, 256)
	rand.Read(n)
	n[0] |= 0x80
	n[255] |= 1
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
}

func setJSON(set []publicKey) ([]byte, error) {
	return json.Marshal(map[string][]publicKey{"keys": set})
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
