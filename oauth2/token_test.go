package oauth2

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestZeroToken(t *testing.T) {
	for name, tok := range map[string]*Token{"nil": nil, "zero": {}} {
		if tok.AccessToken() != "" || tok.RefreshToken() != "" || tok.IDToken() != "" ||
			tok.Extra("a") != nil {
			t.Errorf("%s: has something", name)
		}
	}
	if (&Token{}).Expired(start) {
		t.Error("a token whose end is not known has ended")
	}
}

// A Token is not stored by accident.
func TestTokenMarshalJSON(t *testing.T) {
	tok, err := FromRecord(Record{AccessToken: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"pointer": tok, "value": *tok, "in a struct": struct{ Token Token }{*tok},
		"in a list": []*Token{tok},
	} {
		b, err := json.Marshal(v)
		if err == nil {
			t.Errorf("%s: %s", name, b)
			continue
		}
		wantText(t, err, ": oauth2: a Token is stored by its Record method")
	}
}

// The member names are Authlib's, so that its stored tokens can be read.
func TestRecord(t *testing.T) {
	const stored = `{"access_token":"a","token_type":"Bearer","refresh_token":"r",` +
		`"expires_at":1795262400,"scope":"read write","id_token":"i",` +
		`"extra":{"team":{"id":9007199254740993}}}`
	var r Record
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		t.Fatal(err)
	}
	tok, err := FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if tok.AccessToken() != "a" || tok.TokenType != "Bearer" || tok.RefreshToken() != "r" ||
		tok.IDToken() != "i" || !slices.Equal(tok.Scopes, []string{"read", "write"}) ||
		!tok.ExpiresAt.Equal(time.Unix(1795262400, 0)) ||
		string(tok.Extra("team")) != `{"id":9007199254740993}` {
		t.Errorf("token is %+v", tok.held())
	}
	again, err := json.Marshal(tok.Record())
	if err != nil || string(again) != stored {
		t.Errorf("stored again as %s, %v", again, err)
	}
}

func TestRecordOfLittle(t *testing.T) {
	tok, err := FromRecord(Record{AccessToken: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if tok.TokenType != "Bearer" || !tok.ExpiresAt.IsZero() || len(tok.Scopes) > 0 {
		t.Errorf("token is %+v", tok)
	}
	b, err := json.Marshal(tok.Record())
	if want := `{"access_token":"a","token_type":"Bearer"}`; err != nil || string(b) != want {
		t.Errorf("stored as %s, want %s", b, want)
	}
	if text := fmt.Sprint(tok.Record()); text != "oauth2.Record{...}" {
		t.Errorf("printed as %s", text)
	}
	if r := (*Token)(nil).held(); r == nil {
		t.Error("nil holds nothing that can be asked")
	}
}

// RFC 6749, Section 7.1: a token whose type is not understood is not used.
func TestFromRecordRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		record Record
		want   string
	}{
		{"nothing", Record{}, "check access_token"},
		{"refresh token only", Record{TokenType: "Bearer", RefreshToken: "r"}, "ok"},
		{"ID token only", Record{TokenType: "Bearer", IDToken: "i"}, "check access_token"},
		{"two lines beside a refresh token", Record{AccessToken: "a\n", RefreshToken: "r"},
			"check access_token"},
		{"two lines", Record{AccessToken: "a\r\nX: y"}, "check access_token"},
		{"other letters", Record{AccessToken: "\u00e9"}, "check access_token"},
		{"DEL", Record{AccessToken: "\x7f"}, "check access_token"},
		{"a space and ~", Record{AccessToken: " ~"}, "ok"},
		{"MAC", Record{AccessToken: "a", TokenType: "MAC"}, "check token_type"},
		{"bearer", Record{AccessToken: "a", TokenType: "bearer"}, "ok"},
		{"N_A", Record{AccessToken: "a", TokenType: "N_A"}, "check token_type"},
		{"N_A of a type", Record{AccessToken: "a", TokenType: "N_A", IssuedTokenType: "x"}, "ok"},
		{"MAC of a type", Record{AccessToken: "a", TokenType: "MAC", IssuedTokenType: "x"},
			"check token_type"},
		{"no type, of a type", Record{AccessToken: "a", IssuedTokenType: "x"}, "ok"},
	} {
		tok, err := FromRecord(test.record)
		if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, tok, got, test.want)
		}
	}
}

