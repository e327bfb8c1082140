package oauth1

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// BaseString returns the signature base string of a request, RFC 5849, Section
// 3.4.1.1: the text that is signed, to hold against the one a provider reports
// when it refuses a signature. It contains no secret.
//
// The Host of u is that of the Host header. The query of u is read here; params
// are the other ones: those of the Authorization header without realm, and
// those of a form body as [ParseParams] reads them, in any order. A parameter
// oauth_signature is left out. An empty method is GET, as in net/http.
func BaseString(method string, u *url.URL, params []Param) string {
	list := appendRecoded(appendEncoded(nil, params), u.RawQuery)
	return string(appendBaseString(nil, method, BaseURI(u), list))
}

// appendBaseString changes list.
func appendBaseString(b []byte, method, uri string, list []encoded) []byte {
	list = slices.DeleteFunc(list, func(p encoded) bool { return p.Name == "oauth_signature" })
	b = appendEscaped(b, strings.ToUpper(cmp.Or(method, "GET")))
	b = appendEscaped(append(b, '&'), uri)
	return appendEscaped(append(b, '&'), appendNormalized(make([]byte, 0, 512), list))
}

// BaseURI returns the base string URI, RFC 5849, Section 3.4.1.2: the second part
// of a base string, before it is encoded. u is http or https and has a host. The
// URI has no user information, default port, query and fragment, and the path as
// net/http sends it.
func BaseURI(u *url.URL) string {
	path := u.EscapedPath()
	slash := ""
	if !strings.HasPrefix(path, "/") {
		slash = "/"
	}
	return strings.ToLower(u.Scheme) + "://" + authority(u) + slash + path
}

// authority returns the host and port of u in lower case, the port left out if it
// is empty or the scheme's own.
func authority(u *url.URL) string {
	host, port := strings.ToLower(u.Host), u.Port()
	if port == "" || port == "80" && strings.EqualFold(u.Scheme, "http") ||
		port == "443" && strings.EqualFold(u.Scheme, "https") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return withoutZone(host)
}

// withoutZone drops the zone of an IPv6 literal, which no Host header carries
// (RFC 6874, Section 1).
func withoutZone(host string) string {
	before, rest, _ := strings.Cut(host, "%")
	_, after, found := strings.Cut(rest, "]")
	if !found {
		return host
	}
	return before + "]" + after
}

// NormalizeParams sorts and joins parameters, RFC 5849, Section 3.4.1.3.2: the
// third part of a base string, before it is encoded again. Unlike [BaseString] it
// takes all parameters of the request, and a parameter oauth_signature stays.
func NormalizeParams(params []Param) string {
	return string(appendNormalized(nil, appendEncoded(nil, params)))
}

// appendNormalized sorts list: by name and then by value, both encoded already.
func appendNormalized(b []byte, list []encoded) []byte {
	slices.SortFunc(list, func(a, b encoded) int {
		if a.Name == b.Name {
			return strings.Compare(a.Value, b.Value)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return appendPairs(b, list)
}

// appendPairs appends list to a query or a form body, or to nothing.
func appendPairs(b []byte, list []encoded) []byte {
	for _, p := range list {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.Name...), '='), p.Value...)
	}
	return b
}
