package oidctest

import (
	"encoding/json"
	"maps"
	"slices"
)

// scopes are those with a meaning.
var scopes = []string{"openid", "profile", "email", "address", "phone", "offline_access"}

// scopeOf returns the scope that asks for a claim, OpenID Connect Core 1.0, Section 5.4,
// and nothing if none does.
func scopeOf(claim string) string {
	switch claim {
	case "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
		"profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale",
		"updated_at":
		return "profile"
	case "email", "email_verified":
		return "email"
	case "address":
		return "address"
	case "phone_number", "phone_number_verified":
		return "phone"
	}
	return ""
}

// known are all claims about a user; sub is for whoever makes use of them to set.
func (u User) known() map[string]any {
	claims := map[string]any{"preferred_username": u.Subject}
	if u.Name != "" {
		claims["name"] = u.Name
	}
	if u.Email != "" {
		claims["email"], claims["email_verified"] = u.Email, true
	}
	maps.Copy(claims, u.Claims)
	return claims
}

// claims are those about a user that scopes and an asked part of the parameter claims ask
// for, and those that nobody needs to ask for.
func (u User) claims(scopes []string, asked map[string]*claimRequest) map[string]any {
	claims := u.known()
	maps.DeleteFunc(claims, func(name string, _ any) bool {
		scope := scopeOf(name)
		_, ok := asked[name]
		return !ok && scope != "" && !slices.Contains(scopes, scope)
	})
	return claims
}

// idTokenClaims are those about the user. If there is no access token to get UserInfo
// with, the ID Token has them all (OpenID Connect Core 1.0, Section 5.4).
func (g *grant) idTokenClaims() map[string]any {
	if g.has("id_token") && !g.has("code") && !g.has("token") {
		return g.user.claims(g.scopes, g.claims.idToken)
	}
	claims := g.user.known()
	maps.DeleteFunc(claims, func(name string, _ any) bool {
		_, ok := g.claims.idToken[name]
		return !ok
	})
	return claims
}

// A claimsRequest is the parameter claims, OpenID Connect Core 1.0, Section 5.5. A claim
// that is asked for by default is nil.
type claimsRequest struct {
	userInfo, idToken map[string]*claimRequest
}

type claimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// parseClaims reads the parameter, which may be absent. Members that are not known are
// ignored.
func parseClaims(text string) (claimsRequest, bool) {
	var c claimsRequest
	if text == "" {
		return c, true
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil || members == nil {
		return c, false
	}
	for name, into := range map[string]*map[string]*claimRequest{
		"userinfo": &c.userInfo, "id_token": &c.idToken,
	} {
		if text, ok := members[name]; ok && json.Unmarshal(text, into) != nil {
			return c, false
		}
	}
	return c, true
}

// wanted returns the first value that is asked for, if any.
func (c *claimRequest) wanted() string {
	if c == nil {
		return ""
	}
	for _, value := range append([]any{c.Value}, c.Values...) {
		if s, ok := value.(string); ok {
			return s
		}
	}
	return ""
}
