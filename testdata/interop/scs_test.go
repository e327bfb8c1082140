package interop

import (
	"net/http"
	"testing"

	"github.com/alexedwards/scs/v2"

	"vouchsafe/registry"
)

// scsSession is a registry.Session: all that an application with scs has to write.
type scsSession struct{ *scs.SessionManager }

func (s scsSession) Get(r *http.Request) (string, error) {
	return s.GetString(r.Context(), "logins"), nil
}

func (s scsSession) Set(_ http.ResponseWriter, r *http.Request, value string) error {
	s.Put(r.Context(), "logins", value)
	return nil
}

func newSCSSite(t *testing.T) (*keptSite, *scs.SessionManager) {
	t.Helper()
	manager := scs.New()
	manager.Cookie.Name = "__Host-session"
	manager.Cookie.Secure = true
	return newKeptSite(t, registry.SessionStore(scsSession{manager}), manager.LoadAndSave), manager
}

func TestSCSKeepsLogins(t *testing.T) {
	s, _ := newSCSSite(t)
	testLogins(t, s)
}

// The session that is new after a login knows which logins were used; the one before, which
// another may know, knows none.
func TestSCSNewSession(t *testing.T) {
	s, manager := newSCSSite(t)
	in := &visitor{}
	used, open := s.mustBegin(t, in), s.mustBegin(t, in)
	before := in.clone()
	s.visit(in, used, func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.client.AuthorizeAccessToken(w, r); err != nil {
			t.Error(err)
		}
		if err := manager.RenewToken(r.Context()); err != nil {
			t.Error(err)
		}
	})
	if len(in.cookies) != 1 || in.cookies[0].Value == before.cookies[0].Value {
		t.Errorf("cookies are %v, before %v", in.cookies, before.cookies)
	}
	s.refused(t, in, used, registry.ReasonUsed)
	s.refused(t, before, used, registry.ReasonOtherBrowser)
	s.refused(t, before, open, registry.ReasonOtherBrowser)
	if err := s.complete(in, open); err != nil {
		t.Error(err)
	}
}
