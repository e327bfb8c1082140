package oauth2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
)

const goodDevice = `{"device_code":"dc","user_code":"WDJB-MJHT",` +
	`"verification_uri":"https://as.example/device","expires_in":1800}`

// A reply is what a server in memory says to one poll.
type reply struct {
	status     int
	body       string
	retryAfter string
	err        error // in place of the answer
	wait       time.Duration
}

func refusing(code string) reply { return reply{status: 400, body: `{"error":"` + code + `"}`} }

var pending = refusing("authorization_pending")

// A poller is a token endpoint in memory, which can be asked in a bubble of synctest. Its
// last reply is for ever.
type poller struct {
	began   time.Time
	replies []reply
	polls   []time.Duration // when each poll came
	forms   []string
}

func (p *poller) RoundTrip(req *http.Request) (*http.Response, error) {
	r := p.replies[min(len(p.polls), len(p.replies)-1)]
	p.polls = append(p.polls, time.Since(p.began))
	p.forms = append(p.forms, readAll(req))
	if r.wait > 0 {
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(r.wait):
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	w := httptest.NewRecorder()
	if r.retryAfter != "" {
		w.Header().Set("Retry-After", r.retryAfter)
	}
	answerJSON(r.status, r.body)(w, req)
	return w.Result(), nil
}

// client returns a client whose time is that of the bubble.
func (p *poller) client(t *testing.T) *Client {
	t.Helper()
	p.began = time.Now()
	config := allEndpoints("https://as.example")
	config.Now = time.Now
	config.HTTP = &http.Client{Transport: p, Timeout: 10 * time.Second}
	return newClient(t, config)
}

// loginFor returns a login that begins now.
func loginFor(c *Client, interval, life time.Duration) *DeviceAuthorization {
	return &DeviceAuthorization{Interval: interval, ExpiresAt: time.Now().Add(life),
		digest: c.digest, device: hide("dc"), scopes: []string{"read"}}
}

func secondsOf(polls []time.Duration) []int {
	var list []int
	for _, p := range polls {
		list = append(list, int(p/time.Second))
	}
	return list
}

// RFC 8628, Section 3.5: what each answer means for the time of the next question, to the
// second.
func TestDevicePolls(t *testing.T) {
	granted := reply{status: 200, body: goodToken}
	late := reply{wait: time.Minute} // longer than the HTTP client waits
	refused := reply{err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}
	for _, test := range []struct {
		name    string
		replies []reply
		polls   []int // in seconds, by an interval of 5
		want    string
	}{
		{"at once", []reply{granted}, []int{5}, "ok"},
		{"pending", []reply{pending, pending, granted}, []int{5, 10, 15}, "ok"},
		{"pending in 200", []reply{{status: 200, body: pending.body}, granted}, []int{5, 10}, "ok"},
		{"pending in 428", []reply{{status: 428, body: pending.body}, granted}, []int{5, 10}, "ok"},
		{"slow down, for all later ones", []reply{pending, refusing("slow_down"), pending, pending,
			refusing("slow_down"), granted}, []int{5, 10, 20, 30, 40, 55}, "ok"},
		{"Retry-After, this time", []reply{{status: 400, body: pending.body, retryAfter: "20"},
			pending,
			granted}, []int{5, 25, 30}, "ok"},
		{"Retry-After less than the interval", []reply{{status: 400, body: pending.body,
			retryAfter: "1"}, granted}, []int{5, 10}, "ok"},
		{"Retry-After with slow_down", []reply{{status: 400, body: `{"error":"slow_down"}`,
			retryAfter: "20"}, pending, granted}, []int{5, 25, 35}, "ok"},
		{"429", []reply{{status: 429, body: "slow down"}, pending, granted}, []int{5, 15, 25},
			"ok"},
		{"429 with Retry-After", []reply{{status: 429, retryAfter: "30"}, granted}, []int{5, 35},
			"ok"},
		{"500 and 503", []reply{{status: 500}, {status: 503}, pending, granted}, []int{5, 15, 35,
			55},
			"ok"},
		{"599", []reply{{status: 599}, granted}, []int{5, 15}, "ok"},
		{"503 for ever", slices.Repeat([]reply{{status: 503}}, 20),
			[]int{5, 15, 35, 75, 155, 315, 635, 1275}, "check expires_in"},
		{"timeout", []reply{late, late, pending, granted}, []int{5, 25, 55, 75}, "ok"},
		{"connection cut", []reply{pending, {err: io.ErrUnexpectedEOF}, pending, granted},
			[]int{5, 10, 20, 30}, "ok"},
		{"connection ended", []reply{{err: io.EOF}, granted}, []int{5, 15}, "ok"},
		{"connection reset", []reply{{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}},
			granted}, []int{5, 15}, "ok"},
		{"connection refused", []reply{refused}, []int{5}, "refused"},

		{"denied", []reply{pending, refusing("access_denied")}, []int{5, 10},
			"server access_denied 400"},
		{"expired", []reply{pending, refusing("expired_token")}, []int{5, 10},
			"server expired_token 400"},
		{"another code", []reply{refusing("invalid_grant")}, []int{5}, "server invalid_grant 400"},
		{"another code in 500", []reply{{status: 500, body: `{"error":"server_error"}`}}, []int{5},
			"server server_error 500"},
		{"another code in 429", []reply{{status: 429, body: `{"error":"x"}`}}, []int{5},
			"server x 429"},
		{"400 without code", []reply{{status: 400}}, []int{5}, "server  400"},
		{"428 without code", []reply{{status: 428}}, []int{5}, "server  428"},
		{"499 without code", []reply{{status: 499}}, []int{5}, "server  499"},
		{"no token", []reply{pending, {status: 200, body: `{}`}}, []int{5, 10},
			"check access_token"},
		{"too large", []reply{{status: 200, body: strings.Repeat(" ", 1<<20)}}, []int{5},
			"too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &poller{replies: test.replies}
				c := p.client(t)
				tok, err := c.DeviceToken(t.Context(), loginFor(c, 5*time.Second, 30*time.Minute))
				got := outcome(err)
				if errors.Is(err, syscall.ECONNREFUSED) {
					got = "refused"
				}
				if got != test.want || (tok == nil) != (err != nil) {
					t.Errorf("%v and %q, want %q", tok, got, test.want)
				}
				if got := secondsOf(p.polls); !slices.Equal(got, test.polls) {
					t.Errorf("asked at %v, want %v", got, test.polls)
				}
				for _, form := range p.forms {
					if form != deviceForm {
						t.Errorf("sent %q", form)
					}
				}
			})
		})
	}
}

