package compliance

import (
	"context"
	"net/http"
	"net/url"

	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

var codeProviders = map[string]Provider{
	"airtable": {
		AuthorizeURL:     "https://airtable.com/oauth2/v1/authorize",
		AccessTokenURL:   "https://airtable.com/oauth2/v1/token",
		APIBaseURL:       "https://api.airtable.com/v0/",
		Scopes:           []string{"user.email:read"},
		UserInfoEndpoint: "https://api.airtable.com/v0/meta/whoami",
		UserInfoNames:    map[string]string{"sub": "id"},
		IdentityIssuer:   "https://airtable.com",
		Facts:            Facts{Refresh: "rotated", PKCE: "required"},
	},
	"asana": {
		AuthorizeURL:            "https://app.asana.com/-/oauth_authorize",
		AccessTokenURL:          "https://app.asana.com/-/oauth_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://app.asana.com/api/1.0/",
		// Clients registered for full permissions must ask for default instead: for all of them.
		Scopes:           []string{"users:read"},
		UserInfoEndpoint: "https://app.asana.com/api/1.0/users/me",
		UserInfoNames: map[string]string{
			"sub":     "/data/gid",
			"name":    "/data/name",
			"picture": "/data/photo/image_128x128",
			"email":   "/data/email",
		},
		IdentityIssuer: "https://app.asana.com",
		Facts:          Facts{Refresh: "kept", PKCE: "yes"},
	},
	"atlassian": {
		AuthorizeURL: "https://auth.atlassian.com/authorize",
		AuthorizeParams: url.Values{
			"audience": {"api.atlassian.com"},
			"prompt":   {"consent"},
		},
		AccessTokenURL:          "https://auth.atlassian.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.atlassian.com/",
		Scopes:                  []string{"read:me", "offline_access"},
		UserInfoEndpoint:        "https://api.atlassian.com/me",
		UserInfoNames:           map[string]string{"sub": "account_id"},
		IdentityIssuer:          "https://auth.atlassian.com",
		Quirks:                  oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Facts:                   Facts{Refresh: "rotated", PKCE: "yes"},
		Waived: map[string]string{"AssumeBearer": "Atlassian's documentation of OAuth 2.0 apps: " +
			"no token_type in the answers"},
	},
	"basecamp": {
		// Before OAuth 2.0 was finished, type said what response_type and grant_type say now.
		AuthorizeURL:            "https://launchpad.37signals.com/authorization/new",
		AuthorizeParams:         url.Values{"type": {"web_server"}},
		AccessTokenURL:          "https://launchpad.37signals.com/authorization/token",
		AccessTokenParams:       url.Values{"type": {"web_server"}},
		RefreshTokenParams:      url.Values{"type": {"refresh"}},
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://launchpad.37signals.com/",
		UserInfoEndpoint:        "https://launchpad.37signals.com/authorization.json",
		UserInfoNames: map[string]string{
			"sub":         "/identity/id",
			"name":        "{/identity/first_name} {/identity/last_name}",
			"given_name":  "/identity/first_name",
			"family_name": "/identity/last_name",
			"email":       "/identity/email_address",
		},
		IdentityIssuer: "https://launchpad.37signals.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
		Unproven:       []string{"error"},
		Waived: map[string]string{"AssumeBearer": "tests of Basecamp's own Ruby SDK: " +
			"no token_type in the legacy format"},
	},
	"bitbucket": {
		AuthorizeURL:     "https://bitbucket.org/site/oauth2/authorize",
		AccessTokenURL:   "https://bitbucket.org/site/oauth2/access_token",
		APIBaseURL:       "https://api.bitbucket.org/2.0/",
		Scopes:           []string{"account", "email"},
		UserInfoEndpoint: "https://api.bitbucket.org/2.0/user",
		UserInfoNames: map[string]string{
			"sub":                "uuid",
			"name":               "display_name",
			"preferred_username": "username",
			"picture":            "/links/avatar/href",
			"profile":            "/links/html/href",
		},
		UserInfoEmails: Emails{Endpoint: "user/emails", List: "values", Email: "email",
			Primary: "is_primary", Verified: "is_confirmed"},
		IdentityIssuer: "https://bitbucket.org",
		Dialect: Dialect{TokenResponse: Response{
			Names: map[string]string{"scope": "scopes"}}}, // until May 2026
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
	},
	"bitly": { // which knows its users by nothing but a name
		AuthorizeURL:            "https://bitly.com/oauth/authorize",
		AccessTokenURL:          "https://api-ssl.bitly.com/oauth/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api-ssl.bitly.com/v4/",
		Quirks:                  oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Facts:                   Facts{Refresh: "none"},
		Unproven:                []string{"error"},
		Waived: map[string]string{"AssumeBearer": "Bitly's documentation of authentication: " +
			"access_token and login alone"},
	},
	"calendly": {
		AuthorizeURL:     "https://auth.calendly.com/oauth/authorize",
		AccessTokenURL:   "https://auth.calendly.com/oauth/token",
		APIBaseURL:       "https://api.calendly.com/",
		UserInfoEndpoint: "https://api.calendly.com/users/me",
		UserInfoNames: map[string]string{
			"sub":                "/resource/uri",
			"name":               "/resource/name",
			"preferred_username": "/resource/slug",
			"picture":            "/resource/avatar_url",
			"profile":            "/resource/scheduling_url",
			"email":              "/resource/email",
			"zoneinfo":           "/resource/timezone",
			"locale":             "/resource/locale",
		},
		IdentityIssuer: "https://calendly.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "yes"},
	},
	"clickup": {
		AuthorizeURL:            "https://app.clickup.com/api",
		AccessTokenURL:          "https://api.clickup.com/api/v2/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.clickup.com/api/v2/",
		UserInfoEndpoint:        "https://api.clickup.com/api/v2/user",
		UserInfoNames: map[string]string{
			"sub":     "/user/id",
			"name":    "/user/username", // which is not unique
			"picture": "/user/profilePicture",
			"email":   "/user/email",
		},
		IdentityIssuer: "https://app.clickup.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Facts:          Facts{Refresh: "none"},
		Unproven:       []string{"error"},
		Waived: map[string]string{"AssumeBearer": "public clients of ClickUp and their tests: " +
			"nothing but access_token is sure to come"},
	},
	"cloudfoundry": { // any UAA, to which new users are verified unless who makes them says no
		Issuer:            "https://{host}/oauth/token",
		ServerMetadataURL: "https://{host}/.well-known/openid-configuration",
		APIBaseURL:        "https://{host}/",
		Scopes:            []string{"openid"},
		Quirks:            oidc.Quirks{UncheckedContacts: true},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "uaa.example.com"},
		},
		Unproven: []string{"login", "identity", "error", "refresh"},
	},
	"digitalocean": {
		AuthorizeURL:            "https://cloud.digitalocean.com/v1/oauth/authorize",
		AccessTokenURL:          "https://cloud.digitalocean.com/v1/oauth/token",
		RefreshTokenURL:         "https://cloud.digitalocean.com/v1/oauth/refresh",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.digitalocean.com/v2/",
		Scopes:                  []string{"read"},
		// The profile beside the token does not say whether the e-mail address is verified.
		UserInfoEndpoint: "https://api.digitalocean.com/v2/account",
		UserInfoNames: map[string]string{
			"sub":            "/account/uuid",
			"name":           "/account/name",
			"email":          "/account/email",
			"email_verified": "/account/email_verified",
		},
		IdentityIssuer: "https://cloud.digitalocean.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
		Unproven:       []string{"error"},
	},
	"gitea": { // or Forgejo, at codeberg.org for example
		AuthorizeURL:     "https://{host}/login/oauth/authorize",
		AccessTokenURL:   "https://{host}/login/oauth/access_token",
		APIBaseURL:       "https://{host}/api/v1/",
		Scopes:           []string{"read:user"},
		UserInfoEndpoint: "https://{host}/api/v1/user",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "full_name",
			"preferred_username": "login",
			"picture":            "avatar_url",
			"locale":             "language",
		},
		IdentityIssuer: "https://{host}",
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "git.example.com", Default: "gitea.com"},
		},
		Facts: Facts{Refresh: "rotated", PKCE: "yes"},
	},
	"github": {
		AuthorizeURL:            "https://github.com/login/oauth/authorize",
		AccessTokenURL:          "https://github.com/login/oauth/access_token",
		Issuer:                  "https://github.com/login/oauth", // sent since April 2026
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.github.com/",
		Scopes:                  []string{"read:user", "user:email"},
		UserInfoEndpoint:        "https://api.github.com/user",
		UserInfoNames:           gitHubNames,
		UserInfoEmails:          gitHubEmails,
		IdentityIssuer:          "https://github.com",
		Quirks:                  oidc.Quirks{Quirks: oauth2.Quirks{GrantedScopeSeparator: ","}},
		Facts:                   Facts{PKCE: "yes", Refresh: "rotated"},
	},
	"github-enterprise": { // on one's own host, where no iss is sent
		AuthorizeURL:            "https://{host}/login/oauth/authorize",
		AccessTokenURL:          "https://{host}/login/oauth/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://{host}/api/v3/",
		Scopes:                  []string{"read:user", "user:email"},
		UserInfoEndpoint:        "https://{host}/api/v3/user",
		UserInfoNames:           gitHubNames,
		UserInfoEmails:          gitHubEmails,
		IdentityIssuer:          "https://{host}",
		Quirks:                  oidc.Quirks{Quirks: oauth2.Quirks{GrantedScopeSeparator: ","}},
		Facts:                   Facts{Refresh: "rotated"},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "github.example.com"},
		},
	},
	"heroku": {
		AuthorizeURL:            "https://id.heroku.com/oauth/authorize",
		AccessTokenURL:          "https://id.heroku.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.heroku.com/",
		Scopes:                  []string{"identity"},
		UserInfoEndpoint:        "https://api.heroku.com/account",
		UserInfoNames:           map[string]string{"sub": "id"},
		IdentityIssuer:          "https://id.heroku.com",
		Hooks: oauth2.Hooks{
			ProtectedRequest: []oauth2.RequestHook{herokuVersion},
		},
		Unproven: []string{"refresh"},
	},
	"influxcloud": {
		AuthorizeURL:     "https://cloud.influxdata.com/oauth/authorize",
		AccessTokenURL:   "https://cloud.influxdata.com/oauth/token",
		APIBaseURL:       "https://cloud.influxdata.com/api/v1/",
		TokenPlacement:   oauth2.InsecurePlacementQuery,
		UserInfoEndpoint: "https://cloud.influxdata.com/api/v1/user",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "login",
			"picture":            "avatar_url",
		},
		IdentityIssuer: "https://cloud.influxdata.com",
		Facts:          Facts{Refresh: "none"},
		Unproven:       []string{"login", "error"},
		Waived: map[string]string{"InsecurePlacementQuery": "the client goth: " +
			"it puts the token into the query"},
	},
	"linear": {
		AuthorizeURL:            "https://linear.app/oauth/authorize",
		AccessTokenURL:          "https://api.linear.app/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.linear.app/",
		Scopes:                  []string{"read"},
		UserInfoEndpoint:        "https://api.linear.app/graphql",
		UserInfoBody:            `{"query":"query{viewer{id name email avatarUrl}}"}`,
		UserInfoNames: map[string]string{
			"sub":     "/data/viewer/id",
			"name":    "/data/viewer/name",
			"picture": "/data/viewer/avatarUrl",
			"email":   "/data/viewer/email",
		},
		IdentityIssuer: "https://linear.app",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		// Of apps older than December 2023 it is a list.
		Dialect: Dialect{TokenResponse: Response{
			ScopeList: true}},
		Facts: Facts{Refresh: "rotated", PKCE: "yes"},
	},
	"miro": {
		AuthorizeURL:            "https://miro.com/oauth/authorize",
		AccessTokenURL:          "https://api.miro.com/v1/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.miro.com/v2/",
		Scopes:                  []string{"identity:read"},
		UserInfoEndpoint:        "https://api.miro.com/v1/users/me", // as django-allauth has it
		UserInfoNames: map[string]string{
			"sub":     "id",
			"picture": "/picture/imageUrl",
		},
		IdentityIssuer: "https://miro.com",
		Facts:          Facts{Refresh: "rotated"},
		Unproven:       []string{"error"},
	},
	"monday": {
		AuthorizeURL:            "https://auth.monday.com/oauth2/authorize",
		AccessTokenURL:          "https://auth.monday.com/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.monday.com/v2/",
		Scopes:                  []string{"me:read"},
		UserInfoEndpoint:        "https://api.monday.com/v2",
		UserInfoBody:            `{"query":"query{me{id name email}}"}`,
		UserInfoNames: map[string]string{
			"sub":   "/data/me/id",
			"name":  "/data/me/name",
			"email": "/data/me/email",
		},
		IdentityIssuer: "https://auth.monday.com",
		Facts:          Facts{Refresh: "none"}, // but for apps of its OAuth 2.1
		Unproven:       []string{"error"},
	},
	"musicbrainz": {
		AuthorizeURL:            "https://musicbrainz.org/oauth2/authorize",
		AuthorizeParams:         url.Values{"access_type": {"offline"}},
		AccessTokenURL:          "https://musicbrainz.org/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://musicbrainz.org/ws/2/",
		Scopes:                  []string{"profile", "email"},
		UserInfoEndpoint:        "https://musicbrainz.org/oauth2/userinfo",
		UserInfoNames: map[string]string{
			"sub":                "metabrainz_user_id", // what it calls sub is a name
			"preferred_username": "sub",
		},
		IdentityIssuer: "https://musicbrainz.org",
		Facts:          Facts{PKCE: "yes"},
	},
	"nextcloud": {
		AuthorizeURL:     "https://{host}/index.php/apps/oauth2/authorize",
		AccessTokenURL:   "https://{host}/index.php/apps/oauth2/api/v1/token",
		APIBaseURL:       "https://{host}/ocs/v2.php/",
		UserInfoEndpoint: "https://{host}/ocs/v2.php/cloud/user?format=json",
		UserInfoNames: map[string]string{
			"sub":          "/ocs/data/id", // for good, unless the account is deleted and made anew
			"name":         "/ocs/data/displayname",
			"website":      "/ocs/data/website",
			"email":        "/ocs/data/email",
			"locale":       "/ocs/data/language",
			"phone_number": "/ocs/data/phone",
		},
		IdentityIssuer: "https://{host}",
		Dialect:        Dialect{Headers: map[string]string{"OCS-APIRequest": "true"}},
		Params: map[string]Param{
			"host": {Pattern: dnsName, Example: "cloud.example.com"},
		},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
	},
	"notion": {
		AuthorizeURL:    "https://api.notion.com/v1/oauth/authorize",
		AuthorizeParams: url.Values{"owner": {"user"}},
		AccessTokenURL:  "https://api.notion.com/v1/oauth/token",
		APIBaseURL:      "https://api.notion.com/v1/",
		// Whom the API calls me is a bot. Its owner may be a workspace, which is nobody.
		UserInfoNames: map[string]string{
			"sub":     "/owner/user/id",
			"name":    "/owner/user/name",
			"picture": "/owner/user/avatar_url",
			"email":   "/owner/user/person/email",
		},
		IdentityIssuer: "https://api.notion.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{JSONTokenRequest: true}},
		Dialect:        Dialect{Headers: map[string]string{"Notion-Version": "2022-06-28"}},
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
	},
	"openstreetmap": {
		AuthorizeURL:     "https://www.openstreetmap.org/oauth2/authorize",
		AccessTokenURL:   "https://www.openstreetmap.org/oauth2/token",
		APIBaseURL:       "https://api.openstreetmap.org/api/0.6/",
		Scopes:           []string{"read_prefs"},
		UserInfoEndpoint: "https://api.openstreetmap.org/api/0.6/user/details.json",
		UserInfoNames: map[string]string{
			"sub":                "/user/id",
			"preferred_username": "/user/display_name",
			"picture":            "/user/img/href",
		},
		IdentityIssuer: "https://www.openstreetmap.org",
		Facts:          Facts{Refresh: "none", PKCE: "yes"},
	},
	"qiita": {
		AuthorizeURL:            "https://qiita.com/api/v2/oauth/authorize",
		AccessTokenURL:          "https://qiita.com/api/v2/access_tokens",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://qiita.com/api/v2/",
		Scopes:                  []string{"read_qiita"},
		UserInfoEndpoint:        "https://qiita.com/api/v2/authenticated_user",
		UserInfoNames: map[string]string{
			"sub":                "permanent_id",
			"preferred_username": "id",
			"picture":            "profile_image_url",
			"website":            "website_url",
		},
		IdentityIssuer: "https://qiita.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{
			AssumeBearer:     true,
			JSONTokenRequest: true,
		}},
		Dialect: Dialect{TokenResponse: Response{
			Error:            "type",
			ErrorDescription: "message",
			Names:            map[string]string{"access_token": "token", "scope": "scopes"},
			ScopeList:        true,
		}},
		Hooks: oauth2.Hooks{
			AccessTokenRequest:  []oauth2.RequestHook{qiitaParameters},
			AccessTokenResponse: []oauth2.ResponseHook{createdIsOK},
		},
		Facts: Facts{Refresh: "none", PKCE: "no"},
		Waived: map[string]string{"AssumeBearer": "Qiita's documentation of its API: " +
			"client_id, scopes and token alone"},
	},
	"todoist": {
		AuthorizeURL:            "https://app.todoist.com/oauth/authorize",
		AccessTokenURL:          "https://api.todoist.com/oauth/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.todoist.com/api/v1/",
		Scopes:                  []string{"data:read"},
		UserInfoEndpoint:        "https://api.todoist.com/api/v1/sync",
		UserInfoBody:            "sync_token=%2A&resource_types=%5B%22user%22%5D",
		UserInfoNames: map[string]string{
			"sub":      "/user/id",
			"name":     "/user/full_name",
			"picture":  "/user/avatar_medium",
			"email":    "/user/email",
			"locale":   "/user/lang",
			"zoneinfo": "/user/tz_info/timezone",
		},
		IdentityIssuer: "https://todoist.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"refresh"},
	},
	"typeform": {
		AuthorizeURL:            "https://api.typeform.com/oauth/authorize",
		AccessTokenURL:          "https://api.typeform.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.typeform.com/",
		Scopes:                  []string{"accounts:read"}, // and offline, for a refresh token
		UserInfoEndpoint:        "https://api.typeform.com/me",
		UserInfoNames: map[string]string{
			"sub":    "user_id",
			"name":   "alias",
			"locale": "language",
		},
		IdentityIssuer: "https://api.typeform.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
		Unproven:       []string{"error", "refresh"},
	},
	"typetalk": {
		AuthorizeURL:            "https://typetalk.com/oauth2/authorize",
		AccessTokenURL:          "https://typetalk.com/oauth2/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://typetalk.com/api/v1/",
		Scopes:                  []string{"my"},
		UserInfoEndpoint:        "https://typetalk.com/api/v1/profile",
		UserInfoNames: map[string]string{
			"sub":                "/account/id",
			"name":               "/account/fullName",
			"preferred_username": "/account/name",
			"picture":            "/account/imageUrl",
			"email":              "/account/mailAddress",
			"locale":             "/account/lang",
			"zoneinfo":           "/account/timezoneId",
		},
		IdentityIssuer: "https://typetalk.com",
	},
	"wakatime": {
		AuthorizeURL:            "https://wakatime.com/oauth/authorize",
		AccessTokenURL:          "https://wakatime.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.wakatime.com/api/v1/",
		Scopes:                  []string{"email"},
		UserInfoEndpoint:        "https://api.wakatime.com/api/v1/users/current",
		UserInfoNames: map[string]string{
			"sub":                "/data/id",
			"name":               "/data/full_name",
			"preferred_username": "/data/username",
			"picture":            "/data/photo",
			"website":            "/data/website",
			"email":              "/data/email",
			"email_verified":     "/data/is_email_confirmed",
			"zoneinfo":           "/data/timezone",
		},
		IdentityIssuer: "https://wakatime.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Unproven:       []string{"login", "error", "refresh"},
	},
	"webflow": {
		AuthorizeURL:            "https://webflow.com/oauth/authorize",
		AccessTokenURL:          "https://api.webflow.com/oauth/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.webflow.com/v2/",
		Scopes:                  []string{"authorized_user:read"},
		UserInfoEndpoint:        "https://api.webflow.com/v2/token/authorized_by",
		UserInfoNames: map[string]string{
			"sub":         "id",
			"name":        "{firstName} {lastName}",
			"given_name":  "firstName",
			"family_name": "lastName",
		},
		IdentityIssuer: "https://webflow.com",
		Facts:          Facts{Refresh: "none"},
		Unproven:       []string{"login"},
	},
	"wikimedia": {
		AuthorizeURL:            "https://meta.wikimedia.org/w/rest.php/oauth2/authorize",
		AccessTokenURL:          "https://meta.wikimedia.org/w/rest.php/oauth2/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://meta.wikimedia.org/w/rest.php/",
		Scopes:                  []string{"basic"},
		UserInfoEndpoint:        "https://meta.wikimedia.org/w/rest.php/oauth2/resource/profile",
		UserInfoNames: map[string]string{
			"sub":                "sub", // a number
			"preferred_username": "username",
			"email_verified":     "confirmed_email",
		},
		IdentityIssuer: "https://meta.wikimedia.org",
		Dialect:        Dialect{UntypedUserInfo: true},
		Facts:          Facts{Refresh: "rotated", PKCE: "yes"},
		Waived: map[string]string{"UntypedUserInfo": "the Wikimedia provider of OpenIddict: " +
			"the profile is JSON that declares text/html"},
	},
}

// herokuVersion asks for the version of the API that there is; without it there is none.
func herokuVersion(_ context.Context, req *http.Request) error {
	req.Header.Set("Accept", "application/vnd.heroku+json; version=3")
	return nil
}

// qiitaParameters leaves out what is no parameter of Qiita's.
func qiitaParameters(_ context.Context, req *http.Request) error {
	req.PostForm.Del("grant_type")
	req.PostForm.Del("redirect_uri")
	return nil
}

// createdIsOK takes 201 for the 200 of RFC 6749, Section 5.1: the token has been created.
func createdIsOK(_ context.Context, resp *httpclient.Response) error {
	if resp.Status == http.StatusCreated {
		resp.Status = http.StatusOK
	}
	return nil
}

// gitHubNames and gitHubEmails are where GitHub says who a user is, at home and elsewhere.
var (
	gitHubNames = map[string]string{
		"sub":                "id",
		"preferred_username": "login",
		"picture":            "avatar_url",
		"profile":            "html_url",
		"website":            "blog",
	}
	gitHubEmails = Emails{Endpoint: "user/emails", Email: "email", Primary: "primary",
		Verified: "verified"}
)
