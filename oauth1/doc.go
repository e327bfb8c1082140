// Package oauth1 is OAuth 1.0a, RFC 5849: logins, signed requests and renewal for
// clients, and a [Verifier] for whoever receives signed requests.
//
// A login has two halves, and a [Transaction] is what joins them:
//
//	client, err := oauth1.New(oauth1.Config{ID: id, Secret: secret, ...})
//
//	// the login handler: keep req.Transaction, redirect to req.URL
//	req, err := client.Authorize(ctx, oauth1.AuthorizationOptions{RedirectURI: callback})
//
//	// the callback handler: txn is taken from where it was kept
//	tok, err := client.Callback(ctx, r.URL.Query(), txn)
//
//	// calling the API, at this origin and no other
//	signing, err := client.Transport(tok, "https://api.example.com")
//	api := &http.Client{Transport: signing, Timeout: time.Minute}
//
// # Without a browser
//
// A login whose RedirectURI is "oob" ends in [Client.Exchange], with the verifier
// that the user types in. [Client.XAuth] trades a name and a password for a token.
// A token that a settings page shows is [FromRecord]'s, and [NoToken] is that of
// requests which act for no user. [Client.Renew] replaces a token that expires.
//
// # Providers
//
// What providers do differently is in the [Config]: another [SignatureMethod] or
// [Placement], a Realm, GET instead of POST, their own names for the parameters of
// the authorization URL, a secret that is missing. A response is read as a form or
// as a JSON object by what it begins with, whatever its media type.
//
// Nothing is signed for http but on loopback. RFC 5849 would allow HMAC there, but a
// response is not signed: whoever can change it needs no signature.
//
// # When a signature is refused
//
// The text that both sides sign is the base string, and most refusals come from
// two sides having two of them. [BaseString] returns ours; it holds no secret. It has
// three parts, the last two of which [BaseURI] and [NormalizeParams] return; [Sign]
// makes a signature of a base string and a [Key]. The request that was sent is
// resp.Request of its response: pass BaseString its method, its URL, and what
// [ParseAuthorization] reads in its header. What a provider says it expected may be in
// [Error.Detail], there without tokens.
//
// Query and form are read octet by octet: decoded once and encoded once. A "%" that
// begins no escape and a ";" are themselves, octets that are not UTF-8 stay as they
// are, and the path is signed as net/http sends it. A form is signed whatever the
// method of its request and the parameters of its Content-Type.
//
// # Verifying
//
// A [Verifier] is for webhooks, LTI 1.1 tools and providers. It wants the timestamp
// to be near, the nonce to be new, and the signature to cover the body; it comes
// before whatever else reads the body. What it returns is what was signed, and what
// an application goes by: in the request there may be more.
//
// requests-oauthlib signs no body that is not a form, which takes InsecureUnsignedBody.
// With force_include_body it hashes by SHA-1, as oauthlib does, whatever the signature
// method: with one of SHA-256 or SHA-512 that is refused as body_hash.
//
// # Checks
//
// Every refusal of this package's own is a [*CheckError] with one of these
// names, given in the order in which they are looked at; [WithTrace] lets a
// program listen.
//
//   - [New]: signature_method, client_id, private_key, client_secret, placement,
//     body_hash, realm, authorization_names, temporary_credential_method,
//     token_method, temporary_credential_params, token_params, urls, temporary_credential_url,
//     authorization_url, token_url, renewal_url
//   - [Client.Authorize]: temporary_credential_url, redirect_uri, authorization_url,
//     params; then those of a response, and oauth_callback_confirmed
//   - [Client.Callback]: transaction, callback_parameters, oauth_token,
//     oauth_verifier; then those of a response
//   - [Client.Exchange]: transaction, redirect_uri, oauth_verifier; then those of a
//     response
//   - [Client.XAuth]: token_url, x_auth_username, x_auth_password; then those of a
//     response
//   - [Client.Renew]: renewal_url, session_handle; then those of a response
//   - a response: response_form, response_parameters, response_text, token,
//     token_secret
//   - [Client.Signer] and [Client.Transport]: token, token_secret, signing_key,
//     signature_method of a CustomSignature, urls
//   - a request to be signed, those for credentials among them: url or origin,
//     authorization, body, parameters; and signing_key in FIPS 140-only mode
//   - [Sign]: signature_method, private_key, signing_key
//   - [NewVerifier]: origin, methods, key, nonces, window, max_body
//   - [Verifier.Verify]: method, authorization, content_type, size, body, form_size,
//     parameters, placement, oauth_consumer_key, oauth_signature_method,
//     oauth_signature, oauth_version,
//     signature_method, oauth_timestamp, oauth_nonce, timestamp, credentials, key,
//     signature, body_hash, nonce; and nonce_store of [MemoryNonces]
//   - [FromRecord]: record; [Transaction.MarshalBinary] and UnmarshalBinary:
//     transaction
//
// A listener hears of response_status and refusal as well, which end in an
// [*Error] or [ErrAccessDenied].
//
// # Words
//
// The names are those of RFC 5849. Authlib says request_token_url for
// [Config].TemporaryCredentialURL, authorize_url for AuthorizationURL,
// access_token_url for TokenURL, signature_type for Placement, rsa_key for
// PrivateKey, force_include_body for BodyHash; request token for temporary
// credentials; fetch_request_token with create_authorization_url for
// [Client.Authorize]; fetch_access_token for [Client.Callback]; OAuth1Auth for
// [Client.Transport]. The member names of a [Record] are Authlib's.
//
// dghubble/oauth1 says ConsumerKey and ConsumerSecret for ID and Secret, Endpoint for
// the three URLs, CallbackURL for RedirectURI, RequestToken with AuthorizationURL for
// [Client.Authorize], AccessToken for [Client.Callback], NewToken for [FromRecord], and
// Config.Client for [Client.Transport].
//
// # What is left to the caller
//
// The transaction must be kept where only the browser that began the login can
// bring it back, sealed or on the server, and taken out when the callback
// arrives, so that it serves once (RFC 5849, Section 4.13). A transaction that
// merely lies in a shared cache, found by the oauth_token of the callback, lets
// an attacker log a victim in as the attacker. After a login the application
// starts a new session of its own.
//
// A signature covers the method, the URL and a form body. Other bodies are covered
// where [Config].BodyHash asks for it and the provider looks at it; all headers are
// protected by TLS alone (RFC 5849, Section 4.12).
//
// For tests there is oauth1test, a provider on loopback that misbehaves if it is told to; its
// Suite shows what the login code of an application does with each fault.
package oauth1
