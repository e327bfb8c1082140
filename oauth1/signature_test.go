package oauth1

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func parseURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// RFC 5849, Section 3.4.1.1, whose printed base string is right; the signatures
// printed there and in Section 3.1 follow from no secrets that it prints.
func TestBaseStringOfTheRFC(t *testing.T) {
	u := parseURL(t, "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")
	params := slices.Concat(ParseParams("c2&a3=2+q"), []Param{
		{"oauth_consumer_key", "9djdj82h48djs9d2"},
		{"oauth_token", "kkk9d7dh3k39sjv7"},
		{"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", "137131201"},
		{"oauth_nonce", "7d8f3e4a"},
		{"oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="},
	})
	const want = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q" +
		"%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_" +
		"key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m" +
		"ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk" +
		"9d7dh3k39sjv7"
	got := BaseString("post", u, params)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// What does follow from the secrets of Section 3.1.
	const signature = "r6/TJjbCOr97/+UU0NsvSne7s5g="
	if got := hmacSHA1(got, "j49sk3j29djd", "dh893hdasih9"); got != signature {
		t.Errorf("signature %s, want %s", got, signature)
	}
}

// The sample of X's guide "Creating a signature", for both versions of its API.
func TestSignatureOfXsGuide(t *testing.T) {
	c := &Client{id: "xvz1evFS4wEEPTGEFPHBog"}
	c.secret = new("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw")
	tok := credentials{
		id:     "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
		secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
	}
	form := []Param{{"status", "Hello Ladies + Gentlemen, a signed OAuth request!"}}
	for version, want := range map[string]string{
		"1":   "tnnArxj06cWHq44gCs1OSKk%2FjLY%3D",
		"1.1": "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D",
	} {
		u := parseURL(t, "https://api.twitter.com/"+version+
			"/statuses/update.json?include_entities=true")
		const nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
		header := c.signAs(nonce, 1318622958, "POST", u, form, tok)
		if !strings.HasSuffix(header, `, oauth_signature="`+want+`"`) {
			t.Errorf("version %s: %s, want signature %s", version, header, want)
		}
	}
}

// Signatures of client foo with nonce abc and timestamp 123, each computed by
// several independent programs.
var signatureTests = []struct {
	name, method, url, form string
	secret                  string
	token                   credentials
	extra                   []Param
	want                    string
}{
	{"empty path", "POST", "https://provider.test", "", "",
		credentials{}, nil, "GuqiSr5/Hajrrmc/FprUV4cCGbw="},
	{"root path", "POST", "https://provider.test/", "", "",
		credentials{}, nil, "GuqiSr5/Hajrrmc/FprUV4cCGbw="},
	{"UTF-8 in the query", "POST", "https://provider.test?cjk=%E5%95%A6%E5%95%A6", "", "",
		credentials{}, nil, "USkqQvV76SCKBewYI9cut6FfYcI="},
	{"repeated names, token, extra parameters, odd secrets", "GET",
		"https://provider.test:443/p?a=1&a=0&b=%20x", "", "s e/c", credentials{"t", "ts"},
		[]Param{{"oauth_callback", "https://c/cb?x=1"}, {"oauth_verifier", "v"}},
		"bnmckSVwuvOuQjw86nbE9iLSjT8="},
	{"query and form", "POST", "https://provider.test/p?q=1", "foo=bar&sp=a+b", "s",
		credentials{}, nil, "Fuxq0Z+oH7U1B88EemkcRgOvO3o="},
	{"no parameters", "POST", "https://provider.test/p", "", "s",
		credentials{}, nil, "stbkmF3x7WhAg6TapGXPa4fSYKo="},
}

func TestSignature(t *testing.T) {
	for _, tt := range signatureTests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{id: "foo", secret: &tt.secret, realm: "A"}
			u := parseURL(t, tt.url)
			form := ParseParams(tt.form)
			header := c.signAs("abc", 123, tt.method, u, form, tt.token, tt.extra...)
			if !strings.HasPrefix(header, `OAuth realm="A", oauth_nonce="abc", `) {
				t.Errorf("header begins otherwise: %s", header)
			}
			if !strings.HasSuffix(header, `, oauth_signature="`+escape(tt.want)+`"`) {
				t.Errorf("header %s, want signature %s", header, tt.want)
			}
		})
	}
}

