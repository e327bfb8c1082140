package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

// UserInfo is what a provider says of a user, OpenID Connect Core 1.0, Section
// 5.1. Everything but the Identity may change from one day to the next, and the
// URLs are a stranger's.
type UserInfo struct {
	Identity          Identity
	Name              string // "name"
	PreferredUsername string // "preferred_username"
	Picture           string // "picture", a URL

	body *userInfoBody
}

type userInfoBody struct {
	email    string
	verified bool
	members  map[string]json.RawMessage
}

// Email returns the e-mail address, if there is one, and whether the issuer of
// the Identity says that it verified it belongs to the user: "email_verified",
// as the boolean true and nothing else.
func (u *UserInfo) Email() (address string, verified bool) {
	if u.body == nil {
		return "", false
	}
	return u.body.email, u.body.verified
}

// Claims reads all claims into v, as [jose.Token.Claims] does.
func (u *UserInfo) Claims(v any) error {
	if u.body == nil {
		return json.Unmarshal([]byte("{}"), v)
	}
	raw, err := json.Marshal(u.body.members)
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(string(raw), v)
}

const maxUserInfo = 1 << 20

// UserInfo asks the UserInfo Endpoint with login's access token, OpenID Connect
// Core 1.0, Section 5.3. The answer must be about the subject of login's ID Token
// (Section 5.3.2).
func (c *Client) UserInfo(ctx context.Context, login *Login) (*UserInfo, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(login != nil && c.verified(login.IDToken), "id_token",
		"must have been verified by this client before UserInfo", "OpenID Connect Core 1.0, Section 5.3.2") {
		return nil, l.Err()
	}
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := conn.provider.UserInfoEndpoint
	transport, err := conn.oauth.Transport(login.Token, endpoint)
	if err != nil {
		return nil, fmt.Errorf("oidc: UserInfo endpoint: %w", err)
	}
	u, err := FetchUserInfo(ctx, httpclient.With(c.config.HTTP, transport),
		UserInfoSource{Endpoint: endpoint, Issuer: login.IDToken.Issuer})
	if err != nil {
		return nil, err
	}
	if !l.Check(u.Identity == login.IDToken.Identity(),
		"sub", "must be that of the ID Token", "OpenID Connect Core 1.0, Section 5.3.2") {
		return nil, fmt.Errorf("oidc: UserInfo: %w", l.Err())
	}
	return u, nil
}

// verified reports whether t is an ID Token of this provider for this client.
func (c *Client) verified(t *IDToken) bool {
	return t != nil && t.token != nil && t.Issuer == c.config.Issuer && slices.Contains(t.Audience, c.config.ID)
}

// A UserInfoSource says where a user's claims are and how to read them.
type UserInfoSource struct {
	Endpoint string // absolute URL
	Issuer   string // of the Identity

	// Names says where a provider that does not speak OpenID Connect keeps a
	// standard claim: {"sub": "id"}. A whole number there is read as its digits.
	Names map[string]string
}

// FetchUserInfo fetches a user's claims with client, which sends the token: its
// Transport is one of package oauth1, oauth2 or this one. s must name an issuer,
// and the answer must have a subject. Where an ID Token was issued, use
// [Client.UserInfo], which compares the two.
func FetchUserInfo(ctx context.Context, client *http.Client, s UserInfoSource) (*UserInfo, error) {
	if s.Issuer == "" {
		return nil, errors.New("oidc: UserInfoSource.Issuer is required: without it, " +
			"users of two providers could be taken for one")
	}
	resp, err := httpclient.Get(ctx, client, s.Endpoint, maxUserInfo)
	if err != nil {
		return nil, fmt.Errorf("oidc: UserInfo: %w", err)
	}
	if !httpclient.HasMediaType(resp.Header, "application/json") {
		return nil, fmt.Errorf("oidc: UserInfo: %w", checkError("content_type",
			"must be application/json", "OpenID Connect Core 1.0, Section 5.3.2"))
	}
	return readUserInfo(resp.Body, s)
}

// userInfoMembers are the claims that this package reads.
var userInfoMembers = []string{"sub", "name", "preferred_username", "picture", "email", "email_verified"}

// readUserInfo reads a UserInfo response, which must have a subject: the string
// "sub", or what takes its place.
func readUserInfo(body []byte, s UserInfoSource) (*UserInfo, error) {
	m, err := strictjson.Parse(string(body), userInfoMembers...)
	if err != nil {
		return nil, fmt.Errorf("oidc: UserInfo: %w", checkError("body",
			"must be one strict JSON object", "OpenID Connect Core 1.0, Section 5.3.2"))
	}
	claims := map[string]json.RawMessage{}
	for name, value := range m.All() {
		claims[name] = value.Raw()
	}
	for claim, member := range s.Names {
		delete(claims, claim)
		if v := m.Get(member); v != "" {
			claims[claim] = wholeAsString(v)
		}
	}
	str := func(name string) string {
		s, _ := strictjson.Value(claims[name]).String()
		return s
	}
	subject := str("sub")
	if subject == "" {
		return nil, fmt.Errorf("oidc: UserInfo: %w", checkError("sub",
			"must be a non-empty string", "OpenID Connect Core 1.0, Section 5.3.2"))
	}
	return &UserInfo{
		Identity:          Identity{s.Issuer, subject},
		Name:              str("name"),
		PreferredUsername: str("preferred_username"),
		Picture:           str("picture"),
		body:              &userInfoBody{str("email"), string(claims["email_verified"]) == "true", claims},
	}, nil
}

// wholeAsString makes a string of a whole number, digit by digit: a float64 has
// not enough of them.
func wholeAsString(v strictjson.Value) json.RawMessage {
	if strings.Trim(string(v), "0123456789") != "" {
		return v.Raw()
	}
	return json.RawMessage(`"` + string(v) + `"`)
}
