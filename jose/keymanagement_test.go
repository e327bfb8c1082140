package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestKeyManagementAlgorithms(t *testing.T) {
	list := KeyManagementAlgorithms()
	if got := strings.Join(list, " "); got != "RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 RSA-OAEP "+
		"ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW A128KW A192KW A256KW "+
		"A128GCMKW A192GCMKW A256GCMKW dir" {
		t.Errorf("got %s", got)
	}
	list[0] = "none"
	if KeyManagementAlgorithms()[0] == "none" {
		t.Error("the list can be changed")
	}
	for _, name := range []string{"", "none", "RSA1_5", "RSA-OAEP-224", "PBES2-HS256+A128KW",
		"PBES2-HS384+A192KW", "PBES2-HS512+A256KW", "rsa-oaep", "DIR", "A128GCM", "ECDH-ES+A128GCMKW",
		"ECDH-1PU", "HS256"} {
		if a, ok := findKeyManagement(name); ok || a != (keyManagement{}) {
			t.Errorf("%q is an algorithm", name)
		}
	}
}

// Only the encrypted key is wrong: it is of another size, or not there, or there where
// there must be none. CVE-2026-34986 is a panic for those that are too short.
func TestEncryptedKeySizes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range everyRecipient(t) {
		if r.enc != "A128GCM" && r.alg != "dir" || seen[r.alg+r.key.id] {
			continue
		}
		seen[r.alg+r.key.id] = true
		a, _ := findKeyManagement(r.alg)
		jwe, err := Encrypt([]byte(secretText), r.key,
			EncryptOptions{Algorithm: r.alg, Encryption: r.enc})
		if err != nil {
			t.Fatal(err)
		}
		c, d := compact(strings.Split(jwe, ".")), newDecrypter(t, NewSet(r.key))
		for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 20, 23, 24, 25, 32, 40, 48, 255, 256, 257, 512} {
			if a.isDirect() && n == 0 {
				continue
			}
			check := "decryption"
			if a.isDirect() {
				check = "encrypted_key"
			}
			text := c.with(keyPart, encode(make([]byte, n))).String()
			wantUndecrypted(t, fmt.Sprintf("%s, key of %d bytes", r, n), d, text, check)
		}
	}
	for _, alg := range []string{"dir", "ECDH-ES"} {
		i := slices.IndexFunc(everyRecipient(t), func(r recipientCase) bool { return r.alg == alg })
		r := everyRecipient(t)[i]
		text, err := EncryptJSON([]byte(secretText), []*Key{r.key},
			EncryptOptions{Algorithm: alg, Encryption: r.enc})
		if err != nil {
			t.Fatal(err)
		}
		o := object(vectorObject(t, text))
		o["encrypted_key"] = "AAAA"
		d := newDecrypter(t, NewSet(r.key))
		wantUndecrypted(t, alg+", flattened", d, o.String(), "encrypted_key")
		wantUndecrypted(t, alg+", general", d, o.general().String(), "encrypted_key")
	}
}

// The key that was encrypted is not of the size that enc needs, though the content is
// encrypted with it.
func TestContentKeySizes(t *testing.T) {
	rsaKey := encryptionKeys(t)[0]
	kek := octKeyOf(t, 16)
	wrap := map[string]func(cek []byte) (more string, encrypted []byte){
		"RSA-OAEP-256": func(cek []byte) (string, []byte) {
			public := &rsaKey.private().(*rsa.PrivateKey).PublicKey
			encrypted, err := rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, public, cek, nil)
			if err != nil {
				t.Fatal(err)
			}
			return "", encrypted
		},
		"A128KW": func(cek []byte) (string, []byte) { return "", mustWrap(t, kek, cek) },
		"A128GCMKW": func(cek []byte) (string, []byte) {
			iv, encrypted, tag, err := sealGCM(kek.material.(octKey).octets(), cek, nil)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf(`,"iv":%q,"tag":%q`, encode(iv), encode(tag)), encrypted
		},
	}
	d := newDecrypter(t, NewSet(rsaKey, kek))
	for alg, wrap := range wrap {
		for enc, size := range map[string]int{"A128GCM": 16, "A192GCM": 24, "A256GCM": 32} {
			for _, n := range []int{16, 24, 32} {
				cek := slices.Repeat([]byte{0xc1}, n)
				more, encrypted := wrap(cek)
				text := forgery{header: fmt.Sprintf(`{"alg":%q,"enc":%q%s}`, alg, enc, more), enc: enc,
					encryptedKey: encrypted, cek: cek}.compact(t).String()
				name := fmt.Sprintf("%s, %s, key of %d bytes", alg, enc, n)
				if n == size {
					wantPlaintext(t, name, d, text)
				} else {
					wantUndecrypted(t, name, d, text, "decryption")
				}
			}
		}
		for _, n := range []int{0, 1, 8, 15, 17, 31, 33, 40, 64} {
			if alg == "A128KW" && (n < 16 || n%8 != 0) {
				continue // cannot be wrapped
			}
			more, encrypted := wrap(make([]byte, n))
			c := wrapped(t, "A128CBC-HS256", "").compact(t)
			header := fmt.Sprintf(`{"alg":%q,"enc":"A128CBC-HS256"%s}`, alg, more)
			wantUndecrypted(t, fmt.Sprintf("%s, key of %d bytes", alg, n), d,
				c.with(headerPart, encode([]byte(header))).with(keyPart, encode(encrypted)).String(),
				"decryption")
		}
	}
}

