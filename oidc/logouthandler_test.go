package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/oidc/oidctest"
)

// A farewell is what a LogoutFunc was called with, and what the handler answered.
type farewell struct {
	who    Identity
	sid    string
	calls  int
	answer *http.Response
	heard  error
}

// deliver has a handler that make makes answer r, its LogoutFunc ending in failure.
func deliver(t *testing.T, r *http.Request, failure error,
	make func(LogoutFunc, func(*http.Request, error)) http.Handler) farewell {
	t.Helper()
	var f farewell
	h := make(func(_ context.Context, who Identity, sid string) error {
		f.who, f.sid = who, sid
		f.calls++
		return failure
	}, func(_ *http.Request, err error) { f.heard = err })
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	f.answer = rec.Result()
	if got := f.answer.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if (f.answer.StatusCode == http.StatusOK) != (f.heard == nil) {
		t.Errorf("status %d, and heard %v", f.answer.StatusCode, f.heard)
	}
	return f
}

// wantRefused checks a refusal, and what it says to whoever operates the provider.
func (f farewell) wantRefused(t *testing.T, want string) {
	t.Helper()
	var body struct{ Error, Error_description string }
	err := json.NewDecoder(f.answer.Body).Decode(&body)
	if f.answer.StatusCode != http.StatusBadRequest || err != nil ||
		body.Error != "invalid_request" ||
		f.answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("status %d, %v, %v", f.answer.StatusCode, body, err)
	}
	if !hasOutcome(f.heard, want) {
		t.Errorf("heard %v, want %s", f.heard, want)
	}
	check, isCheck := strings.CutPrefix(want, "check ")
	if isCheck && !strings.HasPrefix(body.Error_description, check+" must") ||
		!isCheck && body.Error_description != "" {
		t.Errorf("described as %q", body.Error_description)
	}
}

func logoutForm(tokens ...string) *http.Request {
	return post("/backchannel?a=b", url.Values{"logout_token": tokens, "x": {"y", "z"}}.Encode())
}

func TestBackChannelLogout(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	token := w.logoutToken(logoutType, nil)
	f := deliver(t, logoutForm(token), nil, w.client.BackChannelLogout)
	body := make([]byte, 1)
	if n, _ := f.answer.Body.Read(body); f.answer.StatusCode != 200 || n != 0 || f.calls != 1 ||
		f.who != (Identity{w.Issuer(), "alice"}) || f.sid != "s" {
		t.Errorf("got %+v", f)
	}
	f = deliver(t, logoutForm(token), nil, w.client.BackChannelLogout)
	f.wantRefused(t, "check jti")
	if f.calls != 0 {
		t.Error("logged out again")
	}
}

func TestBackChannelLogoutRefuses(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	good := w.logoutToken(logoutType, nil)
	inQuery := post("/backchannel?logout_token="+good, "")
	get := httptest.NewRequest("GET", "/backchannel?logout_token="+good, nil)
	put := logoutForm(good)
	put.Method = "PUT"
	bodiless := logoutForm(good)
	bodiless.Body = nil
	asJSON := httptest.NewRequest("POST", "/", strings.NewReader(`{"logout_token":"`+good+`"}`))
	asJSON.Header.Set("Content-Type", "application/json")
	for _, tt := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"a GET", get, "check logout_request"},
		{"a PUT", put, "check logout_request"},
		{"no form", post("/", "%zz"), "check logout_request"},
		{"a long form", logoutForm(strings.Repeat("a", 64<<10)), "check logout_request"},
		{"no body", bodiless, "check logout_request"},
		{"JSON", asJSON, "check logout_token"},
		{"nothing", post("/", ""), "check logout_token"},
		{"token in the query", inQuery, "check logout_token"},
		{"two tokens", logoutForm(good, good), "check logout_token"},
		{"bad token", logoutForm(w.logoutToken(logoutType, claim("nonce", "n"))), "check nonce"},
		{"bad signature", logoutForm(forged(good)), "signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := deliver(t, tt.r, nil, w.client.BackChannelLogout)
			f.wantRefused(t, tt.want)
			if f.calls != 0 {
				t.Error("logged out")
			}
		})
	}
	if f := deliver(t, logoutForm(good), nil, w.client.BackChannelLogout); f.heard != nil {
		t.Error(f.heard)
	}
}

