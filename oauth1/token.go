package oauth1

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"
)

// A Token is the token credentials of RFC 5849, Section 2.3, with whatever else
// the provider sent beside them. Printing or logging it does not show them. It
// does not change and is safe for concurrent use.
type Token struct {
	// A function, since fmt looks into none: with %s it would print what a
	// pointer to a struct points to.
	reveal func() Record
}

func newToken(r Record) *Token { return &Token{func() Record { return r }} }

// Token returns the token identifier, oauth_token.
func (t Token) Token() string { return t.record().Token }

// Secret returns the token's shared-secret, oauth_token_secret.
func (t Token) Secret() string { return t.record().Secret }

// Expiry returns when the token expires by the oauth_expires_in that came with it,
// or the zero time if that is not known. See [Client.Renew].
func (t Token) Expiry() time.Time {
	if at := t.record().ExpiresAt; at != 0 {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// Extra returns a further parameter of the token response, such as user_id, or
// the empty string if the provider sent none of that name.
func (t Token) Extra(name string) string { return t.record().Extra[name] }

func (t Token) record() Record {
	if t.reveal == nil {
		return Record{}
	}
	return t.reveal()
}

// MarshalJSON always returns an error: store [Token.Record].
func (t Token) MarshalJSON() ([]byte, error) {
	return nil, errors.New("oauth1: a Token is not for JSON: use Record to store it")
}

// Record returns t in the form to store it in.
func (t Token) Record() Record {
	r := t.record()
	r.Extra = maps.Clone(r.Extra)
	return r
}

// A Record is a [Token] in the form to store it in, with Authlib's member
// names. encoding/json writes its secrets; fmt does not.
type Record struct {
	Token     string            `json:"oauth_token"`
	Secret    string            `json:"oauth_token_secret"`
	ExpiresAt int64             `json:"expires_at,omitempty"` // Unix time; zero if not known
	Extra     map[string]string `json:"extra,omitempty"`
}

// FromRecord returns the token that r was made from, or one that was got in some
// other way: from a settings page of the provider, for example. Token must not be
// empty, or the error is a [*CheckError]; [Client.Signer] wants a Secret as well.
func FromRecord(r Record) (*Token, error) {
	if r.Token == "" {
		return nil, &CheckError{"record", "must have a token", "RFC 5849, Section 2.3"}
	}
	r.Extra = maps.Clone(r.Extra)
	return newToken(r), nil
}

// Format prints that r is a record and nothing of it, whatever the verb.
func (r Record) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oauth1.Record{...}") }

// LogValue returns what Format prints.
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
