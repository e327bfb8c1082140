package oidctest

import (
	"net/http"
	"strings"
	"time"

	"vouchsafe/jose"
)

// userInfoFaults are those of UserInfo that is JSON.
func userInfoFaults() []Misbehavior {
	const clause = core + "5.3.2"
	list := []Misbehavior{
		{Name: "of_another_user", Does: "is of another user", Clause: clause,
			Modules: []string{module + "userinfo-invalid-sub"}, types: withAccess,
			bend: inUserInfo(put("sub", "mallory"))},
		{Name: "without_sub", Does: "is about nobody", Clause: clause, types: withAccess,
			bend: inUserInfo(drop("sub"))},
		{Name: "with_sub_as_number", Does: "has a subject that is a number", Clause: clause,
			bend: inUserInfo(put("sub", 7))},
		{Name: "with_sub_twice", Does: "has the subject twice", Clause: "RFC 8259, Section 4",
			bend: at(body(twice(`"sub":"mallory"`)), atUserInfo...)},
		{Name: "not_json", Does: "is not JSON", Clause: clause,
			bend: at(body(notJSON), atUserInfo...)},
		{Name: "page", Does: "is a page", Clause: clause,
			bend: at(instead(http.StatusOK, "text/html", "<!doctype html><title>Soon</title>"),
				atUserInfo...)},
		{Name: "of_another_media_type", Does: "has the media type of a page", Clause: clause,
			Optional: true, bend: at(as("text/html"), atUserInfo...)},
		{Name: "refused", Does: "is refused", Clause: core + "5.3.3",
			bend: at(instead(http.StatusUnauthorized, "application/json",
				`{"error":"invalid_token"}`), atUserInfo...)},
		{Name: "endless", Does: "goes on without end", Clause: clause,
			bend: at(body(endless), atUserInfo...)},
		{Name: "redirect", Does: "sends the client elsewhere, with its token",
			Clause: "RFC 9700, Section 4.12", bend: at(elsewhere, atUserInfo...)},
		{Name: "for_tokens_in_a_form", Does: "is for tokens in a form alone",
			Clause: "RFC 6750, Section 2.1", Optional: true,
			Modules: []string{module + "userinfo-bearer-body"},
			bend: at(func(_ *Provider, a *answer) {
				if a.request.Header.Get("Authorization") != "" {
					*a = answer{a.request, http.StatusBadRequest, http.Header{}, ""}
				}
			}, atUserInfo...)},
		{Name: "with_more_claims", Does: "has claims that nobody knows", Clause: core + "5.3.2",
			Harmless: true, bend: inUserInfo(put("more", []int{1}))},
		{Name: "very_deep", Does: "has lists in lists, a hundred thousand deep", Clause: clause,
			Optional: true, bend: at(body(twice(`"deep":`+
				strings.Repeat("[", 1e5)+strings.Repeat("]", 1e5))), atUserInfo...)},
		{Name: "unsigned_as_token", Does: "is a token that nobody signed, as was not registered",
			Clause: clause, bend: at(func(_ *Provider, a *answer) {
				if a.status == http.StatusOK {
					a.body = base64url(`{"alg":"none"}`) + "." + base64url(a.body) + "."
					a.header.Set("Content-Type", "application/jwt")
				}
			}, atUserInfo...)},
	}
	name(list, "userinfo_", "UserInfo ")
	return list
}

// signedUserInfoFaults are those of UserInfo that is to be a token.
func signedUserInfoFaults() []Misbehavior {
	const clause = core + "5.3.2"
	list := []Misbehavior{
		{Name: "good", Does: "is signed, as registered", Clause: clause, Harmless: true,
			Modules: []string{module + "userinfo-signed"}, types: withAccess},
		{Name: "of_another_user", Does: "is of another user", Clause: clause,
			bend: inUserInfo(put("sub", "mallory"))},
		{Name: "of_another_issuer", Does: "is of another issuer", Clause: clause,
			bend: inUserInfo(put("iss", stranger))},
		{Name: "for_another_client", Does: "is for another client", Clause: clause,
			bend: inUserInfo(put("aud", "stranger"))},
		{Name: "without_iss_and_aud", Does: "says neither who made it nor for whom",
			Clause: clause, Harmless: true, bend: inUserInfo(drop("iss", "aud"))},
		{Name: "expired", Does: "has expired", Clause: "RFC 7519, Section 4.1.4",
			bend: inUserInfo(put("exp", fromNow(-10*time.Minute)))},
		{Name: "not_yet_good", Does: "is not good yet: nbf", Clause: "RFC 7519, Section 4.1.5",
			bend: inUserInfo(put("nbf", fromNow(time.Hour)))},
		{Name: "of_next_week", Does: "will be issued in a week", Clause: "RFC 7519, Section 4.1.6",
			Optional: true, bend: inUserInfo(put("iat", week))},
		{Name: "not_signed_at_all", Does: "is JSON, though registered to be signed",
			Clause: clause, bend: at(func(_ *Provider, a *answer) {
				if a.status == http.StatusOK {
					a.body = payloadOf(a.body)
					a.header.Set("Content-Type", "application/json")
				}
			}, atUserInfo...)},
		{Name: "in_json_serialization", Does: "is signed, but not in the compact serialization",
			Clause: "RFC 7519, Section 1", bend: at(func(_ *Provider, a *answer) {
				a.body = flattened(a.body)
			}, atUserInfo...)},
	}
	name(list, "signed_userinfo_", "signed UserInfo ")
	list = append(list, forged("signed_userinfo_", "signed UserInfo ", Misbehavior{},
		atUserInfo...)...)
	for i := range list {
		list[i].ask.Client.UserInfoAlgorithm = "RS256"
	}
	encrypted := Attempt{Client: Client{UserInfoAlgorithm: "RS256",
		UserInfoEncryption: Recipient{Algorithm: "RSA-OAEP-256"}}}
	return append(list,
		Misbehavior{Name: "encrypted_userinfo_good", Does: "UserInfo is signed and encrypted",
			Clause: clause, Harmless: true, ask: encrypted},
		Misbehavior{Name: "encrypted_userinfo_without_signature", ask: encrypted,
			Does: "UserInfo is encrypted, but not signed", Clause: "RFC 7519, Section 5.2",
			bend: at(func(p *Provider, a *answer) {
				claims := jsonOf(map[string]string{"sub": p.options.Users[0].Subject})
				to := p.options.Clients[0].UserInfoEncryption
				a.body = must(to.encrypt([]byte(claims), jose.EncryptOptions{}))
			}, atUserInfo...)},
		Misbehavior{Name: "encrypted_userinfo_of_another_issuer_outside", ask: encrypted,
			Does:   "UserInfo is encrypted, and of another issuer in the header",
			Clause: "RFC 7519, Section 5.3", bend: at(outsideOf, atUserInfo...)},
		Misbehavior{Name: "encrypted_userinfo_that_does_not_decrypt", ask: encrypted,
			Does: "UserInfo does not decrypt", Clause: "RFC 7516, Section 5.2",
			bend: signed(badlySigned, atUserInfo...)})
}

// outsideOf encrypts signed UserInfo under a header that says otherwise.
func outsideOf(p *Provider, a *answer) {
	to := p.options.Clients[0].UserInfoEncryption
	claims := jsonOf(map[string]string{"sub": p.options.Users[0].Subject, "iss": p.Issuer()})
	inside := byHand(ourKey(), kidHeader(p), claims)
	a.body = must(to.encrypt([]byte(inside), jose.EncryptOptions{
		ContentType: "JWT", Header: map[string]any{"iss": stranger}}))
}