// quote returns JSON text of b in base64url.
func quote(b []byte) string { return `"` + encode(b) + `"` }

// RFC 7518, Section 4.7.1: the iv has 96 bits, the tag 128, both are there, and in
// base64url. Nothing else is wrong here.
func TestGCMKeyWrapHeader(t *testing.T) {
	kek, cek := octKeyOf(t, 16), slices.Repeat([]byte{0xc1}, 16)
	iv, encrypted, tag, err := sealGCM(kek.material.(octKey).octets(), cek, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := newDecrypter(t, NewSet(kek))
	good := map[string]string{"iv": quote(iv), "tag": quote(tag)}
	type row struct {
		name    string
		change  map[string]string // "" removes one
		key     []byte
		decrypt bool
	}
	rows := []row{
		{"good", nil, encrypted, true},
		{"iv moved to the key", map[string]string{"iv": quote(iv[:11])},
			slices.Concat(iv[11:], encrypted), false},
		{"key moved to the iv", map[string]string{"iv": quote(slices.Concat(iv, encrypted[:1]))},
			encrypted[1:], false},
		{"tag moved to the key", map[string]string{"tag": quote(tag[1:])},
			slices.Concat(encrypted, tag[:1]), false},
		{"key moved to the tag", map[string]string{"tag": quote(slices.Concat(encrypted[15:], tag))},
			encrypted[:15], false},
		{"both exchanged", map[string]string{"iv": quote(tag), "tag": quote(iv)}, encrypted, false},
	}
	for name, b := range map[string][]byte{"iv": iv, "tag": tag} {
		for _, n := range []int{0, 1, 4, 8, 11, 12, 13, 15, 16, 17, 32} {
			if n != len(b) {
				rows = append(rows, row{fmt.Sprintf("%s of %d bytes", name, n), map[string]string{
					name: quote(append(slices.Clone(b), make([]byte, 32)...)[:n])}, encrypted, false})
			}
		}
		for _, value := range []string{"", "null", "1", "[]", "{}", "true", `"` + encode(b) + `="`,
			`"` + encode(b) + `\n"`, `" ` + encode(b) + `"`} {
			rows = append(rows, row{name + " " + value, map[string]string{name: value}, encrypted, false})
		}
		for _, other := range flips(b) {
			rows = append(rows, row{name + " changed", map[string]string{name: quote(other)}, encrypted,
				false})
		}
	}
	for _, r := range rows {
		members := maps.Clone(good)
		maps.Copy(members, r.change)
		header := `{"alg":"A128GCMKW","enc":"A128GCM"`
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if members[name] != "" {
				header += `,"` + name + `":` + members[name]
			}
		}
		text := forgery{header: header + "}", enc: "A128GCM", encryptedKey: r.key, cek: cek}.
			compact(t).String()
		if r.decrypt {
			wantPlaintext(t, r.name, d, text)
		} else {
			wantUndecrypted(t, r.name, d, text, "decryption")
		}
	}
}

