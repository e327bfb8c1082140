package oauth1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "CANARY7d8f3e4a"

// mustNotShow fails if any way of printing or logging v shows the canary.
func mustNotShow(t *testing.T, name string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
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
	plain := strings.ToUpper(strings.TrimPrefix(fmt.Sprintf("%x", canary), "0x"))
	if strings.Contains(text, canary) || strings.Contains(strings.ToUpper(text), plain) {
		t.Errorf("%s shows a secret: %s", name, text)
	}
}

func canaryTransaction(c *Client) *Transaction {
	return newTransaction(transaction{
		Digest: c.digest[:], Token: canary + "tok", Secret: canary + "sec",
		RedirectURI: "https://site.example/" + canary,
	})
}

func TestNoTypeShowsItsSecrets(t *testing.T) {
	config := goodConfig()
	config.Secret = canary
	client := newClient(t, config)
	extra := map[string]string{"a": canary}
	tok, err := FromRecord(Record{Token: canary, Secret: canary, Extra: extra})
	if err != nil {
		t.Fatal(err)
	}
	signing, err := client.Transport(tok, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	txn := canaryTransaction(client)
	for name, v := range map[string]any{
		"*Client":               client,
		"*Transaction":          txn,
		"Transaction":           *txn,
		"*Token":                tok,
		"Token":                 *tok,
		"RoundTripper":          signing,
		"*Error":                newError(401, canary, canary),
		"Error":                 *newError(401, canary, canary),
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
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		noCanary(t, verb, fmt.Sprintf(verb, r)+fmt.Sprintf(verb, &r)+fmt.Sprintf(verb, []Record{r}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", r)
	noCanary(t, "logged", log.String())
}
