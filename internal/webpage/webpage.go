// Package webpage has the pages that the test providers show, a login form, a form for a
// device's code, one to log out and a note, and package native the note; and the look of the
// error page of package registry. It knows nothing of any protocol.
package webpage

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

// A Login is a form for name, password and consent. It posts the fields request,
// username, password, and action, which is "allow" or "deny".
type Login struct {
	Provider string // what the provider calls itself
	Client   string // who asks
	Action   string // the URL that the form posts to
	Request  string // what the form is about, posted back as it is
	Username string // filled in
	Problem  string // what was wrong with the form before, if anything
	Create   bool   // the user may be a new one, with the name and password entered
}

// Serve writes the form.
func (l Login) Serve(w http.ResponseWriter) {
	status := http.StatusOK
	if l.Problem != "" {
		status = http.StatusForbidden
	}
	write(w, status, "login", l)
}

// An Entry is a form for the code that a device shows. It posts the field user_code.
type Entry struct {
	Provider string // what the provider calls itself
	Action   string // the URL that the form posts to
}

// Serve writes the form.
func (e Entry) Serve(w http.ResponseWriter) { write(w, http.StatusOK, "entry", e) }

// A Logout is a form that asks whether to log out. It posts the fields request, and action,
// which is "allow" or "deny".
type Logout struct {
	Provider string // what the provider calls itself
	Action   string // the URL that the form posts to
	Request  string // what the form is about, posted back as it is
}

// Serve writes the form.
func (l Logout) Serve(w http.ResponseWriter) { write(w, http.StatusOK, "logout", l) }

// A Note tells the user something.
type Note struct {
	Title string
	Text  string
	Code  string // to be copied, if any
}

// Serve writes the note.
func (n Note) Serve(w http.ResponseWriter, status int) { write(w, status, "note", n) }

// Protect sets the header of a page that may have one thing, text, by a directive such as
// style-src, and nothing else. It names no form-action: browsers hold the redirect after
// the form against it, and that goes to the client.
func Protect(h http.Header, directive, text string) {
	sum := sha256.Sum256([]byte(text))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; "+
		"frame-ancestors 'none'; "+directive+
		" 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// write writes a page that may have its style and nothing else.
func write(w http.ResponseWriter, status int, name string, data any) {
	Protect(w.Header(), "style-src", style)
	w.WriteHeader(status)
	pages.ExecuteTemplate(w, name, data)
}

// Style is the style of a page that is a card with a heading and a text.
const Style = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d5dbe3; --card: #fff;
  --page: #f3f5f8; --accent: #2456c6; --on-accent: #fff; --warn: #a32020 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #a3adbb; --line: #3a4452;
  --card: #1d2430; --page: #12161d; --accent: #8db2ff; --on-accent: #10203f; --warn: #ff9c9c } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page) }
main { width: 100%; max-width: 24rem; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 .25rem; font-size: 1.35rem }
p { margin: 0 0 1.25rem; color: var(--soft); overflow-wrap: anywhere }
a { color: var(--accent); font-weight: 600 }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
`

const style = Style + `
output { display: block; font: 1.1rem ui-monospace, monospace; overflow-wrap: anywhere }
p[role=alert] { color: var(--warn) }
label { display: block; margin-bottom: 1rem; font-weight: 600 }
input { display: block; width: 100%; margin-top: .25rem; padding: .6rem .75rem; font: inherit;
  font-weight: 400; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: .5rem }
.actions { display: flex; flex-wrap: wrap; gap: .75rem }
button { flex: 1; padding: .65rem 1rem; white-space: nowrap; font: inherit; font-weight: 600;
  cursor: pointer; color: var(--ink);  background: none; border: 1px solid var(--line); border-radius: .5rem }
button[value=allow] { color: var(--on-accent); background: var(--accent); border-color: var(--accent) }
`

var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.}}</title>
<style>` + style + `</style>{{end}}

{{define "login"}}{{template "head" (or (and .Create "Create an account") "Log in")}}
<main>
<h1>{{.Provider}}</h1>
<p><strong>{{.Client}}</strong> asks to know who you are.</p>
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="{{.Action}}">
<input type="hidden" name="request" value="{{.Request}}">
<label>Name <input name="username" value="{{.Username}}" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="{{if .Create}}new{{else}}current{{end}}-password"></label>
<div class="actions">
<button name="action" value="allow">{{if .Create}}Create account{{else}}Log in{{end}} and allow</button>
<button name="action" value="deny" formnovalidate>Deny</button>
</div>
</form>
</main>
</html>{{end}}

{{define "entry"}}{{template "head" "Connect a device"}}
<main>
<h1>{{.Provider}}</h1>
<p>A device asks to be connected. Enter the code that it shows.</p>
<form method="post" action="{{.Action}}">
<label>Code <input name="user_code" autocomplete="off" required autofocus></label>
<div class="actions"><button>Continue</button></div>
</form>
</main>
</html>{{end}}

{{define "logout"}}{{template "head" "Log out"}}
<main>
<h1>{{.Provider}}</h1>
<p>Do you want to log out?</p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="request" value="{{.Request}}">
<div class="actions">
<button name="action" value="allow">Log out</button>
<button name="action" value="deny">Stay logged in</button>
</div>
</form>
</main>
</html>{{end}}

{{define "note"}}{{template "head" .Title}}
<main>
<h1>{{.Title}}</h1>
<p id="text">{{.Text}}</p>
{{with .Code}}<output aria-labelledby="text">{{.}}</output>{{end}}
</main>
</html>{{end}}
`))
