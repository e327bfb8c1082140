package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// OpenID Connect Core 1.0, Section 5.3.2: what is about someone else, or no one,
// is refused.
func TestUserInfo(t *testing.T) {
	const js = "application/json"
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"good", edit(func(map[string]any) {}), "ok"},
		{"charset", say(200, "application/json; charset=utf-8", `{"sub":"alice"}`), "ok"},
		{"another case of content type", say(200, "Application/JSON", `{"sub":"alice"}`), "ok"},
		{"unknown claims", set("x", list{map[string]any{"sub": "mallory"}}), "ok"},

		{"sub of another", set("sub", "mallory"), "check sub"},
		{"sub in another case", set("sub", "Alice"), "check sub"},
		{"sub and more", set("sub", "alice "), "check sub"},
		{"sub missing", set("sub", nil), "check sub"},
		{"sub empty", set("sub", ""), "check sub"},
		{"sub null", set("sub", null{}), "check sub"},
		{"sub number", set("sub", 7), "check sub"},
		{"sub list", set("sub", list{"alice"}), "check sub"},
		{"sub in both cases", set("Sub", "alice"), "check body"},
		{"sub twice", say(200, js, `{"sub":"alice","sub":"alice"}`), "check body"},
		{"name in another case", set("NAME", "x"), "check body"},
		{"preferred_username in another case", set("Preferred_Username", "x"), "check body"},
		{"picture in another case", set("Picture", "x"), "check body"},
		{"email in both cases", set("EMAIL", "x"), "check body"},
		{"email_verified in both cases", set("Email_Verified", true), "check body"},

		{"HTML", say(200, "text/html", `{"sub":"alice"}`), "check content_type"},
		{"another type", say(200, "application/token-introspection+jwt", `e30.e30.AA`),
			"check content_type"},
		{"no content type", say(200, "", `{"sub":"alice"}`), "check content_type"},
		{"content type that does not parse", say(200, "application/json; x", `{"sub":"alice"}`),
			"check content_type"},
		{"empty", say(200, js, ``), "check body"},
		{"list", say(200, js, `[{"sub":"alice"}]`), "check body"},
		{"cut short in the JSON", say(200, js, `{"sub":"alice"`), "check body"},
		{"more after the end", say(200, js, `{"sub":"alice"}{}`), "check body"},
		{"cut short", cut, "cut short"},
		{"endless", endless, "too large"},
		{"at the limit", say(200, js, `{"sub":"alice"}`+strings.Repeat(" ", 1<<20-15)),
			"too large"},
		{"below the limit", say(200, js, `{"sub":"alice"}`+strings.Repeat(" ", 1<<20-16)), "ok"},
		{"401 with its reason", refuse("invalid_token"), "server invalid_token 401"},
		{"401 with a reason of its own", refuse("x"), "server  401"},
		{"204", say(204, js, ``), "status must be 200, is 204"},
		{"503", say(503, js, ``), "server  503"},
		{"401", say(401, js, `{"error":"invalid_token"}`), "server  401"},
		{"403 with claims", say(403, js, `{"sub":"alice"}`), "server  403"},
		{"500", say(500, "text/html", `<html>`), "server  500"},
		{"redirect", func(w http.ResponseWriter,
			r *http.Request) {
			http.Redirect(w, r, "/me", http.StatusFound)
		},
			"status must be 200, is 302"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": test.answer}, nil)
			login := w.mustLogin(AuthorizationOptions{})
			user, err := w.client.UserInfo(t.Context(), login)
			if got := outcome(err); got != test.want &&
				(err == nil || !strings.HasSuffix(got, test.want)) {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if (user == nil) != (err != nil) {
				t.Errorf("%+v beside %v", user, err)
			}
			if err == nil && user.Identity != login.IDToken.Identity() {
				t.Errorf("user is %+v", user)
			}
			if err != nil && (!strings.HasPrefix(err.Error(), "oidc: UserInfo: ") ||
				strings.Contains(err.Error(), login.Token.AccessToken())) {
				t.Errorf("error is %v", err)
			}
			if _, status, refused := strings.Cut(test.want, "server "); refused &&
				!strings.Contains(err.Error(), "status must be 200, is "+
					status[strings.LastIndexByte(status, ' ')+1:]) {
				t.Errorf("error is %v", err)
			}
			if err != nil && strings.HasPrefix(test.want, "check ") &&
				!strings.HasSuffix(err.Error(), " (OpenID Connect Core 1.0, Section 5.3.2)") {
				t.Errorf("error is %v", err)
			}
			if w.requests("/me") > 0 || w.requests("/userinfo") != 1 {
				t.Error("the redirect was followed, or the request repeated")
			}
		})
	}
}

