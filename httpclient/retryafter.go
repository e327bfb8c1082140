package httpclient

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what [RetryAfter] returns.
const maxRetryAfter = 24 * time.Hour

// RetryAfter returns how long after now the header of a response asks to wait, and
// whether it asks at all: Retry-After, once, as seconds or an HTTP date (RFC 9110,
// Section 10.2.3). The time is at least 0, which is what a date gone by means, and
// at most 24 hours.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	values := h.Values("Retry-After")
	if len(values) != 1 || values[0] == "" {
		return 0, false
	}
	if strings.Trim(values[0], "0123456789") == "" {
		seconds, _ := strconv.ParseInt(values[0], 10, 32) // the most that fits, if it is more
		return min(time.Duration(seconds)*time.Second, maxRetryAfter), true
	}
	date, err := http.ParseTime(values[0])
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), maxRetryAfter), true
}
