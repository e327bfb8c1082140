package main

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var golangJWT = library{
	name: "golang-jwt",
	verifier: func(alg string, k *keys) (func(string) error, error) {
		parser, key := golangJWTParser(alg), golangJWTKey(alg, k)
		return func(token string) error {
			_, err := parser.ParseWithClaims(token, new(golangJWTClaims), key)
			return err
		}, nil
	},
	lean: func(alg string, k *keys) (func(string) error, error) {
		parser, key := golangJWTParser(alg), golangJWTKey(alg, k)
		return func(token string) error {
			_, err := parser.ParseWithClaims(token, new(jwt.RegisteredClaims), key)
			return err
		}, nil
	},
	reader: func(alg string, k *keys) (func(string) (*extra, error), error) {
		parser, key := golangJWTParser(alg), golangJWTKey(alg, k)
		return func(token string) (*extra, error) {
			c := new(golangJWTClaims)
			_, err := parser.ParseWithClaims(token, c, key)
			return &c.extra, err
		}, nil
	},
	native: golangJWTNative,
	issuer: golangJWTIssuer,
}

type golangJWTClaims struct {
	jwt.RegisteredClaims
	extra
}

func golangJWTParser(alg string) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{alg}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
	)
}

func golangJWTKey(alg string, k *keys) jwt.Keyfunc {
	key := k.public(alg)
	return func(*jwt.Token) (any, error) { return key, nil }
}

func golangJWTNative(c *claims) (any, error) {
	return &golangJWTClaims{jwt.RegisteredClaims{
		Issuer:    c.Issuer,
		Subject:   c.Subject,
		Audience:  c.Audience,
		ExpiresAt: jwt.NewNumericDate(time.Unix(c.ExpiresAt, 0)),
		NotBefore: jwt.NewNumericDate(time.Unix(c.NotBefore, 0)),
		IssuedAt:  jwt.NewNumericDate(time.Unix(c.IssuedAt, 0)),
		ID:        c.ID,
	}, c.extra}, nil
}

func golangJWTIssuer(alg string, k *keys) (func(any) (string, error), error) {
	method, key := jwt.GetSigningMethod(alg), k.private(alg)
	return func(c any) (string, error) {
		token := jwt.NewWithClaims(method, c.(*golangJWTClaims))
		token.Header["kid"] = keyID
		return token.SignedString(key)
	}, nil
}
