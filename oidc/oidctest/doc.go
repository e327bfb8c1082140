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
// # Logins
//
// The authorization endpoint takes the response types code, code id_token, code token,
// code id_token token, id_token, and id_token token, by GET and POST, and answers by
// query, fragment, or form_post, and by JARM in each of them. Tokens never go into a
// query, unless encrypted. Where there is a code PKCE is required, and where the browser
// brings an ID Token a nonce; it has c_hash, at_hash and s_hash. Errors go the same way.
//
// A request object (RFC 9101) is taken by value and by reference, signed by a key of
// Client.Keys, and encrypted for the provider if the client likes. What is in it counts,
// and nothing beside it.
//
// The parameters prompt, max_age, acr_values, login_hint, id_token_hint and claims are
// heeded: the first of acr_values is met, a hint selects the user, and nobody is logged
// in before the form, which with prompt=create makes a new user of a name that nobody has.
// Others are ignored.
//
// A [Client] says how it gets ID Tokens, UserInfo and authorization responses signed, with
// its secret too, and encrypted. There is a key for each algorithm in use, and
// [Provider.RotateKeys] makes new ones. User.Claims are for UserInfo, by scope or by name.
//
// A client may register itself (RFC 7591), with Options.RegistrationToken if there is one, for
// what a [Client] has, and is then known as one; and read, change and end its registration
// (RFC 7592). Each answer has a new registration access token, that of a change a new secret.
//
// Metadata is where OpenID Connect Discovery 1.0 and where RFC 8414 look for it, and
// WebFinger names the issuer for any resource; what is mounted below a path must be mounted
// at /.well-known/ too for the last two. Metadata and keys have a validator.
//
// # Tokens
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
// Options.EditIDToken, EditLogoutToken, EditUserInfo, EditMetadata and EditResponse change
// what is sent, to see whether a client notices.
//
// # Misbehavior
//
// Options.Misbehave has the provider do one thing that it must not, or that a client may not
// expect, by the name of one of [Misbehaviors]: there is one for each module of the OpenID
// conformance suite for relying parties and for each check of package oidc, and more. [Suite]
// runs the login code of an application, whatever it is made of, at each of them, and fails
// where it lets pass what it must refuse, or refuses what is allowed.
//
// # Logout
//
// Each login is a session, whose ID is the claim sid; one that brings an id_token_hint goes
// on in the session of the hint, and so a session has several clients. The end_session
// endpoint and [Provider.EndSession] end it: the clients that have a BackChannelLogoutURI get
// a logout token, what they answer is judged, and what came of the session without the scope
// offline_access is revoked. The endpoint shows the browser each FrontChannelLogoutURI in a
// frame, and sends it on. The session is that of the id_token_hint, or else the last that
// the request can mean, about which the user is asked if there is a login form.
// [Provider.LogoutToken] makes a logout token to be delivered by hand.
//
// Authorization responses have session_state, and the page check_session tells a frame of
// the client whether somebody is still logged in in the browser.
//
// # What it is not
//
// The package shares with the client only jose and pkce, so that a mistake in
// oauth2 or oidc is not made again by its examiner. It keeps all in memory and
// is not for production.
package oidctest
