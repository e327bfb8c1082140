package oauth2

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

// A grant is a method that asks the token endpoint for a token, and the form that it
// sends of itself.
type grant struct {
	name string
	ask  func(t *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error)
	form string
}

// grants are all methods that take TokenOptions.
func grants() []grant {
	const typ = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
	return []grant{
		{"client credentials", askCredentials, "grant_type=client_credentials"},
		{"password", askPassword, "grant_type=password&password=p%26w+%C3%A9&username=u%2B1"},
		{"JWT", askJWT, "assertion=h.p.s&grant_type=" + typ + "jwt-bearer"},
		{"SAML", askSAML, "assertion=----____YQ&grant_type=" + typ + "saml2-bearer"},
		{"extension", askExtension, "grant_type=urn%3Aexample%3Agrant"},
		{"refresh", askRefresh, "grant_type=refresh_token&refresh_token=r%2F1"},
		{"token exchange", askExchange, "grant_type=" + typ +
			"token-exchange&subject_token=s%2B1&" +
			"subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"},
	}
}

// allGrants are the two as well that begin elsewhere.
func allGrants() []grant {
	return append(grants(), grant{"code", askCode, ""}, grant{"device", askDevice, ""})
}

func askCredentials(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.ClientCredentials(ctx, o)
}

func askPassword(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.InsecurePassword(ctx, "u+1", "p&w é", o)
}

func askJWT(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.JWTBearer(ctx, "h.p.s", o)
}

// The bytes are those that base64url has other characters for than base64, and one more,
// for which that has padding.
func askSAML(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.SAMLBearer(ctx, []byte("\xfb\xef\xbe\xff\xff\xffa"), o)
}

func askExtension(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.ExtensionGrant(ctx, "urn:example:grant", o)
}

func askRefresh(t *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.Refresh(ctx, stored(t, Record{AccessToken: "old", RefreshToken: "r/1"}), o)
}

func askExchange(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.TokenExchange(ctx,
		TokenExchange{SubjectToken: "s+1", SubjectTokenType: TokenTypeAccessToken}, o)
}

// askCode asks by an authorization code, whose request has only the scopes of o.
func askCode(t *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	txn := begin(t, c, o.Scopes...).Transaction
	return c.Callback(ctx, answered(txn), txn)
}

// askDevice asks by a device code, once and without waiting.
func askDevice(_ *testing.T, ctx context.Context, c *Client, o TokenOptions) (*Token, error) {
	return c.pollDevice(ctx,
		&DeviceAuthorization{digest: c.digest, device: hide("dc"), scopes: o.Scopes})
}

// stored returns the token of a record.
func stored(t *testing.T, r Record) *Token {
	t.Helper()
	tok, err := FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// goodExchange is a token that every grant takes.
const goodExchange = `{"access_token":"a","token_type":"Bearer","issued_token_type":"x"}`

const basicPost = "POST /token\nAccept: application/json\n" +
	"Authorization: Basic Y2xpZW50OnNlY3JldA==\n" +
	"Content-Type: application/x-www-form-urlencoded\n\n"

// RFC 6749, Sections 4.3, 4.4, 4.5 and 6; RFC 7522, RFC 7523 and RFC 8693, Section 2.1.
func TestGrants(t *testing.T) {
	for _, g := range grants() {
		t.Run(g.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, goodExchange))
			tok, err := g.ask(t, t.Context(), newClient(t, configAt(s.URL)), TokenOptions{})
			if err != nil || tok.AccessToken() != "a" {
				t.Fatalf("%v and %v", tok, err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != basicPost+g.form {
				t.Errorf("sent\n%q, want\n%q", got, basicPost+g.form)
			}
		})
	}
}

const deviceForm = "device_code=dc&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A" +
	"device_code"

