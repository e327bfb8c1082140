package oauth2

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"vouchsafe/pkce"
)

// A Transaction is what a login must remember between redirect and callback.
// [Client.Authorize] makes one. It holds secrets, which printing does not show.
type Transaction struct {
	reveal func() *transactionData // hidden from fmt as in Token
}

type transactionData struct {
	Digest      string     `json:"d"` // of the client's configuration
	State       string     `json:"s"`
	Verifier    string     `json:"v"` // empty if Type has no code
	RedirectURI string     `json:"r"`
	Scopes      []string   `json:"c,omitempty"`
	Params      url.Values `json:"p,omitempty"` // of the token request

	Type responseType `json:"t,omitempty"` // empty for code
	JWT  bool         `json:"j,omitempty"` // the response is to be one

	NoPKCE bool `json:"n,omitempty"` // there is no Verifier, see Quirks.InsecureNoPKCE
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

// CheckRedirect checks that the browser came back with r to the path of the request's
// redirect URI. It is what tells servers apart that do not say in their responses who
// they are: where there are several, give each a redirect URI of its own and call it
// for every callback (RFC 9700, Section 4.4.2.2). A path that a proxy rewrote is not
// the one that the browser saw. The error is a [*jose.CheckError].
func (t *Transaction) CheckRedirect(r *http.Request) error {
	d := t.data()
	if d != nil {
		u, err := url.Parse(d.RedirectURI)
		if err == nil && cmp.Or(u.EscapedPath(), "/") == r.URL.EscapedPath() {
			return nil
		}
	}
	return checkError("redirect_uri", "must be the one of the request", "RFC 9700, Section 4.4.2.2")
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
	if json.Unmarshal(b, &data) != nil || data.State == "" || !data.Type.known() {
		return errTransaction
	}
	_, err := pkce.Parse(data.Verifier)
	if data.NoPKCE && data.Verifier != "" ||
		!data.NoPKCE && err != nil && data.Type.brings("code") {
		return errTransaction
	}
	t.reveal = data.hidden()
	return nil
}
