package oidctest

import (
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	stranger = "https://stranger.example"

	core   = "OpenID Connect Core 1.0, Section "
	module = "oidcc-client-test-"
	fapi1  = "fapi1-advanced-final-client-test-"
	fapi2  = "fapi2-security-profile-final-client-test-"

	week = fromNow(7 * 24 * time.Hour)

	otherHash = "PEaenWxYddN6Q_NT1PiOYQ"
)

// authenticated asks when and how the user logged in.
var authenticated = url.Values{"max_age": {"600"}, "acr_values": {acrValues[0]}}

// essential asks the same, and who it is, by claims.
var essential = url.Values{"claims": {`{"id_token":{"auth_time":{"essential":true},` +
	`"sub":{"value":"alice"},"acr":{"essential":true,"values":["` + acrValues[0] + `"]}}}`}}

// both are the modules of that name in both profiles of FAPI.
func both(names ...string) []string {
	var list []string
	for _, name := range names {
		list = append(list, fapi1+name, fapi2+name)
	}
	return list
}

// idTokenFaults are those of the claims of an ID Token.
func idTokenFaults() []Misbehavior {
	longSubject := strings.Repeat("a", 256)
	asked, named := Attempt{Params: authenticated}, Attempt{Params: essential}
	list := []Misbehavior{
		{Name: "of_another_issuer", Does: "is of another issuer", Clause: core + "3.1.3.7",
			Modules: append(both("invalid-iss"), module+"invalid-iss"),
			bend:    inIDToken(put("iss", stranger))},
		{Name: "without_iss", Does: "has no issuer", Clause: core + "2",
			Modules: both("invalid-missing-iss"), bend: inIDToken(drop("iss"))},
		{Name: "for_another_client", Does: "is for another client", Clause: core + "3.1.3.7",
			Modules: append(both("invalid-aud"), module+"invalid-aud"),
			bend:    inIDToken(put("aud", "stranger"))},
		{Name: "without_aud", Does: "is for nobody", Clause: core + "2",
			Modules: append(both("invalid-missing-aud"), module+"missing-aud"),
			bend:    inIDToken(drop("aud"))},
		{Name: "for_a_stranger_too", Does: "is for a stranger too, who could use it",
			Clause: core + "3.1.3.7", Modules: both("invalid-secondary-aud"),
			bend: inIDToken(putAudience("stranger"))},
		{Name: "for_a_list_of_one", Does: "has the client in a list", Clause: core + "2",
			Modules: both("valid-aud-as-array"), Harmless: true, bend: inIDToken(putAudience())},
		{Name: "issued_to_another", Does: "was issued to another client: azp",
			Clause: core + "3.1.3.7", Optional: true, bend: inIDToken(put("azp", "stranger"))},
		{Name: "expired", Does: "has expired", Clause: core + "3.1.3.7",
			Modules: both("invalid-expired-exp"),
			bend:    inIDToken(put("exp", fromNow(-10*time.Minute)))},
		{Name: "without_exp", Does: "never expires", Clause: core + "2",
			Modules: both("invalid-missing-exp"), bend: inIDToken(drop("exp"))},
		{Name: "with_exp_as_text", Does: "has an expiry that is no number",
			Clause: "RFC 7519, Section 4.1.4", bend: inIDToken(put("exp", "never"))},
		{Name: "not_yet_good", Does: "is not good yet: nbf", Clause: "RFC 7519, Section 4.1.5",
			bend: inIDToken(put("nbf", fromNow(time.Hour)))},
		{Name: "without_iat", Does: "does not say when it was issued", Clause: core + "2",
			Modules: []string{module + "missing-iat"}, bend: inIDToken(drop("iat"))},
		{Name: "of_last_week", Does: "was issued a week ago", Clause: core + "3.1.3.7",
			Modules: []string{fapi1 + "iat-is-week-in-past"}, Optional: true,
			bend: inIDToken(put("iat", -week))},
		{Name: "of_next_week", Does: "will be issued in a week", Clause: "RFC 7519, Section 4.1.6",
			Optional: true, bend: inIDToken(put("iat", week))},
		{Name: "without_sub", Does: "is about nobody", Clause: core + "2",
			Modules: []string{module + "missing-sub"}, bend: inIDToken(drop("sub"))},
		{Name: "with_empty_sub", Does: "is about nobody, whose name is empty",
			Clause: core + "2", bend: inIDToken(put("sub", ""))},
		{Name: "with_long_sub", Does: "has a subject of 256 characters", Clause: core + "2",
			Optional: true, bend: inIDToken(put("sub", longSubject))},
		{Name: "with_sub_beyond_ascii", Does: "has a subject that is not ASCII",
			Clause: core + "2", Optional: true,
			bend: inIDToken(put("sub", "al\u0456ce"))},
		{Name: "with_another_nonce", Does: "has the nonce of another login",
			Clause:  core + "3.1.3.7",
			Modules: append(both("invalid-nonce"), module+"nonce-invalid"),
			bend:    inIDToken(put("nonce", "another"))},
		{Name: "without_nonce", Does: "has no nonce", Clause: core + "3.1.3.7",
			Modules: both("invalid-missing-nonce"), bend: inIDToken(drop("nonce"))},
		{Name: "without_auth_time", Does: "does not say when the user logged in, as was asked",
			Clause: core + "3.1.2.1", ask: asked, bend: inIDToken(drop("auth_time"))},
		{Name: "of_an_old_login", Does: "is of a login that was too long ago for max_age",
			Clause: core + "3.1.3.7", ask: asked,
			bend: inIDToken(put("auth_time", fromNow(-2*time.Hour)))},
		{Name: "with_another_acr", Does: "is of a login of another kind than was asked for",
			Clause: core + "3.1.3.7", ask: asked, bend: inIDToken(put("acr", "urn:other"))},
		{Name: "without_acr", Does: "does not say of what kind the login was",
			Clause: core + "3.1.3.7", ask: asked, bend: inIDToken(drop("acr"))},
		{Name: "without_essential_auth_time", Does: "lacks auth_time, which was essential",
			Clause: core + "5.5.1", ask: named, bend: inIDToken(drop("auth_time"))},
		{Name: "with_another_essential_acr", Does: "has another acr than the one essential",
			Clause: core + "5.5.1.1", ask: named, bend: inIDToken(put("acr", "urn:other"))},
		{Name: "of_another_user_than_asked", Does: "is of another user than was asked for",
			Clause: core + "5.5.1", ask: named, bend: inIDToken(put("sub", "mallory"))},
		{Name: "of_another_user_than_hinted", Does: "is of another user than id_token_hint says",
			Clause: core + "3.1.2.2", ask: Attempt{Task: Twice},
			types: []string{"code", "id_token"},
			bend:  fromSecond(inIDToken, put("sub", "mallory"))},
		{Name: "with_claims_of_wrong_types", Does: "has text where amr is a list",
			Clause: core + "2", Optional: true, bend: inIDToken(put("amr", "pwd"))},
		{Name: "with_more_claims", Does: "has claims that nobody knows", Clause: core + "2",
			Harmless: true, bend: inIDToken(put("https://issuer.example/more", []int{1}))},
		{Name: "with_wrong_at_hash", Does: "was made for another access token",
			Clause: core + "3.2.2.9", Modules: []string{module + "invalid-athash"},
			types: hashedToken, bend: inIDToken(put("at_hash", otherHash))},
		{Name: "with_wrong_at_hash_by_code", Does: "was made for another access token, which a " +
			"client of the token endpoint may look at", Clause: core + "3.1.3.8",
			Optional: true, types: byCode, bend: inIDToken(swap("at_hash", otherHash))},
		{Name: "without_at_hash", Does: "does not say for what access token it was made",
			Clause: core + "3.2.2.9", Modules: []string{module + "missing-athash"},
			types: hashedToken, bend: inIDToken(drop("at_hash"))},
		{Name: "without_at_hash_by_code", Does: "does not say for what access token it was made, " +
			"which the token endpoint need not", Clause: core + "3.1.3.6", Harmless: true,
			Modules: []string{fapi1 + "missing-athash"},
			types:   byCode, bend: inIDToken(drop("at_hash"))},
		{Name: "with_wrong_c_hash", Does: "was made for another code", Clause: core + "3.3.2.10",
			Modules: []string{module + "invalid-chash", fapi1 + "invalid-chash"},
			types:   hashedCode, bend: inIDToken(swap("c_hash", "VpTQii5T_8rgwxA-Wtb2Bw"))},
		{Name: "without_c_hash", Does: "does not say for what code it was made",
			Clause: core + "3.3.2.10", Modules: []string{module + "missing-chash"},
			types: hashedCode, bend: inIDToken(drop("c_hash"))},
		{Name: "with_wrong_s_hash", Does: "was made for another state",
			Clause: "Financial-grade API 1.0 - Part 2, Section 5.1.1", types: withFront,
			Modules: []string{fapi1 + "invalid-shash"}, Optional: true,
			bend: inIDToken(swap("s_hash", otherHash))},
		{Name: "without_s_hash", Does: "does not say for what state it was made, as OpenID " +
			"Connect does not ask", Clause: core + "2", types: withFront, Harmless: true,
			bend: inIDToken(drop("s_hash"))},
		{Name: "of_half_a_megabyte", Does: "is very long", Clause: "RFC 7515, Section 7",
			types: []string{"code"}, Optional: true,
			bend: inIDToken(put("padding", strings.Repeat("x", 512<<10)))},
		{Name: "missing", Does: "is not in the token response", Clause: core + "3.1.3.3",
			types: withCode, bend: at(members(drop("id_token")), atToken...)},
		{Name: "of_another_user", Does: "is of another user than the one before the code",
			Clause: core + "3.3.3.6", types: hashedCode,
			bend: signed(withClaims(put("sub", "mallory")), atToken...)},
	}
	name(list, "id_token_", "the ID Token ")
	for i := range list {
		if list[i].types == nil {
			list[i].types = responseTypes
		}
	}
	return list
}

