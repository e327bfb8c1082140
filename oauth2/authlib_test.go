package oauth2

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/pkce"
)

// An authlibRow is a numbered test case of Authlib's client, as it is here.
type authlibRow struct {
	name string
	test func(t *testing.T)
}

func runRows(t *testing.T, rows []authlibRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, row.test)
	}
}

// authorizeAt makes an authorization request to an endpoint and returns its URL up to
// the state, what follows it up to the challenge, and all of its parameters.
func authorizeAt(t *testing.T, endpoint string, o AuthorizationOptions,
) (head, tail string, params url.Values) {
	t.Helper()
	config := configAt("https://as.example")
	config.ID, config.Server.AuthorizationEndpoint = "dev", endpoint
	o.RedirectURI = redirectURI
	req, err := newClient(t, config).Authorize(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	head, tail, _ = strings.Cut(req.URL, "&state="+req.Transaction.State())
	tail, _, _ = strings.Cut(tail, "&code_challenge=")
	return head, tail, asked(t, req)
}

// refusedAt has a request refused, by a check.
func refusedAt(t *testing.T, c Config, o AuthorizationOptions, check string) {
	t.Helper()
	o.RedirectURI = redirectURI
	req, err := newClient(t, c).Authorize(t.Context(), o)
	if outcome(err) != "check "+check || req != nil {
		t.Errorf("outcome %q, want check %s", outcome(err), check)
	}
}

func TestAuthlibAuthorize(t *testing.T) {
	const endpoint = "https://as.example/authorize"
	const head = "response_type=code&client_id=dev&redirect_uri=https%3A%2F%2Frp.example%2Fcb"
	runRows(t, []authlibRow{
		{"row 39", func(t *testing.T) {
			got, tail, params := authorizeAt(t, endpoint+"?foo=bar",
				AuthorizationOptions{})
			if got != endpoint+"?foo=bar&"+head || tail != "" || len(params["state"]) != 1 {
				t.Errorf("URL begins %s, %q", got, tail)
			}
		}},
		{"row 40", func(t *testing.T) {
			got, tail, _ := authorizeAt(t, endpoint, AuthorizationOptions{
				Params: url.Values{"max_age": {"0"}, "resource": {"a", "b"}, "nothing": nil}})
			if got != endpoint+"?"+head || tail != "&max_age=0&resource=a&resource=b" {
				t.Errorf("URL begins %s, %q", got, tail)
			}
		}},
		{"row 42", func(t *testing.T) {
			v, err := pkce.Parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
			if err != nil || v.Challenge() != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
				t.Errorf("challenge is %s, %v", v.Challenge(), err)
			}
			_, _, params := authorizeAt(t, endpoint, AuthorizationOptions{})
			if params.Get("code_challenge_method") != "S256" {
				t.Errorf("asked with %q", params)
			}
		}},
		{"row 43", func(t *testing.T) {
			config := configAt("https://as.example")
			refusedAt(t, config, AuthorizationOptions{
				Params: url.Values{"code_challenge_method": {"plain"}}}, "params")
			config.Server.CodeChallengeMethodsSupported = []string{"plain"}
			refusedAt(t, config, AuthorizationOptions{}, "code_challenge_methods_supported")
		}},
		{"row 45", func(t *testing.T) {
			_, _, params := authorizeAt(t, endpoint, AuthorizationOptions{
				ResponseMode: "form_post",
				Params:       url.Values{"prompt": {"consent"}, "login_hint": {"a@example.com"}}})
			for name, want := range map[string]string{"response_mode": "form_post",
				"prompt": "consent", "login_hint": "a@example.com"} {
				if !slices.Equal(params[name], []string{want}) {
					t.Errorf("%s is %q", name, params[name])
				}
			}
		}},
		{"row 46", func(t *testing.T) {
			config := configAt("https://as.example")
			config.Server.AuthorizationEndpoint = ""
			refusedAt(t, config, AuthorizationOptions{}, "authorization_endpoint")
		}},
		{"row 47", func(t *testing.T) { // state and verifier are always made here
			config := configAt("https://as.example")
			for _, name := range []string{"state", "code_challenge"} {
				refusedAt(t, config, AuthorizationOptions{Params: url.Values{name: {"x"}}},
					"params")
			}
			s := newServer(t, answerJSON(200, goodToken))
			c := newClient(t, configAt(s.URL))
			req := begin(t, c)
			if _, err := c.Callback(t.Context(), answered(req.Transaction),
				req.Transaction); err != nil {
				t.Fatal(err)
			}
			v, err := pkce.Parse(posted(t, s.requests()[0]).Get("code_verifier"))
			if err != nil || v.Challenge() != asked(t, req).Get("code_challenge") {
				t.Errorf("the verifier sent is not that of the request: %v", err)
			}
		}},
	})
}

