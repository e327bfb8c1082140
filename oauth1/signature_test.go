package oauth1

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func parseURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// failsWith fails unless err is the failure of the named check under the clause.
func failsWith(t *testing.T, err error, check, clause string) {
	t.Helper()
	e, ok := errors.AsType[*CheckError](err)
	if !ok || !errors.Is(err, &CheckError{Check: check}) || e.Clause != clause {
		t.Errorf("got error %v, want one of check %s (%s)", err, check, clause)
	}
}

// wikiKey is the key of the OAuth wiki's test cases, of 1024 bits.
var wikiKey = sync.OnceValue(func() *rsa.PrivateKey {
	block, _ := pem.Decode([]byte(readVectorFile("oauth1").Keys["OAuth wiki"]))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	return key.(*rsa.PrivateKey)
})

// A keyInHSM is a private key that is no *rsa.PrivateKey.
type keyInHSM struct {
	crypto.Signer
	err error
}

func (k keyInHSM) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.err != nil {
		return nil, k.err
	}
	return k.Signer.Sign(r, digest, opts)
}

// A publicHalf has a public key and cannot sign.
type publicHalf struct{ key crypto.PublicKey }

func (p publicHalf) Public() crypto.PublicKey { return p.key }

func (p publicHalf) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	panic("not reached")
}

// modulusOf returns a public key of so many bits, which nothing is signed with.
func modulusOf(bits int) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int), bits-1, 1), E: 65537}
}

// Of the base string "bs" and the secrets "cs" and "ts", or the wiki's key. OpenSSL
// makes the same.
var signTests = []struct {
	method SignatureMethod
	want   string
}{
	{HMACSHA1, "VZVjXceV7JgPq/dOTnNmEfO0Fv8="},
	{HMACSHA256, "9HGKdfyP38c9+AtaEhdNhLubhigOrxSw0l46B8qgPso="},
	{HMACSHA512, "T04jxnLJa37K7D+1pmSTcwVgnXh30AdlY2VzylkE2/a1Avr2euTui60gFLZIxFm13NNTa/TtP+x9PT" +
		"Hi4DHyrg=="},
	{RSASHA1, "guOBIdus7wpsSR5hDxR5H5BREasDTnYKsG3s8gq0VcIKSBDldMBu4TbZdthOndmw1Q7vRw8gpyZ1M/is" +
		"lwwSuXiWCAMuUnpfpzqXrI1XlVjZLk4jyNFi0paZm4ZPh4123rcA34WouHlPnyTuaD7YuI9ZFkrkMyBSnPJrr2Uf" +
		"lVo="},
	{RSASHA256, "idAMJwOjaWURz/ApmRV6iwkOjEt6loAM/Ygv6ehfYTolsxRCnj14JlA2Q5QrWbVsvpMKxQ+6cRojUM8a" +
		"JK9d7YheD7r7owGhCKOZMRk44e7fItv9M4rleNHKvmX6wmiHV8hv/A0QVKmIN0d9zWcTtP0ocGDiJYXg+lwMfGJx" +
		"2Ec="},
	{RSASHA512, "IkIKSKODjL3F+7Sxvgko2Phj0TqUsb4bPUJxyAwX6zUQIosNb+XxKeIzw5cJfcPd+0uwqh3joDRSlm7d" +
		"34OLuglNUaZda/+APU0aInAIBhtAHDp7voT9VcgFvhG9bCULEKm5o+CMJX83Hupd8116aZijV25KalFjtAIy6qaL" +
		"P/k="},
	{Plaintext, "cs&ts"},
}

func signKey(m SignatureMethod) Key {
	if m.isRSA() {
		return Key{PrivateKey: wikiKey(), PublicKey: &wikiKey().PublicKey}
	}
	return Key{ClientSecret: "cs", TokenSecret: "ts"}
}

