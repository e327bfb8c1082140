package interop

import (
	"errors"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

const (
	addKeys     = "keys?keep=old" // the old ones stay in the key set
	replaceKeys = "keys"
)

// A provider that signs with new keys has them fetched by those who hold the old ones, and
// keys that it has no more are no longer believed.
func keyChanges(tb *table) {
	id := tb.client(nil)
	// afterwards adds a row of a client that holds the key set of before the change.
	afterwards := func(name, note, change string,
		run func(t *testing.T, client *oidc.Client, before *oidc.Login)) {
		tb.row(name, note, func(t *testing.T) {
			client := tb.party(t, id, nil)
			before := tb.login(t, client, oidc.AuthorizationOptions{})
			tb.turn(t, change)
			run(t, client, before)
		})
	}
	old := func(t *testing.T, client *oidc.Client, login *oidc.Login) error {
		t.Helper()
		_, err := client.VerifyIDToken(t.Context(), login.Token.IDToken(),
			oidc.IDTokenExpectations{InsecureWithoutNonce: true})
		return err
	}
	afterwards("new ones beside the old", "a login at once, and old ID Tokens verify", addKeys,
		func(t *testing.T, client *oidc.Client, before *oidc.Login) {
			openIDCase{}.checkLogin(t, client, tb.login(t, client, oidc.AuthorizationOptions{}))
			if err := old(t, client, before); err != nil {
				t.Error(err)
			}
		})
	afterwards("new ones instead", "a login at once; of old ID Tokens we refuse: key", replaceKeys,
		func(t *testing.T, client *oidc.Client, before *oidc.Login) {
			openIDCase{}.checkLogin(t, client, tb.login(t, client, oidc.AuthorizationOptions{}))
			err := old(t, client, before)
			wants(t, err, check("key"))
		})
	afterwards("a refresh after it", "", replaceKeys,
		func(t *testing.T, client *oidc.Client, before *oidc.Login) {
			renewed, err := client.Refresh(t.Context(), before.Token)
			if err != nil {
				t.Fatal(err)
			}
			if renewed.IDToken == nil || renewed.IDToken.Identity() != before.IDToken.Identity() {
				t.Errorf("the refreshed ID Token is %+v", renewed.IDToken)
			}
		})
	tb.row("between request and response", "", func(t *testing.T) {
		client := tb.party(t, id, nil)
		tb.login(t, client, oidc.AuthorizationOptions{}) // which fetches the keys
		params, txn := tb.begin(t, client)
		tb.turn(t, replaceKeys)
		if _, err := client.Callback(t.Context(), params, txn); err != nil {
			t.Error(err)
		}
	})
	signed := tb.client(alike("ES256", "", ""))
	tb.row("of UserInfo and responses that are signed", "", func(t *testing.T) {
		client := tb.party(t, signed, func(_ keyring, c *oidc.Config) {
			expect(c, signedWith("ES256"))
		})
		login := tb.login(t, client, everything())
		tb.turn(t, replaceKeys)
		openIDCase{}.checkUserInfo(t, client, login)
		openIDCase{}.checkLogin(t, client, tb.login(t, client, everything()))
	})
	tb.row("twice within half a minute", "we refuse: key; half a minute later a login works",
		func(t *testing.T) {
			var ahead time.Duration
			client := tb.party(t, id, func(_ keyring, c *oidc.Config) {
				c.Now = func() time.Time { return time.Now().Add(ahead) }
			})
			for _, want := range []error{nil, nil, check("key")} {
				_, err := openIDCase{want: want}.
					logIn(t.Context(), client, newBrowser("alice", siteRedirectURI))
				if !errors.Is(err, want) {
					t.Fatalf("error is %v, want %v", err, want)
				}
				tb.turn(t, replaceKeys)
			}
			ahead = 31 * time.Second
			tb.login(t, client, oidc.AuthorizationOptions{})
		})
	encrypted := func(k keyring, c *oidc.Config) {
		c.RequestObject = oauth2.RequestObject{Key: k.sign, EncryptionAlgorithm: "RSA-OAEP-256"}
	}
	tb.row("old ones to encrypt with, still good", "", func(t *testing.T) {
		client := tb.party(t, id, encrypted)
		tb.login(t, client, oidc.AuthorizationOptions{})
		tb.turn(t, addKeys)
		tb.login(t, client, oidc.AuthorizationOptions{})
	})
	tb.row("old ones to encrypt with, gone",
		"it cannot read the object, nor its state: we refuse: state; until we ask for the "+
			"key set again, after an hour",
		func(t *testing.T) {
			var ahead time.Duration
			client := tb.party(t, id, func(k keyring, c *oidc.Config) {
				encrypted(k, c)
				c.Now = func() time.Time { return time.Now().Add(ahead) }
			})
			tb.login(t, client, oidc.AuthorizationOptions{})
			tb.turn(t, replaceKeys)
			_, err := openIDCase{want: check("state")}.
				logIn(t.Context(), client, newBrowser("alice", siteRedirectURI))
			wants(t, err, check("state"))
			ahead = 61 * time.Minute
			tb.later(t, 61*60)
			tb.login(t, client, oidc.AuthorizationOptions{})
		})
}
