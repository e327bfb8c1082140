package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/internal/braces"
	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

// A Token is what a login ends in: exactly one of the fields is set.
type Token struct {
	OAuth1 *oauth1.Token
	OAuth2 *oauth2.Token // OpenID Connect's too
}

// A Record is a Token for storing, as JSON or in the columns of a table. encoding/json writes
// its secrets; fmt does not.
type Record struct {
	OAuth1 *oauth1.Record `json:"oauth1,omitempty"`
	OAuth2 *oauth2.Record `json:"oauth2,omitempty"`
}

// Record returns t for storing.
func (t Token) Record() Record {
	var r Record
	if t.OAuth1 != nil {
		one := t.OAuth1.Record()
		r.OAuth1 = &one
	}
	if t.OAuth2 != nil {
		two := t.OAuth2.Record()
		r.OAuth2 = &two
	}
	return r
}

// FromRecord returns the Token of a Record, which must have one.
func FromRecord(r Record) (t Token, err error) {
	switch {
	case (r.OAuth1 == nil) == (r.OAuth2 == nil):
		return Token{}, errors.New("registry: a Record must have one token")
	case r.OAuth1 != nil:
		t.OAuth1, err = oauth1.FromRecord(*r.OAuth1)
	default:
		t.OAuth2, err = oauth2.FromRecord(*r.OAuth2)
	}
	return t, err
}

// members returns what came with the token.
func (t Token) members() map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	r := t.Record()
	if r.OAuth1 != nil {
		for name, value := range r.OAuth1.Extra {
			members[name], _ = json.Marshal(value)
		}
	}
	if r.OAuth2 != nil {
		maps.Copy(members, r.OAuth2.Extra)
	}
	return members
}

// expand fills in a URL the members that it names in braces, texts and whole numbers;
// {access_token} is the token itself, and {client_id} the client's ID. Its host names none.
func (t Token) expand(template, clientID string) (string, error) {
	members := t.members()
	members["client_id"], _ = json.Marshal(clientID)
	if t.OAuth2 != nil {
		members["access_token"], _ = json.Marshal(t.OAuth2.AccessToken())
	}
	path, query, _ := strings.Cut(template, "?")
	path, err := fill(path, members, url.PathEscape)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool {
		return s == "." || s == ".."
	}) {
		return "", errDots
	}
	if query == "" {
		return path, nil
	}
	if query, err = fill(query, members, url.QueryEscape); err != nil {
		return "", err
	}
	return path + "?" + query, nil
}

var errDots = errors.New("what came with the token must not be dots in the path of a URL")

func fill(template string, members map[string]json.RawMessage, escape func(string) string,
) (string, error) {
	text, missing, ok := braces.Fill(template, func(name string) string {
		value, _ := strictjson.Value(members[name]).Text()
		return escape(value)
	})
	if !ok {
		return "", fmt.Errorf("%q must have come with the token", missing)
	}
	return text, nil
}