// RFC 5849, Section 3.4.1.2.
var baseURITests = []struct{ name, url, want string }{
	{"of the RFC, http", "http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"},
	{"of the RFC, https", "https://www.example.net:8080/?q=1", "https://www.example.net:8080/"},
	{"no path", "https://h", "https://h/"},
	{"no path but a query", "https://h?q", "https://h/"},
	{"bare question mark", "https://h/r?", "https://h/r"},
	{"fragment", "https://h/r#f", "https://h/r"},
	{"scheme in upper case", "HTTPS://h/", "https://h/"},
	{"port of the other scheme, http", "http://h:443/", "http://h:443/"},
	{"port of the other scheme, https", "https://h:80/", "https://h:80/"},
	{"port that begins like the default", "https://h:4430/", "https://h:4430/"},
	{"empty port", "https://h:/", "https://h/"},
	{"user information", "https://u:p@h/", "https://h/"},
	{"IPv6", "https://[::1]/x", "https://[::1]/x"},
	{"IPv6, default port", "https://[::1]:443/x", "https://[::1]/x"},
	{"IPv6, empty port", "https://[::1]:/x", "https://[::1]/x"},
	{"IPv6, other port", "https://[2001:DB8::A]:8443/x", "https://[2001:db8::a]:8443/x"},
	{"IPv6 ending like a port", "http://[::80]/x", "http://[::80]/x"},
	{"IPv6 with a zone", "https://[fe80::1%25eth0]/x", "https://[fe80::1]/x"},
	{"IPv6 with a zone and a port", "https://[fe80::1%25eth0]:8443/x", "https://[fe80::1]:8443/x"},
	{"path as sent", "https://h/a%2Fb/%7Euser;v=1/(x)!'", "https://h/a%2Fb/%7Euser;v=1/(x)!'"},
	{"path in mixed case", "https://h/OAuth/%c3%A9", "https://h/OAuth/%c3%A9"},
}

func TestBaseURI(t *testing.T) {
	for _, tt := range baseURITests {
		t.Run(tt.name, func(t *testing.T) {
			if got := baseURI(parseURL(t, tt.url)); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.url, got, tt.want)
			}
		})
	}
}

func TestBaseURIOfPathWithoutSlash(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "api.example", Path: "x"}
	if got := baseURI(u); got != "https://api.example/x" {
		t.Errorf("got %s", got)
	}
}

// RFC 5849, Section 3.6.
func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"a b+c~d*é'/%":     "a%20b%2Bc~d%2A%C3%A9%27%2F%25",
		"AZaz09-._~":       "AZaz09-._~",
		"\x00\x7f\xff@`[{": "%00%7F%FF%40%60%5B%7B",
		"é\xc3":            "%C3%A9%C3",
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %s, want %s", in, got, want)
		}
	}
}

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
	{"several equals signs", "a=b=c", []Param{{"a", "b=c"}}},
	{"plus and escapes in name and value", "a+%62=%2B+%20", []Param{{"a b", "+  "}}},
	{"decoded once", "a=%2541%252B", []Param{{"a", "%41%2B"}}},
	{"lower-case hex", "a=%c3%a9", []Param{{"a", "é"}}},
	{"raw UTF-8", "a=é", []Param{{"a", "é"}}},
	{"not UTF-8", "a=%ff\xfe", []Param{{"a", "\xff\xfe"}}},
	{"semicolon", "a=1;b=2&c;d", []Param{{"a", "1;b=2"}, {"c;d", ""}}},
	{"percent without escape", "a=%&b=%zz%4&c=100%",
		[]Param{{"a", "%"}, {"b", "%zz%4"}, {"c", "100%"}}},
	{"percent before an escape", "a=%%41", []Param{{"a", "%A"}}},
	{"sign is no hex", "a=%+1%-1", []Param{{"a", "% 1%-1"}}},
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

// RFC 5849, Section 3.4.1.3.2.
var normalizeTests = []struct {
	name   string
	params []Param
	want   string
}{
	{"by name", []Param{{"b", "1"}, {"a", "2"}}, "a=2&b=1"},
	{"then by value", []Param{{"a", "2"}, {"a", "10"}, {"a", ""}}, "a=&a=10&a=2"},
	{"a name before a longer one", []Param{{"a-b", "1"}, {"a", "2"}}, "a=2&a-b=1"},
	{"upper case before lower case", []Param{{"a", "1"}, {"Z", "2"}}, "Z=2&a=1"},
	{"encoded before sorted", []Param{{"é", "1"}, {"a", "2"}, {"[", "3"}, {"Z", "4"}},
		"%5B=3&%C3%A9=1&Z=4&a=2"},
	{"values encoded before sorted", []Param{{"a", "~"}, {"a", "é"}}, "a=%C3%A9&a=~"},
	{"duplicates stay", []Param{{"a", "1"}, {"a", "1"}}, "a=1&a=1"},
}

