package oauth2

import "vouchsafe/jose"

// SecretKey returns the client secret of a as a key for HMAC, which some servers sign ID
// Tokens with (OpenID Connect Core 1.0, Section 10.1).
func SecretKey(a ClientAuthentication) (*jose.Key, error) { return nil, nil }
