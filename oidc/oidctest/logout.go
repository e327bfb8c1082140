package oidctest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/internal/webpage"
)

// A logout is a logout request that was found good.
type logout struct {
	sid    string // of the session that it ends, if there is one
	hinted bool   // an ID Token says that it is this one
	target string // where the browser goes then, if anywhere
}

// routeLogout adds the endpoints of logout to mux.
func (p *Provider) routeLogout(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("GET "+prefix+"/end_session", p.serveEndSession)
	mux.HandleFunc("POST "+prefix+"/end_session", p.serveEndSession)
	mux.HandleFunc("POST "+prefix+"/logout", p.serveLogout)
	mux.HandleFunc("GET "+prefix+"/check_session", p.serveCheckSession)
}

// logoutMetadata adds what the metadata says of logout.
func (p *Provider) logoutMetadata(metadata map[string]any) {
	metadata["end_session_endpoint"] = p.Endpoint("end_session")
	metadata["check_session_iframe"] = p.Endpoint("check_session")
	metadata["backchannel_logout_supported"] = true
	metadata["backchannel_logout_session_supported"] = true
	metadata["frontchannel_logout_supported"] = true
	metadata["frontchannel_logout_session_supported"] = true
}

// checkLogoutURIs is OpenID Connect Back-Channel Logout 1.0, Section 2.2, and OpenID Connect
// Front-Channel Logout 1.0, Section 2.
func (c Client) checkLogoutURIs() error {
	for _, uri := range []string{c.BackChannelLogoutURI, c.FrontChannelLogoutURI} {
		u, err := url.Parse(uri)
		if uri != "" && (err != nil || u.Host == "" || u.Scheme != "http" &&
			u.Scheme != "https" || strings.Contains(uri, "#")) {
			return errors.New("oidctest: a logout URI of a Client must be an http or https " +
				"URL without a fragment")
		}
	}
	front, _ := url.Parse(c.FrontChannelLogoutURI)
	same := func(uri string) bool {
		u, err := url.Parse(uri)
		return err == nil && origin(u) == origin(front)
	}
	if c.FrontChannelLogoutURI != "" && len(c.RedirectURIs) > 0 &&
		!slices.ContainsFunc(c.RedirectURIs, same) {
		return errors.New("oidctest: Client.FrontChannelLogoutURI must have the origin of " +
			"one of RedirectURIs")
	}
	return nil
}

// serveEndSession takes a logout request, OpenID Connect RP-Initiated Logout 1.0, Section 2.
// One with a fault sends the browser nowhere (Section 4). With the login form the user is
// asked, unless an ID Token says which session it is.
func (p *Provider) serveEndSession(w http.ResponseWriter, r *http.Request) {
	params, err := browserParams(w, r)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Method == http.MethodPost && media != "application/x-www-form-urlencoded" {
		p.refusePage(w, WrongContentType)
		return
	}
	l, fault := p.readLogout(params)
	switch {
	case fault != "":
		p.refusePage(w, fault)
	case p.options.LoginForm && !l.hinted:
		p.showLogout(w, l)
	default:
		p.logOut(w, r, l)
	}
}

// readLogout reads a logout request. The languages that it asks for are ignored, and so is a
// state that goes nowhere.
func (p *Provider) readLogout(params url.Values) (logout, Fault) {
	if repeated(params) {
		return logout{}, RepeatedParameter
	}
	id, h := params.Get("client_id"), hint{}
	if idToken := params.Get("id_token_hint"); idToken != "" {
		client, ok := p.client(audienceOf(idToken))
		if ok {
			h, ok = p.readHint(idToken, client)
		}
		if !ok {
			return logout{}, WrongIDTokenHint
		}
		if id != "" && id != client.ID {
			return logout{}, OtherClientID
		}
		id = client.ID
	}
	client, ok := p.client(id)
	if !ok && id != "" {
		return logout{}, UnknownClient
	}
	target, ok := client.afterLogout(params.Get("post_logout_redirect_uri"), params.Get("state"))
	if !ok {
		return logout{}, WrongPostLogoutRedirectURI
	}
	sid := p.sessionOf(h, id, params.Get("logout_hint"))
	return logout{sid, h.Session != "" && h.Session == sid, target}, ""
}

