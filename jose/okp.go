package jose

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/fips140"
	"crypto/rand"

	"vouchsafe/internal/strictjson"
)

// An edKey is a key of kty OKP on Ed25519, RFC 8037, Section 2.
type edKey struct{ ed25519.PublicKey }

var edAlgorithms = []string{"EdDSA", "Ed25519"}

func (k edKey) algorithms() []string { return edAlgorithms }

func (k edKey) check() error {
	if len(k.PublicKey) != ed25519.PublicKeySize {
		return checkError("x", "must have 32 bytes", "RFC 8037, Section 2")
	}
	return nil
}

// parseOKP reads both curves that this package has; it lacks Ed448 and X448.
func parseOKP(m strictjson.Object) (material, error) {
	x, ok := octetsMember(m, "x")
	if !ok {
		return nil, checkError("x", "must be base64url", "RFC 8037, Section 2")
	}
	switch crv, _ := m.Get("crv").String(); crv {
	case "Ed25519":
		return edKey{x}, edKey{x}.check()
	case "X25519":
		key, err := ecdh.X25519().NewPublicKey(x)
		if err != nil {
			return nil, checkError("x", "must have 32 bytes, outside FIPS 140-only mode",
				"RFC 8037, Section 2")
		}
		return xKey{key}, nil
	}
	return nil, checkError("crv", "must be Ed25519 or X25519", "RFC 8037, Section 2")
}

func (k edKey) parsePrivate(m strictjson.Object) (any, error) {
	d, ok := octetsMember(m, "d")
	if ok && len(d) == ed25519.SeedSize {
		if private := ed25519.NewKeyFromSeed(d); k.Equal(private.Public()) {
			return private, nil
		}
	}
	return nil, checkError("d", "must have 32 bytes and belong to x", "RFC 8037, Section 2")
}

func (k edKey) writeTo(w *writer) {
	w.text("crv", "Ed25519")
	w.text("kty", "OKP")
	w.octets("x", k.PublicKey)
}

func (k edKey) checkPrivate(private any) error {
	key, ok := private.(ed25519.PrivateKey)
	if ok && !ed25519.NewKeyFromSeed(key.Seed()).Equal(key) {
		return checkError("d", "must belong to x", "RFC 8037, Section 2")
	}
	return nil
}

func (k edKey) writePrivate(w *writer, private any) bool {
	key, ok := private.(ed25519.PrivateKey)
	if ok {
		w.octets("d", key.Seed())
	}
	return ok
}

// verify is Ed25519, RFC 8037, Section 3.1.
func (k edKey) verify(input, sig []byte) bool {
	return ed25519.Verify(k.PublicKey, input, sig)
}

func (k edKey) sign(key crypto.Signer, input []byte) ([]byte, error) {
	return key.Sign(rand.Reader, input, crypto.Hash(0))
}

// An xKey is a key of kty OKP on X25519, RFC 8037, Section 2.
type xKey struct{ *ecdh.PublicKey }

func (k xKey) algorithms() []string { return ecdhAlgorithms }

func (k xKey) check() error {
	if k.Curve() != ecdh.X25519() {
		return checkError("crv", "must be X25519, P-256, P-384 or P-521", "RFC 8037, Section 2")
	}
	if fips140.Enforced() {
		return checkError("crv", "must not be X25519 in FIPS 140-only mode", "RFC 8037, Section 2")
	}
	return nil
}

func (k xKey) parsePrivate(m strictjson.Object) (any, error) {
	d, ok := octetsMember(m, "d")
	private, err := ecdh.X25519().NewPrivateKey(d)
	if !ok || err != nil || !private.PublicKey().Equal(k.PublicKey) {
		return nil, checkError("d", "must have 32 bytes and belong to x", "RFC 8037, Section 2")
	}
	return private, nil
}

func (k xKey) writeTo(w *writer) {
	w.text("crv", "X25519")
	w.text("kty", "OKP")
	w.octets("x", k.Bytes())
}

func (k xKey) checkPrivate(any) error { return nil } // crypto/ecdh has no key that does not fit

func (k xKey) writePrivate(w *writer, private any) bool {
	key, ok := private.(*ecdh.PrivateKey)
	if ok {
		w.octets("d", key.Bytes())
	}
	return ok
}

// exchange returns the public key for ECDH, RFC 8037, Section 3.2.
func (k xKey) exchange() (*ecdh.PublicKey, error) { return k.PublicKey, nil }
