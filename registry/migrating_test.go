package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// What follows is the code of the tables in the package documentation, a function for each row.
// Those that have a name are run by the tests at the end.

// OAuth(app)
func _(keys [][]byte, base string) (*registry.Registry, error) {
	return registry.New(registry.Options{Keys: keys, BaseURL: base})
}

// OAuth(Config(".env"))
func _() registry.Options {
	return registry.Options{Config: registry.Env(".env")}
}

// AUTHLIB_OAUTH_CLIENTS = clients
func _(clients map[string]map[string]any) registry.Options {
	return registry.Options{Config: registry.Nested(clients)}
}

// oauth.register("github", client_id=id)
func _(reg *registry.Registry, id, secret string) (*registry.Client, error) {
	return reg.Register("github", registry.Config{
		Provider: "github", ClientID: id, ClientSecret: secret})
}

// server_metadata_url=url
func _(url string) registry.Config {
	return registry.Config{ServerMetadataURL: url}
}

// client_kwargs={"scope": "openid email"}
func _() registry.Config {
	return registry.Config{Scopes: []string{"openid", "email"}}
}

// {"code_challenge_method": "S256"}
func _(w http.ResponseWriter, r *http.Request, client *registry.Client, uri string) error {
	return client.AuthorizeRedirect(w, r, uri) // S256, a state, and a nonce
}

// oauth.create_client("github")
func _(reg *registry.Registry) (*registry.Client, error) {
	return reg.Client("github")
}

// github.authorize_redirect(uri)
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) error {
	return client.AuthorizeRedirect(w, r, "/auth")
}

// authorize_redirect(uri, prompt="login")
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) error {
	p := url.Values{"prompt": {"login"}}
	return client.Authorize(w, r, registry.AuthorizeOptions{Params: p, RedirectURI: "/auth"})
}

// github.authorize_access_token()
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) (registry.Token, error) {
	login, err := client.AuthorizeAccessToken(w, r)
	if err != nil {
		return registry.Token{}, err
	}
	return login.Token, nil
}

// token["userinfo"]
func _(login *registry.Login) *oidc.UserInfo {
	return login.IDToken.UserInfo()
}

// github.userinfo(token=token)
func _(
	ctx context.Context, client *registry.Client, login *registry.Login,
) (*oidc.UserInfo, error) {
	return client.UserInfo(ctx, login)
}

// OAuth2Token(name, user, **token).save()
func _(ctx context.Context, client *registry.Client, user string, login *registry.Login) error {
	return client.SaveToken(ctx, user, login.Token)
}

// OAuth2Token.find(...).to_token()
func fromAuthlib(stored []byte) (registry.Token, error) {
	var row oauth2.Record // its members have the names of the columns
	if err := json.Unmarshal(stored, &row); err != nil {
		return registry.Token{}, err
	}
	tok, err := oauth2.FromRecord(row)
	return registry.Token{OAuth2: tok}, err
}

// github.get("user", token=token)
func _(ctx context.Context, client *registry.Client, tok registry.Token) (*http.Response, error) {
	return client.WithToken(tok).Get(ctx, "user")
}

// OAuth(fetch_token=f, update_token=g)
func _(
	f func(ctx context.Context, name string) (registry.Token, error),
	g func(ctx context.Context, u registry.TokenUpdate) error,
) registry.Options {
	return registry.Options{FetchToken: f, UpdateToken: g}
}

// github.get("user")
func _(r *http.Request, client *registry.Client) (login string, err error) {
	resp, err := client.Get(r.Context(), "user")
	if err != nil {
		return "", err
	}
	var user struct{ Login string }
	err = registry.DecodeJSON(resp, &user) // raise_for_status() and json()
	return user.Login, err
}

// OAuth(cache=cache)
func _(cache registry.Cache) registry.Options {
	return registry.Options{Store: registry.CacheStore(cache)}
}

// compliance_fix=fix
func _(fix oauth2.ResponseHook) registry.Config {
	quirks := oidc.Quirks{Quirks: oauth2.Quirks{AssumeBearer: true}} // all that Slack needs
	hooks := oauth2.Hooks{AccessTokenResponse: []oauth2.ResponseHook{fix}}
	return registry.Config{Quirks: quirks, Hooks: hooks}
}

