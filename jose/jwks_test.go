package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// setOf returns a JWK Set of texts.
func setOf(texts ...string) []byte { return []byte(`{"keys":[` + strings.Join(texts, ",") + `]}`) }

// withID returns a published key, public, with an ID.
func withID(t testing.TB, rfc, name, id string) string {
	t.Helper()
	return string(edited(t, publicJWK(t, publishedKey(t, rfc, name)), "kid", `"`+id+`"`))
}

func wantIDs(t *testing.T, set *Set, want ...string) {
	t.Helper()
	var ids []string
	for _, k := range set.All() {
		ids = append(ids, k.ID())
	}
	if !slices.Equal(ids, want) {
		t.Errorf("kept %q", ids)
	}
}

// wantSkipped compares the reasons: number of the key and check.
func wantSkipped(t *testing.T, set *Set, want ...string) {
	t.Helper()
	skipped := set.Skipped()
	if len(skipped) != len(want) {
		t.Fatalf("skipped %q", skipped)
	}
	for i, err := range skipped {
		number, check, _ := strings.Cut(want[i], ": ")
		if !strings.HasPrefix(err.Error(), "key "+number+": ") {
			t.Errorf("got %v, want key %s", err, number)
		}
		if check == "JSON" {
			if !strings.HasPrefix(err.Error(), "key "+number+": jose: JWK: strictjson: ") {
				t.Errorf("got %v", err)
			}
			continue
		}
		wantCheck(t, want[i], err, check)
	}
}

// A set goes on without the keys that it cannot use, as RFC 7517, Section 5 asks,
// and says why it left out each.
func TestParseSetSkips(t *testing.T) {
	ec := withID(t, "rfc7515", "A.3", "ec")
	set, err := ParseSet(setOf(`{"kty":"AKP","alg":"ML-DSA-44"}`, ec,
		string(publishedKey(t, "rfc7515", "A.3")), `{}`,
		string(edited(t, []byte(withID(t, "rfc7515", "A.2", "")), "n", `"AAAB"`)),
		withID(t, "rfc7515", "A.2", "rsa"), `"text"`, `null`,
		string(edited(t, []byte(ec), "use", `"enc"`, "alg", `"ES256"`)),
		string(publishedKey(t, "rfc7515", "A.1")), withID(t, "rfc8037", "A.1", "ed"),
		string(edited(t, []byte(ec), "key_ops", `["sign"]`)), `[]`))
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, set, "ec", "rsa", "ed")
	wantSkipped(t, set, "0: kty", "2: key", "3: kty", "4: n and e", "6: JSON", "7: JSON", "8: key",
		"9: key", "11: key", "12: JSON")
	if set.Skipped()[0] = nil; set.Skipped()[0] == nil {
		t.Error("the reasons can be changed")
	}
}

// A private set has private and symmetric keys only.
func TestParsePrivateSet(t *testing.T) {
	key := func(rfc, name, id string) string {
		return string(edited(t, publishedKey(t, rfc, name), "kid", `"`+id+`"`))
	}
	set, err := ParsePrivateSet(setOf(key("rfc7515", "A.1", "oct"), key("rfc7515", "A.2", "rsa"),
		withID(t, "rfc7515", "A.3", "public"), key("rfc7515", "A.3", "ec"),
		key("rfc8037", "A.1", "ed"), `{"kty":"oct","k":"AQAB"}`,
		string(edited(t, publishedKey(t, "rfc7515", "A.2"), "qi", `"AQAB"`))))
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, set, "oct", "rsa", "ec", "ed")
	wantSkipped(t, set, "2: d", "5: key", "6: d")
	raw, err := set.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParsePrivateSet(raw)
	if err != nil || len(back.Skipped()) != 0 {
		t.Fatalf("%v, %v", err, back.Skipped())
	}
	wantIDs(t, back, "oct", "rsa", "ec", "ed")
	for i, k := range back.All() {
		wantSame(t, k.ID(), k, set.All()[i])
	}
	if _, err := json.Marshal(set); err == nil {
		t.Error("a symmetric key was written")
	}
}

func TestSetMarshalPrivateRefuses(t *testing.T) {
	for name, k := range map[string]*Key{"public": publicHalf(t, testEC(t)),
		"device": newKey(t, device{Signer: ecPrivate(t)}, KeyOptions{})} {
		if raw, err := NewSet(testRSA(t), k).MarshalPrivate(); raw != nil || err == nil {
			t.Errorf("%s: was written", name)
		}
	}
	if raw, err := NewSet().MarshalPrivate(); err != nil || string(raw) != `{"keys":[]}` {
		t.Errorf("an empty set: got %s, %v", raw, err)
	}
}

