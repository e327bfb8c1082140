package oidctest

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	backChannel  = "OpenID Connect Back-Channel Logout 1.0, Section "
	frontChannel = "OpenID Connect Front-Channel Logout 1.0, Section "
	rpInitiated  = "OpenID Connect RP-Initiated Logout 1.0, Section "
)

// logoutFaults are those of a logout that the client begins.
func logoutFaults() []Misbehavior {
	list := []Misbehavior{
		{Name: "good", Does: "comes back", Clause: rpInitiated + "3", Harmless: true,
			Modules: []string{module + "rp-init-logout"}},
		{Name: "with_another_state", Does: "comes back with the state of another",
			Clause: rpInitiated + "2", Optional: true,
			Modules: []string{module + "rp-init-logout-other-state"},
			bend:    at(location(with("state", "another")), atEndSession...)},
		{Name: "without_state", Does: "comes back without the state", Clause: rpInitiated + "2",
			Modules: []string{module + "rp-init-logout-no-state"}, Optional: true,
			bend: at(location(without("state")), atEndSession...)},
		{Name: "with_two_states", Does: "comes back with two states", Clause: rpInitiated + "2",
			Optional: true,
			bend: at(location(func(q url.Values) {
				q.Add("state", "another")
			}), atEndSession...)},
		{Name: "at_endpoint_with_client_id",
			Does:   "is asked for where another client is in the query",
			Clause: rpInitiated + "2.1", Optional: true,
			bend: inMetadata(func(p *Provider, m map[string]any) {
				m["end_session_endpoint"] = p.Endpoint("end_session") + "?client_id=stranger"
			})},
		{Name: "without_endpoint", Does: "cannot be asked for: there is no end_session_endpoint",
			Clause: rpInitiated + "2.1", Optional: true,
			bend: inMetadata(drop("end_session_endpoint"))},
	}
	name(list, "logout_", "a logout ")
	for i := range list {
		list[i].ask.Task = Logout
	}
	return list
}

// frontChannelFaults are those of what a frame asks for.
func frontChannelFaults() []Misbehavior {
	list := []Misbehavior{
		{Name: "good", Does: "says whose session has ended", Harmless: true, Modules: []string{
			module + "rp-frontchannel-rpinitlogout", module + "rp-frontchannel-opinitlogout"}},
		{Name: "of_another_issuer", Does: "is of another issuer", Optional: true,
			bend: inFrames(with("iss", stranger))},
		{Name: "without_iss", Does: "does not say of what issuer it is", Optional: true,
			bend: inFrames(without("iss"))},
		{Name: "without_sid", Does: "does not say what session has ended", Optional: true,
			bend: inFrames(without("sid"))},
		{Name: "with_two_sids", Does: "names two sessions", Optional: true,
			bend: inFrames(func(q url.Values) { q.Add("sid", "another") })},
	}
	name(list, "front_channel_logout_", "the frame ")
	for i := range list {
		list[i].Clause, list[i].ask.Task = frontChannel+"2", FrontChannelLogout
	}
	return list
}

