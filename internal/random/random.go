// Package random makes the values that nobody may guess: states, nonces, code
// verifiers, cookie secrets.
package random

import (
	"crypto/rand"
	"encoding/base64"
)

// Text returns 256 random bits as 43 characters of base64url.
func Text() string {
	var bits [32]byte
	rand.Read(bits[:])
	return base64.RawURLEncoding.EncodeToString(bits[:])
}
