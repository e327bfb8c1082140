package registry

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// A StatusError is an API's answer that is no success. Its text names the host, the status
// and the error code, nothing else of the answer.
//
// It wraps an [*oauth2.Error] if the API sent a challenge with it (RFC 6750, Section 3):
//
//	errors.Is(err, &oauth2.Error{Code: "insufficient_scope"})
type StatusError struct {
	Status     int           // 404, ...
	RetryAfter time.Duration // what [httpclient.RetryAfter] says of the answer; 0 for nothing

	host    string
	refusal error // of the token, nil if nothing is said of it
}

// Error returns the host, the status and the error code.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("registry: %s: status must be 2xx, is %d", e.host, e.Status)
	if refusal, _ := errors.AsType[*oauth2.Error](e.refusal); refusal != nil && refusal.Code != "" {
		text += ": " + refusal.Code
	}
	return text
}

// Unwrap returns the [*oauth2.Error] of a challenge, nil if there was none.
func (e *StatusError) Unwrap() error { return e.refusal }

// CheckStatus returns nil if the status of resp is 2xx, and a [*StatusError] otherwise. It
// neither reads nor closes the body. It is raise_for_status in Authlib's pages.
func CheckStatus(resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	e := &StatusError{Status: resp.StatusCode}
	e.RetryAfter, _ = httpclient.RetryAfter(resp.Header, time.Now())
	if resp.Request != nil && resp.Request.URL != nil {
		e.host = resp.Request.URL.Host
	}
	if len(oauth2.ParseChallenges(resp.Header)) > 0 {
		e.refusal = oauth2.ResponseError(resp)
	}
	return e
}

const maxJSON = 10 << 20

// DecodeJSON reads an API's answer into v, by the rules of encoding/json, and closes its
// body: one JSON value and nothing after it, of the type application/json or one with the
// suffix +json (RFC 8259; RFC 6839, Section 3.1), at most 10 MiB. Into an any, numbers go
// as float64, which has 53 bits: read identifiers that are numbers into a struct with fields
// of an integer type, or a [json.Number].
//
// The error is that of [CheckStatus], a [*jose.CheckError] for an answer that is not such
// JSON, wraps [httpclient.ErrTooLarge], or is that of reading. Its text has nothing of the
// body; encoding/json's own error, which may, can be unwrapped.
func DecodeJSON(resp *http.Response, v any) error {
	defer resp.Body.Close()
	if err := CheckStatus(resp); err != nil {
		return err
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return fmt.Errorf("registry: %w", &jose.CheckError{Check: "content_type",
			Need: "must be application/json or end in +json", Clause: "RFC 8259, Section 11"})
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON+1))
	if err != nil {
		return httpclient.ExchangeError(cmp.Or(resp.Request, &http.Request{}), err)
	}
	if len(body) > maxJSON {
		return fmt.Errorf("registry: %w", httpclient.ErrTooLarge)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &jsonError{err}
	}
	return nil
}

// A jsonError hides the text of encoding/json's error, which quotes what was read.
type jsonError struct{ cause error }

func (e *jsonError) check() error {
	return &jose.CheckError{Check: "body", Need: "must be one JSON value that fits what it is " +
		"read into", Clause: "RFC 8259, Section 2"}
}

func (e *jsonError) Error() string { return "registry: " + e.check().Error() }

func (e *jsonError) Unwrap() []error { return []error{e.check(), e.cause} }
