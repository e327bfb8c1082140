package compliance_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var businessLogins = map[string]wanted{
	"amazon": {
		user: oidc.Identity{Issuer: "https://www.amazon.com",
			Subject: "amzn1.account.INVENTED17"},
		name:    "Amy Fixture",
		email:   "amy@example.com",
		scopes:  "profile",
		expires: 3600,
	},
	"box": {
		user:    oidc.Identity{Issuer: "https://www.box.com", Subject: "90000000017"},
		name:    "Bodo Fixture",
		picture: "https://app.box.com/api/avatar/large/90000000017",
		claims: map[string]string{
			"zoneinfo": "America/Los_Angeles", "locale": "en", "phone_number": "+15550000017",
		},
		email:   "bodo@example.com",
		expires: 3600,
	},
	"coinbase": {
		user: oidc.Identity{Issuer: "https://www.coinbase.com",
			Subject: "17000000-0000-4000-8000-00000000c017"},
		name:     "Cora Fixture",
		username: "cora",
		picture:  "https://images.coinbase.com/avatar?h=invented17&s=128",
		profile:  "https://coinbase.com/cora",
		email:    "cora@example.com",
		scopes:   "wallet:user:read wallet:user:email",
		expires:  3600,
	},
	"dropbox": {
		user: oidc.Identity{Issuer: "https://www.dropbox.com",
			Subject: "dbid:inventedDropboxAccount17"},
		name: "Dora Fixture",
		picture: "https://dl-web.dropbox.com/account_photo/get/dbid%3AinventedDropboxAccount17" +
			"?size=128x128",
		claims: map[string]string{
			"given_name": "Dora", "family_name": "Fixture", "locale": "en",
		},
		email:    "dora@example.com",
		verified: true,
		scopes:   "account_info.read",
		expires:  13220,
	},
	"ebay": {
		params:   map[string]string{"runame": "Invented_Ltd-Invented-Produc-17fixture"},
		user:     oidc.Identity{Issuer: "https://www.ebay.com", Subject: "inventedEbay17"},
		username: "edda-fixture",
		scopes:   "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly",
		expires:  7200,
	},
	"etsy": {
		user:    oidc.Identity{Issuer: "https://www.etsy.com", Subject: "900000017"},
		name:    "Etta Fixture",
		picture: "https://i.etsystatic.com/invented-17.jpg",
		claims:  map[string]string{"given_name": "Etta", "family_name": "Fixture"},
		email:   "etta@example.com",
		scopes:  "email_r",
		expires: 3600,
	},
	"eventbrite": {
		user:     oidc.Identity{Issuer: "https://www.eventbrite.com", Subject: "900000000017"},
		name:     "Evi Fixture",
		claims:   map[string]string{"given_name": "Evi", "family_name": "Fixture"},
		email:    "evi@example.com",
		verified: true,
	},
	"exactonline": {
		params: map[string]string{"country": "nl"},
		user: oidc.Identity{Issuer: "https://start.exactonline.nl",
			Subject: "17000000-0000-4000-8000-000000000017"},
		name:     "Ella Fixture",
		username: "ella",
		claims: map[string]string{
			"given_name": "Ella", "family_name": "Fixture", "locale": "nl-NL",
		},
		email:   "ella@example.com",
		expires: 600,
	},
	"hubspot": {
		user:    oidc.Identity{Issuer: "https://www.hubspot.com", Subject: "90000017"},
		email:   "hubert@example.com",
		scopes:  "oauth",
		expires: 1800,
	},
	"intercom": {
		user:     oidc.Identity{Issuer: "https://www.intercom.com", Subject: "9000017"},
		name:     "Ines Fixture",
		picture:  "https://static.intercomassets.com/avatars/invented-17.jpg",
		email:    "ines@example.com",
		verified: true,
	},
	"mailchimp": {
		user:     oidc.Identity{Issuer: "https://login.mailchimp.com", Subject: "9000018"},
		username: "maude",
		picture:  "https://gallery.example/avatar17.png",
		email:    "maude@example.com",
	},
	"pipedrive": {
		user:    oidc.Identity{Issuer: "https://www.pipedrive.com", Subject: "17000-9000017"},
		name:    "Pia Fixture",
		picture: "https://icons.example/icon17.png",
		claims: map[string]string{
			"zoneinfo": "Europe/Helsinki", "locale": "en_US", "phone_number": "+15550000017",
		},
		email:   "pia@example.com",
		scopes:  "users:read base",
		expires: 3600,
	},
	"shopify": {
		params: map[string]string{"shop": "invented-shop"},
		user: oidc.Identity{Issuer: "https://invented-shop.myshopify.com",
			Subject: "9007199254741017"},
		name: "Shona Fixture",
		claims: map[string]string{
			"given_name": "Shona", "family_name": "Fixture", "locale": "en",
		},
		email:    "shona@example.com",
		verified: true,
		scopes:   "read_products",
		expires:  86399,
		api:      "2026-01/shop.json",
	},
	"stripe": {
		user:   oidc.Identity{Issuer: "https://stripe.com", Subject: "acct_invented17"},
		scopes: "read_write",
	},
	"uber": {
		user: oidc.Identity{Issuer: "https://www.uber.com",
			Subject: "inventedUberRider-17_0000000000=="},
		name:    "Uli Fixture",
		picture: "https://d1w2poirtb3as9.cloudfront.net/invented-17.jpeg",
		claims: map[string]string{
			"given_name": "Uli", "family_name": "Fixture", "phone_number_verified": "true",
		},
		email:   "uli@example.com",
		scopes:  "profile history request",
		expires: 2592000,
	},
	"yammer": {
		user:    oidc.Identity{Issuer: "https://www.yammer.com", Subject: "9000000017"},
		name:    "Yara Fixture",
		profile: "https://www.yammer.com/example.com/users/yara",
		claims:  map[string]string{"given_name": "Yara", "family_name": "Fixture"},
		email:   "yara@example.com",
	},
	"zoho": {
		params:  map[string]string{"region": "eu"},
		user:    oidc.Identity{Issuer: "https://accounts.zoho.eu", Subject: "20000000017"},
		name:    "Zora Fixture",
		claims:  map[string]string{"given_name": "Zora", "family_name": "Fixture"},
		email:   "zora@example.com",
		scopes:  "AaaServer.profile.READ",
		expires: 3600,
	},
	"zoom": {
		user:    oidc.Identity{Issuer: "https://zoom.us", Subject: "inventedZoomUser00017"},
		name:    "Zack Fixture",
		picture: "https://example.zoom.us/p/invented-17",
		claims: map[string]string{
			"given_name": "Zack", "family_name": "Fixture", "zoneinfo": "America/Denver",
			"locale": "en-US",
		},
		email:    "zack@example.com",
		verified: true,
		scopes:   "user:read:user",
		expires:  3599,
	},
}

