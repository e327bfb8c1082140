package oauth1

import (
	"bytes"
	"encoding/json"
	"errors"
)

// A Transaction is what a login must remember between [Client.Authorize] and
// [Client.Callback]: the temporary credentials, where the browser comes back
// to, and which configuration it belongs to. Printing it does not show them.
// Where it is kept is the caller's choice, with the care that the package
// documentation asks for.
type Transaction struct {
	reveal func() transaction // as in Token
}

type transaction struct {
	Digest      []byte // of the Config
	Token       string
	Secret      string
	RedirectURI string
}

func newTransaction(t transaction) *Transaction {
	return &Transaction{func() transaction { return t }}
}

func (t Transaction) data() transaction {
	if t.reveal == nil {
		return transaction{}
	}
	return t.reveal()
}

// Token returns the temporary oauth_token, which the callback repeats: the key
// to find the transaction by among those of one browser.
func (t Transaction) Token() string { return t.data().Token }

// RedirectURI returns the URI that the login's callback was asked for at.
func (t Transaction) RedirectURI() string { return t.data().RedirectURI }

// MarshalBinary returns t as bytes that hold its secrets, to be sealed or kept
// on the server. That of the zero Transaction is an error.
func (t Transaction) MarshalBinary() ([]byte, error) {
	if t.reveal == nil {
		return nil, errTransaction()
	}
	return json.Marshal(t.data())
}

// MarshalJSON always returns an error: keep what MarshalBinary returns.
func (t Transaction) MarshalJSON() ([]byte, error) {
	return nil, errors.New("oauth1: a Transaction is not for JSON: use MarshalBinary to keep it")
}

// UnmarshalBinary sets t from what MarshalBinary returned. Other bytes are a
// [*CheckError] and leave t as it was. It does not find out where the bytes
// come from: whoever kept them must.
func (t *Transaction) UnmarshalBinary(data []byte) error {
	var read transaction
	if json.Unmarshal(data, &read) != nil || read.Token == "" {
		return errTransaction()
	}
	// What does not print back to itself was written by something else.
	if again, err := json.Marshal(read); err != nil || !bytes.Equal(again, data) {
		return errTransaction()
	}
	*t = *newTransaction(read)
	return nil
}

func errTransaction() error {
	return &CheckError{"transaction", "must be one that Authorize made", "RFC 5849, Section 2.1"}
}
