package oauth2

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

var errSeen = errors.New("the request was seen")

// Without PKCE neither request has any of it, and what was begun so ends with such a client
// alone.
func TestInsecureNoPKCE(t *testing.T) {
	var sent url.Values
	config := func(insecure bool) Config {
		server := AuthorizationServer{
			AuthorizationEndpoint: "https://as.example/a",
			TokenEndpoint:         "https://as.example/t",
		}
		if insecure {
			server.CodeChallengeMethodsSupported = []string{"plain"}
		}
		return Config{
			ID:     "client",
			Server: server,
			Auth:   ClientSecretBasic("secret"),
			Quirks: Quirks{InsecureNoPKCE: insecure},
			Hooks: Hooks{AccessTokenRequest: []RequestHook{
				func(_ context.Context, req *http.Request) error {
					sent = req.PostForm
					return errSeen
				},
			}},
		}
	}
	c, err := New(config(true))
	if err != nil {
		t.Fatal(err)
	}
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: "https://rp.example/cb"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(req.URL, "code_challenge") {
		t.Errorf("URL is %s", req.URL)
	}
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	params := url.Values{"code": {"c"}, "state": {txn.State()}}
	_, err = c.Callback(t.Context(), params, &txn)
	if !errors.Is(err, errSeen) || sent.Get("code") != "c" || sent.Has("code_verifier") {
		t.Errorf("the token request has %v, %v", sent, err)
	}
	strict, err := New(config(false))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := strict.AuthorizationResponse(t.Context(), params, &txn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strict.Exchange(t.Context(), resp); outcome(err) != "check code_verifier" {
		t.Errorf("a client with PKCE: %v", err)
	}
	for text, want := range map[string]string{
		`{"s":"s","n":true}`: "ok",
		`{"s":"s","n":true,"v":"` + strings.Repeat("a", 43) + `"}`: "not transaction",
		`{"s":"s","n":false}`: "not transaction",
	} {
		var other Transaction
		if err := other.UnmarshalBinary([]byte(text)); outcome(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	public := config(true)
	public.Auth = None()
	if _, err := New(public); outcome(err) != "check code_challenge" {
		t.Errorf("a public client: %v", err)
	}
}

// A body that is JSON goes with no GET.
func TestJSONByGET(t *testing.T) {
	_, err := New(Config{ID: "client", Auth: None(),
		Server: AuthorizationServer{TokenEndpoint: "https://as.example/t"},
		Quirks: Quirks{JSONTokenRequest: true, InsecureTokenGET: true}})
	if outcome(err) != "check token_request" {
		t.Error(err)
	}
}
