package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"vouchsafe/registry"
)

// A site is an application that people log in to.
type site struct {
	providers []provider
	registry  *registry.Registry
	sessions  *sessions
}

// newSite returns the handler of the site at base, and of the providers there.
func newSite(base string) (http.Handler, error) {
	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: base})
	if err != nil {
		return nil, err
	}
	s := &site{providers(base), reg, &sessions{byID: map[string]session{}}}
	for _, p := range s.providers {
		if _, err := reg.Register(p.Name, p.config); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", guard(base, s.handler()))
	return mux, serveProviders(mux, base)
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /login/{provider}", s.login)
	mux.HandleFunc("GET /callback/{provider}", s.callback)
	mux.HandleFunc("GET /account", s.account)
	mux.HandleFunc("POST /logout", s.logout)
	mux.Handle("GET /page/style.css", http.FileServerFS(files))
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		showProblem(w, notFound)
	})
	return mux
}

// login begins a login, with whichever provider.
func (s *site) login(w http.ResponseWriter, r *http.Request) {
	client, err := s.registry.Client(r.PathValue("provider"))
	if err != nil {
		showProblem(w, notFound)
		return
	}
	begun := &checks{}
	s.sessions.replace(w, r, session{s.sessions.get(r).account, client.Name(), begun})
	r = r.WithContext(registry.WithTrace(r.Context(), begun.add))
	if err := client.AuthorizeRedirect(w, r, "/callback/"+client.Name()); err != nil {
		showProblem(w, explain(client.Name(), err, begun))
	}
}

// callback completes a login, with whichever provider. What it has learned is on
// another page, which can be reloaded: a callback works once.
func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	client, err := s.registry.Client(r.PathValue("provider"))
	if err != nil {
		showProblem(w, notFound)
		return
	}
	made := &checks{}
	r = r.WithContext(registry.WithTrace(r.Context(), made.add))
	a, err := s.complete(w, r, client)
	if err != nil {
		showProblem(w, explain(client.Name(), err, made))
		return
	}
	a.Completed = made.list()
	if old := s.sessions.get(r); old.provider == client.Name() {
		a.Begun = old.begun.list()
	}
	s.sessions.replace(w, r, session{account: a})
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// complete is a login from its callback on: the token, the user, an API call. An
// application that has more calls to make would keep login.Token.
func (s *site) complete(w http.ResponseWriter, r *http.Request, client *registry.Client,
) (*account, error) {
	login, err := client.AuthorizeAccessToken(w, r)
	if err != nil {
		return nil, err
	}
	user, err := client.UserInfo(r.Context(), login)
	if err != nil {
		return nil, err
	}
	a := &account{Identity: user.Identity, Name: user.Name}
	a.Email, a.Verified = user.Email()
	for _, p := range s.providers {
		if p.Name == client.Name() {
			a.Protocol = p.Title
			a.Call, err = callAPI(r.Context(), client.WithToken(login.Token), p.api)
			a.Call.Scheme = scheme(login.Token)
		}
	}
	return a, err
}

// maxAnswer is how much of an API's answer is shown, in bytes.
const maxAnswer = 64 << 10

// callAPI calls the provider's API with the token.
func callAPI(ctx context.Context, api *registry.BoundClient, ref string) (call, error) {
	resp, err := api.Get(ctx, ref)
	if err != nil {
		return call{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return call{}, errors.New("the answer of the API was cut short")
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") != nil {
		pretty.Write(body) // not JSON: as it came
	}
	sent := resp.Request
	return call{
		Method: sent.Method,
		URL:    sent.URL.String(),
		Status: resp.Status,
		Body:   pretty.String(),
	}, nil
}

// scheme returns what a token is sent with. What follows it is the token, or a signature:
// not for showing.
func scheme(t registry.Token) string {
	if t.OAuth1 != nil {
		return "OAuth"
	}
	return "Bearer"
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	show(w, http.StatusOK, "home", homePage{s.providers, password, s.sessions.get(r).account})
}

func (s *site) account(w http.ResponseWriter, r *http.Request) {
	a := s.sessions.get(r).account
	if a == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	show(w, http.StatusOK, "account", a)
}

// logout ends the session here. One that the provider has goes on.
func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// guard sets the headers that every page of the site has, refuses what other
// sites post, and leads who came by another name, such as localhost, to base:
// cookies belong to a name, and a callback would come without them.
func guard(base string, next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if "http://"+r.Host != base {
			http.Redirect(w, r, base+"/", http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}
