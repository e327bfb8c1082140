package oidctest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/oidc/oidctest"
)

// A device is what came of a device authorization request.
type device struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// device begins a login on a device.
func (w walk) device(scope string) (d device) {
	w.t.Helper()
	a := w.do("POST", w.Endpoint("device_authorization"), url.Values{"scope": {scope}},
		basic("client", "secret"))
	err := json.Unmarshal([]byte(a.body), &d)
	if err != nil || a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		w.t.Fatalf("no device code: %+v", a)
	}
	return d
}

// enter enters a user code on the page.
func (w walk) enter(userCode string) answer {
	w.t.Helper()
	return w.do("POST", w.Endpoint("device"), url.Values{"user_code": {userCode}}, nil)
}

func pollForm(deviceCode string) url.Values {
	return url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
		"device_code": {deviceCode}}
}

// poll asks for the token of a device.
func (w walk) poll(deviceCode string) answer {
	w.t.Helper()
	return w.token(pollForm(deviceCode))
}

// A login on another device, without a form and without a fault.
func TestDevice(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{Now: func() time.Time { return now },
		Users: []oidctest.User{{Subject: "alice"}, {Subject: "bob"}}})
	d := w.device("openid read")
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).
		MatchString(d.UserCode) || len(d.DeviceCode) < 26 ||
		d.URI != w.Endpoint("device") || d.Complete != d.URI+"?user_code="+d.UserCode ||
		d.ExpiresIn != 600 || d.Interval != 5 {
		t.Errorf("answer is %+v", d)
	}
	if a := w.poll(d.DeviceCode); a.status != 400 || a.error != "authorization_pending" {
		t.Errorf("before the user came: %+v", a)
	}
	entry := w.do("GET", d.URI, nil, nil)
	for _, want := range []string{`<form method="post" action="` + d.URI + `"`,
		`<input name="user_code"`} {
		if entry.status != 200 || !strings.Contains(entry.body, want) {
			t.Errorf("page has no %s: %+v", want, entry)
		}
	}
	if got := entry.header.Get("Content-Security-Policy"); !strings.HasPrefix(got,
		"default-src 'none'") || entry.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("header is %v", entry.header)
	}
	done := w.do("GET", d.Complete, nil, nil)
	if done.status != 200 || !strings.Contains(done.body, "<h1>Device connected</h1>") {
		t.Errorf("page is %+v", done)
	}
	g := w.read(w.poll(d.DeviceCode))
	claims := w.claims(g.IDToken, "RS256", nil)
	if g.Scope != "openid read" || g.RefreshToken == "" || claims["sub"] != "alice" ||
		claims["auth_time"] != float64(now.Unix()) {
		t.Errorf("token is %+v, claims %v", g, claims)
	}
	w.read(w.token(refreshForm(g.RefreshToken)))
	if faults := w.Faults(); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
}

// No two devices have the same codes.
func TestDeviceCodes(t *testing.T) {
	w := start(t, oidctest.Options{})
	a, b := w.device("read"), w.device("read")
	if a.UserCode == b.UserCode || a.DeviceCode == b.DeviceCode {
		t.Errorf("codes are %+v and %+v", a, b)
	}
	w.enter(b.UserCode)
	if got := w.poll(a.DeviceCode); got.error != "authorization_pending" {
		t.Errorf("the other device was let in: %+v", got)
	}
	w.read(w.poll(b.DeviceCode))
}

// RFC 8628, Section 6.1.
func TestUserCodeAsEntered(t *testing.T) {
	w := start(t, oidctest.Options{})
	for name, change := range map[string]func(string) string{
		"as it is":       func(s string) string { return s },
		"lower case":     strings.ToLower,
		"without dash":   func(s string) string { return strings.ReplaceAll(s, "-", "") },
		"dash elsewhere": func(s string) string { return s[:2] + "-" + s[2:4] + s[5:] },
		"spaces":         func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
		"digits beside":  func(s string) string { return "1" + s + "é0" },
	} {
		t.Run(name, func(t *testing.T) {
			d := w.device("read")
			if a := w.enter(change(d.UserCode)); a.status != 200 {
				t.Errorf("answer is %+v", a)
			}
			w.read(w.poll(d.DeviceCode))
		})
	}
}

