package oauth2

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// revoking returns a client of a server that answers so.
func revoking(t *testing.T, answer http.HandlerFunc, change func(*Config)) (*Client, *server) {
	t.Helper()
	return clientWith(t, answer, func(c *Config) {
		c.Server.RevocationEndpoint = c.Server.Issuer + "/revoke"
	}, change)
}

// revocable returns a token of these; with a refresh token only if there is one.
func revocable(t *testing.T, access, refresh string) *Token {
	t.Helper()
	tok, err := FromRecord(Record{AccessToken: access, RefreshToken: refresh})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// formOf returns the form of a request that was asked.
func formOf(request string) string {
	_, form, _ := strings.Cut(request, "\n\n")
	return form
}

// The cases of Authlib's client that are of revocation.
func TestAuthlibRevocation(t *testing.T) {
	t.Run("row 74", func(t *testing.T) {
		c, s := revoking(t, answerJSON(200, ``), nil)
		tok := revocable(t, "a", "r")
		for _, hint := range []string{"", HintAccessToken, HintRefreshToken} {
			if err := c.Revoke(t.Context(), tok, hint); err != nil {
				t.Errorf("%q: %v", hint, err)
			}
		}
		for i, want := range []string{"token=r&token_type_hint=refresh_token",
			"token=a&token_type_hint=access_token", "token=r&token_type_hint=refresh_token"} {
			if got := formOf(s.requests()[i]); got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		}
		c, _ = revoking(t, answerJSON(400, `{"error":"unsupported_token_type"}`), nil)
		err := c.Revoke(t.Context(), tok, "")
		if got := outcome(err); got != "server unsupported_token_type 400" {
			t.Errorf("outcome %q", got)
		}
	})
}

// Which token is revoked, and with which hint, RFC 7009, Section 2.1.
func TestRevoke(t *testing.T) {
	both, access := revocable(t, "a/ 1", "r"), revocable(t, "a/ 1", "")
	refresh := &Token{TokenType: "Bearer", reveal: (&secrets{refresh: "r"}).hidden()}
	for _, test := range []struct {
		name string
		tok  *Token
		hint string
		want string // the form, or an outcome
	}{
		{"default", both, "", "token=r&token_type_hint=refresh_token"},
		{"default without refresh token", access, "", "token=a%2F+1"},
		{"access token", both, HintAccessToken, "token=a%2F+1&token_type_hint=access_token"},
		{"refresh token", both, HintRefreshToken, "token=r&token_type_hint=refresh_token"},
		{"only a refresh token", refresh, "", "token=r&token_type_hint=refresh_token"},
		{"no refresh token", access, HintRefreshToken, "check token"},
		{"no access token", refresh, HintAccessToken, "check token"},
		{"another hint", both, "urn:x", "check token"},
		{"a hint in capitals", both, "Access_Token", "check token"},
		{"ID token", both, "id_token", "check token"},
		{"nil", nil, "", "check token"},
		{"zero", &Token{}, "", "check token"},
		{"zero, access token", &Token{}, HintAccessToken, "check token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := revoking(t, answerJSON(200, ``), nil)
			err := c.Revoke(t.Context(), test.tok, test.hint)
			got := outcome(err)
			if err == nil && len(s.requests()) == 1 {
				got = formOf(s.requests()[0])
			}
			if got != test.want || err != nil && len(s.requests()) > 0 {
				t.Errorf("sent %q, want %q", got, test.want)
			}
			if err != nil {
				wantText(t, err, "(RFC 7009, Section 2.1)")
			}
		})
	}
}

// RFC 7009, Section 2.2: 200 is enough, whatever the body says; anything else is a
// refusal.
func TestRevokeResponses(t *testing.T) {
	for _, test := range []struct {
		status      int
		media, body string
		want        string
	}{
		{200, "", "", "ok"},
		{200, "application/json", `{}`, "ok"},
		{200, "application/json", `{"error":"invalid_token"}`, "ok"},
		{200, "text/html", `<p>`, "ok"},
		{200, "application/json", `{"error":`, "ok"},
		{204, "", "", "ok"},
		{299, "", "", "ok"},
		{304, "", "", "server  304"},
		{400, "application/json", `{"error":"unsupported_token_type"}`,
			"server unsupported_token_type 400"},
		{400, "text/html", `<p>`, "server  400"},
		{400, "application/json", `{"error":"a","error":"b"}`, "server  400"},
		{401, "application/json", `{"error":"invalid_client"}`, "server invalid_client 401"},
		{404, "application/json", `{}`, "server  404"},
		{500, "application/json", `{"error":7}`, "server  500"},
		{503, "", "", "server  503"},
	} {
		t.Run(fmt.Sprint(test.status, test.body), func(t *testing.T) {
			c, _ := revoking(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.media)
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}, nil)
			err := c.Revoke(t.Context(), revocable(t, "a", ""), "")
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter != 30*time.Second {
				t.Errorf("wait %v", e.RetryAfter)
			}
		})
	}
	c, _ := revoking(t, answerJSON(200, strings.Repeat(" ", 1<<20)), nil)
	if err := c.Revoke(t.Context(), revocable(t, "a", ""), ""); outcome(err) != "too large" {
		t.Errorf("error is %v", err)
	}
}

