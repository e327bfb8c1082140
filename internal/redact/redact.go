// Package redact takes out of a provider's words what may be secret, so that
// whoever looks into a refusal can be shown how it begins.
package redact

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxText is more than anybody is shown, in bytes.
const maxText = 8 << 10

// Mark stands where a secret was.
const Mark = "[redacted]"

// named finds what follows names such as oauth_token_secret: in quotation marks, as
// in JSON and in a header, within an element, in a form, and in a base string that is
// repeated to us, perhaps in a form. What it skips is bounded, or a long text would
// take long.
var named = regexp.MustCompile(`(?i)(` + names + `["'\s]*[=:][\s\[]*")(?:[^"\\]|\\.)+` +
	`|(` + names + `(?:\s[^<>]{0,64})?>)[^<]+` +
	`|(` + names + `["'\s]*[=:]["'\s\[]*)[^\s"'&,;<]+` +
	`|(` + names + `%3D)(?:[^\s"'&,;<%]|%2[0-57-9A-F]|%[013-9A-F][0-9A-F])+` +
	`|(` + names + `%253D)(?:[^\s"'&,;<%]|%25(?:2[0-57-9A-F]|[013-9A-F][0-9A-F]))+`)

var name = regexp.MustCompile(`(?i)` + names + `$`)

const names = `(?:token|secret|verifier|signature|handle|password|assertion)`

// Named reports whether a parameter called s is one whose value is secret.
func Named(s string) bool { return name.MatchString(s) }

// Text returns s without secrets, as they are, percent-encoded, or escaped where JSON need
// not be, and without what the names of parameters say is one. It returns no more than 8
// KiB or so, however long s is.
func Text(s string, secrets []string) string {
	s = unescape(s)
	var forms []string
	for _, secret := range secrets {
		once := escape(secret)
		inJSON, _ := json.Marshal(secret)
		// twice encoded in a base string, as a form has it, and as JSON does
		forms = append(forms, secret, once, escape(once), url.QueryEscape(secret),
			unescape(secret), unescape(string(inJSON[1:len(inJSON)-1])))
	}
	// The longest first, which may have others within.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range forms {
		if form != "" {
			pairs = append(pairs, form, Mark)
		}
	}
	s = strings.NewReplacer(pairs...).Replace(s) // at once: a mark may have a secret within
	// Not before, which might leave the beginning of one.
	s = strings.ToValidUTF8(s[:min(maxText, len(s))], "")
	return named.ReplaceAllString(s, "${1}${2}${3}${4}${5}"+Mark)
}

// escapes are those of JSON that servers write where they need not.
var escapes = regexp.MustCompile(`\\(?:u00[2-7][0-9A-Fa-f]|/)`)

// unescape returns JSON text without its escapes of characters that print, which would
// hide a secret.
func unescape(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		if e == `\/` {
			return "/"
		}
		n, _ := strconv.ParseUint(e[2:], 16, 8)
		return string(rune(n))
	})
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Excerpt returns at most the first most bytes of s, with a space for whatever does
// not print.
func Excerpt(s string, most int) string {
	s = strings.ToValidUTF8(s[:min(most, len(s))], "")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
