package oauth1

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxSkew bounds what a server can make of our clock.
const maxSkew = 24 * time.Hour

// A clock makes the timestamps of a client, RFC 5849, Section 3.3. It is safe for
// concurrent use.
type clock struct {
	now func() time.Time

	mu   sync.Mutex
	skew time.Duration // what the servers' clock is ahead of ours
	last int64
}

// timestamp returns the present second, but none before the last one returned:
// some providers refuse timestamps that fall.
func (c *clock) timestamp() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, c.now().Add(c.skew).Unix(), 1) // which must be positive
	return strconv.FormatInt(c.last, 10)
}

// learn corrects the clock by a refusal, if CorrectClock says so.
func (c *Client) learn(e *Error, h http.Header) {
	if c.config().CorrectClock {
		c.clock.learn(e, h)
	}
}

// learn takes over the clock of a server that may have refused a timestamp.
func (c *clock) learn(e *Error, h http.Header) {
	if e.Status != http.StatusUnauthorized || e.Problem != "" && e.Problem != timestampRefused {
		return
	}
	theirs, ok := acceptable(e.Detail("oauth_acceptable_timestamps"))
	if !ok {
		var err error
		if theirs, err = http.ParseTime(h.Get("Date")); err != nil {
			return
		}
	}
	if skew := theirs.Sub(c.now()); skew.Abs() <= maxSkew {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.skew = skew
	}
}

const timestampRefused = "timestamp_refused"

// acceptable returns the middle of a range of timestamps, "1700000000-1700000600".
func acceptable(timestamps string) (time.Time, bool) {
	lower, upper, _ := strings.Cut(timestamps, "-")
	from, errFrom := strconv.ParseUint(lower, 10, 40)
	to, errTo := strconv.ParseUint(upper, 10, 40)
	return time.Unix(int64(from+to)/2, 0), errFrom == nil && errTo == nil && from <= to
}
