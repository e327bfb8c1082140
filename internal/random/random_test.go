package random

import (
	"encoding/base64"
	"testing"
)

func TestText(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := Text()
		if b, err := base64.RawURLEncoding.DecodeString(s); err != nil || len(b) != 32 || seen[s] {
			t.Fatalf("%q: %v", s, err)
		}
		seen[s] = true
	}
}