// refuse answers as RFC 6750, Section 3 says.
func refuse(code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="`+code+`", error_description="words"`)
		say(401, typeJSON, `{}`)(w, r)
	}
}

// The request is a GET with a bearer token that takes both kinds of answer.
func TestUserInfoRequest(t *testing.T) {
	var seen *http.Request
	w := newWorld(t, oidctest.Options{}, answerer{
		"/userinfo": func(w http.ResponseWriter, r *http.Request) {
			seen = r
			say(200, typeJSON, `{"sub":"alice"}`)(w, r)
		}}, nil)
	login := w.mustLogin(AuthorizationOptions{})
	if _, err := w.client.UserInfo(t.Context(), login); err != nil {
		t.Fatal(err)
	}
	if seen.Method != "GET" || seen.URL.RawQuery != "" ||
		seen.Header.Get("Accept") != "application/json, application/jwt" ||
		seen.Header.Get("Authorization") != "Bearer "+login.Token.AccessToken() {
		t.Errorf("request is %s %s %v", seen.Method, seen.URL, seen.Header)
	}
}

// RFC 6750, Section 2.2: a token goes into the body of a POST.
func TestUserInfoRequestWithABody(t *testing.T) {
	var seen, body string
	w := newWorld(t, oidctest.Options{}, answerer{
		"/userinfo": func(w http.ResponseWriter, r *http.Request) {
			seen = strings.Join([]string{r.Method, r.Header.Get("Content-Type"),
				r.Header.Get("Accept"), r.Header.Get("Authorization")}, " ")
			say(200, typeJSON, `{"sub":"alice"}`)(w, r)
		}}, func(c *Config) {
		c.TokenPlacement = oauth2.PlacementBody
		look := func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/userinfo" {
				text, _ := io.ReadAll(r.Body)
				body, r.Body = string(text), io.NopCloser(strings.NewReader(string(text)))
			}
			return http.DefaultTransport.RoundTrip(r)
		}
		c.HTTP = &http.Client{Transport: roundTripper(look)}
	})
	login := w.mustLogin(AuthorizationOptions{})
	if _, err := w.client.UserInfo(t.Context(), login); err != nil {
		t.Fatal(err)
	}
	if seen != "POST application/x-www-form-urlencoded application/json, application/jwt " ||
		body != "access_token="+login.Token.AccessToken() {
		t.Errorf("request is %s, %s", seen, body)
	}
}

// Without an ID Token there is nothing to compare with, and nothing is asked.
func TestUserInfoNeedsAnIDToken(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	changed := func(change func(*IDToken)) *Login {
		id := *login.IDToken
		change(&id)
		return &Login{Token: login.Token, IDToken: &id}
	}
	for _, test := range []struct {
		name  string
		login *Login
		want  string
	}{
		{"nil", nil, "check id_token"},
		{"zero", &Login{}, "check id_token"},
		{"without ID Token", &Login{Token: login.Token}, "check id_token"},
		{"ID Token that nobody verified", &Login{Token: login.Token, IDToken: &IDToken{
			Issuer: w.Issuer(), Subject: "alice", Audience: []string{"client"}}}, "check id_token"},
		{"ID Token of another issuer", changed(func(id *IDToken) {
			id.Issuer = "https://p.example"
		}), "check id_token"},
		{"ID Token for another client", changed(func(id *IDToken) {
			id.Audience = []string{"other"}
		}), "check id_token"},
		{"without token", &Login{IDToken: login.IDToken},
			"check access_token"},
	} {
		user, err := w.client.UserInfo(t.Context(), test.login)
		if got := outcome(err); got != test.want || user != nil {
			t.Errorf("%s: %v and %q, want %q", test.name, user, got, test.want)
		}
	}
	if n := w.requests("/userinfo"); n > 0 {
		t.Errorf("asked %d times", n)
	}
}

// A provider that cannot be found is not asked.
func TestUserInfoOfAProviderThatIsGone(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	gone, err := New(Config{Issuer: w.Issuer(), ID: "client", Auth: oauth2.ClientSecret("secret"),
		HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, io.ErrUnexpectedEOF
		})}})
	if err != nil {
		t.Fatal(err)
	}
	if user, err := gone.UserInfo(t.Context(), login); outcome(err) != "cut short" || user != nil {
		t.Errorf("%+v, %v", user, err)
	}
}

// toBank returns a client that may reach bank.example by http, which is at url.
func toBank(url string) *http.Client {
	allowed := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"bank.example"}})
	return httpclient.With(allowed, roundTripper(func(r *http.Request) (*http.Response, error) {
		if r = r.Clone(r.Context()); r.URL.Host == "bank.example" {
			r.URL.Host = strings.TrimPrefix(url, "http://")
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
}

// The client says which hosts may be reached by http.
func TestUserInfoInClearWhereAllowed(t *testing.T) {
	server := httptest.NewServer(say(200, typeJSON, `{"sub":"alice"}`))
	defer server.Close()
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.HTTP, c.Provider.UserInfoEndpoint = toBank(server.URL), "http://bank.example/userinfo"
	})
	login := w.mustLogin(AuthorizationOptions{})
	if _, err := w.client.UserInfo(t.Context(), login); err != nil {
		t.Error(err)
	}
}

// The token is not sent in clear, nor where there is no endpoint.
func TestUserInfoEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{"": "check userinfo_endpoint",
		"http://p.example/userinfo": "insecure URL", "/userinfo": "insecure URL"} {
		w := newWorld(t, oidctest.Options{}, answerer{wellKnown: set("userinfo_endpoint", nil)},
			func(c *Config) { c.Provider.UserInfoEndpoint = endpoint })
		_, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
		if outcome(err) != want || !strings.HasPrefix(err.Error(), "oidc: UserInfo") {
			t.Errorf("%v: error is %v", endpoint, err)
		}
	}
}

// An ID Token of another issuer, were there one, has another identity.
func TestUserInfoIsOfTheIssuer(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	user, err := w.client.UserInfo(t.Context(), login)
	if err != nil || user.Identity != (Identity{w.Issuer(), "alice"}) {
		t.Errorf("%+v and %v", user, err)
	}
}

// A provider that does not speak OpenID Connect is asked by any client that
// sends the token.
func TestFetchUserInfo(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{})
	transport, err := w.client.Transport(t.Context(), login.Token, w.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	source := UserInfoSource{Endpoint: w.Endpoint("me"), Issuer: "https://me.example",
		Names: map[string]string{"sub": "id"}}
	user, err := FetchUserInfo(t.Context(), &http.Client{Transport: transport}, source)
	if err != nil {
		t.Fatal(err)
	}
	address, verified := user.Email()
	if user.Identity != (Identity{"https://me.example", "alice"}) || user.Name != "Alice Example" ||
		address != "alice@example.com" || verified {
		t.Errorf("user is %+v, %s %v", user, address, verified)
	}
	_, err = FetchUserInfo(t.Context(), nil, source)
	if outcome(err) != "server invalid_token 401" {
		t.Errorf("without the token: %v", err)
	}
	nobody := source
	nobody.Issuer = ""
	if user, err := FetchUserInfo(t.Context(), &http.Client{Transport: transport},
		nobody); user != nil ||
		err == nil || !strings.HasPrefix(err.Error(), "oidc: UserInfoSource.Issuer is required") {
		t.Errorf("without an issuer: %+v and %v", user, err)
	}
	source.Endpoint = "http://p.example/me"
	if _, err := FetchUserInfo(t.Context(), nil, source); outcome(err) != "insecure URL" {
		t.Errorf("in clear: %v", err)
	}
	source.Endpoint = "http://["
	if _, err := FetchUserInfo(t.Context(), nil, source); outcome(err) != "insecure URL" {
		t.Errorf("no URL: %v", err)
	}
}

// What is not said to be JSON is none, and a token is for [Client.UserInfo].
func TestFetchUserInfoType(t *testing.T) {
	for contentType, want := range map[string]string{
		typeJSON: "ok", "text/html": "check content_type", typeJWT: "check content_type"} {
		server := httptest.NewServer(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				if accept := r.Header.Get("Accept"); accept != typeJSON {
					t.Errorf("asked for %s", accept)
				}
				say(200, contentType, `{"sub":"alice"}`)(w, r)
			}))
		defer server.Close()
		_, err := FetchUserInfo(t.Context(), nil,
			UserInfoSource{Endpoint: server.URL, Issuer: "https://p.example"})
		if got := outcome(err); got != want {
			t.Errorf("%s: outcome %q, want %q", contentType, got, want)
		}
	}
}

// Names says where a standard claim is; a subject is exact or there is none.
func TestUserInfoNames(t *testing.T) {
	id := map[string]string{"sub": "id"}
	for _, test := range []struct {
		name, body string
		names      map[string]string
		want       string // the subject, or the outcome
	}{
		{"string", `{"id":"alice"}`, id, "alice"},
		{"number", `{"id":7}`, id, "7"},
		{"number of 54 bits", `{"id":9007199254740993}`, id, "9007199254740993"},
		{"number of many digits", `{"id":123456789012345678901234567890}`, id,
			"123456789012345678901234567890"},
		{"0", `{"id":0}`, id, "0"},
		{"number below 0", `{"id":-7}`, id, "check sub"},
		{"-0", `{"id":-0}`, id, "check sub"},
		{"fraction", `{"id":7.5}`, id, "check sub"},
		{"fraction of 0", `{"id":7.0}`, id, "check sub"},
		{"exponent", `{"id":1e3}`, id, "check sub"},
		{"Exponent", `{"id":1E3}`, id, "check sub"},
		{"exponent with sign", `{"id":1e+3}`, id, "check sub"},
		{"true", `{"id":true}`, id, "check sub"},
		{"null", `{"id":null}`, id, "check sub"},
		{"list", `{"id":[7]}`, id, "check sub"},
		{"object", `{"id":{"id":7}}`, id, "check sub"},
		{"empty", `{"id":""}`, id, "check sub"},
		{"missing", `{}`, id, "check sub"},
		{"twice", `{"id":1,"id":2}`, id, "check body"},
		{"another case", `{"ID":7}`, id, "check sub"},
		{"a claim in another case", `{"id":7,"Name":"x"}`, id, "check body"},
		{"claim names in another case", `{"id":7,"_Claim_Names":{}}`, id, "check body"},
		{"claim sources in another case", `{"id":7,"_claim_Sources":{}}`, id, "check body"},
		{"a claim said to be in another case", `{"id":7,"Name":"x"}`,
			map[string]string{"sub": "id", "name": "Name"}, "7"},
		// The member that the row names decides; a user could fill in another.
		{"sub beside it", `{"sub":"mallory","id":7}`, id, "7"},
		{"sub in its place", `{"sub":"mallory"}`, id, "check sub"},
		{"exchanged", `{"sub":"a","name":"b"}`, map[string]string{"sub": "name", "name": "sub"},
			"b"},
		{"number without names", `{"sub":7}`, nil, "check sub"},
		{"number by its own name", `{"sub":7}`, map[string]string{"sub": "sub"}, "7"},
		{"string of digits", `{"id":"007"}`, id, "007"},
	} {
		t.Run(test.name, func(t *testing.T) {
			user, err := readUserInfo([]byte(test.body),
				UserInfoSource{Issuer: "https://p.example", Names: test.names})
			if err != nil {
				if outcome(err) != test.want || user != nil {
					t.Errorf("%v and %v, want %q", user, err, test.want)
				}
				return
			}
			if user.Identity != (Identity{"https://p.example", test.want}) {
				t.Errorf("user is %+v, want %q", user.Identity, test.want)
			}
		})
	}
}

// An address from elsewhere is not the one that was verified.
func TestUserInfoNamesVerified(t *testing.T) {
	const body = `{"sub":"a","email":"mine@example.com","email_verified":true,` +
		`"contact":"yours@example.com","checked":true}`
	for _, test := range []struct {
		name  string
		names map[string]string
		want  bool
	}{
		{"elsewhere", map[string]string{"email": "contact"}, false},
		{"both elsewhere", map[string]string{"email": "contact", "email_verified": "checked"}, true},
		{"in its place", map[string]string{"email": "email"}, true},
		{"as it is", nil, true},
	} {
		user, err := readUserInfo([]byte(body), UserInfoSource{Issuer: "x", Names: test.names})
		if err != nil {
			t.Fatal(err)
		}
		if address, verified := user.Email(); verified != test.want || address == "" {
			t.Errorf("%s: %q is verified: %t", test.name, address, verified)
		}
	}
}

// Every claim that is read can be elsewhere, and what is not a string is none.
func TestUserInfoClaims(t *testing.T) {
	user, err := readUserInfo([]byte(`{"id":1,"sub":"x","login":"al","full":"Alice",
		"pic":"https://p.example/a.png","mail":"alice@example.com","checked":true,"name":"other",
		"n":9007199254740993}`), UserInfoSource{
		Names: map[string]string{"sub": "id", "preferred_username": "login", "name": "full",
			"picture": "pic",
			"email":   "mail", "email_verified": "checked", "profile": "none"}})
	if err != nil {
		t.Fatal(err)
	}
	address, verified := user.Email()
	if user.Identity.Subject != "1" || user.PreferredUsername != "al" || user.Name != "Alice" ||
		user.Picture != "https://p.example/a.png" || address != "alice@example.com" || !verified {
		t.Errorf("user is %+v, %s %v", user, address, verified)
	}
	var claims map[string]json.RawMessage
	if err := user.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"sub": `"1"`, "name": `"Alice"`,
		"n": "9007199254740993", "id": "1"} {
		if got := string(claims[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, ok := claims["profile"]; ok {
		t.Error("a claim of nothing")
	}
	user, err = readUserInfo([]byte(`{"sub":"a","name":1,"preferred_username":["a"],`+
		`"picture":null,"email":{}}`), UserInfoSource{})
	if err != nil {
		t.Fatal(err)
	}
	address, verified = user.Email()
	if user.Name+user.PreferredUsername+user.Picture+address != "" || verified {
		t.Errorf("user is %+v, %q", user, address)
	}
}

// The zero UserInfo is of nobody.
func TestZeroUserInfo(t *testing.T) {
	var user UserInfo
	claims := map[string]any{}
	if address, verified := user.Email(); address != "" || verified || !user.Identity.IsZero() {
		t.Errorf("%q %v", address, verified)
	}
	if number, verified := user.PhoneNumber(); number != "" || verified {
		t.Errorf("%q %v", number, verified)
	}
	if err := user.Claims(&claims); err != nil || len(claims) > 0 {
		t.Errorf("%v and %v", claims, err)
	}
}

// UserInfo is traced, the failing check last.
func TestUserInfoTrace(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": set("sub", "mallory")}, nil)
	login := w.mustLogin(AuthorizationOptions{})
	var heard []string
	ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
		heard = append(heard, check+" "+clause+" "+outcome(err))
	})
	w.client.UserInfo(ctx, login)
	want := "id_token OpenID Connect Core 1.0, Section 5.3.2 ok; " +
		"identity OpenID Connect Core 1.0, Section 5.3.2 ok; " +
		"userinfo_endpoint OpenID Connect Core 1.0, Section 5.3.2 ok; " +
		"origin RFC 6750, Section 5.3 ok; authorization RFC 6750, Section 2 ok; " +
		"content_type OpenID Connect Core 1.0, Section 5.3.2 ok; " +
		"sub OpenID Connect Core 1.0, Section 5.3.2 check sub"
	if got := strings.Join(heard, "; "); got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	w.clock.seconds.Add(int64(time.Hour / time.Second))
	if _, err := w.client.UserInfo(t.Context(), login); err == nil {
		t.Error("the token has ended")
	}
}

// What is read has a subject that the body spells out, and claims that decode.
func FuzzUserInfo(f *testing.F) {
	for _, seed := range []string{
		`{"sub":"alice","name":"Alice","email":"a@b.example","email_verified":true}`,
		`{"id":9007199254740993,"login":"alice"}`,
		`{"id":-1}`, `{"id":1e3}`, `{"id":"","sub":"x"}`, `{"Sub":"x","sub":"y"}`,
		`{"sub":"\ud83d\ude00"}`, `[]`, `<html>`, ``,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, named bool) {
		source, member := UserInfoSource{Issuer: "https://p.example"}, "sub"
		if named {
			source.Names, member = map[string]string{"sub": "id"}, "id"
		}
		user, err := readUserInfo(body, source)
		if err != nil {
			if got := outcome(err); user != nil || got != "check body" && got != "check sub" {
				t.Errorf("%+v and %v", user, err)
			}
			return
		}
		var members, claims map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatal(err)
		}
		if err := user.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		var want string
		if err := json.Unmarshal(members[member], &want); err != nil && named {
			want = string(members[member])
		}
		if user.Identity != (Identity{"https://p.example", want}) || want == "" {
			t.Errorf("%s is %+v", body, user.Identity)
		}
		if _, verified := user.Email(); verified && string(members["email_verified"]) != "true" {
			t.Errorf("%s is verified", body)
		}
	})
}

// A token that was kept is asked about with whom it was for.
func TestUserInfoOf(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	login := w.mustLogin(AuthorizationOptions{Scopes: []string{"profile"}})
	kept, err := oauth2.FromRecord(login.Token.Record())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		who  Identity
		want string
	}{
		{"the user", login.IDToken.Identity(), "ok"},
		{"another", Identity{w.Issuer(), "mallory"}, "check sub"},
		{"nobody", Identity{}, "check identity"},
		{"no subject", Identity{Issuer: w.Issuer()}, "check identity"},
		{"another issuer", Identity{"https://other.example", "alice"}, "check identity"},
	} {
		asked := w.requests("/userinfo")
		u, err := w.client.UserInfoOf(t.Context(), kept, test.who)
		if outcome(err) != test.want || (u == nil) != (err != nil) {
			t.Errorf("%s: %v, %v", test.name, u, err)
		}
		if test.want == "check identity" && w.requests("/userinfo") != asked {
			t.Errorf("%s: the token was sent", test.name)
		}
	}
}

// A fixer is a [UserInfoSource.Fix] that looks at nothing but the claims.
type fixer func(claims map[string]any) (map[string]any, error)

func (f fixer) fix(_ context.Context, claims map[string]any) (map[string]any, error) {
	return f(claims)
}

var errFix = errors.New("no claims to be had")

// fixes are what a Fix does with {"sub":"alice",...}, and how that ends.
func fixes() map[string]struct {
	fix  fixer
	want string
} {
	give := func(claims map[string]any) fixer {
		return func(map[string]any) (map[string]any, error) { return claims, nil }
	}
	put := func(name string, value any) fixer {
		return func(claims map[string]any) (map[string]any, error) {
			claims[name] = value
			return claims, nil
		}
	}
	return map[string]struct {
		fix  fixer
		want string
	}{
		"as it is": {func(c map[string]any) (map[string]any, error) { return c, nil },
			"ok"},
		"another map":           {give(map[string]any{"sub": "alice", "name": "A"}), "ok"},
		"a claim of its own":    {put("x", []string{"a"}), "ok"},
		"another user":          {put("sub", "mallory"), "check sub"},
		"no user":               {give(map[string]any{}), "check sub"},
		"empty subject":         {put("sub", ""), "check sub"},
		"number as subject":     {put("sub", 7), "check sub"},
		"null as subject":       {put("sub", nil), "check sub"},
		"sub in another case":   {put("Sub", "alice"), "check body"},
		"name in another case":  {put("NAME", "x"), "check body"},
		"no object":             {give(nil), "check userinfo_fix"},
		"no JSON":               {put("x", func() {}), "check userinfo_fix"},
		"a number that is none": {put("x", math.NaN()), "check userinfo_fix"},
		"digits that are none":  {put("x", json.Number(canary)), "check userinfo_fix"},
		"an object beneath":     {put("address", map[string]any{"a": json.Number("1")}), "ok"},
		"members twice beneath": {put("x", json.RawMessage(`{"a":1,"a":2}`)), "check body"},
		"an error": {func(map[string]any) (map[string]any, error) {
			return map[string]any{"sub": "alice"}, errFix
		}, "check userinfo_fix"},
	}
}

// What Fix makes of an answer, signed or not, is checked as an answer is.
func TestUserInfoFix(t *testing.T) {
	for name, test := range fixes() {
		t.Run(name, func(t *testing.T) {
			for _, signed := range []bool{false, true} {
				var w *world
				answers := answerer{}
				if signed {
					answers["/userinfo"] = token(&w, nil,
						func(p []byte) string { return by(w.Key(), "")(p) })
				}
				w = newWorld(t, oidctest.Options{}, answers,
					func(c *Config) { c.UserInfoFix = test.fix.fix })
				login := w.mustLogin(AuthorizationOptions{})
				user, err := w.client.UserInfo(t.Context(), login)
				wantFixed(t, user, err, test.want)
				user, err = w.client.UserInfoOf(t.Context(), login.Token, login.IDToken.Identity())
				wantFixed(t, user, err, test.want)
			}
		})
	}
}

func wantFixed(t *testing.T, user *UserInfo, err error, want string) {
	t.Helper()
	if outcome(err) != want || (user == nil) != (err != nil) {
		t.Errorf("%v and %v, want %s", user, err, want)
	}
	if err == nil {
		return
	}
	if text := err.Error(); !strings.HasPrefix(text, "oidc: UserInfo: ") ||
		strings.Contains(text, canary) || strings.Contains(text, "mallory") ||
		!strings.Contains(text, "(OpenID Connect Core 1.0, Section 5.3.2)") {
		t.Errorf("error is %v", err)
	}
	if errors.Is(err, errFix) != strings.Contains(err.Error(), errFix.Error()) {
		t.Errorf("the error of Fix is not wrapped: %v", err)
	}
}

// An error of Fix can be told from others.
func TestUserInfoFixFails(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.UserInfoFix = fixes()["an error"].fix.fix
	})
	_, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
	if !errors.Is(err, errFix) {
		t.Errorf("error is %v", err)
	}
}

// A token that is not the provider's is refused before Fix could make it good, and so is an
// answer that is no JSON.
func TestUserInfoFixComesLast(t *testing.T) {
	stranger := generate(t, "RS256")
	var w *world
	for name, answer := range map[string]http.HandlerFunc{
		"check key":          token(&w, nil, by(stranger, "")),
		"check body":         say(200, typeJSON, `{"sub":"alice","sub":"bob"}`),
		"check content_type": say(200, "text/html", `{"sub":"alice"}`),
		"server  401":        say(401, typeJSON, `{"sub":"alice"}`),
	} {
		w = newWorld(t, oidctest.Options{}, answerer{"/userinfo": answer}, func(c *Config) {
			c.UserInfoFix = func(context.Context, map[string]any) (map[string]any, error) {
				t.Errorf("%s: Fix was asked", name)
				return map[string]any{"sub": "alice"}, nil
			}
		})
		_, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
		if outcome(err) != name {
			t.Errorf("error is %v, want %s", err, name)
		}
	}
}

// A Fix that says {"sub": claims["id"]} gets the digits of a whole number, and nothing of another.
func TestUserInfoFixOfNumber(t *testing.T) {
	for id, want := range map[string]string{
		"12345678901234567890": "12345678901234567890", "0": "0", `"a"`: "a", "1.5": "", "1e5": "", "-1": "", "true": "",
	} {
		server := httptest.NewServer(say(200, typeJSON, `{"id":`+id+`}`))
		user, err := FetchUserInfo(t.Context(), http.DefaultClient, UserInfoSource{
			Endpoint: server.URL, Issuer: "https://issuer.example",
			Fix: fixer(func(claims map[string]any) (map[string]any, error) {
				return map[string]any{"sub": claims["id"]}, nil
			}).fix})
		server.Close()
		if want == "" {
			if outcome(err) != "check sub" {
				t.Errorf("%s: %v, %v", id, user, err)
			}
		} else if err != nil || user.Identity.Subject != want {
			t.Errorf("%s: %v, %v", id, user, err)
		}
	}
}

// Fix gets the members as they came, a number in all its digits, before Names is looked at,
// and the context of who asks.
func TestFetchUserInfoFix(t *testing.T) {
	const body = `{"id":12345678901234567890,"Email":"alice@example.com",` +
		`"x":{"y":[1.50,null,true]}}`
	server := httptest.NewServer(say(200, typeJSON, body))
	defer server.Close()
	type key struct{}
	var seen string
	source := UserInfoSource{Endpoint: server.URL, Issuer: "https://me.example",
		Names: map[string]string{"sub": "user", "email": "mail"},
		Fix: func(ctx context.Context, claims map[string]any) (map[string]any, error) {
			seen = fmt.Sprintf("%T %v %v %v", claims["id"], claims, len(claims), ctx.Value(key{}))
			claims["user"], claims["mail"] = claims["id"], claims["Email"]
			delete(claims, "Email")
			return claims, nil
		}}
	ctx := context.WithValue(t.Context(), key{}, "context")
	user, err := FetchUserInfo(ctx, nil, source)
	if err != nil {
		t.Fatal(err)
	}
	if address, _ := user.Email(); user.Identity.Subject != "12345678901234567890" ||
		address != "alice@example.com" {
		t.Errorf("user is %+v, %s", user, address)
	}
	const want = "json.Number map[Email:alice@example.com id:12345678901234567890 " +
		"x:map[y:[1.50 <nil> true]]] 3 context"
	if seen != want {
		t.Errorf("Fix got %s, want %s", seen, want)
	}
	var claims struct {
		X json.RawMessage `json:"x"`
	}
	if err := user.Claims(&claims); err != nil || string(claims.X) != `{"y":[1.50,null,true]}` {
		t.Errorf("claims are %s, %v", claims.X, err)
	}
	source.Fix = nil // and nothing has changed
	if _, err := FetchUserInfo(ctx, nil, source); outcome(err) != "check sub" {
		t.Errorf("without: %v", err)
	}
}

// What comes of Fix has a subject also where no ID Token says which.
func TestFetchUserInfoFixRefused(t *testing.T) {
	server := httptest.NewServer(say(200, typeJSON, `{"sub":"alice"}`))
	defer server.Close()
	for name, test := range fixes() {
		want := test.want
		if name == "another user" {
			want = "ok"
		}
		user, err := FetchUserInfo(t.Context(), nil, UserInfoSource{Endpoint: server.URL,
			Issuer: "https://me.example", Fix: test.fix.fix})
		if outcome(err) != want || (user == nil) != (err != nil) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// A claim whose name is in other letters can be put right, in an answer signed or not.
func TestUserInfoFixOfLetters(t *testing.T) {
	for _, signed := range []bool{false, true} {
		var w *world
		answer := set("Name", "A")
		if signed {
			answer = token(&w, claims("Name", "A"),
				func(p []byte) string { return by(w.Key(), "")(p) })
		}
		w = newWorld(t, oidctest.Options{}, answerer{"/userinfo": answer}, func(c *Config) {
			c.UserInfoFix = func(_ context.Context, claims map[string]any) (map[string]any, error) {
				claims["name"] = claims["Name"]
				delete(claims, "Name")
				return claims, nil
			}
		})
		user, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
		if err != nil || user.Name != "A" {
			t.Errorf("signed %v: %+v, %v", signed, user, err)
		}
	}
}

// Where a claim is: by name, by pointer, or of several; whole numbers are their digits.
func TestUserInfoNamesPlaces(t *testing.T) {
	const body = `{"sub":"own","id":9007199254740993,"data":[{"id":7,"x":{"y":"deep"}}],
		"a/b":"slash",
		"~":"tilde","first":"Ada","last":"Lovelace","none":"","null":null,"neg":-5,"half":1.5,
		"list":["a"],"yes":true,"":"unnamed","q":"a\"\\b","brace":"{first}","name":"own name"}`
	for place, want := range map[string]string{
		"first": "Ada", "/first": "Ada", "id": "9007199254740993", "/data/0/id": "7",
		"/data/0/x/y": "deep", "a/b": "slash", "/a~1b": "slash", "~": "tilde", "/~0": "tilde",
		"/": "unnamed", "brace": "{first}",
		"{first} {last}": "Ada Lovelace", "{/data/0/x/y}": "deep",
		"{/data/0/id}-{id}":          "7-9007199254740993",
		"https://p.example/{id}.png": "https://p.example/9007199254740993.png", "{first}}": "Ada",
		"{q}": `a"\b`, "{brace}": "{first}", "<{first}&{last}>": "<Ada&Lovelace>",
		"{first} {none}": "", "{none}": "", "{null}": "", "{neg}": "", "{half}": "", "{list}": "",
		"{yes}": "", "{missing}x": "", "{Data}": "", "{first": "Ada",
		"none": "", "null": "", "neg": "", "half": "", "list": "", "yes": "", "missing": "",
		"/data/1/id": "", "/data/id": "", "/data/-": "", "First": "",
	} {
		user := mustRead(t, body, UserInfoSource{Issuer: "https://p.example",
			Names: map[string]string{"name": place}})
		if user.Name != want || user.Identity.Subject != "own" {
			t.Errorf("at %s: %q, want %q", place, user.Name, want)
		}
		subject, err := readUserInfo([]byte(body), UserInfoSource{Issuer: "https://p.example",
			Names: map[string]string{"sub": place}})
		switch {
		case want == "" && (outcome(err) != "check sub" || subject != nil):
			t.Errorf("the subject at %s: %v, %v", place, subject, err)
		case want != "" && (err != nil || subject.Identity.Subject != want):
			t.Errorf("the subject at %s: %v, %v", place, subject, err)
		}
	}
}