// A form may have 64 KiB, and no byte more.
func TestBackChannelLogoutSize(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for size, want := range map[int]string{64 << 10: "", 64<<10 + 1: "check logout_request"} {
		form := "logout_token=" + w.logoutToken(logoutType, nil) + "&x="
		r := post("/", form+strings.Repeat("y", size-len(form)))
		f := deliver(t, r, nil, w.client.BackChannelLogout)
		if want == "" && f.heard != nil {
			t.Errorf("%d bytes: %v", size, f.heard)
		} else if want != "" {
			f.wantRefused(t, want)
		}
	}
}

func TestLogoutFuncFails(t *testing.T) {
	broken := errors.New("the database is down at 10.0.0.1")
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, f := range []farewell{
		deliver(t, logoutForm(w.logoutToken(logoutType, nil)), broken, w.client.BackChannelLogout),
		deliver(t, front("iss="+w.Issuer()+"&sid=s"), broken, w.client.FrontChannelLogout),
	} {
		if f.calls != 1 || !errors.Is(f.heard, broken) {
			t.Errorf("heard %v", f.heard)
		}
		f.wantRefused(t, broken.Error())
	}
}

// Nobody need listen.
func TestLogoutWithoutListener(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, h := range []http.Handler{
		w.client.BackChannelLogout(nil, nil), w.client.FrontChannelLogout(nil, nil),
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("DELETE", "/", nil))
		if rec.Code != 400 {
			t.Errorf("status %d", rec.Code)
		}
	}
}

func front(query string) *http.Request {
	return httptest.NewRequest("GET", "/frontchannel?"+query, nil)
}

func TestFrontChannelLogout(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	iss := "iss=" + url.QueryEscape(w.Issuer())
	head := front(iss + "&sid=s")
	head.Method = "HEAD"
	for _, tt := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"both", front(iss + "&sid=the+session"), "ok"},
		{"and more", front("tenant=1&" + iss + "&sid=the+session"), "ok"},
		{"neither", front(""), "check iss"},
		{"no session", front(iss), "check sid"},
		{"empty session", front(iss + "&sid="), "check sid"},
		{"no issuer", front("sid=s"), "check iss"},
		{"empty issuer", front("iss=&sid=s"), "check iss"},
		{"another issuer", front("iss=https://stranger.example&sid=s"), "check iss"},
		{"issuer with a slash more", front(iss + "/&sid=s"), "check iss"},
		{"two sessions", front(iss + "&sid=a&sid=b"), "check parameters"},
		{"two issuers", front(iss + "&sid=a&" + iss), "check parameters"},
		{"no form", front(iss + "&sid=s&%zz"), "check parameters"},
		{"a POST", post("/frontchannel", iss+"&sid=s"), "check logout_request"},
		{"a link preview", head, "check logout_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := deliver(t, tt.r, nil, w.client.FrontChannelLogout)
			if tt.want != "ok" {
				f.wantRefused(t, tt.want)
				if f.calls != 0 {
					t.Error("logged out")
				}
				return
			}
			if f.answer.StatusCode != 200 || f.who != (Identity{Issuer: w.Issuer()}) ||
				f.sid != "the session" || f.calls != 1 ||
				f.answer.Header.Get("X-Frame-Options") != "" {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestFrontChannelLogoutOfATenant(t *testing.T) {
	w := allowing(t, "")
	for tenant, want := range map[string]string{"one": "ok", "three": "check iss"} {
		r := front(url.Values{"iss": {w.Issuer() + "/" + tenant + "/v2.0"}, "sid": {"s"}}.Encode())
		who, sid, err := w.client.ReadFrontChannelLogout(r)
		if outcome(err) != want || (err == nil) == who.IsZero() || (err == nil) != (sid == "s") {
			t.Errorf("%s: %v, %q, %v", tenant, who, sid, err)
		}
	}
}
