package oauth1test

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

// A page is what the browser shows: the verifier, that access is denied, or the
// form to log in with.
type page struct {
	Client, Token     string
	Username, Problem string
	Verifier          string
	Denied            bool
}

const style = `
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0; padding: 3rem 1rem; background: Canvas; color: CanvasText;
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 0 auto; padding: 1.5rem;
  border: 1px solid #8886; border-radius: .75rem; }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; }
p, output { margin: 0 0 1rem; overflow-wrap: anywhere; }
label { display: block; margin-bottom: .25rem; }
input, button { width: 100%; padding: .6rem .75rem; font: inherit;
  border: 1px solid #888; border-radius: .5rem; }
input { margin-bottom: 1rem; }
button { margin-top: .5rem; background: none; color: inherit; cursor: pointer; }
button.main { border-color: #1f5fbf; background: #1f5fbf; color: #fff; }
:focus-visible { outline: 3px solid #e8a33d; outline-offset: 2px; }
[role=alert] { padding: .5rem .75rem; border-left: 4px solid #c62828; }
output { display: block; font: 1.1rem monospace; }
`

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OAuth 1.0 test provider</title>
<style>` + style + `</style>
</head>
<body>
<main>
{{- if .Verifier}}
<h1>You allowed {{.Client}}</h1>
<p id="what">Type this code in there:</p>
<output aria-labelledby="what">{{.Verifier}}</output>
{{- else if .Denied}}
<h1>You denied {{.Client}}</h1>
<p>You can close this page.</p>
{{- else}}
<h1>Log in</h1>
<p><strong>{{.Client}}</strong> wants to know who you are.</p>
{{- with .Problem}}
<p role="alert">{{.}}</p>
{{- end}}
<form method="post">
<input type="hidden" name="oauth_token" value="{{.Token}}">
<label for="username">User name</label>
<input id="username" name="username" value="{{.Username}}"
  autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button class="main">Allow</button>
<button name="deny" value="1" formnovalidate>Deny</button>
</form>
{{- end}}
</main>
</body>
</html>
`))

// writePage allows the page its style and nothing else. It names no
// form-action: browsers hold the redirect after the form against it, and that
// goes to the client.
func writePage(w http.ResponseWriter, status int, p page) {
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	pageTemplate.Execute(w, p)
}
