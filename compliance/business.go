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

var businessProviders = map[string]Provider{
	"amazon": {
		AuthorizeURL:     "https://www.amazon.com/ap/oa",
		AccessTokenURL:   "https://api.amazon.com/auth/o2/token",
		APIBaseURL:       "https://api.amazon.com/",
		Scopes:           []string{"profile"},
		UserInfoEndpoint: "https://api.amazon.com/user/profile",
		UserInfoNames:    map[string]string{"sub": "user_id"},
		IdentityIssuer:   "https://www.amazon.com",
		Facts:            Facts{PKCE: "yes", Refresh: "kept"},
	},
	"box": {
		AuthorizeURL:            "https://account.box.com/api/oauth2/authorize",
		AccessTokenURL:          "https://api.box.com/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.box.com/2.0/",
		UserInfoEndpoint:        "https://api.box.com/2.0/users/me",
		UserInfoNames: map[string]string{
			"sub":          "id",
			"email":        "login",
			"picture":      "avatar_url",
			"locale":       "language",
			"zoneinfo":     "timezone",
			"phone_number": "{phone}",
		},
		IdentityIssuer: "https://www.box.com",
		Facts:          Facts{PKCE: "no", Refresh: "rotated"},
	},
	"coinbase": {
		AuthorizeURL:            "https://login.coinbase.com/oauth2/auth",
		AccessTokenURL:          "https://login.coinbase.com/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.coinbase.com/v2/",
		Scopes:                  []string{"wallet:user:read", "wallet:user:email"},
		UserInfoEndpoint:        "https://api.coinbase.com/v2/user",
		UserInfoNames: map[string]string{
			"sub":                "/data/id",
			"name":               "/data/name",
			"preferred_username": "/data/username",
			"picture":            "/data/avatar_url",
			"profile":            "/data/profile_url",
			"email":              "/data/email",
		},
		IdentityIssuer: "https://www.coinbase.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect:        Dialect{Headers: map[string]string{"CB-VERSION": "2024-03-27"}},
		Facts:          Facts{PKCE: "yes", Refresh: "rotated"},
	},
	"dropbox": {
		AuthorizeURL:     "https://www.dropbox.com/oauth2/authorize",
		AccessTokenURL:   "https://api.dropboxapi.com/oauth2/token",
		APIBaseURL:       "https://api.dropboxapi.com/2/",
		Scopes:           []string{"account_info.read"},
		UserInfoEndpoint: "https://api.dropboxapi.com/2/users/get_current_account",
		UserInfoBody:     "null",
		UserInfoNames: map[string]string{
			"sub":         "account_id",
			"name":        "/name/display_name",
			"given_name":  "/name/given_name",
			"family_name": "/name/surname",
			"picture":     "profile_photo_url",
		},
		IdentityIssuer: "https://www.dropbox.com",
		Facts:          Facts{PKCE: "yes", Refresh: "kept"},
	},
	"ebay": {
		AuthorizeURL:            "https://auth.ebay.com/oauth2/authorize",
		AuthorizeParams:         url.Values{ruName: {"{runame}"}},
		AccessTokenParams:       url.Values{ruName: {"{runame}"}},
		AccessTokenURL:          "https://api.ebay.com/identity/v1/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_basic",
		APIBaseURL:              "https://api.ebay.com/",
		Scopes: []string{
			"https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"},
		UserInfoEndpoint: "https://apiz.ebay.com/commerce/identity/v1/user/",
		UserInfoNames:    map[string]string{"sub": "userId", "preferred_username": "username"},
		IdentityIssuer:   "https://www.ebay.com",
		Dialect: Dialect{TokenResponse: Response{
			TokenType: "Bearer", // instead of prose
			Drop:      map[string]string{"refresh_token": `"N/A"`},
		}},
		Hooks: oauth2.Hooks{
			AuthorizationRequest: []oauth2.AuthorizationHook{ruNameInURL},
			AccessTokenRequest:   []oauth2.RequestHook{ruNameInForm},
		},
		Params: map[string]Param{"runame": {Pattern: `[A-Za-z0-9_.-]+`,
			Example: "Example_Ltd-ExampleA-Produc-abcdefgh"}},
		Facts: Facts{PKCE: "no", Refresh: "kept"},
		Waived: map[string]string{
			"TokenType": "requests-oauthlib's fix for eBay: User Access Token"},
	},
	"etsy": {
		AuthorizeURL:            "https://www.etsy.com/oauth/connect",
		AccessTokenURL:          "https://api.etsy.com/v3/public/oauth/token",
		TokenEndpointAuthMethod: "none",
		APIBaseURL:              "https://openapi.etsy.com/v3/application/",
		Scopes:                  []string{"email_r"},
		UserInfoEndpoint:        "https://openapi.etsy.com/v3/application/users/{user_id}",
		UserInfoNames: map[string]string{
			"sub":         "user_id",
			"name":        "{first_name} {last_name}",
			"given_name":  "first_name",
			"family_name": "last_name",
			"picture":     "image_url_75x75",
			"email":       "primary_email",
		},
		IdentityIssuer: "https://www.etsy.com",
		// Of newer clients Etsy wants "ID:secret" there, which they have to say themselves.
		Dialect: Dialect{Headers: map[string]string{"x-api-key": "{client_id}"}},
		Hooks: oauth2.Hooks{
			AccessTokenResponse:  []oauth2.ResponseHook{etsyUser},
			RefreshTokenResponse: []oauth2.ResponseHook{etsyUser},
		},
		Facts: Facts{PKCE: "required", Refresh: "rotated"},
	},
	"eventbrite": {
		AuthorizeURL:            "https://www.eventbrite.com/oauth/authorize",
		AccessTokenURL:          "https://www.eventbrite.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://www.eventbriteapi.com/v3/",
		UserInfoEndpoint:        "https://www.eventbriteapi.com/v3/users/me/",
		UserInfoNames: map[string]string{
			"sub":         "id",
			"given_name":  "first_name",
			"family_name": "last_name",
		},
		UserInfoEmails: Emails{List: "emails", Email: "email", Primary: "primary",
			Verified: "verified"},
		IdentityIssuer: "https://www.eventbrite.com",
		Facts:          Facts{PKCE: "no", Refresh: "none"},
		Unproven:       []string{"error"},
	},
	"exactonline": {
		AuthorizeURL:            "https://start.exactonline.{country}/api/oauth2/auth",
		AccessTokenURL:          "https://start.exactonline.{country}/api/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://start.exactonline.{country}/api/v1/",
		UserInfoEndpoint:        "https://start.exactonline.{country}/api/v1/current/Me",
		UserInfoNames: map[string]string{
			"sub":                "/d/results/0/UserID",
			"name":               "/d/results/0/FullName",
			"given_name":         "/d/results/0/FirstName",
			"family_name":        "/d/results/0/LastName",
			"preferred_username": "/d/results/0/UserName",
			"email":              "/d/results/0/Email",
			"locale":             "/d/results/0/LanguageCode",
		},
		IdentityIssuer: "https://start.exactonline.{country}",
		Params: map[string]Param{
			"country": {Pattern: `(nl|be|de|fr|es|co\.uk|com)`, Example: "nl"}},
		Facts: Facts{PKCE: "no", Refresh: "rotated"},
	},
	"hubspot": {
		AuthorizeURL:            "https://app.hubspot.com/oauth/authorize",
		AccessTokenURL:          "https://api.hubapi.com/oauth/v1/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.hubapi.com/",
		Scopes:                  []string{"oauth"},
		UserInfoEndpoint:        "https://api.hubapi.com/oauth/v1/access-tokens/{access_token}",
		UserInfoNames:           map[string]string{"sub": "user_id", "email": "user"},
		IdentityIssuer:          "https://www.hubspot.com",
		Dialect: Dialect{TokenResponse: Response{
			Error:            "status",
			ErrorDescription: "message",
			Codes: map[string]string{
				"BAD_AUTH_CODE":     "invalid_grant",
				"BAD_REFRESH_TOKEN": "invalid_grant",
			},
		}},
		Facts: Facts{PKCE: "no", Refresh: "kept"},
		Waived: map[string]string{
			"UserInfoEndpoint": "django-allauth's test of HubSpot: the token is in the path"},
	},
	"intercom": {
		AuthorizeURL:            "https://app.intercom.com/oauth",
		AccessTokenURL:          "https://api.intercom.io/auth/eagle/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.intercom.io/",
		UserInfoEndpoint:        "https://api.intercom.io/me",
		UserInfoNames:           map[string]string{"sub": "id", "picture": "/avatar/image_url"},
		IdentityIssuer:          "https://www.intercom.com",
		Dialect: Dialect{TokenResponse: Response{
			Names: map[string]string{"access_token": "token"}, // it is there twice
		}},
		Facts:    Facts{Refresh: "none"},
		Unproven: []string{"error"},
	},
	"mailchimp": {
		// There is no APIBaseURL: it is that of the account's data center, api_endpoint in the
		// user's claims.
		AuthorizeURL:            "https://login.mailchimp.com/oauth2/authorize",
		AccessTokenURL:          "https://login.mailchimp.com/oauth2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		UserInfoEndpoint:        "https://login.mailchimp.com/oauth2/metadata",
		UserInfoNames: map[string]string{
			"sub":                "/login/login_id",
			"preferred_username": "/login/login_name",
			"picture":            "/login/avatar",
			"email":              "/login/login_email",
		},
		IdentityIssuer: "https://login.mailchimp.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Dialect: Dialect{
			Headers: map[string]string{"Authorization": "OAuth {access_token}"},
			TokenResponse: Response{
				Drop: map[string]string{"expires_in": "0"}, // for ever
			},
		},
		Facts:    Facts{PKCE: "no", Refresh: "none"},
		Unproven: []string{"error"},
		Waived:   map[string]string{"AssumeBearer": "requests-oauthlib's fix for Mailchimp"},
	},
	"pipedrive": {
		AuthorizeURL:            "https://oauth.pipedrive.com/oauth/authorize",
		AccessTokenURL:          "https://oauth.pipedrive.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_basic",
		APIBaseURL:              "https://api.pipedrive.com/v1/",
		UserInfoEndpoint:        "https://api.pipedrive.com/v1/users/me",
		UserInfoNames: map[string]string{
			"sub":          "{/data/company_id}-{/data/id}", // unique together only
			"name":         "/data/name",
			"picture":      "/data/icon_url",
			"email":        "/data/email",
			"locale":       "/data/locale",
			"zoneinfo":     "/data/timezone_name",
			"phone_number": "{/data/phone}",
		},
		IdentityIssuer: "https://www.pipedrive.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{GrantedScopeSeparator: ","}},
		Facts:          Facts{PKCE: "no", Refresh: "rotated"},
	},
	"seatalk": {
		AuthorizeURL:     "https://seatalkweb.com/webapp/oauth2/authorize",
		AccessTokenURL:   "https://seatalkweb.com/webapp/oauth2/token",
		TokenPlacement:   oauth2.InsecurePlacementQuery,
		Scopes:           []string{"email"},
		UserInfoEndpoint: "https://seatalkweb.com/webapp/oauth2/profile",
		UserInfoNames:    map[string]string{"sub": "user_id"},
		IdentityIssuer:   "https://seatalkweb.com",
		Unproven:         []string{"login", "identity", "error", "refresh"},
		Waived: map[string]string{
			"InsecurePlacementQuery": "goth's provider for SeaTalk: the token is in the query"},
	},
	"shopify": {
		// A callback has an hmac, keyed by the client secret, which no hook of a row knows. What
		// it protects is protected otherwise: state and the browser's cookie tie the callback to
		// this login, the shop is that of the parameter and not the callback's, and a code is
		// worth nothing at another shop. Who wants an offline token says so with AuthorizeParams
		// that are not nil; no user comes with that.
		AuthorizeURL:            "https://{shop}.myshopify.com/admin/oauth/authorize",
		AuthorizeParams:         url.Values{"grant_options[]": {"per-user"}},
		AccessTokenURL:          "https://{shop}.myshopify.com/admin/oauth/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://{shop}.myshopify.com/admin/api/",
		Scopes:                  []string{"read_products"},
		UserInfoNames: map[string]string{
			"sub":            "/associated_user/id",
			"name":           "{/associated_user/first_name} {/associated_user/last_name}",
			"given_name":     "/associated_user/first_name",
			"family_name":    "/associated_user/last_name",
			"email":          "/associated_user/email",
			"email_verified": "/associated_user/email_verified",
			"locale":         "/associated_user/locale",
		},
		IdentityIssuer: "https://{shop}.myshopify.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{
			AssumeBearer:   true,
			ScopeSeparator: ",",
		}},
		Dialect: Dialect{Headers: map[string]string{
			"Authorization":          "",
			"X-Shopify-Access-Token": "{access_token}",
		}},
		Params: map[string]Param{"shop": {Pattern: dnsLabel, Example: "example-shop"}},
		Facts:  Facts{PKCE: "no", Refresh: "rotated"},
		Waived: map[string]string{
			"AssumeBearer": "Shopify's documentation of online access tokens: no token_type"},
	},
	"stripe": {
		AuthorizeURL:            "https://connect.stripe.com/oauth/authorize",
		AccessTokenURL:          "https://connect.stripe.com/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post", // the secret is the platform's API key
		APIBaseURL:              "https://api.stripe.com/v1/",
		// Connect allows platforms no other scope.
		Scopes:         []string{"read_write"},
		UserInfoNames:  map[string]string{"sub": "stripe_user_id"}, // an account
		IdentityIssuer: "https://stripe.com",
		Facts:          Facts{PKCE: "no", Refresh: "kept"},
	},
	"uber": {
		// The uuid of accounts that goth made is of an older version of the API.
		AuthorizeURL:            "https://auth.uber.com/oauth/v2/authorize",
		AccessTokenURL:          "https://auth.uber.com/oauth/v2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.uber.com/v1.2/",
		Scopes:                  []string{"profile"},
		UserInfoEndpoint:        "https://api.uber.com/v1.2/me",
		UserInfoNames: map[string]string{
			"sub":                   "rider_id",
			"name":                  "{first_name} {last_name}",
			"given_name":            "first_name",
			"family_name":           "last_name",
			"phone_number":          "mobile_number",
			"phone_number_verified": "mobile_verified",
		},
		IdentityIssuer: "https://www.uber.com",
	},
	"yammer": { // AuthorizeURL is that of Microsoft's documentation; /dialog/oauth is older
		AuthorizeURL:            "https://www.yammer.com/oauth2/authorize",
		AccessTokenURL:          "https://www.yammer.com/oauth2/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://www.yammer.com/api/v1/",
		UserInfoEndpoint:        "https://www.yammer.com/api/v1/users/current.json",
		UserInfoNames: map[string]string{
			"sub":         "id",
			"name":        "full_name",
			"given_name":  "first_name",
			"family_name": "last_name",
			"profile":     "web_url",
			"picture":     "mugshot_url",
		},
		IdentityIssuer: "https://www.yammer.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Dialect: Dialect{TokenResponse: Response{
			Names: map[string]string{"access_token": "/access_token/token"},
		}},
		Facts:  Facts{PKCE: "no", Refresh: "none"},
		Waived: map[string]string{"AssumeBearer": "social-core's test of Yammer"},
	},
	"zoho": {
		// Canada is not among the regions: its host is another, accounts.zohocloud.ca.
		AuthorizeURL:            "https://accounts.zoho.{region}/oauth/v2/auth",
		AccessTokenURL:          "https://accounts.zoho.{region}/oauth/v2/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://www.zohoapis.{region}/",
		Scopes:                  []string{"AaaServer.profile.READ"},
		UserInfoEndpoint:        "https://accounts.zoho.{region}/oauth/user/info",
		UserInfoNames: map[string]string{
			"sub":         "ZUID",
			"name":        "Display_Name",
			"given_name":  "First_Name",
			"family_name": "Last_Name",
			"email":       "Email",
		},
		IdentityIssuer: "https://accounts.zoho.{region}",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: Dialect{
			Headers: map[string]string{"Authorization": "Zoho-oauthtoken {access_token}"},
			TokenResponse: Response{
				Codes: map[string]string{"invalid_code": "invalid_grant"},
				// Where there is the latter, the former is in milliseconds.
				Names: map[string]string{"expires_in": "expires_in_sec"},
			},
		},
		Params: map[string]Param{"region": {Pattern: `(com|eu|in|com\.au|jp|com\.cn|sa)`,
			Example: "eu", Default: "com"}},
		Facts: Facts{PKCE: "yes", Refresh: "kept"},
	},
	"zoom": {
		AuthorizeURL:            "https://zoom.us/oauth/authorize",
		AccessTokenURL:          "https://zoom.us/oauth/token",
		TokenEndpointAuthMethod: "client_secret_basic",
		APIBaseURL:              "https://api.zoom.us/v2/",
		Scopes:                  []string{"user:read:user"},
		UserInfoEndpoint:        "https://api.zoom.us/v2/users/me",
		UserInfoNames: map[string]string{
			"sub":            "id",
			"name":           "display_name",
			"given_name":     "first_name",
			"family_name":    "last_name",
			"picture":        "pic_url",
			"email_verified": "verified",
			"locale":         "language",
			"zoneinfo":       "timezone",
		},
		IdentityIssuer: "https://zoom.us",
		Quirks:         oidc.Quirks{StringBooleans: true},
		Dialect: Dialect{TokenResponse: Response{
			ErrorDescription: "reason",
		}},
		Facts: Facts{PKCE: "yes", Refresh: "rotated"},
		Waived: map[string]string{
			"StringBooleans": "social-core's and django-allauth's tests of Zoom: 0 or 1"},
	},
}

// etsyUser adds the user_id that Etsy's API asks for: it is what an access token begins with,
// up to a dot.
var etsyUser = edited(func(m strictjson.Object, members map[string]json.RawMessage) {
	token, _ := m.Get("access_token").String()
	id, _, found := strings.Cut(token, ".")
	if found && strings.Trim(id, "0123456789") == "" {
		members["user_id"] = quoted(id)
	}
})

// ruName is the parameter that has the name which eBay has given to the redirect URI, its
// RuName. eBay takes it in the URI's place.
const ruName = "runame"

func ruNameInURL(_ context.Context, u *url.URL) error {
	query := u.Query()
	query.Set("redirect_uri", query.Get(ruName))
	query.Del(ruName)
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return nil
}

func ruNameInForm(_ context.Context, req *http.Request) error {
	if req.PostForm.Has("redirect_uri") {
		req.PostForm["redirect_uri"] = req.PostForm[ruName]
	}
	req.PostForm.Del(ruName)
	return nil
}
