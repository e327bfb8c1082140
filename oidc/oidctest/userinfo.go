package oidctest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// serveUserInfo serves the UserInfo Endpoint, OpenID Connect Core 1.0, Section
// 5.3: the claims of the scopes granted (Section 5.4).
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	a, ok := p.bearer(w, r)
	if !ok {
		return
	}
	if !slices.Contains(a.scopes, "openid") {
		p.refuseBearer(w, http.StatusForbidden, InsufficientScope, "insufficient_scope")
		return
	}
	user := a.grant.user
	claims := map[string]any{"sub": user.Subject}
	if slices.Contains(a.scopes, "profile") {
		claims["name"], claims["preferred_username"] = user.Name, user.Subject
	}
	if slices.Contains(a.scopes, "email") {
		claims["email"], claims["email_verified"] = user.Email, true
	}
	writeJSON(w, http.StatusOK, claims)
}

// serveMe serves the API, for any access token.
func (p *Provider) serveMe(w http.ResponseWriter, r *http.Request) {
	if a, ok := p.bearer(w, r); ok {
		user := a.grant.user
		writeJSON(w, http.StatusOK, map[string]string{
			"id": user.Subject, "name": user.Name, "email": user.Email})
	}
}

// bearer finds what the access token of a request is worth, RFC 6750, Section 2.1,
// or answers with the refusal.
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request) (*access, bool) {
	if r.URL.Query().Has("access_token") {
		p.refuseBearer(w, http.StatusBadRequest, AccessTokenInQuery, "invalid_request")
		return nil, false
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	p.mu.Lock()
	a := p.accesses[token]
	usable := strings.EqualFold(scheme, "Bearer") && a != nil && !a.grant.revoked &&
		p.options.Now().Before(a.until)
	p.mu.Unlock()
	if !usable {
		p.refuseBearer(w, http.StatusUnauthorized, UnusableAccessToken, "invalid_token")
	}
	return a, usable
}

// refuseBearer answers with an error, RFC 6750, Section 3.
func (p *Provider) refuseBearer(w http.ResponseWriter, status int, f Fault, code string) {
	p.refuse(f)
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error=%q, error_description=%q`, code, f))
	writeJSON(w, status, map[string]string{"error": code, "error_description": string(f)})
}
