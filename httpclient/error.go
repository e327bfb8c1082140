package httpclient

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// An exchangeError is an exchange that failed. Its text leaves out what the
// cause repeats of the URL, whose query may hold what must not be logged, and of
// a response that could not be read, which a server may have filled with what we
// sent it. The cause can be unwrapped.
type exchangeError struct {
	text  string
	cause error
}

// ExchangeError returns cause, the error of an http.Client, as [Do] does: its text
// names the method and the host of req and repeats nothing that a server chose but
// the host of a redirect that was refused. The cause can be unwrapped.
func ExchangeError(req *http.Request, cause error) error {
	host := ""
	if req.URL != nil {
		host = req.URL.Host
	}
	return &exchangeError{
		text:  "httpclient: " + cmp.Or(req.Method, "GET") + " " + host + ": " + harmless(cause),
		cause: cause,
	}
}

// harmless returns the part of err's text that repeats nothing: net/http does so
// in quotation marks only, crypto/x509 with the names in a certificate.
func harmless(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the server's certificate is not acceptable"
	}
	for u, ok := errors.AsType[*url.Error](err); ok; u, ok = errors.AsType[*url.Error](err) {
		err = u.Err
	}
	text, _, _ := strings.Cut(err.Error(), `"`)
	return strings.TrimSpace(text)
}

func (e *exchangeError) Error() string { return e.text }

func (e *exchangeError) Unwrap() error { return e.cause }
