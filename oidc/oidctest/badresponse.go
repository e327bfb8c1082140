package oidctest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// responseFaults are those of what the browser brings.
func responseFaults() []Misbehavior {
	const rfc9207, state = "RFC 9207, Section 2.4", "RFC 6749, Section 10.12"
	noIDToken := []string{"code", "code token"}
	list := []Misbehavior{
		{Name: "with_another_state", Does: "has the state of another login", Clause: state,
			Modules: []string{fapi2 +
				"ensure-authorization-response-with-invalid-state-fails"},
			types: responseTypes, bend: param("state", "another")},
		{Name: "without_state", Does: "has no state", Clause: state,
			Modules: []string{fapi2 +
				"ensure-authorization-response-with-invalid-missing-state-fails"},
			types: responseTypes, bend: param("state")},
		{Name: "with_two_states", Does: "has the state twice", Clause: "RFC 6749, Section 3.1",
			types: responseTypes, bend: again("state")},
		{Name: "with_two_codes", Does: "has two codes", Clause: "RFC 6749, Section 3.1",
			types: withCode, bend: again("code")},
		{Name: "of_another_issuer", Does: "is of another issuer: a mix-up", Clause: rfc9207,
			Modules: []string{fapi2 + "invalid-authorization-response-iss"},
			types:   responseTypes, bend: param("iss", stranger)},
		{Name: "without_iss", Does: "does not say whose it is, as the metadata promises",
			Clause: rfc9207, Modules: []string{fapi2 + "remove-authorization-response-iss"},
			types: noIDToken, bend: param("iss")},
		{Name: "without_iss_beside_an_id_token", Does: "leaves it to the ID Token to say whose " +
			"it is", Clause: "RFC 9207, Section 4", types: withFront, Optional: true,
			bend: param("iss")},
		{Name: "with_error", Does: "is a refusal", Clause: "RFC 6749, Section 4.1.2.1",
			types: responseTypes, bend: refusing},
		{Name: "by_form_post_with_error", Does: "is a refusal, as a form",
			Clause:  "OAuth 2.0 Form Post Response Mode, Section 2",
			Modules: []string{module + "form-post-error"}, types: responseTypes,
			ask: Attempt{ResponseMode: "form_post"}, bend: refusing},
		{Name: "with_error_and_code", Does: "is a refusal, with a code beside it",
			Clause: "RFC 6749, Section 4.1.2.1", types: withCode,
			bend: param("error", "access_denied")},
		{Name: "without_code", Does: "has no code", Clause: "RFC 6749, Section 4.1.2",
			types: withCode, bend: param("code")},
		{Name: "with_access_token_unasked", Does: "has an access token that was not asked for",
			Clause: "RFC 6749, Section 4.1.2", Optional: true,
			types: []string{"code", "code id_token", "id_token"},
			bend:  param("access_token", "injected")},
		{Name: "without_access_token", Does: "has no access token, though one was asked for",
			Clause: core + "3.2.2.5", types: withToken, bend: param("access_token")},
		{Name: "without_id_token", Does: "has no ID Token, though one was asked for",
			Clause: core + "3.2.2.5", types: withFront, bend: param("id_token")},
		{Name: "with_code_unasked", Does: "has a code that was not asked for",
			Clause: "RFC 6749, Section 4.2.2", Optional: true,
			types: []string{"id_token", "id_token token"}, bend: param("code", "injected")},
		{Name: "without_token_type", Does: "does not say of what type the access token is",
			Clause: "RFC 6749, Section 4.2.2", types: withToken, bend: param("token_type")},
		{Name: "of_another_token_type", Does: "has an access token that is not for Bearer",
			Clause: "RFC 6749, Section 7.1", types: withToken, bend: param("token_type", "mac")},
		{Name: "without_expires_in", Does: "does not say when the access token ends",
			Clause: "RFC 6749, Section 4.2.2", types: withToken, Harmless: true,
			bend: param("expires_in")},
		{Name: "of_a_changed_session", Does: "has the state of a session that has changed " +
			"since, as the frame of Session Management says", Harmless: true, types: responseTypes,
			Clause:  "OpenID Connect Session Management 1.0, Section 3.1",
			Modules: []string{module + "session-management"}, bend: param("session_state", "a.b")},
		{Name: "with_more", Does: "has a parameter that nobody knows", Harmless: true,
			Clause: "RFC 6749, Section 4.1.2", types: responseTypes, bend: param("more", "1")},
		{Name: "with_bad_escape", Does: "has a parameter that does not decode",
			Clause: "RFC 6749, Appendix B", Optional: true,
			bend: at(func(_ *Provider, a *answer) {
				a.header.Set("Location", a.header.Get("Location")+"&more=%zz")
			}, atAuthorize...)},
		{Name: "by_form_post_of_a_megabyte", Does: "is a very long form",
			Optional: true, Clause: "OAuth 2.0 Form Post Response Mode, Section 2",
			ask:  Attempt{ResponseMode: "form_post"},
			bend: param("more", strings.Repeat("x", 1<<20))},
		{Name: "signed_unasked", Does: "is signed, as was not asked for",
			Clause: "JARM, Section 2.3", types: responseTypes, bend: inResponse(wrapped)},
	}
	name(list, "response_", "the response ")
	return list
}

