package internal_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// attackFiles are the attacks that are inputs of tests.
var attackFiles = []string{"jose", "oauth2", "oidc"}

// Every flaw of others that was looked at is an input of some test, is proven by tests of
// another kind, or is nobody's for a reason.
func TestSurveyedAttacks(t *testing.T) {
	var others struct {
		Source   string
		Surveyed []string
		Rows     []struct {
			ID            []string
			Product, Flaw string
			Tests         []string // "room.TestName"
			Nobody        string   // why it is nobody's
		}
	}
	readAttacks(t, "others", &others)
	found, rooms := map[string]string{}, roomTests{}
	for _, file := range attackFiles {
		var corpus struct{ Rows []struct{ ID []string } }
		readAttacks(t, file, &corpus)
		for _, row := range corpus.Rows {
			for _, id := range row.ID {
				found[id] = file
			}
		}
	}
	for _, row := range others.Rows {
		if len(row.ID) == 0 || row.Product == "" || row.Flaw == "" ||
			(len(row.Tests) == 0) == (row.Nobody == "") {
			t.Errorf("%s: row is not whole", row.ID)
		}
		for _, id := range row.ID {
			if found[id] != "" {
				t.Errorf("%s is there twice, in %s too", id, found[id])
			}
			found[id] = "others"
		}
		for _, name := range row.Tests {
			if !rooms.has(t, name) {
				t.Errorf("%s: there is no test %s", row.ID, name)
			}
		}
	}
	surveyed := map[string]bool{}
	for _, id := range others.Surveyed {
		if found[id] == "" || surveyed[id] {
			t.Errorf("%s is in no row, or there twice", id)
		}
		surveyed[id] = true
	}
	for id, file := range found {
		if file == "others" && !surveyed[id] {
			t.Errorf("%s was not looked at", id)
		}
	}
	if len(surveyed) < 200 {
		t.Errorf("%d were looked at", len(surveyed))
	}
}

// roomTests are the tests of each room that was asked for, rooms of internal among them.
type roomTests map[string]tests

// has reports whether there is a test, by its room and name: "internal/seal.TestName".
func (r roomTests) has(t *testing.T, name string) bool {
	t.Helper()
	dot := strings.LastIndex(name, ".")
	if dot < 0 {
		return false
	}
	room := name[:dot]
	if r[room] == nil {
		r[room] = readTests(t, room)
	}
	return r[room][name[dot+1:]][""]
}

func readAttacks(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile("../testdata/attacks/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
