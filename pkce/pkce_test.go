package pkce

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

// RFC 7636, Appendix B.
func TestAppendixB(t *testing.T) {
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	v, err := Parse(verifier)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.Challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; got != want {
		t.Errorf("challenge: got %s, want %s", got, want)
	}
	if got := v.Reveal(); got != verifier {
		t.Errorf("verifier: got %s", got)
	}
	if Method != "S256" {
		t.Errorf("method: got %s", Method)
	}
}

func TestNew(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		v := New()
		if len(v.Reveal()) != 43 {
			t.Fatalf("a verifier of %d characters", len(v.Reveal()))
		}
		if _, err := Parse(v.Reveal()); err != nil {
			t.Fatal(err)
		}
		if len(v.Challenge()) != 43 || v.Challenge() == v.Reveal() {
			t.Fatal("the challenge is no SHA-256 of the verifier")
		}
		if seen[v.Reveal()] || seen[v.Challenge()] {
			t.Fatal("the same verifier twice")
		}
		seen[v.Reveal()], seen[v.Challenge()] = true, true
	}
}

// RFC 7636, Section 4.1: 43 to 128 of the unreserved characters.
func TestParseLength(t *testing.T) {
	for length, ok := range map[int]bool{0: false, 1: false, 42: false, 43: true, 128: true,
		129: false} {
		v, err := Parse(strings.Repeat("a", length))
		if ok && (err != nil || len(v.Reveal()) != length) {
			t.Errorf("%d characters: %v", length, err)
		}
		if !ok && (err != ErrVerifier || v.Reveal() != "") {
			t.Errorf("%d characters: got %v", length, err)
		}
	}
	if _, err := Parse(strings.Repeat("é", 22)); err != ErrVerifier {
		t.Errorf("22 characters of two bytes: got %v", err)
	}
}

func TestParseCharacters(t *testing.T) {
	for c := range 256 {
		unreserved := 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
			c == '-' || c == '.' || c == '_' || c == '~'
		for _, at := range []int{0, 21, 42} {
			b := []byte(strings.Repeat("a", 43))
			b[at] = byte(c)
			_, err := Parse(string(b))
			if unreserved && err != nil || !unreserved && err != ErrVerifier {
				t.Errorf("byte %#x at %d: got %v", c, at, err)
			}
		}
	}
	for _, s := range []string{"é", "\u212a", "\ufffd", "\u00a0", "\U0001D11E"} {
		if _, err := Parse(strings.Repeat("a", 43) + s + "a"); err != ErrVerifier {
			t.Errorf("%q: got %v", s, err)
		}
	}
}

func TestZeroVerifier(t *testing.T) {
	var v Verifier
	if v.Challenge() != "" || v.Reveal() != "" {
		t.Errorf("got %q, %q", v.Challenge(), v.Reveal())
	}
}

func TestPrintingHidesVerifier(t *testing.T) {
	v := New()
	var out strings.Builder
	nested := struct {
		V Verifier
		v *Verifier
	}{v, &v}
	slog.New(slog.NewTextHandler(&out, nil)).Info("", "v", v, "p", &v, "nested", nested)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", "v", v, "p", &v, "nested", nested)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%e",
		"%p", "%c"} {
		fmt.Fprintf(&out, verb+verb+verb, v, &v, nested)
	}
	raw, err := json.Marshal(nested)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(raw)
	_, err = Parse(v.Reveal() + "!")
	fmt.Fprintf(&out, "%v%+v%#v", err, err, err)
	for _, form := range []string{v.Reveal(), fmt.Sprintf("%x", v.Reveal()),
		fmt.Sprintf("%X", v.Reveal())} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed %s in %s", form, out.String())
		}
	}
}

// == would take a time that depends on the secret.
func TestNotComparable(t *testing.T) {
	if reflect.TypeFor[Verifier]().Comparable() {
		t.Error("verifiers can be compared by ==")
	}
}
