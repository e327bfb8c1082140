package jose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"vouchsafe/internal/strictjson"
)

const maxKeys = 256

// A KeySource finds the keys that may have signed what carries a header. It must
// be safe for concurrent use. An empty list means that it has none.
type KeySource interface {
	Keys(ctx context.Context, h Header) ([]*Key, error)
}

// A RenewingKeySource is a KeySource that may have newer keys. A [Verifier] asks it
// once more when the keys it got do not verify a signature; how often that leads
// to a fetch is for the source to bound.
type RenewingKeySource interface {
	KeySource

	// Renew is Keys after looking for newer keys.
	Renew(ctx context.Context, h Header) ([]*Key, error)
}

// A Set is a JWK Set, RFC 7517, Section 5. It is immutable and safe for
// concurrent use.
type Set struct {
	keys    []*Key
	skipped []error
}

// NewSet returns the set of keys.
func NewSet(keys ...*Key) *Set {
	return &Set{keys: append([]*Key(nil), keys...)}
}

// ParseSet reads a JWK Set of at most 256 keys. A key that this package cannot
// use is left out and the reason kept, as RFC 7517, Section 5 asks; see
// [Set.Skipped].
func ParseSet(jwks []byte) (*Set, error) {
	m, err := strictjson.Parse(jwks, "keys")
	if err != nil {
		return nil, fmt.Errorf("jose: JWK Set: %w", err)
	}
	list, ok := m.Get("keys").Array()
	if !ok || len(list) > maxKeys {
		return nil, errors.New("jose: JWK Set must have an array \"keys\" of at most 256 keys " +
			"(RFC 7517, Section 5.1)")
	}
	s := &Set{}
	for i, raw := range list {
		k, err := ParseKey(raw)
		if err != nil {
			s.skipped = append(s.skipped, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// Skipped returns why keys were left out when the set was parsed, one error a key.
func (s *Set) Skipped() []error { return append([]error(nil), s.skipped...) }

// Keys returns the keys that serve the header's algorithm and have its key ID,
// or all that serve the algorithm if it names none (RFC 7515, Section 6).
func (s *Set) Keys(_ context.Context, h Header) ([]*Key, error) {
	var found []*Key
	for _, k := range s.keys {
		if (h.KeyID == "" || h.KeyID == k.id) && k.serves(h.Algorithm) {
			found = append(found, k)
		}
	}
	return found, nil
}

// MarshalJSON writes the set's public keys.
func (s *Set) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]*Key{"keys": append([]*Key{}, s.keys...)})
}
