package interop

import (
	"encoding/json"
	"errors"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// A peer is a client as the provider and as this module know it.
type peer struct {
	id       string
	auth     oauth2.ClientAuthentication
	metadata map[string]any // RFC 7591, Section 2
}

func peers(t *testing.T) []peer {
	t.Helper()
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	const long = "a secret of more than 32 bytes: &=+%"
	return []peer{
		{"basic", oauth2.ClientSecretBasic(testSecret), map[string]any{"client_secret": testSecret}},
		{"post", oauth2.ClientSecretPost(testSecret), map[string]any{"client_secret": testSecret}},
		{"secret jwt", oauth2.ClientSecretJWT(long, oauth2.AssertionOptions{}),
			map[string]any{"client_secret": long}},
		{"private key", oauth2.PrivateKeyJWT(key, oauth2.AssertionOptions{}),
			map[string]any{"jwks": jose.NewSet(key)}},
	}
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// startWith starts a provider for peers, and for a device without a secret.
func startWith(t *testing.T, peers []peer) oauth2.AuthorizationServer {
	t.Helper()
	clients := []map[string]any{{
		"client_id": "device", "token_endpoint_auth_method": "none", "redirect_uris": []string{},
		"response_types": []string{}, "grant_types": []string{deviceGrant, "refresh_token"},
	}}
	for _, p := range peers {
		p.metadata["client_id"] = p.id
		p.metadata["token_endpoint_auth_method"] = p.auth.Method()
		p.metadata["grant_types"] = []string{"client_credentials"}
		p.metadata["redirect_uris"] = []string{}
		p.metadata["response_types"] = []string{}
		clients = append(clients, p.metadata)
	}
	text, err := json.Marshal(clients)
	if err != nil {
		t.Fatal(err)
	}
	issuer := startProvider(t, testClientID, testSecret, testRedirectURI, string(text))
	server, err := oauth2.Discover(t.Context(), nil, issuer)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func newClient(t *testing.T, c oauth2.Config) *oauth2.Client {
	t.Helper()
	client, err := oauth2.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Each way to authenticate, at each endpoint that asks for it.
func TestClientCredentialsAtProvider(t *testing.T) {
	all := peers(t)
	server := startWith(t, all)
	for _, p := range all {
		t.Run(p.id, func(t *testing.T) {
			c := newClient(t, oauth2.Config{ID: p.id, Server: server, Auth: p.auth})
			tok, err := c.ClientCredentials(t.Context(), oauth2.TokenOptions{Scopes: []string{"api:read"}})
			if err != nil {
				t.Fatal(err)
			}
			checkLife(t, c, tok)
		})
	}
	wrong := newClient(t, oauth2.Config{
		ID: "basic", Server: server, Auth: oauth2.ClientSecretBasic("wrong")})
	_, err := wrong.ClientCredentials(t.Context(), oauth2.TokenOptions{})
	if !errors.Is(err, &oauth2.Error{Code: "invalid_client"}) {
		t.Errorf("a wrong secret: %v", err)
	}
}

// checkLife introspects a token, revokes it, and introspects it again.
func checkLife(t *testing.T, c *oauth2.Client, tok *oauth2.Token) {
	t.Helper()
	said, err := c.Introspect(t.Context(), tok.AccessToken(), oauth2.HintAccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if !said.Active || said.ClientID != c.ID() || !said.ExpiresAt.After(said.IssuedAt) {
		t.Errorf("introspection of the token: %+v", said)
	}
	if err := c.Revoke(t.Context(), tok, ""); err != nil {
		t.Fatal(err)
	}
	said, err = c.Introspect(t.Context(), tok.AccessToken(), "")
	if err != nil || said.Active {
		t.Errorf("introspection of what was revoked: %+v, %v", said, err)
	}
}

// A user lets a device in, and the device renews its token.
func TestDeviceAtProvider(t *testing.T) {
	server := startWith(t, nil)
	c := newClient(t, oauth2.Config{ID: "device", Server: server, Auth: oauth2.None()})
	d, err := c.DeviceAuthorization(t.Context(), oauth2.TokenOptions{
		Scopes: []string{"openid", "offline_access"}})
	if err != nil {
		t.Fatal(err)
	}
	// The provider shows a page without a form when it is done.
	newBrowser("alice", testRedirectURI).logIn(d.VerificationURIComplete)
	tok, err := c.DeviceToken(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := c.Refresh(t.Context(), tok, oauth2.TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if renewed.AccessToken() == tok.AccessToken() || renewed.RefreshToken() == tok.RefreshToken() {
		t.Error("the tokens are the old ones")
	}
	if _, err := c.DeviceToken(t.Context(), d); !errors.Is(err, &oauth2.Error{Code: "invalid_grant"}) {
		t.Errorf("a device code twice: %v", err)
	}
}
