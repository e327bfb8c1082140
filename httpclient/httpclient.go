package httpclient

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
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

// UserAgent is sent by [Do] where neither the request nor the client names another. Some
// providers refuse requests without one.
const UserAgent = "vouchsafe"

// ErrInsecureURL is the error, wrapped, of a URL that a secret must not be sent
// to: not https, nor http on loopback, or one with user information.
var ErrInsecureURL = errors.New("httpclient: URL must be https, or http on loopback, " +
	"without user information")

// ErrTooLarge is the error, wrapped, of a response whose body reached the limit
// of its exchange, or whose header has more than 256 values.
var ErrTooLarge = errors.New("httpclient: response body reaches the limit")

// Options are the settings of [New]. The zero value is a good choice.
type Options struct {
	// Timeout bounds one exchange from connecting to the body's last byte.
	// Zero means 30 seconds.
	Timeout time.Duration

	// RootCAs are the certificate authorities believed. If nil, the system's.
	RootCAs *x509.CertPool

	// UserAgent is sent where a request names no other, by [Do], by a client that [With] or
	// [Derive] makes of this one, and by this one used directly. If empty, it is [UserAgent],
	// which Do alone sends.
	UserAgent string

	// InsecureHTTPHosts are hosts, "keycloak:8080", that may be reached by http, with
	// the port where the URL has one, in either case of letters. What is lost: whoever
	// is on the way there reads and changes everything, secrets and keys included. It
	// is for development within one machine or container network.
	InsecureHTTPHosts []string

	// PublicOnly has the client connect to public unicast addresses only, and use no
	// proxy. It is for URLs that strangers choose, such as an issuer typed in by a
	// customer, who could name a host of the network that the client is in.
	//
	// Every address is judged when it is dialled, after its name was resolved and
	// after each redirect, so that a name that changes its mind gains nothing. All
	// that the special-purpose address registries of IANA set aside (RFC 6890, Section
	// 2.2) is refused with [ErrAddress]: private, loopback, link-local, shared,
	// documentation, multicast, and what has an IPv4 address within, which is NAT64
	// (RFC 6052, Section 2.1), 6to4 and Teredo; a mapped IPv4 address is judged as
	// itself. A host that reaches IPv4 through NAT64 therefore cannot use PublicOnly
	// for IPv4. A NAT64 prefix of a network's own cannot be told from public addresses:
	// the translator there must refuse private ones itself.
	//
	// It does not lift the rules for URLs, nor do they lift it: http on loopback is
	// never dialled, and one of the InsecureHTTPHosts only if its address is public.
	// In js/wasm and wasip1 nothing is.
	PublicOnly bool
}

// maxRedirects bounds the redirects that a client of [New] follows without [Do].
const maxRedirects = 5

// New makes an [http.Client] for use with this module: TLS 1.2 or later, the
// environment's proxy, bounded handshakes, headers and idle connections.
//
// With [Do] it follows no redirects. Used directly, it follows at most 5, to URLs
// that satisfy [CheckParsedURL] for it and not from https to http, without a Referer;
// the error wraps [ErrInsecureURL]. Its bodies are then the caller's to bound.
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
	if o.PublicOnly {
		t.Proxy = nil // it would resolve names where nobody looks
		t.DialContext = dialPublic(&net.Dialer{ControlContext: controlPublic})
	}
	client := &http.Client{Timeout: o.Timeout, Transport: t}
	if len(o.InsecureHTTPHosts) > 0 || o.UserAgent != "" {
		client.Transport = &markedTransport{t, lower(o.InsecureHTTPHosts), o.UserAgent}
	}
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		return checkRedirect(client, net.DefaultResolver.LookupNetIP, req, via)
	}
	return client
}

func lower(names []string) []string {
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = strings.ToLower(name)
	}
	return names
}

// checkRedirect is for those who use a client of [New] directly.
func checkRedirect(
	client *http.Client, lookup lookupFunc, req *http.Request, via []*http.Request,
) error {
	req.Header.Del("Referer") // whose query may hold a secret
	if len(via) > maxRedirects {
		return errors.New("httpclient: more than 5 redirects")
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w: redirected from https", ErrInsecureURL)
	}
	if err := CheckParsedURL(client, req.URL); err != nil {
		return err
	}
	return checkLocalhost(req.Context(), req.URL, lookup)
}

