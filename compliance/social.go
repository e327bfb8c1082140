package compliance

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// graphVersion is a version of Meta's Graph API, which is in its URLs.
var graphVersion = Param{Pattern: `v[0-9]{1,2}\.[0-9]`, Example: "v21.0", Default: "v21.0"}

var socialProviders = map[string]Provider{
	"discord": {
		AuthorizeURL:     "https://discord.com/oauth2/authorize",
		AccessTokenURL:   "https://discord.com/api/oauth2/token",
		APIBaseURL:       "https://discord.com/api/",
		Scopes:           []string{"identify", "email"},
		UserInfoEndpoint: "https://discord.com/api/users/@me",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "global_name",
			"preferred_username": "username",
			"picture":            "https://cdn.discordapp.com/avatars/{id}/{avatar}.png",
			"email_verified":     "verified",
		},
		IdentityIssuer: "https://discord.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "yes"},
	},
	"disqus": {
		AuthorizeURL:            "https://disqus.com/api/oauth/2.0/authorize/",
		AccessTokenURL:          "https://disqus.com/api/oauth/2.0/access_token/",
		APIBaseURL:              "https://disqus.com/api/3.0/",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		Scopes:                  []string{"read", "email"},
		UserInfoEndpoint: "https://disqus.com/api/3.0/users/details.json" +
			"?api_key={client_id}",
		UserInfoNames: map[string]string{
			"sub":                "/response/id",
			"name":               "/response/name",
			"preferred_username": "/response/username",
			"profile":            "/response/profileUrl",
			"picture":            "/response/avatar/permalink",
			"email":              "/response/email",
		},
		IdentityIssuer: "https://disqus.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"error", "refresh"},
		Waived: map[string]string{
			"InsecurePlacementQuery": "social-core's backend of Disqus: access_token in the query",
		},
	},
	"facebook": {
		AuthorizeURL:            "https://www.facebook.com/{version}/dialog/oauth",
		AccessTokenURL:          "https://graph.facebook.com/{version}/oauth/access_token",
		APIBaseURL:              "https://graph.facebook.com/{version}/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"email", "public_profile"},
		UserInfoEndpoint: "https://graph.facebook.com/{version}/me" +
			"?fields=id,name,first_name,last_name,email,picture",
		UserInfoNames: map[string]string{
			"sub":         "id",
			"given_name":  "first_name",
			"family_name": "last_name",
			"picture":     "/picture/data/url",
		},
		IdentityIssuer: "https://www.facebook.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: Dialect{
			TokenResponse:   Response{Error: "/error/code", ErrorDescription: "/error/message"},
			UntypedUserInfo: true,
		},
		Params: map[string]Param{"version": graphVersion},
		Facts:  Facts{Refresh: "none", PKCE: "yes"},
		Waived: map[string]string{
			"UntypedUserInfo": "eclipse-vertx/vertx-auth issue 197: users are text/javascript",
		},
	},
	"foursquare": {
		AuthorizeURL:            "https://foursquare.com/oauth2/authenticate",
		AccessTokenURL:          "https://foursquare.com/oauth2/access_token",
		APIBaseURL:              "https://api.foursquare.com/v2/",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		UserInfoEndpoint:        "https://api.foursquare.com/v2/users/self",
		UserInfoNames: map[string]string{
			"sub":         "/response/user/id",
			"name":        "{/response/user/firstName} {/response/user/lastName}",
			"given_name":  "/response/user/firstName",
			"family_name": "/response/user/lastName",
			"gender":      "/response/user/gender",
			"profile":     "/response/user/canonicalUrl",
			"picture":     "{/response/user/photo/prefix}original{/response/user/photo/suffix}",
			"email":       "/response/user/contact/email",
		},
		IdentityIssuer: "https://foursquare.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Hooks:          oauth2.Hooks{ProtectedRequest: []oauth2.RequestHook{foursquareCall}},
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"refresh"},
		Waived: map[string]string{
			"AssumeBearer":           "Foursquare's documentation: an access_token alone",
			"InsecurePlacementQuery": "Foursquare's documentation: oauth_token in the query",
		},
	},
	"instagram": {
		AuthorizeURL:            "https://www.instagram.com/oauth/authorize",
		AccessTokenURL:          "https://api.instagram.com/oauth/access_token",
		APIBaseURL:              "https://graph.instagram.com/{version}/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"instagram_business_basic"},
		UserInfoEndpoint: "https://graph.instagram.com/{version}/me" +
			"?fields=user_id,username,name,profile_picture_url",
		UserInfoNames: map[string]string{
			"sub":                "user_id",
			"preferred_username": "username",
			"picture":            "profile_picture_url",
		},
		IdentityIssuer: "https://www.instagram.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true, ScopeSeparator: ","}},
		Dialect: Dialect{TokenResponse: Response{
			Error:            "error_type",
			ErrorDescription: "error_message",
			Unwrap:           "/data/0",
			Names:            map[string]string{"scope": "permissions"},
		}},
		Hooks:  oauth2.Hooks{UserInfoResponse: []oauth2.ResponseHook{firstOfData}},
		Params: map[string]Param{"version": graphVersion},
		Facts:  Facts{Refresh: "none", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer": "Meta's documentation of Instagram Login: no token_type",
		},
	},
	"mastodon": { // a client is of one instance
		AuthorizeURL:     "https://{instance}/oauth/authorize",
		AccessTokenURL:   "https://{instance}/oauth/token",
		APIBaseURL:       "https://{instance}/api/",
		Scopes:           []string{"profile"},                 // since Mastodon 4.3
		UserInfoEndpoint: "https://{instance}/oauth/userinfo", // since 4.4; sub is the actor's URI
		IdentityIssuer:   "https://{instance}",
		Params: map[string]Param{
			"instance": {Pattern: dnsName, Example: "social.example"},
		},
		Facts: Facts{Refresh: "none", PKCE: "yes"},
	},
	"meetup": {
		AuthorizeURL:            "https://secure.meetup.com/oauth2/authorize",
		AccessTokenURL:          "https://secure.meetup.com/oauth2/access",
		APIBaseURL:              "https://api.meetup.com/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"basic"},
		UserInfoEndpoint:        "https://api.meetup.com/gql-ext",
		UserInfoBody:            `{"query":"query { self { id name email } }"}`,
		UserInfoNames: map[string]string{
			"sub":   "/data/self/id",
			"name":  "/data/self/name",
			"email": "/data/self/email",
		},
		IdentityIssuer: "https://www.meetup.com",
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"refresh"},
	},
	"patreon": {
		AuthorizeURL:            "https://www.patreon.com/oauth2/authorize",
		AccessTokenURL:          "https://www.patreon.com/api/oauth2/token",
		APIBaseURL:              "https://www.patreon.com/api/oauth2/v2/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"identity", "identity[email]"},
		UserInfoEndpoint: "https://www.patreon.com/api/oauth2/v2/identity" +
			"?fields%5Buser%5D=email,first_name,full_name,image_url,is_email_verified," +
			"last_name,url,vanity",
		UserInfoNames: map[string]string{
			"sub":                "/data/id",
			"name":               "/data/attributes/full_name",
			"given_name":         "/data/attributes/first_name",
			"family_name":        "/data/attributes/last_name",
			"preferred_username": "/data/attributes/vanity",
			"profile":            "/data/attributes/url",
			"picture":            "/data/attributes/image_url",
			"email":              "/data/attributes/email",
			"email_verified":     "/data/attributes/is_email_verified",
		},
		IdentityIssuer: "https://www.patreon.com",
		Dialect:        Dialect{UntypedUserInfo: true},
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
		Waived: map[string]string{
			"UntypedUserInfo": "JSON:API, which Patreon's documentation names: " +
				"the media type is application/vnd.api+json",
		},
	},
	"pinterest": {
		AuthorizeURL:            "https://www.pinterest.com/oauth/",
		AccessTokenURL:          "https://api.pinterest.com/v5/oauth/token",
		APIBaseURL:              "https://api.pinterest.com/v5/",
		TokenEndpointAuthMethod: "client_secret_basic",
		Scopes:                  []string{"user_accounts:read"},
		UserInfoEndpoint:        "https://api.pinterest.com/v5/user_account",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "username",
			"picture":            "profile_image",
			"website":            "website_url",
		},
		IdentityIssuer: "https://www.pinterest.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: Dialect{
			TokenResponse: Response{Error: "code", ErrorDescription: "message"},
		},
		Facts: Facts{PKCE: "no"},
	},
	"reddit": { // gives refresh tokens with the parameter duration=permanent
		AuthorizeURL:            "https://www.reddit.com/api/v1/authorize",
		AccessTokenURL:          "https://www.reddit.com/api/v1/access_token",
		APIBaseURL:              "https://oauth.reddit.com/",
		TokenEndpointAuthMethod: "client_secret_basic",
		Scopes:                  []string{"identity"},
		UserInfoEndpoint:        "https://oauth.reddit.com/api/v1/me",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "name",
			"picture":            "icon_img",
		},
		IdentityIssuer: "https://www.reddit.com",
		Dialect: Dialect{
			TokenResponse: Response{ErrorDescription: "message"},
		},
		Hooks: oauth2.Hooks{UserInfoResponse: []oauth2.ResponseHook{plainIcon}},
		Facts: Facts{Refresh: "kept", PKCE: "no"},
	},
	"slack-app": { // its users' tokens; their scopes are not those of the app's bot
		AuthorizeURL:     "https://slack.com/oauth/v2/authorize",
		AccessTokenURL:   "https://slack.com/api/oauth.v2.access",
		APIBaseURL:       "https://slack.com/api/",
		Scopes:           []string{"users:read", "users:read.email"},
		UserInfoEndpoint: "https://slack.com/api/users.info?user={user_id}",
		UserInfoNames: map[string]string{
			// An ID is unique in its workspace only, says Slack's documentation.
			"sub":                "{/user/team_id}-{/user/id}",
			"name":               "/user/real_name",
			"given_name":         "/user/profile/first_name",
			"family_name":        "/user/profile/last_name",
			"nickname":           "/user/profile/display_name",
			"preferred_username": "/user/name",
			"picture":            "/user/profile/image_192",
			"email":              "/user/profile/email",
			"zoneinfo":           "/user/tz",
		},
		IdentityIssuer: "https://api.slack.com", // that of slack has other subjects
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: Dialect{
			ParameterNames: map[string]string{"scope": "user_scope"},
			TokenResponse: Response{
				Names: map[string]string{
					"access_token":  "/authed_user/access_token",
					"expires_in":    "/authed_user/expires_in",
					"refresh_token": "/authed_user/refresh_token",
					"scope":         "/authed_user/scope",
					"user_id":       "/authed_user/id",
				},
				TokenType: "Bearer",
			},
		},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
		Waived: map[string]string{
			"TokenType": "slackapi/java-slack-sdk: oauth.v2.access says user or bot",
		},
	},
	"snapchat": {
		AuthorizeURL:   "https://accounts.snapchat.com/accounts/oauth2/auth",
		AccessTokenURL: "https://accounts.snapchat.com/login/oauth2/access_token",
		APIBaseURL:     "https://kit.snapchat.com/",
		Scopes: []string{
			"https://auth.snapchat.com/oauth2/api/user.external_id",
			"https://auth.snapchat.com/oauth2/api/user.display_name",
			"https://auth.snapchat.com/oauth2/api/user.bitmoji.avatar",
		},
		UserInfoEndpoint: "https://kit.snapchat.com/v1/me",
		UserInfoBody:     `{"query":"{me{externalId displayName bitmoji{avatar id}}}"}`,
		UserInfoNames: map[string]string{
			"sub":     "/data/me/externalId",
			"name":    "/data/me/displayName",
			"picture": "/data/me/bitmoji/avatar",
		},
		IdentityIssuer: "https://accounts.snapchat.com",
		Facts:          Facts{PKCE: "yes"},
		Unproven:       []string{"error", "refresh"},
	},
	"stackexchange": {
		AuthorizeURL:            "https://stackoverflow.com/oauth",
		AccessTokenURL:          "https://stackoverflow.com/oauth/access_token",
		APIBaseURL:              "https://api.stackexchange.com/2.3/",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		UserInfoEndpoint:        "https://api.stackexchange.com/2.3/me?key={key}",
		UserInfoNames: map[string]string{
			"sub":     "/items/0/account_id", // of the whole network; user_id is of one site
			"name":    "/items/0/display_name",
			"profile": "/items/0/link",
			"picture": "/items/0/profile_image",
		},
		IdentityIssuer: "https://stackexchange.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{
			FormTokenResponse: true, AssumeBearer: true, ScopeSeparator: ","}},
		Dialect: Dialect{TokenResponse: Response{
			Error:            "/error/type",
			ErrorDescription: "/error/message",
			Names:            map[string]string{"expires_in": "expires"},
		}},
		Hooks: oauth2.Hooks{ProtectedRequest: []oauth2.RequestHook{stackOverflowSite}},
		Params: map[string]Param{
			"key": {Pattern: `[A-Za-z0-9()*._~-]{1,64}`, Example: "inventedStackKey(("},
		},
		Facts: Facts{Refresh: "none", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer":           "Stack Exchange's documentation: no token_type",
			"FormTokenResponse":      "Stack Exchange's documentation: the answer is a form",
			"InsecurePlacementQuery": "social-core's test: access_token in the query",
		},
	},
	"threads": {
		AuthorizeURL:            "https://threads.net/oauth/authorize",
		AccessTokenURL:          "https://graph.threads.net/oauth/access_token",
		APIBaseURL:              "https://graph.threads.net/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"threads_basic"},
		UserInfoEndpoint: "https://graph.threads.net/v1.0/me" +
			"?fields=id,username,name,threads_profile_picture_url",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "username",
			"picture":            "threads_profile_picture_url",
		},
		IdentityIssuer: "https://www.threads.net",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true, ScopeSeparator: ","}},
		Dialect: Dialect{TokenResponse: Response{
			Error: "error_type", ErrorDescription: "error_message"}},
		Facts: Facts{Refresh: "none", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer": "ndl-core and the gem threads-api: access_token and user_id alone",
		},
	},
	"tiktok": {
		AuthorizeURL:            "https://www.tiktok.com/v2/auth/authorize/",
		AccessTokenURL:          "https://open.tiktokapis.com/v2/oauth/token/",
		APIBaseURL:              "https://open.tiktokapis.com/v2/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"user.info.basic"},
		UserInfoEndpoint: "https://open.tiktokapis.com/v2/user/info/" +
			"?fields=open_id,union_id,avatar_url,display_name",
		UserInfoNames: map[string]string{
			"sub":     "/data/user/open_id",
			"name":    "/data/user/display_name",
			"picture": "/data/user/avatar_url",
		},
		IdentityIssuer: "https://www.tiktok.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect:        Dialect{ParameterNames: map[string]string{"client_id": "client_key"}},
		Facts:          Facts{Refresh: "rotated", PKCE: "yes"},
	},
	"tumblr": { // names its users by what they may change, so there is no identity
		AuthorizeURL:            "https://www.tumblr.com/oauth2/authorize",
		AccessTokenURL:          "https://api.tumblr.com/v2/oauth2/token",
		APIBaseURL:              "https://api.tumblr.com/v2/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"basic"},
		Dialect: Dialect{
			TokenResponse: Response{Drop: map[string]string{"id_token": "false"}},
		},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"error", "refresh"},
	},
	"untappd": {
		AuthorizeURL:            "https://untappd.com/oauth/authenticate/",
		AccessTokenURL:          "https://untappd.com/oauth/authorize/",
		APIBaseURL:              "https://api.untappd.com/v4/",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		UserInfoEndpoint:        "https://api.untappd.com/v4/user/info/",
		UserInfoNames: map[string]string{
			"sub":                "/response/user/id",
			"name":               "{/response/user/first_name} {/response/user/last_name}",
			"given_name":         "/response/user/first_name",
			"family_name":        "/response/user/last_name",
			"preferred_username": "/response/user/user_name",
			"picture":            "/response/user/user_avatar",
			"website":            "/response/user/url",
			"email":              "/response/user/settings/email_address",
		},
		IdentityIssuer: "https://untappd.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true,
			InsecureTokenGET: true}},
		Dialect: Dialect{
			ParameterNames: map[string]string{"redirect_uri": "redirect_url"},
			TokenResponse: Response{
				Error:            "/meta/error_type",
				ErrorDescription: "/meta/error_detail",
				Unwrap:           "response",
			},
		},
		Hooks:    oauth2.Hooks{AccessTokenRequest: []oauth2.RequestHook{codeResponse}},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"error", "refresh"},
		Waived: map[string]string{
			"AssumeBearer":           "social-core's test of Untappd: an access_token alone",
			"InsecurePlacementQuery": "social-core's backend: access_token in the query",
			"InsecureTokenGET":       "social-core's backend: a GET to /oauth/authorize/",
		},
	},
	"vk": { // VK ID. Its API takes tokens in forms as well.
		AuthorizeURL:            "https://id.vk.com/authorize",
		AccessTokenURL:          "https://id.vk.com/oauth2/auth",
		APIBaseURL:              "https://api.vk.com/method/",
		TokenEndpointAuthMethod: "none",
		TokenPlacement:          oauth2.PlacementBody,
		Scopes:                  []string{"email"},
		UserInfoEndpoint:        "https://id.vk.com/oauth2/user_info",
		UserInfoBody:            "client_id={client_id}",
		UserInfoNames: map[string]string{
			"sub":         "/user/user_id",
			"name":        "{/user/first_name} {/user/last_name}",
			"given_name":  "/user/first_name",
			"family_name": "/user/last_name",
			"picture":     "/user/avatar",
			"email":       "/user/email",
		},
		IdentityIssuer: "https://id.vk.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{
			RepeatedParameters: []string{"device_id", "state"}}},
		Facts:    Facts{PKCE: "required"},
		Unproven: []string{"refresh"},
	},
	"wordpress": { // WordPress.com
		AuthorizeURL:            "https://public-api.wordpress.com/oauth2/authorize",
		AccessTokenURL:          "https://public-api.wordpress.com/oauth2/token",
		APIBaseURL:              "https://public-api.wordpress.com/rest/v1.1/",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"auth"},
		UserInfoEndpoint:        "https://public-api.wordpress.com/rest/v1.1/me",
		UserInfoNames: map[string]string{
			"sub":                "ID",
			"name":               "display_name",
			"preferred_username": "username",
			"profile":            "profile_URL",
			"picture":            "avatar_URL",
		},
		IdentityIssuer: "https://wordpress.com",
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"error", "refresh"},
	},
	"x": {
		AuthorizeURL:     "https://x.com/i/oauth2/authorize",
		AccessTokenURL:   "https://api.x.com/2/oauth2/token",
		APIBaseURL:       "https://api.x.com/2/",
		Scopes:           []string{"users.read", "tweet.read"},
		UserInfoEndpoint: "https://api.x.com/2/users/me?user.fields=profile_image_url,url",
		UserInfoNames: map[string]string{
			"sub":                "/data/id",
			"name":               "/data/name",
			"preferred_username": "/data/username",
			"picture":            "/data/profile_image_url",
			"website":            "/data/url",
		},
		// Asked for on its own: X refuses that without the scope users.email.
		UserInfoEmails: Emails{Endpoint: "users/me?user.fields=confirmed_email", List: "data",
			Email: "confirmed_email"},
		IdentityIssuer: "https://x.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "required"},
	},
}

