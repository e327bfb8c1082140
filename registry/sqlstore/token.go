package sqlstore

import (
	"context"
	"encoding/json"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

var (
	tokens2 = table{"oauth2_token",
		[]string{"access_token", "refresh_token", "rest", "token_type", "expires_at"}}
	tokens1 = table{"oauth1_token",
		[]string{"oauth_token", "oauth_token_secret", "extra", "expires_at"}}
)

// Load returns the token of key, nil if there is none.
func (s *Store) Load(ctx context.Context, key oauth2.TokenKey) (*oauth2.Token, error) {
	_, tok, err := s.load(ctx, key)
	return tok, err
}

// Swap stores replacement in place of old, in one step, if old is what is stored, and
// reports whether it was: see [oauth2.TokenStore].
func (s *Store) Swap(
	ctx context.Context, key oauth2.TokenKey, old, replacement *oauth2.Token,
) (bool, error) {
	version, held, err := s.load(ctx, key)
	if err != nil || !held.Same(old) {
		return false, err
	}
	row, err := s.row(key, replacement)
	if err != nil {
		return false, err
	}
	return s.put(ctx, tokens2, key, version, row)
}

// Delete removes the token of key, whatever it is: one that does not open as well, which
// Swap does not touch.
func (s *Store) Delete(ctx context.Context, key oauth2.TokenKey) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := s.exec(ctx, "DELETE FROM "+tokens2.name+ofKey, key.Name, key.User)
	return tokens2.wrap(err)
}

func (s *Store) load(
	ctx context.Context, key oauth2.TokenKey,
) (version string, tok *oauth2.Token, err error) {
	var access, refresh, rest, tokenType string
	var expiresAt int64
	found, err := s.read(ctx, tokens2, key, &access, &refresh, &rest, &tokenType, &expiresAt)
	if !found {
		return "", nil, err
	}
	version = access
	if err := s.open(tokens2, key, &access, &refresh, &rest); err != nil {
		return "", nil, err
	}
	var r oauth2.Record
	if err := json.Unmarshal([]byte(rest), &r); err != nil {
		return "", nil, tokens2.wrap(err)
	}
	r.AccessToken, r.RefreshToken, r.TokenType, r.ExpiresAt = access, refresh, tokenType, expiresAt
	tok, err = oauth2.FromRecord(r)
	return version, tok, tokens2.wrap(err)
}

// row returns the columns of tok, none if that is nil.
func (s *Store) row(key oauth2.TokenKey, tok *oauth2.Token) ([]any, error) {
	if tok == nil {
		return nil, nil
	}
	r := tok.Record()
	if _, err := oauth2.FromRecord(r); err != nil { // it could not be loaded again
		return nil, tokens2.wrap(err)
	}
	rest := r
	rest.AccessToken, rest.RefreshToken, rest.TokenType, rest.ExpiresAt = "", "", "", 0
	text, err := json.Marshal(rest)
	if err != nil {
		return nil, tokens2.wrap(err)
	}
	row, err := s.seal(tokens2, key, r.AccessToken, r.RefreshToken, string(text))
	return append(row, r.TokenType, r.ExpiresAt), err
}

// LoadOAuth1 returns the OAuth 1.0 token of key, nil if there is none. It has nothing to do
// with the OAuth 2.0 token of the same key.
func (s *Store) LoadOAuth1(ctx context.Context, key oauth2.TokenKey) (*oauth1.Token, error) {
	var r oauth1.Record
	var extra string
	found, err := s.read(ctx, tokens1, key, &r.Token, &r.Secret, &extra, &r.ExpiresAt)
	if !found {
		return nil, err
	}
	if err := s.open(tokens1, key, &r.Token, &r.Secret, &extra); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(extra), &r.Extra); err != nil {
		return nil, tokens1.wrap(err)
	}
	tok, err := oauth1.FromRecord(r)
	return tok, tokens1.wrap(err)
}

// SaveOAuth1 stores tok as the OAuth 1.0 token of key, in place of what there is; nil
// removes that. Of two that are saved at the same time, one is kept.
func (s *Store) SaveOAuth1(ctx context.Context, key oauth2.TokenKey, tok *oauth1.Token) error {
	row, err := s.rowOAuth1(key, tok)
	if err != nil {
		return err
	}
	version, err := s.version(ctx, tokens1, key)
	if err != nil {
		return err
	}
	// Where the row is of another version by now, that was saved after this one.
	_, err = s.put(ctx, tokens1, key, version, row)
	return err
}

// rowOAuth1 returns the columns of tok, none if that is nil.
func (s *Store) rowOAuth1(key oauth2.TokenKey, tok *oauth1.Token) ([]any, error) {
	if tok == nil {
		return nil, nil
	}
	r := tok.Record()
	if _, err := oauth1.FromRecord(r); err != nil { // it could not be loaded again
		return nil, tokens1.wrap(err)
	}
	extra, err := json.Marshal(r.Extra)
	if err != nil {
		return nil, tokens1.wrap(err)
	}
	row, err := s.seal(tokens1, key, r.Token, r.Secret, string(extra))
	return append(row, r.ExpiresAt), err
}
