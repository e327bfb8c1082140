package compliance

var oauth1Providers = map[string]Provider{
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