// An address from elsewhere is not verified by what is said of another member.
func TestUserInfoNamesOfContacts(t *testing.T) {
	const body = `{"sub":"a","email":"own@app.example","email_verified":true,"mail":"m@app.example",
		"checked":true,"one":1,"phone_number":"1","phone_number_verified":true,"tel":"2",
		"user":{"mail":"u@app.example","ok":true}}`
	for _, test := range []struct {
		names    map[string]string
		email    string
		verified bool
		phone    bool
	}{
		{nil, "own@app.example", true, true},
		{map[string]string{"email": "email"}, "own@app.example", true, true},
		{map[string]string{"email": "mail"}, "m@app.example", false, true},
		{map[string]string{"email": "/email"}, "own@app.example", false, true},
		{map[string]string{"email": "{mail}"}, "m@app.example", false, true},
		{map[string]string{"email": "missing"}, "", false, true},
		{map[string]string{"email": "/user/mail"}, "u@app.example", false, true},
		{map[string]string{"email": "/user/mail", "email_verified": "/user/ok"},
			"u@app.example", true, true},
		{map[string]string{"email": "mail", "email_verified": "email_verified"}, "m@app.example",
			true, true},
		{map[string]string{"email": "mail", "email_verified": "missing"}, "m@app.example", false,
			true},
		{map[string]string{"email": "mail", "email_verified": "one"}, "m@app.example", false, true},
		{map[string]string{"email": "mail", "email_verified": ""}, "m@app.example", false, true},
		{map[string]string{"email_verified": "missing"}, "own@app.example", false, true},
		{map[string]string{"phone_number": "tel"}, "own@app.example", true, false},
	} {
		for range 5 { // maps have no order
			user := mustRead(t, body,
				UserInfoSource{Issuer: "https://p.example", Names: test.names})
			email, verified := user.Email()
			_, phone := user.PhoneNumber()
			if email != test.email || verified != test.verified || phone != test.phone {
				t.Errorf("%v: %s %t, %t", test.names, email, verified, phone)
				break
			}
		}
	}
	user := mustRead(t, body, UserInfoSource{Issuer: "https://p.example",
		Quirks: Quirks{StringBooleans: true},
		Names:  map[string]string{"email": "mail", "email_verified": "one"}})
	if _, verified := user.Email(); !verified {
		t.Error("1 is not true with StringBooleans")
	}
}

