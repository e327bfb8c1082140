// Package oauth2 is an OAuth 2.0 client: RFC 6749 with the rules of RFC 9700.
//
// # One login
//
// A [Client] is made once for one authorization server and is immutable:
//
//	server, err := oauth2.Discover(ctx, nil, issuer) // or an AuthorizationServer by hand
//	auth := oauth2.ClientSecret(secret)
//	c, err := oauth2.New(oauth2.Config{ID: "client", Server: server, Auth: auth})
//
//	req, err := c.Authorize(ctx, oauth2.AuthorizationOptions{RedirectURI: u, Scopes: s})
//	// redirect the browser to req.URL and keep req.Transaction for it
//
//	params, err := oauth2.ReadCallback(r)
//	tok, err := c.Callback(ctx, params, txn)
//
// PKCE with S256 and state are part of every request and cannot be left out; Authlib
// has code_challenge_method and state to be set.
// What a login must remember is in its [Transaction]; reading the callback gives
// an [AuthorizationResponse], which cannot be made otherwise and which
// [Client.Exchange] requires. [Client.Callback] does both.
//
// Where several servers are in use, a response must tell whose it is: by iss (RFC 9207),
// which is checked whenever it is sent or promised, or else by a redirect URI for each,
// which [Transaction.CheckRedirect] compares.
//
// # Grants
//
// There is a method for each, and nothing is guessed from what is set:
//
//	Callback, Exchange                  authorization code, RFC 6749, Section 4.1
//	Refresh                             refresh token, Section 6
//	ClientCredentials                   Section 4.4
//	InsecurePassword                    Section 4.3
//	DeviceAuthorization, DeviceToken    RFC 8628
//	JWTBearer, SignAssertion            RFC 7523, Section 2.1
//	SAMLBearer                          RFC 7522, Section 2.1
//	TokenExchange                       RFC 8693
//	ExtensionGrant                      RFC 6749, Section 4.5
//
// [Client.Revoke] and [Client.Introspect] are RFC 7009 and RFC 7662. The implicit grant
// is not here: RFC 9700, Section 2.1.2.
//
// # Authenticating the client
//
// [Config].Auth is one of [ClientSecret], [ClientSecretBasic], [ClientSecretBasicRaw],
// [ClientSecretPost], [ClientSecretJWT], [PrivateKeyJWT], [None], or a
// [ClientAuthentication] of the caller's own. It is chosen by configuration, or by the
// server's metadata, never by trying. [AuthenticationFor] chooses by name.
//
// # Servers that do otherwise
//
// [Quirks] are what servers often do otherwise, as data; [Hooks] rewrite requests and
// responses before they are sent or read. What is read is checked all the same, but for
// what the documentation of a quirk says.
//
// # Calling APIs
//
// [Client.Transport] sends a token to the origins it was made for and nowhere else.
// [ResponseError] reads a refusal, and [ParseChallenges] what it asks for.
//
// # Errors
//
// What a server refuses is an [*Error] with its code, its status, and how long to wait.
// What a check of ours refuses is a [*jose.CheckError] that names the check and its
// clause; it may wrap a cause. Both answer errors.Is by kind:
//
//	errors.Is(err, &oauth2.Error{Code: "invalid_grant"}) // log in again
//	errors.Is(err, &jose.CheckError{Check: "state"})     // not the login that this browser began
//
// [jose.WithTrace] lets a function hear each check as it is made.
//
// # What is left to the caller
//
// Keeping the Transaction where only the browser that began the login can
// present it, and using it once: package registry does so. Starting a new
// application session after a login. Keeping tokens, and refreshing one at a time.
//
// Mutual TLS, DPoP, pushed and signed requests, rich authorization requests and
// registration are not here yet.
package oauth2
