package oidc

import (
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/oidc/oidctest"
)

func TestTransactionRoundTrip(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	hour := time.Hour
	req := w.begin(AuthorizationOptions{MaxAge: &hour, ACRValues: []string{"gold", "silver"}})
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	before, after := req.Transaction.data().Expected, txn.data().Expected
	if txn.State() != req.Transaction.State() || after.Nonce != before.Nonce ||
		*after.MaxAge != 3600 ||
		!slices.Equal(after.ACRValues, []string{"gold", "silver"}) {
		t.Errorf("restored %+v", after)
	}
	if _, err := w.client.Callback(t.Context(), w.browse(req.URL), &txn); err != nil {
		t.Error(err)
	}
}

// What the request asked for survives storing, and so do the checks.
func TestTransactionKeepsWhatWasAsked(t *testing.T) {
	hour := time.Hour
	for _, test := range []struct {
		claim   string
		options AuthorizationOptions
	}{
		{"nonce", AuthorizationOptions{}},
		{"auth_time", AuthorizationOptions{MaxAge: &hour}},
		{"acr", AuthorizationOptions{ACRValues: []string{"gold"}}},
	} {
		w := newWorld(t, oidctest.Options{EditIDToken: claim(test.claim, nil)}, nil, nil)
		req := w.begin(test.options)
		stored, err := req.Transaction.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var txn Transaction
		if err := txn.UnmarshalBinary(stored); err != nil {
			t.Fatal(err)
		}
		_, err = w.client.Callback(t.Context(), w.browse(req.URL), &txn)
		if outcome(err) != "check "+test.claim {
			t.Errorf("%s: error is %v", test.claim, err)
		}
	}
}

// Nothing of what the ID Token is held to is lost in a store, which would switch off a check.
func TestTransactionKeepsAllExpectations(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	second := int64(1)
	want := expectations{"n", &second, 2, []string{"a"}, []string{"e"}, true, "s", "i"}
	oauth := w.begin(AuthorizationOptions{}).Transaction.data().OAuth
	before := newTransaction(transactionData{oauth, want})
	stored, err := before.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var after Transaction
	if err := after.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if got := after.data().Expected; !reflect.DeepEqual(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
}

// What is no transaction is an error, and leaves the one there as it was.
func TestTransactionGarbage(t *testing.T) {
	inner := `{"s":"s","v":"` + strings.Repeat("v", 43) + `"}`
	for _, garbage := range []string{
		"", "null", "{}", "[]", "\x00", inner,
		`{"o":` + inner + `}`,
		`{"o":` + inner + `,"e":{}}`,
		`{"o":` + inner + `,"e":{"n":"","w":1}}`,
		`{"o":` + inner + `,"e":{"n":1,"w":1}}`,
		`{"o":` + inner + `,"e":{"n":"n"}}`,
		`{"o":` + inner + `,"e":{"n":"n","w":0}}`,
		`{"e":{"n":"n","w":1}}`,
		`{"o":null,"e":{"n":"n","w":1}}`,
		`{"o":{"s":"s"},"e":{"n":"n","w":1}}`,
		`{"o":` + inner + `,"e":{"n":"n","w":1}`,
		`{"o":` + inner + `,"e":{"n":"n","w":1}}{}`,
	} {
		w := newWorld(t, oidctest.Options{}, nil, nil)
		txn := w.begin(AuthorizationOptions{}).Transaction
		before := txn.State()
		if got := outcome(txn.UnmarshalBinary([]byte(garbage))); got != "not transaction" {
			t.Errorf("%q: outcome %q", garbage, got)
		}
		if txn.State() != before {
			t.Errorf("%q: the transaction has changed", garbage)
		}
	}
	var txn Transaction
	if err := txn.UnmarshalBinary([]byte(`{"o":` + inner + `,"e":{"n":"n","w":1}}`)); err != nil ||
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

// The bytes are nothing without the secrets in them.
func TestTransactionOfZeroOAuth(t *testing.T) {
	txn := newTransaction(transactionData{Expected: expectations{Nonce: "n"}})
	if b, err := txn.MarshalBinary(); err == nil {
		t.Errorf("stored as %s", b)
	}
}

// The path tells providers apart that do not say who they are.
func TestTransactionCheckRedirect(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	txn := w.begin(AuthorizationOptions{}).Transaction
	for path, want := range map[string]string{
		"/callback": "ok", "/callback/": "check redirect_uri", "/": "check redirect_uri"} {
		err := txn.CheckRedirect(httptest.NewRequest("GET", path, nil))
		if outcome(err) != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	err := new(Transaction).CheckRedirect(httptest.NewRequest("GET", "/callback", nil))
	if outcome(err) != "check redirect_uri" {
		t.Errorf("zero: %v", err)
	}
}
