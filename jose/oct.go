package jose

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"hash"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"vouchsafe/internal/strictjson"
)

// An octKey is a key of kty oct, RFC 7518, Section 6.4: a secret that both sides
// have. It is behind a function, so that fmt cannot reach it.
type octKey struct{ held func() *secret }

// A secret keeps hashes keyed with it, because keying one costs as much as
// hashing a short token.
type secret struct {
	octets []byte
	macs   map[crypto.Hash]*sync.Pool
}

func newOctKey(octets []byte) (material, error) {
	s := &secret{bytes.Clone(octets), make(map[crypto.Hash]*sync.Pool)}
	for h, f := range map[crypto.Hash]func() hash.Hash{
		crypto.SHA256: sha256.New, crypto.SHA384: sha512.New384, crypto.SHA512: sha512.New,
	} {
		s.macs[h] = &sync.Pool{New: func() any { return &mac{keyed: hmac.New(f, s.octets)} }}
	}
	k := octKey{func() *secret { return s }}
	return k, k.check()
}

func (k octKey) octets() []byte { return k.held().octets }

// algorithms are those whose keys have this length: at least that of the hash for
// HMAC (RFC 7518, Section 3.2), exactly that of the cipher's key for AES.
func (k octKey) algorithms() []string {
	size := len(k.octets())
	var names, direct []string
	for _, a := range signatureAlgorithms {
		if a.name[0] == 'H' && size >= a.hash.Size() {
			names = append(names, a.name)
		}
	}
	for _, a := range keyManagementAlgorithms {
		if a.keySize == size && (a.mode == keyWrap || a.mode == gcmKeyWrap) {
			names = append(names, a.name)
		}
	}
	for _, e := range encryptions {
		if e.keySize == size {
			names, direct = append(names, e.name), []string{"dir"}
		}
	}
	return append(names, direct...)
}

// textsOfKeys are found in the texts of keys, and never in random octets.
var textsOfKeys = []string{"-----begin", "---- begin", "ssh-rsa", "ssh-dss", "ssh-ed25519",
	"ecdsa-sha2-", `"kty"`, `"keys"`}

// check refuses a key that is really the text of another one, or its base64. Whoever
// takes that for a secret has taken something public for it.
func (k octKey) check() error {
	if isKeyText(k.octets()) || isKeyText(decodeAny(k.octets())) {
		return checkError("k", "must not be the PEM, DER, SSH or JWK text of another key",
			"RFC 8725, Section 3.1")
	}
	return nil
}

func isKeyText(b []byte) bool {
	lower := strings.ToLower(string(b))
	contains := func(text string) bool { return strings.Contains(lower, text) }
	b = bytes.TrimLeft(b, "\ufeff\x00 \t\r\n")
	return slices.ContainsFunc(textsOfKeys, contains) || isDER(b) || isJWK(string(b))
}

// decodeAny decodes base64 of every kind, nil if b is none.
func decodeAny(b []byte) []byte {
	text := strings.NewReplacer("-", "+", "_", "/", "=", "", " ", "", "\t", "").Replace(string(b))
	decoded, err := base64.RawStdEncoding.DecodeString(text) // which skips line breaks
	if err != nil {
		return nil
	}
	return decoded
}

// isDER reports whether b begins with an ASN.1 SEQUENCE of values, the first of them a
// SEQUENCE or an INTEGER, that is as long as that of the shortest public key. Random
// octets hardly ever do. Digits and letters do now and then, but no key is all ASCII.
func isDER(b []byte) bool {
	var whole asn1.RawValue
	var values []asn1.RawValue
	binary := slices.ContainsFunc(b, func(c byte) bool { return c == 0 || c >= utf8.RuneSelf })
	if _, err := asn1.Unmarshal(b, &whole); err != nil || !binary || len(whole.Bytes) < 40 {
		return false
	}
	_, err := asn1.Unmarshal(whole.FullBytes, &values)
	return err == nil && (values[0].Tag == asn1.TagSequence || values[0].Tag == asn1.TagInteger)
}

// isJWK reports whether text is a JWK or a JWK Set, however its names are escaped.
func isJWK(text string) bool {
	m, err := strictjson.Parse(text)
	return err == nil && (m.Get("kty") != "" || m.Get("keys") != "")
}

func parseOct(m strictjson.Object) (material, error) {
	octets, ok := octetsMember(m, "k")
	if !ok {
		return nil, checkError("k", "must be base64url", "RFC 7518, Section 6.4.1")
	}
	return newOctKey(octets)
}

func (k octKey) checkPrivate(any) error { return nil }

func (k octKey) parsePrivate(strictjson.Object) (any, error) { return nil, nil }

func (k octKey) writeTo(w *writer) {
	w.octets("k", k.octets())
	w.text("kty", "oct")
}

func (k octKey) writePrivate(*writer, any) bool { return true }

// A mac is a keyed hash and room for its input and output, which would otherwise be
// made anew for each token.
type mac struct {
	keyed hash.Hash
	input []byte
	sum   [sha512.Size]byte
}

// verify is HMAC, RFC 7518, Section 3.2.
func (k octKey) verify(a signatureAlgorithm, input, sig []byte) bool {
	pool := k.held().macs[a.hash]
	m := pool.Get().(*mac)
	defer pool.Put(m)
	return hmac.Equal(m.of(input), sig)
}

func (k octKey) sign(a signatureAlgorithm, input []byte) []byte {
	pool := k.held().macs[a.hash]
	m := pool.Get().(*mac)
	defer pool.Put(m)
	return bytes.Clone(m.of(input))
}

// of returns the HMAC of input, which the next call overwrites.
func (m *mac) of(input []byte) []byte {
	m.input = append(m.input[:0], input...)
	m.keyed.Reset()
	m.keyed.Write(m.input)
	return m.keyed.Sum(m.sum[:0])
}
