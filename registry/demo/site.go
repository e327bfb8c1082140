package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

// A site is an application that people log in to.
type site struct {
	base      string
	providers []provider // in this process
	others    []provider // of -config and the environment
	leftOut   []string   // of those, and why
	registry  *registry.Registry
	sessions  *sessions
	tokens    *tokens
	now       func() time.Time
	handler   http.Handler // of the site, and of the providers in this process
}

// newSite makes the site at base, with the clients of a file beside its own if that is not
// nil. Tests have a clock of their own.
func newSite(base string, file []byte, now func() time.Time) (*site, error) {
	names, err := clientNames(file)
	if err != nil {
		return nil, err
	}
	s := &site{
		base:      base,
		providers: providers(base),
		sessions:  &sessions{byID: map[string]session{}},
		tokens:    &tokens{},
		now:       now,
	}
	s.registry, err = registry.New(registry.Options{
		EphemeralKey: true,
		BaseURL:      base,
		Config:       source(file),
		TokenStore:   s.tokens,
		Now:          now,
	})
	if err != nil {
		return nil, err
	}
	s.registry.OnTokenUpdate(s.refreshed)
	if err := s.register(names); err != nil {
		return nil, err
	}
	s.handler, err = s.routes()
	return s, err
}

// register registers the clients of the site's own providers, and those of a file.
func (s *site) register(others []string) error {
	for _, p := range s.providers {
		if _, err := s.registry.Register(p.Name, p.config); err != nil {
			return err
		}
	}
	return s.registerOthers(others)
}

func (s *site) routes() (http.Handler, error) {
	h, err := s.registry.Handlers(registry.HandlerOptions{
		CallbackPath: "/callback/{provider}",
		LoggedIn:     s.loggedIn,
		LoggedOut:    s.loggedOut,
		Home:         "/account",
		Error:        showError,

		ProviderLogout:     s.providerLogout,
		LogoutCallbackPath: "/logout/{provider}",
		EndSessions:        s.endSessions,
		// Without User, a callback that comes twice is seen to be refused.
	})
	if err != nil {
		return nil, err
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", s.home)
	pages.Handle("/login/{provider}", traced(s.remembered(h.Login)))
	pages.Handle("/callback/{provider}", traced(h.Callback))
	pages.Handle("/logout", h.Logout)
	pages.Handle("/logout/{provider}", h.LogoutCallback)
	pages.Handle("/logout/{provider}/backchannel", h.BackChannelLogout)
	pages.HandleFunc("GET /account", s.account)
	pages.HandleFunc("POST /call", s.call)
	pages.Handle("GET /page/style.css", http.FileServerFS(files))
	pages.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		showProblem(w, notFound)
	})
	mux := http.NewServeMux()
	mux.Handle("/", guard(s.base, pages))
	return mux, serveProviders(mux, s.base, s.now)
}

// remembered keeps whom a login begins with, and its checks, for the account page.
func (s *site) remembered(login http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, err := s.registry.Client(r.PathValue("provider")); err == nil {
			s.sessions.begin(w, r, client.Name(), checksOf(r))
		}
		login.ServeHTTP(w, r)
	})
}

// loggedIn begins the session of who has logged in, whichever the provider. What it has
// learned is on another page, which can be reloaded: a callback works once.
func (s *site) loggedIn(w http.ResponseWriter, r *http.Request, login *registry.Login) error {
	client := login.Client()
	a := s.newAccount(client)
	if login.IDToken != nil {
		a.session = login.IDToken.SessionID
	}
	if err := a.learn(r.Context(), login); err != nil {
		return err
	}
	if err := client.SaveToken(r.Context(), a.ID, login.Token); err != nil {
		return err
	}
	next := session{account: a}
	if a.Provider.API != "" {
		next.call = a.callAPI(r.Context(), a.Provider.API)
	}
	a.Completed = checksOf(r).list()
	if old := s.sessions.get(r); old.provider == client.Name() {
		a.Begun = old.begun.list()
	}
	return s.forget(r.Context(), s.sessions.replace(w, r, next))
}

