package oidctest

import (
	"net/http"
	"net/url"
	"strings"
)

// discoveryFaults are those of the metadata. After them nobody is sent to log in.
func discoveryFaults() []Misbehavior {
	const required, same = "OpenID Connect Discovery 1.0, Section 3",
		"OpenID Connect Discovery 1.0, Section 4.3"
	const answered = "OpenID Connect Discovery 1.0, Section 4.2"
	list := []Misbehavior{
		{Name: "of_another_issuer", Does: "is that of another issuer", Clause: same,
			Modules: append(both("discovery-issuer-mismatch"), module+"discovery-issuer-mismatch"),
			bend:    inMetadata(put("issuer", stranger))},
		{Name: "with_a_slash_more", Does: "has the issuer with a final slash", Clause: same,
			bend: inMetadata(slashed("issuer"))},
		{Name: "without_issuer", Does: "has no issuer", Clause: required,
			bend: inMetadata(drop("issuer"))},
		{Name: "with_issuer_as_list", Does: "has a list as its issuer", Clause: required,
			bend: inMetadata(func(p *Provider, m map[string]any) {
				m["issuer"] = []string{p.Issuer()}
			})},
		{Name: "missing", Does: "is nowhere", Clause: "OpenID Connect Discovery 1.0, Section 4.1",
			bend: at(instead(http.StatusNotFound, "text/plain", "nothing here"), atMetadata...)},
		{Name: "page", Does: "is a page", Clause: answered,
			bend: at(instead(http.StatusOK, "text/html", "<!doctype html><title>Soon</title>"),
				atMetadata...)},
		{Name: "of_another_media_type", Does: "has the media type of a page", Clause: answered,
			Optional: true, bend: at(as("text/html"), atMetadata...)},
		{Name: "not_json", Does: "is not JSON", Clause: answered,
			bend: at(body(notJSON), atMetadata...)},
		{Name: "with_issuer_twice", Does: "has two issuers", Clause: "RFC 8259, Section 4",
			bend: at(body(twice(`"issuer":"`+stranger+`"`)), atMetadata...)},
		{Name: "endless", Does: "goes on without end", Clause: answered,
			bend: at(body(endless), atMetadata...)},
		{Name: "with_no_algorithm_but_none", Does: "has ID Tokens signed with none alone",
			Clause: required, Optional: true,
			bend: inMetadata(put("id_token_signing_alg_values_supported", []string{"none"}))},
		{Name: "with_plain_pkce_alone", Does: "has code_challenge_methods_supported without S256",
			Clause: "RFC 9700, Section 2.1.1", Optional: true,
			bend: inMetadata(put("code_challenge_methods_supported", []string{"plain"}))},
		{Name: "without_pkce_methods", Does: "does not say that it knows PKCE",
			Clause: "RFC 8414, Section 2", Harmless: true,
			bend: inMetadata(drop("code_challenge_methods_supported"))},
		{Name: "without_userinfo_endpoint", Does: "has no userinfo_endpoint", Clause: required,
			Optional: true, bend: inMetadata(drop("userinfo_endpoint"))},
		{Name: "with_unsigned_requests_alone", Does: "takes unsigned request objects alone",
			Clause: "OpenID Connect Core 1.0, Section 6.1", Harmless: true,
			Modules: []string{module + "request-uri-signed-none"},
			bend: inMetadata(put("request_object_signing_alg_values_supported",
				[]string{"none"}))},
		{Name: "with_more", Does: "has members and algorithms that nobody knows",
			Clause: required, Harmless: true, bend: inMetadata(func(_ *Provider, m map[string]any) {
				m["more"] = map[string]any{"a": 1}
				m["id_token_signing_alg_values_supported"] = []string{"none", "X1", "RS256"}
			})},
		{Name: "with_basic_alone", Does: "takes client_secret_basic alone", Clause: required,
			Modules: []string{module + "client-secret-basic"}, Harmless: true,
			bend: all(inMetadata(put("token_endpoint_auth_methods_supported",
				[]string{"client_secret_basic"})), at(basicAlone, atToken...))},
		{Name: "good", Does: "is there", Clause: same, Harmless: true, Modules: []string{
			module + "discovery-openid-config"}, types: responseTypes},
		{Name: "of_an_issuer_with_a_slash", Does: "is of an issuer with a final slash",
			Clause: "OpenID Connect Discovery 1.0, Section 4.1", Harmless: true,
			types: responseTypes, ask: Attempt{Issuer: "/"}, bend: all(
				inMetadata(slashed("issuer")), inIDToken(slashed("iss")),
				inResponse(func(p *Provider, params url.Values) {
					params.Set("iss", p.Issuer()+"/")
				}))},
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri"} {
		list = append(list, Misbehavior{Name: "without_" + name, Does: "has no " + name,
			Clause: required, bend: inMetadata(drop(name))})
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri",
		"userinfo_endpoint"} {
		list = append(list, Misbehavior{Name: "with_http_" + name,
			Does: "has its " + name + " without TLS", Clause: required,
			bend: inMetadata(func(_ *Provider, m map[string]any) {
				m[name] = strings.Replace(m[name].(string), "https:", "http:", 1)
			})})
	}
	name(list, "metadata_", "the metadata ")
	return list
}

// slashed appends a slash.
func slashed(name string) edit {
	return func(_ *Provider, members map[string]any) {
		members[name] = members[name].(string) + "/"
	}
}

// basicAlone refuses what comes with a secret in the form.
func basicAlone(_ *Provider, a *answer) {
	if a.request.PostForm.Has("client_secret") {
		a.status, a.body = http.StatusUnauthorized, `{"error":"invalid_client"}`
	}
}
