package oauth1_test

import (
	"crypto/fips140"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/httpclient/fixture"
	"vouchsafe/oauth1"
)

const (
	fixtureFolder   = "../testdata/providers/oauth1"
	fixtureRedirect = "https://app.example/auth"
)

// A fixtureRow is a provider: how a client of it is configured, and what its
// fixture ends in.
type fixtureRow struct {
	config oauth1.Config // without what the file has
	params url.Values    // for the authorization URL

	// Without a browser: what the user opens, and what is typed in.
	page, verifier string

	want oauth1.Record

	api  string // called with the token, unless empty
	says string // part of the API's answer
}

var fixtureRows = map[string]fixtureRow{
	"discogs": {
		config: oauth1.Config{
			SignatureMethod:           oauth1.Plaintext,
			TemporaryCredentialURL:    "https://api.discogs.com/oauth/request_token",
			TemporaryCredentialMethod: "GET",
			AuthorizationURL:          "https://www.discogs.com/oauth/authorize",
			TokenURL:                  "https://api.discogs.com/oauth/access_token",
		},
		want: oauth1.Record{Token: "inventedAccessToken", Secret: "inventedAccessSecret"},
		api:  "https://api.discogs.com/oauth/identity",
		says: `"id": 9000017`,
	},
	"etrade": {
		config: oauth1.Config{
			TemporaryCredentialURL:    "https://api.etrade.com/oauth/request_token",
			TemporaryCredentialMethod: "GET",
			AuthorizationURL:          "https://us.etrade.com/e/t/etws/authorize",
			AuthorizationNames:        oauth1.AuthorizationNames{Token: "token", Client: "key"},
			TokenURL:                  "https://api.etrade.com/oauth/access_token",
			TokenMethod:               "GET",
		},
		page: "https://us.etrade.com/e/t/etws/authorize?key=17e74ade00000000000000invented17" +
			"&token=%2FinventedRequestToken%2B0000000000000000000017%3D",
		verifier: "Q1W7E",
		want: oauth1.Record{
			Token:  "inventedAccessToken/+00000000000000000000017=",
			Secret: "inventedAccessSecret+/0000000000000000000017=",
		},
		api:  "https://api.etrade.com/oauth/renew_access_token",
		says: "Access Token has been renewed",
	},
	"evernote": {
		config: oauth1.Config{
			TemporaryCredentialURL:    "https://www.evernote.com/oauth",
			TemporaryCredentialMethod: "GET",
			AuthorizationURL:          "https://www.evernote.com/OAuth.action",
			TokenURL:                  "https://www.evernote.com/oauth",
			TokenMethod:               "GET",
			InsecureNoTokenSecret:     true,
		},
		want: oauth1.Record{
			Token: "S=s17:U=9a17:E=19d0invented",
			Extra: map[string]string{
				"edam_shard":           "s17",
				"edam_userId":          "9000017",
				"edam_expires":         "1803979800000",
				"edam_noteStoreUrl":    "https://www.evernote.com/shard/s17/notestore",
				"edam_webApiUrlPrefix": "https://www.evernote.com/shard/s17/",
			},
		},
	},
	"flickr": {
		config: oauth1.Config{
			Placement:                 oauth1.PlacementQuery,
			TemporaryCredentialURL:    "https://www.flickr.com/services/oauth/request_token",
			TemporaryCredentialMethod: "GET",
			AuthorizationURL:          "https://www.flickr.com/services/oauth/authorize",
			TokenURL:                  "https://www.flickr.com/services/oauth/access_token",
			TokenMethod:               "GET",
		},
		params: url.Values{"perms": {"read"}},
		want: oauth1.Record{
			Token:  "72157700000000018-4e5f6a7binvented",
			Secret: "inventedAccess01",
			Extra: map[string]string{
				"fullname":  "Fern Fixture",
				"user_nsid": "90000017@N01",
				"username":  "fern fixture",
			},
		},
		api: "https://api.flickr.com/services/rest/" +
			"?method=flickr.test.login&format=json&nojsoncallback=1",
		says: `"id": "90000017@N01"`,
	},
	"garmin": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://connectapi.garmin.com" +
				"/oauth-service/oauth/request_token",
			AuthorizationURL:   "https://connect.garmin.com/oauthConfirm",
			AuthorizationNames: oauth1.AuthorizationNames{Callback: "oauth_callback"},
			TokenURL: "https://connectapi.garmin.com" +
				"/oauth-service/oauth/access_token",
			InsecureNoCallbackConfirmed: true,
		},
		want: oauth1.Record{
			Token:  "17000000-aaaa-4bbb-8ccc-inventedaccess",
			Secret: "inventedAccessSecret",
		},
		api:  "https://apis.garmin.com/wellness-api/rest/user/id",
		says: `"userId": "d0e1f2a3000000000000000000000017"`,
	},
	"mediawiki": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://meta.wikimedia.org/w/index.php" +
				"?title=Special:OAuth/initiate",
			AuthorizationURL:   "https://meta.wikimedia.org/wiki/Special:OAuth/authorize",
			AuthorizationNames: oauth1.AuthorizationNames{Client: "oauth_consumer_key"},
			TokenURL:           "https://meta.wikimedia.org/w/index.php?title=Special:OAuth/token",
		},
		page: "https://meta.wikimedia.org/wiki/Special:OAuth/authorize" +
			"?oauth_consumer_key=0917f1c7000000000000invented0017" +
			"&oauth_token=4e9000000000000000000000request1",
		verifier: "7e41f1e4000000000000000invented1",
		want: oauth1.Record{
			Token:  "acce5500000000000000000invented1",
			Secret: "acce55000000000000000000secret01",
			Extra:  map[string]string{"oauth_callback_confirmed": "true"},
		},
		api:  "https://meta.wikimedia.org/w/index.php?title=Special:OAuth/identify",
		says: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
	},
	"trello": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://trello.com/1/OAuthGetRequestToken",
			AuthorizationURL:       "https://trello.com/1/OAuthAuthorizeToken",
			TokenURL:               "https://trello.com/1/OAuthGetAccessToken",
		},
		params: url.Values{
			"name":       {"Fixture App"},
			"scope":      {"read,account"},
			"expiration": {"30days"},
		},
		want: oauth1.Record{Token: "inventedAccessToken", Secret: "inventedAccessSecret"},
		api:  "https://api.trello.com/1/members/me?fields=id,username,fullName,email",
		says: `"id": "17ab17ab17ab17ab17ab17ab"`,
	},
	"tripit": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://api.tripit.com/oauth/request_token",
			AuthorizationURL:       "https://www.tripit.com/oauth/authorize",
			AuthorizationNames:     oauth1.AuthorizationNames{Callback: "oauth_callback"},
			TokenURL:               "https://api.tripit.com/oauth/access_token",
		},
		want: oauth1.Record{Token: "inventedAccessToken", Secret: "inventedAccessSecret"},
		api:  "https://api.tripit.com/v1/get/profile",
		says: `<Profile ref="inventedProfileRef17">`,
	},
	"tumblr": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://www.tumblr.com/oauth/request_token",
			AuthorizationURL:       "https://www.tumblr.com/oauth/authorize",
			TokenURL:               "https://www.tumblr.com/oauth/access_token",
		},
		want: oauth1.Record{Token: "inventedAccessToken", Secret: "inventedAccessSecret"},
		api:  "https://api.tumblr.com/v2/user/info",
		says: `"name": "tullafixture"`,
	},
	"upwork": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://www.upwork.com/api/auth/v1/oauth/token/request",
			AuthorizationURL:       "https://www.upwork.com/services/api/auth",
			TokenURL:               "https://www.upwork.com/api/auth/v1/oauth/token/access",
		},
		want: oauth1.Record{Token: "inventedAccessToken", Secret: "inventedAccessSecret"},
		api:  "https://www.upwork.com/api/auth/v1/info.json",
		says: `"ref": "9000017"`,
	},
	"xing": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://api.xing.com/v1/request_token",
			AuthorizationURL:       "https://api.xing.com/v1/authorize",
			TokenURL:               "https://api.xing.com/v1/access_token",
		},
		want: oauth1.Record{
			Token:  "inventedAccessToken",
			Secret: "inventedAccessSecret",
			Extra:  map[string]string{"user_id": "9000017_a0b1c2"},
		},
		api:  "https://api.xing.com/v1/users/me.json",
		says: `"id": "9000017_a0b1c2"`,
	},
	"zotero": {
		config: oauth1.Config{
			TemporaryCredentialURL: "https://www.zotero.org/oauth/request",
			AuthorizationURL:       "https://www.zotero.org/oauth/authorize",
			TokenURL:               "https://www.zotero.org/oauth/access",
		},
		want: oauth1.Record{ // the secret is the key for the API, which wants no signatures
			Token:  "inventedApiKey17",
			Secret: "inventedApiKey17",
			Extra:  map[string]string{"userID": "9000017", "username": "Zora Fixture"},
		},
	},
}

