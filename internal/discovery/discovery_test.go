package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

func checked(check string) error { return &jose.CheckError{Check: check} }

// Authlib's case 99: where a document is, the issuer's last slash never doubled.
func TestPlaces(t *testing.T) {
	const host = "https://p.example"
	for _, test := range []struct{ issuer, inserted, appended string }{
		{host, host + Server, host + OpenID},
		{host + "/", host + Server, host + OpenID},
		{host + "/t", host + Server + "/t", host + "/t" + OpenID},
		{host + "/t/", host + Server + "/t", host + "/t" + OpenID},
		{host + "/a/b", host + Server + "/a/b", host + "/a/b" + OpenID},
		{host + "//", host + Server + "/", host + "/" + OpenID},
		{host + "/a%2Fb%20", host + Server + "/a%2Fb%20", host + "/a%2Fb%20" + OpenID},
		{"https://p.example:8443/t", "https://p.example:8443" + Server + "/t",
			"https://p.example:8443/t" + OpenID},
		{"http://[::1]:80/t", "http://[::1]:80" + Server + "/t", "http://[::1]:80/t" + OpenID},
	} {
		u, err := url.Parse(test.issuer)
		if err != nil {
			t.Fatal(err)
		}
		if got := Inserted(u, Server); got != test.inserted {
			t.Errorf("%s: inserted at %s, want %s", test.issuer, got, test.inserted)
		}
		if got := Appended(u, OpenID); got != test.appended {
			t.Errorf("%s: appended at %s, want %s", test.issuer, got, test.appended)
		}
	}
}

// A web answers at some URLs, "status etag body", and with 404 elsewhere. It notes what it
// was asked, and for which entity tag.
type web struct {
	answers map[string]string
	asked   []string
}

func (w *web) RoundTrip(req *http.Request) (*http.Response, error) {
	match := req.Header.Get("If-None-Match")
	w.asked = append(w.asked, strings.TrimSpace(req.URL.Path+" "+match))
	resp := &http.Response{StatusCode: 404, ContentLength: -1, Header: http.Header{}}
	var tag, body string
	if answer := w.answers[req.URL.Path]; answer != "" {
		fmt.Sscan(answer, &resp.StatusCode, &tag, &body)
		resp.Header.Set("ETag", tag)
	}
	if tag != "" && tag == match {
		resp.StatusCode = 304
	}
	resp.Body = io.NopCloser(strings.NewReader(body))
	return resp, nil
}

func (w *web) wantAsked(t *testing.T, name string, want ...string) {
	t.Helper()
	if !slices.Equal(w.asked, want) {
		t.Errorf("%s: asked for %q, want %q", name, w.asked, want)
	}
	w.asked = nil
}

// fetch fetches the document at a, b or c of w. One with an x is a page, one with an e wrong.
func (w *web) fetch(t *testing.T, held *Copy[string]) (*Copy[string], error) {
	t.Helper()
	const host = "https://p.example"
	return Fetch(t.Context(), &http.Client{Transport: w},
		[]string{host + "/a", host + "/b", host + "/c"}, held,
		func(resp *httpclient.Response) (string, error) {
			switch string(resp.Body) {
			case "x":
				return "page", checkError("content_type", "", "")
			case "e":
				return "wrong", checkError("issuer", "", "")
			}
			return string(resp.Body), nil
		})
}

// A copy is fetched anew only if it is no longer good, from the first place that has one.
func TestFetch(t *testing.T) {
	w := &web{answers: map[string]string{"/b": `200 "1" one`}}
	first, err := w.fetch(t, nil)
	if err != nil || first.Value != "one" {
		t.Fatalf("got %+v, %v", first, err)
	}
	w.wantAsked(t, "first", "/a", "/b")
	held, err := w.fetch(t, first)
	if err != nil || held != first {
		t.Errorf("got %+v, %v", held, err)
	}
	w.wantAsked(t, "not modified", "/a", `/b "1"`) // a validator is of one place
	w.answers["/b"] = `200 "2" two`
	held, err = w.fetch(t, held)
	if err != nil || held.Value != "two" {
		t.Errorf("got %+v, %v", held, err)
	}
	w.wantAsked(t, "modified", "/a", `/b "1"`)
	w.answers["/a"] = `200 "2" three`
	held, err = w.fetch(t, held)
	if err != nil || held.Value != "three" {
		t.Errorf("got %+v, %v", held, err)
	}
	w.wantAsked(t, "another place", "/a")
	if held, err := w.fetch(t, held); err != nil || held.Value != "three" {
		t.Errorf("got %+v, %v", held, err)
	}
	w.wantAsked(t, "there", `/a "2"`)
	if first.Value != "one" {
		t.Error("the first copy was changed")
	}
}

