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
// PKCE with S256 and state are part of every request and cannot be left out or chosen,
// as Authlib lets them be. What a login must remember is in its [Transaction]; reading the
// callback gives an [AuthorizationResponse], which cannot be made otherwise and which
// [Client.Exchange] requires. [Client.Callback] does both.
//
// Where several servers are in use, a response must tell whose it is: by iss (RFC 9207),
// which is checked whenever it is sent or promised, or else by a redirect URI for each,
// which [Transaction.CheckRedirect] compares.
//
// With [Config].RequestObject requests are signed (RFC 9101), and with a response mode of
// jwt responses are (JARM), which then say whose they are. Response types that bring tokens
// by the browser are for package oidc, which verifies them; [RelayFragment] gets what comes
// in a URL's fragment to [ReadCallback].
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
// # Registration
//
// [Register] registers a client by its [ClientMetadata] (RFC 7591), and a [Registration] reads,
// changes and ends what is registered (RFC 7592). Its Record is to be kept before anything else
// is done: a server may give a new token with each answer and take no older one.
//
// # Servers that do otherwise
//
// [Quirks] are what servers often do otherwise, as data; [Hooks] rewrite requests and
// responses before they are sent or read. What is read is checked all the same, but for
// what the documentation of a quirk says.
//
// # Calling APIs
//
// [Client.Transport] sends one token, as long as it is good, to the origins it was made
// for and nowhere else. [ResponseError] reads a refusal, and [ParseChallenges] what it
// asks for.
//
// # Keeping tokens
//
// A [TokenSource] keeps a token in a [TokenStore] and renews it before it ends:
//
//	src, err := c.TokenSource(oauth2.TokenSourceOptions{
//		Store: store, Key: oauth2.TokenKey{Name: "github", User: "42"}})
//	err = src.Save(ctx, tok)                 // after the login
//	tok, err = src.Token(ctx)                // any time later, in any process
//	rt, err := src.Transport(apiURL)         // and with an http.Client
//
// Where a server rotates refresh tokens (RFC 9700, Section 4.14.2), one that is used twice,
// or an answer that is not kept, ends the login. So of all that need a new token at the
// same time one asks for it, in all processes if the store is a [Locker]; the new token is
// stored before anybody sees it; and nobody's cancellation interrupts that. What remains is
// a process that is killed after the server has answered: the next one uses the old refresh
// token, which a server may take once more, and otherwise says that the user must log in.
//
// There are stores in memory ([MemoryStore]), of two functions ([CallbackStore]), in a file
// (package native) and in a database (package sqlstore). A new one needs Load and Swap, and
// Lock to be a Locker. [Adapt] makes a source for an SDK that knows golang.org/x/oauth2's.
//
// [TokenSourceOptions].Grant is for a token that no user has to log in for:
//
//	src, err := c.TokenSource(oauth2.TokenSourceOptions{
//		Grant: func(ctx context.Context) (*oauth2.Token, error) {
//			return c.ClientCredentials(ctx, oauth2.TokenOptions{Scopes: scopes})
//		}})
//
// # Errors
//
// What a server refuses is an [*Error] with its code, its status, and how long to wait.
// What a check of ours refuses is a [*jose.CheckError] that names the check and its
// clause; it may wrap a cause. Both answer errors.Is by kind:
//
//	errors.Is(err, &oauth2.Error{Code: "invalid_grant"}) // log in again
//	errors.Is(err, &jose.CheckError{Check: "state"})     // not a login of this browser
//
// A [TokenSource] says besides, by a [*TokenError], whether to try again later or to have
// the user log in, and by a [*SaveError] that a token is in danger.
//
// # Checks
//
// These are their names, in the order in which they are looked at; [jose.WithTrace] lets
// a function hear those of a login, of a response and of a request to a resource.
//
//   - [New]: client_id, client_authentication, revocation_authentication, and of them
//     client_secret, key, issuer, claims; server, and the names of its endpoints; issuer;
//     refresh_endpoint, refresh_params, code_challenge, token_request; of request objects
//     key, request_object_signing_alg, issuer, request_object_encryption_alg,
//     request_object_encryption_enc, jwks_uri; of authorization responses
//     authorization_signed_response_alg, client_secret; leeway; token_placement
//   - [Discover]: issuer; content_type, metadata, issuer, the names of the endpoints
//   - [Client.Authorize]: redirect_uri, scope, response_type, response_mode, and of it
//     issuer, jwks_uri, authorization_signing_alg_values_supported;
//     code_challenge_methods_supported, params, resource, token_params,
//     authorization_endpoint, require_signed_request_object; of a request object max_age,
//     claims, authorization_details, params, the names of a JSON Web Token's own claims,
//     request_object_encryption_alg, request_uri
//   - [NewRequestObjects]: request_uri; [RequestObjects.Publish]: request
//   - [ReadCallback]: parameters, response_mode; [Transaction.CheckRedirect]: redirect_uri
//   - [Client.AuthorizationResponse]: transaction, parameters, response, state, iss, error,
//     code, response_type, and those of a token response if there is an access token; of a
//     response beside it those of [jose.Verifier]
//   - [Client.CallbackState]: parameters, response
//   - [Client.Exchange]: transaction, code, code_verifier; then those of a token response
//   - [Client.Callback]: response_type; then those of AuthorizationResponse and Exchange
//   - the other grants: client_authentication, refresh_token, client_id, assertion, grant_type,
//     device_code, expires_in, subject_token, actor_token, audience; params, scope,
//     resource, and the name of the endpoint; then those of a token response, and
//     issued_token_type
//   - a token response: error, content_type, body, access_token, issued_token_type,
//     token_type, refresh_token, id_token, scope
//   - [Client.DeviceAuthorization]: params, scope, resource, device_authorization_endpoint;
//     error, content_type, body, device_code, user_code, verification_uri,
//     verification_uri_complete, expires_in, interval
//   - [Client.SignAssertion]: key, aud, exp
//   - [Client.Introspect]: token, introspection_endpoint; error, content_type, body,
//     active, and the names of the members; [Introspection.Claims]: active, claims
//   - [Client.Revoke]: client_id, token, revocation_endpoint
//   - [Register]: registration_endpoint, redirect_uris, jwks, jwks_uri,
//     token_endpoint_auth_signing_alg, request_object_signing_alg,
//     authorization_signed_response_alg, request_object_encryption_enc,
//     authorization_encrypted_response_enc, extra; error, content_type, body, client_id; and in
//     a [RegistrationError] registration_access_token, registration_client_uri, client_secret,
//     client_secret_expires_at, client_id_issued_at, metadata, jwks, redirect_uris,
//     token_endpoint_auth_method, subject_type, the names of algorithms and of what is true
//   - [Registration.Update]: those of Register, registration_client_uri before what is sent;
//     [Registration.Read]: that and those of the answer; [Registration.Delete]: that, error,
//     status; [Registration.Authentication]: client_authentication
//   - [RegistrationFromRecord]: client_id, metadata
//   - [SecretKey]: client_secret
//   - [AuthenticationFor]: client_authentication; [ClientSecretBasicRaw] with a colon in
//     the ID: client_id
//   - [Client.Transport]: client_id, access_token, urls; a request: origin, authorization, body
//   - [Client.TokenSource]: leeway
//   - [FromRecord]: access_token, token_type
//
// # Words
//
// They are the RFCs'. Who comes from golang.org/x/oauth2 finds its Endpoint as
// [AuthorizationServer], AuthCodeURL as [Client.Authorize], Exchange as
// [Client.Callback], clientcredentials.Config as [Client.ClientCredentials], DeviceAuth as
// [Client.DeviceAuthorization], SetAuthURLParam and EndpointParams as Params, AuthStyle as
// [ClientAuthentication], RetrieveError as [Error], Expiry as ExpiresAt, Valid as the
// opposite of Expired, TokenSource and ReuseTokenSource as [TokenSource], and what was
// stored with [FromRecord]. Authlib's create_authorization_url is Authorize, fetch_token
// the method of the grant, ensure_active_token [TokenSource.Token], update_token
// [CallbackStore], token_placement Config.TokenPlacement, and register_compliance_hook
// [Hooks].
//
// # What is left to the caller
//
// Keeping the Transaction where only the browser that began the login can
// present it, and using it once: package registry does so. Starting a new
// application session after a login.
//
// Mutual TLS, DPoP, pushed requests and rich authorization requests are not here yet.
package oauth2
