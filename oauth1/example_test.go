package oauth1_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"

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
	params := visit(req.URL)

	// Where the browser comes back to.
	tok, err := client.Callback(ctx, params, kept)
	if err != nil {
		log.Fatal(err)
	}

	signing, err := client.Transport(tok, provider.URL)
	if err != nil {
		log.Fatal(err)
	}
	api := &http.Client{Transport: signing}
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

// visit is the browser: it returns what it is sent back with.
func visit(authorizationURL string) url.Values {
	resp, err := noRedirects.Get(authorizationURL)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil {
		log.Fatal(err)
	}
	return location.Query()
}
