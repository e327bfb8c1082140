package oauth1

import (
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func acceptUnsigned(c *VerifierConfig) { c.InsecureUnsignedBody = true }

// A body that is not to be covered is left for the handler to read, or not.
func TestVerifierUnsignedBody(t *testing.T) {
	c := newCraft()
	c.post(jsonType, "{}")
	c.late = func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errNobody)) }
	req := c.request(t)
	if _, err := newTool(t, acceptUnsigned).Verify(req); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(req.Body); err != errNobody {
		t.Error("the body was read")
	}
}

// What says that it is covered has to be, whatever the option.
func TestVerifierUnsignedBodyStillRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*craft)
		check string
	}{
		{"hash", func(c *craft) {
			c.post(jsonType, "{}")
			c.hash("{ }")
		}, "body_hash"},
		{"hash in the query", func(c *craft) {
			c.post(jsonType, "{}")
			c.hash("{ }")
			c.place = PlacementQuery
		}, "body_hash"},
		{"empty hash", func(c *craft) {
			c.post(jsonType, "")
			c.set("oauth_body_hash", "")
		}, "body_hash"},
		{"hash with a form", func(c *craft) {
			c.post(formType, "c=3")
			c.hash("c=3")
		}, "body_hash"},
		{"form changed", func(c *craft) {
			c.post(formType, "c=3")
			c.late = func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("c=4")) }
		}, "signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCraft()
			tt.spoil(c)
			_, err := newTool(t, acceptUnsigned).Verify(c.request(t))
			wantKind(t, err, tt.check, "")
		})
	}
}

// What net/http reads as a form is one here, or its parameters were not signed.
func TestVerifierKnowsFormsAsNetHTTPDoes(t *testing.T) {
	for _, contentType := range []string{
		formType, strings.ToUpper(formType), formType + ";", " " + formType + "\t; charset=x",
		formType + "; a=b; a=c", formType + "; =", "appl\u0130cation/x-www-form-urlencoded",
		"application/x-www-form-urlencoded\u00a0", formType + ",text/plain", "x" + formType,
	} {
		read := &http.Request{
			Method: "POST", Body: io.NopCloser(strings.NewReader("a=forged")),
			Header: http.Header{"Content-Type": {contentType}},
		}
		read.ParseForm()
		c := newCraft()
		c.post(formType, "a=signed")
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", contentType)
			r.Body = io.NopCloser(strings.NewReader("a=forged"))
		}
		req := c.request(t)
		c.post("text/plain", "a=signed")
		unsignedReq := c.request(t)
		for _, r := range []*http.Request{req, unsignedReq} {
			_, err := newTool(t, acceptUnsigned).Verify(r)
			if err == nil && read.PostForm.Get("a") == "forged" {
				t.Errorf("%q: a form that is not signed was accepted", contentType)
			}
		}
	}
}

func TestVerifierBodyLimit(t *testing.T) {
	for body, ok := range map[string]bool{"a=12": true, "a=123": false} {
		v := newTool(t, func(c *VerifierConfig) { c.MaxBody = 4 })
		c := newCraft()
		c.post(formType, body)
		_, err := v.Verify(c.request(t))
		if !ok {
			wantKind(t, err, "body", "RFC 5849, Section 3.4.1.3.1")
		} else if err != nil {
			t.Error(err)
		}
	}
}

// No more is read than there may be, though the client promises otherwise.
func TestVerifierReadsNoMore(t *testing.T) {
	text := strings.NewReader(strings.Repeat("a", 10_000))
	c := newCraft()
	c.post(formType, "")
	c.late = func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(text), 3 }
	_, err := newTool(t, func(c *VerifierConfig) { c.MaxBody = 100 }).Verify(c.request(t))
	wantKind(t, err, "body", "")
	if read := 10_000 - text.Len(); read != 101 {
		t.Errorf("%d bytes read", read)
	}
}

// A limit that is none is one, and drops no body.
func TestVerifierWithoutLimit(t *testing.T) {
	c := newCraft()
	c.post(formType, "c=3")
	config := toolConfig(func(c *VerifierConfig) { c.MaxBody = math.MaxInt64 })
	v, err := NewVerifier(config)
	if err != nil {
		wantKind(t, err, "max_body", "")
		return
	}
	if _, err := v.Verify(c.request(t)); err != nil {
		t.Error(err)
	}
}

func TestVerifierBodyFails(t *testing.T) {
	c := newCraft()
	c.post(formType, "")
	c.late = func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errNobody)) }
	got, err := newTool(t).Verify(c.request(t))
	if !errors.Is(err, errNobody) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// A request whose header is malformed is refused before its body is read.
func TestVerifierRefusesBeforeReading(t *testing.T) {
	c := newCraft()
	c.post(formType, "")
	withHeader(`OAuth a="`)(c)
	req := c.request(t)
	req.Body = io.NopCloser(iotest.ErrReader(errNobody))
	_, err := newTool(t).Verify(req)
	wantKind(t, err, "authorization", "")
}

func TestVerifierLeavesTheBody(t *testing.T) {
	c := newCraft()
	c.post(formType, "c=3&a=2")
	closed := &closeCounter{Reader: strings.NewReader(c.body)}
	c.late = func(r *http.Request) { r.Body = closed }
	req := c.request(t)
	if _, err := newTool(t).Verify(req); err != nil {
		t.Fatal(err)
	}
	if closed.times != 1 {
		t.Errorf("closed %d times", closed.times)
	}
	if err := req.ParseForm(); err != nil || req.PostForm.Encode() != "a=2&c=3" {
		t.Errorf("the handler reads %v, %v", req.PostForm, err)
	}
}

// A closeCounter counts how often it was closed.
type closeCounter struct {
	io.Reader
	times int
}

func (b *closeCounter) Close() error { b.times++; return nil }
