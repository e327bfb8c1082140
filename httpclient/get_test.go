package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A script is what is answered to one request after the other; it notes when each came.
type script struct {
	answers []func(*http.Request) (*http.Response, error)
	asked   []time.Time
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, time.Now())
	if len(s.asked) > len(s.answers) {
		return nil, errors.New("asked too often")
	}
	return s.answers[len(s.asked)-1](req)
}

// say answers with a status, and Retry-After unless that is empty.
func say(status int, retryAfter string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		resp := respond(status, strings.NewReader("body"))
		if retryAfter != "" {
			resp.Header.Set("Retry-After", retryAfter)
		}
		return resp, nil
	}
}

func fail(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// get runs Get against s.
func (s *script) get(ctx context.Context) (*Response, error) {
	client := &http.Client{Transport: s, Timeout: time.Minute}
	return Get(ctx, client, "https://provider.example/a", 100)
}

func TestGet(t *testing.T) {
	asked := 0
	client := clientOf(func(req *http.Request) (*http.Response, error) {
		asked++
		if req.Method != "GET" || req.Header.Get("Accept") != "application/json" ||
			req.URL.String() != "https://provider.example/path?query" {
			t.Errorf("got %s %s, Accept %q", req.Method, req.URL, req.Header.Get("Accept"))
		}
		return respond(200, strings.NewReader("body")), nil
	})
	resp, err := Get(t.Context(), client, "https://provider.example/path?query", 100)
	if err != nil || resp.Status != 200 || string(resp.Body) != "body" || asked != 1 {
		t.Errorf("got %+v, %v after %d", resp, err, asked)
	}
}

func TestGetNoURL(t *testing.T) {
	resp, err := Get(t.Context(), nil, "https://canary.example/\x7f", 100)
	wantFailure(t, "no URL", resp, err, ErrInsecureURL)
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

// Any status but 200 is an error that says which it was, and when to come again.
func TestGetStatus(t *testing.T) {
	for _, status := range []int{201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 408, 425, 500,
		501, 505, 599} {
		wantStatus(t, status, "", 0)
		wantStatus(t, status, "1", time.Second)
	}
	for _, status := range []int{429, 502, 503, 504} {
		wantStatus(t, status, "3600", time.Hour)
	}
}

// wantStatus checks what Get returns for a response, after no other request.
func wantStatus(t *testing.T, status int, retryAfter string, pause time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			say(status, retryAfter), say(200, "")}}
		resp, err := s.get(t.Context())
		want := "httpclient: GET provider.example: status must be 200, is " + strconv.Itoa(status)
		got, ok := errors.AsType[*StatusError](err)
		if !ok || got.Status != status || got.RetryAfter != pause || err.Error() != want ||
			resp != nil || len(s.asked) != 1 {
			t.Errorf("%d: got %v, %#v after %d", status, resp, err, len(s.asked))
		}
	})
}

// Further header fields go with the request, in place of those there are.
func TestGetWith(t *testing.T) {
	header := http.Header{"Accept": {"text/plain"}, "If-None-Match": {`"a"`}}
	client := clientOf(func(req *http.Request) (*http.Response, error) {
		if req.Method != "GET" || !slices.Equal(req.Header["Accept"], []string{"text/plain"}) ||
			req.Header.Get("If-None-Match") != `"a"` {
			t.Errorf("got %s with %v", req.Method, req.Header)
		}
		return respond(200, strings.NewReader("body")), nil
	})
	resp, err := GetWith(t.Context(), client, "https://provider.example/a", 100, header)
	if err != nil || resp.Status != 200 || string(resp.Body) != "body" || len(header) != 2 {
		t.Errorf("got %+v, %v, header %v", resp, err, header)
	}
}