// backChannelFaults are those of Logout Tokens, and of how they come.
func backChannelFaults() []Misbehavior {
	const modules = module + "rp-backchannel-rpinitlogout"
	event := func(name string) map[string]any { return map[string]any{name: map[string]any{}} }
	list := []Misbehavior{
		{Name: "good", Does: "says whose session has ended, and which", Clause: backChannel + "2.4",
			Harmless: true, Modules: []string{modules}},
		{Name: "without_sid", Does: "says whose sessions have ended", Clause: backChannel + "2.4",
			Harmless: true, bend: inLogoutToken(drop("sid"))},
		{Name: "without_sub", Does: "says which session has ended", Clause: backChannel + "2.4",
			Harmless: true, bend: inLogoutToken(drop("sub"))},
		{Name: "without_sub_and_sid", Does: "does not say what has ended",
			bend: inLogoutToken(drop("sub", "sid"))},
		{Name: "with_empty_sid", Does: "has an empty sid", bend: inLogoutToken(put("sid", ""))},
		{Name: "with_sid_as_number", Does: "has a sid that is a number",
			bend: inLogoutToken(put("sid", 7))},
		{Name: "with_long_sub", Does: "has a subject of 256 characters", Optional: true,
			bend: inLogoutToken(put("sub", strings.Repeat("a", 256)))},
		{Name: "of_another_issuer", Does: "is of another issuer",
			Modules: []string{modules + "-wrong-iss"},
			bend:    inLogoutToken(put("iss", stranger))},
		{Name: "without_iss", Does: "has no issuer", bend: inLogoutToken(drop("iss"))},
		{Name: "for_another_client", Does: "is for another client",
			Modules: []string{modules + "-wrong-aud"}, bend: inLogoutToken(put("aud", "stranger"))},
		{Name: "without_aud", Does: "is for nobody", bend: inLogoutToken(drop("aud"))},
		{Name: "for_a_stranger_too", Does: "is for a stranger too",
			bend: inLogoutToken(putAudience("stranger"))},
		{Name: "expired", Does: "has expired",
			bend: inLogoutToken(put("exp", fromNow(-10*time.Minute)))},
		{Name: "without_exp", Does: "never expires", bend: inLogoutToken(drop("exp"))},
		{Name: "without_iat", Does: "does not say when it was issued",
			bend: inLogoutToken(drop("iat"))},
		{Name: "of_next_week", Does: "will be issued in a week", Optional: true,
			bend: inLogoutToken(put("iat", week))},
		{Name: "without_jti", Does: "has no jti", bend: inLogoutToken(drop("jti"))},
		{Name: "without_events", Does: "does not say what happened",
			Modules: []string{modules + "-no-event"}, bend: inLogoutToken(drop("events"))},
		{Name: "of_another_event", Does: "says that something else happened",
			Modules: []string{modules + "-wrong-event"},
			bend:    inLogoutToken(put("events", event("https://stranger.example/event")))},
		{Name: "with_nonce", Does: "has a nonce, as an ID Token",
			Modules: []string{modules + "-with-nonce"},
			bend:    inLogoutToken(put("nonce", "nonce"))},
		{Name: "sent_twice", Does: "comes a second time", Optional: true,
			bend: sending(resent)},
		{Name: "missing", Does: "is not in the request", Clause: backChannel + "2.5",
			bend: inLogoutForm(func(_ *Provider, form url.Values) { form.Del("logout_token") })},
		{Name: "beside_another", Does: "is in the request twice", Clause: backChannel + "2.5",
			bend: inLogoutForm(func(_ *Provider, form url.Values) {
				form.Add("logout_token", form.Get("logout_token"))
			})},
		{Name: "sent_by_get", Does: "comes in a GET", Clause: backChannel + "2.5",
			bend: sending(func(p *Provider, req *http.Request, form url.Values) *http.Request {
				p.mark()
				req, err := http.NewRequestWithContext(req.Context(), http.MethodGet,
					req.URL.String()+"?"+form.Encode(), nil)
				return must(req, err)
			})},
	}
	name(list, "logout_token_", "the Logout Token ")
	for i := range list {
		if list[i].Clause == "" {
			list[i].Clause = backChannel + "2.6"
		}
	}
	for _, f := range forgeries() {
		list = append(list, Misbehavior{Name: "logout_token_" + f.name,
			Does: "the Logout Token " + f.does, Clause: f.clause, Harmless: f.is == harmless,
			Optional: f.is == optional,
			bend: inLogoutForm(func(p *Provider, form url.Values) {
				form.Set("logout_token", f.forge(p, form.Get("logout_token")))
			})})
	}
	for i := range list {
		switch list[i].ask.Task = BackChannelLogout; list[i].Name {
		case "logout_token_unsigned":
			list[i].Modules = []string{modules + "-alg-none"}
		case "logout_token_with_another_alg":
			list[i].Modules = []string{modules + "-wrong-alg"}
		}
	}
	return list
}

func without(name string) func(url.Values) {
	return func(query url.Values) { query.Del(name) }
}

// inLogoutToken edits the claims of every Logout Token.
func inLogoutToken(change edit) bend {
	return func(p *Provider) {
		p.options.EditLogoutToken = p.applied(change, p.options.EditLogoutToken)
	}
}

// A sender changes the requests that bring Logout Tokens.
type sender struct {
	provider *Provider
	next     http.RoundTripper
	change   func(p *Provider, req *http.Request, form url.Values) *http.Request
}

func (s sender) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	return s.next.RoundTrip(s.change(s.provider, formed(req, form), form))
}

// formed is req with another form.
func formed(req *http.Request, form url.Values) *http.Request {
	other := req.Clone(req.Context())
	text := form.Encode()
	other.Body, other.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return other
}

func sending(change func(*Provider, *http.Request, url.Values) *http.Request) bend {
	return func(p *Provider) {
		client := http.Client{}
		if p.options.HTTP != nil {
			client = *p.options.HTTP
		}
		next := client.Transport
		if next == nil {
			next = http.DefaultTransport
		}
		client.Transport = sender{p, next, change}
		p.options.HTTP = &client
	}
}

// inLogoutForm changes the form that brings a Logout Token.
func inLogoutForm(change func(p *Provider, form url.Values)) bend {
	return sending(func(p *Provider, req *http.Request, form url.Values) *http.Request {
		p.mark()
		change(p, form)
		return formed(req, form)
	})
}

// resent sends what it then has sent again.
func resent(p *Provider, req *http.Request, form url.Values) *http.Request {
	next := p.options.HTTP.Transport.(sender).next
	if resp, err := next.RoundTrip(req); err == nil {
		resp.Body.Close()
	}
	p.mark()
	return formed(req, form)
}

var (
	frameSource = regexp.MustCompile(`<iframe src="([^"]*)"`)
	goOnLink    = regexp.MustCompile(`<a href="([^"]*)"`)
)

// inFrames changes the queries of the frames on the page of a logout.
func inFrames(change func(query url.Values)) bend {
	return at(func(_ *Provider, a *answer) {
		a.body = frameSource.ReplaceAllStringFunc(a.body, func(frame string) string {
			u := must(url.Parse(html.UnescapeString(frameSource.FindStringSubmatch(frame)[1])))
			query := u.Query()
			change(query)
			u.RawQuery = query.Encode()
			return `<iframe src="` + html.EscapeString(u.String()) + `"`
		})
	}, atEndSession...)
}
