package oidctest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

func (w walk) metadata() map[string]any {
	w.t.Helper()
	a := w.do("GET", w.Issuer()+"/.well-known/openid-configuration", nil, nil)
	var metadata map[string]any
	if err := json.Unmarshal([]byte(a.body), &metadata); err != nil || a.status != 200 ||
		a.header.Get("Content-Type") != "application/json" {
		w.t.Fatalf("answer is %+v, %v", a, err)
	}
	return metadata
}

// OpenID Connect Discovery 1.0, Section 3: what is said is what is done.
func TestMetadata(t *testing.T) {
	w := start(t, oidctest.Options{Algorithm: "ES256", Algorithms: []string{"ES384", "ES256"},
		Users: []oidctest.User{{Subject: "a", Email: "a@example.com"},
			{Subject: "b", Claims: map[string]any{"locale": "de", "sub": "x"}}},
		Clients: []oidctest.Client{{ID: "client", Secret: strings.Repeat("s", 32),
			IDTokenAlgorithm: "HS256", UserInfoAlgorithm: "EdDSA", ResponseAlgorithm: "ES512"}},
	})
	const want = `{"acr_values_supported":["urn:mace:incommon:iap:silver",` +
		`"urn:mace:incommon:iap:bronze"],"authorization_encryption_alg_values_supported":ALG,` +
		`"authorization_encryption_enc_values_supported":ENC,` +
		`"authorization_endpoint":"ISS/authorize",` +
		`"authorization_response_iss_parameter_supported":true,` +
		`"authorization_signing_alg_values_supported":SIG,` +
		`"backchannel_logout_session_supported":true,"backchannel_logout_supported":true,` +
		`"check_session_iframe":"ISS/check_session",` +
		`"claim_types_supported":["normal","aggregated","distributed"],` +
		`"claims_parameter_supported":true,"claims_supported":["acr","auth_time","email",` +
		`"email_verified","locale","preferred_username","sid","sub"],` +
		`"code_challenge_methods_supported":["S256"],` +
		`"device_authorization_endpoint":"ISS/device_authorization",` +
		`"display_values_supported":["page","popup","touch","wap"],` +
		`"end_session_endpoint":"ISS/end_session",` +
		`"frontchannel_logout_session_supported":true,"frontchannel_logout_supported":true,` +
		`"grant_types_supported":["authorization_code","implicit","refresh_token",` +
		`"client_credentials","urn:ietf:params:oauth:grant-type:device_code"],` +
		`"id_token_encryption_alg_values_supported":ALG,` +
		`"id_token_encryption_enc_values_supported":ENC,` +
		`"id_token_signing_alg_values_supported":SIG,"issuer":"ISS","jwks_uri":"ISS/jwks",` +
		`"prompt_values_supported":["none","login","consent","select_account",` +
		`"create"],` +
		`"registration_endpoint":"ISS/register",` +
		`"request_object_encryption_alg_values_supported":["ECDH-ES","ECDH-ES+A128KW",` +
		`"ECDH-ES+A192KW","ECDH-ES+A256KW"],` +
		`"request_object_encryption_enc_values_supported":ENC,` +
		`"request_object_signing_alg_values_supported":["RS256","RS384","RS512","PS256",` +
		`"PS384","PS512","ES256","ES384","ES512","EdDSA","Ed25519","HS256","HS384","HS512"],` +
		`"request_parameter_supported":true,"request_uri_parameter_supported":true,` +
		`"require_request_uri_registration":false,"response_modes_supported":["query",` +
		`"fragment","form_post","jwt","query.jwt","fragment.jwt","form_post.jwt"],` +
		`"response_types_supported":["code","code id_token","code token",` +
		`"code id_token token","id_token","id_token token"],` +
		`"revocation_endpoint":"ISS/revoke","revocation_endpoint_auth_methods_supported":` +
		`["client_secret_basic","client_secret_post","none"],"scopes_supported":["openid",` +
		`"profile","email","address","phone","offline_access"],` +
		`"subject_types_supported":["public"],` +
		`"token_endpoint":"ISS/token","token_endpoint_auth_methods_supported":` +
		`["client_secret_basic","client_secret_post","none"],` +
		`"userinfo_encryption_alg_values_supported":ALG,` +
		`"userinfo_encryption_enc_values_supported":ENC,"userinfo_endpoint":"ISS/userinfo",` +
		`"userinfo_signing_alg_values_supported":SIG}`
	list := func(names []string) string { b, _ := json.Marshal(names); return string(b) }
	fill := strings.NewReplacer("ISS", w.Issuer(), "ALG", list(jose.KeyManagementAlgorithms()),
		"ENC", list(jose.ContentEncryptions()),
		"SIG", `["ES256","ES384","HS256","EdDSA","ES512"]`)
	got, _ := json.Marshal(w.metadata())
	if string(got) != fill.Replace(want) {
		t.Errorf("metadata is\n%s, want\n%s", got, fill.Replace(want))
	}
}

