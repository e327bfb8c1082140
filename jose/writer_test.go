package jose

import (
	"crypto/rand"
	"encoding/json"
	"math"

	"strings"
	"testing"
)

var hostile = []string{"", "a", `"`, `\`, `\"`, `","alg":"none`, `"}`, "\x00", "\x1f", "\x7f", "\n",
	"\r\n", "\t", "\b\f", "</script>", "<>&", "\u2028\u2029", "é", "\ufeff", "\ufffd", "\U0001f600",
	"\xff", "\xc3", "a\xed\xa0\x80b", "\xf4\x90\x80\x80", "\\u0022", "\\", "~", " ", "%s", "\u0085",
	strings.Repeat("a", 5000), strings.Repeat("\"", 300), `{"a":1}`, "null", "'", "/", "K\u212a"}

// Whatever is written reads as encoding/json would have it, as name and as value.
func TestWriterString(t *testing.T) {
	texts := append([]string(nil), hostile...)
	for i := range 2000 {
		b := make([]byte, i%12)
		rand.Read(b)
		texts = append(texts, string(b), hostile[i%len(hostile)]+string(b))
	}
	for c := range 256 {
		texts = append(texts, string([]byte{byte(c)}), string(rune(c)))
	}
	for _, text := range texts {
		checkWritten(t, text)
	}
}

func checkWritten(t *testing.T, text string) {
	t.Helper()
	want, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var w writer
	w.string(text)
	var got, expected string
	if json.Unmarshal(w.b, &got) != nil || json.Unmarshal(want, &expected) != nil ||
		got != expected {
		t.Errorf("%q: written as %s", text, w.b)
	}
	var members writer
	members.text("first", "a")
	if err := members.value(text, text); err != nil {
		t.Fatal(err)
	}
	members.text("last", "b")
	out := members.end()
	var m map[string]string
	if err := json.Unmarshal(out, &m); err != nil || m[expected] != expected || m["first"] != "a" ||
		m["last"] != "b" || len(m) != 3 {
		t.Errorf("%q: written as %s, %v", text, out, err)
	}
}

func TestWriterValue(t *testing.T) {
	for _, v := range []any{nil, true, false, 0, -1, math.MaxInt, math.MinInt, int64(math.MaxInt64),
		int64(math.MinInt64), uint64(math.MaxUint64), int8(-8), 1.5, 1e30, "a", `"`,
		[]string{"a", `"`}, []string{"a"},
		[]string{}, []any{1, "a", nil}, map[string]any{"b": 1, "a": `"`}, struct{ A int }{1},
		json.RawMessage(`{"a":1}`), json.Number("12345678901234567890"), []byte("a")} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var w writer
		if err := w.value("n", v); err != nil || string(w.end()) != `{"n":`+string(want)+`}` {
			t.Errorf("%v: got %s, %v", v, w.b, err)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(1), func() {}, make(chan int), 1i,
		json.RawMessage(`{`), json.Number("x"), map[string]any{"a": func() {}}} {
		var w writer
		if err := w.value("n", v); err == nil {
			t.Errorf("%T: got %s", v, w.b)
		}
	}
}

func TestWriter(t *testing.T) {
	var w writer
	if got := string(w.end()); got != "{}" {
		t.Errorf("got %s", got)
	}
	w.text("a", "")
	w.text("b", "1")
	w.text("c", "")
	w.text("d", "2")
	if got := string(w.end()); got != `{"b":"1","d":"2"}` {
		t.Errorf("got %s", got)
	}
}
