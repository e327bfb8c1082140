package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// userinfo_compliance_fix, with OpenID Connect and without: the claims go through it, and it
// can ask for more with the user's token.
func TestUserInfoFix(t *testing.T) {
	for name, c := range providers(t) {
		t.Run(name, func(t *testing.T) {
			c.UserInfoFix = func(ctx context.Context, api *registry.BoundClient, claims map[string]any) (
				map[string]any, error) {
				id, err := callAPI(ctx, api)
				return map[string]any{"sub": claims["sub"], "id": id, "nickname": "by " + name}, err
			}
			user, err := visit(t, name, c)
			if err != nil || user.Identity.Subject != "alice" || user.Nickname != "by "+name || user.Name != "" {
				t.Errorf("user is %+v, %v", user, err)
			}
		})
	}
}

// What it returns is held to the same as what a provider says.
func TestUserInfoFixRefused(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name   string
		claims map[string]any
		err    error
		want   error
	}{
		{"an error", nil, broken, broken},
		{"nothing", nil, nil, &jose.CheckError{Check: "userinfo_fix"}},
		{"no subject", map[string]any{"name": "Alice"}, nil, &jose.CheckError{Check: "sub"}},
		{"another subject", map[string]any{"sub": "bob"}, nil, &jose.CheckError{Check: "sub"}},
		{"no JSON", map[string]any{"sub": make(chan int)}, nil, &jose.CheckError{Check: "userinfo_fix"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := providers(t)["oidc"]
			c.UserInfoFix = func(context.Context, *registry.BoundClient, map[string]any) (map[string]any, error) {
				return test.claims, test.err
			}
			if _, err := visit(t, "oidc", c); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

// The row of GitHub, at an API of the same shape.
func TestVerifiedEmail(t *testing.T) {
	emails := `[{"email":"old@example.com","primary":false,"verified":true},
		{"email":"rosa@example.com","primary":true,"verified":true}]`
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/user":
			w.Write([]byte(`{"id":9000000000000017,"login":"rosa","email":"profile@example.com"}`))
		case "/user/emails":
			w.Write([]byte(emails))
		}
	}))
	defer api.Close()
	r := newRegistry(t, registry.Options{})
	github, err := r.Register("github", registry.Config{
		Provider: "github", ClientID: "client", ClientSecret: "secret",
		APIBaseURL: api.URL, UserInfoEndpoint: api.URL + "/user",
		UserInfoEmails: compliance.Emails{Endpoint: "user/emails", Email: "email",
			Primary: "primary", Verified: "verified"},
		IdentityIssuer: "https://github.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	who := func() (*oidc.UserInfo, error) {
		return github.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
	}
	user, err := who()
	if err != nil {
		t.Fatal(err)
	}
	if email, verified := user.Email(); email != "rosa@example.com" || !verified ||
		user.Identity.Subject != "9000000000000017" {
		t.Errorf("user is %v with %s, verified: %t", user.Identity, email, verified)
	}
	emails = strings.Replace(emails, `true,"verified":true`, `true,"verified":false`, 1)
	user, err = who()
	if err != nil {
		t.Fatal(err)
	}
	if email, verified := user.Email(); email != "rosa@example.com" || verified {
		t.Errorf("user has %s, verified: %t", email, verified)
	}
}

