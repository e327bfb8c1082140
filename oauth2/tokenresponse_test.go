package oauth2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

// read reads a token response at start.
func read(status int, contentType, body string) (*Token, error) {
	return readAs(Quirks{}, status, contentType, body)
}

// readAs reads a token response of a server with quirks.
func readAs(q Quirks, status int, contentType, body string) (*Token, error) {
	c := &Client{config: Config{Quirks: q}}
	header := http.Header{"Content-Type": {contentType}}
	resp := &httpclient.Response{Status: status, Header: header, Body: []byte(body)}
	return c.readToken(context.Background(), answer{resp, start, &http.Request{}}, nil)
}

// RFC 6749, Sections 5.1 and 5.2.
func TestReadToken(t *testing.T) {
	const js = "application/json"
	for _, test := range []struct {
		name        string
		status      int
		contentType string
		body, want  string
	}{
		{"least", 200, js, `{"access_token":"a","token_type":"Bearer"}`, "ok"},
		{"all", 200, js + `; charset="utf-8"`,
			`{"access_token":"a","token_type":"bearer","expires_in":1,` +
				`"refresh_token":"r","scope":"s","id_token":"i","x":{"y":[]}}`, "ok"},
		{"spaced", 200, "Application/JSON",
			" \n{\"access_token\": \"a\", \"token_type\": \"BEARER\"}\r\n", "ok"},
		{"null where absent", 200, js,
			`{"access_token":"a","token_type":"Bearer","refresh_token":null,` +
				`"scope":null,"id_token":null,"expires_in":null,"error":null}`, "ok"},
		{"empty error", 200, js, `{"access_token":"a","token_type":"Bearer","error":""}`, "ok"},

		{"error in 400", 400, js, `{"error":"bad_verification_code"}`,
			"server bad_verification_code 400"},
		{"error in 200", 200, js, `{"error":"bad_verification_code"}`,
			"server bad_verification_code 200"},
		{"error in 200 beside a token", 200, js,
			`{"access_token":"a","token_type":"Bearer","error":"access_denied"}`,
			"server access_denied 200"},
		{"error in 401", 401, js, `{"error":"invalid_client"}`, "server invalid_client 401"},
		{"error in 500", 500, js, `{"error":"x"}`, "server x 500"},
		{"error in 201", 201, js, `{"error":"x"}`, "server x 201"},
		{"error of two lines", 400, js, `{"error":"a\nb"}`, "server (unprintable) 400"},
		{"error too long", 400, js, `{"error":"` + strings.Repeat("e", 65) + `"}`,
			"server (unprintable) 400"},
		{"error an object", 400, js, `{"error":{"code":"x"}}`, "server  400"},
		{"error an object in 200", 200, js,
			`{"access_token":"a","token_type":"Bearer","error":{"code":"x"}}`, "server  200"},
		{"error true in 200", 200, js, `{"access_token":"a","token_type":"Bearer","error":true}`,
			"server  200"},
		{"error of another case in 200", 200, js,
			`{"access_token":"a","token_type":"Bearer","Error":"x"}`, "check body"},
		{"400 without error", 400, js, `{"message":"nope"}`, "server  400"},
		{"400 with a token", 400, js, `{"access_token":"a","token_type":"Bearer"}`, "server  400"},
		{"201 with a token", 201, js, `{"access_token":"a","token_type":"Bearer"}`, "server  201"},
		{"302", 302, "text/html", ``, "server  302"},
		{"400 not declared as JSON", 400, "text/html", `{"error":"invalid_grant"}`,
			"server invalid_grant 400"},
		{"400 repeated error", 400, js, `{"error":"a","error":"b"}`, "server  400"},
		{"429 text", 429, "text/plain", `slow down`, "server  429"},
		{"502 HTML", 502, "text/html", `<html>`, "server  502"},

		{"HTML in 200", 200, "text/html; charset=utf-8", `<html>`, "check content_type"},
		{"JSON called text", 200, "text/plain", `{"access_token":"a","token_type":"Bearer"}`,
			"check content_type"},
		{"JSON called form", 200, "application/x-www-form-urlencoded",
			`{"access_token":"a","token_type":"Bearer"}`, "check content_type"},
		{"JSON called nothing", 200, "", `{"access_token":"a","token_type":"Bearer"}`,
			"check content_type"},
		{"JSON called something like it", 200, "application/jsonp",
			`{"access_token":"a","token_type":"Bearer"}`, "check content_type"},
		{"content type that does not parse", 200, "application/json; charset",
			`{"access_token":"a","token_type":"Bearer"}`, "check content_type"},
		{"form", 200, "application/x-www-form-urlencoded", `access_token=a&token_type=bearer`,
			"check content_type"},
		{"array", 200, js, `["a"]`, "check body"},
		{"empty", 200, js, ``, "check body"},
		{"null", 200, js, `null`, "check body"},
		{"cut short", 200, js, `{"access_token":"a","token_type":"Bearer"`, "check body"},
		{"two objects", 200, js, `{"access_token":"a","token_type":"Bearer"}{}`, "check body"},
		{"repeated member", 200, js,
			`{"access_token":"a","access_token":"a","token_type":"Bearer"}`,
			"check body"},
		{"repeated unknown member", 200, js,
			`{"access_token":"a","token_type":"Bearer","x":1,"x":1}`, "check body"},
		{"not UTF-8", 200, js, "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"x\":\"\xff\"}",
			"check body"},
		{"access_token of another case", 200, js, `{"Access_Token":"a","token_type":"Bearer"}`,
			"check body"},
		{"access_token in both cases", 200, js,
			`{"access_token":"a","Access_Token":"b","token_type":"Bearer"}`, "check body"},
		// U+017F folds to s.
		{"access_token by folding", 200, js,
			`{"access_token":"a","token_type":"Bearer","ſcope":"x"}`, "check body"},

		{"no members", 200, js, `{}`, "check access_token"},
		{"no access_token", 200, js, `{"token_type":"Bearer"}`, "check access_token"},
		{"access_token null", 200, js, `{"access_token":null,"token_type":"Bearer"}`,
			"check access_token"},
		{"access_token empty", 200, js, `{"access_token":"","token_type":"Bearer"}`,
			"check access_token"},
		{"access_token number", 200, js, `{"access_token":1,"token_type":"Bearer"}`,
			"check access_token"},
		{"access_token object", 200, js, `{"access_token":{},"token_type":"Bearer"}`,
			"check access_token"},
		{"access_token of two lines", 200, js, `{"access_token":"a\r\nX: y","token_type":"Bearer"}`,
			"check access_token"},
		{"access_token with a control character", 200, js,
			`{"access_token":"a\u001f","token_type":"Bearer"}`,
			"check access_token"},
		{"access_token with NUL", 200, js, `{"access_token":"a\u0000","token_type":"Bearer"}`,
			"check access_token"},
		{"access_token with DEL", 200, js, `{"access_token":"a\u007f","token_type":"Bearer"}`,
			"check access_token"},
		{"access_token of other letters", 200, js, `{"access_token":"é","token_type":"Bearer"}`,
			"check access_token"},
		{"access_token of a space and ~", 200, js, `{"access_token":" ~","token_type":"Bearer"}`,
			"ok"},
		{"no token_type", 200, js, `{"access_token":"a"}`, "check token_type"},
		{"token_type null", 200, js, `{"access_token":"a","token_type":null}`, "check token_type"},
		{"token_type empty", 200, js, `{"access_token":"a","token_type":""}`, "check token_type"},
		{"token_type array", 200, js, `{"access_token":"a","token_type":["Bearer"]}`,
			"check token_type"},
		{"token_type MAC", 200, js, `{"access_token":"a","token_type":"MAC"}`, "check token_type"},
		{"token_type DPoP", 200, js, `{"access_token":"a","token_type":"DPoP"}`,
			"check token_type"},
		{"token_type with a space", 200, js, `{"access_token":"a","token_type":"Bearer "}`,
			"check token_type"},
		{"refresh_token number", 200, js,
			`{"access_token":"a","token_type":"Bearer","refresh_token":1}`,
			"check refresh_token"},
		{"refresh_token of two lines", 200, js,
			`{"access_token":"a","token_type":"Bearer","refresh_token":"a\nb"}`,
			"check refresh_token"},
		{"id_token object", 200, js, `{"access_token":"a","token_type":"Bearer","id_token":{}}`,
			"check id_token"},
		{"id_token of two lines", 200, js,
			`{"access_token":"a","token_type":"Bearer","id_token":"a\nb"}`,
			"check id_token"},
		{"scope array", 200, js, `{"access_token":"a","token_type":"Bearer","scope":["a"]}`,
			"check scope"},
		{"scope of two lines", 200, js, `{"access_token":"a","token_type":"Bearer","scope":"a\nb"}`,
			"check scope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := read(test.status, test.contentType, test.body)
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if (tok == nil) != (err != nil) {
				t.Errorf("token %v beside error %v", tok, err)
			}
		})
	}
}

