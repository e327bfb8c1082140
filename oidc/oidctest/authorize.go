package oidctest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A request is an authorization request that was found good, or a device's.
type request struct {
	client      Client
	redirectURI string
	state       string
	nonce       string
	challenge   string
	scopes      []string
	acr         string
	userCode    string // of a device
}

// A grant is what a user granted: the worth of a code or a refresh token.
type grant struct {
	request
	user    User
	at      time.Time // when the user logged in
	used    bool
	revoked bool
}

const codeLife = time.Minute

// serveAuthorize takes an authorization request, RFC 6749, Section 4.1.1. While
// the client and its redirection endpoint are not known to be good, the browser
// is sent nowhere (RFC 6749, Section 4.1.2.1).
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	client, ok := p.client(q.Get("client_id"))
	if !ok {
		p.refusePage(w, UnknownClient)
		return
	}
	if !client.mayRedirectTo(q.Get("redirect_uri")) {
		p.refusePage(w, WrongRedirectURI)
		return
	}
	req := request{
		client:      client,
		redirectURI: q.Get("redirect_uri"),
		state:       q.Get("state"),
		nonce:       q.Get("nonce"),
		challenge:   q.Get("code_challenge"),
		scopes:      strings.Fields(q.Get("scope")),
	}
	req.acr, _, _ = strings.Cut(q.Get("acr_values"), " ")
	if fault, code := p.checkRequest(q); fault != "" {
		p.refuse(fault)
		p.redirect(w, r, req, url.Values{"error": {code}, "error_description": {string(fault)}})
		return
	}
	if p.options.LoginForm {
		p.showLogin(w, req, "")
		return
	}
	p.approve(w, r, req, p.options.Users[0])
}

// checkRequest returns the fault of a request, and its error code.
func (p *Provider) checkRequest(q url.Values) (Fault, string) {
	switch {
	case repeated(q):
		return RepeatedParameter, "invalid_request"
	case q.Get("response_type") != "code":
		return WrongResponseType, "unsupported_response_type"
	case q.Get("state") == "":
		return MissingState, "invalid_request"
	case q.Get("code_challenge") == "":
		return MissingChallenge, "invalid_request"
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		return WrongChallenge, "invalid_request"
	case !p.first("state", q.Get("state")):
		return RepeatedState, "invalid_request"
	case !p.first("challenge", q.Get("code_challenge")):
		return RepeatedChallenge, "invalid_request"
	case q.Get("nonce") != "" && !p.first("nonce", q.Get("nonce")):
		return RepeatedNonce, "invalid_request"
	}
	return "", ""
}

// repeated reports whether a parameter comes twice that must not: all but
// resource (RFC 8707, Section 2).
func repeated(params url.Values) bool {
	for name, values := range params {
		if len(values) > 1 && name != "resource" {
			return true
		}
	}
	return false
}

// first reports whether a value of a kind is seen for the first time.
func (p *Provider) first(kind, value string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := kind + " " + value
	seen := p.seen[key]
	p.seen[key] = true
	return !seen
}

// approve sends the browser back with a code, or lets the device in.
func (p *Provider) approve(w http.ResponseWriter, r *http.Request, req request, user User) {
	if req.userCode != "" {
		p.decideDevice(w, req.userCode, &user)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = &grant{request: req, user: user, at: p.options.Now()}
	p.mu.Unlock()
	p.redirect(w, r, req, url.Values{"code": {code}})
}

// deny sends the browser back without a code, or refuses the device.
func (p *Provider) deny(w http.ResponseWriter, r *http.Request, req request) {
	p.refuse(UserDenied)
	if req.userCode != "" {
		p.decideDevice(w, req.userCode, nil)
		return
	}
	p.redirect(w, r, req, url.Values{"error": {"access_denied"}})
}

// redirect sends the browser back, with state and iss (RFC 9207, Section 2). 303
// keeps a form that was posted here from being posted there (RFC 9700, Section
// 4.12).
func (p *Provider) redirect(w http.ResponseWriter, r *http.Request, req request, answer url.Values) {
	u, err := url.Parse(req.redirectURI)
	if err != nil {
		p.refusePage(w, WrongRedirectURI)
		return
	}
	q := u.Query()
	for name, values := range answer {
		q[name] = values
	}
	if req.state != "" {
		q.Set("state", req.state)
	}
	q.Set("iss", p.Issuer())
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
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
	if i < 0 {
		p.refuse(WrongPassword)
		p.showLogin(w, req, "Name and password do not match.")
		return
	}
	p.approve(w, r, req, p.options.Users[i])
}
