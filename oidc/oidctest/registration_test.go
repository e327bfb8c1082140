package oidctest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// A registration is what a provider answered.
type registration struct {
	ID      string `json:"client_id"`
	Secret  string `json:"client_secret"`
	Ends    *int   `json:"client_secret_expires_at"`
	Issued  int64  `json:"client_id_issued_at"`
	Token   string `json:"registration_access_token"`
	Manage  string `json:"registration_client_uri"`
	Method  string `json:"token_endpoint_auth_method"`
	all     map[string]any
	refused answer
}

const registering = `"redirect_uris":["` + callback + `"]`

// send sends JSON with a bearer token, if there is one.
func (w walk) send(method, target, token, body string) registration {
	w.t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.sent(req, header)
	var r registration
	if a.status/100 != 2 {
		return registration{refused: a}
	}
	if a.status == http.StatusNoContent && a.body == "" {
		return r
	}
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(a.body), &r.all); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w walk) register(members string) registration {
	w.t.Helper()
	return w.send("POST", w.Endpoint("register"), "", `{`+registering+members+`}`)
}

func TestRegistration(t *testing.T) {
	now := time.Unix(1800000000, 0)
	w := start(t, oidctest.Options{Now: func() time.Time { return now }})
	r := w.register(`,"client_name":"A","client_name#fr":"B"`)
	if r.ID == "" || len(r.Secret) < 64 || r.Ends == nil || *r.Ends != 0 ||
		r.Issued != now.Unix() || r.Token == "" || r.Manage != w.Endpoint("register/"+r.ID) {
		t.Fatalf("got %+v", r)
	}
	for name, want := range map[string]any{
		"token_endpoint_auth_method":   "client_secret_basic",
		"application_type":             "web",
		"subject_type":                 "public",
		"id_token_signed_response_alg": "RS256",
		"client_name":                  "A",
		"client_name#fr":               "B",
	} {
		if r.all[name] != want {
			t.Errorf("%s is %v", name, r.all[name])
		}
	}

	form := w.codeOf(r.ID)
	g := w.read(w.do("POST", w.Endpoint("token"), form, basic(r.ID, r.Secret)))
	if claims := w.payload(g.IDToken, "RS256", ""); claims["aud"] != r.ID {
		t.Errorf("claims are %v", claims)
	}

	read := w.send("GET", r.Manage, r.Token, "")
	if read.ID != r.ID || read.Secret != r.Secret || read.Token == r.Token || read.Token == "" {
		t.Errorf("read %+v", read)
	}
	updated := w.send("PUT", r.Manage, read.Token,
		`{`+registering+`,"client_id":"`+r.ID+`","client_secret":"`+r.Secret+`"}`)
	if updated.ID != r.ID || updated.Secret == r.Secret || updated.Token == read.Token ||
		updated.Issued != r.Issued || updated.Manage != r.Manage ||
		updated.all["client_name"] != nil {
		t.Errorf("updated to %+v", updated)
	}
	form = w.codeOf(r.ID)
	a := w.do("POST", w.Endpoint("token"), form, basic(r.ID, r.Secret))
	if a.error != "invalid_client" {
		t.Errorf("the old secret: %+v", a)
	}
	w.read(w.do("POST", w.Endpoint("token"), form, basic(r.ID, updated.Secret)))

	w.send("DELETE", r.Manage, updated.Token, "")
	params, _ := w.request("openid")
	params.Set("client_id", r.ID)
	if a := w.authorize(params); a.status != page {
		t.Errorf("after the end: %+v", a)
	}
	if a := w.ask("userinfo", g.AccessToken); a.status != 401 {
		t.Errorf("its token: %+v", a)
	}
	if gone := w.send("GET", r.Manage, updated.Token, ""); gone.refused.status != 401 ||
		gone.refused.error != "invalid_token" {
		t.Errorf("after the end: %+v", gone)
	}
}

// codeOf returns a good token request of a client.
func (w walk) codeOf(id string) url.Values {
	w.t.Helper()
	params, verifier := w.request("openid")
	params.Set("client_id", id)
	a := w.authorize(params)
	if a.location == nil || a.location.Query().Get("code") == "" {
		w.t.Fatalf("no code: %+v", a)
	}
	return url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {callback},
		"code": {a.location.Query().Get("code")}, "code_verifier": {verifier}}
}

