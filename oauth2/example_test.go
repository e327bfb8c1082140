package oauth2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// A login at a server whose endpoints are known, and a call to its API.
func Example() {
	server := oidctest.NewServer(oidctest.Options{})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID: "client",
		Server: oauth2.AuthorizationServer{
			Issuer:                server.Issuer(),
			AuthorizationEndpoint: server.Endpoint("authorize"),
			TokenEndpoint:         server.Endpoint("token"),
		},
		Auth: oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}

	// The site's callback takes what was kept for the browser, once. Package
	// registry keeps it in a sealed cookie; here there is one browser.
	var txn *oauth2.Transaction
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tok, err := client.Callback(r.Context(), r.URL.Query(), txn)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("granted", tok.Scopes)
		transport, err := client.Transport(tok, server.Issuer())
		if err != nil {
			log.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Get(server.Endpoint("me"))
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s", body)
	}))
	defer site.Close()

	req, err := client.Authorize(context.Background(), oauth2.AuthorizationOptions{
		RedirectURI: site.URL + "/callback", Scopes: []string{"read"}})
	if err != nil {
		log.Fatal(err)
	}
	txn = req.Transaction
	resp, err := http.Get(req.URL) // the browser
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	// Output:
	// granted [read]
	// {"email":"alice@example.com","id":"alice","name":"Alice Example"}
}

// What a server refuses has its code.
func ExampleError() {
	server := oidctest.NewServer(oidctest.Options{})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID: "client",
		Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: server.Endpoint("authorize"),
			TokenEndpoint:         server.Endpoint("token"),
		},
		Auth: oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}
	stored := oauth2.Record{AccessToken: "of old", RefreshToken: "of old"}
	tok, err := oauth2.FromRecord(stored)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Refresh(context.Background(), tok, oauth2.TokenOptions{})
	fmt.Println(err)
	fmt.Println("log in again:", errors.Is(err, &oauth2.Error{Code: "invalid_grant"}))
	// Output:
	// oauth2: server refused: invalid_grant (400 Bad Request)
	// log in again: true
}
