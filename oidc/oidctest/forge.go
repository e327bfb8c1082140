package oidctest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
)

// A forgery is one way in which a token is not what it should be, whatever its claims are.
type forgery struct {
	name, does, clause string
	forge              func(p *Provider, token string) string
	is                 kind
}

// A kind is what a client makes of a forgery: it refuses, or may, or must not.
type kind int

const (
	wrong kind = iota
	optional
	harmless
)

// forgeries are those of any token that the provider signs with its key pair.
func forgeries() []forgery {
	return []forgery{
		{"unsigned", "is not signed: its alg is none, its signature empty",
			"RFC 8725, Section 3.1", unsigned, wrong},
		{"with_alg_none", "has the alg none and a signature", "RFC 8725, Section 3.1",
			under(`{"alg":"none"}`), wrong},
		{"with_bad_signature", "has a signature that does not verify", "RFC 7515, Section 5.2",
			badlySigned, wrong},
		{"without_signature", "has no signature, though its alg is RS256",
			"RFC 7515, Section 5.2", signatureless, wrong},
		{"of_another_key", "is signed with a key that is not the provider's, under the ID of one",
			"RFC 7515, Section 5.2", byStranger(kidHeader), wrong},
		{"of_unknown_key", "names a key that the provider does not publish",
			"RFC 7515, Section 4.1.4", under(`{"alg":"RS256","kid":"unknown","typ":"JWT"}`), optional},
		{"with_its_own_key", "brings the key that it is signed with", "RFC 8725, Section 3.10",
			byStranger(ownKeyHeader), wrong},
		{"with_another_alg", "is signed with PS256, for which the client is not registered",
			"RFC 8725, Section 3.1", probabilistic, wrong},
		{"with_public_key_as_secret", "has an HMAC, keyed by the public key",
			"RFC 8725, Section 2.1", confused, wrong},
		{"with_unknown_crit", "has a critical extension that nobody knows",
			"RFC 7515, Section 4.1.11",
			withHeader(`,"crit":["https://x.example/e"],"https://x.example/e":1`), wrong},
		{"with_header_twice", "has kid twice in its header", "RFC 7515, Section 4",
			withHeader(`,"kid":"other"`), wrong},
		{"of_another_type", "is of another type, at+jwt", "RFC 8725, Section 3.11",
			under(`{"alg":"RS256","typ":"at+jwt"}`), optional},
		{"without_type", "has no typ", "RFC 7519, Section 5.1", under(`{"alg":"RS256"}`), harmless},
		{"without_kid", "names no key, where there is one", "RFC 7515, Section 4.1.4",
			under(`{"alg":"RS256","typ":"JWT"}`), harmless},
		{"with_claim_twice", "has iss twice, once of another issuer", "RFC 7519, Section 4",
			withPayload(twice(`"iss":"` + stranger + `"`)), wrong},
		{"that_is_a_list", "has a list as its claims", "RFC 7519, Section 7.2",
			withPayload(func(claims string) string { return "[" + claims + "]" }), wrong},
		{"with_claims_of_no_json", "has claims that are no JSON", "RFC 7519, Section 7.2",
			withPayload(notJSON), wrong},
		{"in_two_parts", "ends after its claims", "RFC 7515, Section 7.1",
			func(_ *Provider, token string) string {
				return token[:strings.LastIndex(token, ".")]
			}, wrong},
	}
}

// forged are the forgeries of one kind of token, as the provider sends it at endpoints.
func forged(prefix, what string, m Misbehavior, endpoints ...string) []Misbehavior {
	var list []Misbehavior
	for _, f := range forgeries() {
		m.Name, m.Does, m.Clause = prefix+f.name, what+f.does, f.clause
		m.Harmless, m.Optional = f.is == harmless, f.is == optional
		m.bend = signed(f.forge, endpoints...)
		list = append(list, m)
	}
	return list
}

// ourKey, strangersKey and weakKey are RSA keys for what is signed by hand.
func ourKey() *rsa.PrivateKey {
	key, err := rsaPair()
	return must(key, err)
}

