package compliance_test

import (
	"errors"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

const (
	microsoftIssuer = "https://login.microsoftonline.com/"
	entraTenant     = "17000000-baaa-4bbb-8ccc-170000000018"
	microsoftPhoto  = "https://graph.microsoft.com/v1.0/me/photo/$value"
	microsoftScopes = "openid profile email User.Read"
)

var oidcLogins = map[string]wanted{
	"apple": {
		params: map[string]string{"team": "17FIXTURE0", "key": "17INVENTED"},
		signed: true,
		user: oidc.Identity{Issuer: "https://appleid.apple.com",
			Subject: "000017.17f17f17f17f17f17f17f17f17f17f17.0917"},
		idToken:  true,
		name:     "Ada Fixture",
		claims:   map[string]string{"given_name": "Ada", "family_name": "Fixture"},
		email:    "relay17@example.com",
		verified: true,
		scopes:   "openid name email",
		expires:  3600,
		callback: map[string]string{"user": `{"name":{"firstName":"Ada","lastName":"Fixture"},` +
			`"email":"ada@example.com"}`},
	},
	"battlenet": {
		user:     oidc.Identity{Issuer: "https://oauth.battle.net", Subject: "170000017"},
		idToken:  true,
		username: "Bodo#1700",
		scopes:   "openid",
		expires:  86399,
	},
	"entra": {
		params: map[string]string{"tenant": entraTenant},
		user: oidc.Identity{Issuer: microsoftIssuer + entraTenant + "/v2.0",
			Subject: "Inv18MicrosoftSubjectOfThisClientAlone00000"},
		idToken: true,
		name:    "Enno Fixture",
		picture: microsoftPhoto,
		claims:  map[string]string{"given_name": "Enno", "family_name": "Fixture"},
		email:   "enno@example.com",
		scopes:  microsoftScopes,
		expires: 3736,
	},
	"figma": {
		user:     oidc.Identity{Issuer: "https://www.figma.com", Subject: "1700000000000000017"},
		idToken:  true,
		name:     "Fiona Fixture",
		username: "fiona",
		picture:  "https://s3-alpha.figma.com/profile/invented17",
		email:    "fiona@example.com",
		verified: true,
		scopes:   "openid email profile",
		expires:  7776000,
	},
	"gitlab": {
		user:     oidc.Identity{Issuer: "https://gitlab.com", Subject: "17000017"},
		idToken:  true,
		name:     "Gitta Fixture",
		username: "gitta-fixture",
		picture: "https://secure.gravatar.com/avatar/17171717171717171717171717171717" +
			"?s=80&d=identicon",
		profile:  "https://gitlab.com/gitta-fixture",
		claims:   map[string]string{"nickname": "gitta-fixture"},
		email:    "gitta@example.com",
		verified: true,
		scopes:   "openid profile email",
		expires:  7200,
	},
	"google": {
		user: oidc.Identity{Issuer: "https://accounts.google.com",
			Subject: "104729000000000000017"},
		idToken:  true,
		name:     "Iris Fixture",
		picture:  "https://lh3.googleusercontent.com/a/invented-picture=s96-c",
		claims:   map[string]string{"given_name": "Iris", "family_name": "Fixture"},
		email:    "iris@example.com",
		verified: true,
		scopes: "openid https://www.googleapis.com/auth/userinfo.email " +
			"https://www.googleapis.com/auth/userinfo.profile",
		expires: 3599,
		api:     "oauth2/v3/userinfo",
	},
	"kakao": {
		user:    oidc.Identity{Issuer: "https://kauth.kakao.com", Subject: "1700000017"},
		idToken: true,
		name:    "Kaya Fixture",
		picture: "https://example.com/kakao17_640.jpg",
		claims: map[string]string{
			"nickname": "Kaya", "gender": "FEMALE", "birthdate": "2000-01-17",
			"phone_number": "+82 00-0000-0017", "phone_number_verified": "true",
		},
		email:    "kaya@example.com",
		verified: true,
		scopes:   "account_email openid profile_nickname",
		expires:  21599,
	},
	"line": {
		user: oidc.Identity{Issuer: "https://access.line.me",
			Subject: "U17f17f17f17f17f17f17f17f17f17f17"},
		idToken: true,
		name:    "Lena Fixture",
		picture: "https://profile.line-scdn.net/invented17",
		scopes:  "profile openid email",
		expires: 2592000,
	},
	"linkedin": {
		user:    oidc.Identity{Issuer: "https://www.linkedin.com/oauth", Subject: "17inventLi"},
		idToken: true,
		name:    "Lina Fixture",
		picture: "https://media.licdn.com/invented17",
		claims: map[string]string{
			"given_name": "Lina", "family_name": "Fixture",
			"locale": "{\"country\":\"US\",\"language\":\"en\"}",
		},
		email:    "lina@example.com",
		verified: true,
		scopes:   "email openid profile",
		expires:  5183999,
	},
	"microsoft": {
		user: oidc.Identity{Issuer: microsoftIssuer + "17000000-baaa-4bbb-8ccc-170000000017/v2.0",
			Subject: "Inv17MicrosoftSubjectOfThisClientAlone00000"},
		idToken: true,
		name:    "Mina Fixture",
		picture: microsoftPhoto,
		claims:  map[string]string{"given_name": "Mina", "family_name": "Fixture"},
		email:   "mina@example.com",
		scopes:  microsoftScopes,
		expires: 3736,
	},
	"microsoft-consumers": {
		user: oidc.Identity{Issuer: microsoftIssuer + "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
			Subject: "Inv19MicrosoftSubjectOfThisClientAlone00000"},
		idToken: true,
		name:    "Cora Fixture",
		picture: microsoftPhoto,
		claims:  map[string]string{"given_name": "Cora", "family_name": "Fixture"},
		email:   "cora@example.com",
		scopes:  microsoftScopes,
		expires: 3736,
	},
	"paypal": {
		user: oidc.Identity{Issuer: "https://www.paypal.com",
			Subject: "https://www.paypal.com/webapps/auth/identity/user/invented-17-mWq6"},
		name:     "Paul Fixture",
		claims:   map[string]string{"given_name": "Paul", "family_name": "Fixture"},
		email:    "paul@example.com",
		verified: true,
		scopes:   "openid https://uri.paypal.com/services/paypalattributes profile email",
		expires:  28800,
	},
	"roblox": {
		user:     oidc.Identity{Issuer: "https://apis.roblox.com/oauth/", Subject: "1700000017"},
		idToken:  true,
		name:     "Robin",
		username: "robin17fixture",
		profile:  "https://www.roblox.com/users/1700000017/profile",
		claims:   map[string]string{"nickname": "Robin"},
		scopes:   "openid profile",
		expires:  899,
	},
	"slack": {
		user:    oidc.Identity{Issuer: "https://slack.com", Subject: "U17INVENTED"},
		idToken: true,
		name:    "Selma Fixture",
		picture: "https://secure.gravatar.com/avatar/17171717171717171717171717171717.jpg",
		claims: map[string]string{
			"given_name": "Selma", "family_name": "Fixture", "locale": "en-US",
		},
		email:    "selma@example.com",
		verified: true,
		scopes:   "openid email profile",
	},
	"twitch": {
		user:     oidc.Identity{Issuer: "https://id.twitch.tv/oauth2", Subject: "170000017"},
		idToken:  true,
		username: "Tilda",
		picture: "https://static-cdn.jtvnw.net/jtv_user_pictures/" +
			"17-invented-profile_image-300x300.png",
		email:    "tilda@example.com",
		verified: true,
		scopes:   "openid user:read:email",
		expires:  14017,
		api:      "users",
	},
	"yahoo": {
		user: oidc.Identity{Issuer: "https://api.login.yahoo.com",
			Subject: "17INVENTEDYAHOOSUBJECT17"},
		idToken:  true,
		name:     "Yara Fixture",
		username: "yara",
		picture:  "https://example.com/yara17.jpg",
		claims:   map[string]string{"given_name": "Yara", "family_name": "Fixture"},
		email:    "yara@example.com",
		scopes:   "openid profile email",
		expires:  3600,
	},
}

var oidcFailures = map[string]error{
	"apple-bad-code":               &oauth2.Error{Code: "invalid_grant"},
	"apple-cancelled":              registry.ErrAccessDenied,
	"battlenet-bad-code":           &oauth2.Error{Code: "invalid_grant"},
	"entra-bad-code":               &oauth2.Error{Code: "invalid_grant"},
	"figma-bad-code":               statusError(400),
	"gitlab-bad-code":              &oauth2.Error{Code: "invalid_grant"},
	"google-bad-code":              &oauth2.Error{Code: "invalid_grant"},
	"kakao-bad-code":               &oauth2.Error{Code: "invalid_grant"},
	"line-denied":                  registry.ErrAccessDenied,
	"linkedin-bad-code":            &oauth2.Error{Code: "invalid_request"},
	"linkedin-cancelled":           registry.ErrAccessDenied,
	"microsoft-bad-code":           &oauth2.Error{Code: "invalid_grant"},
	"microsoft-consumers-bad-code": &oauth2.Error{Code: "invalid_grant"},
	"microsoft-denied":             registry.ErrAccessDenied,
	"paypal-bad-code":              &oauth2.Error{Code: "invalid_grant"},
	"roblox-bad-code":              &oauth2.Error{Code: "invalid_grant"},
	"slack-bad-code":               &oauth2.Error{Code: "invalid_code"},
	"twitch-bad-code":              statusError(400),
	"yahoo-bad-code":               &oauth2.Error{Code: "invalid_grant"},
}

var oidcRefreshes = map[string]renewed{
	"apple": {old: "r17inventedAppleRefresh.0.mrxq.17",
		access: "a17inventedAppleSecond.0.mrxq.17", expires: 3600},
	"entra": {old: "0.18-invented-old-refresh", access: "EwA18inventedSecondAccess",
		refresh: "0.18-invented-new-refresh", expires: 3736},
	"figma": {old: "17inventedFigmaRefresh", access: "17inventedFigmaSecond", expires: 7776000},
	"gitlab": {old: "17inventedgitlabrefresh", access: "17inventedgitlabsecond",
		refresh: "17inventedgitlabnewrefresh", expires: 7200},
	"google": {old: "1//invented-google-refresh", access: "ya29.invented-second-access-token",
		expires: 3599},
	"kakao": {old: "17inventedKakaoRefresh", access: "17inventedKakaoSecond",
		refresh: "17inventedKakaoNewRefresh", expires: 43199},
	"line": {old: "17inventedLineRefresh", access: "17inventedLineSecond", expires: 2592000},
	"microsoft": {old: "0.17-invented-old-refresh", access: "EwA17inventedSecondAccess",
		refresh: "0.17-invented-new-refresh", expires: 3736},
	"microsoft-consumers": {old: "0.19-invented-old-refresh", access: "EwA19inventedSecondAccess",
		refresh: "0.19-invented-new-refresh", expires: 3736},
	"paypal": {old: "R23inventedPaypalRefresh", access: "A23inventedPaypalSecond",
		expires: 28800},
	"roblox": {old: "17inventedRobloxRefresh", access: "17inventedRobloxSecond",
		refresh: "17inventedRobloxNewRefresh", expires: 899},
	"twitch": {old: "17inventedtwitchrefresh", access: "17inventedtwitchsecond00000000",
		refresh: "17inventedtwitchnewrefresh", expires: 14017},
	"yahoo": {old: "17inventedYahooRefresh", access: "17inventedYahooSecond", expires: 3600},
}

// The name of one who logs in with Apple comes with the first callback, and never again.
func TestAppleNames(t *testing.T) {
	for file, want := range map[string][3]string{
		"apple":       {"Ada Fixture", "Ada", "Fixture"},
		"apple-again": {},
	} {
		t.Run(file, func(t *testing.T) {
			f := load(t, file)
			client := register(t, f)
			login, err := logIn(t, f, client)
			if err != nil {
				t.Fatal(err)
			}
			user, err := client.UserInfo(t.Context(), login)
			if err != nil {
				t.Fatal(err)
			}
			if got := [3]string{user.Name, user.GivenName, user.FamilyName}; got != want {
				t.Errorf("names are %q, want %q", got, want)
			}
		})
	}
}

// What a row of Microsoft's allows, an application may allow some tenants alone.
func TestMicrosoftTenants(t *testing.T) {
	f := load(t, "microsoft")
	reg, err := registry.New(registry.Options{EphemeralKey: true, HTTP: f.Client(), Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	client, err := reg.Register("microsoft", registry.Config{
		Provider:     "microsoft",
		ClientID:     f.ClientID(),
		ClientSecret: f.ClientSecret(),
		OIDC: oidc.Config{Tenants: oidc.Tenants{
			Allow: func(tenant string) bool { return tenant == entraTenant },
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	login, err := logIn(t, f, client)
	if login != nil || !errors.Is(err, &jose.CheckError{Check: "iss"}) {
		t.Errorf("got %v, want the check iss", err)
	}
}

// What a provider does not repeat at its UserInfo Endpoint is in its ID Token.
func TestIDTokenEmail(t *testing.T) {
	for row, want := range map[string]struct {
		email    string
		verified bool
	}{
		"line":     {"lena@example.com", false},
		"linkedin": {"lina@example.com", true}, // the string "true"
	} {
		t.Run(row, func(t *testing.T) {
			f := load(t, row)
			login, err := logIn(t, f, register(t, f))
			if err != nil {
				t.Fatal(err)
			}
			email, verified := login.IDToken.UserInfo().Email()
			if email != want.email || verified != want.verified {
				t.Errorf("e-mail is %q, verified %t", email, verified)
			}
		})
	}
}
