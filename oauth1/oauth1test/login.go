package oauth1test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/internal/webpage"
)

// authorize lets a user decide, RFC 5849, Section 2.2.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	r.ParseForm() // what cannot be read is not there
	id := r.URL.Query()["oauth_token"]
	if r.Method == http.MethodPost {
		id = r.PostForm["request"]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(id) != 1 {
		p.refuse(w, MissingParameter)
		return
	}
	t := p.temporary[id[0]]
	switch {
	case t == nil:
		p.refuse(w, UnknownTemporaryToken)
	case t.decided:
		p.refuse(w, UsedTemporaryToken)
	case !p.options.LoginForm:
		p.approve(w, r, id[0], t, &p.options.Users[0])
	case r.Method == http.MethodPost:
		p.decide(w, r, id[0], t)
	default:
		p.showLogin(w, id[0], t, p.options.Users[0].ID, "")
	}
}

// decide reads the form. It needs no token against forgery: whoever sends it
// must know a password.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, id string, t *temporary) {
	if r.PostForm.Get("action") == "deny" {
		deny(w, r, id, t)
		return
	}
	name, password := r.PostForm.Get("username"), r.PostForm.Get("password")
	if u := p.user(name, password); u != nil {
		p.approve(w, r, id, t, u)
		return
	}
	p.showLogin(w, id, t, name, "Name and password do not match.")
}

// user returns the user of that name and password, or nil.
func (p *Provider) user(name, password string) *User {
	for i := range p.options.Users {
		u := &p.options.Users[i]
		if u.ID == name && u.Password != "" && equal(u.Password, password) {
			return u
		}
	}
	return nil
}

// showLogin shows the form that approves or denies a temporary token.
func (p *Provider) showLogin(
	w http.ResponseWriter, id string, t *temporary, username, problem string,
) {
	webpage.Login{
		Provider: p.options.Name,
		Client:   t.client.ID,
		Action:   p.Endpoint("authorize"),
		Request:  id,
		Username: username,
		Problem:  problem,
	}.Serve(w)
}

// Approve does what a browser would, without one: the first user approves the login
// with this authorization URL, by its oauth_token. It returns the parameters of the
// callback, of which a login out of band has the user type oauth_verifier in.
func (p *Provider) Approve(authorizationURL string) (url.Values, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return nil, errors.New("oauth1test: the authorization URL does not parse")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	id := u.Query().Get("oauth_token")
	t := p.temporary[id]
	if t == nil || t.decided {
		return nil, errors.New("oauth1test: no login of this authorization URL is open")
	}
	return p.allow(id, t, &p.options.Users[0]), nil
}

// allow has u approve and returns the parameters of the callback. The caller holds p.mu.
func (p *Provider) allow(id string, t *temporary, u *User) url.Values {
	t.decided, t.user, t.verifier = true, u, p.newText()
	params := url.Values{"oauth_token": {id}, "oauth_verifier": {t.verifier}}
	if change := p.misbehavior.callback; change != nil {
		change(params)
		p.misbehaved = true
	}
	return params
}

// approve answers with where the browser goes, or for "oob" with the verifier.
func (p *Provider) approve(
	w http.ResponseWriter, r *http.Request, id string, t *temporary, u *User,
) {
	params := p.allow(id, t, u)
	if t.callback == "oob" {
		webpage.Note{
			Title: "You allowed " + t.client.ID,
			Text:  "Type this code in there:",
			Code:  t.verifier,
		}.Serve(w, http.StatusOK)
		return
	}
	redirect(w, r, t.callback, params)
}

// deny answers as X does: RFC 5849 has no word for it.
func deny(w http.ResponseWriter, r *http.Request, id string, t *temporary) {
	t.decided = true
	if t.callback == "oob" {
		webpage.Note{
			Title: "You denied " + t.client.ID,
			Text:  "You can close this page.",
		}.Serve(w, http.StatusOK)
		return
	}
	redirect(w, r, t.callback, url.Values{"denied": {id}})
}

// redirect appends to the query of the callback, which stays as it is.
func redirect(w http.ResponseWriter, r *http.Request, callback string, params url.Values) {
	separator := "?"
	if strings.Contains(callback, "?") {
		separator = "&"
	}
	http.Redirect(w, r, callback+separator+params.Encode(), http.StatusSeeOther)
}