// Each member goes where it belongs, and what is not known is kept as it came.
func TestReadTokenMembers(t *testing.T) {
	tok, err := read(200, "application/json", `{"access_token":"a",
		"token_type":"bEARER","expires_in":60,"refresh_token":"r","scope":"read  write",
		"id_token":"i","error_description":"no","error_uri":"u",
		"team":{"id": 9007199254740993},"x":null,"Team":"t"}`)
	if err != nil {
		t.Fatal(err)
	}
	if tok.AccessToken() != "a" || tok.RefreshToken() != "r" || tok.IDToken() != "i" ||
		tok.TokenType != "bEARER" || !slices.Equal(tok.Scopes, []string{"read", "write"}) ||
		!tok.ExpiresAt.Equal(start.Add(time.Minute)) {
		t.Errorf("token is %+v", tok.held())
	}
	want := map[string]string{"team": `{"id": 9007199254740993}`, "x": "null", "Team": `"t"`}
	for name, text := range want {
		if got := string(tok.Extra(name)); got != text {
			t.Errorf("extra %s is %s, want %s", name, got, text)
		}
	}
	if got := slices.Sorted(maps.Keys(tok.Record().Extra)); !slices.Equal(got,
		[]string{"Team", "team", "x"}) {
		t.Errorf("extras are %q", got)
	}
	if tok.Extra("access_token") != nil || tok.Extra("none") != nil {
		t.Error("an extra member that is none")
	}
}

