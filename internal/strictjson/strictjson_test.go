package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var accepted = []struct {
	name, text string
	want       string // the names, and the values as they stand
}{
	{"empty", `{}`, ``},
	{"spaces everywhere", " \t\r\n{ \"a\" : 1 , \"b\"\n:\t[ 1 , 2 ] } \r\n", "a=1 b=[ 1 , 2 ]"},
	{"spaces in what is empty", `{"a":{ },"b":[ ]}`, "a={ } b=[ ]"},
	{"order is kept", `{"b":1,"a":2}`, "b=1 a=2"},
	{"empty name", `{"":1}`, "=1"},
	{"escaped name", `{"a\u006cg":1}`, "alg=1"},
	{"every escape", `{"\"\\\/\b\f\n\r\t":1}`, "\"\\/\b\f\n\r\t=1"},
	{"hexadecimal of both cases", `{"\u00e9\u00E9":1}`, "éé=1"},
	{"space and no control character", `{" !":1}`, " !=1"},
	{"surrogate pair", `{"\uD834\udd1e":1}`, "\U0001D11E=1"},
	{"escaped NUL", `{"\u0000":1}`, "\x00=1"},
	{"escaped U+FFFD", `{"\ufffd":1}`, "\ufffd=1"},
	{"U+FFFD itself", "{\"\ufffd\":1}", "\ufffd=1"},
	{"DEL", "{\"\x7f\":1}", "\x7f=1"},
	{"four bytes", "{\"\U0001D11E\":1}", "\U0001D11E=1"},
	{"same name at another level", `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`,
		`a={"a":{"a":1}} b=[{"a":1},{"a":1}]`},
	{"names that differ in case", `{"a":1,"A":2}`, "a=1 A=2"},
	{"literals", `{"a":true,"b":false,"c":null}`, "a=true b=false c=null"},
	{"zero", `{"a":0,"b":-0,"c":0.0,"d":0e0}`, "a=0 b=-0 c=0.0 d=0e0"},
	{"numbers", `{"a":10,"b":-1.50,"c":1e5,"d":1E+5,"e":1.5e-10,"f":9}`,
		"a=10 b=-1.50 c=1e5 d=1E+5 e=1.5e-10 f=9"},
}

func TestParseAccepts(t *testing.T) {
	for _, tt := range accepted {
		obj, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for name, value := range obj.All() {
			got = append(got, name+"="+string(value))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, s, tt.want)
		}
	}
}

const outOfRange = "a number out of range"

func zeros(n int) string { return strings.Repeat("0", n) }

func TestParseNumberRange(t *testing.T) {
	for _, number := range []string{
		"1.7976931348623157e308", "-1.7976931348623157e308", "1" + zeros(308), "-1" + zeros(308),
		"1" + zeros(308) + ".5", "0." + zeros(400) + "1", "1e-400", "-1e-400", "0e400",
		"1e0" + zeros(400),
	} {
		var theirs map[string]any
		text := `{"a":` + number + "}"
		if err := json.Unmarshal([]byte(text), &theirs); err != nil {
			t.Fatal(err)
		}
		wantReason(t, number, text, "")
	}
}

// numbered returns n texts made by format of 0 to n-1, and commas between them.
func numbered(format string, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
	}
	return strings.Join(list, ",")
}

// nested returns an object at whose deepest there are depth objects or arrays.
func nested(open, shut string, depth int) string {
	return `{"a":` + strings.Repeat(open, depth-1) + "1" + strings.Repeat(shut, depth-1) + "}"
}

