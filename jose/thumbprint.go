package jose

import "crypto/sha256"

// Thumbprint returns the key's JWK Thumbprint with SHA-256, in base64url, RFC
// 7638, Section 3. That of a symmetric key helps to guess the key if it is not
// random (RFC 7638, Section 7). That of the zero Key is empty.
func (k *Key) Thumbprint() string {
	if k.material == nil {
		return ""
	}
	w := writer{b: make([]byte, 0, 512)}
	k.material.writeTo(&w)
	sum := sha256.Sum256(w.end())
	return encode(sum[:])
}

// ThumbprintURI returns the key's JWK Thumbprint URI with SHA-256, RFC 9278,
// Section 3.
func (k *Key) ThumbprintURI() string {
	return "urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + k.Thumbprint()
}
