package oidctest

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"vouchsafe/jose"
)

// serveUserInfo serves the UserInfo Endpoint, OpenID Connect Core 1.0, Section
// 5.3: the claims of the scopes granted (Section 5.4), and those asked for by name.
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	a, ok := p.bearer(w, r)
	if !ok {
		return
	}
	if !slices.Contains(a.scopes, "openid") {
		p.refuseBearer(w, http.StatusForbidden, InsufficientScope, "insufficient_scope")
		return
	}
	claims := a.grant.user.claims(a.scopes, a.grant.claims.userInfo)
	claims["sub"] = a.grant.user.Subject
	client := a.grant.client
	if client.UserInfoAlgorithm == "" && client.UserInfoEncryption.Key == nil {
		p.editUserInfo(claims)
		writeJSON(w, http.StatusOK, claims)
		return
	}
	token, err := p.userInfoToken(claims, client)
	if err != nil {
		http.Error(w, "UserInfo cannot be signed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Write([]byte(token))
}

// userInfoToken makes UserInfo a token, OpenID Connect Core 1.0, Section 5.3.2. It may be
// encrypted without being signed.
func (p *Provider) userInfoToken(claims map[string]any, client Client) (string, error) {
	if client.UserInfoAlgorithm != "" {
		claims["iss"], claims["aud"] = p.Issuer(), client.ID
		p.editUserInfo(claims)
		return p.sign(claims, "JWT", client, client.UserInfoAlgorithm,
			client.UserInfoEncryption)
	}
	p.editUserInfo(claims)
	plaintext, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return client.UserInfoEncryption.encrypt(plaintext, jose.EncryptOptions{})
}

func (p *Provider) editUserInfo(claims map[string]any) {
	if p.options.EditUserInfo != nil {
		p.options.EditUserInfo(claims)
	}
}

// serveMe serves the API, for any access token.
func (p *Provider) serveMe(w http.ResponseWriter, r *http.Request) {
	if a, ok := p.bearer(w, r); ok {
		user := a.grant.user
		writeJSON(w, http.StatusOK, map[string]string{
			"id": user.Subject, "name": user.Name, "email": user.Email})
	}
}

// bearer finds what the access token of a request is worth, RFC 6750, Sections 2.1 and 2.2,
// or answers with the refusal.
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request) (*access, bool) {
	token, fault := presented(w, r)
	if fault != "" {
		p.refuseBearer(w, http.StatusBadRequest, fault, "invalid_request")
		return nil, false
	}
	p.mu.Lock()
	a := p.accesses[token]
	usable := a != nil && !a.grant.revoked && p.options.Now().Before(a.until)
	p.mu.Unlock()
	if !usable {
		p.refuseBearer(w, http.StatusUnauthorized, UnusableAccessToken, "invalid_token")
	}
	return a, usable
}

// presented returns the access token of a request, empty if there is none.
func presented(w http.ResponseWriter, r *http.Request) (string, Fault) {
	if r.URL.Query().Has("access_token") {
		return "", AccessTokenInQuery
	}
	inForm := "" // of a POST alone
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "application/x-www-form-urlencoded" {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		inForm = r.PostFormValue("access_token")
	}
	header := r.Header.Get("Authorization")
	if header != "" && inForm != "" {
		return "", SeveralAccessTokens
	}
	if scheme, token, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Bearer") {
		return token, ""
	}
	return inForm, ""
}

// refuseBearer answers with an error, RFC 6750, Section 3.
func (p *Provider) refuseBearer(w http.ResponseWriter, status int, f Fault, code string) {
	p.refuse(f)
	challenge := fmt.Sprintf(`Bearer error=%q, error_description=%q`, code, f)
	w.Header().Set("WWW-Authenticate", challenge)
	writeJSON(w, status, map[string]string{"error": code, "error_description": string(f)})
}
