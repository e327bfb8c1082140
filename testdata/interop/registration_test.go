package interop

import (
	"encoding/json"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// What the provider asks of those who register, see op.mjs.
const registrationToken = "an-initial-access-token"

func usualMetadata() oidc.ClientMetadata {
	return oidc.ClientMetadata{ClientMetadata: oauth2.ClientMetadata{
		RedirectURIs: []string{siteRedirectURI},
		GrantTypes:   []string{"authorization_code", "refresh_token", "client_credentials"},
		ClientName:   "A client of the table",
	}}
}

// Clients that register themselves, log in as what they are registered for, and manage that.
func registrations(tb *table) {
	keys := must(json.Marshal(tb.keys.public()))
	for _, c := range []struct {
		name, note string
		change     func(*oidc.ClientMetadata)
		options    oidc.AuthorizationOptions
	}{
		{name: "client_secret_basic", change: func(*oidc.ClientMetadata) {}},
		{name: "client_secret_jwt", change: func(m *oidc.ClientMetadata) {
			m.TokenEndpointAuthMethod = "client_secret_jwt"
		}},
		{name: "private_key_jwt", change: func(m *oidc.ClientMetadata) {
			m.TokenEndpointAuthMethod, m.TokenEndpointAuthSigningAlg = "private_key_jwt", "ES256"
			m.JWKS = keys
		}},
		{name: "none", change: func(m *oidc.ClientMetadata) {
			m.TokenEndpointAuthMethod = "none"
			m.GrantTypes = []string{"authorization_code", "refresh_token"}
		}},
		{name: "ID Tokens with HMACs", change: func(m *oidc.ClientMetadata) {
			m.IDTokenSignedResponseAlg = "HS256"
		}},
		{name: "everything signed and encrypted, both ways",
			note: "ID Tokens, UserInfo, response and request", options: everything(),
			change: func(m *oidc.ClientMetadata) {
				m.JWKS = keys
				m.GrantTypes = append(m.GrantTypes, "implicit")
				m.ResponseTypes = []string{"code id_token token"}
				m.IDTokenSignedResponseAlg = "ES256"
				m.IDTokenEncryptedResponseAlg = "ECDH-ES"
				m.UserInfoSignedResponseAlg = "PS256"
				m.UserInfoEncryptedResponseAlg = "ECDH-ES"
				m.AuthorizationSignedResponseAlg = "EdDSA"
				m.AuthorizationEncryptedResponseAlg = "ECDH-ES"
				m.RequestObjectSigningAlg = "ES256"
				m.RequestObjectEncryptionAlg = "RSA-OAEP-256"
				m.RequireSignedRequestObject = true
			}},
	} {
		tb.row(c.name, c.note, func(t *testing.T) {
			m := usualMetadata()
			c.change(&m)
			client := tb.registered(t, tb.register(t, m))
			openIDCase{}.checkLogin(t, client, tb.login(t, client, c.options))
		})
	}
	tb.row("read", "from a record", func(t *testing.T) {
		r, err := oauth2.RegistrationFromRecord(tb.register(t, usualMetadata()).Record())
		if err != nil {
			t.Fatal(err)
		}
		again := readRegistration(t, r)
		if again.ID != r.ID || again.Secret() != r.Secret() || again.IssuedAt.IsZero() ||
			again.Metadata().ClientName != usualMetadata().ClientName {
			t.Errorf("it is registered as %s: %+v", again.ID, again.Metadata())
		}
	})
	tb.row("update", "another registration access token; the old one it refuses: invalid_token",
		func(t *testing.T) {
			r := tb.register(t, usualMetadata())
			m, err := oidc.MetadataOf(r)
			if err != nil {
				t.Fatal(err)
			}
			m.ClientName = "Another name"
			m.IDTokenSignedResponseAlg = "ES256"
			updated, err := oidc.UpdateRegistration(t.Context(), r, m, oauth2.RegistrationOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Read(t.Context(), oauth2.RegistrationOptions{})
			wants(t, err, refusal("invalid_token"))
			again := readRegistration(t, updated)
			if name := again.Metadata().ClientName; name != m.ClientName {
				t.Errorf("its name is %q", name)
			}
			tb.login(t, tb.registered(t, again), oidc.AuthorizationOptions{})
		})
	tb.row("delete", "its token and its secret are no longer good: invalid_token, invalid_client",
		func(t *testing.T) {
			r := tb.register(t, usualMetadata())
			if err := r.Delete(t.Context(), oauth2.RegistrationOptions{}); err != nil {
				t.Fatal(err)
			}
			_, err := r.Read(t.Context(), oauth2.RegistrationOptions{})
			wants(t, err, refusal("invalid_token"))
			_, err = tb.oauth(t, r.ID, oauth2.ClientSecretBasic(r.Secret())).
				ClientCredentials(t.Context(), oauth2.TokenOptions{})
			wants(t, err, refusal("invalid_client"))
		})
	tb.refused("another's registration access token", refusal("invalid_token"),
		func(t *testing.T) error {
			mixed := tb.register(t, usualMetadata()).Record()
			mixed.AccessToken = tb.register(t, usualMetadata()).AccessToken()
			r, err := oauth2.RegistrationFromRecord(mixed)
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Read(t.Context(), oauth2.RegistrationOptions{})
			return err
		})
	tb.registrationsRefused()
}

func (tb *table) registrationsRefused() {
	for _, c := range []struct {
		name, token string
		change      func(*oidc.ClientMetadata)
		code        string
	}{
		{"another initial access token", "wrong", func(*oidc.ClientMetadata) {}, "invalid_token"},
		{"no initial access token", "", func(*oidc.ClientMetadata) {}, "invalid_token"},
		{"a redirect URI that is not allowed", registrationToken, func(m *oidc.ClientMetadata) {
			m.RedirectURIs = []string{"com.example.client:/callback"} // which is for native ones
		}, "invalid_redirect_uri"},
		{"a method that it has not", registrationToken, func(m *oidc.ClientMetadata) {
			m.TokenEndpointAuthMethod = "tls_client_auth"
		}, "invalid_client_metadata"},
		{"a grant that it has not", registrationToken, func(m *oidc.ClientMetadata) {
			m.GrantTypes = []string{"urn:example:grant"}
		}, "invalid_client_metadata"},
	} {
		tb.refused(c.name, refusal(c.code), func(t *testing.T) error {
			m := usualMetadata()
			c.change(&m)
			_, err := oidc.Register(t.Context(), tb.provider(t), m,
				oauth2.RegistrationOptions{InitialAccessToken: c.token})
			return err
		})
	}
}

func (tb *table) provider(t *testing.T) oidc.Provider {
	t.Helper()
	p, err := tb.party(t, testClientID, nil).Provider(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (tb *table) register(t *testing.T, m oidc.ClientMetadata) *oauth2.Registration {
	t.Helper()
	r, err := oidc.Register(t.Context(), tb.provider(t), m,
		oauth2.RegistrationOptions{InitialAccessToken: registrationToken})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readRegistration(t *testing.T, r *oauth2.Registration) *oauth2.Registration {
	t.Helper()
	again, err := r.Read(t.Context(), oauth2.RegistrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// registered makes the client that is registered.
func (tb *table) registered(t *testing.T, r *oauth2.Registration) *oidc.Client {
	t.Helper()
	config, err := oidc.ConfigOf(r, oidc.RegistrationKeys{
		Signing: tb.keys.sign,
		Decrypter: must(jose.NewDecrypter(jose.DecrypterConfig{
			Keys:        jose.NewSet(tb.keys.rsa, tb.keys.ecdh),
			Algorithms:  []string{"ECDH-ES"},
			Encryptions: []string{"A128CBC-HS256"},
		})),
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
