package jose

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"os"
	"testing"
	"time"
)

// The tests sign with the keys that RFC 7515 publishes, so that all they make can
// be made again: RS256 signatures even byte for byte.

type vector struct {
	Source string
	Key    map[string]string
	JWS    string
	JWKS   json.RawMessage
}

func readVector(t testing.TB, name string) vector {
	t.Helper()
	var v vector
	readJSON(t, "../testdata/vectors/"+name+".json", &v)
	return v
}

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

func (v vector) number(name string) *big.Int {
	b, _ := decode(v.Key[name])
	return new(big.Int).SetBytes(b)
}

func rsaPrivate(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	v := readVector(t, "rfc7515-a2")
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: v.number("n"), E: int(v.number("e").Int64())},
		D:         v.number("d"),
		Primes:    []*big.Int{v.number("p"), v.number("q")},
	}
	k.Precompute()
	if err := k.Validate(); err != nil {
		t.Fatal(err)
	}
	return k
}

func ecPrivate(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	d, _ := decode(readVector(t, "rfc7515-a3").Key["d"])
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newKey(t testing.TB, key any, o KeyOptions) *Key {
	t.Helper()
	k, err := NewKey(key, o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// rsaKey and ecKey are the signing keys of the two vectors, with an ID.
func rsaKey(t testing.TB) *Key { return newKey(t, rsaPrivate(t), KeyOptions{ID: "rsa"}) }
func ecKey(t testing.TB) *Key  { return newKey(t, ecPrivate(t), KeyOptions{ID: "ec"}) }

// signRaw signs header and payload as they stand, whatever they are.
func signRaw(t testing.TB, key *Key, header, payload string) string {
	t.Helper()
	return signInput(t, key, encode([]byte(header))+"."+encode([]byte(payload)))
}

func signInput(t testing.TB, key *Key, input string) string {
	t.Helper()
	alg, _ := findAlgorithm(key.algorithms[0])
	sum := sha256.Sum256([]byte(input))
	sig, err := alg.sign(*key.signer, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + encode(sig)
}

func publicJWK(v vector) []byte {
	delete(v.Key, "d")
	raw, _ := json.Marshal(v.Key)
	return raw
}

// RFC 7515, Appendix A.2 and A.3: as published, read with the key as published.
func TestVectors(t *testing.T) {
	for _, name := range []string{"rfc7515-a2", "rfc7515-a3"} {
		v := readVector(t, name)
		key, err := ParseKey(publicJWK(v))
		if err != nil {
			t.Fatalf("%s: %v", v.Source, err)
		}
		j, err := parseCompact(v.JWS)
		if err != nil || !j.verify([]*Key{key}) {
			t.Errorf("%s: does not verify: %v", v.Source, err)
		}
		tok, ok := parseClaims(j)
		if !ok || tok.Issuer != "joe" || !tok.ExpiresAt.Equal(time.Unix(1300819380, 0)) ||
			string(tok.Claim("http://example.com/is_root")) != "true" {
			t.Errorf("%s: got %+v", v.Source, tok)
		}
	}
}

// RS256 always gives the same signature: that of RFC 7515, Appendix A.2.
func TestVectorSigned(t *testing.T) {
	v := readVector(t, "rfc7515-a2")
	payload := "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
	got, err := Sign([]byte(payload), newKey(t, rsaPrivate(t), KeyOptions{}), SignOptions{})
	if err != nil || got != v.JWS {
		t.Errorf("%s: got %s, %v", v.Source, got, err)
	}
}

// RFC 7517, Appendix A.1 has a key for encryption and one for signatures.
func TestVectorSet(t *testing.T) {
	v := readVector(t, "rfc7517-a1")
	set, err := ParseSet(v.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := set.Keys(context.Background(), Header{Algorithm: "RS256", KeyID: "2011-04-29"})
	if err != nil || len(keys) != 1 || len(set.keys) != 1 {
		t.Errorf("got %d keys of %d, %v", len(keys), len(set.keys), err)
	}
	skipped := set.Skipped()
	if len(skipped) != 1 || skipped[0].Error() != "key 0: jose: JWK is not for signatures" {
		t.Errorf("skipped %v", skipped)
	}
}
