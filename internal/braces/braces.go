// Package braces fills in texts that have names in braces: {first} {last}.
package braces

import "strings"

// Fill returns template with value of each name in braces in its place. missing is the first
// name without a value, and then there is no text.
func Fill(template string, value func(name string) string) (text, missing string, ok bool) {
	var filled strings.Builder
	for part := range strings.SplitSeq(template, "}") {
		plain, name, braced := strings.Cut(part, "{")
		filled.WriteString(plain)
		if !braced {
			continue
		}
		v := value(name)
		if v == "" {
			return "", name, false
		}
		filled.WriteString(v)
	}
	return filled.String(), "", true
}
