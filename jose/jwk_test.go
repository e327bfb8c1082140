package jose

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// edited returns a JWK with members set to JSON texts, or removed if those are empty:
// edited(t, jwk, "use", `"sig"`, "kid", "").
func edited(t testing.TB, jwk []byte, changes ...string) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(jwk, &members); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		members[changes[i]] = json.RawMessage(changes[i+1])
		if changes[i+1] == "" {
			delete(members, changes[i])
		}
	}
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// publicText returns a JWK without its private members.
func publicJWK(t testing.TB, jwk []byte) []byte {
	t.Helper()
	var changes []string
	for _, name := range secretMembers {
		changes = append(changes, name, "")
	}
	return edited(t, jwk, changes...)
}

// quoted returns a JSON string that holds b in base64url.
func quoted(b []byte) string { return `"` + encode(b) + `"` }

func TestNewKeyRefuses(t *testing.T) {
	ec, r := ecPrivate(t), rsaPrivate(t)
	for _, tt := range []struct {
		name, check string
		key         any
		o           KeyOptions
	}{
		{"nil", "key", nil, KeyOptions{}},
		{"string", "key", "-----BEGIN PUBLIC KEY-----", KeyOptions{}},
		{"number", "key", 1, KeyOptions{}},
		{"RSA by value", "key", r.PublicKey, KeyOptions{}},
		{"EC by value", "key", ec.PublicKey, KeyOptions{}},
		{"Ed25519 by pointer", "key", new(ed25519.PublicKey), KeyOptions{}},
		{"pointer to nothing", "key", (*string)(nil), KeyOptions{}},
		{"a Key", "key", testEC(t), KeyOptions{}},
		{"device without a public key", "key", publicDevice{}, KeyOptions{}},
		{"device with a string", "key", publicDevice{"ssh-ed25519 AAAA"}, KeyOptions{}},

		{"EC for RS256", "key", &ec.PublicKey, KeyOptions{Algorithm: "RS256"}},
		{"RSA for ES256", "key", r, KeyOptions{Algorithm: "ES256"}},
		{"RSA for none", "key", r, KeyOptions{Algorithm: "none"}},
		{"RSA for HS256", "key", &r.PublicKey, KeyOptions{Algorithm: "HS256"}},
		{"RSA for RSA1_5", "key", r, KeyOptions{Algorithm: "RSA1_5"}},
		{"RSA for A256GCM", "key", r, KeyOptions{Algorithm: "A256GCM"}},
		{"P-256 for ES384", "key", ec, KeyOptions{Algorithm: "ES384"}},
		{"P-256 for EdDSA", "key", ec, KeyOptions{Algorithm: "EdDSA"}},
		{"octets for RS256", "key", make([]byte, 64), KeyOptions{Algorithm: "RS256"}},
		{"octets for PBES2", "key", make([]byte, 64), KeyOptions{Algorithm: "PBES2-HS256+A128KW"}},
		{"use enc, alg ES256", "key", ec, KeyOptions{Algorithm: "ES256", Use: "enc"}},
		{"use sig, alg ECDH-ES", "key", ec, KeyOptions{Algorithm: "ECDH-ES", Use: "sig"}},
		{"use enc, Ed25519", "key", otherEd25519(t), KeyOptions{Use: "enc"}},
		{"use sig, AES", "key", make([]byte, 16), KeyOptions{Use: "sig"}},
		{"use that is none", "key", ec, KeyOptions{Use: "Sig"}},
		{"ID that is no text", "kid", ec, KeyOptions{ID: "\xff"}},
		{"ID of 257 bytes", "kid", ec, KeyOptions{ID: strings.Repeat("a", 257)}},
	} {
		k, err := NewKey(tt.key, tt.o)
		wantCheck(t, tt.name, err, tt.check)
		if k != nil {
			t.Errorf("%s: got a key", tt.name)
		}
	}
}

