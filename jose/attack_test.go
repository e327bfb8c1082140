package jose

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// An attack is a row of testdata/attacks/jose.json: an input that some library
// was fooled by, and what refuses it here.
type attack struct {
	ID        []string `json:"id"` // advisories, or the library
	Class     string   `json:"class"`
	Fault     string   `json:"fault"` // the one thing that is wrong
	Input     string   `json:"input"`
	RefusedBy string   `json:"refused_by"` // the check, "signature", or the error of ParseKey
}

type attacks struct {
	Source   string
	Issuer   string
	Audience string
	Now      int64
	JWKS     json.RawMessage
	Accepted []string // but for its one fault each token would be accepted like these
	Tokens   []attack
	Keys     []attack
}

func readAttacks(t testing.TB) attacks {
	t.Helper()
	var a attacks
	readJSON(t, "../testdata/attacks/jose.json", &a)
	return a
}

func TestAttacks(t *testing.T) {
	a := readAttacks(t)
	keys, err := ParseSet(a.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, VerifierConfig{
		Keys: keys, Algorithms: Algorithms(), Issuer: a.Issuer, Audience: a.Audience,
		Now: func() time.Time { return time.Unix(a.Now, 0) },
	})
	for _, compact := range a.Accepted {
		wantAccepted(t, "accepted", v, compact)
	}
	for _, c := range a.Tokens {
		name := c.Class + ", " + c.Fault
		wantRefused(t, name, v, c.Input, c.RefusedBy)
		wantQuiet(t, name, v, c.Input)
	}
}

// wantQuiet checks that the error repeats no part of the token.
func wantQuiet(t *testing.T, name string, v *Verifier, compact string) {
	t.Helper()
	_, err := v.Verify(t.Context(), compact)
	for part := range strings.SplitSeq(compact, ".") {
		if raw, _ := decode(part); len(part) > 4 && strings.Contains(err.Error(), part) ||
			len(raw) > 4 && strings.Contains(err.Error(), string(raw)) {
			t.Errorf("%s: the error repeats the token: %v", name, err)
		}
	}
}

func TestAttacksOnKeys(t *testing.T) {
	for _, c := range readAttacks(t).Keys {
		k, err := ParseKey([]byte(c.Input))
		if k != nil || err == nil || err.Error() != c.RefusedBy {
			t.Errorf("%s, %s: got %v, want %s", c.Class, c.Fault, err, c.RefusedBy)
		}
	}
}
