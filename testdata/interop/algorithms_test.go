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

// alike says the same of the ID Token, UserInfo and the response: what each is signed with, and
// encrypted if management is not empty.
func alike(alg, management, enc string) map[string]any {
	m := map[string]any{}
	for _, what := range []string{"id_token", "userinfo", "authorization"} {
		m[what+"_signed_response_alg"] = alg
		if management != "" {
			m[what+"_encrypted_response_alg"] = management
			m[what+"_encrypted_response_enc"] = enc
		}
	}
	return m
}

// expect is the client's side of alike.
func expect(c *oidc.Config, r oauth2.SignedResponse) {
	c.IDToken, c.UserInfo, c.AuthorizationResponse = r, r, r
}

// Each algorithm, for all that is signed.
func signatures(tb *table) {
	var cases []openIDCase
	for _, alg := range jose.SignatureAlgorithms() {
		cases = append(cases, openIDCase{
			name:     alg,
			provider: alike(alg, "", ""),
			config:   func(_ keyring, c *oidc.Config) { expect(c, signedWith(alg)) },
			options:  everything(),
			note:     "ID Tokens, UserInfo and response",
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
			expect(c, k.encrypted("", "ECDH-ES", "A128CBC-HS256"))
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
		name:     alg + " in " + management + " and " + enc,
		provider: alike(alg, management, enc),
		config: func(k keyring, c *oidc.Config) {
			if size := secretSize(management, enc); size > 0 {
				expect(c, encryptedFor(alg, management, enc, secretKey(size)))
				return
			}
			expect(c, k.encrypted(alg, management, enc))
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
		provider := alike("ES256", management, enc)
		provider["jwks"] = jose.NewSet(key)
		tb.logins([]openIDCase{{
			name:     "ECDH-ES on " + c.name,
			provider: provider,
			config: func(_ keyring, c *oidc.Config) {
				expect(c, encryptedFor("ES256", management, enc, key))
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
