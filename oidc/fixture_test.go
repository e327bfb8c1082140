package oidc_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/httpclient/fixture"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

const (
	fixtureFolder   = "../testdata/providers/oidc"
	fixtureRedirect = "https://app.example/auth"
	fixtureTenant   = "17000000-baaa-4bbb-8ccc-170000000017"
)

// A fixtureProvider is how a client of a provider is configured, without what its fixtures
// have.
type fixtureProvider struct {
	config  oidc.Config
	auth    func(secret string) oauth2.ClientAuthentication // if nil, the one advertised
	request oidc.AuthorizationOptions
	subject string
}

var emailProfile = []string{"email", "profile"}

var fixtureProviders = map[string]fixtureProvider{
	"apple": {
		config: oidc.Config{
			Issuer: "https://appleid.apple.com",
			Quirks: oidc.Quirks{StringBooleans: true},
		},
		request: oidc.AuthorizationOptions{
			Scopes: []string{"openid", "name", "email"}, ResponseMode: "form_post"},
		subject: "000017.17f17f17f17f17f17f17f17f17f17f17.0917",
	},
	"auth0": {
		config:  oidc.Config{Issuer: "https://fixture.auth0.example/"},
		auth:    oauth2.ClientSecretPost,
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "auth0|17f17f17f17f17f17f17f17f",
	},
	"battlenet": {config: oidc.Config{Issuer: "https://oauth.battle.net"}},
	"cognito": {
		config: oidc.Config{
			Issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Fixture17",
			Quirks: oidc.Quirks{StringBooleans: true},
		},
		subject: "17000000-2aaa-4bbb-8ccc-170000000017",
	},
	"discord": {
		config: oidc.Config{
			Issuer: "https://discord.com",
			Provider: oidc.Provider{AuthorizationServer: oauth2.AuthorizationServer{
				AuthorizationEndpoint:             "https://discord.com/oauth2/authorize",
				TokenEndpointAuthMethodsSupported: []string{"client_secret_post"},
			}},
		},
		request: oidc.AuthorizationOptions{Scopes: []string{"identify", "email"}},
		subject: "170000000000000018",
	},
	"dropbox": {
		config: oidc.Config{
			Issuer: "https://www.dropbox.com",
			Quirks: oidc.Quirks{InsecureMissingNonce: true},
		},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "dbid:17inventedDropboxAccount",
	},
	"globus": {
		config:  oidc.Config{Issuer: "https://auth.globus.org"},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "17000000-5aaa-4bbb-8ccc-170000000017",
	},
	"intuit": {
		config: oidc.Config{
			Issuer: "https://oauth.platform.intuit.com/op/v1",
			ServerMetadataURL: "https://developer.api.intuit.com" +
				"/.well-known/openid_configuration",
			Quirks: oidc.Quirks{InsecureMissingNonce: true},
		},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "17000000-7aaa-4bbb-8ccc-170000000017",
	},
	"keycloak": {
		config:  oidc.Config{Issuer: "https://sso.example/realms/demo"},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "17000000-9aaa-4bbb-8ccc-170000000017",
	},
	"line": {
		config: oidc.Config{
			Issuer:  "https://access.line.me",
			IDToken: oauth2.SignedResponse{SigningAlgorithm: "HS256"},
		},
		auth:    oauth2.ClientSecretPost,
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "U17f17f17f17f17f17f17f17f17f17f17",
	},
	"linkedin": {
		config: oidc.Config{
			Issuer: "https://www.linkedin.com/oauth",
			Quirks: oidc.Quirks{
				Quirks:               oauth2.Quirks{GrantedScopeSeparator: ","},
				StringBooleans:       true,
				InsecureMissingNonce: true,
			},
		},
		auth:    oauth2.ClientSecretPost,
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "17inventLi",
	},
	"microsoft": {
		config: oidc.Config{
			Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
			ServerMetadataURL: "https://login.microsoftonline.com" +
				"/common/v2.0/.well-known/openid-configuration",
			Tenants: oidc.Tenants{Claim: "tid", Allow: func(tenant string) bool {
				return tenant == fixtureTenant
			}},
		},
		auth:    oauth2.ClientSecretPost,
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "Inv17MicrosoftSubjectOfThisClientAlone00000",
	},
	"mojeid": {
		config:  oidc.Config{Issuer: "https://mojeid.cz/oidc/"},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "17inventedMojeIDSubject",
	},
	"orcid": {
		config:  oidc.Config{Issuer: "https://orcid.org"},
		subject: "0000-0017-0000-0017",
	},
	"paypal": {
		config:  oidc.Config{Issuer: "https://www.paypal.com"},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
	},
	"salesforce": {
		config:  oidc.Config{Issuer: "https://login.salesforce.com"},
		auth:    oauth2.ClientSecretPost,
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "https://login.salesforce.com/id/00D170000000017EAA/005170000000017AAA",
	},
	"slack": {
		config:  oidc.Config{Issuer: "https://slack.com"},
		auth:    oauth2.ClientSecretPost,
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "U17INVENTED",
	},
	"twitch": {
		config: oidc.Config{
			Issuer: "https://id.twitch.tv/oauth2",
			Hooks:  oauth2.Hooks{AccessTokenResponse: []oauth2.ResponseHook{joinScope}},
		},
		request: oidc.AuthorizationOptions{
			Scopes: []string{"user:read:email"},
			Claims: &oidc.ClaimsRequest{
				UserInfo: map[string]oidc.ClaimRequest{
					"email": {}, "email_verified": {}, "updated_at": {}},
				IDToken: map[string]oidc.ClaimRequest{
					"email": {}, "email_verified": {}, "preferred_username": {}},
			},
		},
		subject: "170000017",
	},
	"yahoo": {
		config:  oidc.Config{Issuer: "https://api.login.yahoo.com"},
		request: oidc.AuthorizationOptions{Scopes: emailProfile},
		subject: "17INVENTEDYAHOOSUBJECT17",
	},
}

