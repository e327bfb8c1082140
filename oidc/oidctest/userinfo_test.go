package oidctest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// OpenID Connect Core 1.0, Section 5.4.
func TestUserInfo(t *testing.T) {
	w := start(t, oidctest.Options{})
	for scope, want := range map[string]string{
		"openid":         `{"sub":"alice"}`,
		"openid profile": `{"name":"Alice Example","preferred_username":"alice","sub":"alice"}`,
		"openid email":   `{"email":"alice@example.com","email_verified":true,"sub":"alice"}`,
	} {
		a := w.ask("userinfo", w.grant(scope).AccessToken)
		if got := strings.TrimSpace(a.body); a.status != 200 || got != want ||
			a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %s", scope, a.status, got, want)
		}
	}
}

// OpenID Connect Core 1.0, Section 5.3.1: by POST, with the token in either place.
func TestUserInfoByPost(t *testing.T) {
	w := start(t, oidctest.Options{})
	token := w.grant("openid").AccessToken
	for name, a := range map[string]answer{
		"form":   w.do("POST", w.Endpoint("userinfo"), url.Values{"access_token": {token}}, nil),
		"header": w.do("POST", w.Endpoint("userinfo"), nil, bearer(token)),
		"both but empty": w.do("POST", w.Endpoint("userinfo"), url.Values{},
			bearer(token)),
	} {
		if a.status != 200 || strings.TrimSpace(a.body) != `{"sub":"alice"}` {
			t.Errorf("%s: %+v", name, a)
		}
	}
	long := url.Values{"access_token": {token}, "x": {strings.Repeat("x", 64<<10)}}
	if a := w.do("POST", w.Endpoint("userinfo"), long, nil); a.status != 401 {
		t.Errorf("long form: %+v", a)
	}
}

func bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}}
}

// OpenID Connect Core 1.0, Section 5.3.2.
func TestSignedUserInfo(t *testing.T) {
	key, d := recipient(t, "ECDH-ES", "A128CBC-HS256")
	to := oidctest.Recipient{Key: key}
	secret := strings.Repeat("s", 32)
	for name, client := range map[string]oidctest.Client{
		"signed":                {UserInfoAlgorithm: "ES256"},
		"signed by the secret":  {UserInfoAlgorithm: "HS256"},
		"signed and encrypted":  {UserInfoAlgorithm: "ES256", UserInfoEncryption: to},
		"encrypted, not signed": {UserInfoEncryption: to},
	} {
		t.Run(name, func(t *testing.T) {
			client.ID, client.Secret = "client", secret
			edited := map[string]any{}
			w := start(t, oidctest.Options{Clients: []oidctest.Client{client},
				EditUserInfo: func(claims map[string]any) {
					maps.Copy(edited, claims)
					claims["extra"] = "x"
				}})
			g := w.read(w.do("POST", w.Endpoint("token"), w.code("openid email"),
				basic("client", secret)))
			a := w.ask("userinfo", g.AccessToken)
			if got := a.header.Get("Content-Type"); got != "application/jwt" {
				t.Errorf("content type is %s", got)
			}
			body, cty := a.body, ""
			if client.UserInfoEncryption.Key != nil {
				opened, err := d.Decrypt(t.Context(), body)
				if err != nil {
					t.Fatal(err)
				}
				body, cty = string(opened.Plaintext()), opened.Header.ContentType
			}
			want := map[string]any{"sub": "alice", "email": "alice@example.com",
				"email_verified": true, "extra": "x"}
			var claims map[string]any
			if client.UserInfoAlgorithm == "" {
				if err := json.Unmarshal([]byte(body), &claims); err != nil || cty != "" {
					t.Fatal(err, cty)
				}
			} else {
				claims = w.payload(body, client.UserInfoAlgorithm, secret)
				want["iss"], want["aud"] = w.Issuer(), "client"
			}
			if !maps.Equal(claims, want) {
				t.Errorf("claims are %v, want %v", claims, want)
			}
			if delete(want, "extra"); !maps.Equal(edited, want) {
				t.Errorf("claims to edit are %v, want %v", edited, want)
			}
		})
	}
}

// A test may change UserInfo that is JSON, too.
func TestEditUserInfo(t *testing.T) {
	w := start(t, oidctest.Options{
		EditUserInfo: func(claims map[string]any) { claims["sub"] = "mallory" }})
	a := w.ask("userinfo", w.grant("openid").AccessToken)
	if strings.TrimSpace(a.body) != `{"sub":"mallory"}` {
		t.Errorf("answer is %+v", a)
	}
	w = start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client", Secret: "secret",
		UserInfoEncryption: oidctest.Recipient{Key: &jose.Key{}}}},
		EditUserInfo: func(claims map[string]any) { claims["x"] = func() {} }})
	if a := w.ask("userinfo", w.grant("openid").AccessToken); a.status != 500 {
		t.Errorf("answer is %+v", a)
	}
}

