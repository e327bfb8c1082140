package oauth1

import (
	"errors"
	"net/url"
	"testing"
	"time"
)

func renewable() *Token {
	return newToken(Record{
		Token: "old", Secret: "olds", ExpiresAt: 900,
		Extra: map[string]string{"oauth_session_handle": "hand/le", "user_id": "7"},
	})
}

func TestRenew(t *testing.T) {
	const renewed = "oauth_token=new&oauth_token_secret=sss&oauth_expires_in=60"
	handle := []Param{{"oauth_session_handle", "hand/le"}}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   wanted
	}{
		{"at the token URL", func(*Config) {}, wanted{}},
		{"at a URL of its own", func(c *Config) {
			c.RenewalURL = "https://provider.example/renew?a=1"
		}, wanted{url: "renew?a=1"}},
		{"without another URL", func(c *Config) {
			*c = Config{ID: c.ID, Secret: c.Secret, HTTP: c.HTTP, Now: c.Now,
				RenewalURL: "https://provider.example/renew"}
		}, wanted{url: "renew"}},
		{"GET", func(c *Config) {
			c.TokenMethod, c.TokenParams = "GET", url.Values{"a": {"b c"}}
		}, wanted{method: "GET", url: "access_token?a=b%20c"}},
		{"parameters", func(c *Config) { c.TokenParams = url.Values{"a": {"b c"}} },
			wanted{form: "a=b+c"}},
		{"POST whatever the first step's method",
			func(c *Config) { c.TemporaryCredentialMethod = "GET" }, wanted{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(renewed)
			c := s.client(t, tt.change)
			tok, err := c.Renew(t.Context(), renewable())
			if err != nil {
				t.Fatal(err)
			}
			w := tt.want.at("access_token")
			w.token, w.secret, w.protocol = "old", "olds", handle
			s.only(t, c, w)
			if tok.Token() != "new" || tok.Secret() != "sss" || tok.Extra("user_id") != "" ||
				!tok.Expiry().Equal(time.Unix(1060, 0)) {
				t.Errorf("token %q, %q until %s", tok.Token(), tok.Secret(), tok.Expiry())
			}
		})
	}
}

func TestRenewKeepsOrReplacesTheHandle(t *testing.T) {
	const renewed = "oauth_token=new&oauth_token_secret=sss"
	for body, want := range map[string]string{
		renewed:                                "hand/le",
		renewed + "&oauth_session_handle=":     "hand/le",
		renewed + "&oauth_session_handle=next": "next",
	} {
		old := renewable()
		tok, err := scriptOf(body).client(t).Renew(t.Context(), old)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Extra("oauth_session_handle"); got != want {
			t.Errorf("%s: handle %q, want %q", body, got, want)
		}
		if old.Token() != "old" || old.Extra("oauth_session_handle") != "hand/le" {
			t.Error("the old token changed")
		}
	}
}

func TestRenewRefuses(t *testing.T) {
	const clause = "OAuth Session, Section 3"
	noURL := func(c *Config) { *c = Config{ID: "a", Secret: "b"} }
	none := func(*Config) {}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		tok    *Token
		check  string
	}{
		{"nowhere to renew at", noURL, renewable(), "renewal_url"},
		{"nothing at all", noURL, nil, "renewal_url"},
		{"nil token", none, nil, "session_handle"},
		{"zero token", none, new(Token), "session_handle"},
		{"no token", none, NoToken(), "session_handle"},
		{"no handle", none, newToken(Record{Token: "old", Secret: "olds"}), "session_handle"},
		{"empty handle", none, newToken(Record{Token: "old", Secret: "olds",
			Extra: map[string]string{"oauth_session_handle": ""}}), "session_handle"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(goodToken)
			tok, err := s.client(t, tt.change).Renew(t.Context(), tt.tok)
			wantClause(t, err, tt.check, clause)
			if tok != nil {
				t.Error("a token beside the error")
			}
			s.nothing(t)
		})
	}
}

func TestRenewReadsItsResponse(t *testing.T) {
	tok, err := scriptOf("oauth_token=new").client(t).Renew(t.Context(), renewable())
	wantClause(t, err, "token_secret", "OAuth Session, Section 3")
	if tok != nil {
		t.Error("a token beside the error")
	}
	s := &script{answers: []scripted{{401, nil, "oauth_problem=token_expired&x=hand%2Fle hand/le"}}}
	_, err = s.client(t).Renew(t.Context(), renewable())
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Status != 401 || e.Problem != "token_expired" {
		t.Fatalf("got %v", err)
	}
	const want = "oauth_problem=token_expired&x=[redacted] [redacted]"
	if got := e.Excerpt(); got != want {
		t.Errorf("excerpt %s, want %s", got, want)
	}
}