// RFC 8628, Section 3.4.
func TestDeviceGrant(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	if _, err := askDevice(t, t.Context(), newClient(t, configAt(s.URL)),
		TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	want := basicPost + deviceForm
	if got := s.requests(); len(got) != 1 || got[0] != want {
		t.Errorf("sent\n%q, want\n%q", got, want)
	}
}

// What a grant is refused by, it returns, and no token.
func TestGrantsRefused(t *testing.T) {
	for _, g := range allGrants() {
		s := newServer(t, answerJSON(400, `{"error":"unauthorized_client"}`))
		tok, err := g.ask(t, t.Context(), newClient(t, configAt(s.URL)), TokenOptions{})
		if got := outcome(err); got != "server unauthorized_client 400" || tok != nil {
			t.Errorf("%s: %v and %q", g.name, tok, got)
		}
	}
}

// An endpoint is needed by what asks it, and by nothing else.
func TestGrantsNeedTheTokenEndpoint(t *testing.T) {
	config := configAt("https://as.example")
	config.Server.TokenEndpoint = ""
	c := newClient(t, config)
	for _, g := range allGrants() {
		tok, err := g.ask(t, t.Context(), c, TokenOptions{})
		if got := outcome(err); got != "check token_endpoint" || tok != nil {
			t.Errorf("%s: %v and %q", g.name, tok, got)
		}
	}
}

// RFC 6749, Section 3.3; RFC 8707, Section 2: several values stay several.
func TestTokenOptions(t *testing.T) {
	o := TokenOptions{
		Scopes:    []string{"read", "write"},
		Resources: []string{"https://api.example/a?b=c", "urn:example:b"},
		Params:    url.Values{"claims": {"x", "y"}, "empty": {""}, "none": {}},
	}
	more := url.Values{
		"scope":    {"read write"},
		"resource": {"https://api.example/a?b=c", "urn:example:b"},
		"claims":   {"x", "y"},
		"empty":    {""},
	}
	for _, g := range grants() {
		s := newServer(t, answerJSON(200, goodExchange))
		if _, err := g.ask(t, t.Context(), newClient(t, configAt(s.URL)), o); err != nil {
			t.Fatal(err)
		}
		want, _ := url.ParseQuery(g.form)
		maps.Copy(want, more)
		if got := s.requests()[0]; got != basicPost+want.Encode() {
			t.Errorf("%s: sent\n%q, want\n%q", g.name, got, basicPost+want.Encode())
		}
	}
	if len(o.Params) != 3 || len(o.Params["claims"]) != 2 {
		t.Errorf("the caller's parameters are %q now", o.Params)
	}
}

// Resources come after those of Params, in which they may be too.
func TestTokenOptionsResources(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	params := url.Values{"resource": make([]string, 1, 4)}
	params["resource"][0] = "urn:a"
	_, err := newClient(t, configAt(s.URL)).ClientCredentials(t.Context(),
		TokenOptions{Resources: []string{"urn:b"}, Params: params})
	if err != nil {
		t.Fatal(err)
	}
	want := basicPost + "grant_type=client_credentials&resource=urn%3Aa&resource=urn%3Ab"
	if got := s.requests()[0]; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if spare := params["resource"][:2][1]; spare != "" {
		t.Errorf("the caller's list has %q now", spare)
	}
}

// What this package sets cannot be replaced: neither what every request has nor what the
// grant itself has.
func TestTokenOptionsRefused(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	every := []string{"grant_type", "client_id", "client_secret", "client_assertion",
		"client_assertion_type", "scope"}
	for _, g := range grants() {
		own, _ := url.ParseQuery(g.form)
		for _, name := range append(slices.Collect(maps.Keys(own)), every...) {
			for _, values := range [][]string{{"x"}, {}} {
				tok, err := g.ask(t, t.Context(), c, TokenOptions{Params: url.Values{name: values}})
				if got := outcome(err); got != "check params" || tok != nil {
					t.Errorf("%s, %s: %v and %q", g.name, name, tok, got)
				}
			}
		}
		for _, resource := range []string{"", "api", "/api", "https://api.example/#", "urn:a#b",
			"https://api.example/\x7f"} {
			tok, err := g.ask(t, t.Context(), c,
				TokenOptions{Resources: []string{"urn:a", resource}})
			if got := outcome(err); got != "check resource" || tok != nil {
				t.Errorf("%s, %q: %v and %q", g.name, resource, tok, got)
			}
		}
	}
}

func TestTokenOptionsRefusedText(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	_, err := c.ClientCredentials(t.Context(), TokenOptions{Params: url.Values{"scope": {"x"}}})
	wantText(t, err, `params must not have "scope", which this package sets `+
		"(RFC 6749, Section 3.2)")
	_, err = c.ClientCredentials(t.Context(), TokenOptions{Resources: []string{"x"}})
	wantText(t, err, "resource must be an absolute URI without a fragment (RFC 8707, Section 2)")
}

// RFC 6749, Section 5.1: scope is what was granted, and if it is not there, what was asked.
func TestScopesGranted(t *testing.T) {
	for _, test := range []struct {
		name, scope, separator string
		scopes, notGranted     []string
	}{
		{"absent", ``, "", []string{"read", "write"}, nil},
		{"null", `,"scope":null`, "", []string{"read", "write"}, nil},
		{"empty", `,"scope":""`, "", nil, []string{"read", "write"}},
		{"as asked", `,"scope":"read write"`, "", []string{"read", "write"}, nil},
		{"in another order", `,"scope":"write read"`, "", []string{"write", "read"}, nil},
		{"narrower", `,"scope":"write"`, "", []string{"write"}, []string{"read"}},
		{"wider", `,"scope":"read write admin"`, "", []string{"read", "write", "admin"}, nil},
		{"other", `,"scope":"Read"`, "", []string{"Read"}, []string{"read", "write"}},
		{"commas", `,"scope":"read,write"`, ",", []string{"read", "write"}, nil},
		{"commas and spaces", `,"scope":"read, admin"`, ",", []string{"read", "admin"},
			[]string{"write"}},
		{"commas that separate nothing", `,"scope":"read,write"`, "", []string{"read,write"},
			[]string{"read", "write"}},
		{"commas, but none", `,"scope":",,"`, ",", nil, []string{"read", "write"}},
	} {
		for _, g := range allGrants() {
			s := newServer(t, answerJSON(200, strings.TrimSuffix(goodExchange, "}")+test.scope+"}"))
			config := configAt(s.URL)
			config.Quirks.ScopeSeparator = test.separator
			tok, err := g.ask(t, t.Context(), newClient(t, config),
				TokenOptions{Scopes: []string{"read", "write"}})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tok.Scopes, test.scopes) || !slices.Equal(tok.NotGranted,
				test.notGranted) {
				t.Errorf("%s, %s: granted %q and not %q", test.name, g.name, tok.Scopes,
					tok.NotGranted)
			}
		}
	}
}

