package flight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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

func (s *source) fetch(ctx context.Context, _ string) (string, error) {
	s.fetches++
	copied := fmt.Sprintf("copy %d", s.fetches)
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
			return copied, ctx.Err()
		}
	}
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
				call = func(ctx context.Context) (string, error) {
					got, _, err := d.Renew(ctx, "key")
					return got, err
				}
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
		{name: "fresh for long", sleep: 45*time.Minute - 1, want: "copy 2"},
		{name: "ended", sleep: 15*time.Minute + 1, want: "copy 3"},
		{name: "fresh again", sleep: 45*time.Minute - 1, want: "copy 3"},
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
		{name: "and the hour begins anew", sleep: 45*time.Minute - 1, want: "copy 4"},
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
				if got, _, err := d.Renew(t.Context(), "key"); got != "copy 2" || err != nil {
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
			if got, _, err := d.Renew(t.Context(), "key"); got != "copy 2" || err != nil {
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

// A failure that lands while another is on the way to try stands for both.
func TestGetAsAnotherFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		d.Get(t.Context())
		time.Sleep(2 * time.Hour)
		s.down = true
		var asked int
		d.Now = func() time.Time {
			if asked++; asked == 4 { // it is found that nothing has failed so far
				d.Get(t.Context())
			}
			return time.Now()
		}
		if got, err := d.Get(t.Context()); got != "copy 1" || err != nil || s.fetches != 2 {
			t.Errorf("got %q, %v after %d fetches", got, err, s.fetches)
		}
	})
}

// What another brought while a caller of Renew was held up is what it gets.
func TestRenewAsAnotherLanded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		d.Get(t.Context())
		var asked int
		d.Now = func() time.Time {
			if asked++; asked == 2 { // the caller holds the old copy
				d.Renew(t.Context(), "another")
			}
			return time.Now()
		}
		if got, renewed, err := d.Renew(t.Context(), "key"); got != "copy 2" || !renewed ||
			err != nil || s.fetches != 2 {
			t.Errorf("got %q, %v, %v after %d fetches", got, renewed, err, s.fetches)
		}
	})
}

// A copy that was asked for before a caller came says nothing of what the caller has seen
// since: its key is not missed in it.
func TestRenewJoinsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		d.Get(t.Context())
		time.Sleep(time.Minute)
		s.slow = 5 * time.Second
		go d.Renew(t.Context(), "another")
		time.Sleep(time.Second)
		got, renewed, err := d.Renew(t.Context(), "key")
		if got != "copy 2" || renewed || err != nil || s.fetches != 2 {
			t.Errorf("got %q, %v, %v after %d fetches", got, renewed, err, s.fetches)
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
		}{{0, 1}, {45*time.Minute - 1, 1}, {15*time.Minute + 1, 2}} {
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

// A held is a document that has fetched its first copy, in a bubble of its own.
func held(t *testing.T, test func(t *testing.T, s *source, d *Document[string])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		d := s.document()
		d.Patience, d.Memory = 2*time.Second, 2*time.Minute
		if got, err := d.Get(t.Context()); got != "copy 1" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		test(t, s, d)
	})
}

// rest sleeps, and lets what ends at the same moment end first.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want fails unless Get returns a copy, in no time, after fetches so far, including
// what it set off in the background.
func want(t *testing.T, name string, s *source, d *Document[string], copied string, fetches int) {
	t.Helper()
	began := time.Now()
	got, err := d.Get(t.Context())
	took := time.Since(began)
	synctest.Wait()
	if got != copied || err != nil || took != 0 || s.fetches != fetches {
		t.Errorf("%s: got %q, %v in %v after %d fetches, want %q after %d", name, got, err, took,
			s.fetches, copied, fetches)
	}
}

// What is old but fresh serves while its successor is fetched.
func TestGetEarly(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		rest(45*time.Minute - 1)
		want(t, "below three quarters", s, d, "copy 1", 1)
		rest(7*time.Minute + 30*time.Second + 1)
		want(t, "at seven eighths", s, d, "copy 1", 2)
		want(t, "landed", s, d, "copy 2", 2)
		rest(45*time.Minute - 1)
		want(t, "below three quarters of the new", s, d, "copy 2", 2)
	})
}

// Instances that began together do not go on so.
func TestGetEarlyIsRandom(t *testing.T) {
	d := new(source).document()
	ages := map[time.Duration]bool{}
	low, high := time.Hour, time.Duration(0)
	for range 1000 {
		age := d.early()
		ages[age] = true
		low, high = min(low, age), max(high, age)
	}
	if low < 45*time.Minute || low > 46*time.Minute || high >= 52*time.Minute+30*time.Second ||
		high < 51*time.Minute || len(ages) < 900 {
		t.Errorf("%d ages between %v and %v", len(ages), low, high)
	}
}

