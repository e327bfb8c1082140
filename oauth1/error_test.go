package oauth1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"vouchsafe/internal/redact"
)

func TestCheckError(t *testing.T) {
	e := &CheckError{"origin", "must be ours", "RFC 5849, Section 4.3"}
	if want := "oauth1: origin must be ours (RFC 5849, Section 4.3)"; e.Error() != want {
		t.Errorf("got %s, want %s", e, want)
	}
	for _, tt := range []struct {
		target error
		want   bool
	}{
		{&CheckError{Check: "origin"}, true},
		{&CheckError{Check: "host"}, false},
		{&CheckError{}, false},
		{&CheckError{Check: "origin", Need: "must be another's"}, true},
		{(*CheckError)(nil), false},
		{ErrAccessDenied, false},
		{e, true},
	} {
		if got := errors.Is(e, tt.target); got != tt.want {
			t.Errorf("Is(%v) = %t", tt.target, got)
		}
	}
}

// bodyError is the error of a refusal with a body, where secrets are known.
func bodyError(status int, body string, secrets ...string) *Error {
	params, _ := parseResponse(body)
	return newError(status, nil, body, valuesOf(params), secrets)
}

// headerError is that of a refusal with WWW-Authenticate fields alone.
func headerError(secrets []string, fields ...string) *Error {
	return newError(401, http.Header{"Www-Authenticate": fields}, "", nil, secrets)
}

func TestError(t *testing.T) {
	for _, tt := range []struct {
		status  int
		problem string
		want    string
		denied  bool
	}{
		{401, "signature_invalid",
			"oauth1: refused by the provider with status 401: signature_invalid", false},
		{500, "", "oauth1: refused by the provider with status 500", false},
		{0, "user_refused", "oauth1: refused by the provider: user_refused", true},
		{0, "", "oauth1: refused by the provider", false},
		{401, "permission_denied",
			"oauth1: refused by the provider with status 401: permission_denied", true},
		{401, "user_refused_x",
			"oauth1: refused by the provider with status 401: user_refused_x", false},
		{400, "Denied", "oauth1: refused by the provider with status 400", false},
		{400, "a\nb", "oauth1: refused by the provider with status 400", false},
		{400, "a b", "oauth1: refused by the provider with status 400", false},
		{400, "\xff", "oauth1: refused by the provider with status 400", false},
		{400, "az-_09", "oauth1: refused by the provider with status 400: az-_09", false},
		{400, strings.Repeat("a", 65), "oauth1: refused by the provider with status 400", false},
		{400, strings.Repeat("a", 64),
			"oauth1: refused by the provider with status 400: " + strings.Repeat("a", 64), false},
	} {
		e := bodyError(tt.status, "oauth_problem="+escape(tt.problem))
		if e.Error() != tt.want || errors.Is(e, ErrAccessDenied) != tt.denied {
			t.Errorf("%q: got %q, want %q", tt.problem, e, tt.want)
		}
		if errors.Is(e, &CheckError{}) || errors.Is(e, &Error{}) {
			t.Errorf("%q: is another kind as well", tt.problem)
		}
	}
}

