// Package jose reads, verifies and signs JSON Web Signatures and JSON Web
// Tokens: RFC 7515, RFC 7517, RFC 7518 and RFC 7519, by the rules of RFC 8725.
// It knows nothing of HTTP or OAuth and can be used alone.
//
// # Verifying a token
//
// A [Verifier] is built once from what the caller expects, and then makes every
// check in one call. A [Token] exists only after all of them:
//
//	keys, err := jose.ParseSet(jwks)
//	v, err := jose.NewVerifier(jose.VerifierConfig{
//		Keys:       keys,
//		Algorithms: []string{"ES256"},
//		Issuer:     "https://issuer.example",
//		Audience:   "https://api.example",
//	})
//	tok, err := v.Verify(ctx, compact)
//
// # What decides
//
// The algorithm is decided by the key and the caller, never by the token
// (RFC 8725, Section 3.1): a [Key] carries the algorithms it may serve, computed
// once when it is made, and the "alg" of a header is only compared. There is no
// "none". Keys named or carried by a header (jwk, jku, x5u, x5c) are never used.
//
// Input is strict: base64url without padding, white space or stray bits; JSON
// without duplicate member names; nothing after the end; bounded size. The bytes
// that are verified are the bytes that were received.
//
// # Errors
//
// A token that is not acceptable is refused with a [*CheckError] that names the
// check, what it asks for, and the clause. A signature that does not verify is
// [ErrSignature], whatever the cause. Neither repeats any part of the token.
//
// # What is left to the caller
//
// Fetching keys (package oauth2 has a remote key set), and remembering the "jti"
// of tokens that may be used once.
//
// So far the package has the algorithms RS256 and ES256, in the compact
// serialization.
package jose
