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
// # Logout
//
// [Client.LogoutRedirect] has an OpenID Provider log the user out, and
// [Client.ValidateLogoutResponse] checks that the browser comes back from it; what the browser
// holds meanwhile is sealed as for a login. Handlers.BackChannelLogout and FrontChannelLogout
// hear of users who logged out elsewhere, and have HandlerOptions.EndSessions end their
// sessions. For both the application keeps Login.IDToken.SessionID and the ID Token,
// Login.Token.OAuth2.IDToken(), with its session, and registers its addresses with the provider.
//
// # What has no method here
//
// Everything else that the packages below can do: [Client.OAuth1], [Client.OAuth2] and
// [Client.OIDC] return the client that does the work, for other grants, introspection,
// revocation, ID Tokens that came otherwise. Config.OAuth1, OAuth2 and OIDC are the rest of
// its configuration. A client that registers itself does so before, by [oidc.Register] or
// [oauth2.Register]: what they return has the ClientID, ClientSecret and
// TokenEndpointAuthMethod, and [oidc.ConfigOf] makes of it what goes into Config.OIDC, IDToken
// and UserInfo for example.
//
// # Errors
//
// A callback that does not fit is a [*TransactionError], what a user refused [ErrAccessDenied],
// a configuration that cannot work a [*ConfigError], an API's answer that is no success a
// [*StatusError]. What the packages below refuse comes wrapped: [*oauth2.Error] and
// [*oauth1.Error] are the provider's refusals, [*jose.CheckError] and [*oauth1.CheckError] those
// of checks by name, [*oauth2.TokenError] says whether the user must log in again. None has a
// secret in its text; [ErrorPage] shows a user what there is to do.
//
// # What is left to the caller
//
// Starting a new application session after a login: an old one could have been
// planted in the browser. Calling [Client.SaveToken], and a store for it: package sqlstore
// has one.
//
// # Migrating
//
// What users of other libraries write, and what they write here. On the right, what has no
// package is of this one; client, login and user are what [Registry.Register],
// [Client.AuthorizeAccessToken] and [Client.UserInfo] return, h what [Registry.Handlers] does, and
// c what [Client.OAuth2] does. migrating_test.go has a function for each row, in this order.
//
// From Authlib's web clients, whose configuration and stored tokens move over as they are:
//
//	OAuth(app)                               | New(Options{Keys: keys, BaseURL: base})
//	OAuth(Config(".env"))                    | Options{Config: Env(".env")}
//	AUTHLIB_OAUTH_CLIENTS = clients          | Options{Config: Nested(clients)}
//	oauth.register("github", client_id=id)   | reg.Register("github", Config{ClientID: id})
//	server_metadata_url=url                  | Config{ServerMetadataURL: url}
//	client_kwargs={"scope": "openid email"}  | Config{Scopes: []string{"openid", "email"}}
//	{"code_challenge_method": "S256"}        | client.AuthorizeRedirect(w, r, uri) // always
//	oauth.create_client("github")            | reg.Client("github")
//	github.authorize_redirect(uri)           | client.AuthorizeRedirect(w, r, "/auth")
//	authorize_redirect(uri, prompt="login")  | client.Authorize(w, r, AuthorizeOptions{Params: p})
//	github.authorize_access_token()          | client.AuthorizeAccessToken(w, r)
//	token["userinfo"]                        | login.IDToken.UserInfo()
//	github.userinfo(token=token)             | client.UserInfo(ctx, login)
//	OAuth2Token(name, user, **token).save()  | client.SaveToken(ctx, user, login.Token)
//	OAuth2Token.find(...).to_token()         | oauth2.FromRecord(row)
//	github.get("user", token=token)          | client.WithToken(tok).Get(ctx, "user")
//	OAuth(fetch_token=f, update_token=g)     | Options{FetchToken: f, UpdateToken: g}
//	github.get("user")                       | client.Get(r.Context(), "user")
//	OAuth(cache=cache)                       | Options{Store: CacheStore(cache)}
//	compliance_fix=fix                       | Config{Quirks: quirks, Hooks: hooks}
//	except OAuthError as e: e.error          | errors.AsType[*oauth2.Error](err)
//	except MismatchingStateError             | errors.AsType[*TransactionError](err)
//	github.logout_redirect(uri)              | client.LogoutRedirect(w, r, LogoutOptions{})
//	github.validate_logout_response()        | client.ValidateLogoutResponse(w, r)
//
// From goth and gothic, whose names for providers are found by Config.Provider; of some of them
// the user is not known by what goth has as UserID, see package compliance:
//
//	google.New(id, secret, url, scopes...)   | reg.Register("google", Config{Provider: "google"})
//	openidConnect.New(id, secret, url, doc)  | Config{ServerMetadataURL: doc}
//	gitlab.NewCustomisedURL(id, ...)         | Config{Provider: "gitlab", ProviderParams: host}
//	apple.MakeSecret(params)                 | Config{PrivateKey: key} // makes each secret
//	provider.SetPrompt("select_account")     | Config{AuthorizeParams: params}
//	provider.HTTPClient = hc                 | Config{HTTP: hc}
//	gothic.Store = store                     | Options{Store: SessionStore(session)}
//	gothic.GetProviderName = f               | HandlerOptions{Name: f}
//	gothic.BeginAuthHandler(w, r)            | h.Login
//	gothic.CompleteUserAuth(w, r)            | h.Callback // it calls HandlerOptions.LoggedIn
//	gothic.Logout(w, r)                      | h.Logout // by POST; calls HandlerOptions.LoggedOut
//	gothic.GetAuthURL(w, r)                  | client.AuthorizeRedirect(w, r, "/callback")
//	gothic.SetState = f                      | AuthorizeOptions{ReturnTo: path} // state is random
//	"state token mismatch"                   | errors.AsType[*TransactionError](err)
//	user.UserID                              | user.Identity // issuer and subject
//	user.Email                               | user.Email() // and whether it is verified
//	user.NickName, user.AvatarURL            | user.PreferredUsername, user.Picture
//	user.RawData                             | user.Claims(&raw)
//	user.AccessToken                         | client.WithToken(login.Token).Get(ctx, "me")
//	user.AccessTokenSecret                   | login.Token.OAuth1.Secret()
//	user.IDToken                             | login.IDToken // verified
//	provider.RefreshToken(refreshToken)      | client.WithUser(id).Get(ctx, "me") // refreshes
//
// From golang.org/x/oauth2 and github.com/coreos/go-oidc, whose users compare state, nonce and
// at_hash themselves, and send PKCE's challenge and verifier; here every login does:
//
//	oauth2.Endpoint{AuthURL: a, TokenURL: t} | Config{AuthorizeURL: a, AccessTokenURL: t}
//	endpoints.GitHub                         | Config{Provider: "github"}
//	oidc.NewProvider(ctx, issuer)            | Config{Issuer: issuer}
//	oauth2.Config{RedirectURL: u, Scopes: s} | Config{RedirectURI: u, Scopes: s}
//	oauth2.AuthStyleInParams                 | TokenEndpointAuthMethod: "client_secret_post"
//	oauth2.HTTPClient, oidc.ClientContext    | Options{HTTP: hc}
//	conf.AuthCodeURL(state)                  | client.AuthorizeRedirect(w, r, "/callback")
//	oauth2.S256ChallengeOption, oidc.Nonce   | client.AuthorizeRedirect(w, r, u) // always
//	oauth2.AccessTypeOffline                 | client.Authorize(w, r, AuthorizeOptions{Params: p})
//	conf.Exchange(ctx, code)                 | client.AuthorizeAccessToken(w, r)
//	verifier.Verify(ctx, tok.Extra(...))     | login.IDToken // verified
//	idToken.Claims(&claims)                  | login.IDToken.Claims(&claims)
//	provider.UserInfo(ctx, source)           | client.UserInfo(ctx, login)
//	conf.Client(ctx, tok)                    | client.WithToken(tok).HTTPClient(ctx)
//	conf.TokenSource(ctx, tok)               | client.TokenSource(ctx, user) // after SaveToken
//	option.WithTokenSource(source)           | oauth2.Adapt(ctx, source, convert)
//	json.Unmarshal(stored, &tok)             | oauth2.FromRecord(record) // reads their JSON
//	*oauth2.RetrieveError                    | errors.AsType[*oauth2.Error](err)
//	*oidc.TokenExpiredError                  | errors.Is(err, &jose.CheckError{Check: "exp"})
//	clientcredentials.Config.Token(ctx)      | c.ClientCredentials(ctx, oauth2.TokenOptions{})
//	conf.DeviceAuth(ctx)                     | c.DeviceAuthorization(ctx, oauth2.TokenOptions{})
//	conf.DeviceAccessToken(ctx, device)      | c.DeviceToken(ctx, device)
//	verifier.Verify(ctx, fromElsewhere)      | client.OIDC().VerifyIDToken(ctx, raw, expected)
//	oidc.Config{SkipClientIDCheck: true}     | oidc.New(oidc.Config{ID: theirs}) // for each app
//	oidc.InsecureIssuerURLContext(ctx, iss)  | oidc.Config{Tenants: oidc.Tenants{Allow: allow}}
//	oidc.NewRemoteKeySet(ctx, url)           | oauth2.NewRemoteKeySet(url, hc, nil)
//	oidc.NewVerifier(issuer, keys, config)   | jose.NewVerifier(jose.VerifierConfig{Keys: keys})
//	verifier.VerifyLogout(ctx, raw)          | client.OIDC().BackChannelLogout(end, refused)
package registry
