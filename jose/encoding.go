package jose

import (
	"encoding/base64"
	"strings"
)

// strict refuses padding and stray bits in the last character. It would skip
// line breaks, which decode therefore refuses first.
var strict = base64.RawURLEncoding.Strict()

// encode returns base64url without padding, RFC 7515, Section 2.
func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode reads base64url with exactly one spelling for each value.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := strict.DecodeString(s)
	return b, err == nil
}