func TestNewKey(t *testing.T) {
	const (
		ofRSA = "RS256 RS384 RS512 PS256 PS384 PS512 RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 RSA-OAEP"
		ofEC  = "ES256 ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW"
	)
	ec, r, ed := ecPrivate(t), rsaPrivate(t), otherEd25519(t)
	id := strings.Repeat("a", 256)
	for _, tt := range []struct {
		name       string
		key        any
		o          KeyOptions
		algorithms string
		signs      bool
	}{
		{"RSA", &r.PublicKey, KeyOptions{}, ofRSA, false},
		{"RSA private", r, KeyOptions{ID: "a"}, ofRSA, true},
		{"RSA for PS384", &r.PublicKey, KeyOptions{Algorithm: "PS384"}, "PS384", false},
		{"RSA in a device", device{Signer: r}, KeyOptions{Use: "sig"}, ofRSA[:35], true},
		{"RSA in a device by pointer", &device{Signer: r}, KeyOptions{}, ofRSA, true},
		{"RSA to decrypt", r, KeyOptions{Algorithm: "RSA-OAEP-256", Use: "enc"}, "RSA-OAEP-256", true},
		{"P-256", &ec.PublicKey, KeyOptions{ID: "b", Algorithm: "ES256"}, "ES256", false},
		{"P-256 private", ec, KeyOptions{}, ofEC, true},
		{"P-256 to decrypt", ec, KeyOptions{Use: "enc"}, ofEC[6:], true},
		{"P-256 in a device", device{Signer: ec}, KeyOptions{}, ofEC, true},
		{"Ed25519", ed.Public(), KeyOptions{}, "EdDSA Ed25519", false},
		{"Ed25519 private", ed, KeyOptions{Algorithm: "Ed25519", Use: "sig"}, "Ed25519", true},
		{"octets", make([]byte, 16), KeyOptions{Use: "enc", Algorithm: "dir"}, "dir", false},
		{"ID of 256 bytes", ec, KeyOptions{ID: id}, ofEC, true},
	} {
		k := newKey(t, tt.key, tt.o)
		want := strings.Fields(tt.algorithms)
		if !strings.Contains(tt.algorithms, "OAEP") || !fips140.Enforced() {
			if !slices.Equal(k.Algorithms(), want) {
				t.Errorf("%s: got %q", tt.name, k.Algorithms())
			}
		}
		if k.ID() != tt.o.ID || (k.signer() != nil) != tt.signs {
			t.Errorf("%s: ID %q, signs %v", tt.name, k.ID(), k.signer() != nil)
		}
		k.Algorithms()[0] = "none"
		if k.Algorithms()[0] == "none" {
			t.Errorf("%s: its algorithms can be changed", tt.name)
		}
	}
}

func TestGenerateKey(t *testing.T) {
	sizes := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64, "A128KW": 16, "A192KW": 24,
		"A256KW": 32, "A128GCMKW": 16, "A192GCMKW": 24, "A256GCMKW": 32, "A128CBC-HS256": 32,
		"A192CBC-HS384": 48, "A256CBC-HS512": 64, "A128GCM": 16, "A192GCM": 24, "A256GCM": 32}
	curves := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
	ids := map[string]bool{}
	names := slices.Concat(SignatureAlgorithms(), KeyManagementAlgorithms(), ContentEncryptions())
	for _, name := range names {
		a, isSignature := findSignatureAlgorithm(name)
		if name == "dir" || isSlow(name) {
			continue
		}
		k, err := GenerateKey(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(k.Algorithms(), []string{name}) || len(k.ID()) < 26 || ids[k.ID()] {
			t.Errorf("%s: got %q, ID %q", name, k.Algorithms(), k.ID())
		}
		ids[k.ID()] = true
		switch m := k.material.(type) {
		case rsaKey:
			if m.N.BitLen() != 2048 {
				t.Errorf("%s: %d bits", name, m.N.BitLen())
			}
		case ecKey:
			if want := curves[name]; m.named().name != want && (want != "" || m.size() != 32) {
				t.Errorf("%s: on %s", name, m.named().name)
			}
		case octKey:
			if len(m.octets()) != sizes[name] || slices.Max(m.octets()) == 0 {
				t.Errorf("%s: %d bytes", name, len(m.octets()))
			}
		}
		if isSignature && !verifies(publicHalf(t, k), a.name, mustSign(t, k, name)) {
			t.Errorf("%s: does not sign", name)
		}
	}
	for _, name := range []string{"", "none", "dir", "RSA1_5", "ES256K", "es256",
		"PBES2-HS256+A128KW", "zip"} {
		k, err := GenerateKey(name)
		if wantCheck(t, name, err, "alg"); k != nil {
			t.Errorf("%q: got a key", name)
		}
	}
}

