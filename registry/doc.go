// Package registry is where applications begin: register a provider by name,
// redirect the browser to it, handle the callback, call its API. The code is the
// same for OAuth 1.0, OAuth 2.0 and OpenID Connect; only the configuration
// differs. Its model is the client of Authlib.
//
//	reg, err := registry.New(registry.Options{Keys: keys, BaseURL: "https://app.example"})
//	github, err := reg.Register("github", registry.Config{
//		Provider: "github", ClientID: id, ClientSecret: secret})
//
//	// the login handler
//	err = github.AuthorizeRedirect(w, r, "/auth")
//
//	// the callback handler, at /auth
//	login, err := github.AuthorizeAccessToken(w, r)
//	user, err := github.UserInfo(r.Context(), login)
//
//	resp, err := github.WithToken(login.Token).Get(ctx, "user/repos")
//
//	// any time later, where Options.TokenStore keeps what SaveToken was given
//	resp, err := github.WithUser("42").Get(ctx, "user/repos")
//
// # Which protocol
//
// A Config with a RequestTokenURL is of OAuth 1.0 (RFC 5849). One with a
// ServerMetadataURL or a JWKSURI, with the scope openid, or with an Issuer and no
// AuthorizeURL, is of OpenID Connect. Any other is of OAuth 2.0 (RFC 6749).
//
// # What it does not do
//
// Of OpenID Connect: max_age, acr_values, claims and id_token_hint; request objects; what is
// encrypted, or signed with an HMAC; tenants; an ID Token that came otherwise. Package oidc
// does all of these, and its Client is made of the same few settings. Of OAuth 2.0: grants
// but code and refresh, quirks and hooks. Of OAuth 1.0: signatures but HMAC-SHA1 in the
// header. For now, that is.
//
// # Logins in the making
//
// What a login must remember between redirect and callback is sealed and tied to
// the browser that began it, to the client, to its purpose and to a time; see
// [CookieStore] and [CacheStore]. A callback that does not fit is refused with a
// [*TransactionError] that says why. RFC 6749, Section 10.12; RFC 9700, Sections
// 2.1 and 4.7.
//
// # What is left to the caller
//
// Starting a new application session after a login: an old one could have been
// planted in the browser. Calling [Client.SaveToken], and a store for it: package sqlstore
// has one. Showing errors.
package registry
