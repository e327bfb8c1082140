//go:build unix

package native

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vouchsafe/internal/storetest"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// What the store makes is its user's alone, whatever the umask.
func TestModes(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	s, path := newStore(t)
	unlock, err := s.Lock(t.Context(), alice, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	dir := filepath.Dir(path)
	lease := filepath.Join(dir, names(t, dir)[0])
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	for name, want := range map[string]fs.FileMode{
		path:                                     0o600,
		dir:                                      0o700 | fs.ModeDir,
		filepath.Dir(dir):                        0o700 | fs.ModeDir,
		lease:                                    0o700 | fs.ModeDir,
		filepath.Join(lease, names(t, lease)[0]): 0o600,
	} {
		if got := mode(t, name); got != want {
			t.Errorf("%s has %v, want %v", name, got, want)
		}
	}
	os.Chmod(path, 0o400)
	swap(t, s, alice, storetest.Token(t, "a"), storetest.Token(t, "b"))
	if got := mode(t, path); got != 0o600 {
		t.Errorf("swapped has %v", got)
	}
}

// refusedAt fails unless the store is refused by all that read it.
func refusedAt(t *testing.T, s *FileStore, about, need string) {
	t.Helper()
	_, err := s.Load(t.Context(), alice)
	needs(t, "load", err, about, need)
	_, err = s.Swap(t.Context(), alice, storetest.Token(t, "a"), storetest.Token(t, "b"))
	needs(t, "swap", err, about, need)
	_, err = NewFileStore(s.path)
	needs(t, "open", err, about, need)
}

func TestFilePermissions(t *testing.T) {
	s, path := newStore(t)
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	for _, bits := range []fs.FileMode{0o040, 0o020, 0o010, 0o004, 0o002, 0o001, 0o177} {
		if err := os.Chmod(path, 0o600|bits); err != nil {
			t.Fatal(err)
		}
		refusedAt(t, s, path, "must be open to its owner alone: chmod 600 '"+path+"'")
	}
	for _, good := range []fs.FileMode{0o600, 0o700, 0o400} {
		if err := os.Chmod(path, good); err != nil {
			t.Fatal(err)
		}
		load(t, s, alice, storetest.Token(t, "a"))
	}
}

func TestFolderPermissions(t *testing.T) {
	s, path := newStore(t)
	dir := filepath.Dir(path)
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	for _, bits := range []fs.FileMode{0o020, 0o002, 0o077, 0o077 | fs.ModeSticky} {
		if err := os.Chmod(dir, 0o700|bits); err != nil {
			t.Fatal(err)
		}
		refusedAt(t, s, dir, "must be writable by its owner alone: chmod go-w '"+dir+"'")
	}
	for _, good := range []fs.FileMode{0o700, 0o755} {
		if err := os.Chmod(dir, good); err != nil {
			t.Fatal(err)
		}
		load(t, s, alice, storetest.Token(t, "a"))
	}
}

// The file of another user is not used, not even by root, who could: the user would lose
// it. Root's directories are good for all.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, who gives files away: sudo go test ./oauth2/native")
	}
	const nobody = 65534
	s, path := newStore(t)
	dir := filepath.Dir(path)
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	chown := func(path string, uid int) {
		if err := os.Lchown(path, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	chown(path, nobody)
	refusedAt(t, s, path, "must be owned by the user who runs the program")
	chown(path, 0)
	load(t, s, alice, storetest.Token(t, "a"))
	chown(dir, nobody)
	refusedAt(t, s, dir, "must be owned by the user who runs the program, or by root")
}

func TestTrusted(t *testing.T) {
	for _, test := range []struct {
		uid, me int
		want    bool
	}{{0, 0, true}, {0, 7, true}, {7, 7, true}, {7, 0, false}, {8, 7, false}, {-1, 0, false}} {
		if got := trusted(test.uid, test.me); got != test.want {
			t.Errorf("%d for %d: %t", test.uid, test.me, got)
		}
	}
}

// Of what tells no owner nobody is one.
func TestNoOwner(t *testing.T) {
	if got := owner(noOwner{}); got != -1 {
		t.Errorf("got %d", got)
	}
}

type noOwner struct{ fs.FileInfo }

func (noOwner) Sys() any { return nil }

// A symbolic link is refused, wherever it leads, and so is what is no file.
func TestNotRegular(t *testing.T) {
	const need = "must be a regular file, and no symbolic link"
	s, path := newStore(t)
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	target := filepath.Join(t.TempDir(), "target")
	if err := os.Rename(path, target); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{target, "nowhere", "/dev/null"} {
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		refusedAt(t, s, path, need)
		os.Remove(path)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedAt(t, s, path, need)
	os.Remove(path)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	refusedAt(t, s, path, need)
}

// No more of a file is read than it may have.
func TestReadBound(t *testing.T) {
	s, _ := newStore(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close() // after it has been read
	go w.Write(make([]byte, maxFile))
	if text, err := s.readOpen(r); len(text) != maxFile || err != nil {
		t.Errorf("read %d bytes, %v", len(text), err)
	}
}

// A disk that is full is an error, and the file stays as it was.
func TestFull(t *testing.T) {
	const full = "/dev/full"
	if !exists(full) {
		t.Skip("needs " + full + ", as Linux has it: go test ./oauth2/native")
	}
	s, path := newStore(t)
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	link := filepath.Join(t.TempDir(), "full")
	if err := os.Symlink(full, link); err != nil {
		t.Fatal(err)
	}
	err := s.write(lease{file: link}, []byte("x"))
	needs(t, "full", err, path, "must be writable")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	load(t, s, alice, storetest.Token(t, "a"))
}

// The directory may be a link: it is what it leads to that must be good.
func TestFolderLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	s, err := NewFileStore(filepath.Join(link, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	refusedAt(t, s, link, "must be writable by its owner alone: chmod go-w '"+link+"'")
}

// A path is quoted so that a shell takes the command.
func TestChmodQuotes(t *testing.T) {
	if got := chmod("600", "/a b/it's"); got != `chmod 600 '/a b/it'\''s'` {
		t.Errorf("got %s", got)
	}
}

// The Ctrl-C that ends a program does not end the browser.
func TestDetached(t *testing.T) {
	s := system{"darwin", nil, nil}
	cmd, err := s.opener("https://as.example/")
	if err != nil || !cmd.SysProcAttr.Setsid {
		t.Errorf("got %v, %v", cmd, err)
	}
}
