package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// wantCheck fails unless err is the CheckError of check.
func wantCheck(t *testing.T, name string, err error, check string) {
	t.Helper()
	if !errors.Is(err, &CheckError{Check: check}) {
		t.Errorf("%s: got %v, want %s", name, err, check)
	}
}

func TestParseCompactRefuses(t *testing.T) {
	good := signRaw(t, ecKey(t), `{"alg":"ES256","kid":"ec"}`, `{}`)
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	for _, tt := range []struct{ name, compact, check string }{
		{"nothing", "", "compact"},
		{"null", "null", "compact"},
		{"a word", "token", "compact"},
		{"one dot", header + "." + signature, "compact"},
		{"only a dot", ".", "compact"},
		{"only two dots", "..", "compact"},
		{"only three dots", "...", "compact"},
		{"two parts and a dot", header + "." + payload + ".", "compact"},
		{"four parts", good + "." + signature, "compact"},
		{"a dot behind", good + ".", "compact"},
		{"a dot before", "." + good, "compact"},
		{"five parts, as JWE has", good + "." + payload + "." + signature, "compact"},
		{"a million dots", strings.Repeat(".", 1_000_000), "size"},
		{"as many dots as may be", strings.Repeat(".", MaxSize), "compact"},
		{"a byte too long", header + "." + strings.Repeat("A", MaxSize-len(header)-2) + ".AA",
			"size"},
		{"long signature", header + "." + payload + "." + strings.Repeat("A", MaxSize), "size"},

		{"no header", "." + payload + "." + signature, "header"},
		{"no signature", header + "." + payload + ".", "compact"},
		{"JSON, flattened", `{"protected":"` + header + `","payload":"` + payload +
			`","signature":"` +
			signature + `"}`, "compact"},
		{"JSON, general", `{"payload":"` + payload + `","signatures":[{"protected":"` + header +
			`","signature":"` + signature + `"}]}`, "compact"},
		{"JSON around a compact token", `{"` + good + `":"","protected":"` + header + `"}`,
			"compact"},
		{"quoted", `"` + good + `"`, "compact"},
		{"Bearer", "Bearer " + good, "compact"},

		{"line feed behind", good + "\n", "compact"},
		{"end of line behind", good + "\r\n", "compact"},
		{"space before", " " + good, "compact"},
		{"header padded", header + "=." + payload + "." + signature, "compact"},
		{"signature padded", good + "==", "compact"},
		{"end of line in the header", header[:4] + "\r\n" + header[4:] + "." + rest, "compact"},
		{"line feed in the signature", good[:len(good)-4] + "\n" + good[len(good)-4:], "compact"},
		{"byte order mark", "\ufeff" + good, "compact"},
	} {
		j, err := parseCompact(tt.compact)
		wantCheck(t, tt.name, err, tt.check)
		if j.header != (Header{}) || j.signingInput != "" || j.signature != nil {
			t.Errorf("%s: got %+v beside an error", tt.name, j)
		}
	}
}

// The other spellings of the bits that base64 leaves over in the last character.
func TestParseCompactStrayBits(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	good := signRaw(t, ecKey(t), `{"alg":"ES256" }`, `{}`)
	for _, at := range []int{strings.IndexByte(good, '.') - 1, len(good) - 1} {
		bits := strings.IndexByte(alphabet, good[at])
		for stray := 1; stray < 4; stray++ {
			other := good[:at] + string(alphabet[bits|stray]) + good[at+1:]
			if other != good {
				_, err := parseCompact(other)
				wantCheck(t, fmt.Sprintf("character %d as %c", at, other[at]), err, "compact")
			}
		}
	}
}

func TestParseCompactSize(t *testing.T) {
	header := encode([]byte(`{"alg":"ES256"}`))
	longest := header + "." + strings.Repeat("A", MaxSize-len(header)-4) + ".AA"
	if len(longest) != 16<<10 {
		t.Fatalf("%d bytes", len(longest))
	}
	if _, err := parseCompact(longest); err != nil {
		t.Error(err)
	}
	// A payload may be empty, a signature not.
	if _, err := parseCompact(header + "..AA"); err != nil {
		t.Error(err)
	}
}

