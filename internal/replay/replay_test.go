package replay

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// A clock is a store and the time that it goes by.
type clock struct {
	*Memory
	now time.Time
}

func newClock(size int) *clock {
	c := &clock{now: time.Unix(1000, 0)}
	c.Memory = NewMemory(size, func() time.Time { return c.now }, errFull)
	return c
}

// at adds a key at a second, to be remembered until another.
func (c *clock) at(t *testing.T, now int64, key string, until int64) (bool, error) {
	t.Helper()
	c.now = time.Unix(now, 0)
	fresh, err := c.Add(t.Context(), key, time.Unix(until, 0))
	if len(c.until) > c.size {
		t.Errorf("%d keys in a store of %d", len(c.until), c.size)
	}
	return fresh, err
}

func TestMemory(t *testing.T) {
	type step struct {
		now   int64
		key   string
		until int64
		fresh bool
		full  bool
	}
	for _, tt := range []struct {
		name  string
		size  int
		steps []step
	}{
		{"a key once", 2, []step{
			{1000, "a", 1100, true, false}, {1000, "a", 1100, false, false},
			{1000, "b", 1100, true, false}, {1000, "b", 1100, false, false},
		}},
		{"to the last moment", 2, []step{
			{1000, "a", 1100, true, false}, {1099, "a", 1200, false, false},
			{1100, "a", 1200, true, false}, {1199, "a", 1300, false, false},
		}},
		{"a refusal prolongs nothing", 2, []step{
			{1000, "a", 1100, true, false}, {1050, "a", 9000, false, false},
			{1100, "a", 1200, true, false},
		}},
		{"full", 2, []step{
			{1000, "a", 1100, true, false}, {1000, "b", 1200, true, false},
			{1000, "c", 1300, false, true}, {1000, "a", 1300, false, false},
			{1099, "c", 1300, false, true},
		}},
		{"room as soon as one is past", 2, []step{
			{1000, "a", 1100, true, false}, {1000, "b", 1200, true, false},
			{1100, "c", 1300, true, false}, {1100, "b", 1300, false, false},
			{1199, "d", 1300, false, true}, {1200, "d", 1400, true, false},
			{1299, "e", 1400, false, true}, {1300, "e", 1400, true, false},
		}},
		{"room in whatever order they came", 3, []step{
			{1000, "a", 1300, true, false}, {1000, "b", 1100, true, false},
			{1000, "c", 1200, true, false}, {1100, "d", 1150, true, false},
			{1149, "e", 1400, false, true}, {1150, "e", 1400, true, false},
			{1199, "f", 1400, false, true}, {1200, "f", 1400, true, false},
			{1200, "a", 1400, false, false},
		}},
		{"room after all are past", 2, []step{
			{1000, "a", 1100, true, false}, {1000, "b", 1100, true, false},
			{1100, "c", 1150, true, false}, {1100, "d", 1200, true, false},
			{1149, "e", 1300, false, true}, {1150, "e", 1300, true, false},
		}},
		{"a full store renews what is past in place", 1, []step{
			{1000, "a", 1100, true, false}, {1100, "a", 1200, true, false},
			{1150, "b", 1300, false, true}, {1200, "b", 1300, true, false},
		}},
		{"past already", 1, []step{
			{1000, "a", 1000, true, false}, {1000, "a", 1000, true, false},
			{1000, "b", 1100, true, false}, {1000, "c", 1100, false, true},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock(tt.size)
			for i, s := range tt.steps {
				fresh, err := c.at(t, s.now, s.key, s.until)
				full := errors.Is(err, errFull)
				if fresh != s.fresh || full != s.full || !full && err != nil {
					t.Errorf("step %d, %+v: got %v, %v", i, s, fresh, err)
				}
			}
		})
	}
}

// As long as nothing is past, a full store does not look for it.
func TestMemoryDoesNotSearchInVain(t *testing.T) {
	c := newClock(1)
	c.at(t, 1000, "a", 1100)
	c.until["a"] = time.Unix(0, 0) // which it would find
	if fresh, err := c.at(t, 1000, "b", 1100); fresh || !errors.Is(err, errFull) {
		t.Errorf("got %v, %v", fresh, err)
	}
}

