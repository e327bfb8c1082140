package internal_test

import (
	"fmt"
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
	tests           []string // "room.TestName" or "room.TestName/row_of_its_table"
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

// authlibNumbers are the rows that there must be, as far as the rooms are built.
func authlibNumbers() []string {
	numbers := []string{"P4", "P5", "P11", "A2", "A6"}
	for n := 14; n <= 38; n++ {
		numbers = append(numbers, strconv.Itoa(n))
	}
	return numbers
}

func TestAuthlib(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range readAuthlib(t) {
		if seen[r.number] || !slices.Contains(authlibNumbers(), r.number) {
			t.Errorf("%s is there twice, or is no number", r.number)
		}
		seen[r.number] = true
		if r.feature == "" || r.ours == "" || len(r.tests) == 0 {
			t.Errorf("%s has an empty column", r.number)
		}
		for _, name := range r.tests {
			if err := findTest(name); err != nil {
				t.Errorf("%s: %v", r.number, err)
			}
		}
	}
	for _, number := range authlibNumbers() {
		if !seen[number] {
			t.Errorf("%s is missing", number)
		}
	}
}

func TestFindTest(t *testing.T) {
	for _, name := range []string{"internal.TestFindTest", "internal.TestFindTest/a_name_with_spaces"} {
		if err := findTest(name); err != nil {
			t.Error(err)
		}
	}
	_ = "a name with spaces"
	for _, name := range []string{"internal.TestNone", "internal.findTest", "none.TestFindTest",
		"internal.TestFindTest/" + strings.Repeat("x", 3), "TestFindTest"} {
		if findTest(name) == nil {
			t.Errorf("found %s", name)
		}
	}
}

// findTest looks for a test and, after a slash, for the text that names a row of
// its table.
func findTest(name string) error {
	test, rowName, hasRow := strings.Cut(name, "/")
	dot := strings.LastIndex(test, ".")
	if dot < 0 || !strings.HasPrefix(test[dot+1:], "Test") {
		return fmt.Errorf("%s is no name of a test", name)
	}
	files, err := filepath.Glob(filepath.Join("..", strings.ReplaceAll(test[:dot], ".", "/"), "*_test.go"))
	if err != nil {
		return err
	}
	foundTest, foundRow := false, !hasRow
	for _, file := range files {
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				foundTest = foundTest || n.Recv == nil && n.Name.Name == test[dot+1:]
			case *ast.BasicLit:
				text, _ := strconv.Unquote(n.Value)
				foundRow = foundRow || strings.ReplaceAll(text, " ", "_") == rowName
			}
			return true
		})
	}
	if !foundTest || !foundRow {
		return fmt.Errorf("there is no test %s", name)
	}
	return nil
}
