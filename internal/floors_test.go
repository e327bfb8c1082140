// Package internal_test holds the tests that are about the whole module.
package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says which rooms each room may import: those below it.
var floors = map[string][]string{
	"":                    {},
	"internal/attacktest": {},
	"internal/discovery": {"httpclient", "internal/refusal", "internal/strictjson",
		"internal/verdict", "jose"},
	"internal/braces":     {},
	"internal/digest":     {},
	"internal/flight":     {"internal/random"},
	"internal/hook":       {},
	"internal/localpath":  {},
	"internal/random":     {},
	"internal/refusal":    {"jose"},
	"internal/replay":     {},
	"internal/seal":       {},
	"internal/strictjson": {},
	"internal/wait":       {},
	"internal/webpage":    {},
	"internal/verdict":    {},
	"pkce":                {"internal/random"},
	"httpclient":          {"internal/random", "internal/wait"},
	"jose":                {"internal/strictjson", "internal/verdict"},
	"httpclient/fixture":  {"internal/strictjson", "jose"},
	"internal/challenge":  {},
	"internal/redact":     {},
	"internal/storetest":  {"oauth2", "oidc/oidctest"},
	"oauth1": {"httpclient", "internal/challenge", "internal/redact", "internal/replay",
		"internal/strictjson", "internal/verdict"},
	"oauth1/oauth1test": {"internal/webpage", "oauth1"},
	"oauth2": {"httpclient", "internal/challenge", "internal/digest", "internal/discovery",
		"internal/flight", "internal/hook", "internal/random", "internal/redact",
		"internal/refusal", "internal/strictjson", "internal/verdict", "internal/wait", "jose",
		"pkce"},
	"oidc": {"httpclient", "internal/braces", "internal/digest", "internal/discovery",
		"internal/flight", "internal/hook", "internal/localpath", "internal/random",
		"internal/refusal", "internal/replay", "internal/strictjson", "internal/verdict", "jose",
		"oauth2"},
	"oidc/oidctest": {"internal/webpage", "jose", "pkce"},
	"compliance":    {"httpclient", "internal/strictjson", "jose", "oauth1", "oauth2", "oidc"},
	"registry": {"compliance", "httpclient", "internal/braces", "internal/digest",
		"internal/flight", "internal/localpath", "internal/random", "internal/seal",
		"internal/strictjson", "internal/verdict", "internal/webpage", "jose", "oauth1", "oauth2",
		"oidc"},
	"registry/sqlstore": {"internal/random", "internal/seal", "internal/wait", "oauth1", "oauth2"},
	"registry/demo": {"compliance", "httpclient", "oauth1", "oauth1/oauth1test", "oauth2",
		"oauth2/native", "oidc", "oidc/oidctest", "registry"},
	"oauth2/native": {"httpclient", "internal/random", "internal/strictjson", "internal/webpage",
		"oauth2"},
}

// withoutNetwork are the rooms that are functions over bytes.
var withoutNetwork = []string{"jose", "pkce"}

// A walk looks at the syntax of one file and notes what must not be there.
type walk struct {
	room   string
	file   *ast.File
	vars   map[string]bool // the package's variables
	faults []string
}

func (w *walk) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

func (w *walk) imports() {
	for _, spec := range w.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		room, ours := strings.CutPrefix(name, "vouchsafe/")
		first, _, _ := strings.Cut(name, "/")
		switch {
		case ours && !slices.Contains(floors[w.room], room):
			w.fault("imports %s, which is not below it", name)
		case !ours && strings.Contains(first, "."):
			w.fault("imports %s, which is not in the standard library", name)
		case name == "unsafe", strings.HasPrefix(name, "math/rand"), name == "C":
			w.fault("imports %s", name)
		case slices.Contains(withoutNetwork, w.room) &&
			(name == "os" || name == "net" || name == "net/http"):
			w.fault("imports %s", name)
		}
	}
}

func (w *walk) declarations() {
	for _, decl := range w.file.Decls {
		name := "a variable's value"
		if f, ok := decl.(*ast.FuncDecl); ok {
			name = f.Name.Name
			if name == "init" && f.Recv == nil {
				w.fault("has an init function")
			}
		}
		w.statements(decl, name)
	}
}

