package interop

import (
	"slices"
	"sync"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// Refresh tokens are good once.
func refreshes(tb *table) {
	id := tb.client(nil)
	rowOf := func(name, note string, run func(*testing.T, *oidc.Client, *oidc.Login)) {
		tb.row(name, note, func(t *testing.T) {
			client := tb.party(t, id, nil)
			run(t, client, tb.login(t, client, oidc.AuthorizationOptions{
				Scopes: []string{"profile", "api:read"}}))
		})
	}
	rowOf("rotation", "three times, each with an ID Token that continues the one before",
		func(t *testing.T, client *oidc.Client, login *oidc.Login) {
			tok := login.Token
			for range 3 {
				renewed, err := client.Refresh(t.Context(), tok)
				if err != nil {
					t.Fatal(err)
				}
				if renewed.Token.AccessToken() == tok.AccessToken() ||
					renewed.Token.RefreshToken() == tok.RefreshToken() {
					t.Error("the tokens are the old ones")
				}
				tok = renewed.Token
			}
			if _, err := client.UserInfoOf(t.Context(), tok, login.IDToken.Identity()); err != nil {
				t.Error(err)
			}
		})
	rowOf("reuse", "it refuses: invalid_grant, and ends the tokens of the whole grant",
		func(t *testing.T, client *oidc.Client, login *oidc.Login) {
			renewed, err := client.Refresh(t.Context(), login.Token)
			if err != nil {
				t.Fatal(err)
			}
			for _, old := range []*oauth2.Token{login.Token, renewed.Token} {
				_, err := client.Refresh(t.Context(), old)
				wants(t, err, refusal("invalid_grant"))
			}
			_, err = client.UserInfoOf(t.Context(), renewed.Token, login.IDToken.Identity())
			wants(t, err, refusal("invalid_token"))
		})
	rowOf("a token source", "ten callers, one refresh: reuse would end the grant", tb.manyCallers)
	rowOf("fewer scopes", "", func(t *testing.T, client *oidc.Client, login *oidc.Login) {
		tok, err := tb.refresh(t, client, login, oauth2.TokenOptions{Scopes: []string{"openid"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tok.Scopes, []string{"openid"}) {
			t.Errorf("the scopes are %v", tok.Scopes)
		}
	})
	rowOf("more scopes", "it refuses: invalid_scope",
		func(t *testing.T, client *oidc.Client, login *oidc.Login) {
			_, err := tb.refresh(t, client, login,
				oauth2.TokenOptions{Scopes: []string{"openid", "email"}})
			wants(t, err, refusal("invalid_scope"))
		})
	rowOf("expired", "it refuses: invalid_grant",
		func(t *testing.T, client *oidc.Client, login *oidc.Login) {
			tb.later(t, 3601)
			_, err := client.Refresh(t.Context(), login.Token)
			wants(t, err, refusal("invalid_grant"))
		})
	rowOf("by another client", "we refuse: client_id",
		func(t *testing.T, _ *oidc.Client, login *oidc.Login) {
			other := tb.oauth(t, "another", oauth2.ClientSecretBasic(longSecret))
			_, err := other.Refresh(t.Context(), login.Token, oauth2.TokenOptions{})
			wants(t, err, check("client_id"))
		})
	without := tb.client(map[string]any{"grant_types": []string{"authorization_code", "implicit"}})
	tb.refused("none given", check("refresh_token"), func(t *testing.T) error {
		client := tb.party(t, without, nil)
		login := tb.login(t, client, oidc.AuthorizationOptions{})
		_, err := client.Refresh(t.Context(), login.Token)
		return err
	})
}

func (tb *table) refresh(
	t *testing.T, client *oidc.Client, login *oidc.Login, o oauth2.TokenOptions,
) (*oauth2.Token, error) {
	t.Helper()
	oauth, err := client.OAuth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return oauth.Refresh(t.Context(), login.Token, o)
}

// manyCallers ask a source for its token when that has expired.
func (tb *table) manyCallers(t *testing.T, client *oidc.Client, login *oidc.Login) {
	record := login.Token.Record()
	record.ExpiresAt = time.Now().Unix()
	expired, err := oauth2.FromRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	source, err := client.TokenSource(t.Context(), oauth2.TokenSourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Save(t.Context(), expired); err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	var tokens [10]*oauth2.Token
	for i := range tokens {
		callers.Go(func() {
			tok, err := source.Token(t.Context())
			if err != nil {
				t.Error(err)
			}
			tokens[i] = tok
		})
	}
	callers.Wait()
	for _, tok := range tokens {
		if tok == nil || !tok.Same(tokens[0]) || tok.Same(expired) {
			t.Fatal("they have different tokens, or the old one")
		}
	}
	if _, err := client.UserInfoOf(t.Context(), tokens[0], login.IDToken.Identity()); err != nil {
		t.Error(err)
	}
}
