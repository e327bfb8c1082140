package compliance

import (
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vouchsafe/oidc"
)

func tenantRow() Provider {
	return Provider{
		AuthorizeURL:     "https://{host}/{tenant}/authorize",
		AccessTokenURL:   "https://{host}/{tenant}/token",
		AuthorizeParams:  url.Values{"tenant": {"{tenant}", "x"}},
		UserInfoEndpoint: "https://{host}/users/{user_id}",
		UserInfoNames:    map[string]string{"name": "{first} {last}", "sub": "id"},
		Scopes:           []string{"read:{tenant}"},
		Dialect:          Dialect{Headers: map[string]string{"X-Tenant": "{tenant} {client_id}"}},
		Quirks:           oidc.Quirks{StringBooleans: true},
		Params: map[string]Param{
			"host":   {Pattern: dnsName, Example: "id.app.example", Default: "id.example.com"},
			"tenant": {Pattern: segment, Example: "acme"},
		},
	}
}

// What is in braces is filled in wherever it stands, and what is no parameter stays.
func TestWith(t *testing.T) {
	row := tenantRow()
	got, err := row.With(map[string]string{"tenant": "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if got.AuthorizeURL != "https://id.example.com/acme/authorize" ||
		got.UserInfoEndpoint != "https://id.example.com/users/{user_id}" ||
		got.UserInfoNames["name"] != "{first} {last}" || got.Scopes[0] != "read:acme" ||
		!slices.Equal(got.AuthorizeParams["tenant"], []string{"acme", "x"}) ||
		got.Dialect.Headers["X-Tenant"] != "acme {client_id}" || !got.Quirks.StringBooleans {
		t.Errorf("the row is %+v", got)
	}
	if !reflect.DeepEqual(row, tenantRow()) {
		t.Errorf("the row itself has become %+v", row)
	}
	other, err := row.With(map[string]string{"tenant": "b", "host": "id.app.example:8443"})
	if err != nil || other.AccessTokenURL != "https://id.app.example:8443/b/token" {
		t.Errorf("%s, %v", other.AccessTokenURL, err)
	}
	if same, err := (Provider{AuthorizeURL: "{x}"}).With(nil); err != nil ||
		same.AuthorizeURL != "{x}" {
		t.Errorf("without parameters: %+v, %v", same, err)
	}
}

// The error says which parameter, and no value.
func TestWithRefused(t *testing.T) {
	for _, test := range []struct {
		values map[string]string
		want   string
	}{
		{nil, `"tenant" must be given, such as acme`},
		{map[string]string{"tenant": ""}, `"tenant" must be given, such as acme`},
		{map[string]string{"tenant": "ev/il"}, `"tenant" must be such as acme`},
		{map[string]string{"tenant": "evil\n"}, `"tenant" must be such as acme`},
		{map[string]string{"tenant": "acme", "host": "evil"},
			`"host" must be such as id.app.example`},
		{map[string]string{"tenant": "acme", "user_id": "evil"},
			`"user_id" is no parameter of this provider, which has host, tenant`},
		{map[string]string{"b": "evil", "a": "evil"},
			`"a" is no parameter of this provider, which has host, tenant`},
		{map[string]string{"Tenant": "evil"},
			`"Tenant" is no parameter of this provider, which has host, tenant`},
	} {
		row, err := tenantRow().With(test.values)
		if err == nil || err.Error() != test.want || row.AuthorizeURL != "" {
			t.Errorf("%v: %q and %v, want %s", test.values, row.AuthorizeURL, err, test.want)
		}
	}
	loose := Provider{Params: map[string]Param{"a": {Pattern: "x|y", Example: "x"}}}
	for value, ok := range map[string]bool{"x": true, "y": true, "xz": false, "zy": false} {
		if _, err := loose.With(map[string]string{"a": value}); (err == nil) != ok {
			t.Errorf("%s of two: %v", value, err)
		}
	}
	wrong := Provider{Params: map[string]Param{"a": {Pattern: "x", Example: "x", Default: "z"}}}
	if _, err := wrong.With(nil); err == nil || err.Error() != `"a" must be such as x` {
		t.Errorf("a default is taken as it is: %v", err)
	}
}

// No value ends a host or a segment, or is dots.
func TestPatterns(t *testing.T) {
	patterns := map[string]string{"label": dnsLabel, "name": dnsName, "segment": segment}
	for _, test := range []struct{ value, of string }{
		{"a", "label segment"}, {"acme-1", "label segment"}, {"a.b", "name segment"},
		{"id.app.example:8443", "name"}, {"Acme_1~x", "segment"},
		{"11111111-2222-3333-4444-555555555555", "label segment"}, {"_a", "segment"},
		{strings.Repeat("a", 63), "label segment"}, {strings.Repeat("a", 64), "segment"},
		{strings.Repeat("a", 128), "segment"}, {strings.Repeat("a", 129), ""},
		{"a.", "segment"}, {".a", ""}, {".", ""}, {"..", ""}, {"...", ""}, {"-a", ""},
		{"a-", "segment"}, {"-", ""}, {"", ""}, {"127.0.0.1", "segment"}, {"1.2", "segment"},
		{"a.b:0", ""}, {"a.b:", ""}, {"a.b:123456", ""}, {"a..b", "segment"},
		{"a.-b", "segment"}, {"a/b", ""}, {"a?b", ""},
		{"a#b", ""}, {"a@b", ""}, {"a:b", ""}, {"a%2fb", ""}, {"a b", ""}, {`a\b`, ""},
		{"a{b}", ""},
		{"a.b/", ""}, {"é", ""}, {"a\n", ""}, {"a.b\n", ""}, {"a\x00", ""}, {"[::1]", ""},
	} {
		var of []string
		for _, name := range slices.Sorted(maps.Keys(patterns)) {
			if regexp.MustCompile(`\A(?:` + patterns[name] + `)\z`).MatchString(test.value) {
				of = append(of, name)
			}
		}
		if got := strings.Join(of, " "); got != test.of {
			t.Errorf("%q is of %q, want %q", test.value, got, test.of)
		}
	}
}

// Every example and default is as its pattern says, and every parameter stands somewhere.
func TestParamsOfRows(t *testing.T) {
	for _, name := range Names() {
		row, _ := Lookup(name)
		values := map[string]string{}
		for param, p := range row.Params {
			values[param] = p.Example
		}
		if _, err := row.With(values); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for param := range row.Params {
			changed := false
			row.mapped(func(s string) string {
				changed = changed || strings.Contains(s, "{"+param+"}")
				return s
			})
			if !changed {
				t.Errorf("%s: {%s} stands nowhere", name, param)
			}
		}
		for param, p := range row.Params {
			if p.Default == "" {
				continue
			}
			delete(values, param)
			if _, err := row.With(values); err != nil {
				t.Errorf("%s: the default: %v", name, err)
			}
		}
	}
}

// The caller may change what Lookup returns.
func TestLookupIsACopy(t *testing.T) {
	for _, name := range Names() {
		before, ok := Lookup(name)
		if !ok {
			t.Fatalf("%s is not there", name)
		}
		after, _ := Lookup(name)
		spoil(reflect.ValueOf(&before).Elem())
		again, _ := Lookup(name)
		if a, b := textOf(after), textOf(again); a != b {
			t.Errorf("%s has become\n%s, was\n%s", name, b, a)
		}
	}
	if row, ok := Lookup("no such"); ok || row.AuthorizeURL != "" {
		t.Errorf("%+v, %t", row, ok)
	}
}

// textOf returns all strings of a row.
func textOf(p Provider) string {
	var list []string
	p.mapped(func(s string) string {
		list = append(list, s)
		return s
	})
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// spoil empties what is behind slices and maps.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			spoil(field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		v.Clear()
	}
}

// A value is at most as long as a domain name, whatever its pattern says.
func TestWithLength(t *testing.T) {
	row := Provider{AuthorizeURL: "{x}", Params: map[string]Param{"x": {Pattern: "a*"}}}
	for length, ok := range map[int]bool{maxValue: true, maxValue + 1: false} {
		_, err := row.With(map[string]string{"x": strings.Repeat("a", length)})
		if (err == nil) != ok {
			t.Errorf("of %d octets: %v", length, err)
		}
	}
}
