package oauth2

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/pkce"
)

// RFC 6749, Section 4.1.1, and RFC 7636, Section 4.3: which parameters, in which
// order, and the query of the endpoint before them (RFC 6749, Section 3.1).
func TestAuthorizeURL(t *testing.T) {
	const (
		head = "response_type=code&client_id=client&redirect_uri=https%3A%2F%2Frp.example%2Fcb"
		tail = "&code_challenge=CHALLENGE&code_challenge_method=S256"
	)
	for _, test := range []struct {
		name, endpoint string
		scopes         []string
		params         url.Values
		want           string
	}{
		{"plain", "/authorize", nil, nil, "/authorize?" + head + "&state=STATE" + tail},
		{"scopes joined", "/authorize", []string{"read", "api://x/.default"}, nil,
			"/authorize?" + head + "&scope=read%20api%3A%2F%2Fx%2F.default&state=STATE" + tail},
		{"empty scopes", "/authorize", []string{}, url.Values{},
			"/authorize?" + head + "&state=STATE" + tail},
		{"endpoint's query", "/authorize?foo=bar", nil, nil,
			"/authorize?foo=bar&" + head + "&state=STATE" + tail},
		{"endpoint's query as it is", "/authorize?b=%7e+1&a&b=2", nil, nil,
			"/authorize?b=%7e+1&a&b=2&" + head + "&state=STATE" + tail},
		{"extras between state and challenge", "/authorize?foo=bar", nil,
			url.Values{"resource": {"https://b.example", "https://a.example"}, "max_age": {"0"}},
			"/authorize?foo=bar&" + head + "&state=STATE&max_age=0" +
				"&resource=https%3A%2F%2Fb.example&resource=https%3A%2F%2Fa.example" + tail},
		{"extra without a value", "/authorize", nil, url.Values{"a": nil, "b": {}, "c": {""}},
			"/authorize?" + head + "&state=STATE&c=" + tail},
		{"extra that would add a parameter", "/authorize", nil, url.Values{"a": {"1&state=x"}},
			"/authorize?" + head + "&state=STATE&a=1%26state%3Dx" + tail},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt("https://as.example")
			config.Server.AuthorizationEndpoint = "https://as.example" + test.endpoint
			req, err := newClient(t, config).Authorize(t.Context(), AuthorizationOptions{
				RedirectURI: redirectURI, Scopes: test.scopes, Params: test.params})
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(req.URL)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer("STATE", u.Query().Get("state"),
				"CHALLENGE", u.Query().Get("code_challenge")).Replace("https://as.example" +
				test.want)
			if req.URL != want {
				t.Errorf("URL is\n%s, want\n%s", req.URL, want)
			}
		})
	}
}

// An identifier and a redirect URI of odd characters arrive as they are.
func TestAuthorizeEscapes(t *testing.T) {
	config := configAt("https://as.example")
	config.ID = "a b&c=d+é"
	config.Server.AuthorizationEndpoint += "?x"
	const uri = "com.example.app:/cb?a=1&b=%20+"
	req, err := newClient(t, config).Authorize(t.Context(), AuthorizationOptions{RedirectURI: uri,
		Params: url.Values{"n&m=é": {"1"}}})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("client_id") != config.ID || q.Get("redirect_uri") != uri ||
		!q.Has("x") || q.Get("response_type") != "code" || q.Get("n&m=é") != "1" {
		t.Errorf("URL is %s", req.URL)
	}
}

// State and verifier have 256 random bits each, and the challenge is the
// verifier's (RFC 7636, Section 4.2).
func TestAuthorizeSecrets(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	seen := map[string]bool{}
	for range 10 {
		req := begin(t, c)
		u, err := url.Parse(req.URL)
		if err != nil {
			t.Fatal(err)
		}
		state, challenge := u.Query().Get("state"), u.Query().Get("code_challenge")
		bits, err := base64.RawURLEncoding.DecodeString(state)
		if len(state) != 43 || len(bits) != 32 || err != nil {
			t.Errorf("state is %q", state)
		}
		if req.Transaction.State() != state {
			t.Error("the transaction has another state")
		}
		verifier, err := pkce.Parse(req.Transaction.data().Verifier)
		if err != nil || verifier.Challenge() != challenge {
			t.Errorf("challenge %q is not of the verifier", challenge)
		}
		if strings.Contains(req.URL, verifier.Reveal()) {
			t.Error("the URL shows the verifier")
		}
		for _, s := range []string{state, challenge} {
			if seen[s] {
				t.Errorf("%q comes twice", s)
			}
			seen[s] = true
		}
	}
}

