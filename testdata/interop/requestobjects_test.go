package interop

import (
	"net/url"
	"strings"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Request objects, by value: the provider takes no request_uri, and says so.
func requestObjects(tb *table) {
	hybrid := oidc.AuthorizationOptions{
		ResponseType: "code id_token",
		ResponseMode: "form_post",
		ACRValues:    []string{silver},
		MaxAge:       new(time.Hour),
		Claims: &oidc.ClaimsRequest{IDToken: map[string]oidc.ClaimRequest{
			"auth_time": {Essential: true}, "name": {}}},
	}
	object := func(management, enc string) func(keyring, *oidc.Config) {
		return func(k keyring, c *oidc.Config) {
			c.RequestObject = oauth2.RequestObject{
				Key: k.sign, EncryptionAlgorithm: management, Encryption: enc}
		}
	}
	required := map[string]any{
		"require_signed_request_object": true, "request_object_signing_alg": "ES256"}
	signed := func(key *jose.Key, alg string) func(keyring, *oidc.Config) {
		return func(_ keyring, c *oidc.Config) {
			if strings.HasPrefix(alg, "HS") {
				key = must(oauth2.SecretKey(c.Auth))
			}
			c.RequestObject = oauth2.RequestObject{Key: key, Algorithm: alg}
		}
	}
	expired := func(k keyring, c *oidc.Config) {
		c.RequestObject = oauth2.RequestObject{Key: k.sign}
		c.Now = func() time.Time { return time.Now().Add(-6 * time.Minute) }
	}
	byReference := func(k keyring, c *oidc.Config) {
		store := must(oauth2.NewRequestObjects(clientSite + "/requests"))
		c.RequestObject = oauth2.RequestObject{Key: k.sign, Publish: store.Publish}
	}
	stranger := func(_ keyring, c *oidc.Config) {
		c.RequestObject = oauth2.RequestObject{Key: must(jose.GenerateKey("ES256"))}
	}
	tb.logins([]openIDCase{
		{name: "none", options: hybrid},
		{name: "signed", config: object("", ""), options: hybrid},
		{name: "signed, as is required", provider: required, config: object("", ""),
			options: hybrid},
		{name: "required", provider: required, options: hybrid, want: refusal("invalid_request")},
		{name: "encrypted", config: object("RSA-OAEP-256", ""), options: hybrid},
		{name: "signed otherwise than is registered", config: object("", ""), options: hybrid,
			provider: map[string]any{"request_object_signing_alg": "RS256"},
			want:     refusal("invalid_request_object")},
		{name: "expired", config: expired, options: hybrid,
			want: refusal("invalid_request_object")},
		{name: "by a stranger", config: stranger, options: hybrid,
			want: refusal("invalid_request_object")},
		{name: "changed beside the object", config: object("", ""), options: hybrid,
			request: func(v url.Values) { v.Set("acr_values", gold); v.Set("max_age", "0") },
			note:    "what is in it counts"},
		{name: "by reference", config: byReference, options: hybrid,
			want: check("state"), // which is in the object that the provider has not read
			note: "oidc-provider takes the URIs of pushed requests alone"},
	})
	for _, alg := range jose.SignatureAlgorithms() {
		key := signingKey(alg)
		tb.logins([]openIDCase{{name: "signed with " + alg, options: hybrid,
			config: signed(key, alg), provider: map[string]any{
				"request_object_signing_alg": alg, "jwks": publicSet(key)}}})
	}
	encs := jose.ContentEncryptions()
	for i, management := range jose.KeyManagementAlgorithms() {
		if enc := encs[i%len(encs)]; secretSize(management, enc) == 0 {
			tb.logins([]openIDCase{{name: "encrypted with " + management + " and " + enc,
				config: object(management, enc), options: hybrid}})
		}
	}
	tb.lacks("encrypted with the client secret", "vouchsafe encrypts for the server's keys alone")
}
