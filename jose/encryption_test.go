package jose

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"slices"
	"testing"
)

type encryptionRow struct {
	Source, Enc                              string
	Key, IV, AAD, Plaintext, Ciphertext, Tag hexText
}

func encryptionRows(t testing.TB) []encryptionRow {
	t.Helper()
	var v primitives
	readPrimitives(t, "rfc7518", &v)
	return v.Encryption
}

func newAES(t testing.TB, key []byte) cipher.Block {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

func mustFindEncryption(t testing.TB, name string) encryption {
	t.Helper()
	e, ok := findEncryption(name)
	if !ok || e.name != name {
		t.Fatalf("no %q", name)
	}
	return e
}

func TestFindEncryption(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		keySize, ivSize, tagSize int
	}{
		{"A128CBC-HS256", 32, 16, 16},
		{"A192CBC-HS384", 48, 16, 24},
		{"A256CBC-HS512", 64, 16, 32},
		{"A128GCM", 16, 12, 16},
		{"A192GCM", 24, 12, 16},
		{"A256GCM", 32, 12, 16},
	} {
		e := mustFindEncryption(t, tt.name)
		if e.keySize != tt.keySize || e.ivSize != tt.ivSize || e.tagSize != tt.tagSize {
			t.Errorf("%+v", e)
		}
	}
	if len(encryptions) != 6 {
		t.Errorf("%d encryptions", len(encryptions))
	}
	for _, name := range []string{"", "none", "a128gcm", "A128GCM ", "A128GCMKW", "A128CBC",
		"A128CBC-HS512", "A256CBC-HS256", "A128CBC+HS256", "C20P", "dir"} {
		if e, ok := findEncryption(name); ok || e != (encryption{}) {
			t.Errorf("%q is an encryption", name)
		}
	}
}

func TestEncryptionVectors(t *testing.T) {
	for _, row := range encryptionRows(t) {
		e := mustFindEncryption(t, row.Enc)
		got, ok := e.open(row.Key, row.IV, row.Ciphertext, row.Tag, row.AAD)
		if !ok || !bytes.Equal(got, row.Plaintext) {
			t.Errorf("%s: opened %x, %v", row.Source, got, ok)
		}
		if e.mac == 0 {
			continue // the iv of GCM cannot be chosen
		}
		ciphertext, tag, err := e.sealCBC(row.Key, row.IV, row.Plaintext, row.AAD)
		if err != nil || !bytes.Equal(ciphertext, row.Ciphertext) || !bytes.Equal(tag, row.Tag) {
			t.Errorf("%s: sealed %x %x, %v", row.Source, ciphertext, tag, err)
		}
	}
}

// A sealed is what seal returns, and what open takes.
type sealed struct{ key, iv, ciphertext, tag, aad []byte }

// refusals returns what must not open: s with a part changed.
func (s sealed) refusals() map[string]sealed {
	all := map[string]sealed{}
	for name, part := range map[string]func(*sealed) *[]byte{
		"key":        func(s *sealed) *[]byte { return &s.key },
		"iv":         func(s *sealed) *[]byte { return &s.iv },
		"ciphertext": func(s *sealed) *[]byte { return &s.ciphertext },
		"tag":        func(s *sealed) *[]byte { return &s.tag },
		"aad":        func(s *sealed) *[]byte { return &s.aad },
	} {
		old := *part(&s)
		change := func(how string, to []byte) {
			changed := s
			*part(&changed) = to
			all[name+" "+how] = changed
		}
		for i, flipped := range flips(old) {
			if name == "key" && i >= len(old)/2 {
				break // that half of a CBC key is not authenticated: padding decides alone
			}
			change(fmt.Sprintf("changed at %d", i), flipped)
		}
		change("empty", nil)
		change("longer", append(slices.Clone(old), 0))
		change("twice", slices.Concat(old, old))
		for n := 1; n < len(old); n++ {
			change(fmt.Sprintf("of the first %d bytes", n), old[:n])
			change(fmt.Sprintf("of the last %d bytes", len(old)-n), old[n:])
		}
	}
	return all
}

// shifted returns s with n bytes moved from the ciphertext to its neighbours, or from
// them if n is negative: joined, they are the same.
func (s sealed) shifted(n int) map[string]sealed {
	left, right := s, s
	joined, at := slices.Concat(s.iv, s.ciphertext), len(s.iv)+n
	left.iv, left.ciphertext = joined[:at], joined[at:]
	joined, at = slices.Concat(s.ciphertext, s.tag), len(s.ciphertext)-n
	right.ciphertext, right.tag = joined[:at], joined[at:]
	return map[string]sealed{
		fmt.Sprintf("iv takes %d bytes", n):  left,
		fmt.Sprintf("tag takes %d bytes", n): right,
	}
}

