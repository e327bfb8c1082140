package registry_test

import (
	"encoding/json"
	"strings"
	"testing"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

// A token of either protocol comes back from a row of JSON as it was.
func TestTokenRecord(t *testing.T) {
	for name, text := range map[string]string{
		"oauth1": `{"oauth1":{"oauth_token":"a","oauth_token_secret":"b"}}`,
		"oauth2": `{"oauth2":{"access_token":"a","token_type":"Bearer","refresh_token":"b","expires_at":5}}`,
	} {
		var r registry.Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		tok, err := registry.FromRecord(r)
		if err != nil || (tok.OAuth1 != nil) != (name == "oauth1") || (tok.OAuth2 != nil) != (name == "oauth2") {
			t.Fatalf("%s: %v, %v", name, tok, err)
		}
		if back, err := json.Marshal(tok.Record()); err != nil || string(back) != text {
			t.Errorf("%s: %s, %v", name, back, err)
		}
	}
}

func TestTokenRecordRefused(t *testing.T) {
	one, two := &oauth1.Record{Token: "a", Secret: "b"}, &oauth2.Record{AccessToken: "a"}
	for name, r := range map[string]registry.Record{
		"none": {}, "both": {OAuth1: one, OAuth2: two},
	} {
		if tok, err := registry.FromRecord(r); tok != (registry.Token{}) || err == nil ||
			!strings.Contains(err.Error(), "must have one token") {
			t.Errorf("%s: %v, %v", name, tok, err)
		}
	}
	for name, r := range map[string]registry.Record{
		"empty of OAuth 1.0": {OAuth1: &oauth1.Record{}}, "empty of OAuth 2.0": {OAuth2: &oauth2.Record{}},
	} {
		if tok, err := registry.FromRecord(r); tok != (registry.Token{}) || err == nil {
			t.Errorf("%s: %v, %v", name, tok, err)
		}
	}
	if r := (registry.Token{}).Record(); r != (registry.Record{}) {
		t.Errorf("of none: %v", r)
	}
}