// fromSecond edits all but the first.
func fromSecond(in func(edit) bend, change edit) bend {
	return func(p *Provider) {
		var one atomic.Bool
		in(func(p *Provider, members map[string]any) {
			if one.Swap(true) {
				change(p, members)
			}
		})(p)
	}
}

// putAudience has others beside the client in aud.
func putAudience(others ...string) edit {
	return func(_ *Provider, claims map[string]any) {
		client, _ := claims["aud"].(string)
		claims["aud"] = append([]string{client}, others...)
	}
}

// signatureFaults are those of how an ID Token is signed.
func signatureFaults() []Misbehavior {
	list := forged("id_token_", "the ID Token ", Misbehavior{types: responseTypes}, atIDToken...)
	modules := map[string][]string{
		"id_token_unsigned": append(both("invalid-null-alg"), module+"idtoken-sig-none"),
		"id_token_with_bad_signature": {module + "invalid-sig-rs256",
			fapi1 + "invalid-signature"},
		"id_token_with_another_alg": both("invalid-alternate-alg"),
		"id_token_without_kid":      {module + "kid-absent-single-jwks"},
	}
	for i := range list {
		list[i].Modules = modules[list[i].Name]
	}
	for _, algorithm := range []string{"ES256", "HS256"} {
		name := strings.ToLower(algorithm)
		list = append(list, Misbehavior{
			Name:    "id_token_with_bad_" + name,
			Does:    "the ID Token has a signature by " + algorithm + " that does not verify",
			Clause:  core + "3.1.3.7",
			Modules: []string{module + "invalid-sig-" + name},
			types:   responseTypes,
			ask:     Attempt{Client: Client{IDTokenAlgorithm: algorithm}},
			bend:    signed(badlySigned, atIDToken...),
		})
	}
	return append(list, Misbehavior{
		Name:    "id_token_without_kid_of_several",
		Does:    "the ID Token names no key, where there are several, which have no names",
		Clause:  core + "10.1",
		Modules: []string{module + "kid-absent-multiple-jwks"}, types: responseTypes,
		Optional: true,
		bend:     all(signed(under(`{"alg":"RS256"}`), atIDToken...), nameless),
	})
}

