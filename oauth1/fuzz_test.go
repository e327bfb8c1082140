package oauth1

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/internal/challenge"
)

func addParamSeeds(f *testing.F) {
	for _, tt := range paramTests {
		f.Add(tt.in)
	}
	for _, tt := range recodeTests {
		f.Add(tt.in)
	}
	f.Add("a=1&a=0&b=%20x&c2&a3=2+q")
	f.Add("b5=%3D%253D&a3=a&c%40=&a2=r%20b")
}

// Decoded once, encoded once, no octet lost: what is parsed and encoded again parses
// to the same, and is what a base string has.
func FuzzParseParams(f *testing.F) {
	addParamSeeds(f)
	f.Fuzz(func(t *testing.T, in string) {
		params := ParseParams(in)
		encodedOnce := appendEncoded(nil, params)
		if again := ParseParams(join("", encodedOnce)); !slices.Equal(again, params) {
			t.Errorf("%q parsed to %q, then to %q", in, params, again)
		}
		if recoded := appendRecoded(nil, in); !slices.Equal(recoded, encodedOnce) {
			t.Errorf("%q recoded to %q, want %q", in, recoded, encodedOnce)
		}
		if values, err := url.ParseQuery(in); err == nil {
			agree(t, params, values)
		}
	})
}

// agree compares with net/url, for what that takes.
func agree(t *testing.T, params []Param, values url.Values) {
	t.Helper()
	got := url.Values{}
	for _, p := range params {
		got.Add(p.Name, p.Value)
	}
	if got.Encode() != values.Encode() {
		t.Errorf("got %q, net/url %q", got, values)
	}
}

func FuzzRecode(f *testing.F) {
	addParamSeeds(f)
	f.Fuzz(func(t *testing.T, in string) {
		want := escape(unescape(in))
		if got := recode(in); got != want || recode(got) != got {
			t.Errorf("recode(%q) = %s, want %s", in, got, want)
		}
		if got := unescape(escape(in)); got != in {
			t.Errorf("escape(%q) is decoded to %q", in, got)
		}
	})
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
		base, normalized := BaseString("GET", u, params), NormalizeParams(params)
		if n := len(params); n > 0 {
			cut := int(uint(turn) % uint(n))
			params = slices.Concat(params[cut:], params[:cut])
			slices.Reverse(params[:n/2])
		}
		if got := BaseString("GET", u, params); got != base {
			t.Errorf("%q: got %s, want %s", query, got, base)
		}
		if got := NormalizeParams(params); got != normalized {
			t.Errorf("%q: got %s, want %s", query, got, normalized)
		}
		u.RawQuery = query
		if got := BaseString("GET", u, nil); got != base {
			t.Errorf("%q as query: got %s, want %s", query, got, base)
		}
	})
}

// A form is signed and sent as it is, unless it has a protocol parameter.
func FuzzForm(f *testing.F) {
	for _, tt := range paramTests {
		f.Add("", tt.in)
		f.Add(tt.in, "a=1")
	}
	f.Add("", "a=1&oauth%5Ftoken=x")
	f.Add("oauth_=", "")
	client, err := New(Config{ID: "client", Secret: clientSecret, SignatureMethod: HMACSHA256,
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
	if err != nil {
		f.Fatal(err)
	}
	s, err := client.Signer(signerToken())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, form string) {
		req := &http.Request{Method: "POST", Header: http.Header{"Content-Type": {formType}},
			URL:  &url.URL{Scheme: "https", Host: "h", Path: "/", RawQuery: query},
			Body: io.NopCloser(strings.NewReader(form))}
		signed, err := s.Sign(req)
		all := slices.Concat(ParseParams(query), ParseParams(form))
		if protocolParam(all) != "" {
			if !errors.Is(err, &CheckError{Check: "parameters"}) {
				t.Errorf("%q, %q: got error %v", query, form, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		signedBy(t, signed, HMACSHA256, signerKey)
		if got := bodyOf(t, signed); got != form || signed.URL.RawQuery != query {
			t.Errorf("sent %q, %q", signed.URL.RawQuery, got)
		}
	})
}

// A header that we write is read back, whatever the realm and the value are.
func FuzzAuthorization(f *testing.F) {
	for _, realm := range []string{"", "Photos", `a "b" \ c%20, d`, `\`, "é\xff"} {
		f.Add(realm, "oauth_callback", "https://c/cb?x=1")
		f.Add(realm, "oauth_\"é", "\xff\\\"")
	}
	f.Fuzz(func(t *testing.T, realm, name, value string) {
		if name == "" {
			return // which checkParams refuses
		}
		header := authorization(realm, appendEncoded(nil, []Param{{name, value}, {"last", ""}}))
		list, ok := challenge.Parse(header)
		if !ok || len(list) != 1 || list[0].Scheme != "OAuth" {
			t.Fatalf("header %q: %q, %t", header, list, ok)
		}
		params := list[0].Params
		if realm != "" {
			if params[0] != (challenge.Param{Name: "realm", Value: realm}) {
				t.Errorf("header %q: realm %q", header, params[0])
			}
			params = params[1:]
		}
		if len(params) != 2 || unescape(params[0].Name) != name ||
			unescape(params[0].Value) != value || params[1].Value != "" {
			t.Errorf("header %q: parameters %q", header, params)
		}
	})
}
