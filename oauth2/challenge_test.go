package oauth2

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func fields(values ...string) http.Header {
	return http.Header{"Www-Authenticate": values}
}

// of makes a challenge of a scheme and of names and values in turn.
func of(scheme string, namesAndValues ...string) Challenge {
	c := Challenge{Scheme: scheme, Params: map[string]string{}}
	for pair := range slices.Chunk(namesAndValues, 2) {
		c.Params[pair[0]] = pair[1]
	}
	return c
}

var challengeTests = []struct {
	name   string
	fields []string
	want   []Challenge
}{
	{"none", nil, nil},
	{"empty", []string{"", " , "}, nil},
	{"RFC 6750, Section 3", []string{`Bearer realm="example"`},
		[]Challenge{of("Bearer", "realm", "example")}},
	{"RFC 6750, Section 3.1", []string{
		`Bearer realm="example", error="invalid_token", ` +
			`error_description="The access token expired"`},
		[]Challenge{of("Bearer", "realm", "example", "error", "invalid_token",
			"error_description", "The access token expired")}},
	{"several in a field", []string{`Basic realm="a, b", Bearer error=x, DPoP algs="ES256 PS256"`},
		[]Challenge{of("Basic", "realm", "a, b"), of("Bearer", "error", "x"),
			of("DPoP", "algs", "ES256 PS256")}},
	{"several fields", []string{`Negotiate`, `Bearer scope="a b"`, `bearer`},
		[]Challenge{of("Negotiate"), of("Bearer", "scope", "a b"), of("bearer")}},
	{"a token68", []string{`Negotiate YWJj==, Bearer a=b`},
		[]Challenge{of("Negotiate"), of("Bearer", "a", "b")}},
	{"unheard-of scheme", []string{`X-Odd!1 a=b, GNAP as_uri="https://as.example"`},
		[]Challenge{of("X-Odd!1", "a", "b"), of("GNAP", "as_uri", "https://as.example")}},
	{"names in any case", []string{`Bearer ERROR=a, Error_Description="B c"`},
		[]Challenge{of("Bearer", "error", "a", "error_description", "B c")}},
	{"quoted characters", []string{`Bearer a="\"\\,=", b=""`},
		[]Challenge{of("Bearer", "a", `"\,=`, "b", "")}},
	{"step-up", []string{`Bearer error="insufficient_user_authentication", ` +
		`acr_values="myACR other", max_age="5", scope="a b"`},
		[]Challenge{of("Bearer", "error", "insufficient_user_authentication",
			"acr_values", "myACR other", "max_age", "5", "scope", "a b")}},
	{"RFC 9728", []string{
		`Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource"`},
		[]Challenge{of("Bearer", "resource_metadata",
			"https://api.example/.well-known/oauth-protected-resource")}},

	{"a parameter twice", []string{`Bearer error=a, error=b`}, nil},
	{"twice, in other cases", []string{`Bearer error=a, ERROR=b`}, nil},
	{"twice, the same", []string{`Bearer scope="a", scope="a"`}, nil},
	{"twice, and another challenge", []string{`Bearer a=1, a=2, Basic a=1`},
		[]Challenge{of("Basic", "a", "1")}},
	{"twice, and another field", []string{`Bearer a=1, a=2`, `Basic a=1`},
		[]Challenge{of("Basic", "a", "1")}},
	{"the same in two challenges", []string{`Bearer a=1, Bearer a=2`},
		[]Challenge{of("Bearer", "a", "1"), of("Bearer", "a", "2")}},

	{"a field cut short", []string{`Bearer error="invalid_token`}, nil},
	{"one of two cut short", []string{`Bearer error="invalid_token`, `Bearer error=x`},
		[]Challenge{of("Bearer", "error", "x")}},
	{"parameters alone", []string{`error="invalid_token"`}, nil},
	{"no value", []string{`Bearer x=y, error=, a=b`}, nil},
	{"two values", []string{`Bearer error="a" "b"`}, nil},
	{"no commas", []string{`Bearer error="a" scope="b"`}, nil},
	{"other quotation marks", []string{`Bearer error='a b'`}, nil},
	{"a control character", []string{"Bearer\x00error=a"}, nil},
	{"braces", []string{`Bearer {"error":"x"}`}, nil},
}