// A client authenticates as it is registered, and has a secret only if that is how.
func TestRegisteredMethods(t *testing.T) {
	w := start(t, oidctest.Options{})
	public := w.register(`,"token_endpoint_auth_method":"none"`)
	if public.Secret != "" || public.Ends != nil {
		t.Errorf("got %+v", public)
	}
	form := w.codeOf(public.ID)
	form.Set("client_id", public.ID)
	w.read(w.do("POST", w.Endpoint("token"), form, nil))

	post := w.register(`,"token_endpoint_auth_method":"client_secret_post"`)
	form = w.codeOf(post.ID)
	form.Set("client_id", post.ID)
	form.Set("client_secret", post.Secret)
	w.read(w.do("POST", w.Endpoint("token"), form, nil))
}

// What is registered is what is done.
func TestRegisteredMetadata(t *testing.T) {
	signing, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	key, d := recipient(t, "ECDH-ES", "A256GCM")
	set, err := json.Marshal(jose.NewSet(signing, key))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, oidctest.Options{Algorithms: []string{"ES384"}})
	r := w.register(`,"id_token_signed_response_alg":"ES384","jwks":` + string(set) + `,
		"id_token_encrypted_response_alg":"ECDH-ES","id_token_encrypted_response_enc":"A256GCM",
		"userinfo_signed_response_alg":"HS512","require_signed_request_object":true`)
	params, _ := w.request("openid")
	params.Set("client_id", r.ID)
	if a := w.authorize(params); a.description != string(oidctest.MissingRequestObject) {
		t.Errorf("without a request object: %+v", a)
	}
	r = w.send("PUT", r.Manage, r.Token, `{`+registering+`,"client_id":"`+r.ID+`",
		"id_token_signed_response_alg":"ES384","jwks":`+string(set)+`,
		"id_token_encrypted_response_alg":"ECDH-ES","id_token_encrypted_response_enc":"A256GCM",
		"userinfo_signed_response_alg":"HS512"}`)
	g := w.read(w.do("POST", w.Endpoint("token"), w.codeOf(r.ID), basic(r.ID, r.Secret)))
	jwe, err := d.Decrypt(t.Context(), g.IDToken)
	if err != nil {
		t.Fatal(err)
	}
	if claims := w.payload(string(jwe.Plaintext()), "ES384", ""); claims["aud"] != r.ID {
		t.Errorf("ID Token is %v", claims)
	}
	a := w.ask("userinfo", g.AccessToken)
	if claims := w.payload(a.body, "HS512", r.Secret); claims["sub"] != "alice" {
		t.Errorf("UserInfo is %v", claims)
	}
}

// A client that registered for it is sent back after a logout, and to nowhere else.
func TestRegisteredLogout(t *testing.T) {
	w := start(t, oidctest.Options{})
	r := w.register(`,"post_logout_redirect_uris":["https://rp.example/bye"]`)
	for uri, want := range map[string]bool{"https://rp.example/bye": true,
		"https://rp.example/other": false} {
		params := url.Values{"client_id": {r.ID}, "post_logout_redirect_uri": {uri}}
		a := w.do("GET", w.Endpoint("end_session")+"?"+params.Encode(), nil, nil)
		if got := a.location != nil && a.location.String() == uri; got != want {
			t.Errorf("%s: %+v", uri, a)
		}
	}
}

// managing changes a registration by JSON and a token made of it.
func managing(method string, change func(r registration) (token, body string)) func(walk) answer {
	return func(w walk) answer {
		r := w.register(``)
		token, body := change(r)
		return w.send(method, r.Manage, token, body).refused
	}
}

func updating(members string) func(walk) answer {
	return managing("PUT", func(r registration) (string, string) {
		return r.Token, strings.ReplaceAll(`{`+registering+members+`}`, "ID", r.ID)
	})
}

func claiming(members string) func(walk) answer {
	return func(w walk) answer { return w.register(members).refused }
}