// That a copy is still good is an answer to the question whether it is, and else none.
func TestGetNotModified(t *testing.T) {
	for name, test := range map[string]struct {
		header http.Header
		status int
		want   int // in the error; 0 for none
	}{
		"entity tag":          {http.Header{"If-None-Match": {`"a"`}}, 304, 0},
		"date":                {http.Header{"If-Modified-Since": {"x"}}, 304, 0},
		"nothing asked":       {nil, 304, 304},
		"no validators":       {http.Header{}, 304, 304},
		"an empty entity tag": {http.Header{"If-None-Match": {""}}, 304, 304},
		"another field":       {http.Header{"Accept": {"a/b"}}, 304, 304},
		"another document":    {http.Header{"If-None-Match": {`"a"`}}, 200, 0},
		"another status":      {http.Header{"If-None-Match": {`"a"`}}, 412, 412},
		"a redirect":          {http.Header{"If-None-Match": {`"a"`}}, 302, 302},
	} {
		client := clientOf(func(*http.Request) (*http.Response, error) {
			return respond(test.status, strings.NewReader("")), nil
		})
		resp, err := GetWith(t.Context(), client, "https://provider.example/a", 100, test.header)
		if test.want == 0 {
			if err != nil || resp.Status != test.status {
				t.Errorf("%s: got %+v, %v", name, resp, err)
			}
			continue
		}
		if e, ok := errors.AsType[*StatusError](err); !ok || e.Status != test.want || resp != nil {
			t.Errorf("%s: got %+v, %v", name, resp, err)
		}
	}
}

// What is asked the second time is what was asked first.
func TestGetWithRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := func(req *http.Request) (*http.Response, error) {
			if got := req.Header.Get("If-None-Match"); got != `"a"` {
				t.Errorf("asked for %s", got)
			}
			return say(304, "")(req)
		}
		s := &script{answers: []func(*http.Request) (*http.Response, error){say(503, ""), again}}
		resp, err := GetWith(t.Context(), &http.Client{Transport: s}, "https://provider.example/a",
			100, http.Header{"If-None-Match": {`"a"`}})
		if err != nil || resp.Status != 304 || len(s.asked) != 2 {
			t.Errorf("got %+v, %v after %d", resp, err, len(s.asked))
		}
	})
}

// RFC 9110, Section 8.8: what is sent back of what a server says of a copy.
func TestValidators(t *testing.T) {
	const second, before = "Sat, 01 Jan 2000 00:00:01 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"
	for _, test := range []struct{ tag, modified, date, match, since string }{
		{"", "", "", "", ""},
		{`"a"`, "", "", `"a"`, ""},
		{`W/"a"`, "", "", `W/"a"`, ""},
		{`""`, "", "", `""`, ""},
		{`"` + strings.Repeat("a", 254) + `"`, "", "", `"` + strings.Repeat("a", 254) + `"`, ""},
		{`"` + strings.Repeat("a", 255) + `"`, "", "", "", ""},
		{`"!#~"`, "", "", `"!#~"`, ""},
		{`a`, "", "", "", ""},
		{`"`, "", "", "", ""},
		{`W/`, "", "", "", ""},
		{`W/"`, "", "", "", ""},
		{`w/"a"`, "", "", "", ""},
		{`"a`, "", "", "", ""},
		{`a"`, "", "", "", ""},
		{`"a","b"`, "", "", "", ""},
		{`"a b"`, "", "", "", ""},
		{"\"a\x00\"", "", "", "", ""},
		{"\"a\r\nX: y\"", "", "", "", ""},
		{"\"\x7f\"", "", "", "", ""},
		{"\"\xff\"", "", "", "", ""},
		{`*`, "", "", "", ""},
		{"", before, second, "", before},
		{`"a"`, before, second, `"a"`, before},
		{"", before, before, "", ""}, // it may have changed within that second
		{"", second, before, "", ""},
		{"", before, "", "", ""},
		{"", before, "x", "", ""},
		{"", "x", second, "", ""},
		{"", "Saturday, 01-Jan-00 00:00:00 GMT", second, "", before},
	} {
		h := http.Header{}
		for name, value := range map[string]string{
			"ETag": test.tag, "Last-Modified": test.modified, "Date": test.date} {
			if value != "" {
				h.Set(name, value)
			}
		}
		got := (&Response{Header: h}).Validators()
		want := http.Header{}
		if test.match != "" {
			want.Set("If-None-Match", test.match)
		}
		if test.since != "" {
			want.Set("If-Modified-Since", test.since)
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%v: got %v, want %v", h, got, want)
		}
	}
}

