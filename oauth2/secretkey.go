package oauth2

import (
	"strings"

	"vouchsafe/internal/refusal"
	"vouchsafe/jose"
)

// SecretKey returns the client secret of a as a key for HMAC, which some servers sign ID
// Tokens with (OpenID Connect Core 1.0, Section 10.1). An authentication that has no
// secret of this package's is a [*jose.CheckError], and so is a secret shorter than the
// hash, 32 bytes for HS256 (RFC 7518, Section 3.2). The key serves the hashes that the
// secret is long enough for.
func SecretKey(a ClientAuthentication) (*jose.Key, error) {
	const check, clause = "client_secret", "OpenID Connect Core 1.0, Section 10.1"
	var key *jose.Key
	var err error
	switch a := a.(type) {
	case clientSecret:
		key, err = hmacKey(a.secret())
	case automatic:
		key, err = hmacKey(a.secret())
	case clientAssertion:
		if a.method == clientSecretJWT {
			key, err = a.key, a.err
		}
	}
	if err != nil {
		return nil, refusal.Because(err, check, "must be as long as the hash",
			"RFC 7518, Section 3.2")
	}
	if key == nil {
		return nil, checkError(check, "must be configured, by a method that has one", clause)
	}
	return key, nil
}

func hmacKey(secret string) (*jose.Key, error) {
	return jose.NewKey([]byte(secret), jose.KeyOptions{Use: "sig"})
}

func namesHMAC(algorithm string) bool { return strings.HasPrefix(algorithm, "HS") }