// RFC 6749, Section 3.1.2.
func TestAuthorizeRedirectURI(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, uri := range []string{
		"", "/cb", "//rp.example/cb", "rp.example/cb", "https://rp.example/cb#",
		"https://rp.example/cb#a",
		"https://user@rp.example/cb", "https://user:pass@rp.example/cb", ":",
		"https://rp.example/%zz",
		"https://rp.example/\x00", "https://[::1/cb",
	} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: uri})
		if req != nil {
			t.Errorf("%q: accepted", uri)
		}
		wantCheck(t, err, "redirect_uri", "RFC 6749, Section 3.1.2")
		if uri != "" && uri != ":" && strings.Contains(err.Error(), uri) {
			t.Errorf("%q: repeated in %v", uri, err)
		}
	}
	for _, uri := range []string{
		"https://rp.example", "http://127.0.0.1:8080/cb?a=b", "com.example.app:/cb",
		"http://[::1]:8080/cb", "http://localhost/cb", "https://127.0.0.1/cb", "HTTPS://rp.example",
		"com.example.app://cb", "com.example.app:cb", "COM.EXAMPLE:/cb?a=b", "a.b:/",
		"https://rp.example/cb?a=b&A=b&Code=x&states=1&x=state", "https://rp.example/cb?",
	} {
		if _, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: uri}); err != nil {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// RFC 9700, Section 2.1, and RFC 8252, Section 7.1: nobody else may read the code.
func TestAuthorizeRedirectURIScheme(t *testing.T) {
	for _, uri := range []string{
		"http://rp.example/cb", "http://proxy:8080/cb", "http://127.0.0.1.evil.example/cb",
		"myapp:/cb", "myapp://cb.example", "urn:ietf:wg:oauth:2.0:oob", "javascript:alert(1)",
		"data:text/html,a.b", "file:///a.b", "ftp://rp.example/cb", "ws://127.0.0.1/", "https:cb",
		"https:///cb", "https://rp.ex\u0430mple/cb", "localhost:8080/cb",
	} {
		config, o := configAt("https://as.example"), AuthorizationOptions{RedirectURI: uri}
		_, err := newClient(t, config).Authorize(t.Context(), o)
		wantCheck(t, err, "redirect_uri", "RFC 6749, Section 3.1.2")
		if !errors.Is(err, httpclient.ErrInsecureURL) || strings.Contains(err.Error(), uri) {
			t.Errorf("%q: %v", uri, err)
		}
		// What the client may reach by http, the browser reaches over another network.
		config.HTTP = httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"proxy:8080"}})
		_, err = newClient(t, config).Authorize(t.Context(), o)
		wantCheck(t, err, "redirect_uri", "RFC 6749, Section 3.1.2")
	}
}

// The callback's parameters are the server's, each once, as AuthorizationResponse wants
// them (RFC 6749, Section 4.1.2).
func TestAuthorizeRedirectURIQuery(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, query := range []string{"code=x", "state", "a=b&iss=", "error=x", "error_description=x",
		"error_uri=x", "response=x", "access_token=x", "token_type=x", "expires_in=1", "scope=x",
		"id_token=x", "c%6fde=x", "a=b&a=b", "a=b&c&a", "a;b=c", "a=%zz"} {
		for _, base := range []string{"https://rp.example/cb?", "com.example.app:/cb?"} {
			req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: base + query})
			wantCheck(t, err, "redirect_uri", "RFC 6749, Section 3.1.2")
			wantText(t, err, "must not have a parameter twice, nor one of a response")
			if req != nil {
				t.Errorf("%s: accepted", query)
			}
		}
	}
}

// What has the server's own separator in it would be several scopes.
func TestScopesByAnotherSeparator(t *testing.T) {
	for separator, scope := range map[string]string{",": "a,b", "+": "+", "; ": "a; b"} {
		config := configAt("https://as.example")
		config.Quirks.ScopeSeparator = separator
		c := newClient(t, config)
		_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			Scopes: []string{scope}})
		wantCheck(t, err, "scope", "RFC 6749, Section 3.3")
		_, err = c.ClientCredentials(t.Context(), TokenOptions{Scopes: []string{scope}})
		wantCheck(t, err, "scope", "RFC 6749, Section 3.3")
		begin(t, c, "ab", "a|b")
	}
}

