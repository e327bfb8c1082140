package interop

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

const byeURI = clientSite + "/bye" // where browsers come back to from a logout

// A user logs out here, and so at the provider. Only the provider knows whether they did.
func logouts(tb *table) {
	id := tb.client(map[string]any{"post_logout_redirect_uris": []string{byeURI}})
	encrypted := tb.client(map[string]any{"post_logout_redirect_uris": []string{byeURI},
		"id_token_encrypted_response_alg": "ECDH-ES"})
	other := tb.client(nil)
	tb.row("with a hint and a state", "the provider's session is over", func(t *testing.T) {
		client := tb.party(t, id, nil)
		b := newBrowser("alice", siteRedirectURI)
		login := logInBy(t, client, b)
		wants(t, logOut(t, client, b, oidc.LogoutOptions{
			RedirectURI: byeURI, IDTokenHint: login.Token.IDToken()}), nil)
		wants(t, silent(t, client, b), refusal("login_required"))
	})
	tb.row("with an encrypted ID Token", "the hint is what was in it", func(t *testing.T) {
		client := tb.party(t, encrypted, func(k keyring, c *oidc.Config) {
			c.IDToken = k.encrypted("", "ECDH-ES", "A128CBC-HS256")
		})
		b := newBrowser("alice", siteRedirectURI)
		login := logInBy(t, client, b)
		wants(t, logOut(t, client, b, oidc.LogoutOptions{
			RedirectURI: byeURI, IDTokenHint: login.Token.IDToken()}), nil)
		wants(t, silent(t, client, b), refusal("login_required"))
	})
	tb.row("without a hint", "", func(t *testing.T) {
		client := tb.party(t, id, nil)
		b := newBrowser("alice", siteRedirectURI)
		logInBy(t, client, b)
		wants(t, logOut(t, client, b, oidc.LogoutOptions{RedirectURI: byeURI}), nil)
		wants(t, silent(t, client, b), refusal("login_required"))
	})
	tb.row("and stays there", "without a redirect URI", func(t *testing.T) {
		client := tb.party(t, id, nil)
		b := newBrowser("alice", siteRedirectURI)
		logInBy(t, client, b)
		err := logOut(t, client, b, oidc.LogoutOptions{})
		if err == nil || !strings.Contains(err.Error(), "/session/end/success") {
			t.Errorf("error is %v, want that of a page without a form", err)
		}
		wants(t, silent(t, client, b), refusal("login_required"))
	})
	tb.row("declined", "the browser comes back, and the session goes on", func(t *testing.T) {
		client, second := tb.party(t, id, nil), tb.party(t, other, nil)
		b := newBrowser("alice", siteRedirectURI)
		logInBy(t, client, b)
		logInBy(t, second, b)
		req, err := client.Logout(t.Context(), oidc.LogoutOptions{RedirectURI: byeURI})
		if err != nil {
			t.Fatal(err)
		}
		wants(t, comeBack(t, client, b, req, nil), nil)
		wants(t, silent(t, second, b), nil)
	})
	tb.refused("the state", check("state"), func(t *testing.T) error {
		client := tb.party(t, id, nil)
		b := newBrowser("alice", siteRedirectURI)
		logInBy(t, client, b)
		req, err := client.Logout(t.Context(), oidc.LogoutOptions{RedirectURI: byeURI})
		if err != nil {
			t.Fatal(err)
		}
		b.button = "logout"
		return comeBack(t, client, b, req, set("state", "other"))
	})
	for _, c := range []struct{ name, hintOf, redirectURI, want string }{
		{"a redirect URI that is not registered", id, byeURI + "/else",
			"post_logout_redirect_uri not registered"},
		{"another client's ID Token", other, byeURI, "client_id does not match"},
	} {
		tb.row(c.name, "it refuses: invalid_request, on a page of its own", func(t *testing.T) {
			b := newBrowser("alice", siteRedirectURI)
			login := logInBy(t, tb.party(t, c.hintOf, nil), b)
			err := logOut(t, tb.party(t, id, nil), b, oidc.LogoutOptions{
				RedirectURI: c.redirectURI, IDTokenHint: login.Token.IDToken()})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
	tb.lacks("front channel", "oidc-provider has it no more")
}

// logInBy logs in whoever has the browser.
func logInBy(t *testing.T, client *oidc.Client, b *browser) *oidc.Login {
	t.Helper()
	login, err := openIDCase{}.logIn(t.Context(), client, b)
	if err != nil {
		t.Fatal(err)
	}
	return login
}

// silent tries a login that asks the user nothing.
func silent(t *testing.T, client *oidc.Client, b *browser) error {
	t.Helper()
	b.button = ""
	_, err := openIDCase{options: oidc.AuthorizationOptions{Prompt: []string{"none"}}}.
		logIn(t.Context(), client, b)
	return err
}

// logOut has the user log out, and come back.
func logOut(t *testing.T, client *oidc.Client, b *browser, o oidc.LogoutOptions) error {
	t.Helper()
	req, err := client.Logout(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b.button = "logout"
	return comeBack(t, client, b, req, nil)
}

func comeBack(
	t *testing.T, client *oidc.Client, b *browser, req *oidc.LogoutRequest, change func(url.Values),
) error {
	t.Helper()
	login := b.redirectURI
	defer func() { b.redirectURI = login }()
	b.redirectURI = byeURI
	back, err := b.goBack(req.URL)
	if err != nil {
		return err
	}
	params, err := oauth2.ReadCallback(back)
	if err != nil {
		return err
	}
	if change != nil {
		change(params)
	}
	return client.LogoutCallback(t.Context(), params, req.Transaction)
}

// A backChannel is a client that is told of logouts, and what it was told.
type backChannel struct {
	tb        *table
	id, path  string
	elsewhere string // a client of the same users
	config    func(keyring, *oidc.Config)

	who   oidc.Identity
	sid   string
	token string // the Logout Token
	fail  error  // of the handler
	heard error  // what the handler refused
}

func (tb *table) backChannel(
	metadata map[string]any, config func(keyring, *oidc.Config),
) *backChannel {
	path := "/backchannel/" + rand.Text()
	m := map[string]any{"backchannel_logout_uri": clientSite + path,
		"backchannel_logout_session_required": true,
		"post_logout_redirect_uris":           []string{byeURI}}
	for name, value := range metadata {
		m[name] = value
	}
	elsewhere := tb.client(map[string]any{"post_logout_redirect_uris": []string{byeURI}})
	return &backChannel{
		tb: tb, id: tb.client(m), path: path, elsewhere: elsewhere, config: config}
}

// listen makes the client and its handler, which the provider can ask from now on.
func (c *backChannel) listen(t *testing.T) *oidc.Client {
	t.Helper()
	client := c.tb.party(t, c.id, c.config)
	logOut := func(_ context.Context, who oidc.Identity, sid string) error {
		c.who, c.sid = who, sid
		return c.fail
	}
	handler := client.BackChannelLogout(logOut, func(_ *http.Request, err error) { c.heard = err })
	c.tb.site.HandleFunc(c.path, func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		c.token = r.PostForm.Get("logout_token")
	})
	return client
}

// backChannelLogouts are what clients hear of users who log out elsewhere.
func backChannelLogouts(tb *table) {
	for _, c := range []struct {
		name, note string
		client     *backChannel
		noSID      bool
	}{
		{name: "the user and the session", client: tb.backChannel(nil, nil)},
		{name: "the user alone", noSID: true, client: tb.backChannel(map[string]any{
			"backchannel_logout_session_required": false}, nil)},
		{name: "of a pairwise subject", client: tb.backChannel(map[string]any{
			"subject_type": "pairwise",
			"grant_types":  []string{"authorization_code", "implicit"}}, nil)},
		{name: "signed with EdDSA", client: tb.backChannel(map[string]any{
			"id_token_signed_response_alg": "EdDSA"}, func(_ keyring, c *oidc.Config) {
			c.IDToken = signedWith("EdDSA")
		})},
		{name: "signed with the client secret", client: tb.backChannel(map[string]any{
			"id_token_signed_response_alg": "HS256"}, func(_ keyring, c *oidc.Config) {
			c.IDToken = signedWith("HS256")
		})},
		{name: "encrypted", client: tb.backChannel(map[string]any{
			"id_token_encrypted_response_alg": "ECDH-ES"}, func(k keyring, c *oidc.Config) {
			c.IDToken = k.encrypted("RS256", "ECDH-ES", "A128CBC-HS256")
		})},
	} {
		tb.row(c.name, "told before the browser comes back", func(t *testing.T) {
			who, sid := c.client.logOutElsewhere(t, c.client.listen(t), func() {})
			wants(t, c.client.heard, nil)
			if c.client.who != who || c.client.sid != sid || (sid == "") != c.noSID {
				t.Errorf("it was told of %v and session %q, want %v and %q",
					c.client.who, c.client.sid, who, sid)
			}
		})
	}
	changed := tb.backChannel(nil, nil)
	tb.row("after the keys changed", "", func(t *testing.T) {
		who, _ := changed.logOutElsewhere(t, changed.listen(t), func() { tb.turn(t, replaceKeys) })
		if changed.heard != nil || changed.who != who {
			t.Errorf("it was told of %v, and refused %v", changed.who, changed.heard)
		}
	})
	failing := tb.backChannel(nil, nil)
	failing.fail = errors.New("the database is down")
	tb.row("to a client that fails", "it is answered with 400, and the browser comes back",
		func(t *testing.T) {
			failing.logOutElsewhere(t, failing.listen(t), func() {})
			wants(t, failing.heard, failing.fail)
		})
	again := tb.backChannel(nil, nil)
	tb.refused("the same Logout Token twice", check("jti"), func(t *testing.T) error {
		client := again.listen(t)
		again.logOutElsewhere(t, client, func() {})
		_, err := client.VerifyLogoutToken(t.Context(), again.token)
		return err
	})
	mistyped := tb.backChannel(nil, nil)
	tb.refused("a Logout Token for an ID Token", check("typ"), func(t *testing.T) error {
		client := mistyped.listen(t)
		mistyped.logOutElsewhere(t, client, func() {})
		_, err := client.VerifyIDToken(t.Context(), mistyped.token,
			oidc.IDTokenExpectations{InsecureWithoutNonce: true})
		return err
	})
	tb.refused("an ID Token for a Logout Token", check("events"), func(t *testing.T) error {
		client := tb.party(t, mistyped.id, nil)
		login := tb.login(t, client, oidc.AuthorizationOptions{})
		_, err := client.VerifyLogoutToken(t.Context(), login.Token.IDToken())
		return err
	})
	theirs, ours := tb.backChannel(nil, nil), tb.backChannel(nil, nil)
	tb.refused("another client's Logout Token", check("aud"), func(t *testing.T) error {
		theirs.logOutElsewhere(t, theirs.listen(t), func() {})
		_, err := ours.listen(t).VerifyLogoutToken(t.Context(), theirs.token)
		return err
	})
}

// logOutElsewhere has a user log in at c and at another client, and log out there. It returns
// who that was, and the session.
func (c *backChannel) logOutElsewhere(
	t *testing.T, client *oidc.Client, between func(),
) (who oidc.Identity, sid string) {
	t.Helper()
	b := newBrowser("alice", siteRedirectURI)
	login := logInBy(t, client, b)
	elsewhere := c.tb.party(t, c.elsewhere, nil)
	logInBy(t, elsewhere, b)
	between()
	wants(t, logOut(t, elsewhere, b, oidc.LogoutOptions{RedirectURI: byeURI}), nil)
	return login.IDToken.Identity(), login.IDToken.SessionID
}
