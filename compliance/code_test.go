package compliance_test

import (
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

var codeLogins = map[string]wanted{
	"github": {
		user:     oidc.Identity{Issuer: "https://github.com", Subject: "9000000017"},
		name:     "Rosa Fixture",
		username: "rosa-fixture",
		picture:  "https://avatars.githubusercontent.com/u/9000000017?v=4",
		profile:  "https://github.com/rosa-fixture",
		email:    "rosa@example.com",
		verified: true,
		scopes:   "read:user user:email",
		api:      "user/repos",
	},
}

var codeFailures = map[string]error{
	"github-denied": registry.ErrAccessDenied,
	"github-error":  &oauth2.Error{Code: "bad_verification_code"},
}

var codeRefreshes = map[string]renewed{}
