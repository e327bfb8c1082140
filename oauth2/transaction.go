package oauth2

import (
	"encoding/json"
	"errors"
)

// A Transaction is what a login must remember between redirect and callback.
// [Client.Authorize] makes one. It holds secrets, which printing does not show.
type Transaction struct{ data *transactionData }

type transactionData struct {
	Digest      string   `json:"d"` // of the client's configuration
	State       string   `json:"s"`
	Verifier    string   `json:"v"`
	RedirectURI string   `json:"r"`
	Scopes      []string `json:"c,omitempty"`
}

// State returns the state parameter of the request, by which the callback's
// transaction is found. It is no secret from the browser.
func (t *Transaction) State() string { return t.data.State }

// MarshalBinary returns the transaction for storing. The bytes hold the code
// verifier: keep them from everyone, the browser included, unless sealed.
func (t *Transaction) MarshalBinary() ([]byte, error) { return json.Marshal(t.data) }

// UnmarshalBinary reads what MarshalBinary returned.
func (t *Transaction) UnmarshalBinary(b []byte) error {
	var data transactionData
	if json.Unmarshal(b, &data) != nil || data.State == "" {
		return errors.New("oauth2: not a transaction")
	}
	t.data = &data
	return nil
}
