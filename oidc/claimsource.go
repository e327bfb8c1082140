package oidc

import "vouchsafe/jose"

// A ClaimsProvider vouches for claims of its own, OpenID Connect Core 1.0, Section 5.6.2.
type ClaimsProvider struct {
	Issuer     string         // "iss" of what it signs
	Keys       jose.KeySource // its keys
	Algorithms []string       // that it signs with; if empty, RS256
	Endpoints  []string       // URLs at whose origins its distributed claims may be fetched
}
