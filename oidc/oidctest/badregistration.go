package oidctest

import "net/http"

// registrationFaults are those of what a client that registers itself is answered.
func registrationFaults() []Misbehavior {
	const answered, managed = "RFC 7591, Section 3.2.1", "RFC 7592, Section 3"
	list := []Misbehavior{
		{Name: "good", Does: "is as asked for", Clause: answered, Harmless: true,
			types: responseTypes, Modules: []string{module + "dynamic-registration"}},
		{Name: "with_more", Does: "has members that nobody knows", Clause: answered,
			Harmless: true, bend: at(members(put("more", []int{1})), atRegistration...)},
		{Name: "unmanaged", Does: "cannot be managed", Clause: managed, Harmless: true,
			bend: at(members(drop("registration_access_token", "registration_client_uri")),
				atRegistration...)},
		{Name: "refused", Does: "is refused", Clause: "RFC 7591, Section 3.2.2",
			bend: at(instead(http.StatusBadRequest, "application/json",
				`{"error":"invalid_client_metadata"}`), atRegistration...)},
		{Name: "page", Does: "is a page", Clause: answered,
			bend: at(instead(http.StatusCreated, "text/html",
				"<!doctype html><title>Soon</title>"), atRegistration...)},
		{Name: "of_another_media_type", Does: "has the media type of a page", Clause: answered,
			Optional: true, bend: at(as("text/html"), atRegistration...)},
		{Name: "not_json", Does: "is no JSON", Clause: answered,
			bend: at(body(notJSON), atRegistration...)},
		{Name: "with_client_id_twice", Does: "has two client IDs", Clause: "RFC 8259, Section 4",
			bend: at(body(twice(`"client_id":"client"`)), atRegistration...)},
		{Name: "endless", Does: "goes on without end", Clause: answered,
			bend: at(body(endless), atRegistration...)},
		{Name: "without_client_id", Does: "has no client ID", Clause: answered,
			bend: at(members(drop("client_id")), atRegistration...)},
		{Name: "with_client_id_as_number", Does: "has a number as client ID", Clause: answered,
			bend: at(members(put("client_id", 7)), atRegistration...)},
		{Name: "with_secret_as_number", Does: "has a number as client secret", Clause: answered,
			bend: at(members(put("client_secret", 7)), atRegistration...)},
		{Name: "without_end_of_secret", Does: "does not say when its secret ends",
			Clause: answered,
			bend:   at(members(drop("client_secret_expires_at")), atRegistration...)},
		{Name: "with_issued_at_as_text", Does: "has a time that is no number", Clause: answered,
			bend: at(members(put("client_id_issued_at", "today")), atRegistration...)},
		{Name: "with_token_and_no_uri", Does: "has a token for nothing", Clause: managed,
			bend: at(members(drop("registration_client_uri")), atRegistration...)},
		{Name: "with_token_as_number", Does: "has a number as its token", Clause: managed,
			bend: at(members(put("registration_access_token", 7)), atRegistration...)},
		{Name: "managed_elsewhere", Does: "has its token sent to another origin",
			Clause: managed, bend: at(members(
				put("registration_client_uri", stranger+"/register")), atRegistration...)},
		{Name: "managed_without_tls", Does: "has its token sent without TLS", Clause: managed,
			bend: at(members(
				put("registration_client_uri", "http://stranger.example")), atRegistration...)},
		{Name: "with_keys_twice", Does: "has keys, and where they are",
			Clause: "RFC 7591, Section 2", bend: at(members(func(p *Provider, m map[string]any) {
				m["jwks"] = map[string]any{"keys": []any{}}
				m["jwks_uri"] = p.Endpoint("jwks")
			}), atRegistration...)},
		{Name: "with_redirect_uris_as_text", Does: "has text where redirect_uris are a list",
			Clause: "RFC 7591, Section 2",
			bend:   at(members(put("redirect_uris", stranger)), atRegistration...)},
		{Name: "of_another_redirect_uri", Does: "sends users to another site", Clause: answered,
			bend: at(members(put("redirect_uris", []string{stranger})), atRegistration...)},
		{Name: "with_another_alg", Does: "has ID Tokens signed otherwise than was asked for",
			Clause: answered,
			bend:   at(members(put("id_token_signed_response_alg", "none")), atRegistration...)},
		{Name: "with_another_method", Does: "has the client authenticate otherwise than was asked",
			Clause: answered,
			bend:   at(members(put("token_endpoint_auth_method", "none")), atRegistration...)},
	}
	name(list, "registration_", "the registration ")
	for i := range list {
		list[i].ask.Task = Registration
	}
	return list
}
