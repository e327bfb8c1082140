package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"math/big"
)

var algorithms = []string{"HS256", "RS256", "PS256", "ES256", "EdDSA"}

// An operation is what is measured. It belongs to one goroutine.
type operation func() error

var (
	pss    = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	errBad = errors.New("raw: signature does not verify")
)

// rawVerify is the verification of a signature and nothing else.
func rawVerify(alg string, k *keys, input, sig []byte) operation {
	switch alg {
	case "HS256":
		return rawVerifyHS256(k.secret, input, sig)
	case "RS256":
		return func() error {
			hash := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(&k.rsa.PublicKey, crypto.SHA256, hash[:], sig)
		}
	case "PS256":
		return func() error {
			hash := sha256.Sum256(input)
			return rsa.VerifyPSS(&k.rsa.PublicKey, crypto.SHA256, hash[:], sig, pss)
		}
	case "ES256":
		return func() error {
			hash := sha256.Sum256(input)
			return check(ecdsa.VerifyASN1(&k.ec.PublicKey, hash[:], sig))
		}
	default:
		public := k.ed.Public().(ed25519.PublicKey)
		return func() error { return check(ed25519.Verify(public, input, sig)) }
	}
}

func rawVerifyHS256(secret, input, sig []byte) operation {
	mac, buf := hmac.New(sha256.New, secret), make([]byte, 0, sha256.Size)
	return func() error {
		mac.Reset()
		mac.Write(input)
		return check(hmac.Equal(mac.Sum(buf), sig))
	}
}

func check(ok bool) error {
	if !ok {
		return errBad
	}
	return nil
}

// rawSigner makes signatures and nothing else, that of ES256 in ASN.1.
func rawSigner(alg string, k *keys) func(input []byte) ([]byte, error) {
	switch alg {
	case "HS256":
		mac, buf := hmac.New(sha256.New, k.secret), make([]byte, 0, sha256.Size)
		return func(input []byte) ([]byte, error) {
			mac.Reset()
			mac.Write(input)
			return mac.Sum(buf), nil
		}
	case "RS256":
		return func(input []byte) ([]byte, error) {
			hash := sha256.Sum256(input)
			return rsa.SignPKCS1v15(nil, k.rsa, crypto.SHA256, hash[:])
		}
	case "PS256":
		return func(input []byte) ([]byte, error) {
			hash := sha256.Sum256(input)
			return rsa.SignPSS(rand.Reader, k.rsa, crypto.SHA256, hash[:], pss)
		}
	case "ES256":
		return func(input []byte) ([]byte, error) {
			hash := sha256.Sum256(input)
			return ecdsa.SignASN1(rand.Reader, k.ec, hash[:])
		}
	default:
		return func(input []byte) ([]byte, error) { return ed25519.Sign(k.ed, input), nil }
	}
}

func header(alg, kid string) string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"JWT"}`, alg, kid)
}

// signingInput is the first two parts of a token, RFC 7515, Section 5.1.
func signingInput(header string, payload []byte) []byte {
	return []byte(text([]byte(header)) + "." + text(payload))
}

// token signs with the standard library alone, so that no column is judged by
// another.
func token(alg, header string, k *keys, payload []byte) (string, error) {
	input := signingInput(header, payload)
	sig, err := rawSigner(alg, k)(input)
	if err == nil && alg == "ES256" {
		sig, err = fixedLength(sig)
	}
	return string(input) + "." + text(sig), err
}

// fixedLength is an ECDSA signature as RFC 7518, Section 3.4 wants it.
func fixedLength(der []byte) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil, err
	}
	sig := make([]byte, 64)
	v.R.FillBytes(sig[:32])
	v.S.FillBytes(sig[32:])
	return sig, nil
}

// rawThumbprint is the hash and its text, of members that are in order already.
func rawThumbprint(canonical []byte) string {
	hash := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// rawSignature makes signatures of a base string that is ready, with a key that is,
// RFC 5849, Section 3.4.
func rawSignature(method string, c *credentials, base []byte) func() (string, error) {
	key := []byte(c.secret + "&" + c.tokenSecret)
	switch method {
	case hmacSHA1:
		return func() (string, error) { return rawHMAC(sha1.New, key, base), nil }
	case hmacSHA256:
		return func() (string, error) { return rawHMAC(sha256.New, key, base), nil }
	default:
		return func() (string, error) {
			hash := sha1.Sum(base)
			sig, err := rsa.SignPKCS1v15(nil, c.rsa, crypto.SHA1, hash[:])
			return base64.StdEncoding.EncodeToString(sig), err
		}
	}
}

func rawHMAC(h func() hash.Hash, key, base []byte) string {
	mac := hmac.New(h, key)
	mac.Write(base)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