// audienceOf returns the one client that an ID Token says it is for, before any of it is
// verified.
func audienceOf(idToken string) string {
	_, rest, _ := strings.Cut(idToken, ".")
	encoded, _, _ := strings.Cut(rest, ".")
	var claims struct {
		Audience string `json:"aud"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Audience
}

// afterLogout returns where the browser goes after the logout, OpenID Connect RP-Initiated
// Logout 1.0, Section 3: nowhere if nothing is asked for, or nobody known asks.
func (c Client) afterLogout(uri, state string) (target string, ok bool) {
	if uri == "" {
		return "", true
	}
	u, err := url.Parse(uri)
	if err != nil || c.ID == "" || !isOneOf(c.PostLogoutRedirectURIs, uri) {
		return "", false
	}
	if state == "" {
		return uri, true
	}
	return withQuery(u, url.Values{"state": {state}}), true
}

// withQuery adds parameters to the query of a URI, which stays as it is.
func withQuery(u *url.URL, params url.Values) string {
	longer := *u
	longer.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+params.Encode(), "&")
	return longer.String()
}

// sessionOf returns the session that a logout request is about: the one that the ID Token
// names, or otherwise that of the last login that the request can mean. logout_hint may be
// the name or the email of a user, or a session.
func (p *Provider) sessionOf(h hint, clientID, logoutHint string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range slices.Backward(p.sessions) {
		if (h.Session == "" || h.Session == s.id) &&
			(h.Subject == "" || h.Subject == s.user.Subject) &&
			(clientID == "" || s.has(clientID)) &&
			(logoutHint == "" || logoutHint == s.id || s.user.is(logoutHint)) {
			return s.id
		}
	}
	return ""
}

// showLogout asks the user whether to log out, OpenID Connect RP-Initiated Logout 1.0,
// Section 2.
func (p *Provider) showLogout(w http.ResponseWriter, l logout) {
	id := rand.Text()
	p.mu.Lock()
	p.logouts[id] = l
	p.mu.Unlock()
	webpage.Logout{
		Provider: p.options.Name, Action: p.Endpoint("logout"), Request: id}.Serve(w)
}

// serveLogout takes the user's answer. Each form is good once.
func (p *Provider) serveLogout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	id := r.PostFormValue("request")
	p.mu.Lock()
	l, ok := p.logouts[id]
	delete(p.logouts, id)
	p.mu.Unlock()
	switch {
	case !ok:
		p.refusePage(w, UnknownLogin)
	case r.PostFormValue("action") == "deny":
		p.refuse(UserDenied)
		webpage.Note{Title: "Still logged in", Text: "Nothing was changed."}.Serve(w,
			http.StatusOK)
	default:
		p.logOut(w, r, l)
	}
}

// logOut ends a session, and tells its clients of it before the browser goes on. That none
// is left to be ended is no fault (OpenID Connect RP-Initiated Logout 1.0, Section 4).
func (p *Provider) logOut(w http.ResponseWriter, r *http.Request, l logout) {
	var frames []string
	if s := p.takeSession(l.sid); s != nil {
		if err := p.tellClients(context.WithoutCancel(r.Context()), s); err != nil {
			http.Error(w, "the logout token cannot be signed", http.StatusInternalServerError)
			return
		}
		frames = p.frames(s)
	}
	p.forgetBrowserState(w)
	switch {
	case len(frames) > 0:
		serveFrames(w, frames, l.target)
	case l.target != "":
		http.Redirect(w, r, l.target, http.StatusSeeOther)
	default:
		webpage.Note{Title: "Logged out", Text: "You are logged out."}.Serve(w, http.StatusOK)
	}
}

// frames are the logout URIs of a session's clients, OpenID Connect Front-Channel Logout 1.0,
// Section 2.
func (p *Provider) frames(s *session) []string {
	var frames []string
	for _, c := range s.clients() {
		u, err := url.Parse(c.FrontChannelLogoutURI)
		if err == nil && c.FrontChannelLogoutURI != "" {
			params := url.Values{"iss": {p.Issuer()}, "sid": {s.id}}
			frames = append(frames, withQuery(u, params))
		}
	}
	return frames
}

// goOnScript runs when all frames are loaded, or have failed to.
const goOnScript = `addEventListener("load", () => {
  const link = document.querySelector("a");
  if (link) location.replace(link.href);
})`

var framesPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Logged out</title>
<h1>You are logged out</h1>
{{range .Frames}}<iframe src="{{.}}" hidden></iframe>
{{end}}{{with .Target}}<p><a href="{{.}}">Continue</a></p>
<script>` + goOnScript + `</script>{{end}}
</html>
`))

// serveFrames has the browser tell the clients, OpenID Connect Front-Channel Logout 1.0,
// Section 3, and then go on to target, if there is one.
func serveFrames(w http.ResponseWriter, frames []string, target string) {
	webpage.Protect(w.Header(), "frame-src http: https:; script-src", goOnScript)
	framesPage.Execute(w, struct {
		Frames []string
		Target template.URL // one that the client registered, of whatever scheme
	}{frames, template.URL(target)})
}
