package compliance

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Not here are Alipay, every request to which is signed with the client's RSA key; Odnoklassniki,
// every request to whose API is signed with the client secret and a key that is a third
// credential; and WeCom, whose token is the application's own and who takes the code elsewhere.
var asianProviders = map[string]Provider{
	"baidu": {
		AuthorizeURL:            "https://openapi.baidu.com/oauth/2.0/authorize",
		AccessTokenURL:          "https://openapi.baidu.com/oauth/2.0/token",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		APIBaseURL:              "https://openapi.baidu.com/rest/2.0/",
		Scopes:                  []string{"basic"},
		UserInfoEndpoint: "https://openapi.baidu.com/rest/2.0/passport/users/" +
			"getLoggedInUser",
		UserInfoNames: map[string]string{
			"sub":     "uid",
			"name":    "uname",
			"picture": "https://tb.himg.baidu.com/sys/portrait/item/{portrait}",
		},
		IdentityIssuer: "https://openapi.baidu.com",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Facts:          Facts{Refresh: "rotated", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer":           "Baidu's documentation of its token endpoint: no token_type",
			"InsecurePlacementQuery": "Baidu's documentation of its API: ?access_token=",
		},
	},
	"chatwork": {
		AuthorizeURL:     "https://www.chatwork.com/packages/oauth2/login.php",
		AccessTokenURL:   "https://oauth.chatwork.com/token",
		APIBaseURL:       "https://api.chatwork.com/v2/",
		Scopes:           []string{"users.profile.me:read"},
		UserInfoEndpoint: "https://api.chatwork.com/v2/me",
		UserInfoNames: map[string]string{
			"sub":                "account_id",
			"preferred_username": "chatwork_id",
			"email":              "mail",
			"picture":            "avatar_image_url",
			"website":            "url",
		},
		IdentityIssuer: "https://www.chatwork.com",
		Hooks: oauth2.Hooks{
			AccessTokenResponse:  []oauth2.ResponseHook{chatworkExpiry},
			RefreshTokenResponse: []oauth2.ResponseHook{chatworkExpiry},
		},
		Facts: Facts{PKCE: "yes"},
	},
	"dingtalk": {
		AuthorizeURL:            "https://login.dingtalk.com/oauth2/auth",
		AuthorizeParams:         url.Values{"prompt": {"consent"}},
		AccessTokenURL:          "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://api.dingtalk.com/v1.0/",
		UserInfoEndpoint:        "https://api.dingtalk.com/v1.0/contact/users/me",
		UserInfoNames: map[string]string{
			"sub":          "unionId", // always there, as openId is
			"name":         "nick",
			"picture":      "avatarUrl",
			"phone_number": "+{stateCode}{mobile}",
		},
		IdentityIssuer: "https://login.dingtalk.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{
			AssumeBearer: true, JSONTokenRequest: true}},
		Dialect: Dialect{
			CodeParameter: "authCode",
			Headers: map[string]string{"Authorization": "",
				"X-Acs-Dingtalk-Access-Token": "{access_token}"},
			TokenResponse: Response{
				Names: map[string]string{"access_token": "accessToken",
					"refresh_token": "refreshToken", "expires_in": "expireIn"},
				Error:            "code",
				ErrorDescription: "message",
				Codes: map[string]string{
					"invalidParameter.authCode.notFound": "invalid_grant"},
			},
		},
		Hooks: oauth2.Hooks{
			AuthorizationRequest: []oauth2.AuthorizationHook{scopeOpenID},
			AccessTokenRequest:   []oauth2.RequestHook{dingTalkNames.renameInForm},
			RefreshTokenRequest:  []oauth2.RequestHook{dingTalkNames.renameInForm},
		},
		Facts: Facts{PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer": "DingTalk's documentation of its token endpoint: no token type"},
	},
	"feishu": feishu("feishu.cn"),
	// Its metadata is not at its issuer, nor known: what is here is documented one by one. Who
	// refuses comes back without the state, which no transaction is found by.
	"huawei": {
		AuthorizeURL:            "https://oauth-login.cloud.huawei.com/oauth2/v3/authorize",
		AuthorizeParams:         url.Values{"access_type": {"offline"}},
		AccessTokenURL:          "https://oauth-login.cloud.huawei.com/oauth2/v3/token",
		Issuer:                  "https://accounts.huawei.com",
		JWKSURI:                 "https://oauth-login.cloud.huawei.com/oauth2/v3/certs",
		TokenEndpointAuthMethod: "client_secret_post",
		Scopes:                  []string{"openid", "profile", "email"},
		UserInfoNames:           map[string]string{"name": "display_name"},
		Dialect: Dialect{TokenResponse: Response{
			Error: "sub_error",
			Codes: map[string]string{
				"20153": "invalid_grant", // no such code
				"20155": "invalid_grant", // expired
				"20156": "invalid_grant", // used
				"20158": "invalid_grant", // revoked
				"11205": "invalid_grant", // the refresh token has expired
				"31202": "invalid_grant", // cannot be read
				"31204": "invalid_grant", // was revoked
				"12304": "invalid_client",
			},
		}},
		Facts: Facts{Refresh: "kept", PKCE: "no"},
	},
	"lark": feishu("larksuite.com"), // what goth calls lark is feishu
	"mailru": {
		AuthorizeURL:     "https://oauth.mail.ru/login",
		AccessTokenURL:   "https://oauth.mail.ru/token",
		TokenPlacement:   oauth2.InsecurePlacementQuery,
		APIBaseURL:       "https://oauth.mail.ru/",
		Scopes:           []string{"userinfo"},
		UserInfoEndpoint: "https://oauth.mail.ru/userinfo",
		UserInfoNames: map[string]string{
			"sub":         "id", // which is new: an answer without it names nobody
			"given_name":  "first_name",
			"family_name": "last_name",
			"picture":     "image",
		},
		IdentityIssuer: "https://oauth.mail.ru",
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}},
		Dialect: Dialect{TokenResponse: Response{
			Error: "error_code",                            // beside an error that is words
			Codes: map[string]string{"6": "invalid_grant"}, // no such token
		}},
		Facts: Facts{Refresh: "kept", PKCE: "yes"}, // by the documentation since VK ID has it
		Waived: map[string]string{
			"AssumeBearer":           "issue 27 of CloudMailRu: an answer without token_type",
			"InsecurePlacementQuery": "issue 5660 of NextAuth.js: UserInfo takes ?access_token=",
		},
	},
	"naver": {
		AuthorizeURL:            "https://nid.naver.com/oauth2.0/authorize",
		AccessTokenURL:          "https://nid.naver.com/oauth2.0/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://openapi.naver.com/",
		UserInfoEndpoint:        "https://openapi.naver.com/v1/nid/me",
		UserInfoNames: map[string]string{
			"sub":          "/response/id",
			"name":         "/response/name",
			"nickname":     "/response/nickname",
			"email":        "/response/email",
			"picture":      "/response/profile_image",
			"gender":       "/response/gender",
			"birthdate":    "{/response/birthyear}-{/response/birthday}",
			"phone_number": "/response/mobile_e164",
		},
		IdentityIssuer: "https://nid.naver.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{
			RepeatedParameters: []string{"state"}}},
		Dialect: Dialect{UntypedUserInfo: true},
		Facts:   Facts{Refresh: "kept", PKCE: "no"},
		Waived:  map[string]string{"UntypedUserInfo": "social-core's test of Naver: text/json"},
	},
	// The user's name would take another request, with the client's ID in it.
	"qq": {
		AuthorizeURL:            "https://graph.qq.com/oauth2.0/authorize",
		AccessTokenURL:          "https://graph.qq.com/oauth2.0/token",
		AccessTokenParams:       url.Values{"fmt": {"json"}}, // not a form, nor JSONP
		RefreshTokenParams:      url.Values{"fmt": {"json"}},
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		APIBaseURL:              "https://graph.qq.com/",
		Scopes:                  []string{"get_user_info"},
		UserInfoEndpoint:        "https://graph.qq.com/oauth2.0/me?fmt=json",
		UserInfoNames:           map[string]string{"sub": "openid"},
		IdentityIssuer:          "https://graph.qq.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ",",
			FormTokenResponse: true, AssumeBearer: true, InsecureTokenGET: true}},
		Dialect: Dialect{
			TokenResponse: Response{
				Codes: map[string]string{"100020": "invalid_grant"}, // used
			},
			UntypedUserInfo: true,
		},
		Facts: Facts{Refresh: "rotated", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer":           "QQ's documentation of its token endpoint: no token_type",
			"FormTokenResponse":      "QQ's documentation of its token endpoint: text/html",
			"InsecureTokenGET":       "QQ's documentation of its token endpoint: GET",
			"InsecurePlacementQuery": "QQ's documentation of its API: ?access_token=",
			"UntypedUserInfo":        "QQ's documentation of its API: text/html",
		},
	},
	"seznam": {
		AuthorizeURL:            "https://login.szn.cz/api/v1/oauth/auth",
		AccessTokenURL:          "https://login.szn.cz/api/v1/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://login.szn.cz/",
		Scopes:                  []string{"identity"},
		UserInfoEndpoint:        "https://login.szn.cz/api/v1/user",
		UserInfoNames: map[string]string{
			"sub":                "oauth_user_id",
			"name":               "{firstname} {lastname}",
			"given_name":         "firstname",
			"family_name":        "lastname",
			"preferred_username": "username",
		},
		IdentityIssuer: "https://login.szn.cz",
		Dialect: Dialect{TokenResponse: Response{
			Names: map[string]string{"scope": "scopes"}, ScopeList: true}},
		Facts:    Facts{PKCE: "no"},
		Unproven: []string{"error", "refresh"},
	},
	// In WeChat's own browser the AuthorizeURL is .../connect/oauth2/authorize, and the scope
	// snsapi_userinfo.
	"wechat": {
		AuthorizeURL:            "https://open.weixin.qq.com/connect/qrconnect",
		AccessTokenURL:          "https://api.weixin.qq.com/sns/oauth2/access_token",
		RefreshTokenURL:         "https://api.weixin.qq.com/sns/oauth2/refresh_token",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		APIBaseURL:              "https://api.weixin.qq.com/",
		Scopes:                  []string{"snsapi_login"},
		UserInfoEndpoint:        "https://api.weixin.qq.com/sns/userinfo?openid={openid}",
		UserInfoNames: map[string]string{
			// The unionid comes and goes with what else the client's owner registers.
			"sub":     "openid",
			"name":    "nickname",
			"picture": "headimgurl",
			"locale":  "language",
		},
		IdentityIssuer: "https://open.weixin.qq.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ",",
			FormTokenResponse: true, AssumeBearer: true, InsecureTokenGET: true}},
		Dialect: Dialect{
			ParameterNames: map[string]string{"client_id": "appid", "client_secret": "secret"},
			TokenResponse: Response{
				Error:            "errcode",
				ErrorDescription: "errmsg",
				Codes: map[string]string{
					"40029": "invalid_grant", // no such code
					"40030": "invalid_grant", // no such refresh token
				},
			},
			UntypedUserInfo: true,
		},
		Hooks: oauth2.Hooks{
			AuthorizationRequest:  []oauth2.AuthorizationHook{weChatOrder},
			AuthorizationResponse: []oauth2.CallbackHook{weChatRefusal},
		},
		Facts: Facts{Refresh: "kept", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer":           "WeChat's documentation of its token endpoint: no token_type",
			"FormTokenResponse":      "WeChat's documentation of its token endpoint: text/plain",
			"InsecureTokenGET":       "WeChat's documentation of its token endpoint: GET",
			"InsecurePlacementQuery": "WeChat's documentation of its API: ?access_token=",
			"UntypedUserInfo":        "django-allauth's client of WeChat, for which it is text",
		},
	},
	"weibo": {
		AuthorizeURL:            "https://api.weibo.com/oauth2/authorize",
		AccessTokenURL:          "https://api.weibo.com/oauth2/access_token",
		TokenEndpointAuthMethod: "client_secret_post",
		TokenPlacement:          oauth2.InsecurePlacementQuery,
		APIBaseURL:              "https://api.weibo.com/2/",
		Scopes:                  []string{"email"}, // which takes Weibo's approval
		UserInfoEndpoint:        "https://api.weibo.com/2/users/show.json?uid={uid}",
		UserInfoNames: map[string]string{
			"sub":                "idstr",
			"preferred_username": "screen_name",
			"picture":            "avatar_large",
			"profile":            "https://weibo.com/{profile_url}",
			"website":            "url",
			"locale":             "lang",
		},
		UserInfoEmails: Emails{Endpoint: "account/profile/email.json", Email: "email"},
		IdentityIssuer: "https://api.weibo.com",
		Quirks: oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ",",
			FormTokenResponse: true, AssumeBearer: true}},
		Facts: Facts{Refresh: "none", PKCE: "no"},
		Waived: map[string]string{
			"AssumeBearer":           "requests-oauthlib's fix for Weibo: no token_type",
			"FormTokenResponse":      "Weibo's documentation of its token endpoint: text/plain",
			"InsecurePlacementQuery": "Weibo's documentation of its API: ?access_token=",
		},
	},
	"yandex": {
		AuthorizeURL:     "https://oauth.yandex.com/authorize",
		AccessTokenURL:   "https://oauth.yandex.com/token",
		APIBaseURL:       "https://login.yandex.ru/",
		Scopes:           []string{"login:email", "login:info", "login:avatar"},
		UserInfoEndpoint: "https://login.yandex.ru/info?format=json",
		UserInfoNames: map[string]string{
			"sub":                "id",
			"name":               "real_name",
			"given_name":         "first_name",
			"family_name":        "last_name",
			"nickname":           "display_name",
			"preferred_username": "login",
			"email":              "default_email",
			"gender":             "sex",
			"picture": "https://avatars.yandex.net/get-yapic/{default_avatar_id}/" +
				"islands-200",
		},
		IdentityIssuer: "https://oauth.yandex.com",
		Dialect: Dialect{
			Headers: map[string]string{"Authorization": "OAuth {access_token}"}},
		Facts: Facts{Refresh: "rotated", PKCE: "yes"},
	},
}

