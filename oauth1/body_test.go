package oauth1

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// A countedBody counts how often it was closed, and how much of it was read.
type countedBody struct {
	io.Reader
	closed, read int
}

func newCountedBody(text string) *countedBody {
	return &countedBody{Reader: strings.NewReader(text)}
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *countedBody) Close() error { b.closed++; return nil }

var isFormTests = []struct {
	name, contentType string
	want              bool
}{
	{"form", formType, true},
	{"charset", formType + "; charset=utf-8", true},
	{"charset without a space", formType + ";charset", true},
	{"odd case, space in front of the semicolon",
		"Application/X-WWW-Form-URLEncoded ;charset=UTF-8", true},
	{"space around", " \t" + formType + " ", true},
	{"a letter that net/http takes for an i", "appl\u0130cation/x-www-form-urlencoded", true},
	{"nothing", "", false},
	{"JSON", "application/json", false},
	{"multipart", "multipart/form-data; boundary=x", false},
	{"as a parameter", "text/plain; a=" + formType, false},
	{"as a parameter alone", ";" + formType, false},
	{"longer in front", "x-" + formType, false},
	{"longer behind", formType + "-x", false},
	{"shorter", formType[1:], false},
	{"in one field with another", formType + ", text/plain", false},
}

func TestIsForm(t *testing.T) {
	for _, tt := range isFormTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := isForm(tt.contentType); got != tt.want {
				t.Errorf("%q: got %t", tt.contentType, got)
			}
		})
	}
}

func TestHasForm(t *testing.T) {
	for _, tt := range []struct {
		name string
		body io.ReadCloser
		h    http.Header
		want bool
	}{
		{"form", http.NoBody, http.Header{"Content-Type": {formType}}, true},
		{"name in lower case", http.NoBody, http.Header{"content-type": {formType}}, true},
		{"second field", http.NoBody, http.Header{"Content-Type": {"a/b", formType}}, true},
		{"no body", nil, http.Header{"Content-Type": {formType}}, false},
		{"no field", http.NoBody, nil, false},
		{"other field", http.NoBody, http.Header{"Accept": {formType}}, false},
		{"other type", http.NoBody, http.Header{"Content-Type": {"application/json"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := hasForm(&http.Request{Body: tt.body, Header: tt.h}); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// endless gives zeros for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestReadBody(t *testing.T) {
	if body, err := readBody(&http.Request{}); body != nil || err != nil {
		t.Errorf("no body: %q, %v", body, err)
	}
	if body, err := readBody(&http.Request{Body: newCountedBody("a=1")}); string(body) != "a=1" ||
		err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	most := io.NopCloser(io.LimitReader(endless{}, 10<<20))
	if body, err := readBody(&http.Request{Body: most}); len(body) != 10<<20 || err != nil {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

func TestReadBodyRefuses(t *testing.T) {
	b := &countedBody{Reader: endless{}}
	body, err := readBody(&http.Request{Body: b})
	failsWith(t, err, "body", bodyClause)
	if body != nil || b.read != 10<<20+1 {
		t.Errorf("got %d bytes, read %d", len(body), b.read)
	}
	broken := errors.New("broken")
	body, err = readBody(&http.Request{Body: io.NopCloser(iotest.ErrReader(broken))})
	if body != nil || !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "oauth1: body: ") {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestReplaceBody(t *testing.T) {
	for _, tt := range []struct {
		name, text       string
		before, declared int64
	}{
		{"length unknown", "a=1", -1, 3},
		{"no length", "a=1", 0, 3},
		{"length of the caller", "a=1", 1, 1},
		{"empty", "", -1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old := newCountedBody("old")
			req := &http.Request{Body: old, ContentLength: tt.before}
			replaceBody(req, []byte(tt.text))
			if old.closed != 1 || old.read != 0 {
				t.Errorf("closed %d times, %d bytes read", old.closed, old.read)
			}
			if req.ContentLength != tt.declared {
				t.Errorf("length %d, want %d", req.ContentLength, tt.declared)
			}
			if (req.Body == http.NoBody) != (tt.text == "") {
				t.Errorf("body %T", req.Body)
			}
			sendsTwice(t, req, tt.text)
		})
	}
}

func TestReplaceBodyWhereThereWasNone(t *testing.T) {
	req := &http.Request{}
	replaceBody(req, nil)
	if req.Body != http.NoBody || req.ContentLength != 0 {
		t.Errorf("body %T of length %d", req.Body, req.ContentLength)
	}
}

// sendsTwice fails unless req has want for a body, and again by GetBody.
func sendsTwice(t *testing.T, req *http.Request, want string) {
	t.Helper()
	bodies := []io.ReadCloser{req.Body}
	for range 2 {
		again, err := req.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, again)
	}
	for _, b := range bodies {
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("body %q, %v; want %q", got, err, want)
		}
	}
}
