package oidctest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"vouchsafe/jose"
)

// logIn logs in the user whom a request is about, or shows the form. With the form nobody
// is logged in yet, and a request that may show nothing is refused (OpenID Connect Core 1.0,
// Section 3.1.2.6).
func (p *Provider) logIn(w http.ResponseWriter, r *http.Request, req request) {
	i := p.preselected(req)
	switch {
	case i < 0, p.options.LoginForm && req.silent:
		p.refuseRequest(w, r, req, LoginRequired)
	case p.options.LoginForm:
		p.showLogin(w, req, "")
	default:
		p.approve(w, r, req, p.users()[i])
	}
}

// preselected returns the index of the user whom a request says, or the first: a hint may be
// about nobody, but a subject asked for must be a user.
func (p *Provider) preselected(req request) int {
	users := p.users()
	if req.subject != "" {
		return slices.IndexFunc(users, func(u User) bool { return u.Subject == req.subject })
	}
	return max(0, slices.IndexFunc(users, func(u User) bool { return u.is(req.hint) }))
}

// is reports whether a hint, which may be empty, is about the user.
func (u User) is(hint string) bool {
	return hint != "" && (u.Subject == hint || u.Email == hint)
}

// users are those of the options and those that were created since.
func (p *Provider) users() []User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Concat(p.options.Users, p.created)
}

// create makes a new user, unless it is one, OpenID Connect Prompt Create 1.0, Section 4.1.
func (p *Provider) create(name, password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	named := func(u User) bool { return u.Subject == name }
	if name != "" && password != "" && !slices.ContainsFunc(p.options.Users, named) &&
		!slices.ContainsFunc(p.created, named) {
		p.created = append(p.created, User{Subject: name, Password: password})
	}
}

// A hint is what counts of an ID Token that a client brings back.
type hint struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	Session string `json:"sid"`
}

// readHint reads an ID Token that was issued to a client, however old it is.
func (p *Provider) readHint(idToken string, c Client) (hint, bool) {
	algorithm := p.or(c.IDTokenAlgorithm)
	keys := p.published()
	if symmetric(algorithm) {
		key, _ := p.signer(c, algorithm)
		keys = jose.NewSet(key)
	}
	signed, err := jose.VerifySignature(context.Background(), idToken, keys, jose.VerifyOptions{
		Algorithms: []string{algorithm}})
	if err != nil {
		return hint{}, false
	}
	var h hint
	err = json.Unmarshal(signed.Payload, &h)
	typ := signed.Header.Type // a logout token is no ID Token
	return h, err == nil && (typ == "" || typ == "JWT") && h.Issuer == p.Issuer() &&
		h.Subject != ""
}

// serveLogin takes the login form. Each form is good for one request, once.
func (p *Provider) serveLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	id := r.PostFormValue("request")
	p.mu.Lock()
	req, ok := p.logins[id]
	delete(p.logins, id)
	p.mu.Unlock()
	if !ok {
		p.refusePage(w, UnknownLogin)
		return
	}
	if r.PostFormValue("action") == "deny" {
		p.deny(w, r, req)
		return
	}
	name, password := r.PostFormValue("username"), r.PostFormValue("password")
	if req.create {
		p.create(name, password)
	}
	users := p.users()
	i := slices.IndexFunc(users, func(u User) bool {
		return u.Subject == name && u.Password != "" && u.Password == password
	})
	switch {
	case i < 0:
		p.refuse(WrongPassword)
		p.showLogin(w, req, "Name and password do not match.")
	case req.subject != "" && req.subject != users[i].Subject:
		p.refuseRequest(w, r, req, LoginRequired)
	default:
		p.approve(w, r, req, users[i])
	}
}
