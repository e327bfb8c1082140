package oidctest_test

import (
	"net/url"
	"testing"

	"vouchsafe/oidc/oidctest"
)

// idToken logs in, with parameters changed, and returns the ID Token.
func (w walk) idToken(pairs ...string) string {
	w.t.Helper()
	params, _ := w.request("openid")
	params.Set("response_type", "id_token")
	_, got := brought(w.authorize(changed(params, pairs...)))
	if got.Get("id_token") == "" {
		w.t.Fatalf("no ID Token: %v", got)
	}
	return got.Get("id_token")
}

// sid returns the session of an ID Token that RS256 signs.
func (w walk) sid(idToken string) string {
	w.t.Helper()
	sid, _ := w.payload(idToken, "RS256", "")["sid"].(string)
	return sid
}

// Each login is a session of its own, and a refresh none. A login that brings an ID Token of
// a session goes on in it, unless the session has ended or is another user's.
func TestSID(t *testing.T) {
	w := start(t, oidctest.Options{Users: users, Clients: []oidctest.Client{
		{ID: "client", Secret: "secret"}, {ID: "odd", Secret: "100%+"}}})
	g := w.grant("openid")
	sid := w.sid(g.IDToken)
	if len(sid) < 26 {
		t.Errorf("sid is %q", sid)
	}
	if again := w.sid(w.read(w.token(refreshForm(g.RefreshToken))).IDToken); again != sid {
		t.Errorf("refreshed, sid is %q, want %q", again, sid)
	}
	params, verifier := w.request("openid")
	_, front := brought(w.authorize(changed(params, "response_type", "code id_token")))
	back := w.read(w.token(url.Values{"grant_type": {"authorization_code"},
		"redirect_uri": {callback}, "code": {front.Get("code")}, "code_verifier": {verifier}}))
	if a, b := w.sid(front.Get("id_token")), w.sid(back.IDToken); a != b || a == sid {
		t.Errorf("sids are %q and %q, after %q", a, b, sid)
	}
	d := w.device("openid")
	w.enter(d.UserCode)
	if got := w.sid(w.read(w.poll(d.DeviceCode)).IDToken); got == "" || got == sid {
		t.Errorf("sid of a device is %q, after %q", got, sid)
	}
	if got := w.sid(w.idToken("id_token_hint", g.IDToken)); got != sid {
		t.Errorf("sid after a hint is %q, want %q", got, sid)
	}
	if got := w.sid(w.idToken("id_token_hint", g.IDToken, "client_id", "odd")); got != sid {
		t.Errorf("sid of another client after a hint is %q, want %q", got, sid)
	}
	if err := w.EndSession(t.Context(), sid); err != nil {
		t.Fatal(err)
	}
	if got := w.sid(w.idToken("id_token_hint", g.IDToken)); got == sid || got == "" {
		t.Errorf("sid after the session is %q, was %q", got, sid)
	}
}

// A session is one user's, whatever an ID Token says.
func TestSessionOfAnother(t *testing.T) {
	sid := ""
	w := start(t, oidctest.Options{Users: users, EditIDToken: func(claims map[string]any) {
		if sid != "" {
			claims["sid"] = sid
		}
	}})
	first := w.sid(w.idToken())
	sid = first
	bobs := w.idToken("login_hint", "bob")
	sid = ""
	if got := w.sid(w.idToken("id_token_hint", bobs)); got == first {
		t.Errorf("bob is in the session of alice, %q", got)
	}
}

// Other tokens are no hint, though the provider signed them and they are about the user.
func TestHintOfAnotherType(t *testing.T) {
	w := start(t, oidctest.Options{})
	token, err := w.LogoutToken("client", "alice", "")
	if err != nil {
		t.Fatal(err)
	}
	if a := change("id_token_hint", token)(w); a.description != "wrong_id_token_hint" {
		t.Errorf("answer is %+v", a)
	}
}
