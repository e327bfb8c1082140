package registry_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// visitSite has a new browser visit a URL, and returns where it ends and what it sees there.
func visitSite(url string) (path, page string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	resp, err := browser.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	return resp.Request.URL.RequestURI(), string(body)
}

// A login that the user cancels comes back as ErrAccessDenied, whatever the protocol. Here the
// site takes them back to where they came from; the default is a page that says so.
func Example_cancelled() {
	provider := oidctest.NewServer(oidctest.Options{EditResponse: func(params url.Values) {
		params.Del("code")
		params.Set("error", "access_denied") // the user says no
	}})
	defer provider.Close()
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()

	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: site.URL})
	if err != nil {
		log.Fatal(err)
	}
	_, err = reg.Register("demo", registry.Config{
		ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer()})
	if err != nil {
		log.Fatal(err)
	}
	h, err := reg.Handlers(registry.HandlerOptions{
		CallbackPath: "/callback/{provider}",
		LoggedIn: func(http.ResponseWriter, *http.Request, *registry.Login) error {
			return nil
		},
		Error: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, registry.ErrAccessDenied) {
				http.Redirect(w, r, "/?cancelled", http.StatusSeeOther)
				return
			}
			log.Print(err) // which has no secrets
			registry.ErrorPage(w, r, err)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("GET /login/{provider}", h.Login)
	mux.Handle("/callback/{provider}", h.Callback)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "Welcome")
	})

	fmt.Println(visitSite(site.URL + "/login/demo"))
	// Output: /?cancelled Welcome
}

// Sessions are those of an application.
type sessions struct {
	mu     sync.Mutex
	userOf map[string]string // by the ID that the browser has
}

const sessionCookie = "session" // on a site with https: "__Host-session", and Secure

func (s *sessions) user(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.userOf[cookie.Value]
}

// begin begins a new session under a new ID, and drops the one from before: whoever planted
// that in the browser would be logged in too.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, login *registry.Login) error {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, err := r.Cookie(sessionCookie); err == nil {
		delete(s.userOf, old.Value)
	}
	s.userOf[id] = login.Identity.Subject
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}

func (s *sessions) end(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, err := r.Cookie(sessionCookie); err == nil {
		delete(s.userOf, old.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1})
	return nil
}

// newApp is an application: one that is tested below.
func newApp(base string, config registry.Config) http.Handler {
	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: base})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := reg.Register("company", config); err != nil {
		log.Fatal(err)
	}
	s := &sessions{userOf: map[string]string{}}
	h, err := reg.Handlers(registry.HandlerOptions{
		CallbackPath: "/callback/{provider}",
		User:         s.user,
		LoggedIn:     s.begin,
		LoggedOut:    s.end,
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /login/{provider}", h.Login)
	mux.Handle("/callback/{provider}", h.Callback)
	mux.Handle("POST /logout", h.Logout)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello, %s", s.user(r))
	})
	return mux
}

// serveApp serves the application beside a provider and visits its login.
func serveApp(o oidctest.Options) (page string) {
	provider := oidctest.NewServer(o)
	defer provider.Close()
	site := httptest.NewUnstartedServer(nil)
	site.Config.Handler = newApp("http://"+site.Listener.Addr().String(), registry.Config{
		ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer()})
	site.Start()
	defer site.Close()
	_, page = visitSite(site.URL + "/login/company")
	return page
}

// A login begins a new session of the application, under a new ID.
func Example_newSession() {
	fmt.Println(serveApp(oidctest.Options{}))
	// Output: Hello, alice
}

// One's own login is tested with a provider of package oidctest: with the user that the test
// needs, and with what no provider should do.
func Example_testYourLogin() {
	page := serveApp(oidctest.Options{
		Users: []oidctest.User{{Subject: "bob", Name: "Bob Example"}},
	})
	fmt.Println(page)

	page = serveApp(oidctest.Options{EditIDToken: func(claims map[string]any) {
		claims["aud"] = "another application"
	}})
	fmt.Println(strings.Contains(page, "The login did not work"))
	// Output:
	// Hello, bob
	// true
}

// A tokenTable is a table of an application's own: a row for each user and client.
type tokenTable struct {
	mu   sync.Mutex
	rows map[[2]string]string // JSON, by user and client; in production sealed, see package sqlstore
}

type currentUser struct{}

// fetch is Options.FetchToken: the user travels in the context of the request.
func (t *tokenTable) fetch(ctx context.Context, name string) (registry.Token, error) {
	user, _ := ctx.Value(currentUser{}).(string)
	t.mu.Lock()
	row, ok := t.rows[[2]string{user, name}]
	t.mu.Unlock()
	if !ok {
		return registry.Token{}, nil // there is none: the user must log in
	}
	var r registry.Record
	if err := json.Unmarshal([]byte(row), &r); err != nil {
		return registry.Token{}, err
	}
	return registry.FromRecord(r)
}

// save stores a token, after a login.
func (t *tokenTable) save(user, name string, tok registry.Token) error {
	row, err := json.Marshal(tok.Record())
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[[2]string{user, name}] = string(row)
	return nil
}

// update is Options.UpdateToken: it stores what a token was refreshed into.
func (t *tokenTable) update(ctx context.Context, u registry.TokenUpdate) error {
	user, _ := ctx.Value(currentUser{}).(string)
	return t.save(user, u.Name, u.New)
}

// Calls find the user's token in a table of the application's own, and store it there when it
// was refreshed: Authlib's fetch_token and update_token.
func Example_tokenTable() {
	provider := oidctest.NewServer(oidctest.Options{TokenLife: time.Minute})
	defer provider.Close()
	table := &tokenTable{rows: map[[2]string]string{}}
	reg, err := registry.New(registry.Options{
		EphemeralKey: true, FetchToken: table.fetch, UpdateToken: table.update})
	if err != nil {
		log.Fatal(err)
	}
	company, err := reg.Register("company", registry.Config{
		ClientID: "client", ClientSecret: "secret",
		Issuer: provider.Issuer(), APIBaseURL: provider.Issuer()})
	if err != nil {
		log.Fatal(err)
	}

	// A handler behind a middleware that knows whose session it is.
	handler := func(w http.ResponseWriter, r *http.Request) {
		resp, err := company.Get(r.Context(), "me")
		if errors.Is(err, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired}) {
			fmt.Println("log in first")
			return
		}
		var me struct{ Name string }
		if err == nil {
			err = registry.DecodeJSON(resp, &me)
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(me.Name)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), currentUser{}, "42"))

	handler(httptest.NewRecorder(), r)
	if err := table.save("42", "company", firstToken(company)); err != nil {
		log.Fatal(err)
	}
	handler(httptest.NewRecorder(), r)
	// Output:
	// log in first
	// Alice Example
}

// firstToken logs in once and returns the token.
func firstToken(client *registry.Client) (tok registry.Token) {
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		if err := client.AuthorizeRedirect(w, r, site.URL+"/callback"); err != nil {
			log.Fatal(err)
		}
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		login, err := client.AuthorizeAccessToken(w, r)
		if err != nil {
			log.Fatal(err)
		}
		tok = login.Token
	})
	visitSite(site.URL + "/login")
	return tok
}
