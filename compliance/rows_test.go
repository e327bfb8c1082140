package compliance_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/registry"
)

// separators are what stands between scopes that are asked for, where it is no space.
var separators = map[string]string{
	"coinbase":      ",",
	"deezer":        ",",
	"disqus":        ",",
	"facebook":      ",",
	"instagram":     ",",
	"linear":        ",",
	"pinterest":     ",",
	"qq":            ",",
	"shopify":       ",",
	"slack-app":     ",",
	"stackexchange": ",",
	"strava":        ",",
	"threads":       ",",
	"tiktok":        ",",
	"todoist":       ",",
	"trovo":         "+",
	"wakatime":      ",",
	"wechat":        ",",
	"weibo":         ",",
	"withings":      ",",
	"zoho":          ",",
}

// The fixtures of many rows ask for one scope. Asked for two, each row has its separator.
func TestScopeSeparators(t *testing.T) {
	for _, name := range compliance.Names() {
		row, _ := compliance.Lookup(name)
		if protocol(row) != "oauth2" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			client := registerRow(t, name, "invented", "scopes")
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "https://app.example/login", nil)
			if err := client.AuthorizeRedirect(w, r, redirectURI); err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			want := "invented" + cmp.Or(separators[name], " ") + "scopes"
			got := u.Query().Get(cmp.Or(row.Dialect.ParameterNames["scope"], "scope"))
			if !strings.HasSuffix(got, want) {
				t.Errorf("asks for %q, want %q", got, want)
			}
		})
	}
}

// otherAPIs are the bases of the APIs that are not above the UserInfo Endpoint of the row.
var otherAPIs = map[string]string{
	"auth0":               "https://{tenant}/api/v2/",
	"battlenet":           "https://{region}.api.blizzard.com/",
	"bitly":               "https://api-ssl.bitly.com/v4/",
	"cloudfoundry":        "https://{host}/",
	"docusign":            "",
	"ebay":                "https://api.ebay.com/",
	"entra":               "https://graph.microsoft.com/v1.0/",
	"eveonline":           "https://esi.evetech.net/",
	"fence":               "https://{host}/",
	"figma":               "https://api.figma.com/",
	"flickr":              "https://api.flickr.com/services/rest/",
	"gitlab":              "https://{host}/api/v4/",
	"google":              "https://www.googleapis.com/",
	"huggingface":         "https://huggingface.co/api/",
	"intuit":              "https://quickbooks.api.intuit.com/",
	"kakao":               "https://kapi.kakao.com/",
	"line":                "https://api.line.me/",
	"linkedin":            "https://api.linkedin.com/",
	"mailchimp":           "",
	"mastodon":            "https://{instance}/api/",
	"microsoft":           "https://graph.microsoft.com/v1.0/",
	"microsoft-consumers": "https://graph.microsoft.com/v1.0/",
	"miro":                "https://api.miro.com/v2/",
	"monday":              "https://api.monday.com/v2/",
	"musicbrainz":         "https://musicbrainz.org/ws/2/",
	"notion":              "https://api.notion.com/v1/",
	"okta":                "https://{host}/api/v1/",
	"okta-server":         "https://{host}/api/v1/",
	"orcid":               "https://pub.{host}/v3.0/",
	"roblox":              "https://apis.roblox.com/",
	"seatalk":             "",
	"shopify":             "https://{shop}.myshopify.com/admin/api/",
	"slack":               "https://slack.com/api/",
	"smugmug":             "https://api.smugmug.com/api/v2/",
	"strava":              "https://www.strava.com/api/v3/",
	"stripe":              "https://api.stripe.com/v1/",
	"tumblr":              "https://api.tumblr.com/v2/",
	"tumblr-oauth1":       "https://api.tumblr.com/v2/",
	"twitch":              "https://api.twitch.tv/helix/",
	"vimeo":               "https://api.vimeo.com/",
	"vipps":               "https://{host}/",
	"vk":                  "https://api.vk.com/method/",
	"withings":            "https://wbsapi.withings.net/",
	"xero":                "https://api.xero.com/",
	"yahoo":               "https://api.login.yahoo.com/",
	"zoho":                "https://www.zohoapis.{region}/",
	"zotero":              "https://api.zotero.org/",
}

// An API is where UserInfo is too, or another by intent.
func TestAPIBaseURL(t *testing.T) {
	for _, name := range compliance.Names() {
		row, _ := compliance.Lookup(name)
		base, other := otherAPIs[name]
		above := row.APIBaseURL != "" && strings.HasPrefix(row.UserInfoEndpoint, row.APIBaseURL)
		none := row.APIBaseURL == "" && row.UserInfoEndpoint == ""
		if other && row.APIBaseURL != base || !other && !above && !none {
			t.Errorf("%s has the API %q", name, row.APIBaseURL)
		}
	}
}