// RFC 6749, Section 3.3: what is no scope is not asked for, here as in every grant.
func TestAuthorizeScopes(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for scope, ok := range scopes() {
		for _, list := range [][]string{{scope}, {"read", scope}} {
			req, err := c.Authorize(t.Context(), AuthorizationOptions{
				RedirectURI: redirectURI, Scopes: list})
			if (err == nil) != ok || (req == nil) != (err != nil) {
				t.Errorf("%q: %v", list, err)
			}
			if !ok {
				wantCheck(t, err, "scope", "RFC 6749, Section 3.3")
			}
		}
	}
}

// CVE-2025-67716: what the caller adds cannot replace what this package sets.
func TestAuthorizeReserved(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, name := range []string{
		"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
		"code_challenge_method", "response_mode", "request", "request_uri",
	} {
		for _, values := range [][]string{{"x"}, {""}, {}} {
			req, err := c.Authorize(t.Context(), AuthorizationOptions{
				RedirectURI: redirectURI, Params: url.Values{name: values}})
			if req != nil {
				t.Errorf("%s %q: accepted", name, values)
			}
			wantCheck(t, err, "params", "RFC 6749, Section 3.1")
			wantText(t, err, strconv.Quote(name))
		}
	}
}

// RFC 6749, Section 3.1: a parameter comes once, so that an endpoint's query must
// not have one of ours.
func TestAuthorizeEndpointQuery(t *testing.T) {
	for _, test := range []struct{ query, param, want string }{
		{"client_id=evil", "a", `"client_id"`},
		{"a=b&state=fixed", "b", `"state"`},
		{"code_challenge_method=plain", "b", `"code_challenge_method"`},
		{"request_uri=https%3A%2F%2Fevil.example", "b", `"request_uri"`},
		{"a=b", "a", `"a"`},
	} {
		config := configAt("https://as.example")
		config.Server.AuthorizationEndpoint += "?" + test.query
		req, err := newClient(t, config).Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI, Params: url.Values{test.param: {"x"}}})
		if req != nil {
			t.Errorf("%s: accepted", test.query)
		}
		wantCheck(t, err, "authorization_endpoint", "RFC 6749, Section 3.1")
		wantText(t, err, test.want)
	}
}

// The caller's slices stay the caller's.
func TestAuthorizeKeepsItsScopes(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	scopes := []string{"read"}
	req := begin(t, c, scopes...)
	scopes[0] = "admin"
	if got := req.Transaction.data().Scopes; !slices.Equal(got, []string{"read"}) {
		t.Errorf("scopes are %q", got)
	}
}

// OAuth 2.0 Multiple Response Type Encoding Practices, Section 2.1, and JARM, Section 2.3:
// tokens do not come in a query.
func TestAuthorizeResponseMode(t *testing.T) {
	config := configAt("https://as.example")
	config.Server.JWKSURI = "https://as.example/keys"
	c := newClient(t, config)
	for _, test := range []struct {
		mode         string
		code, tokens bool
	}{
		{"", true, true}, {"query", true, false}, {"fragment", true, true},
		{"form_post", true, true}, {"jwt", true, true}, {"query.jwt", true, false},
		{"fragment.jwt", true, true}, {"form_post.jwt", true, true},
		{"web_message", false, false}, {"Query", false, false}, {"form_post ", false, false},
		{"okta_post_message", false, false}, {".jwt", false, false}, {"jwt.jwt", false, false},
		{"web_message.jwt", false, false}, {"JWT", false, false},
	} {
		for _, types := range []string{"", "code", "id_token", "id_token token", "code id_token",
			"code token", "code id_token token"} {
			want := test.tokens
			if types == "" || types == "code" {
				want = test.code
			}
			req, err := c.Authorize(t.Context(), AuthorizationOptions{ResponseType: types,
				RedirectURI: redirectURI, ResponseMode: test.mode, Scopes: []string{"openid"}})
			if !want {
				wantCheck(t, err, "response_mode",
					"OAuth 2.0 Multiple Response Type Encoding Practices, Section 2.1")
				if req != nil {
					t.Errorf("%q for %q: accepted", test.mode, types)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if q := asked(t, req); q.Has("response_mode") != (test.mode != "") ||
				q.Get("response_mode") != test.mode {
				t.Errorf("%q: URL is %s", test.mode, req.URL)
			}
			if got := req.Transaction.data().JWT; got != strings.HasSuffix(test.mode, "jwt") {
				t.Errorf("%q: a JSON Web Token is asked for: %v", test.mode, got)
			}
		}
	}
}

// asked returns the parameters of an authorization request.
func asked(t *testing.T, req *AuthorizationRequest) url.Values {
	t.Helper()
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return params
}

// RFC 7636, Section 4.2: what a server does not support it would ignore, and the code
// would be protected by nothing.
func TestAuthorizeNeedsS256(t *testing.T) {
	for _, test := range []struct {
		methods []string
		ok      bool
	}{
		{nil, true}, {[]string{}, true}, {[]string{"S256"}, true},
		{[]string{"plain", "S256"}, true},
		{[]string{"plain"}, false}, {[]string{"s256"}, false}, {[]string{"S512"}, false},
		{[]string{""}, false},
	} {
		config := configAt("https://as.example")
		config.Server.CodeChallengeMethodsSupported = test.methods
		c := newClient(t, config)
		for i := range test.methods {
			test.methods[i] = "changed" // the client's list is its own
		}
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI})
		if test.ok {
			if err != nil {
				t.Errorf("%q: %v", test.methods, err)
			}
			continue
		}
		wantCheck(t, err, "code_challenge_methods_supported", "RFC 7636, Section 4.2")
		if req != nil {
			t.Errorf("%q: accepted", test.methods)
		}
	}
}

