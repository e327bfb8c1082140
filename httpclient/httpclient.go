package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Timeout bounds an exchange made by [Do] whose client sets no Timeout itself.
const Timeout = 30 * time.Second

// UserAgent is sent by [Do] where the request names no other. Some providers
// refuse requests without one.
const UserAgent = "vouchsafe"

// ErrInsecureURL is the error, wrapped, of a URL that a secret must not be sent
// to: not https, nor http on loopback, or one with user information.
var ErrInsecureURL = errors.New("httpclient: URL must be https, or http on loopback, without user information")

// ErrTooLarge is the error, wrapped, of a response whose body reached the limit
// of its exchange.
var ErrTooLarge = errors.New("httpclient: response body reaches the limit")

// Options are the settings of [New]. The zero value is a good choice.
type Options struct {
	// Timeout bounds one exchange from connecting to the body's last byte.
	// Zero means 30 seconds.
	Timeout time.Duration

	// RootCAs are the certificate authorities believed. If nil, the system's.
	RootCAs *x509.CertPool

	// InsecureHTTPHosts are hosts, "keycloak:8080", that may be reached by http. What
	// is lost: whoever is on the way there reads and changes everything, secrets and
	// keys included. It is for development within one machine or container network.
	InsecureHTTPHosts []string
}

// New makes an [http.Client] for use with this module: TLS 1.2 or later, the
// environment's proxy, bounded handshakes and idle connections.
func New(o Options) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = Timeout
	}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    10,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	client := &http.Client{Timeout: o.Timeout, Transport: t}
	if len(o.InsecureHTTPHosts) > 0 {
		client.Transport = &insecureTransport{t, slices.Clone(o.InsecureHTTPHosts)}
	}
	return client
}

// An insecureTransport is one whose hosts may be reached by http.
type insecureTransport struct {
	*http.Transport
	hosts []string
}

// insecureHost reports whether client was made to reach host by http.
func insecureHost(client *http.Client, host string) bool {
	if client == nil {
		return false
	}
	t, ok := client.Transport.(*insecureTransport)
	return ok && slices.Contains(t.hosts, strings.ToLower(host))
}

var standard = New(Options{}) // for those who bring none

// A Response is a response read to its end.
type Response struct {
	Status int // 200, ...
	Header http.Header
	Body   []byte
}

// Do sends req by client, or by a client of [New] if client is nil, and reads
// the response, whose body must be shorter than limit bytes: not one byte past
// the limit is read.
//
// The URL is checked as [CheckURL] does; a host named localhost must resolve to
// loopback addresses only. Redirects are not followed but returned, and no
// cookies are sent or kept. The exchange ends after client.Timeout, or after
// [Timeout] if that is zero. client is not changed, and Do is safe for
// concurrent use as far as client is.
//
// The error wraps [ErrInsecureURL], [ErrTooLarge], [io.ErrUnexpectedEOF] for a
// body cut short, or the transport's own. Its text names the method and the host,
// never the path, the query, a header or the body: a transport's error is printed
// up to its first quotation mark, where net/http repeats what it received.
func Do(ctx context.Context, client *http.Client, req *http.Request, limit int64) (*Response, error) {
	if err := CheckParsedURL(client, req.URL); err != nil {
		return nil, err
	}
	if err := checkLocalhost(ctx, req.URL, net.DefaultResolver.LookupNetIP); err != nil {
		return nil, err
	}
	if client == nil {
		client = standard
	}
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Timeout <= 0 {
		c.Timeout = Timeout
	}
	req = req.Clone(ctx)
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", UserAgent)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, ExchangeError(req, err)
	}
	defer resp.Body.Close()
	body, err := readBody(resp, limit)
	if err != nil {
		return nil, ExchangeError(req, err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// Get fetches a document: a GET by [Do] that must be answered with 200.
func Get(ctx context.Context, client *http.Client, url string, limit int64) (*Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not parse", ErrInsecureURL)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := Do(ctx, client, req, limit)
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, fmt.Errorf("httpclient: GET %s: status must be 200, is %d", req.URL.Host, resp.Status)
	}
	return resp, nil
}

// readBody reads a body that is shorter than limit.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength >= limit {
		return nil, ErrTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) >= limit {
		return nil, ErrTooLarge
	}
	return body, nil
}

// CheckURL parses an absolute URL that secrets may be sent to by client: https, or http
// on a loopback address, localhost or one of the client's InsecureHTTPHosts, with a host
// in ASCII, without user information and without a fragment. The error wraps
// [ErrInsecureURL] and does not repeat raw.
func CheckURL(client *http.Client, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not parse", ErrInsecureURL)
	}
	if err := CheckParsedURL(client, u); err != nil {
		return nil, err
	}
	if u.Fragment != "" || strings.HasSuffix(raw, "#") {
		return nil, fmt.Errorf("%w: it has a fragment", ErrInsecureURL)
	}
	return u, nil
}

// CheckParsedURL is [CheckURL] for a URL that is parsed already, whose fragment is of
// no account: a request does not send it.
func CheckParsedURL(client *http.Client, u *url.URL) error {
	switch {
	case u == nil:
		return fmt.Errorf("%w: there is none", ErrInsecureURL)
	case !ascii(u.Host):
		// What dials maps other letters to ASCII by rules of its own, so that a name
		// compared here might not be the one dialled (RFC 5890, Section 2.3.2.1).
		return fmt.Errorf("%w: its host is not ASCII", ErrInsecureURL)
	case u.User != nil:
		return fmt.Errorf("%w: it has user information", ErrInsecureURL)
	case u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("%w: it has no host", ErrInsecureURL)
	case u.Scheme == "https",
		u.Scheme == "http" && (Loopback(u.Hostname()) || insecureHost(client, u.Host)):
		return nil
	}
	return ErrInsecureURL
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// Loopback reports whether host, a name or an address without port or
// brackets, is a loopback address or the name localhost (RFC 6761, Section 6.3).
func Loopback(host string) bool {
	if isLocalhost(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() && addr.Zone() == ""
}

// isLocalhost compares without folding: EqualFold takes U+017F for an s, and what
// dials may not.
func isLocalhost(host string) bool { return ascii(host) && strings.EqualFold(host, "localhost") }

// A lookupFunc is net.Resolver's LookupNetIP.
type lookupFunc = func(ctx context.Context, network, host string) ([]netip.Addr, error)

// checkLocalhost asks what the name localhost of an http URL stands for here: a
// resolver that sends it elsewhere would see the secrets in clear.
func checkLocalhost(ctx context.Context, u *url.URL, lookup lookupFunc) error {
	if u.Scheme != "http" || !isLocalhost(u.Hostname()) {
		return nil
	}
	addrs, err := lookup(ctx, "ip", "localhost")
	if err != nil {
		return fmt.Errorf("httpclient: localhost: %w", err)
	}
	for _, addr := range addrs {
		if !addr.Unmap().IsLoopback() {
			return fmt.Errorf("%w: localhost resolves to another address", ErrInsecureURL)
		}
	}
	return nil
}