// encryptionFaults are those of an ID Token that is to be encrypted.
func encryptionFaults() []Misbehavior {
	ask := Attempt{Client: Client{IDTokenEncryption: Recipient{Algorithm: "RSA-OAEP-256"}}}
	list := []Misbehavior{
		{Name: "id_token_encrypted", Does: "the ID Token is encrypted, as registered",
			Clause: core + "10.2", Modules: []string{fapi1 + "encrypted-idtoken"},
			Harmless: true},
		{Name: "id_token_not_encrypted", Does: "the ID Token is not encrypted, as registered",
			Clause: core + "3.1.3.7",
			bend: func(p *Provider) {
				p.options.Clients[0].IDTokenEncryption = Recipient{}
				inIDToken(put("encrypted", false))(p)
			}},
		{Name: "id_token_badly_encrypted", Does: "the ID Token does not decrypt",
			Clause: "RFC 7516, Section 5.2", bend: signed(badlySigned, atIDToken...)},
		{Name: "id_token_encrypted_with_rsa1_5", Does: "the ID Token is encrypted with RSA1_5",
			Clause:  "RFC 8725, Section 3.2",
			Modules: []string{fapi1 + "encrypted-idtoken-usingrsa15"},
			bend: func(p *Provider) {
				client := &p.options.Clients[0]
				to := client.IDTokenEncryption.Key
				client.IDTokenEncryption = Recipient{}
				signed(func(_ *Provider, token string) string {
					return outdated(to, token)
				}, atIDToken...)(p)
			}},
	}
	for i := range list {
		list[i].types, list[i].ask = responseTypes, ask
	}
	return list
}