func posting(contentType, body string) func(walk) answer {
	return func(w walk) answer {
		req, err := http.NewRequest("POST", w.Endpoint("register"), strings.NewReader(body))
		if err != nil {
			w.t.Fatal(err)
		}
		return w.sent(req, http.Header{"Content-Type": {contentType}})
	}
}

func redirects(text, more string) func(walk) answer {
	return posting("application/json", `{"redirect_uris":`+text+more+`}`)
}

const (
	native   = `,"application_type":"native"`
	implicit = `,"grant_types":["implicit"],"response_types":["id_token"]`
)

var registrationFaults = []struct {
	name    string
	fault   oidctest.Fault
	provoke func(walk) answer
}{
	{"a form", oidctest.RegistrationContentType,
		posting("application/x-www-form-urlencoded", "a=b")},
	{"no JSON", oidctest.UnreadableRegistration, posting("application/json", "a=b")},
	{"a list", oidctest.UnreadableRegistration, posting("application/json", "[]")},
	{"null", oidctest.UnreadableRegistration, posting("application/json", "null")},
	{"another type", oidctest.UnreadableRegistration, claiming(`,"grant_types":"implicit"`)},

	{"no redirect URIs", oidctest.RegisteredRedirectURI, posting("application/json", "{}")},
	{"redirect URI with a fragment", oidctest.RegisteredRedirectURI,
		redirects(`["https://rp.example/cb#"]`, ``)},
	{"a path", oidctest.RegisteredRedirectURI, redirects(`["/cb"]`, ``)},
	{"http", oidctest.RegisteredRedirectURI, redirects(`["http://rp.example/cb"]`, ``)},
	{"a scheme of its own on the web", oidctest.RegisteredRedirectURI,
		redirects(`["com.example:/cb"]`, ``)},
	{"implicit by http", oidctest.RegisteredRedirectURI,
		redirects(`["http://127.0.0.1/cb"]`, implicit)},
	{"implicit at localhost", oidctest.RegisteredRedirectURI,
		redirects(`["https://localhost/cb"]`, implicit)},
	{"native by https", oidctest.RegisteredRedirectURI,
		redirects(`["https://rp.example/cb"]`, native)},
	{"native by http", oidctest.RegisteredRedirectURI,
		redirects(`["http://rp.example/cb"]`, native)},
	{"another application type", oidctest.RegisteredRedirectURI,
		claiming(`,"application_type":"x"`)},

	{"code without its grant", oidctest.RegisteredGrantTypes,
		claiming(`,"grant_types":["refresh_token"]`)},
	{"ID Token without its grant", oidctest.RegisteredGrantTypes,
		claiming(`,"response_types":["code id_token"]`)},
	{"another response type", oidctest.RegisteredGrantTypes,
		claiming(`,"response_types":["none"]`)},
	{"another method", oidctest.RegisteredMethod,
		claiming(`,"token_endpoint_auth_method":"private_key_jwt"`)},
	{"pairwise", oidctest.RegisteredSubjectType, claiming(`,"subject_type":"pairwise"`)},
	{"back-channel logout with a fragment", oidctest.RegisteredLogoutURI,
		claiming(`,"backchannel_logout_uri":"https://rp.example/out#a"`)},
	{"front-channel logout elsewhere", oidctest.RegisteredLogoutURI,
		claiming(`,"frontchannel_logout_uri":"https://rp.example/out"`)},
	{"keys elsewhere", oidctest.RegisteredKeys, claiming(`,"jwks_uri":"https://rp.example/jwks"`)},
	{"keys that are none", oidctest.RegisteredKeys, claiming(`,"jwks":{"keys":[{}]}`)},
	{"no keys", oidctest.RegisteredKeys, claiming(`,"jwks":[]`)},
	{"request objects without a signature", oidctest.RegisteredAlgorithm,
		claiming(`,"request_object_signing_alg":"none"`)},
	{"ID Tokens without a signature", oidctest.RegisteredAlgorithm,
		claiming(`,"id_token_signed_response_alg":"none"`)},
	{"an algorithm without a key", oidctest.RegisteredAlgorithm,
		claiming(`,"userinfo_signed_response_alg":"ES512"`)},
	{"HMAC without a secret", oidctest.RegisteredAlgorithm,
		claiming(`,"authorization_signed_response_alg":"HS256",` +
			`"token_endpoint_auth_method":"none"`)},
	{"enc alone", oidctest.RegisteredEncryption,
		claiming(`,"id_token_encrypted_response_enc":"A128GCM"`)},
	{"encryption without a key", oidctest.RegisteredEncryption,
		claiming(`,"userinfo_encrypted_response_alg":"ECDH-ES"`)},

	{"another method than registered", oidctest.OtherMethod, func(w walk) answer {
		r := w.register(``)
		form := w.codeOf(r.ID)
		form.Set("client_id", r.ID)
		form.Set("client_secret", r.Secret)
		return w.do("POST", w.Endpoint("token"), form, nil)
	}},
	{"another token", oidctest.UnusableRegistrationToken,
		managing("GET", func(r registration) (string, string) { return r.Token + "x", "" })},
	{"no token", oidctest.UnusableRegistrationToken,
		managing("DELETE", func(registration) (string, string) { return "", "" })},
	{"a token that was rotated", oidctest.UnusableRegistrationToken, func(w walk) answer {
		r := w.register(``)
		w.send("GET", r.Manage, r.Token, "")
		return w.send("PUT", r.Manage, r.Token, "").refused
	}},
	{"another's registration", oidctest.UnusableRegistrationToken, func(w walk) answer {
		return w.send("GET", w.register(``).Manage, w.register(``).Token, "").refused
	}},
	{"a client that did not register", oidctest.UnusableRegistrationToken, func(w walk) answer {
		return w.send("GET", w.Endpoint("register/client"), w.register(``).Token, "").refused
	}},
	{"update with the token", oidctest.ServersMember,
		updating(`,"client_id":"ID","registration_access_token":"t"`)},
	{"update with its URI", oidctest.ServersMember,
		updating(`,"client_id":"ID","registration_client_uri":"u"`)},
	{"update with the secret's end", oidctest.ServersMember,
		updating(`,"client_id":"ID","client_secret_expires_at":0`)},
	{"update with its time", oidctest.ServersMember,
		updating(`,"client_id":"ID","client_id_issued_at":0`)},
	{"update without ID", oidctest.OtherRegistration, updating(``)},
	{"update of another", oidctest.OtherRegistration, updating(`,"client_id":"client"`)},
	{"update with another secret", oidctest.ChosenSecret,
		updating(`,"client_id":"ID","client_secret":"s"`)},
	{"update that is no good", oidctest.RegisteredSubjectType,
		updating(`,"client_id":"ID","subject_type":"pairwise"`)},
}

