package oidctest_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

func half(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }

func sha2(value string) string { sum := sha256.Sum256([]byte(value)); return half(sum[:]) }
func sha3(value string) string { sum := sha512.Sum384([]byte(value)); return half(sum[:]) }
func sha5(value string) string { sum := sha512.Sum512([]byte(value)); return half(sum[:]) }

// OpenID Connect Core 1.0, Sections 3.2.2.10 and 3.3.2.11: what comes with an ID Token is
// bound to it, by the hash of the algorithm of the client.
func TestHashes(t *testing.T) {
	secret := strings.Repeat("s", 64)
	for algorithm, sum := range map[string]func(string) string{
		"RS256": sha2, "ES384": sha3, "PS512": sha5, "EdDSA": sha5, "Ed25519": sha5,
		"HS256": sha2, "HS384": sha3, "HS512": sha5,
	} {
		for _, responseType := range []string{"code id_token token", "code id_token",
			"id_token token", "id_token", "code"} {
			t.Run(algorithm+" "+responseType, func(t *testing.T) {
				w := start(t, oidctest.Options{Clients: []oidctest.Client{
					{ID: "client", Secret: secret, IDTokenAlgorithm: algorithm}}})
				params, verifier := w.request("openid")
				params.Set("response_type", responseType)
				_, got := brought(w.authorize(params))
				want := map[string]any{"s_hash": sum(params.Get("state"))}
				for hash, name := range map[string]string{
					"c_hash": "code", "at_hash": "access_token"} {
					if got.Has(name) {
						want[hash] = sum(got.Get(name))
					}
				}
				idToken := got.Get("id_token")
				if responseType == "code" {
					g := w.read(w.do("POST", w.Endpoint("token"), url.Values{
						"grant_type": {"authorization_code"}, "code": {got.Get("code")},
						"redirect_uri": {callback}, "code_verifier": {verifier}},
						basic("client", secret)))
					want = map[string]any{"at_hash": sum(g.AccessToken)}
					idToken = g.IDToken
				}
				claims := w.payload(idToken, algorithm, secret)
				for _, hash := range []string{"s_hash", "c_hash", "at_hash"} {
					if claims[hash] != want[hash] {
						t.Errorf("%s is %v, want %v", hash, claims[hash], want[hash])
					}
				}
				if claims["nonce"] != params.Get("nonce") || claims["auth_time"] == nil {
					t.Errorf("claims are %v", claims)
				}
			})
		}
	}
}

// payload verifies a token by the published keys or the secret.
func (w walk) payload(token, algorithm, secret string) map[string]any {
	w.t.Helper()
	keys := w.keys()
	if strings.HasPrefix(algorithm, "HS") {
		key, err := jose.NewKey([]byte(secret), jose.KeyOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		keys = jose.NewSet(key)
	}
	signed, err := jose.VerifySignature(w.t.Context(), token, keys,
		jose.VerifyOptions{Algorithms: []string{algorithm}})
	if err != nil {
		w.t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(signed.Payload, &claims); err != nil {
		w.t.Fatal(err)
	}
	return claims
}

// A nested token, RFC 7519, Appendix A.2; "enc" is that of metadata of clients if none is
// said.
func TestEncryptedIDToken(t *testing.T) {
	for enc, want := range map[string]string{"": "A128CBC-HS256", "A256GCM": "A256GCM"} {
		key, d := recipient(t, "RSA-OAEP-256", want)
		w := start(t, oidctest.Options{Algorithm: "ES256", Clients: []oidctest.Client{
			{ID: "client", Secret: "secret", IDTokenEncryption: oidctest.Recipient{Key: key,
				Algorithm: "RSA-OAEP-256", Encryption: enc}}}})
		opened, err := d.Decrypt(t.Context(), w.grant("openid").IDToken)
		if err != nil {
			t.Fatal(err)
		}
		if opened.Header.ContentType != "JWT" || opened.Header.KeyID != key.ID() {
			t.Errorf("header is %+v", opened.Header)
		}
		claims := w.payload(string(opened.Plaintext()), "ES256", "")
		if claims["sub"] != "alice" {
			t.Errorf("claims are %v", claims)
		}
	}
}
