package jose

import (
	"crypto"
	"crypto/fips140"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"vouchsafe/internal/strictjson"
)

const maxCertificates = 8

// parseCertificates reads "x5c" and compares the first certificate with the key,
// and with "x5t" and "x5t#S256", RFC 7517, Sections 4.7 to 4.9. Without "x5c" a
// thumbprint has nothing to be compared with. "x5u" is never fetched.
func parseCertificates(key material, m strictjson.Object) ([]*x509.Certificate, error) {
	if m.Get("x5c") == "" {
		return nil, nil
	}
	const clause = "RFC 7517, Section 4.7"
	list, ok := m.Get("x5c").Strings()
	if !ok || len(list) == 0 || len(list) > maxCertificates {
		return nil, checkError("x5c", "must be an array of 1 to 8 strings", clause)
	}
	chain := make([]*x509.Certificate, len(list))
	for i, text := range list {
		der, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return nil, checkError("x5c", "must be base64, and not base64url", clause)
		}
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, checkError("x5c", "must be certificates in DER", clause)
		}
	}
	public, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return nil, checkError("x5c", "must begin with the key's own certificate", clause)
	}
	return chain, checkThumbprints(chain[0].Raw, m)
}

func checkThumbprints(der []byte, m strictjson.Object) error {
	sum := sha256.Sum256(der)
	if v := m.Get("x5t#S256"); v != "" && !equals(v, encode(sum[:])) {
		return checkError("x5t#S256", "must be that of the certificate", "RFC 7517, Section 4.9")
	}
	if fips140.Enforced() || m.Get("x5t") == "" {
		return nil // SHA-1 panics in FIPS 140-only mode
	}
	old := sha1.Sum(der)
	if !equals(m.Get("x5t"), encode(old[:])) {
		return checkError("x5t", "must be that of the certificate", "RFC 7517, Section 4.8")
	}
	return nil
}

// equals reports whether v is the string s.
func equals(v strictjson.Value, s string) bool {
	text, ok := v.String()
	return ok && text == s
}

// chain returns the member "x5c".
func chain(certificates []*x509.Certificate) []string {
	list := make([]string, len(certificates))
	for i, c := range certificates {
		list[i] = base64.StdEncoding.EncodeToString(c.Raw)
	}
	return list
}
