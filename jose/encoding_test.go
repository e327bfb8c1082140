package jose

import (
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "f": "Zg", "fo": "Zm8", "foo": "Zm9v", "\xfb\xff\xfe": "-__-",
	} {
		if got := encode([]byte(in)); got != want {
			t.Errorf("%q: got %s", in, got)
		}
		if b, ok := decode(want); !ok || string(b) != in {
			t.Errorf("%s: got %q, %v", want, b, ok)
		}
	}
}

// RFC 7515, Section 2: base64url without padding, white space or anything else.
// Each value has one spelling.
func TestDecodeRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"padding":                     "Zg==",
		"padding of one":              "Zm8=",
		"padding where none is due":   "Zm9v=",
		"plus":                        "+__-",
		"slash":                       "-//-",
		"carriage return":             "Zm\r9v",
		"line feed":                   "Zm\n9v",
		"line feed behind":            "Zm9v\n",
		"carriage return before":      "\rZm9v",
		"only a line feed":            "\n",
		"space":                       "Zm 9v",
		"space behind":                "Zm9v ",
		"tab":                         "Zm9v\t",
		"four stray bits":             "Zh",
		"two stray bits":              "Zm9",
		"one character":               "Z",
		"five characters":             "Zm9vZ",
		"exclamation mark":            "Zm9v!",
		"dot":                         "Zm9v.",
		"NUL":                         "Zm9v\x00",
		"beyond ASCII":                "Zm9vé",
		"full-width letter":           "Zm9\uff56",
		"byte that is no UTF-8":       "Zm9v\xff",
		"percent":                     "Zm9v%3D",
		"line feed beside stray bits": "Zh\n",
	} {
		if b, ok := decode(in); ok {
			t.Errorf("%s: got %q", name, b)
		}
	}
}

// What is decoded goes behind what is there, and the long as well as the short.
func TestAppendDecode(t *testing.T) {
	if b, ok := appendDecode([]byte("a"), "Zm9v"); !ok || string(b) != "afoo" {
		t.Errorf("got %q, %v", b, ok)
	}
	for _, size := range []int{0, 1, 2047, 2048, 2049, 100_000} {
		want := strings.Repeat("\xff", size)
		if got, ok := decodeText(encode([]byte(want))); !ok || got != want {
			t.Errorf("%d bytes: got %d, %v", size, len(got), ok)
		}
		if _, ok := decodeText(encode([]byte(want)) + "\n"); ok {
			t.Errorf("%d bytes and a line feed: accepted", size)
		}
	}
}