var strangersPair = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})

var weakPair = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 1024)
})

func weakKey() *rsa.PrivateKey {
	key, err := weakPair()
	return must(key, err)
}

func strangersKey() *rsa.PrivateKey {
	key, err := strangersPair()
	return must(key, err)
}

// must returns what cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// byHand signs with RS256, under whatever header.
func byHand(key *rsa.PrivateKey, header, payload string) string {
	input := base64url(header) + "." + base64url(payload)
	sum := sha256.Sum256([]byte(input))
	return input + "." + base64url(string(must(key.Sign(rand.Reader, sum[:], crypto.SHA256))))
}

// kidHeader is the usual one, ownKeyHeader one with the key in it.
func kidHeader(p *Provider) string {
	return fmt.Sprintf(`{"alg":"RS256","kid":%q,"typ":"JWT"}`, p.Key().ID())
}

func ownKeyHeader(*Provider) string {
	return jsonOf(map[string]any{"alg": "RS256", "jwk": rsaJWK(strangersKey()), "typ": "JWT"})
}

// rsaJWK is a public key, RFC 7518, Section 6.3.
func rsaJWK(key *rsa.PrivateKey) map[string]any {
	return map[string]any{"kty": "RSA", "n": base64url(string(key.N.Bytes())),
		"e": base64url(string(big.NewInt(int64(key.E)).Bytes()))}
}

// under signs the claims of a token under another header.
func under(header string) func(*Provider, string) string {
	return func(_ *Provider, token string) string {
		return byHand(ourKey(), header, payloadOf(token))
	}
}

// withHeader adds members to the usual header.
func withHeader(members string) func(*Provider, string) string {
	return func(p *Provider, token string) string {
		header := strings.TrimSuffix(kidHeader(p), "}") + members + "}"
		return byHand(ourKey(), header, payloadOf(token))
	}
}

// withPayload signs other claims.
func withPayload(change func(claims string) string) func(*Provider, string) string {
	return func(p *Provider, token string) string {
		return byHand(ourKey(), kidHeader(p), change(payloadOf(token)))
	}
}

// withClaims signs edited claims.
func withClaims(change edit) func(*Provider, string) string {
	return func(p *Provider, token string) string {
		return byHand(ourKey(), kidHeader(p), claimsOf(p, token, change))
	}
}

func byStranger(header func(*Provider) string) func(*Provider, string) string {
	return func(p *Provider, token string) string {
		return byHand(strangersKey(), header(p), payloadOf(token))
	}
}

func unsigned(_ *Provider, token string) string {
	return base64url(`{"alg":"none"}`) + "." + strings.Split(token, ".")[1] + "."
}

func signatureless(_ *Provider, token string) string {
	return token[:strings.LastIndex(token, ".")+1]
}

// badlySigned changes a character in the midst of a signature, whatever its algorithm.
func badlySigned(_ *Provider, token string) string {
	at := strings.LastIndex(token, ".") + 10
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

func probabilistic(p *Provider, token string) string {
	header := strings.Replace(kidHeader(p), "RS256", "PS256", 1)
	input := base64url(header) + "." + base64url(payloadOf(token))
	sum := sha256.Sum256([]byte(input))
	o := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	return input + "." + base64url(string(must(ourKey().Sign(rand.Reader, sum[:], o))))
}

// confused has whoever takes alg from the token verify an HMAC with a key that all know.
func confused(p *Provider, token string) string {
	der := must(x509.MarshalPKIXPublicKey(&ourKey().PublicKey))
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	header := strings.Replace(kidHeader(p), "RS256", "HS256", 1)
	input := base64url(header) + "." + base64url(payloadOf(token))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + base64url(string(mac.Sum(nil)))
}

// flattened is a token in another serialization, RFC 7515, Section 7.2.2.
func flattened(token string) string {
	parts := strings.Split(token, ".")
	return jsonOf(map[string]string{
		"protected": parts[0], "payload": parts[1], "signature": parts[2]})
}
