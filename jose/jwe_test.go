package jose

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/fips140"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// What must not appear in an error begins with this word.
const secretText = "canary: what was encrypted"

// anyKeys is a KeySource that returns all it has, whatever the header says.
type anyKeys []*Key

func (k anyKeys) Keys(context.Context, Header) ([]*Key, error) { return k, nil }

// newDecrypter makes one that accepts all algorithms, the extension "known", and keys.
func newDecrypter(t testing.TB, keys KeySource) *Decrypter {
	t.Helper()
	d, err := NewDecrypter(DecrypterConfig{Keys: keys, Algorithms: KeyManagementAlgorithms(),
		Encryptions: ContentEncryptions(), Critical: []string{"known"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// octKeyOf returns a symmetric key of size bytes with an ID.
func octKeyOf(t testing.TB, size int) *Key {
	t.Helper()
	return newKey(t, slices.Repeat([]byte{0xf1}, size),
		KeyOptions{ID: fmt.Sprintf("canary-%d", size)})
}

// wantPlaintext fails unless jwe decrypts to secretText.
func wantPlaintext(t testing.TB, name string, d *Decrypter, jwe string) *JWE {
	t.Helper()
	got, err := d.Decrypt(t.Context(), jwe)
	if err != nil || string(got.Plaintext()) != secretText {
		t.Fatalf("%s: got %v, %v", name, got, err)
	}
	return got
}

// wantUndecrypted fails unless jwe is refused by check, or if that is "decryption",
// with ErrDecryption itself, and unless the error is silent about all it has seen.
func wantUndecrypted(t testing.TB, name string, d *Decrypter, jwe, check string) {
	t.Helper()
	got, err := d.Decrypt(t.Context(), jwe)
	switch {
	case got != nil || err == nil:
		t.Errorf("%s: got %v, %v", name, got, err)
	case strings.Contains(err.Error(), "canary"):
		t.Errorf("%s: the error says %v", name, err)
	case check != "decryption":
		wantCheck(t, name, err, check)
	case err != ErrDecryption:
		t.Errorf("%s: got %v, want exactly ErrDecryption", name, err)
	}
}

// A forgery is a JWE whose content is encrypted as it should be, whatever else is
// wrong with it.
type forgery struct {
	header, aad       string // before encoding
	enc               string
	encryptedKey, cek []byte
}

// A compact is the five parts of a JWE.
type compact [5]string

const (
	headerPart = iota
	keyPart
	ivPart
	ciphertextPart
	tagPart
)

func (c compact) String() string { return strings.Join(c[:], ".") }

// with returns c with another part.
func (c compact) with(part int, text string) compact {
	c[part] = text
	return c
}

// compact encrypts secretText.
func (f forgery) compact(t testing.TB) compact {
	t.Helper()
	e := mustFindEncryption(t, f.enc)
	m := encrypted{protected: encode([]byte(f.header)), aad: encode([]byte(f.aad))}
	seal := e.seal
	if e.mac == 0 {
		seal = sealGCM // with a key of any size
	}
	iv, ciphertext, tag, err := seal(f.cek, []byte(secretText), m.authenticated())
	if err != nil {
		t.Fatal(err)
	}
	return compact{m.protected, encode(f.encryptedKey), encode(iv), encode(ciphertext), encode(tag)}
}

// An object is a JWE in a JSON serialization.
type object map[string]any

func (o object) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// object returns the same flattened.
func (f forgery) object(t testing.TB) object {
	t.Helper()
	c := f.compact(t)
	o := object{"iv": c[ivPart], "ciphertext": c[ciphertextPart], "tag": c[tagPart]}
	for name, part := range map[string]string{"protected": c[headerPart],
		"encrypted_key": c[keyPart], "aad": encode([]byte(f.aad))} {
		if part != "" {
			o[name] = part
		}
	}
	return o
}

// general returns o with its recipient in the list of the general serialization.
func (o object) general() object {
	g, one := maps.Clone(o), object{}
	for _, name := range []string{"header", "encrypted_key"} {
		if value, ok := o[name]; ok {
			one[name] = value
			delete(g, name)
		}
	}
	g["recipients"] = []any{one}
	return g
}

// wrapped returns a JWE for a key of 16 bytes by A128KW, with more in its header.
func wrapped(t testing.TB, enc, more string) forgery {
	t.Helper()
	cek := slices.Repeat([]byte{0xc1}, mustFindEncryption(t, enc).keySize)
	return forgery{header: fmt.Sprintf(`{"alg":"A128KW","enc":%q%s}`, enc, more), enc: enc,
		encryptedKey: mustWrap(t, octKeyOf(t, 16), cek), cek: cek}
}

func mustWrap(t testing.TB, kek *Key, cek []byte) []byte {
	t.Helper()
	wrapped, err := wrapKey(kek.material.(octKey).octets(), cek)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func TestNewDecrypter(t *testing.T) {
	good := func() DecrypterConfig {
		return DecrypterConfig{Keys: NewSet(), Algorithms: []string{"dir"},
			Encryptions: []string{"A128GCM"}}
	}
	for name, spoil := range map[string]func(*DecrypterConfig){
		"no keys":               func(c *DecrypterConfig) { c.Keys = nil },
		"nil set":               func(c *DecrypterConfig) { c.Keys = (*Set)(nil) },
		"no algorithms":         func(c *DecrypterConfig) { c.Algorithms = nil },
		"no encryptions":        func(c *DecrypterConfig) { c.Encryptions = []string{} },
		"negative size":         func(c *DecrypterConfig) { c.MaxSize = -1 },
		"empty alg":             func(c *DecrypterConfig) { c.Algorithms = []string{"dir", ""} },
		"RSA1_5":                func(c *DecrypterConfig) { c.Algorithms = []string{"RSA1_5"} },
		"PBES2":                 func(c *DecrypterConfig) { c.Algorithms[0] = "PBES2-HS256+A128KW" },
		"none":                  func(c *DecrypterConfig) { c.Algorithms = []string{"none"} },
		"alg of a signature":    func(c *DecrypterConfig) { c.Algorithms = []string{"ES256"} },
		"enc as alg":            func(c *DecrypterConfig) { c.Algorithms = []string{"A128GCM"} },
		"empty enc":             func(c *DecrypterConfig) { c.Encryptions = []string{""} },
		"alg as enc":            func(c *DecrypterConfig) { c.Encryptions = []string{"A128GCM", "dir"} },
		"registered extension":  func(c *DecrypterConfig) { c.Critical = []string{"zip"} },
		"extension of RFC 7797": func(c *DecrypterConfig) { c.Critical = []string{"b64"} },
		"nameless extension":    func(c *DecrypterConfig) { c.Critical = []string{"x", ""} },
	} {
		c := good()
		spoil(&c)
		if _, err := NewDecrypter(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewDecrypter(good()); err != nil {
		t.Error(err)
	}
	_, err := new(Decrypter).Decrypt(t.Context(), wrapped(t, "A128GCM", "").compact(t).String())
	wantCheck(t, "zero Decrypter", err, "size")
}

// What the caller does with its slices afterwards changes nothing.
func TestDecrypterIsImmutable(t *testing.T) {
	algorithms, encryptions := []string{"A128KW"}, []string{"A128GCM"}
	critical := []string{"known"}
	d, err := NewDecrypter(DecrypterConfig{Keys: NewSet(octKeyOf(t, 16)), Algorithms: algorithms,
		Encryptions: encryptions, Critical: critical})
	if err != nil {
		t.Fatal(err)
	}
	algorithms[0], encryptions[0], critical[0] = "dir", "A256GCM", "other"
	f := wrapped(t, "A128GCM", `,"crit":["known"],"known":1`)
	wantPlaintext(t, "after a change", d, f.compact(t).String())
}

func TestDecryptAccepts(t *testing.T) {
	d, err := NewDecrypter(DecrypterConfig{Keys: NewSet(octKeyOf(t, 16), octKeyOf(t, 32)),
		Algorithms: []string{"A128KW"}, Encryptions: []string{"A128GCM", "A192GCM"}})
	if err != nil {
		t.Fatal(err)
	}
	wantPlaintext(t, "accepted", d, wrapped(t, "A128GCM", "").compact(t).String())
	for _, tt := range []struct{ alg, enc, check string }{
		{"A128KW", "A128CBC-HS256", "enc"},
		{"A128KW", "A256GCM", "enc"},
		{"A256KW", "A128GCM", "alg"},
		{"dir", "A128GCM", "alg"},
		{"A256KW", "A256GCM", "alg"},
	} {
		key := octKeyOf(t, 16)
		if tt.alg == "A256KW" {
			key = octKeyOf(t, 32)
		}
		jwe, err := Encrypt([]byte(secretText), key,
			EncryptOptions{Algorithm: tt.alg, Encryption: tt.enc})
		if err != nil {
			t.Fatal(err)
		}
		wantUndecrypted(t, tt.alg+" "+tt.enc, d, jwe, tt.check)
	}
}

// A countingSource counts how often it was asked.
type countingSource struct {
	keys  []*Key
	asked int
	err   error
}

func (s *countingSource) Keys(context.Context, Header) ([]*Key, error) {
	s.asked++
	return s.keys, s.err
}

// These are refused before a key is looked for, however well they are encrypted.
func TestDecryptHeader(t *testing.T) {
	text := func(header string) string {
		f := wrapped(t, "A128GCM", "")
		f.header = header
		return f.compact(t).String()
	}
	const good = `"alg":"A128KW","enc":"A128GCM"`
	for _, tt := range []struct{ name, header, check string }{
		{"alg missing", `{"enc":"A128GCM"}`, "alg"},
		{"alg empty", `{"alg":"","enc":"A128GCM"}`, "alg"},
		{"alg null", `{"alg":null,"enc":"A128GCM"}`, "header"},
		{"alg a number", `{"alg":1,"enc":"A128GCM"}`, "header"},
		{"alg a list", `{"alg":["A128KW"],"enc":"A128GCM"}`, "header"},
		{"alg none", `{"alg":"none","enc":"A128GCM"}`, "alg"},
		{"alg of other case", `{"alg":"a128kw","enc":"A128GCM"}`, "alg"},
		{"alg with a space", `{"alg":"A128KW ","enc":"A128GCM"}`, "alg"},
		{"alg unknown", `{"alg":"canary","enc":"A128GCM"}`, "alg"},
		{"alg of a signature", `{"alg":"HS256","enc":"A128GCM"}`, "alg"},
		{"enc as alg", `{"alg":"A128GCM","enc":"A128GCM"}`, "alg"},
		{"RSA1_5", `{"alg":"RSA1_5","enc":"A128GCM"}`, "alg"},
		{"PBES2", `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":1000}`,
			"alg"},
		{"PBES2 without end",
			`{"alg":"PBES2-HS512+A256KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":2147483647}`, "alg"},
		{"PBES2 beyond reason",
			`{"alg":"PBES2-HS512+A256KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":1e99}`, "alg"},
		{"enc missing", `{"alg":"A128KW"}`, "enc"},
		{"enc empty", `{"alg":"A128KW","enc":""}`, "enc"},
		{"enc a number", `{"alg":"A128KW","enc":128}`, "header"},
		{"enc of other case", `{"alg":"A128KW","enc":"a128gcm"}`, "enc"},
		{"enc unknown", `{"alg":"A128KW","enc":"canary"}`, "enc"},
		{"alg as enc", `{"alg":"A128KW","enc":"A128KW"}`, "enc"},
		{"zip", `{` + good + `,"zip":"DEF"}`, "zip"},
		{"zip unknown", `{` + good + `,"zip":"canary"}`, "zip"},
		{"zip empty", `{` + good + `,"zip":""}`, "zip"},
		{"zip null", `{` + good + `,"zip":null}`, "zip"},
		{"crit unknown", `{` + good + `,"crit":["canary"],"canary":1}`, "crit"},
		{"crit half known", `{` + good + `,"crit":["known","canary"],"known":1,"canary":1}`, "crit"},
		{"crit absent", `{` + good + `,"crit":["known"]}`, "crit"},
		{"crit twice", `{` + good + `,"crit":["known","known"],"known":1}`, "crit"},
		{"crit empty", `{` + good + `,"crit":[],"known":1}`, "crit"},
		{"crit null", `{` + good + `,"crit":null}`, "crit"},
		{"crit a string", `{` + good + `,"crit":"known","known":1}`, "crit"},
		{"crit of numbers", `{` + good + `,"crit":[1]}`, "crit"},
		{"crit registered", `{` + good + `,"crit":["enc"]}`, "crit"},
		{"crit zip", `{` + good + `,"crit":["zip"],"zip":"DEF"}`, "crit"},
		{"b64", `{` + good + `,"b64":false}`, "crit"},
		{"b64 critical", `{` + good + `,"crit":["b64"],"b64":false}`, "crit"},
		{"kid a number", `{` + good + `,"kid":16}`, "header"},
		{"kid too long", `{` + good + `,"kid":"` + strings.Repeat("k", 257) + `"}`, "header"},
		{"typ a number", `{` + good + `,"typ":1}`, "header"},
		{"cty a list", `{` + good + `,"cty":["JWT"]}`, "header"},
		{"alg twice", `{` + good + `,"alg":"A128KW"}`, "header"},
		{"alg twice, escaped", `{` + good + `,"\u0061lg":"A128KW"}`, "header"},
		{"alg folded", `{` + good + `,"ALG":"A128KW"}`, "header"},
		{"empty object", `{}`, "alg"},
		{"two objects", `{` + good + `}{}`, "header"},
		{"a list", `[{` + good + `}]`, "header"},
		{"null", `null`, "header"},
		{"not JSON", `canary`, "header"},
		{"not UTF-8", "{" + good + ",\"x\":\"\xff\"}", "header"},
		{"a byte order mark", "\ufeff{" + good + "}", "header"},
	} {
		source := &countingSource{keys: []*Key{octKeyOf(t, 16)}}
		d := newDecrypter(t, source)
		wantUndecrypted(t, tt.name, d, text(tt.header), tt.check)
		if source.asked > 0 {
			t.Errorf("%s: keys were looked for", tt.name)
		}
	}
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	for _, more := range []string{"", `,"kid":"canary-16"`, `,"crit":["known"],"known":null`,
		`,"jwk":{"kty":"oct"},"jku":"https://canary.example","x5c":1,"p2c":1e9,"epk":0,"iv":[]`} {
		wantPlaintext(t, more, d, text(`{`+good+more+`}`))
	}
}

func TestDecryptShape(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	c := wrapped(t, "A128CBC-HS256", `,"x":"1"`).compact(t)
	good := c.String()
	wantPlaintext(t, "good", d, good)
	for name, jwe := range map[string]string{
		"nothing":            "",
		"dots":               "....",
		"four parts":         strings.Join(c[:4], "."),
		"six parts":          good + ".",
		"six parts in front": "." + good,
		"a JWS of it":        strings.Join(c[:3], "."),
		"a thousand parts":   strings.Repeat(".", 1000),
		"no header":          c.with(headerPart, "").String(),
		"space in front":     " " + good,
		"newline behind":     good + "\n",
		"another behind":     good + good,
		"quoted":             `"` + good + `"`,
	} {
		wantUndecrypted(t, name, d, jwe, "compact")
	}
	for part := keyPart; part <= tagPart; part++ {
		wantUndecrypted(t, fmt.Sprintf("part %d empty", part), d, c.with(part, "").String(),
			"decryption")
	}
}

// misspellings returns texts that a lenient decoder takes for text.
func misspellings(t testing.TB, text string) map[string]string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(text) - 1
	all := map[string]string{
		"padded":              text + strings.Repeat("=", (4-len(text)%4)%4),
		"padded too much":     text + "====",
		"newline behind":      text + "\n",
		"newline within":      text[:5] + "\n" + text[5:],
		"carriage return":     text[:5] + "\r" + text[5:],
		"newline in front":    "\r\n" + text,
		"space behind":        text + " ",
		"space within":        text[:4] + " " + text[4:],
		"tab in front":        "\t" + text,
		"NUL behind":          text + "\x00",
		"not base64 behind":   text + "!",
		"not base64 within":   text[:8] + "*" + text[8:],
		"not ASCII":           text[:1] + "é" + text[1:],
		"standard alphabet":   text[:4] + "+" + text[5:],
		"standard alphabet 2": text[:4] + "/" + text[5:],
	}
	if len(text)%4 == 0 {
		t.Fatalf("%d characters: no stray bits", len(text))
	}
	stray := strings.IndexByte(alphabet, text[last]) | 1
	all["stray bits"] = text[:last] + alphabet[stray:stray+1]
	return all
}

// No part has two spellings.
func TestDecryptBase64(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	f := wrapped(t, "A128CBC-HS256", `,"x":"1"`)
	f.aad = "beside it."
	o := f.object(t)
	wantPlaintext(t, "good", d, o.String())
	for _, name := range []string{"protected", "encrypted_key", "iv", "ciphertext", "tag", "aad"} {
		check := "JSON"
		if name == "encrypted_key" {
			check = name
		}
		for how, text := range misspellings(t, o[name].(string)) {
			changed := maps.Clone(o)
			changed[name] = text
			wantUndecrypted(t, name+" "+how, d, changed.String(), check)
			wantUndecrypted(t, name+" "+how+", general", d, changed.general().String(), check)
		}
	}
	c := wrapped(t, "A128CBC-HS256", `,"x":"1"`).compact(t)
	for part := range c {
		for how, text := range misspellings(t, c[part]) {
			wantUndecrypted(t, fmt.Sprintf("part %d %s", part, how), d, c.with(part, text).String(),
				"compact")
		}
	}
}

// changes returns text with one character after the other changed by one bit of its
// value, every step characters.
func changes(text string, step int) []string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var all []string
	for i := 0; i < len(text); i += step {
		c := strings.IndexByte(alphabet, text[i]) ^ 1<<(i%6)
		all = append(all, text[:i]+alphabet[c:c+1]+text[i+1:])
	}
	return all
}

// A JWE of which any one bit was changed does not decrypt.
func TestDecryptChanged(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range everyRecipient(t) {
		if seen[r.alg] || r.enc != encryptions[len(seen)%len(encryptions)].name {
			continue
		}
		seen[r.alg] = true
		step := 1
		if !r.key.symmetric() {
			step = 5
		}
		jwe, err := Encrypt([]byte(secretText), r.key,
			EncryptOptions{Algorithm: r.alg, Encryption: r.enc})
		if err != nil {
			t.Fatal(err)
		}
		c, d := compact(strings.Split(jwe, ".")), newDecrypter(t, anyKeys{r.key})
		wantPlaintext(t, r.alg, d, jwe)
		for _, header := range changes(c[headerPart], step) {
			if got, err := d.Decrypt(t.Context(), c.with(headerPart, header).String()); got != nil ||
				err == nil {
				t.Errorf("%s: decrypts with the header %s", r.alg, header)
			}
		}
		for part := keyPart; part <= tagPart; part++ {
			for _, text := range changes(c[part], step) {
				check := "decryption"
				if _, ok := decode(text); !ok {
					check = "compact"
				}
				wantUndecrypted(t, fmt.Sprintf("%s, part %d", r.alg, part), d,
					c.with(part, text).String(), check)
			}
		}
	}
	if len(seen) < 14 { // FIPS 140-only mode lacks one
		t.Errorf("only %d algorithms", len(seen))
	}
}

// The header is authenticated as it was received: another one that says the same does
// not decrypt.
func TestDecryptProtectedHeader(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	c := wrapped(t, "A128GCM", "").compact(t)
	for _, header := range []string{
		`{"enc":"A128GCM","alg":"A128KW"}`,
		`{"alg":"A128KW", "enc":"A128GCM"}`,
		`{"alg":"A128KW","enc":"A128GCM"} `,
		`{"\u0061lg":"A128KW","enc":"A128GCM"}`,
		`{"alg":"A128KW","enc":"A128GCM","cty":"JWT"}`,
		`{"alg":"A128KW","enc":"A128CBC-HS256"}`,
		`{"alg":"A128KW","enc":"A256GCM"}`,
		`{"alg":"A128GCMKW","enc":"A128GCM"}`,
	} {
		wantUndecrypted(t, header, d, c.with(headerPart, encode([]byte(header))).String(), "decryption")
	}
	wantUndecrypted(t, "dir", d, c.with(headerPart, encode([]byte(
		`{"alg":"dir","enc":"A128GCM"}`))).String(), "encrypted_key")
}

// The sizes are exact: of the iv, of the tag, and together, so that no byte can move
// from one part to the next.
func TestDecryptSizes(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	for _, enc := range ContentEncryptions() {
		c := wrapped(t, enc, "").compact(t)
		wantPlaintext(t, enc, d, c.String())
		iv, tag := vectorOctets(t, c[ivPart]), vectorOctets(t, c[tagPart])
		ciphertext := vectorOctets(t, c[ciphertextPart])
		for _, n := range []int{0, 1, 8, 11, 12, 13, 15, 16, 17, 24, 32} {
			if n != len(iv) {
				changed := append(slices.Clone(iv), make([]byte, 32)...)[:n]
				wantUndecrypted(t, fmt.Sprintf("%s, iv of %d bytes", enc, n), d,
					c.with(ivPart, encode(changed)).String(), "decryption")
			}
			if n != len(tag) {
				changed := append(slices.Clone(tag), make([]byte, 32)...)[:n]
				wantUndecrypted(t, fmt.Sprintf("%s, tag of %d bytes", enc, n), d,
					c.with(tagPart, encode(changed)).String(), "decryption")
			}
		}
		wantUndecrypted(t, enc+", byte of the iv in the ciphertext", d,
			c.with(ivPart, encode(iv[:len(iv)-1])).with(ciphertextPart,
				encode(slices.Concat(iv[len(iv)-1:], ciphertext))).String(), "decryption")
		wantUndecrypted(t, enc+", byte of the ciphertext in the tag", d,
			c.with(ciphertextPart, encode(ciphertext[:len(ciphertext)-1])).with(tagPart,
				encode(slices.Concat(ciphertext[len(ciphertext)-1:], tag))).String(), "decryption")
	}
}

// Whether the padding is right is not to be told from whether the tag is.
func TestDecryptPadding(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	for _, e := range encryptions[:3] {
		c := wrapped(t, e.name, "").compact(t)
		for i, ciphertext := range flips(vectorOctets(t, c[ciphertextPart])) {
			wantUndecrypted(t, fmt.Sprintf("%s, byte %d", e.name, i), d,
				c.with(ciphertextPart, encode(ciphertext)).String(), "decryption")
		}
		f := wrapped(t, e.name, "")
		padded := slices.Repeat([]byte{17}, 32)
		iv, ciphertext, _ := sealRaw(t, e, f.cek, padded)
		tag := e.tag(f.cek, iv, ciphertext, []byte(c[headerPart]))
		wantUndecrypted(t, e.name+", bad padding under a right tag", d, c.with(ivPart, encode(iv)).
			with(ciphertextPart, encode(ciphertext)).with(tagPart, encode(tag)).String(), "decryption")
	}
}

// withMembers returns a well encrypted object with members changed; nil removes one.
func withMembers(t testing.TB, f forgery, members object) object {
	t.Helper()
	o := f.object(t)
	for name, value := range members {
		if o[name] = value; value == nil {
			delete(o, name)
		}
	}
	return o
}

// Header parameters stand in one of three places, and not in two.
func TestDecryptUnprotected(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	alg, enc, kid := object{"alg": "A128KW"}, object{"enc": "A128GCM"}, object{"kid": "canary-16"}
	both := object{"alg": "A128KW", "enc": "A128GCM"}
	for _, tt := range []struct {
		name, protected     string
		unprotected, header any
		check               string // empty if it decrypts
	}{
		{"all protected", `{"alg":"A128KW","enc":"A128GCM"}`, nil, nil, ""},
		{"none protected", "", both, nil, ""},
		{"one in each place", `{"enc":"A128GCM"}`, alg, kid, ""},
		{"none shared", `{"enc":"A128GCM"}`, nil, alg, ""},
		{"empty objects", `{"alg":"A128KW","enc":"A128GCM"}`, object{}, object{}, ""},
		{"protected and shared", `{"alg":"A128KW","enc":"A128GCM"}`, alg, nil, "header"},
		{"protected and of the recipient", `{"alg":"A128KW","enc":"A128GCM"}`, nil, enc, "header"},
		{"shared and of the recipient", `{"enc":"A128GCM"}`, alg, alg, "header"},
		{"own parameter twice", `{"alg":"A128KW","enc":"A128GCM","x":1}`, object{"x": 1}, nil, "header"},
		{"shared crit", "", object{"alg": "A128KW", "enc": "A128GCM", "crit": []string{"known"},
			"known": 1}, nil, "crit"},
		{"crit of the recipient", `{"alg":"A128KW","enc":"A128GCM","known":1}`, nil,
			object{"crit": []string{"known"}}, "crit"},
		{"critical but shared", `{"alg":"A128KW","enc":"A128GCM","crit":["known"]}`,
			object{"known": 1}, nil, "crit"},
		{"shared b64", `{"alg":"A128KW","enc":"A128GCM"}`, object{"b64": true}, nil, "crit"},
		{"shared zip", `{"alg":"A128KW","enc":"A128GCM"}`, object{"zip": "DEF"}, nil, "zip"},
		{"zip of the recipient", `{"alg":"A128KW","enc":"A128GCM"}`, nil, object{"zip": "DEF"}, "zip"},
		{"shared alg a number", `{"enc":"A128GCM"}`, object{"alg": 1}, nil, "header"},
		{"alg nowhere", `{"enc":"A128GCM"}`, kid, nil, "alg"},
		{"enc nowhere", "", alg, kid, "enc"},
		{"nothing anywhere", "", nil, nil, "alg"},
		{"kid unknown", `{"alg":"A128KW","enc":"A128GCM"}`, object{"kid": "canary"}, nil, "key"},
		{"shared null", `{"alg":"A128KW","enc":"A128GCM"}`, json.RawMessage("null"), nil, "header"},
		{"shared a list", `{"alg":"A128KW","enc":"A128GCM"}`, []object{kid}, nil, "header"},
		{"shared a string", `{"enc":"A128GCM"}`, encode([]byte(`{"alg":"A128KW"}`)), nil, "header"},
		{"of the recipient null", `{"alg":"A128KW","enc":"A128GCM"}`, nil, json.RawMessage("null"),
			"header"},
		{"of the recipient a string", `{"alg":"A128KW","enc":"A128GCM"}`, nil, "", "header"},
		{"name twice", `{"enc":"A128GCM"}`, json.RawMessage(`{"alg":"A128KW","alg":"A128KW"}`), nil,
			"JSON"},
		{"name folded", `{"alg":"A128KW","enc":"A128GCM"}`, object{"Kid": "canary-16"}, nil, "header"},
	} {
		f := wrapped(t, "A128GCM", "")
		f.header = tt.protected
		o := withMembers(t, f, object{"unprotected": tt.unprotected, "header": tt.header})
		for _, text := range []string{o.String(), o.general().String()} {
			if tt.check != "" {
				wantUndecrypted(t, tt.name, d, text, tt.check)
				continue
			}
			got := wantPlaintext(t, tt.name, d, text)
			if got.Header.Algorithm != "A128KW" || got.Header.Encryption != "A128GCM" {
				t.Errorf("%s: got %+v", tt.name, got.Header)
			}
			if strings.Contains(tt.protected, "alg") != (got.Header.Get("alg") != nil) {
				t.Errorf("%s: what Get returns is not what was protected", tt.name)
			}
		}
	}
}

// What is said of the plaintext counts only if it was protected.
func TestDecryptUnprotectedType(t *testing.T) {
	d, f := newDecrypter(t, NewSet(octKeyOf(t, 16))), wrapped(t, "A128GCM", "")
	for _, place := range []string{"unprotected", "header"} {
		o := withMembers(t, f, object{place: object{"typ": "JWT", "cty": "JWT", "x": 1}})
		h := wantPlaintext(t, place, d, o.String()).Header
		if h.Type != "" || h.ContentType != "" || h.Get("cty") != nil || h.Get("x") != nil {
			t.Errorf("%s: got %+v", place, h)
		}
	}
}

func TestDecryptJSONShape(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	f := wrapped(t, "A128GCM", "")
	o := f.object(t)
	for _, tt := range []struct {
		name    string
		members object
		check   string // empty if it decrypts
	}{
		{"good", nil, ""},
		{"unknown members", object{"x": 1, "payload": "", "signatures": []int{}}, ""},
		{"protected missing", object{"protected": nil}, "alg"},
		{"protected a number", object{"protected": 1}, "JSON"},
		{"protected an object", object{"protected": object{"alg": "A128KW"}}, "JSON"},
		{"protected not JSON", object{"protected": "AAAA"}, "header"},
		{"encrypted key missing", object{"encrypted_key": nil}, "decryption"},
		{"encrypted key a number", object{"encrypted_key": 1}, "encrypted_key"},
		{"encrypted key null", object{"encrypted_key": json.RawMessage("null")}, "encrypted_key"},
		{"encrypted key empty", object{"encrypted_key": ""}, "decryption"},
		{"iv missing", object{"iv": nil}, "decryption"},
		{"iv null", object{"iv": json.RawMessage("null")}, "JSON"},
		{"iv empty", object{"iv": ""}, "decryption"},
		{"ciphertext missing", object{"ciphertext": nil}, "JSON"},
		{"ciphertext a list", object{"ciphertext": []string{"AAAA"}}, "JSON"},
		{"ciphertext empty", object{"ciphertext": ""}, "decryption"},
		{"ciphertext folded", object{"Ciphertext": "AAAA"}, "JSON"},
		{"tag missing", object{"tag": nil}, "decryption"},
		{"tag false", object{"tag": false}, "JSON"},
		{"tag empty", object{"tag": ""}, "decryption"},
		{"aad added", object{"aad": "AAAA"}, "decryption"},
		{"aad a number", object{"aad": 0}, "JSON"},
		{"aad null", object{"aad": json.RawMessage("null")}, "JSON"},
	} {
		changed := withMembers(t, f, tt.members)
		for name, text := range map[string]string{"flattened": changed.String(),
			"general": changed.general().String()} {
			if tt.check == "" {
				wantPlaintext(t, tt.name, d, text)
			} else {
				wantUndecrypted(t, tt.name+", "+name, d, text, tt.check)
			}
		}
	}
	text := o.String()
	wantPlaintext(t, "space in front", d, "\r\n\t "+text+" ")
	for name, text := range map[string]string{
		"cut off":      text[:len(text)-1],
		"two of them":  text + text,
		"tag twice":    strings.Replace(text, `"tag"`, `"tag":"","tag"`, 1),
		"compact, too": text + "." + f.compact(t).String(),
		"no members":   "{}",
		"unclosed":     "{",
		"deep":         strings.Repeat(`{"a":`, 5000) + "0" + strings.Repeat("}", 5000),
	} {
		check := "JSON"
		if len(text) > DefaultMaxSize {
			check = "size"
		}
		wantUndecrypted(t, name, d, text, check)
	}
}

func TestDecryptAdditionalData(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	for _, enc := range []string{"A128GCM", "A128CBC-HS256"} {
		f := wrapped(t, enc, "")
		f.aad = "beside it"
		got := wantPlaintext(t, enc, d, f.object(t).String())
		if string(got.AdditionalData) != f.aad {
			t.Errorf("%s: got %q", enc, got.AdditionalData)
		}
		wantUndecrypted(t, enc+", aad emptied", d,
			withMembers(t, f, object{"aad": ""}).String(), "JSON")
		for name, value := range map[string]any{"removed": nil,
			"changed": encode([]byte("Beside it")), "cut": encode([]byte("beside i")),
			"longer": encode([]byte("beside it "))} {
			wantUndecrypted(t, enc+", aad "+name, d, withMembers(t, f, object{"aad": value}).String(),
				"decryption")
		}
		c := f.compact(t)
		wantUndecrypted(t, enc+", compact", d, c.String(), "decryption")
	}
}

// recipientOf returns an element of "recipients".
func recipientOf(t testing.TB, key *Key, cek []byte) object {
	t.Helper()
	return object{"header": object{"kid": key.id}, "encrypted_key": encode(mustWrap(t, key, cek))}
}

func TestDecryptRecipients(t *testing.T) {
	key, f := octKeyOf(t, 16), wrapped(t, "A128GCM", "")
	other := newKey(t, make([]byte, 16), KeyOptions{ID: "canary-other"})
	ours, theirs := recipientOf(t, key, f.cek), recipientOf(t, other, f.cek)
	broken := object{"header": ours["header"], "encrypted_key": encode(make([]byte, 24))}
	list := func(n int, last any) []any { return append(slices.Repeat([]any{theirs}, n-1), last) }
	d := newDecrypter(t, NewSet(key))
	for _, tt := range []struct {
		name    string
		members object
		check   string // empty if it decrypts
	}{
		{"one", object{"recipients": list(1, ours)}, ""},
		{"the second ours", object{"recipients": list(2, ours)}, ""},
		{"the first ours", object{"recipients": []any{ours, theirs}}, ""},
		{"the first of ours broken", object{"recipients": []any{broken, ours}}, ""},
		{"without header", object{"recipients": []any{object{
			"encrypted_key": ours["encrypted_key"]}}}, ""},
		{"unknown members", object{"recipients": []any{object{"x": 1,
			"encrypted_key": ours["encrypted_key"]}}}, ""},
		{"eight", object{"recipients": list(8, ours)}, ""},
		{"nine", object{"recipients": list(9, ours)}, "recipients"},
		{"none", object{"recipients": []any{}}, "recipients"},
		{"null", object{"recipients": json.RawMessage("null")}, "recipients"},
		{"an object", object{"recipients": ours}, "recipients"},
		{"a number in it", object{"recipients": []any{ours, 1}}, "recipients"},
		{"null in it", object{"recipients": []any{nil, ours}}, "recipients"},
		{"a member twice in it", object{"recipients": json.RawMessage(
			`[{"encrypted_key":"","encrypted_key":""}]`)}, "JSON"},
		{"none ours", object{"recipients": list(2, theirs)}, "decryption"},
		{"only theirs", object{"recipients": list(1, theirs)}, "key"},
		{"all broken", object{"recipients": []any{broken, broken}}, "decryption"},
		{"beside a header", object{"recipients": list(1, ours), "header": object{}}, "recipients"},
		{"beside an encrypted key", object{"recipients": list(1, ours),
			"encrypted_key": ours["encrypted_key"]}, "recipients"},
		{"crit in one", object{"recipients": []any{ours, object{"header": object{
			"crit": []string{"x"}}}}}, "crit"},
		{"a parameter twice in one", object{"unprotected": object{"kid": "canary"},
			"recipients": []any{ours}}, "header"},
		{"encrypted key a number", object{"recipients": []any{object{"encrypted_key": 1}, ours}},
			"encrypted_key"},
	} {
		o := f.object(t)
		delete(o, "encrypted_key")
		maps.Copy(o, tt.members)
		if tt.check != "" {
			wantUndecrypted(t, tt.name, d, o.String(), tt.check)
		} else if got := wantPlaintext(t, tt.name, d, o.String()); got.Key != key {
			t.Errorf("%s: got %v", tt.name, got.Key)
		}
	}
}

// Recipients that this package has no algorithm for do not keep it from the others, and
// the header is that of the one who decrypted.
func TestDecryptMixedRecipients(t *testing.T) {
	key, f := octKeyOf(t, 16), wrapped(t, "A128GCM", "")
	f.header = `{"enc":"A128GCM"}`
	o := f.object(t)
	delete(o, "encrypted_key")
	o["recipients"] = []any{
		object{"header": object{"alg": "RSA1_5", "kid": "canary-16"}, "encrypted_key": "AAAA"},
		object{"header": object{"alg": "PBES2-HS256+A128KW", "p2c": 1 << 30}, "encrypted_key": "AAAA"},
		object{"header": object{"alg": "dir"}, "encrypted_key": "AAAA"},
		object{"header": object{"alg": "A128KW", "kid": "canary-16"},
			"encrypted_key": encode(f.encryptedKey)},
	}
	got := wantPlaintext(t, "mixed", newDecrypter(t, NewSet(key)), o.String())
	if got.Header.Algorithm != "A128KW" || got.Header.KeyID != "canary-16" || got.Key != key {
		t.Errorf("got %+v", got)
	}
	if got.Header.Get("kid") != nil || got.Header.Get("enc") == nil {
		t.Error("Get returns what was not protected")
	}
}

func TestDecryptMaxSize(t *testing.T) {
	config := DecrypterConfig{Keys: NewSet(octKeyOf(t, 16)), Algorithms: []string{"dir"},
		Encryptions: []string{"A128GCM"}}
	jwe, err := Encrypt([]byte(secretText), octKeyOf(t, 16),
		EncryptOptions{Algorithm: "dir", Encryption: "A128GCM"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		max  int
		text string
		ok   bool
	}{
		{len(jwe), jwe, true},
		{len(jwe) - 1, jwe, false},
		{0, jwe, true},
		{0, strings.Repeat(".", DefaultMaxSize+1), false},
		{0, "{" + strings.Repeat(" ", DefaultMaxSize), false},
	} {
		config.MaxSize = tt.max
		d, err := NewDecrypter(config)
		if err != nil {
			t.Fatal(err)
		}
		if !tt.ok {
			wantUndecrypted(t, fmt.Sprint(tt.max), d, tt.text, "size")
		} else {
			wantPlaintext(t, fmt.Sprint(tt.max), d, tt.text)
		}
	}
	d := newDecrypter(t, config.Keys)
	wantUndecrypted(t, "16 KiB", d, strings.Repeat(".", DefaultMaxSize), "compact")
}

func TestDecryptKeySource(t *testing.T) {
	key, jwe := octKeyOf(t, 16), wrapped(t, "A128GCM", "").compact(t).String()
	failed := errors.New("no answer")
	_, err := newDecrypter(t, &countingSource{err: failed}).Decrypt(t.Context(), jwe)
	if err != failed {
		t.Errorf("got %v", err)
	}
	wantUndecrypted(t, "no key", newDecrypter(t, anyKeys{}), jwe, "key")
	other := newKey(t, make([]byte, 16), KeyOptions{})
	got := wantPlaintext(t, "the second", newDecrypter(t, anyKeys{other, key}), jwe)
	if got.Key != key {
		t.Error("not the key that decrypted")
	}
}

// Keys are tried up to a number, for all recipients together.
func TestDecryptTries(t *testing.T) {
	key, other := octKeyOf(t, 16), newKey(t, make([]byte, 16), KeyOptions{})
	others := func(n int) anyKeys { return slices.Repeat(anyKeys{other}, n) }
	f := wrapped(t, "A128GCM", "")
	jwe := f.compact(t).String()
	wantPlaintext(t, "the last", newDecrypter(t, append(others(maxTries-1), key)), jwe)
	wantUndecrypted(t, "one more", newDecrypter(t, append(others(maxTries), key)), jwe, "decryption")
	useless := slices.Repeat(anyKeys{{}, newKey(t, make([]byte, 24), KeyOptions{})}, maxTries)
	wantPlaintext(t, "keys for others do not count", newDecrypter(t, append(useless, key)), jwe)

	half := newDecrypter(t, append(others(maxTries/2-1), key))
	ours, broken := recipientOf(t, key, f.cek), object{"encrypted_key": encode(make([]byte, 24))}
	o := f.object(t)
	delete(o, "encrypted_key")
	o["recipients"] = []any{broken, ours}
	wantPlaintext(t, "two recipients", half, o.String())
	o["recipients"] = []any{broken, broken, ours}
	wantUndecrypted(t, "three recipients", half, o.String(), "decryption")
}

// A Set looks for the key by what the header says.
func TestDecryptKeyID(t *testing.T) {
	a := newKey(t, make([]byte, 16), KeyOptions{ID: "a"})
	b := newKey(t, slices.Repeat([]byte{1}, 16), KeyOptions{ID: "b"})
	jwe, err := Encrypt([]byte(secretText), b, EncryptOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantPlaintext(t, "both", newDecrypter(t, NewSet(a, b)), jwe)
	wantUndecrypted(t, "not known", newDecrypter(t, NewSet(a)), jwe, "key")
	same := newKey(t, make([]byte, 16), KeyOptions{ID: "b"})
	wantUndecrypted(t, "another of that ID", newDecrypter(t, NewSet(same)), jwe, "decryption")
	wantPlaintext(t, "two of that ID", newDecrypter(t, NewSet(same, b)), jwe)
}

// All that has to do with keys and ciphertexts fails in one way, also for whoever
// listens to the checks.
func TestDecryptIsSilent(t *testing.T) {
	c := wrapped(t, "A128CBC-HS256", "").compact(t)
	heard := map[string]bool{}
	for name, jwe := range map[string]string{
		"key":        c.with(keyPart, "").String(),
		"key size":   c.with(keyPart, "AAAA").String(),
		"iv":         c.with(ivPart, "").String(),
		"ciphertext": c.with(ciphertextPart, "").String(),
		"tag":        c.with(tagPart, encode(make([]byte, 16))).String(),
		"tag size":   c.with(tagPart, "AAAA").String(),
	} {
		var text string
		ctx := WithTrace(t.Context(), func(check, clause string, err error) {
			text += fmt.Sprintln(check, clause, err)
		})
		_, err := newDecrypter(t, NewSet(octKeyOf(t, 16))).Decrypt(ctx, jwe)
		if heard[text] = true; err != ErrDecryption || len(heard) != 1 ||
			!strings.Contains(text, "decryption") || strings.Contains(text, "canary") {
			t.Errorf("%s: %v, heard\n%s", name, err, text)
		}
	}
}

// Neither is taken for the other.
func TestDecryptNotJWS(t *testing.T) {
	signer, key := newKey(t, slices.Repeat([]byte{2}, 32), KeyOptions{}), octKeyOf(t, 16)
	d := newDecrypter(t, anyKeys{key, signer})
	jws, err := Sign([]byte(secretText), signer, SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantUndecrypted(t, "compact JWS", d, jws, "compact")
	text, err := SignJSON([]byte(secretText), []*Key{signer}, SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantUndecrypted(t, "JSON JWS", d, string(text), "JSON")
	o := VerifyOptions{Algorithms: SignatureAlgorithms()}
	f := wrapped(t, "A128GCM", "")
	for jwe, check := range map[string]string{f.compact(t).String(): "compact",
		f.object(t).String(): "payload", f.object(t).general().String(): "payload"} {
		got, err := VerifySignature(t.Context(), jwe, anyKeys{key, signer}, o)
		if got != nil {
			t.Error("a JWE verified")
		}
		wantCheck(t, jwe, err, check)
	}
}

// nestedFixture returns a Verifier that wants a token inside an encrypted one, its
// decryption key, and a good token.
func nestedFixture(t testing.TB) (v *Verifier, signer, recipient *Key, token string) {
	t.Helper()
	signer, recipient = testEC(t), octKeyOf(t, 16)
	v, err := NewVerifier(VerifierConfig{Keys: NewSet(signer), Algorithms: []string{"ES256"},
		Issuer: "https://issuer.example", Audience: "https://api.example",
		Decrypter: newDecrypter(t, NewSet(recipient))})
	if err != nil {
		t.Fatal(err)
	}
	token, err = Issue(Claims{Issuer: "https://issuer.example", Subject: "canary",
		Audience: []string{"https://api.example"}, ExpiresAt: time.Now().Add(time.Hour)}, signer,
		SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return v, signer, recipient, token
}

func TestNested(t *testing.T) {
	v, signer, recipient, token := nestedFixture(t)
	encrypt := func(key *Key, cty, text string) string {
		jwe, err := Encrypt([]byte(text), key, EncryptOptions{ContentType: cty})
		if err != nil {
			t.Fatal(err)
		}
		return jwe
	}
	for _, cty := range []string{"JWT", "jwt", "application/jwt", "Application/JWT"} {
		got, err := v.Verify(t.Context(), encrypt(recipient, cty, token))
		if err != nil || got.Subject != "canary" {
			t.Errorf("%s: got %v, %v", cty, got, err)
		}
	}
	claims := `{"iss":"https://issuer.example","aud":"https://api.example","exp":9999999999}`
	stranger := newKey(t, make([]byte, 16), KeyOptions{ID: recipient.id})
	forger := newKey(t, slices.Repeat([]byte{3}, 32), KeyOptions{ID: signer.id})
	signed, err := SignJSON([]byte(claims), []*Key{signer}, SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	last := strings.LastIndexByte(token, '.')
	for _, tt := range []struct{ name, text, check string }{
		{"not encrypted", token, "compact"},
		{"without cty", encrypt(recipient, "", token), "cty"},
		{"another cty", encrypt(recipient, "JWE", token), "cty"},
		{"claims that nobody signed", encrypt(recipient, "JWT", claims), "compact"},
		{"an unsecured token", encrypt(recipient, "JWT",
			encode([]byte(`{"alg":"none"}`))+"."+encode([]byte(claims))+"."), "compact"},
		{"alg none", encrypt(recipient, "JWT",
			encode([]byte(`{"alg":"none"}`))+"."+encode([]byte(claims))+".AAAA"), "alg"},
		{"encrypted twice", encrypt(recipient, "JWT", encrypt(recipient, "JWT", token)), "compact"},
		{"signed in JSON", encrypt(recipient, "JWT", string(signed)), "compact"},
		{"signed with another algorithm", encrypt(recipient, "JWT",
			signRaw(t, forger, `{"alg":"HS256"}`, claims)), "alg"},
		{"signature cut off", encrypt(recipient, "JWT", token[:last+1]), "compact"},
		{"signed by a stranger", encrypt(recipient, "JWT", token[:last+1]+encode(make([]byte, 64))),
			"signature"},
		{"for a stranger", encrypt(stranger, "JWT", token), "decryption"},
		{"nothing", encrypt(recipient, "JWT", ""), "compact"},
	} {
		got, err := v.Verify(t.Context(), tt.text)
		if got != nil || err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, %v", tt.name, got, err)
		}
		wantRefusal(t, tt.name, err, tt.check)
	}
	inJSON, err := EncryptJSON([]byte(token), []*Key{recipient}, EncryptOptions{ContentType: "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), string(inJSON))
	wantCheck(t, "encrypted in JSON", err, "compact")
	plain, err := NewVerifier(VerifierConfig{Keys: NewSet(signer), Algorithms: []string{"ES256"},
		Issuer: "https://issuer.example", Audience: "https://api.example"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = plain.Verify(t.Context(), encrypt(recipient, "JWT", token))
	wantCheck(t, "encrypted where it must not be", err, "compact")
}

// RFC 7519, Section 5.3: what the outer header repeats of the claims must be the same.
func TestNestedReplicatedClaims(t *testing.T) {
	v, _, recipient, token := nestedFixture(t)
	for _, tt := range []struct {
		name  string
		value any
		ok    bool
	}{
		{"iss", "https://issuer.example", true},
		{"sub", "canary", true},
		{"aud", "https://api.example", true},
		{"private", "anything", true},
		{"iss", "https://issuer.example/", false},
		{"sub", "Canary", false},
		{"sub", nil, false},
		{"aud", []string{"https://api.example"}, false},
		{"exp", 9999999999, false},
		{"jti", "not inside", false},
	} {
		jwe, err := Encrypt([]byte(token), recipient, EncryptOptions{ContentType: "JWT",
			Header: map[string]any{tt.name: tt.value}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Verify(t.Context(), jwe)
		if tt.ok && err != nil || (got != nil) != tt.ok {
			t.Errorf("%s %v: got %v, %v", tt.name, tt.value, got, err)
		} else if !tt.ok {
			wantCheck(t, tt.name, err, tt.name)
		}
	}
}

// The sizes of both layers are bounded.
func TestNestedSize(t *testing.T) {
	_, signer, recipient, token := nestedFixture(t)
	jwe, err := Encrypt([]byte(token), recipient, EncryptOptions{ContentType: "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		outer, inner int
		ok           bool
	}{
		{len(jwe), len(token), true},
		{len(jwe) - 1, len(token), false},
		{len(jwe), len(token) - 1, false},
	} {
		d, err := NewDecrypter(DecrypterConfig{Keys: NewSet(recipient), Algorithms: []string{"A128KW"},
			Encryptions: []string{"A256GCM"}, MaxSize: tt.outer})
		if err != nil {
			t.Fatal(err)
		}
		v, err := NewVerifier(VerifierConfig{Keys: NewSet(signer), Algorithms: []string{"ES256"},
			Issuer: "https://issuer.example", Audience: "https://api.example", Decrypter: d,
			MaxSize: tt.inner})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(t.Context(), jwe)
		if tt.ok && err != nil {
			t.Error(err)
		} else if !tt.ok {
			wantCheck(t, fmt.Sprint(tt), err, "size")
		}
	}
}

// fuzzDecrypt adds the vectors that are JSON, or those that are compact, and returns a
// decrypter with all their keys, and their plaintexts.
func fuzzDecrypt(f *testing.F, inJSON bool) (*Decrypter, map[string]bool) {
	f.Helper()
	var keys keyring
	plaintexts := map[string]bool{}
	for _, v := range allVectors(f) {
		for _, r := range v.JWE {
			if r.Key == "" || r.Algorithm == "RSA-OAEP" && fips140.Enforced() {
				continue
			}
			keys = append(keys, v.published(f, r.Key))
			plaintexts[string(vectorOctets(f, r.Plaintext))] = true
			if text := vectorText(f, r.JWE); isJSON(text) == inJSON {
				f.Add(text)
			}
		}
	}
	return newDecrypter(f, keys), plaintexts
}

// wantKnown fails if text decrypts to what is no vector's plaintext: it cannot be made
// without a key.
func wantKnown(t *testing.T, d *Decrypter, text string, plaintexts map[string]bool) {
	t.Helper()
	got, err := d.Decrypt(t.Context(), text)
	if (got == nil) == (err == nil) {
		t.Fatalf("got %v, %v", got, err)
	}
	if got == nil {
		return
	}
	if !plaintexts[string(got.Plaintext())] {
		t.Errorf("decrypts to %q", got.Plaintext())
	}
	again, err := EncryptJSON(got.Plaintext(), []*Key{got.Key}, EncryptOptions{
		Algorithm: got.Header.Algorithm, Encryption: got.Header.Encryption,
		AdditionalData: got.AdditionalData})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := d.Decrypt(t.Context(), string(again)); err != nil ||
		string(back.Plaintext()) != string(got.Plaintext()) {
		t.Errorf("encrypted again: got %v, %v", back, err)
	}
}

func FuzzDecrypt(f *testing.F) {
	d, plaintexts := fuzzDecrypt(f, false)
	f.Fuzz(func(t *testing.T, text string) { wantKnown(t, d, text, plaintexts) })
}

func FuzzDecryptJSON(f *testing.F) {
	d, plaintexts := fuzzDecrypt(f, true)
	f.Fuzz(func(t *testing.T, text string) { wantKnown(t, d, text, plaintexts) })
}

func TestNewDecrypterNilBesideError(t *testing.T) {
	d, err := NewDecrypter(DecrypterConfig{Keys: NewSet(), Algorithms: []string{"dir"},
		Encryptions: []string{"A128GCM"}, Critical: []string{"zip"}})
	wantCheck(t, "critical", err, "crit")
	if d != nil {
		t.Error("a Decrypter beside an error")
	}
}

func TestDecryptNilKey(t *testing.T) {
	jwe := wrapped(t, "A128GCM", "").compact(t).String()
	wantUndecrypted(t, "nil key", newDecrypter(t, anyKeys{nil}), jwe, "decryption")
	wantPlaintext(t, "nil key first", newDecrypter(t, anyKeys{nil, octKeyOf(t, 16)}), jwe)
	wantPlaintext(t, "nil key in a set", newDecrypter(t, NewSet(nil, octKeyOf(t, 16))), jwe)
}

// RFC 7516, Section 7.2.1: enc is the same for all recipients.
func TestDecryptOneEncryption(t *testing.T) {
	f := wrapped(t, "A128GCM", "")
	f.header = `{"alg":"A128KW"}`
	o := f.object(t)
	delete(o, "encrypted_key")
	key := encode(f.encryptedKey)
	o["recipients"] = []any{object{"header": object{"enc": "A256GCM"}, "encrypted_key": key},
		object{"header": object{"enc": "A128GCM"}, "encrypted_key": key}}
	wantUndecrypted(t, "two", newDecrypter(t, NewSet(octKeyOf(t, 16))), o.String(), "enc")
}

// Nothing is encrypted that this package itself refuses.
func TestEncryptWhatDecrypts(t *testing.T) {
	for name, o := range map[string]EncryptOptions{
		"long typ":    {Type: strings.Repeat("x", 257)},
		"long cty":    {ContentType: strings.Repeat("x", 257)},
		"folded name": {Header: map[string]any{"ALG": "x"}},
		"not UTF-8":   {Header: map[string]any{"\xff": 1, "\xfe": 1}},
	} {
		wantCheck(t, name, encryptError(t, octKeyOf(t, 16), o), "header")
	}
	header := map[string]any{"x": 1, "": 2}
	for _, critical := range [][]string{{"x", "x"}, {""}, {"y"}} {
		wantCheck(t, "critical", encryptError(t, octKeyOf(t, 16),
			EncryptOptions{Header: header, Critical: critical}), "crit")
	}
}

// For several keys the default is an algorithm that encrypts a key.
func TestEncryptJSONDefaults(t *testing.T) {
	keys := encryptionKeys(t)[:2] // RSA and P-256
	if err := encryptJSONError(t, keys, EncryptOptions{}); err != nil {
		t.Error(err)
	}
}

// A device that exchanges on P-256 serves ECDH-ES.
func TestDecryptInExchangeDevice(t *testing.T) {
	ec := exchangeKeys(t)[0].private().(*ecdsa.PrivateKey)
	private, err := ec.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	if _, err := NewKey(xDevice{private, ecdh.P256(), &asked}, KeyOptions{}); err != nil {
		t.Error(err)
	}
}

// The source's error is not taken for a failed decryption.
func TestDecryptKeySourceOfSeveral(t *testing.T) {
	f := wrapped(t, "A128GCM", "")
	o := f.object(t).general()
	two := maps.Clone(o)
	two["recipients"] = append(o["recipients"].([]any), o["recipients"].([]any)...)
	failed := errors.New("no answer")
	if _, err := newDecrypter(t, &countingSource{err: failed}).Decrypt(t.Context(),
		two.String()); err != failed {
		t.Errorf("got %v", err)
	}
}

// An empty apu is one of no octets (ECDH-ES; RFC 7518, Section 4.6.1.2).
func TestEmptyPartyInfo(t *testing.T) {
	a := newAgreement(t, exchangeKeys(t)[0])
	wantPlaintext(t, "empty apu", newDecrypter(t, NewSet(a.static)), a.compact(t, a.z(t), "", "",
		`,"epk":`+object(a.epk).String()+`,"apu":""`))
}

// The plaintext of a JWE does not print.
func TestJWEPrints(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	jwe, err := d.Decrypt(t.Context(), wrapped(t, "A128GCM", "").compact(t).String())
	if err != nil {
		t.Fatal(err)
	}
	if string(jwe.Plaintext()) != secretText || (&JWE{}).Plaintext() != nil {
		t.Errorf("got %q", jwe.Plaintext())
	}
	for _, v := range []any{jwe, *jwe, struct{ j *JWE }{jwe}, struct{ j JWE }{*jwe}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "canary:") || strings.Contains(got, "63616e6172793a") ||
				strings.Contains(got, "99 97 110 97 114 121 58") {
				t.Errorf("%s: %s", verb, got)
			}
		}
	}
}

// RFC 7516, Section 7.2.1: no empty protected header, and names in their own case.
func TestDecryptJSONMembers(t *testing.T) {
	d := newDecrypter(t, NewSet(octKeyOf(t, 16)))
	f := wrapped(t, "A128GCM", "")
	wantUndecrypted(t, "protected empty", d,
		withMembers(t, f, object{"protected": ""}).String(), "JSON")
	o := f.object(t)
	delete(o, "encrypted_key")
	o["recipients"] = []any{object{"encrypted_key": encode(f.encryptedKey), "Header": object{}}}
	wantUndecrypted(t, "Header", d, o.String(), "recipients")
}
