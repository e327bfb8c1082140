package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// A Session is what the application has for sessions: it keeps one text for each browser, which
// no other browser can read or replace. It must be safe for concurrent use.
type Session interface {
	// Get returns the text that the session of r's browser has, and "" if it has none or
	// there is no session.
	Get(r *http.Request) (string, error)

	// Set has the session of r's browser keep value, and begins one if there is none. What
	// has been set, Get returns for later requests.
	Set(w http.ResponseWriter, r *http.Request, value string) error
}

// SessionStore returns the Store that keeps the sealed records of a browser in its session. With
// alexedwards/scs, whose middleware loads and saves sessions, the methods of s are
//
//	func (s sessions) Get(r) { return s.GetString(r.Context(), "logins"), nil }
//	func (s sessions) Set(w, r, value) { s.Put(r.Context(), "logins", value); return nil }
//
// and with gorilla/sessions, where session, _ := store.Get(r, "session"), they end in
//
//	value, _ := session.Values["logins"].(string); return value, nil
//	session.Values["logins"] = value; return session.Save(r, w)
//
// A login is tied to what the session is tied to, and to nothing else:
//
//   - Who can plant a session in a browser can plant a login in it. Let the name of the session's
//     cookie begin with __Host-, and start a new session at login, which takes the text along if
//     a callback that comes twice is to be known.
//   - A request that another site posts comes without the session if its cookie is not
//     SameSite=None, and begins another. [Handlers] see to that; who calls [Client.Authorize]
//     begins logins by GET, or from pages of the site.
//   - Parallel requests of one session race as the session does: one may undo what another has
//     set, which loses a login in the making, or lets two copies of a callback that arrive at the
//     same time both pass. Then the provider, which takes a code once, decides.
//   - A callback that is posted (form_post) comes with the session only if its cookie is
//     SameSite=None; Secure. Where it is not, the callback is refused with ReasonOtherBrowser.
//   - A session that [HandlerOptions].LoggedOut has ended must take what is set after that, or a
//     logout at the provider comes back with ReasonOtherBrowser: with gorilla/sessions clear its
//     Values, as Save deletes the cookie while Options.MaxAge is negative.
//   - The session needs room for 5 records of about 1 KB, more with a long ReturnTo. One that is
//     itself kept in a cookie may not have it: then [CookieStore] is better.
//
// An error of s is that of the login, wrapped.
func SessionStore(s Session) Store { return store{inSession{s}, inline{}} }

// inSession is the holder that has all entries in the session, as a JSON array.
type inSession struct{ session Session }

func (inSession) entry(id string, _ bool) entry { return entry{Name: "session." + id} }

func (s inSession) entries(r *http.Request) ([]entry, error) {
	text, err := s.session.Get(r)
	if err != nil {
		return nil, &fault{http.StatusInternalServerError, fmt.Errorf("session: %w", err)}
	}
	var held []entry
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &held); err != nil || len(held) > maxOpen {
		return nil, because(ReasonTampered)
	}
	return held, nil
}

func (s inSession) hold(w http.ResponseWriter, r *http.Request, open, gone []entry, e entry,
) error {
	left := slices.DeleteFunc(open, func(o entry) bool {
		return o.Name == e.Name || slices.Contains(gone, o)
	})
	text, err := json.Marshal(append(left, e))
	if err != nil {
		return err
	}
	if err := s.session.Set(w, r, string(text)); err != nil {
		return &fault{http.StatusInternalServerError, fmt.Errorf("session: %w", err)}
	}
	return nil
}
