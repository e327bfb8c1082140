package oidctest

import (
	"crypto/rand"
	"net/http"

	"vouchsafe/internal/webpage"
)

// showLogin shows the form that approves or denies req. The user of a device is to
// compare the code (RFC 8628, Section 3.3.1).
func (p *Provider) showLogin(w http.ResponseWriter, req request, problem string) {
	id := rand.Text()
	p.mu.Lock()
	p.logins[id] = req
	p.mu.Unlock()
	client := req.client.ID
	if req.userCode != "" {
		client += " with the code " + req.userCode
	}
	username := p.users()[p.preselected(req)].Subject
	if req.create {
		username = ""
	}
	webpage.Login{
		Provider: p.options.Name,
		Client:   client,
		Action:   p.Endpoint("login"),
		Request:  id,
		Username: username,
		Create:   req.create,
		Problem:  problem,
	}.Serve(w)
}

// refusePage keeps a fault and shows it to the user, when it is not safe to send
// the browser back.
func (p *Provider) refusePage(w http.ResponseWriter, f Fault) {
	p.refuse(f)
	webpage.Note{
		Title: "Request refused",
		Text:  "The provider refused the request: " + string(f) + ".",
	}.Serve(w, http.StatusBadRequest)
}

// showEntry asks for the user code that a device shows.
func (p *Provider) showEntry(w http.ResponseWriter) {
	webpage.Entry{Provider: p.options.Name, Action: p.Endpoint("device")}.Serve(w)
}