// Whatever the server says goes to those who ask for it, and not into the text.
func TestErrorResponseWords(t *testing.T) {
	_, err := read(400, "application/json",
		`{"error":"invalid_grant","error_description":"WORDS","error_uri":"https://as.example"}`)
	e, ok := err.(*Error)
	if !ok || e.Description() != "WORDS" || e.URI() != "https://as.example" || e.Status != 400 {
		t.Fatalf("error is %#v", err)
	}
	if want := "oauth2: server refused: invalid_grant (400 Bad Request)"; err.Error() != want {
		t.Errorf("text is %q, want %q", err, want)
	}
	_, err = read(400, "application/json", `{"error":"x","error_description":1,"error_uri":[]}`)
	if e, ok := err.(*Error); !ok || e.Description() != "" || e.URI() != "" {
		t.Errorf("words of another type: %#v", err)
	}
}

// RFC 6749, Section 5.1: expires_in, as servers have it.
func TestExpiry(t *testing.T) {
	const unknown = -1 << 40
	for _, test := range []struct {
		text    string
		seconds int64
	}{
		{`3600`, 3600}, {`"3600"`, 3600}, {`3600.0`, 3600}, {`3.6e3`, 3600}, {`"3600.5"`, 3600},
		{`3600.9`, 3600},
		{`0`, 0}, {`-1`, -1}, {`"0"`, 0}, {`1`, 1},
		{`null`, unknown}, {`"soon"`, unknown}, {`""`, unknown}, {`true`, unknown},
		{`[1]`, unknown},
		{`"1 hour"`, unknown}, {`" 1"`, unknown}, {`"Infinity"`, unknown}, {`"-Inf"`, unknown},
		{`"0x10p0"`, unknown}, {`"NaN"`, unknown}, {`1e300`, unknown}, {`253402300800`, unknown},
		// What a Duration cannot hold would wrap around, to a token that has ended.
		{`3153600000`, 3153600000}, {`3153600001`, 3153600000}, {`9223372037`, 3153600000},
		{`18446744073`, 3153600000}, {`253402300799`, 3153600000}, {`-9223372037`, -3153600000},
	} {
		tok, err := read(200, "application/json",
			`{"access_token":"a","token_type":"Bearer","expires_in":`+test.text+`}`)
		if err != nil {
			t.Fatal(err)
		}
		want := time.Time{}
		if test.seconds != unknown {
			want = start.Add(time.Duration(test.seconds) * time.Second)
		}
		if !tok.ExpiresAt.Equal(want) {
			t.Errorf("%s: ends %v, want %v", test.text, tok.ExpiresAt, want)
		}
		if got := tok.Expired(start); got != (test.seconds != unknown && test.seconds <= 0) {
			t.Errorf("%s: expired is %v", test.text, got)
		}
	}
	if tok, err := read(200, "application/json", goodToken); err != nil ||
		tok.Expired(start.Add(time.Hour-1)) || !tok.Expired(start.Add(time.Hour)) {
		t.Errorf("%v does not end after an hour", tok)
	}
}

