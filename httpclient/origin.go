package httpclient

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ErrOrigin is the error, wrapped, of a request that would carry a secret to
// another origin than it was given for.
var ErrOrigin = errors.New("httpclient: request leaves the origins it is pinned to")

// Origins are the origins (RFC 6454, Section 4) that a secret may be sent to.
// The zero value has none.
type Origins struct {
	client *http.Client
	list   []origin
}

// ParseOrigins returns the origins of URLs, at least one, each of which must
// satisfy [CheckURL] for client.
func ParseOrigins(client *http.Client, urls ...string) (Origins, error) {
	if len(urls) == 0 {
		return Origins{}, errors.New("httpclient: no URL to pin to")
	}
	o := Origins{client: client}
	for _, raw := range urls {
		u, err := CheckURL(client, raw)
		if err != nil {
			return Origins{}, err
		}
		o.list = append(o.list, originOf(u))
	}
	return o, nil
}

// Check returns nil if req may be sent, as [Do] has it, and is for one of the
// origins, both by its URL and by its Host header. The error wraps [ErrOrigin] or
// [ErrInsecureURL].
func (o Origins) Check(req *http.Request) error {
	if err := o.check(req.URL); err != nil {
		return err
	}
	return o.checkHosts(req)
}

// checkHosts is Check for a request whose URL has been checked.
func (o Origins) checkHosts(req *http.Request) error {
	hosts := Fields(req.Header, "Host") // which net/http sends unless spelt so
	if req.Host != "" && req.Host != req.URL.Host {
		hosts = append(hosts, req.Host)
	}
	for _, host := range hosts {
		named := *req.URL
		named.Host = host
		if err := o.check(&named); err != nil {
			return err
		}
	}
	return checkLocalhost(req.Context(), req.URL, net.DefaultResolver.LookupNetIP)
}

func (o Origins) check(u *url.URL) error {
	if err := CheckParsedURL(o.client, u); err != nil {
		return err
	}
	if !slices.Contains(o.list, originOf(u)) {
		return fmt.Errorf("%w: to %s", ErrOrigin, u.Host)
	}
	return nil
}

// Fields returns the values of a header field in whatever case the map has its
// name: net/http sends them all the same.
func Fields(h http.Header, name string) []string {
	var values []string
	for key, v := range h {
		if strings.EqualFold(key, name) {
			values = append(values, v...)
		}
	}
	return values
}

// An origin is the scheme, host and port of an http or https URL, the port always.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	o := origin{u.Scheme, strings.ToLower(u.Hostname()), u.Port()}
	switch {
	case o.port != "":
	case o.scheme == "https":
		o.port = "443"
	default:
		o.port = "80"
	}
	return o
}

// SameOrigin reports whether two URLs are of one origin.
func SameOrigin(a, b string) bool {
	first, errFirst := url.Parse(a)
	second, errSecond := url.Parse(b)
	return a == b || errFirst == nil && errSecond == nil && originOf(first) == originOf(second)
}
