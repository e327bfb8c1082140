package jose

import (
	"crypto/sha256"
	"testing"
)

func TestThumbprint(t *testing.T) {
	for name, want := range map[string]string{
		"RFC 7638, Section 3.1":  "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		"RFC 8037, Appendix A.3": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	} {
		found := false
		for _, v := range allVectors(t) {
			for _, r := range v.Thumbprints {
				found = found || r.Source == name && v.published(t, r.Key).Thumbprint() == want
			}
		}
		if !found {
			t.Errorf("%s: not found", name)
		}
	}
}

// RFC 7638, Section 3.2 has the members of each type of key, in this order.
func TestThumbprintMembers(t *testing.T) {
	for name, key := range testKeys(t) {
		m := vectorObject(t, mustMarshal(t, key))
		text := map[string]string{
			"RSA": `{"e":"` + str(m["e"]) + `","kty":"RSA","n":"` + str(m["n"]) + `"}`,
			"EC": `{"crv":"` + str(m["crv"]) + `","kty":"EC","x":"` + str(m["x"]) + `","y":"` +
				str(m["y"]) + `"}`,
			"OKP": `{"crv":"Ed25519","kty":"OKP","x":"` + str(m["x"]) + `"}`,
			"oct": `{"k":"` + str(m["k"]) + `","kty":"oct"}`,
		}[str(m["kty"])]
		sum := sha256.Sum256([]byte(text))
		if got := key.Thumbprint(); got != encode(sum[:]) {
			t.Errorf("%s: got %s", name, got)
		}
		if got := key.ThumbprintURI(); got !=
			"urn:ietf:params:oauth:jwk-thumbprint:sha-256:"+encode(sum[:]) {
			t.Errorf("%s: got %s", name, got)
		}
		if !key.symmetric() && publicHalf(t, key).Thumbprint() != key.Thumbprint() {
			t.Errorf("%s: the public key has another one", name)
		}
	}
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// Neither what a key is for nor its ID changes the thumbprint.
func TestThumbprintOfMembersOnly(t *testing.T) {
	private := ecPrivate(t)
	key := newKey(t, private, KeyOptions{ID: "a", Algorithm: "ES256", Use: "sig"})
	if key.Thumbprint() != newKey(t, &private.PublicKey, KeyOptions{}).Thumbprint() {
		t.Error("depends on more")
	}
	if key.Thumbprint() == testRSA(t).Thumbprint() {
		t.Error("is that of another key")
	}
}