// Framing is the transport's affair: a body cut short or without end is an
// error of its own.
func TestTokenResponseFraming(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, goodToken)
		}, "cut short"},
		{"endless", endless, "too large"},
		{"2 MB", padded(2 << 20), "too large"},
		{"at the limit", padded(1 << 20), "too large"},
		{"below the limit", padded(1<<20 - 1), "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := tokenOf(t, Quirks{}, test.answer)
			if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
				t.Errorf("%v and %q, want %q", tok, got, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "oauth2: token_endpoint: ") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// tokenOf asks a server that answers so for a token.
func tokenOf(t *testing.T, q Quirks, answer http.HandlerFunc) (*Token, error) {
	t.Helper()
	config := configAt(newServer(t, answer).URL)
	config.Quirks = q
	return newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
}

// answerAs answers everything with a body of a media type.
func answerAs(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// A redirect is an answer like another, and not followed.
func TestTokenResponseRedirects(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		tok, err := tokenOf(t, Quirks{FormTokenResponse: true},
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://other.example/?access_token=a")
				answerJSON(status, "")(w, nil)
			})
		if got, want := outcome(err), fmt.Sprintf("server  %d", status); got != want || tok != nil {
			t.Errorf("%v and %q, want %q", tok, got, want)
		}
	}
}

// RFC 9110, Section 10.2.3.
func TestTokenResponseRetryAfter(t *testing.T) {
	for _, test := range []struct {
		name       string
		status     int
		body       string
		retryAfter []string
		want       time.Duration
		outcome    string
	}{
		{"seconds", 429, "slow down", []string{"120"}, 2 * time.Minute, "server  429"},
		{"date", 429, "", []string{"Sat, 21 Nov 2026 12:00:30 GMT"}, 30 * time.Second,
			"server  429"},
		{"date gone by", 429, "", []string{"Sat, 21 Nov 2026 11:00:00 GMT"}, 0, "server  429"},
		{"503", 503, "<html>", []string{"7"}, 7 * time.Second, "server  503"},
		{"with a code", 503, `{"error":"temporarily_unavailable"}`, []string{"7"}, 7 * time.Second,
			"server temporarily_unavailable 503"},
		{"error in 200", 200, `{"error":"slow_down"}`, []string{"7"}, 7 * time.Second,
			"server slow_down 200"},
		{"a day at most", 429, "", []string{"999999999999"}, 24 * time.Hour, "server  429"},
		{"words", 429, "", []string{"soon"}, 0, "server  429"},
		{"negative", 429, "", []string{"-1"}, 0, "server  429"},
		{"twice", 429, "", []string{"1", "2"}, 0, "server  429"},
		{"none", 429, "", nil, 0, "server  429"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := tokenOf(t, Quirks{}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Retry-After"] = test.retryAfter
				answerJSON(test.status, test.body)(w, nil)
			})
			e, ok := errors.AsType[*Error](err)
			if !ok || outcome(err) != test.outcome || e.RetryAfter != test.want {
				t.Errorf("error is %#v", err)
			}
		})
	}
}

