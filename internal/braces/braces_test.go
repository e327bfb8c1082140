package braces

import "testing"

func TestFill(t *testing.T) {
	values := map[string]string{"a": "1", "/b/0": "{a}", "c": "x y"}
	for template, want := range map[string]struct {
		text, missing string
		ok            bool
	}{
		"":             {"", "", true},
		"plain":        {"plain", "", true},
		"{a}":          {"1", "", true},
		"-{a}-{c}-":    {"-1-x y-", "", true},
		"{/b/0}{a}":    {"{a}1", "", true}, // a value is no template
		"{a}{none}{a}": {"", "none", false},
		"{}":           {"", "", false},
		"{a":           {"1", "", true},
		"a}":           {"a", "", true},
	} {
		text, missing, ok := Fill(template, func(name string) string { return values[name] })
		if text != want.text || missing != want.missing || ok != want.ok {
			t.Errorf("%q is %q, %q, %t", template, text, missing, ok)
		}
	}
}
