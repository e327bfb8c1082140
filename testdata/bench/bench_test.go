package main

import (
	"iter"
	"testing"
)

// BenchmarkCase has every cell of the table. What -cpu says decides on how many
// processors the parallel ones run.
func BenchmarkCase(b *testing.B) {
	for name, c := range allCases(b) {
		b.Run(name, func(b *testing.B) {
			for _, cell := range c.cells {
				b.Run("lib="+cell.column, func(b *testing.B) { benchmark(b, c.parallel, cell) })
			}
		})
	}
}

func benchmark(b *testing.B, parallel bool, c cell) {
	b.ReportAllocs()
	if parallel {
		b.RunParallel(func(pb *testing.PB) {
			for op := c.make(); pb.Next(); {
				if err := op(); err != nil {
					b.Error(err)
				}
			}
		})
		return
	}
	for op := c.make(); b.Loop(); {
		if err := op(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestCases performs every cell once, so that no benchmark is of an error.
func TestCases(t *testing.T) {
	for name, c := range allCases(t) {
		for _, cell := range c.cells {
			if err := cell.make()(); err != nil {
				t.Errorf("%s, %s: %v", name, cell.column, err)
			}
		}
	}
}

// allCases yields the cases of all suites in order.
func allCases(tb testing.TB) iter.Seq2[string, benchCase] {
	tb.Helper()
	suites, err := newSuites()
	if err != nil {
		tb.Fatal(err)
	}
	return func(yield func(string, benchCase) bool) {
		for _, s := range suites {
			for _, c := range s.cases {
				if !yield(s.name+"/"+c.name, c) {
					return
				}
			}
		}
	}
}

func newTestBench(tb testing.TB) *joseBench {
	tb.Helper()
	k, err := newKeys()
	if err != nil {
		tb.Fatal(err)
	}
	b, err := newJOSEBench(k)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
