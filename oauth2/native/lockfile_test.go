package native

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var began = time.UnixMilli(1_800_000_000_000)

func TestOver(t *testing.T) {
	for _, test := range []struct {
		name string
		now  time.Duration // since it began, of a life of 10 seconds
		want bool
	}{
		{"just begun", 0, false},
		{"last moment", 10*time.Second - 1, false},
		{"end", 10 * time.Second, true},
		{"long after", time.Hour, true},
		{"clock set back a little", -time.Second, false},
		{"clock set back by a life", -10 * time.Second, false},
		{"clock set back by more", -10*time.Second - 1, true},
		{"clock set back far", -1000 * time.Hour, true},
	} {
		if got := over(began, 10*time.Second, began.Add(test.now)); got != test.want {
			t.Errorf("%s: got %t", test.name, got)
		}
	}
	for _, far := range []time.Time{time.UnixMilli(1 << 62), time.UnixMilli(-1 << 62)} {
		if !over(far, time.Second, began) {
			t.Errorf("%v is not over", far)
		}
	}
}

func TestParseLease(t *testing.T) {
	name := leaseName(began, 25*time.Second)
	start, life, ok := parseLease(name)
	if !ok || !start.Equal(began) || life != 25*time.Second || name == leaseName(began, life) {
		t.Errorf("%s is %v, %v, %t", name, start, life, ok)
	}
	if _, _, ok := parseLease("1.549755813887.x"); !ok {
		t.Error("the longest life is not read")
	}
	for _, name := range []string{"", ".", "..", "1.2", "1.2.3.4", "x.2.y", "1.x.y", ".DS_Store",
		".nfs.0.1", "1.549755813888.x", "9223372036854775808.1.x"} {
		if _, _, ok := parseLease(name); ok {
			t.Errorf("%q is read", name)
		}
	}
}

// folder returns the path of a lease that nobody has, in a directory of its own.
func folder(t *testing.T) string { return filepath.Join(t.TempDir(), "x"+lockSuffix) }