var claimful = oidctest.User{Subject: "alice", Name: "Alice Example",
	Email: "alice@example.com", Claims: map[string]any{
		"sub": "mallory", "email_verified": false, "locale": "de",
		"address": map[string]any{"country": "DE"}, "phone_number": "+49 30 1",
		"phone_number_verified": true, "zoneinfo": "Europe/Berlin", "birthdate": "2000-01-01",
		"updated_at": 1, "picture": "https://rp.example/p", "_claim_names": map[string]any{
			"credit": "src1"},
	}}

// OpenID Connect Core 1.0, Sections 5.4 and 5.5.1: by scope, or by name; those that no scope
// asks for come by themselves.
func TestClaims(t *testing.T) {
	for _, test := range []struct{ scope, claims, want string }{
		{"openid", "", "_claim_names"},
		{"openid address", "", "_claim_names address"},
		{"openid phone", "", "_claim_names phone_number phone_number_verified"},
		{"openid email", "", "_claim_names email email_verified"},
		{"openid profile", "", "_claim_names birthdate locale name picture " +
			"preferred_username updated_at zoneinfo"},
		{"openid", `{"userinfo":{"email":null,"locale":{"essential":true},"x":null}}`,
			"_claim_names email locale"},
		{"openid", `{"id_token":{"email":null}}`, "_claim_names"},
		{"openid", `{"other":1,"userinfo":null}`, "_claim_names"},
	} {
		w := start(t, oidctest.Options{Users: []oidctest.User{claimful}})
		params, _ := w.request(test.scope)
		changed(params, "response_type", "code token", "claims", test.claims)
		_, got := brought(w.authorize(params))
		var claims map[string]any
		a := w.ask("userinfo", got.Get("access_token"))
		if err := json.Unmarshal([]byte(a.body), &claims); err != nil {
			t.Fatal(err, a)
		}
		if claims["sub"] != "alice" {
			t.Errorf("sub is %v", claims["sub"])
		}
		if delete(claims, "sub"); claims["email_verified"] == true ||
			!slices.Equal(slices.Sorted(maps.Keys(claims)), strings.Fields(test.want)) {
			t.Errorf("%s %s: %v, want %s", test.scope, test.claims, claims, test.want)
		}
	}
}

// In the ID Token are those asked for there, and where there is no access token, all.
func TestClaimsInIDToken(t *testing.T) {
	registered := []string{"iss", "sub", "aud", "exp", "iat", "sid", "auth_time", "nonce",
		"at_hash", "c_hash", "s_hash"}
	const asked = `{"id_token":{"phone_number":null,"x":null}}`
	for _, test := range []struct{ responseType, scope, claims, want string }{
		{"code id_token", "openid email", "", ""},
		{"id_token token", "openid email", "", ""},
		{"id_token token", "openid email", asked, "phone_number"},
		{"code id_token", "openid email", asked, "phone_number"},
		{"id_token", "openid email", asked, "_claim_names email email_verified phone_number"},
		{"id_token", "openid", "", "_claim_names"},
	} {
		w := start(t, oidctest.Options{Users: []oidctest.User{claimful}})
		params, _ := w.request(test.scope)
		changed(params, "response_type", test.responseType, "claims", test.claims)
		_, got := brought(w.authorize(params))
		claims := w.claims(got.Get("id_token"), "RS256", nil)
		if claims["sub"] != "alice" {
			t.Errorf("sub is %v", claims["sub"])
		}
		for _, name := range registered {
			delete(claims, name)
		}
		if names := slices.Sorted(maps.Keys(claims)); !slices.Equal(names,
			strings.Fields(test.want)) {
			t.Errorf("%+v: %q", test, names)
		}
	}
}

// A device has an access token, and its ID Token nothing that UserInfo has.
func TestClaimsOfADevice(t *testing.T) {
	w := start(t, oidctest.Options{})
	d := w.device("openid email")
	w.enter(d.UserCode)
	claims := w.claims(w.read(w.poll(d.DeviceCode)).IDToken, "RS256", nil)
	if claims["email"] != nil {
		t.Errorf("claims are %v", claims)
	}
}

// An empty name is not told, OpenID Connect Core 1.0, Section 5.3.2.
func TestNothingKnown(t *testing.T) {
	w := start(t, oidctest.Options{Users: []oidctest.User{{Subject: "bob"}}})
	a := w.ask("userinfo", w.grant("openid profile email").AccessToken)
	if strings.TrimSpace(a.body) != `{"preferred_username":"bob","sub":"bob"}` {
		t.Errorf("answer is %+v", a)
	}
}
