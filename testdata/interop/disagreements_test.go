package interop

import (
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Where the client and the provider do not agree, it is the client that refuses.
func disagreements(tb *table) {
	code, jarm := oidc.AuthorizationOptions{}, oidc.AuthorizationOptions{ResponseMode: "jwt"}
	es256 := func(what string) map[string]any {
		return map[string]any{what + "_signed_response_alg": "ES256"}
	}
	encrypted := func(what string) map[string]any {
		return map[string]any{
			what + "_signed_response_alg":    "RS256",
			what + "_encrypted_response_alg": "ECDH-ES",
		}
	}
	rs256 := signedWith("RS256")
	decrypter := func(k keyring) oauth2.SignedResponse {
		return k.encrypted("RS256", "ECDH-ES", "A128CBC-HS256")
	}
	hs256 := map[string]any{
		"id_token_signed_response_alg":      "HS256",
		"userinfo_signed_response_alg":      "HS256",
		"authorization_signed_response_alg": "HS256",
	}
	tb.logins([]openIDCase{
		{name: "ID Token: any that is advertised", provider: es256("id_token"), options: code},
		{name: "ID Token: another algorithm", provider: es256("id_token"), options: code,
			config: func(_ keyring, c *oidc.Config) { c.IDToken = rs256 }, want: check("alg")},
		{name: "ID Token: HMAC that is not registered", provider: hs256, options: code,
			want: check("alg")},
		{name: "ID Token: not encrypted", options: code,
			config: func(k keyring, c *oidc.Config) { c.IDToken = decrypter(k) },
			want:   check("compact")},
		{name: "ID Token: encrypted", provider: encrypted("id_token"), options: code,
			want: check("compact")},
		{name: "ID Token: encrypted otherwise", provider: encrypted("id_token"), options: code,
			config: func(k keyring, c *oidc.Config) {
				c.IDToken = k.encrypted("RS256", "RSA-OAEP-256", "A128CBC-HS256")
			}, want: check("alg")},

		{name: "response: any that is advertised", provider: es256("authorization"), options: jarm},
		{name: "response: another algorithm", provider: es256("authorization"), options: jarm,
			config: func(_ keyring, c *oidc.Config) { c.AuthorizationResponse = rs256 },
			want:   check("alg")},
		{name: "response: HMAC that is not registered", provider: hs256, options: jarm,
			want: check("alg")},
		{name: "response: not encrypted", options: jarm,
			config: func(k keyring, c *oidc.Config) { c.AuthorizationResponse = decrypter(k) },
			want:   check("compact")},
		{name: "response: encrypted", provider: encrypted("authorization"), options: jarm,
			want: check("compact")},

		{name: "UserInfo: any that is advertised", provider: es256("userinfo"), options: code},
		{name: "UserInfo: another algorithm", provider: es256("userinfo"), options: code,
			config: func(_ keyring, c *oidc.Config) { c.UserInfo = rs256 }, userInfo: "alg"},
		{name: "UserInfo: not signed", options: code,
			config:   func(_ keyring, c *oidc.Config) { c.UserInfo = rs256 },
			userInfo: "content_type"},
		{name: "UserInfo: not encrypted", provider: es256("userinfo"), options: code,
			config:   func(k keyring, c *oidc.Config) { c.UserInfo = decrypter(k) },
			userInfo: "compact"},
		{name: "UserInfo: encrypted", provider: encrypted("userinfo"), options: code,
			userInfo: "compact"},
	})
}