// except OAuthError as e: e.error
func refusalOf(err error) (code string) {
	if refusal, ok := errors.AsType[*oauth2.Error](err); ok {
		return refusal.Code // for a user who said no there is registry.ErrAccessDenied too
	}
	return ""
}

// except MismatchingStateError
func lost(err error) registry.Reason {
	if e, ok := errors.AsType[*registry.TransactionError](err); ok {
		return e.Reason
	}
	return ""
}

// github.logout_redirect(uri)
func _(
	w http.ResponseWriter, r *http.Request, client *registry.Client, login *registry.Login,
) error {
	// The application ends its own session first.
	return client.LogoutRedirect(w, r, registry.LogoutOptions{
		RedirectURI: "/goodbye", IDTokenHint: login.Token.OAuth2.IDToken()})
}

// github.validate_logout_response()
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) error {
	_, err := client.ValidateLogoutResponse(w, r)
	return err
}

// google.New(id, secret, url, scopes...)
func _(reg *registry.Registry, id, secret, url string, scopes []string) (*registry.Client, error) {
	return reg.Register("google", registry.Config{Provider: "google",
		ClientID: id, ClientSecret: secret, RedirectURI: url, Scopes: scopes})
}

// openidConnect.New(id, secret, url, doc)
func _(id, secret, url, doc string) registry.Config {
	return registry.Config{
		ServerMetadataURL: doc, ClientID: id, ClientSecret: secret, RedirectURI: url}
}

// gitlab.NewCustomisedURL(id, ...)
func _() registry.Config {
	host := map[string]string{"host": "git.example.com"}
	return registry.Config{Provider: "gitlab", ProviderParams: host}
}

// apple.MakeSecret(params)
func _(team, keyID string, key *jose.Key) registry.Config {
	return registry.Config{PrivateKey: key, // whose ID is Apple's key ID
		Provider: "apple", ProviderParams: map[string]string{"team": team, "key": keyID}}
}

// provider.SetPrompt("select_account")
func _() registry.Config {
	params := url.Values{"prompt": {"select_account"}}
	return registry.Config{AuthorizeParams: params}
}

// provider.HTTPClient = hc
func _(hc *http.Client) registry.Config {
	return registry.Config{HTTP: hc} // httpclient.New makes one
}

// gothic.Store = store
func _(session registry.Session) registry.Options {
	return registry.Options{Store: registry.SessionStore(session)}
}

// gothic.GetProviderName = f
func _(f func(r *http.Request) string) registry.HandlerOptions {
	return registry.HandlerOptions{Name: f} // if nil, {provider} of the pattern
}

// gothic.BeginAuthHandler(w, r)
func beginAuth(mux *http.ServeMux, h *registry.Handlers) {
	mux.Handle("/auth/{provider}", h.Login)
}

// gothic.CompleteUserAuth(w, r)
func completeUserAuth(
	mux *http.ServeMux, reg *registry.Registry,
	startSession func(w http.ResponseWriter, r *http.Request, login *registry.Login) error,
	endSession func(w http.ResponseWriter, r *http.Request) error,
) (*registry.Handlers, error) {
	const path = "/auth/{provider}/callback"
	h, err := reg.Handlers(registry.HandlerOptions{
		CallbackPath: path, LoggedIn: startSession, LoggedOut: endSession})
	if err != nil {
		return nil, err
	}
	mux.Handle(path, h.Callback)
	return h, nil
}

// gothic.Logout(w, r)
func logOut(mux *http.ServeMux, h *registry.Handlers) {
	mux.Handle("POST /logout", h.Logout) // a POST, so that no other site logs users out
}

// gothic.GetAuthURL(w, r)
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) error {
	return client.AuthorizeRedirect(w, r, "/callback")
}

// gothic.SetState = f
func _(path string) registry.AuthorizeOptions {
	return registry.AuthorizeOptions{ReturnTo: path} // which Login.ReturnTo has afterwards
}