// RFC 8707, Section 2: a resource is in both requests, each value once, in its order, and
// beside those of Params.
func TestAuthorizeResources(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	resources := []string{"https://b.example/", "urn:a", "https://b.example/?q=1"}
	req, err := c.Authorize(t.Context(), AuthorizationOptions{
		RedirectURI: redirectURI, Resources: resources})
	if err != nil {
		t.Fatal(err)
	}
	if got := asked(t, req)["resource"]; !slices.Equal(got, resources) {
		t.Errorf("asked for %q", got)
	}
	if _, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction); err != nil {
		t.Fatal(err)
	}
	if got := posted(t, s.requests()[0])["resource"]; !slices.Equal(got, resources) {
		t.Errorf("asked the token endpoint for %q", got)
	}
	for _, resource := range []string{"", "/api", "api.example/x", "//api.example",
		"https://api.example/#", "https://api.example/#a", "https://api.example/%zz", ":"} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI, Resources: []string{"urn:a", resource}})
		wantCheck(t, err, "resource", "RFC 8707, Section 2")
		if req != nil {
			t.Errorf("%q: accepted", resource)
		}
	}
}

// posted returns the form of a request that a server was asked.
func posted(t *testing.T, asked string) url.Values {
	t.Helper()
	_, body, _ := strings.Cut(asked, "\n\n")
	form, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// TokenParams are of the token request alone, as many as there are, and outlive the
// transaction's storing.
func TestAuthorizeTokenParams(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	o := AuthorizationOptions{
		RedirectURI: redirectURI,
		Resources:   []string{"https://r.example"},
		Params:      url.Values{"only_here": {"1"}, "resource": {"https://p.example"}},
		TokenParams: url.Values{"audience": {"a", "b"}, "empty": {""}, "none": {}},
	}
	req, err := c.Authorize(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// What the caller does with its own is no longer of interest.
	o.Params["resource"][0], o.TokenParams["audience"][0], o.Resources[0] = "x", "x", "x"
	o.TokenParams.Set("code_verifier", "x")
	if got := asked(t, req); got.Has("audience") || got.Get("only_here") != "1" ||
		!slices.Equal(got["resource"], []string{"https://p.example", "https://r.example"}) {
		t.Errorf("asked for %q", got)
	}
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	kept := slices.Sorted(maps.Keys(txn.data().Params))
	if !slices.Equal(kept, []string{"audience", "empty", "none", "resource"}) {
		t.Errorf("kept %q", kept)
	}
	if _, err := c.Callback(t.Context(), answered(&txn), &txn); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"grant_type": {"authorization_code"}, "code": {"CODE"},
		"redirect_uri": {redirectURI}, "code_verifier": {txn.data().Verifier},
		"audience": {"a", "b"}, "empty": {""}, "resource": {"https://r.example"}}
	if got := posted(t, s.requests()[0]); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// CVE-2025-67716 at the token endpoint.
func TestAuthorizeReservedTokenParams(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, name := range []string{"grant_type", "client_id", "client_secret", "client_assertion",
		"client_assertion_type", "scope", "code", "redirect_uri", "code_verifier"} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI, TokenParams: url.Values{name: {"x"}}})
		if req != nil {
			t.Errorf("%s: accepted", name)
		}
		wantCheck(t, err, "token_params", "RFC 6749, Section 4.1.3")
		wantText(t, err, strconv.Quote(name))
	}
}