// What may be gone the next time is tried once more, after a pause.
func TestGetRepeats(t *testing.T) {
	temporary := &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	cut := func(*http.Request) (*http.Response, error) {
		resp := respond(200, strings.NewReader("bo"))
		resp.Body = io.NopCloser(io.MultiReader(resp.Body, failing{io.ErrUnexpectedEOF}))
		return resp, nil
	}
	for name, test := range map[string]struct {
		first func(*http.Request) (*http.Response, error)
		pause time.Duration // beside the jitter
	}{
		"429":                  {say(429, ""), 0},
		"502":                  {say(502, ""), 0},
		"503":                  {say(503, ""), 0},
		"504":                  {say(504, ""), 0},
		"no wait":              {say(503, "0"), 0},
		"a second":             {say(429, "1"), time.Second},
		"two seconds":          {say(503, "2"), 2 * time.Second},
		"a date":               {say(503, "Sat, 01 Jan 2000 00:00:01 GMT"), time.Second},
		"a date gone by":       {say(503, "Fri, 31 Dec 1999 23:59:59 GMT"), 0},
		"another time":         {say(503, "soon"), 0},
		"hangs up":             {fail(io.EOF), 0},
		"an operation":         {fail(&net.OpError{Op: "dial", Err: errors.New("refused")}), 0},
		"resolver misbehaving": {fail(temporary), 0},
		"cut short":            {cut, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []func(*http.Request) (*http.Response, error){
				test.first, say(200, ""), say(200, "")}}
			resp, err := s.get(t.Context())
			if err != nil || string(resp.Body) != "body" || len(s.asked) != 2 {
				t.Fatalf("%s: got %v, %v after %d requests", name, resp, err, len(s.asked))
			}
			over := s.asked[1].Sub(s.asked[0]) - test.pause
			if over < time.Millisecond || over > 256*time.Millisecond {
				t.Errorf("%s: %v more than the pause asked for", name, over)
			}
		})
	}
}

// A failing reader is the end of a body that was cut short.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// The second outcome is the last, whatever it is.
func TestGetRepeatsOnce(t *testing.T) {
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			fail(io.EOF), fail(down), say(200, "")}}
		resp, err := s.get(t.Context())
		wantFailure(t, "error", resp, err, down)
		if len(s.asked) != 2 {
			t.Errorf("asked %d times", len(s.asked))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			say(503, ""), say(404, ""), say(200, "")}}
		resp, err := s.get(t.Context())
		if got, ok := errors.AsType[*StatusError](err); !ok || got.Status != 404 ||
			resp != nil || len(s.asked) != 2 {
			t.Errorf("got %v, %v after %d", resp, err, len(s.asked))
		}
	})
}