// A form that is too long has no code.
func TestLongUserCode(t *testing.T) {
	w := start(t, oidctest.Options{})
	d := w.device("read")
	if a := w.enter(d.UserCode + strings.Repeat("-", 64<<10)); a.status != 200 ||
		!strings.Contains(a.body, "<form ") {
		t.Errorf("page is %+v", a)
	}
	if a := w.poll(d.DeviceCode); a.error != "authorization_pending" {
		t.Errorf("device got %+v", a)
	}
	if a := w.enter(d.UserCode + strings.Repeat("-", 63<<10)); a.status != 200 {
		t.Errorf("page is %+v", a)
	}
	w.read(w.poll(d.DeviceCode))
}

// With the form, the user sees the code, and logs in or denies.
func TestDeviceForm(t *testing.T) {
	for action, want := range map[string]struct {
		title  string
		code   string
		faults []oidctest.Fault
	}{
		"allow": {"Device connected", "", []oidctest.Fault{oidctest.WrongPassword}},
		"deny": {"Device refused", "access_denied",
			[]oidctest.Fault{oidctest.WrongPassword, oidctest.UserDenied}},
	} {
		t.Run(action, func(t *testing.T) {
			w := start(t, oidctest.Options{LoginForm: true,
				Users: []oidctest.User{{Subject: "alice"}, {Subject: "bob", Password: "password"}}})
			d := w.device("openid")
			first := w.enter(strings.ToLower(d.UserCode))
			form := credentials(first.body, "bob", "wrong")
			again := w.do("POST", w.Endpoint("login"), form, nil)
			for _, a := range []answer{first, again} {
				if !strings.Contains(a.body, "<strong>client with the code "+d.UserCode+"<") {
					t.Errorf("form is %+v", a)
				}
			}
			if a := w.poll(d.DeviceCode); a.error != "authorization_pending" {
				t.Errorf("before the user answered: %+v", a)
			}
			form = credentials(again.body, "bob", "password")
			form.Set("action", action)
			a := w.do("POST", w.Endpoint("login"), form, nil)
			if a.status != 200 || a.location != nil ||
				!strings.Contains(a.body, "<h1>"+want.title+"</h1>") {
				t.Errorf("page is %+v", a)
			}
			a = w.poll(d.DeviceCode)
			if a.error != want.code {
				t.Errorf("device got %+v", a)
			}
			if want.code == "" && w.claims(w.read(a).IDToken, "RS256", nil)["sub"] != "bob" {
				t.Error("device was let in by another user")
			}
			if got := w.Faults(); !slices.Equal(got, want.faults) {
				t.Errorf("faults %q, want %q", got, want.faults)
			}
			if a := w.poll(d.DeviceCode); a.description != "reused_device_code" {
				t.Errorf("the device asks on: %+v", a)
			}
		})
	}
}

// Of two forms for a device, the first one answered counts.
func TestTwoDeviceForms(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	d := w.device("openid")
	one, two := w.enter(d.UserCode), w.enter(d.UserCode)
	deny := credentials(one.body, "alice", "password")
	deny.Set("action", "deny")
	w.do("POST", w.Endpoint("login"), deny, nil)
	a := w.do("POST", w.Endpoint("login"), credentials(two.body, "alice", "password"), nil)
	if a.status != 400 || a.description != "unknown_user_code" {
		t.Errorf("answer is %+v", a)
	}
	if a := w.poll(d.DeviceCode); a.error != "access_denied" || a.description !=
		"denied_by_the_user" {
		t.Errorf("device got %+v", a)
	}
}

// RFC 8628, Section 3.5: each slow_down adds 5 seconds, to stay. The first question
// may come at once.
func TestPolling(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{Now: func() time.Time { return now }})
	d := w.device("openid")
	for i, step := range []struct {
		after time.Duration
		want  string
	}{
		{0, "authorization_pending"},
		{5 * time.Second, "authorization_pending"},
		{5*time.Second - 1, "slow_down"},
		{10 * time.Second, "authorization_pending"},
		{10*time.Second - 1, "slow_down"},
		{15*time.Second - 1, "slow_down"},
		{20 * time.Second, "authorization_pending"},
	} {
		now = now.Add(step.after)
		if a := w.poll(d.DeviceCode); a.error != step.want || a.status != 400 {
			t.Errorf("question %d: %+v, want %s", i, a, step.want)
		}
	}
	w.enter(d.UserCode)
	w.read(w.poll(d.DeviceCode)) // not pending, so not slowed down
	want := slices.Repeat([]oidctest.Fault{oidctest.PolledTooFast}, 3)
	if got := w.Faults(); !slices.Equal(got, want) {
		t.Errorf("faults %q, want %q", got, want)
	}
}