// "state token mismatch"
func _(err error) (why registry.Reason, ok bool) {
	e, ok := errors.AsType[*registry.TransactionError](err)
	if !ok {
		return "", false
	}
	return e.Reason, true
}

// user.UserID
func _(user *oidc.UserInfo) oidc.Identity {
	return user.Identity // the subject alone may be somebody else's at another issuer
}

// user.Email
func _(user *oidc.UserInfo) string {
	address, verified := user.Email()
	if !verified {
		return ""
	}
	return address
}

// user.NickName, user.AvatarURL
func _(user *oidc.UserInfo) (name, avatar string) {
	return user.PreferredUsername, user.Picture
}

// user.RawData
func _(user *oidc.UserInfo) (map[string]any, error) {
	var raw map[string]any
	err := user.Claims(&raw)
	return raw, err
}

// user.AccessToken
func _(
	ctx context.Context, client *registry.Client, login *registry.Login,
) (*http.Response, error) {
	// login.Token.OAuth2.AccessToken() is the token itself.
	return client.WithToken(login.Token).Get(ctx, "me")
}

// user.AccessTokenSecret
func _(login *registry.Login) string {
	return login.Token.OAuth1.Secret()
}

// user.IDToken
func _(login *registry.Login) *oidc.IDToken {
	return login.IDToken // login.Token.OAuth2.IDToken() is it as it came
}

// provider.RefreshToken(refreshToken)
func _(
	ctx context.Context, client *registry.Client, id string, login *registry.Login,
) (*http.Response, error) {
	if err := client.SaveToken(ctx, id, login.Token); err != nil { // once, after the login
		return nil, err
	}
	return client.WithUser(id).Get(ctx, "me")
}

// oauth2.Endpoint{AuthURL: a, TokenURL: t}
func _(a, t string) registry.Config {
	return registry.Config{AuthorizeURL: a, AccessTokenURL: t}
}

// endpoints.GitHub
func _() registry.Config {
	return registry.Config{Provider: "github"}
}

// oidc.NewProvider(ctx, issuer)
func _(issuer string) registry.Config {
	return registry.Config{Issuer: issuer} // discovered when first needed
}

// oauth2.Config{RedirectURL: u, Scopes: s}
func _(u string, s []string) registry.Config {
	return registry.Config{RedirectURI: u, Scopes: s}
}

// oauth2.AuthStyleInParams
func _() registry.Config {
	return registry.Config{TokenEndpointAuthMethod: "client_secret_post"}
}

// oauth2.HTTPClient, oidc.ClientContext
func _(hc *http.Client) registry.Options {
	return registry.Options{HTTP: hc}
}

// conf.AuthCodeURL(state)
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) error {
	return client.AuthorizeRedirect(w, r, "/callback")
}

// oauth2.S256ChallengeOption, oidc.Nonce
func _(w http.ResponseWriter, r *http.Request, client *registry.Client, u string) error {
	return client.AuthorizeRedirect(w, r, u) // and Exchange's verifier
}

// oauth2.AccessTypeOffline
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) error {
	p := url.Values{"access_type": {"offline"}} // any of SetAuthURLParam
	return client.Authorize(w, r, registry.AuthorizeOptions{Params: p, RedirectURI: "/callback"})
}

// conf.Exchange(ctx, code)
func _(w http.ResponseWriter, r *http.Request, client *registry.Client) (*oauth2.Token, error) {
	login, err := client.AuthorizeAccessToken(w, r)
	if err != nil {
		return nil, err
	}
	return login.Token.OAuth2, nil
}

// verifier.Verify(ctx, tok.Extra(...))
func _(login *registry.Login) *oidc.IDToken {
	return login.IDToken
}

// idToken.Claims(&claims)
func _(login *registry.Login) (tenant string, err error) {
	var claims struct {
		Tenant string `json:"tid"`
	}
	err = login.IDToken.Claims(&claims)
	return claims.Tenant, err
}