// What takes UserInfo of any media type takes a list of addresses of any.
func TestUntypedEmails(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/user":
			w.Write([]byte(`{"data":[{"id":9000000000000017}]}`))
		case "/emails":
			w.Write([]byte(`{"data":{"list":[{"address":"rosa@example.com","confirmed":true}]}}`))
		}
	}))
	defer api.Close()
	odd, err := newRegistry(t, registry.Options{}).Register("odd", registry.Config{
		ClientID: "client", ClientSecret: "secret",
		AuthorizeURL: api.URL, AccessTokenURL: api.URL, APIBaseURL: api.URL,
		UserInfoEndpoint: api.URL + "/user", IdentityIssuer: "https://odd.example",
		UserInfoNames: map[string]string{"sub": "/data/0/id"},
		UserInfoEmails: compliance.Emails{
			Endpoint: "emails", List: "/data/list", Email: "address", Verified: "confirmed"},
		Dialect: compliance.Dialect{UntypedUserInfo: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	user, err := odd.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
	if err != nil {
		t.Fatal(err)
	}
	if email, verified := user.Email(); email != "rosa@example.com" || !verified {
		t.Errorf("user has %q, verified: %t", email, verified)
	}
}

// A client secret that is a token of the client's own, as Apple's.
func TestSignedSecret(t *testing.T) {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	var h heard
	c := providersWith(t, oauth1test.Options{}, oidctest.Options{Intercept: h.spy})["oauth2"]
	c.ClientSecret, c.PrivateKey = "", key
	c.Dialect = compliance.Dialect{
		SecretIssuer: "team", SecretAudience: "https://appleid.apple.com"}
	visit(t, "oauth2", c) // the test provider does not take it
	public, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jose.ParseSet([]byte(`{"keys":[` + string(public) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{Keys: keys, Algorithms: []string{"ES256"},
		Issuer: "team", Audience: "https://appleid.apple.com"})
	if err != nil {
		t.Fatal(err)
	}
	form := h.at(t, "token").PostForm
	tok, err := v.Verify(t.Context(), form.Get("client_secret"))
	if err != nil || form.Get("client_id") != "client" {
		t.Fatalf("sent %v: %v", form, err)
	}
	if subject := tok.Claim("sub"); subject != `"client"` {
		t.Errorf("sub is %s", subject)
	}
}

// Refresh tokens go where Config says, with what it says.
func TestRefreshTokenURL(t *testing.T) {
	var h heard
	elsewhere := httptest.NewServer(h.spy(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"access_token":"new","token_type":"Bearer"}`))
	})))
	defer elsewhere.Close()
	for _, name := range []string{"oauth2", "oidc"} {
		t.Run(name, func(t *testing.T) {
			c := providers(t)[name]
			c.RefreshTokenURL = elsewhere.URL + "/refresh"
			c.RefreshTokenParams = map[string][]string{"audience": {name}}
			client, err := newRegistry(t, registry.Options{}).Register(name, c)
			if err != nil {
				t.Fatal(err)
			}
			tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: "old", RefreshToken: "refresh"})
			if err != nil {
				t.Fatal(err)
			}
			renewed, err := client.Refresh(t.Context(), registry.Token{OAuth2: tok})
			if err != nil || renewed.OAuth2.AccessToken() != "new" {
				t.Fatalf("got %v, %v", renewed, err)
			}
			if form := h.at(t, "refresh").PostForm; form.Get("audience") != name ||
				form.Get("refresh_token") != "refresh" {
				t.Errorf("sent %v", form)
			}
		})
	}
}

// Who asks the client of package oidc has no client for the API.
func TestUserInfoFixWithoutAPI(t *testing.T) {
	p := oidctest.NewServer(oidctest.Options{})
	defer p.Close()
	s := newSite(t, registry.Options{})
	c, err := s.registry.Register("oidc", registry.Config{ClientID: "client", ClientSecret: "secret",
		Issuer: p.Issuer(), APIBaseURL: p.Issuer(), Scopes: []string{"openid"},
		UserInfoFix: func(ctx context.Context, api *registry.BoundClient, claims map[string]any) (map[string]any, error) {
			resp, err := api.Get(ctx, "me")
			if err == nil {
				resp.Body.Close()
			}
			return claims, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	s.done = func(login *registry.Login, u *oidc.UserInfo, _ string, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		_, err = c.OIDC().UserInfo(t.Context(), &oidc.Login{Token: login.Token.OAuth2, IDToken: login.IDToken})
		if !errors.Is(err, &jose.CheckError{Check: "userinfo_fix"}) {
			t.Errorf("error is %v", err)
		}
	}
	browse(t, s.URL+"/login/oidc")
}

// An apiServer answers by path, and keeps what it was asked.
type apiServer struct {
	*httptest.Server
	answers map[string]string // a path to a body; a number alone is a status
	asked   []string
}

func newAPI(t *testing.T, answers map[string]string) *apiServer {
	t.Helper()
	a := &apiServer{answers: answers}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.asked = append(a.asked, r.Method+" "+r.URL.RequestURI()+" "+
			r.Header.Get("Authorization")+" "+string(body))
		answer, ok := a.answers[r.URL.Path]
		if status, err := strconv.Atoi(answer); err == nil && ok {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answer)
	}))
	t.Cleanup(a.Close)
	return a
}

// client registers a client of OAuth 2.0 whose API is at a.
func (a *apiServer) client(t *testing.T, change func(*registry.Config)) *registry.Client {
	t.Helper()
	c := registry.Config{ClientID: "client", ClientSecret: "secret",
		AuthorizeURL: a.URL + "/authorize", AccessTokenURL: a.URL + "/token", APIBaseURL: a.URL,
		UserInfoEndpoint: a.URL + "/me", IdentityIssuer: "https://p.example"}
	change(&c)
	client, err := newRegistry(t, registry.Options{}).Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// tokenSaying returns a token with members beside it.
func tokenSaying(t *testing.T, members string) registry.Token {
	t.Helper()
	r := oauth2.Record{AccessToken: "the-access-token"}
	if err := json.Unmarshal([]byte(members), &r.Extra); err != nil {
		t.Fatal(err)
	}
	tok, err := oauth2.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Token{OAuth2: tok}
}

// The list of addresses: where it is, what it overrides, and what becomes of a refusal.
func TestUserInfoEmails(t *testing.T) {
	const rosa = `[{"email":"rosa@app.example","primary":true,"verified":true}]`
	const me = `{"sub":"1","email":"public@app.example","email_verified":true}`
	list := compliance.Emails{Endpoint: "emails", Email: "email", Primary: "primary",
		Verified: "verified"}
	inside := list
	inside.Endpoint, inside.List = "", "/emails"
	for _, test := range []struct {
		name, me, list string
		e              compliance.Emails
		names          map[string]string
		want           string
		verified       bool
		requests       int
	}{
		{"a list", me, rosa, list, nil, "rosa@app.example", true, 2},
		{"not verified", me, strings.Replace(rosa, `"verified":true`, `"verified":false`, 1), list,
			nil, "rosa@app.example", false, 2},
		{"none counts", me, `[]`, list, nil, "public@app.example", true, 2},
		{"refused", me, "403", list, nil, "public@app.example", true, 2},
		{"not there", me, "404", list, nil, "public@app.example", true, 2},
		{"within the answer", `{"sub":"1","email":"x","email_verified":true,"emails":` + rosa + `}`,
			rosa, inside, nil, "rosa@app.example", true, 1},
		{"within the answer, not there", me, rosa, inside, nil, "public@app.example", true, 1},
		{"a name of another member", `{"sub":"1","mail":"m@app.example"}`, rosa, list,
			map[string]string{"email": "mail"}, "m@app.example", false, 2},
	} {
		a := newAPI(t, map[string]string{"/me": test.me, "/emails": test.list})
		client := a.client(t, func(c *registry.Config) {
			c.UserInfoEmails, c.UserInfoNames = test.e, test.names
		})
		user, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if email, verified := user.Email(); email != test.want || verified != test.verified ||
			len(a.asked) != test.requests || user.Identity.Subject != "1" {
			t.Errorf("%s: %s, verified %t, asked %q", test.name, email, verified, a.asked)
		}
	}
}

// A failure of the list is one of UserInfo, and so is what is no answer.
func TestUserInfoEmailsFail(t *testing.T) {
	for answer, want := range map[string]is{
		"500": wraps(&jose.CheckError{Check: "userinfo_fix"}), "503": says("503"),
		"200": check("userinfo_fix"), "[": check("userinfo_fix"), "": check("userinfo_fix"),
	} {
		a := newAPI(t, map[string]string{"/me": `{"sub":"1","email":"x"}`, "/emails": answer})
		fixed := false
		client := a.client(t, func(c *registry.Config) {
			c.UserInfoEmails = compliance.Emails{Endpoint: "emails", Email: "email"}
			c.UserInfoFix = func(_ context.Context, _ *registry.BoundClient,
				claims map[string]any) (map[string]any, error) {
				fixed = true
				return claims, nil
			}
		})
		user, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
		if user != nil || err == nil || !want(err) || fixed ||
			strings.Contains(err.Error(), "Bearer") {
			t.Errorf("%q: %v, %v", answer, user, err)
		}
	}
}

// UserInfoFix gets what the list has said.
func TestUserInfoEmailsBeforeFix(t *testing.T) {
	a := newAPI(t, map[string]string{"/me": `{"sub":"1"}`,
		"/emails": `[{"email":"a@app.example"}]`})
	client := a.client(t, func(c *registry.Config) {
		c.UserInfoEmails = compliance.Emails{Endpoint: "emails", Email: "email"}
		c.UserInfoFix = func(_ context.Context, _ *registry.BoundClient, claims map[string]any) (
			map[string]any, error) {
			claims["nickname"] = claims["email"]
			return claims, nil
		}
	})
	user, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
	if err != nil || user.Nickname != "a@app.example" {
		t.Errorf("%+v, %v", user, err)
	}
}

// The endpoint's braces, its body, its hooks.
func TestUserInfoEndpointOfToken(t *testing.T) {
	for _, test := range []struct {
		name, endpoint, members string
		want                    string // asked, or the error
	}{
		{"a member", "/users/{id}", `{"id":7}`, "POST /users/7 Bearer the-access-token q"},
		{"escaped", "/users/{id}?x={id}", `{"id":"a/b&c"}`,
			"POST /users/a%2Fb&c?x=a%2Fb%26c Bearer the-access-token q"},
		{"the token", "/me?t={access_token}", `{}`,
			"POST /me?t=the-access-token Bearer the-access-token q"},
		{"missing", "/users/{id}", `{"ID":7}`, `"id" must have come with the token`},
		{"null", "/users/{id}", `{"id":null}`, `"id" must have come with the token`},
		{"dots", "/users/{id}/profile", `{"id":".."}`, "must not be dots in the path"},
	} {
		a := newAPI(t, map[string]string{"/users/7": `{"sub":"1"}`, "/me": `{"sub":"1"}`,
			"/users/a/b&c": `{"sub":"1"}`})
		hooked := 0
		client := a.client(t, func(c *registry.Config) {
			c.UserInfoEndpoint, c.UserInfoBody = a.URL+test.endpoint, "q"
			c.Hooks.UserInfoResponse = []oauth2.ResponseHook{
				func(context.Context, *httpclient.Response) error { hooked++; return nil }}
		})
		user, err := client.UserInfo(t.Context(),
			&registry.Login{Token: tokenSaying(t, test.members)})
		if strings.HasPrefix(test.want, "POST ") {
			if err != nil || user.Identity != (oidc.Identity{Issuer: "https://p.example",
				Subject: "1"}) || !slices.Equal(a.asked, []string{test.want}) || hooked != 1 {
				t.Errorf("%s: asked %q, %v, %v", test.name, a.asked, user, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) || len(a.asked) > 0 {
			t.Errorf("%s: asked %q, %v", test.name, a.asked, err)
		}
	}
}

// A token in the URL is in no error.
func TestUserInfoTokenInURL(t *testing.T) {
	a := newAPI(t, map[string]string{"/me": "500"})
	client := a.client(t, func(c *registry.Config) {
		c.UserInfoEndpoint = a.URL + "/me?access_token={access_token}&t={access_token}"
	})
	login := &registry.Login{Token: tokenSaying(t, `{}`)}
	_, err := client.UserInfo(t.Context(), login)
	a.Close()
	_, errDown := client.UserInfo(t.Context(), login)
	for _, err := range []error{err, errDown} {
		if err == nil || strings.Contains(err.Error(), "the-access-token") {
			t.Errorf("error is %v", err)
		}
	}
}

// A user who comes with the token, by OAuth 2.0.
func TestUserInfoOfToken(t *testing.T) {
	names := map[string]string{"sub": "/user/id", "name": "{/user/first} {/user/last}"}
	for _, test := range []struct {
		name, members string
		change        func(*registry.Config)
		want          string
		field         string // of a ConfigError
		check         string
	}{
		{"there", `{"user":{"id":7,"first":"Ada","last":"Lovelace"}}`,
			func(*registry.Config) {}, "7 Ada Lovelace", "", ""},
		{"fixed", `{"user":{"id":7}}`, func(c *registry.Config) {
			c.UserInfoFix = func(context.Context, *registry.BoundClient, map[string]any) (
				map[string]any, error) {
				return map[string]any{"user": map[string]any{"id": "8"}}, nil
			}
		}, "8 ", "", ""},
		{"not there", `{"sub":"mallory"}`, func(*registry.Config) {}, "", "UserInfoEndpoint",
			"sub"},
		{"null", `{"user":null}`, func(*registry.Config) {}, "", "UserInfoEndpoint", "sub"},
		{"a list", `{"user":[{"id":7}]}`, func(*registry.Config) {}, "", "UserInfoEndpoint", "sub"},
		{"no names", `{"sub":"mallory"}`, func(c *registry.Config) { c.UserInfoNames = nil }, "",
			"UserInfoEndpoint", ""},
		{"no issuer", `{"user":{"id":7}}`, func(c *registry.Config) { c.IdentityIssuer = "" }, "",
			"IdentityIssuer", ""},
		{"another case", `{"user":{"id":7},"Email":"secret"}`, func(*registry.Config) {}, "", "",
			"body"},
	} {
		a := newAPI(t, nil)
		client := a.client(t, func(c *registry.Config) {
			c.UserInfoEndpoint, c.UserInfoNames = "", names
			test.change(c)
		})
		user, err := client.UserInfo(t.Context(),
			&registry.Login{Token: tokenSaying(t, test.members)})
		if len(a.asked) > 0 || (user == nil) != (err != nil) {
			t.Errorf("%s: asked %q, %v", test.name, a.asked, err)
		}
		if test.want != "" {
			if err != nil || user.Identity.Subject+" "+user.Name != test.want ||
				user.Identity.Issuer != "https://p.example" {
				t.Errorf("%s: %+v, %v", test.name, user, err)
			}
			continue
		}
		e, ok := errors.AsType[*registry.ConfigError](err)
		if ok != (test.field != "") || ok && (e.Field != test.field || e.Client != "name") ||
			test.check != "" && !check(test.check)(err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
}

// A user who comes with the token, by OAuth 1.0.
func TestUserInfoOfOAuth1Token(t *testing.T) {
	c := providers(t)["oauth1"]
	c.UserInfoEndpoint, c.UserInfoNames = "", map[string]string{"sub": "user_id", "name": "screen"}
	client, err := newRegistry(t, registry.Options{}).Register("name", c)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"17": "17", "": ""} {
		one, err := oauth1.FromRecord(oauth1.Record{Token: "a", Secret: "b",
			Extra: map[string]string{"user_id": id, "screen": "Ada \"Q\""}})
		if err != nil {
			t.Fatal(err)
		}
		user, err := client.UserInfo(t.Context(),
			&registry.Login{Token: registry.Token{OAuth1: one}})
		if want == "" {
			if e, ok := errors.AsType[*registry.ConfigError](err); !ok || !check("sub")(err) ||
				e.Field != "UserInfoEndpoint" {
				t.Errorf("error is %v", err)
			}
		} else if err != nil || user.Identity.Subject != want || user.Name != `Ada "Q"` {
			t.Errorf("%+v, %v", user, err)
		}
	}
}

// Without a UserInfo Endpoint, the ID Token says who it is, and the callback what it is let to.
func TestUserInfoOfIDToken(t *testing.T) {
	for _, test := range []struct {
		name, user string
		names      map[string]string
		want       string
		check      string
	}{
		{"the ID Token alone", "", nil, "alice Alice Example alice@example.com true", ""},
		{"a provider that checks nothing", "", nil, "alice Alice Example alice@example.com false", ""},
		{"the callback", `{"name":{"first":"Ada","last":"Lovelace"}}`,
			map[string]string{"name": "{/callback/user/name/first} {/callback/user/name/last}"},
			"alice Ada Lovelace alice@example.com true", ""},
		{"a text of the callback", `Ada "Q"`, map[string]string{"name": "/callback/user"},
			`alice Ada "Q" alice@example.com true`, ""},
		{"a number of the callback", `17`, map[string]string{"name": "/callback/user"},
			`alice 17 alice@example.com true`, ""},
		{"an address of the callback", `{"email":"evil@app.example","email_verified":true}`,
			map[string]string{"email": "/callback/user/email"},
			"alice Alice Example evil@app.example false", ""},
		{"no such parameter", ``, map[string]string{"name": "/callback/user"},
			"alice  alice@example.com true", ""},
		{"a parameter that is not let", ``, map[string]string{"name": "/callback/state"},
			"alice  alice@example.com true", ""},
		{"another user by the callback", `{"id":"mallory"}`,
			map[string]string{"sub": "/callback/user/id"}, "", "sub"},
		{"no user by the callback", `{"id":""}`, map[string]string{"sub": "/callback/user/id"}, "",
			"sub"},
		{"a member twice", `{"id":"alice","id":"mallory"}`, nil, "", "body"},
		{"deep", strings.Repeat("[", 200) + strings.Repeat("]", 200), nil, "", "body"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := providersWith(t, oauth1test.Options{}, oidctest.Options{
				EditMetadata: func(m map[string]any) { delete(m, "userinfo_endpoint") },
				EditIDToken: func(claims map[string]any) {
					claims["name"] = "Alice Example"
					claims["callback"] = map[string]any{"signed": "x"}
					claims["email"], claims["email_verified"] = "alice@example.com", true
				},
				EditResponse: func(params url.Values) {
					if test.user != "" {
						params.Set("user", test.user)
					}
				},
			})["oidc"]
			c.UserInfoNames = test.names
			c.Quirks.UncheckedContacts = test.name == "a provider that checks nothing"
			c.Dialect.CallbackParameters = []string{"user", "none"}
			s := newSite(t, registry.Options{})
			if _, err := s.registry.Register("name", c); err != nil {
				t.Fatal(err)
			}
			s.done = func(login *registry.Login, user *oidc.UserInfo, _ string, err error) {
				if login == nil || login.Callback["user"] != test.user ||
					len(login.Callback) != min(1, len(test.user)) {
					t.Fatalf("login is %+v, %v", login, err)
				}
				if test.check != "" {
					if err == nil || !check(test.check)(err) || user != nil {
						t.Errorf("%+v, %v", user, err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				email, verified := user.Email()
				got := fmt.Sprintf("%s %s %s %t", user.Identity.Subject, user.Name, email, verified)
				if got != test.want || user.Identity != login.Identity {
					t.Errorf("got %s, want %s", got, test.want)
				}
			}
			browse(t, s.URL+"/login/name")
		})
	}
}

// The ID Token's user is fixed too, and stays the same.
func TestUserInfoFixOfIDToken(t *testing.T) {
	for sub, want := range map[string]is{"alice": nil, "mallory": check("sub"), "": check("sub")} {
		c := providersWith(t, oauth1test.Options{}, oidctest.Options{
			EditMetadata: func(m map[string]any) { delete(m, "userinfo_endpoint") }})["oidc"]
		c.UserInfoFix = func(_ context.Context, _ *registry.BoundClient, claims map[string]any) (
			map[string]any, error) {
			claims["sub"], claims["nickname"] = sub, "fixed"
			return claims, nil
		}
		user, err := visit(t, "oidc", c)
		if want == nil && (err != nil || user.Nickname != "fixed") ||
			want != nil && (err == nil || !want(err) || user != nil) {
			t.Errorf("%q: %+v, %v", sub, user, err)
		}
	}
}

// Without an ID Token there is nobody, with an endpoint or without.
func TestUserInfoWithoutIDToken(t *testing.T) {
	c := providersWith(t, oauth1test.Options{}, oidctest.Options{
		EditMetadata: func(m map[string]any) { delete(m, "userinfo_endpoint") }})["oidc"]
	client, err := newRegistry(t, registry.Options{}).Register("oidc", c)
	if err != nil {
		t.Fatal(err)
	}
	user, err := client.UserInfo(t.Context(), &registry.Login{Token: bearer(t)})
	if user != nil || err == nil || !check("id_token")(err) {
		t.Errorf("%+v, %v", user, err)
	}
}

// What OpenID Connect's endpoint is asked, and where it keeps the claims.
func TestUserInfoOfOIDC(t *testing.T) {
	var asked string
	o := oidctest.Options{
		EditUserInfo: func(claims map[string]any) { claims["n"] = map[string]any{"first": "Ada"} },
		Intercept: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/userinfo") {
					body, _ := io.ReadAll(r.Body)
					asked = r.Method + " " + string(body)
					r.Body = http.NoBody
				}
				next.ServeHTTP(w, r)
			})
		}}
	c := providersWith(t, oauth1test.Options{}, o)["oidc"]
	c.UserInfoBody = "fields=all"
	c.UserInfoNames = map[string]string{"nickname": "/n/first"}
	var hooked int
	c.Hooks.UserInfoResponse = []oauth2.ResponseHook{
		func(context.Context, *httpclient.Response) error { hooked++; return nil }}
	user, err := visit(t, "oidc", c)
	if err != nil || user.Nickname != "Ada" || asked != "POST fields=all" || hooked != 1 {
		t.Errorf("asked %s, %d hooks: %+v, %v", asked, hooked, user, err)
	}
}

// Who says no by a code of the provider's own has said no.
func TestDeniedInOtherWords(t *testing.T) {
	for _, code := range []string{"user_denied", "user_cancelled_login"} {
		c := providersWith(t, oauth1test.Options{}, oidctest.Options{
			EditResponse: func(params url.Values) {
				params.Del("code")
				params.Set("error", code)
			}})["oauth2"]
		if _, err := visit(t, "oauth2", c); !errors.Is(err, registry.ErrAccessDenied) {
			t.Errorf("%s: error is %v", code, err)
		}
	}
}
