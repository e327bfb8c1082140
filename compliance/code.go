package compliance

import (
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

var codeProviders = map[string]Provider{
	"github": {
		AuthorizeURL:            "https://github.com/login/oauth/authorize",
		AccessTokenURL:          "https://github.com/login/oauth/access_token",
		Issuer:                  "https://github.com/login/oauth", // sent since April 2026
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.github.com/",
		Scopes:                  []string{"read:user", "user:email"},
		UserInfoEndpoint:        "https://api.github.com/user",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "login",
			"picture":            "avatar_url",
			"profile":            "html_url",
		},
		UserInfoEmails: Emails{Endpoint: "user/emails", Email: "email", Primary: "primary",
			Verified: "verified"},
		IdentityIssuer: "https://github.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{GrantedScopeSeparator: ","}},
		Facts:          Facts{PKCE: "yes", Refresh: "rotated"},
	},
}