// A server that asks for more than an hour is asked each hour.
func TestDeviceIntervalHasABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &poller{replies: []reply{refusing("slow_down"), {status: 503}, refusing("slow_down"),
			{status: 200, body: goodToken}}}
		c := p.client(t)
		_, err := c.DeviceToken(t.Context(), loginFor(c, time.Hour-time.Second, 24*time.Hour))
		if want := []int{3599, 7199, 10799, 14399}; err != nil || !slices.Equal(secondsOf(p.polls),
			want) {
			t.Errorf("asked at %v, %v; want %v", secondsOf(p.polls), err, want)
		}
	})
}

// A login whose interval its holder has taken away is asked for each second.
func TestDeviceIntervalHasAFloor(t *testing.T) {
	for interval, want := range map[time.Duration][]int{
		0: {1, 2, 3}, -time.Hour: {1, 2, 3}, 1: {1, 2, 3}, time.Second - 1: {1, 2, 3},
		time.Second: {1, 2, 3}, 1500 * time.Millisecond: {1, 3}} {
		synctest.Test(t, func(t *testing.T) {
			// The token is for those who ask without end.
			p := &poller{replies: append(slices.Repeat([]reply{pending}, 9),
				reply{status: 200, body: goodToken})}
			c := p.client(t)
			_, err := c.DeviceToken(t.Context(), loginFor(c, interval, 3500*time.Millisecond))
			if got := outcome(err); got != "check expires_in" {
				t.Errorf("%v: outcome %q", interval, got)
			}
			if got := secondsOf(p.polls); !slices.Equal(got, want) {
				t.Errorf("%v: asked at %v, want %v", interval, got, want)
			}
		})
	}
}

