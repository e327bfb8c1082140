package oauth2

import (
	"net/http"
	"net/url"
	"testing"
)

func TestAuthenticationFor(t *testing.T) {
	for _, test := range []struct{ method, secret, want string }{
		{"", "", "none"},
		{"none", "", "none"},
		{"", "s", "client_secret_basic"},
		{"client_secret_basic", "s", "client_secret_basic"},
		{"client_secret_post", "s", "client_secret_post"},
		{"none", "s", ""},
		{"client_secret_basic", "", ""},
		{"client_secret_post", "", ""},
		{"private_key_jwt", "s", ""},
		{"Client_Secret_Basic", "s", ""},
		{"client_secret_jwt", "", ""},
	} {
		a, err := AuthenticationFor(test.method, Credentials{Secret: test.secret})
		if test.want == "" {
			if outcome(err) != "check client_authentication" || a != nil {
				t.Errorf("%q with secret %q: %v beside an error", test.method, test.secret, a)
			}
			continue
		}
		if err != nil || a.Method() != test.want {
			t.Errorf("%q with secret %q: %v, %v; want %s", test.method, test.secret, a, err,
				test.want)
		}
	}
}

// Only an empty method leaves the choice to the server's metadata.
func TestAuthenticationForIsKept(t *testing.T) {
	only := []string{"client_secret_post"}
	for method, want := range map[string]string{
		"": "client_secret_post", "client_secret_basic": "client_secret_basic",
	} {
		a, err := AuthenticationFor(method, Credentials{Secret: "s"})
		if err != nil {
			t.Fatal(err)
		}
		if got := choose(a, only).Method(); got != want {
			t.Errorf("%q becomes %s, want %s", method, got, want)
		}
	}
}

// RFC 8414, Section 2: metadata that lists no method means client_secret_basic.
func TestClientSecretIsChosen(t *testing.T) {
	for _, test := range []struct {
		supported []string
		want      string
	}{
		{nil, "client_secret_basic"},
		{[]string{}, "client_secret_basic"},
		{[]string{"client_secret_basic"}, "client_secret_basic"},
		{[]string{"client_secret_post"}, "client_secret_post"},
		{[]string{"client_secret_post", "client_secret_basic"}, "client_secret_basic"},
		{[]string{"private_key_jwt", "client_secret_post", "none"}, "client_secret_post"},
		{[]string{"none"}, "client_secret_basic"}, // metadata does not take the secret away
	} {
		if got := choose(ClientSecret("s"), test.supported).Method(); got != test.want {
			t.Errorf("%q: %s, want %s", test.supported, got, test.want)
		}
		for _, fixed := range []ClientAuthentication{ClientSecretBasic("s"), ClientSecretPost("s"),
			None()} {
			if got := choose(fixed, test.supported).Method(); got != fixed.Method() {
				t.Errorf("%q: %s becomes %s", test.supported, fixed.Method(), got)
			}
		}
	}
}

// Each method sends its own credentials and nothing else.
func TestAuthenticate(t *testing.T) {
	const basic = "Basic Y2xpZW50OnM=" // client:s
	for _, test := range []struct {
		auth         ClientAuthentication
		method, form string
		header       string
	}{
		{ClientSecretBasic("s"), "client_secret_basic", "", basic},
		{ClientSecret("s"), "client_secret_basic", "", basic},
		{ClientSecretPost("s"), "client_secret_post", "client_id=client&client_secret=s", ""},
		{None(), "none", "client_id=client", ""},
	} {
		req := &http.Request{Header: http.Header{}, PostForm: url.Values{}}
		c := newClient(t, configAt("https://as.example"))
		if err := test.auth.Authenticate(t.Context(), c, req); err != nil {
			t.Fatal(err)
		}
		header, form := req.Header, req.PostForm
		if test.auth.Method() != test.method || form.Encode() != test.form ||
			header.Get("Authorization") != test.header {
			t.Errorf("%s sends %v and %v", test.auth.Method(), header, form)
		}
	}
}
