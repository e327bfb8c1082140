package compliance

var oidcProviders = map[string]Provider{
	"google": {
		ServerMetadataURL: "https://accounts.google.com/.well-known/openid-configuration",
		APIBaseURL:        "https://www.googleapis.com/",
		Scopes:            []string{"openid", "email", "profile"},
		Facts:             Facts{PKCE: "yes", Refresh: "kept"},
	},
}
