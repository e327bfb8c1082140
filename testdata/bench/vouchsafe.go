package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
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

var vouchsafeOAuth2 = oauth2Library{
	name: "vouchsafe",
	asker: func(grant string, r *registration, c *http.Client) (asker, error) {
		ctx := context.Background()
		client, err := newOAuth2(r, c)
		if err != nil {
			return nil, err
		}
		switch grant {
		case clientCredentials:
			o := oauth2.TokenOptions{Scopes: r.scopes}
			return func() (issued, error) {
				return newIssued(client.ClientCredentials(ctx, o))
			}, nil
		case authorizationCode:
			return vouchsafeCallback(ctx, client, r, "")
		default:
			held, err := oauth2.FromRecord(oauth2.Record{
				AccessToken: r.access, RefreshToken: r.refresh,
			})
			return func() (issued, error) {
				return newIssued(client.Refresh(ctx, held, oauth2.TokenOptions{}))
			}, err
		}
	},
	transport: func(r *registration, base http.RoundTripper) (http.RoundTripper, error) {
		client, err := newOAuth2(r, newClient(base))
		if err != nil {
			return nil, err
		}
		token, err := oauth2.FromRecord(oauth2.Record{AccessToken: r.access})
		if err != nil {
			return nil, err
		}
		return client.Transport(token, audience)
	},
	source: func(r *registration, c *http.Client) (asker, error) {
		client, err := newOAuth2(r, c)
		if err != nil {
			return nil, err
		}
		source, err := client.TokenSource(oauth2.TokenSourceOptions{
			Grant: func(ctx context.Context) (*oauth2.Token, error) {
				return client.ClientCredentials(ctx, oauth2.TokenOptions{Scopes: r.scopes})
			},
		})
		ctx := context.Background()
		return func() (issued, error) { return newIssued(source.Token(ctx)) }, err
	},
	keys: func(c *http.Client) (func() (string, error), error) {
		set, err := oauth2.NewRemoteKeySet(keySetURL, c, nil)
		header := jose.Header{Algorithm: "RS256", KeyID: keyID}
		return func() (string, error) {
			found, err := set.Keys(context.Background(), header)
			if err != nil || len(found) != 1 {
				return "", err
			}
			return found[0].ID(), nil
		}, err
	},
}

func newOAuth2(r *registration, c *http.Client) (*oauth2.Client, error) {
	return oauth2.New(oauth2.Config{
		ID: r.id,
		Server: oauth2.AuthorizationServer{
			Issuer:                issuer,
			AuthorizationEndpoint: issuer + "/oauth2/v1/authorize",
			TokenEndpoint:         tokenURL,
		},
		Auth: oauth2.ClientSecretBasic(r.secret),
		HTTP: c,
	})
}

// vouchsafeCallback reads a callback with state, or the right one if that is empty.
func vouchsafeCallback(
	ctx context.Context, client *oauth2.Client, r *registration, state string,
) (asker, error) {
	login, err := client.Authorize(ctx, oauth2.AuthorizationOptions{
		RedirectURI: redirectURI, Scopes: r.scopes,
	})
	if err != nil {
		return nil, err
	}
	params := url.Values{"code": {r.code}, "state": {cmp.Or(state, login.Transaction.State())}}
	return func() (issued, error) {
		return newIssued(client.Callback(ctx, params, login.Transaction))
	}, nil
}

func newIssued(t *oauth2.Token, err error) (issued, error) {
	if err != nil {
		return issued{}, err
	}
	return issued{t.AccessToken(), t.RefreshToken(), t.ExpiresAt}, nil
}
