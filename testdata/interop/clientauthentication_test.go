package interop

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Each way to authenticate, at each endpoint that asks for it.
func clientAuthentication(tb *table) {
	tb.authenticates("client_secret_basic", oauth2.ClientSecretBasic(longSecret), nil)
	tb.authenticates("client_secret_post", oauth2.ClientSecretPost(longSecret), nil)
	tb.authenticates("client_secret_basic, found by us", oauth2.ClientSecret(longSecret), nil)
	for _, alg := range jose.SignatureAlgorithms() {
		metadata := map[string]any{"token_endpoint_auth_signing_alg": alg}
		o := oauth2.AssertionOptions{Algorithm: alg}
		auth := oauth2.ClientSecretJWT(longSecret, o)
		if key := signingKey(alg); key != nil {
			auth = oauth2.PrivateKeyJWT(key, o)
			metadata["jwks"] = publicSet(key)
		}
		tb.authenticates(auth.Method()+", "+alg, auth, metadata)
	}
	tb.keysAtURI()
	id := tb.client(map[string]any{"token_endpoint_auth_method": "none"})
	tb.row("none", "code, refresh token and revocation", func(t *testing.T) {
		client := tb.party(t, id, func(_ keyring, c *oidc.Config) { c.Auth = oauth2.None() })
		login := tb.login(t, client, oidc.AuthorizationOptions{})
		openIDCase{}.checkLogin(t, client, login)
		oauth := tb.oauth(t, id, oauth2.None())
		if err := oauth.Revoke(t.Context(), login.Token, oauth2.HintAccessToken); err != nil {
			t.Error(err)
		}
	})
	byKey := tb.client(map[string]any{"token_endpoint_auth_method": "private_key_jwt"})
	tb.row("the token endpoint as the audience",
		"oidc-provider takes it beside the issuer, which we send", func(t *testing.T) {
			auth := oauth2.PrivateKeyJWT(tb.keys.sign, oauth2.AssertionOptions{
				InsecureAudience: tb.server.TokenEndpoint})
			_, err := tb.oauth(t, byKey, auth).ClientCredentials(t.Context(), oauth2.TokenOptions{})
			if err != nil {
				t.Error(err)
			}
		})
	tb.lacks("tls_client_auth, self_signed_tls_client_auth", "vouchsafe has no mutual TLS yet")
}

// authenticates adds a row of a client that gets a token and asks about it.
func (tb *table) authenticates(
	name string, auth oauth2.ClientAuthentication, metadata map[string]any,
) {
	m := map[string]any{"token_endpoint_auth_method": auth.Method()}
	for name, value := range metadata {
		m[name] = value
	}
	id := tb.client(m)
	tb.row(name, "token, introspection and revocation", func(t *testing.T) {
		c := tb.oauth(t, id, auth)
		tok, err := c.ClientCredentials(t.Context(), oauth2.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		checkLife(t, c, tok)
	})
}

// checkLife introspects a token, revokes it, and introspects it again.
func checkLife(t *testing.T, c *oauth2.Client, tok *oauth2.Token) {
	t.Helper()
	said := introspect(t, c, tok.AccessToken(), oauth2.HintAccessToken)
	if !said.Active || said.ClientID != c.ID() || !said.ExpiresAt.After(said.IssuedAt) {
		t.Errorf("introspection of the token: %+v", said)
	}
	if err := c.Revoke(t.Context(), tok, ""); err != nil {
		t.Fatal(err)
	}
	if said := introspect(t, c, tok.AccessToken(), ""); said.Active {
		t.Errorf("introspection of what was revoked: %+v", said)
	}
}

// keysAtURI adds a row of a client whose keys the provider fetches.
func (tb *table) keysAtURI() {
	key := must(jose.GenerateKey("PS256"))
	tb.site.HandleFunc("GET /jwks", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(jose.NewSet(key))
	})
	tb.authenticates("private_key_jwt, keys at the jwks_uri",
		oauth2.PrivateKeyJWT(key, oauth2.AssertionOptions{}),
		map[string]any{"jwks": nil, "jwks_uri": clientSite + "/jwks"})
}

// What it refuses shows that it looks at what it takes.
func clientsRefused(tb *table) {
	basic := tb.client(nil)
	byKey := tb.client(map[string]any{"token_endpoint_auth_method": "private_key_jwt",
		"token_endpoint_auth_signing_alg": "ES256"})
	bySecret := tb.client(map[string]any{"token_endpoint_auth_method": "client_secret_jwt"})
	own := func(o oauth2.AssertionOptions) oauth2.ClientAuthentication {
		return oauth2.PrivateKeyJWT(tb.keys.sign, o)
	}
	wrong := strings.ToUpper(longSecret)
	for _, c := range []struct {
		name, id string
		auth     oauth2.ClientAuthentication
		age      time.Duration // of an assertion
		code     string
	}{
		{"another secret", basic, oauth2.ClientSecretBasic(wrong), 0, "invalid_client"},
		{"another secret, in the form", basic, oauth2.ClientSecretPost(wrong), 0, "invalid_client"},
		{"no secret", basic, oauth2.None(), 0, "invalid_client"},
		{"an unknown client", "nobody", oauth2.ClientSecretBasic(longSecret), 0, "invalid_client"},
		{"a secret for a key", byKey, oauth2.ClientSecretBasic(longSecret), 0, "invalid_client"},
		{"an HMAC for a signature", byKey,
			oauth2.ClientSecretJWT(longSecret, oauth2.AssertionOptions{}), 0, "invalid_client"},
		{"an HMAC with another secret", bySecret,
			oauth2.ClientSecretJWT(wrong, oauth2.AssertionOptions{}), 0, "invalid_client"},
		{"a stranger's key", byKey, oauth2.PrivateKeyJWT(must(jose.GenerateKey("ES256")),
			oauth2.AssertionOptions{}), 0, "invalid_client"},
		{"another algorithm", byKey, oauth2.PrivateKeyJWT(must(jose.GenerateKey("EdDSA")),
			oauth2.AssertionOptions{}), 0, "invalid_client"},
		{"an assertion for another server", byKey, own(oauth2.AssertionOptions{
			InsecureAudience: "https://op.example.com"}), 0, "invalid_client"},
		{"an assertion that has expired", byKey, own(oauth2.AssertionOptions{}), 5 * time.Minute,
			"invalid_client"},
	} {
		tb.refused(c.name, refusal(c.code), func(t *testing.T) error {
			client, err := oauth2.New(oauth2.Config{ID: c.id, Server: tb.server, Auth: c.auth,
				Now: func() time.Time { return time.Now().Add(-c.age) }})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Introspect(t.Context(), "token", "")
			return err
		})
	}
	tb.refused("no secret, for a token", check("client_authentication"), func(t *testing.T) error {
		c := tb.oauth(t, basic, oauth2.None())
		_, err := c.ClientCredentials(t.Context(), oauth2.TokenOptions{})
		return err
	})
}