func TestParseHeader(t *testing.T) {
	long := strings.Repeat("a", 256)
	for _, tt := range []struct {
		text  string
		want  Header
		check string
	}{
		{`{"alg":"ES256","kid":"k","typ":"JWT"}`, Header{"ES256", "k", "JWT"}, ""},
		{`{ "typ" : "JWT" , "alg" : "ES256" }`, Header{Algorithm: "ES256", Type: "JWT"}, ""},
		{`{}`, Header{}, ""},
		{`{"a\u006cg":"ES256"}`, Header{Algorithm: "ES256"}, ""},
		{`{"alg":"ES256","cty":"JWT","x5t":"a","x5t#S256":1,"nonce":{},"":0}`,
			Header{Algorithm: "ES256"}, ""},
		{`{"alg":"ES256","jwk":{"kty":"EC"},"jku":"http://attacker.example","x5u":1,"x5c":[]}`,
			Header{Algorithm: "ES256"}, ""},
		{`{"alg":"` + long + `","kid":"` + long + `","typ":"` + long + `"}`,
			Header{long, long, long}, ""},

		{`{"alg":"` + long + `a"}`, Header{}, "header"},
		{`{"kid":"` + long + `a"}`, Header{}, "header"},
		{`{"typ":"` + long + `a"}`, Header{}, "header"},
		{`{"alg":null}`, Header{}, "header"},
		{`{"alg":256}`, Header{}, "header"},
		{`{"alg":["ES256"]}`, Header{}, "header"},
		{`{"alg":{"ES256":1}}`, Header{}, "header"},
		{`{"kid":null}`, Header{}, "header"},
		{`{"kid":1}`, Header{}, "header"},
		{`{"kid":["a"]}`, Header{}, "header"},
		{`{"typ":null}`, Header{}, "header"},
		{`{"typ":true}`, Header{}, "header"},

		{`{"alg":"none","alg":"ES256"}`, Header{}, "header"},
		{`{"alg":"ES256","a\u006cg":"none"}`, Header{}, "header"},
		{`{"alg":"ES256","x":1,"x":2}`, Header{}, "header"},
		{`{"alg":"ES256","jwk":{"kty":"EC","kty":"RSA"}}`, Header{}, "header"},
		{`{"alg":"ES256","ALG":"none"}`, Header{}, "header"},
		{`{"Alg":"ES256"}`, Header{}, "header"},
		{`{"KID":"a"}`, Header{}, "header"},
		{"{\"\u212aid\":\"a\"}", Header{}, "header"},
		{`{"Typ":"JWT"}`, Header{}, "header"},
		{`{"Crit":["x"],"x":1}`, Header{}, "header"},
		{`{"B64":false}`, Header{}, "header"},
		{`{"JWK":{}}`, Header{}, "header"},
		{`{"JKU":1}`, Header{}, "header"},
		{`{"X5U":1}`, Header{}, "header"},
		{`{"X5C":1}`, Header{}, "header"},
		{`{"X5T":1}`, Header{}, "header"},
		{`{"x5t#s256":1}`, Header{}, "header"},
		{`{"Cty":1}`, Header{}, "header"},
		{`{"alg":"ES256"}x`, Header{}, "header"},
		{`{"alg":"ES256"}{}`, Header{}, "header"},
		{"\ufeff" + `{"alg":"ES256"}`, Header{}, "header"},
		{"{\"alg\":\"ES256\xff\"}", Header{}, "header"},
		{`{"alg":"\ud800"}`, Header{}, "header"},
		{`{"alg":"ES256"`, Header{}, "header"},
		{`[{"alg":"ES256"}]`, Header{}, "header"},
		{`"ES256"`, Header{}, "header"},
		{`null`, Header{}, "header"},
		{`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, Header{}, "header"},

		{`{"alg":"ES256","crit":["x"],"x":1}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":["x"]}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":[]}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":["alg"]}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":["exp"],"exp":1}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":["b64"],"b64":true}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":["b64"],"b64":false}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":["x","x"],"x":1}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":"x","x":1}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":null}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":false}`, Header{}, "crit"},
		{`{"alg":"ES256","crit":{}}`, Header{}, "crit"},
		{`{"alg":"ES256","b64":false}`, Header{}, "crit"},
		{`{"alg":"ES256","b64":true}`, Header{}, "crit"},
		{`{"alg":"ES256","b64":"false"}`, Header{}, "crit"},
	} {
		h, err := parseHeader([]byte(tt.text))
		if h != tt.want {
			t.Errorf("%s: got %+v", tt.text, h)
		}
		if tt.check != "" {
			wantCheck(t, tt.text, err, tt.check)
		} else if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

func TestPeek(t *testing.T) {
	compact := encode([]byte(`{"alg":"none","kid":"k","typ":"JWT"}`)) + ".AAAA.AAAA"
	if h, err := Peek(compact); err != nil || h != (UnverifiedHeader{"none", "k", "JWT"}) {
		t.Errorf("got %+v, %v", h, err)
	}
	for compact, check := range map[string]string{
		"":   "compact",
		"..": "compact",
		encode([]byte(`{"alg":"none","crit":["x"]}`)) + ".AAAA.AAAA": "crit",
		strings.Repeat(".", MaxSize+1):                               "size",
	} {
		h, err := Peek(compact)
		wantCheck(t, compact[:min(len(compact), 20)], err, check)
		if h != (UnverifiedHeader{}) {
			t.Errorf("got %+v beside an error", h)
		}
	}
}

// A set of many keys cannot be made to cost much by leaving out the key ID.
func TestVerifyTriesEight(t *testing.T) {
	signer := ecKey(t)
	other, err := GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	j, err := parseCompact(signRaw(t, signer, `{"alg":"ES256"}`, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]bool{0: true, 7: true, 8: false} {
		keys := make([]*Key, 9)
		for i := range keys {
			keys[i] = other
		}
		keys[at] = signer
		if got := j.verify(keys); got != want {
			t.Errorf("key %d: got %v", at, got)
		}
	}
	if j.verify(nil) {
		t.Error("verifies without a key")
	}
}

// A key serves its own algorithm whoever hands it over.
func TestVerifyBinding(t *testing.T) {
	compact := signRaw(t, ecKey(t), `{"alg":"ES256"}`, `{}`)
	j, err := parseCompact(compact)
	if err != nil || !j.verify([]*Key{rsaKey(t), ecKey(t)}) {
		t.Errorf("does not verify: %v", err)
	}
	if j.verify([]*Key{rsaKey(t)}) {
		t.Error("an RSA key served ES256")
	}
	for _, name := range []string{"none", "HS256", "RS256", ""} {
		j.header.Algorithm = name
		if j.verify([]*Key{ecKey(t), rsaKey(t)}) {
			t.Errorf("verifies as %q", name)
		}
	}
}

func TestSign(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    *Key
		o      SignOptions
		header string
	}{
		{"zero options", rsaKey(t), SignOptions{}, `{"alg":"RS256","kid":"rsa"}`},
		{"everything", ecKey(t), SignOptions{"ES256", "at+jwt"},
			`{"alg":"ES256","kid":"ec","typ":"at+jwt"}`},
		{"no ID", newKey(t, ecPrivate(t), KeyOptions{}), SignOptions{Type: "JWT"},
			`{"alg":"ES256","typ":"JWT"}`},
		{"ID that would break out", newKey(t, ecPrivate(t), KeyOptions{ID: `","alg":"none`}),
			SignOptions{},
			`{"alg":"ES256","kid":"\",\"alg\":\"none"}`},
	} {
		compact, err := Sign([]byte("payload\x00"), tt.key, tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		want := encode([]byte(tt.header)) + "." + encode([]byte("payload\x00")) + "."
		if !strings.HasPrefix(compact, want) {
			t.Errorf("%s: got %s, want %s", tt.name, compact, want)
		}
		if j, err := parseCompact(compact); err != nil || !j.verify([]*Key{tt.key}) {
			t.Errorf("%s: does not verify: %v", tt.name, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  *Key
		o    SignOptions
		want string
	}{
		{"public key", newKey(t, &ecPrivate(t).PublicKey, KeyOptions{}), SignOptions{},
			"jose: key cannot sign"},
		{"another's algorithm", ecKey(t), SignOptions{Algorithm: "RS256"},
			"jose: key does not serve the algorithm"},
		{"none", ecKey(t), SignOptions{Algorithm: "none"},
			"jose: key does not serve the algorithm"},
		{"HS256", rsaKey(t), SignOptions{Algorithm: "HS256"},
			"jose: key does not serve the algorithm"},
	} {
		compact, err := Sign([]byte("payload"), tt.key, tt.o)
		if compact != "" || err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %q, %v", tt.name, compact, err)
		}
	}
}

// Two spellings of one message would let a replay cache, a revocation list or a
// log be walked around, so whatever parses prints back to itself; and whatever
// verifies here verifies with the standard library alone.
func FuzzCompact(f *testing.F) {
	keys := map[string]*Key{"RS256": rsaKey(f), "ES256": ecKey(f)}
	for _, name := range []string{"rfc7515-a2", "rfc7515-a3"} {
		f.Add(readVector(f, name).JWS)
	}
	f.Add(signRaw(f, keys["ES256"], `{"alg":"ES256","kid":"ec","typ":"JWT"}`, ""))
	f.Add("..")
	f.Add(`{"payload":"","signature":""}`)
	f.Fuzz(func(t *testing.T, in string) {
		j, err := parseCompact(in)
		if err != nil {
			return
		}
		parts := strings.Split(in, ".")
		header, err := base64.RawURLEncoding.DecodeString(parts[0])
		if err != nil {
			t.Fatal(err)
		}
		out := base64.RawURLEncoding.EncodeToString(header) + "." + j.payload + "." +
			encode(j.signature)
		if out != in || j.signingInput != parts[0]+"."+parts[1] {
			t.Fatalf("parsed %q, printed %q", in, out)
		}
		key := keys[j.header.Algorithm]
		if got := key != nil && j.verify([]*Key{key}); got != independently(key, j) {
			t.Fatalf("%q: verifies %v", in, got)
		}
		parseClaims(j)
	})
}

// independently verifies j with the standard library alone.
func independently(key *Key, j jws) bool {
	if key == nil {
		return false
	}
	sum := sha256.Sum256([]byte(j.signingInput))
	switch pub := key.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], j.signature) == nil
	case *ecdsa.PublicKey:
		half := len(j.signature) / 2
		r, s := new(big.Int).SetBytes(j.signature[:half]), new(big.Int).SetBytes(j.signature[half:])
		return half == 32 && len(j.signature) == 64 && ecdsa.Verify(pub, sum[:], r, s)
	}
	return false
}

// The errors as a user reads them.
func TestParseCompactErrors(t *testing.T) {
	for compact, want := range map[string]string{
		strings.Repeat("a", MaxSize+1): "size must be at most 16 KiB (RFC 7515, Section 7.1)",
		"a.b":                          "compact must have three parts (RFC 7515, Section 7.1)",
		"a..": "compact must be base64url of one spelling and have a signature" +
			" (RFC 7515, Section 7.1)",
		"e30x..AA": "header must be one strict JSON object (RFC 7515, Section 4.1)",
		encode([]byte(`{"alg":1}`)) + "..AA": "header must have alg, kid and typ as short strings" +
			" (RFC 7515, Section 4.1)",
		encode([]byte(`{"crit":1}`)) + "..AA": "crit must name no extension: none is implemented" +
			" (RFC 7515, Section 4.1.11)",
	} {
		if _, err := parseCompact(compact); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