// What a member must not be is the affair of the check named by it. A lifetime that is
// none is not known, and a member of the server's own may be anything.
func TestTokenResponseTypes(t *testing.T) {
	values := map[string][]string{
		"text":   {`"a"`, `" a  b "`, `"~\u0021"`},
		"bearer": {`"Bearer"`, `"bearer"`},
		"empty":  {`""`},
		"null":   {`null`},
		"other": {`true`, `false`, `0`, `1`, `1.5`, `1e300`, `[]`, `["a"]`, `{}`, `{"a":"b"}`,
			`"a\u0000"`, `"a\nb"`, `"\u00e9"`, `"\u007f"`, `"\u001f"`},
	}
	for name, takes := range map[string]string{
		"access_token":      "text bearer",
		"token_type":        "bearer",
		"refresh_token":     "text bearer empty null",
		"id_token":          "text bearer empty null",
		"scope":             "text bearer empty null",
		"issued_token_type": "text bearer empty null",
		"expires_in":        "text bearer empty null other",
		"expires_at":        "text bearer empty null other",
		"error_description": "text bearer empty null other",
		"error_uri":         "text bearer empty null other",
		"theirs":            "text bearer empty null other",
	} {
		for kind, list := range values {
			for _, value := range list {
				want := "check " + name
				if strings.Contains(takes, kind) {
					want = "ok"
				}
				tok, err := read(200, "application/json", withMember(name, value))
				if got := outcome(err); got != want || (tok == nil) != (err != nil) {
					t.Errorf("%s: %s: %v and %q, want %q", name, value, tok, got, want)
				}
			}
		}
	}
}

// withMember is a token response whose member is value.
func withMember(name, value string) string {
	members := map[string]string{"access_token": `"a"`, "token_type": `"Bearer"`}
	members[name] = value
	var list []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		list = append(list, `"`+name+`":`+members[name])
	}
	return "{" + strings.Join(list, ",") + "}"
}

// RFC 6749, Section 7.1; RFC 8693, Section 2.2.1.
func TestTokenType(t *testing.T) {
	for _, test := range []struct {
		members, assumed, strict string
	}{
		{`"token_type":"Bearer"`, "Bearer", "Bearer"},
		{`"token_type":"BEARER"`, "BEARER", "BEARER"},
		{``, "Bearer", ""},
		{`"token_type":null`, "Bearer", ""},
		{`"token_type":""`, "", ""},
		{`"token_type":1`, "", ""},
		{`"token_type":"MAC"`, "", ""},
		{`"token_type":"DPoP"`, "", ""},
		{`"token_type":"N_A"`, "", ""},
		{`"token_type":"N_A","issued_token_type":""`, "", ""},
		{`"token_type":"N_A","issued_token_type":null`, "", ""},
		{`"token_type":"n_a","issued_token_type":"urn:x"`, "", ""},
		{`"token_type":"N_A","issued_token_type":"urn:x"`, "N_A", "N_A"},
		{`"token_type":"Bearer","issued_token_type":"urn:x"`, "Bearer", "Bearer"},
		{`"issued_token_type":"urn:x"`, "Bearer", ""},
	} {
		for quirk, want := range map[bool]string{true: test.assumed, false: test.strict} {
			tok, err := readAs(Quirks{AssumeBearer: quirk}, 200, "application/json",
				strings.Replace(`{"access_token":"a",`+test.members+"}", ",}", "}", 1))
			if err != nil {
				tok = &Token{}
			}
			if outcome(err) != "ok" && outcome(err) != "check token_type" || tok.TokenType != want {
				t.Errorf("%s, %v: %q and %v, want %q", test.members, quirk, tok.TokenType, err,
					want)
			}
		}
	}
}