// Without an endpoint: the same checks, and the same errors.
func TestReadUserInfo(t *testing.T) {
	source := UserInfoSource{Issuer: "https://p.example", Names: map[string]string{"sub": "/u/id"}}
	no := errors.New("no")
	fixed := source
	fixed.Fix = func(_ context.Context, claims map[string]any) (map[string]any, error) {
		claims["u"] = map[string]any{"id": "fixed"}
		return claims, nil
	}
	failing := source
	failing.Fix = func(context.Context, map[string]any) (map[string]any, error) { return nil, no }
	for _, test := range []struct {
		name, body string
		s          UserInfoSource
		want       string
	}{
		{"good", `{"u":{"id":5},"name":"Ada"}`, source, "ok 5"},
		{"fixed", `{"u":{"id":5},"name":"Ada"}`, fixed, "ok fixed"},
		{"a fix that fails", `{"u":{"id":5}}`, failing, "check userinfo_fix"},
		{"no subject", `{"sub":"x","u":{}}`, source, "check sub"},
		{"empty", ``, source, "check body"},
		{"null", `null`, source, "check body"},
		{"a list", `[{"u":{"id":5}}]`, source, "check body"},
		{"twice", `{"u":{"id":5},"u":{"id":6}}`, source, "check body"},
		{"twice inside", `{"u":{"id":5,"id":6}}`, source, "check body"},
		{"deep", strings.Repeat(`{"u":`, 1000) + strings.Repeat(`}`, 1000), source, "check body"},
		{"another case", `{"u":{"id":5},"Name":"secret"}`, source, "check body"},
		{"more behind it", `{"u":{"id":5}}{}`, source, "check body"},
	} {
		user, err := ReadUserInfo(t.Context(), []byte(test.body), test.s)
		got := outcome(err)
		if err == nil {
			got += " " + user.Identity.Subject
			if user.Identity.Issuer != "https://p.example" {
				t.Errorf("%s: %v", test.name, user.Identity)
			}
		} else if !strings.HasPrefix(err.Error(), "oidc: UserInfo: ") || user != nil ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v beside %v", test.name, user, err)
		}
		if got != test.want {
			t.Errorf("%s: outcome %q, want %q", test.name, got, test.want)
		}
	}
	if _, err := ReadUserInfo(t.Context(), []byte(`{"u":{"id":5}}`), failing); !errors.Is(err, no) {
		t.Errorf("error is %v", err)
	}
	source.Issuer = ""
	if user, err := ReadUserInfo(t.Context(), []byte(`{"u":{"id":5}}`), source); user != nil ||
		err == nil || !strings.HasPrefix(err.Error(), "oidc: UserInfoSource.Issuer is required") {
		t.Errorf("without an issuer: %v, %v", user, err)
	}
}

