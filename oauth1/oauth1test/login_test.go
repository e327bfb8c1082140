package oauth1test_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

const evil = `"><script>alert(1)</script>`

var formOptions = oauth1test.Options{
	LoginForm: true,
	Clients:   []oauth1test.Client{{ID: "client", Secret: "secret"}},
	Users: []oauth1test.User{
		{ID: "alice", Password: "password"},
		{ID: "bob", Name: "Bob", Email: "bob@example.com", Password: "secret of bob"},
		{ID: "nobody"},
	},
}

// submit sends the form for a temporary token and returns the status, the
// place redirected to, and the page.
func (w walk) submit(token string, fields url.Values) (int, string, string) {
	w.t.Helper()
	fields.Set("request", token)
	req, err := http.NewRequest("POST", w.server.URL+"/authorize?oauth_token="+token,
		strings.NewReader(fields.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := noRedirects.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func login(username, password string) url.Values {
	return url.Values{"username": {username}, "password": {password}}
}

func TestForm(t *testing.T) {
	server := oauth1test.NewServer(formOptions)
	defer server.Close()
	w := walk{t, server}
	token, secret := w.begin()

	for _, wrong := range []url.Values{
		{}, login("bob", ""), login("bob", "password"), login("", ""), login("nobody", ""),
		login("x", "password"),
	} {
		status, location, page := w.submit(token, wrong)
		if status != http.StatusForbidden || location != "" ||
			!strings.Contains(page, `role="alert"`) {
			t.Errorf("%v: status %d, location %q", wrong, status, location)
		}
	}

	status, location, _ := w.submit(token, login("bob", "secret of bob"))
	v := parse(t, location).Query()
	if status != http.StatusSeeOther || v.Get("oauth_token") != token || v.Has("denied") {
		t.Fatalf("status %d, location %s", status, location)
	}
	c := newCall("/access_token", oauth1.Param{Name: "oauth_token", Value: token},
		oauth1.Param{Name: "oauth_verifier", Value: v.Get("oauth_verifier")})
	c.tokenSecret = secret
	if user := w.form(c).Get("user_id"); user != "bob" {
		t.Errorf("token of %q", user)
	}
	if faults := server.Faults(); len(faults) != 0 {
		t.Errorf("faults %v: a wrong password is none", faults)
	}
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestDeny(t *testing.T) {
	server := oauth1test.NewServer(formOptions)
	defer server.Close()
	w := walk{t, server}
	token, secret := w.begin()
	status, location, _ := w.submit(token, url.Values{"action": {"deny"}})
	if want := callback + "&denied=" + token; status != http.StatusSeeOther || location != want {
		t.Errorf("status %d, location %s, want %s", status, location, want)
	}
	c := newCall("/access_token", oauth1.Param{Name: "oauth_token", Value: token},
		oauth1.Param{Name: "oauth_verifier", Value: "x"})
	c.tokenSecret = secret
	expect(t, server, c, oauth1test.NotApproved, 401, "permission_denied")
	status, _, _ = w.submit(token, login("alice", "password"))
	if status != http.StatusUnauthorized {
		t.Errorf("status %d after a second decision", status)
	}
}

func TestFormIsBounded(t *testing.T) {
	server := oauth1test.NewServer(formOptions)
	defer server.Close()
	w := walk{t, server}
	token, _ := w.begin()
	fields := login("alice", "password")
	fields.Set("a", strings.Repeat("a", 64<<10))
	if status, _, _ := w.submit(token, fields); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
}

// What is decided stays decided, and what was never asked cannot be.
func TestAuthorizeRefuses(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	defer server.Close()
	w := walk{t, server}
	approved, _ := w.begin()
	w.approve(approved)
	open, _ := w.begin()
	for _, tt := range []struct {
		name, query string
		want        oauth1test.Fault
		status      int
	}{
		{"no token", "", oauth1test.MissingParameter, 400},
		{"two tokens", "oauth_token=" + open + "&oauth_token=" + open,
			oauth1test.MissingParameter, 400},
		{"unknown token", "oauth_token=x", oauth1test.UnknownTemporaryToken, 401},
		{"approved before", "oauth_token=" + approved, oauth1test.UsedTemporaryToken, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(server.Faults())
			req, err := http.NewRequest("GET", server.URL+"/authorize?"+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			status, _ := do(t, req)
			got := server.Faults()[before:]
			if status != tt.status || len(got) != 1 || got[0] != tt.want {
				t.Errorf("status %d, faults %q; want %d, %q", status, got, tt.status, tt.want)
			}
		})
	}
}

// The page shows what others wrote, and runs none of it.
func TestPage(t *testing.T) {
	o := formOptions
	o.Clients = []oauth1test.Client{{ID: evil, Secret: "secret"}}
	server := oauth1test.NewServer(o)
	defer server.Close()
	w := walk{t, server}
	c := w.temporary()
	c.set("oauth_consumer_key", evil)
	token := w.form(c).Get("oauth_token")
	resp, err := http.Get(server.URL + "/authorize?oauth_token=" + token)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, resp.Header, string(page), "Test provider",
		`<label>Name <input name="username" value="alice"`,
		`action="`+server.Endpoint("authorize")+`"`, `name="request" value="`+token+`"`)
	_, _, again := w.submit(token, login(evil, evil))
	checkPage(t, resp.Header, again, `role="alert"`, "&#34;&gt;&lt;script&gt;")
}

func TestPageNamesTheProvider(t *testing.T) {
	o := formOptions
	o.Name = "Another <provider>"
	server := oauth1test.NewServer(o)
	defer server.Close()
	w := walk{t, server}
	token, _ := w.begin()
	_, _, page := w.submit(token, login("bob", "x"))
	if !strings.Contains(page, "Another &lt;provider&gt;") {
		t.Errorf("page %s", page)
	}
}

func checkPage(t *testing.T, h http.Header, page string, contains ...string) {
	t.Helper()
	for _, s := range contains {
		if !strings.Contains(page, s) {
			t.Errorf("page lacks %s", s)
		}
	}
	if strings.Contains(page, "<script") {
		t.Errorf("page has a script:\n%s", page)
	}
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	hash := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	policy := h.Get("Content-Security-Policy")
	if !strings.Contains(policy, hash) || !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("policy %s does not fit the page", policy)
	}
	if h.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", h.Get("Cache-Control"))
	}
}

// Without a callback the user carries the verifier, RFC 5849, Section 2.2.
func TestOutOfBand(t *testing.T) {
	server := oauth1test.NewServer(formOptions)
	defer server.Close()
	w := walk{t, server}
	begin := func() (string, string) {
		c := w.temporary()
		c.set("oauth_callback", "oob")
		v := w.form(c)
		return v.Get("oauth_token"), v.Get("oauth_token_secret")
	}
	token, secret := begin()
	status, location, page := w.submit(token, login("alice", "password"))
	_, rest, _ := strings.Cut(page, `<output aria-labelledby="text">`)
	verifier, _, found := strings.Cut(rest, "</output>")
	if status != http.StatusOK || location != "" || !found {
		t.Fatalf("status %d, page %s", status, page)
	}
	c := newCall("/access_token", oauth1.Param{Name: "oauth_token", Value: token},
		oauth1.Param{Name: "oauth_verifier", Value: verifier})
	c.tokenSecret = secret
	w.form(c)

	token, _ = begin()
	status, location, page = w.submit(token, url.Values{"action": {"deny"}})
	if status != http.StatusOK || location != "" || !strings.Contains(page, "You denied client") {
		t.Errorf("status %d, location %q, page %s", status, location, page)
	}
}
