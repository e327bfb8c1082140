// Package seal encrypts small values that are handed to a browser or a cache
// and must come back unread and unchanged.
//
// A sealed value is a 16-byte salt followed by what AES-256-GCM makes of the
// value under a key derived for this value alone: HKDF-SHA256 of a ring key,
// the salt, and the purpose. So a ring key never encrypts twice, and any number
// of values may be sealed under it. GCM chooses and carries its own nonce, which
// works in FIPS 140 mode too.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// KeySize is the least number of bytes in a key.
const KeySize = 32

const saltSize = 16

// ErrOpen is returned for every value that does not open, whatever the cause.
var ErrOpen = errors.New("seal: value does not open")

// A Ring holds the keys that seal and open, the newest first. It is immutable
// and safe for concurrent use, and prints as an address only: given a verb that
// does not fit, fmt follows one pointer, but not two.
type Ring struct{ keys **[][]byte }

// NewRing returns a ring of keys, each of at least KeySize random bytes. The
// first seals; all open.
func NewRing(keys ...[]byte) (Ring, error) {
	if len(keys) == 0 {
		return Ring{}, errors.New("seal: no key")
	}
	held := new([][]byte)
	for _, k := range keys {
		if len(k) < KeySize {
			return Ring{}, errors.New("seal: a key must have at least 32 bytes")
		}
		*held = append(*held, bytes.Clone(k))
	}
	return Ring{&held}, nil
}

// Seal encrypts value. Only Open with the same purpose and name returns it.
func (r Ring) Seal(value []byte, purpose, name string) ([]byte, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	aead, err := newAEAD((**r.keys)[0], salt, purpose)
	if err != nil {
		return nil, err
	}
	return aead.Seal(salt, nil, value, additionalData(purpose, name)), nil
}

// Open decrypts what Seal made. The error is [ErrOpen].
func (r Ring) Open(sealed []byte, purpose, name string) ([]byte, error) {
	if len(sealed) < saltSize {
		return nil, ErrOpen
	}
	salt, box := sealed[:saltSize], sealed[saltSize:]
	for _, key := range **r.keys {
		aead, err := newAEAD(key, salt, purpose)
		if err != nil {
			return nil, err
		}
		if value, err := aead.Open(nil, nil, box, additionalData(purpose, name)); err == nil {
			return value, nil
		}
	}
	return nil, ErrOpen
}

func newAEAD(key, salt []byte, purpose string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, salt, "vouchsafe "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func additionalData(purpose, name string) []byte {
	return []byte(purpose + "\x00" + name)
}
