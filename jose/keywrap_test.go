package jose

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
)

// A hexText is bytes that a vector file spells in hexadecimal.
type hexText []byte

func (h *hexText) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func readPrimitives(t testing.TB, name string, to any) {
	t.Helper()
	raw, err := os.ReadFile("../testdata/vectors/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		t.Fatal(err)
	}
}

// flips returns b with each byte changed in turn.
func flips(b []byte) [][]byte {
	all := make([][]byte, len(b))
	for i := range b {
		all[i] = slices.Clone(b)
		all[i][i] ^= 1 << (i % 8)
	}
	return all
}

type wrapRow struct {
	Source            string
	KEK, Key, Wrapped hexText
}

func wrapRows(t testing.TB) (rows []wrapRow) {
	t.Helper()
	readPrimitives(t, "rfc3394", &rows)
	return rows
}

func TestKeyWrapVectors(t *testing.T) {
	for _, row := range wrapRows(t) {
		if got, err := wrapKey(row.KEK, row.Key); err != nil || !bytes.Equal(got, row.Wrapped) {
			t.Errorf("%s: wrapped %x, %v", row.Source, got, err)
		}
		before := slices.Clone(row.Wrapped)
		if got, ok := unwrapKey(row.KEK, row.Wrapped); !ok || !bytes.Equal(got, row.Key) {
			t.Errorf("%s: unwrapped %x, %v", row.Source, got, ok)
		}
		if !bytes.Equal(before, row.Wrapped) {
			t.Errorf("%s: unwrapping changed its input", row.Source)
		}
		for i, changed := range flips(row.Wrapped) {
			if key, ok := unwrapKey(row.KEK, changed); ok || key != nil {
				t.Errorf("%s: byte %d changed: unwrapped", row.Source, i)
			}
		}
		for i, kek := range flips(row.KEK) {
			if key, ok := unwrapKey(kek, row.Wrapped); ok || key != nil {
				t.Errorf("%s: byte %d of the kek changed: unwrapped", row.Source, i)
			}
		}
	}
}

func TestKeyWrapRoundTrip(t *testing.T) {
	for _, kekSize := range []int{16, 24, 32} {
		kek := bytes.Repeat([]byte{7}, kekSize)
		for size := 16; size <= 512; size += 8 { // from 344 on, a step needs its second byte
			key := bytes.Repeat([]byte{9}, size)
			wrapped, err := wrapKey(kek, key)
			if want := wrapAnyway(t, kek, keyWrapIV, string(key)); !bytes.Equal(wrapped, want) {
				t.Fatalf("%d bytes: wrapped %x, %v", size, wrapped, err)
			}
			if got, ok := unwrapKey(kek, wrapped); !ok || !bytes.Equal(got, key) {
				t.Errorf("%d bytes: not the key again", size)
			}
		}
	}
}

func TestKeyWrapSizes(t *testing.T) {
	kek := make([]byte, 16)
	for _, n := range []int{0, 1, 7, 8, 9, 15, 17, 23, 25, 31, 33} {
		if wrapped, err := wrapKey(kek, make([]byte, n)); err == nil || wrapped != nil {
			t.Errorf("%d bytes: wrapped", n)
		}
	}
	for _, n := range []int{0, 1, 7, 8, 15, 16, 23, 25, 31, 33} {
		if key, ok := unwrapKey(kek, make([]byte, n)); ok || key != nil {
			t.Errorf("%d bytes: unwrapped", n)
		}
	}
	for _, n := range []int{0, 1, 15, 17, 23, 25, 31, 33, 64} {
		kek := make([]byte, n)
		if wrapped, err := wrapKey(kek, make([]byte, 16)); err == nil || wrapped != nil {
			t.Errorf("kek of %d bytes: wrapped", n)
		}
		if key, ok := unwrapKey(kek, make([]byte, 24)); ok || key != nil {
			t.Errorf("kek of %d bytes: unwrapped", n)
		}
	}
}

// wrapAnyway wraps any blocks under any initial value, as RFC 3394, Section 2.2.1 says
// it first: by shifting.
func wrapAnyway(t *testing.T, kek []byte, iv, key string) []byte {
	t.Helper()
	block, a, r := newAES(t, kek), []byte(iv), []byte(key)
	for step := 1; step <= 6*len(key)/8; step++ {
		b := slices.Concat(a, r[:8])
		block.Encrypt(b, b)
		b[6] ^= byte(step >> 8)
		b[7] ^= byte(step)
		a, r = b[:8], slices.Concat(r[8:], b[8:])
	}
	return slices.Concat(a, r)
}

func TestUnwrapKeyRefusals(t *testing.T) {
	kek, key := make([]byte, 16), "16 bytes of key."
	good := wrapAnyway(t, kek, keyWrapIV, key)
	if got, ok := unwrapKey(kek, good); !ok || string(got) != key {
		t.Fatalf("got %q, %v", got, ok)
	}
	rows := map[string][]byte{
		"no key":                     []byte(keyWrapIV),
		"a key of one block":         wrapAnyway(t, kek, keyWrapIV, key[:8]),
		"padded, RFC 5649 Section 3": wrapAnyway(t, kek, "\xa6\x59\x59\xa6\x00\x00\x00\x10", key),
		"a block of zeros behind":    append(slices.Clone(good), make([]byte, 8)...),
		"a block before":             append([]byte(keyWrapIV), good...),
	}
	for i, iv := range flips([]byte(keyWrapIV)) {
		rows[fmt.Sprintf("initial value changed at %d", i)] = wrapAnyway(t, kek, string(iv), key)
	}
	for n := 1; n < 8; n++ {
		rows[fmt.Sprintf("%d bytes behind", n)] = append(slices.Clone(good), make([]byte, n)...)
		rows[fmt.Sprintf("%d bytes missing", n)] = good[:len(good)-n]
	}
	for name, wrapped := range rows {
		if got, ok := unwrapKey(kek, wrapped); ok || got != nil {
			t.Errorf("%s: unwrapped", name)
		}
	}
}

// Wrapping is a permutation: what unwraps has no other spelling.
func FuzzUnwrapKey(f *testing.F) {
	for _, row := range wrapRows(f) {
		f.Add([]byte(row.KEK), []byte(row.Wrapped))
		f.Add([]byte(row.KEK), []byte(row.Wrapped[:len(row.Wrapped)-1]))
	}
	f.Add([]byte(nil), []byte(nil))
	f.Add(make([]byte, 16), []byte(keyWrapIV))
	f.Fuzz(func(t *testing.T, kek, wrapped []byte) {
		key, ok := unwrapKey(kek, wrapped)
		if !ok {
			return
		}
		if again, err := wrapKey(kek, key); err != nil || !bytes.Equal(again, wrapped) {
			t.Errorf("%x unwraps to %x, which wraps to %x, %v", wrapped, key, again, err)
		}
	})
}