// joinScope takes a scope that is an array.
func joinScope(_ context.Context, resp *httpclient.Response) error {
	var answer map[string]any
	if err := json.Unmarshal(resp.Body, &answer); err != nil {
		return err
	}
	list, _ := answer["scope"].([]any)
	answer["scope"] = strings.Trim(fmt.Sprint(list), "[]")
	var err error
	resp.Body, err = json.Marshal(answer)
	return err
}

// A contact is an email address, and whether the provider vouches for it.
type contact struct {
	email    string
	verified bool
}

// A fixtureRow is one replay of a file, and what comes of it: a user, or an error.
type fixtureRow struct {
	name   string   // of the file, and after a slash of what is otherwise
	edit   []string // a text of the file, and what takes its place
	change func(c *oidc.Config)
	hybrid bool // an ID Token comes with the code, posted

	user  string  // the name, by UserInfo if there is such an endpoint
	token contact // by the ID Token
	info  contact // by UserInfo
	more  func(t *testing.T, login *oidc.Login, user *oidc.UserInfo)

	refused error
	again   bool   // the keys are fetched twice, as the one looked for is not there
	left    string // the exchanges that a refusal leaves
}

func check(name string) error { return &jose.CheckError{Check: name} }

// conforming makes a client of a provider that is said to conform.
func conforming(c *oidc.Config) {
	c.Quirks = oidc.Quirks{Quirks: c.Quirks.Quirks}
}

