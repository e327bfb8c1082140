package oidc

import (
	"strings"

	"vouchsafe/internal/strictjson"
)

// Tenants are who may log in at a provider whose issuer has a tenant in it. Config.Issuer
// is then a template, such as https://login.example/{tenantid}/v2.0, and the metadata at
// Config.ServerMetadataURL, which must be set unless all endpoints are configured, must have
// that template, letter for letter, as its issuer: metadata of one tenant has that tenant's
// keys, which must not sign for another.
//
// The iss of an ID Token must be the template with a tenant of 1 to 255 ASCII letters, digits,
// dots, hyphens and underscores in its place, and Allow must allow that tenant. The
// provider's keys sign for all of its tenants, but for one that has a member "issuer", as
// Microsoft's have: it signs for that issuer alone, or for all if that is the template.
//
// A provider that sends iss with its responses (RFC 9207), or as JSON Web Tokens, must send
// the template there; one that sends the issuer of a tenant is refused. Whom a key signs for
// is looked at for ID Tokens and UserInfo, not for responses.
type Tenants struct {
	// Allow reports whether users of a tenant may log in, by the tenant as it is in iss,
	// whose case counts. Required where Issuer has "{tenantid}" in it, and useless
	// elsewhere, which is an error. It must be safe for concurrent use.
	Allow func(tenant string) bool

	// Claim, if not empty, names a claim that must be the tenant too: "tid".
	Claim string
}

const (
	tenantClause = "OpenID Connect Core 1.0, Section 16.15"

	tenantID  = "{tenantid}"
	maxTenant = 255
)

// checkTenants refuses a template that nobody is held to, and tenants of none.
func (c *Config) checkTenants() error {
	template := strings.Contains(c.Issuer, tenantID)
	need := ""
	switch {
	case strings.ContainsAny(strings.Replace(c.Issuer, tenantID, "", 1), "{}"):
		need = "must be allowed by an issuer with braces for one {tenantid} only"
	case template && c.Tenants.Allow == nil:
		need = "must have Allow where the issuer has {tenantid}"
	case !template && (c.Tenants.Allow != nil || c.Tenants.Claim != ""):
		need = "must be empty where the issuer has no {tenantid}"
	case template && c.ServerMetadataURL == "" && !c.complete():
		need = "must have a ServerMetadataURL"
	case strings.Contains(c.ServerMetadataURL, tenantID):
		need = "must have a ServerMetadataURL without {tenantid}"
	default:
		return nil
	}
	return checkError("tenants", need, tenantClause)
}

// tenantOf returns the tenant that iss has where the template has {tenantid}.
func (c *Config) tenantOf(iss string) (string, bool) {
	before, after, ok := strings.Cut(c.Issuer, tenantID)
	rest, hasBefore := strings.CutPrefix(iss, before)
	tenant, hasAfter := strings.CutSuffix(rest, after)
	return tenant, ok && hasBefore && hasAfter && isTenant(tenant)
}

func isTenant(s string) bool {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	return s != "" && len(s) <= maxTenant && s != "." && s != ".." &&
		strings.Trim(s, characters) == ""
}

// keyMayIssue reports whether a key that is said to sign for issuer, if anything is said,
// may sign what iss issues. Where there are no tenants the member means nothing (RFC 7517,
// Section 4): a set that Microsoft's tenants share has it too.
func (c *Config) keyMayIssue(issuer, iss string) bool {
	return c.Tenants.Allow == nil || issuer == "" || issuer == iss || issuer == c.Issuer
}

// acceptsIssuer reports whether iss may issue ID Tokens: it is the issuer, or one of a
// tenant that is allowed.
func (c *Config) acceptsIssuer(iss string) bool {
	if c.Tenants.Allow == nil {
		return iss == c.Issuer
	}
	tenant, ok := c.tenantOf(iss)
	return ok && c.Tenants.Allow(tenant)
}

// tenantMatches reports whether the claim that must be the tenant of iss is.
func (c *Config) tenantMatches(iss string, claim func(name string) strictjson.Value) bool {
	if c.Tenants.Claim == "" {
		return true
	}
	tenant, ok := c.tenantOf(iss)
	text, isString := claim(c.Tenants.Claim).String()
	return ok && isString && text == tenant
}