// What would come again is not asked for again.
func TestGetRepeatsNot(t *testing.T) {
	certificate := &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	nobody := &net.DNSError{Err: "no such host", IsNotFound: true}
	large := func(*http.Request) (*http.Response, error) {
		return respond(200, strings.NewReader(strings.Repeat("a", 100))), nil
	}
	for name, test := range map[string]struct {
		first func(*http.Request) (*http.Response, error)
		want  error
	}{
		"large body":  {large, ErrTooLarge},
		"address":     {fail(&net.OpError{Op: "dial", Err: ErrAddress}), ErrAddress},
		"URL":         {fail(fmt.Errorf("%w: redirected", ErrInsecureURL)), ErrInsecureURL},
		"origin":      {fail(fmt.Errorf("%w: elsewhere", ErrOrigin)), ErrOrigin},
		"certificate": {fail(certificate), certificate},
		"no host":     {fail(nobody), nobody},
		"cancelled":   {fail(context.Canceled), context.Canceled},
		"late":        {fail(context.DeadlineExceeded), context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []func(*http.Request) (*http.Response, error){
				test.first, say(200, "")}}
			resp, err := s.get(t.Context())
			wantFailure(t, name, resp, err, test.want)
			if len(s.asked) != 1 {
				t.Errorf("%s: asked %d times", name, len(s.asked))
			}
		})
	}
}

// More than two seconds are not waited for.
func TestGetLongPause(t *testing.T) {
	for _, value := range []string{"3", "86400", "99999999999999999999",
		"Sat, 01 Jan 2000 00:00:03 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			s := &script{answers: []func(*http.Request) (*http.Response, error){
				say(503, value), say(200, "")}}
			resp, err := s.get(t.Context())
			if got, ok := errors.AsType[*StatusError](err); !ok || got.Status != 503 ||
				resp != nil || len(s.asked) != 1 || time.Since(began) != 0 {
				t.Errorf("%s: got %v, %v after %d", value, resp, err, len(s.asked))
			}
		})
	}
}

// A context's end ends the pause, with what was known by then.
func TestGetContextInPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			say(503, "2"), say(200, "")}}
		resp, err := s.get(ctx)
		if got, ok := errors.AsType[*StatusError](err); !ok || got.Status != 503 ||
			resp != nil || len(s.asked) != 1 || time.Since(began) != time.Second {
			t.Errorf("got %v, %v after %d, %v", resp, err, len(s.asked), time.Since(began))
		}
	})
}

// Nor is there a second request once the context has ended for a reason of its own.
func TestGetContextCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		closing := errors.New("closing")
		ctx, cancel := context.WithCancelCause(t.Context())
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			func(*http.Request) (*http.Response, error) { cancel(closing); return nil, closing },
			say(200, "")}}
		resp, err := s.get(ctx)
		wantFailure(t, "closing", resp, err, closing)
		if len(s.asked) != 1 || time.Since(began) != 0 {
			t.Errorf("asked %d times in %v", len(s.asked), time.Since(began))
		}
	})
}

// A server that takes all the time there is gets no more of it.
func TestGetTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			func(req *http.Request) (*http.Response, error) {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}, say(200, "")}}
		resp, err := s.get(t.Context())
		wantFailure(t, "timeout", resp, err, context.DeadlineExceeded)
		if len(s.asked) != 1 {
			t.Errorf("asked %d times", len(s.asked))
		}
	})
}

// Do takes the first answer.
func TestDoRepeatsNothing(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			say(status, "0"), say(200, "")}}
		resp, err := Do(t.Context(), &http.Client{Transport: s},
			request(t, "GET", "https://provider.example/"), 100)
		if err != nil || resp.Status != status || len(s.asked) != 1 {
			t.Errorf("%d: got %v, %v after %d", status, resp, err, len(s.asked))
		}
	}
	s := &script{answers: []func(*http.Request) (*http.Response, error){fail(io.EOF), say(200, "")}}
	resp, err := Do(t.Context(), &http.Client{Transport: s},
		request(t, "GET", "https://provider.example/"), 100)
	wantFailure(t, "hangs up", resp, err, io.EOF)
	if len(s.asked) != 1 {
		t.Errorf("asked %d times", len(s.asked))
	}
}

// Those who failed together do not all come back together.
func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := jitter()
		if d < time.Millisecond || d > 256*time.Millisecond || d%time.Millisecond != 0 {
			t.Fatalf("got %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 100 {
		t.Errorf("%d pauses of 256", len(seen))
	}
}
