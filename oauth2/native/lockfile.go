package native

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchsafe/internal/random"
)

// A lease keeps others away from something until it is given back or ends. It is a file
// in a directory that has no other, and that is made, with the file in it, by one rename:
// that fails while another's is there. When it began, its life and a random text are the
// file's name. So a lease can only be removed by that name, and who removes one that has
// ended cannot take the next one by mistake, however late.
type lease struct{ dir, file string }

const (
	minPoll = time.Millisecond
	maxPoll = 50 * time.Millisecond

	lockSuffix  = ".lock"
	leaseSuffix = ".lease"
	tempSuffix  = ".tmp" // of a lease about to be taken
)

// take waits until nobody has the lease dir, unless ctx ends first, and takes it.
func take(ctx context.Context, dir string, life time.Duration) (lease, error) {
	for wait := minPoll; ; wait = min(2*wait, maxPoll) {
		if ctx.Err() != nil {
			return lease{}, context.Cause(ctx)
		}
		l, ok, err := try(dir, life)
		if ok || err != nil {
			return l, err
		}
		time.Sleep(jitter(wait)) // too short to look at ctx
	}
}

// try takes the lease dir if it is free.
func try(dir string, life time.Duration) (l lease, ok bool, err error) {
	now := time.Now()
	if free, err := vacate(dir, now); !free {
		return lease{}, false, err
	}
	temp := dir + "." + random.Text() + tempSuffix
	if err := os.Mkdir(temp, 0o700); err != nil {
		return lease{}, false, err
	}
	defer os.RemoveAll(temp) // which is gone if it was renamed
	l, err = claim(temp, dir, leaseName(now, life))
	if err != nil && inTheWay(dir, err) {
		return lease{}, false, nil
	}
	return l, err == nil, err
}

// claim makes temp, with a file in it, the directory of a lease, unless that is there.
func claim(temp, dir, name string) (lease, error) {
	if err := prepare(temp, name); err != nil {
		return lease{}, err
	}
	if err := patiently(func() error { return os.Rename(temp, dir) }); err != nil {
		return lease{}, err
	}
	return lease{dir, filepath.Join(dir, name)}, nil
}

// inTheWay reports whether a lease was not taken because another was faster, which Windows
// says is a question of permission, or because a sweep took temp while it was empty.
func inTheWay(dir string, err error) bool {
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return true
	}
	_, err = os.Lstat(dir)
	return err == nil
}

// prepare makes the file of a lease in its directory.
func prepare(temp, name string) error {
	path := filepath.Join(temp, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// vacate removes the leases that have ended from a directory, and reports whether it is
// free. What is no directory of leases is an error, and stays as it is.
func vacate(dir string, now time.Time) (bool, error) {
	files, live, err := leasesIn(dir, now)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if live || err != nil {
		return false, err
	}
	for _, file := range files {
		patiently(func() error { return os.Remove(file) })
	}
	err = patiently(func() error { return os.Remove(dir) })
	if errors.Is(err, fs.ErrExist) {
		return false, nil // it is another's by now
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return err == nil, err
}

var errNoLeases = errors.New("it is in the way: it is no directory that has leases alone")

// leasesIn returns the files of the leases in a directory, and whether one is not over.
func leasesIn(dir string, now time.Time) (files []string, live bool, err error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, false, err
	}
	if !info.IsDir() { // it may be a symbolic link, to a directory where nothing is ours
		return nil, false, errNoLeases
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, false, err
	}
	for _, entry := range entries {
		start, life, ok := parseLease(entry.Name())
		if !ok {
			return nil, false, errNoLeases
		}
		live = live || !over(start, life, now)
		files = append(files, filepath.Join(dir, entry.Name()))
	}
	return files, live, nil
}

// release gives l back, if it is still there.
func (l lease) release() {
	patiently(func() error { return os.Remove(l.file) })
	patiently(func() error { return os.Remove(l.dir) }) // unless it is another's by now
}

// leaseName returns the name of the file: when it began and its life, both in milliseconds,
// by this machine's clock.
func leaseName(now time.Time, life time.Duration) string {
	return fmt.Sprintf("%d.%d.%s", now.UnixMilli(), life.Milliseconds(), random.Text())
}

// over reports whether a lease is over. One that will last longer than it could had it
// begun now is of a clock that has been set back since: up to once its life that is
// borne with, so that who holds it does not lose it, but no more.
func over(start time.Time, life time.Duration, now time.Time) bool {
	left := start.Add(life).Sub(now)
	return left <= 0 || left > 2*life
}

// parseLease reads a name that leaseName returned.
func parseLease(name string) (start time.Time, life time.Duration, ok bool) {
	fields := strings.Split(name, ".")
	if len(fields) != 3 {
		return time.Time{}, 0, false
	}
	began, err := strconv.ParseInt(fields[0], 10, 64)
	millis, errLife := strconv.ParseInt(fields[1], 10, 40) // 40 bits do not overflow
	life = time.Duration(millis) * time.Millisecond
	return time.UnixMilli(began), life, err == nil && errLife == nil
}

// sweep removes what processes that were killed have left: the leases that have ended of
// those whose paths begin with prefix.
func sweep(prefix string, now time.Time) {
	dir, base := filepath.Split(prefix)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, base) && slices.Contains(suffixes(), filepath.Ext(name)) {
			vacate(filepath.Join(dir, name), now)
		}
	}
}

// suffixes are those of the directories that leases are in.
func suffixes() []string { return []string{lockSuffix, leaseSuffix, tempSuffix} }

// jitter returns d, or up to half more or less, so that who waits does not wait in step.
func jitter(d time.Duration) time.Duration { return d/2 + random.Below(d) }
