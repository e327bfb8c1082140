package oidctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

var inputs = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// posted reads the page that posts a response.
func posted(a answer) (action string, params url.Values) {
	params = url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(a.body, -1) {
		params.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	if m := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(a.body); m != nil {
		action = html.UnescapeString(m[1])
	}
	return action, params
}

// brought returns what the browser brings, and how.
func brought(a answer) (mode string, params url.Values) {
	switch {
	case a.location == nil:
		mode = "form_post"
		_, params = posted(a)
	case a.location.Fragment != "":
		mode, params = "fragment", a.params()
	default:
		mode, params = "query", a.params()
	}
	params.Del("x") // of the redirection endpoint
	if params.Has("response") {
		mode += ".jwt"
	}
	return mode, params
}

// response verifies a response that is signed, and returns its claims.
func (w walk) response(params url.Values, algorithm string, d *jose.Decrypter) map[string]any {
	w.t.Helper()
	if len(params) != 1 {
		w.t.Errorf("parameters are %v", params)
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{Keys: w.keys(), Decrypter: d,
		Algorithms: []string{algorithm}, Issuer: w.Issuer(), Audience: "client"})
	if err != nil {
		w.t.Fatal(err)
	}
	tok, err := v.Verify(w.t.Context(), params.Get("response"))
	if err != nil {
		w.t.Fatal(err)
	}
	var claims map[string]any
	if err := tok.Claims(&claims); err != nil {
		w.t.Fatal(err)
	}
	return claims
}

// Every response type in every mode: what comes, how, and no more than that. In a query
// there is no token, and JARM has all in one parameter.
func TestResponses(t *testing.T) {
	members := map[string][]string{
		"code": {"code"}, "id_token": {"id_token"},
		"token": {"access_token", "expires_in", "scope", "token_type"},
	}
	for _, responseType := range []string{"code", "code id_token", "code token",
		"code id_token token", "id_token", "id_token token", "token code"} {
		for _, mode := range []string{"", "query", "fragment", "form_post", "jwt", "query.jwt",
			"fragment.jwt", "form_post.jwt"} {
			t.Run(responseType+" "+mode, func(t *testing.T) {
				w := start(t, oidctest.Options{Algorithm: "ES256"})
				params, _ := w.request("openid profile")
				changed(params, "response_type", responseType, "response_mode", mode)
				how, got := brought(w.authorize(params))
				usual := "query"
				if responseType != "code" {
					usual = "fragment"
				}
				want := map[string]string{"": usual, "jwt": usual + ".jwt"}[mode]
				if want == "" {
					want = mode
				}
				names := []string{"iss", "session_state", "state"}
				refused := responseType != "code" && strings.HasPrefix(mode, "query")
				if refused {
					want, names = usual, append(names, "error", "error_description")
				}
				if how != want {
					t.Fatalf("brought by %s, want %s", how, want)
				}
				all := map[string]any{}
				for name := range got {
					all[name] = got.Get(name)
				}
				if strings.HasSuffix(want, ".jwt") {
					all = w.response(got, "ES256", nil)
					names = append(names, "aud", "exp")
				}
				for _, what := range strings.Fields(responseType) {
					if !refused {
						names = append(names, members[what]...)
					}
				}
				slices.Sort(names)
				if keys := slices.Sorted(maps.Keys(all)); !slices.Equal(keys, names) {
					t.Errorf("brought %q, want %q", keys, names)
				}
				if all["state"] != params.Get("state") || all["iss"] != w.Issuer() {
					t.Errorf("brought %v", all)
				}
			})
		}
	}
}

// What the browser brings is worth as much as what the token endpoint gives, and ends
// with it.
func TestHybrid(t *testing.T) {
	w := start(t, oidctest.Options{})
	params, verifier := w.request("openid profile")
	params.Set("response_type", "code id_token token")
	_, front := brought(w.authorize(params))
	if front.Get("token_type") != "Bearer" || front.Get("expires_in") != "3600" ||
		front.Get("scope") != "openid profile" {
		t.Errorf("brought %v", front)
	}
	for _, name := range []string{"me", "userinfo"} {
		if a := w.ask(name, front.Get("access_token")); a.status != 200 {
			t.Errorf("%s answers %+v", name, a)
		}
	}
	form := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {callback},
		"code": {front.Get("code")}, "code_verifier": {verifier}}
	back := w.read(w.token(form))
	first := w.claims(front.Get("id_token"), "RS256", nil)
	second := w.claims(back.IDToken, "RS256", nil)
	for _, name := range []string{"iss", "sub", "aud", "nonce", "auth_time"} {
		if first[name] == nil || first[name] != second[name] {
			t.Errorf("%s is %v and %v", name, first[name], second[name])
		}
	}
	w.token(form)
	if a := w.ask("me", front.Get("access_token")); a.status != 401 {
		t.Errorf("after the code came twice the API answers %+v", a)
	}
}