// provider.UserInfo(ctx, source)
func _(
	ctx context.Context, client *registry.Client, login *registry.Login,
) (*oidc.UserInfo, error) {
	return client.UserInfo(ctx, login) // of the same subject as the ID Token
}

// conf.Client(ctx, tok)
func _(ctx context.Context, client *registry.Client, tok registry.Token) (*http.Client, error) {
	return client.WithToken(tok).HTTPClient(ctx) // for the origin of Config.APIBaseURL
}

// conf.TokenSource(ctx, tok)
func _(
	ctx context.Context, client *registry.Client, user string, tok registry.Token,
) (*oauth2.TokenSource, error) {
	if err := client.SaveToken(ctx, user, tok); err != nil { // once, after the login
		return nil, err
	}
	return client.TokenSource(ctx, user)
}

// option.WithTokenSource(source)
func _(ctx context.Context, source *oauth2.TokenSource) interface{ Token() (*sdkToken, error) } {
	convert := func(tok *oauth2.Token) *sdkToken {
		return &sdkToken{AccessToken: tok.AccessToken(), Expiry: tok.ExpiresAt}
	}
	return oauth2.Adapt(ctx, source, convert)
}

// An sdkToken is an oauth2.Token of golang.org/x/oauth2.
type sdkToken struct {
	AccessToken string
	Expiry      time.Time
}

// json.Unmarshal(stored, &tok)
func fromXOAuth2(stored []byte) (registry.Token, error) {
	var record oauth2.Record
	if err := json.Unmarshal(stored, &record); err != nil {
		return registry.Token{}, err
	}
	tok, err := oauth2.FromRecord(record)
	return registry.Token{OAuth2: tok}, err
}

// *oauth2.RetrieveError
func _(err error) (code string, status int) {
	if refusal, ok := errors.AsType[*oauth2.Error](err); ok {
		return refusal.Code, refusal.Status
	}
	return "", 0
}

// *oidc.TokenExpiredError
func expired(err error) bool {
	return errors.Is(err, &jose.CheckError{Check: "exp"})
}

// clientcredentials.Config.Token(ctx)
func _(ctx context.Context, client *registry.Client) (*oauth2.Token, error) {
	c, err := client.OAuth2(ctx)
	if err != nil {
		return nil, err
	}
	return c.ClientCredentials(ctx, oauth2.TokenOptions{Scopes: []string{"read"}})
}

// conf.DeviceAuth(ctx)
func _(ctx context.Context, client *registry.Client) (*oauth2.DeviceAuthorization, error) {
	c, err := client.OAuth2(ctx)
	if err != nil {
		return nil, err
	}
	return c.DeviceAuthorization(ctx, oauth2.TokenOptions{Scopes: []string{"read"}})
}

// conf.DeviceAccessToken(ctx, device)
func _(
	ctx context.Context, client *registry.Client, device *oauth2.DeviceAuthorization,
) (*oauth2.Token, error) {
	c, err := client.OAuth2(ctx)
	if err != nil {
		return nil, err
	}
	return c.DeviceToken(ctx, device)
}

// verifier.Verify(ctx, fromElsewhere)
func _(ctx context.Context, client *registry.Client, raw, nonce string) (*oidc.IDToken, error) {
	expected := oidc.IDTokenExpectations{Nonce: nonce}
	return client.OIDC().VerifyIDToken(ctx, raw, expected)
}

// oidc.Config{SkipClientIDCheck: true}
func _(issuer, theirs string) (*oidc.Client, error) {
	return oidc.New(oidc.Config{ID: theirs, Issuer: issuer, Auth: oauth2.None()})
}

// oidc.InsecureIssuerURLContext(ctx, iss)
func _(allow func(tenant string) bool) registry.Config {
	return registry.Config{
		Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
		ServerMetadataURL: "https://login.microsoftonline.com/organizations/v2.0" +
			"/.well-known/openid-configuration",
		OIDC: oidc.Config{Tenants: oidc.Tenants{Allow: allow, Claim: "tid"}},
	}
}

// oidc.NewRemoteKeySet(ctx, url)
func _(url string, hc *http.Client) (jose.KeySource, error) {
	return oauth2.NewRemoteKeySet(url, hc, nil)
}