func (w *walk) statements(decl ast.Decl, name string) {
	local := locals(decl)
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if w.room != "internal/flight" {
				w.fault("has a go statement in %s", name)
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				w.changes(name, local, left)
			}
		case *ast.IncDecStmt:
			w.changes(name, local, n.X)
		}
		return true
	})
}

// changes notes an assignment to a package variable, or to a part of one.
func (w *walk) changes(name string, local map[string]bool, left ast.Expr) {
	for {
		switch x := left.(type) {
		case *ast.SelectorExpr:
			left = x.X
		case *ast.IndexExpr:
			left = x.X
		case *ast.StarExpr:
			left = x.X
		case *ast.ParenExpr:
			left = x.X
		case *ast.Ident:
			if w.vars[x.Name] && !local[x.Name] {
				w.fault("changes the package variable %s in %s", x.Name, name)
			}
			return
		default:
			return
		}
	}
}

// locals returns the names that are declared inside functions of a declaration.
func locals(decl ast.Decl) map[string]bool {
	names := map[string]bool{}
	if _, ok := decl.(*ast.GenDecl); ok {
		return names // a function in a variable's value may shadow none
	}
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if name, ok := left.(*ast.Ident); ok && n.Tok == token.DEFINE {
					names[name.Name] = true
				}
			}
		case *ast.RangeStmt:
			for _, x := range []ast.Expr{n.Key, n.Value} {
				if name, ok := x.(*ast.Ident); ok && n.Tok == token.DEFINE {
					names[name.Name] = true
				}
			}
		}
		return true
	})
	return names
}

// packageVars returns the names of the variables that files declare.
func packageVars(files []*ast.File) map[string]bool {
	names := map[string]bool{}
	for _, file := range files {
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, spec := range g.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						names[name.Name] = true
					}
				}
			}
		}
	}
	return names
}

// look returns what must not be in the files of a room.
func look(room string, files ...*ast.File) []string {
	vars := packageVars(files)
	var faults []string
	for _, file := range files {
		w := &walk{room: room, file: file, vars: vars}
		w.imports()
		w.declarations()
		faults = append(faults, w.faults...)
	}
	return faults
}

// Every room imports only rooms below it, none has state of its own, and only
// internal/flight starts goroutines.
func TestFloors(t *testing.T) {
	rooms := map[string][]*ast.File{}
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", filepath.Dir(name))
		room := strings.TrimPrefix(path.Clean(filepath.ToSlash(rel)), ".")
		rooms[room] = append(rooms[room], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for room, files := range rooms {
		if _, drawn := floors[room]; !drawn {
			t.Errorf("%s is not in the drawing", room)
		}
		for _, fault := range look(room, files...) {
			t.Errorf("%s %s", room, fault)
		}
	}
	for room := range floors {
		if rooms[room] == nil {
			t.Errorf("%s is in the drawing and not in the module", room)
		}
	}
}

// The test above would notice.
func TestFloorsNotices(t *testing.T) {
	tests := []struct{ room, source, want string }{
		{"jose", `import "vouchsafe/oauth2"`, "not below it"},
		{"jose", `import "net/http"`, "imports net/http"},
		{"oauth2", `import "golang.org/x/oauth2"`, "not in the standard library"},
		{"oauth2", `import "math/rand/v2"`, "imports math/rand/v2"},
		{"oauth2", `import _ "unsafe"`, "imports unsafe"},
		{"oauth2", `func init() {}`, "init function"},
		{"oauth2", `func f() { go f() }`, "go statement"},
		{"oauth2", `var n int; func f() { n++ }`, "package variable n"},
		{"oauth2", `var m = map[int]int{}; func f() { m[1] = 2 }`, "package variable m"},
		{"oauth2", `var p = &struct{ x []int }{}; func f() { (*p).x[0] = 1 }`, "package variable p"},
		{"oauth2", `var n int; func f() { n := 1; n = 2; _ = n }`, ""},
		{"oauth2", `var f = func() { go f() }`, "go statement"},
		{"oauth2", `var n int; var f = func() { n = 1 }`, "package variable n"},
		{"internal/flight", `func f() { go f() }`, ""},
	}
	for _, test := range tests {
		lines := strings.NewReplacer("; func", "\nfunc", "; var", "\nvar")
		source := "package p\n" + lines.Replace(test.source)
		file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(look(test.room, file), "\n")
		if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %q gives %q, want %q", test.room, test.source, got, test.want)
		}
	}
}