// Without a code there is nothing to protect by PKCE, and without an ID Token no nonce.
func TestImplicit(t *testing.T) {
	w := start(t, oidctest.Options{})
	for _, pairs := range [][]string{
		{"response_type", "id_token", "code_challenge", "", "code_challenge_method", ""},
		{"response_type", "id_token token", "code_challenge", ""},
		{"response_type", "code token", "nonce", ""},
		{"response_type", "code token", "nonce", "", "scope", "read"},
	} {
		params, _ := w.request("openid")
		_, got := brought(w.authorize(changed(params, pairs...)))
		if got.Has("error") {
			t.Errorf("%q: %v", pairs, got)
		}
	}
}

// A challenge that does not count is not used up.
func TestChallengeWithoutCode(t *testing.T) {
	w := start(t, oidctest.Options{})
	first, _ := w.request("openid")
	w.authorize(changed(first, "response_type", "id_token"))
	second, _ := w.request("openid")
	second.Set("code_challenge", first.Get("code_challenge"))
	if a := w.authorize(second); a.error != "" {
		t.Errorf("answer is %+v", a)
	}
}

// OAuth 2.0 Form Post Response Mode, Section 2, with a state and a redirection endpoint that
// would leave the page.
func TestFormPost(t *testing.T) {
	const target = `https://rp.example/cb?a="><script>alert(1)</script>&b=c`
	const state = `"><script>alert(2)</script>&amp;'`
	w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client",
		RedirectURIs: []string{target, "com.example.app:/cb"}}}})
	params, _ := w.request("openid")
	changed(params, "response_mode", "form_post", "redirect_uri", target, "state", state)
	a := w.authorize(params)
	action, got := posted(a)
	if a.status != 200 || got.Get("state") != state || got.Get("code") == "" ||
		got.Get("iss") != w.Issuer() || len(got) != 4 {
		t.Errorf("answer is %d, posts %v", a.status, got)
	}
	unescaped, err := url.PathUnescape(action)
	if err != nil || unescaped != target {
		t.Errorf("posts to %s", action)
	}
	if strings.Count(a.body, "<script>") != 1 || !strings.Contains(a.body, `method="post"`) {
		t.Errorf("page is %s", a.body)
	}
	_, script, _ := strings.Cut(a.body, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors " +
			"'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff",
	} {
		if a.header.Get(name) != want {
			t.Errorf("%s is %q", name, a.header.Get(name))
		}
	}
	if !strings.Contains(script, ".submit()") {
		t.Errorf("script is %s", script)
	}
	params, _ = w.request("openid")
	changed(params, "response_mode", "form_post", "redirect_uri", "com.example.app:/cb")
	if action, _ := posted(w.authorize(params)); action != "com.example.app:/cb" {
		t.Errorf("posts to %s", action)
	}
}

// An error goes back as the answer would have; where the mode is at fault, as is usual.
func TestErrorModes(t *testing.T) {
	for _, test := range []struct {
		responseType, mode, want string
		pairs                    []string
	}{
		{"code", "fragment", "fragment", []string{"nonce", "", "max_age", "x"}},
		{"code", "form_post", "form_post", []string{"state", ""}},
		{"code", "jwt", "query.jwt", []string{"code_challenge", ""}},
		{"code", "form_post.jwt", "form_post.jwt", []string{"code_challenge", ""}},
		{"id_token", "", "fragment", []string{"nonce", ""}},
		{"id_token", "jwt", "fragment.jwt", []string{"nonce", ""}},
		{"id_token", "x", "fragment", nil},
		{"x", "fragment", "fragment", nil},
		{"x", "", "query", nil},
		{"x", "jwt", "query.jwt", nil},
	} {
		w := start(t, oidctest.Options{Algorithm: "ES256"})
		params, _ := w.request("openid")
		changed(params, "response_type", test.responseType, "response_mode", test.mode)
		how, got := brought(w.authorize(changed(params, test.pairs...)))
		failed := got.Get("error") != ""
		if strings.HasSuffix(how, ".jwt") {
			claims := w.response(got, "ES256", nil)
			failed = claims["error"] != nil && claims["state"] == params.Get("state")
		}
		if how != test.want || !failed {
			t.Errorf("%+v: brought by %s: %v", test, how, got)
		}
	}
}