// codeResponse repeats the response_type in a token request, as Untappd asks.
func codeResponse(_ context.Context, req *http.Request) error {
	req.PostForm.Set("response_type", "code")
	return nil
}

// firstOfData takes the user of Instagram out of a list, which is not always there.
func firstOfData(_ context.Context, resp *httpclient.Response) error {
	m, err := strictjson.Parse(string(resp.Body))
	if err != nil {
		return nil // for the reader to refuse
	}
	if user := m.At("/data/0"); user != "" {
		resp.Body = []byte(user)
	}
	return nil
}

// foursquareCall gives a request the version of the API that it is for, and the token its name.
func foursquareCall(_ context.Context, req *http.Request) error {
	query := req.URL.Query()
	query["oauth_token"] = query["access_token"]
	delete(query, "access_token")
	if !query.Has("v") {
		query.Set("v", "20150927")
	}
	req.URL.RawQuery = query.Encode()
	return nil
}

// plainIcon undoes the HTML in the URL of Reddit's icon.
var plainIcon = edited(func(_ strictjson.Object, members map[string]json.RawMessage) {
	if icon := members["icon_img"]; icon != nil {
		members["icon_img"] = bytes.ReplaceAll(icon, []byte("&amp;"), []byte("&"))
	}
})

// stackOverflowSite says which site of Stack Exchange a call is about, if the caller does not.
func stackOverflowSite(_ context.Context, req *http.Request) error {
	if !req.URL.Query().Has("site") {
		req.URL.RawQuery += "&site=stackoverflow"
	}
	return nil
}