var fixtureRows = []fixtureRow{
	{name: "apple", token: contact{"relay17@example.com", true}, more: noUserInfo},
	{name: "apple/strings are no booleans", change: conforming,
		token: contact{"relay17@example.com", false}, more: noUserInfo},
	{name: "apple-cancelled", refused: &oauth2.Error{Code: "user_cancelled_authorize"}},
	{name: "apple-bad-code", refused: &oauth2.Error{Code: "invalid_grant"}},

	{name: "auth0", user: "Ava Fixture", token: contact{"ava@example.com", true},
		info: contact{"ava@example.com", true}, more: updatedAsText("2026-11-20T08:00:00.000Z")},
	{name: "auth0/issuer without its slash", refused: check("issuer"),
		change: func(c *oidc.Config) { c.Issuer = "https://fixture.auth0.example" },
		left:   "authorization, token, keys, userinfo"},

	{name: "battlenet", refused: check("key"), again: true},

	{name: "cognito", token: contact{"cora@example.com", true},
		info: contact{"cora@example.com", true}, more: phone},
	{name: "cognito/strings are no booleans", change: conforming,
		token: contact{"cora@example.com", true}, info: contact{"cora@example.com", false},
		more: phone},
	{name: "cognito/kid without its padding", refused: check("key"),
		again: true, edit: []string{`"kid": "17inventedCognitoKeyIdentifier17inventedKey="`,
			`"kid": "17inventedCognitoKeyIdentifier17inventedKey"`},
		left: "userinfo"},

	{name: "discord", token: contact{"dora@example.com", true}, more: noUserInfo},

	{name: "dropbox", token: contact{"dela@example.com", true}, more: noUserInfo},
	{name: "dropbox/nonce must be there", change: conforming, refused: check("nonce")},

	{name: "globus", user: "Gita Fixture", token: contact{"gita@example.com", false},
		info: contact{"gita@example.com", false}},
	{name: "globus/another algorithm is registered", refused: check("alg"),
		change: func(c *oidc.Config) { c.IDToken.SigningAlgorithm = "RS256" },
		left:   "keys, userinfo"},

	{name: "intuit", info: contact{"ilse@example.com", false}},
	{name: "intuit/nonce must be there", change: conforming, refused: check("nonce"),
		left: "userinfo"},
	{name: "intuit/another issuer", refused: check("issuer"),
		change: func(c *oidc.Config) { c.Issuer = "https://developer.api.intuit.com" },
		left:   "authorization, token, keys, userinfo"},

	{name: "keycloak", user: "Kira Fixture", token: contact{"kira@example.com", true},
		info: contact{"kira@example.com", true}},
	{name: "keycloak/key for encryption", refused: check("key"), again: true, left: "userinfo",
		edit: []string{`"kid": "Inv17KeycloakSignatureKey17KeycloakSignatur"
    },`, `"kid": "Inv17KeycloakEncryptionKey17KeycloakEncrypt"
    },`}},
	{name: "keycloak-other-realm", refused: check("iss")},

	{name: "line", user: "Lena Fixture", token: contact{"lena@example.com", false}},
	{name: "line/not registered", refused: check("alg"), left: "userinfo",
		change: func(c *oidc.Config) { c.IDToken.SigningAlgorithm = "" }},

	{name: "linkedin", user: "Lina Fixture", token: contact{"lina@example.com", true},
		info: contact{"lina@example.com", true}, more: noLocale},
	{name: "linkedin/strings are no booleans", user: "Lina Fixture",
		change: func(c *oidc.Config) { c.Quirks.StringBooleans = false },
		token:  contact{"lina@example.com", false}, info: contact{"lina@example.com", true},
		more: noLocale},
	{name: "linkedin/nonce must be there", change: conforming, refused: check("nonce"),
		left: "userinfo"},
	{name: "linkedin-former-issuer", refused: check("iss")},
	{name: "linkedin-cancelled", refused: &oauth2.Error{Code: "user_cancelled_login"}},

	{name: "microsoft", user: "Mina Fixture", token: contact{"mina@example.com", false},
		info: contact{"mina@example.com", false}},
	{name: "microsoft/tenant that is not allowed", refused: check("iss"), left: "userinfo",
		change: func(c *oidc.Config) {
			c.Tenants.Allow = func(string) bool { return false }
		}},
	{name: "microsoft/tid of another tenant", refused: check("tenant"), left: "userinfo",
		edit: []string{`"tid": "1`, `"tid": "2`}},
	{name: "microsoft/issuer that is no template", refused: check("issuer"),
		change: func(c *oidc.Config) {
			c.Issuer, c.Tenants = "https://login.microsoftonline.com/common/v2.0", oidc.Tenants{}
		},
		left: "authorization, token, keys, userinfo"},
	{name: "microsoft-hybrid", hybrid: true, user: "Mina Fixture",
		token: contact{"mina@example.com", false}, info: contact{"mina@example.com", false}},
	{name: "microsoft-hybrid/another code", hybrid: true, refused: check("c_hash"),
		edit: []string{`{c_hash}`, `AAAAAAAAAAAAAAAAAAAAAA`}, left: "token, userinfo"},

	{name: "mojeid", user: "Mila Fixture", info: contact{"mila@example.com", true}},
	{name: "orcid"},

	{name: "paypal", refused: check("id_token")},

	{name: "salesforce", user: "Saul Fixture", info: contact{"saul@example.com", true},
		more: updatedAsText("2026-11-20T08:00:00Z")},

	{name: "slack", user: "Selma Fixture", token: contact{"selma@example.com", true},
		info: contact{"selma@example.com", true}},
	{name: "slack-bad-code", refused: &oauth2.Error{Code: "invalid_code"}},

	{name: "twitch", token: contact{"tilda@example.com", true},
		info: contact{"tilda@example.com", true},
		more: updatedAsText("2026-11-20T08:00:00.000000Z")},
	{name: "twitch/scope is an array", refused: check("scope"), left: "keys, userinfo",
		change: func(c *oidc.Config) { c.Hooks = oauth2.Hooks{} }},

	{name: "yahoo", user: "Yara Fixture", info: contact{"yara@example.com", false}},
	{name: "yahoo/key that is too weak", refused: check("key"), again: true, left: "userinfo",
		edit: []string{`"kid": "17f17f17f17f17f17f17f17f17f17f17f17f17f1"
    }`, `"kid": "1"
    }`}},
}

