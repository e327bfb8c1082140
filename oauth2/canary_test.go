package oauth2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const canary = "CANARY7d8f3e4a"

// mustNotShow fails if any way of printing or logging v shows the canary.
func mustNotShow(t *testing.T, name string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c"} {
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
	upper := strings.ToUpper(text)
	if strings.Contains(upper, canary) || strings.Contains(upper, fmt.Sprintf("%X", canary)) {
		t.Errorf("%s shows a secret: %s", name, text)
	}
}

func TestNoTypeShowsItsSecrets(t *testing.T) {
	config := configAt("https://as.example")
	config.Auth = ClientSecret(canary)
	c := newClient(t, config)
	txn := &Transaction{(&transactionData{
		Digest: c.digest, State: "state", Verifier: canary, RedirectURI: redirectURI,
	}).hidden()}
	resp, err := c.AuthorizationResponse(t.Context(),
		url.Values{"code": {canary}, "state": {"state"}}, txn)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := FromRecord(Record{AccessToken: canary, RefreshToken: canary, IDToken: canary,
		Extra: map[string]json.RawMessage{"x": json.RawMessage(`"` + canary + `"`)}})
	if err != nil {
		t.Fatal(err)
	}
	transport, err := c.Transport(tok, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	refusal := &Error{Code: "x", Status: 400, words: words{canary, canary, canary, nil}.hidden()}
	for name, v := range map[string]any{
		"Config":                 config,
		"*Client":                c,
		"*Transaction":           txn,
		"Transaction":            *txn,
		"*AuthorizationRequest":  &AuthorizationRequest{"https://as.example", txn},
		"*AuthorizationResponse": resp,
		"AuthorizationResponse":  *resp,
		"*Token":                 tok,
		"Token":                  *tok,
		"RoundTripper":           transport,
		"*Error":                 refusal,
		"Error":                  *refusal,
		"client_secret_basic":    ClientSecretBasic(canary),
		"client_secret_post":     ClientSecretPost(canary),
		"ClientSecret":           ClientSecret(canary),
		"struct of unexported":   struct{ t Token }{*tok},
		"struct of all": struct {
			T *Token
			X Transaction
			R AuthorizationResponse
			E Error
		}{tok, *txn, *resp, *refusal},
		"map":  map[string]*Token{"a": tok},
		"list": []Transaction{*txn},
	} {
		mustNotShow(t, name, v)
	}
}

// A Record is for JSON; fmt and logs do not show it.
func TestRecordIsNotLogged(t *testing.T) {
	r := Record{AccessToken: canary, RefreshToken: canary, IDToken: canary, Scope: canary,
		Extra: map[string]json.RawMessage{"x": json.RawMessage(canary)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		noCanary(t, verb, fmt.Sprintf(verb, r)+fmt.Sprintf(verb, &r)+fmt.Sprintf(verb, []Record{r}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", r)
	noCanary(t, "logged", log.String())
	if !strings.Contains(log.String(), "oauth2.Record{...}") {
		t.Errorf("logged as %s", log.String())
	}
	if b, err := json.Marshal(Record{AccessToken: canary}); err != nil ||
		!strings.Contains(string(b), canary) {
		t.Errorf("JSON is %s, %v", b, err)
	}
}

// No error repeats what was sent, or what a server or a browser said.
func TestNoErrorShowsSecrets(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"refused": answerJSON(400,
			`{"error":"x","error_description":"`+canary+`","error_uri":"`+canary+`"}`),
		"refused oddly": answerJSON(400, `{"error":"`+canary+` `+canary+`"}`),
		"cut short":     answerJSON(200, `{"access_token":"`+canary+`"`),
		"of wrong types": answerJSON(200,
			`{"access_token":{"`+canary+`":1},"token_type":"Bearer"}`),
		"of another type": answerJSON(200,
			`{"access_token":"`+canary+`","token_type":"`+canary+`"}`),
		"two lines": answerJSON(200, `{"access_token":"`+canary+`\n","token_type":"Bearer"}`),
		"HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; x="+canary)
			fmt.Fprint(w, canary)
		},
		"content type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", canary+"; "+canary)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+canary+".example", http.StatusFound)
		},
		"dropped": func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, answer := range answers {
		s := newServer(t, answer)
		config := configAt(s.URL)
		config.Auth = ClientSecretPost(canary)
		c := newClient(t, config)
		txn := begin(t, c).Transaction
		params := answered(txn)
		params.Set("code", canary)
		params.Set("x", canary)
		_, err := c.Callback(t.Context(), params, txn)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		mustNotShow(t, name, err)
	}
	c := newClient(t, configAt("https://as.example"))
	txn := begin(t, c).Transaction
	for name, params := range map[string]url.Values{
		"state":     {"state": {canary}, "code": {canary}},
		"iss":       {"state": {txn.State()}, "iss": {canary}},
		"repeated":  {canary: {canary, canary}},
		"error":     {"state": {txn.State()}, "error": {"x"}, "error_description": {canary}},
		"odd error": {"state": {txn.State()}, "error": {canary + " " + canary}},
	} {
		_, err := c.Callback(t.Context(), params, txn)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		mustNotShow(t, name, err)
	}
}

// A secret that a URL has is not repeated by the error that refuses the URL.
func TestNoConfigErrorShowsSecrets(t *testing.T) {
	for _, raw := range []string{
		"https://u:" + canary + "@as.example/", "http://as.example/?k=" + canary, "https://[" +
			canary, canary,
	} {
		config := configAt("https://as.example")
		config.Server.TokenEndpoint = raw
		_, err := New(config)
		mustNotShow(t, "token endpoint", err)
		config = configAt("https://as.example")
		config.Server.AuthorizationEndpoint = raw
		_, err = New(config)
		mustNotShow(t, "authorization endpoint", err)
		_, err = NewRemoteKeySet(raw, nil, nil)
		mustNotShow(t, "key set", err)
		_, err = newClient(t, configAt("https://as.example")).Transport(held(t), raw)
		mustNotShow(t, "transport", err)
		_, err = newClient(t, configAt("https://as.example")).Authorize(t.Context(),
			AuthorizationOptions{RedirectURI: raw + "#"})
		mustNotShow(t, "redirect URI", err)
	}
}
