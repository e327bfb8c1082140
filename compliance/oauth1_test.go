package compliance_test

import (
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var oauth1Logins = map[string]wanted{
	"discogs": {
		user:     oidc.Identity{Issuer: "https://www.discogs.com", Subject: "9000017"},
		username: "vinyl-fixture",
	},
	"evernote": {user: oidc.Identity{Issuer: "https://www.evernote.com", Subject: "9000017"}},
	"flickr": {
		user:     oidc.Identity{Issuer: "https://www.flickr.com", Subject: "90000017@N01"},
		name:     "Fern Fixture",
		username: "fern fixture",
	},
	"garmin": {user: oidc.Identity{Issuer: "https://connect.garmin.com",
		Subject: "d0e1f2a3000000000000000000000017"}},
	"trello": {
		user:     oidc.Identity{Issuer: "https://trello.com", Subject: "17ab17ab17ab17ab17ab17ab"},
		name:     "Tobias Fixture",
		username: "tobias_fixture",
		profile:  "https://trello.com/tobias_fixture",
	},
	"tripit": {
		user:     oidc.Identity{Issuer: "https://www.tripit.com", Subject: "inventedProfileRef17"},
		name:     "Petra Fixture",
		username: "petrafixture",
		email:    "petra@example.com",
		verified: true,
	},
	"tumblr-oauth1": {},
	"twitter": {
		user:     oidc.Identity{Issuer: "https://x.com", Subject: "9000000000000000017"},
		name:     "Oda Fixture",
		username: "odafixture",
		picture:  "https://pbs.twimg.com/profile_images/9000000000000000017/invented_normal.jpg",
		email:    "oda@example.com",
		api:      "account/verify_credentials.json",
	},
	"zotero": {
		user:     oidc.Identity{Issuer: "https://www.zotero.org", Subject: "9000017"},
		username: "Zora Fixture",
	},
}

var oauth1Failures = map[string]error{
	"evernote-refused": statusError(401),
	"twitter-denied":   registry.ErrAccessDenied,
}
