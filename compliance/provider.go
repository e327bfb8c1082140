package compliance

import (
	"maps"
	"slices"
)

// A Provider is a row of the table. Its fields mean what those of the same name
// in registry.Config do.
type Provider struct {
	RequestTokenURL         string // makes it a provider of OAuth 1.0
	AuthorizeURL            string
	AccessTokenURL          string
	Issuer                  string // what callbacks say in iss, if they do
	ServerMetadataURL       string // makes it a provider of OpenID Connect
	APIBaseURL              string
	TokenEndpointAuthMethod string
	Scopes                  []string

	// UserInfoEndpoint, UserInfoNames and IdentityIssuer tell who a user is where
	// there is no OpenID Connect. The subject is an identifier that the provider
	// never gives to another user.
	UserInfoEndpoint string
	UserInfoNames    map[string]string
	IdentityIssuer   string
}

// Lookup returns the row called name, and whether there is one. The caller may
// change what it gets.
func Lookup(name string) (Provider, bool) {
	p, ok := providers[name]
	p.Scopes = slices.Clone(p.Scopes)
	p.UserInfoNames = maps.Clone(p.UserInfoNames)
	return p, ok
}

// Names returns the names of all rows, sorted.
func Names() []string { return slices.Sorted(maps.Keys(providers)) }

var providers = map[string]Provider{
	"github": {
		AuthorizeURL:            "https://github.com/login/oauth/authorize",
		AccessTokenURL:          "https://github.com/login/oauth/access_token",
		Issuer:                  "https://github.com/login/oauth", // sent since April 2026
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.github.com/",
		Scopes:                  []string{"read:user"},
		UserInfoEndpoint:        "https://api.github.com/user",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"preferred_username": "login",
			"picture":            "avatar_url",
			"profile":            "html_url",
		},
		IdentityIssuer: "https://github.com",
	},
	"google": {
		ServerMetadataURL: "https://accounts.google.com/.well-known/openid-configuration",
		APIBaseURL:        "https://www.googleapis.com/",
		Scopes:            []string{"openid", "email", "profile"},
	},
	"twitter": {
		RequestTokenURL:  "https://api.x.com/oauth/request_token",
		AuthorizeURL:     "https://api.x.com/oauth/authenticate",
		AccessTokenURL:   "https://api.x.com/oauth/access_token",
		APIBaseURL:       "https://api.x.com/1.1/",
		UserInfoEndpoint: "https://api.x.com/1.1/account/verify_credentials.json?include_email=true",
		UserInfoNames: map[string]string{
			"sub":                "id_str",
			"preferred_username": "screen_name",
			"picture":            "profile_image_url_https",
		},
		IdentityIssuer: "https://x.com",
	},
}
