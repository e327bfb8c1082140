package registry_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"sync"

	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A member is what a site keeps with a session, for the user to be logged out.
type member struct {
	provider string // the client's name
	user     oidc.Identity
	sid      string // the session's ID at the provider: EndSessions finds the session by it
	idToken  string // LogoutOptions.IDTokenHint, by which the provider need not ask the user
}

// A club is a site with sessions in memory.
type club struct {
	mu      sync.Mutex
	members map[string]member // by the ID that the browser has
}

func (c *club) member(r *http.Request) member {
	cookie, err := r.Cookie("session")
	if err != nil {
		return member{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members[cookie.Value]
}

// replace ends the session from before, and begins another one for m, if that is somebody.
func (c *club) replace(w http.ResponseWriter, r *http.Request, m member) {
	next := &http.Cookie{Name: "session", Path: "/", MaxAge: -1}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, err := r.Cookie("session"); err == nil {
		delete(c.members, old.Value)
	}
	if m != (member{}) {
		next = &http.Cookie{Name: "session", Value: rand.Text(), Path: "/", HttpOnly: true,
			SameSite: http.SameSiteLaxMode}
		c.members[next.Value] = m
	}
	http.SetCookie(w, next)
}

func (c *club) loggedIn(w http.ResponseWriter, r *http.Request, login *registry.Login) error {
	m := member{provider: login.Client().Name(), user: login.Identity}
	if login.IDToken != nil { // OpenID Connect
		m.sid, m.idToken = login.IDToken.SessionID, login.Token.OAuth2.IDToken()
	}
	c.replace(w, r, m)
	return nil
}

func (c *club) loggedOut(w http.ResponseWriter, r *http.Request) error {
	c.replace(w, r, member{})
	return nil
}

func (c *club) providerLogout(r *http.Request) (name string, o registry.LogoutOptions) {
	m := c.member(r)
	return m.provider, registry.LogoutOptions{IDTokenHint: m.idToken}
}

func (c *club) endSessions(_ context.Context, who oidc.Identity, sid string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, m := range c.members {
		if sid != "" && m.sid == sid && m.user.Issuer == who.Issuer || sid == "" && m.user == who {
			delete(c.members, id)
		}
	}
	return nil
}

// Users are logged out at their provider too, and those who log out there, or elsewhere, are
// logged out here. The provider must know two addresses of the site for that: its
// post_logout_redirect_uri and its backchannel_logout_uri. Any on loopback will do as the first
// one for a provider of package oidctest.
func ExampleRegistry_Handlers_logout() {
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	provider := oidctest.NewServer(oidctest.Options{Clients: []oidctest.Client{{
		ID: "client", Secret: "secret",
		BackChannelLogoutURI: site.URL + "/logout/company/backchannel",
	}}})
	defer provider.Close()

	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: site.URL})
	if err != nil {
		log.Fatal(err)
	}
	_, err = reg.Register("company", registry.Config{
		ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer()})
	if err != nil {
		log.Fatal(err)
	}
	c := &club{members: map[string]member{}}
	h, err := reg.Handlers(registry.HandlerOptions{
		CallbackPath:       "/callback/{provider}",
		LoggedIn:           c.loggedIn,
		LoggedOut:          c.loggedOut,
		ProviderLogout:     c.providerLogout,
		LogoutCallbackPath: "/logout/{provider}",
		EndSessions:        c.endSessions,
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/login/{provider}", h.Login)
	mux.Handle("/callback/{provider}", h.Callback)
	mux.Handle("POST /logout", h.Logout)
	mux.Handle("/logout/{provider}", h.LogoutCallback)
	mux.Handle("/logout/{provider}/backchannel", h.BackChannelLogout)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "members: %q", c.member(r).user.Subject)
	})

	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	tell := func(r *http.Request, _ []*http.Request) error {
		fmt.Println("  to", r.URL.Path)
		return nil
	}
	browser := &http.Client{Jar: jar, CheckRedirect: tell}
	visit := func(method, path string) {
		fmt.Println(method, path)
		r, err := http.NewRequest(method, site.URL+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("Origin", site.URL) // a page of the site posts
		resp, err := browser.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", page)
	}
	visit("GET", "/login/company")
	visit("POST", "/logout")

	visit("GET", "/login/company")
	for _, m := range c.members {
		if err := provider.EndSession(context.Background(), m.sid); err != nil {
			log.Fatal(err)
		}
	}
	visit("GET", "/")
	fmt.Println("faults of the site:", provider.Faults())
	// Output:
	// GET /login/company
	//   to /authorize
	//   to /callback/company
	//   to /
	// members: "alice"
	// POST /logout
	//   to /end_session
	//   to /logout/company
	//   to /
	// members: ""
	// GET /login/company
	//   to /authorize
	//   to /callback/company
	//   to /
	// members: "alice"
	// GET /
	// members: ""
	// faults of the site: []
}