func TestGetEarlyManyAtOnce(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.slow = time.Second
		rest(55 * time.Minute)
		var wg sync.WaitGroup
		began := time.Now()
		for range 100 {
			wg.Go(func() {
				if got, err := d.Get(t.Context()); got != "copy 1" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
		rest(s.slow)
		want(t, "landed", s, d, "copy 2", 2)
	})
}

// A successor that cannot be had is tried for every Floor, and nobody waits.
func TestGetEarlyFails(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.down = true
		rest(55 * time.Minute)
		for range 3 {
			want(t, "down", s, d, "copy 1", 2)
		}
		rest(30*time.Second - 1)
		want(t, "within the floor", s, d, "copy 1", 2)
		rest(1)
		want(t, "at the floor", s, d, "copy 1", 3)
		rest(4*time.Minute + 15*time.Second)
		want(t, "near the end", s, d, "copy 1", 4)
		rest(15*time.Second + 1)
		want(t, "ended within the floor", s, d, "copy 1", 4)
		s.down = false
		rest(15*time.Second - 1)
		want(t, "the server is back", s, d, "copy 5", 5)
	})
}

// The caller of a background fetch may be gone at once.
func TestGetEarlyCallerGone(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.slow = time.Second
		rest(55 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		got, err := d.Get(ctx)
		cancel()
		if got != "copy 1" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		rest(s.slow)
		want(t, "landed", s, d, "copy 2", 2)
	})
}

// A server that does not answer delays the first callers by Patience and no others.
func TestGetPatience(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		rest(2 * time.Hour)
		s.slow = time.Hour
		began := time.Now()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				got, err := d.Get(t.Context())
				if took := time.Since(began); got != "copy 1" || err != nil || took != d.Patience {
					t.Errorf("got %q, %v in %v", got, err, took)
				}
			})
		}
		wg.Wait()
		want(t, "it is known", s, d, "copy 1", 2)
		rest(27 * time.Second)
		want(t, "still under way", s, d, "copy 1", 2)
		rest(time.Second)
		want(t, "failed", s, d, "copy 1", 2)
		rest(30*time.Second - 1)
		want(t, "within the floor", s, d, "copy 1", 2)
		rest(1)
		want(t, "at the floor", s, d, "copy 1", 3)
		s.slow = 3 * time.Second
		rest(time.Minute)
		want(t, "slower than Patience", s, d, "copy 1", 4)
		rest(3 * time.Second)
		want(t, "landed", s, d, "copy 4", 4)
	})
}

// What is known of a server that hung is forgotten after twice Floor, so that a copy
// long ended does not serve without a try.
func TestGetPatienceIsRegained(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		rest(2 * time.Hour)
		s.slow = time.Hour
		d.Get(t.Context())
		rest(28*time.Second + time.Minute - 1)
		s.slow = time.Nanosecond
		want(t, "hung a moment ago", s, d, "copy 1", 3)
		rest(1)
		want(t, "landed", s, d, "copy 3", 3)
		rest(2 * time.Hour)
		s.slow = time.Hour
		d.Get(t.Context())
		rest(28*time.Second + time.Minute)
		s.slow = 0
		want(t, "hung long ago", s, d, "copy 5", 5)
	})
}

// A fetch that fails at once is waited for.
func TestGetFailsFast(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		rest(2 * time.Hour)
		s.slow, s.down = d.Patience, true
		d.Get(t.Context())
		rest(30 * time.Second)
		s.slow, s.down = 0, false
		want(t, "the server is back", s, d, "copy 3", 3)
	})
}

// Without Patience a caller waits to the end, as does one who has nothing else.
func TestGetWaits(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patience time.Duration
		sleep    time.Duration
	}{
		{"no Patience", 0, 2 * time.Hour},
		{"nothing usable", time.Second, 25 * time.Hour},
	} {
		held(t, func(t *testing.T, s *source, d *Document[string]) {
			d.Patience = tt.patience
			s.slow = 10 * time.Second
			rest(tt.sleep)
			if got, err := d.Get(t.Context()); got != "copy 2" || err != nil {
				t.Errorf("%s: got %q, %v", tt.name, got, err)
			}
		})
	}
}

// Without Patience no fetch is too slow, however it ends.
func TestGetFailsSlowly(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		d.Patience = 0
		rest(2 * time.Hour)
		s.slow, s.down = time.Second, true
		d.Get(t.Context())
		rest(30 * time.Second)
		s.slow, s.down = 0, false
		want(t, "the server is back", s, d, "copy 3", 3)
	})
}

