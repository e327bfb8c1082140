// Package random makes the values that nobody may guess: states, nonces, code
// verifiers, cookie secrets. It also spreads out what must not happen everywhere at once.
package random

import (
	"crypto/rand"
	"encoding/base64"
	"hash/maphash"
	"time"
)

// Text returns 256 random bits as 43 characters of base64url.
func Text() string {
	var bits [32]byte
	rand.Read(bits[:])
	var text [43]byte
	base64.RawURLEncoding.Encode(text[:], bits[:])
	return string(text[:])
}

// Below returns a duration of zero or more that is less than d, zero if d is not positive.
// It is to spread things out, and could be guessed.
func Below(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(maphash.Bytes(maphash.MakeSeed(), nil) % uint64(d))
}
