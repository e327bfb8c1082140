package jose

import (
	"bytes"
	"testing"
)

// primitives is testdata/vectors/rfc7518.json.
type primitives struct {
	Encryption []encryptionRow
	ConcatKDF  []struct {
		Source    string
		Z         hexText
		Algorithm string
		APU, APV  hexText
		Key       hexText
	}
}

func TestConcatKDFVectors(t *testing.T) {
	var v primitives
	readPrimitives(t, "rfc7518", &v)
	for _, row := range v.ConcatKDF {
		got := concatKDF(row.Z, row.Algorithm, row.APU, row.APV, len(row.Key))
		if !bytes.Equal(got, row.Key) {
			t.Errorf("%s, %s: got %x", row.Source, row.Algorithm, got)
		}
	}
}

// Every input decides, even one that only moves a byte from one field to the next or
// asks for a shorter key.
func TestConcatKDFInputs(t *testing.T) {
	z := bytes.Repeat([]byte{1}, 32)
	seen := map[string]string{}
	for _, tt := range []struct {
		name, algorithm, apu, apv string
		z                         []byte
		size                      int
	}{
		{"as it is", "A128KW", "ab", "c", z, 16},
		{"another z", "A128KW", "ab", "c", z[1:], 16},
		{"another algorithm", "A192KW", "ab", "c", z, 16},
		{"another apu", "A128KW", "aB", "c", z, 16},
		{"another apv", "A128KW", "ab", "C", z, 16},
		{"a byte moved to apv", "A128KW", "a", "bc", z, 16},
		{"a byte moved to apu", "A128KW", "abc", "", z, 16},
		{"a byte moved to the algorithm", "A128KWa", "b", "c", z, 16},
		{"apu and apv exchanged", "A128KW", "c", "ab", z, 16},
		{"another size", "A128KW", "ab", "c", z, 32},
	} {
		key := concatKDF(tt.z, tt.algorithm, []byte(tt.apu), []byte(tt.apv), tt.size)
		if len(key) != tt.size {
			t.Errorf("%s: %d bytes", tt.name, len(key))
		}
		if other := seen[string(key[:16])]; other != "" {
			t.Errorf("%s: the key of %s", tt.name, other)
		}
		seen[string(key[:16])] = tt.name
	}
}
