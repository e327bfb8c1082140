package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// A chromium is a real browser, driven as W3C WebDriver has it.
type chromium struct{ session string } // URL

// startChromium starts a driver and a browser with it, which end with the test. The browser
// takes any certificate, and has site.example on loopback.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	for _, name := range []string{"chromium", "chromedriver"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIP: %s is not installed; with it, run: make interop "+
				"(apt-get install -y --no-install-recommends chromium chromium-driver)", name)
		}
	}
	base := startDriver(t)
	var begun struct {
		Value struct{ SessionID string }
	}
	webDriver(t, "POST", base+"/session", map[string]any{"capabilities": map[string]any{
		"alwaysMatch": map[string]any{
			"browserName":         "chrome",
			"acceptInsecureCerts": true,
			"goog:chromeOptions": map[string]any{"args": []string{"--headless=new", "--no-sandbox",
				"--disable-gpu", "--disable-dev-shm-usage",
				"--host-resolver-rules=MAP site.example 127.0.0.1"}},
		},
	}}, &begun)
	c := &chromium{base + "/session/" + begun.Value.SessionID}
	t.Cleanup(func() { webDriver(t, "DELETE", c.session, nil, nil) })
	return c
}

var driverPort = regexp.MustCompile(`started successfully on port ([0-9]+)`)

// startDriver starts chromedriver on a free port and returns its URL.
func startDriver(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("chromedriver", "--port=0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	tooLate := time.AfterFunc(startLimit, func() { cmd.Process.Kill() })
	defer tooLate.Stop()
	said := make([]byte, 0, 4096)
	for {
		n, err := stdout.Read(said[len(said):cap(said)])
		said = said[:len(said)+n]
		if m := driverPort.FindSubmatch(said); m != nil {
			return "http://127.0.0.1:" + string(m[1])
		}
		if err != nil || len(said) == cap(said) {
			t.Fatalf("chromedriver does not start: %v\n%s", err, said)
		}
	}
}

// webDriver sends one command, also at the test's end, when its context is of no use.
func webDriver(t *testing.T, method, url string, body, answer any) {
	t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("chromedriver: %s %v: %s", resp.Status, err, said)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(said, answer); err != nil {
		t.Fatal(err)
	}
}

// open begins to load a page, and may return before a login that begins there is over.
func (c *chromium) open(t *testing.T, url string) {
	t.Helper()
	webDriver(t, "POST", c.session+"/url", map[string]any{"url": url}, nil)
}

// A visit is what a site saw of one login.
type visit struct {
	method  string // of the callback
	lax     bool   // whether a cookie came along that is SameSite=Lax
	special string // the value with signs that have to be escaped
	subject string
	err     error
	address string // that the browser shows in the end
}

// special is a value that each response has, beside the others.
const special = "a b+ü&=%41#\"'<>"

// A loginSite is an application with one login.
type loginSite struct {
	url     string
	client  *registry.Client
	visited chan visit // of a callback that is answered
	visits  chan visit // that are over
}

func newLoginSite(t *testing.T, https bool, responseType, mode string) *loginSite {
	t.Helper()
	s := &loginSite{visited: make(chan visit, 1), visits: make(chan visit, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("/callback", s.callback)
	mux.HandleFunc("POST /seen", s.seen)
	var server *httptest.Server
	if https { // another site than the provider's
		server = httptest.NewTLSServer(mux)
		s.url = strings.Replace(server.URL, "127.0.0.1", "site.example", 1)
	} else {
		server = httptest.NewServer(mux)
		s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	}
	t.Cleanup(server.Close)
	provider := oidctest.NewServer(oidctest.Options{
		Clients: []oidctest.Client{{
			ID: testClientID, Secret: testSecret, RedirectURIs: []string{s.url + "/callback"}}},
		EditResponse: func(v url.Values) { v.Set("special", special) },
	})
	t.Cleanup(provider.Close)
	s.client = registered(t, registry.Options{EphemeralKey: true, BaseURL: s.url}, registry.Config{
		ClientID:     testClientID,
		ClientSecret: testSecret,
		Issuer:       provider.Issuer(),
		Scopes:       []string{"openid"},
		ResponseType: responseType,
		ResponseMode: mode,
	})
	return s
}

func (s *loginSite) login(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: "lax", Value: "1", Path: "/callback", SameSite: http.SameSiteLaxMode})
	if err := s.client.AuthorizeRedirect(w, r, "/callback"); err != nil {
		s.visits <- visit{err: err}
	}
}

// callback answers with a page that tells where it is.
func (s *loginSite) callback(w http.ResponseWriter, r *http.Request) {
	if oauth2.RelayFragment(w, r) {
		return
	}
	_, err := r.Cookie("lax")
	v := visit{method: r.Method, lax: err == nil, special: specialOf(r)}
	login, err := s.client.AuthorizeAccessToken(w, r)
	if v.err = err; err == nil {
		v.subject = login.Identity.Subject
	}
	s.visited <- v
	io.WriteString(w, `<script>fetch("/seen", {method: "POST", body: location.href})</script>`)
}

// specialOf returns the special value and leaves r as it was.
func specialOf(r *http.Request) string {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxPage))
	r.Body = io.NopCloser(bytes.NewReader(body))
	params, _ := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	return params.Get("special")
}

func (s *loginSite) seen(w http.ResponseWriter, r *http.Request) {
	v := <-s.visited
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPage))
	v.address, v.err = string(body), errors.Join(v.err, err)
	s.visits <- v
}

// A fragment is posted by the site's own page, and cookies that are SameSite=Lax come along;
// what the provider's page posts comes with those alone that are SameSite=None, of https.
func TestChromiumBringsResponses(t *testing.T) {
	browser := startChromium(t)
	tests := []struct {
		https              bool
		responseType, mode string
		method             string
		lax                bool
	}{
		{false, "code", "", "GET", true},
		{false, "code", "jwt", "GET", true},
		{false, "id_token", "", "POST", true},
		{false, "code", "fragment", "POST", true},
		{false, "code id_token token", "fragment.jwt", "POST", true},
		{true, "id_token", "", "POST", true},
		{true, "code", "form_post", "POST", false},
		{true, "id_token", "form_post", "POST", false},
		{true, "code id_token", "form_post.jwt", "POST", false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.https, " ", test.responseType, " ", test.mode), func(t *testing.T) {
			site := newLoginSite(t, test.https, test.responseType, test.mode)
			browser.open(t, site.url+"/login")
			select {
			case got := <-site.visits:
				want := visit{test.method, test.lax, special, "alice", nil, site.url + "/callback"}
				if strings.HasSuffix(test.mode, "jwt") {
					want.special = "" // which is inside
				}
				if test.method == "GET" { // the response is in the query, and stays there
					got.address, _, _ = strings.Cut(got.address, "?")
				}
				if got != want {
					t.Errorf("the site saw %+v, want %+v", got, want)
				}
			case <-time.After(startLimit):
				t.Fatal("the browser does not come back")
			}
		})
	}
}
