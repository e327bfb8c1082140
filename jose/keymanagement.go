package jose

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"

	"vouchsafe/internal/strictjson"
)

// A mode is how a key management algorithm gets both sides the content encryption
// key, RFC 7516, Section 2.
type mode int

const (
	direct       mode = iota + 1 // the shared key itself
	keyWrap                      // AES Key Wrap
	gcmKeyWrap                   // AES GCM
	oaep                         // RSAES-OAEP
	agree                        // ECDH-ES
	agreeAndWrap                 // ECDH-ES, then AES Key Wrap
)

// A keyManagement is a value of "alg" in a JWE, RFC 7518, Section 4.1. The list is
// closed, and RSA1_5 and PBES2 are not in it.
type keyManagement struct {
	name    string
	mode    mode
	keySize int // of the AES key, in bytes
	hash    crypto.Hash
}

var keyManagementAlgorithms = []keyManagement{
	{"RSA-OAEP-256", oaep, 0, crypto.SHA256},
	{"RSA-OAEP-384", oaep, 0, crypto.SHA384},
	{"RSA-OAEP-512", oaep, 0, crypto.SHA512},
	{"RSA-OAEP", oaep, 0, crypto.SHA1},
	{"ECDH-ES", agree, 0, 0},
	{"ECDH-ES+A128KW", agreeAndWrap, 16, 0},
	{"ECDH-ES+A192KW", agreeAndWrap, 24, 0},
	{"ECDH-ES+A256KW", agreeAndWrap, 32, 0},
	{"A128KW", keyWrap, 16, 0},
	{"A192KW", keyWrap, 24, 0},
	{"A256KW", keyWrap, 32, 0},
	{"A128GCMKW", gcmKeyWrap, 16, 0},
	{"A192GCMKW", gcmKeyWrap, 24, 0},
	{"A256GCMKW", gcmKeyWrap, 32, 0},
	{"dir", direct, 0, 0},
}

var ecdhAlgorithms = []string{"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"}

// KeyManagementAlgorithms lists the values of "alg" that this package encrypts and
// decrypts with.
func KeyManagementAlgorithms() []string {
	names := make([]string, len(keyManagementAlgorithms))
	for i, a := range keyManagementAlgorithms {
		names[i] = a.name
	}
	return names
}

func findKeyManagement(name string) (keyManagement, bool) {
	return find(keyManagementAlgorithms, func(a keyManagement) bool { return a.name == name })
}

// isDirect reports whether there is no encrypted key, RFC 7516, Section 5.2.
func (a keyManagement) isDirect() bool { return a.mode == direct || a.mode == agree }

// exchanger is a material for ECDH.
type exchanger interface {
	exchange() (*ecdh.PublicKey, error)
}

// decrypt returns the content encryption key for e. k must serve a.
func (a keyManagement) decrypt(k *Key, r recipient, e encryption) ([]byte, bool) {
	switch a.mode {
	case oaep:
		return a.decryptOAEP(k, r.encryptedKey)
	case agree, agreeAndWrap:
		return a.decryptECDH(k, r, e)
	}
	t, ok := k.material.(octKey)
	if !ok {
		return nil, false
	}
	switch a.mode {
	case keyWrap:
		return unwrapKey(t.octets(), r.encryptedKey)
	case gcmKeyWrap:
		iv, okIV := r.parameters.octets("iv")
		tag, okTag := r.parameters.octets("tag")
		if !okIV || !okTag {
			return nil, false
		}
		return openGCM(t.octets(), iv, r.encryptedKey, tag, nil)
	}
	return t.octets(), true
}

// decryptOAEP is RFC 7518, Section 4.3, and RFC 8725, Section 3.2 is why no
// other RSA encryption is here.
func (a keyManagement) decryptOAEP(k *Key, encrypted []byte) ([]byte, bool) {
	d, ok := k.private().(crypto.Decrypter)
	if !ok {
		return nil, false
	}
	cek, err := d.Decrypt(rand.Reader, encrypted, &rsa.OAEPOptions{Hash: a.hash})
	return cek, err == nil
}

// decryptECDH is RFC 7518, Section 4.6, for the static private key k.
func (a keyManagement) decryptECDH(k *Key, r recipient, e encryption) ([]byte, bool) {
	private, okPrivate := k.exchanger()
	public, okPublic := parseEphemeral(string(r.parameters.Get("epk")))
	if !okPrivate || !okPublic || public.Curve() != private.Curve() {
		return nil, false
	}
	z, err := private.ECDH(public)
	if err != nil {
		return nil, false
	}
	apu, okU := r.parameters.octets("apu")
	apv, okV := r.parameters.octets("apv")
	if !okU || !okV {
		return nil, false
	}
	key := a.derive(z, apu, apv, e)
	if a.mode == agree {
		return key, true
	}
	return unwrapKey(key, r.encryptedKey)
}

