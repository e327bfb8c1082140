package jose

import (
	"bytes"
	"context"
	"crypto/fips140"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A vectorFile is what an RFC publishes, with the keys under the numbers of the
// sections that they are in.
type vectorFile struct {
	Source      string
	Keys        map[string]json.RawMessage
	Sets        map[string]json.RawMessage
	JWS         []jwsVector
	JWE         []jweVector
	Thumbprints []struct{ Source, Key, Hash, Input, Thumbprint, URI string }
	Agreements  []agreementVector
}

// A vectorRow says whose a vector is, and for one that is refused by design, by
// which check: "signature" and "decryption" stand for ErrSignature and ErrDecryption.
type vectorRow struct{ Source, Serialization, Key, Algorithm, Header, Refused, Reason string }

func (r vectorRow) String() string {
	return r.Source + ", " + r.Serialization + ", for " + r.Key
}

type jwsVector struct {
	vectorRow
	Payload    string
	Detached   bool
	Repeatable bool // signing again makes the same octets
	Signature  int  // which of the general serialization is made by Key
	JWS        json.RawMessage
}

type jweVector struct {
	vectorRow
	Encryption, Plaintext string
	CEK                   string
	Ephemeral             string // the sender's key
	Password              string // of PBES2, for whoever implements it
	Recipient             int    // which of the general serialization is for Key
	JWE                   json.RawMessage
}

type agreementVector struct {
	Source                                string
	Key, EPK                              json.RawMessage
	Ephemeral, Z, Header, Refused, Reason string
}

func readVectors(t testing.TB, rfc string) vectorFile {
	t.Helper()
	var v vectorFile
	readJSON(t, "../testdata/vectors/"+rfc+".json", &v)
	if fips140.Enforced() {
		v.leaveOut(t)
	}
	return v
}

// leaveOut leaves out what FIPS 140-only mode lacks: RSA-OAEP with SHA-1, and X25519.
func (v *vectorFile) leaveOut(t testing.TB) {
	t.Helper()
	for name, jwk := range v.Keys {
		if m := vectorObject(t, jwk); m["alg"] == "RSA-OAEP" || m["crv"] == "X25519" {
			t.Logf("%s, key %s: not in FIPS 140-only mode", v.Source, name)
			delete(v.Keys, name)
		}
	}
	v.JWE = slices.DeleteFunc(v.JWE, func(r jweVector) bool { return r.Algorithm == "RSA-OAEP" })
	v.Agreements = slices.DeleteFunc(v.Agreements, func(a agreementVector) bool {
		return vectorObject(t, a.EPK)["crv"] == "X25519"
	})
}

func allVectors(t testing.TB) []vectorFile {
	t.Helper()
	var list []vectorFile
	for _, rfc := range []string{"rfc7515", "rfc7516", "rfc7517", "rfc7520", "rfc7638", "rfc7797",
		"rfc8037", "rfc9278"} {
		list = append(list, readVectors(t, rfc))
	}
	return list
}

// published reads the key of that name, private or public, or returns nil if the
// vector goes without.
func (v vectorFile) published(t testing.TB, name string) *Key {
	t.Helper()
	if name == "" {
		return nil
	}
	return parseAny(t, v.Source+" "+name, v.Keys[name])
}

func parseAny(t testing.TB, name string, jwk []byte) *Key {
	t.Helper()
	parse := ParseKey
	if isSecret(t, jwk) {
		parse = ParsePrivateKey
	}
	k, err := parse(jwk)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return k
}

func isSecret(t testing.TB, jwk []byte) bool {
	t.Helper()
	m := vectorObject(t, jwk)
	return m["d"] != nil || m["k"] != nil
}

func vectorObject(t testing.TB, text []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// publicHalf writes and reads the public key, or returns a symmetric one as it is.
func publicHalf(t testing.TB, k *Key) *Key {
	t.Helper()
	if k == nil || k.symmetric() {
		return k
	}
	jwk, err := k.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParseKey(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// A keyring is a KeySource without a look at key IDs, which the vectors' headers
// have and some of their keys lack.
type keyring []*Key

func (r keyring) Keys(_ context.Context, h Header) ([]*Key, error) {
	return slices.DeleteFunc(slices.Clone(r), func(k *Key) bool {
		return k == nil || !k.answers(h)
	}), nil
}

// vectorText returns a serialization as it is sent.
func vectorText(t testing.TB, published json.RawMessage) string {
	t.Helper()
	if published[0] != '"' {
		return string(published)
	}
	var compact string
	if err := json.Unmarshal(published, &compact); err != nil {
		t.Fatal(err)
	}
	return compact
}

func vectorOctets(t testing.TB, encoded string) []byte {
	t.Helper()
	b, ok := decode(encoded)
	if !ok {
		t.Fatalf("%q is not base64url", encoded)
	}
	return b
}

// wantRefusal fails unless err is what a row's refused says.
func wantRefusal(t testing.TB, name string, err error, refused string) {
	t.Helper()
	want := map[string]error{"signature": ErrSignature, "decryption": ErrDecryption}[refused]
	if want == nil {
		wantCheck(t, name, err, refused)
	} else if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", name, err, want)
	}
}

// otherOctets returns text with encoded, which stands in it once, changed by a bit.
func otherOctets(t testing.TB, text string, part []byte) string {
	t.Helper()
	other := bytes.Clone(part)
	other[0] ^= 1
	if strings.Count(text, encode(part)) != 1 {
		t.Fatal("part stands not once in the text")
	}
	return strings.Replace(text, encode(part), encode(other), 1)
}

// Every key is read, written with all that was published of it, and read again.
func TestVectorKeys(t *testing.T) {
	for _, v := range allVectors(t) {
		for name, jwk := range v.Keys {
			name = v.Source + " " + name
			k := parseAny(t, name, jwk)
			if isSecret(t, jwk) {
				checkPrivateVector(t, name, k, jwk)
			}
			if !k.symmetric() {
				checkPublicVector(t, name, publicHalf(t, k), jwk)
			}
		}
	}
}

func checkPrivateVector(t *testing.T, name string, k *Key, jwk []byte) {
	t.Helper()
	_, err := ParseKey(jwk)
	wantCheck(t, name, err, "key")
	written, err := k.MarshalPrivate()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	wantMembers(t, name, written, vectorObject(t, jwk))
	wantSame(t, name, parsePrivate(t, written), k)
}

func checkPublicVector(t *testing.T, name string, k *Key, jwk []byte) {
	t.Helper()
	written, err := k.MarshalJSON()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want := vectorObject(t, jwk)
	for _, secret := range secretMembers {
		delete(want, secret)
	}
	wantMembers(t, name, written, want)
	_, err = ParsePrivateKey(written)
	wantCheck(t, name, err, "d")
	wantSame(t, name, publicHalf(t, k), k)
}

// wantMembers fails unless written has the members of want, and besides at most the
// one algorithm that a key turns out to serve.
func wantMembers(t *testing.T, name string, written []byte, want map[string]any) {
	t.Helper()
	got := vectorObject(t, written)
	if want["alg"] == nil {
		delete(got, "alg")
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: the members %v were not written as published", name, want)
	}
}

// wantSame fails unless two keys are the same and may do the same.
func wantSame(t *testing.T, name string, got, want *Key) {
	t.Helper()
	if got.ID() != want.ID() || got.Thumbprint() != want.Thumbprint() || got.uses != want.uses ||
		!slices.Equal(got.Algorithms(), want.Algorithms()) ||
		len(got.Certificates()) != len(want.Certificates()) {
		t.Errorf("%s: another key was read again", name)
	}
}

// RFC 7517, Appendix A: which keys a set has for whom, and what they serve.
func TestVectorSets(t *testing.T) {
	v := readVectors(t, "rfc7517")
	ec := "ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW"
	for _, tt := range []struct {
		name       string
		private    bool
		algorithms []string
	}{
		{"A.1", false, []string{ec, "RS256"}},
		{"A.1", true, nil},
		{"A.2", true, []string{ec, "RS256"}},
		{"A.2", false, nil},
		{"A.3", true, []string{"A128KW", "HS256 HS384 HS512 A256CBC-HS512 dir"}},
		{"A.3", false, nil},
	} {
		set, err := parseSet(string(v.Sets[tt.name]), tt.private)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range set.All() {
			got = append(got, strings.Join(k.Algorithms(), " "))
		}
		if !slices.Equal(got, tt.algorithms) || len(got)+len(set.Skipped()) != 2 {
			t.Errorf("%s, private %t: got %q, %v", tt.name, tt.private, got, set.Skipped())
		}
		for _, err := range set.Skipped() {
			want := map[bool]string{true: "d", false: "key"}[tt.private]
			wantCheck(t, tt.name, err, want)
		}
	}
}

// RFC 7517, Appendix B: the certificate is the key's, and no other key's.
func TestVectorCertificate(t *testing.T) {
	v := readVectors(t, "rfc7517")
	certificates := v.published(t, "B").Certificates()
	if len(certificates) != 1 || certificates[0].Subject.CommonName != "Brian Campbell" {
		t.Errorf("got %v", certificates)
	}
	jwk := vectorObject(t, v.Keys["B"])
	jwk["n"] = vectorObject(t, publishedKey(t, "rfc7515", "A.2"))["n"]
	text, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ParseKey(text)
	wantCheck(t, "another key", err, "x5c")
}

func TestVectorThumbprints(t *testing.T) {
	for _, v := range allVectors(t) {
		for _, r := range v.Thumbprints {
			k := v.published(t, r.Key)
			if got := k.Thumbprint(); got != r.Thumbprint {
				t.Errorf("%s: got %s", r.Source, got)
			}
			if got := k.ThumbprintURI(); r.URI != "" && got != r.URI {
				t.Errorf("%s: got %s", r.Source, got)
			}
		}
	}
}

// Every JWS is verified with the public key as this package writes it, or refused
// by the check that says so; with one bit of the signature changed, none verifies.
func TestVectorJWS(t *testing.T) {
	for _, v := range allVectors(t) {
		for _, r := range v.JWS {
			text := vectorText(t, r.JWS)
			key := publicHalf(t, v.published(t, r.Key))
			got, err := verifyVector(t, r, text, key)
			if r.Refused != "" {
				wantRefusal(t, r.String(), err, r.Refused)
				continue
			}
			if err != nil || !bytes.Equal(got.Payload, vectorOctets(t, r.Payload)) ||
				got.Key != key || got.Header.Algorithm != r.Algorithm {
				t.Errorf("%s: got %+v, %v", r, got, err)
			}
			_, err = verifyVector(t, r, otherOctets(t, text, r.parsed(t).octets), key)
			wantRefusal(t, r.String()+", changed", err, "signature")
		}
	}
}

func verifyVector(t *testing.T, r jwsVector, text string, keys ...*Key) (*JWS, error) {
	t.Helper()
	o := VerifyOptions{Algorithms: SignatureAlgorithms()}
	if r.Detached {
		o.Payload = vectorOctets(t, r.Payload)
	}
	return VerifySignature(t.Context(), text, keyring(keys), o)
}

// parsed returns the signature that the row is about.
func (r jwsVector) parsed(t testing.TB) signature {
	t.Helper()
	text := vectorText(t, r.JWS)
	parse := parseCompactJWS
	if isJSON(text) {
		parse = parseJSONJWS
	}
	var detached []byte
	if r.Detached {
		detached = vectorOctets(t, r.Payload)
	}
	m, err := parse(text, detached, []string{"b64"})
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	return m.signatures[r.Signature]
}

// The algorithms that use no random value make the published signatures again.
func TestVectorRepeatable(t *testing.T) {
	for _, v := range allVectors(t) {
		for _, r := range v.JWS {
			if !r.Repeatable {
				continue
			}
			alg, _ := findSignatureAlgorithm(r.Algorithm)
			s := r.parsed(t)
			got, err := alg.sign(v.published(t, r.Key), []byte(s.input))
			if err != nil || !bytes.Equal(got, s.octets) {
				t.Errorf("%s: got another signature, %v", r, err)
			}
		}
	}
}

// Where the published header has what Sign writes, in its order, the whole of a JWS
// is made again.
func TestVectorSigned(t *testing.T) {
	made := 0
	for _, v := range allVectors(t) {
		for _, r := range v.JWS {
			if !slices.Contains([]string{"RFC 7515, Appendix A.2", "RFC 7520, Section 4.1",
				"RFC 7520, Section 4.4", "RFC 7520, Section 4.5", "RFC 8037, Appendix A.4",
				"RFC 7797, Section 4.1", "RFC 7797, Section 4.2"}, r.Source) ||
				r.Serialization == "general" {
				continue
			}
			made++
			if got, want := signVector(t, v, r), vectorText(t, r.JWS); !sameText(t, got, want) {
				t.Errorf("%s: got %s", r, got)
			}
		}
	}
	if made != 12 {
		t.Errorf("made %d", made)
	}
}

func signVector(t *testing.T, v vectorFile, r jwsVector) string {
	t.Helper()
	key := v.published(t, r.Key)
	o := SignOptions{Algorithm: r.Algorithm, Detached: r.Detached,
		Unencoded: strings.Contains(r.Header, "b64")}
	var text string
	var err error
	if r.Serialization == "compact" {
		text, err = Sign(vectorOctets(t, r.Payload), key, o)
	} else {
		var raw []byte
		raw, err = SignJSON(vectorOctets(t, r.Payload), []*Key{key}, o)
		text = string(raw)
	}
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	return text
}

// sameText compares compact serializations as they are and others as JSON.
func sameText(t *testing.T, got, want string) bool {
	t.Helper()
	if !isJSON(want) {
		return got == want
	}
	return reflect.DeepEqual(vectorObject(t, []byte(got)), vectorObject(t, []byte(want)))
}

// Every JWE is decrypted, or refused by the check that says so; with one bit of the
// tag changed, none decrypts.
func TestVectorJWE(t *testing.T) {
	for _, v := range allVectors(t) {
		for _, r := range v.JWE {
			key := v.published(t, r.Key)
			text := vectorText(t, r.JWE)
			got, err := decryptVector(t, text, key)
			if r.Refused != "" {
				wantRefusal(t, r.String(), err, r.Refused)
				continue
			}
			if err != nil || !bytes.Equal(got.Plaintext(), vectorOctets(t, r.Plaintext)) ||
				got.Key != key || got.Header.Algorithm != r.Algorithm ||
				got.Header.Encryption != r.Encryption {
				t.Errorf("%s: got %+v, %v", r, got, err)
			}
			_, err = decryptVector(t, otherOctets(t, text, r.parsed(t).tag), key)
			wantRefusal(t, r.String()+", changed", err, "decryption")
		}
	}
}

func decryptVector(t *testing.T, text string, keys ...*Key) (*JWE, error) {
	t.Helper()
	d, err := NewDecrypter(DecrypterConfig{Keys: keyring(keys),
		Algorithms: KeyManagementAlgorithms(), Encryptions: ContentEncryptions()})
	if err != nil {
		t.Fatal(err)
	}
	return d.Decrypt(t.Context(), text)
}

func (r jweVector) parsed(t testing.TB) encrypted {
	t.Helper()
	text := vectorText(t, r.JWE)
	parse := parseCompactJWE
	if isJSON(text) {
		parse = parseJSONJWE
	}
	m, err := parse(text, nil)
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	return m
}

// With all keys at hand, the first signature or recipient that is acceptable counts.
func TestVectorSeveral(t *testing.T) {
	want := map[string]string{"RFC 7515, Appendix A.6": "RS256", "RFC 7520, Section 4.8": "RS256",
		"RFC 7516, Appendix A.4": "A128KW", "RFC 7520, Section 5.13": "ECDH-ES+A256KW"}
	for _, v := range allVectors(t) {
		var keys []*Key
		for name := range v.Keys {
			keys = append(keys, v.published(t, name))
		}
		for _, r := range v.JWS {
			if alg, ok := want[r.Source]; ok {
				got, err := verifyVector(t, r, vectorText(t, r.JWS), keys...)
				if err != nil || got.Header.Algorithm != alg {
					t.Errorf("%s: got %+v, %v", r, got, err)
				}
			}
		}
		for _, r := range v.JWE {
			if alg, ok := want[r.Source]; ok {
				got, err := decryptVector(t, vectorText(t, r.JWE), keys...)
				if err != nil || got.Header.Algorithm != alg {
					t.Errorf("%s: got %+v, %v", r, got, err)
				}
			}
		}
	}
}

// RFC 7520, Section 5.10: the additional data is given out.
func TestVectorAdditionalData(t *testing.T) {
	v := readVectors(t, "rfc7520")
	for _, r := range v.JWE {
		got, err := decryptVector(t, vectorText(t, r.JWE), v.published(t, r.Key))
		if err != nil {
			continue
		}
		vcard := strings.HasPrefix(string(got.AdditionalData), `["vcard",[["version",{},"text",`)
		if vcard != (r.Source == "RFC 7520, Section 5.10") ||
			!vcard && len(got.AdditionalData) > 0 {
			t.Errorf("%s: got %s", r, got.AdditionalData)
		}
	}
}

// The content encryption key is the published one, and with it and the published
// random values all that does not need other ones is made again.
func TestVectorCEK(t *testing.T) {
	for _, v := range allVectors(t) {
		for _, r := range v.JWE {
			if r.CEK == "" || r.Refused != "" {
				continue
			}
			m := r.parsed(t)
			to := m.recipients[r.Recipient]
			a, _ := findKeyManagement(r.Algorithm)
			e, _ := findEncryption(r.Encryption)
			cek, ok := a.decrypt(v.published(t, r.Key), to, e)
			if !ok || !bytes.Equal(cek, vectorOctets(t, r.CEK)) {
				t.Errorf("%s: got another key, %t", r, ok)
			}
			checkWrapped(t, v, r, a, e, to.encryptedKey)
			checkContent(t, r, e, m)
		}
	}
}

// checkWrapped makes the encrypted key again as the sender did.
func checkWrapped(t *testing.T, v vectorFile, r jweVector, a keyManagement, e encryption,
	want []byte) {
	t.Helper()
	key := v.published(t, r.Key)
	var kek []byte
	switch a.mode {
	case keyWrap:
		kek = key.material.(octKey).octets()
	case agree, agreeAndWrap:
		kek = a.derive(agreed(t, v.published(t, r.Ephemeral), key), nil, nil, e)
	default:
		return
	}
	got, err := wrapKey(kek, vectorOctets(t, r.CEK))
	if a.mode == agree {
		got, want = kek, vectorOctets(t, r.CEK)
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: got another encrypted key, %v", r, err)
	}
}

// agreed is the sender's side of ECDH.
func agreed(t *testing.T, ephemeral, static *Key) []byte {
	t.Helper()
	private, ok := ephemeral.exchanger()
	if !ok {
		t.Fatal("no private key")
	}
	public, err := static.material.(exchanger).exchange()
	if err != nil {
		t.Fatal(err)
	}
	z, err := private.ECDH(public)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// checkContent makes the ciphertext again, for the encryption whose IV can be given.
func checkContent(t *testing.T, r jweVector, e encryption, m encrypted) {
	t.Helper()
	if e.mac == 0 {
		return
	}
	ciphertext, tag, err := e.sealCBC(vectorOctets(t, r.CEK), m.iv, vectorOctets(t, r.Plaintext),
		m.authenticated())
	if err != nil || !bytes.Equal(ciphertext, m.ciphertext) || !bytes.Equal(tag, m.tag) {
		t.Errorf("%s: got another ciphertext or tag, %v", r, err)
	}
}

// RFC 7520, Section 6: what is decrypted is the JWS of Section 6.3, and a Verifier
// gets as far as the "aud" that its claims lack.
func TestVectorNested(t *testing.T) {
	if fips140.Enforced() {
		t.Skip("RSA-OAEP is not in FIPS 140-only mode: run without GODEBUG=fips140=only")
	}
	v := readVectors(t, "rfc7520")
	signer, recipient := v.published(t, "6.1"), v.published(t, "5.2.1")
	d, err := NewDecrypter(DecrypterConfig{Keys: NewSet(recipient),
		Algorithms: []string{"RSA-OAEP"}, Encryptions: []string{"A128GCM"}})
	if err != nil {
		t.Fatal(err)
	}
	nested := v.JWE[len(v.JWE)-3]
	if nested.Source != "RFC 7520, Section 6.8" || nested.Serialization != "compact" {
		t.Fatalf("the last three are of %s", nested)
	}
	verifier, err := NewVerifier(VerifierConfig{Keys: NewSet(publicHalf(t, signer)),
		Algorithms: []string{"PS256"}, Issuer: "hobbiton.example", Audience: "https://api.example",
		Decrypter: d})
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifier.Verify(t.Context(), vectorText(t, nested.JWE))
	wantCheck(t, nested.String(), err, "aud")
	got, err := d.Decrypt(t.Context(), vectorText(t, nested.JWE))
	if signed := v.JWS[len(v.JWS)-1]; err != nil || got.Header.ContentType != "JWT" ||
		signed.Source != "RFC 7520, Section 6.3" ||
		string(got.Plaintext()) != vectorText(t, signed.JWS) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// RFC 8037, Appendix A.6 and A.7: the sender's side of X25519, and no X448.
func TestVectorAgreements(t *testing.T) {
	for _, r := range readVectors(t, "rfc8037").Agreements {
		if r.Refused != "" {
			for _, jwk := range [][]byte{r.Key, r.EPK} {
				_, err := ParseKey(jwk)
				wantRefusal(t, r.Source, err, r.Refused)
			}
			continue
		}
		jwk := vectorObject(t, r.EPK)
		jwk["d"] = r.Ephemeral
		text, err := json.Marshal(jwk)
		if err != nil {
			t.Fatal(err)
		}
		z := agreed(t, parsePrivate(t, text), parseAny(t, r.Source, r.Key))
		if !bytes.Equal(z, vectorOctets(t, r.Z)) {
			t.Errorf("%s: got another secret", r.Source)
		}
		h, err := parseHeader(r.Header, nil)
		epk := vectorObject(t, h.Get("epk"))
		if err != nil || h.KeyID != "Bob" || epk["x"] != jwk["x"] {
			t.Errorf("%s: got %+v, %v", r.Source, h, err)
		}
	}
}
