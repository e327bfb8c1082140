package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// setOf returns a JWK Set of texts.
func setOf(texts ...string) []byte { return []byte(`{"keys":[` + strings.Join(texts, ",") + `]}`) }

// A set goes on without the keys that it cannot use, as RFC 7517, Section 5 asks,
// and says why it left out each.
func TestParseSetSkips(t *testing.T) {
	good := string(jwk(t, "rfc7515-a3", member{"kid", `"ec"`}))
	another := string(jwk(t, "rfc7515-a2", member{"kid", `"rsa"`}))
	private := string(jwk(t, "rfc7515-a3", member{"d", `"AAAA"`}))
	weak := string(jwk(t, "rfc7515-a2", member{"n", `"AAAB"`}))
	enc := string(jwk(t, "rfc7515-a2", member{"use", `"enc"`}))
	set, err := ParseSet(setOf(`{"kty":"AKP","alg":"ML-DSA-44"}`, good, private, `{}`, weak,
		another,
		`"text"`, `null`, enc, `{"kty":"oct","k":"AAAA"}`))
	if err != nil {
		t.Fatal(err)
	}
	var ids, why []string
	for _, k := range set.keys {
		ids = append(ids, k.ID())
	}
	for _, err := range set.Skipped() {
		key, _, _ := strings.Cut(err.Error(), ": ")
		why = append(why, key)
	}
	if !slices.Equal(ids, []string{"ec", "rsa"}) ||
		!slices.Equal(why, []string{"key 0", "key 2", "key 3", "key 4", "key 6", "key 7", "key 8",
			"key 9"}) {
		t.Errorf("kept %q, skipped %q", ids, why)
	}
	if got := set.Skipped()[1].Error(); got != "key 2: jose: JWK must be a public key" {
		t.Errorf("got %s", got)
	}
	set.Skipped()[0] = nil
	if set.Skipped()[0] == nil {
		t.Error("the reasons can be changed")
	}
}

func TestParseSetRefuses(t *testing.T) {
	good := string(jwk(t, "rfc7515-a3"))
	const keys = `jose: JWK Set must have an array "keys" of at most 256 keys (RFC 7517, Section 5.1)`
	const syntax = "jose: JWK Set: strictjson: "
	for _, tt := range []struct{ name, text, want string }{
		{"no keys", `{}`, keys},
		{"keys null", `{"keys":null}`, keys},
		{"keys an object", `{"keys":{}}`, keys},
		{"keys a string", `{"keys":"[]"}`, keys},
		{"257 keys", string(setOf(slices.Repeat([]string{good}, 257)...)), keys},
		{"nothing", ``, syntax},
		{"HTML", `<!doctype html>`, syntax},
		{"array", `[` + good + `]`, syntax},
		{"keys twice", `{"keys":[],"keys":[` + good + `]}`, syntax},
		{"Keys", `{"keys":[],"Keys":[]}`, syntax},
		{"Kelvin sign in keys", `{"` + "\u212a" + `eys":[]}`, syntax},
		{"behind the end", `{"keys":[]}[]`, syntax},
		{"cut short", `{"keys":[` + good, syntax},
		{"a key with a member twice", string(setOf(`{"kty":"EC","kty":"RSA"}`)), syntax},
	} {
		set, err := ParseSet([]byte(tt.text))
		if set != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v", tt.name, set, err)
		}
	}
}

// The bound of the set is reached before that of the JSON inside it.
func TestParseSetOf256(t *testing.T) {
	key := string(jwk(t, "rfc7515-a2", member{"kid", `"a"`}, member{"alg", `"RS256"`},
		member{"use", `"sig"`},
		member{"key_ops", `["verify"]`}, member{"x5t", `"a"`}, member{"x5c", `["a","b","c"]`}))
	set, err := ParseSet(setOf(slices.Repeat([]string{key}, 256)...))
	if err != nil || len(set.keys) != 256 {
		t.Errorf("got %v", err)
	}
	if set, err = ParseSet([]byte(`{"keys":[]}`)); err != nil || len(set.keys) != 0 {
		t.Errorf("an empty set: got %v", err)
	}
}