// A key for each algorithm in use is published, and one to encrypt for.
func TestKeys(t *testing.T) {
	w := start(t, oidctest.Options{Algorithm: "ES256", Algorithms: []string{"ES384", "ES256"},
		Clients: []oidctest.Client{{ID: "client", UserInfoAlgorithm: "EdDSA"}}})
	keys := w.keys()
	want := []string{"ES256", "ES384", "EdDSA", "ECDH-ES"}
	var got []string
	ids := map[string]bool{}
	for _, key := range keys.All() {
		got = append(got, key.Algorithms()[0])
		ids[key.ID()] = true
		if key.CanSign("") {
			t.Error("a private key is published")
		}
	}
	if !slices.Equal(got, want) || len(ids) != len(want) || ids[""] {
		t.Errorf("keys serve %q, want %q", got, want)
	}
	if found, err := keys.Keys(t.Context(), jose.Header{Algorithm: "ES256",
		KeyID: w.Key().ID()}); err != nil || len(found) != 1 {
		t.Errorf("%d keys, %v", len(found), err)
	}
	body := w.do("GET", w.Endpoint("jwks"), nil, nil).body
	if strings.Count(body, `"use":"enc"`) != 1 {
		t.Errorf("keys are %s", body)
	}
}

// A test may change what the metadata says, and each time anew.
func TestEditMetadata(t *testing.T) {
	n := 0
	w := start(t, oidctest.Options{EditMetadata: func(m map[string]any) {
		n++
		m["n"] = n
		delete(m, "acr_values_supported")
	}})
	for want := 1.0; want < 3; want++ {
		m := w.metadata()
		if _, ok := m["acr_values_supported"]; ok || m["n"] != want {
			t.Errorf("metadata is %v", m)
		}
	}
	w = start(t, oidctest.Options{EditMetadata: func(m map[string]any) {
		for _, v := range m {
			if list, ok := v.([]string); ok {
				list[0] = "x"
			}
		}
	}})
	if got := fmt.Sprint(w.metadata()); !strings.Contains(got, "scopes_supported:[x profile ") {
		t.Errorf("metadata is %s", got)
	}
	if got := fmt.Sprint(start(t, oidctest.Options{}).metadata()); strings.Contains(got, "[x ") {
		t.Errorf("another provider's metadata is %s", got)
	}
	w = start(t, oidctest.Options{EditMetadata: func(m map[string]any) { m["x"] = func() {} }})
	if resp, err := http.Get(w.Issuer() + "/.well-known/openid-configuration"); err != nil ||
		resp.StatusCode != 500 {
		t.Errorf("answer is %+v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
}

// RFC 9110, Section 13.1.2: who has the document is told so.
func TestValidators(t *testing.T) {
	w := start(t, oidctest.Options{})
	metadata := w.Issuer() + "/.well-known/openid-configuration"
	tags := map[string]bool{}
	for _, target := range []string{metadata, w.Endpoint("jwks")} {
		etag := w.do("GET", target, nil, nil).header.Get("ETag")
		tags[etag] = true
		if again := w.do("GET", target, nil, nil).header.Get("ETag"); etag == "" || again != etag {
			t.Errorf("ETag is %q, and then %q", etag, again)
		}
		for asked, status := range map[string]int{etag: 304, `"x"`: 200, `"x", W/` + etag: 304} {
			a := w.do("GET", target, nil, http.Header{"If-None-Match": {asked}})
			if a.status != status || (a.body == "") != (status == 304) {
				t.Errorf("If-None-Match %s: %d %q", asked, a.status, a.body)
			}
		}
	}
	if len(tags) != 2 {
		t.Errorf("tags are %v", tags)
	}
}

// RFC 8414, Section 3.1: the well-known part comes before the path of the issuer. OpenID
// Connect Discovery 1.0, Section 4.1 has it after that.
func TestWellKnown(t *testing.T) {
	p, err := oidctest.New(oidctest.Options{BaseURL: "http://127.0.0.1:1/op"})
	if err != nil {
		t.Fatal(err)
	}
	root, err := oidctest.New(oidctest.Options{BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	const rel = "/.well-known/webfinger?resource=x"
	for _, test := range []struct {
		p    *oidctest.Provider
		path string
		want int
	}{
		{p, "/op/.well-known/openid-configuration", 200},
		{p, "/.well-known/oauth-authorization-server/op", 200},
		{p, "/op/.well-known/oauth-authorization-server", 200},
		{p, "/.well-known/oauth-authorization-server", 404},
		{p, "/.well-known/openid-configuration", 404},
		{p, rel, 200},
		{p, "/op" + rel, 200},
		{root, "/.well-known/openid-configuration", 200},
		{root, "/.well-known/oauth-authorization-server", 200},
		{root, "/.well-known/oauth-authorization-server/op", 404},
		{root, rel, 200},
	} {
		rec := serve(t, test.p, test.path)
		if rec.Code != test.want || test.want == 200 &&
			!strings.Contains(rec.Body.String(), `"`+test.p.Issuer()+`"`) {
			t.Errorf("%s answers %d %s", test.path, rec.Code, rec.Body)
		}
	}
}

// OpenID Connect Discovery 1.0, Section 2.1, and RFC 7033, Section 4.
func TestWebFinger(t *testing.T) {
	w := start(t, oidctest.Options{})
	const relation = "http://openid.net/specs/connect/1.0/issuer"
	link := `{"href":"` + w.Issuer() + `","rel":"` + relation + `"}`
	for _, test := range []struct {
		name  string
		query url.Values
		links string
	}{
		{"account", url.Values{"resource": {"acct:joe@example.com"}, "rel": {relation}}, link},
		{"no relation", url.Values{"resource": {"acct:joe@example.com"}}, link},
		{"two relations", url.Values{"resource": {"acct:joe@example.com"},
			"rel": {"x", relation}}, link},
		{"another relation", url.Values{"resource": {"acct:joe@example.com"},
			"rel": {"x"}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := w.do("GET", w.Issuer()+"/.well-known/webfinger?"+test.query.Encode(), nil, nil)
			want := `{"links":[` + test.links + `],"subject":"acct:joe@example.com"}`
			if a.status != 200 || a.body != want ||
				a.header.Get("Content-Type") != "application/jrd+json" ||
				a.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("answer is %+v, want %s", a, want)
			}
		})
	}
}

func TestWebFingerFaults(t *testing.T) {
	for _, query := range []string{"", "?resource=", "?rel=x", "?resource=a&resource=b"} {
		w := start(t, oidctest.Options{})
		a := w.do("GET", w.Issuer()+"/.well-known/webfinger"+query, nil, nil)
		if a.status != 400 || a.body != "missing_resource\n" ||
			!slices.Equal(w.Faults(), []oidctest.Fault{oidctest.MissingResource}) {
			t.Errorf("%s: answer is %+v, faults %q", query, a, w.Faults())
		}
	}
}