func TestNormalize(t *testing.T) {
	for _, tt := range normalizeTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := normalize(tt.params); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
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
		{"custom method is encoded", "a:b", "https://h", nil, "A%3AB&https%3A%2F%2Fh%2F&"},
		{"signature left out wherever it stands", "GET", "https://h?oauth_signature=x&a=1",
			[]Param{{"oauth_signature", "y"}}, "GET&https%3A%2F%2Fh%2F&a%3D1"},
		{"realm of a query is signed", "GET", "https://h?realm=x", nil,
			"GET&https%3A%2F%2Fh%2F&realm%3Dx"},
		{"brackets", "GET", "https://h?a=[1]", nil, "GET&https%3A%2F%2Fh%2F&a%3D%255B1%255D"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := BaseString(tt.method, parseURL(t, tt.url), tt.params); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBaseStringLeavesParamsAlone(t *testing.T) {
	params := []Param{{"oauth_signature", "s"}, {"b", "2"}, {"a", "1"}}
	before := slices.Clone(params)
	BaseString("GET", parseURL(t, "https://h"), params)
	if !slices.Equal(params, before) {
		t.Errorf("params became %q", params)
	}
}

// RFC 5849, Section 3.5.1, and RFC 9110, Section 5.6.4.
func TestAuthorization(t *testing.T) {
	params := []Param{{"oauth_token", `a"b c`}, {"x", ""}}
	for realm, want := range map[string]string{
		"":                `OAuth oauth_token="a%22b%20c", x=""`,
		"Photos":          `OAuth realm="Photos", oauth_token="a%22b%20c", x=""`,
		`a "b" \ c%20, d`: `OAuth realm="a \"b\" \\ c%20, d", oauth_token="a%22b%20c", x=""`,
	} {
		if got := authorization(realm, params); got != want {
			t.Errorf("realm %q: got %s, want %s", realm, got, want)
		}
	}
}

// What is parsed and encoded again parses to the same: decoded once, encoded
// once, no octet lost.
func FuzzParseParams(f *testing.F) {
	for _, tt := range paramTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		params := ParseParams(in)
		var pairs []string
		for _, p := range params {
			pairs = append(pairs, escape(p.Name)+"="+escape(p.Value))
		}
		if again := ParseParams(strings.Join(pairs, "&")); !slices.Equal(again, params) {
			t.Errorf("%q parsed to %q, then to %q", in, params, again)
		}
		if values, err := url.ParseQuery(in); err == nil {
			agree(t, params, values)
		}
	})
}

// agree compares with net/url, for what that takes.
func agree(t *testing.T, params []Param, values url.Values) {
	got := url.Values{}
	for _, p := range params {
		got.Add(p.Name, p.Value)
	}
	if got.Encode() != values.Encode() {
		t.Errorf("got %q, net/url %q", got, values)
	}
}

// The order in which parameters come, and whether they stand in the query, the
// form or the header, makes no difference to what is signed.
func FuzzBaseStringOrder(f *testing.F) {
	for _, tt := range paramTests {
		f.Add(tt.in, 1)
	}
	f.Add("a=1&a=0&b=%20x&c2&a3=2+q", 3)
	f.Fuzz(func(t *testing.T, query string, turn int) {
		u := &url.URL{Scheme: "https", Host: "h", Path: "/"}
		params := ParseParams(query)
		want := BaseString("GET", u, params)
		if n := len(params); n > 0 {
			cut := int(uint(turn) % uint(n))
			params = slices.Concat(params[cut:], params[:cut])
			slices.Reverse(params[:n/2])
		}
		if got := BaseString("GET", u, params); got != want {
			t.Errorf("%q: got %s, want %s", query, got, want)
		}
		u.RawQuery = query
		if got := BaseString("GET", u, nil); got != want {
			t.Errorf("%q as query: got %s, want %s", query, got, want)
		}
	})
}
