package httpclient

import (
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

func newExchangeError(req *http.Request, cause error) error {
	return &exchangeError{
		text:  "httpclient: " + req.Method + " " + req.URL.Host + ": " + harmless(cause),
		cause: cause,
	}
}

// harmless returns the part of err's text that repeats nothing: net/http does so
// in quotation marks only.
func harmless(err error) string {
	for u, ok := errors.AsType[*url.Error](err); ok; u, ok = errors.AsType[*url.Error](err) {
		err = u.Err
	}
	text, _, _ := strings.Cut(err.Error(), `"`)
	return strings.TrimSpace(text)
}

func (e *exchangeError) Error() string { return e.text }

func (e *exchangeError) Unwrap() error { return e.cause }