// The interval is told in seconds, rounded up, and kept to the nanosecond.
func TestDeviceInterval(t *testing.T) {
	for interval, told := range map[time.Duration]int{
		1: 1, time.Second: 1, time.Second + 1: 2, 7 * time.Second: 7,
	} {
		t.Run(interval.String(), func(t *testing.T) {
			now := time.Now()
			w := start(t, oidctest.Options{
				DeviceInterval: interval, Now: func() time.Time { return now }})
			d := w.device("openid")
			if d.Interval != told {
				t.Errorf("interval is %d, want %d", d.Interval, told)
			}
			w.poll(d.DeviceCode)
			now = now.Add(interval)
			if a := w.poll(d.DeviceCode); a.error != "authorization_pending" {
				t.Errorf("in time: %+v", a)
			}
			now = now.Add(interval - 1)
			if a := w.poll(d.DeviceCode); a.error != "slow_down" {
				t.Errorf("too fast: %+v", a)
			}
		})
	}
}

// The codes live ten minutes, for the user and for the device.
func TestDeviceLife(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{LoginForm: true, Now: func() time.Time { return now }})
	approve := func(form answer) answer {
		return w.do("POST", w.Endpoint("login"), credentials(form.body, "alice", "password"), nil)
	}
	early, late, never := w.device("read"), w.device("read"), w.device("read")
	forms := []answer{w.enter(early.UserCode), w.enter(late.UserCode), w.enter(never.UserCode)}
	now = now.Add(10*time.Minute - 1)
	w.enter(early.UserCode) // still known
	approve(forms[0])
	approve(forms[1])
	w.read(w.poll(early.DeviceCode))
	now = now.Add(1)
	for _, a := range []answer{approve(forms[2]), w.enter(never.UserCode)} {
		if a.status != 400 || a.description != "unknown_user_code" {
			t.Errorf("answered too late: %+v", a)
		}
	}
	for _, d := range []device{late, never} {
		if a := w.poll(d.DeviceCode); a.status != 400 || a.error != "expired_token" ||
			a.description != "expired_device_code" {
			t.Errorf("asked too late: %+v", a)
		}
		if a := w.poll(d.DeviceCode); a.description != "reused_device_code" {
			t.Errorf("asks on: %+v", a)
		}
	}
}

// A public client names itself, RFC 8628, Section 3.1.
func TestPublicDevice(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "tv"}}})
	a := w.do("POST", w.Endpoint("device_authorization"), url.Values{"client_id": {"tv"}}, nil)
	var d device
	if err := json.Unmarshal([]byte(a.body), &d); err != nil || a.status != 200 {
		t.Fatalf("answer is %+v", a)
	}
	w.enter(d.UserCode)
	form := pollForm(d.DeviceCode)
	form.Set("client_id", "tv")
	if g := w.read(w.do("POST", w.Endpoint("token"), form, nil)); g.Scope != "" || g.IDToken != "" {
		t.Errorf("token is %+v", g)
	}
}

// Mounted below a path, the page is below it too, as is the rest.
func TestMountedDevice(t *testing.T) {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	p, err := oidctest.New(oidctest.Options{BaseURL: s.URL + "/op"})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/op/", p)
	w := walk{t, p}
	d := w.device("read")
	if a := w.do("GET", d.Complete, nil, nil); d.URI != s.URL+"/op/device" || a.status != 200 {
		t.Errorf("%s answers %+v", d.URI, a)
	}
	g := w.read(w.poll(d.DeviceCode))
	if a := w.revoke(g.AccessToken); a.status != 200 {
		t.Errorf("revocation endpoint answers %+v", a)
	}
}