// Token responses that the fixtures do not have, in shapes that the rows tell of, and what becomes
// of some of their members.
func TestTokenResponses(t *testing.T) {
	for _, tt := range []struct{ row, body, want string }{
		{"deezer", `access_token=a&expires=3600`, `{"expires_in":"3600"}`},
		{"deezer", `access_token=a&expires=0`, `{"expires_in":null}`},
		{"hubspot", `{"status":"BAD_REFRESH_TOKEN","message":"bad"}`,
			`{"error":"invalid_grant","error_description":"bad"}`},
		{"huawei", `{"sub_error":20153,"error":1101}`, `{"error":"invalid_grant"}`},
		{"huawei", `{"sub_error":20155,"error":1101}`, `{"error":"invalid_grant"}`},
		{"huawei", `{"sub_error":20158,"error":1101}`, `{"error":"invalid_grant"}`},
		{"huawei", `{"sub_error":11205,"error":1203}`, `{"error":"invalid_grant"}`},
		{"huawei", `{"sub_error":31202,"error":1203}`, `{"error":"invalid_grant"}`},
		{"huawei", `{"sub_error":31204,"error":1203}`, `{"error":"invalid_grant"}`},
		{"huawei", `{"sub_error":12304,"error":1101}`, `{"error":"invalid_client"}`},
		{"imgur", `{"data":{"error":"Invalid refresh token"},"success":false}`,
			`{"error":"invalid_grant"}`},
		{"mailchimp", `{"access_token":"a","expires_in":0}`, `{"expires_in":null}`},
		{"slack-app", `{"ok":true,"authed_user":{"id":"U1","access_token":"a","expires_in":43200,` +
			`"refresh_token":"r","token_type":"user"}}`,
			`{"access_token":"a","expires_in":43200,"refresh_token":"r","user_id":"U1"}`},
		{"strava", `{"message":"Bad Request","errors":[{"resource":"RefreshToken"}]}`,
			`{"error":"invalid_grant"}`},
		{"untappd", `{"meta":{"code":500,"error_type":"invalid_code","error_detail":"bad"}}`,
			`{"error":"invalid_code","error_description":"bad"}`},
		{"wechat", `{"errcode":40030,"errmsg":"bad"}`, `{"error":"invalid_grant"}`},
		{"yahoo", `{"error":"INVALID_REFRESH_TOKEN"}`, `{"error":"invalid_grant"}`},
	} {
		row, _ := compliance.Lookup(tt.row)
		resp := &httpclient.Response{Body: []byte(tt.body)}
		hooks := row.Dialect.Hooks("invented-client-id", row.Quirks.FormTokenResponse)
		for _, hook := range hooks.RefreshTokenResponse {
			if err := hook(t.Context(), resp); err != nil {
				t.Fatal(err)
			}
		}
		var got, want map[string]any
		if err := json.Unmarshal(resp.Body, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		for member, value := range want {
			if got[member] != value {
				t.Errorf("%s: %s became %s", tt.row, tt.body, resp.Body)
			}
		}
	}
}

// roundTripper is a function that sends requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Apple's client secret is about the team and for Apple, which the fixture does not look into.
func TestAppleSecret(t *testing.T) {
	f := load(t, "apple")
	client, secret := f.Client(), ""
	next := client.Transport
	client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			form, _ := url.ParseQuery(string(body))
			secret = cmp.Or(form.Get("client_secret"), secret)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		return next.RoundTrip(r)
	})
	reg, err := registry.New(registry.Options{EphemeralKey: true, HTTP: client, Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	apple, err := reg.Register("apple", registry.Config{Provider: "apple",
		ProviderParams: logins["apple"].params, ClientID: f.ClientID(), PrivateKey: signingKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := logIn(t, f, apple); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(secret, ".")
	if len(parts) != 3 {
		t.Fatalf("the secret is %q", secret)
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || string(header) != `{"alg":"ES256","kid":"17INVENTED","typ":"JWT"}` {
		t.Errorf("the header of the secret is %s, %v", header, err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Iss, Sub string
		Aud      any
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Iss != logins["apple"].params["team"] || claims.Sub != f.ClientID() ||
		claims.Aud != "https://appleid.apple.com" {
		t.Errorf("the secret says %+v", claims)
	}
}
