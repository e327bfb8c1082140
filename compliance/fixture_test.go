package compliance_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/compliance"
	"vouchsafe/httpclient/fixture"
	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

const (
	folder      = "../testdata/providers"
	redirectURI = "https://app.example/auth"
)

// A wanted is what the fixture of a row ends in: a user, and how sure the e-mail address is.
type wanted struct {
	params map[string]string // Config.ProviderParams
	signed bool              // the client secret is a JSON Web Token

	user     oidc.Identity
	idToken  bool // whether the login itself tells who the user is
	name     string
	username string
	picture  string
	profile  string
	claims   map[string]string // the further standard claims, as text
	email    string
	verified bool
	scopes   string
	expires  int64             // seconds from the time of the fixture; 0 if that is not known
	callback map[string]string // Login.Callback
	api      string            // something below APIBaseURL, if the fixture has it
}

// A renewed is what the fixture of a refresh ends in.
type renewed struct {
	params  map[string]string
	scopes  []string // of the token refreshed
	old     string   // the refresh token
	access  string
	refresh string // empty if there is no new one
	expires int64  // seconds from the time of the fixture; 0 if that is not known
	extra   string // what the row puts beside it
}

var (
	logins = joined(oauth1Logins, oidcLogins, identityLogins, socialLogins, codeLogins,
		businessLogins, mediaLogins, fitnessLogins, asianLogins)
	failures = joined(oauth1Failures, oidcFailures, identityFailures, socialFailures,
		codeFailures, businessFailures, mediaFailures, fitnessFailures, asianFailures)
	refreshes = joined(oidcRefreshes, identityRefreshes, socialRefreshes, codeRefreshes,
		businessRefreshes, mediaRefreshes, fitnessRefreshes, asianRefreshes)
)

func joined[T any](tables ...map[string]T) map[string]T {
	all := map[string]T{}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return all
}

const inventedWords = "Invented words on what is wrong."

// described is what errors say in a member that only the provider has for that.
var described = map[string]string{
	"dingtalk-bad-code":  inventedWords,
	"facebook-bad-code":  inventedWords,
	"facebook-denied":    "Permissions error",
	"fitbit-bad-code":    "Invented words on the code [redacted].",
	"huawei-used-code":   "the code has been used",
	"hubspot-bad-code":   inventedWords,
	"imgur-bad-code":     inventedWords,
	"instagram-bad-code": inventedWords,
	"logingov-bad-code": "Code is invalid because doesn't match any user. Please see our " +
		"documentation at https://developers.login.gov/oidc/#token",
	"mailru-error":              inventedWords,
	"pinterest-bad-code":        inventedWords,
	"qiita-bad-code":            "Not found",
	"qq-used-code":              inventedWords,
	"reddit-bad-client":         "Unauthorized",
	"stackexchange-bad-request": inventedWords,
	"strava-bad-client":         "Authorization Error",
	"strava-bad-code":           "Bad Request",
	"threads-bad-code":          inventedWords,
	"wechat-bad-code":           inventedWords,
	"withings-bad-code":         inventedWords,
	"zoom-bad-code":             inventedWords,
}

// Fixtures of logins that a row must do with as well.
var variants = []string{"apple-again", "github-without-iss"}