func noUserInfo(t *testing.T, _ *oidc.Login, user *oidc.UserInfo) {
	t.Helper()
	if user != nil {
		t.Errorf("UserInfo is %+v", user)
	}
}

// updatedAsText checks that an updated_at which is no number is no time, and is kept.
func updatedAsText(text string) func(*testing.T, *oidc.Login, *oidc.UserInfo) {
	return func(t *testing.T, _ *oidc.Login, user *oidc.UserInfo) {
		t.Helper()
		var sent struct {
			UpdatedAt string `json:"updated_at"`
		}
		if err := user.Claims(&sent); err != nil || sent.UpdatedAt != text ||
			!user.UpdatedAt.IsZero() {
			t.Errorf("updated_at is %v, %q, %v", user.UpdatedAt, sent.UpdatedAt, err)
		}
	}
}

func phone(t *testing.T, _ *oidc.Login, user *oidc.UserInfo) {
	t.Helper()
	if number, verified := user.PhoneNumber(); number != "+4930000017" || verified {
		t.Errorf("phone number is %s, verified %t", number, verified)
	}
}

// noLocale checks that what is no language tag is absent.
func noLocale(t *testing.T, login *oidc.Login, user *oidc.UserInfo) {
	t.Helper()
	if a, b := login.IDToken.UserInfo().Locale, user.Locale; a != "" || b != "" {
		t.Errorf("locales are %q and %q", a, b)
	}
}

// Each login comes out as its row says, by the requests in the file and no others.
func TestFixtures(t *testing.T) {
	for _, row := range fixtureRows {
		t.Run(row.name, func(t *testing.T) {
			f := row.load(t)
			client := fixtureClient(t, f, row.change)
			login, err := row.logIn(t, f, client)
			if !errors.Is(err, row.refused) {
				t.Fatalf("error is %v, want %v", err, row.refused)
			}
			if err == nil {
				row.checkLogin(t, f, client, login)
			} else if login != nil {
				t.Error("a login came with the error")
			}
			checkLeft(t, f, row.left)
		})
	}
}