// The bytes of revocation requests. RFC 8414, Section 2: without a list of the revocation
// endpoint's it takes client_secret_basic.
func TestRevokeRequest(t *testing.T) {
	const head = "POST /revoke\nAccept: application/json\n"
	const form = "Content-Type: application/x-www-form-urlencoded\n\n"
	basic := func(secret string) string {
		pair := base64.StdEncoding.EncodeToString([]byte("client:" + secret))
		return head + "Authorization: Basic " + pair + "\n" + form + "token=a"
	}
	post := func(secret string) string {
		return head + form + "client_id=client&client_secret=" + secret + "&token=a"
	}
	lists := func(methods ...string) []string { return methods }
	for _, test := range []struct {
		name             string
		auth, revocation ClientAuthentication
		token, revoke    []string // the methods supported
		want             string
	}{
		{"basic", ClientSecretBasic("s"), nil, nil, nil, basic("s")},
		{"post", ClientSecretPost("s"), nil, nil, nil, post("s")},
		{"none", None(), nil, nil, nil, head + form + "client_id=client&token=a"},
		{"its own", ClientSecretBasic("s"), ClientSecretPost("r"), nil, nil, post("r")},
		{"its own, of the same kind", ClientSecretBasic("s"), ClientSecretBasic("r"), nil, nil,
			basic("r")},
		{"of a public client", None(), ClientSecretBasic("r"), nil, nil, basic("r")},
		{"chosen by its list", ClientSecret("s"), nil, nil, lists("client_secret_post"), post("s")},
		{"chosen, its own", None(), ClientSecret("r"), nil, lists("client_secret_post"), post("r")},
		{"chosen, both listed", ClientSecret("s"), nil, nil,
			lists("client_secret_post", "client_secret_basic"), basic("s")},
		{"not by the token endpoint's", ClientSecret("s"), nil, lists("client_secret_post"), nil,
			basic("s")},
		{"not by the token endpoint's, both", ClientSecret("s"), nil, lists("client_secret_post"),
			lists("client_secret_basic"), basic("s")},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := revoking(t, answerJSON(200, ``), func(c *Config) {
				c.Auth, c.RevocationAuth = test.auth, test.revocation
				c.Server.TokenEndpointAuthMethodsSupported = test.token
				c.Server.RevocationEndpointAuthMethodsSupported = test.revoke
			})
			if err := c.Revoke(t.Context(), revocable(t, "a", ""), ""); err != nil {
				t.Fatal(err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != test.want {
				t.Errorf("sent\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// RevocationAuth is checked when the client is made, and is for revocation alone.
func TestRevocationAuth(t *testing.T) {
	config := configAt("https://as.example")
	config.RevocationAuth = ClientSecretJWT("short", AssertionOptions{})
	if _, err := New(config); outcome(err) != "check revocation_authentication" &&
		outcome(err) != "check client_secret" {
		t.Errorf("error is %v", err)
	}
	s := newServer(t, answerJSON(200, goodToken))
	config = configAt(s.URL)
	config.RevocationAuth = ClientSecretPost("other")
	c := newClient(t, config)
	if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; strings.Contains(got, "other") {
		t.Errorf("sent %q", got)
	}
}

// What cannot be sent is not.
func TestRevokeNotSent(t *testing.T) {
	tok := revocable(t, "a", "r")
	c, s := revoking(t, answerJSON(200, ``), nil)
	mustNotSend(t, c, s, "revocation_endpoint", "RFC 7009, Section 2",
		func(ctx context.Context, c *Client) error { return c.Revoke(ctx, tok, "") })
	config := configAt("https://as.example")
	config.Server.RevocationEndpoint = "http://as.example/r"
	if _, err := New(config); outcome(err) != "insecure URL" {
		t.Errorf("in clear: %v", err)
	}
}

// Hooks come after authentication, and an error ends the request.
func TestRevokeHooks(t *testing.T) {
	refused := errors.New("refused")
	var fails error
	c, s := revoking(t, answerJSON(200, ``), func(c *Config) {
		c.Auth = ClientSecretPost("secret")
		c.Hooks.IntrospectTokenRequest = []RequestHook{func(context.Context, *http.Request) error {
			t.Error("the hook of introspection was called")
			return nil
		}}
		c.Hooks.RevokeTokenRequest = []RequestHook{
			func(_ context.Context, r *http.Request) error {
				r.PostForm.Set("seen", r.PostForm.Get("client_id"))
				return nil
			},
			func(_ context.Context, r *http.Request) error {
				r.PostForm.Set("seen", r.PostForm.Get("seen")+"2")
				return fails
			},
		}
	})
	tok := revocable(t, "a", "")
	if err := c.Revoke(t.Context(), tok, ""); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; !strings.HasSuffix(got, "&seen=client2&token=a") {
		t.Errorf("sent %q", got)
	}
	fails = refused
	if err := c.Revoke(t.Context(), tok, ""); !errors.Is(err, refused) {
		t.Errorf("error is %v", err)
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// A redirect is not followed, and is no success.
func TestRevokeIsNotRedirected(t *testing.T) {
	elsewhere := newServer(t, answerJSON(200, ``))
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, _ := revoking(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		}, nil)
		err := c.Revoke(t.Context(), revocable(t, "a", "r"), "")
		if got, want := outcome(err), fmt.Sprintf("server  %d", status); got != want {
			t.Errorf("outcome %q, want %q", got, want)
		}
	}
	if got := elsewhere.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}