// A server may separate what it grants otherwise than what it is asked for, or by more than
// one character.
func TestGrantedScopeSeparator(t *testing.T) {
	for _, test := range []struct {
		asks, grants, scope string
		want                []string
	}{
		{"", ",", "read,write x", []string{"read", "write", "x"}},
		{"", ",;", "read,write;x", []string{"read", "write", "x"}},
		{",", "", "read,write", []string{"read", "write"}},
		{",", ";", "read,write;x", []string{"read,write", "x"}},
		{"", "é", "reads", []string{"reads"}},
	} {
		s := newServer(t, answerJSON(200,
			`{"access_token":"a","token_type":"Bearer","scope":"`+test.scope+`"}`))
		config := configAt(s.URL)
		config.Quirks.ScopeSeparator = test.asks
		config.Quirks.GrantedScopeSeparator = test.grants
		tok, err := newClient(t, config).ClientCredentials(t.Context(),
			TokenOptions{Scopes: []string{"x", "y"}})
		if err != nil || !slices.Equal(tok.Scopes, test.want) {
			t.Errorf("%q, %q: %v and %v, want %q", test.asks, test.grants, tok, err, test.want)
		}
		if form := s.requests()[0]; strings.Contains(form, "x%2Cy") != (test.asks == ",") {
			t.Errorf("%q: sent %q", test.asks, form)
		}
	}
}

