package interop

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

// An authlib1Case is a login of Authlib's client by OAuth 1.0.
type authlib1Case struct {
	authlibCase
	method    oauth1.SignatureMethod
	placement oauth1.Placement
}

func authlib1Cases(t *testing.T, stranger *rsa.PrivateKey) []authlib1Case {
	var cases []authlib1Case
	for _, kind := range []string{"oauth1", "flask1"} {
		for _, method := range []oauth1.SignatureMethod{
			oauth1.HMACSHA1, oauth1.RSASHA1, oauth1.Plaintext,
		} {
			for _, placement := range []oauth1.Placement{
				oauth1.PlacementHeader, oauth1.PlacementBody, oauth1.PlacementQuery,
			} {
				c := authlib1Case{method: method, placement: placement}
				c.name = kind + ", " + string(method) + ", " + string(placement)
				c.kind = kind
				if placement == oauth1.PlacementBody {
					c.differs = "Authlib sends no JSON with it, but a form instead"
				}
				cases = append(cases, c)
			}
		}
	}
	usual := func(c authlibCase) authlib1Case {
		return authlib1Case{c, oauth1.HMACSHA1, oauth1.PlacementHeader}
	}
	option := func(name string, value any) map[string]any { return map[string]any{name: value} }
	withKey := func(name string, key *rsa.PrivateKey) authlib1Case {
		return authlib1Case{authlibCase{name: name, kind: "oauth1",
			options: option("rsa_key", privatePEM(t, key)),
			refused: "signature_invalid", faults: []string{"wrong_signature"},
		}, oauth1.RSASHA1, oauth1.PlacementHeader}
	}
	return append(cases,
		usual(authlibCase{name: "secret to be escaped", kind: "oauth1", secret: testSecret}),
		usual(authlibCase{name: "realm", kind: "oauth1",
			options: option("realm", "A realm, with signs")}),
		usual(authlibCase{name: "oauth_body_hash", kind: "oauth1",
			options: option("force_include_body", true)}),
		usual(authlibCase{name: "out of band", kind: "oauth1", redirectURI: "oob"}),
		usual(authlibCase{name: "callback with a query", kind: "oauth1",
			redirectURI: testRedirectURI + "?next=a&b=c"}),
		usual(authlibCase{name: "callback with an escape", kind: "oauth1",
			redirectURI: testRedirectURI + "?next=%2Fa",
			refused:     "signature_invalid", faults: []string{"wrong_signature"},
			differs: "Authlib decodes the values of oauth_ parameters twice"}),
		usual(authlibCase{name: "wrong secret", kind: "oauth1",
			options: option("client_secret", "wrong"),
			refused: "signature_invalid", faults: []string{"wrong_signature"}}),
		withKey("wrong key", stranger),
	)
}

func privatePEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(toPEM("PRIVATE KEY", der))
}

// serveOAuth1 serves a test provider by TLS, and returns the file of its certificate.
func serveOAuth1(
	t *testing.T, client oauth1test.Client,
) (provider *oauth1test.Provider, url, certificate string) {
	t.Helper()
	site := httptest.NewUnstartedServer(nil)
	url = "https://" + site.Listener.Addr().String()
	provider, err := oauth1test.New(oauth1test.Options{
		BaseURL: url, Clients: []oauth1test.Client{client}})
	if err != nil {
		t.Fatal(err)
	}
	site.Config.Handler = provider
	site.StartTLS()
	t.Cleanup(site.Close)
	certificate = t.TempDir() + "/certificate.pem"
	err = os.WriteFile(certificate, toPEM("CERTIFICATE", site.Certificate().Raw), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return provider, url, certificate
}

// Authlib's client logs in at our OAuth 1.0 test provider.
func TestAuthlibLogsInByOAuth1(t *testing.T) {
	needPython(t)
	key, rows := newRSAKey(t), newVerdicts(t)
	for _, c := range authlib1Cases(t, newRSAKey(t)) {
		t.Run(c.name, func(t *testing.T) {
			client := oauth1test.Client{ID: testClientID, Secret: cmp.Or(c.secret, plainSecret)}
			options := map[string]any{"signature_method": c.method, "signature_type": c.placement}
			if c.method == oauth1.RSASHA1 {
				client.Secret, client.PublicKey = "", &key.PublicKey
				options["rsa_key"] = privatePEM(t, key)
			}
			maps.Copy(options, c.options)
			c.options = options
			provider, url, certificate := serveOAuth1(t, client)
			var got authlib1Result
			if c.test(t, rows, url, certificate, &got) {
				c.check(t, got)
			}
			checkFaults(t, provider.Faults(), c.faults)
		})
	}
}

type authlib1Result struct {
	User   map[string]string
	Echoes []oauth1.SignedRequest
	Sent   string
}

func (c authlib1Case) check(t *testing.T, got authlib1Result) {
	t.Helper()
	if got.User["id"] != "alice" {
		t.Errorf("the user is %v", got.User)
	}
	if len(got.Echoes) != 3 {
		t.Fatalf("there are %d echoes", len(got.Echoes))
	}
	for i, query := range []string{
		"a=1&a=0&b=%20x%20y&c=%26%3D%25", "b=%20x%20y&%C3%A9=%26%3D%25", "q=1",
	} {
		echo := got.Echoes[i]
		if want := oauth1.ParseParams(query); !slices.Equal(echo.Params, want) {
			t.Errorf("the API saw %v, want %v", echo.Params, want)
		}
		if echo.SignatureMethod != c.method || echo.Placement != c.placement {
			t.Errorf("signed by %s in %s", echo.SignatureMethod, echo.Placement)
		}
	}
	_, hashed := got.Echoes[2].Protocol["oauth_body_hash"]
	if want := c.options["force_include_body"] != nil; hashed != want {
		t.Errorf("a hash of the body: %t, want %t", hashed, want)
	}
	sent := "application/json"
	if c.placement == oauth1.PlacementBody {
		sent = "application/x-www-form-urlencoded"
	}
	if got.Sent != sent {
		t.Errorf("it sent %s, want %s", got.Sent, sent)
	}
}