// What is asked by POST is JSON if it can be, and else a form; without it, it is a GET.
func TestUserInfoBody(t *testing.T) {
	for body, want := range map[string]string{
		"":                 `GET application/json  ""`,
		`{"query":"{me}"}`: `POST application/json application/json "{\"query\":\"{me}\"}"`,
		"a=1&b=2":          `POST application/json application/x-www-form-urlencoded "a=1&b=2"`,
		`{"query":`:        `POST application/json application/x-www-form-urlencoded "{\"query\":"`,
	} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			got = fmt.Sprintf("%s %s %s %q", r.Method, r.Header.Get("Accept"),
				r.Header.Get("Content-Type"), text)
			say(200, typeJSON, `{"sub":"alice"}`)(w, r)
		}))
		_, err := FetchUserInfo(t.Context(), nil,
			UserInfoSource{Endpoint: server.URL, Issuer: "https://p.example", Body: body})
		server.Close()
		if err != nil || got != want {
			t.Errorf("asked %s, want %s: %v", got, want, err)
		}
	}
	for _, endpoint := range []string{"http://p.example/me", "http://[", "/me"} {
		_, err := FetchUserInfo(t.Context(), nil,
			UserInfoSource{Endpoint: endpoint, Issuer: "https://p.example", Body: "a=1"})
		if outcome(err) != "insecure URL" {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// With OpenID Connect, the same: the body goes with the token, and not in its place.
func TestClientUserInfoBody(t *testing.T) {
	for _, placement := range []oauth2.Placement{oauth2.PlacementHeader, oauth2.PlacementBody} {
		var got string
		w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": say(200, typeJSON,
			`{"sub":"alice","n":{"first":"Ada"}}`)}, func(c *Config) {
			c.TokenPlacement = placement
			c.UserInfoBody = "fields=name"
			c.UserInfoNames = map[string]string{"name": "/n/first"}
			c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response,
				error) {
				if r.URL.Path == "/userinfo" {
					text, _ := io.ReadAll(r.Body)
					got = r.Method + " " + r.Header.Get("Content-Type") + " " + string(text)
					r.Body = io.NopCloser(strings.NewReader(string(text)))
				}
				return http.DefaultTransport.RoundTrip(r)
			})}
		})
		login := w.mustLogin(AuthorizationOptions{})
		user, err := w.client.UserInfo(t.Context(), login)
		if err != nil || user.Name != "Ada" {
			t.Fatalf("%v, %v", user, err)
		}
		if !strings.HasPrefix(got, "POST application/x-www-form-urlencoded ") ||
			!strings.Contains(got, "fields=name") ||
			(placement == oauth2.PlacementBody) != strings.Contains(got, "access_token=") {
			t.Errorf("asked %s", got)
		}
	}
}

