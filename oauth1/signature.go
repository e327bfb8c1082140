package oauth1

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const signatureMethod = "HMAC-SHA1"

// A Param is one parameter of a request, decoded: the octets of its name and
// of its value, which need not be UTF-8.
type Param struct{ Name, Value string }

// BaseString returns the signature base string of a request, RFC 5849, Section
// 3.4.1.1: the text that is signed, to hold against the one a provider reports
// when it refuses a signature. It contains no secret.
//
// The Host of u is that of the Host header. The query of u is read here; params
// are the other ones: those of the Authorization header without realm, and
// those of a form body as [ParseParams] reads them, in any order. A parameter
// oauth_signature is left out. An empty method is GET, as in net/http.
func BaseString(method string, u *url.URL, params []Param) string {
	params = slices.Concat(ParseParams(u.RawQuery), params)
	params = slices.DeleteFunc(params, func(p Param) bool { return p.Name == "oauth_signature" })
	method = strings.ToUpper(cmp.Or(method, "GET"))
	return escape(method) + "&" + escape(baseURI(u)) + "&" + escape(normalize(params))
}

// baseURI returns the base string URI, RFC 5849, Section 3.4.1.2: without user
// information, default port, query and fragment, the path as net/http sends it.
func baseURI(u *url.URL) string {
	path := u.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return withoutZone(origin(u)) + path
}

// origin returns the scheme, host and port of u in lower case, the port left
// out if it is empty or the scheme's own.
func origin(u *url.URL) string {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Host), u.Port()
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return scheme + "://" + host
}

// withoutZone drops the zone of an IPv6 literal, which no Host header carries
// (RFC 6874, Section 1).
func withoutZone(origin string) string {
	before, rest, _ := strings.Cut(origin, "%")
	_, after, found := strings.Cut(rest, "]")
	if !found {
		return origin
	}
	return before + "]" + after
}

// normalize sorts and joins parameters, RFC 5849, Section 3.4.1.3.2. They are
// encoded before they are sorted.
func normalize(params []Param) string {
	encoded := make([]Param, len(params))
	for i, p := range params {
		encoded[i] = Param{escape(p.Name), escape(p.Value)}
	}
	slices.SortFunc(encoded, func(a, b Param) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	pairs := make([]string, len(encoded))
	for i, p := range encoded {
		pairs[i] = p.Name + "=" + p.Value
	}
	return strings.Join(pairs, "&")
}

// ParseParams reads a query or a form body, RFC 5849, Section 3.4.1.3.1. It
// takes every octet string: a "%" that begins no escape stands for itself, as
// does ";", both of which [url.ParseQuery] drops together with their parameter.
func ParseParams(s string) []Param {
	var params []Param
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		params = append(params, Param{unescape(name), unescape(value)})
	}
	return params
}

func unescape(s string) string {
	octets := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if octet, ok := escaped(s[i:]); ok {
			octets = append(octets, octet)
			i += 2
			continue
		}
		if s[i] == '+' {
			octets = append(octets, ' ')
			continue
		}
		octets = append(octets, s[i])
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

const (
	upperHex   = "0123456789ABCDEF"
	unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)

// escape is the percent encoding of RFC 5849, Section 3.6, on octets.
func escape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// hmacSHA1 signs a base string, RFC 5849, Section 3.4.2.
func hmacSHA1(base, clientSecret, tokenSecret string) string {
	mac := hmac.New(sha1.New, []byte(escape(clientSecret)+"&"+escape(tokenSecret)))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// authorization returns the value of an Authorization header, RFC 5849,
// Section 3.5.1. The realm is a quoted-string, never percent-encoded.
func authorization(realm string, params []Param) string {
	fields := make([]string, 0, len(params)+1)
	if realm != "" {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm)
		fields = append(fields, `realm="`+quoted+`"`)
	}
	for _, p := range params {
		fields = append(fields, escape(p.Name)+`="`+escape(p.Value)+`"`)
	}
	return "OAuth " + strings.Join(fields, ", ")
}
