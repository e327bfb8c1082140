package interop

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"strconv"
	"strings"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// everything brings an ID Token twice, UserInfo and a JSON Web Token as the response.
func everything() oidc.AuthorizationOptions {
	return oidc.AuthorizationOptions{
		ResponseType: "code id_token token", ResponseMode: "form_post.jwt"}
}

// all says the same of the ID Token, UserInfo and the response.
func all(alg string, more ...map[string]any) map[string]any {
	m := map[string]any{}
	for _, what := range []string{"id_token", "userinfo", "authorization"} {
		m[what+"_signed_response_alg"] = alg
		for _, add := range more {
			for name, value := range add {
				m[what+name] = value
			}
		}
	}
	return m
}

// Each algorithm, for all that is signed.
func signatures(tb *table) {
	var cases []openIDCase
	for _, alg := range jose.SignatureAlgorithms() {
		cases = append(cases, openIDCase{
			name:     alg,
			provider: all(alg),
			config: func(_ keyring, c *oidc.Config) {
				c.IDToken, c.UserInfo, c.AuthorizationResponse =
					signedWith(alg), signedWith(alg), signedWith(alg)
			},
			options: everything(),
			note:    "ID Tokens, UserInfo and response",
		})
	}
	tb.logins(cases)
	tb.lacks("ML-DSA-44 and others", "vouchsafe has no post-quantum signatures")
	tb.lacks("none", "neither has it")
}

// Each algorithm that gets the key across, and each that encrypts with it.
func encryption(tb *table) {
	encs := jose.ContentEncryptions()
	for i, management := range jose.KeyManagementAlgorithms() {
		switch management {
		case "dir", "ECDH-ES": // whose key depends on enc
			for _, enc := range encs {
				tb.encrypted(management, enc)
			}
		default:
			tb.encrypted(management, encs[i%len(encs)])
		}
	}
	tb.curves()
	one := func(what string) map[string]any {
		return map[string]any{
			what + "_signed_response_alg":    "RS256",
			what + "_encrypted_response_alg": "ECDH-ES",
		}
	}
	tb.logins([]openIDCase{
		{name: "ID Tokens alone", provider: one("id_token"), options: everything(),
			config: func(k keyring, c *oidc.Config) {
				c.IDToken = k.encrypted("RS256", "ECDH-ES", "A128CBC-HS256")
			}},
		{name: "UserInfo alone", provider: one("userinfo"), options: everything(),
			config: func(k keyring, c *oidc.Config) {
				c.UserInfo = k.encrypted("RS256", "ECDH-ES", "A128CBC-HS256")
			}},
		{name: "the response alone", provider: one("authorization"), options: everything(),
			config: func(k keyring, c *oidc.Config) {
				c.AuthorizationResponse = k.encrypted("RS256", "ECDH-ES", "A128CBC-HS256")
			}},
		{name: "signed as is usual", options: everything(), provider: map[string]any{
			"id_token_encrypted_response_alg":      "ECDH-ES",
			"userinfo_signed_response_alg":         "RS256", // which it wants to be told
			"userinfo_encrypted_response_alg":      "ECDH-ES",
			"authorization_encrypted_response_alg": "ECDH-ES",
		}, config: func(k keyring, c *oidc.Config) {
			r := k.encrypted("", "ECDH-ES", "A128CBC-HS256")
			c.IDToken, c.UserInfo, c.AuthorizationResponse = r, r, r
		}},
	})
	tb.lacks("UserInfo encrypted and not signed", "oidc-provider encrypts what it signs alone")
	tb.lacks("RSA1_5, PBES2", "neither has them")
}

// encrypted adds a row of a pair of algorithms. What is signed inside goes from one
// algorithm to the next, row by row.
func (tb *table) encrypted(management, enc string) {
	signed := []string{"RS256", "ES256", "HS256", "PS256", "EdDSA"}
	alg := signed[len(tb.rows)%len(signed)]
	note := "ID Tokens, UserInfo and response"
	if size := secretSize(management, enc); size > 0 {
		note += "; the caller makes the key of the secret, OpenID Connect Core 1.0, Section 10.2"
	}
	tb.logins([]openIDCase{{
		name: alg + " in " + management + " and " + enc,
		provider: all(alg, map[string]any{
			"_encrypted_response_alg": management, "_encrypted_response_enc": enc}),
		config: func(k keyring, c *oidc.Config) {
			r := k.encrypted(alg, management, enc)
			if size := secretSize(management, enc); size > 0 {
				r = encryptedFor(alg, management, enc, secretKey(size))
			}
			c.IDToken, c.UserInfo, c.AuthorizationResponse = r, r, r
		},
		options: everything(),
		note:    note,
	}})
}

// curves adds a row for each curve but the P-256 of the others.
func (tb *table) curves() {
	for _, c := range []struct {
		name string
		key  any
	}{
		{"P-384", must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))},
		{"P-521", must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))},
		{"X25519", must(ecdh.X25519().GenerateKey(rand.Reader))},
	} {
		const management, enc = "ECDH-ES+A256KW", "A256GCM"
		key := newKey(c.key, "enc")
		provider := all("ES256", map[string]any{
			"_encrypted_response_alg": management, "_encrypted_response_enc": enc})
		provider["jwks"] = jose.NewSet(key)
		tb.logins([]openIDCase{{
			name:     "ECDH-ES on " + c.name,
			provider: provider,
			config: func(_ keyring, c *oidc.Config) {
				r := encryptedFor("ES256", management, enc, key)
				c.IDToken, c.UserInfo, c.AuthorizationResponse = r, r, r
			},
			options: everything(),
		}})
	}
}

// secretSize returns the length in bytes of the key that a symmetric algorithm takes, 0 for
// one that is not.
func secretSize(management, enc string) int {
	name := management
	if management == "dir" {
		name = enc
	} else if !strings.HasPrefix(management, "A") {
		return 0
	}
	_, after, hash := strings.Cut(name, "-HS")
	if !hash {
		after = name[1:4]
	}
	return must(strconv.Atoi(after)) / 8
}

// secretKey makes the client secret a key of that size, OpenID Connect Core 1.0, Section 10.2.
func secretKey(size int) *jose.Key {
	short, middle, long := sha256.Sum256([]byte(longSecret)), sha512.Sum384([]byte(longSecret)),
		sha512.Sum512([]byte(longSecret))
	octets := long[:]
	switch {
	case size <= len(short):
		octets = short[:]
	case size <= len(middle):
		octets = middle[:]
	}
	return must(jose.NewKey(octets[:size], jose.KeyOptions{Use: "enc"}))
}

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