// A client whose server's endpoint is not known says so when it is needed.
func TestAuthorizeNeedsAnEndpoint(t *testing.T) {
	config := configAt("https://as.example")
	config.Server.AuthorizationEndpoint = ""
	req, err := newClient(t, config).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI})
	wantCheck(t, err, "authorization_endpoint", "RFC 6749, Section 3.1")
	if req != nil {
		t.Error("accepted")
	}
	config = configAt("https://as.example")
	config.Server.TokenEndpoint = ""
	c := newClient(t, config)
	txn := begin(t, c).Transaction
	tok, err := c.Callback(t.Context(), answered(txn), txn)
	wantCheck(t, err, "token_endpoint", "RFC 6749, Section 3.2")
	if tok != nil {
		t.Error("a token")
	}
}

// A listener hears the checks of a request too, the one that fails last.
func TestAuthorizeTrace(t *testing.T) {
	golden := []string{
		"redirect_uri (RFC 6749, Section 3.1.2)",
		"scope (RFC 6749, Section 3.3)",
		"response_type (OAuth 2.0 Multiple Response Type Encoding Practices, Section 5)",
		"response_mode (OAuth 2.0 Multiple Response Type Encoding Practices, Section 2.1)",
		"code_challenge_methods_supported (RFC 7636, Section 4.2)",
		"params (RFC 6749, Section 3.1)",
		"resource (RFC 8707, Section 2)",
		"token_params (RFC 6749, Section 4.1.3)",
		"authorization_endpoint (RFC 6749, Section 3.1)",
		"require_signed_request_object (RFC 9101, Section 10.5)",
	}
	signed := configAt("https://as.example")
	signed.Server.RequireSignedRequestObject = true
	endpoint := configAt("https://as.example")
	endpoint.Server.AuthorizationEndpoint += "?state=x"
	plain := configAt("https://as.example")
	plain.Server.CodeChallengeMethodsSupported = []string{"plain"}
	for _, test := range []struct {
		name   string
		config Config
		change func(*AuthorizationOptions)
		heard  int
	}{
		{"accepted", configAt("https://as.example"), func(*AuthorizationOptions) {}, 10},
		{"redirect URI", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.RedirectURI = "" }, 1},
		{"scope", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.Scopes = []string{""} }, 2},
		{"response type", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.ResponseType = "token" }, 3},
		{"response mode", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.ResponseMode = "x" }, 4},
		{"challenge", plain, func(*AuthorizationOptions) {}, 5},
		{"params", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.Params = url.Values{"state": {"x"}} }, 6},
		{"resource", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.Resources = []string{"x"} }, 7},
		{"token params", configAt("https://as.example"),
			func(o *AuthorizationOptions) { o.TokenParams = url.Values{"code": {"x"}} }, 8},
		{"endpoint", endpoint, func(*AuthorizationOptions) {}, 9},
		{"request object", signed, func(*AuthorizationOptions) {}, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			var heard []string
			var last error
			ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
				heard = append(heard, check+" ("+clause+")")
				last = err
			})
			o := AuthorizationOptions{RedirectURI: redirectURI}
			test.change(&o)
			_, err := newClient(t, test.config).Authorize(ctx, o)
			if !slices.Equal(heard, golden[:test.heard]) || last != err ||
				(err == nil) != (test.name == "accepted") {
				t.Errorf("heard %q, last %v", heard, last)
			}
			named := strings.TrimPrefix(outcome(err), "check ") + " ("
			if err != nil && !strings.HasPrefix(golden[test.heard-1], named) {
				t.Errorf("the error is of %q", named)
			}
		})
	}
}

func TestAuthorizeEndpointQueryIsAForm(t *testing.T) {
	for _, query := range []string{"a=b;state=x", "client_id=%zz", "client_id=evil;x"} {
		config := configAt("https://as.example")
		config.Server.AuthorizationEndpoint += "?" + query
		req, err := newClient(t, config).Authorize(t.Context(),
			AuthorizationOptions{RedirectURI: redirectURI})
		wantCheck(t, err, "authorization_endpoint", "RFC 6749, Section 3.1")
		if req != nil {
			t.Errorf("%s: accepted", query)
		}
	}
}