func TestProblemOfAHeader(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"none", nil, ""},
		{"realm alone", []string{`OAuth realm="https://a.example/"`}, ""},
		{"quoted", []string{`OAuth realm="a, b", oauth_problem="token_expired"`}, "token_expired"},
		{"token", []string{`OAuth oauth_problem=token_expired`}, "token_expired"},
		{"percent-encoded", []string{`OAuth oauth_problem="token%5Fexpired"`}, "token_expired"},
		{"scheme in other case", []string{`oauth oauth_problem="a"`}, "a"},
		{"name in other case", []string{`OAuth OAuth_Problem="a"`}, ""},
		{"after another challenge",
			[]string{`Basic realm="x", OAuth oauth_problem="a"`}, "a"},
		{"before another challenge",
			[]string{`OAuth oauth_problem="a", Bearer realm="x", error="b"`}, "a"},
		{"after a token68", []string{`Negotiate abc==, OAuth oauth_problem="a"`}, "a"},
		{"in a second field", []string{`Basic realm="x"`, `OAuth oauth_problem="a"`}, "a"},
		{"beside a malformed field", []string{`OAuth "`, `OAuth oauth_problem="a"`}, "a"},
		{"of another scheme", []string{`Bearer oauth_problem="a"`}, ""},
		{"of a longer scheme", []string{`OAuth2 oauth_problem="a"`}, ""},
		{"in another's quotes", []string{`Basic realm="OAuth oauth_problem=a"`}, ""},
		{"malformed", []string{`OAuth oauth_problem="a`}, ""},
		{"malformed after it", []string{`OAuth oauth_problem="a", =`}, ""},
		{"no scheme", []string{`oauth_problem="a"`}, ""},
		{"too long", []string{`OAuth oauth_problem=` + strings.Repeat("a", 65)}, ""},
		{"unfit for a text", []string{`OAuth oauth_problem="A b"`}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := headerError(nil, tt.fields...).Problem; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBodyBeforeHeader(t *testing.T) {
	h := http.Header{"Www-Authenticate": {`OAuth oauth_problem="a", oauth_problem_advice="b"`}}
	e := newError(401, h, "", map[string]string{"oauth_problem": "c", "d": "e"}, nil)
	if e.Problem != "c" || e.Detail("oauth_problem_advice") != "b" || e.Detail("d") != "e" {
		t.Errorf("got %q, %q, %q", e.Problem, e.Detail("oauth_problem_advice"), e.Detail("d"))
	}
	// MediaWiki's error is what there is if there is nothing better.
	e = newError(401, h, "", map[string]string{"error": "c"}, nil)
	if e.Problem != "a" || e.Detail("error") != "c" {
		t.Errorf("got %q, %q", e.Problem, e.Detail("error"))
	}
	if e = bodyError(400, `{"error":"c","oauth_token":"t"}`); e.Problem != "c" {
		t.Errorf("got %q beside a token", e.Problem)
	}
	e = newError(401, h, "", map[string]string{"oauth_problem": ""}, nil)
	if e.Problem != "a" {
		t.Errorf("got %q beside an empty problem", e.Problem)
	}
	if e = headerError(nil, `OAuth error="c"`); e.Problem != "" {
		t.Errorf("got %q of a header's error", e.Problem)
	}
}

func TestDetail(t *testing.T) {
	e := headerError([]string{canary}, `OAuth realm="Photos", oauth_problem="parameter_absent",`+
		`oauth_parameters_absent="oauth_nonce%26oauth_version", a="\"`+canary+`"`)
	for name, want := range map[string]string{
		"realm": "Photos", "oauth_parameters_absent": "oauth_nonce&oauth_version",
		"a": `"[redacted]`, "b": "", "": "", "OAUTH_PARAMETERS_ABSENT": "",
	} {
		if got := e.Detail(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	long := bodyError(400, "a="+strings.Repeat("b", 5000)+"&c=d%0A%1B")
	if long.Detail("a") != strings.Repeat("b", 4096) || long.Detail("c") != "d  " {
		t.Errorf("got %q, %q", long.Detail("a"), long.Detail("c"))
	}
	if got := new(Error).Detail("a"); got != "" {
		t.Errorf("zero Error: %q", got)
	}
}

func TestExcerpt(t *testing.T) {
	for in, want := range map[string]string{
		"":                                          "",
		"bad\r\n\x1b[31mtoken\x00":                  "bad   [31mtoken ",
		"caf\u00e9 \u202e\u2028x":                   "caf\u00e9   x",
		"\xff\xfea":                                 "a",
		strings.Repeat("a", 199):                    strings.Repeat("a", 199),
		strings.Repeat("a", 300):                    strings.Repeat("a", 200),
		strings.Repeat("a", 199) + "\u20ac":         strings.Repeat("a", 199),
		strings.Repeat("a", 198) + "\u20ac":         strings.Repeat("a", 198),
		strings.Repeat("a", 197) + "\u20acb":        strings.Repeat("a", 197) + "\u20ac",
		strings.Repeat("\u20ac", 100):               strings.Repeat("\u20ac", 66),
		strings.Repeat("a", 196) + "\U0001f600b":    strings.Repeat("a", 196) + "\U0001f600",
		"a" + strings.Repeat("\U0001f600", 50):      "a" + strings.Repeat("\U0001f600", 49),
		strings.Repeat("\n", 200) + canary:          strings.Repeat(" ", 200),
		strings.Repeat("a", 190) + "s3cr/et" + "bc": strings.Repeat("a", 190) + "[redacted]",
	} {
		got := bodyError(500, in, "s3cr/et").Excerpt()
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if len(got) > 200 || !utf8.ValidString(got) ||
			strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q: unfit for a terminal: %q", in, got)
		}
	}
	if got := new(Error).Excerpt(); got != "" {
		t.Errorf("zero Error: %q", got)
	}
}

// Our own secrets are found as they are and percent-encoded, once and twice: in a
// base string that is repeated to us.
func TestOwnSecretsAreRedacted(t *testing.T) {
	const secret = canary + "/+ &é=%"
	for _, form := range []string{secret, escape(secret), escape(escape(secret))} {
		for _, body := range []string{
			form, "a " + form + " b " + form, "<p>" + form + "</p>", `["` + form + `"]`,
			strings.Repeat("x", 195) + form,
		} {
			e := bodyError(401, body, "", "other", secret)
			noCanary(t, body, e.Excerpt()+e.Detail("a")+e.Error()+fmt.Sprintf("%+v", e))
			if !strings.Contains(body, strings.Repeat("x", 195)) &&
				!strings.Contains(e.Excerpt(), "[redacted]") {
				t.Errorf("%s: excerpt %q", body, e.Excerpt())
			}
		}
	}
	if got := bodyError(401, "nothing of ours", "", "other").Excerpt(); got != "nothing of ours" {
		t.Errorf("excerpt %q", got)
	}
}

// A secret that is a part of another must not leave the rest of it behind.
func TestSecretsWithinSecrets(t *testing.T) {
	for _, secrets := range [][]string{
		{"1234", "abc1234def"}, {"abc1234def", "1234"}, {"abc1234", "1234", "abc1234def"},
	} {
		if got := bodyError(401, "<abc1234def>", secrets...).Excerpt(); got != "<[redacted]>" {
			t.Errorf("%q: excerpt %q", secrets, got)
		}
	}
}

// What the names of parameters say is secret, we need not know.
func TestNamedSecretsAreRedacted(t *testing.T) {
	for _, in := range []string{
		"oauth_token=CANARY&a=b",
		"a=b&oauth_token_secret=CANARY",
		"oauth_verifier=CANARY;x",
		"OAUTH_VERIFIER=CANARY",
		"oauth_session_handle=CANARY",
		"x_auth_password=CANARY",
		"secret: CANARY, more",
		`{"oauth_token_secret":"CANARY","a":"b"}`,
		`{'secret': 'CANARY'}`,
		`OAuth oauth_token="CANARY", oauth_nonce="a"`,
		"<p>oauth_token=CANARY</p>",
		"&oauth_token%3DCANARY%26oauth_version%3D1.0",
		`{"oauth_token" : "CANARY"}`,
		"<oauth_token_secret>CANARY</oauth_token_secret>",
		"token=CANARY x", "token%3DCANARY x", `token%3DCANARY"x`, "token%3DCANARY'x",
		"token%3DCANARY&x", "token%3DCANARY,x", "token%3DCANARY;x", "token%3DCANARY<x",
		`{"oauth_token_secret":["CANARY"]}`,
		`{"oauth_token_secret":"CANARY","a":1}`,
		`<secret type="x">CANARY</secret>`,
		"oauth_token=&a=b",
		"the token is bad, the signature method unknown",
		"oauth_signature_method=HMAC-SHA1",
		"oauth_nonce=abc&oauth_timestamp=1",
	} {
		want := strings.ReplaceAll(in, "CANARY", redact.Mark)
		if got := bodyError(401, in).Excerpt(); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"oauth_signature=CANARY%2F%3D&b":             "oauth_signature=[redacted]&b",
		"oauth_token_secret=ab%2BCANARY%26x&c=d":     "oauth_token_secret=[redacted]&c=d",
		"token%3DCANARY%C3%A9%26a":                   "token%3D[redacted]%26a",
		`{"secret":"CANARY\"CANARY and more","a":1}`: `{"secret":"[redacted]","a":1}`,
		"{\"secret\":\n\t\"CANARY\"}":                `{"secret":  "[redacted]"}`,
		"oauth_token%253DCANARY%252FCANARY%2526a":    "oauth_token%253D[redacted]%2526a",
		`{"token":123,"a":1}`:                        `{"token":[redacted],"a":1}`,
		"oauth_token%3DCANARY%252FCANARY%26a":        "oauth_token%3D[redacted]%26a",
	} {
		if got := bodyError(401, in).Excerpt(); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", in, got, want)
		}
	}
}

// Detail finds what a parameter's name says is secret, too: a body may be a good
// one, though its status is not.
func TestNamedDetailsAreRedacted(t *testing.T) {
	names := []string{"oauth_token", "oauth_token_secret", "oauth_verifier", "oauth_signature",
		"oauth_session_handle", "x_auth_password", "OAUTH_TOKEN_SECRET"}
	for _, name := range names {
		e := bodyError(400, "oauth_problem=a&"+name+"="+canary)
		noCanary(t, name+" of a body", e.Detail(name))
		e = headerError(nil, `OAuth `+name+`="`+canary+`"`)
		noCanary(t, name+" of a header", e.Detail(name))
		e = bodyError(400, `{"`+name+`":"`+canary+`"}`)
		noCanary(t, name+" of JSON", e.Detail(name))
		e = bodyError(400, `{"a":{"`+name+`":"`+canary+`"}}`)
		noCanary(t, name+" within JSON", e.Detail("a"))
	}
	e := bodyError(400, "oauth_signature_methods=HMAC-SHA256")
	if got := e.Detail("oauth_signature_methods"); got != "HMAC-SHA256" {
		t.Errorf("got %q", got)
	}
}

// A long text is read in a time that grows as it does; otherwise this would take
// minutes.
func TestRedactIsLinear(t *testing.T) {
	for _, text := range []string{"token token=x ", "token x token=y&", `token"`, "token%3D%"} {
		text = strings.Repeat(text, 1<<18/len(text))
		if got := redact.Text(text, []string{"secret"}); got == "" {
			t.Error("nothing is left")
		}
	}
	field := "OAuth " + strings.Repeat(`a="b", `, 1<<12)
	h := http.Header{"Www-Authenticate": {`OAuth oauth_problem="c"`, field, `OAuth oauth_problem="d"`}}
	if e := newError(401, h, "", nil, nil); e.Problem != "c" || e.Detail("a") != "" {
		t.Errorf("got %q, %q: long fields count", e.Problem, e.Detail("a"))
	}
}

// A provider that calls our secret a problem does not bring it into a log.
func TestProblemIsNoSecret(t *testing.T) {
	e := bodyError(401, "oauth_problem=s3cret-s3cret", "", "s3cret-s3cret")
	if e.Problem != "" || strings.Contains(e.Error(), "s3cret") {
		t.Errorf("got %v", e)
	}
}

// Every secret of a login is known to the error of each request.
func TestErrorsKnowTheSecretsOfTheirRequest(t *testing.T) {
	for i, secrets := range [][]string{
		{"client/secret"},
		{"client/secret", "tok/en", "tok/sec", "ver/ifier"},
		{"client/secret", "pass/word"},
		{"client/secret", "tok/en", "tok/sec", "hand/le"},
	} {
		for _, secret := range secrets {
			s := &script{answers: []scripted{{status: 400, body: "<" + secret + "> <x>"}}}
			c := s.client(t, func(c *Config) { c.Secret = "client/secret" })
			e, ok := errors.AsType[*Error](refusedCall(t, c, i))
			if !ok || e.Excerpt() != "<[redacted]> <x>" {
				t.Errorf("%s: %s: %q", calls[i].name, secret, e.Excerpt())
			}
		}
	}
}

// refusedCall makes one of calls with secrets of its own.
func refusedCall(t *testing.T, c *Client, i int) error {
	t.Helper()
	var err error
	switch i {
	case 0:
		_, err = c.Authorize(t.Context(), redirectOOB)
	case 1:
		_, err = c.Exchange(t.Context(), "ver/ifier", newTransaction(transaction{
			Digest: c.digest[:], Token: "tok/en", Secret: "tok/sec", RedirectURI: "oob"}))
	case 2:
		_, err = c.XAuth(t.Context(), "jane", "pass/word")
	default:
		_, err = c.Renew(t.Context(), newToken(Record{Token: "tok/en", Secret: "tok/sec",
			Extra: map[string]string{"oauth_session_handle": "hand/le"}}))
	}
	return err
}

func TestResponseErrorOfSuccess(t *testing.T) {
	for _, status := range []int{200, 204, 302, 399} {
		body := strings.NewReader("oauth_problem=a")
		resp := &http.Response{StatusCode: status, Body: io.NopCloser(body)}
		if err := ResponseError(resp); err != nil || body.Len() != 15 {
			t.Errorf("status %d: got %v, %d octets left", status, err, body.Len())
		}
	}
}

func TestResponseError(t *testing.T) {
	for _, tt := range []struct {
		name, header, body string
		problem, excerpt   string
	}{
		{"nothing", "", "", "", ""},
		{"header", `OAuth oauth_problem="token_expired"`, "", "token_expired", ""},
		{"form", "", "oauth_problem=token_revoked", "token_revoked", "oauth_problem=token_revoked"},
		{"JSON", "", `{"error":"gone"}`, "gone", `{"error":"gone"}`},
		{"HTML", "", "<html>", "", "<html>"},
		{"secrets by name", "", "oauth_token=a&x=y", "", "oauth_token=[redacted]&x=y"},
	} {
		for _, status := range []int{400, 401, 599} {
			resp := &http.Response{StatusCode: status, Header: make(http.Header),
				Body: io.NopCloser(strings.NewReader(tt.body))}
			resp.Header.Set("WWW-Authenticate", tt.header)
			e, ok := errors.AsType[*Error](ResponseError(resp))
			if !ok || e.Status != status || e.Problem != tt.problem || e.Excerpt() != tt.excerpt {
				t.Errorf("%s: got %v, excerpt %q", tt.name, e, e.Excerpt())
			}
		}
	}
}

type responseBody struct {
	io.Reader
	closed bool
}

func (b *responseBody) Close() error {
	b.closed = true
	return nil
}

// What can be read is what there is to say; closing is for the caller.
func TestResponseErrorReadsNoMoreThanItSays(t *testing.T) {
	long := bytes.NewReader(append([]byte("oauth_problem=a&b="), make([]byte, 1<<20)...))
	body := &responseBody{Reader: long}
	e, ok := errors.AsType[*Error](ResponseError(&http.Response{StatusCode: 400, Body: body}))
	read := int(long.Size()) - long.Len()
	if !ok || e.Problem != "a" || body.closed || read != 64<<10 {
		t.Errorf("got %v, closed %t, read %d octets", e, body.closed, read)
	}
	body = &responseBody{Reader: io.MultiReader(strings.NewReader("oauth_problem=a&"),
		iotest.ErrReader(io.ErrUnexpectedEOF))}
	e, ok = errors.AsType[*Error](ResponseError(&http.Response{StatusCode: 400, Body: body}))
	if !ok || e.Problem != "a" || body.closed {
		t.Errorf("got %v, closed %t", e, body.closed)
	}
}

func TestWithTraceHearsErrors(t *testing.T) {
	var heard []error
	ctx := WithTrace(t.Context(), func(_, _ string, err error) { heard = append(heard, err) })
	_, err := scriptOf("").client(t).Authorize(ctx, AuthorizationOptions{})
	if want := []error{nil, err}; err == nil || !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}

func FuzzError(f *testing.F) {
	f.Add("oauth_problem=a", `OAuth oauth_problem="b"`, "s/1")
	f.Add(`{"error":"a"}`, `Basic a==, OAuth realm="`, "%")
	f.Add("<oauth_token=s&", "", "oauth_token")
	f.Fuzz(func(t *testing.T, body, header, secret string) {
		e := newError(400, http.Header{"Www-Authenticate": {header}}, body, nil, []string{secret})
		for _, text := range []string{e.Excerpt(), e.Detail("oauth_problem"), e.Detail("realm")} {
			if len(text) > 200 || !utf8.ValidString(text) {
				t.Errorf("%q", text)
			}
		}
		if e.Problem != "" && !plain(e.Problem) {
			t.Errorf("problem %q", e.Problem)
		}
		if len(secret) > 12 && strings.Contains(e.Excerpt(), secret) {
			t.Errorf("excerpt %q shows %q", e.Excerpt(), secret)
		}
	})
}

func TestPlain(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, "a": true, "z-_09": true, "A": false, "a\n": false, " ": false, "é": false,
		strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a.b": false, "X": false,
	} {
		if plain(s) != want {
			t.Errorf("%q: %t", s, !want)
		}
	}
}
