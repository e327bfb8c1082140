// Package random makes the values that nobody may guess: states, nonces, code
// verifiers, cookie secrets. It also spreads out what must not happen everywhere at once.
package random

import (
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"time"
)

// Text returns 256 random bits as 43 characters of base64url.
func Text() string {
	var bits [32]byte
	rand.Read(bits[:])
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// Below returns a random duration of zero or more that is less than d; zero if d is not
// positive.
func Below(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	n, _ := rand.Int(rand.Reader, big.NewInt(int64(d))) // crypto/rand does not fail
	return time.Duration(n.Int64())
}
