package oauth1

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

func TestTokenRecord(t *testing.T) {
	const stored = `{"oauth_token":"t","oauth_token_secret":"s","extra":{"user_id":"7"}}`
	var r Record
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		t.Fatal(err)
	}
	tok, err := FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if tok.Token() != "t" || tok.Secret() != "s" ||
		tok.Extra("user_id") != "7" || tok.Extra("x") != "" {
		t.Errorf("token %q, secret %q, user %q", tok.Token(), tok.Secret(), tok.Extra("user_id"))
	}
	if text, err := json.Marshal(tok.Record()); err != nil || string(text) != stored {
		t.Errorf("stored again as %s, %v", text, err)
	}
}

func TestTokenKeepsItsOwnExtra(t *testing.T) {
	extra := map[string]string{"a": "1"}
	tok, err := FromRecord(Record{Token: "t", Secret: "s", Extra: extra})
	if err != nil {
		t.Fatal(err)
	}
	extra["a"] = "2"
	maps.Copy(tok.Record().Extra, map[string]string{"a": "3"})
	if tok.Extra("a") != "1" {
		t.Errorf("extra became %s", tok.Extra("a"))
	}
}

func TestFromRecordRefuses(t *testing.T) {
	for _, r := range []Record{{}, {Token: "t"}, {Secret: "s"}} {
		tok, err := FromRecord(r)
		wantCheck(t, err, "record")
		if tok != nil {
			t.Error("a token beside the error")
		}
	}
}

func TestTokenIsNotForJSON(t *testing.T) {
	tok := *newToken(Record{Token: "t", Secret: "s"})
	for _, v := range []any{tok, &tok, struct{ T Token }{tok}, []*Token{&tok}} {
		text, err := json.Marshal(v)
		if err == nil || !strings.Contains(err.Error(), "use Record") {
			t.Errorf("%T: %s, %v", v, text, err)
		}
	}
}

func TestZeroToken(t *testing.T) {
	var tok Token
	if tok.Token() != "" || tok.Secret() != "" || tok.Extra("a") != "" {
		t.Error("the zero Token holds something")
	}
	_, err := FromRecord(tok.Record())
	wantCheck(t, err, "record")
}
