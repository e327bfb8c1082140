package oidc

import "vouchsafe/internal/strictjson"

// Tenants are who may log in at a provider whose issuer has a tenant in it.
type Tenants struct {
	// Allow reports whether users of a tenant may log in. Required where Issuer has
	// "{tenantid}" in it.
	Allow func(tenant string) bool

	// Claim, if not empty, names a claim that must be the tenant too: "tid".
	Claim string
}

func (c *Config) acceptsIssuer(iss string) bool { return iss == c.Issuer }

func (c *Config) tenantMatches(string, func(string) strictjson.Value) bool { return true }
