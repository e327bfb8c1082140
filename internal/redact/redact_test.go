package redact

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamed(t *testing.T) {
	for _, name := range []string{"token", "access_token", "refresh_token", "subject_token",
		"oauth_token_secret", "client_secret", "code_verifier", "oauth_signature", "password",
		"assertion", "client_assertion", "handle", "Client_Secret", "TOKEN"} {
		if !Named(name) {
			t.Errorf("%s is not named", name)
		}
	}
	for _, name := range []string{"", "scope", "grant_type", "token_type", "client_assertion_type",
		"tokens", "secretary", "token ", "oauth_signature_method"} {
		if Named(name) {
			t.Errorf("%s is named", name)
		}
	}
}

// The secrets themselves, in every way that a server might repeat them.
func TestTextOfSecrets(t *testing.T) {
	const secret = "s%+ é/="
	for name, test := range map[string]struct{ in, want string }{
		"nothing":        {"", ""},
		"no secret":      {"as it was", "as it was"},
		"as it is":       {"<" + secret + ">", "<[redacted]>"},
		"twice":          {secret + secret, "[redacted][redacted]"},
		"in a form":      {"a s%25%2B+%C3%A9%2F%3D b", "a [redacted] b"},
		"in a URL":       {"a s%25%2B%20%C3%A9%2F%3D b", "a [redacted] b"},
		"in a base":      {"a s%2525%252B%2520%25C3%25A9%252F%253D b", "a [redacted] b"},
		"part of it":     {"s%+ é", "s%+ é"},
		"in other words": {"xx" + secret + "yy", "xx[redacted]yy"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Text(test.in, []string{secret}); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A secret that has another within is taken whole, in whatever order they are given; an
// empty one is none.
func TestTextOfSecretsWithinOthers(t *testing.T) {
	for _, secrets := range [][]string{{"ab", "abcd", ""}, {"abcd", "", "ab"}, {"", "ab", "abcd"}} {
		kept := slices.Clone(secrets)
		if got := Text("1 abcd 2 ab 3", secrets); got != "1 [redacted] 2 [redacted] 3" {
			t.Errorf("got %q", got)
		}
		if !slices.Equal(secrets, kept) {
			t.Errorf("the secrets are %q now", secrets)
		}
	}
	if got := Text("abc", []string{""}); got != "abc" {
		t.Errorf("got %q", got)
	}
}

// What follows the name of a secret is one, whatever it is.
func TestTextOfNames(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"form":       {"access_token=abc&scope=a", "access_token=[redacted]&scope=a"},
		"form, last": {"scope=a&client_secret=abc", "scope=a&client_secret=[redacted]"},
		"JSON": {`{"access_token":"abc","scope":"a"}`,
			`{"access_token":"[redacted]","scope":"a"}`},
		"JSON, space": {`{"password" : "abc"}`, `{"password" : "[redacted]"}`},
		"JSON, escaped quotation mark": {`{"password":"a\"bc","x":1}`,
			`{"password":"[redacted]","x":1}`},
		"JSON, escaped backslash": {`{"password":"abc\\","x":1}`,
			`{"password":"[redacted]","x":1}`},
		"JSON, cut short":     {`{"password":"abc`, `{"password":"[redacted]`},
		"JSON, spaces within": {`{"assertion":"a b, c"}`, `{"assertion":"[redacted]"}`},
		"JSON, list":          {`{"token":["abc"]}`, `{"token":["[redacted]"]}`},
		"JSON, number":        {`{"token":123,"a":1}`, `{"token":[redacted],"a":1}`},
		"header":              {`oauth_token="abc", a="b"`, `oauth_token="[redacted]", a="b"`},
		"apostrophes":         {`token: 'abc'`, `token: '[redacted]'`},
		"prose":               {"token: abc def", "token: [redacted] def"},
		"several lines":       {"token=abc\nscope=a", "token=[redacted]\nscope=a"},
		"list of pairs": {"token=abc;scope=a,secret=d",
			"token=[redacted];scope=a,secret=[redacted]"},
		"capitals": {"TOKEN=abc", "TOKEN=[redacted]"},
		"XML":      {"<Token>abc</Token>", "<Token>[redacted]</Token>"},
		"XML, attributes": {`<secret a="b">a b</secret>`,
			`<secret a="b">[redacted]</secret>`},
		"XML, white space":     {"<token >abc</token>", "<token >[redacted]</token>"},
		"XML, element follows": {"<token>abc<br>", "<token>[redacted]<br>"},
		"base string": {"a%26oauth_token%3Dabc%26b%3Dc",
			"a%26oauth_token%3D[redacted]%26b%3Dc"},
		"base string, encoded": {"oauth_token%3Da%2Fb%26c", "oauth_token%3D[redacted]%26c"},
		"base string, last":    {"oauth_token%3Dabc", "oauth_token%3D[redacted]"},
		"base string in a form": {"oauth_token%253Da%252Fb%2526c",
			"oauth_token%253D[redacted]%2526c"},
		"a name alone":  {"the token is invalid", "the token is invalid"},
		"an empty one":  {"token=&a=b", "token=&a=b"},
		"another name":  {"token_type=Bearer&scope=a", "token_type=Bearer&scope=a"},
		"a longer name": {"tokens=abc", "tokens=abc"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Text(test.in, nil); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// An element that goes on for long before it ends is not looked through: that would take
// long for a text of many such.
func TestTextIsBounded(t *testing.T) {
	for n, want := range map[int]string{63: "[redacted]", 64: "[redacted]", 65: "abc"} {
		attributes := strings.Repeat("x", n)
		got := Text("<token "+attributes+">abc<", nil)
		if got != "<token "+attributes+">"+want+"<" {
			t.Errorf("%d: got %s", n, got)
		}
	}
	long := strings.Repeat("token ", 1<<13)
	if got := Text(long, []string{"x"}); got != long[:maxText] {
		t.Error("a long text has changed")
	}
}

// A short secret is in the mark of another, and of itself: neither is replaced again.
func TestTextMarksOnce(t *testing.T) {
	for in, want := range map[string]string{
		"xe":                       "x" + Mark,
		"e":                        Mark,
		"ed e d":                   Mark + " " + Mark + " " + Mark,
		strings.Repeat("e", 1<<20): strings.Repeat(Mark, maxText/len(Mark)+1)[:maxText],
	} {
		if got := Text(in, []string{"e", "ed", "d"}); got != want {
			t.Errorf("%.20q: got %.40q, want %.40q", in, got, want)
		}
	}
}

// What is cut off was looked through before: half a secret is not left.
func TestTextCutsLast(t *testing.T) {
	secret := strings.Repeat("s", 100)
	got := Text(strings.Repeat("x", maxText-50)+secret, []string{secret})
	if strings.Contains(got, "s") || len(got) > maxText {
		t.Errorf("ends in %q", got[len(got)-60:])
	}
}

func TestExcerpt(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		most int
		want string
	}{
		"nothing":             {"", 5, ""},
		"short":               {"abc", 5, "abc"},
		"as long":             {"abcde", 5, "abcde"},
		"long":                {"abcdef", 5, "abcde"},
		"none of it":          {"abc", 0, ""},
		"control characters":  {"a\r\n\x00\x1b\x7fb", 9, "a     b"},
		"not UTF-8":           {"a\xffb", 9, "ab"},
		"cut within a letter": {"abcdé", 5, "abcd"},
		"letters":             {"é\u65e5", 9, "é\u65e5"},
		"what hides":          {"a\u202eb\u200bc\u2028d", 99, "a b c d"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Excerpt(test.in, test.most); got != test.want || !utf8.ValidString(got) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// JSON may escape what it need not, and a secret is found all the same.
func TestTextEscaped(t *testing.T) {
	for in, want := range map[string]string{
		`{"x":"a\/b&c"}`:                 `{"x":"[redacted]"}`,
		`{"x":"a\u002fb\u0026c"}`:        `{"x":"[redacted]"}`,
		`{"x":"\u0061\u002F\u0062&c"}`:   `{"x":"[redacted]"}`,
		`{"x":"a\u002gb\u00e9\n\\/\"y"}`: `{"x":"a\u002gb\u00e9\n\/\"y"}`,
	} {
		if got := Text(in, []string{"a/b&c"}); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// A secret is found as JSON writes it, whatever it is made of.
func TestTextOfSecretsInJSON(t *testing.T) {
	const secret = `a"b\c\/\u0041é`
	for _, in := range []string{secret, `a\"b\\c\\/\\u0041é`, `a\u0022b\u005cc\u005c/\u005cu0041é`} {
		if got := Text("<"+in+">", []string{secret}); got != "<[redacted]>" {
			t.Errorf("%s: got %s", in, got)
		}
	}
}
