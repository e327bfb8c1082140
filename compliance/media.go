package compliance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// mediaProviders are those of music, video and games. MyAnimeList is not among them: it takes
// code challenges of the method plain only.
var mediaProviders = map[string]Provider{
	// A client has its scopes from the portal, and may not ask for any. Bungie's OpenAPI document
	// has no GetBungieNetUser, which older clients call.
	"bungie": {
		AuthorizeURL:     "https://www.bungie.net/en/oauth/authorize",
		AccessTokenURL:   "https://www.bungie.net/platform/app/oauth/token/",
		APIBaseURL:       "https://www.bungie.net/Platform/",
		UserInfoEndpoint: "https://www.bungie.net/Platform/User/GetMembershipsForCurrentUser/",
		UserInfoNames: map[string]string{
			"sub":                "/Response/bungieNetUser/membershipId",
			"name":               "/Response/bungieNetUser/displayName",
			"preferred_username": "/Response/bungieNetUser/uniqueName",
			"picture": "https://www.bungie.net" +
				"{/Response/bungieNetUser/profilePicturePath}",
			"locale": "/Response/bungieNetUser/locale",
		},
		IdentityIssuer: "https://www.bungie.net",
		Dialect:        Dialect{Headers: map[string]string{"X-Api-Key": "{api_key}"}},
		Params: map[string]Param{"api_key": {Pattern: `[0-9a-f]{32}`,
			Example: "0123456789abcdef0123456789abcdef"}},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
	},
	"dailymotion": { // users choose which scopes they grant: without email all else still works
		AuthorizeURL:            "https://api.dailymotion.com/oauth/authorize",
		AccessTokenURL:          "https://api.dailymotion.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.dailymotion.com/",
		Scopes:                  []string{"email"},
		UserInfoEndpoint: "https://api.dailymotion.com/me?fields=" +
			"id,username,screenname,avatar_720_url,url",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "screenname",
			"preferred_username": "username",
			"picture":            "avatar_720_url",
			"profile":            "url",
		},
		UserInfoEmails: Emails{Endpoint: "me?fields=email", Email: "email"},
		IdentityIssuer: "https://www.dailymotion.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"error"},
		Waived: map[string]string{"AssumeBearer": "Dailymotion's documentation: " +
			"its samples of tokens have no token_type"},
	},
	"deezer": { // a login fails if state does not come back, which has been seen; no new clients
		AuthorizeURL:            "https://connect.deezer.com/oauth/auth.php",
		AccessTokenURL:          "https://connect.deezer.com/oauth/access_token.php",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		APIBaseURL:              "https://api.deezer.com/",
		Scopes:                  []string{"basic_access", "email"},
		UserInfoEndpoint:        "https://api.deezer.com/user/me",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "{firstname} {lastname}",
			"given_name":         "firstname",
			"family_name":        "lastname",
			"preferred_username": "name",
			"picture":            "picture_big",
			"profile":            "link",
			"birthdate":          "birthday",
		},
		IdentityIssuer: "https://www.deezer.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{FormTokenResponse: true, AssumeBearer: true,
			ScopeSeparator: ",", InsecureTokenGET: true}},
		Dialect: Dialect{
			ParameterNames: map[string]string{"client_id": "app_id", "client_secret": "secret",
				"scope": "perms"},
			TokenResponse: Response{
				// An error is two words, which are read as a form; 0 is never.
				Success: map[string]string{"wrong code": "null"},
				Codes:   map[string]string{"": "invalid_grant"},
				Names:   map[string]string{"expires_in": "expires"},
				Drop:    map[string]string{"expires_in": `"0"`},
			},
		},
		Hooks: oauth2.Hooks{
			AuthorizationResponse: []oauth2.CallbackHook{deniedForAReason}},
		Facts: Facts{Refresh: "none", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer":           "social-core's test of Deezer: a form without token_type",
			"FormTokenResponse":      "social-core's test of Deezer: a form, as text/html",
			"InsecurePlacementQuery": "social-core's client of Deezer: it is in the query",
			"InsecureTokenGET":       "OpenIddict's client of Deezer: the request is a GET",
		},
	},
	"imgur": { // its tokens last a month, whatever expires_in says: ten years
		AuthorizeURL:            "https://api.imgur.com/oauth2/authorize",
		AccessTokenURL:          "https://api.imgur.com/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.imgur.com/3/",
		UserInfoEndpoint:        "https://api.imgur.com/3/account/me",
		UserInfoNames: map[string]string{
			"sub":                "/data/id",
			"preferred_username": "/data/url",
			"picture":            "/data/avatar",
			"profile":            "https://imgur.com/user/{/data/url}",
		},
		IdentityIssuer: "https://imgur.com",
		Dialect: Dialect{TokenResponse: Response{ // errors are words, and have no codes
			Error:            "/data/error",
			ErrorDescription: "/data/error",
			Codes:            map[string]string{"Invalid refresh token": "invalid_grant"},
		}},
		Facts: Facts{PKCE: "no"},
	},
	"kick": {
		AuthorizeURL:            "https://id.kick.com/oauth/authorize",
		AccessTokenURL:          "https://id.kick.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.kick.com/public/v1/",
		Scopes:                  []string{"user:read"},
		UserInfoEndpoint:        "https://api.kick.com/public/v1/users",
		UserInfoNames: map[string]string{
			"sub":                "/data/0/user_id",
			"name":               "/data/0/name",
			"preferred_username": "/data/0/name",
			"picture":            "/data/0/profile_picture",
			"email":              "/data/0/email",
		},
		IdentityIssuer: "https://kick.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "required"},
	},
	"lichess": { // a client ID is any text, such as the site's name
		AuthorizeURL:            "https://lichess.org/oauth",
		AccessTokenURL:          "https://lichess.org/api/token",
		TokenEndpointAuthMethod: "none",
		APIBaseURL:              "https://lichess.org/api/",
		Scopes:                  []string{"email:read"},
		UserInfoEndpoint:        "https://lichess.org/api/account",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "/profile/realName",
			"preferred_username": "username",
			"profile":            "url",
		},
		UserInfoEmails: Emails{Endpoint: "account/email", Email: "email"},
		IdentityIssuer: "https://lichess.org",
		Facts:          Facts{Refresh: "none", PKCE: "required"},
	},
	"osu": {
		AuthorizeURL:            "https://osu.ppy.sh/oauth/authorize",
		AccessTokenURL:          "https://osu.ppy.sh/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://osu.ppy.sh/api/v2/",
		Scopes:                  []string{"identify"},
		UserInfoEndpoint:        "https://osu.ppy.sh/api/v2/me",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "username",
			"picture":            "avatar_url",
			"profile":            "https://osu.ppy.sh/users/{id}",
		},
		IdentityIssuer: "https://osu.ppy.sh",
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
	},
	"soundcloud": { // a urn is "soundcloud:users:" and what the numeric id was
		AuthorizeURL:            "https://secure.soundcloud.com/authorize",
		AccessTokenURL:          "https://secure.soundcloud.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.soundcloud.com/",
		UserInfoEndpoint:        "https://api.soundcloud.com/me",
		UserInfoNames: map[string]string{
			"sub":                "urn",
			"name":               "full_name",
			"given_name":         "first_name",
			"family_name":        "last_name",
			"preferred_username": "username",
			"picture":            "avatar_url",
			"profile":            "permalink_url",
		},
		IdentityIssuer: "https://soundcloud.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Dialect: Dialect{Headers: map[string]string{
			"Authorization": "OAuth {access_token}"}},
		Facts: Facts{Refresh: "rotated", PKCE: "required"},
		Waived: map[string]string{"AssumeBearer": "SoundCloud's OpenAPI document: " +
			"the samples of tokens have no token_type"},
	},
	"spotify": { // accounts.spotify.com is the issuer of other subjects
		AuthorizeURL:     "https://accounts.spotify.com/authorize",
		AccessTokenURL:   "https://accounts.spotify.com/api/token",
		APIBaseURL:       "https://api.spotify.com/v1/",
		Scopes:           []string{"user-read-email"},
		UserInfoEndpoint: "https://api.spotify.com/v1/me",
		UserInfoNames: map[string]string{
			"sub":     "id",
			"name":    "display_name",
			"picture": "/images/0/url",
			"profile": "/external_urls/spotify",
		},
		IdentityIssuer: "https://www.spotify.com",
		Facts:          Facts{Refresh: "kept", PKCE: "yes"},
	},
	"trakt": { // a slug is a name that its user can change
		AuthorizeURL:            "https://trakt.tv/oauth/authorize",
		AccessTokenURL:          "https://api.trakt.tv/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.trakt.tv/",
		Scopes:                  []string{"public"},
		UserInfoEndpoint:        "https://api.trakt.tv/users/settings",
		UserInfoNames: map[string]string{
			"sub":                "/user/ids/uuid",
			"name":               "/user/name",
			"preferred_username": "/user/username",
			"picture":            "/user/images/avatar/full",
			"profile":            "https://trakt.tv/users/{/user/ids/slug}",
			"gender":             "/user/gender",
			"zoneinfo":           "/account/timezone",
		},
		IdentityIssuer: "https://trakt.tv",
		Dialect: Dialect{Headers: map[string]string{"Trakt-Api-Key": "{client_id}",
			"Trakt-Api-Version": "2"}},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
	},
	"trovo": {
		AuthorizeURL:            "https://open.trovo.live/page/login.html",
		AccessTokenURL:          "https://open-api.trovo.live/openplatform/exchangetoken",
		RefreshTokenURL:         "https://open-api.trovo.live/openplatform/refreshtoken",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://open-api.trovo.live/openplatform/",
		Scopes:                  []string{"user_details_self"},
		UserInfoEndpoint:        "https://open-api.trovo.live/openplatform/getuserinfo",
		UserInfoNames: map[string]string{
			"sub":                "userId",
			"name":               "nickName",
			"nickname":           "nickName",
			"preferred_username": "userName",
			"picture":            "profilePic",
		},
		IdentityIssuer: "https://trovo.live",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{JSONTokenRequest: true,
			ScopeSeparator: "+"}},
		Dialect: Dialect{
			Headers: map[string]string{"Client-Id": "{client_id}",
				"Authorization": "OAuth {access_token}"},
			TokenResponse: Response{TokenType: "Bearer"},
		},
		Hooks: oauth2.Hooks{
			AccessTokenRequest:  []oauth2.RequestHook{withoutClientID},
			RefreshTokenRequest: []oauth2.RequestHook{withoutClientID},
		},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"error"},
		Waived: map[string]string{"TokenType": "types of a client, after Trovo's documentation: " +
			"the token_type is OAuth"},
	},
	"vimeo": {
		AuthorizeURL:   "https://api.vimeo.com/oauth/authorize",
		AccessTokenURL: "https://api.vimeo.com/oauth/access_token",
		APIBaseURL:     "https://api.vimeo.com/",
		Scopes:         []string{"public"},
		UserInfoNames: map[string]string{
			"sub":     "user_id",
			"name":    "/user/name",
			"picture": "/user/pictures/base_link",
			"profile": "/user/link",
		},
		IdentityIssuer: "https://vimeo.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{FormTokenResponse: true}},
		Hooks:          oauth2.Hooks{AccessTokenResponse: []oauth2.ResponseHook{vimeoUser}},
		Facts:          Facts{PKCE: "no"},
		Unproven:       []string{"refresh"},
		Waived: map[string]string{"FormTokenResponse": "Vimeo's OpenAPI document: " +
			"a token is application/vnd.vimeo.auth+json"},
	},
}

// deniedForAReason has a refusal at Deezer be one: it has no error, but an error_reason.
func deniedForAReason(_ context.Context, params url.Values) error {
	if params.Get("error_reason") == "user_denied" && !params.Has("error") {
		params.Set("error", "access_denied")
	}
	return nil
}

// withoutClientID leaves the client's ID to the header that Trovo wants it in.
func withoutClientID(_ context.Context, req *http.Request) error {
	req.PostForm.Del("client_id")
	return nil
}

// vimeoUser puts the number of a user, which ends the user's URI, beside the token.
var vimeoUser = edited(func(m strictjson.Object, members map[string]json.RawMessage) {
	uri, _ := m.At("/user/uri").String()
	if id, ok := strings.CutPrefix(uri, "/users/"); ok {
		members["user_id"] = quoted(id)
	}
})
