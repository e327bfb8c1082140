package registry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

// answered returns an API's answer, and whether its body was closed.
func answered(status int, header http.Header, body io.Reader) (*http.Response, *closer) {
	c := &closer{Reader: body}
	u, _ := url.Parse("https://r.test/path?query=CANARY")
	return &http.Response{StatusCode: status, Header: header, Body: c,
		Request: &http.Request{URL: u}}, c
}

// R9: what is no success is an error, which says what the API says of the token.
func TestCheckStatus(t *testing.T) {
	insufficient := &oauth2.Error{Code: "insufficient_scope"}
	const failed = "registry: r.test: status must be 2xx, is "
	for _, test := range []struct {
		name   string
		status int
		header http.Header
		want   string // empty is no error
		is     error  // that it wraps
		after  time.Duration
	}{
		{"200", 200, nil, "", nil, 0},
		{"204", 204, nil, "", nil, 0},
		{"299", 299, nil, "", nil, 0},
		{"199", 199, nil, failed + "199", nil, 0},
		{"302", 302, http.Header{"Location": {"/CANARY"}}, failed + "302", nil, 0},
		{"401 without a challenge", 401, nil, failed + "401", nil, 0},
		{"401 of another scheme", 401, http.Header{"Www-Authenticate": {`Basic realm="CANARY"`}},
			failed + "401", nil, 0},
		{"403 with a challenge", 403, http.Header{"Www-Authenticate": {
			`Bearer error="insufficient_scope", error_description="CANARY"`}},
			failed + "403: insufficient_scope", insufficient, 0},
		{"429", 429, http.Header{"Retry-After": {"7"}}, failed + "429", nil, 7 * time.Second},
		{"503", 503, nil, failed + "503", nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, body := answered(test.status, test.header, strings.NewReader("CANARY"))
			err := registry.CheckStatus(resp)
			if test.want == "" {
				if err != nil || body.closed {
					t.Errorf("error is %v", err)
				}
				return
			}
			status, ok := errors.AsType[*registry.StatusError](err)
			if !ok || err.Error() != test.want || status.Status != test.status ||
				status.RetryAfter != test.after || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error is %v, after %v", err, status.RetryAfter)
			}
			_, challenged := errors.AsType[*oauth2.Error](err)
			if challenged != (test.header.Get("Www-Authenticate") != "") {
				t.Errorf("challenged: %v", challenged)
			}
			if rest, _ := io.ReadAll(resp.Body); body.closed || string(rest) != "CANARY" {
				t.Error("the body was read or closed")
			}
		})
	}
}

func TestCheckStatusOfNoRequest(t *testing.T) {
	for _, req := range []*http.Request{nil, {}} {
		err := registry.CheckStatus(&http.Response{StatusCode: 500, Request: req})
		if err == nil || err.Error() != "registry: : status must be 2xx, is 500" {
			t.Errorf("error is %v", err)
		}
	}
}

