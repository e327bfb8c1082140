package native

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth2"
)

const childVariable = "VOUCHSAFE_NATIVE_TEST_CHILD"

// The test binary runs itself as other processes, which do what this variable names.
func TestMain(m *testing.M) {
	do, ok := children()[os.Getenv(childVariable)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func children() map[string]func(args []string) error {
	return map[string]func(args []string) error{
		"succeed":     func([]string) error { return nil },
		"fail":        func([]string) error { return io.ErrUnexpectedEOF },
		"stay":        func([]string) error { select {} },
		"count":       countBySwap,
		"count under": countUnderLease,
		"swap on":     swapOn,
	}
}

// child returns a command that does what do names in another process.
func child(t testing.TB, do string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+do)
	cmd.Stderr = t.Output()
	return cmd
}

// together runs a command so many times at once.
func together(t *testing.T, n int, do string, args ...string) {
	t.Helper()
	var cmds []*exec.Cmd
	for range n {
		cmd := child(t, do, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", do, err)
		}
	}
}

const (
	processes = 6
	rounds    = 50
)

func counterKey() oauth2.TokenKey { return oauth2.TokenKey{Name: "counter"} }

// count returns the number that a token is.
func count(tok *oauth2.Token) int {
	n, _ := strconv.Atoi(tok.AccessToken())
	return n
}

func numbered(n int) (*oauth2.Token, error) {
	return oauth2.FromRecord(oauth2.Record{AccessToken: strconv.Itoa(n)})
}

// addOne swaps the token for the next number, and reports whether that was what it held.
func addOne(ctx context.Context, s *FileStore) (bool, error) {
	tok, err := s.Load(ctx, counterKey())
	if err != nil {
		return false, err
	}
	next, err := numbered(count(tok) + 1)
	if err != nil {
		return false, err
	}
	return s.Swap(ctx, counterKey(), tok, next)
}

// countBySwap adds one to the token in the store args[0], so many times.
func countBySwap(args []string) error {
	s, err := NewFileStore(args[0])
	if err != nil {
		return err
	}
	for done := 0; done < rounds; {
		ok, err := addOne(context.Background(), s)
		if err != nil {
			return err
		}
		if ok {
			done++
		}
	}
	return nil
}

// swapOn does the same for ever, and tells of each.
func swapOn(args []string) error {
	s, err := NewFileStore(args[0])
	if err != nil {
		return err
	}
	for {
		if _, err := addOne(context.Background(), s); err != nil {
			return err
		}
		fmt.Println("swapped")
	}
}

// countUnderLease adds one to the number in the file args[1], under the lease args[0].
// Every other time it leaves the lease behind as one that has ended.
func countUnderLease(args []string) error {
	for i := range rounds {
		l, err := take(context.Background(), args[0], time.Minute)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(args[1], []byte(strconv.Itoa(n+1)), 0o600); err != nil {
			return err
		}
		if i%2 == 0 {
			l.release()
		} else if err := l.end(); err != nil {
			return err
		}
	}
	return nil
}

// end makes l one that has ended.
func (l lease) end() error {
	name := leaseName(time.Now().Add(-time.Hour), time.Second)
	return os.Rename(l.file, filepath.Join(l.dir, name))
}

// Of many processes that swap, one succeeds each time.
func TestProcessesSwap(t *testing.T) {
	t.Parallel()
	s, path := newStore(t)
	together(t, processes, "count", path)
	tok, err := s.Load(t.Context(), counterKey())
	if err != nil || count(tok) != processes*rounds {
		t.Errorf("counted %d, %v", count(tok), err)
	}
	onlyFile(t, path)
}

// Of many processes one has a lease at a time, also where they contest one that has ended.
func TestProcessesLease(t *testing.T) {
	t.Parallel()
	_, path := newStore(t)
	counter := path + "-counter"
	if err := os.WriteFile(counter, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	together(t, processes, "count under", path+leaseSuffix, counter)
	text, err := os.ReadFile(counter)
	if err != nil || string(text) != strconv.Itoa(processes*rounds) {
		t.Errorf("counted %q, %v", text, err)
	}
}

// A process that is killed while it writes leaves a good file, and what it held is free
// again in time.
func TestProcessKilled(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			testProcessKilled(t, 10*i+1)
		})
	}
}

// testProcessKilled kills a process when it has swapped so often.
func testProcessKilled(t *testing.T, swaps int) {
	s, path := newStore(t)
	cmd := child(t, "swap on", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range swaps {
		lines.Scan()
	}
	cmd.Process.Kill()
	io.Copy(io.Discard, out)
	if err := cmd.Wait(); !strings.Contains(fmt.Sprint(err), "kill") {
		t.Fatalf("ended by itself: %v", err)
	}
	before, err := s.Load(t.Context(), counterKey())
	if err != nil || count(before) < swaps {
		t.Fatalf("loaded %d, %v", count(before), err)
	}
	if ok, err := addOne(t.Context(), s); !ok || err != nil {
		t.Errorf("swapped %t, %v", ok, err)
	}
	load(t, s, counterKey(), must(numbered(count(before)+1)))
	for _, name := range names(t, filepath.Dir(path)) { // leases about to be taken
		if name != filepath.Base(path) && !strings.HasSuffix(name, tempSuffix) {
			t.Errorf("left %s", name)
		}
	}
}

func must(tok *oauth2.Token, err error) *oauth2.Token {
	if err != nil {
		panic(err)
	}
	return tok
}

// All stores pass the same tests.
func TestFileStore(t *testing.T) {
	t.Parallel()
	s, path := newStore(t)
	storetest.Store(t, s)
	onlyFile(t, path)
}

// Of processes that need a new token one gets it for all.
func TestFileStoreProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	storetest.Processes(t, path, func(t *testing.T, where string) oauth2.TokenStore {
		s, err := NewFileStore(where)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestFileStoreLocker(t *testing.T) {
	t.Parallel()
	s, path := newStore(t)
	storetest.Locker(t, s)
	onlyFile(t, path)
}

func TestFileStoreExpiry(t *testing.T) {
	t.Parallel()
	s, path := newStore(t)
	storetest.Expiry(t, s)
	onlyFile(t, path)
}
