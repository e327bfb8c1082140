package oauth2

import (
	"strings"
	"testing"
)

func TestTransactionRoundTrip(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	req := begin(t, c, "read")
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if txn.State() != req.Transaction.State() {
		t.Errorf("state is %q", txn.State())
	}
	tok, err := c.Callback(t.Context(), answered(&txn), &txn)
	if err != nil {
		t.Fatal(err)
	}
	if len(tok.Scopes) != 1 || tok.Scopes[0] != "read" {
		t.Errorf("scopes are %q", tok.Scopes)
	}
	sent := s.requests()[0]
	for _, want := range []string{req.Transaction.data().Verifier,
		"redirect_uri=https%3A%2F%2Frp.example%2Fcb"} {
		if !strings.Contains(sent, want) {
			t.Errorf("sent %q without what was stored", sent)
		}
	}
}

// What is no transaction is an error, and leaves the one there as it was.
func TestTransactionGarbage(t *testing.T) {
	verifier := strings.Repeat("v", 43)
	for _, garbage := range []string{
		"", " ", "null", "{}", "[]", `"x"`, "\x00", `{"s":1}`,
		`{"v":"` + verifier + `"}`,
		`{"s":"","v":"` + verifier + `"}`,
		`{"s":"s"}`,
		`{"s":"s","v":""}`,
		`{"s":"s","v":"` + verifier[1:] + `"}`,
		`{"s":"s","v":"` + verifier + `"`,
		`{"s":"s","v":"` + verifier + `"}{}`,
	} {
		txn := begin(t, newClient(t, configAt("https://as.example"))).Transaction
		before := txn.State()
		if got := outcome(txn.UnmarshalBinary([]byte(garbage))); got != "not transaction" {
			t.Errorf("%q: outcome %q", garbage, got)
		}
		if txn.State() != before {
			t.Errorf("%q: the transaction has changed", garbage)
		}
	}
	var txn Transaction
	if err := txn.UnmarshalBinary([]byte(`{"s":"s","v":"` + verifier + `"}`)); err != nil ||
		txn.State() != "s" {
		t.Errorf("the least there can be: %v", err)
	}
}

// The zero Transaction is that of no request.
func TestZeroTransaction(t *testing.T) {
	for name, txn := range map[string]*Transaction{"nil": nil, "zero": {}} {
		if txn.State() != "" {
			t.Errorf("%s: state %q", name, txn.State())
		}
		if b, err := txn.MarshalBinary(); outcome(err) != "not transaction" || b != nil {
			t.Errorf("%s: stored as %q, %v", name, b, err)
		}
	}
}