// isSlow keeps the test to two of the ten algorithms of RSA keys.
func isSlow(name string) bool {
	return slices.Contains(rsaAlgorithms, name) && name != "RS256" && name != "RSA-OAEP-256"
}

func TestParseKeyRefuses(t *testing.T) {
	public := publicJWK(t, publishedKey(t, "rfc7515", "A.2"))
	for _, tt := range []struct {
		name    string
		changes []string
		check   string
	}{
		{"no kty", []string{"kty", ``}, "kty"},
		{"kty empty", []string{"kty", `""`}, "kty"},
		{"kty in lower case", []string{"kty", `"rsa"`}, "kty"},
		{"kty AKP", []string{"kty", `"AKP"`}, "kty"},
		{"kty of another type", []string{"kty", `"EC"`}, "crv"},
		{"kty of another type", []string{"kty", `"OKP"`}, "x"},
		{"kty oct without k", []string{"kty", `"oct"`}, "k"},
		{"kty no string", []string{"kty", `1`}, "kty"},
		{"use no string", []string{"use", `["sig"]`}, "kty"},
		{"alg no string", []string{"alg", `null`}, "kty"},
		{"kid no string", []string{"kid", `1`}, "kty"},
		{"kid too long", []string{"kid", `"` + strings.Repeat("a", 257) + `"`}, "kid"},
		{"alg of another type", []string{"alg", `"ES256"`}, "key"},
		{"alg HS256", []string{"alg", `"HS256"`}, "key"},
		{"alg none", []string{"alg", `"none"`}, "key"},
		{"alg RSA1_5", []string{"alg", `"RSA1_5"`}, "key"},
		{"alg of content", []string{"alg", `"A128GCM"`}, "key"},
	} {
		k, err := ParseKey(edited(t, public, tt.changes...))
		if wantCheck(t, tt.name, err, tt.check); k != nil {
			t.Errorf("%s: got a key", tt.name)
		}
		_, err = ParsePrivateKey(edited(t, publishedKey(t, "rfc7515", "A.2"), tt.changes...))
		if tt.check != "x" { // which stands before the d that does not fit either
			wantCheck(t, tt.name+", private", err, tt.check)
		}
	}
	k, err := ParseKey(edited(t, public, "ext", "true", "nbf", "{}", "kid", `"k"`,
		"x5u", `"file:///"`))
	if err != nil || k.ID() != "k" || k.private != nil {
		t.Errorf("unknown members: got %v", err)
	}
}

// What has a private member is not public, whatever its value, and what lacks them
// is not private.
func TestParseKeyPublicOrPrivate(t *testing.T) {
	for _, p := range []struct{ rfc, name string }{{"rfc7515", "A.2"}, {"rfc7515", "A.3"},
		{"rfc7515", "A.4"}, {"rfc8037", "A.1"}} {
		private := publishedKey(t, p.rfc, p.name)
		public := publicJWK(t, private)
		if _, err := ParseKey(public); err != nil {
			t.Fatal(err)
		}
		_, err := ParseKey(private)
		wantCheck(t, p.name, err, "key")
		_, err = ParsePrivateKey(public)
		wantCheck(t, p.name+", public", err, "d")
		for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			for _, text := range []string{`"AQAB"`, `""`, `null`, `1`, `[]`} {
				_, err := ParseKey(edited(t, public, name, text))
				wantCheck(t, p.name+" with "+name+" "+text, err, "key")
			}
			if name != "d" {
				_, err := ParsePrivateKey(edited(t, public, name, `"AQAB"`))
				wantCheck(t, p.name+" with no more than "+name, err, "d")
			}
		}
		_, err = ParsePrivateKey(edited(t, public, "kty", `"oct"`))
		wantCheck(t, p.name+" as oct", err, "k")
	}
}

