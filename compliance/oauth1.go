package compliance

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/url"

	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

var oauth1Providers = map[string]Provider{
	"discogs": {
		RequestTokenURL:  "https://api.discogs.com/oauth/request_token",
		AuthorizeURL:     "https://www.discogs.com/oauth/authorize",
		AccessTokenURL:   "https://api.discogs.com/oauth/access_token",
		APIBaseURL:       "https://api.discogs.com/",
		UserInfoEndpoint: "https://api.discogs.com/oauth/identity",
		UserInfoNames:    map[string]string{"sub": "id", "preferred_username": "username"},
		IdentityIssuer:   "https://www.discogs.com",
		Unproven:         []string{"error"},
	},
	"evernote": {
		RequestTokenURL: "https://www.evernote.com/oauth",
		AuthorizeURL:    "https://www.evernote.com/OAuth.action",
		AccessTokenURL:  "https://www.evernote.com/oauth",
		UserInfoNames:   map[string]string{"sub": "edam_userId"},
		IdentityIssuer:  "https://www.evernote.com",
		OAuth1: oauth1.Config{TemporaryCredentialMethod: "GET", TokenMethod: "GET",
			InsecureNoTokenSecret: true},
		Waived: map[string]string{"InsecureNoTokenSecret": "tests of social-core, " +
			"and changes to ScribeJava and Evernote's Python SDK: the secrets are empty"},
	},
	"flickr": {
		RequestTokenURL: "https://www.flickr.com/services/oauth/request_token",
		AuthorizeURL:    "https://www.flickr.com/services/oauth/authorize",
		AuthorizeParams: url.Values{"perms": {"read"}},
		AccessTokenURL:  "https://www.flickr.com/services/oauth/access_token",
		APIBaseURL:      "https://api.flickr.com/services/rest/",
		UserInfoNames: map[string]string{"sub": "user_nsid", "name": "fullname",
			"preferred_username": "username"},
		IdentityIssuer: "https://www.flickr.com",
		Unproven:       []string{"error"},
	},
	"garmin": {
		RequestTokenURL:  "https://connectapi.garmin.com/oauth-service/oauth/request_token",
		AuthorizeURL:     "https://connect.garmin.com/oauthConfirm",
		AccessTokenURL:   "https://connectapi.garmin.com/oauth-service/oauth/access_token",
		APIBaseURL:       "https://apis.garmin.com/",
		UserInfoEndpoint: "https://apis.garmin.com/wellness-api/rest/user/id",
		UserInfoNames:    map[string]string{"sub": "userId"},
		IdentityIssuer:   "https://connect.garmin.com",
		OAuth1: oauth1.Config{
			AuthorizationNames:          oauth1.AuthorizationNames{Callback: "oauth_callback"},
			InsecureNoCallbackConfirmed: true,
		},
		Unproven: []string{"error"},
		Waived: map[string]string{"InsecureNoCallbackConfirmed": "the client Grant: " +
			"no oauth_callback_confirmed, and the callback goes to the authorization URL"},
	},
	"plurk": {
		RequestTokenURL:  "https://www.plurk.com/OAuth/request_token",
		AuthorizeURL:     "https://www.plurk.com/OAuth/authorize",
		AccessTokenURL:   "https://www.plurk.com/OAuth/access_token",
		APIBaseURL:       "https://www.plurk.com/APP/",
		UserInfoEndpoint: "https://www.plurk.com/APP/Profile/getOwnProfile",
		UserInfoNames:    map[string]string{"sub": "/user_info/id"},
		IdentityIssuer:   "https://www.plurk.com",
		Unproven:         []string{"login", "identity", "error"},
	},
	"ravelry": {
		RequestTokenURL:  "https://www.ravelry.com/oauth/request_token",
		AuthorizeURL:     "https://www.ravelry.com/oauth/authorize",
		AccessTokenURL:   "https://www.ravelry.com/oauth/access_token",
		APIBaseURL:       "https://api.ravelry.com/",
		UserInfoEndpoint: "https://api.ravelry.com/current_user.json",
		UserInfoNames: map[string]string{"sub": "/user/id",
			"preferred_username": "/user/username"},
		IdentityIssuer: "https://www.ravelry.com",
		Unproven:       []string{"login", "identity", "error"},
	},
	"smugmug": { // a nickname, which its users can change, and no identifier
		RequestTokenURL: "https://api.smugmug.com/services/oauth/1.0a/getRequestToken",
		AuthorizeURL:    "https://api.smugmug.com/services/oauth/1.0a/authorize",
		AccessTokenURL:  "https://api.smugmug.com/services/oauth/1.0a/getAccessToken",
		APIBaseURL:      "https://api.smugmug.com/api/v2/",
		Unproven:        []string{"login", "error"},
	},
	"trello": {
		RequestTokenURL: "https://trello.com/1/OAuthGetRequestToken",
		AuthorizeURL:    "https://trello.com/1/OAuthAuthorizeToken",
		// The scope account would tell the e-mail address too, but may also change the member.
		AuthorizeParams: url.Values{"scope": {"read"}},
		AccessTokenURL:  "https://trello.com/1/OAuthGetAccessToken",
		APIBaseURL:      "https://api.trello.com/1/",
		UserInfoEndpoint: "https://api.trello.com/1/members/me" +
			"?fields=id,username,fullName,email,url",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "fullName",
			"preferred_username": "username",
			"email":              "email",
			"profile":            "url",
		},
		IdentityIssuer: "https://trello.com",
		Unproven:       []string{"error"},
	},
	"tripit": {
		RequestTokenURL:  "https://api.tripit.com/oauth/request_token",
		AuthorizeURL:     "https://www.tripit.com/oauth/authorize",
		AccessTokenURL:   "https://api.tripit.com/oauth/access_token",
		APIBaseURL:       "https://api.tripit.com/v1/",
		UserInfoEndpoint: "https://api.tripit.com/v1/get/profile",
		UserInfoEmails: Emails{List: "emails", Email: "address", Primary: "primary",
			Verified: "confirmed"},
		IdentityIssuer: "https://www.tripit.com",
		Hooks:          oauth2.Hooks{UserInfoResponse: []oauth2.ResponseHook{tripItProfile}},
		OAuth1: oauth1.Config{
			AuthorizationNames: oauth1.AuthorizationNames{Callback: "oauth_callback"}},
		Unproven: []string{"error"},
	},
	"tumblr-oauth1": { // a name, which its users can change, and no identifier
		RequestTokenURL: "https://www.tumblr.com/oauth/request_token",
		AuthorizeURL:    "https://www.tumblr.com/oauth/authorize",
		AccessTokenURL:  "https://www.tumblr.com/oauth/access_token",
		APIBaseURL:      "https://api.tumblr.com/v2/",
		Unproven:        []string{"error"},
	},
	"twitter": {
		RequestTokenURL: "https://api.x.com/oauth/request_token",
		AuthorizeURL:    "https://api.x.com/oauth/authenticate",
		AccessTokenURL:  "https://api.x.com/oauth/access_token",
		APIBaseURL:      "https://api.x.com/1.1/",
		UserInfoEndpoint: "https://api.x.com/1.1/account/verify_credentials.json" +
			"?include_email=true",
		UserInfoNames: map[string]string{
			"sub":                "id_str",
			"preferred_username": "screen_name",
			"picture":            "profile_image_url_https",
		},
		IdentityIssuer: "https://x.com",
		Unproven:       []string{"error"},
	},
	"zotero": {
		RequestTokenURL: "https://www.zotero.org/oauth/request",
		AuthorizeURL:    "https://www.zotero.org/oauth/authorize",
		AccessTokenURL:  "https://www.zotero.org/oauth/access",
		APIBaseURL:      "https://api.zotero.org/",
		UserInfoNames:   map[string]string{"sub": "userID", "preferred_username": "username"},
		IdentityIssuer:  "https://www.zotero.org",
		Unproven:        []string{"error"},
	},
}

// tripItProfile makes JSON of a profile, which TripIt has in XML.
func tripItProfile(_ context.Context, resp *httpclient.Response) error {
	type address struct {
		Address   string `xml:"address" json:"address"`
		Primary   bool   `xml:"is_primary" json:"primary"`
		Confirmed bool   `xml:"is_confirmed" json:"confirmed"`
	}
	var answer struct {
		Profile struct {
			Ref    string    `xml:"ref,attr" json:"sub"`
			Name   string    `xml:"public_display_name" json:"name"`
			Screen string    `xml:"screen_name" json:"preferred_username"`
			Emails []address `xml:"ProfileEmailAddresses>ProfileEmailAddress" json:"emails"`
		}
	}
	if err := xml.Unmarshal(resp.Body, &answer); err != nil {
		return nil // for the reader to refuse
	}
	var err error
	resp.Body, err = json.Marshal(answer.Profile)
	resp.Header.Set("Content-Type", "application/json")
	return err
}
