package oauth1

import (
	"net/url"
	"slices"
	"testing"
)

// RFC 5849, Section 3.4.1.2.
var baseURITests = []struct{ name, url, want string }{
	{"case 25: default port of http", "http://EXAMPLE.COM:80/r%20v/X?id=123",
		"http://example.com/r%20v/X"},
	{"case 25: other port", "https://www.example.net:8080/?q=1", "https://www.example.net:8080/"},
	{"case 25: no path", "https://h", "https://h/"},
	{"case 25: port of the other scheme", "http://h:443/", "http://h:443/"},
	{"case 25: IPv6, default port", "https://[::1]:443/x", "https://[::1]/x"},
	{"default port of https", "https://h:443/", "https://h/"},
	{"port of the other scheme, https", "https://h:80/", "https://h:80/"},
	{"default port, scheme in upper case", "HTTP://h:80/", "http://h/"},
	{"default port of https, scheme in upper case", "HTTPS://h:443/", "https://h/"},
	{"no path but a query", "https://h?q", "https://h/"},
	{"bare question mark", "https://h/r?", "https://h/r"},
	{"fragment", "https://h/r#f", "https://h/r"},
	{"scheme in upper case", "HTTPS://h/", "https://h/"},
	{"port that begins like the default", "https://h:4430/", "https://h:4430/"},
	{"port that ends like the default", "http://h:8080/", "http://h:8080/"},
	{"empty port", "https://h:/", "https://h/"},
	{"user information", "https://u:p@h/", "https://h/"},
	{"IPv6", "https://[::1]/x", "https://[::1]/x"},
	{"IPv6, empty port", "https://[::1]:/x", "https://[::1]/x"},
	{"IPv6, other port", "https://[2001:DB8::A]:8443/x", "https://[2001:db8::a]:8443/x"},
	{"IPv6 ending like a port", "http://[::80]/x", "http://[::80]/x"},
	{"IPv6 with a zone", "https://[fe80::1%25eth0]/x", "https://[fe80::1]/x"},
	{"IPv6 with a zone and a port", "https://[fe80::1%25eth0]:8443/x", "https://[fe80::1]:8443/x"},
	{"IPv6 with a zone and the default port", "https://[fe80::1%25eth0]:443/x",
		"https://[fe80::1]/x"},
	{"path as sent", "https://h/a%2Fb/%7Euser;v=1/(x)!'", "https://h/a%2Fb/%7Euser;v=1/(x)!'"},
	{"path in mixed case", "https://h/OAuth/%c3%A9", "https://h/OAuth/%c3%A9"},
	{"path of two slashes", "https://h//x/", "https://h//x/"},
	{"dot segments", "https://h/a/../b", "https://h/a/../b"},
}

func TestBaseURI(t *testing.T) {
	for _, tt := range baseURITests {
		t.Run(tt.name, func(t *testing.T) {
			if got := BaseURI(parseURL(t, tt.url)); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.url, got, tt.want)
			}
		})
	}
}