func TestParseBounds(t *testing.T) {
	// Four members, arrays of which the last has n elements.
	const quarter = 4096/4 - 1
	lists := func(n int) string {
		return "{" + numbered(`"#":[`+numbered("1", quarter)+"]", 3) + `,"z":[` +
			numbered("1", n) + "]}"
	}
	for _, tt := range []struct{ name, text, reason string }{
		{"depth of arrays", nested("[", "]", 16), ""},
		{"arrays too deep", nested("[", "]", 17), "nested too deeply"},
		{"depth of objects", nested(`{"a":`, "}", 16), ""},
		{"objects too deep", nested(`{"a":`, "}", 17), "nested too deeply"},
		{"ten thousand levels", nested("[", "]", 10_000), "nested too deeply"},
		{"names", "{" + numbered(`"#":1`, 256) + "}", ""},
		{"too many names", "{" + numbered(`"#":1`, 257) + "}", "too many members"},
		{"too many names inside", `{"a":[{` + numbered(`"#":1`, 257) + "}]}", "too many members"},
		{"members", lists(quarter), ""},
		{"too many elements", lists(quarter + 1), "too many members"},
		{"too many members", `{"a":[` + numbered(`{"a":1}`, 2048) + "]}", "too many members"},
	} {
		wantReason(t, tt.name, tt.text, tt.reason)
	}
}

// wantReason checks that Parse refuses text for reason, or accepts it if there is
// none.
func wantReason(t *testing.T, name, text, reason string, known ...string) {
	t.Helper()
	obj, err := Parse(text, known...)
	if reason == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if obj.Len() > 0 {
		t.Errorf("%s: an object beside an error", name)
	}
	e, ok := errors.AsType[*SyntaxError](err)
	if !ok || e.Reason != reason {
		t.Errorf("%s: got %v, want %q", name, err, reason)
	}
}

