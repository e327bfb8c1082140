package native

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
)

// ErrNoBrowser is that no browser can be opened in front of the user: over SSH, without a
// display, or where there is no program that opens one.
var ErrNoBrowser = errors.New("native: no browser can be opened here")

// Open opens a URL in the user's browser, RFC 8252, Section 6. It must be https, or http
// on loopback, in the characters of RFC 3986 without !, $ and quotation marks. The error
// wraps [httpclient.ErrInsecureURL], [ErrNoBrowser], or what went wrong with the system's
// opener: xdg-open, open on macOS, the protocol handler of Windows. That has two seconds to
// say so; after that, Open takes it that a browser has opened, and leaves it alone.
//
// The opener is started without a shell, with that part of the environment alone that a
// browser needs: the rest may hold secrets. Other users of the machine may see the URL
// in the list of processes. It holds no secret of the login's, PKCE's verifier least of all, but
// whoever reads its state there, and is quicker than the user, can make the login one of
// an account of his own.
func Open(ctx context.Context, rawURL string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := checkOpenable(rawURL); err != nil {
		return err
	}
	cmd, err := thisSystem().opener(rawURL)
	if err != nil {
		return err
	}
	return start(ctx, cmd, openTime)
}

// urlCharacters are those of RFC 3986, Section 2, without those that mean something to a
// shell even between quotation marks, as xdg-open is a shell script.
const urlCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" +
	"-._~%:/?#[]@&()*+,;="

// checkOpenable refuses what is no web address, or may be read as something else on the
// way. No option begins as these do. rundll32 takes the rest of its command line as it is,
// and as there is no space or quotation mark in it, that is the URL; cmd.exe, which would
// read & and %, has no part in it.
func checkOpenable(rawURL string) error {
	foreign := func(r rune) bool { return !strings.ContainsRune(urlCharacters, r) }
	if strings.ContainsFunc(rawURL, foreign) {
		return fmt.Errorf("native: %w: it has a character that may be misread",
			httpclient.ErrInsecureURL)
	}
	u, _ := url.Parse(rawURL) // nil if it does not parse
	if err := httpclient.CheckParsedURL(nil, u); err != nil {
		return fmt.Errorf("native: %w", err)
	}
	return nil
}

// A system is where the program runs.
type system struct {
	os      string
	environ []string
	look    func(name string) (path string, err error) // exec.LookPath
}

func thisSystem() system { return system{runtime.GOOS, os.Environ(), exec.LookPath} }

// env returns a variable of the environment. To Windows case means nothing.
func (s system) env(name string) string {
	for _, pair := range s.environ {
		if n, value, _ := strings.Cut(pair, "="); strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

// opener returns the command that opens a URL in a browser in front of the user.
func (s system) opener(rawURL string) (*exec.Cmd, error) {
	for _, name := range []string{"SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"} {
		if s.env(name) != "" {
			return nil, fmt.Errorf("%w: the session is over SSH", ErrNoBrowser)
		}
	}
	command, err := s.command()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], append(command[1:], rawURL)...)
	cmd.Env = s.forBrowser()
	detach(cmd)
	return cmd, nil
}

// command returns the command that opens what follows it.
func (s system) command() ([]string, error) {
	switch s.os {
	case "darwin":
		return []string{"/usr/bin/open"}, nil
	case "windows":
		root := s.env("SystemRoot")
		if root == "" {
			return nil, fmt.Errorf("%w: SystemRoot is not set", ErrNoBrowser)
		}
		return []string{root + `\System32\rundll32.exe`, "url.dll,FileProtocolHandler"}, nil
	case "linux", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "illumos":
		if s.env("DISPLAY") == "" && s.env("WAYLAND_DISPLAY") == "" {
			return nil, fmt.Errorf("%w: there is no display", ErrNoBrowser)
		}
		path, err := s.look("xdg-open")
		if err != nil { // or it is in the current directory, which is exec.ErrDot
			return nil, fmt.Errorf("%w: %w", ErrNoBrowser, err)
		}
		return []string{path}, nil
	}
	return nil, fmt.Errorf("%w: there is no opener for %s", ErrNoBrowser, s.os)
}

// browserVariables are what a desktop and its browser are found and set up by. Of a name
// with a star, all that begin so.
func browserVariables() []string {
	return []string{
		"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR",
		"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_*", "DBUS_SESSION_BUS_ADDRESS",
		"DESKTOP_SESSION", "BROWSER", "KDE_*", "GNOME_*", "GTK_*", "QT_*", "MOZ_*", "WSL_*",
		"__CF_USER_TEXT_ENCODING",
		"SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "TEMP", "TMP", "OS",
		"USERNAME", "USERDOMAIN", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA",
		"LOCALAPPDATA", "ALLUSERSPROFILE", "PUBLIC", "COMPUTERNAME", "SESSIONNAME",
		"ProgramData", "ProgramFiles*", "ProgramW6432", "CommonProgram*", "PROCESSOR_*",
		"NUMBER_OF_PROCESSORS",
	}
}

// forBrowser returns the part of the environment that a browser may have.
func (s system) forBrowser() []string {
	kept := []string{} // nil would be all
	for _, pair := range s.environ {
		name, _, _ := strings.Cut(pair, "=")
		if slices.ContainsFunc(browserVariables(), func(v string) bool { return covers(v, name) }) {
			kept = append(kept, pair)
		}
	}
	return kept
}

// covers reports whether a variable of the list above is, or begins, name.
func covers(variable, name string) bool {
	prefix, star := strings.CutSuffix(variable, "*")
	if star && len(name) > len(prefix) {
		name = name[:len(prefix)]
	}
	return strings.EqualFold(prefix, name)
}

// openTime is how long an opener may take to say that it cannot.
const openTime = 2 * time.Second

// start starts an opener, and returns its error if it ends in time. Some end only with the
// browser, which is left alone.
func start(ctx context.Context, cmd *exec.Cmd, patience time.Duration) error {
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("native: %w", err)
	}
	ended := make(chan error, 1)
	now, cancel := context.WithCancel(context.Background())
	context.AfterFunc(now, func() { ended <- cmd.Wait() })
	cancel()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case err := <-ended:
		if err != nil {
			err = fmt.Errorf("native: %s: %w", filepath.Base(cmd.Path), err)
		}
		return err
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
