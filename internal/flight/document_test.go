package flight

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("the server is down")

// A source is fetched from: it counts, and can be down.
type source struct {
	fetches int
	down    bool
	slow    time.Duration
}

func (s *source) fetch(context.Context, string) (string, error) {
	s.fetches++
	copied := fmt.Sprintf("copy %d", s.fetches)
	time.Sleep(s.slow)
	if s.down {
		return copied, errDown
	}
	return copied, nil
}

func (s *source) document() *Document[string] {
	return &Document[string]{
		Fetch: s.fetch, TTL: time.Hour, Stale: 24 * time.Hour, Floor: 30 * time.Second,
		Now: time.Now,
	}
}

type step struct {
	name  string
	sleep time.Duration
	down  bool
	renew bool // instead of get
	want  string
	err   error
}

func run(t *testing.T, steps []step) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		for _, st := range steps {
			time.Sleep(st.sleep)
			s.down = st.down
			call := d.Get
			if st.renew {
				call = d.Renew
			}
			if got, err := call(t.Context()); got != st.want || err != st.err {
				t.Errorf("%s: got %q, %v, want %q, %v", st.name, got, err, st.want, st.err)
			}
		}
	})
}

func TestGet(t *testing.T) {
	run(t, []step{
		{name: "none held, server down", down: true, err: errDown},
		{name: "none held, no floor", want: "copy 2"},
		{name: "fresh", want: "copy 2"},
		{name: "fresh to the last", sleep: time.Hour - 1, want: "copy 2"},
		{name: "ended", sleep: 1, want: "copy 3"},
		{name: "fresh again", sleep: time.Hour - 1, want: "copy 3"},
	})
}

func TestGetStale(t *testing.T) {
	run(t, []step{
		{name: "fetched", want: "copy 1"},
		{name: "stale", sleep: time.Hour, down: true, want: "copy 1"},
		{name: "within the floor", sleep: 30*time.Second - 1, want: "copy 1"},
		{name: "at the floor, still down", sleep: 1, down: true, want: "copy 1"},
		{name: "within the next floor", sleep: 30*time.Second - 1, want: "copy 1"},
		{name: "the server is back", sleep: 1, want: "copy 4"},
	})
}

func TestGetStaleEnds(t *testing.T) {
	run(t, []step{
		{name: "fetched", want: "copy 1"},
		{name: "stale to the last", sleep: 25*time.Hour - 1, down: true, want: "copy 1"},
		{name: "ended within the floor", sleep: 1, down: true, err: errDown},
		{name: "and again, with no floor", down: true, err: errDown},
		{name: "the server is back", want: "copy 5"},
	})
}

func TestRenew(t *testing.T) {
	run(t, []step{
		{name: "none held", renew: true, want: "copy 1"},
		{name: "within the floor", renew: true, sleep: 30*time.Second - 1, want: "copy 1"},
		{name: "at the floor", renew: true, sleep: 1, want: "copy 2"},
		{name: "the floor counts from the last fetch", renew: true, sleep: 30*time.Second - 1,
			want: "copy 2"},
		{name: "server down", renew: true, sleep: 1, down: true, want: "copy 2"},
		{name: "the floor counts from a failed fetch too", renew: true, sleep: 30*time.Second - 1,
			want: "copy 2"},
		{name: "the server is back", renew: true, sleep: 1, want: "copy 4"},
		{name: "get sees it", want: "copy 4"},
		{name: "and the hour begins anew", sleep: time.Hour - 1, want: "copy 4"},
	})
}

// However many name a key that the copy lacks, one fetch answers them all.
func TestRenewManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{slow: time.Second}
		d := s.document()
		if _, err := d.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got, err := d.Renew(t.Context()); got != "copy 2" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if s.fetches != 2 {
			t.Errorf("%d fetches", s.fetches)
		}
	})
}

// A caller who arrives as another's fetch lands gets what that one brought, and
// does not fetch again: real goroutines, in every order they happen to take.
func TestRenewAsAnotherLands(t *testing.T) {
	var s source
	d := s.document()
	if _, err := d.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	d.Now = func() time.Time { return later }
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if got, err := d.Renew(t.Context()); got != "copy 2" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if s.fetches != 2 {
		t.Errorf("%d fetches", s.fetches)
	}
}

// A new copy that lands while a caller of an ended one is under way is not
// passed over for the old.
func TestGetAsAnotherLands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		if _, err := d.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		var between bool
		d.Now = func() time.Time {
			if !between { // the caller holds the old copy and asks what time it is
				between = true
				d.Get(t.Context())
			}
			return time.Now()
		}
		if got, err := d.Get(t.Context()); got != "copy 2" || err != nil || s.fetches != 2 {
			t.Errorf("got %q, %v after %d fetches", got, err, s.fetches)
		}
	})
}

// A caller who gives up gets its own error, even if a stale copy could serve,
// and the fetch that it began still brings its copy to the next.
func TestGetCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		if _, err := d.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		s.slow = 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := d.Get(ctx); got != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %q, %v", got, err)
		}
		time.Sleep(5 * time.Second)
		if got, err := d.Get(t.Context()); got != "copy 2" || err != nil || s.fetches != 2 {
			t.Errorf("got %q, %v after %d fetches", got, err, s.fetches)
		}
	})
}

// A copy's life begins when its fetch ends.
func TestSlowFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{slow: 20 * time.Second}
		d := s.document()
		for _, st := range []struct {
			sleep time.Duration
			want  int
		}{{0, 1}, {time.Hour - 1, 1}, {1, 2}} {
			time.Sleep(st.sleep)
			if _, err := d.Get(t.Context()); err != nil || s.fetches != st.want {
				t.Errorf("after %v: %v, %d fetches, want %d", st.sleep, err, s.fetches, st.want)
			}
		}
	})
}

// A document that is not to be kept is fetched each time.
func TestGetKeepsNothing(t *testing.T) {
	var s source
	d := &Document[string]{Fetch: s.fetch, Now: time.Now}
	for _, want := range []string{"copy 1", "copy 2"} {
		if got, err := d.Get(t.Context()); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