func load(t *testing.T, name string) *fixture.Fixture {
	t.Helper()
	f, err := fixture.Load(filepath.Join(folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// register makes a client by a row's name and nothing but credentials.
func register(t *testing.T, f *fixture.Fixture) *registry.Client {
	t.Helper()
	if row, _ := compliance.Lookup(f.Provider()); row.RequestTokenURL != "" && fips140.Enforced() {
		t.Skip("FIPS 140-only mode has no HMAC-SHA1: run it without GODEBUG=fips140=only")
	}
	reg, err := registry.New(registry.Options{EphemeralKey: true, HTTP: f.Client(), Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	want := logins[f.Provider()]
	c := registry.Config{
		Provider:       f.Provider(),
		ProviderParams: want.params,
		ClientID:       f.ClientID(),
		ClientSecret:   f.ClientSecret(),
	}
	if want.signed {
		c.PrivateKey = signingKey(t)
	}
	client, err := reg.Register(f.Provider(), c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func signingKey(t *testing.T) *jose.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.NewKey(private, jose.KeyOptions{ID: "INVENTED17"})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// logIn plays the part of the browser: the login handler, the provider's page,
// the callback handler.
func logIn(t *testing.T, f *fixture.Fixture, client *registry.Client) (*registry.Login, error) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "https://app.example/login", nil)
	if err := client.AuthorizeRedirect(w, r, redirectURI); err != nil {
		t.Fatal(err)
	}
	r, err := f.Callback(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range w.Result().Cookies() {
		if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure {
			t.Errorf("cookie %s is not bound to the host", cookie.Name)
		}
		r.AddCookie(cookie)
	}
	return client.AuthorizeAccessToken(httptest.NewRecorder(), r)
}

// Each row that has a fixture logs in, tells who the user is, and calls the API.
func TestRows(t *testing.T) {
	for name, want := range logins {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			client := register(t, f)
			login, err := logIn(t, f, client)
			if err != nil {
				t.Fatal(err)
			}
			checkLogin(t, want, login, f.Now())
			if !want.user.IsZero() {
				user, err := client.UserInfo(t.Context(), login)
				if err != nil {
					t.Fatal(err)
				}
				checkUser(t, want, user)
			}
			if want.api != "" {
				resp, err := client.WithToken(login.Token).Get(t.Context(), want.api)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkLogin(t *testing.T, want wanted, login *registry.Login, now time.Time) {
	t.Helper()
	if want.idToken && login.Identity != want.user || !want.idToken && !login.Identity.IsZero() {
		t.Errorf("login is of %+v", login.Identity)
	}
	if !maps.Equal(login.Callback, want.callback) {
		t.Errorf("callback has %v", login.Callback)
	}
	if login.Token.OAuth2 == nil {
		return
	}
	if got := lifetime(login.Token.OAuth2, now); got != want.expires {
		t.Errorf("the token ends in %d s, want %d", got, want.expires)
	}
	if got := strings.Join(login.Token.OAuth2.Scopes, " "); got != want.scopes {
		t.Errorf("scopes are %q, want %q", got, want.scopes)
	}
}

// lifetime returns the seconds until a token ends: 0 if that is not known, -1 if it has ended.
func lifetime(tok *oauth2.Token, now time.Time) int64 {
	if tok.ExpiresAt.IsZero() {
		return 0
	}
	return cmp.Or(int64(tok.ExpiresAt.Sub(now).Seconds()), -1)
}

func checkUser(t *testing.T, want wanted, user *oidc.UserInfo) {
	t.Helper()
	if user.Identity != want.user {
		t.Errorf("user is %+v, want %+v", user.Identity, want.user)
	}
	if email, verified := user.Email(); email != want.email || verified != want.verified {
		t.Errorf("e-mail is %q, verified %t", email, verified)
	}
	if user.Name != want.name || user.PreferredUsername != want.username ||
		user.Picture != want.picture {
		t.Errorf("user is %q, %q, %q", user.Name, user.PreferredUsername, user.Picture)
	}
	var said map[string]json.RawMessage
	if err := user.Claims(&said); err != nil || textOf(said["profile"]) != want.profile {
		t.Errorf("profile is %q, %v", said["profile"], err)
	}
	more := map[string]string{}
	for _, claim := range furtherClaims {
		if text := textOf(said[claim]); text != "" {
			more[claim] = text
		}
	}
	if !maps.Equal(more, want.claims) {
		t.Errorf("claims are %q, want %q", more, want.claims)
	}
}

// furtherClaims are the standard claims that have no field of their own in a wanted: OpenID
// Connect Core 1.0, Section 5.1.
var furtherClaims = []string{"given_name", "family_name", "middle_name", "nickname", "website",
	"gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified",
	"updated_at"}

func textOf(claim json.RawMessage) string {
	var text string
	if json.Unmarshal(claim, &text) == nil {
		return text
	}
	return string(claim)
}

func TestVariants(t *testing.T) {
	for _, name := range variants {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			if _, err := logIn(t, f, register(t, f)); err != nil {
				t.Error(err)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, want := range failures {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			login, err := logIn(t, f, register(t, f))
			if status, ok := want.(statusError); ok {
				if status.isOf(err) {
					want = err
				}
			}
			if login != nil || !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			row, _ := compliance.Lookup(f.Provider())
			words, ownMember := described[name]
			ownMember = ownMember || row.Dialect.TokenResponse.ErrorDescription != ""
			if got := descriptionOf(err); ownMember && got != words {
				t.Errorf("the error says %q, want %q", got, words)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

func descriptionOf(err error) string {
	if refusal, ok := errors.AsType[*oauth2.Error](err); ok {
		return refusal.Description()
	}
	return ""
}

// A refresh gives a new token, and a new refresh token if there is one.
func TestRefreshes(t *testing.T) {
	for name, want := range refreshes {
		t.Run(name, func(t *testing.T) {
			f := load(t, name+"-refresh")
			old, err := oauth2.FromRecord(oauth2.Record{AccessToken: "invented-old-token",
				RefreshToken: want.old, Scope: strings.Join(want.scopes, " ")})
			if err != nil {
				t.Fatal(err)
			}
			tok, err := register(t, f).Refresh(t.Context(), registry.Token{OAuth2: old})
			if err != nil {
				t.Fatal(err)
			}
			got := tok.OAuth2
			refresh := cmp.Or(want.refresh, want.old)
			if got.AccessToken() != want.access || got.RefreshToken() != refresh {
				t.Errorf("got %q and %q", got.AccessToken(), got.RefreshToken())
			}
			if expires := lifetime(got, f.Now()); expires != want.expires {
				t.Errorf("expires in %d s, want %d", expires, want.expires)
			}
			if extra := got.Record().Extra; want.extra != "" && extra[want.extra] == nil {
				t.Errorf("it came with %q, want %s", extra, want.extra)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

// GitHub reports errors with status 200; its words stay out of the error's text.
func TestGitHubError(t *testing.T) {
	f := load(t, "github-error")
	_, err := logIn(t, f, register(t, f))
	refusal, ok := errors.AsType[*oauth2.Error](err)
	if !ok || refusal.Status != 200 || refusal.Description() == "" || refusal.URI() == "" {
		t.Fatalf("got %#v", err)
	}
	if strings.Contains(err.Error(), refusal.Description()) {
		t.Errorf("%q has the provider's words", err)
	}
}

// Every file is replayed by a test above; those of a folder, by the package of its name.
func TestNoOtherFixtures(t *testing.T) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		name := strings.TrimSuffix(entry.Name(), ".json")
		_, isLogin := logins[name]
		_, isRefresh := refreshes[strings.TrimSuffix(name, "-refresh")]
		if !isLogin && !isRefresh && failures[name] == nil && !slices.Contains(variants, name) {
			t.Errorf("nothing replays %s", entry.Name())
		}
	}
}

// Keeps the fields in step: what a row can say, a Config can say, by the same
// name and type, but for what is about the row itself.
func TestFields(t *testing.T) {
	config := reflect.TypeFor[registry.Config]()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[compliance.Provider]()) {
		if slices.Contains([]string{"Params", "Facts", "Unproven", "Waived"}, field.Name) {
			continue
		}
		same, ok := config.FieldByName(field.Name)
		if !ok || same.Type != field.Type {
			t.Errorf("registry.Config has no %s of type %v", field.Name, field.Type)
		}
	}
}

// A statusError is a refusal of a token endpoint that names no code.
type statusError int

func (e statusError) isOf(err error) bool {
	if refusal, ok := errors.AsType[*oauth1.Error](err); ok {
		return refusal.Problem == "" && refusal.Status == int(e)
	}
	refusal, ok := errors.AsType[*oauth2.Error](err)
	return ok && refusal.Code == "" && refusal.Status == int(e)
}

func (e statusError) Error() string {
	return fmt.Sprintf("a refusal without a code, status %d", int(e))
}

// registerRow registers a row with its own examples for parameters, and perhaps other scopes.
func registerRow(t *testing.T, name string, scopes ...string) *registry.Client {
	t.Helper()
	row, _ := compliance.Lookup(name)
	c := registry.Config{
		Provider: name, ProviderParams: examples(row), ClientID: "invented-client-id",
		Scopes: scopes}
	switch {
	case row.Dialect.SecretAudience != "" || row.TokenEndpointAuthMethod == "private_key_jwt":
		c.PrivateKey = signingKey(t)
	case row.TokenEndpointAuthMethod != "none":
		c.ClientSecret = strings.Repeat("invented-secret-", 4) // long enough for any HMAC
	}
	if row.RequestTokenURL != "" && fips140.Enforced() {
		t.Skip("FIPS 140-only mode has no HMAC-SHA1: run it without GODEBUG=fips140=only")
	}
	reg, err := registry.New(registry.Options{EphemeralKey: true})
	if err != nil {
		t.Fatal(err)
	}
	client, err := reg.Register(name, c)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(client.Protocol()); got != protocol(row) {
		t.Errorf("its protocol is %s, the table says %s", got, protocol(row))
	}
	return client
}
