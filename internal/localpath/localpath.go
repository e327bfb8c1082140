// Package localpath says what may follow a login without leading to another site.
package localpath

import "strings"

// Valid reports whether a redirect to s stays on the site, however a browser reads it.
func Valid(s string) bool {
	odd := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }
	return strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.ContainsFunc(s, odd)
}
