// Package jose is JSON Object Signing and Encryption: it reads, verifies, makes and
// encrypts JSON Web Tokens (RFC 7519), and what they are made of: JSON Web
// Signatures (RFC 7515), JSON Web Encryption (RFC 7516), and JSON Web Keys (RFC
// 7517), by the rules of RFC 8725. It knows nothing of HTTP or OAuth and can be used
// alone.
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
// A token that is no JSON Web Token, such as a signed webhook, is for
// [VerifySignature], which knows every serialization.
//
// # Making a token
//
// [Issue] makes a signed token of [Claims], [Sign] signs anything:
//
//	key, err := jose.GenerateKey("EdDSA")
//	compact, err := jose.Issue(jose.Claims{
//		Issuer:    "https://issuer.example",
//		Subject:   "alice",
//		Audience:  []string{"https://api.example"},
//		ExpiresAt: time.Now().Add(5 * time.Minute),
//	}, key, jose.SignOptions{})
//
// [Encrypt] encrypts for a recipient, and a [Decrypter] is the recipient's side. What
// is decrypted has no known sender, so a Decrypter gives bytes; a Verifier that is
// given it accepts nested tokens alone, signed inside and encrypted outside.
//
// # Keys
//
// [ParseKey] and [ParseSet] read public keys, [ParsePrivateKey] and
// [ParsePrivateSet] private and symmetric ones, and [NewKey] takes what the standard
// library calls a key, or a [crypto.Signer] whose key is in an HSM or a KMS. Marshalled
// as JSON a key is its public half; the secret needs [Key.MarshalPrivate].
//
// A [Key] carries the algorithms that it may serve, computed once, when it is made, from
// its type, curve and size, its "use", "key_ops" and "alg". The header of a token is only
// compared with it: the algorithm is decided by the key and the caller, never by the
// token (RFC 8725, Section 3.1). Keys that a header brings or points to (jwk, jku, x5u,
// x5c) are never used.
//
// RSA keys must have 2048 to 8192 bits and not be of the kind that CVE-2017-15361
// factors; those on P-256, P-384 and P-521 must be points of the curve; a key for HMAC
// must be as long as the hash, and must not be the PEM, DER, SSH or JWK text of another
// key.
//
// # Algorithms
//
// Signatures: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA and
// Ed25519 (one algorithm under two names, RFC 8037 and RFC 9864), HS256, HS384, HS512.
//
// Key management: RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512, ECDH-ES and
// ECDH-ES with A128KW, A192KW or A256KW on P-256, P-384, P-521 and X25519, A128KW,
// A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, and dir. Content encryption: A128GCM,
// A192GCM, A256GCM, A128CBC-HS256, A192CBC-HS384, A256CBC-HS512.
//
// Left out, and with it a class of attacks each:
//
//   - "none", which no setting brings back: tokens that nobody signed;
//   - RSA1_5: padding oracles;
//   - PBES2: a message that says how many million hashes to compute;
//   - "zip": a few bytes that become gigabytes, and lengths that tell the plaintext;
//   - Ed448, X448 and secp256k1, which the standard library lacks. ML-DSA (RFC 9964)
//     waits for it. In a set such keys are skipped.
//
// Verifying ES384 costs about 10 times as much as ES256, ES512 about 40 times, and RSA
// of 4096 bits more than 10 times as much as RSA of 2048: the standard library has
// no assembly for them. Leave them out of Algorithms where strangers can send tokens.
//
// In FIPS 140-only mode keys on X25519 are refused and RSA-OAEP, which is made with
// SHA-1, is not served.
//
// # Strict input
//
// Base64url has exactly one spelling for each value. JSON has no duplicate member
// names at any depth, no name that differs from a registered one only in case, nothing
// after its end, valid UTF-8, and bounded depth and size. A registered claim of the wrong
// type makes a token invalid. A "crit" parameter that the caller has not declared, "crit"
// without what it names, and "b64" in a token are refused. The bytes that are verified
// are the bytes that were received, never encoded anew. A token may have 8 signatures
// or recipients, and 16 keys are tried for all of them.
//
// # Errors
//
// A token or a key that is not acceptable is refused with a [*CheckError] that names
// the check, what it asks for, and the clause. Of tokens the checks are, in the order
// in which they are mostly made: size, compact or JSON, header, crit, payload, typ, alg, key,
// claims, iss, aud, exp, nbf, iat, and the claims required; when decrypting also enc,
// zip, encrypted_key and cty. A signature that does not verify is [ErrSignature],
// whatever the cause, and what does not decrypt is [ErrDecryption]. What is no strict
// JSON in a key, and settings that cannot work, are plain errors. None of them repeats
// any part of a token or a key.
//
// # What is left to the caller
//
// Fetching keys (package oauth2 has a remote key set), trusting certificates (those of
// a key are compared with it, their chain is not verified), and remembering the "jti"
// of tokens that may be used once.
package jose
