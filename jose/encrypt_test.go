package jose

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/fips140"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// encryptionKeys returns a private key of each type, curve and size that JWE has, with
// an ID; in FIPS 140-only mode not that on X25519.
func encryptionKeys(t testing.TB) []*Key {
	t.Helper()
	keys := []*Key{newKey(t, parsePrivate(t, publishedKey(t, "rfc7516", "A.1")).private(),
		KeyOptions{ID: "canary-RSA"})}
	for _, c := range namedCurves {
		scalar := make([]byte, (c.curve.Params().BitSize+7)/8)
		scalar[len(scalar)-2] = 5
		key, err := ecdsa.ParseRawPrivateKey(c.curve, scalar)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, newKey(t, key, KeyOptions{ID: "canary-" + c.name}))
	}
	if !fips140.Enforced() {
		keys = append(keys, newKey(t, x25519Private(t), KeyOptions{ID: "canary-X25519"}))
	}
	for _, size := range []int{16, 24, 32, 48, 64} {
		keys = append(keys, octKeyOf(t, size))
	}
	return keys
}

func x25519Private(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.X25519().NewPrivateKey(slices.Repeat([]byte{0x55}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A recipientCase is a key and two algorithms that it suits.
type recipientCase struct {
	alg, enc string
	key      *Key
}

func (r recipientCase) String() string { return r.alg + " " + r.enc + " " + r.key.id }

// everyRecipient returns every key of encryptionKeys with all the algorithms it suits.
func everyRecipient(t testing.TB) []recipientCase {
	t.Helper()
	var all []recipientCase
	for _, key := range encryptionKeys(t) {
		for _, alg := range KeyManagementAlgorithms() {
			for _, e := range encryptions {
				oct, _ := key.material.(octKey)
				if key.serves(alg) && (alg != "dir" || len(oct.octets()) == e.keySize) {
					all = append(all, recipientCase{alg, e.name, key})
				}
			}
		}
	}
	return all
}

func TestEncryptRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range everyRecipient(t) {
		seen[r.alg+r.enc] = true
		o := EncryptOptions{Algorithm: r.alg, Encryption: r.enc, Type: "secret+json",
			ContentType: "text/plain", Header: map[string]any{"known": i}, Critical: []string{"known"},
			PartyUInfo: []byte("Alice"), PartyVInfo: make([]byte, i%7)}
		plaintext := slices.Repeat([]byte{'x'}, i%40)
		jwe, err := Encrypt(plaintext, publicHalf(t, r.key), o)
		if err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		o.AdditionalData = []byte("beside it")
		flat, err := EncryptJSON(plaintext, []*Key{r.key}, o)
		if err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		d := newDecrypter(t, NewSet(r.key))
		for aad, text := range map[string]string{"": jwe, "beside it": string(flat)} {
			wantRoundTrip(t, r, d, text, plaintext, aad, true)
		}
		if r.key.private != nil && r.enc != "A128GCM" {
			continue // to spare time
		}
		general := object(vectorObject(t, flat)).general().String()
		wantRoundTrip(t, r, d, general, plaintext, "beside it", true)
	}
	want := len(KeyManagementAlgorithms()) * len(encryptions)
	if fips140.Enforced() {
		want -= len(encryptions) // no RSA-OAEP
	}
	if len(seen) != want {
		t.Errorf("%d pairs of algorithms, want %d", len(seen), want)
	}
}

func wantRoundTrip(t *testing.T, r recipientCase, d *Decrypter, text string, plaintext []byte,
	aad string, protected bool) {
	t.Helper()
	got, err := d.Decrypt(t.Context(), text)
	if err != nil || !bytes.Equal(got.Plaintext(), plaintext) || string(got.AdditionalData) != aad ||
		got.Key != r.key {
		t.Fatalf("%s: got %v, %v", r, got, err)
	}
	h := got.Header
	if h.Algorithm != r.alg || h.Encryption != r.enc || h.KeyID != r.key.id ||
		h.Type != "secret+json" || h.ContentType != "text/plain" || h.Get("known") == nil ||
		protected != (h.Get("alg") != nil) {
		t.Errorf("%s: header %+v", r, h)
	}
}

// Each recipient decrypts, with its own algorithm, and to the rest it is as closed as
// to anyone.
func TestEncryptJSONSeveral(t *testing.T) {
	var keys []*Key
	for _, key := range encryptionKeys(t) {
		for _, name := range key.algorithms {
			if a, ok := findKeyManagement(name); ok && !a.isDirect() {
				one := *key
				one.algorithms = []string{name}
				keys = append(keys, &one)
				break
			}
		}
	}
	o := EncryptOptions{Encryption: "A192CBC-HS384", Type: "secret+json", ContentType: "text/plain",
		Header: map[string]any{"known": 1}, Critical: []string{"known"},
		PartyUInfo: []byte("Alice"), AdditionalData: []byte("beside it")}
	text, err := EncryptJSON([]byte(secretText), keys, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		r := recipientCase{key.algorithms[0], "A192CBC-HS384", key}
		wantRoundTrip(t, r, newDecrypter(t, NewSet(key)), string(text), []byte(secretText),
			"beside it", false)
	}
	stranger := newKey(t, make([]byte, 16), KeyOptions{})
	wantUndecrypted(t, "stranger", newDecrypter(t, NewSet(stranger)), string(text), "decryption")
}

// headerOf returns the protected header.
func headerOf(t testing.TB, text string) map[string]any {
	t.Helper()
	protected, _, _ := strings.Cut(text, ".")
	if isJSON(text) {
		protected = vectorObject(t, []byte(text))["protected"].(string)
	}
	return vectorObject(t, vectorOctets(t, protected))
}

// The header has what is needed, and nothing that is secret.
func TestEncryptHeader(t *testing.T) {
	members := map[string]string{
		"dir": "alg enc kid", "A128KW": "alg enc kid", "A128GCMKW": "alg enc iv kid tag",
		"RSA-OAEP-256": "alg enc kid", "ECDH-ES": "alg enc epk kid", "ECDH-ES+A128KW": "alg enc epk kid",
	}
	for _, r := range everyRecipient(t) {
		want, ok := members[r.alg]
		if !ok {
			continue
		}
		jwe, err := Encrypt(nil, r.key, EncryptOptions{Algorithm: r.alg, Encryption: r.enc})
		if err != nil {
			t.Fatal(err)
		}
		h := headerOf(t, jwe)
		if got := strings.Join(sortedKeys(h), " "); got != want {
			t.Errorf("%s: header has %s", r, got)
		}
		if epk, ok := h["epk"].(map[string]any); ok {
			want := map[string]string{"EC": "crv kty x y", "OKP": "crv kty x"}[epk["kty"].(string)]
			if got := strings.Join(sortedKeys(epk), " "); got != want {
				t.Errorf("%s: epk has %s", r, got)
			}
		}
		wantEmpty := r.alg == "dir" || r.alg == "ECDH-ES"
		if c := compact(strings.Split(jwe, ".")); (c[keyPart] == "") != wantEmpty {
			t.Errorf("%s: encrypted key %s", r, c[keyPart])
		}
	}
}

// All that should be random is another each time.
func TestEncryptIsFresh(t *testing.T) {
	seen := map[string]string{}
	for _, r := range everyRecipient(t) {
		for range 2 {
			text, err := EncryptJSON([]byte(secretText), []*Key{r.key},
				EncryptOptions{Algorithm: r.alg, Encryption: r.enc})
			if err != nil {
				t.Fatal(err)
			}
			o, h := vectorObject(t, text), headerOf(t, string(text))
			parts := []any{o["iv"], o["ciphertext"], o["encrypted_key"], h["iv"], h["tag"]}
			if epk, ok := h["epk"].(map[string]any); ok {
				parts = append(parts, epk["x"])
			}
			for _, part := range parts {
				if s, _ := part.(string); s != "" && seen[s] != "" {
					t.Errorf("%s: %s again, from %s", r, s, seen[s])
				} else {
					seen[s] = r.String()
				}
			}
		}
	}
}

// One recipient makes the flattened serialization, several the general one.
func TestEncryptJSONShape(t *testing.T) {
	key := octKeyOf(t, 16)
	for _, tt := range []struct {
		keys []*Key
		o    EncryptOptions
		want string
	}{
		{[]*Key{key}, EncryptOptions{}, "ciphertext encrypted_key iv protected tag"},
		{[]*Key{key}, EncryptOptions{Algorithm: "dir"}, "ciphertext iv protected tag"},
		{[]*Key{key}, EncryptOptions{AdditionalData: []byte{0}},
			"aad ciphertext encrypted_key iv protected tag"},
		{[]*Key{key}, EncryptOptions{AdditionalData: []byte{}},
			"ciphertext encrypted_key iv protected tag"},
		{[]*Key{key, key}, EncryptOptions{}, "ciphertext iv protected recipients tag"},
	} {
		text, err := EncryptJSON([]byte(secretText), tt.keys, tt.o)
		if err != nil {
			t.Fatal(err)
		}
		o := vectorObject(t, text)
		if got := strings.Join(sortedKeys(o), " "); got != tt.want {
			t.Errorf("%d keys: got %s, want %s", len(tt.keys), got, tt.want)
		}
		wantPlaintext(t, tt.want, newDecrypter(t, NewSet(key)), string(text))
	}
}

func TestEncryptDefaults(t *testing.T) {
	of := func(size int, algorithm string) *Key {
		return newKey(t, slices.Repeat([]byte{1}, size), KeyOptions{Algorithm: algorithm})
	}
	keys := encryptionKeys(t)
	for _, tt := range []struct {
		key      *Key
		o        EncryptOptions
		alg, enc string
	}{
		{keys[0], EncryptOptions{}, "RSA-OAEP-256", "A256GCM"},
		{keys[1], EncryptOptions{}, "ECDH-ES", "A256GCM"},
		{of(16, ""), EncryptOptions{}, "A128KW", "A256GCM"},
		{of(16, "A128GCMKW"), EncryptOptions{}, "A128GCMKW", "A256GCM"},
		{of(24, ""), EncryptOptions{Encryption: "A128GCM"}, "A192KW", "A128GCM"},
		{of(48, ""), EncryptOptions{}, "dir", "A192CBC-HS384"},
		{of(64, ""), EncryptOptions{}, "dir", "A256CBC-HS512"},
		{of(32, "dir"), EncryptOptions{}, "dir", "A128CBC-HS256"},
		{of(32, "A256GCM"), EncryptOptions{}, "dir", "A256GCM"},
		{of(32, "A128CBC-HS256"), EncryptOptions{Algorithm: "dir"}, "dir", "A128CBC-HS256"},
		{of(32, ""), EncryptOptions{Algorithm: "dir", Encryption: "A256GCM"}, "dir", "A256GCM"},
		{of(16, ""), EncryptOptions{Algorithm: "dir"}, "dir", "A128GCM"},
	} {
		jwe, err := Encrypt([]byte(secretText), tt.key, tt.o)
		if err != nil {
			t.Errorf("%s %s: %v", tt.alg, tt.enc, err)
			continue
		}
		if h := headerOf(t, jwe); h["alg"] != tt.alg || h["enc"] != tt.enc || h["kid"] == "" {
			t.Errorf("got %v, want %s and %s", h, tt.alg, tt.enc)
		}
		wantPlaintext(t, tt.alg, newDecrypter(t, NewSet(tt.key)), jwe)
	}
}

func TestEncryptRefusals(t *testing.T) {
	of := func(size int, o KeyOptions) *Key { return newKey(t, slices.Repeat([]byte{1}, size), o) }
	any16, keys := of(16, KeyOptions{}), encryptionKeys(t)
	decrypts := parsePrivate(t, []byte(`{"kty":"oct","k":"`+encode(make([]byte, 16))+
		`","key_ops":["decrypt"]}`))
	for _, tt := range []struct {
		name  string
		key   *Key
		o     EncryptOptions
		check string
	}{
		{"no key", nil, EncryptOptions{}, "key"},
		{"zero key", &Key{}, EncryptOptions{}, "key"},
		{"no key, dir", nil, EncryptOptions{Algorithm: "dir"}, "key"},
		{"key for signatures", newKey(t, rsaPrivate(t), KeyOptions{Use: "sig"}), EncryptOptions{},
			"key"},
		{"key of a signature algorithm", testRSA(t), EncryptOptions{}, "key"},
		{"key that may only decrypt", decrypts, EncryptOptions{}, "key"},
		{"Ed25519", newKey(t, mustGenerate(t, "EdDSA"), KeyOptions{}), EncryptOptions{}, "key"},
		{"HMAC", of(128, KeyOptions{}), EncryptOptions{}, "key"},
		{"alg unknown", any16, EncryptOptions{Algorithm: "canary"}, "key"},
		{"alg of a signature", of(32, KeyOptions{}), EncryptOptions{Algorithm: "HS256"}, "key"},
		{"RSA1_5", keys[0], EncryptOptions{Algorithm: "RSA1_5"}, "key"},
		{"PBES2", any16, EncryptOptions{Algorithm: "PBES2-HS256+A128KW"}, "key"},
		{"enc as alg", any16, EncryptOptions{Algorithm: "A128GCM"}, "key"},
		{"alg of another size", any16, EncryptOptions{Algorithm: "A256KW"}, "key"},
		{"alg of another type", keys[0], EncryptOptions{Algorithm: "ECDH-ES"}, "key"},
		{"dir with an RSA key", keys[0], EncryptOptions{Algorithm: "dir"}, "key"},
		{"alg of another key", of(16, KeyOptions{Algorithm: "A128KW"}),
			EncryptOptions{Algorithm: "A128GCMKW"}, "key"},
		{"dir with a key for wrapping", of(16, KeyOptions{Algorithm: "A128KW"}),
			EncryptOptions{Algorithm: "dir"}, "key"},
		{"enc unknown", any16, EncryptOptions{Encryption: "canary"}, "enc"},
		{"alg as enc", any16, EncryptOptions{Encryption: "A128KW"}, "enc"},
		{"enc of another size", any16, EncryptOptions{Algorithm: "dir", Encryption: "A256GCM"}, "enc"},
		{"enc of another key", of(32, KeyOptions{Algorithm: "A256GCM"}),
			EncryptOptions{Encryption: "A128CBC-HS256"}, "enc"},
		{"critical is missing", any16, EncryptOptions{Critical: []string{"x"}}, "crit"},
		{"critical is registered", any16, EncryptOptions{Header: map[string]any{"jku": "x"},
			Critical: []string{"jku"}}, "crit"},
	} {
		for name, err := range map[string]error{
			"compact": encryptError(t, tt.key, tt.o), "JSON": encryptJSONError(t, []*Key{tt.key}, tt.o),
			"general": encryptJSONError(t, []*Key{any16, tt.key}, tt.o),
		} {
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s, %s: %v", tt.name, name, err)
			}
			if name != "general" {
				wantCheck(t, tt.name+", "+name, err, tt.check)
			}
		}
	}
	for _, name := range []string{"alg", "enc", "kid", "typ", "cty", "crit", "zip", "epk", "apu",
		"apv", "iv", "tag", "p2s", "p2c", "b64"} {
		o := EncryptOptions{Header: map[string]any{name: "x"}}
		wantCheck(t, name, encryptError(t, any16, o), "header")
		wantCheck(t, name, encryptJSONError(t, []*Key{any16, any16}, o), "header")
	}
	for name, value := range map[string]any{"function": func() {}, "not a number": math.NaN()} {
		o := EncryptOptions{Header: map[string]any{"x": value}}
		if encryptError(t, any16, o) == nil || encryptJSONError(t, []*Key{any16, any16}, o) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	wantCheck(t, "aad", encryptError(t, any16, EncryptOptions{AdditionalData: []byte("x")}), "aad")
	wantCheck(t, "empty aad", encryptError(t, any16, EncryptOptions{AdditionalData: []byte{}}), "aad")
}

func mustGenerate(t testing.TB, algorithm string) any {
	t.Helper()
	key, err := GenerateKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key.private()
}

func encryptError(t testing.TB, key *Key, o EncryptOptions) error {
	t.Helper()
	jwe, err := Encrypt([]byte(secretText), key, o)
	if err != nil && jwe != "" {
		t.Error("a JWE beside an error")
	}
	return err
}

func encryptJSONError(t testing.TB, keys []*Key, o EncryptOptions) error {
	t.Helper()
	jwe, err := EncryptJSON([]byte(secretText), keys, o)
	if err != nil && jwe != nil {
		t.Error("a JWE beside an error")
	}
	return err
}

func TestEncryptJSONKeys(t *testing.T) {
	key, ec := octKeyOf(t, 16), encryptionKeys(t)[1]
	direct := newKey(t, make([]byte, 16), KeyOptions{Algorithm: "dir"})
	agreed := newKey(t, ec.private(), KeyOptions{Algorithm: "ECDH-ES"})
	for _, tt := range []struct {
		name  string
		keys  []*Key
		o     EncryptOptions
		check string
	}{
		{"none", nil, EncryptOptions{}, "keys"},
		{"none in a list", []*Key{}, EncryptOptions{}, "keys"},
		{"nine", slices.Repeat([]*Key{key}, 9), EncryptOptions{}, "keys"},
		{"nil", []*Key{nil}, EncryptOptions{}, "key"},
		{"nil first", []*Key{nil, key}, EncryptOptions{}, "key"},
		{"nil last", []*Key{key, nil}, EncryptOptions{}, "key"},
		{"dir for two", []*Key{key, key},
			EncryptOptions{Algorithm: "dir", Encryption: "A128GCM"}, "key"},
		{"dir first", []*Key{direct, key}, EncryptOptions{}, "key"},
		{"dir last", []*Key{key, direct}, EncryptOptions{}, "key"},
		{"ECDH-ES for two", []*Key{ec, ec}, EncryptOptions{Algorithm: "ECDH-ES"}, "key"},
		{"ECDH-ES first", []*Key{agreed, key}, EncryptOptions{}, "key"},
		{"ECDH-ES last", []*Key{key, agreed}, EncryptOptions{}, "key"},
		{"alg only of the first", []*Key{key, ec}, EncryptOptions{Algorithm: "A128KW"}, "key"},
	} {
		wantCheck(t, tt.name, encryptJSONError(t, tt.keys, tt.o), tt.check)
	}
	for _, n := range []int{1, 8} {
		if err := encryptJSONError(t, slices.Repeat([]*Key{key}, n), EncryptOptions{}); err != nil {
			t.Errorf("%d keys: %v", n, err)
		}
	}
	for _, k := range []*Key{direct, agreed} {
		if err := encryptJSONError(t, []*Key{k}, EncryptOptions{}); err != nil {
			t.Errorf("one key for %s: %v", k.algorithms, err)
		}
	}
}

// Further parameters come back exactly.
func TestEncryptOwnHeader(t *testing.T) {
	key := octKeyOf(t, 16)
	header := map[string]any{"x": []int{1}, "jku": "https://canary.example/", "\u2028\"": nil,
		"raw": json.RawMessage(`{"a":1.50}`)}
	jwe, err := Encrypt([]byte(secretText), key, EncryptOptions{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	got := wantPlaintext(t, "own", newDecrypter(t, NewSet(key)), jwe)
	for name, want := range map[string]string{"x": "[1]", "jku": `"https://canary.example/"`,
		"\u2028\"": "null", "raw": `{"a":1.50}`, "X": "", "kid": `"canary-16"`} {
		if string(got.Header.Get(name)) != want {
			t.Errorf("%q: got %s, want %s", name, got.Header.Get(name), want)
		}
	}
}

func TestContentEncryptions(t *testing.T) {
	list := ContentEncryptions()
	if got := strings.Join(list, " "); got !=
		"A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 A128GCM A192GCM A256GCM" {
		t.Errorf("got %s", got)
	}
	list[0] = "none"
	if ContentEncryptions()[0] == "none" {
		t.Error("the list can be changed")
	}
}

// Whatever is encrypted decrypts.
func FuzzEncrypt(f *testing.F) {
	all := everyRecipient(f)
	for i := range all {
		if all[i].key.symmetric() || i%6 == 0 {
			f.Add(uint16(i), []byte(secretText), []byte("Alice"), []byte(""), []byte("beside it"), "value")
		}
	}
	d := newDecrypter(f, NewSet(encryptionKeys(f)...))
	f.Add(uint16(0), []byte("a"), []byte(""), []byte(""), []byte(""), "\xed0")
	f.Fuzz(func(t *testing.T, i uint16, plaintext, apu, apv, aad []byte, value string) {
		r := all[int(i)%len(all)]
		text, err := EncryptJSON(plaintext, []*Key{r.key}, EncryptOptions{Algorithm: r.alg,
			Encryption: r.enc, PartyUInfo: apu, PartyVInfo: apv, AdditionalData: aad,
			Header: map[string]any{"value": value}})
		if !utf8.ValidString(value) {
			wantCheck(t, value, err, "header")
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		got, err := d.Decrypt(t.Context(), string(text))
		if errors.Is(err, &CheckError{Check: "size"}) {
			return
		}
		if err != nil || !bytes.Equal(got.Plaintext(), plaintext) ||
			!bytes.Equal(got.AdditionalData, aad) {
			t.Errorf("%s: got %v, %v", r, got, err)
		}
	})
}