// A site is where a browser comes back to. It answers with the outcome.
func site(t *testing.T, c *Client, txn *Transaction) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		params, err := ReadCallback(r)
		if err == nil {
			_, err = c.Callback(r.Context(), params, txn)
		}
		text := outcome(err)
		if e, ok := err.(*Error); ok {
			text += " " + e.Description()
		}
		w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return s
}

// comeBack has a browser come back with parameters, by GET and by POST, each time to a
// login of its own, whose state is STATE, while that of another is OTHER.
func comeBack(t *testing.T, change func(*Config), query, want string) {
	t.Helper()
	as := newServer(t, answerJSON(200, goodToken))
	for _, method := range []string{"GET", "POST"} {
		config := configAt(as.URL)
		change(&config)
		c := newClient(t, config)
		txn := begin(t, c).Transaction
		s := site(t, c, txn)
		sent := strings.NewReplacer("STATE", txn.State(), "OTHER", begin(t, c).Transaction.State(),
			"ISS", url.QueryEscape(config.Server.Issuer)).Replace(query)
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/cb?"+sent, nil)
		if method == "POST" {
			req, err = http.NewRequestWithContext(t.Context(), method, s.URL+"/cb",
				strings.NewReader(sent))
		}
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", formType)
		if got := answerTo(t, req); got != want {
			t.Errorf("%s %s: outcome %q, want %q", method, query, got, want)
		}
	}
}

func answerTo(t *testing.T, req *http.Request) string {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAuthlibCallback(t *testing.T) {
	asIs := func(*Config) {}
	promised := func(c *Config) { c.Server.AuthorizationResponseIssParameterSupported = true }
	runRows(t, []authlibRow{
		{"row 48", func(t *testing.T) { comeBack(t, asIs, "code=CODE&state=STATE", "ok") }},
		{"row 49", func(t *testing.T) {
			const denied = "error=access_denied&error_description=Not+today"
			comeBack(t, asIs, denied+"&state=STATE", "server access_denied 0 Not today")
			comeBack(t, asIs, denied+"&state=OTHER", "check state")
			comeBack(t, asIs, denied, "check state")
		}},
		{"row 50", func(t *testing.T) { comeBack(t, asIs, "state=STATE", "check code") }},
		{"row 51", func(t *testing.T) {
			comeBack(t, asIs, "code=CODE", "check state")
			comeBack(t, asIs, "code=CODE&state=unknown", "check state")
			comeBack(t, asIs, "code=CODE&state=OTHER", "check state")
			c := newClient(t, configAt("https://as.example"))
			config := configAt("https://as.example")
			config.ID = "client_b"
			txn := begin(t, newClient(t, config)).Transaction
			_, err := c.Callback(t.Context(), answered(txn), txn)
			wantCheck(t, err, "transaction", "RFC 9700, Section 4.4.2")
		}},
		{"row 52", func(t *testing.T) {
			s := newServer(t, answerJSON(200, goodToken))
			c := newClient(t, configAt(s.URL))
			txn := begin(t, c).Transaction
			resp, err := c.AuthorizationResponse(t.Context(), answered(txn), txn)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"ok", "check code", "check code"} {
				if _, err := c.Exchange(t.Context(), resp); outcome(err) != want {
					t.Errorf("outcome %q, want %q", outcome(err), want)
				}
			}
		}},
		{"row 55", func(t *testing.T) {
			comeBack(t, asIs, "code=CODE&code=CODE&state=STATE", "check parameters")
			comeBack(t, asIs, "code=CODE&state=STATE&state=STATE", "check parameters")
		}},
		{"row 56", func(t *testing.T) {
			for _, change := range []func(*Config){asIs, promised} {
				comeBack(t, change, "code=CODE&state=STATE&iss=ISS", "ok")
				comeBack(t, change, "code=CODE&state=STATE&iss=https%3A%2F%2Fevil.example",
					"check iss")
			}
			comeBack(t, asIs, "code=CODE&state=STATE", "ok")
			comeBack(t, promised, "code=CODE&state=STATE", "check iss")
		}},
	})
}

// tokenRequestBy has a client ask for a token, and returns the request.
func tokenRequestBy(t *testing.T, o TokenOptions, change func(*Config)) string {
	t.Helper()
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	change(&config)
	if _, err := newClient(t, config).ExtensionGrant(t.Context(), "urn:x", o); err != nil {
		t.Fatal(err)
	}
	return s.requests()[0]
}