// With returns a client that sends by transport and is otherwise bounded in time and
// redirected as client is, or as one of [New] if client is nil; its InsecureHTTPHosts and
// UserAgent remain.
func With(client *http.Client, transport http.RoundTripper) *http.Client {
	if client == nil {
		client = standard
	}
	if t, ok := client.Transport.(*markedTransport); ok {
		transport = &markedTransport{transport, t.hosts, t.userAgent}
	}
	return &http.Client{
		Transport:     transport,
		Timeout:       client.Timeout,
		CheckRedirect: client.CheckRedirect,
	}
}

// Transport returns the RoundTripper that client sends with: its own, or the
// default one of [New] if it is nil or has none.
func Transport(client *http.Client) http.RoundTripper {
	if client == nil {
		return standard.Transport
	}
	if client.Transport == nil {
		return http.DefaultTransport
	}
	return client.Transport
}

// DeriveOptions are what a client of [Derive] has of its own. The zero value is nothing.
type DeriveOptions struct {
	UserAgent string        // if empty, that of the client, or [UserAgent] if it has none
	Timeout   time.Duration // if zero or less, that of the client
}

// Derive returns a client like client, or like one of [New] if that is nil, with what o has.
// All else remains: cookies, redirects, InsecureHTTPHosts, PublicOnly, and the connections,
// which the two share. It names its user agent even where it is used directly. client is not
// changed.
func Derive(client *http.Client, o DeriveOptions) *http.Client {
	if client == nil {
		client = standard
	}
	derived, marks := *client, markedTransport{RoundTripper: Transport(client)}
	if t, ok := client.Transport.(*markedTransport); ok {
		marks = *t
	}
	marks.userAgent = cmp.Or(o.UserAgent, marks.userAgent, UserAgent)
	derived.Transport = &marks
	if o.Timeout > 0 {
		derived.Timeout = o.Timeout
	}
	return &derived
}

// A markedTransport is one with what an [http.Client] has no room for.
type markedTransport struct {
	http.RoundTripper
	hosts     []string // that may be reached by http
	userAgent string   // that is sent where a request names none; if empty, none is
}

// RoundTrip sends req, or a copy that names the user agent unless req does.
func (t *markedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.userAgent != "" {
		header := http.Header{"User-Agent": {t.userAgent}}
		maps.Copy(header, req.Header)
		req = req.WithContext(req.Context())
		req.Header = header
	}
	return t.RoundTripper.RoundTrip(req)
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] looks for.
func (t *markedTransport) CloseIdleConnections() {
	(&http.Client{Transport: t.RoundTripper}).CloseIdleConnections()
}

// userAgent returns what client sends where a request names no other.
func userAgent(client *http.Client) string {
	if client == nil {
		return UserAgent
	}
	t, _ := client.Transport.(*markedTransport)
	if t == nil {
		return UserAgent
	}
	return cmp.Or(t.userAgent, UserAgent)
}

// insecureHost reports whether client was made to reach host by http.
func insecureHost(client *http.Client, host string) bool {
	if client == nil {
		return false
	}
	t, ok := client.Transport.(*markedTransport)
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
// The URL is checked as [CheckParsedURL] does; a host named localhost must resolve to
// loopback addresses only, and a Host header must name the URL's origin. The method
// is not CONNECT, which asks for a tunnel, nor TRACE, which returns what was sent.
// Redirects are not followed but returned, and no cookies are sent or kept. The
// exchange ends after client.Timeout, or after [Timeout] if that is zero. client is
// not changed, and Do is safe for concurrent use as far as client is.
//
// Do never repeats a request. Nor does net/http one that has a body, which it would
// where a connection is lost and the header has an Idempotency-Key, or where an
// HTTP/2 server refuses: the request is not sent with a GetBody.
//
// The response may have 256 header field values at most; trailers are left out. The
// error wraps [ErrInsecureURL], [ErrOrigin] for a Host header, [ErrTooLarge],
// [ErrAddress], [io.ErrUnexpectedEOF] for a body cut short, or the transport's own.
// Its text names the method and the host, never the path, the query, a header or the
// body: a transport's error is printed up to its first quotation mark, where net/http
// repeats what it received.
func Do(
	ctx context.Context, client *http.Client, req *http.Request, limit int64,
) (*Response, error) {
	req = req.WithContext(ctx) // a copy, which gets a header of its own
	if err := checkRequest(client, req); err != nil {
		return nil, err
	}
	req.Header = req.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent(client))
	}
	restrictFetch(req.Header)
	req.GetBody = nil
	resp, err := once(client).Do(req)
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