// A server's own separator is sent, too.
func TestScopeSeparatorIsSent(t *testing.T) {
	for separator, want := range map[string]string{"": "read+write", ",": "read%2Cwrite"} {
		s := newServer(t, answerJSON(200, goodToken))
		config := configAt(s.URL)
		config.Quirks.ScopeSeparator = separator
		_, err := newClient(t, config).ClientCredentials(t.Context(),
			TokenOptions{Scopes: []string{"read", "write"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.requests()[0]; got != basicPost+"grant_type=client_credentials&scope="+want {
			t.Errorf("%q: sent %q", separator, got)
		}
	}
}

// All goes into the query then, behind the endpoint's own, and nothing is the body.
func TestInsecureTokenGET(t *testing.T) {
	const head = "\nAccept: application/json\n\n"
	for _, g := range grants() {
		for query, begins := range map[string]string{"": "GET /token?", "?t=1": "GET /token?t=1&"} {
			s := newServer(t, answerJSON(200, goodExchange))
			config := configAt(s.URL)
			config.Auth = ClientSecretPost("secret")
			config.Server.TokenEndpoint += query
			config.Quirks.InsecureTokenGET = true
			if _, err := g.ask(t, t.Context(), newClient(t, config), TokenOptions{}); err != nil {
				t.Fatal(err)
			}
			form, _ := url.ParseQuery(g.form)
			form.Set("client_id", "client")
			form.Set("client_secret", "secret")
			if got := s.requests()[0]; got != begins+form.Encode()+head {
				t.Errorf("%s: sent %q", g.name, got)
			}
		}
	}
}

// RFC 6749, Section 4.4: a client that is not authenticated gets no token of its own.
func TestClientCredentialsNeedsAuthentication(t *testing.T) {
	config := configAt("https://as.example")
	config.Auth = None()
	tok, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
	if got := outcome(err); got != "check client_authentication" || tok != nil {
		t.Errorf("%v and %q", tok, got)
	}
	wantText(t, err, "client_authentication must not be none (RFC 6749, Section 4.4)")
}

// RFC 7521, Section 4.1.
func TestAssertionIsRequired(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	tok, err := c.JWTBearer(t.Context(), "", TokenOptions{})
	if got := outcome(err); got != "check assertion" || tok != nil {
		t.Errorf("%v and %q", tok, got)
	}
	for _, none := range [][]byte{nil, {}} {
		tok, err := c.SAMLBearer(t.Context(), none, TokenOptions{})
		if got := outcome(err); got != "check assertion" || tok != nil {
			t.Errorf("%v and %q", tok, got)
		}
	}
}

// RFC 6749, Section 4.5: one method a grant; those that have one of their own, or none
// that a client could use, are no extensions.
func TestExtensionGrant(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	for _, name := range []string{"", "authorization_code", "implicit", "password",
		"client_credentials", "refresh_token"} {
		tok, err := c.ExtensionGrant(t.Context(), name, TokenOptions{})
		if got := outcome(err); got != "check grant_type" || tok != nil {
			t.Errorf("%q: %v and %q", name, tok, got)
		}
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
	_, err := c.ExtensionGrant(t.Context(), "fb_exchange_token",
		TokenOptions{Params: url.Values{"assertion": {"a"}, "audience": {"x", "y"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := basicPost + "assertion=a&audience=x&audience=y&grant_type=fb_exchange_token"
	if got := s.requests()[0]; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// A cancelled context ends every grant, and nothing is sent again by another way.
func TestGrantsEndWithTheirContext(t *testing.T) {
	s := newServer(t, answerJSON(200, goodExchange))
	c := newClient(t, configAt(s.URL))
	cause := errors.New("the user has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for _, g := range allGrants() {
		tok, err := g.ask(t, ctx, c, TokenOptions{})
		if tok != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, cause) {
			t.Errorf("%s: %v and %v", g.name, tok, err)
		}
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// A renewed token has nothing of the old one that came anew, and all that did not.
func TestRefreshMerges(t *testing.T) {
	old := Record{AccessToken: "old", RefreshToken: "r", IDToken: "i", Scope: "read write"}
	for _, test := range []struct {
		name, answer     string
		asked            []string
		refresh, idToken string
		scopes, refused  []string
	}{
		{"nothing new", `{"access_token":"a","token_type":"Bearer"}`, nil, "r", "i",
			[]string{"read", "write"}, nil},
		{"all new", `{"access_token":"a","token_type":"Bearer","refresh_token":"r2",` +
			`"id_token":"i2","scope":"x"}`, nil, "r2", "i2", []string{"x"}, nil},
		{"narrowed by request", `{"access_token":"a","token_type":"Bearer"}`, []string{"read"},
			"r", "i", []string{"read"}, nil},
		{"narrowed by the server", `{"access_token":"a","token_type":"Bearer","scope":"read"}`,
			[]string{"read", "write"}, "r", "i", []string{"read"}, []string{"write"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, test.answer))
			tok, err := newClient(t, configAt(s.URL)).Refresh(t.Context(), stored(t, old),
				TokenOptions{Scopes: test.asked})
			if err != nil {
				t.Fatal(err)
			}
			if tok.AccessToken() != "a" || tok.RefreshToken() != test.refresh ||
				tok.IDToken() != test.idToken || !slices.Equal(tok.Scopes, test.scopes) ||
				!slices.Equal(tok.NotGranted, test.refused) {
				t.Errorf("token is %+v, %+v", tok, tok.held())
			}
		})
	}
}

// The HTTP client is the one given, and its error is returned.
func TestGrantIsSentByTheHTTPClient(t *testing.T) {
	config := configAt("https://as.example")
	var sent []string
	config.HTTP = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.Method+" "+r.URL.String())
		return nil, errFailing
	})}
	_, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
	if !errors.Is(err, errFailing) {
		t.Errorf("error is %v", err)
	}
	wantText(t, err, "oauth2: token_endpoint: ")
	if !slices.Equal(sent, []string{"POST https://as.example/token"}) {
		t.Errorf("sent %q", sent)
	}
}

// A refresh token goes to the server that gave it, from the client that it was given to, and
// nowhere else: not by Refresh, and not by a source that finds it in its store.
func TestTokenOfAnother(t *testing.T) {
	const check = "client_id must be that of the token, and so must the issuer"
	for _, test := range []struct {
		name             string
		clientID, issuer string
		ours             bool
	}{
		{"ours", "client", "https://as.example", true},
		{"not known", "", "", true},
		{"client alone known", "client", "", true},
		{"issuer alone known", "", "https://as.example", true},
		{"another client", "other", "https://as.example", false},
		{"another issuer", "client", "https://as.example/", false},
		{"another client, issuer not known", "other", "", false},
		{"another issuer, client not known", "", "https://other.example", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, `{"access_token":"new","token_type":"Bearer"}`))
			config := configAt(s.URL)
			config.ID, config.Server.Issuer = "client", "https://as.example"
			c := newClient(t, config)
			for _, ends := range []int64{1, 0} {
				held := stored(t, Record{AccessToken: "a", RefreshToken: "r", ExpiresAt: ends,
					ClientID: test.clientID, Issuer: test.issuer})
				src, err := c.TokenSource(TokenSourceOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if err := src.Save(t.Context(), held); err != nil {
					t.Fatal(err)
				}
				tok, err := src.Token(t.Context())
				if test.ours && err != nil ||
					!test.ours && (tok != nil || !errors.Is(err, errForeign) ||
						!errors.Is(err, errLoginRequired)) {
					t.Errorf("source: %v, %v", tok, err)
				}
				renewed, err := c.Refresh(t.Context(), held, TokenOptions{})
				if test.ours && (err != nil || renewed.Record().ClientID != "client" ||
					renewed.Record().Issuer != "https://as.example") {
					t.Errorf("Refresh: %v, %v", renewed, err)
				}
				if !test.ours {
					wantText(t, err, check)
				}
			}
			if n := len(s.requests()); n > 0 != test.ours {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// A grant that needs no user replaces the token of another client.
func TestTokenOfAnotherIsReplaced(t *testing.T) {
	s := newServer(t, answerJSON(200, `{"access_token":"new","token_type":"Bearer"}`))
	c := newClient(t, configAt(s.URL))
	src, err := c.TokenSource(TokenSourceOptions{
		Grant: func(ctx context.Context) (*Token, error) {
			return c.ClientCredentials(ctx, TokenOptions{})
		}})
	if err != nil {
		t.Fatal(err)
	}
	other := stored(t, Record{AccessToken: "a", RefreshToken: "r", ClientID: "other"})
	if err := src.Save(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	tok, err := src.Token(t.Context())
	if err != nil || tok.AccessToken() != "new" || len(s.requests()) != 1 {
		t.Errorf("%q, %v, %q", tok.AccessToken(), err, s.requests())
	}
}

// What is of refreshing alone is refused by its name, and each parameter that this package
// sets.
func TestNewOfRefresh(t *testing.T) {
	config := configAt("https://as.example")
	config.RefreshEndpoint = "http://as.example/refresh"
	_, err := New(config)
	wantCheck(t, err, "refresh_endpoint", "RFC 6749, Section 6")
	config.RefreshEndpoint = ""
	for _, name := range []string{"grant_type", "refresh_token", "client_id", "client_secret",
		"client_assertion", "client_assertion_type", "scope"} {
		for _, values := range [][]string{{"x"}, {}} {
			config.RefreshParams = url.Values{name: values}
			c, err := New(config)
			wantCheck(t, err, "refresh_params", "RFC 6749, Section 6")
			wantText(t, err, strconv.Quote(name))
			if c != nil {
				t.Errorf("%s: a client beside an error", name)
			}
		}
	}
}

// Refresh tokens alone go to the refresh endpoint, by whatever way.
func TestRefreshEndpoint(t *testing.T) {
	c, s := clientWith(t, answerJSON(200, goodToken), func(c *Config) {
		c.RefreshEndpoint = strings.TrimSuffix(c.Server.TokenEndpoint, "token") + "refresh?a=b"
	})
	held := stored(t, Record{AccessToken: "old", RefreshToken: "r/1", ExpiresAt: 1})
	if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Refresh(t.Context(), held, TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	src, err := c.TokenSource(TokenSourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Save(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	if tok, err := src.Token(t.Context()); err != nil || tok.AccessToken() != "a" {
		t.Errorf("source: %v, %v", tok, err)
	}
	refresh := strings.Replace(basicPost, "/token", "/refresh?a=b", 1) +
		"grant_type=refresh_token&refresh_token=r%2F1"
	want := []string{basicPost + "grant_type=client_credentials", refresh, refresh}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// A server of which nothing but the refresh endpoint is asked needs no token endpoint, and
// what fails is said of the endpoint that was asked.
func TestRefreshEndpointAlone(t *testing.T) {
	var status int
	c, _ := clientWith(t, func(w http.ResponseWriter, r *http.Request) {
		answerJSON(status, goodToken)(w, r)
	}, func(c *Config) {
		c.RefreshEndpoint, c.Server.TokenEndpoint = c.Server.TokenEndpoint, ""
	}, func(c *Config) {
		c.Hooks.RefreshTokenResponse = []ResponseHook{
			func(_ context.Context, resp *httpclient.Response) error {
				if resp.Status != 200 {
					return errFailing
				}
				return nil
			}}
	})
	held := stored(t, Record{AccessToken: "old", RefreshToken: "r"})
	status = 200
	if _, err := c.Refresh(t.Context(), held, TokenOptions{}); err != nil {
		t.Error(err)
	}
	status = 500
	_, err := c.Refresh(t.Context(), held, TokenOptions{})
	wantText(t, err, "oauth2: refresh_endpoint: hook: ")
	_, err = c.ClientCredentials(t.Context(), TokenOptions{})
	wantCheck(t, err, "token_endpoint", "RFC 6749, Section 3.2")
}

// Elsewhere than at the token endpoint the client proves itself by the same means: an
// assertion is for the issuer still, and a token of another is not sent.
func TestRefreshEndpointAuthentication(t *testing.T) {
	pair := newSigner(t, "ES256")
	private := joseKey(t, pair, jose.KeyOptions{Algorithm: "ES256"})
	c, s := clientWith(t, answerJSON(200, goodToken), func(c *Config) {
		c.RefreshEndpoint = c.Server.Issuer + "/refresh"
		c.Server.Issuer = "https://as.example"
		c.Auth = PrivateKeyJWT(private, AssertionOptions{Type: "JWT"})
	})
	foreign := stored(t, Record{AccessToken: "old", RefreshToken: "r", Issuer: "https://x.example"})
	_, err := c.Refresh(t.Context(), foreign, TokenOptions{})
	wantCheck(t, err, "client_id", "RFC 6749, Section 10.4")
	held := stored(t, Record{AccessToken: "old", RefreshToken: "r"})
	if _, err := c.Refresh(t.Context(), held, TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	asked := s.requests()
	if len(asked) != 1 || !strings.HasPrefix(asked[0], "POST /refresh\n") {
		t.Fatalf("sent %q", asked)
	}
	assertionOf(t, posted(t, asked[0]).Get("client_assertion"), private, "https://as.example")
}

// RefreshParams are of each refresh request and of no other, behind what one call says; who
// names resources for one call asks for no others.
func TestRefreshParams(t *testing.T) {
	const grant = "grant_type=refresh_token&refresh_token=r"
	const alone = "a=1&a=2&b=3&code=x&" + grant + "&resource=urn%3Aa"
	params := url.Values{"a": {"1", "2"}, "b": {"3"}, "resource": {"urn:a"}, "code": {"x"}}
	for _, test := range []struct {
		name    string
		options TokenOptions
		want    string
	}{
		{"alone", TokenOptions{}, alone},
		{"params of the call", TokenOptions{Params: url.Values{"a": {"4"}, "c": {"5"}}},
			"a=4&b=3&c=5&code=x&" + grant + "&resource=urn%3Aa"},
		{"left out by the call", TokenOptions{Params: url.Values{"a": {}, "code": nil}},
			"b=3&" + grant + "&resource=urn%3Aa"},
		{"resources of the call", TokenOptions{Resources: []string{"urn:b"}},
			"a=1&a=2&b=3&code=x&" + grant + "&resource=urn%3Ab"},
		{"resource among the params of the call", TokenOptions{
			Params: url.Values{"resource": {"urn:c"}}, Resources: []string{"urn:b"}},
			"a=1&a=2&b=3&code=x&" + grant + "&resource=urn%3Ac&resource=urn%3Ab"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := clientWith(t, answerJSON(200, goodToken),
				func(c *Config) { c.RefreshParams = params })
			held := stored(t, Record{AccessToken: "old", RefreshToken: "r"})
			before := len(test.options.Params)
			for range 2 {
				if _, err := c.Refresh(t.Context(), held, test.options); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := c.Refresh(t.Context(), held, TokenOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
				t.Fatal(err)
			}
			want := []string{basicPost + test.want, basicPost + test.want, basicPost + alone,
				basicPost + "grant_type=client_credentials"}
			if got := s.requests(); !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
			if len(test.options.Params) != before {
				t.Errorf("the caller's parameters are %q now", test.options.Params)
			}
		})
	}
	if _, err := newClient(t, configAt("https://as.example")).Refresh(t.Context(),
		stored(t, Record{AccessToken: "old", RefreshToken: "r"}),
		TokenOptions{Params: url.Values{"refresh_token": {"x"}}}); outcome(err) != "check params" {
		t.Errorf("reserved in the call: %v", err)
	}
}

// What the caller does with its parameters later is nothing to the client.
func TestRefreshParamsAreKept(t *testing.T) {
	params := url.Values{"a": {"1"}}
	c, s := clientWith(t, answerJSON(200, goodToken),
		func(c *Config) { c.RefreshParams = params })
	params["a"][0] = "2"
	params.Set("scope", "x")
	held := stored(t, Record{AccessToken: "old", RefreshToken: "r"})
	if _, err := c.Refresh(t.Context(), held, TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; got != basicPost+"a=1&grant_type=refresh_token&refresh_token=r" {
		t.Errorf("sent %q", got)
	}
}