func TestAuthlibAuthentication(t *testing.T) {
	with := func(id string, auth ClientAuthentication, quirks Quirks) string {
		t.Helper()
		return tokenRequestBy(t, TokenOptions{}, func(c *Config) {
			c.ID, c.Auth, c.Quirks = id, auth, quirks
		})
	}
	const accept, form = "Accept: application/json\n", "Content-Type: " + formType + "\n\n"
	is := func(t *testing.T, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("sent\n%q, want\n%q", got, want)
		}
	}
	runRows(t, []authlibRow{
		{"row 13", func(t *testing.T) {
			key := signingKey(t, "ES256")
			for name, try := range map[string]Credentials{
				"":                    {Secret: "s", Key: key},
				"client_secret_basic": {Secret: "s", Custom: uriAuthentication{}},
				"client_secret_post":  {Key: key},
				"none":                {Secret: "s"},
				"private_key_jwt":     {Secret: "s"},
				"tls_client_auth":     {},
				"unheard_of":          {Secret: "s"},
				"client_secret_uri":   {Key: key, Custom: uriAuthentication{}},
			} {
				a, err := AuthenticationFor(name, try)
				wantCheck(t, err, "client_authentication", "RFC 7591, Section 2")
				if a != nil {
					t.Errorf("%q: accepted", name)
				}
			}
		}},
		{"row 61", func(t *testing.T) {
			// a%3Ab:s%25%2B+%C3%A9 and client:s%+ é
			is(t, with("a:b", ClientSecretBasic("s%+ é"), Quirks{}), "POST /token\n"+accept+
				"Authorization: Basic YSUzQWI6cyUyNSUyQislQzMlQTk=\n"+form+"grant_type=urn%3Ax")
			is(t, with("client", ClientSecretBasicRaw("s%+ é"), Quirks{}), "POST /token\n"+accept+
				"Authorization: Basic Y2xpZW50OnMlKyDDqQ==\n"+form+"grant_type=urn%3Ax")
		}},
		{"row 62", func(t *testing.T) {
			is(t, with("a:b", ClientSecretPost("s%+ é"), Quirks{}), "POST /token\n"+accept+form+
				"client_id=a%3Ab&client_secret=s%25%2B+%C3%A9&grant_type=urn%3Ax")
			is(t, with("a:b", None(), Quirks{}), "POST /token\n"+accept+form+
				"client_id=a%3Ab&grant_type=urn%3Ax")
			is(t, with("a:b", None(), Quirks{InsecureTokenGET: true}),
				"GET /token?client_id=a%3Ab&grant_type=urn%3Ax\n"+accept+"\n")
		}},
		{"row 63", func(t *testing.T) {
			got := tokenRequestBy(t, TokenOptions{Params: url.Values{"resource": {"b", "a"}}},
				func(*Config) {})
			if got := posted(t, got)["resource"]; !slices.Equal(got, []string{"b", "a"}) {
				t.Errorf("resource is %q", got)
			}
		}},
		{"row 76", authlibRow76},
		{"row 77", func(t *testing.T) {
			is(t, with("a:b", uriAuthentication{}, Quirks{}), "POST /token?client_id=a%3Ab"+
				"&client_secret=secret&grant_type=urn%3Ax\n"+accept+form)
		}},
	})
}

// authlibRow76 is that of client assertions: the issuer is their audience.
func authlibRow76(t *testing.T) {
	seen := map[string]bool{}
	for _, alg := range []string{"RS384", "ES256", "EdDSA"} {
		key := signingKey(t, alg)
		auth := PrivateKeyJWT(key, AssertionOptions{Algorithm: alg, Claims: map[string]any{"x": 1}})
		for range 2 {
			tok := verified(t, clientAssertionOf(t, auth), key, jose.VerifierConfig{
				Algorithms: []string{alg}, Issuer: "client", Audience: asIssuer,
				Type: "client-authentication+jwt"})
			if tok.Subject != "client" || tok.Header.KeyID != "kid-1" || seen[tok.ID] ||
				tok.Claim("x") != "1" {
				t.Errorf("%s: %q by %q, kid %q", alg, tok.ID, tok.Subject, tok.Header.KeyID)
			}
			seen[tok.ID] = true
		}
	}
	config := configAt(asIssuer)
	config.Auth = PrivateKeyJWT(joseKey(t, []byte(strings.Repeat("s", 32)), jose.KeyOptions{}),
		AssertionOptions{})
	if c, err := New(config); outcome(err) != "check key" || c != nil {
		t.Errorf("a shared key: %v", err)
	}
}
