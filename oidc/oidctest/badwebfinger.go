package oidctest

import "net/http"

// webFingerFaults are those of what WebFinger says.
func webFingerFaults() []Misbehavior {
	const jrd, clause = "RFC 7033, Section 4.4", "OpenID Connect Discovery 1.0, Section 2"
	const acct, uri = "acct:alice@", "https://"
	link := func(relation, issuer string) edit {
		return put("links", []map[string]string{{"rel": relation, "href": issuer}})
	}
	list := []Misbehavior{
		{Name: "by_address", Does: "knows the issuer of an address", Clause: clause,
			Modules:  []string{module + "discovery-webfinger-acct"},
			Harmless: true, ask: Attempt{Identifier: acct}},
		{Name: "by_url", Does: "knows the issuer of a URL", Clause: clause, Harmless: true,
			Modules: []string{module + "discovery-webfinger-url"}, ask: Attempt{Identifier: uri}},
		{Name: "of_another_subject", Does: "speaks of the subject by another of its names",
			Clause: "RFC 7033, Section 4.4.1", Harmless: true,
			bend: at(members(put("subject", "acct:alice@issuer.example")), atWebFinger...)},
		{Name: "with_more", Does: "says more than was asked", Clause: jrd, Harmless: true,
			bend: at(members(put("aliases", []string{"https://alice.example/"})), atWebFinger...)},
		{Name: "not_found", Does: "knows nobody", Clause: "RFC 7033, Section 4.2",
			bend: at(instead(http.StatusNotFound, "text/plain", "nobody here"), atWebFinger...)},
		{Name: "of_another_media_type", Does: "has the media type of a page",
			Clause: "RFC 7033, Section 4.2", Optional: true, bend: at(as("text/html"), atWebFinger...)},
		{Name: "not_json", Does: "is no JSON", Clause: jrd,
			bend: at(body(notJSON), atWebFinger...)},
		{Name: "with_links_twice", Does: "has its links twice", Clause: "RFC 8259, Section 4",
			bend: at(body(twice(`"links":[]`)), atWebFinger...)},
		{Name: "without_links", Does: "links to nothing", Clause: clause,
			bend: at(members(put("links", []string{})), atWebFinger...)},
		{Name: "with_another_relation", Does: "links to something else", Clause: clause,
			bend: at(members(link("author", "https://127.0.0.1")), atWebFinger...)},
		{Name: "of_issuer_without_tls", Does: "links to an issuer without TLS", Clause: clause,
			bend: at(members(link(issuerRelation, "http://issuer.example")), atWebFinger...)},
		{Name: "of_issuer_with_query", Does: "links to an issuer with a query", Clause: clause,
			bend: at(members(link(issuerRelation, "https://issuer.example/?a=b")), atWebFinger...)},
		{Name: "of_another_issuer", Does: "links to an issuer where nobody is to log in",
			Clause: "OpenID Connect Discovery 1.0, Section 7.2",
			bend:   at(members(link(issuerRelation, stranger)), atWebFinger...)},
		{Name: "endless", Does: "goes on without end", Clause: jrd,
			bend: at(body(endless), atWebFinger...)},
	}
	name(list, "webfinger_", "WebFinger ")
	for i := range list {
		list[i].ask.Task = WebFinger
		if list[i].ask.Identifier == "" {
			list[i].ask.Identifier = acct
		}
	}
	return list
}
