package compliance

import (
	"context"
	"net/url"
	"strings"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// guid is a tenant of Microsoft Entra, as its issuer has it.
const guid = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`

var microsoftScopes = []string{"openid", "profile", "email", "User.Read"}

var oidcProviders = map[string]Provider{
	"apple": {
		ServerMetadataURL: "https://appleid.apple.com/.well-known/openid-configuration",
		ResponseMode:      "form_post", // which these scopes require
		Scopes:            []string{"openid", "name", "email"},
		// The name comes once, with the first login, and nobody has signed it.
		UserInfoNames: map[string]string{
			"given_name":  "/callback/user/name/firstName",
			"family_name": "/callback/user/name/lastName",
			"name":        "{/callback/user/name/firstName} {/callback/user/name/lastName}",
		},
		Quirks: oidc.Quirks{StringBooleans: true},
		Dialect: Dialect{
			SecretIssuer:       "{team}",
			SecretAudience:     "https://appleid.apple.com",
			SecretKeyID:        "{key}",
			CallbackParameters: []string{"user"},
		},
		Params: map[string]Param{
			"team": {Pattern: `[A-Z0-9]{10}`, Example: "A1B2C3D4E5"},
			"key":  {Pattern: `[A-Z0-9]{10}`, Example: "F6G7H8J9K0"}, // its ID
		},
		Facts: Facts{PKCE: "yes", Refresh: "kept"},
		Waived: map[string]string{
			"StringBooleans": "Apple's documentation of the ID Token: a string or a boolean",
		},
	},
	"battlenet": {
		ServerMetadataURL: "https://oauth.battle.net/.well-known/openid-configuration",
		APIBaseURL:        "https://{region}.api.blizzard.com/",
		Scopes:            []string{"openid"},
		UserInfoNames:     map[string]string{"preferred_username": "battletag"},
		Dialect:           Dialect{StandardBase64Keys: true},
		Params: map[string]Param{
			"region": {Pattern: `(us|eu|kr|tw)`, Example: "eu", Default: "us"},
		},
		Facts: Facts{PKCE: "no", Refresh: "none", Logout: "yes"},
		Waived: map[string]string{
			"StandardBase64Keys": "Battle.net's key set, as published in 2024",
		},
	},
	// One tenant; see microsoft for any.
	"entra": {
		ServerMetadataURL: "https://login.microsoftonline.com/{tenant}/v2.0" +
			"/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://graph.microsoft.com/v1.0/",
		Scopes:                  microsoftScopes,
		Params: map[string]Param{
			"tenant": {Pattern: guid, Example: "17000000-0000-4000-8000-000000000017"},
		},
		Facts: Facts{PKCE: "yes", Refresh: "rotated", Logout: "yes"},
	},
	"figma": {
		ServerMetadataURL: "https://www.figma.com/.well-known/openid-configuration",
		RefreshTokenURL:   "https://api.figma.com/v1/oauth/refresh",
		APIBaseURL:        "https://api.figma.com/",
		Scopes:            []string{"openid", "email", "profile"},
		Facts:             Facts{PKCE: "no", Refresh: "kept"},
	},
	"gitlab": {
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		APIBaseURL:        "https://{host}/api/v4/",
		Scopes:            []string{"openid", "profile", "email"},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "git.example.com", Default: "gitlab.com"},
		},
		Facts: Facts{PKCE: "yes", Refresh: "rotated"},
	},
	"google": {
		ServerMetadataURL: "https://accounts.google.com/.well-known/openid-configuration",
		APIBaseURL:        "https://www.googleapis.com/",
		Scopes:            []string{"openid", "email", "profile"},
		Facts:             Facts{PKCE: "yes", Refresh: "kept"},
	},
	"kakao": {
		ServerMetadataURL:       "https://kauth.kakao.com/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://kapi.kakao.com/",
		Scopes:                  []string{"openid", "profile_nickname", "account_email"},
		Facts:                   Facts{PKCE: "yes", Refresh: "kept"},
	},
	// UserInfo has no e-mail address: it is in the ID Token alone. The key set signs for
	// native applications; ID Tokens of web logins have an HMAC, whatever the metadata says.
	"line": {
		ServerMetadataURL:       "https://access.line.me/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.line.me/",
		Scopes:                  []string{"openid", "profile", "email"},
		OIDC: oidc.Config{
			IDToken: oauth2.SignedResponse{SigningAlgorithm: "HS256"},
		},
		Facts: Facts{PKCE: "yes", Refresh: "kept"},
	},
	"linkedin": {
		ServerMetadataURL:       "https://www.linkedin.com/oauth/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.linkedin.com/",
		Scopes:                  []string{"openid", "profile", "email"},
		Quirks: oidc.Quirks{
			Quirks:               oauth2.Quirks{GrantedScopeSeparator: ","},
			StringBooleans:       true,
			InsecureMissingNonce: true,
		},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"refresh"},
		Waived: map[string]string{
			"StringBooleans":       "LinkedIn's documentation: the claims of its ID Token",
			"InsecureMissingNonce": "LinkedIn's documentation: its ID Token has no nonce",
		},
	},
	// Users of all tenants and of personal accounts: the issuer of an Identity is that of the
	// user's tenant. OIDC.Tenants.Allow of the application's own Config lets in some alone.
	"microsoft": {
		Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
		ServerMetadataURL: "https://login.microsoftonline.com/common/v2.0" +
			"/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://graph.microsoft.com/v1.0/",
		Scopes:                  microsoftScopes,
		OIDC: oidc.Config{Tenants: oidc.Tenants{
			Allow: func(string) bool { return true },
			Claim: "tid",
		}},
		Facts: Facts{PKCE: "yes", Refresh: "rotated", Logout: "yes"},
		Waived: map[string]string{
			"Allow": "Microsoft's documentation: the endpoint common is for users of all tenants",
		},
	},
	// Personal accounts, which are all of one tenant.
	"microsoft-consumers": {
		Issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
		ServerMetadataURL: "https://login.microsoftonline.com/consumers/v2.0" +
			"/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://graph.microsoft.com/v1.0/",
		Scopes:                  microsoftScopes,
		Facts:                   Facts{PKCE: "yes", Refresh: "rotated", Logout: "yes"},
	},
	// The metadata promises OpenID Connect, but no ID Token comes.
	"paypal": {
		AuthorizeURL:   "https://www.paypal.com/signin/authorize",
		AccessTokenURL: "https://api-m.paypal.com/v1/oauth2/token",
		APIBaseURL:     "https://api-m.paypal.com/",
		Scopes:         []string{"profile", "email"}, // and openid: see below
		UserInfoEndpoint: "https://api-m.paypal.com/v1/identity/oauth2/userinfo" +
			"?schema=paypalv1.1",
		UserInfoNames: map[string]string{"sub": "user_id"},
		UserInfoEmails: Emails{List: "emails", Email: "value", Primary: "primary",
			Verified: "confirmed"},
		IdentityIssuer: "https://www.paypal.com",
		Dialect: Dialect{TokenResponse: Response{
			Codes: map[string]string{"access_denied": "invalid_grant"}, // not by the user
		}},
		Hooks: oauth2.Hooks{AuthorizationRequest: []oauth2.AuthorizationHook{askOpenID}},
		Facts: Facts{PKCE: "no", Refresh: "kept"},
	},
	"roblox": {
		Issuer:            "https://apis.roblox.com/oauth/", // with the slash
		ServerMetadataURL: "https://apis.roblox.com/oauth/.well-known/openid-configuration",
		APIBaseURL:        "https://apis.roblox.com/",
		Scopes:            []string{"openid", "profile"},
		Facts:             Facts{PKCE: "yes", Refresh: "rotated"},
	},
	"slack": {
		ServerMetadataURL: "https://slack.com/.well-known/openid-configuration",
		APIBaseURL:        "https://slack.com/api/",
		Scopes:            []string{"openid", "email", "profile"},
		Facts:             Facts{PKCE: "yes"},
		Unproven:          []string{"refresh"},
	},
	"twitch": {
		ServerMetadataURL:       "https://id.twitch.tv/oauth2/.well-known/openid-configuration",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.twitch.tv/helix/",
		Scopes:                  []string{"openid", "user:read:email"},
		Dialect: Dialect{
			Headers:       map[string]string{"Client-Id": "{client_id}"},
			TokenResponse: Response{ScopeList: true},
		},
		Hooks: oauth2.Hooks{AuthorizationRequest: []oauth2.AuthorizationHook{askTwitchClaims}},
		Facts: Facts{PKCE: "no"},
	},
	"yahoo": {
		ServerMetadataURL: "https://api.login.yahoo.com/.well-known/openid-configuration",
		APIBaseURL:        "https://api.login.yahoo.com/",
		Scopes:            []string{"openid", "profile", "email"},
		Dialect: Dialect{TokenResponse: Response{
			Codes: map[string]string{
				"INVALID_AUTHORIZATION_CODE": "invalid_grant",
				"INVALID_REFRESH_TOKEN":      "invalid_grant",
			},
		}},
		// The metadata has it by another name.
		OIDC: oidc.Config{Provider: oidc.Provider{AuthorizationServer: oauth2.AuthorizationServer{
			RevocationEndpoint: "https://api.login.yahoo.com/oauth2/revoke",
		}}},
		Facts: Facts{PKCE: "yes", Refresh: "kept"},
	},
}

// askOpenID asks PayPal for openid, without which its UserInfo tells nothing. Among the Scopes
// it would have an ID Token awaited.
func askOpenID(_ context.Context, u *url.URL) error {
	u.RawQuery = strings.Replace(u.RawQuery, "&scope=", "&scope=openid%20", 1)
	return nil
}

// askTwitchClaims asks for the claims that Twitch tells to those alone who do.
func askTwitchClaims(_ context.Context, u *url.URL) error {
	const claims = `{"id_token":{"email":null,"email_verified":null},` +
		`"userinfo":{"email":null,"email_verified":null,"picture":null,"preferred_username":null}}`
	if !u.Query().Has("claims") { // of the application's own
		u.RawQuery += "&claims=" + url.QueryEscape(claims)
	}
	return nil
}
