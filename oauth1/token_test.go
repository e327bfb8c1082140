package oauth1

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestTokenRecord(t *testing.T) {
	const stored = `{"oauth_token":"t","oauth_token_secret":"s","expires_at":4600,` +
		`"extra":{"user_id":"7"}}`
	var r Record
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		t.Fatal(err)
	}
	tok, err := FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if tok.Token() != "t" || tok.Secret() != "s" ||
		tok.Extra("user_id") != "7" || tok.Extra("x") != "" ||
		!tok.Expiry().Equal(time.Unix(4600, 0)) {
		t.Errorf("token %q, secret %q, user %q, until %s",
			tok.Token(), tok.Secret(), tok.Extra("user_id"), tok.Expiry())
	}
	if text, err := json.Marshal(tok.Record()); err != nil || string(text) != stored {
		t.Errorf("stored again as %s, %v", text, err)
	}
}

// What is not known is not stored.
func TestRecordOfABareToken(t *testing.T) {
	tok, err := FromRecord(Record{Token: "t", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tok.Record())
	if want := `{"oauth_token":"t","oauth_token_secret":"s"}`; err != nil || string(text) != want {
		t.Errorf("stored as %s, %v", text, err)
	}
}

// A token survives being stored as it came from a provider.
func TestTokenOfAResponseRoundTrip(t *testing.T) {
	tok, err := tokenOf(t, goodToken+"&oauth_expires_in=60&a=%00%C3%A9%22%5C&=x")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tok.Record())
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	again, err := FromRecord(r)
	if err != nil || again.Token() != "new" || again.Secret() != "sss" ||
		!again.Expiry().Equal(tok.Expiry()) || !maps.Equal(r.Extra, tok.Record().Extra) {
		t.Errorf("came back as %s, %v", text, err)
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

// A token without a secret may be what Config.InsecureNoTokenSecret is for.
func TestFromRecordTakesATokenAlone(t *testing.T) {
	tok, err := FromRecord(Record{Token: "t"})
	if err != nil || tok.Token() != "t" || tok.Secret() != "" || !tok.Expiry().IsZero() {
		t.Fatalf("got %v, %v", tok, err)
	}
	if _, err := newClient(t, goodConfig()).Signer(tok); err == nil {
		t.Error("signed with")
	}
}

func TestFromRecordRefuses(t *testing.T) {
	extra := map[string]string{"a": "b"}
	for _, r := range []Record{{}, {Secret: "s"}, {Secret: "s", ExpiresAt: 1, Extra: extra}} {
		tok, err := FromRecord(r)
		wantClause(t, err, "record", section23)
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
	if tok.Token() != "" || tok.Secret() != "" || tok.Extra("a") != "" || !tok.Expiry().IsZero() {
		t.Error("the zero Token holds something")
	}
	_, err := FromRecord(tok.Record())
	wantCheck(t, err, "record")
	_, err = FromRecord(NoToken().Record())
	wantCheck(t, err, "record")
}
