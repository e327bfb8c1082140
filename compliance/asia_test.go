package compliance_test

import (
	"net/url"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var asianLogins = map[string]wanted{
	"baidu": {
		user: oidc.Identity{Issuer: "https://openapi.baidu.com", Subject: "9000000017"},
		name: "Bai Fixture",
		picture: "https://tb.himg.baidu.com/sys/portrait/item/" +
			"17inventedportrait00000017",
		scopes:  "basic",
		expires: 2592000,
	},
	"chatwork": {
		user:     oidc.Identity{Issuer: "https://www.chatwork.com", Subject: "170017"},
		name:     "Chika Fixture",
		username: "chika-fixture",
		picture:  "https://appdata.example/avatar/170017.png",
		claims:   map[string]string{"website": "https://chika.example"},
		email:    "chika@example.com",
		scopes:   "users.profile.me:read",
		expires:  18000,
	},
	"dingtalk": {
		user: oidc.Identity{Issuer: "https://login.dingtalk.com",
			Subject: "inventedUnionId17iEiE"},
		name:    "Ding Fixture",
		picture: "https://static.example/ding17.jpg",
		claims:  map[string]string{"phone_number": "+8610000000017"},
		email:   "ding@example.com",
		expires: 7200,
	},
	"feishu": {
		user: oidc.Identity{Issuer: "https://accounts.feishu.cn",
			Subject: "ou_17invented0000000000000000000017"},
		name:    "费 Fixture",
		picture: "https://static.example/avatar/17",
		claims:  map[string]string{"phone_number": "+8610000000017"},
		email:   "fei@example.com",
		scopes:  "auth:user.id:read offline_access",
		expires: 7200,
	},
	"huawei": {
		user: oidc.Identity{Issuer: "https://accounts.huawei.com",
			Subject: "MDFInventedUnionId17"},
		idToken: true,
		name:    "Hua Fixture",
		picture: "https://upfile.example/17.jpg",
		claims:  map[string]string{"nickname": "hua"},
		scopes:  "openid profile email",
		expires: 3600,
	},
	"lark": {
		user: oidc.Identity{Issuer: "https://accounts.larksuite.com",
			Subject: "ou_17invented0000000000000000000017"},
		name:    "费 Fixture",
		picture: "https://static.example/avatar/17",
		claims:  map[string]string{"phone_number": "+8610000000017"},
		email:   "fei@example.com",
		scopes:  "auth:user.id:read offline_access",
		expires: 7200,
	},
	"mailru": {
		user:    oidc.Identity{Issuer: "https://oauth.mail.ru", Subject: "9000000017"},
		name:    "Мила Fixture",
		picture: "https://filin.example/pic?d=invented17",
		claims: map[string]string{
			"given_name": "Мила", "family_name": "Fixture", "nickname": "mila", "gender": "f",
			"locale": "ru_RU",
		},
		email:   "mila@example.com",
		scopes:  "userinfo",
		expires: 3600,
	},
	"naver": {
		user: oidc.Identity{Issuer: "https://nid.naver.com",
			Subject: "inventedNaverId17_-000000000000000000000000"},
		name:    "나우 Fixture",
		picture: "https://ssl.example/static/profile17.png",
		claims: map[string]string{
			"nickname": "나우", "gender": "F", "birthdate": "2000-03-17",
			"phone_number": "+821000000017",
		},
		email:   "nawoo@example.com",
		expires: 3600,
	},
	"qq": {
		user: oidc.Identity{Issuer: "https://graph.qq.com",
			Subject: "17INVENTEDQQOPENID00000000000017"},
		scopes:  "get_user_info",
		expires: 5184000,
	},
	"seznam": {
		user:     oidc.Identity{Issuer: "https://login.szn.cz", Subject: "17inv0017"},
		name:     "Zuzana Fixture",
		username: "zuzana-fixture",
		claims:   map[string]string{"given_name": "Zuzana", "family_name": "Fixture"},
		email:    "zuzana@example.com",
		scopes:   "identity avatar",
		expires:  31536000,
	},
	"wechat": {
		user: oidc.Identity{Issuer: "https://open.weixin.qq.com",
			Subject: "o17inventedOpenId0000000017"},
		name:    "微 Fixture",
		picture: "https://thirdwx.example/mmopen/17/132",
		claims:  map[string]string{"nickname": "微 Fixture", "locale": "zh_CN"},
		scopes:  "snsapi_login",
		expires: 7200,
	},
	"weibo": {
		user:     oidc.Identity{Issuer: "https://api.weibo.com", Subject: "9000000017"},
		name:     "wei_fixture",
		username: "wei_fixture",
		picture:  "http://tp3.example/9000000017/180/0/0",
		profile:  "https://weibo.com/u/9000000017",
		claims: map[string]string{
			"website": "https://wei.example", "gender": "f", "locale": "zh-cn",
		},
		email:   "wei@example.com",
		scopes:  "email",
		expires: 157679999,
	},
	"yandex": {
		user:     oidc.Identity{Issuer: "https://oauth.yandex.com", Subject: "9000000017"},
		name:     "Яна Fixture",
		username: "yana-fixture",
		picture:  "https://avatars.yandex.net/get-yapic/17/inventedavatar-17/islands-200",
		claims: map[string]string{
			"given_name": "Яна", "family_name": "Fixture", "nickname": "Yana",
			"gender": "female",
		},
		email:   "yana@example.com",
		scopes:  "login:email login:info login:avatar",
		expires: 31536000,
	},
}

var asianFailures = map[string]error{
	"baidu-bad-client":    &oauth2.Error{Code: "invalid_client"},
	"baidu-denied":        registry.ErrAccessDenied,
	"chatwork-bad-code":   &oauth2.Error{Code: "invalid_grant"},
	"dingtalk-bad-code":   &oauth2.Error{Code: "invalid_grant"},
	"feishu-error":        &oauth2.Error{Code: "server_error"},
	"huawei-used-code":    &oauth2.Error{Code: "invalid_grant"},
	"lark-error":          &oauth2.Error{Code: "server_error"},
	"mailru-error":        &oauth2.Error{Code: "invalid_grant"},
	"naver-error":         &oauth2.Error{Code: "invalid_request"},
	"qq-used-code":        &oauth2.Error{Code: "invalid_grant"},
	"wechat-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"wechat-denied":       registry.ErrAccessDenied,
	"weibo-bad-code":      &oauth2.Error{Code: "invalid_grant"},
	"yandex-expired-code": &oauth2.Error{Code: "invalid_grant"},
}

var asianRefreshes = map[string]renewed{
	"baidu": {
		old:     "invented-baidu-refresh-1",
		access:  "invented-baidu-token-2",
		refresh: "invented-baidu-refresh-2",
		expires: 2592000,
	},
	"chatwork": {
		old:     "invented-chatwork-refresh-1",
		access:  "invented-chatwork-token-2",
		refresh: "invented-chatwork-refresh-2",
		expires: 86400,
	},
	"dingtalk": {
		old:     "invented-dingtalk-refresh-1",
		access:  "invented-dingtalk-token-2",
		refresh: "invented-dingtalk-refresh-2",
		expires: 7200,
	},
	"feishu": {
		old:     "invented-feishu-refresh-1",
		access:  "invented-feishu-token-2",
		refresh: "invented-feishu-refresh-2",
		expires: 7200,
	},
	"huawei": {
		old:     "invented-huawei-refresh-1",
		access:  "invented-huawei-token-2",
		expires: 3600,
	},
	"lark": {
		old:     "invented-lark-refresh-1",
		access:  "invented-lark-token-2",
		refresh: "invented-lark-refresh-2",
		expires: 7200,
	},
	"mailru": {
		old:     "invented-mailru-refresh-1",
		access:  "invented-mailru-token-2",
		expires: 3600,
	},
	"naver": {
		old:     "inventedNaverRefreshToken17",
		access:  "AAAAinventedNaverToken2",
		expires: 3600,
	},
	"qq": {
		old:     "17INVENTEDQQREFRESHTOKEN00000017",
		access:  "17INVENTEDQQACCESSTOKEN000000018",
		refresh: "17INVENTEDQQREFRESHTOKEN00000018",
		expires: 5184000,
	},
	"wechat": {
		old:     "17_inventedWeChatRefreshToken",
		access:  "17_inventedWeChatToken2",
		expires: 7200,
	},
	"yandex": {
		old:     "1:inventedYandexRefresh:17",
		access:  "y0_inventedYandexToken2",
		refresh: "1:inventedYandexRefresh:18",
		expires: 31536000,
	},
}

// What Chatwork calls expires_in is a moment, but a duration stays one.
func TestChatworkExpiry(t *testing.T) {
	row, _ := compliance.Lookup("chatwork")
	const moment = `{"expires_in":"1790001000999"}`
	const twice = `{"a":1,"a":2,"expires_in":"1790001000000"}`
	for body, want := range map[string]string{
		moment:                         `{"expires_at":"1790001000",` + moment[1:],
		`{"expires_in":1790001000000}`: `{"expires_at":"1790001000","expires_in":1790001000000}`,
		`{"expires_in":1800}`:          `{"expires_in":1800}`,
		`{"expires_in":"soon"}`:        `{"expires_in":"soon"}`,
		twice:                          twice,
		`{}`:                           `{}`,
		`oops`:                         `oops`,
	} {
		resp := &httpclient.Response{Body: []byte(body)}
		if err := row.Hooks.AccessTokenResponse[0](t.Context(), resp); err != nil {
			t.Fatal(err)
		}
		if string(resp.Body) != want {
			t.Errorf("%s became %s", body, resp.Body)
		}
	}
	f := load(t, "chatwork")
	login, err := logIn(t, f, register(t, f))
	if err != nil {
		t.Fatal(err)
	}
	if at := login.Token.OAuth2.ExpiresAt.Unix(); at != 1790001000 {
		t.Errorf("the token ends at %d", at)
	}
}

// What an application asks for beside what the fixtures do.
func TestAsianAuthorizationURLs(t *testing.T) {
	for _, test := range []struct{ row, query, want string }{
		{"dingtalk", "client_id=a&state=s", "client_id=a&state=s&scope=openid"},
		{"dingtalk", "client_id=a&scope=corpid&state=s",
			"client_id=a&scope=openid%20corpid&state=s"},
		{"wechat", "lang=en&state=s&response_type=code&b=1&a=2&appid=a",
			"appid=a&response_type=code&state=s&lang=en&b=1&a=2#wechat_redirect"},
	} {
		row, _ := compliance.Lookup(test.row)
		u, err := url.Parse("https://example.com/?" + test.query)
		if err != nil {
			t.Fatal(err)
		}
		if err := row.Hooks.AuthorizationRequest[0](t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if want := "https://example.com/?" + test.want; u.String() != want {
			t.Errorf("%s: %s, want %s", test.row, u, want)
		}
	}
}
