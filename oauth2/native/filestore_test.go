package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth2"
)

// newStore returns a store in a directory that it makes.
func newStore(t testing.TB) (*FileStore, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a", "b", "tokens.json")
	s, err := NewFileStore(path)
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

// onlyFile fails if anything but the file, or not even that, is left beside path.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	for _, name := range names(t, filepath.Dir(path)) {
		if name != filepath.Base(path) {
			t.Errorf("left %s", name)
		}
	}
}

func load(t testing.TB, s *FileStore, key oauth2.TokenKey, want *oauth2.Token) {
	t.Helper()
	if got, err := s.Load(context.Background(), key); err != nil || !got.Same(want) {
		t.Errorf("%q: loaded %v, %v", key, got, err)
	}
}

func swap(t testing.TB, s *FileStore, key oauth2.TokenKey, old, replacement *oauth2.Token) {
	t.Helper()
	if ok, err := s.Swap(context.Background(), key, old, replacement); !ok || err != nil {
		t.Errorf("%q: swapped %t, %v", key, ok, err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// needs fails unless err is a *FileError about path that says what it needs.
func needs(t testing.TB, name string, err error, path, need string) {
	t.Helper()
	e, ok := errors.AsType[*FileError](err)
	if !ok || e.Path != path || e.Need != need {
		t.Errorf("%s: got %v\nwant %s %s", name, err, path, need)
	}
}

var (
	alice = oauth2.TokenKey{Name: "github", User: "alice"}
	bob   = oauth2.TokenKey{Name: "github", User: "bob"}
)

// People can read the file.
func TestFileStoreText(t *testing.T) {
	s, path := newStore(t)
	swap(t, s, alice, nil, storetest.Make(t, oauth2.Record{AccessToken: "a", RefreshToken: "r",
		ExpiresAt: 2_000_000_000, Scope: "read write",
		Extra: map[string]json.RawMessage{"team": json.RawMessage(`{"id":1}`)}}))
	swap(t, s, oauth2.TokenKey{Name: "google"}, nil,
		storetest.Make(t, oauth2.Record{AccessToken: "b"}))
	const want = `{
	"github": {
		"alice": {
			"access_token": "a",
			"token_type": "Bearer",
			"refresh_token": "r",
			"expires_at": 2000000000,
			"scope": "read write",
			"extra": {
				"team": {
					"id": 1
				}
			}
		}
	},
	"google": {
		"": {
			"access_token": "b",
			"token_type": "Bearer"
		}
	}
}
`
	if got := read(t, path); got != want {
		t.Errorf("got %s", got)
	}
	swap(t, s, oauth2.TokenKey{Name: "google"},
		storetest.Make(t, oauth2.Record{AccessToken: "b"}), nil)
	if got := read(t, path); strings.Contains(got, "google") {
		t.Errorf("got %s", got)
	}
}

// There is no file before there is a token, and a removal of none makes none.
func TestFileStoreMakesNoFile(t *testing.T) {
	s, path := newStore(t)
	load(t, s, alice, nil)
	swap(t, s, alice, nil, nil)
	if left := names(t, filepath.Dir(path)); len(left) != 0 {
		t.Errorf("made %q", left)
	}
}

// What others wrote stays as it is: members that this version does not know, and records
// that it cannot use.
func TestFileStoreLeavesOthers(t *testing.T) {
	s, path := newStore(t)
	write(t, path, `{"github":{"bob":{"access_token":"b","dpop_key":{"x":[1.50,"é"]}},`+
		`"carol":{"token_type":"Unheard-Of"},"dave":null},"empty":{},"null":null}`)
	tok := storetest.Token(t, "alice")
	swap(t, s, alice, nil, tok)
	load(t, s, alice, tok)
	load(t, s, bob, storetest.Make(t, oauth2.Record{AccessToken: "b"}))
	for _, has := range []string{"1.50", `"é"`, "Unheard-Of", `"dave": null`, `"empty": {}`,
		`"null": null`} {
		if got := read(t, path); !strings.Contains(got, has) {
			t.Errorf("no %s in %s", has, got)
		}
	}
	for _, user := range []string{"carol", "dave"} {
		key := oauth2.TokenKey{Name: "github", User: user}
		_, err := s.Load(t.Context(), key)
		needs(t, user, err, path, `must have a token for user "`+user+`" of "github"`)
		_, err = s.Swap(t.Context(), key, nil, tok)
		needs(t, user, err, path, `must have a token for user "`+user+`" of "github"`)
	}
	swap(t, s, oauth2.TokenKey{Name: "null"}, nil, tok)
	load(t, s, oauth2.TokenKey{Name: "null"}, tok)
}

const garbage = "must be a JSON object of tokens"

var unreadable = []struct{ name, text, need string }{
	{"empty", "", garbage},
	{"half", `{"github":{"alice":{"access_to`, garbage},
	{"zeros", strings.Repeat("\x00", 100), garbage},
	{"list", `[]`, garbage},
	{"two", `{}{}`, garbage},
	{"duplicate name", `{"github":{},"github":{}}`, garbage},
	{"duplicate user", `{"github":{"alice":{},"alice":{}}}`, garbage},
	{"duplicate escaped", `{"github":{"alice":{},"\u0061lice":{}}}`, garbage},
	{"duplicate member", `{"github":{"bob":{"access_token":"a","access_token":"b"}}}`, garbage},
	{"list of users", `{"github":[]}`, garbage},
	{"not UTF-8", "{\"github\":{\"\xff\":{}}}", garbage},
	{"too many names", `{` + strings.Repeat(`"x":{},`, 300) + `"y":{}}`, garbage},
	{"huge", `{"github":{}}` + strings.Repeat(" ", maxFile), "must be less than 4 MiB"},
	{"just too large", `{}` + strings.Repeat(" ", maxFile-2), "must be less than 4 MiB"},
	{"record of another type", `{"github":{"alice":"CANARY"}}`,
		`must have a token for user "alice" of "github"`},
	{"record without token", `{"github":{"alice":{"scope":"CANARY"}}}`,
		`must have a token for user "alice" of "github"`},
	{"record in other letters", `{"github":{"alice":{"Access_Token":"CANARY"}}}`,
		`must have a token for user "alice" of "github"`},
	{"record of numbers", `{"github":{"alice":{"access_token":["CANARY"]}}}`,
		`must have a token for user "alice" of "github"`},
	{"record of another type of token",
		`{"github":{"alice":{"access_token":"a","token_type":"CANARY"}}}`,
		`must have a token for user "alice" of "github"`},
}

// What cannot be read is an error, never no token, and stays as it is.
func TestFileStoreUnreadable(t *testing.T) {
	for _, test := range unreadable {
		t.Run(test.name, func(t *testing.T) {
			s, path := newStore(t)
			write(t, path, test.text)
			tok, err := s.Load(t.Context(), alice)
			needs(t, "load", err, path, test.need)
			if tok != nil || strings.Contains(fmt.Sprint(err), "CANARY") {
				t.Errorf("loaded %v, %v", tok, err)
			}
			ok, err := s.Swap(t.Context(), alice, nil, storetest.Token(t, "a"))
			needs(t, "swap", err, path, test.need)
			if ok || read(t, path) != test.text {
				t.Error("swapped")
			}
			onlyFile(t, path)
		})
	}
}

func TestFileStoreSizes(t *testing.T) {
	s, path := newStore(t)
	write(t, path, `{}`+strings.Repeat(" ", maxFile-3))
	load(t, s, alice, nil)
	if _, err := NewFileStore(path); err != nil {
		t.Error(err)
	}
}

// A store is not opened that cannot be read.
func TestNewFileStoreErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.json"), "[]")
	write(t, filepath.Join(dir, "file"), "")
	long := strings.Repeat("x", 300)
	for _, test := range []struct{ name, path, about, need string }{
		{"garbage", "bad.json", "bad.json", garbage},
		{"a file as directory", "file/x.json", "file", "must be a directory, or possible to make"},
		{"a file as its parent", "file/x/y.json", "file/x",
			"must be a directory, or possible to make"},
		{"too long a name", long, long, "must be readable"},
		{"a directory", ".", ".", "must be a regular file, and no symbolic link"},
	} {
		s, err := NewFileStore(filepath.Join(dir, test.path))
		needs(t, test.name, err, filepath.Join(dir, test.about), test.need)
		if s != nil {
			t.Errorf("%s: got a store", test.name)
		}
	}
}

// A directory that has gone is no store without tokens.
func TestFileStoreFolderGone(t *testing.T) {
	s, path := newStore(t)
	if err := os.Remove(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	_, err := s.Load(t.Context(), alice)
	needs(t, "load", err, filepath.Dir(path), "must be a directory")
	_, err = s.Swap(t.Context(), alice, nil, storetest.Token(t, "a"))
	needs(t, "swap", err, path+lockSuffix, "must be possible to make")
	unlock, err := s.Lock(t.Context(), alice, time.Minute)
	if unlock != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// The path stays the same whatever the working directory is.
func TestFileStoreRelative(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	s, err := NewFileStore("tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	read(t, filepath.Join(dir, "tokens.json"))
}

// What could not be read back is not written, and neither is what is beside it.
func TestFileStoreUnfit(t *testing.T) {
	good := storetest.Token(t, "a")
	huge := storetest.Make(t, oauth2.Record{AccessToken: strings.Repeat("a", maxFile)})
	full := func(n int) string {
		users := map[string]oauth2.Record{}
		for i := range n {
			users[fmt.Sprint(i)] = oauth2.Record{AccessToken: "a"}
		}
		text, err := json.Marshal(map[string]any{"full": users})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range []struct {
		name, before string
		key          oauth2.TokenKey
		tok          *oauth2.Token
		why          string
	}{
		{"name not UTF-8", `{}`, oauth2.TokenKey{Name: "\xff"}, good, "not UTF-8"},
		{"user not UTF-8", `{}`, oauth2.TokenKey{User: "a\xff"}, good, "not UTF-8"},
		{"the same once written", `{"":{"\ufffd":{"access_token":"b"}}}`,
			oauth2.TokenKey{User: "\xff"}, good, "twice"},
		{"no token", `{}`, alice, new(oauth2.Token), "access_token must"},
		{"refresh token not UTF-8", `{}`, alice,
			storetest.Make(t, oauth2.Record{AccessToken: "a", RefreshToken: "\xff"}), "not UTF-8"},
		{"extra not JSON", `{}`, alice, storetest.Make(t, oauth2.Record{AccessToken: "a",
			Extra: map[string]json.RawMessage{"x": json.RawMessage("CANARY")}}), "not JSON"},
		{"huge", `{}`, alice, huge, "4 MiB"},
		{"one user too many", full(256), oauth2.TokenKey{Name: "full", User: "x"}, good,
			"members"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, path := newStore(t)
			write(t, path, test.before)
			ok, err := s.Swap(t.Context(), test.key, nil, test.tok)
			needs(t, test.name, err, path, "cannot keep this token")
			if ok || read(t, path) != test.before || !strings.Contains(err.Error(), test.why) ||
				strings.Contains(err.Error(), "CANARY") {
				t.Errorf("swapped %t, %v", ok, err)
			}
			onlyFile(t, path)
		})
	}
	s, path := newStore(t)
	write(t, path, full(255))
	swap(t, s, oauth2.TokenKey{Name: "full", User: "x"}, nil, good)
}

// A context that has ended ends all calls.
func TestFileStoreContext(t *testing.T) {
	s, path := newStore(t)
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := s.Load(ctx, alice); err != gone {
		t.Errorf("load: %v", err)
	}
	if ok, err := s.Swap(ctx, alice, nil, storetest.Token(t, "a")); ok || err != gone {
		t.Errorf("swap: %v", err)
	}
	if unlock, err := s.Lock(ctx, alice, time.Minute); unlock != nil || err != gone {
		t.Errorf("lock: %v", err)
	}
	if left := names(t, filepath.Dir(path)); len(left) != 0 {
		t.Errorf("made %q", left)
	}
	held, err := take(t.Context(), path+lockSuffix, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	ctx, stop := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, gone)
	defer stop()
	if ok, err := s.Swap(ctx, alice, nil, storetest.Token(t, "a")); ok || err != gone {
		t.Errorf("swap while another has the file: %v", err)
	}
}

// Who was too slow with the file changes nothing: another may have it.
func TestFileStoreLost(t *testing.T) {
	s, path := newStore(t)
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	before := read(t, path)
	l, err := take(t.Context(), path+lockSuffix, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(l.file); err != nil {
		t.Fatal(err)
	}
	ok, err := s.swap(l, alice, storetest.Token(t, "a"), storetest.Token(t, "b"))
	if ok || err != errLost || read(t, path) != before {
		t.Errorf("swapped %t, %v", ok, err)
	}
}

// However often the file is taken from who has it, no swap is lost and none done twice.
func TestFileStoreRobbed(t *testing.T) {
	t.Parallel()
	_, path := newStore(t)
	robbing, stop := context.WithCancel(t.Context())
	var robber, all sync.WaitGroup
	robber.Go(func() {
		for robbing.Err() == nil {
			entries, _ := os.ReadDir(path + lockSuffix)
			for _, entry := range entries {
				os.Remove(filepath.Join(path+lockSuffix, entry.Name()))
			}
			time.Sleep(50 * time.Microsecond)
		}
	})
	for range 3 {
		all.Go(func() {
			if err := countBySwap([]string{path}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	stop()
	robber.Wait()
	s, err := NewFileStore(path)
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, counterKey(), must(numbered(3*rounds)))
	onlyFile(t, path)
}

// What a killed process leaves is in nobody's way for long, and goes.
func TestFileStoreLeftovers(t *testing.T) {
	s, path := newStore(t)
	dir := path + lockSuffix
	almost := leaseName(time.Now().Add(100*time.Millisecond-swapLife), swapLife)
	put(t, dir, almost) // half a file
	put(t, dir+".x"+tempSuffix, overdue())
	put(t, dir+".y"+tempSuffix)
	put(t, path+".0123"+leaseSuffix, overdue())
	swap(t, s, alice, nil, storetest.Token(t, "a"))
	if exists(filepath.Join(dir, almost)) {
		t.Error("the lease is still there")
	}
	s, err := NewFileStore(path)
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, alice, storetest.Token(t, "a"))
	onlyFile(t, path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Leases of different keys are apart, though their parts together are the same.
func TestFileStoreLeaseNames(t *testing.T) {
	s, path := newStore(t)
	for _, key := range []oauth2.TokenKey{
		{}, {Name: "alice"}, {User: "alice"}, {Name: "al", User: "ice"},
	} {
		unlock, err := s.Lock(t.Context(), key, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
	}
	got := names(t, filepath.Dir(path))
	if len(got) != 4 || strings.Contains(fmt.Sprint(got), "alice") {
		t.Errorf("got %q", got)
	}
}

// A lease does not keep others from the file.
func TestFileStoreSwapUnderLease(t *testing.T) {
	s, _ := newStore(t)
	unlock, err := s.Lock(t.Context(), alice, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	swap(t, s, alice, nil, storetest.Token(t, "a"))
}

// Printing a store shows no token.
func TestFileStorePrinted(t *testing.T) {
	s, _ := newStore(t)
	swap(t, s, alice, nil, storetest.Make(t, oauth2.Record{AccessToken: "CANARY"}))
	load(t, s, alice, storetest.Make(t, oauth2.Record{AccessToken: "CANARY"}))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, s); strings.Contains(got, "CANARY") ||
			strings.Contains(got, fmt.Sprintf("%x", "CANARY")) {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// Whatever the file has, reading it ends in tokens that are written and read again the
// same, or in an error.
func FuzzFileStore(f *testing.F) {
	for _, row := range unreadable {
		if len(row.text) < 1000 {
			f.Add(row.text)
		}
	}
	f.Add(`{"github":{"alice":{"access_token":"a","expiry":"2030-01-02T03:04:05Z"}}}`)
	f.Add(`{"github":{"alice":{"refresh_token":"r","extra":{"a":[1,{"b":"\u00e9"}]}}},"x":{}}`)
	s, path := newStore(f)
	f.Fuzz(func(t *testing.T, text string) {
		write(t, path, text)
		tok, err := s.Load(t.Context(), alice)
		if err != nil {
			if _, ok := errors.AsType[*FileError](err); !ok {
				t.Fatalf("got %v", err)
			}
			return
		}
		before, err := s.Load(t.Context(), bob)
		if err != nil {
			return
		}
		if ok, err := s.Swap(t.Context(), bob, before, tok); err != nil { // it may be full
			needs(t, "swap", err, path, "cannot keep this token")
			return
		} else if !ok {
			t.Fatal("not swapped")
		}
		load(t, s, alice, tok)
		load(t, s, bob, tok)
	})
}
