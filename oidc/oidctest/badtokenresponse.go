package oidctest

import (
	"net/http"
	"slices"
)

// tokenResponseFaults are those of the token endpoint.
func tokenResponseFaults() []Misbehavior {
	list := []Misbehavior{
		{Name: "error", Does: "is a refusal", Clause: "RFC 6749, Section 5.2",
			bend: at(instead(http.StatusBadRequest, "application/json",
				`{"error":"invalid_grant"}`), atToken...)},
		{Name: "error_with_status_200", Does: "is a refusal whose status is 200",
			Clause: "RFC 6749, Section 5.2",
			bend:   at(members(put("error", "invalid_grant")), atToken...)},
		{Name: "page", Does: "is a page", Clause: "RFC 6749, Section 5.1",
			bend: at(instead(http.StatusOK, "text/html", "<!doctype html><title>Soon</title>"),
				atToken...)},
		{Name: "of_another_media_type", Does: "has the media type of a page",
			Clause: "RFC 6749, Section 5.1", Optional: true, bend: at(as("text/html"), atToken...)},
		{Name: "not_json", Does: "is not JSON", Clause: "RFC 6749, Section 5.1",
			bend: at(body(notJSON), atToken...)},
		{Name: "with_token_type_twice", Does: "has two token types",
			Clause: "RFC 8259, Section 4", bend: at(body(twice(`"token_type":"mac"`)), atToken...)},
		{Name: "endless", Does: "goes on without end", Clause: "RFC 6749, Section 5.1",
			bend: at(body(endless), atToken...)},
		{Name: "compressed_without_end", Does: "is small, and without end when decompressed",
			Clause: "RFC 6749, Section 5.1", bend: at(compressed, atToken...)},
		{Name: "redirect", Does: "sends the client elsewhere, with code and secret",
			Clause: "RFC 9700, Section 4.12", bend: at(elsewhere, atToken...)},
		{Name: "without_access_token", Does: "has no access token",
			Clause: "RFC 6749, Section 5.1", bend: at(members(drop("access_token")), atToken...)},
		{Name: "without_token_type", Does: "does not say of what type the access token is",
			Clause: "RFC 6749, Section 5.1", bend: at(members(drop("token_type")), atToken...)},
		{Name: "of_another_token_type", Does: "has an access token that is not for Bearer",
			Clause: "RFC 6749, Section 7.1",
			bend:   at(members(put("token_type", "mac")), atToken...)},
		{Name: "of_type_in_odd_case", Does: "has the token type bEARER", Harmless: true,
			Clause:  "RFC 6749, Section 5.1",
			Modules: []string{fapi2 + "token-type-case-insensitivity"},
			bend:    at(members(put("token_type", "bEARER")), atToken...)},
		{Name: "without_expires_in", Does: "does not say when the access token ends",
			Clause: "RFC 6749, Section 5.1", Harmless: true,
			Modules: []string{fapi2 + "token-endpoint-response-without-expires_in"},
			bend:    at(members(drop("expires_in")), atToken...)},
		{Name: "without_scope", Does: "says neither scope nor end", Harmless: true,
			Clause:  "RFC 6749, Section 5.1",
			Modules: []string{fapi1 + "no-scope-in-token-endpoint-response"},
			bend:    at(members(drop("scope", "expires_in")), atToken...)},
		{Name: "with_expires_in_as_text", Does: "has the lifetime as a string",
			Optional: true, Clause: "RFC 6749, Section 5.1",
			bend: at(members(put("expires_in", "3600")), atToken...)},
		{Name: "with_more", Does: "has members that nobody knows", Harmless: true,
			Clause: "RFC 6749, Section 5.1", bend: at(members(put("more", []int{1})), atToken...)},
	}
	needed := []string{"access_token", "id_token"}
	for _, name := range append(needed, "refresh_token", "scope", "issued_token_type") {
		list = append(list, Misbehavior{Name: "with_" + name + "_as_number",
			Does: "has a number as " + name, Clause: "RFC 6749, Section 5.1",
			Optional: !slices.Contains(needed, name),
			bend:     at(members(put(name, 7)), atToken...)})
	}
	name(list, "token_response_", "the token response ")
	return list
}

// anotherHost is the provider by another name, for the HTTP client of a suite.
const anotherHost = "another.example.com"

// elsewhere has a request sent again, to another origin.
func elsewhere(_ *Provider, a *answer) {
	if a.status == http.StatusOK && a.request.Host != anotherHost {
		a.status, a.body = http.StatusTemporaryRedirect, ""
		a.header.Set("Location", "https://"+anotherHost+a.request.URL.Path)
	}
}