// What the form decides goes back in the same way, too.
func TestDenyByFormPost(t *testing.T) {
	w := start(t, oidctest.Options{LoginForm: true})
	params, _ := w.request("openid")
	params.Set("response_mode", "form_post")
	form := credentials(w.authorize(params).body, "alice", "password")
	form.Set("action", "deny")
	how, got := brought(w.do("POST", w.Endpoint("login"), form, nil))
	if how != "form_post" || got.Get("error") != "access_denied" {
		t.Errorf("brought by %s: %v", how, got)
	}
}

// JARM, Sections 2.1 and 2.2: signed as the client wants it, for ten minutes.
func TestSecuredResponse(t *testing.T) {
	w := start(t, oidctest.Options{
		Clients: []oidctest.Client{{ID: "client", ResponseAlgorithm: "ES256"}}})
	params, _ := w.request("openid")
	changed(params, "response_type", "code token", "response_mode", "jwt", "state", "12345")
	_, got := brought(w.authorize(params))
	claims := w.response(got, "ES256", nil)
	if claims["expires_in"] != 3600.0 || claims["state"] != "12345" {
		t.Errorf("claims are %v", claims)
	}
	life := time.Until(time.Unix(int64(claims["exp"].(float64)), 0))
	if life > 10*time.Minute || life < 9*time.Minute {
		t.Errorf("lives %s", life)
	}
}

// Encrypted, it may bring tokens in a query (JARM, Section 2.3.1).
func TestEncryptedResponse(t *testing.T) {
	key, d := recipient(t, "ECDH-ES+A128KW", "A128CBC-HS256")
	w := start(t, oidctest.Options{Algorithm: "ES256", Clients: []oidctest.Client{
		{ID: "client", ResponseEncryption: oidctest.Recipient{Key: key,
			Algorithm: "ECDH-ES+A128KW"}}}})
	params, _ := w.request("openid")
	changed(params, "response_type", "code token", "response_mode", "query.jwt")
	how, got := brought(w.authorize(params))
	if claims := w.response(got, "ES256", d); how != "query.jwt" || claims["code"] == nil {
		t.Errorf("brought by %s: %v", how, claims)
	}
	params, _ = w.request("openid")
	changed(params, "response_type", "code token", "response_mode", "query")
	if a := w.authorize(params); a.description != "wrong_response_mode" {
		t.Errorf("answer is %+v", a)
	}
}

// recipient makes a key and what decrypts with it.
func recipient(t *testing.T, alg, enc string) (*jose.Key, *jose.Decrypter) {
	t.Helper()
	key, err := jose.GenerateKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	d, err := jose.NewDecrypter(jose.DecrypterConfig{Keys: jose.NewSet(key),
		Algorithms: []string{alg}, Encryptions: []string{enc}})
	if err != nil {
		t.Fatal(err)
	}
	return key, d
}

// A test may change a response, before it is signed if it is.
func TestEditResponse(t *testing.T) {
	w := start(t, oidctest.Options{Algorithm: "ES256", EditResponse: func(params url.Values) {
		params.Set("iss", "https://op.example")
		params.Set("exp", "soon")
		params.Del("state")
	}})
	for _, mode := range []string{"query", "fragment", "form_post", "jwt"} {
		params, _ := w.request("openid")
		params.Set("response_mode", mode)
		_, got := brought(w.authorize(params))
		all := map[string]any{}
		for name := range got {
			all[name] = got.Get(name)
		}
		if mode == "jwt" {
			payload, _ := base64.RawURLEncoding.DecodeString(
				strings.Split(got.Get("response"), ".")[1])
			all = map[string]any{}
			if err := json.Unmarshal(payload, &all); err != nil {
				t.Fatal(err)
			}
		}
		if all["iss"] != "https://op.example" || all["exp"] != "soon" || all["state"] != nil {
			t.Errorf("%s: brought %v", mode, all)
		}
	}
}

// A response that cannot be made is the provider's own failure.
func TestResponseFails(t *testing.T) {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	signs := oidctest.Recipient{Key: key}
	w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client",
		ResponseEncryption: signs, IDTokenEncryption: signs, UserInfoEncryption: signs}}})
	for _, pairs := range [][]string{
		{"response_mode", "jwt"}, {"response_type", "id_token"},
	} {
		params, _ := w.request("openid")
		a := w.authorize(changed(params, pairs...))
		if a.status != 500 || !strings.HasSuffix(a.body, " cannot be signed\n") {
			t.Errorf("%q: %+v", pairs, a)
		}
	}
	params, _ := w.request("openid")
	_, got := brought(w.authorize(changed(params, "response_type", "code token")))
	a := w.ask("userinfo", got.Get("access_token"))
	if a.status != 500 || a.body != "UserInfo cannot be signed\n" {
		t.Errorf("answer is %+v", a)
	}
}
