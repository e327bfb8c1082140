package oidctest

import (
	"crypto/rand"
	"net/http"

	"vouchsafe/internal/testpage"
)

// showLogin shows the form that approves or denies req.
func (p *Provider) showLogin(w http.ResponseWriter, req request, problem string) {
	id := rand.Text()
	p.mu.Lock()
	p.logins[id] = req
	p.mu.Unlock()
	testpage.Login{
		Provider: p.options.Name,
		Client:   req.client.ID,
		Action:   p.Endpoint("login"),
		Request:  id,
		Username: p.options.Users[0].Subject,
		Problem:  problem,
	}.Serve(w)
}

// refusePage keeps a fault and shows it to the user, when it is not safe to send
// the browser back.
func (p *Provider) refusePage(w http.ResponseWriter, f Fault) {
	p.refuse(f)
	testpage.Note{
		Title: "Request refused",
		Text:  "The provider refused the request: " + string(f) + ".",
	}.Serve(w, http.StatusBadRequest)
}
