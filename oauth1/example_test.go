package oauth1_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

// A login from its first request to a signed API call.
func Example() {
	ctx := context.Background()
	provider := oauth1test.NewServer(oauth1test.Options{})
	defer provider.Close()

	client, err := oauth1.New(oauth1.Config{
		ID:                     "client",
		Secret:                 "secret",
		TemporaryCredentialURL: provider.URL + "/request_token",
		AuthorizationURL:       provider.URL + "/authorize",
		TokenURL:               provider.URL + "/access_token",
	})
	if err != nil {
		log.Fatal(err)
	}

	// Where the user asks to log in.
	req, err := client.Authorize(ctx, oauth1.AuthorizationOptions{
		RedirectURI: "http://127.0.0.1/callback",
	})
	if err != nil {
		log.Fatal(err)
	}
	kept := req.Transaction // with this browser's session, for one callback

	// The browser goes to req.URL, and comes back with r.URL.Query().
	params, err := provider.Approve(req.URL)
	if err != nil {
		log.Fatal(err)
	}

	// Where the browser comes back to.
	tok, err := client.Callback(ctx, params, kept)
	if err != nil {
		log.Fatal(err)
	}

	signing, err := client.Transport(tok, provider.URL)
	if err != nil {
		log.Fatal(err)
	}
	api := &http.Client{Transport: signing, Timeout: time.Minute}
	resp, err := api.Get(provider.URL + "/me")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", body)
	// Output:
	// {"email":"alice@example.com","id":"alice","name":"Alice Example"}
}

// A login out of band: the provider shows the user a code to be typed in.
func ExampleClient_Exchange() {
	ctx := context.Background()
	provider := oauth1test.NewServer(oauth1test.Options{})
	defer provider.Close()
	client, err := oauth1.New(provider.Config())
	if err != nil {
		log.Fatal(err)
	}
	req, err := client.Authorize(ctx, oauth1.AuthorizationOptions{RedirectURI: "oob"})
	if err != nil {
		log.Fatal(err)
	}
	shown, err := provider.Approve(req.URL) // by the user, in some browser
	if err != nil {
		log.Fatal(err)
	}
	tok, err := client.Exchange(ctx, shown.Get("oauth_verifier"), req.Transaction)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tok.Extra("user_id"))
	// Output: alice
}

// A token that was stored, and is renewed before it expires.
func ExampleClient_Renew() {
	ctx := context.Background()
	provider := oauth1test.NewServer(oauth1test.Options{TokenLife: time.Hour})
	defer provider.Close()
	client, err := oauth1.New(provider.Config())
	if err != nil {
		log.Fatal(err)
	}
	tok, err := client.XAuth(ctx, "alice", "password")
	if err != nil {
		log.Fatal(err)
	}
	stored, err := json.Marshal(tok.Record())
	if err != nil {
		log.Fatal(err)
	}

	// Later, perhaps in another process.
	var record oauth1.Record
	if err := json.Unmarshal(stored, &record); err != nil {
		log.Fatal(err)
	}
	if tok, err = oauth1.FromRecord(record); err != nil {
		log.Fatal(err)
	}
	if time.Until(tok.Expiry()) < 2*time.Hour {
		if tok, err = client.Renew(ctx, tok); err != nil {
			log.Fatal(err)
		}
		// Store tok.Record() before tok is used: the old one is no good any more.
	}
	fmt.Println(tok.Token() != record.Token, tok.Extra("user_id"))
	// Output: true alice
}

// The text that is signed, to be held against the provider's.
func ExampleBaseString() {
	u, err := url.Parse("https://api.example.com/photos?file=a%20(1).jpg")
	if err != nil {
		log.Fatal(err)
	}
	base := oauth1.BaseString("GET", u, []oauth1.Param{
		{Name: "oauth_consumer_key", Value: "client"},
		{Name: "oauth_signature_method", Value: "HMAC-SHA256"},
	})
	for _, part := range strings.Split(base, "&") {
		fmt.Println(part)
	}
	signature, err := oauth1.Sign(oauth1.HMACSHA256, base, oauth1.Key{ClientSecret: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signature)
	// Output:
	// GET
	// https%3A%2F%2Fapi.example.com%2Fphotos
	// file%3Da%2520%25281%2529.jpg%26oauth_consumer_key%3Dclient%26oauth_signature_method%3DHMAC-SHA256
	// 2jEPrgeeNSpvZc0xP/K91Ozw6bZfM+vzlq4QDj23+hw=
}

// Requests that act for no user, signed with a private key, and covering their
// bodies.
func ExampleNoToken() {
	key, err := rsa.GenerateKey(rand.Reader, 2048) // or whatever has one: an HSM, a KMS
	if err != nil {
		log.Fatal(err)
	}
	client, err := oauth1.New(oauth1.Config{
		ID:              "client",
		PrivateKey:      key,
		SignatureMethod: oauth1.RSASHA256,
		BodyHash:        true,
	})
	if err != nil {
		log.Fatal(err)
	}
	signer, err := client.Signer(oauth1.NoToken())
	if err != nil {
		log.Fatal(err)
	}
	body := strings.NewReader(`{"amount":1}`)
	req, err := http.NewRequest("POST", "https://api.example.com/payments", body)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	signed, err := signer.Sign(req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(signed.Header.Get("Authorization"), "oauth_body_hash="))
	// Output: true
}

// A webhook that a partner signs.
func ExampleVerifier() {
	verifier, err := oauth1.NewVerifier(oauth1.VerifierConfig{
		Origin:  "https://tool.example.com",
		Methods: []oauth1.SignatureMethod{oauth1.HMACSHA256},
		Nonces:  oauth1.NewMemoryNonces(0, nil),
		Key: func(_ context.Context, clientID, token string) (oauth1.Key, error) {
			if clientID != "partner" || token != "" {
				return oauth1.Key{}, fmt.Errorf("no such client or token")
			}
			return oauth1.Key{ClientSecret: "partner's secret"}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		signed, err := verifier.Verify(r)
		if err != nil {
			// To be logged: it says which check failed, and shows nothing of r.
			http.Error(w, "not signed as it must be", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "%s says %s", signed.ClientID, signed.Param("event"))
	}

	// The partner's side.
	partner, err := oauth1.New(oauth1.Config{
		ID: "partner", Secret: "partner's secret", SignatureMethod: oauth1.HMACSHA256,
	})
	if err != nil {
		log.Fatal(err)
	}
	signer, err := partner.Signer(oauth1.NoToken())
	if err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest("POST", "https://tool.example.com/hook?event=paid", nil)
	if err != nil {
		log.Fatal(err)
	}
	if req, err = signer.Sign(req); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		w := httptest.NewRecorder()
		handler(w, req)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 partner says paid
	// 401 not signed as it must be
}
