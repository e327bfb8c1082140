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
	account  *account // who is logged in, nil if nobody
	provider string   // whom the last login began with
	begun    *checks  // those made when it did
}

// maxSessions bounds the memory that sessions take: the oldest goes.
const maxSessions = 1000

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

// replace gives the browser a new session under a new ID. The old ID is worth
// nothing then: whoever planted it in the browser, or saw it there, is not logged
// in as its user (session fixation).
func (s *sessions) replace(w http.ResponseWriter, r *http.Request, next session) {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(sessionID(r))
	if len(s.order) >= maxSessions {
		s.drop(s.order[0])
	}
	s.byID[id], s.order = next, append(s.order, id)
	setCookie(w, id, 0)
}

// end drops the session of the browser that sent r.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(sessionID(r))
	setCookie(w, "", -1)
}

// drop forgets a session. The caller holds s.mu.
func (s *sessions) drop(id string) {
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
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
