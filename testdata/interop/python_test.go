package interop

import (
	"os"
	"os/exec"
	"testing"
)

// needPython skips the test where python3, or what pip installs, is missing.
func needPython(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIP: python3 is not installed; with it and pip, run: make interop")
	}
	if _, err := os.Stat("python_modules/authlib"); err != nil {
		t.Skip("SKIP: Python package Authlib is not installed; run: make interop")
	}
}

// startPython is startNode for a script in Python.
func startPython(t *testing.T, ready any, script string, args ...string) (stop func()) {
	t.Helper()
	needPython(t)
	return startScript(t, ready, "python3", append([]string{script}, args...))
}

// runPython is runNode for a script in Python.
func runPython(t *testing.T, result any, script string, args ...string) {
	t.Helper()
	needPython(t)
	runScript(t, result, "python3", append([]string{script}, args...))
}
