package oauth1test

import (
	"cmp"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"time"
)

// A Misbehavior is one way in which a provider can misbehave, or in which a provider that
// conforms can surprise. Set [Options].Misbehave to its Name; [Suite] goes through all.
type Misbehavior struct {
	Name   string // lower case, digits and underscores
	Does   string // what the provider does, one short sentence
	Clause string // the clause it breaks, or that allows it

	// Harmless says that a client has to go through with it: it is allowed, or done by so
	// many. What is neither harmless nor optional a client has to refuse.
	Harmless bool

	// Optional says that a client may go through with it, or refuse.
	Optional bool

	task string // of the Suite, to come to it

	// What is done to the answer of a step that would have succeeded.
	step step
	edit func(p *Provider, r *request, a *answer)

	callback  func(v url.Values) // what is done to the parameters of a callback
	unguarded bool               // whoever has temporary credentials needs no verifier
	ending    string             // of tokens, secrets and verifiers
	skew      time.Duration      // what the provider's clock is ahead of Options.Now
	date      time.Duration      // what the Date header is ahead of the provider's clock
	mayFollow bool               // the client may send more requests after it
}

// A step is what a request is for.
type step string

const (
	stepTemporary step = "temporary"
	stepToken     step = "token"
	stepRenewal   step = "renewal"
	stepAPI       step = "api"
)

// An answer is a response that has not been sent.
type answer struct {
	status int
	header http.Header
	body   string
}

// misbehave changes the answer to r if the provider is to misbehave there. The caller
// holds p.mu.
func (p *Provider) misbehave(r *request, rec *httptest.ResponseRecorder) *answer {
	a := &answer{rec.Code, rec.Header(), rec.Body.String()}
	if m := p.misbehavior; m.edit != nil && m.step == r.step {
		m.edit(p, r, a)
		p.misbehaved = true
	}
	return a
}

func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	w.Write([]byte(a.body))
}

// follows notes that a request for path came after the provider misbehaved. Whoever asks
// for new temporary credentials begins again; all else names credentials.
func (p *Provider) follows(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.misbehaved && path != "/request_token" {
		p.after = append(p.after, path)
	}
}

// misbehaviorOf returns the one of that name, or none if it is empty.
func misbehaviorOf(name string) (Misbehavior, error) {
	if name == "" {
		return Misbehavior{}, nil
	}
	list := Misbehaviors()
	i := slices.IndexFunc(list, func(m Misbehavior) bool { return m.Name == name })
	if i < 0 {
		return Misbehavior{}, errors.New(
			"oauth1test: Options.Misbehave must be the name of one of Misbehaviors")
	}
	return list[i], nil
}

// Misbehaviors returns all there are, the harmless ones last.
func Misbehaviors() []Misbehavior {
	list := slices.Concat(
		temporaryFaults(), callbackFaults(),
		credentialFaults(stepTemporary, "", "temporary credentials", "RFC 5849, Section 2.1"),
		credentialFaults(stepToken, "", "a token", "RFC 5849, Section 2.3"),
		credentialFaults(stepRenewal, Renewal, "a renewed token", sessionClause),
		renewalFaults(), apiFaults(), optionalCredentials(),
		harmlessCredentials(), harmlessTokens(), harmlessClocks(),
	)
	for i := range list {
		list[i].task = cmp.Or(list[i].task, Login)
	}
	return list
}

const (
	sessionClause = "OAuth Session, Section 3"
	problemClause = "OAuth Problem Reporting"
	additional    = "OAuth Core 1.0a, Section 6.3.2" // "Additional parameters"
)

// form changes the form that an answer has.
func form(change func(v url.Values)) func(*Provider, *request, *answer) {
	return func(_ *Provider, _ *request, a *answer) {
		v, _ := url.ParseQuery(a.body) // which we wrote
		change(v)
		a.body = v.Encode()
	}
}

// text changes the body of an answer.
func text(change func(body string) string) func(*Provider, *request, *answer) {
	return func(_ *Provider, _ *request, a *answer) { a.body = change(a.body) }
}

func without(name string) func(url.Values) { return func(v url.Values) { v.Del(name) } }

func with(name, value string) func(url.Values) {
	return func(v url.Values) { v.Set(name, value) }
}

func twice(name, other string) func(url.Values) {
	return func(v url.Values) { v.Add(name, other) }
}

// problem refuses as the extension "OAuth Problem Reporting" has it.
func problem(name string) func(*Provider, *request, *answer) {
	return func(_ *Provider, _ *request, a *answer) {
		a.status = http.StatusUnauthorized
		a.header.Set("WWW-Authenticate", `OAuth realm="test", oauth_problem="`+name+`"`)
	}
}

// fail leaves the body as it is.
func fail(_ *Provider, _ *request, a *answer) { a.status = http.StatusInternalServerError }

// elsewhere redirects to another origin.
func elsewhere(p *Provider, r *request, a *answer) {
	a.redirect(p.elsewhere + "/" + string(r.step))
}

// redirect has a client send its request again, with its method and its body.
func (a *answer) redirect(to string) {
	a.status, a.body = http.StatusTemporaryRedirect, ""
	a.header.Set("Location", to)
}
