package jose

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
)

// EncryptOptions are the settings of [Encrypt] and [EncryptJSON]. The zero value
// will do.
type EncryptOptions struct {
	// Algorithm is the "alg". If empty, the first that the key serves.
	Algorithm string

	// Encryption is the "enc". If empty, A256GCM, or for a symmetric key used
	// directly, the first that fits it.
	Encryption string

	// Type is the "typ", RFC 7516, Section 4.1.11. If empty, there is none.
	Type string

	// ContentType is the "cty", RFC 7516, Section 4.1.12: "JWT" if what is encrypted
	// is a token. If empty, there is none.
	ContentType string

	// Header holds further parameters of the protected header. They must not be
	// those that this package sets.
	Header map[string]any

	// Critical names the parameters of Header that whoever decrypts must
	// understand, RFC 7516, Section 4.1.13.
	Critical []string

	// PartyUInfo and PartyVInfo go into the key agreed on by ECDH-ES, as "apu" and
	// "apv", RFC 7518, Section 4.6.1.
	PartyUInfo, PartyVInfo []byte

	// AdditionalData is protected but not encrypted, RFC 7516, Section 7.2.1. Only
	// a JSON serialization can carry it.
	AdditionalData []byte
}

// Encrypt returns plaintext encrypted for key in the compact serialization, RFC
// 7516, Section 5.1. The key's ID goes into the header. To nest a token, sign it
// first, and set o.ContentType to "JWT". A symmetric key that is used with AES GCM, by
// "dir" or A*GCMKW, must not encrypt more than 2^32 times (RFC 7518, Section 8.4).
func Encrypt(plaintext []byte, key *Key, o EncryptOptions) (string, error) {
	if o.AdditionalData != nil {
		return "", checkError("aad", "must not be given for a compact serialization",
			"RFC 7516, Section 7.1")
	}
	m, err := o.encrypt(plaintext, []*Key{key})
	if err != nil {
		return "", err
	}
	return strings.Join([]string{m.Protected, m.EncryptedKey, m.IV, m.Ciphertext, m.Tag}, "."), nil
}

// EncryptJSON returns plaintext encrypted for each of keys (at most 8) in the JSON
// serialization: flattened if there is one key, else general (RFC 7516, Section
// 7.2). For several keys the algorithm must be one that encrypts a key.
func EncryptJSON(plaintext []byte, keys []*Key, o EncryptOptions) ([]byte, error) {
	m, err := o.encrypt(plaintext, keys)
	if err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// A jweJSON is a JWE in the general serialization, RFC 7516, Section 7.2.1, or, with
// the encrypted key of one recipient, flattened, RFC 7516, Section 7.2.2.
type jweJSON struct {
	Protected    string          `json:"protected"`
	Recipients   []recipientJSON `json:"recipients,omitempty"`
	EncryptedKey string          `json:"encrypted_key,omitempty"`
	AAD          string          `json:"aad,omitempty"`
	IV           string          `json:"iv"`
	Ciphertext   string          `json:"ciphertext"`
	Tag          string          `json:"tag"`
}

type recipientJSON struct {
	Header       json.RawMessage `json:"header"`
	EncryptedKey string          `json:"encrypted_key"`
}

// encrypt is RFC 7516, Section 5.1.
func (o EncryptOptions) encrypt(plaintext []byte, keys []*Key) (jweJSON, error) {
	if len(keys) == 0 || len(keys) > maxParts {
		return jweJSON{}, checkError("keys", "must be 1 to 8", "RFC 7516, Section 7.2.1")
	}
	e, err := o.encryption(keys[0], len(keys) > 1)
	if err != nil {
		return jweJSON{}, err
	}
	cek := make([]byte, e.keySize)
	rand.Read(cek) // never fails
	var list []wrapping
	for _, key := range keys {
		a, err := o.algorithm(key, len(keys) > 1)
		if err != nil {
			return jweJSON{}, err
		}
		var r wrapping
		if r, cek, err = a.encrypt(key, e, cek, o); err != nil {
			return jweJSON{}, err
		}
		list = append(list, r)
	}
	return o.seal(plaintext, list, e, cek)
}

// seal encrypts the content once the recipients have their keys.
func (o EncryptOptions) seal(plaintext []byte, list []wrapping, e encryption, cek []byte) (
	jweJSON, error) {
	var m jweJSON
	w := writer{}
	w.text("enc", e.name)
	w.text("typ", o.Type)
	w.text("cty", o.ContentType)
	if len(list) == 1 {
		m.EncryptedKey = encode(list[0].encryptedKey)
		if err := list[0].writeTo(&w); err != nil {
			return jweJSON{}, err
		}
	} else {
		for _, r := range list {
			var header writer
			if err := r.writeTo(&header); err != nil {
				return jweJSON{}, err
			}
			m.Recipients = append(m.Recipients, recipientJSON{header.end(), encode(r.encryptedKey)})
		}
	}
	header, err := w.finish(o.Header, o.Critical)
	if err != nil {
		return jweJSON{}, err
	}
	m.Protected, m.AAD = encode(header), encode(o.AdditionalData)
	sent := encrypted{protected: m.Protected, aad: m.AAD}
	iv, ciphertext, tag, err := e.seal(cek, plaintext, sent.authenticated())
	m.IV, m.Ciphertext, m.Tag = encode(iv), encode(ciphertext), encode(tag)
	return m, err
}

// algorithm returns the one to encrypt for key with, which for several recipients is
// one that encrypts a key. A key that names a content encryption is one for "dir".
func (o EncryptOptions) algorithm(key *Key, several bool) (keyManagement, error) {
	if key != nil && key.may(toEncrypt) {
		for _, a := range keyManagementAlgorithms {
			if o.Algorithm != "" && o.Algorithm != a.name || several && a.isDirect() {
				continue
			}
			if key.serves(a.name) ||
				a.mode == direct && slices.ContainsFunc(encryptions, key.encrypts) {
				return a, nil
			}
		}
	}
	return keyManagement{}, checkError("key", "must be one to encrypt for with the algorithm",
		"RFC 7516, Section 5.1")
}

// encryption returns the one for the content.
func (o EncryptOptions) encryption(key *Key, several bool) (encryption, error) {
	a, err := o.algorithm(key, several)
	if err != nil {
		return encryption{}, err
	}
	name := o.Encryption
	if name == "" {
		name = "A256GCM"
	}
	i := slices.IndexFunc(encryptions, func(e encryption) bool {
		if a.mode != direct {
			return e.name == name
		}
		return key.encrypts(e) && (o.Encryption == "" || e.name == o.Encryption)
	})
	if i < 0 {
		return encryption{}, checkError("enc", "must be one of this package, and fit the key",
			"RFC 7518, Section 5.1")
	}
	return encryptions[i], nil
}

// encrypts reports whether k is one for content.
func (k *Key) encrypts(e encryption) bool {
	t, ok := k.material.(octKey)
	return ok && len(t.octets()) == e.keySize && (k.serves(e.name) || k.serves("dir"))
}
