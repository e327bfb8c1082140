package oauth1

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// epoch is the time of these tests' clock, between two seconds.
var epoch = time.Unix(1_700_000_000, 500_000_000)

func newClock() *clock { return &clock{now: func() time.Time { return epoch }} }

// Some providers refuse timestamps that fall, FatSecret and Schoology for two.
func TestTimestampsDoNotFall(t *testing.T) {
	var now int64
	c := &clock{now: func() time.Time { return time.Unix(now, 0) }}
	for _, step := range []struct {
		now, skew int64
		want      string
	}{
		{-5, 0, "1"}, {0, 0, "1"}, {2, 0, "2"}, {1000, 0, "1000"}, {999, 0, "1000"}, {0, 0, "1000"},
		{1001, 0, "1001"}, {1001, 0, "1001"}, {1001, 60, "1061"}, {1001, -60, "1061"},
		{1120, -60, "1061"}, {1122, -60, "1062"}, {1122, 0, "1122"},
	} {
		now, c.skew = step.now, time.Duration(step.skew)*time.Second
		if got := c.timestamp(); got != step.want {
			t.Errorf("at %d, skew %d: %s, want %s", step.now, step.skew, got, step.want)
		}
	}
}

// dated are headers with a Date so long after epoch's second.
func dated(d time.Duration) http.Header {
	return http.Header{"Date": {epoch.Add(d).UTC().Format(http.TimeFormat)}}
}

func acceptableAt(from, to int64) map[string]string {
	text := strconv.FormatInt(epoch.Unix()+from, 10) + "-" + strconv.FormatInt(epoch.Unix()+to, 10)
	return map[string]string{"oauth_acceptable_timestamps": text}
}

const day = 24 * time.Hour

// Skews are from epoch, which is half a second after what is sent.
var learnTests = []struct {
	name   string
	status int
	header http.Header
	values map[string]string
	want   time.Duration // and half a second less; zero if nothing is learnt
}{
	{"date", 401, dated(time.Minute), nil, time.Minute},
	{"date before ours", 401, dated(-time.Minute), nil, -time.Minute},
	{"a day ahead", 401, dated(day), nil, day},
	{"more than a day ahead", 401, dated(day + time.Second), nil, 0},
	{"almost a day behind", 401, dated(-day + time.Second), nil, -day + time.Second},
	{"more than a day behind", 401, dated(-day), nil, 0},
	{"no date", 401, nil, nil, 0},
	{"date of no format", 401, http.Header{"Date": {"yesterday"}}, nil, 0},
	{"date of the year 1", 401, http.Header{"Date": {"Mon, 01 Jan 0001 00:00:00 GMT"}}, nil, 0},
	{"date of the year 9999", 401, http.Header{"Date": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, nil, 0},
	{"status 400", 400, dated(time.Minute), nil, 0},
	{"status 403", 403, dated(time.Minute), acceptableAt(0, 600), 0},
	{"status 500", 500, dated(time.Minute), nil, 0},
	{"timestamp refused", 401, dated(time.Minute),
		map[string]string{"oauth_problem": "timestamp_refused"}, time.Minute},
	{"another problem", 401, dated(time.Minute),
		map[string]string{"oauth_problem": "signature_invalid"}, 0},
	{"acceptable timestamps before the date", 401, dated(time.Minute), acceptableAt(0, 600),
		5 * time.Minute},
	{"acceptable timestamps without a date", 401, nil, acceptableAt(-600, 0), -5 * time.Minute},
	{"one acceptable timestamp", 401, nil, acceptableAt(60, 60), time.Minute},
	{"acceptable timestamps beyond a day", 401, dated(time.Minute), acceptableAt(86401, 86401), 0},
	{"acceptable timestamps that are none", 401, dated(time.Minute),
		map[string]string{"oauth_acceptable_timestamps": "now-later"}, time.Minute},
}

func TestClockLearns(t *testing.T) {
	for _, tt := range learnTests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			c.learn(newError(tt.status, tt.header, "", tt.values, nil), tt.header)
			want := tt.want
			if want != 0 {
				want -= 500 * time.Millisecond
			}
			if c.skew != want {
				t.Errorf("skew %v, want %v", c.skew, want)
			}
		})
	}
}

// A whole day, to the nanosecond, and no more.
func TestClockBounds(t *testing.T) {
	for _, tt := range []struct {
		name string
		date time.Duration // after our clock
		past time.Duration
		want time.Duration
	}{
		{"a day ahead", day, 0, day},
		{"a day behind", -day, 0, -day},
		{"a nanosecond more behind", -day, 1, 0},
		{"a nanosecond less ahead", day, 1, day - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			second := time.Unix(epoch.Unix(), 0)
			c := &clock{now: func() time.Time { return second.Add(tt.past) }}
			h := dated(tt.date)
			c.learn(newError(401, h, "", nil, nil), h)
			if c.skew != tt.want {
				t.Errorf("skew %v, want %v", c.skew, tt.want)
			}
		})
	}
}

func TestAcceptable(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int64
		ok   bool
	}{
		{"1700000000-1700000600", 1700000300, true},
		{"5-5", 5, true},
		{"0-1", 0, true},
		{"1099511627775-1099511627775", 1<<40 - 1, true},
		{"1099511627775-1099511627776", 0, false},
		{"1099511627776-1099511627777", 0, false},
		{"6-5", 0, false},
		{"5", 0, false},
		{"5-", 0, false},
		{"-5", 0, false},
		{"-", 0, false},
		{"", 0, false},
		{"1-2-3", 0, false},
		{"+1-+2", 0, false},
		{" 1-2", 0, false},
		{"0x1-0x2", 0, false},
		{"1.5-2.5", 0, false},
		{"99999999999999999999-99999999999999999999", 0, false},
	} {
		got, ok := acceptable(tt.text)
		if ok != tt.ok || ok && got.Unix() != tt.want {
			t.Errorf("%q: got %d, %t", tt.text, got.Unix(), ok)
		}
	}
}

// A server's clock moves ours but by CorrectClock, and never back.
func TestCorrectClock(t *testing.T) {
	for _, correct := range []bool{false, true} {
		config := goodConfig()
		config.SignatureMethod, config.Secret = HMACSHA256, "a secret of good length"
		config.CorrectClock = correct
		config.Now = func() time.Time { return epoch }
		c := newClient(t, config)
		ahead, behind := dated(time.Hour), dated(-time.Hour)
		want := epoch.Unix()
		if correct {
			want += 3600
		}
		for _, h := range []http.Header{ahead, behind} {
			c.learn(newError(401, h, "", nil, nil), h)
			if got := c.clock.timestamp(); got != strconv.FormatInt(want, 10) {
				t.Errorf("CorrectClock %t: %s, want %d", correct, got, want)
			}
		}
	}
}

// Timestamps do not fall on any goroutine, whatever is learnt meanwhile.
func TestClockIsSafeForConcurrentUse(t *testing.T) {
	c := newClock()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			last := int64(0)
			for j := range 100 {
				h := dated(time.Duration(i-j) * time.Minute)
				c.learn(newError(401, h, "", nil, nil), h)
				got, err := strconv.ParseInt(c.timestamp(), 10, 64)
				if err != nil || got < last {
					t.Errorf("%d after %d, %v", got, last, err)
				}
				last = got
			}
		})
	}
	wg.Wait()
}
