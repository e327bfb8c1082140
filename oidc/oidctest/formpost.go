package oidctest

import (
	"html/template"
	"net/http"
	"net/url"

	"vouchsafe/internal/webpage"
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
// 2. The page may run its one script and nothing else.
func serveFormPost(w http.ResponseWriter, action string, params url.Values) {
	webpage.Protect(w.Header(), "script-src", submitScript)
	formPost.Execute(w, struct {
		Action template.URL // one that the client registered, of whatever scheme
		Params url.Values
	}{template.URL(action), params})
}
