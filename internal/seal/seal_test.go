package seal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const purpose, name = "login", "__Host-cookie"

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

func ring(t *testing.T, keys ...[]byte) Ring {
	t.Helper()
	r, err := NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func seal(t *testing.T, r Ring, value string) []byte {
	t.Helper()
	sealed, err := r.Seal([]byte(value), purpose, name)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestRoundTrip(t *testing.T) {
	r := ring(t, key(1))
	for _, value := range []string{"", "a", strings.Repeat("long ", 1000)} {
		sealed := seal(t, r, value)
		if len(value) > 16 && bytes.Contains(sealed, []byte(value)) {
			t.Error("the value can be read")
		}
		got, err := r.Open(sealed, purpose, name)
		if err != nil || string(got) != value {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// Sealing is randomized: neither the salt nor what follows ever repeats.
func TestSealDiffers(t *testing.T) {
	r := ring(t, key(1))
	a, b := seal(t, r, "value"), seal(t, r, "value")
	if bytes.Equal(a[:saltSize], b[:saltSize]) || bytes.Equal(a[saltSize:], b[saltSize:]) {
		t.Error("the same value was sealed the same way twice")
	}
}

func TestSealedSize(t *testing.T) {
	const nonce, tag = 12, 16
	if got := len(seal(t, ring(t, key(1)), "value")); got != 16+nonce+tag+len("value") {
		t.Errorf("got %d bytes", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	r := ring(t, key(1))
	sealed := seal(t, r, "value")
	other, err := r.Seal([]byte("value"), "a\x00b", "c")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what          string
		sealed        []byte
		purpose, name string
	}{
		{"nothing", nil, purpose, name},
		{"another purpose", sealed, "logout", name},
		{"no purpose", sealed, "", name},
		{"another name", sealed, purpose, "cookie"},
		{"no name", sealed, purpose, ""},
		{"purpose and name swapped", sealed, name, purpose},
		{"a purpose that runs into the name", other, "a", "b\x00c"},
		{"a byte more", append(bytes.Clone(sealed), 0), purpose, name},
		{"the salt of another", append(bytes.Clone(other[:saltSize]), sealed[saltSize:]...),
			purpose, name},
	} {
		wantErrOpen(t, tt.what, r, tt.sealed, tt.purpose, tt.name)
	}
}

func wantErrOpen(t *testing.T, what string, r Ring, sealed []byte, purpose, name string) {
	t.Helper()
	if value, err := r.Open(sealed, purpose, name); value != nil || err != ErrOpen {
		t.Errorf("%s: got %q, %v", what, value, err)
	}
}

func TestOpenTampered(t *testing.T) {
	r := ring(t, key(1), key(2))
	sealed := seal(t, r, "value")
	for i := range sealed {
		for bit := range 8 {
			tampered := bytes.Clone(sealed)
			tampered[i] ^= 1 << bit
			wantErrOpen(t, fmt.Sprintf("bit %d of byte %d", bit, i), r, tampered, purpose, name)
		}
		wantErrOpen(t, fmt.Sprintf("%d bytes", i), r, sealed[:i], purpose, name)
		wantErrOpen(t, fmt.Sprintf("without %d bytes", i+1), r, sealed[i+1:], purpose, name)
	}
}

func TestRotation(t *testing.T) {
	before, during, after := ring(t, key(1)), ring(t, key(2), key(1)), ring(t, key(2))
	for _, tt := range []struct {
		what      string
		by, opens Ring
		want      bool
	}{
		{"the old key still opens", before, during, true},
		{"the new key seals", during, after, true},
		{"the new key opens", during, during, true},
		{"the old key does not seal", during, before, false},
		{"a key taken away does not open", before, after, false},
	} {
		sealed := seal(t, tt.by, "value")
		if !tt.want {
			wantErrOpen(t, tt.what, tt.opens, sealed, purpose, name)
		} else if got, err := tt.opens.Open(sealed, purpose, name); err != nil ||
			string(got) != "value" {
			t.Errorf("%s: got %q, %v", tt.what, got, err)
		}
	}
}

func TestNewRing(t *testing.T) {
	for _, tt := range []struct {
		what string
		keys [][]byte
		want string
	}{
		{"no key", nil, "seal: no key"},
		{"empty key", [][]byte{{}}, "seal: a key must have at least 32 bytes"},
		{"31 bytes", [][]byte{key(1)[1:]}, "seal: a key must have at least 32 bytes"},
		{"a short second key", [][]byte{key(1), key(1)[1:]},
			"seal: a key must have at least 32 bytes"},
		{"32 bytes", [][]byte{key(1)}, ""},
		{"more than 32 bytes", [][]byte{append(key(1), 1)}, ""},
	} {
		r, err := NewRing(tt.keys...)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != tt.want) {
			t.Errorf("%s: got %v", tt.what, err)
		}
		if err != nil && r.keys != nil {
			t.Errorf("%s: a ring beside an error", tt.what)
		}
	}
}

// Every byte of a key counts, those past the 32nd too.
func TestWholeKey(t *testing.T) {
	long := append(key(1), 2)
	sealed := seal(t, ring(t, long), "value")
	for i := range long {
		other := bytes.Clone(long)
		other[i]++
		wantErrOpen(t, fmt.Sprintf("byte %d differs", i), ring(t, other), sealed, purpose, name)
	}
}

// A ring is not changed by what happens to the caller's slice.
func TestRingKeepsItsKeys(t *testing.T) {
	k := key(1)
	r := ring(t, k)
	clear(k)
	if _, err := ring(t, key(1)).Open(seal(t, r, "value"), purpose, name); err != nil {
		t.Error(err)
	}
}

func TestRingPrintsNoKey(t *testing.T) {
	secret := []byte("canary-canary-canary-canary-canary")
	r := ring(t, secret)
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("", "ring", r, "pointer", &r)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", "ring", r, "pointer", &r)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%e",
		"%p", "%c"} {
		fmt.Fprintf(&out, verb+verb, r, &r)
	}
	for _, form := range []string{string(secret), fmt.Sprintf("%x", secret),
		fmt.Sprint(secret)[1:20]} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed %s", form)
		}
	}
}

func TestErrOpenTellsNothing(t *testing.T) {
	_, err := ring(t, key(1)).Open([]byte("short"), purpose, name)
	if !errors.Is(err, ErrOpen) || err.Error() != "seal: value does not open" {
		t.Error(err)
	}
}