// A copy that ends while its successor is waited for serves no more.
func TestGetPatienceAtTheEnd(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.slow = 10 * time.Second
		rest(25*time.Hour - time.Second)
		if got, err := d.Get(t.Context()); got != "" || err != errSlow {
			t.Errorf("got %q, %v", got, err)
		}
		rest(s.slow)
	})
}

// renew fails unless Renew brings a copy, new or not, after fetches so far.
func renew(t *testing.T, name string, s *source, d *Document[string], key, copied string,
	renewed bool, fetches int) {
	t.Helper()
	got, isNew, err := d.Renew(t.Context(), key)
	if got != copied || isNew != renewed || err != nil || s.fetches != fetches {
		t.Errorf("%s: got %q, %v, %v after %d fetches, want %q, %v after %d", name, got, isNew, err,
			s.fetches, copied, renewed, fetches)
	}
}

// A key that was missed is not fetched for again for a while, others are.
func TestMissed(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		renew(t, "first", s, d, "a", "copy 2", true, 2)
		d.Missed("a")
		rest(30 * time.Second)
		renew(t, "missed", s, d, "a", "copy 2", false, 2)
		renew(t, "another", s, d, "b", "copy 3", true, 3)
		rest(90*time.Second - 1)
		renew(t, "missed to the last", s, d, "a", "copy 3", false, 3)
		rest(1)
		renew(t, "looked for again", s, d, "a", "copy 4", true, 4)
		d.Missed("a")
		rest(2*time.Minute - 1)
		renew(t, "missed anew", s, d, "a", "copy 4", false, 4)
	})
}

// Whoever makes up keys fills the memory and gains nothing: for what finds no room
// there is Floor. Room is made by the first fetch after Memory.
func TestMissedIsBounded(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		for i := range 10_000 {
			d.Missed(fmt.Sprint(i))
		}
		if len(d.missed) != 1000 {
			t.Errorf("%d remembered", len(d.missed))
		}
		for i := range 10_000 {
			renew(t, "one of many", s, d, fmt.Sprint("new", i), "copy 2", i == 0, 2)
		}
		rest(30 * time.Second)
		renew(t, "remembered", s, d, "999", "copy 2", false, 2)
		renew(t, "no room", s, d, "1000", "copy 3", true, 3)
		rest(90*time.Second - 1)
		renew(t, "one moment before", s, d, "b", "copy 4", true, 4)
		if len(d.missed) != 1000 {
			t.Errorf("%d remembered", len(d.missed))
		}
		rest(30 * time.Second)
		renew(t, "after", s, d, "c", "copy 5", true, 5)
		if len(d.missed) != 0 {
			t.Errorf("%d remembered", len(d.missed))
		}
		d.Missed("c")
		rest(2 * time.Minute)
		renew(t, "at once after", s, d, "d", "copy 6", true, 6)
		if len(d.missed) != 0 {
			t.Errorf("%d remembered", len(d.missed))
		}
	})
}

// Renew says whether the copy is new, to those too who joined the fetch of another.
func TestRenewed(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.slow = time.Second
		rest(55 * time.Minute)
		want(t, "in the background", s, d, "copy 1", 2)
		renew(t, "joined", s, d, "a", "copy 2", true, 2)
		s.slow, s.down = 0, true
		renew(t, "failed", s, d, "a", "copy 2", false, 3)
		s.down = false
		rest(time.Hour)
		s.down = true
		want(t, "failed by Get", s, d, "copy 2", 4)
		s.down = false
		rest(30*time.Second - 1)
		renew(t, "within the floor of that", s, d, "a", "copy 2", false, 4)
		rest(1)
		renew(t, "at the floor", s, d, "a", "copy 5", true, 5)
	})
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		renew(t, "none held", s, s.document(), "a", "copy 1", true, 1)
	})
	synctest.Test(t, func(t *testing.T) {
		s := &source{down: true}
		d := s.document()
		if _, err := d.Get(t.Context()); err != errDown {
			t.Errorf("got %v", err)
		}
		s.down = false
		want(t, "the server is up", s, d, "copy 2", 2)
		renew(t, "what failed is forgotten", s, d, "a", "copy 3", true, 3)
	})
}

// A Renew waits for its fetch, which alone can help it.
func TestRenewWaits(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.slow = 10 * time.Second
		renew(t, "slow", s, d, "a", "copy 2", true, 2)
		rest(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, _, err := d.Renew(ctx, "a")
		if got != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %q, %v", got, err)
		}
		rest(s.slow)
		want(t, "landed all the same", s, d, "copy 3", 3)
	})
}

