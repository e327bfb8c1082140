package oauth1

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A Param is one parameter of a request, decoded: the octets of its name and
// of its value, which need not be UTF-8.
type Param struct{ Name, Value string }

// ParseParams reads a query or a form body, RFC 5849, Section 3.4.1.3.1. It
// takes every octet string: a "%" that begins no escape stands for itself, as
// does ";", both of which [url.ParseQuery] drops together with their parameter.
func ParseParams(s string) []Param {
	var params []Param
	for name, value := range split(s) {
		params = append(params, Param{unescape(name), unescape(value)})
	}
	return params
}

// split yields the names and values of a query or a form body as they stand.
func split(s string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for pair := range strings.SplitSeq(s, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if pair != "" && !yield(name, value) {
				return
			}
		}
	}
}

// encoded is a Param whose name and value are percent-encoded by RFC 5849,
// Section 3.6.
type encoded Param

func appendEncoded(list []encoded, params []Param) []encoded {
	for _, p := range params {
		list = append(list, encoded{escape(p.Name), escape(p.Value)})
	}
	return list
}

// appendRecoded appends the parameters of a query or a form body: what escape
// makes of ParseParams.
func appendRecoded(list []encoded, s string) []encoded {
	for name, value := range split(s) {
		list = append(list, encoded{recode(name), recode(value)})
	}
	return list
}

// recode returns the one percent encoding of what s encodes, which mostly is s.
func recode(s string) string {
	for i := 0; i < len(s); i++ {
		if unreserved[s[i]] {
			continue
		}
		octet, ok := escaped(s[i:])
		if !ok || unreserved[octet] || s[i+1] >= 'a' || s[i+2] >= 'a' {
			return escape(unescape(s))
		}
		i += 2
	}
	return s
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	octets := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if octet, ok := escaped(s[i:]); ok {
			octets = append(octets, octet)
			i += 2
		} else if s[i] == '+' {
			octets = append(octets, ' ')
		} else {
			octets = append(octets, s[i])
		}
	}
	return string(octets)
}

// escaped returns the octet of the escape that s begins with, if it does.
func escaped(s string) (octet byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}

// unreserved are the octets that stand for themselves, RFC 3986, Section 2.3.
var unreserved = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		table[c] = true
	}
	return table
}()

// escape is the percent encoding of RFC 5849, Section 3.6, on octets.
func escape(s string) string {
	for i := range len(s) {
		if !unreserved[s[i]] {
			return string(appendEscaped(make([]byte, 0, 64), s))
		}
	}
	return s
}

func appendEscaped[T string | []byte](b []byte, s T) []byte {
	const upperHex = "0123456789ABCDEF"
	done := 0
	for i := range len(s) {
		if c := s[i]; !unreserved[c] {
			b = append(append(b, s[done:i]...), '%', upperHex[c>>4], upperHex[c&15])
			done = i + 1
		}
	}
	return append(b, s[done:]...)
}

// protocolParam returns the name of the first parameter that begins with
// oauth_, or the empty string.
func protocolParam(params []Param) string {
	i := slices.IndexFunc(params, func(p Param) bool { return strings.HasPrefix(p.Name, "oauth_") })
	if i < 0 {
		return ""
	}
	return params[i].Name
}
