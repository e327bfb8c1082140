package compliance_test

import "vouchsafe/oidc"

var oidcLogins = map[string]wanted{
	"google": {
		user:     oidc.Identity{Issuer: "https://accounts.google.com", Subject: "104729000000000000017"},
		idToken:  true,
		name:     "Iris Fixture",
		picture:  "https://lh3.googleusercontent.com/a/invented-picture=s96-c",
		email:    "iris@example.com",
		verified: true,
		scopes: "openid https://www.googleapis.com/auth/userinfo.email " +
			"https://www.googleapis.com/auth/userinfo.profile",
		api: "oauth2/v3/userinfo",
	},
}

var oidcFailures = map[string]error{}

var oidcRefreshes = map[string]renewed{}
