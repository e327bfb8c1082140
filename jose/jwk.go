package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"vouchsafe/internal/strictjson"
)

const maxKeyIDSize = 256

// A Key is a JSON Web Key, RFC 7517, with the algorithms it may serve. It is
// immutable and safe for concurrent use. Printing it shows no secret. The zero Key
// serves nothing.
type Key struct {
	id           string
	material     material
	private      func() any // nil for a public or symmetric key; hidden from fmt
	uses         use
	algorithms   []string
	certificates []*x509.Certificate
	issuer       string
}

// A material is what one type of key consists of: RSA, EC, OKP on either curve, or
// oct. Each type has a file, all of them built alike.
type material interface {
	// algorithms lists those that the key's type, curve and length allow.
	algorithms() []string

	// check refuses a key that no one should have, whoever brings it.
	check() error

	// checkPrivate refuses a private key of the standard library that does not fit.
	checkPrivate(private any) error

	// parsePrivate reads the private members and checks that they fit.
	parsePrivate(m strictjson.Object) (any, error)

	// writeTo writes the members that RFC 7638, Section 3.2 asks for, in its order.
	writeTo(w *writer)

	// writePrivate writes the rest, if private is at hand and not in an HSM.
	writePrivate(w *writer, private any) bool
}

// KeyOptions are what [NewKey] is told of a key beyond the key itself.
type KeyOptions struct {
	// ID is the "kid", RFC 7517, Section 4.5. A [Set] finds a key for a token that
	// names an ID only if this is it. It may be empty.
	ID string

	// Algorithm is the "alg", RFC 7517, Section 4.4. If empty, the key serves all that
	// suit it.
	Algorithm string

	// Use is the "use", RFC 7517, Section 4.2: "sig", "enc", or empty for both.
	Use string
}

// NewKey makes a Key of what the standard library calls a key:
//
//   - *rsa.PublicKey or *rsa.PrivateKey of 2048 to 8192 bits;
//   - *ecdsa.PublicKey or *ecdsa.PrivateKey on P-256, P-384 or P-521;
//   - ed25519.PublicKey or ed25519.PrivateKey;
//   - *ecdh.PublicKey or *ecdh.PrivateKey on X25519, P-256, P-384 or P-521;
//   - []byte, a secret for HMAC or AES, which is copied;
//   - any [crypto.Signer], [crypto.Decrypter] or [ecdh.KeyExchanger] whose public
//     key is one of these, so that the private one may be in an HSM or a KMS.
//
// Keys in PEM are what x509.ParsePKCS8PrivateKey and x509.ParsePKIXPublicKey return.
// What a pointer points to must not be changed afterwards.
//
// A key that is weak, or that serves no algorithm of this package, is an error.
func NewKey(key any, o KeyOptions) (*Key, error) {
	k := &Key{}
	var err error
	if secret, ok := key.([]byte); ok {
		k.material, err = newOctKey(secret)
	} else {
		k.material, k.private, err = newPair(key)
	}
	if err != nil {
		return nil, err
	}
	return k.limit(o, anyUse)
}

// newPair makes a material of a public key, or of a private one, which it then
// returns too.
func newPair(key any) (m material, private func() any, err error) {
	if isEmpty(key) {
		return nil, nil, checkError("key", "must not be empty", "RFC 7517, Section 4")
	}
	switch ed := key.(type) {
	case ed25519.PrivateKey:
		key = slices.Clone(ed)
	case *ed25519.PrivateKey:
		return newPair(*ed)
	}
	public := key
	switch pair := key.(type) {
	case interface{ Public() crypto.PublicKey }:
		public, private = pair.Public(), func() any { return key }
	case ecdh.KeyExchanger:
		public, private = pair.PublicKey(), func() any { return key }
	}
	if m, err = newMaterial(public); err == nil {
		err = m.checkPrivate(key)
	}
	return m, private, err
}

// isEmpty reports whether v, a key or a KeySource, is one without a value, which could
// not even be asked.
func isEmpty(v any) bool {
	if ed, ok := v.(ed25519.PrivateKey); ok {
		return len(ed) != ed25519.PrivateKeySize
	}
	r := reflect.ValueOf(v)
	return v == nil || r.Kind() == reflect.Pointer && r.IsNil()
}

// newMaterial makes a material of a public key.
func newMaterial(key any) (m material, err error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		m = newRSAKey(key)
	case *ecdsa.PublicKey:
		m = ecKey{key}
	case ed25519.PublicKey:
		m = edKey{bytes.Clone(key)}
	case *ecdh.PublicKey:
		return newExchangeKey(key)
	default:
		return nil, checkError("key", "must be of a type that NewKey lists",
			"RFC 7518, Section 6.1")
	}
	return m, m.check()
}