// feishu is the row of Feishu, and that of Lark, which is the same service in another place. The
// hosts are those of the documentation of its OAuth 2.0; those called passport are older.
func feishu(domain string) Provider {
	return Provider{
		AuthorizeURL:            "https://accounts." + domain + "/open-apis/authen/v1/authorize",
		AccessTokenURL:          "https://open." + domain + "/open-apis/authen/v2/oauth/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://open." + domain + "/open-apis/",
		UserInfoEndpoint:        "https://open." + domain + "/open-apis/authen/v1/user_info",
		UserInfoNames: map[string]string{
			"sub":          "/data/open_id",
			"name":         "/data/name",
			"email":        "/data/email",
			"picture":      "/data/avatar_url",
			"phone_number": "/data/mobile",
		},
		IdentityIssuer: "https://accounts." + domain,
		Quirks:         oidc.Quirks{Quirks: oauth2.Quirks{JSONTokenRequest: true}},
		Facts:          Facts{Refresh: "rotated", PKCE: "yes"},
	}
}

// chatworkExpiry takes an expires_in that is no duration for the moment it is, in milliseconds.
var chatworkExpiry = edited(func(m strictjson.Object, members map[string]json.RawMessage) {
	at, err := strconv.ParseInt(digitsOrText(m.Get("expires_in")), 10, 64)
	if err == nil && at >= 1e11 {
		members["expires_at"] = quoted(strconv.FormatInt(at/1000, 10))
	}
})

