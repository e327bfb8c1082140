package httpclient

import (
	"maps"
	"net/http"
	"slices"
	"syscall/js"
	"testing"
)

var restricted = []string{"js.fetch:credentials omit", "js.fetch:redirect error"}

// In a browser fetch is told what to do.
func TestRestrictFetch(t *testing.T) {
	defer js.Global().Set("process", js.Global().Get("process"))
	for name, test := range map[string]struct {
		process any
		want    []string
	}{
		"Node.js":          {map[string]any{"argv0": "node"}, nil},
		"Node.js, Windows": {map[string]any{"argv0": "node.exe"}, nil},
		"another":          {map[string]any{"argv0": "deno"}, restricted},
		"no such property": {map[string]any{}, restricted},
		"a browser":        {js.Undefined(), restricted},
	} {
		js.Global().Set("process", test.process)
		h := http.Header{}
		restrictFetch(h)
		var got []string
		for _, key := range slices.Sorted(maps.Keys(h)) {
			got = append(got, key+" "+h.Get(key))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
