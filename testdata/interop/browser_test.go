package interop

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	maxHops = 20      // requests that one login may take
	maxPage = 1 << 16 // bytes of a page that are read
)

// A browser is a user with cookies and no JavaScript, who fills in the first
// form of every page with a login. Its client may be given another Transport,
// to trust a test server's certificate, and shares its cookies with logIn.
type browser struct {
	client      *http.Client
	login       string // typed into the form's field "login"
	button      string // pressed on every page, if it has a name; its value is yes
	redirectURI string // where the login ends; never requested
}

func newBrowser(login, redirectURI string) *browser {
	jar, _ := cookiejar.New(nil) // no error is possible
	client := &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: dontFollow}
	return &browser{client: client, login: login, redirectURI: redirectURI}
}

func dontFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// logIn begins at an authorization request's URL, or at one that redirects to
// it, and returns the URL at which the provider sends the browser back to the
// client, without requesting it.
func (b *browser) logIn(start string) (callback *url.URL, err error) {
	req, err := b.goBack(start)
	if err != nil {
		return nil, err
	}
	return req.URL, nil
}

// goBack is logIn, and returns the request itself: a GET, whose URL may have a
// fragment, or the POST of the provider's page.
func (b *browser) goBack(start string) (callback *http.Request, err error) {
	req, err := http.NewRequest("GET", start, nil)
	for range maxHops {
		if err != nil {
			return nil, err
		}
		if isCallback(req.URL, b.redirectURI) {
			return req, nil
		}
		req, err = b.next(req)
	}
	return nil, fmt.Errorf("still not back at the client after %d requests", maxHops)
}

// isCallback compares as RFC 6749, Section 3.1.2.3, would, but for what the
// provider adds. The redirect URI may have no query of its own.
func isCallback(u *url.URL, redirectURI string) bool {
	bare := *u
	bare.RawQuery, bare.ForceQuery, bare.Fragment = "", false, ""
	return bare.String() == redirectURI
}

// next sends a request and returns the one that its answer leads to.
func (b *browser) next(req *http.Request) (*http.Request, error) {
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusFound, http.StatusSeeOther:
		return redirected(resp)
	case http.StatusOK:
		return b.submit(req.URL, string(page))
	case http.StatusBadRequest: // as a page is that posts an error
		if formTag.Match(page) {
			return b.submit(req.URL, string(page))
		}
	}
	return nil, fmt.Errorf("%s %s: %s: %q", req.Method, req.URL.Path, resp.Status, page)
}

func redirected(resp *http.Response) (*http.Request, error) {
	location, err := resp.Location()
	if err != nil {
		return nil, err
	}
	return http.NewRequest("GET", location.String(), nil)
}

var (
	formTag   = regexp.MustCompile(`(?is)<form\b[^>]*>.*?</form>`)
	inputTag  = regexp.MustCompile(`(?is)<input\b[^>]*>`)
	attribute = regexp.MustCompile(`(?is)\s([a-z-]+)\s*=\s*"([^"]*)"`)
)

// submit returns the request made by filling in and sending a page's form.
func (b *browser) submit(page *url.URL, text string) (*http.Request, error) {
	form := formTag.FindString(text)
	if form == "" {
		return nil, errors.New(page.Path + ": a page without a form")
	}
	fields := url.Values{}
	for _, tag := range inputTag.FindAllString(form, -1) {
		input := attributes(tag)
		fields.Set(input["name"], input["value"])
	}
	if fields.Has("login") {
		fields.Set("login", b.login)
	}
	if b.button != "" {
		fields.Set(b.button, "yes")
	}
	open, _, _ := strings.Cut(form, ">")
	action, err := page.Parse(attributes(open)["action"])
	if err != nil {
		return nil, err
	}
	return post(action, fields)
}

func attributes(tag string) map[string]string {
	values := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		values[strings.ToLower(m[1])] = html.UnescapeString(m[2])
	}
	return values
}

func post(to *url.URL, fields url.Values) (*http.Request, error) {
	req, err := http.NewRequest("POST", to.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func TestBrowserGivesUp(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop", http.StatusFound)
	})
	mux.HandleFunc("/formless", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("<p>Hello"))
	})
	site := httptest.NewServer(mux)
	defer site.Close()
	tests := []struct{ path, want string }{
		{"/loop", "not back at the client after 20 requests"},
		{"/formless", "a page without a form"},
		{"/missing", "404 Not Found"},
	}
	for _, test := range tests {
		_, err := newBrowser("alice", testRedirectURI).logIn(site.URL + test.path)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", test.path, err, test.want)
		}
	}
}
