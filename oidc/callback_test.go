package oidc

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// visit visits a URL and returns what the browser brings back, in whatever mode: in the
// query, in the fragment, or in the form of a page.
func (w *world) visit(raw string) url.Values {
	w.t.Helper()
	req, err := http.NewRequest("GET", raw, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if u, err := resp.Location(); err == nil {
		fragment, err := url.ParseQuery(u.EscapedFragment())
		if err != nil {
			w.t.Fatal(err)
		}
		if len(fragment) > 0 {
			return fragment
		}
		return u.Query()
	}
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	form := url.Values{}
	input := regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	for _, m := range input.FindAllStringSubmatch(string(page), -1) {
		form.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	if len(form) == 0 {
		w.t.Fatalf("status %d, faults %q", resp.StatusCode, w.Faults())
	}
	return form
}

// enter goes through a login in whatever mode.
func (w *world) enter(o AuthorizationOptions) (*Login, error) {
	w.t.Helper()
	req := w.begin(o)
	return w.client.Callback(w.t.Context(), w.visit(req.URL), req.Transaction)
}

var responseTypes = []string{"", "code", "code id_token", "code token", "code id_token token",
	"id_token", "id_token token"}

func TestFlows(t *testing.T) {
	for _, responseType := range responseTypes {
		for _, mode := range []string{"", "query", "fragment", "form_post", "jwt", "query.jwt",
			"fragment.jwt", "form_post.jwt"} {
			front := responseType != "" && responseType != "code"
			if front && strings.HasPrefix(mode, "query") {
				continue
			}
			t.Run(responseType+" "+mode, func(t *testing.T) {
				w := newWorld(t, oidctest.Options{}, nil, nil)
				login, err := w.enter(AuthorizationOptions{
					ResponseType: responseType, ResponseMode: mode})
				if err != nil {
					t.Fatal(err)
				}
				if login.IDToken.Identity() != (Identity{w.Issuer(), "alice"}) {
					t.Errorf("identity is %v", login.IDToken.Identity())
				}
				asked := 1
				if strings.HasPrefix(responseType, "id_token") {
					asked = 0
				}
				if w.requests("/token") != asked {
					t.Errorf("%d token requests", w.requests("/token"))
				}
				if got := login.Token.AccessToken(); (got == "") != (responseType == "id_token") {
					t.Errorf("access token is %q", got)
				}
				if responseType == "id_token" {
					return
				}
				if _, err := w.client.UserInfo(t.Context(), login); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// What the browser brings beside a code is not what is used: the code brings it anew.
func TestFrontChannelTokenIsDropped(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, responseType := range []string{"code token", "code id_token token"} {
		req := w.begin(AuthorizationOptions{ResponseType: responseType})
		params := w.visit(req.URL)
		login, err := w.client.Callback(t.Context(), params, req.Transaction)
		if err != nil {
			t.Fatal(err)
		}
		if seen := params.Get("access_token"); seen == "" || login.Token.AccessToken() == seen {
			t.Errorf("%s: the token is the one that the browser brought", responseType)
		}
		if login.Token.RefreshToken() == "" {
			t.Errorf("%s: no refresh token", responseType)
		}
	}
}

// What is wrong with an ID Token that comes with the browser ends the login before the code
// is sent.
func TestFrontChannelIDToken(t *testing.T) {
	const (
		hybrid, all, implicit, both = "code id_token", "code id_token token", "id_token",
			"id_token token"
	)
	for _, test := range []struct {
		name  string
		types []string
		edit  func(map[string]any)
		want  string
	}{
		{"as it comes", []string{hybrid, all, implicit, both}, nil, "ok"},
		{"no c_hash", []string{hybrid, all}, claim("c_hash", nil), "check c_hash"},
		{"empty c_hash", []string{hybrid, all}, claim("c_hash", ""), "check c_hash"},
		{"c_hash of another", []string{hybrid, all}, claim("c_hash", "VpTQii5T_8rgwxA-Wtb2Bw"),
			"check c_hash"},
		{"c_hash a number", []string{hybrid, all}, claim("c_hash", 1), "check c_hash"},
		{"c_hash null", []string{hybrid, all}, claim("c_hash", null{}), "check c_hash"},
		{"no at_hash", []string{all, both}, claim("at_hash", nil), "check at_hash"},
		{"empty at_hash", []string{all, both}, claim("at_hash", ""), "check at_hash"},
		{"at_hash of another", []string{all, both}, claim("at_hash", "PEaenWxYddN6Q_NT1PiOYQ"),
			"check at_hash"},
		{"no s_hash", []string{hybrid, all, implicit, both}, claim("s_hash", nil), "ok"},
		{"s_hash of another", []string{hybrid, all, implicit, both},
			claim("s_hash", "PEaenWxYddN6Q_NT1PiOYQ"), "check s_hash"},
		{"no nonce", []string{hybrid, all, implicit, both}, claim("nonce", nil), "check nonce"},
		{"another nonce", []string{hybrid, all, implicit, both}, claim("nonce", "x"),
			"check nonce"},
		{"no sub", []string{hybrid, implicit}, claim("sub", nil), "check sub"},
		{"another iss", []string{hybrid, implicit}, claim("iss", "https://x.example"),
			"check iss"},
		{"another aud", []string{hybrid, implicit}, claim("aud", "x"), "check aud"},
		{"no iat", []string{hybrid, implicit}, claim("iat", nil), "check iat"},
		{"iat of last week", []string{hybrid, implicit}, claim("iat", after(-7*86400)),
			"check iat"},
		{"expired", []string{hybrid, implicit}, claim("exp", after(-61)), "check exp"},
	} {
		for _, responseType := range test.types {
			t.Run(test.name+" "+responseType, func(t *testing.T) {
				w := newWorld(t, oidctest.Options{EditIDToken: first(test.edit)}, nil,
					func(c *Config) { c.Quirks.InsecureMissingNonce = true })
				login, err := w.enter(AuthorizationOptions{ResponseType: responseType})
				if outcome(err) != test.want || (login == nil) != (err != nil) {
					t.Errorf("error is %v, want %s", err, test.want)
				}
				if err != nil && w.requests("/token") != 0 {
					t.Error("the code was sent")
				}
			})
		}
	}
}

// first edits the first ID Token only.
func first(edit func(map[string]any)) func(map[string]any) {
	return nth(1, edit)
}

// nth edits the ID Token that is the nth to be made.
func nth(n int, edit func(map[string]any)) func(map[string]any) {
	made := 0
	return func(claims map[string]any) {
		if made++; made == n && edit != nil {
			edit(claims)
		}
	}
}

// The two ID Tokens of a hybrid flow are of one user, and the second is verified as well.
func TestSecondIDToken(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(map[string]any)
		want string
	}{
		{"as it comes", nil, "ok"},
		{"another sub", claim("sub", "mallory"), "check sub"},
		{"another iss", claim("iss", "https://x.example"), "check iss"},
		{"another nonce", claim("nonce", "x"), "check nonce"},
		{"at_hash of another", claim("at_hash", "PEaenWxYddN6Q_NT1PiOYQ"), "check at_hash"},
		{"no at_hash", claim("at_hash", nil), "ok"},
		{"c_hash of another", claim("c_hash", "PEaenWxYddN6Q_NT1PiOYQ"), "check c_hash"},
		{"no c_hash", claim("c_hash", nil), "ok"},
		{"s_hash of another", claim("s_hash", "PEaenWxYddN6Q_NT1PiOYQ"), "check s_hash"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{EditIDToken: nth(2, test.edit)}, nil, nil)
			_, err := w.enter(AuthorizationOptions{ResponseType: "code id_token"})
			if outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// A tenant's ID Tokens are of one tenant too.
func TestSecondIDTokenOfAnotherTenant(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	conn, err := w.client.provider.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.client.verify(t.Context(), conn, w.issue(nil), rules{
		unasked: true, seen: &IDToken{Issuer: w.Issuer() + "/other", Subject: "alice"}})
	if outcome(err) != "check sub" {
		t.Errorf("error is %v", err)
	}
}

// What the response must and must not bring, oauth2 knows; nothing of it is believed here.
func TestFrontChannelResponse(t *testing.T) {
	for _, test := range []struct {
		name, responseType string
		edit               func(url.Values)
		want               string
	}{
		{"no id_token", "code id_token", func(p url.Values) { p.Del("id_token") },
			"check response_type"},
		{"no code", "code id_token", func(p url.Values) { p.Del("code") }, "check code"},
		{"no access_token", "id_token token", func(p url.Values) { p.Del("access_token") },
			"check response_type"},
		{"an access_token that was not asked for", "code id_token",
			func(p url.Values) { p.Set("access_token", "x"); p.Set("token_type", "Bearer") },
			"check response_type"},
		{"an id_token that was not asked for", "code",
			func(p url.Values) { p.Set("id_token", "x") }, "check response_type"},
		{"another state", "id_token", func(p url.Values) { p.Set("state", "x") }, "check state"},
		{"another code", "code id_token", func(p url.Values) { p.Set("code", "x") },
			"check c_hash"},
		{"another access_token", "id_token token",
			func(p url.Values) { p.Set("access_token", "x") }, "check at_hash"},
		{"garbage", "id_token", func(p url.Values) { p.Set("id_token", "x") }, "check compact"},
		{"an error", "code id_token", func(p url.Values) {
			for _, name := range []string{"code", "id_token"} {
				p.Del(name)
			}
			p.Set("error", "access_denied")
		}, "server access_denied 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{EditResponse: test.edit}, nil, nil)
			login, err := w.enter(AuthorizationOptions{ResponseType: test.responseType})
			if outcome(err) != test.want || login != nil {
				t.Errorf("error is %v, want %s", err, test.want)
			}
			if w.requests("/token") != 0 {
				t.Error("the code was sent")
			}
		})
	}
}

// encrypting registers a client whose ID Tokens, or responses, are encrypted.
func encrypting(t *testing.T) (*jose.Key, *jose.Decrypter, oidctest.Recipient) {
	t.Helper()
	key, err := jose.GenerateKey("ECDH-ES")
	if err != nil {
		t.Fatal(err)
	}
	d, err := jose.NewDecrypter(jose.DecrypterConfig{Keys: jose.NewSet(key),
		Algorithms: []string{"ECDH-ES"}, Encryptions: []string{"A256GCM"}})
	if err != nil {
		t.Fatal(err)
	}
	return key, d, oidctest.Recipient{Key: key, Algorithm: "ECDH-ES", Encryption: "A256GCM"}
}

func TestEncryptedIDToken(t *testing.T) {
	_, decrypter, recipient := encrypting(t)
	options := oidctest.Options{Clients: []oidctest.Client{{
		ID: "client", Secret: "secret", IDTokenEncryption: recipient}}}
	decrypts := func(c *Config) { c.IDToken.Decrypter = decrypter }
	for _, responseType := range responseTypes {
		t.Run(responseType, func(t *testing.T) {
			w := newWorld(t, options, nil, decrypts)
			login, err := w.enter(AuthorizationOptions{ResponseType: responseType})
			if err != nil || login.IDToken.Subject != "alice" {
				t.Fatal(err)
			}
			if strings.Count(login.Token.IDToken(), ".") != 4 {
				t.Error("the ID Token was not encrypted")
			}
		})
	}
	t.Run("refresh and hint", func(t *testing.T) {
		w := newWorld(t, options, nil, decrypts)
		login, err := w.enter(AuthorizationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.client.Refresh(t.Context(), login.Token); err != nil {
			t.Error(err)
		}
		req := w.begin(AuthorizationOptions{IDTokenHint: login.Token.IDToken()})
		if hint := paramsOf(t, req.URL).Get("id_token_hint"); strings.Count(hint, ".") != 2 {
			t.Error("the hint is not decrypted")
		}
		foreign := "e30.AA.AA.AA.AA"
		_, err = w.client.Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI, IDTokenHint: foreign})
		if outcome(err) != "check id_token_hint" {
			t.Errorf("a hint that cannot be decrypted: %v", err)
		}
	})
	t.Run("one that is not encrypted", func(t *testing.T) {
		w := newWorld(t, oidctest.Options{}, nil, decrypts)
		if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check compact" {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("one that was not to be encrypted", func(t *testing.T) {
		w := newWorld(t, options, nil, nil)
		if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check compact" {
			t.Errorf("error is %v", err)
		}
	})
}

// Claims that nobody signed are no ID Token, however well they are encrypted.
func TestEncryptedIDTokenIsSignedInside(t *testing.T) {
	key, decrypter, _ := encrypting(t)
	w := newWorld(t, oidctest.Options{}, nil,
		func(c *Config) { c.IDToken.Decrypter = decrypter })
	signed := w.issue(nil)
	payload, err := jose.VerifySignature(t.Context(), signed, jose.NewSet(w.Key()),
		jose.VerifyOptions{Algorithms: []string{"RS256"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, inside, contentType, want string }{
		{"signed", signed, "JWT", "ok"},
		{"claims", string(payload.Payload), "", "check cty"},
		{"claims that say they are a token", string(payload.Payload), "JWT", "check compact"},
		{"alg none", b64(`{"alg":"none"}`) + "." + b64(string(payload.Payload)) + ".", "JWT",
			"check compact"},
		{"cty missing", signed, "", "check cty"},
	} {
		encrypted, err := jose.Encrypt([]byte(test.inside), key, jose.EncryptOptions{
			Encryption: "A256GCM", ContentType: test.contentType})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.client.VerifyIDToken(t.Context(), encrypted, IDTokenExpectations{Nonce: "n"})
		if outcome(err) != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// An HMAC keyed by the client secret is taken where it is registered, and nowhere else.
func TestHMAC(t *testing.T) {
	const secret = "a secret that is as long as the hash"
	server := func(alg string) oidctest.Options {
		return oidctest.Options{Clients: []oidctest.Client{{
			ID: "client", Secret: secret, IDTokenAlgorithm: alg}}}
	}
	for _, test := range []struct{ name, is, registered, want string }{
		{"registered", "HS256", "HS256", "ok"},
		{"not registered", "HS256", "", "check alg"},
		{"registered for RS256", "HS256", "RS256", "check alg"},
		{"RS256 where an HMAC is registered", "RS256", "HS256", "check alg"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, server(test.is), nil, func(c *Config) {
				c.Auth = oauth2.ClientSecret(secret)
				c.IDToken.SigningAlgorithm = test.registered
			})
			for _, responseType := range []string{"code", "code id_token", "id_token"} {
				_, err := w.enter(AuthorizationOptions{ResponseType: responseType})
				if outcome(err) != test.want {
					t.Errorf("%s: %v, want %s", responseType, err, test.want)
				}
			}
		})
	}
}

// An ID Token without a nonce is taken from the token endpoint, where that is a quirk.
func TestMissingNonce(t *testing.T) {
	quirk := func(c *Config) { c.Quirks.InsecureMissingNonce = true }
	for _, test := range []struct {
		name   string
		edit   func(map[string]any)
		config func(*Config)
		want   string
	}{
		{"none, no quirk", claim("nonce", nil), nil, "check nonce"},
		{"none", claim("nonce", nil), quirk, "ok"},
		{"another", claim("nonce", "x"), quirk, "check nonce"},
		{"empty", claim("nonce", ""), quirk, "check nonce"},
		{"null", claim("nonce", null{}), quirk, "check nonce"},
		{"nonce_supported is nobody's business", claims("nonce", "x", "nonce_supported", false),
			nil, "check nonce"},
		{"nonce_supported, none", claims("nonce", nil, "nonce_supported", false), nil,
			"check nonce"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{EditIDToken: test.edit}, nil, test.config)
			if _, err := w.login(AuthorizationOptions{}); outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// The transaction of a response that is a JSON Web Token is found by what it says.
func TestCallbackState(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, mode := range []string{"", "jwt", "form_post.jwt"} {
		req := w.begin(AuthorizationOptions{ResponseMode: mode})
		params := w.visit(req.URL)
		state, err := w.client.CallbackState(t.Context(), params)
		if err != nil || state != req.Transaction.State() {
			t.Errorf("%s: state %q, %v", mode, state, err)
		}
	}
	if s, err := w.client.CallbackState(t.Context(),
		url.Values{"state": {"a", "b"}}); s != "" || outcome(err) != "check parameters" {
		t.Errorf("state %q, %v", s, err)
	}
	for response, want := range map[string]string{"": "check response", "a.b.c": "check response"} {
		state, err := w.client.CallbackState(t.Context(), url.Values{"response": {response}})
		if state != "" || outcome(err) != want {
			t.Errorf("%q: state %q, %v", response, state, err)
		}
	}
}

// The leeway is that of a response that is a JSON Web Token too, which lives ten minutes.
func TestLeewayOfResponse(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "ok", -1: "check response", time.Second: "check response", time.Minute: "ok"} {
		w := newWorld(t, oidctest.Options{}, nil, leeway(d))
		params := w.visit(w.begin(AuthorizationOptions{ResponseMode: "jwt"}).URL)
		w.seconds.Add(10*60 + 30)
		if _, err := w.client.CallbackState(t.Context(), params); outcome(err) != want {
			t.Errorf("leeway %v: %v, want %s", d, err, want)
		}
	}
}

// While the provider is down a plain response still names its login.
func TestCallbackStateOfProviderThatIsDown(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	w.Close()
	state, err := w.client.CallbackState(t.Context(), url.Values{"state": {"s"}})
	if state != "s" || err != nil {
		t.Errorf("state %q, %v", state, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = w.client.CallbackState(ctx, url.Values{"response": {"x"}}); err == nil {
		t.Error("a response was read without the keys")
	}
}

// The client beneath is the one that logs in.
func TestOAuth(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	oauth, err := w.client.OAuth(t.Context())
	if err != nil || oauth.ID() != "client" || oauth.Server().Issuer != w.Issuer() {
		t.Fatalf("%v, %v", oauth, err)
	}
	login := w.mustLogin(AuthorizationOptions{})
	if err := oauth.Revoke(t.Context(), login.Token, oauth2.HintRefreshToken); err != nil {
		t.Error(err)
	}
	if _, err := w.client.Refresh(t.Context(), login.Token); outcome(err) !=
		"server invalid_grant 400" {
		t.Errorf("error is %v", err)
	}
	if !slices.Contains(w.seen, "/revoke") {
		t.Error("nothing was revoked")
	}
}

// A provider of the implicit flow alone need not have a token endpoint.
func TestWithoutTokenEndpoint(t *testing.T) {
	w := newWorld(t, oidctest.Options{
		EditMetadata: func(m map[string]any) { delete(m, "token_endpoint") }}, nil, nil)
	for responseType, want := range map[string]string{
		"id_token": "ok", "id_token token": "ok", "": "check token_endpoint",
		"code": "check token_endpoint", "code id_token": "check token_endpoint",
	} {
		req, err := w.client.Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI, ResponseType: responseType})
		if err == nil {
			if want != "ok" {
				t.Errorf("%s: the browser is sent away", responseType)
			}
			_, err = w.client.Callback(t.Context(), w.visit(req.URL), req.Transaction)
		}
		if outcome(err) != want {
			t.Errorf("%s: %v, want %s", responseType, err, want)
		}
	}
}
