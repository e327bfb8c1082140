package native

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
)

func TestCheckOpenable(t *testing.T) {
	for _, good := range []string{
		"https://as.example/authorize?response_type=code&state=a-b_c~d.e&x=%20+y#z",
		"https://as.example:8443/a;b=c/(d)/*,@:",
		"http://127.0.0.1:49152/authorize?a=b",
		"http://[::1]:49152/",
		"http://localhost/",
		"HTTPS://as.example/",
	} {
		if err := checkOpenable(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "-h", "--version", "-https://as.example/", "as.example", "//as.example/", "/etc/passwd",
		`C:\Windows\System32\calc.exe`, "C:/Windows/System32/calc.exe",
		"file:///etc/passwd", "FILE:///etc/passwd", "javascript:alert(1)", "data:text/html,x",
		"com.example.app:/callback", "ms-msdt:/id", "mailto:a@as.example", "ftp://as.example/",
		"http://as.example/", "http://127.0.0.1.example/", "https:as.example", "https:///x",
		"https://",
		"https://user@as.example/", "https://user:password@as.example/", "https://as.example:x/",
		"https://as.example/ x", " https://as.example/", "https://as.example/\n",
		"https://as.example/\x00", `https://as.example/"`, "https://as.example/'",
		"https://as.example/`id`", "https://as.example/$(id)", `https://as.example/\`,
		"https://as.example/<", "https://as.example/>", "https://as.example/|",
		"https://as.example/^", "https://as.example/{a}", "https://as.example/!a",
		"https://as.example/é",
		"https://as.example/\u202e", "https://as.example/%", "https://[::1/",
	} {
		err := checkOpenable(bad)
		if !errors.Is(err, httpclient.ErrInsecureURL) ||
			!strings.HasPrefix(err.Error(), "native: ") {
			t.Errorf("%q: got %v", bad, err)
		}
		if openErr := Open(t.Context(), bad); fmt.Sprint(openErr) != fmt.Sprint(err) {
			t.Errorf("%q: opened: %v", bad, openErr)
		}
	}
}

func TestOpener(t *testing.T) {
	const u = "https://as.example/?a=b&c=%25d"
	display := []string{"DISPLAY=:0"}
	found := func(name string) (string, error) { return "/usr/bin/" + name, nil }
	absent := func(string) (string, error) { return "", exec.ErrNotFound }
	here := func(name string) (string, error) {
		return name, &exec.Error{Name: name, Err: exec.ErrDot}
	}
	env := func(pairs ...string) []string { return pairs }
	const xdgOpen = "/usr/bin/xdg-open"
	windows := []string{`SYSTEMROOT=C:\Windows`}
	for _, test := range []struct {
		name    string
		s       system
		command string // separated by spaces, without the URL
		want    error
	}{
		{"Linux", system{"linux", display, found}, xdgOpen, nil},
		{"Wayland", system{"linux", env("WAYLAND_DISPLAY=wayland-0"), found}, xdgOpen, nil},
		{"FreeBSD", system{"freebsd", display, found}, xdgOpen, nil},
		{"OpenBSD", system{"openbsd", display, found}, xdgOpen, nil},
		{"NetBSD", system{"netbsd", display, found}, xdgOpen, nil},
		{"no display", system{"linux", nil, found}, "", ErrNoBrowser},
		{"empty display", system{"linux", env("DISPLAY=", "WAYLAND_DISPLAY="), found}, "",
			ErrNoBrowser},
		{"no opener", system{"linux", display, absent}, "", exec.ErrNotFound},
		{"opener in this directory", system{"linux", display, here}, "", exec.ErrDot},
		{"macOS", system{"darwin", nil, absent}, "/usr/bin/open", nil},
		{"Windows", system{"windows", windows, absent},
			`C:\Windows\System32\rundll32.exe url.dll,FileProtocolHandler`, nil},
		{"Windows without a root", system{"windows", nil, found}, "", ErrNoBrowser},
		{"SSH", system{"linux", env("DISPLAY=:0", "SSH_CONNECTION=a 1 b"), found}, "",
			ErrNoBrowser},
		{"SSH client", system{"linux", env("DISPLAY=:0", "SSH_CLIENT=a 1 2"), found}, "",
			ErrNoBrowser},
		{"SSH terminal", system{"linux", env("DISPLAY=:0", "SSH_TTY=/dev/pts/1"), found}, "",
			ErrNoBrowser},
		{"SSH to macOS", system{"darwin", env("SSH_TTY=/dev/ttys1"), found}, "", ErrNoBrowser},
		{"SSH to Windows", system{"windows", append(windows, "SSH_CLIENT=a"), found}, "",
			ErrNoBrowser},
		{"SSH agent", system{"linux", env("DISPLAY=:0", "SSH_AUTH_SOCK=/x", "SSH_TTY="), found},
			xdgOpen, nil},
		{"Android", system{"android", display, found}, "", ErrNoBrowser},
		{"iOS", system{"ios", display, found}, "", ErrNoBrowser},
		{"browser", system{"js", display, found}, "", ErrNoBrowser},
		{"WASI", system{"wasip1", display, found}, "", ErrNoBrowser},
	} {
		cmd, err := test.s.opener(u)
		if test.want != nil {
			if cmd != nil || !errors.Is(err, test.want) || !errors.Is(err, ErrNoBrowser) {
				t.Errorf("%s: got %v", test.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: got %v", test.name, err)
			continue
		}
		if got := strings.Join(cmd.Args, " "); got != test.command+" "+u ||
			cmd.Path != strings.Fields(test.command)[0] {
			t.Errorf("%s: got %s, %s", test.name, cmd.Path, got)
		}
		if cmd.Stdin != nil || cmd.Stdout != nil || cmd.Stderr != nil || cmd.Env == nil {
			t.Errorf("%s: has the files or the environment of the program", test.name)
		}
	}
}

// A browser gets what it needs and no secret.
func TestForBrowser(t *testing.T) {
	s := system{environ: []string{
		"HOME=/home/alice", "PATH=/bin", "DISPLAY=:0", "XDG_RUNTIME_DIR=/run", "LC_ALL=C", "Path=x",
		"SYSTEMROOT=x", "ProgramFiles(x86)=x", "DBUS_SESSION_BUS_ADDRESS=x", "GTK_THEME=x",
		"AWS_SECRET_ACCESS_KEY=CANARY", "GITHUB_TOKEN=CANARY", "CLIENT_SECRET=CANARY", "XDG=CANARY",
		"LC=CANARY", "HOMESECRET=CANARY", "SSH_AUTH_SOCK=CANARY", "PATHX=CANARY", "=C:=CANARY",
		"=CANARY", "LD_PRELOAD=CANARY", "MYHOME=CANARY", "CANARY",
	}}
	want := []string{"HOME=/home/alice", "PATH=/bin", "DISPLAY=:0", "XDG_RUNTIME_DIR=/run",
		"LC_ALL=C", "Path=x", "SYSTEMROOT=x", "ProgramFiles(x86)=x",
		"DBUS_SESSION_BUS_ADDRESS=x", "GTK_THEME=x"}
	if got := s.forBrowser(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := (system{}).forBrowser(); got == nil {
		t.Error("nil is the whole environment")
	}
}

// An opener that fails in time is heard, and one that stays is left alone.
func TestStart(t *testing.T) {
	if err := start(t.Context(), child(t, "succeed"), time.Minute); err != nil {
		t.Errorf("succeeded: %v", err)
	}
	err := start(t.Context(), child(t, "fail"), time.Minute)
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 1 ||
		!strings.HasPrefix(err.Error(), "native: "+filepath.Base(os.Args[0])) {
		t.Errorf("failed: %v", err)
	}
	err = start(t.Context(), exec.Command(filepath.Join(t.TempDir(), "none")), time.Minute)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	stays := child(t, "stay")
	if err := start(t.Context(), stays, time.Millisecond); err != nil {
		t.Errorf("stays: %v", err)
	}
	defer stays.Process.Kill()
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	stays = child(t, "stay")
	if err := start(ctx, stays, time.Minute); err != gone {
		t.Errorf("gone: %v", err)
	}
	if err := stays.Process.Kill(); err != nil { // which it could not if it had ended
		t.Error(err)
	}
}

// A context that has ended opens nothing.
func TestOpenEnded(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	if err := Open(ctx, "file:///etc/passwd"); err != gone {
		t.Errorf("got %v", err)
	}
}
