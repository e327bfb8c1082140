package compliance

import (
	"maps"
	"net/url"
	"slices"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Provider is a row of the table. Its fields mean what those of the same name in
// registry.Config do, but for those at its end. Strings may have parameters in braces,
// {tenant}, which [Provider.With] fills in.
type Provider struct {
	RequestTokenURL         string // makes it a provider of OAuth 1.0
	AuthorizeURL            string
	AuthorizeParams         url.Values
	AccessTokenURL          string
	AccessTokenParams       url.Values
	RefreshTokenURL         string
	RefreshTokenParams      url.Values
	Issuer                  string
	ServerMetadataURL       string
	JWKSURI                 string
	APIBaseURL              string
	TokenEndpointAuthMethod string
	TokenPlacement          oauth2.Placement
	ResponseMode            string
	Scopes                  []string

	// UserInfoEndpoint, UserInfoBody, UserInfoNames, UserInfoEmails and IdentityIssuer tell
	// who a user is where there is no OpenID Connect. The subject is an identifier that the
	// provider never gives to another user.
	UserInfoEndpoint string
	UserInfoBody     string
	UserInfoNames    map[string]string
	UserInfoEmails   Emails
	IdentityIssuer   string

	// Quirks and Dialect are what the provider does otherwise, as data; Hooks, what takes a
	// function.
	Quirks  oidc.Quirks
	Dialect Dialect
	Hooks   oauth2.Hooks

	OAuth1 oauth1.Config
	OIDC   oidc.Config

	// Params are the parameters of the row.
	Params map[string]Param

	// Facts are for the reader.
	Facts Facts

	// Unproven are the parts of which no fixture has a shape that is better known than from
	// memory: of "login", "identity", "error" and "refresh", in this order.
	Unproven []string

	// Waived says of each check that the row waives where it is known from that the provider
	// does not pass it, by the name of the field that waives it.
	Waived map[string]string
}

// Facts are what else is known of a provider.
type Facts struct {
	Refresh string // what becomes of refresh tokens: "kept", "rotated", "none"; empty: unknown
	PKCE    string // "required", "yes", "no"; empty: unknown
	Logout  string // "yes" if there is RP-initiated logout
}

// Lookup returns the row called name, or which goth calls so, and whether there is one. The
// caller may change what it gets.
func Lookup(name string) (Provider, bool) {
	if own, ok := aliases[name]; ok {
		name = own
	}
	for _, table := range tables() {
		if p, ok := table[name]; ok {
			return p.mapped(func(s string) string { return s }), true
		}
	}
	return Provider{}, false
}

// Names returns the names of all rows, sorted.
func Names() []string {
	var names []string
	for _, table := range tables() {
		names = slices.AppendSeq(names, maps.Keys(table))
	}
	slices.Sort(names)
	return names
}

// tables are the rows, by what the providers are for.
func tables() []map[string]Provider {
	return []map[string]Provider{oauth1Providers, oidcProviders, identityProviders,
		socialProviders, codeProviders, businessProviders, mediaProviders, fitnessProviders,
		asianProviders}
}
