package interop

import (
	"strings"
	"testing"
)

// Verdicts are how each case went with a peer: it passes if both did as the specification has
// it, and fails otherwise. The note is the error it had to end with, or what differs. What one
// of the two does not have is no case, and its note says which.
type verdicts struct {
	rows  []string
	cases int
}

// newVerdicts returns verdicts that are logged when the test is over.
func newVerdicts(t *testing.T) *verdicts {
	v := new(verdicts)
	t.Cleanup(func() {
		t.Logf("%d cases\n\ncase | pass or fail | note\n--- | --- | ---\n%s",
			v.cases, strings.Join(v.rows, "\n"))
	})
	return v
}

// add adds the case that t has tested.
func (v *verdicts) add(t *testing.T, name string, pass bool, note string) {
	verdict := "fail"
	if pass && !t.Failed() {
		verdict = "pass"
	}
	v.cases++
	v.row(name, verdict, note)
}

func (v *verdicts) lacks(name, note string) { v.row(name, "n.a.", note) }

func (v *verdicts) row(columns ...string) {
	v.rows = append(v.rows, strings.Join(columns, " | "))
}