// oidc.NewVerifier(issuer, keys, config)
func _(issuer, audience string, keys jose.KeySource) (*jose.Verifier, error) {
	return jose.NewVerifier(jose.VerifierConfig{Keys: keys,
		Algorithms: []string{"RS256"}, Issuer: issuer, Audience: audience})
}

// verifier.VerifyLogout(ctx, raw)
func _(client *registry.Client, end oidc.LogoutFunc, logger *slog.Logger) http.Handler {
	refused := func(r *http.Request, err error) {
		logger.WarnContext(r.Context(), "logout", "error", err)
	}
	return client.OIDC().BackChannelLogout(end, refused) // what is read of a request included
}

// The tables of the package documentation and the functions above have the same rows, and a
// function has the names and texts of its row.
func TestMigrating(t *testing.T) {
	rows, snippets := readRows(t), readSnippets(t)
	for _, r := range rows {
		i := slices.IndexFunc(snippets, func(s snippet) bool { return s.theirs == r.theirs })
		if i < 0 {
			t.Errorf("no function is commented %s", r.theirs)
		} else if word := missing(words(r.ours), snippets[i].words); word != "" {
			t.Errorf("%s: the function does not have %s, or not at its place", r.theirs, word)
		}
	}
	for _, s := range snippets {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.theirs == s.theirs }) {
			t.Errorf("no row has %s", s.theirs)
		}
	}
	for i := range min(len(rows), len(snippets)) {
		if rows[i].theirs != snippets[i].theirs {
			t.Fatalf("row %d is of %s, function %d of %s",
				i+1, rows[i].theirs, i+1, snippets[i].theirs)
		}
	}
}

// A row of the tables says what is written elsewhere, and what is written here.
type row struct{ theirs, ours string }

func readRows(t *testing.T) (rows []row) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(file.Doc.Text(), "\n# Migrating\n")
	section, _, _ = strings.Cut(section, "\n# ")
	for line := range strings.Lines(section) {
		line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		theirs, ours, ok := strings.Cut(line, " | ")
		if !ok || utf8.RuneCountInString(line) > 95 {
			t.Errorf("not a row, or one of more than 95 columns: %s", line)
		}
		rows = append(rows, row{strings.TrimRight(theirs, " "), ours})
	}
	if len(rows) < 36 {
		t.Fatalf("there are %d rows", len(rows))
	}
	return rows
}

// A snippet is the function of a row.
type snippet struct {
	theirs string
	words  []string
}

// readSnippets returns the functions of this file that come before its tests.
func readSnippets(t *testing.T) (snippets []snippet) {
	t.Helper()
	const name = "migrating_test.go"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if strings.HasPrefix(f.Name.Name, "Test") {
			break
		}
		from, to := files.Position(f.Body.Pos()).Offset, files.Position(f.Body.End()).Offset
		snippets = append(snippets, snippet{
			strings.TrimSpace(f.Doc.Text()), words(string(text[from:to]))})
	}
	return snippets
}

// words returns the names and texts of Go code, without its comments.
func words(code string) (found []string) {
	file := token.NewFileSet().AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), nil, 0)
	for {
		switch _, kind, text := s.Scan(); kind {
		case token.EOF:
			return found
		case token.IDENT, token.STRING:
			found = append(found, text)
		}
	}
}

// missing returns the first of want that got does not have after those before it.
func missing(want, got []string) string {
	for _, word := range want {
		i := slices.Index(got, word)
		if i < 0 {
			return word
		}
		got = got[i+1:]
	}
	return ""
}