// What is heard, and in which order: that a server refuses comes before how it says so.
func TestTokenResponseTrace(t *testing.T) {
	all := []string{"error (RFC 6749, Section 5.2)", "content_type (RFC 6749, Section 5.1)",
		"body (RFC 6749, Section 5.1)", "access_token (RFC 6749, Section 5.1)",
		"issued_token_type (RFC 6749, Section 5.1)", "token_type (RFC 6749, Section 7.1)",
		"refresh_token (RFC 6749, Section 5.1)", "id_token (RFC 6749, Section 5.1)",
		"scope (RFC 6749, Section 5.1)"}
	for _, test := range []struct {
		name, contentType, body string
		heard                   int
	}{
		{"good", "application/json", goodToken, 9},
		{"refused in all ways", "text/html", `{"error":"x"`, 2},
		{"refused", "text/html", `{"error":"x"}`, 1},
		{"HTML", "text/html", `<html>`, 2},
		{"array", "application/json", `[]`, 3},
		{"empty", "application/json", `{}`, 4},
		{"issued", "application/json", `{"access_token":"a","issued_token_type":1}`, 5},
		{"type", "application/json", `{"access_token":"a","refresh_token":1}`, 6},
		{"scope", "application/json", `{"access_token":"a","token_type":"Bearer","scope":1}`, 9},
	} {
		var heard []string
		var last error
		ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
			heard, last = append(heard, check+" ("+clause+")"), err
		})
		c := &Client{}
		header := http.Header{"Content-Type": {test.contentType}}
		_, err := c.readToken(ctx, answer{&httpclient.Response{Status: 200, Header: header,
			Body: []byte(test.body)}, start, &http.Request{}}, nil)
		if !slices.Equal(heard, all[:test.heard]) || last != err {
			t.Errorf("%s: heard %q, last %v; error is %v", test.name, heard, last, err)
		}
	}
}

// What is not one strict object says where it is not, and repeats nothing.
func TestTokenResponseBodyText(t *testing.T) {
	_, err := read(200, "application/json", `{"access_token":"`+canary+`"`)
	wantText(t, err, "body must be one strict JSON object (RFC 6749, Section 5.1): strictjson: ")
	mustNotShow(t, "body", err)
	_, err = read(200, canary, "{}")
	wantText(t, err, "content_type must be application/json (RFC 6749, Section 5.1)")
	mustNotShow(t, "content type", err)
	_, err = read(200, "application/json", `{"access_token":"a","token_type":"`+canary+`"}`)
	wantText(t, err, "token_type must be Bearer (RFC 6749, Section 7.1)")
	mustNotShow(t, "type", err)
}

// A form is a token response by quirk only, and then JSON still is one, whatever either is
// called.
func TestFormTokenResponse(t *testing.T) {
	const good = "access_token=a%2Bb&token_type=bearer&expires_in=60&scope=x+y&team=t"
	const isJSON = `{"access_token":"a+b","token_type":"bearer","expires_in":60,` +
		`"scope":"x y","team":"t"}`
	for _, media := range []string{"application/x-www-form-urlencoded", "text/plain; charset=utf-8",
		"text/html", "application/json", "", ";;"} {
		for _, body := range []string{good, "\n " + good + " \n", isJSON, "\r\n\t " + isJSON} {
			tok, err := readAs(Quirks{FormTokenResponse: true}, 200, media, body)
			if err != nil {
				t.Errorf("%q, %s: %v", media, body, err)
				continue
			}
			if tok.AccessToken() != "a+b" || !slices.Equal(tok.Scopes, []string{"x", "y"}) ||
				!tok.ExpiresAt.Equal(start.Add(time.Minute)) || string(tok.Extra("team")) != `"t"` {
				t.Errorf("token is %+v", tok.held())
			}
			want := "check content_type"
			if media == "application/json" && strings.Contains(body, "access_token=") {
				want = "check body"
			}
			if media != "application/json" || want == "check body" {
				if _, err := read(200, media, body); outcome(err) != want {
					t.Errorf("without the quirk, %q: error is %v, want %s", media, err, want)
				}
			}
		}
	}
}

