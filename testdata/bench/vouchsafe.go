package main

import (
	"context"
	"net/http"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth1"
)

var vouchsafe = library{
	name:     "vouchsafe",
	verifier: vouchsafeVerifier,
	lean:     vouchsafeVerifier,
	reader: func(alg string, k *keys) (func(string) (*extra, error), error) {
		v, err := newVerifier(alg, k)
		return func(token string) (*extra, error) {
			t, err := v.Verify(context.Background(), token)
			if err != nil {
				return nil, err
			}
			c := new(extra)
			return c, t.Claims(c)
		}, err
	},
	setVerifier: func(text []byte) (func(string) error, error) {
		set, err := jose.ParseSet(text)
		if err != nil {
			return nil, err
		}
		v, err := jose.NewVerifier(verifierConfig("RS256", set))
		return func(token string) error {
			_, err := v.Verify(context.Background(), token)
			return err
		}, err
	},
	native: vouchsafeNative,
	issuer: vouchsafeIssuer,
	signer: vouchsafeSigner,
	parseSet: func(text []byte) (int, error) {
		set, err := jose.ParseSet(text)
		if err != nil {
			return 0, err
		}
		return len(set.All()), nil
	},
	thumbprint: func(text []byte) (func() (string, error), error) {
		key, err := jose.ParseKey(text)
		return func() (string, error) { return key.Thumbprint(), nil }, err
	},
}

func vouchsafeVerifier(alg string, k *keys) (func(string) error, error) {
	v, err := newVerifier(alg, k)
	return func(token string) error {
		_, err := v.Verify(context.Background(), token)
		return err
	}, err
}

func newVerifier(alg string, k *keys) (*jose.Verifier, error) {
	key, err := jose.NewKey(k.public(alg), jose.KeyOptions{ID: keyID, Algorithm: alg})
	if err != nil {
		return nil, err
	}
	return jose.NewVerifier(verifierConfig(alg, jose.NewSet(key)))
}

func verifierConfig(alg string, set *jose.Set) jose.VerifierConfig {
	return jose.VerifierConfig{
		Keys:       set,
		Algorithms: []string{alg},
		Issuer:     issuer,
		Audience:   audience,
		Leeway:     leeway,
	}
}

func vouchsafeNative(c *claims) (any, error) {
	return &jose.Claims{
		Issuer:    c.Issuer,
		Subject:   c.Subject,
		Audience:  c.Audience,
		ExpiresAt: time.Unix(c.ExpiresAt, 0),
		NotBefore: time.Unix(c.NotBefore, 0),
		IssuedAt:  time.Unix(c.IssuedAt, 0),
		ID:        c.ID,
		Other: map[string]any{
			"auth_time":          c.AuthTime,
			"nonce":              c.Nonce,
			"azp":                c.Party,
			"acr":                c.Context,
			"amr":                c.Methods,
			"at_hash":            c.TokenHash,
			"sid":                c.Session,
			"name":               c.Name,
			"preferred_username": c.Username,
			"email":              c.Email,
			"email_verified":     c.Verified,
			"locale":             c.Locale,
			"picture":            c.Picture,
			"address":            c.Address,
			"groups":             c.Groups,
		},
	}, nil
}

func vouchsafeIssuer(alg string, k *keys) (func(any) (string, error), error) {
	key, err := jose.NewKey(k.private(alg), jose.KeyOptions{ID: keyID, Algorithm: alg})
	return func(c any) (string, error) {
		return jose.Issue(*c.(*jose.Claims), key, jose.SignOptions{})
	}, err
}

func vouchsafeSigner(alg string, k *keys) (func([]byte) (string, error), error) {
	key, err := jose.NewKey(k.private(alg), jose.KeyOptions{ID: keyID, Algorithm: alg})
	return func(payload []byte) (string, error) {
		return jose.Sign(payload, key, jose.SignOptions{Type: "JWT"})
	}, err
}

var vouchsafeOAuth1 = oauth1Library{
	name: "vouchsafe",
	signer: func(method string, c *credentials) (func(m *message) (string, error), error) {
		client, tok, err := newOAuth1(method, c, nil)
		if err != nil {
			return nil, err
		}
		s, err := client.Signer(tok)
		return func(m *message) (string, error) { return s.Header(m.method, m.url, m.params) }, err
	},
	transport: func(
		method string, c *credentials, base http.RoundTripper,
	) (http.RoundTripper, error) {
		client, tok, err := newOAuth1(method, c, base)
		if err != nil {
			return nil, err
		}
		return client.Transport(tok, audience)
	},
}

func newOAuth1(
	method string, c *credentials, base http.RoundTripper,
) (*oauth1.Client, *oauth1.Token, error) {
	config := oauth1.Config{
		ID:              c.id,
		SignatureMethod: oauth1.SignatureMethod(method),
		HTTP:            &http.Client{Transport: base},
	}
	if method == rsaSHA1 {
		config.PrivateKey = c.rsa
	} else {
		config.Secret = c.secret
	}
	client, err := oauth1.New(config)
	if err != nil {
		return nil, nil, err
	}
	tok, err := oauth1.FromRecord(oauth1.Record{Token: c.token, Secret: c.tokenSecret})
	return client, tok, err
}
