package oidc

// A ClaimsRequest asks for single claims, OpenID Connect Core 1.0, Section 5.5.
type ClaimsRequest struct{}

func (r *ClaimsRequest) expected() (acr []string, authTime bool, subject string) { return }
