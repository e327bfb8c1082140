package oauth1

import (
	"crypto"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for the methods that RFC 5849 has
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"sync"
)

// A SignatureMethod is a value of oauth_signature_method.
//
// SHA-1 is good enough for HMAC; an RSA-SHA1 signature is as strong as SHA-1 is
// against collisions, which have been found (RFC 5849, Section 4.11).
type SignatureMethod string

// The signature methods. The first, fourth and last are of RFC 5849; the others are
// built alike with another hash.
const (
	HMACSHA1   SignatureMethod = "HMAC-SHA1" // Section 3.4.2
	HMACSHA256 SignatureMethod = "HMAC-SHA256"
	HMACSHA512 SignatureMethod = "HMAC-SHA512"
	RSASHA1    SignatureMethod = "RSA-SHA1" // Section 3.4.3
	RSASHA256  SignatureMethod = "RSA-SHA256"
	RSASHA512  SignatureMethod = "RSA-SHA512"
	Plaintext  SignatureMethod = "PLAINTEXT" // Section 3.4.4
)

// isRSA reports whether m signs with a private key.
func (m SignatureMethod) isRSA() bool { return m == RSASHA1 || m == RSASHA256 || m == RSASHA512 }

// hash returns the hash function of m, or zero if m has none or is not ours.
func (m SignatureMethod) hash() crypto.Hash {
	switch m {
	case HMACSHA1, RSASHA1:
		return crypto.SHA1
	case HMACSHA256, RSASHA256:
		return crypto.SHA256
	case HMACSHA512, RSASHA512:
		return crypto.SHA512
	}
	return 0
}

// known reports whether m is one of the constants.
func (m SignatureMethod) known() bool { return m.hash() != 0 || m == Plaintext }

// allowed reports whether m may be used in the mode that the program runs in.
func (m SignatureMethod) allowed() bool { return !fips140.Enforced() || m.hash() != crypto.SHA1 }

// A Key is what a signature is made or verified with: the two shared-secrets, or
// one half of an RSA key, never both. Printing or logging it does not show them.
type Key struct {
	ClientSecret string
	TokenSecret  string

	PrivateKey crypto.Signer  // with an RSA public key; in memory, an HSM or a KMS
	PublicKey  *rsa.PublicKey // to verify with
}

// Format prints that k is a key and nothing of it, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oauth1.Key{...}") }

// MarshalJSON returns what Format prints, for logs.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(k)) }

// Sign returns the signature of a base string, RFC 5849, Section 3.4: what stands
// in oauth_signature, before it is percent-encoded. With a base string written by
// hand it shows whether a refused signature comes from the text or from the key.
//
// A method or a key that cannot be used is a [*CheckError]; a private key's own
// error is wrapped.
func Sign(m SignatureMethod, base string, k Key) (string, error) {
	sign, err := m.signer(k)
	if err != nil {
		return "", err
	}
	return sign([]byte(base))
}

// A signFunc signs a base string, which it may overwrite. It is safe for concurrent
// use.
type signFunc func(base []byte) (string, error)

// signer returns what signs with k. It keeps what can be computed once.
func (m SignatureMethod) signer(k Key) (signFunc, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	switch {
	case m.isRSA():
		return rsaSigner(m.hash(), k.PrivateKey)
	case m == Plaintext:
		return func([]byte) (string, error) { return k.secrets(), nil }, nil
	}
	if fips140.Enforced() && len(k.secrets()) < 14 {
		return nil, &CheckError{"signing_key", "must have 112 bits in FIPS 140-only mode",
			"NIST SP 800-131A, Section 10"}
	}
	return hmacSigner(m.hash(), []byte(k.secrets())), nil
}

func (m SignatureMethod) check() error {
	const clause = "RFC 5849, Section 3.4"
	switch {
	case !m.known():
		return &CheckError{"signature_method", "must be one of this package's constants", clause}
	case !m.allowed():
		return &CheckError{"signature_method", "must not be of SHA-1 in FIPS 140-only mode", clause}
	}
	return nil
}

// secrets returns the key of HMAC (RFC 5849, Section 3.4.2), which is PLAINTEXT's
// signature too (Section 3.4.4).
func (k Key) secrets() string { return escape(k.ClientSecret) + "&" + escape(k.TokenSecret) }

// hmacSigner keeps keyed hashes for further use: making one takes as long as
// signing a short request.
func hmacSigner(h crypto.Hash, key []byte) signFunc {
	pool := &sync.Pool{New: func() any { return hmac.New(h.New, key) }}
	return func(base []byte) (string, error) {
		mac := pool.Get().(hash.Hash)
		defer pool.Put(mac)
		mac.Reset()
		mac.Write(base)
		return base64.StdEncoding.EncodeToString(mac.Sum(base[:0])), nil
	}
}

func rsaSigner(h crypto.Hash, key crypto.Signer) (signFunc, error) {
	if err := checkPrivateKey(key); err != nil {
		return nil, err
	}
	return func(base []byte) (string, error) {
		digest := h.New()
		digest.Write(base)
		signature, err := key.Sign(rand.Reader, digest.Sum(nil), h)
		if err != nil {
			return "", fmt.Errorf("oauth1: private key: %w", err)
		}
		return base64.StdEncoding.EncodeToString(signature), nil
	}, nil
}

const keyClause = "RFC 5849, Section 3.4.3"

// minRSABits is what crypto/rsa signs with; many an old provider has such keys.
const minRSABits = 1024

func checkPrivateKey(key crypto.Signer) error {
	var public *rsa.PublicKey
	if k, ok := key.(*rsa.PrivateKey); key != nil && !(ok && k == nil) {
		public, _ = key.Public().(*rsa.PublicKey)
	}
	return checkPublicKey("private_key", public)
}

func checkPublicKey(check string, key *rsa.PublicKey) error {
	if key == nil || key.N == nil || key.N.BitLen() < minRSABits {
		return &CheckError{check, "must be an RSA key of at least 1024 bits", keyClause}
	}
	return nil
}

// verify reports whether signature is that of base. The comparison takes the same
// time wherever two signatures of the same length differ. A key that m cannot be
// verified with is a [*CheckError].
func (m SignatureMethod) verify(base, signature string, k Key) (bool, error) {
	if m.isRSA() {
		return m.verifyRSA(base, signature, k.PublicKey)
	}
	// Of a client with a public key there is no secret, and what anyone can
	// compute is no signature.
	if k.PublicKey != nil || k.ClientSecret == "" && k.TokenSecret == "" {
		return false, &CheckError{"key", "must have a secret, or a public key and an RSA method",
			"RFC 5849, Section 3.4"}
	}
	want, err := Sign(m, base, k)
	return err == nil && equal(signature, want), err
}

func (m SignatureMethod) verifyRSA(base, signature string, key *rsa.PublicKey) (bool, error) {
	if err := m.check(); err != nil {
		return false, err
	}
	if err := checkPublicKey("key", key); err != nil {
		return false, err
	}
	octets, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || base64.StdEncoding.EncodeToString(octets) != signature {
		return false, nil
	}
	digest := m.hash().New()
	digest.Write([]byte(base))
	return rsa.VerifyPKCS1v15(key, m.hash(), digest.Sum(nil), octets) == nil, nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
