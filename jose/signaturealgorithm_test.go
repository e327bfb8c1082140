package jose

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// signedText is what the signatures of these tests are over.
const signedText = "header.payload"

// testKeys returns a private or symmetric key of each type, curve and length.
func testKeys(t testing.TB) map[string]*Key {
	t.Helper()
	return map[string]*Key{
		"RSA":     newKey(t, rsaPrivate(t), KeyOptions{}),
		"P-256":   newKey(t, ecPrivate(t), KeyOptions{}),
		"P-384":   parsePrivate(t, edited(t, publishedKey(t, "rfc7520", "5.4.1"), "use", "")),
		"P-521":   parsePrivate(t, publishedKey(t, "rfc7515", "A.4")),
		"Ed25519": parsePrivate(t, publishedKey(t, "rfc8037", "A.1")),
		"oct 32":  newKey(t, slices.Repeat([]byte{1}, 32), KeyOptions{}),
		"oct 48":  newKey(t, slices.Repeat([]byte{2}, 48), KeyOptions{}),
		"oct 64":  newKey(t, slices.Repeat([]byte{3}, 64), KeyOptions{}),
	}
}

// servedSignatures are the signature algorithms that testKeys serve.
var servedSignatures = map[string]string{
	"RSA": "RS256 RS384 RS512 PS256 PS384 PS512", "P-256": "ES256", "P-384": "ES384",
	"P-521": "ES512", "Ed25519": "EdDSA Ed25519", "oct 32": "HS256", "oct 48": "HS256 HS384",
	"oct 64": "HS256 HS384 HS512",
}

func mustSign(t testing.TB, key *Key, algorithm string) []byte {
	t.Helper()
	a, _ := findSignatureAlgorithm(algorithm)
	sig, err := a.sign(key, []byte(signedText))
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// verifies reports whether sig is one of signedText by key, through every layer.
func verifies(key *Key, algorithm string, sig []byte) bool {
	s, tries := signature{input: signedText, octets: sig}, 1
	return s.madeBy([]*Key{key}, Header{Algorithm: algorithm}, &tries) == key
}

func TestSignatureAlgorithms(t *testing.T) {
	names := SignatureAlgorithms()
	if !slices.Equal(names, strings.Fields("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 "+
		"EdDSA Ed25519 HS256 HS384 HS512")) {
		t.Errorf("got %q", names)
	}
	names[0] = "none"
	if _, ok := findSignatureAlgorithm("none"); ok || SignatureAlgorithms()[0] != "RS256" {
		t.Error("the list can be changed")
	}
	for _, name := range []string{"", "none", "None", "NONE", "rs256", "RS256 ", "ES256K", "RS1",
		"Ed448", "eddsa", "HS1", "A128KW", "dir"} {
		if _, ok := findSignatureAlgorithm(name); ok {
			t.Errorf("%q is an algorithm", name)
		}
		if hash, ok := SignatureHash(name); ok || hash != 0 {
			t.Errorf("%q has a hash", name)
		}
	}
}

// OpenID Connect Core 1.0, Section 3.1.3.6: the hash is that of the name.
func TestSignatureHash(t *testing.T) {
	hashes := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384,
		"512": crypto.SHA512, "DSA": crypto.SHA512, "519": crypto.SHA512}
	for _, name := range SignatureAlgorithms() {
		hash, ok := SignatureHash(name)
		if want := hashes[name[len(name)-3:]]; !ok || hash != want {
			t.Errorf("%s: got %v", name, hash)
		}
	}
}

func TestDigest(t *testing.T) {
	short, middle := sha256.Sum256([]byte(signedText)), sha512.Sum384([]byte(signedText))
	long := sha512.Sum512([]byte(signedText))
	for hash, want := range map[crypto.Hash][]byte{crypto.SHA256: short[:],
		crypto.SHA384: middle[:], crypto.SHA512: long[:]} {
		got := signatureAlgorithm{hash: hash}.digest([]byte("x"), []byte(signedText))
		if string(got) != "x"+string(want) {
			t.Errorf("%v: got %x", hash, got)
		}
	}
}

// Each key signs with each algorithm that it serves, its public half verifies that,
// and neither does anything with any other algorithm.
func TestSignatureRoundTrips(t *testing.T) {
	for name, key := range testKeys(t) {
		public := publicHalf(t, key)
		served := strings.Fields(servedSignatures[name])
		for _, alg := range SignatureAlgorithms() {
			if slices.Contains(served, alg) {
				checkSignatures(t, name, alg, key, public, served)
				continue
			}
			_, err := Sign(nil, key, SignOptions{Algorithm: alg})
			wantCheck(t, name+" as "+alg, err, "key")
			if verifies(public, alg, mustSign(t, key, served[0])) {
				t.Errorf("%s: %s verifies", name, alg)
			}
		}
	}
}