func TestParseChallenges(t *testing.T) {
	for _, test := range challengeTests {
		t.Run(test.name, func(t *testing.T) {
			got := ParseChallenges(fields(test.fields...))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	if got := ParseChallenges(nil); got != nil {
		t.Errorf("of no header: %v", got)
	}
	other := http.Header{"Proxy-Authenticate": {"Bearer"}, "Authorization": {"Bearer"}}
	if got := ParseChallenges(other); got != nil {
		t.Errorf("of other fields: %v", got)
	}
}

// What is read is bounded, over all fields, and whole fields are read or none of it.
func TestParseChallengesIsBounded(t *testing.T) {
	const prefix = "Bearer a="
	long := func(n int) string { return prefix + strings.Repeat("x", n-len(prefix)) }
	for name, test := range map[string]struct {
		fields []string
		want   int
	}{
		"at the limit":              {[]string{long(16 << 10)}, 1},
		"above it":                  {[]string{long(16<<10 + 1)}, 0},
		"two at the limit":          {[]string{long(8 << 10), long(8 << 10)}, 2},
		"two above it":              {[]string{long(8 << 10), long(8<<10 + 1)}, 1},
		"nothing after a long one":  {[]string{long(16<<10 + 1), "Bearer"}, 0},
		"a malformed one counts":    {[]string{strings.Repeat("=", 16<<10), "Bearer"}, 0},
		"many small ones":           {slices.Repeat([]string{"Bearer"}, 4000), (16 << 10) / 6},
		"many challenges in one":    {[]string{strings.Repeat("a,", 8<<10)}, 8 << 10},
		"many parameters, all once": {[]string{manyParams(1000)}, 1},
	} {
		if got := ParseChallenges(fields(test.fields...)); len(got) != test.want {
			t.Errorf("%s: %d challenges, want %d", name, len(got), test.want)
		}
	}
}

func manyParams(n int) string {
	var b strings.Builder
	b.WriteString("Bearer x=x")
	for i := range n {
		fmt.Fprintf(&b, ", a%d=b", i)
	}
	return b.String()
}

func FuzzChallenges(f *testing.F) {
	for _, test := range challengeTests {
		f.Add(strings.Join(test.fields, "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := fields(strings.Split(text, "\n")...)
		list := ParseChallenges(h)
		for _, c := range list {
			if c.Scheme == "" || c.Params == nil {
				t.Errorf("challenge %v", c)
			}
			for name := range c.Params {
				if name == "" || name != strings.ToLower(name) {
					t.Errorf("parameter %q", name)
				}
			}
		}
		if again := ParseChallenges(h); !reflect.DeepEqual(again, list) {
			t.Error("two readings differ")
		}
		resp := &http.Response{StatusCode: 401, Header: h}
		e, ok := errors.AsType[*Error](ResponseError(resp))
		if !ok || e.Status != 401 || len(e.Challenges()) != len(list) {
			t.Fatalf("error is %v", e)
		}
		if !printable(e.Error()) || len(e.Code) > maxCode {
			t.Errorf("text is %q", e.Error())
		}
	})
}

func TestResponseError(t *testing.T) {
	for _, test := range []struct {
		name                   string
		status                 int
		fields                 []string
		want, description, uri string
	}{
		{"200", 200, []string{`Bearer error=x`}, "ok", "", ""},
		{"302", 302, nil, "ok", "", ""},
		{"399", 399, nil, "ok", "", ""},
		{"400", 400, nil, "server  400", "", ""},
		{"401", 401, []string{`Bearer realm="a"`}, "server  401", "", ""},
		{"403", 403, []string{`Bearer error="insufficient_scope", scope="a"`},
			"server insufficient_scope 403", "", ""},
		{"500", 500, nil, "server  500", "", ""},
		{"all it says", 401, []string{`Bearer error="invalid_token", ` +
			`error_description="it is old", error_uri="https://api.example/why"`},
			"server invalid_token 401", "it is old",
			"https://api.example/why"},
		{"lower case", 401, []string{`bearer error=invalid_token`},
			"server invalid_token 401", "", ""},
		{"of another scheme", 401, []string{`DPoP error=invalid_token, error_description=no`},
			"server  401", "", ""},
		{"after another scheme", 401, []string{`Basic error=no, Bearer error=invalid_token`},
			"server invalid_token 401", "", ""},
		{"in a second field", 401, []string{`DPoP error=no`, `Bearer error=invalid_token`},
			"server invalid_token 401", "", ""},
		{"the first that has one", 401, []string{
			`Bearer realm=a, Bearer error=invalid_token, error_description=one, ` +
				`Bearer error=invalid_request, error_description=two`},
			"server invalid_token 401", "one", ""},
		{"a description without a code", 401, []string{`Bearer error_description="why"`},
			"server  401", "why", ""},
		{"malformed", 401, []string{`Bearer error="invalid_token`}, "server  401", "", ""},
		{"not printable", 401, []string{"Bearer error=\"in\tvalid\""},
			"server  401", "", ""},
		{"two words", 401, []string{`Bearer error="invalid token"`},
			"server  401", "", ""},
		{"quotation marks", 401, []string{`Bearer error="a\"b"`},
			"server  401", "", ""},
		{"backslash", 401, []string{`Bearer error="a\\b"`}, "server  401", "", ""},
		{"not ASCII", 401, []string{"Bearer error=\"\u00e9\""}, "server  401", "", ""},
		{"of no specification", 401, []string{`Bearer error=token_too_blue`},
			"server  401", "", ""},
		{"of the token endpoint", 401, []string{`Bearer error=invalid_grant`},
			"server  401", "", ""},
		{"in capitals", 401, []string{`Bearer error=INVALID_TOKEN`},
			"server  401", "", ""},
		{"known and more", 401, []string{`Bearer error=invalid_tokens`},
			"server  401", "", ""},
		{"long", 401, []string{`Bearer error=` + strings.Repeat("a", 64)},
			"server  401", "", ""},
		{"said to be unprintable", 401, []string{`Bearer error="(unprintable)"`},
			"server  401", "", ""},
		{"invalid_request", 400, []string{`Bearer error=invalid_request`},
			"server invalid_request 400", "", ""},
		{"invalid_dpop_proof", 401, []string{`Bearer error=invalid_dpop_proof`},
			"server invalid_dpop_proof 401", "", ""},
		{"insufficient_claims", 401, []string{`Bearer error=insufficient_claims`},
			"server insufficient_claims 401", "", ""},
		{"use_dpop_nonce", 401, []string{`Bearer error=use_dpop_nonce`},
			"server use_dpop_nonce 401", "", ""},
		{"insufficient_user_authentication", 401,
			[]string{`Bearer error=insufficient_user_authentication`},
			"server insufficient_user_authentication 401", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := &http.Response{StatusCode: test.status, Header: fields(test.fields...)}
			err := ResponseError(resp)
			if got := outcome(err); got != test.want {
				t.Fatalf("outcome %q, want %q", got, test.want)
			}
			if e, ok := errors.AsType[*Error](err); ok {
				if e.Description() != test.description || e.URI() != test.uri || e.Excerpt() != "" {
					t.Errorf("says %q, %q and %q", e.Description(), e.URI(), e.Excerpt())
				}
				if len(e.Challenges()) != len(ParseChallenges(fields(test.fields...))) {
					t.Errorf("challenges are %v", e.Challenges())
				}
			}
		})
	}
}

// What a resource wants for the next attempt can be read, whatever the code: RFC 9470,
// Section 3, and RFC 9728, Section 5.1.
func TestResponseErrorChallenges(t *testing.T) {
	err := ResponseError(&http.Response{StatusCode: 401, Header: fields(
		`Bearer error="insufficient_user_authentication", acr_values="a b", max_age=5`,
		`Bearer scope="read", resource_metadata="https://api.example/m"`, `DPoP algs="ES256"`)})
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, &Error{Code: "insufficient_user_authentication"}) {
		t.Fatalf("error is %v", err)
	}
	want := []Challenge{
		of("Bearer", "error", "insufficient_user_authentication", "acr_values", "a b",
			"max_age", "5"),
		of("Bearer", "scope", "read", "resource_metadata", "https://api.example/m"),
		of("DPoP", "algs", "ES256"),
	}
	got := e.Challenges()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("challenges are %v", got)
	}
	got[0] = Challenge{}
	if e.Challenges()[0].Scheme != "Bearer" {
		t.Error("the error has changed")
	}
	for _, word := range []string{"a b", "read", "api.example", "ES256"} {
		if strings.Contains(e.Error(), word) {
			t.Errorf("text is %s", e)
		}
	}
}

// Without a clock of its own, ResponseError goes by that of the machine.
func TestResponseErrorRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
		for value, want := range map[string]time.Duration{
			"":     0,
			"120":  2 * time.Minute,
			"0":    0,
			"-1":   0,
			"soon": 0,
			date:   90 * time.Second,
		} {
			for _, status := range []int{429, 503, 401} {
				h := http.Header{"Retry-After": {value}}
				resp := &http.Response{StatusCode: status, Header: h}
				e, ok := errors.AsType[*Error](ResponseError(resp))
				if !ok || e.RetryAfter != want {
					t.Errorf("%q: %v, want %v", value, e.RetryAfter, want)
				}
			}
		}
	})
}

