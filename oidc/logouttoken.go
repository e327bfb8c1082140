package oidc

import (
	"context"
	"fmt"
	"time"

	"vouchsafe/internal/digest"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// A LogoutToken is a verified Logout Token, OpenID Connect Back-Channel Logout 1.0, Section
// 2.4: the provider's word that sessions have ended. It has a Subject, a SessionID, or both.
type LogoutToken struct {
	Issuer    string
	Subject   string // "sub", empty if absent: SessionID says which session of whom
	SessionID string // "sid", empty if absent: all sessions of Subject have ended

	token IDToken
}

// Identity returns who was logged out. Its Subject is empty if only a session was named.
func (t *LogoutToken) Identity() Identity { return Identity{t.Issuer, t.Subject} }

// Claims reads all claims into v, as [jose.Token.Claims] does.
func (t *LogoutToken) Claims(v any) error { return t.token.Claims(v) }

// A ReplayStore remembers which tokens there have been. Its method is safe for concurrent use.
// A site that runs in several processes needs one that they share.
type ReplayStore interface {
	// Add remembers key, 43 characters, until the time until, after which it may be
	// forgotten. Of several simultaneous calls with one key exactly one is told that it is
	// fresh.
	Add(ctx context.Context, key string, until time.Time) (fresh bool, err error)
}

const (
	logoutTokenClause = "OpenID Connect Back-Channel Logout 1.0, Section 2.6"

	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// newLogoutVerifier makes the one of Logout Tokens, which are signed and encrypted as ID
// Tokens are, OpenID Connect Back-Channel Logout 1.0, Section 2.6, rules 1 to 4. Section 4.1
// has most providers send them untyped; the claims tell them from ID Tokens.
func newLogoutVerifier(v jose.VerifierConfig) (*jose.Verifier, error) {
	v.Type, v.InsecureUntyped = "logout+jwt", true
	v.MaxAge = maxIssued
	return jose.NewVerifier(v)
}

// VerifyLogoutToken verifies a Logout Token by every rule of OpenID Connect Back-Channel Logout
// 1.0, Section 2.6, but for those that compare it with the sessions, which the application has
// (rules 9 to 11). One that was verified before is refused by its jti, see Config.Replays: a
// token is verified once, and what it asks for done then.
//
// The error is, wrapped, a [*jose.CheckError] that names the check, [jose.ErrSignature],
// [jose.ErrDecryption], or that of fetching metadata or keys, or of Config.Replays.
func (c *Client) VerifyLogoutToken(ctx context.Context, logoutToken string) (*LogoutToken, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	verified, err := conn.logoutVerifier.Verify(ctx, logoutToken)
	if err != nil {
		return nil, fmt.Errorf("oidc: Logout Token: %w", err)
	}
	t, err := c.checkLogoutToken(ctx, verified)
	if err != nil {
		return nil, fmt.Errorf("oidc: Logout Token: %w", err)
	}
	return t, nil
}

// checkLogoutToken is the list of the rules that jose's Verifier does not know.
func (c *Client) checkLogoutToken(ctx context.Context, verified *jose.Token) (*LogoutToken, error) {
	l := verdict.New(ctx, checkError)
	token, ok := readIDToken(verified)
	id := verified.ID
	l.Check(ok, "logout_token", "must have claims of their types", logoutTokenClause)
	c.checkParties(l, token, nil)
	l.Check(token.claim("sub") != "" || token.SessionID != "", "sub", "must be present, or sid",
		logoutTokenClause)
	l.Check(token.claim("sub") == "" || isSubject(token.Subject), "sub",
		"must have 1 to 255 ASCII characters", claimsClause)
	l.Check(token.claim("sid") == "" || token.SessionID != "", "sid", "must not be empty",
		logoutTokenClause)
	l.Check(isLogout(token.claim("events")), "events", "must have that of a logout",
		logoutTokenClause)
	l.Check(token.claim("nonce") == "", "nonce", "must not be there: it is of an ID Token",
		logoutTokenClause)
	l.Check(id != "", "jti", "must be present", logoutTokenClause)
	if l.Err() != nil {
		return nil, l.Err()
	}
	fresh, err := c.config.Replays.Add(ctx, digest.Of(token.Issuer, c.config.ID, id),
		c.usableUntil(token))
	if err != nil {
		return nil, fmt.Errorf("replay store: %w", err)
	}
	if !l.Check(fresh, "jti", "must not have come before", logoutTokenClause) {
		return nil, l.Err()
	}
	return &LogoutToken{token.Issuer, token.Subject, token.SessionID, *token}, nil
}

// usableUntil returns when a token is refused by its age, and need not be remembered.
func (c *Client) usableUntil(t *IDToken) time.Time {
	until := t.ExpiresAt
	if oldest := t.IssuedAt.Add(maxIssued); oldest.Before(until) {
		until = oldest
	}
	return until.Add(max(c.config.Leeway, 0))
}

// isLogout reports whether events declare a Logout Token (Section 2.4).
func isLogout(events strictjson.Value) bool {
	m, err := strictjson.Parse(string(events))
	if err != nil {
		return false
	}
	_, err = strictjson.Parse(string(m.Get(logoutEvent)))
	return err == nil
}
