// Package oauth1 is a client of OAuth 1.0a, RFC 5849: the three-legged login
// and the signing of requests. It signs with HMAC-SHA1 and sends the protocol
// parameters in the Authorization header.
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
//	api := &http.Client{Transport: signing}
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
// A signature covers the method, the URL and a form body. Other bodies, and
// all headers, are protected by TLS alone (RFC 5849, Section 4.12).
//
// # Checks
//
// Every refusal of this package's own is a [*CheckError] with one of these
// names, given in the order in which they are looked at; [WithTrace] lets a
// program listen.
//
//   - [New]: signature_method, client_id, client_secret, realm,
//     temporary_credential_url, authorization_url, token_url
//   - [Client.Authorize]: redirect_uri, params; then of the response
//     response_form, response_parameters, response_text, temporary_token,
//     temporary_token_secret, oauth_callback_confirmed
//   - [Client.Callback]: transaction, callback_parameters, oauth_token,
//     oauth_verifier; then of the response response_form, response_parameters,
//     response_text, token, token_secret
//   - [Client.Transport]: token, urls; then of each request origin, host,
//     authorization, form_body, parameters
//   - [FromRecord]: record; [Transaction.UnmarshalBinary]: transaction
//
// A listener hears of response_status and refusal as well, which end in an
// [*Error] or [ErrAccessDenied].
//
// # Words
//
// The names are those of RFC 5849. Authlib says request_token_url for
// [Config].TemporaryCredentialURL, authorize_url for AuthorizationURL,
// access_token_url for TokenURL; request token for temporary credentials;
// fetch_request_token with create_authorization_url for [Client.Authorize];
// fetch_access_token for [Client.Callback]; OAuth1Auth for [Client.Transport].
// The member names of a [Record] are Authlib's.
package oauth1