// R9: what is read is one JSON value of a success, and the body is closed, whatever it is.
func TestDecodeJSON(t *testing.T) {
	media := &jose.CheckError{Check: "content_type"}
	body := &jose.CheckError{Check: "body"}
	long := strings.Repeat(" ", 10<<20-len(`{"a":1}`))
	for _, test := range []struct {
		name, media, body string
		err               error
	}{
		{"JSON", "application/json", `{"a":1}`, nil},
		{"parameter", "application/json; charset=utf-8", ` {"a":1} `, nil},
		{"capitals", "Application/JSON", `{"a":1}`, nil},
		{"suffix", "application/vnd.example+json", `{"a":1}`, nil},
		{"as long as may be", "application/json", long + `{"a":1}`, nil},
		{"too long", "application/json", long + ` {"a":1}`, httpclient.ErrTooLarge},
		{"much too long", "application/json", long + long + `{"a":1}`, httpclient.ErrTooLarge},
		{"no type", "", `{"a":1}`, media},
		{"HTML", "text/html", `{"a":1}`, media},
		{"a type like it", "application/jsonp", `{"a":1}`, media},
		{"malformed type", "application/json; =", `{"a":1}`, media},
		{"empty", "application/json", "", body},
		{"cut short", "application/json", `{"a":1`, body},
		{"two values", "application/json", `{"a":1}{"a":1}`, body},
		{"something after it", "application/json", `{"a":1} CANARY`, body},
		{"no JSON", "application/json", "CANARY", body},
		{"does not fit", "application/json", `{"a":"CANARY"}`, body},
		{"number does not fit", "application/json", `{"a":1234567890123456789012}`, body},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, c := answered(200,
				http.Header{"Content-Type": {test.media}}, strings.NewReader(test.body))
			var v struct{ A int }
			err := registry.DecodeJSON(resp, &v)
			if test.err == nil && (err != nil || v.A != 1) || !c.closed || test.err != nil &&
				(!errors.Is(err, test.err) || !strings.HasPrefix(err.Error(), "registry: ")) {
				t.Errorf("%v, %v, closed: %v", v, err, c.closed)
			}
			if err != nil && (strings.Contains(err.Error(), "CANARY") ||
				strings.ContainsAny(err.Error(), `"'`) || strings.Contains(err.Error(), "1234")) {
				t.Errorf("quotes the body: %v", err)
			}
		})
	}
}

func TestDecodeJSONFails(t *testing.T) {
	header := http.Header{"Content-Type": {"application/json"}}
	resp, c := answered(404, header, strings.NewReader(`{"a":1}`))
	var v struct{ A int }
	err := registry.DecodeJSON(resp, &v)
	status, ok := errors.AsType[*registry.StatusError](err)
	if !ok || status.Status != 404 || !c.closed || v.A != 0 {
		t.Errorf("404: %v, %v", v, err)
	}
	broken := io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(errDown))
	resp, c = answered(200, header, broken)
	if err := registry.DecodeJSON(resp, &v); !errors.Is(err, errDown) || !c.closed {
		t.Errorf("cut off: %v", err)
	}
	resp, _ = answered(200, header, broken)
	resp.Request = nil
	if err := registry.DecodeJSON(resp, &v); !errors.Is(err, errDown) {
		t.Errorf("cut off, an answer to nothing: %v", err)
	}
	resp, _ = answered(200, header, strings.NewReader(`{"a":"CANARY"}`))
	err = registry.DecodeJSON(resp, &v)
	if cause, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok || cause.Field != "A" {
		t.Errorf("the cause of %v is %v", err, cause)
	}
	resp, _ = answered(200, header, strings.NewReader(`{"a":1}`))
	if _, ok := errors.AsType[*json.InvalidUnmarshalError](registry.DecodeJSON(resp, v)); !ok {
		t.Error("read into nothing")
	}
}

// The answer of a real server: large numbers are exact where they are read as such.
func TestDecodeJSONNumbers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":9007199254740993}`)
	}))
	t.Cleanup(s.Close)
	c := good()
	c.APIBaseURL = s.URL
	client := must(newRegistry(t, registry.Options{}).Register("name", c)).WithoutToken()
	var exact struct{ ID int64 }
	var loose map[string]any
	for _, v := range []any{&exact, &loose} {
		resp, err := client.Get(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		if err := registry.DecodeJSON(resp, v); err != nil {
			t.Fatal(err)
		}
	}
	if exact.ID != 9007199254740993 || loose["id"] != 9007199254740992.0 {
		t.Errorf("%v, %v", exact, loose)
	}
}

// DecodeJSON reads no more than it takes.
func TestDecodeJSONReadsNoFurther(t *testing.T) {
	n := &counted{Reader: bytes.NewReader(bytes.Repeat([]byte(" "), 40<<20))}
	var v any
	registry.DecodeJSON(&http.Response{StatusCode: 200, Body: n,
		Header: http.Header{"Content-Type": {"application/json"}}}, &v)
	if n.read > 10<<20+1 {
		t.Errorf("%d bytes were read", n.read)
	}
}

// A counted counts the bytes that are read of it.
type counted struct {
	io.Reader
	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func (*counted) Close() error { return nil }
