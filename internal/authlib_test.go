package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A row of testdata/spec/authlib.tsv says what has become of a numbered feature or
// test case of Authlib's client.
type row struct {
	number, feature string
	ours            string   // what it is called here
	tests           []string // "room.TestName" or "room.TestName/row_of_its_table"; none if it is left out
	differs         string   // why it is not as it was; empty if it is
}

func readAuthlib(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("../testdata/spec/authlib.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if lines[0] != "number\tfeature\tours\ttests\tdiffers" {
		t.Fatalf("columns are %q", lines[0])
	}
	var rows []row
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		rows = append(rows, row{f[0], f[1], f[2], strings.Fields(f[3]), f[4]})
	}
	return rows
}

// authlibNumbers are the rows that there must be.
func authlibNumbers() []string {
	var numbers []string
	for _, series := range []struct {
		letter string
		last   int
	}{{"F", 11}, {"P", 22}, {"T", 6}, {"A", 10}, {"R", 9}, {"C", 6}, {"O", 5}, {"", 107}} {
		for n := range series.last {
			numbers = append(numbers, series.letter+strconv.Itoa(n+1))
		}
	}
	for _, lettered := range []string{"64abcdef", "65abcde", "81abcde", "89a", "90abc", "91abc", "92ab"} {
		number := lettered[:2]
		if number == "64" || number == "65" || number == "81" { // nothing but their letters
			numbers = slices.DeleteFunc(numbers, func(s string) bool { return s == number })
		}
		for _, letter := range lettered[2:] {
			numbers = append(numbers, number+string(letter))
		}
	}
	return numbers
}

func TestAuthlib(t *testing.T) {
	seen, find := map[string]bool{}, finder{}
	for _, r := range readAuthlib(t) {
		if seen[r.number] || !slices.Contains(authlibNumbers(), r.number) {
			t.Errorf("%s is there twice, or is no number", r.number)
		}
		seen[r.number] = true
		if r.feature == "" || r.ours == "" || len(r.tests) == 0 && r.differs == "" {
			t.Errorf("%s has an empty column", r.number)
		}
		for _, name := range r.tests {
			if !find.has(t, name) {
				t.Errorf("%s: there is no test %s", r.number, name)
			}
		}
	}
	for _, number := range authlibNumbers() {
		if !seen[number] {
			t.Errorf("%s is missing", number)
		}
	}
}

func TestFinder(t *testing.T) {
	_ = "a name with spaces"
	for name, want := range map[string]bool{
		"internal.TestFinder":                    true,
		"internal.TestFinder/a_name_with_spaces": true,
		"internal.TestNone":                      false,
		"internal.readTests":                     false,
		"none.TestFinder":                        false,
		"TestFinder":                             false,
		"internal.TestFinder/" + strings.Repeat("no_such", 2): false,
	} {
		if got := (finder{}).has(t, name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// tests are the tests of a room, each with the texts in its file, among which are
// the names of rows.
type tests map[string]map[string]bool

func readTests(t *testing.T, room string) tests {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", room, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := tests{}
	for _, file := range files {
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]bool{"": true}
		ast.Inspect(syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && len(n.Body.List) > 0 {
					found[n.Name.Name] = texts
				}
			case *ast.BasicLit:
				text, _ := strconv.Unquote(n.Value)
				texts[strings.ReplaceAll(text, " ", "_")] = true
			}
			return true
		})
	}
	return found
}

// A finder reads the tests of each room once.
type finder map[string]tests

// has reports whether there is a test and, after a slash, the name of a row.
func (f finder) has(t *testing.T, name string) bool {
	t.Helper()
	test, row, _ := strings.Cut(name, "/")
	room, test, _ := strings.Cut(test, ".")
	if _, ok := f[room]; !ok {
		f[room] = readTests(t, room)
	}
	return strings.HasPrefix(test, "Test") && f[room][test][row]
}
