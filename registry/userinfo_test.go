package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/jose"
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
