package registry

import "testing"

// Beside a server of somebody else's, a row fills in neither its own endpoints, which would get
// that server's tokens and secrets, nor its own keys, which would speak for its users.
func TestRowBesideAnotherServer(t *testing.T) {
	const metadata, issuer = "https://other.example/.well-known/openid-configuration",
		"https://other.example"
	webex := map[string]string{"issuer": "idbroker.webex.com"}
	for _, c := range []Config{
		{Provider: "webex", ProviderParams: webex, ServerMetadataURL: metadata},
		{Provider: "webex", ProviderParams: webex, Issuer: issuer},
		{Provider: "huawei", ServerMetadataURL: metadata},
		{Provider: "huawei", Issuer: issuer},
		{Provider: "figma", ServerMetadataURL: metadata},
		{Provider: "yahoo", ServerMetadataURL: metadata},
		{Provider: "microsoft", ServerMetadataURL: metadata},
		{Provider: "microsoft", Issuer: issuer},
		{Provider: "digitalocean", AccessTokenURL: issuer + "/token", AuthorizeURL: issuer},
	} {
		got, err := c.filled()
		if err != nil || got.Issuer != c.Issuer || got.ServerMetadataURL != c.ServerMetadataURL ||
			got.JWKSURI != "" || got.AuthorizeURL != c.AuthorizeURL ||
			got.AccessTokenURL != c.AccessTokenURL || got.RefreshTokenURL != "" ||
			got.UserInfoEndpoint != "" || got.APIBaseURL != "" || got.OIDC.Tenants.Claim != "" ||
			got.OIDC.Tenants.Allow != nil || got.OIDC.Provider.RevocationEndpoint != "" {
			t.Errorf("%s: %v: issuer %q, metadata at %q, keys at %q, logins at %q, tokens from %q "+
				"and %q, users from %q, API %q, %v", c.Provider, err, got.Issuer,
				got.ServerMetadataURL, got.JWKSURI, got.AuthorizeURL, got.AccessTokenURL,
				got.RefreshTokenURL, got.UserInfoEndpoint, got.APIBaseURL, got.OIDC.Tenants)
		}
	}
}

// What a row's own server is called, and an issuer where the row has none, take nothing away.
func TestRowBesideItsOwnServer(t *testing.T) {
	for _, c := range []Config{
		{Provider: "github", AccessTokenURL: "https://github.com/login/oauth/access_token"},
		{Provider: "github", Issuer: "https://github.example"},
		{Provider: "google", Issuer: "https://accounts.google.com"},
		{Provider: "figma", Issuer: "https://www.figma.com"},
	} {
		got, err := c.filled()
		if err != nil || got.APIBaseURL == "" || got.AuthorizeURL+got.ServerMetadataURL+got.Issuer == "" {
			t.Errorf("%s: %+v, %v", c.Provider, got.APIBaseURL, err)
		}
	}
}