func TestFormTokenResponseRefused(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"repeated", 200, "access_token=a&access_token=b&token_type=bearer", "check body"},
		{"repeated alike", 200, "access_token=a&token_type=bearer&access_token=a", "check body"},
		{"repeated unknown", 200, "access_token=a&token_type=bearer&x=1&x=1", "check body"},
		{"repeated otherwise encoded", 200, "access_token=a&token_type=bearer&acces%73_token=b",
			"check body"},
		{"in two cases", 200, "access_token=a&Access_Token=b&token_type=bearer", "check body"},
		{"badly encoded", 200, "access_token=a&token_type=bearer&x=%zz", "check body"},
		{"semicolons", 200, "access_token=a;token_type=bearer", "check body"},
		{"empty", 200, "", "check access_token"},
		{"HTML", 200, "<html>access_token=a</html>", "check access_token"},
		{"array", 200, `["a"]`, "check access_token"},
		{"no access token", 200, "token_type=bearer", "check access_token"},
		{"empty access token", 200, "access_token=&token_type=bearer", "check access_token"},
		{"access token of two lines", 200, "access_token=a%0Ab&token_type=bearer",
			"check access_token"},
		{"access token not UTF-8", 200, "access_token=%ff&token_type=bearer", "check access_token"},
		{"no type", 200, "access_token=a", "check token_type"},
		{"MAC", 200, "access_token=a&token_type=mac", "check token_type"},
		{"JSON cut short", 200, `{"access_token":"a"`, "check body"},
		{"JSON repeated", 200, `{"access_token":"a","access_token":"a","token_type":"Bearer"}`,
			"check body"},
		{"error in 200", 200, "error=bad_verification_code", "server bad_verification_code 200"},
		{"error in 400", 400, "error=invalid_grant&error_description=x",
			"server invalid_grant 400"},
		{"empty error", 200, "error=&access_token=a&token_type=bearer", "ok"},
		{"400 without error", 400, "access_token=a&token_type=bearer", "server  400"},
		{"error in JSON", 400, `{"error":"invalid_grant"}`, "server invalid_grant 400"},
	} {
		tok, err := readAs(Quirks{FormTokenResponse: true}, test.status, form, test.body)
		if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, tok, got, test.want)
		}
	}
	if _, err := read(400, form, "error=invalid_grant"); outcome(err) != "server  400" {
		t.Errorf("without the quirk, error is %v", err)
	}
}

// A form's words reach those who ask for them.
func TestFormErrorWords(t *testing.T) {
	_, err := readAs(Quirks{FormTokenResponse: true}, 400, "text/plain",
		"error=invalid_grant&error_description=a+b&error_uri=https%3A%2F%2Fas.example%2F")
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != "invalid_grant" || e.Description() != "a b" ||
		e.URI() != "https://as.example/" {
		t.Errorf("error is %#v", err)
	}
}

// expires_at, where a server sends it, is believed before expires_in.
func TestExpiresAt(t *testing.T) {
	const unknown, century = -1 << 40, 3153600000
	for _, test := range []struct {
		members string
		seconds int64 // after 1970
	}{
		{`"expires_at":5`, 5},
		{`"expires_at":"5"`, 5},
		{`"expires_at":5.9`, 5},
		{`"expires_at":0`, 0},
		{`"expires_at":-5`, -5},
		{`"expires_at":5,"expires_in":10`, 5},
		{`"expires_at":null,"expires_in":10`, start.Unix() + 10},
		{`"expires_at":"2026-11-21T13:00:00Z","expires_in":10`, start.Unix() + 10},
		{`"expires_at":"2026-11-21T13:00:00Z"`, unknown},
		{`"expires_at":true`, unknown},
		{`"expires_at":253402300799`, start.Unix() + century},
		{`"expires_at":253402300800`, unknown},
		{`"expires_at":253402300800,"expires_in":10`, start.Unix() + 10},
	} {
		tok, err := read(200, "application/json", `{"access_token":"a","token_type":"Bearer",`+
			test.members+"}")
		if err != nil {
			t.Fatal(err)
		}
		want := time.Unix(test.seconds, 0)
		if test.seconds == unknown {
			want = time.Time{}
		}
		if !tok.ExpiresAt.Equal(want) {
			t.Errorf("%s: ends %v, want %v", test.members, tok.ExpiresAt, want)
		}
		if tok.Extra("expires_at") == nil || tok.Extra("expires_in") != nil {
			t.Errorf("%s: kept as %q", test.members, tok.held().extra)
		}
	}
}