// Fixtures of logins that fail, and how: with a CheckError, or with an Error of
// this status and problem.
var fixtureRefusals = map[string]struct {
	config  func(*oauth1.Config) // what differs from the provider's row
	check   *oauth1.CheckError
	status  int
	problem string
	excerpt string // what the answer begins with
}{
	"evernote-denied": {
		check: &oauth1.CheckError{Check: "oauth_verifier", Need: "must be present",
			Clause: "RFC 5849, Section 2.2"},
	},
	"evernote-refused": {status: 401},
	"flickr-refused": {
		status:  401,
		problem: "signature_invalid",
		excerpt: "oauth_problem=signature_invalid&debug_sbs=GET" +
			"&https%3A%2F%2Fwww.flickr.com%2Fservices%2Foauth%2Frequest_token&oauth_callback%3D",
	},
	"mediawiki-refused": {
		config:  func(c *oauth1.Config) { c.TemporaryCredentialURL += "&format=json" },
		status:  200,
		problem: "mwoauth-oauth-exception",
		excerpt: "{",
	},
	"mediawiki-refused-text": { // a sentence, which is no error that a client could know
		check: &oauth1.CheckError{Check: "token", Need: "must be in the response as oauth_token",
			Clause: "RFC 5849, Section 2.1"},
	},
}