// checkSignatures has a signature by alg verify, but not under another of the key's
// algorithms, not when a bit of it is another, and not over another text.
func checkSignatures(t *testing.T, name, alg string, key, public *Key, served []string) {
	t.Helper()
	compact, err := Sign([]byte("payload"), key, SignOptions{Algorithm: alg})
	if err != nil || strings.Count(compact, ".") != 2 {
		t.Fatalf("%s, %s: got %q, %v", name, alg, compact, err)
	}
	sig := mustSign(t, key, alg)
	for _, other := range served {
		same := other == alg || key.material.algorithms()[0] == "EdDSA"
		if verifies(public, other, sig) != same {
			t.Errorf("%s: a signature by %s as %s: got %v", name, alg, other, !same)
		}
	}
	for _, at := range []int{0, len(sig) / 2, len(sig) - 1} {
		other := slices.Clone(sig)
		other[at] ^= 1
		if verifies(public, alg, other) {
			t.Errorf("%s, %s: verifies with a bit changed", name, alg)
		}
	}
	s, tries := signature{input: signedText + " ", octets: sig}, 1
	if s.madeBy([]*Key{public}, Header{Algorithm: alg}, &tries) != nil {
		t.Errorf("%s, %s: verifies over another text", name, alg)
	}
}

// Keys of each type refuse the signatures that those of every other type made.
func TestSignaturesOfOtherKeys(t *testing.T) {
	keys := testKeys(t)
	for name, key := range keys {
		for by, other := range keys {
			sig := mustSign(t, other, strings.Fields(servedSignatures[by])[0])
			for _, alg := range SignatureAlgorithms() {
				if name != by && verifies(publicHalf(t, key), alg, sig) {
					t.Errorf("%s verifies what %s made, as %s", name, by, alg)
				}
			}
		}
	}
}

// A key for encryption has no signature, whatever is asked of it.
func TestNoSignatureByX25519(t *testing.T) {
	key := x25519Key(t)
	for _, a := range signatureAlgorithms {
		if sig, err := a.sign(key, nil); sig != nil || !errors.Is(err, &CheckError{Check: "key"}) {
			t.Errorf("%s: got %x, %v", a.name, sig, err)
		}
		if a.verify(key, nil, make([]byte, 64)) {
			t.Errorf("%s: verifies", a.name)
		}
	}
}

// A device is a crypto.Signer of another type than those of the standard library,
// like one in an HSM or KMS. If sig or err is set, it returns that.
type device struct {
	crypto.Signer
	sig  []byte
	err  error
	opts *crypto.SignerOpts // of the last signature, if any
}

func (d device) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if d.opts != nil {
		*d.opts = opts
	}
	if d.sig != nil || d.err != nil {
		return d.sig, d.err
	}
	return d.Signer.Sign(random, digest, opts)
}

func TestSignByDevice(t *testing.T) {
	for name, key := range testKeys(t) {
		if key.symmetric() {
			continue
		}
		for _, alg := range strings.Fields(servedSignatures[name]) {
			var opts crypto.SignerOpts
			held := newKey(t, device{Signer: key.signer(), opts: &opts}, KeyOptions{})
			hash, _ := SignatureHash(alg)
			if name == "Ed25519" {
				hash = 0
			}
			if !verifies(publicHalf(t, held), alg, mustSign(t, held, alg)) ||
				opts.HashFunc() != hash {
				t.Errorf("%s: does not verify, or is signed with %v", alg, opts)
			}
			if _, err := held.MarshalPrivate(); err == nil {
				t.Errorf("%s: the key of a device was written", name)
			}
		}
	}
}

func TestSignByBrokenDevice(t *testing.T) {
	failure := errors.New("the device is locked")
	for name, key := range testKeys(t) {
		if key.symmetric() {
			continue
		}
		broken := newKey(t, device{Signer: key.signer(), err: failure}, KeyOptions{})
		compact, err := Sign(nil, broken, SignOptions{})
		if compact != "" || !errors.Is(err, failure) {
			t.Errorf("%s: got %q, %v", name, compact, err)
		}
	}
}

// A public key signs nothing, and so does a device that only decrypts.
func TestSignWithoutPrivateKey(t *testing.T) {
	for name, key := range testKeys(t) {
		if !key.symmetric() {
			_, err := Sign(nil, publicHalf(t, key), SignOptions{})
			wantCheck(t, name, err, "key")
		}
	}
	held := newKey(t, decryptingDevice{rsaPrivate(t)}, KeyOptions{})
	_, err := Sign(nil, held, SignOptions{})
	wantCheck(t, "device that decrypts", err, "key")
}

// A decryptingDevice is a crypto.Decrypter and no crypto.Signer.
type decryptingDevice struct{ key crypto.Decrypter }

func (d decryptingDevice) Public() crypto.PublicKey { return d.key.Public() }

func (d decryptingDevice) Decrypt(random io.Reader, text []byte, opts crypto.DecrypterOpts) (
	[]byte, error) {
	return d.key.Decrypt(random, text, opts)
}

func otherEd25519(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