func TestSign(t *testing.T) {
	for _, tt := range signTests {
		t.Run(string(tt.method), func(t *testing.T) {
			got, err := Sign(tt.method, "bs", signKey(tt.method))
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

// RFC 5849, Sections 3.4.2 and 3.4.4: each secret is encoded, and the ampersand is
// there even if both are empty.
func TestSignPlaintext(t *testing.T) {
	for _, tt := range []struct{ name, client, token, want string }{
		{"case 22", "s&x", "ü", "s%26x&%C3%BC"},
		{"no token secret", "cs", "", "cs&"},
		{"no client secret", "", "ts", "&ts"},
		{"neither", "", "", "&"},
		{"base64", "a+/=", "~", "a%2B%2F%3D&~"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Sign(Plaintext, "bs", Key{ClientSecret: tt.client, TokenSecret: tt.token})
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestSignWithAKeyElsewhere(t *testing.T) {
	for _, tt := range signTests[3:6] {
		got, err := Sign(tt.method, "bs", Key{PrivateKey: keyInHSM{Signer: wikiKey()}})
		if err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v", tt.method, got, err)
		}
	}
}

func TestSignWrapsTheErrorOfAKey(t *testing.T) {
	broken := errors.New("unplugged")
	got, err := Sign(RSASHA256, "bs", Key{PrivateKey: keyInHSM{wikiKey(), broken}})
	if got != "" || !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "oauth1: ") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSignRefuses(t *testing.T) {
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const methods, keys = "RFC 5849, Section 3.4", "RFC 5849, Section 3.4.3"
	secret := Key{ClientSecret: "cs", TokenSecret: "ts"}
	for _, tt := range []struct {
		name          string
		method        SignatureMethod
		key           Key
		check, clause string
	}{
		{"no method", "", secret, "signature_method", methods},
		{"method of others", "HMAC-MD5", secret, "signature_method", methods},
		{"method in lower case", "hmac-sha1", secret, "signature_method", methods},
		{"no key", RSASHA256, secret, "private_key", keys},
		{"elliptic curve", RSASHA1, Key{PrivateKey: elliptic}, "private_key", keys},
		{"no public key", RSASHA512, Key{PrivateKey: publicHalf{}}, "private_key", keys},
		{"no modulus", RSASHA256, Key{PrivateKey: publicHalf{&rsa.PublicKey{}}},
			"private_key", keys},
		{"public key that is nil", RSASHA256, Key{PrivateKey: publicHalf{(*rsa.PublicKey)(nil)}},
			"private_key", keys},
		{"1023 bits", RSASHA256, Key{PrivateKey: publicHalf{modulusOf(1023)}},
			"private_key", keys},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Sign(tt.method, "bs", tt.key)
			failsWith(t, err, tt.check, tt.clause)
			if got != "" {
				t.Errorf("signed: %s", got)
			}
		})
	}
}

func TestKeyOfFewestBits(t *testing.T) {
	if err := checkPublicKey("key", modulusOf(minRSABits)); err != nil || minRSABits != 1024 {
		t.Errorf("%d bits: %v", minRSABits, err)
	}
}

// In FIPS 140-only mode crypto/hmac would panic. Only a new process can enter it.
func TestFIPSSign(t *testing.T) {
	if fips140.Enforced() {
		signInFIPSMode(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFIPSSign$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no processes here: set GODEBUG=fips140=only and run the test again")
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestFIPSSign") {
		t.Errorf("%v\n%s", err, out)
	}
}

func signInFIPSMode(t *testing.T) {
	const clause = "RFC 5849, Section 3.4"
	key := Key{ClientSecret: "123456", TokenSecret: "1234567"} // with the ampersand 14
	for _, m := range []SignatureMethod{HMACSHA1, RSASHA1} {
		_, err := Sign(m, "bs", key)
		failsWith(t, err, "signature_method", clause)
		ok, err := m.verify("bs", "x", key)
		failsWith(t, err, "signature_method", clause)
		if ok {
			t.Errorf("%s verified", m)
		}
	}
	for _, m := range []SignatureMethod{HMACSHA256, HMACSHA512, Plaintext} {
		if _, err := Sign(m, "bs", key); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
	key.TokenSecret = "123456"
	_, err := Sign(HMACSHA256, "bs", key)
	failsWith(t, err, "signing_key", "NIST SP 800-131A, Section 10")
	c := signerConfig()
	c.Secret = "123456"
	s, err := newClient(t, c).Signer(newToken(Record{Token: "token", Secret: "123456"}))
	failsWith(t, err, "signing_key", "NIST SP 800-131A, Section 10")
	if s != nil {
		t.Error("a signer beside the error")
	}
	if _, err := Sign(Plaintext, "bs", Key{}); err != nil {
		t.Errorf("PLAINTEXT: %v", err)
	}
}

// A keyed hash is used again, and by one goroutine at a time.
func TestSignFuncIsSafeForConcurrentUse(t *testing.T) {
	for _, tt := range signTests {
		sign, err := tt.method.signer(signKey(tt.method))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					if got, err := sign([]byte("bs")); err != nil || got != tt.want {
						t.Errorf("%s: got %s, %v", tt.method, got, err)
					}
				}
			})
		}
		wg.Wait()
	}
}

// Another text before, a longer one and one that failed: nothing of it stays.
func TestSignFuncForgets(t *testing.T) {
	sign, err := HMACSHA1.signer(Key{ClientSecret: "cs", TokenSecret: "ts"})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"", "x", strings.Repeat("long", 100)} {
		sign([]byte(other))
		if got, err := sign([]byte("bs")); err != nil || got != signTests[0].want {
			t.Errorf("after %q: got %s, %v", other, got, err)
		}
	}
}

func TestVerifySignature(t *testing.T) {
	for _, tt := range signTests {
		t.Run(string(tt.method), func(t *testing.T) {
			wrong := []byte(tt.want)
			wrong[0]++
			for _, v := range []struct {
				name, base, signature string
				want                  bool
			}{
				{"right", "bs", tt.want, true},
				{"other signature", "bs", string(wrong), false},
				{"signature in upper case", "bs", strings.ToUpper(tt.want), false},
				{"shorter", "bs", tt.want[:len(tt.want)-1], false},
				{"longer", "bs", tt.want + "=", false},
				{"no signature", "bs", "", false},
				{"other text", "bt", tt.want, tt.method == Plaintext},
			} {
				ok, err := tt.method.verify(v.base, v.signature, signKey(tt.method))
				if ok != v.want || err != nil {
					t.Errorf("%s: got %t, %v", v.name, ok, err)
				}
			}
		})
	}
}

// One signature, one text: what decodes to the same octets is not the same.
func TestVerifyTakesOneBase64Alone(t *testing.T) {
	right := signTests[4].want
	half := len(right) / 2
	for name, signature := range map[string]string{
		"line break":     right[:half] + "\r\n" + right[half:],
		"trailing break": right + "\n",
		"no padding":     strings.TrimRight(right, "="),
		"spare bits":     strings.TrimSuffix(right, "c=") + "d=",
		"URL alphabet":   strings.ReplaceAll(right, "/", "_"),
		"percent-coded":  escape(right),
	} {
		ok, err := RSASHA256.verify("bs", signature, signKey(RSASHA256))
		if ok || err != nil {
			t.Errorf("%s: got %t, %v", name, ok, err)
		}
	}
}

func TestVerifyRefusesKeys(t *testing.T) {
	const methods, keys = "RFC 5849, Section 3.4", "RFC 5849, Section 3.4.3"
	public := &wikiKey().PublicKey
	for _, tt := range []struct {
		name          string
		method        SignatureMethod
		key           Key
		check, clause string
	}{
		{"no secrets", HMACSHA256, Key{}, "key", methods},
		{"no secrets, PLAINTEXT", Plaintext, Key{}, "key", methods},
		{"public key for HMAC", HMACSHA1, Key{PublicKey: public}, "key", methods},
		{"public key and secret for HMAC", HMACSHA1, Key{PublicKey: public, ClientSecret: "cs"},
			"key", methods},
		{"public key for PLAINTEXT", Plaintext, Key{PublicKey: public, TokenSecret: "ts"},
			"key", methods},
		{"secret for RSA", RSASHA1, Key{ClientSecret: "cs"}, "key", keys},
		{"private key for RSA", RSASHA1, Key{PrivateKey: wikiKey()}, "key", keys},
		{"small key", RSASHA1, Key{PublicKey: modulusOf(1023)}, "key", keys},
		{"no modulus", RSASHA512, Key{PublicKey: &rsa.PublicKey{}}, "key", keys},
		{"unknown method", "HMAC-MD5", Key{ClientSecret: "cs"}, "signature_method", methods},
		{"no method", "", Key{ClientSecret: "cs"}, "signature_method", methods},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, signature := range []string{"cs&", ""} {
				ok, err := tt.method.verify("bs", signature, tt.key)
				failsWith(t, err, tt.check, tt.clause)
				if ok {
					t.Errorf("%q verified", signature)
				}
			}
		})
	}
}