// URLs that url.Parse does not make.
func TestBaseURIOfOtherURLs(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		url        url.URL
	}{
		{"path without slash", "https://api.example/x",
			url.URL{Scheme: "https", Host: "api.example", Path: "x"}},
		{"path to be encoded", "https://api.example/a%20b/%C3%A9",
			url.URL{Scheme: "https", Host: "api.example", Path: "/a b/é"}},
		{"scheme in upper case", "https://api.example/",
			url.URL{Scheme: "HTTPS", Host: "API.example:443", Path: "/"}},
		{"percent that is no zone", "https://a%b/",
			url.URL{Scheme: "https", Host: "a%b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := BaseURI(&tt.url); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// RFC 5849, Section 3.4.1.3.2.
var normalizeTests = []struct {
	name   string
	params []Param
	want   string
}{
	{"nothing", nil, ""},
	{"one", []Param{{"a", "1"}}, "a=1"},
	{"by name", []Param{{"b", "1"}, {"a", "2"}}, "a=2&b=1"},
	{"by name before value", []Param{{"b", "1"}, {"a", "2"}, {"b", "0"}}, "a=2&b=0&b=1"},
	{"then by value", []Param{{"a", "2"}, {"a", "10"}, {"a", ""}}, "a=&a=10&a=2"},
	{"a name before a longer one", []Param{{"a-b", "1"}, {"a", "2"}}, "a=2&a-b=1"},
	{"upper case before lower case", []Param{{"a", "1"}, {"Z", "2"}}, "Z=2&a=1"},
	{"encoded before sorted", []Param{{"é", "1"}, {"a", "2"}, {"[", "3"}, {"Z", "4"}},
		"%5B=3&%C3%A9=1&Z=4&a=2"},
	{"values encoded before sorted", []Param{{"a", "~"}, {"a", "é"}}, "a=%C3%A9&a=~"},
	{"duplicates stay", []Param{{"a", "1"}, {"a", "1"}}, "a=1&a=1"},
	{"a signature stays", []Param{{"oauth_signature", "s="}}, "oauth_signature=s%3D"},
	{"no name", []Param{{"", "v"}, {"", ""}}, "=&=v"},
}

func TestNormalizeParams(t *testing.T) {
	for _, tt := range normalizeTests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.params)
			if got := NormalizeParams(tt.params); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if !slices.Equal(tt.params, before) {
				t.Errorf("params became %q", tt.params)
			}
		})
	}
}

func TestBaseString(t *testing.T) {
	for _, tt := range []struct {
		name, method, url string
		params            []Param
		want              string
	}{
		{"no method is GET", "", "https://h", nil, "GET&https%3A%2F%2Fh%2F&"},
		{"method in lower case", "post", "https://h", nil, "POST&https%3A%2F%2Fh%2F&"},
		{"custom method is encoded", "a:b", "https://h", nil, "A%3AB&https%3A%2F%2Fh%2F&"},
		{"path is encoded again", "GET", "https://h/a%20b", nil, "GET&https%3A%2F%2Fh%2Fa%2520b&"},
		{"query and others together", "GET", "https://h?b=2&d", []Param{{"c", "3"}, {"a", "1"}},
			"GET&https%3A%2F%2Fh%2F&a%3D1%26b%3D2%26c%3D3%26d%3D"},
		{"signature left out wherever it stands", "GET", "https://h?oauth%5Fsignature=x&a=1",
			[]Param{{"oauth_signature", "y"}}, "GET&https%3A%2F%2Fh%2F&a%3D1"},
		{"what only begins like a signature stays", "GET", "https://h",
			[]Param{{"oauth_signature_method", "M"}, {"OAUTH_SIGNATURE", "x"}},
			"GET&https%3A%2F%2Fh%2F&OAUTH_SIGNATURE%3Dx%26oauth_signature_method%3DM"},
		{"realm of a query is signed", "GET", "https://h?realm=x", nil,
			"GET&https%3A%2F%2Fh%2F&realm%3Dx"},
		{"case 29: brackets", "GET", "https://h?a=[1]", nil,
			"GET&https%3A%2F%2Fh%2F&a%3D%255B1%255D"},
		{"semicolon and bad escape", "GET", "https://h?a=1;b=%zz", nil,
			"GET&https%3A%2F%2Fh%2F&a%3D1%253Bb%253D%2525zz"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := BaseString(tt.method, parseURL(t, tt.url), tt.params); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBaseStringLeavesItsArgumentsAlone(t *testing.T) {
	u := parseURL(t, "https://H:443?b=2&a=1")
	params := []Param{{"oauth_signature", "s"}, {"b", "2"}, {"a", "1"}}
	before := slices.Clone(params)
	BaseString("get", u, params)
	if !slices.Equal(params, before) || u.String() != "https://H:443?b=2&a=1" {
		t.Errorf("params became %q, the URL %s", params, u)
	}
}
