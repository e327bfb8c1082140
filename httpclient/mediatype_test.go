package httpclient

import (
	"net/http"
	"testing"
)

func TestHasMediaType(t *testing.T) {
	for declared, want := range map[string]bool{
		"application/json":                  true,
		"Application/JSON":                  true,
		`application/json; charset="utf-8"`: true,
		"application/json;":                 true,
		"application/jsonp":                 false,
		"application/problem+json":          false,
		"text/html; x=application/json":     false,
		"application/json; charset":         false,
		"application/json, text/html":       false,
		"json":                              false,
		"":                                  false,
	} {
		h := http.Header{"Content-Type": {declared}}
		if got := HasMediaType(h, "application/json"); got != want {
			t.Errorf("%q: %t", declared, got)
		}
	}
	if HasMediaType(nil, "application/json") || HasMediaType(http.Header{}, "") {
		t.Error("nothing is declared")
	}
}
