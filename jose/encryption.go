package jose

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/binary"
	"errors"
	"slices"
)

// An encryption is a content encryption algorithm, an "enc" (RFC 7518, Section 5.1).
type encryption struct {
	name                     string
	keySize, ivSize, tagSize int         // in bytes
	mac                      crypto.Hash // of AES_CBC_HMAC_SHA2, zero for AES GCM
}

var encryptions = []encryption{
	{"A128CBC-HS256", 32, aes.BlockSize, 16, crypto.SHA256},
	{"A192CBC-HS384", 48, aes.BlockSize, 24, crypto.SHA384},
	{"A256CBC-HS512", 64, aes.BlockSize, 32, crypto.SHA512},
	{"A128GCM", 16, gcmIVSize, gcmTagSize, 0},
	{"A192GCM", 24, gcmIVSize, gcmTagSize, 0},
	{"A256GCM", 32, gcmIVSize, gcmTagSize, 0},
}

// ContentEncryptions lists the values of "enc" that this package has.
func ContentEncryptions() []string {
	names := make([]string, len(encryptions))
	for i, e := range encryptions {
		names[i] = e.name
	}
	return names
}

func findEncryption(name string) (encryption, bool) {
	return find(encryptions, func(e encryption) bool { return e.name == name })
}

// seal encrypts plaintext under a fresh iv, and authenticates it with aad.
func (e encryption) seal(key, plaintext, aad []byte) (iv, ciphertext, tag []byte, err error) {
	if len(key) != e.keySize {
		return nil, nil, nil, errors.New("jose: the key is not of the size that enc needs")
	}
	if e.mac == 0 {
		return sealGCM(key, plaintext, aad)
	}
	iv = make([]byte, e.ivSize)
	rand.Read(iv) // never fails
	ciphertext, tag, err = e.sealCBC(key, iv, plaintext, aad)
	return iv, ciphertext, tag, err
}

// open returns the plaintext, or false whatever the cause, so that nobody learns
// which check came close (RFC 7516, Sections 11.4 and 11.5).
func (e encryption) open(key, iv, ciphertext, tag, aad []byte) ([]byte, bool) {
	if len(key) != e.keySize || len(iv) != e.ivSize || len(tag) != e.tagSize {
		return nil, false
	}
	if e.mac == 0 {
		return openGCM(key, iv, ciphertext, tag, aad)
	}
	return e.openCBC(key, iv, ciphertext, tag, aad)
}

// sealCBC is RFC 7518, Section 5.2.2.1.
func (e encryption) sealCBC(key, iv, plaintext, aad []byte) (ciphertext, tag []byte, err error) {
	block, err := aes.NewCipher(key[e.keySize/2:])
	if err != nil {
		return nil, nil, err
	}
	n := aes.BlockSize - len(plaintext)%aes.BlockSize
	ciphertext = slices.Concat(plaintext, bytes.Repeat([]byte{byte(n)}, n))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, ciphertext)
	return ciphertext, e.tag(key, iv, ciphertext, aad), nil
}

// openCBC is RFC 7518, Section 5.2.2.2. Nothing is decrypted before the tag is right.
func (e encryption) openCBC(key, iv, ciphertext, tag, aad []byte) ([]byte, bool) {
	if !hmac.Equal(tag, e.tag(key, iv, ciphertext, aad)) {
		return nil, false
	}
	block, err := aes.NewCipher(key[e.keySize/2:])
	if err != nil || len(ciphertext) == 0 || len(ciphertext)%aes.BlockSize != 0 {
		return nil, false
	}
	padded := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(padded, ciphertext)
	return unpad(padded)
}

// tag is RFC 7518, Section 5.2.2.1, steps 4 and 5.
func (e encryption) tag(key, iv, ciphertext, aad []byte) []byte {
	h := hmac.New(e.mac.New, key[:e.keySize/2])
	h.Write(aad)
	h.Write(iv)
	h.Write(ciphertext)
	h.Write(binary.BigEndian.AppendUint64(nil, 8*uint64(len(aad))))
	return h.Sum(nil)[:e.tagSize]
}

// unpad removes the PKCS #7 padding of one or more whole blocks.
func unpad(padded []byte) ([]byte, bool) {
	n := padded[len(padded)-1]
	padding := bytes.Repeat([]byte{n}, int(n))
	if n == 0 || n > aes.BlockSize || !bytes.HasSuffix(padded, padding) {
		return nil, false
	}
	return padded[:len(padded)-int(n)], true
}

const gcmIVSize, gcmTagSize = 12, 16 // RFC 7518, Sections 4.7 and 5.3

// newGCM returns the GCM whose nonces are its own: they cannot repeat by mistake, and
// FIPS 140 allows no other.
func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealGCM serves A128GCM, A128GCMKW and their kin; key is of 16, 24 or 32 bytes, and
// must seal no more than 2^32 times (RFC 7518, Section 8.4).
func sealGCM(key, plaintext, aad []byte) (iv, ciphertext, tag []byte, err error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, nil, nil, err
	}
	sealed := gcm.Seal(nil, nil, plaintext, aad)
	end := len(sealed) - gcmTagSize
	return sealed[:gcmIVSize:gcmIVSize], sealed[gcmIVSize:end:end], sealed[end:], nil
}

// openGCM undoes sealGCM. It checks the sizes itself, since the three parts are joined:
// a byte moved from one to the next would go unnoticed.
func openGCM(key, iv, ciphertext, tag, aad []byte) ([]byte, bool) {
	if len(iv) != gcmIVSize || len(tag) != gcmTagSize {
		return nil, false
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, false
	}
	plaintext, err := gcm.Open(nil, nil, slices.Concat(iv, ciphertext, tag), aad)
	return plaintext, err == nil
}
