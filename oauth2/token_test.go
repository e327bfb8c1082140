package oauth2

import (
	"encoding/json"
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
		wantText(t, err, "oauth2: a Token is stored by its Record method")
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
		{"no access token", Record{TokenType: "Bearer", RefreshToken: "r"},
			"check access_token"},
		{"MAC", Record{AccessToken: "a", TokenType: "MAC"}, "check token_type"},
		{"bearer", Record{AccessToken: "a", TokenType: "bearer"}, "ok"},
	} {
		tok, err := FromRecord(test.record)
		if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, tok, got, test.want)
		}
	}
}
