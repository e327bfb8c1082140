package jose

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"vouchsafe/internal/strictjson"
)

const maxKeys = 256

// A KeySource finds the keys that may have signed what carries a header, or that it
// may have been encrypted for. It must be safe for concurrent use. An empty list
// means that it has none. The list is only read.
type KeySource interface {
	Keys(ctx context.Context, h Header) ([]*Key, error)
}

// A RenewingKeySource is a KeySource that may have newer keys. It is asked once
// more when the keys it gave do not verify a signature; how often that leads to a
// fetch is for the source to bound. An error of Renew counts as no newer keys.
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

// NewSet returns the set of keys. One that is nil is left out.
func NewSet(keys ...*Key) *Set {
	isNil := func(k *Key) bool { return k == nil }
	return &Set{keys: slices.DeleteFunc(slices.Clone(keys), isNil)}
}

// OneKey returns the source of k alone, whatever ID a token names: that of a secret, which
// has none, and which some name all the same. Nothing verifies with one that is nil.
func OneKey(k *Key) KeySource { return oneKey{k} }

type oneKey struct{ key *Key }

func (o oneKey) Keys(context.Context, Header) ([]*Key, error) { return []*Key{o.key}, nil }

// ParseSet reads a JWK Set of at most 256 public keys and 1 MiB. A key that this
// package cannot use, or that is not public, is left out and the reason kept, as RFC
// 7517, Section 5 asks; see [Set.Skipped]. A set that is not strict JSON throughout is
// an error.
func ParseSet(jwks []byte) (*Set, error) { return parseSet(string(jwks), false) }

// ParsePrivateSet reads a JWK Set of private and symmetric keys, as [ParseSet] does
// one of public keys. Look at Skipped: a key of your own that is left out is a mistake.
func ParsePrivateSet(jwks []byte) (*Set, error) { return parseSet(string(jwks), true) }

func parseSet(jwks string, private bool) (*Set, error) {
	if len(jwks) > maxKeyText {
		return nil, errKeyText()
	}
	m, err := strictjson.Parse(jwks, "keys")
	if err != nil {
		return nil, fmt.Errorf("jose: JWK Set: %w", err)
	}
	list, ok := m.Get("keys").Array()
	if !ok || len(list) > maxKeys {
		return nil, checkError("keys", "must be an array of at most 256 keys",
			"RFC 7517, Section 5.1")
	}
	s := &Set{keys: make([]*Key, 0, len(list))}
	for i, raw := range list {
		k, err := parseText(string(raw), private)
		if err != nil {
			s.skipped = append(s.skipped, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// Skipped returns why keys were left out when the set was parsed, one error a key.
func (s *Set) Skipped() []error { return slices.Clone(s.skipped) }

// Keys returns the keys that serve the header's algorithm and have its key ID,
// or all that serve the algorithm if it names none (RFC 7515, Section 6). The list
// must not be changed.
func (s *Set) Keys(_ context.Context, h Header) ([]*Key, error) {
	var found []*Key
	for i, k := range s.keys {
		if h.KeyID != "" && h.KeyID != k.id || !k.answers(h) {
			continue
		}
		if found == nil {
			found = s.keys[i : i+1 : i+1] // one key, as there mostly is, is no allocation
		} else {
			found = append(found, k)
		}
	}
	return found, nil
}

// answers reports whether k serves what h names. A key whose "alg" is a content
// encryption algorithm is one for "dir" with it.
func (k *Key) answers(h Header) bool {
	return k.serves(h.Algorithm) || h.Algorithm == "dir" && k.serves(h.Encryption)
}

// All returns the keys of the set, in its order.
func (s *Set) All() []*Key { return slices.Clone(s.keys) }

// MarshalJSON writes the set's public keys. A symmetric key among them is an error.
func (s *Set) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]*Key{"keys": append([]*Key{}, s.keys...)})
}

// MarshalPrivate writes the set with its secrets. A key without one is an error.
func (s *Set) MarshalPrivate() ([]byte, error) {
	list := make([]json.RawMessage, len(s.keys))
	for i, k := range s.keys {
		raw, err := k.MarshalPrivate()
		if err != nil {
			return nil, err
		}
		list[i] = raw
	}
	return json.Marshal(map[string][]json.RawMessage{"keys": list})
}
