package oidctest

import "net/http"

// serveRevoke serves RFC 7009, Section 2. Of a token that is not known there is
// nothing left to revoke (Section 2.2).
func (p *Provider) serveRevoke(w http.ResponseWriter, r *http.Request) {
	client, fault := p.readForm(w, r)
	if fault == "" {
		fault = p.mayRevoke(client, r.PostForm.Get("token"))
	}
	if fault != "" {
		p.refuseToken(w, fault)
		return
	}
	p.Revoke(r.PostForm.Get("token"))
}

// mayRevoke checks that a token is the client's own, if it is anyone's.
func (p *Provider) mayRevoke(client Client, token string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if token == "" {
		return MissingToken
	}
	if a := p.accesses[token]; a != nil && a.grant.client.ID != client.ID {
		return OtherClientsToken
	}
	if t := p.refresh[token]; t != nil && t.grant.client.ID != client.ID {
		return OtherClientsToken
	}
	return ""
}

// Revoke revokes a token, as the revocation endpoint does for the client it was issued
// to (RFC 7009, Section 2.1), and as a user or an administrator may at any time: an
// access token alone, or with a refresh token, also one that was rotated, all tokens
// that came of the same login. Any other token is ignored. It is safe for concurrent
// use.
func (p *Provider) Revoke(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.accesses, token)
	if t := p.refresh[token]; t != nil {
		t.grant.revoked = true
	}
}