// An agreement is a JWE by ECDH-ES that a test makes itself, with a key that needs no
// epk to be known.
type agreement struct {
	static    *Key
	ephemeral *ecdh.PrivateKey
	epk       map[string]any
}

func newAgreement(t testing.TB, static *Key) agreement {
	t.Helper()
	public, err := static.material.(exchanger).exchange()
	if err != nil {
		t.Fatal(err)
	}
	ephemeral, err := public.Curve().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return agreement{static, ephemeral, epkOf(t, static, ephemeral)}
}

func epkOf(t testing.TB, static *Key, ephemeral *ecdh.PrivateKey) map[string]any {
	t.Helper()
	k, err := NewKey(ephemeral.PublicKey(), KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return vectorObject(t, []byte(publicText(t, k)))
}

// compact is right for z, apu and apv, whatever more says.
func (a agreement) compact(t testing.TB, z []byte, apu, apv, more string) string {
	t.Helper()
	cek := concatKDF(z, "A128GCM", []byte(apu), []byte(apv), 16)
	return forgery{header: `{"alg":"ECDH-ES","enc":"A128GCM"` + more + "}", enc: "A128GCM", cek: cek}.
		compact(t).String()
}

func (a agreement) z(t testing.TB) []byte {
	t.Helper()
	public, err := a.static.material.(exchanger).exchange()
	if err != nil {
		t.Fatal(err)
	}
	z, err := a.ephemeral.ECDH(public)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// exchangeKeys are those of encryptionKeys for ECDH.
func exchangeKeys(t testing.TB) []*Key {
	t.Helper()
	return slices.DeleteFunc(encryptionKeys(t), func(k *Key) bool { return !k.serves("ECDH-ES") })
}

// RFC 7518, Section 4.6.1.1: epk is a public key, on the curve of the recipient's.
func TestEphemeralKey(t *testing.T) {
	for _, static := range exchangeKeys(t) {
		a := newAgreement(t, static)
		d := newDecrypter(t, NewSet(static))
		with := func(changes map[string]any) string {
			epk := maps.Clone(a.epk)
			maps.Copy(epk, changes)
			maps.DeleteFunc(epk, func(_ string, v any) bool { return v == nil })
			return `,"epk":` + object(epk).String()
		}
		wantPlaintext(t, static.id, d, a.compact(t, a.z(t), "", "", with(nil)))
		wantPlaintext(t, static.id, d, a.compact(t, a.z(t), "", "",
			with(map[string]any{"kid": "x", "ext": true})))
		x := vectorOctets(t, a.epk["x"].(string))
		ed25519 := newKey(t, mustGenerate(t, "EdDSA"), KeyOptions{})
		text := object(a.epk).String()
		rows := map[string]string{
			"missing":         "",
			"null":            `,"epk":null`,
			"a string":        `,"epk":` + quote([]byte(text)),
			"a number":        `,"epk":1`,
			"a list":          `,"epk":[` + text + `]`,
			"empty":           `,"epk":{}`,
			"private":         with(map[string]any{"d": encode(a.ephemeral.Bytes())}),
			"with a secret":   with(map[string]any{"k": "AAAA"}),
			"without kty":     with(map[string]any{"kty": nil}),
			"of unknown kty":  with(map[string]any{"kty": "AKP"}),
			"without crv":     with(map[string]any{"crv": nil}),
			"of unknown crv":  with(map[string]any{"crv": "secp256k1"}),
			"without x":       with(map[string]any{"x": nil}),
			"x a number":      with(map[string]any{"x": 1}),
			"x empty":         with(map[string]any{"x": ""}),
			"x too short":     with(map[string]any{"x": encode(x[1:])}),
			"x too long":      with(map[string]any{"x": encode(append([]byte{0}, x...))}),
			"x padded":        with(map[string]any{"x": encode(x) + "="}),
			"an RSA key":      `,"epk":` + publicText(t, encryptionKeys(t)[0]),
			"an Ed25519 key":  `,"epk":` + publicText(t, ed25519),
			"a symmetric key": `,"epk":{"kty":"oct","k":"` + strings.Repeat("A", 43) + `"}`,
			"half named OKP":  `,"epk":{"kty":"OKP","crv":"P-256","x":` + quote(x) + `}`,
			"kty folded":      with(map[string]any{"KTY": "EC"}),
			"x twice":         `,"epk":` + strings.Replace(text, `"x"`, `"x":"AA","x"`, 1),
		}
		for _, other := range exchangeKeys(t) {
			if other.id != static.id {
				rows["of "+other.id] = `,"epk":` + object(newAgreement(t, other).epk).String()
			}
		}
		for name, more := range rows {
			check := "decryption"
			if name == "x twice" {
				check = "header" // no strict JSON
			}
			for what, z := range map[string][]byte{"right": a.z(t), "empty": nil} {
				wantUndecrypted(t, static.id+", epk "+name+", z "+what, d, a.compact(t, z, "", "", more),
					check)
			}
		}
	}
}

func publicText(t testing.TB, k *Key) string {
	t.Helper()
	text, err := k.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A point that is not on the curve would give the private key away piece by piece.
func TestEphemeralPoints(t *testing.T) {
	for _, static := range exchangeKeys(t) {
		a, d := newAgreement(t, static), newDecrypter(t, NewSet(static))
		key, isEC := static.material.(ecKey)
		if !isEC {
			continue
		}
		size, p := key.size(), key.Params().P
		x, y := vectorOctets(t, a.epk["x"].(string)), vectorOctets(t, a.epk["y"].(string))
		zero, one := make([]byte, size), make([]byte, size)
		one[size-1] = 1
		prime := p.FillBytes(make([]byte, size))
		other := slices.Clone(y)
		other[size-1] ^= 1
		for name, point := range map[string][2][]byte{
			"(0,0)":          {zero, zero},
			"(0,1)":          {zero, one},
			"(1,1)":          {one, one},
			"(p,p)":          {prime, prime},
			"off the curve":  {x, other},
			"exchanged":      {y, x},
			"y missing":      {x, nil},
			"y too short":    {x, y[1:]},
			"y too long":     {x, append([]byte{0}, y...)},
			"moved a byte":   {append(slices.Clone(x), y[0]), y[1:]},
			"all in x":       {slices.Concat(x, y), nil},
			"x uncompressed": {append([]byte{4}, x...), y},
		} {
			epk := fmt.Sprintf(`,"epk":{"kty":"EC","crv":%q,"x":%s,"y":%s}`, key.named().name,
				quote(point[0]), quote(point[1]))
			for what, z := range map[string][]byte{"right": a.z(t), "x": point[0], "zero": zero} {
				wantUndecrypted(t, static.id+" "+name+", z "+what, d, a.compact(t, z, "", "", epk),
					"decryption")
			}
		}
	}
}

// The coordinates keep their leading zeros. A reader that does not ask for them would
// decrypt this.
func TestEphemeralLeadingZero(t *testing.T) {
	static := exchangeKeys(t)[0]
	a, d := newAgreement(t, static), newDecrypter(t, NewSet(static))
	for range 10000 {
		if vectorOctets(t, a.epk["x"].(string))[0] == 0 {
			break
		}
		a = newAgreement(t, static)
	}
	wantPlaintext(t, "all", d, a.compact(t, a.z(t), "", "", `,"epk":`+object(a.epk).String()))
	x := vectorOctets(t, a.epk["x"].(string))
	a.epk["x"] = encode(x[1:])
	wantUndecrypted(t, "cut", d, a.compact(t, a.z(t), "", "", `,"epk":`+object(a.epk).String()),
		"decryption")
}

// Points of small order make a secret that everybody knows: RFC 7748, Section 6.1.
func TestEphemeralSmallOrder(t *testing.T) {
	if fips140.Enforced() {
		t.Skip("FIPS 140-only mode has no X25519: run it without GODEBUG=fips140=only")
	}
	static := newKey(t, x25519Private(t), KeyOptions{})
	d, a := newDecrypter(t, NewSet(static)), newAgreement(t, static)
	one := make([]byte, 32)
	one[0] = 1
	for _, x := range [][]byte{make([]byte, 32), one,
		append(append([]byte{0xed}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f)} {
		epk := `,"epk":{"kty":"OKP","crv":"X25519","x":` + quote(x) + `}`
		wantUndecrypted(t, fmt.Sprintf("%x", x), d, a.compact(t, make([]byte, 32), "", "", epk),
			"decryption")
		public, err := ParseKey([]byte(`{"kty":"OKP","crv":"X25519","x":` + quote(x) + `}`))
		if err != nil {
			continue // refused even earlier
		}
		if jwe, err := Encrypt([]byte(secretText), public, EncryptOptions{}); err == nil {
			t.Errorf("encrypted for %x: %s", x, jwe)
		}
	}
}

// apu and apv are octets in base64url, and go into the key.
func TestPartyInfo(t *testing.T) {
	for _, static := range exchangeKeys(t) {
		a, d := newAgreement(t, static), newDecrypter(t, NewSet(static))
		epk := `,"epk":` + object(a.epk).String()
		const alice, bob = `,"apu":"QWxpY2U"`, `,"apv":"Qm9i"`
		for _, tt := range []struct {
			name, apu, apv, more string
			ok                   bool
		}{
			{"neither", "", "", "", true},
			{"both", "Alice", "Bob", alice + bob, true},
			{"only apu", "Alice", "", alice, true},
			{"only apv", "", "Bob", bob, true},
			{"apu not used", "", "", alice, false},
			{"apv not used", "", "", bob, false},
			{"apu missing", "Alice", "", "", false},
			{"apv missing", "", "Bob", "", false},
			{"exchanged", "Bob", "Alice", alice + bob, false},
			{"not decoded", "QWxpY2U", "", alice, false},
			{"apu a number", "", "", `,"apu":1`, false},
			{"apv a number", "", "", `,"apv":1`, false},
			{"apu null", "", "", `,"apu":null`, false},
			{"apv null", "", "", `,"apv":null`, false},
			{"apu an object", "", "", `,"apu":{}`, false},
			{"apv a list", "", "", `,"apv":["Qm9i"]`, false},
			{"apu padded", "Alice", "", `,"apu":"QWxpY2U="`, false},
			{"apv with a newline", "", "Bob", `,"apv":"Qm9i\n"`, false},
			{"apu with stray bits", "Alice", "", `,"apu":"QWxpY2V"`, false},
			{"apv not base64 at its end", "", "Bob", `,"apv":"Qm9i!"`, false},
		} {
			text := a.compact(t, a.z(t), tt.apu, tt.apv, epk+tt.more)
			if tt.ok {
				wantPlaintext(t, tt.name, d, text)
			} else {
				wantUndecrypted(t, static.id+" "+tt.name, d, text, "decryption")
			}
		}
	}
}

// A key is used for what it is for, even if the source of the keys does not look.
func TestDecryptionKeyUse(t *testing.T) {
	oct := `{"kty":"oct","k":"` + encode(octKeyOf(t, 16).material.(octKey).octets()) + `"`
	ec := exchangeKeys(t)[0]
	private, err := ec.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	ecText := strings.TrimSuffix(string(private), "}")
	ecText = strings.Replace(ecText, `"kid":"`+ec.id+`",`, "", 1)
	rsaText, err := newKey(t, encryptionKeys(t)[0].private(), KeyOptions{}).MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	rsaOpen := strings.TrimSuffix(string(rsaText), "}")
	for _, tt := range []struct {
		name, jwk, alg string
		ok             bool
	}{
		{"any", oct + `}`, "A128KW", true},
		{"unwraps", oct + `,"key_ops":["unwrapKey"]}`, "A128KW", true},
		{"decrypts", oct + `,"key_ops":["decrypt","encrypt"]}`, "A128KW", true},
		{"only wraps", oct + `,"key_ops":["wrapKey"]}`, "A128KW", false},
		{"only encrypts", oct + `,"key_ops":["encrypt"]}`, "dir", false},
		{"alg", oct + `,"alg":"A128KW"}`, "A128KW", true},
		{"another alg", oct + `,"alg":"A128KW"}`, "A128GCMKW", false},
		{"another alg, wrapped", oct + `,"alg":"A128GCMKW"}`, "A128KW", false},
		{"dir with a key for wrapping", oct + `,"alg":"A128KW"}`, "dir", false},
		{"wrapped with a key for dir", oct + `,"alg":"dir"}`, "A128KW", false},
		{"wrapped with a key for content", oct + `,"alg":"A128GCM"}`, "A128KW", false},
		{"dir with a key for content", oct + `,"alg":"A128GCM"}`, "dir", true},
		{"EC", ecText + `}`, "ECDH-ES", true},
		{"EC that derives", ecText + `,"key_ops":["deriveKey"]}`, "ECDH-ES+A128KW", true},
		{"EC to sign", ecText + `,"use":"sig"}`, "ECDH-ES", false},
		{"EC that signs", ecText + `,"key_ops":["sign","verify"]}`, "ECDH-ES", false},
		{"EC of another alg", ecText + `,"alg":"ECDH-ES"}`, "ECDH-ES+A128KW", false},
		{"EC of ES256", ecText + `,"alg":"ES256"}`, "ECDH-ES", false},
		{"RSA", rsaOpen + `,"use":"enc"}`, "RSA-OAEP-256", true},
		{"RSA to sign", rsaOpen + `,"use":"sig"}`, "RSA-OAEP-256", false},
		{"RSA of another hash", rsaOpen + `,"alg":"RSA-OAEP-512"}`, "RSA-OAEP-256", false},
	} {
		key := parsePrivate(t, []byte(tt.jwk))
		good := map[byte]*Key{'A': octKeyOf(t, 16), 'd': octKeyOf(t, 16), 'E': ec,
			'R': encryptionKeys(t)[0]}[tt.alg[0]]
		jwe, err := Encrypt([]byte(secretText), newKey(t, materialOf(good), KeyOptions{}),
			EncryptOptions{Algorithm: tt.alg, Encryption: "A128GCM"})
		if err != nil {
			t.Fatal(err)
		}
		if tt.ok {
			wantPlaintext(t, tt.name, newDecrypter(t, NewSet(key)), jwe)
			continue
		}
		wantUndecrypted(t, tt.name+", careless source", newDecrypter(t, anyKeys{key}), jwe, "decryption")
		if _, err := newDecrypter(t, NewSet(key)).Decrypt(t.Context(), jwe); err == nil {
			t.Errorf("%s: decrypts", tt.name)
		}
	}
}

// materialOf returns what NewKey made k of.
func materialOf(k *Key) any {
	if t, ok := k.material.(octKey); ok {
		return t.octets()
	}
	return k.private()
}

// Two keys of 32 bytes, each for one enc: neither serves the other.
func TestDirectKeyForOneEncryption(t *testing.T) {
	octets := slices.Repeat([]byte{1}, 32)
	for _, enc := range []string{"A128CBC-HS256", "A256GCM"} {
		key := newKey(t, octets, KeyOptions{Algorithm: enc})
		for _, other := range []string{"A128CBC-HS256", "A256GCM"} {
			jwe, err := Encrypt([]byte(secretText), newKey(t, octets, KeyOptions{}),
				EncryptOptions{Algorithm: "dir", Encryption: other})
			if err != nil {
				t.Fatal(err)
			}
			if other == enc {
				wantPlaintext(t, enc, newDecrypter(t, NewSet(key)), jwe)
				continue
			}
			wantUndecrypted(t, other, newDecrypter(t, NewSet(key)), jwe, "key")
			wantUndecrypted(t, other, newDecrypter(t, anyKeys{key}), jwe, "decryption")
		}
	}
}

// A public key does not decrypt, and not by a panic.
func TestDecryptWithPublicKey(t *testing.T) {
	for _, r := range everyRecipient(t) {
		if r.key.symmetric() || r.enc != "A128GCM" {
			continue
		}
		jwe, err := Encrypt([]byte(secretText), r.key,
			EncryptOptions{Algorithm: r.alg, Encryption: r.enc})
		if err != nil {
			t.Fatal(err)
		}
		public := publicHalf(t, r.key)
		wantUndecrypted(t, r.String(), newDecrypter(t, NewSet(public)), jwe, "decryption")
		wantUndecrypted(t, r.String(), newDecrypter(t, anyKeys{public, {}}), jwe, "decryption")
	}
}

// The devices do one thing each, as an HSM would.
type (
	rsaDevice struct{ key *rsa.PrivateKey }
	ecDevice  struct{ key *ecdsa.PrivateKey }
	xDevice   struct {
		key   *ecdh.PrivateKey
		curve ecdh.Curve
		asked *int
	}
	ecExchangeDevice struct {
		xDevice
		public *ecdsa.PublicKey
	}
)

func (d rsaDevice) Public() crypto.PublicKey { return &d.key.PublicKey }

func (d rsaDevice) Decrypt(r io.Reader, b []byte, o crypto.DecrypterOpts) ([]byte, error) {
	return d.key.Decrypt(r, b, o)
}

func (d ecDevice) Public() crypto.PublicKey { return &d.key.PublicKey }

func (d ecDevice) Sign(r io.Reader, b []byte, o crypto.SignerOpts) ([]byte, error) {
	return d.key.Sign(r, b, o)
}

func (d xDevice) PublicKey() *ecdh.PublicKey { return d.key.PublicKey() }

func (d xDevice) Curve() ecdh.Curve { return d.curve }

func (d xDevice) ECDH(public *ecdh.PublicKey) ([]byte, error) {
	*d.asked++
	return d.key.ECDH(public)
}

func (d ecExchangeDevice) Public() crypto.PublicKey { return d.public }

// A signingDevice hides that its RSA key decrypts.
type signingDevice struct{ key *rsa.PrivateKey }

func (d signingDevice) Public() crypto.PublicKey { return &d.key.PublicKey }

func (d signingDevice) Sign(r io.Reader, b []byte, o crypto.SignerOpts) ([]byte, error) {
	return d.key.Sign(r, b, o)
}

func TestDecryptInDevice(t *testing.T) {
	rsaKey := encryptionKeys(t)[0].private().(*rsa.PrivateKey)
	ec := exchangeKeys(t)[0].private().(*ecdsa.PrivateKey)
	exchange, err := ec.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	devices := map[string]any{
		"RSA":   rsaDevice{rsaKey},
		"P-256": ecExchangeDevice{xDevice{exchange, ecdh.P256(), &asked}, &ec.PublicKey},
	}
	if !fips140.Enforced() {
		devices["X25519"] = xDevice{x25519Private(t), ecdh.X25519(), &asked}
	}
	for name, device := range devices {
		key := newKey(t, device, KeyOptions{ID: "device"})
		for _, alg := range []string{"RSA-OAEP-256", "RSA-OAEP-512", "ECDH-ES", "ECDH-ES+A256KW"} {
			if !key.serves(alg) {
				continue
			}
			jwe, err := Encrypt([]byte(secretText), key, EncryptOptions{Algorithm: alg})
			if err != nil {
				t.Fatal(err)
			}
			wantPlaintext(t, name+" "+alg, newDecrypter(t, NewSet(key)), jwe)
		}
	}
	if asked < 2 {
		t.Error("the exchanging devices were not asked")
	}
	for name, device := range map[string]any{"EC that signs": ecDevice{ec},
		"RSA that signs": signingDevice{rsaKey}} {
		key := newKey(t, device, KeyOptions{Use: "enc"})
		jwe, err := Encrypt([]byte(secretText), key, EncryptOptions{})
		if err != nil {
			t.Fatal(err)
		}
		wantUndecrypted(t, name, newDecrypter(t, NewSet(key)), jwe, "decryption")
	}
}

// A device is not asked for another curve, whatever it would say.
func TestDeviceOfAnotherCurve(t *testing.T) {
	keys := exchangeKeys(t)
	ec := keys[0].private().(*ecdsa.PrivateKey)
	exchange, err := ec.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	key := newKey(t, ecExchangeDevice{xDevice{exchange, ecdh.P256(), &asked}, &ec.PublicKey},
		KeyOptions{})
	a := newAgreement(t, keys[1]) // on P-384
	wantUndecrypted(t, "P-384", newDecrypter(t, NewSet(key)), a.compact(t, nil, "", "",
		`,"epk":`+object(a.epk).String()), "decryption")
	if asked > 0 {
		t.Error("the device was asked")
	}
}

// A failingDevice decrypts to what it likes.
type failingDevice struct {
	rsaDevice
	cek []byte
	err error
}

func (d failingDevice) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return d.cek, d.err
}

func TestFailingDevice(t *testing.T) {
	rsaKey := encryptionKeys(t)[0].private().(*rsa.PrivateKey)
	cek := slices.Repeat([]byte{0xc1}, 32)
	text := forgery{header: `{"alg":"RSA-OAEP-256","enc":"A256GCM"}`, enc: "A256GCM",
		encryptedKey: []byte("whatever"), cek: cek}.compact(t).String()
	for _, tt := range []struct {
		name string
		cek  []byte
		err  error
		ok   bool
	}{
		{"good", cek, nil, true},
		{"error", nil, errors.New("canary"), false},
		{"error beside the key", cek, errors.New("canary"), false},
		{"nothing", nil, nil, false},
		{"short", cek[:31], nil, false},
		{"long", append(slices.Clone(cek), 0), nil, false},
	} {
		key := newKey(t, failingDevice{rsaDevice{rsaKey}, tt.cek, tt.err}, KeyOptions{})
		d := newDecrypter(t, NewSet(key))
		if tt.ok {
			wantPlaintext(t, tt.name, d, text)
		} else {
			wantUndecrypted(t, tt.name, d, text, "decryption")
		}
	}
}

// FIPS 140-only mode would panic at SHA-1, and fail at X25519, which only a new process
// can enter.
func TestEncryptFIPS140Only(t *testing.T) {
	if !fips140.Enforced() {
		cmd := exec.Command(os.Args[0], "-test.run=^TestEncryptFIPS140Only$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("no processes here: set GODEBUG=fips140=only and run the test again")
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: TestEncryptFIPS140Only") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	key := encryptionKeys(t)[0]
	wantCheck(t, "RSA-OAEP", encryptError(t, key, EncryptOptions{Algorithm: "RSA-OAEP"}), "key")
	_, err := NewKey(key.private(), KeyOptions{Algorithm: "RSA-OAEP"})
	wantCheck(t, "key for RSA-OAEP", err, "key")
	if _, err := GenerateKey("RSA-OAEP"); err == nil {
		t.Error("a key for RSA-OAEP was made")
	}
	text := forgery{header: `{"alg":"RSA-OAEP","enc":"A128GCM"}`, enc: "A128GCM",
		cek: make([]byte, 16), encryptedKey: make([]byte, 256)}.compact(t).String()
	wantUndecrypted(t, "RSA-OAEP", newDecrypter(t, NewSet(key)), text, "key")
	wantUndecrypted(t, "RSA-OAEP", newDecrypter(t, anyKeys{key}), text, "decryption")
	const x25519 = `{"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"`
	_, err = ParseKey([]byte(x25519 + "}"))
	wantCheck(t, "X25519", err, "x")
	_, err = ParsePrivateKey([]byte(x25519 + `,"d":"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo"}`))
	wantCheck(t, "X25519, private", err, "x")
	a := newAgreement(t, exchangeKeys(t)[0])
	wantUndecrypted(t, "X25519 epk", newDecrypter(t, NewSet(a.static)),
		a.compact(t, nil, "", "", `,"epk":`+x25519+"}"), "decryption")
	for _, r := range everyRecipient(t) {
		jwe, err := Encrypt([]byte(secretText), r.key,
			EncryptOptions{Algorithm: r.alg, Encryption: r.enc})
		if err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		wantPlaintext(t, r.String(), newDecrypter(t, NewSet(r.key)), jwe)
	}
}

// On every curve, a key made for ECDH is one.
func TestGeneratedKeys(t *testing.T) {
	for _, alg := range append(KeyManagementAlgorithms(), ContentEncryptions()...) {
		if alg == "dir" || alg == "RSA-OAEP" {
			continue
		}
		key, err := GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		jwe, err := Encrypt([]byte(secretText), key, EncryptOptions{})
		if err != nil {
			t.Fatal(err)
		}
		wantPlaintext(t, alg, newDecrypter(t, NewSet(key)), jwe)
	}
	_, err := GenerateKey("dir")
	wantCheck(t, "dir", err, "alg")
}

// A key whose curve crypto/ecdh lacks is refused before anything else.
func TestEncryptForP224(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewKey(key, KeyOptions{})
	wantCheck(t, "P-224", err, "crv")
}

// WebCrypto exports a public key for ECDH with no key_ops at all.
func TestEphemeralUse(t *testing.T) {
	a := newAgreement(t, exchangeKeys(t)[0])
	a.epk["key_ops"], a.epk["ext"] = []any{}, true
	wantPlaintext(t, "empty key_ops", newDecrypter(t, NewSet(a.static)),
		a.compact(t, a.z(t), "", "", `,"epk":`+object(a.epk).String()))
}