func TestFromRecordRefusesText(t *testing.T) {
	_, err := FromRecord(Record{AccessToken: canary + "\n"})
	wantText(t, err, "access_token must be a printable string (RFC 6749, Section 5.1)")
	mustNotShow(t, "access token", err)
	_, err = FromRecord(Record{AccessToken: "a", TokenType: canary})
	wantText(t, err, "token_type must be Bearer (RFC 6749, Section 7.1)")
	mustNotShow(t, "type", err)
}

// What others have stored can be read: their JSON, written by hand.
func TestRecordOfOthers(t *testing.T) {
	expiry := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, stored string
		ends         time.Time
		again        string // as Record stores it
	}{
		{"Authlib", `{"access_token":"a","token_type":"Bearer","refresh_token":"r",` +
			`"expires_in":3600,"expires_at":1795262400,"scope":"read write",` +
			`"userinfo":{"sub":"1"}}`,
			expiry,
			`{"access_token":"a","token_type":"Bearer","refresh_token":"r",` +
				`"expires_at":1795262400,"expires_in":3600,"scope":"read write"}`},
		{"Authlib, without an end", `{"access_token":"a","token_type":"bearer",` +
			`"refresh_token":null,"expires_at":null,"scope":null}`, time.Time{},
			`{"access_token":"a","token_type":"bearer"}`},
		{"x/oauth2", `{"access_token":"a","token_type":"bearer","refresh_token":"r",` +
			`"expiry":"2026-11-21T12:00:00Z"}`, expiry,
			`{"access_token":"a","token_type":"bearer","refresh_token":"r",` +
				`"expires_at":1795262400}`},
		{"x/oauth2 elsewhere", `{"access_token":"a","expiry":"2026-11-21T13:00:00.5+01:00",` +
			`"expires_in":3600}`, expiry.Add(time.Second / 2),
			`{"access_token":"a","token_type":"Bearer","expires_at":1795262400,"expires_in":3600}`},
		{"x/oauth2, without an end", `{"access_token":"a","token_type":"Bearer",` +
			`"expiry":"0001-01-01T00:00:00Z"}`, time.Time{},
			`{"access_token":"a","token_type":"Bearer"}`},
		{"both", `{"access_token":"a","expires_at":5,"expiry":"2026-11-21T12:00:00Z"}`,
			time.Unix(5, 0), `{"access_token":"a","token_type":"Bearer","expires_at":5}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r Record
			if err := json.Unmarshal([]byte(test.stored), &r); err != nil {
				t.Fatal(err)
			}
			tok := stored(t, r)
			if tok.AccessToken() != "a" || !tok.ExpiresAt.Equal(test.ends) ||
				tok.ExpiresAt.IsZero() != test.ends.IsZero() {
				t.Errorf("token is %+v, %+v", tok, tok.held())
			}
			again, err := json.Marshal(tok.Record())
			if err != nil || string(again) != test.again {
				t.Errorf("stored again as %s, %v", again, err)
			}
		})
	}
}

// All of a token that was read is there once it was stored.
func TestRecordOfAll(t *testing.T) {
	tok, err := read(200, "application/json", `{"access_token":"a","token_type":"N_A",
		"issued_token_type":"i","expires_in":60,"refresh_token":"r","scope":"read write",
		"id_token":"j","team":{"id":1}}`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"access_token":"a","token_type":"N_A","refresh_token":"r",` +
		`"expires_at":1795262460,"expires_in":60,"scope":"read write","id_token":"j",` +
		`"issued_token_type":"i","extra":{"team":{"id":1}}}`
	first, err := json.Marshal(tok.Record())
	if err != nil || string(first) != want {
		t.Errorf("stored as %s, %v", first, err)
	}
	again, err := json.Marshal(stored(t, tok.Record()).Record())
	if err != nil || string(again) != want {
		t.Errorf("stored again as %s, %v", again, err)
	}
}

// How long a token was given for is kept, as far as it can be so.
func TestRecordOfLife(t *testing.T) {
	for stored, want := range map[int64]int64{
		0: 0, 1: 1, 3600: 3600, -1: 0, -1 << 63: 0, century: century, century + 1: century,
		1<<63 - 1: century,
	} {
		tok := made("a", "r", start)
		for _, ends := range []int64{0, start.Unix()} {
			r := tok.Record()
			r.ExpiresAt, r.ExpiresIn = ends, stored
			got, err := FromRecord(r)
			if err != nil || got.life != time.Duration(want)*time.Second ||
				got.Record().ExpiresIn != want || got.ExpiresAt.IsZero() != (ends == 0) {
				t.Errorf("%d: %+v, %v", stored, got, err)
			}
		}
	}
}

// It is that of the last refresh, also where the refresh token is the one before.
func TestLifeOfRefreshed(t *testing.T) {
	for body, want := range map[string]int64{
		`{"access_token":"b","token_type":"Bearer","expires_in":60}`:           60,
		`{"access_token":"b","token_type":"Bearer","expires_at":1795262430}`:   30,
		`{"access_token":"b","token_type":"Bearer","expires_in":-5}`:           0,
		`{"access_token":"b","token_type":"Bearer","expires_in":200000000000}`: century,
		`{"access_token":"b","token_type":"Bearer"}`:                           0,
	} {
		s := newServer(t, answerJSON(200, body))
		old := made("a", "r", start)
		old.life = time.Hour
		tok, err := newClient(t, configAt(s.URL)).Refresh(t.Context(), old, TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r := tok.Record(); r.ExpiresIn != want || r.RefreshToken != "r" {
			t.Errorf("%s: given for %d", body, r.ExpiresIn)
		}
	}
}

// A token that ended when time began has an end still: 0 would mean that it has none.
func TestRecordOfAnEndAtZero(t *testing.T) {
	for _, at := range []int64{0, -5, 1} {
		tok, err := read(200, "application/json", fmt.Sprintf(
			`{"access_token":"a","token_type":"Bearer","expires_at":%d}`, at))
		if err != nil {
			t.Fatal(err)
		}
		if again := stored(t, tok.Record()); !again.Expired(start) || again.ExpiresAt.Unix() != 1 {
			t.Errorf("%d: ends %v", at, again.ExpiresAt)
		}
	}
}

// A token's scopes are its own.
func TestScopesAreACopy(t *testing.T) {
	scopes := []string{"read"}
	s := newServer(t, answerJSON(200, goodToken))
	tok, err := newClient(t, configAt(s.URL)).ClientCredentials(t.Context(),
		TokenOptions{Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	scopes[0] = "admin"
	if !slices.Equal(tok.Scopes, []string{"read"}) {
		t.Errorf("scopes are %q", tok.Scopes)
	}
}

func TestExpired(t *testing.T) {
	tok := &Token{ExpiresAt: start}
	for after, want := range map[time.Duration]bool{-1: false, 0: true, 1: true} {
		if got := tok.Expired(start.Add(after)); got != want {
			t.Errorf("%v after its end: expired is %v", after, got)
		}
	}
}

// The bytes of further members are the token's: nobody changes them from outside.
func TestExtraIsACopy(t *testing.T) {
	r := Record{AccessToken: "a", Extra: map[string]json.RawMessage{"x": json.RawMessage(`"1"`)}}
	tok, err := FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string) {
		t.Helper()
		if got := string(tok.Extra("x")); got != `"1"` || tok.Extra("y") != nil {
			t.Errorf("%s: %s", what, got)
		}
	}
	r.Extra["x"][1] = '2'
	r.Extra["y"] = json.RawMessage(`1`)
	same("the record it was made of")
	tok.Extra("x")[1] = '3'
	same("what was returned")
	again := tok.Record()
	again.Extra["x"][1] = '4'
	again.Extra["y"] = json.RawMessage(`1`)
	same("the record made of it")
	if bare := stored(t, Record{AccessToken: "a"}); bare.Record().Extra != nil {
		t.Errorf("extra of nothing is %v", bare.Record().Extra)
	}
}
