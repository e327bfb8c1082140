package main

import (
	"math"
	"runtime"
	"sync"
	"time"
)

// A result is what one operation of a column took.
type result struct {
	ns     float64 // time that passed, by the number of operations
	allocs float64
	bytes  float64 // allocated; only of cases that are whole
	oneNS  float64 // the same on one processor; zero if not parallel
}

func (r result) scale() float64 { return r.oneNS / r.ns }

// fastest is the better of two rounds, figure by figure.
func (r result) fastest(s result) result {
	if r == (result{}) {
		return s
	}
	return result{min(r.ns, s.ns), min(r.allocs, s.allocs), min(r.bytes, s.bytes),
		min(r.oneNS, s.oneNS)}
}

// measure lets the columns of a case take turns.
func measure(c benchCase, rounds int, slice time.Duration) (results, error) {
	counts, err := fitAll(c, slice)
	if err != nil {
		return nil, err
	}
	r := results{}
	for range rounds {
		for i, cell := range c.cells {
			one, err := round(cell, c, counts[i])
			if err != nil {
				return nil, err
			}
			r[cell.column] = r[cell.column].fastest(one)
		}
	}
	return r, nil
}

func fitAll(c benchCase, slice time.Duration) ([]int, error) {
	counts := make([]int, len(c.cells))
	for i, cell := range c.cells {
		n, err := fit(cell.make(), slice)
		if err != nil {
			return nil, err
		}
		counts[i] = n
	}
	return counts, nil
}

// fit returns how many operations fill a slice of time.
func fit(op operation, slice time.Duration) (int, error) {
	start := time.Now()
	for n := 1; ; n++ {
		if err := op(); err != nil {
			return 0, err
		}
		if time.Since(start) > slice {
			return n, nil
		}
	}
}

func round(cell cell, c benchCase, n int) (result, error) {
	switch {
	case c.whole:
		return runAlone(cell, n)
	case c.parallel:
		return runParallel(cell, n)
	}
	r, err := run(cell, 1, n)
	r.bytes = 0
	return r, err
}

// runAlone is a run on one processor, whose time is that of the collector too.
func runAlone(c cell, n int) (result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	return run(c, 1, n)
}

func runParallel(c cell, n int) (result, error) {
	all, err := run(c, runtime.NumCPU(), n)
	if err != nil {
		return all, err
	}
	one, err := runAlone(c, n)
	all.bytes, all.oneNS = 0, one.ns
	return all, err
}

// run lets each worker perform n operations.
func run(c cell, workers, n int) (result, error) {
	ops := make([]operation, workers)
	for i := range ops {
		ops[i] = c.make()
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := each(ops, n)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	total := float64(n * workers)
	allocs := math.Round(float64(after.Mallocs-before.Mallocs) / total)
	bytes := math.Round(float64(after.TotalAlloc-before.TotalAlloc) / total)
	return result{ns: float64(took.Nanoseconds()) / total, allocs: allocs, bytes: bytes}, err
}

// each performs every operation n times, all at once.
func each(ops []operation, n int) error {
	if len(ops) == 1 {
		return repeat(ops[0], n)
	}
	errs := make([]error, len(ops))
	var wg sync.WaitGroup
	for i, op := range ops {
		wg.Go(func() { errs[i] = repeat(op, n) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func repeat(op operation, n int) error {
	for range n {
		if err := op(); err != nil {
			return err
		}
	}
	return nil
}
