package oidc

// An Identity is who someone is: a subject, as an issuer names it (OpenID Connect
// Core 1.0, Section 5.7). Only both together identify, byte for byte; Identities
// are compared with == and key a map or an account. An e-mail address does not.
//
// The zero value is nobody.
type Identity struct {
	Issuer  string
	Subject string
}

// IsZero reports whether i is nobody.
func (i Identity) IsZero() bool { return i == Identity{} }
