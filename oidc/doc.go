// Package oidc is an OpenID Connect relying party: OpenID Connect Core 1.0, in every flow,
// Discovery 1.0, Dynamic Client Registration 1.0, and logout. It adds to package oauth2 what
// makes an access token's owner known: the ID Token and UserInfo.
//
//	c, err := oidc.New(oidc.Config{
//		Issuer: "https://issuer.example",
//		ID:     "client",
//		Auth:   oauth2.ClientSecret(secret),
//	})
//	req, err := c.Authorize(ctx, oidc.AuthorizationOptions{RedirectURI: u})
//	// redirect the browser to req.URL and keep req.Transaction for it
//
//	params, err := oauth2.ReadCallback(r)
//	login, err := c.Callback(ctx, params, txn)
//	login.IDToken.Identity() // who it is
//
// An [IDToken] exists only after every rule of OpenID Connect Core 1.0, Section 3.1.3.7,
// each a check with a name of its own, whichever flow it came by. An [Identity], issuer and
// subject together, is the one thing that may key an account (Section 5.7).
//
// # Discovery
//
// The provider's metadata and keys are fetched when first needed and kept, so that a
// service starts, and known keys go on verifying, while a provider is down. They are asked
// for anew in the background, with validators, and replaced whole. What is configured in
// [Config].Provider, if it is not zero, goes before what is discovered, field by field.
// Metadata chooses among what this module has and never adds to it; [Config].EndpointMoved
// hears when an endpoint moves to another host. [DiscoverIssuer] finds the issuer of what a
// user typed.
//
// One provider may have many issuers: [Tenants] says which users may log in.
//
// # Flows
//
// The response type is "code" unless [AuthorizationOptions] say otherwise: "code id_token",
// "code token", "code id_token token", "id_token", "id_token token". An ID Token that comes
// with the browser must have the hashes of what comes with it, and is verified before the
// code is sent. The response comes in the query, as a form ("form_post"), in the fragment,
// which [oauth2.RelayFragment] has the browser post, or as a JSON Web Token ("jwt" and the
// like), which the provider signs. [Config].RequestObject signs the requests.
//
// An ID Token that came otherwise, from an application on a telephone say, is for
// [Client.VerifyIDToken]. [Client.Refresh] and [Client.TokenSource] hold a refreshed one to
// the one before. [ReadThirdPartyLogin] reads what another site asks for.
//
// # Registration
//
// [Register] registers a relying party by its [ClientMetadata], as [oauth2.Register] does, and
// [ConfigOf] makes the [Config] that is registered.
//
// # Logout
//
// [Client.Logout] has the provider log the user out, and [Client.LogoutCallback] checks that the
// browser came back from it (OpenID Connect RP-Initiated Logout 1.0).
// [Client.BackChannelLogout] and [Client.FrontChannelLogout] are handlers for what a provider
// sends when a user has logged out elsewhere: they call a [LogoutFunc], which ends the
// application's sessions. A session is found by IDToken.SessionID, to be kept with it.
//
// # What is known of a user
//
// [UserInfo] has the standard claims, typed, and all others by its method Claims.
// [Client.UserInfo] asks the UserInfo Endpoint, [IDToken.UserInfo] reads what the ID Token
// says. An e-mail address comes with whether the provider verified it, and identifies
// nobody. [Client.ClaimsFrom] gets the claims that others vouch for.
//
// # Algorithms
//
// ID Tokens are signed with the algorithm of [Config].IDToken, or one that the provider
// advertises, or RS256; with an HMAC, keyed by the client secret, only if that is what the
// client is registered for; and never not at all. With a Decrypter they must be encrypted,
// and signed inside.
//
// # Checks
//
// These are their names, in the order in which they are looked at; [jose.WithTrace] lets a
// function hear them. Those of package oauth2 come between.
//
//   - [New]: client_id, client_authentication, issuer, server_metadata_url, tenants, leeway,
//     id_token_signed_response_alg, userinfo_signed_response_alg, client_secret,
//     claims_providers, and those of [oauth2.New]
//   - discovery: content_type, metadata, issuer, the names of the endpoints,
//     authorization_endpoint, jwks_uri, id_token_signing_alg_values_supported
//   - [Client.Authorize]: token_endpoint, max_age, prompt, acr_values,
//     id_token_hint, claims, params
//   - [Client.Callback]: transaction, id_token; of every ID Token: size, compact, header, crit,
//     typ, alg, key, claims, iss, aud, exp, nbf, iat, id_token, key, tenant, aud, azp, sub,
//     iss, iat, nonce, events, auth_time, acr, at_hash, c_hash, s_hash; of the second of
//     two: sub
//   - [Client.Refresh]: id_token, iss, sub, aud, azp, iat, auth_time, nonce
//   - [Client.UserInfo]: id_token, identity, userinfo_endpoint, content_type; body, or of a
//     token cty, those of its signature, typ, key, claims, iss, aud, exp, nbf, iat;
//     userinfo_fix, sub
//   - [Client.ClaimsFrom]: source, endpoint, content_type, iss, those of a signature, typ,
//     claims, iss, aud, exp, nbf, iat
//   - [Client.Logout]: end_session_endpoint, post_logout_redirect_uri, id_token_hint, params;
//     [Client.LogoutCallback]: transaction, parameters, state
//   - [Client.VerifyLogoutToken]: those of an ID Token up to azp, jti and events among them,
//     and logout_token in place of id_token; sub, sid, events, nonce, jti; replay_store
//   - [Client.BackChannelLogout]: logout_request, logout_token, and those before;
//     [Client.ReadFrontChannelLogout]: logout_request, parameters, iss, sid
//   - [Register], [UpdateRegistration]: metadata, application_type, redirect_uris, grant_types,
//     sector_identifier_uri, id_token_signed_response_alg, id_token_encrypted_response_enc,
//     userinfo_signed_response_alg, userinfo_encrypted_response_enc, default_max_age,
//     initiate_login_uri, post_logout_redirect_uris, backchannel_logout_uri,
//     frontchannel_logout_uri; then those of [oauth2.Register]
//   - [MetadataOf]: metadata; [ConfigOf]: that, client_authentication,
//     id_token_encrypted_response_alg, userinfo_encrypted_response_alg,
//     authorization_encrypted_response_alg, key
//   - [ReadThirdPartyLogin]: parameters, response_mode, iss, target_link_uri
//   - [DiscoverIssuer]: identifier, content_type, jrd, issuer
//
// # Words
//
// They are those of the specifications. Who comes from github.com/coreos/go-oidc finds
// NewProvider as [New], which fetches nothing ([Client.Provider] does, to fail early);
// Provider.Verifier and Verify as [Client.Callback] or [Client.VerifyIDToken], which compare
// the nonce and at_hash too; Nonce and S256ChallengeOption as what [Client.Authorize] always
// does, AuthCodeOption otherwise as AuthorizationOptions.Params; Extra("id_token") as
// [oauth2.Token.IDToken]; IDToken.Claims as [IDToken.Claims]; Provider.UserInfo as
// [Client.UserInfo], which compares sub, or later [Client.UserInfoOf]; TokenSource as
// [Client.TokenSource], whose Save keeps the token of a login; SupportedSigningAlgs as
// Config.IDToken; InsecureIssuerURLContext as Config.Issuer beside ServerMetadataURL, or
// [Tenants]; ProviderConfig as Config.Provider; ClientContext as Config.HTTP. There is no
// SkipClientIDCheck and the like, and no set of fixed keys. Authlib's parse_id_token is
// Callback, userinfo is UserInfo.
//
// # What is left to the caller
//
// Keeping the Transaction where only the browser that began the login can present it, and
// using it once; and where there are several providers of which one does not say in its
// responses who it is, a redirect URI for each, which [Transaction.CheckRedirect] compares:
// package registry does both. Starting a new application session after a login.
//
// For tests there is oidctest, a provider on loopback that misbehaves if it is told to; its
// Suite shows what the login code of an application does with each fault.
package oidc
