package main

import (
	"context"
	"sync"
	"time"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

// tokens keeps the tokens of users, of both protocols, until the demo ends. An application
// keeps them in a database: see package sqlstore.
type tokens struct {
	oauth2.MemoryStore
	mu     sync.Mutex
	oauth1 map[oauth2.TokenKey]*oauth1.Token
}

// LoadOAuth1 and SaveOAuth1 make it a registry.OAuth1Store.
func (s *tokens) LoadOAuth1(_ context.Context, key oauth2.TokenKey) (*oauth1.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oauth1[key], nil
}

func (s *tokens) SaveOAuth1(_ context.Context, key oauth2.TokenKey, tok *oauth1.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oauth1 == nil {
		s.oauth1 = map[oauth2.TokenKey]*oauth1.Token{}
	}
	s.oauth1[key] = tok
	if tok == nil {
		delete(s.oauth1, key)
	}
	return nil
}

// A refresh is that of a token.
type refresh struct {
	At      time.Time
	Outcome oauth2.Outcome
}

// Rotated reports whether the refresh token is another too.
func (r refresh) Rotated() bool { return r.Outcome == oauth2.OutcomeRotated }

// A tokenView is what a page shows of a token of OAuth 2.0.
type tokenView struct {
	Ends    time.Time     // zero if the provider did not say
	Left    time.Duration // until then, negative if it has ended
	Renewed bool          // whether there is a refresh token
}

// newTokenView returns nil if there is no token.
func newTokenView(tok *oauth2.Token, now time.Time) *tokenView {
	if tok == nil {
		return nil
	}
	left := tok.ExpiresAt.Sub(now).Round(time.Second)
	return &tokenView{tok.ExpiresAt, left, tok.RefreshToken() != ""}
}
