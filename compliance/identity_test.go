package compliance_test

import (
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var identityLogins = map[string]wanted{
	"auth0": {
		params: map[string]string{"tenant": "fixture.auth0.example"},
		user: oidc.Identity{Issuer: "https://fixture.auth0.example/",
			Subject: "auth0|17f17f17f17f17f17f17f17f"},
		idToken: true,
		name:    "Ava Fixture",
		picture: "https://fixture.auth0.example/invented.png",
		claims: map[string]string{
			"nickname": "ava", "updated_at": "2026-11-20T08:00:00.000Z",
		},
		email:    "ava@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  86400,
	},
	"classlink": {
		user: oidc.Identity{Issuer: "https://launchpad.classlink.com",
			Subject: "17000017"},
		name:     "Clara Fixture",
		username: "clara.fixture",
		picture:  "https://filescdn.example/17.png",
		claims:   map[string]string{"given_name": "Clara", "family_name": "Fixture"},
		email:    "clara@example.com",
		scopes:   "profile",
	},
	"cognito": {
		params: map[string]string{"region": "eu-central-1", "pool": "eu-central-1_Fixture17"},
		user: oidc.Identity{
			Issuer:  "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Fixture17",
			Subject: "17000000-2aaa-4bbb-8ccc-170000000017"},
		idToken:  true,
		username: "cora",
		claims: map[string]string{
			"given_name": "Cora", "family_name": "Fixture", "phone_number": "+4930000017",
			"phone_number_verified": "false",
		},
		email:    "cora@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  3600,
	},
	"docusign": {
		user: oidc.Identity{Issuer: "https://account.docusign.com",
			Subject: "17000000-17cc-4bbb-8ccc-170000000017"},
		name:    "Dora Fixture",
		claims:  map[string]string{"given_name": "Dora", "family_name": "Fixture"},
		email:   "dora@example.com",
		scopes:  "signature",
		expires: 28800,
	},
	"epicgames": {
		user: oidc.Identity{Issuer: "https://api.epicgames.dev",
			Subject: "17f17f17f17f4bbb8ccc170000000017"},
		username: "EpicFixture",
		scopes:   "basic_profile",
		expires:  7200,
	},
	"eveonline": {
		user: oidc.Identity{Issuer: "https://login.eveonline.com",
			Subject: "CHARACTER:EVE:2117000017:aW52ZW50ZWQgb3duZXIgMTc="},
		name:    "Eve Fixture",
		scopes:  "publicData",
		expires: 1199,
	},
	"globus": {
		user: oidc.Identity{Issuer: "https://auth.globus.org",
			Subject: "17000000-5aaa-4bbb-8ccc-170000000017"},
		idToken:  true,
		name:     "Gita Fixture",
		username: "gita@example.com",
		email:    "gita@example.com",
		scopes:   "email profile openid",
		expires:  172800,
	},
	"huggingface": {
		user: oidc.Identity{Issuer: "https://huggingface.co",
			Subject: "170000000000000000000017"},
		idToken:  true,
		name:     "Hana Fixture",
		username: "hana-fixture",
		picture:  "https://huggingface.co/avatars/invented17.svg",
		profile:  "https://huggingface.co/hana-fixture",
		email:    "hana@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  28800,
	},
	"intuit": {
		user: oidc.Identity{Issuer: "https://oauth.platform.intuit.com/op/v1",
			Subject: "17000000-7aaa-4bbb-8ccc-170000000017"},
		idToken: true,
		claims: map[string]string{
			"given_name": "Ilse", "family_name": "Fixture", "phone_number": "+1 0000000017",
			"phone_number_verified": "false",
		},
		email:    "ilse@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  3600,
		callback: map[string]string{"realmId": "1700000000000017"},
	},
	"keycloak": {
		params: map[string]string{"host": "sso.example", "realm": "demo"},
		user: oidc.Identity{Issuer: "https://sso.example/realms/demo",
			Subject: "17000000-9aaa-4bbb-8ccc-170000000017"},
		idToken:  true,
		name:     "Kira Fixture",
		username: "kira",
		claims:   map[string]string{"given_name": "Kira", "family_name": "Fixture"},
		email:    "kira@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  300,
	},
	"logingov": {
		user: oidc.Identity{Issuer: "https://secure.login.gov/",
			Subject: "17000000-1aaa-4bbb-8ccc-170000000017"},
		idToken:  true,
		claims:   map[string]string{"locale": "es"},
		email:    "lena@example.com",
		verified: true,
		scopes:   "openid email",
		expires:  900,
	},
	"okta-server": {
		params: map[string]string{"host": "fixture.okta.example"},
		user: oidc.Identity{Issuer: "https://fixture.okta.example/oauth2/default",
			Subject: "00u17inventedokta000"},
		idToken:  true,
		name:     "Olga Fixture",
		username: "olga@example.com",
		profile:  "https://example.com/olga",
		claims: map[string]string{
			"given_name": "Olga", "family_name": "Fixture", "nickname": "olga",
			"zoneinfo": "Europe/Berlin", "locale": "en", "updated_at": "1795250000",
		},
		email:   "olga@example.com",
		scopes:  "email profile openid",
		expires: 3600,
	},
	"orcid": {
		user:    oidc.Identity{Issuer: "https://orcid.org", Subject: "0000-0017-0000-0017"},
		idToken: true,
		claims:  map[string]string{"given_name": "Orla", "family_name": "Fixture"},
		scopes:  "openid",
		expires: 631138518,
	},
	"salesforce": {
		user: oidc.Identity{Issuer: "https://login.salesforce.com",
			Subject: "https://login.salesforce.com/id/00D170000000017EAA/005170000000017AAA"},
		idToken:  true,
		name:     "Saul Fixture",
		username: "saul@example.com",
		picture:  "https://instance.salesforce.example/profilephoto/17/F",
		profile:  "https://instance.salesforce.example/005170000000017AAA",
		claims: map[string]string{
			"given_name": "Saul", "family_name": "Fixture", "nickname": "saul",
			"zoneinfo": "America/Los_Angeles", "locale": "en_US",
			"updated_at": "2026-11-20T08:00:00Z",
		},
		email:    "saul@example.com",
		verified: true,
		scopes:   "openid id",
	},
	"telegram": {
		user: oidc.Identity{Issuer: "https://oauth.telegram.org",
			Subject: "1717171717171717171"},
		idToken:  true,
		name:     "Timo Fixture",
		username: "timo_fixture",
		picture:  "https://cdn4.telesco.pe/file/invented-17",
		claims:   map[string]string{"given_name": "Timo", "family_name": "Fixture"},
		scopes:   "openid profile",
		expires:  3600,
	},
	"webex": {
		params: map[string]string{"issuer": "idbroker-b-us.webex.com"},
		user: oidc.Identity{Issuer: "https://idbroker-b-us.webex.com/idb",
			Subject: "17000000-17f1-4bbb-8ccc-170000000017"},
		idToken:  true,
		name:     "Wilma Fixture",
		claims:   map[string]string{"given_name": "Wilma", "family_name": "Fixture"},
		email:    "wilma@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  1209599,
	},
	"xero": {
		user: oidc.Identity{Issuer: "https://identity.xero.com",
			Subject: "17f17f17f17f5bbb8ccc170000000017"},
		idToken: true,
		name:    "Xenia Fixture",
		claims:  map[string]string{"given_name": "Xenia", "family_name": "Fixture"},
		email:   "xenia@example.com",
		scopes:  "email profile openid offline_access",
		expires: 1800,
	},
}

var identityFailures = map[string]error{
	"auth0-bad-code":       &oauth2.Error{Code: "invalid_grant"},
	"cognito-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"docusign-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"eveonline-bad-client": &oauth2.Error{Code: "invalid_client"},
	"globus-bad-code":      &oauth2.Error{Code: "invalid_grant"},
	"huggingface-denied":   registry.ErrAccessDenied,
	"intuit-bad-code":      &oauth2.Error{Code: "invalid_grant"},
	"keycloak-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"logingov-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"orcid-bad-code":       &oauth2.Error{Code: "invalid_grant"},
	"okta-server-bad-code": &oauth2.Error{Code: "invalid_grant"},
	"salesforce-bad-code":  &oauth2.Error{Code: "invalid_grant"},
	"xero-bad-code":        &oauth2.Error{Code: "invalid_grant"},
}

var identityRefreshes = map[string]renewed{
	"auth0": {
		params:  map[string]string{"tenant": "fixture.auth0.example"},
		old:     "17inventedAuth0Refresh",
		access:  "17inventedAuth0Renewed",
		expires: 86400,
	},
	"cognito": {
		params:  map[string]string{"region": "eu-central-1", "pool": "eu-central-1_Fixture17"},
		old:     "17inventedCognitoRefresh",
		access:  "17inventedCognitoRenewed",
		expires: 3600,
	},
	"eveonline": {
		old:     "17inventedEveRefresh==",
		access:  "e30.e30.17inventedEveRenewed",
		refresh: "17inventedEveRefresh2==",
		expires: 1200,
		extra:   "character",
	},
	"intuit": {
		old:     "17inventedIntuitRefresh",
		access:  "17inventedIntuitRenewed",
		refresh: "17inventedIntuitRefresh2",
		expires: 3600,
	},
	"keycloak": {
		params:  map[string]string{"host": "sso.example", "realm": "demo"},
		old:     "17inventedKeycloakRefresh",
		access:  "17inventedKeycloakRenewed",
		refresh: "17inventedKeycloakRefresh2",
		expires: 300,
	},
	"okta-server": {
		params:  map[string]string{"host": "fixture.okta.example"},
		scopes:  []string{"offline_access", "openid"},
		old:     "17inventedOktaRefresh",
		access:  "17inventedOktaRenewed",
		expires: 3600,
	},
	"xero": {
		old:     "17inventedXeroRefresh",
		access:  "17inventedXeroRenewed",
		refresh: "17inventedXeroRefresh2",
		expires: 1800,
	},
}

// What is put into a URL must not move it to another host, or to another place there.
func TestIdentityParams(t *testing.T) {
	anywhere := []string{"evil.example/", "/evil.example", "a@evil.example", "a.example#",
		"a.example?x", "..", ".", "a.example:0", "[::1]", "a b", "a.example\n", "%2e%2e", "{host}",
		`a\b`, "é.example"}
	inHost := []string{"127.0.0.1", "0x7f.1", "a..b", "A.example", ".example", "a.example.",
		"a.example:", "a.example:123456", "-a.example", "a-.example", "a_b.example"}
	for _, name := range []string{"auth0", "authentik", "azure-ad-b2c", "cognito", "docusign",
		"fence", "keycloak", "logingov", "logto", "okta", "okta-server", "onelogin", "orcid", "ory",
		"salesforce", "superoffice", "vipps", "webex", "zitadel"} {
		row, _ := compliance.Lookup(name)
		good := map[string]string{}
		for param, p := range row.Params {
			good[param] = p.Example
		}
		if _, err := row.With(good); err != nil || len(good) == 0 {
			t.Errorf("%s: examples: %v", name, err)
		}
		for param, p := range row.Params {
			hostile := slices.Clone(anywhere)
			urls := row.ServerMetadataURL + row.AuthorizeURL + row.Issuer
			if strings.Contains(urls, "https://{"+param+"}") {
				hostile = append(hostile, inHost...)
			}
			if strings.Contains(urls, "https://{"+param+"}/") {
				hostile = append(hostile, "localhost")
			}
			if p.Default == "" {
				hostile = append(hostile, "")
			}
			for _, value := range hostile {
				values := maps.Clone(good)
				values[param] = value
				_, err := row.With(values)
				if err == nil || !strings.HasPrefix(err.Error(), `"`+param+`" must be `) {
					t.Errorf("%s: %s %q: %v", name, param, value, err)
				}
			}
		}
	}
}

// Where a row knows the provider's names, another's host is none of them.
func TestIdentityHosts(t *testing.T) {
	for _, test := range []struct{ row, param, value string }{
		{"cognito", "region", "evil.example"},
		{"cognito", "pool", "eu-central-1_A/b"},
		{"docusign", "host", "account-d.docusign.com.evil.example"},
		{"docusign", "host", "accountd.docusign.com"},
		{"docusign", "host", "accountxdocusign.com"},
		{"logingov", "host", "login.gov.example"},
		{"orcid", "host", "evil.example.orcid.org"},
		{"salesforce", "host", "evil.example"},
		{"salesforce", "host", "my.salesforce.com"},
		{"salesforce", "host", "example.salesforce.com"},
		{"salesforce", "host", "example.my.salesforce.com.evil.example"},
		{"salesforce", "host", "example.my.salesforce.com:443"},
		{"salesforce", "host", "evil-my.salesforce.com"},
		{"superoffice", "environment", "evil"},
		{"vipps", "host", "apivipps.no"},
		{"webex", "issuer", "idbroker-b-us.webex.com.evil.example"},
		{"webex", "issuer", "evil.example/idbroker.webex.com"},
		{"webex", "issuer", "evil.webex.com"},
	} {
		row, _ := compliance.Lookup(test.row)
		values := map[string]string{}
		for param, p := range row.Params {
			values[param] = p.Example
		}
		values[test.param] = test.value
		_, err := row.With(values)
		if err == nil || !strings.HasPrefix(err.Error(), `"`+test.param+`" must be such as `) {
			t.Errorf("%s: %s %q: %v", test.row, test.param, test.value, err)
		}
	}
	row, _ := compliance.Lookup("salesforce")
	for _, host := range []string{"test.salesforce.com", "example.my.salesforce.com",
		"example--uat.sandbox.my.salesforce.com"} {
		if _, err := row.With(map[string]string{"host": host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// What rows do to the URL of the login, as it is sent.
func TestIdentityAuthorization(t *testing.T) {
	for _, test := range []struct{ row, query, want string }{
		{"azure-ad-b2c", "client_id=17-client&scope=openid%20offline_access&state=s",
			"client_id=17-client&scope=openid%20offline_access%2017-client&state=s"},
		{"azure-ad-b2c", "client_id=17-client&scope=openid&state=s",
			"client_id=17-client&scope=openid%2017-client&state=s"},
		{"azure-ad-b2c", "client_id=17-client&scope=openid%20https%3A%2F%2Fapi.example%2Fread",
			"client_id=17-client&scope=openid%20https%3A%2F%2Fapi.example%2Fread"},
		{"logingov", "client_id=c&state=s",
			"client_id=c&state=s&acr_values=urn%3Aacr.login.gov%3Aauth-only"},
		{"logingov", "acr_values=urn%3Aacr.login.gov%3Averified&state=s",
			"acr_values=urn%3Aacr.login.gov%3Averified&state=s"},
	} {
		row, _ := compliance.Lookup(test.row)
		u := &url.URL{Scheme: "https", Host: "server.example", RawQuery: test.query}
		for _, hook := range row.Hooks.AuthorizationRequest {
			if err := hook(t.Context(), u); err != nil {
				t.Error(err)
			}
		}
		if u.RawQuery != test.want {
			t.Errorf("%s: got %s", test.row, u.RawQuery)
		}
	}
}

// Epic Games gets its credentials as they are, also when it refreshes.
func TestEpicGamesBasic(t *testing.T) {
	row, _ := compliance.Lookup("epicgames")
	for _, hooks := range [][]oauth2.RequestHook{
		row.Hooks.AccessTokenRequest, row.Hooks.RefreshTokenRequest} {
		req := httptest.NewRequest("POST", "https://server.example/token", nil)
		req.SetBasicAuth(url.QueryEscape("invented/17"), url.QueryEscape("invented+17/= "))
		for _, hook := range hooks {
			if err := hook(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		}
		if id, secret, _ := req.BasicAuth(); id != "invented/17" || secret != "invented+17/= " {
			t.Errorf("got %q, %q", id, secret)
		}
	}
}

// An access token of EVE Online that is no JSON Web Token says nothing of a character; a
// response that is no strict JSON stays as it is.
func TestEveOnlineCharacter(t *testing.T) {
	row, _ := compliance.Lookup("eveonline")
	for _, body := range []string{
		`{"access_token":"opaque","token_type":"Bearer"}`,
		`{"access_token":"a.bm8gSlNPTg.c","token_type":"Bearer"}`,
		`{"access_token":"a.e30.c","access_token":"a.e30.c"}`,
		`{"error":"invalid_grant"}`,
		`no JSON`,
	} {
		resp := &httpclient.Response{Status: 200, Body: []byte(body)}
		for _, hook := range row.Hooks.AccessTokenResponse {
			if err := hook(t.Context(), resp); err != nil {
				t.Error(err)
			}
		}
		if string(resp.Body) != body {
			t.Errorf("%s became %s", body, resp.Body)
		}
	}
}

// What these say of an address they have not checked, whatever they call it.
func TestUncheckedAddresses(t *testing.T) {
	for _, name := range []string{"authentik", "cloudfoundry", "okta", "okta-server"} {
		row, _ := compliance.Lookup(name)
		user, err := oidc.ReadUserInfo(t.Context(), []byte(`{"sub":"17",
			"email":"ida@example.com","email_verified":true}`),
			oidc.UserInfoSource{Issuer: "https://id.example", Quirks: row.Quirks})
		if err != nil {
			t.Fatal(err)
		}
		if email, verified := user.Email(); email != "ida@example.com" || verified {
			t.Errorf("%s: e-mail is %q, verified %t", name, email, verified)
		}
	}
}