// A nonce of another request is refused everywhere, also where it may be absent.
func TestFixtureNonce(t *testing.T) {
	for _, row := range fixtureRows {
		if row.refused != nil || strings.Contains(row.name, "/") {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			old, with := `"{nonce}"`, `"of-another-request-of-this-client"`
			if fixtureProviders[row.name].config.Quirks.InsecureMissingNonce {
				old, with = `"claims": {`, `"claims": {"nonce": `+with+`,`
			}
			row.edit = []string{old, with}
			f := row.load(t)
			_, err := row.logIn(t, f, fixtureClient(t, f, nil))
			if !errors.Is(err, check("nonce")) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// load loads the row's file as the row has it.
func (row fixtureRow) load(t *testing.T) *fixture.Fixture {
	t.Helper()
	name, _, _ := strings.Cut(row.name, "/")
	provider, _, _ := strings.Cut(name, "-")
	data, err := os.ReadFile(filepath.Join(fixtureFolder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if len(row.edit) > 0 {
		if strings.Count(text, row.edit[0]) != 1 {
			t.Fatalf("%s has %d of %s", name, strings.Count(text, row.edit[0]), row.edit[0])
		}
		text = strings.Replace(text, row.edit[0], row.edit[1], 1)
	}
	if row.again {
		text = keysTwice(text)
	}
	f, err := fixture.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if f.Provider() != provider {
		t.Errorf("%s.json is of %s", name, f.Provider())
	}
	return f
}

// keysTwice repeats the exchange of the keys.
func keysTwice(text string) string {
	const begin, end = "    {\n      \"name\": \"keys\"", "\n    }"
	at := strings.Index(text, begin)
	length := strings.Index(text[at:], end) + len(end)
	return text[:at+length] + ",\n" + text[at:]
}

func fixtureClient(
	t *testing.T, f *fixture.Fixture, change func(*oidc.Config),
) *oidc.Client {
	t.Helper()
	provider, ok := fixtureProviders[f.Provider()]
	if !ok {
		t.Fatalf("no provider is called %s", f.Provider())
	}
	auth := provider.auth
	if auth == nil {
		auth = oauth2.ClientSecret
	}
	c := provider.config
	c.ID, c.Auth, c.HTTP, c.Now = f.ClientID(), auth(f.ClientSecret()), f.Client(), f.Now
	if change != nil {
		change(&c)
	}
	client, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// logIn plays the part of the browser, and of the application.
func (row fixtureRow) logIn(
	t *testing.T, f *fixture.Fixture, client *oidc.Client,
) (*oidc.Login, error) {
	t.Helper()
	o := fixtureProviders[f.Provider()].request
	o.RedirectURI = fixtureRedirect
	if row.hybrid {
		o.ResponseType, o.ResponseMode = "code id_token", "form_post"
	}
	req, err := client.Authorize(t.Context(), o)
	if err != nil {
		return nil, err
	}
	callback, err := f.Callback(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	params, err := oauth2.ReadCallback(callback)
	if err != nil {
		t.Fatal(err)
	}
	return client.Callback(t.Context(), params, req.Transaction)
}

// checkLogin checks who logged in, and asks UserInfo if there is an endpoint.
func (row fixtureRow) checkLogin(
	t *testing.T, f *fixture.Fixture, client *oidc.Client, login *oidc.Login,
) {
	t.Helper()
	provider := fixtureProviders[f.Provider()]
	who := oidc.Identity{
		Issuer:  strings.Replace(provider.config.Issuer, "{tenantid}", fixtureTenant, 1),
		Subject: provider.subject,
	}
	if got := login.IDToken.Identity(); got != who {
		t.Errorf("login is of %+v, want %+v", got, who)
	}
	if refused := login.Token.NotGranted; len(refused) > 0 {
		t.Errorf("scopes not granted are %q", refused)
	}
	token, user := login.IDToken.UserInfo(), userInfo(t, client, login)
	if got := contactOf(token); got != row.token {
		t.Errorf("the ID Token has %+v, want %+v", got, row.token)
	}
	if got := contactOf(user); got != row.info || user != nil && user.Identity != who {
		t.Errorf("UserInfo has %+v of %+v, want %+v", got, user, row.info)
	}
	if name := cmp.Or(user, token).Name; name != row.user {
		t.Errorf("the name is %q, want %q", name, row.user)
	}
	if row.more != nil {
		row.more(t, login, user)
	}
}

// userInfo returns what UserInfo says, or nil if the provider has no such endpoint.
func userInfo(t *testing.T, client *oidc.Client, login *oidc.Login) *oidc.UserInfo {
	t.Helper()
	provider, err := client.Provider(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if provider.UserInfoEndpoint == "" {
		return nil
	}
	user, err := client.UserInfo(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func contactOf(user *oidc.UserInfo) contact {
	if user == nil {
		return contact{}
	}
	email, verified := user.Email()
	return contact{email, verified}
}

// checkLeft checks that all exchanges were played but those named.
func checkLeft(t *testing.T, f *fixture.Fixture, left string) {
	t.Helper()
	err := f.Done()
	if left == "" && err != nil ||
		left != "" && (err == nil || !strings.HasSuffix(err.Error(), " not played: "+left)) {
		t.Errorf("fixture says %v, want left: %q", err, left)
	}
}

// Every file is replayed by a row, as it is.
func TestNoOtherFixtures(t *testing.T) {
	entries, err := os.ReadDir(fixtureFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.ContainsFunc(fixtureRows, func(row fixtureRow) bool {
			return row.name+".json" == entry.Name()
		}) {
			t.Errorf("%s: nothing replays it", entry.Name())
		}
	}
}