// The codes end by the client's own clock, too: nothing is asked at their end, or later,
// and nobody waits for it.
func TestDeviceExpires(t *testing.T) {
	for _, test := range []struct {
		name           string
		interval, life time.Duration
		replies        []reply
		polls          []int
		ended          time.Duration
	}{
		{"before the first", 5 * time.Second, 4 * time.Second, nil, nil, 0},
		{"with the first", 5 * time.Second, 5 * time.Second, nil, nil, 0},
		{"after the first", 5 * time.Second, 5*time.Second + 1, nil, []int{5}, 5 * time.Second},
		{"later", 5 * time.Second, 16 * time.Second, nil, []int{5, 10, 15}, 15 * time.Second},
		{"already", 5 * time.Second, -time.Second, nil, nil, 0},
		{"while slowed down", 5 * time.Second, 16 * time.Second, []reply{refusing("slow_down")},
			[]int{5, 15}, 15 * time.Second},
		{"before Retry-After", 5 * time.Second, 16 * time.Second,
			[]reply{{status: 400, body: pending.body, retryAfter: "11"}}, []int{5},
			5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &poller{replies: append(test.replies, pending)}
				c := p.client(t)
				tok, err := c.DeviceToken(t.Context(), loginFor(c, test.interval, test.life))
				if got := outcome(err); got != "check expires_in" || tok != nil {
					t.Errorf("%v and %q", tok, got)
				}
				if got := secondsOf(p.polls); !slices.Equal(got, test.polls) {
					t.Errorf("asked at %v, want %v", got, test.polls)
				}
				if took := time.Since(p.began); took != test.ended {
					t.Errorf("ended after %v, want %v", took, test.ended)
				}
			})
		})
	}
}

// The context ends a wait, and a question, at once, and its cause is the error.
func TestDeviceContext(t *testing.T) {
	cause := errors.New("the user has gone")
	for _, test := range []struct {
		name  string
		reply reply
		after time.Duration
		polls []int
	}{
		{"before the first", pending, time.Second, nil},
		{"between two", pending, 7 * time.Second, []int{5}},
		{"while asking", reply{wait: time.Minute}, 8 * time.Second, []int{5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &poller{replies: []reply{test.reply}}
				c := p.client(t)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer time.AfterFunc(test.after, func() { cancel(cause) }).Stop()
				tok, err := c.DeviceToken(ctx, loginFor(c, 5*time.Second, time.Hour))
				if tok != nil || !errors.Is(err, cause) && !errors.Is(err, context.Canceled) {
					t.Errorf("%v and %v", tok, err)
				}
				if got := secondsOf(p.polls); !slices.Equal(got, test.polls) ||
					time.Since(p.began) != test.after {
					t.Errorf("asked at %v, ended after %v", got, time.Since(p.began))
				}
			})
		})
	}
}

// A deadline ends it too, though it looks like a timeout of the server's.
func TestDeviceDeadline(t *testing.T) {
	for _, life := range []time.Duration{time.Hour, 17 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := &poller{replies: []reply{{wait: time.Minute}}}
			c := p.client(t)
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			tok, err := c.DeviceToken(ctx, loginFor(c, 5*time.Second, life))
			if tok != nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v and %v", tok, err)
			}
			if len(p.polls) != 1 || time.Since(p.began) != 8*time.Second {
				t.Errorf("asked %d times, ended after %v", len(p.polls), time.Since(p.began))
			}
		})
	}
}

// An answer that comes when the context has just ended counts if it is final.
func TestDeviceContextEndsWithTheAnswer(t *testing.T) {
	cause := errors.New("the user has gone")
	for code, want := range map[string]error{
		"authorization_pending": cause, "slow_down": cause,
		"access_denied": &Error{Code: "access_denied"},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			p := &poller{replies: []reply{pending}}
			config := p.client(t).config
			config.Hooks.AccessTokenResponse = []ResponseHook{
				func(_ context.Context, resp *httpclient.Response) error {
					resp.Body = []byte(`{"error":"` + code + `"}`)
					cancel(cause)
					return nil
				}}
			c := newClient(t, config)
			_, err := c.DeviceToken(ctx, loginFor(c, 5*time.Second, time.Hour))
			if !errors.Is(err, want) || len(p.polls) != 1 {
				t.Errorf("%s: got %v after %d questions", code, err, len(p.polls))
			}
		})
	}
}

