package internal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readREADME(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goTool returns a command of the go tool, to be run in dir without a network.
func goTool(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
	return cmd
}

// The README's Go code builds, in a module that vendors this one as the README
// says.
func TestREADMEBuilds(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command in PATH: go test ./internal")
	}
	readme := readREADME(t)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no Go code")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	edit := regexp.MustCompile(`(?m)^    go (mod edit .*)$`).FindStringSubmatch(readme)
	if edit == nil {
		t.Fatal("the README does not say how to vendor")
	}
	args := strings.Fields(edit[1])
	for i := range args {
		args[i] = strings.Replace(args[i], "../vouchsafe", root, 1)
	}
	for _, block := range blocks {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(block[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, cmd := range []*exec.Cmd{
			goTool(dir, "mod", "init", "app"),
			goTool(dir, args...),
			goTool(dir, "build", "-o", os.DevNull, "."),
			goTool(dir, "mod", "vendor"),
			goTool(dir, "vet", "-mod=vendor", "."),
			goTool(dir, "build", "-mod=vendor", "-o", os.DevNull, "."),
		} {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
			}
		}
	}
}

// Every file and package that the README names is there.
func TestREADMELinks(t *testing.T) {
	readme := readREADME(t)
	named := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme, -1)
	named = append(named, regexp.MustCompile("`vouchsafe/([a-z0-9/]+)`").FindAllStringSubmatch(readme, -1)...)
	named = append(named, regexp.MustCompile(`go run \./([a-z/]+)`).FindAllStringSubmatch(readme, -1)...)
	if len(named) < 5 {
		t.Fatalf("the README names %d files", len(named))
	}
	for _, name := range named {
		if _, err := os.Stat(filepath.Join("..", name[1])); err != nil {
			t.Error(err)
		}
	}
}

// Every make target that the README names is there.
func TestREADMETargets(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range regexp.MustCompile("`make ([a-z]+)`").FindAllStringSubmatch(readREADME(t), -1) {
		if !strings.Contains(string(makefile), "\n"+target[1]+":") {
			t.Errorf("the Makefile has no target %s", target[1])
		}
	}
}
