package oidctest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vouchsafe/jose"
)

const (
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

	// logoutLife is the most that OpenID Connect Back-Channel Logout 1.0, Section 4 likes.
	logoutLife = 2 * time.Minute
)

// EndSession ends a session at the provider, as an administrator may at any time, and as
// the end_session endpoint does: its clients that have a BackChannelLogoutURI are sent a
// logout token before it returns, one after the other, each for 5 seconds at most, and
// what came of the session without the scope offline_access is revoked. No browser takes
// part, so that front-channel logout does not. sid is that of its ID Tokens.
//
// The error is that there is no such session, or that a logout token cannot be made; what
// clients answer is among [Provider.Faults]. It is safe for concurrent use.
func (p *Provider) EndSession(ctx context.Context, sid string) error {
	s := p.takeSession(sid)
	if s == nil {
		return errors.New("oidctest: there is no session of this ID")
	}
	return p.tellClients(ctx, s)
}

// LogoutToken makes a logout token for a client, OpenID Connect Back-Channel Logout 1.0,
// Section 2.4: signed and encrypted as the client's ID Tokens are, good for two minutes,
// and sent nowhere. An empty subject or sid is left out of it. It is safe for concurrent
// use.
func (p *Provider) LogoutToken(clientID, subject, sid string) (string, error) {
	client, ok := p.client(clientID)
	if !ok {
		return "", errors.New("oidctest: there is no client of this ID")
	}
	return p.logoutToken(client, subject, sid)
}

func (p *Provider) logoutToken(client Client, subject, sid string) (string, error) {
	now := p.options.Now()
	claims := map[string]any{
		"iss":    p.Issuer(),
		"aud":    client.ID,
		"iat":    now.Unix(),
		"exp":    now.Add(logoutLife).Unix(),
		"jti":    rand.Text(),
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	if subject != "" {
		claims["sub"] = subject
	}
	if sid != "" {
		claims["sid"] = sid
	}
	if p.options.EditLogoutToken != nil {
		p.options.EditLogoutToken(claims)
	}
	to := client.IDTokenEncryption
	signed, err := p.sign(claims, "logout+jwt", client, p.or(client.IDTokenAlgorithm),
		Recipient{})
	if err != nil || to.Key == nil {
		return signed, err
	}
	return to.encrypt([]byte(signed), jose.EncryptOptions{
		ContentType: "JWT", Header: map[string]any{"iss": p.Issuer()}})
}

// tellClients sends a logout token to each client of a session that takes one.
func (p *Provider) tellClients(ctx context.Context, s *session) error {
	for _, c := range s.clients() {
		if c.BackChannelLogoutURI == "" {
			continue
		}
		token, err := p.logoutToken(c, s.user.Subject, s.id)
		if err != nil {
			return err
		}
		if fault := p.sendLogout(ctx, c.BackChannelLogoutURI, token); fault != "" {
			p.refuse(fault)
		}
	}
	return nil
}

// sendLogout sends a logout token once, OpenID Connect Back-Channel Logout 1.0, Section 2.5.
func (p *Provider) sendLogout(ctx context.Context, uri, token string) Fault {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	form := url.Values{"logout_token": {token}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader(form))
	if err != nil {
		return UndeliveredLogoutToken
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.do(req)
	if err != nil {
		return UndeliveredLogoutToken
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent:
		return WrongLogoutResponse
	case !noStore(resp.Header):
		return CacheableLogoutResponse
	}
	return ""
}

// noStore reports whether a response is not to be kept, RFC 9111, Section 5.2.2.5.
func noStore(h http.Header) bool {
	for directive := range strings.SplitSeq(strings.Join(h["Cache-Control"], ","), ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-store") {
			return true
		}
	}
	return false
}
