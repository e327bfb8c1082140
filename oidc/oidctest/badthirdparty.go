package oidctest

import "net/url"

// thirdPartyFaults are those of a site that sends the browser to log in, OpenID Connect Core
// 1.0, Section 4.
func thirdPartyFaults() []Misbehavior {
	inbox := redirectOrigin + "/inbox"
	list := []Misbehavior{
		{Name: "good", Does: "asks for a login", Harmless: true,
			Modules: []string{module + "3rd-party-init-login"},
			ask: Attempt{Params: url.Values{
				"target_link_uri": {inbox}, "login_hint": {"alice"}}}},
		{Name: "with_issuer_alone", Does: "says no more than where", Harmless: true,
			ask: Attempt{Params: url.Values{}}},
		{Name: "at_another_issuer", Does: "asks for a login where nobody is to log in",
			ask: Attempt{Params: url.Values{"iss": {stranger}}}},
		{Name: "at_no_issuer", Does: "does not say where to log in",
			ask: Attempt{Params: url.Values{"iss": {""}}}},
		{Name: "with_two_hints", Does: "has a parameter twice",
			ask: Attempt{Params: url.Values{"login_hint": {"alice", "mallory"}}}},
		{Name: "to_another_site", Does: "sends the user to another site after the login",
			ask: Attempt{Params: url.Values{"target_link_uri": {stranger + "/inbox"}}}},
	}
	name(list, "third_party_", "another site ")
	for i := range list {
		list[i].Clause, list[i].ask.Task = core+"4", ThirdParty
		if !list[i].Harmless {
			list[i].bend = (*Provider).mark // it has happened before the login begins
		}
	}
	return list
}
