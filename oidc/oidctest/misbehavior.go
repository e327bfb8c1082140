package oidctest

import (
	"errors"
	"slices"
)

// A Misbehavior is one way in which a provider can misbehave, or in which one that conforms
// can surprise. [Options].Misbehave has a provider do so, and [Suite] sees what a client makes
// of it.
type Misbehavior struct {
	Name string // "id_token_of_another_issuer"

	// Does is what the provider does, in a few words, and Clause the clause that it breaks,
	// or that allows it.
	Does, Clause string

	// Modules are the modules of the OpenID conformance suite, version 5.2.4, that do the
	// same to a client.
	Modules []string

	// Harmless says that a client has to go through with it: it is allowed. What is neither
	// harmless nor optional a client has to refuse.
	Harmless bool

	// Optional says that a client may go through with it, or refuse: the clause binds the
	// provider alone, or says that a client may look.
	Optional bool

	types []string // of responses that it is about; if nil, "code"
	ask   Attempt  // what else is asked for; what is empty is as usual
	bend  bend     // what becomes of the provider; nil for one that is as usual
}

// Misbehaviors returns all there are. The first is to do nothing of the kind.
func Misbehaviors() []Misbehavior {
	return slices.Concat(conforming(), discoveryFaults(), keyFaults(), responseFaults(),
		signedResponseFaults(), idTokenFaults(), signatureFaults(), encryptionFaults(),
		tokenResponseFaults(), userInfoFaults(), signedUserInfoFaults(), refreshFaults(),
		webFingerFaults(), claimSourceFaults(), thirdPartyFaults(), registrationFaults(),
		logoutFaults(), frontChannelFaults(), backChannelFaults())
}

// name puts before the names and deeds of a list what it is about.
func name(list []Misbehavior, prefix, what string) {
	for i := range list {
		list[i].Name, list[i].Does = prefix+list[i].Name, what+list[i].Does
	}
}

// misbehave has the provider misbehave in the way of that name, if it is not empty.
func (p *Provider) misbehave(name string) error {
	if name == "" {
		return nil
	}
	all := Misbehaviors()
	i := slices.IndexFunc(all, func(m Misbehavior) bool { return m.Name == name })
	if i < 0 {
		return errors.New("oidctest: Options.Misbehave must be the name of one of Misbehaviors")
	}
	if all[i].bend != nil {
		all[i].bend(p)
	}
	return nil
}

// mark notes that the provider has misbehaved.
func (p *Provider) mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.misbehaved = true
}

// marked reports whether the provider has misbehaved.
func (p *Provider) marked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.misbehaved
}

// Kinds of responses.
var (
	withCode    = responseTypes[:4]
	withFront   = []string{"code id_token", "code id_token token", "id_token", "id_token token"}
	withToken   = []string{"code token", "code id_token token", "id_token token"}
	withAccess  = append([]string{"id_token token"}, withCode...)
	byCode      = []string{"code", "code id_token", "code token"}
	hashedCode  = []string{"code id_token", "code id_token token"}
	hashedToken = []string{"code id_token token", "id_token token"}
)

// conforming are the ways of a provider that does nothing wrong and nothing unusual.
func conforming() []Misbehavior {
	const client = "oidcc-client-test"
	return []Misbehavior{
		{Name: "conforms", Does: "does all as it should",
			Clause: "OpenID Connect Core 1.0, Section 3", Harmless: true, types: responseTypes,
			Modules: []string{client, client + "-idtoken-sig-rs256",
				client + "-nonce-unless-code-flow", client + "-scope-userinfo-claims",
				client + "-client-secret-basic", client + "-userinfo-bearer-header"}},
		{Name: "conforms_by_form_post", Does: "sends the response as a form",
			Clause:   "OAuth 2.0 Form Post Response Mode, Section 2",
			Harmless: true, types: responseTypes, ask: Attempt{ResponseMode: "form_post"}},
		{Name: "conforms_by_jarm", Does: "signs the response",
			Clause: "JARM, Section 2.1", Harmless: true, types: responseTypes,
			ask: Attempt{ResponseMode: "jwt"}},
		{Name: "conforms_with_max_age_and_acr", Does: "says when and how the user logged in",
			Clause: "OpenID Connect Core 1.0, Section 3.1.2.1", Harmless: true,
			types: responseTypes, ask: Attempt{Params: authenticated}},
		{Name: "conforms_to_claims_asked_for", Does: "says what was essential", Harmless: true,
			Clause: "OpenID Connect Core 1.0, Section 5.5", types: responseTypes,
			ask: Attempt{Params: essential}},
		{Name: "conforms_at_second_login", Does: "logs in the user of a hint", Harmless: true,
			Clause: "OpenID Connect Core 1.0, Section 3.1.2.1", types: responseTypes,
			ask: Attempt{Task: Twice}},
		{Name: "conforms_by_request_object", Does: "takes no request that is not signed",
			Clause: "RFC 9101, Section 10.5", Harmless: true, types: responseTypes,
			Modules: []string{client + "-request-uri-signed-rs256"},
			ask:     Attempt{Client: Client{RequireRequestObject: true}}},
		{Name: "conforms_at_refresh", Does: "refreshes a token", Harmless: true,
			Clause:  "OpenID Connect Core 1.0, Section 12",
			Modules: []string{client + "-refresh-token"},
			ask:     Attempt{Task: Refresh}},
		{Name: "conforms_with_es256", Does: "signs ID Tokens with ES256", Harmless: true,
			Clause: "OpenID Connect Core 1.0, Section 3.1.3.7", types: responseTypes,
			ask: Attempt{Client: Client{IDTokenAlgorithm: "ES256"}}},
		{Name: "conforms_with_hs256", Does: "signs ID Tokens with the client's secret",
			Clause: "OpenID Connect Core 1.0, Section 10.1", Harmless: true, types: responseTypes,
			ask: Attempt{Client: Client{IDTokenAlgorithm: "HS256"}}},
	}
}