func TestOpenRefusals(t *testing.T) {
	for _, e := range encryptions {
		s := sealed{key: bytes.Repeat([]byte{3}, e.keySize), aad: []byte("header")}
		plaintext := []byte("some text of more than two blocks, for CBC")
		var err error
		if s.iv, s.ciphertext, s.tag, err = e.seal(s.key, plaintext, s.aad); err != nil {
			t.Fatal(err)
		}
		got, ok := e.open(s.key, s.iv, s.ciphertext, s.tag, s.aad)
		if !ok || !bytes.Equal(got, plaintext) {
			t.Errorf("%s: opened %q, %v", e.name, got, ok)
		}
		all := []map[string]sealed{s.refusals()}
		for _, n := range []int{-16, -12, -11, -4, -1, 1, 4, 11, 12, 16, 32} {
			if n > -len(s.iv) && n > -len(s.tag) {
				all = append(all, s.shifted(n))
			}
		}
		for _, rows := range all {
			for name, r := range rows {
				if got, ok := e.open(r.key, r.iv, r.ciphertext, r.tag, r.aad); ok || got != nil {
					t.Errorf("%s: %s: opened", e.name, name)
				}
				if e.mac != 0 {
					continue
				}
				if got, ok := openGCM(r.key, r.iv, r.ciphertext, r.tag, r.aad); ok || got != nil {
					t.Errorf("openGCM of %s: %s: opened", e.name, name)
				}
			}
		}
	}
}

// Keys of many of these sizes are good enough for AES, but not for this "enc".
func TestEncryptionKeySizes(t *testing.T) {
	for _, e := range encryptions {
		for _, n := range []int{0, 1, 15, 16, 17, 24, 32, 40, 48, 56, 64, 128} {
			key := make([]byte, n)
			iv, ciphertext, tag, err := e.seal(key, nil, nil)
			if ok := n == e.keySize; ok != (err == nil) ||
				!ok && (iv != nil || ciphertext != nil || tag != nil) {
				t.Errorf("%s: sealed with a key of %d bytes: %v", e.name, n, err)
			}
			iv, ciphertext, tag = sealAnyway(e, key)
			if _, ok := e.open(key, iv, ciphertext, tag, nil); ok != (n == e.keySize) {
				t.Errorf("%s: opened with a key of %d bytes: %v", e.name, n, ok)
			}
		}
	}
	for _, n := range []int{0, 15, 17, 33} {
		if iv, ciphertext, tag, err := sealGCM(make([]byte, n), nil, nil); err == nil ||
			iv != nil || ciphertext != nil || tag != nil {
			t.Errorf("GCM sealed with a key of %d bytes", n)
		}
		iv, tag := make([]byte, 12), make([]byte, 16)
		if _, ok := openGCM(make([]byte, n), iv, nil, tag, nil); ok {
			t.Errorf("GCM opened with a key of %d bytes", n)
		}
	}
}

// sealAnyway seals with a key that seal refuses, if only AES can use it.
func sealAnyway(e encryption, key []byte) (iv, ciphertext, tag []byte) {
	iv = make([]byte, e.ivSize)
	if e.mac == 0 {
		if iv, ciphertext, tag, err := sealGCM(key, nil, nil); err == nil {
			return iv, ciphertext, tag
		}
	} else if len(key) > e.keySize/2 {
		if ciphertext, tag, err := e.sealCBC(key, iv, nil, nil); err == nil {
			return iv, ciphertext, tag
		}
	}
	return iv, make([]byte, 16), make([]byte, e.tagSize)
}

func TestSealRoundTrip(t *testing.T) {
	for _, e := range encryptions {
		key, ivs := bytes.Repeat([]byte{5}, e.keySize), map[string]bool{}
		for n := range 50 {
			text, aad := bytes.Repeat([]byte{1}, 100), make([]byte, n/3)
			plaintext := text[:n] // with room behind it that is not ours
			iv, ciphertext, tag, err := e.seal(key, plaintext, aad)
			if err != nil || len(iv) != e.ivSize || len(tag) != e.tagSize || ivs[string(iv)] {
				t.Fatalf("%s: iv %x, tag %x, %v", e.name, iv, tag, err)
			}
			ivs[string(iv)] = true
			_ = append(iv, 0) // must not reach into what stands behind it
			_ = append(ciphertext, 0)
			got, ok := e.open(key, iv, ciphertext, tag, aad)
			if !ok || !bytes.Equal(got, plaintext) {
				t.Errorf("%s: %d bytes: opened %x, %v", e.name, n, got, ok)
			}
			if bytes.Count(text, []byte{1}) != 100 {
				t.Errorf("%s: sealing changed its input", e.name)
			}
		}
	}
}

