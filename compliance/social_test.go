package compliance_test

import (
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var socialLogins = map[string]wanted{
	"discord": {
		user:     oidc.Identity{Issuer: "https://discord.com", Subject: "1170000000000000017"},
		name:     "Dora Fixture",
		username: "dora.fixture",
		picture: "https://cdn.discordapp.com/avatars/1170000000000000017/" +
			"17c0ffee17c0ffee17c0ffee17c0ffee.png",
		email:    "dora@example.com",
		verified: true,
		scopes:   "identify email",
	},
	"disqus": {
		user:     oidc.Identity{Issuer: "https://disqus.com", Subject: "900000017"},
		name:     "Dirk Fixture",
		username: "dirk_fixture",
		picture:  "https://disqus.com/api/users/avatars/dirk_fixture.jpg",
		profile:  "http://disqus.com/dirk_fixture/",
		email:    "dirk@example.com",
		scopes:   "read email",
	},
	"facebook": {
		user: oidc.Identity{Issuer: "https://www.facebook.com", Subject: "900000000000000017"},
		name: "Faye Fixture",
		picture: "https://platform-lookaside.fbsbx.com/platform/profilepic/" +
			"?asid=900000000000000017",
		email:  "faye@example.com",
		scopes: "email public_profile",
	},
	"foursquare": {
		user:    oidc.Identity{Issuer: "https://foursquare.com", Subject: "900000017"},
		name:    "Flora Fixture",
		picture: "https://fastly.4sqi.net/img/user/original/INVENTED17.jpg",
		profile: "https://foursquare.com/user/900000017",
		email:   "flora@example.com",
	},
	"instagram": {
		user:     oidc.Identity{Issuer: "https://www.instagram.com", Subject: "17841400000000017"},
		username: "ines_fixture",
		scopes:   "instagram_business_basic instagram_business_manage_messages",
	},
	"mastodon": {
		params: map[string]string{"instance": "social.example"},
		user: oidc.Identity{Issuer: "https://social.example",
			Subject: "https://social.example/users/mona_fixture"},
		name:     "Mona Fixture",
		username: "mona_fixture",
		picture:  "https://files.social.example/accounts/avatars/original/17.jpg",
		profile:  "https://social.example/@mona_fixture",
		scopes:   "profile",
	},
	"meetup": {
		user:   oidc.Identity{Issuer: "https://www.meetup.com", Subject: "900000017"},
		name:   "Mette Fixture",
		email:  "mette@example.com",
		scopes: "basic",
	},
	"patreon": {
		user:     oidc.Identity{Issuer: "https://www.patreon.com", Subject: "90000017"},
		name:     "Petra Fixture",
		username: "petra_fixture",
		picture:  "https://c8.patreon.com/400/90000017",
		profile:  "https://www.patreon.com/petra_fixture",
		email:    "petra@example.com",
		verified: true,
		scopes:   "identity identity[email]",
	},
	"pinterest": {
		user: oidc.Identity{Issuer: "https://www.pinterest.com",
			Subject: "900000000000000017"},
		username: "pia_fixture",
		picture:  "https://i.pinimg.com/600x600_R/17.jpg",
		scopes:   "user_accounts:read",
	},
	"reddit": {
		user:     oidc.Identity{Issuer: "https://www.reddit.com", Subject: "fx017"},
		name:     "rita_fixture",
		username: "rita_fixture",
		picture:  "https://styles.redditmedia.com/t5_17/rita.png?width=256&height=256&s=1717",
		scopes:   "identity",
	},
	"slack-app": {
		user: oidc.Identity{Issuer: "https://api.slack.com",
			Subject: "T0INVENT17-U0INVENT17"},
		name:     "Sven Fixture",
		username: "sven.fixture",
		picture:  "https://avatars.slack-edge.com/17_192.png",
		email:    "sven@example.com",
		scopes:   "identify users:read users:read.email",
	},
	"snapchat": {
		user: oidc.Identity{Issuer: "https://accounts.snapchat.com",
			Subject: "CAESIInventedSnap17"},
		name:    "Signe Fixture",
		picture: "https://sdk.bitmoji.com/render/panel/17.png",
		scopes: "https://auth.snapchat.com/oauth2/api/user.external_id " +
			"https://auth.snapchat.com/oauth2/api/user.display_name " +
			"https://auth.snapchat.com/oauth2/api/user.bitmoji.avatar",
	},
	"stackexchange": {
		params:  map[string]string{"key": "inventedStackKey(("},
		expires: 86400,
		user:    oidc.Identity{Issuer: "https://stackexchange.com", Subject: "9000017"},
		name:    "Stella Fixture",
		picture: "https://www.gravatar.com/avatar/17171717171717171717171717171717" +
			"?s=256&d=identicon&r=PG",
		profile: "https://stackoverflow.com/users/900017/stella-fixture",
	},
	"threads": {
		user:     oidc.Identity{Issuer: "https://www.threads.net", Subject: "28417000000000017"},
		name:     "Thea Fixture",
		username: "thea_fixture",
		picture:  "https://scontent.cdninstagram.com/17.jpg",
		scopes:   "threads_basic",
	},
	"tiktok": {
		user: oidc.Identity{Issuer: "https://www.tiktok.com",
			Subject: "17171717-0000-4000-8000-000000000017"},
		name:    "Tilda Fixture",
		picture: "https://p16-sign.tiktokcdn-us.com/17.jpeg",
		scopes:  "user.info.basic",
	},
	"tumblr": {scopes: "write offline_access"},
	"untappd": {
		user:     oidc.Identity{Issuer: "https://untappd.com", Subject: "9000017"},
		name:     "Ulla Fixture",
		username: "ulla_fixture",
		picture:  "https://assets.untappd.com/profile/17.jpg",
		email:    "ulla@example.com",
	},
	"vk": {
		user:    oidc.Identity{Issuer: "https://id.vk.com", Subject: "9000000017"},
		name:    "Vera Fixture",
		picture: "https://sun1.userapi.com/17.jpg",
		email:   "vera@example.com",
		scopes:  "email",
	},
	"wordpress": {
		user:     oidc.Identity{Issuer: "https://wordpress.com", Subject: "90000017"},
		name:     "Wanda Fixture",
		username: "wanda-fixture",
		picture:  "https://0.gravatar.com/avatar/17171717171717171717171717171717",
		profile:  "https://gravatar.com/wanda-fixture",
		email:    "wanda@example.com",
		scopes:   "auth",
	},
	"x": {
		user:     oidc.Identity{Issuer: "https://x.com", Subject: "1700000000000000017"},
		name:     "Xenia Fixture",
		username: "xenia_fixture",
		picture:  "https://pbs.twimg.com/profile_images/17/xenia_normal.jpg",
		email:    "xenia@example.com",
		scopes:   "users.read tweet.read",
	},
}

var socialFailures = map[string]error{
	"discord-bad-code":          &oauth2.Error{Code: "invalid_grant"},
	"facebook-bad-code":         &oauth2.Error{Code: "100"},
	"facebook-denied":           registry.ErrAccessDenied,
	"foursquare-bad-code":       &oauth2.Error{Code: "invalid_grant"},
	"instagram-bad-code":        &oauth2.Error{Code: "OAuthException"},
	"mastodon-bad-code":         &oauth2.Error{Code: "invalid_grant"},
	"meetup-bad-code":           &oauth2.Error{Code: "invalid_grant"},
	"patreon-bad-code":          &oauth2.Error{Code: "invalid_grant"},
	"pinterest-bad-code":        &oauth2.Error{Code: "2"},
	"reddit-bad-client":         &oauth2.Error{Code: "401"},
	"slack-app-bad-code":        &oauth2.Error{Code: "invalid_code"},
	"stackexchange-bad-request": &oauth2.Error{Code: "invalid_request"},
	"threads-bad-code":          &oauth2.Error{Code: "OAuthException"},
	"tiktok-bad-code":           &oauth2.Error{Code: "invalid_grant"},
	"vk-bad-verifier":           &oauth2.Error{Code: "invalid_request"},
	"x-bad-code":                &oauth2.Error{Code: "invalid_request"},
}

var socialRefreshes = map[string]renewed{
	"discord": {
		scopes:  []string{"identify", "email"},
		old:     "invented-discord-refresh-token",
		access:  "invented-discord-access-token-2",
		refresh: "invented-discord-refresh-token-2",
		expires: 604800,
	},
	"patreon": {
		scopes:  []string{"identity", "identity[email]"},
		old:     "invented-patreon-refresh-token",
		access:  "invented-patreon-access-token-2",
		refresh: "invented-patreon-refresh-token-2",
		expires: 2678400,
	},
	"pinterest": {
		scopes:  []string{"user_accounts:read"},
		old:     "pinr.inventedRefresh17",
		access:  "pina_inventedAccess18",
		expires: 2592000,
	},
	"reddit": {
		scopes:  []string{"identity"},
		old:     "inventedRedditRefresh",
		access:  "inventedRedditAccess2",
		refresh: "inventedRedditRefresh",
		expires: 86400,
	},
	"slack-app": {
		scopes:  []string{"users:read", "users:read.email"},
		old:     "xoxe-invented-slack-refresh-1",
		access:  "xoxe.xoxp-invented-slack-access-2",
		refresh: "xoxe-invented-slack-refresh-2",
		expires: 43200,
	},
	"tiktok": {
		scopes:  []string{"user.info.basic"},
		old:     "rft.inventedTikTokRefresh1",
		access:  "act.inventedTikTokAccess2",
		refresh: "rft.inventedTikTokRefresh2",
		expires: 86400,
	},
	"x": {
		scopes:  []string{"users.read", "tweet.read", "offline.access"},
		old:     "inventedXRefresh1",
		access:  "inventedXAccess2",
		refresh: "inventedXRefresh2",
		expires: 7200,
	},
}
