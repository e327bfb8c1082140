package oauth1

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const canary = "CANARY7d8f3e4a"

// flowKey is a private key to configure clients with.
var flowKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// A canarySigner is a private key that shows when it is printed.
type canarySigner struct {
	crypto.Signer
	Secret string
}

func canaryKey() crypto.Signer { return canarySigner{flowKey(), canary} }

// mustNotShow fails if any way of printing or logging v shows the canary.
func mustNotShow(t *testing.T, name string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		noCanary(t, name+" as "+verb, fmt.Sprintf(verb, v))
	}
	text, err := json.Marshal(v)
	noCanary(t, name+" as JSON", fmt.Sprint(string(text), err))
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
	noCanary(t, name+" logged", log.String())
}

func noCanary(t *testing.T, name, text string) {
	t.Helper()
	plain := strings.ToUpper(fmt.Sprintf("%x", canary))
	if strings.Contains(text, canary) || strings.Contains(strings.ToUpper(text), plain) {
		t.Errorf("%s shows a secret: %s", name, text)
	}
}

func TestTheCanarySings(t *testing.T) {
	for _, v := range []any{canary, canaryKey(), transaction{Token: canary}} {
		if text := fmt.Sprintf("%+v", v); !strings.Contains(text, canary) {
			t.Errorf("%T prints as %s", v, text)
		}
	}
}

func canaryTransaction(c *Client) *Transaction {
	return newTransaction(transaction{
		Digest: c.digest[:], Token: canary + "tok", Secret: canary + "sec",
		RedirectURI: "https://site.example/" + canary,
	})
}

func canaryError() *Error {
	h := http.Header{"Www-Authenticate": {`OAuth oauth_problem_advice="` + canary + `"`}}
	return newError(401, h, canary, map[string]string{"oauth_problem": canary}, nil)
}

func TestNoTypeShowsItsSecrets(t *testing.T) {
	withSecret := goodConfig()
	withSecret.Secret = canary
	withSecret.TokenParams = url.Values{"api_key": {canary}}
	withSecret.TemporaryCredentialParams = url.Values{"api_key": {canary}}
	withKey := goodConfig()
	withRSA(&withKey)
	withKey.PrivateKey = canaryKey()
	for name, config := range map[string]Config{"secret": withSecret, "private key": withKey} {
		t.Run(name, func(t *testing.T) { showsNothing(t, newClient(t, config)) })
	}
}

func showsNothing(t *testing.T, client *Client) {
	tok, err := FromRecord(Record{
		Token: canary, Secret: canary, Extra: map[string]string{"a": canary},
	})
	if err != nil {
		t.Fatal(err)
	}
	signing, err := client.Transport(tok, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := client.Signer(tok)
	if err != nil {
		t.Fatal(err)
	}
	txn := canaryTransaction(client)
	key := Key{ClientSecret: canary, TokenSecret: canary, PrivateKey: canaryKey()}
	for name, v := range map[string]any{
		"*Client":               client,
		"Client":                *client,
		"*Signer":               signer,
		"Signer":                *signer,
		"Transport":             signing,
		"http.Client":           &http.Client{Transport: signing},
		"Key":                   key,
		"*Key":                  &key,
		"Key in a struct":       struct{ K Key }{key},
		"*Transaction":          txn,
		"Transaction":           *txn,
		"AuthorizationRequest":  AuthorizationRequest{"https://provider.example/", txn},
		"*Token":                tok,
		"Token":                 *tok,
		"*Error":                canaryError(),
		"Error":                 *canaryError(),
		"CheckError":            errTransaction(),
		"struct of unexported":  struct{ t Token }{*tok},
		"struct of transaction": struct{ T Transaction }{*txn},
		"map":                   map[string]*Token{"a": tok},
	} {
		mustNotShow(t, name, v)
	}
}

// A Record is for JSON; logs and fmt do not show it.
func TestRecordIsNotLogged(t *testing.T) {
	r := Record{Token: canary, Secret: canary, Extra: map[string]string{"a": canary}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		noCanary(t, verb, fmt.Sprintf(verb, r)+fmt.Sprintf(verb, &r)+fmt.Sprintf(verb, []Record{r}))
	}
	if text := fmt.Sprint(r); text != "oauth1.Record{...}" {
		t.Errorf("prints as %s", text)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", r)
	noCanary(t, "logged", log.String())
}

// A failingKey is a private key that cannot be reached.
type failingKey struct {
	crypto.Signer
	err error
}

func (k failingKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, k.err
}
