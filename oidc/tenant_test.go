package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

const template = "https://login.example/{tenantid}/v2.0"

func allowOne(tenant string) bool { return tenant == "one" || tenant == "One" }

func anyTenant(string) bool { return true }

// A template without those who may log in is everybody's, and those of no template are none.
func TestTenantsAreConfigured(t *testing.T) {
	complete := Provider{AuthorizationServer: oauth2.AuthorizationServer{
		AuthorizationEndpoint: "https://login.example/a",
		TokenEndpoint:         "https://login.example/t",
		JWKSURI:               "https://login.example/j",
	}}
	const at = "https://login.example/common/v2.0" + wellKnown
	for _, test := range []struct {
		name, issuer, url string
		tenants           Tenants
		provider          Provider
		want              string
	}{
		{"one issuer", "https://login.example", "", Tenants{}, Provider{}, "ok"},
		{"template", template, at, Tenants{Allow: anyTenant}, Provider{}, "ok"},
		{"claim", template, at, Tenants{Allow: anyTenant, Claim: "tid"}, Provider{}, "ok"},
		{"all configured", template, "", Tenants{Allow: anyTenant}, complete, "ok"},
		{"at the end", "https://login.example/{tenantid}", at, Tenants{Allow: anyTenant}, Provider{},
			"ok"},
		{"part of a segment", "https://login.example/t-{tenantid}-x", at, Tenants{Allow: anyTenant},
			Provider{}, "ok"},

		{"nobody asked", template, at, Tenants{}, Provider{}, "Allow"},
		{"only a claim", template, at, Tenants{Claim: "tid"}, Provider{}, "Allow"},
		{"no template", "https://login.example", "", Tenants{Allow: anyTenant}, Provider{}, "empty"},
		{"a claim of no template", "https://login.example", "", Tenants{Claim: "tid"}, Provider{},
			"empty"},
		{"another name", "https://login.example/{tenant}/v2.0", at, Tenants{Allow: anyTenant},
			Provider{}, "braces"},
		{"another name, nobody asked", "https://login.example/{tid}", at, Tenants{}, Provider{},
			"braces"},
		{"another case", "https://login.example/{TenantID}/v2.0", at, Tenants{Allow: anyTenant},
			Provider{}, "braces"},
		{"twice", "https://login.example/{tenantid}/{tenantid}", at, Tenants{Allow: anyTenant},
			Provider{}, "braces"},
		{"within itself", "https://login.example/{tenant{tenantid}id}", at,
			Tenants{Allow: anyTenant}, Provider{}, "braces"},
		{"no URL", template, "", Tenants{Allow: anyTenant}, Provider{}, "ServerMetadataURL"},
		{"URL with a template", template, template + wellKnown, Tenants{Allow: anyTenant},
			Provider{}, "without {tenantid}"},
		{"URL with a template, alone", "", template + wellKnown, Tenants{Allow: anyTenant},
			Provider{}, "without {tenantid}"},
	} {
		client, err := New(Config{Issuer: test.issuer, ServerMetadataURL: test.url,
			Tenants: test.tenants, Provider: test.provider, ID: "client", Auth: oauth2.None()})
		if test.want == "ok" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if client != nil || outcome(err) != "check tenants" ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

// The tenant is in the path, never in what says who is asked.
func TestTenantIsNoHost(t *testing.T) {
	for _, issuer := range []string{"https://{tenantid}.example", "https://{tenantid}/v2.0",
		"https://login.example:{tenantid}/", "https://{tenantid}@login.example/",
		"https://login.example/?t={tenantid}", "https://login.example/#{tenantid}",
		"{tenantid}", "{tenantid}://login.example"} {
		client, err := New(Config{Issuer: issuer, ServerMetadataURL: "https://login.example/m",
			Tenants: Tenants{Allow: anyTenant}, ID: "client", Auth: oauth2.None()})
		if client != nil || err == nil || !strings.Contains(err.Error(), "issuer must ") {
			t.Errorf("%s: got %v", issuer, err)
		}
	}
}

func TestAcceptsIssuer(t *testing.T) {
	long := strings.Repeat("a", 255)
	for _, test := range []struct {
		issuer string
		allow  func(string) bool
		iss    string
		want   bool
	}{
		{"https://p.example", nil, "https://p.example", true},
		{"https://p.example", nil, "https://p.example/", false},
		{"https://p.example", nil, "", false},

		{"https://p.example/", anyTenant, "https://p.example/a", false},

		{template, allowOne, "https://login.example/one/v2.0", true},
		{template, allowOne, "https://login.example/One/v2.0", true},
		{template, allowOne, "https://login.example/ONE/v2.0", false},
		{template, allowOne, "https://login.example/two/v2.0", false},
		{template, allowOne, template, false},
		{template, anyTenant, template, false},
		{template, anyTenant, "https://login.example/0aB-._9/v2.0", true},
		{template, anyTenant, "https://login.example/" + long + "/v2.0", true},
		{template, anyTenant, "https://login.example/" + long + "a/v2.0", false},
		{template, anyTenant, "https://login.example/.../v2.0", true},
		{template, anyTenant, "https://login.example/../v2.0", false},
		{template, anyTenant, "https://login.example/./v2.0", false},
		{template, anyTenant, "https://login.example//v2.0", false},
		{template, anyTenant, "https://login.example/v2.0", false},
		{template, anyTenant, "https://login.example/a/b/v2.0", false},
		{template, anyTenant, "https://login.example/a%2Fb/v2.0", false},
		{template, anyTenant, "https://login.example/a\\b/v2.0", false},
		{template, anyTenant, "https://login.example/a?/v2.0", false},
		{template, anyTenant, "https://login.example/a#/v2.0", false},
		{template, anyTenant, "https://login.example/a b/v2.0", false},
		{template, anyTenant, "https://login.example/ä/v2.0", false},
		{template, anyTenant, "https://login.example/a\n/v2.0", false},
		{template, anyTenant, "https://login.example/a/v2.0/", false},
		{template, anyTenant, "https://login.example/a/V2.0", false},
		{template, anyTenant, "https://LOGIN.example/a/v2.0", false},
		{template, anyTenant, "http://login.example/a/v2.0", false},
		{template, anyTenant, "https://evil.example/https://login.example/a/v2.0", false},
		{template, anyTenant, "a/v2.0", false},
		{template, anyTenant, "", false},
		{"https://login.example/{tenantid}", anyTenant, "https://login.example/a", true},
		{"https://login.example/{tenantid}", anyTenant, "https://login.example/", false},
		{"https://login.example/{tenantid}/{tenantid}", anyTenant, "https://login.example/a/a", false},
	} {
		asked := 0
		c := &Config{Issuer: test.issuer}
		if test.allow != nil {
			c.Tenants.Allow = func(tenant string) bool {
				asked++
				if !strings.Contains(test.iss, "/"+tenant) {
					t.Errorf("%q: asked for %q", test.iss, tenant)
				}
				return test.allow(tenant)
			}
		}
		if got := c.acceptsIssuer(test.iss); got != test.want || asked > 1 {
			t.Errorf("%q of %s: %v after %d, want %v", test.iss, test.issuer, got, asked, test.want)
		}
	}
}

// A tenant has letters, digits, dots, hyphens and underscores, wherever in it.
func TestTenantCharacters(t *testing.T) {
	for b := range 256 {
		c := string([]byte{byte(b)})
		want := b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' ||
			c == "." || c == "-" || c == "_"
		for _, tenant := range []string{"a" + c, c + "a", "a" + c + "a"} {
			if isTenant(tenant) != want {
				t.Errorf("%q: %v", tenant, !want)
			}
		}
	}
}

func TestTenantMatches(t *testing.T) {
	for _, test := range []struct {
		claim string
		iss   string
		value strictjson.Value
		want  bool
	}{
		{"tid", "https://login.example/one/v2.0", `"one"`, true},
		{"tid", "https://login.example/one/v2.0", `"\u006fne"`, true},
		{"tid", "https://login.example/one/v2.0", `"One"`, false},
		{"tid", "https://login.example/one/v2.0", `"two"`, false},
		{"tid", "https://login.example/one/v2.0", `""`, false},
		{"tid", "https://login.example/1/v2.0", `1`, false},
		{"tid", "https://login.example/one/v2.0", `["one"]`, false},
		{"tid", "https://login.example/one/v2.0", `null`, false},
		{"tid", "https://login.example/one/v2.0", ``, false},
		{"tid", "https://login.example//v2.0", ``, false},
		{"tid", "https://login.example//v2.0", `""`, false},
		{"tid", template, `"{tenantid}"`, false},
		{"", "https://login.example/one/v2.0", `"two"`, true},
		{"", "https://login.example/one/v2.0", ``, true},
	} {
		c := &Config{Issuer: template, Tenants: Tenants{Allow: anyTenant, Claim: test.claim}}
		got := c.tenantMatches(test.iss, func(name string) strictjson.Value {
			if name != "tid" {
				t.Errorf("asked for %q", name)
			}
			return test.value
		})
		if got != test.want {
			t.Errorf("%s in %q as %s: %v", test.value, test.claim, test.iss, got)
		}
	}
}

// The metadata of a template is the template's own, not that of a tenant, be it allowed.
func TestTenantMetadata(t *testing.T) {
	for issuer, want := range map[string]string{
		"/{tenantid}/v2.0":         "ok",
		"/one/v2.0":                "check issuer",
		"/common/v2.0":             "check issuer",
		"/{TenantID}/v2.0":         "check issuer",
		"/%7Btenantid%7D/v2.0":     "check issuer",
		"/{tenantid}/v2.0/":        "check issuer",
		"/{tenantid}/{tenantid}/x": "check issuer",
	} {
		e := newElsewhere(t, "/common"+wellKnown, issuer)
		client, err := New(Config{Issuer: e.URL + "/{tenantid}/v2.0",
			ServerMetadataURL: e.URL + "/common" + wellKnown, Tenants: Tenants{Allow: anyTenant},
			ID: "client", Auth: oauth2.None()})
		if err != nil {
			t.Fatal(err)
		}
		p, err := client.Provider(t.Context())
		if outcome(err) != want || (p.Issuer == e.URL+"/{tenantid}/v2.0") != (err == nil) {
			t.Errorf("%s: got %+v, %v", issuer, p, err)
		}
		if len(e.requests()) != 1 {
			t.Errorf("%s: asked %q", issuer, e.requests())
		}
	}
}

// tenants serves the metadata and the keys of a provider of tenants, and returns where it is.
func tenants(t *testing.T, key *jose.Key) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	serve := func(path string, document any) {
		body, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		mux.HandleFunc(path, say(200, "application/json", string(body)))
	}
	serve("/keys", jose.NewSet(key))
	serve("/metadata", map[string]string{"issuer": server.URL + "/{tenantid}/v2.0",
		"authorization_endpoint": server.URL + "/a", "token_endpoint": server.URL + "/t",
		"jwks_uri": server.URL + "/keys"})
	return server.URL
}

// An ID Token of a tenant is held to the template, to who is allowed, and to its claim.
func TestTenantIDToken(t *testing.T) {
	key, err := jose.GenerateKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	server := tenants(t, key)
	for _, test := range []struct{ name, tenant, tid, want string }{
		{"good", "one", `,"tid":"one"`, "ok"},
		{"not allowed", "two", `,"tid":"two"`, "check iss"},
		{"of another", "one", `,"tid":"two"`, "check tenant"},
		{"without", "one", "", "check tenant"},
		{"the template", "{tenantid}", `,"tid":"{tenantid}"`, "check iss"},
		{"no tenant", "a/b", `,"tid":"a/b"`, "check iss"},
	} {
		client, err := New(Config{Issuer: server + "/{tenantid}/v2.0",
			ServerMetadataURL: server + "/metadata", ID: "client", Auth: oauth2.None(),
			Tenants: Tenants{Allow: allowOne, Claim: "tid"}, Now: (&clock{}).now})
		if err != nil {
			t.Fatal(err)
		}
		token, err := jose.Sign(fmt.Appendf(nil, `{"iss":"%s/%s/v2.0","aud":"client",`+
			`"sub":"alice","iat":%d,"exp":%d%s}`, server, test.tenant, start.Unix(),
			start.Unix()+60, test.tid), key, jose.SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.VerifyIDToken(t.Context(), token,
			IDTokenExpectations{InsecureWithoutNonce: true})
		if outcome(err) != test.want || (err == nil) != (got != nil) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
		if err == nil && got.Identity().Issuer != server+"/one/v2.0" {
			t.Errorf("%s: identity %+v", test.name, got.Identity())
		}
	}
}
