package oidctest

import (
	"crypto/rand"
	"crypto/subtle"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vouchsafe/pkce"
)

// An access is what an access token is worth.
type access struct {
	grant  *grant
	scopes []string
	until  time.Time
}

// An issued is a refresh token that was issued.
type issued struct {
	grant *grant
	used  bool
	grace time.Time // until when it may be used again
}

// serveToken serves the token endpoint, RFC 6749, Section 3.2.
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	var g *grant
	client, fault := p.readForm(w, r)
	if fault == "" {
		g, fault = p.redeem(client, r.PostForm)
	}
	if r.PostForm.Get("grant_type") == "refresh_token" {
		p.countRefresh(fault == "")
	}
	if fault != "" {
		p.refuseToken(w, fault)
		return
	}
	p.issue(w, g, r.PostForm)
}

// readForm reads the form that a client sent, and authenticates the client.
func (p *Provider) readForm(w http.ResponseWriter, r *http.Request) (Client, Fault) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		return Client{}, WrongContentType
	}
	if repeated(r.PostForm) {
		return Client{}, RepeatedParameter
	}
	return p.authenticate(r)
}

// redeem returns what the grant of a token request is worth.
func (p *Provider) redeem(client Client, form url.Values) (*grant, Fault) {
	switch form.Get("grant_type") {
	case "authorization_code":
		return p.redeemCode(client, form)
	case "refresh_token":
		return p.redeemRefresh(client, form)
	case "client_credentials":
		return p.grantClient(client, form)
	case deviceGrant:
		return p.redeemDevice(client, form)
	}
	return nil, WrongGrantType
}

// authenticate authenticates the client by one method, RFC 6749, Section 2.3.
func (p *Provider) authenticate(r *http.Request) (Client, Fault) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	method := "client_secret_post"
	if secret == "" {
		method = "none"
	}
	if user, password, ok := r.BasicAuth(); ok {
		method = "client_secret_basic"
		if secret != "" {
			return Client{}, SeveralSecrets
		}
		user, _ = url.QueryUnescape(user)
		if id != "" && id != user {
			return Client{}, OtherClientID
		}
		id = user
		secret, _ = url.QueryUnescape(password)
	}
	client, ok := p.client(id)
	if !ok {
		return Client{}, UnknownClient
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(client.Secret)) != 1 {
		return Client{}, WrongSecret
	}
	if client.method != "" && client.method != method {
		return Client{}, OtherMethod
	}
	return client, ""
}

// redeemCode redeems a code, once: a code that comes again revokes what the first
// one gave (RFC 6749, Section 4.1.2).
func (p *Provider) redeemCode(client Client, form url.Values) (*grant, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[form.Get("code")]
	switch {
	case g == nil:
		return nil, UnknownCode
	case g.client.ID != client.ID:
		return nil, OtherClientsCode
	case g.used:
		g.revoked = true
		return nil, ReusedCode
	}
	g.used = true
	if p.options.Now().Sub(g.at) > codeLife {
		return nil, ExpiredCode
	}
	if form.Get("redirect_uri") != g.redirectURI {
		return nil, OtherRedirectURI
	}
	if form.Get("code_verifier") == "" {
		return nil, MissingVerifier
	}
	v, err := pkce.Parse(form.Get("code_verifier"))
	if err != nil || v.Challenge() != g.challenge {
		return nil, WrongVerifier
	}
	return g, ""
}

// redeemRefresh redeems a refresh token, once: one that comes again, and not soon
// enough, revokes all that followed from the login (RFC 9700, Section 4.14.2).
func (p *Provider) redeemRefresh(client Client, form url.Values) (*grant, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.refresh[form.Get("refresh_token")]
	if t == nil || t.grant.client.ID != client.ID {
		return nil, UnknownRefreshToken
	}
	now := p.options.Now()
	if t.used && !now.Before(t.grace) {
		t.grant.revoked = true
		return nil, ReusedRefreshToken
	}
	if t.grant.revoked {
		return nil, RevokedRefreshToken
	}
	for _, scope := range strings.Fields(form.Get("scope")) {
		if !slices.Contains(t.grant.scopes, scope) {
			return nil, WidenedScope
		}
	}
	if !t.used && !p.options.KeepRefreshToken {
		t.used, t.grace = true, now.Add(p.options.Grace)
	}
	return t.grant, ""
}

