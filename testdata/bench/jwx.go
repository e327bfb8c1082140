package main

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

var jwx = library{
	name: "jwx",
	verifier: func(alg string, k *keys) (func(string) error, error) {
		a, err := jwxAlgorithm(alg)
		return jwxVerifier(jwt.WithKey(a, k.public(alg))), err
	},
	setVerifier: func(text []byte) (func(string) error, error) {
		set, err := jwk.Parse(text)
		return jwxVerifier(jwt.WithKeySet(set)), err
	},
	native: jwxNative,
	issuer: jwxIssuer,
	signer: jwxSigner,
	parseSet: func(text []byte) (int, error) {
		set, err := jwk.Parse(text)
		if err != nil {
			return 0, err
		}
		return set.Len(), nil
	},
	thumbprint: func(text []byte) (func() (string, error), error) {
		key, err := jwk.ParseKey(text)
		return func() (string, error) {
			hash, err := key.Thumbprint(crypto.SHA256)
			return base64.RawURLEncoding.EncodeToString(hash), err
		}, err
	},
}

func jwxAlgorithm(alg string) (jwa.SignatureAlgorithm, error) {
	a, ok := jwa.LookupSignatureAlgorithm(alg)
	if !ok {
		return a, fmt.Errorf("jwx has no %s", alg)
	}
	return a, nil
}

func jwxVerifier(key jwt.ParseOption) func(string) error {
	options := []jwt.ParseOption{
		key,
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithRequiredClaim(jwt.ExpirationKey),
		jwt.WithAcceptableSkew(leeway),
	}
	return func(token string) error {
		_, err := jwt.ParseString(token, options...)
		return err
	}
}

func jwxIssuer(alg string, k *keys) (func(any) (string, error), error) {
	a, header, err := jwxHeader(alg)
	if err != nil {
		return nil, err
	}
	key := jwt.WithKey(a, k.private(alg), jws.WithProtectedHeaders(header))
	return func(token any) (string, error) {
		signed, err := jwt.Sign(token.(jwt.Token), key)
		return string(signed), err
	}, nil
}

func jwxSigner(alg string, k *keys) (func([]byte) (string, error), error) {
	a, header, err := jwxHeader(alg)
	if err != nil {
		return nil, err
	}
	if err := header.Set(jws.TypeKey, "JWT"); err != nil {
		return nil, err
	}
	key := jws.WithKey(a, k.private(alg), jws.WithProtectedHeaders(header))
	return func(payload []byte) (string, error) {
		signed, err := jws.Sign(payload, key)
		return string(signed), err
	}, nil
}

func jwxHeader(alg string) (jwa.SignatureAlgorithm, jws.Headers, error) {
	header := jws.NewHeaders()
	if err := header.Set(jws.KeyIDKey, keyID); err != nil {
		return jwa.EmptySignatureAlgorithm(), nil, err
	}
	a, err := jwxAlgorithm(alg)
	return a, header, err
}

func jwxNative(c *claims) (any, error) {
	return jwt.NewBuilder().
		Issuer(c.Issuer).
		Subject(c.Subject).
		Audience(c.Audience).
		Expiration(time.Unix(c.ExpiresAt, 0)).
		NotBefore(time.Unix(c.NotBefore, 0)).
		IssuedAt(time.Unix(c.IssuedAt, 0)).
		JwtID(c.ID).
		Claim("auth_time", c.AuthTime).
		Claim("nonce", c.Nonce).
		Claim("azp", c.Party).
		Claim("acr", c.Context).
		Claim("amr", c.Methods).
		Claim("at_hash", c.TokenHash).
		Claim("sid", c.Session).
		Claim("name", c.Name).
		Claim("preferred_username", c.Username).
		Claim("email", c.Email).
		Claim("email_verified", c.Verified).
		Claim("locale", c.Locale).
		Claim("picture", c.Picture).
		Claim("address", c.Address).
		Claim("groups", c.Groups).
		Build()
}