// Where there is nothing, or a page, the next place is asked; else what failed is the end.
func TestFetchMissing(t *testing.T) {
	status := func(err error) string {
		if e, ok := errors.AsType[*httpclient.StatusError](err); ok {
			return fmt.Sprint(e.Status)
		}
		if e, ok := errors.AsType[*jose.CheckError](err); ok {
			return e.Check
		}
		return fmt.Sprint(err)
	}
	for _, test := range []struct {
		a, b, c string
		want    string
		asked   int
	}{
		{`404 "" x`, `403 "" x`, `200 "" c`, "<nil>", 3},
		{`200 "" x`, `302 "" x`, `200 "" c`, "<nil>", 3},
		{`410 "" x`, `302 "" x`, `404 "" x`, "410", 3},
		{`200 "" x`, `404 "" x`, `404 "" x`, "content_type", 3},
		{`499 "" x`, `399 "" x`, `200 "" c`, "<nil>", 3},
		{`400 "" x`, `300 "" x`, `200 "" c`, "<nil>", 3},
		{`299 "" x`, `200 "" b`, `200 "" c`, "299", 1},
		{`200 "" e`, `200 "" b`, `200 "" c`, "issuer", 1},
		{`404 "" x`, `500 "" x`, `200 "" c`, "500", 2},
		{`404 "" x`, `501 "" x`, `200 "" c`, "501", 2},
		{`304 "" x`, `200 "" b`, `200 "" c`, "<nil>", 2},
		{`201 "" x`, `200 "" b`, `200 "" c`, "201", 1},
	} {
		w := &web{answers: map[string]string{"/a": test.a, "/b": test.b, "/c": test.c}}
		got, err := w.fetch(t, nil)
		if status(err) != test.want || len(w.asked) != test.asked || (got == nil) == (err == nil) {
			t.Errorf("%+v: got %+v, %v after %q", test, got, err, w.asked)
		}
	}
}

// What is held stays as it is when the fetch fails.
func TestFetchFails(t *testing.T) {
	w := &web{answers: map[string]string{"/a": `200 "1" one`}}
	held, err := w.fetch(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.answers["/a"] = `200 "2" e`
	if got, err := w.fetch(t, held); !errors.Is(err, checked("issuer")) || got != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	w.answers["/a"] = `200 "1" one`
	if got, err := w.fetch(t, held); err != nil || got != held || held.Value != "one" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A server that is busy lacks nothing. It is asked twice.
func TestFetchBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{answers: map[string]string{"/a": `429 "" x`, "/b": `200 "" b`}}
		_, err := w.fetch(t, nil)
		if e, ok := errors.AsType[*httpclient.StatusError](err); !ok || e.Status != 429 {
			t.Errorf("got %v", err)
		}
		w.wantAsked(t, "busy", "/a", "/a")
	})
}

// A document is shorter than 1 MiB.
func TestFetchLimit(t *testing.T) {
	for length, want := range map[int]error{1<<20 - 1: nil, 1 << 20: httpclient.ErrTooLarge} {
		w := &web{answers: map[string]string{"/a": `200 "" ` + strings.Repeat("a", length)}}
		if _, err := w.fetch(t, nil); !errors.Is(err, want) {
			t.Errorf("%d bytes: got %v", length, err)
		}
	}
}

// hearing returns a context that adds the names of checks to heard.
func hearing(t *testing.T, heard *[]string) context.Context {
	return verdict.With(t.Context(), func(check, _ string, _ error) {
		*heard = append(*heard, check)
	})
}

func TestRead(t *testing.T) {
	for _, test := range []struct{ media, body, want string }{
		{"application/json", `{"a":"b"}`, "ok"},
		{"Application/JSON;charset=utf-8", `{"a":"b"}`, "ok"},
		{"text/html", `{"a":"b"}`, "content_type"},
		{"application/jsonx", `{"a":"b"}`, "content_type"},
		{"", `{"a":"b"}`, "content_type"},
		{"application/json", `{"a":"b","a":"b"}`, "metadata"},
		{"application/json", `{"A":"b"}`, "metadata"},
		{"application/json", `{"a":1}`, "metadata"},
		{"application/json", `[]`, "metadata"},
		{"application/json", ``, "metadata"},
	} {
		var heard []string
		l := verdict.New(hearing(t, &heard), checkError)
		var v struct {
			A string `json:"a"`
		}
		Read(l, &httpclient.Response{Header: http.Header{"Content-Type": {test.media}},
			Body: []byte(test.body)}, &v, "clause")
		if test.want == "ok" && l.Err() == nil && v.A == "b" &&
			slices.Equal(heard, []string{"content_type", "metadata"}) {
			continue
		}
		want := &jose.CheckError{Check: test.want}
		if !errors.Is(l.Err(), want) || !strings.Contains(l.Err().Error(), "(clause)") ||
			test.want == "content_type" && v.A != "" {
			t.Errorf("%s %s: got %v, %q after %q", test.media, test.body, l.Err(), v.A, heard)
		}
	}
}

