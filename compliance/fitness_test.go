package compliance_test

import (
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

var fitnessLogins = map[string]wanted{
	"fitbit": {
		user:    oidc.Identity{Issuer: "https://www.fitbit.com", Subject: "17FXTR"},
		name:    "Fitz F.",
		picture: "https://static0.fitbit.com/images/profile/defaultProfile_150.png",
		claims: map[string]string{
			"birthdate": "1990-01-17", "zoneinfo": "America/Los_Angeles", "locale": "en_US",
		},
		scopes:  "profile",
		expires: 28800,
	},
	"garmin-oauth2": {
		user: oidc.Identity{Issuer: "https://connect.garmin.com",
			Subject: "17171717171717171717171717171717"},
		scopes:  "PARTNER_READ",
		expires: 86400,
	},
	"oura": {
		user: oidc.Identity{Issuer: "https://ouraring.com",
			Subject: "17000000-0000-4000-8000-000000000017"},
		email:    "olga@example.com",
		scopes:   "email personal",
		expires:  86400,
		callback: map[string]string{"scope": "email personal"},
	},
	"strava": {
		user:     oidc.Identity{Issuer: "https://www.strava.com", Subject: "9007199254740993017"},
		name:     "Strid Fixture",
		username: "strid_fixture",
		picture: "https://dgalywyr863hv.cloudfront.net/" +
			"pictures/athletes/17/17/17/large.jpg",
		profile:  "https://www.strava.com/athletes/9007199254740993017",
		claims:   map[string]string{"given_name": "Strid", "family_name": "Fixture"},
		scopes:   "read",
		expires:  21600,
		callback: map[string]string{"scope": "read"},
	},
	"wahoo": {
		user: oidc.Identity{Issuer: "https://www.wahoofitness.com", Subject: "9000017"},
		name: "Wanda Fixture",
		claims: map[string]string{
			"given_name": "Wanda", "family_name": "Fixture", "gender": "1",
			"birthdate": "1980-10-17", "updated_at": "2018-10-24T20:46:17.000Z",
		},
		email:   "wanda@example.com",
		scopes:  "user_read email",
		expires: 7200,
	},
	"whoop": {
		user:    oidc.Identity{Issuer: "https://www.whoop.com", Subject: "9000017"},
		name:    "Wilma Fixture",
		claims:  map[string]string{"given_name": "Wilma", "family_name": "Fixture"},
		email:   "wilma@example.com",
		scopes:  "offline read:profile",
		expires: 3600,
	},
	"withings": {
		user:    oidc.Identity{Issuer: "https://account.withings.com", Subject: "90000017"},
		scopes:  "user.metrics",
		expires: 10800,
	},
}

var fitnessFailures = map[string]error{
	"fitbit-bad-code":   &oauth2.Error{Code: "invalid_grant"},
	"oura-bad-code":     &oauth2.Error{Code: "invalid_grant"},
	"strava-bad-client": &oauth2.Error{Code: "invalid_client"},
	"strava-bad-code":   &oauth2.Error{Code: "invalid_grant"},
	"whoop-bad-code":    &oauth2.Error{Code: "invalid_grant"},
	"withings-bad-code": &oauth2.Error{Code: "503"},
}

var fitnessRefreshes = map[string]renewed{
	"fitbit": {
		scopes:  []string{"profile"},
		old:     "invented-fitbit-refresh-token",
		access:  "eyJinvented.fitbit.access-2",
		refresh: "invented-fitbit-refresh-token-2",
		expires: 28800,
	},
	"garmin-oauth2": {
		old:     "invented-garmin-refresh-token",
		access:  "invented-garmin-access-token-2",
		refresh: "invented-garmin-refresh-token-2",
		expires: 86400,
	},
	"oura": {
		scopes:  []string{"email", "personal"},
		old:     "invented-oura-refresh-token",
		access:  "invented-oura-access-token-2",
		refresh: "invented-oura-refresh-token-2",
		expires: 86400,
	},
	"strava": {
		scopes:  []string{"read"},
		old:     "invented-strava-refresh-token",
		access:  "invented-strava-access-token-2",
		refresh: "invented-strava-refresh-token-2",
		expires: 21600,
	},
	"wahoo": {
		scopes:  []string{"user_read", "email"},
		old:     "invented-wahoo-refresh-token",
		access:  "invented-wahoo-access-token-2",
		refresh: "invented-wahoo-refresh-token-2",
		expires: 7200,
	},
	"whoop": {
		scopes:  []string{"offline", "read:profile"},
		old:     "invented-whoop-refresh-token",
		access:  "invented-whoop-access-token-2",
		refresh: "invented-whoop-refresh-token-2",
		expires: 3600,
	},
	"withings": {
		scopes:  []string{"user.metrics"},
		old:     "invented-withings-refresh-token",
		access:  "invented-withings-access-token-2",
		refresh: "invented-withings-refresh-token-2",
		expires: 10800,
	},
}