// Strict JSON: each member once, in its own spelling, and nothing behind.
func TestParseKeyText(t *testing.T) {
	good := strings.TrimSuffix(string(publicJWK(t, publishedKey(t, "rfc7515", "A.3"))), "}")
	texts := map[string]string{
		"nothing":            ``,
		"null":               `null`,
		"array":              `[` + good + `}]`,
		"x twice":            good + `,"x":"AAAA"}`,
		"x twice, escaped":   good + `,"\u0078":"AAAA"}`,
		"long s in use":      good + `,"u` + "\u017f" + `e":"enc"}`,
		"Kelvin sign in kid": good + `,"` + "\u212a" + `id":"a"}`,
		"behind the end":     good + `}x`,
		"NUL behind the end": good + "}\x00",
		"BOM":                "\ufeff" + good + `}`,
		"cut short":          good,
	}
	for _, name := range jwkMembers {
		if strings.ToUpper(name) != name {
			texts[name+" in upper case"] = good + `,"` + strings.ToUpper(name) + `":"a"}`
		}
	}
	for name, text := range texts {
		for _, parse := range []func([]byte) (*Key, error){ParseKey, ParsePrivateKey} {
			k, err := parse([]byte(text))
			if k != nil || err == nil || !strings.HasPrefix(err.Error(), "jose: JWK: strictjson: ") {
				t.Errorf("%s: got %v, %v", name, k, err)
			}
		}
	}
	if len(jwkMembers) != 22 {
		t.Errorf("%d members are known", len(jwkMembers))
	}
}

