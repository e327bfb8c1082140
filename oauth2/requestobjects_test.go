package oauth2

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const objectsBase = "https://rp.example/requests"

func newObjects(t *testing.T) *RequestObjects {
	t.Helper()
	o, err := NewRequestObjects(objectsBase)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// publish keeps an object and returns the path that it is at.
func publish(t *testing.T, o *RequestObjects, object string) string {
	t.Helper()
	uri, err := o.Publish(t.Context(), object)
	path, ours := strings.CutPrefix(uri, "https://rp.example")
	if err != nil || !ours {
		t.Fatalf("%q, %v", uri, err)
	}
	return path
}

func fetch(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// RFC 9101, Section 5.2.
func TestRequestObjects(t *testing.T) {
	o := newObjects(t)
	a, b := publish(t, o, "object.a"), publish(t, o, "object.b")
	if name, ok := strings.CutPrefix(a, "/requests/"); !ok || len(name) != 43 || a == b {
		t.Errorf("paths are %q and %q", a, b)
	}
	for _, test := range []struct {
		name, method, path string
		status             int
		body               string
	}{
		{"the first", "GET", a, 200, "object.a"},
		{"the second", "GET", b, 200, "object.b"},
		{"again", "GET", a, 200, "object.a"},
		{"with a query", "GET", a + "?x", 200, "object.a"},
		{"below another path", "GET", strings.TrimPrefix(a, "/requests"), 200, "object.a"},
		{"by HEAD", "HEAD", a, 200, "object.a"},
		{"another name", "GET", "/requests/" + long(43), 404, "no such request object\n"},
		{"part of the name", "GET", a[:len(a)-1], 404, "no such request object\n"},
		{"no name", "GET", "/requests/", 404, "no such request object\n"},
		{"no path", "GET", "/", 404, "no such request object\n"},
		{"POST", "POST", a, 405, "GET only\n"},
		{"DELETE", "DELETE", a, 405, "GET only\n"},
	} {
		w := fetch(o, test.method, test.path)
		if w.Code != test.status || w.Body.String() != test.body {
			t.Errorf("%s: %d %q", test.name, w.Code, w.Body)
		}
		wantType := "text/plain; charset=utf-8"
		if test.status == 200 {
			wantType = "application/oauth-authz-req+jwt"
		}
		h := w.Header()
		if h.Get("Content-Type") != wantType || h.Get("Cache-Control") != "no-store" ||
			h.Get("X-Content-Type-Options") != "nosniff" ||
			(h.Get("Allow") == "GET, HEAD") != (test.status == 405) {
			t.Errorf("%s: header %v", test.name, h)
		}
	}
}

// An object is there for as long as it is good for.
func TestRequestObjectsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newObjects(t)
		path := publish(t, o, "object")
		time.Sleep(5*time.Minute - 1)
		if w := fetch(o, "GET", path); w.Code != 200 {
			t.Errorf("gone after %v: %d", 5*time.Minute-1, w.Code)
		}
		time.Sleep(1)
		if w := fetch(o, "GET", path); w.Code != 404 {
			t.Errorf("there after 5 minutes: %d", w.Code)
		}
		later := publish(t, o, "later")
		s := o.shared()
		if len(s.objects) != 1 || len(s.names) != 1 || s.size != len("later") {
			t.Errorf("keeps %d objects, %d names, %d octets", len(s.objects), len(s.names), s.size)
		}
		if w := fetch(o, "GET", later); w.Body.String() != "later" {
			t.Errorf("the later one is %q", w.Body)
		}
	})
}

// The oldest go first, and there are never more than 16 MiB.
func TestRequestObjectsAreBounded(t *testing.T) {
	o := newObjects(t)
	large := strings.Repeat("x", 64<<10)
	first, second := publish(t, o, large), publish(t, o, large)
	for range 254 {
		publish(t, o, large)
	}
	if w := fetch(o, "GET", first); w.Code != 200 {
		t.Errorf("the first of 16 MiB is gone: %d", w.Code)
	}
	publish(t, o, "x")
	if w := fetch(o, "GET", first); w.Code != 404 {
		t.Errorf("there is more than 16 MiB: %d", w.Code)
	}
	if w := fetch(o, "GET", second); w.Code != 200 {
		t.Errorf("the second is gone: %d", w.Code)
	}
	s := o.shared()
	if want := 255*64<<10 + 1; s.size != want || len(s.objects) != 256 || len(s.names) != 256 {
		t.Errorf("keeps %d octets in %d objects", s.size, len(s.objects))
	}
	uri, err := o.Publish(t.Context(), large+"x")
	wantCheck(t, err, "request", "RFC 9101, Section 5.2")
	if uri != "" {
		t.Errorf("published at %s", uri)
	}
}

func TestNewRequestObjects(t *testing.T) {
	for base, want := range map[string]string{
		"https://rp.example":                         "ok",
		"https://rp.example/":                        "ok",
		"http://127.0.0.1:8080/r":                    "ok",
		"https://rp.example/" + long(449):            "ok",
		"https://rp.example/" + long(450):            "check request_uri",
		"http://rp.example/r":                        "insecure URL",
		"rp.example/r":                               "insecure URL",
		"":                                           "insecure URL",
		"https://rp.example/r?a=b":                   "check request_uri",
		"https://rp.example/r#":                      "insecure URL",
		"https://rp.example/\u00e9":                  "check request_uri",
		"https://rp.example/a b":                     "check request_uri",
		"https://user:password@rp.example/requests/": "insecure URL",
	} {
		o, err := NewRequestObjects(base)
		if got := outcome(err); got != want || (o == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", base, o, got, want)
		}
	}
	o, err := NewRequestObjects("https://rp.example/")
	if err != nil {
		t.Fatal(err)
	}
	if path := publish(t, o, "x"); strings.Count(path, "/") != 1 {
		t.Errorf("published at %s", path)
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestRequestObjectsAtOnce(t *testing.T) {
	o := newObjects(t)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			object := fmt.Sprint("object ", i)
			uri, err := o.Publish(t.Context(), object)
			if err != nil {
				t.Error(err)
				return
			}
			path := strings.TrimPrefix(uri, "https://rp.example")
			if w := fetch(o, "GET", path); w.Body.String() != object {
				t.Errorf("got %q", w.Body)
			}
		})
	}
	wait.Wait()
}

// Printing shows neither objects nor where they are.
func TestRequestObjectsAreNotShown(t *testing.T) {
	o := newObjects(t)
	path := publish(t, o, canary)
	for how, v := range wrapped(*o) {
		mustNotShow(t, how, v)
		if text := fmt.Sprintf("%+v", v); strings.Contains(text, path[len("/requests/"):]) {
			t.Errorf("%s shows a name: %s", how, text)
		}
	}
}
