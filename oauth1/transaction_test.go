package oauth1

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestTransactionRoundTrip(t *testing.T) {
	c := newClient(t, goodConfig())
	txn := newTransaction(transaction{
		Digest: c.digest[:], Token: "a \"<&>\u2028é", Secret: "s\x00",
		RedirectURI: "https://site.example/cb",
	})
	data, err := txn.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got Transaction
	if err := got.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if got.Token() != txn.Token() || got.RedirectURI() != txn.RedirectURI() ||
		got.data().Secret != txn.data().Secret || !bytes.Equal(got.data().Digest, c.digest[:]) {
		t.Errorf("came back as %+v", got.data())
	}
}

func TestTransactionRefusesOtherBytes(t *testing.T) {
	const good = `{"Digest":"YQ==","Token":"t","Secret":"s","RedirectURI":"https://site.example/"}`
	var txn Transaction
	if err := txn.UnmarshalBinary([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"empty":              "",
		"no JSON":            "oauth_token=t",
		"null":               "null",
		"list":               "[]",
		"cut short":          good[:len(good)-1],
		"something after it": good + "{}",
		"line after it":      good + "\n",
		"no token":           strings.Replace(good, `"t"`, `""`, 1),
		"null token":         strings.Replace(good, `"t"`, `null`, 1),
		"other order": `{"Token":"t","Digest":"YQ==","Secret":"s",` +
			`"RedirectURI":"https://site.example/"}`,
		"spaces":             strings.Replace(good, `:"t"`, `: "t"`, 1),
		"escaped":            strings.Replace(good, `"t"`, `"\u0074"`, 1),
		"member missing":     strings.Replace(good, `"Secret":"s",`, ``, 1),
		"not UTF-8":          strings.Replace(good, `"t"`, "\"\xff\"", 1),
		"base64 that is not": strings.Replace(good, `YQ==`, `YQ=`, 1),
		"further member":     strings.Replace(good, `{`, `{"State":"x",`, 1),
		"member twice":       strings.Replace(good, `{`, `{"Token":"x",`, 1),
		"other case":         strings.Replace(good, `"Token"`, `"token"`, 1),
		"wrong type":         strings.Replace(good, `"t"`, `1`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			err := txn.UnmarshalBinary([]byte(in))
			wantClause(t, err, "transaction", section21)
			if txn.Token() != "t" {
				t.Error("the transaction changed")
			}
		})
	}
}

func TestZeroTransaction(t *testing.T) {
	var txn Transaction
	if txn.Token() != "" || txn.RedirectURI() != "" {
		t.Error("the zero Transaction holds something")
	}
	_, err := txn.MarshalBinary()
	wantClause(t, err, "transaction", section21)
}

// Where the provider gives none, there is no secret.
func TestTransactionWithoutASecret(t *testing.T) {
	txn := newTransaction(transaction{Token: "t"})
	data, err := txn.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got Transaction
	if err := got.UnmarshalBinary(data); err != nil || got.Token() != "t" {
		t.Errorf("came back as %+v, %v", got.data(), err)
	}
}

// No two configurations share a digest, not even ones that join to the same text.
func TestDigest(t *testing.T) {
	base := Config{ID: "a", TemporaryCredentialURL: "b", AuthorizationURL: "c", TokenURL: "d"}
	seen := map[[32]byte]bool{base.digest(): true}
	for _, c := range []Config{
		{ID: "x", TemporaryCredentialURL: "b", AuthorizationURL: "c", TokenURL: "d"},
		{ID: "a", TemporaryCredentialURL: "x", AuthorizationURL: "c", TokenURL: "d"},
		{ID: "a", TemporaryCredentialURL: "b", AuthorizationURL: "x", TokenURL: "d"},
		{ID: "a", TemporaryCredentialURL: "b", AuthorizationURL: "c", TokenURL: "x"},
		{ID: `a" "b`, AuthorizationURL: "c", TokenURL: "d"},
		{ID: "ab", AuthorizationURL: "c", TokenURL: "d"},
	} {
		if seen[c.digest()] {
			t.Errorf("%+v shares its digest", c)
		}
		seen[c.digest()] = true
	}
	other := base
	other.Secret, other.Realm = "rotated", "r"
	if other.digest() != base.digest() {
		t.Error("a rotated secret or another realm ends open logins")
	}
}

// A struct that holds one must not be kept as JSON, in which it would be lost.
func TestTransactionIsNotForJSON(t *testing.T) {
	txn := newTransaction(transaction{Token: "a"})
	for _, v := range []any{txn, *txn, AuthorizationRequest{URL: "u", Transaction: txn}} {
		if text, err := json.Marshal(v); err == nil || !strings.Contains(err.Error(), "MarshalBinary") {
			t.Errorf("%T: %s, %v", v, text, err)
		}
	}
}
