package oidc

import (
	"encoding/json"
	"errors"
	"net/http"

	"vouchsafe/oauth2"
)

// A Transaction is what a login must remember between redirect and callback:
// that of package oauth2, and what the ID Token will be held to. It holds
// secrets, which printing does not show.
type Transaction struct {
	reveal func() *transactionData // a function, because with %s fmt looks through pointers
}

type transactionData struct {
	OAuth    *oauth2.Transaction
	Expected expectations
}

// expectations are what the request asked of the ID Token.
type expectations struct {
	Nonce        string   `json:"n"`
	MaxAge       *int64   `json:"m,omitempty"` // seconds
	Asked        int64    `json:"w,omitempty"` // when that was asked for, Unix seconds
	ACRValues    []string `json:"a,omitempty"`
	EssentialACR []string `json:"e,omitempty"`
	AuthTime     bool     `json:"t,omitempty"` // is essential
	Subject      string   `json:"s,omitempty"`
	Issuer       string   `json:"i,omitempty"` // of a hint
}

// stored is the form of a Transaction's bytes.
type stored struct {
	OAuth    json.RawMessage `json:"o"`
	Expected expectations    `json:"e"`
}

func newTransaction(d transactionData) *Transaction {
	return &Transaction{func() *transactionData { return &d }}
}

// data returns nil for the zero Transaction, which is that of no request.
func (t *Transaction) data() *transactionData {
	if t == nil || t.reveal == nil {
		return nil
	}
	return t.reveal()
}

// State returns the state parameter of the request, by which the callback's
// transaction is found, and the empty string for the zero Transaction. It is no
// secret from the browser.
func (t *Transaction) State() string {
	if d := t.data(); d != nil {
		return d.OAuth.State()
	}
	return ""
}

// CheckRedirect checks that the browser came back to the path of the request's redirect
// URI, as [oauth2.Transaction.CheckRedirect] does.
func (t *Transaction) CheckRedirect(r *http.Request) error {
	if d := t.data(); d != nil {
		return d.OAuth.CheckRedirect(r)
	}
	return new(oauth2.Transaction).CheckRedirect(r)
}

var errTransaction = errors.New("oidc: not a transaction")

// MarshalBinary returns the transaction for storing. The bytes hold secrets:
// keep them from everyone, the browser included, unless sealed. The zero
// Transaction is an error.
func (t *Transaction) MarshalBinary() ([]byte, error) {
	d := t.data()
	if d == nil {
		return nil, errTransaction
	}
	inner, err := d.OAuth.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{inner, d.Expected})
}

// UnmarshalBinary reads what MarshalBinary returned. Other bytes are an error and
// leave t as it was.
func (t *Transaction) UnmarshalBinary(b []byte) error {
	var s stored
	if json.Unmarshal(b, &s) != nil || s.Expected.Nonce == "" || s.Expected.Asked == 0 {
		return errTransaction
	}
	data := transactionData{&oauth2.Transaction{}, s.Expected}
	if data.OAuth.UnmarshalBinary(s.OAuth) != nil {
		return errTransaction
	}
	*t = *newTransaction(data)
	return nil
}
