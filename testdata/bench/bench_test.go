package main

import "testing"

// BenchmarkCase has every cell of the table. What -cpu says decides on how many
// processors the parallel ones run.
func BenchmarkCase(b *testing.B) {
	cases := newTestBench(b).cases
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
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
	for _, c := range newTestBench(t).cases {
		for _, cell := range c.cells {
			if err := cell.make()(); err != nil {
				t.Errorf("%s, %s: %v", c.name, cell.column, err)
			}
		}
	}
}

func newTestBench(tb testing.TB) *bench {
	tb.Helper()
	b, err := newBench()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