// One secret is enough: of zero-legged clients either may be empty.
func TestVerifyWithOneSecret(t *testing.T) {
	for _, key := range []Key{{ClientSecret: "cs"}, {TokenSecret: "ts"}} {
		if ok, err := Plaintext.verify("", key.secrets(), key); !ok || err != nil {
			t.Errorf("got %t, %v", ok, err)
		}
	}
}

func TestKeyDoesNotShow(t *testing.T) {
	key := Key{canary, canary, keyInHSM{Signer: wikiKey(), err: errors.New(canary)}, nil}
	mustNotShow(t, "Key", key)
	mustNotShow(t, "*Key", &key)
	mustNotShow(t, "Key in a struct", struct{ K Key }{key})
	if got := fmt.Sprint(key); got != "oauth1.Key{...}" {
		t.Errorf("printed as %s", got)
	}
	if got, err := json.Marshal(key); err != nil || string(got) != `"oauth1.Key{...}"` {
		t.Errorf("as JSON %s, %v", got, err)
	}
}

// Names that others compare with.
func TestNames(t *testing.T) {
	for got, want := range map[any]string{
		HMACSHA1: "HMAC-SHA1", HMACSHA256: "HMAC-SHA256", HMACSHA512: "HMAC-SHA512",
		RSASHA1: "RSA-SHA1", RSASHA256: "RSA-SHA256", RSASHA512: "RSA-SHA512",
		Plaintext:       "PLAINTEXT", // RFC 5849, Section 3.4
		PlacementHeader: "HEADER", PlacementBody: "BODY", PlacementQuery: "QUERY",
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSignWithANilKey(t *testing.T) {
	var none *rsa.PrivateKey
	for _, key := range []crypto.Signer{nil, none} {
		_, err := Sign(RSASHA256, "base", Key{PrivateKey: key})
		if !errors.Is(err, &CheckError{Check: "private_key"}) {
			t.Errorf("%T: got %v", key, err)
		}
	}
}