// checkRequest says whether client may send req, which must be for one origin.
func checkRequest(client *http.Client, req *http.Request) error {
	if err := checkMethod(req.Method); err != nil {
		return err
	}
	if err := CheckParsedURL(client, req.URL); err != nil {
		return err
	}
	own := Origins{client, []origin{originOf(req.URL)}}
	return own.checkHosts(req)
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// checkMethod refuses what is no method, whose names are of letters and hyphens (RFC
// 9110, Section 9.1), and the two methods whose answer is not a document.
func checkMethod(method string) error {
	upper := strings.ToUpper(method)
	if strings.Trim(method, letters+"-") != "" ||
		upper == http.MethodConnect || upper == http.MethodTrace {
		return errors.New("httpclient: method must be a name, and neither CONNECT nor TRACE")
	}
	return nil
}

// once returns client for one exchange.
func once(client *http.Client) *http.Client {
	if client == nil {
		client = standard
	}
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Timeout <= 0 {
		c.Timeout = Timeout
	}
	return &c
}

const (
	maxFields = 256      // values in the header of a response
	maxRoom   = 64 << 10 // bytes that room is made for before they come
)

var errFields = &exchangeError{
	text:  "httpclient: response header has more than 256 values",
	cause: ErrTooLarge,
}

// readBody reads a body that is shorter than limit.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	fields := 0
	for _, values := range resp.Header {
		fields += len(values)
	}
	if fields > maxFields {
		return nil, errFields
	}
	if resp.ContentLength >= limit {
		return nil, ErrTooLarge
	}
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength, 0), maxRoom)) + bytes.MinRead)
	if _, err := body.ReadFrom(io.LimitReader(resp.Body, limit)); err != nil {
		return nil, err
	}
	if int64(body.Len()) >= limit {
		return nil, ErrTooLarge
	}
	return body.Bytes(), nil
}

// CheckURL parses an absolute URL that secrets may be sent to by client: https, or http
// on a loopback address, localhost or one of the client's InsecureHTTPHosts, with a host
// in ASCII, without user information and without a fragment. A client that verifies no
// certificates (InsecureSkipVerify, where its transport is an [http.Transport]) is good for
// loopback only: [Options].RootCAs is for certificates of one's own. The error wraps
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
	case u.User != nil:
		return fmt.Errorf("%w: it has user information", ErrInsecureURL)
	case u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("%w: it has no host", ErrInsecureURL)
	case !plainHost(u.Hostname()):
		return fmt.Errorf("%w: its host is neither a name in ASCII nor an address", ErrInsecureURL)
	case Loopback(u.Hostname()) && (u.Scheme == "https" || u.Scheme == "http"):
		return nil
	case u.Scheme == "https" && unverified(client):
		return fmt.Errorf("%w: its certificate would not be verified, see Options.RootCAs",
			ErrInsecureURL)
	case u.Scheme == "https", u.Scheme == "http" && insecureHost(client, u.Host):
		return nil
	}
	return ErrInsecureURL
}

// unverified reports whether client believes every certificate: whoever is on the way
// could be the server (RFC 6749, Section 10.9).
func unverified(client *http.Client) bool {
	if client == nil { // that of New is used
		return false
	}
	transport := client.Transport
	for t, ok := transport.(*markedTransport); ok; t, ok = transport.(*markedTransport) {
		transport = t.RoundTripper
	}
	if transport == nil {
		transport = http.DefaultTransport
	}
	t, ok := transport.(*http.Transport)
	if !ok || t == nil || t.TLSClientConfig == nil {
		return false
	}
	c := t.TLSClientConfig
	return c.InsecureSkipVerify && c.VerifyConnection == nil && c.VerifyPeerCertificate == nil
}

// plainHost reports whether host is made of what names have, ASCII letters, digits,
// dots, hyphens and underscores, or is an address whose zone is. What dials maps other
// letters to ASCII by rules of its own, so that a name compared here might not be the
// one dialled (RFC 5890, Section 2.3.2.1), and other characters mean one thing here and
// perhaps another to a proxy (RFC 3986, Section 3.2.2).
func plainHost(host string) bool {
	if plainName(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && plainName(addr.Zone())
}

func plainName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && !('0' <= r && r <= '9') && !strings.ContainsRune(".-_", r)
	})
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
