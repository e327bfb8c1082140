package challenge

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// of makes a challenge of a scheme and of names and values in turn.
func of(scheme string, namesAndValues ...string) Challenge {
	c := Challenge{Scheme: scheme}
	for pair := range slices.Chunk(namesAndValues, 2) {
		c.Params = append(c.Params, Param{pair[0], pair[1]})
	}
	return c
}

var parseTests = []struct {
	name, field string
	want        []Challenge
}{
	{"nothing", "", nil},
	{"white space", " \t ", nil},
	{"empty list elements alone", " , ,\t,", nil},
	{"scheme alone", "Negotiate", []Challenge{of("Negotiate")}},
	{"schemes alone", "Negotiate, NTLM,Basic",
		[]Challenge{of("Negotiate"), of("NTLM"), of("Basic")}},
	{"RFC 9110, Section 11.3", `Basic realm="simple"`, []Challenge{of("Basic", "realm", "simple")}},
	{"RFC 9110, Section 11.6.1",
		`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`,
		[]Challenge{of("Basic", "realm", "simple"),
			of("Newauth", "realm", "apps", "type", "1", "title", `Login to "apps"`)}},
	{"the same the other way round",
		`Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`,
		[]Challenge{of("Newauth", "realm", "apps", "type", "1", "title", `Login to "apps"`),
			of("Basic", "realm", "simple")}},
	{"RFC 6750, Section 3", `Bearer realm="example", error="invalid_token", ` +
		`error_description="The access token expired"`,
		[]Challenge{of("Bearer", "realm", "example", "error", "invalid_token",
			"error_description", "The access token expired")}},
	{"RFC 5849, Section 3.5.1", `OAuth realm="http://server.example.com/"`,
		[]Challenge{of("OAuth", "realm", "http://server.example.com/")}},
	{"values as they came", `OAuth oauth_signature="wOJIO9A2W5mFwDgiDvZbTSMK%2FPY%3D"`,
		[]Challenge{of("OAuth", "oauth_signature", "wOJIO9A2W5mFwDgiDvZbTSMK%2FPY%3D")}},
	{"in their order and as often as they came", `A b=2, a=1, b="2", B=3`,
		[]Challenge{of("A", "b", "2", "a", "1", "b", "2", "B", "3")}},
	{"empty list elements", `, A ,,a=1, ,b=2,, B,`,
		[]Challenge{of("A", "a", "1", "b", "2"), of("B")}},
	{"several spaces", "A   a=1", []Challenge{of("A", "a", "1")}},
	{"space around the equals sign", "A a \t= \t1\t,b = \"2\" ",
		[]Challenge{of("A", "a", "1", "b", "2")}},
	{"space behind a scheme", "A , B ", []Challenge{of("A"), of("B")}},
	{"empty quoted-string", `A a=""`, []Challenge{of("A", "a", "")}},
	{"quoted-pairs", `A a="\a\\\"\,"`, []Challenge{of("A", "a", `a\",`)}},
	{"separators in a quoted-string", `A a="b, C d=e", f=g`,
		[]Challenge{of("A", "a", "b, C d=e", "f", "g")}},
	{"octets in a quoted-string", "A a=\"é\xff\t\"", []Challenge{of("A", "a", "é\xff\t")}},
	{"token68 that is a name without a value", "A a=, B b=", []Challenge{of("A"), of("B")}},
	{"every mark of a token", "!#$%&'*+-.^_`|~09azAZ !#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ",
		[]Challenge{of("!#$%&'*+-.^_`|~09azAZ", "!#$%&'*+-.^_`|~09azAZ", "!#$%&'*+-.^_`|~09azAZ")}},
	{"token68", "Negotiate YIIFzg", []Challenge{of("Negotiate")}},
	{"token68 with padding", "Negotiate a+/b==, Basic realm=x",
		[]Challenge{of("Negotiate"), of("Basic", "realm", "x")}},
	{"token68 with one sign of padding", "Negotiate YII=", []Challenge{of("Negotiate")}},
	{"token68 of every mark", "Basic 09azAZ-._~+/==", []Challenge{of("Basic")}},
	{"token68 among others", `A a=1, Negotiate YII=, B b="2"`,
		[]Challenge{of("A", "a", "1"), of("Negotiate"), of("B", "b", "2")}},
}

func TestParse(t *testing.T) {
	for _, tt := range parseTests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Parse(tt.field)
			if !ok || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, %t; want %q", got, ok, tt.want)
			}
		})
	}
}

var malformed = []struct{ name, field string }{
	{"parameter alone", "a=1"},
	{"parameter before a scheme", "a=1, Basic"},
	{"quoted-string alone", `"a"`},
	{"parameter and then a scheme", `a="1"b`},
	{"parameter and then a scheme with a parameter", `a="1"b c=2`},
	{"equals sign", "="},
	{"no scheme", ` , ="a"`},
	{"two schemes", "Basic Bearer realm=x"},
	{"two schemes without parameters", "A B C"},
	{"tab behind the scheme", "Basic\trealm=x"},
	{"no comma between parameters", "A a=1 b=2"},
	{"no comma behind a quoted-string", `A a="1"b=2`},
	{"no comma before a scheme", `A a="1" B`},
	{"two equals signs in a later parameter", "A a=1, b==2"},
	{"text behind a value", "A a=1=2"},
	{"no value in a later parameter", "A a=1, b="},
	{"no name in a later parameter", "A a=1, =b"},
	{"semicolon", "A a=1; b=2"},
	{"quoted-string without an end", `A a="1`},
	{"quoted-string that ends in a quoted-pair", `A a="1\"`},
	{"quoted-string that ends in half a quoted-pair", `A a="1\`},
	{"quoted-string that only begins", `A a="`},
	{"quoted name", `A "a"=1`},
	{"token68 with text behind", "A YII x"},
	{"token68 with text behind its padding", "A YII==x"},
	{"no ASCII in a scheme", "é"},
	{"no ASCII in a name", "A é=1"},
	{"no ASCII in a value", "A a=é"},
	{"not UTF-8", "\xff"},
	{"null", "A a=\x00"},
	{"brackets", "A a=[1]"},
	{"octets beside letters and digits", "A a=@"},
	{"the same", "A a={"},
	{"the same of digits", "A a=/"},
	{"the same of digits, above", "A a=:"},
	{"replacement character", "A a=\uFFFD"},
	{"fault behind good challenges", `Basic realm="simple", Newauth a="`},
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range malformed {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := Parse(tt.field); ok || got != nil {
				t.Errorf("got %q, %t", got, ok)
			}
		})
	}
}

// A challenge is printed with quoted-strings.
func (c Challenge) print() string {
	var params []string
	for _, p := range c.Params {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.Value)
		params = append(params, p.Name+`="`+value+`"`)
	}
	return c.Scheme + " " + strings.Join(params, ", ")
}

func FuzzParse(f *testing.F) {
	for _, tt := range parseTests {
		f.Add(tt.field)
	}
	for _, tt := range malformed {
		f.Add(tt.field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		list, ok := Parse(field)
		if !ok {
			if list != nil {
				t.Errorf("%q: %q beside the refusal", field, list)
			}
			return
		}
		var printed []string
		for _, c := range list {
			printed = append(printed, c.print())
		}
		again, ok := Parse(strings.Join(printed, ", "))
		if !ok || !reflect.DeepEqual(again, list) {
			t.Errorf("%q parsed to %q, then to %q, %t", field, list, again, ok)
		}
	})
}
