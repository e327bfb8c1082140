package main

// A library is a column of the table. What it makes is made once and then
// measured; it is safe for concurrent use. A nil field is something that the
// library doesn't have.
type library struct {
	name string

	// verifier checks tokens signed with alg by the key, as the package comment
	// says, and leaves all claims at hand.
	verifier func(alg string, k *keys) (func(token string) error, error)

	// lean is verifier, with no claims at hand but the registered ones.
	lean func(alg string, k *keys) (func(token string) error, error)

	// reader is verifier, and returns the claims that are not registered.
	reader func(alg string, k *keys) (func(token string) (*extra, error), error)

	// setVerifier is verifier with RS256 and the key of a set that a token names.
	setVerifier func(set []byte) (func(token string) error, error)

	// native makes the library's own value of the claims.
	native func(c *claims) (any, error)

	// issuer signs claims made by native.
	issuer func(alg string, k *keys) (func(native any) (string, error), error)

	// signer signs a payload.
	signer func(alg string, k *keys) (func(payload []byte) (string, error), error)

	// parseSet reads a set and returns how many keys it has.
	parseSet func(set []byte) (int, error)

	// thumbprint reads a key, and then computes its thumbprint with SHA-256.
	thumbprint func(key []byte) (func() (string, error), error)
}

func libraries() []library { return []library{vouchsafe, goJOSE, golangJWT, jwx} }