var refused = []struct{ name, text, reason string }{
	{"nothing", ``, "not an object"},
	{"spaces", ` `, "not an object"},
	{"array", `[]`, "not an object"},
	{"string", `"a"`, "not an object"},
	{"null", `null`, "not an object"},
	{"byte order mark", "\ufeff{}", "not an object"},
	{"NUL before", "\x00{}", "not an object"},
	{"no-break space", "\u00a0{}", "not an object"},
	{"form feed", "\f{}", "not an object"},
	{"UTF-16", "{\x00}\x00", "not a string"},

	{"a letter after", `{}x`, "data after the object"},
	{"a second object", `{}{}`, "data after the object"},
	{"a brace after", `{}}`, "data after the object"},
	{"NUL after", "{}\x00", "data after the object"},
	{"a comma after", `{},`, "data after the object"},
	{"byte order mark after", "{}\ufeff", "data after the object"},

	{"twice", `{"a":1,"a":2}`, "a member name comes twice"},
	{"twice with the same value", `{"a":1,"a":1}`, "a member name comes twice"},
	{"twice and not beside", `{"a":1,"b":1,"a":2}`, "a member name comes twice"},
	{"twice, null first", `{"a":null,"a":2}`, "a member name comes twice"},
	{"twice, one escaped", `{"alg":1,"a\u006cg":2}`, "a member name comes twice"},
	{"twice, the first escaped", `{"a\u006cg":1,"alg":2}`, "a member name comes twice"},
	{"twice, escaped two ways", `{"\/":1,"\u002f":2}`, "a member name comes twice"},
	{"twice, as a surrogate pair", `{"` + "\U0001D11E" + `":1,"\ud834\udd1e":2}`,
		"a member name comes twice"},
	{"twice in an object", `{"a":{"b":1,"b":2}}`, "a member name comes twice"},
	{"twice in an array's object", `{"a":[1,{"b":1,"b":2}]}`, "a member name comes twice"},
	{"empty name twice", `{"":1,"":2}`, "a member name comes twice"},

	{"object unfinished", `{`, "not a string"},
	{"object unfinished after a member", `{"a":1`, "no comma between members"},
	{"object ended as an array", `{"a":1]`, "no comma between members"},
	{"no comma", `{"a":1 "b":2}`, "no comma between members"},
	{"semicolon", `{"a":1;"b":2}`, "no comma between members"},
	{"comma at the start", `{,"a":1}`, "not a string"},
	{"comma at the end", `{"a":1,}`, "not a string"},
	{"two commas", `{"a":1,,"b":2}`, "not a string"},
	{"no colon", `{"a" 1}`, "no colon after a member name"},
	{"two colons", `{"a"::1}`, "not a value"},
	{"name without quotes", `{a:1}`, "not a string"},
	{"name in single quotes", `{'a':1}`, "not a string"},
	{"name is a number", `{1:1}`, "not a string"},
	{"no value", `{"a":}`, "not a value"},
	{"no value at the end", `{"a":`, "not a value"},
	{"comment", `{/**/}`, "not a string"},
	{"vertical tab as space", "{\v}", "not a string"},

	{"array unfinished", `{"a":[`, "not a value"},
	{"array unfinished after an element", `{"a":[1`, "no comma between members"},
	{"array ended as an object", `{"a":[1}`, "no comma between members"},
	{"array of a comma", `{"a":[,]}`, "not a value"},
	{"array with a comma at the end", `{"a":[1,]}`, "not a value"},
	{"array without commas", `{"a":[1 2]}`, "no comma between members"},
	{"array with a colon", `{"a":[1:2]}`, "no comma between members"},

	{"True", `{"a":True}`, "not a value"},
	{"tru", `{"a":tru}`, "not a value"},
	{"truex", `{"a":truex}`, "no comma between members"},
	{"nul at the end", `{"a":nul`, "not a value"},
	{"NaN", `{"a":NaN}`, "not a value"},
	{"Infinity", `{"a":Infinity}`, "not a value"},
	{"undefined", `{"a":undefined}`, "not a value"},

	{"plus", `{"a":+1}`, "not a value"},
	{"point first", `{"a":.5}`, "not a value"},
	{"minus alone", `{"a":-}`, "a number without digits"},
	{"minus and a letter", `{"a":-x}`, "a number without digits"},
	{"minus Infinity", `{"a":-Infinity}`, "a number without digits"},
	{"leading zero", `{"a":01}`, "no comma between members"},
	{"leading zero after minus", `{"a":-01}`, "no comma between members"},
	{"hexadecimal", `{"a":0x10}`, "no comma between members"},
	{"underscore", `{"a":1_0}`, "no comma between members"},
	{"point last", `{"a":1.}`, "a fraction without digits"},
	{"point before an exponent", `{"a":1.e1}`, "a fraction without digits"},
	{"no exponent", `{"a":1e}`, "an exponent without digits"},
	{"exponent of a sign", `{"a":1e+}`, "an exponent without digits"},
	{"exponent of a minus", `{"a":1E-}`, "an exponent without digits"},
	{"exponent with a fraction", `{"a":1e1.5}`, "no comma between members"},

	{"beyond float64", `{"a":1e400}`, outOfRange},
	{"beyond float64, negative", `{"a":-1e400}`, outOfRange},
	{"just beyond float64", `{"a":1.7976931348623159E308}`, outOfRange},
	{"beyond float64, in digits", `{"a":1` + zeros(309) + `}`, outOfRange},
	{"beyond float64, in digits and a fraction", `{"a":-2` + zeros(308) + `.5}`, outOfRange},
	{"beyond float64, inside", `{"a":[{"b":[0,1e309]}]}`, outOfRange},
	{"an endless exponent", `{"a":1e1` + zeros(400) + `}`, outOfRange},

	{"string unfinished", `{"a`, "a string without end"},
	{"string unfinished in a value", `{"a":"b}`, "a string without end"},
	{"string that ends in a backslash", `{"a\`, "an unknown escape"},
	{"escaped quote at the end", `{"a\"`, "a string without end"},
	{"line feed", "{\"a\nb\":1}", "a control character in a string"},
	{"NUL", "{\"\x00\":1}", "a control character in a string"},
	{"unit separator", "{\"\x1f\":1}", "a control character in a string"},
	{"escape x", `{"\x41":1}`, "an unknown escape"},
	{"escape U", `{"\U0041":1}`, "an unknown escape"},
	{"escape quote", `{"\'":1}`, "an unknown escape"},
	{"escape NUL", "{\"\\\x00\":1}", "an unknown escape"},
	{"escape line feed", "{\"\\\n\":1}", "an unknown escape"},
	{"three digits", `{"\u004":1}`, "an escape that is no character"},
	{"digit g", `{"\u004g":1}`, "an escape that is no character"},
	{"digit G", `{"\u00G4":1}`, "an escape that is no character"},
	{"digit :", `{"\u00:4":1}`, "an escape that is no character"},
	{"digit @", `{"\u00@4":1}`, "an escape that is no character"},
	{"digit U+0010, a zero but for one bit", "{\"\\u00\x104\":1}",
		"an escape that is no character"},
	{"digit ~", `{"\u00~4":1}`, "an escape that is no character"},
	{"digit beyond ASCII", "{\"\\u00\u06604\":1}", "an escape that is no character"},
	{"escape unfinished", `{"\u00`, "an escape that is no character"},
	{"escape unfinished by a digit", `{"\u004`, "an escape that is no character"},
	{"escape finished, string not", `{"\u0041`, "a string without end"},
	{"plus in an escape", `{"\u+041":1}`, "an escape that is no character"},
	{"lone high surrogate", `{"\ud834":1}`, "an escape that is no character"},
	{"lone low surrogate", `{"\udd1e":1}`, "an escape that is no character"},
	{"two high surrogates", `{"\ud834\ud834":1}`, "an escape that is no character"},
	{"surrogates the wrong way round", `{"\udd1e\ud834":1}`, "an escape that is no character"},
	{"high surrogate and a letter", `{"\ud834\u0061":1}`, "an escape that is no character"},
	{"high surrogate and a short escape", `{"\ud834\n":1}`, "an escape that is no character"},
	{"high surrogate and no escape", `{"\ud834udd1e":1}`, "an escape that is no character"},
	{"high surrogate and two letters", `{"\ud834xudd1e":1}`, "an escape that is no character"},
	{"high surrogate and another escape", `{"\ud834\Udd1e":1}`,
		"an escape that is no character"},
	{"high surrogate and half an escape", `{"\ud834\udd":1}`, "an escape that is no character"},
	{"high surrogate at the end", `{"\ud834`, "an escape that is no character"},
	{"high surrogate and a backslash at the end", `{"\ud834\`,
		"an escape that is no character"},

	{"continuation byte", "{\"\x80\":1}", "invalid UTF-8"},
	{"byte FF", "{\"\xff\":1}", "invalid UTF-8"},
	{"overlong slash", "{\"\xc0\xaf\":1}", "invalid UTF-8"},
	{"surrogate in UTF-8", "{\"\xed\xa0\xb4\":1}", "invalid UTF-8"},
	{"beyond U+10FFFF", "{\"\xf4\x90\x80\x80\":1}", "invalid UTF-8"},
	{"character cut short", "{\"\xe2\x82\":1}", "invalid UTF-8"},
	{"invalid UTF-8 in a value", "{\"a\":\"\xff\"}", "invalid UTF-8"},
	{"invalid UTF-8 outside a string", "{\xff}", "not a string"},
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range refused {
		wantReason(t, tt.name, tt.text, tt.reason)
	}
}

// encoding/json lets EXP fill the field of exp, and the long s or the Kelvin sign
// stand for s and k.
func TestParseKnownNames(t *testing.T) {
	const folded = "a member name differs from a known one only in case"
	for _, tt := range []struct{ name, text, reason string }{
		{"exact", `{"iss":1,"kid":1}`, ""},
		{"others", `{"Other":1,"isss":1,"ki":1}`, ""},
		{"upper case", `{"ISS":1}`, folded},
		{"one letter", `{"Iss":1}`, folded},
		{"beside the exact one", `{"iss":1,"isS":1}`, folded},
		{"before the exact one", `{"isS":1,"iss":1}`, folded},
		{"the second known", `{"KID":1}`, folded},
		{"long s", `{"is` + "\u017f" + `":1}`, folded},
		{"long s, escaped", `{"is\u017f":1}`, folded},
		{"Kelvin sign", `{"` + "\u212a" + `id":1}`, folded},
		{"Kelvin sign, escaped", `{"\u212Aid":1}`, folded},
		{"inside another object", `{"a":{"ISS":1}}`, ""},
	} {
		wantReason(t, tt.name, tt.text, tt.reason, "iss", "kid")
	}
}

// Whatever two characters fold to one another, wherever in the name, are seen.
func TestParseKnownNamesUnicode(t *testing.T) {
	for r := range unicode.MaxRune {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			for _, format := range []string{"%c", "%cx", "x%c"} {
				name, known := fmt.Sprintf(format, other), fmt.Sprintf(format, r)
				if !folds(name, []string{"", known}) {
					t.Errorf("%q is not seen to fold to %q", name, known)
				}
			}
		}
	}
}

func TestParseKnownNamesASCII(t *testing.T) {
	for a := range 128 {
		for b := range 128 {
			name, known := string(rune(a))+"s", string(rune(b))+"S"
			if got := folds(name, []string{known}); got != strings.EqualFold(name, known) {
				t.Errorf("%q and %q: %v", name, known, got)
			}
		}
	}
}

func TestEscapes(t *testing.T) {
	for c := range 256 {
		reason := "an unknown escape"
		if strings.ContainsRune(`"\/bfnrt`, rune(c)) {
			reason = ""
		} else if c == 'u' {
			reason = "an escape that is no character"
		}
		text := []byte{'{', '"', '\\', byte(c), '"', ':', '1', '}'}
		wantReason(t, fmt.Sprintf("%#x", c), string(text), reason)
	}
}

func TestGet(t *testing.T) {
	obj, err := Parse(`{"a":null,"":1,"b":2}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "null", "": "1", "b": "2"} {
		if got := obj.Get(name); string(got) != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"A", "c", "a\x00"} {
		if obj.Get(name) != "" {
			t.Errorf("%q is there", name)
		}
	}
}

type inner struct {
	Issuer string `json:"iss"`
}

type outer struct {
	inner
	Kind    string `json:"kty,omitempty"`
	Plain   string
	Ignored string `json:"-"`
	hidden  string
}

func TestUnmarshal(t *testing.T) {
	const (
		folded      = "a member name differs from a known one only in case"
		foldedTwice = "two member names, or other letters, fold to one field's"
	)
	for _, tt := range []struct {
		name, text, reason string
		want               outer
	}{
		{"all", `{"iss":"i","kty":"k","Plain":"p","x":1}`, "",
			outer{inner: inner{"i"}, Kind: "k", Plain: "p"}},
		{"name of no member", `{"Inner":1,"ignored":"x","HIDDEN":"x","-":"x"}`, "", outer{}},
		{"name of no member, twice", `{"hidden":"x","HIDDEN":"y"}`, "", outer{}},
		{"folded", `{"KTY":"k"}`, folded, outer{}},
		{"folded in what is embedded", `{"ISS":"i"}`, folded, outer{}},
		{"folded without a tag", `{"plain":"p"}`, "", outer{Plain: "p"}},
		{"folded without a tag, twice", `{"plain":"p","PLAIN":"q"}`, foldedTwice, outer{}},
		{"folded beside the exact one", `{"Plain":"p","plain":"q"}`, foldedTwice, outer{}},
		{"folded from other letters", "{\"is\u017f\":\"p\"}", folded, outer{}},
		{"wrong type", `{"iss":1}`, "a member is of the wrong type for field inner.iss", outer{}},
		{"twice", `{"iss":"a","iss":"b"}`, "a member name comes twice", outer{}},
		{"after the end", `{"iss":"a"} x`, "data after the object", outer{}},
		{"array", `[]`, "not an object", outer{}},
	} {
		var got outer
		err := Unmarshal(tt.text, &got)
		e, _ := errors.AsType[*SyntaxError](err)
		if tt.reason == "" && err != nil || tt.reason != "" && (e == nil || e.Reason != tt.reason) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.reason)
		}
		if got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// A field without a tag is not filled from letters that only fold to its name.
func TestUnmarshalOtherLetters(t *testing.T) {
	for _, name := range []string{"task\u017f", "tas\u212as"} {
		v := struct{ Tasks string }{}
		if err := Unmarshal(`{"`+name+`":"x"}`, &v); err == nil || v.Tasks != "" {
			t.Errorf("%q: got %+v, %v", name, v, err)
		}
	}
}

type Text string

// However a struct is reached, and whatever is embedded in it, its fields are
// filled once.
func TestUnmarshalOddShapes(t *testing.T) {
	var embedded struct{ Text }
	var tagged struct {
		Text string `json:"text"`
	}
	pointer := &tagged
	for name, v := range map[string]any{"embedded": &embedded, "pointer to a pointer": &pointer} {
		if err := Unmarshal(`{"text":"a","TEXT":"b"}`, v); err == nil {
			t.Errorf("%s: two names for one field", name)
		}
		if err := Unmarshal(`{"text":"a"}`, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if embedded.Text != "a" || tagged.Text != "a" {
		t.Errorf("got %+v, %+v", embedded, tagged)
	}
}

// The name of an embedded struct is no member's.
func TestUnmarshalEmbeddedName(t *testing.T) {
	type Address struct{ Street string }
	var v struct{ Address }
	text := `{"address":1,"ADDRESS":2,"Street":"s"}`
	if err := Unmarshal(text, &v); err != nil || v.Street != "s" {
		t.Errorf("got %v, %+v", err, v)
	}
}

func TestUnmarshalInto(t *testing.T) {
	var m map[string]int
	if err := Unmarshal(`{"a":1,"A":2}`, &m); err != nil || m["a"] != 1 || m["A"] != 2 {
		t.Errorf("a map: got %v, %v", m, err)
	}
	for name, v := range map[string]any{"nil": nil, "no pointer": outer{},
		"nil pointer": (*outer)(nil)} {
		if _, ok := errors.AsType[*json.InvalidUnmarshalError](Unmarshal(`{}`, v)); !ok {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSyntaxErrorHidesText(t *testing.T) {
	for _, text := range []string{
		`{"hunter2":"hunter2","hunter2":1}`, `{"hunter2":hunter2}`, `{"a":"hunter2`, `hunter2`,
		`{"HUNTER2":1}`, `{"a":1}hunter2`, "{\"hunter2\xff\":1}",
	} {
		_, err := Parse(text, "hunter2")
		printed := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
		if err == nil || strings.Contains(strings.ToLower(printed), "hunter2") {
			t.Errorf("%s: got %s", text, printed)
		}
	}
}

func TestSyntaxErrorOffset(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":x}`:     "strictjson: not a value at offset 5",
		`{} x`:        "strictjson: data after the object at offset 3",
		"{\"\xff\":}": "strictjson: invalid UTF-8 at offset 2",
		`{"ISS":1}`:   "strictjson: a member name differs from a known one only in case at offset 0",
	} {
		if _, err := Parse(text, "iss"); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestParseTooLong(t *testing.T) {
	obj, err := Parse("{" + strings.Repeat(" ", MaxLength-1) + "}")
	if err == nil || err.Error() != "strictjson: too long at offset 0" || obj.Len() > 0 {
		t.Errorf("got %v", err)
	}
}

func TestAll(t *testing.T) {
	obj, err := Parse(`{"a":1,"b":2,"\u0063":3}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, value := range obj.All() {
		if got = append(got, name+string(value)); len(got) == 2 {
			break
		}
	}
	if !slices.Equal(got, []string{"a1", "b2"}) || obj.Get("c") != "3" || obj.Len() != 3 {
		t.Errorf("got %q", got)
	}
	for range (Object{}).All() {
		t.Error("a member of nothing")
	}
}

// An UnmarshalJSON of the caller's may say anything of what it reads.
type loud struct{}

func (*loud) UnmarshalJSON(text []byte) error { return errors.New(string(text)) }

func TestUnmarshalQuiet(t *testing.T) {
	var v struct {
		A loud `json:"a"`
	}
	err := Unmarshal(`{"a":"secret"}`, &v)
	if e, ok := errors.AsType[*SyntaxError](err); !ok || e.Reason != "a member is of the wrong type" {
		t.Errorf("got %v", err)
	}
}

type confirmation struct {
	JKT string `json:"jkt"`
}

// The names of inner objects are held to the same, wherever a struct takes them.
func TestUnmarshalInner(t *testing.T) {
	const inner = `{"jkt":"good","JKT":"evil"}`
	for name, tt := range map[string]struct {
		text string
		v    any
	}{
		"struct": {`{"cnf":` + inner + `}`, &struct {
			C confirmation `json:"cnf"`
		}{}},
		"pointer": {`{"cnf":` + inner + `}`, &struct {
			C **confirmation `json:"cnf"`
		}{}},
		"field without a tag": {`{"cnf":` + inner + `}`, &struct{ CNF confirmation }{}},
		"slice": {`{"cnf":[{},` + inner + `]}`, &struct {
			C []confirmation `json:"cnf"`
		}{}},
		"array": {`{"cnf":[{},` + inner + `]}`, &struct {
			C [2]*confirmation `json:"cnf"`
		}{}},
		"map": {`{"cnf":{"a":{},"b":` + inner + `}}`, &struct {
			C map[string]confirmation `json:"cnf"`
		}{}},
		"slice of maps of slices": {`{"cnf":[{"b":[` + inner + `]}]}`, &struct {
			C []map[string][]confirmation `json:"cnf"`
		}{}},
		"map at the top": {`{"a":` + inner + `}`, &map[string]confirmation{}},
		"deeper": {`{"a":{"cnf":` + inner + `}}`, &struct {
			A struct {
				C confirmation `json:"cnf"`
			} `json:"a"`
		}{}},
	} {
		err := Unmarshal(tt.text, tt.v)
		if e, ok := errors.AsType[*SyntaxError](err); !ok ||
			e.Reason != "a member name differs from a known one only in case" {
			t.Errorf("%s: got %v, %+v", name, err, tt.v)
		}
		if err := Unmarshal(strings.ReplaceAll(tt.text, `,"JKT":"evil"`, ""), tt.v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, v := range []any{&map[string]any{}, &struct{ A json.RawMessage }{}, &struct{ A any }{},
		&struct{ A map[string]string }{}} {
		if err := Unmarshal(`{"a":`+inner+`}`, v); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
	type tree struct {
		Left *tree `json:"left"`
	}
	if err := Unmarshal(`{"left":{"left":{"LEFT":{}}}}`, &tree{}); err == nil {
		t.Error("a tree took it")
	}
}

// A struct that is embedded in itself is looked at once.
func TestUnmarshalSelfEmbedded(t *testing.T) {
	type loop struct {
		*loop
		A string `json:"a"`
	}
	var v loop
	if err := Unmarshal(`{"a":"x"}`, &v); err != nil || v.A != "x" {
		t.Errorf("got %v, %+v", err, v)
	}
}

// Names are compared within their own object, also where their bits are those of others.
func TestParseInnerNames(t *testing.T) {
	if _, err := Parse(`{"axxd":1,"b":{"abcd":1,"axxd":2,"ayyd":3},"abcd":4}`); err != nil {
		t.Error(err)
	}
	for _, text := range []string{`{"abcd":1,"axxd":2,"abcd":3}`,
		`{"b":{"abcd":1,"axxd":2,"abcd":3}}`} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s: accepted", text)
		}
	}
}

// own reads its JSON itself.
type own struct {
	JKT string `json:"jkt"`
}

func (o *own) UnmarshalJSON([]byte) error { o.JKT = "own"; return nil }

func TestUnmarshalOwn(t *testing.T) {
	var v struct {
		C own `json:"cnf"`
	}
	if err := Unmarshal(`{"cnf":{"JKT":"other"}}`, &v); err != nil || v.C.JKT != "own" {
		t.Errorf("got %v, %+v", err, v)
	}
}

// A pointer to an interface that holds a pointer hides no field.
func TestUnmarshalThroughInterface(t *testing.T) {
	var c confirmation
	var v any = &c
	var again any = &v
	for _, to := range []any{&v, &again} {
		if err := Unmarshal(`{"JKT":"evil"}`, to); err == nil || c.JKT != "" {
			t.Errorf("got %v, %+v", err, c)
		}
	}
	if err := Unmarshal(`{"jkt":"good"}`, &v); err != nil || c.JKT != "good" {
		t.Errorf("got %v, %+v", err, c)
	}
	var loop any
	loop = &loop
	_ = destination(loop)
}
