// Package registry is where applications begin: register a provider by name,
// redirect the browser to it, handle the callback, call its API. The code is the
// same for OAuth 1.0, OAuth 2.0 and OpenID Connect; only the configuration
// differs. Its model is the client of Authlib.
//
//	reg, err := registry.New(registry.Options{
//		Keys: keys, BaseURL: "https://app.example", Config: registry.Env()})
//	// with GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET
//	github, err := reg.Register("github", registry.Config{Provider: "github"})
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
//	// or where Options.FetchToken finds the token of the user whom the context is of
//	resp, err := github.Get(r.Context(), "user/repos")
//
// [Registry.Handlers] has the handlers ready-made, one set for all providers.
//
// # Which protocol
//
// Config.Protocol says it. If that is empty, a Config with a RequestTokenURL is of OAuth 1.0
// (RFC 5849). One with a ServerMetadataURL, a JWKSURI or JWKS, with the scope openid, or with
// an Issuer and no AuthorizeURL, is of OpenID Connect. Any other is of OAuth 2.0 (RFC 6749).
//
// # Configuration
//
// What a Config leaves empty is filled in from Options.Config, by the keys of Authlib: from
// the environment and files such as .env ([Env]), from keys like those of Flask's app.config
// ([Flat]), from a dictionary like that of a Django site ([Nested], [JSON]), or from several
// of them ([Sources]). What is empty then is filled in from the row of the provider's name, if
// Config.Provider has one. With Config.OverwriteFromConfig, Options.Config goes first.
//
// Clients may be registered before there are settings: the zero [Registry] takes them, and
// [Registry.Init] gives them the settings. They can be replaced and removed while the site
// runs, and Options.Resolve has the configuration of those that only a database knows, such as
// tenants.
//
// # Logins in the making
//
// What a login must remember between redirect and callback is sealed and tied to
// the browser that began it, to the client and its provider, to its purpose and to a time; see
// [CookieStore], [CacheStore] and [SessionStore]. A callback that does not fit is refused with
// a [*TransactionError] that says why. RFC 6749, Section 10.12; RFC 9700, Sections
// 2.1 and 4.7.
//
// A login that links an account to a user who is logged in already is begun by a POST from
// the site itself and completed for the same user: AuthorizeOptions.User.
//
// # What has no method here
//
// Everything else that the packages below can do: [Client.OAuth1], [Client.OAuth2] and
// [Client.OIDC] return the client that does the work, for other grants, introspection,
// revocation, ID Tokens that came otherwise. Config.OAuth1, OAuth2 and OIDC are the rest of
// its configuration.
//
// # What is left to the caller
//
// Starting a new application session after a login: an old one could have been
// planted in the browser. Calling [Client.SaveToken], and a store for it: package sqlstore
// has one.
package registry
