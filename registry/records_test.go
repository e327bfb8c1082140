package registry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vouchsafe/internal/seal"
)

// oneText is the session of the only browser there is.
type oneText struct{ text string }

func (s *oneText) Get(*http.Request) (string, error) { return s.text, nil }

func (s *oneText) Set(_ http.ResponseWriter, _ *http.Request, text string) error {
	s.text = text
	return nil
}

// onlyMap is a cache.
type onlyMap map[string][]byte

func (m onlyMap) Get(_ context.Context, key string) ([]byte, error) { return m[key], nil }

func (m onlyMap) Set(_ context.Context, key string, value []byte, _ time.Duration) error {
	m[key] = value
	return nil
}

func (m onlyMap) Delete(_ context.Context, key string) error {
	delete(m, key)
	return nil
}

// A recordBench is a store of each kind, and the one browser that uses it.
type recordBench struct {
	*logins
	session *oneText
	cookies []*http.Cookie
}

func recordBenches(t *testing.T) map[string]*recordBench {
	t.Helper()
	ring, err := seal.NewRing(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	session := &oneText{}
	benches := map[string]*recordBench{}
	for name, store := range map[string]Store{
		"cookie": CookieStore(), "cache": CacheStore(onlyMap{}), "session": SessionStore(session),
	} {
		benches[name] = &recordBench{&logins{ring, store, time.Minute, time.Now}, session, nil}
	}
	return benches
}

func (b *recordBench) begin(t *testing.T, rec record) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := b.put(w, httptest.NewRequest("GET", "/", nil), "key", rec); err != nil {
		t.Fatal(err)
	}
	b.cookies = w.Result().Cookies()
}

func (b *recordBench) complete(method string) (*http.Response, error) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, "/", nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	_, err := b.take(w, r, "key", expected{purpose: purposeLogin})
	return w.Result(), err
}

const siteURL = "https://site.example/"

// What is begun for another purpose, such as a logout, is no login, and is used up by the try.
func TestRecordOfAnotherPurpose(t *testing.T) {
	for name, b := range recordBenches(t) {
		for _, purpose := range []string{"logout", "", "Login"} {
			b.begin(t, record{Purpose: purpose, RedirectURI: siteURL})
			if _, err := b.complete("GET"); !errors.Is(err, because(ReasonOtherPurpose)) {
				t.Errorf("%s: %q: error is %v", name, purpose, err)
			}
		}
	}
}

// A record that was sealed for one place is none in another, and neither is one sealed by the
// same key for what is no login at all.
func TestRecordOfAnotherPlace(t *testing.T) {
	b := recordBenches(t)["session"]
	id, tampered := loginID("key"), because(ReasonTampered)
	const honest = `{"p":"login","r":"` + siteURL + `","e":9999999999}`
	for _, test := range []struct {
		name, sealedFor, purpose, raw string
		want                          error
	}{
		{"its own", "session." + id, sealPurpose, honest, nil},
		{"a cookie", "__Host-vouchsafe." + id, sealPurpose, honest, tampered},
		{"a cookie without the prefix", "vouchsafe." + id, sealPurpose, honest, tampered},
		{"another login", "session." + loginID("other"), sealPurpose, honest, tampered},
		{"another purpose", "session." + id, "token", honest, tampered},
		{"no record", "session." + id, sealPurpose, "[]", tampered},
	} {
		sealed, err := b.ring.Seal([]byte(test.raw), test.purpose, test.sealedFor)
		if err != nil {
			t.Fatal(err)
		}
		held, err := inline{}.put(t.Context(), "", sealed, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.session.text = `[{"n":"session.` + id + `","v":"1.` + held + `","u":0}]`
		if _, err := b.complete("GET"); !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
}

// Where the callback is posted by another site's page, so is what marks it as used.
func TestRecordOfPostedCallback(t *testing.T) {
	for name, b := range recordBenches(t) {
		for _, posted := range []bool{true, false} {
			b.begin(t, record{Purpose: purposeLogin, RedirectURI: siteURL, Posted: posted})
			method, sameSite := "GET", http.SameSiteLaxMode
			if posted {
				method, sameSite = "POST", http.SameSiteNoneMode
			}
			resp, err := b.complete(method)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			set := append(b.cookies, resp.Cookies()...)
			if want := map[string]int{"cookie": 2, "cache": 2}[name]; len(set) != want {
				t.Errorf("%s: cookies are %v, want %d", name, set, want)
			}
			for _, c := range set {
				if c.SameSite != sameSite || !c.Secure {
					t.Errorf("%s: cookie is %v", name, c)
				}
			}
		}
		err := b.put(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), "key",
			record{RedirectURI: "http://127.0.0.1/", Posted: true})
		if err == nil || !strings.Contains(err.Error(), "must be https") {
			t.Errorf("%s: over http: error is %v", name, err)
		}
	}
}

// A login that is begun again by the same key takes the place of the first.
func TestRecordPutTwice(t *testing.T) {
	for name, b := range recordBenches(t) {
		b.begin(t, record{Purpose: "first", RedirectURI: siteURL})
		b.begin(t, record{Purpose: purposeLogin, RedirectURI: siteURL})
		if name == "session" && strings.Count(b.session.text, "session.") != 1 {
			t.Errorf("the session has %s", b.session.text)
		}
		if _, err := b.complete("GET"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// There is one way to write what an entry holds.
func TestHeldIsStrict(t *testing.T) {
	for _, held := range []string{"AB", "AA==", "A", "A A", "+/", "!!"} {
		_, err := inline{}.take(t.Context(), "", held)
		if !errors.Is(err, because(ReasonTampered)) {
			t.Errorf("%q: error is %v", held, err)
		}
	}
	sealed, err := inline{}.take(t.Context(), "", "AA")
	if string(sealed) != "\x00" || err != nil {
		t.Errorf("got %q, %v", sealed, err)
	}
}

// A record has at most 8192 bytes, and its cookie, name and all, at most 1536.
func TestBoundsOfRecords(t *testing.T) {
	b := recordBenches(t)["session"]
	rec := record{Expires: b.now().Add(b.life).Unix()}
	empty, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	const field = len(`,"t":""`)
	for size, ok := range map[int]bool{8192: true, 8193: false} {
		rec.ReturnTo = strings.Repeat("a", size-field-len(empty))
		if _, err := b.seal(rec, "name"); (err == nil) != ok {
			t.Errorf("a record of %d bytes: %v", size, err)
		}
	}
	for size, ok := range map[int]bool{1536: true, 1537: false} {
		e := entry{Name: "name", Value: strings.Repeat("a", size-len("name"))}
		w := httptest.NewRecorder()
		err := cookies{}.hold(w, nil, nil, nil, e)
		if (err == nil) != ok || (len(w.Result().Cookies()) == 1) != ok {
			t.Errorf("a cookie of %d bytes: %v", size, err)
		}
	}
}