// While one waits for a key that may not be there, all others are served.
func TestRenewHangs(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		s.slow = time.Hour
		began := time.Now()
		waited := make(chan time.Duration, 1)
		go func() {
			renew(t, "hanging", s, d, "a", "copy 1", false, 2)
			waited <- time.Since(began)
		}()
		synctest.Wait()
		want(t, "meanwhile", s, d, "copy 1", 2)
		if took := <-waited; took != Timeout {
			t.Errorf("took %v", took)
		}
	})
}

// With every lock taken a fresh copy is read, and with no allocation.
func TestGetIsLockFree(t *testing.T) {
	var s source
	d := s.document()
	if _, err := d.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.group.mu.Lock()
	allocs := testing.AllocsPerRun(100, func() { d.Get(t.Context()) })
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Nor does the last quarter of a copy's time cost more, once its successor is asked for.
func TestGetEarlyStartsOnce(t *testing.T) {
	var s source
	d := s.document()
	if _, err := d.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(55 * time.Minute)
	d.Now = func() time.Time { return later }
	fetching, release := make(chan bool), make(chan bool)
	d.Fetch = func(context.Context, string) (string, error) {
		close(fetching)
		<-release
		return "copy 2", nil
	}
	d.Get(t.Context())
	<-fetching
	d.group.mu.Lock()
	if allocs := testing.AllocsPerRun(100, func() { d.Get(t.Context()) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	d.group.mu.Unlock()
	close(release)
}

// A Renew that will not fetch starts nothing.
func TestRenewStartsNothing(t *testing.T) {
	var s source
	d := s.document()
	if _, err := d.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Renew(t.Context(), "key")
	d.group.mu.Lock()
	if allocs := testing.AllocsPerRun(100, func() { d.Renew(t.Context(), "key") }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// A Fetch that panics has failed like any other.
func TestFetchPanics(t *testing.T) {
	held(t, func(t *testing.T, s *source, d *Document[string]) {
		fetch := d.Fetch
		d.Fetch = func(context.Context, string) (string, error) {
			s.fetches++
			panic("lost")
		}
		rest(2 * time.Hour)
		want(t, "stale", s, d, "copy 1", 2)
		want(t, "within the floor", s, d, "copy 1", 2)
		rest(23 * time.Hour)
		if got, err := d.Get(t.Context()); got != "" || err != errPanic {
			t.Errorf("got %q, %v", got, err)
		}
		d.Fetch = fetch
		want(t, "the next", s, d, "copy 4", 4)
	})
}

// A copy fetched, or a failure noted, while the clock was wrong does not last until
// then.
func TestClockPutRight(t *testing.T) {
	var s source
	d := s.document()
	now := time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)
	d.Now = func() time.Time { return now }
	d.Get(t.Context())
	now = now.AddDate(-100, 0, 0)
	if got, err := d.Get(t.Context()); got != "copy 2" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	now = now.Add(-time.Second)
	if got, err := d.Get(t.Context()); got != "copy 2" || err != nil {
		t.Errorf("a second: got %q, %v", got, err)
	}
}

// The copy before comes along to Fetch, if there is one.
func TestFetchHasTheCopyBefore(t *testing.T) {
	var before []string
	fetch := func(_ context.Context, held string) (string, error) {
		before = append(before, held)
		return held + "+", nil
	}
	d := &Document[string]{Now: time.Now, Fetch: fetch}
	for range 3 {
		d.Get(t.Context())
	}
	if !slices.Equal(before, []string{"", "+", "++"}) {
		t.Errorf("got %q", before)
	}
}

func BenchmarkGet(b *testing.B) {
	d := new(source).document()
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := d.Get(ctx); err != nil {
				b.Error(err)
			}
		}
	})
}

// The monotonic clock stands still while a machine sleeps, and a copy grows old.
func TestAgeIsOfTheWallClock(t *testing.T) {
	var s source
	d := s.document()
	d.Get(t.Context())
	if fetched := d.held.Load().fetched; fetched != fetched.Round(0) {
		t.Errorf("fetched at %v", fetched)
	}
}

// A copy that lands while a caller is held up was asked for before it came, and says
// nothing of its key.
func TestRenewHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		d := s.document()
		var countdown atomic.Int32
		d.Now = func() time.Time {
			if countdown.Add(-1) == 0 { // the caller holds the old copy
				time.Sleep(5 * time.Second)
			}
			return time.Now()
		}
		d.Get(t.Context())
		time.Sleep(time.Minute)
		s.slow = 5 * time.Second
		go d.Renew(t.Context(), "another")
		time.Sleep(time.Second)
		countdown.Store(2)
		got, renewed, err := d.Renew(t.Context(), "key")
		if got != "copy 2" || renewed || err != nil || s.fetches != 2 {
			t.Errorf("got %q, %v, %v after %d fetches", got, renewed, err, s.fetches)
		}
	})
}
