package oauth2

import (
	"encoding/json"
	"errors"

	"vouchsafe/pkce"
)

// A Transaction is what a login must remember between redirect and callback.
// [Client.Authorize] makes one. It holds secrets, which printing does not show.
type Transaction struct {
	reveal func() *transactionData // hidden from fmt as in Token
}

type transactionData struct {
	Digest      string   `json:"d"` // of the client's configuration
	State       string   `json:"s"`
	Verifier    string   `json:"v"`
	RedirectURI string   `json:"r"`
	Scopes      []string `json:"c,omitempty"`
}

func (d *transactionData) hidden() func() *transactionData {
	return func() *transactionData { return d }
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
		return d.State
	}
	return ""
}

var errTransaction = errors.New("oauth2: not a transaction")

// MarshalBinary returns the transaction for storing. The bytes hold the code
// verifier: keep them from everyone, the browser included, unless sealed. The
// zero Transaction is an error.
func (t *Transaction) MarshalBinary() ([]byte, error) {
	if t.data() == nil {
		return nil, errTransaction
	}
	return json.Marshal(t.data())
}

// UnmarshalBinary reads what MarshalBinary returned. Other bytes are an error and
// leave t as it was.
func (t *Transaction) UnmarshalBinary(b []byte) error {
	var data transactionData
	if json.Unmarshal(b, &data) != nil || data.State == "" {
		return errTransaction
	}
	if _, err := pkce.Parse(data.Verifier); err != nil {
		return errTransaction
	}
	t.reveal = data.hidden()
	return nil
}
