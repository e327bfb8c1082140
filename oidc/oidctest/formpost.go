package oidctest

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

const submitScript = "document.forms[0].submit()"

var formPost = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Going back</title>
<form method="post" action="{{.Action}}">
{{range $name, $values := .Params}}{{range $values -}}
<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end -}}
<button>Continue</button>
</form>
<script>` + submitScript + `</script>
</html>
`))

// serveFormPost has the browser post parameters, OAuth 2.0 Form Post Response Mode, Section
// 2. The page may run its one script and nothing else. It names no form-action: browsers
// hold the redirect after the form against it.
func serveFormPost(w http.ResponseWriter, action string, params url.Values) {
	sum := sha256.Sum256([]byte(submitScript))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; "+
		"frame-ancestors 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	formPost.Execute(w, struct {
		Action template.URL // one that the client registered, of whatever scheme
		Params url.Values
	}{template.URL(action), params})
}