// loggedOut ends the session here.
func (s *site) loggedOut(w http.ResponseWriter, r *http.Request) error {
	return s.forget(r.Context(), s.sessions.end(w, r))
}

// providerLogout has the providers of this process log the user out, too. Those of the world
// outside are left alone: they would have to know where the browser comes back to.
func (s *site) providerLogout(r *http.Request) (name string, o registry.LogoutOptions) {
	a := s.sessions.get(r).account
	if a == nil || a.Provider.real {
		return "", o
	}
	tok, err := s.tokens.Load(r.Context(), a.key())
	if err == nil && tok != nil {
		o.IDTokenHint = tok.IDToken()
	}
	return a.client.Name(), o
}

// endSessions ends sessions because a provider says that they have ended there.
func (s *site) endSessions(ctx context.Context, who oidc.Identity, sid string) error {
	return s.forget(ctx, s.sessions.endAt(func(a *account) bool {
		return a.Identity.Issuer == who.Issuer && (sid == "" || a.session == sid) &&
			(who.Subject == "" || a.Identity.Subject == who.Subject)
	}))
}

// forget removes the tokens of those whose sessions are gone.
func (s *site) forget(ctx context.Context, gone []*account) error {
	for _, a := range gone {
		if err := a.client.SaveToken(ctx, a.ID, registry.Token{}); err != nil {
			return err
		}
	}
	return nil
}

// newAccount returns an account of which nothing is known but the provider. An application
// that keeps accounts finds them by Login.Identity; in this one each login has its own.
func (s *site) newAccount(client *registry.Client) *account {
	a := &account{ID: rand.Text(), client: client}
	for _, p := range slices.Concat(s.providers, s.others) {
		if p.Name == client.Name() {
			a.Provider = p
		}
	}
	return a
}

// call calls the provider's API, and shows the answer on the account page. If the user says
// so, the provider ends the access token before.
func (s *site) call(w http.ResponseWriter, r *http.Request) {
	a := s.sessions.get(r).account
	if a == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		showProblem(w, notForm)
		return
	}
	var made call
	if r.PostForm.Get("end") != "" && a.Provider.Revokes {
		made.Err = s.endToken(r.Context(), a)
	}
	if made.Err == nil {
		made = a.callAPI(r.Context(), r.PostForm.Get("path"))
	}
	s.sessions.update(sessionID(r), func(to *session) { to.call = made })
	http.Redirect(w, r, "/account#token", http.StatusSeeOther)
}

// endToken has the provider end the access token, and it alone: RFC 7009.
func (s *site) endToken(ctx context.Context, a *account) error {
	tok, err := s.tokens.Load(ctx, a.key())
	if err != nil || tok == nil {
		return err
	}
	client, err := a.client.OAuth2(ctx)
	if err != nil {
		return err
	}
	return client.Revoke(ctx, tok, oauth2.HintAccessToken)
}

// refreshed hears of each token that has been refreshed.
func (s *site) refreshed(_ context.Context, u registry.TokenUpdate) {
	done := refresh{At: s.now(), Outcome: oauth2.OutcomeRefreshed}
	if u.New.OAuth2.RefreshToken() != u.Old.OAuth2.RefreshToken() {
		done.Outcome = oauth2.OutcomeRotated
	}
	s.sessions.refreshed(u.User, done)
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	show(w, http.StatusOK, "home", homePage{
		s.providers, s.others, password, s.base, s.sessions.get(r).account})
}

func (s *site) account(w http.ResponseWriter, r *http.Request) {
	known := s.sessions.get(r)
	if known.account == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	tok, err := s.tokens.Load(r.Context(), known.account.key())
	if err != nil {
		showError(w, r, err)
		return
	}
	show(w, http.StatusOK, "account", accountPage{
		known.account, known.call, known.refreshes, newTokenView(tok, s.now())})
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