// grantClient grants a client what it asks for in its own name, RFC 6749, Section
// 4.4. There is no user for an ID Token to be about.
func (p *Provider) grantClient(client Client, form url.Values) (*grant, Fault) {
	req := request{client: client, scopes: strings.Fields(form.Get("scope"))}
	if client.Secret == "" {
		return nil, PublicClient
	}
	if slices.Contains(req.scopes, "openid") {
		return nil, ScopeWithoutUser
	}
	return &grant{request: req, user: User{Subject: client.ID}}, ""
}

// issue answers with tokens for g, RFC 6749, Section 5.1. There is a new refresh
// token each time, but for the client itself none (RFC 6749, Section 4.4.3). A refresh
// may ask for fewer scopes (RFC 6749, Section 6).
func (p *Provider) issue(w http.ResponseWriter, g *grant, form url.Values) {
	scopes := g.scopes
	refreshed := form.Get("grant_type") == "refresh_token"
	if asked := strings.Fields(form.Get("scope")); refreshed && len(asked) > 0 {
		scopes = asked
	}
	accessToken := p.newAccessToken(g, scopes)
	answer := map[string]any{
		"access_token": accessToken,
		"token_type":   "Bearer",
		"expires_in":   int(p.options.TokenLife / time.Second),
		"scope":        strings.Join(scopes, " "),
	}
	kept := refreshed && p.options.KeepRefreshToken
	if !kept && form.Get("grant_type") != "client_credentials" {
		answer["refresh_token"] = p.newRefreshToken(g)
	}
	if slices.Contains(scopes, "openid") {
		idToken, err := p.idToken(g, beside{accessToken: accessToken}, refreshed)
		if err != nil {
			http.Error(w, "the ID Token cannot be signed", http.StatusInternalServerError)
			return
		}
		answer["id_token"] = idToken
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) newAccessToken(g *grant, scopes []string) string {
	token := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accesses[token] = &access{g, scopes, p.options.Now().Add(p.options.TokenLife)}
	return token
}

func (p *Provider) newRefreshToken(g *grant) string {
	token := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refresh[token] = &issued{grant: g}
	return token
}

// countRefresh counts before the answer is on its way, so that whoever has it finds
// it counted.
func (p *Provider) countRefresh(granted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if granted {
		p.granted++
	} else {
		p.refused++
	}
}

// Refreshes returns how many refreshes were granted so far, whether or not the answers
// arrived, and how many refused, for whatever reason; [Provider.Faults] has those. It
// is safe for concurrent use.
func (p *Provider) Refreshes() (granted, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.granted, p.refused
}

// refuseToken answers with an error, RFC 6749, Section 5.2. A user who has not yet
// answered, or has denied, is no fault of the client.
func (p *Provider) refuseToken(w http.ResponseWriter, f Fault) {
	if f != stillPending && f != UserDenied {
		p.refuse(f)
	}
	status, code := http.StatusBadRequest, errorCode(f)
	if code == "invalid_client" {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="oidctest"`)
	}
	writeJSON(w, status, map[string]string{"error": code, "error_description": string(f)})
}

// errorCode is that of RFC 6749, Section 5.2, or of RFC 8628, Section 3.5.
func errorCode(f Fault) string {
	switch f {
	case WrongContentType, RepeatedParameter, MissingToken:
		return "invalid_request"
	case UnknownClient, WrongSecret, SeveralSecrets, OtherClientID, OtherMethod:
		return "invalid_client"
	case WrongGrantType:
		return "unsupported_grant_type"
	case PublicClient:
		return "unauthorized_client"
	case WidenedScope, ScopeWithoutUser:
		return "invalid_scope"
	case stillPending:
		return "authorization_pending"
	case PolledTooFast:
		return "slow_down"
	case UserDenied:
		return "access_denied"
	case ExpiredDeviceCode:
		return "expired_token"
	}
	return "invalid_grant"
}
