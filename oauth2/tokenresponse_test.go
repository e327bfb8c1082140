package oauth2

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
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
	return c.readToken(context.Background(), answer{resp, start, nil}, nil)
}

// RFC 6749, Section 5.1 and 5.2.
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
		{"repeated member", 200, js, `{"access_token":"a","access_token":"a","token_type":"Bearer"}`,
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
		{"at the limit", padded(1 << 20), "too large"},
		{"below the limit", padded(1<<20 - 1), "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answer)
			c := newClient(t, configAt(s.URL))
			txn := begin(t, c).Transaction
			tok, err := c.Callback(t.Context(), answered(txn), txn)
			if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
				t.Errorf("%v and %q, want %q", tok, got, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "oauth2: token_endpoint: ") {
				t.Errorf("error is %v", err)
			}
		})
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

// What is read as a token is one, and survives storing.
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
		{400, "application/json", `{"error":"invalid_grant","error_description":"\u00e9"}`},
		{200, "text/html", `<html>`},
		{502, "", ``},
	} {
		f.Add(seed.status, seed.contentType, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		tok, err := read(status, contentType, string(body))
		if err != nil {
			odd := func(r rune) bool { return r < ' ' || r > '~' }
			if tok != nil || strings.ContainsFunc(err.Error(), odd) {
				t.Errorf("token %v beside error %q", tok, err)
			}
			return
		}
		if status != 200 || tok.AccessToken() == "" || !strings.EqualFold(tok.TokenType, "Bearer") {
			t.Errorf("token %+v of status %d", tok.held(), status)
		}
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
	})
}
