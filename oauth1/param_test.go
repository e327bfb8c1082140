package oauth1

import (
	"slices"
	"testing"
)

// RFC 5849, Section 3.4.1.3.1.
var paramTests = []struct {
	name, in string
	want     []Param
}{
	{"nothing", "", nil},
	{"only separators", "&&", nil},
	{"empty pairs", "&a=1&&b=2&", []Param{{"a", "1"}, {"b", "2"}}},
	{"no value", "a&b=", []Param{{"a", ""}, {"b", ""}}},
	{"no name", "=v", []Param{{"", "v"}}},
	{"neither", "=", []Param{{"", ""}}},
	{"several equals signs", "a=b=c", []Param{{"a", "b=c"}}},
	{"plus and escapes in name and value", "a+%62=%2B+%20", []Param{{"a b", "+  "}}},
	{"decoded once", "a=%2541%252B", []Param{{"a", "%41%2B"}}},
	{"separators escaped", "a%3D%26=%26%3D", []Param{{"a=&", "&="}}},
	{"lower-case hex", "a=%c3%a9", []Param{{"a", "é"}}},
	{"hex at its ends", "a=%09%90%AF%fa", []Param{{"a", "\t\x90\xaf\xfa"}}},
	{"beyond hex", "a=%0/%0:%0@%0G%0`%0g%/0%:0%@0%G0%`0%g0",
		[]Param{{"a", "%0/%0:%0@%0G%0`%0g%/0%:0%@0%G0%`0%g0"}}},
	{"raw UTF-8", "a=é", []Param{{"a", "é"}}},
	{"not UTF-8", "a=%ff\xfe", []Param{{"a", "\xff\xfe"}}},
	{"null", "a=%00\x00", []Param{{"a", "\x00\x00"}}},
	{"semicolon", "a=1;b=2&c;d", []Param{{"a", "1;b=2"}, {"c;d", ""}}},
	{"percent without escape", "a=%&b=%zz%4&c=100%",
		[]Param{{"a", "%"}, {"b", "%zz%4"}, {"c", "100%"}}},
	{"percent before an escape", "a=%%41", []Param{{"a", "%A"}}},
	{"sign, underscore and x are no hex", "a=%+1%-1%1_%0x",
		[]Param{{"a", "% 1%-1%1_%0x"}}},
	{"escape at the end", "a=%41", []Param{{"a", "A"}}},
	{"raw reserved characters", `a[1]='x'&{"b":[1]}|^`,
		[]Param{{"a[1]", "'x'"}, {`{"b":[1]}|^`, ""}}},
	{"duplicates keep their order", "a=2&a=1&a=2", []Param{{"a", "2"}, {"a", "1"}, {"a", "2"}}},
}

func TestParseParams(t *testing.T) {
	for _, tt := range paramTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseParams(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("ParseParams(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// RFC 5849, Section 3.6.
var escapeTests = []struct{ name, in, want string }{
	{"nothing", "", ""},
	{"case 26", "a b+c~d*é'/%", "a%20b%2Bc~d%2A%C3%A9%27%2F%25"},
	{"unreserved", "AZaz09-._~", "AZaz09-._~"},
	{"beside the unreserved", "@[`{/:,}\x7f", "%40%5B%60%7B%2F%3A%2C%7D%7F"},
	{"reserved at the end", "a!", "a%21"},
	{"octets, not characters", "\x00\xff\x0f\xf0", "%00%FF%0F%F0"},
	{"half a character", "é\xc3", "%C3%A9%C3"},
	{"an escape is encoded again", "%20", "%2520"},
}

func TestEscape(t *testing.T) {
	for _, tt := range escapeTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := escape(tt.in); got != tt.want {
				t.Errorf("escape(%q) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

var recodeTests = []struct{ name, in, want string }{
	{"nothing", "", ""},
	{"canonical", "a-b%20c%C3%A9", "a-b%20c%C3%A9"},
	{"canonical to the end", "a%2F", "a%2F"},
	{"upper-case hex", "%AF%FA%0A%A0", "%AF%FA%0A%A0"},
	{"first digit in lower case", "%a0", "%A0"},
	{"last digit in lower case", "%0a", "%0A"},
	{"both in lower case", "%ff", "%FF"},
	{"unreserved but encoded", "%41%7E%2d%30", "A~-0"},
	{"plus", "a+b", "a%20b"},
	{"raw reserved", "a[1]", "a%5B1%5D"},
	{"raw octets", "é\xff", "%C3%A9%FF"},
	{"percent that is no escape", "100%", "100%25"},
	{"percent that is no escape, inside", "%zz", "%25zz"},
	{"percent before an escape", "%%20", "%25%20"},
	{"canonical, then not", "%20%20%20!", "%20%20%20%21"},
	{"encoded twice", "%2520", "%2520"},
}

func TestRecode(t *testing.T) {
	for _, tt := range recodeTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := recode(tt.in); got != tt.want {
				t.Errorf("recode(%q) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

// What is encoded right already is used as it is.
func TestNothingToEncodeIsNotCopied(t *testing.T) {
	const canonical = "page%20one%2F"
	const plain = "page-one-of-two"
	allocs := testing.AllocsPerRun(10, func() {
		recode(canonical)
		escape(plain)
		unescape(plain)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Who stops after the first parameter gets no second one.
func TestSplitStops(t *testing.T) {
	var names []string
	for name := range split("a=1&b=2&c=3") {
		names = append(names, name)
		if name == "b" {
			break
		}
	}
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("got %q", names)
	}
}

func TestProtocolParam(t *testing.T) {
	for _, tt := range []struct{ name, query, want string }{
		{"none", "", ""},
		{"others", "a=1&oauth=2&xoauth_=3&OAUTH_token=4", ""},
		{"first", "oauth_token=1&a=2", "oauth_token"},
		{"later", "a=1&oauth_x=2&oauth_y=3", "oauth_x"},
		{"encoded", "%6Fauth%5Ftoken", "oauth_token"},
		{"bare prefix", "oauth_=", "oauth_"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := protocolParam(ParseParams(tt.query)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
