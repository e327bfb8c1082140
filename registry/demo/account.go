package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"strings"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

// An account is who is logged in, and how that came about.
type account struct {
	ID               string // the site's own, for its tokens; on no page
	Provider         provider
	Identity         oidc.Identity // zero if the provider has none
	Name, Email      string
	Verified         bool    // whether the issuer says that the address is the user's
	Unknown          error   // why the provider has not said more
	Claims           string  // all that there is then
	Begun, Completed []check // at the redirect, and from the callback on

	client  *registry.Client
	session string // the provider's name for this login, empty if it has none
}

// key returns what the account's token is kept under.
func (a *account) key() oauth2.TokenKey {
	return oauth2.TokenKey{Name: a.client.Name(), User: a.ID}
}

// Scheme returns what the token is sent with. What follows it is the token, or a signature:
// not for showing.
func (a *account) Scheme() string {
	if a.OAuth1() {
		return "OAuth"
	}
	return "Bearer"
}

// OAuth1 reports whether the token is one of OAuth 1.0, which does not end.
func (a *account) OAuth1() bool { return a.client.Protocol() == registry.ProtocolOAuth1 }

// EndsThere reports whether a logout is one at the provider too: see site.providerLogout.
func (a *account) EndsThere() bool { return a.session != "" && !a.Provider.real }

// learn asks the provider who the user is. One of a file need not have an answer to that.
func (a *account) learn(ctx context.Context, login *registry.Login) error {
	user, err := a.client.UserInfo(ctx, login)
	if err != nil {
		if !a.Provider.real {
			return err
		}
		a.Unknown, a.Claims = err, pretty(login.Claims)
		name, _ := login.Claims["name"].(string)
		user = &oidc.UserInfo{Identity: login.Identity, Name: name}
	}
	a.Identity = user.Identity
	a.Name = cmp.Or(user.Name, user.PreferredUsername, user.Identity.Subject, "somebody")
	a.Email, a.Verified = user.Email()
	return nil
}

// pretty returns the claims of an ID Token as JSON, without those that only its checks need.
func pretty(claims map[string]any) string {
	claims = maps.Clone(claims)
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
		delete(claims, name)
	}
	text, err := json.MarshalIndent(claims, "", "  ")
	if err != nil || len(claims) == 0 {
		return ""
	}
	return string(text)
}

// A call is one of the provider's API.
type call struct {
	Path        string // as the user entered it
	Method, URL string
	Status      string
	Body        string
	Err         error
}

const (
	maxForm   = 4 << 10
	maxAnswer = 64 << 10 // of an API's answer is shown, in bytes
)

// callAPI calls the provider's API with the user's token, which is refreshed if need be.
func (a *account) callAPI(ctx context.Context, path string) call {
	made := call{Path: path}
	resp, err := a.client.WithUser(a.ID).Get(ctx, path)
	if err != nil {
		made.Err = err
		return made
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	made.Method, made.URL = resp.Request.Method, shown(*resp.Request.URL)
	made.Status, made.Body, made.Err = resp.Status, indented(body), err
	return made
}

// shown returns a URL without what OAuth 1.0 may have signed it with.
func shown(u url.URL) string {
	params := u.Query()
	maps.DeleteFunc(params, func(name string, _ []string) bool {
		return strings.HasPrefix(name, "oauth_")
	})
	u.RawQuery = params.Encode()
	return u.String()
}

// indented returns JSON on lines of their own, and whatever else as it came.
func indented(text []byte) string {
	var lines bytes.Buffer
	if json.Indent(&lines, text, "", "  ") != nil {
		return string(text)
	}
	return lines.String()
}
