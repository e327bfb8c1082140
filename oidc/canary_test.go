package oidc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

const canary = "CANARY7d8f3e4a"

// mustNotShow fails if any way of printing or logging v shows one of secrets.
func mustNotShow(t *testing.T, name string, v any, secrets ...string) {
	t.Helper()
	var text bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c"} {
		fmt.Fprintf(&text, verb+"\n", v)
	}
	b, err := json.Marshal(v)
	fmt.Fprintln(&text, string(b), err)
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "v", v)
	upper := strings.ToUpper(text.String())
	for _, secret := range append(secrets, canary) {
		if secret == "" || strings.Contains(upper, strings.ToUpper(secret)) ||
			strings.Contains(upper, fmt.Sprintf("%X", secret)) {
			t.Errorf("%s shows a secret: %s", name, text.String())
		}
	}
}

func TestNoTypeShowsItsSecrets(t *testing.T) {
	config := Config{Issuer: "https://p.example", ID: "client", Auth: oauth2.ClientSecret(canary)}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, oidctest.Options{}, nil, nil)
	req := w.begin(AuthorizationOptions{})
	login, err := w.client.Callback(t.Context(), w.browse(req.URL), req.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.client.UserInfo(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	var oauth oauth2.Transaction
	verifier := canary + strings.Repeat("v", 43)
	if err := oauth.UnmarshalBinary([]byte(`{"s":"s","v":"` + verifier + `"}`)); err != nil {
		t.Fatal(err)
	}
	txn := newTransaction(transactionData{&oauth, expectations{Nonce: canary}})
	tok := login.Token
	secrets := []string{tok.AccessToken(), tok.RefreshToken(), tok.IDToken(),
		req.Transaction.data().Expected.Nonce}
	for name, v := range map[string]any{
		"Config":       config,
		"*Client":      client,
		"Client":       w.client,
		"*Transaction": txn,
		"Transaction":  *txn,
		"request":      &AuthorizationRequest{"https://p.example", txn},
		"*Login":       login,
		"Login":        *login,
		"*IDToken":     login.IDToken,
		"IDToken":      *login.IDToken,
		"*UserInfo":    user,
		"of all": struct {
			T Transaction
			L Login
			I IDToken
		}{*txn, *login, *login.IDToken},
		"unexported": struct{ t Transaction }{*txn},
	} {
		mustNotShow(t, name, v, secrets...)
	}
}

// Nor does what comes of a registration.
func TestNoRegistrationShowsSecrets(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	r := w.enroll(local(), RegistrationKeys{})
	config, err := ConfigOf(r, RegistrationKeys{Signing: generate(t, "ES256")})
	if err != nil {
		t.Fatal(err)
	}
	m, err := MetadataOf(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"Registration":   *r,
		"*Registration":  r,
		"Config":         config,
		"Client":         w.client,
		"ClientMetadata": m,
	} {
		mustNotShow(t, name, v, r.Secret(), r.AccessToken())
	}
	for _, edit := range []answerer{
		{"/register": set("client_secret_expires_at", nil)},
		{"/register": set("registration_client_uri", "https://evil.example/"+canary)},
		{"/register": set("redirect_uris", list{canary})},
		{"/register": say(400, "application/json", `{"error":"`+canary+` "}`)},
	} {
		w := newWorld(t, oidctest.Options{}, edit, nil)
		p, err := w.client.Provider(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = Register(t.Context(), p, local(), oauth2.RegistrationOptions{
			InitialAccessToken: canary})
		if err == nil {
			t.Error("accepted")
		}
		mustNotShow(t, "error", err)
	}
}

// No error of a login shows what was sent or said.
func TestNoErrorShowsSecrets(t *testing.T) {
	words := `{"` + canary + `":"` + canary + `"`
	for _, instead := range []answerer{
		{wellKnown: say(200, "application/json", words)},
		{wellKnown: set("issuer", canary)},
		{wellKnown: set("token_endpoint",
			"http://"+canary+":p@"+strings.ToLower(canary)+".example")},
		{wellKnown: set("jwks_uri", "http://p.example/"+canary)},
		{wellKnown: set("id_token_signing_alg_values_supported", list{canary})},
		{"/jwks": say(200, "application/json", words)},
		{"/jwks": say(500, canary, words)},
		{"/token": set("id_token", canary)},
		{"/token": set("id_token", b64(`{"alg":"`+canary+`"}`)+"."+b64(words)+".AA")},
		{"/token": set("id_token", b64(`{"alg":"RS256","kid":"`+canary+`"}`)+"."+b64(words)+".AA")},
		{"/token": say(400, "application/json", `{"error":"x","error_description":"`+canary+`"}`)},
		{"/userinfo": set("sub", canary)},
		{"/userinfo": say(200, canary, words)},
		{"/userinfo": say(200, "application/json", words)},
	} {
		w := newWorld(t, oidctest.Options{}, instead, nil)
		req, err := w.client.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI})
		var login *Login
		if err == nil {
			login, err = w.client.Callback(t.Context(), w.browse(req.URL), req.Transaction)
		}
		if err == nil {
			_, err = w.client.UserInfo(t.Context(), login)
		}
		if err == nil {
			t.Fatalf("%v: accepted", instead)
		}
		mustNotShow(t, "error", err)
	}
	for _, name := range []string{"iss", "sub", "aud", "azp", "nonce", "acr", "at_hash", "exp",
		"auth_time"} {
		w := newWorld(t, oidctest.Options{EditIDToken: claim(name, list{canary})}, nil, nil)
		if _, err := w.login(goldOrSilver); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			mustNotShow(t, name, err)
		}
	}
}
