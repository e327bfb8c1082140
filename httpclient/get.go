package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/random"
	"vouchsafe/internal/wait"
)

// maxPause is the longest that [Get] waits because a response asks for it.
const maxPause = 2 * time.Second

// Get fetches a document, such as metadata or keys: a GET by [Do] that must be
// answered with 200; another status is a [*StatusError].
//
// A GET is safe (RFC 9110, Section 9.2.1), so it is repeated, once, after a
// transport error that may be gone the next time and after status 429, 502, 503
// or 504. Before that Get waits up to a quarter of a second, and as long as
// Retry-After asks; where that is more than 2 seconds, it does not repeat. Both
// exchanges have the time of [Do] each, and all ends with ctx.
func Get(ctx context.Context, client *http.Client, url string, limit int64) (*Response, error) {
	return GetWith(ctx, client, url, limit, nil)
}

// GetWith is [Get] with further header fields, which replace those of Get: another Accept,
// or the [Response.Validators] of a copy. Where header has If-None-Match or
// If-Modified-Since, status 304 is no error: the copy is still good (RFC 9110, Section
// 15.4.5).
func GetWith(
	ctx context.Context, client *http.Client, url string, limit int64, header http.Header,
) (*Response, error) {
	resp, err := get(ctx, client, url, limit, header)
	if pause, again := pauseAfter(err); again && wait.For(ctx, pause) == nil {
		return get(ctx, client, url, limit, header)
	}
	return resp, err
}

// get is GetWith once.
func get(
	ctx context.Context, client *http.Client, url string, limit int64, header http.Header,
) (*Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not parse", ErrInsecureURL)
	}
	req.Header.Set("Accept", "application/json")
	maps.Copy(req.Header, header)
	resp, err := Do(ctx, client, req, limit)
	if err != nil {
		return nil, err
	}
	if !answers(resp.Status, header) {
		pause, _ := RetryAfter(resp.Header, time.Now())
		return nil, &StatusError{Status: resp.Status, RetryAfter: pause, host: req.URL.Host}
	}
	return resp, nil
}

// answers reports whether a status is one that a request with header asks for.
func answers(status int, header http.Header) bool {
	conditional := header.Get("If-None-Match") != "" || header.Get("If-Modified-Since") != ""
	return status == http.StatusOK || status == http.StatusNotModified && conditional
}

// Validators returns the header fields that ask whether what r brought is still good, for
// [GetWith]: If-None-Match and If-Modified-Since (RFC 9110, Section 13.1), of an ETag that is
// one and of a Last-Modified so much older than the response that nothing can have
// changed within its second (Section 8.8.2.2). It has none if the server gave none.
func (r *Response) Validators() http.Header {
	h := http.Header{}
	if tag := r.Header.Get("ETag"); isEntityTag(tag) {
		h.Set("If-None-Match", tag)
	}
	sent, _ := http.ParseTime(r.Header.Get("Date"))
	modified, err := http.ParseTime(r.Header.Get("Last-Modified"))
	if err == nil && sent.Sub(modified) >= time.Second {
		h.Set("If-Modified-Since", modified.UTC().Format(http.TimeFormat))
	}
	return h
}

// maxEntityTag bounds what is sent back: a header that is too large would be refused for
// ever.
const maxEntityTag = 256

// isEntityTag reports whether s is an entity-tag, RFC 9110, Section 8.8.3.
func isEntityTag(s string) bool {
	opaque := strings.TrimPrefix(s, "W/")
	return len(s) <= maxEntityTag && len(opaque) >= 2 &&
		opaque[0] == '"' && opaque[len(opaque)-1] == '"' &&
		!strings.ContainsFunc(opaque[1:len(opaque)-1], func(r rune) bool {
			return r <= ' ' || r == '"' || r >= 0x7f
		})
}

// pauseAfter returns how long to wait before what failed with err is repeated, and
// whether it is to be.
func pauseAfter(err error) (time.Duration, bool) {
	if err == nil {
		return 0, false
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.RetryAfter + jitter(), status.temporary() && status.RetryAfter <= maxPause
	}
	return jitter(), !lasting(err)
}

// lasting reports whether err would come again, or comes of a context's end.
func lasting(err error) bool {
	is := func(target error) bool { return errors.Is(err, target) }
	if slices.ContainsFunc([]error{ErrInsecureURL, ErrTooLarge, ErrAddress, ErrOrigin,
		context.Canceled, context.DeadlineExceeded}, is) {
		return true
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	dns, ok := errors.AsType[*net.DNSError](err)
	return certificate || ok && dns.IsNotFound
}

// jitter returns a time between 1 and 256 milliseconds, so that those who failed
// together do not come back together.
func jitter() time.Duration {
	return (1 + random.Below(256)) * time.Millisecond
}

// A StatusError is the error of [Get] for a response whose status is not the one asked for. Its
// text names the method, the host and the status.
type StatusError struct {
	Status     int           // 404, ...
	RetryAfter time.Duration // what [RetryAfter] says of the response; 0 for nothing

	host string
}

// Error returns the method, the host and the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("httpclient: GET %s: status must be 200, is %d", e.host, e.Status)
}

// temporary reports whether the status says that another time may be better.
func (e *StatusError) temporary() bool {
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return true
	}
	return false
}