// RFC 7515, Section 6: by key ID where the header names one, and always by what
// the key is for.
func TestSetKeys(t *testing.T) {
	ec, rsa := ecPrivate(t), rsaPrivate(t)
	set := NewSet(
		newKey(t, ec, KeyOptions{ID: "a"}), newKey(t, rsa, KeyOptions{ID: "a"}),
		newKey(t, ec, KeyOptions{ID: "b"}), newKey(t, ec, KeyOptions{}),
		newKey(t, rsa, KeyOptions{ID: "c"}),
	)
	for _, tt := range []struct {
		h    Header
		want []int
	}{
		{Header{Algorithm: "ES256", KeyID: "a"}, []int{0}},
		{Header{Algorithm: "RS256", KeyID: "a"}, []int{1}},
		{Header{Algorithm: "ES256", KeyID: "b"}, []int{2}},
		{Header{Algorithm: "RS256", KeyID: "b"}, nil},
		{Header{Algorithm: "ES256"}, []int{0, 2, 3}},
		{Header{Algorithm: "RS256"}, []int{1, 4}},
		{Header{Algorithm: "ES256", KeyID: "A"}, nil},
		{Header{Algorithm: "ES256", KeyID: "a "}, nil},
		{Header{Algorithm: "ES256", KeyID: "unknown"}, nil},
		{Header{Algorithm: "none", KeyID: "a"}, nil},
		{Header{Algorithm: "HS256"}, nil},
		{Header{}, nil},
	} {
		keys, err := set.Keys(t.Context(), tt.h)
		var got []int
		for _, k := range keys {
			got = append(got, slices.Index(set.keys, k))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %v, %v, want %v", tt.h, got, err, tt.want)
		}
	}
}

func TestNewSetCopies(t *testing.T) {
	keys := []*Key{ecKey(t)}
	set := NewSet(keys...)
	keys[0] = nil
	if set.keys[0] == nil {
		t.Error("the set can be changed")
	}
}

func TestSetMarshalJSON(t *testing.T) {
	private := NewSet(ecKey(t), rsaKey(t))
	raw, err := json.Marshal(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"qi"`,
		encode(rsaPrivate(t).D.Bytes())} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("printed %s", secret)
		}
	}
	public, err := ParseSet(raw)
	if err != nil || len(public.keys) != 2 || len(public.Skipped()) != 0 {
		t.Fatalf("got %v", err)
	}
	for i, k := range public.keys {
		again, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, again, private.keys[i])
	}
	if raw, err := json.Marshal(NewSet()); err != nil || string(raw) != `{"keys":[]}` {
		t.Errorf("an empty set: got %s, %v", raw, err)
	}
}

// Each key of a set that reads is kept or skipped with a reason.
func FuzzParseSet(f *testing.F) {
	f.Add([]byte(readVector(f, "rfc7517-a1").JWKS))
	f.Add(setOf(string(jwk(f, "rfc7515-a2")), string(jwk(f, "rfc7515-a3")), `{"kty":"oct"}`))
	f.Add([]byte(`{"keys":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := ParseSet(raw)
		if err != nil {
			return
		}
		var theirs struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if err := json.Unmarshal(raw, &theirs); err != nil {
			t.Fatal(err)
		}
		if len(set.keys)+len(set.skipped) != len(theirs.Keys) || len(theirs.Keys) > 256 {
			t.Fatalf("%d kept and %d skipped of %d", len(set.keys), len(set.skipped),
				len(theirs.Keys))
		}
		for _, err := range set.Skipped() {
			if len(fmt.Sprint(err)) > 200 {
				t.Fatalf("long reason: %v", err)
			}
		}
	})
}
