package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// The tests sign with the keys that the RFCs publish, so that all they make can be
// made again: RS256, HS256 and EdDSA signatures even byte for byte.

func readJSON(t testing.TB, file string, to any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// publishedKey returns the JWK of a vector file under a name.
func publishedKey(t testing.TB, rfc, name string) []byte {
	t.Helper()
	var file struct{ Keys map[string]json.RawMessage }
	raw, err := os.ReadFile("../testdata/vectors/" + rfc + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Keys[name]
}

func parsePrivate(t testing.TB, jwk []byte) *Key {
	t.Helper()
	k, err := ParsePrivateKey(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaPrivate(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	return parsePrivate(t, publishedKey(t, "rfc7515", "A.2")).private().(*rsa.PrivateKey)
}

func ecPrivate(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	return parsePrivate(t, publishedKey(t, "rfc7515", "A.3")).private().(*ecdsa.PrivateKey)
}

func newKey(t testing.TB, key any, o KeyOptions) *Key {
	t.Helper()
	k, err := NewKey(key, o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// testRSA and testEC are the signing keys of RFC 7515, Appendix A.2 and A.3, for
// RS256 and ES256, with an ID.
func testRSA(t testing.TB) *Key {
	return newKey(t, rsaPrivate(t), KeyOptions{ID: "rsa", Algorithm: "RS256"})
}

func testEC(t testing.TB) *Key {
	return newKey(t, ecPrivate(t), KeyOptions{ID: "ec", Algorithm: "ES256"})
}

// signRaw signs header and payload as they stand, whatever they are.
func signRaw(t testing.TB, key *Key, header, payload string) string {
	t.Helper()
	return signInput(t, key, encode([]byte(header))+"."+encode([]byte(payload)))
}

func signInput(t testing.TB, key *Key, input string) string {
	t.Helper()
	alg, _ := findSignatureAlgorithm(key.algorithms[0])
	sig, err := alg.sign(key, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + encode(sig)
}

// wantCheck fails unless err is the CheckError of check.
func wantCheck(t testing.TB, name string, err error, check string) {
	t.Helper()
	if !errors.Is(err, &CheckError{Check: check}) {
		t.Errorf("%s: got %v, want %s", name, err, check)
	}
}
