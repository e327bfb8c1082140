package oidctest

import (
	"crypto/rand"
	"slices"
)

// A session is what a user is logged in to, OpenID Connect Front-Channel Logout 1.0, Section
// 1.2. Each login begins one, as no cookie says that a browser has one already; but a request
// with an id_token_hint goes on in that of the hint, by whatever client.
type session struct {
	id     string // "sid"
	user   User
	grants []*grant
}

// newGrant logs a user in. It needs p.mu.
func (p *Provider) newGrant(req request, user User) *grant {
	i := slices.IndexFunc(p.sessions, func(s *session) bool {
		return s.id == req.session && s.user.Subject == user.Subject
	})
	if i < 0 {
		i = len(p.sessions)
		p.sessions = append(p.sessions, &session{id: rand.Text(), user: user})
	}
	s := p.sessions[i]
	g := &grant{request: req, user: user, sid: s.id, at: p.options.Now()}
	s.grants = append(s.grants, g)
	return g
}

// clients are those that were logged in, each once.
func (s *session) clients() []Client {
	var clients []Client
	for _, g := range s.grants {
		same := func(c Client) bool { return c.ID == g.client.ID }
		if !slices.ContainsFunc(clients, same) {
			clients = append(clients, g.client)
		}
	}
	return clients
}

// has reports whether a client was logged in.
func (s *session) has(clientID string) bool {
	return slices.ContainsFunc(s.grants, func(g *grant) bool { return g.client.ID == clientID })
}

// takeSession ends a session at the provider and returns it, or nil if there is none. What
// came of a login with offline_access stays good (OpenID Connect Back-Channel Logout 1.0,
// Section 2.7).
func (p *Provider) takeSession(sid string) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.sessions, func(s *session) bool { return s.id == sid })
	if i < 0 {
		return nil
	}
	s := p.sessions[i]
	p.sessions = slices.Delete(p.sessions, i, i+1)
	for _, g := range s.grants {
		if !slices.Contains(g.scopes, "offline_access") {
			g.revoked = true
		}
	}
	return s
}
