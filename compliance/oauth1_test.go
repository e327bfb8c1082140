package compliance_test

import (
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var oauth1Logins = map[string]wanted{
	"twitter": {
		user:     oidc.Identity{Issuer: "https://x.com", Subject: "9000000000000000017"},
		name:     "Oda Fixture",
		username: "odafixture",
		picture:  "https://pbs.twimg.com/profile_images/9000000000000000017/invented_normal.jpg",
		email:    "oda@example.com",
		api:      "account/verify_credentials.json",
	},
}

var oauth1Failures = map[string]error{
	"twitter-denied": registry.ErrAccessDenied,
}
