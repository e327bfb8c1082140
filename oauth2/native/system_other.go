//go:build !unix

package native

import (
	"errors"
	"io/fs"
	"os/exec"
	"time"
)

// There are no permission bits to check here that mean anything. Windows gives a file the
// access list of its directory, which in a user's profile is open to the user, the system
// and administrators.
func checkFile(string, fs.FileInfo) error { return nil }

func checkFolder(string, fs.FileInfo) error { return nil }

// patiently calls f until it succeeds, for about a second: Windows neither renames nor
// removes what somebody has open, a reader or a virus scanner.
func patiently(f func() error) error {
	err := f()
	for wait := time.Millisecond; transient(err) && wait < time.Second; wait *= 2 {
		time.Sleep(wait)
		err = f()
	}
	return err
}

func transient(err error) bool {
	return err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist)
}

// A directory cannot be synced here.
func settle(string) {}

func detach(*exec.Cmd) {}