// sealRaw returns the tag and the CBC encryption of padded, which a good sender made
// of whole blocks, and the iv of zeros.
func sealRaw(t testing.TB, e encryption, key, padded []byte) (iv, ciphertext, tag []byte) {
	t.Helper()
	iv, ciphertext = make([]byte, 16), slices.Clone(padded)
	block := newAES(t, key[len(key)/2:])
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, ciphertext)
	return iv, ciphertext, e.tag(key, iv, ciphertext, nil)
}

// The tag is right in all of these: the sender has the key and pads badly.
func TestPadding(t *testing.T) {
	text := bytes.Repeat([]byte{'x'}, 48)
	ending := func(end ...byte) []byte { return slices.Concat(text[:48-len(end)], end) }
	for _, e := range encryptions {
		if e.mac == 0 {
			continue
		}
		key := bytes.Repeat([]byte{6}, e.keySize)
		for _, tt := range []struct {
			name   string
			padded []byte
			want   int // bytes left, -1 if refused
		}{
			{"one", ending(1), 47},
			{"two", ending(2, 2), 46},
			{"a block", ending(bytes.Repeat([]byte{16}, 16)...), 32},
			{"all of it", bytes.Repeat([]byte{16}, 16), 0},
			{"none", nil, -1},
			{"zero", ending(0), -1},
			{"seventeen", ending(bytes.Repeat([]byte{17}, 17)...), -1},
			{"thirty-two", ending(bytes.Repeat([]byte{32}, 32)...), -1},
			{"more than there is", bytes.Repeat([]byte{17}, 16), -1},
			{"255", ending(255), -1},
			{"one byte of two wrong", ending(1, 2), -1},
			{"the first wrong", ending(2, 3, 3), -1},
			{"in the middle wrong", ending(4, 4, 0, 4), -1},
			{"ANSI X9.23", ending(0, 0, 0, 4), -1},
			{"ISO 7816-4", ending(0x80, 0, 0, 0), -1},
		} {
			iv, ciphertext, tag := sealRaw(t, e, key, tt.padded)
			got, ok := e.open(key, iv, ciphertext, tag, nil)
			if ok != (tt.want >= 0) || ok && len(got) != tt.want || !ok && got != nil {
				t.Errorf("%s: %s: %d bytes, %v", e.name, tt.name, len(got), ok)
			}
		}
	}
}

// Here too the tag is right, but the ciphertext is no number of blocks.
func TestPartOfABlock(t *testing.T) {
	for _, e := range encryptions {
		if e.mac == 0 {
			continue
		}
		key, iv := make([]byte, e.keySize), make([]byte, e.ivSize)
		for _, n := range []int{0, 1, 15, 17, 31, 33} {
			ciphertext := make([]byte, n)
			tag := e.tag(key, iv, ciphertext, nil)
			if got, ok := e.open(key, iv, ciphertext, tag, nil); ok || got != nil {
				t.Errorf("%s: %d bytes: opened", e.name, n)
			}
		}
	}
}

// Whatever a holder of the key sends, it opens to what seals to the same, or not.
func FuzzOpenCBC(f *testing.F) {
	for _, row := range encryptionRows(f) {
		f.Add(row.Enc, []byte(row.Ciphertext), []byte(row.AAD))
	}
	for _, e := range encryptions[:3] {
		_, ciphertext, _ := sealRaw(f, e, make([]byte, e.keySize), bytes.Repeat([]byte{16}, 16))
		f.Add(e.name, ciphertext, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, name string, ciphertext, aad []byte) {
		e, ok := findEncryption(name)
		if !ok || e.mac == 0 {
			return
		}
		key, iv := make([]byte, e.keySize), make([]byte, e.ivSize)
		tag := e.tag(key, iv, ciphertext, aad)
		plaintext, ok := e.open(key, iv, ciphertext, tag, aad)
		if !ok {
			return
		}
		again, _, err := e.sealCBC(key, iv, plaintext, aad)
		if err != nil || !bytes.Equal(again, ciphertext) {
			t.Errorf("%x opens to %x, which seals to %x, %v", ciphertext, plaintext, again, err)
		}
	})
}
