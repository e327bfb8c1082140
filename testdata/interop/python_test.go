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

// endPython runs a script to its end.
func endPython(
	t *testing.T, script string, args ...string,
) (stdout, stderr []byte, err error) {
	t.Helper()
	needPython(t)
	return endScript(t, "python3", append([]string{script}, args...))
}