func loadFixture(t *testing.T, name string) *fixture.Fixture {
	t.Helper()
	f, err := fixture.Load(filepath.Join(fixtureFolder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func fixtureClient(t *testing.T, f *fixture.Fixture, c oauth1.Config) *oauth1.Client {
	t.Helper()
	if fips140.Enforced() && c.SignatureMethod != oauth1.Plaintext {
		t.Skip("FIPS 140-only mode has no HMAC-SHA1: run it without GODEBUG=fips140=only")
	}
	c.ID, c.Secret, c.HTTP, c.Now = f.ClientID(), f.ClientSecret(), f.Client(), f.Now
	client, err := oauth1.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// logInByFixture plays the user as well, in the browser or by hand.
func logInByFixture(
	t *testing.T, f *fixture.Fixture, client *oauth1.Client, row fixtureRow,
) (*oauth1.Token, error) {
	t.Helper()
	o := oauth1.AuthorizationOptions{RedirectURI: fixtureRedirect, Params: row.params}
	if row.verifier != "" {
		o.RedirectURI = "oob"
	}
	req, err := client.Authorize(t.Context(), o)
	if err != nil {
		return nil, err
	}
	if row.verifier != "" {
		if req.URL != row.page {
			t.Errorf("the user is sent to %s, want %s", req.URL, row.page)
		}
		return client.Exchange(t.Context(), row.verifier, req.Transaction)
	}
	callback, err := f.Authorize(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	return client.Callback(t.Context(), u.Query(), req.Transaction)
}

// Each provider lets a user in and tells who it is.
func TestFixtures(t *testing.T) {
	for name, row := range fixtureRows {
		t.Run(name, func(t *testing.T) {
			f := loadFixture(t, name)
			client := fixtureClient(t, f, row.config)
			tok, err := logInByFixture(t, f, client, row)
			if err != nil {
				t.Fatal(err)
			}
			checkFixtureToken(t, tok, row.want)
			if row.api != "" {
				callFixtureAPI(t, client, tok, row)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkFixtureToken(t *testing.T, tok *oauth1.Token, want oauth1.Record) {
	t.Helper()
	got := tok.Record()
	if got.Token != want.Token || got.Secret != want.Secret || got.ExpiresAt != want.ExpiresAt {
		t.Errorf("token %q, secret %q, expires at %d", got.Token, got.Secret, got.ExpiresAt)
	}
	if len(got.Extra)+len(want.Extra) > 0 && !reflect.DeepEqual(got.Extra, want.Extra) {
		t.Errorf("beside the token came %q, want %q", got.Extra, want.Extra)
	}
}

func callFixtureAPI(t *testing.T, client *oauth1.Client, tok *oauth1.Token, row fixtureRow) {
	t.Helper()
	signing, err := client.Transport(tok, row.api)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("GET", row.api, nil)
	if err != nil {
		t.Fatal(err)
	}
	// By Do, because some providers refuse requests without a User-Agent.
	resp, err := httpclient.Do(t.Context(), &http.Client{Transport: signing}, req, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 200 || !strings.Contains(string(resp.Body), row.says) {
		t.Errorf("status %d, %s", resp.Status, resp.Body)
	}
}

func TestFixtureRefusals(t *testing.T) {
	for name, want := range fixtureRefusals {
		t.Run(name, func(t *testing.T) {
			f := loadFixture(t, name)
			row := fixtureRows[f.Provider()]
			if want.config != nil {
				want.config(&row.config)
			}
			tok, err := logInByFixture(t, f, fixtureClient(t, f, row.config), row)
			if tok != nil {
				t.Error("there is a token")
			}
			if want.check != nil {
				if got, ok := errors.AsType[*oauth1.CheckError](err); !ok || *got != *want.check {
					t.Errorf("got %v, want %v", err, want.check)
				}
			} else if e, ok := errors.AsType[*oauth1.Error](err); !ok || e.Status != want.status ||
				e.Problem != want.problem || !strings.HasPrefix(e.Excerpt(), want.excerpt) {
				t.Errorf("got %#v", err)
			}
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every file is replayed by a test above, for the provider that its name says.
func TestNoOtherFixtures(t *testing.T) {
	entries, err := os.ReadDir(fixtureFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".json")
		_, isRow := fixtureRows[name]
		_, isRefusal := fixtureRefusals[name]
		if !isRow && !isRefusal {
			t.Errorf("nothing replays %s", entry.Name())
			continue
		}
		provider, _, _ := strings.Cut(name, "-")
		if got := loadFixture(t, name).Provider(); got != provider {
			t.Errorf("%s is of %s", entry.Name(), got)
		}
	}
}
