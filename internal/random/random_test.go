package random

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := Text()
		if b, err := base64.RawURLEncoding.DecodeString(s); err != nil || len(b) != 32 || seen[s] {
			t.Fatalf("%q: %v", s, err)
		}
		seen[s] = true
	}
}

func TestBelow(t *testing.T) {
	for _, d := range []time.Duration{-time.Hour, -1, 0, 1} {
		if got := Below(d); got != 0 {
			t.Errorf("below %v: %v", d, got)
		}
	}
	seen := map[time.Duration]bool{}
	for range 1000 {
		got := Below(3)
		if got < 0 || got > 2 {
			t.Fatalf("got %v", got)
		}
		seen[got] = true
	}
	if len(seen) != 3 {
		t.Errorf("only %v", seen)
	}
	if Below(1<<62) == Below(1<<62) {
		t.Error("twice the same")
	}
}
