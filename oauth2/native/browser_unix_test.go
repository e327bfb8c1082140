//go:build unix

package native

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// fakeOpener makes a directory with an xdg-open that notes, in a pipe, what it was called
// with.
func fakeOpener(t *testing.T) (dir, notes string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux, where xdg-open is looked for: go test ./oauth2/native")
	}
	dir = t.TempDir()
	notes = filepath.Join(dir, "notes")
	script := "#!/bin/sh\n{ printf '%s\\n' \"$#\" \"$@\"; /usr/bin/env; } > " + notes + "\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(notes, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"} {
		t.Setenv(name, "")
	}
	t.Setenv("DISPLAY", ":0")
	t.Setenv("SOME_SECRET", "CANARY")
	return dir, notes
}

// The opener gets the URL as its one argument.
func TestOpen(t *testing.T) {
	dir, notes := fakeOpener(t)
	t.Setenv("PATH", dir)
	const u = "https://as.example/(a);b?c=d&e=%25f&g=*#h"
	noted := make(chan string, 1)
	go func() {
		text, _ := os.ReadFile(notes)
		noted <- string(text)
	}()
	if err := Open(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	got := <-noted
	if !strings.HasPrefix(got, "1\n"+u+"\n") || strings.Contains(got, "CANARY") ||
		!strings.Contains(got, "\nDISPLAY=:0\n") {
		t.Errorf("got %s", got)
	}
	t.Setenv("SSH_TTY", "/dev/pts/1")
	if err := Open(t.Context(), u); !errors.Is(err, ErrNoBrowser) {
		t.Errorf("over SSH: %v", err)
	}
}

// An opener that lies in the current directory is not started.
func TestOpenHere(t *testing.T) {
	dir, notes := fakeOpener(t)
	if err := os.Remove(notes); err != nil { // so that it would be made
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, path := range []string{".", "", ":/nowhere"} {
		t.Setenv("PATH", path)
		if err := Open(t.Context(), "https://as.example/"); !errors.Is(err, ErrNoBrowser) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if exists(notes) {
		t.Error("it was started")
	}
}