func TestEndpoints(t *testing.T) {
	type inner struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
		Token   string `json:"token_endpoint"`
		Empty   string `json:"empty_endpoint"`
	}
	type outer struct {
		inner
		Methods  []string `json:"token_endpoint_auth_methods_supported"`
		UserInfo string   `json:"userinfo_endpoint"`
	}
	got := Endpoints(outer{inner{"i", "j", "t", ""}, []string{"m"}, "u"})
	want := []Endpoint{{"jwks_uri", "j"}, {"token_endpoint", "t"}, {"userinfo_endpoint", "u"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestCheckEndpoints(t *testing.T) {
	client := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"proxy:8080"}})
	for _, test := range []struct{ issuer, endpoint, need string }{
		{"https://p.example", "https://other.example/x?a=b", ""},
		{"https://p.example", "HTTPS://p.example/x", ""},
		{"http://127.0.0.1:1", "http://127.0.0.1:1/x", ""},
		{"http://127.0.0.1:1", "https://p.example/x", ""},
		{"http://proxy:8080", "http://proxy:8080/x", ""},
		{"", "http://127.0.0.1:1/x", ""},
		{"https://p.example", "http://127.0.0.1:1/x", "as the issuer is"},
		{"https://p.example", "http://proxy:8080/x", "as the issuer is"},
		{"HTTPS://p.example", "http://localhost/x", "as the issuer is"},
		{"http://127.0.0.1:1", "http://p.example/x", "or http on loopback"},
		{"", "http://p.example/x", "or http on loopback"},
		{"http://[", "http://127.0.0.1:1/x", ""},
		{"http://[", "http://p.example/x", "or http on loopback"},
		{"https://p.example", "https://p.example@evil.example/", "or http on loopback"},
		{"https://p.example", "https://u:p@p.example/", "or http on loopback"},
		{"https://p.example", "https://p.example/#", "or http on loopback"},
		{"https://p.example", "javascript:alert(1)", "or http on loopback"},
		{"https://p.example", "file:///etc/passwd", "or http on loopback"},
		{"https://p.example", "ftp://p.example", "or http on loopback"},
		{"https://p.example", "//p.example", "or http on loopback"},
		{"https://p.example", "/x", "or http on loopback"},
		{"https://p.example", "https://localhost:80@evil.example/", "or http on loopback"},
	} {
		var heard []string
		l := verdict.New(hearing(t, &heard), checkError)
		CheckEndpoints(l, client, test.issuer, []Endpoint{
			{"good_endpoint", "https://p.example/"}, {"x_endpoint", test.endpoint}}, "clause")
		err := l.Err()
		if test.need == "" && err != nil || test.need != "" &&
			(!errors.Is(err, checked("x_endpoint")) ||
				!strings.Contains(err.Error(), test.need) ||
				errors.Is(err, httpclient.ErrInsecureURL) == strings.HasPrefix(test.need, "as") ||
				!strings.Contains(err.Error(), "(clause)") ||
				strings.Contains(err.Error(), "evil")) {
			t.Errorf("%s of %q: got %v", test.endpoint, test.issuer, err)
		}
		if !slices.Equal(heard, []string{"good_endpoint", "x_endpoint"}) {
			t.Errorf("%s of %q: heard of %q", test.endpoint, test.issuer, heard)
		}
	}
}

func TestCheckIssuer(t *testing.T) {
	client := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"proxy:8080"}})
	for _, issuer := range []string{"https://p.example", "https://p.example:1/a/",
		"http://127.0.0.1:1", "http://proxy:8080/t"} {
		u, err := CheckIssuer(client, issuer, "clause")
		if err != nil || u.String() != issuer {
			t.Errorf("%s: got %v, %v", issuer, u, err)
		}
	}
	for _, issuer := range []string{"", "p.example", "http://p.example", "https://", "https://u@p.example",
		"https://p.example#", "https://p.example#f", "https://p.example?", "https://p.example/?a=b"} {
		u, err := CheckIssuer(client, issuer, "clause")
		insecure := !strings.Contains(issuer, "?")
		if !errors.Is(err, checked("issuer")) || u != nil ||
			errors.Is(err, httpclient.ErrInsecureURL) != insecure ||
			!strings.Contains(err.Error(), "(clause)") {
			t.Errorf("%q: got %v, %v", issuer, u, err)
		}
	}
}

// A clone shares no list, those of embedded metadata included, and no list stays none.
func TestClone(t *testing.T) {
	type Embedded struct{ Inner, None []string }
	type outer struct {
		Embedded
		Outer []string
	}
	one := outer{Embedded{Inner: []string{"a"}}, []string{"b"}}
	two := Clone(one)
	one.Inner[0], one.Outer[0] = "c", "c"
	if two.Inner[0] != "a" || two.Outer[0] != "b" || two.None != nil {
		t.Errorf("the clone is %v", two)
	}
}

func TestCheckRedirect(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://app.example/a?b=c": true, "http://127.0.0.1:8080/": true,
		"com.example.app:/a": true, "": false, "/a": false, "https://app.example/#": false,
		"https://a@app.example/": false, "http://app.example/": false,
		"javascript:alert(1)": false,
	} {
		u, err := CheckRedirect("redirect_uri", raw, "RFC 6749, Section 3.1.2")
		if ok && (err != nil || u.String() != raw) ||
			!ok && (u != nil || !errors.Is(err, checked("redirect_uri"))) {
			t.Errorf("%q: %v, %v", raw, u, err)
		}
	}
}
