package digest

import "testing"

// No two lists of fields have one digest.
func TestDigest(t *testing.T) {
	lists := [][]string{{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}, {"abc"}, {"1:a"},
		{"a", "1:b"}, {}}
	seen := map[string]int{}
	for i, list := range lists {
		d := Of(list...)
		if j, ok := seen[d]; ok {
			t.Errorf("%q and %q have one digest", list, lists[j])
		}
		seen[d] = i
	}
}