// put makes the directory of a lease with files in it.
func put(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func live() string    { return leaseName(time.Now(), time.Hour) }
func overdue() string { return leaseName(time.Now().Add(-time.Hour), time.Minute) }

// What is in the directory of a lease decides whether it can be taken.
func TestTry(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(t *testing.T, dir string)
		want bool
	}{
		{"nothing", func(*testing.T, string) {}, true},
		{"empty directory", func(t *testing.T, dir string) { put(t, dir) }, true},
		{"live", func(t *testing.T, dir string) { put(t, dir, live()) }, false},
		{"over", func(t *testing.T, dir string) { put(t, dir, overdue()) }, true},
		{"over, two", func(t *testing.T, dir string) { put(t, dir, overdue(), overdue()) }, true},
		{"over and live", func(t *testing.T, dir string) { put(t, dir, overdue(), live()) }, false},
		{"of a clock set back", func(t *testing.T, dir string) {
			put(t, dir, leaseName(time.Now().Add(time.Hour), time.Minute))
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t)
			test.make(t, dir)
			l, ok, err := try(dir, time.Minute)
			if ok != test.want || err != nil {
				t.Fatalf("got %t, %v", ok, err)
			}
			if !ok {
				return
			}
			if _, again, err := try(dir, time.Minute); again || err != nil {
				t.Errorf("taken twice: %t, %v", again, err)
			}
			l.release()
			if left := names(t, filepath.Dir(dir)); len(left) != 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

// What is no lease is in the way, and is not removed, nor what is beside it.
func TestTryStranger(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string){
		"file in it":      func(t *testing.T, dir string) { put(t, dir, "strange") },
		"file beside one": func(t *testing.T, dir string) { put(t, dir, overdue(), "strange") },
		"directory in it": func(t *testing.T, dir string) { put(t, filepath.Join(dir, "strange"), "x") },
		"file": func(t *testing.T, dir string) {
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"symbolic link": func(t *testing.T, dir string) {
			other := filepath.Join(t.TempDir(), "other")
			put(t, other, overdue())
			if err := os.Symlink(other, dir); err != nil {
				t.Skip("needs a system and a user who may make symbolic links: go test ./oauth2/native")
			}
			t.Cleanup(func() {
				if len(names(t, other)) != 1 {
					t.Error("removed through the link")
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			make(t, dir)
			old := time.Now().AddDate(-1, 0, 0)
			os.Chtimes(filepath.Join(dir, "strange"), old, old)
			if _, ok, err := try(dir, time.Minute); ok || err != errNoLeases {
				t.Errorf("got %t, %v", ok, err)
			}
			sweep(filepath.Dir(dir)+"/", time.Now())
			if _, err := os.Lstat(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}

// What can never be taken is an error and not waited for.
func TestTryErrors(t *testing.T) {
	for _, test := range []struct {
		name, dir string
		want      error
	}{
		{"no directory", filepath.Join(t.TempDir(), "no", "x.lock"), fs.ErrNotExist},
		{"too long a name", filepath.Join(t.TempDir(), strings.Repeat("x", 250)), nil},
	} {
		l, err := take(t.Context(), test.dir, time.Minute)
		_, path := errors.AsType[*fs.PathError](err)
		if l != (lease{}) || !path || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

// Without its file a directory is no lease.
func TestClaimWithoutFile(t *testing.T) {
	dir := folder(t)
	temp := dir + tempSuffix
	put(t, temp)
	l, err := claim(temp, dir, strings.Repeat("x", 300))
	if _, ok := errors.AsType[*fs.PathError](err); l != (lease{}) || !ok || exists(dir) {
		t.Errorf("got %v", err)
	}
}

// A sweep may take what is about to be a lease, but none that is.
func TestTakeSwept(t *testing.T) {
	dir := folder(t)
	sweeping, stop := context.WithCancel(t.Context())
	var sweeper, all sync.WaitGroup
	sweeper.Go(func() {
		for sweeping.Err() == nil {
			temps, _ := filepath.Glob(dir + ".*" + tempSuffix)
			for _, temp := range temps {
				vacate(temp, time.Now())
			}
		}
	})
	var holders atomic.Int32
	for range 4 {
		all.Go(func() {
			for range 50 {
				l, err := take(t.Context(), dir, time.Hour)
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 || !exists(l.file) {
					t.Errorf("%d have the lease", n)
				}
				holders.Add(-1)
				l.release()
			}
		})
	}
	all.Wait()
	stop()
	sweeper.Wait()
}

// A lease that came after is not released by the one before.
func TestReleaseLate(t *testing.T) {
	dir := folder(t)
	first, err := take(t.Context(), dir, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.end(); err != nil {
		t.Fatal(err)
	}
	second, err := take(t.Context(), dir, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	first.release()
	if _, err := os.Stat(second.file); err != nil {
		t.Error(err)
	}
	if _, ok, err := try(dir, time.Hour); ok || err != nil {
		t.Errorf("taken: %t, %v", ok, err)
	}
	second.release()
	second.release()
	third, err := take(t.Context(), dir, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
	if got := names(t, dir); len(got) != 1 || got[0] != filepath.Base(third.file) {
		t.Errorf("left %q", got)
	}
}

// Who waits stops when the context ends, and asks nothing if it has ended.
func TestTakeContext(t *testing.T) {
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	dir := folder(t)
	if l, err := take(ctx, dir, time.Hour); l != (lease{}) || err != gone {
		t.Errorf("got %v", err)
	}
	if left := names(t, filepath.Dir(dir)); len(left) != 0 {
		t.Errorf("made %q", left)
	}
	put(t, dir, live())
	ctx, cancel = context.WithCancelCause(t.Context())
	timer := time.AfterFunc(20*time.Millisecond, func() { cancel(gone) })
	defer timer.Stop()
	if l, err := take(ctx, dir, time.Hour); l != (lease{}) || err != gone {
		t.Errorf("got %v", err)
	}
}

// A sweep removes what was left behind, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tokens.json")
	for name, files := range map[string][]string{
		"tokens.json.lock":             {overdue()},
		"tokens.json.0123.lease":       {overdue()},
		"tokens.json.4567.lease":       {live()},
		"tokens.json.lock.x.tmp":       {overdue()},
		"tokens.json.lock.y.tmp":       {live()},
		"tokens.json.lock.z.tmp":       {},
		"tokens.json.89ab.lease.x.tmp": {overdue()},
		"tokens.json.mine.tmp":         {"important", overdue()},
		"tokens.json.backup":           {overdue()},
		"tokens.jsonlock":              {overdue()},
		"other.json.lock":              {overdue()},
	} {
		put(t, filepath.Join(dir, name), files...)
	}
	put(t, dir, "tokens.json", "tokens.json.tmp", "tokens.json.old.lock")
	sweep(path+".", time.Now())
	want := "[other.json.lock tokens.json tokens.json.4567.lease tokens.json.backup " +
		"tokens.json.lock.y.tmp tokens.json.mine.tmp tokens.json.old.lock tokens.json.tmp " +
		"tokens.jsonlock]"
	if got := fmt.Sprint(names(t, dir)); got != want {
		t.Errorf("left %s\nwant %s", got, want)
	}
	if got := names(t, filepath.Join(dir, "tokens.json.mine.tmp")); len(got) != 2 {
		t.Errorf("left %q", got)
	}
	sweep(filepath.Join(dir, "no", "x."), time.Now())
}

func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 200 {
		d := jitter(100 * time.Millisecond)
		if d < 50*time.Millisecond || d > 150*time.Millisecond {
			t.Fatalf("got %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d different", len(seen))
	}
}