// Nor does it once something was forgotten: it knows when the next will be.
func TestMemoryKnowsWhenToSearch(t *testing.T) {
	for range 8 { // a map has no order
		c := newClock(9)
		c.at(t, 1000, "old", 1100)
		for i := range int64(8) {
			c.at(t, 1000, fmt.Sprint(i), 1201+i)
		}
		if fresh, err := c.at(t, 1100, "new", 1300); !fresh || err != nil {
			t.Fatalf("got %v, %v", fresh, err)
		}
		c.until["7"] = time.Unix(0, 0) // which it would find
		if fresh, err := c.at(t, 1200, "x", 1300); fresh || !errors.Is(err, errFull) {
			t.Errorf("before it is time: got %v, %v", fresh, err)
		}
		if fresh, err := c.at(t, 1201, "x", 1300); !fresh || err != nil || len(c.until) != 8 {
			t.Errorf("then: got %v, %v", fresh, err)
		}
	}
}

func TestMemoryDefaults(t *testing.T) {
	for _, size := range []int{0, -1} {
		if m := NewMemory(size, nil, errFull); m.size != 100_000 {
			t.Errorf("%d: size %d", size, m.size)
		}
	}
	m := NewMemory(1, nil, errFull)
	if d := time.Since(m.now()); d < 0 || d > time.Hour {
		t.Error("no clock")
	}
	if m.size != 1 {
		t.Errorf("size %d", m.size)
	}
}

// Of many who bring one key, one is told that it is new.
func TestMemoryTellsOne(t *testing.T) {
	const keys, callers = 50, 16
	m := NewMemory(keys, nil, errFull)
	until := time.Now().Add(time.Hour)
	var mu sync.Mutex
	told := make(map[string]int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range keys {
				key := fmt.Sprint(i)
				fresh, err := m.Add(t.Context(), key, until)
				if err != nil {
					t.Error(err)
				}
				if fresh {
					mu.Lock()
					told[key]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	for key, n := range told {
		if n != 1 {
			t.Errorf("%s was new %d times", key, n)
		}
	}
	if len(told) != keys {
		t.Errorf("%d keys of %d were new", len(told), keys)
	}
}

// What is past is forgotten long before the store is full: a process has one for each of its
// clients.
func TestMemoryForgetsBeforeItIsFull(t *testing.T) {
	c := newClock(100_000)
	for i := range int64(20_000) {
		if fresh, err := c.at(t, 1000+i, fmt.Sprint(i), 1100+i); !fresh || err != nil {
			t.Fatalf("got %v, %v", fresh, err)
		}
	}
	if len(c.until) > 2000 {
		t.Errorf("%d keys of which 100 count", len(c.until))
	}
}

// One that has not doubled since is not searched, though something is past: what counts would be
// looked at over and over.
func TestMemorySearchesWhenItHasDoubled(t *testing.T) {
	c := newClock(100_000)
	for i := range int64(3000) {
		c.at(t, 1000, fmt.Sprint(i), 9000)
	}
	c.at(t, 1000, "old", 1001)
	c.at(t, 1001, "new", 1002) // the first search
	for i := range int64(3000) {
		c.at(t, 2000+i, fmt.Sprint("more", i), 2001+i)
	}
	if got := len(c.until); got != 6001 {
		t.Errorf("%d keys", got)
	}
}

var errFull = errors.New("full")

// A store whose keys are past one after the other does not look for each of them.
func TestMemorySearchesOnceASecond(t *testing.T) {
	now := time.Unix(1000, 0)
	m := NewMemory(2, func() time.Time { return now }, errFull)
	add := func(key string, until time.Time) bool {
		fresh, _ := m.Add(t.Context(), key, until)
		return fresh
	}
	add("a", now.Add(time.Second))
	add("b", now.Add(time.Second+time.Millisecond))
	now = now.Add(time.Second)
	if !add("c", now.Add(time.Hour)) {
		t.Error("a was not forgotten")
	}
	now = now.Add(time.Second - 1)
	if add("d", now.Add(time.Hour)) {
		t.Error("searched again within a second")
	}
	now = now.Add(1)
	if !add("d", now.Add(time.Hour)) {
		t.Error("b was not forgotten")
	}
}
