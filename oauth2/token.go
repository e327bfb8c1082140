package oauth2

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Token is an access token and what came with it, RFC 6749, Section 5.1.
// Printing it does not show its secrets; [Token.Record] gives the form for
// storing. It must not be changed and is then safe for concurrent use.
type Token struct {
	// TokenType is how to use the access token: "Bearer", in the server's spelling, or
	// "N_A" for what [Client.TokenExchange] got if that is no access token.
	TokenType string

	// IssuedTokenType is what a token exchange got, RFC 8693, Section 2.2.1; otherwise
	// empty.
	IssuedTokenType string

	// ExpiresAt is when the access token ends; zero if the server did not say.
	ExpiresAt time.Time

	// Scopes are the scopes granted: what the server says, or else those asked for (RFC
	// 6749, Section 5.1).
	Scopes []string

	// NotGranted are the scopes that were asked for and, as the server says, not
	// granted. A Record does not have them.
	NotGranted []string

	life     time.Duration // from when it was given to ExpiresAt; zero if not known
	clientID string        // to whom it was given; empty if not known
	issuer   string        // by whom
	reveal   func() *secrets
}

// secrets are behind a function so that fmt, json and slog do not see them: with
// %s, fmt prints what a pointer to a struct points to.
type secrets struct {
	access, refresh, idToken string
	extra                    map[string]json.RawMessage
}

func (s *secrets) hidden() func() *secrets { return func() *secrets { return s } }

func (t *Token) held() *secrets {
	if t == nil || t.reveal == nil {
		return &secrets{}
	}
	return t.reveal()
}

// AccessToken returns the access token.
func (t *Token) AccessToken() string { return t.held().access }

// RefreshToken returns the refresh token, empty if there is none.
func (t *Token) RefreshToken() string { return t.held().refresh }

// IDToken returns the ID Token as it came, unverified; empty if there is none.
// Package oidc verifies it.
func (t *Token) IDToken() string { return t.held().idToken }

// Extra returns the JSON text of another member of the token response, nil if
// there is none of that name.
func (t *Token) Extra(name string) json.RawMessage { return slices.Clone(t.held().extra[name]) }

// isBearer reports whether t has an access token that this package can use.
func (t *Token) isBearer() bool {
	return t.AccessToken() != "" && strings.EqualFold(t.TokenType, bearer)
}

// Expired reports whether the access token has ended by now. One whose end is
// not known has not.
func (t *Token) Expired(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt)
}

// MarshalJSON fails: a Token is not stored by accident. Use [Token.Record].
func (t Token) MarshalJSON() ([]byte, error) {
	return nil, errors.New("oauth2: a Token is stored by its Record method")
}

// A Record is a Token for storing, under the member names that token responses
// and Authlib have. encoding/json writes its secrets; fmt does not.
type Record struct {
	AccessToken     string                     `json:"access_token"`
	TokenType       string                     `json:"token_type"`
	RefreshToken    string                     `json:"refresh_token,omitempty"`
	ExpiresAt       int64                      `json:"expires_at,omitempty"` // Unix seconds; 0 unknown
	ExpiresIn       int64                      `json:"expires_in,omitempty"` // seconds, when given
	Scope           string                     `json:"scope,omitempty"`
	IDToken         string                     `json:"id_token,omitempty"`
	IssuedTokenType string                     `json:"issued_token_type,omitempty"`
	Extra           map[string]json.RawMessage `json:"extra,omitempty"`

	// ClientID and Issuer are whose token it is: another client, or one of another server,
	// does not send it. Empty means not known.
	ClientID string `json:"client_id,omitempty"`
	Issuer   string `json:"issuer,omitempty"`

	// Expiry is where golang.org/x/oauth2 has the expiry, in RFC 3339. It is read where
	// ExpiresAt is 0, and never written.
	Expiry time.Time `json:"expiry,omitzero"`
}

// Record returns t for storing. Whoever reads it can use the token.
func (t *Token) Record() Record {
	s := t.held()
	r := Record{
		AccessToken:     s.access,
		TokenType:       t.TokenType,
		RefreshToken:    s.refresh,
		ExpiresIn:       int64(t.life / time.Second),
		Scope:           strings.Join(t.Scopes, " "),
		IDToken:         s.idToken,
		IssuedTokenType: t.IssuedTokenType,
		Extra:           cloneExtra(s.extra),
		ClientID:        t.clientID,
		Issuer:          t.issuer,
	}
	if !t.ExpiresAt.IsZero() {
		r.ExpiresAt = max(t.ExpiresAt.Unix(), 1) // 0 would mean that it is not known
	}
	return r
}

func cloneExtra(extra map[string]json.RawMessage) map[string]json.RawMessage {
	extra = maps.Clone(extra)
	for name, value := range extra {
		extra[name] = slices.Clone(value)
	}
	return extra
}

// Format prints that r is a record and nothing of it, whatever the verb.
func (r Record) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oauth2.Record{...}") }

// LogValue gives a log what Format prints.
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// FromRecord returns the Token of a record: one that Record returned, one that Authlib
// stored, or a token of golang.org/x/oauth2. An access token is required, or else a
// refresh token, for [Client.Refresh]; a token type that is empty means Bearer, and another
// is refused as in a token response.
func FromRecord(r Record) (*Token, error) {
	r.TokenType = cmp.Or(r.TokenType, bearer)
	switch {
	case r.AccessToken == "" && r.RefreshToken == "" || !printable(r.AccessToken):
		return nil, checkError("access_token", "must be a printable string", tokenClause)
	case !usableType(r.TokenType, r.IssuedTokenType):
		return nil, checkError("token_type", "must be Bearer", "RFC 6749, Section 7.1")
	}
	s := &secrets{r.AccessToken, r.RefreshToken, r.IDToken, cloneExtra(r.Extra)}
	t := &Token{
		TokenType:       r.TokenType,
		IssuedTokenType: r.IssuedTokenType,
		ExpiresAt:       r.Expiry,
		Scopes:          strings.Fields(r.Scope),
		life:            time.Duration(max(0, min(r.ExpiresIn, century))) * time.Second,
		clientID:        r.ClientID,
		issuer:          r.Issuer,
		reveal:          s.hidden(),
	}
	if r.ExpiresAt != 0 {
		t.ExpiresAt = time.Unix(r.ExpiresAt, 0)
	}
	return t, nil
}

// checkOwner refuses a token that is not c's to send.
func (c *Client) checkOwner(tok *Token) error {
	if c.owns(tok) {
		return nil
	}
	return checkError("client_id", "must be that of the token, and so must the issuer",
		"RFC 6749, Section 10.4")
}

// owns reports whether tok was given to c by its server, as far as that is known.
func (c *Client) owns(tok *Token) bool {
	same := func(a, b string) bool { return a == "" || b == "" || a == b }
	return tok == nil || same(tok.clientID, c.config.ID) && same(tok.issuer, c.config.Server.Issuer)
}

// adopt returns tok as one of c's.
func (c *Client) adopt(tok *Token) *Token {
	adopted := *tok
	adopted.clientID, adopted.issuer = c.config.ID, c.config.Server.Issuer
	return &adopted
}