// dingTalkNames are the parameters of token requests; those of authorization requests have the
// names of RFC 6749.
var dingTalkNames = Dialect{ParameterNames: map[string]string{"client_id": "clientId",
	"client_secret": "clientSecret", "grant_type": "grantType", "refresh_token": "refreshToken"}}

// scopeOpenID asks for a scope openid that brings no ID Token, as DingTalk's, or none that tells
// who the user is: among the Scopes one of this name means OpenID Connect.
func scopeOpenID(_ context.Context, u *url.URL) error {
	const scope = "&scope="
	before, after, others := strings.Cut(u.RawQuery, scope)
	u.RawQuery = before + scope + "openid"
	if others {
		u.RawQuery += "%20" + after
	}
	return nil
}

// weChatOrder puts the parameters in the order of WeChat's documentation, which WeChat's browser
// insists on, and adds the fragment.
func weChatOrder(_ context.Context, u *url.URL) error {
	order := []string{"appid", "redirect_uri", "response_type", "scope", "state"}
	place := func(pair string) int {
		name, _, _ := strings.Cut(pair, "=")
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	pairs := strings.Split(u.RawQuery, "&")
	slices.SortStableFunc(pairs, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	u.RawQuery, u.Fragment = strings.Join(pairs, "&"), "wechat_redirect"
	return nil
}

// weChatRefusal takes a callback with nothing but the state for that of a user who refuses.
func weChatRefusal(_ context.Context, params url.Values) error {
	if !params.Has("code") && !params.Has("error") {
		params.Set("error", "access_denied")
	}
	return nil
}
