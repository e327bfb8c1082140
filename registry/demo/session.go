package main

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
)

// A session is what the site remembers of a browser. Its zero value is that of a
// browser which the site does not know.
type session struct {
	account   *account  // who is logged in, nil if nobody
	call      call      // the last one of the provider's API
	refreshes []refresh // of the token, the first one first
	provider  string    // whom the last login began with
	begun     *checks   // those made when it did
}

// maxSessions and maxRefreshes bound the memory that sessions take: the oldest goes.
const (
	maxSessions  = 1000
	maxRefreshes = 10
)

const sessionCookie = "demo_session"

// sessions keeps sessions by an ID that only the browser has.
type sessions struct {
	mu    sync.Mutex
	byID  map[string]session
	order []string // of IDs, oldest first
}

// get returns the session of the browser that sent r.
func (s *sessions) get(r *http.Request) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[sessionID(r)]
}

// update changes a session, and reports whether there is one.
func (s *sessions) update(id string, change func(*session)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	if ok {
		change(&found)
		s.byID[id] = found
	}
	return ok
}

// begin notes the login that a browser begins. It stays logged in until that is complete.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, provider string, made *checks) {
	known := s.update(sessionID(r), func(to *session) { to.provider, to.begun = provider, made })
	if !known {
		s.replace(w, r, session{provider: provider, begun: made})
	}
}

// refreshed adds a refresh of the token of an account to its session.
func (s *sessions) refreshed(account string, done refresh) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, found := range s.byID {
		if found.account != nil && found.account.ID == account {
			from := max(0, len(found.refreshes)+1-maxRefreshes)
			found.refreshes = append(found.refreshes[from:], done)
			s.byID[id] = found
		}
	}
}

// replace gives the browser a new session under a new ID. The old ID is worth
// nothing then: whoever planted it in the browser, or saw it there, is not logged
// in as its user (session fixation). It returns who was logged in where no session is now.
func (s *sessions) replace(w http.ResponseWriter, r *http.Request, next session) []*account {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.drop(sessionID(r))
	if len(s.order) >= maxSessions {
		gone = append(gone, s.drop(s.order[0])...)
	}
	s.byID[id], s.order = next, append(s.order, id)
	setCookie(w, id, 0)
	return gone
}

// end drops the session of the browser that sent r, and returns who was logged in.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) []*account {
	s.mu.Lock()
	defer s.mu.Unlock()
	setCookie(w, "", -1)
	return s.drop(sessionID(r))
}

// endAt drops the sessions whose accounts are those meant, and returns them.
func (s *sessions) endAt(meant func(*account) bool) (gone []*account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, found := range s.byID {
		if found.account != nil && meant(found.account) {
			gone = append(gone, s.drop(id)...)
		}
	}
	return gone
}

// drop forgets a session. The caller holds s.mu.
func (s *sessions) drop(id string) (gone []*account) {
	if a := s.byID[id].account; a != nil {
		gone = append(gone, a)
	}
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
	return gone
}

func sessionID(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setCookie sets the session's cookie, which lasts until the browser is closed.
// On a site with https it would be Secure, and its name begin with __Host-.
func setCookie(w http.ResponseWriter, id string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: id, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
