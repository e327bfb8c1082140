package strictjson

import (
	"slices"
	"testing"
)

func TestString(t *testing.T) {
	for _, tt := range []struct {
		value, want string
		ok          bool
	}{
		{`"a"`, "a", true},
		{`""`, "", true},
		{`"a\u00e9\n"`, "aé\n", true},
		{`"\ud834\udd1eb"`, "\U0001D11Eb", true},
		{`"1"`, "1", true},
		{``, "", false},
		{`1`, "", false},
		{`null`, "", false},
		{`true`, "", false},
		{`["a"]`, "", false},
		{`{"a":"a"}`, "", false},
		{`"a`, "", false},
		{`"a"b`, "", false},
		{` "a"`, "", false},
	} {
		if got, ok := Value(tt.value).String(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %q, %v", tt.value, got, ok)
		}
	}
	if got, ok := Value("").String(); got != "" || ok {
		t.Errorf("absent: got %q, %v", got, ok)
	}
}

func TestBool(t *testing.T) {
	for _, tt := range []struct {
		text     string
		want, ok bool
	}{
		{"true", true, true}, {"false", false, true}, {`"true"`, false, false}, {"1", false, false},
		{"null", false, false}, {"", false, false},
	} {
		if got, ok := Value(tt.text).Bool(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %v, %v", tt.text, got, ok)
		}
	}
}

func TestIsNull(t *testing.T) {
	for value, want := range map[string]bool{"null": true, `"null"`: false, "": false, "0": false} {
		if Value(value).IsNull() != want {
			t.Errorf("%q: got %v", value, !want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  int64
		ok    bool
	}{
		{"0", 0, true},
		{"9", 9, true},
		{"-1", -1, true},
		{"1300819380", 1300819380, true},
		{"1300819380.999", 1300819380, true},
		{"-1.9", -1, true},
		{"1e3", 1000, true},
		{"12.5E-1", 1, true},
		{"253402300799", 253402300799, true},
		{"-253402300799", -253402300799, true},
		{"253402300799.5", 0, false},
		{"253402300800", 0, false},
		{"-253402300800", 0, false},
		{"1e30", 0, false},
		{"9223372036854775808", 0, false},
		{"1e999", 0, false},
		{"-1e999", 0, false},
		{`"1"`, 0, false},
		{"null", 0, false},
		{"true", 0, false},
		{"[1]", 0, false},
		{"{}", 0, false},
		{"", 0, false},
		// No JSON: callers also ask of text from inside a string.
		{"-", 0, false},
		{" 1", 0, false},
		{"1 ", 0, false},
		{"1.", 0, false},
		{"01", 0, false},
		{"+1", 0, false},
		{"0x10p0", 0, false},
		{"1_0", 0, false},
		{"NaN", 0, false},
		{"Inf", 0, false},
		{"-Inf", 0, false},
	} {
		if got, ok := Value(tt.value).Seconds(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %d, %v", tt.value, got, ok)
		}
	}
}

func TestStrings(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  []string
		ok    bool
	}{
		{`[]`, []string{}, true},
		{` [ ] `, nil, false},
		{`["a"]`, []string{"a"}, true},
		{`[ "a" , "\u0062" ]`, []string{"a", "b"}, true},
		{`["a",1]`, nil, false},
		{`[1,"a"]`, nil, false},
		{`["a",null]`, nil, false},
		{`[["a"]]`, nil, false},
		{`["a"]]`, nil, false},
		{`"a"`, nil, false},
		{`{}`, nil, false},
		{`null`, nil, false},
		{``, nil, false},
	} {
		got, ok := Value(tt.value).Strings()
		if !slices.Equal(got, tt.want) || ok != tt.ok || (got == nil) == ok {
			t.Errorf("%s: got %q, %v", tt.value, got, ok)
		}
	}
}

func TestAppendOneOrMore(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  []string
		ok    bool
	}{
		{`[]`, []string{"x"}, true},
		{`["a","b"]`, []string{"x", "a", "b"}, true},
		{`"a"`, []string{"x", "a"}, true},
		{`""`, []string{"x", ""}, true},
		{`["a",1]`, nil, false},
		{`1`, nil, false},
		{`null`, nil, false},
		{``, nil, false},
	} {
		got, ok := Value(tt.value).AppendOneOrMore([]string{"x"})
		if !slices.Equal(got, tt.want) || ok != tt.ok {
			t.Errorf("%s: got %q, %v", tt.value, got, ok)
		}
	}
}

func TestArray(t *testing.T) {
	obj, err := Parse(`{"a":[1, "b" ,[2,3],{"c":null}, true]}`)
	if err != nil {
		t.Fatal(err)
	}
	if list, ok := Value("[]").Array(); list == nil || !ok {
		t.Errorf("an empty array: %v, %v", list, ok)
	}
	list, ok := obj.Get("a").Array()
	var got []string
	for _, v := range list {
		got = append(got, string(v))
	}
	if want := []string{"1", `"b"`, "[2,3]", `{"c":null}`, "true"}; !ok ||
		!slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, ok)
	}
	for _, value := range []string{"", "1", `"[]"`, "{}", "null", "[1", "[1]2", "1]"} {
		if list, ok := Value(value).Array(); ok {
			t.Errorf("%s: got %q", value, list)
		}
	}
}

// An array may be as deep as Parse let it be.
func TestArrayDepth(t *testing.T) {
	obj, err := Parse(nested("[", "]", MaxDepth))
	if err != nil {
		t.Fatal(err)
	}
	v, depth := obj.Get("a"), 1
	for list, ok := v.Array(); ok; list, ok = v.Array() {
		v, depth = list[0], depth+1
	}
	if depth != MaxDepth || string(v) != "1" {
		t.Errorf("got %s at depth %d", v, depth)
	}
}

func TestRaw(t *testing.T) {
	text := `{"a":[1]}`
	obj, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if raw := obj.Get("a").Raw(); string(raw) != "[1]" {
		t.Errorf("got %s", raw)
	}
	if obj.Get("b").Raw() != nil {
		t.Error("an absent member has text")
	}
}