// The body is the caller's.
func TestResponseErrorLeavesTheBody(t *testing.T) {
	body := &closing{Reader: strings.NewReader("words")}
	h := fields(`Bearer error=invalid_token`)
	before := maps.Clone(h)
	if err := ResponseError(&http.Response{StatusCode: 401, Header: h, Body: body}); err == nil {
		t.Error("no error")
	}
	if b, err := io.ReadAll(body); string(b) != "words" || err != nil || body.closed != 0 {
		t.Errorf("body is %q, %v, closed %d times", b, err, body.closed)
	}
	if !reflect.DeepEqual(before, h) {
		t.Errorf("header is %v", h)
	}
}

// A resource that returns the token as its error code does not bring it into a log.
func TestResponseErrorIsNoSecret(t *testing.T) {
	for _, p := range []Placement{PlacementHeader, InsecurePlacementQuery} {
		for code, want := range map[string]string{
			canary:          "server  401",
			"x:" + canary:   "server  401",
			canary[1:]:      "server  401",
			"invalid_token": "server invalid_token 401",
			"":              "server  401",
		} {
			config := configAt("https://as.example")
			config.TokenPlacement = p
			config.HTTP = &http.Client{Transport: tripper(
				func(r *http.Request) (*http.Response, error) {
					h := fields(`Bearer error="` + code + `"`)
					return &http.Response{StatusCode: 401, Header: h, Request: r}, nil
				})}
			transport, err := newClient(t, config).Transport(canaryToken(t), pinnedTo)
			if err != nil {
				t.Fatal(err)
			}
			req, _ := formRequest(t, "POST", "")
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			refused := ResponseError(resp)
			if got := outcome(refused); got != want {
				t.Errorf("%s, %s: outcome %q, want %q", p, code, got, want)
			}
			mustNotShow(t, "error", refused)
			e, ok := errors.AsType[*Error](refused)
			if !ok || e.Challenges()[0].Params["error"] != code {
				t.Errorf("%s, %s: challenges are %v", p, code, e.Challenges())
			}
		}
	}
}
