// Package native is for programs that run on their user's machine: logins from the command
// line, RFC 8252, and tokens kept in a file.
//
//	tok, err := native.Login(ctx, client, native.Options{Scopes: scopes, Tell: tell})
//
// [Login] opens the browser and waits for it on a port of the loopback interface, or, where
// there is no browser, as over SSH, has the user enter a code on another device (RFC 8628).
// A program is a public client, which cannot keep a secret (RFC 8252, Section 8.5):
// [oauth2.None] is its authentication, and PKCE protects the code. The redirect URI to
// register is "http://127.0.0.1/callback", for which a server must allow any port (RFC
// 8252, Section 7.3).
//
// A login by OpenID Connect takes the parts: [Listen], Authorize of an oidc.Client with
// [Receiver.RedirectURI], [Open], [Receiver.Callback] and Callback of the client.
//
// [FileStore] keeps tokens between runs, and from being refreshed by two processes at a
// time.
//
// What is left to the caller: telling the user what to do, by [Options].Tell, and keeping the
// token that a login brought.
package native
