package interop

import (
	"cmp"
	"maps"
	"testing"

	"vouchsafe/oidc/oidctest"
)

// An authlib2Case is a login of Authlib's client by OAuth 2.0, or with OpenID Connect.
type authlib2Case struct {
	authlibCase
	provider  oidctest.Options
	algorithm string // of the client's ID Tokens, if not the provider's
	public    bool   // whether the provider knows no secret
}

// Without OpenID Connect. rp.py ends with a call of the API with a token that it has revoked.
func authlibOAuth2() []authlib2Case {
	method := func(name string) map[string]any {
		return map[string]any{
			"token_endpoint_auth_method": name, "revocation_endpoint_auth_method": name}
	}
	revoked := []string{"unusable_access_token"}
	cases := []authlib2Case{
		{authlibCase: authlibCase{name: "client_secret_basic", faults: revoked}},
		{authlibCase: authlibCase{name: "client_secret_basic, secret to be escaped",
			secret: testSecret, refused: "invalid_client", faults: []string{"wrong_secret"},
			differs: "Authlib does not escape it (RFC 6749, Section 2.3.1)"}},
		{authlibCase: authlibCase{name: "client_secret_post, secret to be escaped",
			secret: testSecret, options: method("client_secret_post"), faults: revoked}},
		{authlibCase: authlibCase{name: "none", options: method("none"), faults: revoked},
			public: true},
		{authlibCase: authlibCase{name: "wrong secret",
			options: map[string]any{"client_secret": "wrong"},
			refused: "invalid_client", faults: []string{"wrong_secret"}}},
		{authlibCase: authlibCase{name: "no PKCE",
			options: map[string]any{"code_challenge_method": nil},
			refused: "invalid_grant", faults: []string{"missing_challenge", "unknown_refresh_token"},
			differs: "Authlib's session takes an error for no code, and asks for a token of its own"}},
	}
	for i := range cases {
		cases[i].kind = "oauth2"
	}
	return cases
}

// With OpenID Connect.
func authlibOpenID() []authlib2Case {
	var cases []authlib2Case
	for _, alg := range []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
	} {
		cases = append(cases, authlib2Case{
			authlibCase: authlibCase{name: alg}, provider: oidctest.Options{Algorithm: alg}})
	}
	cases = append(cases,
		authlib2Case{authlibCase: authlibCase{name: "Ed25519", refused: "'at_hash'",
			differs: "Authlib has no at_hash for this name of EdDSA (RFC 9864, Section 2.2)"},
			provider: oidctest.Options{Algorithm: "Ed25519"}},
		authlib2Case{authlibCase: authlibCase{name: "HS256", secret: longSecret,
			options: map[string]any{"token_endpoint_auth_method": "client_secret_post"},
			refused: "No key", differs: "Authlib verifies with published keys alone"},
			algorithm: "HS256"},
		authlib2Case{authlibCase: authlibCase{name: "form_post",
			options: map[string]any{"response_mode": "form_post"}}},
		authlib2Case{authlibCase: authlibCase{name: "refresh token that stays"},
			provider: oidctest.Options{KeepRefreshToken: true}},
		authlib2Case{authlibCase: authlibCase{name: "no PKCE",
			options: map[string]any{"code_challenge_method": nil},
			refused: "invalid_request", faults: []string{"missing_challenge"}}},
	)
	for _, spoilt := range []struct {
		claim   string
		value   any
		refused string
	}{
		{"iss", "https://op.example.com", "'iss'"},
		{"sub", nil, "'sub'"},
		{"aud", "another", "'azp'"},
		{"exp", 1, "expired"},
		{"iat", 1 << 40, "future"},
		{"nonce", "another", "'nonce'"},
		{"at_hash", "AAAAAAAAAAAAAAAAAAAAAA", "'at_hash'"},
	} {
		cases = append(cases, authlib2Case{
			authlibCase: authlibCase{name: "wrong " + spoilt.claim, refused: spoilt.refused},
			provider: oidctest.Options{EditIDToken: func(claims map[string]any) {
				claims[spoilt.claim] = spoilt.value
			}},
		})
	}
	for i := range cases {
		cases[i].kind = "flask2"
	}
	return cases
}

func (c authlib2Case) run(t *testing.T, rows *verdicts, scope string) {
	t.Helper()
	client := oidctest.Client{ID: testClientID, Secret: cmp.Or(c.secret, plainSecret),
		RedirectURIs: []string{testRedirectURI}, IDTokenAlgorithm: c.algorithm}
	if c.public {
		client.Secret = ""
	}
	c.provider.Clients = []oidctest.Client{client}
	provider := oidctest.NewServer(c.provider)
	defer provider.Close()
	options := map[string]any{"scope": scope, "code_challenge_method": "S256"}
	maps.Copy(options, c.options)
	c.options = options
	var got struct {
		User      struct{ ID, Sub, Name string }
		Claims    struct{ Sub string }
		Refreshed bool
	}
	if c.test(t, rows, provider.Issuer(), "", &got) {
		subject := got.User.Sub
		if c.kind == "oauth2" {
			subject, got.Claims.Sub = got.User.ID, got.User.ID
		}
		if subject != "alice" || got.Claims.Sub != "alice" || got.User.Name != "Alice Example" ||
			!got.Refreshed {
			t.Errorf("it saw %+v", got)
		}
	}
	checkFaults(t, provider.Faults(), c.faults)
}

// Authlib's client logs in at our OAuth 2.0 test provider.
func TestAuthlibLogsInByOAuth2(t *testing.T) {
	needPython(t)
	rows := newVerdicts(t)
	for _, c := range authlibOAuth2() {
		t.Run(c.name, func(t *testing.T) { c.run(t, rows, "profile email") })
	}
}

// Authlib's client logs in at our OpenID test provider.
func TestAuthlibLogsInByOpenID(t *testing.T) {
	needPython(t)
	rows := newVerdicts(t)
	for _, c := range authlibOpenID() {
		t.Run(c.name, func(t *testing.T) { c.run(t, rows, "openid profile email") })
	}
}
