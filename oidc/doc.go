// Package oidc is an OpenID Connect relying party: OpenID Connect Core 1.0 with
// the authorization code flow, and OpenID Connect Discovery 1.0. It adds to
// package oauth2 what makes an access token's owner known: the ID Token and
// UserInfo.
//
//	c, err := oidc.New(oidc.Config{
//		Issuer: "https://issuer.example",
//		ID:     "client",
//		Auth:   oauth2.ClientSecret(secret),
//	})
//	req, err := c.Authorize(ctx, oidc.AuthorizationOptions{RedirectURI: u})
//	// redirect the browser to req.URL and keep req.Transaction for it
//	login, err := c.Callback(ctx, r.URL.Query(), txn)
//	login.IDToken.Identity() // who it is
//
// The provider's metadata and keys are fetched when first needed and kept, so
// that a service starts, and known keys go on verifying, while a provider is
// down. Metadata can narrow what is accepted and never widens it.
//
// An [IDToken] exists only after every rule of OpenID Connect Core 1.0, Section
// 3.1.3.7, each a check with a name of its own. An [Identity], issuer and subject
// together, is the one thing that may key an account (Section 5.7).
//
// # What is left to the caller
//
// Keeping the Transaction where only the browser that began the login can
// present it, and using it once: package registry does so. Starting a new
// application session after a login.
//
// Accounts for tests come from oidctest, a provider on loopback.
package oidc
