package oidctest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"

	"vouchsafe/jose"
)

// outdated encrypts a token by RSA1_5 (RFC 7518, Section 4.2), which jose does not know, and
// A128CBC-HS256 (Section 5.2.3), so that who knows both can read it.
func outdated(to *jose.Key, token string) string {
	header := base64url(`{"alg":"RSA1_5","enc":"A128CBC-HS256","cty":"JWT"}`)
	random := make([]byte, 32+aes.BlockSize)
	rand.Read(random)
	key, iv := random[:32], random[32:]
	missing := aes.BlockSize - len(token)%aes.BlockSize
	text := append([]byte(token), bytes.Repeat([]byte{byte(missing)}, missing)...)
	cipher.NewCBCEncrypter(must(aes.NewCipher(key[16:])), iv).CryptBlocks(text, text)
	mac := hmac.New(sha256.New, key[:16])
	mac.Write([]byte(header + string(iv) + string(text)))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(header))*8))
	wrapped := must(rsa.EncryptPKCS1v15(rand.Reader, publicRSA(to), key))
	list := header
	for _, part := range [][]byte{wrapped, iv, text, mac.Sum(nil)[:16]} {
		list += "." + base64url(string(part))
	}
	return list
}

// publicRSA is the key that a JWK holds.
func publicRSA(key *jose.Key) *rsa.PublicKey {
	var members struct{ N string }
	json.Unmarshal(must(key.MarshalJSON()), &members)
	n := must(base64.RawURLEncoding.DecodeString(members.N))
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
}
