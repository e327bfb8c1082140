package interop

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	testClientID    = "vouchsafe"
	testSecret      = "a secret: with/signs+that%need&escaping"
	testRedirectURI = "http://127.0.0.1:9/callback"

	// RFC 7636, Appendix B.
	testChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// The peer and the browser have to work before vouchsafe is blamed.
func TestBrowserLogsInAtProvider(t *testing.T) {
	issuer := startProvider(t, testClientID, testSecret, testRedirectURI)
	tests := []struct {
		name      string
		change    url.Values // to a good request; nil removes
		wantError string
	}{
		{"good", url.Values{}, ""},
		{"more scopes", url.Values{"scope": {"openid profile email"}}, ""},
		{"no user interface", url.Values{"prompt": {"none"}}, "login_required"},
		{"no PKCE", url.Values{"code_challenge": nil, "code_challenge_method": nil}, "invalid_request"},
		{"plain PKCE", url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			query := authorizationRequest()
			maps.Copy(query, test.change)
			callback, err := logInWith(issuer, query)
			if err != nil {
				t.Fatal(err)
			}
			checkCallback(t, callback, issuer, test.wantError)
		})
	}
}

func authorizationRequest() url.Values {
	return url.Values{
		"response_type":         {"code"},
		"client_id":             {testClientID},
		"redirect_uri":          {testRedirectURI},
		"scope":                 {"openid"},
		"state":                 {"a state"},
		"nonce":                 {"a nonce"},
		"code_challenge":        {testChallenge},
		"code_challenge_method": {"S256"},
	}
}

func logInWith(issuer string, query url.Values) (*url.URL, error) {
	b := newBrowser("alice", query.Get("redirect_uri"))
	return b.logIn(issuer + "/auth?" + query.Encode())
}

// checkCallback wants a code if no error is wanted, else that error alone.
func checkCallback(t *testing.T, callback *url.URL, issuer, wantError string) {
	t.Helper()
	got := callback.Query()
	want := map[string]string{"state": "a state", "iss": issuer, "error": wantError}
	for name, value := range want {
		if got.Get(name) != value {
			t.Errorf("callback has %s=%q, want %q", name, got.Get(name), value)
		}
	}
	if got.Has("code") == got.Has("error") {
		t.Errorf("callback has a code: %t, an error: %t", got.Has("code"), got.Has("error"))
	}
}

// A redirect URI that is not the client's ends at the provider, on a page.
func TestProviderKeepsStrangersOut(t *testing.T) {
	issuer := startProvider(t, testClientID, testSecret, testRedirectURI)
	query := authorizationRequest()
	query.Set("redirect_uri", testRedirectURI+"/else")
	_, err := logInWith(issuer, query)
	if err == nil || !strings.Contains(err.Error(), "invalid_redirect_uri") {
		t.Errorf("got error %v, want invalid_redirect_uri", err)
	}
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
