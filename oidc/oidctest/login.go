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
		p.approve(w, r, req, p.options.Users[i])
	}
}

// preselected returns the index of the user whom a request says, or the first: a hint may be
// about nobody, but a subject asked for must be a user.
func (p *Provider) preselected(req request) int {
	users := p.options.Users
	if req.subject != "" {
		return slices.IndexFunc(users, func(u User) bool { return u.Subject == req.subject })
	}
	return max(0, slices.IndexFunc(users, func(u User) bool {
		return req.hint != "" && (u.Subject == req.hint || u.Email == req.hint)
	}))
}

// subjectOf returns whom an ID Token that was issued to a client is about, however old it
// is.
func (p *Provider) subjectOf(idToken string, c Client) (string, bool) {
	algorithm := p.or(c.IDTokenAlgorithm)
	keys := p.published()
	if symmetric(algorithm) {
		key, _ := p.signer(c, algorithm)
		keys = jose.NewSet(key)
	}
	signed, err := jose.VerifySignature(context.Background(), idToken, keys, jose.VerifyOptions{
		Algorithms: []string{algorithm}})
	if err != nil {
		return "", false
	}
	var claims struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}
	err = json.Unmarshal(signed.Payload, &claims)
	return claims.Subject, err == nil && claims.Issuer == p.Issuer() && claims.Subject != ""
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
	i := slices.IndexFunc(p.options.Users, func(u User) bool {
		return u.Subject == r.PostFormValue("username") &&
			u.Password != "" && u.Password == r.PostFormValue("password")
	})
	switch {
	case i < 0:
		p.refuse(WrongPassword)
		p.showLogin(w, req, "Name and password do not match.")
	case req.subject != "" && req.subject != p.options.Users[i].Subject:
		p.refuseRequest(w, r, req, LoginRequired)
	default:
		p.approve(w, r, req, p.options.Users[i])
	}
}
