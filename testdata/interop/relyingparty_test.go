package interop

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// A rpCase is a login of the certified relying party at our test provider.
type rpCase struct {
	name     string
	client   oidctest.Client  // beyond its ID, secret and redirect URI
	provider oidctest.Options // without the client
	settings map[string]any   // of rp.mjs
	refused  string           // what it says, if it refuses
}

// What it refuses shows that it looks at what it takes.
func relyingParty(t *testing.T) []rpCase {
	k := newKeyring()
	settings := func(flow, mode string) map[string]any {
		return map[string]any{"flow": flow, "responseMode": mode}
	}
	spoil := func(claim string) oidctest.Options {
		return oidctest.Options{EditIDToken: func(claims map[string]any) {
			if claims[claim] != nil {
				claims[claim] = "AAAAAAAAAAAAAAAAAAAAAA"
			}
		}}
	}
	return []rpCase{
		{name: "RS256"},
		{name: "ES256", provider: oidctest.Options{Algorithm: "ES256"}},
		{name: "code, posted", settings: settings("code", "form_post")},
		{name: "hybrid", settings: settings("hybrid", "")},
		{name: "hybrid, posted, EdDSA", settings: settings("hybrid", "form_post"),
			provider: oidctest.Options{Algorithm: "EdDSA"}},
		{name: "hybrid, c_hash", settings: settings("hybrid", ""), provider: spoil("c_hash"),
			refused: "c_hash"},
		{name: "hybrid, s_hash", settings: settings("hybrid", ""), provider: spoil("s_hash"),
			refused: "s_hash"},
		{name: "implicit", settings: settings("implicit", "")},
		{name: "implicit, posted, PS256", settings: settings("implicit", "form_post"),
			client: oidctest.Client{IDTokenAlgorithm: "PS256"}},
		{name: "JARM", settings: settings("jarm", "")},
		{name: "JARM, in a fragment", settings: settings("jarm", "fragment.jwt")},
		{name: "JARM, iss", settings: settings("jarm", ""), provider: oidctest.Options{
			EditResponse: func(v url.Values) { v.Set("iss", "https://op.example.com") }},
			refused: "iss"},
		{name: "request object", client: oidctest.Client{
			Keys: jose.NewSet(k.sign), RequireRequestObject: true},
			settings: map[string]any{"signingKey": private(t, k.sign)}},
		{name: "encrypted ID Token", client: oidctest.Client{
			IDTokenEncryption: oidctest.Recipient{
				Key: k.ecdh, Algorithm: "ECDH-ES", Encryption: "A256GCM"}},
			settings: map[string]any{"decryptionKey": private(t, k.ecdh)}},
	}
}

func private(t *testing.T, key *jose.Key) json.RawMessage {
	t.Helper()
	jwk, err := key.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	return jwk
}

// And the reverse: a certified relying party logs in at our test provider.
func TestOpenIDClientLogsInAtTestProvider(t *testing.T) {
	needNode(t)
	for _, c := range relyingParty(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.client.ID, c.client.Secret = testClientID, testSecret
			c.client.RedirectURIs = []string{testRedirectURI}
			c.provider.Clients = []oidctest.Client{c.client}
			provider := oidctest.NewServer(c.provider)
			defer provider.Close()
			c.run(t, provider)
			if faults := provider.Faults(); len(faults) != 0 {
				t.Errorf("it did wrong: %v", faults)
			}
		})
	}
}

func (c rpCase) run(t *testing.T, provider *oidctest.Server) {
	t.Helper()
	settings, err := json.Marshal(c.settings)
	if err != nil {
		t.Fatal(err)
	}
	if c.settings == nil {
		settings = []byte("{}")
	}
	args := []string{provider.Issuer(), testClientID, testSecret, testRedirectURI, string(settings)}
	if c.refused != "" {
		stderr := failNode(t, "rp.mjs", args...)
		if !strings.Contains(stderr, c.refused) {
			t.Errorf("it refused, but says nothing of %s:\n%s", c.refused, stderr)
		}
		return
	}
	var got struct {
		Sub       string
		UserInfo  struct{ Sub, Name, Email string }
		Refreshed bool
	}
	runNode(t, &got, "rp.mjs", args...)
	implicit := c.settings["flow"] == "implicit"
	if got.Sub != "alice" || got.Refreshed == implicit ||
		!implicit && (got.UserInfo.Sub != "alice" || got.UserInfo.Name != "Alice Example") {
		t.Errorf("it saw %+v", got)
	}
}