func TestParseSetRefuses(t *testing.T) {
	good := withID(t, "rfc7515", "A.3", "a")
	const syntax = "jose: JWK Set: strictjson: "
	for _, tt := range []struct{ name, text, syntax string }{
		{"no keys", `{}`, ""},
		{"keys null", `{"keys":null}`, ""},
		{"keys an object", `{"keys":{}}`, ""},
		{"keys a string", `{"keys":"[]"}`, ""},
		{"257 keys", string(setOf(slices.Repeat([]string{`{}`}, 257)...)), ""},
		{"nothing", ``, syntax},
		{"HTML", `<!doctype html>`, syntax},
		{"null", `null`, syntax},
		{"array", `[` + good + `]`, syntax},
		{"keys twice", `{"keys":[],"keys":[` + good + `]}`, syntax},
		{"Keys", `{"keys":[],"Keys":[]}`, syntax},
		{"Kelvin sign in keys", `{"` + "\u212a" + `eys":[]}`, syntax},
		{"behind the end", `{"keys":[]}[]`, syntax},
		{"cut short", `{"keys":[` + good, syntax},
		{"a key with a member twice", string(setOf(`{"kty":"EC","kty":"RSA"}`)), syntax},
	} {
		for _, parse := range []func([]byte) (*Set, error){ParseSet, ParsePrivateSet} {
			set, err := parse([]byte(tt.text))
			if set != nil || err == nil || !strings.HasPrefix(err.Error(), tt.syntax) {
				t.Errorf("%s: got %v, %v", tt.name, set, err)
			}
			if tt.syntax == "" {
				wantCheck(t, tt.name, err, "keys")
			}
		}
	}
}

// The bound of the set is reached before that of the JSON inside it.
func TestParseSetOf256(t *testing.T) {
	key := string(edited(t, []byte(withID(t, "rfc7515", "A.2", "a")), "alg", `"RS256"`,
		"use", `"sig"`, "key_ops", `["verify"]`, "x5t", `"a"`))
	set, err := ParseSet(setOf(slices.Repeat([]string{key}, 256)...))
	if err != nil || len(set.All()) != 256 {
		t.Errorf("got %v", err)
	}
	if set, err = ParseSet([]byte(`{"keys":[]}`)); err != nil || len(set.All()) != 0 {
		t.Errorf("an empty set: got %v", err)
	}
}

