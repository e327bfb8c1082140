package localpath

import "testing"

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		"/":                       true,
		"/a/b?c=d&e=/f#g":         true,
		"/a//b":                   true,
		"/a@b.example":            true,
		"/é":                      true,
		"":                        false,
		"a":                       false,
		"//b.example":             false,
		"///b.example":            false,
		"/\\b.example":            false,
		"\\/b.example":            false,
		"/a\\b":                   false,
		"/\t/b.example":           false,
		"/\n/b.example":           false,
		"/\x00":                   false,
		"/\x7f":                   false,
		"/a b":                    false,
		" /a":                     false,
		"https://b.example/":      false,
		"https:b.example":         false,
		"javascript:alert(1)":     false,
		"?a=b":                    false,
		"#a":                      false,
		".//b.example":            false,
		"http:///b.example/%2f..": false,
	} {
		if got := Valid(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
