package compliance_test

import (
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var mediaLogins = map[string]wanted{
	"bungie": {
		params:   map[string]string{"api_key": "17000000000000000000000000000017"},
		user:     oidc.Identity{Issuer: "https://www.bungie.net", Subject: "90000017"},
		name:     "BritaFixture",
		username: "BritaFixture#0017",
		picture:  "https://www.bungie.net/img/profile/avatars/invented17.jpg",
	},
	"dailymotion": {
		user:     oidc.Identity{Issuer: "https://www.dailymotion.com", Subject: "x17fixt"},
		name:     "Dafne Fixture",
		username: "dafne-fixture",
		picture:  "https://s2.dmcdn.net/u/invented17/720x720",
		profile:  "https://www.dailymotion.com/dafne-fixture",
		email:    "dafne@example.com",
		scopes:   "email",
	},
	"deezer": {
		user:     oidc.Identity{Issuer: "https://www.deezer.com", Subject: "9000000017"},
		name:     "Dora Fixture",
		username: "dora-fixture",
		picture:  "https://cdns-images.dzcdn.net/images/user//500x500-000000-80-0-0.jpg",
		profile:  "https://www.deezer.com/profile/9000000017",
		email:    "dora@example.com",
		scopes:   "basic_access email",
	},
	"imgur": {
		user:     oidc.Identity{Issuer: "https://imgur.com", Subject: "90000017"},
		username: "ImkeFixture",
		picture:  "https://imgur.com/user/ImkeFixture/avatar",
		profile:  "https://imgur.com/user/ImkeFixture",
	},
	"kick": {
		user:     oidc.Identity{Issuer: "https://kick.com", Subject: "90000017"},
		name:     "KiraFixture",
		username: "KiraFixture",
		picture:  "https://files.kick.com/images/user/90000017/invented.webp",
		email:    "kira@example.com",
		scopes:   "user:read",
	},
	"lichess": {
		user:     oidc.Identity{Issuer: "https://lichess.org", Subject: "lea17fixture"},
		name:     "Lea Fixture",
		username: "Lea17Fixture",
		profile:  "https://lichess.org/@/Lea17Fixture",
		email:    "lea@example.com",
		scopes:   "email:read",
	},
	"osu": {
		user:     oidc.Identity{Issuer: "https://osu.ppy.sh", Subject: "90000017"},
		username: "OdaFixture",
		picture:  "https://a.ppy.sh/90000017?1789983000.jpeg",
		profile:  "https://osu.ppy.sh/users/90000017",
		scopes:   "identify",
	},
	"soundcloud": {
		user: oidc.Identity{Issuer: "https://soundcloud.com",
			Subject: "soundcloud:users:900000017"},
		name:     "Sonja Fixture",
		username: "sonja.fixture",
		picture:  "https://i1.sndcdn.com/avatars-invented17.jpg",
		profile:  "https://soundcloud.com/sonja-fixture",
	},
	"spotify": {
		user:    oidc.Identity{Issuer: "https://www.spotify.com", Subject: "spencer17fixture"},
		name:    "Spencer Fixture",
		picture: "https://i.scdn.co/image/invented17",
		profile: "https://open.spotify.com/user/spencer17fixture",
		email:   "spencer@example.com",
		scopes:  "user-read-email",
	},
	"trakt": {
		user: oidc.Identity{Issuer: "https://trakt.tv",
			Subject: "17170000171717001717000017170000"},
		name:     "Tuva Fixture",
		username: "tuva-fixture",
		picture:  "https://secure.gravatar.com/avatar/invented17",
		profile:  "https://trakt.tv/users/tuva-fixture",
		scopes:   "public",
	},
	"trovo": {
		user:     oidc.Identity{Issuer: "https://trovo.live", Subject: "100000017"},
		name:     "Tove Fixture",
		username: "tove-fixture",
		picture:  "https://headicon.trovo.live/user/invented17.jpeg?t=2",
		email:    "tove@example.com",
		scopes:   "user_details_self",
	},
	"vimeo": {
		user:    oidc.Identity{Issuer: "https://vimeo.com", Subject: "90000017"},
		name:    "Vera Fixture",
		picture: "https://i.vimeocdn.com/portrait/invented17",
		profile: "https://vimeo.com/user90000017",
		scopes:  "public",
	},
}

var mediaFailures = map[string]error{
	"bungie-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"deezer-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"deezer-denied":       registry.ErrAccessDenied,
	"imgur-bad-code":      &oauth2.Error{Code: "(unprintable)"},
	"kick-bad-code":       &oauth2.Error{Code: "invalid_grant"},
	"lichess-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"osu-bad-code":        &oauth2.Error{Code: "invalid_grant"},
	"soundcloud-bad-code": &oauth2.Error{Code: "invalid_grant"},
	"spotify-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"trakt-bad-code":      &oauth2.Error{Code: "invalid_grant"},
	"vimeo-bad-code":      &oauth2.Error{Code: "invalid_request"},
}

var mediaRefreshes = map[string]renewed{
	"bungie": {
		old:     "invented-bungie-refresh-token",
		access:  "invented-bungie-access-token-2",
		refresh: "invented-bungie-refresh-token-2",
		expires: 3600,
	},
	"dailymotion": {
		scopes:  []string{"email"},
		old:     "invented-dailymotion-refresh-token",
		access:  "invented-dailymotion-access-token-2",
		refresh: "invented-dailymotion-refresh-token-2",
		expires: 36000,
	},
	"imgur": {
		old:     "invented-imgur-refresh-token",
		access:  "invented-imgur-access-token-2",
		refresh: "invented-imgur-refresh-token-2",
		expires: 315360000,
	},
	"kick": {
		scopes:  []string{"user:read"},
		old:     "invented-kick-refresh-token",
		access:  "invented-kick-access-token-2",
		refresh: "invented-kick-refresh-token-2",
		expires: 3600,
	},
	"osu": {
		scopes:  []string{"identify"},
		old:     "invented-osu-refresh-token",
		access:  "invented-osu-access-token-2",
		refresh: "invented-osu-refresh-token-2",
		expires: 86400,
	},
	"soundcloud": {
		old:     "invented-soundcloud-refresh-token",
		access:  "invented-soundcloud-access-token-2",
		refresh: "invented-soundcloud-refresh-token-2",
		expires: 21599,
	},
	"spotify": {
		scopes:  []string{"user-read-email"},
		old:     "invented-spotify-refresh-token",
		access:  "invented-spotify-access-token-2",
		expires: 3600,
	},
	"trakt": {
		scopes:  []string{"public"},
		old:     "invented-trakt-refresh-token",
		access:  "invented-trakt-access-token-2",
		refresh: "invented-trakt-refresh-token-2",
		expires: 86400,
	},
	"trovo": {
		scopes:  []string{"user_details_self"},
		old:     "invented-trovo-refresh-token",
		access:  "invented-trovo-access-token-2",
		refresh: "invented-trovo-refresh-token-2",
		expires: 14400,
	},
}

// A lifetime of 0 is none at Deezer: the token does not end.
func TestDeezerNeverExpires(t *testing.T) {
	f := load(t, "deezer")
	login, err := logIn(t, f, register(t, f))
	if err != nil {
		t.Fatal(err)
	}
	if at := login.Token.OAuth2.ExpiresAt; !at.IsZero() {
		t.Errorf("the token ends at %v", at)
	}
}