// Hooks come before the checks, in their order; their error is the end.
func TestUserInfoHooks(t *testing.T) {
	no := errors.New("no")
	typed := func(_ context.Context, resp *httpclient.Response) error {
		resp.Header.Set("Content-Type", typeJSON)
		return nil
	}
	alice := func(_ context.Context, resp *httpclient.Response) error {
		resp.Body = []byte(strings.Replace(string(resp.Body), "who", "sub", 1))
		return nil
	}
	twice := func(_ context.Context, resp *httpclient.Response) error {
		resp.Body = []byte(`{"sub":"alice","sub":"alice"}`)
		return nil
	}
	refuse := func(context.Context, *httpclient.Response) error { return no }
	never := func(context.Context, *httpclient.Response) error { t.Error("called"); return nil }
	for _, test := range []struct {
		name   string
		status int
		hooks  []oauth2.ResponseHook
		want   string
	}{
		{"none", 200, nil, "check content_type"},
		{"one", 200, []oauth2.ResponseHook{typed}, "check sub"},
		{"both", 200, []oauth2.ResponseHook{typed, alice}, "ok"},
		{"a member twice", 200, []oauth2.ResponseHook{typed, alice, twice}, "check body"},
		{"an error", 200, []oauth2.ResponseHook{typed, refuse, never}, "oidc: UserInfo: hook: no"},
		{"a refusal", 401, []oauth2.ResponseHook{never}, "server  401"},
	} {
		answer := say(test.status, "text/plain", `{"who":"alice"}`)
		server := httptest.NewServer(answer)
		_, err := FetchUserInfo(t.Context(), nil, UserInfoSource{Endpoint: server.URL,
			Issuer: "https://p.example", Hooks: test.hooks})
		server.Close()
		if got := outcome(err); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		hooks := append([]oauth2.ResponseHook{}, test.hooks...)
		w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": answer}, func(c *Config) {
			c.Hooks.UserInfoResponse = hooks
		})
		if len(hooks) > 0 {
			hooks[0] = never // which changes nothing any more
		}
		user, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
		if got := outcome(err); got != test.want || (user == nil) != (err != nil) ||
			errors.Is(err, no) != (test.name == "an error") {
			t.Errorf("%s, of a client: %v, %q, want %q", test.name, user, got, test.want)
		}
	}
}

