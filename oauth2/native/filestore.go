package native

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
)

const (
	maxFile  = 4 << 20         // bytes
	swapLife = 5 * time.Second // more than it takes to read and write the file
)

// A FileStore is an [oauth2.TokenStore] and an [oauth2.Locker] in one JSON file, for the
// programs that one user runs on one machine. It is safe for concurrent use by many
// goroutines and processes: a process that is killed at any moment leaves the old file or
// the new one, and what it held is free again when that has ended, which for the file
// takes 5 seconds at most.
//
// The file has an object for each Name of [oauth2.TokenKey], in it one for each User, and
// in that an [oauth2.Record]. It is read strictly, and must be less than 4 MiB with at most
// 256 names, 256 users of each, and 4096 members in all, which is enough for some 300
// tokens: package sqlstore is for more.
//
// # Who can read it
//
// The tokens are not encrypted. Whoever can read the file can use them: the user, what
// else the user runs, root, and backups. The file is made with mode 0600, and its
// directory, if missing, with 0700. Whenever it is read, it must be a regular file and no
// symbolic link, and on Unix of this user and open to nobody else, in a directory of this
// user or root to which nobody else can write. The directories above are not looked at. On
// Windows, and where else the mode of a file means nothing, the access list of the directory
// decides, which is not looked at either: keep the file in the user's profile, where
// [os.UserConfigDir] is.
type FileStore struct {
	path  string
	queue oauth2.MemoryStore // of goroutines that wait for a lease: one at a time asks for it
	order sync.Mutex         // what was done before a lease was released is seen after
}

// NewFileStore returns the store in the file called path. It makes the directory if there
// is none, but no file before there is a token. The error is a [*FileError] if the file or
// its directory is not what [FileStore] asks for, or if it cannot be read.
func NewFileStore(path string) (*FileStore, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("native: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &FileError{dir, "must be a directory, or possible to make", err}
	}
	s := &FileStore{path: path}
	if _, err := s.read(); err != nil {
		return nil, err
	}
	sweep(path+".", time.Now())
	return s, nil
}

// A FileError says what is wrong with the file of a [FileStore], its directory, or a
// token in it. It never repeats what is in the file.
type FileError struct {
	Path string
	Need string // what it must be, and the command that mends it if there is one
	Err  error  // the cause, if there is one
}

// Error returns the path, what it must be, and the cause.
func (e *FileError) Error() string {
	text := "native: " + e.Path + " " + e.Need
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Load returns the token of key, nil if there is none. The error is a [*FileError], or
// the cause of ctx's end.
func (s *FileStore) Load(ctx context.Context, key oauth2.TokenKey) (*oauth2.Token, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	held, err := s.read()
	if err != nil {
		return nil, err
	}
	return s.token(held, key)
}

// Swap stores replacement in place of old, if that is what the file holds, and reports
// whether it was. The error is that of Load, or of writing; the file is then as it was.
func (s *FileStore) Swap(
	ctx context.Context, key oauth2.TokenKey, old, replacement *oauth2.Token,
) (bool, error) {
	for {
		l, err := s.take(ctx, s.path+lockSuffix, swapLife)
		if err != nil {
			return false, err
		}
		swapped, err := s.swap(l, key, old, replacement)
		s.release(l)
		if !errors.Is(err, errLost) {
			return swapped, err
		}
	}
}

// Lock takes the lease of key, which is a directory beside the file. The error is the
// cause of ctx's end, or that of making one.
func (s *FileStore) Lock(
	ctx context.Context, key oauth2.TokenKey, life time.Duration,
) (unlock func(), err error) {
	text, _ := json.Marshal([]string{key.Name, key.User})
	sum := sha256.Sum256(text)
	l, err := s.take(ctx, s.path+"."+hex.EncodeToString(sum[:8])+leaseSuffix, life)
	if err != nil {
		return nil, err
	}
	return func() { s.release(l) }, nil
}

// take takes a lease. Of the goroutines of this process, one asks for it and the others
// wait for that one.
func (s *FileStore) take(ctx context.Context, dir string, life time.Duration) (lease, error) {
	next, err := s.queue.Lock(ctx, oauth2.TokenKey{Name: dir}, 0)
	if err != nil {
		return lease{}, err
	}
	defer next()
	l, err := take(ctx, dir, life)
	if err != nil && ctx.Err() == nil {
		err = &FileError{dir, "must be possible to make", err}
	}
	s.order.Lock()
	defer s.order.Unlock()
	return l, err
}

func (s *FileStore) release(l lease) {
	s.order.Lock()
	defer s.order.Unlock()
	l.release()
}

// swap swaps in the file, which is l's holder's to change.
func (s *FileStore) swap(
	l lease, key oauth2.TokenKey, old, replacement *oauth2.Token,
) (bool, error) {
	tokens, err := s.read()
	if err != nil {
		return false, err
	}
	held, err := s.token(tokens, key)
	if err != nil || !held.Same(old) {
		return false, err
	}
	if held == nil && replacement == nil {
		return true, nil
	}
	text, err := s.with(tokens, key, replacement)
	if err != nil {
		return false, err
	}
	if err := s.write(l, text); err != nil {
		return false, err
	}
	return true, nil
}

// errLost is that a lease ended before what it was for.
var errLost = errors.New("native: the lease has ended")

// write puts text in the place of the file. What it writes to is the lease itself, which
// then is renamed: that fails if the lease has ended and another has the file.
func (s *FileStore) write(l lease, text []byte) error {
	err := fill(l.file, text)
	if err == nil {
		err = patiently(func() error { return os.Rename(l.file, s.path) })
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errLost
	}
	if err != nil {
		return &FileError{s.path, "must be writable", err}
	}
	settle(filepath.Dir(s.path))
	return nil
}

// fill writes a file that is there, and waits until the disk has it.
func fill(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// tokens are what the file has: records by name and user. Those of other keys than the
// one in question stay as they are, whoever wrote them.
type tokens map[string]map[string]json.RawMessage

// read returns what the file has, nothing if there is none.
func (s *FileStore) read() (tokens, error) {
	text, err := s.readText()
	if err != nil {
		return nil, err
	}
	return s.parse(text)
}

func (s *FileStore) readText() (string, error) {
	const none = "{}"
	dir := filepath.Dir(s.path)
	info, err := os.Stat(dir)
	if err != nil {
		return "", &FileError{dir, "must be a directory", err}
	}
	if err := checkFolder(dir, info); err != nil {
		return "", err
	}
	info, err = os.Lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return none, nil
	case err != nil:
		return "", s.unreadable(err)
	case !info.Mode().IsRegular():
		return "", &FileError{Path: s.path, Need: "must be a regular file, and no symbolic link"}
	}
	f, err := s.open()
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return "", s.unreadable(err)
	}
	defer f.Close()
	return s.readOpen(f)
}

