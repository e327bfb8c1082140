package oidctest

import (
	"crypto/rand"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vouchsafe/internal/webpage"
)

// A device is one that waits for its user's answer, RFC 8628, Section 3.
type device struct {
	request
	until    time.Time // when its codes end
	interval time.Duration
	next     time.Time // when it may ask again
	grant    *grant    // if the user let it in
	denied   bool
	used     bool // its session has concluded
}

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	deviceLife  = 10 * time.Minute
	slowDown    = 5 * time.Second // the interval, and what each slow_down adds to it

	// stillPending is the answer to a device whose user has not answered. It is kept
	// nowhere: to ask is no fault.
	stillPending Fault = "authorization_pending"
)

// serveDeviceAuthorization serves RFC 8628, Section 3.1.
func (p *Provider) serveDeviceAuthorization(w http.ResponseWriter, r *http.Request) {
	client, fault := p.readForm(w, r)
	if fault != "" {
		p.refuseToken(w, fault)
		return
	}
	deviceCode, userCode := rand.Text(), newUserCode()
	d := &device{
		request: request{
			client:   client,
			scopes:   strings.Fields(r.PostForm.Get("scope")),
			userCode: userCode,
		},
		until:    p.options.Now().Add(deviceLife),
		interval: p.options.DeviceInterval,
	}
	p.mu.Lock()
	p.devices[deviceCode], p.pending[userCode] = d, d
	p.mu.Unlock()
	page := p.Endpoint("device")
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code":               deviceCode,
		"user_code":                 userCode,
		"verification_uri":          page,
		"verification_uri_complete": page + "?user_code=" + userCode,
		"expires_in":                int(deviceLife / time.Second),
		"interval":                  int((d.interval + time.Second - 1) / time.Second),
	})
}

// userCodeLetters make no words, and are easily told apart and typed (RFC 8628,
// Section 6.1).
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

func newUserCode() string {
	var letters strings.Builder
	for range 8 {
		// The reader of crypto/rand does not fail.
		i, _ := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		letters.WriteByte(userCodeLetters[i.Int64()])
	}
	return letters.String()[:4] + "-" + letters.String()[4:]
}

// readUserCode reads a user code as a user may enter it: in whatever case, and with
// whatever between the letters (RFC 8628, Section 6.1).
func readUserCode(entered string) string {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(userCodeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(entered))
	if len(letters) != 8 {
		return ""
	}
	return letters[:4] + "-" + letters[4:]
}

// serveDevice is the page where the user enters the user code, or comes with it, RFC
// 8628, Section 3.3.
func (p *Provider) serveDevice(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	entered := r.FormValue("user_code")
	if entered == "" {
		p.showEntry(w)
		return
	}
	p.mu.Lock()
	d := p.pendingDevice(readUserCode(entered))
	p.mu.Unlock()
	if d == nil {
		p.refusePage(w, UnknownUserCode)
		return
	}
	if p.options.LoginForm {
		p.showLogin(w, d.request, "")
		return
	}
	p.approve(w, r, d.request, p.users()[0])
}

// pendingDevice returns the device whose user may still answer, or nil. It needs p.mu.
func (p *Provider) pendingDevice(userCode string) *device {
	d := p.pending[userCode]
	if d == nil || !p.options.Now().Before(d.until) {
		return nil
	}
	return d
}

// decideDevice is the user's answer: a user lets the device in, nil does not. It is
// given once, however many forms there are.
func (p *Provider) decideDevice(w http.ResponseWriter, userCode string, user *User) {
	p.mu.Lock()
	d := p.pendingDevice(userCode)
	delete(p.pending, userCode)
	if d != nil && user != nil {
		d.grant = p.newGrant(d.request, *user)
	} else if d != nil {
		d.denied = true
	}
	p.mu.Unlock()
	if d == nil {
		p.refusePage(w, UnknownUserCode)
		return
	}
	note := webpage.Note{Title: "Device connected", Text: "Go back to your device."}
	if user == nil {
		note.Title = "Device refused"
	}
	note.Serve(w, http.StatusOK)
}

// redeemDevice answers a device that asks for its token, RFC 8628, Section 3.5. The
// last answer is given once: a client that asks on has not stopped where it must.
func (p *Provider) redeemDevice(client Client, form url.Values) (*grant, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Now()
	d := p.devices[form.Get("device_code")]
	switch {
	case d == nil || d.client.ID != client.ID:
		return nil, UnknownDeviceCode
	case d.used:
		return nil, ReusedDeviceCode
	case !now.Before(d.until):
		d.used = true
		return nil, ExpiredDeviceCode
	case d.grant == nil && !d.denied:
		return nil, d.wait(now)
	}
	d.used = true
	if d.denied {
		return nil, UserDenied
	}
	return d.grant, ""
}

// wait answers a device whose user has not answered.
func (d *device) wait(now time.Time) Fault {
	fault := stillPending
	if now.Before(d.next) {
		fault = PolledTooFast
		d.interval += slowDown
	}
	d.next = now.Add(d.interval)
	return fault
}
