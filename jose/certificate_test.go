package jose

import (
	"crypto"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// certificate returns one for public, in DER, signed by parent.
func certificate(t testing.TB, public crypto.PublicKey, parent crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0),
		NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, parent)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// x5c returns the JSON array of certificates.
func x5c(certificates ...[]byte) string {
	list := make([]string, len(certificates))
	for i, der := range certificates {
		list[i] = `"` + base64.StdEncoding.EncodeToString(der) + `"`
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestCertificates(t *testing.T) {
	issuer := ecPrivate(t)
	for name, key := range testKeys(t) {
		if key.symmetric() {
			continue
		}
		own := certificate(t, key.signer().Public(), issuer)
		list := x5c(own, certificate(t, &issuer.PublicKey, issuer))
		raw, err := key.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{raw, publicJWK(t, raw)} {
			k := parseAny(t, name, edited(t, text, "x5c", list))
			got := k.Certificates()
			if len(got) != 2 || !slices.Equal(got[0].Raw, own) {
				t.Fatalf("%s: got %d certificates", name, len(got))
			}
			if got[0] = nil; k.Certificates()[0] == nil {
				t.Errorf("%s: its certificates can be changed", name)
			}
			checkWrittenX5C(t, name, k, list)
		}
		for other, k := range testKeys(t) {
			if other != name {
				_, err := ParsePrivateKey(edited(t, mustMarshal(t, k), "x5c", list))
				wantCheck(t, other+" with that of "+name, err, "x5c")
			}
		}
	}
}

// checkWritten has a key written with the certificates it was read with.
func checkWrittenX5C(t *testing.T, name string, k *Key, list string) {
	t.Helper()
	written, err := json.Marshal(k)
	if err != nil || !strings.Contains(string(written), `"x5c":`+list) {
		t.Errorf("%s: got %s, %v", name, written, err)
	}
	if back := publicHalf(t, k); len(back.Certificates()) != 2 {
		t.Errorf("%s: not read again", name)
	}
}

func mustMarshal(t testing.TB, k *Key) []byte {
	t.Helper()
	raw, err := k.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestCertificatesRefuses(t *testing.T) {
	private := ecPrivate(t)
	der := certificate(t, &private.PublicKey, private)
	text := base64.StdEncoding.EncodeToString(der)
	jwk := publicJWK(t, publishedKey(t, "rfc7515", "A.3"))
	for name, list := range map[string]string{
		"no array":               `"` + text + `"`,
		"null":                   `null`,
		"empty":                  `[]`,
		"nine":                   x5c(slices.Repeat([][]byte{der}, 9)...),
		"a number":               `[1]`,
		"a null behind":          `["` + text + `",null]`,
		"an empty string":        `[""]`,
		"base64url":              `["` + withPlus(t) + `"]`,
		"unpadded":               `["` + strings.TrimRight(padded(t), "=") + `"]`,
		"stray bits":             `["` + strayBits(t) + `"]`,
		"line feeds":             `["` + text[:64] + `\n` + text[64:] + `"]`,
		"carriage return":        `["` + text + `\r"]`,
		"a space":                `[" ` + text + `"]`,
		"PEM":                    `["-----BEGIN CERTIFICATE-----` + text + `"]`,
		"cut":                    x5c(der[:len(der)-3]),
		"bytes behind":           x5c(append(slices.Clone(der), 0, 0, 0)),
		"a key in DER":           x5c(certificateKey(t)),
		"no certificate behind":  x5c(der, []byte("text")),
		"its own comes second":   x5c(certificate(t, otherEd25519(t).Public(), private), der),
		"that of another's only": x5c(certificate(t, otherEd25519(t).Public(), private)),
	} {
		k, err := ParseKey(edited(t, jwk, "x5c", list))
		if wantCheck(t, name, err, "x5c"); k != nil {
			t.Errorf("%s: got a key", name)
		}
	}
	k, err := ParseKey(edited(t, jwk, "x5c", x5c(slices.Repeat([][]byte{der}, 8)...)))
	if err != nil || len(k.Certificates()) != 8 {
		t.Errorf("eight: got %v", err)
	}
}

func certificateKey(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&ecPrivate(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// certificateWith returns one on whose base64 ok says yes.
func certificateWith(t testing.TB, ok func(text string) bool) string {
	t.Helper()
	private := ecPrivate(t)
	for {
		text := base64.StdEncoding.EncodeToString(certificate(t, &private.PublicKey, private))
		if ok(text) {
			return text
		}
	}
}

// withPlus returns a certificate in base64url that base64 writes in another way.
func withPlus(t testing.TB) string {
	t.Helper()
	text := certificateWith(t, func(text string) bool { return strings.ContainsAny(text, "+/") })
	return strings.NewReplacer("+", "-", "/", "_").Replace(text)
}

// padded returns a certificate whose base64 ends with padding.
func padded(t testing.TB) string {
	t.Helper()
	return certificateWith(t, func(text string) bool { return strings.HasSuffix(text, "=") })
}

// strayBits returns base64 with a bit set that is of no byte.
func strayBits(t testing.TB) string {
	t.Helper()
	text := padded(t)
	at := strings.IndexByte(text, '=') - 1
	return text[:at] + string(text[at]+1) + text[at+1:]
}

// RFC 7517, Sections 4.8 and 4.9. Without x5c there is nothing to compare with.
func TestCertificateThumbprints(t *testing.T) {
	private := ecPrivate(t)
	der := certificate(t, &private.PublicKey, private)
	long := sha256.Sum256(der)
	var short [20]byte
	fips140.WithoutEnforcement(func() { short = sha1.Sum(der) })
	wrong := sha256.Sum256([]byte("another"))
	jwk := publicJWK(t, publishedKey(t, "rfc7515", "A.3"))
	with := edited(t, jwk, "x5c", x5c(der, certificate(t, otherEd25519(t).Public(), private)))
	good := edited(t, with, "x5t", quoted(short[:]), "x5t#S256", quoted(long[:]))
	if _, err := ParseKey(good); err != nil {
		t.Error(err)
	}
	for _, value := range []string{`""`, "1", "null", quoted(wrong[:20]), quoted(wrong[:]),
		quoted(long[:31]), `"` + encode(long[:]) + `="`, quoted(long[:20])} {
		_, err := ParseKey(edited(t, good, "x5t#S256", value))
		wantCheck(t, "x5t#S256 "+value, err, "x5t#S256")
		if !fips140.Enforced() {
			_, err = ParseKey(edited(t, good, "x5t", value))
			wantCheck(t, "x5t "+value, err, "x5t")
		}
		if _, err = ParseKey(edited(t, jwk, "x5t", value, "x5t#S256", value)); err != nil {
			t.Errorf("without x5c: %v", err)
		}
	}
}