// again has a parameter come twice, with another value.
func again(name string) bend {
	return inResponse(func(_ *Provider, params url.Values) { params.Add(name, "another") })
}

// refusing takes away what was asked for.
var refusing = inResponse(func(_ *Provider, params url.Values) {
	for _, name := range []string{"code", "id_token", "access_token", "token_type", "expires_in",
		"scope"} {
		params.Del(name)
	}
	params.Set("error", "access_denied")
})

// wrapped makes a response what JARM makes of it.
func wrapped(p *Provider, params url.Values) {
	params.Set("aud", p.options.Clients[0].ID)
	params.Set("exp", strconv.FormatInt(p.options.Now().Add(responseLife).Unix(), 10))
	inside, err := p.secure(params, p.options.Clients[0])
	clear(params)
	params.Set("response", must(inside.Get("response"), err))
}

// signedResponseFaults are those of responses that are signed.
func signedResponseFaults() []Misbehavior {
	const jarm = "JARM, Section 2.4"
	past := func(p *Provider, params url.Values) {
		params.Set("exp", strconv.FormatInt(p.options.Now().Add(-10*time.Minute).Unix(), 10))
	}
	list := []Misbehavior{
		{Name: "of_another_issuer", Does: "is of another issuer",
			Modules: ensure("with-invalid-iss-fails"), bend: param("iss", stranger)},
		{Name: "without_iss", Does: "has no issuer", Modules: ensure("without-iss-fails"),
			bend: param("iss")},
		{Name: "for_another_client", Does: "is for another client",
			Modules: ensure("with-invalid-aud-fails"), bend: param("aud", "stranger")},
		{Name: "without_aud", Does: "is for nobody", Modules: ensure("without-aud-fails"),
			bend: param("aud")},
		{Name: "expired", Does: "has expired", Modules: ensure("with-expired-exp-fails"),
			bend: inResponse(past)},
		{Name: "without_exp", Does: "never expires", Modules: ensure("without-exp-fails"),
			bend: param("exp")},
		{Name: "with_another_state", Does: "has the state of another login",
			bend: param("state", "another")},
		{Name: "without_state", Does: "has no state", bend: param("state")},
		{Name: "without_code", Does: "has no code", bend: param("code")},
		{Name: "with_error", Does: "is a refusal", bend: refusing},
		{Name: "with_state_as_list", Does: "has a state that is no string",
			bend: signed(withClaims(put("state", []string{"x"})), atAuthorize...)},
		{Name: "that_is_none", Does: "is as it would be without a signature",
			bend: at(location(bare), atAuthorize...)},
		{Name: "with_code_beside_it", Does: "has a code beside it", Optional: true,
			bend: at(location(with("code", "injected")), atAuthorize...)},
		{Name: "with_state_beside_it", Does: "has a state beside it", Optional: true,
			bend: at(location(with("state", "injected")), atAuthorize...)},
		{Name: "missing", Does: "is not there",
			bend: at(location(without("response")), atAuthorize...)},
		{Name: "by_no_known_algorithm", Does: "will be signed with none, as the metadata says",
			Optional: true, bend: inMetadata(put("authorization_signing_alg_values_supported",
				[]string{"none"}))},
	}
	name(list, "signed_response_", "the signed response ")
	for i := range list {
		list[i].Clause = jarm
	}
	list = append(list, forged("signed_response_", "the signed response ", Misbehavior{},
		atAuthorize...)...)
	for i := range list {
		switch list[i].ask.ResponseMode = "jwt"; list[i].Name {
		case "signed_response_unsigned":
			list[i].Modules = []string{fapi2 + "ensure-jarm-signature-is-not-none"}
		case "signed_response_with_bad_signature":
			list[i].Modules = ensure("with-invalid-sig-fails")
		}
	}
	return list
}

// location changes the query of where the browser is sent.
func location(change func(query url.Values)) func(*Provider, *answer) {
	return func(_ *Provider, a *answer) {
		u, err := url.Parse(a.header.Get("Location"))
		if err != nil || u.RawQuery == "" {
			return
		}
		query := u.Query()
		change(query)
		u.RawQuery = query.Encode()
		a.header.Set("Location", u.String())
	}
}

// bare takes the parameters out of the token that they are in.
func bare(query url.Values) {
	var claims map[string]any
	json.Unmarshal([]byte(payloadOf(query.Get("response"))), &claims)
	for name, value := range claims {
		query.Set(name, fmt.Sprint(value))
	}
	query.Del("response")
}

func with(name, value string) func(url.Values) {
	return func(query url.Values) { query.Set(name, value) }
}

func ensure(what string) []string { return []string{fapi2 + "ensure-jarm-" + what} }
