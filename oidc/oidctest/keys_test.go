package oidctest_test

import (
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// Each client gets tokens signed with its own algorithm, and the rest the provider's.
func TestAlgorithms(t *testing.T) {
	w := start(t, oidctest.Options{Algorithm: "ES256", Clients: []oidctest.Client{
		{ID: "client", Secret: "secret"}, {ID: "odd", Secret: "100%+", IDTokenAlgorithm: "EdDSA"},
	}})
	for id, want := range map[string]string{"client": "ES256", "odd": "EdDSA"} {
		params, _ := w.request("openid")
		_, got := brought(w.authorize(changed(params, "client_id", id,
			"response_type", "id_token")))
		header, err := jose.Peek(got.Get("id_token"))
		if err != nil || header.Algorithm != want {
			t.Errorf("%s: header is %+v, %v", id, header, err)
		}
	}
}

// New keys sign at once, under new IDs; the old ones verify for as long as they are kept.
func TestRotateKeys(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		w := start(t, oidctest.Options{Algorithm: algorithm, Algorithms: []string{"EdDSA"}})
		encryption := encryptionID(w)
		ids := map[string]bool{w.Key().ID(): true}
		etag := w.do("GET", w.Endpoint("jwks"), nil, nil).header.Get("ETag")
		for i, test := range []struct {
			keep bool
			keys int
		}{{true, 5}, {true, 7}, {false, 3}} {
			old := w.grant("openid").IDToken
			if err := w.RotateKeys(test.keep); err != nil {
				t.Fatal(err)
			}
			a := w.do("GET", w.Endpoint("jwks"), nil, nil)
			if a.header.Get("ETag") == etag {
				t.Error("the tag of the keys did not change")
			}
			etag = a.header.Get("ETag")
			if keys := w.keys().All(); len(keys) != test.keys {
				t.Errorf("%d: %d keys, want %d", i, len(keys), test.keys)
			}
			ids[w.Key().ID()] = true
			w.claims(w.grant("openid").IDToken, algorithm, nil)
			_, err := jose.VerifySignature(t.Context(), old, w.keys(),
				jose.VerifyOptions{Algorithms: []string{algorithm}})
			if (err == nil) != test.keep {
				t.Errorf("%d: old token: %v", i, err)
			}
		}
		if len(ids) != 4 || encryptionID(w) != encryption {
			t.Errorf("IDs are %v", ids)
		}
	}
}

// encryptionID is the ID of the key that is encrypted for.
func encryptionID(w walk) string { return signer{walk: w}.encryptionKey().ID() }

// What cannot sign is refused at once.
func TestNewRefusesAlgorithms(t *testing.T) {
	for name, o := range map[string]oidctest.Options{
		"more":           {Algorithms: []string{"none"}},
		"more symmetric": {Algorithms: []string{"HS256"}},
		"ID Token":       {Clients: []oidctest.Client{{IDTokenAlgorithm: "none"}}},
		"UserInfo":       {Clients: []oidctest.Client{{UserInfoAlgorithm: "rs256"}}},
		"response":       {Clients: []oidctest.Client{{ResponseAlgorithm: "x"}}},
		"short secret": {Clients: []oidctest.Client{
			{Secret: strings.Repeat("s", 31), IDTokenAlgorithm: "HS256"}}},
		"unknown HMAC": {Clients: []oidctest.Client{
			{Secret: strings.Repeat("s", 99), IDTokenAlgorithm: "HS1"}}},
	} {
		o.BaseURL = "http://127.0.0.1"
		if p, err := oidctest.New(o); p != nil || err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
