// Package oauth2 is an OAuth 2.0 client: RFC 6749 with the rules of RFC 9700.
//
// # One login
//
// A [Client] is made once for one authorization server and is immutable:
//
//	c, err := oauth2.New(oauth2.Config{
//		ID:     "client",
//		Server: server, // by oauth2.Discover, or written by hand
//		Auth:   oauth2.ClientSecretBasic(secret),
//	})
//	req, err := c.Authorize(ctx, oauth2.AuthorizationOptions{RedirectURI: u, Scopes: s})
//	// redirect the browser to req.URL and keep req.Transaction for it
//	tok, err := c.Callback(ctx, r.URL.Query(), txn)
//
// PKCE with S256 and state are part of every request and cannot be left out.
// What a login must remember is in its [Transaction]; reading the callback gives
// an [AuthorizationResponse], which cannot be made otherwise and which
// [Client.Exchange] requires. [Client.Callback] does both.
//
// # Errors
//
// What the server refuses is an [*Error] with its code. What a check of ours
// refuses is a [*jose.CheckError] that names the check and its clause.
//
// # What is left to the caller
//
// Keeping the Transaction where only the browser that began the login can
// present it, and using it once: package registry does so. Starting a new
// application session after a login.
//
// So far the package has the authorization code and refresh token grants, and
// the client authentication methods client_secret_basic, client_secret_post and
// none.
package oauth2