// limit sets what k may be used for: what o and ops say, as far as its material can.
func (k *Key) limit(o KeyOptions, ops use) (*Key, error) {
	if len(o.ID) > maxKeyIDSize || !utf8.ValidString(o.ID) {
		return nil, checkError("kid", "must be UTF-8, of at most 256 bytes",
			"RFC 7517, Section 4.5")
	}
	k.id = o.ID
	k.uses = ops & usesOf(o.Use)
	if k.private == nil && !k.symmetric() {
		k.uses &= toVerify | toEncrypt
	}
	for _, name := range k.material.algorithms() {
		if (o.Algorithm == "" || o.Algorithm == name) && k.uses&usesFor(name) != 0 {
			k.algorithms = append(k.algorithms, name)
		}
	}
	if len(k.algorithms) == 0 {
		return nil, checkError("key",
			"must serve an algorithm, by its type, size, use, key_ops and alg",
			"RFC 7517, Section 4")
	}
	return k, nil
}

// GenerateKey makes a new private or symmetric key for algorithm: the "alg" of a
// signature, a key management algorithm, or, to be used with "dir", a content
// encryption algorithm. RSA keys have 2048 bits, those for ECDH are on P-256,
// those for HMAC as long as the hash. Its ID is random.
func GenerateKey(algorithm string) (*Key, error) {
	key, err := generate(algorithm)
	if err != nil {
		return nil, err
	}
	return NewKey(key, KeyOptions{ID: rand.Text(), Algorithm: algorithm})
}