func TestRegistrationFaults(t *testing.T) {
	for _, test := range registrationFaults {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, oidctest.Options{})
			a := test.provoke(w)
			if got := w.Faults(); !slices.Equal(got, []oidctest.Fault{test.fault}) {
				t.Errorf("faults %q, want %q", got, test.fault)
			}
			status, code := 400, "invalid_client_metadata"
			switch test.fault {
			case oidctest.RegisteredRedirectURI:
				code = "invalid_redirect_uri"
			case oidctest.UnusableRegistrationToken:
				status, code = 401, "invalid_token"
			case oidctest.OtherMethod:
				status, code = 401, "invalid_client"
			}
			if a.status != status || a.error != code || a.description != string(test.fault) {
				t.Errorf("answer is %+v", a)
			}
			checkManner(t, w, a)
		})
	}
}

// With an initial access token nobody else registers, RFC 7591, Section 3.
func TestInitialAccessToken(t *testing.T) {
	w := start(t, oidctest.Options{RegistrationToken: "initial"})
	for _, token := range []string{"", "other"} {
		r := w.send("POST", w.Endpoint("register"), token, `{`+registering+`}`)
		if r.refused.status != 401 || r.refused.error != "invalid_token" {
			t.Errorf("%q: %+v", token, r.refused)
		}
	}
	if r := w.send("POST", w.Endpoint("register"), "initial", `{`+registering+`}`); r.ID == "" {
		t.Errorf("got %+v", r.refused)
	}
	want := []oidctest.Fault{oidctest.UnusableInitialToken, oidctest.UnusableInitialToken}
	if got := w.Faults(); !slices.Equal(got, want) {
		t.Errorf("faults %q", got)
	}
}
