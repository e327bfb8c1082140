package compliance

import (
	"context"
	"net/http"
	"net/url"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

var fitnessProviders = map[string]Provider{
	"fitbit": { // the Web API was to end in September 2026
		AuthorizeURL:     "https://www.fitbit.com/oauth2/authorize",
		AccessTokenURL:   "https://api.fitbit.com/oauth2/token",
		APIBaseURL:       "https://api.fitbit.com/",
		Scopes:           []string{"profile"},
		UserInfoEndpoint: "https://api.fitbit.com/1/user/-/profile.json",
		UserInfoNames: map[string]string{
			"sub":         "/user/encodedId",
			"name":        "/user/displayName",
			"given_name":  "/user/firstName",
			"family_name": "/user/lastName",
			"picture":     "/user/avatar150",
			"birthdate":   "/user/dateOfBirth",
			"locale":      "/user/locale",
			"zoneinfo":    "/user/timezone",
		},
		IdentityIssuer: "https://www.fitbit.com",
		Dialect: Dialect{TokenResponse: Response{Error: "/errors/0/errorType",
			ErrorDescription: "/errors/0/message"}},
		Facts: Facts{Refresh: "rotated", PKCE: "yes"},
	},
	"garmin-oauth2": { // the users are those of garmin
		AuthorizeURL:            "https://connect.garmin.com/oauth2Confirm",
		AccessTokenURL:          "https://diauth.garmin.com/di-oauth2-service/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://apis.garmin.com/",
		UserInfoEndpoint:        "https://apis.garmin.com/wellness-api/rest/user/id",
		UserInfoNames:           map[string]string{"sub": "userId"},
		IdentityIssuer:          "https://connect.garmin.com",
		Facts:                   Facts{PKCE: "required"},
		Unproven:                []string{"error"},
	},
	"oura": { // users choose which scopes they grant: the callback says so
		AuthorizeURL:            "https://cloud.ouraring.com/oauth/authorize",
		AccessTokenURL:          "https://api.ouraring.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.ouraring.com/v2/",
		Scopes:                  []string{"email", "personal"},
		UserInfoEndpoint:        "https://api.ouraring.com/v2/usercollection/personal_info",
		UserInfoNames:           map[string]string{"sub": "id"},
		IdentityIssuer:          "https://ouraring.com",
		Dialect:                 Dialect{CallbackParameters: []string{"scope"}},
		Facts:                   Facts{Refresh: "rotated"},
	},
	"strava": { // users choose which scopes they grant: the callback says so
		AuthorizeURL:            "https://www.strava.com/oauth/authorize",
		AccessTokenURL:          "https://www.strava.com/api/v3/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://www.strava.com/api/v3/",
		Scopes:                  []string{"read"},
		UserInfoNames: map[string]string{
			"sub":                "/athlete/id",
			"name":               "{/athlete/firstname} {/athlete/lastname}",
			"given_name":         "/athlete/firstname",
			"family_name":        "/athlete/lastname",
			"preferred_username": "/athlete/username",
			"picture":            "/athlete/profile",
			"profile":            "https://www.strava.com/athletes/{/athlete/id}",
		},
		IdentityIssuer: "https://www.strava.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: Dialect{
			CallbackParameters: []string{"scope"},
			TokenResponse: Response{
				Error:            "/errors/0/resource",
				ErrorDescription: "message",
				Codes: map[string]string{"AuthorizationCode": "invalid_grant",
					"RefreshToken": "invalid_grant", "Application": "invalid_client"},
			},
		},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
	},
	"wahoo": {
		AuthorizeURL:            "https://api.wahooligan.com/oauth/authorize",
		AccessTokenURL:          "https://api.wahooligan.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.wahooligan.com/v1/",
		Scopes:                  []string{"user_read", "email"},
		UserInfoEndpoint:        "https://api.wahooligan.com/v1/user",
		UserInfoNames: map[string]string{
			"sub":         "id",
			"name":        "{first} {last}",
			"given_name":  "first",
			"family_name": "last",
			"birthdate":   "birth",
		},
		IdentityIssuer: "https://www.wahoofitness.com",
		Facts:          Facts{Refresh: "rotated", PKCE: "yes"},
		Unproven:       []string{"error"},
	},
	// Without offline there is no refresh token, nor the next. Version 1 of its API has ended.
	"whoop": {
		AuthorizeURL:            "https://api.prod.whoop.com/oauth/oauth2/auth",
		AccessTokenURL:          "https://api.prod.whoop.com/oauth/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.prod.whoop.com/developer/",
		Scopes:                  []string{"offline", "read:profile"},
		UserInfoEndpoint:        "https://api.prod.whoop.com/developer/v2/user/profile/basic",
		UserInfoNames: map[string]string{
			"sub":         "user_id",
			"name":        "{first_name} {last_name}",
			"given_name":  "first_name",
			"family_name": "last_name",
		},
		IdentityIssuer: "https://www.whoop.com",
		Hooks:          oauth2.Hooks{RefreshTokenRequest: []oauth2.RequestHook{offlineAgain}},
		Facts:          Facts{Refresh: "rotated"},
	},
	"withings": { // a code lasts 30 seconds; user.info is for those who have a contract
		AuthorizeURL:            "https://account.withings.com/oauth2_user/authorize2",
		AccessTokenURL:          "https://wbsapi.withings.net/v2/oauth2",
		AccessTokenParams:       url.Values{"action": {"requesttoken"}},
		RefreshTokenParams:      url.Values{"action": {"requesttoken"}},
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://wbsapi.withings.net/",
		Scopes:                  []string{"user.metrics"},
		UserInfoNames:           map[string]string{"sub": "userid"},
		IdentityIssuer:          "https://account.withings.com",
		Quirks:                  oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: Dialect{TokenResponse: Response{
			Success:          map[string]string{"status": "0"},
			Error:            "status",
			ErrorDescription: "error",
			Unwrap:           "body",
		}},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
	},
}

// offlineAgain asks WHOOP for another refresh token.
func offlineAgain(_ context.Context, req *http.Request) error {
	req.PostForm.Set("scope", "offline")
	return nil
}
