package registry_test

import (
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vouchsafe/registry"
)

// A login that is long over takes no room in the session.
func TestSessionForgets(t *testing.T) {
	d := beds["session"]()
	b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
	for range 4 {
		b.begin(in, "a")
	}
	if _, err := b.complete(in, "a", b.begin(in, "a")); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(2 * 10 * time.Minute)
	b.begin(in, "a")
	if text := d.sessions.texts["0"]; strings.Count(text, "session.") != 1 {
		t.Errorf("the session has %s", text)
	}
}

// What the documentation says of the room that a session needs.
func TestSessionRoom(t *testing.T) {
	d := beds["session"]()
	b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
	for range 20 {
		b.beginWith(in, "a", registry.AuthorizeOptions{
			RedirectURI: callbackURL, ReturnTo: "/" + strings.Repeat("a", 200)})
	}
	if n := len(d.sessions.texts["0"]); n > 5*1024 {
		t.Errorf("the session has %d bytes", n)
	}
}

// A session that has what no login has left there says so.
func TestSessionOfAnother(t *testing.T) {
	for text, want := range map[string]registry.Reason{
		"garbage":                  registry.ReasonTampered,
		`[{"n":1}]`:                registry.ReasonTampered,
		"[{},{},{},{},{},{}]":      registry.ReasonTampered,
		"[{},{},{},{},{}]":         registry.ReasonOtherBrowser,
		"null":                     registry.ReasonOtherBrowser,
		"":                         registry.ReasonOtherBrowser,
		`[{"n":"","v":"1.AAAA"}]`:  registry.ReasonOtherBrowser,
		`[{"n":"session.","u":1}]`: registry.ReasonOtherBrowser,
	} {
		d := beds["session"]()
		b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
		callback := b.begin(in, "a")
		d.sessions.texts["0"] = text
		_, err := b.complete(in, "a", callback)
		b.want(err, want)
	}
}

// Of a session that is down no login is begun, however often; when it is back, the one that
// could not be marked as used is as it was.
func TestSessionComesBack(t *testing.T) {
	d := beds["session"]()
	b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
	callback := b.begin(in, "a")
	down := errors.New("down")
	d.sessions.setFail = down
	for range 3 {
		if _, err := b.complete(in, "a", callback); !errors.Is(err, down) || b.answers != 0 {
			t.Errorf("error is %v", err)
		}
	}
	d.sessions.setFail = nil
	if _, err := b.complete(in, "a", callback); err != nil {
		t.Error(err)
	}
}

// Whatever a session or a cookie comes back with, no login comes of it but the one begun.
func FuzzHeld(f *testing.F) {
	f.Add("garbage", "garbage")
	f.Add(`[{"n":"session.AAAAAAAAAAAAAAAAAAAAAA","v":"1800000000.AAAA","u":1800001200}]`,
		"1800000000.AAAA")
	f.Add(`[{"n":"session.AAAAAAAAAAAAAAAAAAAAAA","v":"used","u":1800001200}]`, "used")
	f.Add(`[null,{},{"n":1}]`, ".")
	f.Add(`{"n":"session."}`, "1.")
	f.Add(`[{"u":-1},{"u":9223372036854775807},{"v":"-9.=="}]`, "9223372036854775808.=")
	f.Add("[[[[", "")
	f.Fuzz(func(t *testing.T, text, value string) {
		for _, name := range []string{"session", "cookie"} {
			d := beds[name]()
			b, in := newBench(t, registry.Options{Store: d.store}), newBrowser()
			callback := b.begin(in, "a")
			restore := d.save(in)
			id := loginIDOf(in, d)
			r := in.request(callback)
			if d.sessions != nil {
				d.sessions.texts["0"] = strings.ReplaceAll(text, "AAAAAAAAAAAAAAAAAAAAAA", id)
			} else {
				r.Header.Set("Cookie", "__Host-vouchsafe."+id+"="+value)
			}
			_, err := b.client("a").AuthorizeAccessToken(httptest.NewRecorder(), r)
			b.refused(err)
			b.now = b.now.Add(time.Second)
			if _, err := b.complete(in, "a", b.begin(in, "a")); err != nil {
				t.Errorf("%s: the next login: %v", name, err)
			}
			restore()
			if _, err := b.complete(in, "a", callback); err != nil {
				t.Errorf("%s: the honest login: %v", name, err)
			}
		}
	})
}

// loginIDOf returns the public name of the only login that a browser has in the making.
func loginIDOf(in *browser, d bed) string {
	held := d.pieces(in)[0].text
	for name := range in.cookies {
		held += name
	}
	id := regexp.MustCompile(`(session|vouchsafe)\.([A-Za-z0-9_-]{22})`)
	return id.FindStringSubmatch(held)[2]
}