// RFC 7515, Section 6: by key ID where the header names one, and always by what
// the key is for.
func TestSetKeys(t *testing.T) {
	ec, rsa := ecPrivate(t), rsaPrivate(t)
	set := NewSet(
		newKey(t, ec, KeyOptions{ID: "a"}), newKey(t, rsa, KeyOptions{ID: "a", Use: "sig"}),
		newKey(t, ec, KeyOptions{ID: "b", Algorithm: "ES256"}), newKey(t, ec, KeyOptions{}),
		newKey(t, rsa, KeyOptions{ID: "c", Algorithm: "RS256"}),
		newKey(t, make([]byte, 32), KeyOptions{ID: "d", Algorithm: "A256GCM"}),
		newKey(t, make([]byte, 32), KeyOptions{ID: "e", Algorithm: "dir"}),
		newKey(t, make([]byte, 32), KeyOptions{ID: "f", Algorithm: "HS256"}),
		newKey(t, rsa, KeyOptions{ID: "g", Use: "enc"}),
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
		{Header{Algorithm: "PS256"}, []int{1}},
		{Header{Algorithm: "ES384"}, nil},
		{Header{Algorithm: "ECDH-ES"}, []int{0, 3}},
		{Header{Algorithm: "RSA-OAEP-256"}, []int{8}},
		{Header{Algorithm: "RSA-OAEP-256", KeyID: "a"}, nil},
		{Header{Algorithm: "ES256", KeyID: "A"}, nil},
		{Header{Algorithm: "ES256", KeyID: "a "}, nil},
		{Header{Algorithm: "ES256", KeyID: "unknown"}, nil},
		{Header{Algorithm: "none", KeyID: "a"}, nil},
		{Header{Algorithm: "HS256"}, []int{7}},
		{Header{Algorithm: "HS256", Encryption: "A256GCM"}, []int{7}},
		{Header{Algorithm: "dir", Encryption: "A256GCM"}, []int{5, 6}},
		{Header{Algorithm: "dir", Encryption: "A256GCM", KeyID: "d"}, []int{5}},
		{Header{Algorithm: "dir", Encryption: "A128GCM"}, []int{6}},
		{Header{Algorithm: "dir", Encryption: "A128GCM", KeyID: "d"}, nil},
		{Header{Algorithm: "A256KW", Encryption: "A256GCM"}, nil},
		{Header{Algorithm: "dir"}, []int{6}},
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

func TestSetIsImmutable(t *testing.T) {
	first, second := testEC(t), testRSA(t)
	keys := []*Key{first, second}
	set := NewSet(keys...)
	keys[0] = nil
	set.All()[0] = nil
	found, err := set.Keys(t.Context(), Header{Algorithm: "ES256"})
	if _ = append(found, first); err != nil || !slices.Equal(set.All(), []*Key{first, second}) {
		t.Error("the set can be changed")
	}
}

func TestSetMarshalJSON(t *testing.T) {
	private := NewSet(testEC(t), testRSA(t))
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
	if err != nil || len(public.Skipped()) != 0 {
		t.Fatalf("got %v", err)
	}
	wantIDs(t, public, "ec", "rsa")
	for i, k := range public.All() {
		wantSame(t, k.ID(), k, publicHalf(t, private.All()[i]))
	}
	if raw, err := json.Marshal(NewSet()); err != nil || string(raw) != `{"keys":[]}` {
		t.Errorf("an empty set: got %s, %v", raw, err)
	}
}

// Each key of a set that reads is kept or skipped with a reason, and what was kept
// prints as a set that reads.
func FuzzParseSet(f *testing.F) {
	for _, rfc := range []string{"rfc7515", "rfc7517", "rfc7520", "rfc8037"} {
		v := readVectors(f, rfc)
		for _, set := range v.Sets {
			f.Add([]byte(set))
		}
		for _, jwk := range v.Keys {
			f.Add(setOf(string(publicJWK(f, jwk)), string(jwk), `{"kty":"oct"}`))
		}
	}
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
		if len(set.keys)+len(set.skipped) != len(theirs.Keys) || len(theirs.Keys) > maxKeys {
			t.Fatalf("%d kept and %d skipped of %d", len(set.keys), len(set.skipped),
				len(theirs.Keys))
		}
		for _, err := range set.Skipped() {
			if len(err.Error()) > 200 {
				t.Fatalf("long reason: %v", err)
			}
		}
		again, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseSet(again)
		if err != nil || len(back.keys) != len(set.keys) || len(back.skipped) != 0 {
			t.Fatalf("was read again as %v, %v", back, err)
		}
	})
}

// A source of one key has it for every header; whether it serves is for the verifier.
func TestOneKey(t *testing.T) {
	key, err := NewKey(bytes.Repeat([]byte{1}, 32), KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []Header{{}, {Algorithm: "HS256", KeyID: "a"}, {Algorithm: "RS256"}} {
		keys, err := OneKey(key).Keys(t.Context(), h)
		if err != nil || len(keys) != 1 || keys[0] != key {
			t.Errorf("%v: %v, %v", h, keys, err)
		}
	}
}

// Whose tokens a key signs is kept, also where it is written and read again.
func TestKeyIssuer(t *testing.T) {
	const ec = `{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	for _, test := range []struct{ member, want string }{
		{"", ""}, {`,"issuer":""`, ""}, {`,"issuer":"https://a.example"`, "https://a.example"}} {
		k, err := ParseKey([]byte(ec + test.member + "}"))
		if err != nil || k.Issuer() != test.want {
			t.Errorf("%s: %q, %v", test.member, k.Issuer(), err)
			continue
		}
		written, err := json.Marshal(k)
		again, errAgain := ParseKey(written)
		if err != nil || errAgain != nil || again.Issuer() != test.want ||
			strings.Contains(string(written), "issuer") != (test.want != "") {
			t.Errorf("written is %s, %v", written, err)
		}
	}
	if _, err := ParseKey([]byte(ec + `,"issuer":1}`)); !errors.Is(err, &CheckError{Check: "issuer"}) {
		t.Errorf("error is %v", err)
	}
}
