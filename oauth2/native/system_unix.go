//go:build unix

package native

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// checkFile refuses a file that others can read, or that another user owns.
func checkFile(path string, info fs.FileInfo) error {
	need := ""
	switch {
	case owner(info) != os.Geteuid():
		need = "must be owned by the user who runs the program"
	case info.Mode().Perm()&0o077 != 0:
		need = "must be open to its owner alone: " + chmod("600", path)
	default:
		return nil
	}
	return &FileError{Path: path, Need: need}
}

// checkFolder refuses a directory in which others can put another file in place of ours.
func checkFolder(path string, info fs.FileInfo) error {
	need := ""
	switch {
	case !trusted(owner(info), os.Geteuid()):
		need = "must be owned by the user who runs the program, or by root"
	case info.Mode().Perm()&0o022 != 0: // sticky or not: others could make what is missing
		need = "must be writable by its owner alone: " + chmod("go-w", path)
	default:
		return nil
	}
	return &FileError{Path: path, Need: need}
}

// trusted reports whether user me must trust uid anyway.
func trusted(uid, me int) bool { return uid == me || uid == 0 }

func owner(info fs.FileInfo) int {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(stat.Uid)
}

// chmod returns the command that mends permissions.
func chmod(mode, path string) string {
	return fmt.Sprintf("chmod %s '%s'", mode, strings.ReplaceAll(path, "'", `'\''`))
}

// patiently calls f once: only elsewhere does a reader stand in its way.
func patiently(f func() error) error { return f() }

// settle makes a rename in a directory outlive a power cut, where the file system can.
func settle(dir string) {
	if f, err := os.Open(dir); err == nil {
		f.Sync()
		f.Close()
	}
}

// detach keeps the Ctrl-C that ends this program from ending cmd.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