func generate(algorithm string) (any, error) {
	if c, ok := findCurve(func(c namedCurve) bool { return c.signature == algorithm }); ok {
		return ecdsa.GenerateKey(c.curve, rand.Reader)
	}
	if slices.Contains(rsaAlgorithms, algorithm) {
		return rsa.GenerateKey(rand.Reader, minRSABits)
	}
	if slices.Contains(edAlgorithms, algorithm) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	if slices.Contains(ecdhAlgorithms, algorithm) {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	size := keySize(algorithm)
	if size == 0 {
		return nil, checkError("alg", "must be one of this package, and say the key's size",
			"RFC 7518, Section 3.1")
	}
	octets := make([]byte, size)
	_, err := rand.Read(octets)
	return octets, err
}

// keySize returns the length in bytes of a symmetric key made for algorithm.
func keySize(algorithm string) int {
	if a, ok := findSignatureAlgorithm(algorithm); ok {
		return a.hash.Size()
	}
	if a, ok := findKeyManagement(algorithm); ok {
		return a.keySize
	}
	e, _ := findEncryption(algorithm)
	return e.keySize
}

// ID returns the "kid", empty if the key has none.
func (k *Key) ID() string { return k.id }

// Issuer returns the member "issuer" that the key was parsed with, empty if it had none. It
// is Microsoft's and of no RFC: whose tokens the key signs, in a set that signs for many. A
// [Verifier] does not look at it.
func (k *Key) Issuer() string { return k.issuer }

// Algorithms returns the names of the algorithms that the key may serve.
func (k *Key) Algorithms() []string { return slices.Clone(k.algorithms) }

// Certificates returns those of the "x5c" member, RFC 7517, Section 4.7. The first
// is known to be of this key; nobody has verified the chain.
func (k *Key) Certificates() []*x509.Certificate { return slices.Clone(k.certificates) }

func (k *Key) serves(algorithm string) bool { return slices.Contains(k.algorithms, algorithm) }

// may reports whether k may do any of u. No key may do nothing.
func (k *Key) may(u use) bool { return k != nil && k.uses&u != 0 }

func (k *Key) symmetric() bool {
	_, ok := k.material.(octKey)
	return ok
}

// signer returns the private key, nil if it cannot sign.
func (k *Key) signer() crypto.Signer {
	if k.private == nil {
		return nil
	}
	s, _ := k.private().(crypto.Signer)
	return s
}

// jwkMembers are the registered members of a JWK, RFC 7517, Section 4 and RFC
// 7518, Section 6.
var jwkMembers = []string{"kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256",
	"n", "e", "d", "p", "q", "dp", "dq", "qi", "oth", "crv", "x", "y", "k"}

// secretMembers are those of them that only a private or symmetric key has.
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// ParseKey reads a public key as a JWK, RFC 7517. A private or a symmetric one is
// refused. So is one that is weak, whose members do not fit one another (its first
// certificate included), or that its use, key_ops and alg leave nothing to do.
//
// The error is a [*CheckError] whose Check is "size", "key", or names the members at
// fault, or says that the JWK is not strict JSON.
func ParseKey(jwk []byte) (*Key, error) { return parseText(string(jwk), false) }

// ParsePrivateKey reads a private or a symmetric key as a JWK, as strictly as
// [ParseKey] does. A public key is refused.
func ParsePrivateKey(jwk []byte) (*Key, error) { return parseText(string(jwk), true) }

// maxKeyText bounds the texts of keys and sets, in bytes.
const maxKeyText = 1 << 20

func errKeyText() error {
	return checkError("size", "must be at most 1 MiB", "RFC 7517, Section 5")
}

func parseText(jwk string, private bool) (*Key, error) {
	if len(jwk) > maxKeyText {
		return nil, errKeyText()
	}
	m, err := strictjson.Parse(jwk, jwkMembers...)
	if err != nil {
		return nil, fmt.Errorf("jose: JWK: %w", err)
	}
	return parseKey(m, private)
}

func parseKey(m strictjson.Object, private bool) (*Key, error) {
	if !private && hasSecret(m) {
		return nil, checkError("key", "must be public", "RFC 7517, Section 9.2")
	}
	kty, o, ops, err := parseUse(m)
	if err != nil {
		return nil, err
	}
	k := &Key{}
	if !stringMembers(m, stringMember{"issuer", &k.issuer}) {
		return nil, checkError("issuer", "must be a string", "RFC 7517, Section 4")
	}
	if k.material, err = parseMaterial(kty, m); err != nil {
		return nil, err
	}
	if private && !k.symmetric() {
		if m.Get("d") == "" {
			return nil, checkError("d", "must be there: the key is public", "RFC 7517, Section 9.2")
		}
		secret, err := k.material.parsePrivate(m)
		if err != nil {
			return nil, err
		}
		k.private = func() any { return secret }
	}
	if k.certificates, err = parseCertificates(k.material, m); err != nil {
		return nil, err
	}
	return k.limit(o, ops)
}

// hasSecret reports whether a JWK has a member that only a private or symmetric key has.
func hasSecret(m strictjson.Object) bool {
	return slices.ContainsFunc(secretMembers,
		func(name string) bool { return m.Get(name) != "" })
}

// parseUse reads the members that say what a key is and what it is for.
func parseUse(m strictjson.Object) (kty string, o KeyOptions, ops use, err error) {
	if !stringMembers(m, stringMember{"kty", &kty}, stringMember{"kid", &o.ID},
		stringMember{"alg", &o.Algorithm}, stringMember{"use", &o.Use}) {
		return "", o, 0, checkError("kty", "must be a string, as alg, kid and use must be",
			"RFC 7517, Section 4")
	}
	if o.Use == "" && m.Get("use") != "" || o.Algorithm == "" && m.Get("alg") != "" {
		return "", o, 0, checkError("use", "must not be empty, nor alg", "RFC 7517, Section 4")
	}
	if ops, err = parseKeyOps(m.Get("key_ops")); err != nil {
		return "", o, 0, err
	}
	if m.Get("key_ops") != "" && ops&^usesOf(o.Use) != 0 {
		return "", o, 0, checkError("key_ops", "must be consistent with use",
			"RFC 7517, Section 4.3")
	}
	return kty, o, ops, nil
}

// parseMaterial reads the public members and makes the checks of check.
func parseMaterial(kty string, m strictjson.Object) (material, error) {
	switch kty {
	case "RSA":
		return parseRSA(m)
	case "EC":
		return parseEC(m)
	case "OKP":
		return parseOKP(m)
	case "oct":
		return parseOct(m)
	}
	return nil, checkError("kty", "must be RSA, EC, OKP or oct", "RFC 7517, Section 4.1")
}

// octetsMember returns a member's decoded bytes, at least one.
func octetsMember(m strictjson.Object, name string) ([]byte, bool) {
	s, ok := m.Get(name).String()
	if !ok {
		return nil, false
	}
	b, ok := decode(s)
	return b, ok && len(b) > 0
}

// A stringMember is one that stringMembers reads.
type stringMember struct {
	name string
	to   *string
}

// stringMembers reads members that are strings if they are there.
func stringMembers(m strictjson.Object, list ...stringMember) bool {
	for _, e := range list {
		if value := m.Get(e.name); value != "" {
			var ok bool
			if *e.to, ok = value.String(); !ok {
				return false
			}
		}
	}
	return true
}

// MarshalJSON writes the public key as a JWK, whether or not the key is private. A
// symmetric key has no public part and is an error.
func (k *Key) MarshalJSON() ([]byte, error) {
	if k.material == nil || k.symmetric() {
		return nil, checkError("key", "must have a public half, or be written by MarshalPrivate",
			"RFC 7517, Section 9.2")
	}
	var w writer
	k.material.writeTo(&w)
	w.text("use", k.uses.name())
	k.writeRest(&w)
	return w.end(), nil
}

// MarshalPrivate writes the key as a JWK with its secret. A key that has none, or
// whose secret is not at hand, as in an HSM, is an error.
func (k *Key) MarshalPrivate() ([]byte, error) {
	var w writer
	var private any
	if k.private != nil {
		private = k.private()
	}
	if k.material == nil || !k.material.writePrivate(&w, private) {
		return nil, checkError("key", "must have its private part at hand", "RFC 7517, Section 9.2")
	}
	k.material.writeTo(&w)
	if ops := k.uses.operations(); ops != nil { // which RFC 7517, Section 4.3 has instead of use
		w.name("key_ops")
		w.strings(ops)
	} else {
		w.text("use", k.uses.name())
	}
	k.writeRest(&w)
	return w.end(), nil
}

// writeRest writes the members that do not depend on the type of key.
func (k *Key) writeRest(w *writer) {
	if len(k.algorithms) == 1 {
		w.text("alg", k.algorithms[0])
	}
	w.text("kid", k.id)
	w.text("issuer", k.issuer)
	if len(k.certificates) > 0 {
		w.name("x5c")
		w.strings(chain(k.certificates))
	}
}
