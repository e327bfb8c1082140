package jose

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// keyWrapIV is what unwrapping must find before the key (RFC 3394, Section 2.2.3.1).
const keyWrapIV = "\xa6\xa6\xa6\xa6\xa6\xa6\xa6\xa6"

// wrapKey returns key, of at least 16 bytes and a multiple of 8, wrapped by the key
// encryption key kek (RFC 3394, Section 2.2.1, by index).
func wrapKey(kek, key []byte) ([]byte, error) {
	if len(key) < 16 || len(key)%8 != 0 {
		return nil, errors.New("jose: only a key of 16, 24, 32, ... bytes can be wrapped")
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	wrapped := append([]byte(keyWrapIV), key...)
	var b [16]byte // A | R[i]
	a, n := b[:8], len(key)/8
	copy(a, wrapped)
	for j := range 6 {
		for i := 1; i <= n; i++ {
			r := wrapped[8*i : 8*i+8]
			copy(b[8:], r)
			block.Encrypt(b[:], b[:])
			xorStep(a, n*j+i)
			copy(r, b[8:])
		}
	}
	copy(wrapped, a)
	return wrapped, nil
}

// unwrapKey returns the key that was wrapped by kek, or false if it was not by kek
// or not as it is now (RFC 3394, Section 2.2.2, by index).
func unwrapKey(kek, wrapped []byte) ([]byte, bool) {
	if len(wrapped) < 24 || len(wrapped)%8 != 0 {
		return nil, false
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, false
	}
	key := append([]byte(nil), wrapped[8:]...)
	var b [16]byte // A | R[i]
	a, n := b[:8], len(key)/8
	copy(a, wrapped)
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			r := key[8*i-8 : 8*i]
			xorStep(a, n*j+i)
			copy(b[8:], r)
			block.Decrypt(b[:], b[:])
			copy(r, b[8:])
		}
	}
	if subtle.ConstantTimeCompare(a, []byte(keyWrapIV)) != 1 {
		return nil, false
	}
	return key, true
}

// xorStep sets the 64 bits of a to a ^ t.
func xorStep(a []byte, t int) {
	binary.BigEndian.PutUint64(a, binary.BigEndian.Uint64(a)^uint64(t))
}