// One thing refused does not make another panic.
func TestAuthorizeReservedParamsAndResources(t *testing.T) {
	req, err := newClient(t, configAt("https://as.example")).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI, Params: url.Values{"state": {"x"}},
			Resources: []string{"https://api.example"}})
	wantCheck(t, err, "params", "RFC 6749, Section 3.1")
	if req != nil {
		t.Error("a request beside an error")
	}
}

// OAuth 2.0 Multiple Response Type Encoding Practices, Section 5: these types and no others,
// and a challenge for those that have a code (RFC 7636, Section 4.3).
func TestAuthorizeResponseType(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, test := range []struct {
		types    string
		ok, code bool
	}{
		{"", true, true}, {"code", true, true}, {"code id_token", true, true},
		{"code token", true, true}, {"code id_token token", true, true},
		{"id_token", true, false}, {"id_token token", true, false},
		{"token", false, false}, {"none", false, false}, {"id_token code", false, false},
		{"token code", false, false}, {"code token id_token", false, false},
		{"token id_token", false, false}, {"code code", false, false}, {"Code", false, false},
		{" code", false, false}, {"code ", false, false}, {"code  token", false, false},
		{" ", false, false}, {"code\tid_token", false, false}, {"device", false, false},
	} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: test.types, Scopes: []string{"a", "openid"}})
		if !test.ok {
			wantCheck(t, err, "response_type",
				"OAuth 2.0 Multiple Response Type Encoding Practices, Section 5")
			if req != nil {
				t.Errorf("%q: accepted", test.types)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		q, want := asked(t, req), test.types
		if want == "" {
			want = "code"
		}
		if q.Get("response_type") != want || q.Has("code_challenge") != test.code ||
			q.Has("code_challenge_method") != test.code ||
			(req.Transaction.data().Verifier != "") != test.code {
			t.Errorf("%q: URL is %s", test.types, req.URL)
		}
	}
}

// OpenID Connect Core 1.0, Section 3.1.2.1: there is no ID Token without the scope openid.
func TestAuthorizeResponseTypeScope(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, scopes := range [][]string{nil, {"openidx"}, {"OpenID", "profile"}} {
		for types, ok := range map[string]bool{"": true, "code": true, "code token": true,
			"id_token": false, "code id_token": false, "id_token token": false,
			"code id_token token": false} {
			req, err := c.Authorize(t.Context(), AuthorizationOptions{
				RedirectURI: redirectURI, ResponseType: types, Scopes: scopes})
			if ok && err == nil {
				continue
			}
			wantCheck(t, err, "scope", "OpenID Connect Core 1.0, Section 3.1.2.1")
			if req != nil || ok {
				t.Errorf("%q with %q: %v, %v", types, scopes, req, err)
			}
		}
	}
}

// A server without S256 is as good as another where there is no code.
func TestAuthorizeResponseTypeWithoutS256(t *testing.T) {
	config := configAt("https://as.example")
	config.Server.CodeChallengeMethodsSupported = []string{"plain"}
	c := newClient(t, config)
	for types, want := range map[string]string{"id_token": "ok", "id_token token": "ok",
		"code id_token": "check code_challenge_methods_supported"} {
		_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: types, Scopes: []string{"openid"}})
		if got := outcome(err); got != want {
			t.Errorf("%q: %s, want %s", types, got, want)
		}
	}
}

// A space is %20 and a plus %2B wherever it stands but in the endpoint's own query.
func TestAuthorizeSpaces(t *testing.T) {
	config := configAt("https://as.example")
	config.ID = "a b+c"
	config.Server.AuthorizationEndpoint += "?own=a+b%20c%2Bd"
	config.Quirks.ScopeSeparator = "+"
	req, err := newClient(t, config).Authorize(t.Context(), AuthorizationOptions{
		RedirectURI: "https://rp.example/c%20b?x=1+2", Scopes: []string{"x", "y"},
		Params: url.Values{"p q": {"r s+t"}, "ä": {"%20"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"?own=a+b%20c%2Bd&response_type=code&client_id=a%20b%2Bc&",
		"&redirect_uri=https%3A%2F%2Frp.example%2Fc%2520b%3Fx%3D1%2B2&", "&scope=x%2By&",
		"&p%20q=r%20s%2Bt&", "&%C3%A4=%2520&"} {
		if !strings.Contains(req.URL, want) {
			t.Errorf("%s has no %s", req.URL, want)
		}
	}
	if strings.Count(req.URL, "+") != 1 {
		t.Errorf("%s has a plus", req.URL)
	}
}
