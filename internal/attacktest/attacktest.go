// Package attacktest replays the attacks of testdata/attacks in tests.
package attacktest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A corpus is a file of attacks: flaws of others, each replayed and refused by the check
// that the row names. An input of type I is what an attacker gives.
type corpus[I any] struct {
	Source string
	Rows   []struct {
		ID      []string // advisories, or a name
		Product string
		Flaw    string
		Input   I
		Want    string // what each input is refused by
	}
}

// Replay replays the attacks of testdata/attacks/FILE.json, which are of at least so many
// advisories. Kinds give the errors of an input, by the kind that kindOf says it is of; an
// error comes alone, and refusedBy names it.
func Replay[I any](t *testing.T, file string, least int, kindOf func(I) string,
	kinds map[string]func(*testing.T, I) []error, refusedBy func(error) string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "attacks", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var attacks corpus[I]
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&attacks); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range attacks.Rows {
		replay := kinds[kindOf(row.Input)]
		whole := len(row.ID) > 0 && row.Product != "" && row.Flaw != "" &&
			!slices.Contains([]string{"", "accepted", "ok"}, row.Want)
		if replay == nil || !whole {
			t.Fatalf("%s: row is not whole, or of no kind known", row.ID)
		}
		for _, id := range row.ID {
			if seen[id] {
				t.Errorf("%s is there twice", id)
			}
			seen[id] = true
		}
		t.Run(row.ID[0], func(t *testing.T) {
			errs := replay(t, row.Input)
			if len(errs) == 0 {
				t.Error("nothing was tried")
			}
			for i, err := range errs {
				if got := refusedBy(err); got != row.Want {
					t.Errorf("%d: %s, want %s: %v", i, got, row.Want, err)
				}
			}
		})
	}
	if len(seen) < least {
		t.Errorf("%d advisories", len(seen))
	}
}
