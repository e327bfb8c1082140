package compliance_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
)

// gothNames are the names that goth 1.82 has for its providers.
const gothNames = `amazon apple auth0 azuread azureadv2 battlenet bitbucket bitly box classlink
	cloudfoundry cognito dailymotion deezer digitalocean discord dropbox eveonline facebook fitbit
	gitea github gitlab google gplus heroku hubspot influxcloud instagram intercom kakao lark lastfm
	line linkedin mailru mastodon meetup microsoftonline naver nextcloud okta onedrive
	openid-connect oura patreon paypal reddit salesforce seatalk shopify slack soundcloud spotify
	steam strava stripe tiktok tumblr twitch twitter twitterv2 typetalk uber vk wechat wecom wepay
	xero yahoo yammer yandex zoom`

// notHere says why a name of goth's is not found.
var notHere = map[string]string{
	"lastfm":         "its web authentication is no OAuth",
	"openid-connect": "any provider: registry.Config.Issuer names it",
	"steam":          "OpenID 2.0 is no OAuth",
	"wecom":          "a code there is for one call of its API, with the application's own token",
	"wepay":          "the service has been wound down",
}

// The package documentation says what rows are called that goth calls otherwise.
func TestGothNames(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(source), "// # The table")
	for name := range strings.FieldsSeq(gothNames) {
		_, found := compliance.Lookup(name)
		if why := notHere[name]; found == (why != "") {
			t.Errorf("%s is found: %v; why not: %q", name, found, why)
		}
		if found && !slices.Contains(compliance.Names(), name) && !strings.Contains(text, name) {
			t.Errorf("the documentation does not have %s", name)
		}
	}
}
