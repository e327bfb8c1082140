package interop

import (
	"strings"
	"testing"
)

// Verdicts are how each case went with a peer: it passes if both did as the specification has
// it, and fails otherwise. The note is the error it had to end with, or what differs.
type verdicts struct{ rows []string }

// newVerdicts returns verdicts that are logged when the test is over.
func newVerdicts(t *testing.T) *verdicts {
	v := new(verdicts)
	t.Cleanup(func() {
		t.Logf("%d cases\n\ncase | pass or fail | note\n--- | --- | ---\n%s",
			len(v.rows), strings.Join(v.rows, "\n"))
	})
	return v
}

// add adds the case that t has tested.
func (v *verdicts) add(t *testing.T, name string, pass bool, note string) {
	verdict := "fail"
	if pass && !t.Failed() {
		verdict = "pass"
	}
	v.rows = append(v.rows, strings.Join([]string{name, verdict, note}, " | "))
}