// What a key prints as JSON is its public part, and reads back as the same key.
func TestKeyMarshalJSON(t *testing.T) {
	want := map[string]string{"RSA": "e kty n", "P-256": "crv kty x y", "P-384": "crv kid kty x y",
		"P-521": "crv kty x y", "Ed25519": "crv kty x"}
	for name, key := range testKeys(t) {
		raw, err := json.Marshal(key)
		if want[name] == "" {
			if raw != nil || err == nil {
				t.Errorf("%s: was written", name)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Sorted(maps.Keys(vectorObject(t, raw)))
		if !slices.Equal(got, strings.Fields(want[name])) {
			t.Errorf("%s: members %q", name, got)
		}
		public := publicHalf(t, key)
		if public.private != nil || public.Thumbprint() != key.Thumbprint() ||
			!slices.Equal(public.Algorithms(), key.Algorithms()) || public.may(toSign|toDecrypt) {
			t.Errorf("%s: another key was read", name)
		}
	}
	raw, err := json.Marshal(testRSA(t))
	if m := vectorObject(t, raw); err != nil || m["alg"] != "RS256" || m["kid"] != "rsa" {
		t.Errorf("got %s, %v", raw, err)
	}
}

// MarshalPrivate writes every member, and what it writes reads back.
func TestMarshalPrivate(t *testing.T) {
	want := map[string]string{"RSA": "d dp dq e kty n p q qi", "P-256": "crv d kty x y",
		"P-384": "crv d kid kty x y", "P-521": "crv d kty x y", "Ed25519": "crv d kty x",
		"oct 32": "k kty", "oct 48": "k kty", "oct 64": "k kty"}
	for name, key := range testKeys(t) {
		raw, err := key.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Sorted(maps.Keys(vectorObject(t, raw)))
		if !slices.Equal(got, strings.Fields(want[name])) {
			t.Errorf("%s: members %q", name, got)
		}
		back := parsePrivate(t, raw)
		wantSame(t, name, back, key)
		alg := strings.Fields(servedSignatures[name])[0]
		if !verifies(key, alg, mustSign(t, back, alg)) {
			t.Errorf("%s: another key was read", name)
		}
		raw, err = publicHalf(t, key).MarshalPrivate()
		if !key.symmetric() && (raw != nil || err == nil) {
			t.Errorf("%s: a public key was written", name)
		}
	}
}

// secretTexts are the ways in which a printer could show a key's secret.
func secretTexts(t testing.TB, key *Key) []string {
	t.Helper()
	var octets []byte
	var list []string
	switch private := privateOf(key).(type) {
	case *rsa.PrivateKey:
		octets = private.D.Bytes()
		list = []string{private.D.String(), private.Primes[0].String(), private.Primes[1].String()}
	case *ecdsa.PrivateKey:
		octets, _ = private.Bytes()
		list = []string{private.D.String()}
	case ed25519.PrivateKey:
		octets = private.Seed()
	case []byte:
		octets = private
	}
	decimal, goSyntax := fmt.Sprintf("%d", octets[:6]), fmt.Sprintf("%#v", octets[:6])
	return append(list, string(octets), hex.EncodeToString(octets), encode(octets),
		strings.ToUpper(hex.EncodeToString(octets)), strings.Trim(decimal, "[]"),
		goSyntax[len("[]byte{"):len(goSyntax)-1])
}

func privateOf(key *Key) any {
	if o, ok := key.material.(octKey); ok {
		return o.octets()
	}
	return key.private()
}

// Printing a key, or what holds one, shows no secret.
func TestKeysPrintNoSecret(t *testing.T) {
	for name, key := range testKeys(t) {
		held := []any{key, *key, &key, []*Key{key}, []Key{*key}, map[string]*Key{"a": key},
			struct{ K *Key }{key}, struct{ K Key }{*key}, struct{ k Key }{*key}, NewSet(key),
			*NewSet(key), &JWS{Key: key}, key.material, JWE{Key: key}}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
			for _, v := range held {
				text := fmt.Sprintf(verb, v)
				for _, secret := range secretTexts(t, key) {
					if strings.Contains(text, secret) {
						t.Errorf("%s: %s of %T shows the secret", name, verb, v)
					}
				}
			}
		}
		for _, v := range held[:len(held)-2] {
			raw, _ := json.Marshal(v)
			for _, member := range append(secretTexts(t, key), `"d"`, `"p"`, `"k"`) {
				if strings.Contains(string(raw), member) {
					t.Errorf("%s: JSON of %T shows the secret", name, v)
				}
			}
		}
	}
	canary := strings.Repeat("canary", 8)
	text := fmt.Sprintf("%#v", secretTexts(t, newKey(t, []byte(canary), KeyOptions{})))
	if !strings.Contains(text, canary) {
		t.Error("the test looks for something else")
	}
}

// Errors name the member and say nothing of its value.
func TestKeyErrorsShowNothing(t *testing.T) {
	private := publishedKey(t, "rfc7515", "A.2")
	other := vectorObject(t, publishedKey(t, "rfc7520", "3.4"))
	for _, name := range rsaPrivateMembers {
		value := other[name].(string)
		_, err := ParsePrivateKey(edited(t, private, name, `"`+value+`"`))
		if err == nil || strings.Contains(err.Error(), value[:6]) || len(err.Error()) > 200 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// seedKeys adds every published key.
func seedKeys(f *testing.F) {
	for _, rfc := range []string{"rfc7515", "rfc7517", "rfc7520", "rfc8037"} {
		for _, jwk := range readVectors(f, rfc).Keys {
			f.Add([]byte(jwk))
			f.Add(publicJWK(f, jwk))
		}
	}
	f.Add([]byte(`{"kty":"oct","k":"AAAA","key_ops":["sign"],"x5c":[""]}`))
}

// Whatever reads as a public key serves algorithms, signs nothing, and prints as a
// key that reads the same.
func FuzzParseKey(f *testing.F) {
	seedKeys(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := ParseKey(raw)
		if err != nil {
			return
		}
		if k.private != nil || k.symmetric() || k.may(toSign|toDecrypt) || len(k.Algorithms()) == 0 {
			t.Fatalf("got %q", k.Algorithms())
		}
		if _, err := Sign(nil, k, SignOptions{}); err == nil {
			t.Fatal("signs")
		}
		again, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseKey(again)
		if err != nil {
			t.Fatal(err)
		}
		wantSameFuzzed(t, back, k)
	})
}

// wantSameFuzzed is wantSame, without what key_ops took from a key of several uses.
func wantSameFuzzed(t *testing.T, got, want *Key) {
	t.Helper()
	if got.ID() != want.ID() || got.Thumbprint() != want.Thumbprint() ||
		!slices.Equal(got.Algorithms(), want.Algorithms()) ||
		!slices.Equal(chain(got.Certificates()), chain(want.Certificates())) {
		t.Error("another key was read again")
	}
}

// Whatever reads as a private key prints as one that reads the same, uses included.
func FuzzParsePrivateKey(f *testing.F) {
	seedKeys(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := ParsePrivateKey(raw)
		if err != nil {
			return
		}
		if k.private == nil && !k.symmetric() || len(k.Algorithms()) == 0 {
			t.Fatalf("got %q", k.Algorithms())
		}
		again, err := k.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePrivateKey(again)
		if err != nil {
			t.Fatal(err)
		}
		if wantSameFuzzed(t, back, k); back.uses != k.uses {
			t.Errorf("uses %b were read again as %b", k.uses, back.uses)
		}
	})
}

// A private key is taken with its own public half alone, and not for a secret.
func TestNewKeyPairs(t *testing.T) {
	ec := ecPrivate(t)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mixed := slices.Concat(ed[:32], make([]byte, 32))
	for _, tt := range []struct {
		name  string
		key   any
		check string
	}{
		{"EC without d", &ecdsa.PrivateKey{PublicKey: ec.PublicKey}, "d"},
		{"EC with d of 0", &ecdsa.PrivateKey{PublicKey: ec.PublicKey, D: new(big.Int)}, "d"},
		{"EC with d negative", &ecdsa.PrivateKey{PublicKey: ec.PublicKey, D: big.NewInt(-1)}, "d"},
		{"EC with d and a sign", &ecdsa.PrivateKey{PublicKey: ec.PublicKey,
			D: new(big.Int).Neg(ec.D)}, "d"},
		{"Ed25519 of two keys, by pointer", (*ed25519.PrivateKey)(&mixed), "d"},
		{"Ed25519, empty, by pointer", &ed25519.PrivateKey{}, "key"},
		{"EC with another's d", &ecdsa.PrivateKey{PublicKey: ec.PublicKey, D: big.NewInt(3)}, "d"},
		{"EC with d too long", &ecdsa.PrivateKey{PublicKey: ec.PublicKey,
			D: new(big.Int).Lsh(big.NewInt(1), 300)}, "d"},
		{"EC without a point", &ecdsa.PublicKey{Curve: elliptic.P256()}, "x and y"},
		{"EC without y", &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1)}, "x and y"},
		{"Ed25519 of two keys", ed25519.PrivateKey(mixed), "d"},
		{"Ed25519, empty", ed25519.PrivateKey{}, "key"},
		{"Ed25519, short", ed[:63], "key"},
		{"ECDH, nil", (*ecdh.PublicKey)(nil), "key"},
		{"ECDH, empty", &ecdh.PublicKey{}, "crv"},
		{"public half of octets", device{Signer: octetsSigner{}}, "key"},
		{"public half that is nothing", device{Signer: nothingSigner{}}, "key"},
	} {
		k, err := NewKey(tt.key, KeyOptions{})
		wantCheck(t, tt.name, err, tt.check)
		if k != nil {
			t.Errorf("%s: got a key", tt.name)
		}
	}
}

