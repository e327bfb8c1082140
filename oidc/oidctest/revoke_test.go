package oidctest_test

import (
	"net/url"
	"testing"

	"vouchsafe/oidc/oidctest"
)

// revoke sends a revocation request.
func (w walk) revoke(token string) answer {
	w.t.Helper()
	return w.do("POST", w.Endpoint("revoke"), url.Values{"token": {token}},
		basic("client", "secret"))
}

// RFC 7009, Section 2.1, by request and by method: what each token takes with it.
func TestRevoke(t *testing.T) {
	by := map[string]func(w walk, token string){
		"request": func(w walk, token string) {
			if a := w.revoke(token); a.status != 200 || a.body != "" {
				t.Errorf("answer is %+v", a)
			}
		},
		"method": func(w walk, token string) { w.Revoke(token) },
	}
	for name, revoke := range by {
		for _, test := range []struct {
			name      string
			token     func(old, renewed granted) string
			old       int // status of the API with the old access token
			renewed   int // and with the new one
			refreshed int // status of one more refresh
		}{
			{"old access", func(a, _ granted) string { return a.AccessToken }, 401, 200, 200},
			{"new access", func(_, b granted) string { return b.AccessToken }, 200, 401, 200},
			{"old refresh", func(a, _ granted) string { return a.RefreshToken }, 401, 401, 400},
			{"new refresh", func(_, b granted) string { return b.RefreshToken }, 401, 401, 400},
			{"unknown token", func(granted, granted) string { return "x" }, 200, 200, 200},
		} {
			t.Run(name+" "+test.name, func(t *testing.T) {
				w := start(t, oidctest.Options{})
				other := w.grant("read") // of the same user and client
				old := w.grant("read")
				renewed := w.read(w.token(refreshForm(old.RefreshToken)))
				revoke(w, test.token(old, renewed))
				for _, got := range []struct{ status, want int }{
					{w.ask("me", old.AccessToken).status, test.old},
					{w.ask("me", renewed.AccessToken).status, test.renewed},
					{w.token(refreshForm(renewed.RefreshToken)).status, test.refreshed},
					{w.ask("me", other.AccessToken).status, 200},
					{w.token(refreshForm(other.RefreshToken)).status, 200},
				} {
					if got.status != got.want {
						t.Errorf("status %d, want %d", got.status, got.want)
					}
				}
			})
		}
	}
}

// A hint, right or wrong, changes nothing (RFC 7009, Section 2.1), and a token that is
// revoked already is no fault (Section 2.2).
func TestRevokeWithHint(t *testing.T) {
	w := start(t, oidctest.Options{})
	g := w.grant("read")
	for _, hint := range []string{"refresh_token", "access_token", "x"} {
		form := url.Values{"token": {g.RefreshToken}, "token_type_hint": {hint}}
		a := w.do("POST", w.Endpoint("revoke"), form, basic("client", "secret"))
		if a.status != 200 {
			t.Errorf("%s: %+v", hint, a)
		}
	}
	if len(w.Faults()) > 0 || w.ask("me", g.AccessToken).status != 401 {
		t.Errorf("faults %q", w.Faults())
	}
}

// A public client revokes its own tokens without a secret.
func TestPublicRevoke(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client"}}})
	form := w.code("read")
	form.Set("client_id", "client")
	g := w.read(w.do("POST", w.Endpoint("token"), form, nil))
	a := w.do("POST", w.Endpoint("revoke"),
		url.Values{"client_id": {"client"}, "token": {g.AccessToken}}, nil)
	if a.status != 200 || w.ask("me", g.AccessToken).status != 401 {
		t.Errorf("answer is %+v", a)
	}
}

// A token of the client itself can be revoked by it, and by no other.
func TestRevokeOfTheClientsOwn(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{
		{ID: "client", Secret: "secret"}, {ID: "odd", Secret: "100%+"}}})
	token := w.read(w.token(url.Values{"grant_type": {"client_credentials"}})).AccessToken
	if a := revokeAsAnother(w, token); a.description != "token_of_another_client" ||
		w.ask("me", token).status != 200 {
		t.Errorf("answer is %+v", a)
	}
	if a := w.revoke(token); a.status != 200 || w.ask("me", token).status != 401 {
		t.Errorf("answer is %+v", a)
	}
}

// What another client must not revoke stays good.
func TestRevokeOfAnotherClient(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{
		{ID: "client", Secret: "secret"}, {ID: "odd", Secret: "100%+"}}})
	g := w.grant("read")
	revokeAsAnother(w, g.AccessToken)
	revokeAsAnother(w, g.RefreshToken)
	if a := w.ask("me", g.AccessToken); a.status != 200 {
		t.Errorf("API answers %+v", a)
	}
	w.read(w.token(refreshForm(g.RefreshToken)))
}