// A device code goes to the server that issued it, and by the client that it is for.
func TestDeviceTokenRefuses(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	config := configAt(s.URL)
	config.ID = "other"
	ends := start.Add(time.Hour)
	for name, d := range map[string]*DeviceAuthorization{
		"nil":          nil,
		"zero":         {},
		"without code": {digest: c.digest, ExpiresAt: ends},
		"of nobody":    {device: hide("dc"), ExpiresAt: ends},
		"of another client": {device: hide("dc"), ExpiresAt: ends, digest: newClient(t,
			config).digest},
		"written by its own": {UserCode: "u", VerificationURI: "https://as.example",
			ExpiresAt: ends},
	} {
		tok, err := c.DeviceToken(t.Context(), d)
		if got := outcome(err); got != "check device_code" || tok != nil {
			t.Errorf("%s: %v and %q", name, tok, got)
		}
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// authorizeDevice asks a server that answers so for a device authorization.
func authorizeDevice(t *testing.T, status int, body string) (*DeviceAuthorization, error) {
	t.Helper()
	config := allEndpoints(newServer(t, answerJSON(status, body)).URL)
	return newClient(t, config).DeviceAuthorization(t.Context(), TokenOptions{})
}

// RFC 8628, Section 3.1.
func TestDeviceAuthorizationRequest(t *testing.T) {
	s := newServer(t, answerJSON(200, goodDevice))
	config := allEndpoints(s.URL)
	config.Auth = None()
	config.Quirks.InsecureTokenGET = true // of the token endpoint only
	c := newClient(t, config)
	d, err := c.DeviceAuthorization(t.Context(), TokenOptions{
		Scopes:    []string{"read", "write"},
		Resources: []string{"urn:a", "urn:b"},
		Params:    map[string][]string{"x": {"1", "2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /device\nAccept: application/json\n" +
		"Content-Type: application/x-www-form-urlencoded\n\n" +
		"client_id=client&resource=urn%3Aa&resource=urn%3Ab&scope=read+write&x=1&x=2"
	if got := s.requests(); len(got) != 1 || got[0] != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if d.UserCode != "WDJB-MJHT" || d.VerificationURI != "https://as.example/device" ||
		d.VerificationURIComplete != "" || !d.ExpiresAt.Equal(start.Add(30*time.Minute)) ||
		d.Interval != 5*time.Second || d.device() != "dc" {
		t.Errorf("got %+v", d)
	}
}

func TestDeviceAuthorizationOptionsRefused(t *testing.T) {
	c := newClient(t, allEndpoints("https://as.example"))
	for _, name := range []string{"grant_type", "client_id", "client_secret", "client_assertion",
		"client_assertion_type", "scope"} {
		d, err := c.DeviceAuthorization(t.Context(),
			TokenOptions{Params: map[string][]string{name: {"x"}}})
		if got := outcome(err); got != "check params" || d != nil {
			t.Errorf("%s: %v and %q", name, d, got)
		}
	}
	d, err := newClient(t, configAt("https://as.example")).DeviceAuthorization(t.Context(),
		TokenOptions{})
	if got := outcome(err); got != "check device_authorization_endpoint" || d != nil {
		t.Errorf("%v and %q", d, got)
	}
}

// RFC 8628, Section 3.2: each member, and what it must not be.
func TestDeviceAuthorizationResponse(t *testing.T) {
	const code, user, uri, life = `"device_code":"dc"`, `"user_code":"u"`,
		`"verification_uri":"https://as.example"`, `"expires_in":9`
	for _, test := range []struct {
		name    string
		members []string
		want    string
	}{
		{"least", []string{code, user, uri, life}, "ok"},
		{"unknown members", []string{code, user, uri, life, `"x":[1]`}, "ok"},
		{"no device_code", []string{user, uri, life}, "check device_code"},
		{"device_code empty", []string{`"device_code":""`, user, uri, life}, "check device_code"},
		{"device_code number", []string{`"device_code":1`, user, uri, life}, "check device_code"},
		{"device_code of two lines", []string{`"device_code":"a\nb"`, user, uri, life},
			"check device_code"},
		{"no user_code", []string{code, uri, life}, "check user_code"},
		{"user_code empty", []string{code, `"user_code":""`, uri, life}, "check user_code"},
		{"user_code with an escape sequence", []string{code, `"user_code":"\u001b[2J"`, uri, life},
			"check user_code"},
		{"no verification_uri", []string{code, user, life}, "check verification_uri"},
		{"verification_url, as it once was", []string{code, user,
			`"verification_url":"https://as.example"`, life}, "check verification_uri"},
		{"no expires_in", []string{code, user, uri}, "check expires_in"},
		{"expires_in null", []string{code, user, uri, `"expires_in":null`}, "check expires_in"},
		{"expires_in zero", []string{code, user, uri, `"expires_in":0`}, "check expires_in"},
		{"expires_in negative", []string{code, user, uri, `"expires_in":-1`}, "check expires_in"},
		{"expires_in below one", []string{code, user, uri, `"expires_in":0.9`}, "check expires_in"},
		{"expires_in words", []string{code, user, uri, `"expires_in":"soon"`}, "check expires_in"},
		{"expires_in too large for a number of seconds", []string{code, user, uri,
			`"expires_in":1e300`}, "check expires_in"},
		{"interval words", []string{code, user, uri, life, `"interval":"soon"`}, "check interval"},
		{"interval object", []string{code, user, uri, life, `"interval":{}`}, "check interval"},
		{"complete of another type", []string{code, user, uri, life,
			`"verification_uri_complete":1`},
			"check verification_uri_complete"},
		{"error", []string{`"error":"invalid_scope"`}, "server invalid_scope 200"},
		{"repeated", []string{code, code, user, uri, life}, "check body"},
	} {
		d, err := authorizeDevice(t, 200, "{"+strings.Join(test.members, ",")+"}")
		if got := outcome(err); got != test.want || (d == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, d, got, test.want)
		}
	}
	if d, err := authorizeDevice(t, 401, `{"error":"invalid_client"}`); d != nil ||
		outcome(err) != "server invalid_client 401" {
		t.Errorf("%v and %v", d, err)
	}
}

// The answer is JSON, whatever the quirks of the token endpoint.
func TestDeviceAuthorizationIsJSON(t *testing.T) {
	config := allEndpoints(newServer(t, answerAs(200, "text/plain", goodDevice)).URL)
	config.Quirks.FormTokenResponse = true
	d, err := newClient(t, config).DeviceAuthorization(t.Context(), TokenOptions{})
	if got := outcome(err); got != "check content_type" || d != nil {
		t.Errorf("%v and %q", d, got)
	}
	wantText(t, err, "(RFC 8628, Section 3.2)")
}

// What a user is shown and sent to is a page that can be trusted to be the server's.
func TestDeviceVerificationURI(t *testing.T) {
	for uri, want := range map[string]string{
		"https://as.example/device?x=y": "ok",
		"http://127.0.0.1:8080/device":  "ok",
		"http://localhost/device":       "ok",
		"http://as.example/device":      "check verification_uri",
		"javascript:alert(1)":           "check verification_uri",
		"data:text/html,x":              "check verification_uri",
		"file:///etc/passwd":            "check verification_uri",
		"https://user:p@as.example/":    "check verification_uri",
		"https://as.example@evil.test/": "check verification_uri",
		"as.example/device":             "check verification_uri",
		"//as.example/device":           "check verification_uri",
		"https://":                      "check verification_uri",
		"https://as.example/#x":         "ok", // a page's own affair
		"https://as.example#":           "ok",
		"http://as.example/#https://a":  "check verification_uri",
		" https://as.example/":          "check verification_uri",
		"https://as.example/%zz":        "check verification_uri",
	} {
		const begin = `{"device_code":"dc","user_code":"u","expires_in":9,"verification_uri":"`
		d, err := authorizeDevice(t, 200, begin+uri+`"}`)
		if got := failed(err); got != want || (d == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", uri, d, got, want)
		}
		if err == nil && (d.VerificationURI != uri || d.VerificationURIComplete != "") {
			t.Errorf("got %+v", d)
		}
		d, err = authorizeDevice(t, 200,
			begin+`https://as.example/","verification_uri_complete":"`+uri+`"}`)
		complete := strings.Replace(want, "verification_uri", "verification_uri_complete", 1)
		if got := failed(err); got != complete || (d == nil) != (err != nil) {
			t.Errorf("%s, complete: %v and %q, want %q", uri, d, got, complete)
		}
		if err == nil && (d.VerificationURIComplete != uri ||
			d.VerificationURI != "https://as.example/") {
			t.Errorf("got %+v", d)
		}
		if err != nil && (!errors.Is(err, httpclient.ErrInsecureURL) ||
			strings.Contains(err.Error(), uri)) {
			t.Errorf("%s: error is %v", uri, err)
		}
	}
	_, err := authorizeDevice(t, 200, `{"device_code":"dc","user_code":"u","expires_in":9,`+
		`"verification_uri":"http://`+canary+`.example"}`)
	wantText(t, err, "verification_uri must be https, or http on loopback (RFC 8628, Section 3.2)")
	if strings.Contains(fmt.Sprintf("%+v", err), canary) {
		t.Errorf("error is %+v", err)
	}
}

func TestDeviceTimes(t *testing.T) {
	for _, test := range []struct {
		members  string
		life     time.Duration
		interval time.Duration
	}{
		{`"expires_in":1800`, 30 * time.Minute, 5 * time.Second},
		{`"expires_in":"1800"`, 30 * time.Minute, 5 * time.Second},
		{`"expires_in":1,"interval":1`, time.Second, time.Second},
		{`"expires_in":1.9,"interval":"7"`, time.Second, 7 * time.Second},
		{`"expires_in":9,"interval":10`, 9 * time.Second, 10 * time.Second},
		{`"expires_in":9,"interval":null`, 9 * time.Second, 5 * time.Second},
		{`"expires_in":9,"interval":0`, 9 * time.Second, time.Second},
		{`"expires_in":9,"interval":0.5`, 9 * time.Second, time.Second},
		{`"expires_in":9,"interval":-7`, 9 * time.Second, time.Second},
		{`"expires_in":9,"interval":3600`, 9 * time.Second, time.Hour},
		{`"expires_in":9,"interval":3601`, 9 * time.Second, time.Hour},
		{`"expires_in":9,"interval":253402300799`, 9 * time.Second, time.Hour},
		{`"expires_in":253402300799`, 3153600000 * time.Second, 5 * time.Second},
	} {
		d, err := authorizeDevice(t, 200, `{"device_code":"dc","user_code":"u",`+
			`"verification_uri":"https://as.example",`+test.members+`}`)
		if err != nil {
			t.Errorf("%s: %v", test.members, err)
			continue
		}
		if got := d.ExpiresAt.Sub(start); got != test.life || d.Interval != test.interval {
			t.Errorf("%s: lives %v, interval %v", test.members, got, d.Interval)
		}
	}
}

// From the request to the token, with the scopes asked for at the beginning.
func TestDeviceFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &poller{replies: []reply{{status: 200, body: goodDevice}, pending,
			{status: 200, body: goodToken}}}
		c := p.client(t)
		d, err := c.DeviceAuthorization(t.Context(), TokenOptions{Scopes: []string{"read"}})
		if err != nil {
			t.Fatal(err)
		}
		tok, err := c.DeviceToken(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if tok.AccessToken() != "a" || !slices.Equal(tok.Scopes, []string{"read"}) ||
			!slices.Equal(secondsOf(p.polls), []int{0, 5, 10}) {
			t.Errorf("token is %+v; asked at %v", tok, p.polls)
		}
	})
}

// What the caller does with its scopes later is nothing to the login.
func TestDeviceKeepsItsScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &poller{replies: []reply{{status: 200, body: goodDevice},
			{status: 200, body: goodToken}}}
		c := p.client(t)
		scopes := []string{"read", "write"}
		d, err := c.DeviceAuthorization(t.Context(), TokenOptions{Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		scopes[0] = "admin"
		tok, err := c.DeviceToken(t.Context(), d)
		if err != nil || !slices.Equal(tok.Scopes, []string{"read", "write"}) {
			t.Errorf("scopes are %q, %v", tok.Scopes, err)
		}
	})
}

// A login that is printed shows what the user must see, and not the device's code.
func TestDeviceAuthorizationShowsNoSecret(t *testing.T) {
	d, err := authorizeDevice(t, 200, strings.Replace(goodDevice, `"dc"`, `"`+canary+`"`, 1))
	if err != nil {
		t.Fatal(err)
	}
	mustNotShow(t, "*DeviceAuthorization", d)
	mustNotShow(t, "DeviceAuthorization", *d)
}

// A connection is not kept for the next question: a server may end it just then.
func TestDeviceKeepsNoConnection(t *testing.T) {
	var closes []bool
	config := configAt("https://as.example")
	config.Server.DeviceAuthorizationEndpoint = "https://as.example/device"
	config.Auth = None()
	config.HTTP = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		closes = append(closes, r.Close)
		body := goodToken
		if r.URL.Path == "/device" {
			body = `{"device_code":"d","user_code":"u","verification_uri":"https://as.example",` +
				`"expires_in":9}`
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Content-Type": {"application/json"}}}, nil
	})}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, config)
		d, err := c.DeviceAuthorization(t.Context(), TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d.ExpiresAt = time.Now().Add(time.Hour)
		c.config.Now = time.Now
		if _, err := c.DeviceToken(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	})
	if !slices.Equal(closes, []bool{true, true}) {
		t.Errorf("closed after each: %v", closes)
	}
}