// An octetsSigner says that its public key is octets, which are no secret.
type octetsSigner struct{ crypto.Signer }

func (octetsSigner) Public() crypto.PublicKey { return make([]byte, 64) }

type nothingSigner struct{ crypto.Signer }

func (nothingSigner) Public() crypto.PublicKey { return nil }

// ECDH on the curves of kty EC: the same key whether crypto/ecdh or crypto/ecdsa has it.
func TestNewKeyExchange(t *testing.T) {
	for _, c := range namedCurves {
		private, err := c.ecdh.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k := newKey(t, private, KeyOptions{ID: "k"})
		public := newKey(t, private.PublicKey(), KeyOptions{})
		if !slices.Equal(k.Algorithms(), c.algorithms) || k.Thumbprint() != public.Thumbprint() {
			t.Errorf("%s: got %q", c.name, k.Algorithms())
		}
		raw, err := k.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePrivateKey(raw)
		if err != nil || back.Thumbprint() != k.Thumbprint() {
			t.Errorf("%s: %v", c.name, err)
		}
		_, err = Sign(nil, k, SignOptions{})
		wantCheck(t, "signing with a key that only exchanges", err, "key")
	}
}

func TestZeroKey(t *testing.T) {
	k := &Key{}
	_, err := k.MarshalJSON()
	wantCheck(t, "public", err, "key")
	_, err = k.MarshalPrivate()
	wantCheck(t, "private", err, "key")
	_, err = Sign(nil, k, SignOptions{})
	wantCheck(t, "sign", err, "key")
	_, err = Encrypt(nil, k, EncryptOptions{})
	wantCheck(t, "encrypt", err, "key")
	if k.Thumbprint() != "" || k.ID() != "" || len(k.Algorithms()) > 0 || k.Certificates() != nil {
		t.Errorf("got %+v", k)
	}
}

