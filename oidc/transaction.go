package oidc

import (
	"encoding/json"
	"errors"

	"vouchsafe/oauth2"
)

// A Transaction is what a login must remember between redirect and callback:
// that of package oauth2, and what the ID Token will be held to. It holds
// secrets, which printing does not show.
type Transaction struct{ data *transactionData }

type transactionData struct {
	OAuth    *oauth2.Transaction
	Expected expectations
}

// expectations are what the request asked of the ID Token.
type expectations struct {
	Nonce     string   `json:"n"`
	MaxAge    *int64   `json:"m,omitempty"` // seconds
	ACRValues []string `json:"a,omitempty"`
}

// stored is the form of a Transaction's bytes.
type stored struct {
	OAuth    json.RawMessage `json:"o"`
	Expected expectations    `json:"e"`
}

// State returns the state parameter of the request, by which the callback's
// transaction is found. It is no secret from the browser.
func (t *Transaction) State() string { return t.data.OAuth.State() }

// MarshalBinary returns the transaction for storing. The bytes hold secrets:
// keep them from everyone, the browser included, unless sealed.
func (t *Transaction) MarshalBinary() ([]byte, error) {
	inner, err := t.data.OAuth.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{inner, t.data.Expected})
}

// UnmarshalBinary reads what MarshalBinary returned.
func (t *Transaction) UnmarshalBinary(b []byte) error {
	var s stored
	if json.Unmarshal(b, &s) != nil || s.Expected.Nonce == "" {
		return errors.New("oidc: not a transaction")
	}
	data := &transactionData{&oauth2.Transaction{}, s.Expected}
	if err := data.OAuth.UnmarshalBinary(s.OAuth); err != nil {
		return err
	}
	t.data = data
	return nil
}
