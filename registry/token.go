package registry

import (
	"errors"

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
