// Package oidctest is an OpenID Provider and OAuth 2.0 authorization server for
// tests, in the manner of net/http/httptest: a real HTTP server on loopback that
// issues real signed tokens.
//
//	srv := oidctest.NewServer(oidctest.Options{})
//	defer srv.Close()
//	// srv.Issuer() is the issuer; the client is "client" with "secret"
//
// It approves every request for its first user, or shows a login form with
// Options.LoginForm. It is strict with the client: whatever a client does wrong
// is refused, and kept under a name that [Provider.Faults] returns, so that a
// test can tell which check of the provider it ran into.
//
// Everything a client needs that does not speak OpenID Connect is there too: a
// request without the scope openid gets no ID Token, and the API at /me takes any
// access token.
//
// A device gets its token when its user has entered the code at verification_uri; to
// GET verification_uri_complete does so too, and without the login form that is all
// (RFC 8628). A confidential client gets a token of its own by client_credentials.
//
// A refresh token is good once, and revokes the login when it comes again.
// Options.KeepRefreshToken and Options.Grace are the other two ways that providers
// have. [Provider.Refreshes] counts, [Provider.Revoke] and the revocation endpoint
// (RFC 7009) end tokens before their time, and Options.Intercept can lose an answer:
// let the provider serve the request into an [net/http/httptest.ResponseRecorder], and
// then panic with [net/http.ErrAbortHandler], or answer 503.
//
// The package shares with the client only jose and pkce, so that a mistake in
// oauth2 or oidc is not made again by its examiner. It keeps all in memory and
// is not for production.
package oidctest
