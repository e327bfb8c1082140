package compliance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

var identityProviders = map[string]Provider{
	"adobe": {
		Issuer:            "https://ims-na1.adobelogin.com",
		ServerMetadataURL: "https://ims-na1.adobelogin.com/ims/.well-known/openid-configuration",
		Scopes:            []string{"openid", "email", "profile", "offline_access"},
		Facts:             Facts{PKCE: "yes"},
		Unproven:          []string{"login", "identity", "error", "refresh"},
	},
	"auth0": {
		Issuer:                  "https://{tenant}/",
		ServerMetadataURL:       "https://{tenant}/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://{tenant}/api/v2/",
		Scopes:                  []string{"openid", "profile", "email"},
		Params: map[string]Param{
			"tenant": {Pattern: dnsName, Example: "example.eu.auth0.com"}},
		Facts: Facts{PKCE: "yes", Logout: "yes"},
	},
	"authentik": { // which until 2025.10 said of every address that it was verified
		Issuer: "https://{host}/application/o/{application}/",
		ServerMetadataURL: "https://{host}/application/o/{application}" +
			"/.well-known/openid-configuration",
		Scopes: []string{"openid", "profile", "email"},
		Quirks: oidc.Quirks{UncheckedContacts: true},
		Params: map[string]Param{
			"application": {Pattern: `[A-Za-z0-9_-]{1,128}`, Example: "my-app"},
			"host":        {Pattern: dnsName, Example: "authentik.example.com"},
		},
		Facts:    Facts{PKCE: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"azure-ad-b2c": { // whose issuer does not name the policy
		Issuer: "https://{name}.b2clogin.com/{tenant}/v2.0/",
		ServerMetadataURL: "https://{name}.b2clogin.com/{name}.onmicrosoft.com/{policy}" +
			"/v2.0/.well-known/openid-configuration",
		Scopes:        []string{"openid", "offline_access"},
		UserInfoNames: map[string]string{"email": "/emails/0"},
		Hooks:         oauth2.Hooks{AuthorizationRequest: []oauth2.AuthorizationHook{ownScope}},
		Params: map[string]Param{
			"name":   {Pattern: `[a-z0-9]{1,63}`, Example: "contoso"},
			"policy": {Pattern: `[Bb]2[Cc]_1[Aa]?_[A-Za-z0-9_-]{1,128}`, Example: "B2C_1_signin"},
			"tenant": {Pattern: `[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}`,
				Example: "00000000-0000-0000-0000-000000000017"},
		},
		Facts:    Facts{PKCE: "yes", Logout: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"classlink": {
		AuthorizeURL:            "https://launchpad.classlink.com/oauth2/v2/auth",
		AccessTokenURL:          "https://launchpad.classlink.com/oauth2/v2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://nodeapi.classlink.com/v2/",
		Scopes:                  []string{"profile"},
		UserInfoEndpoint:        "https://nodeapi.classlink.com/v2/my/info",
		UserInfoNames: map[string]string{
			"sub":                "UserId",
			"name":               "DisplayName",
			"given_name":         "FirstName",
			"family_name":        "LastName",
			"preferred_username": "LoginId",
			"picture":            "ImagePath",
			"email":              "Email",
		},
		IdentityIssuer: "https://launchpad.classlink.com",
		Facts:          Facts{Refresh: "none"},
		Unproven:       []string{"error"},
	},
	"cognito": {
		ServerMetadataURL: "https://cognito-idp.{region}.amazonaws.com/{pool}" +
			"/.well-known/openid-configuration",
		Scopes:        []string{"openid", "profile", "email"},
		UserInfoNames: map[string]string{"preferred_username": "username"},
		Quirks:        oidc.Quirks{StringBooleans: true},
		Params: map[string]Param{
			"pool": {Pattern: awsRegion + `_[A-Za-z0-9]{1,55}`,
				Example: "eu-central-1_AbCdEfGhI"},
			"region": {Pattern: awsRegion, Example: "eu-central-1"},
		},
		Facts: Facts{PKCE: "yes", Refresh: "kept"},
		Waived: map[string]string{"StringBooleans": "social-core's test of Cognito, and AWS's " +
			"documentation of its UserInfo endpoint: email_verified is a string"},
	},
	"docusign": {
		AuthorizeURL:     "https://{host}/oauth/auth",
		AccessTokenURL:   "https://{host}/oauth/token",
		Scopes:           []string{"signature"},
		UserInfoEndpoint: "https://{host}/oauth/userinfo",
		IdentityIssuer:   "https://{host}",
		Params: map[string]Param{"host": {Pattern: `account(-d)?\.docusign\.com`,
			Example: "account-d.docusign.com", Default: "account.docusign.com"}},
		Facts:    Facts{PKCE: "yes"},
		Unproven: []string{"refresh"},
	},
	"epicgames": {
		AuthorizeURL:     "https://www.epicgames.com/id/authorize",
		AccessTokenURL:   "https://api.epicgames.dev/epic/oauth/v2/token",
		APIBaseURL:       "https://api.epicgames.dev/",
		Scopes:           []string{"basic_profile"},
		UserInfoEndpoint: "https://api.epicgames.dev/epic/oauth/v2/userInfo",
		IdentityIssuer:   "https://api.epicgames.dev",
		Hooks: oauth2.Hooks{
			AccessTokenRequest:  []oauth2.RequestHook{plainBasic},
			RefreshTokenRequest: []oauth2.RequestHook{plainBasic},
		},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"error", "refresh"},
	},
	"eveonline": {
		AuthorizeURL:   "https://login.eveonline.com/v2/oauth/authorize",
		AccessTokenURL: "https://login.eveonline.com/v2/oauth/token",
		APIBaseURL:     "https://esi.evetech.net/",
		Scopes:         []string{"publicData"},
		UserInfoNames: map[string]string{
			"sub":  "{/character/sub}:{/character/owner}", // characters are given away
			"name": "/character/name",
		},
		IdentityIssuer: "https://login.eveonline.com",
		Hooks: oauth2.Hooks{
			AccessTokenResponse:  []oauth2.ResponseHook{characterBeside},
			RefreshTokenResponse: []oauth2.ResponseHook{characterBeside},
		},
		Facts: Facts{PKCE: "yes", Refresh: "rotated"},
	},
	"fedora": {
		Issuer: "https://id.fedoraproject.org/openidc/",
		ServerMetadataURL: "https://id.fedoraproject.org/openidc" +
			"/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"openid", "profile", "email"},
		Facts:                   Facts{PKCE: "no"},
		Unproven:                []string{"login", "identity", "error", "refresh"},
	},
	"fence": { // whose issuer is its base URL, as its configuration has it
		ServerMetadataURL:       "https://{host}/user/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_basic", // the metadata may name grants there
		APIBaseURL:              "https://{host}/",
		Scopes:                  []string{"openid", "user"},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "nci-crdc.datacommons.io"}},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"globus": {
		ServerMetadataURL: "https://auth.globus.org/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile", "email"},
		Facts:             Facts{PKCE: "yes"},
		Unproven:          []string{"refresh"},
	},
	"huggingface": {
		ServerMetadataURL: "https://huggingface.co/.well-known/openid-configuration",
		APIBaseURL:        "https://huggingface.co/api/",
		Scopes:            []string{"openid", "profile", "email"},
		Facts:             Facts{PKCE: "yes", Refresh: "rotated"},
		Unproven:          []string{"refresh"},
	},
	"intuit": {
		Issuer:            "https://oauth.platform.intuit.com/op/v1",
		ServerMetadataURL: "https://developer.api.intuit.com/.well-known/openid_configuration",
		APIBaseURL:        "https://quickbooks.api.intuit.com/",
		Scopes:            []string{"openid", "profile", "email"},
		UserInfoNames: map[string]string{
			"given_name":            "givenName",
			"family_name":           "familyName",
			"email_verified":        "emailVerified",
			"phone_number":          "phoneNumber",
			"phone_number_verified": "phoneNumberVerified",
		},
		Quirks:  oidc.Quirks{InsecureMissingNonce: true},
		Dialect: Dialect{CallbackParameters: []string{"realmId"}},
		Facts:   Facts{PKCE: "no", Refresh: "rotated"},
		Waived: map[string]string{
			"InsecureMissingNonce": "tests of Intuit's own client: an ID Token without a nonce"},
	},
	"keycloak": {
		ServerMetadataURL: "https://{host}/realms/{realm}/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile", "email"},
		Params: map[string]Param{
			"host":  {Pattern: dnsName, Example: "sso.example.com"},
			"realm": {Pattern: segment, Example: "my-realm"},
		},
		Facts: Facts{PKCE: "yes", Refresh: "rotated", Logout: "yes"},
	},
	"klarna": {
		ServerMetadataURL: "https://login.klarna.com/.well-known/openid-configuration",
		Scopes:            []string{"openid"},
		Facts:             Facts{PKCE: "yes", Logout: "yes"},
		Unproven:          []string{"login", "identity", "error", "refresh"},
	},
	"lego": {
		ServerMetadataURL: "https://identity.lego.com/.well-known/openid-configuration",
		Scopes:            []string{"openid"},
		Facts:             Facts{PKCE: "yes", Logout: "yes"},
		Unproven:          []string{"login", "identity", "error", "refresh"},
	},
	"lifescience": {
		Issuer: "https://login.aai.lifescience-ri.eu/oidc/",
		ServerMetadataURL: "https://login.aai.lifescience-ri.eu/oidc" +
			"/.well-known/openid-configuration",
		Scopes:   []string{"openid", "profile", "email"},
		Facts:    Facts{PKCE: "yes", Logout: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"logingov": { // whose private_key_jwt has the token endpoint for an audience
		Issuer:            "https://{host}/",
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		Scopes:            []string{"openid", "email"},
		UserInfoNames: map[string]string{
			"phone_number":          "phone",
			"phone_number_verified": "phone_verified",
		},
		Dialect: Dialect{TokenResponse: Response{ // a sentence where a code belongs
			Error: "error", ErrorDescription: "error",
			Codes: map[string]string{"Code is invalid because doesn't match any user. Please see " +
				"our documentation at https://developers.login.gov/oidc/#token": "invalid_grant"},
		}},
		Hooks: oauth2.Hooks{AuthorizationRequest: []oauth2.AuthorizationHook{anyAssurance}},
		Params: map[string]Param{"host": {
			Pattern: `secure\.login\.gov|idp\.int\.identitysandbox\.gov`,
			Example: "idp.int.identitysandbox.gov",
			Default: "secure.login.gov"}},
		Facts: Facts{PKCE: "yes", Refresh: "none", Logout: "yes"},
	},
	"logto": {
		ServerMetadataURL: "https://{host}/oidc/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile", "email"},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "example.logto.app"}},
		Facts:    Facts{PKCE: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"mojeid": {
		Issuer:            "https://mojeid.cz/oidc/",
		ServerMetadataURL: "https://mojeid.cz/oidc/.well-known/openid-configuration",
		Scopes:            []string{"openid"},
		Unproven:          []string{"login", "identity", "error", "refresh"},
	},
	// The organization's own server. Okta's support pages warn not to take email_verified for a
	// proof that the user owns the address.
	"okta": {
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		APIBaseURL:        "https://{host}/api/v1/",
		Scopes:            []string{"openid", "profile", "email"},
		Quirks:            oidc.Quirks{UncheckedContacts: true},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "example.okta.com"}},
		Facts:    Facts{PKCE: "yes", Refresh: "kept", Logout: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"okta-server": {
		ServerMetadataURL: "https://{host}/oauth2/{server}/.well-known/openid-configuration",
		APIBaseURL:        "https://{host}/api/v1/",
		Scopes:            []string{"openid", "profile", "email"},
		Quirks:            oidc.Quirks{UncheckedContacts: true}, // as at okta
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "example.okta.com"},
			"server": {Pattern: `[A-Za-z0-9]{1,64}`, Example: "aus1a2b3c4d5e6f7g8h9",
				Default: "default"},
		},
		Facts: Facts{PKCE: "yes", Refresh: "kept", Logout: "yes"},
	},
	"onelogin": {
		ServerMetadataURL: "https://{subdomain}.onelogin.com/oidc/2" +
			"/.well-known/openid-configuration",
		Scopes:   []string{"openid", "profile", "email"},
		Params:   map[string]Param{"subdomain": {Pattern: dnsLabel, Example: "example"}},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"orcid": {
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		APIBaseURL:        "https://pub.{host}/v3.0/",
		Scopes:            []string{"openid"},
		Params: map[string]Param{"host": {Pattern: `(sandbox\.)?orcid\.org`,
			Example: "sandbox.orcid.org", Default: "orcid.org"}},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"refresh"},
	},
	"ory": {
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile", "email"},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "example.projects.oryapis.com"}},
		Facts:    Facts{PKCE: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"salesforce": {
		TokenEndpointAuthMethod: "client_secret_post",
		ServerMetadataURL:       "https://{host}/.well-known/openid-configuration",
		Scopes:                  []string{"openid", "id"},
		Params: map[string]Param{"host": {
			Pattern: `(login|test|` + dnsLabel + `(\.` + dnsLabel + `)?\.my)\.salesforce\.com`,
			Example: "example.my.salesforce.com",
			Default: "login.salesforce.com"}},
		Facts:    Facts{PKCE: "yes", Refresh: "kept"},
		Unproven: []string{"refresh"},
	},
	// The sub of its ID Token is the address that a user logs in with, which can change and go to
	// another: nobody is known by it. The number of a user is at an address in another claim.
	"superoffice": {
		AuthorizeURL:   "https://{environment}.superoffice.com/login/common/oauth/authorize",
		AccessTokenURL: "https://{environment}.superoffice.com/login/common/oauth/tokens",
		Hooks:          oauth2.Hooks{AuthorizationRequest: []oauth2.AuthorizationHook{scopeOpenID}},
		Params: map[string]Param{"environment": {Pattern: `online|qaonline|sod`,
			Example: "sod", Default: "online"}},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"login", "error", "refresh"},
	},
	"telegram": { // without UserInfo
		ServerMetadataURL: "https://oauth.telegram.org/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile"},
		Hooks:             oauth2.Hooks{AccessTokenRequest: []oauth2.RequestHook{clientIDToo}},
		Facts:             Facts{PKCE: "yes"},
		Unproven:          []string{"error", "refresh"},
	},
	"verimi": {
		ServerMetadataURL: "https://web.verimi.de/.well-known/openid-configuration",
		Scopes:            []string{"openid"},
		Facts:             Facts{PKCE: "yes", Logout: "yes"},
		Unproven:          []string{"login", "identity", "error", "refresh"},
	},
	"vipps": {
		Issuer: "https://{host}/access-management-1.0/access/",
		ServerMetadataURL: "https://{host}/access-management-1.0/access" +
			"/.well-known/openid-configuration",
		APIBaseURL: "https://{host}/",
		Scopes:     []string{"openid", "name", "email"},
		Params: map[string]Param{"host": {Pattern: `api(test)?\.vipps\.no`,
			Example: "apitest.vipps.no", Default: "api.vipps.no"}},
		Facts:    Facts{PKCE: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"webex": { // whose metadata names an issuer by where it is asked from
		AuthorizeURL:            "https://webexapis.com/v1/authorize",
		AccessTokenURL:          "https://webexapis.com/v1/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		Issuer:                  "https://{issuer}/idb",
		JWKSURI:                 "https://webexapis.com/v1/verification",
		APIBaseURL:              "https://webexapis.com/v1/",
		Scopes:                  []string{"openid", "email", "profile"},
		UserInfoEndpoint:        "https://webexapis.com/v1/userinfo",
		UserInfoNames:           map[string]string{"phone_number": "phone"},
		Quirks:                  oidc.Quirks{StringBooleans: true},
		Params: map[string]Param{"issuer": {
			Pattern: `idbroker(-(ae|au|b-us|ca|eu|in|sg))?\.webex\.com`,
			Example: "idbroker-b-us.webex.com"}},
		Facts: Facts{PKCE: "yes"},
		Waived: map[string]string{"StringBooleans": "Webex's documentation of its UserInfo " +
			"endpoint: email_verified is a string"},
		Unproven: []string{"error", "refresh"},
	},
	"xero": {
		ServerMetadataURL: "https://identity.xero.com/.well-known/openid-configuration",
		APIBaseURL:        "https://api.xero.com/",
		Scopes:            []string{"openid", "profile", "email", "offline_access"},
		Facts:             Facts{PKCE: "yes", Refresh: "rotated", Logout: "yes"},
	},
	"zitadel": {
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile", "email"},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "example.zitadel.cloud"}},
		Facts:    Facts{PKCE: "yes"},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
}

const awsRegion = `[a-z]{2}(-[a-z]{1,16}){1,2}-[0-9]{1,2}`

// ownScope asks Azure AD B2C for an access token, of which it gives none unless a scope is of
// an API: that of the client itself has the client's ID for a name.
func ownScope(_ context.Context, u *url.URL) error {
	q := u.Query()
	id, scopes := q.Get("client_id"), q.Get("scope")
	for scope := range strings.FieldsSeq(scopes) {
		switch scope {
		case "openid", "profile", "email", "offline_access":
		default:
			return nil
		}
	}
	old := "scope=" + strings.ReplaceAll(url.QueryEscape(scopes), "+", "%20")
	u.RawQuery = strings.Replace(u.RawQuery, old, old+"%20"+url.QueryEscape(id), 1)
	return nil
}

// anyAssurance asks Login.gov, which requires acr_values, for the least of them, unless the
// login has asked for others.
func anyAssurance(_ context.Context, u *url.URL) error {
	if !u.Query().Has("acr_values") {
		u.RawQuery += "&acr_values=" + url.QueryEscape("urn:acr.login.gov:auth-only")
	}
	return nil
}

// plainBasic takes the form's encoding out of client_secret_basic (RFC 6749, Section 2.3.1),
// which Epic Games does not undo.
func plainBasic(_ context.Context, req *http.Request) error {
	id, secret, ok := req.BasicAuth()
	if !ok {
		return nil
	}
	plainID, err := url.QueryUnescape(id)
	if err != nil {
		return err
	}
	plainSecret, err := url.QueryUnescape(secret)
	req.SetBasicAuth(plainID, plainSecret)
	return err
}

// clientIDToo has the client's ID in the body beside client_secret_basic, where Telegram's
// documentation has it.
func clientIDToo(_ context.Context, req *http.Request) error {
	id, _, ok := req.BasicAuth()
	if !ok {
		return nil
	}
	id, err := url.QueryUnescape(id)
	req.PostForm.Set("client_id", id)
	return err
}

// characterBeside puts the claims of EVE Online's access token, a JSON Web Token, beside it.
// They are believed as the response is, of which they are a part: compare OpenID Connect Core
// 1.0, Section 3.1.3.7, rule 6.
var characterBeside = edited(func(m strictjson.Object, members map[string]json.RawMessage) {
	token, _ := m.Get("access_token").String()
	_, payload, _ := strings.Cut(token, ".")
	payload, _, _ = strings.Cut(payload, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err == nil && json.Valid(claims) { // else a token of another kind: nobody is known by it
		members["character"] = claims
	}
})
