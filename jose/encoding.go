package jose

import (
	"encoding/base64"
	"strings"
)

// strict refuses padding and stray bits in the last character. It would skip
// line breaks, which appendDecode therefore refuses first.
var strict = base64.RawURLEncoding.Strict()

// encode returns base64url without padding, RFC 7515, Section 2.
func encode(b []byte) string {
	var array [512]byte // spares the heap a copy of all but the longest
	return string(strict.AppendEncode(array[:0], b))
}

// decode reads base64url with exactly one spelling for each value.
func decode(s string) ([]byte, bool) { return appendDecode(nil, s) }

// appendDecode appends to dst what decode returns.
func appendDecode(dst []byte, s string) ([]byte, bool) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, false
	}
	b, err := strict.AppendDecode(dst, []byte(s))
	if err != nil {
		return nil, false
	}
	return b, true
}

// decodeText is decode for what is read as text. The array spares the heap a
// copy of all but the longest.
func decodeText(s string) (string, bool) {
	var array [2048]byte
	b, ok := appendDecode(array[:0], s)
	return string(b), ok
}