// Names are copied, and the subject that they lead to must still be the ID Token's.
func TestClientUserInfoNames(t *testing.T) {
	for place, want := range map[string]string{"id": "ok", "sub": "check sub",
		"none": "check sub"} {
		names := map[string]string{"sub": place}
		w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": say(200, typeJSON,
			`{"sub":"mallory","id":"alice"}`)}, func(c *Config) { c.UserInfoNames = names })
		names["sub"] = "changed"
		_, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
		if outcome(err) != want {
			t.Errorf("%s: %v, want %s", place, err, want)
		}
	}
}

// The client of package oauth2 below has the hooks as they were, and so have the keys.
func TestHooksAreCopied(t *testing.T) {
	called := 0
	hooks := oauth2.Hooks{
		KeySetResponse: []oauth2.ResponseHook{
			func(context.Context, *httpclient.Response) error { called++; return nil }},
		AuthorizationRequest: []oauth2.AuthorizationHook{
			func(context.Context, *url.URL) error { called++; return nil }},
	}
	repeated := []string{"x"}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.Hooks = hooks
		c.Quirks.RepeatedParameters = repeated
	})
	hooks.KeySetResponse[0], hooks.AuthorizationRequest[0], repeated[0] = nil, nil, "y"
	w.mustLogin(AuthorizationOptions{})
	if called != 2 || w.client.config.Quirks.RepeatedParameters[0] != "x" {
		t.Errorf("%d calls, repeats %q", called, w.client.config.Quirks.RepeatedParameters)
	}
}