// endless answers without end.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, strings.Repeat(" ", 64<<10)); err != nil {
			return
		}
	}
}

// padded answers with a token in a body of size bytes.
func padded(size int) http.HandlerFunc {
	return answerJSON(200, goodToken+strings.Repeat(" ", size-len(goodToken)))
}

// What is read as a token is one, and survives storing; what is not is an error that
// repeats no secret.
func FuzzTokenResponse(f *testing.F) {
	for _, seed := range []struct {
		status            int
		contentType, body string
	}{
		{200, "application/json", goodToken},
		{200, "application/json; charset=utf-8",
			`{"access_token":"a","token_type":"bearer","x":{"y":[1e9]}}`},
		{200, "application/json",
			`{"access_token":"a","token_type":"Bearer","expires_in":"1","scope":" a  b"}`},
		{200, "application/json",
			`{"access_token":"a","token_type":"N_A","issued_token_type":"x"}`},
		{200, "application/json", `{"access_token":"a","token_type":"Bearer","expires_at":"5"}`},
		{200, "text/plain", "access_token=a&expires=1&scope=a,b"},
		{200, "", "error=x&error_description=" + canary},
		{400, "application/json", `{"error":"invalid_grant","error_description":"\u00e9"}`},
		{400, "application/json", `{"error":"` + canary + `","error_uri":"` + canary + `"}`},
		{400, "application/json", `{"error":{"message":"` + canary + `"}}`},
		{200, "text/html", `<html>`},
		{502, "", ``},
	} {
		f.Add(seed.status, seed.contentType, []byte(seed.body), false)
		f.Add(seed.status, seed.contentType, []byte(seed.body), true)
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte, lenient bool) {
		c := &Client{}
		if lenient {
			c.config.Quirks = Quirks{FormTokenResponse: true, AssumeBearer: true,
				GrantedScopeSeparator: ","}
		}
		header := http.Header{"Content-Type": {contentType}}
		resp := &httpclient.Response{Status: status, Header: header, Body: body}
		sent := &http.Request{PostForm: url.Values{"code": {canary}}}
		tok, err := c.readToken(t.Context(), answer{resp, start, sent}, nil)
		if err != nil {
			mustBeSafe(t, tok, err)
			return
		}
		isToken := tok.AccessToken() != "" && printable(tok.AccessToken()) &&
			printable(tok.RefreshToken()) && printable(tok.IDToken())
		isType := strings.EqualFold(tok.TokenType, "Bearer") ||
			tok.TokenType == "N_A" && tok.IssuedTokenType != ""
		if status != 200 || !isToken || !isType {
			t.Errorf("token %+v of status %d", tok.held(), status)
		}
		mustBeStorable(t, tok)
	})
}

// mustBeSafe fails if there is a token beside err, or if err repeats a secret or what does
// not print.
func mustBeSafe(t *testing.T, tok *Token, err error) {
	t.Helper()
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	if tok != nil || strings.ContainsFunc(err.Error(), odd) || strings.Contains(err.Error(),
		canary) {
		t.Errorf("token %v beside error %q", tok, err)
	}
	e, ok := errors.AsType[*Error](err)
	if ok && strings.Contains(e.Description()+" "+e.URI(), canary) {
		t.Errorf("a secret in %q or %q", e.Description(), e.URI())
	}
	if ok && (len(e.Excerpt()) > 3*200 || strings.ContainsAny(e.Excerpt(), "\r\n\x00\x1b")) {
		t.Errorf("excerpt is %q", e.Excerpt())
	}
}

// mustBeStorable fails unless tok is the same once stored and restored.
func mustBeStorable(t *testing.T, tok *Token) {
	t.Helper()
	stored, err := json.Marshal(tok.Record())
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(stored, &r); err != nil {
		t.Fatal(err)
	}
	again, err := FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if restored, err := json.Marshal(again.Record()); err != nil ||
		string(restored) != string(stored) {
		t.Errorf("stored %s, restored %s, %v", stored, restored, err)
	}
}
