package main

import (
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	for _, test := range []struct {
		name   string
		target target
		our    result
		met    bool
	}{
		{"in all", atMost(300), result{ns: 300}, true},
		{"in all, missed", atMost(300), result{ns: 301}, false},
		{"over raw", overRaw(200), result{ns: 300}, true},
		{"over raw, missed", overRaw(200), result{ns: 301}, false},
		{"times raw", timesRaw(3), result{ns: 300}, true},
		{"times raw, missed", timesRaw(3), result{ns: 301}, false},
		{"times faster", timesFaster("rival", 2), result{ns: 300}, true},
		{"times faster, missed", timesFaster("rival", 2), result{ns: 301}, false},
		{"allocs", allocsAtMost(10), result{allocs: 10}, true},
		{"allocs, missed", allocsAtMost(10), result{allocs: 11}, false},
		{"allocs over raw", allocsOverRaw(6), result{allocs: 8}, true},
		{"allocs over raw, missed", allocsOverRaw(6), result{allocs: 9}, false},
		{"times fewer allocs", timesFewerAllocs("rival", 2), result{allocs: 2.5}, true},
		{"times fewer allocs, missed", timesFewerAllocs("rival", 2), result{allocs: 3}, false},
		{"times faster beyond raw", timesFasterBeyondRaw("rival", 2), result{ns: 350}, true},
		{"times faster beyond raw, missed", timesFasterBeyondRaw("rival", 2),
			result{ns: 351}, false},
		{"allocs of a rival", allocsOf("rival"), result{allocs: 5}, true},
		{"allocs of a rival, missed", allocsOf("rival"), result{allocs: 6}, false},
		{"scales", scales(1.5), result{ns: 2, oneNS: 3}, true},
		{"scales, missed", scales(1.5), result{ns: 2, oneNS: 2.9}, false},
	} {
		r := results{raw: {ns: 100, allocs: 2}, ours: test.our,
			"rival": {ns: 600, allocs: 5, bytes: 800}}
		if got := test.target.met(r); got != test.met {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	table := newTable(&out, suite{name: "suite", columns: []string{ours, "rival"}})
	table.add(benchCase{name: "case", targets: []target{timesRaw(3), allocsAtMost(3)}}, results{
		raw:     {ns: 100, allocs: 2},
		ours:    {ns: 300, allocs: 4},
		"rival": {ns: 600, allocs: 9},
	})
	table.add(benchCase{name: "parallel", parallel: true}, results{
		raw:     {ns: 100, oneNS: 200},
		ours:    {ns: 200, oneNS: 300},
		"rival": {ns: 400, oneNS: 400},
	})
	table.add(benchCase{name: "not the rival's", parallel: true}, results{
		raw:  {ns: 100, oneNS: 200},
		ours: {ns: 200, oneNS: 300},
	})
	table.add(benchCase{name: "whole", whole: true}, results{
		ours:    {ns: 200, allocs: 4, bytes: 1250},
		"rival": {ns: 400, allocs: 9, bytes: 900},
	})
	table.add(benchCase{name: "none"}, results{ours: {ns: 300}})
	table.flush()
	const want = `suite raw vouchsafe rival target
case 100 ns 2a 0.30 µs 4a (+0.20 µs +2a) 0.60 µs 9a (x6.00, x2.00) met 3x raw; MISSED 3 allocs
parallel 100 ns 0a 0.20 µs 0a (+0.10 µs +0a) 0.40 µs 0a (x4.00, x2.00)
by one processor's 2.00x 1.50x 1.00x
not the rival's 100 ns 0a 0.20 µs 0a (+0.10 µs +0a) -
by one processor's 2.00x 1.50x -
whole - 0.20 µs 4a 1.2kB 0.40 µs 9a 0.9kB (-, x2.00)
none - 0.30 µs 0a -

targets: 1 met, 1 missed

`
	if got := unpadded(out.String()); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

// unpadded returns s without the spaces that align it.
func unpadded(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}