// The test above would notice.
func TestMigratingNotices(t *testing.T) {
	for _, test := range []struct{ ours, code, want string }{
		{`client.Get(ctx, "user") // always`, `return client.Get(ctx, "user")`, ""},
		{`Config{HTTP: hc}`, `return registry.Config{ClientID: id, HTTP: hc}`, ""},
		{`client.Get(ctx, "user")`, `return client.Post(ctx, "user")`, "Get"},
		{`client.Get(ctx, "user")`, `return client.Get(ctx, "users")`, `"user"`},
		{`client.Get(ctx, "user")`, `return other.Get(client, ctx, "user")`, "Get"},
		{`h.Login`, `return h /* h.Login */`, "Login"},
	} {
		if got := missing(words(test.ours), words(test.code)); got != test.want {
			t.Errorf("%s in %s: %q is missing, want %q", test.ours, test.code, got, test.want)
		}
	}
}

// Tokens that the other libraries have stored are read.
func TestMigratingTokens(t *testing.T) {
	end := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, read := range map[string]func() (registry.Token, error){
		"Authlib": func() (registry.Token, error) {
			return fromAuthlib([]byte(`{"token_type": "Bearer", "access_token": "a",
				"refresh_token": "r", "expires_at": 1795262400}`))
		},
		"golang.org/x/oauth2": func() (registry.Token, error) {
			return fromXOAuth2([]byte(`{"access_token":"a","token_type":"bearer",
				"refresh_token":"r","expiry":"2026-11-21T12:00:00Z"}`))
		},
	} {
		tok, err := read()
		if err != nil || tok.OAuth2.AccessToken() != "a" || tok.OAuth2.RefreshToken() != "r" ||
			!tok.OAuth2.ExpiresAt.Equal(end) {
			t.Errorf("%s: %v, %v", name, tok.OAuth2, err)
		}
	}
}

// A site at the paths that goth's example has logs in.
func TestMigratingRoutes(t *testing.T) {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	reg := newRegistry(t, registry.Options{BaseURL: site.URL})
	if _, err := reg.Register("demo", registry.Config{
		ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer()}); err != nil {
		t.Fatal(err)
	}
	var loggedIn, loggedOut string
	h, err := completeUserAuth(mux, reg,
		func(_ http.ResponseWriter, _ *http.Request, login *registry.Login) error {
			loggedIn = login.Identity.Subject
			return nil
		},
		func(http.ResponseWriter, *http.Request) error {
			loggedOut = loggedIn
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	beginAuth(mux, h)
	logOut(mux, h)
	browse(t, site.URL+"/auth/demo")
	r := posted("/logout", nil)
	r.Host = strings.TrimPrefix(site.URL, "http://")
	r.Header.Set("Origin", site.URL)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	mux.ServeHTTP(httptest.NewRecorder(), r)
	if loggedIn != "alice" || loggedOut != "alice" {
		t.Errorf("logged in is %q, logged out %q", loggedIn, loggedOut)
	}
}

// The errors that the rows name are those that a login ends in.
func TestMigratingErrors(t *testing.T) {
	denied := oidctest.Options{EditResponse: func(params url.Values) {
		params.Del("code")
		params.Set("error", "access_denied")
	}}
	late := oidctest.Options{EditIDToken: func(claims map[string]any) {
		claims["exp"] = time.Now().Add(-time.Hour).Unix()
	}}
	if err := failedLogin(t, denied, "/login/demo"); refusalOf(err) != "access_denied" {
		t.Errorf("denied: %v", err)
	}
	if err := failedLogin(t, late, "/login/demo"); !expired(err) {
		t.Errorf("late: %v", err)
	}
	err := failedLogin(t, oidctest.Options{}, "/callback/demo?code=a&state=b")
	if lost(err) != registry.ReasonOtherBrowser {
		t.Errorf("not begun: %v", err)
	}
}

// failedLogin has a new browser visit a site, and returns the error that it ends in.
func failedLogin(t *testing.T, o oidctest.Options, path string) (end error) {
	t.Helper()
	provider := oidctest.NewServer(o)
	defer provider.Close()
	s := newSite(t, registry.Options{})
	if _, err := s.registry.Register("demo", registry.Config{
		ClientID: "client", ClientSecret: "secret", Issuer: provider.Issuer()}); err != nil {
		t.Fatal(err)
	}
	s.done = func(_ *registry.Login, _ *oidc.UserInfo, _ string, err error) { end = err }
	browse(t, s.URL+path)
	return end
}
