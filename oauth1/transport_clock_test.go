package oauth1

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func answeredAt(seconds int64) http.Header {
	return http.Header{"Date": {time.Unix(toolNow+seconds, 0).UTC().Format(http.TimeFormat)}}
}

func challengedAt(seconds int64, params string) http.Header {
	h := answeredAt(seconds)
	h.Set("Www-Authenticate", `OAuth realm="x", `+params)
	return h
}

// The timestamp of the request after a response, by what that said of the clock.
func TestTransportCorrectsItsClock(t *testing.T) {
	const hour, day = 3600, 24 * 3600
	between := func(from, to int64) string {
		return `oauth_problem="timestamp_refused", oauth_acceptable_timestamps="` +
			strconv.FormatInt(toolNow+from, 10) + "-" + strconv.FormatInt(toolNow+to, 10) + `"`
	}
	for _, tt := range []struct {
		name   string
		on     bool
		status int
		header http.Header
		want   int64
	}{
		{"off", false, 401, answeredAt(hour), 0},
		{"off, with a problem", false, 401, challengedAt(hour, between(hour, hour)), 0},
		{"date", true, 401, answeredAt(hour), hour},
		{"accepted", true, 200, answeredAt(hour), 0},
		{"another status", true, 403, answeredAt(hour), 0},
		{"bad request", true, 400, challengedAt(hour, between(hour, hour)), 0},
		{"no date", true, 401, http.Header{}, 0},
		{"no header at all", true, 401, nil, 0},
		{"date of no kind", true, 401, http.Header{"Date": {"tomorrow"}}, 0},
		{"another problem", true, 401, challengedAt(hour, `oauth_problem="nonce_used"`), 0},
		{"problem and date", true, 401,
			challengedAt(hour, `oauth_problem="timestamp_refused"`), hour},
		{"another scheme", true, 401, http.Header{"Date": answeredAt(hour)["Date"],
			"Www-Authenticate": {`Basic oauth_problem="nonce_used"`}}, hour},
		{"a range", true, 401, challengedAt(2*hour, between(hour-10, hour+10)), hour},
		{"a range of one", true, 401, challengedAt(0, between(hour, hour)), hour},
		{"a range without a problem", true, 401,
			challengedAt(0, strings.SplitN(between(hour, hour), ", ", 2)[1]), hour},
		{"a range the wrong way round", true, 401, challengedAt(hour, between(9, 8)), hour},
		{"half a range", true, 401, challengedAt(hour,
			`oauth_problem="timestamp_refused", oauth_acceptable_timestamps="1700000000-"`), hour},
		{"other half of a range", true, 401, challengedAt(hour,
			`oauth_problem="timestamp_refused", oauth_acceptable_timestamps="-1700000000"`), hour},
		{"a day", true, 401, answeredAt(day), day},
		{"more than a day", true, 401, answeredAt(day + 1), 0},
		{"a range beyond a day", true, 401, challengedAt(hour, between(day+1, day+1)), 0},
		{"back", true, 401, answeredAt(-hour), 0}, // no timestamp falls
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &tap{status: tt.status, header: tt.header}
			rt := newAPI(t, p, func(c *Config) { c.CorrectClock = tt.on })
			for range 2 {
				if _, err := rt.RoundTrip(apiRequest(t, "GET", "/", nil)); err != nil {
					t.Fatal(err)
				}
			}
			if first := stampOf(p.sent[0]); first != 0 {
				t.Errorf("first stamped %d", first)
			}
			if got := stampOf(p.sent[1]); got != tt.want {
				t.Errorf("then stamped %d, want %d", got, tt.want)
			}
		})
	}
}

// stampOf returns the timestamp of a request, after the tests' now.
func stampOf(req *http.Request) int64 {
	_, rest, _ := strings.Cut(req.Header.Get("Authorization"), `oauth_timestamp="`)
	digits, _, _ := strings.Cut(rest, `"`)
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n - toolNow
}

// A clock set back waits for the time to come; one that was set ahead is not set
// ahead again.
func TestTransportClockNeverStepsBack(t *testing.T) {
	now := atToolNow()
	p := &tap{status: 401}
	client := newClient(t, apiConfig(p, func(c *Config) {
		c.CorrectClock, c.Now = true, func() time.Time { return now }
	}))
	rt, err := client.Transport(apiToken(t), apiOrigin)
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct{ passed, date, want int64 }{
		{0, 100, 0},    // then a hundred ahead
		{10, 110, 110}, // of which the server thinks still
		{10, 20, 120},  // no longer: now it goes by our clock
		{50, 70, 120}, {51, 121, 121}, {1, 122, 122},
	} {
		now = now.Add(time.Duration(step.passed) * time.Second)
		p.header = answeredAt(step.date)
		if _, err := rt.RoundTrip(apiRequest(t, "GET", "/", nil)); err != nil {
			t.Fatal(err)
		}
		if got := stampOf(p.sent[i]); got != step.want {
			t.Errorf("step %d: stamped %d, want %d", i, got, step.want)
		}
	}
	// The clock is the client's, whichever transport learnt.
	p.header = answeredAt(1000)
	other, err := client.Transport(NoToken(), apiOrigin)
	if err != nil {
		t.Fatal(err)
	}
	rt.RoundTrip(apiRequest(t, "GET", "/", nil))
	other.RoundTrip(apiRequest(t, "GET", "/", nil))
	if got := stampOf(p.sent[len(p.sent)-1]); got != 1000 {
		t.Errorf("the other transport stamped %d", got)
	}
}

// A real server whose clock is an hour ahead, and says so.
func TestTransportCorrectsItsClockAtAServer(t *testing.T) {
	theirs := func() time.Time { return atToolNow().Add(time.Hour) }
	var tool *Verifier
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", theirs().UTC().Format(http.TimeFormat))
		if _, err := tool.Verify(r); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, "no")
		}
	}))
	defer server.Close()
	tool = newTool(t, func(c *VerifierConfig) { c.Origin, c.Now = server.URL, theirs })
	hc := &http.Client{Transport: newAPIAt(t, nil, []string{server.URL},
		func(c *Config) { c.CorrectClock = true })}
	for i, want := range []int{401, 200, 200} {
		resp, err := hc.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		body.ReadFrom(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || want == 401 && body.String() != "no" {
			t.Errorf("request %d: status %d, %s", i, resp.StatusCode, &body)
		}
	}
}