func TestParseKeyEmptyMembers(t *testing.T) {
	for _, name := range []string{"use", "alg"} {
		_, err := ParseKey(edited(t, publishedKey(t, "rfc7515", "A.2"), "d", "", "p", "", "q", "", "dp", "", "dq", "", "qi", "",
			name, `""`))
		wantCheck(t, name, err, "use")
	}
	_, err := NewKey(&rsaPrivate(t).PublicKey, KeyOptions{ID: "\xff"})
	wantCheck(t, "kid that is not UTF-8", err, "kid")
}

// What the caller does with its octets afterwards changes no key.
func TestNewKeyCopies(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pair, half := newKey(t, private, KeyOptions{}), newKey(t, public, KeyOptions{})
	before := half.Thumbprint()
	public[0] ^= 1
	private[0] ^= 1
	compact, err := Sign([]byte("a"), pair, SignOptions{})
	if err != nil || half.Thumbprint() != before || pair.Thumbprint() != before {
		t.Fatalf("another key: %v", err)
	}
	o := VerifyOptions{Algorithms: []string{"EdDSA"}}
	if _, err := VerifySignature(t.Context(), compact, NewSet(half), o); err != nil {
		t.Error(err)
	}
}

func TestParseKeySize(t *testing.T) {
	text := []byte(`{"kty":"oct"` + strings.Repeat(" ", 1<<20) + "}")
	_, err := ParseKey(text)
	wantCheck(t, "public", err, "size")
	_, err = ParsePrivateKey(text)
	wantCheck(t, "private", err, "size")
	_, err = ParseSet(text)
	wantCheck(t, "set", err, "size")
	_, err = ParsePrivateSet(text)
	wantCheck(t, "private set", err, "size")
	if _, err = ParseSet([]byte(`{"keys":[]` + strings.Repeat(" ", 1<<20-11) + "}")); err != nil {
		t.Error(err)
	}
}
