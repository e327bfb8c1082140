package webpage

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const evil = `"><script>alert(1)</script>`

// The pages show what others wrote, run none of it, and may have their own style
// and nothing else.
func TestPages(t *testing.T) {
	for name, test := range map[string]struct {
		serve  func(w http.ResponseWriter)
		status int
		has    []string
	}{
		"login": {Login{evil, evil, "/action", evil, evil, "", false}.Serve, 200, []string{
			`<form method="post" action="/action">`, `<label>Name <input name="username"`,
			`<label>Password <input name="password" type="password"`, `name="action" value="allow"`,
			`name="action" value="deny" formnovalidate`}},
		"problem": {Login{evil, evil, "/action", evil, evil, evil, false}.Serve, 403, []string{`role="alert"`,
			`autocomplete="current-password"`, `<title>Log in</title>`, `>Log in and allow<`}},
		"create": {Login{evil, evil, "/action", evil, evil, "", true}.Serve, 200, []string{
			`autocomplete="new-password"`, `<title>Create an account</title>`,
			`>Create account and allow<`}},
		"logout": {Logout{evil, "/action", evil}.Serve, 200, []string{
			`<form method="post" action="/action">`, `name="action" value="allow"`,
			`name="action" value="deny"`}},
		"entry": {Entry{evil, "/action"}.Serve, 200, []string{
			`<form method="post" action="/action">`, `<label>Code <input name="user_code"`}},
		"note": {func(w http.ResponseWriter) { Note{evil, evil, ""}.Serve(w, 400) }, 400, []string{"<h1>"}},
		"code": {func(w http.ResponseWriter) { Note{evil, evil, evil}.Serve(w, 200) }, 200, []string{"<output"}},
	} {
		w := httptest.NewRecorder()
		test.serve(w)
		page := w.Body.String()
		test.has = append(test.has, `<html lang="en">`, `name="viewport"`, "&#34;&gt;&lt;script&gt;")
		for _, has := range test.has {
			if !strings.Contains(page, has) {
				t.Errorf("%s has no %s", name, has)
			}
		}
		if w.Code != test.status || strings.Contains(page, "<script") {
			t.Errorf("%s: status %d\n%s", name, w.Code, page)
		}
		_, rest, _ := strings.Cut(page, "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		sum := sha256.Sum256([]byte(style))
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-" +
				base64.StdEncoding.EncodeToString(sum[:]) + "'",
			"Referrer-Policy":        "no-referrer",
			"X-Content-Type-Options": "nosniff",
			"Cache-Control":          "no-store",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
}
