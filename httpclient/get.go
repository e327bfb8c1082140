package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
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
	resp, err := get(ctx, client, url, limit)
	if pause, again := pauseAfter(err); again && wait.For(ctx, pause) == nil {
		return get(ctx, client, url, limit)
	}
	return resp, err
}

// get is Get once.
func get(ctx context.Context, client *http.Client, url string, limit int64) (*Response, error) {
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
		pause, _ := RetryAfter(resp.Header, time.Now())
		return nil, &StatusError{Status: resp.Status, RetryAfter: pause, host: req.URL.Host}
	}
	return resp, nil
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

// A StatusError is the error of [Get] for a response whose status is not 200. Its
// text names the method, the host and the status.
type StatusError struct {
	Status     int           // 404, ...
	RetryAfter time.Duration // what [RetryAfter] says of the response; 0 for nothing

	host string
}

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
