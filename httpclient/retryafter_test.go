package httpclient

import (
	"net/http"
	"testing"
	"time"
)

// RFC 9110, Section 10.2.3: seconds or a date.
var retryAfterTests = []struct {
	name   string
	values []string
	want   time.Duration
	ok     bool
}{
	{"seconds", []string{"120"}, 2 * time.Minute, true},
	{"no time", []string{"0"}, 0, true},
	{"leading zeros", []string{"0010"}, 10 * time.Second, true},
	{"a day", []string{"86400"}, 24 * time.Hour, true},
	{"less than a day", []string{"86399"}, 24*time.Hour - time.Second, true},
	{"more than a day", []string{"86401"}, 24 * time.Hour, true},
	{"more than 31 bits", []string{"2147483648"}, 24 * time.Hour, true},
	{"more than a Duration", []string{"9223372037"}, 24 * time.Hour, true},
	{"more than 64 bits", []string{"99999999999999999999"}, 24 * time.Hour, true},
	{"a date", []string{"Sun, 06 Nov 1994 08:50:37 GMT"}, time.Minute, true},
	{"a date of RFC 850", []string{"Sunday, 06-Nov-94 08:50:37 GMT"}, time.Minute, true},
	{"a date of asctime", []string{"Sun Nov  6 08:50:37 1994"}, time.Minute, true},
	{"now", []string{"Sun, 06 Nov 1994 08:49:37 GMT"}, 0, true},
	{"a date gone by", []string{"Sun, 06 Nov 1994 08:49:36 GMT"}, 0, true},
	{"long gone by", []string{"Mon, 01 Jan 0001 00:00:00 GMT"}, 0, true},
	{"tomorrow", []string{"Mon, 07 Nov 1994 08:49:37 GMT"}, 24 * time.Hour, true},
	{"after tomorrow", []string{"Mon, 07 Nov 1994 08:49:38 GMT"}, 24 * time.Hour, true},
	{"a year beyond all", []string{"Fri, 31 Dec 9999 23:59:59 GMT"}, 24 * time.Hour, true},

	{"none", nil, 0, false},
	{"empty", []string{""}, 0, false},
	{"two", []string{"1", "1"}, 0, false},
	{"a list", []string{"1, 1"}, 0, false},
	{"negative", []string{"-1"}, 0, false},
	{"a sign", []string{"+1"}, 0, false},
	{"a fraction", []string{"1.5"}, 0, false},
	{"an exponent", []string{"1e3"}, 0, false},
	{"a unit", []string{"1s"}, 0, false},
	{"hexadecimal", []string{"0x10"}, 0, false},
	{"a space", []string{"1 0"}, 0, false},
	{"other digits", []string{"\u0661"}, 0, false},
	{"a date of ISO 8601", []string{"1994-11-06T08:50:37Z"}, 0, false},
	{"a date and more", []string{"Sun, 06 Nov 1994 08:50:37 GMT."}, 0, false},
	{"a word", []string{"soon"}, 0, false},
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, tt := range retryAfterTests {
		got, ok := RetryAfter(http.Header{"Retry-After": tt.values}, now)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	if got, ok := RetryAfter(nil, now); got != 0 || ok {
		t.Errorf("no header: got %v, %v", got, ok)
	}
}

// Whatever a server writes there, the time is one to wait: what is said later of the
// same moment is never longer.
func FuzzRetryAfter(f *testing.F) {
	for _, tt := range retryAfterTests {
		for _, value := range tt.values {
			f.Add(value, int64(784111777))
		}
	}
	f.Fuzz(func(t *testing.T, value string, seconds int64) {
		now := time.Unix(seconds%(1<<40), 0)
		h := http.Header{"Retry-After": {value}}
		got, ok := RetryAfter(h, now)
		if got < 0 || got > 24*time.Hour || !ok && got != 0 {
			t.Errorf("%q: got %v, %v", value, got, ok)
		}
		later, stillOK := RetryAfter(h, now.Add(time.Hour))
		if later > got || stillOK != ok {
			t.Errorf("%q: got %v, then %v", value, got, later)
		}
	})
}
