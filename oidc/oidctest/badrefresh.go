package oidctest

import "time"

// refreshFaults are those of what a refresh brings.
func refreshFaults() []Misbehavior {
	const clause = core + "12.2"
	list := []Misbehavior{
		{Name: "id_token_of_another_issuer", Does: "an ID Token of another issuer",
			Modules: []string{module + "refresh-token-invalid-issuer"},
			bend:    refreshed(put("iss", stranger))},
		{Name: "id_token_of_another_user", Does: "an ID Token of another user",
			Modules: []string{module + "refresh-token-invalid-sub"},
			bend:    refreshed(put("sub", "mallory"))},
		{Name: "id_token_for_another_client", Does: "an ID Token for another client",
			bend: refreshed(put("aud", "stranger"))},
		{Name: "id_token_for_a_stranger_too", Does: "an ID Token for a stranger too",
			bend: refreshed(putAudience("stranger"))},
		{Name: "id_token_issued_to_nobody_before",
			Does: "an ID Token with azp, which the one before did not have",
			bend: refreshed(put("azp", "client"))},
		{Name: "id_token_of_before_the_login", Does: "an ID Token from before the login",
			bend: refreshed(put("iat", fromNow(-2*time.Hour)))},
		{Name: "id_token_of_another_login", Does: "an ID Token of a login at another time",
			bend: refreshed(put("auth_time", fromNow(-2*time.Hour)))},
		{Name: "id_token_with_another_nonce", Does: "an ID Token with another nonce",
			bend: refreshed(put("nonce", "another"))},
		{Name: "id_token_that_is_a_logout_token", Does: "a Logout Token as ID Token",
			Clause: "OpenID Connect Back-Channel Logout 1.0, Section 2.4",
			bend: refreshed(put("events", map[string]any{
				"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}))},
		{Name: "id_token_expired", Does: "an ID Token that has expired",
			bend: refreshed(put("exp", fromNow(-10*time.Minute)))},
		{Name: "id_token_unsigned", Does: "an ID Token that is not signed",
			bend: at(onRefresh(tokensBy(unsigned)), atToken...)},
		{Name: "id_token_with_bad_signature", Does: "an ID Token whose signature does not verify",
			bend: at(onRefresh(tokensBy(badlySigned)), atToken...)},
		{Name: "no_id_token", Does: "no ID Token, as it may", Harmless: true,
			bend: at(onRefresh(members(drop("id_token"))), atToken...)},
		{Name: "no_refresh_token", Does: "no refresh token: the old one stays good",
			Clause: "RFC 6749, Section 6", Harmless: true,
			bend: at(onRefresh(members(drop("refresh_token"))), atToken...)},
		{Name: "refusal", Does: "a refusal", Clause: "RFC 6749, Section 5.2",
			bend: at(onRefresh(instead(400, "application/json", `{"error":"invalid_grant"}`)),
				atToken...)},
		{Name: "no_access_token", Does: "no access token", Clause: "RFC 6749, Section 5.1",
			bend: at(onRefresh(members(drop("access_token"))), atToken...)},
	}
	name(list, "refresh_brings_", "a refresh brings ")
	for i := range list {
		list[i].ask.Task = Refresh
		if list[i].Clause == "" {
			list[i].Clause = clause
		}
	}
	return list
}

// onRefresh changes what a refresh is answered.
func onRefresh(change func(*Provider, *answer)) func(*Provider, *answer) {
	return func(p *Provider, a *answer) {
		if a.request.PostForm.Get("grant_type") == "refresh_token" {
			change(p, a)
		}
	}
}

// refreshed edits the claims of an ID Token that a refresh brings.
func refreshed(change edit) bend { return at(onRefresh(tokensBy(withClaims(change))), atToken...) }