// parseEphemeral reads the "epk", a public key, RFC 7518, Section 4.6.1.1. What it may
// be used for is not asked: it is used for this.
func parseEphemeral(jwk string) (*ecdh.PublicKey, bool) {
	m, err := strictjson.Parse(jwk, jwkMembers...)
	if err != nil || hasSecret(m) {
		return nil, false
	}
	kty, _ := m.Get("kty").String()
	key, err := parseMaterial(kty, m)
	t, ok := key.(exchanger)
	if err != nil || !ok {
		return nil, false
	}
	public, err := t.exchange()
	return public, err == nil
}

// derive returns the content encryption key, or the key that wraps it.
func (a keyManagement) derive(z, apu, apv []byte, e encryption) []byte {
	if a.mode == agree {
		return concatKDF(z, e.name, apu, apv, e.keySize)
	}
	return concatKDF(z, a.name, apu, apv, a.keySize)
}

// exchanger returns the private key for ECDH.
func (k *Key) exchanger() (ecdh.KeyExchanger, bool) {
	switch private := k.private().(type) {
	case *ecdsa.PrivateKey:
		key, err := private.ECDH()
		return key, err == nil
	case ecdh.KeyExchanger:
		return private, true
	}
	return nil, false
}

// octets returns a parameter's decoded bytes, none if it is absent.
func (p parameters) octets(name string) ([]byte, bool) {
	if p.Get(name) == "" {
		return nil, true
	}
	text, ok := p.Get(name).String()
	if !ok {
		return nil, false
	}
	return decode(text)
}

// A wrapping is what one recipient is sent: its header and the encrypted key.
type wrapping struct {
	algorithm, keyID, iv, tag, apu, apv string
	ephemeral                           *Key
	encryptedKey                        []byte
}

func (r wrapping) writeTo(w *writer) error {
	w.text("alg", r.algorithm)
	w.text("kid", r.keyID)
	w.text("iv", r.iv)
	w.text("tag", r.tag)
	w.text("apu", r.apu)
	w.text("apv", r.apv)
	if r.ephemeral == nil {
		return nil
	}
	var epk writer
	r.ephemeral.material.writeTo(&epk)
	return w.value("epk", json.RawMessage(epk.end()))
}

// encrypt encrypts cek for k, which must serve a, and returns cek, or the key that
// takes its place if a is direct.
func (a keyManagement) encrypt(k *Key, e encryption, cek []byte, o EncryptOptions) (
	r wrapping, key []byte, err error) {
	r = wrapping{algorithm: a.name, keyID: k.id}
	switch t := k.material.(type) {
	case rsaKey:
		r.encryptedKey, err = rsa.EncryptOAEP(a.hash.New(), rand.Reader, t.PublicKey, cek, nil)
	case exchanger:
		return a.encryptECDH(r, t, e, cek, o)
	case octKey:
		switch a.mode {
		case direct:
			return r, t.octets(), nil
		case keyWrap:
			r.encryptedKey, err = wrapKey(t.octets(), cek)
		case gcmKeyWrap:
			var iv, tag []byte
			iv, r.encryptedKey, tag, err = sealGCM(t.octets(), cek, nil)
			r.iv, r.tag = encode(iv), encode(tag)
		}
	}
	return r, cek, err
}

// encryptECDH is RFC 7518, Section 4.6, with a new key each time.
func (a keyManagement) encryptECDH(r wrapping, t exchanger, e encryption, cek []byte,
	o EncryptOptions) (wrapping, []byte, error) {
	public, err := t.exchange()
	if err != nil {
		return r, nil, err
	}
	private, err := public.Curve().GenerateKey(rand.Reader)
	if err != nil {
		return r, nil, err
	}
	z, err := private.ECDH(public)
	if err != nil {
		return r, nil, err
	}
	if r.ephemeral, err = NewKey(private.PublicKey(), KeyOptions{}); err != nil {
		return r, nil, err
	}
	r.apu, r.apv = encode(o.PartyUInfo), encode(o.PartyVInfo)
	key := a.derive(z, o.PartyUInfo, o.PartyVInfo, e)
	if a.mode == agree {
		return r, key, nil
	}
	r.encryptedKey, err = wrapKey(key, cek)
	return r, cek, err
}