func (s *FileStore) open() (f *os.File, err error) {
	err = patiently(func() error {
		f, err = os.Open(s.path)
		return err
	})
	return f, err
}

func (s *FileStore) unreadable(err error) error {
	return &FileError{s.path, "must be readable", err}
}

// readOpen reads the file, whose permissions must be those of what was opened.
func (s *FileStore) readOpen(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", s.unreadable(err)
	}
	if err := checkFile(s.path, info); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return "", s.unreadable(err)
	}
	return string(text), nil
}

// parse reads the text of the file.
func (s *FileStore) parse(text string) (tokens, error) {
	if len(text) >= maxFile {
		return nil, &FileError{Path: s.path, Need: "must be less than 4 MiB"}
	}
	t := tokens{}
	if err := strictjson.Unmarshal(text, &t); err != nil {
		return nil, &FileError{s.path, "must be a JSON object of tokens", err}
	}
	return t, nil
}

// token returns the token of key, nil if there is none.
func (s *FileStore) token(t tokens, key oauth2.TokenKey) (*oauth2.Token, error) {
	raw, ok := t[key.Name][key.User]
	if !ok {
		return nil, nil
	}
	tok, err := fromRecord(string(raw))
	if err != nil {
		need := fmt.Sprintf("must have a token for user %q of %q", key.User, key.Name)
		return nil, &FileError{s.path, need, err}
	}
	return tok, nil
}

func fromRecord(text string) (*oauth2.Token, error) {
	var r oauth2.Record
	if err := strictjson.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	return oauth2.FromRecord(r)
}

// with returns the text of t with replacement for key, which must read as it was meant.
func (s *FileStore) with(
	t tokens, key oauth2.TokenKey, replacement *oauth2.Token,
) ([]byte, error) {
	if err := t.set(key, replacement); err != nil {
		return nil, s.unfit(err)
	}
	text, err := json.MarshalIndent(t, "", "\t")
	if err != nil {
		return nil, s.unfit(err)
	}
	if err := s.checkText(string(text), key, replacement); err != nil {
		return nil, s.unfit(err)
	}
	return append(text, '\n'), nil
}

// set puts replacement in the place of key, or removes what is there if that is nil.
func (t tokens) set(key oauth2.TokenKey, replacement *oauth2.Token) error {
	users := t[key.Name]
	if replacement == nil {
		delete(users, key.User)
		if len(users) == 0 {
			delete(t, key.Name)
		}
		return nil
	}
	record, err := json.Marshal(replacement.Record())
	if err != nil {
		return errors.New("an extra member of the token is not JSON")
	}
	if users == nil {
		users = map[string]json.RawMessage{}
		t[key.Name] = users
	}
	users[key.User] = record
	return nil
}

// checkText reads text back: not all strings are text to JSON, and there are bounds.
func (s *FileStore) checkText(text string, key oauth2.TokenKey, want *oauth2.Token) error {
	t, err := s.parse(text)
	if err != nil {
		return err
	}
	got, err := s.token(t, key)
	if err == nil && !got.Same(want) {
		err = errors.New("a name, user or token is not UTF-8")
	}
	return err
}

func (s *FileStore) unfit(err error) error {
	return &FileError{s.path, "cannot keep this token", err}
}