var businessFailures = map[string]error{
	"amazon-bad-code":      &oauth2.Error{Code: "invalid_grant"},
	"box-bad-code":         &oauth2.Error{Code: "invalid_grant"},
	"coinbase-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"dropbox-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"ebay-bad-code":        &oauth2.Error{Code: "invalid_grant"},
	"etsy-bad-code":        &oauth2.Error{Code: "invalid_grant"},
	"exactonline-bad-code": &oauth2.Error{Code: "invalid_grant"},
	"hubspot-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"pipedrive-denied":     registry.ErrAccessDenied,
	"shopify-bad-code":     &oauth2.Error{Code: "invalid_request"},
	"stripe-bad-code":      &oauth2.Error{Code: "invalid_grant"},
	"uber-bad-code":        &oauth2.Error{Code: "invalid_grant"},
	"yammer-bad-network":   statusError(403),
	"zoho-bad-code":        &oauth2.Error{Code: "invalid_grant"},
	"zoom-bad-code":        &oauth2.Error{Code: "invalid_grant"},
}

var businessRefreshes = map[string]renewed{
	"amazon": {
		old:     "Atzr|invented-refresh-token",
		access:  "Atza|invented-access-token-2",
		expires: 3600,
	},
	"box": {
		old:     "invented-box-refresh-token",
		access:  "invented-box-access-token-2",
		refresh: "invented-box-refresh-token-2",
		expires: 3600,
	},
	"coinbase": {
		old:     "invented-coinbase-refresh-token",
		access:  "invented-coinbase-access-token-2",
		refresh: "invented-coinbase-refresh-token-2",
		expires: 3600,
	},
	"dropbox": {
		old:     "invented-dropbox-refresh-token",
		access:  "sl.invented-dropbox-access-token-2",
		expires: 14400,
	},
	"ebay": {
		old:     "v^1.1#i^1#inventedEbayRefresh17",
		access:  "v^1.1#i^1#inventedEbayUser19",
		expires: 7200,
	},
	"etsy": {
		old:     "900000017.invented-etsy-refresh-token",
		access:  "900000017.invented-etsy-access-token-2",
		refresh: "900000017.invented-etsy-refresh-token-2",
		expires: 3600,
		extra:   "user_id",
	},
	"exactonline": {
		old:     "invented-exact-refresh-token",
		access:  "invented-exact-access-token-2",
		refresh: "invented-exact-refresh-token-2",
		expires: 600,
	},
	"hubspot": {
		old:     "invented-hubspot-refresh-token",
		access:  "invented-hubspot-access-token-2",
		expires: 1800,
	},
	"pipedrive": {
		old:     "invented-pipedrive-refresh-token",
		access:  "invented-pipedrive-access-token-2",
		refresh: "invented-pipedrive-refresh-token-2",
		expires: 3600,
	},
	"shopify": {
		old:     "shprt-invented-refresh-token",
		access:  "shpat-invented-access-token-2",
		refresh: "shprt-invented-refresh-token-2",
		expires: 3600,
	},
	"stripe": {
		old:    "rt_invented17",
		access: "sk-invented-access-token-2",
	},
	"uber": {
		old:     "invented-uber-refresh-token",
		access:  "invented-uber-access-token-2",
		expires: 2592000,
	},
	"zoho": {
		old:     "1000.invented-zoho-refresh-token",
		access:  "1000.invented-zoho-access-token-2",
		expires: 3600,
	},
	"zoom": {
		old:     "eyJinvented.zoom.refresh",
		access:  "eyJinvented.zoom.access2",
		refresh: "eyJinvented.zoom.refresh2",
		expires: 3599,
	},
}

// What came with a token: not the token once more.
func TestBusinessTokens(t *testing.T) {
	for name, want := range map[string]string{
		"exactonline": "",
		"intercom":    "",
		"mailchimp":   "",
		"yammer":      "network user",
		"zoho":        "api_domain",
	} {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			login, err := logIn(t, f, register(t, f))
			if err != nil {
				t.Fatal(err)
			}
			extra := slices.Sorted(maps.Keys(login.Token.OAuth2.Record().Extra))
			if got := strings.Join(extra, " "); got != want {
				t.Errorf("the token came with %q", got)
			}
		})
	}
}
