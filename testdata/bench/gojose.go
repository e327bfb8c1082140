package main

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

var goJOSE = library{
	name: "go-jose",
	verifier: func(alg string, k *keys) (func(string) error, error) {
		return goJOSEVerifier(alg, k.public(alg)), nil
	},
	lean: func(alg string, k *keys) (func(string) error, error) {
		return func(token string) error {
			var c jwt.Claims
			return goJOSEVerify(token, alg, k.public(alg), &c, &c)
		}, nil
	},
	reader: func(alg string, k *keys) (func(string) (*extra, error), error) {
		return func(token string) (*extra, error) {
			var c goJOSEClaims
			err := goJOSEVerify(token, alg, k.public(alg), &c, &c.Claims)
			return &c.extra, err
		}, nil
	},
	setVerifier: func(text []byte) (func(string) error, error) {
		set := new(jose.JSONWebKeySet)
		err := json.Unmarshal(text, set)
		return goJOSEVerifier("RS256", set), err
	},
	native:   goJOSENative,
	issuer:   goJOSEIssuer,
	signer:   goJOSESigner,
	parseSet: goJOSEParseSet,
	thumbprint: func(text []byte) (func() (string, error), error) {
		var key jose.JSONWebKey
		err := json.Unmarshal(text, &key)
		return func() (string, error) {
			hash, err := key.Thumbprint(crypto.SHA256)
			return base64.RawURLEncoding.EncodeToString(hash), err
		}, err
	},
}

type goJOSEClaims struct {
	jwt.Claims
	extra
}

func goJOSEVerifier(alg string, key any) func(string) error {
	return func(token string) error {
		var c goJOSEClaims
		return goJOSEVerify(token, alg, key, &c, &c.Claims)
	}
}

var errNoExpiry = errors.New("exp is required")

func goJOSEVerify(token, alg string, key, dest any, c *jwt.Claims) error {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return err
	}
	if err := parsed.Claims(key, dest); err != nil {
		return err
	}
	if c.Expiry == nil {
		return errNoExpiry
	}
	expected := jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()}
	return c.ValidateWithLeeway(expected, leeway)
}

func goJOSENative(c *claims) (any, error) {
	return &goJOSEClaims{jwt.Claims{
		Issuer:    c.Issuer,
		Subject:   c.Subject,
		Audience:  c.Audience,
		Expiry:    jwt.NewNumericDate(time.Unix(c.ExpiresAt, 0)),
		NotBefore: jwt.NewNumericDate(time.Unix(c.NotBefore, 0)),
		IssuedAt:  jwt.NewNumericDate(time.Unix(c.IssuedAt, 0)),
		ID:        c.ID,
	}, c.extra}, nil
}

func goJOSEIssuer(alg string, k *keys) (func(any) (string, error), error) {
	signer, err := newSigner(alg, k)
	return func(c any) (string, error) { return jwt.Signed(signer).Claims(c).Serialize() }, err
}

func goJOSESigner(alg string, k *keys) (func([]byte) (string, error), error) {
	signer, err := newSigner(alg, k)
	return func(payload []byte) (string, error) {
		signed, err := signer.Sign(payload)
		if err != nil {
			return "", err
		}
		return signed.CompactSerialize()
	}, err
}

func newSigner(alg string, k *keys) (jose.Signer, error) {
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: k.private(alg)}
	return jose.NewSigner(key, new(jose.SignerOptions).WithType("JWT").WithHeader("kid", keyID))
}

func goJOSEParseSet(text []byte) (int, error) {
	var set jose.JSONWebKeySet
	err := json.Unmarshal(text, &set)
	return len(set.Keys), err
}
